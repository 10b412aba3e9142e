/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adopt.c - put a running guest on record */
#include "adopt.h"

#include <stdio.h>

#include "probe.h"
#include "reconcile.h"
#include "topology.h"

int rt_guest_pid(struct rt_sys *sys, const char *name, unsigned *ret_pid,
		 struct rt_err *err)
{
	char text[32], end;
	int r;

	if (!rt_config_name_is_valid(name))
		return rt_fail(err, 0,
			       "'%s' is not a name that a guest can have",
			       name);
	r = rt_sys_readf(sys, text, sizeof(text), err,
			 "run/libvirt/qemu/%s.pid", name);
	if (r == 0 && sscanf(text, "%u%c", ret_pid, &end) != 1)
		r = rt_fail(err, 0,
			    "/run/libvirt/qemu/%s.pid holds '%s', which is not "
			    "a pid",
			    name, text);
	return r < 0 ? rt_wrap(err, "find its process") : 0;
}

/*
 * Has kvmrt taken any CPU offline? Then the kernel does not know that CPU's
 * topology.
 */
static bool any_offline(const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_saved; i++) {
		if (!journal->saved[i].done &&
		    strstr(journal->saved[i].path, "/online"))
			return true;
	}
	return false;
}

int rt_adopt_topology(struct rt_store *store, const struct rt_topo *topo,
		      struct rt_err *err)
{
	if (topo->saved || any_offline(&store->journal))
		return 0;
	return rt_topology_save(store->sys, err);
}

int rt_adopt(struct rt_store *store, const struct rt_guest *guest,
	     unsigned long long memory_kib, enum rt_stage stage, unsigned pid,
	     struct rt_err *err)
{
	struct rt_active active = {
		.guest = *guest, /* borrowed: only formatted */
		.stage = stage,
		.pid = pid,
		.memory_kib = memory_kib,
	};
	int r = rt_task_start(store->sys, pid, pid, &active.start, err);

	if (r < 0)
		return rt_wrap(err, "find process %u", pid);
	return rt_reconcile_add(store, &active, err);
}
