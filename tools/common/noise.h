/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise.h - what kvmrt-noise has measured, for people and for programs */
#ifndef RT_TOOL_NOISE_H
#define RT_TOOL_NOISE_H

#include "core/model/guest.h"
#include "core/noise/noise.h"

struct rt_measured {
	struct rt_noise noise;
	/* By number, as in the noise; borrowed. */
	const struct rt_guest **guests;
	size_t n_guests;
	const char *const *missing; /* events that this kernel lacks */
	size_t n_missing;
	unsigned long long begun, ended; /* ns, as in events */
	unsigned long long lost_causes;
	const char *stopped; /* why before its time; NULL: it was not */
};

/* Is the table the truth, and all of it? */
bool rt_measured_is_complete(const struct rt_measured *measured);
/* verbose: a histogram for each row, and all causes. */
void rt_measured_show(const struct rt_measured *measured, bool verbose,
		      struct rt_strbuf *out);
/* A time line and a histogram for each CPU. */
void rt_measured_svg(const struct rt_measured *measured, struct rt_strbuf *out);
void rt_measured_json(const struct rt_measured *measured,
		      struct rt_strbuf *out);

#endif
