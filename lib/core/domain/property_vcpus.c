/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_vcpus.c - the vCPU count and their topology */
#include "property.h"

#include <limits.h>

static int read_vcpu(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	unsigned long long count = 1;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, "vcpu", &node, err);

	if (r == 0 && node)
		r = rt_xml_content_number(node, RT_CPUS_MAX, &count, err);
	if (r < 0)
		return r;
	if (count == 0)
		return rt_xml_fail(err, node, "a guest cannot have 0 vCPUs");
	domain->vcpus = domain->vcpus_current = (unsigned)count;
	if (!node)
		return 0;
	r = rt_xml_number(node, "current", false, RT_CPUS_MAX,
			  &domain->vcpus_current, err);
	if (r < 0)
		return r;
	if (!domain->vcpus_current || domain->vcpus_current > domain->vcpus)
		return rt_xml_fail(err, node, "current='%u' of %u vCPUs",
				   domain->vcpus_current, domain->vcpus);
	return 0;
}

/* The single states, where they are given, rule over `current`. */
static int read_vcpu_states(const xmlNode *root, struct rt_domain *domain,
			    struct rt_err *err)
{
	struct rt_cpuset seen = { 0 };
	unsigned running = 0;
	xmlNode *list = NULL;
	int r = rt_xml_only_child(root, "vcpus", &list, err);

	if (r < 0 || !rt_xml_child(list, "vcpu"))
		return r;
	RT_XML_FOREACH(node, list, "vcpu")
	{
		unsigned id = 0;
		bool on = false;

		r = rt_xml_need_number(node, "id", UINT_MAX, &id, err);
		if (r == 0)
			r = rt_xml_attr_is(node, "enabled", "yes", &on, err);
		if (r < 0)
			return r;
		if (id >= domain->vcpus)
			return rt_xml_fail(err, node,
					   "vCPU %u of %u does not exist", id,
					   domain->vcpus);
		if (rt_cpuset_has(&seen, id))
			return rt_xml_fail(err, node, "vCPU %u is there twice",
					   id);
		rt_cpuset_add(&seen, id);
		running += on;
	}
	domain->vcpus_current = running;
	return 0;
}

static int read_vcpus(const xmlNode *root, struct rt_domain *domain,
		      struct rt_err *err)
{
	int r = read_vcpu(root, domain, err);

	return r < 0 ? r : read_vcpu_states(root, domain, err);
}

static void compare_vcpus(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const unsigned want = c->guest->nr_vcpus;

	if (domain->vcpus != want)
		rt_differ(c, RT_DIFF_VCPUS,
			  "vCPUs: the definition has %u, kvmrt.cfg wants %u",
			  domain->vcpus, want);
	else if (c->guest->rt && domain->vcpus_current != want)
		rt_differ(c, RT_DIFF_VCPUS,
			  "vCPUs: the definition starts with %u of its %u, a "
			  "real-time guest starts with all",
			  domain->vcpus_current, want);
}

/* libvirt refuses NUMA cells that name vCPUs which the guest does not have. */
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
		return rt_xml_fail(
			err, cell,
			"it holds vCPUs %s, but the guest is to have only %u "
			"vCPUs; kvmrt does not distribute vCPUs among guest "
			"NUMA cells: change <cpu><numa> with 'virsh edit'",
			rt_cpuset_text(&cpus).text, w->guest->nr_vcpus);
	}
	return 0;
}

/*
 * They are for statistics only; shortened, two of them could become the same.
 */
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

static int rewrite_vcpus(struct rt_rewriting *w, struct rt_err *err)
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

static void record_vcpus(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_number(json, "vcpus", domain->vcpus);
}

static int read_topology(const xmlNode *root, struct rt_domain *domain,
			 struct rt_err *err)
{
	const struct {
		const char *name;
		unsigned *value;
		bool needed;
	} parts[] = {
		{ "sockets", &domain->sockets, true },
		{ "dies", &domain->dies, false },
		{ "clusters", &domain->clusters, false },
		{ "cores", &domain->cores, true },
		{ "threads", &domain->threads, true },
	};
	xmlNode *cpu = NULL, *node = NULL;
	int r = rt_xml_only_child(root, "cpu", &cpu, err);

	if (r == 0)
		r = rt_xml_only_child(cpu, "topology", &node, err);
	if (r < 0 || !node)
		return r;
	domain->has_topology = true;
	domain->dies = domain->clusters = 1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = parts[i].needed ?
			    rt_xml_need_number(node, parts[i].name, UINT_MAX,
					       parts[i].value, err) :
			    rt_xml_number(node, parts[i].name, false, UINT_MAX,
					  parts[i].value, err);
		if (r < 0)
			return r;
		if (*parts[i].value == 0)
			return rt_xml_fail(err, node, "%s cannot be 0",
					   parts[i].name);
	}
	return 0;
}

/*
 * What the guest sees; without <topology> libvirt gives it one socket for each
 * vCPU.
 */
struct seen {
	unsigned sockets, cores, threads;
	bool has_more; /* dies or clusters, which kvmrt.cfg has no words for */
};

static struct seen seen_by_guest(const struct rt_domain *d, unsigned vcpus)
{
	if (!d->has_topology)
		return (struct seen){ vcpus, 1, 1, false };
	return (struct seen){ d->sockets, d->cores, d->threads,
			      d->dies > 1 || d->clusters > 1 };
}

static struct seen wanted(const struct rt_guest *guest)
{
	if (!guest->section || guest->section->topology_auto)
		return (struct seen){ 1, guest->nr_vcpus, 1, false };
	return (struct seen){ guest->sockets, guest->cores, guest->threads,
			      false };
}

static bool is_product(const struct rt_domain *domain, unsigned nr_vcpus)
{
	const unsigned parts[] = { domain->sockets, domain->dies,
				   domain->clusters, domain->cores,
				   domain->threads };
	unsigned long long product = 1;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		product *= parts[i];
		if (product > RT_CPUS_MAX)
			return false;
	}
	return product == nr_vcpus;
}

static bool topology_fits(const struct rt_domain *domain,
			  const struct rt_guest *guest)
{
	const struct seen seen = seen_by_guest(domain, guest->nr_vcpus),
			  want = wanted(guest);
	const bool any = !guest->section ||
			 (seen.has_more && guest->section->topology_auto);

	if (any)
		return !domain->has_topology ||
		       is_product(domain, guest->nr_vcpus);
	return !seen.has_more && seen.sockets == want.sockets &&
	       seen.cores == want.cores && seen.threads == want.threads;
}

static void compare_topology(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_guest *guest = c->guest;
	const struct seen seen = seen_by_guest(domain, guest->nr_vcpus),
			  want = wanted(guest);
	char has[96], wants[48];

	if (topology_fits(domain, guest))
		return;
	snprintf(has, sizeof(has), "%u,%u,%u%s", seen.sockets, seen.cores,
		 seen.threads, domain->has_topology ? "" : " (by default)");
	if (seen.has_more)
		snprintf(has + strlen(has), sizeof(has) - strlen(has),
			 " with %u dies and %u clusters", domain->dies,
			 domain->clusters);
	snprintf(wants, sizeof(wants), "%u,%u,%u%s", want.sockets, want.cores,
		 want.threads,
		 guest->section && guest->section->topology_auto ? " (auto)" :
								   "");
	if (guest->section)
		rt_differ(c, RT_DIFF_TOPOLOGY,
			  "CPU topology: the definition has %s, kvmrt.cfg "
			  "wants %s",
			  has, wants);
	else
		rt_differ(
			c, RT_DIFF_TOPOLOGY,
			"CPU topology: the definition has %s, which is not %u "
			"vCPUs",
			has, guest->nr_vcpus);
}

static int rewrite_topology(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "model", "vendor", "topology",
					     NULL };
	const struct seen want = wanted(w->guest);
	const struct {
		const char *name;
		unsigned value;
		bool needed;
	} parts[] = {
		{ "sockets", want.sockets, true },
		{ "dies", 1, false },
		{ "clusters", 1, false },
		{ "cores", want.cores, true },
		{ "threads", want.threads, true },
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
			r = rt_rewrite_number(node, parts[i].name,
					      parts[i].value, err);
	}
	return r;
}

static void record_topology(struct rt_json *json,
			    const struct rt_domain *domain)
{
	rt_json_key_bool(json, "has_topology", domain->has_topology);
	rt_json_key_number(json, "sockets", domain->sockets);
	rt_json_key_number(json, "dies", domain->dies);
	rt_json_key_number(json, "clusters", domain->clusters);
	rt_json_key_number(json, "cores", domain->cores);
	rt_json_key_number(json, "threads", domain->threads);
}

static int take_topology(struct rt_taking *t)
{
	const struct rt_domain *d = t->domain;
	const struct rt_section *section = t->guest->section;
	const struct seen seen = seen_by_guest(d, d->vcpus);
	char text[64] = "auto";

	if (!seen.has_more &&
	    seen.sockets * seen.cores * seen.threads == d->vcpus)
		snprintf(text, sizeof(text), "%u,%u,%u", seen.sockets,
			 seen.cores, seen.threads);
	/* `auto` stands where it says the same. */
	if (section && section->topology_auto &&
	    (strcmp(text, "auto") == 0 ||
	     (seen.sockets == 1 && seen.threads == 1)))
		return 0;
	return rt_take(t, RT_KEY_CPU_TOPOLOGY, text);
}

const struct rt_property rt_property_topology = {
	RT_DIFF_TOPOLOGY, RT_ABI | RT_GRAVE | RT_EDITED,
	read_topology,	  compare_topology,
	rewrite_topology, record_topology,
	take_topology
};

/* An explicit topology follows the count. */
static int take_vcpus(struct rt_taking *t)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%u", t->domain->vcpus);
	r = rt_take(t, RT_KEY_NR_VCPUS, text);
	return r < 0 ? r : take_topology(t);
}

const struct rt_property rt_property_vcpus = {
	RT_DIFF_VCPUS, RT_ABI | RT_GRAVE | RT_EDITED,
	read_vcpus,    compare_vcpus,
	rewrite_vcpus, record_vcpus,
	take_vcpus
};
