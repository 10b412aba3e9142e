/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture_xml.c - hwloc's XML of a topology, to be painted */
#include "picture_xml.h"

#include <hwloc.h>

/* --- attributes --- */

xmlChar *rt_picture_get(const xmlNode *node, const char *name)
{
	return xmlGetNoNsProp(node, (const xmlChar *)name);
}

bool rt_picture_is(const xmlNode *node, const char *type)
{
	RT_AUTO_XML_CHAR xmlChar *has = NULL;

	if (!rt_xml_is(node, "object"))
		return false;
	has = xmlGetNoNsProp(node, (const xmlChar *)"type");
	return has && strcmp((const char *)has, type) == 0;
}

bool rt_picture_get_number(const xmlNode *node, const char *name, unsigned *ret)
{
	RT_AUTO_XML_CHAR xmlChar *text = rt_picture_get(node, name);
	char *end;
	unsigned long number;

	if (!text || *text < '0' || *text > '9')
		return false;
	number = strtoul((const char *)text, &end, 10);
	if (*end || number >= RT_CPUS_MAX)
		return false;
	*ret = (unsigned)number;
	return true;
}

/* lstopo's own SVG writer does not escape them. */
void rt_picture_plain(const char *text, struct rt_strbuf *out)
{
	static const char markup[] = "<>&", instead[] = "()+";

	for (; *text; text++) {
		const char *found = strchr(markup, *text);

		rt_strbuf_add(out, found ? instead + (found - markup) : text,
			      1);
	}
}

void rt_picture_set(struct rt_picture *picture, xmlNode *node, const char *name,
		    const char *text)
{
	RT_AUTO_STRBUF plain = { 0 };

	rt_picture_plain(text, &plain);
	if (plain.failed ||
	    !xmlSetProp(node, (const xmlChar *)name,
			(const xmlChar *)(plain.text ? plain.text : "")))
		picture->failed = true;
}

static void set_number(struct rt_picture *picture, xmlNode *node,
		       const char *name, unsigned long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	rt_picture_set(picture, node, name, text);
}

/* Before all else in the object, as hwloc writes it. */
void rt_picture_paint(struct rt_picture *picture, xmlNode *node,
		      const struct rt_box *box)
{
	xmlNode *info = xmlNewDocNode(picture->doc, NULL,
				      (const xmlChar *)"info", NULL);
	char text[48];

	if (!info) {
		picture->failed = true;
		return;
	}
	if (node->children)
		xmlAddPrevSibling(node->children, info);
	else
		xmlAddChild(node, info);
	snprintf(text, sizeof(text), "Background=#%06x;Text=#%06x", box->fill,
		 box->ink);
	rt_picture_set(picture, info, "name", "lstopoStyle");
	rt_picture_set(picture, info, "value", text);
}

xmlNode *rt_picture_add(struct rt_picture *picture, xmlNode *parent,
			const struct rt_box *box)
{
	xmlNode *chip =
		xmlNewChild(parent, NULL, (const xmlChar *)"object", NULL);

	if (!chip) {
		picture->failed = true;
		return NULL;
	}
	rt_picture_set(picture, chip, "type", "Misc");
	set_number(picture, chip, "gp_index", picture->next_id++);
	rt_picture_set(picture, chip, "name", box->text);
	rt_picture_paint(picture, chip, box);
	return chip;
}

/* --- CPUs that the kernel has forgotten --- */

static void learn(struct rt_picture *picture, const xmlNode *node)
{
	unsigned cpu;
	unsigned id;

	if (rt_picture_is(node, "PU") &&
	    rt_picture_get_number(node, "os_index", &cpu))
		rt_cpuset_add(&picture->drawn, cpu);
	if (rt_picture_get_number(node, "gp_index", &id) &&
	    id >= picture->next_id)
		picture->next_id = id + 1;
	RT_XML_FOREACH(child, node, "object")
	learn(picture, child);
}

static xmlNode *find_cpu(xmlNode *node, unsigned cpu)
{
	xmlNode *found = NULL;
	unsigned number;

	if (rt_picture_is(node, "PU"))
		return rt_picture_get_number(node, "os_index", &number) &&
				       number == cpu ?
			       node :
			       NULL;
	for (xmlNode *child = rt_xml_child(node, "object"); child && !found;
	     child = rt_xml_next(child, "object"))
		found = find_cpu(child, cpu);
	return found;
}

/* Add a CPU to a set of an object that holds its sibling. */
static void widen(struct rt_picture *picture, xmlNode *node, const char *name,
		  unsigned sibling, unsigned cpu)
{
	RT_AUTO_XML_CHAR xmlChar *text = rt_picture_get(node, name);
	hwloc_bitmap_t bitmap;
	char *wider = NULL;

	if (!text)
		return;
	bitmap = hwloc_bitmap_alloc();
	if (!bitmap || hwloc_bitmap_sscanf(bitmap, (const char *)text) < 0) {
		picture->failed = true;
	} else if (hwloc_bitmap_isset(bitmap, sibling)) {
		if (hwloc_bitmap_set(bitmap, cpu) < 0 ||
		    hwloc_bitmap_asprintf(&wider, bitmap) < 0)
			picture->failed = true;
		else
			rt_picture_set(picture, node, name, wider);
	}
	free(wider);
	hwloc_bitmap_free(bitmap);
}

static void widen_all(struct rt_picture *picture, xmlNode *node,
		      unsigned sibling, unsigned cpu)
{
	widen(picture, node, "cpuset", sibling, cpu);
	widen(picture, node, "complete_cpuset", sibling, cpu);
	widen(picture, node, "allowed_cpuset", sibling, cpu);
}

static void set_only(struct rt_picture *picture, xmlNode *node,
		     const char *name, unsigned cpu)
{
	hwloc_bitmap_t bitmap = hwloc_bitmap_alloc();
	char *text = NULL;

	if (bitmap && hwloc_bitmap_only(bitmap, cpu) == 0 &&
	    hwloc_bitmap_asprintf(&text, bitmap) >= 0)
		rt_picture_set(picture, node, name, text);
	else
		picture->failed = true;
	free(text);
	hwloc_bitmap_free(bitmap);
}

/* Beside a sibling that is online; memory and all above it hear of it, too. */
static void add_cpu(struct rt_picture *picture, xmlNode *beside,
		    unsigned sibling, unsigned cpu)
{
	xmlNode *node = xmlDocCopyNode(beside, picture->doc, 2);

	if (!node) {
		picture->failed = true;
		return;
	}
	for (xmlNode *up = beside->parent; rt_xml_is(up, "object");
	     up = up->parent) {
		widen_all(picture, up, sibling, cpu);
		RT_XML_FOREACH(child, up, "object")
		if (rt_picture_is(child, "NUMANode"))
			widen_all(picture, child, sibling, cpu);
	}
	set_number(picture, node, "os_index", cpu);
	set_number(picture, node, "gp_index", picture->next_id++);
	set_only(picture, node, "cpuset", cpu);
	set_only(picture, node, "complete_cpuset", cpu);
	xmlAddNextSibling(beside, node);
	rt_cpuset_add(&picture->drawn, cpu);
}

void rt_picture_complete(struct rt_picture *picture, xmlNode *machine)
{
	struct rt_cpuset forgotten = picture->scene.topo->present;

	learn(picture, machine);
	rt_cpuset_minus(&forgotten, &picture->drawn);
	RT_CPUSET_FOREACH(cpu, &forgotten)
	{
		struct rt_cpuset one = { 0 }, siblings;
		int sibling;
		xmlNode *beside;

		rt_cpuset_add(&one, (unsigned)cpu);
		siblings = rt_topo_siblings(picture->scene.topo, &one);
		rt_cpuset_and(&siblings, &picture->drawn);
		/* The last below it: threads stay in order. */
		sibling = rt_cpuset_first(&siblings);
		for (int next = sibling; next >= 0 && next < cpu;
		     next = rt_cpuset_next(&siblings, next))
			sibling = next;
		if (sibling < 0)
			continue;
		beside = find_cpu(machine, (unsigned)sibling);
		if (beside)
			add_cpu(picture, beside, (unsigned)sibling,
				(unsigned)cpu);
	}
}

int rt_picture_first_cpu(struct rt_picture *picture, const xmlNode *node)
{
	RT_AUTO_XML_CHAR xmlChar *text = rt_picture_get(node, "cpuset");
	hwloc_bitmap_t bitmap = hwloc_bitmap_alloc();
	int cpu = -1;

	if (!bitmap)
		picture->failed = true;
	else if (text && hwloc_bitmap_sscanf(bitmap, (const char *)text) == 0)
		cpu = hwloc_bitmap_first(bitmap);
	hwloc_bitmap_free(bitmap);
	return cpu;
}
