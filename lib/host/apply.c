/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* apply.c - carry out a plan, and save what is needed to restore */
#include "apply.h"

#include <errno.h>
#include <time.h>

#include "refusal.h"
#include "target.h"

#define TRIES	     5
#define TRY_PAUSE_MS 50
/* For all late values of one call together, and for all that are busy. */
#define LATE_PAUSES 20
#define BUSY_PAUSES 20

/* Interrupts that the kernel lets nobody move: found by trying. */
struct fixed {
	struct rt_strbuf entries, numbers;
	const char *guest; /* the guest whose CPUs they are on; "": several */
};

struct applier {
	struct rt_store *store;
	struct rt_sys *sys;
	const struct rt_topo *topo;
	const struct rt_notify *notify;
	struct rt_outcomes *outcomes;
	unsigned *patience, *busy; /* pauses that are left */
	struct fixed *fixed;
	struct rt_err *err;
};

static void note(const struct applier *applier, enum rt_severity severity,
		 const char *code, const struct rt_step *step, const char *text)
{
	const struct rt_where where = { .guest = step->guest };

	rt_report_add(applier->notify->report, severity, code, where, NULL,
		      "%s", text);
}

/*
 * irqbalance shows a new value only later, and all tasks' masks are not one
 * value.
 */
static bool can_read(enum rt_kind kind)
{
	return kind != RT_KIND_IRQBALANCE && kind != RT_KIND_TASKS;
}

#define IRQ_DIRECTORY "proc/irq/"

static bool is_irq(const struct rt_step *step)
{
	return strncmp(step->path, IRQ_DIRECTORY, strlen(IRQ_DIRECTORY)) == 0;
}

/* The kernel may take a value and hold another. */
static int verify(const struct applier *applier, const struct rt_step *step,
		  struct rt_err *err)
{
	char now[RT_VALUE_MAX];
	int r;

	if (!can_read(step->kind))
		return 0;
	r = rt_target_read(applier->sys, step->kind, step->path, now,
			   sizeof(now), err);
	/*
	 * The write was accepted, so this is no refusal: the interrupt was
	 * freed since.
	 */
	if (r == -EIO && is_irq(step))
		r = rt_fail(err, ENOENT, "read /%s", step->path);
	if (r < 0 || rt_value_same(step->kind, now, step->value))
		return r;
	rt_fail(err, 0, "/%s holds '%s' after writing '%s'", step->path, now,
		step->value);
	/* Somebody else has written since: systemd, when it is reloaded. */
	if (rt_plan_is_shield(step) && !strstr(now, "invalid"))
		err->code = EAGAIN;
	return -err->code;
}

/*
 * A CPU that came online a moment ago can be in no task's mask before a worker
 * of the kernel has added it to the cpusets [6.12].
 */
static bool may_be_late(const struct applier *applier,
			const struct rt_step *step)
{
	if ((step->kind != RT_KIND_AFFINITY &&
	     step->kind != RT_KIND_IRQ_THREAD) ||
	    !*applier->patience)
		return false;
	--*applier->patience;
	return true;
}

static int write_value(const struct applier *applier,
		       const struct rt_step *step, struct rt_err *err)
{
	const struct timespec pause = { .tv_nsec = TRY_PAUSE_MS * 1000000L };
	int r;

	for (unsigned i = 1;; i++) {
		r = rt_target_write(applier->sys, step->kind, step->path,
				    step->value, err);
		if (r == 0) {
			r = verify(applier, step, err);
			if (r != -EINVAL || !may_be_late(applier, step))
				return r;
		} else if (rt_refusal_means(step, -r) != RT_MEANS_BUSY ||
			   i == TRIES || !*applier->busy) {
			return r;
		} else {
			--*applier->busy;
		}
		nanosleep(&pause, NULL);
	}
}

/* --- restoring --- */

/*
 * A cgroup's own CPUs, not those that are exclusively its own (".exclusive").
 */
static bool is_fence(const struct rt_step *step)
{
	const char *file = strrchr(step->path, '/');

	return step->kind == RT_KIND_LIST && file &&
	       strcmp(file, "/cpuset.cpus") == 0;
}

/*
 * Clearing cpuset.cpus of a cgroup that has tasks is ENOSPC before kernel 7.0:
 * then it gets all that its parent has, which is the same.
 */
static int write_back(const struct applier *applier, const struct rt_step *step,
		      struct rt_err *err)
{
	char all[RT_CPULIST_MAX];
	struct rt_step instead = *step;
	int r = write_value(applier, step, err);

	if (r != -ENOSPC || *step->value || !is_fence(step))
		return r;
	rt_cpuset_format_list(&applier->topo->present, all, sizeof(all));
	instead.value = all;
	return write_value(applier, &instead, err);
}

/*
 * What the setting is to hold, given what it holds now: on the heap in
 * *ret_value, or NULL when nothing is to be written. What somebody else wrote
 * stays.
 */
static int decide(const struct applier *applier, const struct rt_step *step,
		  const struct rt_saved *saved, char **ret_value,
		  struct rt_err *err)
{
	RT_AUTO_FREE char *base = NULL;
	char now[RT_VALUE_MAX];
	int r;

	if (!can_read(step->kind)) {
		*ret_value = strdup(step->value);
		return *ret_value ? 0 : rt_fail_memory(err);
	}
	r = rt_target_read(applier->sys, step->kind, step->path, now,
			   sizeof(now), err);
	if (r < 0)
		return r;
	base = rt_saved_base(saved, now, applier->topo);
	if (!base)
		return rt_fail_memory(err);
	if (!rt_value_same(step->kind, base, saved->original)) {
		struct rt_err text;

		rt_fail(&text, 0,
			"/%s holds '%s', which is not what kvmrt wrote ('%s'): "
			"somebody else changed it, so kvmrt leaves it as it is",
			step->path, now, saved->wrote);
		note(applier, RT_WARNING, "changed-by-others", step, text.text);
	}
	*ret_value = NULL;
	if (!rt_value_same(step->kind, now, base) ||
	    (rt_value_same(step->kind, base, saved->original) &&
	     rt_saved_is_remembered(saved))) {
		*ret_value = base;
		base = NULL;
	}
	return 0;
}

/* Returns true when the record of the setting can be closed. */
static bool restore(const struct applier *applier, const struct rt_step *step)
{
	const struct rt_saved *saved =
		rt_journal_find(&applier->store->journal, step->path);
	RT_AUTO_FREE char *value = NULL;
	struct rt_step back = *step;
	struct rt_err err;
	int r;

	if (!saved)
		return false;
	/* Nothing was written, and its number may be another interrupt's. */
	if (saved->fixed)
		return true;
	r = decide(applier, step, saved, &value, &err);
	if (r == 0 && !value)
		return true;
	back.value = value;
	if (r == 0)
		r = write_back(applier, &back, &err);
	if (r < 0 && rt_refusal_means(step, -r) == RT_MEANS_GONE)
		return true;
	if (r < 0) {
		rt_wrap(&err, "restore the original '%s'", step->value);
		note(applier, RT_WARNING, "not-restored", step, err.text);
		return false;
	}
	if (rt_plan_is_online(step->path)) {
		rt_fail(&err, 0, "/%s is '%s' again", step->path, value);
		note(applier, RT_NOTE, "cpu-online", step, err.text);
	}
	return true;
}

static int restore_all(const struct applier *applier,
		       const struct rt_plan *plan)
{
	RT_AUTO_STRBUF entries = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		if (step->act == RT_ACT_RESTORE && restore(applier, step))
			rt_journal_add_done(&entries, step->path);
	}
	return rt_store_append(applier->store, &entries, applier->err);
}

/* --- setting --- */

/*
 * Here the last value was refused, and the setting holds the one before it.
 * That one must stay on record, or it would be taken for somebody else's.
 */
static void add_wrote(struct rt_strbuf *entries, const struct rt_step *step,
		      const struct rt_saved *saved)
{
	if (!rt_value_same(step->kind, step->now, saved->wrote) &&
	    rt_value_same(step->kind, step->now, saved->before))
		rt_journal_add_wrote(entries, step->path, step->now);
	rt_journal_add_wrote(entries, step->path, step->value);
}

/* Somebody else wrote to it while it was claimed: that is what is restored. */
static void add_base(const struct applier *applier, struct rt_strbuf *entries,
		     const struct rt_step *step, const struct rt_saved *saved)
{
	struct rt_err text;

	rt_journal_add_base(entries, step->path, step->base);
	rt_fail(&text, 0,
		"/%s was changed from '%s' to '%s' by somebody else: '%s' is "
		"restored when no guest needs the setting any more, and until "
		"then it holds '%s' (%s)",
		step->path, saved->wrote, step->now, step->base, step->value,
		step->why);
	note(applier, RT_WARNING, "changed-by-others", step, text.text);
}

static int put_on_record(const struct applier *applier,
			 const struct rt_plan *plan)
{
	RT_AUTO_STRBUF entries = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];
		const struct rt_saved *saved;

		if (step->act != RT_ACT_SET && step->act != RT_ACT_SAVE)
			continue;
		saved = rt_journal_find(&applier->store->journal, step->path);
		if (!saved) {
			rt_journal_add_save(&entries, step->kind, step->path,
					    step->base, step->value);
			continue;
		}
		if (!rt_value_same(step->kind, saved->original, step->base))
			add_base(applier, &entries, step, saved);
		if (!rt_value_same(step->kind, saved->wrote, step->value))
			add_wrote(&entries, step, saved);
	}
	return rt_store_append(applier->store, &entries, applier->err);
}

/*
 * On record only if it does not hold a value of kvmrt: then there is never
 * anything to restore.
 */
static void add_fixed(const struct applier *applier, const struct rt_step *step)
{
	struct fixed *fixed = applier->fixed;
	const struct rt_saved *saved =
		rt_journal_find(&applier->store->journal, step->path);
	const char *number = step->path + strlen(IRQ_DIRECTORY);

	if (saved && rt_value_same(step->kind, step->now, saved->original))
		rt_journal_add_fixed(&fixed->entries, step->path);
	rt_strbuf_addf(&fixed->numbers, "%s%.*s", fixed->guest ? "," : "",
		       (int)strcspn(number, "/"), number);
	if (!fixed->guest)
		fixed->guest = step->guest;
	else if (strcmp(fixed->guest, step->guest) != 0)
		fixed->guest = "";
}

/* One line for all of them: a disk alone may have one on each CPU. */
static int report_fixed(const struct applier *applier)
{
	const struct fixed *fixed = applier->fixed;
	const struct rt_where where = { .guest = fixed->guest };

	if (!fixed->guest)
		return 0;
	if (fixed->numbers.failed)
		return rt_fail_memory(applier->err);
	rt_report_add(
		applier->notify->report, RT_WARNING, "stays", where,
		"a managed interrupt fires only for I/O that was started on "
		"its CPU; the boot parameter isolcpus=managed_irq,CPUS keeps "
		"away those that may go elsewhere",
		"interrupts that nobody can move stay on the guest's CPUs: irq "
		"%s",
		fixed->numbers.text);
	return rt_store_append(applier->store, &applier->fixed->entries,
			       applier->err);
}

/* The step has failed for each guest that must have it. */
static void fail_guests(const struct applier *applier,
			const struct rt_step *step, struct rt_err *why)
{
	rt_wrap(why, "%s", step->why);
	for (const char *uuid = step->musts; *uuid;) {
		char one[RT_UUID_LEN + 1];
		const size_t len = strcspn(uuid, " ");

		snprintf(one, sizeof(one), "%.*s", (int)len, uuid);
		rt_outcomes_add(applier->outcomes, one, why->text);
		uuid += len + strspn(uuid + len, " ");
	}
}

static void did(const struct applier *applier, const struct rt_step *step)
{
	struct rt_err text;

	if (applier->notify->did)
		applier->notify->did(applier->notify->data, step);
	if (rt_plan_is_online(step->path)) {
		rt_fail(&text, 0, "/%s is '%s' now: %s", step->path,
			step->value, step->why);
		note(applier, RT_NOTE, "cpu-offline", step, text.text);
	}
}

/* Returns a positive number when the next plan has to find another way. */
static int set(const struct applier *applier, const struct rt_step *step)
{
	struct rt_err err;
	int r, fenced = 0;

	/* It was to be put on record only. */
	if (rt_value_same(step->kind, step->now, step->value) ||
	    rt_refusal_is_settled(applier->store, step))
		return 0;
	r = write_value(applier, step, &err);
	if (r == 0) {
		did(applier, step);
		return 0;
	}
	switch (rt_refusal_means(step, -r)) {
	case RT_MEANS_GONE:
		if (step->need == RT_MAY || step->act == RT_ACT_OWN ||
		    is_fence(step))
			return 0;
		break;
	case RT_MEANS_FIXED:
		/*
		 * Otherwise it hurts no guest, and only its place was to be
		 * restored.
		 */
		if (step->act == RT_ACT_SET) {
			add_fixed(applier, step);
			return 0;
		}
		/* fallthrough */
	case RT_MEANS_CANNOT:
		note(applier, RT_WARNING, "stays", step, err.text);
		return 0;
	case RT_MEANS_BUSY:
	case RT_MEANS_FAILED:
		break;
	}
	if (rt_plan_is_shield(step))
		fenced = rt_refusal_fence(applier->store, step, &err,
					  applier->notify, applier->err);
	if (fenced != 0)
		return fenced;
	if (step->need == RT_MUST)
		fail_guests(applier, step, &err);
	else
		note(applier, RT_WARNING, "not-applied", step, err.text);
	return 0;
}

int rt_apply(struct rt_store *store, const struct rt_topo *topo,
	     struct rt_plan *plan, const struct rt_notify *notify,
	     struct rt_outcomes *outcomes, struct rt_err *err)
{
	struct fixed fixed = { 0 };
	unsigned patience = LATE_PAUSES, busy = BUSY_PAUSES;
	const struct applier applier = {
		.patience = &patience,
		.busy = &busy,
		.fixed = &fixed,
		.store = store,
		.sys = store->sys,
		.topo = topo,
		.notify = notify,
		.outcomes = outcomes,
		.err = err,
	};
	int r = restore_all(&applier, plan);

	if (r == 0)
		r = put_on_record(&applier, plan);
	for (size_t i = 0; r >= 0 && i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		if (step->act == RT_ACT_SET || step->act == RT_ACT_OWN)
			r = set(&applier, step);
		plan->again |= r > 0;
	}
	if (r >= 0)
		r = report_fixed(&applier);
	rt_strbuf_fini(&fixed.entries);
	rt_strbuf_fini(&fixed.numbers);
	return r;
}
