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
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Codes with commas or blanks to a set; an unknown one is an error. */
int rt_accept_parse(const char *text, uint32_t *ret_accept, struct rt_err *err);
bool rt_accepts(uint32_t accept, const char *code);
/* The n-th code of the set, counted from 0, or NULL. */
const char *rt_accept_code(uint32_t accept, size_t n);

#endif
