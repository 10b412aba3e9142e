/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json.c - JSON into a text buffer */
#include "json.h"

#include "utf8.h"

static void separate(struct rt_json *json)
{
	if (json->comma)
		rt_strbuf_adds(json->out, ",");
	json->comma = true;
}

void rt_json_open(struct rt_json *json, char bracket)
{
	separate(json);
	rt_strbuf_add(json->out, &bracket, 1);
	json->comma = false;
}

void rt_json_close(struct rt_json *json, char bracket)
{
	rt_strbuf_add(json->out, &bracket, 1);
	json->comma = true;
}

static void add_quoted(struct rt_strbuf *out, const char *text)
{
	rt_strbuf_adds(out, "\"");
	while (*text) {
		const unsigned char c = (unsigned char)*text;
		const size_t len = rt_utf8_length(text);

		if (!len) {
			rt_strbuf_adds(out, "\\ufffd");
			text++;
			continue;
		}
		if (c == '"' || c == '\\')
			rt_strbuf_addf(out, "\\%c", c);
		else if (c == '\n')
			rt_strbuf_adds(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			rt_strbuf_addf(out, "\\u%04x", c);
		else
			rt_strbuf_add(out, text, len);
		text += len;
	}
	rt_strbuf_adds(out, "\"");
}

void rt_json_key(struct rt_json *json, const char *key)
{
	separate(json);
	add_quoted(json->out, key);
	rt_strbuf_adds(json->out, ":");
	json->comma = false;
}

void rt_json_string(struct rt_json *json, const char *text)
{
	separate(json);
	add_quoted(json->out, text);
}

void rt_json_number(struct rt_json *json, long long number)
{
	separate(json);
	rt_strbuf_addf(json->out, "%lld", number);
}

void rt_json_bool(struct rt_json *json, bool value)
{
	separate(json);
	rt_strbuf_adds(json->out, value ? "true" : "false");
}

void rt_json_set(struct rt_json *json, const struct rt_cpuset *set)
{
	rt_json_open(json, '[');
	RT_CPUSET_FOREACH(cpu, set)
	rt_json_number(json, cpu);
	rt_json_close(json, ']');
}

void rt_json_key_string(struct rt_json *json, const char *key, const char *text)
{
	rt_json_key(json, key);
	rt_json_string(json, text);
}

void rt_json_key_number(struct rt_json *json, const char *key, long long number)
{
	rt_json_key(json, key);
	rt_json_number(json, number);
}

void rt_json_key_bool(struct rt_json *json, const char *key, bool value)
{
	rt_json_key(json, key);
	rt_json_bool(json, value);
}

void rt_json_key_set(struct rt_json *json, const char *key,
		     const struct rt_cpuset *set)
{
	rt_json_key(json, key);
	rt_json_set(json, set);
}
