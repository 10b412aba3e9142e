/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irq_owners.h - which device an interrupt belongs to
 *
 * An interrupt by message (MSI) has one owner; devices may share a line. Then
 * the one with the lowest address comes first.
 */
#ifndef RT_IRQ_OWNERS_H
#define RT_IRQ_OWNERS_H

#include "core/model/facts.h"
#include "sys.h"

struct rt_owner {
	int node; /* -1: not known, or not asked for */
	struct rt_pci_addr device;
	size_t next; /* of the same line, as in first[]; 0: none */
};

struct rt_owners {
	struct rt_owner *items;
	size_t n, size;
	size_t *first; /* by interrupt, 1-based; 0: none */
	size_t n_first;
	bool shared; /* there are lines */
};

/* For the interrupts that there are, in ascending order. */
int rt_owners_init(struct rt_owners *owners, const unsigned *irqs, size_t n,
		   struct rt_err *err);
void rt_owners_fini(struct rt_owners *owners);
#define RT_AUTO_OWNERS __attribute__((cleanup(rt_owners_fini))) struct rt_owners

/*
 * Of all devices. Without facts, their nodes are not asked for. A device that
 * cannot be read owns nothing, and is a finding in facts->unread.
 */
int rt_owners_read(struct rt_sys *sys, struct rt_facts *facts,
		   struct rt_owners *owners, struct rt_err *err);
/* The owners of these devices' interrupts, if not all. No nodes. */
int rt_owners_read_of(struct rt_sys *sys, const struct rt_pci_set *devices,
		      struct rt_owners *owners, struct rt_err *err);

/* The first of an interrupt's owners, or NULL. */
const struct rt_owner *rt_owners_find(const struct rt_owners *owners,
				      unsigned irq);
/* One that shares the line with the owner given; NULL: no more. */
const struct rt_owner *rt_owners_next(const struct rt_owners *owners,
				      const struct rt_owner *owner);

#endif
