/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.h - one guest's section resolved on a host: `auto` worked out, CPUs
 * dealt out
 *
 *   cpuset   what the user named, as CPU numbers
 *   owned    RT: cpuset and all SMT siblings of it
 *   usable   cpuset less offline: what threads of the guest may run on
 *   offline  RT: for each core, all threads but the one used; none with
 *            smt = idle, where they stay online and nobody runs on them
 *   vcpus    RT: the first nr_vcpus of usable; vCPU i runs on the i-th
 *   service  usable less vcpus: emulator, iothreads, vhost and the rest
 *   irq_cpu  RT: the last service CPU: the guest's vfio interrupts go there
 *
 * RT and SMT: the lowest named thread of a core is used. An ordinary guest owns
 * no CPU and takes none offline; all of its cpuset is usable and service.
 */
#ifndef RT_GUEST_H
#define RT_GUEST_H

#include "core/config/config.h"
#include "topo.h"

struct rt_guest {
	char uuid[RT_UUID_LEN + 1];
	char *name, *title, *description;
	const struct rt_section *section; /* borrowed from the config; may be
					     NULL (guest read from a journal) */
	bool rt, disabled, hide_kvm;
	bool locked; /* guest memory is to be locked */
	unsigned nr_vcpus;
	unsigned sockets, cores, threads;
	struct rt_cpuset cpuset, owned, usable, offline, vcpus, service;
	int irq_cpu;		/* -1: none */
	struct rt_cpuset nodes; /* host NUMA nodes; empty: not bound */
	struct rt_pci_set pcidevs;
	uint32_t suppress;  /* RT: rt_suppress_words */
	unsigned vcpu_fifo; /* RT: vCPUs' SCHED_FIFO priority; 0: SCHED_OTHER */
};

/*
 * Work out a section on a host. What cannot be resolved (a CPU that the host
 * does not have, too few CPUs for `auto`) becomes a finding; *ret_guest is then
 * as complete as can be. Negative only when memory is short.
 */
int rt_guest_resolve(const struct rt_config *config,
		     const struct rt_section *section,
		     const struct rt_topo *topo, struct rt_guest *ret_guest,
		     struct rt_report *report, struct rt_err *err);
/* Owned, online, and of no use to anybody: siblings with smt = idle. */
struct rt_cpuset rt_guest_idle(const struct rt_guest *guest);
/*
 * Deal the usable CPUs out: the first nr_vcpus to the vCPUs, the others to the
 * rest.
 */
void rt_guest_deal(struct rt_guest *guest, unsigned nr_vcpus);
void rt_guest_fini(struct rt_guest *guest);

struct rt_guests {
	struct rt_guest *items;
	size_t n, size;
};

/*
 * All sections, disabled ones too, in file order. Findings about disabled ones
 * are left out; who wants them resolves that section by itself.
 */
int rt_guests_resolve(const struct rt_config *config,
		      const struct rt_topo *topo, struct rt_guests *ret_guests,
		      struct rt_report *report, struct rt_err *err);
void rt_guests_fini(struct rt_guests *guests);
struct rt_guest *rt_guests_find(const struct rt_guests *guests,
				const char *uuid);

#endif
