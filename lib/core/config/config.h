/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config.h - kvmrt.cfg as written: sections and typed values
 *
 * What a value means on a host (which CPUs "n1" are, what "auto" comes to) is
 * worked out later, by rt_guest_resolve. Reading never stops at the first
 * fault: each becomes a finding with its line.
 */
#ifndef RT_CONFIG_H
#define RT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cpuset.h"
#include "core/base/pci.h"
#include "core/base/report.h"

#define RT_CONFIG_LINE_MAX 65536 /* bytes, newline included */
#define RT_UUID_LEN	   36

/* The keys of a guest's section, in the order of kvmrt.cfg(5). */
enum rt_key {
	RT_KEY_NAME,
	RT_KEY_TITLE,
	RT_KEY_DESCRIPTION,
	RT_KEY_NR_VCPUS,
	RT_KEY_CPU_TOPOLOGY,
	RT_KEY_CPUSET,
	RT_KEY_RT,
	RT_KEY_SMT,
	RT_KEY_VCPU_SCHED,
	RT_KEY_RT_MEMORY,
	RT_KEY_NUMATUNE,
	RT_KEY_HIDE_KVM,
	RT_KEY_AUTOSTART,
	RT_KEY_DISABLED,
	RT_KEY_PCIDEVS,
	RT_KEY_SUPPRESS,
	RT_KEY_ACCEPT,
	RT_KEY_COMMENTS,
	RT_KEY_COUNT,
};

/* "nr_vcpus" */
const char *rt_key_name(enum rt_key key);

enum rt_choice {
	RT_AUTO,
	RT_NO,
	RT_YES,
};

enum rt_edits {
	RT_EDITS_FOLLOW,
	RT_EDITS_ENFORCE,
};

struct rt_section {
	char uuid[RT_UUID_LEN + 1];   /* canonical: lower case, hyphens */
	unsigned line;		      /* of the [section] */
	unsigned lines[RT_KEY_COUNT]; /* of each key; 0: not there, default */
	char *name, *title, *description, *comments; /* never NULL */
	unsigned nr_vcpus;			     /* 0: auto */
	bool topology_auto;
	unsigned sockets, cores, threads; /* when not auto */
	char *cpuset; /* CPUSET text whose grammar is right; never NULL */
	bool rt;
	bool smt_idle;	    /* siblings stay online, and nobody runs there */
	unsigned vcpu_fifo; /* SCHED_FIFO priority; 0: SCHED_OTHER */
	enum rt_choice rt_memory;
	enum rt_choice numatune; /* RT_NO: not bound; RT_YES: `nodes` */
	struct rt_cpuset nodes;
	bool hide_kvm, autostart, disabled;
	struct rt_pci_set pcidevs;
	uint32_t suppress; /* rt_suppress_words */
	uint32_t accept;   /* rt_accept_codes */
};

struct rt_config {
	char *file; /* name for messages */
	bool strict;
	enum rt_edits edits;
	struct rt_section *sections;
	size_t n, size;
};

/*
 * Read a configuration from memory (len bytes; need not be NUL-terminated).
 * `file` is only named in messages.
 *
 * All findings of the text go to *report: anything doubtful is an error there,
 * and then *ret_config must not be acted upon (it holds what could be read, so
 * that further checks can find more). Returns a negative errno only when
 * memory is short. The caller finis *ret_config whenever 0 is returned.
 */
int rt_config_parse(const char *text, size_t len, const char *file,
		    struct rt_config *ret_config, struct rt_report *report,
		    struct rt_err *err);
void rt_config_fini(struct rt_config *config);
void rt_section_fini(struct rt_section *section);

/* Report UUIDs and names that are there twice; drop the later section. */
int rt_config_check_unique(struct rt_config *config, struct rt_report *report,
			   struct rt_err *err);

/* Canonical UUID in ret_uuid if text is one (any case); else false. */
bool rt_uuid_parse(const char *text, char ret_uuid[RT_UUID_LEN + 1]);

/* By canonical UUID; NULL if there is none. */
const struct rt_section *rt_config_find(const struct rt_config *config,
					const char *uuid);
const struct rt_section *rt_config_find_name(const struct rt_config *config,
					     const char *name);

/* libvirt's rule: not empty, no '/', no control character, not "." or "..". */
bool rt_config_name_is_valid(const char *name);

#endif
