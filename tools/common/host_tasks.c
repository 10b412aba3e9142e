/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_tasks.c - the tasks: where they may run, where they ran, and whose */
#include "host.h"

#include <errno.h>

#include "core/model/sched.h"
#include "host/probe.h"
#include "host/unread.h"

#include "core/base/banned.h"

enum {
	PID,
	TID,
	NAME,
	KIND,
	CPUS,
	MAY,
	LAST,
	POLICY,
	BOUND,
	GUEST,
	ROLE,
	COLUMNS
};

static const struct rt_column columns[COLUMNS] = {
	[PID] = { "PID", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[TID] = { "TID", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[NAME] = { "NAME", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_TREE },
	[KIND] = { "KIND", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[CPUS] = { "CPUS", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[MAY] = { "MAY", RT_CELL_TEXT, RT_COLUMN_CUT },
	[LAST] = { "LAST", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[POLICY] = { "POLICY", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[BOUND] = { "BOUND", RT_CELL_FLAG, RT_COLUMN_SHOWN },
	[GUEST] = { "GUEST", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[ROLE] = { "ROLE", RT_CELL_TEXT, RT_COLUMN_SHOWN },
};

/* Threads of guests, by number; those of the kernel that work for one, too. */
struct owned {
	unsigned tid;
	const char *guest; /* borrowed */
	const struct rt_thread *thread;
};

struct owners {
	struct rt_names running;
	struct rt_facts facts;
	struct owned *items;
	size_t n, size;
};

static void owners_fini(struct owners *owners)
{
	free(owners->items);
	rt_facts_fini(&owners->facts);
	rt_names_fini(&owners->running);
}

static int compare_owned(const void *a, const void *b)
{
	const unsigned x = ((const struct owned *)a)->tid;
	const unsigned y = ((const struct owned *)b)->tid;

	return x < y ? -1 : x > y;
}

static int add_threads(struct owners *owners, const char *guest,
		       const struct rt_process *process, struct rt_err *err)
{
	for (size_t i = 0; i < process->threads.n; i++) {
		const struct rt_thread *thread = &process->threads.items[i];

		if (!rt_grow(&owners->items, owners->n, &owners->size,
			     sizeof(*owners->items)))
			return rt_fail_memory(err);
		owners->items[owners->n++] =
			(struct owned){ thread->tid, guest, thread };
	}
	return 0;
}

/* One that ends meanwhile has no threads any more. */
static int find_owners(struct rt_host *host, struct owners *owners,
		       struct rt_err *err)
{
	struct rt_sys *sys = &host->loaded.sys;
	struct rt_processes *processes = &owners->facts.processes;
	int r = rt_guests_running(sys, &owners->running, err);

	if (r < 0)
		return rt_unread_add(&host->notes, err, err);
	for (size_t i = 0; i < owners->running.n; i++) {
		const char *name = owners->running.items[i];
		const size_t n = processes->n;
		struct rt_err ignored;
		unsigned pid;

		if (!rt_guest_runs(sys, name, &pid))
			continue;
		r = rt_facts_read_process(sys, "", pid, &owners->facts,
					  &ignored);
		if (r == 0 && processes->n > n)
			r = add_threads(owners, name, &processes->items[n],
					err);
		if (r == -ENOMEM)
			return r;
	}
	if (owners->n)
		qsort(owners->items, owners->n, sizeof(*owners->items),
		      compare_owned);
	return 0;
}

static void set_owner(const struct owners *owners, unsigned tid,
		      struct rt_grid *grid, size_t row)
{
	const struct owned key = { .tid = tid };
	const struct owned *owned =
		owners->n ? bsearch(&key, owners->items, owners->n, sizeof(key),
				    compare_owned) :
			    NULL;

	if (!owned)
		return;
	rt_grid_set(grid, row, GUEST, "%s", owned->guest);
	if (owned->thread->role == RT_ROLE_VCPU)
		rt_grid_set(grid, row, ROLE, "vcpu %u", owned->thread->vcpu);
	else
		rt_grid_set(grid, row, ROLE, "%s",
			    rt_role_name(owned->thread->role));
}

static size_t add_task(const struct rt_host *host, const struct rt_task *task,
		       size_t parent, struct rt_grid *grid)
{
	const size_t row = rt_grid_add(grid, parent);
	struct rt_cpuset may = task->affinity;

	rt_cpuset_and(&may, &host->cpus);
	rt_grid_set(grid, row, PID, "%u", task->pid);
	rt_grid_set(grid, row, TID, "%u", task->tid);
	rt_grid_set(grid, row, NAME, "%s", task->comm);
	rt_grid_set(grid, row, KIND, task->kernel ? "kernel" : "user");
	rt_grid_cpus(grid, row, CPUS, &task->affinity);
	rt_grid_cpus(grid, row, MAY, &may);
	if (task->last_cpu >= 0) {
		rt_grid_set(grid, row, LAST, "%d", task->last_cpu);
		rt_grid_set(grid, row, POLICY, "%s",
			    rt_sched_of(task->policy, task->priority).text);
	}
	rt_grid_flag(grid, row, BOUND, !task->movable);
	return row;
}

/* With hidepid= there is no sign of the tasks of others, not even an error. */
static int note_hidden(struct rt_host *host, struct rt_err *err)
{
	struct rt_err why;

	if (!host->loaded.sys.live ||
	    rt_sys_exists(&host->loaded.sys, "proc/1/stat"))
		return 0;
	(void)rt_fail(&why, 0,
		      "/proc hides the tasks of others (hidepid): only your "
		      "own are shown; root sees all");
	return rt_unread_add(&host->notes, &why, err);
}

/* Threads stand below the first one of their process. */
int rt_host_tasks(struct rt_host *host, struct rt_grid *grid,
		  struct rt_err *err)
{
	struct owners owners = { 0 };
	const struct rt_tasks *tasks = &host->notes.tasks;
	unsigned pid = 0;
	size_t leader = 0;
	int r = note_hidden(host, err);

	rt_grid_init(grid, "tasks", NULL, columns, COLUMNS);
	if (host->filtered)
		grid->columns[MAY].flags |= RT_COLUMN_SHOWN;
	if (r == 0)
		r = find_owners(host, &owners, err);
	if (r == 0)
		r = rt_facts_read_tasks(&host->loaded.sys, &host->cpus,
					&host->notes, err);
	for (size_t i = 0; r == 0 && i < tasks->n; i++) {
		const struct rt_task *task = &tasks->items[i];
		size_t row;

		if (task->pid != pid)
			leader = 0;
		pid = task->pid;
		row = add_task(host, task, leader, grid);
		set_owner(&owners, task->tid, grid, row);
		if (task->tid == task->pid)
			leader = row;
	}
	owners_fini(&owners);
	return r;
}
