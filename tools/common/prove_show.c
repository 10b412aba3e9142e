/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_show.c - what kvmrt-prove has found out, for people */
#include "prove.h"

#include "core/base/text.h"

unsigned long long rt_proven_at_ns(const struct rt_proven *proven,
				   const struct rt_noise_gap *gap)
{
	const unsigned long long begun = proven->measured->begun;

	return gap->begun > begun ? gap->begun - begun : 0;
}

void rt_proven_parts(const struct rt_noise_cpu *cpu,
		     const struct rt_noise_gap *gap, struct rt_strbuf *out)
{
	for (size_t i = 0; i < gap->n_parts; i++) {
		const struct rt_noise_part *part = &gap->parts[i];
		const struct rt_noise_row *row = &cpu->rows[part->row];

		rt_strbuf_addf(
			out, "%s%s %s %s", i ? ", " : "",
			rt_noise_kind_name(row->kind),
			rt_noise_label(row->kind, row->number, row->name).text,
			rt_length(part->ns).text);
		if (part->cause.origin == RT_NOISE_BY_NOBODY)
			continue;
		rt_strbuf_adds(out, " (by ");
		rt_noise_show_cause(&part->cause, cpu->cpu, out);
		rt_strbuf_adds(out, ")");
	}
}

static void add_test(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_proof *proof = &proven->proof;
	const struct rt_test *test = &proof->test;

	if (proof->kind == RT_TEST_NONE || proof->test_failed)
		return;
	rt_strbuf_addf(out, "%s in the guest (%s):\n", rt_test_name(test->kind),
		       proven->by);
	for (size_t i = 0; i < test->n; i++) {
		const struct rt_test_thread *thread = &test->threads[i];

		rt_strbuf_addf(out,
			       "    CPU %llu: %llu us at least, %.1f us on "
			       "average, %llu us at most\n",
			       thread->cpu, thread->min_us,
			       (double)thread->avg_ns / 1000, thread->max_us);
	}
}

static void add_gaps(const struct rt_proven *proven,
		     const struct rt_noise_cpu *cpu, struct rt_strbuf *out)
{
	const struct rt_noise_gaps *gaps = &cpu->gaps;
	const size_t n = rt_proof_outliers(gaps);

	rt_strbuf_addf(out,
		       "vCPU %d on CPU %u: out of the guest %s, %s of them for "
		       "more than %s\n",
		       cpu->vcpu, cpu->cpu,
		       rt_count(gaps->times.count, "time").text,
		       gaps->over ? rt_count(gaps->over, "time").text : "none",
		       rt_length(gaps->limit).text);
	for (size_t i = 0; i < n; i++) {
		const struct rt_noise_gap *gap = &gaps->worst[i];

		rt_strbuf_addf(out,
			       "    %s at %.6f s: ", rt_length(gap->ns).text,
			       (double)rt_proven_at_ns(proven, gap) / 1e9);
		rt_proven_parts(cpu, gap, out);
		rt_strbuf_adds(out, "\n");
	}
}

void rt_proven_show(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_proof *proof = &proven->proof;
	const struct rt_judgement *judgement = &proven->judgement;

	rt_strbuf_addf(out, "%s: %s\n", proof->guest->name,
		       rt_proof_verdict_name(judgement->verdict));
	for (size_t i = 0; i < judgement->n; i++)
		rt_strbuf_addf(out, "    %s\n", judgement->reasons[i].text);
	if (!proof->measured_ns)
		return;
	rt_strbuf_addf(out, "measured for %s, limit %s, load: %s\n",
		       rt_length(proof->measured_ns).text,
		       rt_length(proof->limit_ns).text,
		       proven->load ? proven->load : "none");
	if (proven->floor.ns)
		rt_strbuf_addf(
			out,
			"the host itself: %s at most, in %s of a polling "
			"loop on CPU %u\n",
			rt_length(proven->floor.times.longest).text,
			rt_length(proven->floor.ns).text, proven->floor.cpu);
	add_test(proven, out);
	for (size_t i = 0; i < proof->noise->n; i++) {
		if (proof->noise->cpus[i].vcpu >= 0)
			add_gaps(proven, &proof->noise->cpus[i], out);
	}
}
