/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain.h - a libvirt domain document: what kvmrt sets in it is read, compared
 * with a guest, and rewritten
 *
 * Documents are parsed from memory, without network, entities or DTDs, within
 * a size and a depth limit, as UTF-8 only. Everything that is not ours is left
 * as it is. An element of ours that libvirt allows once and that is there twice
 * is an error, and so is every value that libvirt would not take.
 *
 * What a guest's section means for its definition:
 *
 *   title, description
 *	  equal but for blanks around lines and empty lines, which kvmrt.cfg
 *	  cannot hold; empty: no element
 *   vCPU count
 *	  <vcpu>, the maximum. `current` stays on an ordinary guest whose
 *	  maximum is right (vCPUs to be plugged in later are the user's); an RT
 *	  guest starts with all of them. A new count drops `current` and
 *	  <vcpus>, so that all start, and takes vCPUs that are no more out of
 *	  vcpusched, cachetune and memorytune, which libvirt would refuse. In
 *	  <cpu><numa> they are an error: how to deal out the rest is the user's.
 *   topology
 *	  `auto` (also when the guest has no section) is right when there is none
 *	  or its product is the count
 *   placement
 *	  RT: <vcpu placement='static' cpuset> as in kvmrt.cfg (one that
 *	  leaves the offline siblings out says the same), one vcpupin for each
 *	  vCPU, emulatorpin and one iothreadpin for each iothread on the service
 *	  CPUs; no other pin.
 *	  Ordinary with cpuset: <vcpu cpuset>; pins that leave it go, those
 *	  inside are the user's and stay.
 *	  Ordinary without: <vcpu cpuset> goes; pins and placement='auto' are
 *	  the user's and stay, so that an imported guest survives.
 *   scheduling class
 *	  RT: no <vcpusched>, or with vcpu_sched = fifo:N one for all vCPUs.
 *	  An ordinary guest's are the user's and stay.
 *   memory
 *	  locked: <locked/> and <nosharepages/>; an ordinary guest that is
 *	  locked already may leave the second out. Not locked: no
 *	  <locked/>; <nosharepages/> stays, for it is harmless and may be the
 *	  user's.
 *   nodes
 *	  <numatune><memory mode='strict' nodeset>. RT: memnode elements that
 *	  leave the nodes go. None: a strict memory element goes; other modes
 *	  and memnode elements are the user's and stay.
 *   hide_kvm
 *	  no <hidden> is the same as state='off'
 *   PCI devices
 *	  <hostdev type='pci' managed='yes'>; an ordinary guest's that are not
 *	  managed stay so. One that <interface
 *	  type='hostdev'> passes counts as passed and is never added again nor
 *	  taken away: its MAC address and VLAN are the user's.
 */
#ifndef RT_DOMAIN_H
#define RT_DOMAIN_H

#include "core/model/guest.h"
#include "core/base/strbuf.h"

#define RT_DOMAIN_XML_MAX (8u << 20) /* bytes */

struct rt_domain_pin {
	unsigned id; /* vCPU from 0, or iothread from 1 */
	struct rt_cpuset cpus;
};

struct rt_domain_pins {
	struct rt_domain_pin *items;
	size_t n, size;
};

/* What kvmrt sets in a document, as it stands there. */
struct rt_domain {
	char uuid[RT_UUID_LEN + 1];	  /* "" when the document has none */
	char *name, *title, *description; /* never NULL */
	unsigned vcpus;			  /* <vcpu>: the maximum */
	unsigned vcpus_current;		  /* = vcpus when not given */
	bool has_cpuset;
	bool placement_auto; /* <vcpu placement='auto'> */
	struct rt_cpuset cpuset;
	/* One for each vCPU or iothread at most, all of them existing ones. */
	struct rt_domain_pins vcpupins, iothreadpins;
	bool stale_vcpupins; /* pins of vCPUs that do not exist, too */
	bool has_emulatorpin;
	struct rt_cpuset emulatorpin;
	struct rt_cpuset iothreads; /* ids that exist */
	struct rt_cpuset scheduled; /* vCPUs that a <vcpusched> names */
	unsigned vcpu_fifo; /* all those are SCHED_FIFO with this priority;
			       0: they are not, or there are none */
	bool has_topology;
	unsigned sockets, dies, clusters, cores,
		threads; /* dies, clusters: 1 */
	bool locked, nosharepages, hugepages;
	unsigned long long page_kib; /* the first <page>'s; 0: the default */
	bool has_nodes;		     /* <numatune><memory nodeset> */
	bool nodes_strict;	     /* its mode is strict (the default) */
	struct rt_cpuset nodes;
	struct rt_cpuset memnodes; /* of all <memnode> elements together */
	bool hide_kvm;
	struct rt_pci_set pcidevs;   /* all passed PCI devices, host address */
	struct rt_pci_set unmanaged; /* hostdevs without managed='yes' */
	struct rt_pci_set netdevs;   /* those that an <interface> passes */
	unsigned long long memory_kib; /* <memory>, in KiB, rounded up */
};

/* text is len bytes and need not end with a NUL. */
int rt_domain_parse(const char *text, size_t len, struct rt_domain *ret_domain,
		    struct rt_err *err);
void rt_domain_fini(struct rt_domain *domain);

/*
 * One way in which a document differs from what the guest's section wants.
 */
enum rt_difference_kind {
	RT_DIFF_NAME,
	RT_DIFF_TEXT,	   /* title, description */
	RT_DIFF_VCPUS,	   /* vCPU count: ABI */
	RT_DIFF_TOPOLOGY,  /* ABI */
	RT_DIFF_HIDE_KVM,  /* ABI */
	RT_DIFF_DEVICES,   /* ABI */
	RT_DIFF_PLACEMENT, /* cpuset, vcpupin, emulatorpin, iothreadpin */
	RT_DIFF_MEMORY,	   /* locked, nosharepages */
	RT_DIFF_NODES,
	RT_DIFF_SCHED, /* vcpusched */
};

struct rt_difference {
	enum rt_difference_kind kind;
	char *what; /* "vCPUs: the definition has 4, kvmrt.cfg wants 2" */
};

struct rt_differences {
	struct rt_difference *items;
	size_t n, size;
};

/*
 * Compare. The order is that of the enum above, so that messages are stable.
 * A topology of `auto` (section->topology_auto) is right when the product of
 * the document's topology is nr_vcpus or when it has none. Pins are compared
 * for the vCPUs that the document has. It is an error when the document has
 * another UUID than the guest, or when the guest could not be resolved (an RT
 * guest without enough CPUs): nobody may act upon such a comparison.
 */
int rt_domain_compare(const struct rt_domain *domain,
		      const struct rt_guest *guest,
		      struct rt_differences *ret_differences,
		      struct rt_err *err);
void rt_differences_fini(struct rt_differences *differences);

/* libvirt's ABI check would refuse it at restore and migrate. */
bool rt_difference_is_abi(enum rt_difference_kind kind);
/* Corrected when the guest has started: placement, nodes and class. */
bool rt_difference_is_mendable(enum rt_difference_kind kind);
/*
 * An RT guest would run and not be what the file says: no start. A
 * name or a title that differs hurts nobody.
 */
bool rt_difference_is_grave(enum rt_difference_kind kind);

enum rt_rewrite {
	RT_REWRITE_ALL,	     /* a definition */
	RT_REWRITE_KEEP_ABI, /* migrate, restore: leave what the ABI check
				would refuse, and the name */
};

/*
 * The document, with what differs from *guest corrected in place. A document
 * that already matches comes back byte for byte, and *ret_changed is false.
 * *ret_text is the caller's. A changed document is read again and compared
 * before it is handed out.
 *
 * With RT_REWRITE_KEEP_ABI each vCPU of the document has its pin: those beyond
 * the guest's nr_vcpus on the service CPUs.
 */
int rt_domain_rewrite(const char *text, size_t len,
		      const struct rt_guest *guest, enum rt_rewrite mode,
		      char **ret_text, bool *ret_changed, struct rt_err *err);

#endif
