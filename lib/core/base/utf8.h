/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* utf8.h - is this UTF-8? */
#ifndef RT_UTF8_H
#define RT_UTF8_H

#include <stddef.h>

/*
 * Bytes of the character that text begins with (1 to 4), or 0 when it is not
 * well-formed UTF-8 (overlong, surrogate, above U+10FFFF, cut). text ends with
 * a NUL, which counts as one byte.
 */
size_t rt_utf8_length(const char *text);

#endif
