/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c - what to do so that the host is as the active guests need it
 *
 * Goal: the tuning is a function of the active guests, nothing else. Two
 * guests that overlap in a setting (the default interrupt mask, say) never
 * save and restore each other's values: the mask is computed from the original
 * and the union of what all own.
 *
 * Example, guest on CPUs 6-11 with siblings (6,7) (8,9) (10,11):
 *   default_smp_affinity fff        -> 03f   row 5
 *   irq/24/smp_affinity_list 0-11   -> 0-5   row 5
 *   cpu7/online 1                   -> 0     row 1 (9 and 11 too)
 *   machine.slice/cpuset.cpus.exclusive ""  -> 6-11   row 2, at `started`
 *   …scope/cpuset.cpus.partition member     -> isolated
 *   task/4711/… (CPU 0/KVM) 0-5     -> 6     row 3
 *
 * Order. Interrupts leave before CPUs go down, for the kernel would move them
 * anywhere and forget where they were. What narrow masks of other tasks the
 * kernel may forget is put on record before that (guards). Giving back goes
 * first and backwards: CPUs come up before interrupts return to them.
 *
 * Special cases. An interrupt or task that somebody moved to a place that
 * hurts nobody is left there. What the kernel does by itself when a shield
 * goes up (unbound kernel threads, workqueues) is looked at in a second round
 * (plan->again), so that only what it left behind is touched.
 */
#include "plan_internal.h"

#include <assert.h>

void rt_plan_fini(struct rt_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->items[i].path);
		free(plan->items[i].value);
		free(plan->items[i].now);
		free(plan->items[i].guest);
	}
	free(plan->items);
	memset(plan, 0, sizeof(*plan));
}

struct rt_cpuset rt_plan_owned(const struct rt_journal *journal)
{
	struct rt_cpuset owned = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			rt_cpuset_or(&owned, &journal->active[i].guest.owned);
	}
	return owned;
}

static struct rt_cpuset offline_cpus(const struct rt_journal *journal)
{
	struct rt_cpuset offline = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			rt_cpuset_or(&offline,
				     &journal->active[i].guest.offline);
	}
	return offline;
}

struct rt_cpuset rt_plan_housekeeping(const struct rt_topo *topo,
				      const struct rt_journal *journal)
{
	const struct rt_cpuset owned = rt_plan_owned(journal);
	struct rt_cpuset rest = topo->online;

	/* What we took down and nobody owns any more is about to come up. */
	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];
		unsigned cpu;

		if (!saved->done && strcmp(saved->original, "1") == 0 &&
		    sscanf(saved->path, "sys/devices/system/cpu/cpu%u/online",
			   &cpu) == 1 &&
		    cpu < RT_CPUS_MAX)
			rt_cpuset_add(&rest, cpu);
	}
	rt_cpuset_minus(&rest, &owned);
	return rest;
}

bool rt_plan_parse(enum rt_kind kind, const char *value,
		   struct rt_cpuset *ret_set)
{
	struct rt_err ignored;

	return (kind == RT_KIND_MASK ?
			rt_cpuset_parse_mask(value, ret_set, &ignored) :
			rt_cpuset_parse_list(value, ret_set, &ignored)) == 0;
}

bool rt_plan_ends_with(const char *text, const char *end)
{
	const size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool rt_saved_is_ours(const struct rt_saved *saved, const char *now,
		      const struct rt_topo *topo)
{
	struct rt_cpuset set;

	if (rt_value_same(saved->kind, now, saved->wrote) ||
	    rt_value_same(saved->kind, now, saved->before))
		return true;
	/* It went with its interrupt, and that goes back. */
	if (saved->kind == RT_KIND_IRQ_THREAD)
		return true;
	/*
	 * The kernel answers a CPU that goes down, and a shield that comes or
	 * goes, by giving a task all CPUs that there are.
	 */
	return saved->kind == RT_KIND_AFFINITY &&
	       rt_plan_parse(RT_KIND_LIST, now, &set) &&
	       rt_cpuset_is_subset(&topo->online, &set);
}

struct rt_cpuset rt_plan_off_owned(const struct maker *maker,
				   const struct rt_cpuset *set, int node)
{
	const struct rt_topo *topo = maker->in->topo;
	const struct rt_topo_object *object =
		node < 0 ? NULL : rt_topo_find(&topo->nodes, (unsigned)node);
	struct rt_cpuset rest = *set;

	rt_cpuset_minus(&rest, &maker->owned);
	if (rt_cpuset_intersects(&rest, &maker->housekeeping))
		return rest;
	rest = maker->housekeeping;
	if (object)
		rt_cpuset_and(&rest, &object->cpus);
	return rt_cpuset_is_empty(&rest) ? maker->housekeeping : rest;
}

const char *rt_plan_owner(const struct maker *maker,
			  const struct rt_cpuset *cpus)
{
	const struct rt_journal *journal = maker->in->journal;
	const char *name = "";

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_guest *guest = &journal->active[i].guest;

		if (!guest->rt || !rt_cpuset_intersects(&guest->owned, cpus))
			continue;
		if (*name)
			return "";
		name = guest->name;
	}
	return name;
}

void rt_plan_need(struct maker *maker, const char *path)
{
	const struct rt_saved *saved =
		rt_journal_find(maker->in->journal, path);

	if (saved)
		maker->needed[saved - maker->in->journal->saved] = true;
}

static int add_step(struct maker *maker, const struct wish *wish,
		    const char *value)
{
	struct rt_plan *plan = maker->plan;
	struct rt_step step = {
		.act = wish->act,
		.need = wish->need,
		.kind = wish->kind,
		.why = wish->why,
		.path = strdup(wish->path),
		.value = strdup(value),
		.now = strdup(wish->now ? wish->now : ""),
		.guest = strdup(wish->guest ? wish->guest : ""),
	};

	if (!step.path || !step.value || !step.now || !step.guest ||
	    !rt_grow(&plan->items, plan->n, &plan->size, sizeof(step))) {
		free(step.path);
		free(step.value);
		free(step.now);
		free(step.guest);
		return rt_fail_memory(maker->err);
	}
	plan->items[plan->n++] = step;
	return 0;
}

int rt_plan_want(struct maker *maker, const struct wish *wish,
		 const char *value)
{
	rt_plan_need(maker, wish->path);
	if (wish->act == RT_ACT_SAVE) {
		if (rt_journal_find(maker->in->journal, wish->path))
			return 0;
	} else if (rt_value_same(wish->kind, wish->now, value)) {
		return 0;
	}
	return add_step(maker, wish, value);
}

int rt_plan_want_set(struct maker *maker, const struct wish *wish,
		     const struct rt_cpuset *value)
{
	char text[RT_CPULIST_MAX];

	/* A mask as wide as the one that is there: the kernel prints it so. */
	if (wish->kind == RT_KIND_MASK) {
		unsigned digits = 0;

		for (const char *p = wish->now; *p; p++)
			digits += *p != ',';
		rt_cpuset_format_mask(value, digits * 4, text, sizeof(text));
	} else {
		rt_cpuset_format_list(value, text, sizeof(text));
	}
	return rt_plan_want(maker, wish, text);
}

/* In front of all other steps, latest record first. */
static int restore(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	struct rt_plan *plan = maker->plan;
	const size_t n_set = plan->n;
	struct rt_step *all;
	size_t n_back;

	for (size_t i = journal->n_saved; i-- > 0;) {
		const struct rt_saved *saved = &journal->saved[i];
		const struct wish wish = {
			.act = RT_ACT_RESTORE,
			.need = RT_MAY,
			.kind = saved->kind,
			.path = saved->path,
			.now = saved->wrote,
			.why = "no active guest needs it",
		};

		if (saved->done || maker->needed[i])
			continue;
		if (add_step(maker, &wish, saved->original) < 0)
			return -maker->err->code;
	}
	n_back = plan->n - n_set;
	if (!n_back || !n_set)
		return 0;

	all = malloc(plan->n * sizeof(*all));
	if (!all)
		return rt_fail_memory(maker->err);
	memcpy(all, plan->items + n_set, n_back * sizeof(*all));
	memcpy(all + n_back, plan->items, n_set * sizeof(*all));
	free(plan->items);
	plan->items = all;
	plan->size = plan->n;
	return 0;
}

/* Host first, so that interrupts are gone when CPUs go down. */
/*
 * A CPU that goes or comes makes the kernel place tasks of its own anew (RCU's
 * expedited workers, kcompactd), also onto the CPUs of a guest that runs.
 */
static bool moves_kernel_threads(const struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	bool any_started = false;

	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt &&
		    journal->active[i].stage == RT_STAGE_STARTED)
			any_started = true;
	}
	for (size_t i = 0; any_started && i < maker->plan->n; i++) {
		if (rt_plan_ends_with(maker->plan->items[i].path, "/online"))
			return true;
	}
	return false;
}

static int make(struct maker *maker)
{
	typedef int part(struct maker * maker);
	static part *const parts[] = {
		rt_plan_host,	 rt_plan_cpus,	rt_plan_shield,
		rt_plan_threads, rt_plan_sweep,
	};
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = parts[i](maker);
		if (r < 0)
			return r;
	}
	r = restore(maker);
	if (r == 0 && moves_kernel_threads(maker))
		maker->plan->again = true;
	return r;
}

int rt_plan_make(const struct rt_plan_input *input, struct rt_plan *ret_plan,
		 struct rt_err *err)
{
	struct rt_plan plan = { 0 };
	struct maker maker = {
		.in = input,
		.plan = &plan,
		.needed = calloc(input->journal->n_saved + 1, sizeof(bool)),
		.owned = rt_plan_owned(input->journal),
		.housekeeping =
			rt_plan_housekeeping(input->topo, input->journal),
		.offline = offline_cpus(input->journal),
		.err = err,
	};
	int r;

	if (!maker.needed)
		return rt_fail_memory(err);
	if (rt_cpuset_is_empty(&maker.housekeeping))
		r = rt_fail(err, 0,
			    "no CPU would be left for the host: the real-time "
			    "guests own %s",
			    rt_cpuset_text(&maker.owned).text);
	else
		r = make(&maker);
	free(maker.needed);
	if (r < 0) {
		rt_plan_fini(&plan);
		return r;
	}
	*ret_plan = plan;
	return 0;
}
