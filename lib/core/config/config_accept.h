/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_accept.h - the warnings that a guest's section may accept
 *
 * accept = host-device, rt-node0: the administrator knows. Only warnings have
 * a code here; an error cannot be accepted.
 */
#ifndef RT_CONFIG_ACCEPT_H
#define RT_CONFIG_ACCEPT_H

#include <stdbool.h>

#include "core/base/words.h"

extern const struct rt_words rt_accept_codes;

bool rt_accepts(uint32_t accept, const char *code);

#endif
