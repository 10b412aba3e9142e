/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat_json.c - what kvmrt-stat says of one moment to programs */
#include <string.h>

#include "stat.h"
#include "core/model/sched.h"

/* How many of each kind kvmrt-validate-config would print. */
static void json_findings(struct rt_stat *stat)
{
	const struct rt_report *report = &stat->loaded->report;
	struct rt_json *json = &stat->json;

	rt_json_key(json, "findings");
	rt_json_open(json, '{');
	rt_json_key_number(json, "errors", rt_report_errors(report));
	rt_json_key_number(json, "warnings", rt_report_warnings(report));
	rt_json_close(json, '}');
}

/* Those that are somebody's, and the housekeeping ones. */
static void json_cpus(struct rt_stat *stat)
{
	const struct rt_view view =
		rt_scanned_view(stat->loaded, &stat->scanned);
	struct rt_json *json = &stat->json;

	rt_json_key(json, "cpus");
	rt_json_open(json, '[');
	RT_CPUSET_FOREACH(cpu, &view.topo->present)
	{
		const struct rt_cpu_role role =
			rt_cpu_role(view.now, (unsigned)cpu);

		rt_json_open(json, '{');
		rt_json_key_number(json, "cpu", cpu);
		rt_json_key_string(json, "role",
				   rt_view_role(&view, (unsigned)cpu).text);
		rt_json_key_string(json, "guest",
				   role.guest ? role.guest->name : "");
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

void rt_stat_open_json(struct rt_stat *stat, struct rt_strbuf *out)
{
	struct rt_json *json = &stat->json;

	*json = (struct rt_json){ .out = out };
	rt_json_open(json, '{');
	rt_json_key_number(json, "version", 1);
	rt_json_key_bool(json, "agent", stat->agent != NULL);
	rt_json_key_bool(json, "record", !stat->scanned.hidden);
	json_findings(stat);
	json_cpus(stat);
	rt_json_key(json, "guests");
	rt_json_open(json, '[');
}

void rt_stat_close_json(struct rt_stat *stat, struct rt_strbuf *out)
{
	rt_json_close(&stat->json, ']');
	rt_json_close(&stat->json, '}');
	rt_strbuf_adds(out, "\n");
}

static void json_threads(struct rt_stat *stat, const struct rt_process *process)
{
	struct rt_json *json = &stat->json;

	rt_json_key(json, "threads");
	rt_json_open(json, '[');
	for (size_t i = 0; process && i < process->threads.n; i++) {
		const struct rt_thread *thread = &process->threads.items[i];
		struct rt_thread_now now;

		if (!rt_scan_thread(&stat->loaded->sys, thread, &now))
			continue;
		rt_json_open(json, '{');
		rt_json_key_number(json, "tid", thread->tid);
		rt_json_key_string(json, "name", thread->comm);
		rt_json_key_string(json, "role", rt_role_name(thread->role));
		rt_json_key_set(json, "cpus", &thread->affinity);
		rt_json_key_number(json, "last_cpu", now.last_cpu);
		rt_json_key_string(json, "policy", rt_policy_name(now.policy));
		rt_json_key_number(json, "priority", now.priority);
		rt_json_key_number(json, "waited_ns", (long long)now.delay_ns);
		rt_json_key_number(json, "switched", (long long)now.switches);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

static void json_counts(struct rt_stat *stat, const struct rt_guest *guest,
			const struct rt_process *process)
{
	struct rt_json *json = &stat->json;
	struct rt_since since = { 0 };
	const bool read = rt_stat_since(stat, guest, &since);

	rt_json_key_bool(json, "since_start", since.saved.n > 0);
	rt_json_key(json, "cpus");
	rt_json_open(json, '[');
	for (size_t i = 0; read && i < since.now.n; i++) {
		const struct rt_count *now = &since.now.items[i];
		const struct rt_count base = rt_stat_base(&since, now->cpu);

		rt_json_open(json, '{');
		rt_json_key_number(json, "cpu", now->cpu);
		rt_json_key_string(
			json, "use",
			rt_use_name(rt_guest_use(guest, now->cpu, NULL)));
		rt_json_key_number(json, "interrupts",
				   (long long)(rt_stat_grown(now->interrupts,
							     base.interrupts)));
		rt_json_key_number(json, "softirqs",
				   (long long)(rt_stat_grown(now->softirqs,
							     base.softirqs)));
		rt_json_key_number(
			json, "switches",
			(long long)rt_stat_taken(stat, process, now->cpu));
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
	rt_stat_since_fini(&since);
}

/* As the agent sent it, which is JSON already. */
static void json_repairs(struct rt_stat *stat, const char *uuid)
{
	struct json_object *repairs =
		rt_stat_member(rt_stat_agent_guest(stat, uuid), "repairs");

	rt_json_key(&stat->json, "repairs");
	rt_strbuf_adds(stat->json.out,
		       repairs ? json_object_to_json_string_ext(
					 repairs, JSON_C_TO_STRING_PLAIN) :
				 "[]");
	stat->json.comma = true;
}

void rt_stat_guest_json(struct rt_stat *stat, const struct rt_guest *guest)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);
	const struct rt_process *process =
		rt_scanned_process(&stat->scanned, guest->uuid);
	struct rt_json *json = &stat->json;

	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", guest->uuid);
	rt_json_key_string(json, "name", guest->name);
	rt_json_key_bool(json, "rt", guest->rt);
	rt_json_key_string(json, "state", rt_stat_state(stat, guest));
	rt_json_key(json, "missing");
	rt_json_open(json, '[');
	for (size_t i = 0; state && i < state->n; i++)
		rt_json_string(json, state->missing[i]);
	if (guest->rt && !guest->disabled && !stat->scanned.hidden &&
	    rt_stat_is_unknown(stat, guest)) {
		RT_AUTO_STRBUF text = { 0 };

		rt_strbuf_addf(&text, RT_STAT_UNKNOWN, guest->name);
		rt_json_string(json, text.failed ? "" : text.text);
	}
	rt_json_close(json, ']');
	rt_json_key_string(
		json, "fenced",
		state && state->active->fenced ? state->active->fenced : "");
	rt_json_key_string(json, "definition",
			   rt_stat_definition(stat, guest->uuid));
	json_repairs(stat, guest->uuid);
	json_threads(stat, process);
	if (process && guest->rt)
		json_counts(stat, guest, process);
	rt_json_close(json, '}');
}
