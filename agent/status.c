/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status.c - what holds for each guest, as JSON: kvmrt-stat(1) has the schema */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/plan/state.h"
#include "host/reconcile.h"
#include "host/topology.h"
#include "agent.h"

#define LOCK_MS 500

static void add_time(struct rt_json *json, int64_t when)
{
	const time_t seconds = (time_t)when;
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	rt_json_string(json, text);
}

static void add_repair(struct rt_json *json, const struct repair *repair)
{
	rt_json_open(json, '{');
	rt_json_key(json, "what");
	rt_json_string(json, repair->what);
	rt_json_key(json, "did");
	rt_json_string(json, repair->did);
	rt_json_key(json, "by");
	rt_json_string(json, repair->by);
	rt_json_key(json, "count");
	rt_json_number(json, repair->count);
	rt_json_key(json, "last");
	add_time(json, repair->when);
	rt_json_key(json, "foreign");
	rt_json_bool(json, repair->foreign);
	rt_json_key(json, "fight");
	rt_json_bool(json, repair->fight);
	rt_json_close(json, '}');
}

/* What names no guest concerns all. */
static void add_repairs(struct rt_json *json, const struct agent *agent,
			const char *guest)
{
	rt_json_key(json, "repairs");
	rt_json_open(json, '[');
	for (size_t i = 0; i < agent->repairs.n; i++) {
		const struct repair *repair = &agent->repairs.items[i];

		if (!*repair->guest || strcmp(repair->guest, guest) == 0)
			add_repair(json, repair);
	}
	rt_json_close(json, ']');
}

static const char *state_text(const struct agent *agent,
			      const struct rt_guest_state *state)
{
	const uint64_t now = agent_now_ms();
	const char *name = state->active->guest.name;

	if (state->state == RT_STATE_TUNED &&
	    (repairs_disturbed(&agent->repairs, name, now) ||
	     repairs_disturbed(&agent->repairs, "", now)))
		return "disturbed";
	return rt_state_name(state->state);
}

static void add_guest(struct rt_json *json, const struct agent *agent,
		      const struct rt_guest_state *state)
{
	const struct rt_guest *guest = &state->active->guest;
	const char *sync = "";

	rt_json_open(json, '{');
	rt_json_key(json, "uuid");
	rt_json_string(json, guest->uuid);
	rt_json_key(json, "name");
	rt_json_string(json, guest->name);
	rt_json_key(json, "rt");
	rt_json_bool(json, guest->rt);
	rt_json_key(json, "state");
	rt_json_string(json, state_text(agent, state));
	rt_json_key(json, "missing");
	rt_json_open(json, '[');
	for (size_t i = 0; i < state->n; i++)
		rt_json_string(json, state->missing[i]);
	rt_json_close(json, ']');
	add_repairs(json, agent, guest->name);
	for (size_t i = 0; i < agent->helper.n_guests; i++) {
		if (strcmp(agent->helper.guests[i].uuid, guest->uuid) == 0)
			sync = agent->helper.guests[i].text;
	}
	rt_json_key(json, "sync");
	rt_json_string(json, sync);
	rt_json_close(json, '}');
}

static void add_agent(struct rt_json *json, const struct agent *agent)
{
	rt_json_key(json, "agent");
	rt_json_open(json, '{');
	rt_json_key(json, "pid");
	rt_json_number(json, getpid());
	rt_json_key(json, "since");
	add_time(json, agent->since);
	rt_json_key(json, "interrupts");
	rt_json_string(json, agent->irqs.watch.fd < 0 ? "poll" : "events");
	rt_json_key(json, "poll");
	rt_json_bool(json, agent->poll);
	rt_json_key(json, "libvirt");
	rt_json_string(json, agent->helper.libvirt);
	rt_json_key(json, "wakeups");
	rt_json_number(json, (long long)agent->counters.wakeups);
	rt_json_key(json, "looks");
	rt_json_number(json, (long long)agent->counters.looks);
	rt_json_key(json, "repairs");
	rt_json_number(json, (long long)agent->counters.repairs);
	rt_json_close(json, '}');
}

/* All guests that kvmrt.cfg names, running or not, as the helper sees them. */
static void add_sync(struct rt_json *json, const struct agent *agent)
{
	rt_json_key(json, "sync");
	rt_json_open(json, '[');
	for (size_t i = 0; i < agent->helper.n_guests; i++) {
		rt_json_open(json, '{');
		rt_json_key(json, "uuid");
		rt_json_string(json, agent->helper.guests[i].uuid);
		rt_json_key(json, "said");
		rt_json_string(json, agent->helper.guests[i].text);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

static int add_guests(struct rt_json *json, struct agent *agent,
		      const struct rt_journal *journal, struct rt_err *err)
{
	struct rt_facts facts = { 0 };
	struct rt_plan plan = { 0 };
	struct rt_states states = { 0 };
	const struct rt_plan_input input = { &agent->topo, &facts, journal,
					     true };
	int r = rt_reconcile_facts(&agent->sys, journal, &agent->topo, NULL,
				   &facts, err);

	if (r == 0)
		r = rt_plan_make(&input, &plan, err);
	if (r == 0)
		r = rt_states_make(&input, &plan, &states, err);
	for (size_t i = 0; r == 0 && i < states.n; i++)
		add_guest(json, agent, &states.items[i]);
	rt_states_fini(&states);
	rt_plan_fini(&plan);
	rt_facts_fini(&facts);
	return r;
}

int agent_status(struct agent *agent, struct rt_strbuf *out, struct rt_err *err)
{
	struct rt_json json = { .out = out };
	struct rt_store store;
	int r = rt_store_open(&agent->sys, LOCK_MS, &store, err);

	if (r < 0)
		return r;
	if (!agent->has_topo && store.journal.n_active) {
		r = rt_topology_load(&agent->sys, &agent->topo, err);
		agent->has_topo = r == 0;
	}
	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	add_agent(&json, agent);
	rt_json_key(&json, "guests");
	rt_json_open(&json, '[');
	if (r == 0 && store.journal.n_active)
		r = add_guests(&json, agent, &store.journal, err);
	rt_json_close(&json, ']');
	add_sync(&json, agent);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
	rt_store_close(&store);
	return r;
}
