/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* retune.c - make the host fit the guests that run */
#include "retune.h"

#include <stdio.h>
#include <string.h>

#include "core/domain/domain.h"
#include "core/base/strbuf.h"
#include "host/adopt.h"
#include "host/reconcile.h"

static int read_memory(struct rt_virt *virt, const char *uuid,
		       unsigned long long *ret_kib, struct rt_err *err)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_domain domain;
	int r = rt_virt_read(virt, uuid, RT_VIRT_LIVE, &xml, err);

	if (r == 0)
		r = rt_domain_parse(xml, strlen(xml), &domain, err);
	if (r < 0)
		return r;
	*ret_kib = domain.memory_kib;
	rt_domain_fini(&domain);
	return 0;
}

static int adopt(struct rt_store *store, const struct rt_guest *guest,
		 unsigned long long kib, struct rt_err *err)
{
	unsigned pid;
	int r = rt_guest_pid(store->sys, guest->name, &pid, err);

	if (r == 0)
		r = rt_adopt(store, guest, kib, RT_STAGE_STARTED, pid, err);
	return r < 0 ? rt_wrap(err, "guest '%s'", guest->name) : 0;
}

/* libvirt is asked before the lock is taken: it may wait for a hook of ours. */
int rt_retune(struct rt_loaded *loaded, struct rt_virt *virt,
	      const struct rt_guest *const *guests, size_t n,
	      struct rt_report *report, struct rt_err *err)
{
	RT_AUTO_FREE unsigned long long *kib = calloc(n + 1, sizeof(*kib));
	const struct rt_notify notify = { .report = report };
	struct rt_outcomes outcomes = { 0 };
	struct rt_store store;
	int r = kib ? 0 : rt_fail_memory(err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_memory(virt, guests[i]->uuid, &kib[i], err);
	if (r == 0)
		r = rt_store_open(&loaded->sys, RT_LOCK_LIMIT_MS, &store, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = adopt(&store, guests[i], kib[i], err);
	if (r == 0)
		r = rt_reconcile(&store, &loaded->topo, &notify, &outcomes,
				 err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *why = rt_outcomes_find(&outcomes, guests[i]->uuid);

		if (why)
			r = rt_fail(err, 0, "guest '%s': %s", guests[i]->name,
				    why);
	}
	rt_outcomes_fini(&outcomes);
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
