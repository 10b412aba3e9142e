/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c - what to do so that the host is as the active guests need it
 *
 * Goal: the tuning is a function of the active guests and of nothing else. Two
 * guests that overlap in a setting (the default interrupt mask, say) never save
 * and restore each other's values: both claim it, and its value is derived from
 * the original and both claims (claim.h).
 *
 * Example, guest on CPUs 6-11 with siblings (6,7) (8,9) (10,11):
 *   default_smp_affinity fff        -> 03f   new interrupts keep off
 *   irq/24/smp_affinity_list 0-11   -> 0-5   so do those that are there
 *   cpu7/online 1                   -> 0     siblings offline (9 and 11 too)
 *   machine.slice/cpuset.cpus.exclusive ""  -> 6-11   the shield, at `started`
 *   …scope/cpuset.cpus.partition member     -> isolated
 *   task/4711/… (CPU 0/KVM) 0-5     -> 6     a vCPU alone on its CPU
 *
 * Order. Interrupts leave before CPUs go offline, for the kernel would move
 * them anywhere and forget where they were. What narrow masks of other tasks
 * the kernel may forget is saved before that. Restoring goes first and
 * backwards: CPUs come online before interrupts return to them.
 *
 * A fault belongs to one guest. A guest that cannot have what it must have is
 * in plan->outcomes, and the others are planned as if it had no fault. One
 * that would leave the host without a CPU is left out of the plan.
 *
 * Special cases. An interrupt or task that somebody moved to a place that
 * hurts nobody is left there. What the kernel does by itself when a shield
 * goes up (unbound kernel threads, workqueues) is seen in a second round
 * (plan->again), so that only what it left behind is touched.
 */
#include "claim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct rt_cpuset rt_plan_owned(const struct rt_journal *journal)
{
	struct rt_cpuset owned = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			rt_cpuset_or(&owned, &journal->active[i].guest.owned);
	}
	return owned;
}

/* Online, or about to be, because a restore brings it online. */
static struct rt_cpuset online_soon(const struct rt_topo *topo,
				    const struct rt_journal *journal)
{
	struct rt_cpuset online = topo->online;

	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];
		unsigned cpu;

		if (!saved->done && strcmp(saved->original, "1") == 0 &&
		    sscanf(saved->path, "sys/devices/system/cpu/cpu%u/online",
			   &cpu) == 1 &&
		    cpu < RT_CPUS_MAX)
			rt_cpuset_add(&online, cpu);
	}
	return online;
}

struct rt_cpuset rt_plan_housekeeping(const struct rt_topo *topo,
				      const struct rt_journal *journal)
{
	const struct rt_cpuset owned = rt_plan_owned(journal);
	struct rt_cpuset rest = online_soon(topo, journal);

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

bool rt_plan_is_online(const char *path)
{
	static const char cpu[] = "sys/devices/system/cpu/cpu";

	return strncmp(path, cpu, sizeof(cpu) - 1) == 0 &&
	       rt_plan_ends_with(path, "/online");
}

/*
 * A task that a shield had moved comes back to its own mask, less the CPUs that
 * are offline at that moment, and keeps to that (6.12): 7-8 becomes 8.
 */
static bool lacks_offline_only(const struct rt_saved *saved,
			       const struct rt_cpuset *now,
			       const struct rt_topo *topo)
{
	struct rt_cpuset missing;

	if (!rt_plan_parse(RT_KIND_LIST, saved->original, &missing) ||
	    !rt_cpuset_is_subset(now, &missing))
		return false;
	rt_cpuset_minus(&missing, now);
	return !rt_cpuset_intersects(&missing, &topo->online);
}

bool rt_saved_is_ours(const struct rt_saved *saved, const char *now,
		      const struct rt_topo *topo)
{
	struct rt_cpuset set;

	if (rt_value_same(saved->kind, now, saved->wrote) ||
	    rt_value_same(saved->kind, now, saved->before) ||
	    rt_value_same(saved->kind, now, saved->original))
		return true;
	/* Its mask followed the interrupt, which is restored. */
	if (saved->kind == RT_KIND_IRQ_THREAD)
		return true;
	/*
	 * When a CPU goes offline, or a shield comes or goes, the kernel resets
	 * a task's mask to all CPUs.
	 */
	if (saved->kind != RT_KIND_AFFINITY ||
	    !rt_plan_parse(RT_KIND_LIST, now, &set))
		return false;
	return rt_cpuset_is_subset(&topo->online, &set) ||
	       lacks_offline_only(saved, &set, topo);
}

bool rt_plan_has_rt(const struct maker *maker, size_t guest)
{
	return maker->in->journal->active[guest].guest.rt &&
	       !maker->left_out[guest];
}

int rt_plan_find_guest(const struct maker *maker, const char *uuid)
{
	const struct rt_active *active =
		rt_journal_find_guest(maker->in->journal, uuid);

	return active ? (int)(active - maker->in->journal->active) : -1;
}

void rt_plan_failed(struct maker *maker, size_t guest, const char *fmt, ...)
{
	struct rt_err reason = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason.text, sizeof(reason.text), fmt, args);
	va_end(args);
	rt_outcomes_add(&maker->plan->outcomes,
			maker->in->journal->active[guest].guest.uuid,
			reason.text);
}

/* Tasks are not moved by hand for a shield that is not up. */
static bool is_swept(const struct maker *maker, const struct rt_active *active)
{
	struct rt_cpuset cpus = active->guest.owned;

	rt_cpuset_and(&cpus, &maker->in->topo->online);
	rt_cpuset_minus(&cpus, &active->guest.offline);
	return rt_plan_is_fenced(maker->in->facts, active) ||
	       rt_cpuset_is_subset(&cpus, &maker->in->facts->isolated);
}

/* Is it on record that somebody was fenced off this guest's CPUs? */
static bool had_fence(const struct maker *maker, const struct rt_active *active)
{
	const struct rt_journal *journal = maker->in->journal;

	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];
		struct rt_cpuset wrote;

		if (!saved->done && active->stage == RT_STAGE_STARTED &&
		    rt_plan_ends_with(saved->path, "/cpuset.cpus") &&
		    rt_plan_parse(saved->kind, saved->wrote, &wrote) &&
		    !rt_cpuset_is_empty(&wrote) &&
		    !rt_cpuset_intersects(&wrote, &active->guest.owned))
			return true;
	}
	return false;
}

/*
 * With it the RT guests would own *owned: is a CPU left for the host?
 */
static bool leaves_a_cpu(struct maker *maker, size_t guest,
			 const struct rt_cpuset *online,
			 const struct rt_cpuset *owned)
{
	struct rt_cpuset rest = *online;

	rt_cpuset_minus(&rest, owned);
	if (!rt_cpuset_is_empty(&rest))
		return true;
	rt_plan_failed(maker, guest,
		       "no CPU would be left for the host: the real-time "
		       "guests own %s",
		       rt_cpuset_text(owned).text);
	return false;
}

/*
 * No fence is made for a guest whose CPUs somebody else's partition claims. One
 * that has a fence when such a partition comes keeps it.
 */
static bool may_be_fenced(struct maker *maker, size_t guest)
{
	const struct rt_active *active = &maker->in->journal->active[guest];
	RT_AUTO_STRBUF by = { 0 };

	if (!rt_plan_is_fenced(maker->in->facts, active) ||
	    !rt_plan_is_taken(maker, &active->guest.owned, &by))
		return true;
	rt_plan_failed(maker, guest,
		       "the partition %s claims some of its CPUs %s",
		       by.text ? by.text : "",
		       rt_cpuset_text(&active->guest.owned).text);
	return had_fence(maker, active);
}

/*
 * In the order of their start: a guest that would leave the host without a CPU
 * is left out, and those before it stay. So is one that cannot run on its CPUs.
 */
static void add_guests(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	const struct rt_cpuset online = online_soon(maker->in->topo, journal);

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];
		struct rt_cpuset owned = maker->owned;

		if (!active->guest.rt)
			continue;
		rt_cpuset_or(&owned, &active->guest.owned);
		if (!leaves_a_cpu(maker, i, &online, &owned) ||
		    !may_be_fenced(maker, i)) {
			maker->left_out[i] = true;
			continue;
		}
		maker->owned = owned;
		rt_cpuset_or(&maker->offline, &active->guest.offline);
		if (active->stage != RT_STAGE_STARTED)
			continue;
		rt_cpuset_or(&maker->started, &active->guest.owned);
		if (is_swept(maker, active))
			rt_cpuset_or(&maker->swept, &active->guest.owned);
	}
	maker->housekeeping = online;
	rt_cpuset_minus(&maker->housekeeping, &maker->owned);
}

/*
 * When a CPU goes offline or comes online, the kernel places tasks of its own
 * again (RCU's expedited workers, kcompactd), and may place them on the CPUs of
 * a guest that runs.
 */
static bool moves_kernel_threads(const struct maker *maker)
{
	for (size_t i = 0; i < maker->plan->n; i++) {
		if (!rt_cpuset_is_empty(&maker->started) &&
		    rt_plan_is_online(maker->plan->items[i].path))
			return true;
	}
	return false;
}

static int make(struct maker *maker)
{
	typedef int part(struct maker * maker);
	static part *const parts[] = {
		rt_plan_host,	  rt_plan_tasks_saved, rt_plan_siblings,
		rt_plan_shield,	  rt_plan_threads,     rt_plan_sweep,
		rt_claims_derive,
	};
	int r = 0;

	add_guests(maker);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(*parts); i++)
		r = parts[i](maker);
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
		.left_out = calloc(input->journal->n_active + 1, sizeof(bool)),
		.err = err,
	};
	int r = maker.left_out ? make(&maker) : rt_fail_memory(err);

	free(maker.left_out);
	rt_claims_fini(&maker);
	if (r < 0) {
		rt_plan_fini(&plan);
		return r;
	}
	*ret_plan = plan;
	return 0;
}
