/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_lock.h - one program at a time changes kvmrt.cfg for a person
 *
 * The lock is FILE.lock beside the file, with the holder's pid in it, and goes
 * with its holder. kvmrt-sync and kvmrt-import do not take it: they write at
 * once, and a file that was written meanwhile is refused (config_file.h).
 */
#ifndef RT_CONFIG_LOCK_H
#define RT_CONFIG_LOCK_H

#include "host/config_file.h"

struct rt_config_lock {
	char *path;
	int fd; /* -1: not held */
};

/* Does not wait: an error names the process that holds it. */
int rt_config_lock_take(const struct rt_sys *sys,
			const struct rt_config_file *file,
			struct rt_config_lock *ret, struct rt_err *err);
void rt_config_lock_release(struct rt_config_lock *lock);

/* The file's path on this host with that at its end; NULL: no memory. */
char *rt_config_beside(const struct rt_sys *sys,
		       const struct rt_config_file *file, const char *end);

#endif
