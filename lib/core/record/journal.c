/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - the record's state: saved settings, active guests, queries */
#include "entry.h"

#include <errno.h>

void rt_active_fini(struct rt_active *active)
{
	rt_guest_fini(&active->guest);
	free(active->fenced);
	free(active->unknown);
	memset(active, 0, sizeof(*active));
}

static void saved_fini(struct rt_saved *saved)
{
	free(saved->path);
	free(saved->original);
	free(saved->wrote);
	free(saved->before);
	memset(saved, 0, sizeof(*saved));
}

void rt_journal_fini(struct rt_journal *journal)
{
	for (size_t i = 0; i < journal->n_saved; i++)
		saved_fini(&journal->saved[i]);
	for (size_t i = 0; i < journal->n_active; i++)
		rt_active_fini(&journal->active[i]);
	free(journal->saved);
	free(journal->index);
	free(journal->active);
	if (journal->seen)
		rt_ranges_fini(journal->seen);
	free(journal->seen);
	rt_strbuf_fini(&journal->unread);
	rt_strbuf_fini(&journal->theirs);
	rt_texts_fini(&journal->foreign);
	rt_damage_fini(&journal->damage);
	memset(journal, 0, sizeof(*journal));
}

bool rt_journal_is_empty(const struct rt_journal *journal)
{
	return !journal->undone && !journal->n_active && !journal->foreign.n &&
	       !journal->unread.len && !journal->damage.lines.len;
}

/*
 * From a path to its last `keep`; a hash, since there may be 4,000 interrupts.
 */

static size_t *find_slot(const struct rt_journal *journal, const char *path)
{
	size_t at = rt_entry_sum(path, strlen(path)) & (journal->n_index - 1);

	while (journal->index[at] &&
	       strcmp(journal->saved[journal->index[at] - 1].path, path) != 0)
		at = (at + 1) & (journal->n_index - 1);
	return &journal->index[at];
}

static bool grow_index(struct rt_journal *journal)
{
	const size_t n = journal->n_index ? journal->n_index * 2 : 64;
	size_t *old = journal->index;

	if (journal->n_saved * 2 < journal->n_index)
		return true;
	journal->index = calloc(n, sizeof(*journal->index));
	if (!journal->index) {
		journal->index = old;
		return false;
	}
	journal->n_index = n;
	free(old);
	/*
	 * In ascending order: a later `keep` of the same path takes the slot
	 * over.
	 */
	for (size_t i = 0; i < journal->n_saved; i++)
		*find_slot(journal, journal->saved[i].path) = i + 1;
	return true;
}

struct rt_saved *rt_journal_find(const struct rt_journal *journal,
				 const char *path)
{
	size_t at;

	if (!journal->n_index)
		return NULL;
	at = *find_slot(journal, path);
	return at && !journal->saved[at - 1].done ? &journal->saved[at - 1] :
						    NULL;
}

bool rt_journal_is_foreign(const struct rt_journal *journal, const char *path)
{
	return rt_texts_has(&journal->foreign, path);
}

struct rt_active *rt_journal_find_guest(const struct rt_journal *journal,
					const char *uuid)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (strcmp(journal->active[i].guest.uuid, uuid) == 0)
			return &journal->active[i];
	}
	return NULL;
}

/* --- changes --- */

int rt_journal_save(struct rt_journal *journal, enum rt_kind kind,
		    char *const texts[3], struct rt_err *err)
{
	struct rt_saved saved = {
		.kind = kind,
		.path = strdup(texts[0]),
		.original = strdup(texts[1]),
		.before = strdup(texts[1]),
		.wrote = strdup(texts[2]),
	};

	if (!saved.path || !saved.original || !saved.before || !saved.wrote ||
	    !rt_grow(&journal->saved, journal->n_saved, &journal->size_saved,
		     sizeof(saved)) ||
	    !grow_index(journal)) {
		saved_fini(&saved);
		return rt_fail_memory(err);
	}
	journal->saved[journal->n_saved++] = saved;
	*find_slot(journal, saved.path) = journal->n_saved;
	journal->undone++;
	return 0;
}

int rt_journal_activate(struct rt_journal *journal, struct rt_active *active,
			struct rt_err *err)
{
	struct rt_active *old =
		rt_journal_find_guest(journal, active->guest.uuid);

	if (!old && !rt_grow(&journal->active, journal->n_active,
			     &journal->size_active, sizeof(*active))) {
		rt_active_fini(active);
		return rt_fail_memory(err);
	}
	if (old)
		rt_active_fini(old);
	else
		old = &journal->active[journal->n_active++];
	*old = *active;
	return 0;
}

void rt_journal_deactivate(struct rt_journal *journal, struct rt_active *active)
{
	const size_t at = (size_t)(active - journal->active);

	rt_active_fini(active);
	journal->n_active--;
	memmove(active, active + 1, (journal->n_active - at) * sizeof(*active));
}

/* --- texts --- */

void rt_texts_fini(struct rt_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->items[i]);
	free(texts->items);
	memset(texts, 0, sizeof(*texts));
}

bool rt_texts_add(struct rt_texts *texts, const char *text)
{
	char *copy = strdup(text);

	if (!copy || !rt_grow(&texts->items, texts->n, &texts->size,
			      sizeof(*texts->items))) {
		free(copy);
		return false;
	}
	texts->items[texts->n++] = copy;
	return true;
}

bool rt_texts_has(const struct rt_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (strcmp(texts->items[i], text) == 0)
			return true;
	}
	return false;
}

void rt_texts_remove(struct rt_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (strcmp(texts->items[i], text) == 0) {
			free(texts->items[i]);
			texts->items[i] = texts->items[--texts->n];
			return;
		}
	}
}

/* --- the whole --- */

int rt_journal_replay(const char *text, size_t len,
		      struct rt_journal *ret_journal, struct rt_err *err)
{
	struct rt_journal journal = { 0 };
	struct rt_err why = { 0 };
	const char *end;

	for (size_t number = 1;
	     (end = memchr(text + journal.valid, '\n', len - journal.valid));
	     number++) {
		const char *line = text + journal.valid;
		const size_t n = (size_t)(end - line);
		int r = rt_journal_enter(&journal, line, n, &why);

		if (r == -ENOMEM || (r < 0 && !rt_damage_add(&journal, number,
							     line, n, &why))) {
			rt_journal_fini(&journal);
			return rt_fail_memory(err);
		}
		journal.valid += n + 1;
	}
	*ret_journal = journal;
	return 0;
}
