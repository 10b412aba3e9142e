/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h - the guests as they are now, read from the host
 *
 * Nothing is changed and no lock is taken: a guest that is being started or
 * ended at this moment may show half of it.
 */
#ifndef RT_SCAN_H
#define RT_SCAN_H

#include "core/plan/state.h"
#include "host/counts.h"
#include "load.h"

/* A thread of a guest, as far as facts.h does not have it. */
struct rt_thread_now {
	int last_cpu;		     /* -1: not known */
	unsigned policy, priority;   /* SCHED_..., its real-time priority */
	unsigned long long delay_ns; /* waited for a CPU in all */
	unsigned long long switches; /* taken off its CPU */
};

struct rt_scanned {
	struct rt_journal journal;
	bool hidden; /* only root may read the record: nobody is active here */
	struct rt_facts facts;
	struct rt_plan plan;
	struct rt_states states;
	/*
	 * The guests that are active. When only root may read the record, they
	 * are those of the file that run, as the file has them.
	 */
	struct rt_guest_refs now;
};

int rt_scan(struct rt_loaded *loaded, struct rt_scanned *ret_looked,
	    struct rt_err *err);
/* The record and `now` alone: not whether a guest is what it should be. */
int rt_scan_record(struct rt_loaded *loaded, struct rt_scanned *ret_looked,
		   struct rt_err *err);
void rt_scanned_fini(struct rt_scanned *scanned);

/* Borrows both. */
struct rt_view rt_scanned_view(const struct rt_loaded *loaded,
			       const struct rt_scanned *scanned);

/* Does libvirt say that it runs, and is there such a process? */
bool rt_guest_runs(struct rt_sys *sys, const char *name, unsigned *ret_pid);
/*
 * The names of all guests that run, known to kvmrt or not: libvirt has a file
 * for each, named by the guest.
 */
int rt_guests_running(struct rt_sys *sys, struct rt_names *ret_names,
		      struct rt_err *err);

/* NULL when the guest is not active, or has no process. */
const struct rt_guest_state *rt_scanned_state(const struct rt_scanned *scanned,
					      const char *uuid);
const struct rt_process *rt_scanned_process(const struct rt_scanned *scanned,
					    const char *uuid);

/* "vcpu" */
const char *rt_role_name(enum rt_role role);

/* False when the thread has gone. */
bool rt_scan_thread(struct rt_sys *sys, const struct rt_thread *thread,
		    struct rt_thread_now *ret);

#endif
