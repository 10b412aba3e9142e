/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe_plan.c - what is left unread for a plan changes no plan
 *
 * The host: smt2-numa2-12cpu-guest, whose guest on CPUs 6-11 has the device
 * 0000:81:00.0 with interrupts 50-52. Interrupts 25 and 26 cannot be moved,
 * 30-32 are on node 0 and in nobody's way, 43-47 on node 1.
 */
#include "core/plan/plan.h"
#include "host/probe.h"
#include "../host.h"
#include "../plan_text.h"
#include "../tap.h"

static const char uuid[] = "6a1f0c1e-0000-4000-8000-000000000001";

struct world {
	struct rt_sys sys;
	struct rt_journal journal;
	struct rt_facts facts;
};

static void enter(struct world *world, const struct rt_strbuf *entries)
{
	struct rt_err err;

	if (rt_journal_enter(&world->journal, entries->text, entries->len - 1,
			     &err) < 0)
		ok(false, "the record is read: %s", err.text);
}

static void add_guest(struct world *world, enum rt_stage stage)
{
	RT_AUTO_STRBUF entries = { 0 };
	char name[] = "rt1";
	struct rt_active active = {
		.guest = { .name = name, .rt = true, .nr_vcpus = 2 },
		.stage = stage,
		.pid = 1,
	};
	struct rt_err err;

	memcpy(active.guest.uuid, uuid, sizeof(uuid));
	rt_cpuset_add_range(&active.guest.owned, 6, 11);
	rt_cpuset_add(&active.guest.service, 10);
	is_int(rt_pci_set_parse("0000:81:00.0", &active.guest.pcidevs, &err), 0,
	       "the guest's device");
	rt_journal_add_guest(&entries, &active);
	enter(world, &entries);
	free(active.guest.pcidevs.items);
}

static void add_seen(struct world *world, const char *list)
{
	RT_AUTO_STRBUF entries = { 0 };
	RT_AUTO_RANGES set = { 0 };
	struct rt_err err;

	is_int(rt_ranges_parse(list, &set, &err), 0, "what was seen");
	rt_journal_add_seen(&entries, &set);
	enter(world, &entries);
}

static void add_saved(struct world *world, enum rt_kind kind, const char *path)
{
	RT_AUTO_STRBUF entries = { 0 };

	rt_journal_add_save(&entries, kind, path, "0-11", "0-5");
	enter(world, &entries);
}

static const char *numbers(const struct rt_facts *facts, struct rt_cpulist *ret)
{
	struct rt_cpuset set = { 0 };

	for (size_t i = 0; i < facts->irqs.n; i++)
		rt_cpuset_add(&set, facts->irqs.items[i].number);
	*ret = rt_cpuset_text(&set);
	return ret->text;
}

static const struct {
	const char *name;
	bool guest;
	const char *seen;  /* NULL: nothing on record */
	const char *saved; /* NULL: nothing on record */
	const char *want;
} cases[] = {
	/* What has no known device may be vfio's: its name says. */
	{ "no guest, no record", false, NULL, NULL, "1,9" },
	{ "a guest", true, "0-99", NULL, "1,9,24,43-47,50-52" },
	{ "one moved away before", true, "0-99",
	  "proc/irq/30/smp_affinity_list", "1,9,24,30,43-47,50-52" },
	{ "one that came later", true, "0-30,32-99", NULL,
	  "1,9,24,31,43-47,50-52" },
	{ "no guest left, none came", false, "0-99",
	  "proc/irq/30/smp_affinity_list", "" },
	{ "no guest left, one came", false, "0-30,32-99", NULL, "31" },
};

static void read_world(size_t i, struct world *world)
{
	struct rt_err err;

	if (cases[i].guest)
		add_guest(world, RT_STAGE_PREPARED);
	if (cases[i].seen)
		add_seen(world, cases[i].seen);
	if (cases[i].saved)
		add_saved(world, RT_KIND_LIST, cases[i].saved);
	is_int(rt_facts_read_irqs_to_plan(&world->sys, &world->journal,
					  &world->facts, &err),
	       0, cases[i].name);
}

static void test_case(const struct rt_sys *sys, size_t i)
{
	struct world world = { .sys = *sys };
	struct rt_cpulist list;

	read_world(i, &world);
	is_str(numbers(&world.facts, &list), cases[i].want, cases[i].name);
	for (size_t j = 0; j < world.facts.irqs.n; j++) {
		const struct rt_irq *irq = &world.facts.irqs.items[j];

		if (irq->number == 51)
			ok(irq->vfio && irq->movable && irq->has_device &&
				   irq->node == 1,
			   "%s: one of its device", cases[i].name);
		if (irq->number == 43)
			is_str(irq->name, "", "no name is needed");
	}
	rt_journal_fini(&world.journal);
	rt_facts_fini(&world.facts);
}

static char *plan_text(struct world *world, struct rt_facts *facts)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_plan plan = { 0 };
	struct rt_err err;
	const struct rt_plan_input input = {
		.topo = &topo,
		.facts = facts,
		.journal = &world->journal,
	};
	char *ret = NULL;

	rt_cpuset_add_range(&topo.present, 0, 11);
	topo.online = topo.present;
	if (rt_plan_make(&input, &plan, &err) == 0)
		print_steps(&plan, &text);
	rt_plan_fini(&plan);
	return rt_strbuf_take(&text, &ret, &err) == 0 ? ret : NULL;
}

/* The plan of all that can be read is the plan of what is read for it. */
static void test_same_plan(const struct rt_sys *sys, size_t i)
{
	struct world world = { .sys = *sys };
	struct rt_facts all = { 0 };
	RT_AUTO_FREE char *less = NULL;
	RT_AUTO_FREE char *more = NULL;
	struct rt_err err;

	read_world(i, &world);
	is_int(rt_facts_read_irqs(&world.sys, &all, &err), 0, "all are read");
	ok(all.irqs.n == 16, "16 there are");
	less = plan_text(&world, &world.facts);
	more = plan_text(&world, &all);
	is_str(less, more, "the same plan");
	ok(!cases[i].guest || (less && strstr(less, "irq/43/")),
	   "%s: which moves an interrupt if there is a guest", cases[i].name);
	rt_facts_fini(&all);
	rt_journal_fini(&world.journal);
	rt_facts_fini(&world.facts);
}

static void test_numbers(struct rt_sys *sys)
{
	struct rt_pci_set devices = { 0 };
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_RANGES all = { 0 };
	RT_AUTO_RANGES rest = { 0 };
	RT_AUTO_RANGES before = { 0 };
	struct rt_err err;

	is_int(rt_pci_set_parse("0000:81:00.0 0000:83:00.1", &devices, &err), 0,
	       "two devices");
	is_int(rt_read_irqs_seen(sys, &devices, NULL, &all, &err), 0,
	       "the numbers are read");
	rt_ranges_format(&all, &text);
	is_str(text.text, "1,9,24-26,30-32,43-46",
	       "of all interrupts but the devices'");
	is_int(rt_ranges_parse("9,45-70000", &before, &err), 0, "on record");
	is_int(rt_read_irqs_seen(sys, &devices, &before, &rest, &err), 0,
	       "the devices' are read");
	rt_strbuf_fini(&text);
	rt_ranges_format(&rest, &text);
	is_str(text.text, "9,45-46,48-49,53-70000",
	       "those on record but the devices'");
	free(devices.items);
}

static const struct {
	const char *name;
	bool guest;
	enum rt_stage stage;
	bool saved; /* a task of many CPUs is on record */
	size_t want;
} task_cases[] = {
	{ "tasks without a guest", false, RT_STAGE_PREPARED, false, 8 },
	{ "tasks, a guest to come", true, RT_STAGE_PREPARED, false, 8 },
	{ "tasks, one on record", true, RT_STAGE_PREPARED, true, 9 },
	{ "tasks, a guest that runs", true, RT_STAGE_STARTED, false, 17 },
};

/* One that no plan would touch, but for being on record. */
static void keep_wide_task(struct world *world, const struct rt_facts *all)
{
	for (size_t i = 0; i < all->tasks.n; i++) {
		const struct rt_task *task = &all->tasks.items[i];
		char path[64];

		if (!task->movable || rt_cpuset_count(&task->affinity) < 12)
			continue;
		snprintf(path, sizeof(path), "task/%u/%u/%llu", task->pid,
			 task->tid, task->start);
		add_saved(world, RT_KIND_AFFINITY, path);
		return;
	}
	ok(false, "there is a task of all CPUs");
}

static void test_tasks(const struct rt_sys *sys, size_t i)
{
	struct world world = { .sys = *sys };
	struct rt_topo topo = { 0 };
	struct rt_facts all = { 0 };
	RT_AUTO_FREE char *less = NULL;
	RT_AUTO_FREE char *more = NULL;
	struct rt_err err;

	rt_cpuset_add_range(&topo.present, 0, 11);
	topo.online = topo.present;
	is_int(rt_facts_read_tasks(&world.sys, &topo.present, &all, &err), 0,
	       "all tasks");
	if (task_cases[i].guest)
		add_guest(&world, task_cases[i].stage);
	if (task_cases[i].saved)
		keep_wide_task(&world, &all);
	is_int(rt_facts_read_tasks_to_plan(&world.sys, &world.journal, &topo,
					   &world.facts, &err),
	       0, task_cases[i].name);
	is_int((long long)world.facts.tasks.n, (long long)task_cases[i].want,
	       task_cases[i].name);
	less = plan_text(&world, &world.facts);
	more = plan_text(&world, &all);
	is_str(less, more, "the same plan");
	rt_journal_fini(&world.journal);
	rt_facts_fini(&world.facts);
	rt_facts_fini(&all);
}

static void test_settings(struct rt_sys *sys)
{
	static const char cpu7[] = "sys/devices/system/cpu/cpu7/online";
	static const char cpu3[] = "sys/devices/system/cpu/cpu3/online";
	static const char governor[] =
		"sys/devices/system/cpu/cpu7/cpufreq/scaling_governor";
	struct rt_facts facts = { 0 };
	struct rt_cpuset cpus = { 0 };
	const struct rt_setting *found;
	struct rt_err err;

	rt_cpuset_add(&cpus, 7);
	is_int(rt_facts_read_settings_of(sys, &cpus, &facts, &err), 0,
	       "settings of CPU 7");
	ok(rt_settings_find(&facts.settings, cpu7) &&
		   !rt_settings_find(&facts.settings, cpu3),
	   "are of no other CPU");
	found = rt_settings_find(&facts.settings, governor);
	is_str(found ? found->value : NULL, "powersave", "with its governor");
	ok(rt_settings_find(&facts.settings, "proc/irq/default_smp_affinity"),
	   "and those of the host");
	rt_facts_fini(&facts);
}

int main(void)
{
	struct test_host host;
	struct rt_err err;
	struct rt_sys sys;

	if (!ok(test_host_make(&host, "smt2-numa2-12cpu-guest"), "a host") ||
	    !ok(rt_sys_open(host.root, &sys, &err) == 0, "opened"))
		return tap_done();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		test_case(&sys, i);
		test_same_plan(&sys, i);
	}
	test_numbers(&sys);
	for (size_t i = 0; i < sizeof(task_cases) / sizeof(*task_cases); i++)
		test_tasks(&sys, i);
	test_settings(&sys);
	rt_sys_close(&sys);
	test_host_remove(&host);
	return tap_done();
}
