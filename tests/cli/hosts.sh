#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# hosts.sh - validate-config and show-config on captured machines
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

config() { # config CPUSET [LINE...]: a guest in $host/etc/kvmrt.cfg
	{
		echo '[11111111-1111-4111-8111-111111111111]'
		echo 'name = press'
		echo "cpuset = $1"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$host/etc/kvmrt.cfg"
}

unpack() { # unpack NAME
	host=$work/$1
	mkdir "$host"
	gzip -dc "$tree/tests/hosts/$1.tar.gz" | tar xf - -C "$host" || exit 1
	(cd "$host" && find . -type f ! -name kvmrt.cfg -exec cksum {} +) |
		sort >"$work/before"
}

untouched() {
	(cd "$host" && find . -type f ! -name kvmrt.cfg -exec cksum {} +) |
		sort | cmp -s - "$work/before"
	result $? "the captured host was only looked at"
}

# matches STREAM N PATTERN: so many lines match
matches() {
	[ "$(grep -c -- "$3" "$work/$1")" -eq "$2" ]
	result $? "$name: $2 lines of $1 match '$3'" || sed 's/^/# /' "$work/$1"
}

vm_2cpu_cgroup1() {
	unpack vm-2cpu-cgroup1

	config 1
	run "an ordinary guest" 0 kvmrt-validate-config --root "$host"
	has out "1 guest, 0 real-time: no errors"
	run "its placement" 0 kvmrt-show-config --root "$host"
	has out "Cpuset: CPU 1"
	has out "of NUMA node 0"
	has out "Housekeeping: CPUs 0-1 of CPUs 0-1"
	run "its plan" 0 kvmrt-show-config --plan --root "$host"
	empty out

	config 1 'rt = yes' 'nr_vcpus = 1'
	run "a real-time guest on one CPU" 3 kvmrt-validate-config --root "$host"
	has out "[too-few-cpus]"
	has out "irq 36"
	has out "[managed-irq]"
	run "its placement" 3 kvmrt-show-config --root "$host"
	has out "Placement: vCPU 0 on CPU 1"
	has out "Housekeeping: CPU 0 of CPUs 0-1"

	# What it would do to the host, were it let.
	run "its plan" 3 kvmrt-show-config --plan --root "$host"
	matches out 1 '^set  /proc/irq/{[-0-9,]*}/smp_affinity_list (18 interrupts): 0-1 -> 0 '
	hasnt out "proc/irq/36/"
	has out "proc/irq/default_smp_affinity: 3 -> 1"
	has out "workqueue/cpumask: 3 -> 1"
	has out "cpu1/power/pm_qos_resume_latency_us: 0 -> n/a"
	hasnt out "/online"
	hasnt out "sys/fs/cgroup"
	matches out 1 '^set  threads 2-3,.* (18 threads): '
	matches out 1 '^note thread.*pinned task'
	hasnt out "# N in a cgroup"
	run "each write of its plan" 3 kvmrt-show-config --plan -v --root "$host"
	matches out 18 '^set  /proc/irq/[0-9]*/smp_affinity_list: 0-1 -> 0 '
	matches out 1 '^set  thread 2: '

	config 0-1 'rt = yes' 'nr_vcpus = 1'
	run "a real-time guest on all CPUs" 3 kvmrt-validate-config --root "$host"
	has out "[no-housekeeping]"
	config 2
	run "a CPU that is not there" 3 kvmrt-validate-config --root "$host"
	has out "the host has no CPU 2"
	untouched
}

# What hwloc-gather-topology(1) captures has no interrupts: only what needs them says so.
gathered() {
	host=$work/gathered
	"$tree/tests/hosts/make-shape" 'packages:2 cores:6 threads:2 nodes:2' "$host" || exit 1
	rm -r "$host/proc/irq"
	mkdir -p "$host/etc"
	config 12-17 'rt = yes' 'nr_vcpus = 2'
	run "a capture without interrupts" 0 kvmrt-validate-config --root "$host"
	hasnt out interrupts
	empty err
	run "its guests" 0 kvmrt-show-config --root "$host"
	has out "Placement: vCPU 0 on CPU 12"
	run "its plan" 0 kvmrt-show-config --plan --root "$host"
	has out "cpu{13,15,17}/online"
	has out "the capture does not tell of this host's interrupts"
	run "its plan in JSON" 0 kvmrt-show-config --plan --json --root "$host"
	has out '"unknown":"interrupts"'
	run "its state" 0 kvmrt-stat --root "$host"
}

# The CPUs of a node without memory: what counts is the node whose memory is nearest.
memoryless() {
	host=$work/memoryless
	"$tree/tests/hosts/make-shape" no-memory-node "$host" || exit 1
	mkdir -p "$host/etc"
	config 5-6 'rt = yes' 'nr_vcpus = 1' '[22222222-2222-4222-8222-222222222222]' 'name = office' 'cpuset = 2-3' 'numatune = 0'
	run "a node without memory" 0 kvmrt-validate-config --root "$host"
	has out "guest 'office': numatune takes memory of node 0, the nearest to the CPUs of real-time guest 'press' [shared-memory]"
	hasnt out '[numatune-outside]'
	config 5-6 'rt = yes' 'nr_vcpus = 1' 'numatune = 1'
	run "its node, which has none" 0 kvmrt-validate-config --root "$host"
	has out "guest 'press': numatune takes memory of node 1, the nearest to its CPUs is of node 0 [numatune-outside]"
}
if command -v perl >/dev/null; then
	gathered
	memoryless
fi

for archive in "$tree"/tests/hosts/*.tar.gz; do
	"$(basename "$archive" .tar.gz | tr -- - _)" || exit 1
done
finish
