/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain_bad.c - documents that are broken or hostile get a clear error */
#include "core/domain/domain.h"
#include "../tap.h"

#include <time.h>

#define HEAD	 "<domain type='kvm'><name>a</name>"
#define TAIL	 "</domain>"
#define D(inner) HEAD inner TAIL
#define T(inner) D("<vcpu>4</vcpu><cputune>" inner "</cputune>")
#define I(inner) D("<iothreads>2</iothreads><cputune>" inner "</cputune>")
#define C(inner) D("<cpu><topology " inner "/></cpu>")
#define N(inner) D("<numatune>" inner "</numatune>")
#define P(inner)                                                               \
	D("<devices><hostdev mode='subsystem' type='pci'>" inner               \
	  "</hostdev></devices>")
#define A(attributes) P("<source><address " attributes "/></source>")

struct bad {
	const char *name, *text, *word; /* word: part of the error */
};

static const struct bad xml[] = {
	{ "nothing", "", "empty" },
	{ "blanks", " \n\t\n", "empty" },
	{ "a BOM alone", "\xef\xbb\xbf", "empty" },
	{ "plain text", "hello", "not XML" },
	{ "JSON", "{\"domain\": 1}", "not XML" },
	{ "text before the root", "x<domain/>", "not XML" },
	{ "only a declaration", "<?xml version='1.0'?>", "line 1" },
	{ "only a comment", "<!-- x -->", "line 1" },
	{ "a declaration late", " <?xml version='1.0'?><domain/>", "line 1" },
	{ "a declaration twice",
	  "<?xml version='1.0'?><?xml version='1.0'?><domain/>", "line 1" },
	{ "a declaration without version", "<?xml encoding='UTF-8'?><domain/>",
	  "line 1" },
	{ "wrong root", "<network/>", "<network>, not <domain>" },
	{ "root in capitals", "<DOMAIN/>", "<DOMAIN>" },
	{ "snapshot of a domain", "<domainsnapshot><domain/></domainsnapshot>",
	  "<domainsnapshot>" },
	{ "default namespace", "<domain xmlns='urn:x'/>", "namespace" },
	{ "prefixed root", "<x:domain xmlns:x='urn:x'/>", "namespace" },
	{ "two roots", "<domain/><domain/>", "line 1" },
	{ "text behind the root", "<domain/>x", "line 1" },
	{ "a second root is cut", "<domain/><", "does not end" },
	{ "cut in the tag name", "<dom", "does not end" },
	{ "cut behind the tag name", "<domain", "does not end" },
	{ "cut in an attribute's name", "<domain ty", "does not end" },
	{ "cut behind =", "<domain type=", "does not end" },
	{ "cut in a value", "<domain type='k", "does not end" },
	{ "cut behind a value", "<domain type='kvm'", "does not end" },
	{ "cut at /", "<domain/", "does not end" },
	{ "cut in the content", "<domain>", "line 1" },
	{ "cut in text", "<domain><name>a", "line 1" },
	{ "cut in an end tag", "<domain></dom", "does not end" },
	{ "cut in a comment", "<domain><!-- x --", "does not end" },
	{ "cut in CDATA", "<domain><![CDATA[ x ]]", "does not end" },
	{ "cut in a PI", "<domain><?x ?", "does not end" },
	{ "cut in a reference", "<domain>&am", "line 1" },
	{ "cut in a character reference", "<domain>&#x4", "line 1" },
	{ "tags cross", "<domain><a><b></a></b></domain>", "line 1" },
	{ "end tag of another", "<domain>\n</dom>", "line 2" },
	{ "end tag without start", "</domain>", "line 1" },
	{ "attribute without value", "<domain type></domain>", "line 1" },
	{ "attribute without quotes", "<domain type=kvm></domain>", "line 1" },
	{ "attribute twice", "<domain a='1' a='2'/>", "redefined" },
	{ "< in a value", "<domain a='<'/>", "line 1" },
	{ "bare ampersand", D("<title>a & b</title>"), "line 1" },
	{ "unknown entity", D("<title>&foo;</title>"), "foo" },
	{ "-- in a comment", D("<!-- a -- b -->"), "line 1" },
	{ "]]> in text", D("]]>"), "line 1" },
	{ "control character", D("\x01"), "line 1" },
	{ "escape character", D("<title>\x1b[2J</title>"), "line 1" },
	{ "reference to NUL", D("&#0;"), "line 1" },
	{ "reference to a surrogate", D("&#xd800;"), "line 1" },
	{ "reference beyond Unicode", D("&#x110000;"), "line 1" },
	{ "name starts with a digit", "<domain><1/></domain>", "line 1" },
	{ "Latin-1 bytes", D("<title>\xe4</title>"), "UTF-8" },
	{ "overlong byte", D("\xc0\xaf"), "UTF-8" },
	{ "surrogate in UTF-8", D("\xed\xa0\x80"), "UTF-8" },
	{ "a character cut at the end", "<domain/>\xe2\x82", "UTF-8" },
	{ "lone continuation byte", D("\x80"), "UTF-8" },
	{ "declared Latin-1",
	  "<?xml version='1.0' encoding='ISO-8859-1'?><domain/>", "encoding" },
	{ "declared UTF-7",
	  "<?xml version='1.0' encoding='UTF-7'?>+ADw-domain/+AD4-",
	  "encoding" },
	{ "declared UTF-16", "<?xml version='1.0' encoding='UTF-16'?><domain/>",
	  "encoding" },
	{ "declared nonsense", "<?xml version='1.0' encoding='x'?><domain/>",
	  "encoding" },
	{ "DOCTYPE", "<!DOCTYPE domain><domain/>", "DOCTYPE" },
	{ "DOCTYPE in small letters", "<!doctype domain><domain/>", "DOCTYPE" },
	{ "external DTD",
	  "<!DOCTYPE domain SYSTEM 'file:///dev/zero'><domain/>", "DOCTYPE" },
	{ "external entity",
	  "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
	  "<domain><name>&e;</name></domain>",
	  "DOCTYPE" },
	{ "network entity",
	  "<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY e SYSTEM "
	  "'http://192.0.2.1/'>]><domain>&e;</domain>",
	  "line 2: a DOCTYPE" },
	{ "parameter entity",
	  "<!DOCTYPE d [<!ENTITY % p SYSTEM 'file:///x'> %p;]><domain/>",
	  "DOCTYPE" },
	{ "billion laughs",
	  "<!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>"
	  "<!ENTITY c '&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;'>]>"
	  "<domain><name>&d;</name></domain>",
	  "DOCTYPE" },
	{ "DOCTYPE behind a comment", "<!-- x --><!DOCTYPE d><domain/>",
	  "DOCTYPE" },
	{ "DOCTYPE within", D("<!DOCTYPE d>"), "DOCTYPE" },
	{ "entity within", D("<!ENTITY a 'b'>"), "declaration" },
	{ "DOCTYPE behind a BOM", "\xef\xbb\xbf<!DOCTYPE d><domain/>",
	  "DOCTYPE" },
};

static const struct bad values[] = {
	{ "two names", D("<name>b</name>"), "second" },
	{ "two titles", D("<title/><title/>"), "second" },
	{ "two descriptions", D("<description/><description/>"), "second" },
	{ "two uuids",
	  D("<uuid>0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01</uuid>"
	    "<uuid>0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01</uuid>"),
	  "second" },
	{ "empty uuid", D("<uuid/>"), "not a UUID" },
	{ "short uuid", D("<uuid>0b5a3c9e</uuid>"), "not a UUID" },
	{ "long uuid", D("<uuid>0b5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c010</uuid>"),
	  "not a UUID" },
	{ "uuid of other letters",
	  D("<uuid>zb5a3c9e-8f0e-4f5c-9d5e-3a6f0d9b1c01</uuid>"),
	  "not a UUID" },
	{ "no vCPU", D("<vcpu>0</vcpu>"), "0 vCPUs" },
	{ "vCPUs not a number", D("<vcpu>two</vcpu>"), "'two'" },
	{ "vCPUs empty", D("<vcpu/>"), "not a number" },
	{ "vCPUs negative", D("<vcpu>-1</vcpu>"), "'-1'" },
	{ "vCPUs with a sign", D("<vcpu>+1</vcpu>"), "'+1'" },
	{ "vCPUs with a fraction", D("<vcpu>2.0</vcpu>"), "'2.0'" },
	{ "vCPUs in hexadecimal", D("<vcpu>0x2</vcpu>"), "'0x2'" },
	{ "trailing text", D("<vcpu>2 cpus</vcpu>"), "'2 cpus'" },
	{ "too many vCPUs", D("<vcpu>16385</vcpu>"), "16384" },
	{ "vCPUs beyond 32 bit", D("<vcpu>4294967298</vcpu>"), "not a number" },
	{ "vCPUs beyond 64 bit", D("<vcpu>18446744073709551618</vcpu>"),
	  "not a number" },
	{ "two vcpu", D("<vcpu>1</vcpu><vcpu>1</vcpu>"), "second" },
	{ "current 0", D("<vcpu current='0'>2</vcpu>"), "current='0'" },
	{ "current above", D("<vcpu current='3'>2</vcpu>"), "current='3'" },
	{ "current not a number", D("<vcpu current='x'>2</vcpu>"),
	  "current='x'" },
	{ "current empty", D("<vcpu current=''>2</vcpu>"), "current=''" },
	{ "cpuset empty", D("<vcpu cpuset=''>1</vcpu>"), "empty set" },
	{ "cpuset excludes itself", D("<vcpu cpuset='1,^1'>1</vcpu>"),
	  "empty set" },
	{ "cpuset of words", D("<vcpu cpuset='all'>1</vcpu>"), "'all'" },
	{ "cpuset backwards", D("<vcpu cpuset='3-1'>1</vcpu>"), "'3-1'" },
	{ "cpuset open", D("<vcpu cpuset='3-'>1</vcpu>"), "'3-'" },
	{ "cpuset negative", D("<vcpu cpuset='-1'>1</vcpu>"), "'-1'" },
	{ "cpuset excludes a range", D("<vcpu cpuset='0-7,^1-2'>1</vcpu>"),
	  "^1-2" },
	{ "cpuset twice excluded", D("<vcpu cpuset='0-7,^^1'>1</vcpu>"),
	  "^^1" },
	{ "cpuset without comma", D("<vcpu cpuset='1 2'>1</vcpu>"), "'1 2'" },
	{ "cpuset of commas", D("<vcpu cpuset=',,'>1</vcpu>"), "',,'" },
	{ "cpuset too high", D("<vcpu cpuset='16384'>1</vcpu>"), "16384" },
	{ "cpuset overflows", D("<vcpu cpuset='99999999999999999999'>1</vcpu>"),
	  "16384" },
	{ "cpuset with a line break", D("<vcpu cpuset='a&#10;b'>1</vcpu>"),
	  "'a?b'" },
	{ "state of a vCPU not there",
	  D("<vcpu>1</vcpu><vcpus><vcpu id='1' enabled='yes'/></vcpus>"),
	  "does not exist" },
	{ "state twice",
	  D("<vcpu>1</vcpu><vcpus><vcpu id='0' enabled='yes'/>"
	    "<vcpu id='0' enabled='yes'/></vcpus>"),
	  "twice" },
	{ "state without id", D("<vcpus><vcpu enabled='yes'/></vcpus>"),
	  "'id'" },
	{ "iothreads not a number", D("<iothreads>x</iothreads>"), "'x'" },
	{ "iothreads too many", D("<iothreads>100000</iothreads>"),
	  "'100000'" },
	{ "iothread id 0", D("<iothreadids><iothread id='0'/></iothreadids>"),
	  "0" },
	{ "iothread id twice",
	  D("<iothreadids><iothread id='1'/><iothread id='1'/></iothreadids>"),
	  "unique" },
	{ "iothread id too high",
	  D("<iothreadids><iothread id='70000'/></iothreadids>"), "70000" },
	{ "two cputune", D("<cputune/><cputune/>"), "second" },
	{ "pin without vcpu", T("<vcpupin cpuset='1'/>"), "'vcpu'" },
	{ "pin without cpuset", T("<vcpupin vcpu='1'/>"), "'cpuset'" },
	{ "pin to nothing", T("<vcpupin vcpu='1' cpuset=''/>"), "empty set" },
	{ "pin of a negative vCPU", T("<vcpupin vcpu='-1' cpuset='1'/>"),
	  "'-1'" },
	{ "pin beyond 32 bit", T("<vcpupin vcpu='4294967296' cpuset='1'/>"),
	  "4294967296" },
	{ "pin twice",
	  T("<vcpupin vcpu='1' cpuset='1'/><vcpupin vcpu='1' cpuset='1'/>"),
	  "twice" },
	{ "two emulatorpin",
	  T("<emulatorpin cpuset='1'/><emulatorpin cpuset='1'/>"), "second" },
	{ "emulatorpin without cpuset", T("<emulatorpin/>"), "'cpuset'" },
	{ "iothreadpin of none", I("<iothreadpin iothread='3' cpuset='1'/>"),
	  "does not exist" },
	{ "iothreadpin twice",
	  I("<iothreadpin iothread='2' cpuset='1'/>"
	    "<iothreadpin iothread='2' cpuset='1'/>"),
	  "twice" },
	{ "topology without cores", C("sockets='1' threads='1'"), "'cores'" },
	{ "topology with 0", C("sockets='0' cores='1' threads='1'"),
	  "sockets cannot be 0" },
	{ "topology with 0 dies",
	  C("sockets='1' dies='0' cores='1' threads='1'"), "dies" },
	{ "topology negative", C("sockets='1' cores='-1' threads='1'"),
	  "cores='-1'" },
	{ "two topologies",
	  D("<cpu><topology sockets='1' cores='1' threads='1'/>"
	    "<topology sockets='1' cores='1' threads='1'/></cpu>"),
	  "second" },
	{ "memory not a number", D("<memory>lots</memory>"), "'lots'" },
	{ "memory negative", D("<memory>-5</memory>"), "'-5'" },
	{ "memory unit unknown", D("<memory unit='XB'>1</memory>"), "'XB'" },
	{ "memory unit too long", D("<memory unit='KiBs'>1</memory>"),
	  "'KiBs'" },
	{ "memory overflows", D("<memory unit='EiB'>99</memory>"),
	  "too large" },
	{ "memory beyond 64 bit",
	  D("<memory unit='b'>18446744073709551616</memory>"), "not a number" },
	{ "two numatune", D("<numatune/><numatune/>"), "second" },
	{ "nodeset of words", N("<memory nodeset='x'/>"), "nodeset='x'" },
	{ "nodeset empty", N("<memory nodeset=''/>"), "empty set" },
	{ "memnode without nodeset", N("<memnode cellid='0'/>"), "'nodeset'" },
	{ "two hidden", D("<features><kvm><hidden/><hidden/></kvm></features>"),
	  "second" },
	{ "two devices", D("<devices/><devices/>"), "second" },
	{ "PCI without source", P(""), "<source>" },
	{ "PCI without address", P("<source/>"), "<address>" },
	{ "PCI address empty", A(""), "bus and slot" },
	{ "PCI domain only", A("domain='0'"), "bus and slot" },
	{ "PCI bus too high", A("bus='0x100' slot='0'"), "bus='0x100'" },
	{ "PCI slot too high", A("bus='0' slot='0x20'"), "slot='0x20'" },
	{ "PCI function too high", A("bus='0' slot='0' function='8'"),
	  "function='8'" },
	{ "PCI bad digit", A("bus='0xzz' slot='0'"), "0xzz" },
	{ "PCI bad octal", A("bus='08' slot='0'"), "'08'" },
	{ "PCI 0x alone", A("bus='0x' slot='0'"), "'0x'" },
	{ "PCI negative", A("bus='-1' slot='0'"), "'-1'" },
	{ "PCI domain beyond 32 bit",
	  A("domain='0x100000000' bus='0' slot='0'"), "0x100000000" },
	{ "PCI address of USB", A("type='usb' bus='1' device='2'"),
	  "not a PCI" },
	{ "interface without address",
	  D("<devices><interface type='hostdev'/></devices>"), "<address>" },
};

static void check(const char *name, const char *text, size_t len,
		  const char *word)
{
	/* A copy of its own, so that a byte read too far is noticed. */
	char *copy = malloc(len ? len : 1), *out = NULL;
	struct rt_domain domain = { 0 };
	struct rt_guest guest = { .nr_vcpus = 1 };
	struct rt_err err = { 0 };
	bool changed = false;
	int r, again;

	memcpy(copy, text, len);
	r = rt_domain_parse(copy, len, &domain, &err);
	if (!ok(r < 0 && strstr(err.text, word), "%s: '%s'", name, word))
		printf("#  got: %d %s\n", r, err.text);
	again = rt_domain_rewrite(copy, len, &guest, RT_REWRITE_ALL, &out,
				  &changed, &err);
	if (r == 0 || again == 0 || out || strchr(err.text, '\n'))
		ok(false, "%s: rewriting refuses it in one line", name);
	rt_domain_fini(&domain);
	free(out);
	free(copy);
}

static void check_table(const struct bad *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(table[i].name, table[i].text, strlen(table[i].text),
		      table[i].word);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct large {
	const char *name, *head, *repeated, *tail;
	size_t times;
	const char *word; /* NULL: it is accepted */
};

#define MB ((size_t)1 << 20)

static const struct large larges[] = {
	{ "100,000 elements deep", "<domain>", "<a>", "", 100000, "deep" },
	{ "just too deep", "<domain>", "<a>", "", 200, "deep" },
	{ "20 MB of text", "<domain>", "xxxxxxxxxx", "</domain>", 2 * MB,
	  "bytes of XML" },
	{ "an attribute of 7 MB", "<domain a='", "xxxxxxx", "'/><", MB,
	  "does not end" },
	{ "a million attributes", "<domain ", "a='' ", "/>", MB, "attributes" },
	{ "a name of 7 MB", "<", "domains", "/>", MB, "" },
	{ "a tag of 7 MB without end", "<domain ", "a a a a", "", MB,
	  "does not end" },
	{ "only tag openers", "", "<", "", 7 * MB, "does not end" },
	{ "quadratic comment starts", "<domain>", "<!-", "", 2 * MB,
	  "DOCTYPE" },
	{ "unended CDATA", "<domain>", "<![CDATA[", "", MB / 2,
	  "does not end" },
	{ "ampersands", "<domain>", "&amp;", "</domai>", MB, "" },
	{ "many namespaces", "<domain ", "xmlns:a='a' ", "/>", MB / 2,
	  "attributes" },
	{ "too many devices", "<domain><devices>",
	  "<hostdev type='pci'><source><address bus='1' slot='0'/></source>"
	  "</hostdev><hostdev type='pci'/>",
	  "</devices></domain>", 1, "<source>" },
	{ "uuid of 7 MB", "<domain><uuid>", "1234567", "</uuid></domain>", MB,
	  "not a UUID" },
	{ "vCPU count of 7 MB", "<domain><vcpu>", "1234567", "</vcpu></domain>",
	  MB, "not a number" },
	{ "cpuset of 7 MB", "<domain><vcpu cpuset='", "0-8191,",
	  "'>1</vcpu></domain>", MB, "too long" },
	{ "a million children", "<domain>", "<a/>", "</domain>", MB, NULL },
	{ "a million stale pins", "<domain><cputune>", "<vcpupin vcpu='9'/>",
	  "</cputune></domain>", MB / 4, NULL },
	{ "a million comments", "<domain>", "<!---->", "</domain>", MB, NULL },
	{ "a title of 7 MB", "<domain><title>", "1234567", "</title></domain>",
	  MB, NULL },
};

static char *generate(const struct large *large, size_t *ret_len)
{
	struct rt_strbuf buf = { 0 };
	struct rt_err err;
	char *text = NULL;

	rt_strbuf_adds(&buf, large->head);
	for (size_t i = 0; i < large->times; i++)
		rt_strbuf_adds(&buf, large->repeated);
	rt_strbuf_adds(&buf, large->tail);
	*ret_len = buf.len;
	if (rt_strbuf_take(&buf, &text, &err) < 0)
		abort();
	return text;
}

static void check_larges(void)
{
	for (size_t i = 0; i < sizeof(larges) / sizeof(larges[0]); i++) {
		const double start = seconds();
		struct rt_domain domain = { 0 };
		struct rt_err err = { 0 };
		size_t len;
		char *text = generate(&larges[i], &len);

		if (larges[i].word) {
			check(larges[i].name, text, len, larges[i].word);
		} else {
			ok(rt_domain_parse(text, len, &domain, &err) == 0,
			   "%s: accepted %s", larges[i].name, err.text);
			rt_domain_fini(&domain);
		}
		/* Generous: sanitizers and a busy machine. */
		ok(seconds() - start < 20, "%s: in bounded time",
		   larges[i].name);
		free(text);
	}
}

static void check_bytes(void)
{
	static const char nul[] = "<domain>\0</domain>";
	static const char nul_last[] = "<domain/>\0";
	static const char utf16[] = "\xff\xfe<\0d\0/\0>\0";
	static const char utf16be[] = "\xfe\xff\0<\0d\0/\0>";
	static const char utf32[] = "\0\0\xfe\xff\0\0\0<";

	check("NUL byte", nul, sizeof(nul) - 1, "NUL");
	check("NUL byte at the end", nul_last, sizeof(nul_last) - 1, "NUL");
	check("UTF-16 with BOM", utf16, sizeof(utf16) - 1, "UTF-16");
	check("UTF-16 big endian", utf16be, sizeof(utf16be) - 1, "UTF-16");
	check("UTF-16 without BOM", utf16 + 2, sizeof(utf16) - 3, "NUL");
	check("UTF-32", utf32, sizeof(utf32) - 1, "NUL");
}

/* Nothing that is cut anywhere is taken for a whole. */
static void check_prefixes(void)
{
	static const char text[] =
		"<?xml version='1.0' encoding='UTF-8'?><!-- c --><domain "
		"type='kvm'><name>\xc3\xa4&amp;&#x41;<![CDATA[b]]></name><vcpu "
		"cpuset='0-3,^1'>2</vcpu><?pi x?><x:y xmlns:x='z'/></domain>";
	size_t accepted = 0;

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = malloc(len ? len : 1);
		struct rt_domain domain = { 0 };
		struct rt_err err = { 0 };

		memcpy(copy, text, len);
		if (rt_domain_parse(copy, len, &domain, &err) == 0)
			accepted++;
		rt_domain_fini(&domain);
		free(copy);
	}
	is_int((long long)accepted, 0, "no prefix of a document is accepted");
}

int main(void)
{
	check_table(xml, sizeof(xml) / sizeof(xml[0]));
	check_table(values, sizeof(values) / sizeof(values[0]));
	check_bytes();
	check_prefixes();
	check_larges();
	return tap_done();
}
