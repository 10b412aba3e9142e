/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * report.h - findings: what is wrong with a configuration, all of it at once
 *
 * Validation is not an error path. A check adds findings and carries on; the
 * caller shows all of them.
 */
#ifndef RT_REPORT_H
#define RT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "strbuf.h"

enum rt_severity {
	RT_ERROR,
	RT_WARNING,
	RT_ACCEPTED, /* a warning that the guest's section accepts */
	RT_NOTE,     /* for the log: something that was done */
};

struct rt_finding {
	const char *code; /* stable, e.g. "pci-group"; a string literal */
	enum rt_severity severity;
	char *file;    /* "" when it is about no file */
	unsigned line; /* 0 when it is about no line */
	char *guest;   /* name, or UUID when it has none; "" for no guest */
	char *message; /* one sentence, no full stop */
	char *hint;    /* one sentence: how to correct it */
};

struct rt_report {
	struct rt_finding *items;
	size_t n, size;
	bool failed;	 /* a finding was lost because memory was short */
	unsigned hidden; /* 1 << severity: those that are not printed */
};

/* Where a finding is. All may be NULL or 0. Borrowed for the call. */
struct rt_where {
	const char *file;
	unsigned line;
	const char *guest;
};

void rt_report_fini(struct rt_report *report);

/* hint: borrowed, may be NULL. The message is printed from fmt. */
void rt_report_add(struct rt_report *report, enum rt_severity severity,
		   const char *code, struct rt_where where, const char *hint,
		   const char *fmt, ...) RT_PRINTF(6, 7);

/* An allocation failure counts as an error: doubt means refusal. */
unsigned rt_report_errors(const struct rt_report *report);
unsigned rt_report_warnings(const struct rt_report *report);
unsigned rt_report_count(const struct rt_report *report,
			 enum rt_severity severity);
/* How many have the code and the guest of this one? */
unsigned rt_report_count_same(const struct rt_report *report,
			      const struct rt_finding *finding);
/* Print errors only. */
#define RT_HIDE_ALL_BUT_ERRORS (~(1u << RT_ERROR))

/* Sort by file and line, errors first; equal findings stay in order. */
void rt_report_sort(struct rt_report *report);

/* "kvmrt.cfg:17: error: guest 'plc1': message [code]\n    hint\n" each. */
void rt_report_print(const struct rt_report *report, struct rt_strbuf *out);

struct rt_json;
/* The findings as an array. */
void rt_report_json(const struct rt_report *report, struct rt_json *json);
/* {"version":1,"findings":[...]} */
void rt_report_print_json(const struct rt_report *report,
			  struct rt_strbuf *out);

#endif
