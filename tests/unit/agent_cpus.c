/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* agent_cpus.c - what the kernel announces of CPUs, and what others do */
#include "../../agent/cpus.c"

#include "agent_world.h"

static void test_cpus(void)
{
	static const struct {
		const char *text;
		bool rt, look, cause;
	} rows[] = {
		{ "online@/devices/system/cpu/cpu7", true, true, true },
		{ "offline@/devices/system/cpu/cpu7", true, false, false },
		{ "offline@/devices/system/cpu/cpu6", true, true, false },
		{ "online@/devices/system/cpu/cpu1", true, true, false },
		{ "online@/devices/system/cpu/cpu7", false, false, false },
		{ "online@/devices/system/cpu/cpu7/x", true, false, false },
		{ "online@/devices/system/cpu/cpu", true, false, false },
		{ "online@/devices/system/cpu/cpu99999", true, false, false },
		{ "online@/devices/system/cpu/cpu-7", true, false, false },
		{ "online@/devices/pci0000:00/net", true, false, false },
		{ "", true, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		agent.rt = rows[i].rt;
		on_message(&agent, rows[i].text);
		is_int(agent.due != 0, rows[i].look, rows[i].text);
		is_int((long long)agent.n_causes, rows[i].cause, "its cause");
		end();
	}
}

/* Anybody with the right may send to that group; we are not the kernel. */
static void test_stranger(void)
{
	static const char text[] = "online@/devices/system/cpu/cpu7";
	const struct sockaddr_nl group = { .nl_family = AF_NETLINK,
					   .nl_groups = KERNEL_GROUP };
	struct rt_err err = { 0 };
	int fd;

	begin();
	if (cpus_open(&agent, &err) < 0) {
		ok(true, "no netlink here: %s # SKIP", err.text);
		end();
		return;
	}
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
		    NETLINK_KOBJECT_UEVENT);
	if (sendto(fd, text, sizeof(text), 0, (const struct sockaddr *)&group,
		   sizeof(group)) < 0)
		ok(true, "only root may send # SKIP");
	agent.cpus.ready(&agent, &agent.cpus);
	is_int((long long)agent.due, 0, "a stranger's announcement is none");
	close(fd);
	agent_unwatch(&agent, &agent.cpus);
	end();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!test_host_make(&host, "smt2-numa2-12cpu"))
		return 1;
	test_cpus();
	test_stranger();
	test_host_remove(&host);
	return tap_done();
}
