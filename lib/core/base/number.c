/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* number.c - a decimal number in a text of its own */
#include "number.h"

bool rt_scan_number(const char **text, unsigned long long max,
		    unsigned long long *ret)
{
	const char *p = *text;
	unsigned long long value = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		const unsigned digit = (unsigned)(*p - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (p == *text)
		return false;
	*text = p;
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
