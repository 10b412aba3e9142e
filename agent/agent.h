/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.h - the guard: when to reconcile, never what
 *
 * One thread sleeps in epoll. Each source of events is a file of its own: it
 * reads its events, forgets those that cannot matter, and asks for a look with
 * agent_want. A look takes the lock, reconciles, and says what it put right.
 *
 *   irqs.c     who places an interrupt where (tracefs)
 *   cpus.c     CPUs that come or go (kernel uevents)
 *   files.c    the journal, kept settings, cgroups, irqbalance (inotify)
 *   guests.c   the end of a guest's process (pidfd)
 *   tasks.c    new threads of guests, new kernel threads (process events)
 *   control.c  the socket for kvmrt-stat and kvmrt-boot
 *   helper.c   the process that talks to libvirt
 *
 * Nothing in here calls libvirt: a hook makes libvirt wait, and who waits for
 * libvirt waits for hooks.
 */
#ifndef RT_AGENT_H
#define RT_AGENT_H

#include <stdint.h>

#include "core/record/journal.h"
#include "core/plan/plan.h"
#include "core/model/topo.h"
#include "host/log.h"
#include "host/store.h"
#include "repairs.h"

struct agent;

/* What epoll hands back. A source embeds one for each descriptor. */
struct watch {
	int fd; /* -1: not there */
	void (*ready)(struct agent *agent, struct watch *watch);
};

/* Why the next look is made, as far as an event told it. */
struct cause {
	char path[RT_REPAIR_PATH]; /* what a step for it would name */
	char by[48];		   /* "irqbalance[444]"; "" if not known */
	char where[16];		   /* "cpu 4"; "" if not known */
	bool own;		   /* a thread of an active guest did it */
};

#define CAUSES_MAX 32

struct irqs {
	struct watch watch; /* the pipe */
	char *dir;	    /* of our tracefs instance; NULL: none */
	bool on;
	char line[512]; /* of an event that is not whole yet */
	size_t len;
};

struct saved_file {
	int wd;
	int fd; /* keeps the inode: procfs makes a new one at each lookup */
	enum rt_kind kind;
	char *path;
	char *value; /* what it shall hold */
};

struct files {
	struct watch watch;
	int run, run_kvmrt, irqbalance; /* inotify's numbers; -1: none */
	struct saved_file *items;
	size_t n, size;
};

struct guest_watch {
	struct watch watch; /* the pidfd */
	unsigned pid;
	unsigned long long start;
	char name[64];
	bool still; /* used while the list is compared with the journal */
};

struct guests {
	struct guest_watch **items;
	size_t n, size;
};

struct client {
	struct watch watch;
	char request[64];
	size_t len;
	uint64_t number; /* of its connection: less is older */
};

#define CLIENTS_MAX 8

struct control {
	struct watch watch;
	struct client clients[CLIENTS_MAX];
	uint64_t connections; /* so far */
};

struct helper {
	struct watch watch;
	int pid;	  /* 0: none */
	uint64_t started; /* ms */
	unsigned failures;
	uint64_t again; /* ms; 0: not waiting to be started again */
	char libvirt[16];
	struct helper_line *guests; /* the last word on each */
	size_t n_guests, size_guests;
	struct plugged *plugged; /* not on record yet */
	size_t n_plugged, size_plugged;
	struct off {
		char uuid[RT_UUID_LEN + 1]; /* "": none */
		uint64_t inode, size;
	} off; /* prepared in that journal, and off */
};

/* A device that was plugged into a running guest. */
struct plugged {
	char uuid[RT_UUID_LEN + 1];
	struct rt_pci_addr addr;
};

struct helper_line {
	char uuid[RT_UUID_LEN + 1];
	char *text;
};

struct counters {
	unsigned long long wakeups, looks, repairs;
};

struct agent {
	struct rt_sys sys;
	struct rt_log log;
	int epoll;
	bool quit;
	struct watch signals, timer, watchdog;
	struct irqs irqs;
	struct watch cpus;
	struct files files;
	struct guests guests;
	struct watch tasks;
	struct control control;
	struct helper helper;

	uint64_t due;	   /* ms when the next look is to be made; 0: none */
	bool poll;	   /* a source is missing: look each second */
	bool adopting;	   /* the first look after a change of guests: what it
			  finds is no repair */
	unsigned failures; /* looks in a row that failed */
	unsigned silences; /* and those that irqbalance did not answer */
	struct cause causes[CAUSES_MAX];
	size_t n_causes;

	bool has_topo;
	struct rt_topo topo;
	struct rt_cpuset owned; /* by started or starting RT guests */
	struct rt_cpuset offline;
	bool rt; /* any of them */
	/* The journal as the last look left it. */
	struct {
		bool there;
		uint64_t inode, size;
	} journal;

	struct repairs repairs;
	struct repairs said; /* findings that the log has already */
	struct counters counters;
	int64_t since;	   /* seconds since the epoch */
	bool once_started; /* systemd has been told */
};

/* --- loop.c --- */

int agent_watch(struct agent *agent, struct watch *watch, struct rt_err *err);
/* Closes and forgets it. */
void agent_unwatch(struct agent *agent, struct watch *watch);
/* Look in so many ms (0: as soon as the events at hand are read) or before. */
void agent_want(struct agent *agent, unsigned ms);
/* Add a cause; when there are too many the rest goes unnamed. */
void agent_cause(struct agent *agent, const struct cause *cause);
/* CLOCK_BOOTTIME would count sleep; guests do not run in it either. */
uint64_t agent_now_ms(void);
int agent_loop(struct agent *agent, struct rt_err *err);

/* --- look.c --- */

/* Take the lock if it is free, reconcile, tell. Asks for a later look else. */
void agent_look(struct agent *agent);

/* --- the sources --- */

int irqs_open(struct agent *agent, struct rt_err *err);
void irqs_follow(struct agent *agent);
void irqs_close(struct agent *agent);

int cpus_open(struct agent *agent, struct rt_err *err);

int files_open(struct agent *agent, struct rt_err *err);
/* Watch what is on record and what belongs to the guests' cgroups. */
void files_follow(struct agent *agent, const struct rt_journal *journal);
void files_close(struct agent *agent);
/* Is this the journal that is there now? */
bool files_is_journal(uint64_t inode, uint64_t size);
/* Remember the journal's state, so that our own writing is no news. */
void files_seen(struct agent *agent);

/* Is this a thread of an active guest? */
bool guests_have(struct agent *agent, unsigned tid);
void guests_follow(struct agent *agent, const struct rt_journal *journal);
void guests_close(struct agent *agent);

int tasks_open(struct agent *agent, struct rt_err *err);
void tasks_follow(struct agent *agent, const struct rt_journal *journal);

int control_open(struct agent *agent, struct rt_err *err);
void control_close(struct agent *agent);

void helper_start(struct agent *agent);
/* The time has come, or has it? Returns when to ask again; 0: never. */
uint64_t helper_due(struct agent *agent, uint64_t now);
/* Put on record what it told of; devices that could not be are kept. */
int helper_settle(struct agent *agent, struct rt_store *store,
		  struct rt_err *err);
void helper_close(struct agent *agent);

/* --- status.c --- */

int agent_status(struct agent *agent, struct rt_strbuf *out,
		 struct rt_err *err);

/* --- notify.c --- */

/* To systemd, when it asked for it: "READY=1" and such. */
void agent_notify(const char *text);
/* How often systemd wants to hear from us, in ms; 0: never. */
unsigned agent_watchdog_ms(void);

/* --- caps.c --- */

/* Keep what the guard needs of root's capabilities, drop the rest. */
int agent_drop_caps(struct rt_err *err);

#endif
