#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# symbols.sh - what the archives and the hook ask of the outside world
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

core=$build/libkvmrt-core.a
hook=$build/hooks/qemu
module=$build/hooks/kvmrt-hook.so

# Memory and text, inih on a stream of ours, libxml2 on memory: nothing that
# can see the machine. Sanitizers and hardening add names of their own.
allowed='
rt_.*
malloc|calloc|realloc|free|qsort|bsearch|abort
mem(chr|cmp|cpy|move|set|mem|rchr)|__mem(cpy|move|set)_chk
str(len|nlen|chr|chrnul|rchr|cmp|ncmp|casecmp|ncasecmp|str|dup|ndup|spn|cspn|pbrk)
__str.*_chk|strtoul|strtol|strtoull|strtoll|__isoc23_strto(u?ll?)
v?snprintf|__v?snprintf_chk|sscanf|__isoc(99|23)_sscanf|strerror
__errno_location|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_
__asan.*|__ubsan.*|__sanitizer.*|__lsan.*
ini_parse_stream|ini_parse_string(_length)?
xml[A-Z].*
__popcountdi2
'
pattern=$(echo "$allowed" | grep . | paste -sd'|')

# The libxml2 calls that open, load or fetch something.
reaching='^xml(ReadFile|ReadFd|ReadIO|ParseFile|RecoverFile|SaveFile.*|Load.*|NewInputFromFile|IO.*|Nano.*|Save(To)?(Filename|Fd)|Load.*|SetExternalEntityLoader.*|Catalog.*)$'

own=$(nm --defined-only "$core" | awk 'NF == 3 { print $3 }' | sort -u)
wanted=$(nm -u "$core" | awk '$1 == "U" { print $2 }' | sed 's/@.*//' |
	sort -u)

[ -n "$wanted" ]
result $? "the core's symbols can be read"
echo "$wanted" | grep -vxE "$pattern" >"$out"
none "the core asks for nothing but memory and text"
echo "$wanted" | grep -E "$reaching" >"$out"
none "libxml2 is given memory only"
echo "$wanted" | grep -E '^rt_' | while read -r name; do
	echo "$own" | grep -qx "$name" || echo "$name"
done >"$out"
none "the core does not call lib/host"
size -A "$core" | awk '$1 ~ /^\.(data|bss)(\..*)?$/ && $1 !~ /^\.data\.rel\.ro/ &&
	$1 !~ /asan|odr/ && $2 > 0' |
	if echo "$wanted" | grep -q __asan; then cat >/dev/null; else cat; fi >"$out"
none "the core has no variables that change"

needed() {
	readelf -d "$1" | awk '/NEEDED/ { gsub(/[][]/, "", $NF); print $NF }'
}
needed "$hook" | grep -vE '^(libc\.so|libdl\.so|lib[a-z]*san\.so|libgcc_s)' >"$out"
none "the hook itself needs the C library only"
needed "$module" | grep -iE 'libvirt' >"$out"
none "the module does not need libvirt"
nm -D --defined-only "$module" | awk '{ print $3 }' |
	grep -vx 'rt_hook_module' |
	grep -vE '^(__asan|__ubsan|__odr)' >"$out"
none "the module exports one name"
for program in "$build"/bin/kvmrt-validate-config "$build"/bin/kvmrt-show-config; do
	needed "$program" | grep -iE 'libvirt' >"$out"
none "${program##*/} does not need libvirt"
done
finish
