/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_part.h - what noise_trace.c sets up and noise_read.c reads */
#ifndef RT_NOISE_PART_H
#define RT_NOISE_PART_H

#include "noise_decode.h"
#include "noise_trace.h"

#define RT_TRACE_PAGE (256 << 10) /* the largest sub-buffer of a trace */

struct tracefs_instance;
struct kbuffer;

/* One tracefs instance, and what is read of it. */
struct rt_trace_part {
	struct tracefs_instance *instance;
	int *fds; /* by index of cpus */
	unsigned *cpus;
	size_t n;
	bool causes;
};

struct rt_trace_kept {
	struct rt_noise_event event;
	size_t sequence; /* as read: the order of events of one moment */
};

struct rt_trace {
	struct rt_sys *sys;
	struct tep_handle *tep;
	struct kbuffer *kbuffer;
	struct rt_decoder decoder;
	struct rt_cpuset measured;
	struct rt_trace_part parts[2];
	const char **missing;
	size_t n_missing;
	char *page;
	struct rt_trace_kept *events;
	size_t n, size, sequence;
	unsigned long long lost_causes;
};

#endif
