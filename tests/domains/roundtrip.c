/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roundtrip.c - other people's definitions, imported and rewritten
 *
 *   roundtrip [-v] [-s SCHEMA] FILE...
 *
 * Each document is imported into an empty kvmrt.cfg. The file then has to ask
 * for nothing: rewriting changes no byte. Then the section is made another
 * one, ordinary and bound, or real-time, and the document is rewritten for it:
 * what is not ours has to come out as it went in, a second rewriting has to
 * change nothing, and what was valid against libvirt's schema (domain.rng) has
 * to stay valid.
 *
 * Documents that libvirt itself refuses are among its tests. Those that we
 * cannot read or rewrite are counted; -v names them, with the reason. TAP on
 * stdout, one line for what must hold for all.
 */
#include <stdlib.h>
#include <unistd.h>

#include <libxml/relaxng.h>

#include "core/base/report.h"
#include "host/topology.h"
#include "../domain_tree.h"
#include "../edit.h"
#include "../tap.h"

/* What is made of an imported section; NULL: left as it is. */
static const struct role {
	const char *name, *rt, *cpuset, *numatune, *pcidevs;
} roles[] = {
	{ "as imported", NULL, NULL, NULL, NULL },
	{ "ordinary", "false", "0-511", "0-3", NULL },
	{ "real-time", "true", "2-1023", NULL, "0000:fe:1f.7" },
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

static struct totals {
	unsigned read, unread, not_imported, asks;
	struct {
		unsigned done, refused, lost, restless, valid, invalid;
	} roles[ROLES];
} totals;

static bool verbose;
static xmlRelaxNG *schema;
static struct rt_topo topo;

static void say(const char *what, const char *file, const char *why)
{
	if (verbose)
		printf("# %s: %s: %s\n", file, what, why);
}

static char *read_file(const char *name, size_t *ret_len)
{
	FILE *file = fopen(name, "re");
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

static void ignore(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

static bool is_valid(const char *xml)
{
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	xmlRelaxNGValidCtxt *context;
	struct rt_err err;
	bool valid;

	if (rt_xml_parse(xml, strlen(xml), &doc, &err) < 0)
		return false;
	context = xmlRelaxNGNewValidCtxt(schema);
	if (!context)
		abort();
	xmlRelaxNGSetValidErrors(context, ignore, ignore, NULL);
	valid = xmlRelaxNGValidateDoc(context, doc) == 0;
	xmlRelaxNGFreeValidCtxt(context);
	return valid;
}

static int rewrite(const char *xml, const char *config_text, const char *uuid,
		   char **ret_text, bool *ret_changed, struct rt_err *err)
{
	struct rt_report report = { 0 };
	struct rt_config config;
	struct rt_guest guest;
	int r = rt_config_parse(config_text, strlen(config_text), "kvmrt.cfg",
				&config, &report, err);

	if (r < 0)
		return r;
	r = rt_guest_resolve(&config, rt_config_find(&config, uuid), &topo,
			     &guest, &report, err);
	if (r == 0 && rt_report_errors(&report))
		r = rt_fail(err, 0, "%s", report.items[0].message);
	else if (r == 0)
		r = rt_domain_rewrite(xml, strlen(xml), &guest, RT_REWRITE_ALL,
				      ret_text, ret_changed, err);
	if (r == 0 || rt_report_errors(&report))
		rt_guest_fini(&guest);
	rt_report_fini(&report);
	rt_config_fini(&config);
	return r;
}

static int set(char **text, const char *uuid, enum rt_key key,
	       const char *value, struct rt_err *err)
{
	char *edited = NULL;
	int r;

	if (!value)
		return 0;
	r = edit_set(*text, uuid, key, value, &edited, err);
	if (r == 0) {
		free(*text);
		*text = edited;
	}
	return r;
}

/* The section that was imported, in that role. */
static int cast(const char *imported, const char *uuid, const struct role *role,
		char **ret_text, struct rt_err *err)
{
	int r;

	*ret_text = strdup(imported);
	if (!*ret_text)
		abort();
	r = set(ret_text, uuid, RT_KEY_CPUSET, role->cpuset, err);
	if (r == 0)
		r = set(ret_text, uuid, RT_KEY_RT, role->rt, err);
	if (r == 0)
		r = set(ret_text, uuid, RT_KEY_NUMATUNE, role->numatune, err);
	if (r == 0)
		r = set(ret_text, uuid, RT_KEY_PCIDEVS, role->pcidevs, err);
	return r;
}

static void compare(const char *file, const char *before, const char *after,
		    size_t as)
{
	RT_AUTO_FREE char *tree_before = tree_of(before);
	RT_AUTO_FREE char *tree_after = tree_of(after);

	if (!tree_before || !tree_after ||
	    strcmp(tree_before, tree_after) != 0) {
		totals.roles[as].lost++;
		say(roles[as].name, file, "something of others is lost");
	}
	if (!schema || !is_valid(before))
		return;
	totals.roles[as].valid++;
	if (!is_valid(after)) {
		totals.roles[as].invalid++;
		say(roles[as].name, file, "it was valid");
	}
}

static void try_role(const char *file, const char *xml, const char *imported,
		     const char *uuid, size_t as)
{
	RT_AUTO_FREE char *config = NULL, *once = NULL, *twice = NULL;
	bool changed = false, again = true;
	struct rt_err err;
	int r = cast(imported, uuid, &roles[as], &config, &err);

	if (r == 0)
		r = rewrite(xml, config, uuid, &once, &changed, &err);
	if (r < 0) {
		totals.roles[as].refused++;
		say(roles[as].name, file, err.text);
		return;
	}
	totals.roles[as].done++;
	if (as == 0 && changed) {
		totals.asks++;
		say("asks for a change", file, imported);
	}
	if (rewrite(once, config, uuid, &twice, &again, &err) < 0 || again ||
	    strcmp(once, twice) != 0) {
		totals.roles[as].restless++;
		say(roles[as].name, file, "rewriting again changes it again");
	}
	compare(file, xml, once, as);
}

static void try(const char *file)
{
	RT_AUTO_FREE char *xml = NULL, *imported = NULL;
	struct rt_domain domain;
	struct rt_err err;
	bool changed = false;
	size_t len = 0;

	xml = read_file(file, &len);
	if (!xml)
		return;
	totals.read++;
	if (rt_domain_parse(xml, len, &domain, &err) < 0) {
		totals.unread++;
		say("not read", file, err.text);
		return;
	}
	if (!*domain.uuid) {
		totals.unread++;
		say("not read", file, "it has no UUID");
	} else if (edit_import("", &domain, &topo, RT_IMPORT_ALL, &imported,
			       &changed, &err) < 0) {
		totals.not_imported++;
		say("not imported", file, err.text);
	} else {
		for (size_t as = 0; as < ROLES; as++)
			try_role(file, xml, imported, domain.uuid, as);
	}
	rt_domain_fini(&domain);
}

static void load_schema(const char *file)
{
	xmlRelaxNGParserCtxt *context = xmlRelaxNGNewParserCtxt(file);

	if (context) {
		xmlRelaxNGSetParserErrors(context, ignore, ignore, NULL);
		schema = xmlRelaxNGParse(context);
		xmlRelaxNGFreeParserCtxt(context);
	}
	ok(schema, "%s is a schema", file);
}

static void judge(void)
{
	printf("# %u documents, %u not read, %u not imported\n", totals.read,
	       totals.unread, totals.not_imported);
	ok(totals.read > totals.unread, "there were documents");
	is_int(totals.not_imported, 0, "each that can be read is imported");
	is_int(totals.asks, 0, "and the file then asks for nothing");
	for (size_t as = 0; as < ROLES; as++) {
		const char *name = roles[as].name;

		printf("# %s: %u rewritten, %u refused, %u of them valid\n",
		       name, totals.roles[as].done, totals.roles[as].refused,
		       totals.roles[as].valid);
		ok(totals.roles[as].done > totals.roles[as].refused,
		   "%s: most can be rewritten", name);
		is_int(totals.roles[as].lost, 0,
		       "  nothing of others is lost or moved");
		is_int(totals.roles[as].restless, 0,
		       "  twice is the same as once");
		if (schema)
			is_int(totals.roles[as].invalid, 0,
			       "  what was valid is valid");
	}
}

int main(int argc, char **argv)
{
	struct rt_err err;
	int option;

	while ((option = getopt(argc, argv, "vs:")) != -1) {
		if (option == 'v')
			verbose = true;
		else if (option == 's')
			load_schema(optarg);
		else
			return 2;
	}
	if (!ok(rt_topology_load_file("numa:8 core:64 pu:2", &topo, &err) == 0,
		"a host with room for all of them"))
		return tap_done();
	for (int i = optind; i < argc; i++)
		try(argv[i]);
	judge();
	rt_topo_fini(&topo);
	xmlRelaxNGFree(schema);
	return tap_done();
}
