#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# validate-config.sh - kvmrt-validate-config as a user runs it
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

program=kvmrt-validate-config
two_nodes='pack:2 [numa] core:3 pu:2'
host=$work/host
sh "$tree/tests/bench/make-host" smt2-numa2-12cpu "$host" || exit 1

cat >"$work/good.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
rt = yes
nr_vcpus = 2
cpuset = 6,8,10

[22222222-2222-4222-8222-222222222222]
name = office
nr_vcpus = 2
cpuset = n0
END
sed 's/= n0/= 5,6/' "$work/good.cfg" >"$work/overlap.cfg"
{
	cat "$work/good.cfg"
	cat <<'END'

[33333333-3333-4333-8333-333333333333]
name = off
disabled = yes
nr_vcpus = 2
cpuset = 8,40
cpu_topology = 1,3,1
END
} >"$work/disabled.cfg"
printf '[x]\nname = a\ncpuset = 3-1\nfoo = 1\n' >"$work/bad.cfg"

run "a good file" 0 $program -f "$work/good.cfg" --topology "$two_nodes"
is out <<END
$work/good.cfg: 2 guests, 1 real-time: no errors, no warnings
END
empty err

run "an overlap" 3 $program -f "$work/overlap.cfg" --topology "$two_nodes"
is out <<END
$work/overlap.cfg:10: error: guest 'office': CPU 6 is also of real-time guest 'press' (line 5) [cpu-overlap]
    write cpuset = 0-1,5: these are not of 'press'
$work/overlap.cfg:10: warning: guest 'office': 2 vCPUs and the guest's other threads share CPUs 5-6 [few-cpus]
    write cpuset = 0-1,5, or lower nr_vcpus
$work/overlap.cfg:10: warning: guest 'office': node 1 is shared by real-time guest 'press' and guest 'office' [shared-node]
    write cpuset = 0-1,5: guests of one node share its caches and memory bandwidth
$work/overlap.cfg: 2 guests, 1 real-time: 1 error, 2 warnings
END
empty err

run "an overlap in JSON" 3 $program --json -f "$work/overlap.cfg" \
	--topology "$two_nodes"
has out '{"version":1,"findings":[{"code":"cpu-overlap","severity":"error",'
has out '{"code":"few-cpus","severity":"warning",'
has out '"line":10,"guest":"office","message":"CPU 6 is also of real-time'
lines out 1
empty err

run "an overlap, errors only" 3 $program --errors-only \
	-f "$work/overlap.cfg" --topology "$two_nodes"
has out "[cpu-overlap]"
hasnt out "few-cpus"
has out "2 guests, 1 real-time: 1 error, 2 warnings"
run "an overlap, errors only, in JSON" 3 $program --errors-only --json \
	-f "$work/overlap.cfg" --topology "$two_nodes"
has out '"cpu-overlap"'
hasnt out "few-cpus"

{
	cat "$work/overlap.cfg"
	echo "accept = few-cpus, rt-node0"
} >"$work/accept.cfg"
run "an accepted warning" 3 $program -f "$work/accept.cfg" \
	--topology "$two_nodes"
hasnt out "few-cpus"
has out "1 error, 1 warning, 1 accepted"
run "an accepted warning, -v" 3 $program -v -f "$work/accept.cfg" \
	--topology "$two_nodes"
has out "accepted: guest 'office': 2 vCPUs and the guest's other threads"
run "an accepted warning in JSON" 3 $program --json -f "$work/accept.cfg" \
	--topology "$two_nodes"
has out '{"code":"few-cpus","severity":"accepted",'
echo "    cpu-overlap" >>"$work/accept.cfg"
run "an error is not accepted" 3 $program -f "$work/accept.cfg" \
	--topology "$two_nodes"
has out "[cpu-overlap]"
has out "'cpu-overlap' is not the code of a warning"
printf '[11111111-1111-4111-8111-111111111111]\nname = "a"\n%s\n' \
	"accept = odd-name" >"$work/odd.cfg"
run "a warning about the text" 0 $program -f "$work/odd.cfg" \
	--topology "$two_nodes"
has out "no errors, no warnings, 1 accepted"

printf '[11111111-1111-4111-8111-111111111111]\nname = a\n%s\n' \
	"cpuset = 6" >"$work/one.cfg"
run "one vCPU" 0 $program -f "$work/one.cfg" --topology "$two_nodes"
has out "1 vCPU and the guest's other threads share CPU 6 [few-cpus]"

# 20 guests on 1,024 CPUs: the node is said once, whoever shares it.
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
	echo "[11111111-1111-4111-8111-1111111111$((10 + n))]"
	echo "name = g$n"
	echo "nr_vcpus = 3"
	[ $n -gt 9 ] || echo "rt = yes"
	echo "cpuset = $((512 + 8 * n))-$((519 + 8 * n))"
done >"$work/many.cfg"
run "many guests" 0 $program -f "$work/many.cfg" \
	--topology 'pack:2 [numa] core:256 pu:2'
is out <<END
$work/many.cfg:54: warning: guest 'g10': node 1 is shared by real-time guests 'g0', 'g1', 'g2', 'g3', 'g4', 'g5' and 4 more and guests 'g10', 'g11', 'g12', 'g13', 'g14', 'g15' and 4 more [shared-node]
    write cpuset = 0-3: guests of one node share its caches and memory bandwidth
$work/many.cfg: 20 guests, 10 real-time: no errors, 1 warning
END
echo "accept = shared-node" >>"$work/many.cfg"
run "one of many accepts it" 0 $program -f "$work/many.cfg" \
	--topology 'pack:2 [numa] core:256 pu:2'
has out "guest 'g10': node 1 is shared"
sed -i '/^accept/d; s/^name = g10$/&\naccept = shared-node/' "$work/many.cfg"
run "the first of many accepts it" 0 $program -f "$work/many.cfg" \
	--topology 'pack:2 [numa] core:256 pu:2'
has out "guest 'g11': node 1 is shared"
sed -i '/^accept/d; s/^name = .*/&\naccept = shared-node/' "$work/many.cfg"
run "all of many accept it" 0 $program -f "$work/many.cfg" \
	--topology 'pack:2 [numa] core:256 pu:2'
has out "no errors, no warnings, 1 accepted"

run "a disabled guest is not looked at" 0 $program -f "$work/disabled.cfg" \
	--topology "$two_nodes"
has out "2 guests, 1 real-time, 1 disabled: no errors, no warnings"
run "but with --all it is" 3 $program --all -f "$work/disabled.cfg" \
	--topology "$two_nodes"
has out "[bad-cpuset]"
has out "[topology-product]"
has out "3 guests, 1 real-time: 2 errors"

run "all faults of a text" 3 $program -f "$work/bad.cfg" \
	--topology "$two_nodes"
has out "$work/bad.cfg:1: error:"
has out "[bad-uuid]"
has out "$work/bad.cfg:3: error:"
has out "[bad-value]"
has out "$work/bad.cfg:4: error:"
has out "[unknown-key]"
hasnt out "[rt-no-cpuset]"

# A captured host: its file, its devices, its interrupts.
run "no file" 1 $program --root "$host"
has err "there is no"
empty out
cp "$work/good.cfg" "$host/etc/kvmrt.cfg"
run "a captured host" 0 $program --root "$host/"
has out "etc/kvmrt.cfg: 2 guests, 1 real-time: no errors"
has out "[managed-irq]"
has out "isolcpus=managed_irq,6-11"
has out "[host-device]"
KVMRT_ROOT=$host
export KVMRT_ROOT
run "a captured host from the environment" 0 $program
has out "[host-device]"
unset KVMRT_ROOT

echo 'pcidevs = 0000:83:00.0 0000:00:01.0 0000:99:00.0' >>"$host/etc/kvmrt.cfg"
run "devices" 3 $program --root "$host"
has out "add 0000:83:00.1 to pcidevs"
has out "the host has no PCI device 0000:99:00.0 [pci-missing]"
run "devices are not known of a topology" 0 $program --root "$host" \
	--topology "$two_nodes"
hasnt out "[pci-"

chmod 666 "$host/etc/kvmrt.cfg"
run "a file that all may write" 3 $program --root "$host"
has err "may be written by others"
empty out
run "a directory" 3 $program -f "$work"
has err "is a directory"

run "no such topology" 1 $program -f "$work/good.cfg" \
	--topology "$work/none.xml"
empty out

# The command line.
run "help" 0 $program --help
has out "Usage: kvmrt-validate-config"
empty err
run "version" 0 $program -V
has out "kvmrt-validate-config (kvmrt) "
lines out 1
for words in "-x" "--nothing" "--root" "-f" "--json=1" "guest" "--all guest"
do
	# shellcheck disable=SC2086 # several words
	run "usage '$words'" 2 $program $words
	has err "Try 'kvmrt-validate-config --help' for more information."
	lines err 2
	empty out
done

if [ -w /dev/full ]; then
	name="a full disk"
	"$bin/$program" -h >/dev/full 2>"$work/err"
	[ $? -eq 1 ]
	result $? "$name: exit status 1"
	has err "standard output"
fi

finish
