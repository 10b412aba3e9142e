/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kvmrt.c - kvmrt: the other commands by one name, and the host at a glance
 *
 * `kvmrt SUB ...` becomes `kvmrt-SUB ...`, from this program's own directory or
 * from where it is installed; there is no shell between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/explain.h"
#include "common/show.h"
#include "common/summary.h"
#include "core/base/text.h"

extern char **environ;

static const char help[] =
	"Usage: kvmrt COMMAND [ARGUMENT]...\n"
	"       kvmrt help [COMMAND]\n"
	"       kvmrt explain [CODE]\n"
	"       kvmrt [OPTION]...\n"
	"Real-time guests on a KVM host. Without a command: the state of the "
	"host, and\n"
	"what to do next. 'kvmrt COMMAND' is 'kvmrt-COMMAND'.\n"
	"\n"
	"Commands:\n"
	"  import            copy libvirt's guests into kvmrt.cfg\n"
	"  edit-config       edit a copy of it, which is checked first\n"
	"  show-config       what the file comes to: CPUs, nodes, devices\n"
	"  validate-config   what is wrong with the file\n"
	"  validate-host     what on this host should be changed\n"
	"  sync-config       make libvirt's definitions follow the file\n"
	"  place             pick CPUs for guests\n"
	"  boot              start the guests, and tune those that run\n"
	"  shutdown          end the guests\n"
	"  stat              is each guest real-time now?\n"
	"  host              CPUs, interrupts, tasks and devices, and whose\n"
	"  noise             measure what interrupts the guests\n"
	"  prove             test a guest and measure at the same time\n"
	"  help              the manual page of a command\n"
	"  explain           what the code of a finding means; or all codes\n"
	"\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --root DIR    examine a captured host\n"
	"  -v, --verbose     as for kvmrt-stat: it has more\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: that of the command; without one that of kvmrt-stat.\n";

#define COMMANDS_MAX 64
#define NAME_MAX_LEN 30 /* of a command; rt_nearest takes no longer one */

struct commands {
	char names[COMMANDS_MAX][NAME_MAX_LEN + 1];
	size_t n;
};

/* Where this program is; "" when that cannot be found out. */
static void own_directory(char *buf, size_t size)
{
	const ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (strrchr(buf, '/'))
		*strrchr(buf, '/') = '\0';
}

/* A name that can be part of a command's, and no path. */
static bool is_name(const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return *word && *word != '-' && !word[strspn(word, letters)] &&
	       strlen(word) <= NAME_MAX_LEN;
}

/* Returns only when there is no such program; errno says why. */
static void become(const char *name, char **argv)
{
	char directory[PATH_MAX], path[PATH_MAX + 64];

	own_directory(directory, sizeof(directory));
	if (*directory) {
		snprintf(path, sizeof(path), "%s/kvmrt-%s", directory, name);
		execv(path, argv);
	}
	if (errno == ENOENT || !*directory) {
		snprintf(path, sizeof(path), "%s/kvmrt-%s", KVMRT_BINDIR, name);
		execv(path, argv);
	}
}

static void list_commands(const char *directory, struct commands *commands)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) && commands->n < COMMANDS_MAX) {
		if (strncmp(entry->d_name, "kvmrt-", 6) == 0 &&
		    is_name(entry->d_name + 6))
			snprintf(commands->names[commands->n++],
				 sizeof(commands->names[0]), "%s",
				 entry->d_name + 6);
	}
	if (dir)
		closedir(dir);
}

static int unknown_command(const struct rt_tool *tool, const char *word)
{
	const char *names[COMMANDS_MAX + 2] = { "help", "explain" }, *near;
	struct commands commands = { .n = 0 };
	char directory[PATH_MAX];

	own_directory(directory, sizeof(directory));
	list_commands(directory, &commands);
	if (!commands.n)
		list_commands(KVMRT_BINDIR, &commands);
	for (size_t i = 0; i < commands.n; i++)
		names[i + 2] = commands.names[i];
	near = rt_nearest(word, strlen(word), names, commands.n + 2);
	if (near)
		return rt_usage_error(tool,
				      "there is no command '%s': write "
				      "kvmrt %s",
				      rt_cut_text(word).text, near);
	return rt_usage_error(tool, "there is no command '%s'",
			      rt_cut_text(word).text);
}

static int run_command(const struct rt_tool *tool, const char *name,
		       char **argv)
{
	struct rt_err err;

	if (!is_name(name))
		return unknown_command(tool, name);
	become(name, argv);
	if (errno == ENOENT)
		return unknown_command(tool, name);
	rt_fail(&err, errno, "run kvmrt-%s", name);
	return rt_tool_told(tool, &err);
}

/* --- help --- */

/* Does man have this page? */
static bool has_page(const char *page)
{
	char *const argv[] = { (char *)"man", (char *)"-w", (char *)page,
			       NULL };
	posix_spawn_file_actions_t actions;
	int status = 1;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	for (int fd = 0; fd < 3; fd++)
		(void)posix_spawn_file_actions_addopen(&actions, fd,
						       "/dev/null", O_RDWR, 0);
	if (posix_spawnp(&pid, "man", &actions, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		status = 1;
	posix_spawn_file_actions_destroy(&actions);
	return status == 0;
}

/* The page of a command, or of the file: kvmrt-stat, kvmrt.cfg. */
static int show_help(const struct rt_tool *tool, const char *topic)
{
	char page[64], name[64];
	char *argv[] = { name, (char *)"--help", NULL };

	if (!topic) {
		if (has_page("kvmrt"))
			execlp("man", "man", "kvmrt", (char *)NULL);
		return fputs(help, stdout) < 0 || fflush(stdout) != 0 ?
			       RT_EXIT_FAILED :
			       RT_EXIT_DONE;
	}
	if (!is_name(topic))
		return unknown_command(tool, topic);
	for (size_t i = 0; i < 2; i++) {
		snprintf(page, sizeof(page), i ? "kvmrt.%s" : "kvmrt-%s",
			 topic);
		if (has_page(page))
			execlp("man", "man", page, (char *)NULL);
	}
	snprintf(name, sizeof(name), "kvmrt-%s", topic);
	return run_command(tool, topic, argv);
}

/* --- explain --- */

/* As it is printed, "[cpu-overlap]", too. */
static int explain(const struct rt_tool *tool, char **codes)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err;
	int status = RT_EXIT_DONE;

	if (!*codes)
		rt_explain_list(&out);
	for (; *codes; codes++) {
		char code[64];
		const char *begin = *codes + (**codes == '[');

		snprintf(code, sizeof(code), "%.*s", (int)strcspn(begin, "]"),
			 begin);
		if (rt_explain(code, &out, &err) < 0)
			status = rt_usage_error(tool, "%s", err.text);
	}
	if (rt_show_write(&out, stdout, "standard output", &err) < 0)
		return rt_tool_told(tool, &err);
	return status;
}

/* --- the host at a glance --- */

static int summarize(struct rt_options *options, const struct rt_tool *tool)
{
	struct rt_loaded loaded;
	struct rt_stat stat = { .options = options,
				.loaded = &loaded,
				.program = tool->name };
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err err, why;
	int status, r;

	options->may_lack_file = true;
	stat.colour = rt_show_has_colour(stdout);
	r = rt_load(options, &loaded, &why);
	if (r < 0 && !loaded.no_file) {
		rt_load_fini(&loaded);
		return rt_tool_failed(tool, &why);
	}
	if (r < 0)
		(void)rt_tool_told(tool, &why);
	r = r < 0 ? 0 : rt_load_check(&loaded, false, &err);
	if (r == 0)
		r = rt_stat_look(&stat, &err);
	if (r == 0) {
		rt_summary(&stat, loaded.no_file, &out);
		r = rt_show_write(&out, stdout, "standard output", &err);
	}
	status = r < 0 ? rt_tool_failed(tool, &err) : rt_stat_status(&stat);
	/* As kvmrt(7) has it. */
	if (loaded.no_file && status == RT_EXIT_REFUSED && why.code != EINVAL)
		status = RT_EXIT_FAILED;
	rt_stat_fini(&stat);
	rt_load_fini(&loaded);
	return status;
}

int main(int argc, char **argv)
{
	struct rt_options options;
	const struct rt_tool tool = { .name = "kvmrt", .help = help };
	int status;

	if (argc > 1 && argv[1][0] != '-') {
		if (strcmp(argv[1], "help") == 0)
			return show_help(&tool, argv[2]);
		if (strcmp(argv[1], "explain") == 0)
			return explain(&tool, argv + 2);
		return run_command(&tool, argv[1], argv + 1);
	}
	status = rt_options_parse(&tool, argc, argv, &options);
	return status != RT_GO_ON ? status : summarize(&options, &tool);
}
