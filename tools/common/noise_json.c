/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_json.c - what kvmrt-noise has measured, for programs */
#include "noise.h"

static void number(struct rt_json *json, const char *key,
		   unsigned long long value)
{
	rt_json_key_number(json, key, (long long)value);
}

void rt_noise_json_times(struct rt_json *json, unsigned long long begun,
			 const struct rt_noise_times *times)
{
	unsigned n = RT_NOISE_BUCKETS;

	while (n && !times->buckets[n - 1])
		n--;
	number(json, "count", times->count);
	number(json, "total_ns", times->total);
	number(json, "longest_ns", times->longest);
	number(json, "longest_at_ns",
	       times->longest_at > begun ? times->longest_at - begun : 0);
	rt_json_key(json, "histogram");
	rt_json_open(json, '[');
	for (unsigned i = 0; i < n; i++)
		rt_json_number(json, (long long)times->buckets[i]);
	rt_json_close(json, ']');
}

void rt_noise_json_what(struct rt_json *json, const struct rt_noise_row *row)
{
	rt_json_key_string(json, "kind", rt_noise_kind_name(row->kind));
	rt_json_key_string(json, "name", row->name ? row->name : "");
	if (row->kind == RT_NOISE_IRQ)
		number(json, "irq", row->number);
}

void rt_noise_json_cause(struct rt_json *json,
			 const struct rt_noise_cause *cause)
{
	static const char *const origins[] = {
		[RT_NOISE_BY_NOBODY] = "unknown",  [RT_NOISE_BY_TASK] = "task",
		[RT_NOISE_BY_INSIDE] = "inside",   [RT_NOISE_BY_IRQ] = "irq",
		[RT_NOISE_BY_SOFTIRQ] = "softirq", [RT_NOISE_BY_IDLE] = "idle",
	};

	rt_json_open(json, '{');
	rt_json_key_string(json, "by", origins[cause->origin]);
	rt_json_key_string(json, "name", cause->who ? cause->who : "");
	if (cause->origin == RT_NOISE_BY_TASK)
		number(json, "pid", cause->number);
	else
		number(json, "cpu", cause->number);
	if (cause->origin == RT_NOISE_BY_INSIDE)
		rt_json_key_string(json, "kind",
				   rt_noise_kind_name(cause->kind));
	if (cause->what)
		rt_json_key_string(json, "function", cause->what);
	number(json, "count", cause->count);
	rt_json_close(json, '}');
}

static void add_row(struct rt_json *json, const struct rt_measured *measured,
		    const struct rt_noise_row *row)
{
	rt_json_open(json, '{');
	rt_noise_json_what(json, row);
	rt_noise_json_times(json, measured->begun, &row->times);
	number(json, "asleep", row->asleep);
	rt_json_key(json, "causes");
	rt_json_open(json, '[');
	for (size_t i = 0; i < row->n_causes; i++)
		rt_noise_json_cause(json, &row->causes[i]);
	rt_json_close(json, ']');
	number(json, "other_causes", row->other_causes);
	rt_json_close(json, '}');
}

static void add_gaps(struct rt_json *json, const struct rt_measured *measured,
		     const struct rt_noise_cpu *cpu)
{
	const struct rt_noise_gap *worst = &cpu->gaps.worst[0];

	rt_json_key(json, "outside");
	rt_json_open(json, '{');
	rt_noise_json_times(json, measured->begun, &cpu->gaps.times);
	rt_json_key(json, "longest_parts");
	rt_json_open(json, '[');
	for (size_t i = 0; i < worst->n_parts; i++) {
		rt_json_open(json, '{');
		rt_noise_json_what(json, &cpu->rows[worst->parts[i].row]);
		number(json, "ns", worst->parts[i].ns);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

static void add_cpu(struct rt_json *json, const struct rt_measured *measured,
		    const struct rt_noise_cpu *cpu)
{
	rt_json_open(json, '{');
	number(json, "cpu", cpu->cpu);
	rt_json_key_string(json, "use", cpu->vcpu < 0 ? "service" : "vCPU");
	if (cpu->vcpu >= 0)
		rt_json_key_number(json, "vcpu", cpu->vcpu);
	rt_json_key_bool(json, "seen", cpu->seen);
	number(json, "losses", cpu->losses);
	number(json, "lost_events", cpu->lost);
	number(json, "asleep_ns", cpu->asleep);
	if (cpu->vcpu < 0) {
		number(json, "own_ns", cpu->own);
	} else {
		number(json, "in_guest_ns", cpu->in_guest);
		add_gaps(json, measured, cpu);
	}
	rt_json_key(json, "interruptions");
	rt_json_open(json, '[');
	for (size_t i = 0; i < cpu->n_rows; i++)
		add_row(json, measured, &cpu->rows[i]);
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

static void add_guest(struct rt_json *json, const struct rt_measured *measured,
		      size_t guest)
{
	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", measured->guests[guest]->uuid);
	rt_json_key_string(json, "name", measured->guests[guest]->name);
	rt_json_key(json, "cpus");
	rt_json_open(json, '[');
	for (size_t i = 0; i < measured->noise.n; i++) {
		if (measured->noise.cpus[i].guest == guest)
			add_cpu(json, measured, &measured->noise.cpus[i]);
	}
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

void rt_measured_json_value(const struct rt_measured *measured,
			    struct rt_json *json)
{
	rt_json_open(json, '{');
	number(json, "version", 1);
	rt_json_key_bool(json, "complete", rt_measured_is_complete(measured));
	rt_json_key_string(json, "stopped",
			   measured->stopped ? measured->stopped : "");
	number(json, "lost_causes", measured->lost_causes);
	number(json, "measured_ns", measured->ended - measured->begun);
	rt_json_key(json, "not_measured");
	rt_json_open(json, '[');
	for (size_t i = 0; i < measured->n_missing; i++)
		rt_json_string(json, measured->missing[i]);
	rt_json_close(json, ']');
	rt_json_key(json, "guests");
	rt_json_open(json, '[');
	for (size_t g = 0; g < measured->n_guests; g++)
		add_guest(json, measured, g);
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

void rt_measured_json(const struct rt_measured *measured, struct rt_strbuf *out)
{
	struct rt_json json = { .out = out };

	rt_measured_json_value(measured, &json);
	rt_strbuf_adds(out, "\n");
}
