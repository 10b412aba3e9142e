/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grid.h - rows and columns, for a table and for JSON
 *
 * One grid holds the facts; grid.c prints it as JSON, grid_table.c as a table,
 * so both say the same. A cell that was not set is not known: it is blank in
 * the table, and the member is missing in JSON.
 *
 * Rows stand in the order in which they were added, each before those below
 * it. What rows below others are differs: in a nested grid they are parts, and
 * a plain table leaves them out; otherwise they are rows like the others.
 */
#ifndef RT_GRID_H
#define RT_GRID_H

#include <stdio.h>

#include "core/base/json.h"

enum rt_cell {
	RT_CELL_TEXT,
	RT_CELL_NUMBER,
	RT_CELL_FLAG, /* "yes" or "no" */
};

enum {
	RT_COLUMN_SHOWN = 1 << 0, /* without -o */
	RT_COLUMN_CUT = 1 << 1,	  /* where the terminal is too narrow */
	RT_COLUMN_TREE = 1 << 2,  /* the branches are drawn here */
	RT_COLUMN_LABEL = 1 << 3, /* of parts: not in JSON */
};

struct rt_column {
	const char *name; /* "USED-BY"; in JSON "used_by" */
	enum rt_cell cell;
	unsigned flags;
};

struct rt_grid_row {
	size_t parent; /* from 1; 0: none */
	bool heading;  /* for the tree alone */
	char **cells;  /* NULL: not known */
};

struct rt_grid {
	const char *name;	      /* its member in JSON, and its subject */
	const char *parts;	      /* nested: the member for rows below */
	struct rt_column columns[20]; /* up to one without a name */
	size_t n_columns;
	struct rt_grid_row *rows;
	size_t n, size;
	bool failed; /* memory was short */
};

/* The columns are copied, so that they can be changed. */
void rt_grid_init(struct rt_grid *grid, const char *name, const char *parts,
		  const struct rt_column *columns, size_t n);
void rt_grid_fini(struct rt_grid *grid);
/* Its number, from 1; 0 when memory is short. */
size_t rt_grid_add(struct rt_grid *grid, size_t parent);
void rt_grid_set(struct rt_grid *grid, size_t row, size_t column,
		 const char *fmt, ...) RT_PRINTF(4, 5);
void rt_grid_flag(struct rt_grid *grid, size_t row, size_t column, bool value);
/* All of its CPUs, however many. */
void rt_grid_cpus(struct rt_grid *grid, size_t row, size_t column,
		  const struct rt_cpuset *cpus);

/* Its member, with all columns. */
void rt_grid_json(const struct rt_grid *grid, struct rt_json *json);

/*
 * Which columns are shown, from "CPU,NODE", in that order, or from "+KIND",
 * which adds to what is shown anyway.
 */
struct rt_grid_look {
	size_t columns[20], n;
	bool tree, headings;
};
int rt_grid_choose(const struct rt_grid *grid, const char *text,
		   struct rt_grid_look *look, struct rt_err *err);
int rt_grid_table(const struct rt_grid *grid, const struct rt_grid_look *look,
		  struct rt_strbuf *out, struct rt_err *err);

#endif
