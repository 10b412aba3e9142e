/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_part.h - what the parts of placing share */
#ifndef RT_PLACE_PART_H
#define RT_PLACE_PART_H

#include "place.h"

/* What a unit is in, for nested filling; -1: in none. */
enum rt_unit_level {
	RT_UNIT_NODE,
	RT_UNIT_DIE,
	RT_UNIT_CACHE,
	RT_UNIT_LEVELS,
};

/* A core that has a CPU online. */
struct rt_unit {
	struct rt_cpuset core;	/* all of its threads */
	struct rt_cpuset named; /* those that a cpuset may name */
	unsigned n_named, n_core;
	int level[RT_UNIT_LEVELS]; /* index of the object */
	int package, kind;
	bool slow;
	unsigned crowd;	 /* CPUs of it that other guests' cpusets have */
	uint64_t rules;	 /* alike for the rules of check.h */
	uint64_t likes;	 /* alike for the terms, too */
	unsigned *far;	 /* devices of request i that are not near */
	unsigned *taint; /* what rules say of request i on it alone */
};

/* A node or a cache. */
struct rt_area {
	struct rt_cpuset cpus; /* of units */
	bool free;	       /* nobody is on it, nor CPU 0 */
	bool used, used_rt;
};

struct rt_areas {
	struct rt_area *items;
	size_t n;
};

struct rt_wanted {
	const struct rt_section *section;
	size_t index; /* of its guest */
	unsigned nr_vcpus, service;
	struct rt_section copy; /* with another cpuset; borrows */
	char *text;
	bool rt;
	/* Nearest CPUs of its devices, those of no place left out. */
	struct rt_cpuset *local;
	size_t n_local;
};

struct rt_placing {
	const struct rt_place *place;
	struct rt_guests guests; /* all, in file order */
	struct rt_report before; /* what rules say without the requests */
	struct rt_wanted *wanted;
	size_t n;
	size_t *order; /* in which they are placed */
	struct rt_unit *units;
	size_t n_units;
	unsigned *marks;	   /* room for far and taint */
	struct rt_cpuset taken[2]; /* for an ordinary, for a real-time one */
	struct rt_areas nodes, caches;
	struct rt_report refused; /* errors of the least bad that was refused */
	bool is_refused;
	bool failed; /* memory */
};

/* Findings of these seats into *report; returns the number of new errors. */
unsigned rt_place_check(struct rt_placing *placing,
			const struct rt_cpuset *cpus, struct rt_report *report);
/* Fill the first three terms from findings, and the others from the seats. */
void rt_place_count(const struct rt_report *report, struct rt_score *score);
void rt_place_measure(const struct rt_placing *placing,
		      const struct rt_cpuset *seats, struct rt_score *score);
/* The CPUs that guest i names on these units. */
struct rt_cpuset rt_place_cpus(const struct rt_placing *placing,
			       const struct rt_cpuset *units);
/* May request i have the unit, beside those that have seats? */
struct rt_cpuset rt_place_free(const struct rt_placing *placing, size_t i,
			       const struct rt_cpuset *seats);
/* How far a unit brings request i: 1, or its CPUs. */
unsigned rt_place_room(const struct rt_placing *placing, size_t i,
		       const struct rt_unit *unit);
/* The wanted cores, or CPUs. */
unsigned rt_place_need(const struct rt_placing *placing, size_t i);
/* Is it a finding that was not there before? */
bool rt_place_is_new(const struct rt_placing *placing,
		     const struct rt_report *report,
		     const struct rt_finding *finding);

/* place_units.c: the host's cores. */
int rt_place_read_units(struct rt_placing *placing, struct rt_err *err);

#endif
