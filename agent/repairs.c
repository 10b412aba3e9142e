/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repairs.c - what was repaired, how often, and who undoes it */
#include "repairs.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/strbuf.h"

static void repair_fini(struct repair *line)
{
	free((char *)(uintptr_t)line->key);
	free((char *)(uintptr_t)line->guest);
}

void repairs_fini(struct repairs *repairs)
{
	for (size_t i = 0; i < repairs->n; i++)
		repair_fini(&repairs->items[i]);
	free(repairs->items);
	memset(repairs, 0, sizeof(*repairs));
}

static struct repair *find(const struct repairs *repairs, const char *key)
{
	for (size_t i = 0; i < repairs->n; i++) {
		if (strcmp(repairs->items[i].key, key) == 0)
			return &repairs->items[i];
	}
	return NULL;
}

static void remove_oldest(struct repairs *repairs)
{
	size_t oldest = 0;

	for (size_t i = 1; i < repairs->n; i++) {
		if (repairs->items[i].last < repairs->items[oldest].last)
			oldest = i;
	}
	repair_fini(&repairs->items[oldest]);
	repairs->n--;
	memmove(&repairs->items[oldest], &repairs->items[oldest + 1],
		(repairs->n - oldest) * sizeof(repairs->items[0]));
}

static struct repair *find_or_add(struct repairs *repairs,
				  const struct repair *repair, uint64_t now)
{
	struct repair *line = find(repairs, repair->key);
	struct repair fresh = *repair;

	if (line)
		return line;
	fresh.key = strdup(repair->key);
	fresh.guest = strdup(repair->guest ? repair->guest : "");
	fresh.window = now;
	if (repairs->n == LEDGER_MAX)
		remove_oldest(repairs);
	if (!fresh.key || !fresh.guest ||
	    !rt_grow(&repairs->items, repairs->n, &repairs->size,
		     sizeof(fresh))) {
		repair_fini(&fresh);
		return NULL;
	}
	line = &repairs->items[repairs->n++];
	*line = fresh;
	return line;
}

/* True when it has just become a fight. */
static bool judge(struct repair *line, uint64_t now, bool own)
{
	if (line->fight && now - line->last > FIGHT_CALM_MS) {
		line->fight = false;
		line->wait = 0;
		line->recent = line->recent_own = 0;
	}
	if (now - line->window > FIGHT_WINDOW_MS && !line->fight) {
		line->window = now;
		line->recent = line->recent_own = 0;
	}
	if (own)
		line->recent_own++;
	else
		line->recent++;
	if (line->fight) {
		line->wait = line->wait * 2 < FIGHT_WAIT_MAX_MS ?
				     line->wait * 2 :
				     FIGHT_WAIT_MAX_MS;
		return false;
	}
	if (line->recent < FIGHT_TIMES && line->recent_own < FIGHT_TIMES_OWN)
		return false;
	line->fight = true;
	line->own = own;
	line->wait = FIGHT_WAIT_MS;
	return true;
}

/* "tee[1854]" and "tee[1855]" are one program. */
static bool is_same_program(const char *a, const char *b)
{
	const size_t n = strcspn(a, "[");

	return n == strcspn(b, "[") && strncmp(a, b, n) == 0;
}

/* The first, one by somebody else, or one a minute later. */
static void weigh(struct repair *line, const struct repair *repair,
		  uint64_t now)
{
	if (line->say)
		line->more = 0;
	line->say = !line->count || now - line->said >= SAY_MS ||
		    (*repair->by && !is_same_program(line->by, repair->by));
	if (line->say)
		line->said = now;
	else
		line->more++;
}

/* A file may later be another guest's. */
static void rename_guest(struct repair *line, const char *guest)
{
	char *copy;

	if (!guest || strcmp(line->guest, guest) == 0)
		return;
	copy = strdup(guest);
	if (!copy)
		return;
	free((char *)(uintptr_t)line->guest);
	line->guest = copy;
}

struct repair *repairs_add(struct repairs *repairs, const struct repair *repair,
			   uint64_t now, bool *ret_fight)
{
	struct repair *line = find_or_add(repairs, repair, now);

	*ret_fight = false;
	if (!line)
		return NULL;
	rename_guest(line, repair->guest);
	if (!repair->many)
		*ret_fight = judge(line, now, repair->own);
	weigh(line, repair, now);
	memcpy(line->what, repair->what, sizeof(line->what));
	memcpy(line->did, repair->did, sizeof(line->did));
	if (*repair->by)
		memcpy(line->by, repair->by, sizeof(line->by));
	line->foreign = repair->foreign;
	line->when = repair->when;
	line->count++;
	line->last = now;
	line->until = now + line->wait;
	return line;
}

unsigned repairs_wait(const struct repairs *repairs, const char *key,
		      uint64_t now)
{
	const struct repair *line = find(repairs, key);

	return line && line->fight && line->until > now ?
		       (unsigned)(line->until - now) :
		       0;
}

bool repairs_is_recent(const struct repairs *repairs, const char *key,
		       uint64_t now)
{
	const struct repair *line = find(repairs, key);

	return line && now - line->last < RECENT_MS;
}

bool repairs_disturbed(const struct repairs *repairs, const char *guest,
		       uint64_t now)
{
	for (size_t i = 0; i < repairs->n; i++) {
		const struct repair *line = &repairs->items[i];

		if (strcmp(line->guest, guest) == 0 &&
		    (line->foreign || (line->fight && !line->own)) &&
		    now - line->last < DISTURBED_MS)
			return true;
	}
	return false;
}

void repairs_forget(struct repairs *repairs, const char *guest)
{
	size_t n = 0;

	for (size_t i = 0; i < repairs->n; i++) {
		if (strcmp(repairs->items[i].guest, guest) != 0)
			repairs->items[n++] = repairs->items[i];
		else
			repair_fini(&repairs->items[i]);
	}
	repairs->n = n;
}
