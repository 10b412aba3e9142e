/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_read.c - the records of a trace, in the order of their time */
#include <kbuffer.h>
#include <tracefs.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "noise_part.h"

unsigned long long rt_trace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000000ULL +
	       (unsigned long long)now.tv_nsec;
}

static int keep(struct rt_trace *trace, const struct rt_noise_event *event,
		struct rt_err *err)
{
	if (!rt_grow(&trace->events, trace->n, &trace->size,
		     sizeof(*trace->events)))
		return rt_fail_memory(err);
	trace->events[trace->n++] = (struct rt_trace_kept){
		.event = *event,
		.sequence = trace->sequence++,
	};
	return 0;
}

static int keep_lost(struct rt_trace *trace, const struct rt_trace_part *part,
		     unsigned cpu, unsigned long long n,
		     unsigned long long time, struct rt_err *err)
{
	const struct rt_noise_event lost = {
		.type = RT_NOISE_LOST,
		.cpu = cpu,
		.time = time,
		.span = n,
	};

	if (!part->causes)
		return keep(trace, &lost, err);
	trace->lost_causes++;
	return 0;
}

/* The records of one sub-buffer, which is in trace->page. */
static int read_page(struct rt_trace *trace, const struct rt_trace_part *part,
		     unsigned cpu, struct rt_err *err)
{
	unsigned long long time = 0;
	int missed, r;
	void *data;

	if (kbuffer_load_subbuffer(trace->kbuffer, trace->page) != 0)
		return rt_fail(err, 0, "the trace of CPU %u cannot be read",
			       cpu);
	data = kbuffer_read_event(trace->kbuffer, &time);
	missed = kbuffer_missed_events(trace->kbuffer);
	r = !missed ? 0 :
		      keep_lost(trace, part, cpu,
				missed > 0 ? (unsigned long long)missed : 0,
				time, err);
	while (r == 0 && data) {
		struct rt_noise_event event;
		struct tep_record record = {
			.ts = time,
			.data = data,
			.size = kbuffer_event_size(trace->kbuffer),
			.cpu = (int)cpu,
		};

		r = rt_decode(&trace->decoder, &record, &event, err);
		if (r > 0)
			r = keep(trace, &event, err);
		data = r == 0 ? kbuffer_next_event(trace->kbuffer, &time) :
				NULL;
	}
	return r;
}

static int read_part(struct rt_trace *trace, const struct rt_trace_part *part,
		     struct rt_err *err)
{
	for (size_t i = 0; i < part->n; i++) {
		ssize_t n;
		int r;

		while ((n = read(part->fds[i], trace->page, RT_TRACE_PAGE)) >
		       0) {
			r = read_page(trace, part, part->cpus[i], err);
			if (r < 0)
				return r;
		}
		/* ENODEV: the CPU has not been online since. */
		if (n < 0 && errno != EAGAIN && errno != EINTR &&
		    errno != ENODEV)
			return rt_fail(err, errno, "read the trace of CPU %u",
				       part->cpus[i]);
	}
	return 0;
}

/* What was overwritten, and nothing came after it that would have said so. */
static int check_overruns(struct rt_trace *trace,
			  const struct rt_trace_part *part, struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->n; i++) {
		RT_AUTO_FREE char *text = NULL;
		char path[64];
		unsigned long long overrun = 0, dropped = 0;
		const char *at;

		snprintf(path, sizeof(path), "per_cpu/cpu%u/stats",
			 part->cpus[i]);
		text = tracefs_instance_file_read(part->instance, path, NULL);
		at = text ? strstr(text, "\noverrun: ") : NULL;
		if (at)
			(void)sscanf(at, "\noverrun: %llu", &overrun);
		at = text ? strstr(text, "\ndropped events: ") : NULL;
		if (at)
			(void)sscanf(at, "\ndropped events: %llu", &dropped);
		if (overrun + dropped)
			r = keep_lost(trace, part, part->cpus[i],
				      overrun + dropped, rt_trace_now(), err);
	}
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct rt_trace_kept *one = a, *two = b;

	if (one->event.time != two->event.time)
		return one->event.time < two->event.time ? -1 : 1;
	return one->sequence < two->sequence ? -1 : 1;
}

static int give(struct rt_trace *trace, unsigned long long until,
		rt_trace_take *take, void *data, struct rt_err *err)
{
	size_t done = 0;
	int r = 0;

	if (trace->n)
		qsort(trace->events, trace->n, sizeof(*trace->events), by_time);
	while (r == 0 && done < trace->n &&
	       trace->events[done].event.time < until)
		r = take(data, &trace->events[done++].event, err);
	trace->n -= done;
	if (done && trace->n)
		memmove(trace->events, trace->events + done,
			trace->n * sizeof(*trace->events));
	return r;
}

int rt_trace_read(struct rt_trace *trace, bool last, rt_trace_take *take,
		  void *data, struct rt_err *err)
{
	/* Whatever happened before now is read before now is over. */
	const unsigned long long now = rt_trace_now();
	int r = read_part(trace, &trace->parts[0], err);

	if (r == 0)
		r = read_part(trace, &trace->parts[1], err);
	for (size_t i = 0; r == 0 && last && i < 2; i++)
		r = check_overruns(trace, &trace->parts[i], err);
	return r == 0 ? give(trace, last ? ~0ULL : now, take, data, err) : r;
}
