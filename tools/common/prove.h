/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove.h - what kvmrt-prove has found out, for people and for programs */
#ifndef RT_TOOL_PROVE_H
#define RT_TOOL_PROVE_H

#include "core/prove/prove.h"
#include "host/sys.h"
#include "noise.h"

/* How the host itself keeps time where no guest is. */
struct rt_floor {
	unsigned cpu;
	unsigned long long ns; /* how long it was tried; 0: it was not */
	struct rt_noise_times times;
};

struct rt_proven {
	const struct rt_measured *measured; /* borrowed */
	struct rt_proof proof;
	struct rt_judgement judgement;
	struct rt_floor floor;
	char kernel[128], version[256], machine[256], cpu[128], begun[32];
	char cmdline[4096];
	const char *load;	  /* its command; NULL: none */
	const char *by, *command; /* how the test was run */
};

/* The machine, its kernel, the time. */
void rt_proven_describe(struct rt_proven *proven, struct rt_sys *sys);
/* As the host's agent writes times, and as `begun`. */
void rt_proven_now(char *text, size_t size);
/*
 * What the agent's answer to "status" says that it has repaired for that guest
 * since then, by whoever has changed it; nothing of what it cannot say.
 */
void rt_proven_repairs(const char *answer, const char *uuid, const char *since,
		       struct rt_strbuf *out);
void rt_proven_show(const struct rt_proven *proven, struct rt_strbuf *out);
void rt_proven_json(const struct rt_proven *proven, struct rt_strbuf *out);
/* One page: no script, and nothing that is fetched. */
void rt_proven_html(const struct rt_proven *proven, struct rt_strbuf *out);

/* When it was, from the beginning on. */
unsigned long long rt_proven_at_ns(const struct rt_proven *proven,
				   const struct rt_noise_gap *gap);
/* "task lab-fair 2.05 ms (by tee[300]), exit interrupt 48.0 us" */
void rt_proven_parts(const struct rt_noise_cpu *cpu,
		     const struct rt_noise_gap *gap, struct rt_strbuf *out);

#endif
