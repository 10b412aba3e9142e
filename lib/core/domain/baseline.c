/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* baseline.c - which of configuration and definition was changed */
#include "baseline.h"

#include <stdlib.h>
#include <string.h>

#include "property.h"

void rt_baseline_fini(struct rt_baseline *agreed)
{
	free(agreed->section);
	free(agreed->domain);
	memset(agreed, 0, sizeof(*agreed));
}

static int by_address(const void *a, const void *b)
{
	return strcmp(rt_pci_text(a).text, rt_pci_text(b).text);
}

/* In a fixed order, since the user's order does not matter. */
void rt_baseline_devices(struct rt_json *json, const struct rt_pci_set *set)
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
	rt_json_key(json, "pcidevs");
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
	rt_json_key_string(&json, "name", section->name);
	rt_json_key_string(&json, "title", section->title);
	rt_json_key_string(&json, "description", section->description);
	rt_json_key_number(&json, "nr_vcpus", section->nr_vcpus);
	rt_json_key_bool(&json, "topology_auto", section->topology_auto);
	rt_json_key_number(&json, "sockets", section->sockets);
	rt_json_key_number(&json, "cores", section->cores);
	rt_json_key_number(&json, "threads", section->threads);
	rt_json_key_string(&json, "cpuset", section->cpuset);
	rt_json_key_bool(&json, "rt", section->rt);
	rt_json_key_number(&json, "rt_memory", section->rt_memory);
	rt_json_key_number(&json, "numatune", section->numatune);
	rt_json_key_set(&json, "nodes", &section->nodes);
	rt_json_key_bool(&json, "hide_kvm", section->hide_kvm);
	/* Not where it is unset: older versions did not record it. */
	if (section->vcpu_fifo)
		rt_json_key_number(&json, "vcpu_fifo", section->vcpu_fifo);
	rt_baseline_devices(&json, &section->pcidevs);
	rt_json_close(&json, '}');
	return rt_strbuf_take(&out, ret_text, err);
}

int rt_baseline_of_domain(const struct rt_domain *domain, char **ret_text,
			  struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_json json = { .out = &out };

	rt_json_open(&json, '{');
	RT_FOREACH_PROPERTY(p)
	(*p)->record(&json, domain);
	rt_json_close(&json, '}');
	return rt_strbuf_take(&out, ret_text, err);
}

bool rt_baseline_can_take(enum rt_difference_kind kind)
{
	return rt_property_of(kind)->flags & RT_EDITED;
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
		*ret_why = "they have never agreed, so kvmrt.cfg decides";
	else if (config_edited && definition_edited)
		*ret_why = "both were edited, so kvmrt.cfg decides";
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
