/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* entry.c - the record's entries: how each is written, and read back */
#include "entry.h"

#include <errno.h>

#include "core/base/number.h"

#define FIELDS_MAX 4
/* The highest interrupt that programs of version 1 accept in `seen`. */
#define OLD_IRQS_MAX 8191u

/* " #" and the sum in eight digits: what an entry ends with. */
#define TAIL_LEN 10
struct tail {
	char text[TAIL_LEN];
};

uint32_t rt_entry_sum(const char *text, size_t len)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 16777619u;
	return sum;
}

static struct tail tail_of(const char *text, size_t len)
{
	uint32_t sum = rt_entry_sum(text, len);
	struct tail tail = { " #" };

	for (size_t i = TAIL_LEN; i-- > 2; sum >>= 4)
		tail.text[i] = "0123456789abcdef"[sum & 15];
	return tail;
}

void rt_entry_close(struct rt_strbuf *out, size_t start)
{
	struct tail tail;

	if (out->failed)
		return;
	tail = tail_of(out->text + start, out->len - start);
	rt_strbuf_add(out, tail.text, TAIL_LEN);
	rt_strbuf_add(out, "\n", 1);
}

/* --- fields --- */

/* An empty one is a lone '%'. */
void rt_entry_add_field(struct rt_strbuf *out, const char *text)
{
	rt_strbuf_adds(out, " ");
	rt_entry_add_encoded(out, text);
}

void rt_entry_add_encoded(struct rt_strbuf *out, const char *text)
{
	if (!*text)
		rt_strbuf_adds(out, "%");
	while (*text) {
		const size_t plain = strcspn(text, " \t\r\n%");

		rt_strbuf_add(out, text, plain);
		text += plain;
		if (*text)
			rt_strbuf_addf(out, "%%%02x",
				       (unsigned)(unsigned char)*text++);
	}
}

bool rt_entry_decode(char *field)
{
	char *to = strchr(field, '%');

	if (!to)
		return true;
	if (to == field && !field[1]) {
		*field = '\0';
		return true;
	}
	for (const char *from = to; *from; from++) {
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

char *rt_entry_next(char **at)
{
	char *field = *at;

	if (!*field)
		return NULL;
	*at += strcspn(field, " ");
	if (**at)
		*(*at)++ = '\0';
	return field;
}

/* --- one entry --- */

struct entry {
	const char *line; /* as it stands, with its sum */
	size_t len;
	char *fields[FIELDS_MAX]; /* behind the verb, decoded */
	char *rest;		  /* of an entry without a fixed number */
};

/* The verb, and a field for each text. */
static void add(struct rt_strbuf *out, const char *verb,
		const char *const *texts, size_t n)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, verb);
	for (size_t i = 0; i < n; i++)
		rt_entry_add_field(out, texts[i]);
	rt_entry_close(out, start);
}

/* An entry that this version does not know stays on record as it is. */
static int keep_line(struct rt_strbuf *lines, const struct entry *entry,
		     struct rt_err *err)
{
	rt_strbuf_add(lines, entry->line, entry->len);
	rt_strbuf_add(lines, "\n", 1);
	return lines->failed ? rt_fail_memory(err) : 0;
}

/*
 * The saved setting that an entry is about. NULL for one that a newer version
 * saved: then nothing is left to do.
 */
static int find_saved(struct rt_journal *journal, const struct entry *entry,
		      struct rt_saved **ret, struct rt_err *err)
{
	*ret = rt_journal_find(journal, entry->fields[0]);
	if (*ret)
		return 0;
	if (rt_journal_is_foreign(journal, entry->fields[0]))
		return keep_line(&journal->theirs, entry, err);
	rt_fail(err, 0, "/%s is not on record", entry->fields[0]);
	err->code = ENOENT;
	return -ENOENT;
}

/* --- keep --- */

static const char *const kinds[] = {
	[RT_KIND_TEXT] = "text",
	[RT_KIND_LIST] = "list",
	[RT_KIND_MASK] = "mask",
	[RT_KIND_PARTITION] = "partition",
	[RT_KIND_AFFINITY] = "affinity",
	[RT_KIND_CGROUP] = "cgroup",
	[RT_KIND_SCHED] = "sched",
	[RT_KIND_TASKS] = "tasks",
	[RT_KIND_IRQ_THREAD] = "irq-thread",
	[RT_KIND_IRQBALANCE] = "irqbalance",
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(KINDS == RT_KIND_IRQBALANCE + 1, "every kind has a name");

void rt_journal_add_save(struct rt_strbuf *out, enum rt_kind kind,
			 const char *path, const char *original,
			 const char *value)
{
	const char *const texts[] = { kinds[kind], path, original, value };

	add(out, "keep", texts, 4);
}

static int enter_save(struct rt_journal *journal, const struct entry *entry,
		      struct rt_err *err)
{
	const char *path = entry->fields[1];
	unsigned kind = 0;

	if (!*path)
		return rt_fail(err, 0, "an entry saves no path");
	if (rt_journal_find(journal, path) ||
	    rt_journal_is_foreign(journal, path))
		return rt_fail(err, 0, "/%s is on record already", path);
	while (kind < KINDS && strcmp(entry->fields[0], kinds[kind]) != 0)
		kind++;
	if (kind < KINDS)
		return rt_journal_save(journal, kind, &entry->fields[1], err);
	if (!rt_texts_add(&journal->foreign, path))
		return rt_fail_memory(err);
	return keep_line(&journal->theirs, entry, err);
}

/* --- wrote, base, fixed, done: about a saved path --- */

void rt_journal_add_wrote(struct rt_strbuf *out, const char *path,
			  const char *value)
{
	add(out, "wrote", (const char *const[]){ path, value }, 2);
}

static int enter_wrote(struct rt_journal *journal, const struct entry *entry,
		       struct rt_err *err)
{
	struct rt_saved *saved;
	char *value;
	int r = find_saved(journal, entry, &saved, err);

	if (!saved)
		return r;
	value = strdup(entry->fields[1]);
	if (!value)
		return rt_fail_memory(err);
	free(saved->before);
	saved->before = saved->wrote;
	saved->wrote = value;
	saved->fixed = false;
	return 0;
}

void rt_journal_add_base(struct rt_strbuf *out, const char *path,
			 const char *original)
{
	add(out, "base", (const char *const[]){ path, original }, 2);
}

static int enter_base(struct rt_journal *journal, const struct entry *entry,
		      struct rt_err *err)
{
	struct rt_saved *saved;
	char *value;
	int r = find_saved(journal, entry, &saved, err);

	if (!saved)
		return r;
	value = strdup(entry->fields[1]);
	if (!value)
		return rt_fail_memory(err);
	free(saved->original);
	saved->original = value;
	saved->fixed = false;
	return 0;
}

void rt_journal_add_fixed(struct rt_strbuf *out, const char *path)
{
	add(out, "fixed", &path, 1);
}

static int enter_fixed(struct rt_journal *journal, const struct entry *entry,
		       struct rt_err *err)
{
	struct rt_saved *saved;
	int r = find_saved(journal, entry, &saved, err);

	if (saved)
		saved->fixed = true;
	return r;
}

void rt_journal_add_done(struct rt_strbuf *out, const char *path)
{
	add(out, "done", &path, 1);
}

static int enter_done(struct rt_journal *journal, const struct entry *entry,
		      struct rt_err *err)
{
	struct rt_saved *saved;
	int r = find_saved(journal, entry, &saved, err);

	if (saved) {
		saved->done = true;
		journal->undone--;
	} else if (r == 0) {
		rt_texts_remove(&journal->foreign, entry->fields[0]);
	}
	return r;
}

/* --- guest, gone --- */

static int enter_guest(struct rt_journal *journal, const struct entry *entry,
		       struct rt_err *err)
{
	return rt_entry_enter_guest(journal, entry->rest, err);
}

void rt_journal_add_gone(struct rt_strbuf *out, const char *uuid)
{
	add(out, "gone", &uuid, 1);
}

static int enter_gone(struct rt_journal *journal, const struct entry *entry,
		      struct rt_err *err)
{
	struct rt_active *active =
		rt_journal_find_guest(journal, entry->fields[0]);

	if (!active) {
		rt_fail(err, 0, "guest %s is not on record", entry->fields[0]);
		err->code = ENOENT;
		return -ENOENT;
	}
	rt_journal_deactivate(journal, active);
	return 0;
}

/* --- seen --- */

void rt_journal_add_seen(struct rt_strbuf *out, const struct rt_ranges *irqs)
{
	const size_t start = out->len;

	rt_strbuf_adds(out, "seen irqs=");
	rt_ranges_format(irqs, out);
	rt_entry_close(out, start);
}

static unsigned version_of_seen(const struct rt_ranges *seen)
{
	return seen->n && seen->items[seen->n - 1].high > OLD_IRQS_MAX ? 2 : 1;
}

static int enter_seen(struct rt_journal *journal, const struct entry *entry,
		      struct rt_err *err)
{
	static const char name[] = "irqs=";
	const char *list = entry->fields[0];
	struct rt_ranges seen;
	int r;

	if (strncmp(list, name, sizeof(name) - 1) != 0)
		return rt_fail(err, 0, "an entry has no list of interrupts");
	r = rt_ranges_parse(list + sizeof(name) - 1, &seen, err);
	if (r < 0)
		return r;
	if (!journal->seen)
		journal->seen = calloc(1, sizeof(*journal->seen));
	if (!journal->seen) {
		rt_ranges_fini(&seen);
		return rt_fail_memory(err);
	}
	rt_ranges_fini(journal->seen);
	*journal->seen = seen;
	if (version_of_seen(&seen) > journal->needs)
		journal->needs = version_of_seen(&seen);
	return 0;
}

/* --- version --- */

void rt_journal_add_version(struct rt_strbuf *out, unsigned version)
{
	const size_t start = out->len;

	rt_strbuf_addf(out, "version %u", version);
	rt_entry_close(out, start);
}

static int enter_version(struct rt_journal *journal, const struct entry *entry,
			 struct rt_err *err)
{
	unsigned long long version;

	if (!rt_parse_number(entry->fields[0], UINT32_MAX, &version))
		return rt_fail(err, 0, "'%.40s' is no version",
			       entry->fields[0]);
	if (version > journal->version)
		journal->version = (unsigned)version;
	return 0;
}

/* --- any entry --- */

static const struct verb {
	const char *name;
	size_t n; /* fields; 0: it reads them by itself */
	unsigned since;
	int (*enter)(struct rt_journal *journal, const struct entry *entry,
		     struct rt_err *err);
} verbs[] = {
	{ "keep", 4, 1, enter_save },	    { "wrote", 2, 1, enter_wrote },
	{ "base", 2, 2, enter_base },	    { "fixed", 1, 1, enter_fixed },
	{ "done", 1, 1, enter_done },	    { "guest", 0, 1, enter_guest },
	{ "gone", 1, 1, enter_gone },	    { "seen", 1, 1, enter_seen },
	{ "version", 1, 2, enter_version },
};

/* Exactly n fields. */
static bool take_fields(struct entry *entry, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		entry->fields[i] = rt_entry_next(&entry->rest);
		if (!entry->fields[i] || !rt_entry_decode(entry->fields[i]))
			return false;
	}
	return !n || !*entry->rest;
}

/* text: the entry less its sum; it is changed. */
static int enter_text(struct rt_journal *journal, struct entry *entry,
		      char *text, struct rt_err *err)
{
	const char *name;
	int r;

	entry->rest = text;
	name = rt_entry_next(&entry->rest);
	if (!*name)
		return rt_fail(err, 0, "an entry has no verb");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *verb = &verbs[i];

		if (strcmp(name, verb->name) != 0)
			continue;
		if (!take_fields(entry, verb->n))
			return rt_fail(err, 0, "an entry '%s' is not complete",
				       name);
		r = verb->enter(journal, entry, err);
		if (r == 0 && verb->since > journal->needs)
			journal->needs = verb->since;
		return r;
	}
	return keep_line(&journal->unread, entry, err);
}

int rt_journal_enter(struct rt_journal *journal, const char *line, size_t len,
		     struct rt_err *err)
{
	RT_AUTO_FREE char *large = NULL;
	struct entry entry = { .line = line, .len = len };
	char small[512], *text = small;
	struct tail tail;

	if (len <= TAIL_LEN || memchr(line, '\0', len))
		return rt_fail(err, 0, "a line is no entry");
	tail = tail_of(line, len - TAIL_LEN);
	if (memcmp(line + len - TAIL_LEN, tail.text, TAIL_LEN) != 0)
		return rt_fail(err, 0, "an entry's checksum is wrong");
	if (len > sizeof(small))
		text = large = malloc(len);
	if (!text)
		return rt_fail_memory(err);
	memcpy(text, line, len - TAIL_LEN);
	text[len - TAIL_LEN] = '\0';
	return enter_text(journal, &entry, text, err);
}

/*
 * Entries of a newer version about paths come first, because this version may
 * save again a path that the newer one has closed. Unknown entries come last,
 * because they may refer to earlier ones.
 */
void rt_journal_format(const struct rt_journal *journal, struct rt_strbuf *out)
{
	unsigned version = journal->seen ? version_of_seen(journal->seen) : 1;
	bool unknown = journal->unread.len || journal->theirs.len;

	for (size_t i = 0; i < journal->n_active; i++)
		unknown |= journal->active[i].unknown != NULL;
	if (unknown && journal->version > version)
		version = journal->version;
	if (version > 1)
		rt_journal_add_version(out, version);
	if (journal->theirs.len)
		rt_strbuf_adds(out, journal->theirs.text);
	for (size_t i = 0; i < journal->n_saved; i++) {
		const struct rt_saved *saved = &journal->saved[i];

		if (saved->done)
			continue;
		rt_journal_add_save(out, saved->kind, saved->path,
				    saved->original, saved->before);
		rt_journal_add_wrote(out, saved->path, saved->wrote);
		if (saved->fixed)
			rt_journal_add_fixed(out, saved->path);
	}
	for (size_t i = 0; i < journal->n_active; i++)
		rt_journal_add_guest(out, &journal->active[i]);
	if (journal->seen)
		rt_journal_add_seen(out, journal->seen);
	if (journal->unread.len)
		rt_strbuf_adds(out, journal->unread.text);
}
