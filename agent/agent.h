/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.h - the guard: when to reconcile, never what
 *
 * One thread sleeps in epoll. Each source of events is a file of its own: it
 * reads its events, drops those that cannot matter, and asks for a scan with
 * agent_want. A scan takes the lock, reconciles, and logs what it repaired
 * (docs/design.md, The agent). A source handles a bounded number of events each
 * time it is called: epoll calls again for the rest, after all other sources
 * had a turn.
 *
 *   irqs.c     who places an interrupt where (tracefs)
 *   cpus.c     CPUs that come or go (kernel uevents)
 *   files.c    the journal, saved settings, cgroups, irqbalance (inotify)
 *   guests.c   the end of a guest's process (pidfd)
 *   tasks.c    new threads of guests, new kernel threads (process events)
 *   control.c  the socket for kvmrt-stat and kvmrt-sync
 *   told.c     messages of kvmrt-sync
 *
 * Nothing in here calls libvirt: libvirt waits for hooks, so whoever waits for
 * libvirt waits for hooks, too.
 */
#ifndef RT_AGENT_H
#define RT_AGENT_H

#include <stdint.h>

#include "core/model/outcome.h"
#include "core/model/topo.h"
#include "core/plan/plan.h"
#include "core/record/journal.h"
#include "host/log.h"
#include "host/store.h"
#include "repairs.h"

struct agent;

/* What epoll hands back. A source embeds one for each descriptor. */
struct watch {
	int fd; /* -1: not there */
	void (*ready)(struct agent *agent, struct watch *watch);
};

/*
 * What a source handles each time it is called: messages, or buffers of many
 * events each.
 */
#define EVENTS_BUDGET  64u
#define BUFFERS_BUDGET 8u

/* Why the next scan is made, as far as an event says so. */
struct cause {
	char path[512]; /* what a step for it would name */
	char by[48];	/* "irqbalance[444]"; "" if not known */
	char where[16]; /* "cpu 4"; "" if not known */
	bool own;	/* a thread of an active guest did it */
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
	int wd; /* -1: not watched while a fight waits */
	int fd; /* pins the inode: procfs makes a new one at each lookup */
	enum rt_kind kind;
	char *path;
	char *value; /* what it is to hold */
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
	char *name;
	bool still; /* used while the list is compared with the journal */
};

struct guests {
	struct guest_watch **items;
	size_t n, size;
};

/* Kernel threads that wait for their turn; with more, all are scanned. */
#define FRESH_MAX 64

struct tasks {
	struct watch watch;
	bool on;		/* the kernel was asked for events */
	struct rt_cpuset owned; /* by RT guests that have started */
	unsigned fresh[FRESH_MAX];
	size_t n_fresh;
	uint64_t due; /* ms when they are examined; 0: there are none */
};

/* As long as a line may be: a guest's devices, or an error's text. */
#define LINE_MAX_BYTES 4096

struct client {
	struct watch watch;
	char line[LINE_MAX_BYTES];
	size_t len;
	bool skip;    /* the rest of a line that is too long */
	bool sync;    /* it is kvmrt-sync */
	char *answer; /* what is not sent yet begins at `sent` */
	size_t answer_len, sent;
	uint64_t number; /* of its connection: less is older */
};

#define CLIENTS_MAX 8

struct control {
	struct watch watch;
	struct client clients[CLIENTS_MAX];
	uint64_t connections; /* so far */
};

/* The guests that kvmrt.cfg names; further ones are dropped. */
#define TOLD_MAX 4096

/* What was last said of each guest. */
struct told_guest {
	char uuid[RT_UUID_LEN + 1];
	char *text;	  /* NULL: none */
	bool has_devices; /* a list that is not on record yet */
	struct rt_pci_set devices;
};

struct told {
	char libvirt[16]; /* "connected", "lost"; "off": no kvmrt-sync */
	struct told_guest *guests;
	size_t n, size;
	struct off {
		char uuid[RT_UUID_LEN + 1]; /* "": none */
		uint64_t inode, size;
	} off; /* prepared in that journal, and off */
};

struct counters {
	unsigned long long wakeups, scans, repairs;
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
	struct tasks tasks;
	struct control control;
	struct told told;

	/*
	 * Called by the loop after the events at hand. Returns when it wants
	 * to be called again without any (agent_now_ms); 0: not at all.
	 */
	uint64_t (*turn)(struct agent *agent, uint64_t now);

	uint64_t due;	     /* ms when the next scan is to be made; 0: none */
	uint64_t scan_ended; /* ms; of the last one */
	uint64_t not_before; /* ms: until then only others take the lock */
	unsigned idle_scans; /* in a row, that repaired nothing */
	bool poll;	     /* a source is missing: scan each second */
	bool adopting;	     /* the first scan after a change of guests: what
				it finds is no repair */
	unsigned failures;   /* scans in a row that failed */
	unsigned silences;   /* and those that irqbalance did not answer */
	unsigned lacks;	     /* and those that left the same guests failed */
	struct cause causes[CAUSES_MAX];
	size_t n_causes;

	bool has_topo;
	struct rt_topo topo;
	struct rt_cpuset owned; /* by started or starting RT guests */
	struct rt_cpuset offline;
	bool rt; /* any of them */
	/* The journal as the last scan left it. */
	struct {
		bool there;
		uint64_t inode, size;
	} journal;

	struct rt_outcomes failed; /* as of the last scan */
	struct repairs repairs;
	struct repairs said; /* findings that the log has already */
	struct counters counters;
	int64_t since; /* seconds since the epoch */
	int64_t as_of; /* the last scan's end; 0: none was made */
};

/* --- loop.c --- */

int agent_watch(struct agent *agent, struct watch *watch, struct rt_err *err);
/* From now on it is called when it can be written to. */
int agent_watch_writing(struct agent *agent, struct watch *watch);
/* Closes and forgets it. */
void agent_unwatch(struct agent *agent, struct watch *watch);
/* Scan in so many ms (0: as soon as the events at hand are read) or before. */
void agent_want(struct agent *agent, unsigned ms);
/* Add a cause; when there are too many the rest goes unnamed. */
void agent_cause(struct agent *agent, const struct cause *cause);
/* CLOCK_BOOTTIME would count sleep; guests do not run in it either. */
uint64_t agent_now_ms(void);
int agent_loop(struct agent *agent, struct rt_err *err);

/* --- scan.c --- */

/* Take the lock if it is free, reconcile, log. Else ask for a later scan. */
void agent_scan(struct agent *agent);
/* The agent's `turn`: scan if one is due and the last one is long enough ago. */
uint64_t agent_turn(struct agent *agent, uint64_t now);

/* --- say.c --- */

/* rt_notify.did: one line in the log and in the ledger. data: the agent. */
void say_did(void *data, const struct rt_step *step);
/* Each finding once. */
void say_findings(struct agent *agent, const struct rt_report *report);
/*
 * Takes *outcomes over as agent->failed. Each guest's failure goes to the log
 * when it begins, changes and ends. True: it is the same as before.
 */
bool say_outcomes(struct agent *agent, const struct rt_journal *journal,
		  struct rt_outcomes *outcomes);

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
/* Remember the journal's state, so that our own writing causes no scan. */
void files_seen(struct agent *agent);

/* Is this a thread of an active guest? */
bool guests_have(struct agent *agent, unsigned tid);
void guests_follow(struct agent *agent, const struct rt_journal *journal);
void guests_close(struct agent *agent);

int tasks_open(struct agent *agent, struct rt_err *err);
void tasks_follow(struct agent *agent, const struct rt_journal *journal);
/* Examine the kernel threads that are due. Returns as agent->turn. */
uint64_t tasks_turn(struct agent *agent, uint64_t now);
void tasks_close(struct agent *agent);

int control_open(struct agent *agent, struct rt_err *err);
void control_close(struct agent *agent);

/* One line of kvmrt-sync. */
void told_line(struct agent *agent, char *line);
/* kvmrt-sync has connected, and will send all that it knows. */
void told_begin(struct agent *agent);
/* It is gone. Its last messages still count. */
void told_end(struct agent *agent);
/* Put the messages on record; a list that cannot be yet waits. */
int told_settle(struct agent *agent, struct rt_store *store,
		struct rt_err *err);
void told_fini(struct agent *agent);

/* --- status.c --- */

/* Of the last scan and the journal as it is: no lock is taken. */
int agent_status(struct agent *agent, struct rt_strbuf *out,
		 struct rt_err *err);

/* --- notify.c --- */

/* To systemd, when it asked for it: "READY=1" and such. */
void agent_notify(const char *text);
/* How often systemd wants to hear from us, in ms; 0: never. */
unsigned agent_watchdog_ms(void);

/* --- caps.c --- */

/* Drop all of root's capabilities but those that the agent needs. */
int agent_drop_caps(struct rt_err *err);
/* Do process events need CAP_NET_ADMIN on this release of the kernel? */
bool agent_needs_net_admin(const char *release);

/* --- only.c, of kvmrt-sync too --- */

/*
 * Hold the lock /run/kvmrt/NAME until the program ends, however that happens:
 * its descriptor stays open on purpose. Fails when another program has it.
 */
int only_one(struct rt_sys *sys, const char *program, const char *name,
	     struct rt_err *err);

#endif
