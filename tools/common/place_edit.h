/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place_edit.h - the sections of guests that are to be placed
 *
 * A guest that has none is taken in as kvmrt-import does it, or made with a
 * UUID from the command line. What was asked for goes into the section, all but
 * the CPUs, which are found afterwards.
 */
#ifndef RT_PLACE_EDIT_H
#define RT_PLACE_EDIT_H

#include "core/config/config_edit.h"
#include "core/place/place.h"

/* One guest of the command line. */
struct rt_asked {
	const char *word;	    /* its name or UUID, as typed */
	unsigned nr_vcpus, service; /* 0: not said */
	enum rt_choice rt;	    /* RT_AUTO: not said */
	const char *new_uuid;	    /* NULL: not said */
	struct rt_pci_set devices;  /* besides those of the section */
	char uuid[RT_UUID_LEN + 1];
	bool is_new; /* it had no section */
};

/* What an option says of a guest. */
enum rt_asked_what {
	RT_ASKED_VCPUS,
	RT_ASKED_SERVICE,
	RT_ASKED_DEVICE,
	RT_ASKED_RT,
	RT_ASKED_UUID,
	RT_ASKED_WHATS,
};

extern const char *const rt_asked_names[]; /* "vcpus" */

int rt_asked_take(struct rt_asked *asked, enum rt_asked_what what,
		  const char *text, struct rt_err *err);

struct rt_asking {
	struct rt_editor *editor;
	const struct rt_topo *topo;
	const char *file; /* for messages */
	const char *uri;  /* of libvirt; NULL: the usual */
};

/* Find its section, or make it: asked->uuid. */
int rt_asked_find(const struct rt_asking *asking, struct rt_asked *asked,
		  struct rt_err *err);
/* What is asked of rt_placing_find; changes the section. */
int rt_asked_apply(const struct rt_asking *asking, const struct rt_asked *asked,
		   struct rt_place_request *ret, struct rt_err *err);
/* Put the CPUs there, unless it says so already. */
int rt_asked_settle(const struct rt_asking *asking,
		    const struct rt_asked *asked, const struct rt_cpuset *cpus,
		    struct rt_err *err);

#endif
