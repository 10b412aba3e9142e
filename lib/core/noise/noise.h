/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noise.h - what interrupted the CPUs of guests, worked out from events
 *
 * Events of the kernel's tracepoints go in, in the order of their time; a
 * table for each CPU comes out. The time of a CPU belongs at each moment to one
 * thing: the guest, its sleep, a thread of its own on a service CPU, or the
 * innermost interruption that is open. So no nanosecond is counted twice: the
 * softirq in an interrupt in an exit has its own time, and the interrupt and
 * the exit have what is left of theirs.
 *
 * An interruption that a task begins (a work item, say) and that sleeps goes on
 * when its task does: until then its time stands still.
 *
 * Names are borrowed: they must outlive the struct.
 */
#ifndef RT_NOISE_H
#define RT_NOISE_H

#include <stdbool.h>

#include "core/base/cpuset.h"

enum rt_noise_kind {
	RT_NOISE_EXIT,	 /* out of the guest: kvm_exit to kvm_entry */
	RT_NOISE_IRQ,	 /* a handler of a numbered interrupt */
	RT_NOISE_IPI,	 /* from another CPU */
	RT_NOISE_VECTOR, /* of the CPU itself: its timer, its errors */
	RT_NOISE_SOFTIRQ,
	RT_NOISE_TIMER, /* a function that a timer calls */
	RT_NOISE_WORK,	/* a work item */
	RT_NOISE_TASK,	/* a task of nobody of the guest */
	RT_NOISE_NMI,
	RT_NOISE_KINDS,
};

/* As the number of an IPI; all others call functions. */
#define RT_NOISE_RESCHEDULE 0

enum rt_noise_type {
	RT_NOISE_LEAVE, /* the guest: number and name are the reason */
	RT_NOISE_ENTER,
	RT_NOISE_BEGIN,	 /* kind, number, name; key of a timer or work item */
	RT_NOISE_END,	 /* kind, number */
	RT_NOISE_PASSED, /* kind, name: it took `span` and has ended now */
	RT_NOISE_SWITCH, /* from pid to the thread `target`, called `name` */
	/* Somebody causes what comes later. */
	RT_NOISE_WAKE,	/* the thread `target`, called `name` */
	RT_NOISE_ARM,	/* the timer `key` */
	RT_NOISE_PLACE, /* the work item `key` */
	RT_NOISE_RAISE, /* the softirq `number` of this CPU */
	RT_NOISE_SEND,	/* an IPI to CPU `target`: `name` is the function to
			   call, NULL: it shall reschedule */
	RT_NOISE_LOST,	/* events of this CPU, `span` of them; 0: unknown */
};

struct rt_noise_event {
	unsigned long long time; /* ns */
	unsigned long long key;	 /* address of a timer or work item */
	unsigned long long span;
	const char *name;
	const char *comm;  /* of pid, when it is a cause; NULL: not known */
	unsigned cpu, pid; /* where, and whose turn it is there */
	unsigned number, target;
	enum rt_noise_type type;
	enum rt_noise_kind kind;
	bool in_irq, in_softirq; /* so pid is innocent */
	bool sleeps;		 /* a switch: pid waits for something */
};

/* Bucket i holds times from 2^i to 2^(i+1) ns; the last all longer ones. */
#define RT_NOISE_BUCKETS 36
#define RT_NOISE_CAUSES	 8
#define RT_NOISE_PARTS	 8
#define RT_NOISE_WORST	 16

struct rt_noise_times {
	unsigned long long count, total, longest, longest_at;
	unsigned long long buckets[RT_NOISE_BUCKETS];
};

enum rt_noise_origin {
	RT_NOISE_BY_NOBODY,  /* not seen: it was before the first event */
	RT_NOISE_BY_TASK,    /* who, pid number */
	RT_NOISE_BY_INSIDE,  /* an interruption of the same CPU: kind, who */
	RT_NOISE_BY_IRQ,     /* an interrupt on CPU number */
	RT_NOISE_BY_SOFTIRQ, /* a softirq on CPU number */
	RT_NOISE_BY_IDLE,    /* the idle loop of CPU number */
};

struct rt_noise_cause {
	enum rt_noise_origin origin;
	enum rt_noise_kind kind;
	unsigned number;
	bool several;		/* tasks of this name; number is one of them */
	const char *who, *what; /* what: the function of an IPI, or NULL */
	unsigned long long count;
};

struct rt_noise_row {
	enum rt_noise_kind kind;
	unsigned number; /* of an interrupt; 0 elsewhere */
	const char *name;
	struct rt_noise_times times;
	unsigned long long asleep; /* of count: no vCPU wanted the CPU */
	struct rt_noise_cause causes[RT_NOISE_CAUSES];
	size_t n_causes;
	unsigned long long other_causes;
	size_t was; /* its place before the rows were sorted */
};

struct rt_noise_part {
	size_t row;
	unsigned long long ns, longest;
	struct rt_noise_cause cause; /* of the longest of them */
};

/* Once out of the guest, less the time that the vCPU itself waited. */
struct rt_noise_gap {
	unsigned long long ns, begun;
	unsigned long long own; /* of ns: exits, less what interrupted them */
	struct rt_noise_part parts[RT_NOISE_PARTS]; /* longest first */
	size_t n_parts;
};

struct rt_noise_gaps {
	struct rt_noise_times times;
	/* Longest first once it has ended; with `others` by what is not own. */
	struct rt_noise_gap worst[RT_NOISE_WORST];
	size_t n_worst;
	unsigned long long limit, over; /* so many were longer; 0: no limit */
	bool others;
};

/* The longest interruption that began in one part of the time. */
struct rt_noise_slot {
	unsigned long long longest;
	enum rt_noise_kind kind;
};
#define RT_NOISE_SLOTS 480

struct rt_noise_cpu {
	unsigned cpu, guest;
	int vcpu;     /* -1: a service CPU */
	unsigned tid; /* of the vCPU */
	struct rt_noise_row *rows;
	size_t n_rows, size_rows;
	unsigned long long in_guest, asleep, own; /* ns */
	struct rt_noise_gaps gaps;		  /* of a vCPU */
	unsigned long long losses, lost; /* how often, events where known */
	bool seen; /* any event: else nobody knows what ran there */
	struct rt_noise_slot slots[RT_NOISE_SLOTS];
	unsigned long long slots_from, slot_ns; /* 0: none wanted */
	struct rt_noise_track *track;
};

struct rt_noise_task;
struct rt_noise_origins;

struct rt_noise {
	struct rt_noise_cpu *cpus; /* in the order in which they were added */
	size_t n, size;
	struct rt_noise_task **tasks; /* by number */
	size_t n_tasks, size_tasks;
	struct rt_noise_origins *origins;
};

/* CPU of vCPU `vcpu` of guest `guest`, thread tid; vcpu -1: a service CPU. */
int rt_noise_add(struct rt_noise *noise, unsigned guest, unsigned cpu, int vcpu,
		 unsigned tid, struct rt_err *err);
/* A thread of that guest: it interrupts none of the guest's service CPUs. */
int rt_noise_own(struct rt_noise *noise, unsigned guest, unsigned tid,
		 struct rt_err *err);
/* Was the thread seen or named before? */
bool rt_noise_knows(const struct rt_noise *noise, unsigned tid);
struct rt_noise_cpu *rt_noise_find(const struct rt_noise *noise, unsigned cpu);

/* Divide the time from `from` on, on all CPUs that were added. */
void rt_noise_divide(struct rt_noise *noise, unsigned long long from,
		     unsigned long long ns);

/*
 * Count what is longer than that, on all CPUs that were added. others: only
 * what interrupted the guest counts, and not what it asked for itself.
 */
void rt_noise_limit(struct rt_noise *noise, unsigned long long ns, bool others);
/* What of it counts. */
unsigned long long rt_noise_gap_weight(const struct rt_noise_gaps *gaps,
				       const struct rt_noise_gap *gap);

/* -ENOMEM only. */
int rt_noise_take(struct rt_noise *noise, const struct rt_noise_event *event,
		  struct rt_err *err);
/* What is open is counted up to now, and the rows are sorted by their total. */
int rt_noise_end(struct rt_noise *noise, unsigned long long time,
		 struct rt_err *err);
void rt_noise_fini(struct rt_noise *noise);

/* All events of all CPUs are there. */
bool rt_noise_is_complete(const struct rt_noise *noise);
const char *rt_noise_kind_name(enum rt_noise_kind kind);

#endif
