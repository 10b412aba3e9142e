/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_internal.h - shared by the files that make a plan
 *
 * Each plan_ call looks at one sort of setting and says with want() what it
 * shall hold. want() compares with what holds, and notes that a saved path is
 * still needed; what is saved and not needed is given back.
 */
#ifndef RT_PLAN_INTERNAL_H
#define RT_PLAN_INTERNAL_H

#include "plan.h"

struct maker {
	const struct rt_plan_input *in;
	struct rt_plan *plan;
	bool *needed; /* by index of the journal's saved */
	struct rt_cpuset owned, housekeeping, offline;
	struct rt_err *err;
};

/* One wish. Borrowed for the call. */
struct wish {
	enum rt_act act;
	enum rt_need need;
	enum rt_kind kind;
	const char *path;
	const char *now;
	const char *why;
	const char *guest;
};

/* Add a step if wish->now is not value. Keeps a saved path needed either way. */
int rt_plan_want(struct maker *maker, const struct wish *wish,
		 const char *value);
int rt_plan_want_set(struct maker *maker, const struct wish *wish,
		     const struct rt_cpuset *value);

/* A saved path that stays as it is: not given back while it is needed. */
void rt_plan_need(struct maker *maker, const char *path);

/*
 * *set less the owned CPUs; if nothing is left, the housekeeping CPUs of
 * `node`, and if there are none either, all housekeeping CPUs.
 */
struct rt_cpuset rt_plan_off_owned(const struct maker *maker,
				   const struct rt_cpuset *set, int node);

/* The one guest that owns a CPU of *cpus, for messages; "" if several. */
const char *rt_plan_owner(const struct maker *maker,
			  const struct rt_cpuset *cpus);

/* A setting's value as a set; false when it is not one. */
bool rt_plan_parse(enum rt_kind kind, const char *value,
		   struct rt_cpuset *ret_set);

bool rt_plan_ends_with(const char *text, const char *end);

int rt_plan_host(struct maker *maker);	 /* rows 5, 6, 8-10 of SPEC 4 */
int rt_plan_cpus(struct maker *maker);	 /* row 1 */
int rt_plan_shield(struct maker *maker); /* rows 2, 3 */
int rt_plan_threads(struct maker *maker);
int rt_plan_sweep(struct maker *maker); /* row 9, behind the shield */

#endif
