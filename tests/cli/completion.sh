#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# completion.sh - bash completion offers the options of --help and the guests
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v bash >/dev/null; then
	echo '1..0 # skip: no bash'
	exit 0
fi
script=$tree/etc/bash-completion/kvmrt

# offers NAME WORD...: what is offered for the last word, a line each
offers() {
	name=$1
	shift
	PATH=$bin:$PATH bash -c '
		. "$0" || exit
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_kvmrt "$1"
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
	' "$script" "$@" >"$work/out" 2>"$work/err"
	result $? "$name: ends well"
	empty err
}

bash -n "$script"
result $? 'bash can parse it'
for program in "$bin"/kvmrt-*; do
	command=${program##*/}
	# For the lab and for repair: not in anybody's PATH.
	[ "$command" != kvmrt-reconcile ] || continue
	bash -c '. "$0" && complete -p "$1"' "$script" "$command" \
		>/dev/null 2>&1
	result $? "$command is completed"
	# Each word of --help's list that begins with a dash, sorted.
	"$program" --help | grep -E '^ {2,6}-' |
		grep -oE '(^| )--?[A-Za-z][a-z-]*' | tr -d ' ' | sort -u >"$work/want"
	offers "$command" "$command" -
	sort -u "$work/out" -o "$work/out"
	cmp -s "$work/want" "$work/out"
	result $? "$command: the options of --help and no others" ||
		diff "$work/want" "$work/out" | sed 's/^/# /'
	offers "$command, the beginning of one" "$command" --hel
	is out <<-'EOF'
		--help
	EOF
done

# The single quotes are meant: nothing of it may be run.
cat >"$work/a.cfg" <<-EOF
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa0]
	name = plc1
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa1]
	name=plc2
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa2]
	name = \$(touch $work/ran)
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa3]
	name = two words
EOF
offers 'guests' kvmrt-boot -f "$work/a.cfg" pl
is out <<-'EOF'
	plc1
	plc2
EOF
offers 'a guest of two words' kvmrt-shutdown -f "$work/a.cfg" tw
is out <<-'EOF'
	two\ words
EOF
offers 'all guests' kvmrt-stat -f "$work/a.cfg" ''
lines out 4
[ ! -e "$work/ran" ]
result $? 'a name that is a command is not run'
offers 'no guests for who takes none' kvmrt-edit-config -f "$work/a.cfg" ''
empty out
offers 'no file' kvmrt-boot -f "$work/none.cfg" ''
empty out
offers 'a file' kvmrt-boot -f "$work/a.c"
is out <<-EOF
	$work/a.cfg
EOF
offers 'a time has no names' kvmrt-shutdown -t ''
empty out
finish
