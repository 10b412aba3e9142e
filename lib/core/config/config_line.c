/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_line.c - the lines of kvmrt.cfg, by kind */
#include "config_line.h"

#include "core/base/banned.h"

static void split_section(struct rt_line *line)
{
	const char *begin = line->whole.text + 1;
	const size_t len = line->whole.len - 1;
	const char *close = memchr(begin, ']', len);

	line->closed = close != NULL;
	line->name.text = begin;
	line->name.len = close ? (size_t)(close - begin) : len;
	if (close)
		line->value = rt_trim(close + 1, len - line->name.len - 1);
}

static void split_line(struct rt_line *line)
{
	const struct rt_span text = rt_trim(line->whole.text, line->whole.len);
	const char *equals;
	size_t before;

	if (!text.len) {
		line->kind = RT_LINE_BLANK;
	} else if (*text.text == '#' || *text.text == ';') {
		line->kind = RT_LINE_COMMENT;
	} else if (text.text != line->whole.text) {
		line->kind = RT_LINE_MORE;
		line->value = text;
	} else if (*text.text == '[') {
		line->kind = RT_LINE_SECTION;
		split_section(line);
	} else {
		equals = memchr(text.text, '=', text.len);
		line->kind = equals ? RT_LINE_KEY : RT_LINE_OTHER;
		if (!equals)
			return;
		before = (size_t)(equals - text.text);
		line->name = rt_trim(text.text, before);
		line->value = rt_trim(equals + 1, text.len - before - 1);
	}
}

bool rt_line_next(const char *text, size_t len, size_t *at,
		  struct rt_line *ret_line)
{
	struct rt_line line = { 0 };
	const char *newline;

	if (*at == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		*at = 3;
	if (*at >= len)
		return false;
	line.whole.text = text + *at;
	newline = memchr(line.whole.text, '\n', len - *at);
	line.whole.len =
		newline ? (size_t)(newline - line.whole.text) : len - *at;
	line.end = newline ? 1 : 0;
	if (line.whole.len && line.whole.text[line.whole.len - 1] == '\r') {
		line.whole.len--;
		line.end++;
	}
	*at += line.whole.len + line.end;
	split_line(&line);
	*ret_line = line;
	return true;
}
