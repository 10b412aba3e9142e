/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show_json.c - a guest of the configuration as understood, for programs */
#include "show.h"

#include "core/base/json.h"
#include "core/config/config_accept.h"
#include "core/model/sched.h"
#include "core/model/suppress.h"

/* A real-time guest's vCPU has one CPU, another's the whole cpuset. */
static void add_vcpus(struct rt_json *json, const struct rt_guest *guest)
{
	rt_json_key(json, "vcpus");
	rt_json_open(json, '[');
	for (unsigned vcpu = 0; vcpu < guest->nr_vcpus; vcpu++) {
		struct rt_cpuset cpus = guest->cpuset;

		if (guest->rt) {
			const int cpu = rt_cpuset_nth(&guest->vcpus, vcpu);

			rt_cpuset_clear(&cpus);
			if (cpu >= 0)
				rt_cpuset_add(&cpus, (unsigned)cpu);
		}
		rt_json_open(json, '{');
		rt_json_key(json, "vcpu");
		rt_json_number(json, vcpu);
		rt_json_key_set(json, "cpus", &cpus);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

static void add_words(struct rt_json *json, const char *key,
		      const struct rt_words *words, uint32_t set)
{
	const char *word;

	rt_json_key(json, key);
	rt_json_open(json, '[');
	for (size_t i = 0; (word = rt_words_nth(words, set, i)) != NULL; i++)
		rt_json_string(json, word);
	rt_json_close(json, ']');
}

void rt_show_guest_json(struct rt_json *json, const struct rt_guest *guest)
{
	const struct rt_cpuset idle = rt_guest_idle(guest);

	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", guest->uuid);
	rt_json_key_string(json, "name", guest->name);
	rt_json_key_bool(json, "rt", guest->rt);
	rt_json_key_bool(json, "disabled", guest->disabled);
	rt_json_key(json, "nr_vcpus");
	rt_json_number(json, guest->nr_vcpus);
	rt_json_key_set(json, "cpuset", &guest->cpuset);
	add_vcpus(json, guest);
	rt_json_key_set(json, "service_cpus", &guest->service);
	rt_json_key_set(json, "offline", &guest->offline);
	rt_json_key_set(json, "idle", &idle);
	if (guest->rt)
		rt_json_key_string(json, "vcpu_sched",
				   rt_sched_text(guest->vcpu_fifo).text);
	rt_json_key_set(json, "nodes", &guest->nodes);
	rt_json_key_bool(json, "locked", guest->locked);
	rt_json_key(json, "pcidevs");
	rt_json_open(json, '[');
	for (size_t i = 0; i < guest->pcidevs.n; i++)
		rt_json_string(json,
			       rt_pci_text(&guest->pcidevs.items[i]).text);
	rt_json_close(json, ']');
	add_words(json, "suppress", &rt_suppress_words, guest->suppress);
	add_words(json, "accept", &rt_accept_codes, guest->section->accept);
	rt_json_close(json, '}');
}
