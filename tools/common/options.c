/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.c - the command line that all commands share */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>

#include "core/base/number.h"
#include "core/base/report.h"
#include "core/base/text.h"

#define OPTIONS_MAX 32
#define SECONDS_MAX (24 * 3600)
#define OWN_BASE    512 /* getopt_long's value of the command's option 0 */

enum {
	OPT_ROOT = 256,
	OPT_JSON,
	OPT_TOPOLOGY,
};

/* What getopt_long wants to have. */
struct table {
	struct option longs[OPTIONS_MAX];
	char letters[3 * OPTIONS_MAX];
	size_t n, n_letters;
};

static void table_add(struct table *table, const char *name, char letter,
		      int value, bool has_value)
{
	struct option *option = &table->longs[table->n];

	if (table->n + 1 >= OPTIONS_MAX)
		return;
	table->n++;
	option->name = name;
	option->has_arg = has_value ? required_argument : no_argument;
	option->val = value;
	if (!letter)
		return;
	table->letters[table->n_letters++] = letter;
	if (has_value)
		table->letters[table->n_letters++] = ':';
}

static void table_fill(struct table *table, const struct rt_tool *tool)
{
	/* ':' first, so that a missing value differs from an unknown option. */
	table->letters[table->n_letters++] = ':';
	table_add(table, "help", 'h', 'h', false);
	table_add(table, "version", 'V', 'V', false);
	table_add(table, "file", 'f', 'f', true);
	table_add(table, "verbose", 'v', 'v', false);
	table_add(table, "root", '\0', OPT_ROOT, true);
	if (tool->takes & RT_TAKES_JSON)
		table_add(table, "json", '\0', OPT_JSON, false);
	if (tool->takes & RT_TAKES_TOPOLOGY)
		table_add(table, "topology", '\0', OPT_TOPOLOGY, true);
	for (size_t i = 0; i < tool->n; i++) {
		const struct rt_option *own = &tool->options[i];

		table_add(table, own->name, own->letter, OWN_BASE + (int)i,
			  own->value || own->values);
	}
}

int rt_usage_error(const struct rt_tool *tool, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", tool->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nTry '%s --help' for more information.\n",
		tool->name);
	return RT_EXIT_USAGE;
}

int rt_tool_told(const struct rt_tool *tool, const struct rt_err *err)
{
	fprintf(stderr, "%s: %s\n", tool->name, err->text);
	return RT_EXIT_FAILED;
}

static void fail_as(const struct rt_tool *tool, const char *code,
		    const struct rt_err *err)
{
	const struct rt_where nowhere = { .file = NULL };
	struct rt_report report = { 0 };
	RT_AUTO_STRBUF out = { 0 };

	(void)rt_tool_told(tool, err);
	if (!tool->given || !tool->given->json)
		return;
	rt_report_add(&report, RT_ERROR, code, nowhere, NULL, "%s", err->text);
	rt_report_print_json(&report, &out);
	rt_report_fini(&report);
	if (out.text && !out.failed)
		(void)fputs(out.text, stdout);
}

int rt_tool_failed(const struct rt_tool *tool, const struct rt_err *err)
{
	fail_as(tool, "failed", err);
	return RT_EXIT_FAILED;
}

int rt_file_failed(const struct rt_tool *tool, const struct rt_err *err)
{
	static const struct {
		int code;
		const char *finding;
		enum rt_exit status;
	} causes[] = {
		{ ENOENT, "file-missing", RT_EXIT_FAILED },
		/* A directory, a pipe, too big, or not safe to be believed. */
		{ EINVAL, "file-refused", RT_EXIT_REFUSED },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (err->code == causes[i].code) {
			fail_as(tool, causes[i].finding, err);
			return causes[i].status;
		}
	}
	fail_as(tool, "file-unreadable", err);
	return RT_EXIT_FAILED;
}

static int print_and_end(const struct rt_tool *tool, const char *text)
{
	struct rt_err err;

	if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
		rt_fail(&err, errno, "write to standard output");
		return rt_tool_told(tool, &err);
	}
	return RT_EXIT_DONE;
}

static int print_version(const struct rt_tool *tool)
{
	char text[128];

	snprintf(text, sizeof(text), "%s (kvmrt) %s\n", tool->name,
		 KVMRT_VERSION);
	return print_and_end(tool, text);
}

/* The long option that is most like the word, or NULL. */
static const char *nearest(const struct table *table, const char *word)
{
	const size_t len = strcspn(word, "=");
	const char *names[OPTIONS_MAX];

	for (size_t i = 0; i < table->n; i++)
		names[i] = table->longs[i].name;
	return rt_nearest(word, len, names, table->n);
}

static int is_unknown(const struct rt_tool *tool, const struct table *table,
		      const char *word)
{
	const char *name = word + strspn(word, "-");
	const char *near = nearest(table, name);

	/* A known option that was given a value. */
	if (near && strncmp(near, name, strlen(near)) == 0 &&
	    name[strlen(near)] == '=')
		return rt_usage_error(tool,
				      "option '--%s' takes no value: "
				      "write --%s",
				      near, near);
	if (near)
		return rt_usage_error(tool, "unknown option '%s': write --%s",
				      word, near);
	/* getopt leaves a letter here, or nothing for a long option. */
	if (optopt > 0 && optopt < OPT_ROOT && strncmp(word, "--", 2) != 0)
		return rt_usage_error(tool, "unknown option '-%c'", optopt);
	return rt_usage_error(tool, "unknown or ambiguous option '%s'", word);
}

static int is_missing(const struct rt_tool *tool, const char *word)
{
	return rt_usage_error(tool, "option '%s' needs a value", word);
}

static int no_memory(const struct rt_tool *tool)
{
	struct rt_err err;

	rt_fail_memory(&err);
	return rt_tool_failed(tool, &err);
}

/* value is a short option's letter, or stands for a long option's number. */
static int take_own(const struct rt_tool *tool, int value)
{
	for (size_t i = 0; i < tool->n; i++) {
		const struct rt_option *own = &tool->options[i];

		if (value != OWN_BASE + (int)i &&
		    (!own->letter || value != own->letter))
			continue;
		if (own->on)
			*own->on = true;
		else if (own->value)
			*own->value = optarg;
		else if (rt_grow(&own->values->items, own->values->n,
				 &own->values->size, sizeof(char *)))
			own->values->items[own->values->n++] = optarg;
		else
			return no_memory(tool);
		break;
	}
	return RT_GO_ON;
}

static int take(const struct rt_tool *tool, const struct table *table,
		int value, const char *word, struct rt_options *options)
{
	switch (value) {
	case 'h':
		return print_and_end(tool, tool->help);
	case 'V':
		return print_version(tool);
	case 'f':
		options->file = optarg;
		return RT_GO_ON;
	case 'v':
		options->verbose = true;
		return RT_GO_ON;
	case OPT_ROOT:
		options->root = optarg;
		return RT_GO_ON;
	case OPT_JSON:
		options->json = true;
		return RT_GO_ON;
	case OPT_TOPOLOGY:
		options->topology = optarg;
		return RT_GO_ON;
	case ':':
		return is_missing(tool, word);
	case '?':
		return is_unknown(tool, table, word);
	default:
		return take_own(tool, value);
	}
}

bool rt_options_time(const char *text, unsigned *ret_seconds)
{
	static const char letters[] = "smh";
	static const unsigned units[] = { 1, 60, 3600 };
	unsigned long long n;
	const char *unit;

	if (!rt_scan_number(&text, SECONDS_MAX, &n) || !n)
		return false;
	unit = *text ? strchr(letters, *text) : letters;
	if (!unit || (*text && text[1]) ||
	    n * units[unit - letters] > SECONDS_MAX)
		return false;
	*ret_seconds = (unsigned)n * units[unit - letters];
	return true;
}

/* No guest of libvirt has a '/' in its name. */
static bool is_file(const char *word)
{
	const size_t len = strlen(word);

	return strchr(word, '/') ||
	       (len > 4 && strcmp(word + len - 4, ".cfg") == 0);
}

int rt_options_parse(const struct rt_tool *tool, int argc, char **argv,
		     struct rt_options *ret_options)
{
	const char *root = getenv("KVMRT_ROOT");
	struct rt_options options = { 0 };
	struct table table = { 0 };
	int value;

	if (root && *root)
		options.root = root;
	table_fill(&table, tool);
	opterr = 0;
	while ((value = getopt_long(argc, argv, table.letters, table.longs,
				    NULL)) != -1) {
		const char *word = argv[optind > 1 ? optind - 1 : 1];
		const int r = take(tool, &table, value, word, &options);

		if (r != RT_GO_ON)
			return r;
	}
	options.guests = argv + optind;
	options.n_guests = (size_t)(argc - optind);
	for (size_t i = 0; i < options.n_guests; i++) {
		if (is_file(options.guests[i]))
			return rt_usage_error(
				tool, "'%s' is a file: write -f %s",
				options.guests[i], options.guests[i]);
	}
	if (options.n_guests && !(tool->takes & RT_TAKES_GUESTS))
		return rt_usage_error(tool,
				      "unexpected argument '%s': this command "
				      "takes options only",
				      options.guests[0]);
	if ((options.file && !*options.file) ||
	    (options.root && !*options.root))
		return rt_usage_error(tool, "-f and --root need a name");
	*ret_options = options;
	return RT_GO_ON;
}
