/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tasks.h - give ordinary tasks the CPUs back that came up again */
#ifndef RT_TASKS_H
#define RT_TASKS_H

#include "sys.h"

/*
 * path is "tasks/LIST". Afterwards no task lacks CPUs of LIST, and nothing
 * else, among the online CPUs that no shield keeps: such a mask is the
 * kernel's doing, not a user's (those are on record one by one). A CPU of LIST
 * that is still down stays lacking.
 */
int rt_tasks_widen(struct rt_sys *sys, const char *path, struct rt_err *err);

#endif
