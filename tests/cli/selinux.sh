#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# selinux.sh - the policy module compiles, where the policy's headers are
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

headers=/usr/share/selinux/devel/Makefile
if [ ! -e "$headers" ]; then
	echo '1..0 # skip: no selinux-policy-devel'
	exit 0
fi
cp "$tree"/etc/selinux/kvmrt.* "$work"
make -C "$work" -f "$headers" kvmrt.pp >"$work/out" 2>&1
result $? 'kvmrt.pp is made' || sed 's/^/# /' "$work/out"
[ -s "$work/kvmrt.pp" ]
result $? 'and is not empty'
finish
