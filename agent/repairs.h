/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repairs.h - what was put right, how often, and who undoes it
 *
 * A ledger, one line for each thing (an interrupt, a file, a thread's role).
 * Time is given by the caller. A thing that had to be put right FIGHT_TIMES
 * times within FIGHT_WINDOW_MS is fought over: further events about it wait,
 * first a second, then twice as long each time up to a minute, until it has
 * been left alone for FIGHT_CALM_MS.
 */
#ifndef RT_REPAIRS_H
#define RT_REPAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_REPAIR_PATH 256
#define FIGHT_TIMES    5
/* A guest whose driver comes and goes is none, unless it does so for ever. */
#define FIGHT_TIMES_OWN	  30
#define FIGHT_WINDOW_MS	  60000
#define FIGHT_CALM_MS	  300000
#define FIGHT_WAIT_MS	  1000
#define FIGHT_WAIT_MAX_MS 60000
/* A guest counts as disturbed for so long after a foreign hand. */
#define DISTURBED_MS 600000
#define RECENT_MS    30000

struct repair {
	char path[RT_REPAIR_PATH];
	char guest[64];
	char what[64]; /* "irq 35" */
	char did[96];  /* "moved from cpu 4 to cpu 7" */
	char by[48];   /* "" if not known */
	bool foreign;  /* somebody's doing, not a guest's own life */
	bool own;      /* a guest's process did it, or fights */
	bool fight;
	unsigned count, recent, recent_own;
	uint64_t window;      /* ms: begin of the one that `recent` counts in */
	uint64_t last;	      /* ms */
	int64_t when;	      /* seconds since the epoch */
	uint64_t wait, until; /* ms */
};

struct repairs {
	struct repair *items;
	size_t n, size;
};

void repairs_fini(struct repairs *repairs);

/*
 * Enter one; by, what, did, guest and foreign are taken from *repair. Returns
 * the line, or NULL without memory. *ret_fight: it has become a fight by this.
 */
struct repair *repairs_add(struct repairs *repairs, const struct repair *repair,
			   uint64_t now, bool *ret_fight);

/* How long an event about path has to wait, in ms; 0: not at all. */
unsigned repairs_wait(const struct repairs *repairs, const char *path,
		      uint64_t now);

/* Put right within the last half minute? */
bool repairs_is_recent(const struct repairs *repairs, const char *path,
		       uint64_t now);

/* A foreign hand within the last DISTURBED_MS, or a fight with one? */
bool repairs_disturbed(const struct repairs *repairs, const char *guest,
		       uint64_t now);

/* Forget what is about a guest that is not active any more. */
void repairs_forget(struct repairs *repairs, const char *guest);

#endif
