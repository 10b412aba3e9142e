/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_diff.h - what an edit changes in kvmrt.cfg, as a unified diff
 *
 * For texts that an editor (config_edit.h) made of one another: sections stay
 * in their order and new ones are at the end. For any others the diff is right,
 * too, but longer than it need be.
 */
#ifndef RT_CONFIG_DIFF_H
#define RT_CONFIG_DIFF_H

#include "core/base/strbuf.h"

/* Hunks, without the two lines that name files; nothing for equal texts. */
void rt_config_diff(const char *old, const char *new, struct rt_strbuf *out);

#endif
