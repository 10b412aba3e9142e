/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* module_check.c - may this guest start here, and is it as configured? */
#include "module.h"

#include <fcntl.h>
#include <sys/file.h>

#include <errno.h>

#include "host/adopt.h"
#include "host/config_file.h"
#include "host/probe.h"
#include "host/topology.h"

int hook_read_config(struct hook *hook)
{
	struct rt_config_file file;
	int r;

	if (hook->has_config)
		return 0;
	r = rt_config_file_read(&hook->sys, NULL, &file, &hook->err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = rt_config_parse(file.text, file.len, "/" RT_CONFIG_PATH,
			    &hook->config, &hook->config_report, &hook->err);
	rt_config_file_fini(&file);
	if (r < 0)
		return r;
	hook->has_config = true;
	hook->section = rt_config_find(&hook->config, hook->domain.uuid);
	if (hook->section && hook->section->disabled)
		hook->section = NULL;
	return 0;
}

bool hook_is_strict(const struct hook *hook)
{
	return !hook->section || (hook->section->rt && hook->config.strict);
}

int hook_open_store(struct hook *hook)
{
	int r;

	if (hook->has_store)
		return 0;
	r = rt_store_open(&hook->sys, HOOK_LOCK_LIMIT_MS, &hook->store,
			  &hook->err);
	hook->has_store = r == 0;
	return r;
}

int hook_resolve(struct hook *hook)
{
	int r = rt_topology_load(&hook->sys, &hook->topo, &hook->err);

	if (r == 0)
		r = rt_adopt_topology(&hook->store, &hook->topo, &hook->err);
	if (r == 0)
		r = rt_guests_resolve(&hook->config, &hook->topo, &hook->guests,
				      &hook->config_report, &hook->err);
	if (r < 0)
		return r;
	hook->guest = rt_guests_find(&hook->guests, hook->domain.uuid);
	if (!hook->guest)
		return rt_fail(&hook->err, 0, "its section cannot be resolved");
	return 0;
}

/* The lines of one section: from its own to the next one's. */
static bool is_in_section(const struct hook *hook, unsigned line,
			  const struct rt_section *section)
{
	unsigned next = 0;

	for (size_t i = 0; i < hook->config.n; i++) {
		const unsigned other = hook->config.sections[i].line;

		if (other > section->line && (!next || other < next))
			next = other;
	}
	return line >= section->line && (!next || line < next);
}

/* A fault in another guest's section does not stop this guest from starting. */
static bool concerns(const struct hook *hook, const struct rt_finding *finding)
{
	if (finding->severity != RT_ERROR)
		return false;
	if (!finding->line || is_in_section(hook, finding->line, hook->section))
		return true;
	if (strcmp(finding->guest, hook->guest->name) == 0)
		return true;
	for (size_t i = 0; i < hook->config.n; i++) {
		if (is_in_section(hook, finding->line,
				  &hook->config.sections[i]))
			return false;
	}
	return true;
}

/* All errors of a report that concern the guest, in one line. */
static int fail_findings(struct hook *hook, const struct rt_report *report)
{
	RT_AUTO_STRBUF text = { 0 };

	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (!concerns(hook, f))
			continue;
		if (text.len)
			rt_strbuf_adds(&text, "; ");
		if (f->line)
			rt_strbuf_addf(&text, "%s:%u: ", f->file, f->line);
		rt_strbuf_adds(&text, f->message);
		if (*f->hint)
			rt_strbuf_addf(&text, " (%s)", f->hint);
	}
	if (report->failed || text.failed)
		return rt_fail_memory(&hook->err);
	return text.len ? rt_fail(&hook->err, 0, "%s", text.text) : 0;
}

static int check_active(struct hook *hook)
{
	const struct rt_journal *journal = &hook->store.journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < journal->n_active; i++)
		r = rt_admit_beside(hook->guest, &journal->active[i].guest,
				    &hook->err);
	return r;
}

int hook_check(struct hook *hook)
{
	struct rt_facts facts = { 0 };
	struct rt_report report = { 0 };
	const struct rt_check check = {
		.config = &hook->config,
		.guests = &hook->guests,
		.topo = &hook->topo,
		.facts = &facts,
		.uuid = hook->guest->uuid,
		/* A start does not wait for what else could be written. */
		.brief = true,
	};
	int r = fail_findings(hook, &hook->config_report);

	if (r == 0)
		r = rt_facts_read_pci(&hook->sys, &facts, &hook->err);
	if (r == 0) {
		rt_check(&check, &report);
		r = fail_findings(hook, &report);
	}
	if (r == 0)
		r = check_active(hook);
	rt_report_fini(&report);
	rt_facts_fini(&facts);
	return r;
}

int hook_follow(struct hook *hook)
{
	int r = check_active(hook);

	return r < 0 ? r :
		       rt_admit_follow(&hook->domain, hook->guest, &hook->err);
}

/*
 * kvmrt-sync sees the file, and corrects the definition when this start has
 * ended. When it does not run (its lock is not held) nobody would ever remove
 * the file.
 */
static bool ask_sync(struct hook *hook)
{
	char name[64];
	struct rt_err ignored;
	RT_AUTO_FD int file = -1;
	RT_AUTO_FD int lock = rt_sys_openat(
		&hook->sys, RT_STORE_DIR "/sync.lock", O_RDONLY, 0, &ignored);

	if (!hook->has_store || lock < 0 || flock(lock, LOCK_SH | LOCK_NB) == 0)
		return false;
	snprintf(name, sizeof(name), "stale-%s", hook->guest->uuid);
	file = openat(hook->store.dir, name,
		      O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file >= 0;
}

/*
 * Is the definition that libvirt has on disk as the file says? Then this start
 * is from another document: a transient guest's, or a snapshot's. libvirt
 * reverts a running guest to a snapshot by an ordinary start of the XML that
 * the snapshot holds; it calls no `restore`, whose output could change it.
 */
static bool is_definition_right(struct hook *hook)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_differences differences;
	RT_AUTO_STRBUF text = { 0 };
	struct rt_domain domain;
	struct rt_err ignored;
	char path[512];
	size_t len;
	int r;

	if (!rt_config_name_is_valid(hook->domain.name) ||
	    (size_t)snprintf(path, sizeof(path), "etc/libvirt/qemu/%s.xml",
			     hook->domain.name) >= sizeof(path) ||
	    rt_sys_read_all(&hook->sys, path, RT_DOMAIN_XML_MAX, &xml, &len,
			    &ignored) < 0 ||
	    rt_domain_parse(xml, len, &domain, &ignored) < 0)
		return false;
	r = rt_domain_compare(&domain, hook->guest, &differences, &ignored);
	rt_domain_fini(&domain);
	if (r < 0)
		return false;
	rt_admit_list(&differences, rt_difference_is_grave, &text);
	rt_differences_fini(&differences);
	return !text.failed && !text.len;
}

/* Which of the two is right is for the user to say, with kvmrt-sync-config. */
static int fail_differences(struct hook *hook,
			    const struct rt_differences *differences)
{
	const char *name = hook->guest->name;
	RT_AUTO_STRBUF text = { 0 };

	rt_admit_list(differences, rt_difference_is_grave, &text);
	if (text.failed)
		return rt_fail_memory(&hook->err);
	if (!text.len)
		return 0;
	if (is_definition_right(hook))
		return rt_fail(
			&hook->err, 0,
			"it is started from XML other than its definition (a "
			"snapshot's, perhaps), and that XML is not what "
			"/etc/kvmrt.cfg says: %s. 'virsh start %s' starts the "
			"guest as it is defined",
			text.text, name);
	if (ask_sync(hook))
		return rt_fail(&hook->err, 0,
			       "its definition is not what /etc/kvmrt.cfg "
			       "says: %s. kvmrt-sync makes them the same now: "
			       "start the guest again",
			       text.text);
	return rt_fail(&hook->err, 0,
		       "its definition is not what /etc/kvmrt.cfg says: %s. "
		       "'kvmrt-sync-config %s' makes the definition follow the "
		       "file, 'kvmrt-sync-config -r %s' makes the file follow "
		       "the definition",
		       text.text, name, name);
}

static int compare(struct hook *hook)
{
	struct rt_differences differences;
	int r = rt_domain_compare(&hook->domain, hook->guest, &differences,
				  &hook->err);

	if (r < 0)
		return r;
	if (hook->guest->rt)
		r = fail_differences(hook, &differences);
	for (size_t i = 0; r == 0 && i < differences.n; i++) {
		const struct rt_difference *d = &differences.items[i];

		rt_log_warn(&hook->log, "guest '%s': %s%s", hook->guest->name,
			    d->what,
			    rt_difference_is_mendable(d->kind) ?
				    "; this is corrected once the guest runs" :
				    "");
	}
	rt_differences_fini(&differences);
	return r;
}

bool hook_is_loose(const struct hook *hook)
{
	return hook->guest && hook->guest->rt && !hook_is_strict(hook);
}

void hook_log_loose(struct hook *hook)
{
	hook_log(hook,
		 "it is not as it should be, which 'strict = false' allows");
}

int hook_admit(struct hook *hook)
{
	const bool loose = hook_is_loose(hook);
	int r = hook_check(hook);

	if (r < 0 && loose)
		hook_log_loose(hook);
	if (r == 0 || loose)
		r = compare(hook);
	if (r < 0 && loose)
		hook_log_loose(hook);
	return loose ? hook_follow(hook) : r;
}

int hook_check_devices(struct hook *hook, const struct rt_active *active)
{
	for (size_t i = 0; i < active->guest.pcidevs.n; i++) {
		const struct rt_pci_text addr =
			rt_pci_text(&active->guest.pcidevs.items[i]);
		char path[96], driver[64];

		snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver",
			 addr.text);
		if (rt_sys_link_name(&hook->sys, path, driver, sizeof(driver),
				     &hook->err) < 0)
			snprintf(driver, sizeof(driver), "no driver");
		if (!strstr(driver, "vfio"))
			return rt_fail(
				&hook->err, 0,
				"device %s is bound to %s, not to vfio-pci; "
				"its <hostdev> needs managed='yes'",
				addr.text, driver);
	}
	return 0;
}

int hook_check_memory(struct hook *hook, const struct rt_active *active)
{
	struct rt_facts facts = { 0 };
	unsigned long long locked = 0;
	int r;

	if (!active->guest.rt || !active->guest.locked)
		return 0;
	r = rt_facts_read_process(&hook->sys, active->guest.uuid, active->pid,
				  &facts, &hook->err);
	if (r == 0 && facts.processes.items[0].unread)
		r = rt_fail(&hook->err, 0, "cannot examine its process: %s",
			    facts.processes.items[0].unread);
	if (r == 0)
		locked = facts.processes.items[0].locked_kib;
	if (r == 0 && locked < active->memory_kib)
		r = rt_fail(&hook->err, 0,
			    "only %llu KiB of its memory are locked, of %llu; "
			    "its definition needs <memoryBacking><locked/>",
			    locked, active->memory_kib);
	rt_facts_fini(&facts);
	return r;
}
