/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tasks.c - give ordinary tasks the CPUs back that came up again */
#include "tasks.h"

#include "probe.h"

static int read_list(struct rt_sys *sys, const char *path,
		     struct rt_cpuset *ret_set, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(sys, path, text, sizeof(text), err);

	return r < 0 ? r : rt_cpuset_parse_list(text, ret_set, err);
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

int rt_tasks_widen(struct rt_sys *sys, const char *path, struct rt_err *err)
{
	struct rt_facts facts = { 0 };
	struct rt_cpuset lost, all, present;
	int r = rt_cpuset_parse_list(path + strcspn(path, "/") + 1, &lost, err);

	if (r == 0)
		r = read_list(sys, "sys/devices/system/cpu/online", &all, err);
	if (r == 0)
		r = read_list(sys, "sys/devices/system/cpu/present", &present,
			      err);
	if (r == 0)
		r = rt_facts_read_cgroup(sys, &facts, err);
	if (r == 0)
		r = rt_facts_read_tasks(sys, &present, &facts, err);
	if (r == 0)
		rt_cpuset_minus(&all, &facts.isolated);

	for (size_t i = 0; r == 0 && i < facts.tasks.n; i++) {
		const struct rt_task *task = &facts.tasks.items[i];
		struct rt_err ignored;

		/* Ignoring failures: a task that has ended needs nothing. */
		if (task->movable && lacks_only(&task->affinity, &all, &lost))
			(void)sys->calls->set_affinity(sys, task->pid,
						       task->tid, &present,
						       &ignored);
	}
	rt_facts_fini(&facts);
	return r;
}
