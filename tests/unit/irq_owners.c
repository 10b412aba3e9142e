/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * irq_owners.c - which device an interrupt belongs to
 *
 * The world: 01:00.0 has messages 40-42, and an irq file that is none of its
 * interrupts then. 02:00.0 and 03:00.1 share line 17, 04:00.0 has line 18,
 * 05:00.0 has none, and interrupt 43 of 06:00.0 is not there any more.
 */
#include "host/irq_owners.h"

#include <sys/stat.h>

#include "../host.h"
#include "../tap.h"

static const struct {
	const char *device, *file, *text;
} files[] = {
	{ "0000:01:00.0", "msi_irqs/40", "msix\n" },
	{ "0000:01:00.0", "msi_irqs/41", "msix\n" },
	{ "0000:01:00.0", "msi_irqs/42", "msix\n" },
	{ "0000:01:00.0", "irq", "19\n" },
	{ "0000:01:00.0", "numa_node", "1\n" },
	{ "0000:03:00.1", "irq", "17\n" },
	{ "0000:03:00.1", "numa_node", "-1\n" },
	{ "0000:02:00.0", "irq", "17\n" },
	{ "0000:02:00.0", "numa_node", "0\n" },
	{ "0000:04:00.0", "irq", "18\n" },
	{ "0000:05:00.0", "irq", "0\n" },
	{ "0000:06:00.0", "msi_irqs/43", "msi\n" },
};

static const unsigned irqs[] = { 1, 17, 18, 19, 40, 41, 42 };

#define N_IRQS (sizeof(irqs) / sizeof(*irqs))

static bool put(const char *root, size_t i)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/%s", root,
		 files[i].device, files[i].file);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	file = fopen(path, "we");
	return file && fputs(files[i].text, file) >= 0 && fclose(file) == 0;
}

/* "1:- 17:0000:02:00.0+0000:03:00.1 ...", with the nodes behind a slash. */
static void describe(const struct rt_owners *owners, struct rt_strbuf *out)
{
	for (size_t i = 0; i < N_IRQS; i++) {
		const struct rt_owner *owner = rt_owners_find(owners, irqs[i]);

		rt_strbuf_addf(out, "%s%u:", i ? " " : "", irqs[i]);
		if (!owner)
			rt_strbuf_adds(out, "-");
		for (const char *plus = ""; owner;
		     owner = rt_owners_next(owners, owner), plus = "+")
			rt_strbuf_addf(out, "%s%s/%d", plus,
				       rt_pci_text(&owner->device).text + 5,
				       owner->node);
	}
}

static void test_all(struct rt_sys *sys)
{
	RT_AUTO_OWNERS owners = { 0 };
	RT_AUTO_STRBUF text = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_owners_init(&owners, irqs, N_IRQS, &err), 0, "made");
	is_int(rt_owners_read(sys, &facts, &owners, &err), 0, "all devices");
	describe(&owners, &text);
	is_str(text.text,
	       "1:- 17:02:00.0/0+03:00.1/-1 18:04:00.0/-1 19:- "
	       "40:01:00.0/1 41:01:00.0/1 42:01:00.0/1",
	       "the lowest address first, with the nodes");
	ok(!rt_owners_find(&owners, 43) && !rt_owners_find(&owners, 9999),
	   "what is not there has no owner");
}

static const struct {
	const char *name, *devices, *want;
} some[] = {
	{ "no device", "", "1:- 17:- 18:- 19:- 40:- 41:- 42:-" },
	{ "one with messages", "0000:01:00.0",
	  "1:- 17:- 18:- 19:- 40:01:00.0/-1 41:01:00.0/-1 "
	  "42:01:00.0/-1" },
	{ "none with interrupts", "0000:05:00.0 0000:09:00.0",
	  "1:- 17:- 18:- 19:- 40:- 41:- 42:-" },
	/* A line may be shared: then all are looked at. */
	{ "one with a line", "0000:03:00.1",
	  "1:- 17:02:00.0/-1+03:00.1/-1 18:04:00.0/-1 19:- "
	  "40:01:00.0/-1 41:01:00.0/-1 42:01:00.0/-1" },
};

static void test_some(struct rt_sys *sys, size_t i)
{
	RT_AUTO_OWNERS owners = { 0 };
	RT_AUTO_STRBUF text = { 0 };
	struct rt_pci_set devices = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_pci_set_parse(some[i].devices, &devices, &err), 0,
	       "some devices");
	is_int(rt_owners_init(&owners, irqs, N_IRQS, &err), 0, "made");
	is_int(rt_owners_read_of(sys, &devices, &owners, &err), 0, "read");
	describe(&owners, &text);
	is_str(text.text, some[i].want, some[i].name);
	rt_pci_set_fini(&devices);
}

static void test_none(struct rt_sys *sys)
{
	RT_AUTO_OWNERS owners = { 0 };
	struct rt_facts facts = { 0 };
	struct rt_err err = { 0 };

	is_int(rt_owners_init(&owners, NULL, 0, &err), 0, "no interrupt");
	is_int(rt_owners_read(sys, &facts, &owners, &err), 0, "is read");
	ok(owners.n == 0 && !rt_owners_find(&owners, 0), "and has no owner");
}

int main(void)
{
	struct test_host host = { .dir = "/tmp/kvmrt-test-XXXXXX" };
	struct rt_err err;
	struct rt_sys sys;

	if (!ok(mkdtemp(host.dir), "a directory"))
		return tap_done();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!put(host.dir, i))
			ok(false, "%s/%s", files[i].device, files[i].file);
	if (ok(rt_sys_open(host.dir, &sys, &err) == 0, "is opened")) {
		test_all(&sys);
		for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
			test_some(&sys, i);
		test_none(&sys);
		rt_sys_close(&sys);
	}
	test_host_remove(&host);
	return tap_done();
}
