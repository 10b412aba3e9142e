/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_memory.c - locked memory, and the NUMA nodes it comes from */
#include "property.h"

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

static int read_size(const xmlNode *root, struct rt_domain *domain,
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

static int read_backing(const xmlNode *root, struct rt_domain *domain,
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

static int read_memory(const xmlNode *root, struct rt_domain *domain,
		       struct rt_err *err)
{
	int r = read_size(root, domain, err);

	return r < 0 ? r : read_backing(root, domain, err);
}

static void compare_memory(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const bool want = c->guest->locked;

	if (want != domain->locked)
		rt_differ(
			c, RT_DIFF_MEMORY,
			"locked memory: the definition has %s, kvmrt.cfg wants "
			"%s",
			domain->locked ? "yes" : "no", want ? "yes" : "no");
	/* An ordinary guest's own choice stays. */
	if (want && c->guest->rt && !domain->nosharepages)
		rt_differ(c, RT_DIFF_MEMORY,
			  "page sharing: the definition allows it, kvmrt.cfg "
			  "wants locked memory");
}

static int rewrite_memory(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "hugepages", "nosharepages",
					     "locked", NULL };
	xmlNode *backing = rt_xml_child(w->root, "memoryBacking"), *node;
	int r;

	if (!w->guest->locked) {
		for (node = rt_xml_child(backing, "locked"); node;
		     node = rt_xml_child(backing, "locked"))
			rt_xml_remove(node);
		rt_xml_prune(backing);
		return 0;
	}
	r = rt_xml_get(w->root, "memoryBacking", rt_domain_order, &backing,
		       err);
	if (r == 0 && (w->guest->rt || !w->domain->locked))
		r = rt_xml_get(backing, "nosharepages", order, &node, err);
	if (r == 0)
		r = rt_xml_get(backing, "locked", order, &node, err);
	return r;
}

static void record_memory(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_bool(json, "locked", domain->locked);
}

static int take_memory(struct rt_taking *t)
{
	if (t->guest->rt)
		return 0;
	return rt_take(t, RT_KEY_RT_MEMORY,
		       t->domain->locked ? "true" : "false");
}

const struct rt_property rt_property_memory = { RT_DIFF_MEMORY, RT_GRAVE,
						read_memory,	compare_memory,
						rewrite_memory, record_memory,
						take_memory };

static int read_nodes(const xmlNode *root, struct rt_domain *domain,
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

static void compare_nodes(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_guest *guest = c->guest;
	const struct rt_cpuset *want = &guest->nodes;
	char has[256] = "none";

	if (domain->has_nodes)
		snprintf(has, sizeof(has), "%s%s",
			 rt_cpuset_text(&domain->nodes).text,
			 domain->nodes_strict ? "" : ", not strict");
	if (rt_cpuset_is_empty(want)) {
		if (domain->has_nodes && domain->nodes_strict)
			rt_differ(
				c, RT_DIFF_NODES,
				"NUMA nodes: the definition has %s, kvmrt.cfg "
				"wants none",
				has);
		return;
	}
	if (!domain->has_nodes || !domain->nodes_strict ||
	    !rt_cpuset_is_equal(&domain->nodes, want))
		rt_differ(
			c, RT_DIFF_NODES,
			"NUMA nodes: the definition has %s, kvmrt.cfg wants %s",
			has, rt_cpuset_text(want).text);
	if (guest->rt && !rt_cpuset_is_subset(&domain->memnodes, want))
		rt_differ(c, RT_DIFF_NODES,
			  "NUMA nodes: the definition has guest cells on %s, "
			  "kvmrt.cfg wants %s",
			  rt_cpuset_text(&domain->memnodes).text,
			  rt_cpuset_text(want).text);
}

/* 'restrictive' is for both or for none, or libvirt refuses. */
static int rewrite_memnodes(struct rt_rewriting *w, xmlNode *tune,
			    struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, "memnode"); node; node = next) {
		struct rt_cpuset nodes = { 0 };
		bool has, restrictive = false;
		int r = rt_xml_set(node, "nodeset", &has, &nodes, err);

		next = rt_xml_next(node, "memnode");
		if (r == 0)
			r = rt_xml_attr_is(node, "mode", "restrictive",
					   &restrictive, err);
		if (r == 0 && restrictive)
			r = rt_xml_set_attr(node, "mode", "strict", err);
		if (r < 0)
			return r;
		if (w->guest->rt &&
		    !rt_cpuset_is_subset(&nodes, &w->guest->nodes))
			rt_xml_remove(node);
	}
	return 0;
}

static int rewrite_nodes(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "memory", "memnode", NULL };
	xmlNode *tune = rt_xml_child(w->root, "numatune");
	xmlNode *memory = rt_xml_child(tune, "memory");
	int r;

	if (rt_cpuset_is_empty(&w->guest->nodes)) {
		if (memory)
			rt_xml_remove(memory);
		rt_xml_prune(tune);
		return 0;
	}
	r = rt_xml_get(w->root, "numatune", rt_domain_order, &tune, err);
	if (r == 0)
		r = rt_xml_get(tune, "memory", order, &memory, err);
	if (r == 0)
		r = rt_xml_set_attr(memory, "mode", "strict", err);
	if (r == 0 &&
	    !(w->domain->has_nodes &&
	      rt_cpuset_is_equal(&w->domain->nodes, &w->guest->nodes)))
		r = rt_xml_set_attr_set(memory, "nodeset", &w->guest->nodes,
					err);
	if (r < 0)
		return r;
	/* With a nodeset, static is what it is without the attribute. */
	xmlUnsetProp(memory, BAD_CAST "placement");
	return rewrite_memnodes(w, tune, err);
}

static void record_nodes(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_bool(json, "has_nodes", domain->has_nodes);
	rt_json_key_bool(json, "nodes_strict", domain->nodes_strict);
	rt_json_key_set(json, "nodes", &domain->nodes);
}

static int take_nodes(struct rt_taking *t)
{
	const struct rt_domain *d = t->domain;

	return rt_take_set(t, RT_KEY_NUMATUNE, d->has_nodes && d->nodes_strict,
			   &d->nodes);
}

const struct rt_property rt_property_nodes = { RT_DIFF_NODES, RT_MENDABLE,
					       read_nodes,    compare_nodes,
					       rewrite_nodes, record_nodes,
					       take_nodes };
