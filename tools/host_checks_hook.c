/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_hook.c - does libvirt run our hook, and may it do its work? */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host_checks.h"

/* The hook is some tens of kilobytes; with sanitizers, megabytes. */
#define HOOK_MAX    (64u << 20)
#define PROFILE_MAX (1u << 20)

/* Both: libvirt runs what may be run, and another's hook tunes nothing. */
enum hook {
	HOOK_ABSENT,
	HOOK_HIDDEN, /* for want of rights */
	HOOK_STRANGE,
	HOOK_NOT_EXECUTABLE,
	HOOK_OURS,
};

/* Our program carries the name of what it loads. */
static bool is_ours(const char *text, size_t len)
{
	static const char mark[] = "kvmrt-hook.so";

	return memmem(text, len, mark, strlen(mark)) != NULL;
}

static enum hook look_at_hook(struct rt_loaded *loaded, const char *path)
{
	RT_AUTO_FREE char *text = NULL;
	RT_AUTO_FD int fd = -1;
	struct rt_err ignored;
	struct stat st;
	size_t len;

	fd = rt_sys_openat(&loaded->sys, path, O_RDONLY | O_NONBLOCK, 0,
			   &ignored);
	if (fd == -EACCES)
		return HOOK_HIDDEN;
	if (fd < 0 || fstat(fd, &st) < 0)
		return HOOK_ABSENT;
	if (!S_ISREG(st.st_mode) ||
	    rt_sys_read_all(&loaded->sys, path, HOOK_MAX, &text, &len,
			    &ignored) < 0 ||
	    !is_ours(text, len))
		return HOOK_STRANGE;
	return st.st_mode & 0100 ? HOOK_OURS : HOOK_NOT_EXECUTABLE;
}

static bool is_link(struct rt_loaded *loaded, const char *path)
{
	struct rt_err ignored;
	char name[8];

	return rt_sys_link_name(&loaded->sys, path, name, sizeof(name),
				&ignored) != -ENOENT;
}

static void check_program(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	static const char in_dir[] = "etc/libvirt/hooks/qemu.d/kvmrt";
	static const char alone[] = "etc/libvirt/hooks/qemu";
	const char *path = in_dir;
	enum hook hook = look_at_hook(loaded, path);

	if (hook == HOOK_ABSENT &&
	    look_at_hook(loaded, alone) >= HOOK_NOT_EXECUTABLE) {
		path = alone;
		hook = look_at_hook(loaded, path);
	}
	switch (hook) {
	case HOOK_ABSENT:
		rt_host_check_add(checks, "hook", RT_FAIL,
				  "install kvmrt, then 'systemctl reload "
				  "libvirtd' (or virtqemud)",
				  "there is no /%s", path);
		return;
	case HOOK_HIDDEN:
		rt_host_check_add(checks, "hook", RT_UNKNOWN, "look as root",
				  "only root may read /%s", path);
		return;
	case HOOK_STRANGE:
		rt_host_check_add(checks, "hook", RT_FAIL,
				  "install kvmrt anew: what is there tunes no "
				  "guest",
				  "/%s is not kvmrt's hook", path);
		return;
	case HOOK_NOT_EXECUTABLE:
		rt_host_check_add(checks, "hook", RT_FAIL,
				  "chmod 755 it, then 'systemctl reload "
				  "libvirtd' (or virtqemud)",
				  "libvirt does not run /%s: it is not "
				  "executable",
				  path);
		return;
	case HOOK_OURS:
		break;
	}
	rt_host_check_add(checks, "hook",
			  is_link(loaded, path) ? RT_WARN : RT_PASS,
			  "put the program itself there: AppArmor refuses a "
			  "link out of the folder",
			  "/%s is kvmrt's and executable", path);
}

/* --- who may forbid it --- */

/* The profile of a daemon, if there is one. */
static void check_profile(struct rt_loaded *loaded, const char *daemon,
			  struct rt_host_checks *checks)
{
	static const char rule[] = "/etc/libvirt/hooks/";
	RT_AUTO_FREE char *text = NULL, *local = NULL;
	char path[96], local_path[96], fix[256];
	struct rt_err err;
	size_t len;
	bool there;

	snprintf(path, sizeof(path), "etc/apparmor.d/usr.sbin.%s", daemon);
	if (!rt_sys_exists(&loaded->sys, path))
		return;
	if (rt_sys_read_all(&loaded->sys, path, PROFILE_MAX, &text, &len,
			    &err) < 0) {
		rt_host_check_add(checks, "apparmor", RT_UNKNOWN, "", "%s",
				  err.text);
		return;
	}
	snprintf(local_path, sizeof(local_path),
		 "etc/apparmor.d/local/usr.sbin.%s", daemon);
	there = strstr(text, rule) ||
		(rt_sys_read_all(&loaded->sys, local_path, PROFILE_MAX, &local,
				 &len, &err) == 0 &&
		 strstr(local, rule));
	snprintf(fix, sizeof(fix),
		 "add the line '  %s** rmix,' to /%s, then 'systemctl reload "
		 "apparmor'",
		 rule, local_path);
	rt_host_check_add(checks, "apparmor", there ? RT_PASS : RT_FAIL, fix,
			  there ? "/%s lets it run hooks" :
				  "/%s has no rule for hooks",
			  path);
}

static void check_apparmor(struct rt_loaded *loaded,
			   struct rt_host_checks *checks)
{
	char text[16];

	if (!rt_host_text(loaded, "sys/module/apparmor/parameters/enabled",
			  text, sizeof(text)) ||
	    *text != 'Y')
		return;
	check_profile(loaded, "libvirtd", checks);
	check_profile(loaded, "virtqemud", checks);
}

/* Where semodule(8) keeps what it was given, by priority. */
static bool has_module(struct rt_loaded *loaded)
{
	RT_AUTO_NAMES types = { 0 };
	struct rt_err ignored;
	char path[512];

	if (rt_sys_list(&loaded->sys, "var/lib/selinux", &types, &ignored) < 0)
		return false;
	for (size_t i = 0; i < types.n; i++) {
		if ((size_t)snprintf(path, sizeof(path),
				     "var/lib/selinux/%s/active/modules/400/"
				     "kvmrt",
				     types.items[i]) < sizeof(path) &&
		    rt_sys_exists(&loaded->sys, path))
			return true;
	}
	return false;
}

/* Fedora 40 and later. False when there is no such boolean. */
static bool read_boolean(struct rt_loaded *loaded, bool *ret_on)
{
	char text[16];

	if (!rt_host_text(loaded,
			  "sys/fs/selinux/booleans/virt_hooks_unconfined", text,
			  sizeof(text)))
		return false;
	*ret_on = *text == '1';
	return true;
}

static void check_selinux(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	bool on = false;
	const bool boolean = read_boolean(loaded, &on);
	const char *seen = "it enforces, without our module";
	enum rt_verdict verdict = RT_WARN;
	char text[16];

	if (!rt_host_text(loaded, "sys/fs/selinux/enforce", text, sizeof(text)))
		return;
	if (*text == '0') {
		seen = "it does not enforce";
		verdict = RT_PASS;
	} else if (on || has_module(loaded)) {
		seen = on ? "virt_hooks_unconfined is on" :
			    "module kvmrt is loaded";
		verdict = RT_PASS;
	} else if (boolean) {
		seen = "it enforces, and virt_hooks_unconfined is off";
	}
	rt_host_check_add(checks, "selinux", verdict,
			  boolean ? "setsebool -P virt_hooks_unconfined on" :
				    "when 'ausearch -m avc -c kvmrt' shows "
				    "refusals: etc/selinux in kvmrt's source",
			  "%s", seen);
}

void rt_host_check_hook(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	check_program(loaded, checks);
	check_apparmor(loaded, checks);
	check_selinux(loaded, checks);
}
