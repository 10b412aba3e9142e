/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture_fold.c - cores that no guest uses, drawn as one box
 *
 * On a large host most cores are of no interest. Neighbours of one kind (cores,
 * caches, dies) without a guest and without an offline CPU become one box,
 * which says what it stands for.
 */
#include "picture_xml.h"

#define WHOLE_MAX 64 /* CPUs up to which every core is drawn */
#define TEXT_MAX  28 /* lstopo cuts a CPU's text at 31 bytes */

struct fold {
	struct rt_picture *picture;
	struct rt_cpuset busy; /* CPUs to be drawn by themselves */
	bool any;
};

static bool is_foldable(const xmlNode *node)
{
	static const char *const types[] = { "Core",	"Die",	   "L1Cache",
					     "L2Cache", "L3Cache", "L4Cache",
					     "L5Cache", "Group" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (rt_picture_is(node, types[i]))
			return true;
	return false;
}

/* False when there is more below than cores and CPUs, such as memory. */
static bool add_cpus(xmlNode *node, struct rt_cpuset *cpus)
{
	unsigned cpu;
	bool plain = true;

	if (rt_picture_is(node, "PU") &&
	    rt_picture_get_number(node, "os_index", &cpu)) {
		rt_cpuset_add(cpus, cpu);
		return true;
	}
	RT_XML_FOREACH(child, node, "object")
	plain = plain && add_cpus(child, cpus);
	return plain && is_foldable(node);
}

static void set_text(struct rt_picture *picture, xmlNode *node,
		     const char *word, const struct rt_cpuset *numbers)
{
	char text[128];
	size_t len;

	snprintf(text, sizeof(text), "%s%.100s", word,
		 rt_cpuset_text(numbers).text);
	len = strlen(text);
	if (len > TEXT_MAX)
		memcpy(text + TEXT_MAX - 2, "..", 3);
	rt_picture_set(picture, node, "subtype", text);
}

/* The first of a run stands for all of it: one core below it, one CPU. */
static void fold_run(struct fold *fold, xmlNode *first, size_t n,
		     const struct rt_cpuset *cpus)
{
	const struct rt_topo *topo = fold->picture->scene.topo;
	const struct rt_cpuset cores = rt_topo_numbers(&topo->cores, cpus);
	xmlNode *node = first, *child, *next;

	fold->any = true;
	while (!rt_picture_is(node, "PU")) {
		RT_AUTO_XML_CHAR xmlChar *type = rt_picture_get(node, "type");
		char text[32];

		if (rt_picture_is(node, "Core")) {
			set_text(fold->picture, node, "Cores c", &cores);
		} else if (node == first && type) {
			snprintf(text, sizeof(text), "%zu x %.*s", n,
				 (int)strcspn((const char *)type, "C"),
				 (const char *)type);
			rt_picture_set(fold->picture, node, "subtype", text);
		}
		child = rt_xml_child(node, "object");
		while ((next = rt_xml_next(child, "object"))) {
			xmlUnlinkNode(next);
			xmlFreeNode(next);
		}
		node = child;
	}
	set_text(fold->picture, node, "CPUs ", cpus);
}

static void fold_children(struct fold *fold, xmlNode *parent);

/* Nothing is gained from folding a single core. */
static void end_run(struct fold *fold, xmlNode *first, size_t n,
		    const struct rt_cpuset *cpus)
{
	if (n > 1)
		fold_run(fold, first, n, cpus);
	else if (first)
		fold_children(fold, first);
}

static bool is_alike(const xmlNode *a, const xmlNode *b)
{
	RT_AUTO_XML_CHAR xmlChar *type = rt_picture_get(a, "type");

	return type && rt_picture_is(b, (const char *)type);
}

static void fold_children(struct fold *fold, xmlNode *parent)
{
	xmlNode *first = NULL, *next, *child = rt_xml_child(parent, "object");
	struct rt_cpuset cpus = { 0 };
	size_t n = 0;

	for (; child; child = next) {
		struct rt_cpuset own = { 0 };
		bool idle = add_cpus(child, &own) &&
			    !rt_cpuset_is_empty(&own) &&
			    !rt_cpuset_intersects(&own, &fold->busy);

		next = rt_xml_next(child, "object");
		if (first && idle && is_alike(first, child)) {
			rt_cpuset_or(&cpus, &own);
			xmlUnlinkNode(child);
			xmlFreeNode(child);
			n++;
			continue;
		}
		end_run(fold, first, n, &cpus);
		first = idle ? child : NULL;
		cpus = own;
		n = 1;
		if (!idle)
			fold_children(fold, child);
	}
	end_run(fold, first, n, &cpus);
}

bool rt_picture_fold(struct rt_picture *picture, xmlNode *machine)
{
	const struct rt_scene *scene = &picture->scene;
	struct fold fold = { .picture = picture, .busy = scene->topo->present };

	if (rt_cpuset_count(&scene->topo->present) <= WHOLE_MAX)
		return false;
	rt_cpuset_minus(&fold.busy, &scene->topo->online);
	for (size_t i = 0; i < scene->n; i++) {
		rt_cpuset_or(&fold.busy, &scene->guests[i]->cpuset);
		rt_cpuset_or(&fold.busy, &scene->guests[i]->owned);
	}
	fold_children(&fold, machine);
	return fold.any;
}
