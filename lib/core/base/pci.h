/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pci.h - a PCI address, as libvirt, lspci -D and the kernel write it */
#ifndef RT_PCI_H
#define RT_PCI_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct rt_pci_addr {
	unsigned domain, bus, slot, function;
};

struct rt_pci_set {
	struct rt_pci_addr *items;
	size_t n, size;
};

/* "0000:3b:00.1" */
struct rt_pci_text {
	char text[24];
};
struct rt_pci_text rt_pci_text(const struct rt_pci_addr *addr);

bool rt_pci_is_equal(const struct rt_pci_addr *a, const struct rt_pci_addr *b);

/*
 * Exactly one address "domain:bus:slot.function" in hexadecimal (the domain
 * 4 to 8 digits, bus 2, slot 2 and at most 1f, function 0-7), of len bytes.
 */
int rt_pci_parse(const char *text, size_t len, struct rt_pci_addr *ret_addr,
		 struct rt_err *err);

/* White-space separated addresses; a repeated one is an error. */
int rt_pci_set_parse(const char *text, struct rt_pci_set *ret_set,
		     struct rt_err *err);
int rt_pci_set_add(struct rt_pci_set *set, const struct rt_pci_addr *addr,
		   struct rt_err *err);
bool rt_pci_set_has(const struct rt_pci_set *set,
		    const struct rt_pci_addr *addr);
void rt_pci_set_fini(struct rt_pci_set *set);

#endif
