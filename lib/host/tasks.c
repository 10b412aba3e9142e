/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tasks.c - find the tasks of the host, and widen their masks again */
#include "tasks.h"

#include <errno.h>
#include <time.h>

#include "core/plan/plan.h"
#include "probe.h"
#include "task_stat.h"
#include "unread.h"

#define PF_KTHREAD	  0x00200000
#define PF_NO_SETAFFINITY 0x04000000

/*
 * How long the cpusets may take to get a CPU that came online, and how often to
 * check.
 */
#define LATE_MS	   2000
#define PAUSE_MS   50
#define LATE_SCANS 3

/* Which tasks are searched for, and what is done with each. */
struct search {
	struct rt_sys *sys;
	const struct rt_cpuset *cpus;
	bool only_movable;
	struct rt_facts *facts; /* threads of its guests are left out */
	int (*found)(const struct search *search, const struct rt_task *task,
		     struct rt_err *err);
	const void *data; /* for found */
};

/* Processes and threads of the guests, sorted. */
struct guests {
	unsigned *tids;
	size_t n, size;
	bool some_unread; /* the threads of one guest are not known */
};

static bool add_tid(struct guests *guests, unsigned tid)
{
	if (!rt_grow(&guests->tids, guests->n, &guests->size,
		     sizeof(*guests->tids)))
		return false;
	guests->tids[guests->n++] = tid;
	return true;
}

static int compare_tids(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static int list_guests(const struct rt_facts *facts, struct guests *guests,
		       struct rt_err *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < facts->processes.n; i++) {
		const struct rt_process *process = &facts->processes.items[i];

		guests->some_unread |= process->unread != NULL;
		ok = add_tid(guests, process->pid);
		for (size_t j = 0; ok && j < process->threads.n; j++)
			ok = add_tid(guests, process->threads.items[j].tid);
	}
	if (guests->n)
		qsort(guests->tids, guests->n, sizeof(*guests->tids),
		      compare_tids);
	return ok ? 0 : rt_fail_memory(err);
}

/* One scan of all tasks. */
struct scan {
	const struct search *search;
	struct guests guests;
	struct rt_unread unread;
	bool no_memory;
};

static bool is_guests(const struct scan *scan, unsigned pid)
{
	return scan->guests.n &&
	       bsearch(&pid, scan->guests.tids, scan->guests.n, sizeof(pid),
		       compare_tids);
}

/*
 * A kernel thread that works for a guest whose cgroups could not be read. It is
 * recognised by its name: vhost-PID (before 6.4), or kvm-nx-lpage-recovery-PID.
 */
static bool may_be_guests(const struct scan *scan, const struct rt_task *task)
{
	return scan->guests.some_unread && task->kernel &&
	       (strncmp(task->comm, "vhost-", 6) == 0 ||
		strncmp(task->comm, "kvm-nx", 6) == 0);
}

static int collect(const struct search *search, const struct rt_task *task,
		   struct rt_err *err)
{
	struct rt_tasks *tasks = &search->facts->tasks;

	if (!rt_grow(&tasks->items, tasks->n, &tasks->size,
		     sizeof(*tasks->items)))
		return rt_fail_memory(err);
	tasks->items[tasks->n++] = *task;
	return 0;
}

/*
 * Left out, and on record as it is; one that ended while we looked, without a
 * word. 0: all processes.
 */
static void leave_out(struct scan *scan, unsigned pid, const struct rt_err *why)
{
	char path[32] = "task";
	struct rt_err ignored;

	if (why->code == ESRCH || why->code == ENOENT)
		return;
	rt_unread_count(&scan->unread, why);
	if (pid)
		snprintf(path, sizeof(path), "task/%u", pid);
	if (rt_unread_below(scan->search->facts, path, &ignored) < 0)
		scan->no_memory = true;
}

static int examine(struct scan *scan, unsigned pid, unsigned tid,
		   const struct rt_stat_line *line, struct rt_err *err)
{
	const struct search *search = scan->search;
	struct rt_sys *sys = search->sys;
	struct rt_task task;
	struct rt_err why;

	task.movable = !(line->flags & PF_NO_SETAFFINITY);
	if (search->only_movable && !task.movable)
		return 0;
	if (sys->calls->get_affinity(sys, pid, tid, &task.affinity, &why) < 0) {
		leave_out(scan, pid, &why);
		return 0;
	}
	if (!rt_cpuset_intersects(&task.affinity, search->cpus))
		return 0;
	task.pid = pid;
	task.tid = tid;
	task.start = line->start;
	memcpy(task.comm, line->comm, sizeof(task.comm));
	task.kernel = line->flags & PF_KTHREAD;
	task.last_cpu = line->last_cpu;
	task.policy = line->policy;
	task.priority = line->priority;
	return may_be_guests(scan, &task) ? 0 :
					    search->found(search, &task, err);
}

static int read_threads_of(struct scan *scan, unsigned pid, struct rt_err *err)
{
	struct rt_sys *sys = scan->search->sys;
	RT_AUTO_FREE unsigned *tids = NULL;
	struct rt_err why;
	char path[64];
	size_t n = 0;
	int r = 0;

	snprintf(path, sizeof(path), "proc/%u/task", pid);
	if (rt_sys_list_numbers(sys, path, &tids, &n, &why) < 0)
		leave_out(scan, pid, &why);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct rt_stat_line line;

		if (rt_stat_read(sys, pid, tids[i], &line, &why) < 0)
			leave_out(scan, pid, &why);
		else
			r = examine(scan, pid, tids[i], &line, err);
	}
	return r;
}

static int read_pid(struct scan *scan, unsigned pid, struct rt_err *err)
{
	struct rt_stat_line line;
	struct rt_err why;
	char text[2048];
	int r;

	if (is_guests(scan, pid))
		return 0;
	r = rt_sys_readf(scan->search->sys, text, sizeof(text), &why,
			 "proc/%u/stat", pid);
	if (r == 0)
		r = rt_stat_parse(text, &line, &why);
	if (r < 0) {
		leave_out(scan, pid, &why);
		return 0;
	}
	/*
	 * Most processes have one thread, and need no listing of the directory.
	 */
	return line.threads == 1 ? examine(scan, pid, pid, &line, err) :
				   read_threads_of(scan, pid, err);
}

static int find_tasks(const struct search *search, struct rt_err *err)
{
	RT_AUTO_FREE unsigned *pids = NULL;
	struct scan scan = { .search = search, .unread.what = "tasks" };
	struct rt_err why;
	size_t n = 0;
	int r = list_guests(search->facts, &scan.guests, err);

	if (rt_sys_list_numbers(search->sys, "proc", &pids, &n, &why) < 0)
		leave_out(&scan, 0, &why);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_pid(&scan, pids[i], err);
	if (r == 0)
		r = scan.no_memory ?
			    rt_fail_memory(err) :
			    rt_unread_tell(&scan.unread, search->facts, err);
	free(scan.guests.tids);
	return r < 0 ? rt_wrap(err, "tasks") : 0;
}

int rt_facts_read_tasks(struct rt_sys *sys, const struct rt_cpuset *cpus,
			struct rt_facts *facts, struct rt_err *err)
{
	const struct search search = {
		.sys = sys,
		.cpus = cpus,
		.facts = facts,
		.found = collect,
	};

	return find_tasks(&search, err);
}

static int collect_to_plan(const struct search *search,
			   const struct rt_task *task, struct rt_err *err)
{
	return rt_plan_concerns_task(search->data, task) ?
		       collect(search, task, err) :
		       0;
}

int rt_facts_read_tasks_to_plan(struct rt_sys *sys,
				const struct rt_journal *journal,
				const struct rt_topo *topo,
				struct rt_facts *facts, struct rt_err *err)
{
	const struct rt_plan_input input = {
		.topo = topo,
		.facts = facts,
		.journal = journal,
	};
	const struct rt_plan_tasks wanted = rt_plan_tasks(&input);
	const struct search search = {
		.sys = sys,
		.cpus = &topo->present,
		.only_movable = true,
		.facts = facts,
		.found = collect_to_plan,
		.data = &wanted,
	};

	return find_tasks(&search, err);
}

/* Does the mask lack CPUs of *lost and no others of *all? */
static bool lacks_only(const struct rt_cpuset *mask,
		       const struct rt_cpuset *all,
		       const struct rt_cpuset *lost)
{
	struct rt_cpuset missing = *all;

	rt_cpuset_minus(&missing, mask);
	return !rt_cpuset_is_empty(&missing) &&
	       rt_cpuset_is_subset(&missing, lost);
}

struct widening {
	struct rt_cpuset lost, all, present;
	unsigned *late; /* tasks whose mask did not accept all of them */
};

/* A task that has ended needs nothing. */
static int widen(const struct search *search, const struct rt_task *task,
		 struct rt_err *err)
{
	const struct widening *widening = search->data;
	struct rt_sys *sys = search->sys;
	struct rt_cpuset now;
	struct rt_err ignored;

	(void)err;
	if (!lacks_only(&task->affinity, &widening->all, &widening->lost))
		return 0;
	if (sys->calls->set_affinity(sys, task->pid, task->tid,
				     &widening->present, &ignored) == 0 &&
	    sys->calls->get_affinity(sys, task->pid, task->tid, &now,
				     &ignored) == 0 &&
	    lacks_only(&now, &widening->all, &widening->lost))
		++*widening->late;
	return 0;
}

static void pause_for(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000L };

	nanosleep(&pause, NULL);
}

/*
 * A worker of the kernel adds CPUs that came online to the cpusets [6.12], and
 * until then no task's mask accepts them. The root's list shows when it has.
 */
static void wait_for_cpusets(struct rt_sys *sys,
			     const struct widening *widening)
{
	struct rt_cpuset wanted = widening->lost, effective;
	struct rt_err ignored;

	rt_cpuset_and(&wanted, &widening->all);
	for (unsigned i = 0; sys->live && i < LATE_MS / PAUSE_MS; i++) {
		if (rt_sys_read_cpus(sys, "sys/fs/cgroup/cpuset.cpus.effective",
				     &effective, &ignored) < 0 ||
		    rt_cpuset_is_subset(&wanted, &effective))
			return;
		pause_for(PAUSE_MS);
	}
}

/* A task that is still late then has a cpuset of its own without them. */
static int widen_all(const struct search *search, unsigned *late,
		     struct rt_err *err)
{
	int r;

	for (unsigned i = 0;; i++) {
		*late = 0;
		r = find_tasks(search, err);
		if (r < 0 || !*late || i == LATE_SCANS)
			return r;
		pause_for(PAUSE_MS);
	}
}

int rt_tasks_widen(struct rt_sys *sys, const char *path, struct rt_err *err)
{
	struct rt_facts facts = { 0 };
	unsigned late = 0;
	struct widening widening = { .late = &late };
	const struct search search = {
		.sys = sys,
		.cpus = &widening.present,
		.only_movable = true,
		.facts = &facts,
		.found = widen,
		.data = &widening,
	};
	int r = rt_cpuset_parse_list(path + strcspn(path, "/") + 1,
				     &widening.lost, err);

	if (r == 0)
		r = rt_sys_read_cpus(sys, "sys/devices/system/cpu/online",
				     &widening.all, err);
	if (r == 0)
		r = rt_sys_read_cpus(sys, "sys/devices/system/cpu/present",
				     &widening.present, err);
	if (r == 0)
		r = rt_facts_read_isolated(sys, &facts, err);
	if (r == 0 && facts.isolated_unread)
		r = rt_fail(
			err, EIO,
			"cannot read which CPUs are in isolated partitions");
	if (r == 0) {
		rt_cpuset_minus(&widening.all, &facts.isolated);
		wait_for_cpusets(sys, &widening);
		r = widen_all(&search, &late, err);
	}
	rt_facts_fini(&facts);
	return r;
}
