/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync.h - kvmrt.cfg and libvirt's definitions, made to say the same
 *
 * Used by kvmrt-import, kvmrt-sync-config, kvmrt-edit-config, kvmrt-boot and
 * kvmrt-sync. What both held when they last agreed is recorded below
 * /var/lib/kvmrt/agreed, one file a guest, named by its UUID.
 */
#ifndef RT_SYNC_H
#define RT_SYNC_H

#include "core/domain/baseline.h"
#include "core/domain/import.h"
#include "core/base/report.h"
#include "core/model/topo.h"
#include "host/config_file.h"
#include "virt.h"

enum rt_sync_how {
	RT_SYNC_ASK,  /* change nothing: sync-config -q */
	RT_SYNC_PUSH, /* the configuration wins: sync-config */
	RT_SYNC_PULL, /* the definition wins: sync-config -r, import -u */
	RT_SYNC_BOTH, /* whichever was edited: kvmrt-sync */
};

/* What became of one guest. */
enum rt_sync_did {
	RT_SYNC_WAS_IN_STEP,
	RT_SYNC_DIFFERS, /* RT_SYNC_ASK only */
	RT_SYNC_DEFINED, /* libvirt has the configuration's values now */
	RT_SYNC_TAKEN,	 /* the configuration has the definition's edits now
			    (and libvirt the configuration's placement) */
	RT_SYNC_LATER,	 /* not now: transient, a rename of a running guest */
};

/*
 * Definitions that libvirt did not store as they were: what section and
 * definition said afterwards. As long as they say so, it is not defined again,
 * since each define is an event that would cause the next one.
 */
struct rt_sync_partial {
	char uuid[RT_UUID_LEN + 1];
	struct rt_baseline is;
	char *why;
};

struct rt_sync_partials {
	struct rt_sync_partial *items;
	size_t n, size;
};
void rt_sync_partials_fini(struct rt_sync_partials *partials);

struct rt_sync {
	struct rt_sys *sys;	    /* borrowed */
	struct rt_virt *virt;	    /* borrowed */
	const struct rt_topo *topo; /* borrowed */
	const char *file;	    /* as -f; NULL: the usual */
	/*
	 * RT_SYNC_PULL: nothing is written, here is what would change in the
	 * file (config_diff.h). NULL: it is written.
	 */
	struct rt_strbuf *diff;
	/* RT_SYNC_BOTH: borrowed; NULL: each call tries anew. */
	struct rt_sync_partials *partials;
};

/*
 * One guest by UUID, which has an enabled section; not with RT_SYNC_PULL. The configuration file is read afresh, and one with errors is
 * refused (-EINVAL). One RT_NOTE for each change goes to *report: what, on
 * what, why ("vCPUs 2 to 4 taken from the definition"). A running guest's note
 * says that it takes effect at its next start.
 * -EALREADY: libvirt still has the part of the definition that it has stored
 * at the last call (partials), and was not asked again.
 */
int rt_sync_guest(struct rt_sync *sync, const char *uuid, enum rt_sync_how how,
		  enum rt_sync_did *ret_did, struct rt_report *report,
		  struct rt_err *err);

/*
 * The guest of a section. -ENOENT when libvirt has not got its UUID: *err then
 * says whether its name is another's there, and what to do.
 */
int rt_sync_find(struct rt_virt *virt, const struct rt_section *section,
		 struct rt_virt_guest *ret_guest, struct rt_err *err);

/* Who is notified of what became of each guest. */
struct rt_sync_ended {
	/* uuids[i]; failure NULL: none. The report is the caller's still. */
	void (*call)(void *data, size_t i, enum rt_sync_did did,
		     const struct rt_report *report,
		     const struct rt_err *failure);
	void *data;
};

/*
 * Many, as rt_sync_guest does one; with RT_SYNC_PULL, guests that libvirt
 * knows, with a section or without. A guest that fails harms no other. The
 * configuration is read once, judged once and (RT_SYNC_PULL) written once, so
 * that the time grows with the number of guests, not with its square. With
 * RT_SYNC_PULL all notifications come at the end. Returns a negative errno when
 * nothing could be begun; then there are no notifications.
 */
int rt_sync_guests(struct rt_sync *sync, enum rt_sync_how how,
		   const char *const *uuids, size_t n,
		   const struct rt_sync_ended *ended, struct rt_err *err);

#endif
