/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * property.h - the properties of a domain document that kvmrt sets, a row for
 * each
 *
 * Everything that is done with a property is in one place: how it is read,
 * compared with what a guest's section wants, corrected, recorded, and taken
 * into kvmrt.cfg. Reading, comparing, rewriting, the record and the import each
 * go through the rows, in the order of the table.
 */
#ifndef RT_PROPERTY_H
#define RT_PROPERTY_H

#include "domain_xml.h"
#include "import.h"
#include "core/base/json.h"

struct rt_comparing {
	const struct rt_domain *domain;
	const struct rt_guest *guest;
	struct rt_differences *found;
	bool failed; /* for want of memory */
};

struct rt_rewriting {
	xmlNode *root;
	const struct rt_domain *domain; /* the document as it was read */
	const struct rt_guest *guest;
	enum rt_rewrite mode;
};

struct rt_taking {
	const struct rt_domain *domain;
	const struct rt_topo *topo;
	enum rt_import what;
	struct rt_editor *editor;
	const struct rt_guest *guest; /* what its text says, in one pass */
	struct rt_err *err;
};

enum {
	RT_ABI = 1,	 /* rt_difference_is_abi */
	RT_MENDABLE = 2, /* ..._is_mendable */
	RT_GRAVE = 4,	 /* ..._is_grave */
	RT_EDITED = 8,	 /* in virt-manager: RT_IMPORT_EDITS takes it */
};

struct rt_property {
	enum rt_difference_kind kind;
	unsigned flags;
	int (*read)(const xmlNode *root, struct rt_domain *domain,
		    struct rt_err *err);
	void (*compare)(struct rt_comparing *c);
	/* NULL: the row above of that kind does it. */
	int (*rewrite)(struct rt_rewriting *w, struct rt_err *err);
	void (*record)(struct rt_json *json, const struct rt_domain *domain);
	int (*take)(struct rt_taking *t); /* NULL: likewise */
};

extern const struct rt_property rt_property_name, rt_property_text,
	rt_property_vcpus, rt_property_topology, rt_property_hidden,
	rt_property_devices, rt_property_cpuset, rt_property_pins,
	rt_property_sched, rt_property_memory, rt_property_nodes;

/* All of them; vCPUs go before what counts them. NULL at the end. */
extern const struct rt_property *const rt_properties[];
#define RT_FOREACH_PROPERTY(p)                                                 \
	for (const struct rt_property *const *p = rt_properties; *p; p++)

/* The row of that kind. */
const struct rt_property *rt_property_of(enum rt_difference_kind kind);

void rt_differ(struct rt_comparing *c, enum rt_difference_kind kind,
	       const char *fmt, ...) RT_PRINTF(3, 4);

/* The children of <domain> in libvirt's order, for rt_xml_add. */
extern const char *const rt_domain_order[];
/* The children of <cputune>, likewise. */
extern const char *const rt_tune_order[];
/* vCPUs of the rewritten document. */
unsigned rt_rewrite_vcpus(const struct rt_rewriting *w);
/* An attribute that is a number. */
int rt_rewrite_number(xmlNode *node, const char *name, unsigned value,
		      struct rt_err *err);

/* Set a key of the guest's section. */
int rt_take(struct rt_taking *t, enum rt_key key, const char *value);
/* To a set, or to nothing. */
int rt_take_set(struct rt_taking *t, enum rt_key key, bool any,
		const struct rt_cpuset *set);

#endif
