#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mutants.sh - the faults of tests/mutants still apply to the tree
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

tests/mutants/run -n >"$out"
result $? "each fault has one place in the tree, and a test that is there"
sed 's/^/# /' "$out"
finish
