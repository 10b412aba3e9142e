# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything at once, in any order, for a while (SOAK minutes, in the order that SEED says): guests start and stop, hook, agent, sync, QEMU and libvirtd are killed, somebody edits, moves, unplugs and restarts. Soon after, each guest lacks nothing; in the end the host is as before, and the agent has not grown.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# Minutes of it; an hour or a night for the proof, less in CI.
SOAK=${SOAK:-5}
SEED=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}

# random MAX: a number below MAX; the same ones for the same seed.
random() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	_random=$((SEED / 65536 % $1))
}

agent_pid() {
	systemctl show -p MainPID --value kvmrt-agent
}

descriptors() {
	find "/proc/$(agent_pid)/fd" -type l | wc -l
}

own_kib() {
	awk '/RssAnon/ { print $2 }' "/proc/$(agent_pid)/status"
}

# flip GUEST: off if it runs, else on.
flip() {
	if guest_is "$1" running; then
		off_after_destroy "$1"
	else
		virsh -q start "$1"
	fi
}

# Only while a guest owns them: what is written there at other times stays there.
meddle() {
	for _cpu in 2 6 8; do
		if [ "$(cat /sys/devices/system/cpu/cpu$_cpu/power/pm_qos_resume_latency_us)" = n/a ]; then
			echo 0 >/sys/devices/system/cpu/cpu$_cpu/power/pm_qos_resume_latency_us
		fi
	done
}

# An interrupt of the host is sent to a guest's CPU. It comes back when that is nobody's.
misplace() {
	_irq=$(movable 1)
	if guest_is rt1 running; then
		echo 6 >"/proc/irq/$_irq/smp_affinity_list"
	fi
}

# cut_hook GUEST: it is started, and the hook that prepares it dies half way.
cut_hook() {
	if guest_is "$1" running; then
		return
	fi
	virsh -q start "$1" &
	_start=$!
	random 30
	sleep "0.$_random"
	pkill -9 -f "^/etc/libvirt/hooks/qemu.d/kvmrt $1 " || :
	wait "$_start" || :
}

# replug CPU: it goes offline and comes back.
replug() {
	echo 0 >"/sys/devices/system/cpu/cpu$1/online" && sleep 0.2
	echo 1 >"/sys/devices/system/cpu/cpu$1/online"
}

# rebind: a card of the host leaves its driver and comes back, with new interrupts.
rebind() {
	_driver=$(readlink -f "/sys/bus/pci/devices/$NIC4/driver")
	echo "$NIC4" >"$_driver/unbind" && sleep 0.2
	echo "$NIC4" >"$_driver/bind"
}

# kill_qemu GUEST
kill_qemu() {
	if guest_is "$1" running; then
		kill -9 "$(guest_pid "$1")"
	fi
}

act() {
	random 100
	_what=$_random
	case $_what in
	[0-9] | 1[0-9]) flip rt2 ;;
	2[0-9]) flip rt1 ;;
	3[0-9]) flip plain ;;
	4[0-3]) systemctl restart libvirtd ;;
	4[4-6]) systemctl kill -s KILL libvirtd ;;
	4[7-9]) systemctl daemon-reload ;;
	5[0-2]) systemctl restart kvmrt-agent ;;
	5[3-6]) systemctl kill -s KILL kvmrt-agent ;;
	5[7-9]) pkill -9 -x kvmrt-sync ;;
	6[0-3]) cut_hook rt2 ;;
	6[4-6]) cut_hook rt1 ;;
	6[7-8]) kill_qemu rt2 ;;
	69) kill_qemu rt1 ;;
	7[0-3]) meddle ;;
	7[4-6]) misplace ;;
	7[7-8]) replug 1 ;;
	79) replug 2 ;;
	8[0-2]) rebind ;;
	8[3-5]) systemctl restart irqbalance ;;
	8[6-8]) kvmrt-boot rt1 ;;
	89) kvmrt-shutdown --force rt2 ;;
	9[0-4]) set_key "$RT2_UUID" description "Number $_what" ;;
	*) virsh -q desc rt1 --config --title "Number $_what" ;;
	esac
}

# settled GUEST SIBLINGS: if it runs, it lacks nothing; if it does not, its siblings are online and it is not on record.
settled() {
	if guest_is "$1" running; then
		kvmrt-stat "$1"
	else
		[ ! -e "$JOURNAL" ] || ! grep -q "^guest [^ ]* $1 " "$JOURNAL" && within "$2" "$(online)"
	fi
}

# What must hold soon after each act; all that kvmrt promises of a guest that runs, now and then.
invariants() {
	for _guest in 'rt1 7,9,11' 'rt2 3,5'; do
		# shellcheck disable=SC2086
		ok "$_acts: $_what: ${_guest% *} is as it should be" wait_for 120 settled $_guest
	done
	fails "$_acts: the record is whole" grep -q damaged "$JOURNAL"
	if [ $((_acts % 20)) -eq 0 ] && guest_is rt1 running; then
		check_rt rt1 '6 8' 10 6-11
	fi
	if [ $((_acts % 20)) -eq 10 ] && guest_is rt2 running; then
		check_rt rt2 2 4 2-5
	fi
}

write_config
define_rt1
define_rt2
define_plain
irqbalance_quiet
# Restarted on purpose and often.
mkdir -p /run/systemd/system/kvmrt-agent.service.d /run/systemd/system/libvirtd.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n' | tee /run/systemd/system/kvmrt-agent.service.d/lab.conf \
	>/run/systemd/system/libvirtd.service.d/lab.conf
systemctl daemon-reload
ok 'the agent starts' systemctl start kvmrt-agent
snapshot_host /run/before
diag "SEED=$SEED"
_acts=0
_end=$(($(date +%s) + SOAK * 60))
while [ "$(date +%s)" -lt "$_end" ]; do
	act >/run/said 2>&1 || diag "$_what: $(cat /run/said)"
	_acts=$((_acts + 1))
	# Some come right after one another.
	if [ $((_acts % 3)) -eq 0 ]; then
		invariants
	fi
done
diag "$_acts acts"
ok 'rt1 starts' wait_for 300 sh -c 'virsh -q domstate rt1 | grep -q running || virsh -q start rt1'
ok 'rt2 starts' wait_for 300 sh -c 'virsh -q domstate rt2 | grep -q running || virsh -q start rt2'
sleep 10
check_rt rt1 '6 8' 10 6-11
check_rt rt2 2 4 2-5
diag "the agent has $(descriptors) descriptors and $(own_kib) KiB of its own"
if is_sanitized; then
	skip 'its own memory is under 4 MiB' 'most of it is of the sanitizers'
else
	ok 'its own memory is under 4 MiB' test "$(own_kib)" -lt 4096
fi
for _guest in rt1 rt2 plain; do
	ok "$_guest ends" end_guest "$_guest"
done
ok 'no journal is left' wait_for 60 test ! -e "$JOURNAL"
ok 'configuration and definitions are in step' wait_for 60 in_step "$RT2_UUID"
ok 'the descriptors of guests are closed' test "$(descriptors)" -le 32
no_trace /run/before 'at the end'
ok 'the agent wrote no error' sh -c '! journalctl -u kvmrt-agent -u kvmrt-sync -p err --no-pager -o cat | grep -v "^-- No entries" | grep .'
ok 'the agent stops' systemctl stop kvmrt-agent
