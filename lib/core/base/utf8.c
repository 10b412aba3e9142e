/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* utf8.c - is this UTF-8? */
#include "utf8.h"

size_t rt_utf8_length(const char *text)
{
	/*
	 * Lowest second byte that is not overlong, highest that is allowed:
	 * no surrogates.
	 */
	static const struct {
		unsigned char low, high, second_low, second_high, length;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)text;

	if (*p < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*p < rows[i].low || *p > rows[i].high)
			continue;
		if (p[1] < rows[i].second_low || p[1] > rows[i].second_high)
			return 0;
		for (size_t k = 2; k < rows[i].length; k++) {
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		}
		return rows[i].length;
	}
	return 0;
}
