#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shapes.sh - what kvmrt says of hosts of every shape, and what the kernel says
#
#   shapes.sh [NAME]...    the shapes of tests/hosts/shapes; all if none is named
tree=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v perl >/dev/null; then
	echo "1..0 # skip there is no perl"
	exit 0
fi
# Thousands of small files: in memory, if there is room.
room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
[ "${room:-0}" -gt 262144 ] && [ -w /dev/shm ] && TMPDIR=/dev/shm
work=$(TMPDIR=${TMPDIR-/tmp} mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KVMRT_ROOT
perl "$tree/tests/cli/shapes.pl" "$tree" "${KVMRT_BIN:-$tree/build/bin}" "$work" "$@"
