/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tasks.h - add CPUs that came online again to the masks of ordinary tasks */
#ifndef RT_TASKS_H
#define RT_TASKS_H

#include "sys.h"

/*
 * path is "tasks/LIST". Afterwards no task's mask lacks exactly CPUs of LIST,
 * of all online CPUs that are behind no shield. Such a mask is the kernel's
 * doing; masks that a user chose are on record one by one. A CPU of LIST that
 * is still offline stays missing.
 */
int rt_tasks_widen(struct rt_sys *sys, const char *path, struct rt_err *err);

#endif
