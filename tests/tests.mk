# SPDX-License-Identifier: LGPL-2.1-or-later
# tests.mk - what the tests need beyond the unit programs

CRASH   := $(B)/tests/crash/crash
PLAN_OF := $(B)/tests/golden/plan-of

# The effects of the product go through the test: crash/fault.c.
CRASH_WRAPS := rt_sys_open write unlinkat renameat ftruncate nanosleep

$(CRASH): $(addprefix $(B)/tests/crash/,crash.o tree.o fault.o) \
		$(HOOK_PARTS:%=$(B)/hooks/%.o) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) $(CRASH_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(LIBS)

$(PLAN_OF): $(B)/tests/golden/plan-of.o $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The agent's parts, with the kernel played by unit/agent_kernel.h.
AGENT_UNIT  := $(filter $(B)/tests/unit/agent%,$(UNIT))
AGENT_WRAPS := open mkdir rmdir unlink stat inotify_add_watch socket bind \
	       recv recvfrom setsockopt rename clock_gettime nanosleep \
	       syscall

# An archive, so that only those with a guest have the hook in them.
AGENT_HOOK  := $(B)/tests/libkvmrt-hook.a
$(AGENT_HOOK): $(HOOK_PARTS:%=$(B)/hooks/%.o)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(AGENT_UNIT): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(AGENT_OBJ) \
		$(AGENT_HOOK) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) $(AGENT_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(AGENT_LIBS)

$(B)/tests/unit/agent_soak: $(B)/tests/crash/tree.o

# Each allocation of ours fails once.
MEMORY_WRAPS := malloc calloc realloc strdup strndup
$(B)/tests/unit/no_memory: $(B)/tests/unit/no_memory.o $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) $(MEMORY_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(LIBS)

# The hook on a host that refuses.
REFUSED       := refusals sweep
REFUSED_WRAPS := rt_sys_open nanosleep
$(B)/tests/unit/refusals: KV_LDFLAGS += -Wl,--wrap=sendmsg
$(REFUSED:%=$(B)/tests/unit/%): $(B)/tests/unit/%: $(B)/tests/unit/%.o \
		$(B)/tests/crash/tree.o $(AGENT_HOOK) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) \
		$(foreach wrap,$(REFUSED_WRAPS),-Wl,--wrap=$(wrap)) \
		-o $@ $^ $(LIBS)

# kvmrt-sync, over a libvirt of files: virt/fake.c.
SYNC_WRAPS := rt_sys_open unlink inotify_add_watch connect kill rt_virt_list
$(B)/tests/unit/sync: $(B)/tests/unit/sync.o $(B)/tests/virt/fake.o \
		$(addprefix $(B)/agent/,sync_work.o sync_guard.o only.o) \
		$(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) $(SYNC_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(TOOL_LIBS) -lcap-ng

# Events of the kernel, by hand.
$(B)/tests/unit/noise_decode: $(B)/tests/unit/noise_decode.o $(NOISE_OBJ) \
		$(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(TRACE_LIBS)
$(B)/tests/unit/noise_decode.o: KV_CFLAGS += $(TRACE_CFLAGS)
$(B)/tests/unit/noise_decode.o: | trace-libs

# What an agent in a guest answers; nobody is asked. And processes.
PROVE_UNIT := $(addprefix $(B)/tests/unit/,prove_talk prove_child)
$(PROVE_UNIT): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(TOOL_LIB) \
		$(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(QEMU_LIBS)

# What kvmrt-noise and kvmrt-prove print of events that are written down.
NOISE_REPLAY := $(B)/tests/noise/replay
$(NOISE_REPLAY): $(B)/tests/noise/replay.o $(TOOL_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

# Definitions of others: $(B)/tests/domains/roundtrip FILE...
ROUNDTRIP := $(B)/tests/domains/roundtrip
$(ROUNDTRIP): $(B)/tests/domains/roundtrip.o $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# All of libvirt's own tests, from its source package.
LIBVIRT := build/libvirt
domains: $(ROUNDTRIP)
	$(Q)mkdir -p build
	$(Q)tests/lab/libvirt-source $(LIBVIRT)
	$(Q)$(ROUNDTRIP) -s $(LIBVIRT)/src/conf/schemas/domain.rng \
		$(LIBVIRT)/tests/qemuxmlconfdata/*.xml

# The real commands over a libvirt of files: virt/fake.c.
FAKED := $(addprefix $(B)/tests/virt/kvmrt-,boot shutdown edit-config \
		stat)

$(FAKED): $(B)/tests/virt/kvmrt-%: $(B)/tools/%.o $(B)/tests/virt/fake.o \
		$(B)/tests/virt/agent.o \
		$(TOOL_LIB) $(VIRT_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

FAKED += $(B)/tests/virt/kvmrt
$(B)/tests/virt/kvmrt: $(B)/tools/kvmrt.o $(UMBRELLA_OBJ) $(B)/tests/virt/agent.o \
		$(TOOL_LIB) $(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

# Fuzz targets: replayed over their corpus here; `make fuzz` is for clang.
FUZZ     := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_BIN := $(FUZZ:%=$(B)/tests/fuzz/%)

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o \
		$(HOST_LIB) $(CORE_LIB)
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# make fuzz TARGET=journal SECONDS=600
TARGET  ?= journal
SECONDS ?= 600
FUZZ_CC ?= clang
FUZZ_DIR := $(B)/fuzz-$(TARGET)
fuzz:
	@mkdir -p $(FUZZ_DIR)/found
	$(Q)$(FUZZ_CC) $(filter-out -D_FORTIFY_SOURCE=2,$(KV_CFLAGS)) -O1 -g \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $(FUZZ_DIR)/fuzz \
		tests/fuzz/$(TARGET).c $(wildcard $(CORE:%=lib/core/%.c)) $(LIBS)
	$(Q)$(FUZZ_DIR)/fuzz -max_total_time=$(SECONDS) -timeout=5 \
		-max_len=8192 -artifact_prefix=$(FUZZ_DIR)/ \
		$(FUZZ_DIR)/found tests/fuzz/corpus/$(TARGET)

# What tests/run runs.
tests: units $(CRASH) $(PLAN_OF) $(ROUNDTRIP) $(NOISE_REPLAY) $(FAKED) $(FUZZ_BIN) all

# Faults put into the product on purpose, each of which a test must see:
# make mutants FILTER=lib/core/plan
mutants:
	+$(Q)$(MAKE) --no-print-directory tests
	$(Q)tests/mutants/run $(B) $(if $(FILTER),'$(FILTER)')

golden: $(PLAN_OF)
	$(Q)GOLDEN_WRITE=1 PLAN_OF=$(abspath $(PLAN_OF)) tests/golden/plans.sh

.PHONY: tests domains fuzz mutants golden
