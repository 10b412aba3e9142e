/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sched.h - a thread's scheduling class as text: "other", "fifo:1" */
#ifndef RT_SCHED_H
#define RT_SCHED_H

#include <stdbool.h>

#include "core/base/banned.h"

#define RT_FIFO_MAX 99 /* the highest priority of SCHED_FIFO */

struct rt_sched_text {
	char text[24];
};

/* SCHED_FIFO with that priority; 0: SCHED_OTHER. */
struct rt_sched_text rt_sched_text(unsigned fifo);
/* The reverse. False when text is neither of the two. */
bool rt_sched_parse(const char *text, unsigned *ret_fifo);

/* policy: SCHED_..., as field 41 of proc_pid_stat(5). */
struct rt_sched_text rt_sched_of(unsigned policy, unsigned priority);
const char *rt_policy_name(unsigned policy); /* "?": a newer one */

#endif
