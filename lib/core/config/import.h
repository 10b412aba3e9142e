/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import.h - from a domain document to kvmrt.cfg's text: the reverse of
 * domain_rewrite
 */
#ifndef RT_IMPORT_H
#define RT_IMPORT_H

#include "config.h"
#include "core/domain/domain.h"

enum rt_import {
	/* All keys of which the document says something: kvmrt-import,
	   kvmrt-sync-config -r. `rt`, autostart, disabled and comments are
	   never changed by it. */
	RT_IMPORT_ALL,
	/* What a user edits in virt-manager: name, title, description, vCPUs,
	   topology, hidden KVM, devices. Placement, locking and nodes stay as
	   the configuration has them. */
	RT_IMPORT_EDITS,
};

/*
 * The text of kvmrt.cfg (len bytes) with the guest's section made to say what
 * the document says; only keys whose meaning differs on this host are touched,
 * so `auto`, "n1" and comments stay where they still come to the same. A
 * section that is not there is added (with RT_IMPORT_ALL), not real-time.
 * *ret_changed is false and the text the same when nothing differs. *ret_text
 * is the caller's.
 */
int rt_import(const char *text, size_t len, const struct rt_domain *domain,
	      const struct rt_topo *topo, enum rt_import what, char **ret_text,
	      bool *ret_changed, struct rt_err *err);

#endif
