/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.c - what the rules say of a placement, and how good it is */
#include "place.h"

#include <errno.h>

#include "core/check/admit.h"
#include "place_part.h"

int rt_score_compare(const struct rt_score *a, const struct rt_score *b)
{
	for (unsigned i = 0; i < RT_PLACE_TERMS; i++)
		if (a->terms[i] != b->terms[i])
			return a->terms[i] < b->terms[i] ? -1 : 1;
	return 0;
}

void rt_placement_fini(struct rt_placement *placement)
{
	free(placement->cpus);
	rt_report_fini(&placement->report);
	memset(placement, 0, sizeof(*placement));
}

/* --- open --- */

static const struct rt_pci_dev *find_device(const struct rt_place *place,
					    const struct rt_pci_addr *addr)
{
	return place->facts ? rt_pci_devs_find(&place->facts->pci, addr) : NULL;
}

/* Near to all is near to none in particular. */
static bool find_local(const struct rt_place *place,
		       const struct rt_pci_dev *dev, struct rt_cpuset *ret)
{
	const struct rt_topo *topo = place->topo;
	const struct rt_topo_object *node =
		dev->node < 0 ? NULL :
				rt_topo_find(&topo->nodes, (unsigned)dev->node);

	*ret = dev->local_cpus;
	if (node)
		rt_cpuset_or(ret, &node->cpus);
	return !rt_cpuset_is_empty(ret) &&
	       !rt_cpuset_is_subset(&topo->online, ret);
}

static int read_wanted(struct rt_placing *placing, size_t i, struct rt_err *err)
{
	const struct rt_place *place = placing->place;
	const struct rt_place_request *request = &place->requests[i];
	struct rt_wanted *wanted = &placing->wanted[i];
	struct rt_guest *guest =
		rt_guests_find(&placing->guests, request->uuid);

	if (!guest)
		return rt_fail(err, EINVAL, "no section [%s]", request->uuid);
	/* It does not count until it has a place. */
	guest->disabled = true;
	wanted->section = guest->section;
	wanted->index = (size_t)(guest - placing->guests.items);
	wanted->nr_vcpus = request->nr_vcpus;
	wanted->service = request->service;
	wanted->rt = guest->rt;
	wanted->text = malloc(RT_CPULIST_MAX);
	wanted->local = calloc(guest->pcidevs.n + 1, sizeof(*wanted->local));
	if (!wanted->text || !wanted->local)
		return rt_fail_memory(err);
	for (size_t k = 0; k < guest->pcidevs.n; k++) {
		const struct rt_pci_dev *dev =
			find_device(place, &guest->pcidevs.items[k]);

		if (dev &&
		    find_local(place, dev, &wanted->local[wanted->n_local]))
			wanted->n_local++;
	}
	return 0;
}

static bool comes_before(const struct rt_wanted *a, const struct rt_wanted *b)
{
	const unsigned wants_a = a->nr_vcpus + a->service;
	const unsigned wants_b = b->nr_vcpus + b->service;

	if (a->rt != b->rt)
		return a->rt;
	if (!a->n_local != !b->n_local)
		return a->n_local;
	return wants_a > wants_b;
}

/* Who has least choice goes first: devices, then size. Stable. */
static void sort_wanted(struct rt_placing *placing)
{
	for (size_t i = 0; i < placing->n; i++) {
		size_t at = i;

		while (at &&
		       comes_before(&placing->wanted[i],
				    &placing->wanted[placing->order[at - 1]])) {
			placing->order[at] = placing->order[at - 1];
			at--;
		}
		placing->order[at] = i;
	}
}

static void take(struct rt_placing *placing, const struct rt_guest *guest)
{
	rt_cpuset_or(&placing->taken[0], &guest->owned);
	rt_cpuset_or(&placing->taken[1], &guest->owned);
	rt_cpuset_or(&placing->taken[1], &guest->cpuset);
}

static int read_all(struct rt_placing *placing, struct rt_err *err)
{
	const struct rt_place *place = placing->place;
	struct rt_report ignored = { 0 };
	int r = rt_guests_resolve(place->config, place->topo, &placing->guests,
				  &ignored, err);

	rt_report_fini(&ignored);
	for (size_t i = 0; r == 0 && i < place->n; i++)
		r = read_wanted(placing, i, err);
	if (r < 0)
		return r;
	sort_wanted(placing);
	for (size_t i = 0; i < placing->guests.n; i++) {
		/* An ordinary guest owns nothing. */
		if (!placing->guests.items[i].disabled)
			take(placing, &placing->guests.items[i]);
	}
	for (size_t i = 0; i < place->n_running; i++)
		take(placing, place->running[i]);
	r = rt_place_read_units(placing, err);
	if (r < 0)
		return r;
	(void)rt_place_check(placing, NULL, &placing->before);
	return placing->failed ? rt_fail_memory(err) : 0;
}

int rt_placing_open(const struct rt_place *place, struct rt_placing **ret,
		    struct rt_err *err)
{
	struct rt_placing *placing = calloc(1, sizeof(*placing));
	int r;

	if (!placing)
		return rt_fail_memory(err);
	placing->place = place;
	placing->n = place->n;
	placing->wanted = calloc(place->n + 1, sizeof(*placing->wanted));
	placing->order = calloc(place->n + 1, sizeof(*placing->order));
	r = placing->wanted && placing->order ? read_all(placing, err) :
						rt_fail_memory(err);
	if (r < 0) {
		rt_placing_close(placing);
		return r;
	}
	*ret = placing;
	return 0;
}

void rt_placing_close(struct rt_placing *placing)
{
	for (size_t i = 0; placing->wanted && i < placing->n; i++) {
		free(placing->wanted[i].text);
		free(placing->wanted[i].local);
	}
	free(placing->wanted);
	free(placing->order);
	free(placing->units);
	free(placing->marks);
	free(placing->nodes.items);
	free(placing->caches.items);
	rt_guests_fini(&placing->guests);
	rt_report_fini(&placing->before);
	rt_report_fini(&placing->refused);
	free(placing);
}

/* --- rules --- */

bool rt_place_is_new(const struct rt_placing *placing,
		     const struct rt_report *report,
		     const struct rt_finding *finding)
{
	return rt_report_count_same(report, finding) >
	       rt_report_count_same(&placing->before, finding);
}

static unsigned count_errors(const struct rt_placing *placing,
			     const struct rt_report *report)
{
	unsigned n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->items[i].severity == RT_ERROR &&
		     rt_place_is_new(placing, report, &report->items[i]);
	return n + report->failed;
}

/* A guest keeps the CPUs that it runs on, whatever the file says by now. */
static void check_running(struct rt_placing *placing,
			  const struct rt_guest *guest,
			  struct rt_report *report)
{
	const struct rt_place *place = placing->place;
	const struct rt_where where = { .guest = guest->name };
	struct rt_err err;

	for (size_t i = 0; i < place->n_running; i++)
		if (rt_admit_beside(guest, place->running[i], &err) < 0)
			rt_report_add(report, RT_ERROR, "cpu-overlap", where,
				      NULL, "%s", err.text);
}

static int resolve(struct rt_placing *placing, struct rt_wanted *wanted,
		   const struct rt_cpuset *cpus, struct rt_guest *ret,
		   struct rt_report *report)
{
	const struct rt_place *place = placing->place;
	struct rt_err err;

	rt_cpuset_format_list(cpus, wanted->text, RT_CPULIST_MAX);
	wanted->copy = *wanted->section;
	wanted->copy.cpuset = wanted->text;
	wanted->copy.nr_vcpus = wanted->nr_vcpus;
	/* It is not in the file yet as it is here. */
	wanted->copy.line = 0;
	memset(wanted->copy.lines, 0, sizeof(wanted->copy.lines));
	return rt_guest_resolve(place->config, &wanted->copy, place->topo, ret,
				report, &err);
}

unsigned rt_place_check(struct rt_placing *placing,
			const struct rt_cpuset *cpus, struct rt_report *report)
{
	const struct rt_place *place = placing->place;
	const size_t n = placing->guests.n;
	RT_AUTO_FREE struct rt_guest *items = calloc(n + 1, sizeof(*items));
	const struct rt_guests guests = { .items = items, .n = n };
	const struct rt_check check = {
		.config = place->config,
		.guests = &guests,
		.topo = place->topo,
		.facts = place->facts,
		.brief = true,
	};
	size_t done = 0;

	if (!items) {
		placing->failed = true;
		return 1;
	}
	memcpy(items, placing->guests.items, n * sizeof(*items));
	for (; cpus && done < placing->n; done++) {
		struct rt_wanted *wanted = &placing->wanted[done];

		if (!rt_cpuset_is_empty(&cpus[done]) &&
		    resolve(placing, wanted, &cpus[done], &items[wanted->index],
			    report) < 0)
			placing->failed = true;
	}
	if (!placing->failed)
		rt_check(&check, report);
	for (size_t i = 0; i < done; i++) {
		const size_t index = placing->wanted[i].index;

		if (items[index].section != &placing->wanted[i].copy ||
		    rt_cpuset_is_empty(&cpus[i]))
			continue;
		check_running(placing, &items[index], report);
		rt_guest_fini(&items[index]);
	}
	placing->failed |= report->failed;
	return count_errors(placing, report);
}

void rt_place_count(const struct rt_report *report, struct rt_score *score)
{
	/* Others count least: they are about who else is near. */
	static const struct {
		const char *code;
		enum rt_place_term term;
	} terms[] = {
		{ "several-nodes", RT_PLACE_APART },
		{ "numatune-outside", RT_PLACE_APART },
		{ "pci-far", RT_PLACE_GRAVE },
		{ "rt-cpu0", RT_PLACE_GRAVE },
		{ "mixed-cores", RT_PLACE_GRAVE },
		{ "managed-irq", RT_PLACE_GRAVE },
	};

	for (size_t i = 0; i < report->n; i++) {
		enum rt_place_term term = RT_PLACE_OTHERS;

		if (report->items[i].severity != RT_WARNING)
			continue;
		for (size_t k = 0; k < sizeof(terms) / sizeof(terms[0]); k++)
			if (strcmp(report->items[i].code, terms[k].code) == 0)
				term = terms[k].term;
		score->terms[term]++;
	}
}

/* --- terms --- */

unsigned rt_place_need(const struct rt_placing *placing, size_t i)
{
	return placing->wanted[i].nr_vcpus + placing->wanted[i].service;
}

unsigned rt_place_room(const struct rt_placing *placing, size_t i,
		       const struct rt_unit *unit)
{
	return placing->wanted[i].rt ? 1 : unit->n_named;
}

struct rt_cpuset rt_place_cpus(const struct rt_placing *placing,
			       const struct rt_cpuset *units)
{
	struct rt_cpuset cpus = { 0 };

	RT_CPUSET_FOREACH(u, units)
	{
		rt_cpuset_or(&cpus, &placing->units[u].named);
	}
	return cpus;
}

struct rt_cpuset rt_place_free(const struct rt_placing *placing, size_t i,
			       const struct rt_cpuset *seats)
{
	const bool rt = placing->wanted[i].rt;
	struct rt_cpuset free = { 0 };

	for (size_t u = 0; u < placing->n_units; u++)
		if (!rt_cpuset_intersects(&placing->units[u].core,
					  &placing->taken[rt]))
			rt_cpuset_add(&free, (unsigned)u);
	for (size_t k = 0; k < placing->n; k++)
		if (k != i && (rt || placing->wanted[k].rt))
			rt_cpuset_minus(&free, &seats[k]);
	return free;
}

/* How many objects of that level does a guest touch? */
static unsigned count_objects(const struct rt_placing *placing,
			      const struct rt_cpuset *units,
			      enum rt_unit_level level)
{
	struct rt_cpuset met = { 0 };

	RT_CPUSET_FOREACH(u, units)
	{
		if (placing->units[u].level[level] >= 0)
			rt_cpuset_add(&met,
				      (unsigned)placing->units[u].level[level]);
	}
	return rt_cpuset_count(&met);
}

static void measure_units(const struct rt_placing *placing, size_t i,
			  const struct rt_cpuset *seats, unsigned *terms)
{
	const struct rt_wanted *wanted = &placing->wanted[i];

	RT_CPUSET_FOREACH(u, &seats[i])
	{
		const struct rt_unit *unit = &placing->units[u];

		terms[RT_PLACE_CROWDED] += unit->crowd;
		terms[RT_PLACE_SLOW] += unit->slow;
		terms[RT_PLACE_FAR] += unit->far[i];
		terms[RT_PLACE_CPUS] +=
			wanted->rt ? unit->n_core : unit->n_named;
		terms[RT_PLACE_NUMBERS] += (unsigned)u;
		/* Ordinary guests that are placed together. */
		for (size_t k = 0; k < i; k++)
			if (rt_cpuset_has(&seats[k], (unsigned)u))
				terms[RT_PLACE_CROWDED] += unit->n_named;
	}
	terms[RT_PLACE_NODES] +=
		count_objects(placing, &seats[i], RT_UNIT_NODE);
	terms[RT_PLACE_DIES] += count_objects(placing, &seats[i], RT_UNIT_DIE);
	terms[RT_PLACE_CACHES] +=
		count_objects(placing, &seats[i], RT_UNIT_CACHE);
}

/* Of the guests that are placed: who is in this cache beside another? */
static unsigned count_shared(const struct rt_placing *placing,
			     const struct rt_area *area,
			     const struct rt_cpuset *cpus)
{
	unsigned n = 0;

	for (size_t i = 0; i < placing->n; i++) {
		const bool rt = placing->wanted[i].rt;
		bool shares = rt ? area->used : area->used_rt;

		if (!rt_cpuset_intersects(&area->cpus, &cpus[i]))
			continue;
		for (size_t k = 0; !shares && k < placing->n; k++)
			shares = k != i && (rt || placing->wanted[k].rt) &&
				 rt_cpuset_intersects(&area->cpus, &cpus[k]);
		n += shares;
	}
	return n;
}

static unsigned count_broken(const struct rt_areas *areas,
			     const struct rt_cpuset *all)
{
	unsigned n = 0;

	for (size_t i = 0; i < areas->n; i++) {
		const struct rt_area *area = &areas->items[i];

		n += area->free && rt_cpuset_intersects(&area->cpus, all) &&
		     !rt_cpuset_is_subset(&area->cpus, all);
	}
	return n;
}

void rt_place_measure(const struct rt_placing *placing,
		      const struct rt_cpuset *seats, struct rt_score *score)
{
	RT_AUTO_FREE struct rt_cpuset *cpus =
		calloc(placing->n + 1, sizeof(*cpus));
	struct rt_cpuset all = { 0 };
	unsigned *terms = score->terms;

	if (!cpus)
		return;
	for (size_t i = 0; i < placing->n; i++) {
		measure_units(placing, i, seats, terms);
		cpus[i] = rt_place_cpus(placing, &seats[i]);
		rt_cpuset_or(&all, &cpus[i]);
	}
	for (size_t i = 0; i < placing->caches.n; i++) {
		const struct rt_area *area = &placing->caches.items[i];

		if (rt_cpuset_intersects(&area->cpus, &all))
			terms[RT_PLACE_SHARED] +=
				count_shared(placing, area, cpus);
	}
	terms[RT_PLACE_BROKEN_NODES] += count_broken(&placing->nodes, &all);
	terms[RT_PLACE_BROKEN_CACHES] += count_broken(&placing->caches, &all);
}

/* --- judge --- */

/* What is there without the guests says nothing about their place. */
static int keep_new(const struct rt_placing *placing, struct rt_report *report)
{
	struct rt_report kept = { .failed = report->failed };

	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];
		const struct rt_where where = { f->file, f->line, f->guest };

		if (rt_place_is_new(placing, report, f))
			rt_report_add(&kept, f->severity, f->code, where,
				      f->hint, "%s", f->message);
	}
	rt_report_fini(report);
	*report = kept;
	return kept.failed ? -ENOMEM : 0;
}

int rt_placing_judge(struct rt_placing *placing, const struct rt_cpuset *cpus,
		     struct rt_placement *ret, struct rt_err *err)
{
	RT_AUTO_FREE struct rt_cpuset *seats =
		calloc(placing->n + 1, sizeof(*seats));
	struct rt_placement placement = { 0 };

	placement.cpus = calloc(placing->n + 1, sizeof(*placement.cpus));
	if (!seats || !placement.cpus) {
		rt_placement_fini(&placement);
		return rt_fail_memory(err);
	}
	memcpy(placement.cpus, cpus, placing->n * sizeof(*cpus));
	for (size_t i = 0; i < placing->n; i++)
		for (size_t u = 0; u < placing->n_units; u++)
			if (rt_cpuset_intersects(&placing->units[u].named,
						 &cpus[i]))
				rt_cpuset_add(&seats[i], (unsigned)u);
	(void)rt_place_check(placing, cpus, &placement.report);
	rt_place_count(&placement.report, &placement.score);
	rt_place_measure(placing, seats, &placement.score);
	if (keep_new(placing, &placement.report) < 0 || placing->failed) {
		rt_placement_fini(&placement);
		return rt_fail_memory(err);
	}
	*ret = placement;
	return 0;
}
