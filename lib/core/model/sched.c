/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sched.c - a thread's scheduling class as text */
#include "sched.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/base/number.h"

#ifndef SCHED_EXT
#define SCHED_EXT 7 /* 6.12 */
#endif

const char *rt_policy_name(unsigned policy)
{
	static const char *const names[] = {
		[SCHED_OTHER] = "other", [SCHED_FIFO] = "fifo",
		[SCHED_RR] = "rr",	 [SCHED_BATCH] = "batch",
		[SCHED_IDLE] = "idle",	 [SCHED_DEADLINE] = "deadline",
		[SCHED_EXT] = "ext",
	};

	if (policy >= sizeof(names) / sizeof(names[0]) || !names[policy])
		return "?";
	return names[policy];
}

struct rt_sched_text rt_sched_of(unsigned policy, unsigned priority)
{
	struct rt_sched_text ret;

	if (priority)
		snprintf(ret.text, sizeof(ret.text), "%s:%u",
			 rt_policy_name(policy), priority);
	else
		snprintf(ret.text, sizeof(ret.text), "%s",
			 rt_policy_name(policy));
	return ret;
}

struct rt_sched_text rt_sched_text(unsigned fifo)
{
	return rt_sched_of(fifo ? SCHED_FIFO : SCHED_OTHER, fifo);
}

bool rt_sched_parse(const char *text, unsigned *ret_fifo)
{
	static const char fifo[] = "fifo:";
	unsigned long long priority = 0;

	if (strcmp(text, "other") != 0 &&
	    (strncmp(text, fifo, strlen(fifo)) != 0 ||
	     !rt_parse_number(text + strlen(fifo), RT_FIFO_MAX, &priority) ||
	     !priority))
		return false;
	*ret_fifo = (unsigned)priority;
	return true;
}
