/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_rewrite.c - correct what differs, in place */
/*
 * Nothing is touched that the comparison did not name, so a document that
 * matches is never printed anew. The result is read and compared again: what
 * is handed out is what was wanted, or the call fails.
 */
#include "property.h"

/* The first difference, for a message. */
struct rt_text {
	char text[256];
};

/* As libvirt formats <domain>. */
const char *const rt_domain_order[] = {
	"name",
	"uuid",
	"genid",
	"title",
	"description",
	"metadata",
	"maxMemory",
	"memory",
	"currentMemory",
	"blkiotune",
	"memtune",
	"memoryBacking",
	"vcpu",
	"vcpus",
	"iothreads",
	"iothreadids",
	"defaultiothread",
	"throttlegroups",
	"cputune",
	"numatune",
	"resource",
	"sysinfo",
	"bootloader",
	"bootloader_args",
	"os",
	"idmap",
	"features",
	"cpu",
	"clock",
	"on_poweroff",
	"on_reboot",
	"on_crash",
	"on_lockfailure",
	"pm",
	"perf",
	"devices",
	NULL,
};

unsigned rt_rewrite_vcpus(const struct rt_rewriting *w)
{
	return w->mode == RT_REWRITE_ALL ? w->guest->nr_vcpus :
					   w->domain->vcpus;
}

int rt_rewrite_number(xmlNode *node, const char *name, unsigned value,
		      struct rt_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return rt_xml_set_attr(node, name, text, err);
}

static bool concerns(enum rt_rewrite mode, enum rt_difference_kind kind)
{
	return mode == RT_REWRITE_ALL ||
	       (!rt_difference_is_abi(kind) && kind != RT_DIFF_NAME);
}

/* A bit for each kind of difference that the mode corrects. */
static int find_wrong(const struct rt_domain *domain,
		      const struct rt_guest *guest, enum rt_rewrite mode,
		      unsigned *ret_wrong, struct rt_text *first,
		      struct rt_err *err)
{
	struct rt_differences found = { 0 };
	unsigned wrong = 0;
	int r = rt_domain_compare(domain, guest, &found, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < found.n; i++) {
		if (!concerns(mode, found.items[i].kind))
			continue;
		if (!wrong)
			snprintf(first->text, sizeof(first->text), "%s",
				 found.items[i].what);
		wrong |= 1u << found.items[i].kind;
	}
	rt_differences_fini(&found);
	*ret_wrong = wrong;
	return 0;
}

static int rewrite_all(struct rt_rewriting *w, unsigned wrong,
		       struct rt_err *err)
{
	int r = 0;

	/* In this order: what goes before can make the later necessary. */
	RT_FOREACH_PROPERTY(p)
	{
		if (r == 0 && (wrong & 1u << (*p)->kind))
			r = (*p)->rewrite(w, err);
	}
	return r;
}

/* What was printed must hold what was wanted. */
static int verify(const char *text, const struct rt_guest *guest,
		  enum rt_rewrite mode, struct rt_err *err)
{
	struct rt_domain domain = { 0 };
	struct rt_text first = { 0 };
	unsigned wrong = 0;
	int r = rt_domain_parse(text, strlen(text), &domain, err);

	if (r < 0)
		return rt_wrap(err, "the rewritten definition is not right");
	r = find_wrong(&domain, guest, mode, &wrong, &first, err);
	rt_domain_fini(&domain);
	if (r == 0 && wrong)
		r = rt_fail(err, 0, "the definition cannot be corrected: %s",
			    first.text);
	return r;
}

static int rewrite_text_of(const char *text, size_t len, struct rt_rewriting *w,
			   unsigned wrong, char **ret_text, struct rt_err *err)
{
	RT_AUTO_FREE char *out = NULL;
	RT_AUTO_XML_DOC xmlDoc *doc = NULL;
	int r = rt_xml_parse(text, len, &doc, err);

	if (r < 0)
		return r;
	w->root = xmlDocGetRootElement(doc);
	r = rewrite_all(w, wrong, err);
	if (r == 0)
		r = rt_xml_print(doc, rt_domain_has_declaration(text, len),
				 &out, err);
	if (r == 0)
		r = verify(out, w->guest, w->mode, err);
	if (r < 0)
		return r;
	*ret_text = out;
	out = NULL;
	return 0;
}

static int copy_text(const char *text, size_t len, char **ret_text,
		     struct rt_err *err)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return rt_fail_memory(err);
	memcpy(copy, text, len);
	copy[len] = '\0';
	*ret_text = copy;
	return 0;
}

int rt_domain_rewrite(const char *text, size_t len,
		      const struct rt_guest *guest, enum rt_rewrite mode,
		      char **ret_text, bool *ret_changed, struct rt_err *err)
{
	struct rt_domain domain = { 0 };
	struct rt_rewriting w = { .domain = &domain,
				  .guest = guest,
				  .mode = mode };
	struct rt_text first = { 0 };
	unsigned wrong = 0;
	int r = rt_domain_parse(text, len, &domain, err);

	if (r < 0)
		return r;
	r = find_wrong(&domain, guest, mode, &wrong, &first, err);
	/* Each vCPU that comes needs its pin, and what goes takes its along. */
	if (wrong & 1u << RT_DIFF_VCPUS)
		wrong |= 1u << RT_DIFF_PLACEMENT | 1u << RT_DIFF_SCHED;
	if (r == 0 && !wrong)
		r = copy_text(text, len, ret_text, err);
	else if (r == 0)
		r = rewrite_text_of(text, len, &w, wrong, ret_text, err);
	if (r == 0)
		*ret_changed = wrong != 0;
	rt_domain_fini(&domain);
	return r;
}
