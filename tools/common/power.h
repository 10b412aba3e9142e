/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* power.h - is a guest off, and how it gets there */
#ifndef RT_POWER_H
#define RT_POWER_H

#include "virt/virt.h"

/* It has no process. */
bool rt_is_off(enum rt_virt_state state);
/* Wait so long at most; a guest that libvirt does not know is off. */
int rt_wait_off(struct rt_virt *virt, const char *uuid, unsigned seconds,
		bool *ret_off, struct rt_err *err);
/*
 * Power off. What counts is whether the guest is off within so many seconds,
 * not what libvirt says.
 */
int rt_power_off(struct rt_virt *virt, const char *uuid, unsigned seconds,
		 struct rt_err *err);

#endif
