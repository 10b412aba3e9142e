/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.c - a PCI address */
#include "pci.h"

#include "strbuf.h"

struct rt_pci_text rt_pci_text(const struct rt_pci_addr *addr)
{
	struct rt_pci_text text;

	snprintf(text.text, sizeof(text.text), "%04x:%02x:%02x.%x",
		 addr->domain, addr->bus & 0xff, addr->slot & 0x1f,
		 addr->function & 7);
	return text;
}

bool rt_pci_is_equal(const struct rt_pci_addr *a, const struct rt_pci_addr *b)
{
	return a->domain == b->domain && a->bus == b->bus &&
	       a->slot == b->slot && a->function == b->function;
}

/*
 * from `least` to `most` hexadecimal digits, then `stop` (0: the end of the
 * text).
 */
static bool parse_part(const char **at, const char *end, unsigned least,
		       unsigned most, char stop, unsigned *ret)
{
	unsigned value = 0, digits = 0;
	const char *p = *at;

	for (; p < end && digits < most; p++, digits++) {
		if (*p >= '0' && *p <= '9')
			value = value << 4 | (unsigned)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			value = value << 4 | (unsigned)(*p - 'a' + 10);
		else if (*p >= 'A' && *p <= 'F')
			value = value << 4 | (unsigned)(*p - 'A' + 10);
		else
			break;
	}
	if (digits < least)
		return false;
	if (stop ? p == end || *p++ != stop : p != end)
		return false;
	*at = p;
	*ret = value;
	return true;
}

int rt_pci_parse(const char *text, size_t len, struct rt_pci_addr *ret_addr,
		 struct rt_err *err)
{
	const char *p = text, *end = text + len;
	struct rt_pci_addr addr = { 0 };

	if (!parse_part(&p, end, 4, 8, ':', &addr.domain) ||
	    !parse_part(&p, end, 2, 2, ':', &addr.bus) ||
	    !parse_part(&p, end, 2, 2, '.', &addr.slot) ||
	    !parse_part(&p, end, 1, 1, '\0', &addr.function) ||
	    addr.slot > 0x1f || addr.function > 7)
		return rt_fail(
			err, 0,
			"'%.*s' is not a PCI address such as 0000:3b:00.0",
			(int)(len > 64 ? 64 : len), text);
	*ret_addr = addr;
	return 0;
}

void rt_pci_set_fini(struct rt_pci_set *set)
{
	free(set->items);
	memset(set, 0, sizeof(*set));
}

bool rt_pci_set_has(const struct rt_pci_set *set,
		    const struct rt_pci_addr *addr)
{
	for (size_t i = 0; i < set->n; i++) {
		if (rt_pci_is_equal(&set->items[i], addr))
			return true;
	}
	return false;
}

int rt_pci_set_add(struct rt_pci_set *set, const struct rt_pci_addr *addr,
		   struct rt_err *err)
{
	if (!rt_grow(&set->items, set->n, &set->size, sizeof(*addr)))
		return rt_fail_memory(err);
	set->items[set->n++] = *addr;
	return 0;
}

int rt_pci_set_parse(const char *text, struct rt_pci_set *ret_set,
		     struct rt_err *err)
{
	static const char blanks[] = " \t\n\r";
	struct rt_pci_set set = { 0 };
	int r = 0;

	for (text += strspn(text, blanks); *text && r == 0;
	     text += strspn(text, blanks)) {
		const size_t len = strcspn(text, blanks);
		struct rt_pci_addr addr;

		r = rt_pci_parse(text, len, &addr, err);
		if (r == 0 && rt_pci_set_has(&set, &addr))
			r = rt_fail(err, 0, "%s is named twice",
				    rt_pci_text(&addr).text);
		if (r == 0)
			r = rt_pci_set_add(&set, &addr, err);
		text += len;
	}
	if (r < 0) {
		rt_pci_set_fini(&set);
		return r;
	}
	*ret_set = set;
	return 0;
}
