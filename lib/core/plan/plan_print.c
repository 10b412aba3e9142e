/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_print.c - a plan for people and for programs */
#include "plan.h"

#include "core/base/json.h"
#include "core/base/ranges.h"

static const char *act_text(enum rt_act act)
{
	switch (act) {
	case RT_ACT_RESTORE:
		return "back";
	case RT_ACT_SAVE:
		return "note";
	case RT_ACT_SET:
		return "set";
	case RT_ACT_OWN:
		return "own";
	}
	return "";
}

static const char *quoted(const char *value)
{
	return *value ? value : "''";
}

/* The numbered settings of which many are given the same value. */
static const struct series {
	const char *prefix; /* of a path; the number follows */
	const char *unit;
} all_series[] = {
	{ "proc/irq/", "interrupts" },
	{ "sys/devices/system/cpu/cpu", "CPUs" },
	{ RT_SERVERS "/fair_server/cpu", "CPUs" },
	{ RT_SERVERS "/ext_server/cpu", "CPUs" },
	{ "task/", "threads" },
};

/* A step's place in a series; no series: the path is shown as it is. */
struct place {
	const struct series *series;
	unsigned number;
	const char *rest; /* of the path, behind the number */
};

static struct place place_of(const struct rt_step *step)
{
	struct place place = { .rest = "" };

	for (size_t i = 0; i < sizeof(all_series) / sizeof(*all_series); i++) {
		const struct series *series = &all_series[i];
		const size_t len = strlen(series->prefix);
		char *end = NULL;
		unsigned pid;

		if (strncmp(step->path, series->prefix, len) != 0)
			continue;
		/* task/PID/TID/START: the thread's own number says it all. */
		if (sscanf(step->path, "task/%u/%u", &pid, &place.number) ==
		    2) {
			place.series = series;
			break;
		}
		place.number = (unsigned)strtoul(step->path + len, &end, 10);
		if (end == step->path + len || *end != '/')
			continue;
		place.series = series;
		place.rest = end;
		break;
	}
	return place;
}

static bool is_same_change(const struct rt_step *a, const struct rt_step *b)
{
	const struct place at = place_of(a), bt = place_of(b);

	return a->act == b->act && a->kind == b->kind && at.series &&
	       at.series == bt.series && strcmp(at.rest, bt.rest) == 0 &&
	       strcmp(a->now, b->now) == 0 && strcmp(a->value, b->value) == 0 &&
	       strcmp(a->why, b->why) == 0 && strcmp(a->guest, b->guest) == 0;
}

/* A file's path is shown from the root on; the rest are names of ours. */
static const char *root_of(const struct rt_step *step)
{
	return strncmp(step->path, "proc/", 5) == 0 ||
			       strncmp(step->path, "sys/", 4) == 0 ?
		       "/" :
		       "";
}

/* "/proc/irq/{4,7-9}/smp_affinity_list (4 interrupts)" */
static void add_target(const struct rt_step *step, size_t n,
		       const struct rt_ranges *numbers, struct rt_strbuf *out)
{
	const struct place place = place_of(step);
	const bool is_task = strncmp(step->path, "task/", 5) == 0;

	if (!place.series || (n == 1 && !is_task)) {
		rt_strbuf_addf(out, "%s%s", root_of(step), step->path);
		return;
	}
	if (is_task)
		rt_strbuf_adds(out, n == 1 ? "thread " : "threads ");
	else
		rt_strbuf_addf(out, "/%s{", place.series->prefix);
	rt_ranges_format(numbers, out);
	if (!is_task)
		rt_strbuf_addf(out, "}%s", place.rest);
	if (n > 1)
		rt_strbuf_addf(out, " (%zu %s)", n, place.series->unit);
}

/* Those of `steps` that are the same change as the first, in one line. */
static void print_group(const struct rt_step *steps, size_t n, bool *done,
			bool each, struct rt_strbuf *out)
{
	RT_AUTO_RANGES numbers = { 0 };
	size_t members = 0;

	for (size_t i = 0; i < (each ? 1 : n); i++) {
		if (i > 0 && (done[i] || !is_same_change(steps, &steps[i])))
			continue;
		done[i] = true;
		members++;
		if (!rt_ranges_add(&numbers, place_of(&steps[i]).number))
			out->failed = true;
	}
	rt_strbuf_addf(out, "%-4s ", act_text(steps->act));
	add_target(steps, members, &numbers, out);
	rt_strbuf_addf(out, ": %s -> %s  # %s", quoted(steps->now),
		       quoted(steps->value), steps->why);
	if (*steps->guest)
		rt_strbuf_addf(out, " (%s)", steps->guest);
	rt_strbuf_adds(out, "\n");
}

void rt_plan_print(const struct rt_plan *plan, bool each, struct rt_strbuf *out)
{
	RT_AUTO_FREE bool *done = calloc(plan->n + 1, sizeof(*done));

	if (!done)
		out->failed = true;
	for (size_t i = 0; done && i < plan->n; i++) {
		if (!done[i])
			print_group(&plan->items[i], plan->n - i, &done[i],
				    each, out);
	}
}

void rt_plan_print_json(const struct rt_plan *plan, const char *unknown,
			struct rt_strbuf *out)
{
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	rt_json_key(&json, "steps");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		char target[1024];

		rt_json_open(&json, '{');
		snprintf(target, sizeof(target), "%s%s", root_of(step),
			 step->path);
		rt_json_key(&json, "target");
		rt_json_string(&json, target);
		rt_json_key(&json, "value");
		rt_json_string(&json, step->value);
		rt_json_key(&json, "now");
		rt_json_string(&json, step->now);
		rt_json_key(&json, "why");
		rt_json_string(&json, step->why);
		rt_json_key(&json, "guest");
		rt_json_string(&json, step->guest);
		rt_json_close(&json, '}');
	}
	rt_json_close(&json, ']');
	rt_json_key(&json, "unknown");
	rt_json_string(&json, unknown);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}
