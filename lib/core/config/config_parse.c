/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_parse.c - from the text of kvmrt.cfg to sections and findings */
#include "config.h"

#include <errno.h>
#include <stdarg.h>

#include "config_accept.h"
#include "config_advice.h"
#include "config_value.h"

#define FAULTS_MAX 1000

enum place {
	PLACE_NONE, /* before the first section */
	PLACE_HOST, /* [kvmrt] */
	PLACE_GUEST,
	PLACE_BAD, /* a section that will be dropped */
};

enum host_key {
	HOST_STRICT,
	HOST_EDITS,
	HOST_KEY_COUNT,
};

static const char *const host_keys[HOST_KEY_COUNT] = {
	[HOST_STRICT] = "strict",
	[HOST_EDITS] = "edits",
};

struct parser {
	struct rt_config *config;
	struct rt_report *report;
	struct rt_err *err;
	int r; /* negative: memory is short */
	unsigned faults;

	const struct rt_config_key *key; /* being looked at */

	/* The section. */
	enum place place;
	size_t first_finding;
	bool name_lost; /* a line that was reported may have been the name */
	struct rt_section section;
	unsigned host_line, host_lines[HOST_KEY_COUNT];
};

static void fault(struct parser *parser, enum rt_severity severity,
		  unsigned line, const char *code, const char *hint,
		  const char *fmt, ...) RT_PRINTF(6, 7);

static void fault(struct parser *parser, enum rt_severity severity,
		  unsigned line, const char *code, const char *hint,
		  const char *fmt, ...)
{
	const struct rt_where where = {
		.file = parser->config->file,
		.line = line,
	};
	char message[sizeof(parser->err->text) + 64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	rt_report_add(parser->report, severity, code, where, hint, "%s",
		      message);
	parser->faults++;
}

/* Without memory the reading ends. */
static const char *text_of(struct parser *parser,
			   const struct rt_strbuf *advice)
{
	if (advice->failed)
		parser->r = rt_fail_memory(parser->err);
	return advice->failed ? "" : advice->text;
}

/* Which key is meant, where it belongs, or where the keys are listed. */
static void unknown_key(struct parser *parser)
{
	const bool host = parser->place == PLACE_HOST;
	const struct rt_span name = parser->key->name;
	const enum rt_key key = rt_advise_key(name);
	const char *near =
		rt_nearest(name.text, name.len, host_keys, HOST_KEY_COUNT);
	char advice[96] = "see kvmrt.cfg(5) for the keys of a guest";

	if (host && near)
		snprintf(advice, sizeof(advice), "write %s", near);
	else if (host && key != RT_KEY_COUNT)
		snprintf(advice, sizeof(advice),
			 "write %s below a guest's [UUID]", rt_key_name(key));
	else if (host)
		snprintf(advice, sizeof(advice),
			 "[kvmrt] holds 'strict' and 'edits' only");
	else if (key == RT_KEY_DISABLED)
		snprintf(advice, sizeof(advice),
			 "write disabled, which is the opposite");
	else if (key != RT_KEY_COUNT)
		snprintf(advice, sizeof(advice), "write %s", rt_key_name(key));
	else if (near)
		snprintf(advice, sizeof(advice), "write %s below [kvmrt]",
			 near);
	else if (rt_is_word_n(name.text, "uuid", name.len) && name.len == 4)
		snprintf(advice, sizeof(advice),
			 "write the UUID in brackets above the guest's keys");
	fault(parser, RT_ERROR, parser->key->line, "unknown-key",
	      "the keys are in kvmrt.cfg(5)", "unknown key '%s': %s",
	      rt_cut(name.text, name.len).text, advice);
	if (!host && key == RT_KEY_NAME)
		parser->name_lost = true;
}

/* True when it is the first of its name; else reported. */
static bool is_first(struct parser *parser, unsigned *seen, const char *name)
{
	if (*seen) {
		fault(parser, RT_ERROR, parser->key->line, "duplicate-key",
		      "a section can have a key only once",
		      "'%s' is already set in line %u: keep one of the two",
		      name, *seen);
		return false;
	}
	*seen = parser->key->line;
	return true;
}

/* False when further lines are out of place; then reported. */
static bool has_its_lines(struct parser *parser, enum rt_value_kind kind,
			  const char *name)
{
	if (kind != RT_VALUE_LINE || !parser->key->more_line)
		return true;
	fault(parser, RT_ERROR, parser->key->more_line, "continuation",
	      "remove the blanks at the start of the line if it is a key of "
	      "its own",
	      "'%s' takes one line: begin this line with its key, or put "
	      "all of the value into line %u",
	      name, parser->key->line);
	parser->name_lost = true;
	return false;
}

/*
 * What the value could not be, and what to type instead: what seems to be
 * meant, or else what the key takes.
 */
static void bad_value(struct parser *parser, const char *code, enum rt_key key,
		      const char *name, const char *value, const char *hint)
{
	RT_AUTO_STRBUF advice = { 0 };

	if (parser->err->code == ENOMEM) {
		parser->r = -ENOMEM;
		return;
	}
	if (key == RT_KEY_COUNT || !rt_advise_value(key, value, &advice)) {
		rt_strbuf_adds(&advice, hint);
		hint = "see kvmrt.cfg(5)";
	}
	if (rt_has_lookalike(value))
		hint = "it holds a character that only looks like a plain one, "
		       "such as an en dash or a no-break space";
	else if (rt_before_comment(value).len < strlen(value))
		hint = "a comment needs a line of its own";
	fault(parser, RT_ERROR, parser->key->line, code, hint, "%s: %s: %s",
	      name, parser->err->text, text_of(parser, &advice));
}

static int set_host_key(struct rt_config *config, enum host_key key,
			const char *value, struct rt_err *err)
{
	switch (key) {
	case HOST_STRICT:
		return rt_value_bool(*value ? value : "true", &config->strict,
				     err);
	case HOST_EDITS:
		if (rt_is_word(value, "enforce"))
			config->edits = RT_EDITS_ENFORCE;
		else if (!*value || rt_is_word(value, "follow"))
			config->edits = RT_EDITS_FOLLOW;
		else
			return rt_fail(err, 0,
				       "'%s' is neither follow nor enforce",
				       rt_cut_text(value).text);
		return 0;
	case HOST_KEY_COUNT:
		break;
	}
	return 0;
}

static void take_host_key(struct parser *parser)
{
	static const char *const hints[HOST_KEY_COUNT] = {
		[HOST_STRICT] = "write true or false",
		[HOST_EDITS] = "write follow or enforce",
	};
	const struct rt_span name = parser->key->name;
	RT_AUTO_FREE char *value = NULL;
	unsigned key;

	for (key = 0; key < HOST_KEY_COUNT; key++) {
		if (strlen(host_keys[key]) == name.len &&
		    memcmp(host_keys[key], name.text, name.len) == 0)
			break;
	}
	if (key == HOST_KEY_COUNT) {
		unknown_key(parser);
		return;
	}
	if (!is_first(parser, &parser->host_lines[key], host_keys[key]) ||
	    !has_its_lines(parser, RT_VALUE_LINE, host_keys[key]))
		return;
	parser->r = rt_value_unfold(RT_VALUE_LINE, parser->key->lines, &value,
				    parser->err);
	if (parser->r == 0 && set_host_key(parser->config, (enum host_key)key,
					   value, parser->err) < 0)
		bad_value(parser, "bad-value",
			  key == HOST_STRICT ? RT_KEY_RT : RT_KEY_COUNT,
			  host_keys[key], value, hints[key]);
}

/* One blank too many before a key makes the line part of the text above. */
static void warn_of_keys(struct parser *parser, enum rt_key text)
{
	const char *row = parser->key->lines;

	while ((row = strchr(row, '\n')) != NULL) {
		enum rt_key key;

		row++;
		key = rt_value_key_in(row, strcspn(row, "\n"));
		if (key == RT_KEY_COUNT)
			continue;
		fault(parser, RT_WARNING, parser->key->line, "key-in-text",
		      "remove the blanks in front of it, or put a '|' there",
		      "an indented line of '%s' looks like the key '%s'",
		      rt_key_name(text), rt_key_name(key));
	}
}

static void warn_of_name(struct parser *parser, const char *name)
{
	const char *odd = rt_advise_name(name);

	if (odd)
		fault(parser, RT_WARNING, parser->key->line, "odd-name",
		      "'virsh list --all' shows how libvirt writes the name",
		      "%s in '%s' %s part of the name: write it without if "
		      "libvirt's name has none",
		      odd, rt_cut_text(name).text,
		      strcmp(odd, "the quotes") == 0 ? "are" : "is");
}

static void take_guest_key(struct parser *parser)
{
	const struct rt_span name = parser->key->name;
	const enum rt_key key = rt_key_find(name.text, name.len);
	RT_AUTO_FREE char *value = NULL;

	if (key == RT_KEY_COUNT) {
		unknown_key(parser);
		return;
	}
	if (!is_first(parser, &parser->section.lines[key], rt_key_name(key)) ||
	    !has_its_lines(parser, rt_key_kind(key), rt_key_name(key)))
		return;
	if (rt_key_kind(key) == RT_VALUE_TEXT)
		warn_of_keys(parser, key);
	parser->r = rt_value_unfold(rt_key_kind(key), parser->key->lines,
				    &value, parser->err);
	if (parser->r < 0)
		return;
	if (rt_value_set(&parser->section, key, value, parser->err) < 0)
		bad_value(parser, key == RT_KEY_NAME ? "bad-name" : "bad-value",
			  key, rt_key_name(key), value, rt_key_hint(key));
	else if (key == RT_KEY_NAME)
		warn_of_name(parser, value);
	if (key == RT_KEY_NAME && !*parser->section.name)
		parser->name_lost = *value;
}

/* Findings of a section are shown with its guest, known only by its end. */
static void name_findings(struct parser *parser)
{
	const struct rt_section *section = &parser->section;
	const char *guest = *section->name ? section->name : section->uuid;
	struct rt_report *report = parser->report;

	for (size_t i = parser->first_finding; i < report->n; i++) {
		char *copy = strdup(guest);

		if (!copy) {
			report->failed = true;
			return;
		}
		if (report->items[i].severity == RT_WARNING &&
		    rt_accepts(section->accept, report->items[i].code))
			report->items[i].severity = RT_ACCEPTED;
		free(report->items[i].guest);
		report->items[i].guest = copy;
	}
}

static void keep_section(struct parser *parser)
{
	struct rt_config *config = parser->config;

	if (!rt_grow(&config->sections, config->n, &config->size,
		     sizeof(*config->sections))) {
		parser->r = rt_fail_memory(parser->err);
		return;
	}
	config->sections[config->n++] = parser->section;
	memset(&parser->section, 0, sizeof(parser->section));
}

static void close_section(struct parser *parser)
{
	struct rt_section *section = &parser->section;
	const unsigned name_line = section->lines[RT_KEY_NAME];

	if (parser->place == PLACE_GUEST || parser->place == PLACE_BAD) {
		if (!*section->name && !parser->name_lost)
			fault(parser, RT_ERROR,
			      name_line ? name_line : section->line,
			      "missing-name",
			      "'virsh domname' shows the name of a UUID",
			      "the guest has no name: add 'name = ' and "
			      "libvirt's name for it");
		name_findings(parser);
		if (parser->place == PLACE_GUEST)
			keep_section(parser);
		rt_section_fini(section);
	}
	parser->place = PLACE_NONE;
	parser->first_finding = parser->report->n;
	parser->name_lost = false;
}

static void open_host(struct parser *parser, unsigned line)
{
	parser->place = PLACE_HOST;
	if (parser->host_line)
		fault(parser, RT_ERROR, line, "duplicate-section",
		      "put the keys of both into one",
		      "[kvmrt] is already in line %u", parser->host_line);
	else
		parser->host_line = line;
}

static void open_guest(struct parser *parser, struct rt_span name,
		       unsigned line, bool reported)
{
	RT_AUTO_STRBUF advice = { 0 };
	char uuid[64];

	parser->r = rt_section_init(&parser->section, parser->err);
	if (parser->r < 0) {
		/* The section has no usable name, and no text at all. */
		rt_section_fini(&parser->section);
		return;
	}
	parser->section.line = line;
	parser->place = PLACE_GUEST;
	snprintf(uuid, sizeof(uuid), "%.*s",
		 name.len < sizeof(uuid) ? (int)name.len : 0, name.text);
	if (rt_uuid_parse(uuid, parser->section.uuid))
		return;
	parser->place = PLACE_BAD;
	if (reported)
		return;
	if (!rt_advise_section(name, &advice))
		rt_strbuf_adds(&advice, "write the guest's UUID");
	fault(parser, RT_ERROR, line, "bad-uuid",
	      "'virsh list --all --uuid --name' shows the UUID of each guest",
	      "'%s' is not a UUID: %s", rt_cut(name.text, name.len).text,
	      text_of(parser, &advice));
}

/* False: enough is known, or nothing more can be. */
static bool go_on(struct parser *parser)
{
	if (parser->r < 0)
		return false;
	if (parser->faults < FAULTS_MAX)
		return true;
	fault(parser, RT_ERROR, 0, "too-many-faults",
	      "correct these, then check again",
	      "more than %d faults: the rest of the file was not read",
	      FAULTS_MAX);
	return false;
}

static bool take_section(void *user, struct rt_span name, unsigned line,
			 const struct rt_config_fault *found)
{
	struct parser *parser = user;

	close_section(parser);
	if (parser->r < 0)
		return false;
	if (found->code)
		fault(parser, RT_ERROR, line, found->code, found->hint, "%s",
		      found->what);
	if (name.len == 5 && memcmp(name.text, "kvmrt", 5) == 0)
		open_host(parser, line);
	else
		open_guest(parser, name, line, found->code != NULL);
	return go_on(parser);
}

static bool take_key(void *user, const struct rt_config_key *key)
{
	struct parser *parser = user;

	parser->key = key;
	if (!key->lines)
		parser->name_lost = true;
	else if (parser->place == PLACE_NONE)
		fault(parser, RT_ERROR, key->line, "no-section",
		      "a guest's keys stand below its UUID in brackets",
		      "'%s' comes before the first section: write [UUID] above "
		      "it",
		      rt_cut(key->name.text, key->name.len).text);
	else if (parser->place == PLACE_HOST)
		take_host_key(parser);
	else
		take_guest_key(parser);
	return go_on(parser);
}

static bool take_fault(void *user, const struct rt_config_fault *found)
{
	const struct rt_span text = found->text;
	struct parser *parser = user;
	RT_AUTO_STRBUF advice = { 0 };

	if (!text.len)
		fault(parser, RT_ERROR, found->line, found->code, found->hint,
		      "%s", found->what);
	else if (rt_advise_line(text, &advice))
		fault(parser, RT_ERROR, found->line, found->code, found->hint,
		      "%s: '%s': %s", found->what,
		      rt_cut(text.text, text.len).text,
		      text_of(parser, &advice));
	else
		fault(parser, RT_ERROR, found->line, found->code,
		      "see kvmrt.cfg(5)", "%s: '%s': %s", found->what,
		      rt_cut(text.text, text.len).text, found->hint);
	parser->name_lost = true;
	return go_on(parser);
}

int rt_config_parse(const char *text, size_t len, const char *file,
		    struct rt_config *ret_config, struct rt_report *report,
		    struct rt_err *err)
{
	struct rt_config config = { .file = strdup(file), .strict = true };
	struct parser parser = {
		.config = &config,
		.report = report,
		.err = err,
		.first_finding = report->n,
	};
	const struct rt_config_events events = {
		.user = &parser,
		.section = take_section,
		.key = take_key,
		.fault = take_fault,
	};
	int r;

	if (!config.file)
		return rt_fail_memory(err);
	r = rt_config_read(text, len, &events, err);
	close_section(&parser);
	if (r == 0)
		r = parser.r;
	if (r == 0)
		r = rt_config_check_unique(&config, report, err);
	if (r == 0 && report->failed)
		r = rt_fail_memory(err);
	if (r < 0) {
		rt_config_fini(&config);
		return r;
	}
	*ret_config = config;
	return 0;
}
