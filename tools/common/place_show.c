/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_show.c - what kvmrt-place has found, for people and for programs */
#include "place_show.h"

#include "core/base/json.h"

static const struct rt_guest *guest_of(const struct rt_placed *placed, size_t i)
{
	return rt_guests_find(&placed->loaded->guests,
			      placed->place->requests[i].uuid);
}

/* Where each guest would be: its name when there are several. */
static void add_next(const struct rt_placed *placed, struct rt_strbuf *out)
{
	const struct rt_placement *next = &placed->found[1];

	rt_strbuf_adds(out, "   Next best: ");
	for (size_t i = 0; i < placed->place->n; i++) {
		if (placed->place->n > 1)
			rt_strbuf_addf(out, "%s%s on ", i ? ", " : "",
				       guest_of(placed, i)->name);
		rt_strbuf_addf(out, "CPUs %s",
			       rt_cpuset_text(&next->cpus[i]).text);
	}
	rt_strbuf_adds(out, "\n              ");
	rt_placing_compare(&placed->found[0], next, out);
	rt_strbuf_adds(out, "\n");
}

void rt_placed_show(const struct rt_placed *placed, struct rt_strbuf *out)
{
	const struct rt_show show = {
		.loaded = placed->loaded,
		.colour = rt_show_has_colour(stdout),
		.verbose = placed->options->verbose,
		.out = out,
	};
	struct rt_report report = placed->found[0].report; /* borrowed */

	for (size_t i = 0; i < placed->place->n; i++) {
		RT_AUTO_STRBUF where = { 0 };

		rt_show_guest(&show, guest_of(placed, i));
		/* Into the block, before its empty line. */
		if (out->len)
			out->text[--out->len] = '\0';
		rt_placing_describe(placed->placing, &placed->found[0], i,
				    &where);
		out->failed |= where.failed;
		rt_strbuf_addf(out, "         Why: %s\n\n",
			       where.len ? where.text : "one host, no parts");
	}
	if (placed->n_found > 1)
		add_next(placed, out);
	rt_show_host(&show);
	if (!placed->options->verbose)
		report.hidden = 1u << RT_ACCEPTED;
	rt_show_report(&report, show.colour, out);
	if (placed->hidden)
		rt_strbuf_adds(out, "note: only root may see which guests run: "
				    "their CPUs are taken to be as the file "
				    "says\n");
	if (!*placed->diff) {
		rt_strbuf_addf(out, "%s says so already.\n", placed->path);
		return;
	}
	rt_strbuf_addf(out, "--- %s\n+++ %s%s\n%s", placed->path, placed->path,
		       placed->written ? "" : " (not written)", placed->diff);
	if (placed->written)
		rt_strbuf_addf(out,
			       "%s is in place. kvmrt-sync or "
			       "kvmrt-sync-config makes libvirt's definition "
			       "follow.\n",
			       placed->path);
}

static void add_places(const struct rt_placed *placed, struct rt_json *json)
{
	rt_json_key(json, "places");
	rt_json_open(json, '[');
	for (size_t i = 0; i < placed->place->n; i++) {
		RT_AUTO_STRBUF where = { 0 };

		rt_placing_describe(placed->placing, &placed->found[0], i,
				    &where);
		json->out->failed |= where.failed;
		rt_json_open(json, '{');
		rt_json_key_string(json, "guest", guest_of(placed, i)->name);
		rt_json_key_string(json, "why", where.text ? where.text : "");
		rt_json_key(json, "next_best");
		if (placed->n_found > 1)
			rt_json_set(json, &placed->found[1].cpus[i]);
		else
			rt_json_set(json, &(struct rt_cpuset){ 0 });
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}

void rt_placed_json(const struct rt_placed *placed, struct rt_strbuf *out)
{
	const struct rt_cpuset left = rt_show_housekeeping(placed->loaded);
	RT_AUTO_STRBUF worse = { 0 };
	struct rt_json json = { .out = out };

	if (placed->n_found > 1)
		rt_placing_compare(&placed->found[0], &placed->found[1],
				   &worse);
	out->failed |= worse.failed;
	rt_json_open(&json, '{');
	rt_json_key_number(&json, "version", 1);
	rt_json_key(&json, "guests");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < placed->place->n; i++)
		rt_show_guest_json(&json, guest_of(placed, i));
	rt_json_close(&json, ']');
	add_places(placed, &json);
	rt_json_key_string(&json, "next_best_is_worse",
			   worse.text ? worse.text : "");
	rt_json_key_set(&json, "housekeeping", &left);
	rt_json_key(&json, "findings");
	rt_report_json(&placed->found[0].report, &json);
	rt_json_key_string(&json, "file", placed->path);
	rt_json_key_string(&json, "diff", placed->diff);
	rt_json_key_bool(&json, "written", placed->written);
	rt_json_key_bool(&json, "running_known", !placed->hidden);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}
