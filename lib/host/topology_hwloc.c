/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology_hwloc.c - what hwloc's objects are to kvmrt */
#include "topology_hwloc.h"

#include <limits.h>

/* A CPU above RT_CPUS_MAX is refused, not dropped. */
static int to_set(hwloc_const_bitmap_t bitmap, struct rt_cpuset *ret,
		  struct rt_err *err)
{
	struct rt_cpuset set = { 0 };

	for (int cpu = hwloc_bitmap_first(bitmap); cpu >= 0;
	     cpu = hwloc_bitmap_next(bitmap, cpu)) {
		if (cpu >= RT_CPUS_MAX)
			return rt_fail(err, 0, "the topology has CPU %d", cpu);
		rt_cpuset_add(&set, (unsigned)cpu);
	}
	*ret = set;
	return 0;
}

static int add_object(struct rt_topo_level *level, unsigned number,
		      hwloc_const_bitmap_t bitmap, struct rt_err *err)
{
	struct rt_cpuset cpus;
	int r = to_set(bitmap, &cpus, err);

	return r < 0 ? r : rt_topo_add(level, number, &cpus, err);
}

static int add_level(hwloc_topology_t topology, hwloc_obj_type_t type,
		     struct rt_topo_level *level, struct rt_err *err)
{
	hwloc_obj_t obj = NULL;
	int r = 0;

	while (r == 0 &&
	       (obj = hwloc_get_next_obj_by_type(topology, type, obj)))
		r = add_object(level, obj->logical_index, obj->cpuset, err);
	return r;
}

/* Does the node come before the other: fewer CPUs near it, lower number? */
static bool is_nearer(hwloc_obj_t node, hwloc_obj_t other)
{
	const int a = hwloc_bitmap_weight(node->cpuset);
	const int b = hwloc_bitmap_weight(other->cpuset);

	return a != b ? a < b : node->os_index < other->os_index;
}

/* *ret_cpus: those near the node that are near to no node before it. */
static int node_cpus(hwloc_topology_t topology, hwloc_obj_t node,
		     struct rt_cpuset *ret_cpus, struct rt_err *err)
{
	hwloc_obj_t other = NULL;
	int r = to_set(node->cpuset, ret_cpus, err);

	while (r == 0 && (other = hwloc_get_next_obj_by_type(
				  topology, HWLOC_OBJ_NUMANODE, other))) {
		struct rt_cpuset cpus;

		if (!is_nearer(other, node))
			continue;
		r = to_set(other->cpuset, &cpus, err);
		if (r == 0)
			rt_cpuset_minus(ret_cpus, &cpus);
	}
	return r;
}

/*
 * Of a file; a host's kernel has tables of its own. A CPU is in one node for
 * the kernel. hwloc also gives the CPUs near it to a node of memory alone; such
 * a node has none here.
 */
static int add_nodes(hwloc_topology_t topology, struct rt_topo_level *level,
		     struct rt_err *err)
{
	struct rt_cpuset order;
	int r = to_set(hwloc_get_root_obj(topology)->nodeset, &order, err);

	if (r < 0)
		return r;
	RT_CPUSET_FOREACH(number, &order)
	{
		const hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(
			topology, (unsigned)number);
		struct rt_cpuset cpus = { 0 };

		r = node_cpus(topology, node, &cpus, err);
		if (r == 0)
			r = rt_topo_add(level, (unsigned)number, &cpus, err);
		if (r < 0)
			return r;
	}
	return r;
}

static unsigned distance_of(const struct hwloc_distances_s *matrix,
			    unsigned from, unsigned to)
{
	unsigned i = 0, j = 0;

	while (i < matrix->nbobjs && matrix->objs[i]->os_index != from)
		i++;
	while (j < matrix->nbobjs && matrix->objs[j]->os_index != to)
		j++;
	return i < matrix->nbobjs && j < matrix->nbobjs ?
		       (unsigned)matrix->values[i * matrix->nbobjs + j] :
		       UINT_MAX;
}

/* Without distances in the file each node is as far as the others. */
static void copy_distances(hwloc_topology_t topology,
			   const struct rt_topo_level *nodes,
			   unsigned *distances)
{
	struct hwloc_distances_s *matrix;
	unsigned n = 1;

	if (hwloc_distances_get_by_type(
		    topology, HWLOC_OBJ_NUMANODE, &n, &matrix,
		    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) < 0 ||
	    n == 0)
		return;
	for (size_t i = 0; i < nodes->n; i++)
		for (size_t j = 0; j < nodes->n; j++)
			*distances++ =
				distance_of(matrix, nodes->items[i].number,
					    nodes->items[j].number);
	hwloc_distances_release(topology, matrix);
}

static int add_memory(hwloc_topology_t topology, struct rt_topo *topo,
		      struct rt_err *err)
{
	const size_t n = topo->nodes.n;
	RT_AUTO_FREE unsigned *distances =
		calloc(n * n + 1, sizeof(*distances));
	struct rt_cpuset with = { 0 };

	if (!distances)
		return rt_fail_memory(err);
	for (size_t i = 0; i < n; i++) {
		const unsigned number = topo->nodes.items[i].number;

		if (hwloc_get_numanode_obj_by_os_index(topology, number)
			    ->attr->numanode.local_memory)
			rt_cpuset_add(&with, number);
	}
	copy_distances(topology, &topo->nodes, distances);
	return rt_topo_set_memory(topo, &with, distances, err);
}

/* Slowest first. Kinds whose speeds hwloc cannot rank count as one. */
static int add_kinds(hwloc_topology_t topology, struct rt_topo_level *level,
		     struct rt_err *err)
{
	const int n = hwloc_cpukinds_get_nr(topology, 0);
	hwloc_bitmap_t bitmap = n > 1 ? hwloc_bitmap_alloc() : NULL;
	int r = 0;

	if (n > 1 && !bitmap)
		return rt_fail_memory(err);
	for (int i = 0; i < n && n > 1 && r == 0; i++) {
		int efficiency = -1;

		if (hwloc_cpukinds_get_info(topology, (unsigned)i, bitmap,
					    &efficiency, NULL, NULL, 0) < 0 ||
		    efficiency < 0)
			break;
		r = add_object(level, (unsigned)i, bitmap, err);
	}
	hwloc_bitmap_free(bitmap);
	return r;
}

int rt_hwloc_convert(hwloc_topology_t topology, struct rt_topo *topo,
		     struct rt_err *err)
{
	const hwloc_obj_t top = hwloc_get_root_obj(topology);
	int r = to_set(top->complete_cpuset, &topo->present, err);

	if (r == 0)
		r = to_set(top->cpuset, &topo->online, err);
	if (r == 0)
		r = add_level(topology, HWLOC_OBJ_CORE, &topo->cores, err);
	if (r == 0 && topo->cores.n == 0)
		r = add_level(topology, HWLOC_OBJ_PU, &topo->cores, err);
	if (r == 0)
		r = add_level(topology, HWLOC_OBJ_PACKAGE, &topo->packages,
			      err);
	if (r == 0 && topo->packages.n == 0)
		r = rt_topo_add(&topo->packages, 0, &topo->online, err);
	if (r == 0)
		r = add_level(topology, HWLOC_OBJ_DIE, &topo->dies, err);
	/* hwloc leaves dies out where each package is one. */
	if (r == 0 && topo->dies.n == 0)
		r = add_level(topology, HWLOC_OBJ_PACKAGE, &topo->dies, err);
	if (r == 0 && topo->dies.n == 0)
		r = rt_topo_add(&topo->dies, 0, &topo->online, err);
	if (r == 0)
		r = add_level(topology, HWLOC_OBJ_L3CACHE, &topo->caches, err);
	if (r == 0)
		r = add_nodes(topology, &topo->nodes, err);
	if (r == 0)
		r = add_memory(topology, topo, err);
	if (r == 0)
		r = add_kinds(topology, &topo->kinds, err);
	return r;
}
