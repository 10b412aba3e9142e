/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_edit.c - change kvmrt.cfg's text and nothing else in it */
#include "config_edit.h"

#include <errno.h>

#include "config_value.h"
#include "config_write.h"

/* A section's text: where it was, and what it is by now. */
struct rt_edited {
	size_t begin, end; /* from its header to behind its last key; both 0:
			      the section is new */
	char *now;	   /* NULL: as it was */
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
	       a->disabled == b->disabled && a->smt_idle == b->smt_idle &&
	       a->vcpu_fifo == b->vcpu_fifo && a->suppress == b->suppress &&
	       a->accept == b->accept &&
	       is_same_devices(&a->pcidevs, &b->pcidevs);
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

/*
 * Sections come in the order of the file, so one pass over it finds them all.
 */
static int find_sections(struct rt_editor *editor, struct rt_err *err)
{
	const struct rt_config *config = &editor->config;
	struct rt_edited *inside = NULL;
	struct rt_line line;
	size_t at = 0, n = 0;

	editor->size = config->n + 1;
	editor->edited = calloc(editor->size, sizeof(*editor->edited));
	if (!editor->edited)
		return rt_fail_memory(err);
	while (rt_line_next(editor->text, editor->len, &at, &line)) {
		if (line.kind == RT_LINE_SECTION)
			inside = NULL;
		if (line.kind == RT_LINE_SECTION && n < config->n &&
		    is_header_of(&line, config->sections[n].uuid)) {
			inside = &editor->edited[n++];
			inside->begin =
				(size_t)(line.whole.text - editor->text);
			inside->end = at;
		}
		if (inside &&
		    (line.kind == RT_LINE_KEY || line.kind == RT_LINE_MORE))
			inside->end = at;
	}
	return 0;
}

static int find(const struct rt_editor *editor, const char *uuid, size_t *ret_i,
		struct rt_err *err)
{
	const struct rt_section *section =
		rt_config_find(&editor->config, uuid);

	if (section) {
		*ret_i = (size_t)(section - editor->config.sections);
		return 0;
	}
	rt_fail(err, 0, "the configuration has no section [%s]",
		rt_cut_text(uuid).text);
	err->code = ENOENT;
	return -ENOENT;
}

static struct rt_span text_of(const struct rt_editor *editor, size_t i)
{
	const struct rt_edited *edited = &editor->edited[i];

	if (edited->now)
		return (struct rt_span){ edited->now, strlen(edited->now) };
	return (struct rt_span){ editor->text + edited->begin,
				 edited->end - edited->begin };
}

/* What the section says, as a configuration of its own. */
static int parse_section(struct rt_span text, struct rt_config *ret,
			 struct rt_err *err)
{
	int r = parse_sound(text.text, text.len, "the changed", ret, err);

	if (r == 0 && ret->n != 1) {
		rt_config_fini(ret);
		r = rt_fail(err, 0, "it would not be one section");
	}
	return r;
}

/* From now on the section has that text (NULL: as it was) and says that. */
static void take(struct rt_editor *editor, size_t i, char *text,
		 struct rt_config *config)
{
	struct rt_section *section = &editor->config.sections[i];
	struct rt_section *is = &config->sections[0];
	const unsigned above = section->line ? section->line - 1 : 0;

	is->line += above;
	for (size_t key = 0; key < RT_KEY_COUNT; key++)
		is->lines[key] += is->lines[key] ? above : 0;
	rt_section_fini(section);
	*section = *is;
	config->n = 0;
	free(editor->edited[i].now);
	editor->edited[i].now = text;
	editor->changes++;
}

/* Take the new text of a section if it says what it should. */
static int check_and_take(struct rt_editor *editor, size_t i,
			  struct rt_strbuf *out, const struct rt_section *want,
			  const char *what, struct rt_err *err)
{
	RT_AUTO_FREE char *text = NULL;
	AUTO_CONFIG got = { 0 };
	int r = rt_strbuf_take(out, &text, err);

	if (r == 0)
		r = parse_section((struct rt_span){ text, strlen(text) }, &got,
				  err);
	if (r < 0)
		return r;
	if (!is_same_section(&got.sections[0], want))
		return rt_fail(err, 0,
			       "%s cannot be written to the configuration so "
			       "that it reads back as it is (blanks at its "
			       "ends, or control characters?)",
			       what);
	take(editor, i, text, &got);
	text = NULL;
	return 0;
}

static int name_is_taken(const char *name, const char *uuid, struct rt_err *err)
{
	rt_fail(err, 0, "the configuration has a guest '%s' or [%s]",
		rt_cut_text(name).text, uuid);
	err->code = EEXIST;
	return -EEXIST;
}

int rt_editor_set(struct rt_editor *editor, const char *uuid, enum rt_key key,
		  const char *value, struct rt_err *err)
{
	/* An empty numatune is a choice, a missing one is not. */
	const char *unset = key == RT_KEY_NUMATUNE ? "auto" : "";
	RT_AUTO_FREE char *rows = NULL;
	RT_AUTO_STRBUF out = { 0 };
	AUTO_CONFIG want = { 0 };
	struct rt_span text;
	struct rt_key_place place;
	bool same;
	size_t i;
	int r = find(editor, uuid, &i, err);

	if (r < 0)
		return r;
	text = text_of(editor, i);
	r = parse_section(text, &want, err);
	if (r == 0)
		r = rt_value_set(&want.sections[0], key, value ? value : unset,
				 err);
	if (r == 0 && value)
		r = rt_key_rows(key, value, &rows, err);
	if (r < 0)
		return rt_wrap(err, "%s", rt_key_name(key));
	same = is_same_section(&want.sections[0], &editor->config.sections[i]);
	place = rt_key_locate(text.text, text.len, key);
	if (value ? place.has_key && same : !place.has_key)
		return 0;
	if (key == RT_KEY_NAME && value && !same &&
	    rt_config_find_name(&editor->config, value))
		return name_is_taken(value, uuid, err);
	rt_key_write(&out, text, &place, key, rows,
		     rt_line_end(editor->text, editor->len));
	return check_and_take(editor, i, &out, &want.sections[0],
			      rt_key_name(key), err);
}

/* Room for one more section, of that UUID and with all defaults. */
static int grow(struct rt_editor *editor, const char *uuid, struct rt_err *err)
{
	struct rt_config *config = &editor->config;
	struct rt_section *section;
	int r;

	if (!rt_grow(&config->sections, config->n, &config->size,
		     sizeof(*config->sections)) ||
	    !rt_grow(&editor->edited, config->n, &editor->size,
		     sizeof(*editor->edited)))
		return rt_fail_memory(err);
	section = &config->sections[config->n];
	r = rt_section_init(section, err);
	if (r < 0) {
		rt_section_fini(section);
		return r;
	}
	memcpy(section->uuid, uuid, sizeof(section->uuid));
	editor->edited[config->n++] = (struct rt_edited){ 0 };
	return 0;
}

int rt_editor_add(struct rt_editor *editor, const char *uuid, const char *name,
		  struct rt_err *err)
{
	const char *end = rt_line_end(editor->text, editor->len);
	char canonical[RT_UUID_LEN + 1];
	RT_AUTO_STRBUF out = { 0 };
	struct rt_config *config = &editor->config;
	struct rt_err ignored;
	int r;

	if (!rt_uuid_parse(uuid, canonical))
		return rt_fail(err, 0, "'%s' is not a UUID",
			       rt_cut_text(uuid).text);
	if (rt_config_find(config, canonical) ||
	    rt_config_find_name(config, name))
		return name_is_taken(name, canonical, err);
	r = grow(editor, canonical, err);
	if (r < 0)
		return r;
	rt_strbuf_addf(&out, "[%s]%sname = %s%s", canonical, end, name, end);
	r = rt_value_set(&config->sections[config->n - 1], RT_KEY_NAME, name,
			 err);
	if (r == 0)
		r = check_and_take(editor, config->n - 1, &out,
				   &config->sections[config->n - 1], "the name",
				   err);
	if (r < 0)
		(void)rt_editor_revert(editor, canonical, &ignored);
	return r;
}

int rt_editor_revert(struct rt_editor *editor, const char *uuid,
		     struct rt_err *err)
{
	struct rt_config *config = &editor->config;
	AUTO_CONFIG was = { 0 };
	struct rt_edited *edited;
	size_t i, left;
	int r = find(editor, uuid, &i, err);

	if (r < 0)
		return r;
	edited = &editor->edited[i];
	if (edited->end) {
		const struct rt_span text = { editor->text + edited->begin,
					      edited->end - edited->begin };

		r = parse_section(text, &was, err);
		if (r == 0)
			take(editor, i, NULL, &was);
		return r;
	}
	rt_section_fini(&config->sections[i]);
	free(edited->now);
	left = --config->n - i;
	memmove(&config->sections[i], &config->sections[i + 1],
		left * sizeof(config->sections[0]));
	memmove(edited, edited + 1, left * sizeof(*edited));
	return 0;
}

int rt_editor_drop(struct rt_editor *editor, const char *uuid,
		   struct rt_err *err)
{
	struct rt_edited *edited;
	char *none;
	size_t i;
	int r = find(editor, uuid, &i, err);

	if (r < 0)
		return r;
	edited = &editor->edited[i];
	if (!edited->end)
		return rt_editor_revert(editor, uuid, err);
	if (edited->now && !*edited->now)
		return 0;
	none = strdup("");
	if (!none)
		return rt_fail_memory(err);
	free(edited->now);
	edited->now = none;
	/* The empty lines that kept it apart go, too. */
	while (edited->end < editor->len &&
	       strchr("\r\n", editor->text[edited->end]))
		edited->end++;
	editor->dropped++;
	editor->changes++;
	return 0;
}

static bool is_empty(const char *text, size_t len)
{
	return len == 0 || (len == 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
}

/* Sections that are well one by one may not be so together. */
static int check_whole(const struct rt_editor *editor, const char *text,
		       struct rt_err *err)
{
	AUTO_CONFIG got = { 0 };
	int r = parse_sound(text, strlen(text), "the changed", &got, err);

	if (r == 0 && got.n + editor->dropped != editor->config.n)
		r = rt_fail(err, 0,
			    "the changed configuration is not what was "
			    "put together");
	return r;
}

int rt_editor_text(const struct rt_editor *editor, char **ret_text,
		   struct rt_err *err)
{
	const char *end = rt_line_end(editor->text, editor->len);
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_STRBUF out = { 0 };
	size_t at = 0, i = 0;
	int r;

	for (; i < editor->config.n && editor->edited[i].end; i++) {
		const struct rt_edited *edited = &editor->edited[i];

		if (!edited->now)
			continue;
		rt_strbuf_add(&out, editor->text + at, edited->begin - at);
		rt_strbuf_adds(&out, edited->now);
		at = edited->end;
	}
	rt_strbuf_add(&out, editor->text + at, editor->len - at);
	for (; i < editor->config.n; i++) {
		if (!out.failed && !is_empty(out.text, out.len)) {
			if (out.text[out.len - 1] != '\n')
				rt_strbuf_adds(&out, end);
			rt_strbuf_adds(&out, end);
		}
		rt_strbuf_adds(&out, editor->edited[i].now);
	}
	r = rt_strbuf_take(&out, &text, err);
	if (r == 0)
		r = check_whole(editor, text, err);
	if (r < 0)
		return r;
	*ret_text = text;
	text = NULL;
	return 0;
}

int rt_editor_open(const char *text, size_t len, struct rt_editor *ret,
		   struct rt_err *err)
{
	struct rt_editor editor = { .text = text, .len = len };
	int r = parse_sound(text, len, "the present", &editor.config, err);

	if (r == 0)
		r = find_sections(&editor, err);
	if (r < 0) {
		rt_editor_fini(&editor);
		return r;
	}
	*ret = editor;
	return 0;
}

void rt_editor_fini(struct rt_editor *editor)
{
	for (size_t i = 0; editor->edited && i < editor->config.n; i++)
		free(editor->edited[i].now);
	free(editor->edited);
	rt_config_fini(&editor->config);
	memset(editor, 0, sizeof(*editor));
}
