/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_json.c - what kvmrt-prove has found out, for programs */
#include "prove.h"

static void number(struct rt_json *json, const char *key,
		   unsigned long long value)
{
	rt_json_key_number(json, key, (long long)value);
}

static void add_reasons(struct rt_json *json,
			const struct rt_judgement *judgement)
{
	static const char *const weights[] = {
		[RT_REASON_VOID] = "void",
		[RT_REASON_FAIL] = "fail",
		[RT_REASON_UNSEEN] = "unseen",
	};

	rt_json_key(json, "reasons");
	rt_json_open(json, '[');
	for (size_t i = 0; i < judgement->n; i++) {
		rt_json_open(json, '{');
		rt_json_key_string(json, "weight",
				   weights[judgement->reasons[i].weight]);
		rt_json_key_string(json, "text", judgement->reasons[i].text);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

static void add_host(struct rt_json *json, const struct rt_proven *proven)
{
	rt_json_key(json, "host");
	rt_json_open(json, '{');
	rt_json_key_string(json, "machine", proven->machine);
	rt_json_key_string(json, "cpu", proven->cpu);
	rt_json_key_string(json, "kernel", proven->kernel);
	rt_json_key_string(json, "kernel_version", proven->version);
	rt_json_key_string(json, "cmdline", proven->cmdline);
	rt_json_close(json, '}');
}

static void add_guest(struct rt_json *json, const struct rt_guest *guest)
{
	rt_json_key(json, "guest");
	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", guest->uuid);
	rt_json_key_string(json, "name", guest->name);
	rt_json_key_set(json, "vcpu_cpus", &guest->vcpus);
	rt_json_key_set(json, "service_cpus", &guest->service);
	rt_json_key_set(json, "offline", &guest->offline);
	rt_json_key_set(json, "nodes", &guest->nodes);
	rt_json_key_bool(json, "locked", guest->locked);
	rt_json_close(json, '}');
}

static void add_floor(struct rt_json *json, const struct rt_floor *floor)
{
	rt_json_key(json, "floor");
	rt_json_open(json, '{');
	rt_json_key_string(json, "by", floor->ns ? "polling" : "");
	number(json, "cpu", floor->cpu);
	number(json, "measured_ns", floor->ns);
	rt_noise_json_times(json, 0, &floor->times);
	rt_json_close(json, '}');
}

static void add_thread(struct rt_json *json, const struct rt_test *test,
		       size_t i)
{
	const struct rt_test_thread *thread = &test->threads[i];

	rt_json_open(json, '{');
	number(json, "cpu", thread->cpu);
	number(json, "min_us", thread->min_us);
	number(json, "avg_ns", thread->avg_ns);
	number(json, "max_us", thread->max_us);
	number(json, "cycles", thread->cycles);
	number(json, "duration_ms", thread->duration_ms);
	number(json, "overflows", thread->overflows);
	rt_json_key(json, "histogram");
	rt_json_open(json, '[');
	for (size_t b = 0; b < test->n_buckets; b++) {
		if (!test->buckets[b].counts[i])
			continue;
		rt_json_open(json, '{');
		number(json, "us", test->buckets[b].us);
		number(json, "count", test->buckets[b].counts[i]);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

static void add_test(struct rt_json *json, const struct rt_proven *proven)
{
	const struct rt_test *test = &proven->proof.test;

	rt_json_key(json, "test");
	rt_json_open(json, '{');
	rt_json_key_string(json, "name", rt_test_name(proven->proof.kind));
	rt_json_key_string(json, "by", proven->by ? proven->by : "");
	rt_json_key_string(json, "command",
			   proven->command ? proven->command : "");
	rt_json_key(json, "threads");
	rt_json_open(json, '[');
	for (size_t i = 0; i < test->n; i++)
		add_thread(json, test, i);
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

static void add_gap(struct rt_json *json, const struct rt_proven *proven,
		    const struct rt_noise_cpu *cpu,
		    const struct rt_noise_gap *gap)
{
	const unsigned long long weight = rt_noise_gap_weight(&cpu->gaps, gap);

	rt_json_open(json, '{');
	rt_json_key_number(json, "vcpu", cpu->vcpu);
	number(json, "cpu", cpu->cpu);
	number(json, "at_ns", rt_proven_at_ns(proven, gap));
	number(json, "ns", gap->ns);
	number(json, "counted_ns", weight);
	rt_json_key_bool(json, "over", weight > cpu->gaps.limit);
	rt_json_key(json, "parts");
	rt_json_open(json, '[');
	for (size_t i = 0; i < gap->n_parts; i++) {
		rt_json_open(json, '{');
		rt_noise_json_what(json, &cpu->rows[gap->parts[i].row]);
		number(json, "ns", gap->parts[i].ns);
		rt_json_key(json, "cause");
		rt_noise_json_cause(json, &gap->parts[i].cause);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

static void add_outliers(struct rt_json *json, const struct rt_proven *proven)
{
	const struct rt_noise *noise = proven->proof.noise;

	rt_json_key(json, "outliers");
	rt_json_open(json, '[');
	for (size_t i = 0; i < noise->n; i++) {
		const struct rt_noise_cpu *cpu = &noise->cpus[i];
		const size_t n = rt_proof_outliers(&cpu->gaps);

		for (size_t k = 0; k < n; k++)
			add_gap(json, proven, cpu, &cpu->gaps.worst[k]);
	}
	rt_json_close(json, ']');
}

void rt_proven_json(const struct rt_proven *proven, struct rt_strbuf *out)
{
	const struct rt_proof *proof = &proven->proof;
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	number(&json, "version", 1);
	rt_json_key_string(&json, "verdict",
			   rt_proof_verdict_name(proven->judgement.verdict));
	add_reasons(&json, &proven->judgement);
	rt_json_key_string(&json, "begun", proven->begun);
	number(&json, "asked_ns", proof->asked_ns);
	number(&json, "measured_ns", proof->measured_ns);
	number(&json, "limit_ns", proof->limit_ns);
	rt_json_key_string(&json, "load", proven->load ? proven->load : "");
	add_host(&json, proven);
	add_guest(&json, proof->guest);
	add_floor(&json, &proven->floor);
	add_test(&json, proven);
	add_outliers(&json, proven);
	rt_json_key(&json, "meter");
	rt_measured_json_value(proven->measured, &json);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}
