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

/* snprintf that goes on counting once the buffer is full. */
struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *out, const char *text, size_t len)
{
	if (out->len < out->size) {
		const size_t room = out->size - out->len;

		memcpy(out->buf + out->len, text, len < room ? len : room);
	}
	out->len += len;
}

static void put_number(struct out *out, unsigned long long number,
		       bool negative)
{
	char text[24], *p = text + sizeof(text);

	do
		*--p = (char)('0' + number % 10);
	while (number /= 10);
	if (negative)
		*--p = '-';
	put(out, p, (size_t)(text + sizeof(text) - p));
}

/* One conversion, past it; NULL: none of those that are known here. */
static const char *convert(struct out *out, const char *p, va_list *args)
{
	const char *text;
	int number;

	switch (*p) {
	case 's':
		text = va_arg(*args, const char *);
		put(out, text, strlen(text));
		return p + 1;
	case 'u':
		put_number(out, va_arg(*args, unsigned), false);
		return p + 1;
	case 'd':
		number = va_arg(*args, int);
		put_number(out,
			   number < 0 ? 0u - (unsigned)number :
					(unsigned)number,
			   number < 0);
		return p + 1;
	case 'l':
		if (strncmp(p, "llu", 3) != 0)
			return NULL;
		put_number(out, va_arg(*args, unsigned long long), false);
		return p + 3;
	default:
		return NULL;
	}
}

int rt_vformat(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = { buf, size, 0 };
	const char *p = fmt;
	va_list left;

	va_copy(left, args);
	while (p && *p) {
		const size_t plain = strcspn(p, "%");

		put(&out, p, plain);
		p += plain;
		if (*p)
			p = convert(&out, p + 1, &left);
	}
	va_end(left);
	if (!p)
		return vsnprintf(buf, size, fmt, args);
	if (size)
		buf[out.len < size ? out.len : size - 1] = '\0';
	return (int)out.len;
}

int rt_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = rt_vformat(buf, size, fmt, args);
	va_end(args);
	return len;
}

void rt_strbuf_vaddf(struct rt_strbuf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;

	/* Most fit what there is. */
	if (!make_room(buf, 0))
		return;
	va_copy(again, args);
	len = rt_vformat(buf->text + buf->len, buf->size - buf->len, fmt,
			 again);
	va_end(again);
	if (len < 0)
		buf->failed = true;
	if (len >= 0 && (size_t)len >= buf->size - buf->len &&
	    make_room(buf, (size_t)len))
		len = rt_vformat(buf->text + buf->len, buf->size - buf->len,
				 fmt, args);
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
