#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# salvage.sh - a record that is damaged: what kvmrt-reconcile makes of it
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
data=$tree/tests/data/hook
pristine=$work/pristine
root=$work/root
record=$root/run/kvmrt

if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi
KVMRT_ROOT=$root
export KVMRT_ROOT

"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$pristine" || exit 1

prepared() { # the host anew, with a guest that is prepared
	rm -rf "$root"
	cp -a "$pristine" "$root"
	cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"
	"$hook" rt1 prepare begin - <"$data/rt1.xml" >"$work/out" 2>&1
	result $? "a guest is prepared"
	[ -s "$record/journal" ]
	result $? "and on record"
}

restored() { # restored [BUT]: what is not as before, less lines with BUT
	"$hook" rt1 release end - <"$data/rt1.xml" >"$work/out" 2>&1
	result $? "$name: released"
	diff -rq --no-dereference "$pristine" "$root" |
		grep -vE 'root/etc: kvmrt.cfg|root/run: kvmrt$|/irq/5[0-2]|effective_affinity_list' \
			>"$work/changes"
	[ -z "${1-}" ] || sed -i "\\,$1,d" "$work/changes"
	[ ! -s "$work/changes" ] && [ ! -e "$record/journal" ]
	result $? "$name: the host is as before" || sed 's/^/# /' "$work/changes"
}

run 'help' 0 kvmrt-reconcile --help
has out '--salvage'
run 'version' 0 kvmrt-reconcile -V
run 'an operand' 2 kvmrt-reconcile now
run 'an option that is none' 2 kvmrt-reconcile --force

prepared
run 'nothing to salvage' 0 kvmrt-reconcile --salvage
[ ! -e "$record/journal.damaged-1" ]
result $? "$name: nothing is moved"
restored

# Written by the version that had no versions, a moment before the upgrade:
# ordinary records are the same to the byte.
prepared
if grep -qE '^(version|base)' "$record/journal"; then false; fi
result $? "an ordinary record has nothing that an old program does not know"

# A newer version has been here.
with_sum() { # with_sum TEXT: as an entry
	printf '%s #%08x\n' "$1" "$(printf %s "$1" | od -An -v -tu1 -w1 |
		awk 'function xor(a, b,  r, p) { for (p = 1; a || b; p *= 2) {
				r += p * ((a % 2) != (b % 2)); a = int(a / 2)
				b = int(b / 2) } return r }
			BEGIN { s = 2166136261 }
			{ s = xor(s, $1); l = s % 65536; h = int(s / 65536)
			  s = (l * 16777619 + (h * 16777619 % 65536) * 65536) % 4294967296 }
			END { printf "%.0f", s }')"
}
{
	with_sum "version 9"
	with_sum "keep cookie proc/cookie 0 1"
	with_sum "freeze proc/cookie"
} >>"$record/journal"
run 'a newer record' 0 kvmrt-reconcile
has err 'written by a newer kvmrt'
"$hook" rt1 release end - <"$data/rt1.xml" >"$work/out" 2>&1
result $? "$name: released"
grep -q 'keep cookie proc/cookie 0 1 #' "$record/journal" &&
	grep -q 'freeze proc/cookie #' "$record/journal"
result $? "$name: what is new stays on record"
diff -rq --no-dereference "$pristine/proc" "$root/proc" |
	grep -vE '/irq/5[0-2]|effective_affinity_list' >"$work/changes"
[ ! -s "$work/changes" ]
result $? "$name: and the host is as before" || sed 's/^/# /' "$work/changes"

# A line in the middle.
prepared
latency=sys/devices/system/cpu/cpu8/power/pm_qos_resume_latency_us
sed -i "s,^keep \\([a-z]*\\) $latency,keep \\1 ${latency%us}XX," "$record/journal"
run 'a damaged line' 0 kvmrt-reconcile
has err '1 damaged line'
has err 'it cannot be restored'
grep -q "latency_XX" "$record/journal.damaged"
result $? "$name: it is set aside"
run 'told once' 0 kvmrt-reconcile
if grep -q damaged "$work/err"; then false; fi
result $? "$name"
name='a damaged line'
restored "$latency"

# The same, with all of it moved.
prepared
sed -i "s,^keep \\([a-z]*\\) $latency,keep \\1 ${latency%us}XX," "$record/journal"
cp "$record/journal" "$work/journal"
run 'salvaged in part' 4 kvmrt-reconcile --salvage
has err '1 damaged line'
has err '/run/kvmrt/journal.damaged-1'
cmp -s "$record/journal.damaged-1" "$work/journal"
result $? "$name: the record is there as it was"
run 'again' 0 kvmrt-reconcile --salvage
name='salvaged in part'
restored "$latency"

# Nothing of it can be read: the guest has to be taken on again.
prepared
rm "$record/journal"
mkdir "$record/journal"
run 'a directory' 1 kvmrt-reconcile
has err 'kvmrt-reconcile --salvage'
run 'a directory, salvaged' 4 kvmrt-reconcile --salvage
has err '0 settings and 0 guests'
has err 'kvmrt-boot'
[ -d "$record/journal.damaged-1" ]
result $? "$name: moved"
"$hook" rt1 prepare begin - <"$data/rt1.xml" >"$work/out" 2>&1
result $? "$name: guests start again"
finish
