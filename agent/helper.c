/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * helper.c - the process that talks to libvirt
 *
 * kvmrt-sync keeps configuration and definitions in step. libvirt may make it
 * wait for as long as a hook runs; the guard never waits for it. They talk over
 * a socket pair, a line a message:
 *
 *   libvirt connected|lost     the state of its connection
 *   guest UUID TEXT            how config and definition stand, for status
 *   device UUID ADDRESS        a PCI device was plugged into a running guest
 *   look                       something was changed at a running guest
 *   off UUID INODE SIZE        it is prepared in the journal of that inode and
 *                              size, and libvirt says it is off
 *
 * It ends when the guard closes its end; the guard starts it again, later and
 * later, when it ends by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/reconcile.h"
#include "agent.h"

#define HELPER	     KVMRT_LIBEXECDIR "/kvmrt-sync"
#define HELPER_FD    3
#define AGAIN_MS     1000
#define AGAIN_MAX_MS 60000
/* One that ran for so long did not fail at its start. */
#define LASTED_MS      60000
#define LINE_MAX_BYTES 1024

static void remember(struct agent *agent, const char *uuid, const char *text)
{
	struct helper *helper = &agent->helper;
	struct helper_line line = { 0 };
	char *copy = strdup(text);

	if (!copy || !rt_uuid_parse(uuid, line.uuid)) {
		free(copy);
		return;
	}
	for (size_t i = 0; i < helper->n_guests; i++) {
		if (strcmp(helper->guests[i].uuid, line.uuid) != 0)
			continue;
		free(helper->guests[i].text);
		helper->guests[i].text = copy;
		return;
	}
	line.text = copy;
	if (rt_grow(&helper->guests, helper->n_guests, &helper->size_guests,
		    sizeof(line)))
		helper->guests[helper->n_guests++] = line;
	else
		free(copy);
}

/* A device that the guest was not started with is its own from now on. */
static int add_device(struct rt_store *store, const char *uuid,
		      const struct rt_pci_addr *addr, struct rt_err *err)
{
	const struct rt_active *active =
		rt_journal_find_guest(&store->journal, uuid);
	struct rt_active with;
	int r;

	if (!active || rt_pci_set_has(&active->guest.pcidevs, addr))
		return 0;
	with = *active; /* borrowed: only formatted */
	memset(&with.guest.pcidevs, 0, sizeof(with.guest.pcidevs));
	r = 0;
	for (size_t i = 0; r == 0 && i < active->guest.pcidevs.n; i++)
		r = rt_pci_set_add(&with.guest.pcidevs,
				   &active->guest.pcidevs.items[i], err);
	if (r == 0)
		r = rt_pci_set_add(&with.guest.pcidevs, addr, err);
	if (r == 0)
		r = rt_reconcile_add(store, &with, err);
	rt_pci_set_fini(&with.guest.pcidevs);
	return r;
}

/* Its start has failed; no hook has come since, and none will. */
static int drop_off(struct agent *agent, struct rt_store *store,
		    struct rt_err *err)
{
	const struct off off = agent->helper.off;
	const struct rt_active *active =
		rt_journal_find_guest(&store->journal, off.uuid);

	memset(&agent->helper.off, 0, sizeof(off));
	if (!active || active->stage != RT_STAGE_PREPARED ||
	    !files_is_journal(off.inode, off.size))
		return 0;
	rt_log_warn(&agent->log,
		    "guest '%s': its start has failed, and the hook has not "
		    "undone what it did for it; that is done now",
		    active->guest.name);
	return rt_reconcile_drop(store, off.uuid, err);
}

int helper_settle(struct agent *agent, struct rt_store *store,
		  struct rt_err *err)
{
	struct helper *helper = &agent->helper;
	int r = drop_off(agent, store, err);

	while (r == 0 && helper->n_plugged) {
		const struct plugged *last =
			&helper->plugged[helper->n_plugged - 1];

		r = add_device(store, last->uuid, &last->addr, err);
		if (r == 0)
			helper->n_plugged--;
	}
	return r;
}

/* Goes on record with the next look: the guard waits for no lock. */
static void on_device(struct agent *agent, const char *uuid, const char *text)
{
	struct helper *helper = &agent->helper;
	struct plugged plugged = { 0 };
	struct rt_err err = { 0 };
	int r = rt_pci_parse(text, strlen(text), &plugged.addr, &err);

	if (r == 0 && !rt_uuid_parse(uuid, plugged.uuid))
		r = rt_fail(&err, 0, "this is no UUID");
	for (size_t i = 0; r == 0 && i < helper->n_plugged; i++) {
		if (memcmp(&helper->plugged[i], &plugged, sizeof(plugged)) == 0)
			return;
	}
	if (r == 0 && !rt_grow(&helper->plugged, helper->n_plugged,
			       &helper->size_plugged, sizeof(plugged)))
		r = rt_fail_memory(&err);
	if (r < 0) {
		rt_log_warn(&agent->log, "device %s of guest %s: %s", text,
			    uuid, err.text);
		return;
	}
	helper->plugged[helper->n_plugged++] = plugged;
	agent_want(agent, 0);
}

static void on_off(struct agent *agent, const char *uuid, const char *text)
{
	struct off off = { 0 };
	unsigned long long inode, size;

	if (!rt_uuid_parse(uuid, off.uuid) ||
	    sscanf(text, "%llu %llu", &inode, &size) != 2)
		return;
	off.inode = inode;
	off.size = size;
	agent->helper.off = off;
	agent_want(agent, 0);
}

static void on_message(struct agent *agent, char *line)
{
	char *word = strtok_r(line, " \n", &line);
	char *uuid;

	if (!word)
		return;
	if (strcmp(word, "libvirt") == 0) {
		snprintf(agent->helper.libvirt, sizeof(agent->helper.libvirt),
			 "%.15s", line);
		agent->helper.libvirt[strcspn(agent->helper.libvirt, "\n")] =
			'\0';
	} else if (strcmp(word, "look") == 0) {
		agent_want(agent, 0);
	} else if (strcmp(word, "guest") == 0 || strcmp(word, "device") == 0 ||
		   strcmp(word, "off") == 0) {
		uuid = strtok_r(NULL, " \n", &line);
		line[strcspn(line, "\n")] = '\0';
		if (uuid && *word == 'g')
			remember(agent, uuid, line);
		else if (uuid && *word == 'd')
			on_device(agent, uuid, line);
		else if (uuid)
			on_off(agent, uuid, line);
	}
}

/*
 * It takes no signal to clean up, so this is as good to it as SIGTERM; but
 * nothing can keep the guard waiting.
 */
static void end(int pid, int *ret_status)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, ret_status, 0);
}

static void ended(struct agent *agent)
{
	struct helper *helper = &agent->helper;
	const uint64_t now = agent_now_ms();
	uint64_t wait = AGAIN_MS;
	int status = 0;

	agent_unwatch(agent, &helper->watch);
	/* Its end of the socket is closed: it has ended, or is about to. */
	end(helper->pid, &status);
	helper->pid = 0;
	snprintf(helper->libvirt, sizeof(helper->libvirt), "off");
	if (now - helper->started > LASTED_MS)
		helper->failures = 0;
	for (unsigned i = 0; i < helper->failures && wait < AGAIN_MAX_MS; i++)
		wait = wait * 2 < AGAIN_MAX_MS ? wait * 2 : AGAIN_MAX_MS;
	helper->failures++;
	helper->again = now + wait;
	rt_log_warn(&agent->log,
		    "kvmrt-sync has ended (%s %d); it is started again in %u s",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status),
		    (unsigned)(wait / 1000));
}

static void ready(struct agent *agent, struct watch *watch)
{
	char line[LINE_MAX_BYTES];
	ssize_t n;

	while ((n = recv(watch->fd, line, sizeof(line) - 1, MSG_DONTWAIT)) >
	       0) {
		line[n] = '\0';
		on_message(agent, line);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		ended(agent);
}

/* It hears signals, other than us, who read them from a descriptor. */
static int spawn(int fd, int *ret_pid)
{
	static char program[] = HELPER;
	char *const arguments[] = { program, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	sigemptyset(&none);
	r = posix_spawnattr_setsigmask(&attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes,
					     POSIX_SPAWN_SETSIGMASK);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, HELPER_FD);
	if (r == 0)
		r = posix_spawn(ret_pid, HELPER, &actions, &attributes,
				arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

void helper_start(struct agent *agent)
{
	struct helper *helper = &agent->helper;
	struct rt_err err = { 0 };
	int pair[2], r;

	helper->again = 0;
	helper->started = agent_now_ms();
	helper->watch.ready = ready;
	snprintf(helper->libvirt, sizeof(helper->libvirt), "lost");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		helper->again = helper->started + AGAIN_MAX_MS;
		return;
	}
	r = spawn(pair[1], &helper->pid);
	close(pair[1]);
	helper->watch.fd = pair[0];
	if (r == 0)
		r = agent_watch(agent, &helper->watch, &err);
	if (r == 0)
		return;
	close(pair[0]);
	helper->watch.fd = -1;
	helper->pid = 0;
	snprintf(helper->libvirt, sizeof(helper->libvirt), "off");
	helper->again = helper->started + AGAIN_MAX_MS;
	if (helper->failures++ == 0)
		rt_log_warn(&agent->log, "start " HELPER ": %s", strerror(-r));
}

uint64_t helper_due(struct agent *agent, uint64_t now)
{
	struct helper *helper = &agent->helper;

	if (helper->again && helper->again <= now)
		helper_start(agent);
	return helper->again;
}

void helper_close(struct agent *agent)
{
	struct helper *helper = &agent->helper;

	agent_unwatch(agent, &helper->watch);
	if (helper->pid > 0)
		end(helper->pid, NULL);
	for (size_t i = 0; i < helper->n_guests; i++)
		free(helper->guests[i].text);
	free(helper->guests);
	helper->guests = NULL;
	helper->n_guests = helper->size_guests = 0;
	free(helper->plugged);
	helper->plugged = NULL;
	helper->n_plugged = helper->size_plugged = 0;
}
