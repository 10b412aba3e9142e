/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_rewrite.c - documents before and after */
#include "core/domain/domain.h"
#include "../tap.h"

enum who {
	PLAIN,	    /* ordinary: 2 vCPUs, 2,1,1 as without <topology> */
	BOUND,	    /* ordinary: 2 vCPUs on 0-3, node 0 */
	RT,	    /* RT: 2 vCPUs of 4-7, node 1 */
	TEXTS,	    /* PLAIN with title and description */
	HIDDEN,	    /* PLAIN with hidden KVM */
	DEVICES,    /* PLAIN with two PCI devices */
	RT_DEVICES, /* RT with the first of them */
	SHAPED,	    /* PLAIN with topology 1,1,2 */
	AUTO,	    /* PLAIN with topology auto */
	FIFO,	    /* RT with SCHED_FIFO vCPUs */
};

static struct rt_pci_addr devices[] = { { 0, 0x3b, 0, 1 },
					{ 0x10000, 1, 0x1f, 7 } };
static const struct rt_section any_topology = { .topology_auto = true };
static const struct rt_section own_topology = { .topology_auto = false };

static void bind(struct rt_guest *guest, unsigned low, unsigned high,
		 unsigned node)
{
	rt_cpuset_add_range(&guest->cpuset, low, high);
	guest->usable = guest->service = guest->cpuset;
	rt_cpuset_add(&guest->nodes, node);
}

static void make_guest(struct rt_guest *guest, enum who who)
{
	guest->name = (char *)"a";
	guest->title = (char *)(who == TEXTS ? "T & t" : "");
	guest->description = (char *)(who == TEXTS ? "one\ntwo" : "");
	guest->section = who == AUTO ? &any_topology : &own_topology;
	guest->nr_vcpus = 2;
	guest->sockets = who == SHAPED ? 1 : 2;
	guest->cores = 1;
	guest->threads = who == SHAPED ? 2 : 1;
	guest->hide_kvm = who == HIDDEN;
	if (who == DEVICES) {
		guest->pcidevs.items = devices;
		guest->pcidevs.n = 2;
	}
	if (who == BOUND)
		bind(guest, 0, 3, 0);
	if (who == RT_DEVICES) {
		guest->pcidevs.items = devices;
		guest->pcidevs.n = 1;
	}
	if (who != RT && who != RT_DEVICES && who != FIFO)
		return;
	guest->vcpu_fifo = who == FIFO ? 3 : 0;
	bind(guest, 4, 7, 1);
	guest->rt = guest->locked = true;
	rt_cpuset_add_range(&guest->vcpus, 4, 5);
	rt_cpuset_minus(&guest->service, &guest->vcpus);
}

#define NL	   "\n"
#define DOC(inner) "<domain>\n  <name>a</name>\n" inner "</domain>\n"
#define V2	   "  <vcpu>2</vcpu>\n"
#define HOSTDEV(attributes, bus, slot, function)                               \
	"    <hostdev " attributes ">\n"                                       \
	"      <source>\n"                                                     \
	"        <address domain=\"0x0000\" bus=\"" bus "\" slot=\"" slot      \
	"\" function=\"" function "\"/>\n"                                     \
	"      </source>\n"                                                    \
	"    </hostdev>\n"

struct change {
	const char *name;
	enum who who;
	const char *before, *after; /* after NULL: byte for byte the same */
};

static const struct change changes[] = {
	{ "nothing to do keeps every byte", PLAIN,
	  "<?xml version='1.0'?>\r\n<domain  type = 'kvm'\t><name>a</name >"
	  "<vcpu current='1'\n>2</vcpu><empty></empty>&#x20;</domain>\n\n",
	  NULL },
	{ "another name and count", PLAIN,
	  "<domain>\n  <name>b<!-- c --></name>\n  <vcpu current='3'>4</vcpu>"
	  "\n</domain>\n",
	  "<domain>\n  <name>a<!-- c --></name>\n  <vcpu>2</vcpu>\n</domain>"
	  "\n" },
	{ "no <vcpu> yet", PLAIN, DOC("  <memory>1</memory>\n  <os/>\n"),
	  DOC("  <memory>1</memory>\n" V2 "  <os/>\n") },
	{ "a new count takes its scheduling along", PLAIN,
	  DOC("  <vcpu>4</vcpu>\n  <vcpus>\n    <vcpu id='0' enabled='yes'/>\n"
	      "  </vcpus>\n  <cputune>\n    <shares>5</shares>\n"
	      "    <vcpupin vcpu='1' cpuset='1'/>\n"
	      "    <vcpupin vcpu='3' cpuset='1'/>\n"
	      "    <vcpusched vcpus='1-3' scheduler='rr' priority='1'/>\n"
	      "    <vcpusched vcpus='0,^0,3' scheduler='idle'/>\n"
	      "    <cachetune vcpus='0-2'>\n      <monitor vcpus='0'/>\n"
	      "      <monitor vcpus='0-2'/>\n    </cachetune>\n"
	      "    <memorytune vcpus='3'/>\n  </cputune>\n"),
	  DOC(V2
	      "  <cputune>\n    <shares>5</shares>\n"
	      "    <vcpupin vcpu=\"1\" cpuset=\"1\"/>\n"
	      "    <vcpusched vcpus=\"1\" scheduler=\"rr\" priority=\"1\"/>\n"
	      "    <cachetune vcpus=\"0-1\">\n      <monitor vcpus=\"0\"/>\n"
	      "    </cachetune>\n  </cputune>\n") },
#define RT_DOC(inner)                                                          \
	DOC("  <memoryBacking>\n    <nosharepages/>\n    <locked/>\n"          \
	    "  </memoryBacking>\n"                                             \
	    "  <vcpu placement=\"static\" cpuset=\"4-7\">2</vcpu>\n"           \
	    "  <cputune>\n    <vcpupin vcpu=\"0\" cpuset=\"4\"/>\n"            \
	    "    <vcpupin vcpu=\"1\" cpuset=\"5\"/>\n"                         \
	    "    <emulatorpin cpuset=\"6-7\"/>\n" inner "  </cputune>\n"       \
	    "  <numatune>\n    <memory mode=\"strict\" nodeset=\"1\"/>\n"      \
	    "  </numatune>\n")
	{ "no class where none is wanted", RT,
	  RT_DOC("    <vcpusched vcpus=\"0\" scheduler=\"rr\" "
		 "priority=\"1\"/>\n"
		 "    <vcpusched vcpus=\"1\" scheduler=\"fifo\" "
		 "priority=\"2\"/>\n"
		 "    <iothreadsched iothreads=\"1\" scheduler=\"batch\"/>\n"),
	  RT_DOC("    <iothreadsched iothreads=\"1\" "
		 "scheduler=\"batch\"/>\n") },
	{ "SCHED_FIFO from nothing", FIFO,
	  RT_DOC("    <emulatorsched scheduler=\"batch\"/>\n"),
	  RT_DOC("    <vcpusched vcpus=\"0-1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n    <emulatorsched "
		 "scheduler=\"batch\"/>\n") },
	{ "SCHED_FIFO as it is wanted", FIFO,
	  RT_DOC("    <vcpusched vcpus=\"0\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n"
		 "    <vcpusched vcpus=\"1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n"),
	  NULL },
	{ "SCHED_FIFO with another priority", FIFO,
	  RT_DOC("    <vcpusched vcpus=\"0-1\" scheduler=\"fifo\" "
		 "priority=\"4\"/>\n"),
	  RT_DOC("    <vcpusched vcpus=\"0-1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n") },
	{ "SCHED_FIFO of one vCPU alone", FIFO,
	  RT_DOC("    <vcpusched vcpus=\"1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n"),
	  RT_DOC("    <vcpusched vcpus=\"0-1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n") },
	{ "two priorities", FIFO,
	  RT_DOC("    <vcpusched vcpus=\"0\" scheduler=\"fifo\" "
		 "priority=\"4\"/>\n"
		 "    <vcpusched vcpus=\"1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n"),
	  RT_DOC("    <vcpusched vcpus=\"0-1\" scheduler=\"fifo\" "
		 "priority=\"3\"/>\n") },
	{ "a topology of another count", AUTO,
	  DOC(V2 "  <cpu>\n    <model>m</model>\n    <topology sockets='2' "
		 "dies='2' cores='2' threads='2'/>\n  </cpu>\n"),
	  DOC(V2 "  <cpu>\n    <model>m</model>\n    <topology sockets=\"1\" "
		 "dies=\"1\" cores=\"2\" threads=\"1\"/>\n  </cpu>\n") },
	{ "auto, no topology", AUTO, DOC(V2 "  <cpu/>\n"),
	  DOC(V2 "  <cpu>\n    <topology sockets=\"1\" cores=\"2\" "
		 "threads=\"1\"/>\n  </cpu>\n") },
	{ "auto, another topology of the count", AUTO,
	  DOC(V2 "  <cpu>\n    <topology sockets='2' cores='1' threads='1'/>\n"
		 "  </cpu>\n"),
	  DOC(V2 "  <cpu>\n    <topology sockets=\"1\" cores=\"2\" "
		 "threads=\"1\"/>\n  </cpu>\n") },
	{ "auto, dies of the count", AUTO,
	  DOC(V2 "  <cpu>\n    <topology sockets='1' dies='2' cores='1' "
		 "threads='1'/>\n  </cpu>\n"),
	  NULL },
	{ "an own topology, no <cpu>", SHAPED,
	  DOC(V2 "  <features/>\n  <clock/>\n"),
	  DOC(V2 "  <features/>\n  <cpu>\n    <topology sockets=\"1\" "
		 "cores=\"1\" threads=\"2\"/>\n  </cpu>\n  <clock/>\n") },
	{ "an own topology into <cpu>", SHAPED,
	  DOC(V2 "  <cpu>\n    <model>m</model>\n    <feature name='f'/>\n"
		 "  </cpu>\n"),
	  DOC(V2 "  <cpu>\n    <model>m</model>\n    <topology sockets=\"1\" "
		 "cores=\"1\" threads=\"2\"/>\n    <feature name=\"f\"/>\n"
		 "  </cpu>\n") },
	{ "not bound any more; own pins stay", PLAIN,
	  DOC("  <vcpu placement='static' cpuset='1'>2</vcpu>\n  <cputune>\n"
	      "    <emulatorpin cpuset='9'/>\n  </cputune>\n  <numatune>\n"
	      "    <memory nodeset='1'/>\n  </numatune>\n"),
	  DOC("  <vcpu placement=\"static\">2</vcpu>\n  <cputune>\n"
	      "    <emulatorpin cpuset=\"9\"/>\n  </cputune>\n") },
	{ "guest cells keep their nodes", PLAIN,
	  DOC(V2 "  <numatune>\n    <memory nodeset='1'/>\n    <memnode "
		 "cellid='0' nodeset='1'/>\n  </numatune>\n"),
	  DOC(V2 "  <numatune>\n    <memnode cellid=\"0\" nodeset=\"1\"/>\n"
		 "  </numatune>\n") },
	{ "not locked any more", PLAIN,
	  DOC("  <memoryBacking>\n    <nosharepages/>\n    <locked/>\n"
	      "  </memoryBacking>\n" V2),
	  DOC("  <memoryBacking>\n    <nosharepages/>\n  "
	      "</memoryBacking>\n" V2) },
	{ "not locked any more, nothing else", PLAIN,
	  DOC("  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n" V2),
	  DOC(V2) },
	{ "bound: pins outside go, inside stay", BOUND,
	  DOC("  <vcpu placement='auto'>2</vcpu>\n  <cputune>\n"
	      "    <vcpupin vcpu='0' cpuset='2'/>\n"
	      "    <!-- the other -->\n"
	      "    <vcpupin vcpu='1' cpuset='2-4'/>\n"
	      "    <emulatorpin cpuset='8'/>\n  </cputune>\n  <numatune>\n"
	      "    <memory mode='preferred'/>\n  </numatune>\n"),
	  DOC("  <vcpu placement=\"static\" cpuset=\"0-3\">2</vcpu>\n"
	      "  <cputune>\n    <vcpupin vcpu=\"0\" cpuset=\"2\"/>\n"
	      "    <!-- the other -->\n  </cputune>\n  <numatune>\n"
	      "    <memory mode=\"strict\" nodeset=\"0\"/>\n  </numatune>\n") },
	{ "bound: an emptied <cputune> goes", BOUND,
	  DOC("  <vcpu cpuset='0-3'>2</vcpu>\n  <cputune>\n"
	      "    <emulatorpin cpuset='8'/>\n  </cputune>\n  <numatune>\n"
	      "    <memory mode='restrictive' nodeset='0'/>\n"
	      "    <memnode cellid='0' mode='restrictive' nodeset='3'/>\n"
	      "  </numatune>\n"),
	  DOC("  <vcpu cpuset=\"0-3\">2</vcpu>\n  <numatune>\n"
	      "    <memory mode=\"strict\" nodeset=\"0\"/>\n"
	      "    <memnode cellid=\"0\" mode=\"strict\" nodeset=\"3\"/>\n"
	      "  </numatune>\n") },
	{ "RT from nothing", RT, DOC("  <memory>1</memory>\n" V2 "  <os/>\n"),
	  DOC("  <memory>1</memory>\n"
	      "  <memoryBacking>\n    <nosharepages/>\n    <locked/>\n"
	      "  </memoryBacking>\n"
	      "  <vcpu placement=\"static\" cpuset=\"4-7\">2</vcpu>\n"
	      "  <cputune>\n    <vcpupin vcpu=\"0\" cpuset=\"4\"/>\n"
	      "    <vcpupin vcpu=\"1\" cpuset=\"5\"/>\n"
	      "    <emulatorpin cpuset=\"6-7\"/>\n  </cputune>\n"
	      "  <numatune>\n    <memory mode=\"strict\" nodeset=\"1\"/>\n"
	      "  </numatune>\n  <os/>\n") },
	{ "RT among others", RT,
	  DOC("  <memoryBacking>\n    <hugepages/>\n    <source/>\n"
	      "  </memoryBacking>\n  <vcpu cpuset='4,5-7'>2</vcpu>\n"
	      "  <iothreads>2</iothreads>\n  <cputune>\n    "
	      "<shares>1</shares>\n"
	      "    <vcpupin vcpu='1' cpuset='9'/>\n"
	      "    <vcpupin vcpu='8' cpuset='9'/>\n"
	      "    <emulatorsched scheduler='fifo' priority='1'/>\n"
	      "  </cputune>\n  <numatune>\n    <memory placement='auto'/>\n"
	      "    <memnode cellid='0' nodeset='0'/>\n  </numatune>\n"),
	  DOC("  <memoryBacking>\n    <hugepages/>\n    <nosharepages/>\n"
	      "    <locked/>\n    <source/>\n  </memoryBacking>\n"
	      "  <vcpu cpuset=\"4,5-7\">2</vcpu>\n"
	      "  <iothreads>2</iothreads>\n  <cputune>\n    "
	      "<shares>1</shares>\n"
	      "    <vcpupin vcpu=\"1\" cpuset=\"5\"/>\n"
	      "    <vcpupin vcpu=\"0\" cpuset=\"4\"/>\n"
	      "    <emulatorpin cpuset=\"6-7\"/>\n"
	      "    <iothreadpin iothread=\"1\" cpuset=\"6-7\"/>\n"
	      "    <iothreadpin iothread=\"2\" cpuset=\"6-7\"/>\n"
	      "    <emulatorsched scheduler=\"fifo\" priority=\"1\"/>\n"
	      "  </cputune>\n  <numatune>\n"
	      "    <memory mode=\"strict\" nodeset=\"1\"/>\n  </numatune>\n") },
	{ "texts", TEXTS,
	  "<domain>\n\t<name>a</name>\n\t<description>x<!-- c --></description>"
	  "\n\t<vcpu>2</vcpu>\n</domain>\n",
	  "<domain>\n\t<name>a</name>\n\t<title>T &amp; t</title>\n"
	  "\t<description>one\ntwo<!-- c --></description>\n"
	  "\t<vcpu>2</vcpu>\n</domain>\n" },
	{ "texts go", PLAIN, DOC("  <title>x</title>\n" V2), DOC(V2) },
	{ "hidden, from nothing", HIDDEN, DOC(V2 "  <os/>\n"),
	  DOC(V2 "  <os/>\n  <features>\n    <kvm>\n      <hidden "
		 "state=\"on\"/>\n    </kvm>\n  </features>\n") },
	{ "hidden, was off", HIDDEN,
	  DOC(V2 "  <features>\n    <kvm><hidden state='off'/></kvm>\n"
		 "  </features>\n"),
	  DOC(V2 "  <features>\n    <kvm><hidden state=\"on\"/></kvm>\n"
		 "  </features>\n") },
	{ "not hidden any more", PLAIN,
	  DOC(V2 "  <features>\n    <acpi/>\n    <kvm>\n      <hidden "
		 "state='on'/>\n    </kvm>\n  </features>\n"),
	  DOC(V2 "  <features>\n    <acpi/>\n  </features>\n") },
	{ "devices: unmanaged stays, added, taken out", DEVICES,
	  DOC(V2 "  <devices>\n    <disk/>\n" HOSTDEV(
		  "mode='subsystem' type='pci'", "0x3b", "0x00", "0x1")
		      HOSTDEV("type='pci' managed='yes'", "0x01", "0x00",
			      "0") "    <hostdev type='usb'/>\n    <video/>\n"
				   "  </devices>\n"),
	  DOC(V2 "  <devices>\n    <disk/>\n" HOSTDEV(
		  "mode=\"subsystem\" type=\"pci\"", "0x3b", "0x00",
		  "0x1") "    <hostdev type=\"usb\"/>\n"
			 "    <hostdev mode=\"subsystem\" type=\"pci\" "
			 "managed=\"yes\">\n"
			 "      <source>\n        <address domain=\"0x10000\" "
			 "bus=\"0x01\" slot=\"0x1f\" function=\"0x7\"/>\n"
			 "      </source>\n    </hostdev>\n    <video/>\n"
			 "  </devices>\n") },
	{ "a real-time guest's devices are managed", RT_DEVICES,
	  "<domain><name>a</name><memoryBacking><nosharepages/><locked/>"
	  "</memoryBacking><vcpu cpuset='4-7'>2</vcpu><cputune><vcpupin "
	  "vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5'/><emulatorpin "
	  "cpuset='6-7'/></cputune><numatune><memory mode='strict' "
	  "nodeset='1'/></numatune><devices><hostdev type='pci'><source>"
	  "<address domain='0' bus='59' slot='0' function='1'/></source>"
	  "</hostdev></devices></domain>",
	  "<domain><name>a</name><memoryBacking><nosharepages/><locked/>"
	  "</memoryBacking><vcpu cpuset=\"4-7\">2</vcpu><cputune><vcpupin "
	  "vcpu=\"0\" cpuset=\"4\"/><vcpupin vcpu=\"1\" cpuset=\"5\"/>"
	  "<emulatorpin cpuset=\"6-7\"/></cputune><numatune><memory "
	  "mode=\"strict\" nodeset=\"1\"/></numatune><devices><hostdev "
	  "type=\"pci\" managed=\"yes\"><source><address domain=\"0\" "
	  "bus=\"59\" slot=\"0\" function=\"1\"/></source></hostdev>"
	  "</devices></domain>\n" },
	{ "an interface passes a device", DEVICES,
	  DOC(V2
	      "  <devices>\n    <interface type='hostdev'>\n      <source>\n"
	      "        <address type='pci' bus='59' slot='0' function='1'/>\n"
	      "      </source>\n    </interface>\n"
	      "    <interface type='hostdev'><source><address bus='9' "
	      "slot='0'/></source></interface>\n    <hostdev type='pci' "
	      "managed='yes'><source><address domain='65536' bus='1' "
	      "slot='31' function='7'/></source></hostdev>\n"
	      "  </devices>\n"),
	  NULL },
	{ "all on one line", RT,
	  "<domain><name>a</name><vcpu>2</vcpu><os/></domain>",
	  "<domain><name>a</name><memoryBacking><nosharepages/><locked/>"
	  "</memoryBacking><vcpu placement=\"static\" cpuset=\"4-7\">2</vcpu>"
	  "<cputune><vcpupin vcpu=\"0\" cpuset=\"4\"/><vcpupin vcpu=\"1\" "
	  "cpuset=\"5\"/><emulatorpin cpuset=\"6-7\"/></cputune><numatune>"
	  "<memory mode=\"strict\" "
	  "nodeset=\"1\"/></numatune><os/></domain>\n" },
	{ "what is not ours", SHAPED,
	  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->\n<?p i?>\n"
	  "<domain xmlns:q=\"urn:q\">\n  <name>a</name>\n  <vcpu "
	  "q:current=\"x\">4</vcpu> <!-- why -->\n  <q:vcpu/>\n"
	  "  <x><![CDATA[<&]]>&#13;\xc3\xa4</x>\n</domain>\n",
	  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->\n<?p i?>\n"
	  "<domain xmlns:q=\"urn:q\">\n  <name>a</name>\n  <vcpu "
	  "q:current=\"x\">2</vcpu> <!-- why -->\n  <cpu>\n    <topology "
	  "sockets=\"1\" cores=\"1\" threads=\"2\"/>\n  </cpu>\n  <q:vcpu/>\n"
	  "  <x><![CDATA[<&]]>&#13;\xc3\xa4</x>\n</domain>\n" },
};

static char *rewrite(const char *text, const struct rt_guest *guest,
		     enum rt_rewrite mode, bool *ret_changed)
{
	struct rt_err err = { 0 };
	char *out = NULL;

	if (rt_domain_rewrite(text, strlen(text), guest, mode, &out,
			      ret_changed, &err) < 0)
		ok(false, "rewrite: %s", err.text);
	return out;
}

static void check_changes(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		struct rt_guest guest = { 0 };
		bool changed = false, again = true;
		char *first, *second;

		make_guest(&guest, c->who);
		first = rewrite(c->before, &guest, RT_REWRITE_ALL, &changed);
		if (!first)
			continue;
		is_str(first, c->after ? c->after : c->before, c->name);
		second = rewrite(first, &guest, RT_REWRITE_ALL, &again);
		ok(changed == !!c->after && !again && second &&
			   strcmp(first, second) == 0,
		   "%s: says so, and once is enough", c->name);
		free(first);
		free(second);
	}
}

static void check_keep_abi(void)
{
	static const char before[] =
		DOC("  <vcpu current='3'>4</vcpu>\n  <memoryBacking>\n"
		    "    <locked/>\n    <nosharepages/>\n  </memoryBacking>\n"
		    "  <numatune>\n    <memory nodeset='1'/>\n  </numatune>\n");
	static const char want[] =
		DOC("  <vcpu current=\"3\" placement=\"static\" "
		    "cpuset=\"4-7\">4</vcpu>\n  <cputune>\n    <vcpupin "
		    "vcpu=\"0\" cpuset=\"4\"/>\n"
		    "    <vcpupin vcpu=\"1\" cpuset=\"5\"/>\n"
		    "    <vcpupin vcpu=\"2\" cpuset=\"6-7\"/>\n"
		    "    <vcpupin vcpu=\"3\" cpuset=\"6-7\"/>\n"
		    "    <emulatorpin cpuset=\"6-7\"/>\n  </cputune>\n"
		    "  <memoryBacking>\n    <locked/>\n    <nosharepages/>\n"
		    "  </memoryBacking>\n  <numatune>\n    <memory "
		    "nodeset=\"1\"/>\n"
		    "  </numatune>\n");
	static const char abi[] =
		"<domain><name>b</name><vcpu>9</vcpu><features><kvm><hidden "
		"state='on'/></kvm></features></domain>";
	struct rt_guest rt = { 0 }, plain = { 0 };
	bool changed = false;
	char *text;

	make_guest(&rt, RT);
	text = rewrite(before, &rt, RT_REWRITE_KEEP_ABI, &changed);
	is_str(text, want, "KEEP_ABI: all vCPUs are placed, their count stays");
	free(text);
	make_guest(&plain, DEVICES);
	changed = true;
	text = rewrite(abi, &plain, RT_REWRITE_KEEP_ABI, &changed);
	ok(text && !changed && strcmp(text, abi) == 0,
	   "KEEP_ABI: name, vCPUs, hidden KVM and devices stay");
	free(text);
}

static const struct {
	const char *name;
	enum who who;
	const char *title, *text, *word;
} refusals[] = {
	{ "guest NUMA cells beyond the count", PLAIN, "",
	  DOC("  <vcpu>4</vcpu>\n  <cpu><numa><cell id='0' cpus='0-3'/></numa>"
	      "</cpu>\n"),
	  "virsh edit" },
	{ "a title of two lines", PLAIN, "a\nb", DOC(V2), "line break" },
	{ "a title that XML cannot hold", PLAIN, "a\x01", DOC(V2),
	  "rewritten definition" },
};

static void check_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct rt_guest guest = { 0 };
		struct rt_err err = { 0 };
		bool changed = false;
		char *out = NULL;

		make_guest(&guest, refusals[i].who);
		guest.title = (char *)refusals[i].title;
		ok(rt_domain_rewrite(refusals[i].text, strlen(refusals[i].text),
				     &guest, RT_REWRITE_ALL, &out, &changed,
				     &err) < 0 &&
			   strstr(err.text, refusals[i].word) && !out,
		   "%s: %s", refusals[i].name, err.text);
		free(out);
	}
}

int main(void)
{
	check_changes();
	check_keep_abi();
	check_refusals();
	return tap_done();
}
