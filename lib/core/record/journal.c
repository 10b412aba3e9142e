/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal.c - the record: its text replayed, its state */
#include "journal_text.h"

#include <errno.h>

#define FIELDS_MAX 32

void rt_active_fini(struct rt_active *active)
{
	rt_guest_fini(&active->guest);
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
	free(journal->seen);
	memset(journal, 0, sizeof(*journal));
}

bool rt_journal_is_empty(const struct rt_journal *journal)
{
	return !journal->undone && !journal->n_active;
}

/* Path to the last `keep` of it; hashing keeps 4,000 interrupts cheap. */

static size_t *find_slot(const struct rt_journal *journal, const char *path)
{
	size_t at = rt_journal_sum(path, strlen(path)) & (journal->n_index - 1);

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
	/* Ascending: a later keep of the same path takes the slot over. */
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

struct rt_active *rt_journal_find_guest(const struct rt_journal *journal,
					const char *uuid)
{
	for (size_t i = 0; i < journal->n_active; i++) {
		if (strcmp(journal->active[i].guest.uuid, uuid) == 0)
			return &journal->active[i];
	}
	return NULL;
}

/* --- text to state --- */

/* Undo add_field in place; false if it is not well formed. */
static bool decode(char *field)
{
	char *to = field;

	if (strcmp(field, "%") == 0) {
		*field = '\0';
		return true;
	}
	for (const char *from = field; *from; from++) {
		static const char digits[] = "0123456789abcdef";
		const char *high, *low;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = from[1] ? strchr(digits, from[1]) : NULL;
		low = high && from[2] ? strchr(digits, from[2]) : NULL;
		if (!low || (high == digits && low == digits))
			return false;
		*to++ = (char)((high - digits) << 4 | (low - digits));
		from += 2;
	}
	*to = '\0';
	return true;
}

static size_t split(char *line, char *fields[FIELDS_MAX])
{
	size_t n = 0;

	while (*line && n < FIELDS_MAX) {
		fields[n++] = line;
		line += strcspn(line, " ");
		if (*line)
			*line++ = '\0';
	}
	return *line ? 0 : n;
}

static int damaged(struct rt_err *err)
{
	return rt_fail(err, 0, "an entry of the journal is damaged");
}

static int enter_save(struct rt_journal *journal, char **fields, size_t n,
		      struct rt_err *err)
{
	struct rt_saved saved = { .kind = RT_JOURNAL_KINDS };

	for (unsigned i = 0; n == 5 && i < RT_JOURNAL_KINDS; i++) {
		if (strcmp(fields[1], rt_journal_kind(i)) == 0)
			saved.kind = i;
	}
	if (n != 5 || saved.kind == RT_JOURNAL_KINDS || !decode(fields[2]) ||
	    !decode(fields[3]) || !decode(fields[4]) || !*fields[2] ||
	    rt_journal_find(journal, fields[2]))
		return damaged(err);

	saved.path = strdup(fields[2]);
	saved.original = strdup(fields[3]);
	saved.before = strdup(fields[3]);
	saved.wrote = strdup(fields[4]);
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

static int enter_wrote(struct rt_journal *journal, char **fields, size_t n,
		       struct rt_err *err)
{
	struct rt_saved *saved;
	char *value;

	if (n != 3 || !decode(fields[1]) || !decode(fields[2]))
		return damaged(err);
	saved = rt_journal_find(journal, fields[1]);
	if (!saved)
		return damaged(err);
	value = strdup(fields[2]);
	if (!value)
		return rt_fail_memory(err);
	free(saved->before);
	saved->before = saved->wrote;
	saved->wrote = value;
	saved->fixed = false;
	return 0;
}

static int enter_base(struct rt_journal *journal, char **fields, size_t n,
		      struct rt_err *err)
{
	struct rt_saved *saved;
	char *value;

	if (n != 3 || !decode(fields[1]) || !decode(fields[2]))
		return damaged(err);
	saved = rt_journal_find(journal, fields[1]);
	if (!saved)
		return damaged(err);
	value = strdup(fields[2]);
	if (!value)
		return rt_fail_memory(err);
	free(saved->original);
	saved->original = value;
	saved->fixed = false;
	return 0;
}

/* The record that an entry of two fields is about. */
static struct rt_saved *find_saved(const struct rt_journal *journal,
				   char **fields, size_t n)
{
	return n == 2 && decode(fields[1]) ?
		       rt_journal_find(journal, fields[1]) :
		       NULL;
}

static int enter_fixed(struct rt_journal *journal, char **fields, size_t n,
		       struct rt_err *err)
{
	struct rt_saved *saved = find_saved(journal, fields, n);

	if (!saved)
		return damaged(err);
	saved->fixed = true;
	return 0;
}

static int enter_done(struct rt_journal *journal, char **fields, size_t n,
		      struct rt_err *err)
{
	struct rt_saved *saved = find_saved(journal, fields, n);

	if (!saved)
		return damaged(err);
	saved->done = true;
	journal->undone--;
	return 0;
}

static bool parse_count(const char *text, unsigned long long max,
			unsigned long long *ret)
{
	unsigned long long value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		const unsigned digit = (unsigned)(*text - '0');

		if (digit > 9 || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

static bool parse_pci_list(char *text, struct rt_pci_set *set,
			   struct rt_err *err)
{
	for (char *p = text; *p; p++) {
		if (*p == ',')
			*p = ' ';
	}
	return rt_pci_set_parse(text, set, err) == 0;
}

static bool enter_count(struct rt_active *active, const char *name,
			const char *text)
{
	const bool is_long =
		strcmp(name, "start") == 0 || strcmp(name, "memory") == 0;
	unsigned long long value;

	if (!parse_count(text, is_long ? UINT64_MAX : UINT32_MAX, &value))
		return false;
	if (strcmp(name, "stage") == 0 && value <= RT_STAGE_STARTED)
		active->stage = (enum rt_stage)value;
	else if (strcmp(name, "pid") == 0)
		active->pid = (unsigned)value;
	else if (strcmp(name, "start") == 0)
		active->start = value;
	else if (strcmp(name, "memory") == 0)
		active->memory_kib = value;
	else if (strcmp(name, "rt") == 0 && value <= 1)
		active->guest.rt = value;
	else if (strcmp(name, "locked") == 0 && value <= 1)
		active->guest.locked = value;
	else if (strcmp(name, "vcpus") == 0 && value < RT_CPUS_MAX)
		active->guest.nr_vcpus = (unsigned)value;
	else
		return false;
	return true;
}

static bool enter_guest_field(struct rt_active *active, char *field)
{
	static const struct {
		const char *name;
		size_t set;
	} sets[] = {
		{ "cpuset", offsetof(struct rt_guest, cpuset) },
		{ "owned", offsetof(struct rt_guest, owned) },
		{ "usable", offsetof(struct rt_guest, usable) },
		{ "downed", offsetof(struct rt_guest, offline) },
		{ "vcpu_cpus", offsetof(struct rt_guest, vcpus) },
		{ "service", offsetof(struct rt_guest, service) },
		{ "nodes", offsetof(struct rt_guest, nodes) },
	};
	char *value = strchr(field, '=');
	struct rt_err err;

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(field, "pci") == 0)
		return !active->guest.pcidevs.n &&
		       parse_pci_list(value, &active->guest.pcidevs, &err);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		void *set = (char *)&active->guest + sets[i].set;

		if (strcmp(field, sets[i].name) == 0)
			return rt_cpuset_parse_list(value, set, &err) == 0;
	}
	return enter_count(active, field, value);
}

static int enter_guest(struct rt_journal *journal, char **fields, size_t n,
		       struct rt_err *err)
{
	struct rt_active active = { 0 };
	struct rt_active *old;

	if (n < 3 || !rt_uuid_parse(fields[1], active.guest.uuid) ||
	    !decode(fields[2]))
		return damaged(err);
	for (size_t i = 3; i < n; i++) {
		if (!enter_guest_field(&active, fields[i])) {
			rt_active_fini(&active);
			return damaged(err);
		}
	}
	active.guest.irq_cpu = rt_cpuset_last(&active.guest.service);
	active.guest.name = strdup(fields[2]);
	active.guest.title = strdup("");
	active.guest.description = strdup("");
	old = rt_journal_find_guest(journal, active.guest.uuid);
	if (!active.guest.name || !active.guest.title ||
	    !active.guest.description ||
	    (!old && !rt_grow(&journal->active, journal->n_active,
			      &journal->size_active, sizeof(active)))) {
		rt_active_fini(&active);
		return rt_fail_memory(err);
	}
	if (old)
		rt_active_fini(old);
	else
		old = &journal->active[journal->n_active++];
	*old = active;
	return 0;
}

static int enter_gone(struct rt_journal *journal, char **fields, size_t n,
		      struct rt_err *err)
{
	struct rt_active *active =
		n == 2 ? rt_journal_find_guest(journal, fields[1]) : NULL;
	size_t after;

	if (!active)
		return damaged(err);
	rt_active_fini(active);
	after = journal->n_active - (size_t)(active - journal->active) - 1;
	memmove(active, active + 1, after * sizeof(*active));
	journal->n_active--;
	return 0;
}

static int enter_seen(struct rt_journal *journal, char **fields, size_t n,
		      struct rt_err *err)
{
	static const char name[] = "irqs=";
	struct rt_cpuset set;

	if (n != 2 || strncmp(fields[1], name, sizeof(name) - 1) != 0 ||
	    rt_cpuset_parse_list(fields[1] + sizeof(name) - 1, &set, err) < 0)
		return damaged(err);
	if (!journal->seen)
		journal->seen = malloc(sizeof(*journal->seen));
	if (!journal->seen)
		return rt_fail_memory(err);
	*journal->seen = set;
	return 0;
}

/* line's sum is right and cut off. */
static int enter_fields(struct rt_journal *journal, char *line,
			struct rt_err *err)
{
	static const struct {
		const char *verb;
		int (*enter)(struct rt_journal *journal, char **fields,
			     size_t n, struct rt_err *err);
	} verbs[] = {
		{ "keep", enter_save }, { "wrote", enter_wrote },
		{ "base", enter_base }, { "fixed", enter_fixed },
		{ "done", enter_done }, { "guest", enter_guest },
		{ "gone", enter_gone }, { "seen", enter_seen },
	};
	char *fields[FIELDS_MAX];
	const size_t n = split(line, fields);

	for (size_t i = 0; n && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(fields[0], verbs[i].verb) == 0)
			return verbs[i].enter(journal, fields, n, err);
	}
	return damaged(err);
}

int rt_journal_enter(struct rt_journal *journal, const char *line, size_t len,
		     struct rt_err *err)
{
	RT_AUTO_FREE char *copy = NULL;
	struct rt_journal_tail tail;

	if (len <= RT_JOURNAL_TAIL || memchr(line, '\0', len))
		return damaged(err);
	len -= RT_JOURNAL_TAIL;
	tail = rt_journal_tail(line, len);
	if (memcmp(line + len, tail.text, RT_JOURNAL_TAIL) != 0)
		return damaged(err);
	copy = strndup(line, len);
	if (!copy)
		return rt_fail_memory(err);
	return enter_fields(journal, copy, err);
}

int rt_journal_replay(const char *text, size_t len,
		      struct rt_journal *ret_journal, struct rt_err *err)
{
	struct rt_journal journal = { 0 };
	unsigned line = 0;

	while (journal.valid < len) {
		const char *start = text + journal.valid;
		const size_t left = len - journal.valid;
		const char *end = memchr(start, '\n', left);
		int r;

		if (!end)
			break;
		line++;
		r = rt_journal_enter(&journal, start, (size_t)(end - start),
				     err);
		if (r == -ENOMEM || (r < 0 && end + 1 != text + len)) {
			rt_journal_fini(&journal);
			return rt_wrap(err, "line %u", line);
		}
		if (r < 0)
			break;
		journal.valid += (size_t)(end - start) + 1;
	}
	*ret_journal = journal;
	return 0;
}
