/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parallel.h - the same work for many guests at once, a child process each
 *
 * libvirt calls block, some for minutes. A child has a connection of its own,
 * so none waits for another.
 */
#ifndef RT_PARALLEL_H
#define RT_PARALLEL_H

#include <stddef.h>

#include "core/base/err.h"

struct rt_parallel {
	size_t n;	/* pieces of work */
	size_t at_once; /* children that may run at the same time */
	/* In a child: do the i-th. */
	int (*run)(void *data, size_t i, struct rt_err *err);
	/* In the parent: it has been begun; has ended with r and err. */
	void (*begun)(void *data, size_t i);
	void (*ended)(void *data, size_t i, int r, const struct rt_err *err);
	/* In the parent, each second; NULL: not wanted. */
	void (*tick)(void *data);
	void *data;
};

/*
 * All of it, begun in order. A child that dies counts as failed. Returns a
 * negative errno only when nothing can be begun.
 */
int rt_parallel(const struct rt_parallel *work, struct rt_err *err);

/* For limits and elapsed times: setting the host's clock does not change it. */
unsigned long long rt_now_ms(void);

#endif
