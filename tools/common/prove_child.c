/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prove_child.c - processes that kvmrt-prove starts */
#include "prove_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 256
#define SAID_MAX  (64U << 20)

/* Of a process that was just made. */
static void set_out(pid_t parent)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void say(int fd, const char *text, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static int begin(struct rt_child *child, int ret_fds[2], pid_t *ret_parent,
		 struct rt_err *err)
{
	*ret_parent = getpid();
	if (pipe2(ret_fds, O_CLOEXEC) < 0)
		return rt_fail(err, errno, "make a pipe");
	fflush(NULL);
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		close(ret_fds[0]);
		close(ret_fds[1]);
		return rt_fail(err, errno, "start a process");
	}
	if (child->pid > 0) {
		close(ret_fds[1]);
		child->fd = ret_fds[0];
		(void)fcntl(child->fd, F_SETFL, O_NONBLOCK);
		/* Whoever is first: else it might be killed before. */
		(void)setpgid(child->pid, child->pid);
	}
	return 0;
}

int rt_child_call(struct rt_child *child, rt_child_body *body, void *data,
		  struct rt_err *err)
{
	RT_AUTO_STRBUF out = { 0 };
	struct rt_err failed;
	pid_t parent;
	int fds[2], r;

	memset(child, 0, sizeof(*child));
	r = begin(child, fds, &parent, err);
	if (r < 0 || child->pid > 0)
		return r;
	set_out(parent);
	r = body(data, &out, &failed);
	if (r == 0 && out.failed)
		r = rt_fail_memory(&failed);
	if (r < 0)
		say(fds[1], failed.text, strlen(failed.text));
	else if (out.text)
		say(fds[1], out.text, out.len);
	_exit(r < 0);
}

int rt_child_run(struct rt_child *child, const char *command,
		 struct rt_err *err)
{
	RT_AUTO_FREE char *copy = strdup(command);
	char *words[WORDS_MAX + 1], *rest = copy, *word;
	size_t n = 0;
	pid_t parent;
	int fds[2], nowhere, r;

	memset(child, 0, sizeof(*child));
	if (!copy)
		return rt_fail_memory(err);
	while ((word = strsep(&rest, " \t"))) {
		if (*word && n == WORDS_MAX)
			return rt_fail(err, 0, "'%s' has too many words",
				       command);
		if (*word)
			words[n++] = word;
	}
	words[n] = NULL;
	if (!n)
		return rt_fail(err, 0, "the command is empty");
	r = begin(child, fds, &parent, err);
	if (r < 0 || child->pid > 0)
		return r;
	set_out(parent);
	nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere >= 0) {
		(void)dup2(nowhere, STDIN_FILENO);
		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
	}
	execvp(words[0], words);
	(void)rt_fail(err, errno, "run '%s'", words[0]);
	say(fds[1], err->text, strlen(err->text));
	_exit(127);
}

void rt_child_look(struct rt_child *child)
{
	char text[4096];
	ssize_t n;

	if (!child->pid)
		return;
	while ((n = read(child->fd, text, sizeof(text))) > 0) {
		if (child->said.len < SAID_MAX)
			rt_strbuf_add(&child->said, text, (size_t)n);
	}
	/*
	 * A command that runs has closed its end, and one of ours that ends
	 * closes it last: so the end of a process is asked for first.
	 */
	if (waitpid(child->pid, &child->status, WNOHANG) != child->pid)
		return;
	while ((n = read(child->fd, text, sizeof(text))) > 0)
		rt_strbuf_add(&child->said, text, (size_t)n);
	child->ended = true;
	(void)kill(-child->pid, SIGKILL);
	child->pid = 0;
	close(child->fd);
}

bool rt_child_is_good(const struct rt_child *child)
{
	return child->ended && !child->said.failed && child->status == 0;
}

/* Two seconds to tidy up. */
static void end(struct rt_child *child)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	(void)kill(-child->pid, SIGTERM);
	for (unsigned i = 0; i < 100 && child->pid; i++) {
		rt_child_look(child);
		nanosleep(&pause, NULL);
	}
	if (!child->pid)
		return;
	(void)kill(-child->pid, SIGKILL);
	(void)waitpid(child->pid, &child->status, 0);
	child->pid = 0;
	close(child->fd);
}

void rt_child_fini(struct rt_child *child)
{
	if (child->pid)
		end(child);
	rt_strbuf_fini(&child->said);
	memset(child, 0, sizeof(*child));
}
