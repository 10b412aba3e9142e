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
	bool all, threads, watch, colour;
	struct rt_scanned scanned;
	struct json_object *agent; /* its document; NULL: it was not asked, or
				      did not answer */
	bool agent_dead;
	struct rt_json json;
	/* Of the real-time guests that run: one is not tuned, one cannot be
	   seen, one is there at all. */
	bool any_bad, any_hidden, any_rt;
};

/* It runs, and is not on record. */
bool rt_stat_is_unknown(const struct rt_stat *stat,
			const struct rt_guest *guest);

/* Whether the agent runs, and what it has done. */
void rt_stat_host(const struct rt_stat *stat, struct rt_strbuf *out);
void rt_stat_guest(struct rt_stat *stat, const struct rt_guest *guest,
		   struct rt_strbuf *out);

void rt_stat_open_json(struct rt_stat *stat, struct rt_strbuf *out);
void rt_stat_guest_json(struct rt_stat *stat, const struct rt_guest *guest);
void rt_stat_close_json(struct rt_stat *stat, struct rt_strbuf *out);

#endif
