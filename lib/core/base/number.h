/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* number.h - a decimal number in a text of its own */
#ifndef RT_NUMBER_H
#define RT_NUMBER_H

#include <stdbool.h>

#include "banned.h"

/*
 * All of text is one decimal number of at most max: digits only, no sign, no
 * blank. *ret is untouched when it is not.
 */
bool rt_parse_number(const char *text, unsigned long long max,
		     unsigned long long *ret);

/* The same of the digits that text begins with; moves *text past them. */
bool rt_scan_number(const char **text, unsigned long long max,
		    unsigned long long *ret);

#endif
