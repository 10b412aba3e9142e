/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* talk.c - to say something to a guest that runs */
#include "talk.h"

#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "virt_part.h"

#define WAIT_MS 1000

/* The loop needs something to wake it up. */
static void on_time(int timer, void *data)
{
	bool *over = data;

	(void)timer;
	*over = true;
}

int rt_virt_talk_init(struct rt_err *err)
{
	return virEventRegisterDefaultImpl() < 0 ?
		       rt_virt_failed(err, "start libvirt's loop of events",
				      "") :
		       0;
}

int rt_virt_agent(struct rt_virt *virt, const char *uuid, const char *command,
		  int seconds, char **ret_answer, struct rt_err *err)
{
	virDomainPtr domain;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	*ret_answer = virDomainQemuAgentCommand(domain, command, seconds, 0);
	if (!*ret_answer)
		r = rt_virt_failed(err, "ask the guest's agent", "");
	(void)virDomainFree(domain);
	return r;
}

int rt_virt_console_open(struct rt_virt *virt, const char *uuid,
			 struct rt_virt_console *ret_console,
			 struct rt_err *err)
{
	virStreamPtr stream;
	virDomainPtr domain;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	stream = virStreamNew(virt->conn, VIR_STREAM_NONBLOCK);
	if (!stream || virDomainOpenConsole(domain, NULL, stream,
					    VIR_DOMAIN_CONSOLE_SAFE) < 0)
		r = rt_virt_failed(err, "open the guest's console", "");
	(void)virDomainFree(domain);
	if (r < 0 && stream)
		(void)virStreamFree(stream);
	if (r == 0)
		ret_console->stream = stream;
	return r;
}

/* Let libvirt move data for a while, or until something has come. */
static int run_loop(struct rt_err *err)
{
	bool over = false;
	const int timer =
		virEventAddTimeout(WAIT_MS / 10, on_time, &over, NULL);
	int r;

	if (timer < 0)
		return rt_virt_failed(err, "wait for the guest's console", "");
	r = virEventRunDefaultImpl() < 0 ?
		    rt_virt_failed(err, "wait for the guest's console", "") :
		    0;
	(void)virEventRemoveTimeout(timer);
	return r;
}

int rt_virt_console_write(struct rt_virt_console *console, const char *text,
			  size_t len, struct rt_err *err)
{
	while (len) {
		const int n = virStreamSend(console->stream, text, len);
		int r;

		if (n == -1)
			return rt_virt_failed(
				err, "write to the guest's console", "");
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		r = run_loop(err);
		if (r < 0)
			return r;
	}
	return 0;
}

int rt_virt_console_read(struct rt_virt_console *console, char *buf,
			 size_t size, struct rt_err *err)
{
	for (unsigned i = 0; i < 10; i++) {
		const int n = virStreamRecv(console->stream, buf, size);
		int r;

		if (n > 0)
			return n;
		if (n == 0)
			return rt_fail(err, 0,
				       "the guest's console was closed");
		if (n == -1)
			return rt_virt_failed(err, "read the guest's console",
					      "");
		r = run_loop(err);
		if (r < 0)
			return r;
	}
	return 0;
}

void rt_virt_console_close(struct rt_virt_console *console)
{
	if (!console->stream)
		return;
	(void)virStreamAbort(console->stream);
	(void)virStreamFree(console->stream);
	console->stream = NULL;
}
