/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* edit-config.c - kvmrt-edit-config: edit a copy, check it, put it in place */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virt/sync.h"
#include "common/config_lock.h"
#include "common/each.h"
#include "common/load.h"
#include "common/show.h"

#define WORDS_MAX 16

static const char help[] =
	"Usage: kvmrt-edit-config [OPTION]...\n"
	"Edit a copy of kvmrt.cfg with $VISUAL or $EDITOR (vi if neither is "
	"set). It\n"
	"takes the file's place only when it has no errors; then libvirt's "
	"definitions\n"
	"follow.\n"
	"\n"
	"  -n, --no-sync     leave the definitions alone\n"
	"  -c, --connect URI libvirt, if not qemu:///system\n"
	"  -f, --file FILE   the configuration, if not /etc/kvmrt.cfg\n"
	"      --root DIR    work on a captured host's configuration\n"
	"  -v, --verbose     name guests that were in step\n"
	"  -h, --help        show this help and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 usage, 3 the edited file has errors "
	"(the copy\n"
	"is kept), 4 in place, but not all definitions follow.\n";

/*
 * What a file that is not there, or is empty, begins with: comments only. Saved
 * unchanged it is not written.
 */
static const char template[] =
	"# kvmrt.cfg - real-time guests of this host; kvmrt.cfg(5) explains "
	"each key\n"
	"#\n"
	"# 'kvmrt-import' takes libvirt's guests into this file. Or take the "
	"'#' "
	"off the\n"
	"# lines below and change the values: a section for each guest, named "
	"by "
	"what\n"
	"# 'virsh domuuid GUEST' prints. Comments are lines of their own.\n"
	"#\n"
	"# name: as in libvirt. nr_vcpus: number of vCPUs. cpuset: host CPUs "
	"('kvmrt-\n"
	"# show-config -v' lists them; n1 is a NUMA node); with rt = true one "
	"more core\n"
	"# than nr_vcpus. pcidevs: devices to pass through ('lspci -D'). "
	"autostart: by\n"
	"# kvmrt-boot.\n"
	"\n"
	"#[00000000-0000-4000-8000-000000000001]\n"
	"#name = plc1\n"
	"#nr_vcpus = 1\n"
	"#cpuset = 2-5\n"
	"#rt = true\n"
	"#pcidevs =\n"
	"#autostart = false\n";

struct edit {
	const struct rt_tool *tool;
	const struct rt_options *options;
	const char *uri;
	struct rt_sys sys;
	struct rt_config_file file; /* the original */
	char *copy;
	const char *begin; /* what the copy begins with */
	size_t begin_len;
	struct rt_config_lock lock;
};

/* --- the copy --- */

static int make_copy(struct edit *edit, struct rt_err *err)
{
	RT_AUTO_FD int fd = mkostemp(edit->copy, O_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return rt_fail(err, errno, "make a copy beside %s",
			       edit->file.path);
	while (done < edit->begin_len) {
		const ssize_t n =
			write(fd, edit->begin + done, edit->begin_len - done);

		if (n < 0 && errno != EINTR) {
			rt_fail(err, errno, "write %s", edit->copy);
			(void)unlink(edit->copy);
			return -err->code;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* --- the editor --- */

/* "code -w" has words; no shell takes it apart. One too many is seen. */
static size_t split(char *text, char **words)
{
	size_t n = 0;

	for (char *word = strtok_r(text, " \t", &text); word && n <= WORDS_MAX;
	     word = strtok_r(NULL, " \t", &text))
		words[n++] = word;
	return n;
}

/* The first variable that names something. */
static const char *editor(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *name = getenv(variables[i]);

		if (name && name[strspn(name, " \t")])
			return name;
	}
	return "vi";
}

static int run_editor(const struct edit *edit, struct rt_err *err)
{
	RT_AUTO_FREE char *text = strdup(editor());
	char *words[WORDS_MAX + 2];
	int status = 0;
	size_t n;
	pid_t pid;

	if (!text)
		return rt_fail_memory(err);
	n = split(text, words);
	if (n > WORDS_MAX)
		return rt_fail(err, 0,
			       "the editor has more than %d words: '%s'",
			       WORDS_MAX, editor());
	words[n++] = edit->copy;
	words[n] = NULL;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGQUIT, SIG_DFL);
		execvp(words[0], words);
		fprintf(stderr, "kvmrt-edit-config: cannot run '%s': %s\n",
			words[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		return rt_fail(err, errno, "start the editor");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return rt_fail(err, 0, "the editor '%s' failed; %s is unchanged",
		       words[0], edit->file.path);
}

/* --- checking --- */

static int check_copy(const struct edit *edit, struct rt_loaded *loaded,
		      bool *ret_valid, struct rt_err *err)
{
	struct rt_options options = *edit->options;
	RT_AUTO_STRBUF out = { 0 };
	int r;

	options.file = edit->copy;
	r = rt_load(&options, loaded, err);
	if (r == 0)
		r = rt_load_check(loaded, false, err);
	if (r < 0)
		return r;
	*ret_valid = !rt_report_errors(&loaded->report);
	rt_show_report(&loaded->report, rt_show_has_colour(stderr), &out);
	return rt_show_write(&out, stderr, "standard error", err);
}

/* It has no edit: not one byte differs. */
static bool is_untouched(struct edit *edit)
{
	struct rt_config_file now = { 0 };
	struct rt_err ignored;
	bool same;

	if (rt_config_file_read(&edit->sys, edit->copy, &now, &ignored) < 0)
		return false;
	same = now.len == edit->begin_len &&
	       memcmp(now.text, edit->begin, now.len) == 0;
	rt_config_file_fini(&now);
	return same;
}

/* The copy goes only when nothing can be lost with it. */
static void keep_or_drop(struct edit *edit)
{
	if (is_untouched(edit))
		(void)unlink(edit->copy);
	else
		fprintf(stderr, "Your edit is kept in %s.\n", edit->copy);
}

/* Only a person at a terminal can be asked. */
static bool wants_again(void)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return false;
	printf("Edit again? [Y/n] ");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && *answer != 'n' &&
	       *answer != 'N';
}

/* --- in place, and in step --- */

struct following {
	struct rt_each each;
	const struct rt_guest **guests;
};

static void ended(void *data, size_t i, enum rt_sync_did done,
		  const struct rt_report *report, const struct rt_err *failure)
{
	struct following *following = data;
	const bool same = done == RT_SYNC_WAS_IN_STEP;
	const struct rt_did did = {
		.uuid = following->guests[i]->uuid,
		.name = following->guests[i]->name,
		.did = same ? "in step" : "definition changed",
		.quiet = same,
		.report = report,
		.failure = failure,
	};

	rt_each_add(&following->each, &did);
}

static int sync_guests(const struct edit *edit, struct rt_sync *sync,
		       const struct rt_guests *all, struct rt_err *err)
{
	RT_AUTO_FREE const struct rt_guest **guests =
		calloc(all->n + 1, sizeof(*guests));
	RT_AUTO_FREE const char **uuids = calloc(all->n + 1, sizeof(*uuids));
	struct following following = { .guests = guests };
	const struct rt_sync_ended notify = { ended, &following };
	size_t n = 0;
	int r;

	if (!guests || !uuids)
		return rt_fail_memory(err);
	for (size_t i = 0; i < all->n; i++) {
		if (all->items[i].disabled)
			continue;
		guests[n] = &all->items[i];
		uuids[n++] = all->items[i].uuid;
	}
	rt_each_begin(&following.each, edit->tool, edit->options);
	r = rt_sync_guests(sync, RT_SYNC_PUSH, uuids, n, &notify, err);
	if (r < 0) {
		rt_strbuf_fini(&following.each.out);
		return r;
	}
	return rt_each_end(&following.each);
}

static int sync_all(const struct edit *edit, struct rt_loaded *loaded)
{
	struct rt_sync sync = {
		.sys = &loaded->sys,
		.topo = &loaded->topo,
		.file = edit->options->file,
	};
	struct rt_virt virt;
	struct rt_err err;
	int r = rt_virt_open(edit->uri, &virt, &err);

	if (r == 0) {
		sync.virt = &virt;
		r = sync_guests(edit, &sync, &loaded->guests, &err);
		rt_virt_close(&virt);
	}
	if (r < 0) {
		rt_tool_failed(edit->tool, &err);
		fprintf(stderr, "The file is in place; kvmrt-sync-config makes "
				"the definitions follow.\n");
	}
	return r == RT_EXIT_DONE ? RT_EXIT_DONE : RT_EXIT_PARTLY;
}

static int install(struct edit *edit, struct rt_loaded *loaded, bool no_sync,
		   struct rt_err *err)
{
	const struct rt_config_file *copy = &loaded->file;
	int r = rt_config_file_write(&edit->sys, &edit->file, copy->text,
				     copy->len, err);

	if (r < 0) {
		rt_tool_failed(edit->tool, err);
		fprintf(stderr, "Your edit is kept in %s.\n", edit->copy);
		return RT_EXIT_FAILED;
	}
	(void)unlink(edit->copy);
	printf("%s is in place.\n", edit->file.path);
	return no_sync ? RT_EXIT_DONE : sync_all(edit, loaded);
}

static int edit_once(struct edit *edit, bool no_sync, bool *ret_again)
{
	struct rt_loaded loaded = { 0 };
	struct rt_err err;
	bool valid = false;
	int status = RT_EXIT_DONE;

	*ret_again = false;
	if (run_editor(edit, &err) < 0) {
		rt_tool_failed(edit->tool, &err);
		keep_or_drop(edit);
		return RT_EXIT_FAILED;
	}
	if (check_copy(edit, &loaded, &valid, &err) < 0) {
		status = rt_load_failed(edit->tool, &loaded, &err);
		fprintf(stderr, "Your edit is kept in %s.\n", edit->copy);
	} else if (is_untouched(edit)) {
		(void)unlink(edit->copy);
		printf("%s is unchanged.\n", edit->file.path);
	} else if (valid) {
		status = install(edit, &loaded, no_sync, &err);
	} else if (wants_again()) {
		*ret_again = true;
	} else {
		fprintf(stderr, "%s is unchanged; your edit is kept in %s.\n",
			edit->file.path, edit->copy);
		status = RT_EXIT_REFUSED;
	}
	rt_load_fini(&loaded);
	return status;
}

static int run(struct edit *edit, bool no_sync)
{
	struct rt_err err;
	bool again = true;
	int status = RT_EXIT_FAILED;

	if (rt_config_file_read_or_new(&edit->sys, edit->options->file,
				       &edit->file, &err) < 0)
		return rt_file_failed(edit->tool, &err);
	edit->begin = edit->file.len ? edit->file.text : template;
	edit->begin_len = strlen(edit->begin);
	edit->copy = rt_config_beside(&edit->sys, &edit->file, "-XXXXXX");
	if (!edit->copy) {
		rt_fail_memory(&err);
		return rt_tool_failed(edit->tool, &err);
	}
	if (rt_config_lock_take(&edit->sys, &edit->file, &edit->lock, &err) <
		    0 ||
	    make_copy(edit, &err) < 0)
		return rt_tool_failed(edit->tool, &err);
	/* Ctrl-C is the editor's. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	while (again)
		status = edit_once(edit, no_sync, &again);
	return status;
}

int main(int argc, char **argv)
{
	struct edit edit = { .lock.fd = -1 };
	bool no_sync = false;
	const struct rt_option own[] = {
		{ .letter = 'n', .name = "no-sync", .on = &no_sync },
		{ .letter = 'c', .name = "connect", .value = &edit.uri },
	};
	const struct rt_tool tool = {
		.name = "kvmrt-edit-config",
		.help = help,
		.options = own,
		.n = 2,
	};
	struct rt_options options;
	struct rt_err err;
	int status = rt_options_parse(&tool, argc, argv, &options);

	if (status != RT_GO_ON)
		return status;
	edit.tool = &tool;
	edit.options = &options;
	if (rt_sys_open(options.root, &edit.sys, &err) < 0)
		return rt_tool_failed(&tool, &err);
	status = run(&edit, no_sync);
	rt_config_lock_release(&edit.lock);
	free(edit.copy);
	rt_config_file_fini(&edit.file);
	rt_sys_close(&edit.sys);
	return status;
}
