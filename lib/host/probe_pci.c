/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe_pci.c - PCI devices: class, driver, node, IOMMU group, local CPUs */
#include "probe.h"

#include <errno.h>

#define BASE "sys/bus/pci/devices"

static int read_number(struct rt_sys *sys, const char *name, const char *file,
		       int base, long missing, long *ret, struct rt_err *err)
{
	char text[64], *end;
	int r = rt_sys_readf(sys, text, sizeof(text), err, BASE "/%s/%s", name,
			     file);

	if (r == -ENOENT) {
		*ret = missing;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = strtol(text, &end, base);
	if (end == text || *end)
		return rt_fail(err, 0, BASE "/%s/%s: '%s' is not a number",
			       name, file, text);
	return 0;
}

/*
 * secondary_bus_number is there for header types 1 and 2 alone. The header in
 * `config` would tell too, but reading that wakes a device that sleeps.
 */
static bool is_bridge(struct rt_sys *sys, const char *name, unsigned class_code)
{
	char path[128];

	switch (class_code >> 8) {
	case 0x0600: /* host */
	case 0x0604: /* PCI */
	case 0x0607: /* CardBus */
	case 0x0609: /* semi-transparent PCI */
		return true;
	default:
		snprintf(path, sizeof(path), BASE "/%s/secondary_bus_number",
			 name);
		return rt_sys_exists(sys, path);
	}
}

static int read_links(struct rt_sys *sys, const char *name,
		      struct rt_pci_dev *dev, struct rt_err *err)
{
	char path[128], text[256];
	int r;

	dev->group = -1;
	snprintf(path, sizeof(path), BASE "/%s/iommu_group", name);
	r = rt_sys_link_name(sys, path, text, sizeof(text), err);
	if (r == 0)
		dev->group = (int)strtol(text, NULL, 10);
	else if (r != -ENOENT)
		return r;

	snprintf(path, sizeof(path), BASE "/%s/driver", name);
	r = rt_sys_link_name(sys, path, text, sizeof(text), err);
	if (r < 0 && r != -ENOENT)
		return r;
	dev->driver = strdup(r == 0 ? text : "");
	return dev->driver ? 0 : rt_fail_memory(err);
}

static int read_dev(struct rt_sys *sys, const char *name,
		    struct rt_pci_dev *dev, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	long number;
	int r = read_number(sys, name, "class", 16, 0, &number, err);

	if (r < 0)
		return r;
	dev->class_code = (unsigned)number;
	r = read_number(sys, name, "numa_node", 10, -1, &number, err);
	if (r < 0)
		return r;
	dev->node = (int)number;
	dev->bridge = is_bridge(sys, name, dev->class_code);
	r = rt_sys_readf(sys, text, sizeof(text), err, BASE "/%s/local_cpulist",
			 name);
	if (r == 0)
		r = rt_cpuset_parse_list(text, &dev->local_cpus, err);
	if (r < 0 && r != -ENOENT)
		return r;
	return read_links(sys, name, dev, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rt_facts_read_pci(struct rt_sys *sys, struct rt_facts *facts,
		      struct rt_err *err)
{
	struct rt_pci_devs *devs = &facts->pci;
	RT_AUTO_NAMES names = { 0 };
	int r = rt_sys_list(sys, BASE, &names, err);

	if (r == -ENOENT)
		return 0; /* a host without PCI */
	if (r < 0)
		return r;
	if (names.n)
		qsort(names.items, names.n, sizeof(*names.items),
		      compare_names);
	for (size_t i = 0; i < names.n; i++) {
		struct rt_pci_dev dev = { .node = -1 };

		r = rt_pci_parse(names.items[i], strlen(names.items[i]),
				 &dev.addr, err);
		/* Domains above 16 bits, made up by VMD, are devices too. */
		if (r == 0)
			r = read_dev(sys, names.items[i], &dev, err);
		if (r < 0)
			return rt_wrap(err, "PCI device %s", names.items[i]);
		if (!rt_grow(&devs->items, devs->n, &devs->size,
			     sizeof(*devs->items))) {
			free(dev.driver);
			return rt_fail_memory(err);
		}
		devs->items[devs->n++] = dev;
	}
	return 0;
}
