/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe.c - the facts of made-up hosts, and that the live one can be read */
#include "host/probe.h"

#include <errno.h>

#include "core/model/sched.h"
#include "host/task_stat.h"
#include "host/topology.h"
#include "../host.h"
#include "../tap.h"

#define SCOPE  "machine.slice/machine-qemu\\x2d1\\x2drt1.scope"
#define CGROUP "sys/fs/cgroup/"

/* A host with all its facts. */
struct world {
	struct test_host host;
	struct rt_sys sys;
	struct rt_topo topo;
	struct rt_facts facts;
};

static bool open_world(struct world *world, const char *name)
{
	struct rt_err err = { 0 };

	memset(world, 0, sizeof(*world));
	if (test_host_make(&world->host, name) &&
	    rt_sys_open(world->host.root, &world->sys, &err) == 0 &&
	    rt_topology_load(&world->sys, &world->topo, &err) == 0 &&
	    rt_facts_read_pci(&world->sys, &world->facts, &err) == 0 &&
	    rt_facts_read_irqs(&world->sys, &world->facts, &err) == 0 &&
	    rt_facts_read_settings(&world->sys, &world->topo, &world->facts,
				   &err) == 0 &&
	    rt_facts_read_cgroup(&world->sys, false, &world->facts, &err) == 0)
		return ok(true, "%s is read", name);
	return ok(false, "%s is read: %s", name, err.text);
}

static void close_world(struct world *world)
{
	rt_facts_fini(&world->facts);
	rt_topo_fini(&world->topo);
	rt_sys_close(&world->sys);
	test_host_remove(&world->host);
}

static const struct rt_irq *find_irq(const struct rt_facts *facts, unsigned n)
{
	for (size_t i = 0; i < facts->irqs.n; i++) {
		if (facts->irqs.items[i].number == n)
			return &facts->irqs.items[i];
	}
	return NULL;
}

static const struct rt_task *find_task(const struct rt_facts *facts,
				       unsigned tid)
{
	for (size_t i = 0; i < facts->tasks.n; i++) {
		if (facts->tasks.items[i].tid == tid)
			return &facts->tasks.items[i];
	}
	return NULL;
}

static const char *value_of(const struct rt_settings *settings,
			    const char *path)
{
	const struct rt_setting *setting = rt_settings_find(settings, path);

	return setting ? setting->value : NULL;
}

static const struct {
	unsigned number;
	const char *name, *affinity, *effective, *device;
	bool movable, vfio;
	int node;
} irqs[] = {
	{ 1, "i8042", "0-11", "0", NULL, true, false, -1 },
	{ 24, "virtio0-config", "0-11", "0", "0000:00:03.0", true, false, 0 },
	{ 26, "virtio0-req.1", "6-11", "6", "0000:00:03.0", false, false, 0 },
	{ 32, "eth0", "0-5", "3", "0000:01:00.0", true, false, 0 },
	{ 47, "eth4", "6-11", "7", "0000:83:00.1", true, false, 1 },
	{ 51, "vfio-msix[1](0000:81:00.0)", "6-11", "7", "0000:81:00.0", true,
	  true, 1 },
};

static void test_irqs(const struct rt_facts *facts)
{
	bool sorted = true;

	for (size_t i = 1; i < facts->irqs.n; i++)
		sorted &= facts->irqs.items[i].number >
			  facts->irqs.items[i - 1].number;
	ok(sorted && facts->irqs.n == 16, "all interrupts, in order");
	for (size_t i = 0; i < sizeof(irqs) / sizeof(*irqs); i++) {
		const struct rt_irq *irq = find_irq(facts, irqs[i].number);

		if (!ok(irq, "interrupt %u is found", irqs[i].number))
			continue;
		is_str(irq->name, irqs[i].name, "its name");
		is_str(rt_cpuset_text(&irq->affinity).text, irqs[i].affinity,
		       "where it may go");
		is_str(irq->effective ? rt_cpuset_text(irq->effective).text :
					NULL,
		       irqs[i].effective, "where it goes");
		is_str(irq->has_device ? rt_pci_text(&irq->device).text : NULL,
		       irqs[i].device, "its device");
		ok(irq->movable == irqs[i].movable && irq->vfio == irqs[i].vfio,
		   "whether it moves, and whose it is");
		is_int(irq->node, irqs[i].node, "its node");
	}
}

static const struct {
	const char *addr, *driver, *cpus;
	unsigned class_code;
	bool bridge;
	int node, group;
} devs[] = {
	{ "0000:00:00.0", "", "0-5", 0x060000, true, 0, 0 },
	{ "0000:00:01.0", "pcieport", "0-5", 0x060400, true, 0, 1 },
	{ "0000:01:00.0", "e1000e", "0-5", 0x020000, false, 0, 3 },
	{ "0000:81:00.0", "vfio-pci", "6-11", 0x020000, false, 1, 5 },
	{ "0000:83:00.0", "e1000e", "6-11", 0x020000, false, 1, 7 },
	{ "0000:83:00.1", "e1000e", "6-11", 0x020000, false, 1, 7 },
};

static void test_pci(const struct rt_facts *facts)
{
	is_int((long long)facts->pci.n, 9, "all PCI devices");
	for (size_t i = 0; i < sizeof(devs) / sizeof(*devs); i++) {
		const struct rt_pci_dev *dev;
		struct rt_pci_addr addr;
		struct rt_err err;

		rt_pci_parse(devs[i].addr, strlen(devs[i].addr), &addr, &err);
		dev = rt_pci_devs_find(&facts->pci, &addr);
		if (!ok(dev, "device %s is found", devs[i].addr))
			continue;
		is_str(dev->driver, devs[i].driver, "its driver");
		is_int(dev->class_code, devs[i].class_code, "its class");
		ok(dev->bridge == devs[i].bridge, "whether it is a bridge");
		is_int(dev->node, devs[i].node, "its node");
		is_int(dev->group, devs[i].group, "its group");
		is_str(rt_cpuset_text(&dev->local_cpus).text, devs[i].cpus,
		       "the CPUs near it");
	}
}

static const struct {
	const char *path, *value;
	enum rt_kind kind;
} settings[] = {
	{ "sys/devices/system/cpu/cpu0/online", NULL, RT_KIND_TEXT },
	{ "sys/devices/system/cpu/cpu11/online", "1", RT_KIND_TEXT },
	{ "sys/devices/system/cpu/cpu0/power/pm_qos_resume_latency_us", "0",
	  RT_KIND_TEXT },
	{ "sys/devices/system/cpu/cpu6/cpufreq/scaling_governor", "powersave",
	  RT_KIND_TEXT },
	{ "sys/devices/virtual/workqueue/cpumask", "fff", RT_KIND_MASK },
	{ "sys/devices/virtual/workqueue/writeback/cpumask", "fff",
	  RT_KIND_MASK },
	{ "proc/sys/kernel/watchdog_cpumask", "0-11", RT_KIND_LIST },
	{ "sys/class/net/eth0/queues/rx-0/rps_cpus", "000", RT_KIND_MASK },
	{ "proc/irq/default_smp_affinity", "fff", RT_KIND_MASK },
	{ CGROUP "system.slice/cpuset.cpus", "", RT_KIND_LIST },
	{ CGROUP "init.scope/cpuset.cpus", "", RT_KIND_LIST },
	{ CGROUP SCOPE "/cpuset.cpus", "", RT_KIND_LIST },
};

static void test_settings(const struct rt_facts *facts)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct rt_setting *setting =
			rt_settings_find(&facts->settings, settings[i].path);

		is_str(setting ? setting->value : NULL, settings[i].value,
		       settings[i].path);
		if (setting)
			is_int(setting->kind, settings[i].kind, "its kind");
	}
	ok(facts->has_partitions, "partitions can be had");
	ok(rt_cpuset_is_empty(&facts->isolated), "no CPU is isolated");
}

static const struct {
	unsigned tid;
	enum rt_role role;
	unsigned vcpu, pid;
	const char *leaf, *cpus;
} threads[] = {
	{ 4711, RT_ROLE_EMULATOR, 0, 4711, "emulator", "10" },
	{ 4713, RT_ROLE_EMULATOR, 0, 4711, "emulator", "10" },
	{ 4714, RT_ROLE_VCPU, 0, 4711, "vcpu0", "6" },
	{ 4715, RT_ROLE_VCPU, 1, 4711, "vcpu1", "8" },
	{ 4717, RT_ROLE_VHOST, 0, 4711, "emulator", "10" },
	{ 4716, RT_ROLE_EMULATOR, 0, 4716, "vcpu0", "6" },
};

/* Real stat lines: fields 40 and 41 are rt_priority and policy. */
static const struct {
	const char *fields, *class;
} policies[] = {
	{ "0 0", "other" }, { "1 1", "fifo:1" }, { "99 2", "rr:99" },
	{ "0 3", "batch" }, { "0 5", "idle" },	 { "0 6", "deadline" },
	{ "0 77", "?" },    { "", NULL },	 { "1", NULL },
};

static void test_policies(void)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		struct rt_stat_line line;
		struct rt_err err = { 0 };
		char text[400];

		snprintf(text, sizeof(text),
			 "4714 (CPU 0/KVM) S 1 4711 4711 0 -1 138412352 9 0 0 "
			 "0 5 6 0 0 20 0 7 0 3391 1147 99 1844 1 1 0 0 0 0 0 "
			 "4096 16781 1 0 0 -1 6 %s",
			 policies[i].fields);
		is_int(rt_stat_parse(text, &line, &err), 0, "a stat line");
		is_int((long long)line.start, 3391, "its start");
		is_str(line.has_policy ?
			       rt_sched_of(line.policy, line.priority).text :
			       NULL,
		       policies[i].class, "its class");
	}
}

static const struct rt_thread *find_thread(const struct rt_process *process,
					   unsigned tid)
{
	for (size_t i = 0; i < process->threads.n; i++) {
		if (process->threads.items[i].tid == tid)
			return &process->threads.items[i];
	}
	return NULL;
}

static void test_process(struct world *world)
{
	const struct rt_process *process;
	struct rt_err err = { 0 };

	if (rt_facts_read_process(&world->sys, "u", 4711, &world->facts, &err) <
	    0) {
		ok(false, "the process: %s", err.text);
		return;
	}
	process = &world->facts.processes.items[0];
	is_str(process->scope, SCOPE, "its scope");
	is_int((long long)process->locked_kib, 2097152, "locked memory");
	is_int((long long)process->threads.n, 7, "all threads");
	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++) {
		const struct rt_thread *thread =
			find_thread(process, threads[i].tid);

		if (!ok(thread, "thread %u is found", threads[i].tid))
			continue;
		is_int(thread->role, threads[i].role, thread->comm);
		is_int(thread->vcpu, threads[i].vcpu, "its vCPU");
		is_int(thread->pid, threads[i].pid, "its process");
		is_str(thread->leaf, threads[i].leaf, "its leaf");
		is_str(rt_cpuset_text(&thread->affinity).text, threads[i].cpus,
		       "its CPUs");
	}
	is_str(value_of(&process->cgroup,
			CGROUP "machine.slice/cpuset.cpus.exclusive"),
	       "", "the slice's exclusive CPUs");
	is_str(value_of(&process->cgroup,
			CGROUP SCOPE "/cpuset.cpus.partition"),
	       "member", "the scope is no partition");
	is_str(value_of(&process->cgroup,
			CGROUP SCOPE "/libvirt/vcpu1/cpuset.cpus"),
	       "8", "a leaf's CPUs");
	is_str(value_of(&process->cgroup,
			CGROUP SCOPE "/libvirt/emulator/cpuset.mems"),
	       "1", "a leaf's nodes");
	ok(!value_of(&process->cgroup, CGROUP "cpuset.cpus.exclusive"),
	   "nothing of the root");
}

static void test_tasks(struct world *world)
{
	const struct rt_facts *facts = &world->facts;
	struct rt_cpuset cpus = { 0 };
	struct rt_err err = { 0 };
	const struct rt_task *task;

	rt_cpuset_add_range(&cpus, 6, 11);
	is_int(rt_facts_read_tasks(&world->sys, &cpus, &world->facts, &err), 0,
	       "tasks are read");
	task = find_task(facts, 700);
	is_str(task ? task->comm : NULL, "odd) (name", "an odd name");
	is_int(task ? (long long)task->start : -1, 700, "and its start");
	task = find_task(facts, 711);
	ok(task && task->pid == 710 && !task->kernel && task->movable,
	   "the second thread of a process");
	task = find_task(facts, 10 + 2 * 7);
	ok(task && task->kernel && !task->movable, "a thread bound to CPU 7");
	task = find_task(facts, 600);
	ok(task && task->kernel && task->movable, "a kernel thread that moves");
	ok(!find_task(facts, 900), "no task of other CPUs");
	ok(!find_task(facts, 4711) && !find_task(facts, 4716),
	   "no thread of a guest");
	ok(find_task(facts, 4718), "but the kernel's for its timer");
}

static void test_start(struct world *world)
{
	unsigned long long start = 0;
	struct rt_err err;

	is_int(rt_task_start(&world->sys, 710, 711, &start, &err), 0,
	       "a thread's start");
	is_int((long long)start, 711, "in ticks");
	is_int(rt_task_start(&world->sys, 710, 712, &start, &err), -ENOENT,
	       "a thread that is gone");
}

static void test_guest_host(void)
{
	struct world world;

	if (open_world(&world, "smt2-numa2-12cpu-guest")) {
		test_irqs(&world.facts);
		test_pci(&world.facts);
		test_settings(&world.facts);
		test_process(&world);
		test_tasks(&world);
		test_start(&world);
	}
	close_world(&world);
}

static void test_old_host(void)
{
	struct world world;

	if (open_world(&world, "old-12cpu")) {
		ok(!world.facts.has_partitions, "no partitions before 6.7");
		is_str(value_of(&world.facts.settings,
				CGROUP "user.slice/cpuset.cpus"),
		       "", "the slices' CPUs are there");
		ok(find_irq(&world.facts, 26)->movable,
		   "which interrupts are managed is not to be seen");
	}
	close_world(&world);
}

static void test_live(void)
{
	const unsigned pid = (unsigned)getpid();
	struct rt_topo topo = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };
	unsigned long long start = 0;
	struct rt_sys sys;

	rt_sys_open(NULL, &sys, &err);
	is_int(rt_topology_load(&sys, &topo, &err), 0, "topology of this host");
	ok(rt_facts_read_pci(&sys, &facts, &err) == 0 &&
		   rt_facts_read_irqs(&sys, &facts, &err) == 0 &&
		   rt_facts_read_settings(&sys, &topo, &facts, &err) == 0 &&
		   rt_facts_read_cgroup(&sys, false, &facts, &err) == 0 &&
		   rt_facts_read_tasks(&sys, &topo.present, &facts, &err) == 0,
	   "facts of this host");
	ok(find_task(&facts, pid), "this process among them");
	ok(rt_task_start(&sys, pid, pid, &start, &err) == 0 && start > 0,
	   "and its start");
	rt_facts_fini(&facts);
	rt_topo_fini(&topo);
	rt_sys_close(&sys);
}

int main(void)
{
	test_policies();
	test_guest_host();
	test_old_host();
	test_live();
	return tap_done();
}
