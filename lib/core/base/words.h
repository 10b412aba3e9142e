/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* words.h - a set of known words, as a list with commas or blanks in between */
#ifndef RT_WORDS_H
#define RT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define RT_WORDS_MAX 32 /* a bit each, the first word's is the lowest */

struct rt_words {
	const char *const *items;
	size_t n;
	const char *noun; /* "the code of a warning" */
};

/* An unknown word is an error that names the nearest. */
int rt_words_parse(const struct rt_words *words, const char *text,
		   uint32_t *ret_set, struct rt_err *err);
/* The n-th word of the set, counted from 0, or NULL. */
const char *rt_words_nth(const struct rt_words *words, uint32_t set, size_t n);

#endif
