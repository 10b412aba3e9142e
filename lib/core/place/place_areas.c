/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_areas.c - the nodes, dies, caches and packages in which a guest fits */
#include "place_search.h"

/* Units of an object of the level. */
static struct rt_cpuset part_of(const struct rt_search *search,
				const struct rt_cpuset *units, unsigned level,
				int object)
{
	struct rt_cpuset part = { 0 };

	RT_CPUSET_FOREACH(u, units)
	{
		if (search->placing->units[u].level[level] == object)
			rt_cpuset_add(&part, (unsigned)u);
	}
	return part;
}

/* The smallest object that has room, or else the largest. */
static struct rt_cpuset best_part(const struct rt_search *search,
				  const struct rt_cpuset *units, unsigned level,
				  unsigned need)
{
	struct rt_cpuset left = *units, best = { 0 };
	unsigned best_room = 0;

	while (!rt_cpuset_is_empty(&left)) {
		const int first = rt_cpuset_first(&left);
		const struct rt_cpuset part =
			part_of(search, &left, level,
				search->placing->units[first].level[level]);
		const unsigned room = rt_search_room(search, &part);

		if (!best_room ||
		    (room >= need ? best_room < need || room < best_room :
				    best_room < need && room > best_room)) {
			best = part;
			best_room = room;
		}
		rt_cpuset_minus(&left, &part);
	}
	return best;
}

/* Few objects, and those that are needed in part as small as can be. */
static void fill(const struct rt_search *search, struct rt_cpuset units,
		 unsigned need, unsigned level, struct rt_cpuset *taken)
{
	while (need && !rt_cpuset_is_empty(&units)) {
		struct rt_cpuset part;

		if (level == RT_UNIT_LEVELS) {
			(void)rt_search_take(search, &units, need, taken);
			return;
		}
		part = best_part(search, &units, level, need);
		if (rt_search_room(search, &part) >= need) {
			fill(search, part, need, level + 1, taken);
			return;
		}
		need = rt_search_take(search, &part, need, taken);
		rt_cpuset_minus(&units, &part);
	}
}

/* Without the cores that rules are against, as far as there is room. */
static struct rt_cpuset clean_part(const struct rt_search *search,
				   const struct rt_cpuset *units, unsigned need)
{
	struct rt_cpuset clean = { 0 };
	unsigned limit = 0;

	for (;;) {
		unsigned next = ~0u;

		RT_CPUSET_FOREACH(u, units)
		{
			const unsigned taint =
				search->placing->units[u].taint[search->i];

			if (taint <= limit)
				rt_cpuset_add(&clean, (unsigned)u);
			else if (taint < next)
				next = taint;
		}
		if (next == ~0u || rt_search_room(search, &clean) >= need)
			return clean;
		limit = next;
	}
}

static void try_area(struct rt_search *search, const struct rt_cpuset *area)
{
	const unsigned need = search->need;
	struct rt_cpuset units = *area, clean, taken = { 0 };

	rt_cpuset_and(&units, &search->free);
	if (rt_search_room(search, &units) < need)
		return;
	clean = clean_part(search, &units, need);
	fill(search, clean, need, 0, &taken);
	rt_search_try(search, &taken);
	if (rt_cpuset_is_equal(&clean, &units))
		return;
	memset(&taken, 0, sizeof(taken));
	fill(search, units, need, 0, &taken);
	rt_search_try(search, &taken);
}

/* All of one node, and what is missing from others. */
static void try_from_node(struct rt_search *search, int node)
{
	const unsigned need = search->need;
	struct rt_cpuset part =
		part_of(search, &search->free, RT_UNIT_NODE, node);
	struct rt_cpuset left = search->free, taken = { 0 };
	const unsigned room = rt_search_room(search, &part);

	if (!room || room >= need || rt_search_room(search, &left) < need)
		return;
	rt_cpuset_minus(&left, &part);
	(void)rt_search_take(search, &part, need, &taken);
	left = clean_part(search, &left, need - room);
	fill(search, left, need - room, 0, &taken);
	rt_search_try(search, &taken);
}

/* An object of a kind (-2: of any). */
static void try_object(struct rt_search *search, const struct rt_cpuset *units,
		       int kind)
{
	struct rt_cpuset area = { 0 };

	RT_CPUSET_FOREACH(u, units)
	{
		if (kind == -2 || search->placing->units[u].kind == kind)
			rt_cpuset_add(&area, (unsigned)u);
	}
	try_area(search, &area);
}

static void try_level(struct rt_search *search,
		      const struct rt_topo_level *level)
{
	const struct rt_placing *placing = search->placing;
	const int kinds = (int)placing->place->topo->kinds.n;

	for (size_t k = 0; k < level->n; k++) {
		struct rt_cpuset units = { 0 };

		RT_CPUSET_FOREACH(u, &search->free)
		{
			if (rt_cpuset_intersects(&placing->units[u].core,
						 &level->items[k].cpus))
				rt_cpuset_add(&units, (unsigned)u);
		}
		if (rt_cpuset_is_empty(&units))
			continue;
		try_object(search, &units, -2);
		for (int kind = 0; kind < kinds; kind++)
			try_object(search, &units, kind);
	}
}

void rt_search_areas(struct rt_search *search)
{
	const struct rt_topo *topo = search->placing->place->topo;
	const int kinds = (int)topo->kinds.n;

	try_level(search, &topo->caches);
	try_level(search, &topo->dies);
	try_level(search, &topo->nodes);
	try_level(search, &topo->packages);
	try_object(search, &search->free, -2);
	for (int kind = 0; kind < kinds; kind++)
		try_object(search, &search->free, kind);
	for (size_t k = 0; k < topo->nodes.n; k++)
		try_from_node(search, (int)k);
}
