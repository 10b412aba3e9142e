/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check_place.c - where a guest could go: advice that does not go in circles
 *
 * A cpuset is proposed only after the rules were applied to it: the finding is
 * gone, and there is none that was not there before. Whoever follows advice
 * therefore has fewer findings after each step, and ends.
 */
#include "check_rules.h"

#include <errno.h>

/* A proposal, and how good it is. */
struct place {
	struct rt_cpuset cpus;
	unsigned nr_vcpus; /* other than the guest's: one that fits */
	unsigned findings; /* those that would be left */
	unsigned kept;	   /* CPUs that the guest has already */
	bool found;
};

struct search {
	const struct rt_checking *run;
	const struct rt_guest *guest;
	const char *code; /* to be rid of */
	struct rt_cpuset free;
	struct rt_report before;
	struct place best;
};

/* Whole cores for a real-time guest, and not CPU 0's; others may share. */
static struct rt_cpuset find_free(const struct rt_checking *run,
				  const struct rt_guest *guest)
{
	const struct rt_topo *topo = run->check->topo;
	const struct rt_guests *guests = run->check->guests;
	struct rt_cpuset free = topo->online, taken = { 0 };

	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *other = &guests->items[i];

		if (other == guest || !rt_check_counts(run, other))
			continue;
		rt_cpuset_or(&taken, &other->owned);
		if (guest->rt)
			rt_cpuset_or(&taken, &other->cpuset);
	}
	if (guest->rt) {
		struct rt_cpuset off = topo->present;

		rt_cpuset_minus(&off, &topo->online);
		rt_cpuset_minus(&off, &run->offline);
		rt_cpuset_or(&free, &run->offline);
		rt_cpuset_or(&taken, &off);
		rt_cpuset_add(&taken, 0);
		taken = rt_topo_siblings(topo, &taken);
	}
	rt_cpuset_minus(&free, &taken);
	return free;
}

/* Is the finding gone, and is there none that was not there? */
static bool is_better(const struct search *search,
		      const struct rt_report *after)
{
	const char *label = rt_check_label(search->guest);

	for (size_t i = 0; i < after->n; i++) {
		const struct rt_finding *f = &after->items[i];

		if ((strcmp(f->code, search->code) == 0 &&
		     strcmp(f->guest, label) == 0) ||
		    rt_report_count_same(after, f) >
			    rt_report_count_same(&search->before, f))
			return false;
	}
	return !after->failed;
}

/* What the rules would say of this guest among these. */
static void judge(const struct rt_checking *run, const struct rt_guests *guests,
		  const struct rt_guest *guest, struct rt_report *report)
{
	struct rt_check check = *run->check;

	check.guests = guests;
	check.uuid = guest->uuid;
	check.brief = true;
	rt_check(&check, report);
}

static bool resolve(const struct search *search, const struct place *place,
		    struct rt_section *section, struct rt_guest *ret_guest,
		    struct rt_report *report)
{
	char *text = section->cpuset;
	struct rt_err ignored;
	int r;

	rt_cpuset_format_list(&place->cpus, text, RT_CPULIST_MAX);
	if (place->nr_vcpus)
		section->nr_vcpus = place->nr_vcpus;
	r = rt_guest_resolve(search->run->check->config, section,
			     search->run->check->topo, ret_guest, report,
			     &ignored);
	search->run->report->failed |= r == -ENOMEM;
	return r == 0;
}

static void try_with(struct search *search, struct place *place,
		     struct rt_guest *items, char *text)
{
	const struct rt_guests *guests = search->run->check->guests;
	const struct rt_guests with = { .items = items, .n = guests->n };
	struct rt_guest *mine = items + (search->guest - guests->items);
	struct rt_section section = *search->guest->section;
	struct rt_report after = { 0 };

	section.cpuset = text;
	memcpy(items, guests->items, guests->n * sizeof(*items));
	if (!resolve(search, place, &section, mine, &after)) {
		rt_report_fini(&after);
		return;
	}
	judge(search->run, &with, mine, &after);
	place->findings = (unsigned)after.n;
	place->found = is_better(search, &after);
	search->run->report->failed |= after.failed;
	rt_guest_fini(mine);
	rt_report_fini(&after);
}

static void try(struct search *search, const struct rt_cpuset *cpus,
		unsigned nr_vcpus)
{
	const size_t n = search->run->check->guests->n;
	RT_AUTO_FREE struct rt_guest *items = calloc(n, sizeof(*items));
	RT_AUTO_FREE char *text = malloc(RT_CPULIST_MAX);
	struct place place = { .cpus = *cpus, .nr_vcpus = nr_vcpus };
	struct place *best = &search->best;
	struct rt_cpuset kept = *cpus;

	search->run->report->failed |= !items || !text;
	if (!items || !text || rt_cpuset_is_empty(cpus))
		return;
	rt_cpuset_and(&kept, &search->guest->cpuset);
	place.kept = rt_cpuset_count(&kept);
	try_with(search, &place, items, text);
	if (place.found &&
	    (!best->found || place.findings < best->findings ||
	     (place.findings == best->findings && place.kept > best->kept)))
		*best = place;
}

/* Up to `wanted` CPUs of a group, the guest's own first. */
static struct rt_cpuset pick(const struct search *search,
			     const struct rt_cpuset *group, unsigned wanted)
{
	const struct rt_guest *guest = search->guest;
	struct rt_cpuset picked = { 0 }, cores = { 0 };

	for (unsigned own = 2; own-- > 0;) {
		RT_CPUSET_FOREACH(cpu, group)
		{
			if (rt_cpuset_count(&picked) == wanted)
				return picked;
			if (rt_cpuset_has(&guest->cpuset, (unsigned)cpu) !=
				    (own == 1) ||
			    rt_cpuset_has(&cores, (unsigned)cpu))
				continue;
			rt_cpuset_add(&picked, (unsigned)cpu);
			cores = guest->rt ? rt_topo_siblings(
						    search->run->check->topo,
						    &picked) :
					    picked;
		}
	}
	return picked;
}

static void try_group(struct search *search, const struct rt_cpuset *cpus,
		      bool fewer)
{
	const struct rt_section *section = search->guest->section;
	const unsigned wanted = search->guest->nr_vcpus + 1;
	struct rt_cpuset group = *cpus, picked;
	unsigned n;

	rt_cpuset_and(&group, &search->free);
	picked = pick(search, &group, wanted);
	n = rt_cpuset_count(&picked);
	if (n == wanted && !fewer)
		try(search, &picked, 0);
	else if (n > 1 && n < wanted && fewer)
		try(search, &picked, section->nr_vcpus ? n - 1 : 0);
}

/* Each node, and each kind of its cores. */
static void try_groups(struct search *search, bool fewer)
{
	const struct rt_topo *topo = search->run->check->topo;

	try_group(search, &search->guest->cpuset, fewer);
	for (size_t i = topo->nodes.n; i-- > 0;) {
		const struct rt_cpuset *node = &topo->nodes.items[i].cpus;

		for (size_t k = topo->kinds.n; k-- > 0;) {
			struct rt_cpuset part = topo->kinds.items[k].cpus;

			rt_cpuset_and(&part, node);
			try_group(search, &part, fewer);
		}
		try_group(search, node, fewer);
	}
	if (!topo->nodes.n)
		try_group(search, &topo->present, fewer);
}

bool rt_check_advise_cpuset(const struct rt_checking *run,
			    const struct rt_guest *guest, const char *code,
			    struct rt_strbuf *hint)
{
	struct search search = { .run = run, .guest = guest, .code = code };
	const struct place *best = &search.best;
	char text[512];

	if (run->check->brief || !guest->section || !guest->nr_vcpus ||
	    rt_check_is_doubtful(run, guest, RT_KEY_CPUSET) ||
	    rt_check_is_doubtful(run, guest, RT_KEY_NR_VCPUS))
		return false;
	search.free = find_free(run, guest);
	judge(run, run->check->guests, guest, &search.before);
	run->report->failed |= search.before.failed;
	try_groups(&search, false);
	if (!best->found && guest->section->topology_auto)
		try_groups(&search, true);
	rt_report_fini(&search.before);
	if (!best->found || rt_cpuset_format_list(&best->cpus, text,
						  sizeof(text)) >= sizeof(text))
		return false;
	rt_strbuf_adds(hint, "write ");
	if (best->nr_vcpus)
		rt_strbuf_addf(hint, "nr_vcpus = %u and ", best->nr_vcpus);
	rt_strbuf_addf(hint, "cpuset = %s", text);
	return true;
}
