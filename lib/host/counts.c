/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* counts.c - how often each CPU was interrupted */
#include "counts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

/* One line per source and one column per CPU: megabytes on a large host. */
#define TABLE_MAX (64u << 20)

void rt_counts_fini(struct rt_counts *counts)
{
	free(counts->items);
	memset(counts, 0, sizeof(*counts));
}

const struct rt_count *rt_counts_find(const struct rt_counts *counts,
				      unsigned cpu)
{
	for (size_t i = 0; i < counts->n; i++) {
		if (counts->items[i].cpu == cpu)
			return &counts->items[i];
	}
	return NULL;
}

static int add(struct rt_counts *counts, const struct rt_count *count,
	       struct rt_err *err)
{
	if (!rt_grow(&counts->items, counts->n, &counts->size, sizeof(*count)))
		return rt_fail_memory(err);
	counts->items[counts->n++] = *count;
	return 0;
}

/* Which column is which CPU: "           CPU0       CPU2 ...". */
static int read_head(const char *head, unsigned **ret_cpus, size_t *ret_n,
		     struct rt_err *err)
{
	const char *end = head + strcspn(head, "\n");
	unsigned *cpus = NULL;
	size_t n = 0, size = 0;

	for (const char *at = strstr(head, "CPU"); at && at < end;
	     at = strstr(at + 3, "CPU")) {
		if (!rt_grow(&cpus, n, &size, sizeof(*cpus))) {
			free(cpus);
			return rt_fail_memory(err);
		}
		cpus[n++] = (unsigned)strtoul(at + 3, NULL, 10);
	}
	*ret_cpus = cpus;
	*ret_n = n;
	return 0;
}

/* How many of the words at the start of the text are numbers? */
static size_t count_columns(const char *at)
{
	size_t n = 0;

	for (at += strspn(at, " "); *at >= '0' && *at <= '9'; n++) {
		at += strcspn(at, " \n");
		at += strspn(at, " ");
	}
	return n;
}

/*
 * "NAME:   1   2   3  text": the columns are added to sums. Where the text
 * begins; NULL for no such line. ERR and MIS have one number for the whole host,
 * which is no CPU's.
 */
static const char *add_line(const char *line, unsigned long long *sums,
			    size_t n)
{
	const char *at = strchr(line, ':');

	if (!at || at > line + strcspn(line, "\n") || count_columns(at + 1) < n)
		return NULL;
	at++;
	for (size_t i = 0; i < n; i++) {
		char *end;
		unsigned long long value;

		at += strspn(at, " ");
		if (*at < '0' || *at > '9')
			return NULL;
		value = strtoull(at, &end, 10);
		sums[i] += value;
		at = end;
	}
	return at + strspn(at, " ");
}

struct table {
	unsigned *cpus;
	unsigned long long *sums;
	size_t n;
};

static void table_fini(struct table *table)
{
	free(table->cpus);
	free(table->sums);
}

static int read_table(struct rt_sys *sys, const char *path, struct table *ret,
		      struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	size_t len;
	int r = rt_sys_read_all(sys, path, TABLE_MAX, &text, &len, err);

	if (r == 0)
		r = read_head(text, &ret->cpus, &ret->n, err);
	if (r < 0)
		return r;
	ret->sums = calloc(ret->n + 1, sizeof(*ret->sums));
	if (!ret->sums)
		return rt_fail_memory(err);
	for (const char *line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n'))
		(void)add_line(line + 1, ret->sums, ret->n);
	return 0;
}

static unsigned long long sum_of(const struct table *table, unsigned cpu)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->cpus[i] == cpu)
			return table->sums[i];
	}
	return 0;
}

int rt_counts_read(struct rt_sys *sys, const struct rt_cpuset *cpus,
		   struct rt_counts *ret_counts, struct rt_err *err)
{
	struct table interrupts = { 0 }, softirqs = { 0 };
	struct rt_counts counts = { 0 };
	int r = read_table(sys, "proc/interrupts", &interrupts, err);

	if (r == 0)
		r = read_table(sys, "proc/softirqs", &softirqs, err);
	/* The first lists online CPUs only. */
	for (size_t i = 0; r == 0 && i < interrupts.n; i++) {
		const unsigned cpu = interrupts.cpus[i];
		const struct rt_count count = { cpu, interrupts.sums[i],
						sum_of(&softirqs, cpu) };

		if (cpu < RT_CPUS_MAX && rt_cpuset_has(cpus, cpu))
			r = add(&counts, &count, err);
	}
	table_fini(&interrupts);
	table_fini(&softirqs);
	if (r < 0) {
		rt_counts_fini(&counts);
		return r;
	}
	*ret_counts = counts;
	return 0;
}

/* --- each source by itself --- */

void rt_count_table_fini(struct rt_count_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		free(table->rows[i].counts);
		free(table->rows[i].text);
	}
	free(table->rows);
	free(table->cpus);
	memset(table, 0, sizeof(*table));
}

static int add_row(struct rt_count_table *table, const char *line,
		   struct rt_err *err)
{
	struct rt_count_row row = { .label = "" };
	const char *label = line + strspn(line, " "), *text;

	row.counts = calloc(table->n_cpus + 1, sizeof(*row.counts));
	if (!row.counts)
		return rt_fail_memory(err);
	text = add_line(line, row.counts, table->n_cpus);
	if (!text) {
		free(row.counts);
		return 0;
	}
	rt_copy_plain(row.label, sizeof(row.label), label, strcspn(label, ":"));
	row.text = strndup(text, strcspn(text, "\n"));
	if (!row.text || !rt_grow(&table->rows, table->n, &table->size,
				  sizeof(*table->rows))) {
		free(row.text);
		free(row.counts);
		return rt_fail_memory(err);
	}
	table->rows[table->n++] = row;
	return 0;
}

int rt_count_table_read(struct rt_sys *sys, struct rt_count_table *ret_table,
			struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_count_table table = { 0 };
	size_t len;
	int r = rt_sys_read_all(sys, "proc/interrupts", TABLE_MAX, &text, &len,
				err);

	if (r == 0)
		r = read_head(text, &table.cpus, &table.n_cpus, err);
	for (const char *line = r == 0 ? strchr(text, '\n') : NULL;
	     r == 0 && line && line[1]; line = strchr(line + 1, '\n'))
		r = add_row(&table, line + 1, err);
	if (r < 0)
		rt_count_table_fini(&table);
	*ret_table = table;
	return r;
}

const struct rt_count_row *
rt_count_table_find(const struct rt_count_table *table, const char *label,
		    size_t near)
{
	if (near < table->n && strcmp(table->rows[near].label, label) == 0)
		return &table->rows[near];
	for (size_t i = 0; i < table->n; i++) {
		if (strcmp(table->rows[i].label, label) == 0)
			return &table->rows[i];
	}
	return NULL;
}

/* --- what is saved --- */

struct name {
	char text[64];
};

static struct name name_of(const char *uuid)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "counts-%s", uuid);
	return name;
}

int rt_counts_saved(struct rt_sys *sys, const char *uuid,
		    struct rt_counts *ret_counts, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	struct rt_counts counts = { 0 };
	char path[128];
	size_t len;
	int r;

	*ret_counts = counts;
	snprintf(path, sizeof(path), RT_STORE_DIR "/%s", name_of(uuid).text);
	r = rt_sys_read_all(sys, path, 1 << 20, &text, &len, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = text; line && *line && r == 0;) {
		struct rt_count count;

		if (sscanf(line, "%u %llu %llu", &count.cpu, &count.interrupts,
			   &count.softirqs) == 3)
			r = add(&counts, &count, err);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	*ret_counts = counts;
	return r;
}

int rt_counts_save(struct rt_store *store, const char *uuid,
		   const struct rt_cpuset *cpus, struct rt_err *err)
{
	RT_AUTO_STRBUF text = { 0 };
	RT_AUTO_FD int file = -1;
	struct rt_counts counts;
	int r = rt_counts_read(store->sys, cpus, &counts, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < counts.n; i++)
		rt_strbuf_addf(&text, "%u %llu %llu\n", counts.items[i].cpu,
			       counts.items[i].interrupts,
			       counts.items[i].softirqs);
	rt_counts_fini(&counts);
	if (text.failed)
		return rt_fail_memory(err);
	file = openat(store->dir, name_of(uuid).text,
		      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		      0644);
	if (file < 0 || write(file, text.text ? text.text : "", text.len) !=
				(ssize_t)text.len)
		return rt_fail(err, errno, "save the counters of its CPUs");
	return 0;
}

void rt_counts_forget(struct rt_store *store, const char *uuid)
{
	(void)!unlinkat(store->dir, name_of(uuid).text, 0);
}
