/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_bad.c - broken configurations: each gives exactly its findings
 *
 * A finding is written LINE:CODE. Cases of the first table are one line (or
 * more) in a guest's section, which begins in line 3; those of the second are
 * whole texts.
 */
#include "../tap.h"

#include <stdlib.h>

#include "core/config/config.h"
#include "../data/bad-config/lines.h"

#define U1 "[11111111-2222-3333-4444-555555555551]\n"
#define U2 "[11111111-2222-3333-4444-555555555552]\n"
#define A  U1 "name = a\n"

#define T(s) s, sizeof(s) - 1

static const struct {
	const char *name, *text;
	size_t len;
	const char *want;
} texts[] = {
	{ "no name", T(U1), "1:missing-name" },
	{ "no name, but keys", T(U1 "rt = true\n"), "1:missing-name" },
	{ "empty name", T(U1 "name =\n"), "2:missing-name" },
	{ "blank name", T(U1 "name =  \t\n"), "2:missing-name" },
	{ "name with a slash", T(U1 "name = a/b\n"), "2:bad-name" },
	{ "name .", T(U1 "name = .\n"), "2:bad-name" },
	{ "name ..", T(U1 "name = ..\n"), "2:bad-name" },
	{ "name /", T(U1 "name = /\n"), "2:bad-name" },
	{ "name with a path", T(U1 "name = ../../etc/passwd\n"), "2:bad-name" },
	{ "name on two lines", T(U1 "name = a\n  b\n"), "3:continuation" },
	{ "misspelt name", T(U1 "nmae = a\n"), "2:unknown-key" },
	{ "name with a bad byte", T(U1 "name = \xff\n"), "2:not-utf8" },
	{ "indented first key", T(U1 " name = a\n"), "2:syntax" },
	{ "indented keys", T(U1 " name = a\n rt = on\n"), "2:syntax 3:syntax" },
	{ "key before a section", T("name = a\n"), "1:no-section" },
	{ "unknown key before a section", T("foo = a\n"), "1:no-section" },
	{ "odd key before a section", T("f oo = a\n"), "1:no-section" },
	{ "indented key before a section", T(" name = a\n"), "1:syntax" },
	{ "text before a section", T("hello\n" A), "1:syntax" },
	{ "keys before a section", T("rt = on\nname = a\n" A),
	  "1:no-section 2:no-section" },
	{ "empty section name", T("[]\nname = a\n"), "1:bad-uuid" },
	{ "blank section name", T("[ ]\nname = a\n"), "1:bad-uuid" },
	{ "name as a section", T("[guest]\nname = a\n"), "1:bad-uuid" },
	{ "short UUID", T("[11111111-2222-3333-4444-55555555555]\nname = a\n"),
	  "1:bad-uuid" },
	{ "long UUID", T("[11111111-2222-3333-4444-5555555555555]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID with a g",
	  T("[g1111111-2222-3333-4444-555555555555]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID in braces",
	  T("[{11111111-2222-3333-4444-555555555555}]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID with a blank in front",
	  T("[ 11111111-2222-3333-4444-555555555555]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID with a blank behind",
	  T("[11111111-2222-3333-4444-555555555555 ]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID with hyphens elsewhere",
	  T("[111111112-222-3333-4444-555555555555]\nname = a\n"),
	  "1:bad-uuid" },
	{ "UUID without hyphens",
	  T("[11111111222233334444555555555555]\nname = a\n"), "1:bad-uuid" },
	{ "UUID of 48 more characters",
	  T("[11111111-2222-3333-4444-5555555555551234567890123]\n"
	    "name = a\n"),
	  "1:bad-uuid" },
	{ "UUID, then more than 49 characters",
	  T("[11111111-2222-3333-4444-555555555555 and then some more text]\n"
	    "name = a\n"),
	  "1:bad-uuid" },
	{ "section name with a semicolon", T("[a ; b]\nname = a\n"),
	  "1:bad-uuid" },
	{ "section name with an equals sign", T("[a = b]\nname = a\n"),
	  "1:bad-uuid" },
	{ "question mark", T("[?]\nname = a\n"), "1:bad-uuid" },
	{ "keys of a bad section", T("[x]\nname = a\nrt = x\nfoo = 1\n"),
	  "1:bad-uuid 3:bad-value 4:unknown-key" },
	{ "bad section without a name", T("[x]\n"),
	  "1:bad-uuid 1:missing-name" },
	{ "KVMRT", T("[KVMRT]\nstrict = on\n"),
	  "1:bad-uuid 1:missing-name 2:unknown-key" },
	{ "open bracket",
	  T("[11111111-2222-3333-4444-555555555551\nname = a\n"), "1:syntax" },
	{ "open bracket, alone", T("[\nname = a\n"), "1:syntax" },
	{ "open bracket in a second section", T(A "[\nname = b\nrt = x\n"),
	  "3:syntax 5:bad-value" },
	{ "text behind the bracket",
	  T("[11111111-2222-3333-4444-555555555551] x\nname = a\n"),
	  "1:syntax" },
	{ "comment behind the bracket",
	  T("[11111111-2222-3333-4444-555555555551] # x\nname = a\n"),
	  "1:syntax" },
	{ "two brackets",
	  T("[11111111-2222-3333-4444-555555555551]]\nname=a\n"), "1:syntax" },
	{ "section with a control character",
	  T(A "[1111\0011111]\nname = a\nrt = on\nrt = on\n"),
	  "3:control-character 6:duplicate-key" },
	{ "section with a NUL", T(A "[11\0]\nname = a\n"), "3:nul-byte" },
	{ "duplicate section", T(A U1 "name = b\n"), "3:duplicate-section" },
	{ "duplicate section in capitals",
	  T("[aaaaaaaa-2222-3333-4444-555555555551]\nname = a\n"
	    "[AAAAAAAA-2222-3333-4444-555555555551]\nname = b\n"),
	  "3:duplicate-section" },
	{ "duplicate section with the same name", T(A A),
	  "3:duplicate-section" },
	{ "three times the same", T(A A A),
	  "3:duplicate-section 5:duplicate-section" },
	{ "duplicate section with faults", T(A U1 "name = b\nrt = x\n"),
	  "3:duplicate-section 5:bad-value" },
	{ "duplicate name", T(A U2 "name = a\n"), "4:duplicate-name" },
	{ "duplicate name of a disabled guest",
	  T(A U2 "disabled = on\nname = a\n"), "5:duplicate-name" },
	{ "kvmrt with a guest's key", T("[kvmrt]\nname = a\n"),
	  "2:unknown-key" },
	{ "kvmrt with an unknown key", T("[kvmrt]\nfoo = a\n"),
	  "2:unknown-key" },
	{ "kvmrt with an odd key", T("[kvmrt]\nst rict = a\n"),
	  "2:unknown-key" },
	{ "kvmrt misspelt strict", T("[kvmrt]\nstrikt = a\n"),
	  "2:unknown-key" },
	{ "strict = maybe", T("[kvmrt]\nstrict = maybe\n"), "2:bad-value" },
	{ "strict with a comment", T("[kvmrt]\nstrict = on # x\n"),
	  "2:bad-value" },
	{ "strict twice", T("[kvmrt]\nstrict = on\nstrict = on\n"),
	  "3:duplicate-key" },
	{ "strict on two lines", T("[kvmrt]\nstrict = on\n  x\n"),
	  "3:continuation" },
	{ "edits = ignore", T("[kvmrt]\nedits = ignore\n"), "2:bad-value" },
	{ "edits = true", T("[kvmrt]\nedits = true\n"), "2:bad-value" },
	{ "edits = follow enforce", T("[kvmrt]\nedits = follow enforce\n"),
	  "2:bad-value" },
	{ "edits twice", T("[kvmrt]\nedits = follow\nedits = follow\n"),
	  "3:duplicate-key" },
	{ "kvmrt twice", T("[kvmrt]\n[kvmrt]\n"), "2:duplicate-section" },
	{ "kvmrt twice, keys too",
	  T("[kvmrt]\nstrict = on\n" A "[kvmrt]\nstrict = on\n"),
	  "5:duplicate-section 6:duplicate-key" },
	{ "NUL in a value", T(A "title = a\0b\n"), "3:nul-byte" },
	{ "NUL in a key", T(A "ti\0tle = a\n"), "3:nul-byte" },
	{ "NUL in a comment", T(A "# \0\n"), "3:nul-byte" },
	{ "NUL alone", T(A "\0"), "3:nul-byte" },
	{ "NUL in the name", T(U1 "name = a\0\n"), "2:nul-byte" },
	{ "NULs", T(A "\0\n\0\n\0"), "3:nul-byte 4:nul-byte 5:nul-byte" },
	{ "NUL in a further line", T(A "cpuset = 0,\n \0\n"), "4:nul-byte" },
	{ "UTF-16", T("\xff\xfe[\0k\0]\0\n\0"), "1:nul-byte 2:nul-byte" },
	{ "two byte order marks",
	  T("\xef\xbb\xbf\xef\xbb\xbf"
	    "a\n"),
	  "1:syntax" },
	{ "Mac line ends", T("[kvmrt]\rstrict = on\r"), "1:control-character" },
	{ "no newline at the end", T(A "rt = x"), "3:bad-value" },
	{ "CR LF", T("[kvmrt]\r\nstrict = x\r\n"), "2:bad-value" },
	{ "after blank lines and comments", T("\n# c\n\n;c\n" A "\n\nrt = x\n"),
	  "9:bad-value" },
	{ "fault after a long text",
	  T(A "comments = a\n b\n\n c\n # d\n\nrt = x\n"), "9:bad-value" },
	{ "XML", T("<domain>\n  <name>a</name>\n</domain>\n"),
	  "1:syntax 3:syntax" },
};

/* Findings as "3:bad-value 4:syntax". */
static void list(const struct rt_report *report, struct rt_strbuf *out)
{
	for (size_t i = 0; i < report->n; i++)
		rt_strbuf_addf(out, "%s%u:%s", i ? " " : "",
			       report->items[i].line, report->items[i].code);
}

static void check(const char *name, const char *text, size_t len,
		  const char *want)
{
	struct rt_config config = { 0 };
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF got = { 0 };
	struct rt_err err;
	/* Exactly as long as it is, for the sanitizer to watch. */
	char *copy = malloc(len ? len : 1);
	int r;

	if (!copy)
		return;
	memcpy(copy, text, len);
	r = rt_config_parse(copy, len, "test.cfg", &config, &report, &err);
	free(copy);
	rt_report_sort(&report);
	list(&report, &got);
	if (r < 0)
		ok(false, "%s: %s", name, err.text);
	else
		is_str(got.text ? got.text : "", want, name);
	for (size_t i = 0; i < report.n; i++) {
		const struct rt_finding *f = &report.items[i];

		if (!*f->message || !*f->hint || strchr(f->message, '\n') ||
		    strcmp(f->file, "test.cfg") != 0)
			ok(false, "%s: finding %s is complete", name, f->code);
	}
	rt_config_fini(&config);
	rt_report_fini(&report);
}

static void check_lines(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		RT_AUTO_STRBUF text = { 0 };
		RT_AUTO_STRBUF crlf = { 0 };

		rt_strbuf_addf(&text, A "%s\n" U2 "name = b\n", lines[i].line);
		check(lines[i].line, text.text, text.len, lines[i].want);
		/* The same in the way of another system. */
		for (size_t k = 0; k < text.len; k++)
			rt_strbuf_add(&crlf,
				      text.text[k] == '\n' ? "\r\n" :
							     &text.text[k],
				      text.text[k] == '\n' ? 2 : 1);
		check("the same with CR LF", crlf.text, crlf.len,
		      lines[i].want);
	}
}

static void check_long(size_t len, char fill, const char *prefix,
		       const char *want, const char *name)
{
	RT_AUTO_STRBUF text = { 0 };

	rt_strbuf_adds(&text, A);
	rt_strbuf_adds(&text, prefix);
	for (size_t i = strlen(prefix); i + 1 < len; i++)
		rt_strbuf_add(&text, &fill, 1);
	rt_strbuf_adds(&text, "\nhide_kvm = x\n");
	check(name, text.text, text.len, want);
}

static void check_many(void)
{
	RT_AUTO_STRBUF text = { 0 };
	struct rt_config config = { 0 };
	struct rt_report report = { 0 };
	struct rt_err err;

	for (unsigned i = 0; i < 5000; i++)
		rt_strbuf_adds(&text, "x\n");
	is_int(rt_config_parse(text.text, text.len, "f", &config, &report,
			       &err),
	       0, "five thousand faults are read");
	is_int((long long)report.n, 1001, "and reported up to a limit");
	is_str(report.items[1000].code, "too-many-faults", "which is said");
	rt_config_fini(&config);
	rt_report_fini(&report);
}

int main(void)
{
	check_lines();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(texts[i].name, texts[i].text, texts[i].len,
		      texts[i].want);
	check_long(65536, 'a', "title = ", "4:bad-value", "64 KiB is a line");
	check_long(65537, 'a', "title = ", "3:line-too-long 4:bad-value",
		   "more is not");
	check_long(65537, 'a', "# ", "3:line-too-long 4:bad-value",
		   "nor as a comment");
	check_long(65000, '9', "nr_vcpus = ", "3:bad-value 4:bad-value",
		   "a long number");
	check_long(65000, 'a', "", "3:syntax 4:bad-value", "a long word");
	check_long(65000, 'a', "=", "3:syntax 4:bad-value", "a long nothing");
	check_long(65000, '=', "=", "3:syntax 4:bad-value", "equals signs");
	check_long(65000, '=', "a", "3:unknown-key 4:bad-value",
		   "more of them");
	check_long(60000, ',', "cpuset = 1", "3:bad-value 4:bad-value",
		   "a long bad set");
	check_many();
	return tap_done();
}
