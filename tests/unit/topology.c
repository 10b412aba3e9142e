/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology.c - discovered, kept while CPUs are down, and read from text */
#include "host/topology.h"
#include "host/topology_saved.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../host.h"
#include "../tap.h"

static const struct {
	const char *name;
	size_t cores, dies, packages, nodes, kinds;
	const char *present, *online, *core1, *last_node;
} hosts[] = {
	{ "smt2-numa2-12cpu", 6, 2, 2, 2, 0, "0-11", "0-11", "2-3", "6-11" },
	{ "offline-12cpu", 8, 2, 2, 2, 0, "0-11", "0-2,4-8,10-11", "2",
	  "6-11" },
	{ "hybrid-8cpu", 6, 1, 1, 1, 2, "0-7", "0-7", "2-3", "0-7" },
};

static void check_host(size_t i, const struct rt_topo *topo)
{
	const struct rt_topo_level *nodes = &topo->nodes;

	ok(true, "%s loads", hosts[i].name);
	is_int((long long)topo->cores.n, (long long)hosts[i].cores, "cores");
	is_int((long long)topo->dies.n, (long long)hosts[i].dies, "dies");
	is_int((long long)topo->packages.n, (long long)hosts[i].packages,
	       "packages");
	is_int((long long)nodes->n, (long long)hosts[i].nodes, "nodes");
	is_int((long long)topo->kinds.n, (long long)hosts[i].kinds, "kinds");
	is_str(rt_cpuset_text(&topo->present).text, hosts[i].present,
	       "present CPUs");
	is_str(rt_cpuset_text(&topo->online).text, hosts[i].online,
	       "online CPUs");
	is_str(rt_cpuset_text(&topo->cores.items[1].cpus).text, hosts[i].core1,
	       "the second core");
	is_str(rt_cpuset_text(&nodes->items[nodes->n - 1].cpus).text,
	       hosts[i].last_node, "the last node");
	if (topo->kinds.n)
		is_str(rt_cpuset_text(&topo->kinds.items[0].cpus).text, "4-7",
		       "the slowest kind is first");
}

static void test_hosts(void)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct rt_topo topo = { 0 };
		struct test_host host;
		struct rt_err err = { 0 };
		struct rt_sys sys;

		if (!test_host_make(&host, hosts[i].name) ||
		    rt_sys_open(host.root, &sys, &err) < 0 ||
		    rt_topology_load(&sys, &topo, &err) < 0) {
			ok(false, "%s: %s", hosts[i].name, err.text);
			test_host_remove(&host);
			continue;
		}
		check_host(i, &topo);
		rt_topo_fini(&topo);
		rt_sys_close(&sys);
		test_host_remove(&host);
	}
}

/* Down as the kernel does it: the topology directory goes. */
static void take_down(struct rt_sys *sys, unsigned cpu)
{
	char path[256], rm[] = "rm", rf[] = "-rf";
	char *argv[] = { rm, rf, path, NULL };
	struct rt_err err;

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/online",
		 cpu);
	ok(sys->calls->write(sys, path, "0", &err) == 0, "CPU %u goes down",
	   cpu);
	snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%u/topology",
		 sys->root_path, cpu);
	test_run(argv);
}

static void is_core_of(struct rt_sys *sys, unsigned cpu, const char *want,
		       const char *name)
{
	struct rt_cpuset one = { 0 }, core;
	struct rt_topo topo = { 0 };
	struct rt_err err = { 0 };

	rt_cpuset_add(&one, cpu);
	if (rt_topology_load(sys, &topo, &err) < 0) {
		is_str(err.text, want, name);
		return;
	}
	core = rt_topo_siblings(&topo, &one);
	is_str(rt_cpuset_text(&core).text, want, name);
	rt_topo_fini(&topo);
}

/* Write the kept file as somebody else would. */
static void spoil(struct rt_sys *sys, const char *text, mode_t mode)
{
	struct rt_err err;
	int fd = rt_sys_openat(sys, "run/kvmrt/topology.xml",
			       O_WRONLY | O_TRUNC, 0, &err);

	ok(fd >= 0 && (!text || write(fd, text, strlen(text)) >= 0) &&
		   fchmod(fd, mode) == 0,
	   "the kept file is changed");
	close(fd);
}

/* What the file says in hwloc's words is what it says in ours. */
static void test_note(struct rt_sys *sys)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_topo noted = { 0 };
	struct rt_err err = { 0 };
	char *note;
	size_t len;

	is_int(rt_topology_saved_read(sys, &xml, &len, &err), 0,
	       "the kept file");
	ok(xml && rt_topology_saved_find_note(xml, &noted), "has a note");
	is_int((long long)noted.cores.n, 6, "that knows the cores");
	rt_topo_fini(&noted);
	note = xml ? strstr(xml, "core 5 ") : NULL;
	if (!ok(note, "and names them"))
		return;
	memcpy(note, "cope", 4);
	ok(!rt_topology_saved_find_note(xml, &noted),
	   "one that cannot be read is none");
	is_int(rt_topology_saved_write(sys, xml, len, &err), 0, "then");
	is_core_of(sys, 7, "6-7", "hwloc reads the file");
}

static void test_kept(void)
{
	struct test_host host;
	struct rt_topo topo = { 0 };
	struct rt_err err = { 0 };
	struct stat before, after;
	struct rt_sys sys;
	char path[256];

	if (!test_host_make(&host, "smt2-numa2-12cpu") ||
	    rt_sys_open(host.root, &sys, &err) < 0) {
		ok(false, "a host is made");
		return;
	}
	is_int(rt_topology_save(&sys, &err), -ENOENT,
	       "without our directory nothing is kept");
	snprintf(path, sizeof(path), "%s/run/kvmrt", host.root);
	mkdir(path, 0755);
	is_int(rt_topology_save(&sys, &err), 0, "the topology is kept");
	snprintf(path, sizeof(path), "%s/run/kvmrt/topology.xml", host.root);
	ok(stat(path, &before) == 0 && (before.st_mode & 07777) == 0644,
	   "for all to read");
	is_int(rt_topology_save(&sys, &err), 0, "once more");
	ok(stat(path, &after) == 0 && before.st_ino == after.st_ino,
	   "leaves the file alone");

	take_down(&sys, 7);
	is_core_of(&sys, 7, "6-7", "CPU 7 still belongs to its core");
	is_int(rt_topology_load(&sys, &topo, &err), 0, "it loads");
	ok(rt_cpuset_has(&topo.present, 7) && !rt_cpuset_has(&topo.online, 7),
	   "CPU 7 is present and not online");
	is_str(rt_cpuset_text(&topo.nodes.items[1].cpus).text, "6-11",
	       "and in its node");
	is_int((long long)topo.cores.n, 6, "cores keep their numbers");
	rt_topo_fini(&topo);

	test_note(&sys);
	spoil(&sys, "<topology", 0644);
	ok(rt_topology_load(&sys, &topo, &err) < 0,
	   "a damaged file is refused while a CPU is down: %s", err.text);
	is_int(rt_topology_save(&sys, &err), 0, "keeping makes a new one");
	is_core_of(&sys, 7, "7", "which knows as much as the kernel");
	spoil(&sys, NULL, 0666);
	ok(rt_topology_load(&sys, &topo, &err) == -EPERM,
	   "a file that all may write is refused: %s", err.text);
	unlink(path);
	is_core_of(&sys, 7, "7", "without a file CPU 7 is alone");
	rt_sys_close(&sys);
	test_host_remove(&host);
}

static void test_environment(void)
{
	struct rt_topo topo = { 0 };
	struct rt_err err = { 0 };

	setenv("HWLOC_SYNTHETIC", "core:64 pu:1", 1);
	setenv("HWLOC_PLUGINS_PATH", "/kept", 1);
	unsetenv("HWLOC_HIDE_ERRORS");
	is_int(rt_topology_load_file("core:2 pu:2", &topo, &err), 0,
	       "a description loads");
	is_int((long long)topo.cores.n, 2, "and not what the shell says");
	is_str(getenv("HWLOC_SYNTHETIC"), "core:64 pu:1",
	       "the environment is put back");
	is_str(getenv("HWLOC_PLUGINS_PATH"), "/kept", "all of it");
	ok(!getenv("HWLOC_HIDE_ERRORS"), "and nothing more");
	unsetenv("HWLOC_SYNTHETIC");
	rt_topo_fini(&topo);
}

static void test_files(void)
{
	struct rt_topo topo = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_topology_load_file("pack:2 [numa] core:4 pu:2", &topo, &err),
	       0, "packages with a node each");
	is_int((long long)topo.nodes.n, 2, "nodes");
	is_int((long long)topo.cores.n, 8, "cores");
	is_str(rt_cpuset_text(&topo.online).text, "0-15", "all are online");
	is_str(rt_cpuset_text(&topo.packages.items[1].cpus).text, "8-15",
	       "the second package");
	rt_topo_fini(&topo);
	ok(rt_topology_load_file("/nowhere/topo.xml", &topo, &err) < 0,
	   "a file that is not there: %s", err.text);
	ok(rt_topology_load_file("/dev/null", &topo, &err) < 0,
	   "a file that is no XML: %s", err.text);
}

static void is_node(const struct rt_topo *topo, unsigned node, const char *want)
{
	const struct rt_topo_object *found = rt_topo_find(&topo->nodes, node);

	is_str(found ? rt_cpuset_text(&found->cpus).text : "none", want,
	       "CPUs of the node");
}

/* A node is as large as a cache, not as the package around it. */
static void test_small_nodes(void)
{
	struct rt_topo topo = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_topology_load_file("pack:1 l3:4 [numa] core:8 pu:2", &topo,
				     &err),
	       0, "a node for each L3 cache");
	is_node(&topo, 0, "0-15");
	is_node(&topo, 1, "16-31");
	is_node(&topo, 3, "48-63");
	rt_topo_fini(&topo);
	is_int(rt_topology_load_file("pack:2 [numa] group:2 [numa] core:4 pu:2",
				     &topo, &err),
	       0, "nodes of memory alone around others");
	is_node(&topo, 1, "8-15");
	is_node(&topo, 2, "");
	rt_topo_fini(&topo);
}

/* Two nodes in the second package, and one of memory alone, number 9. */
static void test_kernel_nodes(void)
{
	static const char change[] =
		"cd \"$0\" && n=sys/devices/system/node && mkdir $n/node4 "
		"$n/node9 && echo 0-1,4-5,9 >$n/online && echo 6-8 "
		">$n/node1/cpulist && echo 9-11 >$n/node4/cpulist && "
		"mkdir $n/node5 && echo >$n/node5/cpulist && "
		"echo >$n/node9/cpulist && "
		"echo 0-10 >sys/devices/system/cpu/online && "
		"echo 9-10 >$n/node4/cpulist && "
		"rm -r sys/devices/system/cpu/cpu11/topology && "
		"rm sys/devices/system/cpu/cpu11/node1 && "
		"ln -s ../../node/node4 sys/devices/system/cpu/cpu11/node4";
	struct rt_topo topo = { 0 };
	struct rt_cpuset cpus;
	struct rt_err err = { 0 };
	struct test_host host;
	struct rt_sys sys;
	char sh[] = "sh", c[] = "-c", text[sizeof(change)];
	char *argv[] = { sh, c, text, host.root, NULL };

	memcpy(text, change, sizeof(change));
	if (!test_host_make(&host, "smt2-numa2-12cpu") || !test_run(argv) ||
	    rt_sys_open(host.root, &sys, &err) < 0) {
		ok(false, "a host is made");
		return;
	}
	is_int(rt_topology_load(&sys, &topo, &err), 0, "it loads");
	is_int((long long)topo.nodes.n, 5, "all nodes count");
	is_node(&topo, 0, "0-5");
	is_node(&topo, 1, "6-8");
	is_node(&topo, 4, "9-11");
	is_node(&topo, 9, "");
	ok(rt_topo_parse_cpuset(&topo, "n4", &cpus, &err) == 0 &&
		   rt_cpuset_count(&cpus) == 3,
	   "n4 has its offline CPU");
	ok(rt_topo_parse_cpuset(&topo, "0,n9", &cpus, &err) < 0,
	   "n9 is an error");
	is_str(err.text, "NUMA node 9 has no CPUs (column 3)", "that says why");
	rt_topo_fini(&topo);
	rt_sys_close(&sys);
	test_host_remove(&host);
}

int main(void)
{
	test_hosts();
	test_kept();
	test_environment();
	test_files();
	test_small_nodes();
	test_kernel_nodes();
	return tap_done();
}
