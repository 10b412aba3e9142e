/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_rewrite_cpu.c - put right vCPUs, their topology and their places */
#include "domain_rewrite.h"

/* As libvirt formats <cputune>, as far as pins go. */
static const char *const tune_order[] = {
	"shares",
	"period",
	"quota",
	"global_period",
	"global_quota",
	"emulator_period",
	"emulator_quota",
	"iothread_period",
	"iothread_quota",
	"vcpupin",
	"emulatorpin",
	"iothreadpin",
	NULL,
};

/* vCPUs of the result. */
static unsigned count_of(const struct rt_rewriting *w)
{
	return w->mode == RT_REWRITE_ALL ? w->guest->nr_vcpus :
					   w->domain->vcpus;
}

static int set_number(xmlNode *node, const char *name, unsigned value,
		      struct rt_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return rt_xml_set_attr(node, name, text, err);
}

/* libvirt refuses vCPUs in a guest's NUMA cells that it has not got. */
static int check_cells(const struct rt_rewriting *w, struct rt_err *err)
{
	const xmlNode *numa =
		rt_xml_child(rt_xml_child(w->root, "cpu"), "numa");

	RT_XML_FOREACH(cell, numa, "cell")
	{
		struct rt_cpuset cpus = { 0 };
		bool has;
		int r = rt_xml_set(cell, "cpus", &has, &cpus, err);

		if (r < 0)
			return r;
		if (rt_cpuset_last(&cpus) < (int)w->guest->nr_vcpus)
			continue;
		return rt_xml_fail(err, cell,
				   "it holds vCPUs %s, which go when there are "
				   "only %u; kvmrt does not deal vCPUs out to "
				   "guest NUMA cells: change <cpu><numa> with "
				   "'virsh edit'",
				   rt_cpuset_text(&cpus).text,
				   w->guest->nr_vcpus);
	}
	return 0;
}

/* Only statistics; cut down, two of them could become the same. */
static int drop_monitors(xmlNode *parent, const struct rt_cpuset *exist,
			 struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(parent, "monitor"); node;
	     node = next) {
		struct rt_cpuset vcpus = { 0 };
		bool has;
		int r = rt_xml_set(node, "vcpus", &has, &vcpus, err);

		next = rt_xml_next(node, "monitor");
		if (r < 0)
			return r;
		if (!rt_cpuset_is_subset(&vcpus, exist))
			rt_xml_remove(node);
	}
	return 0;
}

static int clip(xmlNode *tune, const char *name, const struct rt_cpuset *exist,
		struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, name); node; node = next) {
		struct rt_cpuset vcpus = { 0 };
		bool has;
		int r = rt_xml_set(node, "vcpus", &has, &vcpus, err);

		next = rt_xml_next(node, name);
		if (r == 0)
			r = drop_monitors(node, exist, err);
		if (r < 0)
			return r;
		if (rt_cpuset_is_subset(&vcpus, exist))
			continue;
		rt_cpuset_and(&vcpus, exist);
		if (rt_cpuset_is_empty(&vcpus))
			rt_xml_remove(node);
		else
			r = rt_xml_set_attr_set(node, "vcpus", &vcpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* libvirt refuses parameters of vCPUs that are not there. */
static int clip_tune(const struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const names[] = { "vcpusched", "cachetune",
					     "memorytune" };
	xmlNode *tune = rt_xml_child(w->root, "cputune");
	struct rt_cpuset exist = { 0 };
	int r = 0;

	rt_cpuset_add_range(&exist, 0, w->guest->nr_vcpus - 1);
	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		r = clip(tune, names[i], &exist, err);
	return r;
}

int rt_rewrite_vcpus(struct rt_rewriting *w, struct rt_err *err)
{
	xmlNode *states = rt_xml_child(w->root, "vcpus"), *node;
	char text[16];
	int r = check_cells(w, err);

	if (r == 0)
		r = clip_tune(w, err);
	if (r == 0)
		r = rt_xml_get(w->root, "vcpu", rt_domain_order, &node, err);
	if (r < 0)
		return r;
	/* They name vCPUs one by one; without them all are there at start. */
	if (states)
		rt_xml_remove(states);
	xmlUnsetProp(node, BAD_CAST "current");
	if (w->domain->vcpus == w->guest->nr_vcpus)
		return 0;
	snprintf(text, sizeof(text), "%u", w->guest->nr_vcpus);
	return rt_xml_set_content(node, text, err);
}

int rt_rewrite_topology(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "model", "vendor", "topology",
					     NULL };
	const bool any = !w->guest->section || w->guest->section->topology_auto;
	const struct {
		const char *name;
		unsigned value;
		bool needed;
	} parts[] = {
		{ "sockets", any ? 1 : w->guest->sockets, true },
		{ "dies", 1, false },
		{ "clusters", 1, false },
		{ "cores", any ? w->guest->nr_vcpus : w->guest->cores, true },
		{ "threads", any ? 1 : w->guest->threads, true },
	};
	xmlNode *cpu, *node;
	int r = rt_xml_get(w->root, "cpu", rt_domain_order, &cpu, err);

	if (r == 0)
		r = rt_xml_get(cpu, "topology", order, &node, err);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]);
	     i++) {
		/* An older libvirt does not know dies and clusters. */
		if (parts[i].needed ||
		    xmlHasNsProp(node, BAD_CAST parts[i].name, NULL))
			r = set_number(node, parts[i].name, parts[i].value,
				       err);
	}
	return r;
}

/* <vcpu placement cpuset>; `auto` would make libvirt ask numad instead. */
static int place_vcpu(struct rt_rewriting *w, struct rt_err *err)
{
	const struct rt_cpuset *want = &w->guest->cpuset;
	xmlNode *node;
	char text[16];
	int r;

	if (rt_domain_cpuset_is_right(w->domain, w->guest))
		return 0;
	if (rt_cpuset_is_empty(want)) {
		node = rt_xml_child(w->root, "vcpu");
		if (node && w->domain->has_cpuset)
			xmlUnsetProp(node, BAD_CAST "cpuset");
		return 0;
	}
	node = rt_xml_child(w->root, "vcpu");
	if (!node) {
		snprintf(text, sizeof(text), "%u", count_of(w));
		r = rt_xml_add(w->root, "vcpu", rt_domain_order, &node, err);
		if (r == 0)
			r = rt_xml_set_content(node, text, err);
		if (r < 0)
			return r;
	}
	r = rt_xml_set_attr(node, "placement", "static", err);
	if (r == 0)
		r = rt_xml_set_attr_set(node, "cpuset", want, err);
	return r;
}

/*
 * <numatune><memory> that says neither nodes nor placement means what <vcpu
 * placement='auto'> says, and is refused once that is gone.
 */
static void drop_idle_memory(struct rt_rewriting *w)
{
	xmlNode *tune = rt_xml_child(w->root, "numatune");
	xmlNode *memory = rt_xml_child(tune, "memory");

	if (!memory || !w->domain->placement_auto ||
	    rt_cpuset_is_empty(&w->guest->usable) ||
	    xmlHasNsProp(memory, BAD_CAST "nodeset", NULL) ||
	    xmlHasNsProp(memory, BAD_CAST "placement", NULL))
		return;
	rt_xml_remove(memory);
	rt_xml_prune(tune);
}

static struct rt_cpuset wanted_pin(const struct rt_rewriting *w, bool vcpu,
				   unsigned id)
{
	return vcpu ? rt_domain_vcpu_cpus(w->guest, id) : w->guest->service;
}

/* Pins that are there: right, or gone. Threads with a pin leave *missing. */
static int mend_pins(struct rt_rewriting *w, xmlNode *tune, const char *name,
		     const char *what, struct rt_cpuset *missing,
		     struct rt_err *err)
{
	const bool vcpu = strcmp(what, "vcpu") == 0;
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, name); node; node = next) {
		struct rt_cpuset has = { 0 }, want;
		bool there;
		unsigned id = 0;
		int r = rt_xml_need_number(node, what, ~0u, &id, err);

		next = rt_xml_next(node, name);
		if (r < 0)
			return r;
		if (!rt_cpuset_has(missing, id)) {
			rt_xml_remove(node);
			continue;
		}
		rt_cpuset_remove(missing, id);
		want = wanted_pin(w, vcpu, id);
		r = rt_xml_set(node, "cpuset", &there, &has, err);
		if (r == 0 && !rt_cpuset_is_equal(&has, &want))
			r = rt_xml_set_attr_set(node, "cpuset", &want, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int pin_all(struct rt_rewriting *w, xmlNode *tune, const char *name,
		   const char *what, const struct rt_cpuset *exist,
		   struct rt_err *err)
{
	const bool vcpu = strcmp(what, "vcpu") == 0;
	struct rt_cpuset missing = *exist;
	int r = mend_pins(w, tune, name, what, &missing, err);

	if (r < 0)
		return r;
	RT_CPUSET_FOREACH(id, &missing)
	{
		const struct rt_cpuset cpus = wanted_pin(w, vcpu, (unsigned)id);
		xmlNode *node;

		r = rt_xml_add(tune, name, tune_order, &node, err);
		if (r == 0)
			r = set_number(node, what, (unsigned)id, err);
		if (r == 0)
			r = rt_xml_set_attr_set(node, "cpuset", &cpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int place_rt(struct rt_rewriting *w, struct rt_err *err)
{
	struct rt_cpuset vcpus = { 0 };
	xmlNode *tune, *emulator;
	int r = rt_xml_get(w->root, "cputune", rt_domain_order, &tune, err);

	if (r < 0)
		return r;
	rt_cpuset_add_range(&vcpus, 0, count_of(w) - 1);
	r = pin_all(w, tune, "vcpupin", "vcpu", &vcpus, err);
	if (r == 0)
		r = rt_xml_get(tune, "emulatorpin", tune_order, &emulator, err);
	if (r == 0 &&
	    !(w->domain->has_emulatorpin &&
	      rt_cpuset_is_equal(&w->domain->emulatorpin, &w->guest->service)))
		r = rt_xml_set_attr_set(emulator, "cpuset", &w->guest->service,
					err);
	if (r == 0)
		r = pin_all(w, tune, "iothreadpin", "iothread",
			    &w->domain->iothreads, err);
	return r;
}

/*
 * An ordinary guest keeps its own pins, but those that leave the cpuset (when
 * it has one), and those of vCPUs that go.
 */
static int drop_pins(struct rt_rewriting *w, xmlNode *tune, const char *name,
		     struct rt_err *err)
{
	const struct rt_cpuset *cpus = &w->guest->usable;
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, name); node; node = next) {
		struct rt_cpuset has = { 0 };
		bool there, stale;
		unsigned vcpu = 0;
		int r = rt_xml_set(node, "cpuset", &there, &has, err);

		next = rt_xml_next(node, name);
		if (r == 0)
			r = rt_xml_number(node, "vcpu", false, ~0u, &vcpu, err);
		if (r < 0)
			return r;
		stale = vcpu >= count_of(w);
		if (stale || (!rt_cpuset_is_empty(cpus) &&
			      !rt_cpuset_is_subset(&has, cpus)))
			rt_xml_remove(node);
	}
	return 0;
}

int rt_rewrite_placement(struct rt_rewriting *w, struct rt_err *err)
{
	xmlNode *tune;
	int r = place_vcpu(w, err);

	if (r < 0)
		return r;
	drop_idle_memory(w);
	if (w->guest->rt)
		return place_rt(w, err);
	tune = rt_xml_child(w->root, "cputune");
	r = drop_pins(w, tune, "vcpupin", err);
	if (r == 0)
		r = drop_pins(w, tune, "emulatorpin", err);
	if (r == 0)
		r = drop_pins(w, tune, "iothreadpin", err);
	if (r == 0)
		rt_xml_prune(tune);
	return r;
}
