/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_host.c - interrupts, irqbalance and the settings of owned CPUs */
#include "claim.h"
#include "core/model/suppress.h"

#define DEFAULT_AFFINITY "proc/irq/default_smp_affinity"

static const struct rt_active *find_device_owner(const struct maker *maker,
						 const struct rt_irq *irq)
{
	const struct rt_journal *journal = maker->in->journal;

	for (size_t i = 0; irq->has_device && i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (rt_plan_has_rt(maker, i) && active->guest.irq_cpu >= 0 &&
		    rt_pci_set_has(&active->guest.pcidevs, &irq->device))
			return active;
	}
	return NULL;
}

/* Online now, or as soon as what no guest needs is restored. */
static struct rt_cpuset future_online(const struct maker *maker)
{
	struct rt_cpuset online = maker->owned;

	rt_cpuset_minus(&online, &maker->offline);
	rt_cpuset_or(&online, &maker->housekeeping);
	return online;
}

/*
 * Where the kernel puts a new interrupt: the default mask, online CPUs only,
 * on the device's node if it can (irq_setup_affinity, 6.1 to 6.12).
 */
static struct rt_cpuset birth_place(const struct maker *maker,
				    const struct rt_cpuset *default_cpus,
				    int node)
{
	const struct rt_topo_object *object =
		node < 0 ?
			NULL :
			rt_topo_find(&maker->in->topo->nodes, (unsigned)node);
	const struct rt_cpuset online = future_online(maker);
	struct rt_cpuset place = *default_cpus;

	rt_cpuset_and(&place, &online);
	if (object && rt_cpuset_intersects(&place, &object->cpus))
		rt_cpuset_and(&place, &object->cpus);
	return place;
}

/*
 * An MSI vector dies with the guest, so it needs no record. An INTx line
 * outlives the guest, with the mask that was written to it.
 */
static int place_vfio(struct maker *maker, const struct rt_irq *irq,
		      struct target *target, const struct rt_active *active)
{
	const struct claim claim = {
		.need = RT_MAY,
		.guest = (int)(active - maker->in->journal->active),
		.why = "interrupt of the guest's device, to its last service "
		       "CPU",
	};
	struct rt_cpuset cpu = { 0 };

	target->traits =
		strstr(irq->name, "vfio-intx") ? TRAIT_FIRM : TRAIT_DIES;
	rt_cpuset_add(&cpu, (unsigned)active->guest.irq_cpu);
	return rt_claim_cpus(maker, target, &claim, &cpu);
}

/*
 * It stays where it is, and its mask stays the same. When the mask differs, the
 * number belongs to another interrupt: the record is closed, and the interrupt
 * is treated like any other.
 */
static int leave_fixed(struct maker *maker, const struct rt_irq *irq,
		       const struct target *target,
		       const struct rt_saved *saved)
{
	if (!rt_value_same(RT_KIND_LIST, target->now, saved->original))
		maker->plan->again = true;
	else if (rt_cpuset_intersects(&irq->affinity, &maker->owned))
		return rt_claim_as_is(maker, saved);
	return 0;
}

static bool is_newborn(const struct rt_journal *journal,
		       const struct rt_irq *irq)
{
	return journal->seen && !rt_ranges_has(journal->seen, irq->number);
}

/*
 * An interrupt that appeared while kvmrt's default mask was in force (of a
 * device that came back from a guest, say) was placed by that mask. It goes to
 * the place that it would have had without kvmrt.
 */
static int place_newborn(struct maker *maker, const struct rt_irq *irq,
			 struct target *target)
{
	static const struct claim claim = {
		.need = RT_MAY,
		.guest = -1,
		.why = "interrupt that appeared under kvmrt's default mask",
	};
	const struct rt_journal *journal = maker->in->journal;
	const struct rt_saved *saved =
		rt_journal_find(journal, DEFAULT_AFFINITY);
	struct rt_cpuset cpus, ours, want;
	int r = 0;

	if (!saved || !is_newborn(journal, irq) ||
	    !rt_plan_parse(RT_KIND_MASK, saved->wrote, &cpus))
		return 0;
	ours = birth_place(maker, &cpus, irq->node);
	if (!rt_cpuset_is_equal(&irq->affinity, &ours) ||
	    !rt_plan_parse(RT_KIND_MASK, saved->original, &cpus))
		return 0;
	rt_cpuset_minus(&cpus, &maker->owned);
	want = birth_place(maker, &cpus, irq->node);
	if (rt_cpuset_is_empty(&want) || rt_cpuset_is_equal(&want, &ours))
		return 0;
	/*
	 * As long as the default mask is on record these interrupts are known,
	 * so it is restored last. An interrupt that the kernel does not move
	 * must not delay that for ever.
	 */
	if (!maker->in->last) {
		r = rt_claim_as_is(maker, saved);
		maker->plan->again = true;
	}
	target->traits = TRAIT_DIES;
	return r < 0 ? r : rt_claim_cpus(maker, target, &claim, &want);
}

struct irq_path {
	char text[64];
};

static struct irq_path path_of(const struct rt_irq *irq)
{
	struct irq_path path = { "" };

	snprintf(path.text, sizeof(path.text), "proc/irq/%u/smp_affinity_list",
		 irq->number);
	return path;
}

bool rt_plan_concerns(const struct rt_journal *journal,
		      const struct rt_cpuset *owned, const struct rt_irq *irq)
{
	return irq->movable &&
	       (irq->vfio || rt_cpuset_intersects(&irq->affinity, owned) ||
		is_newborn(journal, irq) ||
		(journal->undone && !rt_cpuset_is_empty(owned) &&
		 rt_journal_find(journal, path_of(irq).text)));
}

/*
 * The interrupt is on record, and others moved it to where it hurts nobody. It
 * stays there, and on record, as long as its original mask would put it on a
 * guest's CPUs.
 */
static int claim_saved_irq(struct maker *maker, const struct rt_irq *irq,
			   const struct target *target,
			   const struct rt_saved *saved)
{
	static const struct claim claim = {
		.contribution = CLAIM_SAVED,
		.need = RT_MAY,
		.guest = -1,
		.why = "interrupt that somebody else moved",
	};
	struct rt_cpuset original;

	if (rt_cpuset_intersects(&irq->affinity, &maker->owned) ||
	    !rt_plan_parse(RT_KIND_LIST, saved->original, &original) ||
	    !rt_cpuset_intersects(&original, &maker->owned))
		return 0;
	return rt_claim(maker, target, &claim);
}

static int plan_irq(struct maker *maker, const struct rt_irq *irq)
{
	const struct rt_active *active =
		irq->vfio ? find_device_owner(maker, irq) : NULL;
	const struct irq_path path = path_of(irq);
	char now[RT_CPULIST_MAX];
	const struct rt_saved *saved;
	struct target target = {
		.kind = RT_KIND_LIST,
		.path = path.text,
		.now = now,
		.traits = TRAIT_ROAMS,
		.node = irq->node,
	};
	int r = 0;

	if (!rt_plan_concerns(maker->in->journal, &maker->owned, irq))
		return 0;
	rt_cpuset_format_list(&irq->affinity, now, sizeof(now));
	saved = rt_journal_find(maker->in->journal, path.text);
	if (active)
		return place_vfio(maker, irq, &target, active);
	if (saved && saved->fixed)
		return leave_fixed(maker, irq, &target, saved);
	if (!saved && !rt_cpuset_intersects(&irq->affinity, &maker->owned))
		return place_newborn(maker, irq, &target);
	if (saved)
		r = claim_saved_irq(maker, irq, &target, saved);
	return r < 0 ? r :
		       rt_claim_off(maker, &target, RT_MAY,
				    "interrupt off the guest's CPUs");
}

/* --- settings of the host --- */

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/*
 * When irqbalance cannot be asked (RT_UNREAD), its earlier instructions stand.
 */
static int ban_owned(struct maker *maker, const struct target *target)
{
	const struct rt_journal *journal = maker->in->journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		const struct claim claim = {
			.contribution = CLAIM_PLUS,
			.need = RT_MAY,
			.guest = (int)i,
			.cpus = &journal->active[i].guest.owned,
			.why = "irqbalance keeps off the guest's CPUs",
		};

		if (rt_plan_has_rt(maker, i))
			r = rt_claim(maker, target, &claim);
	}
	return r;
}

static int plan_setting(struct maker *maker, const struct rt_setting *setting)
{
	struct target target = {
		.kind = setting->kind,
		.path = setting->path,
		.now = setting->value,
		.node = -1,
	};
	const char *why = NULL;

	if (setting->kind == RT_KIND_IRQBALANCE) {
		target.traits = TRAIT_FIRM;
		return ban_owned(maker, &target);
	}
	if (strcmp(setting->path, DEFAULT_AFFINITY) == 0)
		why = "new interrupts off the guest's CPUs";
	else if (strcmp(setting->path, "proc/sys/kernel/watchdog_cpumask") == 0)
		why = "watchdog timers off the guest's CPUs";
	else if (starts_with(setting->path, "sys/") &&
		 rt_plan_ends_with(setting->path, "/rps_cpus"))
		why = "packet steering off the guest's CPUs";
	return why ? rt_claim_off(maker, &target, RT_MAY, why) : 0;
}

static int claim_value(struct maker *maker, size_t guest, const char *path,
		       const char *value, const char *why)
{
	const struct rt_setting *setting =
		rt_settings_find(&maker->in->facts->settings, path);
	const struct claim claim = {
		.contribution = CLAIM_EXACTLY,
		.need = RT_MAY,
		.guest = (int)guest,
		.value = value,
		.why = why,
	};
	struct target target = {
		.kind = RT_KIND_TEXT,
		.path = path,
		.node = -1,
	};

	if (!setting)
		return 0;
	target.now = setting->value;
	return rt_claim(maker, &target, &claim);
}

static int claim_vcpu_setting(struct maker *maker, size_t guest, unsigned cpu,
			      const char *file, const char *value,
			      const char *why)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/%s", cpu,
		 file);
	return claim_value(maker, guest, path, value, why);
}

static int plan_servers(struct maker *maker, size_t guest, int cpu)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && rt_servers[i]; i++) {
		char path[128];

		snprintf(path, sizeof(path), RT_SERVERS "/%s/cpu%d/runtime",
			 rt_servers[i], cpu);
		r = claim_value(maker, guest, path, "0",
				"no server for starved tasks, for its timer "
				"restarts the tick");
	}
	return r;
}

/*
 * "n/a" is the strictest: no idle state but polling. "0" means no limit.
 *
 * Nothing is starved by a vCPU that is SCHED_OTHER. One that is SCHED_FIFO
 * starves the kernel's own threads of its CPU, which would stop the whole
 * host: there the servers stay.
 */
static int plan_vcpu_cpus(struct maker *maker, size_t guest)
{
	const struct rt_guest *of = &maker->in->journal->active[guest].guest;

	RT_CPUSET_FOREACH(cpu, &of->vcpus)
	{
		int r = claim_vcpu_setting(maker, guest, (unsigned)cpu,
					   "power/pm_qos_resume_latency_us",
					   "n/a", "vCPU's CPU wakes at once");

		if (r == 0)
			r = claim_vcpu_setting(maker, guest, (unsigned)cpu,
					       "cpufreq/scaling_governor",
					       "performance",
					       "vCPU's CPU keeps its speed");
		if (r == 0 && !of->vcpu_fifo)
			r = plan_servers(maker, guest, cpu);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A word that only a newer version knows is not in the table. */
static int plan_suppressed(struct maker *maker, size_t guest)
{
	const uint32_t set = maker->in->journal->active[guest].guest.suppress;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rt_suppress_words.n; i++) {
		const struct rt_suppression *s = &rt_suppressions[i];

		if (set >> i & 1)
			r = claim_value(maker, guest, s->path, s->value,
					s->why);
	}
	return r;
}

int rt_plan_host(struct maker *maker)
{
	const struct rt_facts *facts = maker->in->facts;
	const struct rt_journal *journal = maker->in->journal;
	const bool any = !rt_cpuset_is_empty(&maker->owned);
	int r = 0;

	/*
	 * irqbalance and the default mask first, so that no interrupt comes
	 * back.
	 */
	for (size_t i = 0; any && r == 0 && i < facts->settings.n; i++)
		r = plan_setting(maker, &facts->settings.items[i]);
	for (size_t i = 0; r == 0 && i < facts->irqs.n; i++)
		r = plan_irq(maker, &facts->irqs.items[i]);
	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		if (rt_plan_has_rt(maker, i))
			r = plan_vcpu_cpus(maker, i);
		if (r == 0 && rt_plan_has_rt(maker, i))
			r = plan_suppressed(maker, i);
	}
	return r;
}
