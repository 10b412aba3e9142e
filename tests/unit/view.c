/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view.c - what each CPU is, on a host of four cores of two threads
 *
 * Core k has the CPUs k and k + 4. plc1 has c1-c2 and takes siblings offline,
 * plc2 has c3 with smt = idle, office and web share 0.
 */
#include "../tap.h"

#include "core/model/view.h"

static const char text[] = "[11111111-1111-4111-8111-111111111111]\n"
			   "name = plc1\nrt = yes\ncpuset = 5-6\n"
			   "pcidevs = 0000:81:00.0\n"
			   "[22222222-2222-4222-8222-222222222222]\n"
			   "name = plc2\nrt = yes\ncpuset = 3,7\nsmt = idle\n"
			   "[33333333-3333-4333-8333-333333333333]\n"
			   "name = office\ncpuset = 0\n"
			   "[44444444-4444-4444-8444-444444444444]\n"
			   "name = web\ncpuset = 0,4\n";

static const struct {
	unsigned cpu;
	const char *role, *planned;
} cases[] = {
	{ 0, "housekeeping", "office, web" },
	{ 1, "offline", "plc1: offline" },
	{ 2, "offline", "plc1: offline" },
	{ 3, "housekeeping", "plc2: vCPU 0" },
	{ 4, "", "web" },
	{ 5, "vCPU 0", "plc1: vCPU 0" },
	{ 6, "service", "plc1: service" },
	{ 7, "housekeeping", "plc2: idle" },
};

static void build_host(struct rt_topo *topo)
{
	struct rt_err err;

	for (unsigned core = 0; core < 4; core++) {
		struct rt_cpuset cpus = { 0 };

		rt_cpuset_add(&cpus, core);
		rt_cpuset_add(&cpus, core + 4);
		rt_topo_add(&topo->cores, core, &cpus, &err);
		rt_cpuset_or(&topo->present, &cpus);
	}
	rt_topo_add(&topo->nodes, 0, &topo->present, &err);
	topo->online = topo->present;
	rt_cpuset_remove(&topo->online, 1);
	rt_cpuset_remove(&topo->online, 2);
	rt_cpuset_remove(&topo->online, 4); /* since long */
}

static void check_uses(const struct rt_guests *guests)
{
	const struct rt_guest *plc1 = &guests->items[0];
	struct rt_cpuset sibling = { 0 }, other = { 0 };

	rt_cpuset_add(&sibling, 1);
	rt_cpuset_add(&other, 7);
	ok(rt_guest_uses(plc1, &sibling), "a sibling is of use to its guest");
	ok(!rt_guest_uses(plc1, &other), "another guest's is not");
	is_str(rt_use_name(rt_guest_use(plc1, 7, NULL)), "",
	       "and is nothing to it");
	is_str(rt_use_name(rt_guest_use(&guests->items[3], 4, NULL)), "shared",
	       "an ordinary guest's");
}

int main(void)
{
	struct rt_topo topo = { 0 };
	struct rt_config config;
	struct rt_guests guests;
	struct rt_report report = { 0 };
	struct rt_guest_refs now = { 0 }, file = { 0 };
	const struct rt_view view = { &topo, &now, &file };
	struct rt_cpuset left;
	struct rt_pci_addr addr;
	struct rt_err err = { 0 };

	build_host(&topo);
	ok(rt_config_parse(text, strlen(text), "a.cfg", &config, &report,
			   &err) == 0 &&
		   rt_guests_resolve(&config, &topo, &guests, &report, &err) ==
			   0,
	   "the guests %s", err.text);
	for (size_t i = 0; i < guests.n; i++)
		rt_guest_refs_add(&file, &guests.items[i], &err);
	rt_guest_refs_add(&now, &guests.items[0], &err);
	rt_guest_refs_add(&now, &guests.items[3], &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RT_AUTO_STRBUF planned = { 0 };
		char name[64];

		snprintf(name, sizeof(name), "CPU %u now", cases[i].cpu);
		is_str(rt_view_role(&view, cases[i].cpu).text, cases[i].role,
		       name);
		rt_view_planned(&view, cases[i].cpu, &planned);
		snprintf(name, sizeof(name), "CPU %u in the file",
			 cases[i].cpu);
		is_str(planned.text, cases[i].planned, name);
	}
	left = rt_housekeeping(&now, &topo);
	is_str(rt_cpuset_text(&left).text, "0,3,7", "housekeeping now");
	left = rt_housekeeping(&file, &topo);
	is_str(rt_cpuset_text(&left).text, "0", "housekeeping in the end");
	check_uses(&guests);
	rt_pci_parse("0000:81:00.0", 12, &addr, &err);
	ok(rt_device_guest(&now, &addr) == &guests.items[0], "its device");
	addr.slot = 1;
	ok(!rt_device_guest(&now, &addr), "nobody's device");
	is_str(rt_cpu_role(&now, 5).guest->name, "plc1", "whose CPU");
	rt_guest_refs_fini(&now);
	rt_guest_refs_fini(&file);
	rt_guests_fini(&guests);
	rt_config_fini(&config);
	rt_report_fini(&report);
	rt_topo_fini(&topo);
	return tap_done();
}
