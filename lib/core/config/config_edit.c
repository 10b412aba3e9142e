/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_edit.c - change kvmrt.cfg's text and keep all else in it */
#include "config_edit.h"

#include <errno.h>

#include "config_value.h"

#define INDENT "    "

/* Where things are, as offsets into the text. */
struct place {
	bool has_section, has_key;
	size_t begin;	    /* of the comment lines above the header */
	size_t end;	    /* behind the section's last key or comment */
	size_t keys_end;    /* behind its last key's last line */
	size_t key_begin;   /* of the key's line */
	struct rt_line key; /* that line */
	size_t more_end;    /* behind the key's last line */
};

static void config_auto_fini(struct rt_config *config)
{
	rt_config_fini(config);
}

static void report_auto_fini(struct rt_report *report)
{
	rt_report_fini(report);
}

#define AUTO_CONFIG __attribute__((cleanup(config_auto_fini))) struct rt_config
#define AUTO_REPORT __attribute__((cleanup(report_auto_fini))) struct rt_report

/* Only a text without faults is edited or handed out. */
static int parse_sound(const char *text, size_t len, const char *whose,
		       struct rt_config *ret_config, struct rt_err *err)
{
	struct rt_config config = { 0 };
	AUTO_REPORT report = { 0 };
	int r = rt_config_parse(text, len, "", &config, &report, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < report.n; i++) {
		const struct rt_finding *finding = &report.items[i];

		if (finding->severity != RT_ERROR)
			continue;
		rt_config_fini(&config);
		return rt_fail(err, 0,
			       "%s configuration is not valid: line %u: %s",
			       whose, finding->line, finding->message);
	}
	*ret_config = config;
	return 0;
}

static bool is_same_devices(const struct rt_pci_set *a,
			    const struct rt_pci_set *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!rt_pci_is_equal(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

static bool is_same_section(const struct rt_section *a,
			    const struct rt_section *b)
{
	return strcmp(a->uuid, b->uuid) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->title, b->title) == 0 &&
	       strcmp(a->description, b->description) == 0 &&
	       strcmp(a->comments, b->comments) == 0 &&
	       strcmp(a->cpuset, b->cpuset) == 0 &&
	       a->nr_vcpus == b->nr_vcpus &&
	       a->topology_auto == b->topology_auto &&
	       a->sockets == b->sockets && a->cores == b->cores &&
	       a->threads == b->threads && a->rt == b->rt &&
	       a->rt_memory == b->rt_memory && a->numatune == b->numatune &&
	       rt_cpuset_is_equal(&a->nodes, &b->nodes) &&
	       a->hide_kvm == b->hide_kvm && a->autostart == b->autostart &&
	       a->disabled == b->disabled &&
	       is_same_devices(&a->pcidevs, &b->pcidevs);
}

static bool is_same(const struct rt_config *a, const struct rt_config *b)
{
	if (a->n != b->n || a->strict != b->strict || a->edits != b->edits)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!is_same_section(&a->sections[i], &b->sections[i]))
			return false;
	}
	return true;
}

/* Hand out the new text if it says what it should. */
static int check_and_take(struct rt_strbuf *out, const struct rt_config *want,
			  const char *what, char **ret_text, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	AUTO_CONFIG got = { 0 };
	const size_t len = out->len;
	int r = rt_strbuf_take(out, &text, err);

	if (r == 0)
		r = parse_sound(text, len, "the changed", &got, err);
	if (r < 0)
		return r;
	if (!is_same(&got, want))
		return rt_fail(err, 0,
			       "%s cannot be written to the configuration so "
			       "that it reads back as it is (blanks at its "
			       "ends, or control characters?)",
			       what);
	*ret_text = text;
	text = NULL;
	return 0;
}

static size_t line_begin(const char *text, const struct rt_line *line)
{
	return (size_t)(line->whole.text - text);
}

static bool is_header_of(const struct rt_line *line, const char *uuid)
{
	char name[64], got[RT_UUID_LEN + 1];

	if (line->name.len >= sizeof(name))
		return false;
	memcpy(name, line->name.text, line->name.len);
	name[line->name.len] = '\0';
	return rt_uuid_parse(name, got) && strcmp(got, uuid) == 0;
}

/* One line of the section that is looked for. */
static void note_line(struct place *place, const struct rt_line *line,
		      size_t begin, size_t end, enum rt_key key, bool *ret_here)
{
	if (line->kind == RT_LINE_KEY) {
		*ret_here = rt_key_find(line->name.text, line->name.len) == key;
		if (*ret_here) {
			place->has_key = true;
			place->key_begin = begin;
			place->key = *line;
		}
	}
	if (line->kind == RT_LINE_KEY || line->kind == RT_LINE_MORE) {
		place->keys_end = end;
		place->end = end;
		if (*ret_here)
			place->more_end = end;
	}
}

static struct place find_place(const char *text, size_t len, const char *uuid,
			       enum rt_key key)
{
	bool inside = false, here = false, in_comments = false;
	size_t at = 0, comments = 0;
	struct place place = { 0 };
	struct rt_line line;

	while (rt_line_next(text, len, &at, &line)) {
		const size_t begin = line_begin(text, &line);

		if (line.kind == RT_LINE_COMMENT && !in_comments)
			comments = begin;
		if (line.kind == RT_LINE_SECTION) {
			/* Comments right above a header belong to it. */
			if (inside && in_comments && comments < place.end)
				place.end = comments;
			inside = is_header_of(&line, uuid);
			here = false;
		}
		if (inside && line.kind == RT_LINE_SECTION) {
			place.has_section = true;
			place.begin = in_comments ? comments : begin;
			place.keys_end = place.end = at;
		} else if (inside) {
			note_line(&place, &line, begin, at, key, &here);
			/* Those right below a key belong to the section. */
			if (line.kind == RT_LINE_COMMENT && place.end == begin)
				place.end = at;
		}
		in_comments = line.kind == RT_LINE_COMMENT;
	}
	return place;
}

/* The line end that the file uses. */
static const char *line_end(const char *text, size_t len)
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

static void build(struct rt_strbuf *out, const char *text, size_t len,
		  const struct place *place, enum rt_key key, const char *rows)
{
	const char *end = line_end(text, len);
	size_t at = place->keys_end;

	if (place->has_key) {
		rt_strbuf_add(out, text, place->key_begin);
		if (rows)
			add_changed(out, &place->key, rows, end);
		add_comments(out, text,
			     place->key_begin + place->key.whole.len +
				     place->key.end,
			     place->more_end);
		at = place->more_end;
	} else {
		rt_strbuf_add(out, text, at);
		if (text[at - 1] != '\n')
			rt_strbuf_adds(out, end);
		rt_strbuf_addf(out, "%s =%s", rt_key_name(key),
			       *rows && *rows != '\n' ? " " : "");
		add_rows(out, rows, end);
		rt_strbuf_adds(out, end);
	}
	rt_strbuf_add(out, text + at, len - at);
}

/* The value as lines of the file, less their indentation. */
static int make_rows(enum rt_key key, const char *value, char **ret_rows,
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

static struct rt_section *find_section(struct rt_config *config,
				       const char *uuid)
{
	for (size_t i = 0; i < config->n; i++) {
		if (strcmp(config->sections[i].uuid, uuid) == 0)
			return &config->sections[i];
	}
	return NULL;
}

static int no_section(const char *uuid, struct rt_err *err)
{
	rt_fail(err, 0, "the configuration has no section [%s]",
		rt_cut_text(uuid).text);
	err->code = ENOENT;
	return -ENOENT;
}

int rt_config_set(const char *text, size_t len, const char *uuid,
		  enum rt_key key, const char *value, char **ret_text,
		  struct rt_err *err)
{
	/* An empty numatune is a choice, a missing one is not. */
	const char *unset = key == RT_KEY_NUMATUNE ? "auto" : "";
	RT_AUTO_FREE char *rows = NULL;
	RT_AUTO_STRBUF out = { 0 };
	AUTO_CONFIG want = { 0 }, now = { 0 };
	struct rt_section *section;
	struct place place;
	int r;

	r = parse_sound(text, len, "the present", &want, err);
	if (r == 0)
		r = parse_sound(text, len, "the present", &now, err);
	if (r < 0)
		return r;
	section = find_section(&want, uuid);
	if (!section)
		return no_section(uuid, err);
	r = rt_value_set(section, key, value ? value : unset, err);
	if (r == 0 && value)
		r = make_rows(key, value, &rows, err);
	if (r < 0)
		return rt_wrap(err, "%s", rt_key_name(key));

	place = find_place(text, len, uuid, key);
	if (value ? place.has_key && is_same(&want, &now) : !place.has_key)
		rt_strbuf_add(&out, text, len);
	else
		build(&out, text, len, &place, key, rows);
	return check_and_take(&out, &want, rt_key_name(key), ret_text, err);
}

static bool is_empty(const char *text, size_t len)
{
	return len == 0 || (len == 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
}

int rt_config_add(const char *text, size_t len, const char *uuid,
		  const char *name, char **ret_text, struct rt_err *err)
{
	const char *end = line_end(text, len);
	char canonical[RT_UUID_LEN + 1];
	RT_AUTO_STRBUF out = { 0 };
	AUTO_CONFIG want = { 0 };
	int r;

	if (!rt_uuid_parse(uuid, canonical))
		return rt_fail(err, 0, "'%s' is not a UUID",
			       rt_cut_text(uuid).text);
	r = parse_sound(text, len, "the present", &want, err);
	if (r < 0)
		return r;
	if (rt_config_find(&want, canonical) ||
	    rt_config_find_name(&want, name)) {
		rt_fail(err, 0, "the configuration has a guest '%s' or [%s]",
			rt_cut_text(name).text, canonical);
		err->code = EEXIST;
		return -EEXIST;
	}
	if (!rt_grow(&want.sections, want.n, &want.size,
		     sizeof(*want.sections)))
		return rt_fail_memory(err);
	r = rt_section_init(&want.sections[want.n], err);
	memcpy(want.sections[want.n].uuid, canonical, sizeof(canonical));
	want.n++;
	if (r == 0)
		r = rt_value_set(&want.sections[want.n - 1], RT_KEY_NAME, name,
				 err);
	if (r < 0)
		return r;

	rt_strbuf_add(&out, text, len);
	if (!is_empty(text, len)) {
		if (text[len - 1] != '\n')
			rt_strbuf_adds(&out, end);
		rt_strbuf_adds(&out, end);
	}
	rt_strbuf_addf(&out, "[%s]%sname = %s%s", canonical, end, name, end);
	return check_and_take(&out, &want, "the name", ret_text, err);
}

static bool is_last(const char *text, size_t len, size_t at)
{
	while (at < len && strchr(" \t\r\n", text[at]))
		at++;
	return at == len;
}

/* With the last section go the empty lines that set it apart. */
static size_t without_blank_lines(const char *text, size_t begin)
{
	for (;;) {
		size_t at = begin;

		if (at < 2 || text[at - 1] != '\n')
			return begin;
		at--;
		if (text[at - 1] == '\r')
			at--;
		if (!at || text[at - 1] != '\n')
			return begin;
		begin = at;
	}
}

int rt_config_remove(const char *text, size_t len, const char *uuid,
		     char **ret_text, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	AUTO_CONFIG want = { 0 };
	struct rt_section *section;
	struct place place;
	size_t begin, end;
	int r = parse_sound(text, len, "the present", &want, err);

	if (r < 0)
		return r;
	section = find_section(&want, uuid);
	if (!section)
		return no_section(uuid, err);
	rt_section_fini(section);
	memmove(section, section + 1,
		(size_t)(want.sections + want.n - section - 1) *
			sizeof(*section));
	want.n--;

	place = find_place(text, len, uuid, RT_KEY_COUNT);
	begin = place.begin;
	end = place.end;
	if (is_last(text, len, end)) {
		begin = without_blank_lines(text, begin);
		end = len;
	} else {
		while (text[end] == '\r' || text[end] == '\n')
			end++;
	}
	rt_strbuf_add(&out, text, begin);
	rt_strbuf_add(&out, text + end, len - end);
	return check_and_take(&out, &want, "the rest", ret_text, err);
}
