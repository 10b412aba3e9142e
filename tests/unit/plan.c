/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan.c - interrupts, masks and CPUs: what one guest, two, and none need */
#include "core/record/entry.h"
#include "plan_world.h"

#include <stdlib.h>

#define CPU    "sys/devices/system/cpu/cpu"
#define IRQ(n) "proc/irq/" #n "/smp_affinity_list"
#define BANNED "irqbalance/710/7"

static void add_cpu(struct world *world, unsigned cpu)
{
	char path[128];

	snprintf(path, sizeof(path), CPU "%u/power/pm_qos_resume_latency_us",
		 cpu);
	world_set(world, RT_KIND_TEXT, path, "0");
	snprintf(path, sizeof(path), CPU "%u/cpufreq/scaling_governor", cpu);
	world_set(world, RT_KIND_TEXT, path, "powersave");
}

static void make_host(struct world *world)
{
	world_make(world);
	for (unsigned cpu = 0; cpu < 12; cpu++)
		add_cpu(world, cpu);
	world_set(world, RT_KIND_MASK, DEFAULT_MASK, "fff");
	world_set(world, RT_KIND_LIST, "proc/sys/kernel/watchdog_cpumask",
		  "0-11");
	world_set(world, RT_KIND_MASK,
		  "sys/class/net/eth0/queues/rx-0/rps_cpus", "0c0");
	world_set(world, RT_KIND_MASK,
		  "sys/class/net/eth1/queues/rx-0/rps_cpus", "000");
	world_set(world, RT_KIND_IRQBALANCE, BANNED, "1");
	world_irq(world, 1, "0-11", -1);
	world_irq(world, 2, "6-11", 1);
	world_irq(world, 3, "0-3", 0);
	world_irq(world, 4, "6", 1)->movable = false;
	world_irq(world, 5, "4-5", 0);
	world_task(world, 900, "2-3");
	world_task(world, 901, "0-11");
	world_task(world, 902, "7")->movable = false;
}

/* RT1 is on node 1, less the core 6,7; RT2 on CPUs 2-5. */
static void add_one(struct world *world, enum rt_stage stage)
{
	world_guest(world, RT1, "rt1", "8-11", "8", "10", stage);
}

static void add_two(struct world *world)
{
	world_guest(world, RT2, "rt2", "2-5", "2", "4", RT_STAGE_PREPARED);
}

/* What each target holds with neither guest, one, both, and the other. */
static const struct {
	const char *path, *none, *one, *both, *two;
} targets[] = {
	{ DEFAULT_MASK, "fff", "0ff", "0c3", "fc3" },
	{ "proc/sys/kernel/watchdog_cpumask", "0-11", "0-7", "0-1,6-7",
	  "0-1,6-11" },
	{ "sys/class/net/eth0/queues/rx-0/rps_cpus", "0c0", "0c0", "0c0",
	  "0c0" },
	{ "sys/class/net/eth1/queues/rx-0/rps_cpus", "000", "000", "000",
	  "000" },
	{ BANNED, "1", "1,8-11", "1-5,8-11", "1-5" },
	{ IRQ(1), "0-11", "0-7", "0-1,6-7", "0-1,6-11" },
	{ IRQ(2), "6-11", "6-7", "6-7", "6-11" },
	{ IRQ(3), "0-3", "0-3", "0-1", "0-1" },
	{ IRQ(4), "6", "6", "6", "6" },
	/* Nothing is left of 4-5: the housekeeping CPUs of node 0. */
	{ IRQ(5), "4-5", "4-5", "0-1", "0-1" },
	{ CPU "8/online", "1", "1", "1", "1" },
	{ CPU "9/online", "1", "0", "0", "1" },
	{ CPU "3/online", "1", "1", "0", "0" },
	{ CPU "8/power/pm_qos_resume_latency_us", "0", "n/a", "n/a", "0" },
	{ CPU "10/power/pm_qos_resume_latency_us", "0", "0", "0", "0" },
	{ CPU "2/cpufreq/scaling_governor", "powersave", "powersave",
	  "performance", "performance" },
	{ "task/900/900/1", "2-3", "2-3", "2-3", "2-3" },
	{ "task/901/901/1", "0-11", "0-11", "0-11", "0-11" },
};

static void check_targets(struct world *world, size_t column, const char *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		const char *const wants[] = { targets[i].none, targets[i].one,
					      targets[i].both, targets[i].two };
		char text[128];

		snprintf(text, sizeof(text), "%s: %s", name, targets[i].path);
		is_str(world_value(world, targets[i].path), wants[column],
		       text);
	}
}

static void is_over(const struct world *world, const char *name)
{
	ok(rt_journal_is_empty(&world->journal), "%s: nothing is on record",
	   name);
}

/* Who came first goes first. */
static void test_in_order(void)
{
	struct world world;

	make_host(&world);
	check_targets(&world, 0, "before");
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "one");
	check_targets(&world, 1, "one");
	add_two(&world);
	world_settle(&world, "both");
	check_targets(&world, 2, "both");
	world_drop(&world, RT1);
	world_settle(&world, "the second alone");
	check_targets(&world, 3, "the second alone");
	world_drop(&world, RT2);
	world_settle(&world, "none");
	check_targets(&world, 0, "none");
	is_over(&world, "none");
	world_fini(&world);
}

static void test_in_reverse(void)
{
	struct world world;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "one");
	add_two(&world);
	world_settle(&world, "both");
	world_drop(&world, RT2);
	world_settle(&world, "the first alone");
	check_targets(&world, 1, "the first alone");
	world_drop(&world, RT1);
	world_settle(&world, "none");
	check_targets(&world, 0, "none");
	is_over(&world, "none");
	world_fini(&world);
}

/* Both at once is the same as one after the other. */
static void test_at_once(void)
{
	struct world world;

	make_host(&world);
	add_two(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "at once");
	check_targets(&world, 2, "at once");
	world_drop(&world, RT1);
	world_drop(&world, RT2);
	world_settle(&world, "none");
	check_targets(&world, 0, "none");
	world_fini(&world);
}

static size_t place_of(const struct rt_plan *plan, const char *path)
{
	const struct rt_step *step = find_step(plan, path);

	ok(step != NULL, "there is a step for %s", path);
	return step ? (size_t)(step - plan->items) : 0;
}

static void test_order(void)
{
	struct world world;
	struct rt_plan plan;
	unsigned wrong = 0;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	if (world_plan(&world, &plan)) {
		ok(place_of(&plan, DEFAULT_MASK) < place_of(&plan, IRQ(1)) &&
			   place_of(&plan, BANNED) < place_of(&plan, IRQ(1)),
		   "nothing flows back while interrupts leave");
		ok(place_of(&plan, IRQ(2)) < place_of(&plan, CPU "9/online") &&
			   place_of(&plan, "task/900/900/1") <
				   place_of(&plan, CPU "9/online"),
		   "interrupts leave and masks are noted before CPUs go down");
		world_apply(&world, &plan);
		rt_plan_fini(&plan);
	}
	world_drop(&world, RT1);
	add_two(&world);
	if (world_plan(&world, &plan)) {
		size_t last = world.journal.n_saved, n = 0;

		while (n < plan.n && plan.items[n].act == RT_ACT_RESTORE) {
			const struct rt_saved *saved = rt_journal_find(
				&world.journal, plan.items[n++].path);
			const size_t at = (size_t)(saved - world.journal.saved);

			wrong += at >= last;
			last = at;
		}
		ok(n > 3 && !wrong, "%zu are given back, latest first", n);
		for (size_t i = n; i < plan.n; i++)
			wrong += plan.items[i].act == RT_ACT_RESTORE;
		is_int(wrong, 0, "before anything else");
		rt_plan_fini(&plan);
	}
	world_fini(&world);
}

/* Masks get smaller, never wider, and no other CPU is touched. */
static void test_reach(void)
{
	struct world world;
	struct rt_plan plan;
	unsigned wrong = 0;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	if (!world_plan(&world, &plan))
		return;
	for (size_t i = 0; i < plan.n; i++) {
		const struct rt_step *step = &plan.items[i];
		struct rt_cpuset now, value;
		struct rt_err err;
		unsigned cpu;

		if (sscanf(step->path, CPU "%u/", &cpu) == 1)
			wrong += cpu < 8;
		else if (step->kind == RT_KIND_LIST)
			wrong += rt_cpuset_parse_list(step->now, &now, &err) ||
				 rt_cpuset_parse_list(step->value, &value,
						      &err) ||
				 !rt_cpuset_is_subset(&value, &now);
		if (wrong) {
			ok(false, "%s reaches too far", step->path);
			break;
		}
	}
	ok(!wrong && plan.n > 8, "of %zu steps none reaches too far", plan.n);
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* What somebody else does meanwhile is not undone. */
static void test_others(void)
{
	struct world world;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "one");
	world.facts.irqs.items[0].affinity = cpus("3");
	world_settle(&world, "an interrupt that was moved aside stays");
	is_str(world_value(&world, IRQ(1)), "3", "where it was put");
	world.facts.irqs.items[0].affinity = cpus("3,8");
	world_settle(&world, "an interrupt that was moved in the way");
	is_str(world_value(&world, IRQ(1)), "0-7", "is moved off");
	world_fini(&world);
}

static struct rt_plan plan_of(struct world *world)
{
	struct rt_plan plan = { 0 };

	world_plan(world, &plan);
	return plan;
}

/* The kernel refused for good: no look tries again while it is the same. */
static void test_fixed(void)
{
	static const struct {
		const char *name, *affinity;
		bool stays; /* the guest, */
		int act;    /* and then what is done */
		bool again;
	} cases[] = {
		{ "one that nobody may move", "8", true, -1, false },
		{ "another one under its number", "9", true, RT_ACT_RESTORE,
		  true },
		{ "another one that is in nobody's way", "0", true,
		  RT_ACT_RESTORE, true },
		{ "the guest is gone", "8", false, RT_ACT_RESTORE, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		RT_AUTO_STRBUF entries = { 0 };
		const struct rt_step *step;
		struct world world;
		struct rt_plan plan;

		world_make(&world);
		world_set(&world, RT_KIND_MASK, DEFAULT_MASK, "fff");
		add_one(&world, RT_STAGE_PREPARED);
		world_settle(&world, cases[i].name);
		world_irq(&world, 33, "8", 1);
		plan = plan_of(&world);
		step = find_step(&plan, IRQ(33));
		ok(step && step->act == RT_ACT_SET, "it is tried once");
		rt_plan_fini(&plan);
		rt_journal_add_save(&entries, RT_KIND_LIST, IRQ(33), "8",
				    "6-7");
		rt_journal_add_fixed(&entries, IRQ(33));
		world_enter(&world, &entries);
		world.facts.irqs.items[0].affinity = cpus(cases[i].affinity);
		if (!cases[i].stays)
			world_drop(&world, RT1);
		plan = plan_of(&world);
		step = find_step(&plan, IRQ(33));
		is_int(step ? (int)step->act : -1, cases[i].act, cases[i].name);
		if (cases[i].stays)
			is_int(plan.again, cases[i].again, "a further look");
		rt_plan_fini(&plan);
		world_fini(&world);
	}
}

/* What the kernel makes of a mask when it gives it back. */
static void test_given_back(void)
{
	static char original[] = "7-8", path[] = "task/9/9/0";
	const struct rt_saved saved = { .kind = RT_KIND_AFFINITY,
					.path = path,
					.original = original,
					.wrote = original,
					.before = original };
	struct rt_topo topo = { .present = cpus("0-11"),
				.online = cpus("0-6,8,10") };

	ok(rt_saved_is_ours(&saved, "8", &topo),
	   "a mask without the CPU that is offline is the kernel's");
	ok(!rt_saved_is_ours(&saved, "7", &topo), "another one is not");
	topo.online = cpus("0-11");
	ok(!rt_saved_is_ours(&saved, "8", &topo),
	   "nor is it when all CPUs are online");
}

static void test_none_left(void)
{
	const char *why;
	struct rt_plan plan;
	struct world world;

	make_host(&world);
	world_guest(&world, RT1, "rt1", "0-11", "0,2", "4", RT_STAGE_PREPARED);
	if (!world_plan(&world, &plan))
		return;
	why = rt_outcomes_find(&plan.outcomes, RT1);
	ok(why && strstr(why, "own 0-11"), "no CPU for the host: %s", why);
	is_int((long)plan.n, 0, "and nothing is done for it");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* An interrupt that appeared under kvmrt's default mask: 0-7. */
static const struct {
	const char *name, *affinity;
	unsigned number;
	int node;
	const char *want; /* after the guest has gone */
} newborns[] = {
	{ "of a device on the guest's node", "6-7", 60, 1, "6-11" },
	{ "of one on the other node", "0-5", 60, 0, "0-5" },
	{ "of no device", "0-7", 60, -1, "0-11" },
	{ "that somebody has moved", "2", 60, 1, "2" },
	{ "that was seen before", "6-7", 2, 1, "6-7" },
	{ "with a number above that of any CPU", "0-7", 9000, -1, "0-11" },
};

static void try_newborn(size_t i, bool moves)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_cpuset stuck = { 0 };
	struct rt_range ranges[] = { { 1, 5 } };
	const struct rt_ranges seen = { ranges, 1, 1 };
	struct world world;
	struct rt_plan plan;
	char path[64];

	world_make(&world);
	world_set(&world, RT_KIND_MASK, DEFAULT_MASK, "fff");
	rt_journal_add_seen(&entries, &seen);
	world_enter(&world, &entries);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, newborns[i].name);
	world_irq(&world, newborns[i].number, newborns[i].affinity,
		  newborns[i].node);
	stuck = world.facts.irqs.items[0].affinity;
	world_settle(&world, "with the guest nothing is done to it");
	world_drop(&world, RT1);
	snprintf(path, sizeof(path), "proc/irq/%u/smp_affinity_list",
		 newborns[i].number);
	for (unsigned n = 0; n < 3; n++) {
		world.last = n == 2;
		if (!world_plan(&world, &plan))
			break;
		world_apply(&world, &plan);
		rt_plan_fini(&plan);
		if (!moves)
			world.facts.irqs.items[0].affinity = stuck;
	}
	is_str(world_value(&world, path),
	       moves ? newborns[i].want : newborns[i].affinity,
	       newborns[i].name);
	is_str(world_value(&world, DEFAULT_MASK), "fff",
	       "the default mask is given back");
	is_over(&world, newborns[i].name);
	world_fini(&world);
}

static void test_newborns(void)
{
	for (size_t i = 0; i < sizeof(newborns) / sizeof(*newborns); i++)
		try_newborn(i, true);
	try_newborn(0, false);
}

static void test_devices(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_active active;
	struct world world;
	struct rt_irq *irq;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	active = world.journal.active[0];
	active.guest.pcidevs =
		(struct rt_pci_set){ &(struct rt_pci_addr){ 0, 0x81, 0, 0 }, 1,
				     1 };
	rt_journal_add_guest(&entries, &active);
	world_enter(&world, &entries);
	irq = world_irq(&world, 50, "0-11", 1);
	irq->has_device = irq->vfio = true;
	irq->device.bus = 0x81;
	world_settle(&world, "a passed device");
	is_str(world_value(&world, IRQ(50)), "10",
	       "its interrupt goes to the last service CPU");
	ok(!rt_journal_find(&world.journal, IRQ(50)),
	   "and is not on record: it ends with the guest");
	world_drop(&world, RT1);
	world_settle(&world, "without the guest");
	is_over(&world, "without the guest");
	world_fini(&world);
}

/* INTx: the line stays when the guest has gone, and so would our mask. */
static void test_intx(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_active active;
	struct world world;
	struct rt_irq *irq;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	active = world.journal.active[0];
	active.guest.pcidevs =
		(struct rt_pci_set){ &(struct rt_pci_addr){ 0, 0x81, 0, 0 }, 1,
				     1 };
	rt_journal_add_guest(&entries, &active);
	world_enter(&world, &entries);
	irq = world_irq(&world, 50, "0-11", 1);
	free(irq->name);
	irq->name = strdup("vfio-intx(0000:81:00.0)");
	irq->has_device = irq->vfio = true;
	irq->device.bus = 0x81;
	world_settle(&world, "a card without MSI");
	is_str(world_value(&world, IRQ(50)), "10",
	       "its line goes to the last service CPU");
	ok(rt_journal_find(&world.journal, IRQ(50)), "and is on record");
	world.facts.irqs.items[world.facts.irqs.n - 1].affinity = cpus("8");
	world_settle(&world, "somebody moves it");
	is_str(world_value(&world, IRQ(50)), "10", "it is moved back");
	world_drop(&world, RT1);
	world_settle(&world, "without the guest");
	is_str(world_value(&world, IRQ(50)), "0-11", "it goes back");
	is_over(&world, "without the guest");
	world_fini(&world);
}

/* What is left of a mask must have a CPU that is online, and not a guest's. */
static void test_nothing_left(void)
{
	struct world world;

	make_host(&world);
	world.topo.online = cpus("0-4,6-11");
	world_irq(&world, 60, "5,8", 0);
	world_irq(&world, 61, "7-8", 1);
	world_guest(&world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_PREPARED);
	world_settle(&world, "a CPU is offline already");
	is_str(world_value(&world, IRQ(60)), "0-4",
	       "the CPU that is left is offline: those of the node");
	is_str(world_value(&world, IRQ(61)), "0-4",
	       "none of the node is left: those of the host");
	world_fini(&world);
}

/* A newer version has it on record: it is neither written nor restored. */
static void test_newer(void)
{
	const char *why;
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	if (!rt_texts_add(&world.journal.foreign, DEFAULT_MASK) ||
	    !rt_texts_add(&world.journal.foreign, CPU "9/online"))
		return;
	add_one(&world, RT_STAGE_PREPARED);
	plan = plan_of(&world);
	ok(!find_step(&plan, DEFAULT_MASK) && !find_step(&plan, CPU "9/online"),
	   "what a newer version saved is left alone");
	why = rt_outcomes_find(&plan.outcomes, RT1);
	ok(why && strstr(why, CPU "9/online is on record in a form"),
	   "and is lacking where it is a must: %s", why ? why : "no outcome");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* CPUs that come or go make the kernel place threads of its own anew. */
static void test_again(void)
{
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	world.facts.isolated = cpus("8,10");
	add_one(&world, RT_STAGE_STARTED);
	plan = plan_of(&world);
	ok(plan.again && find_step(&plan, CPU "9/online"),
	   "a CPU goes offline while a guest runs: there is more to see");
	world_apply(&world, &plan);
	rt_plan_fini(&plan);
	plan = plan_of(&world);
	ok(!plan.again, "and then no more");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* Who is left out has no part in what the others get. */
static void test_left_out(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_active active;
	struct world world;
	struct rt_irq *irq;
	struct rt_plan plan;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_guest(&world, RT2, "rt2", "0-7", "0,2", "4", RT_STAGE_PREPARED);
	active = world.journal.active[1];
	active.guest.pcidevs =
		(struct rt_pci_set){ &(struct rt_pci_addr){ 0, 0x81, 0, 0 }, 1,
				     1 };
	rt_journal_add_guest(&entries, &active);
	world_enter(&world, &entries);
	irq = world_irq(&world, 50, "0-11", 1);
	irq->has_device = irq->vfio = true;
	irq->device.bus = 0x81;
	plan = plan_of(&world);
	ok(rt_outcomes_find(&plan.outcomes, RT2) &&
		   !rt_outcomes_find(&plan.outcomes, RT1),
	   "who came last is left out");
	world_apply(&world, &plan);
	rt_plan_fini(&plan);
	check_targets(&world, 1, "beside one that is left out");
	is_str(world_value(&world, IRQ(50)), "0-7",
	       "its device's interrupt is like any other");
	world_fini(&world);
}

/* What cannot be read now is neither written nor restored. */
static void test_unread(void)
{
	static const char *const paths[] = { DEFAULT_MASK, BANNED,
					     CPU "8/cpufreq/scaling_governor",
					     CPU "9/online" };
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "one");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		world_hold(&world, paths[i], RT_UNREAD);
	plan = plan_of(&world);
	is_int((long)plan.n, 0, "nothing is done about what cannot be read");
	ok(rt_outcomes_find(&plan.outcomes, RT1),
	   "a sibling that may be online is lacking");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* Who must have a step, and who may. */
static void test_needs(void)
{
	const struct rt_step *step;
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	add_two(&world);
	plan = plan_of(&world);
	step = find_step(&plan, CPU "9/online");
	ok(step && step->need == RT_MUST && strcmp(step->musts, RT1 " ") == 0,
	   "a guest must have its siblings offline");
	step = find_step(&plan, DEFAULT_MASK);
	ok(step && step->need == RT_MAY && !*step->musts,
	   "and may have new interrupts off");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* CPUs that the last guest leaves come online first, and count already. */
static void test_online_soon(void)
{
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	add_one(&world, RT_STAGE_PREPARED);
	world_settle(&world, "one");
	world.topo.online = cpus("0-8,10");
	world_drop(&world, RT1);
	world_guest(&world, RT2, "rt2", "0-8,10", "0,2", "4",
		    RT_STAGE_PREPARED);
	plan = plan_of(&world);
	ok(!rt_outcomes_find(&plan.outcomes, RT2),
	   "the host has the CPUs that come back");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* A step is for whom it helps now, though others claim the setting, too. */
static void test_whose(void)
{
	const struct rt_step *step;
	struct world world;
	struct rt_plan plan;

	make_host(&world);
	world_irq(&world, 62, "2-3,8-9", -1);
	add_one(&world, RT_STAGE_PREPARED);
	add_two(&world);
	world_settle(&world, "both");
	world.facts.irqs.items[world.facts.irqs.n - 1].affinity = cpus("3");
	plan = plan_of(&world);
	step = find_step(&plan, IRQ(62));
	is_str(step ? step->guest : NULL, "rt2",
	       "an interrupt that was moved to one guest's CPU");
	rt_plan_fini(&plan);
	world_hold(&world, BANNED, "7");
	world_settle(&world, "somebody tells irqbalance something else");
	is_str(world_value(&world, BANNED), "1-5,8-11",
	       "it is told again, for it tells nobody's choice");
	world_fini(&world);
}

int main(void)
{
	test_in_order();
	test_in_reverse();
	test_at_once();
	test_order();
	test_reach();
	test_others();
	test_fixed();
	test_given_back();
	test_none_left();
	test_newborns();
	test_devices();
	test_intx();
	test_nothing_left();
	test_newer();
	test_again();
	test_left_out();
	test_needs();
	test_whose();
	test_online_soon();
	test_unread();
	return tap_done();
}
