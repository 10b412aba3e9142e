# SPDX-License-Identifier: LGPL-2.1-or-later
# One row of `make compare`, in the lab host: the guest rt1 is made quiet in the row's way, and samples are taken of what disturbs its
# vCPUs' CPUs. Nothing here knows kvmrt but the rows of that name: the counters are the kernel's own. 'lines' makes figures of the samples.
# shellcheck shell=sh

. /lab/host-lib.sh

SAMPLES=/lab/out/compare
TRACES=/sys/kernel/tracing/instances
# What rt1 has: vCPUs on 6 and 8, service CPU 10, and the siblings.
OWNED=6-11
OTHERS=0-5
# More than the six other CPUs can do, of several kinds; it runs wherever it is allowed to.
LOAD='--cpu 3 --switch 1 --timer 1 --fork 1 --vm 1 --vm-bytes 64m --io 1'

# give_up TEXT: why there is no row.
give_up() {
	echo "$*" >"$SAMPLES/failed"
	journalctl -b --no-pager >"$SAMPLES/journal" 2>&1
	cp "$CFG" "$SAMPLES/" 2>/dev/null
	echo "$*" >&2
	exit 1
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# fact MEASURE VALUE [DETAIL]: something about the host.
fact() {
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$SAMPLES/host/facts"
}

# took MEASURE COMMAND...: run it; how long it took is a fact.
took() {
	_measure=$1
	_since=$(now_ms)
	shift
	"$@" || return
	fact "$_measure" $(($(now_ms) - _since))
}

# affinity FILE: "irq NUMBER CPUS NAME" and "task ID CPUS NAME" of everything that has a place.
affinity() {
	{
		grep -sH '' /proc/irq/*/effective_affinity_list /sys/kernel/irq/*/actions
		grep -sHE '^(Name|Cpus_allowed_list):' /proc/[0-9]*/task/[0-9]*/status
	} | awk '
	{
		at = index($0, ":")
		split(substr($0, 1, at - 1), part, "/")
		value = substr($0, at + 1)
	}
	part[3] == "irq" && part[2] == "proc" { cpus["irq " part[4]] = value }
	part[2] == "sys" { name["irq " part[5]] = value }
	part[4] == "task" {
		key = "task " part[5]
		word = value
		sub(/^[^\t]*\t/, "", word)
		if (value ~ /^Name/)
			name[key] = word
		else
			cpus[key] = word
	}
	END {
		for (key in cpus)
			if (name[key] != "" && cpus[key] != "")
				print key, cpus[key], name[key]
	}' >"$1"
}

# hooks_on: from now on the calls of libvirt's hooks are timed. By the kernel: a program around a hook would be its parent, which hooks look at.
hooks_on() {
	mkdir -p "$TRACES/compare-hooks" || return
	(
		cd "$TRACES/compare-hooks" || exit
		echo mono >trace_clock
		echo 'filename ~ "/etc/libvirt/hooks/*"' >events/sched/sched_process_exec/filter
		echo 1 >events/sched/sched_process_exec/enable
		echo 1 >events/sched/sched_process_exit/enable
		: >trace
		echo 1 >tracing_on
	)
}

# hooks_took MEASURE: how long hooks ran since then is a fact, if there was one.
hooks_took() {
	echo 0 >"$TRACES/compare-hooks/tracing_on"
	_ms=$(awk '
		/^#/ { next }
		{
			at = index($0, ": sched_process_")
			time = substr($0, 1, at - 1)
			sub(/.* /, "", time)
			pid = $0
			sub(/.* pid=/, "", pid)
			sub(/ .*/, "", pid)
		}
		/: sched_process_exec: / { since[pid] = time }
		/: sched_process_exit: / && (pid in since) {
			ms += (time - since[pid]) * 1000
			delete since[pid]
			n++
		}
		END { if (n) printf "%.0f", ms }' "$TRACES/compare-hooks/trace")
	[ -z "$_ms" ] || fact "$1" "$_ms"
}

# What people put into /etc/libvirt/hooks/qemu to keep systemd's services off a guest's CPUs.
scripted_hook() {
	cat >/etc/libvirt/hooks/qemu <<-EOF
	#!/bin/sh
	[ "\$1" = rt1 ] || exit 0
	case \$2/\$3 in
	prepare/begin) cpus=$OTHERS ;;
	release/end) cpus=0-11 ;;
	*) exit 0 ;;
	esac
	for unit in system.slice user.slice init.scope; do
		systemctl set-property --runtime "\$unit" AllowedCPUs=\$cpus
	done
	EOF
	chmod 755 /etc/libvirt/hooks/qemu
	systemctl reload libvirtd
}

tuned_on() {
	[ -d /usr/lib/tuned/profiles/realtime-virtual-host ] || [ -d /usr/lib/tuned/realtime-virtual-host ] ||
		give_up 'the package tuned of this release has no profile realtime-virtual-host'
	printf "%s\n" "isolated_cores=$OWNED" isolate_managed_irq=Y >/etc/tuned/realtime-virtual-host-variables.conf
	wait_for 120 systemctl -q is-active tuned || give_up 'tuned does not run'
	took apply_ms tuned-adm profile realtime-virtual-host || give_up 'tuned-adm profile realtime-virtual-host fails'
	tuned-adm active >>"$SAMPLES/log"
	tail -n 30 /var/log/tuned/tuned.log >>"$SAMPLES/log"
}

# make_quiet ROW: what is done before the guest starts; the boot parameters are there already.
make_quiet() {
	case $1 in
	plain) define_rt1 cpuset= pins= service= ;;
	vcpupin | isolcpus) define_rt1 ;;
	hook)
		scripted_hook
		define_rt1
		;;
	tuned)
		tuned_on
		define_rt1
		;;
	kvmrt*)
		write_config
		define_rt1 && systemctl start kvmrt-agent kvmrt-sync
		;;
	*) give_up "no row $1" ;;
	esac || give_up "the guest could not be prepared"
}

# is_quiet ROW: kvmrt's own rows are no rows of it when it could not do its work.
is_quiet() {
	case $1 in
	kvmrt*) wait_for 60 sh -c 'kvmrt-stat rt1 | grep -q "^rt1  *tuned"' || give_up "kvmrt: $(kvmrt-stat -t rt1 2>&1 | tr '\n' ' ')" ;;
	esac
}

# trace_on CPU...: who runs on these CPUs, and which work items; and on all CPUs who sends them interrupts.
trace_on() {
	mkdir "$TRACES/compare" "$TRACES/compare-causes" || return
	_either=
	_mask=0
	for _cpu; do
		_either="$_either || cpu == $_cpu"
		_mask=$((_mask | 1 << _cpu))
	done
	_list=$(echo "$*" | tr ' ' ,)
	(
		cd "$TRACES/compare" || exit
		echo 0 >tracing_on
		printf '%x\n' "$_mask" >tracing_cpumask
		for _cpu; do
			echo 24576 >"per_cpu/cpu$_cpu/buffer_size_kb"
		done
		echo 1 >events/sched/sched_switch/enable
		echo 1 >events/workqueue/workqueue_execute_start/enable
	) || return
	# Only to name senders; kernels before 6.6 lack some of it.
	(
		cd "$TRACES/compare-causes" || exit
		echo 0 >tracing_on
		for _event in ipi/ipi_send_cpu csd/csd_queue_cpu; do
			echo "${_either# || }" >"events/$_event/filter" && echo 1 >"events/$_event/enable"
		done
		echo "cpumask & CPUS{$_list}" >events/ipi/ipi_send_cpumask/filter && echo 1 >events/ipi/ipi_send_cpumask/enable
	) 2>>"$SAMPLES/log" || :
}

trace_off() {
	rmdir "$TRACES/compare" "$TRACES/compare-causes"
}

# around COMMAND...: run it, and read the kernel's counters just before and after, while the traces record. One process with all files open, ahead
# of the load: else the counters would be read seconds before the traces end.
around() {
	python3 - "$TRACES" "$(sed "s|^\\([0-9]*\\) |\\1=/proc/$(guest_pid "$_guest")/task/|" "$SAMPLES/$_when/vcpus" | tr '\n' ' ')" "$SAMPLES/$_when" "$@" <<-'EOF_PYTHON'
	import os, subprocess, sys, time
	traces, vcpus, to = sys.argv[1:4]
	command = sys.argv[4:]
	switches = [os.open(traces + "/" + name + "/tracing_on", os.O_WRONLY) for name in ("compare", "compare-causes")]
	files = {name: open("/proc/" + name) for name in ("interrupts", "softirqs")}
	tasks = [(pair.split("=")[0], open(pair.split("=")[1] + "/schedstat")) for pair in vcpus.split()]

	def switch(value):
	    for fd in switches:
	        os.write(fd, value)

	def text(file):
	    file.seek(0)
	    return file.read()

	def read():
	    texts = {name: text(file) for name, file in files.items()}
	    texts["schedstat"] = "".join(vcpu + " " + text(file) for vcpu, file in tasks)
	    return texts

	read()
	os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
	switch(b"1")
	since = time.monotonic()
	before = read()
	if command[0] == "sleep":
	    time.sleep(float(command[1]))
	    status = 0
	else:
	    status = subprocess.run(command).returncode
	after = read()
	ms = (time.monotonic() - since) * 1000
	switch(b"0")
	for side, texts in (("before", before), ("after", after)):
	    for name, said in texts.items():
	        with open(to + "/" + name + "." + side, "w") as file:
	            file.write(said)
	with open(to + "/ms", "w") as file:
	    print(round(ms), file=file)
	sys.exit(status)
	EOF_PYTHON
}

# window WHEN GUEST CPUS COMMAND...: samples around a command; CPUS are those of the guest's vCPUs, in their order.
window() {
	_when=$1
	_guest=$2
	_cpus=$3
	shift 3
	rm -rf "${SAMPLES:?}/$_when"
	mkdir -p "$SAMPLES/$_when"
	guest_threads "$_guest" | sed -nE 's|^([0-9]+) [^ ]+ CPU ([0-9]+)/KVM$|\2 \1|p' | sort -n >"$SAMPLES/$_when/vcpus"
	_n=0
	for _cpu in $_cpus; do
		echo "$_cpu $_n"
		_n=$((_n + 1))
	done >"$SAMPLES/$_when/cpus"
	: >"$TRACES/compare/trace"
	: >"$TRACES/compare-causes/trace"
	sleep 2
	_status=0
	around "$@" || _status=$?
	for _cpu in $_cpus; do
		cat "$TRACES/compare/per_cpu/cpu$_cpu/trace" >"$SAMPLES/$_when/trace.$_cpu"
	done
	cat "$TRACES/compare-causes/trace" >"$SAMPLES/$_when/causes"
	return "$_status"
}

# loaded WHEN SECONDS: a window in which the other CPUs have more to do than they can.
loaded() {
	# shellcheck disable=SC2086 # several words
	stress-ng --quiet $LOAD >>"$SAMPLES/log" 2>&1 &
	_load=$!
	sleep 5
	kill -0 "$_load" || give_up 'stress-ng does not run'
	window "$1" rt1 '6 8' sleep "$2"
	kill -INT "$_load"
	wait "$_load"
}

# beside: what the vCPU of another real-time guest that runs already has of rt1's start and end.
beside() {
	define_rt2 && start_guest rt2 || give_up 'the second guest does not start'
	sleep 10
	trace_on 2 || give_up 'no trace'
	window beside-nothing rt2 2 sleep 20
	window beside-start rt2 2 virsh -q start rt1 || give_up 'beside another guest rt1 does not start'
	wait_for 900 guest_booted rt1
	sleep 5
	window beside-end rt2 2 virsh -q destroy rt1 || give_up 'beside another guest rt1 does not end'
	trace_off
	end_guest rt2
}

# compare_row ROW SECONDS WHEN...: idle, busy, beside; the samples are in $SAMPLES afterwards.
compare_row() {
	_row=$1
	_seconds=$2
	shift 2
	rm -rf "$SAMPLES"
	mkdir -p "$SAMPLES/host"
	dmesg -n 7
	irqbalance_quiet
	uname -r >"$SAMPLES/kernel"
	cat /proc/cmdline >"$SAMPLES/log"
	echo "$LOAD" >"$SAMPLES/load"
	snapshot_host "$SAMPLES/host/settings.before"
	affinity "$SAMPLES/host/affinity.before"
	make_quiet "$_row"
	: >"$(guest_log rt1)"
	hooks_on || give_up 'no trace of hooks'
	took start_ms virsh -q start rt1 || give_up 'rt1 does not start'
	affinity "$SAMPLES/host/affinity.applied"
	hooks_took apply_ms
	wait_for 900 guest_booted rt1 || give_up 'the system of rt1 does not come up'
	guest_threads rt1 >>"$SAMPLES/log"
	is_quiet "$_row"
	sleep 10
	trace_on 6 8 || give_up 'no trace'
	for _phase; do
		case $_phase in
		idle) loaded idle "$_seconds" ;;
		busy)
			guest_cmd rt1 load_on || give_up 'rt1 does not obey'
			loaded busy "$_seconds"
			guest_cmd rt1 load_off
			;;
		esac
	done
	trace_off
	hooks_on
	took stop_ms end_guest rt1 || give_up 'rt1 does not end'
	[ "$_row" != tuned ] || took undo_ms tuned-adm off
	hooks_took undo_ms
	rmdir "$TRACES/compare-hooks"
	sleep 2
	snapshot_host "$SAMPLES/host/settings.after"
	diff_host "$SAMPLES/host/settings.before" "$SAMPLES/host/settings.after" >"$SAMPLES/host/differ"
	for _phase; do
		[ "$_phase" != beside ] || beside
	done
	journalctl -b --no-pager >"$SAMPLES/journal" 2>&1
	echo "$*" >"$SAMPLES/done"
}
