/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_decode.c - a record of the kernel's trace as an event of noise.h */
#include <event-parse.h>
#include <trace-seq.h>

#include "noise_decode.h"

#define IN_IRQ	   0x08 /* common_flags, since 2.6 */
#define IN_SOFTIRQ 0x10
#define STATES	   0xff /* prev_state: 0, or 0x100 (4.14) when preempted */

struct rt_trace_known {
	const struct rt_trace_event *what;
	struct tep_event *event; /* NULL: this kernel does not have it */
	struct tep_format_field *number, *key, *name, *function, *target, *span,
		*comm, *state;
};

struct rt_trace_printed {
	int event;
	unsigned number;
	const char *name;
};

/* --- names --- */

/* A function's name, without what the compiler made of it. */
static const char *function_name(struct rt_decoder *decoder,
				 unsigned long long address, struct rt_err *err)
{
	const char *found = tep_find_function(decoder->tep, address);
	char text[32];

	if (!found)
		snprintf(text, sizeof(text), "0x%llx", address);
	return rt_trace_name(&decoder->names, found ? found : text, err);
}

/* What print makes of a number: the exit's reason, the softirq's action. */
static int print_name(struct rt_decoder *decoder,
		      const struct rt_trace_known *known,
		      struct tep_record *record, unsigned number,
		      const char **ret_name, struct rt_err *err)
{
	struct rt_trace_printed *printed;
	struct trace_seq seq;
	char text[64];
	const char *at, *end;

	for (size_t i = 0; i < decoder->n_printed; i++) {
		printed = &decoder->printed[i];
		if (printed->event == known->event->id &&
		    printed->number == number) {
			*ret_name = printed->name;
			return 0;
		}
	}
	if (!rt_grow(&decoder->printed, decoder->n_printed,
		     &decoder->size_printed, sizeof(*decoder->printed)))
		return rt_fail_memory(err);
	trace_seq_init(&seq);
	tep_print_event(decoder->tep, &seq, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&seq);
	at = strstr(seq.buffer, known->what->before);
	at = at ? at + strlen(known->what->before) : NULL;
	end = at ? strstr(at, known->what->after) : NULL;
	if (end > at)
		snprintf(text, sizeof(text), "%.*s", (int)(end - at), at);
	else
		snprintf(text, sizeof(text), "%u", number);
	trace_seq_destroy(&seq);
	*ret_name = rt_trace_name(&decoder->names, text, err);
	if (!*ret_name)
		return -err->code;
	decoder->printed[decoder->n_printed++] = (struct rt_trace_printed){
		.event = known->event->id,
		.number = number,
		.name = *ret_name,
	};
	return 0;
}

/* Text in a record: of fixed room, or somewhere behind (__data_loc). */
static const char *text_of(struct rt_decoder *decoder,
			   const struct tep_format_field *field,
			   const struct tep_record *record, struct rt_err *err)
{
	const char *data = record->data;
	size_t at = (size_t)field->offset, len = (size_t)field->size;
	char text[128];

	if (field->flags & TEP_FIELD_IS_DYNAMIC) {
		unsigned where;

		memcpy(&where, data + at, sizeof(where));
		at = where & 0xffff;
		len = where >> 16;
	}
	if (at > (size_t)record->size || len > (size_t)record->size - at)
		len = 0;
	snprintf(text, sizeof(text), "%.*s", (int)strnlen(data + at, len),
		 data + at);
	return rt_trace_name(&decoder->names, text, err);
}

/* --- records --- */

static bool find_fields(struct rt_trace_known *known)
{
	const struct rt_trace_event *what = known->what;
	const struct {
		const char *name;
		struct tep_format_field **ret;
	} fields[] = {
		{ what->number_field, &known->number },
		{ what->key_field, &known->key },
		{ what->name_field, &known->name },
		{ what->function_field, &known->function },
		{ what->target_field, &known->target },
		{ what->span_field, &known->span },
		{ what->comm_field, &known->comm },
		{ what->state_field, &known->state },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!fields[i].name)
			continue;
		*fields[i].ret = tep_find_field(known->event, fields[i].name);
		if (!*fields[i].ret)
			return false;
	}
	return true;
}

int rt_decoder_init(struct rt_decoder *decoder, struct tep_handle *tep,
		    struct rt_sys *sys, struct rt_err *err)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->tep = tep;
	decoder->sys = sys;
	decoder->known = calloc(rt_trace_n_events, sizeof(*decoder->known));
	if (!decoder->known)
		return rt_fail_memory(err);
	decoder->n_known = rt_trace_n_events;
	for (size_t i = 0; i < rt_trace_n_events; i++) {
		struct rt_trace_known *known = &decoder->known[i];

		known->what = &rt_trace_events[i];
		known->event = tep_find_event_by_name(tep, known->what->group,
						      known->what->event);
		if (known->event && !find_fields(known))
			known->event = NULL;
		decoder->calls_named |=
			known->event && strcmp(known->what->group, "csd") == 0;
	}
	return 0;
}

void rt_decoder_fini(struct rt_decoder *decoder)
{
	rt_trace_names_fini(&decoder->names);
	free(decoder->known);
	free(decoder->printed);
	free(decoder->comms);
	memset(decoder, 0, sizeof(*decoder));
}

bool rt_decoder_has(const struct rt_decoder *decoder, size_t event)
{
	return decoder->known[event].event != NULL;
}

static unsigned long long read_field(struct tep_format_field *field,
				     const struct tep_record *record)
{
	unsigned long long value = 0;

	if (field)
		(void)tep_read_number_field(field, record->data, &value);
	return value;
}

/* The names of the event, of what it is about and of whose turn it was. */
static int read_names(struct rt_decoder *decoder,
		      const struct rt_trace_known *known,
		      struct tep_record *record, struct rt_noise_event *event,
		      struct rt_err *err)
{
	const unsigned long long function = read_field(known->function, record);

	event->name = known->what->label;
	if (known->what->before)
		return print_name(decoder, known, record, event->number,
				  &event->name, err);
	if (known->name)
		event->name = text_of(decoder, known->name, record, err);
	else if (known->function && function)
		event->name = function_name(decoder, function, err);
	else
		return 0;
	return event->name ? 0 : -err->code;
}

int rt_decode(struct rt_decoder *decoder, struct tep_record *record,
	      struct rt_noise_event *ret_event, struct rt_err *err)
{
	struct tep_event *format =
		tep_find_event_by_record(decoder->tep, record);
	const struct rt_trace_known *known = decoder->known;
	const struct rt_trace_known *end = known + decoder->n_known;
	struct rt_noise_event event = { .time = record->ts };
	int flags, r;

	while (known < end && (!format || known->event != format))
		known++;
	if (known == end)
		return 0;
	flags = tep_data_flags(decoder->tep, record);
	event.cpu = (unsigned)record->cpu;
	event.pid = (unsigned)tep_data_pid(decoder->tep, record);
	event.in_irq = flags & IN_IRQ;
	event.in_softirq = flags & IN_SOFTIRQ;
	event.type = known->what->type;
	event.kind = known->what->kind;
	event.number = known->number ?
			       (unsigned)read_field(known->number, record) :
			       known->what->number;
	event.key = read_field(known->key, record);
	event.target = (unsigned)read_field(known->target, record);
	event.span = read_field(known->span, record);
	event.sleeps = (read_field(known->state, record) & STATES) != 0;
	r = read_names(decoder, known, record, &event, err);
	if (r < 0)
		return r;
	/* That IPI was named already, by the function that it is to call. */
	if (event.type == RT_NOISE_SEND && event.name && decoder->calls_named &&
	    strcmp(known->what->group, "csd") != 0)
		return 0;
	if (event.type == RT_NOISE_SWITCH && event.target)
		r = rt_trace_set_comm(decoder, event.target, event.name, err);
	if (known->comm)
		event.comm = text_of(decoder, known->comm, record, err);
	if (known->comm && !event.comm)
		r = -err->code;
	else if (r == 0 && event.pid && !known->comm)
		r = rt_trace_comm(decoder, event.pid, &event.comm, err);
	*ret_event = event;
	return r < 0 ? r : 1;
}
