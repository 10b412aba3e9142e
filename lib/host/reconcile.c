/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile.c - bring the host to what the active guests need */
#include "reconcile.h"

#include <errno.h>

#include "core/plan/plan.h"
#include "apply.h"
#include "counts.h"
#include "irqbalance.h"
#include "probe.h"
#include "task_stat.h"
#include "topology.h"

/*
 * A shield moves tasks, which the second round examines; a third round finds
 * nothing.
 */
#define ROUNDS_MAX 3
/* To read the host while nobody's shield comes or goes. */
#define TRIES_MAX 5u

static bool any_rt(const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			return true;
	}
	return false;
}

static uint32_t suppressed(const struct rt_journal *journal)
{
	uint32_t set = 0;

	for (size_t i = 0; i < journal->n_active; i++)
		set |= journal->active[i].guest.suppress;
	return set;
}

/* Has the kernel refused any guest's shield? */
static bool any_fenced(const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (journal->active[i].fenced)
			return true;
	}
	return false;
}

/* Interrupts that are there now, but not those of the guest's devices. */
static int add_seen(struct rt_store *store, const struct rt_active *active,
		    struct rt_strbuf *entries, struct rt_err *err)
{
	RT_AUTO_RANGES seen = { 0 };
	int r = rt_read_irqs_seen(store->sys, &active->guest.pcidevs,
				  store->journal.seen, &seen, err);

	if (r == 0)
		rt_journal_add_seen(entries, &seen);
	return r;
}

int rt_reconcile_add(struct rt_store *store, const struct rt_active *active,
		     struct rt_err *err)
{
	RT_AUTO_STRBUF entries = { 0 };
	const struct rt_active *old =
		rt_journal_find_guest(&store->journal, active->guest.uuid);
	struct rt_active with = *active; /* borrowed: only formatted */
	int r = 0;

	/* What a newer version recorded about the guest stays. */
	if (old)
		with.unknown = old->unknown;
	if (active->guest.rt && active->stage == RT_STAGE_PREPARED)
		r = add_seen(store, active, &entries, err);
	if (r == 0) {
		rt_journal_add_guest(&entries, &with);
		r = rt_store_append(store, &entries, err);
	}
	return r;
}

int rt_reconcile_drop(struct rt_store *store, const char *uuid,
		      struct rt_err *err)
{
	RT_AUTO_STRBUF entries = { 0 };

	if (!rt_journal_find_guest(&store->journal, uuid))
		return 0;
	rt_counts_forget(store, uuid);
	rt_journal_add_gone(&entries, uuid);
	return rt_store_append(store, &entries, err);
}

bool rt_reconcile_is_alive(struct rt_sys *sys, const struct rt_active *active)
{
	struct rt_err ignored;

	return rt_task_life(sys, active->pid, active->start, &ignored) !=
	       RT_LIFE_DEAD;
}

static bool all_alive(struct rt_sys *sys, const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (!rt_reconcile_is_alive(sys, &journal->active[i]))
			return false;
	}
	return true;
}

static int drop_dead(struct rt_store *store, struct rt_report *report,
		     struct rt_err *err)
{
	for (size_t i = store->journal.n_active; i-- > 0;) {
		const struct rt_active *active = &store->journal.active[i];
		const struct rt_where where = { .guest = active->guest.name };
		int r;

		if (rt_reconcile_is_alive(store->sys, active))
			continue;
		rt_report_add(report, RT_NOTE, "guest-gone", where, NULL,
			      "its process %u has ended, so what was done for "
			      "the guest is undone",
			      active->pid);
		r = rt_reconcile_drop(store, active->guest.uuid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_processes(struct rt_sys *sys, const struct rt_journal *journal,
			  struct rt_facts *facts, struct rt_err *err)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];
		int r = 0;

		if (active->stage == RT_STAGE_STARTED)
			r = rt_facts_read_process(sys, active->guest.uuid,
						  active->pid, facts, err);
		/* It may end during the scan: then the next one drops it. */
		if (r < 0 && r != -ENOENT && r != -ESRCH)
			return rt_wrap(err, "guest '%s'", active->guest.name);
	}
	return 0;
}

static int read_facts(struct rt_sys *sys, const struct rt_journal *journal,
		      const struct rt_topo *topo,
		      const struct rt_settings *before, struct rt_facts *facts,
		      struct rt_err *err)
{
	const struct rt_cpuset owned = rt_plan_owned(journal);
	const bool rt = any_rt(journal);
	int r = 0;

	if (rt || journal->seen)
		r = rt_facts_read_irqs_to_plan(sys, journal, facts, err);
	if (r == 0 && journal->n_active)
		r = read_processes(sys, journal, facts, err);
	if (r < 0 || !rt)
		return r;
	r = rt_facts_read_cgroup(sys, any_fenced(journal), facts, err);
	if (r == 0)
		r = rt_facts_read_settings_of(sys, &owned, facts, err);
	if (r == 0)
		r = rt_facts_read_suppressed(sys, suppressed(journal), facts,
					     err);
	if (r == 0)
		r = rt_facts_read_irqbalance(sys, before, facts, err);
	if (r == 0)
		r = rt_facts_read_tasks_to_plan(sys, journal, topo, facts, err);
	return r;
}

/*
 * Has no shield come or gone meanwhile? Otherwise some masks were read before
 * and some after.
 */
static int is_settled(struct rt_sys *sys, const struct rt_facts *facts,
		      struct rt_err *err)
{
	struct rt_facts now = { 0 };
	int r = rt_facts_read_isolated(sys, &now, err);

	if (r == 0)
		r = rt_cpuset_is_equal(&now.isolated, &facts->isolated);
	rt_facts_fini(&now);
	return r;
}

int rt_reconcile_facts(struct rt_sys *sys, const struct rt_journal *journal,
		       const struct rt_topo *topo,
		       const struct rt_settings *before, struct rt_facts *facts,
		       struct rt_err *err)
{
	struct rt_settings last = { 0 };
	int r = 0;

	for (unsigned i = 0; i < TRIES_MAX && r == 0; i++) {
		/* An irqbalance that did not answer is not asked again. */
		rt_settings_fini(&last);
		last = facts->settings;
		memset(&facts->settings, 0, sizeof(facts->settings));
		rt_facts_fini(facts);
		r = read_facts(sys, journal, topo, i ? &last : before, facts,
			       err);
		if (r < 0 || !any_rt(journal))
			break;
		r = is_settled(sys, facts, err);
		if (r > 0)
			break;
		if (r == 0 && i + 1 == TRIES_MAX)
			r = rt_fail(err, EAGAIN,
				    "the isolated CPUs changed during each of "
				    "%u scans: some other program is making "
				    "cpuset partitions",
				    TRIES_MAX);
	}
	rt_settings_fini(&last);
	return r < 0 ? r : 0;
}

static int read_online(struct rt_store *store, struct rt_topo *topo,
		       struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(store->sys, "sys/devices/system/cpu/online", text,
			    sizeof(text), err);

	/*
	 * On a captured host there is no kernel that keeps the list up to date.
	 */
	if (r == 0 && store->sys->live)
		r = rt_cpuset_parse_list(text, &topo->online, err);
	return r;
}

/* What could not be read is a finding, and nothing more. */
static void tell_unread(const struct rt_facts *facts, struct rt_report *report)
{
	for (size_t i = 0; i < facts->unread.n; i++) {
		const struct rt_finding *f = &facts->unread.items[i];
		const struct rt_where where = { .guest = f->guest };

		rt_report_add(report, f->severity, f->code, where, f->hint,
			      "%s", f->message);
	}
}

/*
 * The host as it is while all active guests live. The shield of a guest that
 * ends goes before its process does, and facts from in between would look as if
 * somebody had removed the shield. Each further try has one guest less.
 */
static int scan(struct rt_store *store, const struct rt_topo *topo,
		const struct rt_settings *before, struct rt_facts *facts,
		struct rt_report *report, struct rt_err *err)
{
	for (;;) {
		int r = drop_dead(store, report, err);

		if (r < 0)
			return r;
		r = rt_reconcile_facts(store->sys, &store->journal, topo,
				       before, facts, err);
		/* A guest that ends may be the reason for the failure. */
		if (all_alive(store->sys, &store->journal))
			return r;
		rt_facts_fini(facts);
	}
}

/*
 * Read the facts once, plan once, apply once. Sets *ret_again when another
 * round is needed.
 */
static int round_once(struct rt_store *store, struct rt_topo *topo,
		      const struct rt_notify *notify,
		      struct rt_outcomes *outcomes, unsigned round,
		      struct rt_settings *before, bool *ret_again,
		      struct rt_err *err)
{
	struct rt_facts facts = { 0 };
	struct rt_plan plan = { 0 };
	const struct rt_plan_input input = {
		.topo = topo,
		.facts = &facts,
		.journal = &store->journal,
		.last = round == ROUNDS_MAX,
	};
	int r = scan(store, topo, before, &facts, notify->report, err);

	if (r == 0 && round == 1)
		tell_unread(&facts, notify->report);
	if (r == 0)
		r = rt_plan_make(&input, &plan, err);
	/*
	 * Each round finds what is still missing, so the outcomes of the last
	 * one count.
	 */
	rt_outcomes_fini(outcomes);
	if (r == 0) {
		*outcomes = plan.outcomes;
		memset(&plan.outcomes, 0, sizeof(plan.outcomes));
	}
	if (r == 0 && plan.n)
		r = rt_apply(store, topo, &plan, notify, outcomes, err);
	if (r == 0)
		r = read_online(store, topo, err);
	*ret_again = r == 0 && plan.again;
	rt_plan_fini(&plan);
	rt_settings_fini(before);
	*before = facts.settings;
	memset(&facts.settings, 0, sizeof(facts.settings));
	rt_facts_fini(&facts);
	return r;
}

int rt_reconcile(struct rt_store *store, struct rt_topo *topo,
		 const struct rt_notify *notify,
		 struct rt_outcomes *ret_outcomes, struct rt_err *err)
{
	struct rt_settings before = { 0 };
	bool again = true;
	/*
	 * The agent's set is from its last scan, and a mask with all CPUs that
	 * are online now would look like somebody's choice.
	 */
	int r = read_online(store, topo, err);

	memset(ret_outcomes, 0, sizeof(*ret_outcomes));
	rt_store_report(store, notify->report);
	for (unsigned i = 1; r == 0 && again && i <= ROUNDS_MAX; i++)
		r = round_once(store, topo, notify, ret_outcomes, i, &before,
			       &again, err);
	rt_settings_fini(&before);
	return r;
}
