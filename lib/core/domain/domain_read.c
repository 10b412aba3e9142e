/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_read.c - what we own of a domain document: identity and CPUs */
#include "domain_xml.h"

#include <errno.h>
#include <limits.h>

void rt_domain_fini(struct rt_domain *domain)
{
	free(domain->name);
	free(domain->title);
	free(domain->description);
	free(domain->vcpupins.items);
	free(domain->iothreadpins.items);
	rt_pci_set_fini(&domain->pcidevs);
	rt_pci_set_fini(&domain->unmanaged);
	rt_pci_set_fini(&domain->netdevs);
	memset(domain, 0, sizeof(*domain));
}

static int read_text(const xmlNode *root, const char *name, char **ret,
		     struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, name, &node, err);

	if (r < 0)
		return r;
	if (node) {
		text = xmlNodeGetContent(node);
		if (!text)
			return rt_fail_memory(err);
	}
	*ret = strdup(text ? (const char *)text : "");
	return *ret ? 0 : rt_fail_memory(err);
}

/* As libvirt takes it: hyphens and blanks anywhere between the digits. */
static bool parse_uuid(const char *text, char ret_uuid[RT_UUID_LEN + 1])
{
	char plain[RT_UUID_LEN + 1];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		if (n == RT_UUID_LEN)
			return false;
		if (n == 8 || n == 13 || n == 18 || n == 23)
			plain[n++] = '-';
		plain[n++] = *text;
	}
	plain[n] = '\0';
	return rt_uuid_parse(plain, ret_uuid);
}

static int read_uuid(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, "uuid", &node, err);

	if (r == 0 && node)
		r = rt_xml_content(node, &text, err);
	if (r < 0 || !node)
		return r;
	if (!parse_uuid((const char *)text, domain->uuid))
		return rt_xml_fail(err, node, "'%s' is not a UUID",
				   rt_cut_text((const char *)text).text);
	return 0;
}

static int read_identity(const xmlNode *root, struct rt_domain *domain,
			 struct rt_err *err)
{
	int r = read_text(root, "name", &domain->name, err);

	if (r == 0)
		r = read_text(root, "title", &domain->title, err);
	if (r == 0)
		r = read_text(root, "description", &domain->description, err);
	if (r == 0)
		r = read_uuid(root, domain, err);
	return r;
}

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
	r = rt_xml_attr_is(node, "placement", "auto", &domain->placement_auto,
			   err);
	if (r == 0)
		r = rt_xml_number(node, "current", false, RT_CPUS_MAX,
				  &domain->vcpus_current, err);
	if (r < 0)
		return r;
	if (!domain->vcpus_current || domain->vcpus_current > domain->vcpus)
		return rt_xml_fail(err, node, "current='%u' of %u vCPUs",
				   domain->vcpus_current, domain->vcpus);
	/* libvirt asks numad, and does not look at the attribute. */
	if (domain->placement_auto)
		return 0;
	return rt_xml_set(node, "cpuset", &domain->has_cpuset, &domain->cpuset,
			  err);
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
			return rt_xml_fail(err, node,
					   "vCPU %u for the second "
					   "time",
					   id);
		rt_cpuset_add(&seen, id);
		running += on;
	}
	domain->vcpus_current = running;
	return 0;
}

static int read_iothreads(const xmlNode *root, struct rt_domain *domain,
			  struct rt_err *err)
{
	unsigned long long count = 0;
	xmlNode *node = NULL, *ids = NULL;
	unsigned next = 1;
	int r = rt_xml_only_child(root, "iothreads", &node, err);

	if (r == 0 && node)
		r = rt_xml_content_number(node, RT_CPUS_MAX / 2, &count, err);
	if (r == 0)
		r = rt_xml_only_child(root, "iothreadids", &ids, err);
	if (r < 0)
		return r;
	RT_XML_FOREACH(one, ids, "iothread")
	{
		unsigned id = 0;

		r = rt_xml_need_number(one, "id", RT_CPUS_MAX - 1, &id, err);
		if (r < 0)
			return r;
		if (id == 0 || rt_cpuset_has(&domain->iothreads, id))
			return rt_xml_fail(err, one,
					   "iothread id %u is 0 or not unique",
					   id);
		rt_cpuset_add(&domain->iothreads, id);
	}
	/* Those without an id get the lowest free ones. */
	for (unsigned have = rt_cpuset_count(&domain->iothreads);
	     have < count && next < RT_CPUS_MAX; next++) {
		if (rt_cpuset_has(&domain->iothreads, next))
			continue;
		rt_cpuset_add(&domain->iothreads, next);
		have++;
	}
	return 0;
}

static int add_pin(struct rt_domain_pins *pins, unsigned id,
		   const struct rt_cpuset *cpus, struct rt_err *err)
{
	if (!rt_grow(&pins->items, pins->n, &pins->size, sizeof(*pins->items)))
		return rt_fail_memory(err);
	pins->items[pins->n].id = id;
	pins->items[pins->n++].cpus = *cpus;
	return 0;
}

static int read_pins(const xmlNode *tune, const char *name, const char *what,
		     const struct rt_cpuset *exist, bool *ret_stale,
		     struct rt_domain_pins *pins, struct rt_err *err)
{
	struct rt_cpuset seen = { 0 }, cpus;

	RT_XML_FOREACH(node, tune, name)
	{
		unsigned id = 0;
		int r = rt_xml_need_number(node, what, UINT_MAX, &id, err);

		if (r < 0)
			return r;
		if (!rt_cpuset_has(exist, id)) {
			*ret_stale = true;
			continue;
		}
		if (rt_cpuset_has(&seen, id))
			return rt_xml_fail(err, node,
					   "%s %u is pinned for the second "
					   "time",
					   what, id);
		rt_cpuset_add(&seen, id);
		r = rt_xml_need_set(node, "cpuset", &cpus, err);
		if (r == 0)
			r = add_pin(pins, id, &cpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_tune(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	struct rt_cpuset vcpus = { 0 };
	bool stale_iothreads = false;
	xmlNode *tune = NULL, *emulator = NULL;
	int r = rt_xml_only_child(root, "cputune", &tune, err);

	if (r < 0 || !tune)
		return r;
	rt_cpuset_add_range(&vcpus, 0, domain->vcpus - 1);
	r = read_pins(tune, "vcpupin", "vcpu", &vcpus, &domain->stale_vcpupins,
		      &domain->vcpupins, err);
	if (r == 0)
		r = read_pins(tune, "iothreadpin", "iothread",
			      &domain->iothreads, &stale_iothreads,
			      &domain->iothreadpins, err);
	if (r == 0 && stale_iothreads)
		r = rt_xml_fail(err, tune,
				"an iothreadpin for an iothread that does not "
				"exist");
	if (r == 0)
		r = rt_xml_only_child(tune, "emulatorpin", &emulator, err);
	if (r < 0 || !emulator)
		return r;
	domain->has_emulatorpin = true;
	return rt_xml_need_set(emulator, "cpuset", &domain->emulatorpin, err);
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

int rt_domain_parse(const char *text, size_t len, struct rt_domain *ret_domain,
		    struct rt_err *err)
{
	/* vCPUs and iothreads go before what counts them. */
	static int (*const readers[])(const xmlNode *, struct rt_domain *,
				      struct rt_err *) = {
		read_identity,
		read_vcpu,
		read_vcpu_states,
		read_iothreads,
		read_tune,
		read_topology,
		rt_domain_read_size,
		rt_domain_read_backing,
		rt_domain_read_nodes,
		rt_domain_read_hidden,
		rt_domain_read_devices,
	};
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	struct rt_domain domain = { 0 };
	int r = rt_xml_parse(text, len, &doc, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(readers) / sizeof(readers[0]);
	     i++)
		r = readers[i](xmlDocGetRootElement(doc), &domain, err);
	if (r < 0) {
		rt_domain_fini(&domain);
		return r;
	}
	*ret_domain = domain;
	return 0;
}
