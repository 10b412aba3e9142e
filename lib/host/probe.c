/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe.c - host-wide settings, and what the root of cgroup2 says */
#include "probe.h"

#include <errno.h>
#include <limits.h>

#define CPU    "sys/devices/system/cpu"
#define CGROUP "sys/fs/cgroup"

/* Add what the file holds; a file that is not there is left out. */
static int add_file(struct rt_sys *sys, struct rt_settings *settings,
		    enum rt_kind kind, const char *path, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(sys, path, text, sizeof(text), err);

	/* Gone, or of a device that is gone, or not of this host. */
	if (r == -ENOENT || r == -ENODEV || r == -ENXIO || r == -EINVAL ||
	    r == -EOPNOTSUPP || r == -EBUSY)
		return 0;
	if (r < 0)
		return r;
	return rt_settings_add(settings, kind, path, text, err);
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
 * shows at each of them.
 */
static int read_governor(struct rt_sys *sys, int cpu,
			 struct rt_settings *settings, struct rt_err *err)
{
	char path[128], governor[64], text[1024];
	int r;

	snprintf(path, sizeof(path), CPU "/cpu%d/cpufreq/scaling_governor",
		 cpu);
	r = rt_sys_read(sys, path, governor, sizeof(governor), err);
	if (r == 0 && strcmp(governor, "performance") != 0) {
		r = rt_sys_readf(sys, text, sizeof(text), err,
				 CPU "/cpu%d/cpufreq/"
				     "scaling_available_governors",
				 cpu);
		if (r == 0 && !has_word(text, "performance"))
			return 0;
	}
	/* No cpufreq here, or not for a CPU that is offline. */
	return r < 0 ? 0 :
		       rt_settings_add(settings, RT_KIND_TEXT, path, governor,
				       err);
}

static int read_cpus(struct rt_sys *sys, const struct rt_cpuset *cpus,
		     struct rt_settings *settings, struct rt_err *err)
{
	int r = 0;

	for (int cpu = rt_cpuset_first(cpus); r == 0 && cpu >= 0;
	     cpu = rt_cpuset_next(cpus, cpu)) {
		char path[128];

		snprintf(path, sizeof(path), CPU "/cpu%d/online", cpu);
		r = add_file(sys, settings, RT_KIND_TEXT, path, err);
		if (r < 0)
			break;
		snprintf(path, sizeof(path),
			 CPU "/cpu%d/power/pm_qos_resume_latency_us", cpu);
		r = add_file(sys, settings, RT_KIND_TEXT, path, err);
		if (r == 0)
			r = read_governor(sys, cpu, settings, err);
	}
	return r;
}

/* Visit the entries of a directory. A missing one has none. */
static int for_entries(struct rt_sys *sys, const char *path,
		       int (*visit)(struct rt_sys *, const char *name,
				    struct rt_settings *, struct rt_err *),
		       struct rt_settings *settings, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	int r = rt_sys_list(sys, path, &names, err);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = visit(sys, names.items[i], settings, err);
	return r;
}

static int read_workqueue(struct rt_sys *sys, const char *name,
			  struct rt_settings *settings, struct rt_err *err)
{
	char path[512];

	/* The directory's own files are met here too. */
	if (strncmp(name, "cpumask", 7) == 0 || strcmp(name, "power") == 0 ||
	    strcmp(name, "uevent") == 0)
		return 0;
	snprintf(path, sizeof(path), "sys/devices/virtual/workqueue/%s/cpumask",
		 name);
	return rt_sys_exists(sys, path) ?
		       add_file(sys, settings, RT_KIND_MASK, path, err) :
		       0;
}

static int read_interface(struct rt_sys *sys, const char *name,
			  struct rt_settings *settings, struct rt_err *err)
{
	RT_AUTO_NAMES queues = { 0 };
	char path[1024];
	int r;

	snprintf(path, sizeof(path), "sys/class/net/%s/queues", name);
	r = rt_sys_list(sys, path, &queues, err);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	for (size_t i = 0; r == 0 && i < queues.n; i++) {
		if (strncmp(queues.items[i], "rx-", 3) != 0)
			continue;
		snprintf(path, sizeof(path),
			 "sys/class/net/%s/queues/%s/rps_cpus", name,
			 queues.items[i]);
		r = add_file(sys, settings, RT_KIND_MASK, path, err);
	}
	return r;
}

int rt_facts_read_settings(struct rt_sys *sys, const struct rt_topo *topo,
			   struct rt_facts *facts, struct rt_err *err)
{
	return rt_facts_read_settings_of(sys, &topo->present, facts, err);
}

int rt_facts_read_settings_of(struct rt_sys *sys, const struct rt_cpuset *cpus,
			      struct rt_facts *facts, struct rt_err *err)
{
	struct rt_settings *settings = &facts->settings;
	int r = read_cpus(sys, cpus, settings, err);

	facts->workqueues_follow = rt_sys_exists(
		sys, "sys/devices/virtual/workqueue/cpumask_requested");
	if (r == 0)
		r = add_file(sys, settings, RT_KIND_MASK,
			     "sys/devices/virtual/workqueue/cpumask", err);
	if (r == 0)
		r = for_entries(sys, "sys/devices/virtual/workqueue",
				read_workqueue, settings, err);
	if (r == 0)
		r = add_file(sys, settings, RT_KIND_LIST,
			     "proc/sys/kernel/watchdog_cpumask", err);
	if (r == 0)
		r = for_entries(sys, "sys/class/net", read_interface, settings,
				err);
	if (r == 0)
		r = add_file(sys, settings, RT_KIND_MASK,
			     "proc/irq/default_smp_affinity", err);
	return r < 0 ? rt_wrap(err, "host settings") : 0;
}

/* cpuset.cpus of each cgroup directly below `parent` ("" is the root). */
static int read_children(struct rt_sys *sys, const char *parent,
			 struct rt_facts *facts, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), CGROUP "%s", parent);
	r = rt_sys_list(sys, path, &names, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.n; i++) {
		snprintf(path, sizeof(path), CGROUP "%s/%s/cpuset.cpus", parent,
			 names.items[i]);
		r = rt_sys_exists(sys, path) ?
			    add_file(sys, &facts->settings, RT_KIND_LIST, path,
				     err) :
			    0;
		if (r < 0)
			return r;
		snprintf(path, sizeof(path),
			 CGROUP "%s/%s/cpuset.cpus.exclusive", parent,
			 names.items[i]);
		if (rt_sys_exists(sys, path))
			facts->has_partitions = true;
	}
	return 0;
}

int rt_facts_read_isolated(struct rt_sys *sys, struct rt_facts *facts,
			   struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(sys, CGROUP "/cpuset.cpus.isolated", text,
			    sizeof(text), err);

	/*
	 * It came to the root together with .exclusive below, and is there
	 * before any child has a cpuset.
	 */
	if (r == 0) {
		facts->has_partitions = true;
		r = rt_cpuset_parse_list(text, &facts->isolated, err);
	} else if (r == -ENOENT) {
		r = 0;
	}
	return r < 0 ? rt_wrap(err, "cgroups") : 0;
}

int rt_facts_read_cgroup(struct rt_sys *sys, struct rt_facts *facts,
			 struct rt_err *err)
{
	int r = rt_facts_read_isolated(sys, facts, err);

	if (r == 0)
		r = read_children(sys, "", facts, err);
	if (r == 0)
		r = read_children(sys, "/machine.slice", facts, err);
	return r < 0 ? rt_wrap(err, "cgroups") : 0;
}
