/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_search.h - what the parts of the search share */
#ifndef RT_PLACE_SEARCH_H
#define RT_PLACE_SEARCH_H

#include "place_part.h"

/* Units of each request, as sets of their indexes; empty: not placed. */
struct rt_seats {
	struct rt_cpuset *units;
	size_t n; /* requests */
	struct rt_score score;
};

struct rt_seatings {
	struct rt_seats *items;
	size_t n, size;
};

/* place_seats.c */
void rt_seatings_fini(struct rt_seatings *seatings);
/* False when memory is short. */
bool rt_seatings_add(struct rt_seatings *seatings,
		     const struct rt_cpuset *units, size_t n,
		     const struct rt_score *score);
/* Best first; those that are as good by their cores. */
void rt_seatings_sort(struct rt_seatings *seatings);
/*
 * Keep that many, sorted; of those on other nodes the best first, so that the
 * next guests have a choice.
 */
void rt_seatings_keep(const struct rt_placing *placing,
		      struct rt_seatings *seatings, size_t most);
/* Do they differ in the nodes, or in the caches, too, that a guest is on? */
bool rt_seats_differ(const struct rt_placing *placing, const struct rt_seats *a,
		     const struct rt_seats *b, bool caches);

/* What the rules say of a guest on cores of these kinds, beside the others. */
struct rt_memo {
	uint64_t key;
	struct rt_score score;
	bool refused;
};

/* One guest is being placed beside the seats of *from. */
struct rt_search {
	struct rt_placing *placing;
	const struct rt_seats *from;
	size_t i;		 /* the request */
	unsigned need;		 /* of it */
	struct rt_cpuset free;	 /* units */
	struct rt_cpuset *seats; /* from's, and what is tried */
	struct rt_cpuset *cpus;
	struct rt_memo *memos;
	size_t n_memos;
	struct rt_seatings *out; /* NULL: only counted */
	size_t n_tried;
	/* Units that are alike; too many cells are not listed. */
	struct rt_cpuset *cells;
	unsigned *rooms; /* of this cell and those behind it */
	size_t n_cells;
};

/* Ask the rules, and put it to the others if they have nothing against it. */
void rt_search_try(struct rt_search *search, const struct rt_cpuset *units);
/* How far these units bring the guest. */
unsigned rt_search_room(const struct rt_search *search,
			const struct rt_cpuset *units);
/* The lowest of them, until there is room. Returns what is missing. */
unsigned rt_search_take(const struct rt_search *search,
			const struct rt_cpuset *units, unsigned need,
			struct rt_cpuset *taken);
/* place_areas.c: each node, die, cache and package. */
void rt_search_areas(struct rt_search *search);

#endif
