/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_seats.c - placements of all guests, from the best to the worst */
#include <stdlib.h>

#include "place_search.h"

static void seats_fini(struct rt_seats *seats)
{
	free(seats->units);
}

void rt_seatings_fini(struct rt_seatings *seatings)
{
	for (size_t i = 0; i < seatings->n; i++)
		seats_fini(&seatings->items[i]);
	free(seatings->items);
	memset(seatings, 0, sizeof(*seatings));
}

bool rt_seatings_add(struct rt_seatings *seatings,
		     const struct rt_cpuset *units, size_t n,
		     const struct rt_score *score)
{
	struct rt_seats seats = { .n = n, .score = *score };

	seats.units = malloc((n + 1) * sizeof(*units));
	if (!seats.units || !rt_grow(&seatings->items, seatings->n,
				     &seatings->size, sizeof(seats))) {
		free(seats.units);
		return false;
	}
	memcpy(seats.units, units, n * sizeof(*units));
	seatings->items[seatings->n++] = seats;
	return true;
}

/* Which has the lower core where they differ? */
static int compare_units(const struct rt_cpuset *a, const struct rt_cpuset *b)
{
	int x = rt_cpuset_first(a), y = rt_cpuset_first(b);

	while (x >= 0 && x == y) {
		x = rt_cpuset_next(a, x);
		y = rt_cpuset_next(b, y);
	}
	return x - y;
}

/* The score says it; seats that are as good are told apart by their cores. */
static int compare_seats(const struct rt_seats *a, const struct rt_seats *b)
{
	int r = rt_score_compare(&a->score, &b->score);

	for (size_t i = 0; r == 0 && i < a->n; i++)
		r = compare_units(&a->units[i], &b->units[i]);
	return r;
}

static int by_score(const void *a, const void *b)
{
	return compare_seats(a, b);
}

void rt_seatings_sort(struct rt_seatings *seatings)
{
	if (seatings->n)
		qsort(seatings->items, seatings->n, sizeof(*seatings->items),
		      by_score);
}

/* Do they differ in the nodes or caches that a guest is on? */
bool rt_seats_differ(const struct rt_placing *placing, const struct rt_seats *a,
		     const struct rt_seats *b, bool caches)
{
	for (size_t i = 0; i < placing->n; i++) {
		struct rt_cpuset met[2][2] = { 0 };

		for (unsigned k = 0; k < 2; k++) {
			const struct rt_cpuset *units =
				k ? &b->units[i] : &a->units[i];

			RT_CPUSET_FOREACH(u, units)
			{
				const int *at = placing->units[u].level;

				rt_cpuset_add(&met[k][0],
					      (unsigned)at[RT_UNIT_NODE] + 1);
				rt_cpuset_add(&met[k][1],
					      (unsigned)at[RT_UNIT_CACHE] + 1);
			}
		}
		if (!rt_cpuset_is_equal(&met[0][0], &met[1][0]) ||
		    (caches && !rt_cpuset_is_equal(&met[0][1], &met[1][1])))
			return true;
	}
	return false;
}

/*
 * The best of them, sorted; of those on other nodes the best first, so that the
 * next guests have a choice.
 */
void rt_seatings_keep(const struct rt_placing *placing,
		      struct rt_seatings *seatings, size_t most)
{
	size_t kept = 0;

	for (size_t i = 0; i < seatings->n && kept < most; i++) {
		const struct rt_seats seats = seatings->items[i];
		bool is_new = true;

		for (size_t k = 0; is_new && k < kept; k++)
			is_new = rt_seats_differ(placing, &seatings->items[k],
						 &seats, false);
		if (!is_new)
			continue;
		/* The others stay in order. */
		memmove(&seatings->items[kept + 1], &seatings->items[kept],
			(i - kept) * sizeof(seats));
		seatings->items[kept++] = seats;
	}
	while (seatings->n > most)
		seats_fini(&seatings->items[--seatings->n]);
}
