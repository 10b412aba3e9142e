/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.c - what the boxes of the picture say, and in which colours
 *
 * The host: two nodes of four CPUs each; siblings are (0,1), (2,3), ...
 */
#include "../../tools/common/picture_style.c"

#include "../tap.h"

#define MAX_GUESTS 30

struct world {
	struct rt_topo topo;
	struct rt_report report;
	struct rt_guest guests[MAX_GUESTS];
	const struct rt_guest *list[MAX_GUESTS];
	struct rt_scene scene;
};

static struct rt_cpuset cpus(const char *list)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(list, &set, &err) < 0)
		ok(false, "%s", err.text);
	return set;
}

static void add_level(struct rt_topo_level *level, unsigned number,
		      const char *list)
{
	const struct rt_cpuset set = cpus(list);
	struct rt_err err;

	if (rt_topo_add(level, number, &set, &err) < 0)
		ok(false, "%s", err.text);
}

/* Guests are rt with vCPUs and service and offline CPUs, or ordinary. */
static struct rt_guest *add_guest(struct world *world, char *name,
				  const char *vcpus, const char *service,
				  const char *offline)
{
	struct rt_guest *guest = &world->guests[world->scene.n];

	guest->name = name;
	guest->rt = *vcpus;
	guest->vcpus = cpus(vcpus);
	guest->service = cpus(service);
	guest->offline = cpus(offline);
	guest->usable = guest->vcpus;
	rt_cpuset_or(&guest->usable, &guest->service);
	guest->cpuset = guest->usable;
	if (guest->rt) {
		guest->owned = guest->usable;
		rt_cpuset_or(&guest->owned, &guest->offline);
	}
	guest->nodes = rt_topo_numbers(&world->topo.nodes, &guest->cpuset);
	world->list[world->scene.n++] = guest;
	return guest;
}

static void find_in(struct world *world, const char *code, const char *guest,
		    const char *message)
{
	const struct rt_where where = { .guest = guest };

	rt_report_add(&world->report, RT_WARNING, code, where, NULL, "%s",
		      message);
}

static void begin(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->topo.present = cpus("0-7");
	world->topo.online = cpus("0-6");
	add_level(&world->topo.nodes, 0, "0-3");
	add_level(&world->topo.nodes, 1, "4-7");
	world->scene = (struct rt_scene){ .guests = world->list,
					  .topo = &world->topo,
					  .report = &world->report };
}

static void end(struct world *world)
{
	for (size_t i = 0; i < world->scene.n; i++)
		rt_pci_set_fini(&world->guests[i].pcidevs);
	rt_report_fini(&world->report);
	rt_topo_fini(&world->topo);
}

static void is_box(struct rt_box box, const char *text, unsigned fill)
{
	is_str(box.text, text, text);
	is_int(box.fill, fill, "  its colour");
}

static void test_cpus(void)
{
	struct world world;
	char plc[] = "plc1", hmi[] = "hmi", web[] = "web";

	begin(&world);
	add_guest(&world, plc, "2", "4", "3,5");
	add_guest(&world, hmi, "", "0-1", "");
	add_guest(&world, web, "", "1", "");
	is_box(rt_box_cpu(&world.scene, 2), "CPU 2 plc1 vcpu0", 0x0072b2);
	is_box(rt_box_cpu(&world.scene, 4), "CPU 4 plc1 service",
	       lighten(0x0072b2));
	is_box(rt_box_cpu(&world.scene, 5), "CPU 5 plc1 offline", DOWN);
	is_box(rt_box_cpu(&world.scene, 0), "CPU 0 hmi", lighten(0xe69f00));
	is_box(rt_box_cpu(&world.scene, 1), "CPU 1 hmi+web", SHARED);
	is_box(rt_box_cpu(&world.scene, 6), "CPU 6", WHITE);
	is_box(rt_box_cpu(&world.scene, 7), "CPU 7 offline", OFFLINE);
	is_int(rt_box_cpu(&world.scene, 2).ink, WHITE, "white on blue");
	is_int(rt_box_cpu(&world.scene, 4).ink, BLACK, "black on its tint");
	end(&world);
}

static void test_clash(void)
{
	struct world world;
	char plc[] = "plc1", hmi[] = "hmi", web[] = "web";

	begin(&world);
	add_guest(&world, plc, "2", "4", "3,5");
	add_guest(&world, hmi, "", "2-3,5", "");
	find_in(&world, "several-nodes", "web", "comes first");
	find_in(&world, "cpu-overlap", "hmi", "CPU 2 is also of 'plc1'");
	is_box(rt_box_cpu(&world.scene, 2), "CPU 2 plc1+hmi!2", RED);
	is_box(rt_box_cpu(&world.scene, 5), "CPU 5 plc1+hmi!2", RED);
	is_box(rt_box_cpu(&world.scene, 4), "CPU 4 plc1 service",
	       lighten(0x0072b2));
	add_guest(&world, web, "", "2", "");
	is_box(rt_box_cpu(&world.scene, 2), "CPU 2 3 guests!2", RED);
	end(&world);
}

static void test_findings(void)
{
	struct world world;
	char plc[] = "plc1", hmi[] = "hmi";
	struct rt_guest *guest;

	begin(&world);
	guest = add_guest(&world, plc, "0,2", "4", "1,3,5");
	add_guest(&world, hmi, "", "6", "");
	guest->nodes = cpus("0-1");
	find_in(&world, "rt-node0", "plc1", "is on node 0");
	is_box(rt_box_cpu(&world.scene, 4), "CPU 4 plc1 service",
	       lighten(0x0072b2));
	ok(!rt_finding_is_drawn(&world.report.items[0]),
	   "not every finding has a place");
	find_in(&world, "several-nodes", "plc1", "cpuset is on nodes 0-1");
	ok(rt_finding_is_drawn(&world.report.items[1]), "this one has");
	is_box(rt_box_cpu(&world.scene, 4), "CPU 4 plc1 service!1", RED);
	is_box(rt_box_cpu(&world.scene, 0), "CPU 0 plc1 vcpu0", 0x0072b2);
	find_in(&world, "too-few-cpus", "hmi", "has too few");
	is_box(rt_box_cpu(&world.scene, 6), "CPU 6 hmi!2", RED);
	is_box(rt_box_cpu(&world.scene, 3), "CPU 3 plc1 offline", DOWN);
	find_in(&world, "cpu-stays-up", "plc1",
		"CPU 3 cannot be taken offline");
	is_box(rt_box_cpu(&world.scene, 3), "CPU 3 plc1 offline!3", RED);
	end(&world);
}

static void test_memory(void)
{
	struct world world;
	char plc[] = "plc1", hmi[] = "hmi";

	begin(&world);
	add_guest(&world, plc, "4", "6", "5,7");
	add_guest(&world, hmi, "", "0", "");
	is_box(rt_box_memory(&world.scene, 0, 0), "plc1 memory", 0x0072b2);
	is_box(rt_box_memory(&world.scene, 1, 0), "hmi memory",
	       lighten(0xe69f00));
	find_in(&world, "numatune-outside", "plc1", "numatune takes node 0");
	is_box(rt_box_memory(&world.scene, 0, 0), "plc1 memory!1", RED);
	is_box(rt_box_memory(&world.scene, 0, 1), "plc1 memory", 0x0072b2);
	end(&world);
}

static void test_devices(void)
{
	const struct rt_pci_addr a = { .bus = 0x81 }, b = { .bus = 0x82 };
	struct rt_box box = { 0 };
	struct world world;
	char plc[] = "plc1", hmi[] = "hmi";
	struct rt_err err;

	begin(&world);
	is_int(rt_pci_set_add(&add_guest(&world, plc, "4", "6", "5,7")->pcidevs,
			      &a, &err),
	       0, "a device");
	ok(!rt_box_device(&world.scene, &b, &box), "another is nobody's");
	ok(rt_box_device(&world.scene, &a, &box), "it is a guest's");
	is_box(box, "plc1", 0x0072b2);
	find_in(&world, "pci-group", "plc1",
		"of PCI device 0000:81:00.0 0000:82:00.0 is missing");
	ok(rt_box_device(&world.scene, &b, &box), "a missing one is drawn");
	is_box(box, "not passed!1", RED);
	is_int(rt_pci_set_add(&add_guest(&world, hmi, "", "0", "")->pcidevs, &a,
			      &err),
	       0, "two guests name it");
	ok(rt_box_device(&world.scene, &a, &box), "it is drawn once");
	is_box(box, "plc1 + hmi!1", RED);
	end(&world);
}

/* lstopo cuts a CPU's text at 31 bytes. */
static void test_names(void)
{
	static char name[] = "a\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
			     "-very-long-name-of-a-guest";
	struct world world;
	size_t longest = 0;

	begin(&world);
	world.topo.present = world.topo.online = cpus("0-16383");
	for (size_t i = 0; i < MAX_GUESTS; i++)
		add_guest(&world, name, "16383", "16382", "16381");
	is_str(rt_box_name(&world.scene, 0, 10).text,
	       "a\xc3\xa4\xc3\xa4\xc3\xa4..", "cut between characters");
	is_str(rt_box_name(&world.scene, 9, 10).text,
	       "a\xc3\xa4\xc3\xa4\xc3\xa4..*", "the second of its colour");
	is_str(rt_box_name(&world.scene, 29, 99).text,
	       "a\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
	       "-very-long-name-of-a-guest***",
	       "the fourth, whole");
	is_str(rt_box_cpu(&world.scene, 16383).text, "CPU 16383 30 guests!",
	       "thirty are counted");
	/* The number of a finding may have two digits. */
	for (size_t i = 0; i < 98; i++)
		find_in(&world, "several-nodes", "another", "far");
	find_in(&world, "too-few-cpus", name, "too few");
	for (size_t n = 1; n <= 2; n++)
		for (unsigned cpu = 16381; cpu <= 16383; cpu++) {
			const struct rt_scene few = {
				.guests = world.list + 28,
				.n = n,
				.topo = &world.topo,
				.report = &world.report,
			};
			const size_t len = strlen(rt_box_cpu(&few, cpu).text);

			longest = len > longest ? len : longest;
		}
	ok(longest <= 28, "longest text of a CPU, less marks: %zu", longest);
	end(&world);
}

int main(void)
{
	test_cpus();
	test_clash();
	test_findings();
	test_memory();
	test_devices();
	test_names();
	return tap_done();
}
