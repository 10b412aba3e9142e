/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpuset.c - sets of CPUs: texts, algebra, order, edges */
#include "core/base/cpuset.h"

#include "../tap.h"

/* want NULL: refused, and the message holds `fault`. */
static const struct {
	const char *name, *text, *want, *fault;
} lists[] = {
	{ "one", "5", "5", NULL },
	{ "range", "0-3", "0-3", NULL },
	{ "several", "1,3,5-7", "1,3,5-7", NULL },
	{ "neighbours join", "1,2,3", "1-3", NULL },
	{ "overlaps join", "1-4,3-6", "1-6", NULL },
	{ "order does not matter", "9,0", "0,9", NULL },
	{ "the kernel's newline", "0-3\n", "0-3", NULL },
	{ "blanks around items", " 0-3 , 8\t", "0-3,8", NULL },
	{ "nothing", "", "", NULL },
	{ "a newline alone", "\n", "", NULL },
	{ "the last CPU", "16383", "16383", NULL },
	{ "all", "0-16383", "0-16383", NULL },
	{ "a word's edge", "63-64", "63-64", NULL },
	{ "one too high", "16384", NULL, "above 16383 at column 1" },
	{ "far too high", "99999999999999999999", NULL, "above 16383" },
	{ "a high that is too high", "0-16384", NULL,
	  "above 16383 at column 3" },
	{ "backwards", "3-1", NULL, "backwards at column 1" },
	{ "no high", "1-", NULL, "number is missing at column 3" },
	{ "no low", "-1", NULL, "number is missing at column 1" },
	{ "two dashes", "1-2-3", NULL, "comma is missing at column 4" },
	{ "comma at the end", "1,", NULL, "after the last comma" },
	{ "comma in front", ",1", NULL, "missing at column 1" },
	{ "two commas", "1,,2", NULL, "missing at column 3" },
	{ "a letter", "1,x", NULL, "missing at column 3" },
	{ "two numbers", "1 2", NULL, "comma is missing at column 3" },
	{ "blank in a range", "1 -2", NULL, "comma is missing" },
	{ "a sign", "+1", NULL, "missing at column 1" },
	{ "hexadecimal", "0x1", NULL, "comma is missing" },
	{ "another digit", "\xd9\xa1", NULL, "missing at column 1" },
};

static void test_lists(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct rt_cpuset set = { 1, { 42 } };
		struct rt_err err = { 0 };
		char text[RT_CPULIST_MAX];
		const int r = rt_cpuset_parse_list(lists[i].text, &set, &err);

		if (!lists[i].want) {
			ok(r < 0 && strstr(err.text, lists[i].fault) &&
				   set.words[0] == 42,
			   "list, %s: refused: %s", lists[i].name, err.text);
			continue;
		}
		rt_cpuset_format_list(&set, text, sizeof(text));
		is_str(r < 0 ? err.text : text, lists[i].want, lists[i].name);
	}
}

static const struct {
	const char *name, *text, *want;
	unsigned width;
	const char *again;
} masks[] = {
	{ "one digit", "f", "0-3", 4, "f" },
	{ "twelve CPUs", "fc0", "6-11", 12, "fc0" },
	{ "leading zeroes", "03f", "0-5", 12, "03f" },
	{ "capitals", "FC0", "6-11", 12, "fc0" },
	{ "a width of 13 bits", "1000", "12", 13, "1000" },
	{ "two words", "1,00000001", "0,32", 64, "00000001,00000001" },
	{ "two words, narrow", "1,00000001", "0,32", 33, "1,00000001" },
	{ "nothing", "000", "", 12, "000" },
	{ "nothing, no width", "0", "", 0, "0" },
	{ "no width", "80000000", "31", 0, "80000000" },
	{ "newline", "f\n", "0-3", 4, "f" },
	{ "empty", "", NULL, 0, NULL },
	{ "newline alone", "\n", NULL, 0, NULL },
	{ "a letter", "fg", NULL, 0, NULL },
	{ "a prefix", "0xf", NULL, 0, NULL },
	{ "comma at the end", "f,", NULL, 0, NULL },
	{ "comma in front", ",0000000f", NULL, 0, NULL },
	{ "comma after seven", "f,0000000", NULL, 0, NULL },
	{ "nine digits beside a comma", "1,000000000", NULL, 0, NULL },
	{ "nine digits", "000000001", NULL, 0, NULL },
	{ "a list", "0-3", NULL, 0, NULL },
};

static void test_masks(void)
{
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		struct rt_cpuset set = { 1, { 42 } };
		struct rt_err err = { 0 };
		char text[RT_CPULIST_MAX];
		const int r = rt_cpuset_parse_mask(masks[i].text, &set, &err);

		if (!masks[i].want) {
			ok(r < 0 && *err.text && set.words[0] == 42,
			   "mask, %s: refused: %s", masks[i].name, err.text);
			continue;
		}
		rt_cpuset_format_list(&set, text, sizeof(text));
		is_str(r < 0 ? err.text : text, masks[i].want, masks[i].name);
		rt_cpuset_format_mask(&set, masks[i].width, text, sizeof(text));
		is_str(text, masks[i].again, "and back");
	}
}

/* As many CPUs as there can be, in both texts. */
static void test_largest(void)
{
	struct rt_cpuset odd = { 0 }, again;
	static char text[RT_CPULIST_MAX], small[64];
	struct rt_err err;
	size_t len;

	for (unsigned cpu = 1; cpu < RT_CPUS_MAX; cpu += 2)
		rt_cpuset_add(&odd, cpu);
	len = rt_cpuset_format_list(&odd, text, sizeof(text));
	ok(len < sizeof(text) && strlen(text) == len, "the longest list fits");
	ok(rt_cpuset_parse_list(text, &again, &err) == 0 &&
		   rt_cpuset_is_equal(&odd, &again),
	   "and is read again");
	len = rt_cpuset_format_mask(&odd, RT_CPUS_MAX, text, sizeof(text));
	ok(len == strlen(text) && len == RT_CPUS_MAX / 4 + RT_CPUS_MAX / 32 - 1,
	   "the longest mask fits");
	ok(rt_cpuset_parse_mask(text, &again, &err) == 0 &&
		   rt_cpuset_is_equal(&odd, &again),
	   "and is read again");
	len = rt_cpuset_format_list(&odd, small, sizeof(small));
	ok(len > sizeof(small) && strlen(small) == sizeof(small) - 1,
	   "a list that is cut ends with a NUL");
	is_int((long long)rt_cpuset_format_list(&odd, NULL, 0), (long long)len,
	       "its length can be asked for");
	ok(strlen(rt_cpuset_text(&odd).text) < 208 &&
		   strstr(rt_cpuset_text(&odd).text, "..."),
	   "a message shows a part");
	rt_cpuset_parse_list("0-3", &again, &err);
	is_str(rt_cpuset_text(&again).text, "0-3", "or all of it");
}

static struct rt_cpuset set_of(const char *text)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	ok(rt_cpuset_parse_list(text, &set, &err) == 0, "set %s", text);
	return set;
}

static void test_algebra(void)
{
	const struct rt_cpuset a = set_of("0-5,64,16383");
	const struct rt_cpuset b = set_of("4-8,64");
	struct rt_cpuset set = a;

	rt_cpuset_or(&set, &b);
	is_str(rt_cpuset_text(&set).text, "0-8,64,16383", "union");
	set = a;
	rt_cpuset_and(&set, &b);
	is_str(rt_cpuset_text(&set).text, "4-5,64", "intersection");
	ok(rt_cpuset_is_subset(&set, &a) && rt_cpuset_is_subset(&set, &b),
	   "it is in both");
	ok(!rt_cpuset_is_subset(&a, &b), "neither is in the other");
	set = a;
	rt_cpuset_minus(&set, &b);
	is_str(rt_cpuset_text(&set).text, "0-3,16383", "difference");
	ok(!rt_cpuset_intersects(&set, &b), "has nothing of the other");
	ok(rt_cpuset_intersects(&a, &b), "the whole has");
	is_int(rt_cpuset_count(&a), 8, "members");
	rt_cpuset_clear(&set);
	ok(rt_cpuset_is_empty(&set) && rt_cpuset_is_subset(&set, &b) &&
		   !rt_cpuset_intersects(&set, &set),
	   "the empty set is in every set and meets none");
	rt_cpuset_add_range(&set, 16382, 16383);
	rt_cpuset_remove(&set, 16382);
	rt_cpuset_remove(&set, 16384);
	is_str(rt_cpuset_text(&set).text, "16383", "the last can stay");
	ok(!rt_cpuset_has(&set, 16384), "there is none above it");
}

/* Sets that end in different words, both ways round. */
static void test_ends(void)
{
	static const struct {
		const char *a, *b, *both, *all, *less;
	} rows[] = {
		{ "3", "3,16383", "3", "3,16383", "" },
		{ "3,16383", "3", "3", "3,16383", "16383" },
		{ "", "8192", "", "8192", "" },
		{ "8192", "", "", "8192", "8192" },
		{ "0,200", "64-127", "", "0,64-127,200", "0,200" },
		{ "0-16383", "16383", "16383", "0-16383", "0-16382" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct rt_cpuset a = set_of(rows[i].a);
		const struct rt_cpuset b = set_of(rows[i].b);
		struct rt_cpuset set = a;

		rt_cpuset_and(&set, &b);
		is_str(rt_cpuset_text(&set).text, rows[i].both, "both");
		ok(rt_cpuset_intersects(&a, &b) == (*rows[i].both != '\0'),
		   "if any");
		/* What was taken out is not there again. */
		rt_cpuset_or(&set, &a);
		ok(rt_cpuset_is_equal(&set, &a), "and what was taken out");
		rt_cpuset_or(&set, &b);
		is_str(rt_cpuset_text(&set).text, rows[i].all, "all");
		ok(rt_cpuset_is_subset(&a, &set) &&
			   rt_cpuset_is_subset(&b, &set),
		   "both are in it");
		ok(rt_cpuset_is_subset(&set, &a) ==
				   (strcmp(rows[i].all, rows[i].a) == 0) &&
			   rt_cpuset_is_equal(&set, &a) ==
				   (strcmp(rows[i].all, rows[i].a) == 0),
		   "it is the first where the second has no more");
		set = a;
		rt_cpuset_minus(&set, &b);
		is_str(rt_cpuset_text(&set).text, rows[i].less, "less");
		ok(rt_cpuset_is_subset(&a, &b) == rt_cpuset_is_empty(&set),
		   "nothing is left of a subset");
		ok(!rt_cpuset_is_equal(&a, &b) && !rt_cpuset_is_equal(&b, &a),
		   "they differ");
		for (unsigned cpu = 0; cpu < RT_CPUS_MAX; cpu++)
			rt_cpuset_remove(&set, cpu);
		ok(rt_cpuset_is_equal(&set, &(struct rt_cpuset){ 0 }) &&
			   rt_cpuset_last(&set) == -1 &&
			   rt_cpuset_count(&set) == 0,
		   "emptied, it is the empty set");
	}
}

static void test_order(void)
{
	const struct rt_cpuset set = set_of("3,63-64,16383");
	const struct rt_cpuset none = { 0 };
	char seen[64] = "";

	RT_CPUSET_FOREACH(cpu, &set)
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%d ", cpu);
	is_str(seen, "3 63 64 16383 ", "ascending");
	is_int(rt_cpuset_first(&set), 3, "first");
	is_int(rt_cpuset_last(&set), 16383, "last");
	is_int(rt_cpuset_next(&set, 16383), -1, "none after the last");
	is_int(rt_cpuset_nth(&set, 0), 3, "the 0th");
	is_int(rt_cpuset_nth(&set, 3), 16383, "the 3rd");
	is_int(rt_cpuset_nth(&set, 4), -1, "the 4th is not there");
	ok(rt_cpuset_first(&none) == -1 && rt_cpuset_last(&none) == -1 &&
		   rt_cpuset_nth(&none, 0) == -1,
	   "the empty set has none");
}

int main(void)
{
	test_lists();
	test_masks();
	test_largest();
	test_algebra();
	test_ends();
	test_order();
	return tap_done();
}
