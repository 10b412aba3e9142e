/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check_rules.h - what all rules share, and the rules of one guest */
#ifndef RT_CHECK_RULES_H
#define RT_CHECK_RULES_H

#include "check.h"

/* One run of rt_check. */
struct rt_checking {
	const struct rt_check *check;
	struct rt_report *report;
	size_t n_before;	  /* findings that were there at the start */
	struct rt_cpuset owned;	  /* owned by all real-time guests that count */
	struct rt_cpuset offline; /* siblings that they take offline */
	struct rt_cpuset named;	  /* cpuset or owned of any guest that counts */
};

/* Does the guest count: enabled, or all are asked for? */
bool rt_check_counts(const struct rt_checking *run,
		     const struct rt_guest *guest);
/* Is a finding about it, or about it and another guest, asked for? */
bool rt_check_concerns(const struct rt_checking *run,
		       const struct rt_guest *guest);

/* Its name, or its UUID when it has none. */
const char *rt_check_label(const struct rt_guest *guest);
/* The line of a key of its section, else of the section. */
unsigned rt_check_line(const struct rt_guest *guest, enum rt_key key);

/*
 * Was the text of the key refused already? Then its value is not what the user
 * meant.
 */
bool rt_check_is_doubtful(const struct rt_checking *run,
			  const struct rt_guest *guest, enum rt_key key);

/*
 * Add a finding at a key of the guest, unless the key is doubtful; *hint is
 * emptied for the next.
 */
void rt_check_add(const struct rt_checking *run, enum rt_severity severity,
		  const char *code, const struct rt_guest *guest,
		  enum rt_key key, struct rt_strbuf *hint, const char *fmt, ...)
	RT_PRINTF(7, 8);

/* More than one node with CPUs: only then does a node say anything. */
bool rt_check_is_numa(const struct rt_checking *run);
/* NUMA nodes of some CPUs, and of a guest's cpuset. */
struct rt_cpuset rt_check_nodes(const struct rt_checking *run,
				const struct rt_cpuset *cpus);
/* "node 1", "nodes 0-1"; "CPU 4", "CPUs 4-5". */
struct rt_cpulist rt_check_nodes_text(const struct rt_cpuset *nodes);
struct rt_cpulist rt_check_cpus_text(const struct rt_cpuset *cpus);

/* "A, B (note), C and 4 more". The caller frees the text. */
struct rt_listing {
	struct rt_strbuf text;
	unsigned n;
};
void rt_list_add(struct rt_listing *list, const char *text, const char *note);
void rt_list_guest(struct rt_listing *list, const struct rt_guest *guest);
/* The whole list, to be asked for once. */
const char *rt_list_text(struct rt_listing *list);
/* The report knows what did not fit into memory. */
void rt_list_fini(const struct rt_checking *run, struct rt_listing *list);

/*
 * Append "write cpuset = LIST" to *hint, perhaps with nr_vcpus, and return
 * true: written so, the finding `code` of the guest is gone and no other has
 * come. False when there is no such place, or none is asked for.
 */
bool rt_check_advise_cpuset(const struct rt_checking *run,
			    const struct rt_guest *guest, const char *code,
			    struct rt_strbuf *hint);

/* The rules of one guest: alone (check_guest.c), on its host (check_host.c). */
void rt_check_guest(const struct rt_checking *run,
		    const struct rt_guest *guest);
void rt_check_siblings(const struct rt_checking *run,
		       const struct rt_guest *guest);
void rt_check_devices(const struct rt_checking *run,
		      const struct rt_guest *guest);
void rt_check_interrupts(const struct rt_checking *run,
			 const struct rt_guest *guest);
/* Devices of one guest that are local to real-time guests' CPUs. */
void rt_check_neighbours(const struct rt_checking *run,
			 const struct rt_guest *holder);
/* Nodes that real-time guests share with others: once a node. */
void rt_check_shared_nodes(const struct rt_checking *run);

#endif
