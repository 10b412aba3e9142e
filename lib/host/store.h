/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - the journal's file, and the one lock
 *
 * Everything is in /run/kvmrt (below the root), which only root may write:
 *
 *   lock      taken with flock by hook, agent and tools alike
 *   journal   core/journal.h; absent when nothing is changed
 *
 * Whoever holds the store holds the lock. An append is one write(2), in the
 * file before rt_store_append returns: a process that is killed loses nothing
 * that it announced. (/run is memory; a host that dies needs no journal.)
 */
#ifndef RT_STORE_H
#define RT_STORE_H

#include "core/record/journal.h"
#include "sys.h"

#define RT_STORE_DIR	 "run/kvmrt"
#define RT_LOCK_LIMIT_MS 10000

struct rt_store {
	struct rt_sys *sys; /* borrowed */
	int dir;	    /* of RT_STORE_DIR */
	int lock;
	int file; /* -1 until there is something to record */
	struct rt_journal journal;
	size_t bytes; /* of the file */
};

/*
 * Take the lock, waiting limit_ms at most (-EAGAIN: who holds it is named if
 * known), and replay the journal. A torn last entry is cut off. The caller
 * closes the store on success.
 */
int rt_store_open(struct rt_sys *sys, unsigned limit_ms,
		  struct rt_store *ret_store, struct rt_err *err);

/* Remove a journal that says nothing any more, and let go of the lock. */
void rt_store_close(struct rt_store *store);

/*
 * Put whole entries (rt_journal_add_...) on record and into store->journal.
 * On failure the file is as before. Empties *entries.
 */
int rt_store_append(struct rt_store *store, struct rt_strbuf *entries,
		    struct rt_err *err);

#endif
