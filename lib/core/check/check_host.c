/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check_host.c - the rules of a guest and the host's devices */
#include "check_rules.h"

#include "core/base/ranges.h"

/* CPUs that a device is near to; empty when it is near to all of them. */
static struct rt_cpuset device_cpus(const struct rt_checking *run,
				    const struct rt_pci_dev *dev)
{
	const struct rt_topo *topo = run->check->topo;
	const struct rt_topo_object *node = NULL;
	struct rt_cpuset cpus = dev->local_cpus;

	/* The kernel's local_cpulist leaves offline CPUs out, the node's
	 * CPUs in our topology do not. */
	if (dev->node >= 0)
		node = rt_topo_find(&topo->nodes, (unsigned)dev->node);
	if (node)
		cpus = node->cpus;
	if (rt_cpuset_is_subset(&topo->online, &cpus))
		rt_cpuset_clear(&cpus);
	return cpus;
}

static bool is_local(const struct rt_checking *run,
		     const struct rt_pci_dev *dev, const struct rt_cpuset *cpus)
{
	const struct rt_cpuset local = device_cpus(run, dev);

	return rt_cpuset_intersects(&local, cpus);
}

/* The guest that a device is passed to, or NULL. */
static const struct rt_guest *holder_of(const struct rt_checking *run,
					const struct rt_pci_addr *addr)
{
	const struct rt_guests *guests = run->check->guests;

	for (size_t i = 0; i < guests->n; i++)
		if (rt_check_counts(run, &guests->items[i]) &&
		    rt_pci_set_has(&guests->items[i].pcidevs, addr))
			return &guests->items[i];
	return NULL;
}

static const struct rt_pci_dev *find_usable(const struct rt_checking *run,
					    const struct rt_guest *guest,
					    const struct rt_pci_addr *addr)
{
	const struct rt_pci_dev *dev =
		rt_pci_devs_find(&run->check->facts->pci, addr);
	const struct rt_pci_text name = rt_pci_text(addr);
	RT_AUTO_STRBUF hint = { 0 };

	if (!dev) {
		rt_strbuf_adds(&hint, "see 'lspci -D' for the addresses that "
				      "there are");
		rt_check_add(run, RT_ERROR, "pci-missing", guest,
			     RT_KEY_PCIDEVS, &hint,
			     "the host has no PCI device %s", name.text);
		return NULL;
	}
	if (dev->bridge) {
		rt_strbuf_addf(&hint,
			       "take %s out of pcidevs, and name the "
			       "devices behind it instead",
			       name.text);
		rt_check_add(run, RT_ERROR, "pci-bridge", guest, RT_KEY_PCIDEVS,
			     &hint,
			     "PCI device %s is a bridge, which cannot "
			     "be passed to a guest",
			     name.text);
		return NULL;
	}
	return dev;
}

/* Is it the first of the guest's devices that is in its IOMMU group? */
static bool is_first_of_group(const struct rt_checking *run,
			      const struct rt_guest *guest,
			      const struct rt_pci_dev *dev)
{
	for (size_t i = 0; i < guest->pcidevs.n; i++) {
		const struct rt_pci_dev *other = rt_pci_devs_find(
			&run->check->facts->pci, &guest->pcidevs.items[i]);

		if (other && !other->bridge && other->group == dev->group)
			return other == dev;
	}
	return true;
}

static void check_group(const struct rt_checking *run,
			const struct rt_guest *guest,
			const struct rt_pci_dev *dev)
{
	const struct rt_pci_devs *devs = &run->check->facts->pci;
	RT_AUTO_STRBUF missing = { 0 };
	RT_AUTO_STRBUF held = { 0 };
	RT_AUTO_STRBUF hint = { 0 };

	if (dev->group < 0 || !is_first_of_group(run, guest, dev))
		return;
	for (size_t i = 0; i < devs->n; i++) {
		const struct rt_pci_dev *other = &devs->items[i];
		const struct rt_pci_text name = rt_pci_text(&other->addr);
		const struct rt_guest *holder;

		if (other->group != dev->group || other->bridge ||
		    rt_pci_set_has(&guest->pcidevs, &other->addr))
			continue;
		rt_strbuf_addf(&missing, "%s%s", missing.len ? " " : "",
			       name.text);
		holder = holder_of(run, &other->addr);
		if (holder)
			rt_strbuf_addf(&held,
				       "; %s is passed to '%s' now, "
				       "which must give it up",
				       name.text, rt_check_label(holder));
	}
	if (missing.failed || held.failed)
		run->report->failed = true;
	if (!missing.len)
		return;
	rt_strbuf_addf(&hint, "add %s to pcidevs%s", missing.text,
		       held.len ? held.text : "");
	rt_check_add(run, RT_ERROR, "pci-group", guest, RT_KEY_PCIDEVS, &hint,
		     "IOMMU group %d of PCI device %s can only be passed as a "
		     "whole, %s is missing",
		     dev->group, rt_pci_text(&dev->addr).text, missing.text);
}

static void check_distance(const struct rt_checking *run,
			   const struct rt_guest *guest,
			   const struct rt_pci_dev *dev)
{
	const struct rt_cpuset local = device_cpus(run, dev);
	RT_AUTO_STRBUF hint = { 0 };

	if (rt_cpuset_is_empty(&local) || rt_cpuset_is_empty(&guest->cpuset) ||
	    rt_cpuset_intersects(&local, &guest->cpuset))
		return;
	if (rt_check_advise_cpuset(run, guest, "pci-far", &hint))
		rt_strbuf_adds(&hint, ", or ");
	rt_strbuf_adds(&hint, "put the card into a slot of the guest's node");
	rt_check_add(run, RT_WARNING, "pci-far", guest, RT_KEY_PCIDEVS, &hint,
		     "PCI device %s is local to %s, none of which is in cpuset",
		     rt_pci_text(&dev->addr).text,
		     rt_check_cpus_text(&local).text);
}

static void check_iommu(const struct rt_checking *run,
			const struct rt_guest *guest,
			struct rt_listing *outside)
{
	RT_AUTO_STRBUF hint = { 0 };

	if (!outside->n)
		return;
	rt_strbuf_adds(&hint, "turn the IOMMU on in the firmware's set-up "
			      "(VT-d, AMD-Vi) and, on Intel, boot with "
			      "intel_iommu=on; see kvmrt-validate-host");
	rt_check_add(run, RT_WARNING, "pci-no-iommu", guest, RT_KEY_PCIDEVS,
		     &hint,
		     "no IOMMU group for %s, without which a device "
		     "cannot be passed to a guest",
		     rt_list_text(outside));
}

/* Does the host itself use it? */
static bool is_hosts(const struct rt_checking *run,
		     const struct rt_pci_dev *dev)
{
	return !dev->bridge && *dev->driver &&
	       strncmp(dev->driver, "vfio", 4) != 0 &&
	       strcmp(dev->driver, "pci-stub") != 0 &&
	       strcmp(dev->driver, "pcieport") != 0 &&
	       !holder_of(run, &dev->addr);
}

static void check_host_devices(const struct rt_checking *run,
			       const struct rt_guest *guest)
{
	const struct rt_pci_devs *devs = &run->check->facts->pci;
	struct rt_listing list = { .n = 0 };
	RT_AUTO_STRBUF hint = { 0 };

	if (!guest->rt)
		return;
	for (size_t i = 0; i < devs->n; i++) {
		const struct rt_pci_dev *dev = &devs->items[i];

		if (!is_hosts(run, dev))
			continue;
		if (is_local(run, dev, &guest->owned))
			rt_list_add(&list, rt_pci_text(&dev->addr).text,
				    dev->driver);
	}
	if (list.n) {
		if (!rt_check_advise_cpuset(run, guest, "host-device", &hint))
			rt_strbuf_adds(&hint, "keep their traffic low");
		rt_strbuf_adds(&hint, ", or put the cards into slots of "
				      "another node");
		rt_check_add(run, RT_WARNING, "host-device", guest,
			     RT_KEY_CPUSET, &hint,
			     "devices of the host are local to its CPUs: %s",
			     rt_list_text(&list));
	}
	rt_list_fini(run, &list);
}

/* The boot CPU of most machines has no `online` file. */
void rt_check_siblings(const struct rt_checking *run,
		       const struct rt_guest *guest)
{
	const struct rt_settings *settings = &run->check->facts->settings;
	struct rt_cpuset stuck = { 0 };
	RT_AUTO_STRBUF hint = { 0 };

	if (!settings->n)
		return;
	RT_CPUSET_FOREACH(cpu, &guest->offline)
	{
		char path[64];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%d/online", cpu);
		if (!rt_settings_find(settings, path))
			rt_cpuset_add(&stuck, (unsigned)cpu);
	}
	if (rt_cpuset_is_empty(&stuck))
		return;
	rt_strbuf_addf(&hint, "take the cores of %s out of cpuset",
		       rt_check_cpus_text(&stuck).text);
	rt_check_add(run, RT_ERROR, "cpu-stays-up", guest, RT_KEY_CPUSET, &hint,
		     "%s must go offline as SMT siblings, which this host "
		     "does not allow",
		     rt_check_cpus_text(&stuck).text);
}

void rt_check_devices(const struct rt_checking *run,
		      const struct rt_guest *guest)
{
	struct rt_listing outside = { .n = 0 };

	for (size_t i = 0; i < guest->pcidevs.n; i++) {
		const struct rt_pci_dev *dev =
			find_usable(run, guest, &guest->pcidevs.items[i]);

		if (!dev)
			continue;
		if (dev->group < 0)
			rt_list_add(&outside, rt_pci_text(&dev->addr).text, "");
		check_group(run, guest, dev);
		check_distance(run, guest, dev);
	}
	check_iommu(run, guest, &outside);
	rt_list_fini(run, &outside);
	check_host_devices(run, guest);
}

/* Is it local to a real-time guest's CPUs, other than its holder's? */
static bool is_near(const struct rt_checking *run,
		    const struct rt_guest *holder, const struct rt_guest *rt,
		    const struct rt_pci_dev *dev)
{
	return rt->rt && rt != holder && rt_check_counts(run, rt) &&
	       (rt_check_concerns(run, rt) || rt_check_concerns(run, holder)) &&
	       is_local(run, dev, &rt->owned);
}

void rt_check_neighbours(const struct rt_checking *run,
			 const struct rt_guest *holder)
{
	const struct rt_guests *guests = run->check->guests;
	struct rt_listing devices = { .n = 0 }, names = { .n = 0 };
	RT_AUTO_STRBUF hint = { 0 };

	for (size_t i = 0; i < holder->pcidevs.n; i++) {
		const struct rt_pci_dev *dev = rt_pci_devs_find(
			&run->check->facts->pci, &holder->pcidevs.items[i]);
		bool near = false;

		if (!dev || dev->bridge)
			continue;
		for (size_t k = 0; !near && k < guests->n; k++)
			near = is_near(run, holder, &guests->items[k], dev);
		if (near)
			rt_list_add(&devices, rt_pci_text(&dev->addr).text, "");
	}
	for (size_t k = 0; devices.n && k < guests->n; k++) {
		bool near = false;

		for (size_t i = 0; !near && i < holder->pcidevs.n; i++) {
			const struct rt_pci_dev *dev =
				rt_pci_devs_find(&run->check->facts->pci,
						 &holder->pcidevs.items[i]);

			near = dev && !dev->bridge &&
			       is_near(run, holder, &guests->items[k], dev);
		}
		if (near)
			rt_list_guest(&names, &guests->items[k]);
	}
	if (devices.n) {
		rt_strbuf_adds(&hint, "pass a device of another node, or put "
				      "the card into a slot of another node");
		rt_check_add(run, RT_WARNING, "pci-neighbour", holder,
			     RT_KEY_PCIDEVS, &hint,
			     "PCI device%s %s %s local to the CPUs of "
			     "real-time guest%s %s",
			     devices.n > 1 ? "s" : "", rt_list_text(&devices),
			     devices.n > 1 ? "are" : "is",
			     names.n > 1 ? "s" : "", rt_list_text(&names));
	}
	rt_list_fini(run, &devices);
	rt_list_fini(run, &names);
}

/* Will an interrupt that cannot be moved be on CPUs that the guest runs on? */
static bool stays(const struct rt_checking *run, const struct rt_guest *guest,
		  const struct rt_irq *irq)
{
	const struct rt_cpuset *now = irq->effective;
	struct rt_cpuset on = irq->affinity;

	if (irq->movable || !irq->has_device || irq->vfio ||
	    holder_of(run, &irq->device))
		return false;
	/* The kernel shuts it down when all of its CPUs go offline. */
	rt_cpuset_and(&on, &guest->usable);
	if (rt_cpuset_is_empty(&on))
		return false;
	/* Where it really is, if the kernel says so: isolcpus=managed_irq
	 * leaves the mask and moves only this. */
	return !now || rt_cpuset_is_empty(now) ||
	       rt_cpuset_intersects(now, &guest->owned);
}

/* Has its mask a CPU that no real-time guest owns? */
static bool can_leave(const struct rt_checking *run, const struct rt_irq *irq)
{
	struct rt_cpuset free = irq->affinity;

	rt_cpuset_and(&free, &run->check->topo->online);
	rt_cpuset_minus(&free, &run->owned);
	return !rt_cpuset_is_empty(&free);
}

/* The device's interrupts that stay and can (or cannot) leave; 0: none. */
static unsigned device_irqs(const struct rt_checking *run,
			    const struct rt_guest *guest,
			    const struct rt_irq *first, bool leaves,
			    struct rt_ranges *numbers, struct rt_cpuset *on)
{
	const struct rt_irqs *irqs = &run->check->facts->irqs;
	const struct rt_irq *last = irqs->items + irqs->n;
	unsigned n = 0;

	for (const struct rt_irq *irq = first; irq < last; irq++) {
		if (!rt_pci_is_equal(&irq->device, &first->device) ||
		    !stays(run, guest, irq) || can_leave(run, irq) != leaves)
			continue;
		n++;
		run->report->failed |= !rt_ranges_add(numbers, irq->number);
		rt_cpuset_or(on, &irq->affinity);
	}
	return n;
}

static bool is_first_of_device(const struct rt_checking *run,
			       const struct rt_guest *guest,
			       const struct rt_irq *irq, bool leaves)
{
	const struct rt_irq *other = run->check->facts->irqs.items;

	for (; other < irq; other++)
		if (rt_pci_is_equal(&other->device, &irq->device) &&
		    stays(run, guest, other) && can_leave(run, other) == leaves)
			return false;
	return true;
}

/* Name a device with its interrupts; *on gets their CPUs. */
static void list_irqs(const struct rt_checking *run,
		      const struct rt_guest *guest, const struct rt_irq *irq,
		      bool leaves, struct rt_listing *list,
		      struct rt_cpuset *on)
{
	RT_AUTO_RANGES numbers = { 0 };
	const unsigned n = device_irqs(run, guest, irq, leaves, &numbers, on);
	RT_AUTO_STRBUF note = { 0 };

	rt_strbuf_adds(&note, "irq ");
	rt_ranges_format(&numbers, &note);
	if (n == 1)
		rt_strbuf_addf(&note, " %.40s", irq->name);
	run->report->failed |= note.failed;
	rt_list_add(list, rt_pci_text(&irq->device).text,
		    note.text ? note.text : "");
}

/*
 * One finding for interrupts that a boot parameter moves, and one for those
 * whose mask has no other CPU, on which the parameter has no effect.
 */
static void check_managed(const struct rt_checking *run,
			  const struct rt_guest *guest, bool leaves)
{
	const struct rt_irqs *irqs = &run->check->facts->irqs;
	const struct rt_cpulist owned = rt_cpuset_text(&run->owned);
	struct rt_listing list = { .n = 0 };
	RT_AUTO_STRBUF hint = { 0 };
	struct rt_cpuset on = { 0 };

	for (size_t i = 0; i < irqs->n; i++) {
		const struct rt_irq *irq = &irqs->items[i];

		if (stays(run, guest, irq) && can_leave(run, irq) == leaves &&
		    is_first_of_device(run, guest, irq, leaves))
			list_irqs(run, guest, irq, leaves, &list, &on);
	}
	rt_cpuset_and(&on, &guest->usable);
	if (list.n) {
		if (leaves)
			rt_strbuf_addf(&hint,
				       "add isolcpus=managed_irq,%s to "
				       "the kernel's boot parameters, nothing "
				       "else moves them",
				       owned.text);
		else
			rt_strbuf_addf(&hint,
				       "they fire only for I/O that was "
				       "started on these CPUs; to keep them "
				       "away, give the device fewer queues and "
				       "boot with isolcpus=managed_irq,%s",
				       owned.text);
		rt_check_add(run, RT_WARNING, "managed-irq", guest,
			     RT_KEY_CPUSET, &hint,
			     "managed interrupts will "
			     "stay on %s: %s",
			     rt_check_cpus_text(&on).text, rt_list_text(&list));
	}
	rt_list_fini(run, &list);
}

void rt_check_interrupts(const struct rt_checking *run,
			 const struct rt_guest *guest)
{
	if (!guest->rt)
		return;
	check_managed(run, guest, true);
	check_managed(run, guest, false);
}
