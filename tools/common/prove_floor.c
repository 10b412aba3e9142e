/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_floor.c - how evenly time passes on a CPU where no guest is */
#include "prove_floor.h"

#include "core/noise/noise_rows.h"
#include "noise_trace.h"

/* The last one: the first has most of the host's work. */
static int choose_cpu(const struct rt_meter *meter)
{
	const struct rt_cpuset all = rt_meter_housekeeping(meter);
	struct rt_cpuset near = { 0 };

	for (size_t i = 0; i < meter->loaded.topo.nodes.n; i++) {
		const struct rt_topo_object *node =
			&meter->loaded.topo.nodes.items[i];

		if (rt_cpuset_intersects(&node->cpus,
					 &meter->measured.guests[0]->vcpus))
			rt_cpuset_or(&near, &node->cpus);
	}
	rt_cpuset_and(&near, &all);
	return rt_cpuset_last(rt_cpuset_is_empty(&near) ? &all : &near);
}

int rt_floor_measure(const struct rt_meter *meter, unsigned seconds,
		     struct rt_floor *ret_floor, struct rt_err *err)
{
	const struct rt_cpuset all = rt_meter_housekeeping(meter);
	const int cpu = choose_cpu(meter);
	struct rt_floor floor = { .cpu = (unsigned)cpu };
	struct rt_cpuset one = { 0 };
	unsigned long long begun, last, now;
	int r;

	if (cpu < 0)
		return rt_fail(err, 0, "no CPU is left for the host itself");
	rt_cpuset_add(&one, floor.cpu);
	r = rt_meter_place(&one, err);
	if (r < 0)
		return r;
	begun = last = rt_trace_now();
	do {
		now = rt_trace_now();
		rt_noise_times_add(&floor.times, now - last, last - begun);
		last = now;
	} while (now - begun < seconds * 1000000000ULL &&
		 !rt_meter_is_interrupted());
	floor.ns = now - begun;
	*ret_floor = floor;
	return rt_meter_place(&all, err);
}
