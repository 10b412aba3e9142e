/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topology.h - the host's topology from hwloc
 *
 * The kernel forgets the topology of an offline CPU. The full topology is
 * kept in /run/kvmrt/topology.xml from a time when nothing was offline by us.
 */
#ifndef RT_TOPOLOGY_H
#define RT_TOPOLOGY_H

#include "core/model/topo.h"
#include "sys.h"

/*
 * The topology of sys (live or captured). The kept one is used when it is
 * there and the set of present CPUs is still the same; then only `online` is
 * read anew.  Otherwise hwloc discovers it, CPUs, cores, dies, packages,
 * nodes and CPU kinds only. A CPU that is offline and in no kept topology is
 * in `present`, in a core of its own, and in the node that the kernel still
 * names for it, if any.
 *
 * A kept file that cannot be trusted is an error while a CPU is offline: what
 * that CPU's core is can then not be known.
 *
 * Changes the environment for hwloc and puts it back: not for programs with
 * several threads.
 */
int rt_topology_load(struct rt_sys *sys, struct rt_topo *ret_topo,
		     struct rt_err *err);

/* From an hwloc XML file, or a synthetic description ("pack:2 core:4 pu:2"). */
int rt_topology_load_file(const char *source, struct rt_topo *ret_topo,
			  struct rt_err *err);

/*
 * Keep the present topology for the time when CPUs are down. Called with the
 * lock held and nothing offline by us. A kept one that knows all CPUs that are
 * online now stays.
 */
int rt_topology_save(struct rt_sys *sys, struct rt_err *err);

#endif
