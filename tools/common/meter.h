/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meter.h - measuring what interrupts guests, for kvmrt-noise and kvmrt-prove
 *
 * options, loaded (by rt_load) and seconds are the caller's; then in this order
 *
 *   rt_meter_choose   whom to measure
 *   rt_meter_open     this program leaves the guests' CPUs, and from here on
 *                     there is something to remove
 *   rt_meter_run
 *   rt_meter_close    names in the result are gone, too
 *   rt_meter_fini     in any case
 */
#ifndef RT_METER_H
#define RT_METER_H

#include "noise.h"
#include "scan.h"

struct rt_trace;

struct rt_meter {
	const struct rt_options *options; /* borrowed */
	struct rt_loaded loaded;
	unsigned seconds;
	/*
	 * Called twenty times a second while it measures, for long no more than
	 * a fraction of one: true when it is to go on, even beyond its time.
	 * NULL: it ends with its time.
	 */
	bool (*goes_on)(void *data, bool time_is_up);
	void *data;
	struct rt_scanned scanned;
	struct rt_measured measured;
	const struct rt_active **active; /* as measured.guests */
	struct rt_trace *trace;
};

/* Those that are named in the options, or all real-time guests that run. */
int rt_meter_choose(struct rt_meter *meter, struct rt_err *err);
int rt_meter_open(struct rt_meter *meter, struct rt_err *err);
int rt_meter_run(struct rt_meter *meter, struct rt_err *err);
void rt_meter_close(struct rt_meter *meter);
void rt_meter_fini(struct rt_meter *meter);

/* A signal has asked the program to end: since rt_meter_open. */
bool rt_meter_is_interrupted(void);
/* The CPUs that no real-time guest owns, measured or not. */
struct rt_cpuset rt_meter_housekeeping(const struct rt_meter *meter);
/* Put this program there, and what it starts. */
int rt_meter_place(const struct rt_cpuset *cpus, struct rt_err *err);

#endif
