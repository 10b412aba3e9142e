/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat_show.c - what kvmrt-stat shows of one moment */
#include <string.h>

#include "stat.h"
#include "show.h"
#include "core/model/sched.h"

/* Shown without -v. */
#define REPAIRS_SHOWN 5

#define UNKNOWN                                                                \
	"nothing is tuned: it is not on record; it was started before it was " \
	"in kvmrt.cfg, or could not be tuned then, and 'journalctl -t "        \
	"kvmrt-hook' says why ('kvmrt-boot %s' tries now)"

/* --- what the agent knows --- */

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (object && json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, key, &value);
	return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : "";
}

static size_t length(struct json_object *array)
{
	return array && json_object_is_type(array, json_type_array) ?
		       json_object_array_length(array) :
		       0;
}

static struct json_object *agent_guest(const struct rt_stat *stat,
				       const char *uuid)
{
	struct json_object *guests = member(stat->agent, "guests");

	for (size_t i = 0; i < length(guests); i++) {
		struct json_object *guest =
			json_object_array_get_idx(guests, i);

		if (strcmp(text_of(guest, "uuid"), uuid) == 0)
			return guest;
	}
	return NULL;
}

/* What kvmrt-sync says of file and definition; "": they are in step. */
static const char *sync_text(const struct rt_stat *stat, const char *uuid)
{
	struct json_object *all = member(stat->agent, "sync");

	for (size_t i = 0; i < length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		const char *said = text_of(one, "said");

		if (strcmp(text_of(one, "uuid"), uuid) == 0)
			return strncmp(said, "in step", 7) == 0 ? "" : said;
	}
	return "";
}

/* --- the state --- */

static const char *state_of(struct rt_stat *stat, const struct rt_guest *guest)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);
	struct json_object *known = agent_guest(stat, guest->uuid);

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
	    strcmp(text_of(known, "state"), "disturbed") == 0) {
		stat->any_bad = true;
		return "disturbed";
	}
	return state->state == RT_STATE_ORDINARY ? "running" :
						   rt_state_name(state->state);
}

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
	struct json_object *agent = member(stat->agent, "agent");

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
			       text_of(agent, "since"), text_of(agent, "scans"),
			       text_of(agent, "repairs"),
			       text_of(agent, "libvirt"));
}

static bool is_true(struct json_object *object, const char *key)
{
	return strcmp(text_of(object, key), "true") == 0;
}

static void add_repair(struct json_object *repair, struct rt_strbuf *out)
{
	const char *by = text_of(repair, "by"), *n = text_of(repair, "count");

	rt_strbuf_addf(out, "    %s  %s %s", text_of(repair, "last"),
		       text_of(repair, "what"), text_of(repair, "did"));
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
	struct json_object *repairs = member(guest, "repairs");
	const bool verbose = stat->options->verbose;
	size_t shown = 0, skip = 0;

	for (size_t i = 0; i < length(repairs); i++)
		shown += verbose ||
			 is_true(json_object_array_get_idx(repairs, i),
				 "foreign");
	if (!verbose && shown > REPAIRS_SHOWN) {
		skip = shown - REPAIRS_SHOWN;
		rt_strbuf_addf(out, "    (%zu repairs before these; -v)\n",
			       skip);
	}
	for (size_t i = 0; i < length(repairs); i++) {
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

static const char *role_name(const struct rt_thread *thread)
{
	static const char *const names[] = {
		[RT_ROLE_VCPU] = "vcpu",
		[RT_ROLE_IOTHREAD] = "iothread",
		[RT_ROLE_VHOST] = "vhost",
		[RT_ROLE_EMULATOR] = "emulator",
	};

	return names[thread->role];
}

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
		rt_strbuf_addf(out,
			       "    %7u %-16s %-9s %-12s %4d %-8s %9.3f ms "
			       "%9llu\n",
			       thread->tid, thread->comm, role_name(thread),
			       rt_cpuset_text(&thread->affinity).text,
			       now.last_cpu,
			       rt_sched_of(now.policy, now.priority).text,
			       (double)now.delay_ns / 1e6, now.switches);
	}
}

/* --- interruptions --- */

struct since {
	struct rt_counts now, saved;
};

static bool read_since(const struct rt_stat *stat, const struct rt_guest *guest,
		       struct since *ret)
{
	struct rt_err ignored;

	memset(ret, 0, sizeof(*ret));
	return rt_counts_read(&stat->loaded->sys, &guest->owned, &ret->now,
			      &ignored) == 0 &&
	       rt_counts_saved(&stat->loaded->sys, guest->uuid, &ret->saved,
			       &ignored) == 0;
}

static void since_fini(struct since *since)
{
	rt_counts_fini(&since->now);
	rt_counts_fini(&since->saved);
}

/* A CPU's counters when the guest started; zero when they were not saved. */
static struct rt_count base_of(const struct since *since, unsigned cpu)
{
	const struct rt_count *saved = rt_counts_find(&since->saved, cpu);

	return saved ? *saved : (struct rt_count){ .cpu = cpu };
}

/* The sums shrink when a driver frees an interrupt, and its row goes. */
static unsigned long long grown(unsigned long long now, unsigned long long base)
{
	return now > base ? now - base : 0;
}

static const char *use_of(const struct rt_guest *guest, unsigned cpu)
{
	return rt_cpuset_has(&guest->vcpus, cpu) ? "vCPU" : "service";
}

/*
 * How often the scheduler took the CPU away from the guest's own threads that
 * can run nowhere else. The kernel counts this by thread only.
 */
static unsigned long long taken_on(const struct rt_stat *stat,
				   const struct rt_process *process,
				   unsigned cpu)
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

static void add_counts(const struct rt_stat *stat, const struct rt_guest *guest,
		       const struct rt_process *process, struct rt_strbuf *out)
{
	struct since since;

	if (read_since(stat, guest, &since)) {
		rt_strbuf_addf(out, "    interruptions since %s:\n",
			       since.saved.n ? "it started" : "boot");
		for (size_t i = 0; i < since.now.n; i++) {
			const struct rt_count *now = &since.now.items[i];
			const struct rt_count base = base_of(&since, now->cpu);

			rt_strbuf_addf(out,
				       "    CPU %-4u %-8s %12llu interrupts "
				       "%12llu softirqs %9llu switches\n",
				       now->cpu, use_of(guest, now->cpu),
				       grown(now->interrupts, base.interrupts),
				       grown(now->softirqs, base.softirqs),
				       taken_on(stat, process, now->cpu));
		}
	}
	since_fini(&since);
}

/* --- a guest --- */

void rt_stat_guest(struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_strbuf *out)
{
	const struct rt_guest_state *state =
		rt_scanned_state(&stat->scanned, guest->uuid);
	const struct rt_process *process =
		rt_scanned_process(&stat->scanned, guest->uuid);
	const char *word = state_of(stat, guest);
	const char *said = sync_text(stat, guest->uuid);
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
		rt_strbuf_addf(out, "    " UNKNOWN "\n", guest->name);
	if (*said)
		rt_strbuf_addf(out, "    its definition: %s\n", said);
	add_repairs(stat, agent_guest(stat, guest->uuid), out);
	if (process && stat->threads)
		add_threads(stat, process, out);
	if (process && guest->rt && (stat->threads || stat->options->verbose))
		add_counts(stat, guest, process, out);
}

/* --- JSON --- */

void rt_stat_open_json(struct rt_stat *stat, struct rt_strbuf *out)
{
	struct rt_json *json = &stat->json;

	*json = (struct rt_json){ .out = out };
	rt_json_open(json, '{');
	rt_json_key_number(json, "version", 1);
	rt_json_key_bool(json, "agent", stat->agent != NULL);
	rt_json_key_bool(json, "record", !stat->scanned.hidden);
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
		rt_json_key_string(json, "role", role_name(thread));
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
	struct since since = { 0 };
	const bool read = read_since(stat, guest, &since);

	rt_json_key_bool(json, "since_start", since.saved.n > 0);
	rt_json_key(json, "cpus");
	rt_json_open(json, '[');
	for (size_t i = 0; read && i < since.now.n; i++) {
		const struct rt_count *now = &since.now.items[i];
		const struct rt_count base = base_of(&since, now->cpu);

		rt_json_open(json, '{');
		rt_json_key_number(json, "cpu", now->cpu);
		rt_json_key_string(json, "use", use_of(guest, now->cpu));
		rt_json_key_number(
			json, "interrupts",
			(long long)(grown(now->interrupts, base.interrupts)));
		rt_json_key_number(
			json, "softirqs",
			(long long)(grown(now->softirqs, base.softirqs)));
		rt_json_key_number(
			json, "switches",
			(long long)taken_on(stat, process, now->cpu));
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
	since_fini(&since);
}

/* As the agent sent it, which is JSON already. */
static void json_repairs(struct rt_stat *stat, const char *uuid)
{
	struct json_object *repairs =
		member(agent_guest(stat, uuid), "repairs");

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
	rt_json_key_string(json, "state", state_of(stat, guest));
	rt_json_key(json, "missing");
	rt_json_open(json, '[');
	for (size_t i = 0; state && i < state->n; i++)
		rt_json_string(json, state->missing[i]);
	if (guest->rt && !guest->disabled && !stat->scanned.hidden &&
	    rt_stat_is_unknown(stat, guest)) {
		RT_AUTO_STRBUF text = { 0 };

		rt_strbuf_addf(&text, UNKNOWN, guest->name);
		rt_json_string(json, text.failed ? "" : text.text);
	}
	rt_json_close(json, ']');
	rt_json_key_string(
		json, "fenced",
		state && state->active->fenced ? state->active->fenced : "");
	rt_json_key_string(json, "definition", sync_text(stat, guest->uuid));
	json_repairs(stat, guest->uuid);
	json_threads(stat, process);
	if (process && guest->rt)
		json_counts(stat, guest, process);
	rt_json_close(json, '}');
}
