/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show-config.c - what kvmrt.cfg comes to on this host */
#include "core/base/json.h"
#include "host/preview.h"
#include "common/picture.h"
#include "common/picture_lstopo.h"
#include "common/show.h"

static const char help[] =
	"Usage: kvmrt-show-config [OPTION]... [GUEST]...\n"
	"Show the kvmrt configuration as it is understood on a host: CPUs, "
	"NUMA nodes\n"
	"and everything that 'auto' comes to. GUEST is a name or a UUID.\n"
	"\n"
	"  -f, --file FILE        show FILE instead of /etc/kvmrt.cfg\n"
	"      --root DIR         the host whose /sys, /proc and /etc are "
	"below "
	"DIR\n"
	"      --topology SOURCE  the host that an hwloc XML file or a "
	"synthetic\n"
	"                         description (\"pack:2 core:8 pu:2\") "
	"describes\n"
	"      --plan             print the writes to the host that starting "
	"the\n"
	"                         real-time guests would make, with their "
	"reasons;\n"
	"                         with -v each on a line of its own\n"
	"      --map FILE         draw the host and the guests' places in it "
	"into FILE,\n"
	"                         whose name ends in .svg or .png\n"
	"      --json             print JSON\n"
	"  -v, --verbose          print descriptions, the host's topology with "
	"the\n"
	"                         numbers that cpuset uses, and warnings, too\n"
	"  -h, --help             print this help and exit\n"
	"  -V, --version          print the version and exit\n"
	"\n"
	"Without a file that can be read, the table of the host's topology is "
	"all that\n"
	"is printed.\n"
	"\n"
	"Needs neither root nor libvirt, and changes nothing. Ends with 0 if "
	"the\n"
	"configuration has no error, 3 if it has (errors go to standard "
	"error), 1 if\n"
	"it could not be shown, 2 for a wrong command line.\n";

/* The named guests, each once and in file order; all when none is named. */
static int choose(const struct rt_options *options,
		  const struct rt_loaded *loaded,
		  const struct rt_guest **ret_guests, size_t *ret_n,
		  struct rt_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < options->n_guests; i++)
		if (!rt_load_find(loaded, options->guests[i]))
			return rt_fail(err, 0, "no guest '%s' in %s",
				       options->guests[i], loaded->config.file);
	for (size_t i = 0; i < loaded->guests.n; i++) {
		const struct rt_guest *guest = &loaded->guests.items[i];
		bool chosen = !options->n_guests;

		for (size_t k = 0; k < options->n_guests; k++)
			if (rt_load_find(loaded, options->guests[k]) == guest)
				chosen = true;
		if (chosen)
			ret_guests[n++] = guest;
	}
	*ret_n = n;
	return 0;
}

static void show_json(const struct rt_loaded *loaded,
		      const struct rt_guest *const *guests, size_t n,
		      struct rt_strbuf *out)
{
	const struct rt_cpuset left = rt_show_housekeeping(loaded);
	struct rt_json json = { .out = out };

	rt_json_open(&json, '{');
	rt_json_key(&json, "version");
	rt_json_number(&json, 1);
	rt_json_key(&json, "guests");
	rt_json_open(&json, '[');
	for (size_t i = 0; i < n; i++)
		rt_show_guest_json(&json, guests[i]);
	rt_json_close(&json, ']');
	rt_json_key_set(&json, "housekeeping", &left);
	rt_json_close(&json, '}');
	rt_strbuf_adds(out, "\n");
}

static void show_text(const struct rt_options *options,
		      const struct rt_loaded *loaded,
		      const struct rt_guest *const *guests, size_t n,
		      struct rt_strbuf *out)
{
	const struct rt_show show = {
		.loaded = loaded,
		.colour = rt_show_has_colour(stdout),
		.verbose = options->verbose,
		.out = out,
	};

	for (size_t i = 0; i < n; i++)
		rt_show_guest(&show, guests[i]);
	if (options->verbose)
		rt_show_topology(&show);
	rt_show_host(&show);
}

/* What a cpuset can name is needed most while the file cannot be read. */
static int show_cores(const struct rt_loaded *loaded, struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	const struct rt_show show = { .loaded = loaded, .out = &out };

	rt_show_topology(&show);
	return rt_show_write(&out, stdout, "standard output", err);
}

/*
 * A host that was made up has a topology and no more; what
 * hwloc-gather-topology(1) captures has no interrupts.
 */
static const char *not_told(struct rt_loaded *loaded)
{
	if (!loaded->has_facts)
		return "interrupts, tasks, devices, network queues, frequency "
		       "governors and kernel (6.8 or later is assumed)";
	return rt_sys_exists(&loaded->sys, "proc/irq") ? "" : "interrupts";
}

/* Only real-time guests change the host; disabled ones never do. */
static int show_plan(const struct rt_options *options, struct rt_loaded *loaded,
		     const struct rt_guest **guests, size_t n,
		     struct rt_strbuf *out, struct rt_err *err)
{
	const char *unknown = not_told(loaded);
	struct rt_plan plan;
	size_t n_rt = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		if (guests[i]->rt && !guests[i]->disabled)
			guests[n_rt++] = guests[i];
	r = rt_preview(loaded->has_facts ? &loaded->sys : NULL, &loaded->topo,
		       guests, n_rt, &plan, err);
	if (r < 0)
		return r;
	if (options->json) {
		rt_plan_print_json(&plan, unknown, out);
	} else {
		rt_plan_print(&plan, options->verbose, out);
		if (out->text && strstr(out->text, "/sys/fs/cgroup/"))
			rt_strbuf_adds(out, "# N in a cgroup's name is the "
					    "number that libvirt gives the "
					    "guest at its start\n");
		if (n_rt && *unknown)
			rt_strbuf_addf(out,
				       "# %s does not tell of this "
				       "host's %s: steps for them are "
				       "missing\n",
				       loaded->has_facts ? "the capture" :
							   "--topology",
				       unknown);
	}
	rt_plan_fini(&plan);
	return 0;
}

static int show(const struct rt_options *options, struct rt_loaded *loaded,
		bool plan, const char *map, struct rt_err *err)
{
	RT_AUTO_FREE const struct rt_guest **guests = NULL;
	RT_AUTO_STRBUF out = { 0 };
	size_t n = 0;
	int r;

	guests = calloc(loaded->guests.n + 1, sizeof(*guests));
	if (!guests)
		return rt_fail_memory(err);
	r = choose(options, loaded, guests, &n, err);
	if (r < 0)
		return r;
	if (map)
		return rt_picture_write(options, loaded, guests, n, map, err);
	if (plan)
		r = show_plan(options, loaded, guests, n, &out, err);
	else if (options->json)
		show_json(loaded, guests, n, &out);
	else
		show_text(options, loaded, guests, n, &out);
	if (r < 0)
		return r;
	return rt_show_write(&out, stdout, "standard output", err);
}

/* Errors always; warnings are validate-config's, here only if asked for. */
static int show_findings(const struct rt_options *options,
			 const struct rt_loaded *loaded, struct rt_err *err)
{
	struct rt_report report = loaded->report; /* borrowed */
	RT_AUTO_STRBUF out = { 0 };

	report.hidden = options->verbose ? 0 : RT_HIDE_ALL_BUT_ERRORS;
	rt_show_report(&report, rt_show_has_colour(stderr), &out);
	return rt_show_write(&out, stderr, "standard error", err);
}

/* Returns the exit status. */
static int run(const struct rt_tool *tool, const struct rt_options *options,
	       struct rt_loaded *loaded, bool plan, const char *map)
{
	const bool cores = !plan && !map && !options->json;
	struct rt_err err;
	int status = RT_EXIT_DONE;
	int r = rt_load(options, loaded, &err);

	if (r == 0)
		r = rt_load_check(loaded, false, &err);
	if (r < 0) {
		status = rt_load_failed(tool, loaded, &err);
		if (loaded->topo.cores.n && cores &&
		    show_cores(loaded, &err) < 0)
			status = rt_tool_failed(tool, &err);
		return status;
	}
	if (rt_report_errors(&loaded->report))
		status = RT_EXIT_REFUSED;
	if (!loaded->readable && options->json)
		return rt_show_refusal(tool, &loaded->report);
	r = show_findings(options, loaded, &err);
	/* A text with errors may mean anything, so its guests are not shown. */
	if (r == 0 && loaded->readable)
		r = show(options, loaded, plan, map, &err);
	else if (r == 0 && cores)
		r = show_cores(loaded, &err);
	return r < 0 ? rt_tool_failed(tool, &err) : status;
}

int main(int argc, char **argv)
{
	bool plan = false;
	const char *map = NULL;
	const struct rt_option own[] = { { .name = "plan", .on = &plan },
					 { .name = "map", .value = &map } };
	struct rt_options options;
	const struct rt_tool tool = {
		.name = "kvmrt-show-config",
		.help = help,
		.takes = RT_TAKES_JSON | RT_TAKES_TOPOLOGY | RT_TAKES_GUESTS,
		.options = own,
		.n = 2,
		.given = &options,
	};
	struct rt_loaded loaded;
	int status;

	status = rt_options_parse(&tool, argc, argv, &options);
	if (status != RT_GO_ON)
		return status;
	if (map && (plan || options.json))
		return rt_usage_error(&tool, "--map goes with neither --plan "
					     "nor --json");
	if (map && rt_picture_format(map) == RT_PICTURE_NONE)
		return rt_usage_error(&tool,
				      "'%s' does not end in .svg or .png", map);
	status = run(&tool, &options, &loaded, plan, map);
	rt_load_fini(&loaded);
	return status;
}
