/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journal.h - what each changed setting held before, and which guests run
 *
 * One text, /run/kvmrt/journal, is all the state that there is. It is
 * append-only, a line an entry, each closed by a checksum; replaying it gives
 * struct rt_journal. A last line without a newline was cut short by a crash
 * and is ignored: what it announces was not begun.
 *
 *   keep  KIND PATH ORIGINAL NEW   before the first write to PATH
 *   wrote PATH NEW                 before each further write to it
 *   base  PATH ORIGINAL            somebody else has chosen another original
 *   fixed PATH                     the kernel never takes a value for it
 *   done  PATH                     after PATH was restored, or is gone
 *   guest UUID NAME FIELD=VALUE... the guest is active (replaces the former)
 *   gone  UUID                     it is not
 *   seen  irqs=LIST                interrupts that were there before us
 *   version N                      what follows may be new in version N
 *
 * Protocol. The entry is on record before the kernel hears of the value. So
 * after a crash at any point the host holds, for every saved path, the original
 * or the last value or the one before it: `wrote` and `before`. Anything else
 * was written by somebody else.
 *
 * The original belongs to the path, not to a guest: the plan says what the
 * active guests need, and a saved path that none of them needs is restored.
 *
 * Versions. A package is upgraded or downgraded while guests run, so a program
 * may find what a newer one wrote. It preserves, word for word, and skips: an
 * entry with an unknown verb, an unknown FIELD=VALUE of a guest, and a `keep`
 * of an unknown KIND with all that follows about its PATH, which it neither
 * writes nor restores. A new verb must allow for that; other entries get no new
 * fields. Version 2 brought `base`, `version`, and interrupts above 8191 in
 * `seen`; a record that has none of them has no `version` line. Programs of
 * version 1 take these three for damage and then refuse the whole record: they
 * start no RT guest and restore nothing until a newer program is installed
 * again. Everything else they can read, and a compacted record has no `base`.
 */
#ifndef RT_JOURNAL_H
#define RT_JOURNAL_H

#include "core/base/ranges.h"
#include "core/base/report.h"
#include "core/base/strbuf.h"
#include "core/model/facts.h"
#include "core/model/guest.h"

#define RT_JOURNAL_VERSION 2
#define RT_JOURNAL_MAX	   (64u << 20) /* bytes; a longer file is refused */

struct rt_saved {
	enum rt_kind kind;
	bool done;  /* restored; only a later `keep` counts */
	bool fixed; /* refused for good, before kvmrt had written anything */
	char *path;
	char *original;
	char *wrote;
	char *before; /* what `wrote` replaced; the original at first */
};

/* Where an active guest is in its life. */
enum rt_stage {
	RT_STAGE_PREPARED, /* alive while the daemon that starts it is */
	RT_STAGE_STARTED,  /* alive while its process is */
};

struct rt_active {
	struct rt_guest guest; /* as resolved when it started; no section */
	enum rt_stage stage;
	unsigned pid; /* of the daemon while prepared, of QEMU once started */
	unsigned long long start; /* of that process: clock ticks since boot */
	unsigned long long memory_kib;
	char *fenced;  /* why the kernel refused its shield, so that it has a
			 fence instead; NULL: it has not been refused */
	char *unknown; /* fields of a newer version, " FIELD=VALUE" each, or
			  NULL */
};

/* Texts that stand for themselves, in no order. */
struct rt_texts {
	char **items;
	size_t n, size;
};

/*
 * What a replay could not use. A damaged line has a wrong checksum or makes no
 * sense; an orphan is a good entry about what only a damaged line can have
 * begun. The rest of the record is as good as ever.
 */
struct rt_damage {
	size_t damaged, orphans;
	size_t first;		/* number of the first such line, from 1 */
	char why[200];		/* what is wrong with it */
	struct rt_strbuf lines; /* all of them as they stood */
	struct rt_texts lost;	/* paths and UUIDs that they were about, as far
				   as that can be read, and 64 at most */
};

struct rt_journal {
	struct rt_saved
		*saved; /* in the order of their `keep`, done ones too */
	size_t n_saved, size_saved;
	size_t *index; /* hash of path to its last `keep`, 1-based */
	size_t n_index;
	size_t undone;		  /* saved and not done */
	struct rt_active *active; /* in the order of their start */
	size_t n_active, size_active;
	struct rt_ranges *seen; /* interrupt numbers; NULL: not on record */

	unsigned version;	 /* announced by `version`; 0: none */
	unsigned needs;		 /* highest version of an entry */
	struct rt_strbuf unread; /* entries with an unknown verb */
	struct rt_strbuf theirs; /* those about paths of an unknown kind */
	struct rt_texts foreign; /* such paths, not done */

	struct rt_damage damage;
	size_t valid; /* bytes of the text that count; after them, at most
			 one entry that a crash cut short */
};

void rt_journal_fini(struct rt_journal *journal);
void rt_active_fini(struct rt_active *active);

/*
 * Replay. Damage is no failure: it is in ret_journal->damage, and the rest
 * counts. -ENOMEM only.
 */
int rt_journal_replay(const char *text, size_t len,
		      struct rt_journal *ret_journal, struct rt_err *err);

/*
 * Apply one entry's line (without newline) to the state. On failure the state
 * is as before: -EINVAL when the line is damaged or contradicts the state,
 * -ENOENT when it is about what is not on record, -ENOMEM.
 */
int rt_journal_enter(struct rt_journal *journal, const char *line, size_t len,
		     struct rt_err *err);

/*
 * Findings for people about journal->damage; none when there is none. `where`
 * says where the damaged lines are found.
 */
void rt_journal_report(const struct rt_journal *journal, const char *where,
		       struct rt_report *report);

/* Entries, checksum and newline included, appended to *out. */
void rt_journal_add_save(struct rt_strbuf *out, enum rt_kind kind,
			 const char *path, const char *original,
			 const char *value);
void rt_journal_add_wrote(struct rt_strbuf *out, const char *path,
			  const char *value);
/*
 * Somebody else wrote `original` while the setting was claimed: that is what is
 * restored in the end. A `wrote` with the value derived from it has to follow.
 */
void rt_journal_add_base(struct rt_strbuf *out, const char *path,
			 const char *original);
void rt_journal_add_fixed(struct rt_strbuf *out, const char *path);
void rt_journal_add_done(struct rt_strbuf *out, const char *path);
void rt_journal_add_guest(struct rt_strbuf *out,
			  const struct rt_active *active);
void rt_journal_add_gone(struct rt_strbuf *out, const char *uuid);
void rt_journal_add_seen(struct rt_strbuf *out, const struct rt_ranges *irqs);
void rt_journal_add_version(struct rt_strbuf *out, unsigned version);

/* Call when the damaged lines have been moved to where a person finds them. */
void rt_journal_forget_damage(struct rt_journal *journal);

/*
 * Nothing is saved, no guest is active, no damage has to be reported, and
 * nothing has to be preserved for a newer version: the file can go.
 */
bool rt_journal_is_empty(const struct rt_journal *journal);

/* The whole state as fresh entries: what a compacted file holds. */
void rt_journal_format(const struct rt_journal *journal, struct rt_strbuf *out);

/* NULL when the path is not saved, or was restored. */
struct rt_saved *rt_journal_find(const struct rt_journal *journal,
				 const char *path);
/* Was it saved by a newer version, so that this one must leave it alone? */
bool rt_journal_is_foreign(const struct rt_journal *journal, const char *path);
struct rt_active *rt_journal_find_guest(const struct rt_journal *journal,
					const char *uuid);

#endif
