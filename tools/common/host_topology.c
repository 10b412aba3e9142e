/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host_topology.c - how the CPUs hang together, as a tree
 *
 * Packages, nodes, dies, shared L3 caches, cores and CPUs are objects, each a
 * set of CPUs. An object stands below the smallest one that holds all of its
 * CPUs, whatever the levels: on some hosts a node is larger than a package, on
 * others it is part of one. Objects of the same CPUs share a line.
 */
#include "host.h"

#include <errno.h>

#include "host/topology_kernel.h"

#include "core/base/banned.h"

enum {
	NAME,
	CPUS,
	STATE,
	ISOLATED,
	ROLE,
	GUEST,
	PLANNED,
	PACKAGE,
	NODE,
	DIE,
	L3,
	CORE,
	CPU,
	COLUMNS
};

static const struct rt_column columns[COLUMNS] = {
	[NAME] = { "NAME", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_TREE },
	[CPUS] = { "CPUS", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[STATE] = { "STATE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[ISOLATED] = { "ISOLATED", RT_CELL_TEXT, 0 },
	[ROLE] = { "ROLE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[GUEST] = { "GUEST", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[PLANNED] = { "PLANNED", RT_CELL_TEXT,
		      RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[PACKAGE] = { "PACKAGE", RT_CELL_NUMBER, 0 },
	[NODE] = { "NODE", RT_CELL_NUMBER, 0 },
	[DIE] = { "DIE", RT_CELL_NUMBER, 0 },
	[L3] = { "L3", RT_CELL_NUMBER, 0 },
	[CORE] = { "CORE", RT_CELL_NUMBER, 0 },
	[CPU] = { "CPU", RT_CELL_NUMBER, 0 },
};

/* From the outside to the inside, where the CPUs are the same. */
static const struct {
	size_t column;
	const char *prefix;
} ranks[] = {
	{ PACKAGE, "p" }, { NODE, "n" }, { DIE, "d" },
	{ L3, "L3 " },	  { CORE, "c" }, { CPU, "CPU " },
};

#define NONE ((size_t)-1)

struct object {
	size_t rank;
	unsigned number;
	const struct rt_cpuset *cpus; /* NULL: the CPU `number` alone */
	unsigned count;
	size_t parent, child, last, next; /* as numbers; NONE */
	bool merged;			  /* it stands in its parent's line */
};

struct tree {
	struct object *items;
	size_t n, size;
	size_t *smallest; /* by CPU: the innermost object so far */
};

static int add_object(struct tree *tree, size_t rank, unsigned number,
		      const struct rt_cpuset *cpus, struct rt_err *err)
{
	if (!rt_grow(&tree->items, tree->n, &tree->size, sizeof(*tree->items)))
		return rt_fail_memory(err);
	tree->items[tree->n++] = (struct object){
		.rank = rank,
		.number = number,
		.cpus = cpus,
		.count = cpus ? rt_cpuset_count(cpus) : 1,
		.parent = NONE,
		.child = NONE,
		.last = NONE,
		.next = NONE,
	};
	return 0;
}

/* Large ones first; those of nobody (nodes of memory alone) last. */
static int compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool holds(const struct object *outer, const struct object *inner)
{
	if (!inner->cpus)
		return outer->cpus ? rt_cpuset_has(outer->cpus, inner->number) :
				     outer->number == inner->number;
	return outer->cpus && rt_cpuset_is_subset(inner->cpus, outer->cpus);
}

static void link_object(struct tree *tree, size_t i)
{
	struct object *object = &tree->items[i], *parent;
	size_t at;

	if (!object->count)
		return;
	at = tree->smallest[object->cpus ? rt_cpuset_first(object->cpus) :
					   (int)object->number];
	while (at != NONE && !holds(&tree->items[at], object))
		at = tree->items[at].parent;
	object->parent = at;
	if (object->cpus) {
		RT_CPUSET_FOREACH(cpu, object->cpus)
		{
			tree->smallest[cpu] = i;
		}
	} else {
		tree->smallest[object->number] = i;
	}
	if (at == NONE)
		return;
	parent = &tree->items[at];
	object->merged = parent->count == object->count;
	if (parent->last == NONE)
		parent->child = i;
	else
		tree->items[parent->last].next = i;
	parent->last = i;
}

static int add_level(struct tree *tree, size_t rank,
		     const struct rt_topo_level *level, struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < level->n; i++)
		r = add_object(tree, rank, level->items[i].number,
			       &level->items[i].cpus, err);
	return r;
}

static int build(const struct rt_host *host, const struct rt_topo_level *l3s,
		 struct tree *tree, struct rt_err *err)
{
	const struct rt_topo *topo = &host->loaded.topo;
	const struct rt_topo_level *const levels[] = {
		&topo->packages, &topo->nodes, &topo->dies, l3s, &topo->cores
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 5; i++)
		r = add_level(tree, i, levels[i], err);
	RT_CPUSET_FOREACH(cpu, &topo->present)
	{
		if (r == 0)
			r = add_object(tree, 5, (unsigned)cpu, NULL, err);
	}
	tree->smallest = malloc(RT_CPUS_MAX * sizeof(*tree->smallest));
	if (r < 0 || !tree->smallest)
		return r < 0 ? r : rt_fail_memory(err);
	for (size_t i = 0; i < RT_CPUS_MAX; i++)
		tree->smallest[i] = NONE;
	qsort(tree->items, tree->n, sizeof(*tree->items), compare_objects);
	for (size_t i = 0; i < tree->n; i++)
		link_object(tree, i);
	return 0;
}

static void set_object(const struct rt_host *host,
		       const struct rt_host_isolated *isolated,
		       const struct object *object, struct rt_grid *grid,
		       size_t row, struct rt_strbuf *name)
{
	rt_strbuf_addf(name, "%s%s%u", name->len ? " " : "",
		       ranks[object->rank].prefix, object->number);
	if (!object->count)
		rt_strbuf_adds(name, " (memory only)");
	rt_grid_set(grid, row, ranks[object->rank].column, "%u",
		    object->number);
	if (!object->cpus)
		rt_host_cpu_cells(host, isolated, object->number, grid, row,
				  STATE);
}

static void set_cpus(const struct object *object, struct rt_grid *grid,
		     size_t row)
{
	if (object->cpus)
		rt_grid_cpus(grid, row, CPUS, object->cpus);
	else
		rt_grid_set(grid, row, CPUS, "%u", object->number);
}

/* Those of the same CPUs come one below the other, and have no other child. */
static size_t add_line(const struct rt_host *host,
		       const struct rt_host_isolated *isolated,
		       const struct tree *tree, size_t i, size_t parent,
		       struct rt_grid *grid)
{
	const size_t row = rt_grid_add(grid, parent);
	RT_AUTO_STRBUF name = { 0 };

	set_cpus(&tree->items[i], grid, row);
	set_object(host, isolated, &tree->items[i], grid, row, &name);
	while (tree->items[i].child != NONE &&
	       tree->items[tree->items[i].child].merged) {
		i = tree->items[i].child;
		set_object(host, isolated, &tree->items[i], grid, row, &name);
	}
	grid->failed |= name.failed;
	rt_grid_set(grid, row, NAME, "%s", name.text ? name.text : "");
	for (size_t k = tree->items[i].child; k != NONE;
	     k = tree->items[k].next)
		(void)add_line(host, isolated, tree, k, row, grid);
	return row;
}

int rt_host_topology(struct rt_host *host, struct rt_grid *grid,
		     struct rt_err *err)
{
	struct rt_host_isolated isolated;
	struct rt_topo_level l3s = { 0 };
	struct tree tree = { 0 };
	int r = rt_host_isolated(host, &isolated, err);

	rt_grid_init(grid, "topology", "parts", columns, COLUMNS);
	if (r == 0)
		r = rt_kernel_l3s(&host->loaded.sys, &host->loaded.topo, &l3s,
				  err);
	if (r == 0)
		r = build(host, &l3s, &tree, err);
	for (size_t i = 0; r == 0 && i < tree.n; i++) {
		if (tree.items[i].parent == NONE)
			(void)add_line(host, &isolated, &tree, i, 0, grid);
	}
	free(tree.items);
	free(tree.smallest);
	free(l3s.items);
	return r;
}
