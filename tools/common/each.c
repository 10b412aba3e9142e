/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* each.c - what a command did to each guest */
#include "each.h"

#include <stdio.h>
#include <string.h>

#include "show.h"

void rt_each_begin(struct rt_each *each, const struct rt_tool *tool,
		   const struct rt_options *options)
{
	memset(each, 0, sizeof(*each));
	each->tool = tool;
	each->options = options;
	each->json.out = &each->out;
	if (!options->json)
		return;
	rt_json_open(&each->json, '{');
	rt_json_key_number(&each->json, "version", 1);
	rt_json_key(&each->json, "guests");
	rt_json_open(&each->json, '[');
}

static void add_json(struct rt_each *each, const struct rt_did *did)
{
	struct rt_json *json = &each->json;

	rt_json_open(json, '{');
	rt_json_key_string(json, "uuid", did->uuid);
	rt_json_key_string(json, "name", did->name);
	rt_json_key_string(json, "did", did->failure ? "failed" : did->did);
	rt_json_key(json, "notes");
	rt_json_open(json, '[');
	for (size_t i = 0; did->report && i < did->report->n; i++)
		rt_json_string(json, did->report->items[i].message);
	rt_json_close(json, ']');
	rt_json_key_string(json, "error",
			   did->failure ? did->failure->text : "");
	rt_json_close(json, '}');
}

static void add_text(const struct rt_each *each, const struct rt_did *did)
{
	if (did->failure)
		fprintf(stderr, "%s: guest '%s': %s\n", each->tool->name,
			did->name, did->failure->text);
	else if (!did->quiet || each->options->verbose)
		printf("%s: %s\n", did->name, did->did);
	for (size_t i = 0; did->report && i < did->report->n; i++)
		printf("    %s\n", did->report->items[i].message);
	fflush(stdout);
}

void rt_each_add(struct rt_each *each, const struct rt_did *did)
{
	if (did->failure)
		each->failed++;
	else
		each->done++;
	if (each->options->json)
		add_json(each, did);
	else
		add_text(each, did);
}

int rt_each_end(struct rt_each *each)
{
	struct rt_err err;

	if (each->options->json) {
		rt_json_close(&each->json, ']');
		rt_json_close(&each->json, '}');
		rt_strbuf_adds(&each->out, "\n");
		if (rt_show_write(&each->out, stdout, "standard output", &err) <
		    0)
			return rt_tool_told(each->tool, &err);
	}
	if (!each->failed)
		return RT_EXIT_DONE;
	return each->done ? RT_EXIT_PARTLY : RT_EXIT_FAILED;
}
