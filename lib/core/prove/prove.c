/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove.c - was the guest left alone: the verdict, and what it rests on */
#include "prove.h"

#include <errno.h>
#include <stdarg.h>

#include "core/base/strbuf.h"
#include "core/base/text.h"

unsigned long long rt_proof_limit_ns(enum rt_test_kind kind)
{
	return kind == RT_TEST_CYCLICTEST ? 40000 : 20000;
}

/* oslat never sleeps: the guest's first CPU is left to the guest. */
unsigned rt_proof_threads(enum rt_test_kind kind, unsigned nr_vcpus)
{
	return kind == RT_TEST_OSLAT && nr_vcpus > 1 ? nr_vcpus - 1 : nr_vcpus;
}

const char *rt_proof_verdict_name(enum rt_proof_verdict verdict)
{
	static const char *const names[] = {
		[RT_PROOF_PASS] = "pass",
		[RT_PROOF_FAIL] = "fail",
		[RT_PROOF_INCONCLUSIVE] = "inconclusive",
	};

	return names[verdict];
}

size_t rt_proof_outliers(const struct rt_noise_gaps *gaps)
{
	size_t n = 0;

	while (n < gaps->n_worst &&
	       rt_noise_gap_weight(gaps, &gaps->worst[n]) > gaps->limit)
		n++;
	return n || !gaps->n_worst ? n : 1;
}

void rt_judgement_fini(struct rt_judgement *judgement)
{
	for (size_t i = 0; i < judgement->n; i++)
		free(judgement->reasons[i].text);
	free(judgement->reasons);
	memset(judgement, 0, sizeof(*judgement));
}

/* --- reasons --- */

struct judge {
	const struct rt_proof *proof;
	struct rt_judgement judgement;
	bool failed;
};

static void add(struct judge *judge, enum rt_reason_weight weight,
		const char *fmt, ...) RT_PRINTF(3, 4);

static void add(struct judge *judge, enum rt_reason_weight weight,
		const char *fmt, ...)
{
	struct rt_judgement *judgement = &judge->judgement;
	struct rt_strbuf text = { 0 };
	struct rt_err ignored;
	va_list args;
	char *taken;

	va_start(args, fmt);
	rt_strbuf_vaddf(&text, fmt, args);
	va_end(args);
	if (rt_strbuf_take(&text, &taken, &ignored) < 0) {
		judge->failed = true;
		return;
	}
	if (!rt_grow(&judgement->reasons, judgement->n, &judgement->size,
		     sizeof(*judgement->reasons))) {
		free(taken);
		judge->failed = true;
		return;
	}
	judgement->reasons[judgement->n++] =
		(struct rt_reason){ .weight = weight, .text = taken };
}

static void judge_time(struct judge *judge)
{
	const struct rt_proof *proof = judge->proof;

	if (proof->stopped)
		add(judge, RT_REASON_VOID, "%s", proof->stopped);
	else if (proof->measured_ns < proof->asked_ns)
		add(judge, RT_REASON_UNSEEN,
		    "it was measured for %s of the %s that were asked for",
		    rt_length(proof->measured_ns).text,
		    rt_length(proof->asked_ns).text);
	if (proof->measured_ns < RT_PROOF_SHORTEST_NS)
		add(judge, RT_REASON_UNSEEN,
		    "it was measured for %s, and less than %s proves nothing",
		    rt_length(proof->measured_ns).text,
		    rt_length(RT_PROOF_SHORTEST_NS).text);
	if (proof->unfit)
		add(judge, RT_REASON_UNSEEN, "%s", proof->unfit);
	if (proof->repaired)
		add(judge, RT_REASON_UNSEEN,
		    "the guest has lost some of its tuning meanwhile: %s",
		    proof->repaired);
	if (proof->load_failed)
		add(judge, RT_REASON_UNSEEN, "%s", proof->load_failed);
	if (proof->lost_causes)
		add(judge, RT_REASON_UNSEEN,
		    "events that name causes were lost (%s)",
		    rt_count(proof->lost_causes, "time").text);
}

/* Service CPUs do not count: the guest's own threads work there. */
static void judge_cpu(struct judge *judge, const struct rt_noise_cpu *cpu)
{
	const struct rt_proof *proof = judge->proof;
	const struct rt_noise_gaps *gaps = &cpu->gaps;
	const struct rt_noise_gap *worst = &gaps->worst[0];

	if (gaps->over)
		add(judge, RT_REASON_FAIL,
		    "vCPU %d was kept out of the guest for more than %s: %s, "
		    "for up to %s",
		    cpu->vcpu, rt_length(gaps->limit).text,
		    rt_count(gaps->over, "time").text,
		    rt_length(rt_noise_gap_weight(gaps, worst)).text);
	if (!cpu->seen)
		add(judge, RT_REASON_UNSEEN,
		    "on CPU %u of vCPU %d no event was seen", cpu->cpu,
		    cpu->vcpu);
	else if (!cpu->in_guest)
		add(judge, RT_REASON_UNSEEN,
		    "vCPU %d was not in the guest at all", cpu->vcpu);
	else if (proof->kind == RT_TEST_NONE &&
		 cpu->asleep / 9 > proof->measured_ns / 10)
		add(judge, RT_REASON_UNSEEN,
		    "vCPU %d slept for %s of %s, and what would have kept it "
		    "from running then was not seen: let the guest work, or "
		    "run a test in it",
		    cpu->vcpu, rt_length(cpu->asleep).text,
		    rt_length(proof->measured_ns).text);
	if (cpu->losses)
		add(judge, RT_REASON_UNSEEN,
		    "on CPU %u of vCPU %d events were lost (%s)", cpu->cpu,
		    cpu->vcpu, rt_count(cpu->losses, "time").text);
}

static void judge_thread(struct judge *judge,
			 const struct rt_test_thread *thread)
{
	const struct rt_proof *proof = judge->proof;
	const char *name = rt_test_name(proof->kind);
	const unsigned long long wanted_ms = proof->asked_ns / 1000000;
	const unsigned long long ms =
		proof->kind == RT_TEST_OSLAT ?
			thread->duration_ms :
			thread->cycles * RT_PROOF_INTERVAL_US / 1000;

	if (thread->max_us * 1000 > proof->limit_ns)
		add(judge, RT_REASON_FAIL,
		    "%s in the guest, on CPU %llu there: up to %s, more than "
		    "%s",
		    name, thread->cpu, rt_length(thread->max_us * 1000).text,
		    rt_length(proof->limit_ns).text);
	/* What is late wakes up less often: half of it is enough. */
	if (proof->test_own && ms < wanted_ms / 2)
		add(judge, RT_REASON_UNSEEN,
		    "%s in the guest, on CPU %llu there: it ran for about %s "
		    "of %s",
		    name, thread->cpu, rt_length(ms * 1000000).text,
		    rt_length(proof->asked_ns).text);
}

static void judge_test(struct judge *judge)
{
	const struct rt_proof *proof = judge->proof;
	const unsigned wanted =
		rt_proof_threads(proof->kind, proof->guest->nr_vcpus);

	if (proof->kind == RT_TEST_NONE)
		return;
	if (proof->test_failed) {
		add(judge, RT_REASON_UNSEEN, "%s", proof->test_failed);
		return;
	}
	if (proof->test.n < wanted)
		add(judge, RT_REASON_UNSEEN,
		    "%s in the guest: %s, of %u that were wanted",
		    rt_test_name(proof->kind),
		    rt_count(proof->test.n, "thread").text, wanted);
	for (size_t i = 0; i < proof->test.n; i++)
		judge_thread(judge, &proof->test.threads[i]);
}

static void judge_all(struct judge *judge)
{
	const struct rt_noise *noise = judge->proof->noise;
	bool any = false;

	judge_time(judge);
	for (size_t i = 0; i < noise->n; i++) {
		if (noise->cpus[i].vcpu < 0)
			continue;
		any = true;
		judge_cpu(judge, &noise->cpus[i]);
	}
	if (!any)
		add(judge, RT_REASON_UNSEEN, "no vCPU was measured");
	judge_test(judge);
}

static bool has(const struct rt_judgement *judgement,
		enum rt_reason_weight weight)
{
	for (size_t i = 0; i < judgement->n; i++) {
		if (judgement->reasons[i].weight == weight)
			return true;
	}
	return false;
}

static int by_weight(const void *a, const void *b)
{
	const struct rt_reason *one = a, *two = b;

	return (int)one->weight - (int)two->weight;
}

int rt_proof_judge(const struct rt_proof *proof,
		   struct rt_judgement *ret_judgement, struct rt_err *err)
{
	struct judge judge = { .proof = proof };
	struct rt_judgement *judgement = &judge.judgement;

	/* One that is not fit to begin with is not measured. */
	if (proof->unfit && !proof->measured_ns)
		add(&judge, RT_REASON_VOID, "%s", proof->unfit);
	else
		judge_all(&judge);
	if (judge.failed) {
		rt_judgement_fini(judgement);
		return rt_fail_memory(err);
	}
	if (judgement->n)
		qsort(judgement->reasons, judgement->n,
		      sizeof(*judgement->reasons), by_weight);
	judgement->verdict =
		!judgement->n		       ? RT_PROOF_PASS :
		has(judgement, RT_REASON_VOID) ? RT_PROOF_INCONCLUSIVE :
		has(judgement, RT_REASON_FAIL) ? RT_PROOF_FAIL :
						 RT_PROOF_INCONCLUSIVE;
	*ret_judgement = *judgement;
	return 0;
}
