/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology_hwloc.h - what hwloc's objects are to kvmrt */
#ifndef RT_TOPOLOGY_HWLOC_H
#define RT_TOPOLOGY_HWLOC_H

#include <hwloc.h>

#include "core/model/topo.h"

/*
 * Fill an empty *topo, whose nodes and their memory are as hwloc has them: of a
 * file there is nothing else, of a host the kernel knows better
 * (topology_kernel.h). After a failure *topo has to be freed as well.
 */
int rt_hwloc_convert(hwloc_topology_t topology, struct rt_topo *topo,
		     struct rt_err *err);

#endif
