/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain.c - what is read from documents, and how they compare */
#include "core/domain/domain.h"
#include "../tap.h"

#define D(inner) "<domain type='kvm'><name>a</name>" inner "</domain>"

static bool parse(const char *text, struct rt_domain *domain)
{
	struct rt_err err = { 0 };
	const int r = rt_domain_parse(text, strlen(text), domain, &err);

	if (r < 0)
		ok(false, "parse: %s", err.text);
	return r == 0;
}

/* One line that holds all that was read. */
static char *dump(const struct rt_domain *d)
{
	struct rt_strbuf buf = { 0 };
	struct rt_err err;
	char *text = NULL;

	rt_strbuf_addf(&buf, "%s|%u/%u", d->name, d->vcpus, d->vcpus_current);
	if (d->placement_auto)
		rt_strbuf_adds(&buf, " auto");
	if (d->has_cpuset)
		rt_strbuf_addf(&buf, " cpus=%s",
			       rt_cpuset_text(&d->cpuset).text);
	for (size_t i = 0; i < d->vcpupins.n; i++)
		rt_strbuf_addf(&buf, " v%u=%s", d->vcpupins.items[i].id,
			       rt_cpuset_text(&d->vcpupins.items[i].cpus).text);
	if (d->stale_vcpupins)
		rt_strbuf_adds(&buf, " stale");
	if (d->has_emulatorpin)
		rt_strbuf_addf(&buf, " e=%s",
			       rt_cpuset_text(&d->emulatorpin).text);
	for (size_t i = 0; i < d->iothreadpins.n; i++)
		rt_strbuf_addf(
			&buf, " i%u=%s", d->iothreadpins.items[i].id,
			rt_cpuset_text(&d->iothreadpins.items[i].cpus).text);
	if (!rt_cpuset_is_empty(&d->iothreads))
		rt_strbuf_addf(&buf, " io=%s",
			       rt_cpuset_text(&d->iothreads).text);
	if (d->has_topology)
		rt_strbuf_addf(&buf, " t=%u,%u,%u,%u,%u", d->sockets, d->dies,
			       d->clusters, d->cores, d->threads);
	rt_strbuf_addf(&buf, "%s%s%s", d->locked ? " locked" : "",
		       d->nosharepages ? " noshare" : "",
		       d->hugepages ? " huge" : "");
	if (d->page_kib)
		rt_strbuf_addf(&buf, "=%llu", d->page_kib);
	if (d->has_nodes)
		rt_strbuf_addf(&buf, " n=%s%s", rt_cpuset_text(&d->nodes).text,
			       d->nodes_strict ? "" : "?");
	if (!rt_cpuset_is_empty(&d->memnodes))
		rt_strbuf_addf(&buf, " m=%s",
			       rt_cpuset_text(&d->memnodes).text);
	if (d->hide_kvm)
		rt_strbuf_adds(&buf, " hidden");
	for (size_t i = 0; i < d->pcidevs.n; i++)
		rt_strbuf_addf(
			&buf, " %s%s%s", rt_pci_text(&d->pcidevs.items[i]).text,
			rt_pci_set_has(&d->unmanaged, &d->pcidevs.items[i]) ?
				"!" :
				"",
			rt_pci_set_has(&d->netdevs, &d->pcidevs.items[i]) ?
				"~" :
				"");
	if (d->memory_kib)
		rt_strbuf_addf(&buf, " %lluK", d->memory_kib);
	if (rt_strbuf_take(&buf, &text, &err) < 0)
		abort();
	return text;
}

static const struct {
	const char *name, *text, *want;
} reads[] = {
	{ "nothing but a name", D(""), "a|1/1" },
	{ "no name", "<domain/>", "|1/1" },
	{ "a BOM", "\xef\xbb\xbf<domain/>", "|1/1" },
	{ "a declaration", "<?xml version=\"1.0\" encoding='utf-8'?><domain/>",
	  "|1/1" },
	{ "vCPUs", D("<vcpu>4</vcpu>"), "a|4/4" },
	{ "vCPUs between blanks", D("<vcpu>\n 4\n</vcpu>"), "a|4/4" },
	{ "vCPUs in CDATA", D("<vcpu><![CDATA[4]]></vcpu>"), "a|4/4" },
	{ "current", D("<vcpu current='2'>4</vcpu>"), "a|4/2" },
	{ "states rule over current",
	  D("<vcpu current='4'>4</vcpu><vcpus><vcpu id='0' enabled='yes'/>"
	    "<vcpu id='1' enabled='no'/></vcpus>"),
	  "a|4/1" },
	{ "cpuset with exclusion", D("<vcpu cpuset='0-3,^2,8'>1</vcpu>"),
	  "a|1/1 cpus=0-1,3,8" },
	{ "exclusion goes from left to right",
	  D("<vcpu cpuset='^2,0-3'>1</vcpu>"), "a|1/1 cpus=0-3" },
	{ "cpuset with blanks", D("<vcpu cpuset=' 0 - 3 , 5 '>1</vcpu>"),
	  "a|1/1 cpus=0-3,5" },
	{ "cpuset with a last comma", D("<vcpu cpuset='1,'>1</vcpu>"),
	  "a|1/1 cpus=1" },
	{ "auto placement: the cpuset does not count",
	  D("<vcpu placement='auto' cpuset='1'>1</vcpu>"), "a|1/1 auto" },
	{ "pins",
	  D("<vcpu>2</vcpu><cputune><vcpupin vcpu='1' cpuset='5'/>"
	    "<emulatorpin cpuset='6-7'/></cputune>"),
	  "a|2/2 v1=5 e=6-7" },
	{ "a pin of a vCPU that is not there",
	  D("<cputune><vcpupin vcpu='1' cpuset='5'/></cputune>"),
	  "a|1/1 stale" },
	{ "iothreads without ids", D("<iothreads>2</iothreads>"),
	  "a|1/1 io=1-2" },
	{ "iothreads fill up the ids",
	  D("<iothreads>3</iothreads><iothreadids><iothread id='2'/>"
	    "</iothreadids>"),
	  "a|1/1 io=1-3" },
	{ "more ids than iothreads",
	  D("<iothreads>1</iothreads><iothreadids><iothread id='7'/>"
	    "<iothread id='9'/></iothreadids>"),
	  "a|1/1 io=7,9" },
	{ "an iothread's pin",
	  D("<iothreads>1</iothreads><cputune><iothreadpin iothread='1' "
	    "cpuset='3'/></cputune>"),
	  "a|1/1 i1=3 io=1" },
	{ "topology",
	  D("<cpu><topology sockets='2' cores='3' threads='4'/></cpu>"),
	  "a|1/1 t=2,1,1,3,4" },
	{ "topology with dies and clusters",
	  D("<cpu><topology sockets='1' dies='2' clusters='3' cores='1' "
	    "threads='1'/></cpu>"),
	  "a|1/1 t=1,2,3,1,1" },
	{ "memory backing",
	  D("<memoryBacking><hugepages/><nosharepages/><locked/>"
	    "</memoryBacking>"),
	  "a|1/1 locked noshare huge" },
	{ "huge pages of a size",
	  D("<memoryBacking><hugepages><page size='1' unit='GiB' nodeset='0'/>"
	    "<page size='2' unit='M'/></hugepages></memoryBacking>"),
	  "a|1/1 huge=1048576" },
	{ "huge pages in KiB",
	  D("<memoryBacking><hugepages><page size='2048'/></hugepages>"
	    "</memoryBacking>"),
	  "a|1/1 huge=2048" },
	{ "huge pages of no size",
	  D("<memoryBacking><hugepages><page size='2' unit='cm'/></hugepages>"
	    "</memoryBacking>"),
	  "a|1/1 huge" },
	{ "nodes", D("<numatune><memory nodeset='0-1'/></numatune>"),
	  "a|1/1 n=0-1" },
	{ "nodes preferred",
	  D("<numatune><memory mode='preferred' nodeset='1'/></numatune>"),
	  "a|1/1 n=1?" },
	{ "nodes auto",
	  D("<numatune><memory placement='auto' nodeset='1'/></numatune>"),
	  "a|1/1" },
	{ "guest cells on nodes",
	  D("<numatune><memnode cellid='0' nodeset='0'/>"
	    "<memnode cellid='1' nodeset='2'/></numatune>"),
	  "a|1/1 m=0,2" },
	{ "hidden", D("<features><kvm><hidden state='on'/></kvm></features>"),
	  "a|1/1 hidden" },
	{ "hidden off",
	  D("<features><kvm><hidden state='off'/></kvm></features>"), "a|1/1" },
	{ "PCI devices in all bases",
	  D("<devices><hostdev mode='subsystem' type='pci' managed='yes'>"
	    "<source><address domain='0x10000' bus='0x3b' slot='010' "
	    "function='1'/></source></hostdev><hostdev type='pci'><source>"
	    "<address bus='59' slot='0x1F'/></source></hostdev></devices>"),
	  "a|1/1 10000:3b:08.1 0000:3b:1f.0!" },
	{ "an interface's device",
	  D("<devices><interface type='hostdev'><source><address type='pci' "
	    "bus='6' slot='0x10' "
	    "function='2'/></source></interface></devices>"),
	  "a|1/1 0000:06:10.2~" },
	{ "other host devices are not ours",
	  D("<devices><hostdev type='usb'><source><vendor id='1'/></source>"
	    "</hostdev><hostdev mode='capabilities' type='pci'/>"
	    "<hostdev type='mdev'><source><address uuid='x'/></source>"
	    "</hostdev><interface type='bridge'/></devices>"),
	  "a|1/1" },
	{ "memory in KiB", D("<memory>1024</memory>"), "a|1/1 1024K" },
	{ "memory in bytes is rounded up", D("<memory unit='b'>1025</memory>"),
	  "a|1/1 2K" },
	{ "memory in MB", D("<memory unit='MB'>1</memory>"), "a|1/1 977K" },
	{ "memory in G", D("<memory unit='G'>2</memory>"), "a|1/1 2097152K" },
	{ "memory in TiB", D("<memory unit='tib'>1</memory>"),
	  "a|1/1 1073741824K" },
	{ "foreign namespaces are not ours",
	  "<domain xmlns:x='urn:x'><x:name>b</x:name><x:vcpu>9</x:vcpu>"
	  "<vcpu x:cpuset='7' x:current='x'>2</vcpu><cpu xmlns='urn:y'>"
	  "<topology/></cpu></domain>",
	  "|2/2" },
	{ "only children of the root",
	  D("<metadata><vcpu>7</vcpu><name>b</name></metadata>"), "a|1/1" },
	{ "DOCTYPE in a comment is text", D("<!-- <!DOCTYPE x> -->"), "a|1/1" },
	{ "DOCTYPE in CDATA is text",
	  D("<title><![CDATA[<!DOCTYPE x>]]></title>"), "a|1/1" },
};

static void check_reads(void)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		struct rt_domain domain = { 0 };
		char *text;

		if (!parse(reads[i].text, &domain))
			continue;
		text = dump(&domain);
		is_str(text, reads[i].want, reads[i].name);
		free(text);
		rt_domain_fini(&domain);
	}
}

static void check_texts(void)
{
	struct rt_domain domain = { 0 };

	if (!parse("<domain><name>a&amp;b</name><title>t &#228;</title>"
		   "<description>one\n two<!-- no --></description><uuid> "
		   "0B5A3C9E8F0E4F5C9D5E3A6F0D9B1C01 </uuid></domain>",
		   &domain))
		return;
	is_str(domain.name, "a&b", "name");
	is_str(domain.title, "t \xc3\xa4", "title");
	is_str(domain.description, "one\n two", "description");
	is_str(domain.uuid, "0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01",
	       "uuid is canonical");
	rt_domain_fini(&domain);
	rt_domain_fini(&domain);
	ok(!domain.name, "fini twice");
}

/* RT on 4-7 and node 1 with two vCPUs; else an ordinary guest. */
static void make_guest(struct rt_guest *guest, bool rt)
{
	guest->name = (char *)"a";
	guest->title = guest->description = (char *)"";
	guest->nr_vcpus = 2;
	if (!rt)
		return;
	guest->rt = guest->locked = true;
	rt_cpuset_add_range(&guest->cpuset, 4, 7);
	guest->usable = guest->cpuset;
	rt_cpuset_add_range(&guest->vcpus, 4, 5);
	rt_cpuset_add_range(&guest->service, 6, 7);
	rt_cpuset_add(&guest->nodes, 1);
}

#define RT_RIGHT                                                               \
	"<memoryBacking><nosharepages/><locked/></memoryBacking>"              \
	"<vcpu cpuset='4-7'>2</vcpu><cputune><vcpupin vcpu='0' "               \
	"cpuset='4'/><vcpupin vcpu='1' cpuset='5'/><emulatorpin "              \
	"cpuset='6,7'/></cputune><numatune><memory nodeset='1'/></numatune>"

static const struct {
	const char *name;
	bool rt;
	const char *text, *want; /* want: all differences, one a line */
} compares[] = {
	{ "RT, right", true, D(RT_RIGHT), "" },
	{ "RT, all wrong", true,
	  "<domain><name>b</name><vcpu placement='auto'>4</vcpu></domain>",
	  "0 name: the definition has 'b', kvmrt.cfg wants 'a'\n"
	  "2 vCPUs: the definition has 4, kvmrt.cfg wants 2\n"
	  "6 cpuset: the definition has placement='auto', kvmrt.cfg wants "
	  "4-7\n"
	  "6 vCPU pins: the definition has 0, kvmrt.cfg wants 4\n"
	  "6 emulator pin: the definition has none, kvmrt.cfg wants 6-7\n"
	  "7 locked memory: the definition has no, kvmrt.cfg wants yes\n"
	  "7 page sharing: the definition allows it, kvmrt.cfg wants locked "
	  "memory\n"
	  "8 NUMA nodes: the definition has none, kvmrt.cfg wants 1\n" },
	{ "RT, a wrong pin and an iothread without", true,
	  D("<memoryBacking><nosharepages/><locked/></memoryBacking>"
	    "<vcpu cpuset='4-7'>2</vcpu><iothreads>1</iothreads><cputune>"
	    "<vcpupin vcpu='0' cpuset='4-5'/><vcpupin vcpu='1' cpuset='5'/>"
	    "<emulatorpin cpuset='6-7'/></cputune><numatune><memory "
	    "nodeset='1'/><memnode cellid='0' nodeset='0'/></numatune>"),
	  "6 vCPU pins: vCPU 0 is on 4-5, kvmrt.cfg wants 4 (1 of 2 differ)\n"
	  "6 iothread pins: the definition has 0, kvmrt.cfg wants 1\n"
	  "8 NUMA nodes: the definition has guest cells on 0, kvmrt.cfg "
	  "wants 1\n" },
	{ "RT starts with all vCPUs", true,
	  D("<memoryBacking><nosharepages/><locked/></memoryBacking>"
	    "<vcpu cpuset='4-7' current='1'>2</vcpu><cputune><vcpupin "
	    "vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5'/>"
	    "<emulatorpin cpuset='6-7'/></cputune><numatune><memory "
	    "nodeset='1'/></numatune>"),
	  "2 vCPUs: the definition starts with 1 of its 2, a real-time guest "
	  "starts with all\n" },
	{ "ordinary, right", false, D("<vcpu>2</vcpu>"), "" },
	{ "ordinary, current and pins are the user's", false,
	  D("<vcpu current='1'>2</vcpu><cputune><vcpupin vcpu='0' "
	    "cpuset='0'/></cputune>"),
	  "" },
	{ "ordinary, auto placement is the user's", false,
	  D("<vcpu placement='auto'>2</vcpu>"), "" },
	{ "ordinary, preferred nodes are the user's", false,
	  D("<vcpu>2</vcpu><numatune><memory mode='preferred' nodeset='0'/>"
	    "</numatune>"),
	  "" },
	{ "ordinary, bound though not wanted", false,
	  D("<vcpu cpuset='1'>2</vcpu><numatune><memory nodeset='0'/>"
	    "</numatune><memoryBacking><locked/></memoryBacking>"),
	  "6 cpuset: the definition has 1, kvmrt.cfg wants none\n"
	  "7 locked memory: the definition has yes, kvmrt.cfg wants no\n"
	  "8 NUMA nodes: the definition has 0, kvmrt.cfg wants none\n" },
	{ "topology of another count", false,
	  D("<vcpu>2</vcpu><cpu><topology sockets='2' cores='2' "
	    "threads='1'/></cpu>"),
	  "3 CPU topology: the definition has 2,2,1, which is not 2 vCPUs\n" },
	{ "topology of the same count", false,
	  D("<vcpu>2</vcpu><cpu><topology sockets='1' dies='2' cores='1' "
	    "threads='1'/></cpu>"),
	  "" },
	{ "topology that overflows", false,
	  D("<vcpu>2</vcpu><cpu><topology sockets='65536' cores='65536' "
	    "dies='4294967295' threads='2'/></cpu>"),
	  "3 CPU topology: the definition has 65536,65536,2 with 4294967295 "
	  "dies and 1 clusters, which is not 2 vCPUs\n" },
	{ "texts differ", false,
	  D("<title>x</title><description>y</description><vcpu>2</vcpu>"),
	  "1 title: the definition has 'x', kvmrt.cfg wants ''\n"
	  "1 description: the definition has 'y', kvmrt.cfg wants ''\n" },
	{ "blank texts are none", false,
	  D("<title> </title><description>\n\n</description><vcpu>2</vcpu>"),
	  "" },
	{ "hidden and a device that are not wanted", false,
	  D("<vcpu>2</vcpu><features><kvm><hidden state='on'/></kvm>"
	    "</features><devices><hostdev type='pci'><source><address "
	    "bus='1' slot='0'/></source></hostdev></devices>"),
	  "4 hidden KVM: the definition has on, kvmrt.cfg wants off\n"
	  "5 PCI device 0000:01:00.0: the definition passes it, kvmrt.cfg "
	  "does not\n" },
	{ "an interface's device need not be wanted", false,
	  D("<vcpu>2</vcpu><devices><interface type='hostdev'><source>"
	    "<address type='pci' bus='1' slot='0'/></source></interface>"
	    "</devices>"),
	  "" },
};

static char *compare(const char *text, const struct rt_guest *guest)
{
	struct rt_differences found = { 0 };
	struct rt_domain domain = { 0 };
	struct rt_strbuf buf = { 0 };
	struct rt_err err = { 0 };
	char *out = NULL;

	if (!parse(text, &domain))
		return NULL;
	if (rt_domain_compare(&domain, guest, &found, &err) < 0)
		rt_strbuf_adds(&buf, err.text);
	for (size_t i = 0; i < found.n; i++)
		rt_strbuf_addf(&buf, "%d %s\n", (int)found.items[i].kind,
			       found.items[i].what);
	if (rt_strbuf_take(&buf, &out, &err) < 0)
		abort();
	rt_differences_fini(&found);
	rt_domain_fini(&domain);
	return out;
}

static void check_compares(void)
{
	for (size_t i = 0; i < sizeof(compares) / sizeof(compares[0]); i++) {
		struct rt_guest guest = { 0 };
		char *got;

		make_guest(&guest, compares[i].rt);
		got = compare(compares[i].text, &guest);
		is_str(got, compares[i].want, compares[i].name);
		free(got);
	}
}

static void is_compare(const struct rt_guest *guest, const char *text,
		       const char *want, const char *name)
{
	char *got = compare(text, guest);

	is_str(got, want, name);
	free(got);
}

static void check_refusals(void)
{
	struct rt_guest guest = { 0 }, rt = { 0 };

	make_guest(&guest, false);
	snprintf(guest.uuid, sizeof(guest.uuid), "%s",
		 "0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01");
	is_compare(&guest,
		   D("<uuid>0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c02</uuid>"),
		   "the definition is of another guest, UUID "
		   "0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c02 instead of "
		   "0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01",
		   "another guest's document");
	guest.nr_vcpus = 0;
	is_compare(&guest, D(""), "nr_vcpus cannot be worked out",
		   "a guest without vCPUs");
	make_guest(&rt, true);
	rt_cpuset_clear(&rt.service);
	is_compare(&rt, D(""),
		   "its usable CPUs '4-7' are too few for 2 vCPUs and one "
		   "service CPU",
		   "an RT guest without service CPU");
}

static void check_kinds(void)
{
	unsigned abi = 0, mendable = 0, grave = 0;

	for (unsigned i = RT_DIFF_NAME; i <= RT_DIFF_NODES; i++) {
		abi |= (unsigned)rt_difference_is_abi(i) << i;
		mendable |= (unsigned)rt_difference_is_mendable(i) << i;
		grave |= (unsigned)rt_difference_is_grave(i) << i;
	}
	is_int(abi,
	       1 << RT_DIFF_VCPUS | 1 << RT_DIFF_TOPOLOGY |
		       1 << RT_DIFF_HIDE_KVM | 1 << RT_DIFF_DEVICES,
	       "what the guest would notice is ABI");
	is_int(mendable, 1 << RT_DIFF_PLACEMENT | 1 << RT_DIFF_NODES,
	       "what can be mended when it runs");
	is_int(grave,
	       1 << RT_DIFF_VCPUS | 1 << RT_DIFF_TOPOLOGY |
		       1 << RT_DIFF_HIDE_KVM | 1 << RT_DIFF_DEVICES |
		       1 << RT_DIFF_MEMORY,
	       "what a real-time guest must not start with");
}

int main(void)
{
	check_reads();
	check_texts();
	check_compares();
	check_refusals();
	check_kinds();
	return tap_done();
}
