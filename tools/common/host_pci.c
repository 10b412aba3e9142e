/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_pci.c - the PCI devices: where they are, and who uses them */
#include "host.h"

#include "host/probe.h"
#include "pci_class.h"

#include "core/base/banned.h"

enum {
	ADDRESS,
	CLASS,
	NODE,
	GROUP,
	DRIVER,
	USED_BY,
	GUEST,
	PLANNED,
	LOCAL_CPUS,
	COLUMNS
};

static const struct rt_column columns[COLUMNS] = {
	[ADDRESS] = { "ADDRESS", RT_CELL_TEXT,
		      RT_COLUMN_SHOWN | RT_COLUMN_TREE },
	[CLASS] = { "CLASS", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[NODE] = { "NODE", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[GROUP] = { "GROUP", RT_CELL_NUMBER, RT_COLUMN_SHOWN },
	[DRIVER] = { "DRIVER", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[USED_BY] = { "USED-BY", RT_CELL_TEXT, RT_COLUMN_SHOWN },
	[GUEST] = { "GUEST", RT_CELL_TEXT, RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[PLANNED] = { "PLANNED", RT_CELL_TEXT,
		      RT_COLUMN_SHOWN | RT_COLUMN_CUT },
	[LOCAL_CPUS] = { "LOCAL-CPUS", RT_CELL_TEXT, RT_COLUMN_CUT },
};

static bool is_vfio(const struct rt_pci_dev *dev)
{
	return strcmp(dev->driver, "vfio-pci") == 0;
}

/* A guest that is active has it only once vfio has. */
static const char *used_by(const struct rt_pci_dev *dev, bool has_guest)
{
	if (dev->bridge)
		return "bridge";
	if (is_vfio(dev))
		return has_guest ? "guest" : "vfio";
	return *dev->driver ? "host" : "nobody";
}

static void add_device(const struct rt_host *host, const struct rt_pci_dev *dev,
		       size_t group, struct rt_grid *grid)
{
	const struct rt_guest *now =
		rt_device_guest(host->view.now, &dev->addr);
	const struct rt_guest *planned =
		rt_device_guest(host->view.file, &dev->addr);
	const size_t row = rt_grid_add(grid, group);

	rt_grid_set(grid, row, ADDRESS, "%s", rt_pci_text(&dev->addr).text);
	rt_grid_set(grid, row, CLASS, "%s", rt_pci_class_text(dev->class_code));
	if (dev->node >= 0)
		rt_grid_set(grid, row, NODE, "%d", dev->node);
	if (dev->group >= 0)
		rt_grid_set(grid, row, GROUP, "%d", dev->group);
	if (*dev->driver)
		rt_grid_set(grid, row, DRIVER, "%s", dev->driver);
	rt_grid_set(grid, row, USED_BY, "%s", used_by(dev, now));
	if (now && is_vfio(dev))
		rt_grid_set(grid, row, GUEST, "%s", now->name);
	if (planned)
		rt_grid_set(grid, row, PLANNED, "%s", planned->name);
	if (!rt_cpuset_is_empty(&dev->local_cpus))
		rt_grid_cpus(grid, row, LOCAL_CPUS, &dev->local_cpus);
}

static int compare_groups(const void *a, const void *b)
{
	const struct rt_pci_dev *x = a, *y = b;
	/* Those without a group come last. */
	const unsigned of_x = (unsigned)x->group, of_y = (unsigned)y->group;

	if (of_x != of_y)
		return of_x < of_y ? -1 : 1;
	return strcmp(rt_pci_text(&x->addr).text, rt_pci_text(&y->addr).text);
}

int rt_host_read_pci(struct rt_host *host, struct rt_err *err)
{
	if (host->has_pci)
		return 0;
	host->has_pci = true;
	return rt_facts_read_pci(&host->loaded.sys, &host->notes, err);
}

/* Devices of a group stand together: they go to one guest together. */
int rt_host_pci(struct rt_host *host, struct rt_grid *grid, struct rt_err *err)
{
	struct rt_pci_devs *devs = &host->notes.pci;
	size_t heading = 0;
	int group = -1, r = rt_host_read_pci(host, err);

	rt_grid_init(grid, "pci", NULL, columns, COLUMNS);
	if (devs->n)
		qsort(devs->items, devs->n, sizeof(*devs->items),
		      compare_groups);
	for (size_t i = 0; i < devs->n; i++) {
		const struct rt_pci_dev *dev = &devs->items[i];

		if ((dev->bridge && !host->all) ||
		    (host->filtered &&
		     !rt_cpuset_intersects(&dev->local_cpus, &host->cpus)))
			continue;
		if (dev->group != group) {
			group = dev->group;
			heading = group < 0 ? 0 : rt_grid_add(grid, 0);
			rt_grid_set(grid, heading, ADDRESS, "group %d", group);
			if (heading)
				grid->rows[heading - 1].heading = true;
		}
		add_device(host, dev, heading, grid);
	}
	return r;
}
