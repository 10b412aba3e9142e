#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# stat.sh - kvmrt-stat on a captured host whose guest the real hook has tuned
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
data=$tree/tests/data/hook
root=$work/root
uuid=6a1f0c1e-0000-4000-8000-000000000001

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi

"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$root" || exit 1
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"

call() { # call OPERATION
	KVMRT_ROOT=$root "$hook" rt1 "$1" begin - <"$data/rt1.xml" \
		>/dev/null 2>"$work/err"
	result $? "the hook's $1" || sed 's/^/# /' "$work/err"
}

# counters IRQ SOFT: what CPU 6 had of an interrupt and of a softirq; CPU 0
# and 8 have their own, ERR is nobody's
counters() {
	printf '%16s %10s %10s %10s\n' CPU0 CPU6 CPU8 CPU10 >"$root/proc/interrupts"
	printf ' 35: %10u %10u %10u %10u  PCI-MSI dev\n' 9 "$1" 3 2 \
		>>"$root/proc/interrupts"
	printf 'ERR: %10u\n' 1000 >>"$root/proc/interrupts"
	printf '%16s %10s %10s %10s\n' CPU0 CPU6 CPU8 CPU10 >"$root/proc/softirqs"
	printf 'TIMER: %8u %10u %10u %10u\n' 9 "$2" 0 0 >>"$root/proc/softirqs"
}

strict() { # what is on stdout is OpenMetrics, to the letter
	if ! command -v perl >/dev/null; then
		result 0 "$name: the format # skip: no perl"
		return
	fi
	why=$(perl "$tree/tests/cli/openmetrics.pl" "$work/out")
	result $? "$name: the format" || echo "# $why"
	! command -v promtool >/dev/null || promtool check metrics <"$work/out"
	result $? "$name: promtool, if it is here"
}

# A thread's file as a kernel writes it: fields 39 to 41 are CPU 8, 1, FIFO.
full_stat() { # full_stat TID
	file=$root/proc/$1/task/$1
	[ -d "$file" ] || file=$root/proc/4711/task/$1
	sed 's/ [0-9]* [0-9]* [0-9]*$/ 8 1 1/' "$file/stat" >"$work/stat"
	cat "$work/stat" >"$file/stat"
	echo '5000000 1500000 7' >"$file/schedstat"
	echo 'nonvoluntary_ctxt_switches:	42' >>"$file/status"
}

# The whole tree, as looking must leave it.
sum() {
	(cd "$root" && find . -type f -exec cksum {} + | sort && ls -lR) >"$work/$1"
}

counters 100 200
# Its process runs, and no hook has told of it.
pid=$root/run/libvirt/qemu/rt1.pid
run 'it was started before it was in the file' 4 kvmrt-stat --root "$root"
has out 'rt1                  degraded'
has out "nothing is tuned: it is not on record"
has out "'kvmrt-boot rt1' tries now"
hasnt out 'vCPUs on'
run 'the same for programs' 4 kvmrt-stat --root "$root" --json
has out '"state":"degraded","missing":["nothing is tuned'
cp -p "$pid" "$work/rt1.pid"
echo 99999 >"$pid"
run 'its process has ended' 0 kvmrt-stat --root "$root"
has out 'rt1                  off'
rm "$pid"
run 'nobody runs' 0 kvmrt-stat --root "$root"
has out 'rt1                  off'
hasnt out 'vCPUs on'
sed -i 's/^rt = .*/&\ndisabled = yes/' "$root/etc/kvmrt.cfg"
run 'disabled' 0 kvmrt-stat --root "$root"
has out 'No guest is in kvmrt.cfg or on record.'
run 'all' 0 kvmrt-stat --root "$root" --all
has out 'rt1                  disabled'
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"
[ ! -e "$root/run/kvmrt" ]
result $? 'looking makes no directory'

mv "$work/rt1.pid" "$pid"

call prepare
run 'starting' 0 kvmrt-stat --root "$root"
has out 'rt1                  starting'
call start
call started

sum before
run 'tuned' 0 kvmrt-stat --root "$root"
has out 'rt1                  tuned'
has out 'vCPUs on 6,8, service on 10'
hasnt out 'kvmrt-agent does not run'
run 'by name' 0 kvmrt-stat --root "$root" rt1
run 'by UUID in capitals' 0 kvmrt-stat --root "$root" \
	"$(echo $uuid | tr a-z A-Z)"
has out 'rt1                  tuned'
run 'a stranger' 1 kvmrt-stat --root "$root" nobody
has err "has no guest 'nobody'"
run 'nothing was counted' 0 kvmrt-stat --root "$root" -t
has out 'since it started'
has out 'CPU 6    vCPU                0 interrupts            0 softirqs'
has out 'CPU 10   service             0 interrupts            0 softirqs'
sum after
cmp -s "$work/before" "$work/after"
result $? 'looking changed nothing'

counters 107 203
run 'what came since' 0 kvmrt-stat --root "$root" -t
has out 'CPU 6    vCPU                7 interrupts            3 softirqs'
has out 'CPU 8    vCPU                0 interrupts            0 softirqs'
hasnt out 'CPU 0 '
counters 40 203
run 'a row that went' 0 kvmrt-stat --root "$root" --json
has out '"since_start":true,"cpus":[{"cpu":6,"use":"vCPU","interrupts":0,"softirqs":3,"switches":0}'
rm "$root/run/kvmrt/counts-$uuid"
counters 107 203
run 'nothing kept' 0 kvmrt-stat --root "$root" -t
has out 'since boot'
has out 'CPU 6    vCPU              107 interrupts          203 softirqs'

# ERR has one number, in the column of the first CPU: which is not ours here.
sed -i 's/CPU0 /CPU6 /; s/ CPU6  *CPU8/ CPU0       CPU8/' "$root/proc/interrupts"
run 'errors are no CPU of ours' 0 kvmrt-stat --root "$root" -t
has out 'CPU 6    vCPU                9 interrupts'

full_stat 4711
run 'threads' 0 kvmrt-stat --root "$root" -t
grep -qE '^ +4711 qemu-system-x86 +emulator +10 +8 fifo:1 +1\.500 ms +42$' \
	"$work/out"
result $? 'threads: all of its columns' || sed 's/^/# /' "$work/out"
grep -qE 'CPU 10   service .* 42 switches$' "$work/out"
result $? 'what its CPU was taken off' || sed 's/^/# /' "$work/out"
grep -qE 'CPU 6    vCPU .* 0 switches$' "$work/out"
result $? 'and no other' || sed 's/^/# /' "$work/out"

# One in very many groups: what we look for stands behind them.
awk 'NR == 2 { printf "Groups:\t"; for (i = 0; i < 20000; i++) printf "%d ", 100000 + i; print "" } 1' \
	"$root/proc/4711/task/4711/status" >"$work/status"
cat "$work/status" >"$root/proc/4711/task/4711/status"
run 'many groups' 0 kvmrt-stat --root "$root" -t
grep -qE '^ +4711 qemu-system-x86 +emulator +10 +8 fifo:1 +1\.500 ms +42$' \
	"$work/out"
result $? 'many groups: all of its columns' || sed 's/^/# /' "$work/out"
run 'threads as JSON' 0 kvmrt-stat --root "$root" --json
has out '"role":"emulator","cpus":[10],"last_cpu":8,"policy":"fifo","priority":1,"waited_ns":1500000,"switched":42}'

# guest_entry EXPRESSION: the guest's entry of the record, changed by perl, with its FNV-1a anew.
guest_entry() {
	perl -pe 'BEGIN { $change = shift } if (/^guest /) {
		s/ #[0-9a-f]{8}$//;
		chomp;
		eval $change;
		my $sum = 2166136261;
		$sum = (($sum ^ ord) * 16777619) & 0xffffffff for split //;
		$_ .= sprintf " #%08x\n", $sum;
	}' "$1" "$work/journal" >"$root/run/kvmrt/journal"
}

# Its shield was refused: as the record has it.
cp "$root/run/kvmrt/journal" "$work/journal"
guest_entry '$_ .= " fenced=write%20%27isolated%27"'
run 'a fence instead of a shield, which is not up' 4 kvmrt-stat --root "$root"
has out "system.slice/cpuset.cpus holds '', should be '0-5'"
has out "    a fence instead of a shield, which the kernel refused: write 'isolated'"
run 'the same as JSON' 4 kvmrt-stat --root "$root" --json
has out "\"fenced\":\"write 'isolated'\""
cp "$work/journal" "$root/run/kvmrt/journal"
run 'no fence' 0 kvmrt-stat --root "$root" --json
has out '"fenced":""'

# What is in force is on record, whatever the file says.
sed -i 's/^cpuset.*/cpuset = 2-5/' "$root/etc/kvmrt.cfg"
run 'another cpuset in the file' 0 kvmrt-stat --root "$root"
has out 'rt1                  tuned      vCPUs on 6,8, service on 10'
: >"$root/etc/kvmrt.cfg"
run 'its section is gone' 0 kvmrt-stat --root "$root" rt1
has out 'rt1                  tuned      vCPUs on 6,8, service on 10'
echo 'nonsense' >"$root/etc/kvmrt.cfg"
run 'a file with errors' 3 kvmrt-stat --root "$root"
has out 'rt1                  tuned      vCPUs on 6,8, service on 10'
has err 'nonsense'
rm "$root/etc/kvmrt.cfg"
echo 4711 >"$root/run/libvirt/qemu/office.pid"
echo 99999 >"$root/run/libvirt/qemu/gone.pid"
run 'no file' 0 kvmrt-stat --root "$root"
has out 'rt1                  tuned      vCPUs on 6,8, service on 10'
has out 'office               running'
hasnt out gone
lines out 2
has err 'there is no '
run 'no file, a guest that runs' 0 kvmrt-stat --root "$root" office
lines out 1
has out 'office               running'
run 'no file, a stranger' 1 kvmrt-stat --root "$root" nobody
run 'no file, as JSON' 0 kvmrt-stat --root "$root" --json
has out '"name":"office","rt":false,"state":"running"'
run 'a file that is named and not there' 1 kvmrt-stat --root "$root" -f "$work/none.cfg"
empty out
mv "$root/proc/irq/50/smp_affinity_list" "$work"
echo 0-11 >"$root/proc/irq/50/smp_affinity_list"
run 'no file, degraded' 4 kvmrt-stat --root "$root"
has out 'rt1                  degraded'
mv "$work/smp_affinity_list" "$root/proc/irq/50"
rm "$root/run/libvirt/qemu/office.pid" "$root/run/libvirt/qemu/gone.pid"
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"

# --- metrics

run 'metrics' 0 kvmrt-stat --root "$root" --openmetrics
strict
has out "kvmrt_guest_state{uuid=\"$uuid\",name=\"rt1\",state=\"tuned\"} 1"
has out "kvmrt_guest_state{uuid=\"$uuid\",name=\"rt1\",state=\"degraded\"} 0"
has out "kvmrt_guest_info{uuid=\"$uuid\",name=\"rt1\",rt=\"true\"} 1"
has out "kvmrt_guest_missing{uuid=\"$uuid\",name=\"rt1\"} 0"
has out "kvmrt_guest_cpu_interrupts{uuid=\"$uuid\",name=\"rt1\",cpu=\"6\"} "
has out 'kvmrt_cpu_info{cpu="6",guest="rt1",role="vCPU 0"} 1'
has out 'kvmrt_cpu_info{cpu="7",guest="rt1",role="offline"} 1'
has out 'kvmrt_cpu_info{cpu="0",guest="",role="housekeeping"} 1'
has out 'kvmrt_config_findings{severity="error"} 0'
has out 'kvmrt_record_readable 1'
has out 'kvmrt_agent_up 0'
[ "$(tail -n 1 "$work/out")" = '# EOF' ]
result $? "$name: its end"
# The same facts as JSON has.
run 'JSON for the same' 0 kvmrt-stat --root "$root" --json
has out '{"cpu":6,"role":"vCPU 0","guest":"rt1"}'
has out '"findings":{"errors":0,"warnings":'
echo 0-11 >"$work/mask"
cp -p "$root/proc/irq/50/smp_affinity_list" "$work"
cat "$work/mask" >"$root/proc/irq/50/smp_affinity_list"
run 'metrics of a degraded guest' 0 kvmrt-stat --root "$root" --openmetrics
has out "kvmrt_guest_state{uuid=\"$uuid\",name=\"rt1\",state=\"degraded\"} 1"
has out "kvmrt_guest_missing{uuid=\"$uuid\",name=\"rt1\"} 1"
cat "$work/smp_affinity_list" >"$root/proc/irq/50/smp_affinity_list"
# A name that would end a label, and one that is not UTF-8.
cat >"$work/odd.cfg" <<'END'
[6a1f0c1e-0000-4000-8000-0000000000aa]
name = say "hi" \ there
END
run 'a name with quotes' 0 kvmrt-stat --root "$root" -f "$work/odd.cfg" --openmetrics
strict
has out 'name="say \"hi\" \\ there",state="off"} 1'
cp "$root/run/kvmrt/journal" "$work/journal"
guest_entry 's/ rt1 / rt%ff1 /'
mv "$root/etc/kvmrt.cfg" "$work/rt1.cfg"
run 'metrics without a file' 0 kvmrt-stat --root "$root" --openmetrics
strict
has out "name=\"rt$(printf '\357\277\275')1\""
mv "$work/rt1.cfg" "$root/etc/kvmrt.cfg"
cp "$work/journal" "$root/run/kvmrt/journal"
run 'metrics of one' 2 kvmrt-stat --openmetrics rt1
run 'metrics as JSON' 2 kvmrt-stat --openmetrics --json

# An agent that is a file.
real=$bin
bin=$(dirname "$bin")/tests/virt
KVMRT_AGENT=$work/agent
export KVMRT_AGENT
run 'the agent is dead' 5 kvmrt-stat --root "$root"
has out 'kvmrt-agent does not run'
has out 'systemctl start kvmrt-agent'
echo '{"version":1,"agent":{},"guests":[]}' >"$KVMRT_AGENT"
run 'the agent runs' 0 kvmrt-stat --root "$root"
hasnt out 'kvmrt-agent does not run'
printf '{"version":1,"agent":{},"guests":[],"sync":[{"uuid":"%s","said":"%s"}]}\n' \
	$uuid 'libvirt has no such guest' >"$KVMRT_AGENT"
run 'what kvmrt-sync says' 0 kvmrt-stat --root "$root"
has out '    its definition: libvirt has no such guest'
printf '{"version":1,"agent":{},"guests":[],"sync":[{"uuid":"%s","said":"%s"}]}\n' \
	$uuid 'in step' >"$KVMRT_AGENT"
run 'in step' 0 kvmrt-stat --root "$root"
hasnt out 'its definition'
printf '{"version":1,"agent":{"repairs":3,"scans":40,"wakeups":41},"guests":[],"sync":[{"uuid":"%s","said":"%s"}]}\n' \
	$uuid 'differs' >"$KVMRT_AGENT"
run "metrics with the agent's" 0 kvmrt-stat --root "$root" --openmetrics
strict
has out 'kvmrt_agent_up 1'
has out 'kvmrt_repairs_total 3'
has out 'kvmrt_agent_scans_total 40'
has out "kvmrt_guest_definition_in_step{uuid=\"$uuid\",name=\"rt1\"} 0"
rm "$KVMRT_AGENT"
echo 0-11 >"$root/proc/irq/50/smp_affinity_list"
run 'dead, and degraded' 4 kvmrt-stat --root "$root"
bin=$real

# Names and states are everybody's; whether a guest is tuned is root's to see.
cp "$bin/kvmrt-stat" "$work/kvmrt-stat"
chmod 755 "$work"
chmod 0 "$root/run/kvmrt/journal"
name='any user'
if $as_nobody test -x "$work/kvmrt-stat"; then
	$as_nobody "$work/kvmrt-stat" --root "$root" >"$work/out" 2>"$work/err"
	[ $? -eq 1 ]
	result $? "$name: exit status 1" || sed 's/^/# /' "$work/err"
	has out 'rt1                  running'
	has out 'only root may read the record'
	hasnt out 'vCPUs on'
	$as_nobody "$work/kvmrt-stat" --root "$root" --json >"$work/out" 2>"$work/err"
	has out '"record":false'
	for task in "$root"/proc/4711 "$root"/proc/4711/task/4711; do
		chmod 0 "$task/stat"
	done
	$as_nobody "$work/kvmrt-stat" --root "$root" >"$work/out" 2>"$work/err"
	name='any user, whose /proc hides the guest'
	has out 'rt1                  running'
	for task in "$root"/proc/4711 "$root"/proc/4711/task/4711; do
		chmod 644 "$task/stat"
	done
fi
chmod 600 "$root/run/kvmrt/journal"

run 'degraded' 4 kvmrt-stat --root "$root"
has out 'rt1                  degraded'
has out "proc/irq/50/smp_affinity_list holds '0-11', should be '10'"
run 'degraded as JSON' 4 kvmrt-stat --root "$root" --json
has out '"state":"degraded","missing":["'

run 'watch without a terminal' 2 kvmrt-stat --watch
has err '--watch is for a terminal'
cp "$root/run/kvmrt/journal" "$work/journal"
sed -i '1s/./X/' "$root/run/kvmrt/journal"
run 'a record that is damaged' 4 kvmrt-stat --root "$root"
has out 'rt1                  degraded'
has err '1 damaged line'
rm "$root/run/kvmrt/journal"
mkdir "$root/run/kvmrt/journal"
run 'a record that cannot be read' 1 kvmrt-stat --root "$root"
empty out
has err 'journal'
rmdir "$root/run/kvmrt/journal"
cp "$work/journal" "$root/run/kvmrt/journal"
rm -rf "$root/proc/4711"
run 'its process has died' 0 kvmrt-stat --root "$root" --all
has out 'rt1                  off'
cmp -s "$work/journal" "$root/run/kvmrt/journal"
result $? 'and its record is left to who has the lock'
finish
