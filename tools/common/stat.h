/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat.h - what kvmrt-stat shows of one moment */
#ifndef RT_STAT_H
#define RT_STAT_H

#include <json-c/json.h>

#include "core/base/json.h"
#include "scan.h"

struct rt_stat {
	const struct rt_options *options; /* borrowed */
	struct rt_loaded *loaded;	  /* borrowed */
	const char *program;		  /* its name, for messages */
	bool all, threads, watch, colour;
	struct rt_scanned scanned;
	struct rt_guest_refs shown; /* the guests of this moment */
	struct rt_names running;    /* of `others` */
	struct rt_guest *others;    /* that run, without a file; only names */
	struct json_object *agent;  /* its document; NULL: it was not asked, or
				      did not answer */
	bool agent_dead;
	struct rt_json json;
	/* Of the real-time guests that run: one is not tuned, one cannot be
	   seen, one is there at all. */
	bool any_bad, any_hidden, any_rt;
};

/* --- stat_look.c --- */

/*
 * Look at the host and ask the agent. The caller finis *stat in any case, and
 * may then look again; loaded, all and program are set before.
 */
int rt_stat_look(struct rt_stat *stat, struct rt_err *err);
void rt_stat_fini(struct rt_stat *stat);

/* The exit status: what is worst counts. After the states were asked for. */
#define RT_STAT_EXIT_AGENT 5 /* nobody guards the real-time guests that run */
int rt_stat_status(const struct rt_stat *stat);

/* Why a real-time guest that runs and is not on record is degraded. */
#define RT_STAT_UNKNOWN                                                        \
	"nothing is tuned: it is not on record; it was started before it was " \
	"in kvmrt.cfg, or could not be tuned then, and 'journalctl -t "        \
	"kvmrt-hook' says why ('kvmrt-boot %s' tries now)"

/* "tuned"; any_bad, any_hidden and any_rt take account of it. */
const char *rt_stat_state(struct rt_stat *stat, const struct rt_guest *guest);
/* What kvmrt-sync says of file and definition; "": they are in step. */
const char *rt_stat_definition(const struct rt_stat *stat, const char *uuid);

/* Of the agent's document; NULL, "" and 0 for what is not there. */
struct json_object *rt_stat_member(struct json_object *object, const char *key);
const char *rt_stat_text(struct json_object *object, const char *key);
size_t rt_stat_length(struct json_object *array);
struct json_object *rt_stat_agent_guest(const struct rt_stat *stat,
					const char *uuid);

/* The counters of a guest's CPUs, and what they were when it started. */
struct rt_since {
	struct rt_counts now, saved;
};
bool rt_stat_since(const struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_since *ret);
void rt_stat_since_fini(struct rt_since *since);
struct rt_count rt_stat_base(const struct rt_since *since, unsigned cpu);
unsigned long long rt_stat_grown(unsigned long long now,
				 unsigned long long base);
unsigned long long rt_stat_taken(const struct rt_stat *stat,
				 const struct rt_process *process,
				 unsigned cpu);

bool rt_stat_is_on_record(const struct rt_journal *journal, const char *name);
/* It runs, and is not on record. */
bool rt_stat_is_unknown(const struct rt_stat *stat,
			const struct rt_guest *guest);

/* --- stat_show.c, stat_json.c, stat_metrics.c --- */

/* Whether the agent runs, and what it has done. */
void rt_stat_host(const struct rt_stat *stat, struct rt_strbuf *out);
void rt_stat_guest(struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_strbuf *out);

void rt_stat_open_json(struct rt_stat *stat, struct rt_strbuf *out);
void rt_stat_guest_json(struct rt_stat *stat, const struct rt_guest *guest);
void rt_stat_close_json(struct rt_stat *stat, struct rt_strbuf *out);

/* All of it as OpenMetrics. */
void rt_stat_metrics(struct rt_stat *stat, struct rt_strbuf *out);

#endif
