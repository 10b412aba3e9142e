/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe_irq.c - interrupts: name, affinity, device, and whether they move
 *
 * The hook looks at all of them, thousands on a large host: of one that no
 * plan would touch it reads the mode and the affinity only. The node is that
 * of the device, read once a device.
 */
#include "probe.h"

#include <errno.h>

#include "../core/plan.h"

/* What a reading is for: a plan for the guests of *journal; NULL: anything. */
struct reading {
	struct rt_sys *sys;
	const struct rt_journal *journal;
	struct rt_cpuset owned;
	const struct rt_cpuset *but; /* not these; NULL: all */
};

/* Which device an interrupt belongs to. */
struct owner {
	unsigned irq;
	int node;
	struct rt_pci_addr device;
};

struct owners {
	struct owner *items;
	size_t n, size;
};

static void fini_owners(struct owners *owners)
{
	free(owners->items);
}

static int add_owner(struct owners *owners, const char *irq, int node,
		     const struct rt_pci_addr *device, struct rt_err *err)
{
	char *end;
	const unsigned long number = strtoul(irq, &end, 10);

	/* "0" in a device's irq file: it has none. */
	if (end == irq || *end || number == 0 || number > INT32_MAX)
		return 0;
	if (!rt_grow(&owners->items, owners->n, &owners->size,
		     sizeof(*owners->items)))
		return rt_fail_memory(err);
	owners->items[owners->n++] = (struct owner){
		.irq = (unsigned)number,
		.node = node,
		.device = *device,
	};
	return 0;
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

/* A device with MSI has a folder of them; else the irq file is its INTx. */
static int read_device(struct rt_sys *sys, const struct rt_facts *facts,
		       const char *name, struct owners *owners,
		       struct rt_err *err)
{
	RT_AUTO_NAMES irqs = { 0 };
	struct rt_pci_addr device;
	char path[128], text[32];
	int node, r;

	if (rt_pci_parse(name, strlen(name), &device, err) < 0)
		return 0;
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/msi_irqs", name);
	r = rt_sys_list(sys, path, &irqs, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (irqs.n == 0) {
		r = rt_sys_readf(sys, text, sizeof(text), err,
				 "sys/bus/pci/devices/%s/irq", name);
		if (r < 0 || strcmp(text, "0") == 0)
			return r == -ENOENT ? 0 : r;
		node = read_node(sys, facts, name, &device);
		return add_owner(owners, text, node, &device, err);
	}
	node = read_node(sys, facts, name, &device);
	for (size_t i = 0; i < irqs.n; i++) {
		r = add_owner(owners, irqs.items[i], node, &device, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	const struct rt_pci_addr *p = &x->device, *q = &y->device;

	if (x->irq != y->irq)
		return x->irq < y->irq ? -1 : 1;
	/* Shared: the lowest address stands for all. */
	if (p->domain != q->domain)
		return p->domain < q->domain ? -1 : 1;
	if (p->bus != q->bus)
		return p->bus < q->bus ? -1 : 1;
	if (p->slot != q->slot)
		return p->slot < q->slot ? -1 : 1;
	return p->function < q->function ? -1 : p->function > q->function;
}

/* Without facts, the nodes are not asked for. */
static int read_owners(struct rt_sys *sys, const struct rt_facts *facts,
		       struct owners *owners, struct rt_err *err)
{
	RT_AUTO_NAMES names = { 0 };
	int r = rt_sys_list(sys, "sys/bus/pci/devices", &names, err);

	if (r == -ENOENT)
		return 0; /* a host without PCI */
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = read_device(sys, facts, names.items[i], owners, err);
	if (owners->n)
		qsort(owners->items, owners->n, sizeof(*owners->items),
		      compare_owners);
	return r;
}

static const struct owner *find_owner(const struct owners *owners, unsigned irq)
{
	size_t low = 0, high = owners->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (owners->items[middle].irq < irq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < owners->n && owners->items[low].irq == irq ?
		       &owners->items[low] :
		       NULL;
}

/* The action that is vfio's in "ahci,vfio-msix[0](0000:00:04.0)", or NULL. */
static const char *find_vfio(const char *name)
{
	while (strncmp(name, "vfio-", 5) != 0) {
		name = strchr(name, ',');
		if (!name)
			return NULL;
		name++;
	}
	return name;
}

/* "vfio-msix[0](0000:00:04.0)": the device is in parentheses. */
static bool parse_vfio_device(const char *action, struct rt_pci_addr *ret_addr)
{
	const char *begin = action + strcspn(action, "(,");
	struct rt_err err;

	if (*begin != '(')
		return false;
	begin++;
	return rt_pci_parse(begin, strcspn(begin, ")"), ret_addr, &err) == 0;
}

static void assign_device(struct rt_irq *irq, const struct rt_facts *facts,
			  const struct owner *owner)
{
	const char *action = find_vfio(irq->name);

	irq->node = -1;
	irq->vfio = action;
	if (owner) {
		irq->has_device = true;
		irq->device = owner->device;
		irq->node = owner->node;
	}
	if (action && parse_vfio_device(action, &irq->device)) {
		const struct rt_pci_dev *dev =
			rt_pci_devs_find(&facts->pci, &irq->device);

		irq->has_device = true;
		if (dev)
			irq->node = dev->node;
	}
}

/*
 * The names of the handlers: one file since 4.9. The folders of /proc/irq/N
 * say the same on a kernel or in a tree without it.
 */
static int read_name(struct rt_sys *sys, unsigned number, char **ret_name,
		     struct rt_err *err)
{
	char text[4096], path[64];
	RT_AUTO_NAMES entries = { 0 };
	RT_AUTO_STRBUF name = { 0 };

	if (rt_sys_readf(sys, text, sizeof(text), err,
			 "sys/kernel/irq/%u/actions", number) == 0) {
		*ret_name = strdup(text);
		return *ret_name ? 0 : rt_fail_memory(err);
	}
	snprintf(path, sizeof(path), "proc/irq/%u", number);
	if (rt_sys_list(sys, path, &entries, err) < 0)
		entries.n = 0;
	for (size_t i = 0; i < entries.n; i++) {
		char child[512];

		/* A path that ends with a slash is there only for a folder. */
		snprintf(child, sizeof(child), "%s/%s/", path,
			 entries.items[i]);
		if (!rt_sys_exists(sys, child))
			continue;
		if (name.len)
			rt_strbuf_adds(&name, ",");
		rt_strbuf_adds(&name, entries.items[i]);
	}
	return rt_strbuf_take(&name, ret_name, err);
}

static int read_cpus(struct rt_sys *sys, const char *path,
		     struct rt_cpuset *ret_set, struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(sys, path, text, sizeof(text), err);

	return r < 0 ? r : rt_cpuset_parse_list(text, ret_set, err);
}

static void read_effective(struct rt_sys *sys, struct rt_irq *irq)
{
	char path[64];
	struct rt_err ignored;

	snprintf(path, sizeof(path), "proc/irq/%u/effective_affinity_list",
		 irq->number);
	if (read_cpus(sys, path, &irq->effective, &ignored) < 0)
		irq->effective = irq->affinity;
}

static bool is_passed(const struct rt_journal *journal,
		      const struct rt_pci_addr *device)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (rt_pci_set_has(&journal->active[i].guest.pcidevs, device))
			return true;
	}
	return false;
}

/*
 * The name says whether it is vfio's, which a plan asks of passed devices.
 * A line may be shared: then its owners stand one after the other.
 */
static bool needs_name(const struct reading *reading,
		       const struct owners *owners, const struct owner *owner)
{
	const struct owner *end = owners->items + owners->n;

	if (!reading->journal || !owner)
		return true;
	for (const struct owner *o = owner; o < end && o->irq == owner->irq;
	     o++) {
		if (is_passed(reading->journal, &o->device))
			return true;
	}
	return false;
}

/* 1: filled; 0: it went away meanwhile, or no plan would touch it. */
static int read_irq(const struct reading *reading, unsigned number,
		    bool with_name, struct rt_irq *irq, struct rt_err *err)
{
	char path[64];
	int r;

	memset(irq, 0, sizeof(*irq));
	irq->number = number;
	snprintf(path, sizeof(path), "proc/irq/%u/smp_affinity_list", number);
	/*
	 * From 6.12 the mode says that the kernel would refuse; before, only
	 * the write itself tells.
	 */
	irq->movable = rt_sys_is_writable(reading->sys, path);
	if (reading->journal && !irq->movable)
		return 0;
	r = read_cpus(reading->sys, path, &irq->affinity, err);
	/* EIO: freed while we read. */
	if (r == -ENOENT || r == -EIO)
		return 0;
	if (r < 0)
		return r;
	if (!reading->journal)
		read_effective(reading->sys, irq);
	else if (!with_name &&
		 !rt_plan_concerns(reading->journal, &reading->owned, irq))
		return 0;
	if (with_name)
		r = read_name(reading->sys, number, &irq->name, err);
	else
		irq->name = strdup("");
	if (r == 0 && !irq->name)
		r = rt_fail_memory(err);
	return r < 0 ? r : 1;
}

static int read_irqs(const struct reading *reading, const struct owners *owners,
		     struct rt_facts *facts, struct rt_err *err)
{
	RT_AUTO_FREE unsigned *numbers = NULL;
	struct rt_irqs *irqs = &facts->irqs;
	size_t n = 0;
	int r = rt_sys_list_numbers(reading->sys, "proc/irq", &numbers, &n,
				    err);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct owner *owner = find_owner(owners, numbers[i]);

		if (reading->but && rt_cpuset_has(reading->but, numbers[i]))
			continue;
		if (!rt_grow(&irqs->items, irqs->n, &irqs->size,
			     sizeof(*irqs->items)))
			return rt_fail_memory(err);
		r = read_irq(reading, numbers[i],
			     needs_name(reading, owners, owner),
			     &irqs->items[irqs->n], err);
		if (r == 1)
			assign_device(&irqs->items[irqs->n++], facts, owner);
	}
	return r < 0 ? r : 0;
}

static int read_all(const struct reading *reading, struct rt_facts *facts,
		    struct rt_err *err)
{
	__attribute__((cleanup(fini_owners))) struct owners owners = { 0 };
	int r = read_owners(reading->sys, facts, &owners, err);

	if (r == 0)
		r = read_irqs(reading, &owners, facts, err);
	return r < 0 ? rt_wrap(err, "interrupts") : 0;
}

int rt_facts_read_irqs(struct rt_sys *sys, struct rt_facts *facts,
		       struct rt_err *err)
{
	const struct reading reading = { .sys = sys };

	return read_all(&reading, facts, err);
}

int rt_facts_read_irqs_to_plan(struct rt_sys *sys,
			       const struct rt_journal *journal,
			       struct rt_facts *facts, struct rt_err *err)
{
	struct reading reading = {
		.sys = sys,
		.journal = journal,
		.owned = rt_plan_owned(journal),
	};

	/* What was there before goes back as it is on record. */
	if (rt_cpuset_is_empty(&reading.owned))
		reading.but = journal->seen;
	return read_all(&reading, facts, err);
}

int rt_read_irq_numbers(struct rt_sys *sys, const struct rt_pci_set *devices,
			struct rt_cpuset *ret_all, struct rt_cpuset *ret_theirs,
			struct rt_err *err)
{
	__attribute__((cleanup(fini_owners))) struct owners owners = { 0 };
	RT_AUTO_FREE unsigned *numbers = NULL;
	struct rt_cpuset all = { 0 }, theirs = { 0 };
	size_t n = 0;
	int r = read_owners(sys, NULL, &owners, err);

	if (r == 0)
		r = rt_sys_list_numbers(sys, "proc/irq", &numbers, &n, err);
	if (r < 0)
		return rt_wrap(err, "interrupts");
	for (size_t i = 0; i < n && numbers[i] < RT_CPUS_MAX; i++) {
		const struct owner *owner = find_owner(&owners, numbers[i]);

		rt_cpuset_add(&all, numbers[i]);
		if (owner && rt_pci_set_has(devices, &owner->device))
			rt_cpuset_add(&theirs, numbers[i]);
	}
	*ret_all = all;
	*ret_theirs = theirs;
	return 0;
}
