/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_rewrite.c - put right what differs, in place: identity and devices */
/*
 * Nothing is touched that the comparison did not name, so a document that
 * matches is never printed anew. The result is read and compared again: what
 * is handed out is what was wanted, or the call fails.
 */
#include "domain_rewrite.h"

#include <errno.h>

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

static int rewrite_name(struct rt_rewriting *w, struct rt_err *err)
{
	xmlNode *node;
	int r = rt_xml_get(w->root, "name", rt_domain_order, &node, err);

	return r < 0 ? r : rt_xml_set_content(node, w->guest->name, err);
}

static int set_text(struct rt_rewriting *w, const char *name, const char *has,
		    const char *want, struct rt_err *err)
{
	xmlNode *node;
	int r;

	if (!want || !*want) {
		node = rt_xml_child(w->root, name);
		if (node)
			rt_xml_remove(node);
		return 0;
	}
	if (strcmp(has, want) == 0)
		return 0;
	r = rt_xml_get(w->root, name, rt_domain_order, &node, err);
	return r < 0 ? r : rt_xml_set_content(node, want, err);
}

static int rewrite_text(struct rt_rewriting *w, struct rt_err *err)
{
	const char *title = w->guest->title;
	int r;

	if (title && strchr(title, '\n'))
		return rt_fail(
			err, 0,
			"title: libvirt allows no line break in a title");
	r = set_text(w, "title", w->domain->title, title, err);
	return r < 0 ? r :
		       set_text(w, "description", w->domain->description,
				w->guest->description, err);
}

static int rewrite_memory(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "hugepages", "nosharepages",
					     "locked", NULL };
	xmlNode *backing = rt_xml_child(w->root, "memoryBacking"), *node;
	int r;

	if (!w->guest->locked) {
		for (node = rt_xml_child(backing, "locked"); node;
		     node = rt_xml_child(backing, "locked"))
			rt_xml_remove(node);
		rt_xml_prune(backing);
		return 0;
	}
	r = rt_xml_get(w->root, "memoryBacking", rt_domain_order, &backing,
		       err);
	if (r == 0 && (w->guest->rt || !w->domain->locked))
		r = rt_xml_get(backing, "nosharepages", order, &node, err);
	if (r == 0)
		r = rt_xml_get(backing, "locked", order, &node, err);
	return r;
}

/* 'restrictive' is for both or for none, or libvirt refuses. */
static int rewrite_memnodes(struct rt_rewriting *w, xmlNode *tune,
			    struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(tune, "memnode"); node; node = next) {
		struct rt_cpuset nodes = { 0 };
		bool has, restrictive = false;
		int r = rt_xml_set(node, "nodeset", &has, &nodes, err);

		next = rt_xml_next(node, "memnode");
		if (r == 0)
			r = rt_xml_attr_is(node, "mode", "restrictive",
					   &restrictive, err);
		if (r == 0 && restrictive)
			r = rt_xml_set_attr(node, "mode", "strict", err);
		if (r < 0)
			return r;
		if (w->guest->rt &&
		    !rt_cpuset_is_subset(&nodes, &w->guest->nodes))
			rt_xml_remove(node);
	}
	return 0;
}

static int rewrite_nodes(struct rt_rewriting *w, struct rt_err *err)
{
	static const char *const order[] = { "memory", "memnode", NULL };
	xmlNode *tune = rt_xml_child(w->root, "numatune");
	xmlNode *memory = rt_xml_child(tune, "memory");
	int r;

	if (rt_cpuset_is_empty(&w->guest->nodes)) {
		if (memory)
			rt_xml_remove(memory);
		rt_xml_prune(tune);
		return 0;
	}
	r = rt_xml_get(w->root, "numatune", rt_domain_order, &tune, err);
	if (r == 0)
		r = rt_xml_get(tune, "memory", order, &memory, err);
	if (r == 0)
		r = rt_xml_set_attr(memory, "mode", "strict", err);
	if (r == 0 &&
	    !(w->domain->has_nodes &&
	      rt_cpuset_is_equal(&w->domain->nodes, &w->guest->nodes)))
		r = rt_xml_set_attr_set(memory, "nodeset", &w->guest->nodes,
					err);
	if (r < 0)
		return r;
	/* With a nodeset, static is what it is without the attribute. */
	xmlUnsetProp(memory, BAD_CAST "placement");
	return rewrite_memnodes(w, tune, err);
}

static int rewrite_hidden(struct rt_rewriting *w, struct rt_err *err)
{
	/* The one that is before it, in the order of libvirt. */
	static const char *const order[] = { "hyperv", "kvm", NULL };
	xmlNode *features = rt_xml_child(w->root, "features");
	xmlNode *kvm = rt_xml_child(features, "kvm"), *hidden;
	int r;

	if (!w->guest->hide_kvm) {
		hidden = rt_xml_child(kvm, "hidden");
		if (hidden)
			rt_xml_remove(hidden);
		rt_xml_prune(kvm);
		rt_xml_prune(features);
		return 0;
	}
	r = rt_xml_get(w->root, "features", rt_domain_order, &features, err);
	if (r == 0)
		r = rt_xml_get(features, "kvm",
			       rt_xml_child(features, "hyperv") ? order : NULL,
			       &kvm, err);
	if (r == 0)
		r = rt_xml_get(kvm, "hidden", NULL, &hidden, err);
	return r < 0 ? r : rt_xml_set_attr(hidden, "state", "on", err);
}

static int add_hostdev(xmlNode *devices, const struct rt_pci_addr *addr,
		       struct rt_err *err)
{
	static const char *const order[] = { "hostdev", NULL };
	const struct {
		const char *name;
		int digits;
		unsigned value;
	} parts[] = {
		{ "domain", 4, addr->domain },
		{ "bus", 2, addr->bus },
		{ "slot", 2, addr->slot },
		{ "function", 1, addr->function },
	};
	xmlNode *device, *source, *address;
	int r = rt_xml_add(devices, "hostdev",
			   rt_xml_child(devices, "hostdev") ? order : NULL,
			   &device, err);

	if (r == 0)
		r = rt_xml_set_attr(device, "mode", "subsystem", err);
	if (r == 0)
		r = rt_xml_set_attr(device, "type", "pci", err);
	if (r == 0)
		r = rt_xml_set_attr(device, "managed", "yes", err);
	if (r == 0)
		r = rt_xml_add(device, "source", NULL, &source, err);
	if (r == 0)
		r = rt_xml_add(source, "address", NULL, &address, err);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]);
	     i++) {
		char text[16];

		snprintf(text, sizeof(text), "0x%0*x", parts[i].digits,
			 parts[i].value);
		r = rt_xml_set_attr(address, parts[i].name, text, err);
	}
	return r;
}

/* Those that are there: managed, or taken out. */
static int rewrite_hostdevs(struct rt_rewriting *w, xmlNode *devices,
			    struct rt_err *err)
{
	xmlNode *next;

	for (xmlNode *node = rt_xml_child(devices, "hostdev"); node;
	     node = next) {
		struct rt_pci_addr addr;
		bool is_pci = false, managed = false;
		int r = rt_xml_is_pci_hostdev(node, &is_pci, err);

		next = rt_xml_next(node, "hostdev");
		if (r == 0 && !is_pci)
			continue;
		if (r == 0)
			r = rt_xml_source_address(node, &addr, &is_pci, err);
		if (r == 0)
			r = rt_xml_attr_is(node, "managed", "yes", &managed,
					   err);
		if (r < 0)
			return r;
		if (!rt_pci_set_has(&w->guest->pcidevs, &addr)) {
			if (!rt_pci_set_has(&w->domain->netdevs, &addr))
				rt_xml_remove(node);
			continue;
		}
		if (!managed && w->guest->rt)
			r = rt_xml_set_attr(node, "managed", "yes", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rewrite_devices(struct rt_rewriting *w, struct rt_err *err)
{
	const struct rt_pci_set *want = &w->guest->pcidevs;
	xmlNode *devices;
	int r = rt_xml_get(w->root, "devices", rt_domain_order, &devices, err);

	if (r == 0)
		r = rewrite_hostdevs(w, devices, err);
	for (size_t i = 0; r == 0 && i < want->n; i++) {
		if (!rt_pci_set_has(&w->domain->pcidevs, &want->items[i]))
			r = add_hostdev(devices, &want->items[i], err);
	}
	return r;
}

static bool concerns(enum rt_rewrite mode, enum rt_difference_kind kind)
{
	return mode == RT_REWRITE_ALL ||
	       (!rt_difference_is_abi(kind) && kind != RT_DIFF_NAME);
}

/* A bit for each kind of difference that the mode puts right. */
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
	/* In this order: what goes before can make the later necessary. */
	static const struct {
		enum rt_difference_kind kind;
		int (*rewrite)(struct rt_rewriting *, struct rt_err *);
	} steps[] = {
		{ RT_DIFF_NAME, rewrite_name },
		{ RT_DIFF_TEXT, rewrite_text },
		{ RT_DIFF_VCPUS, rt_rewrite_vcpus },
		{ RT_DIFF_TOPOLOGY, rt_rewrite_topology },
		{ RT_DIFF_PLACEMENT, rt_rewrite_placement },
		{ RT_DIFF_MEMORY, rewrite_memory },
		{ RT_DIFF_NODES, rewrite_nodes },
		{ RT_DIFF_HIDE_KVM, rewrite_hidden },
		{ RT_DIFF_DEVICES, rewrite_devices },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]);
	     i++) {
		if (wrong & 1u << steps[i].kind)
			r = steps[i].rewrite(w, err);
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
		r = rt_fail(err, 0, "the definition cannot be put right: %s",
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
		wrong |= 1u << RT_DIFF_PLACEMENT;
	if (r == 0 && !wrong)
		r = copy_text(text, len, ret_text, err);
	else if (r == 0)
		r = rewrite_text_of(text, len, &w, wrong, ret_text, err);
	if (r == 0)
		*ret_changed = wrong != 0;
	rt_domain_fini(&domain);
	return r;
}
