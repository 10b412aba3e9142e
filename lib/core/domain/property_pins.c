/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_pins.c - the CPUs of single threads: <cputune> */
#include "property.h"

#include <limits.h>

static int read_iothreads(const xmlNode *root, struct rt_domain *domain,
			  struct rt_err *err)
{
	unsigned long long count = 0;
	xmlNode *node = NULL, *ids = NULL;
	unsigned next = 1;
	int r = rt_xml_only_child(root, "iothreads", &node, err);

	if (r == 0 && node)
		r = rt_xml_content_number(node, RT_CPUS_MAX / 2, &count, err);
	if (r == 0)
		r = rt_xml_only_child(root, "iothreadids", &ids, err);
	if (r < 0)
		return r;
	RT_XML_FOREACH(one, ids, "iothread")
	{
		unsigned id = 0;

		r = rt_xml_need_number(one, "id", RT_CPUS_MAX - 1, &id, err);
		if (r < 0)
			return r;
		if (id == 0 || rt_cpuset_has(&domain->iothreads, id))
			return rt_xml_fail(err, one,
					   "iothread id %u is 0 or not unique",
					   id);
		rt_cpuset_add(&domain->iothreads, id);
	}
	/* Those without an id get the lowest free ones. */
	for (unsigned have = rt_cpuset_count(&domain->iothreads);
	     have < count && next < RT_CPUS_MAX; next++) {
		if (rt_cpuset_has(&domain->iothreads, next))
			continue;
		rt_cpuset_add(&domain->iothreads, next);
		have++;
	}
	return 0;
}

static int add_pin(struct rt_domain_pins *pins, unsigned id,
		   const struct rt_cpuset *cpus, struct rt_err *err)
{
	if (!rt_grow(&pins->items, pins->n, &pins->size, sizeof(*pins->items)))
		return rt_fail_memory(err);
	pins->items[pins->n].id = id;
	pins->items[pins->n++].cpus = *cpus;
	return 0;
}

static int read_pins(const xmlNode *tune, const char *name, const char *what,
		     const struct rt_cpuset *exist, bool *ret_stale,
		     struct rt_domain_pins *pins, struct rt_err *err)
{
	struct rt_cpuset seen = { 0 }, cpus;

	RT_XML_FOREACH(node, tune, name)
	{
		unsigned id = 0;
		int r = rt_xml_need_number(node, what, UINT_MAX, &id, err);

		if (r < 0)
			return r;
		if (!rt_cpuset_has(exist, id)) {
			*ret_stale = true;
			continue;
		}
		if (rt_cpuset_has(&seen, id))
			return rt_xml_fail(err, node, "%s %u is pinned twice",
					   what, id);
		rt_cpuset_add(&seen, id);
		r = rt_xml_need_set(node, "cpuset", &cpus, err);
		if (r == 0)
			r = add_pin(pins, id, &cpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_tune(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	struct rt_cpuset vcpus = { 0 };
	bool stale_iothreads = false;
	xmlNode *tune = NULL, *emulator = NULL;
	int r = rt_xml_only_child(root, "cputune", &tune, err);

	if (r < 0 || !tune)
		return r;
	rt_cpuset_add_range(&vcpus, 0, domain->vcpus - 1);
	r = read_pins(tune, "vcpupin", "vcpu", &vcpus, &domain->stale_vcpupins,
		      &domain->vcpupins, err);
	if (r == 0)
		r = read_pins(tune, "iothreadpin", "iothread",
			      &domain->iothreads, &stale_iothreads,
			      &domain->iothreadpins, err);
	if (r == 0 && stale_iothreads)
		r = rt_xml_fail(err, tune,
				"an iothreadpin for an iothread that does not "
				"exist");
	if (r == 0)
		r = rt_xml_only_child(tune, "emulatorpin", &emulator, err);
	if (r < 0 || !emulator)
		return r;
	domain->has_emulatorpin = true;
	return rt_xml_need_set(emulator, "cpuset", &domain->emulatorpin, err);
}

static int read_all_pins(const xmlNode *root, struct rt_domain *domain,
			 struct rt_err *err)
{
	int r = read_iothreads(root, domain, err);

	return r < 0 ? r : read_tune(root, domain, err);
}

/* Where the vCPU of that number belongs: one CPU, or the service CPUs. */
static struct rt_cpuset vcpu_cpus(const struct rt_guest *guest, unsigned vcpu)
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

/* An RT guest: each thread of the kind has a pin, and the right one. */
static void compare_rt_pins(struct rt_comparing *c, const char *kind,
			    const struct rt_domain_pins *pins, unsigned exist,
			    bool vcpus)
{
	const struct rt_guest *guest = c->guest;
	unsigned wrong = 0, id = 0;
	struct rt_cpulist has, want;

	for (size_t i = 0; i < pins->n; i++) {
		const struct rt_domain_pin *pin = &pins->items[i];
		const struct rt_cpuset cpus =
			vcpus ? vcpu_cpus(guest, pin->id) : guest->service;

		if (rt_cpuset_is_equal(&pin->cpus, &cpus) || wrong++)
			continue;
		id = pin->id;
		has = rt_cpuset_text(&pin->cpus);
		want = rt_cpuset_text(&cpus);
	}
	if (wrong)
		rt_differ(
			c, RT_DIFF_PLACEMENT,
			"%s pins: %s %u is on %s, kvmrt.cfg wants %s (%u of %u "
			"differ)",
			kind, kind, id, has.text, want.text, wrong, exist);
	if (pins->n < exist)
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "%s pins: the definition has %zu, kvmrt.cfg wants %u",
			  kind, pins->n, exist);
}

static void compare_rt_placement(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_cpuset *service = &c->guest->service;

	compare_rt_pins(c, "vCPU", &domain->vcpupins, domain->vcpus, true);
	if (domain->stale_vcpupins)
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "vCPU pins: the definition pins vCPUs that do not "
			  "exist");
	if (!domain->has_emulatorpin ||
	    !rt_cpuset_is_equal(&domain->emulatorpin, service))
		rt_differ(
			c, RT_DIFF_PLACEMENT,
			"emulator pin: the definition has %s, kvmrt.cfg wants "
			"%s",
			domain->has_emulatorpin ?
				rt_cpuset_text(&domain->emulatorpin).text :
				"none",
			rt_cpuset_text(service).text);
	compare_rt_pins(c, "iothread", &domain->iothreadpins,
			rt_cpuset_count(&domain->iothreads), false);
}

static void compare_own_pins(struct rt_comparing *c, const char *kind,
			     const struct rt_domain_pins *pins)
{
	const struct rt_cpuset *cpus = &c->guest->usable;

	for (size_t i = 0; i < pins->n; i++) {
		if (rt_cpuset_is_subset(&pins->items[i].cpus, cpus))
			continue;
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "%s pins: %s %u is on %s, outside of its cpuset %s",
			  kind, kind, pins->items[i].id,
			  rt_cpuset_text(&pins->items[i].cpus).text,
			  rt_cpuset_text(cpus).text);
		return;
	}
}

static void compare_pins(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_guest *guest = c->guest;

	if (guest->rt) {
		compare_rt_placement(c);
		return;
	}
	if (rt_cpuset_is_empty(&guest->usable))
		return;
	compare_own_pins(c, "vCPU", &domain->vcpupins);
	if (domain->has_emulatorpin &&
	    !rt_cpuset_is_subset(&domain->emulatorpin, &guest->usable))
		rt_differ(c, RT_DIFF_PLACEMENT,
			  "emulator pin: the emulator is on %s, outside of its "
			  "cpuset %s",
			  rt_cpuset_text(&domain->emulatorpin).text,
			  rt_cpuset_text(&guest->usable).text);
	compare_own_pins(c, "iothread", &domain->iothreadpins);
}

/* As libvirt formats them, as far as kvmrt adds any. */
const char *const rt_tune_order[] = {
	"shares",	  "period",
	"quota",	  "global_period",
	"global_quota",	  "emulator_period",
	"emulator_quota", "iothread_period",
	"iothread_quota", "vcpupin",
	"emulatorpin",	  "iothreadpin",
	"vcpusched",	  NULL,
};

static struct rt_cpuset wanted_pin(const struct rt_rewriting *w, bool vcpu,
				   unsigned id)
{
	return vcpu ? vcpu_cpus(w->guest, id) : w->guest->service;
}

/* Pins that are there: right, or gone. Threads with a pin leave *missing. */
static int mend_pins(struct rt_rewriting *w, xmlNode *tune, const char *name,
		     const char *what, struct rt_cpuset *missing,
		     struct rt_err *err)
{
	const bool vcpu = strcmp(what, "vcpu") == 0;
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, name); node; node = next) {
		struct rt_cpuset has = { 0 }, want;
		bool there;
		unsigned id = 0;
		int r = rt_xml_need_number(node, what, ~0u, &id, err);

		next = rt_xml_next(node, name);
		if (r < 0)
			return r;
		if (!rt_cpuset_has(missing, id)) {
			rt_xml_remove(node);
			continue;
		}
		rt_cpuset_remove(missing, id);
		want = wanted_pin(w, vcpu, id);
		r = rt_xml_set(node, "cpuset", &there, &has, err);
		if (r == 0 && !rt_cpuset_is_equal(&has, &want))
			r = rt_xml_set_attr_set(node, "cpuset", &want, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int pin_all(struct rt_rewriting *w, xmlNode *tune, const char *name,
		   const char *what, const struct rt_cpuset *exist,
		   struct rt_err *err)
{
	const bool vcpu = strcmp(what, "vcpu") == 0;
	struct rt_cpuset missing = *exist;
	int r = mend_pins(w, tune, name, what, &missing, err);

	if (r < 0)
		return r;
	RT_CPUSET_FOREACH(id, &missing)
	{
		const struct rt_cpuset cpus = wanted_pin(w, vcpu, (unsigned)id);
		xmlNode *node;

		r = rt_xml_add(tune, name, rt_tune_order, &node, err);
		if (r == 0)
			r = rt_rewrite_number(node, what, (unsigned)id, err);
		if (r == 0)
			r = rt_xml_set_attr_set(node, "cpuset", &cpus, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int place_rt(struct rt_rewriting *w, struct rt_err *err)
{
	struct rt_cpuset vcpus = { 0 };
	xmlNode *tune, *emulator;
	int r = rt_xml_get(w->root, "cputune", rt_domain_order, &tune, err);

	if (r < 0)
		return r;
	rt_cpuset_add_range(&vcpus, 0, rt_rewrite_vcpus(w) - 1);
	r = pin_all(w, tune, "vcpupin", "vcpu", &vcpus, err);
	if (r == 0)
		r = rt_xml_get(tune, "emulatorpin", rt_tune_order, &emulator,
			       err);
	if (r == 0 &&
	    !(w->domain->has_emulatorpin &&
	      rt_cpuset_is_equal(&w->domain->emulatorpin, &w->guest->service)))
		r = rt_xml_set_attr_set(emulator, "cpuset", &w->guest->service,
					err);
	if (r == 0)
		r = pin_all(w, tune, "iothreadpin", "iothread",
			    &w->domain->iothreads, err);
	return r;
}

/*
 * An ordinary guest's own pins stay, except those that leave the cpuset (when
 * it has one) and those of vCPUs that go.
 */
static int drop_pins(struct rt_rewriting *w, xmlNode *tune, const char *name,
		     struct rt_err *err)
{
	const struct rt_cpuset *cpus = &w->guest->usable;
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, name); node; node = next) {
		struct rt_cpuset has = { 0 };
		bool there, stale;
		unsigned vcpu = 0;
		int r = rt_xml_set(node, "cpuset", &there, &has, err);

		next = rt_xml_next(node, name);
		if (r == 0)
			r = rt_xml_number(node, "vcpu", false, ~0u, &vcpu, err);
		if (r < 0)
			return r;
		stale = vcpu >= rt_rewrite_vcpus(w);
		if (stale || (!rt_cpuset_is_empty(cpus) &&
			      !rt_cpuset_is_subset(&has, cpus)))
			rt_xml_remove(node);
	}
	return 0;
}

static int rewrite_pins(struct rt_rewriting *w, struct rt_err *err)
{
	xmlNode *tune = rt_xml_child(w->root, "cputune");
	int r;

	if (w->guest->rt)
		return place_rt(w, err);
	r = drop_pins(w, tune, "vcpupin", err);
	if (r == 0)
		r = drop_pins(w, tune, "emulatorpin", err);
	if (r == 0)
		r = drop_pins(w, tune, "iothreadpin", err);
	if (r == 0)
		rt_xml_prune(tune);
	return r;
}

static void record_pins(struct rt_json *json, const char *key,
			const struct rt_domain_pins *pins)
{
	rt_json_key(json, key);
	rt_json_open(json, '[');
	for (size_t i = 0; i < pins->n; i++) {
		rt_json_number(json, pins->items[i].id);
		rt_json_set(json, &pins->items[i].cpus);
	}
	rt_json_close(json, ']');
}

static void record_all_pins(struct rt_json *json,
			    const struct rt_domain *domain)
{
	record_pins(json, "vcpupins", &domain->vcpupins);
	record_pins(json, "iothreadpins", &domain->iothreadpins);
	rt_json_key_bool(json, "has_emulatorpin", domain->has_emulatorpin);
	rt_json_key_set(json, "emulatorpin", &domain->emulatorpin);
}

const struct rt_property rt_property_pins = {
	RT_DIFF_PLACEMENT, RT_MENDABLE,	    read_all_pins, compare_pins,
	rewrite_pins,	   record_all_pins, NULL
};
