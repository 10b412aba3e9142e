/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* irq_owners.c - which device an interrupt belongs to */
#include "irq_owners.h"

#include <errno.h>

#include "unread.h"

void rt_owners_fini(struct rt_owners *owners)
{
	free(owners->items);
	free(owners->first);
}

int rt_owners_init(struct rt_owners *owners, const unsigned *irqs, size_t n,
		   struct rt_err *err)
{
	owners->n_first = n ? (size_t)irqs[n - 1] + 1 : 0;
	owners->first = calloc(owners->n_first + 1, sizeof(*owners->first));
	return owners->first ? 0 : rt_fail_memory(err);
}

static bool is_lower(const struct rt_pci_addr *a, const struct rt_pci_addr *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain;
	if (a->bus != b->bus)
		return a->bus < b->bus;
	if (a->slot != b->slot)
		return a->slot < b->slot;
	return a->function < b->function;
}

static int add_owner(struct rt_owners *owners, unsigned irq, int node,
		     const struct rt_pci_addr *device, struct rt_err *err)
{
	struct rt_owner *owner, *lowest;
	size_t *first;

	/* 0: the device has none. */
	if (!irq || irq >= owners->n_first)
		return 0;
	if (!rt_grow(&owners->items, owners->n, &owners->size,
		     sizeof(*owners->items)))
		return rt_fail_memory(err);
	owner = &owners->items[owners->n++];
	*owner = (struct rt_owner){ .node = node, .device = *device };
	first = &owners->first[irq];
	lowest = *first ? &owners->items[*first - 1] : NULL;
	if (lowest && is_lower(&lowest->device, device)) {
		owner->next = lowest->next;
		lowest->next = owners->n;
	} else {
		owner->next = *first;
		*first = owners->n;
	}
	return 0;
}

const struct rt_owner *rt_owners_next(const struct rt_owners *owners,
				      const struct rt_owner *owner)
{
	return owner->next ? &owners->items[owner->next - 1] : NULL;
}

const struct rt_owner *rt_owners_find(const struct rt_owners *owners,
				      unsigned irq)
{
	const size_t at = irq < owners->n_first ? owners->first[irq] : 0;

	return at ? &owners->items[at - 1] : NULL;
}

static int read_node(struct rt_sys *sys, const struct rt_facts *facts,
		     const char *name, const struct rt_pci_addr *device)
{
	const struct rt_pci_dev *known =
		facts ? rt_pci_devs_find(&facts->pci, device) : NULL;
	char text[32];
	struct rt_err err;

	if (!facts)
		return -1;
	if (known)
		return known->node;
	if (rt_sys_readf(sys, text, sizeof(text), &err,
			 "sys/bus/pci/devices/%s/numa_node", name) < 0)
		return -1;
	return (int)strtol(text, NULL, 10);
}

/* Its irq file says "0" when it has none. */
static int read_line(struct rt_sys *sys, const char *name, unsigned *ret,
		     struct rt_err *err)
{
	unsigned long number;
	char text[32], *end;
	int r = rt_sys_readf(sys, text, sizeof(text), err,
			     "sys/bus/pci/devices/%s/irq", name);

	*ret = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	number = strtoul(text, &end, 10);
	if (end != text && !*end && number <= INT32_MAX)
		*ret = (unsigned)number;
	return 0;
}

/*
 * A device with MSI has a directory of them; else it has a line. *ret_irqs is
 * to be freed.
 */
static int list_irqs(struct rt_sys *sys, const char *name, unsigned **ret_irqs,
		     size_t *ret_n, bool *ret_line, struct rt_err *err)
{
	char path[128];
	unsigned line;
	int r;

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", name);
	r = rt_sys_list_numbers(sys, path, ret_irqs, ret_n, err);
	*ret_line = *ret_n == 0;
	if ((r < 0 && r != -ENOENT) || *ret_n)
		return r;
	r = read_line(sys, name, &line, err);
	if (r < 0 || !line)
		return r;
	free(*ret_irqs);
	*ret_irqs = malloc(sizeof(**ret_irqs));
	if (!*ret_irqs)
		return rt_fail_memory(err);
	**ret_irqs = line;
	*ret_n = 1;
	return 0;
}

/* One that cannot be read owns none, which is a finding. */
static int read_device(struct rt_sys *sys, struct rt_facts *facts,
		       const char *name, struct rt_owners *owners,
		       struct rt_err *err)
{
	RT_AUTO_FREE unsigned *irqs = NULL;
	struct rt_pci_addr device;
	struct rt_err why;
	size_t n = 0;
	bool line;
	int node, r = 0;

	if (rt_pci_parse(name, strlen(name), &device, &why) < 0)
		return 0;
	if (list_irqs(sys, name, &irqs, &n, &line, &why) < 0) {
		rt_wrap(&why, "interrupts of PCI device %s", name);
		return facts ? rt_unread_add(facts, &why, err) : 0;
	}
	owners->shared |= n && line;
	node = n ? read_node(sys, facts, name, &device) : -1;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_owner(owners, irqs[i], node, &device, err);
	return r;
}

int rt_owners_read(struct rt_sys *sys, struct rt_facts *facts,
		   struct rt_owners *owners, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	struct rt_err why;
	int r = rt_sys_list(sys, "sys/bus/pci/devices", &names, &why);

	/* ENOENT: a host without PCI. */
	if (r < 0)
		return facts && r != -ENOENT ? rt_unread_add(facts, &why, err) :
					       0;
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = read_device(sys, facts, names.items[i], owners, err);
	return r;
}

int rt_owners_read_of(struct rt_sys *sys, const struct rt_pci_set *devices,
		      struct rt_owners *owners, struct rt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < devices->n; i++)
		r = read_device(sys, NULL, rt_pci_text(&devices->items[i]).text,
				owners, err);
	/*
	 * Of two devices on a line, this one may be the one with the higher
	 * address.
	 */
	if (r < 0 || !owners->shared)
		return r;
	owners->n = 0;
	memset(owners->first, 0, owners->n_first * sizeof(*owners->first));
	return rt_owners_read(sys, NULL, owners, err);
}
