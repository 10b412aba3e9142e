/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* preview.c - the plan for guests that do not run */
#include "preview.h"

#include <ctype.h>

#include "core/model/sched.h"
#include "probe.h"

#define CGROUP_ROOT "sys/fs/cgroup/"

/* No task has this pid: a step for it is renamed afterwards. */
#define NO_PID 0

static int add_file(struct rt_process *process, enum rt_kind kind,
		    const char *dir, const char *file, const char *value,
		    struct rt_err *err)
{
	char path[1024];

	snprintf(path, sizeof(path), CGROUP_ROOT "%s/%s", dir, file);
	return rt_settings_add(&process->cgroup, kind, path, value, err);
}

/* Files and threads as libvirt makes them without any pinning. */
static int add_cgroup(struct rt_process *process, struct rt_err *err)
{
	static const char exclusive[] = "cpuset.cpus.exclusive";
	char parent[64];
	int r;

	snprintf(parent, sizeof(parent), "%.*s",
		 (int)strcspn(process->scope, "/"), process->scope);
	r = add_file(process, RT_KIND_LIST, parent, exclusive, "", err);
	if (r == 0)
		r = add_file(process, RT_KIND_LIST, process->scope, exclusive,
			     "", err);
	if (r == 0)
		r = add_file(process, RT_KIND_PARTITION, process->scope,
			     "cpuset.cpus.partition", "member", err);
	return r;
}

/*
 * The name that libvirt makes of a guest's (virDomainMachineNameAppendValid):
 * letters and digits of ASCII; of '-' and '.' the first in a row, and none at
 * either end. N stands for the number that the guest gets when it starts.
 */
static void machine_name(const char *name, char *machine, size_t size)
{
	size_t n = (size_t)snprintf(machine, size, "qemu-N-");
	bool skip = true;

	for (; *name && n < 64 && n + 1 < size; name++) {
		const bool mark = *name == '-' || *name == '.';

		if (mark ? skip : !isalnum((unsigned char)*name))
			continue;
		machine[n++] = *name;
		skip = mark;
	}
	while (machine[n - 1] == '-' || machine[n - 1] == '.')
		n--;
	machine[n] = '\0';
}

/*
 * With systemd, machined makes the scope, whose name has \x2d for '-'. Without
 * it (OpenRC, elogind) libvirt makes the cgroup itself.
 */
static int name_scope(struct rt_sys *sys, const char *name, char **ret_scope,
		      struct rt_err *err)
{
	const bool systemd = !sys || rt_sys_exists(sys, "run/systemd/system") ||
			     rt_sys_exists(sys, CGROUP_ROOT "init.scope");
	RT_AUTO_STRBUF scope = { 0 };
	char machine[80];

	machine_name(name, machine, sizeof(machine));
	if (!systemd) {
		rt_strbuf_addf(&scope, "machine/%s.libvirt-qemu", machine);
		return rt_strbuf_take(&scope, ret_scope, err);
	}
	rt_strbuf_adds(&scope, "machine.slice/machine-");
	for (const char *c = machine; *c; c++) {
		if (*c == '-')
			rt_strbuf_adds(&scope, "\\x2d");
		else
			rt_strbuf_add(&scope, c, 1);
	}
	rt_strbuf_adds(&scope, ".scope");
	return rt_strbuf_take(&scope, ret_scope, err);
}

static int add_threads(struct rt_process *process, const struct rt_guest *guest,
		       const struct rt_topo *topo, size_t number,
		       struct rt_err *err)
{
	for (unsigned i = 0; i <= guest->nr_vcpus; i++) {
		struct rt_threads *threads = &process->threads;
		struct rt_thread thread = {
			.pid = NO_PID,
			.tid = i,
			.start = number, /* so that guests' threads differ */
			.role = i < guest->nr_vcpus ? RT_ROLE_VCPU :
						      RT_ROLE_EMULATOR,
			.vcpu = i,
			.affinity = topo->online,
		};

		/* libvirt starts them as the definition says. */
		snprintf(thread.sched, sizeof(thread.sched), "%s",
			 thread.role == RT_ROLE_VCPU && guest->vcpu_fifo ?
				 rt_sched_text(guest->vcpu_fifo).text :
				 "other");

		if (!rt_grow(&threads->items, threads->n, &threads->size,
			     sizeof(thread)))
			return rt_fail_memory(err);
		threads->items[threads->n++] = thread;
	}
	return 0;
}

static int add_process(struct rt_sys *sys, struct rt_facts *facts,
		       const struct rt_guest *guest, const struct rt_topo *topo,
		       struct rt_err *err)
{
	struct rt_processes *processes = &facts->processes;
	struct rt_process *process;
	int r;

	if (!rt_grow(&processes->items, processes->n, &processes->size,
		     sizeof(*process)))
		return rt_fail_memory(err);
	process = &processes->items[processes->n++];
	memset(process, 0, sizeof(*process));
	snprintf(process->uuid, sizeof(process->uuid), "%s", guest->uuid);
	r = name_scope(sys, guest->name, &process->scope, err);
	if (r == 0)
		r = add_cgroup(process, err);
	return r < 0 ? r : add_threads(process, guest, topo, processes->n, err);
}

static int read_facts(struct rt_sys *sys, const struct rt_topo *topo,
		      struct rt_facts *facts, struct rt_err *err)
{
	int r = rt_facts_read_irqs(sys, facts, err);

	if (r == 0)
		r = rt_facts_read_cgroup(sys, false, facts, err);
	if (r == 0)
		r = rt_facts_read_settings(sys, topo, facts, err);
	if (r == 0)
		r = rt_facts_read_tasks(sys, &topo->present, facts, err);
	return r;
}

/*
 * What every host has whose topology alone is known, as a stock kernel (6.8 or
 * later) sets it up. A CPU without a file that says otherwise is online.
 */
static int make_facts(const struct rt_topo *topo, struct rt_facts *facts,
		      struct rt_err *err)
{
	char text[RT_CPULIST_MAX], path[128];
	int r;

	facts->has_partitions = true;
	facts->workqueues_follow = true;
	rt_cpuset_format_list(&topo->present, text, sizeof(text));
	r = rt_settings_add(&facts->settings, RT_KIND_LIST,
			    "proc/sys/kernel/watchdog_cpumask", text, err);
	rt_cpuset_format_mask(&topo->present, 0, text, sizeof(text));
	if (r == 0)
		r = rt_settings_add(&facts->settings, RT_KIND_MASK,
				    "proc/irq/default_smp_affinity", text, err);
	RT_CPUSET_FOREACH(cpu, &topo->present)
	{
		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%d/power/"
			 "pm_qos_resume_latency_us",
			 cpu);
		if (r == 0)
			r = rt_settings_add(&facts->settings, RT_KIND_TEXT,
					    path, "0", err);
	}
	return r;
}

/* "task/0/1/2" of the second guest is its vCPU 1; past the vCPUs, all other threads. */
static int name_threads(struct rt_plan *plan, struct rt_err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct rt_step *step = &plan->items[i];
		char name[512];
		unsigned tid;
		int end = 0;

		if (step->kind != RT_KIND_AFFINITY ||
		    sscanf(step->path, "task/0/%u/%*u%n", &tid, &end) != 1 ||
		    !end || step->path[end])
			continue;
		if (strncmp(step->why, "vCPU", 4) == 0)
			snprintf(name, sizeof(name), "%s: thread CPU %u/KVM",
				 step->guest, tid);
		else
			snprintf(name, sizeof(name), "%s: all other threads",
				 step->guest);
		free(step->path);
		step->path = strdup(name);
		if (!step->path)
			return rt_fail_memory(err);
	}
	return 0;
}

/* The record as it would be if all of them had been started. */
static int add_active(struct rt_journal *journal, const struct rt_guest *guest,
		      struct rt_err *err)
{
	struct rt_active active = {
		.guest = *guest, /* borrowed: only formatted */
		.stage = RT_STAGE_STARTED,
	};
	RT_AUTO_STRBUF entry = { 0 };

	rt_journal_add_guest(&entry, &active);
	if (entry.failed)
		return rt_fail_memory(err);
	return rt_journal_enter(journal, entry.text, entry.len - 1, err);
}

int rt_preview(struct rt_sys *sys, const struct rt_topo *topo,
	       const struct rt_guest *const *guests, size_t n,
	       struct rt_plan *ret_plan, struct rt_err *err)
{
	struct rt_journal journal = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_plan plan = { 0 };
	uint32_t suppressed = 0;
	const struct rt_plan_input input = {
		.topo = topo,
		.facts = &facts,
		.journal = &journal,
	};
	int r = sys ? read_facts(sys, topo, &facts, err) :
		      make_facts(topo, &facts, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_active(&journal, guests[i], err);
		if (r == 0 && sys)
			r = rt_facts_read_suppressed(
				sys, guests[i]->suppress & ~suppressed, &facts,
				err);
		suppressed |= guests[i]->suppress;
		if (r == 0)
			r = add_process(sys, &facts, guests[i], topo, err);
	}
	if (r == 0)
		r = rt_plan_make(&input, &plan, err);
	if (r == 0)
		r = name_threads(&plan, err);
	rt_journal_fini(&journal);
	rt_facts_fini(&facts);
	if (r < 0) {
		rt_plan_fini(&plan);
		return r;
	}
	*ret_plan = plan;
	return 0;
}
