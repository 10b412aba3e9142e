/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* retune.c - make the host fit the guests that run */
#include "retune.h"

#include <stdio.h>
#include <string.h>

#include "core/check/admit.h"
#include "host/adopt.h"
#include "host/reconcile.h"

/* strict = false: each difference is a warning, and what can be tuned is. */
static int follow(const struct rt_domain *live, struct rt_guest *guest,
		  struct rt_report *report, struct rt_err *err)
{
	const struct rt_where where = { .guest = guest->name };
	struct rt_differences differences;
	int r = rt_domain_compare(live, guest, &differences, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < differences.n; i++) {
		if (rt_difference_is_abi(differences.items[i].kind))
			rt_report_add(report, RT_WARNING, "definition", where,
				      NULL, "tuned as it runs: %s",
				      differences.items[i].what);
	}
	rt_differences_fini(&differences);
	return rt_admit_follow(live, guest, err);
}

/* Of the document that the guest runs with. */
static int read_live(struct rt_loaded *loaded, struct rt_virt *virt,
		     const char *uuid, unsigned long long *ret_kib,
		     struct rt_report *report, struct rt_err *err)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_guest *guest = rt_guests_find(&loaded->guests, uuid);
	struct rt_domain domain;
	int r = rt_virt_read(virt, uuid, RT_VIRT_LIVE, &xml, err);

	if (r == 0)
		r = rt_domain_parse(xml, strlen(xml), &domain, err);
	if (r < 0)
		return r;
	*ret_kib = domain.memory_kib;
	r = guest->rt && !loaded->config.strict ?
		    follow(&domain, guest, report, err) :
		    rt_admit_running(&domain, guest, err);
	rt_domain_fini(&domain);
	return r;
}

static bool is_retuned(const struct rt_retuned *guests, size_t n,
		       const char *uuid)
{
	for (size_t i = 0; i < n; i++) {
		if (guests[i].r == 0 &&
		    strcmp(guests[i].guest->uuid, uuid) == 0)
			return true;
	}
	return false;
}

/*
 * Guests that are tuned again together may swap CPUs: check.h has compared them
 * by the file. All other guests have what is on record for them. A guest that
 * is refused counts as one of those for the rest.
 */
static void admit(const struct rt_journal *journal, struct rt_retuned *guests,
		  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rt_retuned *item = &guests[i];
		const bool was_good = item->r == 0;

		for (size_t k = 0; item->r == 0 && k < journal->n_active; k++) {
			const struct rt_guest *other =
				&journal->active[k].guest;

			if (!is_retuned(guests, n, other->uuid))
				item->r = rt_admit_beside(item->guest, other,
							  &item->err);
		}
		if (was_good && item->r < 0)
			i = (size_t)-1; /* from the first again */
	}
}

static int adopt(struct rt_store *store, const struct rt_guest *guest,
		 unsigned long long kib, struct rt_err *err)
{
	unsigned pid;
	int r = rt_guest_pid(store->sys, guest->name, &pid, err);

	return r < 0 ? r :
		       rt_adopt(store, guest, kib, RT_STAGE_STARTED, pid, err);
}

static int retune_locked(struct rt_loaded *loaded, struct rt_store *store,
			 struct rt_retuned *guests,
			 const unsigned long long *kib, size_t n,
			 struct rt_report *report, struct rt_err *err)
{
	const struct rt_notify notify = { .report = report };
	struct rt_outcomes outcomes = { 0 };
	int r;

	admit(&store->journal, guests, n);
	for (size_t i = 0; i < n; i++) {
		if (guests[i].r == 0)
			guests[i].r = adopt(store, guests[i].guest, kib[i],
					    &guests[i].err);
	}
	r = rt_reconcile(store, &loaded->topo, &notify, &outcomes, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *why =
			rt_outcomes_find(&outcomes, guests[i].guest->uuid);

		if (why && guests[i].r == 0)
			guests[i].r = rt_fail(&guests[i].err, 0, "%s", why);
	}
	rt_outcomes_fini(&outcomes);
	return r;
}

/* libvirt is asked before the lock is taken, since it may wait for a hook. */
int rt_retune(struct rt_loaded *loaded, struct rt_virt *virt,
	      struct rt_retuned *guests, size_t n, struct rt_report *report,
	      struct rt_err *err)
{
	RT_AUTO_FREE unsigned long long *kib = calloc(n + 1, sizeof(*kib));
	struct rt_store store;
	int r;

	if (!kib)
		return rt_fail_memory(err);
	for (size_t i = 0; i < n; i++)
		guests[i].r = read_live(loaded, virt, guests[i].guest->uuid,
					&kib[i], report, &guests[i].err);
	r = rt_store_open(&loaded->sys, RT_LOCK_LIMIT_MS, &store, err);
	if (r < 0)
		return r;
	if (n)
		r = rt_adopt_topology(&store, &loaded->topo, err);
	if (r == 0)
		r = retune_locked(loaded, &store, guests, kib, n, report, err);
	rt_store_close(&store);
	return r;
}

void rt_retune_tell(const struct rt_tool *tool, bool verbose,
		    const struct rt_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct rt_finding *f = &report->items[i];

		if (f->severity == RT_NOTE && !verbose)
			continue;
		fprintf(stderr, "%s: %s%s%s\n", tool->name, f->guest,
			*f->guest ? ": " : "", f->message);
	}
}
