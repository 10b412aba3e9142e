/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_print.c - a plan for people and for programs */
#include "plan.h"

#include "core/base/json.h"

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

void rt_plan_print(const struct rt_plan *plan, struct rt_strbuf *out)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		rt_strbuf_addf(out, "%-4s %s: %s -> %s  # %s",
			       act_text(step->act), step->path,
			       quoted(step->now), quoted(step->value),
			       step->why);
		if (*step->guest)
			rt_strbuf_addf(out, " (%s)", step->guest);
		rt_strbuf_adds(out, "\n");
	}
}

void rt_plan_print_json(const struct rt_plan *plan, struct rt_strbuf *out)
{
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	rt_json_key(&json, "steps");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		rt_json_open(&json, '{');
		rt_json_key(&json, "target");
		rt_json_string(&json, step->path);
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
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}
