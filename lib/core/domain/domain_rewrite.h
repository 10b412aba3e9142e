/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_rewrite.h - what the parts of the rewriting share */
#ifndef RT_DOMAIN_REWRITE_H
#define RT_DOMAIN_REWRITE_H

#include "domain_xml.h"

struct rt_rewriting {
	xmlNode *root;
	const struct rt_domain *domain; /* the document as it was read */
	const struct rt_guest *guest;
	enum rt_rewrite mode;
};

/* The first difference, for a message. */
struct rt_text {
	char text[256];
};

/* The children of <domain> in libvirt's order, for rt_xml_add. */
extern const char *const rt_domain_order[];

/* --- domain_rewrite_cpu.c --- */

int rt_rewrite_vcpus(struct rt_rewriting *w, struct rt_err *err);
int rt_rewrite_topology(struct rt_rewriting *w, struct rt_err *err);
int rt_rewrite_placement(struct rt_rewriting *w, struct rt_err *err);

#endif
