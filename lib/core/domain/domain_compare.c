/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_compare.c - how a definition differs from what its section wants */
#include "domain_xml.h"

#include <errno.h>
#include <stdarg.h>

struct compare {
	const struct rt_domain *domain;
	const struct rt_guest *guest;
	struct rt_differences *found;
	bool failed; /* for want of memory */
};

void rt_differences_fini(struct rt_differences *differences)
{
	for (size_t i = 0; i < differences->n; i++)
		free(differences->items[i].what);
	free(differences->items);
	memset(differences, 0, sizeof(*differences));
}

static void RT_PRINTF(3, 4)
	differ(struct compare *compare, enum rt_difference_kind kind,
	       const char *fmt, ...)
{
	struct rt_differences *found = compare->found;
	RT_AUTO_STRBUF buf = { 0 };
	struct rt_err ignored;
	char *what;
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(&buf, fmt, args);
	va_end(args);
	if (!rt_grow(&found->items, found->n, &found->size,
		     sizeof(*found->items)) ||
	    rt_strbuf_take(&buf, &what, &ignored) < 0) {
		compare->failed = true;
		return;
	}
	found->items[found->n].kind = kind;
	found->items[found->n++].what = what;
}

struct rt_cpuset rt_domain_vcpu_cpus(const struct rt_guest *guest,
				     unsigned vcpu)
{
	const int cpu = vcpu < guest->nr_vcpus ?
				rt_cpuset_nth(&guest->vcpus, vcpu) :
				-1;
	struct rt_cpuset set = { 0 };

	if (cpu < 0)
		return guest->service;
	rt_cpuset_add(&set, (unsigned)cpu);
	return set;
}

int rt_domain_check_guest(const struct rt_domain *domain,
			  const struct rt_guest *guest, struct rt_err *err)
{
	if (*domain->uuid && *guest->uuid &&
	    strcmp(domain->uuid, guest->uuid) != 0)
		return rt_fail(err, 0,
			       "the definition is of another guest, UUID %s "
			       "instead of %s",
			       domain->uuid, guest->uuid);
	if (!guest->nr_vcpus || guest->nr_vcpus > RT_CPUS_MAX)
		return rt_fail(err, 0, "nr_vcpus cannot be worked out");
	if (!rt_cpuset_is_empty(&guest->cpuset) &&
	    rt_cpuset_is_empty(&guest->usable))
		return rt_fail(err, 0, "cpuset %s has no usable CPU",
			       rt_cpuset_text(&guest->cpuset).text);
	if (!guest->rt)
		return 0;
	if (rt_cpuset_count(&guest->vcpus) != guest->nr_vcpus ||
	    rt_cpuset_is_empty(&guest->service) ||
	    rt_cpuset_is_empty(&guest->usable))
		return rt_fail(err, 0,
			       "its usable CPUs '%s' are too few for %u vCPUs "
			       "and one service CPU",
			       rt_cpuset_text(&guest->usable).text,
			       guest->nr_vcpus);
	return 0;
}

/* The next line that is not blank, without the blanks at its ends. */
static bool next_line(const char **at, const char **ret, size_t *ret_len)
{
	static const char blanks[] = " \t\r\n";
	const char *line = *at + strspn(*at, blanks);
	size_t len = strcspn(line, "\n");

	*at = line + len;
	while (len && strchr(blanks, line[len - 1]))
		len--;
	*ret = line;
	*ret_len = len;
	return len > 0;
}

static bool same_text(const char *a, const char *b)
{
	const char *line_a, *line_b;
	size_t len_a, len_b;

	for (;;) {
		const bool more_a = next_line(&a, &line_a, &len_a);
		const bool more_b = next_line(&b, &line_b, &len_b);

		if (!more_a || !more_b)
			return more_a == more_b;
		if (len_a != len_b || memcmp(line_a, line_b, len_a) != 0)
			return false;
	}
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void compare_identity(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_guest *guest = compare->guest;

	if (strcmp(domain->name, text_of(guest->name)) != 0)
		differ(compare, RT_DIFF_NAME,
		       "name: the definition has '%s', kvmrt.cfg wants '%s'",
		       rt_cut_text(domain->name).text,
		       rt_cut_text(text_of(guest->name)).text);
	if (!same_text(domain->title, text_of(guest->title)))
		differ(compare, RT_DIFF_TEXT,
		       "title: the definition has '%s', kvmrt.cfg wants '%s'",
		       rt_cut_text(domain->title).text,
		       rt_cut_text(text_of(guest->title)).text);
	if (!same_text(domain->description, text_of(guest->description)))
		differ(compare, RT_DIFF_TEXT,
		       "description: the definition has '%s', kvmrt.cfg wants "
		       "'%s'",
		       rt_cut_text(domain->description).text,
		       rt_cut_text(text_of(guest->description)).text);
}

static void compare_vcpus(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const unsigned want = compare->guest->nr_vcpus;

	if (domain->vcpus != want)
		differ(compare, RT_DIFF_VCPUS,
		       "vCPUs: the definition has %u, kvmrt.cfg wants %u",
		       domain->vcpus, want);
	else if (compare->guest->rt && domain->vcpus_current != want)
		differ(compare, RT_DIFF_VCPUS,
		       "vCPUs: the definition starts with %u of its %u, a "
		       "real-time guest starts with all",
		       domain->vcpus_current, want);
}

static bool topology_fits(const struct rt_domain *domain,
			  const struct rt_guest *guest)
{
	const bool any = !guest->section || guest->section->topology_auto;
	const unsigned parts[] = { domain->sockets, domain->dies,
				   domain->clusters, domain->cores,
				   domain->threads };
	unsigned long long product = 1;

	if (!any)
		return domain->has_topology &&
		       domain->sockets == guest->sockets &&
		       domain->cores == guest->cores &&
		       domain->threads == guest->threads && domain->dies == 1 &&
		       domain->clusters == 1;
	if (!domain->has_topology)
		return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		product *= parts[i];
		if (product > RT_CPUS_MAX)
			return false;
	}
	return product == guest->nr_vcpus;
}

static void compare_topology(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_guest *guest = compare->guest;
	char has[96] = "none";

	if (topology_fits(domain, guest))
		return;
	if (domain->has_topology)
		snprintf(has, sizeof(has), "%u,%u,%u", domain->sockets,
			 domain->cores, domain->threads);
	if (domain->has_topology && (domain->dies > 1 || domain->clusters > 1))
		snprintf(has + strlen(has), sizeof(has) - strlen(has),
			 " with %u dies and %u clusters", domain->dies,
			 domain->clusters);
	if (guest->section && !guest->section->topology_auto)
		differ(compare, RT_DIFF_TOPOLOGY,
		       "CPU topology: the definition has %s, kvmrt.cfg wants "
		       "%u,%u,%u",
		       has, guest->sockets, guest->cores, guest->threads);
	else
		differ(compare, RT_DIFF_TOPOLOGY,
		       "CPU topology: the definition has %s, which is not %u "
		       "vCPUs",
		       has, guest->nr_vcpus);
}

bool rt_domain_cpuset_is_right(const struct rt_domain *domain,
			       const struct rt_guest *guest)
{
	return domain->has_cpuset &&
	       (rt_cpuset_is_equal(&domain->cpuset, &guest->cpuset) ||
		rt_cpuset_is_equal(&domain->cpuset, &guest->usable));
}

static void compare_cpuset(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_cpuset *want = &compare->guest->cpuset;
	const struct rt_cpulist list = rt_cpuset_text(&domain->cpuset);
	const char *has = domain->placement_auto ? "placement='auto'" :
			  domain->has_cpuset	 ? list.text :
						   "none";

	if (rt_cpuset_is_empty(want) && domain->has_cpuset)
		differ(compare, RT_DIFF_PLACEMENT,
		       "cpuset: the definition has %s, kvmrt.cfg wants none",
		       has);
	else if (!rt_cpuset_is_empty(want) &&
		 !rt_domain_cpuset_is_right(domain, compare->guest))
		differ(compare, RT_DIFF_PLACEMENT,
		       "cpuset: the definition has %s, kvmrt.cfg wants %s", has,
		       rt_cpuset_text(want).text);
}

/* An RT guest: each thread of the kind has a pin, and the right one. */
static void compare_rt_pins(struct compare *compare, const char *kind,
			    const struct rt_domain_pins *pins, unsigned exist,
			    bool vcpus)
{
	const struct rt_guest *guest = compare->guest;
	unsigned wrong = 0, id = 0;
	struct rt_cpulist has, want;

	for (size_t i = 0; i < pins->n; i++) {
		const struct rt_domain_pin *pin = &pins->items[i];
		const struct rt_cpuset cpus =
			vcpus ? rt_domain_vcpu_cpus(guest, pin->id) :
				guest->service;

		if (rt_cpuset_is_equal(&pin->cpus, &cpus) || wrong++)
			continue;
		id = pin->id;
		has = rt_cpuset_text(&pin->cpus);
		want = rt_cpuset_text(&cpus);
	}
	if (wrong)
		differ(compare, RT_DIFF_PLACEMENT,
		       "%s pins: %s %u is on %s, kvmrt.cfg wants %s (%u of %u "
		       "differ)",
		       kind, kind, id, has.text, want.text, wrong, exist);
	if (pins->n < exist)
		differ(compare, RT_DIFF_PLACEMENT,
		       "%s pins: the definition has %zu, kvmrt.cfg wants %u",
		       kind, pins->n, exist);
}

static void compare_rt_placement(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_cpuset *service = &compare->guest->service;

	compare_rt_pins(compare, "vCPU", &domain->vcpupins, domain->vcpus,
			true);
	if (domain->stale_vcpupins)
		differ(compare, RT_DIFF_PLACEMENT,
		       "vCPU pins: the definition pins vCPUs that it has not "
		       "got");
	if (!domain->has_emulatorpin ||
	    !rt_cpuset_is_equal(&domain->emulatorpin, service))
		differ(compare, RT_DIFF_PLACEMENT,
		       "emulator pin: the definition has %s, kvmrt.cfg wants "
		       "%s",
		       domain->has_emulatorpin ?
			       rt_cpuset_text(&domain->emulatorpin).text :
			       "none",
		       rt_cpuset_text(service).text);
	compare_rt_pins(compare, "iothread", &domain->iothreadpins,
			rt_cpuset_count(&domain->iothreads), false);
}

static void compare_own_pins(struct compare *compare, const char *kind,
			     const struct rt_domain_pins *pins)
{
	const struct rt_cpuset *cpus = &compare->guest->usable;

	for (size_t i = 0; i < pins->n; i++) {
		if (rt_cpuset_is_subset(&pins->items[i].cpus, cpus))
			continue;
		differ(compare, RT_DIFF_PLACEMENT,
		       "%s pins: %s %u is on %s, outside of its cpuset %s",
		       kind, kind, pins->items[i].id,
		       rt_cpuset_text(&pins->items[i].cpus).text,
		       rt_cpuset_text(cpus).text);
		return;
	}
}

static void compare_placement(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_guest *guest = compare->guest;

	compare_cpuset(compare);
	if (guest->rt) {
		compare_rt_placement(compare);
		return;
	}
	if (rt_cpuset_is_empty(&guest->usable))
		return;
	compare_own_pins(compare, "vCPU", &domain->vcpupins);
	if (domain->has_emulatorpin &&
	    !rt_cpuset_is_subset(&domain->emulatorpin, &guest->usable))
		differ(compare, RT_DIFF_PLACEMENT,
		       "emulator pin: the emulator is on %s, outside of its "
		       "cpuset %s",
		       rt_cpuset_text(&domain->emulatorpin).text,
		       rt_cpuset_text(&guest->usable).text);
	compare_own_pins(compare, "iothread", &domain->iothreadpins);
}

static void compare_memory(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const bool want = compare->guest->locked;

	if (want != domain->locked)
		differ(compare, RT_DIFF_MEMORY,
		       "locked memory: the definition has %s, kvmrt.cfg wants "
		       "%s",
		       domain->locked ? "yes" : "no", want ? "yes" : "no");
	/* An ordinary guest's own choice stays. */
	if (want && compare->guest->rt && !domain->nosharepages)
		differ(compare, RT_DIFF_MEMORY,
		       "page sharing: the definition allows it, kvmrt.cfg "
		       "wants locked memory");
}

static void compare_nodes(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_guest *guest = compare->guest;
	const struct rt_cpuset *want = &guest->nodes;
	char has[256] = "none";

	if (domain->has_nodes)
		snprintf(has, sizeof(has), "%s%s",
			 rt_cpuset_text(&domain->nodes).text,
			 domain->nodes_strict ? "" : ", not strict");
	if (rt_cpuset_is_empty(want)) {
		if (domain->has_nodes && domain->nodes_strict)
			differ(compare, RT_DIFF_NODES,
			       "NUMA nodes: the definition has %s, kvmrt.cfg "
			       "wants none",
			       has);
		return;
	}
	if (!domain->has_nodes || !domain->nodes_strict ||
	    !rt_cpuset_is_equal(&domain->nodes, want))
		differ(compare, RT_DIFF_NODES,
		       "NUMA nodes: the definition has %s, kvmrt.cfg wants %s",
		       has, rt_cpuset_text(want).text);
	if (guest->rt && !rt_cpuset_is_subset(&domain->memnodes, want))
		differ(compare, RT_DIFF_NODES,
		       "NUMA nodes: the definition has guest cells on %s, "
		       "kvmrt.cfg wants %s",
		       rt_cpuset_text(&domain->memnodes).text,
		       rt_cpuset_text(want).text);
}

static void compare_hidden(struct compare *compare)
{
	if (compare->domain->hide_kvm != compare->guest->hide_kvm)
		differ(compare, RT_DIFF_HIDE_KVM,
		       "hidden KVM: the definition has %s, kvmrt.cfg wants %s",
		       compare->domain->hide_kvm ? "on" : "off",
		       compare->guest->hide_kvm ? "on" : "off");
}

static void compare_devices(struct compare *compare)
{
	const struct rt_domain *domain = compare->domain;
	const struct rt_pci_set *want = &compare->guest->pcidevs;

	for (size_t i = 0; i < want->n; i++) {
		const struct rt_pci_addr *addr = &want->items[i];

		if (!rt_pci_set_has(&domain->pcidevs, addr))
			differ(compare, RT_DIFF_DEVICES,
			       "PCI device %s: kvmrt.cfg passes it, the "
			       "definition does not",
			       rt_pci_text(addr).text);
		else if (compare->guest->rt &&
			 rt_pci_set_has(&domain->unmanaged, addr))
			differ(compare, RT_DIFF_DEVICES,
			       "PCI device %s: the definition has it without "
			       "managed='yes'",
			       rt_pci_text(addr).text);
	}
	for (size_t i = 0; i < domain->pcidevs.n; i++) {
		const struct rt_pci_addr *addr = &domain->pcidevs.items[i];

		if (!rt_pci_set_has(want, addr) &&
		    !rt_pci_set_has(&domain->netdevs, addr))
			differ(compare, RT_DIFF_DEVICES,
			       "PCI device %s: the definition passes it, "
			       "kvmrt.cfg does not",
			       rt_pci_text(addr).text);
	}
}

int rt_domain_compare(const struct rt_domain *domain,
		      const struct rt_guest *guest,
		      struct rt_differences *ret_differences,
		      struct rt_err *err)
{
	struct rt_differences found = { 0 };
	struct compare compare = { domain, guest, &found, false };
	int r = rt_domain_check_guest(domain, guest, err);

	if (r < 0)
		return r;
	compare_identity(&compare);
	compare_vcpus(&compare);
	compare_topology(&compare);
	compare_placement(&compare);
	compare_memory(&compare);
	compare_nodes(&compare);
	compare_hidden(&compare);
	compare_devices(&compare);
	if (compare.failed) {
		rt_differences_fini(&found);
		return rt_fail_memory(err);
	}
	*ret_differences = found;
	return 0;
}

bool rt_difference_is_abi(enum rt_difference_kind kind)
{
	return kind == RT_DIFF_VCPUS || kind == RT_DIFF_TOPOLOGY ||
	       kind == RT_DIFF_HIDE_KVM || kind == RT_DIFF_DEVICES;
}

bool rt_difference_is_mendable(enum rt_difference_kind kind)
{
	return kind == RT_DIFF_PLACEMENT || kind == RT_DIFF_NODES;
}

bool rt_difference_is_grave(enum rt_difference_kind kind)
{
	switch (kind) {
	case RT_DIFF_VCPUS:
	case RT_DIFF_TOPOLOGY:
	case RT_DIFF_MEMORY:
	case RT_DIFF_HIDE_KVM:
	case RT_DIFF_DEVICES:
		return true;
	case RT_DIFF_NAME:
	case RT_DIFF_TEXT:
	case RT_DIFF_PLACEMENT:
	case RT_DIFF_NODES:
		return false;
	}
	return true;
}
