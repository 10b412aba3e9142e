/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prove.h - was the guest left alone: the verdict, and what it rests on
 *
 * Two things are measured at the same time: a test in the guest (how late was
 * it woken up, how long was it stopped), and with noise.h on the host how long
 * each vCPU was out of its guest although it would have run. A verdict of
 * pass needs all of it to be there; whatever is missing is a reason for none.
 *
 * Reasons are of three weights. Where there was no such guest (it ended, or
 * was not tuned to begin with), nothing that was measured counts, good or bad. What was longer than the limit is a failure, whatever else could
 * not be seen. What could not be seen keeps the rest from being a pass.
 */
#ifndef RT_PROVE_H
#define RT_PROVE_H

#include "core/model/guest.h"
#include "core/noise/noise.h"
#include "test_output.h"

enum rt_proof_verdict {
	RT_PROOF_PASS,
	RT_PROOF_FAIL,
	RT_PROOF_INCONCLUSIVE,
};

enum rt_reason_weight {
	RT_REASON_VOID,	 /* inconclusive, whatever was measured */
	RT_REASON_FAIL,	 /* longer than the limit */
	RT_REASON_UNSEEN /* inconclusive, if nothing failed */
};

struct rt_reason {
	enum rt_reason_weight weight;
	char *text; /* one sentence */
};

/* Less than that proves nothing. */
#define RT_PROOF_SHORTEST_NS (10 * 1000000000ULL)
/* How often cyclictest wakes up when it is run from here. */
#define RT_PROOF_INTERVAL_US 1000

/* What was measured; all texts are borrowed. */
struct rt_proof {
	const struct rt_guest *guest;
	const struct rt_noise *noise; /* of this guest's CPUs only */
	unsigned long long limit_ns, asked_ns, measured_ns, lost_causes;
	const char *stopped; /* why before its time; NULL: it was not */
	/* The guest or its tuning was not as it should be; NULL: it was. */
	const char *unfit;
	enum rt_test_kind kind;
	struct rt_test test;	 /* empty with test_failed */
	const char *test_failed; /* why there is no result; NULL: there is */
	bool test_own;		 /* run from here, for that time on each vCPU */
	const char *load_failed; /* the load ended before its time */
	const char *repaired;	 /* what the agent has repaired meanwhile */
};

struct rt_judgement {
	enum rt_proof_verdict verdict;
	struct rt_reason *reasons; /* those of the verdict first */
	size_t n, size;
};

/* What is published for real-time guests: 40 us and 20 us. */
unsigned long long rt_proof_limit_ns(enum rt_test_kind kind);
/* So many threads has a test that is run from here. */
unsigned rt_proof_threads(enum rt_test_kind kind, unsigned nr_vcpus);

/* -ENOMEM only. */
int rt_proof_judge(const struct rt_proof *proof,
		   struct rt_judgement *ret_judgement, struct rt_err *err);
void rt_judgement_fini(struct rt_judgement *judgement);

/* "pass" */
const char *rt_proof_verdict_name(enum rt_proof_verdict verdict);

/*
 * What a report tells of one CPU: all that it has kept of what is over the
 * limit, or else the longest one.
 */
size_t rt_proof_outliers(const struct rt_noise_gaps *gaps);

#endif
