/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock.h - the one lock that hook, agent and tools hold while they work
 *
 * /run/kvmrt/lock is taken with flock. A process that waits says so in
 * /run/kvmrt/waiting: a read lock of the byte whose number is the time at which
 * it gives up (CLOCK_MONOTONIC, in milliseconds). So
 *
 *   - whoever gives up first is served first; of those with equal limits, that
 *     is the one that came first;
 *   - a process that does not wait (the agent, to scan) leaves the lock to all
 *     that do;
 *   - a claim ends with its process, and at its time in any case, so a process
 *     that is stopped by a signal delays nobody for longer than it would have
 *     waited.
 *
 * These are locks of open files (F_OFD_SETLK, Linux 3.15). A program of an
 * earlier version does not use them: it waits without a claim, and is served by
 * chance.
 */
#ifndef RT_LOCK_H
#define RT_LOCK_H

#include "sys.h"

#define RT_LOCK_LIMIT_MS 10000

/*
 * Take the lock in /run/kvmrt (dir), waiting limit_ms at most. With a limit of
 * 0 it is not taken while anybody waits. Returns the descriptor that holds it;
 * closing that releases the lock. -EAGAIN: the holder is named if it is known.
 */
int rt_lock_take(int dir, unsigned limit_ms, struct rt_err *err);

#endif
