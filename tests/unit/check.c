/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.c - every rule of lib/core/check.h on a host made by hand */
#include "core/check/admit.h"
#include "check_world.h"

#define UUID_A "11111111-1111-4111-8111-111111111111"
#define UUID_B "22222222-2222-4222-8222-222222222222"
#define UUID_C "33333333-3333-4333-8333-333333333333"
#define A      "[" UUID_A "]\nname=a\n" /* lines 1, 2 */
#define RT_A   A "rt=yes\nnr_vcpus=2\n" /* to line 4 */
#define GOOD_A RT_A "cpuset=6,8,10\n"	/* to line 5 */
#define B      "[" UUID_B "]\nname=b\n" /* 6, 7 behind GOOD_A */
#define C      "[" UUID_C "]\nname=c\n"

#define CASE(its_name, its_config, wanted, ...)                                \
	{                                                                      \
		.name = its_name, .config = its_config, .want = wanted,        \
		##__VA_ARGS__                                                  \
	}

static const struct named_case {
	const char *name;
	const char *config;
	const char *want; /* "code:line ..." by line; errors end with '!' */
	void (*change)(struct world *world);
	bool no_facts, all;
	const char *uuid;
} cases[] = {
	CASE("nothing", "", ""),
	CASE("a good real-time guest", GOOD_A, ""),
	CASE("an ordinary guest that is not bound", A, ""),
	CASE("real-time without cpuset", RT_A, "rt-no-cpuset:3!"),
	CASE("real-time with an unreadable cpuset", RT_A "cpuset=99\n",
	     "bad-cpuset:5!"),
	CASE("real-time with a cpuset that is no cpuset", RT_A "cpuset=6-\n",
	     "bad-value:5!"),
	CASE("real-time without locked memory", GOOD_A "rt_memory=no\n",
	     "rt-no-memory-lock:6!"),
	CASE("too few CPUs", RT_A "cpuset=6,8\n", "too-few-cpus:5!"),
	CASE("siblings do not count", RT_A "cpuset=6-9\n", "too-few-cpus:5!"),
	CASE("auto never has too few", A "rt=1\nnr_vcpus=auto\ncpuset=6-11\n",
	     ""),
	CASE("one CPU too few for an ordinary guest",
	     A "nr_vcpus=2\ncpuset=2-3\n", "few-cpus:4"),
	CASE("just enough for an ordinary guest", A "nr_vcpus=2\ncpuset=2-4\n",
	     ""),
	CASE("topology product", GOOD_A "cpu_topology=1,2,2\n",
	     "topology-product:6!"),
	CASE("topology product right", GOOD_A "cpu_topology=1,1,2\n", ""),
	CASE("topology of a count that is refused",
	     A "nr_vcpus=x\ncpu_topology=1,2,1\n", "bad-value:3!"),

	CASE("over two nodes", RT_A "cpuset=4,6,8\n",
	     "several-nodes:5 rt-node0:5 host-device:5"),
	CASE("suppress", GOOD_A "suppress = ksm, vmstat\n", ""),
	CASE("suppress of an ordinary guest",
	     A "nr_vcpus=2\ncpuset=2-4\nsuppress=ksm\n", "only-rt:5"),
	CASE("siblings of an ordinary guest", A "cpuset=2-4\nsmt=idle\n",
	     "only-rt:4"),
	CASE("SCHED_FIFO", GOOD_A "vcpu_sched = FIFO:1\n", "bad-value:6!"),
	CASE("SCHED_FIFO", GOOD_A "vcpu_sched = fifo:1\n", "vcpu-fifo:6"),
	CASE("SCHED_OTHER", GOOD_A "vcpu_sched = other\n", ""),
	CASE("the class of an ordinary guest",
	     A "cpuset=2-4\nvcpu_sched=fifo:99\n", "only-rt:4"),
	CASE("siblings that stay idle", GOOD_A "smt=idle\n", ""),
	CASE("CPU 0 need not go offline", RT_A "cpuset=1-5\nsmt=idle\n",
	     "rt-cpu0:5 host-device:5", .change = cpu_0_stays),
	CASE("numatune off", GOOD_A "numatune=\n", "numatune-off:6"),
	CASE("numatune outside", GOOD_A "numatune=0\n", "numatune-outside:6"),
	CASE("numatune partly outside", GOOD_A "numatune=0-1\n",
	     "numatune-outside:6"),
	CASE("numatune of no node", A "numatune=4\n", "bad-numatune:3!"),
	CASE("on CPU 0", RT_A "cpuset=0,2,4\n", "rt-cpu0:5 host-device:5"),
	CASE("on the sibling of CPU 0", RT_A "cpuset=1-5\n",
	     "rt-cpu0:5 host-device:5"),
	CASE("CPU 0 cannot be taken offline", RT_A "cpuset=1-5\n",
	     "rt-cpu0:5 cpu-stays-up:5! host-device:5", .change = cpu_0_stays),
	CASE("other CPUs can be taken offline", GOOD_A, "",
	     .change = cpu_0_stays),
	CASE("on node 0", A "rt=1\ncpuset=2,4\n", "rt-node0:4 host-device:4"),
	CASE("one node says nothing", A "rt=1\ncpuset=2-3\n" B "cpuset=1\n",
	     "few-cpus:7", .change = one_node),
	CASE("two kinds of cores", GOOD_A, "mixed-cores:5", .change = hybrid),
	CASE("one kind of cores", A "rt=1\ncpuset=6,8\n", "", .change = hybrid),
	CASE("offline", GOOD_A, "offline-cpu:5!", .change = cpu_8_off),
	CASE("offline by us", GOOD_A, "", .change = cpu_9_off),
	CASE("offline by us for another guest", GOOD_A B "cpuset=9-10\n",
	     "cpu-overlap:8! shared-node:8", .change = cpu_9_off),

	CASE("overlap, ordinary behind", GOOD_A B "cpuset=5,6\n",
	     "cpu-overlap:8! shared-node:8"),
	CASE("overlap, ordinary in front",
	     A "cpuset=5,6\n" B "rt=1\ncpuset=6,8\n",
	     "cpu-overlap:3! shared-node:3"),
	CASE("overlap with a sibling", GOOD_A B "cpuset=5,7\n",
	     "cpu-overlap:8! shared-node:8"),
	CASE("overlap of siblings of two real-time guests",
	     A "rt=1\ncpuset=6,8\n" B "rt=1\ncpuset=9,10\n",
	     "cpu-overlap:8! shared-node:8"),
	CASE("ordinary guests may overlap", A "cpuset=2-4\n" B "cpuset=3-5\n",
	     ""),
	CASE("a disabled guest overlaps", GOOD_A B "disabled=1\ncpuset=5,6\n",
	     ""),
	CASE("a disabled guest overlaps, all",
	     GOOD_A B "disabled=1\ncpuset=5,6\n",
	     "cpu-overlap:9! shared-node:9", .all = true),
	CASE("a shared node", A "rt=1\ncpuset=6,8\n" B "cpuset=10-11\n",
	     "shared-node:7"),
	CASE("a node shared by two real-time guests, both said once",
	     A "rt=1\ncpuset=2,4\n" B "rt=1\ncpuset=1,6,8\n",
	     "shared-node:8 several-nodes:8 rt-cpu0:8 host-device:8 "
	     "host-device:4 "
	     "rt-node0:4"),
	CASE("shared memory", GOOD_A B "cpuset=2-3\nnumatune=0-1\n",
	     "shared-memory:9"),
	CASE("no CPU left", A "rt=1\ncpuset=0,2,4\n" B "rt=1\ncpuset=6,8,10\n",
	     "rt-cpu0:4 host-device:4 no-housekeeping:8!"),
	CASE("no CPU left, offline ones do not count",
	     A "rt=1\ncpuset=0-7,10\n",
	     "several-nodes:4 rt-cpu0:4 host-device:4 no-housekeeping:4!",
	     .change = core_4_off),
	CASE("no CPU left, the other asks",
	     A "rt=1\ncpuset=0,2,4\n" B "rt=1\ncpuset=6,8,10\n",
	     "rt-cpu0:4 host-device:4 no-housekeeping:8!", .uuid = UUID_A),

	CASE("a device", GOOD_A "pcidevs=0000:81:00.0\n", ""),
	CASE("a device that is not there", GOOD_A "pcidevs=0000:99:00.0\n",
	     "pci-missing:6!"),
	CASE("unknown without facts", GOOD_A "pcidevs=0000:99:00.0\n", "",
	     .no_facts = true),
	CASE("a bridge", GOOD_A "pcidevs=0000:84:00.0\n", "pci-bridge:6!"),
	CASE("behind a bridge of the group", GOOD_A "pcidevs=0000:85:00.0\n",
	     ""),
	CASE("half a group", GOOD_A "pcidevs=0000:83:00.1\n", "pci-group:6!"),
	CASE("a whole group", GOOD_A "pcidevs=0000:83:00.0 0000:83:00.1\n", ""),
	CASE("a group in two guests",
	     A "pcidevs=0000:83:00.0\n" B "pcidevs=0000:83:00.1\n",
	     "pci-group:3! pci-group:6!"),
	CASE("a device of two guests",
	     A "pcidevs=0000:81:00.0\n" B "pcidevs=0000:81:00.0\n",
	     "pci-shared:6!"),
	CASE("a device of two guests without facts",
	     A "pcidevs=0000:81:00.0\n" B "pcidevs=0000:81:00.0\n",
	     "pci-shared:6!", .no_facts = true),
	CASE("a device of a disabled guest",
	     A "pcidevs=0000:81:00.0\n" B "disabled=1\npcidevs=0000:81:00.0\n",
	     ""),
	CASE("a device without IOMMU", A "pcidevs=0000:86:00.0\n",
	     "pci-no-iommu:3"),
	CASE("a device of another node", GOOD_A "pcidevs=0000:01:00.0\n",
	     "pci-far:6"),
	CASE("a device of another node, guest not bound",
	     A "pcidevs=0000:01:00.0\n", ""),
	CASE("a neighbour's device", GOOD_A B "pcidevs=0000:81:00.0\n",
	     "pci-neighbour:8"),
	CASE("a neighbour's device, the other way round",
	     A "pcidevs=0000:81:00.0\n" B "rt=1\ncpuset=6,8\n",
	     "pci-neighbour:3"),
	CASE("the host's device", GOOD_A, "host-device:5", .change = host_nic),
	CASE("the host's device goes to a guest",
	     GOOD_A "pcidevs=0000:87:00.0\n", "", .change = host_nic),
	CASE("the host's device local to all", GOOD_A, "", .change = far_away),

	CASE("managed interrupts that could leave", GOOD_A, "managed-irq:5",
	     .change = disk_mixed),
	CASE("managed interrupts that cannot", GOOD_A, "managed-irq:5",
	     .change = disk_own),
	CASE("interrupts that do not matter", GOOD_A "pcidevs=0000:81:00.0\n",
	     "", .change = disk_quiet),
	CASE("managed interrupts of both kinds", GOOD_A,
	     "managed-irq:5 managed-irq:5", .change = disk_both),
	CASE("managed interrupts of an ordinary guest's CPUs", A "cpuset=6,8\n",
	     "", .change = disk_own),

	CASE("only what concerns a guest",
	     GOOD_A B "cpuset=5,6\n" C "cpuset=1\n",
	     "cpu-overlap:8! shared-node:8", .uuid = UUID_A),
	CASE("not what concerns others", GOOD_A B "cpuset=5,6\n" C "cpuset=1\n",
	     "few-cpus:11", .uuid = UUID_C),
};

static void summarize(struct rt_report *report, struct rt_strbuf *out)
{
	rt_report_sort(report);
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		rt_strbuf_addf(out, "%s%s:%u%s", i ? " " : "", f->code, f->line,
			       f->severity == RT_ERROR ? "!" : "");
	}
}

struct run {
	struct world world;
	struct rt_config config;
	struct rt_guests guests;
	struct rt_report report;
};

static void run_case(const struct named_case *c, struct run *run)
{
	struct rt_check check = {
		.config = &run->config,
		.guests = &run->guests,
		.topo = &run->world.topo,
		.facts = c->no_facts ? NULL : &run->world.facts,
		.all = c->all,
		.uuid = c->uuid,
	};
	struct rt_err err = { 0 };

	memset(run, 0, sizeof(*run));
	make_world(&run->world);
	if (c->change)
		c->change(&run->world);
	if (rt_config_parse(c->config, strlen(c->config), "kvmrt.cfg",
			    &run->config, &run->report, &err) < 0 ||
	    rt_guests_resolve(&run->config, &run->world.topo, &run->guests,
			      &run->report, &err) < 0)
		ok(false, "%s: %s", c->name, err.text);
	rt_check(&check, &run->report);
}

static void free_run(struct run *run)
{
	rt_report_fini(&run->report);
	rt_guests_fini(&run->guests);
	rt_config_fini(&run->config);
	free_world(&run->world);
}

/* Findings of one line stand in the order of the rules: compared as sets. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(const char *text)
{
	RT_AUTO_FREE char *words = strdup(text);
	RT_AUTO_STRBUF out = { 0 };
	char *items[32], *rest = words, *item, *all = NULL;
	struct rt_err err;
	size_t n = 0;

	while (n < 32 && (item = strsep(&rest, " ")))
		if (*item)
			items[n++] = item;
	qsort(items, n, sizeof(*items), by_text);
	for (size_t i = 0; i < n; i++)
		rt_strbuf_addf(&out, "%s%s", i ? " " : "", items[i]);
	if (rt_strbuf_take(&out, &all, &err) < 0)
		ok(false, "%s", err.text);
	return all;
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RT_AUTO_STRBUF got = { 0 };
		RT_AUTO_FREE char *want = sorted(cases[i].want);
		RT_AUTO_FREE char *have = NULL;
		struct run run;

		run_case(&cases[i], &run);
		summarize(&run.report, &got);
		have = sorted(got.text ? got.text : "");
		if (!is_str(have, want, cases[i].name)) {
			rt_strbuf_fini(&got);
			rt_report_print(&run.report, &got);
			printf("%s\n", got.text ? got.text : "");
		}
		free_run(&run);
	}
}

/* As high as no CPU's. */
static void disk_high(struct world *world)
{
	irq(world, 16383, "6", "6", "0000:01:00.0", false);
	irq(world, 16384, "6", "6", "0000:01:00.0", false);
	irq(world, 70000, "8", "8", "0000:01:00.0", false);
}

/* Sentences that a user acts on, whole. */
static const struct sentence {
	const char *name, *config;
	void (*change)(struct world *world);
	const char *want;
} sentences[] = {
	{ "overlap", GOOD_A B "cpuset=5,6\n", NULL,
	  "kvmrt.cfg:8: error: guest 'b': CPU 6 is also of real-time guest 'a' "
	  "(line 5) [cpu-overlap]\n"
	  "    write cpuset = 0,5: these are not of 'a'\n"
	  "kvmrt.cfg:8: warning: guest 'b': node 1 is shared by real-time "
	  "guest 'a' and guest 'b' [shared-node]\n"
	  "    write cpuset = 0,5: guests of one node share its caches and "
	  "memory bandwidth\n" },
	{ "overlap with a sibling", GOOD_A B "cpuset=5,7,9\n", NULL,
	  "kvmrt.cfg:8: error: guest 'b': CPUs 7,9 are also of real-time guest "
	  "'a' (line 5) [cpu-overlap]\n"
	  "    write cpuset = 0,5: these are not of 'a'\n"
	  "kvmrt.cfg:8: warning: guest 'b': node 1 is shared by real-time "
	  "guest 'a' and guest 'b' [shared-node]\n"
	  "    write cpuset = 0,5: guests of one node share its caches and "
	  "memory bandwidth\n" },
	{ "overlap, and no other place",
	  GOOD_A B "rt=1\nnr_vcpus=4\ncpu_topology=1,4,1\ncpuset=2,4,6\n", NULL,
	  "kvmrt.cfg:11: error: guest 'b': 4 vCPUs and the service threads "
	  "need 5 CPUs, cpuset has 3 usable [too-few-cpus]\n"
	  "    name 2 more CPUs in cpuset, each on a core that cpuset does not "
	  "have yet\n"
	  "kvmrt.cfg:11: error: guest 'b': CPUs 6-7 are also of real-time "
	  "guest 'a' (line 5) [cpu-overlap]\n"
	  "    take 6 out of cpuset here or in 'a'\n"
	  "kvmrt.cfg:11: warning: guest 'b': cpuset is spread over NUMA nodes "
	  "0-1 [several-nodes]\n"
	  "    no node has room for it: give it fewer vCPUs\n"
	  "kvmrt.cfg:11: warning: guest 'b': its CPUs are on NUMA node 0 "
	  "[rt-node0]\n"
	  "    most of the host's own work is on node 0; no other node is "
	  "better for this guest\n"
	  "kvmrt.cfg:11: warning: guest 'b': devices of the host are local to "
	  "its CPUs: 0000:01:00.0 (e1000e) [host-device]\n"
	  "    keep their traffic low, or put the cards into slots of another "
	  "node\n"
	  "kvmrt.cfg:11: warning: guest 'b': node 1 is shared by real-time "
	  "guests 'a', 'b' [shared-node]\n"
	  "    guests of one node share its caches and memory bandwidth: keep "
	  "what the others do there low\n" },
	{ "a group", A "pcidevs=0000:83:00.1\n", NULL,
	  "kvmrt.cfg:3: error: guest 'a': IOMMU group 5 of PCI device "
	  "0000:83:00.1 can only be passed as a whole, 0000:83:00.0 is missing "
	  "[pci-group]\n"
	  "    add 0000:83:00.0 to pcidevs\n" },
	{ "a group that another guest has part of",
	  A "pcidevs=0000:83:00.1\n" B "pcidevs=0000:83:00.0\n", NULL,
	  "kvmrt.cfg:3: error: guest 'a': IOMMU group 5 of PCI device "
	  "0000:83:00.1 can only be passed as a whole, 0000:83:00.0 is missing "
	  "[pci-group]\n"
	  "    add 0000:83:00.0 to pcidevs; 0000:83:00.0 is passed to 'b' now, "
	  "which must give it up\n"
	  "kvmrt.cfg:6: error: guest 'b': IOMMU group 5 of PCI device "
	  "0000:83:00.0 can only be passed as a whole, 0000:83:00.1 is missing "
	  "[pci-group]\n"
	  "    add 0000:83:00.1 to pcidevs; 0000:83:00.1 is passed to 'a' now, "
	  "which must give it up\n" },
	{ "too few CPUs", RT_A "cpuset=6-9\n", NULL,
	  "kvmrt.cfg:5: error: guest 'a': 2 vCPUs and the service threads "
	  "need 3 CPUs, cpuset has 2 usable, as SMT siblings (7,9) go "
	  "offline [too-few-cpus]\n"
	  "    write cpuset = 6,8,10, or write nr_vcpus = 1\n" },
	{ "managed interrupts that could leave", GOOD_A, disk_mixed,
	  "kvmrt.cfg:5: warning: guest 'a': managed interrupts will stay on "
	  "CPUs 6,8: 0000:01:00.0 (irq 31-32) [managed-irq]\n"
	  "    add isolcpus=managed_irq,6-11 to the kernel's boot parameters, "
	  "nothing else moves them\n" },
	{ "managed interrupts that cannot", GOOD_A, disk_own,
	  "kvmrt.cfg:5: warning: guest 'a': managed interrupts will stay on "
	  "CPUs 6,8: 0000:01:00.0 (irq 31-32) [managed-irq]\n"
	  "    they fire only for I/O that was started on these CPUs; to "
	  "keep them away, give the device fewer queues and boot with "
	  "isolcpus=managed_irq,6-11\n" },
	{ "interrupts of high numbers", GOOD_A, disk_high,
	  "kvmrt.cfg:5: warning: guest 'a': managed interrupts will stay on "
	  "CPUs 6,8: 0000:01:00.0 (irq 16383-16384,70000) [managed-irq]\n"
	  "    they fire only for I/O that was started on these CPUs; to "
	  "keep them away, give the device fewer queues and boot with "
	  "isolcpus=managed_irq,6-11\n" },
};

static void test_sentences(void)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		const struct named_case c = {
			.name = sentences[i].name,
			.config = sentences[i].config,
			.change = sentences[i].change,
		};
		RT_AUTO_STRBUF got = { 0 };
		struct run run;

		run_case(&c, &run);
		rt_report_sort(&run.report);
		rt_report_print(&run.report, &got);
		is_str(got.text, sentences[i].want, sentences[i].name);
		free_run(&run);
	}
}

/* Whose CPUs a guest may not have, of one that runs already. */
static const struct {
	const char *name;
	bool rt;
	const char *cpuset, *owned;
	bool other_rt;
	const char *other_cpuset, *other_owned;
	bool may;
} besides[] = {
	{ "apart", true, "6", "6-7", true, "8", "8-9", true },
	{ "the same CPU", true, "6", "6-7", true, "6", "6-7", false },
	{ "its sibling is named", true, "6", "6-7", false, "7", "", false },
	{ "it names a sibling", false, "7", "", true, "6", "6-7", false },
	{ "siblings only", true, "6", "6-7", true, "5", "5,7", false },
	{ "both are ordinary", false, "6", "", false, "6", "", true },
};

static struct rt_cpuset set_of(const char *list)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(list, &set, &err) < 0)
		ok(false, "list %s: %s", list, err.text);
	return set;
}

static void test_beside(void)
{
	static char names[2][2] = { "a", "b" };

	for (size_t i = 0; i < sizeof(besides) / sizeof(*besides); i++) {
		struct rt_guest guest = {
			.uuid = UUID_A,
			.name = names[0],
			.rt = besides[i].rt,
			.cpuset = set_of(besides[i].cpuset),
			.owned = set_of(besides[i].owned),
		};
		const struct rt_guest other = {
			.uuid = UUID_B,
			.name = names[1],
			.rt = besides[i].other_rt,
			.cpuset = set_of(besides[i].other_cpuset),
			.owned = set_of(besides[i].other_owned),
		};
		struct rt_err err = { 0 };

		is_int(rt_admit_beside(&guest, &other, &err) == 0,
		       besides[i].may, besides[i].name);
		snprintf(guest.uuid, sizeof(guest.uuid), UUID_B);
		is_int(rt_admit_beside(&guest, &other, &err), 0,
		       "what is on record for itself is no other's");
	}
}

int main(void)
{
	test_beside();
	test_cases();
	test_sentences();
	return tap_done();
}
