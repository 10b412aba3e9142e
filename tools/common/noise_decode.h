/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_decode.h - a record of the kernel's trace as an event of noise.h */
#ifndef RT_NOISE_DECODE_H
#define RT_NOISE_DECODE_H

#include "core/noise/noise.h"
#include "host/sys.h"

struct tep_handle;
struct tep_event;
struct tep_format_field;
struct tep_record;

/* An event of the kernel that tells something. */
struct rt_trace_event {
	const char *group, *event;
	/* On all CPUs, where this field is a measured CPU; NULL: recorded on
	   measured CPUs only. */
	const char *filter;
	enum rt_noise_type type;
	enum rt_noise_kind kind;
	unsigned number;   /* where no field has it */
	const char *label; /* where no field has a name */
	/* Fields. */
	const char *number_field, *key_field, *name_field, *function_field;
	const char *target_field, *span_field, *comm_field, *state_field;
	const char *before, *after; /* the name, in the printed event */
	bool needed;		    /* there is no measurement without it */
};
extern const struct rt_trace_event rt_trace_events[];
extern const size_t rt_trace_n_events;

/* Text of which there is one copy only. */
struct rt_trace_names {
	char **items;
	size_t n, size; /* sorted */
};
const char *rt_trace_name(struct rt_trace_names *names, const char *text,
			  struct rt_err *err);
void rt_trace_names_fini(struct rt_trace_names *names);

struct rt_trace_known; /* a rt_trace_event of this kernel, with its fields */
struct rt_trace_printed;
struct rt_trace_comm;

struct rt_decoder {
	struct rt_sys *sys;
	struct tep_handle *tep;
	struct rt_trace_names names;
	struct rt_trace_known *known;
	size_t n_known;
	struct rt_trace_printed *printed; /* names that only print shows */
	size_t n_printed, size_printed;
	struct rt_trace_comm *comms; /* by pid */
	size_t n_comms, size_comms;
	/* The names that the kernel has saved; NULL: none. */
	char *(*saved_names)(void);
	bool calls_named; /* csd_queue_cpu names the function of each call */
};

/* *tep has the formats that the kernel has. known[i]: rt_trace_events[i]. */
int rt_decoder_init(struct rt_decoder *decoder, struct tep_handle *tep,
		    struct rt_sys *sys, struct rt_err *err);
void rt_decoder_fini(struct rt_decoder *decoder);
bool rt_decoder_has(const struct rt_decoder *decoder, size_t event);
/*
 * 1: *ret_event is filled; 0: the record says nothing to us.
 */
int rt_decode(struct rt_decoder *decoder, struct tep_record *record,
	      struct rt_noise_event *ret_event, struct rt_err *err);

/* What pid is called; *ret_name NULL: it ended before it could be asked. */
int rt_trace_comm(struct rt_decoder *decoder, unsigned pid,
		  const char **ret_name, struct rt_err *err);
int rt_trace_set_comm(struct rt_decoder *decoder, unsigned pid,
		      const char *name, struct rt_err *err);

#endif
