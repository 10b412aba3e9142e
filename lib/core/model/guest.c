/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest.c - one guest's section resolved on a host */
#include "guest.h"

#include <errno.h>

struct resolver {
	const struct rt_config *config;
	const struct rt_section *section;
	const struct rt_topo *topo;
	struct rt_report *report;
};

static struct rt_where where(const struct resolver *resolver, enum rt_key key)
{
	const struct rt_section *section = resolver->section;

	return (struct rt_where){
		.file = resolver->config->file,
		.line = section->lines[key] ? section->lines[key] :
					      section->line,
		.guest = *section->name ? section->name : section->uuid,
	};
}

static int copy_texts(const struct rt_section *section, struct rt_guest *guest,
		      struct rt_err *err)
{
	int r = 0;

	memcpy(guest->uuid, section->uuid, sizeof(guest->uuid));
	guest->name = strdup(section->name);
	guest->title = strdup(section->title);
	guest->description = strdup(section->description);
	if (!guest->name || !guest->title || !guest->description)
		return rt_fail_memory(err);
	for (size_t i = 0; i < section->pcidevs.n && r == 0; i++)
		r = rt_pci_set_add(&guest->pcidevs, &section->pcidevs.items[i],
				   err);
	return r;
}

/* False when it could not be read; then reported. */
static bool resolve_cpuset(const struct resolver *resolver,
			   struct rt_guest *guest)
{
	struct rt_err err;

	if (rt_topo_parse_cpuset(resolver->topo, resolver->section->cpuset,
				 &guest->cpuset, &err) == 0)
		return true;
	rt_report_add(resolver->report, RT_ERROR, "bad-cpuset",
		      where(resolver, RT_KEY_CPUSET),
		      "'kvmrt-show-config -v' lists the host's CPUs and nodes",
		      "cpuset: %s", err.text);
	return false;
}

/*
 * For each core that has a named CPU: all its threads are owned, and all but
 * the lowest named are used by nobody: they go offline, or stay idle.
 */
static void take_cores(const struct rt_topo *topo, bool idle,
		       struct rt_guest *guest)
{
	struct rt_cpuset unused = { 0 };

	guest->owned = guest->cpuset;
	for (size_t i = 0; i < topo->cores.n; i++) {
		const struct rt_cpuset *core = &topo->cores.items[i].cpus;
		struct rt_cpuset others, named;

		if (!rt_cpuset_intersects(core, &guest->cpuset))
			continue;
		rt_cpuset_or(&guest->owned, core);
		others = named = *core;
		rt_cpuset_and(&named, &guest->cpuset);
		rt_cpuset_remove(&others, (unsigned)rt_cpuset_first(&named));
		rt_cpuset_or(&unused, &others);
	}
	rt_cpuset_minus(&guest->usable, &unused);
	if (!idle)
		guest->offline = unused;
}

struct rt_cpuset rt_guest_idle(const struct rt_guest *guest)
{
	struct rt_cpuset idle = guest->owned;

	rt_cpuset_minus(&idle, &guest->usable);
	rt_cpuset_minus(&idle, &guest->offline);
	return idle;
}

static void resolve_count(const struct resolver *resolver, bool known,
			  struct rt_guest *guest)
{
	const unsigned usable = rt_cpuset_count(&guest->usable);

	guest->nr_vcpus = resolver->section->nr_vcpus;
	if (guest->nr_vcpus)
		return;
	guest->nr_vcpus = usable > 1 ? usable - 1 : 1;
	if (usable > 1 || !known)
		return;
	rt_report_add(
		resolver->report, RT_ERROR, "too-few-cpus",
		where(resolver, RT_KEY_NR_VCPUS),
		"name more CPUs in cpuset, or set nr_vcpus to a number",
		"nr_vcpus = auto needs two usable CPUs or more in cpuset, "
		"which has %u",
		usable);
}

void rt_guest_deal(struct rt_guest *guest, unsigned nr_vcpus)
{
	unsigned dealt = 0;

	guest->nr_vcpus = nr_vcpus;
	guest->vcpus = (struct rt_cpuset){ 0 };
	guest->service = guest->usable;
	guest->irq_cpu = -1;
	if (!guest->rt)
		return;
	RT_CPUSET_FOREACH(cpu, &guest->usable)
	{
		if (dealt++ == guest->nr_vcpus)
			break;
		rt_cpuset_add(&guest->vcpus, (unsigned)cpu);
	}
	rt_cpuset_minus(&guest->service, &guest->vcpus);
	guest->irq_cpu = rt_cpuset_last(&guest->service);
}

static void resolve_topology(const struct rt_section *section,
			     struct rt_guest *guest)
{
	guest->sockets = section->topology_auto ? 1 : section->sockets;
	guest->cores =
		section->topology_auto ? guest->nr_vcpus : section->cores;
	guest->threads = section->topology_auto ? 1 : section->threads;
}

static void resolve_nodes(const struct resolver *resolver,
			  struct rt_guest *guest)
{
	const struct rt_topo_level *nodes = &resolver->topo->nodes;
	struct rt_cpuset missing = { 0 };

	switch (resolver->section->numatune) {
	case RT_AUTO:
		guest->nodes = rt_topo_memory(resolver->topo, &guest->cpuset);
		return;
	case RT_NO:
		return;
	case RT_YES:
		guest->nodes = resolver->section->nodes;
		break;
	}
	RT_CPUSET_FOREACH(node, &resolver->section->nodes)
	{
		if (!rt_topo_find(nodes, (unsigned)node))
			rt_cpuset_add(&missing, (unsigned)node);
	}
	if (rt_cpuset_is_empty(&missing))
		return;
	rt_cpuset_minus(&guest->nodes, &missing);
	rt_report_add(resolver->report, RT_ERROR, "bad-numatune",
		      where(resolver, RT_KEY_NUMATUNE),
		      "name nodes that 'lscpu' shows, or write auto",
		      "numatune: the host has no NUMA node %s",
		      rt_cpuset_text(&missing).text);
}

int rt_guest_resolve(const struct rt_config *config,
		     const struct rt_section *section,
		     const struct rt_topo *topo, struct rt_guest *ret_guest,
		     struct rt_report *report, struct rt_err *err)
{
	const struct resolver resolver = { config, section, topo, report };
	struct rt_guest guest = {
		.section = section,
		.rt = section->rt,
		.disabled = section->disabled,
		.hide_kvm = section->hide_kvm,
		.locked = section->rt_memory == RT_YES ||
			  (section->rt_memory == RT_AUTO && section->rt),
		.suppress = section->rt ? section->suppress : 0,
		.vcpu_fifo = section->rt ? section->vcpu_fifo : 0,
	};
	bool known;
	int r = copy_texts(section, &guest, err);

	if (r < 0) {
		rt_guest_fini(&guest);
		return r;
	}
	known = resolve_cpuset(&resolver, &guest);
	guest.usable = guest.cpuset;
	if (guest.rt)
		take_cores(topo, section->smt_idle, &guest);
	resolve_count(&resolver, known, &guest);
	rt_guest_deal(&guest, guest.nr_vcpus);
	resolve_topology(section, &guest);
	resolve_nodes(&resolver, &guest);
	*ret_guest = guest;
	return 0;
}

void rt_guest_fini(struct rt_guest *guest)
{
	free(guest->name);
	free(guest->title);
	free(guest->description);
	rt_pci_set_fini(&guest->pcidevs);
	memset(guest, 0, sizeof(*guest));
}

int rt_guests_resolve(const struct rt_config *config,
		      const struct rt_topo *topo, struct rt_guests *ret_guests,
		      struct rt_report *report, struct rt_err *err)
{
	struct rt_guests guests = {
		.items = calloc(config->n + 1, sizeof(*guests.items)),
		.size = config->n + 1,
	};
	int r = guests.items ? 0 : rt_fail_memory(err);

	for (size_t i = 0; i < config->n && r == 0; i++) {
		const struct rt_section *section = &config->sections[i];
		struct rt_report ignored = { 0 };

		r = rt_guest_resolve(
			config, section, topo, &guests.items[guests.n],
			section->disabled ? &ignored : report, err);
		rt_report_fini(&ignored);
		if (r == 0)
			guests.n++;
	}
	if (r < 0) {
		rt_guests_fini(&guests);
		return r;
	}
	*ret_guests = guests;
	return 0;
}

void rt_guests_fini(struct rt_guests *guests)
{
	for (size_t i = 0; i < guests->n; i++)
		rt_guest_fini(&guests->items[i]);
	free(guests->items);
	memset(guests, 0, sizeof(*guests));
}

struct rt_guest *rt_guests_find(const struct rt_guests *guests,
				const char *uuid)
{
	for (size_t i = 0; i < guests->n; i++) {
		if (strcmp(guests->items[i].uuid, uuid) == 0)
			return &guests->items[i];
	}
	return NULL;
}
