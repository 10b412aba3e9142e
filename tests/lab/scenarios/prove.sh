# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt-prove: a guest that is left alone passes, each kind of disturbance fails it and is named, and what could not be seen is inconclusive.
# The limits are those of emulation; what disturbs is made long enough for them by /lab/bin/slow.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh

TRACES=/sys/kernel/tracing/instances
REPORT=/run/prove.json
LIMIT=150ms
SLOW=400

# measuring: all is set up, and it is recorded.
measuring() {
	[ "$(cat "$TRACES/kvmrt-noise-$_prover-"*[0-9]/tracing_on 2>/dev/null)" = 1 ]
}

# prove_on OPTION...: it measures until prove_off.
prove_on() {
	kvmrt-prove --json --limit $LIMIT "$@" rt1 >$REPORT 2>/run/prove.err &
	_prover=$!
	wait_for 300 measuring || diag "$(cat /run/prove.err)"
}

# prove_off STATUS VERDICT NAME
prove_off() {
	wait "$_prover"
	_got=$?
	is "$_got $(verdict)" "$1 $2" "$3" || diag "$(reasons)
$(cat /run/prove.err)"
	is "$(ls $TRACES)" '' 'no trace instance is left'
}

verdict() {
	python3 -c 'import json; print(json.load(open("/run/prove.json"))["verdict"])'
}

reasons() {
	python3 -c 'import json
for reason in json.load(open("/run/prove.json"))["reasons"]: print(reason["weight"], reason["text"])'
}

# outliers: a line "CPU KIND NAME CAUSE" for what was the most of each time over the limit; "-" where the cause is not known.
outliers() {
	python3 - <<-'EOP'
	import json
	for outlier in json.load(open("/run/prove.json"))["outliers"]:
	    if outlier["over"] and outlier["parts"]:
	        part = outlier["parts"][0]
	        cause = part["cause"]
	        who = " ".join(filter(None, [cause["by"], cause["name"], cause.get("function")]))
	        print(outlier["cpu"], part["kind"], part["name"] or "-", who.replace("unknown", "-"), sep="\t")
	EOP
}

# disturbed NAME KIND NAME CAUSE: a disturbance is over: the verdict is fail, and the report says what it was; regular expressions.
disturbed() {
	prove_off 1 fail "$1: the verdict is fail"
	like "$(outliers)" "^6	$2	$3	$4\$" "$1: the report names it, and who did it"
}

# slow_on CPU MS EVENT [FIELD VALUE]
slow_on() {
	if [ $# -gt 3 ]; then
		_offset=$(sed -n "s/.*field:.*[ *]$4;.*offset:\([0-9]*\);.*/\1/p" "/sys/kernel/tracing/events/$3/format")
		/lab/bin/slow "$1" "$2" "$3" "$_offset" "$5" >/run/slow 2>&1 &
	else
		/lab/bin/slow "$1" "$2" "$3" >/run/slow 2>&1 &
	fi
	_slow=$!
	wait_for 60 grep -q slow /run/slow || diag "$(head -c 500 /run/slow)"
}

slow_off() {
	kill $_slow
	wait $_slow
}

address_of() {
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

# add_programs: what a guest needs for a test goes behind its initrd: cyclictest, an agent, their libraries, and the drivers of its channel and console.
add_programs() {
	rm -rf /run/more
	mkdir -p /run/more/more /run/more/lib64
	for _program in /usr/bin/cyclictest /usr/sbin/qemu-ga; do
		cp "$_program" /run/more/more
		ldd "$_program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p'
	done | sort -u | while read -r _library; do
		mkdir -p "/run/more/${_library%/*}"
		cp -L "$_library" "/run/more/$_library"
	done
	cp -L /lib64/ld-linux-x86-64.so.2 /run/more/lib64
	modprobe -S "$(uname -r)" -D virtio_pci >/run/needed
	modprobe -S "$(uname -r)" -D virtio_console >>/run/needed
	sed -n 's/^insmod \([^ ]*\).*/\1/p' /run/needed | awk '!seen[$0]++' | while read -r _file; do
		_name=${_file##*/}
		_name=${_name%%.ko*}.ko
		case $_file in
		*.xz) busybox xzcat "$_file" >"/run/more/more/$_name" ;;
		*) cp "$_file" "/run/more/more/$_name" ;;
		esac
		echo "$_name" >>/run/more/more/order
	done
	cp /var/lib/lab/initrd /run/initrd
	(cd /run/more && find . | busybox cpio -o -H newc) >>/var/lib/lab/initrd 2>/dev/null
}

irqbalance_quiet
systemctl stop kvmrt-agent kvmrt-sync
write_config
add_programs
define_rt1 memory=256 extra="<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
	<console type='pty'><target type='virtio' port='0'/></console>"
fails 'without a guest it does nothing' kvmrt-prove --test none
ok 'rt1 starts' start_guest rt1
guest=$(dirname "$(ls -d /sys/fs/cgroup/machine.slice/machine-qemu*rt1*/libvirt/cgroup.procs)")
nic=$(ls "/sys/bus/pci/devices/$NIC1/net")
ip address add 10.0.2.15/24 dev "$nic"
ip link set "$nic" up
modprobe msr
sleep 5
irq=$(awk -v name="$nic" '$NF ~ "^" name && $NF ~ /rx/ { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)
: "${irq:=$(awk -v name="$nic" '$NF ~ "^" name { sub(/:/, "", $1); print $1; exit }' /proc/interrupts)}"

# --- a guest that sleeps proves nothing, and one that works does
prove_on --test none --for 10s
prove_off 4 inconclusive 'a guest that sleeps'
like "$(reasons)" '^unseen vCPU [01] slept for' 'and it says so'
guest_cmd rt1 load_on

kvmrt-prove --json --limit $LIMIT --test none --for 20s --load 'sleep 3' --html /lab/out/prove.html rt1 >$REPORT 2>/run/prove.err &
_prover=$!
ok 'it measures' wait_for 300 measuring
ok 'its load runs' wait_for 60 sh -c "pgrep -P $_prover sleep >/run/load"
like "$(grep Cpus_allowed_list "/proc/$(cat /run/load)/status")" '[[:space:]]0-5$' 'on the CPUs of the host'
prove_off 0 pass 'left alone, it passes'
is "$(pgrep -P $_prover sleep)" '' 'the load has ended with it'
ok 'there is a page' grep -q 'class="verdict">pass<' /lab/out/prove.html
kvmrt-prove --test none --for 10s --limit 1ns rt1 >/run/prove.text
is "$?" 1 'with a limit that nobody meets it fails'
cut -c1-200 /run/prove.text | head -n 20 | while IFS= read -r _line; do diag "$_line"; done

# --- a test in the guest. In emulation a thousand cycles a second are too many: fifty.
guest_cmd rt1 load_off
kvmrt-prove --json --for 10s --limit 1s rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'with neither an agent nor a shell on a console'
like "$(reasons)" '^unseen cyclictest in the guest: .*agent.*; the guest.s console shows no prompt' 'and it says so'
# shellcheck disable=SC2016 # the guest's
guest_cmd rt1 'while read -r module; do insmod /more/$module; done </more/order'
guest_cmd rt1 'ls /dev/hvc0 /dev/vport*'
guest_cmd rt1 'setsid sh -c "exec sh -i </dev/hvc0 >/dev/hvc0 2>&1" &'
cycles='/more/cyclictest --smp -m -q -p 95 -i 20000 -d 0 -h 1000 -D 20'
kvmrt-prove --json --for 20s --limit 1s --test-command "$cycles" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict) $(grep -o '"by":"console"' $REPORT)" '0 pass "by":"console"' 'cyclictest on the console' || diag "$(reasons)"
is "$(grep -o '"max_us"' $REPORT | wc -l)" 2 'it ran on both vCPUs'
guest_cmd rt1 '/more/qemu-ga -d -m virtio-serial -p "$(ls /dev/vport*p1 | tail -n 1)" -t /tmp -f /tmp/ga.pid'
ok 'the agent answers' wait_for 60 virsh qemu-agent-command rt1 '{"execute":"guest-ping"}'
kvmrt-prove --json --for 20s --limit 1s --test-command "$cycles" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict) $(grep -o '"by":"agent"' $REPORT)" '0 pass "by":"agent"' 'cyclictest through the agent' || diag "$(reasons)"
kvmrt-prove --json --for 10s --limit 1us --test-command "${cycles% 20} 10" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '1 fail' 'with a limit that nobody meets it fails'
like "$(reasons)" '^fail cyclictest in the guest, on CPU 1 there: up to' 'on each vCPU'
kvmrt-prove --json --for 20s --limit 1s --test-command "${cycles% 20} 2" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'a test that is too short'
like "$(reasons)" '^unseen cyclictest in the guest: it ended after' 'and it says so'
kvmrt-prove --json --for 1h --limit 1s rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'a test that is not there'
diag "$(reasons)"
guest_cmd rt1 load_on

# --- each kind of disturbance
prove_on --test none --for 12s
echo 6 >"/proc/irq/$irq/smp_affinity_list"
slow_on 6 $SLOW irq/irq_handler_entry irq "$irq"
busybox ping -q -c 2 -I "$nic" 10.0.2.2 >/run/ping 2>&1
slow_off
echo 0-5 >"/proc/irq/$irq/smp_affinity_list"
disturbed 'an interrupt' irq "$nic.*" '.*'

prove_on --test none --for 12s
slow_on 6 $SLOW irq_vectors/call_function_single_entry
dd if=/dev/cpu/6/msr of=/dev/null bs=8 skip=2 count=1 status=none
slow_off
disturbed 'an IPI' ipi 'call_function.*' 'task dd __rdmsr.*'

prove_on --test none --for 12s
slow_on 6 $SLOW timer/hrtimer_expire_entry function "$(address_of hrtimer_wakeup)"
/lab/bin/disturb lab-timer fair 6 "$guest/cgroup.procs" 3 0
slow_off
disturbed 'a timer' timer hrtimer_wakeup 'task lab-timer'

prove_on --test none --for 12s
slow_on 6 $SLOW workqueue/workqueue_execute_start function "$(address_of refresh_vm_stats)"
echo 1 >/proc/sys/vm/stat_refresh
slow_off
disturbed 'a work item' work refresh_vm_stats 'task sh'

prove_on --test none --for 12s
nice -n -20 /lab/bin/disturb lab-fair fair 6 "$guest/cgroup.procs" 2 2000
disturbed 'a fair task' task lab-fair '.*'

prove_on --test none --for 12s
/lab/bin/disturb lab-fifo fifo 6 "$guest/cgroup.procs" 3 $SLOW
disturbed 'a FIFO task' task lab-fifo 'inside hrtimer_wakeup'

prove_on --test none --for 12s
slow_on 5 60 cpuhp/cpuhp_enter
echo 0 >/sys/devices/system/cpu/cpu5/online
slow_off
echo 1 >/sys/devices/system/cpu/cpu5/online
disturbed 'a hotplug' task migration/6 '.*'

# --- what cannot be proven
kvmrt-prove --json --test none --for 1h --load false --limit $LIMIT rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'a load that fails'
like "$(reasons)" "^unseen the load 'false' failed" 'and it says so'
prove_on --test none --for 1h
kill -INT $_prover
prove_off 4 inconclusive 'interrupted'
prove_on --test none --for 30s
echo 6 >"/proc/irq/$irq/smp_affinity_list"
prove_off 4 inconclusive 'a guest that loses its tuning'
like "$(reasons)" "^void guest 'rt1' is degraded: .*irq $irq" 'and what it has lost'
kvmrt-prove --json --test none --for 1h --limit 1s rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'it is not even tried with one that is not tuned'
echo 0-5 >"/proc/irq/$irq/smp_affinity_list"
systemctl start kvmrt-agent
ok 'the agent guards' wait_for 120 sh -c 'kvmrt-stat rt1 | grep -q tuned'
LIMIT=60s
prove_on --test none --for 12s
echo 6 >"/proc/irq/$irq/smp_affinity_list"
prove_off 4 inconclusive 'a guest whose tuning the agent has to repair'
like "$(reasons)" "^unseen the guest has lost some of its tuning meanwhile: irq $irq" 'and what that was'
systemctl stop kvmrt-agent

# --- the output of a test that somebody else runs
printf 'T: %s (1) P:95 I:1000 C:  9 Min:  1 Act:  1 Avg:  1 Max:  9\n' 0 1 >/run/early
sleep 3
prove_on --test cyclictest --test-output /run/late --for 10s
cp /run/early /run/late
prove_off 0 pass 'an output that comes meanwhile'
prove_on --test cyclictest --test-output /run/early --for 10s
prove_off 4 inconclusive 'one that was there before'
like "$(reasons)" '^unseen cyclictest in the guest: /run/early was written before' 'and it says so'
prove_on --test none --for 1h
ok 'rt1 is destroyed' end_guest rt1
prove_off 4 inconclusive 'a guest that ends meanwhile'
like "$(reasons)" '^void a guest ended' 'and it says so'
ip link set "$nic" down
ip address flush dev "$nic"
mv /run/initrd /var/lib/lab/initrd
