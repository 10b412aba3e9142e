/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_rows.h - the table of one CPU, while it is filled */
#ifndef RT_NOISE_ROWS_H
#define RT_NOISE_ROWS_H

#include "noise.h"

void rt_noise_times_add(struct rt_noise_times *times, unsigned long long ns,
			unsigned long long at);
/* The row, made if there is none. */
int rt_noise_row(struct rt_noise_cpu *cpu, enum rt_noise_kind kind,
		 unsigned number, const char *name, size_t *ret_row,
		 struct rt_err *err);
void rt_noise_slot_add(struct rt_noise_cpu *cpu, enum rt_noise_kind kind,
		       unsigned long long ns, unsigned long long begun);
void rt_noise_row_caused(struct rt_noise_row *row,
			 const struct rt_noise_cause *cause);
void rt_noise_gap_add(struct rt_noise_gaps *gaps,
		      const struct rt_noise_gap *gap);
/* Sort by total; cpu->gaps follows. */
void rt_noise_rows_sort(struct rt_noise_cpu *cpu);

#endif
