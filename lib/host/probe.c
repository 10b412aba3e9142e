/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe.c - host-wide settings, and what the root of cgroup2 says */
#include "probe.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/suppress.h"
#include "unread.h"

#define CPU    "sys/devices/system/cpu"
#define CGROUP "sys/fs/cgroup"

/* Gone, or of a device that is gone or asleep, or not of this host. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ENODEV || r == -ENXIO ||
	       r == -EINVAL || r == -EOPNOTSUPP || r == -EBUSY;
}

/*
 * Add what was read of a file. One that is not there is left out; one that is
 * there and cannot be read is RT_UNREAD, and a finding.
 */
static int add_text(struct rt_facts *facts, enum rt_kind kind, const char *path,
		    const char *text, int r, const struct rt_err *why,
		    struct rt_err *err)
{
	if (is_absent(r))
		return 0;
	if (r < 0 && rt_unread_add(facts, why, err) < 0)
		return -ENOMEM;
	return rt_settings_add(&facts->settings, kind, path,
			       r < 0 ? RT_UNREAD : text, err);
}

static int add_file(struct rt_sys *sys, struct rt_facts *facts,
		    enum rt_kind kind, const char *path, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	struct rt_err why;
	int r = rt_sys_read(sys, rt_facts_shown_in(sys, path), text,
			    sizeof(text), &why);

	return add_text(facts, kind, path, text, r, &why, err);
}

#define WORKQUEUES "sys/devices/virtual/workqueue/cpumask"

const char *rt_facts_shown_in(struct rt_sys *sys, const char *path)
{
	static const char requested[] = WORKQUEUES "_requested";

	return strcmp(path, WORKQUEUES) == 0 && rt_sys_exists(sys, requested) ?
		       requested :
		       path;
}

static bool has_word(const char *text, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)); p += len) {
		if ((p == text || p[-1] == ' ') &&
		    (p[len] == ' ' || p[len] == '\0'))
			return true;
	}
	return false;
}

/*
 * The governor, if `performance` can be had. By CPU: a policy of several CPUs
 * shows at each of them. A CPU that is offline has none.
 */
static int read_governor(struct rt_sys *sys, int cpu, struct rt_facts *facts,
			 struct rt_err *err)
{
	char path[128], governor[64], text[1024];
	struct rt_err why;
	int r;

	snprintf(path, sizeof(path), CPU "/cpu%d/cpufreq/scaling_governor",
		 cpu);
	r = rt_sys_read(sys, path, governor, sizeof(governor), &why);
	if (r == 0 && strcmp(governor, "performance") != 0) {
		r = rt_sys_readf(sys, text, sizeof(text), &why,
				 CPU "/cpu%d/cpufreq/"
				     "scaling_available_governors",
				 cpu);
		if (r == 0 && !has_word(text, "performance"))
			return 0;
	}
	return add_text(facts, RT_KIND_TEXT, path, governor, r, &why, err);
}

int rt_may_stop_servers(struct rt_sys *sys, struct rt_err *err)
{
	char text[128];
	int r = rt_sys_read(sys, "proc/sys/kernel/osrelease", text,
			    sizeof(text), err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return strtoul(text, NULL, 10) >= 7;
}

/*
 * The fair server (6.12) runs fair tasks that real-time tasks starve; later
 * kernels have an ext server for those of sched_ext, too. Both are in debugfs,
 * which a locked-down kernel lets nobody open: then they are as if they were
 * not there.
 */
static int read_servers(struct rt_sys *sys, const struct rt_cpuset *cpus,
			struct rt_facts *facts, struct rt_err *err)
{
	struct rt_err why;
	const int may = rt_may_stop_servers(sys, &why);

	/* What is on record of them stays as it is. */
	if (may < 0)
		return rt_unread_add(facts, &why, err) < 0 ?
			       -ENOMEM :
			       rt_unread_below(facts, RT_SERVERS, err);
	for (unsigned i = 0; may && rt_servers[i]; i++) {
		char path[128], text[64];

		RT_CPUSET_FOREACH(cpu, cpus)
		{
			int r;

			snprintf(path, sizeof(path),
				 RT_SERVERS "/%s/cpu%d/runtime", rt_servers[i],
				 cpu);
			r = rt_sys_read(sys, path, text, sizeof(text), &why);
			if (r == -ENOENT || r == -EPERM || r == -EACCES)
				break;
			r = add_text(facts, RT_KIND_TEXT, path, text, r, &why,
				     err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int read_cpus(struct rt_sys *sys, const struct rt_cpuset *cpus,
		     struct rt_facts *facts, struct rt_err *err)
{
	int r = 0;

	for (int cpu = rt_cpuset_first(cpus); r == 0 && cpu >= 0;
	     cpu = rt_cpuset_next(cpus, cpu)) {
		char path[128];

		snprintf(path, sizeof(path), CPU "/cpu%d/online", cpu);
		r = add_file(sys, facts, RT_KIND_TEXT, path, err);
		if (r < 0)
			break;
		snprintf(path, sizeof(path),
			 CPU "/cpu%d/power/pm_qos_resume_latency_us", cpu);
		r = add_file(sys, facts, RT_KIND_TEXT, path, err);
		if (r == 0)
			r = read_governor(sys, cpu, facts, err);
	}
	return r;
}

/*
 * The entries of a directory. A missing directory has none. One that cannot be
 * listed has none either, and that is a finding.
 */
static int list_entries(struct rt_sys *sys, const char *path,
			struct rt_names *names, struct rt_facts *facts,
			struct rt_err *err)
{
	struct rt_err why;
	int r = rt_sys_list(sys, path, names, &why);

	if (r == 0 || is_absent(r))
		return 0;
	return rt_unread_add(facts, &why, err) < 0 ?
		       -ENOMEM :
		       rt_unread_below(facts, path, err);
}

static int for_entries(struct rt_sys *sys, const char *path,
		       int (*visit)(struct rt_sys *, const char *name,
				    struct rt_facts *, struct rt_err *),
		       struct rt_facts *facts, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	int r = list_entries(sys, path, &names, facts, err);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = visit(sys, names.items[i], facts, err);
	return r;
}

static int read_workqueue(struct rt_sys *sys, const char *name,
			  struct rt_facts *facts, struct rt_err *err)
{
	char path[PATH_MAX];

	/* The directory's own files are listed here, too. */
	if (strncmp(name, "cpumask", 7) == 0 || strcmp(name, "power") == 0 ||
	    strcmp(name, "uevent") == 0)
		return 0;
	snprintf(path, sizeof(path), "sys/devices/virtual/workqueue/%s/cpumask",
		 name);
	return add_file(sys, facts, RT_KIND_MASK, path, err);
}

static int read_interface(struct rt_sys *sys, const char *name,
			  struct rt_facts *facts, struct rt_err *err)
{
	RT_AUTO_NAMES queues = { 0 };
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "sys/class/net/%s/queues", name);
	r = list_entries(sys, path, &queues, facts, err);
	for (size_t i = 0; r == 0 && i < queues.n; i++) {
		if (strncmp(queues.items[i], "rx-", 3) != 0)
			continue;
		snprintf(path, sizeof(path),
			 "sys/class/net/%s/queues/%s/rps_cpus", name,
			 queues.items[i]);
		r = add_file(sys, facts, RT_KIND_MASK, path, err);
	}
	return r;
}

int rt_facts_read_suppressed(struct rt_sys *sys, uint32_t suppress,
			     struct rt_facts *facts, struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rt_suppress_words.n; i++) {
		if (suppress >> i & 1)
			r = add_file(sys, facts, RT_KIND_TEXT,
				     rt_suppressions[i].path, err);
	}
	return r < 0 ? rt_wrap(err, "host settings") : 0;
}

int rt_facts_read_settings(struct rt_sys *sys, const struct rt_topo *topo,
			   struct rt_facts *facts, struct rt_err *err)
{
	return rt_facts_read_settings_of(sys, &topo->present, facts, err);
}

int rt_facts_read_settings_of(struct rt_sys *sys, const struct rt_cpuset *cpus,
			      struct rt_facts *facts, struct rt_err *err)
{
	int r = read_cpus(sys, cpus, facts, err);

	if (r == 0)
		r = read_servers(sys, cpus, facts, err);
	facts->workqueues_follow =
		strcmp(rt_facts_shown_in(sys, WORKQUEUES), WORKQUEUES) != 0;
	if (r == 0)
		r = add_file(sys, facts, RT_KIND_MASK, WORKQUEUES, err);
	if (r == 0)
		r = for_entries(sys, "sys/devices/virtual/workqueue",
				read_workqueue, facts, err);
	if (r == 0)
		r = add_file(sys, facts, RT_KIND_LIST,
			     "proc/sys/kernel/watchdog_cpumask", err);
	if (r == 0)
		r = for_entries(sys, "sys/class/net", read_interface, facts,
				err);
	if (r == 0)
		r = add_file(sys, facts, RT_KIND_MASK,
			     "proc/irq/default_smp_affinity", err);
	return r < 0 ? rt_wrap(err, "host settings") : 0;
}

/* Is it a partition, and of which CPUs? */
static int read_partition(struct rt_sys *sys, const char *directory,
			  struct rt_facts *facts, struct rt_err *err)
{
	const size_t n = facts->settings.n;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/cpuset.cpus.partition", directory);
	r = add_file(sys, facts, RT_KIND_PARTITION, path, err);
	if (r < 0 || facts->settings.n == n ||
	    rt_value_same(RT_KIND_PARTITION, facts->settings.items[n].value,
			  "member"))
		return r;
	snprintf(path, sizeof(path), "%s/cpuset.cpus.exclusive", directory);
	return add_file(sys, facts, RT_KIND_LIST, path, err);
}

/*
 * cpuset.cpus of each cgroup directly below `parent` ("" is the root), and for
 * a fence whether it is a partition.
 */
static int read_children(struct rt_sys *sys, const char *parent, bool fence,
			 struct rt_facts *facts, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	char directory[PATH_MAX - 64], path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), CGROUP "%s", parent);
	r = list_entries(sys, path, &names, facts, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		snprintf(directory, sizeof(directory), CGROUP "%s/%s", parent,
			 names.items[i]);
		snprintf(path, sizeof(path), "%s/cpuset.cpus", directory);
		r = add_file(sys, facts, RT_KIND_LIST, path, err);
		if (r == 0 && (fence || !facts->has_partitions))
			r = read_partition(sys, directory, facts, err);
		if (facts->has_partitions)
			continue;
		snprintf(path, sizeof(path), "%s/cpuset.cpus.exclusive",
			 directory);
		facts->has_partitions = rt_sys_exists(sys, path);
	}
	return r;
}

int rt_facts_read_isolated(struct rt_sys *sys, struct rt_facts *facts,
			   struct rt_err *err)
{
	struct rt_err why;
	int r = rt_sys_read_cpus(sys, CGROUP "/cpuset.cpus.isolated",
				 &facts->isolated, &why);

	if (r == -ENOENT)
		return 0;
	/*
	 * It came to the root together with .exclusive below, and is there
	 * before any child has a cpuset.
	 */
	facts->has_partitions = true;
	if (r == 0)
		return 0;
	facts->isolated_unread = true;
	rt_cpuset_add_range(&facts->isolated, 0, RT_CPUS_MAX - 1);
	return rt_unread_add(facts, &why, err);
}

int rt_facts_read_cgroup(struct rt_sys *sys, bool fence, struct rt_facts *facts,
			 struct rt_err *err)
{
	int r = rt_facts_read_isolated(sys, facts, err);

	if (r == 0)
		r = read_children(sys, "", fence, facts, err);
	if (r == 0)
		r = read_children(sys, "/machine.slice", fence, facts, err);
	return r < 0 ? rt_wrap(err, "cgroups") : 0;
}
