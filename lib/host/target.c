/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* target.c - read and write what a step names */
#include "target.h"

#include <errno.h>

#include "core/model/sched.h"
#include "irqbalance.h"
#include "occupy.h"
#include "probe.h"
#include "task_stat.h"
#include "tasks.h"

/* "task/PID/TID/START": is it still the same task? */
static int find_task(struct rt_sys *sys, const char *path, unsigned *ret_pid,
		     unsigned *ret_tid, struct rt_err *err)
{
	unsigned long long start, now;
	unsigned pid, tid;
	int r;

	if (sscanf(path, "task/%u/%u/%llu", &pid, &tid, &start) != 3)
		return rt_fail(err, 0, "'%s' names no task", path);
	r = rt_task_start(sys, pid, tid, &now, err);
	if (r < 0)
		return r;
	if (now != start)
		return rt_fail(err, ESRCH, "thread %u", tid);
	*ret_pid = pid;
	*ret_tid = tid;
	return 0;
}

static int read_affinity(struct rt_sys *sys, const char *path, char *buf,
			 size_t size, struct rt_err *err)
{
	struct rt_cpuset cpus;
	unsigned pid, tid;
	int r = find_task(sys, path, &pid, &tid, err);

	if (r == 0)
		r = sys->calls->get_affinity(sys, pid, tid, &cpus, err);
	if (r == 0 && rt_cpuset_format_list(&cpus, buf, size) >= size)
		r = rt_fail(err, EFBIG, "affinity of thread %u", tid);
	return r;
}

static int write_affinity(struct rt_sys *sys, const char *path,
			  const char *value, struct rt_err *err)
{
	struct rt_cpuset cpus;
	unsigned pid, tid;
	int r = find_task(sys, path, &pid, &tid, err);

	if (r == 0)
		r = rt_cpuset_parse_list(value, &cpus, err);
	if (r == 0)
		r = sys->calls->set_affinity(sys, pid, tid, &cpus, err);
	return r;
}

static int read_cgroup(struct rt_sys *sys, const char *path, char *buf,
		       size_t size, struct rt_err *err)
{
	RT_AUTO_FREE char *cgroup = NULL;
	unsigned pid, tid;
	int r = find_task(sys, path, &pid, &tid, err);

	if (r == 0)
		r = rt_task_cgroup(sys, pid, tid, &cgroup, err);
	if (r == 0 && !cgroup)
		r = rt_fail(err, 0, "thread %u is in no unified cgroup", tid);
	if (r == 0 && (size_t)snprintf(buf, size, "%s", cgroup) >= size)
		r = rt_fail(err, EFBIG, "cgroup of thread %u", tid);
	return r;
}

static int write_cgroup(struct rt_sys *sys, const char *path, const char *value,
			struct rt_err *err)
{
	unsigned pid, tid;
	int r = find_task(sys, path, &pid, &tid, err);

	return r < 0 ? r : sys->calls->move_thread(sys, pid, tid, value, err);
}

static int read_sched(struct rt_sys *sys, const char *path, char *buf,
		      size_t size, struct rt_err *err)
{
	struct rt_stat_line line;
	unsigned pid, tid;
	int r = find_task(sys, path, &pid, &tid, err);

	if (r == 0)
		r = rt_stat_read(sys, pid, tid, &line, err);
	if (r == 0)
		snprintf(buf, size, "%s",
			 rt_sched_of(line.policy, line.priority).text);
	return r;
}

static int write_sched(struct rt_sys *sys, const char *path, const char *value,
		       struct rt_err *err)
{
	unsigned pid, tid, fifo;
	int r = find_task(sys, path, &pid, &tid, err);

	if (r < 0)
		return r;
	if (!rt_sched_parse(value, &fifo))
		return rt_fail(err, 0, "'%s' is no scheduling class", value);
	return sys->calls->set_sched(sys, pid, tid, fifo, err);
}

/* "sys/fs/cgroup/SCOPE/cpuset.cpus.partition" */
static int write_partition(struct rt_sys *sys, const char *path,
			   const char *value, struct rt_err *err)
{
	static const char root[] = "sys/fs/cgroup/";
	struct rt_occupied occupied = { 0 };
	RT_AUTO_STRBUF scope = { 0 };
	const char *file = strrchr(path, '/');
	int r;

	if (strcmp(value, "isolated") == 0 && file &&
	    strncmp(path, root, strlen(root)) == 0) {
		rt_strbuf_addf(&scope, "%.*s",
			       (int)(file - path) - (int)strlen(root),
			       path + strlen(root));
		if (!scope.failed)
			rt_occupy(sys, scope.text, &occupied);
	}
	r = sys->calls->write(sys, path, value, err);
	rt_occupied_end(&occupied);
	return r;
}

int rt_target_read(struct rt_sys *sys, enum rt_kind kind, const char *path,
		   char *buf, size_t size, struct rt_err *err)
{
	switch (kind) {
	case RT_KIND_TEXT:
	case RT_KIND_LIST:
	case RT_KIND_MASK:
	case RT_KIND_PARTITION:
		return sys->calls->read(sys, rt_facts_shown_in(sys, path), buf,
					size, err);
	case RT_KIND_AFFINITY:
	case RT_KIND_IRQ_THREAD:
		return read_affinity(sys, path, buf, size, err);
	case RT_KIND_CGROUP:
		return read_cgroup(sys, path, buf, size, err);
	case RT_KIND_SCHED:
		return read_sched(sys, path, buf, size, err);
	case RT_KIND_TASKS:
		return rt_fail(err, 0, "'%s' is no single value", path);
	case RT_KIND_IRQBALANCE:
		return rt_irqbalance_read(sys, path, buf, size, err);
	}
	return rt_fail(err, 0, "'%s' is of no known kind", path);
}

/* Why the kernel may have refused, in words that help. */
static const char *diagnose(const char *path, int code)
{
	const bool is_online =
		strncmp(path, "sys/devices/system/cpu/cpu", 26) == 0 &&
		strstr(path, "/online");

	if (is_online && code == EPERM)
		return "SMT was switched off for the whole host "
		       "(/sys/devices/system/cpu/smt/control)";
	if (is_online && code == EBUSY)
		return "it is the last CPU that may run, or CPU hotplug is "
		       "switched off for the moment";
	if (is_online && code == ENOENT)
		return "this CPU cannot be taken offline";
	return NULL;
}

int rt_target_write(struct rt_sys *sys, enum rt_kind kind, const char *path,
		    const char *value, struct rt_err *err)
{
	const char *why;
	int r;

	switch (kind) {
	case RT_KIND_TEXT:
	case RT_KIND_LIST:
	case RT_KIND_MASK:
		r = sys->calls->write(sys, path, value, err);
		why = r < 0 ? diagnose(path, -r) : NULL;
		if (why)
			rt_wrap(err, "%s", why);
		return r;
	case RT_KIND_PARTITION:
		return write_partition(sys, path, value, err);
	case RT_KIND_AFFINITY:
	case RT_KIND_IRQ_THREAD:
		return write_affinity(sys, path, value, err);
	case RT_KIND_CGROUP:
		return write_cgroup(sys, path, value, err);
	case RT_KIND_SCHED:
		return write_sched(sys, path, value, err);
	case RT_KIND_TASKS:
		return rt_tasks_widen(sys, path, err);
	case RT_KIND_IRQBALANCE:
		return rt_irqbalance_write(sys, path, value, err);
	}
	return rt_fail(err, 0, "'%s' is of no known kind", path);
}
