# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# lib.sh - TAP for shell tests: run a command, look at status and both streams
#
# KVMRT_BIN is where the programs are (build/bin below the tree if not set).
# A test sources this file, calls run and the checks, and ends with `finish`.

set -u
umask 022
unset KVMRT_ROOT NO_COLOR
LC_ALL=C
export LC_ALL

tree=$(cd "$(dirname "$0")/../.." && pwd)
bin=${KVMRT_BIN:-$tree/build/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# An ordinary user's: in front of a command.
# shellcheck disable=SC2034 # in those that source this
as_nobody=
[ "$(id -u)" -ne 0 ] || as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
count=0
failed=0

result() { # result STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
	fi
	return "$1"
}

# run NAME STATUS PROGRAM ARG...: streams go to $work/out and $work/err
run() {
	name=$1 want=$2 program=$3
	shift 3
	"$bin/$program" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ $got -eq "$want" ]
	result $? "$name: exit status $want" || {
		echo "#  got: $got"
		sed 's/^/# /' "$work/err"
	}
}

# has STREAM TEXT: a line of out or err is, or holds, the text
has() {
	grep -qF -- "$2" "$work/$1"
	result $? "$name: $1 has '$2'" || sed 's/^/# /' "$work/$1"
}

hasnt() {
	! grep -qF -- "$2" "$work/$1"
	result $? "$name: $1 has no '$2'" || sed 's/^/# /' "$work/$1"
}

# is STREAM: the stream is what stands on standard input
is() {
	cat >"$work/want"
	cmp -s "$work/want" "$work/$1"
	result $? "$name: $1 is as expected" ||
		diff "$work/want" "$work/$1" | sed 's/^/# /'
}

empty() {
	[ ! -s "$work/$1" ]
	result $? "$name: $1 is empty" || sed 's/^/# /' "$work/$1"
}

lines() { # lines STREAM N
	[ "$(wc -l <"$work/$1")" -eq "$2" ]
	result $? "$name: $1 has $2 lines" || sed 's/^/# /' "$work/$1"
}

finish() {
	echo "1..$count"
	[ $count -gt 0 ] && [ $failed -eq 0 ]
}
