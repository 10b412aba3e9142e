/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_world.h - a world in memory: facts, a record, and plans carried out
 *
 * Twelve CPUs, siblings (0,1) (2,3)..., node 0 is 0-5 and node 1 is 6-11.
 * world_apply does what apply.c does, on the facts; the kernel of this world
 * takes every value, shields what a partition names, and nothing else.
 */
#ifndef RT_TEST_PLAN_WORLD_H
#define RT_TEST_PLAN_WORLD_H

#include "core/plan/plan.h"

#include "../plan_text.h"
#include "../tap.h"

#define RT1	     "6a1f0c1e-0000-4000-8000-000000000001"
#define RT2	     "6a1f0c1e-0000-4000-8000-000000000002"
#define DEFAULT_MASK "proc/irq/default_smp_affinity"

struct world {
	struct rt_topo topo;
	struct rt_facts facts;
	struct rt_journal journal;
	bool last; /* the last round */
};

__attribute__((unused)) static struct rt_cpuset cpus(const char *list)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(list, &set, &err) < 0)
		ok(false, "list %s: %s", list, err.text);
	return set;
}

__attribute__((unused)) static void must(int r)
{
	if (r < 0)
		ok(false, "the world is made");
}

__attribute__((unused)) static void world_make(struct world *world)
{
	struct rt_cpuset core;
	char path[64];
	struct rt_err err;

	memset(world, 0, sizeof(*world));
	world->topo.present = world->topo.online = cpus("0-11");
	for (unsigned i = 0; i < 6; i++) {
		rt_cpuset_clear(&core);
		rt_cpuset_add_range(&core, 2 * i, 2 * i + 1);
		must(rt_topo_add(&world->topo.cores, i, &core, &err));
	}
	core = cpus("0-5");
	must(rt_topo_add(&world->topo.nodes, 0, &core, &err));
	core = cpus("6-11");
	must(rt_topo_add(&world->topo.nodes, 1, &core, &err));
	world->facts.has_partitions = true;
	for (unsigned cpu = 1; cpu < 12; cpu++) {
		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/online", cpu);
		must(rt_settings_add(&world->facts.settings, RT_KIND_TEXT, path,
				     "1", &err));
	}
}

__attribute__((unused)) static void world_fini(struct world *world)
{
	rt_topo_fini(&world->topo);
	rt_facts_fini(&world->facts);
	rt_journal_fini(&world->journal);
}

__attribute__((unused)) static void world_set(struct world *world,
					      enum rt_kind kind,
					      const char *path,
					      const char *value)
{
	struct rt_err err;

	must(rt_settings_add(&world->facts.settings, kind, path, value, &err));
}

__attribute__((unused)) static struct rt_irq *
world_irq(struct world *world, unsigned number, const char *affinity, int node)
{
	struct rt_irqs *irqs = &world->facts.irqs;
	struct rt_irq irq = { .number = number,
			      .name = strdup("dev"),
			      .movable = true,
			      .affinity = cpus(affinity),
			      .node = node };

	if (!irq.name ||
	    !rt_grow(&irqs->items, irqs->n, &irqs->size, sizeof(irq)))
		must(-1);
	irqs->items[irqs->n] = irq;
	return &irqs->items[irqs->n++];
}

__attribute__((unused)) static struct rt_task *
world_task(struct world *world, unsigned pid, const char *affinity)
{
	struct rt_tasks *tasks = &world->facts.tasks;
	struct rt_task task = { .pid = pid,
				.tid = pid,
				.start = 1,
				.movable = true,
				.affinity = cpus(affinity) };

	if (!rt_grow(&tasks->items, tasks->n, &tasks->size, sizeof(task)))
		must(-1);
	tasks->items[tasks->n] = task;
	return &tasks->items[tasks->n++];
}

/* Put entries on record and into the state. */
__attribute__((unused)) static void world_enter(struct world *world,
						struct rt_strbuf *entries)
{
	struct rt_err err = { 0 };

	for (const char *line = entries->text; line && *line;) {
		const size_t n = strcspn(line, "\n");

		if (rt_journal_enter(&world->journal, line, n, &err) < 0)
			ok(false, "record: %s", err.text);
		line += n + 1;
	}
}

/* vcpus and service are what is left of cpuset when every second is down. */
__attribute__((unused)) static void
world_guest(struct world *world, const char *uuid, const char *name,
	    const char *cpuset, const char *vcpus, const char *service,
	    enum rt_stage stage)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_active active = { .stage = stage, .pid = 100 };
	struct rt_guest *guest = &active.guest;

	snprintf(guest->uuid, sizeof(guest->uuid), "%s", uuid);
	guest->name = (char *)(uintptr_t)name;
	guest->rt = *vcpus;
	guest->cpuset = cpus(cpuset);
	guest->vcpus = cpus(vcpus);
	guest->service = cpus(service);
	guest->usable = guest->vcpus;
	rt_cpuset_or(&guest->usable, &guest->service);
	if (guest->rt) {
		guest->owned = guest->offline = guest->cpuset;
		rt_cpuset_minus(&guest->offline, &guest->usable);
	}
	rt_journal_add_guest(&entries, &active);
	world_enter(world, &entries);
}

__attribute__((unused)) static void world_drop(struct world *world,
					       const char *uuid)
{
	RT_AUTO_STRBUF entries = { 0 };

	rt_journal_add_gone(&entries, uuid);
	world_enter(world, &entries);
}

__attribute__((unused)) static bool world_plan(struct world *world,
					       struct rt_plan *plan)
{
	const struct rt_plan_input input = {
		.topo = &world->topo,
		.facts = &world->facts,
		.journal = &world->journal,
		.last = world->last,
	};
	struct rt_err err = { 0 };

	memset(plan, 0, sizeof(*plan));
	if (rt_plan_make(&input, plan, &err) == 0)
		return true;
	ok(false, "a plan is made: %s", err.text);
	return false;
}

static struct rt_setting *world_find(struct world *world, const char *path)
{
	const struct rt_setting *found =
		rt_settings_find(&world->facts.settings, path);

	for (size_t i = 0; !found && i < world->facts.processes.n; i++)
		found = rt_settings_find(
			&world->facts.processes.items[i].cgroup, path);
	return (struct rt_setting *)(uintptr_t)found;
}

/* Somebody else, or the kernel, changes a setting. */
__attribute__((unused)) static void
world_hold(struct world *world, const char *path, const char *value)
{
	struct rt_setting *setting = world_find(world, path);

	if (!setting) {
		ok(false, "there is %s", path);
		return;
	}
	free(setting->value);
	setting->value = strdup(value);
}

static struct rt_cpuset *world_affinity(struct world *world, const char *path)
{
	struct rt_facts *facts = &world->facts;
	unsigned pid, tid;

	if (sscanf(path, "proc/irq/%u/", &tid) == 1) {
		for (size_t i = 0; i < facts->irqs.n; i++) {
			if (facts->irqs.items[i].number == tid)
				return &facts->irqs.items[i].affinity;
		}
	}
	if (sscanf(path, "task/%u/%u/", &pid, &tid) != 2)
		return NULL;
	for (size_t i = 0; i < facts->tasks.n; i++) {
		if (facts->tasks.items[i].tid == tid)
			return &facts->tasks.items[i].affinity;
	}
	for (size_t i = 0; i < facts->processes.n; i++) {
		struct rt_threads *threads = &facts->processes.items[i].threads;

		for (size_t k = 0; k < threads->n; k++) {
			if (threads->items[k].tid == tid)
				return &threads->items[k].affinity;
		}
	}
	return NULL;
}

/* What a target holds, as the plan would write it; "" if it is not there. */
__attribute__((unused)) static const char *world_value(struct world *world,
						       const char *path)
{
	static char text[RT_CPULIST_MAX];
	struct rt_setting *setting = world_find(world, path);
	const struct rt_cpuset *set =
		setting ? NULL : world_affinity(world, path);

	text[0] = '\0';
	if (set)
		rt_cpuset_format_list(set, text, sizeof(text));
	return setting ? setting->value : text;
}

/* The thread of an active guest that a step is about; NULL: there is none. */
static struct rt_thread *world_thread(struct world *world, const char *path)
{
	struct rt_processes *processes = &world->facts.processes;
	unsigned pid, tid;

	if (sscanf(path, "task/%u/%u/", &pid, &tid) != 2)
		return NULL;
	for (size_t i = 0; i < processes->n; i++) {
		struct rt_threads *threads = &processes->items[i].threads;

		for (size_t k = 0; k < threads->n; k++) {
			if (threads->items[k].tid == tid)
				return &threads->items[k];
		}
	}
	return NULL;
}

static void world_move(struct world *world, const struct rt_step *step)
{
	struct rt_thread *thread = world_thread(world, step->path);

	if (!thread)
		return;
	free(thread->leaf);
	thread->leaf = strdup(strrchr(step->value, '/') + 1);
}

static void world_classify(struct world *world, const struct rt_step *step)
{
	struct rt_thread *thread = world_thread(world, step->path);

	if (thread)
		snprintf(thread->sched, sizeof(thread->sched), "%s",
			 step->value);
}

static void world_write(struct world *world, const struct rt_step *step)
{
	struct rt_setting *setting = world_find(world, step->path);
	struct rt_cpuset *set =
		setting ? NULL : world_affinity(world, step->path);

	if (step->kind == RT_KIND_SCHED) {
		world_classify(world, step);
	} else if (step->kind == RT_KIND_CGROUP) {
		world_move(world, step);
	} else if (setting) {
		free(setting->value);
		setting->value = strdup(step->value);
	} else if (set) {
		*set = cpus(step->value);
	}
	if (step->kind == RT_KIND_PARTITION)
		world->facts.isolated = strcmp(step->value, "isolated") == 0 ?
						rt_plan_owned(&world->journal) :
						cpus("");
}

/* Give back, record, set: as apply.c. */
__attribute__((unused)) static void world_apply(struct world *world,
						const struct rt_plan *plan)
{
	RT_AUTO_STRBUF done = { 0 };
	RT_AUTO_STRBUF entries = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		if (plan->items[i].act != RT_ACT_RESTORE)
			continue;
		world_write(world, &plan->items[i]);
		rt_journal_add_done(&done, plan->items[i].path);
	}
	world_enter(world, &done);
	for (size_t i = 0; i < plan->n; i++) {
		const struct rt_step *step = &plan->items[i];

		if (step->act != RT_ACT_SET && step->act != RT_ACT_SAVE)
			continue;
		if (!rt_journal_find(&world->journal, step->path)) {
			rt_journal_add_save(&entries, step->kind, step->path,
					    step->base, step->value);
			continue;
		}
		rt_journal_add_base(&entries, step->path, step->base);
		rt_journal_add_wrote(&entries, step->path, step->value);
	}
	world_enter(world, &entries);
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->items[i].act == RT_ACT_SET ||
		    plan->items[i].act == RT_ACT_OWN)
			world_write(world, &plan->items[i]);
	}
}

/* Plan and apply until nothing is left to do, three times at most. */
__attribute__((unused)) static void world_settle(struct world *world,
						 const char *name)
{
	struct rt_plan plan;
	bool again = true;

	for (unsigned i = 0; again && i < 3; i++) {
		if (!world_plan(world, &plan))
			return;
		world_apply(world, &plan);
		again = plan.again;
		rt_plan_fini(&plan);
	}
	if (!world_plan(world, &plan))
		return;
	if (!ok(plan.n == 0, "%s: the next plan is empty", name)) {
		RT_AUTO_STRBUF text = { 0 };

		print_steps(&plan, &text);
		printf("# %s", text.text);
	}
	rt_plan_fini(&plan);
}

__attribute__((unused)) static const struct rt_step *
find_step(const struct rt_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (strcmp(plan->items[i].path, path) == 0)
			return &plan->items[i];
	}
	return NULL;
}

#endif
