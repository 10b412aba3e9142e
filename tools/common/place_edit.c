/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_edit.c - the sections of guests that are to be placed */
#include "place_edit.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/number.h"
#include "core/base/text.h"
#include "core/config/config_value.h"
#include "core/domain/import.h"
#include "virt/virt.h"

const char *const rt_asked_names[RT_ASKED_WHATS] = {
	[RT_ASKED_VCPUS] = "vcpus",   [RT_ASKED_SERVICE] = "service",
	[RT_ASKED_DEVICE] = "device", [RT_ASKED_RT] = "rt",
	[RT_ASKED_UUID] = "uuid",
};

static bool take_count(const char *text, unsigned *ret)
{
	unsigned long long number;

	if (!rt_parse_number(text, RT_CPUS_MAX, &number) || !number)
		return false;
	*ret = (unsigned)number;
	return true;
}

int rt_asked_take(struct rt_asked *asked, enum rt_asked_what what,
		  const char *text, struct rt_err *err)
{
	struct rt_pci_addr addr;
	bool yes;
	int r = 0;

	switch (what) {
	case RT_ASKED_VCPUS:
	case RT_ASKED_SERVICE:
		if (!take_count(text, what == RT_ASKED_VCPUS ?
					      &asked->nr_vcpus :
					      &asked->service))
			r = rt_fail(err, 0, "'%s' is no number from 1 to %d",
				    rt_cut_text(text).text, RT_CPUS_MAX);
		break;
	case RT_ASKED_DEVICE:
		r = rt_pci_parse(text, strlen(text), &addr, err);
		if (r == 0 && !rt_pci_set_has(&asked->devices, &addr))
			r = rt_pci_set_add(&asked->devices, &addr, err);
		break;
	case RT_ASKED_RT:
		r = rt_value_bool(text, &yes, err);
		if (r == 0)
			asked->rt = yes ? RT_YES : RT_NO;
		break;
	case RT_ASKED_UUID:
	case RT_ASKED_WHATS:
		asked->new_uuid = text;
		break;
	}
	return r;
}

static const struct rt_section *section_of(const struct rt_asking *asking,
					   const struct rt_asked *asked)
{
	return rt_config_find(&asking->editor->config, asked->uuid);
}

/* --- the section --- */

static int import(const struct rt_asking *asking, struct rt_virt *virt,
		  const struct rt_virt_guest *guest, struct rt_err *err)
{
	RT_AUTO_FREE char *xml = NULL;
	struct rt_domain domain;
	bool changed;
	int r;

	if (!guest->persistent)
		return rt_fail(err, 0,
			       "libvirt's guest is transient: define it first "
			       "('virsh define')");
	r = rt_virt_read(virt, guest->uuid, RT_VIRT_DEFINED, &xml, err);
	if (r == 0)
		r = rt_domain_parse(xml, strlen(xml), &domain, err);
	if (r < 0)
		return r;
	r = rt_import(asking->editor, &domain, asking->topo, RT_IMPORT_ALL,
		      &changed, err);
	rt_domain_fini(&domain);
	return r;
}

static int ask_libvirt(const struct rt_asking *asking, struct rt_asked *asked,
		       struct rt_err *err)
{
	struct rt_virt_guest guest;
	struct rt_virt virt;
	int r = rt_virt_open(asking->uri, &virt, err);

	if (r < 0)
		return rt_wrap(err,
			       "it has no section in %s, and libvirt cannot "
			       "be asked; --uuid UUID makes a section without "
			       "it",
			       asking->file);
	r = rt_virt_find(&virt, asked->word, &guest, err);
	if (r == -ENOENT)
		r = rt_fail(err, 0,
			    "neither %s nor libvirt has it: define it ('virsh "
			    "define'), or make a section for it with --uuid "
			    "UUID",
			    asking->file);
	if (r == 0) {
		memcpy(asked->uuid, guest.uuid, sizeof(asked->uuid));
		/* It may have another name in the file. */
		asked->is_new = !section_of(asking, asked);
		if (asked->is_new)
			r = import(asking, &virt, &guest, err);
		rt_virt_guest_fini(&guest);
	}
	rt_virt_close(&virt);
	return r;
}

int rt_asked_find(const struct rt_asking *asking, struct rt_asked *asked,
		  struct rt_err *err)
{
	const struct rt_config *config = &asking->editor->config;
	const struct rt_section *section =
		rt_config_find_name(config, asked->word);
	char uuid[RT_UUID_LEN + 1];

	if (!section && rt_uuid_parse(asked->word, uuid))
		section = rt_config_find(config, uuid);
	if (section) {
		memcpy(asked->uuid, section->uuid, sizeof(asked->uuid));
		if (asked->new_uuid && (!rt_uuid_parse(asked->new_uuid, uuid) ||
					strcmp(uuid, section->uuid) != 0))
			return rt_fail(err, 0,
				       "its section has the UUID %s, not '%s'",
				       section->uuid,
				       rt_cut_text(asked->new_uuid).text);
		return 0;
	}
	if (!asked->new_uuid)
		return ask_libvirt(asking, asked, err);
	if (!rt_uuid_parse(asked->new_uuid, asked->uuid))
		return rt_fail(err, 0,
			       "--uuid: '%s' is no UUID ('uuidgen' "
			       "prints one)",
			       rt_cut_text(asked->new_uuid).text);
	asked->is_new = true;
	return rt_editor_add(asking->editor, asked->uuid, asked->word, err);
}

/* --- what is asked for --- */

/* How many CPUs of its own it has beside its vCPUs' now. */
static int read_present(const struct rt_asking *asking,
			const struct rt_section *section,
			unsigned *ret_nr_vcpus, unsigned *ret_service,
			struct rt_err *err)
{
	struct rt_report ignored = { 0 };
	struct rt_guest guest;
	unsigned usable;
	int r = rt_guest_resolve(&asking->editor->config, section, asking->topo,
				 &guest, &ignored, err);

	rt_report_fini(&ignored);
	if (r < 0)
		return r;
	usable = rt_cpuset_count(&guest.usable);
	*ret_nr_vcpus = usable ? guest.nr_vcpus : 0;
	*ret_service = usable > guest.nr_vcpus ? usable - guest.nr_vcpus : 0;
	rt_guest_fini(&guest);
	return 0;
}

static int decide(const struct rt_asking *asking, const struct rt_asked *asked,
		  bool rt, struct rt_place_request *ret, struct rt_err *err)
{
	const struct rt_section *section = section_of(asking, asked);
	unsigned nr_vcpus, service;
	int r = read_present(asking, section, &nr_vcpus, &service, err);

	if (r < 0)
		return r;
	ret->uuid = asked->uuid;
	ret->nr_vcpus = asked->nr_vcpus	  ? asked->nr_vcpus :
			section->nr_vcpus ? section->nr_vcpus :
					    nr_vcpus;
	/* A name and a UUID alone do not say it. */
	if (asked->is_new && asked->new_uuid)
		ret->nr_vcpus = asked->nr_vcpus;
	ret->service = asked->service ? asked->service : 1;
	if (!asked->service && !asked->is_new && rt && section->rt && service)
		ret->service = service;
	if (!ret->nr_vcpus)
		return rt_fail(err, 0,
			       "how many vCPUs it has is not known: "
			       "write --vcpus N");
	return 0;
}

static int set(const struct rt_asking *asking, const struct rt_asked *asked,
	       enum rt_key key, const char *value, struct rt_err *err)
{
	return rt_editor_set(asking->editor, asked->uuid, key, value, err);
}

static int set_number(const struct rt_asking *asking,
		      const struct rt_asked *asked, enum rt_key key,
		      unsigned value, struct rt_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return set(asking, asked, key, text, err);
}

static int set_devices(const struct rt_asking *asking,
		       const struct rt_asked *asked, struct rt_err *err)
{
	const struct rt_section *section = section_of(asking, asked);
	RT_AUTO_FREE char *value = NULL;
	RT_AUTO_STRBUF text = { 0 };
	bool any = false;
	int r;

	for (size_t i = 0; i < section->pcidevs.n; i++)
		rt_strbuf_addf(&text, "%s%s", i ? " " : "",
			       rt_pci_text(&section->pcidevs.items[i]).text);
	for (size_t i = 0; i < asked->devices.n; i++) {
		const struct rt_pci_addr *addr = &asked->devices.items[i];

		if (rt_pci_set_has(&section->pcidevs, addr))
			continue;
		rt_strbuf_addf(&text, "%s%s", text.len ? " " : "",
			       rt_pci_text(addr).text);
		any = true;
	}
	r = rt_strbuf_take(&text, &value, err);
	return r < 0 || !any ? r :
			       set(asking, asked, RT_KEY_PCIDEVS, value, err);
}

/* What an ordinary guest's definition said would be against it. */
static int make_rt(const struct rt_asking *asking, const struct rt_asked *asked,
		   struct rt_err *err)
{
	int r = set(asking, asked, RT_KEY_RT, "true", err);

	if (r == 0 && section_of(asking, asked)->rt_memory != RT_AUTO)
		r = set(asking, asked, RT_KEY_RT_MEMORY, NULL, err);
	if (r == 0 && section_of(asking, asked)->numatune != RT_AUTO)
		r = set(asking, asked, RT_KEY_NUMATUNE, NULL, err);
	return r;
}

int rt_asked_apply(const struct rt_asking *asking, const struct rt_asked *asked,
		   struct rt_place_request *ret, struct rt_err *err)
{
	const struct rt_section *section = section_of(asking, asked);
	const bool rt = asked->rt == RT_AUTO ? asked->is_new || section->rt :
					       asked->rt == RT_YES;
	int r;

	if (section->disabled)
		return rt_fail(err, 0,
			       "it is disabled: write disabled = false first");
	r = decide(asking, asked, rt, ret, err);
	if (r == 0 && section->nr_vcpus != ret->nr_vcpus)
		r = set_number(asking, asked, RT_KEY_NR_VCPUS, ret->nr_vcpus,
			       err);
	section = section_of(asking, asked);
	if (r == 0 && !section->topology_auto &&
	    1ull * section->sockets * section->cores * section->threads !=
		    ret->nr_vcpus)
		r = set(asking, asked, RT_KEY_CPU_TOPOLOGY, NULL, err);
	if (r == 0 && rt && !section_of(asking, asked)->rt)
		r = make_rt(asking, asked, err);
	else if (r == 0 && !rt && section_of(asking, asked)->rt)
		r = set(asking, asked, RT_KEY_RT, "false", err);
	return r < 0 ? r : set_devices(asking, asked, err);
}

int rt_asked_settle(const struct rt_asking *asking,
		    const struct rt_asked *asked, const struct rt_cpuset *cpus,
		    struct rt_err *err)
{
	RT_AUTO_FREE char *text = malloc(RT_CPULIST_MAX);
	struct rt_cpuset is;
	struct rt_err ignored;

	if (!text)
		return rt_fail_memory(err);
	if (rt_topo_parse_cpuset(asking->topo,
				 section_of(asking, asked)->cpuset, &is,
				 &ignored) == 0 &&
	    rt_cpuset_is_equal(&is, cpus))
		return 0;
	rt_cpuset_format_list(cpus, text, RT_CPULIST_MAX);
	return set(asking, asked, RT_KEY_CPUSET, text, err);
}
