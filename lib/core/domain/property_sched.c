/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* property_sched.c - the scheduling class of the vCPUs: <vcpusched> */
#include "property.h"

#include "core/model/sched.h"

static int read_one(const xmlNode *node, struct rt_domain *domain, bool first,
		    struct rt_err *err)
{
	struct rt_cpuset vcpus = { 0 };
	unsigned priority = 0;
	bool fifo = false;
	int r = rt_xml_need_set(node, "vcpus", &vcpus, err);

	if (r == 0)
		r = rt_xml_attr_is(node, "scheduler", "fifo", &fifo, err);
	if (r == 0)
		r = rt_xml_number(node, "priority", false, RT_FIFO_MAX,
				  &priority, err);
	if (r < 0)
		return r;
	if (!fifo || (!first && priority != domain->vcpu_fifo))
		priority = 0;
	domain->vcpu_fifo = priority;
	rt_cpuset_or(&domain->scheduled, &vcpus);
	return 0;
}

static int read_sched(const xmlNode *root, struct rt_domain *domain,
		      struct rt_err *err)
{
	bool first = true;
	int r = 0;

	RT_XML_FOREACH(node, rt_xml_child(root, "cputune"), "vcpusched")
	{
		if (r == 0)
			r = read_one(node, domain, first, err);
		first = false;
	}
	return r;
}

static bool is_right(const struct rt_domain *domain,
		     const struct rt_guest *guest, unsigned vcpus)
{
	struct rt_cpuset all = { 0 };

	if (!guest->vcpu_fifo)
		return rt_cpuset_is_empty(&domain->scheduled);
	rt_cpuset_add_range(&all, 0, vcpus - 1);
	return domain->vcpu_fifo == guest->vcpu_fifo &&
	       rt_cpuset_is_equal(&domain->scheduled, &all);
}

static void compare_sched(struct rt_comparing *c)
{
	const struct rt_domain *domain = c->domain;
	RT_AUTO_STRBUF has = { 0 };

	if (!c->guest->rt || is_right(domain, c->guest, domain->vcpus))
		return;
	if (rt_cpuset_is_empty(&domain->scheduled))
		rt_strbuf_adds(&has, "other");
	else
		rt_strbuf_addf(&has, "%s for vCPUs %s",
			       domain->vcpu_fifo ?
				       rt_sched_text(domain->vcpu_fifo).text :
				       "classes",
			       rt_cpuset_text(&domain->scheduled).text);
	if (has.failed) {
		c->failed = true;
		return;
	}
	rt_differ(c, RT_DIFF_SCHED,
		  "scheduling class of vCPUs: the definition has %s, kvmrt.cfg "
		  "wants %s",
		  has.text, rt_sched_text(c->guest->vcpu_fifo).text);
}

static int rewrite_sched(struct rt_rewriting *w, struct rt_err *err)
{
	const unsigned vcpus = rt_rewrite_vcpus(w);
	xmlNode *tune = rt_xml_child(w->root, "cputune"), *node;
	struct rt_cpuset all = { 0 };
	int r;

	if (!w->guest->rt || is_right(w->domain, w->guest, vcpus))
		return 0;
	for (node = rt_xml_child(tune, "vcpusched"); node;
	     node = rt_xml_child(tune, "vcpusched"))
		rt_xml_remove(node);
	if (!w->guest->vcpu_fifo) {
		rt_xml_prune(tune);
		return 0;
	}
	rt_cpuset_add_range(&all, 0, vcpus - 1);
	r = rt_xml_get(w->root, "cputune", rt_domain_order, &tune, err);
	if (r == 0)
		r = rt_xml_add(tune, "vcpusched", rt_tune_order, &node, err);
	if (r == 0)
		r = rt_xml_set_attr_set(node, "vcpus", &all, err);
	if (r == 0)
		r = rt_xml_set_attr(node, "scheduler", "fifo", err);
	if (r == 0)
		r = rt_rewrite_number(node, "priority", w->guest->vcpu_fifo,
				      err);
	return r;
}

/* Nothing where there is nothing: older versions did not record it. */
static void record_sched(struct rt_json *json, const struct rt_domain *domain)
{
	if (rt_cpuset_is_empty(&domain->scheduled))
		return;
	rt_json_key_set(json, "scheduled", &domain->scheduled);
	rt_json_key_number(json, "vcpu_fifo", domain->vcpu_fifo);
}

/* Other classes than SCHED_FIFO cannot be said in kvmrt.cfg. */
static int take_sched(struct rt_taking *t)
{
	const struct rt_domain *d = t->domain;

	if (!rt_cpuset_is_empty(&d->scheduled) && !d->vcpu_fifo)
		return 0;
	return rt_take(t, RT_KEY_VCPU_SCHED, rt_sched_text(d->vcpu_fifo).text);
}

const struct rt_property rt_property_sched = { RT_DIFF_SCHED, RT_MENDABLE,
					       read_sched,    compare_sched,
					       rewrite_sched, record_sched,
					       take_sched };
