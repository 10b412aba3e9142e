/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise.h - what kvmrt-noise has measured, for people and for programs */
#ifndef RT_TOOL_NOISE_H
#define RT_TOOL_NOISE_H

#include "core/base/json.h"
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
void rt_measured_json_value(const struct rt_measured *measured,
			    struct rt_json *json);

/* Parts of these. */
struct rt_noise_label {
	char text[96];
};
struct rt_noise_label rt_noise_label(enum rt_noise_kind kind, unsigned number,
				     const char *name);
/* Nothing, if it is not known; cpu: where it was interrupted. */
void rt_noise_show_cause(const struct rt_noise_cause *cause, unsigned cpu,
			 struct rt_strbuf *out);
/* Members of an object that is open. */
void rt_noise_json_what(struct rt_json *json, const struct rt_noise_row *row);
void rt_noise_json_times(struct rt_json *json, unsigned long long begun,
			 const struct rt_noise_times *times);
/* An object. */
void rt_noise_json_cause(struct rt_json *json,
			 const struct rt_noise_cause *cause);

#endif
