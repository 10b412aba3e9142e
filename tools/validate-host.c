/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* validate-host.c - kvmrt-validate-host: is this host fit? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/domain/domain.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "virt/sync.h"
#include "common/agent_client.h"
#include "common/host_checks.h"
#include "common/show.h"

/* libvirt 6.5 reads hooks from qemu.d. */
#define LIBVIRT_MIN 6005000ul

static const char help[] =
	"Usage: kvmrt-validate-host [OPTION]...\n"
	"Say whether this host is fit for real-time guests: pass, warn or fail "
	"for\n"
	"each check, what was seen, and what to change.\n"
	"\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --root DIR    examine a captured host\n"
	"  -v, --verbose     evidence of what passes, too\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 nothing failed, 1 a check failed, 2 usage.\n";

/* --- what has to be asked of libvirt and the agent, on a live host --- */

static void check_agent(const struct rt_sys *sys, struct rt_host_checks *checks)
{
	RT_AUTO_FREE char *answer = NULL;
	struct rt_err err;
	int r = rt_agent_ask(sys, "status", &answer, &err);

	if (r == -EACCES)
		rt_host_check_add(checks, "agent", RT_UNKNOWN, "",
				  "only root may ask it");
	else
		rt_host_check_add(checks, "agent", r < 0 ? RT_WARN : RT_PASS,
				  "systemctl enable --now kvmrt-agent",
				  r < 0 ? "%s" : "kvmrt-agent runs%s",
				  r < 0 ? err.text : "");
}

/* What libvirt's definitions say of guests whose memory is to be locked. */
static size_t read_locked(const struct rt_loaded *loaded, struct rt_virt *virt,
			  struct rt_host_locked *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];
		RT_AUTO_FREE char *xml = NULL;
		struct rt_domain domain;
		struct rt_err ignored;

		if (!guest->locked || guest->disabled ||
		    rt_virt_read(virt, guest->uuid, RT_VIRT_DEFINED, &xml,
				 &ignored) < 0 ||
		    rt_domain_parse(xml, strlen(xml), &domain, &ignored) < 0)
			continue;
		ret[n++] = (struct rt_host_locked){
			.name = guest->name,
			.kib = domain.memory_kib,
			.nodes = guest->nodes,
			.hugepages = domain.hugepages,
			.page_kib = domain.page_kib,
		};
		rt_domain_fini(&domain);
	}
	return n;
}

static void check_memory(struct rt_loaded *loaded, struct rt_virt *virt,
			 struct rt_host_checks *checks)
{
	RT_AUTO_FREE struct rt_host_locked *guests =
		calloc(loaded->guests.n + 1, sizeof(*guests));

	if (guests)
		rt_host_check_memory(loaded, guests,
				     read_locked(loaded, virt, guests), checks);
	else
		checks->failed = true;
}

/* A section is another guest's, or nobody's. */
static void check_definitions(const struct rt_loaded *loaded,
			      struct rt_virt *virt,
			      struct rt_host_checks *checks)
{
	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];
		struct rt_virt_guest found;
		struct rt_err err;
		int r = guest->disabled ? -EBUSY :
					  rt_sync_find(virt, guest->section,
						       &found, &err);

		if (r == 0)
			rt_virt_guest_fini(&found);
		else if (r == -ENOENT)
			rt_host_check_add(checks, "definitions", RT_WARN, "",
					  "guest '%s': %s", guest->name,
					  err.text);
	}
}

static void check_libvirt(struct rt_loaded *loaded, const char *uri,
			  struct rt_host_checks *checks)
{
	unsigned long version = 0;
	struct rt_virt virt;
	struct rt_err err;

	if (rt_virt_open(uri, &virt, &err) < 0) {
		rt_host_check_add(checks, "libvirt",
				  geteuid() == 0 ? RT_FAIL : RT_UNKNOWN,
				  geteuid() == 0 ?
					  "start libvirtd or virtqemud" :
					  "start libvirtd or virtqemud; or run "
					  "this as root",
				  "%s", err.text);
		return;
	}
	if (rt_virt_version(&virt, &version, &err) < 0)
		rt_host_check_add(checks, "libvirt", RT_UNKNOWN, "", "%s",
				  err.text);
	else
		rt_host_check_add(checks, "libvirt",
				  version < LIBVIRT_MIN ? RT_FAIL : RT_PASS,
				  "libvirt 6.5 or later", "version %lu.%lu.%lu",
				  version / 1000000, version / 1000 % 1000,
				  version % 1000);
	check_definitions(loaded, &virt, checks);
	check_memory(loaded, &virt, checks);
	rt_virt_close(&virt);
}

/* --- showing --- */

static const char *colour_of(enum rt_verdict verdict)
{
	switch (verdict) {
	case RT_PASS:
		return RT_COLOUR_GOOD;
	case RT_WARN:
		return RT_COLOUR_WARNING;
	case RT_FAIL:
		return RT_COLOUR_ERROR;
	case RT_UNKNOWN:
		break;
	}
	return "";
}

static void add_totals(const struct rt_host_checks *checks,
		       struct rt_strbuf *out)
{
	unsigned n[RT_UNKNOWN + 1] = { 0 };

	for (size_t i = 0; i < checks->n; i++)
		n[checks->items[i].verdict]++;
	rt_strbuf_addf(out, "%s: %u passed, %u failed, ",
		       rt_count(checks->n, "check").text, n[RT_PASS],
		       n[RT_FAIL]);
	rt_strbuf_addf(out, "%s, %u unknown\n",
		       rt_count(n[RT_WARN], "warning").text, n[RT_UNKNOWN]);
}

/* What passes is only counted, but with -v. */
static void show_text(const struct rt_host_checks *checks, bool verbose,
		      struct rt_strbuf *out)
{
	const bool colour = rt_show_has_colour(stdout);

	for (size_t i = 0; i < checks->n; i++) {
		const struct rt_host_check *check = &checks->items[i];
		const char *on = colour ? colour_of(check->verdict) : "";

		if (check->verdict == RT_PASS && !verbose)
			continue;
		rt_strbuf_addf(out, "%s%-7s%s %-20s %s\n", on,
			       rt_verdict_name(check->verdict),
			       *on ? "\033[0m" : "", check->code,
			       check->evidence);
		if (*check->fix)
			rt_strbuf_addf(out, "%28s %s\n", "->", check->fix);
	}
	add_totals(checks, out);
}

static void show_json(const struct rt_host_checks *checks,
		      struct rt_strbuf *out)
{
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	rt_json_key(&json, "checks");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < checks->n; i++) {
		const struct rt_host_check *check = &checks->items[i];

		rt_json_open(&json, '{');
		rt_json_key(&json, "code");
		rt_json_string(&json, check->code);
		rt_json_key(&json, "verdict");
		rt_json_string(&json, rt_verdict_name(check->verdict));
		rt_json_key(&json, "evidence");
		rt_json_string(&json, check->evidence);
		rt_json_key(&json, "fix");
		rt_json_string(&json, check->fix);
		rt_json_close(&json, '}');
	}
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}

static bool any_failed(const struct rt_host_checks *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		if (checks->items[i].verdict == RT_FAIL)
			return true;
	}
	return checks->failed;
}

/* Without a configuration the host can still be checked. */
static int load(const struct rt_options *options, struct rt_loaded *loaded,
		struct rt_host_checks *checks, struct rt_err *err)
{
	int r = rt_load(options, loaded, err);

	if (r == 0 && loaded->readable)
		return 0;
	if (!loaded->has_sys)
		return r;
	rt_host_check_add(checks, "configuration", RT_WARN,
			  "kvmrt-import makes one; kvmrt-validate-config says "
			  "what is wrong with it",
			  "%s",
			  r < 0 ? err->text : "the configuration has errors");
	return 0;
}

static int run(const struct rt_options *options, const char *uri,
	       struct rt_loaded *loaded, bool *ret_failed, struct rt_err *err)
{
	struct rt_host_checks checks = { 0 };
	RT_AUTO_STRBUF out = { 0 };
	int r = load(options, loaded, &checks, err);

	if (r == 0) {
		rt_host_checks(loaded, &checks);
		if (loaded->sys.live)
			check_agent(&loaded->sys, &checks);
		/* A capture has none, but one may be named for it. */
		if (loaded->sys.live || uri)
			check_libvirt(loaded, uri, &checks);
		if (options->json)
			show_json(&checks, &out);
		else
			show_text(&checks, options->verbose, &out);
		*ret_failed = any_failed(&checks);
		r = rt_show_write(&out, stdout, "standard output", err);
	}
	rt_host_checks_fini(&checks);
	return r;
}

int main(int argc, char **argv)
{
	const char *uri = NULL;
	const struct rt_option own[] = {
		{ .letter = 'c', .name = "connect", .value = &uri },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-validate-host",
		.help = help,
		.takes = RT_TAKES_JSON,
		.options = own,
		.n = 1,
		.given = &options,
	};
	struct rt_loaded loaded;
	struct rt_err err;
	bool failed = false;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (run(&options, uri, &loaded, &failed, &err) < 0)
		status = rt_tool_failed(&tool, &err);
	else
		status = failed ? RT_EXIT_FAILED : RT_EXIT_DONE;
	rt_load_fini(&loaded);
	return status;
}
