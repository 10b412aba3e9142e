/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt.c - the one place that talks to libvirt */
#include "virt_part.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/strbuf.h"

/* libvirt prints every error to stderr otherwise. */
static void keep_quiet(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static int code_of(const virError *error)
{
	if (!error)
		return EIO;
	switch (error->code) {
	case VIR_ERR_NO_DOMAIN:
		return ENOENT;
	case VIR_ERR_NO_CONNECT:
	case VIR_ERR_INVALID_CONN:
	case VIR_ERR_RPC:
	case VIR_ERR_SYSTEM_ERROR:
		return error->domain == VIR_FROM_RPC ||
				       error->code != VIR_ERR_SYSTEM_ERROR ?
			       ENOTCONN :
			       EIO;
	case VIR_ERR_OPERATION_INVALID:
		return EBUSY;
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_OPERATION_DENIED:
	case VIR_ERR_ACCESS_DENIED:
		return EACCES;
	case VIR_ERR_DOM_EXIST:
		return EEXIST;
	case VIR_ERR_NO_MEMORY:
		return ENOMEM;
	default:
		return EIO;
	}
}

/* What was tried, on what, and libvirt's own words. */
int rt_virt_failed(struct rt_err *err, const char *what, const char *on)
{
	const virError *error = virGetLastError();

	rt_fail(err, 0, "%s%s%s%s: %s", what, *on ? " '" : "", on,
		*on ? "'" : "",
		error && error->message ? error->message :
					  "libvirt does not say why");
	err->code = code_of(error);
	return -err->code;
}

int rt_virt_open(const char *uri, struct rt_virt *ret_virt, struct rt_err *err)
{
	struct rt_virt virt = { 0 };
	const char *from = getenv("KVMRT_CONNECT");

	if (!uri)
		uri = from && *from ? from : RT_VIRT_URI;
	virSetErrorFunc(NULL, keep_quiet);
	if (virInitialize() < 0)
		return rt_virt_failed(err, "start the libvirt library", "");
	virt.uri = strdup(uri);
	if (!virt.uri)
		return rt_fail_memory(err);
	virt.conn = virConnectOpen(uri);
	if (!virt.conn) {
		rt_virt_failed(err, "connect to libvirt at", uri);
		if (err->code == ENOTCONN)
			snprintf(err->text + strlen(err->text),
				 sizeof(err->text) - strlen(err->text),
				 " (is libvirtd or virtqemud running?)");
		err->code = ENOTCONN;
		free(virt.uri);
		return -err->code;
	}
	*ret_virt = virt;
	return 0;
}

void rt_virt_close(struct rt_virt *virt)
{
	if (virt->conn)
		(void)virConnectClose(virt->conn);
	free(virt->uri);
	memset(virt, 0, sizeof(*virt));
}

int rt_virt_version(struct rt_virt *virt, unsigned long *ret_version,
		    struct rt_err *err)
{
	if (virConnectGetLibVersion(virt->conn, ret_version) < 0)
		return rt_virt_failed(err, "ask for libvirt's version at",
				      virt->uri);
	return 0;
}

/* --- guests --- */

static enum rt_virt_state state_of(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return RT_VIRT_RUNNING;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		return RT_VIRT_PAUSED;
	case VIR_DOMAIN_SHUTDOWN:
		return RT_VIRT_ENDING;
	case VIR_DOMAIN_CRASHED:
		return RT_VIRT_CRASHED;
	default:
		return RT_VIRT_OFF;
	}
}

void rt_virt_guest_fini(struct rt_virt_guest *guest)
{
	free(guest->name);
	memset(guest, 0, sizeof(*guest));
}

void rt_virt_guests_fini(struct rt_virt_guests *guests)
{
	for (size_t i = 0; i < guests->n; i++)
		rt_virt_guest_fini(&guests->items[i]);
	free(guests->items);
	memset(guests, 0, sizeof(*guests));
}

static int describe(virDomainPtr domain, struct rt_virt_guest *ret,
		    struct rt_err *err)
{
	struct rt_virt_guest guest = { 0 };
	const char *name = virDomainGetName(domain);
	char uuid[VIR_UUID_STRING_BUFLEN];
	int state;

	if (!name || virDomainGetUUIDString(domain, uuid) < 0 ||
	    !rt_uuid_parse(uuid, guest.uuid))
		return rt_virt_failed(err, "read name and UUID of a guest", "");
	if (virDomainGetState(domain, &state, NULL, 0) < 0)
		return rt_virt_failed(err, "read the state of guest", name);
	guest.state = state_of(state);
	guest.persistent = virDomainIsPersistent(domain) == 1;
	guest.name = strdup(name);
	if (!guest.name)
		return rt_fail_memory(err);
	*ret = guest;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct rt_virt_guest *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* A guest that goes away meanwhile is no error. */
static int add_guest(virDomainPtr domain, struct rt_virt_guests *guests,
		     struct rt_err *err)
{
	struct rt_virt_guest guest;
	int r = describe(domain, &guest, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!rt_grow(&guests->items, guests->n, &guests->size, sizeof(guest))) {
		rt_virt_guest_fini(&guest);
		return rt_fail_memory(err);
	}
	guests->items[guests->n++] = guest;
	return 0;
}

int rt_virt_list(struct rt_virt *virt, struct rt_virt_guests *ret_guests,
		 struct rt_err *err)
{
	struct rt_virt_guests guests = { 0 };
	virDomainPtr *domains = NULL;
	const int n = virConnectListAllDomains(virt->conn, &domains, 0);
	int r = n < 0 ? rt_virt_failed(err, "list the guests of", virt->uri) :
			0;

	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_guest(domains[i], &guests, err);
		(void)virDomainFree(domains[i]);
	}
	free(domains);
	if (r < 0) {
		rt_virt_guests_fini(&guests);
		return r;
	}
	if (guests.n)
		qsort(guests.items, guests.n, sizeof(guests.items[0]), by_name);
	*ret_guests = guests;
	return 0;
}

int rt_virt_look_up(struct rt_virt *virt, const char *name,
		    virDomainPtr *ret_domain, struct rt_err *err)
{
	char uuid[RT_UUID_LEN + 1];

	*ret_domain = NULL;
	if (rt_uuid_parse(name, uuid))
		*ret_domain = virDomainLookupByUUIDString(virt->conn, uuid);
	if (!*ret_domain)
		*ret_domain = virDomainLookupByName(virt->conn, name);
	if (!*ret_domain)
		return rt_virt_failed(err, "find guest", name);
	return 0;
}

int rt_virt_find(struct rt_virt *virt, const char *name,
		 struct rt_virt_guest *ret_guest, struct rt_err *err)
{
	virDomainPtr domain;
	int r = rt_virt_look_up(virt, name, &domain, err);

	if (r < 0)
		return r;
	r = describe(domain, ret_guest, err);
	(void)virDomainFree(domain);
	return r;
}

/* --- documents --- */

int rt_virt_read(struct rt_virt *virt, const char *uuid, enum rt_virt_xml which,
		 char **ret_xml, struct rt_err *err)
{
	/* Without SECURE a password would be lost by defining again. */
	const unsigned flags =
		VIR_DOMAIN_XML_SECURE |
		(which == RT_VIRT_DEFINED ? VIR_DOMAIN_XML_INACTIVE : 0);
	virDomainPtr domain;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	*ret_xml = virDomainGetXMLDesc(domain, flags);
	if (!*ret_xml)
		r = rt_virt_failed(err, "read the definition of guest", uuid);
	(void)virDomainFree(domain);
	return r;
}

int rt_virt_define(struct rt_virt *virt, const char *uuid, const char *xml,
		   struct rt_err *err)
{
	virDomainPtr domain, defined;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	if (virDomainIsPersistent(domain) != 1) {
		(void)virDomainFree(domain);
		rt_fail(err, 0,
			"guest %s is transient: its definition comes from "
			"whoever started it",
			uuid);
		err->code = EBUSY;
		return -EBUSY;
	}
	(void)virDomainFree(domain);
	defined = virDomainDefineXMLFlags(virt->conn, xml, 0);
	if (!defined)
		return rt_virt_failed(err, "define guest", uuid);
	(void)virDomainFree(defined);
	return 0;
}

/* --- what is done to a guest by its UUID --- */

static int do_to(struct rt_virt *virt, const char *uuid, const char *what,
		 int (*act)(virDomainPtr), struct rt_err *err)
{
	virDomainPtr domain;
	const char *name;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	/* Before: asking for the name forgets the last error. */
	name = virDomainGetName(domain);
	if (act(domain) < 0)
		r = rt_virt_failed(err, what, name);
	(void)virDomainFree(domain);
	return r;
}

int rt_virt_rename(struct rt_virt *virt, const char *uuid, const char *name,
		   struct rt_err *err)
{
	virDomainPtr domain;
	const char *old;
	int r = rt_virt_look_up(virt, uuid, &domain, err);

	if (r < 0)
		return r;
	old = virDomainGetName(domain);
	if (virDomainRename(domain, name, 0) < 0)
		r = rt_virt_failed(err, "rename guest", old);
	(void)virDomainFree(domain);
	return r;
}

int rt_virt_start(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	return do_to(virt, uuid, "start guest", virDomainCreate, err);
}

int rt_virt_shutdown(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	return do_to(virt, uuid, "shut down guest", virDomainShutdown, err);
}

int rt_virt_destroy(struct rt_virt *virt, const char *uuid, struct rt_err *err)
{
	return do_to(virt, uuid, "power off guest", virDomainDestroy, err);
}
