/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* validate-config.c - is kvmrt.cfg right, and right for this host? */
#include "core/base/text.h"
#include "common/show.h"

static const char help[] =
	"Usage: kvmrt-validate-config [OPTION]...\n"
	"Check a kvmrt configuration, alone and against a host.\n"
	"\n"
	"      --all              check disabled guests too\n"
	"      --errors-only      print no warnings; the last line counts "
	"them\n"
	"  -f, --file FILE        check FILE instead of /etc/kvmrt.cfg\n"
	"      --root DIR         the host whose /sys, /proc and /etc are "
	"below "
	"DIR\n"
	"      --topology SOURCE  the host that an hwloc XML file or a "
	"synthetic\n"
	"                         description (\"pack:2 core:8 pu:2\") "
	"describes;\n"
	"                         its devices are not checked\n"
	"      --json             print the findings as JSON\n"
	"  -v, --verbose          print accepted warnings and the host that "
	"was\n"
	"                         checked against, too\n"
	"  -h, --help             print this help and exit\n"
	"  -V, --version          print the version and exit\n"
	"\n"
	"Needs neither root nor libvirt, and changes nothing. Findings go to "
	"standard\n"
	"output. Ends with 0 if there is no error (warnings do not count), 3 "
	"if there\n"
	"is, 1 if the check could not be done, 2 for a wrong command line.\n";

static void add_summary(const struct rt_loaded *loaded, bool all,
			struct rt_strbuf *out)
{
	const unsigned accepted = rt_report_count(&loaded->report, RT_ACCEPTED);
	unsigned n = 0, rt = 0, skipped = 0;

	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];

		if (guest->disabled && !all) {
			skipped++;
			continue;
		}
		n++;
		rt += guest->rt;
	}
	rt_strbuf_addf(out, "%s: ", loaded->config.file);
	rt_strbuf_adds(out, rt_count(n, "guest").text);
	rt_strbuf_addf(out, ", %u real-time", rt);
	if (skipped)
		rt_strbuf_addf(out, ", %u disabled", skipped);
	rt_strbuf_adds(out, ": ");
	rt_strbuf_adds(
		out, rt_count(rt_report_errors(&loaded->report), "error").text);
	rt_strbuf_adds(out, ", ");
	rt_strbuf_adds(
		out,
		rt_count(rt_report_warnings(&loaded->report), "warning").text);
	if (accepted)
		rt_strbuf_addf(out, ", %u accepted", accepted);
	rt_strbuf_adds(out, "\n");
}

static int print(const struct rt_options *options,
		 const struct rt_loaded *loaded, bool all, bool errors_only,
		 struct rt_err *err)
{
	struct rt_report report = loaded->report; /* borrowed */
	const bool colour = rt_show_has_colour(stdout);
	RT_AUTO_STRBUF out = { 0 };
	const struct rt_show show = {
		.loaded = loaded,
		.colour = colour,
		.out = &out,
	};

	if (errors_only)
		report.hidden = RT_HIDE_ALL_BUT_ERRORS;
	else if (!options->verbose && !options->json)
		report.hidden = 1u << RT_ACCEPTED;
	if (options->json) {
		rt_report_print_json(&report, &out);
	} else {
		if (options->verbose)
			rt_show_topology(&show);
		rt_show_report(&report, colour, &out);
		add_summary(loaded, all, &out);
	}
	return rt_show_write(&out, stdout, "standard output", err);
}

int main(int argc, char **argv)
{
	bool all = false, errors_only = false;
	const struct rt_option own[] = {
		{ .name = "all", .on = &all },
		{ .name = "errors-only", .on = &errors_only },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-validate-config",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_TOPOLOGY,
		.options = own,
		.n = sizeof(own) / sizeof(own[0]),
		.given = &options,
	};
	struct rt_loaded loaded;
	struct rt_err err;
	int status;

	status = rt_options_parse(&tool, argc, argv, &options);
	if (status != RT_GO_ON)
		return status;
	if (rt_load(&options, &loaded, &err) < 0 ||
	    rt_load_check(&loaded, all, &err) < 0) {
		status = rt_load_failed(&tool, &loaded, &err);
	} else {
		status = rt_report_errors(&loaded.report) ? RT_EXIT_REFUSED :
							    RT_EXIT_DONE;
		if (print(&options, &loaded, all, errors_only, &err) < 0)
			status = rt_tool_failed(&tool, &err);
	}
	rt_load_fini(&loaded);
	return status;
}
