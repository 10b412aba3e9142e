/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * repairs.h - what was repaired, how often, and who undoes it
 *
 * A ledger, one line for each thing: a file or interrupt by its path, threads
 * by their role ("thread/GUEST/vCPU 0"), however many of them come and go. It
 * has LEDGER_MAX lines at most; a new line replaces the one that was silent for
 * the longest time. The caller passes the time.
 *
 * A thing that had to be repaired FIGHT_TIMES times within FIGHT_WINDOW_MS is
 * fought over: further events about it wait, first a second, then twice as long
 * each time up to a minute, until it has been left alone for FIGHT_CALM_MS.
 */
#ifndef RT_REPAIRS_H
#define RT_REPAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_MAX  256
#define FIGHT_TIMES 5
/* A guest whose driver comes and goes is no fight, unless it never stops. */
#define FIGHT_TIMES_OWN	  30
#define FIGHT_WINDOW_MS	  60000
#define FIGHT_CALM_MS	  300000
#define FIGHT_WAIT_MS	  1000
#define FIGHT_WAIT_MAX_MS 60000
/* A guest counts as disturbed for this long after somebody else's change. */
#define DISTURBED_MS 600000
#define RECENT_MS    30000
/* The same thing is logged once within this time. */
#define SAY_MS 60000

struct repair {
	const char *key;   /* the ledger's own copy, like guest */
	const char *guest; /* its name; "" for several; NULL is "" */
	char what[64];	   /* "irq 35" */
	char did[96];	   /* "moved from cpu 4 to cpu 7" */
	char by[48];	   /* "irqbalance[444]"; "" if not known */
	bool foreign;	   /* somebody else did it; not a guest's own life */
	bool own;	   /* a guest's process did it, or fights */
	bool many;	   /* many things share this line: no fight over one */
	/* The ledger's. */
	bool fight;
	bool say;      /* this time it is worth a line in the log */
	unsigned more; /* times since that it was not */
	unsigned count, recent, recent_own;
	uint64_t window;      /* ms: when the window of `recent` began */
	uint64_t last, said;  /* ms */
	int64_t when;	      /* seconds since the epoch */
	uint64_t wait, until; /* ms */
};

struct repairs {
	struct repair *items;
	size_t n, size;
};

void repairs_fini(struct repairs *repairs);

/*
 * Enter one; by, what, did and foreign are taken from *repair. Returns the
 * line, or NULL without memory. *ret_fight: it has become a fight by this.
 */
struct repair *repairs_add(struct repairs *repairs, const struct repair *repair,
			   uint64_t now, bool *ret_fight);

/* How long an event about key has to wait, in ms; 0: not at all. */
unsigned repairs_wait(const struct repairs *repairs, const char *key,
		      uint64_t now);

/* Was it repaired within the last half minute? */
bool repairs_is_recent(const struct repairs *repairs, const char *key,
		       uint64_t now);

/* Did somebody else change something within the last DISTURBED_MS, or fight? */
bool repairs_disturbed(const struct repairs *repairs, const char *guest,
		       uint64_t now);

/* Remove the lines of a guest that is not active any more. */
void repairs_forget(struct repairs *repairs, const char *guest);

#endif
