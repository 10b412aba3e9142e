/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* err.c - how a call says what went wrong */
#include "err.h"

#include <errno.h>
#include <stdarg.h>

int rt_fail(struct rt_err *err, int code, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	/* cppcheck-suppress ctuuninitvar; the call fills it */
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);

	err->code = code > 0 ? code : EINVAL;
	len = strlen(err->text);
	if (code > 0)
		snprintf(err->text + len, sizeof(err->text) - len, ": %s",
			 strerror(code));
	return -err->code;
}

int rt_wrap(struct rt_err *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	va_list args;
	size_t len;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);

	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
	return -err->code;
}

int rt_fail_memory(struct rt_err *err)
{
	return rt_fail(err, ENOMEM, "no memory left");
}
