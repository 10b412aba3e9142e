/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ranges.c - numbers and sets of them */
#include "core/base/ranges.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "core/base/number.h"

#include "../tap.h"

static const struct {
	const char *text;
	unsigned long long max;
	long long want; /* -1: none */
} numbers[] = {
	{ "0", 0, 0 },
	{ "7", 7, 7 },
	{ "8", 7, -1 },
	{ "007", 7, 7 },
	{ "", 9, -1 },
	{ "-1", 9, -1 },
	{ "+1", 9, -1 },
	{ " 1", 9, -1 },
	{ "1 ", 9, -1 },
	{ "1x", 9, -1 },
	{ "12", 12, 12 },
	{ "13", 12, -1 },
	{ "4294967295", UINT32_MAX, UINT32_MAX },
	{ "4294967296", UINT32_MAX, -1 },
	{ "18446744073709551616", UINT64_MAX, -1 },
	{ "5", 3, -1 },
};

static void test_numbers(void)
{
	unsigned long long value = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const bool good = rt_parse_number(numbers[i].text,
						  numbers[i].max, &value);

		is_int(good ? (long long)value : -1, numbers[i].want,
		       numbers[i].text);
	}
	ok(rt_parse_number("18446744073709551615", UINT64_MAX, &value) &&
		   value == UINT64_MAX,
	   "the highest");
}

static void is_set(const struct rt_ranges *ranges, const char *want)
{
	RT_AUTO_STRBUF text = { 0 };

	rt_ranges_format(ranges, &text);
	rt_strbuf_add(&text, "", 0);
	ok(text.text && strcmp(text.text, want) == 0, "it is %s", want);
}

static void test_sets(void)
{
	static const char *const good[] = {
		"", "0", "1-3", "1-3,70000", "0-4294967295", "7,9,4294967295"
	};
	static const char *const wrong[] = {
		"x",   ",",	"1,", "1,,2",	    "1-", "3-1",
		"2,1", "1-3,3", "1 ", "4294967296", "-1", "1-4294967296",
	};
	struct rt_ranges ranges = { 0 }, copy = { 0 };
	struct rt_err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		is_int(rt_ranges_parse(good[i], &ranges, &err), 0, "a set");
		is_set(&ranges, good[i]);
		rt_ranges_fini(&ranges);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ok(rt_ranges_parse(wrong[i], &ranges, &err) == -EINVAL,
		   "'%s': %s", wrong[i], err.text);
	is_int(rt_ranges_parse("1-3,4,6", &ranges, &err), 0, "touching ranges");
	is_set(&ranges, "1-4,6");
	ok(rt_ranges_add(&ranges, 5), "the gap");
	is_set(&ranges, "1-6");
	ok(rt_ranges_add(&ranges, 3) && rt_ranges_add(&ranges, 0) &&
		   rt_ranges_add(&ranges, UINT_MAX) &&
		   rt_ranges_add(&ranges, UINT_MAX - 1) &&
		   rt_ranges_add(&ranges, 70000),
	   "more");
	is_set(&ranges, "0-6,70000,4294967294-4294967295");
	ok(rt_ranges_has(&ranges, 0) && rt_ranges_has(&ranges, UINT_MAX) &&
		   rt_ranges_has(&ranges, 70000) &&
		   !rt_ranges_has(&ranges, 7) && !rt_ranges_has(&ranges, 70001),
	   "who is in it");
	ok(rt_ranges_copy(&ranges, &copy), "a copy");
	for (unsigned i = 0; i < 2; i++)
		ok(rt_ranges_remove(&ranges, 70000) &&
			   rt_ranges_remove(&ranges, 3) &&
			   rt_ranges_remove(&ranges, 0) &&
			   rt_ranges_remove(&ranges, 6) &&
			   rt_ranges_remove(&ranges, 8),
		   "fewer");
	is_set(&ranges, "1-2,4-5,4294967294-4294967295");
	is_set(&copy, "0-6,70000,4294967294-4294967295");
	rt_ranges_fini(&copy);
	rt_ranges_fini(&ranges);
	ok(rt_ranges_copy(&ranges, &copy) && !copy.n &&
		   rt_ranges_remove(&ranges, 1) && !rt_ranges_has(&ranges, 0),
	   "none");
}

/* Against a plain table, in no order. */
static void test_against_table(void)
{
	struct rt_ranges ranges = { 0 };
	bool is_in[64] = { 0 };
	unsigned seed = 1, wrong = 0;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned number;

		seed = seed * 1103515245u + 12345u;
		number = seed >> 16 & 63;
		if (seed >> 24 & 1)
			wrong += !rt_ranges_add(&ranges, number);
		else
			wrong += !rt_ranges_remove(&ranges, number);
		is_in[number] = seed >> 24 & 1;
		for (unsigned k = 0; k < 64; k++)
			wrong += rt_ranges_has(&ranges, k) != is_in[k];
		for (size_t k = 1; k < ranges.n; k++)
			wrong += ranges.items[k].low <=
				 ranges.items[k - 1].high + 1;
	}
	is_int(wrong, 0, "added and removed in any order");
	rt_ranges_fini(&ranges);
}

int main(void)
{
	test_numbers();
	test_sets();
	test_against_table();
	return tap_done();
}
