/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_diff.c - what an edit changes in kvmrt.cfg, as a unified diff */
#include "config_diff.h"

#define CONTEXT 3
/* Sections of more lines than that, squared, are shown as replaced. */
#define CELLS_MAX (1u << 22)

struct line {
	const char *text;
	size_t len; /* with its newline */
	char sign;  /* ' ', '-' or '+' */
};

struct lines {
	struct line *items;
	size_t n, size;
	bool failed;
};

static void lines_add(struct lines *lines, const struct line *line, char sign)
{
	if (!rt_grow(&lines->items, lines->n, &lines->size, sizeof(*line))) {
		lines->failed = true;
		return;
	}
	lines->items[lines->n] = *line;
	lines->items[lines->n++].sign = sign;
}

static void lines_fini(struct lines *lines)
{
	free(lines->items);
}

#define AUTO_LINES __attribute__((cleanup(lines_fini))) struct lines

static bool is_same(const struct line *a, const struct line *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* From *text on up to the next section's first line. */
static void take_section(const char **text, struct lines *lines)
{
	do {
		const char *end = strchr(*text, '\n');
		const struct line line = {
			.text = *text,
			.len = end ? (size_t)(end - *text) + 1 : strlen(*text),
		};

		if (!line.len)
			return;
		lines_add(lines, &line, ' ');
		*text += line.len;
	} while (**text != '[' && !lines->failed);
}

/* length[i * width + j]: of what the lines from old i and new j on share. */
static void measure(const struct lines *old, const struct lines *new,
		    unsigned *length)
{
	const size_t width = new->n + 1;

	for (size_t i = old->n; i-- > 0;) {
		for (size_t j = new->n; j-- > 0;) {
			const unsigned down = length[(i + 1) * width + j];
			const unsigned right = length[i * width + j + 1];

			length[i * width + j] =
				is_same(&old->items[i], &new->items[j]) ?
					length[(i + 1) * width + j + 1] + 1 :
				down > right ? down :
					       right;
		}
	}
}

static void compare(const struct lines *old, const struct lines *new,
		    struct lines *ret)
{
	const size_t width = new->n + 1;
	const bool fits = (old->n + 1) * width <= CELLS_MAX;
	RT_AUTO_FREE unsigned *length =
		calloc(fits ? (old->n + 1) * width : 1, sizeof(*length));
	size_t i = 0, j = 0;

	if (!length) {
		ret->failed = true;
		return;
	}
	if (fits)
		measure(old, new, length);
	while (i < old->n || j < new->n) {
		if (fits && i < old->n &&
		    j < new->n &&is_same(&old->items[i], &new->items[j])) {
			lines_add(ret, &old->items[i++], ' ');
			j++;
		} else if (i < old->n && (j == new->n || !fits ||
					  length[(i + 1) * width + j] >=
						  length[i * width + j + 1])) {
			lines_add(ret, &old->items[i++], '-');
		} else {
			lines_add(ret, &new->items[j++], '+');
		}
	}
}

/* Where the change at `at` and those near it end, with the lines around. */
static size_t hunk_end(const struct lines *all, size_t at)
{
	size_t end = at;

	for (size_t i = at; i < all->n && i <= end + 2 * CONTEXT; i++) {
		if (all->items[i].sign != ' ')
			end = i;
	}
	return end + 1 + CONTEXT < all->n ? end + 1 + CONTEXT : all->n;
}

static void add_range(char sign, size_t before, size_t n, struct rt_strbuf *out)
{
	rt_strbuf_addf(out, " %c%zu", sign, n ? before + 1 : before);
	if (n != 1)
		rt_strbuf_addf(out, ",%zu", n);
}

/* Lines of one side (and those of both) among all->items[from] and so on. */
static size_t count(const struct lines *all, size_t from, size_t to, char sign)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += all->items[i].sign == sign || all->items[i].sign == ' ';
	return n;
}

static void add_hunk(const struct lines *all, size_t from, size_t to,
		     struct rt_strbuf *out)
{
	rt_strbuf_adds(out, "@@");
	add_range('-', count(all, 0, from, '-'), count(all, from, to, '-'),
		  out);
	add_range('+', count(all, 0, from, '+'), count(all, from, to, '+'),
		  out);
	rt_strbuf_adds(out, " @@\n");
	for (size_t i = from; i < to; i++) {
		const struct line *line = &all->items[i];

		rt_strbuf_add(out, &line->sign, 1);
		rt_strbuf_add(out, line->text, line->len);
		if (line->text[line->len - 1] != '\n')
			rt_strbuf_adds(out, "\n\\ No newline at end of file\n");
	}
}

void rt_config_diff(const char *old, const char *new, struct rt_strbuf *out)
{
	AUTO_LINES all = { 0 };

	while (*old || *new) {
		AUTO_LINES was = { 0 };
		AUTO_LINES is = { 0 };

		take_section(&old, &was);
		take_section(&new, &is);
		all.failed |= was.failed || is.failed;
		if (all.failed)
			break;
		compare(&was, &is, &all);
	}
	out->failed |= all.failed;
	for (size_t i = 0, done = 0; !all.failed && i < all.n; i++) {
		size_t from;

		if (all.items[i].sign == ' ')
			continue;
		from = i > done + CONTEXT ? i - CONTEXT : done;
		done = hunk_end(&all, i);
		add_hunk(&all, from, done, out);
		i = done - 1;
	}
}
