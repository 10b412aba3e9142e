/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property.c - the properties, and what is done with each of them */
#include "property.h"

#include <stdarg.h>

#include "core/base/text.h"

const struct rt_property *const rt_properties[] = {
	&rt_property_name,     &rt_property_text,   &rt_property_vcpus,
	&rt_property_topology, &rt_property_hidden, &rt_property_devices,
	&rt_property_cpuset,   &rt_property_pins,   &rt_property_sched,
	&rt_property_memory,   &rt_property_nodes,  NULL,
};

const struct rt_property *rt_property_of(enum rt_difference_kind kind)
{
	const struct rt_property *const *p = rt_properties;

	while (p[1] && (*p)->kind != kind)
		p++;
	return *p;
}

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

int rt_domain_parse(const char *text, size_t len, struct rt_domain *ret_domain,
		    struct rt_err *err)
{
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	struct rt_domain domain = { 0 };
	int r = rt_xml_parse(text, len, &doc, err);

	if (r < 0)
		return r;
	RT_FOREACH_PROPERTY(p)
	{
		if (r == 0)
			r = (*p)->read(xmlDocGetRootElement(doc), &domain, err);
	}
	if (r < 0) {
		rt_domain_fini(&domain);
		return r;
	}
	*ret_domain = domain;
	return 0;
}

void rt_differences_fini(struct rt_differences *differences)
{
	for (size_t i = 0; i < differences->n; i++)
		free(differences->items[i].what);
	free(differences->items);
	memset(differences, 0, sizeof(*differences));
}

void rt_differ(struct rt_comparing *c, enum rt_difference_kind kind,
	       const char *fmt, ...)
{
	struct rt_differences *found = c->found;
	RT_AUTO_STRBUF buf = { 0 };
	struct rt_err ignored;
	char *what;
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(&buf, fmt, args);
	va_end(args);
	if (!rt_grow(&found->items, found->n, &found->size,
		     sizeof(*found->items)) ||
	    rt_strbuf_take(&buf, &what, &ignored) < 0) {
		c->failed = true;
		return;
	}
	found->items[found->n].kind = kind;
	found->items[found->n++].what = what;
}

/*
 * A guest that could not be resolved completely must not be written anywhere.
 */
static int check_guest(const struct rt_domain *domain,
		       const struct rt_guest *guest, struct rt_err *err)
{
	if (*domain->uuid && *guest->uuid &&
	    strcmp(domain->uuid, guest->uuid) != 0)
		return rt_fail(err, 0,
			       "the definition is of another guest, UUID %s "
			       "instead of %s",
			       domain->uuid, guest->uuid);
	if (!guest->nr_vcpus || guest->nr_vcpus > RT_CPUS_MAX)
		return rt_fail(err, 0, "nr_vcpus cannot be worked out");
	if (!rt_cpuset_is_empty(&guest->cpuset) &&
	    rt_cpuset_is_empty(&guest->usable))
		return rt_fail(err, 0, "cpuset %s has no usable CPU",
			       rt_cpuset_text(&guest->cpuset).text);
	if (!guest->rt)
		return 0;
	if (rt_cpuset_count(&guest->vcpus) != guest->nr_vcpus ||
	    rt_cpuset_is_empty(&guest->service) ||
	    rt_cpuset_is_empty(&guest->usable))
		return rt_fail(err, 0,
			       "its usable CPUs '%s' are too few for %s "
			       "and one service CPU",
			       rt_cpuset_text(&guest->usable).text,
			       rt_count(guest->nr_vcpus, "vCPU").text);
	return 0;
}

int rt_domain_compare(const struct rt_domain *domain,
		      const struct rt_guest *guest,
		      struct rt_differences *ret_differences,
		      struct rt_err *err)
{
	struct rt_differences found = { 0 };
	struct rt_comparing c = { domain, guest, &found, false };
	int r = check_guest(domain, guest, err);

	if (r < 0)
		return r;
	RT_FOREACH_PROPERTY(p)
	(*p)->compare(&c);
	if (c.failed) {
		rt_differences_fini(&found);
		return rt_fail_memory(err);
	}
	*ret_differences = found;
	return 0;
}

bool rt_difference_is_abi(enum rt_difference_kind kind)
{
	return rt_property_of(kind)->flags & RT_ABI;
}

bool rt_difference_is_mendable(enum rt_difference_kind kind)
{
	return rt_property_of(kind)->flags & RT_MENDABLE;
}

bool rt_difference_is_grave(enum rt_difference_kind kind)
{
	return rt_property_of(kind)->flags & RT_GRAVE;
}
