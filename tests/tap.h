/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tap.h - the test harness: every check is a line, values are printed
 *
 * A test program calls ok/is_* and ends with `return tap_done();`.
 */
#ifndef RT_TAP_H
#define RT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef NDEBUG
#error "tests need their asserts"
#endif

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool
ok(bool good, const char *fmt, ...)
{
	va_list args;

	tap_count++;
	if (!good)
		tap_failed++;
	printf("%sok %d - ", good ? "" : "not ", tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return good;
}

__attribute__((unused)) static bool is_str(const char *got, const char *want,
					   const char *name)
{
	const bool good = got && want ? strcmp(got, want) == 0 : got == want;

	ok(good, "%s", name);
	if (!good)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)",
		       want ? want : "(null)");
	return good;
}

__attribute__((unused)) static bool is_int(long long got, long long want,
					   const char *name)
{
	const bool good = got == want;

	ok(good, "%s", name);
	if (!good)
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return good;
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed || !tap_count;
}

#endif
