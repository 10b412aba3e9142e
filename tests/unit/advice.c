/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * advice.c - whoever types what the findings say to write comes to an end
 *
 * On each host every range of CPUs is given to a guest of one to four vCPUs,
 * real-time or not, beside others. Then "write KEY = VALUE and KEY = VALUE" is
 * done as long as a finding says so. After each step that finding is gone, and
 * there is none that was not there before.
 */
#include "check_world.h"

#define UUID_A	  "11111111-1111-4111-8111-111111111111"
#define UUID_B	  "22222222-2222-4222-8222-222222222222"
#define STEPS_MAX 12

/* The values of guest "a"; the other one never changes. */
struct typed {
	char nr_vcpus[16], cpuset[256], numatune[16], topology[16];
	bool rt;
};

/* What the issue was seen on: two fast cores of two threads, slow ones. */
static void hybrid_2p(struct world *world)
{
	free_world(world);
	memset(world, 0, sizeof(*world));
	world->topo.present = world->topo.online = list("0-11");
	level(&world->topo.cores, 0, "0,1");
	level(&world->topo.cores, 1, "2,3");
	for (unsigned core = 2; core < 10; core++) {
		char cpu[8];

		snprintf(cpu, sizeof(cpu), "%u", core + 2);
		level(&world->topo.cores, core, cpu);
	}
	level(&world->topo.packages, 0, "0-11");
	level(&world->topo.nodes, 0, "0-11");
	level(&world->topo.kinds, 0, "4-11");
	level(&world->topo.kinds, 1, "0-3");
}

/* No SMT; cores 2-3 fast, 4-7 slow: no kind has room for four vCPUs. */
static void hybrid_small(struct world *world)
{
	one_node(world);
	for (unsigned core = 4; core < 8; core++) {
		char cpu[8];

		snprintf(cpu, sizeof(cpu), "%u", core);
		level(&world->topo.cores, core, cpu);
	}
	world->topo.present = world->topo.online = list("0-7");
	world->topo.nodes.items[0].cpus = list("0-7");
	level(&world->topo.kinds, 0, "4-7");
	level(&world->topo.kinds, 1, "0-3");
}

/* Every node has something against it. */
static void crowded(struct world *world)
{
	host_nic(world);
	hybrid(world);
}

static const struct {
	const char *name;
	void (*change)(struct world *world);
	const char *other; /* further keys of guest "b" */
} hosts[] = {
	{ "two nodes", NULL, "cpuset=0-1\n" },
	{ "two nodes, the other one real-time", NULL, "rt=1\ncpuset=8,10\n" },
	{ "two nodes, a device of the host on each", host_nic, "" },
	{ "two nodes, a core offline", core_4_off, "cpuset=2-3\n" },
	{ "two nodes, a CPU offline", cpu_8_off, "" },
	{ "two nodes, a sibling offline", cpu_9_off, "" },
	{ "two nodes, CPU 0 stays online", cpu_0_stays, "" },
	{ "two nodes, a device near to all", far_away, "" },
	{ "two nodes, managed interrupts", disk_both, "" },
	{ "two nodes, interrupts that do not matter", disk_quiet, "" },
	{ "two nodes, crowded", crowded, "rt=1\ncpuset=2,4\n" },
	{ "one node", one_node, "cpuset=3\n" },
	{ "fast cores with SMT, slow ones without", hybrid_2p, "" },
	{ "fast and slow, the other one on the fast", hybrid_2p, "cpuset=2\n" },
	{ "four fast, four slow", hybrid_small, "" },
};

static void check(struct world *world, const char *other,
		  const struct typed *typed, struct rt_report *report)
{
	struct rt_config config;
	struct rt_guests guests;
	const struct rt_check check = {
		.config = &config,
		.guests = &guests,
		.topo = &world->topo,
		.facts = &world->facts,
	};
	struct rt_err err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text),
		 "[" UUID_A "]\nname=a\nrt=%d\nnr_vcpus=%s\ncpuset=%s\n"
		 "numatune=%s\ncpu_topology=%s\npcidevs=0000:81:00.0\n"
		 "[" UUID_B "]\nname=b\nnr_vcpus=1\n%s",
		 typed->rt, typed->nr_vcpus, typed->cpuset, typed->numatune,
		 typed->topology, other);
	if (rt_config_parse(text, strlen(text), "kvmrt.cfg", &config, report,
			    &err) < 0 ||
	    rt_guests_resolve(&config, &world->topo, &guests, report, &err) < 0)
		ok(false, "%s: %s", text, err.text);
	rt_check(&check, report);
	rt_guests_fini(&guests);
	rt_config_fini(&config);
}

/* "KEY = VALUE", up to what cannot be part of a value. */
static size_t type_one(const char *text, struct typed *typed)
{
	struct {
		const char *key;
		char *value;
		size_t size;
	} const keys[] = {
		{ "nr_vcpus = ", typed->nr_vcpus, sizeof(typed->nr_vcpus) },
		{ "cpuset = ", typed->cpuset, sizeof(typed->cpuset) },
		{ "numatune = ", typed->numatune, sizeof(typed->numatune) },
		{ "cpu_topology = ", typed->topology, sizeof(typed->topology) },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const size_t n = strlen(keys[i].key);
		size_t len;

		if (strncmp(text, keys[i].key, n) != 0)
			continue;
		len = strspn(text + n, "0123456789,-abcdefghijklmnopqrstu");
		while (len && text[n + len - 1] == ',')
			len--;
		snprintf(keys[i].value, keys[i].size, "%.*s", (int)len,
			 text + n);
		return n + len;
	}
	return 0;
}

static bool type(const char *hint, struct typed *typed)
{
	const char *at = strstr(hint, "write ");
	size_t n;

	if (!at)
		return false;
	at += strlen("write ");
	n = type_one(at, typed);
	if (n && strncmp(at + n, " and ", 5) == 0)
		(void)type_one(at + n + 5, typed);
	return n;
}

/* Is a step towards the end, or was nothing said? */
static bool follow(struct world *world, const char *other, struct typed *typed,
		   bool *ret_more)
{
	struct rt_report before = { 0 }, after = { 0 };
	const struct rt_finding *said = NULL;
	bool good = true;

	check(world, other, typed, &before);
	for (size_t i = 0; !said && i < before.n; i++) {
		if (strcmp(before.items[i].guest, "a") == 0 &&
		    type(before.items[i].hint, typed))
			said = &before.items[i];
	}
	*ret_more = said != NULL;
	if (said) {
		check(world, other, typed, &after);
		good = !rt_report_count_same(&after, said);
	}
	for (size_t i = 0; good && i < after.n; i++)
		good = rt_report_count_same(&after, &after.items[i]) <=
		       rt_report_count_same(&before, &after.items[i]);
	if (!good) {
		RT_AUTO_STRBUF text = { 0 };

		rt_report_print(&before, &text);
		rt_strbuf_adds(&text, "then:\n");
		rt_report_print(&after, &text);
		printf("%s", text.text);
	}
	rt_report_fini(&before);
	rt_report_fini(&after);
	return good;
}

static bool ends(struct world *world, const char *other,
		 const struct typed *start, unsigned *steps)
{
	struct typed typed = *start;
	bool more = true;

	for (unsigned i = 0; more && i < STEPS_MAX; i++) {
		if (!follow(world, other, &typed, &more)) {
			printf("# from cpuset=%s nr_vcpus=%s rt=%d\n",
			       start->cpuset, start->nr_vcpus, start->rt);
			return false;
		}
		*steps += more;
	}
	return !more;
}

static void test_host(size_t host)
{
	static const char *const counts[] = { "1", "2", "3", "4", "auto" };
	static const char *const others[][2] = { { "auto", "auto" },
						 { "0", "1,2,1" } };
	struct world world;
	unsigned steps = 0, starts = 0, lost = 0;

	make_world(&world);
	if (hosts[host].change)
		hosts[host].change(&world);
	for (int low = 0; low <= rt_cpuset_last(&world.topo.present); low++) {
		for (int high = low;
		     high <= rt_cpuset_last(&world.topo.present); high++) {
			for (unsigned i = 0; i < 20; i++, starts++) {
				struct typed typed = { .rt = i % 2 };

				snprintf(typed.nr_vcpus, sizeof(typed.nr_vcpus),
					 "%s", counts[i / 4]);
				snprintf(typed.cpuset, sizeof(typed.cpuset),
					 "%d-%d", low, high);
				snprintf(typed.numatune, sizeof(typed.numatune),
					 "%s", others[i / 2 % 2][0]);
				snprintf(typed.topology, sizeof(typed.topology),
					 "%s", others[i / 2 % 2][1]);
				lost += !ends(&world, hosts[host].other, &typed,
					      &steps);
			}
		}
	}
	ok(!lost && steps, "%s: of %u starts, %u go in circles (%u steps)",
	   hosts[host].name, starts, lost, steps);
	free_world(&world);
}

/* The one that went in circles. */
static void test_seen(void)
{
	struct typed typed = { "3", "2-6", "auto", "auto", true };
	struct world world;
	unsigned steps = 0;

	make_world(&world);
	hybrid_2p(&world);
	ok(ends(&world, "", &typed, &steps) && steps == 1,
	   "2-6 on a hybrid host is one step from its end");
	free_world(&world);
}

int main(void)
{
	test_seen();
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		test_host(i);
	return tap_done();
}
