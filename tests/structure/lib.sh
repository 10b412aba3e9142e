# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2034
# lib.sh - TAP for tests of how the tree is made; sourced from its top
set -u
LC_ALL=C
export LC_ALL
tree=$(cd "$(dirname "$0")/../.." && pwd)
cd "$tree" || exit 1
build=${BUILD:-build}
count=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# result STATUS NAME
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
	fi
}

# none NAME: the file $out is empty
none() {
	[ ! -s "$out" ]
	result $? "$1"
	sed 's/^/# /' "$out"
}

# Everything that we wrote, less what others hold the rights to.
files() {
	find . -path ./.git -prune -o -path './build*' -prune -o -type f \
		-print | grep -vE '^\./(LICENSE|COPYING)$' | sort
}

finish() {
	echo "1..$count"
	[ $count -gt 0 ] && [ $failed -eq 0 ]
}
