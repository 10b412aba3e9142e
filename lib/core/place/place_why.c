/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_why.c - why there, what is worse elsewhere, and why nothing fits */
#include "core/base/text.h"
#include "place_part.h"

#define LESS_MAX                                                               \
	4 /* so many vCPUs fewer are tried below what there is room for */

/* --- where it is --- */

/* "node 1", "nodes 0-1" */
static void add_objects(const struct rt_topo_level *level,
			const struct rt_cpuset *cpus, const char *noun,
			struct rt_strbuf *out)
{
	const struct rt_cpuset met = rt_topo_numbers(level, cpus);

	if (level->n > 1)
		rt_strbuf_addf(out, "%s%s%s %s", out->len ? ", " : "", noun,
			       rt_cpuset_count(&met) == 1 ? "" : "s",
			       rt_cpuset_text(&met).text);
}

static void add_caches(const struct rt_topo_level *caches,
		       const struct rt_cpuset *cpus, struct rt_strbuf *out)
{
	const struct rt_cpuset met = rt_topo_numbers(caches, cpus);
	const unsigned n = rt_cpuset_count(&met);
	const struct rt_topo_object *first;

	if (caches->n < 2 || !n)
		return;
	rt_strbuf_adds(out, out->len ? ", " : "");
	if (n > 1) {
		rt_strbuf_addf(out, "%u L3 caches", n);
		return;
	}
	first = rt_topo_find(caches, (unsigned)rt_cpuset_first(&met));
	rt_strbuf_addf(out, "the L3 cache of CPUs %s",
		       rt_cpuset_text(&first->cpus).text);
}

static void add_devices(const struct rt_placing *placing, size_t i,
			const struct rt_cpuset *cpus, struct rt_strbuf *out)
{
	const struct rt_wanted *wanted = &placing->wanted[i];
	unsigned near = 0;

	for (size_t k = 0; k < wanted->n_local; k++)
		near += rt_cpuset_intersects(&wanted->local[k], cpus);
	if (wanted->n_local)
		rt_strbuf_addf(out, "%snear %u of its %s", out->len ? ", " : "",
			       near, rt_count(wanted->n_local, "device").text);
}

void rt_placing_describe(const struct rt_placing *placing,
			 const struct rt_placement *placement, size_t i,
			 struct rt_strbuf *out)
{
	const struct rt_topo *topo = placing->place->topo;
	const struct rt_cpuset *cpus = &placement->cpus[i];
	const struct rt_cpuset kinds = rt_topo_numbers(&topo->kinds, cpus);
	RT_AUTO_STRBUF text = { 0 };

	add_objects(&topo->nodes, cpus, "node", &text);
	if (topo->dies.n > topo->packages.n)
		add_objects(&topo->dies, cpus, "die", &text);
	add_caches(&topo->caches, cpus, &text);
	if (topo->kinds.n && rt_cpuset_count(&kinds) == 1)
		rt_strbuf_addf(
			&text, "%s%s cores", text.len ? ", " : "",
			rt_cpuset_has(
				&kinds,
				topo->kinds.items[topo->kinds.n - 1].number) ?
				"the fastest" :
				"slower");
	add_devices(placing, i, cpus, &text);
	if (placing->wanted[i].rt) {
		const struct rt_cpuset cores =
			rt_topo_numbers(&topo->cores, cpus);

		rt_strbuf_addf(
			&text, "%s%s", text.len ? ", " : "",
			rt_count(rt_cpuset_count(&cores), "whole core").text);
	}
	out->failed |= text.failed;
	rt_strbuf_adds(out, text.text ? text.text : "");
}

/* --- the next best --- */

static void compare_warnings(const struct rt_placement *best,
			     const struct rt_placement *other,
			     struct rt_strbuf *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < other->report.n; i++) {
		const struct rt_finding *f = &other->report.items[i];

		if (f->severity != RT_WARNING ||
		    rt_report_count_same(&other->report, f) <=
			    rt_report_count_same(&best->report, f))
			continue;
		rt_strbuf_addf(out, "%sguest '%s': %s [%s]", n++ ? "; " : "",
			       f->guest, f->message, f->code);
	}
	if (!n)
		rt_strbuf_adds(out, "more warnings");
}

void rt_placing_compare(const struct rt_placement *best,
			const struct rt_placement *other, struct rt_strbuf *out)
{
	static const char *const texts[RT_PLACE_TERMS] = {
		[RT_PLACE_CROWDED] = "CPUs that other guests use",
		[RT_PLACE_SLOW] = "slower cores",
		[RT_PLACE_FAR] = "cores away from a device",
		[RT_PLACE_NODES] = "NUMA nodes",
		[RT_PLACE_DIES] = "dies",
		[RT_PLACE_CACHES] = "L3 caches",
		[RT_PLACE_SHARED] = "L3 caches shared with other guests",
		[RT_PLACE_BROKEN_NODES] = "free nodes of which a part is taken",
		[RT_PLACE_BROKEN_CACHES] =
			"free L3 caches of which a part is taken",
		[RT_PLACE_CPUS] = "CPUs, SMT siblings included",
	};

	for (unsigned i = 0; i < RT_PLACE_TERMS; i++) {
		const unsigned was = best->score.terms[i];
		const unsigned is = other->score.terms[i];

		if (is == was)
			continue;
		if (i <= RT_PLACE_OTHERS)
			compare_warnings(best, other, out);
		else if (texts[i])
			rt_strbuf_addf(out, "%s: %u instead of %u", texts[i],
				       is, was);
		else
			break;
		return;
	}
	rt_strbuf_adds(out, "as good; its CPUs have higher numbers");
}

/* --- nothing fits --- */

static const char *label(const struct rt_section *section)
{
	return *section->name ? section->name : section->uuid;
}

static unsigned room_of(const struct rt_placing *placing, size_t i,
			const struct rt_cpuset *units)
{
	unsigned room = 0;

	RT_CPUSET_FOREACH(u, units)
	{
		room += rt_place_room(placing, i, &placing->units[u]);
	}
	return room;
}

/* Cores that a guest keeps from being free, as far as it can be asked for. */
static unsigned count_held(const struct rt_placing *placing,
			   const struct rt_guest *guest, bool rt)
{
	unsigned n = 0;

	for (size_t u = 0; u < placing->n_units; u++) {
		const struct rt_cpuset *core = &placing->units[u].core;

		n += rt_cpuset_intersects(core, &guest->owned) ||
		     (rt && rt_cpuset_intersects(core, &guest->cpuset));
	}
	return n;
}

static void add_holder(const struct rt_placing *placing,
		       const struct rt_guest *guest, bool rt, bool running,
		       struct rt_strbuf *out)
{
	const unsigned n = count_held(placing, guest, rt);
	struct rt_cpuset cpus = guest->cpuset;

	if (!n)
		return;
	rt_cpuset_or(&cpus, &guest->owned);
	rt_strbuf_addf(out, "%s'%s' is on %s (CPUs %s%s)", out->len ? ", " : "",
		       guest->name && *guest->name ? guest->name : guest->uuid,
		       rt_count(n, "core").text, rt_cpuset_text(&cpus).text,
		       running ? ", running" : "");
}

static bool is_running(const struct rt_place *place, const char *uuid)
{
	for (size_t i = 0; i < place->n_running; i++)
		if (strcmp(place->running[i]->uuid, uuid) == 0)
			return true;
	return false;
}

static void add_holders(const struct rt_placing *placing, bool rt,
			struct rt_strbuf *out)
{
	const struct rt_place *place = placing->place;

	for (size_t i = 0; i < placing->guests.n; i++) {
		const struct rt_guest *guest = &placing->guests.items[i];

		if (!guest->disabled && !is_running(place, guest->uuid))
			add_holder(placing, guest, rt, false, out);
	}
	for (size_t i = 0; i < place->n_running; i++)
		add_holder(placing, place->running[i], rt, true, out);
}

/* Does it all fit with so many vCPUs of guest i? */
static bool fits_with(struct rt_placing *placing, size_t i, unsigned vcpus,
		      struct rt_err *err)
{
	const unsigned was = placing->wanted[i].nr_vcpus;
	struct rt_placement found[2];
	size_t n = 0;

	placing->wanted[i].nr_vcpus = vcpus;
	if (rt_placing_find(placing, found, &n, err) < 0)
		placing->failed = true;
	for (size_t k = 0; k < n; k++)
		rt_placement_fini(&found[k]);
	placing->wanted[i].nr_vcpus = was;
	return n > 0;
}

/* The most vCPUs with which guest i would fit, or 0. */
static unsigned most_vcpus(struct rt_placing *placing, size_t i, unsigned room,
			   struct rt_err *err)
{
	const unsigned service = placing->wanted[i].service;

	for (unsigned n = 0; n < LESS_MAX && room > service + n; n++)
		if (fits_with(placing, i, room - service - n, err))
			return room - service - n;
	return 0;
}

static unsigned wanted_room(const struct rt_placing *placing, bool rt)
{
	unsigned room = 0;

	for (size_t i = 0; i < placing->n; i++)
		if (placing->wanted[i].rt == rt)
			room += rt_place_need(placing, i);
	return room;
}

static void add_hint(struct rt_placing *placing, size_t i, unsigned room,
		     struct rt_strbuf *hint, struct rt_err *err)
{
	const struct rt_wanted *wanted = &placing->wanted[i];
	RT_AUTO_STRBUF holders = { 0 };
	const unsigned vcpus = most_vcpus(placing, i, room, err);

	add_holders(placing, wanted->rt, &holders);
	hint->failed |= holders.failed;
	if (vcpus)
		rt_strbuf_addf(hint, "with %s it fits",
			       rt_count(vcpus, "vCPU").text);
	if (holders.len)
		rt_strbuf_addf(hint,
			       "%stake CPUs from others, or disable or "
			       "move one: %s",
			       hint->len ? "; or " : "", holders.text);
	else if (!vcpus)
		rt_strbuf_adds(hint, "the host is too small for it");
}

/* Guest i has no room beside those that go before it. */
static void refuse_room(struct rt_placing *placing, size_t i,
			const struct rt_cpuset *free, unsigned room,
			struct rt_report *report, struct rt_err *err)
{
	const struct rt_wanted *wanted = &placing->wanted[i];
	const struct rt_cpuset cpus = rt_place_cpus(placing, free);
	const struct rt_where where = { .guest = label(wanted->section) };
	const unsigned need = rt_place_need(placing, i);
	const unsigned others = wanted_room(placing, wanted->rt) - need;
	const char *noun = wanted->rt ? "whole core" : "CPU";
	RT_AUTO_STRBUF hint = { 0 };
	RT_AUTO_STRBUF beside = { 0 };

	if (others)
		rt_strbuf_addf(&beside, ", the others that are to be placed %u",
			       others);
	add_hint(placing, i, room > others ? room - others : 0, &hint, err);
	placing->failed |= hint.failed || beside.failed;
	if (placing->failed)
		return;
	rt_report_add(report, RT_ERROR, "no-room", where, hint.text,
		      "its %s and %s need %u %ss%s; %u of %u %s free%s%s",
		      rt_count(wanted->nr_vcpus, "vCPU").text,
		      rt_count(wanted->service, "service CPU").text, need, noun,
		      beside.text ? beside.text : "", room,
		      wanted->rt ?
			      (unsigned)placing->n_units :
			      rt_cpuset_count(&placing->place->topo->online),
		      room == 1 ? "is" : "are", room ? ": CPUs " : "",
		      room ? rt_cpuset_text(&cpus).text : "");
}

/* The first in the order of placing for which there is no room. */
static bool refuse_size(struct rt_placing *placing, struct rt_report *report,
			struct rt_err *err)
{
	RT_AUTO_FREE struct rt_cpuset *none =
		calloc(placing->n + 1, sizeof(*none));
	unsigned wanted = 0;

	placing->failed |= !none;
	for (size_t k = 0; none && k < placing->n; k++) {
		const size_t i = placing->order[k];
		const bool rt = placing->wanted[i].rt;
		const struct rt_cpuset free = rt_place_free(placing, i, none);
		const unsigned room = room_of(placing, i, &free);
		const unsigned need = rt_place_need(placing, i);

		wanted = rt ? wanted + need : need;
		if (wanted <= room)
			continue;
		refuse_room(placing, i, &free, room, report, err);
		return true;
	}
	return false;
}

/* The last CPUs of the host are wanted: what would do instead. */
static void add_housekeeping(struct rt_placing *placing, const char *guest,
			     struct rt_strbuf *hint, struct rt_err *err)
{
	RT_AUTO_FREE struct rt_cpuset *none =
		calloc(placing->n + 1, sizeof(*none));

	placing->failed |= !none;
	for (size_t i = 0; none && i < placing->n; i++) {
		const struct rt_wanted *wanted = &placing->wanted[i];
		const unsigned others = wanted_room(placing, wanted->rt) -
					rt_place_need(placing, i);
		struct rt_cpuset free;
		unsigned room;

		if (strcmp(label(wanted->section), guest) != 0)
			continue;
		free = rt_place_free(placing, i, none);
		room = room_of(placing, i, &free);
		add_hint(placing, i, room > others ? room - others : 0, hint,
			 err);
	}
}

static void refuse_rules(struct rt_placing *placing,
			 const struct rt_report *refused,
			 struct rt_report *report, struct rt_err *err)
{
	for (size_t i = 0; i < refused->n; i++) {
		const struct rt_finding *f = &refused->items[i];
		const struct rt_where where = { f->file, f->line, f->guest };
		RT_AUTO_STRBUF hint = { 0 };

		if (f->severity != RT_ERROR ||
		    !rt_place_is_new(placing, refused, f))
			continue;
		if (strcmp(f->code, "no-housekeeping") == 0)
			add_housekeeping(placing, f->guest, &hint, err);
		placing->failed |= hint.failed;
		rt_report_add(report, RT_ERROR, f->code, where,
			      hint.text ? hint.text : f->hint, "%s",
			      f->message);
	}
}

int rt_placing_refuse(struct rt_placing *placing, struct rt_report *report,
		      struct rt_err *err)
{
	struct rt_report refused = placing->refused;
	const bool is_refused = placing->is_refused;

	/* It is ours: what is tried for a hint is refused, too. */
	memset(&placing->refused, 0, sizeof(placing->refused));
	placing->is_refused = false;
	if (!refuse_size(placing, report, err) && is_refused)
		refuse_rules(placing, &refused, report, err);
	rt_report_fini(&refused);
	if (placing->failed || report->failed)
		return rt_fail_memory(err);
	if (!report->n)
		rt_report_add(report, RT_ERROR, "no-room",
			      (struct rt_where){ .guest = "" },
			      "place the guests one after the other",
			      "each guest has room alone, not all together");
	return report->failed ? rt_fail_memory(err) : 0;
}
