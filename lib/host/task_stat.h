/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_stat.h - what is needed of a task's stat file */
#ifndef RT_TASK_STAT_H
#define RT_TASK_STAT_H

#include "sys.h"

#define PF_EXITING 0x00000004 /* also of a zombie */

struct rt_stat_line {
	char comm[24];
	unsigned flags;
	long threads;
	unsigned long long start;
	int last_cpu;		   /* where it ran last; -1: not known */
	unsigned priority, policy; /* rt_sched_of */
	bool has_policy;
};

int rt_stat_parse(const char *text, struct rt_stat_line *ret,
		  struct rt_err *err);

/* Field n (from 3 on) of a stat line and all behind it; NULL: it has fewer. */
const char *rt_stat_field(const char *text, unsigned n);

/* Of one thread. -ESRCH when it is gone. */
int rt_stat_read(struct rt_sys *sys, unsigned pid, unsigned tid,
		 struct rt_stat_line *ret, struct rt_err *err);

#endif
