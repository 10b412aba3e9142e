/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* damage.c - lines of the record that cannot be used: what is lost with them */
#include "entry.h"

#include <errno.h>

#define LOST_MAX     64
#define NAME_MAX_LEN 400
#define REPORTED_MAX 8

void rt_journal_forget_damage(struct rt_journal *journal)
{
	rt_damage_fini(&journal->damage);
}

void rt_damage_fini(struct rt_damage *damage)
{
	rt_strbuf_fini(&damage->lines);
	rt_texts_fini(&damage->lost);
	memset(damage, 0, sizeof(*damage));
}

/* Fit for a terminal? */
static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~')
			return false;
	}
	return *text && strlen(text) <= NAME_MAX_LEN;
}

/* The path or UUID that a line is about; NULL when its loss does not matter. */
static const char *find_name(char *text, bool *ret_done)
{
	static const struct {
		const char *verb;
		unsigned before; /* fields in front of the name */
	} verbs[] = {
		{ "keep", 1 },	{ "wrote", 0 }, { "base", 0 },
		{ "fixed", 0 }, { "guest", 0 }, { "done", 0 },
	};
	const char *verb = rt_entry_next(&text);
	char *name;

	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		if (verbs[i].before)
			(void)rt_entry_next(&text);
		name = rt_entry_next(&text);
		*ret_done = strcmp(verb, "done") == 0;
		return name && rt_entry_decode(name) && is_plain(name) ? name :
									 NULL;
	}
	return NULL;
}

/* What was restored since is not lost. */
static bool note_name(struct rt_journal *journal, const char *line, size_t len,
		      bool is_orphan)
{
	RT_AUTO_FREE char *text = strndup(line, len);
	struct rt_texts *lost = &journal->damage.lost;
	bool done = false;
	const char *name;

	if (!text)
		return false;
	name = find_name(text, &done);
	if (!name)
		return true;
	if (done) {
		if (is_orphan)
			rt_texts_remove(lost, name);
		return true;
	}
	return lost->n >= LOST_MAX || rt_texts_has(lost, name) ||
	       rt_texts_add(lost, name);
}

bool rt_damage_add(struct rt_journal *journal, size_t number, const char *line,
		   size_t len, const struct rt_err *err)
{
	struct rt_damage *damage = &journal->damage;
	const bool is_orphan = err->code == ENOENT;

	if (!damage->damaged && !damage->orphans) {
		damage->first = number;
		snprintf(damage->why, sizeof(damage->why), "%.199s", err->text);
	}
	if (is_orphan)
		damage->orphans++;
	else
		damage->damaged++;
	rt_strbuf_add(&damage->lines, line, len);
	rt_strbuf_add(&damage->lines, "\n", 1);
	return !damage->lines.failed &&
	       note_name(journal, line, len, is_orphan);
}

static void report_lost(const struct rt_journal *journal, const char *name,
			struct rt_report *report)
{
	const struct rt_where where = { .guest = "" };
	char uuid[RT_UUID_LEN + 1];

	if (rt_uuid_parse(name, uuid)) {
		if (!rt_journal_find_guest(journal, uuid))
			rt_report_add(report, RT_WARNING, "record-lost", where,
				      "if the guest runs, 'kvmrt-boot NAME' "
				      "tunes it again",
				      "guest %s is not on record any more",
				      uuid);
	} else if (rt_journal_find(journal, name)) {
		rt_report_add(
			report, RT_WARNING, "record-lost", where, NULL,
			"what kvmrt last wrote to /%s is not known: unless it "
			"holds an earlier value, it is left as it is",
			name);
	} else {
		rt_report_add(report, RT_WARNING, "record-lost", where,
			      "set it by hand, or restart the host when you "
			      "can",
			      "what /%s held before is not known any more, so "
			      "it cannot be restored",
			      name);
	}
}

void rt_journal_report(const struct rt_journal *journal, const char *where,
		       struct rt_report *report)
{
	const struct rt_damage *damage = &journal->damage;
	const struct rt_where nowhere = { .guest = "" };

	if (!damage->damaged && !damage->orphans)
		return;
	rt_report_add(report, RT_WARNING, "record-damaged", nowhere, NULL,
		      "the record of what was changed (/run/kvmrt/journal) has "
		      "%zu damaged line%s, and %zu that need%s them; they are "
		      "set aside in %s, and the rest is used (line %zu: %s)",
		      damage->damaged, damage->damaged == 1 ? "" : "s",
		      damage->orphans, damage->orphans == 1 ? "s" : "", where,
		      damage->first,
		      is_plain(damage->why) ? damage->why : "unreadable");
	for (size_t i = 0; i < damage->lost.n && i < REPORTED_MAX; i++)
		report_lost(journal, damage->lost.items[i], report);
	if (damage->lost.n > REPORTED_MAX)
		rt_report_add(report, RT_WARNING, "record-lost", nowhere, NULL,
			      "something is lost about %s%zu more settings or "
			      "guests; the damaged lines are in %s",
			      damage->lost.n < LOST_MAX ? "" : "at least ",
			      damage->lost.n - REPORTED_MAX, where);
}
