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

/* All of /proc/interrupts: a row for each source, a column for each CPU. */
struct rt_count_row {
	char label[16];		    /* "35", or "LOC" for what is no interrupt
				       of a device */
	char *text;		    /* behind the counts: chip and actions */
	unsigned long long *counts; /* a column each */
};

struct rt_count_table {
	unsigned *cpus; /* of the columns: those that are online */
	size_t n_cpus;
	struct rt_count_row *rows;
	size_t n, size;
};

int rt_count_table_read(struct rt_sys *sys, struct rt_count_table *ret_table,
			struct rt_err *err);
void rt_count_table_fini(struct rt_count_table *table);
/* The row with the label, or NULL. It is sought at `near` first. */
const struct rt_count_row *
rt_count_table_find(const struct rt_count_table *table, const char *label,
		    size_t near);

/* What was saved when the guest started; empty when nothing was. */
int rt_counts_saved(struct rt_sys *sys, const char *uuid,
		    struct rt_counts *ret_counts, struct rt_err *err);
int rt_counts_save(struct rt_store *store, const char *uuid,
		   const struct rt_cpuset *cpus, struct rt_err *err);
void rt_counts_forget(struct rt_store *store, const char *uuid);

#endif
