/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h - is each active guest what its section promises, now?
 *
 * The tuning is right when the plan for it is empty. So what a guest lacks is
 * what a plan made from fresh facts still wants for it.
 */
#ifndef RT_STATE_H
#define RT_STATE_H

#include "plan.h"

enum rt_state {
	RT_STATE_STARTING, /* from prepare to started */
	RT_STATE_TUNED,
	RT_STATE_DEGRADED,
	RT_STATE_ORDINARY, /* not a real-time guest: nothing to be */
};

/* "tuned" */
const char *rt_state_name(enum rt_state state);

struct rt_guest_state {
	const struct rt_active *active; /* borrowed from the journal */
	enum rt_state state;
	char **missing; /* a sentence each */
	size_t n, size;
};

struct rt_states {
	struct rt_guest_state *items; /* as journal->active */
	size_t n, size;
};

/*
 * *plan is rt_plan_make's for *input. What belongs to several guests is missing
 * to each of them. A ban that irqbalance applies only at its next scan is not
 * missing.
 */
int rt_states_make(const struct rt_plan_input *input,
		   const struct rt_plan *plan, struct rt_states *ret_states,
		   struct rt_err *err);
void rt_states_fini(struct rt_states *states);

#endif
