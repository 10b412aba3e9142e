# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest's CPUs, idle when their shield goes up, are nobody's idle load balancer afterwards. For that the host's tick must stop.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh

# sched_softirqs CPU: how many there were since the boot.
sched_softirqs() {
	awk -v cpu="CPU$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == cpu) column = i + 1 } $1 == "SCHED:" { print $column }' /proc/softirqs
}

# counted SECONDS CPU...: "CPU COUNT" of that time.
counted() {
	_seconds=$1
	shift
	for _cpu; do
		eval "_from_$_cpu=$(sched_softirqs "$_cpu")"
	done
	sleep "$_seconds"
	for _cpu; do
		eval "echo $_cpu $(($(sched_softirqs "$_cpu") - _from_$_cpu))"
	done
}

# crowd: more to do than two CPUs can, so that the kernel looks for a CPU that balances the load.
crowd_on() {
	for _n in 1 2 3 4 5; do
		taskset -c 0,1 sh -c 'while :; do :; done' &
		echo $! >>/run/crowd
	done
}

crowd_off() {
	# shellcheck disable=SC2046 # several numbers
	kill $(cat /run/crowd)
	rm /run/crowd
}

irqbalance_quiet
write_config
define_rt1
define_rt2
snapshot_host /run/before
diag "before: $(counted 20 6 8 10 2 4 | tr '\n' ' ')"

for round in 1 2 3; do
	ok "rt1 starts, round $round" start_guest rt1
	ok "rt2 starts beside it, round $round" start_guest rt2
	crowd_on
	_counts=$(counted 20 6 8 10 2 4)
	crowd_off
	diag "$(echo "$_counts" | tr '\n' ' ')"
	is "$(echo "$_counts" | awk '$2 > 400')" '' "no CPU of a guest balances the host's load, round $round"
	is "$(cat /sys/fs/cgroup/machine.slice/machine-qemu*/libvirt/cgroup.procs | wc -l)" 2 'what occupied the CPUs has ended'
	ok 'rt1 is destroyed' end_guest rt1
	ok 'rt2 is destroyed' end_guest rt2
done
no_trace /run/before 'after virsh destroy'

# What is to occupy the CPUs cannot get there in a frozen cgroup: the wait for it ends all the same.
ok 'rt1 starts' start_guest rt1
scope=$(dirname "$(dirname "$(ls -d /sys/fs/cgroup/machine.slice/machine-qemu*rt1*/libvirt/cgroup.procs)")")
echo 1 >"$scope/cgroup.freeze"
wait_for 20 grep -q '^frozen 1' "$scope/cgroup.events"
echo member >"$scope/cpuset.cpus.partition"
ok 'a reconcile of a guest whose cgroup is frozen ends' timed 'it' timeout 20 $RECONCILE
is "$(cat "$scope/cpuset.cpus.partition")" isolated 'and its shield is up again'
is "$(wc -l <"$scope/libvirt/cgroup.procs")" 1 'nothing is left in the cgroup'
echo 0 >"$scope/cgroup.freeze"
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after that'
