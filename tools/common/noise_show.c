/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise_show.c - what kvmrt-noise has measured, for people */
#include "noise.h"

#include "core/base/text.h"

#define CAUSES_SHOWN 2

static void add_histogram(const struct rt_noise_times *times,
			  const char *before, struct rt_strbuf *out)
{
	bool any = false;

	for (unsigned i = 0; i < RT_NOISE_BUCKETS; i++) {
		if (!times->buckets[i])
			continue;
		rt_strbuf_addf(out, "%s%s: %llu", any ? ", " : before,
			       i ? rt_length(1ULL << i).text : "0 ns",
			       times->buckets[i]);
		any = true;
	}
	if (any)
		rt_strbuf_adds(out, "\n");
}

void rt_noise_show_cause(const struct rt_noise_cause *cause, unsigned cpu,
			 struct rt_strbuf *out)
{
	const char *who = cause->who ? cause->who : "a task that has ended";

	switch (cause->origin) {
	case RT_NOISE_BY_NOBODY:
		break;
	case RT_NOISE_BY_TASK:
		rt_strbuf_addf(out, "%s[%u%s]", who, cause->number,
			       cause->several ? ",..." : "");
		break;
	case RT_NOISE_BY_INSIDE:
		rt_strbuf_addf(out, "%s %s", rt_noise_kind_name(cause->kind),
			       cause->who ? cause->who : "?");
		if (cause->number != cpu)
			rt_strbuf_addf(out, " on CPU %u", cause->number);
		break;
	case RT_NOISE_BY_IRQ:
		rt_strbuf_addf(out, "an interrupt on CPU %u", cause->number);
		break;
	case RT_NOISE_BY_SOFTIRQ:
		rt_strbuf_addf(out, "a softirq on CPU %u", cause->number);
		break;
	case RT_NOISE_BY_IDLE:
		rt_strbuf_addf(out, "the idle CPU %u", cause->number);
		break;
	}
	if (cause->what)
		rt_strbuf_addf(out, ": %s", cause->what);
	if (cause->count > 1)
		rt_strbuf_addf(out, " (%llu)", cause->count);
}

static void add_causes(const struct rt_noise_row *row, unsigned cpu,
		       bool verbose, struct rt_strbuf *out)
{
	unsigned long long more = row->other_causes;

	for (size_t i = 0; i < row->n_causes; i++) {
		if (!verbose && i >= CAUSES_SHOWN) {
			more += row->causes[i].count;
			continue;
		}
		rt_strbuf_adds(out, i ? ", " : "");
		rt_noise_show_cause(&row->causes[i], cpu, out);
	}
	if (more)
		rt_strbuf_addf(out, ", others (%llu)", more);
}

struct rt_noise_label rt_noise_label(enum rt_noise_kind kind, unsigned number,
				     const char *name)
{
	const char *text = name ? name : "?";
	struct rt_noise_label label;

	if (kind == RT_NOISE_IRQ)
		snprintf(label.text, sizeof(label.text), "%u %s", number, text);
	else
		snprintf(label.text, sizeof(label.text), "%s", text);
	return label;
}

static void add_row(const struct rt_noise_row *row, unsigned cpu, bool verbose,
		    struct rt_strbuf *out)
{
	const struct rt_noise_times *times = &row->times;

	rt_strbuf_addf(out, "    %9llu %10s %10s  %-7s %-28s ", times->count,
		       rt_length(times->total).text,
		       rt_length(times->longest).text,
		       rt_noise_kind_name(row->kind),
		       rt_noise_label(row->kind, row->number, row->name).text);
	add_causes(row, cpu, verbose, out);
	/* No blanks at the end of a line. */
	while (out->len && !out->failed && out->text[out->len - 1] == ' ')
		out->text[--out->len] = '\0';
	rt_strbuf_adds(out, "\n");
	if (verbose)
		add_histogram(times, "              from ", out);
}

static double percent(unsigned long long part, unsigned long long all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static void add_gaps(const struct rt_noise_cpu *cpu, struct rt_strbuf *out)
{
	const struct rt_noise_gaps *gaps = &cpu->gaps;

	if (!gaps->times.count)
		return;
	rt_strbuf_addf(out, "    out of the guest %s, longest %s",
		       rt_count(gaps->times.count, "time").text,
		       rt_length(gaps->times.longest).text);
	for (size_t i = 0; i < gaps->worst[0].n_parts; i++) {
		const struct rt_noise_part *part = &gaps->worst[0].parts[i];
		const struct rt_noise_row *row = &cpu->rows[part->row];

		rt_strbuf_addf(
			out, "%s%s %s %s", i ? ", " : ": ",
			rt_noise_kind_name(row->kind),
			rt_noise_label(row->kind, row->number, row->name).text,
			rt_length(part->ns).text);
	}
	rt_strbuf_adds(out, "\n");
	add_histogram(&gaps->times, "    from ", out);
}

static void add_cpu(const struct rt_measured *measured,
		    const struct rt_noise_cpu *cpu, bool verbose,
		    struct rt_strbuf *out)
{
	const unsigned long long all = measured->ended - measured->begun;

	if (cpu->vcpu >= 0)
		rt_strbuf_addf(out,
			       "  CPU %u, vCPU %d: %.1f %% in the guest, "
			       "%.1f %% asleep\n",
			       cpu->cpu, cpu->vcpu, percent(cpu->in_guest, all),
			       percent(cpu->asleep, all));
	else
		rt_strbuf_addf(out,
			       "  CPU %u, service: %.1f %% the guest's own "
			       "threads, %.1f %% idle\n",
			       cpu->cpu, percent(cpu->own, all),
			       percent(cpu->asleep, all));
	if (!cpu->seen)
		rt_strbuf_adds(out, "    no event: what ran there was not "
				    "seen\n");
	if (cpu->losses)
		rt_strbuf_addf(out,
			       "    INCOMPLETE: events were lost (%s, %llu "
			       "events or more)\n",
			       rt_count(cpu->losses, "time").text, cpu->lost);
	add_gaps(cpu, out);
	if (cpu->n_rows)
		rt_strbuf_addf(out, "    %9s %10s %10s  %-7s %-28s %s\n",
			       "COUNT", "TOTAL", "LONGEST", "KIND", "WHAT",
			       "CAUSED BY");
	for (size_t i = 0; i < cpu->n_rows; i++)
		add_row(&cpu->rows[i], cpu->cpu, verbose, out);
}

bool rt_measured_is_complete(const struct rt_measured *measured)
{
	return rt_noise_is_complete(&measured->noise) &&
	       !measured->lost_causes && !measured->stopped;
}

void rt_measured_show(const struct rt_measured *measured, bool verbose,
		      struct rt_strbuf *out)
{
	for (size_t g = 0; g < measured->n_guests; g++) {
		rt_strbuf_addf(
			out, "%s%s, %s\n", g ? "\n" : "",
			measured->guests[g]->name,
			rt_length(measured->ended - measured->begun).text);
		for (size_t i = 0; i < measured->noise.n; i++) {
			if (measured->noise.cpus[i].guest == g)
				add_cpu(measured, &measured->noise.cpus[i],
					verbose, out);
		}
	}
	if (measured->stopped)
		rt_strbuf_addf(out, "\nINCOMPLETE: %s\n", measured->stopped);
	if (measured->lost_causes)
		rt_strbuf_addf(out,
			       "\nINCOMPLETE: events that name causes were "
			       "lost (%s)\n",
			       rt_count(measured->lost_causes, "time").text);
	for (size_t i = 0; i < measured->n_missing; i++)
		rt_strbuf_addf(out, "%s%s%s",
			       i ? ", " :
				   "\nNot measured, for "
				   "this kernel lacks "
				   "the events: ",
			       measured->missing[i],
			       i + 1 == measured->n_missing ? "\n" : "");
}
