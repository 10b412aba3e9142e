/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_checks_hook.c - does libvirt run the hook, and may it work? */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../../hooks/hook.h"
#include "host_checks.h"

/* The hook is some tens of kilobytes; with sanitizers, megabytes. */
#define HOOK_MAX    (64u << 20)
#define PROFILE_MAX (1u << 20)

/* Both: libvirt runs any executable, and another's hook tunes nothing. */
enum hook {
	HOOK_ABSENT,
	HOOK_HIDDEN, /* for want of rights */
	HOOK_STRANGE,
	HOOK_OLD, /* of another version: does not load the module */
	HOOK_NOT_EXECUTABLE,
	HOOK_OURS,
};

static bool holds(const char *text, size_t len, const char *mark)
{
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
	/* The hook's program contains the name of its module. */
	if (!S_ISREG(st.st_mode) ||
	    rt_sys_read_all(&loaded->sys, path, HOOK_MAX, &text, &len,
			    &ignored) < 0 ||
	    !holds(text, len, RT_HOOK_MODULE))
		return HOOK_STRANGE;
	if (!holds(text, len, RT_HOOK_VERSION))
		return HOOK_OLD;
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

	if (hook == HOOK_ABSENT && look_at_hook(loaded, alone) > HOOK_STRANGE) {
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
		rt_host_check_add(checks, "hook", RT_UNKNOWN,
				  "run this as root", "only root may read /%s",
				  path);
		return;
	case HOOK_STRANGE:
		rt_host_check_add(checks, "hook", RT_FAIL,
				  "install kvmrt again: the program that is "
				  "there tunes no guest",
				  "/%s is not kvmrt's hook", path);
		return;
	case HOOK_OLD:
		rt_host_check_add(checks, "hook", RT_FAIL,
				  "install kvmrt again, so that all its parts "
				  "are of one version",
				  "/%s is of another version than this "
				  "command, " KVMRT_VERSION,
				  path);
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
			  "link out of the directory",
			  "/%s is kvmrt's and executable", path);
}

/* --- what may forbid it --- */

/* What a rule must say. */
struct right {
	const char *path;
	bool whole; /* that path, not one that begins so */
	char letter;
};

enum rule {
	RULE_SILENT,
	RULE_ALLOWS,
	RULE_DENIES, /* wins */
};

/* One line of a profile: a path, then letters, perhaps "deny" in front. */
static enum rule read_rule(char *line, const struct right *right)
{
	const size_t len = strlen(right->path);
	enum rule rule = RULE_ALLOWS;
	bool found = false;

	line[strcspn(line, "#")] = '\0';
	for (char *word = strtok_r(line, " \t", &line); word;
	     word = strtok_r(NULL, " \t", &line)) {
		if (found)
			return strchr(word, right->letter) ? rule : RULE_SILENT;
		if (strcmp(word, "deny") == 0)
			rule = RULE_DENIES;
		found = strncmp(word, right->path, len) == 0 &&
			(!right->whole || !word[len]);
	}
	return RULE_SILENT;
}

static enum rule read_profile(struct rt_loaded *loaded, const char *path,
			      const struct right *right)
{
	RT_AUTO_FREE char *text = NULL;
	enum rule all = RULE_SILENT;
	struct rt_err ignored;
	char *rest, *line;
	size_t len;

	if (rt_sys_read_all(&loaded->sys, path, PROFILE_MAX, &text, &len,
			    &ignored) < 0)
		return RULE_SILENT;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		const enum rule rule = read_rule(line, right);

		if (rule > all)
			all = rule;
	}
	return all;
}

/* By a profile and what the administrator has added to it. */
static bool grants(struct rt_loaded *loaded, const char *path,
		   const char *local, const struct right *right)
{
	const enum rule ours = read_profile(loaded, path, right);
	const enum rule added = read_profile(loaded, local, right);

	return (ours > added ? ours : added) == RULE_ALLOWS;
}

/* Why the profile of that name forbids nothing; NULL: it is enforced. */
static const char *not_enforced(struct rt_loaded *loaded, const char *daemon)
{
	RT_AUTO_FREE char *loaded_ones = NULL;
	struct rt_err ignored;
	char path[96], line[64];
	size_t len;

	snprintf(path, sizeof(path), "etc/apparmor.d/disable/usr.sbin.%s",
		 daemon);
	if (rt_sys_exists(&loaded->sys, path))
		return "is disabled";
	snprintf(path, sizeof(path),
		 "etc/apparmor.d/force-complain/usr.sbin.%s", daemon);
	if (rt_sys_exists(&loaded->sys, path))
		return "only complains";
	/* Only root can read it; others go by the files. */
	snprintf(line, sizeof(line), "%s (enforce)", daemon);
	if (rt_sys_read_all(&loaded->sys,
			    "sys/kernel/security/apparmor/profiles",
			    PROFILE_MAX, &loaded_ones, &len, &ignored) == 0 &&
	    !strstr(loaded_ones, line))
		return "is not enforced";
	return NULL;
}

/* The profile of a daemon, if there is one: our hook inherits it. */
static void check_profile(struct rt_loaded *loaded, const char *daemon,
			  struct rt_host_checks *checks)
{
	static const struct right run = { "/etc/libvirt/hooks/", false, 'x' };
	static const struct right work = { "/**", true, 'w' };
	char path[96], local[96], fix[256];
	const char *why;

	snprintf(path, sizeof(path), "etc/apparmor.d/usr.sbin.%s", daemon);
	snprintf(local, sizeof(local), "etc/apparmor.d/local/usr.sbin.%s",
		 daemon);
	if (!rt_sys_exists(&loaded->sys, path))
		return;
	why = not_enforced(loaded, daemon);
	if (why) {
		rt_host_check_add(checks, "apparmor", RT_PASS, "", "/%s %s",
				  path, why);
	} else if (!grants(loaded, path, local, &run)) {
		snprintf(fix, sizeof(fix),
			 "add the line '  %s** rmix,' to /%s, then 'systemctl "
			 "reload apparmor'",
			 run.path, local);
		rt_host_check_add(checks, "apparmor", RT_FAIL, fix,
				  "/%s does not let it run hooks", path);
	} else if (!grants(loaded, path, local, &work)) {
		snprintf(fix, sizeof(fix),
			 "add the line '  %s rwk,', which distributions have, "
			 "to /%s, then 'systemctl reload apparmor'",
			 work.path, local);
		rt_host_check_add(checks, "apparmor", RT_WARN, fix,
				  "/%s lets it run hooks, but has no rule '%s "
				  "rw': what may they write?",
				  path, work.path);
	} else {
		rt_host_check_add(checks, "apparmor", RT_PASS, "",
				  "/%s lets it run hooks", path);
	}
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

/* Where semodule(8) stores modules, by priority. */
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

/*
 * libvirtd's domain is mostly unconfined, virtqemud's is not. Fedora's boolean
 * virt_hooks_unconfined is about the hooks of networks.
 */
static void check_selinux(struct rt_loaded *loaded,
			  struct rt_host_checks *checks)
{
	static const char fix[] =
		"where virtqemud runs the guests: load the module in "
		"/usr/share/doc/kvmrt/selinux, as its README says; 'ausearch "
		"-m avc -ts boot' shows what is refused";
	char text[16];

	if (!rt_host_text(loaded, "sys/fs/selinux/enforce", text, sizeof(text)))
		return;
	if (*text == '0')
		rt_host_check_add(checks, "selinux", RT_PASS, "",
				  "SELinux does not enforce");
	else if (has_module(loaded))
		rt_host_check_add(checks, "selinux", RT_PASS, "",
				  "module kvmrt is loaded");
	else
		rt_host_check_add(
			checks, "selinux", RT_WARN, fix,
			"SELinux enforces, and the module kvmrt is not loaded");
}

void rt_host_check_hook(struct rt_loaded *loaded, struct rt_host_checks *checks)
{
	check_program(loaded, checks);
	check_apparmor(loaded, checks);
	check_selinux(loaded, checks);
}
