/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check.h - the rules that a configuration must obey on a host
 *
 * What the text alone shows to be wrong (unknown keys, duplicate names, a CPU
 * that the host does not have) is found by rt_config_parse and
 * rt_guest_resolve. Here are the rules between a guest, the host and the other
 * guests. The codes are stable; kvmrt.cfg(5) explains each.
 *
 * Errors:
 *   rt-no-cpuset       a real-time guest without cpuset
 *   rt-no-memory-lock  a real-time guest with rt_memory = false
 *   too-few-cpus       a real-time guest with fewer usable CPUs than
 *                      nr_vcpus + 1
 *   topology-product   cpu_topology does not come to nr_vcpus
 *   cpu-overlap        CPUs of a real-time guest that another guest uses
 *   no-housekeeping    no online CPU is left for the host
 *   cpu-stays-up       an SMT sibling that cannot go offline
 *   pci-missing        a device that the host does not have
 *   pci-bridge         a bridge
 *   pci-shared         a device of two guests
 *   pci-group          an IOMMU group that is not passed as a whole
 * Warnings:
 *   few-cpus           an ordinary guest with fewer CPUs than nr_vcpus + 1
 *   offline-cpu        a CPU of cpuset is offline, and not our doing
 *   several-nodes      a real-time cpuset over several NUMA nodes
 *   numatune-off       a real-time guest whose memory is not bound
 *   numatune-outside   a real-time guest's memory off its CPUs' nodes
 *   rt-cpu0, rt-node0  a real-time guest on CPU 0, on node 0
 *   mixed-cores        fast and slow cores in one real-time cpuset
 *   shared-node        another guest's CPUs on a real-time guest's node
 *   shared-memory      another guest's memory on a real-time guest's node
 *   pci-no-iommu       a passed device without an IOMMU group
 *   pci-far            a passed device on another node than the guest's CPUs
 *   pci-neighbour      another guest's device local to a real-time guest
 *   host-device        a device of the host local to a real-time guest
 *   managed-irq        interrupts that the kernel keeps on owned CPUs
 *   only-rt            smt, vcpu_sched or suppress of an ordinary guest
 *   vcpu-fifo          vCPUs that are SCHED_FIFO
 *
 * What says nothing is not reported: NUMA rules need a host of more than one
 * node, and a device that is local to every CPU is local to none in particular.
 */
#ifndef RT_CHECK_H
#define RT_CHECK_H

#include "core/model/facts.h"
#include "core/model/guest.h"
#include "core/base/report.h"

struct rt_check {
	const struct rt_config *config;
	const struct rt_guests *guests;
	const struct rt_topo *topo;
	const struct rt_facts *facts; /* NULL: host devices are not known, as
					 with --topology */
	bool all;		      /* disabled guests too */
	/* Only findings that concern this guest (NULL: everything). */
	const char *uuid;
	bool brief; /* no search for what else could be written */
};

/* Add what is wrong to *report. Pure; never fails but for memory. */
void rt_check(const struct rt_check *check, struct rt_report *report);

#endif
