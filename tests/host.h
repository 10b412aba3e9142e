/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host.h - a made-up host in a temporary directory, for tests
 *
 * Run from the top of the source tree, or with TOP naming it.
 */
#ifndef RT_TEST_HOST_H
#define RT_TEST_HOST_H

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct test_host {
	char dir[64];  /* removed by test_host_remove */
	char root[96]; /* of the host */
};

__attribute__((unused)) static bool test_run(char *const argv[])
{
	pid_t pid;
	int status;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

/* The name is one of tests/bench/make-host. */
__attribute__((unused)) static bool test_host_make(struct test_host *host,
						   const char *name)
{
	const char *top = getenv("TOP");
	char script[512], host_name[64];
	char *argv[] = { script, host_name, host->root, NULL };

	snprintf(script, sizeof(script), "%s/tests/bench/make-host",
		 top ? top : ".");
	snprintf(host_name, sizeof(host_name), "%s", name);
	snprintf(host->dir, sizeof(host->dir), "/tmp/kvmrt-test-XXXXXX");
	if (!mkdtemp(host->dir))
		return false;
	snprintf(host->root, sizeof(host->root), "%s/host", host->dir);
	return test_run(argv);
}

__attribute__((unused)) static void test_host_remove(struct test_host *host)
{
	char rm[] = "rm", rf[] = "-rf";
	char *argv[] = { rm, rf, host->dir, NULL };

	test_run(argv);
}

#endif
