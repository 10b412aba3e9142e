# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt: the only build file. Product lists are named, never globbed.
#
#   make [V=1] [SAN=1] [CC=clang] [WERROR=1]
#   make all check mutants lab-check demo compare bench fuzz lint install uninstall clean

prefix      ?= /usr
sysconfdir  ?= /etc
bindir      ?= $(prefix)/bin
libdir      ?= $(prefix)/lib
libexecdir  ?= $(libdir)/kvmrt
mandir      ?= $(prefix)/share/man
unitdir     ?= $(prefix)/lib/systemd/system
compdir     ?= $(prefix)/share/bash-completion/completions
# Debian's zsh looks in a directory of its own.
zshdir      ?= $(prefix)/share/zsh/$(if $(wildcard /etc/debian_version),vendor-completions,site-functions)
fishdir     ?= $(prefix)/share/fish/vendor_completions.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
docdir      ?= $(prefix)/share/doc/kvmrt
DESTDIR     ?=

VERSION     := 0.2.0
CC          ?= cc
AR          ?= ar
PKG_CONFIG  ?= pkg-config
B           := build$(if $(SAN),/san)$(if $(filter clang%,$(notdir $(CC))),/clang)
Q           := $(if $(V),,@)

PKGS        := libxml-2.0 hwloc inih
CFLAGS      ?= -O2 -g
WARN        := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 \
	       -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla \
	       -Wpointer-arith -Wwrite-strings -Wundef
KV_CFLAGS   := -std=gnu11 $(WARN) $(if $(WERROR),-Werror) -fPIC \
	       -fvisibility=hidden -fstack-protector-strong -Ilib \
	       $(if $(SAN),,-D_FORTIFY_SOURCE=2) -D_GNU_SOURCE \
	       -DKVMRT_VERSION='"$(VERSION)"' \
	       -DKVMRT_BINDIR='"$(bindir)"' \
	       -DKVMRT_LIBEXECDIR='"$(libexecdir)"' \
	       $(shell $(PKG_CONFIG) --cflags $(PKGS))
KV_LDFLAGS  := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifdef SAN
KV_CFLAGS   += -fsanitize=address,undefined -fno-sanitize-recover=all \
	       -fno-omit-frame-pointer
KV_LDFLAGS  += -fsanitize=address,undefined
endif
LIBS        := $(shell $(PKG_CONFIG) --libs $(PKGS))
# libvirt is the tools' and kvmrt-sync's; never the hook's.
AGENT_LIBS  := $(LIBS) $(shell $(PKG_CONFIG) --libs libcap-ng)
TOOL_LIBS   := $(LIBS) $(shell $(PKG_CONFIG) --libs libvirt json-c)
QEMU_LIBS   := $(shell $(PKG_CONFIG) --libs libvirt-qemu)
# The kernel's events are the meter's alone.
TRACE        := libtracefs libtraceevent
TRACE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(TRACE) 2>/dev/null)
TRACE_LIBS   := $(shell $(PKG_CONFIG) --libs $(TRACE) 2>/dev/null)
# Tables are kvmrt-host's alone.
TABLE_CFLAGS := $(shell $(PKG_CONFIG) --cflags smartcols 2>/dev/null)
TABLE_LIBS   := $(shell $(PKG_CONFIG) --libs smartcols 2>/dev/null)

CORE := $(addprefix base/,err number text words cpuset ranges utf8 strbuf report \
		json pci) \
	$(addprefix model/,topo facts guest outcome sched suppress view) \
	$(addprefix config/,config config_parse config_line config_read \
		config_value config_accept config_write config_edit config_advice \
		config_names config_diff) \
	$(addprefix domain/,domain_xml domain_scan domain_edit domain_rewrite \
		property property_identity property_vcpus property_devices \
		property_cpuset property_pins property_sched \
		property_memory import \
		baseline) \
	$(addprefix noise/,noise noise_track noise_causes noise_rows) \
	$(addprefix prove/,prove test_output console) \
	$(addprefix check/,check check_rules check_guest check_host check_place \
		check_nodes admit) \
	$(addprefix place/,place place_units place_seats place_search place_areas \
		place_why) \
	$(addprefix record/,journal entry entry_guest damage) \
	$(addprefix plan/,plan claim derive plan_host plan_shield plan_tasks \
		plan_threads plan_print state)
HOST := sys sys_live sys_captured log topology topology_hwloc topology_kernel topology_saved new_file \
	config_file unread probe probe_irq irq_owners probe_pci probe_task \
	task_stat irqbalance tasks occupy target lock store refusal apply reconcile adopt \
	counts preview \
	baseline_file
VIRT := virt talk sync sync_run sync_pull watch
TOOLS      := validate-config show-config import sync-config \
	      edit-config place boot shutdown stat noise prove validate-host host
TOOL_PARTS := options load show show_json config_lock place_edit place_show pci_class each prune parallel power retune agent_client scan \
	      stat_look stat_show stat_json stat_metrics meter noise_show noise_json noise_svg prove_show prove_json \
	      prove_html prove_host prove_test prove_child prove_guest prove_floor host_checks host_checks_boot host_checks_devices \
	      host_checks_hook host_checks_memory picture picture_style \
	      picture_xml picture_fold picture_lstopo
# What kvmrt-host alone has, and what of it needs the headers of TABLE.
HOST_PARTS := grid host_cpus host_irqs host_tasks host_pci host_topology
TABLE_PARTS := grid_table
# What kvmrt alone has; pages.S holds manual pages.
UMBRELLA_PARTS := explain summary pages
# What needs the headers of TRACE, too.
NOISE_PARTS := noise_trace noise_read noise_decode noise_events noise_names
HOOK_PARTS := module module_check
AGENT_PARTS := loop scan say repairs status irqs cpus files guests tasks \
	      control told notify caps only

CORE_OBJ := $(CORE:%=$(B)/lib/core/%.o)
HOST_OBJ := $(HOST:%=$(B)/lib/host/%.o)
VIRT_OBJ := $(VIRT:%=$(B)/lib/virt/%.o)
CORE_LIB := $(B)/libkvmrt-core.a
HOST_LIB := $(B)/libkvmrt-host.a
VIRT_LIB := $(B)/libkvmrt-virt.a

UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))

TOOL_BIN := $(TOOLS:%=$(B)/bin/kvmrt-%)
TOOL_OBJ := $(TOOL_PARTS:%=$(B)/tools/common/%.o)
TOOL_LIB := $(B)/libkvmrt-tools.a
NOISE_OBJ := $(NOISE_PARTS:%=$(B)/tools/common/%.o)
HOST_TOOL_OBJ := $(HOST_PARTS:%=$(B)/tools/common/%.o)
UMBRELLA_OBJ := $(UMBRELLA_PARTS:%=$(B)/tools/common/%.o)
TABLE_OBJ := $(TABLE_PARTS:%=$(B)/tools/common/%.o)
HOOK     := $(B)/hooks/qemu
MODULE   := $(B)/hooks/kvmrt-hook.so

AGENT_OBJ := $(AGENT_PARTS:%=$(B)/agent/%.o)
SYNC_PARTS := sync sync_work sync_guard only
AGENT     := $(B)/agent/kvmrt-agent
SYNC      := $(B)/agent/kvmrt-sync

# What goes to /etc/libvirt/hooks on a host, as users get it.
STAGED    := etc/libvirt/hooks/qemu.d/kvmrt

all: $(HOOK) $(MODULE) $(TOOL_BIN) $(B)/bin/kvmrt $(B)/bin/kvmrt-reconcile $(AGENT) $(SYNC) \
	$(if $(filter build,$(B)),$(STAGED))

$(STAGED): $(HOOK)
	$(Q)install -m 755 $(HOOK) $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(V),,echo "  CC      $<")
	$(Q)$(CC) $(KV_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.S
	@mkdir -p $(@D)
	@$(if $(V),,echo "  AS      $<")
	$(Q)$(CC) $(KV_CFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/tools/common/pages.o: docs/kvmrt.cfg.5 docs/kvmrt-validate-host.1 docs/kvmrt.7
# What compares the version.
$(B)/hooks/qemu.o $(B)/hooks/module.o $(B)/tools/common/host_checks_hook.o: Makefile

$(CORE_LIB): $(CORE_OBJ)
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(HOST_LIB): $(HOST_OBJ)
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^
# An archive, so that a command links what it uses only.
$(TOOL_LIB): $(TOOL_OBJ)
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(VIRT_LIB): $(VIRT_OBJ)
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The hook itself needs the C library only: it runs for every guest. Of the
# archives it takes the log and the lines of kvmrt.cfg.
$(HOOK): $(B)/hooks/qemu.o $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ -ldl
$(MODULE): $(HOOK_PARTS:%=$(B)/hooks/%.o) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(filter-out -pie,$(KV_LDFLAGS)) $(LDFLAGS) -shared -o $@ \
		$^ $(LIBS)

$(B)/bin/kvmrt-reconcile: $(B)/tools/reconcile.o $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(SYNC): $(SYNC_PARTS:%=$(B)/agent/%.o) $(VIRT_LIB) $(HOST_LIB) \
		$(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) -lcap-ng
# The guard has no libvirt in it: it must never wait for a hook.
$(AGENT): $(B)/agent/main.o $(AGENT_OBJ) $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(AGENT_LIBS)
$(NOISE_OBJ): KV_CFLAGS += $(TRACE_CFLAGS)
$(NOISE_OBJ): | trace-libs
trace-libs:
	@[ -n '$(TRACE_LIBS)' ] || { echo "kvmrt-noise needs libtracefs and" \
		"libtraceevent (libtracefs-dev; rpm: libtracefs-devel):" \
		"'sudo ./setup all' installs what is missing" >&2; exit 1; }
$(B)/bin/kvmrt-noise: $(B)/tools/noise.o $(NOISE_OBJ) $(TOOL_LIB) $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(TRACE_LIBS)
# It talks to the guest's agent, which is a library of its own.
$(B)/bin/kvmrt-prove: $(B)/tools/prove.o $(NOISE_OBJ) $(TOOL_LIB) $(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) \
		$(QEMU_LIBS) $(TRACE_LIBS)
$(B)/bin/kvmrt: $(B)/tools/kvmrt.o $(UMBRELLA_OBJ) $(TOOL_LIB) $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)
$(TABLE_OBJ): KV_CFLAGS += $(TABLE_CFLAGS)
$(TABLE_OBJ): | table-libs
table-libs:
	@[ -n '$(TABLE_LIBS)' ] || { echo "kvmrt-host needs libsmartcols" \
		"(libsmartcols-dev; rpm: libsmartcols-devel):" \
		"'sudo ./setup all' installs what is missing" >&2; exit 1; }
$(B)/bin/kvmrt-host: $(B)/tools/host.o $(HOST_TOOL_OBJ) $(TABLE_OBJ) $(TOOL_LIB) \
		$(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(TABLE_LIBS)
$(B)/bin/kvmrt-%: $(B)/tools/%.o $(TOOL_LIB) $(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

units: $(UNIT)

# Twice: as it is built for users, and under sanitizers.
check:
	+$(Q)$(MAKE) --no-print-directory WERROR=$(WERROR) tests
	$(Q)tests/run $(B)
	+$(Q)$(MAKE) --no-print-directory WERROR=$(WERROR) SAN=1 B=$(B)/san tests
	$(Q)echo "again, with address and undefined-behaviour sanitizers:"
	$(Q)tests/run $(B)/san

# One scenario: make lab-check SCENARIO=main; with SAN=1 under sanitizers; MINUTES=60: no longer than that.
STAGE := build/lab/stage
stage: all
	$(Q)rm -rf $(STAGE)
	+$(Q)$(MAKE) --no-print-directory -s install DESTDIR=$(STAGE) \
		prefix=/usr sysconfdir=/etc
# The Debian package, from what git knows of; its own tests are `make check`.
DEB := build/deb
deb:
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/src
	$(Q)git ls-files -z | tar -cf - --null -T - | tar -xf - -C $(DEB)/src
	+$(Q)cd $(DEB)/src && DEB_BUILD_OPTIONS="nocheck parallel=$$(nproc)" \
		dpkg-buildpackage -b -us -uc -d >../log 2>&1 || \
		{ tail -n 30 ../log; exit 1; }
# The same for rpm; RPMFLAGS=--nodeps on a machine that is none of that kind.
RPM := build/rpm
rpm:
	$(Q)rm -rf $(RPM) && mkdir -p $(RPM)/SOURCES
	$(Q)git ls-files -z | tar -czf $(RPM)/SOURCES/kvmrt-$(VERSION).tar.gz \
		--transform 's,^,kvmrt-$(VERSION)/,' --null -T -
	+$(Q)rpmbuild -bb $(RPMFLAGS) --define "_topdir $(abspath $(RPM))" \
		etc/rpm/kvmrt.spec >$(RPM)/log 2>&1 || \
		{ tail -n 30 $(RPM)/log; exit 1; }
lab-check: stage deb
	$(Q)tests/lab/run $(MINUTES:%=-t %) $(SCENARIO)
demo: stage
	$(Q)tests/lab/demo
# kvmrt beside other ways: make compare ROWS='kvmrt isolcpus' WHEN=busy WINDOW=20; what is measured already stays, but with AGAIN=1.
compare: stage
	$(Q)tests/lab/compare/run

lint:
	$(Q)clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')
	$(Q)cppcheck --quiet --std=c11 --enable=warning,portability \
		--inline-suppr --error-exitcode=1 -Ilib lib hooks tools agent
	$(Q)shellcheck -x -S warning setup .ci/run tests/run tests/mutants/run tests/cli/*.sh \
		tests/structure/*.sh tests/bench/make-host tests/capture \
		debian/kvmrt.postinst debian/kvmrt.prerm debian/kvmrt.postrm

GUIDES  := $(wildcard docs/*.md) docs/map.svg docs/noise.svg docs/compare.svg \
	   docs/kvmrt.schema.json
SELINUX := $(addprefix etc/selinux/,README.md kvmrt.te kvmrt.fc)
# libvirt looks for hooks when it starts and at SIGHUP only.
RELOAD := systemctl daemon-reload; for daemon in libvirtd virtqemud; do \
	systemctl -q is-active $$daemon && systemctl reload $$daemon; done; true
# The host is restored while guests run, and nobody tunes it again.
RELEASE := systemctl -q disable --now kvmrt-agent kvmrt-sync; \
	systemctl -q disable kvmrt; [ ! -e /run/kvmrt/journal ] || \
	$(libexecdir)/kvmrt-reconcile --release
install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir) \
		$(DESTDIR)$(sysconfdir)/libvirt/hooks/qemu.d
	install -m 755 $(TOOL_BIN) $(B)/bin/kvmrt $(DESTDIR)$(bindir)
	install -m 755 $(B)/bin/kvmrt-reconcile $(AGENT) $(SYNC) $(DESTDIR)$(libexecdir)
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)$(compdir)
	install -m 644 etc/bash-completion/kvmrt $(DESTDIR)$(compdir)/kvmrt-stat
	for name in $(filter-out stat,$(TOOLS)); do \
		ln -sf kvmrt-stat $(DESTDIR)$(compdir)/kvmrt-$$name; done
	ln -sf kvmrt-stat $(DESTDIR)$(compdir)/kvmrt
	install -d $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	install -m 644 etc/zsh-completion/_kvmrt $(DESTDIR)$(zshdir)
	install -m 644 etc/fish-completion/kvmrt.fish $(DESTDIR)$(fishdir)/kvmrt-stat.fish
	for name in $(filter-out stat,$(TOOLS)); do \
		ln -sf kvmrt-stat.fish $(DESTDIR)$(fishdir)/kvmrt-$$name.fish; done
	ln -sf kvmrt-stat.fish $(DESTDIR)$(fishdir)/kvmrt.fish
	install -d $(DESTDIR)$(docdir)/selinux
	install -m 644 etc/kvmrt.cfg.example $(GUIDES) $(DESTDIR)$(docdir)
	install -m 644 $(SELINUX) $(DESTDIR)$(docdir)/selinux
	install -m 644 $(wildcard etc/systemd/*.service) $(DESTDIR)$(unitdir)
	install -d $(DESTDIR)$(tmpfilesdir)
	install -m 644 etc/tmpfiles.d/kvmrt.conf $(DESTDIR)$(tmpfilesdir)
	install -m 644 $(MODULE) $(DESTDIR)$(libexecdir)
	install -m 755 $(HOOK) $(DESTDIR)$(libexecdir)/kvmrt-hook
	install -m 755 $(HOOK) $(DESTDIR)$(sysconfdir)/libvirt/hooks/.kvmrt.new
	mv -f $(DESTDIR)$(sysconfdir)/libvirt/hooks/.kvmrt.new \
		$(DESTDIR)$(sysconfdir)/libvirt/hooks/qemu.d/kvmrt
	install -d $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 \
		$(DESTDIR)$(mandir)/man7 $(DESTDIR)$(mandir)/man8
	install -m 644 $(wildcard docs/*.1) $(DESTDIR)$(mandir)/man1
	install -m 644 $(wildcard docs/*.5) $(DESTDIR)$(mandir)/man5
	install -m 644 $(wildcard docs/*.7) $(DESTDIR)$(mandir)/man7
	install -m 644 $(wildcard docs/*.8) $(DESTDIR)$(mandir)/man8
	$(if $(DESTDIR),,-$(RELOAD))

# The user's own files stay: /etc/kvmrt.cfg, /etc/libvirt/hooks/qemu.
uninstall:
	rm -f $(DESTDIR)$(sysconfdir)/libvirt/hooks/qemu.d/kvmrt
	$(if $(DESTDIR),,-$(RELEASE))
	rm -f $(TOOLS:%=$(DESTDIR)$(bindir)/kvmrt-%) $(DESTDIR)$(bindir)/kvmrt
	rm -f $(DESTDIR)$(libexecdir)/kvmrt-reconcile
	rm -f $(TOOLS:%=$(DESTDIR)$(compdir)/kvmrt-%) $(DESTDIR)$(compdir)/kvmrt $(DESTDIR)$(zshdir)/_kvmrt
	rm -f $(TOOLS:%=$(DESTDIR)$(fishdir)/kvmrt-%.fish) $(DESTDIR)$(fishdir)/kvmrt.fish
	rm -f $(addprefix $(DESTDIR)$(docdir)/,kvmrt.cfg.example $(notdir $(GUIDES)))
	rm -f $(addprefix $(DESTDIR)$(docdir)/selinux/,$(notdir $(SELINUX)))
	rm -f $(DESTDIR)$(libexecdir)/kvmrt-agent $(DESTDIR)$(libexecdir)/kvmrt-sync
	rm -f $(patsubst etc/systemd/%,$(DESTDIR)$(unitdir)/%,$(wildcard etc/systemd/*.service))
	rm -f $(DESTDIR)$(tmpfilesdir)/kvmrt.conf
	rm -f $(DESTDIR)$(libexecdir)/kvmrt-hook $(DESTDIR)$(libexecdir)/$(notdir $(MODULE))
	rm -f $(foreach n,1 5 7 8,$(patsubst docs/%,$(DESTDIR)$(mandir)/man$n/%,$(wildcard docs/*.$n)))
	-rmdir $(DESTDIR)$(libexecdir) $(DESTDIR)$(docdir)/selinux $(DESTDIR)$(docdir)
	$(if $(DESTDIR),,-$(RELOAD))

clean:
	rm -rf build $(STAGED)

-include tests/tests.mk
# Without a folder `find` would search this one, with all that lies in build.
BUILT := $(wildcard $(addprefix $(B)/,lib hooks tools agent tests))
-include $(if $(BUILT),$(shell find $(BUILT) -name '*.d' -type f))

-include tests/bench/bench.mk

.PHONY: trace-libs table-libs all units check stage deb rpm lab-check demo compare lint install uninstall clean
.SECONDARY:
