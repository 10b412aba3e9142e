/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_tasks.c - the masks of tasks that are no guest's
 *
 * When a CPU goes offline or a shield comes up, the kernel forgets or
 * overwrites masks of tasks; masks that somebody chose are saved. Tasks that a
 * shield leaves on a guest's CPUs (kernel threads born later, up to 6.12; every
 * task where there are no partitions) are moved off.
 */
#include "claim.h"

struct task_path {
	char text[64];
};

static struct task_path path_of(const struct rt_task *task)
{
	struct task_path path = { "" };

	snprintf(path.text, sizeof(path.text), "task/%u/%u/%llu", task->pid,
		 task->tid, task->start);
	return path;
}

static enum rt_kind kind_of(const struct rt_task *task)
{
	return task->kernel && strncmp(task->comm, "irq/", 4) == 0 ?
		       RT_KIND_IRQ_THREAD :
		       RT_KIND_AFFINITY;
}

static bool fence_is_up(const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_saved; i++) {
		if (!journal->saved[i].done &&
		    rt_plan_ends_with(journal->saved[i].path, "/cpuset.cpus"))
			return true;
	}
	return false;
}

/* facts: of the guests that are fenced alone; NULL: of all. */
static struct rt_cpuset started_owned(const struct rt_journal *journal,
				      const struct rt_facts *facts)
{
	struct rt_cpuset owned = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (active->guest.rt && active->stage == RT_STAGE_STARTED &&
		    (!facts || rt_plan_is_fenced(facts, active)))
			rt_cpuset_or(&owned, &active->guest.owned);
	}
	return owned;
}

struct rt_plan_tasks rt_plan_tasks(const struct rt_plan_input *input)
{
	struct rt_plan_tasks tasks = {
		.journal = input->journal,
		.common = input->topo->online,
		.swept = started_owned(input->journal, NULL),
	};
	const struct rt_cpuset fenced =
		started_owned(input->journal, input->facts);

	/* Behind a shield, or a fence, no ordinary task can be. */
	rt_cpuset_minus(&tasks.common, &input->facts->isolated);
	if (fence_is_up(input->journal))
		rt_cpuset_minus(&tasks.common, &fenced);
	return tasks;
}

bool rt_plan_concerns_task(const struct rt_plan_tasks *tasks,
			   const struct rt_task *task)
{
	return task->movable &&
	       (!rt_cpuset_is_subset(&tasks->common, &task->affinity) ||
		rt_cpuset_intersects(&task->affinity, &tasks->swept) ||
		(tasks->journal->undone &&
		 rt_journal_find(tasks->journal, path_of(task).text)));
}

/*
 * Visit each task that is known. `natural`: a mask that lacks only CPUs that
 * are offline or behind a guest's shield is the kernel's doing; without kvmrt
 * it would have all CPUs.
 */
static int for_tasks(struct maker *maker,
		     int (*visit)(struct maker *maker, const struct target *,
				  const struct rt_task *, bool narrow))
{
	const struct rt_plan_tasks tasks = rt_plan_tasks(maker->in);
	const struct rt_facts *facts = maker->in->facts;
	char all[RT_CPULIST_MAX], now[RT_CPULIST_MAX];
	int r = 0;

	rt_cpuset_format_list(&maker->in->topo->present, all, sizeof(all));
	for (size_t i = 0; r == 0 && i < facts->tasks.n; i++) {
		const struct rt_task *task = &facts->tasks.items[i];
		const bool narrow =
			!rt_cpuset_is_subset(&tasks.common, &task->affinity);
		const struct task_path path = path_of(task);
		const struct target target = {
			.kind = kind_of(task),
			.path = path.text,
			.now = now,
			.natural = narrow ? NULL : all,
			.traits = TRAIT_ROAMS,
			.node = -1,
			.swept = true,
		};

		if (!task->movable)
			continue;
		rt_cpuset_format_list(&task->affinity, now, sizeof(now));
		r = visit(maker, &target, task, narrow);
	}
	return r;
}

static int save_task(struct maker *maker, const struct target *target,
		     const struct rt_task *task, bool narrow)
{
	static const struct claim claim = {
		.contribution = CLAIM_SAVED,
		.need = RT_MAY,
		.guest = -1,
		.why = "pinned task, on record",
	};

	(void)task;
	return narrow || rt_journal_find(maker->in->journal, target->path) ?
		       rt_claim(maker, target, &claim) :
		       0;
}

/*
 * A task that enters a cpuset while CPUs are offline gets the online ones, and
 * does not get the others when they return (guarantee_online_cpus, 6.12;
 * systemd switches the controller on and off as guests come and go). So the
 * record says which CPUs an ordinary task's mask may lack because of kvmrt.
 */
static int save_masks(struct maker *maker, size_t guest)
{
	static const char dir[] = "tasks/";
	char path[sizeof(dir) + RT_CPULIST_MAX] = "tasks/";
	const struct target target = {
		.kind = RT_KIND_TASKS,
		.path = path,
		.now = "",
		.traits = TRAIT_FIRM,
		.node = -1,
	};
	const struct claim claim = {
		.contribution = CLAIM_SAVED,
		.need = RT_MAY,
		.guest = (int)guest,
		.why = "tasks get these CPUs back, on record",
	};
	const struct rt_cpuset *offline =
		&maker->in->journal->active[guest].guest.offline;

	if (rt_cpuset_is_empty(offline))
		return 0;
	rt_cpuset_format_list(offline, path + sizeof(dir) - 1, RT_CPULIST_MAX);
	return rt_claim(maker, &target, &claim);
}

/* It is not known now where shields are up, so what is on record stays. */
static int leave_tasks(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];

		if (!saved->done && (saved->kind == RT_KIND_AFFINITY ||
				     saved->kind == RT_KIND_IRQ_THREAD))
			r = rt_claim_as_is(maker, saved);
	}
	return r;
}

int rt_plan_tasks_saved(struct maker *maker)
{
	int r = 0;

	if (!rt_cpuset_is_empty(&maker->owned))
		r = maker->in->facts->isolated_unread ?
			    leave_tasks(maker) :
			    for_tasks(maker, save_task);

	for (size_t i = 0; r == 0 && i < maker->in->journal->n_active; i++) {
		if (rt_plan_has_rt(maker, i))
			r = save_masks(maker, i);
	}
	return r;
}

static int sweep_task(struct maker *maker, const struct target *target,
		      const struct rt_task *task, bool narrow)
{
	(void)narrow;
	if (!rt_cpuset_intersects(&task->affinity, &maker->swept) &&
	    !rt_journal_find(maker->in->journal, target->path))
		return 0;
	return rt_claim_off(maker, target, RT_MAY,
			    task->kernel ?
				    "kernel thread off the guest's CPUs" :
				    "task off the guest's CPUs");
}

/*
 * From 6.8 the kernel takes the CPUs of shields out by itself, up to the next
 * write to the mask: then, and as long as that is on record, the mask needs to
 * be without the CPUs of all guests.
 */
static int sweep_workqueues(struct maker *maker)
{
	const struct rt_setting *setting =
		rt_settings_find(&maker->in->facts->settings,
				 "sys/devices/virtual/workqueue/cpumask");
	struct target target = {
		.kind = RT_KIND_MASK,
		.node = -1,
		.swept = true,
	};

	if (!setting || (maker->in->facts->has_partitions &&
			 maker->in->facts->workqueues_follow &&
			 !rt_plan_any_fenced(maker) &&
			 !rt_journal_find(maker->in->journal, setting->path)))
		return 0;
	target.path = setting->path;
	target.now = setting->value;
	return rt_claim_off(maker, &target, RT_MAY,
			    "unbound workqueues off the guest's CPUs");
}

int rt_plan_sweep(struct maker *maker)
{
	int r;

	/*
	 * A shield is about to come up: what it leaves behind is swept after
	 * that.
	 */
	if (!rt_cpuset_is_subset(&maker->started, &maker->swept) &&
	    !maker->in->last)
		maker->plan->again = true;
	if (rt_cpuset_is_empty(&maker->started) ||
	    maker->in->facts->isolated_unread)
		return 0;
	r = sweep_workqueues(maker);
	return r < 0 ? r : for_tasks(maker, sweep_task);
}
