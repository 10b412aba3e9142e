/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* parallel.c - the same work for many guests at once */
#include "parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/strbuf.h"

#define TICK_MS 1000

struct child {
	pid_t pid;
	int fd; /* where it says how it went; -1: not running */
	size_t i;
};

struct crew {
	const struct rt_parallel *work;
	struct child *children; /* at_once of them */
	struct pollfd *polls;
	size_t next, running;
};

/* What a child writes: its error, or nothing when it succeeded. */
static void be_child(const struct rt_parallel *work, size_t i, int fd)
{
	struct rt_err err = { 0 };
	const int r = work->run(work->data, i, &err);

	if (r < 0)
		(void)!write(fd, &err, sizeof(err));
	fflush(NULL);
	_exit(r < 0 ? 1 : 0);
}

static int begin(struct crew *crew, struct child *child, struct rt_err *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return rt_fail(err, errno, "make a pipe");
	/* What is still to be printed would be printed by both. */
	fflush(NULL);
	child->i = crew->next;
	child->pid = fork();
	if (child->pid < 0) {
		rt_fail(err, errno, "start a process");
		close(pair[0]);
		close(pair[1]);
		return -err->code;
	}
	if (child->pid == 0)
		be_child(crew->work, child->i, pair[1]);
	close(pair[1]);
	child->fd = pair[0];
	crew->next++;
	crew->running++;
	if (crew->work->begun)
		crew->work->begun(crew->work->data, child->i);
	return 0;
}

static void end(struct crew *crew, struct child *child)
{
	struct rt_err err = { 0 };
	const ssize_t n = read(child->fd, &err, sizeof(err));
	int status = 0;

	close(child->fd);
	child->fd = -1;
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	crew->running--;
	if (n == (ssize_t)sizeof(err))
		err.text[sizeof(err.text) - 1] = '\0';
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		rt_fail(&err, 0, "its process ended without a result");
	crew->work->ended(crew->work->data, child->i,
			  err.code > 0 ? -err.code : 0, &err);
}

static int fill(struct crew *crew, struct rt_err *err)
{
	const struct rt_parallel *work = crew->work;
	int r = 0;

	for (size_t k = 0; r == 0 && k < work->at_once; k++) {
		if (crew->next < work->n && crew->children[k].fd < 0)
			r = begin(crew, &crew->children[k], err);
	}
	/* With one child at work, the others can be begun later. */
	return crew->running ? 0 : r;
}

unsigned long long rt_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000 +
	       (unsigned long long)now.tv_nsec / 1000000;
}

static int attend(struct crew *crew, struct rt_err *err)
{
	const struct rt_parallel *work = crew->work;
	unsigned long long tick = rt_now_ms() + TICK_MS;
	int r = fill(crew, err);

	while (r == 0 && crew->running) {
		const unsigned long long now = rt_now_ms();

		for (size_t k = 0; k < work->at_once; k++)
			crew->polls[k] = (struct pollfd){
				.fd = crew->children[k].fd,
				.events = POLLIN,
			};
		(void)poll(crew->polls, (nfds_t)work->at_once,
			   now < tick ? (int)(tick - now) : 0);
		for (size_t k = 0; k < work->at_once; k++) {
			if (crew->polls[k].fd >= 0 && crew->polls[k].revents)
				end(crew, &crew->children[k]);
		}
		if (rt_now_ms() >= tick) {
			tick += TICK_MS;
			if (work->tick)
				work->tick(work->data);
		}
		r = fill(crew, err);
	}
	return r;
}

int rt_parallel(const struct rt_parallel *work, struct rt_err *err)
{
	RT_AUTO_FREE struct child *children =
		calloc(work->at_once, sizeof(*children));
	RT_AUTO_FREE struct pollfd *polls =
		calloc(work->at_once, sizeof(*polls));
	struct crew crew = { work, children, polls, 0, 0 };

	if (!children || !polls)
		return rt_fail_memory(err);
	for (size_t k = 0; k < work->at_once; k++)
		children[k].fd = -1;
	return attend(&crew, err);
}
