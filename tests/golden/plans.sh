#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# plans.sh - the plans of captured hosts against those on file
#
# With GOLDEN_WRITE=1 they are written anew: look at the difference before it
# is committed. PLAN_OF is the program.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

plan_of=${PLAN_OF:-$tree/build/tests/golden/plan-of}
golden=$tree/tests/golden

check() { # HOST CONFIG STAGE
	plan=$golden/$1+$2+$3.plan
	"$plan_of" "$work/$1" "$3" >"$work/plan" 2>&1
	result $? "$1 $2 $3: a plan is made" || sed 's/^/# /' "$work/plan"
	if [ -n "${GOLDEN_WRITE-}" ]; then
		cp "$work/plan" "$plan"
	fi
	diff -u "$plan" "$work/plan" >"$work/diff" 2>&1
	result $? "$1 $2 $3: it is the one on file" ||
		sed 's/^/# /' "$work/diff"
}

while read -r host config stages; do
	[ -d "$work/$host" ] ||
		"$tree/tests/bench/make-host" "$host" "$work/$host" || exit 1
	cp "$tree/tests/data/hook/$config.cfg" "$work/$host/etc/kvmrt.cfg"
	for stage in $stages; do
		check "$host" "$config" "$stage"
	done
done <<EOF
smt2-numa2-12cpu rt1 prepared
smt2-numa2-12cpu two prepared
smt2-numa2-12cpu ordinary prepared
smt2-numa2-12cpu-guest rt1 prepared started
smt2-numa2-12cpu-guest two started
old-12cpu rt1 prepared
offline-12cpu offline prepared
hybrid-8cpu hybrid prepared
EOF
finish
