/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place.h - where guests should go: CPUs that no rule of check.h is against
 *
 * What is allowed, and what is a drawback, says rt_check alone: a placement
 * counts when it causes no error that was not there without the guests, and
 * those with fewer warnings go first. Where the rules see no difference, the
 * terms of struct rt_score decide, in their order.
 *
 * Guests are made of cores. A real-time guest takes one core for each vCPU and
 * for each service CPU; an ordinary one as few cores as have that many CPUs.
 * Cores that are alike in all that rules and terms look at form a cell, and
 * only how many cores of each cell a guest takes is to be found. Where there
 * are few ways to do that all are tried; else the nodes, dies, caches and
 * packages are, each with its cleanest cores first. Several guests are placed
 * one by one, and for the best placements of the first ones.
 *
 * The same input always gives the same answer.
 */
#ifndef RT_PLACE_H
#define RT_PLACE_H

#include "core/check/check.h"

struct rt_place_request {
	const char *uuid; /* of a section; its cpuset does not count */
	unsigned nr_vcpus, service;
};

/* All of it is borrowed, for as long as the placing is open. */
struct rt_place {
	const struct rt_config *config;
	const struct rt_topo *topo;
	const struct rt_facts *facts; /* NULL: not known, as with --topology */
	/* Guests that run, with the CPUs that they have; NULL: none. */
	const struct rt_guest *const *running;
	size_t n_running;
	const struct rt_place_request *requests;
	size_t n;
	/* So many ways are tried one by one; 0: as many as is good. */
	unsigned tries;
};

/* What speaks against a placement, gravest first. */
enum rt_place_term {
	RT_PLACE_APART,	  /* warnings: on several nodes, memory of another */
	RT_PLACE_GRAVE,	  /* warnings: far devices, CPU 0, unlike cores, … */
	RT_PLACE_OTHERS,  /* all other warnings */
	RT_PLACE_CROWDED, /* CPUs of other ordinary guests */
	RT_PLACE_SLOW,	  /* cores that are not of the fastest kind */
	RT_PLACE_FAR, /* cores that are not near a device, for each device */
	RT_PLACE_NODES,
	RT_PLACE_DIES,
	RT_PLACE_CACHES,	/* so many of them it is on */
	RT_PLACE_SHARED,	/* caches that it shares, one being real-time */
	RT_PLACE_BROKEN_NODES,	/* free ones that are used in part */
	RT_PLACE_BROKEN_CACHES, /* the same */
	RT_PLACE_CPUS,		/* with SMT siblings */
	RT_PLACE_NUMBERS,	/* of cores, counted from 0 and added up */
	RT_PLACE_TERMS,
};

struct rt_score {
	unsigned terms[RT_PLACE_TERMS]; /* sums over all guests */
};

/* Negative: a is better; 0: they are as good. */
int rt_score_compare(const struct rt_score *a, const struct rt_score *b);

struct rt_placement {
	struct rt_cpuset *cpus; /* one for each request */
	struct rt_score score;
	struct rt_report report; /* findings that were not there without it */
};

void rt_placement_fini(struct rt_placement *placement);

struct rt_placing;

/* The caller closes it. Fails only when memory is short. */
int rt_placing_open(const struct rt_place *place, struct rt_placing **ret,
		    struct rt_err *err);
void rt_placing_close(struct rt_placing *placing);

/* A placement by hand: its score and findings, errors included. */
int rt_placing_judge(struct rt_placing *placing, const struct rt_cpuset *cpus,
		     struct rt_placement *ret, struct rt_err *err);

/*
 * The best, and the best of those that are elsewhere (the second best, if all
 * are on the same nodes and caches). *ret_n is how many there are: 0 means that
 * nothing fits. The caller finis them.
 */
int rt_placing_find(struct rt_placing *placing, struct rt_placement ret[2],
		    size_t *ret_n, struct rt_err *err);

/* Nothing fits: why, and what would have to change. Findings, all errors. */
int rt_placing_refuse(struct rt_placing *placing, struct rt_report *report,
		      struct rt_err *err);

/* "node 1, one L3 cache, near 0000:81:00.0": where guest i is. */
void rt_placing_describe(const struct rt_placing *placing,
			 const struct rt_placement *placement, size_t i,
			 struct rt_strbuf *out);
/* The first thing in which the other is worse, in words. */
void rt_placing_compare(const struct rt_placement *best,
			const struct rt_placement *other,
			struct rt_strbuf *out);

#endif
