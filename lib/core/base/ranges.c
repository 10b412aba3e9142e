/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ranges.c - a set of numbers of any size */
#include "ranges.h"

#include <limits.h>

#include "number.h"

void rt_ranges_fini(struct rt_ranges *ranges)
{
	free(ranges->items);
	memset(ranges, 0, sizeof(*ranges));
}

/* The first range that does not end before the number; n if all do. */
static size_t find(const struct rt_ranges *ranges, unsigned number)
{
	size_t low = 0, high = ranges->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].high < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool rt_ranges_has(const struct rt_ranges *ranges, unsigned number)
{
	const size_t at = find(ranges, number);

	return at < ranges->n && ranges->items[at].low <= number;
}

static bool insert(struct rt_ranges *ranges, size_t at, struct rt_range range)
{
	if (!rt_grow(&ranges->items, ranges->n, &ranges->size, sizeof(range)))
		return false;
	memmove(&ranges->items[at + 1], &ranges->items[at],
		(ranges->n - at) * sizeof(range));
	ranges->items[at] = range;
	ranges->n++;
	return true;
}

static void delete_at(struct rt_ranges *ranges, size_t at)
{
	ranges->n--;
	memmove(&ranges->items[at], &ranges->items[at + 1],
		(ranges->n - at) * sizeof(*ranges->items));
}

bool rt_ranges_add(struct rt_ranges *ranges, unsigned number)
{
	const size_t at = find(ranges, number);
	struct rt_range *items = ranges->items;
	const bool before = at > 0 && items[at - 1].high + 1 == number;
	const bool after = at < ranges->n && number < UINT_MAX &&
			   items[at].low == number + 1;

	if (at < ranges->n && items[at].low <= number)
		return true;
	if (before && after) {
		items[at - 1].high = items[at].high;
		delete_at(ranges, at);
	} else if (before) {
		items[at - 1].high = number;
	} else if (after) {
		items[at].low = number;
	} else {
		return insert(ranges, at, (struct rt_range){ number, number });
	}
	return true;
}

bool rt_ranges_remove(struct rt_ranges *ranges, unsigned number)
{
	const size_t at = find(ranges, number);
	struct rt_range *range = &ranges->items[at];
	struct rt_range before;

	if (!rt_ranges_has(ranges, number))
		return true;
	if (range->low == range->high) {
		delete_at(ranges, at);
	} else if (range->low == number) {
		range->low++;
	} else if (range->high == number) {
		range->high--;
	} else {
		before = (struct rt_range){ range->low, number - 1 };
		if (!insert(ranges, at, before))
			return false;
		ranges->items[at + 1].low = number + 1;
	}
	return true;
}

bool rt_ranges_copy(const struct rt_ranges *ranges, struct rt_ranges *ret_copy)
{
	struct rt_ranges copy = { .n = ranges->n, .size = ranges->n };

	if (copy.n) {
		copy.items = malloc(copy.n * sizeof(*copy.items));
		if (!copy.items)
			return false;
		memcpy(copy.items, ranges->items, copy.n * sizeof(*copy.items));
	}
	*ret_copy = copy;
	return true;
}

/* "5" or "5-7", above all that are there; ranges that touch become one. */
static int parse_range(const char **at, struct rt_ranges *ranges,
		       struct rt_err *err)
{
	struct rt_range *last =
		ranges->n ? &ranges->items[ranges->n - 1] : NULL;
	unsigned long long low, high;

	if (!rt_scan_number(at, UINT_MAX, &low))
		return rt_fail(err, 0, "a number is missing at '%.40s'", *at);
	high = low;
	if (**at == '-') {
		++*at;
		if (!rt_scan_number(at, UINT_MAX, &high) || high < low)
			return rt_fail(err, 0, "no end of a range at '%.40s'",
				       *at);
	}
	if (last && low <= last->high)
		return rt_fail(err, 0, "%llu is out of order", low);
	if (last && low == last->high + 1ull)
		last->high = (unsigned)high;
	else if (!insert(ranges, ranges->n,
			 (struct rt_range){ (unsigned)low, (unsigned)high }))
		return rt_fail_memory(err);
	return 0;
}

int rt_ranges_parse(const char *text, struct rt_ranges *ret_ranges,
		    struct rt_err *err)
{
	RT_AUTO_RANGES ranges = { 0 };

	while (*text) {
		int r = parse_range(&text, &ranges, err);

		if (r < 0)
			return r;
		if (!*text)
			break;
		if (*text != ',' || !text[1])
			return rt_fail(err, 0, "a range is missing at '%.40s'",
				       text);
		text++;
	}
	*ret_ranges = ranges;
	memset(&ranges, 0, sizeof(ranges));
	return 0;
}

void rt_ranges_format(const struct rt_ranges *ranges, struct rt_strbuf *out)
{
	for (size_t i = 0; i < ranges->n; i++) {
		const struct rt_range *range = &ranges->items[i];

		rt_strbuf_addf(out,
			       range->low == range->high ? "%s%u" : "%s%u-%u",
			       i ? "," : "", range->low, range->high);
	}
}
