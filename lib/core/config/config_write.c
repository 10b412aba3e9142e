/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_write.c - the text of a section with another value in it */
#include "config_write.h"

#include "config_value.h"

#define INDENT "    "

struct rt_key_place rt_key_locate(const char *text, size_t len, enum rt_key key)
{
	struct rt_key_place place = { 0 };
	struct rt_line line;
	bool here = false;
	size_t at = 0;

	while (rt_line_next(text, len, &at, &line)) {
		if (line.kind == RT_LINE_KEY) {
			here = rt_key_find(line.name.text, line.name.len) ==
			       key;
			if (here) {
				place.has_key = true;
				place.begin = (size_t)(line.whole.text - text);
				place.line = line;
			}
		}
		if (here &&
		    (line.kind == RT_LINE_KEY || line.kind == RT_LINE_MORE))
			place.end = at;
	}
	return place;
}

const char *rt_line_end(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);

	return newline && newline > text && newline[-1] == '\r' ? "\r\n" : "\n";
}

static void add_rows(struct rt_strbuf *out, const char *rows, const char *end)
{
	for (;;) {
		const size_t n = strcspn(rows, "\n");

		rt_strbuf_add(out, rows, n);
		rows += n;
		if (!*rows++)
			return;
		rt_strbuf_adds(out, end);
		rt_strbuf_adds(out, INDENT);
	}
}

/* The key's line with another value; spacing and line end stay. */
static void add_changed(struct rt_strbuf *out, const struct rt_line *line,
			const char *rows, const char *end)
{
	const struct rt_span whole = line->whole;
	const struct rt_span value = line->value;
	const char *equals = memchr(whole.text, '=', whole.len);
	const char *stop = whole.text + whole.len;
	const char *begin = value.len ? value.text : stop;

	rt_strbuf_add(out, whole.text, (size_t)(begin - whole.text));
	if (!value.len && begin == equals + 1 && equals > whole.text &&
	    equals[-1] == ' ' && *rows && *rows != '\n')
		rt_strbuf_adds(out, " ");
	add_rows(out, rows, end);
	if (value.len)
		rt_strbuf_add(out, value.text + value.len,
			      (size_t)(stop - value.text) - value.len);
	rt_strbuf_add(out, stop, line->end);
}

/* From one offset to another, only the comment lines. */
static void add_comments(struct rt_strbuf *out, const char *text, size_t from,
			 size_t to)
{
	struct rt_line line;

	while (from < to && rt_line_next(text, to, &from, &line)) {
		if (line.kind == RT_LINE_COMMENT)
			rt_strbuf_add(out, line.whole.text,
				      line.whole.len + line.end);
	}
}

void rt_key_write(struct rt_strbuf *out, struct rt_span section,
		  const struct rt_key_place *place, enum rt_key key,
		  const char *rows, const char *end)
{
	const char *text = section.text;
	const size_t behind =
		place->begin + place->line.whole.len + place->line.end;

	if (place->has_key) {
		rt_strbuf_add(out, text, place->begin);
		if (rows)
			add_changed(out, &place->line, rows, end);
		add_comments(out, text, behind, place->end);
		rt_strbuf_add(out, text + place->end, section.len - place->end);
		return;
	}
	rt_strbuf_add(out, text, section.len);
	if (text[section.len - 1] != '\n')
		rt_strbuf_adds(out, end);
	rt_strbuf_addf(out, "%s =%s", rt_key_name(key),
		       *rows && *rows != '\n' ? " " : "");
	add_rows(out, rows, end);
	rt_strbuf_adds(out, end);
}

int rt_key_rows(enum rt_key key, const char *value, char **ret_rows,
		struct rt_err *err)
{
	RT_AUTO_STRBUF rows = { 0 };

	if (rt_key_kind(key) == RT_VALUE_TEXT)
		rt_value_fold(value, &rows);
	else if (strchr(value, '\n'))
		return rt_fail(err, 0, "%s takes one line", rt_key_name(key));
	else
		rt_strbuf_adds(&rows, value);
	return rt_strbuf_take(&rows, ret_rows, err);
}
