/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* refusal.c - the kernel refuses a step: what that means, and a fence instead */
#include "refusal.h"

#include <errno.h>

#include "target.h"

enum rt_meaning rt_refusal_means(const struct rt_step *step, int code)
{
	static const struct {
		int code;
		enum rt_kind kind;
		const char *path; /* part of it; "" for all */
		enum rt_meaning meaning;
	} rows[] = {
		/* A thread that has ended. */
		{ ESRCH, RT_KIND_AFFINITY, "", RT_MEANS_GONE },
		{ ESRCH, RT_KIND_CGROUP, "", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_AFFINITY, "", RT_MEANS_GONE },
		{ ESRCH, RT_KIND_IRQ_THREAD, "", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_IRQ_THREAD, "", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_CGROUP, "", RT_MEANS_GONE },
		{ ESRCH, RT_KIND_SCHED, "", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_SCHED, "", RT_MEANS_GONE },
		/* irqbalance stopped or was restarted. */
		{ ESRCH, RT_KIND_IRQBALANCE, "", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_IRQBALANCE, "", RT_MEANS_GONE },
		{ ECONNREFUSED, RT_KIND_IRQBALANCE, "", RT_MEANS_GONE },
		/* An interrupt that was freed. */
		{ ENOENT, RT_KIND_LIST, "proc/irq/", RT_MEANS_GONE },
		/* Managed or per-CPU: EPERM from 6.12, EIO before. */
		{ EPERM, RT_KIND_LIST, "proc/irq/", RT_MEANS_FIXED },
		{ EIO, RT_KIND_LIST, "proc/irq/", RT_MEANS_FIXED },
		/* No vector free on the CPUs asked for. */
		{ ENOSPC, RT_KIND_LIST, "proc/irq/", RT_MEANS_CANNOT },
		{ EBUSY, RT_KIND_LIST, "proc/irq/", RT_MEANS_BUSY },
		/* Somebody else is in the middle of CPU hotplug. */
		{ EBUSY, RT_KIND_TEXT, "/online", RT_MEANS_BUSY },
		/* A CPU that is not there any more, or has no such file. */
		{ ENOENT, RT_KIND_TEXT, "/online", RT_MEANS_GONE },
		/* A cgroup that went with its guest. */
		{ ENOENT, RT_KIND_LIST, "sys/fs/cgroup/", RT_MEANS_GONE },
		{ ENOENT, RT_KIND_PARTITION, "", RT_MEANS_GONE },
		{ ENODEV, RT_KIND_LIST, "sys/fs/cgroup/", RT_MEANS_GONE },
		{ ENODEV, RT_KIND_PARTITION, "", RT_MEANS_GONE },
		/* A network device that went away. */
		{ ENOENT, RT_KIND_MASK, "/rps_cpus", RT_MEANS_GONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code && rows[i].kind == step->kind &&
		    strstr(step->path, rows[i].path))
			return rows[i].meaning;
	}
	return RT_MEANS_FAILED;
}

/* --- a fence instead of a shield --- */

static const struct rt_active *next_guest(const struct rt_store *store,
					  const char **uuids)
{
	const size_t len = strcspn(*uuids, " ");
	char uuid[RT_UUID_LEN + 1];

	snprintf(uuid, sizeof(uuid), "%.*s", (int)len, *uuids);
	*uuids += len + strspn(*uuids + len, " ");
	return rt_journal_find_guest(&store->journal, uuid);
}

bool rt_refusal_is_settled(const struct rt_store *store,
			   const struct rt_step *step)
{
	const char *uuids = step->musts;

	if (!rt_plan_is_shield(step) || !*uuids)
		return false;
	while (*uuids) {
		const struct rt_active *active = next_guest(store, &uuids);

		if (!active || !active->fenced)
			return false;
	}
	return true;
}

static int put_on_record(struct rt_store *store, const struct rt_active *active,
			 const struct rt_err *why,
			 const struct rt_notify *notify, struct rt_err *err)
{
	RT_AUTO_STRBUF entries = { 0 };
	RT_AUTO_FREE char *reason = strdup(why->text);
	struct rt_active with = *active; /* borrowed: only formatted */
	const struct rt_where where = { .guest = active->guest.name };
	struct rt_err hint;

	if (!reason)
		return rt_fail_memory(err);
	rt_fail(&hint, 0,
		"remove what else claims CPUs %s (cpuset.cpus.exclusive or a "
		"partition of another cgroup), then 'kvmrt-boot %s' tries "
		"again",
		rt_cpuset_text(&active->guest.owned).text, active->guest.name);
	rt_report_add(notify->report, RT_WARNING, "fenced", where, hint.text,
		      "the kernel refuses the guest's shield, so a fence keeps "
		      "other tasks off its CPUs instead, as on kernels before "
		      "6.7: %s",
		      reason);
	with.fenced = reason;
	rt_journal_add_guest(&entries, &with);
	return rt_store_append(store, &entries, err);
}

/*
 * The CPUs of several guests were refused in one write. Those that had them
 * keep them, and of the others each is tried by itself.
 */
static bool gets_its_cpus(struct rt_store *store, const struct rt_step *step,
			  const struct rt_active *active,
			  struct rt_cpuset *granted)
{
	struct rt_cpuset wanted = *granted;
	struct rt_err ignored;

	if (step->kind != RT_KIND_LIST)
		return false;
	rt_cpuset_or(&wanted, &active->guest.owned);
	if (!rt_cpuset_is_equal(&wanted, granted) &&
	    rt_target_write(store->sys, step->kind, step->path,
			    rt_cpuset_text(&wanted).text, &ignored) < 0)
		return false;
	*granted = wanted;
	return true;
}

/* Other errors pass, or the cgroup is gone: then the guest has failed. */
static bool is_for_good(int code)
{
	return code == EINVAL || code == EPERM || code == EACCES ||
	       code == EROFS || code == EOPNOTSUPP;
}

int rt_refusal_fence(struct rt_store *store, const struct rt_step *step,
		     const struct rt_err *why, const struct rt_notify *notify,
		     struct rt_err *err)
{
	struct rt_cpuset granted = { 0 };
	struct rt_err ignored;
	int n = 0;

	if (!is_for_good(why->code))
		return 0;
	if (step->kind == RT_KIND_LIST)
		rt_cpuset_parse_list(step->now, &granted, &ignored);
	for (const char *uuids = step->musts; *uuids;) {
		const struct rt_active *active = next_guest(store, &uuids);
		int r;

		if (!active || active->fenced ||
		    gets_its_cpus(store, step, active, &granted))
			continue;
		r = put_on_record(store, active, why, notify, err);
		if (r < 0)
			return r;
		n++;
	}
	return n;
}
