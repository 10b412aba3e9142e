/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roundtrip.c - import definitions, and see that the file then asks for nothing
 *
 *   roundtrip FILE...
 *
 * Each document is imported into an empty kvmrt.cfg. What the section then says
 * must be what the document has: rewriting it changes no byte. Documents that
 * libvirt's own tests expect to be refused may be refused here; those are
 * listed with -v. TAP on stdout, one line for what must hold for all.
 */
#include "../tap.h"

#include <stdlib.h>

#include "../../lib/core/import.h"
#include "../../lib/core/report.h"
#include "../../lib/core/strbuf.h"
#include "../../lib/host/topology.h"

struct totals {
	unsigned read, refused, changed, failed;
	bool verbose;
};

static char *read_file(const char *name, size_t *ret_len)
{
	FILE *file = fopen(name, "r");
	RT_AUTO_STRBUF text = { 0 };
	struct rt_err err;
	char part[4096], *all = NULL;
	size_t n;

	if (!file)
		return NULL;
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		rt_strbuf_add(&text, part, n);
	fclose(file);
	*ret_len = text.len;
	return rt_strbuf_take(&text, &all, &err) < 0 ? NULL : all;
}

static int rewrite(const char *xml, size_t len, const char *config_text,
		   const struct rt_domain *domain, const struct rt_topo *topo,
		   bool *ret_changed, struct rt_err *err)
{
	struct rt_report report = { 0 };
	RT_AUTO_FREE char *text = NULL;
	struct rt_config config;
	struct rt_guest guest;
	int r = rt_config_parse(config_text, strlen(config_text), "kvmrt.cfg",
				&config, &report, err);

	if (r < 0)
		return r;
	r = rt_guest_resolve(&config, rt_config_find(&config, domain->uuid),
			     topo, &guest, &report, err);
	if (r == 0) {
		r = rt_domain_rewrite(xml, len, &guest, RT_REWRITE_ALL, &text,
				      ret_changed, err);
		rt_guest_fini(&guest);
	}
	if (r == 0 && rt_report_errors(&report))
		r = rt_fail(err, 0, "%s", report.items[0].message);
	rt_report_fini(&report);
	rt_config_fini(&config);
	return r;
}

static void say(const struct totals *totals, const char *what, const char *name,
		const char *why)
{
	if (totals->verbose)
		printf("# %s %s: %s\n", what, name, why);
}

static void try(const char *name, const struct rt_topo *topo,
		struct totals *totals)
{
	RT_AUTO_FREE char *xml = NULL, *text = NULL;
	struct rt_domain domain;
	struct rt_err err;
	bool changed = false;
	size_t len = 0;
	int r;

	xml = read_file(name, &len);
	if (!xml)
		return;
	totals->read++;
	if (rt_domain_parse(xml, len, &domain, &err) < 0 || !*domain.uuid) {
		totals->refused++;
		say(totals, "not read", name, err.text);
		return;
	}
	r = rt_import("", 0, &domain, topo, RT_IMPORT_ALL, &text, &changed,
		      &err);
	if (r < 0) {
		totals->failed++;
		say(totals, "not imported", name, err.text);
	} else {
		r = rewrite(xml, len, text, &domain, topo, &changed, &err);
		if (r < 0 || changed) {
			totals->changed++;
			say(totals, "asks for a change", name,
			    r < 0 ? err.text : text);
		}
	}
	rt_domain_fini(&domain);
}

int main(int argc, char **argv)
{
	struct totals totals = { 0 };
	struct rt_topo topo;
	struct rt_err err;

	if (!ok(rt_topology_load_file("numa:8 core:64 pu:2", &topo, &err) == 0,
		"a host with room for all of them"))
		return tap_done();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			totals.verbose = true;
		else
			try(argv[i], &topo, &totals);
	}
	printf("# %u documents, %u not read, %u not imported, %u changed\n",
	       totals.read, totals.refused, totals.failed, totals.changed);
	ok(totals.read > totals.refused, "there were documents");
	is_int(totals.failed, 0, "each that can be read is imported");
	is_int(totals.changed, 0, "and the file then asks for nothing");
	rt_topo_fini(&topo);
	return tap_done();
}
