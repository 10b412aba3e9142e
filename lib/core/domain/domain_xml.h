/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain_xml.h - libxml2 as the domain_*.c files use it
 *
 * Our elements and attributes are in no namespace; what is in one is ignored.
 * None of these calls prints.
 */
#ifndef RT_DOMAIN_XML_H
#define RT_DOMAIN_XML_H

#include "domain.h"

#include <libxml/tree.h>

#include "core/base/text.h"

/* --- domain_scan.c --- */

/*
 * Refuse, before libxml2 sees it, what it would take long or much memory for,
 * or what depends on its version: a text that is too big, holds a NUL byte or
 * is not UTF-8, a DOCTYPE (so no entity is ever declared), elements too deep,
 * a tag with too many attributes.
 */
int rt_domain_scan(const char *text, size_t len, struct rt_err *err);
/* The text begins with <?xml ...?>. */
bool rt_domain_has_declaration(const char *text, size_t len);

/* --- domain_xml.c: reading --- */

/* The document; its root is <domain>. The caller xmlFreeDocs it. */
int rt_xml_parse(const char *text, size_t len, xmlDoc **ret_doc,
		 struct rt_err *err);
void rt_auto_xml_doc(xmlDoc **doc);
#define RT_AUTO_XML_DOC __attribute__((cleanup(rt_auto_xml_doc)))
void rt_auto_xml_char(xmlChar **text);
#define RT_AUTO_XML_CHAR __attribute__((cleanup(rt_auto_xml_char)))

bool rt_xml_is(const xmlNode *node, const char *name);
/* The first child element of that name, or NULL (also when parent is). */
xmlNode *rt_xml_child(const xmlNode *parent, const char *name);
/* The next sibling element of that name. */
xmlNode *rt_xml_next(const xmlNode *node, const char *name);

#define RT_XML_FOREACH(node, parent, name)                                     \
	for (xmlNode *node = rt_xml_child(parent, name); node;                 \
	     node = rt_xml_next(node, name))

/* *ret_child is NULL when there is none; two are an error. */
int rt_xml_only_child(const xmlNode *parent, const char *name,
		      xmlNode **ret_child, struct rt_err *err);

/* "line 12: <vcpupin>: " + message. */
int rt_xml_fail(struct rt_err *err, const xmlNode *node, const char *fmt, ...)
	RT_PRINTF(3, 4);

/*
 * An attribute. *ret is NULL when it is not there. The caller xmlFrees it.
 */
int rt_xml_attr(const xmlNode *node, const char *name, xmlChar **ret,
		struct rt_err *err);
/* Its value is that; false also when it is not there. */
int rt_xml_attr_is(const xmlNode *node, const char *name, const char *value,
		   bool *ret_is, struct rt_err *err);
/*
 * An attribute that is a number of at most `max`, decimal or, where `prefix`
 * says so, with libvirt's 0x or 0 in front. *ret is left as it is when the
 * attribute is missing.
 */
int rt_xml_number(const xmlNode *node, const char *name, bool prefix,
		  unsigned max, unsigned *ret, struct rt_err *err);
/* The same for a missing attribute that must be there. */
int rt_xml_need_number(const xmlNode *node, const char *name, unsigned max,
		       unsigned *ret, struct rt_err *err);
/* An element's text, blanks at its ends cut off. The caller xmlFrees it. */
int rt_xml_content(const xmlNode *node, xmlChar **ret, struct rt_err *err);
int rt_xml_content_number(const xmlNode *node, unsigned long long max,
			  unsigned long long *ret, struct rt_err *err);
/*
 * An attribute that is a set as libvirt writes it: "0-3,^2,8", from left to
 * right, at least one member. *ret_has: it is there.
 */
int rt_xml_set(const xmlNode *node, const char *name, bool *ret_has,
	       struct rt_cpuset *ret_set, struct rt_err *err);
/* The same for a set that must be there. */
int rt_xml_need_set(const xmlNode *node, const char *name,
		    struct rt_cpuset *ret_set, struct rt_err *err);
/* The host address in <source> of a PCI device. */
int rt_xml_source_address(const xmlNode *device, struct rt_pci_addr *ret_addr,
			  bool *ret_is_pci, struct rt_err *err);
/* <hostdev type='pci'> that passes a whole host device. */
int rt_xml_is_pci_hostdev(const xmlNode *node, bool *ret_is,
			  struct rt_err *err);

/* --- domain_edit.c: changing --- */

/* All return 0 or -ENOMEM. */
int rt_xml_set_attr(xmlNode *node, const char *name, const char *value,
		    struct rt_err *err);
int rt_xml_set_attr_set(xmlNode *node, const char *name,
			const struct rt_cpuset *set, struct rt_err *err);
/* Replace an element's text; comments in it stay. */
int rt_xml_set_content(xmlNode *node, const char *text, struct rt_err *err);
/*
 * A new child of parent where libvirt would write it: behind its siblings
 * that come before it in `order` (NULL-terminated; `order` NULL: at the end),
 * indented like them.
 */
int rt_xml_add(xmlNode *parent, const char *name, const char *const order[],
	       xmlNode **ret_node, struct rt_err *err);
/* The same, but take the one that is there. */
int rt_xml_get(xmlNode *parent, const char *name, const char *const order[],
	       xmlNode **ret_node, struct rt_err *err);
/* Take a node out with its indentation, and free it. */
void rt_xml_remove(xmlNode *node);
/* Remove an element that holds nothing any more. */
void rt_xml_prune(xmlNode *node);
int rt_xml_print(xmlDoc *doc, bool declaration, char **ret_text,
		 struct rt_err *err);

#endif
