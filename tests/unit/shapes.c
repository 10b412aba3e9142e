/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shapes.c - siblings that kvmrt took offline, on hosts of every shape
 *
 * A host of tests/hosts/shapes is made with all CPUs online and its topology is
 * kept, then it is made again with all threads but the first of each core
 * offline, as the kernel shows that: every core, die, package, node and kind
 * has its number and CPUs still.
 */
#include "host/topology.h"

#include <errno.h>
#include <sys/stat.h>

#include "../host.h"
#include "../tap.h"

static const char *const shapes[] = {
	"laptop",	"neighbours",	"dealt",	 "guide",
	"snc2-striped", "l3-as-numa",	"cxl-snc",	 "hbm",
	"gpu-memory",	"sparse-nodes", "dies-as-nodes", "hybrid-nodes",
	"smt8-sparse",	"arm-smt2",	"s390-nodes",	 "no-numa",
};

static bool make(const char *words, const char *root)
{
	const char *top = getenv("TOP");
	char script[512], text[RT_CPULIST_MAX + 64], dir[128];
	char *argv[] = { script, text, dir, NULL };

	snprintf(script, sizeof(script), "%s/tests/hosts/make-shape",
		 top ? top : ".");
	snprintf(text, sizeof(text), "%s", words);
	snprintf(dir, sizeof(dir), "%s", root);
	return test_run(argv);
}

/* The topology of a host as text, and all of its CPUs taken for online. */
static char *read_topology(const char *root, bool keep, struct rt_topo *topo)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err = { 0 };
	struct rt_sys sys;
	char *text = NULL;
	int r = rt_sys_open(root, &sys, &err);

	if (!ok(r == 0, "the host opens: %s", err.text))
		return NULL;
	r = rt_topology_load(&sys, topo, &err);
	if (r == 0 && keep)
		r = rt_topology_save(&sys, &err);
	rt_sys_close(&sys);
	if (r == 0) {
		topo->online = topo->present;
		rt_topo_format(topo, &out);
		r = rt_strbuf_take(&out, &text, &err);
	}
	ok(r == 0, "its topology is read: %s", err.text);
	return text;
}

/* All threads of each core but the first. */
static struct rt_cpuset siblings(const struct rt_topo *topo)
{
	struct rt_cpuset all = { 0 };

	for (size_t i = 0; i < topo->cores.n; i++) {
		struct rt_cpuset core = topo->cores.items[i].cpus;

		rt_cpuset_remove(&core, (unsigned)rt_cpuset_first(&core));
		rt_cpuset_or(&all, &core);
	}
	return all;
}

static void test_shape(const char *shape, const struct test_host *host)
{
	RT_AUTO_FREE char *before = NULL, *after = NULL, *forgotten = NULL;
	char first[96], second[96], from[160], to[128];
	char list[RT_CPULIST_MAX], words[RT_CPULIST_MAX + 64];
	struct rt_topo topo = { 0 }, kept = { 0 }, bare = { 0 };
	struct rt_cpuset off;

	snprintf(first, sizeof(first), "%s/%s", host->dir, shape);
	snprintf(second, sizeof(second), "%s/%s-down", host->dir, shape);
	snprintf(from, sizeof(from), "%s/run/kvmrt", first);
	snprintf(to, sizeof(to), "%s/run/kvmrt", second);
	if (!ok(make(shape, first) && mkdir(from, 0755) == 0, "%s", shape))
		return;
	before = read_topology(first, true, &topo);
	off = siblings(&topo);
	rt_cpuset_format_list(&off, list, sizeof(list));
	snprintf(words, sizeof(words), "%s offline:%s", shape, list);
	if (!ok(make(words, second) && rename(from, to) == 0,
		"its siblings go offline: %s", list))
		return;
	after = read_topology(second, false, &kept);
	ok(kept.saved, "the topology that was kept is used");
	is_str(after, before, shape);
	snprintf(from, sizeof(from), "%s/topology.xml", to);
	ok(unlink(from) == 0, "without it");
	forgotten = read_topology(second, false, &bare);
	ok(forgotten && before && strcmp(forgotten, before) != 0,
	   "cores are forgotten");
	rt_topo_fini(&topo);
	rt_topo_fini(&kept);
	rt_topo_fini(&bare);
}

int main(void)
{
	struct test_host host = { .dir = "/tmp/kvmrt-test-XXXXXX" };
	char perl[] = "perl", e[] = "-e", one[] = "1";
	char *argv[] = { perl, e, one, NULL };

	if (!test_run(argv)) {
		printf("1..0 # skip there is no perl\n");
		return 0;
	}
	if (!mkdtemp(host.dir))
		return 1;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		test_shape(shapes[i], &host);
	test_host_remove(&host);
	return tap_done();
}
