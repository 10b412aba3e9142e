/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_test.h - what a test has said, as text or as JSON (--json of rt-tests) */
#ifndef RT_PROVE_TEST_H
#define RT_PROVE_TEST_H

#include "core/prove/test_output.h"

/* As rt_test_parse; what begins with a brace is JSON. */
int rt_test_read(enum rt_test_kind kind, const char *text,
		 struct rt_test *ret_test, struct rt_err *err);

#endif
