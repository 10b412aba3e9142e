/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.c - PCI addresses and sets of them */
#include "core/base/pci.h"

#include "../tap.h"

static const struct {
	const char *name, *text, *want; /* NULL: refused */
} cases[] = {
	{ "plain", "0000:3b:00.1", "0000:3b:00.1" },
	{ "capitals", "0000:3B:0A.7", "0000:3b:0a.7" },
	{ "a long domain (VMD)", "10000:01:00.0", "10000:01:00.0" },
	{ "the longest domain", "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
	{ "a domain of nine digits", "0ffffffff:ff:1f.7", NULL },
	{ "a short domain", "000:3b:00.0", NULL },
	{ "no domain", "3b:00.0", NULL },
	{ "a short bus", "0000:b:00.0", NULL },
	{ "a long bus", "0000:03b:00.0", NULL },
	{ "a slot too high", "0000:3b:20.0", NULL },
	{ "a function too high", "0000:3b:00.8", NULL },
	{ "two digits of function", "0000:3b:00.00", NULL },
	{ "no function", "0000:3b:00", NULL },
	{ "a dot and no function", "0000:3b:00.", NULL },
	{ "other stops", "0000-3b-00.0", NULL },
	{ "text behind", "0000:3b:00.0x", NULL },
	{ "a blank in front", " 0000:3b:00.0", NULL },
	{ "a sign", "+000:3b:00.0", NULL },
	{ "a prefix", "0x00:3b:00.0", NULL },
	{ "empty", "", NULL },
};

static void test_addresses(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rt_pci_addr addr = { 7, 7, 7, 7 };
		struct rt_err err = { 0 };
		const int r = rt_pci_parse(cases[i].text, strlen(cases[i].text),
					   &addr, &err);

		if (cases[i].want)
			is_str(r < 0 ? err.text : rt_pci_text(&addr).text,
			       cases[i].want, cases[i].name);
		else
			ok(r < 0 && strstr(err.text, "not a PCI address") &&
				   addr.domain == 7,
			   "%s: refused: %s", cases[i].name, err.text);
	}
}

/* The text is longer than what is to be read, and not terminated there. */
static void test_length(void)
{
	struct rt_pci_addr addr;
	struct rt_err err;

	ok(rt_pci_parse("0000:3b:00.1(rest", 12, &addr, &err) == 0,
	   "only so many bytes count");
	ok(rt_pci_parse("0000:3b:00.1", 11, &addr, &err) < 0,
	   "and no more are read");
}

static void test_sets(void)
{
	struct rt_pci_addr addr = { 0, 0x3b, 0, 1 }, other = { 0, 0x3b, 0, 2 };
	struct rt_pci_set set = { 0 };
	struct rt_err err = { 0 };

	ok(rt_pci_set_parse("", &set, &err) == 0 && !set.n, "no address");
	ok(rt_pci_set_parse(" 0000:3b:00.1\t0000:3b:00.0\n", &set, &err) == 0 &&
		   set.n == 2,
	   "two addresses");
	ok(rt_pci_set_has(&set, &addr) && !rt_pci_set_has(&set, &other),
	   "one is found");
	rt_pci_set_fini(&set);
	rt_pci_set_fini(&set);
	ok(!set.items, "fini twice");
	ok(rt_pci_set_parse("0000:3b:00.1 0000:3B:00.1", &set, &err) < 0,
	   "the same in other letters is refused: %s", err.text);
	ok(rt_pci_set_parse("0000:3b:00.1,0000:3b:00.0", &set, &err) < 0,
	   "a comma is refused: %s", err.text);
	ok(rt_pci_set_parse("0000:3b:00.1 x", &set, &err) < 0 && !set.items,
	   "a set with a bad address is none: %s", err.text);
}

int main(void)
{
	test_addresses();
	test_length();
	test_sets();
	return tap_done();
}
