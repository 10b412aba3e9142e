/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preview.h - the plan for guests that do not run
 *
 * What would be written if these real-time guests were started now, on a host
 * where no guest of kvmrt runs. Names that only a process has (its cgroup, its
 * threads' numbers) are made from the guest's name: the cgroup is the one that
 * libvirt makes, with N for the number that it gives the guest at its start.
 *
 * Without sys only the topology is known: the plan has no interrupts, tasks,
 * network queues and governors.
 */
#ifndef RT_PREVIEW_H
#define RT_PREVIEW_H

#include "core/model/guest.h"
#include "core/plan/plan.h"
#include "sys.h"

int rt_preview(struct rt_sys *sys, const struct rt_topo *topo,
	       const struct rt_guest *const *guests, size_t n,
	       struct rt_plan *ret_plan, struct rt_err *err);

#endif
