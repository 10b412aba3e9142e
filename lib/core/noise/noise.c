/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise.c - what interrupted the CPUs of guests: from events to tables */
#include "noise.h"

#include <errno.h>

#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "noise_rows.h"
#include "noise_track.h"

/* --- time --- */

static bool is_vcpu(const struct rt_noise_cpu *cpu,
		    const struct rt_noise_task *task)
{
	return cpu->vcpu >= 0 && task->tid == cpu->tid;
}

/* Who has a service CPU by right. */
static bool is_served(const struct rt_noise_cpu *cpu,
		      const struct rt_noise_task *task)
{
	return cpu->vcpu < 0 && task->guest == (int)cpu->guest;
}

static bool is_foreign(const struct rt_noise_cpu *cpu,
		       const struct rt_noise_task *task)
{
	return task->tid && !is_vcpu(cpu, task) && !is_served(cpu, task);
}

/* What the guest has asked for takes until its vCPU goes on. */
static void wait_for_host(struct rt_noise_track *track, unsigned long long ns)
{
	struct rt_noise_task *vcpu = track->vcpu;

	if (vcpu && vcpu->n && vcpu->frames[0].kind == RT_NOISE_EXIT)
		vcpu->frames[0].wanted += ns;
}

static void pass(struct rt_noise_cpu *cpu, struct rt_noise_task *task,
		 unsigned long long time)
{
	struct rt_noise_track *track = cpu->track;
	const unsigned long long ns =
		time > track->last ? time - track->last : 0;
	const unsigned long long wanted = track->waits ? 0 : ns;

	if (time > track->last)
		track->last = time;
	if (track->waits && track->halted)
		track->gap_asleep += ns;
	else if (track->waits)
		wait_for_host(track, ns);
	if (task->n) {
		task->frames[task->n - 1].self += ns;
		task->frames[task->n - 1].wanted += wanted;
	} else if (!task->tid) {
		cpu->asleep += ns;
	} else if (is_served(cpu, task)) {
		cpu->own += ns;
	} else if (!is_vcpu(cpu, task)) {
		task->stint += ns;
		task->stint_wanted += wanted;
	} else if (task->in_guest) {
		cpu->in_guest += ns;
	}
}

/* What the time out of the guest consists of; the longest parts matter. */
static void add_part(struct rt_noise_gap *gap, size_t row,
		     unsigned long long ns, const struct rt_noise_cause *cause)
{
	struct rt_noise_part *part = NULL;

	for (size_t i = 0; i < gap->n_parts && !part; i++) {
		if (gap->parts[i].row == row)
			part = &gap->parts[i];
	}
	if (!part && gap->n_parts < RT_NOISE_PARTS) {
		part = &gap->parts[gap->n_parts++];
		*part = (struct rt_noise_part){ .row = row };
	}
	if (!part) {
		part = &gap->parts[0];
		for (size_t i = 1; i < gap->n_parts; i++) {
			if (gap->parts[i].ns < part->ns)
				part = &gap->parts[i];
		}
		if (part->ns >= ns)
			return;
		*part = (struct rt_noise_part){ .row = row };
	}
	part->ns += ns;
	if (ns < part->longest)
		return;
	part->longest = ns;
	part->cause = *cause;
	part->cause.count = 1;
}

/* --- interruptions --- */

static void count(struct rt_noise_cpu *cpu, const struct rt_noise_frame *frame)
{
	struct rt_noise_row *row = &cpu->rows[frame->row];

	rt_noise_times_add(&row->times, frame->self, frame->begun);
	rt_noise_slot_add(cpu, frame->kind, frame->self, frame->begun);
	row->asleep += frame->asleep;
	if (frame->cause.origin != RT_NOISE_BY_NOBODY)
		rt_noise_row_caused(row, &frame->cause);
	if (!cpu->track->outside || !frame->wanted)
		return;
	add_part(&cpu->track->gap, frame->row, frame->wanted, &frame->cause);
	if (frame->kind == RT_NOISE_EXIT)
		cpu->track->gap.own += frame->wanted;
}

static int begin(struct rt_noise *noise, struct rt_noise_cpu *cpu,
		 struct rt_noise_task *task, const struct rt_noise_event *event,
		 struct rt_err *err)
{
	const bool numbered = event->kind == RT_NOISE_IRQ;
	struct rt_noise_frame *frame = &task->frames[task->n];
	size_t row;
	int r;

	if (task->n == RT_NOISE_DEPTH)
		return 0;
	r = rt_noise_row(cpu, event->kind, numbered ? event->number : 0,
			 event->name, &row, err);
	if (r < 0)
		return r;
	*frame = (struct rt_noise_frame){
		.kind = event->kind,
		.number = event->number,
		.row = row,
		.begun = event->time,
		.asleep = !task->tid,
		.cause = rt_noise_cause_of(noise, cpu->track, event),
	};
	task->n++;
	return 0;
}

/* What is within it has ended, too, or its end would have been seen. */
static void end(struct rt_noise_cpu *cpu, struct rt_noise_task *task,
		enum rt_noise_kind kind, unsigned number)
{
	size_t at = task->n;

	while (at > 0 && (task->frames[at - 1].kind != kind ||
			  task->frames[at - 1].number != number))
		at--;
	if (!at)
		return;
	while (task->n >= at)
		count(cpu, &task->frames[--task->n]);
}

static int passed(struct rt_noise_cpu *cpu, struct rt_noise_task *task,
		  const struct rt_noise_event *event, struct rt_err *err)
{
	struct rt_noise_frame frame = {
		.kind = event->kind,
		.self = event->span,
		.begun = event->time - event->span,
		.wanted = cpu->track->waits ? 0 : event->span,
		.asleep = !task->tid,
	};
	unsigned long long *around = task->n ? &task->frames[task->n - 1].self :
				     !task->tid		   ? &cpu->asleep :
				     is_served(cpu, task)  ? &cpu->own :
				     is_foreign(cpu, task) ? &task->stint :
							     &cpu->in_guest;
	int r = rt_noise_row(cpu, event->kind, 0, event->name, &frame.row, err);

	if (r < 0)
		return r;
	*around -= *around < event->span ? *around : event->span;
	around = task->n ? &task->frames[task->n - 1].wanted :
			   &task->stint_wanted;
	*around -= *around < frame.wanted ? *around : frame.wanted;
	count(cpu, &frame);
	return 0;
}

/* --- the guest --- */

static int leave(struct rt_noise *noise, struct rt_noise_cpu *cpu,
		 struct rt_noise_task *task, const struct rt_noise_event *event,
		 struct rt_err *err)
{
	struct rt_noise_track *track = cpu->track;
	struct rt_noise_event exit = *event;

	if (!is_vcpu(cpu, task))
		return 0;
	/* One that could not enter is out already. */
	end(cpu, task, RT_NOISE_EXIT, 0);
	task->in_guest = false;
	track->vcpu = task;
	track->halted = event->name && rt_is_word(event->name, "hlt");
	if (!track->outside) {
		track->outside = true;
		track->gap_asleep = 0;
		track->gap = (struct rt_noise_gap){ .begun = event->time };
	}
	exit.kind = RT_NOISE_EXIT;
	exit.number = 0;
	return begin(noise, cpu, task, &exit, err);
}

static void end_gap(struct rt_noise_cpu *cpu, unsigned long long time)
{
	struct rt_noise_track *track = cpu->track;
	unsigned long long ns = time - track->gap.begun;

	if (!track->outside)
		return;
	track->outside = false;
	ns -= ns < track->gap_asleep ? ns : track->gap_asleep;
	track->gap.ns = ns;
	rt_noise_gap_add(&cpu->gaps, &track->gap);
}

static void enter(struct rt_noise_cpu *cpu, struct rt_noise_task *task,
		  unsigned long long time)
{
	if (!is_vcpu(cpu, task))
		return;
	end(cpu, task, RT_NOISE_EXIT, 0);
	task->in_guest = true;
	end_gap(cpu, time);
}

/* --- tasks --- */

static void begin_stint(struct rt_noise_task *task, unsigned long long time)
{
	task->stint = task->stint_wanted = 0;
	task->stint_begun = time;
	task->stint_asleep = false;
	task->stint_cause = rt_noise_take_cause(&task->waker);
}

static int end_stint(struct rt_noise_cpu *cpu, struct rt_noise_task *task,
		     struct rt_err *err)
{
	struct rt_noise_frame frame = {
		.kind = RT_NOISE_TASK,
		.self = task->stint,
		.begun = task->stint_begun,
		.wanted = task->stint_wanted,
		.asleep = task->stint_asleep,
		.cause = task->stint_cause,
	};
	int r;

	if (!is_foreign(cpu, task))
		return 0;
	r = rt_noise_row(cpu, RT_NOISE_TASK, 0, task->comm, &frame.row, err);
	if (r == 0)
		count(cpu, &frame);
	task->stint_cause = (struct rt_noise_cause){ 0 };
	return r;
}

static int switch_to(struct rt_noise *noise, struct rt_noise_cpu *cpu,
		     struct rt_noise_task *task,
		     const struct rt_noise_event *event, struct rt_err *err)
{
	struct rt_noise_task *next;
	int r = end_stint(cpu, task, err);

	if (r < 0)
		return r;
	/* The kernel idles only when nobody wants to run. */
	if (is_vcpu(cpu, task))
		cpu->track->waits = event->sleeps || !event->target;
	cpu->track->current = event->target;
	next = rt_noise_current(noise, cpu, err);
	if (!next)
		return -err->code;
	if (is_vcpu(cpu, next))
		cpu->track->waits = false;
	if (next->tid)
		next->comm = event->name;
	begin_stint(next, event->time);
	next->stint_asleep = !task->tid;
	return 0;
}

/* From now on what keeps a vCPU from running keeps its guest. */
static int wake(struct rt_noise *noise, const struct rt_noise_event *event,
		struct rt_err *err)
{
	for (size_t i = 0; i < noise->n; i++) {
		struct rt_noise_cpu *cpu = &noise->cpus[i];
		struct rt_noise_task *task;

		if (cpu->tid != event->target || !cpu->track->waits)
			continue;
		task = rt_noise_current(noise, cpu, err);
		if (!task)
			return -err->code;
		pass(cpu, task, event->time);
		cpu->track->waits = false;
	}
	return 0;
}

/* --- events --- */

/* Nothing that was open there can be trusted to have been open all the time. */
static void lose(struct rt_noise *noise, struct rt_noise_cpu *cpu,
		 unsigned long long n)
{
	cpu->losses++;
	cpu->lost += n;
	cpu->track->known = cpu->track->outside = cpu->track->waits = false;
	cpu->track->idle.n = 0;
	for (size_t i = 0; i < noise->n_tasks; i++) {
		struct rt_noise_task *task = noise->tasks[i];

		if (task->cpu != (int)cpu->cpu)
			continue;
		task->n = 0;
		task->in_guest = false;
	}
}

/* Each event says whose turn it is: so does the first one. */
static int follow(struct rt_noise *noise, struct rt_noise_cpu *cpu,
		  const struct rt_noise_event *event,
		  struct rt_noise_task **ret_task, struct rt_err *err)
{
	struct rt_noise_track *track = cpu->track;

	cpu->seen = true;
	if (!track->known || track->current != event->pid) {
		track->known = true;
		track->current = event->pid;
		track->last = event->time;
		*ret_task = rt_noise_current(noise, cpu, err);
		if (*ret_task)
			begin_stint(*ret_task, event->time);
	} else {
		*ret_task = rt_noise_current(noise, cpu, err);
	}
	if (!*ret_task)
		return -err->code;
	/* A switch tells the name of that moment, others the one known now. */
	if (event->pid && event->comm &&
	    (!(*ret_task)->comm || event->type == RT_NOISE_SWITCH))
		(*ret_task)->comm = event->comm;
	pass(cpu, *ret_task, event->time);
	return 0;
}

int rt_noise_take(struct rt_noise *noise, const struct rt_noise_event *event,
		  struct rt_err *err)
{
	struct rt_noise_cpu *cpu = rt_noise_find(noise, event->cpu);
	struct rt_noise_task *task = NULL;
	int r = 0;

	if (cpu && event->type == RT_NOISE_LOST) {
		lose(noise, cpu, event->span);
		return 0;
	}
	if (cpu)
		r = follow(noise, cpu, event, &task, err);
	if (r < 0)
		return r;
	switch (event->type) {
	case RT_NOISE_LEAVE:
		return task ? leave(noise, cpu, task, event, err) : 0;
	case RT_NOISE_ENTER:
		if (task)
			enter(cpu, task, event->time);
		return 0;
	case RT_NOISE_BEGIN:
		return task ? begin(noise, cpu, task, event, err) : 0;
	case RT_NOISE_END:
		if (task)
			end(cpu, task, event->kind, event->number);
		return 0;
	case RT_NOISE_PASSED:
		return task ? passed(cpu, task, event, err) : 0;
	case RT_NOISE_SWITCH:
		return task ? switch_to(noise, cpu, task, event, err) : 0;
	case RT_NOISE_WAKE:
		r = wake(noise, event, err);
		return r < 0 ? r : rt_noise_caused(noise, event, task, err);
	case RT_NOISE_ARM:
	case RT_NOISE_PLACE:
	case RT_NOISE_RAISE:
	case RT_NOISE_SEND:
		return rt_noise_caused(noise, event, task, err);
	case RT_NOISE_LOST:
		break;
	}
	return 0;
}

int rt_noise_end(struct rt_noise *noise, unsigned long long time,
		 struct rt_err *err)
{
	for (size_t i = 0; i < noise->n; i++) {
		struct rt_noise_cpu *cpu = &noise->cpus[i];
		struct rt_noise_task *task;
		int r;

		if (cpu->track->known) {
			task = rt_noise_current(noise, cpu, err);
			if (!task)
				return -err->code;
			pass(cpu, task, time);
			while (task->n)
				count(cpu, &task->frames[--task->n]);
			r = end_stint(cpu, task, err);
			if (r < 0)
				return r;
			end_gap(cpu, time);
		}
		rt_noise_rows_sort(cpu);
	}
	return 0;
}

bool rt_noise_is_complete(const struct rt_noise *noise)
{
	for (size_t i = 0; i < noise->n; i++) {
		if (noise->cpus[i].losses || !noise->cpus[i].seen)
			return false;
	}
	return true;
}

const char *rt_noise_kind_name(enum rt_noise_kind kind)
{
	static const char *const names[RT_NOISE_KINDS] = {
		[RT_NOISE_EXIT] = "exit",	[RT_NOISE_IRQ] = "irq",
		[RT_NOISE_IPI] = "ipi",		[RT_NOISE_VECTOR] = "vector",
		[RT_NOISE_SOFTIRQ] = "softirq", [RT_NOISE_TIMER] = "timer",
		[RT_NOISE_WORK] = "work",	[RT_NOISE_TASK] = "task",
		[RT_NOISE_NMI] = "nmi",
	};

	return names[kind];
}
