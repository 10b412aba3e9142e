/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* number.c - decimal numbers in text */
#include "number.h"

bool rt_scan_number(const char **at, unsigned long long max,
		    unsigned long long *ret)
{
	unsigned long long value = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		const unsigned digit = (unsigned)(*p - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (p == *at)
		return false;
	*at = p;
	*ret = value;
	return true;
}

bool rt_parse_number(const char *text, unsigned long long max,
		     unsigned long long *ret)
{
	unsigned long long value;

	if (!rt_scan_number(&text, max, &value) || *text)
		return false;
	*ret = value;
	return true;
}
