/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_tree.h - a domain document without what is ours, to compare
 *
 * rt_domain_rewrite() may change what is_ours() names; everything else has to
 * come out as it went in, in the same order.
 */
#ifndef RT_TEST_DOMAIN_TREE_H
#define RT_TEST_DOMAIN_TREE_H

#include <stdlib.h>

#include "core/domain/domain_xml.h"

/* What the rewriting may change; all else is compared. */
static bool is_ours(const xmlNode *node)
{
	static const char *const paths[][2] = {
		{ "domain", "vcpu" },
		{ "domain", "vcpus" },
		{ "domain", "title" },
		{ "domain", "description" },
		{ "domain", "name" },
		{ "cputune", "vcpupin" },
		{ "cputune", "emulatorpin" },
		{ "cputune", "iothreadpin" },
		{ "cputune", "vcpusched" },
		{ "cputune", "cachetune" },
		{ "cputune", "memorytune" },
		{ "numatune", "memory" },
		{ "numatune", "memnode" },
		{ "memoryBacking", "locked" },
		{ "memoryBacking", "nosharepages" },
		{ "kvm", "hidden" },
		{ "cpu", "topology" },
	};
	struct rt_err err;
	bool pci = false;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (rt_xml_is(node, paths[i][1]) &&
		    rt_xml_is(node->parent, paths[i][0]))
			return true;
	}
	return rt_xml_is(node, "hostdev") &&
	       rt_xml_is_pci_hostdev(node, &pci, &err) == 0 && pci;
}

/* These come and go with what we put into them. */
static bool is_container(const xmlNode *node)
{
	static const char *const names[] = { "cputune",	 "numatune",
					     "devices",	 "memoryBacking",
					     "features", "kvm",
					     "cpu" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (rt_xml_is(node, names[i]))
			return true;
	}
	return false;
}

/* The tree as text, without what is ours and white space alone. */
static void print_tree(const xmlNode *node, struct rt_strbuf *out)
{
	const size_t start = out->len;
	size_t filled;

	if (node->type != XML_ELEMENT_NODE) {
		if (!xmlIsBlankNode(node))
			rt_strbuf_addf(
				out, "[%d %s %s]", (int)node->type,
				node->name ? (const char *)node->name : "",
				node->content ? (const char *)node->content :
						"");
		return;
	}
	if (node->parent->type == XML_ELEMENT_NODE && is_ours(node))
		return;
	rt_strbuf_addf(out, "(%s:%s",
		       node->ns ? (const char *)node->ns->href : "",
		       (const char *)node->name);
	filled = out->len;
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		xmlChar *value =
			xmlNodeListGetString(node->doc, a->children, 1);

		rt_strbuf_addf(out, " %s='%s'", (const char *)a->name,
			       value ? (const char *)value : "");
		xmlFree(value);
	}
	for (const xmlNode *child = node->children; child; child = child->next)
		print_tree(child, out);
	if (out->len == filled && is_container(node)) {
		out->len = start;
		out->text[start] = '\0';
		return;
	}
	rt_strbuf_adds(out, ")");
}

static char *tree_of(const char *text)
{
	struct rt_strbuf buf = { 0 };
	struct rt_err err = { 0 };
	xmlDoc *doc = NULL;
	char *out = NULL;

	if (rt_xml_parse(text, strlen(text), &doc, &err) < 0)
		return NULL;
	rt_strbuf_adds(&buf, "|");
	for (const xmlNode *node = doc->children; node; node = node->next)
		print_tree(node, &buf);
	xmlFreeDoc(doc);
	if (rt_strbuf_take(&buf, &out, &err) < 0)
		abort();
	return out;
}

#endif
