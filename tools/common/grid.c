/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* grid.c - rows and columns, filled, and as JSON */
#include "grid.h"

#include <stdarg.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/base/banned.h"

void rt_grid_init(struct rt_grid *grid, const char *name, const char *parts,
		  const struct rt_column *columns, size_t n)
{
	*grid = (struct rt_grid){ .name = name, .parts = parts };
	memcpy(grid->columns, columns, n * sizeof(*columns));
	grid->n_columns = n;
}

void rt_grid_fini(struct rt_grid *grid)
{
	for (size_t i = 0; i < grid->n; i++) {
		for (size_t k = 0; k < grid->n_columns; k++)
			free(grid->rows[i].cells[k]);
		free(grid->rows[i].cells);
	}
	free(grid->rows);
	memset(grid, 0, sizeof(*grid));
}

size_t rt_grid_add(struct rt_grid *grid, size_t parent)
{
	struct rt_grid_row row = { .parent = parent };

	row.cells = calloc(grid->n_columns, sizeof(*row.cells));
	if (!row.cells ||
	    !rt_grow(&grid->rows, grid->n, &grid->size, sizeof(*grid->rows))) {
		free(row.cells);
		grid->failed = true;
		return 0;
	}
	grid->rows[grid->n++] = row;
	return grid->n;
}

/* Takes the text. */
static void set(struct rt_grid *grid, size_t row, size_t column, char *text)
{
	grid->failed |= !text;
	if (!row) {
		free(text);
		return;
	}
	free(grid->rows[row - 1].cells[column]);
	grid->rows[row - 1].cells[column] = text;
}

void rt_grid_set(struct rt_grid *grid, size_t row, size_t column,
		 const char *fmt, ...)
{
	RT_AUTO_STRBUF buf = { 0 };
	struct rt_err ignored;
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(&buf, fmt, args);
	va_end(args);
	(void)rt_strbuf_take(&buf, &text, &ignored);
	set(grid, row, column, text);
}

void rt_grid_flag(struct rt_grid *grid, size_t row, size_t column, bool value)
{
	set(grid, row, column, strdup(value ? "yes" : "no"));
}

void rt_grid_cpus(struct rt_grid *grid, size_t row, size_t column,
		  const struct rt_cpuset *cpus)
{
	char text[RT_CPULIST_MAX];

	rt_cpuset_format_list(cpus, text, sizeof(text));
	set(grid, row, column, strdup(text));
}

/* --- JSON --- */

static void add_key(struct rt_json *json, const char *name)
{
	char key[24];
	size_t n = 0;

	for (; n < sizeof(key) - 1 && name[n]; n++)
		key[n] = name[n] == '-' ? '_' :
			 name[n] >= 'A' && name[n] <= 'Z' ?
					  (char)(name[n] - 'A' + 'a') :
					  name[n];
	key[n] = '\0';
	rt_json_key(json, key);
}

static void add_cell(const struct rt_column *column, const char *cell,
		     struct rt_json *json)
{
	if (!cell)
		return;
	add_key(json, column->name);
	switch (column->cell) {
	case RT_CELL_TEXT:
		rt_json_string(json, cell);
		break;
	case RT_CELL_NUMBER:
		/* As it stands: it may have a fraction. */
		rt_strbuf_adds(json->out, cell);
		json->comma = true;
		break;
	case RT_CELL_FLAG:
		rt_json_bool(json, strcmp(cell, "yes") == 0);
		break;
	}
}

/* The row i and, in a nested grid, those below it. Returns the next one. */
static size_t add_row(const struct rt_grid *grid, size_t i,
		      struct rt_json *json)
{
	const struct rt_grid_row *row = &grid->rows[i];
	const size_t number = i + 1;
	size_t next = i + 1;

	rt_json_open(json, '{');
	for (size_t k = 0; k < grid->n_columns; k++)
		if (!row->parent || !grid->parts ||
		    !(grid->columns[k].flags & RT_COLUMN_LABEL))
			add_cell(&grid->columns[k], row->cells[k], json);
	if (grid->parts && next < grid->n &&
	    grid->rows[next].parent == number) {
		rt_json_key(json, grid->parts);
		rt_json_open(json, '[');
		while (next < grid->n && grid->rows[next].parent == number)
			next = add_row(grid, next, json);
		rt_json_close(json, ']');
	}
	rt_json_close(json, '}');
	return next;
}

void rt_grid_json(const struct rt_grid *grid, struct rt_json *json)
{
	size_t i = 0;

	rt_json_key(json, grid->name);
	rt_json_open(json, '[');
	while (i < grid->n)
		i = grid->rows[i].heading ? i + 1 : add_row(grid, i, json);
	rt_json_close(json, ']');
}

/* --- columns --- */

static int unknown(const struct rt_grid *grid, struct rt_span word,
		   struct rt_err *err)
{
	RT_AUTO_STRBUF names = { 0 };

	for (size_t i = 0; i < grid->n_columns; i++)
		rt_strbuf_addf(&names, "%s%s", i ? ", " : "",
			       grid->columns[i].name);
	return rt_fail(err, 0, "unknown column '%s': %s has %s",
		       rt_cut(word.text, word.len).text, grid->name,
		       names.text ? names.text : "");
}

static bool is_named(const struct rt_column *column, struct rt_span word)
{
	const size_t len = strlen(column->name);

	return len == word.len &&
	       strncasecmp(column->name, word.text, len) == 0;
}

static int choose(const struct rt_grid *grid, struct rt_span word,
		  struct rt_grid_look *look, struct rt_err *err)
{
	size_t column = 0;

	while (column < grid->n_columns &&
	       !is_named(&grid->columns[column], word))
		column++;
	if (column == grid->n_columns)
		return unknown(grid, word, err);
	for (size_t i = 0; i < look->n; i++) {
		if (look->columns[i] == column)
			return 0;
	}
	look->columns[look->n++] = column;
	return 0;
}

int rt_grid_choose(const struct rt_grid *grid, const char *text,
		   struct rt_grid_look *look, struct rt_err *err)
{
	int r = 0;

	look->n = 0;
	for (size_t i = 0; (!text || *text == '+') && i < grid->n_columns;
	     i++) {
		if (grid->columns[i].flags & RT_COLUMN_SHOWN)
			look->columns[look->n++] = i;
	}
	if (text && *text == '+')
		text++;
	while (r == 0 && text) {
		const size_t len = strcspn(text, ",");

		r = choose(grid, rt_trim(text, len), look, err);
		text = text[len] ? text + len + 1 : NULL;
	}
	return r;
}
