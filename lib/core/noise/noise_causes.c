/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_causes.c - who causes an interruption: noted first, asked for later */
#include <errno.h>

#include "noise_rows.h"
#include "noise_track.h"

struct rt_noise_cause rt_noise_take_cause(struct rt_noise_cause *kept)
{
	const struct rt_noise_cause cause = *kept;

	*kept = (struct rt_noise_cause){ 0 };
	return cause;
}

/* One place a key: an older one with the same place is forgotten. */
static struct rt_noise_cause *origin_of(const struct rt_noise *noise,
					unsigned long long key, bool make)
{
	const size_t at = (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 52);

	if (make)
		noise->origins->items[at].key = key;
	return noise->origins->items[at].key == key ?
		       &noise->origins->items[at].cause :
		       NULL;
}

struct rt_noise_cause rt_noise_cause_of(const struct rt_noise *noise,
					struct rt_noise_track *track,
					const struct rt_noise_event *event)
{
	struct rt_noise_cause *kept = NULL;

	if (event->kind == RT_NOISE_TIMER || event->kind == RT_NOISE_WORK)
		kept = origin_of(noise, event->key, false);
	else if (event->kind == RT_NOISE_SOFTIRQ &&
		 event->number < RT_NOISE_SOFTIRQS)
		kept = &track->raised[event->number];
	else if (event->kind == RT_NOISE_IPI)
		kept = event->number == RT_NOISE_RESCHEDULE ?
			       &track->reschedule :
			       &track->call;
	return kept ? rt_noise_take_cause(kept) : (struct rt_noise_cause){ 0 };
}

static struct rt_noise_cause actor(const struct rt_noise *noise,
				   const struct rt_noise_event *event,
				   const struct rt_noise_task *task)
{
	struct rt_noise_cause cause = { .number = event->cpu };
	const struct rt_noise_cpu *cpu = rt_noise_find(noise, event->cpu);

	cause.what = event->type == RT_NOISE_SEND ? event->name : NULL;
	if ((event->in_irq || event->in_softirq) && task && task->n &&
	    task->frames[task->n - 1].kind != RT_NOISE_EXIT) {
		const struct rt_noise_frame *frame = &task->frames[task->n - 1];

		cause.origin = RT_NOISE_BY_INSIDE;
		cause.kind = frame->kind;
		cause.who = cpu->rows[frame->row].name;
	} else if (event->in_irq) {
		cause.origin = RT_NOISE_BY_IRQ;
	} else if (event->in_softirq) {
		cause.origin = RT_NOISE_BY_SOFTIRQ;
	} else if (!event->pid) {
		cause.origin = RT_NOISE_BY_IDLE;
	} else {
		cause.origin = RT_NOISE_BY_TASK;
		cause.who = event->comm;
		cause.number = event->pid;
	}
	return cause;
}

int rt_noise_caused(struct rt_noise *noise, const struct rt_noise_event *event,
		    const struct rt_noise_task *task, struct rt_err *err)
{
	const struct rt_noise_cause cause = actor(noise, event, task);
	struct rt_noise_cpu *target;
	struct rt_noise_task *woken;

	switch (event->type) {
	case RT_NOISE_WAKE:
		woken = rt_noise_task(noise, event->target, err);
		if (!woken)
			return -err->code;
		woken->waker = cause;
		break;
	case RT_NOISE_ARM:
	case RT_NOISE_PLACE:
		*origin_of(noise, event->key, true) = cause;
		break;
	case RT_NOISE_RAISE:
		target = rt_noise_find(noise, event->cpu);
		if (target && event->number < RT_NOISE_SOFTIRQS)
			target->track->raised[event->number] = cause;
		break;
	case RT_NOISE_SEND:
		target = rt_noise_find(noise, event->target);
		if (target && event->name)
			target->track->call = cause;
		else if (target)
			target->track->reschedule = cause;
		break;
	case RT_NOISE_LEAVE:
	case RT_NOISE_ENTER:
	case RT_NOISE_BEGIN:
	case RT_NOISE_END:
	case RT_NOISE_PASSED:
	case RT_NOISE_SWITCH:
	case RT_NOISE_LOST:
		break;
	}
	return 0;
}
