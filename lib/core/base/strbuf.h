/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strbuf.h - text that grows
 *
 * A failed allocation is remembered, later calls do nothing, and
 * rt_strbuf_take reports it: code that prints needs one check, at its end.
 * Zeroed memory is an empty buffer.
 */
#ifndef RT_STRBUF_H
#define RT_STRBUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#include "err.h"

struct rt_strbuf {
	char *text; /* NUL-terminated, or NULL while empty */
	size_t len, size;
	bool failed;
};

void rt_strbuf_fini(struct rt_strbuf *buf);
void rt_strbuf_add(struct rt_strbuf *buf, const char *data, size_t len);
void rt_strbuf_adds(struct rt_strbuf *buf, const char *text);
void rt_strbuf_addf(struct rt_strbuf *buf, const char *fmt, ...)
	RT_PRINTF(2, 3);
void rt_strbuf_vaddf(struct rt_strbuf *buf, const char *fmt, va_list args)
	RT_PRINTF(2, 0);

/* Hand the text (never NULL on success) to the caller, who frees it. */
int rt_strbuf_take(struct rt_strbuf *buf, char **ret_text, struct rt_err *err);

#define RT_AUTO_STRBUF __attribute__((cleanup(rt_strbuf_fini))) struct rt_strbuf

/* Freed when it leaves scope: RT_AUTO_FREE char *text = NULL; */
void rt_auto_free(void *pointer);
#define RT_AUTO_FREE __attribute__((cleanup(rt_auto_free)))

/*
 * Make room for one more element: *items holds n of *size elements of elem
 * bytes. Returns false, and leaves everything as it was, when memory is short.
 */
bool rt_grow(void *items, size_t n, size_t *size, size_t elem);

#endif
