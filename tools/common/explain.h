/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explain.h - what the code of a finding means, from the manual pages
 *
 * The pages are in the program, so that they are those of its version, and so
 * that there is one explanation of a code.
 */
#ifndef RT_EXPLAIN_H
#define RT_EXPLAIN_H

#include "core/base/strbuf.h"

/* -ENOENT: there is no such code; err->text names the nearest, if one is near. */
int rt_explain(const char *code, struct rt_strbuf *out, struct rt_err *err);
/* All codes, a line each. */
void rt_explain_list(struct rt_strbuf *out);
/* Is there such a code? */
bool rt_explain_has(const char *code);

#endif
