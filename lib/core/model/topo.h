/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topo.h - the host's CPUs and how they hang together
 *
 * Filled by lib/host/topology.c from hwloc; plain data here. Offline CPUs are
 * in every set: a sibling that kvmrt took offline still belongs to its core and
 * node. Only `online` says which CPUs are online.
 *
 * Cores, dies and packages are numbered machine-wide in topology order
 * (hwloc's logical numbers); nodes have the kernel's numbers. CPU numbers are
 * always the kernel's.
 */
#ifndef RT_TOPO_H
#define RT_TOPO_H

#include "core/base/cpuset.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"

struct rt_topo_object {
	unsigned number;
	struct rt_cpuset cpus;
};

struct rt_topo_level {
	struct rt_topo_object *items;
	size_t n, size;
};

struct rt_topo {
	struct rt_cpuset present; /* all CPUs of the host, offline ones too */
	struct rt_cpuset online;
	bool saved; /* read from the saved topology, which still fits the host */
	struct rt_topo_level cores, dies, packages, nodes;
	/*
	 * Last-level caches (L3) and the CPUs that share each; of a host only
	 * after rt_kernel_caches.
	 */
	struct rt_topo_level caches;
	/*
	 * The nodes that have memory, each with the CPUs whose nearest it is;
	 * empty where each node with CPUs has memory of its own.
	 */
	struct rt_topo_level memory;
	/* Kinds of cores, slowest first (hwloc cpukinds); none if all equal. */
	struct rt_topo_level kinds;
};

void rt_topo_fini(struct rt_topo *topo);

/* Add an object; copies cpus. */
int rt_topo_add(struct rt_topo_level *level, unsigned number,
		const struct rt_cpuset *cpus, struct rt_err *err);
const struct rt_topo_object *rt_topo_find(const struct rt_topo_level *level,
					  unsigned number);

/* All threads of the cores that have a CPU in *cpus: *cpus and siblings. */
struct rt_cpuset rt_topo_siblings(const struct rt_topo *topo,
				  const struct rt_cpuset *cpus);
/* The objects of a level that have a CPU in *cpus. */
struct rt_cpuset rt_topo_numbers(const struct rt_topo_level *level,
				 const struct rt_cpuset *cpus);
/* The nodes whose memory is nearest to the CPUs. */
struct rt_cpuset rt_topo_memory(const struct rt_topo *topo,
				const struct rt_cpuset *cpus);
/*
 * Fill `memory`, from which nodes have memory and the distances from each node
 * to each, in the order of `nodes`: n * n of them. Of two nodes that are as
 * near the first is taken. Where no node is known to have memory, each has.
 */
int rt_topo_set_memory(struct rt_topo *topo, const struct rt_cpuset *with,
		       const unsigned *distances, struct rt_err *err);
/* All CPUs of the objects named by *numbers. */
struct rt_cpuset rt_topo_cpus(const struct rt_topo_level *level,
			      const struct rt_cpuset *numbers);

/*
 * A topology as one line of text and back, all but `saved`:
 * "present 0-3;online 0-3;core 0 0,2;core 1 1,3;package 0 0-3;end".
 */
void rt_topo_format(const struct rt_topo *topo, struct rt_strbuf *out);
int rt_topo_parse(const char *text, struct rt_topo *ret_topo,
		  struct rt_err *err);

/*
 * The CPUSET language of kvmrt.cfg (kvmrt.cfg(5)): "0,1,16-19", "n1", "c0-c3",
 * "d0", "p1", "~n0". Empty text is the empty set. Errors name the item and
 * point at its column. A CPU, core, die, package or node that the host does not
 * have is an error, and so is a node without CPUs.
 *
 * With topo NULL only the grammar is checked and *ret_set is left alone.
 */
int rt_topo_parse_cpuset(const struct rt_topo *topo, const char *text,
			 struct rt_cpuset *ret_set, struct rt_err *err);

#endif
