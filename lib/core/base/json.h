/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h - JSON into a text buffer, with commas and quotes
 *
 * The core, the hook and the agent write JSON with this, and link no library
 * for it: json-c would be loaded at each guest's start. What reads JSON (kvmrt-
 * stat, the agent's document) uses json-c.
 *
 * rt_json_key goes before a member's value; the rest are values. Text that is
 * not UTF-8 has its bad bytes replaced by U+FFFD.
 */
#ifndef RT_JSON_H
#define RT_JSON_H

#include <stdbool.h>

#include "cpuset.h"
#include "strbuf.h"

struct rt_json {
	struct rt_strbuf *out; /* borrowed */
	bool comma;	       /* the next value needs one in front */
};

void rt_json_open(struct rt_json *json, char bracket);	/* '{' or '[' */
void rt_json_close(struct rt_json *json, char bracket); /* '}' or ']' */
void rt_json_key(struct rt_json *json, const char *key);
void rt_json_string(struct rt_json *json, const char *text);
void rt_json_number(struct rt_json *json, long long number);
void rt_json_bool(struct rt_json *json, bool value);
/* An array of numbers. */
void rt_json_set(struct rt_json *json, const struct rt_cpuset *set);

/* A member: key and value. */
void rt_json_key_string(struct rt_json *json, const char *key,
			const char *text);
void rt_json_key_number(struct rt_json *json, const char *key,
			long long number);
void rt_json_key_bool(struct rt_json *json, const char *key, bool value);
void rt_json_key_set(struct rt_json *json, const char *key,
		     const struct rt_cpuset *set);

#endif
