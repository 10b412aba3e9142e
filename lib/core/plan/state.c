/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state.c - is each active guest what its section promises, now? */
#include "state.h"

#include <stdlib.h>
#include <string.h>

const char *rt_state_name(enum rt_state state)
{
	switch (state) {
	case RT_STATE_STARTING:
		return "starting";
	case RT_STATE_TUNED:
		return "tuned";
	case RT_STATE_DEGRADED:
		return "degraded";
	case RT_STATE_ORDINARY:
		break;
	}
	return "ordinary";
}

void rt_states_fini(struct rt_states *states)
{
	for (size_t i = 0; i < states->n; i++) {
		for (size_t k = 0; k < states->items[i].n; k++)
			free(states->items[i].missing[k]);
		free(states->items[i].missing);
	}
	free(states->items);
	memset(states, 0, sizeof(*states));
}

/* Takes *text. */
static int add_missing(struct rt_guest_state *state, struct rt_strbuf *text,
		       struct rt_err *err)
{
	char *sentence;
	int r = rt_strbuf_take(text, &sentence, err);

	if (r < 0)
		return r;
	if (!rt_grow(&state->missing, state->n, &state->size, sizeof(char *))) {
		free(sentence);
		return rt_fail_memory(err);
	}
	state->missing[state->n++] = sentence;
	state->state = RT_STATE_DEGRADED;
	return 0;
}

static bool counts(const struct rt_step *step)
{
	return (step->act == RT_ACT_SET || step->act == RT_ACT_OWN) &&
	       !rt_value_same(step->kind, step->now, step->value) &&
	       step->kind != RT_KIND_IRQBALANCE;
}

static int add_steps(const struct rt_plan *plan, struct rt_guest_state *state,
		     struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		RT_AUTO_STRBUF text = { 0 };

		if (!counts(step) ||
		    (*step->guest &&
		     strcmp(step->guest, state->active->guest.name) != 0))
			continue;
		rt_strbuf_addf(&text, "%s: %s holds '%s', should be '%s'",
			       step->why, step->path, step->now, step->value);
		r = add_missing(state, &text, err);
	}
	return r;
}

static int add_memory(const struct rt_facts *facts,
		      struct rt_guest_state *state, struct rt_err *err)
{
	const struct rt_active *active = state->active;

	for (size_t i = 0; i < facts->processes.n; i++) {
		const struct rt_process *process = &facts->processes.items[i];
		RT_AUTO_STRBUF text = { 0 };

		if (strcmp(process->uuid, active->guest.uuid) != 0 ||
		    !active->guest.locked ||
		    process->locked_kib >= active->memory_kib)
			continue;
		rt_strbuf_addf(&text,
			       "its memory is not locked: %llu of %llu KiB are",
			       process->locked_kib, active->memory_kib);
		return add_missing(state, &text, err);
	}
	return 0;
}

static int add_outcome(const struct rt_outcomes *outcomes,
		       struct rt_guest_state *state, struct rt_err *err)
{
	const char *reason =
		rt_outcomes_find(outcomes, state->active->guest.uuid);
	RT_AUTO_STRBUF text = { 0 };

	if (!reason)
		return 0;
	rt_strbuf_adds(&text, reason);
	return add_missing(state, &text, err);
}

static int judge(const struct rt_plan_input *input, const struct rt_plan *plan,
		 struct rt_guest_state *state, struct rt_err *err)
{
	int r;

	if (!state->active->guest.rt) {
		state->state = RT_STATE_ORDINARY;
		return 0;
	}
	if (state->active->stage == RT_STAGE_PREPARED) {
		state->state = RT_STATE_STARTING;
		return 0;
	}
	state->state = RT_STATE_TUNED;
	r = add_outcome(&plan->outcomes, state, err);
	if (r == 0)
		r = add_steps(plan, state, err);
	return r < 0 ? r : add_memory(input->facts, state, err);
}

int rt_states_make(const struct rt_plan_input *input,
		   const struct rt_plan *plan, struct rt_states *ret_states,
		   struct rt_err *err)
{
	const struct rt_journal *journal = input->journal;
	struct rt_states states = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		struct rt_guest_state state = { .active = &journal->active[i] };

		if (!rt_grow(&states.items, states.n, &states.size,
			     sizeof(state))) {
			r = rt_fail_memory(err);
			break;
		}
		states.items[states.n++] = state;
		r = judge(input, plan, &states.items[states.n - 1], err);
	}
	if (r < 0) {
		rt_states_fini(&states);
		return r;
	}
	*ret_states = states;
	return 0;
}
