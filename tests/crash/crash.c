/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crash.c - whatever happens at whichever point, the host is as it was
 *
 * For each scenario and for every effect N of its operation: a child runs the
 * hook's operation, which ends, fails or is cut at N. Then the clean-up, and
 * the captured host must be byte for byte what it was before the guest came.
 * Two clean-ups: `release`, as libvirt calls it after all that; and, with the
 * guest and the daemon dead, the agent's reconcile.
 *
 *   crash [PART PARTS]   the scenarios whose number modulo PARTS is PART
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "../../hooks/hook.h"
#include "core/base/banned.h"
#include "host/adopt.h"
#include "host/config_file.h"
#include "host/reconcile.h"
#include "host/topology.h"
#include "../host.h"
#include "../tap.h"
#include "fault.h"
#include "tree.h"

#define SLICE  "/sys/fs/cgroup/machine.slice/"
#define SCOPE  SLICE "machine-qemu\\x2d1\\x2drt1.scope"
#define SCOPE2 SLICE "machine-qemu\\x2d2\\x2drt2.scope"

static const struct scenario {
	const char *name, *host, *config;
	const char *before[4]; /* calls that nothing happens to */
	const char *call;
	const char *guests[4]; /* all that may be active, and NULL */
	unsigned least;	       /* effects: fewer would be a broken test */
	bool old_kernel;       /* without partitions */
	bool refused;	       /* the kernel refuses each shield */
	int status;	       /* of the call when nothing happens */
} scenarios[] = {
	{ .name = "prepare",
	  .host = "smt2-numa2-12cpu",
	  .config = "rt1",
	  .call = "prepare rt1",
	  .guests = { "rt1" },
	  .least = 20 },
	{ .name = "started",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "rt1",
	  .before = { "prepare rt1", "start rt1" },
	  .call = "started rt1",
	  .guests = { "rt1" },
	  .least = 15 },
	{ .name = "release",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "rt1",
	  .before = { "prepare rt1", "started rt1" },
	  .call = "release rt1",
	  .guests = { "rt1" },
	  .least = 20 },
	{ .name = "adoption",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "rt1",
	  .call = "reconnect rt1",
	  .guests = { "rt1" },
	  .least = 30 },
	{ .name = "prepare on 6.1",
	  .host = "old-12cpu",
	  .config = "rt1",
	  .call = "prepare rt1",
	  .guests = { "rt1" },
	  .least = 20 },
	{ .name = "started on 6.1",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "rt1",
	  .before = { "prepare rt1" },
	  .call = "started rt1",
	  .guests = { "rt1" },
	  .least = 15,
	  .old_kernel = true },
	{ .name = "prepare with CPUs offline",
	  .host = "offline-12cpu",
	  .config = "offline",
	  .call = "prepare rt1",
	  .guests = { "rt1" },
	  .least = 18 },
	{ .name = "prepare on two sorts of cores",
	  .host = "hybrid-8cpu",
	  .config = "hybrid",
	  .call = "prepare rt3",
	  .guests = { "rt3" },
	  .least = 8 },
	{ .name = "a second guest",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "two",
	  .before = { "prepare rt1", "started rt1" },
	  .call = "prepare rt2",
	  .guests = { "rt1", "rt2" },
	  .least = 15 },
	{ .name = "the first of two leaves",
	  .host = "smt2-numa2-12cpu-guest",
	  .config = "two",
	  .before = { "prepare rt1", "started rt1", "prepare rt2" },
	  .call = "release rt1",
	  .guests = { "rt1", "rt2" },
	  .least = 15 },
	{ .name = "two that run are adopted, the second one",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .before = { "reconnect rt1" },
	  .call = "reconnect rt2",
	  .guests = { "rt1", "rt2" },
	  .least = 15 },
	{ .name = "two that run are adopted at once",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .call = "adopt",
	  .guests = { "rt1", "rt2" },
	  .least = 40 },
	{ .name = "two that run, on 6.1",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .call = "adopt",
	  .guests = { "rt1", "rt2" },
	  .least = 30,
	  .old_kernel = true },
	{ .name = "the first of two that run leaves",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .before = { "adopt" },
	  .call = "release rt1",
	  .guests = { "rt1", "rt2" },
	  .least = 15 },
	{ .name = "the first of two that run leaves, on 6.1",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .before = { "adopt" },
	  .call = "release rt1",
	  .guests = { "rt1", "rt2" },
	  .least = 15,
	  .old_kernel = true },
	{ .name = "two that run, whose shields are refused",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .call = "adopt",
	  .guests = { "rt1", "rt2" },
	  .least = 40,
	  .refused = true },
	{ .name = "the first of two leaves, whose shields were refused",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "two",
	  .before = { "adopt" },
	  .call = "release rt1",
	  .guests = { "rt1", "rt2" },
	  .least = 15,
	  .refused = true },
	{ .name = "an ordinary third beside two",
	  .host = "smt2-numa2-12cpu-guests",
	  .config = "three",
	  .before = { "adopt", "prepare plain" },
	  .call = "release rt2",
	  .guests = { "rt1", "plain", "rt2" },
	  .least = 15 },
	{ .name = "a start refused",
	  .host = "smt2-numa2-12cpu",
	  .config = "rt1",
	  .before = { "prepare rt1" },
	  .call = "start rt1",
	  .guests = { "rt1" },
	  .least = 20,
	  .status = 1 },
};

struct bench {
	const struct scenario *scenario;
	struct test_host host;
	struct tree start, middle; /* before the guest; before the call */
	struct effects *effects;   /* of the last call; shared memory */
	unsigned n;		   /* effects of the call undisturbed */
	unsigned char kinds[EFFECTS_MAX];
	bool with_release; /* which clean-up */
};

static const char *top(void)
{
	const char *path = getenv("TOP");

	return path ? path : ".";
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- calls of the product --- */

static int call_hook(const char *call, const char *root)
{
	static char xml[1 << 16];
	struct rt_hook_call hook = { .xml = xml, .root = root };
	char operation[32], guest[32], path[512];
	FILE *file;

	if (sscanf(call, "%31s %31s", operation, guest) != 2)
		die(call);
	snprintf(path, sizeof(path), "%s/tests/data/hook/%s.xml", top(), guest);
	file = fopen(path, "re");
	if (!file)
		die(path);
	hook.xml_len = fread(xml, 1, sizeof(xml) - 1, file);
	xml[hook.xml_len] = '\0';
	fclose(file);
	hook.guest = guest;
	hook.operation = operation;
	return rt_hook_run(&hook);
}

static int call_reconcile(const char *root)
{
	struct rt_report report = { 0 };
	const struct rt_notify notify = { .report = &report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_store store;
	struct rt_err err;
	struct rt_sys sys;
	int r;

	if (rt_sys_open(root, &sys, &err) < 0)
		return 1;
	r = rt_store_open(&sys, 1000, &store, &err);
	if (r == 0) {
		r = rt_topology_load(&sys, &topo, &err);
		if (r == 0)
			r = rt_reconcile(&store, &topo, &notify, &outcomes,
					 &err);
		rt_store_close(&store);
	}
	rt_topo_fini(&topo);
	rt_report_fini(&report);
	rt_outcomes_fini(&outcomes);
	rt_sys_close(&sys);
	return r < 0 ? 1 : 0;
}

/* The hook's record of each guest at once, and then one reconcile. */
static int call_adopt(const struct bench *bench)
{
	struct rt_report report = { 0 };
	struct rt_config config;
	struct rt_guests guests = { 0 };
	struct rt_topo topo = { 0 };
	struct rt_config_file file;
	struct rt_store store;
	struct rt_err err;
	struct rt_sys sys;
	int r;

	if (rt_sys_open(bench->host.root, &sys, &err) < 0 ||
	    rt_config_file_read_or_new(&sys, NULL, &file, &err) < 0 ||
	    rt_config_parse(file.text, file.len, file.path, &config, &report,
			    &err) < 0 ||
	    rt_topology_load(&sys, &topo, &err) < 0 ||
	    rt_guests_resolve(&config, &topo, &guests, &report, &err) < 0)
		die(err.text);
	r = rt_store_open(&sys, 1000, &store, &err);
	for (size_t i = 0; r == 0 && i < guests.n; i++) {
		unsigned pid;

		if (guests.items[i].rt &&
		    rt_guest_pid(&sys, guests.items[i].name, &pid, &err) == 0)
			r = rt_adopt(&store, &guests.items[i], 1,
				     RT_STAGE_STARTED, pid, &err);
	}
	if (r == 0)
		rt_store_close(&store);
	rt_guests_fini(&guests);
	rt_topo_fini(&topo);
	rt_config_fini(&config);
	rt_config_file_fini(&file);
	rt_report_fini(&report);
	rt_sys_close(&sys);
	return r < 0 ? 1 : call_reconcile(bench->host.root);
}

/* In a process of its own: its status, or -1 if a signal ended it. */
static int run(const struct bench *bench, const char *call, enum fault fault,
	       unsigned at)
{
	const pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		char path[128];

		snprintf(path, sizeof(path), "%s/stderr", bench->host.dir);
		dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
		     STDERR_FILENO);
		fault_arm(fault, at,
			  at + (unsigned)(bench->scenario - scenarios),
			  bench->effects);
		fault_refuse_shields(bench->scenario->refused);
		if (strcmp(call, "adopt") == 0)
			_exit(call_adopt(bench));
		_exit(strcmp(call, "reconcile") == 0 ?
			      call_reconcile(bench->host.root) :
			      call_hook(call, bench->host.root));
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- what may differ at the end --- */

static bool is_below(const char *path, const char *directory)
{
	const size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 &&
	       (path[len] == '/' || !path[len]);
}

/* The guest's own, which ends with it, and our directory less the journal. */
static bool may_differ(const char *path)
{
	static const char *const directories[] = {
		"/run/kvmrt/lock",
		"/run/kvmrt/waiting",
		"/run/kvmrt/topology.xml",
		"/proc/4711",
		"/proc/4716",
		"/proc/4811",
		SCOPE,
		SCOPE2,
		"/proc/irq/50",
		"/proc/irq/51",
		"/proc/irq/52",
		/* What the kernel makes of the scope's files. */
		"/sys/fs/cgroup/cpuset.cpus.isolated",
	};
	static const char unfinished[] = "/run/kvmrt/.topology.xml.";
	const char *name = strrchr(path, '/');

	if (strncmp(path, unfinished, strlen(unfinished)) == 0)
		return true;
	/* The kernel's choice within the mask; the captured one's is poor. */
	if (name && strcmp(name, "/effective_affinity_list") == 0)
		return true;
	/* It goes with the guest's cgroup, which a captured host keeps. */
	if (name && strcmp(name, "/cgroup.pressure") == 0)
		return true;
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories);
	     i++) {
		if (is_below(path, directories[i]))
			return true;
	}
	return strcmp(path, "/run/kvmrt") == 0;
}

/* The daemon too, and a kernel thread that worked for the guest. */
static bool may_differ_dead(const char *path)
{
	return may_differ(path) || is_below(path, "/proc/1") ||
	       is_below(path, "/proc/4718");
}

static bool all_may_differ(const char *path)
{
	(void)path;
	return true;
}

/* --- clean-up --- */

/* The kernel takes a dead guest's shield down, and frees its interrupts. */
static void kill_all(const struct bench *bench)
{
	static const char *const gone[] = {
		"/proc/1",	"/proc/4711",	"/proc/4716",	"/proc/4718",
		"/proc/irq/50", "/proc/irq/51", "/proc/irq/52", SCOPE,
		"/proc/4811",	SCOPE2,
	};
	char path[512];
	int fd;

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		/* On a host without a guest these are the host's. */
		if (i && !strstr(bench->scenario->host, "-guest"))
			break;
		snprintf(path, sizeof(path), "%s%s", bench->host.root, gone[i]);
		tree_remove(path);
	}
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpuset.cpus.isolated",
		 bench->host.root);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd >= 0 && write(fd, "\n", 1) != 1)
		die(path);
	if (fd >= 0)
		close(fd);
}

/* Both guests go, in an order that alternates. */
static int release_all(const struct bench *bench, unsigned order)
{
	const char *const *guests = bench->scenario->guests;
	unsigned n = 0;
	int failed = 0;

	while (guests[n])
		n++;
	for (unsigned i = 0; i < n; i++) {
		char call[64];

		snprintf(call, sizeof(call), "release %s",
			 guests[(i + order) % n]);
		failed |= run(bench, call, FAULT_NONE, 0);
	}
	return failed;
}

/* Is all as it was before the guest came? Says what is not. */
static bool clean_up(const struct bench *bench, unsigned order, char *ret_text,
		     size_t size)
{
	int failed;

	if (bench->with_release) {
		failed = release_all(bench, order);
	} else {
		kill_all(bench);
		failed = run(bench, "reconcile", FAULT_NONE, 0);
	}
	if (failed) {
		snprintf(ret_text, size, "the clean-up fails");
		return false;
	}
	return !tree_restore(&bench->start,
			     bench->with_release ? may_differ : may_differ_dead,
			     ret_text, size);
}

/* --- the tries --- */

static bool is_refusable(const struct scenario *scenario)
{
	return strncmp(scenario->call, "release", 7) != 0 &&
	       strncmp(scenario->call, "reconnect", 9) != 0;
}

/* One try. Says what went wrong. */
static bool try_once(const struct bench *bench, enum fault fault, unsigned at,
		     char *ret_text, size_t size)
{
	const struct scenario *scenario = bench->scenario;
	const bool crash = fault == FAULT_CRASH || fault == FAULT_TORN;
	int status;

	tree_change(&bench->start, &bench->middle);
	status = run(bench, scenario->call, fault, at);
	if (crash ? status != CRASH_STATUS :
		    status != 0 && !(status == 1 && is_refusable(scenario))) {
		snprintf(ret_text, size, "exit status %d", status);
		return false;
	}
	/* Who refuses has undone all before: the clean-up finds nothing. */
	if (status == 1 && !scenario->status && !scenario->guests[1] &&
	    fault == FAULT_REFUSE &&
	    tree_restore(&bench->start, may_differ, ret_text, size))
		return false;
	return clean_up(bench, at, ret_text, size);
}

static bool is_sampled(enum fault fault, unsigned char kind)
{
	switch (fault) {
	case FAULT_TORN:
	case FAULT_SHORT:
	case FAULT_FULL:
		return kind == EFFECT_WRITE;
	case FAULT_NONE:
	case FAULT_CRASH:
	case FAULT_REFUSE:
		break;
	}
	return true;
}

/* What the last call said. */
static void print_stderr(const struct bench *bench)
{
	char path[128], line[2048];
	FILE *file;

	snprintf(path, sizeof(path), "%s/stderr", bench->host.dir);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		printf("# %s", line);
	if (file)
		fclose(file);
}

static void try_all(struct bench *bench, enum fault fault, const char *name)
{
	unsigned tried = 0;
	char text[512] = "";

	for (unsigned at = 1; at <= bench->n; at++) {
		if (!is_sampled(fault, bench->kinds[at - 1]))
			continue;
		tried++;
		if (!try_once(bench, fault, at, text, sizeof(text))) {
			ok(false, "%s: %s at effect %u of %u, then %s: %s",
			   bench->scenario->name, name, at, bench->n,
			   bench->with_release ? "release" : "reconcile", text);
			print_stderr(bench);
			tree_restore(&bench->start, all_may_differ, text,
				     sizeof(text));
			return;
		}
	}
	ok(tried > 0, "%s: %s at each of %u effects, then %s",
	   bench->scenario->name, name, tried,
	   bench->with_release ? "release" : "reconcile");
}

/* A crash, a clean-up that crashes too, and then one that does not. */
static bool try_pair(const struct bench *bench, unsigned first, unsigned second,
		     bool *ret_more)
{
	char call[64], text[512] = "";

	snprintf(call, sizeof(call), "release %s", bench->scenario->guests[0]);
	tree_change(&bench->start, &bench->middle);
	run(bench, bench->scenario->call, FAULT_CRASH, first);
	*ret_more = run(bench, call, FAULT_CRASH, second) == CRASH_STATUS;
	if (clean_up(bench, first, text, sizeof(text)))
		return true;
	ok(false, "%s: crash at %u, crash at %u of the clean-up: %s",
	   bench->scenario->name, first, second, text);
	print_stderr(bench);
	tree_restore(&bench->start, all_may_differ, text, sizeof(text));
	return false;
}

static void try_double(struct bench *bench)
{
	unsigned tried = 0;

	bench->with_release = true;
	for (unsigned at = 2; at <= bench->n + 1; at += 1 + bench->n / 4) {
		bool more = true;

		for (unsigned second = 1 + at % 4; more; second += 4) {
			if (!try_pair(bench, at, second, &more))
				return;
			tried++;
		}
	}
	ok(tried > 4, "%s: two crashes in a row, %u pairs",
	   bench->scenario->name, tried);
}

/* --- a scenario --- */

static void install_config(const struct bench *bench)
{
	char from[512], to[512], cp[] = "cp";
	char *argv[] = { cp, from, to, NULL };

	snprintf(from, sizeof(from), "%s/tests/data/hook/%s.cfg", top(),
		 bench->scenario->config);
	snprintf(to, sizeof(to), "%s/etc/kvmrt.cfg", bench->host.root);
	if (!test_run(argv))
		die(from);
}

static void make_old(const struct bench *bench)
{
	char root[512], find[] = "find", name[] = "-name",
			which[] = "cpuset.cpus.[ei]*", delete[] = "-delete";
	char *argv[] = { find, root, name, which, delete, NULL };

	snprintf(root, sizeof(root), "%s/sys/fs/cgroup", bench->host.root);
	if (!test_run(argv))
		die(root);
}

static bool make_bench(struct bench *bench)
{
	const struct scenario *scenario = bench->scenario;
	int status = 0;

	if (!test_host_make(&bench->host, scenario->host))
		die(scenario->host);
	install_config(bench);
	if (scenario->old_kernel)
		make_old(bench);
	tree_read(&bench->start, bench->host.root);
	for (unsigned i = 0; scenario->before[i]; i++)
		status |= run(bench, scenario->before[i], FAULT_NONE, 0);
	tree_read(&bench->middle, bench->host.root);
	if (!ok(status == 0, "%s: what comes before succeeds", scenario->name))
		return false;
	return is_int(run(bench, scenario->call, FAULT_NONE, 0),
		      scenario->status, scenario->name);
}

static void try_scenario(const struct scenario *scenario,
			 struct effects *effects)
{
	struct bench bench = { .scenario = scenario,
			       .effects = effects,
			       .with_release = true };
	char text[512] = "";

	if (make_bench(&bench)) {
		bench.n = effects->n;
		memcpy(bench.kinds, effects->kinds, sizeof(bench.kinds));
		ok(bench.n >= scenario->least && bench.n < EFFECTS_MAX,
		   "%s: %u effects", scenario->name, bench.n);
		ok(clean_up(&bench, 0, text, sizeof(text)),
		   "%s: release gives all back%s%s", scenario->name,
		   *text ? ": " : "", text);
		try_all(&bench, FAULT_CRASH, "crash");
		try_all(&bench, FAULT_TORN, "crash in a write");
		try_all(&bench, FAULT_REFUSE, "refusal");
		try_all(&bench, FAULT_SHORT, "short write");
		try_all(&bench, FAULT_FULL, "no space from there on");
		bench.with_release = false;
		try_all(&bench, FAULT_CRASH, "crash");
		try_all(&bench, FAULT_TORN, "crash in a write");
		try_double(&bench);
	}
	tree_fini(&bench.start);
	tree_fini(&bench.middle);
	test_host_remove(&bench.host);
}

int main(int argc, char **argv)
{
	const size_t n = sizeof(scenarios) / sizeof(*scenarios);
	const size_t part = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	const size_t parts = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	struct effects *effects =
		mmap(NULL, sizeof(*effects), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (effects == MAP_FAILED)
		die("mmap");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = part; i < n; i += parts)
		try_scenario(&scenarios[i], effects);
	return tap_done();
}
