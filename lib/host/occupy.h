/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * occupy.h - no CPU is idle while its shield goes up
 *
 * A CPU whose tick is stopped when it loses its scheduling domain stays in the
 * kernel's nohz.idle_cpus_mask: only a busy tick of a CPU with a domain takes
 * it out [6.7 to 7.3]. The kernel then makes it the idle load balancer of the
 * whole host, which costs it some 400 interrupts a second. A CPU that is busy
 * for a tick, and still busy when the domain goes, is not in the mask.
 */
#ifndef RT_OCCUPY_H
#define RT_OCCUPY_H

#include <stddef.h>
#include <sys/types.h>

#include "sys.h"

struct rt_occupied {
	pid_t *pids;
	size_t n;
};

/*
 * Each online CPU that is exclusively the cgroup's has been busy for longer
 * than a tick when this returns, and stays so until rt_occupied_end(). What
 * occupies it is of class SCHED_IDLE and within the cgroup: it takes no time
 * that another task wants, and is moved by nothing. It ends with its parent,
 * and after two seconds of its own. On a captured host, and where it cannot be
 * done, nothing happens: a guest whose CPUs are interrupted runs, too.
 */
void rt_occupy(struct rt_sys *sys, const char *cgroup,
	       struct rt_occupied *ret_occupied);
void rt_occupied_end(struct rt_occupied *occupied);

#endif
