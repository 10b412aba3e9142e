/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_advice.h - what a person meant by something that was refused
 *
 * People type what other tools print or take: masks, "^7", "node1",
 * "81:00.0", a dash that is no '-'. None of it is accepted, since each has a
 * second meaning somewhere, but the answer says what to type instead. A value
 * that is proposed has been read by the key's own parser.
 */
#ifndef RT_CONFIG_ADVICE_H
#define RT_CONFIG_ADVICE_H

#include "config.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

/*
 * Each appends a clause such as "write 6-11" to *out and returns true, or
 * returns false, with *out as it was, when nothing can be proposed. The buffer
 * has failed when memory was short.
 */
bool rt_advise_value(enum rt_key key, const char *value, struct rt_strbuf *out);
bool rt_advise_section(struct rt_span name, struct rt_strbuf *out);
bool rt_advise_line(struct rt_span line, struct rt_strbuf *out);

/* The key that is meant by a name, or RT_KEY_COUNT. */
enum rt_key rt_advise_key(struct rt_span name);

/*
 * A name that libvirt would take, and that is likely a mistake all the same:
 * quotes around it, a blank that is none, a second '='. What is odd, or NULL.
 */
const char *rt_advise_name(const char *name);

/* What stands in front of " #" or " ;". */
struct rt_span rt_before_comment(const char *text);

/*
 * In small letters, with plain characters for those that only look so: en
 * dashes, no-break spaces, typographic quotes. False for what is empty or so
 * long that it is no slip of the fingers.
 */
struct rt_plain {
	char text[512];
};
bool rt_plain_text(const char *text, size_t len, struct rt_plain *ret);
/* Has it such a character? */
bool rt_has_lookalike(const char *text);

#endif
