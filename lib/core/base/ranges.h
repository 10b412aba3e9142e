/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ranges.h - a set of numbers of any size, as the ranges that it consists of
 *
 * For interrupt numbers: a host has a few thousand, and they have no limit
 * near that of CPUs. The ranges are in ascending order and do not touch each
 * other. Zeroed memory is the empty set.
 */
#ifndef RT_RANGES_H
#define RT_RANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "strbuf.h"

struct rt_range {
	unsigned low, high; /* both belong to it */
};

struct rt_ranges {
	struct rt_range *items;
	size_t n, size;
};

void rt_ranges_fini(struct rt_ranges *ranges);
#define RT_AUTO_RANGES __attribute__((cleanup(rt_ranges_fini))) struct rt_ranges

bool rt_ranges_has(const struct rt_ranges *ranges, unsigned number);

/* False, and the set is as it was, when memory is short. */
bool rt_ranges_add(struct rt_ranges *ranges, unsigned number);
bool rt_ranges_remove(struct rt_ranges *ranges, unsigned number);
bool rt_ranges_copy(const struct rt_ranges *ranges, struct rt_ranges *ret_copy);

/*
 * "0-3,70000" to a set, in ascending order and without blanks; "" is the empty
 * set. -EINVAL for any other text, -ENOMEM.
 */
int rt_ranges_parse(const char *text, struct rt_ranges *ret_ranges,
		    struct rt_err *err);
void rt_ranges_format(const struct rt_ranges *ranges, struct rt_strbuf *out);

#endif
