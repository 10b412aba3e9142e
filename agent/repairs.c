/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* repairs.c - what was put right, how often, and who undoes it */
#include "repairs.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/strbuf.h"

void repairs_fini(struct repairs *repairs)
{
	free(repairs->items);
	memset(repairs, 0, sizeof(*repairs));
}

static struct repair *find(const struct repairs *repairs, const char *path)
{
	for (size_t i = 0; i < repairs->n; i++) {
		if (strcmp(repairs->items[i].path, path) == 0)
			return &repairs->items[i];
	}
	return NULL;
}

static struct repair *find_or_add(struct repairs *repairs,
				  const struct repair *repair, uint64_t now)
{
	struct repair *line = find(repairs, repair->path);

	if (line)
		return line;
	if (!rt_grow(&repairs->items, repairs->n, &repairs->size,
		     sizeof(*line)))
		return NULL;
	line = &repairs->items[repairs->n++];
	*line = *repair;
	line->count = line->recent = line->recent_own = 0;
	line->fight = false;
	line->window = now;
	line->wait = line->until = 0;
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

struct repair *repairs_add(struct repairs *repairs, const struct repair *repair,
			   uint64_t now, bool *ret_fight)
{
	struct repair *line = find_or_add(repairs, repair, now);

	*ret_fight = false;
	if (!line)
		return NULL;
	*ret_fight = judge(line, now, repair->own);
	memcpy(line->guest, repair->guest, sizeof(line->guest));
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

unsigned repairs_wait(const struct repairs *repairs, const char *path,
		      uint64_t now)
{
	const struct repair *line = find(repairs, path);

	return line && line->fight && line->until > now ?
		       (unsigned)(line->until - now) :
		       0;
}

bool repairs_is_recent(const struct repairs *repairs, const char *path,
		       uint64_t now)
{
	const struct repair *line = find(repairs, path);

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
	}
	repairs->n = n;
}
