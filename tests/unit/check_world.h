/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check_world.h - the host that tests/unit/check.c checks against
 *
 * 12 CPUs, siblings (0,1) (2,3) ..., node and package 0 are CPUs 0-5, 1 are
 * 6-11. PCI: 01:00.0 on node 0 used by the host; on node 1, without a driver,
 * 81:00.0 alone in its group, 83:00.0 and .1 together, 85:00.0 behind bridge
 * 84:00.0 of the same group, 86:00.0 without a group.
 */
#ifndef RT_CHECK_WORLD_H
#define RT_CHECK_WORLD_H

#include "core/check/check.h"

#include "../tap.h"

struct world {
	struct rt_topo topo;
	struct rt_facts facts;
};

static struct rt_cpuset list(const char *text)
{
	struct rt_cpuset set = { 0 };
	struct rt_err err;

	if (rt_cpuset_parse_list(text, &set, &err) < 0)
		ok(false, "fixture '%s': %s", text, err.text);
	return set;
}

static void level(struct rt_topo_level *level, unsigned number,
		  const char *cpus)
{
	const struct rt_cpuset set = list(cpus);
	struct rt_err err;

	if (rt_topo_add(level, number, &set, &err) < 0)
		ok(false, "fixture: %s", err.text);
}

static struct rt_pci_addr address(const char *text)
{
	struct rt_pci_addr addr = { 0 };
	struct rt_err err;

	if (rt_pci_parse(text, strlen(text), &addr, &err) < 0)
		ok(false, "fixture '%s': %s", text, err.text);
	return addr;
}

static void device(struct world *world, const char *addr, int node, int group,
		   const char *driver, bool bridge)
{
	struct rt_pci_devs *devs = &world->facts.pci;

	if (!rt_grow(&devs->items, devs->n, &devs->size, sizeof(*devs->items)))
		return;
	devs->items[devs->n++] = (struct rt_pci_dev){
		.addr = address(addr),
		.class_code = bridge ? 0x060400 : 0x020000,
		.bridge = bridge,
		.driver = strdup(driver),
		.node = node,
		.group = group,
		.local_cpus = list(node < 0 ? "0-11" :
				   node	    ? "6-11" :
					      "0-5"),
	};
}

static void irq(struct world *world, unsigned number, const char *affinity,
		const char *effective, const char *dev, bool movable)
{
	struct rt_irqs *irqs = &world->facts.irqs;

	if (!rt_grow(&irqs->items, irqs->n, &irqs->size, sizeof(*irqs->items)))
		return;
	irqs->items[irqs->n++] = (struct rt_irq){
		.number = number,
		.name = strdup("disk-queue"),
		.movable = movable,
		.affinity = list(affinity),
		.effective = malloc(sizeof(struct rt_cpuset)),
		.has_device = *dev,
		.device = *dev ? address(dev) : (struct rt_pci_addr){ 0 },
		.node = -1,
	};
	if (irqs->items[irqs->n - 1].effective)
		*irqs->items[irqs->n - 1].effective = list(effective);
}

static void make_world(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->topo.present = list("0-11");
	world->topo.online = list("0-11");
	for (unsigned core = 0; core < 6; core++) {
		char pair[16];

		snprintf(pair, sizeof(pair), "%u,%u", 2 * core, 2 * core + 1);
		level(&world->topo.cores, core, pair);
	}
	level(&world->topo.dies, 0, "0-5");
	level(&world->topo.dies, 1, "6-11");
	level(&world->topo.packages, 0, "0-5");
	level(&world->topo.packages, 1, "6-11");
	level(&world->topo.nodes, 0, "0-5");
	level(&world->topo.nodes, 1, "6-11");

	device(world, "0000:01:00.0", 0, 1, "e1000e", false);
	device(world, "0000:81:00.0", 1, 3, "", false);
	device(world, "0000:83:00.0", 1, 5, "", false);
	device(world, "0000:83:00.1", 1, 5, "", false);
	device(world, "0000:84:00.0", 1, 6, "pcieport", true);
	device(world, "0000:85:00.0", 1, 6, "", false);
	device(world, "0000:86:00.0", 1, -1, "", false);
}

static void free_world(struct world *world)
{
	rt_facts_fini(&world->facts);
	rt_topo_fini(&world->topo);
}

/* Changes to the host that single cases need. */

static void one_node(struct world *world)
{
	free_world(world);
	memset(world, 0, sizeof(*world));
	world->topo.present = world->topo.online = list("0-3");
	for (unsigned core = 0; core < 4; core++) {
		char cpu[8];

		snprintf(cpu, sizeof(cpu), "%u", core);
		level(&world->topo.cores, core, cpu);
	}
	level(&world->topo.packages, 0, "0-3");
	level(&world->topo.nodes, 0, "0-3");
	device(world, "0000:01:00.0", 0, 1, "e1000e", false);
}

static void hybrid(struct world *world)
{
	level(&world->topo.kinds, 0, "10-11");
	level(&world->topo.kinds, 1, "0-9");
}

static void cpu_8_off(struct world *world)
{
	rt_cpuset_remove(&world->topo.online, 8);
}

static void core_4_off(struct world *world)
{
	rt_cpuset_remove(&world->topo.online, 8);
	rt_cpuset_remove(&world->topo.online, 9);
}

static void cpu_9_off(struct world *world)
{
	rt_cpuset_remove(&world->topo.online, 9);
}

static void cpu_0_stays(struct world *world)
{
	struct rt_err err;

	for (unsigned cpu = 1; cpu < 12; cpu++) {
		char path[64];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/online", cpu);
		if (rt_settings_add(&world->facts.settings, RT_KIND_TEXT, path,
				    "1", &err) < 0)
			ok(false, "fixture: %s", err.text);
	}
}

static void host_nic(struct world *world)
{
	device(world, "0000:87:00.0", 1, 7, "ixgbe", false);
}

static void far_away(struct world *world)
{
	device(world, "0000:88:00.0", -1, 8, "ixgbe", false);
}

static void disk_mixed(struct world *world)
{
	irq(world, 30, "0-5", "2", "0000:01:00.0", false);
	irq(world, 31, "0,6", "6", "0000:01:00.0", false);
	irq(world, 32, "0,8", "", "0000:01:00.0", false);
}

static void disk_own(struct world *world)
{
	irq(world, 31, "6", "6", "0000:01:00.0", false);
	irq(world, 32, "8", "8", "0000:01:00.0", false);
}

static void disk_both(struct world *world)
{
	disk_own(world);
	disk_mixed(world);
}

static void disk_quiet(struct world *world)
{
	/* Kept off by isolcpus=managed_irq; movable; goes down with its CPU;
	 * of no device; of a device that will be the guest's. */
	irq(world, 31, "0,6", "0", "0000:01:00.0", false);
	irq(world, 32, "6", "6", "0000:01:00.0", true);
	irq(world, 33, "7", "7", "0000:01:00.0", false);
	irq(world, 34, "6", "6", "", false);
	irq(world, 35, "6", "6", "0000:81:00.0", false);
}

#endif
