/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load.h - the configuration and the host that a command works on */
#ifndef RT_LOAD_H
#define RT_LOAD_H

#include "core/check/check.h"
#include "core/model/view.h"
#include "host/config_file.h"
#include "options.h"

struct rt_loaded {
	struct rt_sys sys;
	bool has_sys;
	struct rt_topo topo;
	struct rt_config_file file;
	bool no_file; /* the file could not be read, or may not be used */
	struct rt_config config;
	struct rt_guests guests;
	struct rt_guest_refs enabled; /* those that are not disabled */
	struct rt_facts facts;	      /* empty with --topology or reads_facts */
	bool has_facts;
	struct rt_report report; /* of the text; rt_load_check adds the rest */
	bool readable; /* the text has no error: it means what it says */
};

/*
 * Read the topology, what the rules need to know of the host, and the
 * configuration. Faults of the text are findings, not failures. When only the
 * file could not be read, the host is in *loaded all the same. The caller
 * finis *loaded in any case.
 */
int rt_load(const struct rt_options *options, struct rt_loaded *loaded,
	    struct rt_err *err);
/* Those that are not disabled; the caller finis *refs in any case. */
int rt_list_enabled(const struct rt_guests *guests, struct rt_guest_refs *refs,
		    struct rt_err *err);
/* rt_load failed: say why. Returns the exit status. */
int rt_load_failed(const struct rt_tool *tool, const struct rt_loaded *loaded,
		   const struct rt_err *err);
/* Apply the rules of check.h and sort the findings. */
int rt_load_check(struct rt_loaded *loaded, bool all, struct rt_err *err);
void rt_load_fini(struct rt_loaded *loaded);

/* A guest by name or UUID; NULL if there is none. */
const struct rt_guest *rt_load_find(const struct rt_loaded *loaded,
				    const char *name);

#endif
