/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_shield.c - SMT siblings down, foreign tasks away
 *
 * Kernel 6.7 and later: the guest's scope becomes an isolated partition with
 * all owned CPUs, the offline ones too (should one come up, it is shielded).
 * It is a remote partition: cpuset.cpus.exclusive must name the CPUs in every
 * cgroup above it, parent first. Those files outlive the guest; the scope's
 * own go with it.
 *
 * Older kernels: cgroups beside the guest are fenced in by cpuset.cpus.
 */
#include "plan_internal.h"

#define CGROUP_ROOT "sys/fs/cgroup/"
#define EXCLUSIVE   "/cpuset.cpus.exclusive"
#define PARTITION   "/cpuset.cpus.partition"

static struct rt_cpuset started_owned(const struct rt_journal *journal)
{
	struct rt_cpuset owned = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (active->guest.rt && active->stage == RT_STAGE_STARTED)
			rt_cpuset_or(&owned, &active->guest.owned);
	}
	return owned;
}

/* --- row 1: siblings --- */

static int take_down(struct maker *maker, unsigned cpu)
{
	struct rt_cpuset set = { 0 };
	char path[64];
	const struct rt_setting *setting;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MUST,
		.kind = RT_KIND_TEXT,
		.path = path,
		.now = "1",
		.why = "SMT sibling of a guest's CPU goes down",
	};

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/online",
		 cpu);
	setting = rt_settings_find(&maker->in->facts->settings, path);
	if (setting)
		wish.now = setting->value;
	rt_cpuset_add(&set, cpu);
	wish.guest = rt_plan_owner(maker, &set);
	return rt_plan_want(maker, &wish, "0");
}

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

struct rt_plan_tasks rt_plan_tasks(const struct rt_plan_input *input)
{
	struct rt_plan_tasks tasks = {
		.journal = input->journal,
		.common = input->topo->online,
		.swept = started_owned(input->journal),
	};

	/* Behind a shield, or a fence, no ordinary task can be. */
	if (input->facts->has_partitions)
		rt_cpuset_minus(&tasks.common, &input->facts->isolated);
	else if (fence_is_up(input->journal))
		rt_cpuset_minus(&tasks.common, &tasks.swept);
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
 * Narrow masks go on record: the kernel forgets them when a CPU goes down
 * under a running task, and overwrites those of its own threads when a shield
 * goes up (cpuset_update_tasks_cpumask, 6.12).
 */
static int guard_tasks(struct maker *maker)
{
	const struct rt_plan_tasks tasks = rt_plan_tasks(maker->in);
	const struct rt_facts *facts = maker->in->facts;
	int r = 0;

	for (size_t i = 0; r == 0 && i < facts->tasks.n; i++) {
		const struct rt_task *task = &facts->tasks.items[i];
		const struct task_path path = path_of(task);
		const struct wish wish = {
			.act = RT_ACT_SAVE,
			.need = RT_MAY,
			.kind = kind_of(task),
			.path = path.text,
			.now = "",
			.why = "pinned task, on record",
		};

		if (!task->movable)
			continue;
		if (rt_cpuset_is_subset(&tasks.common, &task->affinity))
			rt_plan_need(maker, path.text);
		else
			r = rt_plan_want_set(maker, &wish, &task->affinity);
	}
	return r;
}

/*
 * A task that comes to a cpuset while CPUs are down gets the online ones and
 * keeps to them when the others return (guarantee_online_cpus, 6.12; systemd
 * switches the controller on and off as guests come and go). So the record
 * says which CPUs an ordinary task's mask may lack because of us.
 */
static int guard_masks(struct maker *maker)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		const struct rt_guest *guest = &journal->active[i].guest;
		static const char dir[] = "tasks/";
		char path[sizeof(dir) + RT_CPULIST_MAX] = "tasks/";
		const struct wish wish = {
			.act = RT_ACT_SAVE,
			.need = RT_MAY,
			.kind = RT_KIND_TASKS,
			.path = path,
			.now = "",
			.why = "tasks get these CPUs back, on record",
			.guest = guest->name,
		};

		if (!guest->rt || rt_cpuset_is_empty(&guest->offline))
			continue;
		rt_cpuset_format_list(&guest->offline, path + sizeof(dir) - 1,
				      RT_CPULIST_MAX);
		r = rt_plan_want(maker, &wish, "");
	}
	return r;
}

int rt_plan_cpus(struct maker *maker)
{
	int r = 0;

	if (!rt_cpuset_is_empty(&maker->owned))
		r = guard_tasks(maker);
	if (r == 0)
		r = guard_masks(maker);
	RT_CPUSET_FOREACH(cpu, &maker->offline)
	{
		if (r == 0)
			r = take_down(maker, (unsigned)cpu);
	}
	return r;
}

/* --- row 2: isolated partitions --- */

/* Is `path` a file of the cgroup `scope` or of one above it? */
static bool is_above(const char *path, const char *scope)
{
	const char *dir = path + sizeof(CGROUP_ROOT) - 1;
	const char *file = strrchr(dir, '/');
	const size_t len = file ? (size_t)(file - dir) : 0;

	return len && strncmp(dir, scope, len) == 0 &&
	       (scope[len] == '/' || scope[len] == '\0');
}

/* What all started RT guests below the cgroup of `path` own. */
static struct rt_cpuset owned_below(const struct maker *maker, const char *path)
{
	const struct rt_processes *processes = &maker->in->facts->processes;
	struct rt_cpuset owned = { 0 };

	for (size_t i = 0; i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		const struct rt_active *active = rt_journal_find_guest(
			maker->in->journal, process->uuid);

		if (active && active->guest.rt && process->scope &&
		    is_above(path, process->scope))
			rt_cpuset_or(&owned, &active->guest.owned);
	}
	return owned;
}

static int want_exclusive(struct maker *maker, const struct rt_setting *setting)
{
	const struct rt_saved *saved =
		rt_journal_find(maker->in->journal, setting->path);
	struct rt_cpuset want, original;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MUST,
		.kind = RT_KIND_LIST,
		.path = setting->path,
		.now = setting->value,
		.why = "the guest's CPUs are for it alone",
	};

	want = owned_below(maker, setting->path);
	if (rt_plan_parse(RT_KIND_LIST,
			  saved ? saved->original : setting->value, &original))
		rt_cpuset_or(&want, &original);
	wish.guest = rt_plan_owner(maker, &want);
	return rt_plan_want_set(maker, &wish, &want);
}

static int partition(struct maker *maker, const struct rt_process *process,
		     const struct rt_guest *guest)
{
	char path[1024];
	const struct rt_setting *setting;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MUST,
		.kind = RT_KIND_PARTITION,
		.path = path,
		.why = "shield: nothing else runs on the guest's CPUs",
		.guest = guest->name,
	};

	/* Parents stand before children in the facts. */
	for (size_t i = 0; i < process->cgroup.n; i++) {
		const struct rt_setting *file = &process->cgroup.items[i];
		int r;

		if (!rt_plan_ends_with(file->path, EXCLUSIVE) ||
		    !is_above(file->path, process->scope))
			continue;
		r = want_exclusive(maker, file);
		if (r < 0)
			return r;
	}
	snprintf(path, sizeof(path), CGROUP_ROOT "%s" PARTITION,
		 process->scope);
	setting = rt_settings_find(&process->cgroup, path);
	if (!setting)
		return rt_fail(maker->err, 0,
			       "guest '%s': its cgroup %s has no %s; is the "
			       "cpuset controller enabled?",
			       guest->name, process->scope, &PARTITION[1]);
	wish.now = setting->value;
	return rt_plan_want(maker, &wish, "isolated");
}

/* --- row 2 on kernels without remote partitions --- */

static bool is_rt_scope(const struct maker *maker, const char *path)
{
	const struct rt_processes *processes = &maker->in->facts->processes;

	for (size_t i = 0; i < processes->n; i++) {
		const struct rt_process *process = &processes->items[i];
		const struct rt_active *active = rt_journal_find_guest(
			maker->in->journal, process->uuid);

		if (active && active->guest.rt && process->scope &&
		    is_above(path, process->scope))
			return true;
	}
	return false;
}

static int fence(struct maker *maker, const struct rt_cpuset *owned)
{
	const struct rt_settings *settings = &maker->in->facts->settings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->n; i++) {
		const struct rt_setting *setting = &settings->items[i];
		const struct rt_saved *saved =
			rt_journal_find(maker->in->journal, setting->path);
		const struct wish wish = {
			.act = RT_ACT_SET,
			.need = RT_MUST,
			.kind = RT_KIND_LIST,
			.path = setting->path,
			.now = setting->value,
			.why = "other cgroups keep off the guest's CPUs",
			.guest = rt_plan_owner(maker, owned),
		};
		struct rt_cpuset cpus;

		if (!rt_plan_ends_with(setting->path, "/cpuset.cpus") ||
		    is_rt_scope(maker, setting->path))
			continue;
		if (!rt_plan_parse(RT_KIND_LIST,
				   saved ? saved->original : setting->value,
				   &cpus))
			continue;
		/* Nothing set means all that the parent has. */
		if (rt_cpuset_is_empty(&cpus))
			cpus = maker->in->topo->present;
		if (!rt_cpuset_intersects(&cpus, owned))
			continue;
		cpus = rt_plan_off_owned(maker, &cpus, -1);
		r = rt_plan_want_set(maker, &wish, &cpus);
	}
	return r;
}

int rt_plan_shield(struct maker *maker)
{
	const struct rt_facts *facts = maker->in->facts;
	const struct rt_cpuset owned = started_owned(maker->in->journal);

	if (rt_cpuset_is_empty(&owned))
		return 0;
	if (!facts->has_partitions)
		return fence(maker, &owned);
	for (size_t i = 0; i < facts->processes.n; i++) {
		const struct rt_process *process = &facts->processes.items[i];
		const struct rt_active *active = rt_journal_find_guest(
			maker->in->journal, process->uuid);
		int r;

		if (!active || !active->guest.rt)
			continue;
		if (!process->scope)
			return rt_fail(maker->err, 0,
				       "guest '%s': its process %u is in no "
				       "cgroup of its own, so its CPUs cannot "
				       "be shielded",
				       active->guest.name, active->pid);
		r = partition(maker, process, &active->guest);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- row 9: what a shield leaves behind --- */

/*
 * What goes on record as the original. A mask that lacks only what is down or
 * behind another guest's shield is the kernel's doing: without us it has all.
 */
static const struct rt_cpuset *natural_mask(const struct maker *maker,
					    const struct rt_cpuset *common,
					    const struct rt_task *task)
{
	return rt_cpuset_is_subset(common, &task->affinity) ?
		       &maker->in->topo->present :
		       &task->affinity;
}

static int sweep_task(struct maker *maker, const struct rt_cpuset *common,
		      const struct rt_task *task)
{
	const struct task_path path = path_of(task);
	char now[RT_CPULIST_MAX];
	struct rt_cpuset want;
	const struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = kind_of(task),
		.path = path.text,
		.now = now,
		.why = task->kernel ? "kernel thread off the guest's CPUs" :
				      "task off the guest's CPUs",
		.guest = rt_plan_owner(maker, &task->affinity),
	};

	rt_cpuset_format_list(natural_mask(maker, common, task), now,
			      sizeof(now));
	want = rt_plan_off_owned(maker, &task->affinity, -1);
	return rt_plan_want_set(maker, &wish, &want);
}

static int sweep_workqueues(struct maker *maker, const struct rt_cpuset *owned)
{
	const struct rt_setting *setting =
		rt_settings_find(&maker->in->facts->settings,
				 "sys/devices/virtual/workqueue/cpumask");
	const struct rt_saved *saved;
	struct rt_cpuset cpus;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = RT_KIND_MASK,
		.why = "unbound workqueues off the guest's CPUs",
	};

	/* Where the mask is what the kernel makes of the shields that are up,
	 * what it holds in between is no original. */
	if (!setting || (maker->in->facts->has_partitions &&
			 maker->in->facts->workqueues_follow))
		return 0;
	saved = rt_journal_find(maker->in->journal, setting->path);
	if (!rt_plan_parse(RT_KIND_MASK,
			   saved ? saved->original : setting->value, &cpus) ||
	    !rt_cpuset_intersects(&cpus, owned))
		return 0;
	wish.path = setting->path;
	wish.now = setting->value;
	cpus = rt_plan_off_owned(maker, &cpus, -1);
	return rt_plan_want_set(maker, &wish, &cpus);
}

int rt_plan_sweep(struct maker *maker)
{
	const struct rt_facts *facts = maker->in->facts;
	const struct rt_cpuset owned = started_owned(maker->in->journal);
	const struct rt_plan_tasks tasks = rt_plan_tasks(maker->in);
	struct rt_cpuset shielded = owned;
	int r;

	if (rt_cpuset_is_empty(&owned))
		return 0;
	rt_cpuset_and(&shielded, &maker->in->topo->online);
	rt_cpuset_minus(&shielded, &maker->offline);
	if (facts->has_partitions &&
	    !rt_cpuset_is_subset(&shielded, &facts->isolated)) {
		maker->plan->again = true;
		return 0;
	}
	r = sweep_workqueues(maker, &owned);
	for (size_t i = 0; r == 0 && i < facts->tasks.n; i++) {
		const struct rt_task *task = &facts->tasks.items[i];

		if (task->movable &&
		    rt_cpuset_intersects(&task->affinity, &owned))
			r = sweep_task(maker, &tasks.common, task);
	}
	return r;
}
