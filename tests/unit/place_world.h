/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_world.h - hosts, files and requests that tests/unit/place.c makes up */
#ifndef RT_PLACE_WORLD_H
#define RT_PLACE_WORLD_H

#include <stdlib.h>

#include "core/place/place.h"
#include "host/topology.h"

#include "../tap.h"

#define REQUESTS_MAX 3

struct made {
	unsigned long long random;
	char source[160]; /* hwloc's description */
	struct rt_topo topo;
	struct rt_facts facts;
	char *text; /* the file */
	struct rt_config config;
	char uuids[REQUESTS_MAX][RT_UUID_LEN + 1];
	bool rt[REQUESTS_MAX];
	struct rt_place_request requests[REQUESTS_MAX];
	size_t n;
	struct rt_guest runs[2];
	const struct rt_guest *running[2];
	size_t n_running;
	unsigned n_devices;
	unsigned long long passed; /* devices that are some guest's */
	struct rt_place place;
};

static unsigned need_of(const struct made *made, size_t i)
{
	return made->requests[i].nr_vcpus + made->requests[i].service;
}

/* 0 to n - 1 */
static unsigned below(struct made *made, unsigned n)
{
	made->random ^= made->random << 13;
	made->random ^= made->random >> 7;
	made->random ^= made->random << 17;
	return (unsigned)(made->random >> 33) % n;
}

static bool one_in(struct made *made, unsigned n)
{
	return below(made, n) == 0;
}

static void make_source(struct made *made)
{
	static const struct {
		const char *first, *inside, *end;
	} forms[] = {
		{ "pack:", " [numa]", "" },
		{ "pack:", " [numa] l3:2", "" },
		{ "pack:", " l3:2 [numa]", "" },
		{ "pack:", " die:2 [numa]", "" },
		{ "pack:", " [numa] die:2 l3:2", "" },
		{ "pack:", "", "" },
		{ "[numa] l3:", "", "" },
		{ "pack:", " l2:2", "(indexes=pu:core)" },
	};
	const unsigned form = below(made, sizeof(forms) / sizeof(forms[0]));
	const bool large = one_in(made, 4);

	snprintf(made->source, sizeof(made->source), "%s%u%s core:%u pu:%u%s",
		 forms[form].first, 1 + below(made, large ? 4 : 2),
		 forms[form].inside, 2 + below(made, large ? 8 : 3),
		 1 + below(made, one_in(made, 5) ? 4 : 2), forms[form].end);
}

static void make_offline(struct made *made)
{
	const struct rt_cpuset present = made->topo.present;

	if (!one_in(made, 4))
		return;
	RT_CPUSET_FOREACH(cpu, &present)
	{
		if (cpu && one_in(made, 5))
			rt_cpuset_remove(&made->topo.online, (unsigned)cpu);
	}
}

static void make_kinds(struct made *made)
{
	struct rt_cpuset kinds[2] = { 0 };
	struct rt_err err;

	if (!one_in(made, 5) || made->topo.cores.n < 2)
		return;
	for (size_t i = 0; i < made->topo.cores.n; i++)
		rt_cpuset_or(&kinds[i >= made->topo.cores.n / 2],
			     &made->topo.cores.items[i].cpus);
	for (unsigned i = 0; i < 2; i++)
		(void)rt_topo_add(&made->topo.kinds, i, &kinds[i], &err);
}

static void make_device(struct made *made, bool bridge)
{
	struct rt_pci_devs *devs = &made->facts.pci;
	const struct rt_topo_level *nodes = &made->topo.nodes;
	const unsigned node = below(made, (unsigned)nodes->n + 1);
	struct rt_pci_dev dev = {
		.addr = { .bus = (unsigned char)(1 + devs->n) },
		.bridge = bridge,
		.driver = strdup(one_in(made, 2) ? "e1000e" : ""),
		.node = -1,
		.group = (int)devs->n,
		.local_cpus = made->topo.online,
	};

	if (node < nodes->n) {
		dev.node = (int)nodes->items[node].number;
		rt_cpuset_and(&dev.local_cpus, &nodes->items[node].cpus);
	}
	/* Two in one group: the whole has to be passed. */
	if (devs->n && one_in(made, 12))
		dev.group = (int)devs->n - 1;
	if (rt_grow(&devs->items, devs->n, &devs->size, sizeof(dev)))
		devs->items[devs->n++] = dev;
}

static void make_irq(struct made *made)
{
	struct rt_irqs *irqs = &made->facts.irqs;
	const unsigned n = (unsigned)made->topo.cores.n;
	struct rt_irq irq = {
		.number = 20 + (unsigned)irqs->n,
		.name = strdup("queue"),
		.affinity = made->topo.cores.items[below(made, n)].cpus,
		.has_device = true,
		.node = -1,
	};

	irq.device.bus = (unsigned char)(1 + below(made, made->n_devices));
	if (rt_grow(&irqs->items, irqs->n, &irqs->size, sizeof(irq)))
		irqs->items[irqs->n++] = irq;
}

static void make_facts(struct made *made)
{
	struct rt_err err;

	made->n_devices = below(made, 5);
	for (unsigned i = 0; i < made->n_devices; i++)
		make_device(made, one_in(made, 20));
	for (unsigned i = 0; made->n_devices && one_in(made, 4) && i < 3; i++)
		make_irq(made);
	for (unsigned cpu = 1; one_in(made, 2) && cpu < 64; cpu++) {
		char path[64];

		snprintf(path, sizeof(path),
			 "sys/devices/system/cpu/cpu%u/online", cpu);
		(void)rt_settings_add(&made->facts.settings, RT_KIND_TEXT, path,
				      "1", &err);
	}
}

static void add_devices(struct made *made, struct rt_strbuf *text)
{
	rt_strbuf_adds(text, "pcidevs =");
	for (unsigned i = 0; i < made->n_devices; i++) {
		if ((made->passed >> i & 1 && !one_in(made, 20)) ||
		    !one_in(made, 4))
			continue;
		made->passed |= 1ull << i;
		rt_strbuf_addf(text, " 0000:%02x:00.0", i + 1);
	}
	rt_strbuf_adds(text, "\n");
}

static void add_guest(struct made *made, unsigned i, struct rt_strbuf *text)
{
	const unsigned n = (unsigned)made->topo.cores.n;

	rt_strbuf_addf(text,
		       "[11111111-1111-4111-8111-%012u]\nname = old%u\n"
		       "nr_vcpus = %u\nrt = %s\n",
		       i, i, 1 + below(made, 2), one_in(made, 2) ? "1" : "0");
	rt_strbuf_addf(text, "cpuset = c%u", below(made, n));
	for (unsigned k = below(made, 4); k--;)
		rt_strbuf_addf(text, ", c%u", below(made, n));
	rt_strbuf_addf(text, "\ndisabled = %s\n", one_in(made, 8) ? "1" : "0");
	add_devices(made, text);
}

static void add_request(struct made *made, unsigned i, struct rt_strbuf *text)
{
	struct rt_place_request *request = &made->requests[i];

	snprintf(made->uuids[i], sizeof(made->uuids[i]),
		 "22222222-2222-4222-8222-%012u", i);
	request->uuid = made->uuids[i];
	request->nr_vcpus = 1 + below(made, 2);
	request->service = 1 + one_in(made, 4);
	made->rt[i] = !one_in(made, 5);
	rt_strbuf_addf(text, "[%s]\nname = new%u\nnr_vcpus = %u\nrt = %s\n",
		       request->uuid, i, request->nr_vcpus,
		       made->rt[i] ? "1" : "0");
	if (one_in(made, 8) && made->topo.nodes.n)
		rt_strbuf_addf(text, "numatune = %u\n",
			       made->topo.nodes.items[0].number);
	if (one_in(made, 8) && made->rt[i])
		rt_strbuf_adds(text, "smt = idle\n");
	if (one_in(made, 8))
		rt_strbuf_adds(text, "accept = rt-node0, shared-node\n");
	add_devices(made, text);
}

static void make_running(struct made *made)
{
	const unsigned n = (unsigned)made->topo.cores.n;

	for (; made->n_running < 2 && one_in(made, 6); made->n_running++) {
		struct rt_guest *guest = &made->runs[made->n_running];

		snprintf(guest->uuid, sizeof(guest->uuid),
			 "11111111-1111-4111-8111-%012zu", made->n_running);
		guest->name = strdup("runs");
		guest->rt = one_in(made, 2);
		guest->cpuset = made->topo.cores.items[below(made, n)].cpus;
		if (guest->rt)
			guest->owned = guest->cpuset;
		made->running[made->n_running] = guest;
	}
}

static bool make(struct made *made, unsigned long seed)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_report report = { 0 };
	unsigned guests;
	struct rt_err err = { 0 };
	bool good;

	memset(made, 0, sizeof(*made));
	made->random = seed * 0x9e3779b97f4a7c15u + 1;
	for (unsigned i = 0; i < 8; i++)
		(void)below(made, 2);
	make_source(made);
	if (rt_topology_load_file(made->source, &made->topo, &err) < 0) {
		printf("# %s: %s\n", made->source, err.text);
		return false;
	}
	make_offline(made);
	make_kinds(made);
	make_facts(made);
	guests = below(made, 3);
	for (unsigned i = 0; i < guests; i++)
		add_guest(made, i, &text);
	made->n = 1 + (one_in(made, 3) ? 1 + one_in(made, 4) : 0);
	for (unsigned i = 0; i < made->n; i++)
		add_request(made, i, &text);
	make_running(made);
	good = rt_strbuf_take(&text, &made->text, &err) == 0 &&
	       rt_config_parse(made->text, strlen(made->text), "made.cfg",
			       &made->config, &report, &err) == 0;
	for (size_t i = 0; good && i < report.n; i++) {
		if (report.items[i].severity != RT_ERROR)
			continue;
		printf("# %s\n", report.items[i].message);
		good = false;
	}
	rt_report_fini(&report);
	made->place = (struct rt_place){
		.config = &made->config,
		.topo = &made->topo,
		.facts = one_in(made, 6) ? NULL : &made->facts,
		.running = made->running,
		.n_running = made->n_running,
		.requests = made->requests,
		.n = made->n,
	};
	return good;
}

static void made_fini(struct made *made)
{
	for (size_t i = 0; i < made->n_running; i++)
		rt_guest_fini(&made->runs[i]);
	rt_config_fini(&made->config);
	free(made->text);
	rt_facts_fini(&made->facts);
	rt_topo_fini(&made->topo);
}

/* What rt_check says of a text; without those that are to be placed. */
static void check_text(const struct made *made, const char *text, bool without,
		       struct rt_report *report)
{
	struct rt_config config = { 0 };
	struct rt_guests guests = { 0 };
	const struct rt_check check = {
		.config = &config,
		.guests = &guests,
		.topo = &made->topo,
		.facts = made->place.facts,
		.brief = true,
	};
	struct rt_err err;

	if (rt_config_parse(text, strlen(text), "made.cfg", &config, report,
			    &err) < 0)
		return;
	if (rt_guests_resolve(&config, &made->topo, &guests, report, &err) ==
	    0) {
		for (size_t i = 0; without && i < made->n; i++)
			rt_guests_find(&guests, made->requests[i].uuid)
				->disabled = true;
		rt_check(&check, report);
	}
	rt_guests_fini(&guests);
	rt_config_fini(&config);
}

#endif
