/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_trace.c - the kernel's events for kvmrt-noise, through libtracefs */
#include <tracefs.h>
#include <kbuffer.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/task_stat.h"
#include "noise_part.h"

#define PREFIX	  "kvmrt-noise-"
#define SMALL_KIB 64 /* where little is recorded */

/* --- instances --- */

/* Of tasks that were recorded lately, by all instances: the kernel's default. */
static char *saved_names(void)
{
	return tracefs_instance_file_read(NULL, "saved_cmdlines", NULL);
}

/*
 * "kvmrt-noise-PID-START…" of a process that has proved to be dead. The kernel
 * refuses to remove one that somebody reads.
 */
static bool is_stale(struct rt_sys *sys, const char *name)
{
	struct rt_stat_line line;
	unsigned long long start;
	struct rt_err ignored;
	unsigned pid;
	int r;

	if (sscanf(name, PREFIX "%u-%llu", &pid, &start) != 2)
		return false;
	r = rt_stat_read(sys, pid, pid, &line, &ignored);
	return r == -ESRCH || (r == 0 && line.start != start);
}

static void remove_stale(struct rt_sys *sys)
{
	char **names = tracefs_instances(NULL);

	for (size_t i = 0; names && names[i]; i++) {
		struct tracefs_instance *instance;

		if (!is_stale(sys, names[i]))
			continue;
		instance = tracefs_instance_create(names[i]);
		if (!instance)
			continue;
		(void)tracefs_instance_destroy(instance);
		tracefs_instance_free(instance);
	}
	tracefs_list_free(names);
}

static int put(struct rt_trace_part *part, const char *file, const char *text,
	       struct rt_err *err)
{
	if (tracefs_instance_file_write(part->instance, file, text) >= 0)
		return 0;
	return rt_fail(err, errno, "write '%s' to %s/instances/%s/%s", text,
		       tracefs_tracing_dir(),
		       tracefs_instance_get_name(part->instance), file);
}

static int make_instance(struct rt_trace *trace, struct rt_trace_part *part,
			 struct rt_err *err)
{
	const unsigned pid = (unsigned)getpid();
	struct rt_stat_line line;
	char name[80];
	int r = rt_stat_read(trace->sys, pid, pid, &line, err);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), PREFIX "%u-%llu%s", pid, line.start,
		 part->causes ? "-causes" : "");
	part->instance = tracefs_instance_create(name);
	if (!part->instance)
		return rt_fail(err, errno,
			       "make the trace instance %s (tracefs at "
			       "/sys/kernel/tracing, no lockdown)",
			       name);
	r = put(part, "tracing_on", "0", err);
	if (r == 0)
		r = put(part, "trace_clock", "mono", err);
	return r;
}

/*
 * Buffers where little comes are made small. Those of the measured CPUs stay as
 * the kernel made them: to resize one, it runs a work item on its CPU.
 */
static int size_buffers(struct rt_trace *trace, struct rt_trace_part *part,
			const struct rt_cpuset *present, struct rt_err *err)
{
	RT_CPUSET_FOREACH(cpu, present)
	{
		if (rt_cpuset_has(&trace->measured, (unsigned)cpu))
			continue;
		if (tracefs_instance_set_buffer_size(part->instance, SMALL_KIB,
						     cpu) < 0)
			return rt_fail(err, errno,
				       "make the trace buffer of CPU %d small",
				       cpu);
	}
	return 0;
}

static int open_buffers(struct rt_trace_part *part,
			const struct rt_cpuset *cpus, struct rt_err *err)
{
	part->fds = calloc(rt_cpuset_count(cpus) + 1, sizeof(*part->fds));
	part->cpus = calloc(rt_cpuset_count(cpus) + 1, sizeof(*part->cpus));
	if (!part->fds || !part->cpus)
		return rt_fail_memory(err);
	RT_CPUSET_FOREACH(cpu, cpus)
	{
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "per_cpu/cpu%d/trace_pipe_raw",
			 cpu);
		fd = tracefs_instance_file_open(part->instance, path,
						O_RDONLY | O_NONBLOCK |
							O_CLOEXEC);
		if (fd < 0)
			return rt_fail(err, errno, "open %s of the trace",
				       path);
		part->cpus[part->n] = (unsigned)cpu;
		part->fds[part->n++] = fd;
	}
	return 0;
}

/* "FIELD == 6 || (FIELD >= 8 && FIELD <= 11)" */
static int filter_of(const char *field, const struct rt_cpuset *cpus,
		     char **ret_text, struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };

	RT_CPUSET_FOREACH(cpu, cpus)
	{
		int last = cpu;

		if (rt_cpuset_has(cpus, (unsigned)cpu - 1) && cpu > 0)
			continue;
		while (rt_cpuset_has(cpus, (unsigned)last + 1))
			last++;
		rt_strbuf_addf(&text, "%s(%s >= %d && %s <= %d)",
			       text.len ? " || " : "", field, cpu, field, last);
	}
	return rt_strbuf_take(&text, ret_text, err);
}

static int enable(struct rt_trace *trace, const struct rt_trace_event *event,
		  struct rt_err *err)
{
	struct rt_trace_part *part = &trace->parts[event->filter != NULL];
	RT_AUTO_FREE char *filter = NULL;
	int r;

	if (event->filter) {
		r = filter_of(event->filter, &trace->measured, &filter, err);
		if (r < 0)
			return r;
		if (tracefs_event_file_write(part->instance, event->group,
					     event->event, "filter",
					     filter) < 0)
			return rt_fail(err, errno,
				       "filter the event %s:%s by '%s'",
				       event->group, event->event, filter);
	}
	if (tracefs_event_enable(part->instance, event->group, event->event) <
	    0)
		return rt_fail(err, errno, "enable the event %s:%s",
			       event->group, event->event);
	return 0;
}

static int enable_all(struct rt_trace *trace, struct rt_err *err)
{
	trace->missing = calloc(rt_trace_n_events, sizeof(*trace->missing));
	if (!trace->missing)
		return rt_fail_memory(err);
	for (size_t i = 0; i < rt_trace_n_events; i++) {
		const struct rt_trace_event *event = &rt_trace_events[i];
		char text[80];
		int r;

		if (rt_decoder_has(&trace->decoder, i)) {
			r = enable(trace, event, err);
			if (r < 0)
				return r;
			continue;
		}
		if (event->needed)
			return rt_fail(err, 0,
				       "this kernel has no event %s:%s, "
				       "without which nothing can be measured",
				       event->group, event->event);
		snprintf(text, sizeof(text), "%s:%s", event->group,
			 event->event);
		trace->missing[trace->n_missing] =
			rt_trace_name(&trace->decoder.names, text, err);
		if (!trace->missing[trace->n_missing++])
			return -err->code;
	}
	return 0;
}

/* --- open and close --- */

static int load_formats(struct rt_trace *trace, struct rt_err *err)
{
	RT_AUTO_FREE char *symbols = NULL;
	size_t len;
	int size, r = rt_sys_read_all(trace->sys, "proc/kallsyms", 256U << 20,
				      &symbols, &len, err);

	if (r < 0)
		return r;
	trace->tep = tep_alloc();
	if (!trace->tep)
		return rt_fail_memory(err);
	tep_set_long_size(trace->tep, sizeof(long));
	/* These only: a kernel has thousands. What it lacks is told later. */
	for (size_t i = 0; i < rt_trace_n_events; i++) {
		RT_AUTO_FREE char *format = tracefs_event_file_read(
			NULL, rt_trace_events[i].group,
			rt_trace_events[i].event, "format", &size);

		if (format)
			(void)tep_parse_event(trace->tep, format,
					      (unsigned long)size,
					      rt_trace_events[i].group);
	}
	if (tep_parse_kallsyms(trace->tep, symbols) < 0)
		return rt_fail(err, 0, "/proc/kallsyms cannot be understood");
	r = rt_decoder_init(&trace->decoder, trace->tep, trace->sys, err);
	trace->decoder.saved_names = saved_names;
	return r;
}

static int set_up(struct rt_trace *trace, const struct rt_cpuset *present,
		  struct rt_err *err)
{
	RT_AUTO_FREE char *mask = NULL;
	int r = 0;

	trace->parts[1].causes = true;
	for (size_t i = 0; r == 0 && i < 2; i++) {
		struct rt_trace_part *part = &trace->parts[i];

		r = make_instance(trace, part, err);
		if (r == 0)
			r = size_buffers(trace, part, present, err);
		if (r == 0)
			r = open_buffers(
				part, part->causes ? present : &trace->measured,
				err);
	}
	mask = malloc(RT_CPULIST_MAX);
	if (r == 0 && !mask)
		r = rt_fail_memory(err);
	if (r == 0) {
		rt_cpuset_format_mask(&trace->measured, 0, mask,
				      RT_CPULIST_MAX);
		r = put(&trace->parts[0], "tracing_cpumask", mask, err);
	}
	return r == 0 ? enable_all(trace, err) : r;
}

int rt_trace_open(struct rt_sys *sys, const struct rt_cpuset *measured,
		  const struct rt_cpuset *present, struct rt_trace **ret_trace,
		  struct rt_err *err)
{
	struct rt_trace *trace = calloc(1, sizeof(*trace));
	int r = 0;

	if (!trace)
		return rt_fail_memory(err);
	trace->sys = sys;
	trace->measured = *measured;
	trace->page = malloc(RT_TRACE_PAGE);
	trace->kbuffer = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST,
				       KBUFFER_ENDIAN_SAME_AS_HOST);
	if (!trace->page || !trace->kbuffer)
		r = rt_fail_memory(err);
	if (r == 0 && !tracefs_tracing_dir())
		r = rt_fail(err, 0,
			    "the kernel's tracing is not there: mount -t "
			    "tracefs nodev /sys/kernel/tracing");
	if (r == 0) {
		remove_stale(sys);
		r = load_formats(trace, err);
	}
	if (r == 0)
		r = set_up(trace, present, err);
	if (r < 0) {
		rt_trace_close(trace);
		return r;
	}
	*ret_trace = trace;
	return 0;
}

static void close_part(struct rt_trace_part *part)
{
	for (size_t i = 0; i < part->n; i++)
		close(part->fds[i]);
	free(part->fds);
	free(part->cpus);
	if (!part->instance)
		return;
	(void)tracefs_event_disable(part->instance, NULL, NULL);
	(void)tracefs_instance_destroy(part->instance);
	tracefs_instance_free(part->instance);
}

void rt_trace_close(struct rt_trace *trace)
{
	close_part(&trace->parts[0]);
	close_part(&trace->parts[1]);
	rt_decoder_fini(&trace->decoder);
	if (trace->tep)
		tep_free(trace->tep);
	if (trace->kbuffer)
		kbuffer_free(trace->kbuffer);
	free(trace->missing);
	free(trace->page);
	free(trace->events);
	free(trace);
}

int rt_trace_on(struct rt_trace *trace, bool on, struct rt_err *err)
{
	/* Causes first and last. */
	int r = put(&trace->parts[on], "tracing_on", on ? "1" : "0", err);

	return r == 0 ? put(&trace->parts[!on], "tracing_on", on ? "1" : "0",
			    err) :
			r;
}

size_t rt_trace_missing(const struct rt_trace *trace,
			const char *const **ret_names)
{
	*ret_names = trace->missing;
	return trace->n_missing;
}

unsigned long long rt_trace_lost_causes(const struct rt_trace *trace)
{
	return trace->lost_causes;
}
