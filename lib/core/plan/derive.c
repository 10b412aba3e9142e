/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* derive.c - each setting's value from its base and all claims, and its step */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

/*
 * *set without the CPUs. If no housekeeping CPU is left in it, it gets those of
 * the node; if the node has none either, it gets all of them.
 */
static void take_off(const struct maker *maker, struct rt_cpuset *set,
		     const struct rt_cpuset *less, int node)
{
	const struct rt_topo_object *object =
		node < 0 ?
			NULL :
			rt_topo_find(&maker->in->topo->nodes, (unsigned)node);

	rt_cpuset_minus(set, less);
	if (rt_cpuset_intersects(set, &maker->housekeeping))
		return;
	*set = maker->housekeeping;
	if (object && rt_cpuset_intersects(set, &object->cpus))
		rt_cpuset_and(set, &object->cpus);
}

/*
 * The value that follows from all contributions. False: the base is no CPU set.
 */
static bool combine(const struct maker *maker, const struct claimed *claimed,
		    char *buf, size_t size)
{
	struct rt_cpuset base, less = { 0 }, plus = { 0 };
	bool any_less = false, any_plus = false;

	if (claimed->exactly) {
		snprintf(buf, size, "%s", claimed->exactly);
		return true;
	}
	for (size_t i = claimed->first; i; i = maker->claims[i - 1].next) {
		const struct claim_entry *claim = &maker->claims[i - 1];

		if (claim->contribution == CLAIM_LESS) {
			rt_cpuset_or(&less, claim->cpus);
			any_less = true;
		} else if (claim->contribution == CLAIM_PLUS) {
			rt_cpuset_or(&plus, claim->cpus);
			any_plus = true;
		}
	}
	if (!any_less && !any_plus) {
		snprintf(buf, size, "%s", claimed->now);
		return true;
	}
	if (!rt_claimed_base(maker, claimed, &base))
		return false;
	if (any_less)
		take_off(maker, &base, &less, claimed->node);
	rt_cpuset_or(&base, &plus);
	/* CPUs that are offline come back with a mask of their own. */
	if (claimed->kind == RT_KIND_AFFINITY &&
	    rt_cpuset_intersects(&base, &maker->in->topo->online))
		rt_cpuset_and(&base, &maker->in->topo->online);
	rt_claim_format(claimed->kind, claimed->now, &base, buf, size);
	return true;
}

/*
 * Does the guest of this claim lack what it claims, given what the setting
 * holds now? A list of a cgroup that is empty is all CPUs.
 */
static bool concerns_now(const struct claim_entry *claim, bool has_now,
			 const struct rt_cpuset *now)
{
	if (!has_now)
		return true;
	if (claim->contribution == CLAIM_PLUS)
		return !rt_cpuset_is_subset(claim->cpus, now);
	return claim->contribution != CLAIM_LESS || rt_cpuset_is_empty(now) ||
	       rt_cpuset_intersects(now, claim->cpus);
}

/*
 * The guest that claims it. Those that lack what they claim count, if there are
 * any. "" for several.
 */
static const char *name_of(const struct maker *maker,
			   const struct claimed *claimed)
{
	struct rt_cpuset now;
	const bool has_now = rt_plan_parse(claimed->kind, claimed->now, &now);

	for (int strict = 1; strict >= 0; strict--) {
		int guest = -1;
		bool several = false;

		for (size_t i = claimed->first; i;
		     i = maker->claims[i - 1].next) {
			const struct claim_entry *claim = &maker->claims[i - 1];

			if (claim->guest < 0 ||
			    (strict && !concerns_now(claim, has_now, &now)))
				continue;
			several |= guest >= 0 && guest != claim->guest;
			guest = claim->guest;
		}
		if (several)
			return "";
		if (guest >= 0)
			return maker->in->journal->active[guest].guest.name;
	}
	return "";
}

static void fail_musts(struct maker *maker, const struct claimed *claimed,
		       const char *text)
{
	for (size_t i = claimed->first; i; i = maker->claims[i - 1].next) {
		const struct claim_entry *claim = &maker->claims[i - 1];

		if (claim->need == RT_MUST && claim->guest >= 0)
			rt_plan_failed(maker, (size_t)claim->guest,
				       "%s: /%s %s", claim->why, claimed->path,
				       text);
	}
}

static void step_fini(struct rt_step *step)
{
	free(step->path);
	free(step->value);
	free(step->now);
	free(step->base);
	free(step->guest);
	free(step->musts);
	memset(step, 0, sizeof(*step));
}

void rt_plan_fini(struct rt_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		step_fini(&plan->items[i]);
	free(plan->items);
	rt_outcomes_fini(&plan->outcomes);
	memset(plan, 0, sizeof(*plan));
}

static int add_step(struct maker *maker, const struct rt_step *like,
		    const char *musts)
{
	struct rt_plan *plan = maker->plan;
	struct rt_step step = *like;

	step.path = strdup(like->path);
	step.value = strdup(like->value);
	step.now = strdup(like->now);
	step.base = strdup(like->base);
	step.guest = strdup(like->guest);
	step.musts = strdup(musts);
	if (!step.path || !step.value || !step.now || !step.base ||
	    !step.guest || !step.musts ||
	    !rt_grow(&plan->items, plan->n, &plan->size, sizeof(step))) {
		step_fini(&step);
		return rt_fail_memory(maker->err);
	}
	plan->items[plan->n++] = step;
	return 0;
}

/*
 * The step's reason is that of the first claim that writes; its musts are the
 * guests that must have it and lack it now. A guest that has what it claims
 * keeps it when the write is refused.
 */
static int add_claimed(struct maker *maker, const struct claimed *claimed,
		       enum rt_act act, const char *value)
{
	RT_AUTO_STRBUF musts = { 0 };
	struct rt_cpuset now;
	const bool has_now = rt_plan_parse(claimed->kind, claimed->now, &now);
	struct rt_step step = {
		.act = act,
		.need = RT_MAY,
		.kind = claimed->kind,
		.path = claimed->path,
		.value = (char *)(uintptr_t)value,
		.now = claimed->now,
		.base = claimed->base,
		.guest = (char *)(uintptr_t)name_of(maker, claimed),
	};

	for (size_t i = claimed->first; i; i = maker->claims[i - 1].next) {
		const struct claim_entry *claim = &maker->claims[i - 1];

		if (!step.why || claimed->order == i)
			step.why = claim->why;
		if (claim->need != RT_MUST ||
		    !concerns_now(claim, has_now, &now))
			continue;
		step.need = RT_MUST;
		if (claim->guest >= 0)
			rt_strbuf_addf(&musts, "%s ",
				       maker->in->journal->active[claim->guest]
					       .guest.uuid);
	}
	if (musts.failed)
		return rt_fail_memory(maker->err);
	return add_step(maker, &step, musts.text ? musts.text : "");
}

/*
 * No claim writes to it now, and it holds what was written for a guest that is
 * gone. So its base is written again, and it stays on record.
 */
static bool is_left_over(const struct maker *maker,
			 const struct claimed *claimed)
{
	const struct rt_saved *saved = claimed->saved;

	for (size_t i = claimed->first; i; i = maker->claims[i - 1].next) {
		if (maker->claims[i - 1].contribution == CLAIM_AS_IS)
			return false;
	}
	return saved &&
	       !rt_value_same(saved->kind, claimed->now, claimed->base) &&
	       (rt_value_same(saved->kind, claimed->now, saved->wrote) ||
		rt_value_same(saved->kind, claimed->now, saved->before));
}

static int derive(struct maker *maker, const struct claimed *claimed)
{
	RT_AUTO_FREE char *value = NULL;
	bool is_new_base;

	if (!claimed->first)
		return 0;
	if (strcmp(claimed->now, RT_UNREAD) == 0) {
		fail_musts(maker, claimed, "cannot be read");
		return 0;
	}
	if (!claimed->saved && !(claimed->traits & TRAIT_DIES) &&
	    rt_journal_is_foreign(maker->in->journal, claimed->path)) {
		fail_musts(maker, claimed,
			   "is on record in a form that a newer kvmrt wrote");
		return 0;
	}
	if (!claimed->writes && is_left_over(maker, claimed))
		return add_claimed(maker, claimed, RT_ACT_SET, claimed->base);
	if (!claimed->writes)
		return claimed->saved ? 0 :
					add_claimed(maker, claimed, RT_ACT_SAVE,
						    claimed->base);
	value = malloc(RT_CPULIST_MAX);
	if (!value)
		return rt_fail_memory(maker->err);
	if (!combine(maker, claimed, value, RT_CPULIST_MAX)) {
		fail_musts(maker, claimed, "holds no list of CPUs");
		return 0;
	}
	is_new_base = claimed->saved && !(claimed->traits & TRAIT_ROAMS) &&
		      !rt_value_same(claimed->kind, claimed->base,
				     claimed->saved->original);
	if (!is_new_base && rt_value_same(claimed->kind, claimed->now, value))
		return 0;
	return add_claimed(
		maker, claimed,
		claimed->traits & TRAIT_DIES ? RT_ACT_OWN : RT_ACT_SET, value);
}

/*
 * While a guest needs anything, what is on record and could not be read may be
 * what it needs.
 */
static bool is_unread(const struct maker *maker, const struct rt_saved *saved)
{
	const struct rt_settings *settings = &maker->in->facts->settings;

	if (rt_cpuset_is_empty(&maker->owned))
		return false;
	for (size_t i = 0; i < settings->n; i++) {
		const char *path = settings->items[i].path;
		const size_t len = strlen(path);

		if (strcmp(settings->items[i].value, RT_UNREAD) == 0 &&
		    strncmp(saved->path, path, len) == 0 &&
		    (saved->path[len] == '/' || saved->path[len] == '\0'))
			return true;
	}
	return false;
}

static int restore_rest(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = journal->n_saved; r == 0 && i-- > 0;) {
		const struct rt_saved *saved = &journal->saved[i];
		const struct rt_step step = {
			.act = RT_ACT_RESTORE,
			.need = RT_MAY,
			.kind = saved->kind,
			.path = saved->path,
			.value = saved->original,
			.now = saved->wrote,
			.base = saved->original,
			.guest = (char *)(uintptr_t) "",
			.why = "no active guest needs it",
		};

		if (!saved->done && !rt_is_claimed(maker, saved) &&
		    !is_unread(maker, saved))
			r = add_step(maker, &step, "");
	}
	return r;
}

static int by_order(const void *a, const void *b)
{
	const struct claimed *const *first = a, *const *second = b;

	return ((*first)->order > (*second)->order) -
	       ((*first)->order < (*second)->order);
}

int rt_claims_derive(struct maker *maker)
{
	RT_AUTO_FREE const struct claimed **sorted =
		calloc(maker->n + 1, sizeof(*sorted));
	int r;

	if (!sorted)
		return rt_fail_memory(maker->err);
	for (size_t i = 0; i < maker->n; i++)
		sorted[i] = &maker->items[i];
	qsort(sorted, maker->n, sizeof(*sorted), by_order);
	r = restore_rest(maker);
	for (size_t i = 0; r == 0 && i < maker->n; i++)
		r = derive(maker, sorted[i]);
	return r;
}
