/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import.c - from a domain document to kvmrt.cfg's text */
#include "property.h"

#include <errno.h>

/* A new cpuset can make `numatune = auto` mean something else, and so on. */
#define PASSES_MAX 4

int rt_take(struct rt_taking *t, enum rt_key key, const char *value)
{
	const int r =
		rt_editor_set(t->editor, t->domain->uuid, key, value, t->err);

	return r < 0 ? rt_wrap(t->err, "set %s", rt_key_name(key)) : 0;
}

int rt_take_set(struct rt_taking *t, enum rt_key key, bool any,
		const struct rt_cpuset *set)
{
	char text[RT_CPULIST_MAX] = "";

	if (any)
		rt_cpuset_format_list(set, text, sizeof(text));
	return rt_take(t, key, text);
}

static int take_all(struct rt_taking *t,
		    const struct rt_differences *differences)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < differences->n; i++) {
		const struct rt_property *property =
			rt_property_of(differences->items[i].kind);

		if (t->what == RT_IMPORT_ALL || (property->flags & RT_EDITED))
			r = property->take(t);
	}
	return r;
}

static int pass(struct rt_taking *t)
{
	const struct rt_config *config = &t->editor->config;
	const struct rt_section *section =
		rt_config_find(config, t->domain->uuid);
	struct rt_differences differences = { 0 };
	struct rt_report report = { 0 };
	struct rt_guest guest;
	int r;

	if (!section)
		return rt_fail(t->err, ENOENT, "no section [%s]",
			       t->domain->uuid);
	r = rt_guest_resolve(config, section, t->topo, &guest, &report, t->err);
	rt_report_fini(&report);
	if (r < 0)
		return r;
	t->guest = &guest;
	r = rt_domain_compare(t->domain, &guest, &differences, t->err);
	if (r == 0)
		r = take_all(t, &differences);
	rt_differences_fini(&differences);
	rt_guest_fini(&guest);
	t->guest = NULL;
	return r;
}

static int run(struct rt_taking *t)
{
	struct rt_editor *editor = t->editor;
	const struct rt_domain *domain = t->domain;
	int r = 0;

	if (!*domain->uuid)
		return rt_fail(t->err, EINVAL, "the definition has no <uuid>");
	if (t->what == RT_IMPORT_ALL &&
	    !rt_config_find(&editor->config, domain->uuid))
		r = rt_editor_add(editor, domain->uuid, domain->name, t->err);
	for (unsigned i = 0; r == 0 && i < PASSES_MAX; i++) {
		const unsigned before = editor->changes;

		r = pass(t);
		if (editor->changes == before)
			break;
	}
	return r;
}

int rt_import(struct rt_editor *editor, const struct rt_domain *domain,
	      const struct rt_topo *topo, enum rt_import what,
	      bool *ret_changed, struct rt_err *err)
{
	struct rt_taking taking = {
		.domain = domain,
		.topo = topo,
		.what = what,
		.editor = editor,
		.err = err,
	};
	const unsigned before = editor->changes;
	struct rt_err ignored;
	int r = run(&taking);

	if (r == 0)
		*ret_changed = editor->changes != before;
	else if (editor->changes != before)
		(void)rt_editor_revert(editor, domain->uuid, &ignored);
	return r;
}
