/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topology.h - the host's topology from hwloc
 *
 * The kernel forgets the topology of an offline CPU. The full topology is saved
 * in /run/kvmrt/topology.xml while kvmrt has taken no CPU offline.
 */
#ifndef RT_TOPOLOGY_H
#define RT_TOPOLOGY_H

#include "core/model/topo.h"
#include "sys.h"

/*
 * The topology of sys (live or captured). The saved one is used when it is
 * there and the set of present CPUs is still the same; then only `online` is
 * read again. Otherwise hwloc discovers CPUs, cores, dies, packages and CPU
 * kinds. Nodes are always the kernel's own (topology_kernel.h). A CPU that is
 * offline and in no saved topology is in `present`, in a core of its own, and
 * in the node that the kernel still names for it, if any.
 *
 * A saved file that cannot be trusted is an error while a CPU is offline, since
 * the core of that CPU is then not known.
 *
 * Changes the environment for hwloc and restores it, so it is not for programs
 * with several threads.
 */
int rt_topology_load(struct rt_sys *sys, struct rt_topo *ret_topo,
		     struct rt_err *err);

/* From an hwloc XML file, or a synthetic description ("pack:2 core:4 pu:2"). */
int rt_topology_load_file(const char *source, struct rt_topo *ret_topo,
			  struct rt_err *err);

/*
 * Save the present topology for the time when CPUs are offline. Call it with
 * the lock held and while kvmrt has taken no CPU offline. A saved topology that
 * knows all CPUs that are online now stays.
 */
int rt_topology_save(struct rt_sys *sys, struct rt_err *err);

#endif
