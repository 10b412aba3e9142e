/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status.c - what holds for each guest, as JSON: kvmrt-stat(1) has the schema */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/json.h"
#include "agent.h"

static void add_time(struct rt_json *json, int64_t when)
{
	const time_t seconds = (time_t)when;
	struct tm tm;
	char text[32] = "";

	if (when && gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	rt_json_string(json, text);
}

static void add_repair(struct rt_json *json, const struct repair *repair)
{
	rt_json_open(json, '{');
	rt_json_key_string(json, "what", repair->what);
	rt_json_key_string(json, "did", repair->did);
	rt_json_key_string(json, "by", repair->by);
	rt_json_key_number(json, "count", repair->count);
	rt_json_key(json, "last");
	add_time(json, repair->when);
	rt_json_key_bool(json, "foreign", repair->foreign);
	rt_json_key_bool(json, "fight", repair->fight);
	rt_json_close(json, '}');
}

/* A line without a guest concerns all guests. */
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
			      const struct rt_active *active)
{
	const uint64_t now = agent_now_ms();
	const char *name = active->guest.name;

	if (!active->guest.rt)
		return "ordinary";
	if (active->stage == RT_STAGE_PREPARED)
		return "starting";
	if (rt_outcomes_find(&agent->failed, active->guest.uuid))
		return "degraded";
	return repairs_disturbed(&agent->repairs, name, now) ||
			       repairs_disturbed(&agent->repairs, "", now) ?
		       "disturbed" :
		       "tuned";
}

static void add_guest(struct rt_json *json, const struct agent *agent,
		      const struct rt_active *active)
{
	const struct rt_guest *guest = &active->guest;
	const char *lacks = rt_outcomes_find(&agent->failed, guest->uuid);
	const char *sync = "";

	for (size_t i = 0; i < agent->told.n; i++) {
		if (strcmp(agent->told.guests[i].uuid, guest->uuid) == 0 &&
		    agent->told.guests[i].text)
			sync = agent->told.guests[i].text;
	}
	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", guest->uuid);
	rt_json_key_string(json, "name", guest->name);
	rt_json_key_bool(json, "rt", guest->rt);
	rt_json_key_string(json, "state", state_text(agent, active));
	rt_json_key(json, "missing");
	rt_json_open(json, '[');
	if (lacks)
		rt_json_string(json, lacks);
	rt_json_close(json, ']');
	add_repairs(json, agent, guest->name);
	rt_json_key_string(json, "sync", sync);
	rt_json_close(json, '}');
}

static void add_agent(struct rt_json *json, const struct agent *agent)
{
	rt_json_key(json, "agent");
	rt_json_open(json, '{');
	rt_json_key_number(json, "pid", getpid());
	rt_json_key(json, "since");
	add_time(json, agent->since);
	rt_json_key_string(json, "interrupts",
			   agent->irqs.watch.fd < 0 ? "poll" : "events");
	rt_json_key_bool(json, "poll", agent->poll);
	rt_json_key_string(json, "libvirt", agent->told.libvirt);
	rt_json_key(json, "as_of");
	add_time(json, agent->as_of);
	rt_json_key_number(json, "wakeups", (long long)agent->counters.wakeups);
	rt_json_key_number(json, "scans", (long long)agent->counters.scans);
	rt_json_key_number(json, "repairs", (long long)agent->counters.repairs);
	rt_json_close(json, '}');
}

/* All guests that kvmrt.cfg names, running or not, as kvmrt-sync sees them. */
static void add_sync(struct rt_json *json, const struct agent *agent)
{
	rt_json_key(json, "sync");
	rt_json_open(json, '[');
	for (size_t i = 0; i < agent->told.n; i++) {
		const struct told_guest *guest = &agent->told.guests[i];

		if (!guest->text)
			continue;
		rt_json_open(json, '{');
		rt_json_key_string(json, "uuid", guest->uuid);
		rt_json_key_string(json, "said", guest->text);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

int agent_status(struct agent *agent, struct rt_strbuf *out, struct rt_err *err)
{
	struct rt_json json = { .out = out };
	struct rt_journal journal = { 0 };
	int r = rt_store_peek(&agent->sys, &journal, NULL, err);

	if (r < 0)
		return r;
	rt_json_open(&json, '{');
	rt_json_key_number(&json, "version", 1);
	add_agent(&json, agent);
	rt_json_key(&json, "guests");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < journal.n_active; i++)
		add_guest(&json, agent, &journal.active[i]);
	rt_json_close(&json, ']');
	add_sync(&json, agent);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
	rt_journal_fini(&journal);
	return 0;
}
