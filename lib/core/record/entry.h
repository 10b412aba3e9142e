/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* entry.h - shared by the files of lib/core/record */
#ifndef RT_ENTRY_H
#define RT_ENTRY_H

#include "journal.h"

/* FNV-1a, of an entry's text and of a path. */
uint32_t rt_entry_sum(const char *text, size_t len);

/* A blank and the text, escaped so that it has no blank in it. */
void rt_entry_add_field(struct rt_strbuf *out, const char *text);
/* The same without the blank before it. */
void rt_entry_add_encoded(struct rt_strbuf *out, const char *text);
/* The sum of what stands from `start` on, and a newline. */
void rt_entry_close(struct rt_strbuf *out, size_t start);

/* The field that begins at *at, which is moved on; NULL after the last. */
char *rt_entry_next(char **at);
/* Undo rt_entry_add_field in place; false if it is not well formed. */
bool rt_entry_decode(char *field);

/* --- entry_guest.c --- */

/* rest: the fields behind the verb. They are changed. */
int rt_entry_enter_guest(struct rt_journal *journal, char *rest,
			 struct rt_err *err);

/* --- journal.c: changes of the state, each done or not at all --- */

int rt_journal_save(struct rt_journal *journal, enum rt_kind kind,
		    char *const texts[3], struct rt_err *err);
/* Replaces one of the same UUID. Takes what *active owns, on failure too. */
int rt_journal_activate(struct rt_journal *journal, struct rt_active *active,
			struct rt_err *err);
void rt_journal_deactivate(struct rt_journal *journal,
			   struct rt_active *active);

bool rt_texts_add(struct rt_texts *texts, const char *text);
bool rt_texts_has(const struct rt_texts *texts, const char *text);
void rt_texts_remove(struct rt_texts *texts, const char *text);
void rt_texts_fini(struct rt_texts *texts);

/* --- damage.c --- */

/* The line that failed with err. false: memory is short. */
bool rt_damage_add(struct rt_journal *journal, size_t number, const char *line,
		   size_t len, const struct rt_err *err);
void rt_damage_fini(struct rt_damage *damage);

#endif
