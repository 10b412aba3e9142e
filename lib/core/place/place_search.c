/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_search.c - the placements that are tried, and the best of them */
#include <stdlib.h>

#include "place_search.h"

#define TRIES	   512	/* ways to take cores of cells, tried one by one */
#define CELLS_MAX  64	/* with more, there are more ways than that */
#define WORK	   4096 /* of them, at each guest */
#define STATES_MIN 8
#define MEMO_MAX   1024

unsigned rt_search_room(const struct rt_search *search,
			const struct rt_cpuset *units)
{
	unsigned room = 0;

	RT_CPUSET_FOREACH(u, units)
	{
		room += rt_place_room(search->placing, search->i,
				      &search->placing->units[u]);
	}
	return room;
}

unsigned rt_search_take(const struct rt_search *search,
			const struct rt_cpuset *units, unsigned need,
			struct rt_cpuset *taken)
{
	RT_CPUSET_FOREACH(u, units)
	{
		const unsigned room = rt_place_room(search->placing, search->i,
						    &search->placing->units[u]);

		if (!need)
			break;
		rt_cpuset_add(taken, (unsigned)u);
		need -= room < need ? room : need;
	}
	return need;
}

/* --- what the rules say --- */

/* The kinds of cores that it takes, in no order. */
static uint64_t rules_key(const struct rt_search *search,
			  const struct rt_cpuset *units)
{
	uint64_t seen[64];
	uint64_t key = 0;
	size_t n = 0;

	RT_CPUSET_FOREACH(u, units)
	{
		const uint64_t rules = search->placing->units[u].rules;
		bool is_new = true;

		for (size_t i = 0; is_new && i < n; i++)
			is_new = seen[i] != rules;
		if (!is_new)
			continue;
		/* So many kinds do not repeat. */
		if (n == sizeof(seen) / sizeof(seen[0]))
			return 0;
		seen[n++] = rules;
		key += rules;
	}
	return key;
}

static void ask_rules(struct rt_search *search, struct rt_memo *memo)
{
	struct rt_placing *placing = search->placing;
	struct rt_report report = { 0 };

	memset(memo->score.terms, 0, sizeof(memo->score.terms));
	search->cpus[search->i] =
		rt_place_cpus(placing, &search->seats[search->i]);
	memo->refused = rt_place_check(placing, search->cpus, &report) > 0;
	rt_place_count(&report, &memo->score);
	if (memo->refused &&
	    (!placing->is_refused || report.n < placing->refused.n)) {
		rt_report_fini(&placing->refused);
		placing->refused = report;
		placing->is_refused = true;
		return;
	}
	rt_report_fini(&report);
}

static struct rt_memo look_up(struct rt_search *search)
{
	const uint64_t key = rules_key(search, &search->seats[search->i]);
	struct rt_memo memo = { .key = key };

	for (size_t i = 0; key && i < search->n_memos; i++)
		if (search->memos[i].key == key)
			return search->memos[i];
	ask_rules(search, &memo);
	if (key && search->n_memos < MEMO_MAX)
		search->memos[search->n_memos++] = memo;
	return memo;
}

void rt_search_try(struct rt_search *search, const struct rt_cpuset *units)
{
	struct rt_placing *placing = search->placing;
	struct rt_memo memo;

	search->n_tried++;
	if (!search->out || placing->failed)
		return;
	search->seats[search->i] = *units;
	memo = look_up(search);
	if (!memo.refused) {
		rt_place_measure(placing, search->seats, &memo.score);
		placing->failed |= !rt_seatings_add(search->out, search->seats,
						    placing->n, &memo.score);
	}
	memset(&search->seats[search->i], 0, sizeof(*search->seats));
}

/* --- all ways to take cores of cells --- */

static bool is_like(const struct rt_search *search, int a, int b)
{
	const struct rt_placing *placing = search->placing;

	if (placing->units[a].likes != placing->units[b].likes)
		return false;
	/* Ordinary guests that are placed together may share. */
	for (size_t k = 0; k < placing->n; k++)
		if (rt_cpuset_has(&search->from->units[k], (unsigned)a) !=
		    rt_cpuset_has(&search->from->units[k], (unsigned)b))
			return false;
	return true;
}

/* False when there are too many. */
static bool list_cells(struct rt_search *search)
{
	struct rt_cpuset left = search->free;
	unsigned room = 0;

	while (!rt_cpuset_is_empty(&left)) {
		const int first = rt_cpuset_first(&left);
		struct rt_cpuset *cell = &search->cells[search->n_cells];

		if (search->n_cells == CELLS_MAX)
			return false;
		search->n_cells++;
		RT_CPUSET_FOREACH(u, &left)
		{
			if (is_like(search, first, u))
				rt_cpuset_add(cell, (unsigned)u);
		}
		rt_cpuset_minus(&left, cell);
	}
	for (size_t i = search->n_cells; i-- > 0;) {
		room += rt_search_room(search, &search->cells[i]);
		search->rooms[i] = room;
	}
	return true;
}

/*
 * Of each cell from `cell` on none, one, two cores and so on, the lowest first.
 * More than `most` tries end it.
 */
static void try_cells(struct rt_search *search, size_t cell,
		      struct rt_cpuset taken, unsigned need, size_t most)
{
	if (!need) {
		rt_search_try(search, &taken);
		return;
	}
	if (cell == search->n_cells || search->rooms[cell] < need ||
	    search->n_tried > most)
		return;
	try_cells(search, cell + 1, taken, need, most);
	RT_CPUSET_FOREACH(u, &search->cells[cell])
	{
		const unsigned room = rt_place_room(search->placing, search->i,
						    &search->placing->units[u]);

		rt_cpuset_add(&taken, (unsigned)u);
		need -= room < need ? room : need;
		try_cells(search, cell + 1, taken, need, most);
		if (!need)
			return;
	}
}

/* --- a guest --- */

static void search_close(struct rt_search *search)
{
	free(search->seats);
	free(search->cpus);
	free(search->memos);
	free(search->cells);
	free(search->rooms);
}

static int search_open(struct rt_placing *placing, const struct rt_seats *from,
		       size_t i, struct rt_search *ret, struct rt_err *err)
{
	struct rt_search search = { .placing = placing, .from = from, .i = i };

	search.seats = calloc(placing->n + 1, sizeof(*search.seats));
	search.cpus = calloc(placing->n + 1, sizeof(*search.cpus));
	search.memos = calloc(MEMO_MAX, sizeof(*search.memos));
	search.cells = calloc(CELLS_MAX, sizeof(*search.cells));
	search.rooms = calloc(CELLS_MAX, sizeof(*search.rooms));
	if (!search.seats || !search.cpus || !search.memos || !search.cells ||
	    !search.rooms) {
		search_close(&search);
		return rt_fail_memory(err);
	}
	for (size_t k = 0; k < placing->n; k++) {
		search.seats[k] = from->units[k];
		search.cpus[k] = rt_place_cpus(placing, &from->units[k]);
	}
	search.need = rt_place_need(placing, i);
	search.free = rt_place_free(placing, i, from->units);
	*ret = search;
	return 0;
}

/* What speaks against these, which are alike, whatever is added to them. */
static unsigned ask_taint(struct rt_search *search,
			  const struct rt_cpuset *alike)
{
	struct rt_memo memo;

	(void)rt_search_take(search, alike, search->need,
			     &search->seats[search->i]);
	memo = look_up(search);
	memset(&search->seats[search->i], 0, sizeof(*search->seats));
	return memo.score.terms[RT_PLACE_APART] * 10000 +
	       memo.score.terms[RT_PLACE_GRAVE] * 100 +
	       memo.score.terms[RT_PLACE_OTHERS];
}

static void taint_units(struct rt_search *search)
{
	struct rt_placing *placing = search->placing;
	struct rt_cpuset left = search->free;

	while (!rt_cpuset_is_empty(&left) && !placing->failed) {
		const int first = rt_cpuset_first(&left);
		struct rt_cpuset alike = { 0 };
		unsigned taint;

		RT_CPUSET_FOREACH(u, &left)
		{
			if (placing->units[u].rules ==
			    placing->units[first].rules)
				rt_cpuset_add(&alike, (unsigned)u);
		}
		taint = ask_taint(search, &alike);
		RT_CPUSET_FOREACH(u, &alike)
		{
			placing->units[u].taint[search->i] = taint;
		}
		rt_cpuset_minus(&left, &alike);
	}
}

static int taint_all(struct rt_placing *placing, const struct rt_seats *empty,
		     struct rt_err *err)
{
	for (size_t i = 0; i < placing->n; i++) {
		struct rt_search search;
		int r = search_open(placing, empty, i, &search, err);

		if (r < 0)
			return r;
		taint_units(&search);
		search_close(&search);
	}
	/* Those alike may be too few for the guest: that refuses nothing. */
	rt_report_fini(&placing->refused);
	placing->is_refused = false;
	return 0;
}

/*
 * All that is tried for one guest beside the seats of one state, put to *out;
 * *ret_n is how much that was.
 */
static int search_guest(struct rt_placing *placing, const struct rt_seats *from,
			size_t i, struct rt_seatings *out, size_t *ret_n,
			struct rt_err *err)
{
	const size_t most =
		placing->place->tries ? placing->place->tries : TRIES;
	const struct rt_cpuset none = { 0 };
	struct rt_search search;
	bool few;
	int r = search_open(placing, from, i, &search, err);

	if (r < 0)
		return r;
	few = list_cells(&search);
	if (few)
		try_cells(&search, 0, none, search.need, most);
	few &= search.n_tried <= most;
	search.n_tried = 0;
	search.out = out;
	if (few)
		try_cells(&search, 0, none, search.need, most);
	else
		rt_search_areas(&search);
	*ret_n = search.n_tried;
	search_close(&search);
	return placing->failed ? rt_fail_memory(err) : 0;
}

static int search_next(struct rt_placing *placing, size_t i,
		       struct rt_seatings *states, struct rt_err *err)
{
	struct rt_seatings next = { 0 };
	size_t each = 0, most;
	int r = 0;

	if (states->n > 1)
		r = search_guest(placing, &states->items[0], i, NULL, &each,
				 err);
	most = each ? WORK / each : WORK;
	if (states->n > most)
		rt_seatings_keep(placing, states,
				 most > STATES_MIN ? most : STATES_MIN);
	for (size_t k = 0; r == 0 && k < states->n; k++)
		r = search_guest(placing, &states->items[k], i, &next, &each,
				 err);
	rt_seatings_sort(&next);
	rt_seatings_fini(states);
	*states = next;
	return r;
}

static int search_all(struct rt_placing *placing, struct rt_seatings *states,
		      struct rt_err *err)
{
	const struct rt_score none = { 0 };
	RT_AUTO_FREE struct rt_cpuset *empty =
		calloc(placing->n + 1, sizeof(*empty));
	int r;

	if (!empty || !rt_seatings_add(states, empty, placing->n, &none))
		return rt_fail_memory(err);
	r = taint_all(placing, &states->items[0], err);
	for (size_t i = 0; r == 0 && i < placing->n; i++)
		r = search_next(placing, placing->order[i], states, err);
	return r;
}

static int judge_seats(struct rt_placing *placing, const struct rt_seats *seats,
		       struct rt_placement *ret, struct rt_err *err)
{
	RT_AUTO_FREE struct rt_cpuset *cpus =
		calloc(placing->n + 1, sizeof(*cpus));

	if (!cpus)
		return rt_fail_memory(err);
	for (size_t i = 0; i < placing->n; i++)
		cpus[i] = rt_place_cpus(placing, &seats->units[i]);
	return rt_placing_judge(placing, cpus, ret, err);
}

/* The best of those that are elsewhere, or else the second. */
static const struct rt_seats *next_best(const struct rt_placing *placing,
					const struct rt_seatings *seatings)
{
	for (size_t i = 1; i < seatings->n; i++)
		if (rt_seats_differ(placing, &seatings->items[0],
				    &seatings->items[i], true))
			return &seatings->items[i];
	return seatings->n > 1 ? &seatings->items[1] : NULL;
}

int rt_placing_find(struct rt_placing *placing, struct rt_placement ret[2],
		    size_t *ret_n, struct rt_err *err)
{
	struct rt_seatings states = { 0 };
	int r = search_all(placing, &states, err);
	const struct rt_seats *next = next_best(placing, &states);

	*ret_n = 0;
	if (r == 0 && states.n) {
		r = judge_seats(placing, &states.items[0], &ret[0], err);
		*ret_n = r == 0;
	}
	if (r == 0 && next) {
		r = judge_seats(placing, next, &ret[1], err);
		*ret_n += r == 0;
		if (r < 0) {
			rt_placement_fini(&ret[0]);
			*ret_n = 0;
		}
	}
	rt_seatings_fini(&states);
	return r;
}
