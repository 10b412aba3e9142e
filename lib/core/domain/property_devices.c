/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_devices.c - passed PCI devices, and whether KVM is hidden */
#include "property.h"

#include "baseline.h"

static int read_hidden(const xmlNode *root, struct rt_domain *domain,
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

static void compare_hidden(struct rt_comparing *c)
{
	if (c->domain->hide_kvm != c->guest->hide_kvm)
		rt_differ(
			c, RT_DIFF_HIDE_KVM,
			"hidden KVM: the definition has %s, kvmrt.cfg wants %s",
			c->domain->hide_kvm ? "on" : "off",
			c->guest->hide_kvm ? "on" : "off");
}

static int rewrite_hidden(struct rt_rewriting *w, struct rt_err *err)
{
	/* The one that is before it, in the order of libvirt. */
	static const char *const order[] = { "hyperv", "kvm", NULL };
	xmlNode *features = rt_xml_child(w->root, "features");
	xmlNode *kvm = rt_xml_child(features, "kvm"), *hidden;
	int r;

	if (!w->guest->hide_kvm) {
		hidden = rt_xml_child(kvm, "hidden");
		if (hidden)
			rt_xml_remove(hidden);
		rt_xml_prune(kvm);
		rt_xml_prune(features);
		return 0;
	}
	r = rt_xml_get(w->root, "features", rt_domain_order, &features, err);
	if (r == 0)
		r = rt_xml_get(features, "kvm",
			       rt_xml_child(features, "hyperv") ? order : NULL,
			       &kvm, err);
	if (r == 0)
		r = rt_xml_get(kvm, "hidden", NULL, &hidden, err);
	return r < 0 ? r : rt_xml_set_attr(hidden, "state", "on", err);
}

static void record_hidden(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_bool(json, "hide_kvm", domain->hide_kvm);
}

static int take_hidden(struct rt_taking *t)
{
	return rt_take(t, RT_KEY_HIDE_KVM,
		       t->domain->hide_kvm ? "true" : "false");
}

const struct rt_property rt_property_hidden = {
	RT_DIFF_HIDE_KVM, RT_ABI | RT_GRAVE | RT_EDITED,
	read_hidden,	  compare_hidden,
	rewrite_hidden,	  record_hidden,
	take_hidden
};

/* Nobody passes more; and sets of devices are searched one by one. */
#define DEVICES_MAX 1024

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

static int read_devices(const xmlNode *root, struct rt_domain *domain,
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

static void compare_devices(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_pci_set *want = &c->guest->pcidevs;

	for (size_t i = 0; i < want->n; i++) {
		const struct rt_pci_addr *addr = &want->items[i];

		if (!rt_pci_set_has(&domain->pcidevs, addr))
			rt_differ(c, RT_DIFF_DEVICES,
				  "PCI device %s: kvmrt.cfg passes it, the "
				  "definition does not",
				  rt_pci_text(addr).text);
		else if (c->guest->rt &&
			 rt_pci_set_has(&domain->unmanaged, addr))
			rt_differ(
				c, RT_DIFF_DEVICES,
				"PCI device %s: the definition has it without "
				"managed='yes'",
				rt_pci_text(addr).text);
	}
	for (size_t i = 0; i < domain->pcidevs.n; i++) {
		const struct rt_pci_addr *addr = &domain->pcidevs.items[i];

		if (!rt_pci_set_has(want, addr) &&
		    !rt_pci_set_has(&domain->netdevs, addr))
			rt_differ(c, RT_DIFF_DEVICES,
				  "PCI device %s: the definition passes it, "
				  "kvmrt.cfg does not",
				  rt_pci_text(addr).text);
	}
}

static int add_hostdev(xmlNode *devices, const struct rt_pci_addr *addr,
		       struct rt_err *err)
{
	static const char *const order[] = { "hostdev", NULL };
	const struct {
		const char *name;
		int digits;
		unsigned value;
	} parts[] = {
		{ "domain", 4, addr->domain },
		{ "bus", 2, addr->bus },
		{ "slot", 2, addr->slot },
		{ "function", 1, addr->function },
	};
	xmlNode *device, *source, *address;
	int r = rt_xml_add(devices, "hostdev",
			   rt_xml_child(devices, "hostdev") ? order : NULL,
			   &device, err);

	if (r == 0)
		r = rt_xml_set_attr(device, "mode", "subsystem", err);
	if (r == 0)
		r = rt_xml_set_attr(device, "type", "pci", err);
	if (r == 0)
		r = rt_xml_set_attr(device, "managed", "yes", err);
	if (r == 0)
		r = rt_xml_add(device, "source", NULL, &source, err);
	if (r == 0)
		r = rt_xml_add(source, "address", NULL, &address, err);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]);
	     i++) {
		char text[16];

		snprintf(text, sizeof(text), "0x%0*x", parts[i].digits,
			 parts[i].value);
		r = rt_xml_set_attr(address, parts[i].name, text, err);
	}
	return r;
}

/* Those that are there: managed, or taken out. */
static int rewrite_hostdevs(struct rt_rewriting *w, xmlNode *devices,
			    struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(devices, "hostdev"); node;
	     node = next) {
		struct rt_pci_addr addr;
		bool is_pci = false, managed = false;
		int r = rt_xml_is_pci_hostdev(node, &is_pci, err);

		next = rt_xml_next(node, "hostdev");
		if (r == 0 && !is_pci)
			continue;
		if (r == 0)
			r = rt_xml_source_address(node, &addr, &is_pci, err);
		if (r == 0)
			r = rt_xml_attr_is(node, "managed", "yes", &managed,
					   err);
		if (r < 0)
			return r;
		if (!rt_pci_set_has(&w->guest->pcidevs, &addr)) {
			if (!rt_pci_set_has(&w->domain->netdevs, &addr))
				rt_xml_remove(node);
			continue;
		}
		if (!managed && w->guest->rt)
			r = rt_xml_set_attr(node, "managed", "yes", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rewrite_devices(struct rt_rewriting *w, struct rt_err *err)
{
	const struct rt_pci_set *want = &w->guest->pcidevs;
	xmlNode *devices;
	int r = rt_xml_get(w->root, "devices", rt_domain_order, &devices, err);

	if (r == 0)
		r = rewrite_hostdevs(w, devices, err);
	for (size_t i = 0; r == 0 && i < want->n; i++) {
		if (!rt_pci_set_has(&w->domain->pcidevs, &want->items[i]))
			r = add_hostdev(devices, &want->items[i], err);
	}
	return r;
}

static void record_devices(struct rt_json *json, const struct rt_domain *domain)
{
	rt_baseline_devices(json, &domain->pcidevs);
}

static int take_devices(struct rt_taking *t)
{
	const struct rt_pci_set *devices = &t->domain->pcidevs;
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FREE char *value = NULL;
	int r;

	for (size_t i = 0; i < devices->n; i++)
		rt_strbuf_addf(&text, "%s%s", i ? " " : "",
			       rt_pci_text(&devices->items[i]).text);
	r = rt_strbuf_take(&text, &value, t->err);
	return r < 0 ? r : rt_take(t, RT_KEY_PCIDEVS, value);
}

const struct rt_property rt_property_devices = {
	RT_DIFF_DEVICES, RT_ABI | RT_GRAVE | RT_EDITED,
	read_devices,	 compare_devices,
	rewrite_devices, record_devices,
	take_devices
};
