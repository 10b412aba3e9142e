/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* words.c - a set of known words */
#include "words.h"

#include <string.h>

#include "text.h"

int rt_words_parse(const struct rt_words *words, const char *text,
		   uint32_t *ret_set, struct rt_err *err)
{
	uint32_t set = 0;

	for (const char *p = text; *(p += strspn(p, " \t,"));) {
		const size_t len = strcspn(p, " \t,");
		const char *near;
		size_t i = 0;

		while (i < words->n && (strlen(words->items[i]) != len ||
					memcmp(words->items[i], p, len) != 0))
			i++;
		if (i < words->n) {
			set |= UINT32_C(1) << i;
			p += len;
			continue;
		}
		near = rt_nearest(p, len, words->items, words->n);
		return rt_fail(err, 0, "'%s' is not %s%s%s",
			       rt_cut(p, len).text, words->noun,
			       near ? "; the nearest is " : "",
			       near ? near : "");
	}
	*ret_set = set;
	return 0;
}

const char *rt_words_nth(const struct rt_words *words, uint32_t set, size_t n)
{
	for (size_t i = 0; i < words->n; i++) {
		if ((set >> i & 1) && !n--)
			return words->items[i];
	}
	return NULL;
}
