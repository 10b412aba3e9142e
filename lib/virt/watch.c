/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch.c - libvirt's events, in a loop of its own */
#include "watch.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

/* What libvirt's callbacks carry; freed by libvirt with the registration. */
struct ears {
	const struct rt_virt_events *events;
	void *data;
};

struct fd_ear {
	void (*ready)(int fd, void *data);
	void *data;
};

struct timer_ear {
	void (*ready)(void *data);
	void *data;
};

static int fail(struct rt_err *err, const char *what)
{
	const virError *error = virGetLastError();

	return rt_fail(err, 0, "%s: %s", what,
		       error && error->message ? error->message :
						 "libvirt does not say why");
}

int rt_virt_loop(struct rt_err *err)
{
	return virEventRegisterDefaultImpl() < 0 ?
		       fail(err, "make libvirt's event loop") :
		       0;
}

int rt_virt_step(struct rt_err *err)
{
	return virEventRunDefaultImpl() < 0 ?
		       fail(err, "wait in libvirt's event loop") :
		       0;
}

static void tell(void (*told)(void *data, const char *uuid),
		 virDomainPtr domain, void *data)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(domain, uuid) == 0)
		told(data, uuid);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event,
			int detail, void *opaque)
{
	const struct ears *ears = opaque;

	(void)conn;
	(void)detail;
	tell(ears->events->guest, domain, ears->data);
	if (event == VIR_DOMAIN_EVENT_STARTED)
		tell(ears->events->devices, domain, ears->data);
	return 0;
}

/* Added and removed have the same arguments. */
static void on_device(virConnectPtr conn, virDomainPtr domain,
		      const char *alias, void *opaque)
{
	const struct ears *ears = opaque;

	(void)conn;
	(void)alias;
	tell(ears->events->devices, domain, ears->data);
}

static void on_tunable(virConnectPtr conn, virDomainPtr domain,
		       virTypedParameterPtr params, int n, void *opaque)
{
	const struct ears *ears = opaque;

	(void)conn;
	(void)params;
	(void)n;
	tell(ears->events->tunable, domain, ears->data);
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
	const struct ears *ears = opaque;

	(void)conn;
	(void)reason;
	ears->events->closed(ears->data);
}

static struct ears *make_ears(const struct rt_virt_events *events, void *data)
{
	struct ears *ears = malloc(sizeof(*ears));

	if (ears)
		*ears = (struct ears){ events, data };
	return ears;
}

static int hear(struct rt_virt *virt, int id,
		virConnectDomainEventGenericCallback callback,
		const struct rt_virt_events *events, void *data,
		struct rt_err *err)
{
	struct ears *ears = make_ears(events, data);

	if (!ears)
		return rt_fail_memory(err);
	if (virConnectDomainEventRegisterAny(virt->conn, NULL, id, callback,
					     ears, free) >= 0)
		return 0;
	free(ears);
	return fail(err, "watch libvirt's events");
}

int rt_virt_watch(struct rt_virt *virt, const struct rt_virt_events *events,
		  void *data, struct rt_err *err)
{
	struct ears *ears = make_ears(events, data);
	int r = hear(virt, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		     VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), events, data,
		     err);

	if (!ears)
		return rt_fail_memory(err);
	/*
	 * Older daemons and the test driver lack some events, which are then
	 * missed.
	 */
	if (r == 0) {
		struct rt_err ignored;

		(void)hear(virt, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
			   VIR_DOMAIN_EVENT_CALLBACK(on_device), events, data,
			   &ignored);
		(void)hear(virt, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
			   VIR_DOMAIN_EVENT_CALLBACK(on_device), events, data,
			   &ignored);
		(void)hear(virt, VIR_DOMAIN_EVENT_ID_TUNABLE,
			   VIR_DOMAIN_EVENT_CALLBACK(on_tunable), events, data,
			   &ignored);
	}
	if (r < 0 || virConnectRegisterCloseCallback(virt->conn, on_close, ears,
						     free) < 0)
		free(ears);
	return r;
}

static void on_fd(int watch, int fd, int events, void *opaque)
{
	const struct fd_ear *ear = opaque;

	(void)watch;
	(void)events;
	ear->ready(fd, ear->data);
}

int rt_virt_watch_fd(int fd, void (*ready)(int fd, void *data), void *data,
		     int *ret_watch, struct rt_err *err)
{
	struct fd_ear *ear = malloc(sizeof(*ear));

	if (!ear)
		return rt_fail_memory(err);
	*ear = (struct fd_ear){ ready, data };
	*ret_watch = virEventAddHandle(fd,
				       VIR_EVENT_HANDLE_READABLE |
					       VIR_EVENT_HANDLE_HANGUP |
					       VIR_EVENT_HANDLE_ERROR,
				       on_fd, ear, free);
	if (*ret_watch >= 0)
		return 0;
	free(ear);
	return fail(err, "wait for a file in libvirt's event loop");
}

void rt_virt_unwatch_fd(int watch)
{
	virEventRemoveHandle(watch);
}

static void on_timer(int timer, void *opaque)
{
	const struct timer_ear *ear = opaque;

	(void)timer;
	ear->ready(ear->data);
}

int rt_virt_add_timer(void (*ready)(void *data), void *data, int *ret_timer,
		      struct rt_err *err)
{
	struct timer_ear *ear = malloc(sizeof(*ear));

	if (!ear)
		return rt_fail_memory(err);
	*ear = (struct timer_ear){ ready, data };
	*ret_timer = virEventAddTimeout(-1, on_timer, ear, free);
	if (*ret_timer >= 0)
		return 0;
	free(ear);
	return fail(err, "make a timer in libvirt's event loop");
}

void rt_virt_set_timer(int timer, int ms)
{
	virEventUpdateTimeout(timer, ms);
}
