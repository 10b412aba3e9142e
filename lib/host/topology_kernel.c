/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology_kernel.c - what the kernel's own tables say of CPUs and nodes */
#include "topology_kernel.h"

#include <errno.h>

#define NODE	   "sys/devices/system/node"
#define CACHE	   "sys/devices/system/cpu/cpu%u/cache/index%u/"
#define CACHES_MAX 8 /* of a CPU */

static int read_set(struct rt_sys *sys, const char *file,
		    struct rt_cpuset *ret_set, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_readf(sys, text, sizeof(text), err,
			     "sys/devices/system/cpu/%s", file);

	if (r == 0)
		r = rt_cpuset_parse_list(text, ret_set, err);
	if (r == 0 && rt_cpuset_is_empty(ret_set))
		r = rt_fail(err, 0, "no CPU of this host is %s", file);
	return r;
}

int rt_kernel_cpus(struct rt_sys *sys, struct rt_cpuset *present,
		   struct rt_cpuset *online, struct rt_err *err)
{
	int r = read_set(sys, "present", present, err);

	return r < 0 ? r : read_set(sys, "online", online, err);
}

/* The kernel still names the node of a CPU that is offline. */
static void add_offline(struct rt_sys *sys, unsigned cpu,
			struct rt_topo_level *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		char path[96];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/node%u", cpu,
			 nodes->items[i].number);
		if (rt_sys_exists(sys, path)) {
			rt_cpuset_add(&nodes->items[i].cpus, cpu);
			return;
		}
	}
}

static int read_nodes(struct rt_sys *sys, const struct rt_cpuset *numbers,
		      struct rt_topo_level *nodes, struct rt_err *err)
{
	RT_CPUSET_FOREACH(node, numbers)
	{
		struct rt_cpuset cpus;
		char path[64];
		int r;

		snprintf(path, sizeof(path), NODE "/node%d/cpulist", node);
		r = rt_sys_read_cpus(sys, path, &cpus, err);
		if (r == 0)
			r = rt_topo_add(nodes, (unsigned)node, &cpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The core of a CPU that is online, as the kernel has it: the newer file [5.3],
 * or the older one.
 */
static int read_siblings(struct rt_sys *sys, const struct rt_cpuset *core,
			 const struct rt_cpuset *online,
			 struct rt_cpuset *ret_siblings, struct rt_err *err)
{
	static const char *const files[] = { "core_cpus_list",
					     "thread_siblings_list" };
	struct rt_cpuset up = *core;
	int r = -ENOENT;

	rt_cpuset_and(&up, online);
	if (rt_cpuset_is_empty(&up))
		return r;
	for (size_t i = 0; r == -ENOENT && i < 2; i++) {
		char path[80];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%d/topology/%s",
			 rt_cpuset_next(&up, -1), files[i]);
		r = rt_sys_read_cpus(sys, path, ret_siblings, err);
	}
	return r;
}

int rt_kernel_cores(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err)
{
	struct rt_topo_level *cores = &topo->cores;

	for (size_t i = 0; i < cores->n; i++) {
		struct rt_cpuset *cpus = &cores->items[i].cpus;
		struct rt_cpuset siblings;
		size_t n = i + 1;
		int r = read_siblings(sys, cpus, &topo->online, &siblings, err);

		if (r < 0 && r != -ENOENT)
			return r;
		if (r < 0 || rt_cpuset_is_subset(&siblings, cpus))
			continue;
		for (size_t k = n; k < cores->n; k++) {
			if (rt_cpuset_intersects(&cores->items[k].cpus,
						 &siblings))
				rt_cpuset_or(cpus, &cores->items[k].cpus);
			else
				cores->items[n++] = cores->items[k];
		}
		cores->n = n;
	}
	for (size_t i = 0; i < cores->n; i++)
		cores->items[i].number = (unsigned)i;
	return 0;
}

/* The distances from a node, in the order of the nodes that are online. */
static void read_distances(struct rt_sys *sys, unsigned node,
			   unsigned *distances, size_t n)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_err ignored;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), NODE "/node%u/distance", node);
	if (rt_sys_read_all(sys, path, n * 12 + 64, &text, &len, &ignored) < 0)
		return;
	for (const char *at = text; n--; distances++) {
		char *end;

		*distances = (unsigned)strtoul(at, &end, 10);
		if (end == at)
			return;
		at = end;
	}
}

/* A kernel that does not say which nodes have memory has it on all. */
static int read_memory(struct rt_sys *sys, struct rt_topo *topo,
		       struct rt_err *err)
{
	const size_t n = topo->nodes.n;
	RT_AUTO_FREE unsigned *distances = NULL;
	struct rt_cpuset with = { 0 };
	int r = rt_sys_read_cpus(sys, NODE "/has_memory", &with, err);

	if (r < 0 && r != -ENOENT)
		return r;
	distances = calloc(n * n + 1, sizeof(*distances));
	if (!distances)
		return rt_fail_memory(err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const unsigned number = topo->nodes.items[i].number;

		if (!rt_cpuset_has(&with, number))
			read_distances(sys, number, distances + i * n, n);
	}
	return rt_topo_set_memory(topo, &with, distances, err);
}

int rt_kernel_nodes(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err)
{
	struct rt_topo_level nodes = { 0 };
	struct rt_cpuset numbers, unplaced = topo->present;
	int r = rt_sys_read_cpus(sys, NODE "/online", &numbers, err);

	/* A kernel without NUMA has no such directory. */
	if (r == -ENOENT)
		r = rt_topo_add(&nodes, 0, &topo->present, err);
	else if (r == 0)
		r = read_nodes(sys, &numbers, &nodes, err);
	if (r < 0) {
		free(nodes.items);
		return r;
	}
	for (size_t i = 0; i < nodes.n; i++)
		rt_cpuset_minus(&unplaced, &nodes.items[i].cpus);
	RT_CPUSET_FOREACH(cpu, &unplaced)
	{
		add_offline(sys, (unsigned)cpu, &nodes);
	}
	free(topo->nodes.items);
	topo->nodes = nodes;
	return read_memory(sys, topo, err);
}

int rt_kernel_l3s(struct rt_sys *sys, const struct rt_topo *topo,
		  struct rt_topo_level *level, struct rt_err *err)
{
	struct rt_cpuset left = topo->online;
	unsigned number = 0;
	int cpu;

	while ((cpu = rt_cpuset_first(&left)) >= 0) {
		struct rt_cpuset shared;
		struct rt_err ignored;
		char path[80];
		int r;

		rt_cpuset_remove(&left, (unsigned)cpu);
		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%d/cache/index3/"
			 "shared_cpu_list",
			 cpu);
		if (rt_sys_read_cpus(sys, path, &shared, &ignored) < 0)
			continue;
		shared = rt_topo_siblings(topo, &shared);
		rt_cpuset_minus(&left, &shared);
		r = rt_topo_add(level, number++, &shared, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The kernel says which CPUs are of which kind; hwloc would ask each CPU. */
int rt_kernel_kinds(struct rt_sys *sys, struct rt_topo *topo,
		    struct rt_err *err)
{
	static const char *const kinds[] = { "cpu_atom", "cpu_core" };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 2; i++) {
		char text[RT_CPULIST_MAX];
		struct rt_cpuset cpus;

		if (rt_sys_readf(sys, text, sizeof(text), err,
				 "sys/devices/%s/cpus", kinds[i]) < 0)
			return 0;
		r = rt_cpuset_parse_list(text, &cpus, err);
		if (r < 0)
			return r;
		/* Offline threads are not in the list, their cores are. */
		cpus = rt_topo_siblings(topo, &cpus);
		r = rt_topo_add(&topo->kinds, i, &cpus, err);
	}
	return r;
}

/* The CPUs that share the L3 cache of one that is online; none: it has none. */
static int read_cache(struct rt_sys *sys, unsigned cpu, struct rt_cpuset *ret,
		      struct rt_err *err)
{
	for (unsigned i = 0; i < CACHES_MAX; i++) {
		char path[96], level[16];
		struct rt_err ignored;

		if (rt_sys_readf(sys, level, sizeof(level), &ignored,
				 CACHE "level", cpu, i) < 0 ||
		    strcmp(level, "3") != 0)
			continue;
		snprintf(path, sizeof(path), CACHE "shared_cpu_list", cpu, i);
		return rt_sys_read_cpus(sys, path, ret, err);
	}
	return 0;
}

int rt_kernel_caches(struct rt_sys *sys, struct rt_topo *topo,
		     struct rt_err *err)
{
	struct rt_cpuset left = topo->online;

	if (topo->caches.n)
		return 0;
	RT_CPUSET_FOREACH(cpu, &topo->online)
	{
		struct rt_cpuset shared = { 0 };
		int r = 0;

		if (rt_cpuset_has(&left, (unsigned)cpu))
			r = read_cache(sys, (unsigned)cpu, &shared, err);
		/* Offline threads are not in the list, their cores are. */
		shared = rt_topo_siblings(topo, &shared);
		rt_cpuset_minus(&left, &shared);
		if (r == 0 && !rt_cpuset_is_empty(&shared))
			r = rt_topo_add(&topo->caches, (unsigned)topo->caches.n,
					&shared, err);
		if (r < 0)
			return r;
	}
	return 0;
}
