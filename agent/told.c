/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * told.c - messages of kvmrt-sync
 *
 * kvmrt-sync talks to libvirt, which may block it for as long as a hook runs;
 * the agent never waits for it. It connects to the agent's socket and sends
 * "sync", then all that it knows, and from then on each change, a line each:
 *
 *   libvirt connected|lost     the state of its connection
 *   guest UUID TEXT            how config and definition stand, for status
 *   devices UUID ADDRESS,...   the PCI devices that a running guest has now
 *   scan                       something was changed at a running guest
 *   off UUID INODE SIZE        it is prepared in the journal of that inode and
 *                              size, and libvirt says it is off
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/probe.h"
#include "host/reconcile.h"
#include "agent.h"

static struct told_guest *find(struct told *told, const char *uuid)
{
	for (size_t i = 0; i < told->n; i++) {
		if (strcmp(told->guests[i].uuid, uuid) == 0)
			return &told->guests[i];
	}
	return NULL;
}

static struct told_guest *find_or_add(struct told *told, const char *uuid)
{
	struct told_guest guest = { 0 };
	struct told_guest *known;

	if (!rt_uuid_parse(uuid, guest.uuid))
		return NULL;
	known = find(told, guest.uuid);
	if (known || told->n == TOLD_MAX ||
	    !rt_grow(&told->guests, told->n, &told->size, sizeof(guest)))
		return known;
	told->guests[told->n] = guest;
	return &told->guests[told->n++];
}

/* --- lines --- */

static void on_guest(struct agent *agent, const char *uuid, const char *text)
{
	struct told_guest *guest = find_or_add(&agent->told, uuid);
	char *copy = guest ? strdup(text) : NULL;

	if (!copy)
		return;
	free(guest->text);
	guest->text = copy;
}

/* The next scan puts it on record: the agent waits for no lock. */
static void on_devices(struct agent *agent, const char *uuid, char *text)
{
	struct rt_pci_set devices = { 0 };
	struct told_guest *guest;
	struct rt_err err = { 0 };
	int r;

	for (char *at = text; (at = strchr(at, ','));)
		*at = ' ';
	r = rt_pci_set_parse(text, &devices, &err);
	guest = r == 0 ? find_or_add(&agent->told, uuid) : NULL;
	if (r == 0 && !guest)
		r = rt_fail(&err, 0,
			    "the UUID is not valid, or there are more guests "
			    "than the agent can note");
	if (r < 0) {
		rt_pci_set_fini(&devices);
		rt_log_warn(&agent->log, "devices of guest %s: %s", uuid,
			    err.text);
		return;
	}
	rt_pci_set_fini(&guest->devices);
	guest->devices = devices;
	guest->has_devices = true;
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
	agent->told.off = off;
	agent_want(agent, 0);
}

/* An unknown word is of a later release, and is ignored. */
void told_line(struct agent *agent, char *line)
{
	char *rest = line;
	const char *word = strsep(&rest, " ");
	const char *uuid;

	if (strcmp(word, "scan") == 0)
		agent_want(agent, 0);
	if (!rest)
		return;
	if (strcmp(word, "libvirt") == 0) {
		snprintf(agent->told.libvirt, sizeof(agent->told.libvirt),
			 "%.15s", rest);
		return;
	}
	uuid = strsep(&rest, " ");
	if (!rest)
		rest = line + strlen(line);
	if (strcmp(word, "guest") == 0)
		on_guest(agent, uuid, rest);
	else if (strcmp(word, "devices") == 0)
		on_devices(agent, uuid, rest);
	else if (strcmp(word, "off") == 0)
		on_off(agent, uuid, rest);
}

/* What an earlier kvmrt-sync sent is sent again, or no longer true. */
void told_begin(struct agent *agent)
{
	told_fini(agent);
	snprintf(agent->told.libvirt, sizeof(agent->told.libvirt), "lost");
}

void told_end(struct agent *agent)
{
	snprintf(agent->told.libvirt, sizeof(agent->told.libvirt), "off");
}

/* --- the record --- */

/* libvirt had a process for it after all. */
static bool runs(struct agent *agent, const struct rt_active *active)
{
	struct rt_err ignored = { 0 };
	unsigned long long start;
	unsigned pid;

	return rt_guest_pid(&agent->sys, active->guest.name, &pid, &ignored) ==
		       0 &&
	       rt_task_start(&agent->sys, pid, pid, &start, &ignored) == 0;
}

/* Its start has failed; no hook has come since, and none will. */
static int drop_off(struct agent *agent, struct rt_store *store,
		    struct rt_err *err)
{
	const struct off off = agent->told.off;
	const struct rt_active *active =
		rt_journal_find_guest(&store->journal, off.uuid);

	memset(&agent->told.off, 0, sizeof(off));
	if (!active || active->stage != RT_STAGE_PREPARED ||
	    !files_is_journal(off.inode, off.size) || runs(agent, active))
		return 0;
	rt_log_warn(&agent->log,
		    "guest '%s': its start has failed, and the hook has not "
		    "undone what it did for it; that is done now",
		    active->guest.name);
	return rt_reconcile_drop(store, off.uuid, err);
}

static struct rt_active *find_started(struct rt_store *store,
				      const struct told_guest *guest)
{
	struct rt_active *active =
		rt_journal_find_guest(&store->journal, guest->uuid);

	return active && active->stage == RT_STAGE_STARTED ? active : NULL;
}

/* A device belongs to one guest: is it another's still? */
static bool is_anothers(const struct rt_store *store, const char *uuid,
			const struct rt_pci_addr *addr)
{
	const struct rt_journal *journal = &store->journal;

	for (size_t i = 0; i < journal->n_active; i++) {
		const struct rt_guest *guest = &journal->active[i].guest;

		if (strcmp(guest->uuid, uuid) != 0 &&
		    rt_pci_set_has(&guest->pcidevs, addr))
			return true;
	}
	return false;
}

/*
 * Record those devices of the list that the guest has already, and with `more`
 * those that no guest has. Sets *ret_rest when some still are another guest's.
 */
static int record(struct rt_store *store, const struct told_guest *guest,
		  bool more, bool *ret_rest, struct rt_err *err)
{
	const struct rt_active *active = find_started(store, guest);
	struct rt_active with;
	bool changed = false;
	int r = 0;

	if (!active)
		return 0;
	with = *active; /* borrowed: only formatted */
	memset(&with.guest.pcidevs, 0, sizeof(with.guest.pcidevs));
	for (size_t i = 0; r == 0 && i < guest->devices.n; i++) {
		const struct rt_pci_addr *addr = &guest->devices.items[i];
		const bool had = rt_pci_set_has(&active->guest.pcidevs, addr);

		if (!had && is_anothers(store, guest->uuid, addr))
			*ret_rest = true;
		else if (had || more) {
			r = rt_pci_set_add(&with.guest.pcidevs, addr, err);
			changed |= !had;
		}
	}
	changed |= with.guest.pcidevs.n < active->guest.pcidevs.n;
	if (r == 0 && changed)
		r = rt_reconcile_add(store, &with, err);
	rt_pci_set_fini(&with.guest.pcidevs);
	return r;
}

/*
 * First each guest loses the devices that it no longer has, then each gets its
 * new ones: lists come in any order, and a device may have gone from one guest
 * to another.
 */
int told_settle(struct agent *agent, struct rt_store *store, struct rt_err *err)
{
	struct told *told = &agent->told;
	bool ignored = false;
	int r = drop_off(agent, store, err);

	for (size_t i = 0; r == 0 && i < told->n; i++) {
		if (told->guests[i].has_devices)
			r = record(store, &told->guests[i], false, &ignored,
				   err);
	}
	for (size_t i = 0; r == 0 && i < told->n; i++) {
		bool rest = false;

		if (!told->guests[i].has_devices)
			continue;
		r = record(store, &told->guests[i], true, &rest, err);
		if (r == 0)
			told->guests[i].has_devices = rest;
	}
	return r;
}

void told_fini(struct agent *agent)
{
	struct told *told = &agent->told;

	for (size_t i = 0; i < told->n; i++) {
		free(told->guests[i].text);
		rt_pci_set_fini(&told->guests[i].devices);
	}
	free(told->guests);
	told->guests = NULL;
	told->n = told->size = 0;
}
