#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# host.sh - kvmrt-host on captured hosts, with and without guests, file and record
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
data=$tree/tests/data/hook
root=$work/root
schema=$tree/docs/kvmrt.schema.json

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi
"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$root" || exit 1

# row TEXT: a line that is so, but for the blanks
row() {
	tr -s ' ' <"$work/out" | sed 's/^ //; s/ $//' | grep -qxF -- "$1"
	result $? "$name: has the row '$1'" || sed 's/^/# /' "$work/out"
}

fits() {
	if ! perl -MJSON::PP -e 1 2>/dev/null; then
		result 0 "$name: the schema # skip: perl has no JSON::PP"
		return
	fi
	why=$(perl "$tree/tests/cli/schema.pl" "$schema" host "$work/out")
	result $? "$name: it is as the schema says" || echo "# $why"
}

call() { # call OPERATION
	KVMRT_ROOT=$root "$hook" rt1 "$1" begin - <"$data/rt1.xml" \
		>/dev/null 2>"$work/err"
	result $? "the hook's $1" || sed 's/^/# /' "$work/err"
}

# counters N: what interrupt 30 had on CPU 6
counters() {
	{
		printf '%16s %10s %10s %10s\n' CPU0 CPU6 CPU8 CPU10
		printf ' 30: %10u %10u %10u %10u  PCI-MSI eth0-rx-0\n' 9 "$1" 0 2
		printf 'LOC: %10u %10u %10u %10u  Local timer interrupts\n' 5 6 7 8
		printf 'ERR: %10u\n' 1000
	} >"$root/proc/interrupts.new"
	mv "$root/proc/interrupts.new" "$root/proc/interrupts"
}

# --- no file, no record

run 'no file' 0 kvmrt-host --root "$root"
empty err
lines out 13
row 'CPU NODE PACKAGE DIE CORE STATE ISOLATED ROLE GUEST PLANNED'
row '0 n0 p0 d0 c0 online housekeeping'
row '11 n1 p1 d1 c5 online housekeeping'
run 'no file, as JSON' 0 kvmrt-host --root "$root" --json
has out '"file":false'
[ ! -e "$root/run/kvmrt" ]
result $? 'looking makes no directory'

# --- the file

cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"
cat >>"$root/etc/kvmrt.cfg" <<'END'
[6a1f0c1e-0000-4000-8000-000000000009]
name = office
cpuset = 0-1
[6a1f0c1e-0000-4000-8000-00000000000a]
name = web
cpuset = 1
disabled = yes
END
run 'planned' 0 kvmrt-host --root "$root"
row '1 n0 p0 d0 c0 online housekeeping office'
row '6 n1 p1 d1 c3 online housekeeping rt1: vCPU 0'
row '7 n1 p1 d1 c3 online housekeeping rt1: offline'
row '10 n1 p1 d1 c5 online housekeeping rt1: service'
{ cat "$data/rt1.cfg"; echo nonsense; } >"$work/bad.cfg"
run 'a file with errors' 0 kvmrt-host --root "$root" -f "$work/bad.cfg"
has err 'has errors'
row '6 n1 p1 d1 c3 online housekeeping'
run 'a directory' 0 kvmrt-host --root "$root" -f "$work"
has err 'what it plans is not shown'
lines out 13

# --- the record

counters 100
for operation in prepare start started; do
	call $operation
done
run 'roles' 0 kvmrt-host --root "$root"
row '6 n1 p1 d1 c3 online partition vCPU 0 rt1 rt1: vCPU 0'
row '7 n1 p1 d1 c3 offline partition offline rt1 rt1: offline'
row '8 n1 p1 d1 c4 online partition vCPU 1 rt1 rt1: vCPU 1'
row '10 n1 p1 d1 c5 online partition service rt1 rt1: service'
sed '1,/^cpuset/s/^cpuset.*/cpuset = 2-5/' "$root/etc/kvmrt.cfg" >"$work/other.cfg"
run 'another file' 0 kvmrt-host --root "$root" -f "$work/other.cfg" cpus
row '6 n1 p1 d1 c3 online partition vCPU 0 rt1'
row '4 n0 p0 d0 c2 online housekeeping rt1: vCPU 1'

run 'chosen CPUs and columns' 0 kvmrt-host --root "$root" --cpus n1 \
	-o cpu,SIBLINGS,role --noheadings
lines out 6
row '6 6-7 vCPU 0'
run 'a column more' 0 kvmrt-host --root "$root" --cpus c3 -o +SIBLINGS
row 'CPU NODE PACKAGE DIE CORE STATE ISOLATED ROLE GUEST PLANNED SIBLINGS'

run 'topology' 0 kvmrt-host --root "$root" topology
row 'p0 n0 d0 0-5'
row '|-c3 6-7'
row '| |-CPU 6 6 online vCPU 0 rt1 rt1: vCPU 0'
row '| `-CPU 7 7 offline offline rt1 rt1: offline'
run 'topology, its numbers' 0 kvmrt-host --root "$root" topology \
	-o PACKAGE,NODE,DIE,CORE,CPU,CPUS --noheadings
row '1 1 1 6-11'

# --- interrupts

run 'interrupts' 0 kvmrt-host --root "$root" irqs
row 'IRQ COUNT ON AFFINITY EFFECTIVE MANAGED DEVICE GUEST NAME'
row '30 111 0,6,10 0-5 1 no 0000:01:00.0 eth0-rx-0'
row '26 6-11 6 yes 0000:00:03.0 virtio0-req.1'
row 'LOC 26 0,6,8,10 Local timer interrupts'
hasnt out 'ERR'
hasnt out 'CPU 6'
run "the guest's" 0 kvmrt-host --root "$root" irqs -o irq,driver,guest
grep -qE '^[0-9]+ +vfio-pci +rt1$' "$work/out"
result $? "$name: its device's driver, and the guest" || sed 's/^/# /' "$work/out"
row '30 e1000e'
run 'what may fire there' 0 kvmrt-host --root "$root" irqs --cpus 6
row '26 6-11 6 yes 0000:00:03.0 virtio0-req.1'
row 'LOC 6 6 Local timer interrupts'
hasnt out 'eth0'
run 'what may come there, and is elsewhere' 0 kvmrt-host --root "$root" irqs --cpus 7
row '26 6-11 6 yes 0000:00:03.0 virtio0-req.1'
run 'by CPU' 0 kvmrt-host --root "$root" irqs --tree
row '|-CPU 6 100'
row '`-CPU 10 2'
(
	sleep 0.4
	counters 120
) &
run 'rates' 0 kvmrt-host --root "$root" irqs --for 1s
wait
rate=$(awk '$1 == 30 { print $3, $4 }' "$work/out")
case $rate in
19.[0-9]' '6 | 20.0' '6) true ;;
*) false ;;
esac
result $? "$name: of interrupt 30, on CPU 6" || sed 's/^/# /' "$work/out"
mv "$root/proc/interrupts" "$work"
run 'no counts' 0 kvmrt-host --root "$root" irqs
row '30 0-5 1 no 0000:01:00.0 eth0-rx-0'
mv "$work/interrupts" "$root/proc"

# --- tasks

# Fields 39 to 41: CPU 3, 50, FIFO. Task 2's stop before them, as in an old capture.
sed 's/ [0-9]* [0-9]* [0-9]*$/ 3 50 1/' "$root/proc/1/stat" >"$work/stat"
cat "$work/stat" >"$root/proc/1/stat"
cut -d' ' -f1-22 "$root/proc/2/stat" >"$work/stat"
cat "$work/stat" >"$root/proc/2/stat"
run 'tasks' 0 kvmrt-host --root "$root" tasks
row 'PID TID NAME KIND CPUS LAST POLICY BOUND GUEST ROLE'
row '1 1 systemd user 0-5 3 fifo:50 no'
row '10 10 ksoftirqd/0 kernel 0 0 other yes'
row '2 2 kthreadd kernel 0-5 no'
grep -qE '^ *4711 +[0-9]+ +CPU 0/KVM +user +6 .* rt1 +vcpu 0 *$' "$work/out"
result $? "$name: a vCPU's thread" || sed 's/^/# /' "$work/out"
run 'what may run there' 0 kvmrt-host --root "$root" tasks --cpus 6,7 \
	-o TID,NAME,CPUS,MAY
hasnt out systemd
grep -qE 'CPU 0/KVM +6 +6$' "$work/out"
result $? "$name: a vCPU's thread" || sed 's/^/# /' "$work/out"
run 'threads' 0 kvmrt-host --root "$root" tasks --tree -o NAME
grep -qE '^[|`]-CPU 0/KVM' "$work/out"
result $? "$name: below its process" || sed 's/^/# /' "$work/out"

# --- devices

run 'devices' 0 kvmrt-host --root "$root" pci
row 'ADDRESS CLASS NODE GROUP DRIVER USED-BY GUEST PLANNED'
row '0000:81:00.0 Ethernet controller 1 5 vfio-pci guest rt1 rt1'
row '0000:83:00.1 Ethernet controller 1 7 e1000e host'
hasnt out bridge
run 'bridges, too' 0 kvmrt-host --root "$root" pci -v
row '0000:00:01.0 bridge 0 1 pcieport bridge'
run 'groups' 0 kvmrt-host --root "$root" pci --tree -o ADDRESS
row 'group 7'
row '`-0000:83:00.1'

# --- JSON

run 'JSON of all' 0 kvmrt-host --root "$root" --json cpus irqs tasks pci topology
fits
has out '"irq":"30","count":131,"on":"0,6,10","affinity":"0-5","effective":"1","managed":false'
has out '"cpus":[{"cpu":0,"count":9},{"cpu":6,"count":120},{"cpu":10,"count":2}]'
has out '{"cpu":6,"node":"n1","package":"p1","die":"d1","core":"c3","siblings":"6-7","state":"online","isolated":"partition","role":"vCPU 0","guest":"rt1","planned":"rt1: vCPU 0"}'
hasnt out 'group 7'
[ "$(grep -o '0000:83:00.1","class' "$work/out" | wc -l)" -eq 1 ]
result $? "$name: each device once"
run 'JSON with rates' 0 kvmrt-host --root "$root" --json irqs --for 1s
fits
has out '"rate":0.0'

# --- names that would do something to a terminal

esc=$(printf '\033')
printf 'eth0%s[31m,"a"\n' "$esc" >"$root/sys/kernel/irq/30/actions"
run 'an escape in a name' 0 kvmrt-host --root "$root" irqs
hasnt out "$esc"
has out 'eth0'
run 'the same as JSON' 0 kvmrt-host --root "$root" irqs --json
hasnt out "$esc"
has out 'eth0\u001b[31m,\"a\"'

# --- a terminal of 80 columns

if command -v script >/dev/null; then
	for subject in cpus irqs tasks pci topology; do
		name="$subject in 80 columns"
		script -qec "stty cols 80; '$bin/kvmrt-host' --root '$root' $subject" \
			"$work/out" </dev/null >/dev/null 2>&1
		! tr -d '\r' <"$work/out" | grep -v '^Script ' | grep -qE '^.{81}'
		result $? "$name: no line is longer" || sed 's/^/# /' "$work/out"
		[ "$(wc -l <"$work/out")" -gt 5 ]
		result $? "$name: there are some"
	done
fi

# --- odd hosts

shape() { # shape NAME
	rm -rf "$work/shape"
	"$tree/tests/hosts/make-shape" "$1" "$work/shape" || exit 1
}
if command -v perl >/dev/null; then
	shape hybrid
	run 'hybrid' 0 kvmrt-host --root "$work/shape" -o CPU,KIND
	row '0 fast'
	row '19 slow'
	shape no-numa
	run 'no NUMA' 0 kvmrt-host --root "$work/shape" topology
	row 'n0 0-15'
	row '|-p0 d0 0-3,8-11'
	shape offline-core
	run 'a core that is offline' 0 kvmrt-host --root "$work/shape" --cpus 2,10
	row '2 n0 c7 offline'
	shape guide
	run 'nodes by L3' 0 kvmrt-host --root "$work/shape" topology
	row '|-n0 L3 0 0-7,32-39'
	# As no host should be: the first node has a part of an L3 and more.
	echo 0,16-31,48-63 >"$work/shape/sys/devices/system/node/node0/cpulist"
	echo 1-15,32-47 >"$work/shape/sys/devices/system/node/node1/cpulist"
	for node in 2 3; do
		echo >"$work/shape/sys/devices/system/node/node$node/cpulist"
	done
	run 'an L3 in two nodes' 0 kvmrt-host --root "$work/shape" topology
	row '`-L3 0 0-7,32-39'
	row '| `-L3 1 8-15,40-47'
	shape cxl
	run 'a node of memory alone' 0 kvmrt-host --root "$work/shape" topology
	row 'n2 (memory only)'
	shape packages-in-node
	run 'packages inside a node' 0 kvmrt-host --root "$work/shape" topology
	row '|-p0 d0 0-3'
	row '| |-c0 CPU 0 0 online housekeeping'
	shape big-1024
	run '1,024 CPUs' 0 kvmrt-host --root "$work/shape"
	lines out 1025
	run '1,024 CPUs, as JSON' 0 kvmrt-host --root "$work/shape" --json cpus topology
	fits
fi
mkdir "$work/captured"
gzip -dc "$tree/tests/hosts/vm-2cpu-cgroup1.tar.gz" | tar xf - -C "$work/captured"
run 'a captured host' 0 kvmrt-host --root "$work/captured" irqs
grep -qE '^36 .* yes ' "$work/out"
result $? "$name: its managed interrupt" || sed 's/^/# /' "$work/out"
run 'all of a captured host' 0 kvmrt-host --root "$work/captured" --json \
	cpus irqs tasks pci topology
fits

# --- any user

cp "$bin/kvmrt-host" "$work/kvmrt-host"
chmod 755 "$work"
chmod 0 "$root/run/kvmrt/journal"
name='any user'
if $as_nobody test -x "$work/kvmrt-host"; then
	$as_nobody "$work/kvmrt-host" --root "$root" >"$work/out" 2>"$work/err"
	result $? "$name: exit status 0" || sed 's/^/# /' "$work/err"
	has err 'only root may read the record'
	row '6 n1 p1 d1 c3 online partition vCPU 0 rt1 rt1: vCPU 0'
	$as_nobody "$work/kvmrt-host" --root "$root" --json tasks >"$work/out" 2>&1
	has out '"record":false'
fi
chmod 600 "$root/run/kvmrt/journal"

# --- what is typed wrong

run 'a subject' 2 kvmrt-host irq
has err "unknown subject 'irq': write irqs"
run 'a column' 2 kvmrt-host --root "$root" -o CPU,NODES
has err "unknown column 'NODES': cpus has CPU, NODE, "
run 'a set of CPUs' 2 kvmrt-host --root "$root" --cpus 12
has err '--cpus: the host has no CPU 12'
run 'a time' 2 kvmrt-host irqs --for soon
run 'a time for nothing' 2 kvmrt-host cpus --for 1s
run 'no tree' 2 kvmrt-host --tree
has err topology
run 'columns of two' 2 kvmrt-host cpus irqs -o CPU
run 'no such directory' 1 kvmrt-host --root "$work/none"

# --- the page names each column, and marks those that are shown

columns() { # columns SUBJECT: of the page, with its asterisks
	sed -n "/^\\.It Cm $1\$/,/^\\.It Cm \\|^To change/p" \
		"$tree/docs/kvmrt-host.1" | sed -n 's/^\.It Li //p' |
		sed 's/ No \*/*/g; s/ *, Li /\n/g'
}
for subject in cpus irqs tasks pci topology; do
	name="columns of $subject"
	columns "$subject" | tr -d '*' | paste -sd, | sed 's/,/, /g' >"$work/named"
	"$bin/kvmrt-host" --root "$root" "$subject" -o none 2>&1 |
		sed -n "s/.*: $subject has //p" >"$work/out"
	is out <"$work/named"
	columns "$subject" | sed -n 's/\*$//p' | paste -sd' ' >"$work/shown"
	"$bin/kvmrt-host" --root "$root" "$subject" >"$work/out"
	row "$(cat "$work/shown")"
done
finish
