/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - the journal's file, with the lock held
 *
 * Everything is in /run/kvmrt (below the root), which only root may write:
 *
 *   lock, waiting      lock.h
 *   journal            core/record/journal.h; absent when nothing is changed
 *   journal.damaged    lines of it that could not be used, for a person
 *   journal.damaged-N  a whole one that `kvmrt-reconcile --salvage` set aside
 *
 * Whoever holds the store holds the lock. An append is one write(2), in the
 * file before rt_store_append returns: a process that is killed loses nothing
 * that it announced. (/run is memory; a host that dies needs no journal.)
 */
#ifndef RT_STORE_H
#define RT_STORE_H

#include <sys/stat.h>

#include "core/record/journal.h"
#include "lock.h"
#include "sys.h"

#define RT_STORE_DIR "run/kvmrt"

struct rt_store {
	struct rt_sys *sys; /* borrowed */
	int dir;	    /* of RT_STORE_DIR */
	int lock;
	int file; /* -1 until there is something to record */
	struct rt_journal journal;
	size_t bytes; /* of the file */
	bool told;    /* its damage: rt_store_report */
	bool unsure;  /* the journal is not what the file says */
};

/*
 * Take the lock (rt_lock_take) and replay the journal. A torn last entry is cut
 * off; damaged lines are skipped, and stay in the file until they have been
 * reported. The caller closes the store on success.
 */
int rt_store_open(struct rt_sys *sys, unsigned limit_ms,
		  struct rt_store *ret_store, struct rt_err *err);

/*
 * Findings about damaged lines, if there are any (rt_journal_report). When the
 * store is closed they are then moved to journal.damaged, so that they are
 * reported once. Call it only where the findings reach a person.
 */
void rt_store_report(struct rt_store *store, struct rt_report *report);

/*
 * As rt_store_open, for a journal that cannot be opened, or has damaged lines:
 * it is moved to journal.damaged-N, and a new one has what can be read of it.
 * *ret_report says what was lost, in words; it has no warning when nothing was.
 */
int rt_store_salvage(struct rt_sys *sys, unsigned limit_ms,
		     struct rt_store *ret_store, struct rt_report *ret_report,
		     struct rt_err *err);

/* Remove a journal that holds nothing any more, and release the lock. */
void rt_store_close(struct rt_store *store);

/*
 * Put whole entries (rt_journal_add_...) on record and into store->journal.
 * Each is checked against the state before a byte is written; on failure file
 * and state are as before (pointers into the state are not valid any more).
 * Empties *entries.
 */
int rt_store_append(struct rt_store *store, struct rt_strbuf *entries,
		    struct rt_err *err);

/*
 * The record as it is now, without the lock, for who changes nothing: an entry
 * that is being appended does not count, and without a file it is empty.
 * *ret_stat (unless NULL) says which file it was: it grows, or another takes its
 * place. -EACCES: only root may read it.
 */
int rt_store_peek(struct rt_sys *sys, struct rt_journal *ret_journal,
		  struct stat *ret_stat, struct rt_err *err);

/*
 * Does anybody wait for the lock? The agent asks before it scans, and does not
 * scan then; rt_store_open with a limit of 0 asks by itself.
 */
bool rt_store_is_wanted(struct rt_sys *sys);

#endif
