/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view.c - what each CPU and each device is to the guests */
#include "view.h"

#include "core/base/banned.h"

const char *rt_use_name(enum rt_use use)
{
	static const char *const names[] = {
		[RT_USE_NONE] = "",	      [RT_USE_SHARED] = "shared",
		[RT_USE_VCPU] = "vCPU",	      [RT_USE_SERVICE] = "service",
		[RT_USE_OFFLINE] = "offline", [RT_USE_IDLE] = "idle",
	};

	return names[use];
}

static unsigned vcpu_on(const struct rt_guest *guest, unsigned cpu)
{
	unsigned vcpu = 0;

	RT_CPUSET_FOREACH(before, &guest->vcpus)
	{
		if (before >= (int)cpu)
			break;
		vcpu++;
	}
	return vcpu;
}

enum rt_use rt_guest_use(const struct rt_guest *guest, unsigned cpu,
			 unsigned *ret_vcpu)
{
	if (!guest->rt)
		return rt_cpuset_has(&guest->cpuset, cpu) ? RT_USE_SHARED :
							    RT_USE_NONE;
	if (rt_cpuset_has(&guest->offline, cpu))
		return RT_USE_OFFLINE;
	if (rt_cpuset_has(&guest->vcpus, cpu)) {
		if (ret_vcpu)
			*ret_vcpu = vcpu_on(guest, cpu);
		return RT_USE_VCPU;
	}
	if (rt_cpuset_has(&guest->service, cpu))
		return RT_USE_SERVICE;
	return rt_cpuset_has(&guest->owned, cpu) ? RT_USE_IDLE : RT_USE_NONE;
}

bool rt_guest_uses(const struct rt_guest *guest, const struct rt_cpuset *cpus)
{
	return rt_cpuset_intersects(&guest->cpuset, cpus) ||
	       rt_cpuset_intersects(&guest->owned, cpus);
}

int rt_guest_refs_add(struct rt_guest_refs *refs, const struct rt_guest *guest,
		      struct rt_err *err)
{
	if (!rt_grow(&refs->items, refs->n, &refs->size, sizeof(*refs->items)))
		return rt_fail_memory(err);
	refs->items[refs->n++] = guest;
	return 0;
}

void rt_guest_refs_fini(struct rt_guest_refs *refs)
{
	free(refs->items);
	memset(refs, 0, sizeof(*refs));
}

struct rt_cpu_role rt_cpu_role(const struct rt_guest_refs *refs, unsigned cpu)
{
	struct rt_cpu_role role = { 0 };

	for (size_t i = 0; i < refs->n; i++) {
		const struct rt_guest *guest = refs->items[i];

		if (!guest->rt || !rt_cpuset_has(&guest->owned, cpu))
			continue;
		role.use = rt_guest_use(guest, cpu, &role.vcpu);
		role.guest = guest;
		break;
	}
	return role;
}

struct rt_cpuset rt_housekeeping(const struct rt_guest_refs *refs,
				 const struct rt_topo *topo)
{
	struct rt_cpuset left = topo->online;

	for (size_t i = 0; i < refs->n; i++) {
		if (refs->items[i]->rt)
			rt_cpuset_minus(&left, &refs->items[i]->owned);
	}
	return left;
}

const struct rt_guest *rt_device_guest(const struct rt_guest_refs *refs,
				       const struct rt_pci_addr *addr)
{
	for (size_t i = 0; i < refs->n; i++) {
		if (rt_pci_set_has(&refs->items[i]->pcidevs, addr))
			return refs->items[i];
	}
	return NULL;
}

static struct rt_role_text role_text(const struct rt_cpu_role *role)
{
	struct rt_role_text text;

	if (role->use == RT_USE_VCPU)
		snprintf(text.text, sizeof(text.text), "vCPU %u", role->vcpu);
	else
		snprintf(text.text, sizeof(text.text), "%s",
			 rt_use_name(role->use));
	return text;
}

struct rt_role_text rt_view_role(const struct rt_view *view, unsigned cpu)
{
	const struct rt_cpu_role role = rt_cpu_role(view->now, cpu);

	if (!role.guest && rt_cpuset_has(&view->topo->online, cpu))
		return (struct rt_role_text){ "housekeeping" };
	return role_text(&role);
}

void rt_view_planned(const struct rt_view *view, unsigned cpu,
		     struct rt_strbuf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < view->file->n; i++) {
		struct rt_cpu_role role = { .guest = view->file->items[i] };

		role.use = rt_guest_use(role.guest, cpu, &role.vcpu);
		if (role.use == RT_USE_NONE)
			continue;
		rt_strbuf_addf(out, "%s%s", comma, role.guest->name);
		if (role.guest->rt)
			rt_strbuf_addf(out, ": %s", role_text(&role).text);
		comma = ", ";
	}
}
