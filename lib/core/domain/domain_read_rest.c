/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_read_rest.c - what we own of it besides: memory, features, devices */
#include "domain_xml.h"

#include <errno.h>
#include <limits.h>

/* Nobody passes more; and sets of devices are searched one by one. */
#define DEVICES_MAX 1024

/* "KiB", "k", "MB" ...: bytes in one, 0 when it is none. */
static unsigned long long unit_bytes(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char letter = (char)(*unit | 0x20);
	const char *at = *unit ? strchr(letters, letter) : NULL;
	unsigned long long base, bytes = 1;

	if (rt_is_word(unit, "b") || rt_is_word(unit, "byte") ||
	    rt_is_word(unit, "bytes"))
		return 1;
	if (!at)
		return 0;
	if (!unit[1] || rt_is_word(unit + 1, "ib"))
		base = 1024;
	else if (rt_is_word(unit + 1, "b"))
		base = 1000;
	else
		return 0;
	for (const char *p = letters; p <= at; p++)
		bytes *= base;
	return bytes;
}

/* What the element's number is in: KiB, if it does not say. */
static int read_unit(const xmlNode *node, unsigned long long *ret_bytes,
		     struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *unit = NULL;
	unsigned long long bytes = 1024;
	int r = rt_xml_attr(node, "unit", &unit, err);

	if (r < 0)
		return r;
	if (unit && *unit)
		bytes = unit_bytes((const char *)unit);
	if (!bytes)
		return rt_xml_fail(err, node,
				   "unit='%s' is not a unit such as "
				   "KiB",
				   rt_cut_text((const char *)unit).text);
	*ret_bytes = bytes;
	return 0;
}

int rt_domain_read_size(const xmlNode *root, struct rt_domain *domain,
			struct rt_err *err)
{
	unsigned long long value, bytes;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, "memory", &node, err);

	if (r < 0 || !node)
		return r;
	r = rt_xml_content_number(node, ULLONG_MAX, &value, err);
	if (r == 0)
		r = read_unit(node, &bytes, err);
	if (r < 0)
		return r;
	if (value > ULLONG_MAX / bytes)
		return rt_xml_fail(err, node, "the size is too large");
	value *= bytes;
	domain->memory_kib = value / 1024 + (value % 1024 != 0);
	return 0;
}

/* A page that makes no sense is libvirt's to refuse: nothing rests on it. */
static unsigned long long read_page(const xmlNode *page)
{
	unsigned long long bytes;
	struct rt_err ignored;
	unsigned size = 0;

	if (!page ||
	    rt_xml_number(page, "size", false, UINT_MAX, &size, &ignored) < 0 ||
	    read_unit(page, &bytes, &ignored) < 0 || size > ULLONG_MAX / bytes)
		return 0;
	return size * bytes / 1024;
}

int rt_domain_read_backing(const xmlNode *root, struct rt_domain *domain,
			   struct rt_err *err)
{
	xmlNode *backing = NULL, *huge;
	int r = rt_xml_only_child(root, "memoryBacking", &backing, err);

	if (r < 0)
		return r;
	huge = rt_xml_child(backing, "hugepages");
	domain->locked = rt_xml_child(backing, "locked");
	domain->nosharepages = rt_xml_child(backing, "nosharepages");
	domain->hugepages = huge;
	domain->page_kib = read_page(rt_xml_child(huge, "page"));
	return 0;
}

int rt_domain_read_nodes(const xmlNode *root, struct rt_domain *domain,
			 struct rt_err *err)
{
	bool placement_auto = false, strict = false;
	xmlNode *tune = NULL, *memory = NULL;
	int r = rt_xml_only_child(root, "numatune", &tune, err);

	if (r == 0)
		r = rt_xml_only_child(tune, "memory", &memory, err);
	if (r < 0)
		return r;
	RT_XML_FOREACH(node, tune, "memnode")
	{
		struct rt_cpuset nodes;

		r = rt_xml_need_set(node, "nodeset", &nodes, err);
		if (r < 0)
			return r;
		rt_cpuset_or(&domain->memnodes, &nodes);
	}
	if (!memory)
		return 0;
	r = rt_xml_attr_is(memory, "placement", "auto", &placement_auto, err);
	if (r == 0)
		r = rt_xml_attr_is(memory, "mode", "strict", &strict, err);
	if (r == 0 && !placement_auto)
		r = rt_xml_set(memory, "nodeset", &domain->has_nodes,
			       &domain->nodes, err);
	domain->nodes_strict =
		strict || !xmlHasNsProp(memory, BAD_CAST "mode", NULL);
	return r;
}

int rt_domain_read_hidden(const xmlNode *root, struct rt_domain *domain,
			  struct rt_err *err)
{
	xmlNode *features = NULL, *kvm = NULL, *hidden = NULL;
	int r = rt_xml_only_child(root, "features", &features, err);

	if (r == 0)
		r = rt_xml_only_child(features, "kvm", &kvm, err);
	if (r == 0)
		r = rt_xml_only_child(kvm, "hidden", &hidden, err);
	if (r < 0 || !hidden)
		return r;
	return rt_xml_attr_is(hidden, "state", "on", &domain->hide_kvm, err);
}

static int add_device(const xmlNode *node, struct rt_pci_set *set,
		      const struct rt_pci_addr *addr, struct rt_err *err)
{
	if (rt_pci_set_has(set, addr))
		return 0;
	if (set->n >= DEVICES_MAX)
		return rt_xml_fail(err, node, "more than %d PCI devices",
				   DEVICES_MAX);
	return rt_pci_set_add(set, addr, err);
}

static int read_hostdev(const xmlNode *node, struct rt_domain *domain,
			struct rt_err *err)
{
	struct rt_pci_addr addr;
	bool is_pci, managed = false;
	int r = rt_xml_is_pci_hostdev(node, &is_pci, err);

	if (r < 0 || !is_pci)
		return r;
	r = rt_xml_source_address(node, &addr, &is_pci, err);
	if (r < 0)
		return r;
	if (!is_pci)
		return rt_xml_fail(err, node,
				   "its source is not a PCI address");
	r = rt_xml_attr_is(node, "managed", "yes", &managed, err);
	if (r == 0)
		r = add_device(node, &domain->pcidevs, &addr, err);
	if (r == 0 && !managed)
		r = add_device(node, &domain->unmanaged, &addr, err);
	return r;
}

static int read_interface(const xmlNode *node, struct rt_domain *domain,
			  struct rt_err *err)
{
	struct rt_pci_addr addr;
	bool passed = false, is_pci;
	int r = rt_xml_attr_is(node, "type", "hostdev", &passed, err);

	if (r < 0 || !passed)
		return r;
	r = rt_xml_source_address(node, &addr, &is_pci, err);
	if (r < 0 || !is_pci)
		return r;
	r = add_device(node, &domain->pcidevs, &addr, err);
	if (r == 0)
		r = add_device(node, &domain->netdevs, &addr, err);
	return r;
}

int rt_domain_read_devices(const xmlNode *root, struct rt_domain *domain,
			   struct rt_err *err)
{
	xmlNode *devices = NULL;
	int r = rt_xml_only_child(root, "devices", &devices, err);

	if (r < 0)
		return r;
	RT_XML_FOREACH(node, devices, "hostdev")
	{
		r = read_hostdev(node, domain, err);
		if (r < 0)
			return r;
	}
	RT_XML_FOREACH(node, devices, "interface")
	{
		r = read_interface(node, domain, err);
		if (r < 0)
			return r;
	}
	return 0;
}
