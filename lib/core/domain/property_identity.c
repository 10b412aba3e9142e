/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_identity.c - name, title and description */
#include "property.h"

#include <errno.h>

static int read_text(const xmlNode *root, const char *name, char **ret,
		     struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, name, &node, err);

	if (r < 0)
		return r;
	if (node) {
		text = xmlNodeGetContent(node);
		if (!text)
			return rt_fail_memory(err);
	}
	*ret = strdup(text ? (const char *)text : "");
	return *ret ? 0 : rt_fail_memory(err);
}

/* As libvirt takes it: hyphens and blanks anywhere between the digits. */
static bool parse_uuid(const char *text, char ret_uuid[RT_UUID_LEN + 1])
{
	char plain[RT_UUID_LEN + 1];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		if (n == RT_UUID_LEN)
			return false;
		if (n == 8 || n == 13 || n == 18 || n == 23)
			plain[n++] = '-';
		plain[n++] = *text;
	}
	plain[n] = '\0';
	return rt_uuid_parse(plain, ret_uuid);
}

static int read_uuid(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	RT_AUTO_XML_CHAR xmlChar *text = NULL;
	xmlNode *node = NULL;
	int r = rt_xml_only_child(root, "uuid", &node, err);

	if (r == 0 && node)
		r = rt_xml_content(node, &text, err);
	if (r < 0 || !node)
		return r;
	if (!parse_uuid((const char *)text, domain->uuid))
		return rt_xml_fail(err, node, "'%s' is not a UUID",
				   rt_cut_text((const char *)text).text);
	return 0;
}

static int read_name(const xmlNode *root, struct rt_domain *domain,
		     struct rt_err *err)
{
	int r = read_text(root, "name", &domain->name, err);

	return r < 0 ? r : read_uuid(root, domain, err);
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void compare_name(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	const struct rt_guest *guest = c->guest;

	if (strcmp(domain->name, text_of(guest->name)) != 0)
		rt_differ(c, RT_DIFF_NAME,
			  "name: the definition has '%s', kvmrt.cfg wants '%s'",
			  rt_cut_text(domain->name).text,
			  rt_cut_text(text_of(guest->name)).text);
}

static int rewrite_name(struct rt_rewriting *w, struct rt_err *err)
{
	xmlNode *node;
	int r = rt_xml_get(w->root, "name", rt_domain_order, &node, err);

	return r < 0 ? r : rt_xml_set_content(node, w->guest->name, err);
}

static void record_name(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_string(json, "name", domain->name);
}

static int take_name(struct rt_taking *t)
{
	return rt_take(t, RT_KEY_NAME, t->domain->name);
}

const struct rt_property rt_property_name = { RT_DIFF_NAME, RT_EDITED,
					      read_name,    compare_name,
					      rewrite_name, record_name,
					      take_name };

static int read_texts(const xmlNode *root, struct rt_domain *domain,
		      struct rt_err *err)
{
	int r = read_text(root, "title", &domain->title, err);

	return r < 0 ? r :
		       read_text(root, "description", &domain->description,
				 err);
}

/* The next line that is not blank, without the blanks at its ends. */
static bool next_line(const char **at, const char **ret, size_t *ret_len)
{
	static const char blanks[] = " \t\r\n";
	const char *line = *at + strspn(*at, blanks);
	size_t len = strcspn(line, "\n");

	*at = line + len;
	while (len && strchr(blanks, line[len - 1]))
		len--;
	*ret = line;
	*ret_len = len;
	return len > 0;
}

static bool same_text(const char *a, const char *b)
{
	const char *line_a, *line_b;
	size_t len_a, len_b;

	for (;;) {
		const bool more_a = next_line(&a, &line_a, &len_a);
		const bool more_b = next_line(&b, &line_b, &len_b);

		if (!more_a || !more_b)
			return more_a == more_b;
		if (len_a != len_b || memcmp(line_a, line_b, len_a) != 0)
			return false;
	}
}

static void compare_one(struct rt_comparing *c, const char *what,
			const char *has, const char *want)
{
	if (!same_text(has, text_of(want)))
		rt_differ(c, RT_DIFF_TEXT,
			  "%s: the definition has '%s', kvmrt.cfg wants '%s'",
			  what, rt_cut_text(has).text,
			  rt_cut_text(text_of(want)).text);
}

static void compare_texts(struct rt_comparing *c)
{
	compare_one(c, "title", c->domain->title, c->guest->title);
	compare_one(c, "description", c->domain->description,
		    c->guest->description);
}

static int set_text(struct rt_rewriting *w, const char *name, const char *has,
		    const char *want, struct rt_err *err)
{
	xmlNode *node;
	int r;

	if (!want || !*want) {
		node = rt_xml_child(w->root, name);
		if (node)
			rt_xml_remove(node);
		return 0;
	}
	if (strcmp(has, want) == 0)
		return 0;
	r = rt_xml_get(w->root, name, rt_domain_order, &node, err);
	return r < 0 ? r : rt_xml_set_content(node, want, err);
}

static int rewrite_text(struct rt_rewriting *w, struct rt_err *err)
{
	const char *title = w->guest->title;
	int r;

	if (title && strchr(title, '\n'))
		return rt_fail(
			err, 0,
			"title: libvirt allows no line break in a title");
	r = set_text(w, "title", w->domain->title, title, err);
	return r < 0 ? r :
		       set_text(w, "description", w->domain->description,
				w->guest->description, err);
}

static void record_texts(struct rt_json *json, const struct rt_domain *domain)
{
	rt_json_key_string(json, "title", domain->title);
	rt_json_key_string(json, "description", domain->description);
}

/* --- a value for each key --- */

/*
 * Blanks at its ends mean nothing to libvirt, and kvmrt.cfg cannot hold them.
 */
static int take_text(struct rt_taking *t, enum rt_key key, const char *value)
{
	const char *start = value + strspn(value, " \t\r\n");
	size_t len = strlen(start);
	RT_AUTO_FREE char *trimmed = NULL;

	while (len && strchr(" \t\r\n", start[len - 1]))
		len--;
	trimmed = strndup(start, len);
	if (!trimmed)
		return rt_fail_memory(t->err);
	/* One that was never there stays away. */
	return rt_take(t, key, len ? trimmed : NULL);
}

static int take_texts(struct rt_taking *t)
{
	int r = take_text(t, RT_KEY_TITLE, t->domain->title);

	return r < 0 ? r :
		       take_text(t, RT_KEY_DESCRIPTION, t->domain->description);
}

const struct rt_property rt_property_text = { RT_DIFF_TEXT, RT_EDITED,
					      read_texts,   compare_texts,
					      rewrite_text, record_texts,
					      take_texts };
