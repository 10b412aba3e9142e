#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# compare.sh - `make compare`: samples by hand become figures, figures become the tables of README.md and docs/compare.md
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

compare=$tree/tests/lab/compare
tab=$(printf '\t')

# window: samples of a window in $work/w, CPUs 6 and 8; CPU 8's numbers differ from CPU 6's in each row.
window() {
	rm -rf "$work/w"
	mkdir "$work/w"
	cd "$work/w" || exit 1
	printf '%s\n' '6 0' '8 1' >cpus
	printf '%s\n' '0 700' '1 701' >vcpus
	echo 60123 >ms
	cat >interrupts.before <<-'END'
	           CPU0       CPU6       CPU8
	  0:         40          0          0  IO-APIC    2-edge      timer
	 45:          7          3          5  PCI-MSIX-0000:42:00.0    0-edge      eth1-rx-0
	NMI:          0          0          0   Non-maskable interrupts
	LOC:       1000        100        200   Local timer interrupts
	RES:          5         10         20   Rescheduling interrupts
	CAL:          5       1000       2000   Function call interrupts
	TLB:          5          1          2   TLB shootdowns
	MCP:          1          1          1   Machine check polls
	ERR:          0
	MIS:          0
	END
	cat >interrupts.after <<-'END'
	           CPU0       CPU6       CPU8
	  0:         40          0          0  IO-APIC    2-edge      timer
	 45:         17          7          5  PCI-MSIX-0000:42:00.0    0-edge      eth1-rx-0
	 46:          0          2          0  PCI-MSIX-0000:82:00.0    0-edge      vfio-msix[0](0000:82:00.0)
	NMI:          0          0          0   Non-maskable interrupts
	LOC:       9000        160        260   Local timer interrupts
	RES:          5         11         20   Rescheduling interrupts
	CAL:          5       1096      23596   Function call interrupts
	TLB:          5          1          5   TLB shootdowns
	MCP:          2          2          1   Machine check polls
	ERR:          3
	MIS:          0
	END
	cat >softirqs.before <<-'END'
	                    CPU0       CPU6       CPU7       CPU8
	       TIMER:        100         10          0         20
	       SCHED:        100          5          0         50
	END
	cat >softirqs.after <<-'END'
	                    CPU0       CPU6       CPU7       CPU8
	       TIMER:        900         12          9         20
	       SCHED:        900          5          9      21650
	END
	printf '%s\n' '0 5000 1000000 9' '1 5000 2000000 9' >schedstat.before
	printf '%s\n' '0 9000 3500000 19' '1 9000 2000000 19' >schedstat.after
	cat >trace.6 <<-'END'
	# tracer: nop
	#
	# entries-in-buffer/entries-written: 7/7   #P:12
	#
	          <idle>-0       [006] d..2.    10.1: sched_switch: prev_comm=swapper/6 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=CPU 0/KVM next_pid=700 next_prio=120
	       CPU 0/KVM-700     [006] d..2.    10.2: sched_switch: prev_comm=CPU 0/KVM prev_pid=700 prev_prio=120 prev_state=R ==> next_comm=kworker/6:1 next_pid=90 next_prio=120
	     kworker/6:1-90      [006] .....    10.3: workqueue_execute_start: work struct 00000000aa: function vmstat_update
	     kworker/6:1-90      [006] d..2.    10.4: sched_switch: prev_comm=kworker/6:1 prev_pid=90 prev_prio=120 prev_state=I ==> next_comm=CPU 1/KVM next_pid=801 next_prio=120
	       CPU 1/KVM-801     [006] d..2.    10.5: sched_switch: prev_comm=CPU 1/KVM prev_pid=801 prev_prio=120 prev_state=S ==> next_comm=kworker/6:1 next_pid=90 next_prio=120
	     kworker/6:1-90      [006] .....    10.6: workqueue_execute_start: work struct 00000000aa: function vmstat_update
	     kworker/6:1-90      [006] d..2.    10.7: sched_switch: prev_comm=kworker/6:1 prev_pid=90 prev_prio=120 prev_state=I ==> next_comm=swapper/6 next_pid=0 next_prio=120
	END
	cat >trace.8 <<-'END'
	# tracer: nop
	#
	# entries-in-buffer/entries-written: 0/0   #P:12
	END
	cat >causes <<-'END'
	# tracer: nop
	 stress-ng-cpu-44 [001] d..1. 10.2: csd_queue_cpu: cpu=8 callsite=smp_call_function_single+0x1/0x2 func=nohz_csd_func+0x0/0x1 csd=00000000bb
	     stress-ng-45 [001] d..1. 10.3: csd_queue_cpu: cpu=8 callsite=smp_call_function_single+0x1/0x2 func=nohz_csd_func+0x0/0x1 csd=00000000bb
	     stress-ng-45 [001] d..1. 10.3: ipi_send_cpu: cpu=8 callsite=generic_exec_single+0x1/0x2 callback=generic_smp_call_function_single_interrupt+0x0/0x1
	       dd e-46 [002] d..1. 10.4: ipi_send_cpu: cpu=6 callsite=resched_curr+0x1/0x2 callback=0x0
	END
	cd "$tree" || exit 1
}

figures() { # figures NAME KIND DIR
	name=$1
	"$compare/lines" "$2" "$3" >"$work/out" 2>"$work/err"
	result $? "$name: figures are made" || sed 's/^/# /' "$work/err"
}

window
figures 'samples' windows "$work/w"
sed "s/|/$tab/g" >"$work/wanted" <<'END'
6|tasks|3|kworker/6:1 2; CPU 1/KVM 1
6|works|2|vmstat_update 2
6|irqs|6|45 eth1-rx-0 4; 46 vfio-msix[0](0000:82:00.0) 2
6|calls|96|CAL 96
6|tlb|0|
6|resched|1|RES 1
6|ticks|60|LOC 60
6|vectors|1|MCP 1
6|softirqs|2|TIMER 2
6|delay_us|2500|
6|senders|1|ipi resched_curr by dd e 1
8|tasks|0|
8|works|0|
8|irqs|0|
8|calls|21596|CAL 21596
8|tlb|3|TLB 3
8|resched|0|
8|ticks|60|LOC 60
8|vectors|0|
8|softirqs|21600|SCHED 21600
8|delay_us|0|
8|senders|2|call nohz_csd_func by stress-ng 2
-|ms|60123|
END
is out <"$work/wanted"

# lacks MEASURE REASON: the figure of CPU 8 is "-", with the reason.
lacks() {
	has out "8$tab$1$tab-$tab$2"
}

for side in before after; do
	window
	rm "$work/w/interrupts.$side"
	figures "no interrupts.$side" windows "$work/w"
	for measure in irqs calls tlb resched ticks vectors; do
		lacks $measure "no sample of CPU 8 in interrupts.$side"
	done
	has out "8${tab}softirqs${tab}21600"
	window
	: >"$work/w/softirqs.$side"
	figures "an empty softirqs.$side" windows "$work/w"
	lacks softirqs "no sample of CPU 8 in softirqs.$side"
	window
	sed -i '/^1 /d' "$work/w/schedstat.$side"
	figures "a vCPU that is not in schedstat.$side" windows "$work/w"
	lacks delay_us 'no sample of vCPU 1'
	has out "6${tab}delay_us${tab}2500"
	window
	sed -i 's/CPU8/CPU9/' "$work/w/interrupts.$side"
	figures "a CPU that is offline $side" windows "$work/w"
	lacks calls "no sample of CPU 8 in interrupts.$side"
	window
	sed -i '/CAL:/d' "$work/w/interrupts.$side"
	figures "no CAL $side" windows "$work/w"
	lacks calls ''
	unset measure
done
window
rm "$work/w/trace.8"
figures 'no trace' windows "$work/w"
lacks tasks 'no trace of CPU 8'
lacks works 'no trace of CPU 8'
window
: >"$work/w/trace.8"
figures 'a trace that was not read' windows "$work/w"
lacks tasks 'no trace of CPU 8'
window
sed -i 's|: 0/0|: 100/140|' "$work/w/trace.8"
figures 'a trace that is cut' windows "$work/w"
lacks tasks 'the kernel lost 40 events'
window
: >"$work/w/vcpus"
figures 'no vCPUs' windows "$work/w"
lacks tasks 'no sample of the vCPUs'
window
sed -i '/ 45:/d' "$work/w/interrupts.after"
figures 'an interrupt that was freed' windows "$work/w"
lacks irqs '45 eth1-rx-0 is gone'
window
sed -i 's/45:         17          7          5/45:         17          7          1/' "$work/w/interrupts.after"
figures 'an interrupt that was requested again' windows "$work/w"
lacks irqs '45 eth1-rx-0 was counted anew'
has out "6${tab}irqs${tab}6"
window
rm "$work/w/cpus"
name='no CPUs'
! "$compare/lines" windows "$work/w" >"$work/out" 2>"$work/err"
result $? "$name: an error"
empty out

# --- what a row does to the host
host() {
	rm -rf "$work/h"
	mkdir "$work/h"
	printf '%s\t%s\t\n' start_ms 1234 apply_ms 56 >"$work/h/facts"
	echo 'irq 1 = 0-11' | tee "$work/h/settings.before" >"$work/h/settings.after"
	: >"$work/h/differ"
	printf '%s\n' 'irq 40 7 eth0' 'irq 41 2 eth1' 'irq 42 3 disk' 'irq 43 6 gone' 'task 10 0-11 bash' \
		'task 11 0-5 sshd' 'task 12 0-5,8 cron' >"$work/h/affinity.before"
	printf '%s\n' 'irq 40 1 eth0' 'irq 41 4 eth1' 'irq 42 3 disk' 'irq 44 6 new' 'task 10 0-5 bash' \
		'task 11 0-4 sshd' 'task 12 0-5 cron' >"$work/h/affinity.applied"
}
host
figures 'the host' host "$work/h"
sed "s/|/$tab/g" >"$work/wanted" <<'END'
-|start_ms|1234|
-|stop_ms|-|not sampled
-|apply_ms|56|
-|undo_ms|-|not sampled
-|differ|0|
-|irqs_moved|2|eth0 1; eth1 1
-|irqs_moved_elsewhere|1|eth1 1
-|tasks_moved|3|bash 1; cron 1; sshd 1
-|tasks_moved_elsewhere|1|sshd 1
END
is out <"$work/wanted"
echo 'irq 1: 0-11 -> 0-5' >"$work/h/differ"
figures 'a setting differs' host "$work/h"
has out "differ${tab}1${tab}irq 1"
for file in settings.after differ settings.before; do
	host
	rm "$work/h/$file"
	figures "no $file" host "$work/h"
	has out "differ$tab-$tab"
done
for file in affinity.before affinity.applied; do
	host
	rm "$work/h/$file"
	figures "no $file" host "$work/h"
	has out "irqs_moved$tab-$tab"
	has out "tasks_moved_elsewhere$tab-$tab"
done

# --- tables
{
	echo '# kernel: 6.12'
	echo "commit${tab}date${tab}window${tab}row${tab}when${tab}cpu${tab}measure${tab}value${tab}detail"
	for line in 'kvmrt|idle|-|ms|60123|' 'kvmrt|idle|6|tasks|22|a|b' 'kvmrt|idle|8|tasks|1063|' 'kvmrt|idle|6|calls|-|none' 'kvmrt|idle|8|calls|500|' \
		'isolcpus|idle|6|tasks|12|' 'isolcpus|idle|6|calls|1|' 'isolcpus|idle|8|calls|1|' \
		'isolcpus|idle|8|tasks|0|' 'hook|failed|-|-|-|the host died'; do
		printf 'abc\t2026-01-01T00:00Z\t60\t%s\n' "$(echo "$line" | tr '|' "$tab")"
	done
} >"$work/figures"
name='the table'
"$compare/table" "$work/figures" >"$work/out" 2>"$work/err"
result $? "$name is made"
empty err
has out '| kvmrt | 60.1 | 22 / 1,063 | - / - | - / 500 |'
has out '| isolcpus | - | 12 / 0 |'
has out '* idle, foreign tasks: kvmrt 1,085, isolcpus 12'
hasnt out 'call-function IPIs: kvmrt'
"$compare/table" -s "$work/figures" >"$work/out" 2>"$work/err"
has out '| isolcpus |'
sed 's/60123/79377/' "$work/figures" >"$work/longer"
"$compare/table" -s "$work/longer" >"$work/short" 2>"$work/err"
grep -qF '| kvmrt (in 79.4 / - s) | 22 / 1,063 |' "$work/short"
result $? "$name: the short one says that a row took longer" || sed 's/^/# /' "$work/short"
"$compare/table" "$work/figures" >"$work/out"
has out '* hook: 2026-01-01, commit abc; not measured: the host died'

# What stands in the documents is what the figures say.
newest=$(sed -n 's/^Kernel \([^;]*\);.*/\1/p' "$tree/docs/compare.md")
name='the documents'
[ -s "$tree/docs/compare/$newest.tsv" ]
result $? "$name: their figures are there"
mkdir -p "$work/tree/docs"
cp "$tree/README.md" "$work/tree/"
cp "$tree/docs/compare.md" "$work/tree/docs/"
TREE=$work/tree "$compare/page" "$tree/docs/compare/$newest.tsv"
result $? "$name: are made again"
for file in README.md docs/compare.md docs/compare.svg; do
	cmp -s "$tree/$file" "$work/tree/$file"
	result $? "$name: $file is as the figures say" || diff "$tree/$file" "$work/tree/$file" | head -n 5 | sed 's/^/# /'
done
for row in $(cut -f4 "$tree/docs/compare/$newest.tsv" | grep -v '^#' | sort -u); do
	case $row in
	row | kvmrt+*) ;;
	*)
		grep -q "^| $row |" "$tree/docs/compare.md"
		result $? "$name: say what $row is"
		;;
	esac
done
finish
