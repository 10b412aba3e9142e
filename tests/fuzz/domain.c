/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c - fuzz target: parse, compare and rewrite a domain document */
/*
 * The first byte chooses the guest and the mode, the rest is the document.
 * Whatever is accepted must come out right, and stay as it is when it is
 * rewritten once more.
 */
#include "core/domain/domain.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failed property must stop a build with NDEBUG, too. */
static void must(bool good)
{
	if (!good)
		abort();
}

static void make_guest(unsigned choice, struct rt_section *section,
		       struct rt_guest *guest)
{
	static struct rt_pci_addr device = { 0, 0x3b, 0, 1 };

	guest->name = (char *)(choice & 1 ? "plc" : "a");
	guest->title = (char *)(choice & 2 ? "A title" : "");
	guest->description = (char *)(choice & 4 ? "x & <y>\nz" : "");
	guest->section = section;
	section->topology_auto = choice & 8;
	guest->nr_vcpus = choice & 16 ? 4 : 2;
	guest->sockets = 1;
	guest->cores = guest->nr_vcpus / 2;
	guest->threads = 2;
	guest->rt = guest->locked = choice & 32;
	guest->hide_kvm = choice & 2;
	if (guest->rt || choice & 4) {
		rt_cpuset_add_range(&guest->cpuset, 2, 9);
		guest->usable = guest->service = guest->cpuset;
		rt_cpuset_add(&guest->nodes, 1);
	}
	if (guest->rt) {
		rt_cpuset_add_range(&guest->vcpus, 2, 1 + guest->nr_vcpus);
		rt_cpuset_minus(&guest->service, &guest->vcpus);
		guest->pcidevs.items = &device;
		guest->pcidevs.n = 1;
	}
}

static void check_result(const char *text, const struct rt_guest *guest,
			 enum rt_rewrite mode)
{
	struct rt_differences left = { 0 };
	struct rt_domain domain = { 0 };
	struct rt_err err;
	char *again = NULL;
	bool changed = true;

	must(rt_domain_parse(text, strlen(text), &domain, &err) == 0);
	must(rt_domain_compare(&domain, guest, &left, &err) == 0);
	for (size_t i = 0; i < left.n; i++)
		must(mode == RT_REWRITE_KEEP_ABI &&
		     (rt_difference_is_abi(left.items[i].kind) ||
		      left.items[i].kind == RT_DIFF_NAME));
	must(rt_domain_rewrite(text, strlen(text), guest, mode, &again,
			       &changed, &err) == 0);
	must(!changed && strcmp(text, again) == 0);
	free(again);
	rt_differences_fini(&left);
	rt_domain_fini(&domain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_section section = { 0 };
	struct rt_guest guest = { 0 };
	struct rt_domain domain = { 0 };
	enum rt_rewrite mode;
	struct rt_err err = { 0 };
	char *text = NULL;
	bool changed = false;

	if (size == 0)
		return 0;
	mode = data[0] & 64 ? RT_REWRITE_KEEP_ABI : RT_REWRITE_ALL;
	make_guest(data[0], &section, &guest);
	data++;
	size--;
	if (rt_domain_parse((const char *)data, size, &domain, &err) < 0) {
		must(err.code > 0 && *err.text);
		return 0;
	}
	rt_domain_fini(&domain);
	if (rt_domain_rewrite((const char *)data, size, &guest, mode, &text,
			      &changed, &err) < 0) {
		must(err.code > 0 && *err.text);
		return 0;
	}
	must(changed || memcmp(text, data, size) == 0);
	check_result(text, &guest, mode);
	free(text);
	return 0;
}
