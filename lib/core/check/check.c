/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.c - all rules, and those between guests */
#include "check_rules.h"

static void check_overlap(const struct rt_checking *run,
			  const struct rt_guest *rt,
			  const struct rt_guest *other)
{
	const char *name = rt_check_label(rt);
	struct rt_cpuset both = other->cpuset;
	RT_AUTO_STRBUF hint = { 0 };
	struct rt_cpuset named;

	rt_cpuset_or(&both, &other->owned);
	rt_cpuset_and(&both, &rt->owned);
	if (rt_cpuset_is_empty(&both))
		return;

	named = both;
	rt_cpuset_and(&named, &rt->cpuset);
	rt_cpuset_and(&named, &other->cpuset);
	if (rt_check_advise_cpuset(run, other, "cpu-overlap", &hint))
		rt_strbuf_addf(&hint, ": these are not of '%s'", name);
	else if (rt_cpuset_is_empty(&named))
		rt_strbuf_addf(&hint,
			       "a real-time guest owns whole cores: "
			       "keep all threads of a core in one guest's "
			       "cpuset, here or in '%s'",
			       name);
	else
		rt_strbuf_addf(&hint, "take %s out of cpuset here or in '%s'",
			       rt_cpuset_text(&named).text, name);
	rt_check_add(run, RT_ERROR, "cpu-overlap", other, RT_KEY_CPUSET, &hint,
		     "%s%s also of real-time guest '%s' (line %u)",
		     rt_check_cpus_text(&both).text,
		     rt_cpuset_count(&both) == 1 ? " is" : " are", name,
		     rt_check_line(rt, RT_KEY_CPUSET));
}

static void check_shared_devices(const struct rt_checking *run,
				 const struct rt_guest *first,
				 const struct rt_guest *second)
{
	const char *name = rt_check_label(first);
	RT_AUTO_STRBUF hint = { 0 };

	for (size_t i = 0; i < second->pcidevs.n; i++) {
		const struct rt_pci_addr *addr = &second->pcidevs.items[i];

		if (!rt_pci_set_has(&first->pcidevs, addr))
			continue;
		rt_strbuf_addf(&hint, "take %s out of pcidevs here or in '%s'",
			       rt_pci_text(addr).text, name);
		rt_check_add(run, RT_ERROR, "pci-shared", second,
			     RT_KEY_PCIDEVS, &hint,
			     "PCI device %s is passed to guest '%s' too "
			     "(line %u)",
			     rt_pci_text(addr).text, name,
			     rt_check_line(first, RT_KEY_PCIDEVS));
	}
}

/* first stands before second in the file. */
static void check_pair(const struct rt_checking *run,
		       const struct rt_guest *first,
		       const struct rt_guest *second)
{
	/* The finding is the ordinary guest's, or the later one's. */
	const struct rt_guest *rt = first->rt ? first : second;
	const struct rt_guest *other = first->rt ? second : first;

	check_shared_devices(run, first, second);
	if (rt->rt)
		check_overlap(run, rt, other);
}

static void check_pairs(const struct rt_checking *run)
{
	const struct rt_guests *guests = run->check->guests;

	for (size_t j = 1; j < guests->n; j++) {
		const struct rt_guest *second = &guests->items[j];

		const bool concerned = rt_check_concerns(run, second);

		if (!rt_check_counts(run, second))
			continue;
		for (size_t i = 0; i < j; i++) {
			const struct rt_guest *first = &guests->items[i];

			if ((concerned || rt_check_concerns(run, first)) &&
			    rt_check_counts(run, first))
				check_pair(run, first, second);
		}
	}
}

/*
 * Reported once, for the guest that takes the last CPU. It concerns every
 * real-time guest, since any of them can do with one CPU less.
 */
static void check_housekeeping(const struct rt_checking *run)
{
	const struct rt_guests *guests = run->check->guests;
	struct rt_cpuset left = run->check->topo->online;
	const struct rt_guest *last = NULL;
	RT_AUTO_STRBUF hint = { 0 };
	bool concerned = false;

	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];

		if (!guest->rt || !rt_check_counts(run, guest))
			continue;
		concerned |= rt_check_concerns(run, guest);
		if (!last && rt_cpuset_is_subset(&left, &guest->owned))
			last = guest;
		rt_cpuset_minus(&left, &guest->owned);
	}
	if (!last || !concerned)
		return;
	rt_strbuf_adds(&hint, "leave at least one whole core, preferably that "
			      "of CPU 0, out of every real-time cpuset");
	rt_check_add(run, RT_ERROR, "no-housekeeping", last, RT_KEY_CPUSET,
		     &hint,
		     "the real-time guests together take all online "
		     "CPUs (%s), none is left for the host",
		     rt_cpuset_text(&run->check->topo->online).text);
}

static void take_stock(struct rt_checking *run)
{
	const struct rt_guests *guests = run->check->guests;

	for (size_t i = 0; i < guests->n; i++) {
		const struct rt_guest *guest = &guests->items[i];

		if (!rt_check_counts(run, guest))
			continue;
		rt_cpuset_or(&run->named, &guest->cpuset);
		rt_cpuset_or(&run->named, &guest->owned);
		if (!guest->rt)
			continue;
		rt_cpuset_or(&run->owned, &guest->owned);
		rt_cpuset_or(&run->offline, &guest->offline);
	}
}

void rt_check(const struct rt_check *check, struct rt_report *report)
{
	struct rt_checking run = {
		.check = check,
		.report = report,
		.n_before = report->n,
	};

	take_stock(&run);
	for (size_t i = 0; i < check->guests->n; i++) {
		const struct rt_guest *guest = &check->guests->items[i];

		if (!rt_check_counts(&run, guest) ||
		    !rt_check_concerns(&run, guest))
			continue;
		rt_check_guest(&run, guest);
		if (check->facts) {
			rt_check_siblings(&run, guest);
			rt_check_devices(&run, guest);
			rt_check_interrupts(&run, guest);
		}
	}
	for (size_t i = 0; check->facts && i < check->guests->n; i++) {
		if (rt_check_counts(&run, &check->guests->items[i]))
			rt_check_neighbours(&run, &check->guests->items[i]);
	}
	check_pairs(&run);
	rt_check_shared_nodes(&run);
	check_housekeeping(&run);
}
