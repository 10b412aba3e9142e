/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_world.h - an agent on a made-up host, that no event reaches by itself */
#ifndef RT_TEST_AGENT_WORLD_H
#define RT_TEST_AGENT_WORLD_H

#include <sys/epoll.h>
#include <unistd.h>

#include "../../agent/agent.h"

#include "../host.h"
#include "../tap.h"

#define UUID "6a1f0c1e-0000-4000-8000-000000000001"

static struct test_host host;
static struct agent agent;

__attribute__((unused)) static void begin(void)
{
	struct rt_err err = { 0 };

	memset(&agent, 0, sizeof(agent));
	agent.signals.fd = agent.timer.fd = agent.watchdog.fd = -1;
	agent.cpus.fd = agent.tasks.fd = agent.irqs.watch.fd = -1;
	agent.files.watch.fd = agent.helper.watch.fd = -1;
	agent.files.run = agent.files.run_kvmrt = agent.files.irqbalance = -1;
	agent.control.watch.fd = -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		agent.control.clients[i].watch.fd = -1;
	agent.epoll = epoll_create1(EPOLL_CLOEXEC);
	ok(rt_sys_open(host.root, &agent.sys, &err) == 0, "a host %s",
	   err.text);
	agent.log.level = RT_LOG_ERR;
	agent.log.syslog = -1;
	agent.log.program = "test";
	rt_cpuset_add(&agent.owned, 6);
	rt_cpuset_add(&agent.owned, 7);
	rt_cpuset_add(&agent.downed, 7);
	agent.rt = true;
}

__attribute__((unused)) static void end(void)
{
	repairs_fini(&agent.repairs);
	repairs_fini(&agent.said);
	rt_sys_close(&agent.sys);
	close(agent.epoll);
}

#endif
