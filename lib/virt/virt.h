/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt.h - the one place that talks to libvirt
 *
 * For commands and kvmrt-sync; never for the hook, which libvirt waits
 * for. Every call may block for as long as libvirt does: while a hook of any
 * guest runs, lookups and lists wait for it (libvirt 9 to 11 at least).
 *
 * Errors carry libvirt's own words after ours. Codes: -ENOENT no such guest,
 * -ENOTCONN no daemon or the connection is lost, -EBUSY not in this state,
 * -EACCES not allowed, -EEXIST name taken, -EIO the rest.
 */
#ifndef RT_VIRT_H
#define RT_VIRT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config/config.h"
#include "core/base/err.h"

#define RT_VIRT_URI "qemu:///system"

struct rt_virt {
	void *conn; /* virConnectPtr */
	char *uri;
};

enum rt_virt_state {
	RT_VIRT_OFF,
	RT_VIRT_RUNNING,
	RT_VIRT_PAUSED, /* has a process, does not run */
	RT_VIRT_ENDING, /* shutting down */
	RT_VIRT_CRASHED,
};

struct rt_virt_guest {
	char uuid[RT_UUID_LEN + 1];
	char *name;
	enum rt_virt_state state;
	bool persistent; /* false: transient, nothing of it can be changed */
};

struct rt_virt_guests {
	struct rt_virt_guest *items;
	size_t n, size;
};

enum rt_virt_xml {
	RT_VIRT_DEFINED, /* what the next start uses, passwords included */
	RT_VIRT_LIVE,
};

/*
 * Connect. uri NULL: KVMRT_CONNECT in the environment, else RT_VIRT_URI.
 * Nothing is ever asked of the user. The caller closes.
 */
int rt_virt_open(const char *uri, struct rt_virt *ret_virt, struct rt_err *err);
void rt_virt_close(struct rt_virt *virt);

/* Of the daemon: 1,000,000 for each major, 1,000 for each minor. */
int rt_virt_version(struct rt_virt *virt, unsigned long *ret_version,
		    struct rt_err *err);

/* All guests, running or not, by name. */
int rt_virt_list(struct rt_virt *virt, struct rt_virt_guests *ret_guests,
		 struct rt_err *err);
void rt_virt_guests_fini(struct rt_virt_guests *guests);
void rt_virt_guest_fini(struct rt_virt_guest *guest);

/* One, by name or UUID. */
int rt_virt_find(struct rt_virt *virt, const char *name,
		 struct rt_virt_guest *ret_guest, struct rt_err *err);

/* Its document; the caller frees it. */
int rt_virt_read(struct rt_virt *virt, const char *uuid, enum rt_virt_xml which,
		 char **ret_xml, struct rt_err *err);

/*
 * Define from xml, which has the UUID and the name of a guest that is there. A
 * running guest stays as it is until its next start. libvirt's own autostart
 * flag stays. A transient guest is refused: it would become persistent.
 */
int rt_virt_define(struct rt_virt *virt, const char *uuid, const char *xml,
		   struct rt_err *err);
int rt_virt_rename(struct rt_virt *virt, const char *uuid, const char *name,
		   struct rt_err *err);

int rt_virt_start(struct rt_virt *virt, const char *uuid, struct rt_err *err);
/* Ask the guest to end; returns at once. */
int rt_virt_shutdown(struct rt_virt *virt, const char *uuid,
		     struct rt_err *err);
/* Power off. */
int rt_virt_destroy(struct rt_virt *virt, const char *uuid, struct rt_err *err);

#endif
