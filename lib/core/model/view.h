/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view.h - what each CPU and each device is to the guests
 *
 * Everything that shows a host to people or to programs takes it from here:
 * kvmrt, kvmrt-host, kvmrt-stat, kvmrt-show-config and its picture.
 *
 * Two lists of guests answer two questions. `now` has those that are active:
 * what they own is theirs at this moment. `file` has the enabled sections of
 * kvmrt.cfg, active or not: what they name is theirs once they start.
 */
#ifndef RT_VIEW_H
#define RT_VIEW_H

#include "guest.h"

/* What a CPU is to one guest. */
enum rt_use {
	RT_USE_NONE,	/* nothing */
	RT_USE_SHARED,	/* an ordinary guest's: its threads may run there */
	RT_USE_VCPU,	/* a real-time guest's, as are those below */
	RT_USE_SERVICE, /* emulator, iothreads, vhost, interrupts */
	RT_USE_OFFLINE, /* a sibling that is offline while it is active */
	RT_USE_IDLE,	/* a sibling that is left idle (smt = idle) */
};

/* "vCPU", "service", "offline", "idle", "shared"; "" for none. */
const char *rt_use_name(enum rt_use use);
/* *ret_vcpu, unless that is NULL, is set for RT_USE_VCPU. */
enum rt_use rt_guest_use(const struct rt_guest *guest, unsigned cpu,
			 unsigned *ret_vcpu);
/* Is any of the CPUs of use to it? */
bool rt_guest_uses(const struct rt_guest *guest, const struct rt_cpuset *cpus);

/* Borrowed guests. */
struct rt_guest_refs {
	const struct rt_guest **items;
	size_t n, size;
};

int rt_guest_refs_add(struct rt_guest_refs *refs, const struct rt_guest *guest,
		      struct rt_err *err);
void rt_guest_refs_fini(struct rt_guest_refs *refs);

/* The real-time guest whose CPU it is. */
struct rt_cpu_role {
	enum rt_use use;	      /* RT_USE_NONE: nobody's */
	const struct rt_guest *guest; /* NULL: nobody's */
	unsigned vcpu;
};
struct rt_cpu_role rt_cpu_role(const struct rt_guest_refs *refs, unsigned cpu);
/* Online CPUs that no real-time guest of these owns. */
struct rt_cpuset rt_housekeeping(const struct rt_guest_refs *refs,
				 const struct rt_topo *topo);
/* The guest to which the device is passed, or NULL. */
const struct rt_guest *rt_device_guest(const struct rt_guest_refs *refs,
				       const struct rt_pci_addr *addr);

struct rt_view {
	const struct rt_topo *topo;
	const struct rt_guest_refs *now, *file;
};

/*
 * "vCPU 0", "service", "offline", "idle"; "housekeeping" for an online CPU that
 * no active guest owns; "" for another that is offline.
 */
struct rt_role_text {
	char text[24];
};
struct rt_role_text rt_view_role(const struct rt_view *view, unsigned cpu);
/*
 * Who is to have it: "plc1: vCPU 0" or, of ordinary guests, "office, web".
 * Nothing for none.
 */
void rt_view_planned(const struct rt_view *view, unsigned cpu,
		     struct rt_strbuf *out);

#endif
