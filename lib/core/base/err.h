/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * err.h - how a call says what went wrong
 *
 * A call that can fail returns 0 or a negative errno and fills *err, its last
 * parameter, which is never NULL. On success *err is untouched; on failure
 * the ret_ outputs are. The error lives on the caller's stack: failing cannot
 * fail, and nothing has to be freed.
 */
#ifndef RT_ERR_H
#define RT_ERR_H

#include "banned.h"

#define RT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct rt_err {
	int code; /* positive errno */
	char text
		[2048]; /* what was tried and why it failed; cut, never freed */
};

/*
 * Say what was tried. Appends strerror(code) after a colon when code is
 * positive; a code of 0 counts as EINVAL with no appendix (the text says all).
 * Returns the negative code, so that a failing check is one line.
 */
int rt_fail(struct rt_err *err, int code, const char *fmt, ...) RT_PRINTF(3, 4);

/*
 * Prepend the context, as in "guest 'plc1': ", to the text that is there.
 * Returns -err->code.
 */
int rt_wrap(struct rt_err *err, const char *fmt, ...) RT_PRINTF(2, 3);

/* rt_fail for an allocation that failed. */
int rt_fail_memory(struct rt_err *err);

#endif
