/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* facts.c - when two values of a setting are the same, and settings kept */
#include "core/model/facts.h"

#include "../tap.h"

static const struct {
	const char *name;
	enum rt_kind kind;
	const char *a, *b;
	bool same;
} values[] = {
	{ "text is itself", RT_KIND_TEXT, "performance", "performance", true },
	{ "text less a newline", RT_KIND_TEXT, "n/a\n", "n/a", true },
	{ "text less one newline only", RT_KIND_TEXT, "n/a\n\n", "n/a", false },
	{ "empty text", RT_KIND_TEXT, "", "\n", true },
	{ "text is not its prefix", RT_KIND_TEXT, "0", "00", false },
	{ "text has case", RT_KIND_TEXT, "On", "on", false },
	{ "list by members", RT_KIND_LIST, "0-3", "0,1,2,3\n", true },
	{ "list of nothing", RT_KIND_LIST, "", "\n", true },
	{ "list of more", RT_KIND_LIST, "0-3", "0-4", false },
	{ "list that is none, to itself", RT_KIND_LIST, "x", "x", false },
	{ "list backwards", RT_KIND_LIST, "3-1", "3-1", false },
	{ "mask with zeroes", RT_KIND_MASK, "00000000,0000000f", "f", true },
	{ "mask with another", RT_KIND_MASK, "f0", "f", false },
	{ "mask is not a list", RT_KIND_MASK, "0-3", "0-3", false },
	{ "mask of nothing written", RT_KIND_MASK, "", "", false },
	{ "partition", RT_KIND_PARTITION, "isolated\n", "isolated", true },
	{ "partition other", RT_KIND_PARTITION, "root", "isolated", false },
	{ "partition invalid", RT_KIND_PARTITION,
	  "isolated invalid (Cpu list in cpuset.cpus not exclusive)",
	  "isolated", false },
	{ "partition invalid for two reasons", RT_KIND_PARTITION,
	  "isolated invalid (a)", "isolated invalid (b)", true },
	{ "partition of no word", RT_KIND_PARTITION, "isolate", "isolate",
	  false },
	{ "partition of a longer word", RT_KIND_PARTITION, "rooted", "rooted",
	  false },
	{ "affinity by members", RT_KIND_AFFINITY, "6,7", "6-7", true },
	{ "cgroup by letters", RT_KIND_CGROUP, "a/b", "a/b", true },
	{ "cgroup other", RT_KIND_CGROUP, "a/b", "a/c", false },
	{ "what is not known", RT_KIND_TEXT, RT_UNREAD, RT_UNREAD, false },
	{ "what is not known, as a list", RT_KIND_LIST, RT_UNREAD, "0", false },
	{ "banned CPUs by members", RT_KIND_IRQBALANCE, "4-5", "5,4", true },
};

static void test_values(void)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const bool same =
			rt_value_same(values[i].kind, values[i].a, values[i].b);
		const bool back =
			rt_value_same(values[i].kind, values[i].b, values[i].a);

		ok(same == values[i].same && back == same, "%s",
		   values[i].name);
	}
}

static void test_settings(void)
{
	struct rt_settings settings = { 0 };
	struct rt_err err;
	char path[32];
	int failed = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "file/%d", i);
		failed += rt_settings_add(&settings, RT_KIND_LIST, path,
					  path + 5, &err) < 0;
	}
	is_int(failed, 0, "a hundred settings are kept");
	is_str(rt_settings_find(&settings, "file/77")->value, "77",
	       "one of them is found");
	ok(!rt_settings_find(&settings, "file/100"), "and no other");
	rt_settings_fini(&settings);
	rt_settings_fini(&settings);
	is_int((long long)settings.n, 0, "fini twice leaves none");
}

static void test_devices(void)
{
	struct rt_facts facts = { 0 };
	struct rt_pci_addr addr = { .bus = 1 }, other = { .bus = 2 };

	facts.pci.items = calloc(1, sizeof(*facts.pci.items));
	facts.pci.items[0].addr = addr;
	facts.pci.items[0].driver = strdup("e1000e");
	facts.pci.n = facts.pci.size = 1;
	is_str(rt_pci_devs_find(&facts.pci, &addr)->driver, "e1000e",
	       "a device is found by its address");
	ok(!rt_pci_devs_find(&facts.pci, &other), "another is not");
	rt_facts_fini(&facts);
	rt_facts_fini(&facts);
	ok(!facts.pci.items, "facts are empty after fini");
}

int main(void)
{
	test_values();
	test_settings();
	test_devices();
	return tap_done();
}
