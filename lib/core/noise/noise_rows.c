/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_rows.c - the table of one CPU: times, causes, order */
#include "noise_rows.h"

#include "core/base/strbuf.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static unsigned bucket_of(unsigned long long ns)
{
	unsigned i = 0;

	while (i + 1 < RT_NOISE_BUCKETS && ns >= 2ULL << i)
		i++;
	return i;
}

void rt_noise_times_add(struct rt_noise_times *times, unsigned long long ns,
			unsigned long long at)
{
	times->count++;
	times->total += ns;
	times->buckets[bucket_of(ns)]++;
	if (ns > times->longest || times->count == 1) {
		times->longest = ns;
		times->longest_at = at;
	}
}

void rt_noise_divide(struct rt_noise *noise, unsigned long long from,
		     unsigned long long ns)
{
	for (size_t i = 0; i < noise->n; i++) {
		noise->cpus[i].slots_from = from;
		noise->cpus[i].slot_ns = ns / RT_NOISE_SLOTS + 1;
	}
}

void rt_noise_slot_add(struct rt_noise_cpu *cpu, enum rt_noise_kind kind,
		       unsigned long long ns, unsigned long long begun)
{
	unsigned long long at;

	if (!cpu->slot_ns || begun < cpu->slots_from)
		return;
	at = (begun - cpu->slots_from) / cpu->slot_ns;
	if (at < RT_NOISE_SLOTS && ns >= cpu->slots[at].longest)
		cpu->slots[at] = (struct rt_noise_slot){ ns, kind };
}

int rt_noise_row(struct rt_noise_cpu *cpu, enum rt_noise_kind kind,
		 unsigned number, const char *name, size_t *ret_row,
		 struct rt_err *err)
{
	for (size_t i = 0; i < cpu->n_rows; i++) {
		const struct rt_noise_row *row = &cpu->rows[i];

		if (row->kind == kind && row->number == number &&
		    same(row->name, name)) {
			*ret_row = i;
			return 0;
		}
	}
	if (!rt_grow(&cpu->rows, cpu->n_rows, &cpu->size_rows,
		     sizeof(*cpu->rows)))
		return rt_fail_memory(err);
	cpu->rows[cpu->n_rows] = (struct rt_noise_row){
		.kind = kind,
		.number = number,
		.name = name,
	};
	*ret_row = cpu->n_rows++;
	return 0;
}

/* Tasks of one name are one cause, whatever their number. */
static bool is_same_cause(const struct rt_noise_cause *a,
			  const struct rt_noise_cause *b)
{
	return a->origin == b->origin && a->kind == b->kind &&
	       (a->number == b->number || a->origin == RT_NOISE_BY_TASK) &&
	       same(a->who, b->who) && same(a->what, b->what);
}

void rt_noise_row_caused(struct rt_noise_row *row,
			 const struct rt_noise_cause *cause)
{
	for (size_t i = 0; i < row->n_causes; i++) {
		struct rt_noise_cause *known = &row->causes[i];

		if (!is_same_cause(known, cause))
			continue;
		known->count++;
		known->several |= known->number != cause->number;
		return;
	}
	if (row->n_causes == RT_NOISE_CAUSES) {
		row->other_causes++;
		return;
	}
	row->causes[row->n_causes] = *cause;
	row->causes[row->n_causes++].count = 1;
}

static int by_count(const void *a, const void *b)
{
	const struct rt_noise_cause *one = a, *two = b;

	return (one->count < two->count) - (one->count > two->count);
}

/* What takes as long goes by kind and name, so that the order is one. */
static int by_total(const void *a, const void *b)
{
	const struct rt_noise_row *one = a, *two = b;

	if (one->times.total != two->times.total)
		return one->times.total < two->times.total ? 1 : -1;
	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
	if (one->number != two->number)
		return one->number < two->number ? -1 : 1;
	return strcmp(one->name ? one->name : "", two->name ? two->name : "");
}

static int by_ns(const void *a, const void *b)
{
	const struct rt_noise_part *one = a, *two = b;

	return (one->ns < two->ns) - (one->ns > two->ns);
}

/* --- times out of the guest --- */

void rt_noise_limit(struct rt_noise *noise, unsigned long long ns, bool others)
{
	for (size_t i = 0; i < noise->n; i++) {
		noise->cpus[i].gaps.limit = ns;
		noise->cpus[i].gaps.others = others;
	}
}

unsigned long long rt_noise_gap_weight(const struct rt_noise_gaps *gaps,
				       const struct rt_noise_gap *gap)
{
	if (!gaps->others)
		return gap->ns;
	return gap->ns - (gap->own < gap->ns ? gap->own : gap->ns);
}

/* Longest first: the last one gives way. */
void rt_noise_gap_add(struct rt_noise_gaps *gaps,
		      const struct rt_noise_gap *gap)
{
	const unsigned long long weight = rt_noise_gap_weight(gaps, gap);
	size_t at = gaps->n_worst;

	rt_noise_times_add(&gaps->times, gap->ns, gap->begun);
	gaps->over += gaps->limit && weight > gaps->limit;
	while (at > 0 &&
	       rt_noise_gap_weight(gaps, &gaps->worst[at - 1]) < weight)
		at--;
	if (at == RT_NOISE_WORST)
		return;
	if (gaps->n_worst < RT_NOISE_WORST)
		gaps->n_worst++;
	memmove(&gaps->worst[at + 1], &gaps->worst[at],
		(gaps->n_worst - at - 1) * sizeof(gaps->worst[0]));
	gaps->worst[at] = *gap;
}

static void gap_sort(struct rt_noise_cpu *cpu, struct rt_noise_gap *gap)
{
	if (gap->n_parts)
		qsort(gap->parts, gap->n_parts, sizeof(gap->parts[0]), by_ns);
	for (size_t i = 0; i < gap->n_parts; i++) {
		size_t row = 0;

		while (row + 1 < cpu->n_rows &&
		       cpu->rows[row].was != gap->parts[i].row)
			row++;
		gap->parts[i].row = row;
	}
}

void rt_noise_rows_sort(struct rt_noise_cpu *cpu)
{
	size_t n = 0;

	/* Without those that began, and whose end was lost. */
	for (size_t i = 0; i < cpu->n_rows; i++) {
		if (!cpu->rows[i].times.count)
			continue;
		cpu->rows[n] = cpu->rows[i];
		cpu->rows[n++].was = i;
	}
	cpu->n_rows = n;
	if (n)
		qsort(cpu->rows, n, sizeof(*cpu->rows), by_total);
	for (size_t i = 0; i < n; i++)
		qsort(cpu->rows[i].causes, cpu->rows[i].n_causes,
		      sizeof(cpu->rows[i].causes[0]), by_count);
	for (size_t i = 0; i < cpu->gaps.n_worst; i++)
		gap_sort(cpu, &cpu->gaps.worst[i]);
}
