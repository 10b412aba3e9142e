# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt-noise names each disturbance that is made on purpose, how often it came and who did it; its counts are the kernel's own.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh

TRACES=/sys/kernel/tracing/instances
RESULT=/run/noise.json

# meter_on: it measures until meter_off, for at most an hour; what happens from now on is recorded.
meter_on() {
	kvmrt-noise --for 1h --json rt1 >$RESULT 2>/run/noise.err &
	_meter=$!
	ok "$1" wait_for 300 meter_records "$_meter"
}

# meter_off SIGNAL STATUS NAME: end it, and make tables of what it says: "CPU KIND NAME COUNT" and "CPU KIND NAME CAUSE COUNT".
meter_off() {
	[ "$1" = none ] || kill "-$1" "$_meter"
	wait "$_meter"
	is "$?" "$2" "$3"
	python3 - <<-'EOF'
	import json
	rows, causes = open("/run/rows", "w"), open("/run/causes", "w")
	for guest in json.load(open("/run/noise.json"))["guests"]:
	    for on in guest["cpus"]:
	        for row in on["interruptions"]:
	            what = [on["cpu"], row["kind"], row["name"]]
	            print(*what, row["count"], sep="\t", file=rows)
	            for cause in row["causes"]:
	                who = " ".join(filter(None, [cause["by"], cause["name"], cause.get("function")]))
	                print(*what, who, cause["count"], sep="\t", file=causes)
	EOF
}

# counted CPU KIND NAME: how often; NAME is a regular expression for all of it.
counted() {
	awk -F '\t' -v cpu="$1" -v kind="$2" -v name="^($3)\$" '$1 == cpu && $2 == kind && $3 ~ name { n += $4 }
		END { print n + 0 }' /run/rows
}

# caused CPU KIND NAME CAUSE: how often by whom: "BY NAME FUNCTION", also a regular expression.
caused() {
	awk -F '\t' -v cpu="$1" -v kind="$2" -v name="^($3)\$" -v who="^($4)\$" '
		$1 == cpu && $2 == kind && $3 ~ name && $4 ~ who { n += $5 } END { print n + 0 }' /run/causes
}

# column FILE CPU: "NAME COUNT" of each row that is not 0.
column() {
	awk -v cpu="CPU$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == cpu) n = i + 1; next }
		$n + 0 > 0 { sub(/:/, "", $1); print $1, $n }' "$1"
}

# grown NAME FILE [CPU]: from FILE.before to FILE.after, on CPU 6 or that one.
grown() {
	{
		column "$2.before" "${3:-6}" | sed 's/^/before /'
		column "$2.after" "${3:-6}" | sed 's/^/after /'
	} | awk -v name="$1" '$2 == name { n[$1] = $3 } END { print n["after"] - n["before"] }'
}

# agrees WHAT GOT WANT: within a hundredth, or three where there are few: the counters are not read in the same instant.
agrees() {
	if [ "$3" -gt 0 ] && [ $(($2 - $3)) -le $(($3 / 100 + 3)) ] && [ $(($3 - $2)) -le $(($3 / 100 + 3)) ]; then
		pass "$1: $2, and the kernel counts $3"
	else
		fail "$1 agrees with the kernel" "measured $2, the kernel counts $3"
	fi
}

irqbalance_quiet
systemctl stop kvmrt-agent kvmrt-sync
write_config
define_rt1

is "$(kvmrt-noise 2>&1)" 'kvmrt-noise: no real-time guest runs, so there is nothing to measure' 'without a guest it says so'
ok 'rt1 starts' start_guest rt1
guest=$(dirname "$(ls -d /sys/fs/cgroup/machine.slice/machine-qemu*rt1*/libvirt/cgroup.procs)")
nic=$(ls "/sys/bus/pci/devices/$NIC1/net")
ip address add 10.0.2.15/24 dev "$nic"
ip link set "$nic" up
modprobe msr
sleep 5
irq=$(awk -v name="$nic" '$NF ~ "^" name && $NF ~ /rx/ { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)
: "${irq:=$(awk -v name="$nic" '$NF ~ "^" name { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)}"
diag "$nic has interrupt $irq: $(cat "/sys/kernel/irq/$irq/actions")"

# count FILE WHEN THEN: when tracing_on is WHEN, copy the kernel's counters to FILE-…; then write THEN to it. In one process, to be quick.
count() {
	python3 - "$(echo "$TRACES/kvmrt-noise-$_meter-"*[0-9])/tracing_on" "$@" <<-'EOF'
	import os, sys
	switch, to, when, then = sys.argv[1:5]
	files = [(open("/proc/" + name), open("/run/" + name + "." + to, "w")) for name in ("interrupts", "softirqs")]
	on = os.open(switch, os.O_RDWR)
	while os.pread(on, 1, 0) != when.encode():
	    pass
	texts = [(source.read(), copy) for source, copy in files]
	if then:
	    os.write(on, then.encode())
	for text, copy in texts:
	    copy.write(text)
	EOF
}

has_instance() {
	ls "$TRACES/kvmrt-noise-$_meter-"*[0-9]/tracing_on
}

# --- each kind once, on vCPU 0's CPU 6. The kernel's counters are read as near as can be to the beginning and to the end.
kvmrt-noise --for 1h --json rt1 >$RESULT 2>/run/noise.err &
_meter=$!
ok 'the meter begins' wait_for 300 has_instance
ok 'it measures' count before 1 ''
is "$(cat "$TRACES/kvmrt-noise-$_meter-"*[0-9]/tracing_cpumask | sed 's/^[0,]*//')" 540 'everything is recorded on CPUs 6, 8 and 10 only'
is "$(cat "$TRACES/kvmrt-noise-$_meter-"*-causes/events/sched/sched_waking/filter)" \
	'(target_cpu >= 6 && target_cpu <= 6) || (target_cpu >= 8 && target_cpu <= 8) || (target_cpu >= 10 && target_cpu <= 10)' \
	'and elsewhere what is about them'
echo 6 >"/proc/irq/$irq/smp_affinity_list"
busybox ping -q -c 20 -I "$nic" 10.0.2.2 >/run/ping 2>&1
like "$(cat /run/ping)" '20 packets received' 'the card has its traffic'
echo 0-5 >"/proc/irq/$irq/smp_affinity_list"
for _n in 1 2 3 4 5 6 7 8 9 10; do
	dd if=/dev/cpu/6/msr of=/dev/null bs=8 skip=2 count=1 status=none
done
for _n in 1 2 3 4 5; do
	echo 1 >/proc/sys/vm/stat_refresh
done
/lab/bin/disturb lab-fair fair 6 "$guest/cgroup.procs" 20 2
/lab/bin/disturb lab-fifo fifo 6 "$guest/cgroup.procs" 10 2
/lab/bin/disturb lab-timer fair 6 "$guest/cgroup.procs" 30 0
echo 0 >/sys/devices/system/cpu/cpu5/online
echo 1 >/sys/devices/system/cpu/cpu5/online
ok 'the counters are read' count after 1 0
meter_off INT 0 'SIGINT ends it well'
is "$(ls $TRACES)" '' 'no trace instance is left'
ok 'all events were read' grep -q '"complete":true' $RESULT
like "$(cat $RESULT)" '"not_measured":\[\]' 'this kernel has all events'

agrees 'interrupts of the card' "$(counted 6 irq "$nic.*")" "$(grown "$irq" /run/interrupts)"
# Ticks come at all times, also while the counters are being read: where there are many, that is less than a hundredth.
agrees 'the timer of the service CPU' "$(counted 10 vector local_timer)" "$(grown LOC /run/interrupts 10)"
agrees 'calls of functions' "$(counted 6 ipi 'call_function.*')" "$(grown CAL /run/interrupts)"
agrees 'rescheduling' "$(counted 6 ipi reschedule)" "$(grown RES /run/interrupts)"
for _name in TIMER SCHED RCU NET_RX; do
	_want=$(grown $_name /run/softirqs)
	[ "$_want" -eq 0 ] || agrees "softirq $_name" "$(counted 6 softirq $_name)" "$_want"
done
is "$(caused 6 ipi 'call_function.*' 'task dd __rdmsr.*')" 10 'ten calls by dd, which reads an MSR'
is "$(counted 6 work refresh_vm_stats)" 5 'five work items'
is "$(caused 6 work refresh_vm_stats 'task sh')" 5 'which the shell has placed'
is "$(caused 6 timer hrtimer_wakeup 'task lab-fair')" 20 "twenty timers of the fair task"
is "$(caused 6 timer hrtimer_wakeup 'task lab-fifo')" 10 'ten of the FIFO task'
is "$(caused 6 timer hrtimer_wakeup 'task lab-timer')" 30 'thirty of the one that only sleeps'
is "$(caused 6 task lab-fair 'inside hrtimer_wakeup')" 20 'the fair task was woken by its timers'
is "$(caused 6 task lab-fifo 'inside hrtimer_wakeup')" 10 'the FIFO task, too'
ok 'a hotplug stops the CPU: its stopper ran' [ "$(counted 6 task migration/6)" -ge 1 ]
is "$(counted 8 task 'lab-.*')" 0 'the other vCPU saw none of these tasks'
is "$(caused 8 ipi 'call_function.*' 'task dd __rdmsr.*')" 0 'and no call by dd'

# --- what it costs, and what it leaves
_before=$(column /proc/interrupts 6 | awk '$1 == "CAL" { print $2 }')
ok 'it measures for five seconds, and draws' sh -c 'kvmrt-noise --for 5s --svg /lab/out/noise.svg >/run/noise.text'
_after=$(column /proc/interrupts 6 | awk '$1 == "CAL" { print $2 }')
diag "a measurement costs CPU 6 $((_after - _before)) calls of functions, to enable events and to disable them"
grep -v '^ *from' /run/noise.text | cut -c1-160 | while IFS= read -r _line; do diag "$_line"; done

meter_on 'one more measures'
_dead=$_meter
kill -9 "$_dead"
wait "$_dead"
is "$(ls $TRACES | wc -l)" 2 'killed, it leaves its two trace instances'
meter_on 'the next one measures'
unlike "$(ls $TRACES)" "^kvmrt-noise-$_dead-" 'it has removed them'
is "$(ls $TRACES | wc -l)" 2 'and has its own'
ok 'another one measures at the same time' kvmrt-noise --for 1s
is "$(ls $TRACES | wc -l)" 2 'and leaves alone the instances of one that lives'
ok 'rt1 is destroyed' end_guest rt1
meter_off none 4 'a guest that ends meanwhile makes it incomplete'
like "$(cat $RESULT)" '"stopped":"a guest ended' 'and it says so'
is "$(ls $TRACES)" '' 'no trace instance is left'
ip link set "$nic" down
ip address flush dev "$nic"
