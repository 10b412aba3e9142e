/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noise_trace.h - the kernel's events for kvmrt-noise, through libtracefs
 *
 * Two tracefs instances: one records everything on the measured CPUs, the other
 * on every CPU what causes something on a measured one, and for that alone, by
 * a filter. Their names hold the pid and the start time of the process, so that
 * the instances of one that was killed are known by its death.
 */
#ifndef RT_NOISE_TRACE_H
#define RT_NOISE_TRACE_H

#include "core/noise/noise.h"
#include "host/sys.h"

struct rt_trace;

/* Called for each event, in the order of their time. */
typedef int rt_trace_take(void *data, const struct rt_noise_event *event,
			  struct rt_err *err);

/*
 * Remove what dead processes left, make the instances, and choose the events.
 * Nothing is recorded yet. The caller closes it. Names in events live as long
 * as *ret_trace.
 */
int rt_trace_open(struct rt_sys *sys, const struct rt_cpuset *measured,
		  const struct rt_cpuset *present, struct rt_trace **ret_trace,
		  struct rt_err *err);
int rt_trace_on(struct rt_trace *trace, bool on, struct rt_err *err);
/*
 * Take what has happened since. Not the very last moments, whose causes may not
 * have been read yet, except for the last time, after rt_trace_on(…, false).
 */
int rt_trace_read(struct rt_trace *trace, bool last, rt_trace_take *take,
		  void *data, struct rt_err *err);
void rt_trace_close(struct rt_trace *trace);

/* "SYSTEM:EVENT" of each event that this kernel does not have. */
size_t rt_trace_missing(const struct rt_trace *trace,
			const char *const **ret_names);
/* How often events that say who caused something were lost. */
unsigned long long rt_trace_lost_causes(const struct rt_trace *trace);

/* CLOCK_MONOTONIC, as in the events. */
unsigned long long rt_trace_now(void);

#endif
