/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.c - numbers and words in text */
#include "core/base/text.h"

#include <limits.h>

#include "../tap.h"
#include "core/base/number.h"

static const struct {
	const char *text;
	unsigned long long max, want;
	bool good;
} numbers[] = {
	{ "0", 0, 0, true },
	{ "1", 0, 0, false },
	{ "007", 7, 7, true },
	{ "8191", 8191, 8191, true },
	{ "8192", 8191, 0, false },
	{ "18446744073709551615", ULLONG_MAX, ULLONG_MAX, true },
	{ "18446744073709551616", ULLONG_MAX, 0, false },
	{ "99999999999999999999", ULLONG_MAX, 0, false },
	{ "", 9, 0, false },
	{ "+1", 9, 0, false },
	{ "-1", ULLONG_MAX, 0, false },
	{ " 1", 9, 0, false },
	{ "1 ", 9, 0, false },
	{ "0x1", 9, 0, false },
};

static void test_numbers(void)
{
	const char *at = "12,3", *const begin = at;
	unsigned long long value = 42;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		unsigned long long got = 42;
		const bool good =
			rt_parse_number(numbers[i].text, numbers[i].max, &got);

		ok(good == numbers[i].good &&
			   got == (good ? numbers[i].want : 42),
		   "'%s' of at most %llu", numbers[i].text, numbers[i].max);
	}
	ok(!rt_scan_number(&at, 11, &value) && at == begin && value == 42,
	   "one that is too large leaves all");
	ok(rt_scan_number(&at, 12, &value) && value == 12 && *at == ',',
	   "a number in front of something else");
	ok(!rt_scan_number(&at, 12, &value), "a comma is none");
}

static void test_words(void)
{
	static const char *const names[] = { "cpuset", "rt_memory" };

	ok(rt_is_word("AuTo", "auto"), "capitals are as good");
	ok(!rt_is_word("autos", "auto") && !rt_is_word("aut", "auto"),
	   "but no more and no less");
	ok(rt_is_word_n("UTF-8'", "utf-8", 5), "the first bytes of a text");
	is_str(rt_nearest("cpusets", 7, names, 2), "cpuset", "a near name");
	is_str(rt_nearest("memory", 6, names, 2), NULL, "none is near");
	is_str(rt_nearest("rt-memory", 9, names, 2), "rt_memory", "the other");
	ok(rt_trim("\t a b ", 6).len == 3 && rt_trim("  ", 2).len == 0,
	   "blanks at both ends");
	is_str(rt_cut_text("a\tb\x7f\x1b[m").text, "a?b??[m",
	       "control characters are not shown");
	is_str(rt_cut("abc", 2).text, "ab", "not more than is there");
}

/* 77 bytes at most, and no half of a character. */
static void test_cut(void)
{
	char text[100];
	struct rt_cut cut;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 76, "\xc3\xa4", 2);
	cut = rt_cut_text(text);
	is_int((long long)strlen(cut.text), 79, "a long one is cut");
	is_str(cut.text + 75, "x...", "before the character, not within");
}

int main(void)
{
	test_numbers();
	test_words();
	test_cut();
	return tap_done();
}
