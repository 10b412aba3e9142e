# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything at once, in any order, for a while: in the end the host is as before, and the agent has not grown.
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

# Interrupts that are moved here would stay where they are moved to when no guest is there: only owned CPUs, only then.
meddle() {
	for _cpu in 2 6 8; do
		if [ "$(cat /sys/devices/system/cpu/cpu$_cpu/power/pm_qos_resume_latency_us)" = n/a ]; then
			echo 0 >/sys/devices/system/cpu/cpu$_cpu/power/pm_qos_resume_latency_us
		fi
	done
}

act() {
	random 100
	case $_random in
	[0-9] | 1[0-9] | 2[0-9]) flip rt2 ;;
	3[0-9] | 4[0-4]) flip rt1 ;;
	4[5-9] | 5[0-9]) flip plain ;;
	6[0-4]) systemctl restart libvirtd ;;
	6[5-9]) systemctl daemon-reload ;;
	7[0-4]) systemctl restart kvmrt-agent ;;
	7[5-9]) pkill -9 -x kvmrt-sync ;;
	8[0-9]) meddle ;;
	9[0-4]) set_key "$RT2_UUID" description "Number $_random" ;;
	*) virsh -q desc rt1 --config --title "Number $_random" ;;
	esac
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
	act >/run/said 2>&1 || diag "$_random: $(cat /run/said)"
	_acts=$((_acts + 1))
	if [ $((_acts % 4)) -eq 0 ]; then
		sleep 1
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
