/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_host.c - where and when something was proven */
#include "prove.h"

#include <json-c/json.h>
#include <time.h>

void rt_proven_now(char *text, size_t size)
{
	const time_t now = time(NULL);
	struct tm tm;

	*text = '\0';
	if (gmtime_r(&now, &tm))
		(void)strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static const char *string_of(struct json_object *in, const char *key)
{
	struct json_object *value;
	const char *text = json_object_object_get_ex(in, key, &value) ?
				   json_object_get_string(value) :
				   NULL;

	return text ? text : "";
}

static struct json_object *list_of(struct json_object *in, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(in, key, &value) &&
			       json_object_is_type(value, json_type_array) ?
		       value :
		       NULL;
}

static void add_repair(struct json_object *repair, const char *since,
		       struct rt_strbuf *out)
{
	const char *by = string_of(repair, "by");
	struct json_object *foreign;

	if (strcmp(string_of(repair, "last"), since) < 0 ||
	    !json_object_object_get_ex(repair, "foreign", &foreign) ||
	    !json_object_get_boolean(foreign))
		return;
	rt_strbuf_addf(out, "%s%s: %s%s%s", out->len ? "; " : "",
		       string_of(repair, "what"), string_of(repair, "did"),
		       *by ? ", by " : "", by);
}

void rt_proven_repairs(const char *answer, const char *uuid, const char *since,
		       struct rt_strbuf *out)
{
	struct json_object *all = json_tokener_parse(answer);
	struct json_object *guests = all ? list_of(all, "guests") : NULL;

	for (size_t g = 0; guests && g < json_object_array_length(guests);
	     g++) {
		struct json_object *guest =
			json_object_array_get_idx(guests, g);
		struct json_object *repairs = list_of(guest, "repairs");

		if (strcmp(string_of(guest, "uuid"), uuid) != 0 || !repairs)
			continue;
		for (size_t i = 0; i < json_object_array_length(repairs); i++)
			add_repair(json_object_array_get_idx(repairs, i), since,
				   out);
	}
	if (all)
		json_object_put(all);
}

static void read_text(struct rt_sys *sys, const char *path, char *text,
		      size_t size)
{
	struct rt_err ignored;

	if (rt_sys_read(sys, path, text, size, &ignored) < 0)
		*text = '\0';
}

void rt_proven_describe(struct rt_proven *proven, struct rt_sys *sys)
{
	char vendor[100], product[100];
	RT_AUTO_FREE char *cpus = NULL;
	struct rt_err ignored;
	size_t len;

	read_text(sys, "proc/sys/kernel/osrelease", proven->kernel,
		  sizeof(proven->kernel));
	read_text(sys, "proc/sys/kernel/version", proven->version,
		  sizeof(proven->version));
	read_text(sys, "proc/cmdline", proven->cmdline,
		  sizeof(proven->cmdline));
	read_text(sys, "sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_text(sys, "sys/class/dmi/id/product_name", product,
		  sizeof(product));
	snprintf(proven->machine, sizeof(proven->machine), "%s%s%s", vendor,
		 *vendor ? " " : "", product);
	if (rt_sys_read_all(sys, "proc/cpuinfo", 16U << 20, &cpus, &len,
			    &ignored) == 0) {
		const char *at = strstr(cpus, "model name");

		if (at && (at = strchr(at, ':')))
			(void)sscanf(at + 1, " %127[^\n]", proven->cpu);
	}
	rt_proven_now(proven->begun, sizeof(proven->begun));
}
