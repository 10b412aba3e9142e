/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explain.c - what the code of a finding means, from the manual pages
 *
 * In a page's section each code is an item, ".It Li CODE" or ".It Li CODE ,
 * CODE", and the lines up to the next item explain it. They are mdoc(7), of
 * which words() knows what these sections use; a test looks for what it does
 * not know.
 */
#include "explain.h"

#include <errno.h>
#include <string.h>

#include "core/base/text.h"

#include "core/base/banned.h"

#define WIDTH	  78
#define INDENT	  4
#define CODES_MAX 128

extern const char rt_page_cfg[], rt_page_host[], rt_page_kvmrt[];

static const struct {
	const char *name, *section, *text;
} pages[] = {
	{ "kvmrt.cfg(5)", "FINDINGS", rt_page_cfg },
	{ "kvmrt-validate-host(1)", "CHECKS", rt_page_host },
	{ "kvmrt(7)", "EXIT STATUS", rt_page_kvmrt },
};
#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : NULL;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* The line below the section's title; NULL: there is no such section. */
static const char *find_section(const char *text, const char *title)
{
	const size_t len = strlen(title);

	for (const char *line = text; line; line = next_line(line)) {
		if (begins(line, ".Sh ") && begins(line + 4, title) &&
		    line[4 + len] == '\n')
			return next_line(line);
	}
	return NULL;
}

/* The n-th code of an item; an empty span when there are fewer. */
static struct rt_span code_of(const char *line, size_t n)
{
	struct rt_span code = { line + 7, 0 };

	for (;;) {
		code.text += strspn(code.text, " ,");
		code.len = strcspn(code.text, " ,\n");
		if (!code.len || begins(code.text, "No "))
			return (struct rt_span){ code.text, 0 };
		if (!n--)
			return code;
		code.text += code.len;
	}
}

/* --- mdoc --- */

struct writer {
	struct rt_strbuf *out;
	size_t column;
	bool glue; /* no blank before the next word */
};

/* One word and the blank or line end before it. */
static void put(struct writer *writer, const char *before, const char *word,
		size_t len, const char *after)
{
	const size_t width = strlen(before) + len + strlen(after);

	if (!writer->column) {
		rt_strbuf_addf(writer->out, "%*s", INDENT, "");
		writer->column = INDENT;
	} else if (!writer->glue && writer->column + 1 + width > WIDTH) {
		rt_strbuf_addf(writer->out, "\n%*s", INDENT, "");
		writer->column = INDENT;
	} else if (!writer->glue) {
		rt_strbuf_adds(writer->out, " ");
		writer->column++;
	}
	rt_strbuf_addf(writer->out, "%s%.*s%s", before, (int)len, word, after);
	writer->column += width;
	writer->glue = false;
}

static bool is_macro(const char *word, size_t len)
{
	static const char known[] = "Ic Li Ql Pa Fl Ar Cm Xr Em Ev Sx No Ns ";

	for (const char *at = known; *at && len == 2; at += 3) {
		if (strncmp(at, word, 2) == 0)
			return true;
	}
	return false;
}

/* What a macro does to its word: 'q' quotes, 'f' is an option, 'x' a page. */
static char kind_of(const char *macro)
{
	return strncmp(macro, "Ql", 2) == 0 ? 'q' :
	       strncmp(macro, "Fl", 2) == 0 ? 'f' :
	       strncmp(macro, "Xr", 2) == 0 ? 'x' :
					      '\0';
}

/* A line of macros: ".Xr kvmrt.cfg 5 ." */
static void put_macros(struct writer *writer, const char *at)
{
	char kind = '\0';
	unsigned n = 0; /* words since the macro */

	while (*at && *at != '\n') {
		const size_t len = strcspn(at, " \n");

		if (is_macro(at, len)) {
			kind = kind_of(at);
			n = 0;
			writer->glue |= strncmp(at, "Ns", 2) == 0;
		} else if (len == 1 && strchr(".,;:)", *at)) {
			writer->glue = writer->column;
			put(writer, "", at, len, "");
		} else if (kind == 'x' && n == 1) {
			writer->glue = true;
			put(writer, "(", at, len, ")");
			n++;
		} else {
			put(writer,
			    kind == 'q' ? "'" :
			    kind == 'f' ? "-" :
					  "",
			    at, len, kind == 'q' ? "'" : "");
			n++;
		}
		at += len;
		at += strspn(at, " ");
	}
}

static void put_text(struct writer *writer, const char *at)
{
	while (*at && *at != '\n') {
		const size_t len = strcspn(at, " \n");

		put(writer, "", at, len, "");
		at += len;
		at += strspn(at, " ");
	}
}

/* Up to the next item. */
static void put_item(const char *line, struct rt_strbuf *out)
{
	struct writer writer = { .out = out };

	while (line && !begins(line, ".It ") && !begins(line, ".El") &&
	       !begins(line, ".S")) {
		if (*line == '.')
			put_macros(&writer, line + 1);
		else
			put_text(&writer, line);
		line = next_line(line);
	}
	rt_strbuf_adds(out, "\n");
}

/* --- codes --- */

/* Called for each code; stops when it says so. */
typedef bool each_code(struct rt_span code, size_t page, const char *subsection,
		       const char *item, void *data);

static void for_each(each_code *each, void *data)
{
	for (size_t i = 0; i < N_PAGES; i++) {
		const char *line =
			find_section(pages[i].text, pages[i].section);
		const char *subsection = NULL;

		for (; line && !begins(line, ".Sh "); line = next_line(line)) {
			if (begins(line, ".Ss "))
				subsection = line + 4;
			for (size_t n = 0; begins(line, ".It Li "); n++) {
				const struct rt_span code = code_of(line, n);

				if (!code.len)
					break;
				if (each(code, i, subsection, line, data))
					return;
			}
		}
	}
}

struct explaining {
	const char *code;
	struct rt_strbuf *out; /* NULL: it is only sought */
	bool found;
};

static bool explain(struct rt_span code, size_t page, const char *subsection,
		    const char *item, void *data)
{
	struct explaining *explaining = data;
	struct rt_strbuf *out = explaining->out;

	if (strlen(explaining->code) != code.len ||
	    strncmp(explaining->code, code.text, code.len) != 0)
		return false;
	explaining->found = true;
	if (!out)
		return true;
	rt_strbuf_addf(out, "%s\n", explaining->code);
	put_item(next_line(item), out);
	rt_strbuf_addf(out, "%*s(%s, %s", INDENT, "", pages[page].name,
		       pages[page].section);
	if (subsection)
		rt_strbuf_addf(out, ": %.*s", (int)strcspn(subsection, "\n"),
			       subsection);
	rt_strbuf_adds(out, ")\n");
	return false;
}

static bool list(struct rt_span code, size_t page, const char *subsection,
		 const char *item, void *data)
{
	(void)page;
	(void)subsection;
	(void)item;
	rt_strbuf_add(data, code.text, code.len);
	rt_strbuf_adds(data, "\n");
	return false;
}

void rt_explain_list(struct rt_strbuf *out)
{
	for_each(list, out);
}

bool rt_explain_has(const char *code)
{
	struct explaining explaining = { .code = code };

	for_each(explain, &explaining);
	return explaining.found;
}

static int unknown(const char *code, struct rt_err *err)
{
	const char *names[CODES_MAX], *near;
	RT_AUTO_STRBUF all = { 0 };
	size_t n = 0;

	rt_explain_list(&all);
	for (char *at = all.text; at && *at && n < CODES_MAX;) {
		names[n++] = at;
		at += strcspn(at, "\n");
		*at++ = '\0';
	}
	near = rt_nearest(code, strlen(code), names, n);
	(void)rt_fail(err, 0, "no finding has the code '%s'%s%s",
		      rt_cut_text(code).text, near ? ": is it " : "",
		      near ? near : "");
	err->code = ENOENT;
	return -ENOENT;
}

int rt_explain(const char *code, struct rt_strbuf *out, struct rt_err *err)
{
	struct explaining explaining = { .code = code, .out = out };

	for_each(explain, &explaining);
	return explaining.found ? 0 : unknown(code, err);
}
