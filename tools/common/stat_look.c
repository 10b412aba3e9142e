/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat_look.c - one moment: what the guests are, and what the agent knows */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent_client.h"
#include "stat.h"

bool rt_stat_is_unknown(const struct rt_stat *stat,
			const struct rt_guest *guest)
{
	unsigned pid;

	return !rt_scanned_state(&stat->scanned, guest->uuid) &&
	       rt_guest_runs(&stat->loaded->sys, guest->name, &pid);
}

/* --- what the agent knows --- */

struct json_object *rt_stat_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (object && json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, key, &value);
	return value;
}

const char *rt_stat_text(struct json_object *object, const char *key)
{
	struct json_object *value = rt_stat_member(object, key);

	return value ? json_object_get_string(value) : "";
}

size_t rt_stat_length(struct json_object *array)
{
	return array && json_object_is_type(array, json_type_array) ?
		       json_object_array_length(array) :
		       0;
}

struct json_object *rt_stat_agent_guest(const struct rt_stat *stat,
					const char *uuid)
{
	struct json_object *guests = rt_stat_member(stat->agent, "guests");

	for (size_t i = 0; i < rt_stat_length(guests); i++) {
		struct json_object *guest =
			json_object_array_get_idx(guests, i);

		if (strcmp(rt_stat_text(guest, "uuid"), uuid) == 0)
			return guest;
	}
	return NULL;
}

/* What kvmrt-sync says of file and definition; "": they are in step. */
const char *rt_stat_definition(const struct rt_stat *stat, const char *uuid)
{
	struct json_object *all = rt_stat_member(stat->agent, "sync");

	for (size_t i = 0; i < rt_stat_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		const char *said = rt_stat_text(one, "said");

		if (strcmp(rt_stat_text(one, "uuid"), uuid) == 0)
			return strncmp(said, "in step", 7) == 0 ? "" : said;
	}
	return "";
}

/* --- the state --- */

const char *rt_stat_state(struct rt_stat *stat, const struct rt_guest *guest)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);
	struct json_object *known = rt_stat_agent_guest(stat, guest->uuid);

	if (!state && rt_stat_is_unknown(stat, guest)) {
		if (!guest->rt || guest->disabled)
			return "running";
		stat->any_rt = true;
		if (stat->scanned.hidden) {
			stat->any_hidden = true;
			return "running";
		}
		stat->any_bad = true;
		return "degraded";
	}
	if (!state)
		return guest->disabled ? "disabled" : "off";
	stat->any_rt |= state->active->guest.rt;
	if (state->state == RT_STATE_DEGRADED)
		stat->any_bad = true;
	if (state->state == RT_STATE_TUNED &&
	    strcmp(rt_stat_text(known, "state"), "disturbed") == 0) {
		stat->any_bad = true;
		return "disturbed";
	}
	return state->state == RT_STATE_ORDINARY ? "running" :
						   rt_state_name(state->state);
}

/* --- interruptions --- */

bool rt_stat_since(const struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_since *ret)
{
	struct rt_err ignored;

	memset(ret, 0, sizeof(*ret));
	return rt_counts_read(&stat->loaded->sys, &guest->owned, &ret->now,
			      &ignored) == 0 &&
	       rt_counts_saved(&stat->loaded->sys, guest->uuid, &ret->saved,
			       &ignored) == 0;
}

void rt_stat_since_fini(struct rt_since *since)
{
	rt_counts_fini(&since->now);
	rt_counts_fini(&since->saved);
}

/* A CPU's counters when the guest started; zero when they were not saved. */
struct rt_count rt_stat_base(const struct rt_since *since, unsigned cpu)
{
	const struct rt_count *saved = rt_counts_find(&since->saved, cpu);

	return saved ? *saved : (struct rt_count){ .cpu = cpu };
}

/* The sums shrink when a driver frees an interrupt, and its row goes. */
unsigned long long rt_stat_grown(unsigned long long now,
				 unsigned long long base)
{
	return now > base ? now - base : 0;
}

/*
 * How often the scheduler took the CPU away from the guest's own threads that
 * can run nowhere else. The kernel counts this by thread only.
 */
unsigned long long rt_stat_taken(const struct rt_stat *stat,
				 const struct rt_process *process, unsigned cpu)
{
	unsigned long long n = 0;

	for (size_t i = 0; process && i < process->threads.n; i++) {
		const struct rt_thread *thread = &process->threads.items[i];
		struct rt_thread_now now;

		if (rt_cpuset_has(&thread->affinity, cpu) &&
		    rt_cpuset_count(&thread->affinity) == 1 &&
		    rt_scan_thread(&stat->loaded->sys, thread, &now))
			n += now.switches;
	}
	return n;
}

/* --- which guests there are --- */

/* One that does not answer guards nobody. */
static void ask_agent(struct rt_stat *stat)
{
	RT_AUTO_FREE char *answer = NULL;
	struct rt_err err;
	int r = rt_agent_ask(&stat->loaded->sys, "status", &answer, &err);

	stat->agent_dead =
		r == -ENOENT || r == -ECONNREFUSED || r == -ETIMEDOUT;
	if (r == 0)
		stat->agent = json_tokener_parse(answer);
	else if (r != -ENOENT && r != -ECONNREFUSED && r != -EACCES &&
		 r != -ENOTSUP)
		fprintf(stderr, "%s: %s\n", stat->program, err.text);
}

/* One may be on record, and not in the file any more. */
bool rt_stat_is_on_record(const struct rt_journal *journal, const char *name)
{
	char uuid[RT_UUID_LEN + 1];

	for (size_t i = 0; i < journal->n_active; i++) {
		if (strcmp(journal->active[i].guest.name, name) == 0)
			return true;
	}
	return rt_uuid_parse(name, uuid) &&
	       rt_journal_find_guest(journal, uuid);
}

static int add_shown(struct rt_stat *stat, const struct rt_guest *guest,
		     struct rt_err *err)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);

	if (!state && !stat->all && guest->disabled &&
	    !rt_stat_is_unknown(stat, guest))
		return 0;
	/* The record says what is in force, whatever the file says by now. */
	return rt_guest_refs_add(&stat->shown,
				 state ? &state->active->guest : guest, err);
}

/* Without a file nobody has said which guests matter: all that run do. */
static int add_others(struct rt_stat *stat, struct rt_err *err)
{
	struct rt_err ignored;
	int r = 0;

	if (stat->loaded->file.exists ||
	    rt_guests_running(&stat->loaded->sys, &stat->running, &ignored) < 0)
		return 0;
	stat->others = calloc(stat->running.n + 1, sizeof(*stat->others));
	if (!stat->others)
		return rt_fail_memory(err);
	for (size_t i = 0; r == 0 && i < stat->running.n; i++) {
		stat->others[i].name = stat->running.items[i];
		if (!rt_stat_is_on_record(&stat->scanned.journal,
					  stat->others[i].name))
			r = rt_guest_refs_add(&stat->shown, &stat->others[i],
					      err);
	}
	return r;
}

/* In the order of the file, then those that it does not have any more. */
static int list_shown(struct rt_stat *stat, struct rt_err *err)
{
	const struct rt_guests *guests = &stat->loaded->guests;
	const struct rt_states *states = &stat->scanned.states;
	int r = 0;

	for (size_t i = 0; r == 0 && i < guests->n; i++)
		r = add_shown(stat, &guests->items[i], err);
	for (size_t i = 0; r == 0 && i < states->n; i++) {
		const struct rt_guest *guest = &states->items[i].active->guest;

		if (!rt_guests_find(guests, guest->uuid))
			r = add_shown(stat, guest, err);
	}
	return r < 0 ? r : add_others(stat, err);
}

int rt_stat_look(struct rt_stat *stat, struct rt_err *err)
{
	int r = rt_scan(stat->loaded, &stat->scanned, err);

	stat->any_bad = stat->any_hidden = stat->any_rt = false;
	if (r < 0)
		return r;
	ask_agent(stat);
	return list_shown(stat, err);
}

int rt_stat_status(const struct rt_stat *stat)
{
	if (stat->any_bad)
		return RT_EXIT_PARTLY;
	if (stat->any_rt && stat->agent_dead)
		return RT_STAT_EXIT_AGENT;
	if (!stat->loaded->readable)
		return RT_EXIT_REFUSED;
	return stat->any_hidden ? RT_EXIT_FAILED : RT_EXIT_DONE;
}

void rt_stat_fini(struct rt_stat *stat)
{
	if (stat->agent)
		json_object_put(stat->agent);
	stat->agent = NULL;
	rt_guest_refs_fini(&stat->shown);
	free(stat->others);
	stat->others = NULL;
	rt_names_fini(&stat->running);
	memset(&stat->running, 0, sizeof(stat->running));
	rt_scanned_fini(&stat->scanned);
	memset(&stat->scanned, 0, sizeof(stat->scanned));
}
