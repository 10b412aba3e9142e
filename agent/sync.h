/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync.h - kvmrt-sync: the agent's helper that talks to libvirt
 *
 * It hears of edits on either side (libvirt's events; the files below
 * /etc/libvirt/qemu, since setvcpus --config and its like send no event;
 * kvmrt.cfg; a hook that refused a start), waits until no hook of that guest
 * runs, and puts both in step with rt_sync_guest. The guard starts it and
 * hears from it; see helper.c for what they say.
 */
#ifndef RT_AGENT_SYNC_H
#define RT_AGENT_SYNC_H

#include "host/log.h"
#include "virt/sync.h"
#include "virt/watch.h"

/* Guests to look at; `all` when kvmrt.cfg has changed. */
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
	bool connected, lost; /* lost: told by libvirt, not closed yet */
	bool had;	      /* a connection, once */
	int guard;	      /* socket; -1 when started by hand */
	int inotify;
	int in_etc, in_libvirt, in_kvmrt, in_run; /* inotify's numbers */
	int timer;
	struct dirty dirty;
	bool quit;
	unsigned failures;
};

/* --- sync.c --- */

/* "guest UUID TEXT" and such, to the guard. */
void sync_tell(struct sync *sync, const char *fmt, ...) RT_PRINTF(2, 3);

/* --- sync_work.c --- */

void dirty_add(struct dirty *dirty, const char *uuid);
void dirty_fini(struct dirty *dirty);

/* Those between prepare and started are looked at until they are not. */
void sync_add_starting(struct sync *sync);

/*
 * Put all dirty guests in step. Those whose hook runs now stay dirty. Returns
 * true when something is left to be done later.
 */
bool sync_work(struct sync *sync);

#endif
