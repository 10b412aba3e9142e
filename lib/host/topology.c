/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology.c - the host's topology from hwloc, and the saved one */
#include "topology.h"

#include <errno.h>
#include <hwloc.h>
#include <unistd.h>

#include "topology_hwloc.h"
#include "topology_kernel.h"
#include "topology_saved.h"

static void auto_topology(hwloc_topology_t *topology)
{
	if (*topology)
		hwloc_topology_destroy(*topology);
}
#define AUTO_TOPOLOGY __attribute__((cleanup(auto_topology))) hwloc_topology_t

/*
 * hwloc reads the environment: some variables kvmrt has to set (which tree to
 * read), others must not come from the caller's shell (another machine's file).
 * NULL: not set while hwloc runs.
 */
struct env {
	const char *name;
	const char *value;
	char *saved;
	bool changed;
};

#define N_ENV 7

static int change_env(struct env *env, struct rt_err *err)
{
	for (size_t i = 0; i < N_ENV; i++) {
		const char *was = getenv(env[i].name);

		env[i].saved = was ? strdup(was) : NULL;
		if (was && !env[i].saved)
			return rt_fail_memory(err);
		env[i].changed = true;
		if ((env[i].value ? setenv(env[i].name, env[i].value, 1) :
				    unsetenv(env[i].name)) < 0)
			return rt_fail_memory(err);
	}
	return 0;
}

static void restore_env(struct env *env)
{
	for (size_t i = 0; i < N_ENV && env[i].changed; i++) {
		if (env[i].saved)
			setenv(env[i].name, env[i].saved, 1);
		else
			unsetenv(env[i].name);
		free(env[i].saved);
	}
}

/*
 * CPUs and nodes; hwloc leaves devices out by itself. Whatever has the extent
 * of a node has to stay: hwloc gives a node that has no such object the CPUs of
 * a larger one. On a machine it makes a group for such a node; in a file it
 * keeps the caches instead.
 */
static int set_filters(hwloc_topology_t topology, bool machine)
{
	unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
			      HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING |
			      HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS;

	if (machine) {
		/* The kernel says how far nodes are from each other. */
		flags |= HWLOC_TOPOLOGY_FLAG_NO_DISTANCES;
		hwloc_topology_set_cache_types_filter(
			topology, HWLOC_TYPE_FILTER_KEEP_NONE);
	}
	return hwloc_topology_set_flags(topology, flags);
}

/* What a topology is made from: one of these, or none for the machine. */
struct source {
	const char *root; /* a captured tree */
	const char *xml;  /* in memory, NUL-terminated */
	size_t xml_len;
	const char *text; /* a file's name, or a description */
};

static int set_source(hwloc_topology_t topology, const struct source *source)
{
	if (source->xml) /* hwloc counts the closing NUL */
		return hwloc_topology_set_xmlbuffer(topology, source->xml,
						    (int)source->xml_len + 1);
	if (!source->text)
		return 0;
	if (access(source->text, F_OK) == 0)
		return hwloc_topology_set_xml(topology, source->text);
	return hwloc_topology_set_synthetic(topology, source->text);
}

static int build(const struct source *source, hwloc_topology_t *ret,
		 struct rt_err *err)
{
	const bool machine = !source->xml && !source->text;
	struct env env[N_ENV] = {
		{ "HWLOC_FSROOT", source->root, NULL, 0 },
		{ "HWLOC_THISSYSTEM", source->root ? "0" : NULL, NULL, 0 },
		/* Without probing by instruction, on each CPU in turn. */
		{ "HWLOC_COMPONENTS", machine ? "linux,stop" : NULL, NULL, 0 },
		/* No GPU libraries in the hook of a guest. */
		{ "HWLOC_PLUGINS_PATH", "", NULL, 0 },
		{ "HWLOC_XMLFILE", NULL, NULL, 0 },
		{ "HWLOC_SYNTHETIC", NULL, NULL, 0 },
		{ "HWLOC_HIDE_ERRORS", "2", NULL, 0 },
	};
	hwloc_topology_t topology = NULL;
	int r = change_env(env, err);

	if (r == 0 && (hwloc_topology_init(&topology) < 0 ||
		       set_filters(topology, machine) < 0 ||
		       set_source(topology, source) < 0 ||
		       hwloc_topology_load(topology) < 0))
		r = rt_fail(err, errno, "hwloc cannot read the topology");
	restore_env(env);
	if (r < 0 && topology)
		hwloc_topology_destroy(topology);
	*ret = r < 0 ? NULL : topology;
	return r;
}

/* -ENOENT: none is saved. */
static int load_kept(struct rt_sys *sys, struct rt_topo *topo,
		     struct rt_err *err)
{
	AUTO_TOPOLOGY topology = NULL;
	RT_AUTO_FREE char *xml = NULL;
	struct source source = { 0 };
	int r = rt_topology_saved_read(sys, &xml, &source.xml_len, err);

	if (r < 0)
		return r;
	if (rt_topology_saved_find_note(xml, topo))
		return 0;
	source.xml = xml;
	r = build(&source, &topology, err);
	if (r == 0)
		r = rt_hwloc_convert(topology, topo, err);
	return r < 0 ? rt_wrap(err, "%s", RT_KEPT_PATH) : 0;
}

static int discover(struct rt_sys *sys, hwloc_topology_t *ret,
		    struct rt_err *err)
{
	const struct source source = {
		.root = sys->live ? NULL : sys->root_path,
	};

	return build(&source, ret, err);
}

/* A CPU that hwloc does not know is in a core of its own. */
static int add_unknown(struct rt_topo *topo, struct rt_err *err)
{
	struct rt_cpuset unknown = topo->present;

	for (size_t i = 0; i < topo->cores.n; i++)
		rt_cpuset_minus(&unknown, &topo->cores.items[i].cpus);
	RT_CPUSET_FOREACH(cpu, &unknown)
	{
		struct rt_cpuset own = { 0 };
		int r;

		rt_cpuset_add(&own, (unsigned)cpu);
		r = rt_topo_add(&topo->cores, (unsigned)topo->cores.n, &own,
				err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load(struct rt_sys *sys, const struct rt_cpuset *present,
		const struct rt_cpuset *online, struct rt_topo *topo,
		struct rt_err *err)
{
	AUTO_TOPOLOGY topology = NULL;
	int r = load_kept(sys, topo, err);

	/*
	 * Is it of this host, and does it know every CPU that the kernel knows?
	 */
	if (r == 0 && rt_cpuset_is_equal(&topo->present, present) &&
	    (rt_cpuset_is_subset(online, &topo->online) ||
	     !rt_cpuset_is_subset(&topo->online, online))) {
		topo->saved = true;
		return 0;
	}
	if (r < 0 && r != -ENOENT && !rt_cpuset_is_equal(present, online))
		return rt_wrap(err, "the cores of offline CPUs are not known");
	rt_topo_fini(topo);
	r = discover(sys, &topology, err);
	if (r == 0)
		r = rt_hwloc_convert(topology, topo, err);
	return r < 0 ? r : rt_kernel_cores(sys, topo, err);
}

int rt_topology_load(struct rt_sys *sys, struct rt_topo *ret_topo,
		     struct rt_err *err)
{
	struct rt_cpuset present, online;
	struct rt_topo topo = { 0 };
	int r = rt_kernel_cpus(sys, &present, &online, err);

	if (r == 0)
		r = load(sys, &present, &online, &topo, err);
	if (r == 0) {
		topo.present = present;
		topo.online = online;
		r = add_unknown(&topo, err);
	}
	if (r == 0)
		r = rt_kernel_nodes(sys, &topo, err);
	if (r == 0 && topo.kinds.n == 0)
		r = rt_kernel_kinds(sys, &topo, err);
	if (r < 0) {
		rt_topo_fini(&topo);
		return rt_wrap(err, "topology");
	}
	*ret_topo = topo;
	return 0;
}

static bool is_kept(struct rt_sys *sys, struct rt_err *err)
{
	struct rt_cpuset present, online;
	struct rt_topo topo = { 0 };
	const bool kept = rt_kernel_cpus(sys, &present, &online, err) == 0 &&
			  load_kept(sys, &topo, err) == 0 &&
			  rt_cpuset_is_equal(&topo.present, &present) &&
			  rt_cpuset_is_subset(&online, &topo.online);

	rt_topo_fini(&topo);
	return kept;
}

/*
 * Note what kvmrt derives from the topology in the XML that is about to be
 * written.
 */
static int add_note(struct rt_sys *sys, hwloc_topology_t topology,
		    struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FREE char *note = NULL;
	struct rt_topo topo = { 0 };
	int r = rt_hwloc_convert(topology, &topo, err);

	if (r == 0)
		r = rt_kernel_cores(sys, &topo, err);
	if (r == 0)
		r = rt_kernel_nodes(sys, &topo, err);
	if (r == 0) {
		rt_topo_format(&topo, &text);
		r = rt_strbuf_take(&text, &note, err);
	}
	rt_topo_fini(&topo);
	if (r == 0 && hwloc_obj_add_info(hwloc_get_root_obj(topology),
					 RT_KEPT_NOTE, note) < 0)
		r = rt_fail(err, errno, "hwloc cannot take a note");
	return r;
}

int rt_topology_save(struct rt_sys *sys, struct rt_err *err)
{
	AUTO_TOPOLOGY topology = NULL;
	char *xml;
	int len, r;

	if (is_kept(sys, err))
		return 0;
	r = discover(sys, &topology, err);
	if (r == 0)
		r = add_note(sys, topology, err);
	if (r < 0)
		return r;
	if (hwloc_topology_export_xmlbuffer(topology, &xml, &len, 0) < 0)
		return rt_fail(err, errno, "hwloc cannot export the topology");
	r = rt_topology_saved_write(sys, xml, (size_t)len - 1, err);
	hwloc_free_xmlbuffer(topology, xml);
	return r;
}

int rt_topology_load_file(const char *source, struct rt_topo *ret_topo,
			  struct rt_err *err)
{
	const struct source from = { .text = source };
	AUTO_TOPOLOGY topology = NULL;
	struct rt_topo topo = { 0 };
	int r;

	if (build(&from, &topology, err) < 0)
		return rt_fail(err, 0,
			       "'%s' is neither hwloc's XML nor a "
			       "description such as 'pack:2 core:4 pu:2'",
			       source);
	r = rt_hwloc_convert(topology, &topo, err);
	if (r < 0)
		rt_topo_fini(&topo);
	else
		*ret_topo = topo;
	return r;
}
