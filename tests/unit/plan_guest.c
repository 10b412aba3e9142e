/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_guest.c - a started guest: its threads, its shield, and the sweep */
#include "plan_world.h"

#define CGROUP "sys/fs/cgroup/"
#define SCOPE  "machine.slice/g.scope"

static struct rt_process *add_process(struct world *world, const char *uuid)
{
	struct rt_processes *processes = &world->facts.processes;
	struct rt_process process = { .scope = strdup(SCOPE) };

	snprintf(process.uuid, sizeof(process.uuid), "%s", uuid);
	if (!process.scope || !rt_grow(&processes->items, processes->n,
				       &processes->size, sizeof(process)))
		must(-1);
	processes->items[processes->n] = process;
	return &processes->items[processes->n++];
}

static void add_thread(struct rt_process *process, unsigned tid,
		       enum rt_role role, unsigned vcpu, const char *leaf,
		       const char *affinity)
{
	struct rt_threads *threads = &process->threads;
	struct rt_thread thread = { .pid = 100,
				    .tid = tid,
				    .start = tid,
				    .role = role,
				    .vcpu = vcpu,
				    .leaf = strdup(leaf),
				    .affinity = cpus(affinity) };

	if (!thread.leaf || !rt_grow(&threads->items, threads->n,
				     &threads->size, sizeof(thread)))
		must(-1);
	threads->items[threads->n++] = thread;
}

static void add_file(struct rt_process *process, enum rt_kind kind,
		     const char *path, const char *value)
{
	char full[256];
	struct rt_err err;

	snprintf(full, sizeof(full), CGROUP "%s", path);
	must(rt_settings_add(&process->cgroup, kind, full, value, &err));
}

/* As libvirt leaves a guest that is not pinned: all over the place. */
static struct rt_process *add_guest(struct world *world)
{
	struct rt_process *process = add_process(world, RT1);

	add_file(process, RT_KIND_LIST, "machine.slice/cpuset.cpus.exclusive",
		 "");
	add_file(process, RT_KIND_LIST, SCOPE "/cpuset.cpus", "");
	add_file(process, RT_KIND_LIST, SCOPE "/cpuset.cpus.exclusive", "");
	add_file(process, RT_KIND_PARTITION, SCOPE "/cpuset.cpus.partition",
		 "member");
	add_file(process, RT_KIND_LIST, SCOPE "/libvirt/emulator/cpuset.cpus",
		 "6-11");
	add_file(process, RT_KIND_LIST, SCOPE "/libvirt/vcpu0/cpuset.cpus",
		 "6-11");
	add_file(process, RT_KIND_LIST, SCOPE "/libvirt/vcpu1/cpuset.cpus",
		 "8");
	add_thread(process, 100, RT_ROLE_EMULATOR, 0, "emulator", "0-11");
	add_thread(process, 101, RT_ROLE_VCPU, 0, "vcpu0", "6-11");
	add_thread(process, 102, RT_ROLE_VCPU, 1, "vcpu1", "8");
	add_thread(process, 103, RT_ROLE_EMULATOR, 0, "vcpu0", "6");
	add_thread(process, 104, RT_ROLE_VHOST, 0, "emulator", "10");
	world_guest(world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_STARTED);
	return process;
}

static void test_threads(void)
{
	const char *const wants[][2] = {
		{ "task/100/100/100", "10" },
		{ "task/100/101/101", "6" },
		{ "task/100/102/102", "8" },
		{ "task/100/103/103", "10" },
		{ "task/100/104/104", "10" },
		{ CGROUP SCOPE "/libvirt/emulator/cpuset.cpus", "10" },
		{ CGROUP SCOPE "/libvirt/vcpu0/cpuset.cpus", "6" },
	};
	const struct rt_step *step;
	struct world world;
	struct rt_plan plan;

	world_make(&world);
	add_guest(&world);
	if (!world_plan(&world, &plan))
		return;
	for (size_t i = 0; i < plan.n; i++) {
		if (strstr(plan.items[i].path, "task/100/") &&
		    plan.items[i].act != RT_ACT_OWN)
			ok(false, "%s must not be on record",
			   plan.items[i].path);
	}
	step = find_step(&plan, "task/100/103/103");
	ok(step && step->kind == RT_KIND_CGROUP &&
		   strcmp(step->value, SCOPE "/libvirt/emulator") == 0,
	   "a helper leaves the vCPU's cgroup before it changes CPUs");
	ok(!find_step(&plan, "task/100/102/102") &&
		   !find_step(&plan, "task/100/104/104"),
	   "who sits right is left alone");
	world_apply(&world, &plan);
	rt_plan_fini(&plan);
	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++)
		is_str(world_value(&world, wants[i][0]), wants[i][1],
		       wants[i][0]);
	world_fini(&world);
}

/* Where each of some helpers is, before and after. */
static const struct {
	const char *name;
	const char *before[8], *after[8];
	const char *service;
} hands[] = {
	{ "all anywhere",
	  { "0-11", "0-11", "0-11", "0-11" },
	  { "9", "10", "11", "9" },
	  "9-11" },
	{ "who sits stays",
	  { "11", "0-11", "10", "0-11" },
	  { "11", "9", "10", "9" },
	  "9-11" },
	{ "children inherit one CPU: the youngest move",
	  { "9", "9", "9", "9", "9", "9" },
	  { "9", "9", "11", "10", "11", "10" },
	  "9-11" },
	{ "the old of one CPU before the young of another",
	  { "9", "9", "9", "9", "10", "10", "10", "10" },
	  { "9", "9", "9", "11", "10", "10", "10", "11" },
	  "9-11" },
	{ "one more is even", { "9", "9", "10" }, { "9", "9", "10" }, "9-10" },
	{ "one service CPU", { "0-11", "9" }, { "10", "10" }, "10" },
	{ "on a CPU that is no service CPU", { "6" }, { "10" }, "10" },
};

static void deal(size_t i)
{
	struct rt_process *process;
	struct world world;
	unsigned n = 0;

	world_make(&world);
	process = add_process(&world, RT1);
	add_file(process, RT_KIND_PARTITION, SCOPE "/cpuset.cpus.partition",
		 "isolated");
	world.facts.isolated = cpus("6-11");
	for (; n < 8 && hands[i].before[n]; n++)
		add_thread(process, 100 + n, RT_ROLE_EMULATOR, 0, "emulator",
			   hands[i].before[n]);
	world_guest(&world, RT1, "rt1", "6,8-11", "6,8", hands[i].service,
		    RT_STAGE_STARTED);
	world_settle(&world, hands[i].name);
	for (unsigned k = 0; k < n; k++) {
		char path[64];

		snprintf(path, sizeof(path), "task/100/%u/%u", 100 + k,
			 100 + k);
		is_str(world_value(&world, path), hands[i].after[k], path);
	}
	world_fini(&world);
}

/* From 6.8 the kernel does it for a shield; what it holds is no original. */
static void test_workqueues_follow(void)
{
	static const char path[] = "sys/devices/virtual/workqueue/cpumask";
	struct world world;

	world_make(&world);
	add_guest(&world);
	world_set(&world, RT_KIND_MASK, path, "fff");
	world.facts.workqueues_follow = true;
	world_settle(&world, "workqueues that follow");
	is_str(world_value(&world, path), "fff", "are left to the kernel");
	world_fini(&world);
}

static void test_shield(void)
{
	const char *const exclusive =
		CGROUP "machine.slice/cpuset.cpus.exclusive";
	const char *const scope = CGROUP SCOPE "/cpuset.cpus.exclusive";
	const char *const partition = CGROUP SCOPE "/cpuset.cpus.partition";
	struct world world;
	struct rt_plan plan;
	struct rt_task *irq;

	world_make(&world);
	add_guest(&world);
	world_task(&world, 900, "0-11");
	world_task(&world, 901, "0-11")->movable = false;
	world_task(&world, 902, "8");
	irq = world_task(&world, 903, "9");
	irq->kernel = true;
	memcpy(irq->comm, "irq/27-aerdrv", 14);
	world_set(&world, RT_KIND_MASK, "sys/devices/virtual/workqueue/cpumask",
		  "fff");
	if (world_plan(&world, &plan)) {
		is_int(find_step(&plan, "task/903/903/1")->kind,
		       RT_KIND_IRQ_THREAD, "an interrupt's thread is one");
		is_int(find_step(&plan, "task/902/902/1")->kind,
		       RT_KIND_AFFINITY, "a task is none");
		ok(plan.again && find_step(&plan, exclusive) &&
			   find_step(&plan, exclusive) <
				   find_step(&plan, scope) &&
			   find_step(&plan, scope) <
				   find_step(&plan, partition),
		   "parents first, the partition last, then another look");
		ok(find_step(&plan, exclusive)->need == RT_MUST &&
			   find_step(&plan, partition)->need == RT_MUST,
		   "a guest must have its shield");
		ok(!find_step(&plan, "task/900/900/1"),
		   "what the kernel may do by itself is left to it");
		world_apply(&world, &plan);
		rt_plan_fini(&plan);
	}
	world_settle(&world, "shield");
	is_str(world_value(&world, "task/900/900/1"), "0-5",
	       "what it left behind is swept");
	is_str(world_value(&world, "task/901/901/1"), "0-11",
	       "but not what is bound");
	is_str(world_value(&world, "task/902/902/1"), "0-5",
	       "a task that was pinned there goes to the host's CPUs");
	is_str(world_value(&world, "sys/devices/virtual/workqueue/cpumask"),
	       "03f", "workqueues");
	is_str(world_value(&world, "task/903/903/1"), "0-5",
	       "an interrupt's thread, too");
	world_drop(&world, RT1);
	world_settle(&world, "after it");
	is_str(world_value(&world, "task/903/903/1"), "9",
	       "and goes back, too");
	is_str(world_value(&world, "task/902/902/1"), "8",
	       "and is given its pin back");
	is_str(world_value(&world, "task/900/900/1"), "0-11", "the others too");
	is_str(world_value(&world, exclusive), "", "no CPU is exclusive");
	ok(rt_journal_is_empty(&world.journal), "nothing is on record");
	world_fini(&world);
}

/* A task gets CPUs that are online: others come back with a mask of their own. */
static void test_sweep_online(void)
{
	struct world world;

	world_make(&world);
	world.topo.online = cpus("0-4,6-11");
	add_guest(&world);
	world_task(&world, 900, "0-11");
	world_settle(&world, "with a CPU that an administrator took offline");
	is_str(world_value(&world, "task/900/900/1"), "0-4",
	       "a task is moved to CPUs that are online");
	world_drop(&world, RT1);
	world_settle(&world, "after it");
	is_str(world_value(&world, "task/900/900/1"), "0-11",
	       "and may run anywhere again");
	world_fini(&world);
}

/* The shield is up though siblings that go offline are not behind it yet. */
static void test_sweep_siblings(void)
{
	struct world world;
	struct rt_plan plan;

	world_make(&world);
	add_guest(&world);
	world.facts.isolated = cpus("6,8,10");
	world_task(&world, 900, "0-11");
	if (!world_plan(&world, &plan))
		return;
	ok(find_step(&plan, "task/900/900/1"),
	   "a shield around the CPUs that are used is one");
	rt_plan_fini(&plan);
	world.facts.isolated = cpus("6,8");
	if (!world_plan(&world, &plan))
		return;
	ok(!find_step(&plan, "task/900/900/1"), "around some of them is none");
	rt_plan_fini(&plan);
	world_fini(&world);
}

/* Kernels before 6.7: the cgroups beside the guest are fenced in. */
static void test_fence(void)
{
	const struct rt_step *step;
	struct world world;
	struct rt_plan plan;

	world_make(&world);
	world.facts.has_partitions = false;
	add_guest(&world);
	world_set(&world, RT_KIND_LIST, CGROUP "system.slice/cpuset.cpus", "");
	world_set(&world, RT_KIND_LIST, CGROUP "user.slice/cpuset.cpus", "4-7");
	world_set(&world, RT_KIND_LIST, CGROUP "own.slice/cpuset.cpus", "0-1");
	world_set(&world, RT_KIND_LIST, CGROUP "far.slice/cpuset.cpus", "8-9");
	world_set(&world, RT_KIND_LIST, CGROUP "machine.slice/cpuset.cpus", "");
	world_set(&world, RT_KIND_LIST, CGROUP "machine/cpuset.cpus", "");
	if (world_plan(&world, &plan)) {
		step = find_step(&plan, CGROUP "system.slice/cpuset.cpus");
		ok(step && strcmp(step->musts, RT1 " ") == 0,
		   "an empty list is all CPUs, and the guest must be out");
		rt_plan_fini(&plan);
	}
	world_settle(&world, "fence");
	is_str(world_value(&world, CGROUP "system.slice/cpuset.cpus"), "0-5",
	       "all CPUs less the guest's");
	is_str(world_value(&world, CGROUP "user.slice/cpuset.cpus"), "4-5",
	       "some less the guest's");
	is_str(world_value(&world, CGROUP "own.slice/cpuset.cpus"), "0-1",
	       "who has none of them stays");
	is_str(world_value(&world, CGROUP "far.slice/cpuset.cpus"), "0-5",
	       "who has nothing else gets the host's");
	is_str(world_value(&world, CGROUP "machine.slice/cpuset.cpus"), "",
	       "the guest's own parent stays open");
	is_str(world_value(&world, CGROUP "machine/cpuset.cpus"), "0-5",
	       "but not another whose name begins like it");
	is_str(world_value(&world, CGROUP SCOPE "/cpuset.cpus.partition"),
	       "member", "no partition is made");
	world_task(&world, 910, "0-5");
	world_task(&world, 911, "3");
	world_settle(&world, "behind the fence");
	ok(!rt_journal_find(&world.journal, "task/910/910/1"),
	   "what the fence leaves is nobody's choice");
	ok(rt_journal_find(&world.journal, "task/911/911/1"), "less is");
	world_drop(&world, RT1);
	world_settle(&world, "after it");
	is_str(world_value(&world, CGROUP "system.slice/cpuset.cpus"), "",
	       "no fence is left");
	is_str(world_value(&world, CGROUP "user.slice/cpuset.cpus"), "4-7",
	       "nor here");
	world_fini(&world);
}

static void refuses(struct world *world, const char *want, const char *name)
{
	const char *why;
	struct rt_plan plan;

	if (!world_plan(world, &plan))
		return;
	why = rt_outcomes_find(&plan.outcomes, RT1);
	ok(why && strstr(why, want), "%s: %s", name, why ? why : "no outcome");
	rt_plan_fini(&plan);
}

/* Its thread followed an interrupt onto the guest's CPU, and stayed there. */
static void test_irq_thread_on_record(void)
{
	RT_AUTO_STRBUF entries = { 0 };
	struct world world;
	struct rt_task *task;

	world_make(&world);
	add_guest(&world);
	world_guest(&world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_STARTED);
	world_settle(&world, "with its shield");
	rt_journal_add_save(&entries, RT_KIND_IRQ_THREAD, "task/116/116/1", "3",
			    "3");
	world_enter(&world, &entries);
	task = world_task(&world, 116, "6");
	task->kernel = true;
	snprintf(task->comm, sizeof(task->comm), "irq/9-acpi");
	world_settle(&world, "an interrupt's thread on record is in the way");
	is_str(world_value(&world, "task/116/116/1"), "3",
	       "it goes where it was");
	world_fini(&world);
}

static void test_refusals(void)
{
	struct rt_process *process;
	struct world world;

	world_make(&world);
	process = add_process(&world, RT1);
	world_guest(&world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_STARTED);
	refuses(&world, "has no cpuset.cpus.partition", "no cpuset controller");
	free(process->scope);
	process->scope = NULL;
	refuses(&world, "no cgroup of its own", "no cgroup");
	world_fini(&world);
}

/* An ordinary guest is bound to its cpuset, less what was taken from it. */
static void test_ordinary(void)
{
	struct rt_process *process;
	struct world world;

	world_make(&world);
	world_guest(&world, RT2, "plain", "0-7", "", "0-7", RT_STAGE_STARTED);
	process = add_process(&world, RT2);
	add_thread(process, 100, RT_ROLE_EMULATOR, 0, "emulator", "0-11");
	add_thread(process, 101, RT_ROLE_VCPU, 0, "vcpu0", "3");
	world_settle(&world, "ordinary");
	is_str(world_value(&world, "task/100/100/100"), "0-7",
	       "a thread that may run anywhere is bound");
	is_str(world_value(&world, "task/100/101/101"), "3",
	       "a pin of the user's within stays");
	ok(rt_journal_is_empty(&world.journal) == false &&
		   !world.journal.n_saved,
	   "nothing of it is on record");
	world_guest(&world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_PREPARED);
	world_settle(&world, "beside a real-time guest");
	is_str(world_value(&world, "task/100/100/100"), "0-5",
	       "it keeps off that one's CPUs");
	world_fini(&world);
}

int main(void)
{
	test_threads();
	for (size_t i = 0; i < sizeof(hands) / sizeof(*hands); i++)
		deal(i);
	test_shield();
	test_sweep_online();
	test_sweep_siblings();
	test_workqueues_follow();
	test_fence();
	test_refusals();
	test_irq_thread_on_record();
	test_ordinary();
	return tap_done();
}
