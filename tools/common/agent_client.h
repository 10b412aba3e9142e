/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_client.h - ask the agent */
#ifndef RT_AGENT_CLIENT_H
#define RT_AGENT_CLIENT_H

#include "core/base/err.h"

struct rt_sys;

/*
 * Send one line to the host's agent and read its answer; the caller frees it.
 * -ENOENT or -ECONNREFUSED: none runs. -ETIMEDOUT after three seconds.
 * -ENOTSUP: a captured host has none.
 */
int rt_agent_ask(const struct rt_sys *sys, const char *request,
		 char **ret_answer, struct rt_err *err);

#endif
