#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# show-config.sh - kvmrt-show-config as a user runs it
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

program=kvmrt-show-config
host=$work/host
sh "$tree/tests/bench/make-host" smt2-numa2-12cpu "$host" || exit 1

cat >"$host/etc/kvmrt.cfg" <<'END'
[11111111-1111-4111-8111-111111111111]
name = press
title = Press line
description = north hall
    second row
rt = yes
nr_vcpus = auto
cpuset = n1
pcidevs = 0000:81:00.0
autostart = yes
accept = host-device
    rt-node0

[22222222-2222-4222-8222-222222222222]
name = office
nr_vcpus = 2
cpuset = 0-5

[33333333-3333-4333-8333-333333333333]
name = spare
disabled = yes
END

run "all guests" 0 $program --root "$host"
is out <<'END'
press - Press line
       Guest: real-time, autostart
        UUID: 11111111-1111-4111-8111-111111111111
      Cpuset: CPUs 6-11 (n1)
       vCPUs: 2 (1 socket x 2 cores x 1 thread)
   Placement: vCPU 0 on CPU 6, vCPU 1 on CPU 8
     Service: CPU 10, also for the interrupts of its devices
     Offline: CPUs 7,9,11 (SMT siblings, while the guest is active)
      Memory: locked, only of NUMA node 1
     Devices: 0000:81:00.0  Ethernet controller, driver e1000e, node 1, IOMMU group 5

office
       Guest: ordinary
        UUID: 22222222-2222-4222-8222-222222222222
      Cpuset: CPUs 0-5
       vCPUs: 2 (1 socket x 2 cores x 1 thread)
      Memory: not locked, only of NUMA node 0

spare
       Guest: ordinary, disabled
        UUID: 33333333-3333-4333-8333-333333333333
      Cpuset: none: runs on any CPU that no real-time guest owns
       vCPUs: 1 (1 socket x 1 core x 1 thread)
      Memory: not locked, of any NUMA node

Housekeeping: CPUs 0-5 of CPUs 0-11
END
empty err

run "one guest by name, in JSON" 0 $program --root "$host" --json press
is out <<'END'
{"version":1,"guests":[{"uuid":"11111111-1111-4111-8111-111111111111","name":"press","rt":true,"disabled":false,"nr_vcpus":2,"cpuset":[6,7,8,9,10,11],"vcpus":[{"vcpu":0,"cpus":[6]},{"vcpu":1,"cpus":[8]}],"service_cpus":[10],"offline":[7,9,11],"idle":[],"vcpu_sched":"other","nodes":[1],"locked":true,"pcidevs":["0000:81:00.0"],"suppress":[],"accept":["rt-node0","host-device"]}],"housekeeping":[0,1,2,3,4,5]}
END
empty err

run "one guest by UUID, twice named" 0 $program --root "$host" --json \
	22222222-2222-4222-8222-222222222222 office
has out '"name":"office"'
has out '"vcpus":[{"vcpu":0,"cpus":[0,1,2,3,4,5]},{"vcpu":1,"cpus":[0,1,2'
hasnt out '"name":"press"'

run "a guest that is not there" 1 $program --root "$host" nobody
has err "no guest 'nobody' in"
empty out

run "verbose" 0 $program --root "$host" -v press
has out " Description: north hall"
has out "              second row"
has out "PACKAGE  DIE      NODE     CORE     CPUS             GUESTS"
has out "p1       d1       n1       c3       6-7              press"
has out "     Accepts: rt-node0, host-device"
has err "accepted: guest 'press': devices of the host"
has err "warning: guest 'press'"

run "a topology" 0 $program --root "$host" --topology \
	'pack:2 [numa] core:3 pu:2' press
has out "     Devices: 0000:81:00.0"
hasnt out "Ethernet"

# --- the plan

run "a plan" 0 $program --root "$host" --plan press
is out <<'END'
set  /proc/sys/kernel/watchdog_cpumask: 0-11 -> 0-5  # watchdog timers off the guest's CPUs (press)
set  /proc/irq/default_smp_affinity: fff -> 03f  # new interrupts off the guest's CPUs (press)
set  /proc/irq/{1,9,24}/smp_affinity_list (3 interrupts): 0-11 -> 0-5  # interrupt off the guest's CPUs (press)
set  /proc/irq/{40-47}/smp_affinity_list (8 interrupts): 6-11 -> 0-5  # interrupt off the guest's CPUs (press)
set  /sys/devices/system/cpu/cpu{6,8}/power/pm_qos_resume_latency_us (2 CPUs): 0 -> n/a  # vCPU's CPU wakes at once (press)
set  /sys/devices/system/cpu/cpu{6,8}/cpufreq/scaling_governor (2 CPUs): powersave -> performance  # vCPU's CPU keeps its speed (press)
set  /sys/kernel/debug/sched/fair_server/cpu{6,8}/runtime (2 CPUs): 50000000 -> 0  # no server for starved tasks, for its timer restarts the tick (press)
note thread 900: 0-1 -> 0-1  # pinned task, on record
note tasks/7,9,11: '' -> ''  # tasks get these CPUs back, on record (press)
set  /sys/devices/system/cpu/cpu{7,9,11}/online (3 CPUs): 1 -> 0  # SMT sibling of a guest's CPU goes offline (press)
set  /sys/fs/cgroup/machine.slice/cpuset.cpus.exclusive: '' -> 6-11  # the guest's CPUs are for it alone (press)
set  /sys/fs/cgroup/machine.slice/machine-qemu\x2dN\x2dpress.scope/cpuset.cpus.exclusive: '' -> 6-11  # the guest's CPUs are for it alone (press)
set  /sys/fs/cgroup/machine.slice/machine-qemu\x2dN\x2dpress.scope/cpuset.cpus.partition: member -> isolated  # shield: nothing else runs on the guest's CPUs (press)
own  press: thread CPU 0/KVM: 0-11 -> 6  # vCPU alone on its CPU (press)
own  press: thread CPU 1/KVM: 0-11 -> 8  # vCPU alone on its CPU (press)
own  press: all other threads: 0-11 -> 10  # helper thread on a service CPU (press)
# N in a cgroup's name is the number that libvirt gives the guest at its start
END
run "a plan, each write" 0 $program --root "$host" --plan -v press
has out "set  /proc/irq/47/smp_affinity_list: 6-11 -> 0-5  # "
has out "set  /sys/devices/system/cpu/cpu11/online: 1 -> 0  # "
run "a plan in JSON" 0 $program --root "$host" --plan --json press
has out '{"target":"/proc/irq/47/smp_affinity_list","value":"0-5","now":"6-11"'
has out '"unknown":""}'
run "the plan of an ordinary guest" 0 $program --root "$host" --plan office
empty out

# 768 more interrupts are no more lines.
many=$work/many
mkdir "$many"
cp -a "$host/." "$many"
for irq in $(seq 1000 1767); do
	cp -a "$many/proc/irq/40" "$many/proc/irq/$irq"
done
run "many interrupts" 0 $program --root "$many" --plan press
has out "set  /proc/irq/{40-47,1000-1767}/smp_affinity_list (776 interrupts): 6-11 -> 0-5  # "
lines out 17
rm -rf "$many"

# The cgroup has the name that libvirt makes of the guest's.
sed 's/^name = press/name = -.press_line--7.a-/' "$host/etc/kvmrt.cfg" >"$work/odd.cfg"
run "an odd name" 0 $program --root "$host" -f "$work/odd.cfg" --plan
has out '/machine.slice/machine-qemu\x2dN\x2dpressline\x2d7.a.scope/'
long=$(printf '%070d' 0 | tr 0 x)
sed "s/^name = press/name = $long/" "$host/etc/kvmrt.cfg" >"$work/odd.cfg"
run "a long name" 0 $program --root "$host" -f "$work/odd.cfg" --plan
has out "/machine-qemu\\x2dN\\x2d$(echo "$long" | cut -c 1-57).scope/"
mv "$host/sys/fs/cgroup/init.scope" "$work"
run "without systemd" 0 $program --root "$host" --plan press
has out "set  /sys/fs/cgroup/machine/cpuset.cpus.exclusive: "
has out "set  /sys/fs/cgroup/machine/qemu-N-press.libvirt-qemu/cpuset.cpus.partition: "
hasnt out ".slice"
mv "$work/init.scope" "$host/sys/fs/cgroup"

# What a topology tells is planned, and what it does not tell is said.
run "a plan for a topology" 0 $program --root "$host" --plan --topology \
	'pack:2 [numa] core:3 pu:2' press
has out "set  /proc/irq/default_smp_affinity: fff -> 03f  # "
has out "set  /sys/devices/system/cpu/cpu{6,8}/power/pm_qos_resume_latency_us (2 CPUs): 0 -> n/a  # "
has out "set  /sys/devices/system/cpu/cpu{7,9,11}/online (3 CPUs): 1 -> 0  # "
has out "x2dpress.scope/cpuset.cpus.partition: member -> isolated  # "
has out "own  press: all other threads: 0-11 -> 10  # "
hasnt out "smp_affinity_list"
has out "# --topology does not tell of this host's interrupts, tasks, "
run "the same in JSON" 0 $program --root "$host" --plan --json --topology \
	'pack:2 [numa] core:3 pu:2' press
has out '"unknown":"interrupts, tasks, devices, '

sed -i 's/^cpuset = 0-5/cpuset = 5,6/' "$host/etc/kvmrt.cfg"
run "a broken rule is shown with its error" 3 $program --root "$host"
has out "office"
has err "[cpu-overlap]"
hasnt err "warning"

sed -i 's/^rt = yes/rt = perhaps/' "$host/etc/kvmrt.cfg"
# The table of the host needs no valid file: it is what the errors point at.
table() {
	has out "PACKAGE  DIE      NODE     CORE     CPUS             GUESTS"
	has out "p1       d1       n1       c3       6-7"
	hasnt out "UUID:"
}
run "of a broken text only the host is shown" 3 $program --root "$host"
has err "[bad-value]"
table
run "a broken text, the plan" 3 $program --root "$host" --plan
has err "[bad-value]"
empty out
sed -i 's/^rt = perhaps/rt = yes/; s/^cpuset = n1/cpuset = n7/' \
	"$host/etc/kvmrt.cfg"
run "a cpuset that the host has not got" 3 $program --root "$host"
has err "[bad-cpuset]"
hint=$(sed -n "s/^    '\(kvmrt-show-config.*\)' lists.*/\1/p" "$work/err")
# shellcheck disable=SC2086 # the words of the hint
run "its hint, typed" 3 $hint --root "$host"
table
chmod 666 "$host/etc/kvmrt.cfg"
run "a file that all may write" 3 $program --root "$host"
has err "may be written by others"
table
rm -f "$host/etc/kvmrt.cfg"
ln -s kvmrt.cfg "$host/etc/kvmrt.cfg"
run "a file that cannot be read" 1 $program --root "$host"
has err "cannot open"
table
rm -f "$host/etc/kvmrt.cfg"
run "no file" 1 $program --root "$host"
has err "there is no"
table
run "no file, a topology" 1 $program --root "$host" \
	--topology 'pack:2 [numa] core:3 pu:2'
has err "there is no"
table
run "no file, no such topology" 1 $program --topology "$work/none.xml"
empty out

run "help" 0 $program -h
has out "Usage: kvmrt-show-config"
run "usage" 2 $program --all
has err "Try 'kvmrt-show-config --help' for more information."
lines err 2

finish
