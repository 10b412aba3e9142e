/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adopt.h - put a running guest on record */
#ifndef RT_ADOPT_H
#define RT_ADOPT_H

#include "core/model/topo.h"
#include "store.h"

/*
 * The pid of a guest's QEMU, from libvirt's file below /run/libvirt/qemu.
 * -ENOENT when it does not run.
 */
int rt_guest_pid(struct rt_sys *sys, const char *name, unsigned *ret_pid,
		 struct rt_err *err);

/*
 * Save the topology for the time when siblings are offline, unless it is saved
 * already or kvmrt has taken some offline. Call it before the first guest is
 * adopted.
 */
int rt_adopt_topology(struct rt_store *store, const struct rt_topo *topo,
		      struct rt_err *err);

/*
 * Record that this guest runs as process pid, tuned as *guest says from now
 * on; rt_reconcile then does it. A record that is there is replaced.
 */
int rt_adopt(struct rt_store *store, const struct rt_guest *guest,
	     unsigned long long memory_kib, enum rt_stage stage, unsigned pid,
	     struct rt_err *err);

#endif
