/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt.c - libvirt's calls, on the host that libvirt itself plays in tests */
#include "virt/virt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>

#include "../tap.h"

#define URI "test:///default" /* it has one guest, "test", which runs */

static struct rt_virt virt;

static enum rt_virt_state state_of(const char *name)
{
	struct rt_virt_guest guest;
	struct rt_err err = { 0 };
	enum rt_virt_state state;

	if (!ok(rt_virt_find(&virt, name, &guest, &err) == 0, "%s is there %s",
		name, err.text))
		return RT_VIRT_CRASHED;
	state = guest.state;
	rt_virt_guest_fini(&guest);
	return state;
}

static void test_states(const char *uuid)
{
	struct rt_err err = { 0 };

	is_int(state_of("test"), RT_VIRT_RUNNING, "it runs");
	ok(rt_virt_start(&virt, uuid, &err) < 0 && strstr(err.text, "'test'") &&
		   strstr(err.text, "running"),
	   "why it cannot be started, in libvirt's words: %s", err.text);
	ok(rt_virt_rename(&virt, uuid, "other", &err) < 0 &&
		   strstr(err.text, "rename guest 'test'") &&
		   !strstr(err.text, "does not say"),
	   "why it cannot be renamed: %s", err.text);
	is_int(rt_virt_destroy(&virt, uuid, &err), 0, "it is powered off");
	is_int(state_of("test"), RT_VIRT_OFF, "then it is off");
	ok(rt_virt_shutdown(&virt, uuid, &err) < 0 &&
		   !strstr(err.text, "does not say"),
	   "and cannot be shut down: %s", err.text);
	is_int(rt_virt_start(&virt, uuid, &err), 0, "it starts");
	is_int(rt_virt_shutdown(&virt, uuid, &err), 0, "and shuts down");
	is_int(state_of("test"), RT_VIRT_OFF, "and is off");
}

/* Take the first of `what` out of text, put `by` there; the caller frees. */
static char *replace(const char *text, const char *what, const char *by)
{
	const char *at = strstr(text, what);
	char *out = NULL;

	if (!ok(at != NULL, "the document has %s", what) ||
	    asprintf(&out, "%.*s%s%s", (int)(at - text), text, by,
		     at + strlen(what)) < 0)
		return NULL;
	return out;
}

static void test_define(const char *uuid)
{
	struct rt_err err = { 0 };
	char *xml = NULL, *changed = NULL, *now = NULL;

	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &xml, &err), 0,
	       "its document");
	if (xml)
		changed = replace(xml, "<name>test</name>",
				  "<name>test</name><title>Press</title>");
	if (changed)
		is_int(rt_virt_define(&virt, uuid, changed, &err), 0,
		       "is replaced");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &now, &err), 0,
	       "and read again");
	ok(now && strstr(now, "<title>Press</title>"), "it has the change");
	ok(rt_virt_define(&virt, uuid, "<domain/>", &err) < 0,
	   "one that is none is refused: %s", err.text);
	free(xml);
	free(changed);
	free(now);
	is_int(rt_virt_rename(&virt, uuid, "other", &err), 0, "a new name");
	is_int(state_of("other"), RT_VIRT_OFF, "under which it is found");
	is_int(rt_virt_rename(&virt, uuid, "test", &err), 0, "and back");
}

#define SECRET "<graphics type='vnc' port='5901' passwd='geheim'/>"

/* A password survives that the guest is defined again for something else. */
static void test_secret(const char *uuid)
{
	struct rt_err err = { 0 };
	char *xml = NULL, *with = NULL, *read = NULL, *again = NULL,
	     *changed = NULL;

	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &xml, &err), 0,
	       "its document");
	if (xml)
		with = replace(xml, "</devices>", SECRET "</devices>");
	if (with)
		is_int(rt_virt_define(&virt, uuid, with, &err), 0,
		       "with a password");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &read, &err), 0,
	       "is read");
	ok(read && strstr(read, "passwd='geheim'"), "as it is");
	if (read)
		changed = replace(read, "<title>Press</title>", "");
	if (changed)
		is_int(rt_virt_define(&virt, uuid, changed, &err), 0,
		       "and defined with another change");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &again, &err), 0,
	       "then");
	ok(again && !strstr(again, "Press") && strstr(again, "geheim"),
	   "the change is there, and the password");
	free(xml);
	free(with);
	free(read);
	free(changed);
	free(again);
}

/* A guest that somebody started without defining it, and another's pause. */
static void test_transient(void)
{
	static const char xml[] =
		"<domain type='test'><name>passing</name>"
		"<uuid>00000000-0000-4000-8000-000000000001</uuid>"
		"<memory>8192</memory><os><type>hvm</type></os></domain>";
	static const char uuid[] = "00000000-0000-4000-8000-000000000001";
	const virDomainPtr domain = virDomainCreateXML(virt.conn, xml, 0);
	struct rt_virt_guest guest;
	struct rt_err err = { 0 };

	if (!ok(domain != NULL, "a transient guest"))
		return;
	if (ok(rt_virt_find(&virt, uuid, &guest, &err) == 0, "is found")) {
		ok(!guest.persistent, "and is none that stays");
		rt_virt_guest_fini(&guest);
	}
	is_int(rt_virt_define(&virt, uuid, xml, &err), -EBUSY,
	       "it is not made one");
	ok(strstr(err.text, "is transient"), "why: %s", err.text);
	if (virDomainSuspend(domain) == 0)
		is_int(state_of("passing"), RT_VIRT_PAUSED, "it is paused");
	(void)virDomainResume(domain);
	is_int(state_of("passing"), RT_VIRT_RUNNING, "and goes on");
	is_int(rt_virt_destroy(&virt, uuid, &err), 0, "it is powered off");
	is_int(rt_virt_find(&virt, uuid, &guest, &err), -ENOENT,
	       "and is not there any more");
	(void)virDomainFree(domain);
}

/* What it runs with is not what it is defined as. */
static void test_live(const char *uuid)
{
	struct rt_err err = { 0 };
	char *xml = NULL, *changed = NULL, *live = NULL, *defined = NULL;

	is_int(rt_virt_start(&virt, uuid, &err), 0, "it runs");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &xml, &err), 0,
	       "its document");
	if (xml)
		changed = replace(xml, "<name>test</name>",
				  "<name>test</name><title>Later</title>");
	if (changed)
		is_int(rt_virt_define(&virt, uuid, changed, &err), 0,
		       "is replaced");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_LIVE, &live, &err), 0,
	       "what it runs with");
	is_int(rt_virt_read(&virt, uuid, RT_VIRT_DEFINED, &defined, &err), 0,
	       "what it is defined as");
	ok(live && !strstr(live, "Later"), "is as it was");
	ok(defined && strstr(defined, "Later"), "is as it will be");
	is_int(rt_virt_destroy(&virt, uuid, &err), 0, "it is powered off");
	free(xml);
	free(changed);
	free(live);
	free(defined);
}

static void test_absent(void)
{
	static const char nobody[] = "00000000-0000-4000-8000-000000000000";
	struct rt_virt_guest guest;
	struct rt_err err = { 0 };
	struct rt_virt none;

	is_int(rt_virt_find(&virt, "nobody", &guest, &err), -ENOENT,
	       "a guest that is not there");
	is_int(rt_virt_start(&virt, nobody, &err), -ENOENT,
	       "cannot be started");
	ok(rt_virt_open("nonsense:///", &none, &err) < 0 &&
		   strstr(err.text, "nonsense:///"),
	   "a libvirt that is none: %s", err.text);
}

int main(void)
{
	struct rt_virt_guests guests = { 0 };
	struct rt_err err = { 0 };
	unsigned long version = 0;
	char uuid[RT_UUID_LEN + 1] = "";

	if (!ok(rt_virt_open(URI, &virt, &err) == 0, "connected %s", err.text))
		return tap_done();
	is_int(rt_virt_version(&virt, &version, &err), 0, "it has a version");
	ok(version > 0, "which is %lu", version);
	is_int(rt_virt_list(&virt, &guests, &err), 0, "its guests");
	is_int((long long)guests.n, 1, "are one");
	if (guests.n == 1) {
		is_str(guests.items[0].name, "test", "of this name");
		memcpy(uuid, guests.items[0].uuid, sizeof(uuid));
		test_states(uuid);
		test_define(uuid);
		test_secret(uuid);
		test_live(uuid);
	}
	rt_virt_guests_fini(&guests);
	test_transient();
	test_absent();
	rt_virt_close(&virt);
	return tap_done();
}
