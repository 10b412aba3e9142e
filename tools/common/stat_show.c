/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat_show.c - what kvmrt-stat shows of one moment */
#include <string.h>

#include "stat.h"
#include "show.h"
#include "core/model/sched.h"

/* Shown without -v. */
#define REPAIRS_SHOWN 5

static const char *colour_of(const char *state)
{
	return strcmp(state, "tuned") == 0    ? RT_COLOUR_GOOD :
	       strcmp(state, "degraded") == 0 ? RT_COLOUR_ERROR :
	       strcmp(state, "disturbed") == 0 ||
			       strcmp(state, "starting") == 0 ?
						RT_COLOUR_WARNING :
						"";
}

void rt_stat_host(const struct rt_stat *stat, struct rt_strbuf *out)
{
	struct json_object *agent = rt_stat_member(stat->agent, "agent");

	if (stat->scanned.hidden)
		rt_strbuf_adds(out, "only root may read the record: run this "
				    "as root to see whether a guest that runs "
				    "is real-time\n\n");
	if (stat->agent_dead)
		rt_strbuf_adds(
			out,
			"kvmrt-agent does not run, so nothing repairs what "
			"others change: systemctl start kvmrt-agent\n\n");
	else if (agent && stat->options->verbose)
		rt_strbuf_addf(out,
			       "kvmrt-agent runs since %s: %s scans, %s "
			       "repairs, libvirt %s\n\n",
			       rt_stat_text(agent, "since"),
			       rt_stat_text(agent, "scans"),
			       rt_stat_text(agent, "repairs"),
			       rt_stat_text(agent, "libvirt"));
}

static bool is_true(struct json_object *object, const char *key)
{
	return strcmp(rt_stat_text(object, key), "true") == 0;
}

static void add_repair(struct json_object *repair, struct rt_strbuf *out)
{
	const char *by = rt_stat_text(repair, "by"),
		   *n = rt_stat_text(repair, "count");

	rt_strbuf_addf(out, "    %s  %s %s", rt_stat_text(repair, "last"),
		       rt_stat_text(repair, "what"),
		       rt_stat_text(repair, "did"));
	if (*by)
		rt_strbuf_addf(out, ", by %s", by);
	if (strcmp(n, "1") != 0)
		rt_strbuf_addf(out, ", %s times", n);
	rt_strbuf_adds(out, is_true(repair, "fight") ? ": a fight\n" : "\n");
}

/* What belongs to a guest's own life is shown only with -v. */
static void add_repairs(const struct rt_stat *stat, struct json_object *guest,
			struct rt_strbuf *out)
{
	struct json_object *repairs = rt_stat_member(guest, "repairs");
	const bool verbose = stat->options->verbose;
	size_t shown = 0, skip = 0;

	for (size_t i = 0; i < rt_stat_length(repairs); i++)
		shown += verbose ||
			 is_true(json_object_array_get_idx(repairs, i),
				 "foreign");
	if (!verbose && shown > REPAIRS_SHOWN) {
		skip = shown - REPAIRS_SHOWN;
		rt_strbuf_addf(out, "    (%zu repairs before these; -v)\n",
			       skip);
	}
	for (size_t i = 0; i < rt_stat_length(repairs); i++) {
		struct json_object *repair =
			json_object_array_get_idx(repairs, i);

		if (!verbose && !is_true(repair, "foreign"))
			continue;
		if (skip)
			skip--;
		else
			add_repair(repair, out);
	}
}

/* --- threads --- */

static void add_threads(const struct rt_stat *stat,
			const struct rt_process *process, struct rt_strbuf *out)
{
	rt_strbuf_addf(out, "    %7s %-16s %-9s %-12s %4s %-8s %12s %9s\n",
		       "TID", "THREAD", "ROLE", "CPUS", "LAST", "POLICY",
		       "WAITED", "SWITCHED");
	for (size_t i = 0; i < process->threads.n; i++) {
		const struct rt_thread *thread = &process->threads.items[i];
		struct rt_thread_now now;

		if (!rt_scan_thread(&stat->loaded->sys, thread, &now))
			continue;
		rt_strbuf_addf(
			out,
			"    %7u %-16s %-9s %-12s %4d %-8s %9.3f ms "
			"%9llu\n",
			thread->tid, thread->comm, rt_role_name(thread->role),
			rt_cpuset_text(&thread->affinity).text, now.last_cpu,
			rt_sched_of(now.policy, now.priority).text,
			(double)now.delay_ns / 1e6, now.switches);
	}
}

/* --- interruptions --- */

static void add_counts(const struct rt_stat *stat, const struct rt_guest *guest,
		       const struct rt_process *process, struct rt_strbuf *out)
{
	struct rt_since since;

	if (rt_stat_since(stat, guest, &since)) {
		rt_strbuf_addf(out, "    interruptions since %s:\n",
			       since.saved.n ? "it started" : "boot");
		for (size_t i = 0; i < since.now.n; i++) {
			const struct rt_count *now = &since.now.items[i];
			const struct rt_count base =
				rt_stat_base(&since, now->cpu);

			rt_strbuf_addf(
				out,
				"    CPU %-4u %-8s %12llu interrupts "
				"%12llu softirqs %9llu switches\n",
				now->cpu,
				rt_use_name(
					rt_guest_use(guest, now->cpu, NULL)),
				rt_stat_grown(now->interrupts, base.interrupts),
				rt_stat_grown(now->softirqs, base.softirqs),
				rt_stat_taken(stat, process, now->cpu));
		}
	}
	rt_stat_since_fini(&since);
}

/* --- a guest --- */

void rt_stat_guest(struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_strbuf *out)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);
	const struct rt_process *process =
		rt_scanned_process(&stat->scanned, guest->uuid);
	const char *word = rt_stat_state(stat, guest);
	const char *said = rt_stat_definition(stat, guest->uuid);
	const char *colour = stat->colour ? colour_of(word) : "";

	rt_strbuf_addf(out, "%-20s %s%-10s%s", guest->name, colour, word,
		       *colour ? "\033[0m" : "");
	/* As on record; what the file would like is not in force. */
	if (guest->rt && state)
		rt_strbuf_addf(out, " vCPUs on %s, service on %s",
			       rt_cpuset_text(&guest->vcpus).text,
			       rt_cpuset_text(&guest->service).text);
	rt_strbuf_adds(out, "\n");
	for (size_t i = 0; state && i < state->n; i++)
		rt_strbuf_addf(out, "    %s\n", state->missing[i]);
	if (state && state->active->fenced)
		rt_strbuf_addf(out,
			       "    a fence instead of a shield, which the "
			       "kernel refused: %s\n",
			       state->active->fenced);
	if (strcmp(word, "degraded") == 0 && !state)
		rt_strbuf_addf(out, "    " RT_STAT_UNKNOWN "\n", guest->name);
	if (*said)
		rt_strbuf_addf(out, "    its definition: %s\n", said);
	add_repairs(stat, rt_stat_agent_guest(stat, guest->uuid), out);
	if (process && stat->threads)
		add_threads(stat, process, out);
	if (process && guest->rt && (stat->threads || stat->options->verbose))
		add_counts(stat, guest, process, out);
}
