/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topology_saved.h - the file /run/kvmrt/topology.xml
 *
 * It is hwloc's XML, readable for everybody, with a note of what topology.c
 * derived from it: a hook reads the note faster than hwloc reads the whole.
 */
#ifndef RT_TOPOLOGY_SAVED_H
#define RT_TOPOLOGY_SAVED_H

#include "core/model/topo.h"
#include "sys.h"

#define RT_KEPT_PATH "run/kvmrt/topology.xml"

/* The name of the note, an <info> of the machine. */
#define RT_KEPT_NOTE "KvmrtTopology"

/*
 * -ENOENT: there is none. -EPERM: somebody other than root may have written it.
 */
int rt_topology_saved_read(struct rt_sys *sys, char **ret_xml, size_t *ret_len,
			   struct rt_err *err);
/* Renamed when whole: a reader finds the old one or the new one. */
int rt_topology_saved_write(struct rt_sys *sys, const char *xml, size_t len,
			    struct rt_err *err);

/* The note; false when there is none that can be read. */
bool rt_topology_saved_find_note(const char *xml, struct rt_topo *ret_topo);

#endif
