/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* grid_table.c - a grid as a table, drawn by libsmartcols */
#include <errno.h>
#include <libsmartcols.h>

#include "grid.h"

#include "core/base/banned.h"

/* *ret_column has the table's column for each of the grid; NULL: not shown. */
static int add_columns(const struct rt_grid *grid,
		       const struct rt_grid_look *look,
		       struct libscols_table *table,
		       struct libscols_column **ret_columns)
{
	for (size_t i = 0; i < look->n; i++) {
		const struct rt_column *column =
			&grid->columns[look->columns[i]];
		int flags = 0;

		if (column->cell == RT_CELL_NUMBER)
			flags |= SCOLS_FL_RIGHT;
		if (column->flags & RT_COLUMN_CUT)
			flags |= SCOLS_FL_TRUNC;
		if (look->tree && (column->flags & RT_COLUMN_TREE))
			flags |= SCOLS_FL_TREE;
		ret_columns[i] =
			scols_table_new_column(table, column->name, 0, flags);
		if (!ret_columns[i])
			return -ENOMEM;
	}
	return 0;
}

static bool is_shown(const struct rt_grid *grid,
		     const struct rt_grid_look *look,
		     const struct rt_grid_row *row)
{
	return look->tree || (!row->heading && (!grid->parts || !row->parent));
}

static int add_rows(const struct rt_grid *grid, const struct rt_grid_look *look,
		    struct libscols_table *table,
		    struct libscols_column **columns)
{
	RT_AUTO_FREE struct libscols_line **lines =
		calloc(grid->n + 1, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < grid->n; i++) {
		const struct rt_grid_row *row = &grid->rows[i];

		if (!is_shown(grid, look, row))
			continue;
		lines[i + 1] = scols_table_new_line(
			table, look->tree ? lines[row->parent] : NULL);
		if (!lines[i + 1])
			return -ENOMEM;
		for (size_t k = 0; k < look->n; k++) {
			const char *cell = row->cells[look->columns[k]];

			if (cell && scols_line_set_column_data(
					    lines[i + 1], columns[k], cell) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

int rt_grid_table(const struct rt_grid *grid, const struct rt_grid_look *look,
		  struct rt_strbuf *out, struct rt_err *err)
{
	struct libscols_column
		*columns[sizeof(look->columns) / sizeof(look->columns[0])];
	struct libscols_table *table = scols_new_table();
	char *text = NULL;
	int r = table ? 0 : -ENOMEM;

	if (r == 0)
		r = add_columns(grid, look, table, columns);
	if (r == 0)
		r = add_rows(grid, look, table, columns);
	if (r == 0 && !look->headings)
		r = scols_table_enable_noheadings(table, 1);
	if (r == 0 && grid->n)
		r = scols_print_table_to_string(table, &text);
	if (r == 0 && text) {
		rt_strbuf_adds(out, text);
		if (*text && text[strlen(text) - 1] != '\n')
			rt_strbuf_adds(out, "\n");
	}
	free(text);
	scols_unref_table(table);
	return r < 0 ? rt_fail(err, -r, "draw the table of %s", grid->name) : 0;
}
