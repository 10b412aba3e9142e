/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* admit.c - may the host be tuned for this guest now? */
#include "admit.h"

#include "core/base/text.h"

int rt_admit_beside(const struct rt_guest *guest, const struct rt_guest *other,
		    struct rt_err *err)
{
	struct rt_cpuset mine = guest->rt ? guest->owned : guest->cpuset;
	struct rt_cpuset theirs = other->cpuset;

	if (strcmp(other->uuid, guest->uuid) == 0 || (!guest->rt && !other->rt))
		return 0;
	rt_cpuset_or(&theirs, &other->owned);
	rt_cpuset_and(&mine, &theirs);
	if (rt_cpuset_is_empty(&mine))
		return 0;
	return rt_fail(err, 0, "CPUs %s belong to guest '%s', which is running",
		       rt_cpuset_text(&mine).text, other->name);
}

void rt_admit_list(const struct rt_differences *differences,
		   bool (*which)(enum rt_difference_kind kind),
		   struct rt_strbuf *out)
{
	for (size_t i = 0; i < differences->n; i++) {
		if (which(differences->items[i].kind))
			rt_strbuf_addf(out, "%s%s", out->len ? "; " : "",
				       differences->items[i].what);
	}
}

int rt_admit_running(const struct rt_domain *live, const struct rt_guest *guest,
		     struct rt_err *err)
{
	struct rt_differences differences;
	RT_AUTO_STRBUF text = { 0 };
	int r;

	if (!guest->rt)
		return 0;
	r = rt_domain_compare(live, guest, &differences, err);
	if (r < 0)
		return r;
	rt_admit_list(&differences, rt_difference_is_abi, &text);
	rt_differences_fini(&differences);
	if (text.failed)
		return rt_fail_memory(err);
	if (!text.len)
		return 0;
	return rt_fail(err, 0,
		       "it stays tuned as it was, and what kvmrt.cfg says "
		       "takes effect "
		       "at its next start: %s",
		       text.text);
}

int rt_admit_follow(const struct rt_domain *domain, struct rt_guest *guest,
		    struct rt_err *err)
{
	const unsigned usable = rt_cpuset_count(&guest->usable);
	struct rt_pci_set devices = { 0 };
	int r = 0;

	if (usable <= domain->vcpus)
		return rt_fail(err, 0,
			       "%u usable CPUs are needed for its %s, and its "
			       "cpuset has %u",
			       domain->vcpus + 1,
			       rt_count(domain->vcpus, "vCPU").text, usable);
	for (size_t i = 0; r == 0 && i < domain->pcidevs.n; i++)
		r = rt_pci_set_add(&devices, &domain->pcidevs.items[i], err);
	if (r < 0) {
		rt_pci_set_fini(&devices);
		return r;
	}
	rt_pci_set_fini(&guest->pcidevs);
	guest->pcidevs = devices;
	rt_guest_deal(guest, domain->vcpus);
	return 0;
}
