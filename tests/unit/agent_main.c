/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent_main.c - the agent's beginning and end: options, the lock, what systemd
 * hears, the capabilities that are left
 */
#include <sys/wait.h>

/* Its main() is called from here. */
int agent_main(int argc, char **argv);
#define main agent_main
#include "../../agent/main.c"
#undef main

#include "agent_world.h"

#include <linux/capability.h>

/* --- options --- */

static int call(const char *argument)
{
	char name[] = "kvmrt-agent", text[32];
	char *argv[] = { name, text, NULL };
	const pid_t pid = fork();
	int status = 0;

	snprintf(text, sizeof(text), "%s", argument);
	if (pid == 0) {
		const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, 1);
		dup2(null, 2);
		_exit(agent_main(2, argv));
	}
	(void)waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_options(void)
{
	is_int(call("--help"), 0, "--help");
	is_int(call("-V"), 0, "-V");
	is_int(call("--no-libvirt"), 2, "an option of the past");
	is_int(call("rt1"), 2, "an operand");
}

/* --- a whole agent, in a process of its own --- */

static int notified; /* systemd's end */

static void listen_for_it(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = 20 };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/notify",
		 world.host.dir);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	notified = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (__real_bind(notified, (const struct sockaddr *)&address,
			sizeof(address)) < 0 ||
	    __real_setsockopt(notified, SOL_SOCKET, SO_RCVTIMEO, &limit,
			      sizeof(limit)) < 0)
		ok(false, "a socket of systemd's");
}

static const char *heard(void)
{
	static char text[64];
	const ssize_t n = recv(notified, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static pid_t start(void)
{
	struct rt_sys sys = agent.sys;
	struct rt_log log = agent.log;
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	world.ms = 0;
	setenv("WATCHDOG_USEC", "400000", 1);
	memset(&agent, 0, sizeof(agent));
	agent.sys = sys;
	agent.log = log;
	init(&agent);
	_exit(run(&agent));
}

static int end_of(pid_t pid)
{
	int status = 0;

	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Of another process, on this host. */
static unsigned long long capabilities(pid_t pid, const char *set)
{
	char path[64], line[256];
	unsigned long long mask = ~0ULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, set, strlen(set)) == 0)
			mask = strtoull(line + strlen(set), NULL, 16);
	}
	if (file)
		fclose(file);
	return mask;
}

#define BIT(cap) (1ULL << (cap))

static void test_capabilities(pid_t pid)
{
	const unsigned long long may = BIT(CAP_SYS_NICE) | BIT(CAP_SYS_ADMIN) |
				       BIT(CAP_SYS_PTRACE) | BIT(CAP_NET_ADMIN);
	static const char *const sets[] = { "CapEff:", "CapPrm:", "CapBnd:" };

	for (size_t i = 0; i < 3; i++) {
		const unsigned long long has = capabilities(pid, sets[i]);
		const unsigned long long had = capabilities(getpid(), sets[i]);

		is_int((long long)(has & ~may), 0, sets[i]);
		is_int((long long)(has & had & BIT(CAP_SYS_PTRACE)),
		       (long long)(had & BIT(CAP_SYS_PTRACE)),
		       "it can see guests' processes");
	}
}

static void test_whole(void)
{
	pid_t first, second;

	world_begin(NULL);
	listen_for_it();
	first = start();
	is_str(heard(), "READY=1", "systemd hears when it guards");
	is_str(heard(), "WATCHDOG=1", "and then half as often as it wants to");
	if (geteuid() == 0)
		test_capabilities(first);
	second = start();
	is_int(end_of(second), 1, "a second agent does not run");
	ok(strstr(world_log(), "another kvmrt-agent runs already "
			       "(lock /run/kvmrt/agent.lock)"),
	   "and says so");
	ok(access(world_path("/run/kvmrt/agent.sock").text, F_OK) == 0,
	   "the first one has its socket still");
	(void)kill(first, SIGTERM);
	do
		second = strcmp(heard(), "WATCHDOG=1") == 0;
	while (second);
	is_int(end_of(first), 0, "it ends when it is told to");
	ok(access(world_path("/run/kvmrt/agent.sock").text, F_OK) < 0,
	   "with its socket");
	(void)world_log();
	second = start();
	is_str(heard(), "READY=1", "the lock has gone with it");
	(void)kill(second, SIGKILL);
	is_int(end_of(second), -1, "one that is killed");
	first = start();
	while (strcmp(heard(), "READY=1") != 0 && *heard())
		;
	(void)kill(first, SIGTERM);
	is_int(end_of(first), 0, "is followed by another");
	world_close(&notified);
	world_end();
}

static void test_net_admin(void)
{
	ok(agent_needs_net_admin("5.15.0-91-generic"), "5.15 asks for it");
	ok(agent_needs_net_admin("6.1.0-18-amd64"), "6.1 does");
	ok(agent_needs_net_admin("6.5.13"), "6.5 does");
	ok(!agent_needs_net_admin("6.6.0"), "6.6 does not");
	ok(!agent_needs_net_admin("6.12.48+deb13-amd64"), "nor 6.12");
	ok(!agent_needs_net_admin("10.0"), "nor what is to come");
	ok(agent_needs_net_admin("unknown"), "doubt keeps it");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_options();
	test_net_admin();
	test_whole();
	return tap_done();
}
