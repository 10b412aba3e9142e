/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_output.h - what cyclictest and oslat of rt-tests print, as numbers
 *
 * The text of versions 2.4 (Debian 12) and 2.6 (Debian 13). A console's echo
 * and other lines may be in between. A test that did not come to its end
 * is an error, and so is one whose columns differ: half a result would look
 * better than the whole.
 */
#ifndef RT_TEST_OUTPUT_H
#define RT_TEST_OUTPUT_H

#include <stddef.h>

#include "core/base/err.h"

enum rt_test_kind {
	RT_TEST_NONE,
	RT_TEST_CYCLICTEST,
	RT_TEST_OSLAT,
	RT_TEST_KINDS,
};

struct rt_test_thread {
	unsigned long long cpu; /* of oslat; cyclictest: its number */
	unsigned long long min_us, avg_ns, max_us;
	unsigned long long cycles;	/* of cyclictest: how often it woke */
	unsigned long long duration_ms; /* of oslat */
	unsigned long long overflows;	/* beyond the last bucket */
};

/* How often each thread was that late. */
struct rt_test_bucket {
	unsigned long long us;
	unsigned long long *counts; /* one for each thread */
};

struct rt_test {
	enum rt_test_kind kind;
	struct rt_test_thread *threads;
	size_t n;
	struct rt_test_bucket *buckets; /* those that are not empty */
	size_t n_buckets, size_buckets;
};

/* "cyclictest" */
const char *rt_test_name(enum rt_test_kind kind);

/* -EBADMSG: there is no result, or only a part of one. */
int rt_test_parse(enum rt_test_kind kind, const char *text,
		  struct rt_test *ret_test, struct rt_err *err);
void rt_test_fini(struct rt_test *test);

/* The longest of all threads. */
unsigned long long rt_test_max_us(const struct rt_test *test);

#endif
