/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan_host.c - interrupts, irqbalance and the settings of owned CPUs */
#include "plan_internal.h"

#define DEFAULT_AFFINITY "proc/irq/default_smp_affinity"

/* The original of a path: what is on record, else what it holds now. */
static const char *original_of(const struct maker *maker, const char *path,
			       const char *now)
{
	const struct rt_saved *saved =
		rt_journal_find(maker->in->journal, path);

	return saved ? saved->original : now;
}

static const struct rt_active *find_device_owner(const struct maker *maker,
						 const struct rt_irq *irq)
{
	const struct rt_journal *journal = maker->in->journal;

	for (size_t i = 0; irq->has_device && i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (active->guest.rt && active->guest.irq_cpu >= 0 &&
		    rt_pci_set_has(&active->guest.pcidevs, &irq->device))
			return active;
	}
	return NULL;
}

/* Online now, or as soon as what no guest needs is given back. */
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
 * An MSI vector dies with the guest: no record. An INTx line stays, and what
 * we wrote would stay with it.
 */
static int place_vfio(struct maker *maker, const struct rt_irq *irq,
		      const struct wish *base, const struct rt_active *active)
{
	struct wish wish = *base;
	struct rt_cpuset cpu = { 0 };

	if (!strstr(irq->name, "vfio-intx"))
		wish.act = RT_ACT_OWN;
	wish.guest = active->guest.name;
	wish.why = "interrupt of the guest's device, to its last service CPU";
	rt_cpuset_add(&cpu, (unsigned)active->guest.irq_cpu);
	return rt_plan_want_set(maker, &wish, &cpu);
}

/*
 * It stays where it is, and its mask stays the same: one with another mask is
 * another interrupt under that number. Its record is closed, and then it is
 * looked at like any other.
 */
static void leave_fixed(struct maker *maker, const struct rt_irq *irq,
			const struct wish *wish, const struct rt_saved *saved)
{
	if (!rt_value_same(RT_KIND_LIST, wish->now, saved->original))
		maker->plan->again = true;
	else if (rt_cpuset_intersects(&irq->affinity, &maker->owned))
		rt_plan_need(maker, wish->path);
}

static int clear_saved(struct maker *maker, const struct rt_irq *irq,
		       const struct wish *wish, const struct rt_saved *saved)
{
	struct rt_cpuset original, want;

	if (saved->fixed) {
		leave_fixed(maker, irq, wish, saved);
		return 0;
	}
	if (!rt_plan_parse(RT_KIND_LIST, saved->original, &original) ||
	    !rt_cpuset_intersects(&original, &maker->owned)) {
		/* Back to where it was, unless it is in the way there too. */
		if (rt_cpuset_intersects(&irq->affinity, &maker->owned)) {
			want = rt_plan_off_owned(maker, &irq->affinity,
						 irq->node);
			return rt_plan_want_set(maker, wish, &want);
		}
		return 0;
	}
	/* Somebody moved it to where it hurts nobody: leave it there. */
	if (!rt_saved_is_ours(saved, wish->now, maker->in->topo) &&
	    !rt_cpuset_intersects(&irq->affinity, &maker->owned)) {
		rt_plan_need(maker, wish->path);
		return 0;
	}
	want = rt_plan_off_owned(maker, &original, irq->node);
	return rt_plan_want_set(maker, wish, &want);
}

static bool is_newborn(const struct rt_journal *journal,
		       const struct rt_irq *irq)
{
	return journal->seen && irq->number < RT_CPUS_MAX &&
	       !rt_cpuset_has(journal->seen, irq->number);
}

/*
 * An interrupt that appeared while our default mask was in force (a device
 * that came back from a guest) has a place that the kernel took from it. It
 * gets the place that it would have had without us.
 */
static int place_newborn(struct maker *maker, const struct rt_irq *irq,
			 const struct wish *wish)
{
	const struct rt_journal *journal = maker->in->journal;
	const struct rt_saved *saved =
		rt_journal_find(journal, DEFAULT_AFFINITY);
	struct rt_cpuset cpus, ours, want;
	struct wish newborn = *wish;

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
	newborn.act = RT_ACT_OWN;
	newborn.why = "interrupt that came while the default mask was ours";
	/*
	 * The default mask tells us which these are: it goes back last. One
	 * that the kernel does not move must not keep it for ever.
	 */
	if (!maker->in->last) {
		rt_plan_need(maker, DEFAULT_AFFINITY);
		maker->plan->again = true;
	}
	return rt_plan_want_set(maker, &newborn, &want);
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

static int plan_irq(struct maker *maker, const struct rt_irq *irq)
{
	const struct rt_active *active =
		irq->vfio ? find_device_owner(maker, irq) : NULL;
	const struct irq_path path = path_of(irq);
	char now[RT_CPULIST_MAX];
	const struct rt_saved *saved;
	struct rt_cpuset want;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = RT_KIND_LIST,
		.path = path.text,
		.now = now,
		.why = "interrupt off the guest's CPUs",
	};

	if (!rt_plan_concerns(maker->in->journal, &maker->owned, irq))
		return 0;
	saved = rt_journal_find(maker->in->journal, path.text);
	rt_cpuset_format_list(&irq->affinity, now, sizeof(now));
	wish.guest = rt_plan_owner(maker, &irq->affinity);
	if (active)
		return place_vfio(maker, irq, &wish, active);
	if (saved)
		return clear_saved(maker, irq, &wish, saved);
	if (!rt_cpuset_intersects(&irq->affinity, &maker->owned))
		return place_newborn(maker, irq, &wish);
	want = rt_plan_off_owned(maker, &irq->affinity, irq->node);
	return rt_plan_want_set(maker, &wish, &want);
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A mask that must not name an owned CPU: the original less the owned. */
static int clear_mask(struct maker *maker, const struct rt_setting *setting,
		      const char *why)
{
	const struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = setting->kind,
		.path = setting->path,
		.now = setting->value,
		.why = why,
	};
	struct rt_cpuset cpus;

	if (!rt_plan_parse(setting->kind,
			   original_of(maker, setting->path, setting->value),
			   &cpus) ||
	    !rt_cpuset_intersects(&cpus, &maker->owned))
		return 0;
	cpus = rt_plan_off_owned(maker, &cpus, -1);
	return rt_plan_want_set(maker, &wish, &cpus);
}

static int ban_owned(struct maker *maker, const struct rt_setting *setting)
{
	const struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = setting->kind,
		.path = setting->path,
		.now = setting->value,
		.why = "irqbalance keeps off the guest's CPUs",
	};
	struct rt_cpuset banned;

	/* What it was told before stands until it can be asked. */
	if (strcmp(setting->value, RT_UNREAD) == 0) {
		rt_plan_need(maker, setting->path);
		return 0;
	}
	if (!rt_plan_parse(RT_KIND_LIST,
			   original_of(maker, setting->path, setting->value),
			   &banned))
		return 0;
	rt_cpuset_or(&banned, &maker->owned);
	return rt_plan_want_set(maker, &wish, &banned);
}

static int plan_setting(struct maker *maker, const struct rt_setting *setting)
{
	if (setting->kind == RT_KIND_IRQBALANCE)
		return ban_owned(maker, setting);
	if (strcmp(setting->path, DEFAULT_AFFINITY) == 0)
		return clear_mask(maker, setting,
				  "new interrupts off the guest's CPUs");
	if (strcmp(setting->path, "proc/sys/kernel/watchdog_cpumask") == 0)
		return clear_mask(maker, setting,
				  "watchdog timers off the guest's CPUs");
	if (starts_with(setting->path, "sys/") &&
	    rt_plan_ends_with(setting->path, "/rps_cpus"))
		return clear_mask(maker, setting,
				  "packet steering off the guest's CPUs");
	return 0;
}

static int want_vcpu_setting(struct maker *maker, const struct rt_guest *guest,
			     unsigned cpu, const char *file, const char *value,
			     const char *why)
{
	char path[128];
	const struct rt_setting *setting;
	struct wish wish = {
		.act = RT_ACT_SET,
		.need = RT_MAY,
		.kind = RT_KIND_TEXT,
		.path = path,
		.why = why,
		.guest = guest->name,
	};

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/%s", cpu,
		 file);
	setting = rt_settings_find(&maker->in->facts->settings, path);
	if (!setting)
		return 0;
	wish.now = setting->value;
	return rt_plan_want(maker, &wish, value);
}

/* "n/a" is the strictest: no idle state but polling. "0" means no limit. */
static int plan_vcpu_cpus(struct maker *maker, const struct rt_guest *guest)
{
	RT_CPUSET_FOREACH(cpu, &guest->vcpus)
	{
		int r = want_vcpu_setting(maker, guest, (unsigned)cpu,
					  "power/pm_qos_resume_latency_us",
					  "n/a", "vCPU's CPU wakes at once");

		if (r == 0)
			r = want_vcpu_setting(maker, guest, (unsigned)cpu,
					      "cpufreq/scaling_governor",
					      "performance",
					      "vCPU's CPU keeps its speed");
		if (r < 0)
			return r;
	}
	return 0;
}

int rt_plan_host(struct maker *maker)
{
	const struct rt_facts *facts = maker->in->facts;
	const struct rt_journal *journal = maker->in->journal;
	const bool any = !rt_cpuset_is_empty(&maker->owned);
	int r = 0;

	/* irqbalance and the default mask first: nothing flows back. */
	for (size_t i = 0; any && r == 0 && i < facts->settings.n; i++)
		r = plan_setting(maker, &facts->settings.items[i]);
	for (size_t i = 0; r == 0 && i < facts->irqs.n; i++)
		r = plan_irq(maker, &facts->irqs.items[i]);
	for (size_t i = 0; r == 0 && i < journal->n_active; i++) {
		if (journal->active[i].guest.rt)
			r = plan_vcpu_cpus(maker, &journal->active[i].guest);
	}
	return r;
}
