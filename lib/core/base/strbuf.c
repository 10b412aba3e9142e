/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strbuf.c - text that grows */
#include "strbuf.h"

#include <stdint.h>

void rt_strbuf_fini(struct rt_strbuf *buf)
{
	free(buf->text);
	memset(buf, 0, sizeof(*buf));
}

static bool make_room(struct rt_strbuf *buf, size_t more)
{
	size_t size = buf->size ? buf->size : 256;
	char *text;

	if (buf->failed)
		return false;
	while (size - buf->len <= more) {
		if (size > SIZE_MAX / 2) {
			buf->failed = true;
			return false;
		}
		size *= 2;
	}
	if (size == buf->size)
		return true;
	text = realloc(buf->text, size);
	if (!text) {
		buf->failed = true;
		return false;
	}
	buf->text = text;
	buf->size = size;
	return true;
}

void rt_strbuf_add(struct rt_strbuf *buf, const char *data, size_t len)
{
	if (!make_room(buf, len))
		return;
	memcpy(buf->text + buf->len, data, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void rt_strbuf_adds(struct rt_strbuf *buf, const char *text)
{
	rt_strbuf_add(buf, text, strlen(text));
}

void rt_strbuf_vaddf(struct rt_strbuf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;

	/* Most texts fit into the room that is left. */
	if (!make_room(buf, 0))
		return;
	va_copy(again, args);
	len = vsnprintf(buf->text + buf->len, buf->size - buf->len, fmt, again);
	va_end(again);
	if (len < 0)
		buf->failed = true;
	if (len >= 0 && (size_t)len >= buf->size - buf->len &&
	    make_room(buf, (size_t)len))
		len = vsnprintf(buf->text + buf->len, buf->size - buf->len, fmt,
				args);
	if (buf->failed)
		buf->text[buf->len] = '\0';
	else
		buf->len += (size_t)len;
}

void rt_strbuf_addf(struct rt_strbuf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(buf, fmt, args);
	va_end(args);
}

int rt_strbuf_take(struct rt_strbuf *buf, char **ret_text, struct rt_err *err)
{
	rt_strbuf_add(buf, "", 0);
	if (buf->failed) {
		rt_strbuf_fini(buf);
		return rt_fail_memory(err);
	}
	*ret_text = buf->text;
	memset(buf, 0, sizeof(*buf));
	return 0;
}

void rt_auto_free(void *pointer)
{
	free(*(void **)pointer);
}

bool rt_grow(void *items, size_t n, size_t *size, size_t elem)
{
	const size_t more = *size ? *size * 2 : 8;
	void *bigger;

	if (n < *size)
		return true;
	if (more > SIZE_MAX / elem)
		return false;
	bigger = realloc(*(void **)items, more * elem);
	if (!bigger)
		return false;
	*(void **)items = bigger;
	*size = more;
	return true;
}
