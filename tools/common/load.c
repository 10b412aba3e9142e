/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load.c - the configuration and the host that a command works on */
#include "load.h"

#include <errno.h>
#include <unistd.h>

#include "host/probe.h"
#include "host/topology.h"

/*
 * What was meant by a source that hwloc takes for something else, or for
 * nothing: each level of a description has a name.
 */
static int check_source(const char *source, struct rt_err *err)
{
	if (access(source, F_OK) == 0 || strchr(source, ':'))
		return 0;
	if (source[strspn(source, "0123456789 ")])
		return rt_fail(err, ENOENT,
			       "--topology: '%s' is not a description such as "
			       "'pack:2 core:4 pu:2', and as a file",
			       source);
	return rt_fail(
		err, 0,
		"--topology: '%s' is a number without a level: write 'core:%s "
		"pu:2' for that many cores of two threads, or 'core:%s pu:1'",
		source, source, source);
}

static int load_host(const struct rt_options *options, struct rt_loaded *loaded,
		     struct rt_err *err)
{
	struct rt_facts *facts = &loaded->facts;
	int r;

	if (options->topology) {
		r = check_source(options->topology, err);
		return r < 0 ? r :
			       rt_topology_load_file(options->topology,
						     &loaded->topo, err);
	}
	r = rt_topology_load(&loaded->sys, &loaded->topo, err);
	if (options->reads_facts)
		return r;
	loaded->has_facts = true;
	if (r == 0)
		r = rt_facts_read_settings(&loaded->sys, &loaded->topo, facts,
					   err);
	if (r == 0)
		r = rt_facts_read_irqs(&loaded->sys, facts, err);
	if (r == 0)
		r = rt_facts_read_pci(&loaded->sys, facts, err);
	return r;
}

static int load_config(const struct rt_options *options,
		       struct rt_loaded *loaded, struct rt_err *err)
{
	struct rt_config_file *file = &loaded->file;
	int r;

	r = options->new_file || (options->may_lack_file && !options->file) ?
		    rt_config_file_read_or_new(&loaded->sys, options->file,
					       file, err) :
		    rt_config_file_read(&loaded->sys, options->file, file, err);
	if (r < 0) {
		loaded->no_file = true;
		return r;
	}
	return rt_config_parse(file->text, file->len, file->path,
			       &loaded->config, &loaded->report, err);
}

static int list_enabled(struct rt_loaded *loaded, struct rt_err *err)
{
	const struct rt_guests *guests = &loaded->guests;
	int r = 0;

	for (size_t i = 0; r == 0 && i < guests->n; i++) {
		if (!guests->items[i].disabled)
			r = rt_guest_refs_add(&loaded->enabled,
					      &guests->items[i], err);
	}
	return r;
}

int rt_load(const struct rt_options *options, struct rt_loaded *loaded,
	    struct rt_err *err)
{
	int r;

	memset(loaded, 0, sizeof(*loaded));
	r = rt_sys_open(options->root, &loaded->sys, err);
	if (r < 0)
		return r;
	loaded->has_sys = true;
	/* The host first: it can be shown without a file. */
	r = load_host(options, loaded, err);
	if (r == 0)
		r = load_config(options, loaded, err);
	if (r == 0)
		r = rt_guests_resolve(&loaded->config, &loaded->topo,
				      &loaded->guests, &loaded->report, err);
	if (r == 0)
		r = list_enabled(loaded, err);
	if (r == 0)
		loaded->readable = !rt_report_errors(&loaded->report);
	return r;
}

int rt_load_failed(const struct rt_tool *tool, const struct rt_loaded *loaded,
		   const struct rt_err *err)
{
	return loaded->no_file ? rt_file_failed(tool, err) :
				 rt_tool_failed(tool, err);
}

/*
 * Findings about a disabled guest are left out when all are resolved: here they
 * are wanted.
 */
static int resolve_disabled(struct rt_loaded *loaded, struct rt_err *err)
{
	const struct rt_config *config = &loaded->config;
	int r = 0;

	for (size_t i = 0; i < config->n && r == 0; i++) {
		struct rt_guest guest;

		if (!config->sections[i].disabled)
			continue;
		r = rt_guest_resolve(config, &config->sections[i],
				     &loaded->topo, &guest, &loaded->report,
				     err);
		if (r == 0)
			rt_guest_fini(&guest);
	}
	return r;
}

int rt_load_check(struct rt_loaded *loaded, bool all, struct rt_err *err)
{
	const struct rt_check check = {
		.config = &loaded->config,
		.guests = &loaded->guests,
		.topo = &loaded->topo,
		.facts = loaded->has_facts ? &loaded->facts : NULL,
		.all = all,
	};

	if (all) {
		const int r = resolve_disabled(loaded, err);

		if (r < 0)
			return r;
	}
	rt_check(&check, &loaded->report);
	rt_report_sort(&loaded->report);
	return 0;
}

void rt_load_fini(struct rt_loaded *loaded)
{
	rt_report_fini(&loaded->report);
	rt_facts_fini(&loaded->facts);
	rt_guest_refs_fini(&loaded->enabled);
	rt_guests_fini(&loaded->guests);
	rt_config_fini(&loaded->config);
	rt_config_file_fini(&loaded->file);
	rt_topo_fini(&loaded->topo);
	if (loaded->has_sys)
		rt_sys_close(&loaded->sys);
	memset(loaded, 0, sizeof(*loaded));
}

const struct rt_guest *rt_load_find(const struct rt_loaded *loaded,
				    const char *name)
{
	const struct rt_guests *guests = &loaded->guests;
	char uuid[RT_UUID_LEN + 1];

	for (size_t i = 0; i < guests->n; i++)
		if (strcmp(guests->items[i].name, name) == 0)
			return &guests->items[i];
	return rt_uuid_parse(name, uuid) ? rt_guests_find(guests, uuid) : NULL;
}
