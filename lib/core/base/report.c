/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.c - findings */
#include "report.h"

#include "json.h"

static void finding_fini(struct rt_finding *finding)
{
	free(finding->file);
	free(finding->guest);
	free(finding->message);
	free(finding->hint);
}

void rt_report_fini(struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		finding_fini(&report->items[i]);
	free(report->items);
	memset(report, 0, sizeof(*report));
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

void rt_report_add(struct rt_report *report, enum rt_severity severity,
		   const char *code, struct rt_where where, const char *hint,
		   const char *fmt, ...)
{
	struct rt_finding finding = {
		.code = code,
		.severity = severity,
		.file = copy(where.file),
		.line = where.line,
		.guest = copy(where.guest),
		.hint = copy(hint),
	};
	RT_AUTO_STRBUF message = { 0 };
	struct rt_err err;
	va_list args;

	va_start(args, fmt);
	rt_strbuf_vaddf(&message, fmt, args);
	va_end(args);
	if (rt_strbuf_take(&message, &finding.message, &err) < 0 ||
	    !finding.file || !finding.guest || !finding.hint ||
	    !rt_grow(&report->items, report->n, &report->size,
		     sizeof(finding))) {
		finding_fini(&finding);
		report->failed = true;
		return;
	}
	report->items[report->n++] = finding;
}

unsigned rt_report_count(const struct rt_report *report,
			 enum rt_severity severity)
{
	unsigned n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->items[i].severity == severity;
	return n;
}

unsigned rt_report_count_same(const struct rt_report *report,
			      const struct rt_finding *finding)
{
	unsigned n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += strcmp(report->items[i].code, finding->code) == 0 &&
		     strcmp(report->items[i].guest, finding->guest) == 0;
	return n;
}

unsigned rt_report_errors(const struct rt_report *report)
{
	return rt_report_count(report, RT_ERROR) + report->failed;
}

unsigned rt_report_warnings(const struct rt_report *report)
{
	return rt_report_count(report, RT_WARNING);
}

static bool comes_after(const struct rt_finding *a, const struct rt_finding *b)
{
	const int by_file = strcmp(a->file, b->file);

	if (by_file || a->line != b->line)
		return by_file ? by_file > 0 : a->line > b->line;
	return a->severity > b->severity;
}

/* Insertion: stable, and findings are few and nearly in order. */
void rt_report_sort(struct rt_report *report)
{
	for (size_t i = 1; i < report->n; i++) {
		const struct rt_finding finding = report->items[i];
		size_t at = i;

		while (at && comes_after(&report->items[at - 1], &finding)) {
			report->items[at] = report->items[at - 1];
			at--;
		}
		report->items[at] = finding;
	}
}

static const char *severity_text(enum rt_severity severity)
{
	switch (severity) {
	case RT_ERROR:
		return "error";
	case RT_WARNING:
		return "warning";
	case RT_ACCEPTED:
		return "accepted";
	case RT_NOTE:
		return "note";
	}
	return "";
}

void rt_report_print(const struct rt_report *report, struct rt_strbuf *out)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (report->hidden & 1u << f->severity)
			continue;
		if (*f->file)
			rt_strbuf_addf(out, "%s:", f->file);
		if (f->line)
			rt_strbuf_addf(out, "%u:", f->line);
		if (*f->file || f->line)
			rt_strbuf_adds(out, " ");
		rt_strbuf_addf(out, "%s: ", severity_text(f->severity));
		if (*f->guest)
			rt_strbuf_addf(out, "guest '%s': ", f->guest);
		rt_strbuf_addf(out, "%s [%s]\n", f->message, f->code);
		if (*f->hint)
			rt_strbuf_addf(out, "    %s\n", f->hint);
	}
	if (report->failed)
		rt_strbuf_adds(out, "error: no memory left for all findings\n");
}

void rt_report_json(const struct rt_report *report, struct rt_json *json)
{
	rt_json_open(json, '[');
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (report->hidden & 1u << f->severity)
			continue;
		rt_json_open(json, '{');
		rt_json_key_string(json, "code", f->code);
		rt_json_key_string(json, "severity",
				   severity_text(f->severity));
		rt_json_key_string(json, "file", f->file);
		rt_json_key_number(json, "line", f->line);
		rt_json_key_string(json, "guest", f->guest);
		rt_json_key_string(json, "message", f->message);
		rt_json_key_string(json, "hint", f->hint);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

void rt_report_print_json(const struct rt_report *report, struct rt_strbuf *out)
{
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	rt_json_key_number(&json, "version", 1);
	rt_json_key(&json, "findings");
	rt_report_json(report, &json);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}
