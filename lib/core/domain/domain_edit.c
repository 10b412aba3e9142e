/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_edit.c - change a document in place, and print it */
#include "domain_xml.h"

#include <libxml/xmlsave.h>

int rt_xml_set_attr(xmlNode *node, const char *name, const char *value,
		    struct rt_err *err)
{
	if (!xmlSetProp(node, BAD_CAST name, BAD_CAST value))
		return rt_fail_memory(err);
	return 0;
}

int rt_xml_set_attr_set(xmlNode *node, const char *name,
			const struct rt_cpuset *set, struct rt_err *err)
{
	const size_t size = rt_cpuset_format_list(set, NULL, 0) + 1;
	RT_AUTO_FREE char *text = malloc(size);

	if (!text)
		return rt_fail_memory(err);
	rt_cpuset_format_list(set, text, size);
	return rt_xml_set_attr(node, name, text, err);
}

/*
 * Link node in front of `before`, or as the last child of parent. libxml2
 * merges texts that become neighbours and frees one; callers put an element
 * between them.
 */
static int link_node(xmlNode *parent, xmlNode *node, xmlNode *before,
		     struct rt_err *err)
{
	xmlNode *linked;

	if (!node)
		return rt_fail_memory(err);
	linked = before ? xmlAddPrevSibling(before, node) :
			  xmlAddChild(parent, node);
	if (linked)
		return 0;
	xmlFreeNode(node);
	return rt_fail_memory(err);
}

static void drop(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static bool is_text(const xmlNode *node)
{
	return node->type == XML_TEXT_NODE ||
	       node->type == XML_CDATA_SECTION_NODE ||
	       node->type == XML_ENTITY_REF_NODE;
}

int rt_xml_set_content(xmlNode *node, const char *text, struct rt_err *err)
{
	for (xmlNode *child = node->children, *next; child; child = next) {
		next = child->next;
		if (is_text(child))
			drop(child);
	}
	return link_node(node, xmlNewDocText(node->doc, BAD_CAST text),
			 node->children, err);
}

static bool is_white(const xmlNode *node)
{
	return node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* The white space from the line's start to the node; NULL: not at a start. */
static const char *indent_of(const xmlNode *node)
{
	const char *text;

	if (!is_white(node->prev))
		return NULL;
	text = strrchr((const char *)node->prev->content, '\n');
	return text;
}

/* What a first child of parent is indented with; "" when nothing is. */
static int child_indent(const xmlNode *parent, char **ret, struct rt_err *err)
{
	const char *own = indent_of(parent);
	const char *above = parent->parent ? indent_of(parent->parent) : NULL;
	RT_AUTO_STRBUF buf = { 0 };

	if (own || !parent->parent ||
	    parent->parent->type == XML_DOCUMENT_NODE) {
		size_t own_len = own ? strlen(own) : 0;
		size_t above_len = above ? strlen(above) : 1;

		rt_strbuf_adds(&buf, own ? own : "\n");
		if (own && own_len > above_len)
			rt_strbuf_adds(&buf, own + above_len);
		else
			rt_strbuf_adds(&buf, "  ");
	}
	return rt_strbuf_take(&buf, ret, err);
}

static int add_space(xmlNode *parent, const char *text, xmlNode *before,
		     struct rt_err *err)
{
	if (!text || !*text)
		return 0;
	return link_node(parent, xmlNewDocText(parent->doc, BAD_CAST text),
			 before, err);
}

/* Into a parent that has no element yet. */
static int add_first(xmlNode *parent, xmlNode *node, struct rt_err *err)
{
	RT_AUTO_FREE char *indent = NULL;
	xmlNode *tail = is_white(parent->last) ? parent->last : NULL;
	int r = link_node(parent, node, tail, err);

	if (r == 0)
		r = child_indent(parent, &indent, err);
	if (r == 0 && (!node->prev || !is_text(node->prev)))
		r = add_space(parent, indent, node, err);
	if (r == 0 && !tail && *indent) {
		const char *own = indent_of(parent);

		r = add_space(parent, own ? own : "\n", NULL, err);
	}
	return r;
}

/* A comment on the same line belongs to what stands before it. */
static xmlNode *line_end(xmlNode *node)
{
	for (;;) {
		xmlNode *next = node->next;

		if (is_white(next) &&
		    !strchr((const char *)next->content, '\n'))
			next = next->next;
		if (!next || next->type != XML_COMMENT_NODE)
			return node;
		node = next;
	}
}

static int add_after(xmlNode *node, xmlNode *after, struct rt_err *err)
{
	const char *indent = indent_of(after);
	xmlNode *at = line_end(after);
	int r = link_node(after->parent, node, at->next, err);

	if (r == 0 && indent)
		r = add_space(node->parent, indent, node, err);
	return r;
}

static int add_before(xmlNode *node, xmlNode *before, struct rt_err *err)
{
	const char *indent = indent_of(before);
	int r = link_node(before->parent, node, before, err);

	if (r == 0 && indent)
		r = add_space(node->parent, indent, before, err);
	return r;
}

static int rank_of(const char *name, const char *const order[])
{
	for (int i = 0; order[i]; i++) {
		if (strcmp(name, order[i]) == 0)
			return i;
	}
	return -1;
}

/* The child that a new one of that rank follows, NULL: none. */
static xmlNode *predecessor(xmlNode *parent, const char *name,
			    const char *const order[])
{
	const int rank = order ? rank_of(name, order) : -1;
	xmlNode *best = NULL;
	int best_rank = -1;

	for (xmlNode *child = parent->children; child; child = child->next) {
		int r;

		if (child->type != XML_ELEMENT_NODE)
			continue;
		if (!order) {
			best = child;
			continue;
		}
		r = child->ns ? -1 : rank_of((const char *)child->name, order);
		if (r <= rank && r >= best_rank && r >= 0) {
			best = child;
			best_rank = r;
		}
	}
	return best;
}

int rt_xml_add(xmlNode *parent, const char *name, const char *const order[],
	       xmlNode **ret_node, struct rt_err *err)
{
	xmlNode *after = predecessor(parent, name, order);
	xmlNode *first = xmlFirstElementChild(parent);
	xmlNode *node = xmlNewDocNode(parent->doc, NULL, BAD_CAST name, NULL);
	int r;

	if (!node)
		return rt_fail_memory(err);
	if (after)
		r = add_after(node, after, err);
	else if (first)
		r = add_before(node, first, err);
	else
		r = add_first(parent, node, err);
	if (r == 0)
		*ret_node = node;
	return r;
}

int rt_xml_get(xmlNode *parent, const char *name, const char *const order[],
	       xmlNode **ret_node, struct rt_err *err)
{
	xmlNode *node = rt_xml_child(parent, name);

	if (!node)
		return rt_xml_add(parent, name, order, ret_node, err);
	*ret_node = node;
	return 0;
}

void rt_xml_remove(xmlNode *node)
{
	xmlNode *prev = node->prev;

	if (is_white(prev) && (!node->next || is_text(node->next)))
		drop(prev);
	drop(node);
}

void rt_xml_prune(xmlNode *node)
{
	if (!node || node->properties)
		return;
	for (const xmlNode *child = node->children; child;
	     child = child->next) {
		if (!is_white(child))
			return;
	}
	rt_xml_remove(node);
}

int rt_xml_print(xmlDoc *doc, bool declaration, char **ret_text,
		 struct rt_err *err)
{
	xmlBuffer *buffer = xmlBufferCreate();
	RT_AUTO_STRBUF out = { 0 };
	xmlSaveCtxt *save;
	bool good = false;

	if (!buffer)
		return rt_fail_memory(err);
	save = xmlSaveToBuffer(buffer, "UTF-8",
			       declaration ? 0 : XML_SAVE_NO_DECL);
	if (save) {
		good = xmlSaveDoc(save, doc) >= 0;
		good = xmlSaveClose(save) >= 0 && good;
	}
	if (good)
		rt_strbuf_add(&out, (const char *)xmlBufferContent(buffer),
			      (size_t)xmlBufferLength(buffer));
	xmlBufferFree(buffer);
	if (!good)
		return rt_fail_memory(err);
	return rt_strbuf_take(&out, ret_text, err);
}
