/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.c - sections resolved on a host of two nodes with four cores each
 *
 * Core k has the CPUs k and k + 8; node 0 has cores 0-3, node 1 cores 4-7.
 */
#include "../tap.h"

#include <stdlib.h>

#include "core/model/guest.h"

#define U1 "11111111-2222-3333-4444-55555555555a"

static void build_host(struct rt_topo *topo)
{
	struct rt_err err;

	for (unsigned core = 0; core < 8; core++) {
		struct rt_cpuset cpus = { 0 };

		rt_cpuset_add(&cpus, core);
		rt_cpuset_add(&cpus, core + 8);
		rt_topo_add(&topo->cores, core, &cpus, &err);
		rt_cpuset_or(&topo->present, &cpus);
	}
	topo->online = topo->present;
	for (unsigned node = 0; node < 2; node++) {
		struct rt_cpuset cpus = { 0 };

		rt_cpuset_add_range(&cpus, node * 4, node * 4 + 3);
		rt_cpuset_add_range(&cpus, node * 4 + 8, node * 4 + 11);
		rt_topo_add(&topo->nodes, node, &cpus, &err);
		rt_topo_add(&topo->packages, node, &cpus, &err);
	}
}

static const struct {
	const char *name, *keys;
	unsigned nr_vcpus;
	/* owned, usable, offline, vcpus, service, nodes */
	const char *sets;
	int irq_cpu;
	const char *findings;
} cases[] = {
	{ "nothing set", "", 1, "/////", -1, "" },
	{ "ordinary", "cpuset = 1-3", 1, "/1-3///1-3/0", -1, "" },
	{ "ordinary, auto", "cpuset = 1-3\nnr_vcpus = auto", 2, "/1-3///1-3/0",
	  -1, "" },
	{ "ordinary, siblings count for auto",
	  "cpuset = c1-c2\nnr_vcpus = auto", 3, "/1-2,9-10///1-2,9-10/0", -1,
	  "" },
	{ "ordinary over two nodes", "cpuset = 3-4", 1, "/3-4///3-4/0-1", -1,
	  "" },
	{ "RT, low threads", "rt = on\ncpuset = 4-6\nnr_vcpus = 2", 2,
	  "4-6,12-14/4-6/12-14/4-5/6/1", 6, "" },
	{ "RT, high threads", "rt = on\ncpuset = 12-14\nnr_vcpus = auto", 2,
	  "4-6,12-14/12-14/4-6/12-13/14/1", 14, "" },
	{ "RT, mixed threads", "rt = on\ncpuset = 12,5,14\nnr_vcpus = auto", 2,
	  "4-6,12-14/5,12,14/4,6,13/5,12/14/1", 14, "" },
	{ "RT, both threads", "rt = on\ncpuset = 4,12,5,13\nnr_vcpus = auto", 1,
	  "4-5,12-13/4-5/12-13/4/5/1", 5, "" },
	{ "RT, siblings idle",
	  "rt = on\nsmt = idle\ncpuset = 4-6\nnr_vcpus = 2", 2,
	  "4-6,12-14/4-6//4-5/6/1", 6, "" },
	{ "RT, both threads, siblings idle",
	  "rt = on\nsmt = idle\ncpuset = 4,12,5,13\nnr_vcpus = auto", 1,
	  "4-5,12-13/4-5//4/5/1", 5, "" },
	{ "ordinary, siblings idle", "smt = idle\ncpuset = 4,12", 1,
	  "/4,12///4,12/1", -1, "" },
	{ "RT, a node", "rt = on\ncpuset = n1\nnr_vcpus = auto", 3,
	  "4-7,12-15/4-7/12-15/4-6/7/1", 7, "" },
	{ "RT, more service CPUs", "rt = on\ncpuset = n1\nnr_vcpus = 1", 1,
	  "4-7,12-15/4-7/12-15/4/5-7/1", 7, "" },
	{ "RT, too few CPUs is not for us",
	  "rt = on\ncpuset = 4-5\nnr_vcpus = 3", 3,
	  "4-5,12-13/4-5/12-13/4-5//1", -1, "" },
	{ "RT without a cpuset", "rt = on", 1, "/////", -1, "" },
	{ "RT, auto of one core", "rt = on\ncpuset = c4\nnr_vcpus = auto", 1,
	  "4,12/4/12/4//1", -1, "5:too-few-cpus" },
	{ "auto without a cpuset", "nr_vcpus = auto", 1, "/////", -1,
	  "3:too-few-cpus" },
	{ "auto of one CPU", "nr_vcpus = auto\ncpuset = 3", 1, "/3///3/0", -1,
	  "3:too-few-cpus" },
	{ "a CPU that is not there", "rt = on\ncpuset = 4,99", 1, "/////", -1,
	  "4:bad-cpuset" },
	{ "a node that is not there", "cpuset = n2\nnr_vcpus = auto", 1,
	  "/////", -1, "3:bad-cpuset" },
	{ "nodes given", "cpuset = 1\nnumatune = 1", 1, "/1///1/1", -1, "" },
	{ "nodes off", "cpuset = 1\nnumatune =", 1, "/1///1/", -1, "" },
	{ "nodes that are not there", "cpuset = 1\nnumatune = 1-3", 1,
	  "/1///1/1", -1, "4:bad-numatune" },
	{ "all but a node", "rt = on\ncpuset = ~n0\nnr_vcpus = auto", 3,
	  "4-7,12-15/4-7/12-15/4-6/7/1", 7, "" },
};

static bool parse(const char *text, struct rt_config *config)
{
	struct rt_report report = { 0 };
	struct rt_err err;
	bool good;

	good = rt_config_parse(text, strlen(text), "t", config, &report,
			       &err) == 0 &&
	       !report.n;
	rt_report_fini(&report);
	return good;
}

static void show(const struct rt_guest *guest, struct rt_strbuf *out)
{
	const struct rt_cpuset *sets[] = { &guest->owned,   &guest->usable,
					   &guest->offline, &guest->vcpus,
					   &guest->service, &guest->nodes };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		rt_strbuf_addf(out, "%s%s", i ? "/" : "",
			       rt_cpuset_text(sets[i]).text);
}

static void test_cases(const struct rt_topo *topo)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RT_AUTO_STRBUF text = { 0 };
		RT_AUTO_STRBUF sets = { 0 };
		RT_AUTO_STRBUF found = { 0 };
		struct rt_config config = { 0 };
		struct rt_guests guests = { 0 };
		struct rt_report report = { 0 };
		struct rt_err err;
		const struct rt_guest *guest;

		rt_strbuf_addf(&text, "[" U1 "]\nname = a\n%s\n",
			       cases[i].keys);
		if (!parse(text.text, &config) ||
		    rt_guests_resolve(&config, topo, &guests, &report, &err) <
			    0) {
			ok(false, "%s", cases[i].name);
			rt_config_fini(&config);
			continue;
		}
		guest = rt_guests_find(&guests, U1);
		show(guest, &sets);
		is_str(sets.text, cases[i].sets, cases[i].name);
		is_int(guest->nr_vcpus, cases[i].nr_vcpus, "its vCPUs");
		is_int(guest->irq_cpu, cases[i].irq_cpu, "its interrupt CPU");
		ok(guest->sockets == 1 && guest->threads == 1 &&
			   guest->cores == guest->nr_vcpus,
		   "its topology");
		for (size_t k = 0; k < report.n; k++)
			rt_strbuf_addf(&found, "%s%u:%s", k ? " " : "",
				       report.items[k].line,
				       report.items[k].code);
		is_str(found.text ? found.text : "", cases[i].findings,
		       "its findings");
		rt_guests_fini(&guests);
		rt_report_fini(&report);
		rt_config_fini(&config);
	}
}

static void test_rest(const struct rt_topo *topo)
{
	static const char text[] =
		"[11111111-2222-3333-4444-555555555551]\nname = a\nrt = on\n"
		"cpu_topology = 2,3,4\ntitle = T\ndescription = D\n"
		"hide_kvm = on\npcidevs = 0000:01:00.0 0000:02:00.0\n"
		"[11111111-2222-3333-4444-555555555552]\nname = b\n"
		"rt_memory = on\n"
		"[11111111-2222-3333-4444-555555555553]\nname = c\nrt = on\n"
		"rt_memory = off\n"
		"[11111111-2222-3333-4444-555555555554]\nname = d\n"
		"disabled = on\ncpuset = 99\n";
	struct rt_config config = { 0 };
	struct rt_guests guests = { 0 };
	struct rt_guest alone = { 0 };
	struct rt_report report = { 0 };
	struct rt_err err;
	const struct rt_guest *g;

	ok(parse(text, &config), "four guests");
	is_int(rt_guests_resolve(&config, topo, &guests, &report, &err), 0,
	       "are resolved");
	is_int((long long)guests.n, 4, "all of them");
	is_int((long long)report.n, 0, "a disabled one has no findings");
	g = &guests.items[0];
	ok(g->sockets == 2 && g->cores == 3 && g->threads == 4, "topology");
	ok(g->hide_kvm && g->rt && !g->disabled && g->pcidevs.n == 2, "flags");
	is_str(g->title, "T", "title");
	is_str(g->description, "D", "description");
	ok(g->section == &config.sections[0], "its section");
	ok(g->locked && guests.items[1].locked && !guests.items[2].locked &&
		   !guests.items[3].locked,
	   "memory is locked as asked, or as RT");
	ok(guests.items[3].disabled, "disabled");
	ok(!rt_guests_find(&guests, U1), "no such guest");
	rt_guest_resolve(&config, &config.sections[3], topo, &alone, &report,
			 &err);
	ok(report.n == 1 && strcmp(report.items[0].guest, "d") == 0,
	   "asked for by itself, a disabled one has findings");
	rt_guest_fini(&alone);
	rt_guest_fini(&alone);
	rt_guests_fini(&guests);
	rt_report_fini(&report);
	rt_config_fini(&config);
}

int main(void)
{
	struct rt_topo topo = { 0 };

	build_host(&topo);
	test_cases(&topo);
	test_rest(&topo);
	rt_topo_fini(&topo);
	return tap_done();
}
