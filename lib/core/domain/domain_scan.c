/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_scan.c - refuse hostile documents before they are parsed */
/*
 * A document that is well-formed up to some point has its comments, CDATA
 * sections, processing instructions and tags where this scan sees them. libxml2
 * stops at the first point that is not well-formed, so it sees nothing that was
 * not checked here, whatever follows.
 */
#include "domain_xml.h"

#include <errno.h>

#include "core/base/utf8.h"

#define DEPTH_MAX      200
#define ATTRIBUTES_MAX 512

struct scan {
	const char *at, *end;
	unsigned line, depth;
};

static int refuse(const struct scan *scan, struct rt_err *err,
		  const char *message)
{
	return rt_fail(err, 0, "line %u: %s", scan->line, message);
}

static bool starts(const struct scan *scan, const char *with)
{
	const size_t len = strlen(with);

	return (size_t)(scan->end - scan->at) >= len &&
	       memcmp(scan->at, with, len) == 0;
}

static void step(struct scan *scan, size_t n)
{
	for (; n && scan->at < scan->end; n--) {
		if (*scan->at++ == '\n')
			scan->line++;
	}
}

/* Behind the next `mark`, or an error that names what was not ended. */
static int skip_past(struct scan *scan, const char *mark, const char *what,
		     struct rt_err *err)
{
	const struct scan start = *scan;

	for (; scan->at < scan->end; step(scan, 1)) {
		if (*scan->at == *mark && starts(scan, mark)) {
			step(scan, strlen(mark));
			return 0;
		}
	}
	return rt_fail(err, 0, "line %u: %s does not end", start.line, what);
}

static int skip_quoted(struct scan *scan, struct rt_err *err)
{
	const char quote[] = { *scan->at, '\0' };

	step(scan, 1);
	return skip_past(scan, quote, "an attribute's value", err);
}

/* A start or end tag; libxml2 compares each attribute with each other. */
static int scan_tag(struct scan *scan, struct rt_err *err)
{
	const struct scan start = *scan;
	const bool closes = starts(scan, "</");
	unsigned attributes = 0;
	int r;

	while (scan->at < scan->end && *scan->at != '>') {
		if (*scan->at != '"' && *scan->at != '\'') {
			step(scan, 1);
			continue;
		}
		if (++attributes > ATTRIBUTES_MAX)
			return refuse(scan, err,
				      "too many attributes in one element");
		r = skip_quoted(scan, err);
		if (r < 0)
			return r;
	}
	if (scan->at == scan->end)
		return refuse(&start, err, "a tag does not end");
	if (closes && scan->depth)
		scan->depth--;
	else if (!closes && scan->at[-1] != '/' && ++scan->depth > DEPTH_MAX)
		return refuse(&start, err, "elements are nested too deep");
	step(scan, 1);
	return 0;
}

static int scan_markup(struct scan *scan, struct rt_err *err)
{
	if (starts(scan, "<!--"))
		return skip_past(scan, "-->", "a comment", err);
	if (starts(scan, "<![CDATA["))
		return skip_past(scan, "]]>", "a CDATA section", err);
	if (starts(scan, "<?"))
		return skip_past(scan, "?>", "a processing instruction", err);
	if (starts(scan, "<!"))
		return refuse(scan, err,
			      "a DOCTYPE is not accepted, nor is any other "
			      "declaration; libvirt writes none");
	return scan_tag(scan, err);
}

bool rt_domain_has_declaration(const char *text, size_t len)
{
	return len > 5 && memcmp(text, "<?xml", 5) == 0 &&
	       memchr(" \t\r\n", text[5], 4);
}

/*
 * iconv knows encodings in which plain ASCII bytes spell other characters, so
 * that this scan would see another document than libxml2.
 */
static int check_encoding(const struct scan *scan, struct rt_err *err)
{
	static const char *const fine[] = { "utf-8", "utf8", "us-ascii",
					    "ascii" };
	static const char word[] = "encoding";
	const size_t len = (size_t)(scan->end - scan->at);
	const char *end, *p;

	if (!rt_domain_has_declaration(scan->at, len))
		return 0;
	end = memchr(scan->at, '>', len);
	end = end ? end : scan->end;
	p = memmem(scan->at, (size_t)(end - scan->at), word, strlen(word));
	if (!p)
		return 0;
	for (p += strlen(word); p < end && memchr(" \t\r\n='\"", *p, 7); p++)
		;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		const size_t n = strlen(fine[i]);

		if ((size_t)(end - p) > n && (p[n] == '"' || p[n] == '\'') &&
		    rt_is_word_n(p, fine[i], n))
			return 0;
	}
	return refuse(scan, err, "the encoding is not UTF-8");
}

static int check_bytes(const char *text, size_t len, struct rt_err *err)
{
	struct scan scan = { text, text + len, 1, 0 };

	if (starts(&scan, "\xff\xfe") || starts(&scan, "\xfe\xff"))
		return refuse(&scan, err,
			      "the text is UTF-16; only UTF-8 is accepted");
	while (scan.at < scan.end) {
		/* Long enough for any character, and ended by a NUL. */
		char next[8] = "";
		const size_t left = (size_t)(scan.end - scan.at);
		size_t n;

		if (!*scan.at)
			return refuse(&scan, err, "the text has a NUL byte");
		memcpy(next, scan.at, left < 4 ? left : 4);
		n = rt_utf8_length(next);
		if (n == 0)
			return refuse(&scan, err, "the text is not UTF-8");
		step(&scan, n);
	}
	return 0;
}

int rt_domain_scan(const char *text, size_t len, struct rt_err *err)
{
	struct scan scan = { text, text + len, 1, 0 };
	int r;

	if (len > RT_DOMAIN_XML_MAX)
		return rt_fail(err, EFBIG, "%zu bytes of XML, %u are allowed",
			       len, RT_DOMAIN_XML_MAX);
	r = check_bytes(text, len, err);
	if (r < 0)
		return r;
	if (starts(&scan, "\xef\xbb\xbf"))
		step(&scan, 3);
	r = check_encoding(&scan, err);
	while (scan.at < scan.end && memchr(" \t\r\n", *scan.at, 4))
		step(&scan, 1);
	if (r == 0 && scan.at == scan.end)
		return refuse(&scan, err, "the document is empty");
	if (r == 0 && *scan.at != '<')
		return refuse(&scan, err, "the text is not XML");

	while (r == 0 && scan.at < scan.end) {
		if (*scan.at == '<')
			r = scan_markup(&scan, err);
		else
			step(&scan, 1);
	}
	return r;
}
