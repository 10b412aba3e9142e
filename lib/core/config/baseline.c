/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* baseline.c - who of configuration and definition was changed */
#include "baseline.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"

void rt_baseline_fini(struct rt_baseline *agreed)
{
	free(agreed->section);
	free(agreed->domain);
	memset(agreed, 0, sizeof(*agreed));
}

static void add_text(struct rt_json *json, const char *key, const char *text)
{
	rt_json_key(json, key);
	rt_json_string(json, text);
}

static void add_number(struct rt_json *json, const char *key, long long number)
{
	rt_json_key(json, key);
	rt_json_number(json, number);
}

static void add_flag(struct rt_json *json, const char *key, bool flag)
{
	rt_json_key(json, key);
	rt_json_bool(json, flag);
}

static void add_set(struct rt_json *json, const char *key,
		    const struct rt_cpuset *set)
{
	rt_json_key(json, key);
	rt_json_set(json, set);
}

static int by_address(const void *a, const void *b)
{
	return strcmp(rt_pci_text(a).text, rt_pci_text(b).text);
}

/* In a fixed order, for the user's is of no account. */
static void add_devices(struct rt_json *json, const char *key,
			const struct rt_pci_set *set)
{
	const size_t size = set->n * sizeof(set->items[0]);
	RT_AUTO_FREE struct rt_pci_addr *sorted = malloc(size + 1);

	if (!sorted) {
		json->out->failed = true;
		return;
	}
	if (set->n) {
		memcpy(sorted, set->items, size);
		qsort(sorted, set->n, sizeof(*sorted), by_address);
	}
	rt_json_key(json, key);
	rt_json_open(json, '[');
	for (size_t i = 0; i < set->n; i++)
		rt_json_string(json, rt_pci_text(&sorted[i]).text);
	rt_json_close(json, ']');
}

int rt_baseline_of_section(const struct rt_section *section, char **ret_text,
			   struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_json json = { .out = &out };

	rt_json_open(&json, '{');
	add_text(&json, "name", section->name);
	add_text(&json, "title", section->title);
	add_text(&json, "description", section->description);
	add_number(&json, "nr_vcpus", section->nr_vcpus);
	add_flag(&json, "topology_auto", section->topology_auto);
	add_number(&json, "sockets", section->sockets);
	add_number(&json, "cores", section->cores);
	add_number(&json, "threads", section->threads);
	add_text(&json, "cpuset", section->cpuset);
	add_flag(&json, "rt", section->rt);
	add_number(&json, "rt_memory", section->rt_memory);
	add_number(&json, "numatune", section->numatune);
	add_set(&json, "nodes", &section->nodes);
	add_flag(&json, "hide_kvm", section->hide_kvm);
	add_devices(&json, "pcidevs", &section->pcidevs);
	rt_json_close(&json, '}');
	return rt_strbuf_take(&out, ret_text, err);
}

static void add_pins(struct rt_json *json, const char *key,
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

static void add_placement(struct rt_json *json, const struct rt_domain *domain)
{
	add_flag(json, "placement_auto", domain->placement_auto);
	add_flag(json, "has_cpuset", domain->has_cpuset);
	add_set(json, "cpuset", &domain->cpuset);
	add_pins(json, "vcpupins", &domain->vcpupins);
	add_pins(json, "iothreadpins", &domain->iothreadpins);
	add_flag(json, "has_emulatorpin", domain->has_emulatorpin);
	add_set(json, "emulatorpin", &domain->emulatorpin);
	add_flag(json, "locked", domain->locked);
	add_flag(json, "has_nodes", domain->has_nodes);
	add_flag(json, "nodes_strict", domain->nodes_strict);
	add_set(json, "nodes", &domain->nodes);
}

int rt_baseline_of_domain(const struct rt_domain *domain, char **ret_text,
			  struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_json json = { .out = &out };

	rt_json_open(&json, '{');
	add_text(&json, "name", domain->name);
	add_text(&json, "title", domain->title);
	add_text(&json, "description", domain->description);
	add_number(&json, "vcpus", domain->vcpus);
	add_flag(&json, "has_topology", domain->has_topology);
	add_number(&json, "sockets", domain->sockets);
	add_number(&json, "dies", domain->dies);
	add_number(&json, "clusters", domain->clusters);
	add_number(&json, "cores", domain->cores);
	add_number(&json, "threads", domain->threads);
	add_flag(&json, "hide_kvm", domain->hide_kvm);
	add_devices(&json, "pcidevs", &domain->pcidevs);
	add_placement(&json, domain);
	rt_json_close(&json, '}');
	return rt_strbuf_take(&out, ret_text, err);
}

bool rt_baseline_can_take(enum rt_difference_kind kind)
{
	switch (kind) {
	case RT_DIFF_NAME:
	case RT_DIFF_TEXT:
	case RT_DIFF_VCPUS:
	case RT_DIFF_TOPOLOGY:
	case RT_DIFF_HIDE_KVM:
	case RT_DIFF_DEVICES:
		return true;
	case RT_DIFF_PLACEMENT:
	case RT_DIFF_MEMORY:
	case RT_DIFF_NODES:
		break;
	}
	return false;
}

static bool any_to_take(const struct rt_differences *differences)
{
	for (size_t i = 0; i < differences->n; i++) {
		if (rt_baseline_can_take(differences->items[i].kind))
			return true;
	}
	return false;
}

enum rt_side rt_baseline_decide(const struct rt_baseline *agreed,
				const struct rt_differences *differences,
				const char *section, const char *domain,
				enum rt_edits edits, const char **ret_why)
{
	const bool ever = agreed->section && agreed->domain;
	const bool config_edited =
		ever && strcmp(agreed->section, section) != 0;
	const bool definition_edited =
		ever && strcmp(agreed->domain, domain) != 0;

	*ret_why = "they agree";
	if (!differences->n)
		return RT_SIDE_NONE;
	*ret_why = "kvmrt.cfg was edited";
	if (!ever)
		*ret_why = "kvmrt.cfg decides where they never agreed";
	else if (config_edited && definition_edited)
		*ret_why = "both were edited, then kvmrt.cfg decides";
	else if (definition_edited && edits == RT_EDITS_ENFORCE)
		*ret_why = "the definition was edited, but edits = enforce";
	else if (definition_edited && !any_to_take(differences))
		*ret_why = "placement, locking and nodes come from kvmrt.cfg";
	else if (definition_edited)
		*ret_why = "the definition was edited";
	if (definition_edited && !config_edited && edits == RT_EDITS_FOLLOW &&
	    any_to_take(differences))
		return RT_SIDE_DEFINITION;
	return RT_SIDE_CONFIG;
}
