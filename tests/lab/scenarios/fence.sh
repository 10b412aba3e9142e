# SPDX-License-Identifier: LGPL-2.1-or-later
# The kernel refuses a guest's shield, because another cgroup claims some of its CPUs: the guest has a fence, and the other guest its shield.
# shellcheck shell=sh
# lab-parts: 2

. /lab/rt.sh
. /lab/guarded.sh

theirs=/sys/fs/cgroup/theirs.slice
isolated=/sys/fs/cgroup/cpuset.cpus.isolated
# Before kernel 7.0, cpuset.cpus of a cgroup with tasks cannot be emptied: it holds all CPUs afterwards, which is the same.
emptied() {
	_now=$(cat "$1")
	[ -z "$_now" ] || { kernel_before 7.0 && [ "$_now" = 0-11 ]; }
}

# fence_has_no_trace NAME: as no_trace, with that exception.
fence_has_no_trace() {
	snapshot_host /run/now
	sed -i '/cpuset\.cpus/s/0-11$//' /run/before /run/now
	same_host /run/before /run/now "$1: every setting is as before"
	ok "$1: no journal is left" test ! -e "$JOURNAL"
}

if [ ! -e $isolated ]; then
	skip 'before kernel 6.7 every guest has a fence'
	part=0
fi

# begin: two guests, and somebody who claims CPUs 6-7 of rt1's.
begin() {
	irqbalance_quiet
	write_config
	define_rt1
	define_rt2
	# systemd keeps the cpuset controller on as long as a unit of its own needs it.
	systemd-run -q --unit=theirs --slice=theirs.slice -p AllowedCPUs=0-11 sleep infinity
	ok 'somebody claims two CPUs' wait_for 60 test -e $theirs/cpuset.cpus.exclusive
	echo 6-7 >$theirs/cpuset.cpus.exclusive
}

claimed() {
	snapshot_host /run/before
	ok 'the agent starts' systemctl start kvmrt-agent
	ok 'rt2 starts' start_guest rt2
	ok 'rt1 starts, though two of its CPUs are claimed' start_guest rt1
	ok 'rt1 is tuned' stat_says rt1 tuned
	like "$(kvmrt-stat rt1)" 'a fence instead of a shield, which the kernel refused: .*cpuset.cpus.exclusive' 'kvmrt-stat says how, and why'
	like "$(journalctl -q -t kvmrt-hook --since -10min)" "the kernel refuses the guest's shield" 'the log says it'
	check_rt rt1 '6 8' 10 6-11 fence
	check_rt rt2 2 4 2-5
	is "$(cat $isolated)" 2-5 'no CPU of rt1 is isolated'
	is "$(cat $theirs/cpuset.cpus.exclusive)" 6-7 'their claim stays'
	unlike "$(cat /sys/devices/virtual/workqueue/cpumask)" '[^03]' 'unbound workqueues keep off both guests'

	# The agent guards a fence, too.
	ok 'rt1 is guarded' guards
	fails 'no task of another cgroup can go there' taskset -c 8 true
	echo 0-11 >/sys/fs/cgroup/system.slice/cpuset.cpus
	ok 'a fence that somebody takes down is set up again' wait_for 60 holds /sys/fs/cgroup/system.slice/cpuset.cpus 0-5

	ok 'rt2 ends first' end_guest rt2
	check_rt rt1 '6 8' 10 6-11 fence
	ok 'rt2 starts again' start_guest rt2
	check_rt rt2 2 4 2-5
	ok 'rt1 ends' end_guest rt1
	check_rt rt2 2 4 2-5
	ok 'the fence is gone' emptied /sys/fs/cgroup/system.slice/cpuset.cpus
	ok 'rt2 ends' end_guest rt2
	fence_has_no_trace 'after both'

	# The claim goes while rt1 runs.
	ok 'rt1 starts once more' start_guest rt1
	like "$(kvmrt-stat rt1)" 'a fence instead' 'with a fence'
	echo >$theirs/cpuset.cpus.exclusive
	ok 'kvmrt-boot tries the shield again' kvmrt-boot rt1
	unlike "$(kvmrt-stat rt1)" fence 'it has a shield'
	check_rt rt1 '6 8' 10 6-11
	ok 'and no fence' emptied /sys/fs/cgroup/system.slice/cpuset.cpus
	ok 'rt1 ends again' end_guest rt1
	echo 6-7 >$theirs/cpuset.cpus.exclusive
	fence_has_no_trace 'after that'
}

# A partition has its CPUs for itself: no guest can run there, and nobody is fenced off for it.
partition() {
	echo root >$theirs/cpuset.cpus.partition
	is "$(cat $theirs/cpuset.cpus.partition)" root 'they make a partition'
	fails 'rt1 cannot start on its CPUs' virsh -q start rt1
	is "$(online)" 0-11 'its siblings are online'
	is "$(cat /sys/fs/cgroup/system.slice/cpuset.cpus)" '' 'nobody is fenced off'
	is "$(cat $theirs/cpuset.cpus.partition)" root 'the partition is valid still'
	ok 'rt2 starts beside it' start_guest rt2
	check_rt rt2 2 4 2-5
	ok 'rt2 ends at last' end_guest rt2
}

case $part in
1)
	begin
	claimed
	;;
2)
	begin
	partition
	;;
esac
