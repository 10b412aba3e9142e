/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.c - from a domain document to kvmrt.cfg's text */
#include "import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

/* A new cpuset can make `numatune = auto` mean something else, and so on. */
#define PASSES_MAX 4

struct import {
	const struct rt_domain *domain;
	const struct rt_topo *topo;
	enum rt_import what;
	struct rt_editor *editor;
	const struct rt_guest *guest; /* what its text says, in one pass */
	struct rt_err *err;
};

static int set(struct import *import, enum rt_key key, const char *value)
{
	const int r = rt_editor_set(import->editor, import->domain->uuid, key,
				    value, import->err);

	return r < 0 ? rt_wrap(import->err, "set %s", rt_key_name(key)) : 0;
}

/* --- a value for each key --- */

/* Blanks at its ends say nothing to libvirt and cannot be held by us. */
static int set_text(struct import *import, enum rt_key key, const char *value)
{
	const char *start = value + strspn(value, " \t\r\n");
	size_t len = strlen(start);
	RT_AUTO_FREE char *trimmed = NULL;

	while (len && strchr(" \t\r\n", start[len - 1]))
		len--;
	trimmed = strndup(start, len);
	if (!trimmed)
		return rt_fail_memory(import->err);
	/* One that was never there stays away. */
	return set(import, key, len ? trimmed : NULL);
}

static int set_texts(struct import *import)
{
	int r = set_text(import, RT_KEY_TITLE, import->domain->title);

	return r < 0 ? r :
		       set_text(import, RT_KEY_DESCRIPTION,
				import->domain->description);
}

static int set_topology(struct import *import)
{
	const struct rt_domain *d = import->domain;
	const struct rt_section *section = import->guest->section;
	char text[64] = "auto";

	/* kvmrt.cfg has no dies and clusters; `auto` leaves them as they are. */
	if (d->has_topology && d->dies == 1 && d->clusters == 1 &&
	    d->sockets * d->cores * d->threads == d->vcpus)
		snprintf(text, sizeof(text), "%u,%u,%u", d->sockets, d->cores,
			 d->threads);
	if (section && section->topology_auto)
		return 0;
	return set(import, RT_KEY_CPU_TOPOLOGY, text);
}

static int set_vcpus(struct import *import)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%u", import->domain->vcpus);
	r = set(import, RT_KEY_NR_VCPUS, text);
	return r < 0 ? r : set_topology(import);
}

static int set_list(struct import *import, enum rt_key key, bool any,
		    const struct rt_cpuset *set_)
{
	char text[RT_CPULIST_MAX] = "";

	if (any)
		rt_cpuset_format_list(set_, text, sizeof(text));
	return set(import, key, text);
}

static int set_cpuset(struct import *import)
{
	const struct rt_domain *d = import->domain;

	/* Of a real-time guest the pins follow from it: no key for them. */
	if (import->guest->rt &&
	    (!d->has_cpuset ||
	     rt_cpuset_is_equal(&d->cpuset, &import->guest->cpuset) ||
	     rt_cpuset_is_equal(&d->cpuset, &import->guest->usable)))
		return 0;
	return set_list(import, RT_KEY_CPUSET, d->has_cpuset, &d->cpuset);
}

static int set_memory(struct import *import)
{
	if (import->guest->rt)
		return 0;
	return set(import, RT_KEY_RT_MEMORY,
		   import->domain->locked ? "true" : "false");
}

static int set_nodes(struct import *import)
{
	const struct rt_domain *d = import->domain;

	return set_list(import, RT_KEY_NUMATUNE,
			d->has_nodes && d->nodes_strict, &d->nodes);
}

static int set_devices(struct import *import)
{
	const struct rt_pci_set *devices = &import->domain->pcidevs;
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FREE char *value = NULL;
	int r;

	for (size_t i = 0; i < devices->n; i++)
		rt_strbuf_addf(&text, "%s%s", i ? " " : "",
			       rt_pci_text(&devices->items[i]).text);
	r = rt_strbuf_take(&text, &value, import->err);
	return r < 0 ? r : set(import, RT_KEY_PCIDEVS, value);
}

static int take(struct import *import, enum rt_difference_kind kind)
{
	switch (kind) {
	case RT_DIFF_NAME:
		return set(import, RT_KEY_NAME, import->domain->name);
	case RT_DIFF_TEXT:
		return set_texts(import);
	case RT_DIFF_VCPUS:
		return set_vcpus(import);
	case RT_DIFF_TOPOLOGY:
		return set_topology(import);
	case RT_DIFF_HIDE_KVM:
		return set(import, RT_KEY_HIDE_KVM,
			   import->domain->hide_kvm ? "true" : "false");
	case RT_DIFF_DEVICES:
		return set_devices(import);
	case RT_DIFF_PLACEMENT:
		return set_cpuset(import);
	case RT_DIFF_MEMORY:
		return set_memory(import);
	case RT_DIFF_NODES:
		return set_nodes(import);
	}
	return 0;
}

/* --- passes --- */

static bool wanted(const struct import *import, enum rt_difference_kind kind)
{
	return import->what == RT_IMPORT_ALL || rt_baseline_can_take(kind);
}

static int take_all(struct import *import,
		    const struct rt_differences *differences)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < differences->n; i++) {
		if (wanted(import, differences->items[i].kind))
			r = take(import, differences->items[i].kind);
	}
	return r;
}

static int pass(struct import *import)
{
	const struct rt_config *config = &import->editor->config;
	const struct rt_section *section =
		rt_config_find(config, import->domain->uuid);
	struct rt_differences differences = { 0 };
	struct rt_report report = { 0 };
	struct rt_guest guest;
	int r;

	if (!section)
		return rt_fail(import->err, ENOENT, "no section [%s]",
			       import->domain->uuid);
	r = rt_guest_resolve(config, section, import->topo, &guest, &report,
			     import->err);
	rt_report_fini(&report);
	if (r < 0)
		return r;
	import->guest = &guest;
	r = rt_domain_compare(import->domain, &guest, &differences,
			      import->err);
	if (r == 0)
		r = take_all(import, &differences);
	rt_differences_fini(&differences);
	rt_guest_fini(&guest);
	import->guest = NULL;
	return r;
}

static int run(struct import *import)
{
	struct rt_editor *editor = import->editor;
	const struct rt_domain *domain = import->domain;
	int r = 0;

	if (!*domain->uuid)
		return rt_fail(import->err, EINVAL,
			       "the definition has no <uuid>");
	if (import->what == RT_IMPORT_ALL &&
	    !rt_config_find(&editor->config, domain->uuid))
		r = rt_editor_add(editor, domain->uuid, domain->name,
				  import->err);
	for (unsigned i = 0; r == 0 && i < PASSES_MAX; i++) {
		const unsigned before = editor->changes;

		r = pass(import);
		if (editor->changes == before)
			break;
	}
	return r;
}

int rt_import(struct rt_editor *editor, const struct rt_domain *domain,
	      const struct rt_topo *topo, enum rt_import what,
	      bool *ret_changed, struct rt_err *err)
{
	struct import import = {
		.domain = domain,
		.topo = topo,
		.what = what,
		.editor = editor,
		.err = err,
	};
	const unsigned before = editor->changes;
	struct rt_err ignored;
	int r = run(&import);

	if (r == 0)
		*ret_changed = editor->changes != before;
	else if (editor->changes != before)
		(void)rt_editor_revert(editor, domain->uuid, &ignored);
	return r;
}
