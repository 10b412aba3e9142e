/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim.h - guests claim settings, each setting is derived once
 *
 * Each planner (plan_host.c, plan_shield.c, plan_tasks.c, plan_threads.c)
 * handles one sort of setting and claims (docs/design.md, Claims): on behalf of
 * this guest, the setting must or may lose the guest's CPUs, gain them, hold
 * exactly this value, or be on record. Contributions to one setting combine.
 * rt_claims_derive then derives for each setting, once:
 *
 *   base    what it would hold without us: the original, or what somebody
 *           else has written since. Restored when nobody claims it any more.
 *   value   the base with all contributions
 *   step    what is to be saved and written, if anything
 *
 * A saved setting that nobody claims is restored. A setting whose value is
 * RT_UNREAD is left alone: if it is claimed it stays on record as it is, and a
 * guest that must have it has failed.
 */
#ifndef RT_CLAIM_H
#define RT_CLAIM_H

#include "plan.h"

enum contribution {
	CLAIM_LESS,    /* without these CPUs */
	CLAIM_PLUS,    /* with these CPUs too */
	CLAIM_EXACTLY, /* this value; of several the first one counts */
	CLAIM_SAVED,   /* on record; nothing of ours stands there */
	CLAIM_AS_IS,   /* on record, and what stands there stays */
};

/* One claim; those of a setting are a list in the order of claiming. */
struct claim_entry {
	enum contribution contribution;
	enum rt_need need;
	int guest;
	const struct rt_cpuset *cpus;
	const char *why;
	size_t next; /* 1-based; 0: the last */
};

struct claimed {
	enum rt_kind kind;
	unsigned traits;
	int node;
	bool swept;
	char *path, *now, *base;
	char *exactly; /* of the first EXACTLY; NULL: none */
	const struct rt_saved *saved;
	size_t first, last; /* its claims */
	size_t order;	    /* place of its step: of its first claim to write */
	bool writes;
};

struct maker {
	const struct rt_plan_input *in;
	struct rt_plan *plan;
	bool *left_out; /* by index of active: it cannot have its CPUs */
	/*
	 * CPUs of the RT guests that are not left out. Swept: of those guests
	 * that have started and, where there are shields, whose shield is up.
	 */
	struct rt_cpuset owned, started, swept, offline, housekeeping;

	struct claimed *items; /* the settings */
	size_t n, size;
	size_t *index; /* hash of a path to its setting, 1-based */
	size_t n_index;
	struct claim_entry *claims;
	size_t n_claims, size_claims;
	struct rt_err *err;
};

/* How a setting behaves apart from what kvmrt writes. */
enum trait {
	/* Belongs to the guest's process and dies with it: no record. */
	TRAIT_DIES = 1,
	/*
	 * Others place it as they like (interrupts, tasks): it stays where it
	 * hurts no guest, and goes where its original allows otherwise.
	 */
	TRAIT_ROAMS = 2,
	/* What it holds is never anybody's choice: the original stands. */
	TRAIT_FIRM = 4,
};

/* The setting that a claim is about. Borrowed for the call. */
struct target {
	enum rt_kind kind;
	const char *path, *now;
	const char *natural; /* the original, where `now` is not; NULL: now */
	unsigned traits;
	int node;   /* whose CPUs to take when "less" leaves none; -1: any */
	bool swept; /* "less" counts for guests whose CPUs are swept */
	bool fence; /* "less" counts for guests that have no shield */
};

struct claim {
	enum contribution contribution;
	enum rt_need need;
	int guest; /* index of journal->active; -1: of none in particular */
	const struct rt_cpuset *cpus; /* LESS, PLUS: outlives the maker */
	const char *value;	      /* EXACTLY: borrowed for the call */
	const char *why;	      /* a literal */
};

int rt_claim(struct maker *maker, const struct target *target,
	     const struct claim *claim);

/* EXACTLY these CPUs, in the text of the target's kind. */
int rt_claim_cpus(struct maker *maker, const struct target *target,
		  const struct claim *claim, const struct rt_cpuset *cpus);

/*
 * LESS for each RT guest of which the setting's base names CPUs (of those
 * that have started, or that have no shield, where the target says so). No
 * claim where there is none.
 */
int rt_claim_off(struct maker *maker, const struct target *target,
		 enum rt_need need, const char *why);

/* What a setting would hold without us, as a set. False: it holds none. */
bool rt_claimed_base(const struct maker *maker, const struct claimed *claimed,
		     struct rt_cpuset *ret_set);
/* A set in the text of a kind; `now` says how wide a mask is. */
void rt_claim_format(enum rt_kind kind, const char *now,
		     const struct rt_cpuset *cpus, char *buf, size_t size);
bool rt_is_claimed(const struct maker *maker, const struct rt_saved *saved);
bool rt_is_written(const struct maker *maker, const struct rt_saved *saved);

/* Turn all claims, and what nobody claims any more, into steps. */
int rt_claims_derive(struct maker *maker);
void rt_claims_fini(struct maker *maker);

/* What is on record stays on record and as it is, whatever it holds. */
int rt_claim_as_is(struct maker *maker, const struct rt_saved *saved);

/* This guest cannot have what it must have. */
void rt_plan_failed(struct maker *maker, size_t guest, const char *fmt, ...)
	RT_PRINTF(3, 4);

/* Is this an RT guest that counts in this plan? */
bool rt_plan_has_rt(const struct maker *maker, size_t guest);

/* Index of the guest with this UUID; -1. */
int rt_plan_find_guest(const struct maker *maker, const char *uuid);

/* Has any RT guest a fence instead of a shield (rt_plan_is_fenced)? */
bool rt_plan_any_fenced(const struct maker *maker);

/*
 * Does a partition of somebody else's claim any of these CPUs? Then no guest
 * can have them. Its directory is appended to *ret_by. Known only where
 * rt_facts_read_cgroup has read for a fence.
 */
bool rt_plan_is_taken(const struct maker *maker, const struct rt_cpuset *cpus,
		      struct rt_strbuf *ret_by);

/* Is it on record that this guest's shield was to go up? */
bool rt_plan_had_shield(const struct maker *maker, const char *uuid);

/* A setting's value as a set; false when it is not one. */
bool rt_plan_parse(enum rt_kind kind, const char *value,
		   struct rt_cpuset *ret_set);

bool rt_plan_ends_with(const char *text, const char *end);

int rt_plan_host(struct maker *maker);	      /* interrupts, host-wide masks */
int rt_plan_tasks_saved(struct maker *maker); /* masks that go on record */
int rt_plan_siblings(struct maker *maker);    /* offline */
int rt_plan_shield(struct maker *maker);
int rt_plan_threads(struct maker *maker);
int rt_plan_sweep(struct maker *maker); /* behind the shield */

#endif
