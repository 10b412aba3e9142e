/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text.h - parts of a text: trimmed, compared as words, cut for a message */
#ifndef RT_TEXT_H
#define RT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed text that is not terminated. */
struct rt_span {
	const char *text;
	size_t len;
};

/* Without the blanks and tabs at both ends. */
struct rt_span rt_trim(const char *text, size_t len);

/* Is text that word? Capitals of text count as small letters. */
bool rt_is_word(const char *text, const char *word);
/* The same for the first n bytes, or up to a NUL. */
bool rt_is_word_n(const char *text, const char *word, size_t n);

/* The name that is most like the word, or NULL when none is near. */
const char *rt_nearest(const char *word, size_t len, const char *const *names,
		       size_t n);

/* A text fit for a message: short, control characters shown as '?'. */
struct rt_cut {
	char text[88];
};
struct rt_cut rt_cut(const char *text, size_t len);
struct rt_cut rt_cut_text(const char *text);

/*
 * The name of a task, which names itself, for logs and terminals: what is not
 * plain ASCII is a question mark. What does not fit is left out.
 */
void rt_copy_plain(char *to, size_t size, const char *from, size_t len);

/* "1 vCPU", "2 vCPUs", "no vCPUs": a number with its noun. */
struct rt_counted {
	char text[64];
};
struct rt_counted rt_count(unsigned long long n, const char *noun);

/* "873 ns", "1.20 us", "34.0 ms", "2.10 s": what people read at a glance. */
struct rt_length {
	char text[24];
};
struct rt_length rt_length(unsigned long long ns);

#endif
