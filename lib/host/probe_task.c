/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe_task.c - a guest's process: its threads, its cgroups, its memory */
#include "probe.h"

#include <errno.h>
#include <limits.h>

#include "core/model/sched.h"
#include "task_stat.h"

#define CGROUP "sys/fs/cgroup"

/* As many as there can be threads (PID_MAX_LIMIT), of eight bytes each. */
#define THREADS_FILE_MAX (32u << 20)

/*
 * Cut libvirt's own part off: "/libvirt/…" since 7.1, "/emulator" or "/vcpu0"
 * before. False when there is none: the cgroup is not the guest's alone.
 */
static bool cut_to_scope(char *path)
{
	char *last = strrchr(path, '/');

	for (char *p = path; (p = strstr(p, "/libvirt")); p++) {
		if (p > path && (p[8] == '/' || p[8] == '\0')) {
			*p = '\0';
			return true;
		}
	}
	if (!last || last == path ||
	    (strcmp(last, "/emulator") != 0 && strncmp(last, "/vcpu", 5) != 0 &&
	     strncmp(last, "/iothread", 9) != 0))
		return false;
	*last = '\0';
	return true;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* QEMU names its threads; libvirt always asks it to. */
static enum rt_role role_of(const char *comm, unsigned *vcpu)
{
	int len = 0;

	if (sscanf(comm, "CPU %u/%n", vcpu, &len) == 1 && len &&
	    (strcmp(comm + len, "KVM") == 0 || strcmp(comm + len, "TCG") == 0))
		return RT_ROLE_VCPU;
	*vcpu = 0;
	if (has_prefix(comm, "vhost-"))
		return RT_ROLE_VHOST;
	/* The monitor has an iothread too: it is no guest's I/O. */
	if (has_prefix(comm, "IO ") && strcmp(comm, "IO mon_iothread") != 0)
		return RT_ROLE_IOTHREAD;
	return RT_ROLE_EMULATOR;
}

/* All of *thread but its place: who it is, and where it runs. */
static int read_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
		       struct rt_thread *thread, struct rt_err *err)
{
	RT_AUTO_FREE char *path = NULL;
	struct rt_stat_line line;
	const char *last;
	int r = rt_stat_read(sys, pid, tid, &line, err);

	if (r == 0)
		r = sys->calls->get_affinity(sys, pid, tid, &thread->affinity,
					     err);
	if (r == 0)
		r = rt_task_cgroup(sys, pid, tid, &path, err);
	if (r < 0)
		return r;
	thread->pid = pid;
	thread->tid = tid;
	thread->start = line.start;
	if (line.has_policy)
		memcpy(thread->sched,
		       rt_sched_of(line.policy, line.priority).text,
		       sizeof(thread->sched));
	memcpy(thread->comm, line.comm, sizeof(thread->comm));
	thread->role = role_of(line.comm, &thread->vcpu);
	last = path ? strrchr(path, '/') : NULL;
	thread->leaf = strdup(last ? last + 1 : path ? path : "");
	return thread->leaf ? 0 : rt_fail_memory(err);
}

/* One that has ended meanwhile is left out. */
static int add_thread(struct rt_sys *sys, unsigned pid, unsigned tid,
		      struct rt_threads *threads, struct rt_err *err)
{
	int r;

	if (!rt_grow(&threads->items, threads->n, &threads->size,
		     sizeof(*threads->items)))
		return rt_fail_memory(err);
	r = read_thread(sys, pid, tid, &threads->items[threads->n], err);
	if (r == 0)
		threads->n++;
	return r == -ESRCH ? 0 : r;
}

static int compare_tids(const void *a, const void *b)
{
	const unsigned x = ((const struct rt_thread *)a)->tid;
	const unsigned y = ((const struct rt_thread *)b)->tid;

	return x < y ? -1 : x > y;
}

/* The first n_sorted are in order; a few of the kernel's may follow. */
static bool has_thread(const struct rt_threads *threads, size_t n_sorted,
		       unsigned tid)
{
	const struct rt_thread key = { .tid = tid };

	if (n_sorted &&
	    bsearch(&key, threads->items, n_sorted, sizeof(key), compare_tids))
		return true;
	for (size_t i = n_sorted; i < threads->n; i++) {
		if (threads->items[i].tid == tid)
			return true;
	}
	return false;
}

static int read_process_threads(struct rt_sys *sys, unsigned pid,
				struct rt_threads *threads, struct rt_err *err)
{
	RT_AUTO_FREE unsigned *tids = NULL;
	char path[64];
	size_t n = 0;
	int r;

	snprintf(path, sizeof(path), "proc/%u/task", pid);
	r = rt_sys_list_numbers(sys, path, &tids, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_thread(sys, pid, tids[i], threads, err);
	return r;
}

/*
 * Kernel threads that work for the guest (kvm-nx-lpage-re; vhost before 6.4)
 * are processes of their own, to be found only by their cgroup.
 */
static int read_cgroup_threads(struct rt_sys *sys, const char *cgroup,
			       struct rt_threads *threads, size_t n_sorted,
			       struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	char path[PATH_MAX + 16];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "%s/cgroup.threads", cgroup);
	r = rt_sys_read_all(sys, path, THREADS_FILE_MAX, &text, &len, err);
	/* EOPNOTSUPP: not threaded, so it has processes and no threads. */
	if (r == -ENOENT || r == -EOPNOTSUPP || r == -ENODEV)
		return 0;
	for (char *p = r == 0 ? text : NULL, *end; r == 0 && *p; p = end) {
		const unsigned long tid = strtoul(p, &end, 10);

		if (end == p)
			break;
		end += strspn(end, "\n");
		/* 0: a thread of another pid namespace. */
		if (tid && !has_thread(threads, n_sorted, (unsigned)tid))
			r = add_thread(sys, (unsigned)tid, (unsigned)tid,
				       threads, err);
	}
	return r;
}

static int add_cgroup_file(struct rt_sys *sys, const char *cgroup,
			   const char *file, enum rt_kind kind,
			   struct rt_settings *settings, struct rt_err *err)
{
	char path[PATH_MAX], text[RT_CPULIST_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", cgroup, file) >=
	    sizeof(path))
		return rt_fail(err, ENAMETOOLONG, "cannot read %s/%s", cgroup,
			       file);
	r = rt_sys_read(sys, path, text, sizeof(text), err);
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	return r < 0 ? r : rt_settings_add(settings, kind, path, text, err);
}

enum place {
	ANCESTOR = 1,
	SCOPE = 2,
	LEAF = 4,
	INNER = 8, /* libvirt's own, between scope and leaves */
};

static const struct {
	const char *file;
	enum rt_kind kind;
	unsigned places;
} cgroup_files[] = {
	{ "cpuset.cpus", RT_KIND_LIST, SCOPE | LEAF },
	{ "cpuset.cpus.exclusive", RT_KIND_LIST, ANCESTOR | SCOPE | LEAF },
	{ "cpuset.cpus.partition", RT_KIND_PARTITION, SCOPE | LEAF },
	{ "cpuset.cpus.effective", RT_KIND_LIST, SCOPE },
	{ "cpuset.mems", RT_KIND_LIST, LEAF },
	{ "cgroup.pressure", RT_KIND_TEXT, SCOPE | INNER | LEAF },
};

static int add_cgroup(struct rt_sys *sys, const char *cgroup, unsigned place,
		      struct rt_settings *settings, struct rt_err *err)
{
	const size_t n = sizeof(cgroup_files) / sizeof(*cgroup_files);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (cgroup_files[i].places & place)
			r = add_cgroup_file(sys, cgroup, cgroup_files[i].file,
					    cgroup_files[i].kind, settings,
					    err);
	}
	return r;
}

static int read_leaves(struct rt_sys *sys, const char *parent,
		       struct rt_process *process, struct rt_err *err)
{
	const size_t n_sorted = process->threads.n;
	RT_AUTO_NAMES names = { 0 };
	int r = rt_sys_list(sys, parent, &names, err);

	if (r == -ENOENT)
		return 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.items[i];
		char path[PATH_MAX];

		if (strcmp(name, "emulator") != 0 &&
		    !has_prefix(name, "vcpu") && !has_prefix(name, "iothread"))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", parent,
				     name) >= sizeof(path))
			return rt_fail(err, ENAMETOOLONG, "cannot read %s/%s",
				       parent, name);
		r = add_cgroup(sys, path, LEAF, &process->cgroup, err);
		if (r == 0)
			r = read_cgroup_threads(sys, path, &process->threads,
						n_sorted, err);
	}
	return r;
}

/* From the top down to the scope, then the leaves. */
static int read_chain(struct rt_sys *sys, struct rt_process *process,
		      struct rt_err *err)
{
	char path[PATH_MAX], parent[PATH_MAX + 16];
	struct stat st;
	int r = 0;

	if ((size_t)snprintf(path, sizeof(path), CGROUP "/%s",
			     process->scope) >= sizeof(path))
		return rt_fail(err, ENAMETOOLONG, "cannot read cgroup %s",
			       process->scope);
	for (char *p = path + strlen(CGROUP "/"); r == 0; p++) {
		const bool last = !*p;

		if (!last && *p != '/')
			continue;
		*p = '\0';
		r = add_cgroup(sys, path, last ? SCOPE : ANCESTOR,
			       &process->cgroup, err);
		if (last)
			break;
		*p = '/';
	}
	if (r < 0)
		return r;
	snprintf(parent, sizeof(parent), "%s/libvirt", path);
	r = sys->calls->stat(sys, parent, &st);
	if (r == -ENOENT || r == -ENODEV)
		return read_leaves(sys, path, process, err);
	if (r < 0)
		return rt_fail(err, -r, "cannot examine /%s", parent);
	r = add_cgroup(sys, parent, ANCESTOR | INNER, &process->cgroup, err);
	return r < 0 ? r : read_leaves(sys, parent, process, err);
}

static unsigned long long status_kib(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtoull(line + strlen(key), NULL, 10) : 0;
}

static int read_locked(struct rt_sys *sys, unsigned pid,
		       unsigned long long *ret_kib, struct rt_err *err)
{
	char text[RT_CPULIST_MAX + 8192];
	RT_AUTO_FREE char *longer = NULL;
	int r = rt_sys_read_task_all(sys, pid, pid, "status", text,
				     sizeof(text), &longer, err);
	const char *status = longer ? longer : text;

	if (r == 0)
		*ret_kib = status_kib(status, "\nVmLck:") +
			   status_kib(status, "\nHugetlbPages:");
	return r;
}

static int read_scope(struct rt_sys *sys, unsigned pid, char **ret_scope,
		      struct rt_err *err)
{
	int r = rt_task_cgroup(sys, pid, pid, ret_scope, err);

	if (r < 0 || !*ret_scope || (cut_to_scope(*ret_scope) && **ret_scope))
		return r;
	free(*ret_scope);
	*ret_scope = NULL;
	return 0;
}

static int read_process(struct rt_sys *sys, struct rt_process *process,
			struct rt_err *err)
{
	int r = read_scope(sys, process->pid, &process->scope, err);

	if (r == 0)
		r = read_locked(sys, process->pid, &process->locked_kib, err);
	if (r == 0)
		r = read_process_threads(sys, process->pid, &process->threads,
					 err);
	if (r == 0 && process->scope)
		r = read_chain(sys, process, err);
	return r;
}

int rt_facts_read_process(struct rt_sys *sys, const char *uuid, unsigned pid,
			  struct rt_facts *facts, struct rt_err *err)
{
	struct rt_processes *processes = &facts->processes;
	struct rt_process process = { .pid = pid };
	struct rt_stat_line line;
	struct rt_err why;
	int r;

	if (!rt_grow(&processes->items, processes->n, &processes->size,
		     sizeof(*processes->items)))
		return rt_fail_memory(err);
	snprintf(process.uuid, sizeof(process.uuid), "%s", uuid);
	if (read_process(sys, &process, &why) < 0) {
		rt_process_fini(&process);
		r = rt_stat_read(sys, pid, pid, &line, err);
		if (r == 0 && (line.flags & PF_EXITING))
			r = rt_fail(err, ESRCH, "it ends");
		if (r == -ESRCH)
			return rt_wrap(err, "process %u", pid);
		/* When /proc hides the process, this error says more. */
		process.unread = strdup(r < 0 ? err->text : why.text);
		if (!process.unread)
			return rt_fail_memory(err);
	}
	processes->items[processes->n++] = process;
	return 0;
}
