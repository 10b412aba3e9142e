/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noise_track.h - what is open on each CPU and in each task, while events come
 *
 * Each task has the interruptions that were begun in its turn and are still
 * open, innermost last: an interrupt always ends before the task is switched
 * out, and a work item that sleeps waits with its task. The idle task of a CPU
 * is one of them. Time that passes on a CPU goes to what is innermost there.
 */
#ifndef RT_NOISE_TRACK_H
#define RT_NOISE_TRACK_H

#include "noise.h"

#define RT_NOISE_DEPTH 16 /* interruptions within each other */
#define RT_NOISE_ORIGINS                                                       \
	4096 /* timers and work items whose causer is remembered */
#define RT_NOISE_SOFTIRQS 16

struct rt_noise_frame {
	enum rt_noise_kind kind;
	unsigned number;
	size_t row;
	unsigned long long self, begun;
	unsigned long long wanted; /* of self: the vCPU would have run */
	bool asleep;
	struct rt_noise_cause cause;
};

struct rt_noise_task {
	unsigned tid;
	const char *comm;
	int guest;     /* whose thread it is; -1: nobody's */
	int cpu;       /* where it was last */
	bool in_guest; /* a vCPU: between entry and exit */
	struct rt_noise_frame frames[RT_NOISE_DEPTH];
	size_t n;
	/* While it has the CPU, and is no thread of the guest. */
	unsigned long long stint, stint_begun, stint_wanted;
	bool stint_asleep;
	struct rt_noise_cause stint_cause, waker;
};

/* A CPU at the moment that the last event left it. */
struct rt_noise_track {
	struct rt_noise_task idle;
	bool known; /* whose turn it is */
	unsigned current;
	unsigned long long last;
	struct rt_noise_cause reschedule, call, raised[RT_NOISE_SOFTIRQS];
	/* The vCPU, for something: because its guest has halted, and nothing
	   keeps that from running; or for somebody who does its work. */
	bool waits, halted;
	struct rt_noise_task *vcpu; /* since it left its guest */
	/* Since the vCPU left the guest. */
	bool outside;
	unsigned long long gap_asleep;
	struct rt_noise_gap gap;
};

struct rt_noise_origins {
	struct {
		unsigned long long key;
		struct rt_noise_cause cause;
	} items[RT_NOISE_ORIGINS];
};

/* The record of a thread, made if there is none; NULL: no memory. */
struct rt_noise_task *rt_noise_task(struct rt_noise *noise, unsigned tid,
				    struct rt_err *err);
/* Whose turn it is there; every CPU has an idle task, all of number 0. */
struct rt_noise_task *rt_noise_current(struct rt_noise *noise,
				       struct rt_noise_cpu *cpu,
				       struct rt_err *err);

/* Who causes the event, as far as can be seen; task: whose turn it is. */
int rt_noise_caused(struct rt_noise *noise, const struct rt_noise_event *event,
		    const struct rt_noise_task *task, struct rt_err *err);
/* What is known of who caused an interruption that begins now; forgotten. */
struct rt_noise_cause rt_noise_cause_of(const struct rt_noise *noise,
					struct rt_noise_track *track,
					const struct rt_noise_event *event);
struct rt_noise_cause rt_noise_take_cause(struct rt_noise_cause *kept);

#endif
