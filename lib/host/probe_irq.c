/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe_irq.c - interrupts: name, affinity, device, and whether they move
 *
 * The hook reads all of them, thousands on a large host; of an interrupt that
 * no plan would touch it reads only the mode and the affinity. The node is that
 * of the device, read once a device.
 */
#include "probe.h"

#include <errno.h>
#include <limits.h>

#include "core/plan/plan.h"
#include "irq_owners.h"
#include "unread.h"

/* What a reading is for: a plan for the guests of *journal; NULL: anything. */
struct reading {
	struct rt_sys *sys;
	const struct rt_journal *journal;
	struct rt_cpuset owned;
	const struct rt_ranges *but; /* not these; NULL: all */
	struct mask *last;	     /* the latest affinity that was read */
};

/* Neighbours often have the same: then its text is not parsed again. */
struct mask {
	char text[RT_CPULIST_MAX];
	struct rt_cpuset cpus;
};

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
			  const struct rt_owner *owner)
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
 * The names of the handlers: one file since 4.9. The directories of /proc/irq/N
 * say the same on a kernel or in a tree without it.
 */
static int read_name(struct rt_sys *sys, unsigned number, char **ret_name,
		     struct rt_err *err)
{
	char text[4096], path[64];
	RT_AUTO_NAMES entries = { 0 };
	RT_AUTO_STRBUF name = { 0 };
	int r;

	r = rt_sys_readf(sys, text, sizeof(text), err,
			 "sys/kernel/irq/%u/actions", number);
	if (r == 0) {
		*ret_name = strdup(text);
		return *ret_name ? 0 : rt_fail_memory(err);
	}
	if (r != -ENOENT && r != -ENODEV && r != -EFBIG)
		return r;
	snprintf(path, sizeof(path), "proc/irq/%u", number);
	if (rt_sys_list(sys, path, &entries, err) < 0)
		entries.n = 0;
	for (size_t i = 0; i < entries.n; i++) {
		char child[PATH_MAX];

		/* A path that ends with a slash is there only for a directory. */
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

static int read_affinity(const struct reading *reading, const char *path,
			 struct rt_cpuset *ret_set, struct rt_err *err)
{
	struct mask *last = reading->last;
	char text[RT_CPULIST_MAX];
	int r = rt_sys_read(reading->sys, path, text, sizeof(text), err);

	if (r == 0 && strcmp(text, last->text) != 0) {
		r = rt_cpuset_parse_list(text, &last->cpus, err);
		memcpy(last->text, r < 0 ? "" : text,
		       r < 0 ? 1 : strlen(text) + 1);
	}
	if (r == 0)
		*ret_set = last->cpus;
	return r;
}

/* An older kernel, or an interrupt that nobody uses, has no such file. */
static int read_effective(struct rt_sys *sys, struct rt_irq *irq,
			  struct rt_err *err)
{
	char text[RT_CPULIST_MAX];
	struct rt_cpuset cpus;
	struct rt_err ignored;

	if (rt_sys_readf(sys, text, sizeof(text), &ignored,
			 "proc/irq/%u/effective_affinity_list",
			 irq->number) < 0 ||
	    rt_cpuset_parse_list(text, &cpus, &ignored) < 0)
		return 0;
	irq->effective = malloc(sizeof(cpus));
	if (!irq->effective)
		return rt_fail_memory(err);
	*irq->effective = cpus;
	return 0;
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
		       const struct rt_owners *owners,
		       const struct rt_owner *owner)
{
	if (!reading->journal || !owner)
		return true;
	for (; owner; owner = rt_owners_next(owners, owner)) {
		if (is_passed(reading->journal, &owner->device))
			return true;
	}
	return false;
}

/* 1: its name is read, and where it is; 0: no plan would touch it. */
static int read_rest(const struct reading *reading, bool with_name,
		     struct rt_irq *irq, struct rt_err *err)
{
	int r = 0;

	if (reading->journal && !with_name &&
	    !rt_plan_concerns(reading->journal, &reading->owned, irq))
		return 0;
	if (with_name)
		r = read_name(reading->sys, irq->number, &irq->name, err);
	else
		irq->name = strdup("");
	if (r == 0 && !irq->name)
		r = rt_fail_memory(err);
	if (r == 0 && !reading->journal)
		r = read_effective(reading->sys, irq, err);
	if (r < 0)
		free(irq->name);
	return r < 0 ? r : 1;
}

/* 1: filled; 0: it went away meanwhile, or no plan would touch it. */
static int read_irq(const struct reading *reading, unsigned number,
		    bool with_name, struct rt_irq *irq, struct rt_err *err)
{
	char path[64];
	int r;

	/* Do not clear all of it: most are dropped, and a set is large. */
	irq->number = number;
	irq->name = NULL;
	irq->effective = NULL;
	irq->has_device = irq->vfio = false;
	irq->device = (struct rt_pci_addr){ 0 };
	snprintf(path, sizeof(path), "proc/irq/%u/smp_affinity_list", number);
	/*
	 * From 6.12 on the mode says whether the kernel would refuse; before,
	 * only a write shows it.
	 */
	irq->movable = rt_sys_is_writable(reading->sys, path);
	if (reading->journal && !irq->movable)
		return 0;
	r = read_affinity(reading, path, &irq->affinity, err);
	/* EIO: freed while we read. */
	if (r == -ENOENT || r == -EIO)
		return 0;
	return r < 0 ? r : read_rest(reading, with_name, irq, err);
}

/* Those that are to be read, of all that there are. */
static int list_irqs(const struct reading *reading, unsigned **ret_numbers,
		     size_t *ret_n, struct rt_err *err)
{
	unsigned *numbers = NULL;
	size_t n = 0, saved = 0;
	int r = rt_sys_list_numbers(reading->sys, "proc/irq", &numbers, &n,
				    err);

	for (size_t i = 0; i < n; i++) {
		if (!reading->but || !rt_ranges_has(reading->but, numbers[i]))
			numbers[saved++] = numbers[i];
	}
	if (r == 0) {
		*ret_numbers = numbers;
		*ret_n = saved;
	}
	return r;
}

static int add_unread(struct rt_facts *facts, unsigned number,
		      struct rt_err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "proc/irq/%u", number);
	return rt_unread_below(facts, path, err);
}

static int read_irqs(const struct reading *reading, const unsigned *numbers,
		     size_t n, const struct rt_owners *owners,
		     struct rt_facts *facts, struct rt_err *err)
{
	struct rt_irqs *irqs = &facts->irqs;
	struct rt_unread unread = { .what = "interrupts" };

	for (size_t i = 0; i < n; i++) {
		const struct rt_owner *owner =
			rt_owners_find(owners, numbers[i]);
		struct rt_err why;
		int r;

		if (!rt_grow(&irqs->items, irqs->n, &irqs->size,
			     sizeof(*irqs->items)))
			return rt_fail_memory(err);
		r = read_irq(reading, numbers[i],
			     needs_name(reading, owners, owner),
			     &irqs->items[irqs->n], &why);
		if (r < 0)
			rt_unread_count(&unread, &why);
		if (r < 0 && add_unread(facts, numbers[i], err) < 0)
			return -ENOMEM;
		if (r == 1)
			assign_device(&irqs->items[irqs->n++], facts, owner);
	}
	return rt_unread_tell(&unread, facts, err);
}

static int read_all(const struct reading *reading, struct rt_facts *facts,
		    struct rt_err *err)
{
	RT_AUTO_OWNERS owners = { 0 };
	RT_AUTO_FREE unsigned *numbers = NULL;
	size_t n = 0;
	struct rt_err why;
	int r;

	if (list_irqs(reading, &numbers, &n, &why) < 0)
		return rt_unread_add(facts, &why, err) < 0 ?
			       -ENOMEM :
			       rt_unread_below(facts, "proc/irq", err);
	r = rt_owners_init(&owners, numbers, n, err);
	/* The last guest is gone and no interrupt came: no device matters. */
	if (r == 0 && n)
		r = rt_owners_read(reading->sys, facts, &owners, err);
	if (r == 0)
		r = read_irqs(reading, numbers, n, &owners, facts, err);
	return r < 0 ? rt_wrap(err, "interrupts") : 0;
}

int rt_facts_read_irqs(struct rt_sys *sys, struct rt_facts *facts,
		       struct rt_err *err)
{
	struct mask last = { .text = "" };
	const struct reading reading = { .sys = sys, .last = &last };

	return read_all(&reading, facts, err);
}

int rt_facts_read_irqs_to_plan(struct rt_sys *sys,
			       const struct rt_journal *journal,
			       struct rt_facts *facts, struct rt_err *err)
{
	struct mask last = { .text = "" };
	struct reading reading = {
		.sys = sys,
		.journal = journal,
		.owned = rt_plan_owned(journal),
		.last = &last,
	};

	/* An interrupt that was there before is restored from the record. */
	if (rt_cpuset_is_empty(&reading.owned))
		reading.but = journal->seen;
	return read_all(&reading, facts, err);
}

/* A line that it shares with a device of the host was there before. */
static bool is_theirs(const struct rt_owners *owners,
		      const struct rt_owner *owner,
		      const struct rt_pci_set *devices)
{
	const bool any = owner;

	while (owner && rt_pci_set_has(devices, &owner->device))
		owner = rt_owners_next(owners, owner);
	return any && !owner;
}

int rt_read_irqs_seen(struct rt_sys *sys, const struct rt_pci_set *devices,
		      const struct rt_ranges *before,
		      struct rt_ranges *ret_seen, struct rt_err *err)
{
	RT_AUTO_OWNERS owners = { 0 };
	RT_AUTO_RANGES seen = { 0 };
	RT_AUTO_FREE unsigned *numbers = NULL;
	size_t n = 0;
	int r = rt_sys_list_numbers(sys, "proc/irq", &numbers, &n, err);

	if (r == 0)
		r = rt_owners_init(&owners, numbers, n, err);
	if (r == 0)
		r = rt_owners_read_of(sys, devices, &owners, err);
	if (r < 0)
		return rt_wrap(err, "interrupts");
	if (before && !rt_ranges_copy(before, &seen))
		return rt_fail_memory(err);
	for (size_t i = 0; i < n; i++) {
		const bool theirs = is_theirs(
			&owners, rt_owners_find(&owners, numbers[i]), devices);

		if (theirs ? !rt_ranges_remove(&seen, numbers[i]) :
			     !before && !rt_ranges_add(&seen, numbers[i]))
			return rt_fail_memory(err);
	}
	*ret_seen = seen;
	memset(&seen, 0, sizeof(seen));
	return 0;
}
