#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sources.sh - rules that every file of the tree keeps
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

files | grep -E '\.(c|h|sh|mk|py)$|/Makefile$|/setup$' | while read -r file; do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
		echo "$file"
done >"$out"
none "each source file names its licence"

files | grep -E '\.[ch]$' | while read -r file; do
	sed -n '2,3p' "$file" | grep -qE "^( ?\*|/\*) ${file##*/} - [^ ]" ||
		echo "$file"
done >"$out"
none "each C file says what it is for"

files | grep -E '^\./(lib|hooks|agent|tools)/.*\.[ch]$' | while read -r file; do
	[ "$(wc -l <"$file")" -le 500 ] || echo "$file: $(wc -l <"$file") lines"
done >"$out"
none "no file of the product is over 500 lines"

files | grep -E '\.(c|h|sh)$' | xargs grep -nE 'TO''DO|FIX''ME|XX''X[^X]' |
	grep -vE 'mktemp|mkdtemp|-XXXXXX' >"$out"
none "nothing is put off in the sources"

files | grep -E '^\./(lib|hooks|agent|tools)/.*\.c$' | while read -r file; do
	name=$(basename "$file" .c)
	grep -qE "(^|[ 	=/,])$name([ 	\\.)]|$)" Makefile || echo "$file"
done >"$out"
none "each C file is named in the Makefile"

# What writes to the kernel is one file, and tasks.c in its service. occupy.c
# places its own children only, and the meter itself.
files | grep -E '^\./(lib|hooks|agent|tools)/.*\.c$' |
	grep -vE '/lib/host/(target|tasks|sys|sys_live|sys_captured)\.c$' |
	xargs grep -nE 'calls->(write|set_affinity|move_thread)|sched_setaffinity' |
	grep -vE '/(occupy|tools/common/meter)\.c:.*sched_setaffinity\(0,' >"$out"
none "only target.c and tasks.c write to the kernel"

# A call may run over several lines.
files | grep -E '^\./(lib|hooks|agent|tools)/.*\.c$' | while read -r file; do
	tr '\n\t' '  ' <"$file" | grep -oE '[^_a-z>](open|openat|socket|accept4|epoll_create1|inotify_init1)\([^;]*;' |
		grep -vE 'CLOEXEC' | sed "s|^|$file:|"
done >"$out"
none "no descriptor is left open to a child"

flags="$(pkg-config --cflags libxml-2.0 hwloc inih) -D_GNU_SOURCE -Ilib"
files | grep -E '\.h$' | while read -r header; do
	# shellcheck disable=SC2086 # several words
	${CC:-cc} -std=gnu11 -fsyntax-only -Wall -Wno-unused -x c $flags \
		-DKVMRT_LIBEXECDIR='""' \
		-include "$header" /dev/null >/dev/null 2>&1 || echo "$header"
done >"$out"
none "each header compiles alone"

files | xargs grep -IlE "$(printf '\r')\$" | grep -v '^./tests/' >"$out"
none "no carriage returns"
files | grep -E '\.(c|h|sh)$' | xargs grep -nE '[ 	]+$' >"$out"
none "no blanks at the end of a line"
files | grep -E '\.sh$|/tests/run$|/setup$' | while read -r file; do
	[ "${file##*/}" = lib.sh ] || sh -n "$file" || echo "$file"
done >"$out"
none "each script can be parsed"
finish
