/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.h - libvirt's events, in a loop of its own
 *
 * libvirt has an event loop of its own, and a program that wants its events
 * runs that one. All callbacks come from rt_virt_step.
 */
#ifndef RT_WATCH_H
#define RT_WATCH_H

#include "virt.h"

struct rt_virt_events {
	/* Defined, renamed, undefined, started or stopped. */
	void (*guest)(void *data, const char *uuid);
	/* A guest was started, or a device was plugged in or out. */
	void (*devices)(void *data, const char *uuid);
	/* Its CPUs or other limits were changed while it runs. */
	void (*tunable)(void *data, const char *uuid);
	/* The connection is gone; it is closed from outside of the call. */
	void (*closed)(void *data);
};

/* Once in the program's life, before the first rt_virt_open. */
int rt_virt_loop(struct rt_err *err);

/* Wait for something to happen, and make the callbacks for it. */
int rt_virt_step(struct rt_err *err);

/* Receive this connection's events; *events and data stay the caller's. */
int rt_virt_watch(struct rt_virt *virt, const struct rt_virt_events *events,
		  void *data, struct rt_err *err);

/* Call when fd can be read or its other end is closed. */
int rt_virt_watch_fd(int fd, void (*ready)(int fd, void *data), void *data,
		     int *ret_watch, struct rt_err *err);
/* No more; before fd is closed. */
void rt_virt_unwatch_fd(int watch);

/*
 * A timer that does not run yet. rt_virt_set_timer lets it run every so many
 * ms; -1 stops it.
 */
int rt_virt_add_timer(void (*ready)(void *data), void *data, int *ret_timer,
		      struct rt_err *err);
void rt_virt_set_timer(int timer, int ms);

#endif
