/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault.h - count what the product does to the world, and spoil one of it
 *
 * An effect is a write to the kernel (sys->calls) or to our own files below
 * run/kvmrt. The linker puts us in between (--wrap); the product's code is
 * what it always is.
 */
#ifndef RT_TEST_FAULT_H
#define RT_TEST_FAULT_H

#include <stdbool.h>

enum fault {
	FAULT_NONE,
	FAULT_CRASH,  /* the process ends before the effect */
	FAULT_TORN,   /* it ends in the middle of a write to our files */
	FAULT_REFUSE, /* the effect fails; a kernel file goes on refusing */
	FAULT_SHORT,  /* half of it is written */
	FAULT_FULL,   /* from this effect on our files cannot grow */
};

enum effect {
	EFFECT_KERNEL,
	EFFECT_WRITE,	  /* to a file of ours */
	EFFECT_DIRECTORY, /* unlink, rename, truncate */
};

#define EFFECTS_MAX  4096
#define CRASH_STATUS 99

struct effects {
	unsigned n;
	unsigned char kinds[EFFECTS_MAX];
};

/*
 * From now on effects are counted in *effects (shared memory), and the at-th,
 * from 1, is spoilt. `code` chooses what a kernel file refuses with.
 */
void fault_arm(enum fault fault, unsigned at, unsigned code,
	       struct effects *effects);

/* Whether "isolated" is refused, in addition to that. */
void fault_refuse_shields(bool refuse);

#endif
