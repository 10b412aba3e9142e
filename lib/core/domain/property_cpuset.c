/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_cpuset.c - the CPUs of the guest as a whole: <vcpu cpuset> */
#include "property.h"

static int read_cpuset(const xmlNode *root, struct rt_domain *domain,
		       struct rt_err *err)
{
	const xmlNode *node = rt_xml_child(root, "vcpu");
	int r;

	if (!node)
		return 0;
	r = rt_xml_attr_is(node, "placement", "auto", &domain->placement_auto,
			   err);
	/* libvirt asks numad, and ignores the attribute. */
	if (r < 0 || domain->placement_auto)
		return r;
	return rt_xml_set(node, "cpuset", &domain->has_cpuset, &domain->cpuset,
			  err);
}

/*
 * Does <vcpu cpuset> say what the guest's does? With the offline siblings or
 * without them is the same.
 */
static bool is_right(const struct rt_domain *domain,
		     const struct rt_guest *guest)
{
	return domain->has_cpuset &&
	       (rt_cpuset_is_equal(&domain->cpuset, &guest->cpuset) ||
		rt_cpuset_is_equal(&domain->cpuset, &guest->usable));
}

static void compare_cpuset(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_cpuset *want = &c->guest->cpuset;
	const struct rt_cpulist list = rt_cpuset_text(&domain->cpuset);
	const char *has = domain->placement_auto ? "placement='auto'" :
			  domain->has_cpuset	 ? list.text :
						   "none";

	if (rt_cpuset_is_empty(want) && domain->has_cpuset)
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "cpuset: the definition has %s, kvmrt.cfg wants none",
			  has);
	else if (!rt_cpuset_is_empty(want) && !is_right(domain, c->guest))
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "cpuset: the definition has %s, kvmrt.cfg wants %s",
			  has, rt_cpuset_text(want).text);
}

/* <vcpu placement cpuset>; `auto` would make libvirt ask numad instead. */
static int place_vcpu(struct rt_rewriting *w, struct rt_err *err)
{
	const struct rt_cpuset *want = &w->guest->cpuset;
	xmlNode *node;
	char text[16];
	int r;

	if (is_right(w->domain, w->guest))
		return 0;
	if (rt_cpuset_is_empty(want)) {
		node = rt_xml_child(w->root, "vcpu");
		if (node && w->domain->has_cpuset)
			xmlUnsetProp(node, BAD_CAST "cpuset");
		return 0;
	}
	node = rt_xml_child(w->root, "vcpu");
	if (!node) {
		snprintf(text, sizeof(text), "%u", rt_rewrite_vcpus(w));
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

static int rewrite_cpuset(struct rt_rewriting *w, struct rt_err *err)
{
	int r = place_vcpu(w, err);

	if (r == 0)
		drop_idle_memory(w);
	return r;
}

static void record_cpuset(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_bool(json, "placement_auto", domain->placement_auto);
	rt_json_key_bool(json, "has_cpuset", domain->has_cpuset);
	rt_json_key_set(json, "cpuset", &domain->cpuset);
}

static int take_cpuset(struct rt_taking *t)
{
	const struct rt_domain *d = t->domain;

	/* Of a real-time guest the pins follow from it: no key for them. */
	if (t->guest->rt &&
	    (!d->has_cpuset ||
	     rt_cpuset_is_equal(&d->cpuset, &t->guest->cpuset) ||
	     rt_cpuset_is_equal(&d->cpuset, &t->guest->usable)))
		return 0;
	return rt_take_set(t, RT_KEY_CPUSET, d->has_cpuset, &d->cpuset);
}

const struct rt_property rt_property_cpuset = {
	RT_DIFF_PLACEMENT, RT_MENDABLE,	  read_cpuset, compare_cpuset,
	rewrite_cpuset,	   record_cpuset, take_cpuset
};
