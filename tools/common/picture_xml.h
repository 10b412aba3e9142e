/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* picture_xml.h - hwloc's XML of a topology, to be painted */
#ifndef RT_PICTURE_XML_H
#define RT_PICTURE_XML_H

#include "core/domain/domain_xml.h"
#include "picture_style.h"

struct rt_picture {
	struct rt_scene scene;
	xmlDoc *doc;
	unsigned long next_id;	/* of new objects */
	struct rt_cpuset drawn; /* CPUs that are in it */
	bool folded;		/* some boxes stand for several cores */
	bool failed;		/* memory */
};

/* The caller xmlFrees it; NULL when it is not there. */
xmlChar *rt_picture_get(const xmlNode *node, const char *name);
bool rt_picture_get_number(const xmlNode *node, const char *name,
			   unsigned *ret);
void rt_picture_set(struct rt_picture *picture, xmlNode *node, const char *name,
		    const char *text);

/* An <object> of that type: "PU", "Core". */
bool rt_picture_is(const xmlNode *node, const char *type);
/* The lowest CPU of an object, or -1. */
int rt_picture_first_cpu(struct rt_picture *picture, const xmlNode *node);

void rt_picture_paint(struct rt_picture *picture, xmlNode *node,
		      const struct rt_box *box);
/* A coloured box of text inside another object; NULL when memory is short. */
xmlNode *rt_picture_add(struct rt_picture *picture, xmlNode *parent,
			const struct rt_box *box);

/* Texts that lstopo will write into an SVG file, where none is markup. */
void rt_picture_plain(const char *text, struct rt_strbuf *out);

/*
 * Put CPUs that the kernel has forgotten back beside a sibling that is
 * online. Those without one stay out of picture->drawn.
 */
void rt_picture_complete(struct rt_picture *picture, xmlNode *machine);

/*
 * On a large host, let one box stand for neighbours that no guest uses. True
 * when there is such a box. To be called when all words are in their places.
 */
bool rt_picture_fold(struct rt_picture *picture, xmlNode *machine);

#endif
