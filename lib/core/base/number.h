/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* number.h - decimal numbers in text: digits, and nothing that strtoul adds */
#ifndef RT_NUMBER_H
#define RT_NUMBER_H

#include <stdbool.h>

/*
 * All of the text is a number of at most max: digits only, no sign, no blanks.
 * False, and *ret as it was, for any other text.
 */
bool rt_parse_number(const char *text, unsigned long long max,
		     unsigned long long *ret);
/* The same for the digits at *at, which moves behind them. */
bool rt_scan_number(const char **at, unsigned long long max,
		    unsigned long long *ret);

#endif
