/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * counts.h - how often each CPU was interrupted: passive proof
 *
 * The hook saves the counters of a guest's CPUs when the guest has started, in
 * /run/kvmrt/counts-UUID; kvmrt-stat shows the difference. Nothing runs on the
 * guest's CPUs for it.
 */
#ifndef RT_COUNTS_H
#define RT_COUNTS_H

#include "store.h"

struct rt_count {
	unsigned cpu;
	unsigned long long interrupts, softirqs;
};

struct rt_counts {
	struct rt_count *items; /* online CPUs, in order */
	size_t n, size;
};
void rt_counts_fini(struct rt_counts *counts);

/* Sums of /proc/interrupts and /proc/softirqs, of those CPUs in *cpus that are
   online. */
int rt_counts_read(struct rt_sys *sys, const struct rt_cpuset *cpus,
		   struct rt_counts *ret_counts, struct rt_err *err);

const struct rt_count *rt_counts_find(const struct rt_counts *counts,
				      unsigned cpu);

/* What was saved when the guest started; empty when nothing was. */
int rt_counts_saved(struct rt_sys *sys, const char *uuid,
		    struct rt_counts *ret_counts, struct rt_err *err);
int rt_counts_save(struct rt_store *store, const char *uuid,
		   const struct rt_cpuset *cpus, struct rt_err *err);
void rt_counts_forget(struct rt_store *store, const char *uuid);

#endif
