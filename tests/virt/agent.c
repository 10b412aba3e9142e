/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.c - an agent that is a file, linked under kvmrt-stat in agent_client.c's
 * place: KVMRT_AGENT names its answer; where there is no such file it is dead
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../tools/common/agent_client.h"

int rt_agent_ask(const struct rt_sys *sys, const char *request,
		 char **ret_answer, struct rt_err *err)
{
	const char *path = getenv("KVMRT_AGENT");
	FILE *file = path ? fopen(path, "re") : NULL;
	char *text = calloc(1, 65536);

	(void)sys;
	(void)request;
	if (!text)
		abort();
	if (!file) {
		free(text);
		return rt_fail(err, path ? ENOENT : ENOTSUP, "ask the agent");
	}
	(void)!fread(text, 1, 65535, file);
	fclose(file);
	*ret_answer = text;
	return 0;
}
