/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_xml.c - read elements and attributes with libxml2 */
#include "domain_xml.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "core/base/number.h"

/* libxml2 2.12 made what a handler is given const. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlErrorPtr xml_error;
#endif

struct complaint {
	bool any;
	int code, line;
	char text[256];
};

/* The first one is the cause; those behind it are often its results. */
static void keep_complaint(void *data, xml_error error)
{
	xmlParserCtxt *ctxt = data;
	struct complaint *complaint = ctxt->_private;
	size_t len;

	if (complaint->any || error->level < XML_ERR_ERROR)
		return;
	complaint->any = true;
	complaint->code = error->code;
	complaint->line = error->line;
	snprintf(complaint->text, sizeof(complaint->text), "%s",
		 error->message ? error->message : "the text cannot be parsed");
	len = strcspn(complaint->text, "\r\n");
	complaint->text[len] = '\0';
}

static void auto_ctxt(xmlParserCtxt **ctxt)
{
	xmlFreeParserCtxt(*ctxt);
}

void rt_auto_xml_doc(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

void rt_auto_xml_char(xmlChar **text)
{
	xmlFree(*text);
}

static int check_root(xmlDoc *doc, struct rt_err *err)
{
	const xmlNode *root = xmlDocGetRootElement(doc);

	if (!root)
		return rt_fail(err, 0, "the document has no root element");
	if (rt_xml_is(root, "domain"))
		return 0;
	if (root->ns)
		return rt_fail(err, 0,
			       "the root element <%s> is in a namespace; a "
			       "guest's definition is a plain <domain>",
			       rt_cut_text((const char *)root->name).text);
	return rt_fail(err, 0, "the root element is <%s>, not <domain>",
		       rt_cut_text((const char *)root->name).text);
}

int rt_xml_parse(const char *text, size_t len, xmlDoc **ret_doc,
		 struct rt_err *err)
{
	__attribute__((cleanup(auto_ctxt))) xmlParserCtxt *ctxt = NULL;
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	struct complaint complaint = { 0 };
	int r = rt_domain_scan(text, len, err);

	if (r < 0)
		return r;
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return rt_fail_memory(err);
	ctxt->_private = &complaint;
	ctxt->sax->serror = keep_complaint;
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	if (!doc && complaint.code == XML_ERR_NO_MEMORY)
		return rt_fail_memory(err);
	if (!doc && complaint.any)
		return rt_fail(
			err, 0, "line %d: XML that is not well-formed: %s",
			complaint.line, rt_cut_text(complaint.text).text);
	if (!doc)
		return rt_fail(err, 0, "XML that is not well-formed");
	r = check_root(doc, err);
	if (r < 0)
		return r;
	*ret_doc = doc;
	doc = NULL;
	return 0;
}

bool rt_xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       strcmp((const char *)node->name, name) == 0;
}

static xmlNode *from(xmlNode *node, const char *name)
{
	while (node && !rt_xml_is(node, name))
		node = node->next;
	return node;
}

xmlNode *rt_xml_child(const xmlNode *parent, const char *name)
{
	return parent ? from(parent->children, name) : NULL;
}

xmlNode *rt_xml_next(const xmlNode *node, const char *name)
{
	return from(node->next, name);
}

int rt_xml_only_child(const xmlNode *parent, const char *name,
		      xmlNode **ret_child, struct rt_err *err)
{
	xmlNode *child = rt_xml_child(parent, name);
	const xmlNode *again = child ? rt_xml_next(child, name) : NULL;

	if (again)
		return rt_xml_fail(err, again,
				   "a second one; only one is allowed");
	*ret_child = child;
	return 0;
}

int rt_xml_fail(struct rt_err *err, const xmlNode *node, const char *fmt, ...)
{
	char message[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return rt_fail(err, 0, "line %ld: <%s>: %s", xmlGetLineNo(node),
		       rt_cut_text((const char *)node->name).text, message);
}

int rt_xml_attr(const xmlNode *node, const char *name, xmlChar **ret,
		struct rt_err *err)
{
	xmlChar *value = NULL;

	for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
		if (attr->ns || strcmp((const char *)attr->name, name) != 0)
			continue;
		value = xmlNodeListGetString(node->doc, attr->children, 1);
		/* An empty value has no child nodes and gives NULL. */
		if (!value && !attr->children)
			value = xmlStrdup(BAD_CAST "");
		if (!value)
			return rt_fail_memory(err);
		break;
	}
	*ret = value;
	return 0;
}

int rt_xml_attr_is(const xmlNode *node, const char *name, const char *value,
		   bool *ret_is, struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	int r = rt_xml_attr(node, name, &text, err);

	if (r < 0)
		return r;
	*ret_is = text && strcmp((const char *)text, value) == 0;
	return 0;
}

/* All of the text is one number of at most max. */
static bool parse_number(const char *text, bool prefix, unsigned long long max,
			 unsigned long long *ret)
{
	unsigned long long value;
	char *end;

	if (!prefix || *text != '0')
		return rt_parse_number(text, max, ret);
	errno = 0;
	value = strtoull(text, &end, 0);
	if (*end || errno || value > max)
		return false;
	*ret = value;
	return true;
}

int rt_xml_number(const xmlNode *node, const char *name, bool prefix,
		  unsigned max, unsigned *ret, struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	unsigned long long value;
	int r = rt_xml_attr(node, name, &text, err);

	if (r < 0 || !text)
		return r;
	if (!parse_number((const char *)text, prefix, max, &value))
		return rt_xml_fail(err, node,
				   "%s='%s' is not a number from 0 to %u", name,
				   rt_cut_text((const char *)text).text, max);
	*ret = (unsigned)value;
	return 0;
}

int rt_xml_need_number(const xmlNode *node, const char *name, unsigned max,
		       unsigned *ret, struct rt_err *err)
{
	if (!xmlHasNsProp(node, BAD_CAST name, NULL))
		return rt_xml_fail(err, node, "the attribute '%s' is missing",
				   name);
	return rt_xml_number(node, name, false, max, ret, err);
}

static bool is_blank(xmlChar c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int rt_xml_content(const xmlNode *node, xmlChar **ret, struct rt_err *err)
{
	xmlChar *text = xmlNodeGetContent(node);
	size_t skip = 0, len;

	if (!text)
		return rt_fail_memory(err);
	len = strlen((const char *)text);
	while (len && is_blank(text[len - 1]))
		len--;
	while (skip < len && is_blank(text[skip]))
		skip++;
	memmove(text, text + skip, len - skip);
	text[len - skip] = '\0';
	*ret = text;
	return 0;
}

int rt_xml_content_number(const xmlNode *node, unsigned long long max,
			  unsigned long long *ret, struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	int r = rt_xml_content(node, &text, err);

	if (r < 0)
		return r;
	if (!parse_number((const char *)text, false, max, ret))
		return rt_xml_fail(err, node,
				   "'%s' is not a number from 0 to %llu",
				   rt_cut_text((const char *)text).text, max);
	return 0;
}

/* A member's number, blanks around it skipped. */
static bool set_number(const char **at, unsigned *ret)
{
	unsigned long long value;

	*at += strspn(*at, " \t\r\n");
	if (!rt_scan_number(at, RT_CPUS_MAX - 1, &value))
		return false;
	*at += strspn(*at, " \t\r\n");
	*ret = (unsigned)value;
	return true;
}

/* "3", "0-3" or "^2", and the comma behind it. */
static bool set_item(const char **at, struct rt_cpuset *set)
{
	const char *p = *at + strspn(*at, " \t\r\n");
	const bool out = *p == '^';
	unsigned low, high;

	p += out;
	if (!set_number(&p, &low))
		return false;
	high = low;
	if (*p == '-' && !out) {
		p++;
		if (!set_number(&p, &high) || high < low)
			return false;
	}
	if (*p && *p != ',')
		return false;
	p += *p == ',';
	if (out)
		rt_cpuset_remove(set, low);
	else
		rt_cpuset_add_range(set, low, high);
	*at = p + strspn(p, " \t\r\n");
	return true;
}

int rt_xml_set(const xmlNode *node, const char *name, bool *ret_has,
	       struct rt_cpuset *ret_set, struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	struct rt_cpuset set = { 0 };
	const char *p;
	int r = rt_xml_attr(node, name, &text, err);

	if (r < 0)
		return r;
	if (!text) {
		*ret_has = false;
		return 0;
	}
	p = (const char *)text;
	if (strlen(p) >= RT_CPULIST_MAX)
		return rt_xml_fail(err, node, "%s is too long", name);
	while (*p) {
		if (!set_item(&p, &set))
			return rt_xml_fail(
				err, node,
				"%s='%s' is not a set such as 0-3,^2 of "
				"numbers below %u",
				name, rt_cut_text((const char *)text).text,
				RT_CPUS_MAX);
	}
	if (rt_cpuset_is_empty(&set))
		return rt_xml_fail(err, node, "%s='%s' is an empty set", name,
				   rt_cut_text((const char *)text).text);
	*ret_set = set;
	*ret_has = true;
	return 0;
}

int rt_xml_need_set(const xmlNode *node, const char *name,
		    struct rt_cpuset *ret_set, struct rt_err *err)
{
	bool has;
	int r = rt_xml_set(node, name, &has, ret_set, err);

	if (r == 0 && !has)
		r = rt_xml_fail(err, node, "the attribute '%s' is missing",
				name);
	return r;
}

int rt_xml_source_address(const xmlNode *device, struct rt_pci_addr *ret_addr,
			  bool *ret_is_pci, struct rt_err *err)
{
	const xmlNode *node =
		rt_xml_child(rt_xml_child(device, "source"), "address");
	RT_AUTO_XML_CHAR xmlChar *type = NULL;
	struct rt_pci_addr addr = { 0 };
	int r;

	if (!node)
		return rt_xml_fail(err, device,
				   "a PCI device without <source><address>");
	r = rt_xml_attr(node, "type", &type, err);
	if (r < 0)
		return r;
	*ret_is_pci = !type || strcmp((const char *)type, "pci") == 0;
	if (!*ret_is_pci)
		return 0;
	r = rt_xml_number(node, "domain", true, UINT_MAX, &addr.domain, err);
	if (r == 0)
		r = rt_xml_number(node, "bus", true, 0xff, &addr.bus, err);
	if (r == 0)
		r = rt_xml_number(node, "slot", true, 0x1f, &addr.slot, err);
	if (r == 0)
		r = rt_xml_number(node, "function", true, 7, &addr.function,
				  err);
	if (r == 0 && !xmlHasNsProp(node, BAD_CAST "bus", NULL) &&
	    !xmlHasNsProp(node, BAD_CAST "slot", NULL))
		r = rt_xml_fail(err, node, "an address without bus and slot");
	if (r == 0)
		*ret_addr = addr;
	return r;
}

int rt_xml_is_pci_hostdev(const xmlNode *node, bool *ret_is, struct rt_err *err)
{
	bool is_pci = false, is_subsystem = false;
	int r = rt_xml_attr_is(node, "type", "pci", &is_pci, err);

	if (r == 0)
		r = rt_xml_attr_is(node, "mode", "subsystem", &is_subsystem,
				   err);
	if (r == 0)
		*ret_is =
			is_pci && (is_subsystem ||
				   !xmlHasNsProp(node, BAD_CAST "mode", NULL));
	return r;
}
