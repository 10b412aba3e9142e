/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files.c - files that somebody else may change: the journal, the saved
 * settings, the guests' cgroups; and irqbalance's socket
 *
 * inotify reports every write(2) by a process, also on procfs and sysfs. A
 * change by the kernel itself is reported for cpuset.cpus.partition only, which
 * is the one of these files that it changes. A file that holds what it should
 * causes no scan, and so neither do the agent's own writes and the hook's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/probe.h"
#include "host/target.h"
#include "agent.h"

#define RUN "/run"
#define RUN_KVMRT                                                              \
	"/run/"                                                                \
	"kvmrt"
#define RUN_IRQBALANCE "/run/irqbalance"

/* irqbalance makes its directory a moment before it listens. */
#define IRQBALANCE_MS 1000

static void stat_journal(uint64_t *ret_inode, uint64_t *ret_size,
			 bool *ret_there)
{
	struct stat st;

	*ret_there = stat(RUN_KVMRT "/journal", &st) == 0;
	*ret_inode = *ret_there ? (uint64_t)st.st_ino : 0;
	*ret_size = *ret_there ? (uint64_t)st.st_size : 0;
}

bool files_is_journal(uint64_t inode, uint64_t size)
{
	uint64_t is_inode, is_size;
	bool there;

	stat_journal(&is_inode, &is_size, &there);
	return there && is_inode == inode && is_size == size;
}

void files_seen(struct agent *agent)
{
	stat_journal(&agent->journal.inode, &agent->journal.size,
		     &agent->journal.there);
}

static bool journal_changed(const struct agent *agent)
{
	uint64_t inode, size;
	bool there;

	stat_journal(&inode, &size, &there);
	return there != agent->journal.there || inode != agent->journal.inode ||
	       size != agent->journal.size;
}

static int add(struct files *files, const char *path, uint32_t mask)
{
	return inotify_add_watch(files->watch.fd, path, mask);
}

/* --- saved settings --- */

static void saved_file_fini(struct saved_file *file)
{
	rt_auto_fd(&file->fd);
	free(file->path);
	free(file->value);
}

static bool holds(struct agent *agent, const struct saved_file *file)
{
	RT_AUTO_FREE char *now = malloc(RT_VALUE_MAX);
	struct rt_err ignored = { 0 };

	return now &&
	       rt_target_read(&agent->sys, file->kind, file->path, now,
			      RT_VALUE_MAX, &ignored) == 0 &&
	       rt_value_same(file->kind, now, file->value);
}

/* Not watched while a fight waits: whoever fights may write all the time. */
static void on_saved_file(struct agent *agent, struct saved_file *file)
{
	struct cause cause = { 0 };
	const unsigned wait =
		repairs_wait(&agent->repairs, file->path, agent_now_ms());

	if (holds(agent, file))
		return;
	snprintf(cause.path, sizeof(cause.path), "%s", file->path);
	agent_cause(agent, &cause);
	agent_want(agent, wait);
	if (!wait)
		return;
	(void)inotify_rm_watch(agent->files.watch.fd, file->wd);
	file->wd = -1;
}

static void add_file(struct agent *agent, enum rt_kind kind, const char *path,
		     const char *value)
{
	struct files *files = &agent->files;
	char full[600];
	struct saved_file file = { .kind = kind, .fd = -1 };
	const unsigned wait =
		repairs_wait(&agent->repairs, path, agent_now_ms());
	int code;

	/* The scan after the wait watches it again. */
	if (wait) {
		agent_want(agent, wait);
		return;
	}
	snprintf(full, sizeof(full), "/%s", path);
	/* procfs drops an inode that nobody holds, and its watch with it. */
	file.fd = open(full, O_PATH | O_CLOEXEC);
	file.wd = file.fd < 0 ? -1 : add(files, full, IN_MODIFY);
	code = file.wd < 0 ? errno : ENOMEM;
	file.path = strdup(path);
	file.value = strdup(value);
	if (file.wd >= 0 && file.path && file.value &&
	    rt_grow(&files->items, files->n, &files->size, sizeof(file))) {
		files->items[files->n++] = file;
		return;
	}
	/*
	 * A file that is gone needs no watch; one that cannot have a watch is
	 * polled.
	 */
	if (code != ENOENT)
		agent->poll = true;
	if (file.wd >= 0)
		(void)inotify_rm_watch(files->watch.fd, file.wd);
	rt_auto_fd(&file.fd);
	free(file.path);
	free(file.value);
}

static bool is_file(enum rt_kind kind)
{
	switch (kind) {
	case RT_KIND_TEXT:
	case RT_KIND_LIST:
	case RT_KIND_MASK:
	case RT_KIND_PARTITION:
		return true;
	case RT_KIND_AFFINITY:
	case RT_KIND_IRQ_THREAD:
	case RT_KIND_CGROUP:
	case RT_KIND_SCHED:
	case RT_KIND_TASKS:
	case RT_KIND_IRQBALANCE:
		break;
	}
	return false;
}

static void add_saved(struct agent *agent, const struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];

		if (!saved->done && is_file(saved->kind))
			add_file(agent, saved->kind, saved->path, saved->wrote);
	}
}

/* The guest's own cgroups are not on record: they are as the scan left them. */
static void add_cgroups(struct agent *agent, const struct rt_journal *journal)
{
	struct rt_facts facts = { 0 };
	struct rt_err ignored = { 0 };

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_active *active = &journal->active[i];

		if (active->guest.rt && active->stage == RT_STAGE_STARTED)
			(void)rt_facts_read_process(
				&agent->sys, active->guest.uuid, active->pid,
				&facts, &ignored);
	}
	for (size_t i = 0; i < facts.processes.n; i++) {
		const struct rt_settings *files =
			&facts.processes.items[i].cgroup;

		for (size_t k = 0; k < files->n; k++) {
			if (!rt_journal_find(journal, files->items[k].path))
				add_file(agent, files->items[k].kind,
					 files->items[k].path,
					 files->items[k].value);
		}
	}
	rt_facts_fini(&facts);
}

/* Lists follow each other in much the same order: begin where it was. */
static bool has_watch(const struct saved_file *items, size_t n, size_t hint,
		      int wd)
{
	for (size_t i = 0; i < n; i++) {
		if (items[(hint + i) % n].wd == wd)
			return true;
	}
	return false;
}

/*
 * The host's files do not matter while there is no real-time guest. All are
 * opened by name again, since an interrupt that comes back under its number has
 * other files. The watch of a file that is still the same stays, and no event
 * of it is lost; a new file may have been written to since it was read.
 */
void files_follow(struct agent *agent, const struct rt_journal *journal)
{
	struct files *files = &agent->files;
	struct saved_file *old = files->items;
	const size_t n_old = files->n;

	files->items = NULL;
	files->n = files->size = 0;
	if (agent->rt) {
		add_saved(agent, journal);
		add_cgroups(agent, journal);
	}
	for (size_t i = 0; i < files->n; i++) {
		if (!has_watch(old, n_old, i, files->items[i].wd))
			on_saved_file(agent, &files->items[i]);
	}
	for (size_t i = 0; i < n_old; i++) {
		if (!has_watch(files->items, files->n, i, old[i].wd))
			(void)inotify_rm_watch(files->watch.fd, old[i].wd);
		saved_file_fini(&old[i]);
	}
	free(old);
}

/* --- events --- */

static void watch_irqbalance(struct agent *agent)
{
	struct files *files = &agent->files;

	files->irqbalance = add(files, RUN_IRQBALANCE, IN_CREATE);
}

static void on_event(struct agent *agent, const struct inotify_event *event)
{
	struct files *files = &agent->files;
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		agent_want(agent, 0);
	} else if (event->wd == files->run_kvmrt) {
		if (strcmp(name, "lock") != 0 && strcmp(name, "journal") != 0)
			return;
		if (journal_changed(agent)) {
			agent->adopting = true;
			agent_want(agent, 0);
		}
	} else if (event->wd == files->run) {
		if (strcmp(name, "irqbalance") == 0) {
			watch_irqbalance(agent);
			agent_want(agent, IRQBALANCE_MS);
		}
	} else if (event->wd == files->irqbalance) {
		if (!(event->mask & IN_IGNORED) && agent->rt)
			agent_want(agent, IRQBALANCE_MS);
	} else {
		for (size_t i = 0; i < files->n; i++) {
			if (files->items[i].wd == event->wd &&
			    !(event->mask & IN_IGNORED))
				on_saved_file(agent, &files->items[i]);
		}
	}
}

static void ready(struct agent *agent, struct watch *watch)
{
	_Alignas(struct inotify_event) char text[4096];
	ssize_t n = 1;

	for (unsigned i = 0; n > 0 && i < BUFFERS_BUDGET; i++) {
		n = read(watch->fd, text, sizeof(text));
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event =
				(const void *)(text + at);

			on_event(agent, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}

/* Each watched file is an open descriptor: a large host has thousands. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int files_open(struct agent *agent, struct rt_err *err)
{
	struct files *files = &agent->files;

	allow_descriptors();
	files->watch.ready = ready;
	files->watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (files->watch.fd < 0)
		return rt_fail(err, errno, "watch files for changes");
	/* Whoever changes the journal closes it, and then the lock. */
	files->run_kvmrt = add(files, RUN_KVMRT, IN_CLOSE_WRITE);
	if (files->run_kvmrt < 0)
		return rt_fail(err, errno, "watch " RUN_KVMRT " for changes");
	files->run = add(files, RUN, IN_CREATE | IN_ONLYDIR);
	watch_irqbalance(agent);
	return agent_watch(agent, &files->watch, err);
}

void files_close(struct agent *agent)
{
	struct files *files = &agent->files;

	for (size_t i = 0; i < files->n; i++)
		saved_file_fini(&files->items[i]);
	free(files->items);
	files->items = NULL;
	files->n = files->size = 0;
	agent_unwatch(agent, &files->watch);
}
