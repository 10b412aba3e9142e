/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journal_text.h - shared by the two files of the journal */
#ifndef RT_JOURNAL_TEXT_H
#define RT_JOURNAL_TEXT_H

#include "journal.h"

#define RT_JOURNAL_KINDS (RT_KIND_IRQBALANCE + 1u)

/* The word of an enum rt_kind; kind is below RT_JOURNAL_KINDS. */
const char *rt_journal_kind(unsigned kind);

uint32_t rt_journal_sum(const char *text, size_t len);

/* " #" and the sum in eight digits: what an entry of this text ends with. */
#define RT_JOURNAL_TAIL 10
struct rt_journal_tail {
	char text[RT_JOURNAL_TAIL];
};
struct rt_journal_tail rt_journal_tail(const char *text, size_t len);

#endif
