/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_floor.h - how evenly time passes on a CPU where no guest is */
#ifndef RT_PROVE_FLOOR_H
#define RT_PROVE_FLOOR_H

#include "meter.h"
#include "prove.h"

/*
 * Look at the clock, again and again, on a housekeeping CPU of the guest's own
 * node if there is one: what is missing between two looks is the hardware's,
 * or of whatever else runs there.
 */
int rt_floor_measure(const struct rt_meter *meter, unsigned seconds,
		     struct rt_floor *ret_floor, struct rt_err *err);

#endif
