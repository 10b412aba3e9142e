/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology_kernel.h - what the kernel's own tables say of CPUs and nodes */
#ifndef RT_TOPOLOGY_KERNEL_H
#define RT_TOPOLOGY_KERNEL_H

#include "core/model/topo.h"
#include "sys.h"

int rt_kernel_cpus(struct rt_sys *sys, struct rt_cpuset *present,
		   struct rt_cpuset *online, struct rt_err *err);

/*
 * Join cores whose CPUs are siblings of each other: of AMD's compute units
 * hwloc makes two cores, and the kernel one.
 */
int rt_kernel_cores(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err);

/*
 * Replace topo->nodes: each node that is online has the CPUs of its cpulist,
 * and those of topo->present that are offline and linked to it. A node of
 * memory alone has none. topo->memory says whose memory is nearest where a
 * node has CPUs and no memory (strict allocation from it would fail).
 */
int rt_kernel_nodes(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err);

/*
 * Add the L3 caches, numbered in the order of their first CPUs, to an empty
 * level. The kernel tells of those of online CPUs alone: an offline CPU is in
 * its siblings' one. None where the kernel does not say.
 */
int rt_kernel_l3s(struct rt_sys *sys, const struct rt_topo *topo,
		  struct rt_topo_level *level, struct rt_err *err);

/* Add the kinds of a hybrid processor to topo->kinds, slowest first. */
int rt_kernel_kinds(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err);

/*
 * Add the L3 caches to topo->caches, unless there are some. Only those who want
 * to know call it: that is a file for each CPU, and more.
 */
int rt_kernel_caches(struct rt_sys *sys, struct rt_topo *topo,
		     struct rt_err *err);

#endif
