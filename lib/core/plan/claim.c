/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* claim.c - what guests claim, setting by setting */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

void rt_claims_fini(struct maker *maker)
{
	for (size_t i = 0; i < maker->n; i++) {
		free(maker->items[i].path);
		free(maker->items[i].now);
		free(maker->items[i].base);
		free(maker->items[i].exactly);
	}
	free(maker->items);
	free(maker->index);
	free(maker->claims);
}

/* --- finding a setting --- */

static size_t hash(const char *text)
{
	size_t sum = 2166136261u; /* FNV-1a */

	while (*text)
		sum = (sum ^ (unsigned char)*text++) * 16777619u;
	return sum;
}

/* A thread's cgroup, class and mask have one path, and are three settings. */
static enum rt_kind aspect(enum rt_kind kind)
{
	return kind == RT_KIND_CGROUP || kind == RT_KIND_SCHED ?
		       kind :
		       RT_KIND_AFFINITY;
}

static bool is_same(const struct claimed *claimed, enum rt_kind kind,
		    const char *path)
{
	return aspect(claimed->kind) == aspect(kind) &&
	       strcmp(claimed->path, path) == 0;
}

static size_t *find_slot(const struct maker *maker, enum rt_kind kind,
			 const char *path)
{
	size_t at = hash(path) & (maker->n_index - 1);

	while (maker->index[at] &&
	       !is_same(&maker->items[maker->index[at] - 1], kind, path))
		at = (at + 1) & (maker->n_index - 1);
	return &maker->index[at];
}

static bool grow_index(struct maker *maker)
{
	const size_t n = maker->n_index ? maker->n_index * 2 : 256;
	size_t *index;

	if (maker->n * 2 < maker->n_index)
		return true;
	index = calloc(n, sizeof(*index));
	if (!index)
		return false;
	free(maker->index);
	maker->index = index;
	maker->n_index = n;
	for (size_t i = 0; i < maker->n; i++)
		*find_slot(maker, maker->items[i].kind, maker->items[i].path) =
			i + 1;
	return true;
}

/* --- the base: what it would hold without us --- */

static bool is_in_the_way(const struct maker *maker,
			  const struct target *target)
{
	struct rt_cpuset now;

	return rt_plan_parse(target->kind, target->now, &now) &&
	       rt_cpuset_intersects(&now, target->swept ? &maker->swept :
							  &maker->owned);
}

/*
 * What we had added is not what somebody else wrote, even where it stands in
 * what they wrote. What we had added before that counts only where all of it
 * stands there: then our last value was never written.
 */
static char *without_ours(const struct rt_saved *saved, const char *now)
{
	char text[RT_CPULIST_MAX];
	struct rt_cpuset ours, before, original, base;

	if (!rt_plan_parse(saved->kind, saved->wrote, &ours) ||
	    !rt_plan_parse(saved->kind, saved->before, &before) ||
	    !rt_plan_parse(saved->kind, saved->original, &original) ||
	    !rt_plan_parse(saved->kind, now, &base))
		return strdup(now);
	rt_cpuset_minus(&before, &original);
	if (rt_cpuset_is_subset(&before, &base))
		rt_cpuset_or(&ours, &before);
	rt_cpuset_minus(&ours, &original);
	rt_cpuset_minus(&base, &ours);
	rt_cpuset_format_list(&base, text, sizeof(text));
	return strdup(text);
}

char *rt_saved_base(const struct rt_saved *saved, const char *now,
		    const struct rt_topo *topo)
{
	/* The kernel adds to a partition's word by itself. */
	if (saved->kind == RT_KIND_PARTITION ||
	    rt_saved_is_ours(saved, now, topo))
		return strdup(saved->original);
	return rt_plan_ends_with(saved->path, "/cpuset.cpus.exclusive") ?
		       without_ours(saved, now) :
		       strdup(now);
}

bool rt_saved_is_remembered(const struct rt_saved *saved)
{
	return (saved->kind == RT_KIND_AFFINITY ||
		saved->kind == RT_KIND_IRQ_THREAD) &&
	       !rt_value_same(saved->kind, saved->wrote, saved->original);
}

static char *base_of(const struct maker *maker, const struct target *target,
		     const struct rt_saved *saved)
{
	if (!saved)
		return strdup(target->natural ? target->natural : target->now);
	if (target->traits & TRAIT_FIRM ||
	    strcmp(target->now, RT_UNREAD) == 0 ||
	    (target->traits & TRAIT_ROAMS && is_in_the_way(maker, target)))
		return strdup(saved->original);
	return rt_saved_base(saved, target->now, maker->in->topo);
}

/* --- claiming --- */

static struct claimed *find_or_add(struct maker *maker,
				   const struct target *target)
{
	struct claimed claimed = { .kind = target->kind,
				   .traits = target->traits,
				   .node = target->node,
				   .swept = target->swept };
	size_t *slot;

	if (!grow_index(maker))
		return NULL;
	slot = find_slot(maker, target->kind, target->path);
	if (*slot)
		return &maker->items[*slot - 1];
	if (!(target->traits & TRAIT_DIES))
		claimed.saved =
			rt_journal_find(maker->in->journal, target->path);
	claimed.path = strdup(target->path);
	claimed.now = strdup(target->now);
	claimed.base = base_of(maker, target, claimed.saved);
	if (!claimed.path || !claimed.now || !claimed.base ||
	    !rt_grow(&maker->items, maker->n, &maker->size, sizeof(claimed))) {
		free(claimed.path);
		free(claimed.now);
		free(claimed.base);
		return NULL;
	}
	maker->items[maker->n++] = claimed;
	*slot = maker->n;
	return &maker->items[maker->n - 1];
}

static bool add_claim(struct maker *maker, struct claimed *claimed,
		      const struct claim *claim)
{
	const struct claim_entry entry = {
		.contribution = claim->contribution,
		.need = claim->need,
		.guest = claim->guest,
		.cpus = claim->cpus,
		.why = claim->why,
	};

	if (!rt_grow(&maker->claims, maker->n_claims, &maker->size_claims,
		     sizeof(entry)))
		return false;
	maker->claims[maker->n_claims++] = entry;
	if (claimed->last)
		maker->claims[claimed->last - 1].next = maker->n_claims;
	else
		claimed->first = maker->n_claims;
	claimed->last = maker->n_claims;
	if (claim->contribution < CLAIM_SAVED && !claimed->writes) {
		claimed->writes = true;
		claimed->order = maker->n_claims;
	} else if (!claimed->order) {
		claimed->order = maker->n_claims;
	}
	return true;
}

int rt_claim(struct maker *maker, const struct target *target,
	     const struct claim *claim)
{
	struct claimed *claimed = find_or_add(maker, target);

	if (!claimed)
		return rt_fail_memory(maker->err);
	if (claim->contribution == CLAIM_EXACTLY && !claimed->exactly) {
		claimed->exactly = strdup(claim->value);
		if (!claimed->exactly)
			return rt_fail_memory(maker->err);
	}
	return add_claim(maker, claimed, claim) ? 0 :
						  rt_fail_memory(maker->err);
}

/* A mask as wide as the one that is there: the kernel prints it so. */
void rt_claim_format(enum rt_kind kind, const char *now,
		     const struct rt_cpuset *cpus, char *buf, size_t size)
{
	unsigned digits = 0;

	if (kind != RT_KIND_MASK) {
		rt_cpuset_format_list(cpus, buf, size);
		return;
	}
	for (const char *p = now; *p; p++)
		digits += *p != ',';
	rt_cpuset_format_mask(cpus, digits * 4, buf, size);
}

int rt_claim_cpus(struct maker *maker, const struct target *target,
		  const struct claim *claim, const struct rt_cpuset *cpus)
{
	char text[RT_CPULIST_MAX];
	struct claim exactly = *claim;

	rt_claim_format(target->kind, target->now, cpus, text, sizeof(text));
	exactly.contribution = CLAIM_EXACTLY;
	exactly.value = text;
	return rt_claim(maker, target, &exactly);
}

/* "" of a cgroup's CPUs: all that its parent has. */
bool rt_claimed_base(const struct maker *maker, const struct claimed *claimed,
		     struct rt_cpuset *ret_set)
{
	if (!rt_plan_parse(claimed->kind, claimed->base, ret_set))
		return false;
	if (rt_cpuset_is_empty(ret_set) &&
	    rt_plan_ends_with(claimed->path, "/cpuset.cpus"))
		*ret_set = maker->in->topo->present;
	return true;
}

/*
 * Is the setting swept for this guest? Also when its shield was up and has been
 * lost: a setting that its CPUs were taken out of does not get them back for
 * that reason.
 */
static bool is_swept_for(const struct maker *maker,
			 const struct claimed *claimed,
			 const struct rt_active *active)
{
	const struct rt_cpuset *owned = &active->guest.owned;
	struct rt_cpuset wrote;

	if (active->stage != RT_STAGE_STARTED)
		return false;
	if (rt_cpuset_is_subset(owned, &maker->swept))
		return true;
	return claimed->saved &&
	       rt_plan_had_shield(maker, active->guest.uuid) &&
	       rt_plan_parse(claimed->kind, claimed->saved->wrote, &wrote) &&
	       !rt_cpuset_intersects(&wrote, owned);
}

int rt_claim_off(struct maker *maker, const struct target *target,
		 enum rt_need need, const char *why)
{
	const struct rt_journal *journal = maker->in->journal;
	struct claimed *claimed = find_or_add(maker, target);
	struct rt_cpuset base, now;

	if (!claimed)
		return rt_fail_memory(maker->err);
	if (!rt_claimed_base(maker, claimed, &base))
		return 0;
	/*
	 * A task on record that is on a guest's CPUs, though its base is not:
	 * an interrupt's thread follows its interrupt there, and stays when
	 * that goes.
	 */
	if (target->swept && claimed->saved &&
	    rt_plan_parse(claimed->kind, claimed->now, &now))
		rt_cpuset_or(&base, &now);
	for (size_t i = 0; i < journal->n_active; i++) {
		const struct claim claim = {
			.contribution = CLAIM_LESS,
			.need = need,
			.guest = (int)i,
			.cpus = &journal->active[i].guest.owned,
			.why = why,
		};

		if (!rt_plan_has_rt(maker, i) ||
		    (target->swept &&
		     !is_swept_for(maker, claimed, &journal->active[i])) ||
		    (target->fence &&
		     !rt_plan_is_fenced(maker->in->facts,
					&journal->active[i])) ||
		    !rt_cpuset_intersects(&base, claim.cpus))
			continue;
		if (!add_claim(maker, claimed, &claim))
			return rt_fail_memory(maker->err);
	}
	return 0;
}

int rt_claim_as_is(struct maker *maker, const struct rt_saved *saved)
{
	const struct target target = {
		.kind = saved->kind,
		.path = saved->path,
		.now = saved->wrote,
		.node = -1,
	};
	const struct claim claim = {
		.contribution = CLAIM_AS_IS,
		.need = RT_MAY,
		.guest = -1,
		.why = "on record",
	};

	return rt_claim(maker, &target, &claim);
}

/* Does anybody write to it? AS_IS and SAVED do not. */
bool rt_is_written(const struct maker *maker, const struct rt_saved *saved)
{
	size_t at;

	if (!maker->n_index)
		return false;
	at = *find_slot(maker, saved->kind, saved->path);
	return at && maker->items[at - 1].writes;
}

/* Is this record claimed? A setting that was only looked up is not. */
bool rt_is_claimed(const struct maker *maker, const struct rt_saved *saved)
{
	size_t at;

	if (!maker->n_index)
		return false;
	at = *find_slot(maker, saved->kind, saved->path);
	return at && maker->items[at - 1].first;
}
