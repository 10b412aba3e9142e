/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prove_guest.h - a test in the guest: through its agent, or on its console
 *
 * rt_guest_test_run is for a process of its own (prove_child.h). It says in the
 * first line by which of the two, and then what the test has printed.
 */
#ifndef RT_PROVE_GUEST_H
#define RT_PROVE_GUEST_H

#include "core/model/guest.h"
#include "core/prove/test_output.h"

struct rt_guest_test {
	const struct rt_guest *guest;
	enum rt_test_kind kind;
	unsigned seconds;
	unsigned long long limit_us;
	const char *command; /* NULL: that of the kind */
	const char *prompt;
};

int rt_guest_test_run(void *test, struct rt_strbuf *out, struct rt_err *err);

/* The command line: words between blanks. */
void rt_guest_test_command(const struct rt_guest_test *test,
			   struct rt_strbuf *out);

/*
 * An answer of the agent. Running: *ret_ended is false; ended well: its output
 * is in *out. Anything else is an error.
 */
int rt_guest_test_answer(const char *answer, bool *ret_ended,
			 struct rt_strbuf *out, struct rt_err *err);

#endif
