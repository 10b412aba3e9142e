/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_quiet.c - what is switched off: servers for vCPUs' CPUs, and host-wide */
#include "core/model/suppress.h"
#include "plan_world.h"

#define FAIR(n) RT_SERVERS "/fair_server/cpu" #n "/runtime"
#define EXT(n)	RT_SERVERS "/ext_server/cpu" #n "/runtime"
#define DEFAULT "50000000"

static void add_thread(struct rt_process *process, unsigned tid,
		       enum rt_role role, unsigned vcpu, const char *leaf)
{
	struct rt_threads *threads = &process->threads;
	const struct rt_thread thread = {
		.pid = 100,
		.tid = tid,
		.start = tid,
		.role = role,
		.vcpu = vcpu,
		.sched = "other",
		.leaf = strdup(leaf),
		.affinity = cpus("0-11"),
	};

	if (!rt_grow(&threads->items, threads->n, &threads->size,
		     sizeof(thread)))
		must(-1);
	threads->items[threads->n++] = thread;
}

/* vCPU 0 is on CPU 6, vCPU 1 on 8; helpers are on 10. */
static struct rt_process *make_guest(struct world *world)
{
	struct rt_processes *processes = &world->facts.processes;
	struct rt_process process = { .uuid = RT1 };

	world_make(world);
	world_set(world, RT_KIND_TEXT, FAIR(6), DEFAULT);
	world_set(world, RT_KIND_TEXT, FAIR(8), "40000000");
	world_set(world, RT_KIND_TEXT, FAIR(10), DEFAULT);
	world_set(world, RT_KIND_TEXT, EXT(6), DEFAULT);
	if (!rt_grow(&processes->items, processes->n, &processes->size,
		     sizeof(process)))
		must(-1);
	add_thread(&process, 100, RT_ROLE_EMULATOR, 0, "emulator");
	add_thread(&process, 101, RT_ROLE_VCPU, 0, "vcpu0");
	add_thread(&process, 102, RT_ROLE_VCPU, 1, "vcpu1");
	add_thread(&process, 103, RT_ROLE_EMULATOR, 0, "vcpu0");
	processes->items[processes->n] = process;
	world_guest(world, RT1, "rt1", "6-11", "6,8", "10", RT_STAGE_STARTED);
	return &processes->items[processes->n++];
}

static void check(struct world *world, const char *name, const char *fair6,
		  const char *fair8, const char *ext6)
{
	world_settle(world, name);
	is_str(world_value(world, FAIR(6)), fair6, "the server of vCPU 0");
	is_str(world_value(world, FAIR(8)), fair8, "the server of vCPU 1");
	is_str(world_value(world, EXT(6)), ext6, "the other server");
	is_str(world_value(world, FAIR(10)), DEFAULT,
	       "the server of a service CPU stays");
}

/* What the plan does to a thread's class; NULL: nothing. */
static const char *planned(const struct rt_plan *plan, unsigned tid)
{
	char path[64];

	snprintf(path, sizeof(path), "task/100/%u/%u", tid, tid);
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->items[i].kind == RT_KIND_SCHED &&
		    strcmp(plan->items[i].path, path) == 0)
			return plan->items[i].value;
	}
	return NULL;
}

static void check_classes(struct world *world, const char *emulator,
			  const char *vcpu0, const char *vcpu1,
			  const char *helper)
{
	struct rt_plan plan;

	if (!world_plan(world, &plan))
		return;
	is_str(planned(&plan, 100), emulator, "the emulator's class");
	is_str(planned(&plan, 101), vcpu0, "vCPU 0's");
	is_str(planned(&plan, 102), vcpu1, "vCPU 1's");
	is_str(planned(&plan, 103), helper, "of a helper in a vCPU's cgroup");
	rt_plan_fini(&plan);
}

/* A leaf that a helper can go to. */
static void world_settings(struct rt_process *process)
{
	must(rt_settings_add(&process->cgroup, RT_KIND_LIST,
			     "sys/fs/cgroup/a.scope/libvirt/emulator/"
			     "cpuset.cpus",
			     "10", &(struct rt_err){ 0 }));
	process->scope = strdup("a.scope");
}

static void set_class(struct rt_process *process, size_t thread,
		      const char *class)
{
	snprintf(process->threads.items[thread].sched,
		 sizeof(process->threads.items[thread].sched), "%s", class);
}

static void test_classes(void)
{
	struct world world;
	struct rt_process *process = make_guest(&world);
	unsigned *fifo = &world.journal.active[0].guest.vcpu_fifo;

	world_settings(process);
	check(&world, "vCPUs are SCHED_OTHER", "0", "0", "0");
	check_classes(&world, NULL, NULL, NULL, NULL);
	for (size_t i = 0; i < process->threads.n; i++)
		set_class(process, i, "fifo:5");
	check_classes(&world, NULL, "other", "other", NULL);
	snprintf(process->threads.items[3].comm,
		 sizeof(process->threads.items[3].comm), "kvm-nx-lpage-re");
	check_classes(&world, NULL, "other", "other", "other");
	process->threads.items[3].comm[0] = 'K';
	free(process->threads.items[3].leaf);
	process->threads.items[3].leaf = strdup("vcpu0");
	check_classes(&world, NULL, "other", "other", "other");
	*fifo = 5;
	check_classes(&world, NULL, NULL, NULL, "other");
	check(&world, "vCPUs are SCHED_FIFO", DEFAULT, "40000000", DEFAULT);
	is_str(process->threads.items[1].sched, "fifo:5", "vCPU 0 is");
	is_str(process->threads.items[3].sched, "other", "the helper is not");
	set_class(process, 2, "fifo:6");
	check_classes(&world, NULL, NULL, "fifo:5", NULL);
	set_class(process, 1, "");
	check_classes(&world, NULL, NULL, "fifo:5", NULL);
	*fifo = 0;
	check(&world, "and SCHED_OTHER again", "0", "0", "0");
	world_hold(&world, FAIR(8), "30000000");
	check(&world, "somebody else writes", "0", "0", "0");
	process->unread = strdup("hidden");
	for (size_t i = 0; i < process->threads.n; i++)
		free(process->threads.items[i].leaf);
	process->threads.n = 0;
	check(&world, "the process is hidden", "0", "0", "0");
	world_drop(&world, RT1);
	check(&world, "the guest ends", DEFAULT, "30000000", DEFAULT);
	ok(rt_journal_is_empty(&world.journal), "nothing is on record");
	world_fini(&world);
}

static void record(struct world *world, const char *uuid, const char *name,
		   const char *cpuset, uint32_t suppress)
{
	struct rt_active active = { .stage = RT_STAGE_STARTED, .pid = 100 };
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_guest *guest = &active.guest;

	snprintf(guest->uuid, sizeof(guest->uuid), "%s", uuid);
	guest->name = (char *)(uintptr_t)name;
	guest->rt = true;
	guest->owned = guest->cpuset = guest->usable = guest->service =
		cpus(cpuset);
	guest->suppress = suppress;
	rt_journal_add_guest(&entries, &active);
	world_enter(world, &entries);
}

/* Each while any guest asks for it; a bit that is not known stays and harms nothing. */
static void test_suppress(void)
{
	const uint32_t newer = UINT32_C(1) << 31;
	struct world world;

	world_make(&world);
	for (size_t i = 0; i < rt_suppress_words.n; i++)
		world_set(&world, RT_KIND_TEXT, rt_suppressions[i].path, "7");
	for (size_t i = 0; i < rt_suppress_words.n; i++) {
		const struct rt_suppression *s = &rt_suppressions[i];
		const uint32_t bit = UINT32_C(1) << i;

		record(&world, RT1, "rt1", "6-7", bit | newer);
		record(&world, RT2, "rt2", "2-3", bit);
		world_settle(&world, "both");
		for (size_t k = 0; k < rt_suppress_words.n; k++)
			is_str(world_value(&world, rt_suppressions[k].path),
			       k == i ? s->value : "7",
			       rt_suppressions[k].path);
		ok(world.journal.active[0].guest.suppress == (bit | newer),
		   "the unknown bit is on record");
		world_drop(&world, RT1);
		world_settle(&world, "one");
		is_str(world_value(&world, s->path), s->value, s->why);
		world_drop(&world, RT2);
		world_settle(&world, "none");
		for (size_t k = 0; k < rt_suppress_words.n; k++)
			is_str(world_value(&world, rt_suppressions[k].path),
			       "7", rt_suppressions[k].path);
	}
	ok(rt_journal_is_empty(&world.journal), "nothing is on record");
	world_fini(&world);
}

/* smt = idle: the siblings are the guest's, online, and nobody is on them. */
static void test_idle(void)
{
	struct rt_active active = { .stage = RT_STAGE_STARTED, .pid = 100 };
	RT_AUTO_STRBUF entries = { 0 };
	struct rt_guest *guest = &active.guest;
	struct rt_cpuset idle;
	struct rt_plan plan;
	struct world world;
	char rt1[] = "rt1";

	world_make(&world);
	world_set(&world, RT_KIND_MASK, DEFAULT_MASK, "fff");
	world_set(&world, RT_KIND_TEXT, "sys/devices/system/cpu/cpu7/online",
		  "1");
	world_irq(&world, 1, "7,9", -1);
	world_task(&world, 900, "9-11");
	snprintf(guest->uuid, sizeof(guest->uuid), "%s", RT1);
	guest->name = rt1;
	guest->rt = true;
	guest->cpuset = guest->owned = cpus("6-11");
	guest->usable = cpus("6,8,10");
	guest->vcpu_fifo = 7;
	guest->vcpus = cpus("6,8");
	guest->service = cpus("10");
	idle = rt_guest_idle(guest);
	is_str(rt_cpuset_text(&idle).text, "7,9,11", "the idle siblings");
	rt_journal_add_guest(&entries, &active);
	world_enter(&world, &entries);
	idle = rt_guest_idle(&world.journal.active[0].guest);
	is_str(rt_cpuset_text(&idle).text, "7,9,11", "as the record has them");
	is_int(world.journal.active[0].guest.vcpu_fifo, 7, "the class, too");
	if (world_plan(&world, &plan)) {
		for (size_t i = 0; i < plan.n; i++)
			ok(!rt_plan_is_online(plan.items[i].path),
			   "%s is no CPU's state", plan.items[i].path);
		rt_plan_fini(&plan);
	}
	world_settle(&world, "idle siblings");
	is_str(world_value(&world, DEFAULT_MASK), "03f",
	       "no interrupt is born there");
	is_str(world_value(&world, "proc/irq/1/smp_affinity_list"), "0-5",
	       "none stays there");
	world_fini(&world);
}

int main(void)
{
	test_idle();
	test_classes();
	test_suppress();
	return tap_done();
}
