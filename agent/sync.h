/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync.h - kvmrt-sync: kvmrt.cfg and libvirt's definitions stay in step
 *
 * It notices edits on either side (libvirt's events; the files below
 * /etc/libvirt/qemu, since setvcpus --config and the like send no event;
 * kvmrt.cfg; a hook that refused a start), waits until no hook of that guest
 * runs, and brings both in step with rt_sync_guest. It notifies kvmrt-agent, if
 * one runs, of each guest's state and devices: see told.c.
 */
#ifndef RT_AGENT_SYNC_H
#define RT_AGENT_SYNC_H

#include "host/log.h"
#include "virt/sync.h"
#include "virt/watch.h"

/* Guests to check; `all` when kvmrt.cfg has changed. */
struct dirty {
	char (*uuids)[RT_UUID_LEN + 1];
	size_t n, size;
	bool all;
};

struct sync {
	struct rt_sys sys;
	struct rt_log log;
	struct rt_topo topo;
	struct rt_virt virt;
	bool connected, lost; /* lost: reported by libvirt, not closed yet */
	bool had;	      /* a connection, once */
	int guard;	      /* the agent's socket; -1: it is not there */
	int guard_watch;      /* of libvirt's loop */
	bool devices;	      /* each guest's are to be sent */
	int inotify, inotify_watch;
	int in_etc, in_libvirt, in_kvmrt, in_run; /* inotify's numbers */
	int timer, guard_timer;
	struct dirty dirty;
	struct rt_sync_partials partials;
	unsigned failures, guard_failures;
};

/* An edit comes as several events: one check for all of them. */
#define SETTLE_MS 150
/* A hook runs, or the daemon is not back yet. */
#define LATER_MS     1000
#define LATER_MAX_MS 60000

/* --- sync_guard.c --- */

/*
 * Connect to the agent, if it is there and we are not connected, and have
 * everything sent. If it is there and does not accept, try again later.
 */
void sync_find_guard(struct sync *sync);
/*
 * "guest UUID TEXT" and such, a line. An agent that does not read is
 * disconnected.
 */
void sync_tell(struct sync *sync, const char *fmt, ...) RT_PRINTF(2, 3);
/* The PCI devices that a guest has, if it runs; or those of all. */
void sync_tell_devices(struct sync *sync, const char *uuid);
void sync_tell_all_devices(struct sync *sync);

/* --- sync_work.c --- */

void dirty_add(struct dirty *dirty, const char *uuid);
void dirty_fini(struct dirty *dirty);

/* Those between prepare and started are checked until they are not. */
void sync_add_starting(struct sync *sync);

/*
 * Bring all dirty guests in step. Those whose hook runs now stay dirty. Returns
 * true when something is left to be done later.
 */
bool sync_work(struct sync *sync);

#endif
