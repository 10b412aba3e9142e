# SPDX-License-Identifier: LGPL-2.1-or-later
# bench.mk - the programs that measure ours

BENCH := $(addprefix $(B)/tests/bench/,rounds read-stdin replay make-ops)

$(BENCH): %: %.o
	@$(if $(V),,echo "  LD      $@")
	$(Q)$(CC) $(KV_LDFLAGS) $(LDFLAGS) -o $@ $^

# Never fails for a number: a goal is met or missed, and printed.
bench: all $(BENCH)
	tests/bench/run $(B)

.PHONY: bench
