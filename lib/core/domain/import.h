/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * import.h - from a domain document to kvmrt.cfg's text: the reverse of
 * rt_domain_rewrite
 */
#ifndef RT_IMPORT_H
#define RT_IMPORT_H

#include "domain.h"
#include "core/config/config_edit.h"

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
 * Make the guest's section of an edited kvmrt.cfg say what the document says.
 * Only keys whose meaning differs on this host are touched, so `auto`, "n1"
 * and comments stay where they still come to the same. A section that is not
 * there is added (with RT_IMPORT_ALL), not real-time. *ret_changed: the text
 * differs from before. After a failure the section is as it was when the
 * editor was opened, or not there.
 */
int rt_import(struct rt_editor *editor, const struct rt_domain *domain,
	      const struct rt_topo *topo, enum rt_import what,
	      bool *ret_changed, struct rt_err *err);

#endif
