/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place.c - where guests are put, on hosts by hand and on a thousand made-up ones
 *
 *   place [SEED [N]]   N hosts from that seed on
 *
 * A made-up host has packages, dies, L3 caches, nodes, threads, kinds of cores,
 * offline CPUs, devices, interrupts that cannot be moved, guests in the file and
 * guests that run. Whatever is found is written into the file and checked anew.
 * On hosts of up to eight cores all sets of cores are tried as well: none is
 * better, and where nothing was found none is without an error.
 */
#include "core/place/place.h"

#include <stdlib.h>

#include "core/config/config_edit.h"
#include "host/topology.h"
#include "place_world.h"

/* --- what was found is right, by rules of our own --- */

static struct rt_cpuset all_of(const struct rt_guest *guest)
{
	struct rt_cpuset cpus = guest->cpuset;

	rt_cpuset_or(&cpus, &guest->owned);
	return cpus;
}

/* Whole cores, so many as asked for; the number of them that are cut. */
static unsigned cut_cores(const struct made *made, size_t i,
			  const struct rt_cpuset *cpus)
{
	unsigned cut = 0, n = 0, named = 0;

	for (size_t k = 0; k < made->topo.cores.n; k++) {
		struct rt_cpuset core = made->topo.cores.items[k].cpus;

		if (!rt_cpuset_intersects(&core, cpus))
			continue;
		n++;
		rt_cpuset_and(&core, &made->topo.online);
		named += rt_cpuset_count(&core);
		cut += !rt_cpuset_is_subset(&core, cpus);
	}
	if (made->rt[i])
		cut += n != need_of(made, i);
	else
		cut += named < need_of(made, i);
	return cut;
}

static bool is_apart(const struct made *made, const struct rt_guest *a,
		     const struct rt_guest *b)
{
	const struct rt_cpuset x = all_of(a), y = all_of(b);

	(void)made;
	return (!a->rt && !b->rt) || !rt_cpuset_intersects(&x, &y);
}

/* The file with the places in it, as rt_check sees it. */
static bool is_sound(const struct made *made, const struct rt_cpuset *cpus)
{
	struct rt_report before = { 0 }, after = { 0 };
	struct rt_guests guests = { 0 };
	struct rt_editor editor;
	struct rt_config config = { 0 };
	struct rt_err err;
	RT_AUTO_FREE char *text = NULL;
	bool good = true;

	if (rt_editor_open(made->text, strlen(made->text), &editor, &err) < 0)
		return false;
	for (size_t i = 0; i < made->n; i++) {
		char list[4096];

		rt_cpuset_format_list(&cpus[i], list, sizeof(list));
		good &= rt_editor_set(&editor, made->requests[i].uuid,
				      RT_KEY_CPUSET, list, &err) == 0;
	}
	good &= rt_editor_text(&editor, &text, &err) == 0;
	rt_editor_fini(&editor);
	if (!good)
		return false;
	check_text(made, made->text, true, &before);
	check_text(made, text, false, &after);
	for (size_t i = 0; i < after.n; i++)
		if (after.items[i].severity == RT_ERROR &&
		    rt_report_count_same(&after, &after.items[i]) >
			    rt_report_count_same(&before, &after.items[i])) {
			printf("# %s: %s\n", after.items[i].guest,
			       after.items[i].message);
			good = false;
		}
	rt_report_fini(&before);
	rt_report_fini(&after);
	if (rt_config_parse(text, strlen(text), "", &config, &after, &err) <
		    0 ||
	    rt_guests_resolve(&config, &made->topo, &guests, &after, &err) < 0)
		return false;
	for (size_t i = 0; i < made->n; i++) {
		const struct rt_guest *mine =
			rt_guests_find(&guests, made->requests[i].uuid);

		for (size_t k = 0; k < guests.n; k++)
			if (&guests.items[k] != mine &&
			    !guests.items[k].disabled)
				good &= is_apart(made, mine, &guests.items[k]);
		for (size_t k = 0; k < made->n_running; k++)
			good &= is_apart(made, mine, made->running[k]);
		good &= rt_cpuset_count(&mine->usable) >= need_of(made, i);
	}
	rt_guests_fini(&guests);
	rt_config_fini(&config);
	rt_report_fini(&after);
	return good;
}

/* --- all sets of cores --- */

struct every {
	struct rt_placing *placing;
	const struct made *made;
	struct rt_cpuset cores[8]; /* their CPUs that are online */
	unsigned n;
	struct rt_cpuset cpus[REQUESTS_MAX];
	unsigned taken[REQUESTS_MAX]; /* bits of cores */
	bool found, broken;
	struct rt_score best;
};

static void judge_every(struct every *every)
{
	struct rt_placement placement;
	struct rt_err err;

	if (rt_placing_judge(every->placing, every->cpus, &placement, &err) <
	    0) {
		every->broken = true;
		return;
	}
	if (!rt_report_errors(&placement.report) &&
	    (!every->found ||
	     rt_score_compare(&placement.score, &every->best) < 0)) {
		every->found = true;
		every->best = placement.score;
	}
	rt_placement_fini(&placement);
}

/* So many that one fewer would be too few. */
static bool is_enough(const struct every *every, size_t i, unsigned bits)
{
	const unsigned need = need_of(every->made, i);
	unsigned sum = 0, least = ~0u;

	for (unsigned k = 0; k < every->n; k++) {
		const unsigned room = every->made->rt[i] ?
					      1 :
					      rt_cpuset_count(&every->cores[k]);

		if (!(bits >> k & 1))
			continue;
		sum += room;
		least = room < least ? room : least;
	}
	return sum >= need && sum - least < need;
}

static void try_every(struct every *every, size_t i)
{
	if (i == every->made->n) {
		judge_every(every);
		return;
	}
	for (unsigned bits = 1; bits < 1u << every->n; bits++) {
		bool clash = false;

		for (size_t k = 0; k < i; k++)
			clash |= (every->made->rt[i] || every->made->rt[k]) &&
				 (every->taken[k] & bits);
		if (clash || !is_enough(every, i, bits))
			continue;
		memset(&every->cpus[i], 0, sizeof(every->cpus[i]));
		for (unsigned k = 0; k < every->n; k++)
			if (bits >> k & 1)
				rt_cpuset_or(&every->cpus[i], &every->cores[k]);
		every->taken[i] = bits;
		try_every(every, i + 1);
	}
}

/* False: the host has too many cores for that. */
static bool read_every(const struct made *made, struct rt_placing *placing,
		       struct every *every)
{
	memset(every, 0, sizeof(*every));
	every->placing = placing;
	every->made = made;
	for (size_t k = 0; k < made->topo.cores.n; k++) {
		struct rt_cpuset core = made->topo.cores.items[k].cpus;

		rt_cpuset_and(&core, &made->topo.online);
		if (rt_cpuset_is_empty(&core))
			continue;
		if (every->n == 8)
			return false;
		every->cores[every->n++] = core;
	}
	return true;
}

/* --- one host --- */

struct found {
	struct rt_placement items[2];
	size_t n;
};

static bool find(struct rt_placing *placing, struct found *found)
{
	struct rt_err err;

	memset(found, 0, sizeof(*found));
	return rt_placing_find(placing, found->items, &found->n, &err) == 0;
}

static void found_fini(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		rt_placement_fini(&found->items[i]);
}

static bool is_same(const struct made *made, const struct found *a,
		    const struct found *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		for (size_t k = 0; k < made->n; k++)
			same &= rt_cpuset_is_equal(&a->items[i].cpus[k],
						   &b->items[i].cpus[k]);
	return same;
}

static void print_score(const char *name, const struct rt_score *score)
{
	printf("# %s:", name);
	for (unsigned i = 0; i < RT_PLACE_TERMS; i++)
		printf(" %u", score->terms[i]);
	printf("\n");
}

/* Nothing fits: that is explained, and all sets of cores agree. */
static bool is_refused(struct rt_placing *placing)
{
	struct rt_report report = { 0 };
	struct rt_err err;
	const bool good = rt_placing_refuse(placing, &report, &err) == 0 &&
			  report.n > 0 && *report.items[0].message;

	rt_report_fini(&report);
	return good;
}

static unsigned n_small, n_nothing, n_worse;

/* With few tries, areas are all that is tried: as on a large host. */
static bool is_good_by_areas(struct made *made, const struct every *every)
{
	struct rt_placing *placing;
	struct found found;
	struct rt_err err;
	bool good;

	made->place.tries = 1;
	if (rt_placing_open(&made->place, &placing, &err) < 0)
		return false;
	good = find(placing, &found) && (found.n > 0) == every->found;
	if (found.n)
		good &= is_sound(made, found.items[0].cpus);
	for (unsigned i = 0; good && found.n && i <= RT_PLACE_OTHERS; i++)
		if (found.items[0].score.terms[i] != every->best.terms[i]) {
			n_worse++;
			break;
		}
	found_fini(&found);
	rt_placing_close(placing);
	made->place.tries = 0;
	return good;
}

static bool agrees_with_every(struct made *made, struct rt_placing *placing,
			      const struct found *found)
{
	struct every every;

	if (!read_every(made, placing, &every))
		return true;
	n_small++;
	try_every(&every, 0);
	if (every.broken || every.found != (found->n > 0)) {
		printf("# all sets of cores: %s\n",
		       every.found ? "one is good" : "none is good");
		return false;
	}
	if (every.found &&
	    rt_score_compare(&every.best, &found->items[0].score) < 0) {
		print_score("found", &found->items[0].score);
		print_score(" best", &every.best);
		return false;
	}
	if (!is_good_by_areas(made, &every)) {
		printf("# by areas it is not found\n");
		return false;
	}
	return true;
}

static bool is_good(struct made *made)
{
	struct rt_placing *placing, *again;
	struct found found, second;
	struct rt_err err;
	bool good;

	if (rt_placing_open(&made->place, &placing, &err) < 0)
		return false;
	good = find(placing, &found);
	for (size_t i = 0; i < made->n && found.n; i++)
		good &= !cut_cores(made, i, &found.items[0].cpus[i]);
	for (size_t k = 0; good && k < found.n; k++)
		good = is_sound(made, found.items[k].cpus);
	good = good && agrees_with_every(made, placing, &found);
	good = good && rt_placing_open(&made->place, &again, &err) == 0;
	if (good) {
		good = find(again, &second) && is_same(made, &found, &second);
		if (!good)
			printf("# not the same twice\n");
		found_fini(&second);
		if (!found.n) {
			n_nothing++;
			good &= is_refused(again);
		}
		rt_placing_close(again);
	}
	found_fini(&found);
	rt_placing_close(placing);
	return good;
}

static void test_made(unsigned long seed)
{
	struct made made;

	if (!make(&made, seed)) {
		ok(false, "host %lu can be made", seed);
		return;
	}
	if (!ok(is_good(&made), "host %lu: %s", seed, made.source))
		printf("# file:\n# %s\n", made.text);
	made_fini(&made);
}

int main(int argc, char **argv)
{
	const unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	const unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) :
				argc > 1 ? 1 :
					   1000;

	for (unsigned long i = 0; i < n; i++)
		test_made(seed + i);
	if (n < 1000)
		return tap_done();
	/* Many hosts of each sort, or this says little. */
	ok(n_small > n / 4 && n_small < n * 3 / 4, "%u are small", n_small);
	ok(n_nothing > n / 20 && n_nothing < n / 2, "nothing fits on %u",
	   n_nothing);
	/* It may not find the best among warnings of several kinds. */
	ok(n_worse <= n / 200, "by areas %u have more warnings", n_worse);
	return tap_done();
}
