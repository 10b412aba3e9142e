/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe_pci.c - PCI devices: class, driver, node, IOMMU group, local CPUs */
#include "probe.h"

#include <errno.h>

#include "unread.h"

#define BASE "sys/bus/pci/devices"

static int read_number(struct rt_sys *sys, const char *name, const char *file,
		       int base, long *ret, struct rt_err *err)
{
	char text[64], *end;
	long number;
	int r = rt_sys_readf(sys, text, sizeof(text), err, BASE "/%s/%s", name,
			     file);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	number = strtol(text, &end, base);
	if (end == text || *end)
		return rt_fail(err, 0, BASE "/%s/%s: '%s' is not a number",
			       name, file, text);
	*ret = number;
	return 0;
}

/*
 * secondary_bus_number is there for header types 1 and 2 alone. The header in
 * `config` would do, too, but reading it wakes a sleeping device.
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

/* The target of one of its links; "" where there is none. */
static int read_link(struct rt_sys *sys, const char *name, const char *link,
		     char *buf, size_t size, struct rt_err *err)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), BASE "/%s/%s", name, link);
	r = rt_sys_link_name(sys, path, buf, size, err);
	if (r < 0)
		buf[0] = '\0';
	return r == -ENOENT ? 0 : r;
}

/*
 * Read what can be read of it. *ret_why says why something could not be read,
 * and is left as it is otherwise.
 */
static int read_dev(struct rt_sys *sys, const char *name,
		    struct rt_pci_dev *dev, char *driver, size_t size,
		    struct rt_err *ret_why)
{
	char path[128], group[256];
	long number = 0;
	int r = read_number(sys, name, "class", 16, &number, ret_why), r2;

	dev->class_code = (unsigned)number;
	dev->bridge = is_bridge(sys, name, dev->class_code);
	number = -1;
	r2 = read_number(sys, name, "numa_node", 10, &number, ret_why);
	r = r2 < 0 ? r2 : r;
	dev->node = (int)number;
	snprintf(path, sizeof(path), BASE "/%s/local_cpulist", name);
	r2 = rt_sys_read_cpus(sys, path, &dev->local_cpus, ret_why);
	r = r2 < 0 && r2 != -ENOENT ? r2 : r;
	r2 = read_link(sys, name, "iommu_group", group, sizeof(group), ret_why);
	r = r2 < 0 ? r2 : r;
	dev->group = *group ? (int)strtol(group, NULL, 10) : -1;
	r2 = read_link(sys, name, "driver", driver, size, ret_why);
	return r2 < 0 ? r2 : r;
}

static int add_dev(struct rt_sys *sys, const char *name, struct rt_facts *facts,
		   struct rt_err *err)
{
	struct rt_pci_devs *devs = &facts->pci;
	struct rt_pci_dev dev = { .node = -1, .group = -1 };
	char driver[256];
	struct rt_err why;

	/* Domains above 16 bits, made up by VMD, are devices too. */
	if (rt_pci_parse(name, strlen(name), &dev.addr, &why) < 0)
		return rt_unread_add(facts, &why, err);
	if (read_dev(sys, name, &dev, driver, sizeof(driver), &why) < 0) {
		rt_wrap(&why, "PCI device %s", name);
		if (rt_unread_add(facts, &why, err) < 0)
			return -ENOMEM;
	}
	dev.driver = strdup(driver);
	if (!dev.driver || !rt_grow(&devs->items, devs->n, &devs->size,
				    sizeof(*devs->items))) {
		free(dev.driver);
		return rt_fail_memory(err);
	}
	devs->items[devs->n++] = dev;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rt_facts_read_pci(struct rt_sys *sys, struct rt_facts *facts,
		      struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	struct rt_err why;
	int r = rt_sys_list(sys, BASE, &names, &why);

	/* ENOENT: a host without PCI. */
	if (r < 0)
		return r == -ENOENT ? 0 : rt_unread_add(facts, &why, err);
	if (names.n)
		qsort(names.items, names.n, sizeof(*names.items),
		      compare_names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_dev(sys, names.items[i], facts, err);
	return r;
}
