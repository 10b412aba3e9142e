/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* noise.c - kvmrt-noise: what interrupts real-time guests, and who causes it */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/meter.h"
#include "common/show.h"
#include "core/base/text.h"

#define SECONDS 10

static const char help[] =
	"Usage: kvmrt-noise [OPTION]... [GUEST]...\n"
	"Measure what interrupts the CPUs of the real-time guests that run (or "
	"of the\n"
	"named): how often, for how long, and who caused it. Nothing runs on "
	"these CPUs\n"
	"for it, and the guests go on.\n"
	"\n"
	"      --for TIME    how long to measure: 10s, 2m, 1h (10s); Ctrl-C "
	"ends it earlier\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --json        machine-readable\n"
	"      --svg FILE    draw a time line and a histogram for each CPU, "
	"too\n"
	"      --root DIR    a captured host: nothing can be measured there\n"
	"  -v, --verbose     a histogram for each interruption, and all "
	"causes\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 measured, 1 failed, or no real-time guest runs, 2 "
	"usage,\n"
	"3 the configuration file is refused, 4 incomplete: events were lost, "
	"or a guest\n"
	"ended.\n";

static int draw(const struct rt_measured *measured, const char *path,
		struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	FILE *file = fopen(path, "we");
	int r;

	if (!file)
		return rt_fail(err, errno, "create %s", path);
	rt_measured_svg(measured, &out);
	r = rt_show_write(&out, file, path, err);
	if (fclose(file) != 0 && r == 0)
		r = rt_fail(err, errno, "write %s", path);
	return r;
}

static int show(const struct rt_meter *meter, const char *svg,
		struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };

	if (meter->options->json)
		rt_measured_json(&meter->measured, &out);
	else
		rt_measured_show(&meter->measured, meter->options->verbose,
				 &out);
	if (rt_show_write(&out, stdout, "standard output", err) < 0)
		return -err->code;
	return svg ? draw(&meter->measured, svg, err) : 0;
}

static int run(struct rt_meter *meter, const char *svg, struct rt_err *err)
{
	int r = rt_meter_choose(meter, err);

	if (r == 0)
		r = rt_meter_open(meter, err);
	if (r == 0)
		r = rt_meter_run(meter, err);
	if (r == 0)
		r = show(meter, svg, err);
	rt_meter_close(meter);
	return r;
}

int main(int argc, char **argv)
{
	struct rt_meter meter = { .seconds = SECONDS };
	const char *seconds = NULL, *svg = NULL;
	const struct rt_option own[] = {
		{ .name = "for", .value = &seconds },
		{ .name = "svg", .value = &svg },
	};
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-noise",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_GUESTS,
		.options = own,
		.n = 2,
		.given = &options,
	};
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	if (seconds && !rt_options_time(seconds, &meter.seconds))
		return rt_usage_error(&tool,
				      "--for '%s': write a number with s, m or "
				      "h, from 1s to 24h",
				      rt_cut_text(seconds).text);
	options.may_lack_file = true;
	meter.options = &options;
	if (rt_load(&options, &meter.loaded, &err) < 0)
		status = rt_load_failed(&tool, &meter.loaded, &err);
	else if (run(&meter, svg, &err) < 0)
		status = rt_tool_failed(&tool, &err);
	else
		status = rt_measured_is_complete(&meter.measured) ?
				 RT_EXIT_DONE :
				 RT_EXIT_PARTLY;
	rt_meter_fini(&meter);
	return status;
}
