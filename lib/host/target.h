/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * target.h - read and write what a step names: a file, a task's affinity or
 * cgroup, irqbalance's list
 */
#ifndef RT_TARGET_H
#define RT_TARGET_H

#include "core/model/facts.h"
#include "sys.h"

/* Room for any value, of which lists of CPUs are the longest. */
#define RT_VALUE_MAX RT_CPULIST_MAX

/*
 * What the target holds, as text. -ENOENT or -ESRCH when it is gone: the file,
 * the task (another task under the same number does not count), the daemon.
 */
int rt_target_read(struct rt_sys *sys, enum rt_kind kind, const char *path,
		   char *buf, size_t size, struct rt_err *err);

/* One attempt. The error says why in the user's terms where that is known. */
int rt_target_write(struct rt_sys *sys, enum rt_kind kind, const char *path,
		    const char *value, struct rt_err *err);

#endif
