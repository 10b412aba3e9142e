/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_units.c - the host's cores, and which of them are alike */
#include "place_part.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static int find_object(const struct rt_topo_level *level,
		       const struct rt_cpuset *cpus)
{
	for (size_t i = 0; i < level->n; i++)
		if (rt_cpuset_intersects(&level->items[i].cpus, cpus))
			return (int)i;
	return -1;
}

/* CPUs that can go offline, as far as the host has such files. */
static struct rt_cpuset find_movable(const struct rt_facts *facts)
{
	struct rt_cpuset cpus = { 0 };

	for (size_t i = 0; i < facts->settings.n; i++) {
		unsigned cpu;
		char last;

		if (sscanf(facts->settings.items[i].path,
			   "sys/devices/system/cpu/cpu%u/onlin%c", &cpu,
			   &last) == 2 &&
		    last == 'e' && cpu < RT_CPUS_MAX)
			rt_cpuset_add(&cpus, cpu);
	}
	return cpus;
}

/* Only whether cores are alike depends on it, not what is allowed. */
static uint64_t mix_irqs(const struct rt_irqs *irqs, const struct rt_unit *unit,
			 uint64_t hash)
{
	uint64_t marks = 0;

	for (size_t i = 0; i < irqs->n; i++) {
		const struct rt_irq *irq = &irqs->items[i];
		const struct rt_pci_addr *addr = &irq->device;
		const struct rt_cpuset *now = irq->effective;
		uint64_t what = mix(addr->domain, addr->bus);

		if (irq->movable || irq->vfio || !irq->has_device ||
		    !rt_cpuset_intersects(&irq->affinity, &unit->core))
			continue;
		what = mix(what, addr->slot * 8u + addr->function);
		if (!now || rt_cpuset_is_empty(now))
			what = mix(what, 1);
		else
			what = mix(what,
				   2 + rt_cpuset_intersects(now, &unit->core));
		what = mix(what,
			   rt_cpuset_is_subset(&irq->affinity, &unit->core));
		/* Several of one device on a core say no more than one. */
		marks |= 1ull << (what & 63);
	}
	return mix(hash, marks);
}

static uint64_t mix_devices(const struct rt_pci_devs *devs,
			    const struct rt_unit *unit, uint64_t hash)
{
	for (size_t i = 0; i < devs->n; i++) {
		if (!devs->items[i].bridge)
			hash = mix(hash, rt_cpuset_intersects(
						 &devs->items[i].local_cpus,
						 &unit->core));
	}
	return hash;
}

static void mark_rules(const struct rt_place *place,
		       const struct rt_cpuset *movable, struct rt_unit *unit)
{
	const struct rt_topo *topo = place->topo;
	const struct rt_facts *facts = place->facts;
	struct rt_cpuset stuck = unit->core;
	uint64_t hash = mix(1, rt_cpuset_has(&unit->core, 0));

	hash = mix(hash, (uint64_t)unit->level[RT_UNIT_NODE]);
	hash = mix(hash, (uint64_t)find_object(&topo->memory, &unit->core));
	hash = mix(hash, (uint64_t)unit->kind);
	if (facts) {
		rt_cpuset_remove(&stuck,
				 (unsigned)rt_cpuset_first(&unit->named));
		rt_cpuset_minus(&stuck, movable);
		hash = mix(hash, !rt_cpuset_is_empty(&stuck));
		hash = mix_devices(&facts->pci, unit, hash);
		hash = mix_irqs(&facts->irqs, unit, hash);
	}
	unit->rules = hash;
}

static void mark_likes(const struct rt_placing *placing, struct rt_unit *unit)
{
	uint64_t hash = mix(unit->rules, (uint64_t)unit->package);

	for (unsigned i = 0; i < RT_UNIT_LEVELS; i++)
		hash = mix(hash, (uint64_t)unit->level[i]);
	hash = mix(hash, unit->n_named);
	hash = mix(hash, unit->n_core);
	hash = mix(hash, unit->crowd);
	for (size_t i = 0; i < placing->n; i++)
		hash = mix(hash, unit->far[i]);
	unit->likes = hash;
}

/* The CPUs that guests name which are not to be placed. */
static unsigned count_crowd(const struct rt_placing *placing,
			    const struct rt_unit *unit)
{
	unsigned n = 0;

	for (size_t i = 0; i < placing->guests.n; i++) {
		const struct rt_guest *guest = &placing->guests.items[i];
		struct rt_cpuset both = guest->cpuset;

		if (guest->disabled)
			continue;
		rt_cpuset_and(&both, &unit->named);
		n += rt_cpuset_count(&both);
	}
	return n;
}

static void add_unit(struct rt_placing *placing, const struct rt_cpuset *core,
		     const struct rt_cpuset *movable)
{
	const struct rt_topo *topo = placing->place->topo;
	struct rt_unit *unit = &placing->units[placing->n_units];

	unit->core = unit->named = *core;
	rt_cpuset_and(&unit->named, &topo->online);
	if (rt_cpuset_is_empty(&unit->named))
		return;
	unit->n_core = rt_cpuset_count(core);
	unit->n_named = rt_cpuset_count(&unit->named);
	unit->level[RT_UNIT_NODE] = find_object(&topo->nodes, core);
	unit->level[RT_UNIT_DIE] = find_object(&topo->dies, core);
	unit->level[RT_UNIT_CACHE] = find_object(&topo->caches, core);
	unit->package = find_object(&topo->packages, core);
	unit->kind = find_object(&topo->kinds, core);
	unit->slow = topo->kinds.n && unit->kind + 1 < (int)topo->kinds.n;
	unit->crowd = count_crowd(placing, unit);
	unit->far = placing->marks + placing->n_units * 2 * placing->n;
	unit->taint = unit->far + placing->n;
	for (size_t i = 0; i < placing->n; i++)
		for (size_t k = 0; k < placing->wanted[i].n_local; k++)
			unit->far[i] += !rt_cpuset_intersects(
				&placing->wanted[i].local[k], core);
	mark_rules(placing->place, movable, unit);
	mark_likes(placing, unit);
	placing->n_units++;
}

static int by_first(const void *a, const void *b)
{
	const struct rt_cpuset *const *x = a, *const *y = b;

	return rt_cpuset_first(*x) - rt_cpuset_first(*y);
}

/* Where guests are that stay where they are. */
static void mark_area(const struct rt_placing *placing,
		      const struct rt_cpuset *cpus, struct rt_area *area)
{
	const struct rt_place *place = placing->place;

	for (size_t i = 0; i < placing->guests.n + place->n_running; i++) {
		const struct rt_guest *guest =
			i < placing->guests.n ?
				&placing->guests.items[i] :
				place->running[i - placing->guests.n];

		if (guest->disabled ||
		    (!rt_cpuset_intersects(cpus, &guest->cpuset) &&
		     !rt_cpuset_intersects(cpus, &guest->owned)))
			continue;
		area->used = true;
		area->used_rt |= guest->rt;
	}
	area->free = !area->used && !rt_cpuset_has(cpus, 0);
}

static int read_areas(const struct rt_placing *placing,
		      const struct rt_topo_level *level,
		      const struct rt_cpuset *all, struct rt_areas *areas,
		      struct rt_err *err)
{
	areas->items = calloc(level->n + 1, sizeof(*areas->items));
	if (!areas->items)
		return rt_fail_memory(err);
	for (size_t i = 0; i < level->n; i++) {
		struct rt_area *area = &areas->items[areas->n++];

		area->cpus = level->items[i].cpus;
		mark_area(placing, &area->cpus, area);
		rt_cpuset_and(&area->cpus, all);
	}
	return 0;
}

int rt_place_read_units(struct rt_placing *placing, struct rt_err *err)
{
	const struct rt_topo *topo = placing->place->topo;
	const size_t n = topo->cores.n;
	RT_AUTO_FREE const struct rt_cpuset **cores =
		calloc(n + 1, sizeof(*cores));
	struct rt_cpuset movable = { 0 }, all = { 0 };
	int r;

	placing->units = calloc(n + 1, sizeof(*placing->units));
	placing->marks =
		calloc((n + 1) * 2 * (placing->n + 1), sizeof(*placing->marks));
	if (!cores || !placing->units || !placing->marks)
		return rt_fail_memory(err);
	if (placing->place->facts)
		movable = find_movable(placing->place->facts);
	for (size_t i = 0; i < n; i++)
		cores[i] = &topo->cores.items[i].cpus;
	qsort(cores, n, sizeof(*cores), by_first);
	for (size_t i = 0; i < n; i++)
		add_unit(placing, cores[i], &movable);
	for (size_t i = 0; i < placing->n_units; i++)
		rt_cpuset_or(&all, &placing->units[i].named);
	r = read_areas(placing, &topo->nodes, &all, &placing->nodes, err);
	return r < 0 ? r :
		       read_areas(placing, &topo->caches, &all,
				  &placing->caches, err);
}
