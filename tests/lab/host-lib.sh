# SPDX-License-Identifier: LGPL-2.1-or-later
# Functions for scenarios; sourced in the lab host by 'run' and, if wanted, by 'lab exec'.
# shellcheck shell=sh

. /lab/snapshot.sh
. /lab/guests.sh
. /lab/sanitized.sh

# what timed tells goes here even when the output of a command is caught
exec 3>&1

tests=0
failures=0

# The emulated network cards: 0 and 1 on node 0, 2 and 3 on node 1, each alone in its IOMMU group;
# 4 and 5 on node 1 are two functions of one card and share a group.
NIC0=0000:41:00.0
NIC1=0000:42:00.0
NIC2=0000:81:00.0
NIC3=0000:82:00.0
NIC4=0000:83:00.0
NIC5=0000:83:00.1

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass() {
	tests=$((tests + 1))
	printf 'ok %d - %s\n' "$tests" "$1"
}

# fail NAME [DIAGNOSTICS]
fail() {
	tests=$((tests + 1))
	failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$tests" "$1"
	if [ -n "${2:-}" ]; then
		diag "$2"
	fi
	return 1
}

skip() {
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
}

# ok NAME COMMAND...: the command succeeds; what it prints is shown when it does not.
ok() {
	_name=$1
	shift
	if _said=$("$@" 2>&1); then
		pass "$_name"
	else
		fail "$_name" "exit $?: $*
$_said"
	fi
}

# fails NAME COMMAND...: the command does not succeed.
fails() {
	_name=$1
	shift
	if _said=$("$@" 2>&1); then
		fail "$_name" "succeeded: $*
$_said"
	else
		pass "$_name"
	fi
}

# is GOT WANT NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3" " got: $1
want: $2"
	fi
}

# isnt GOT UNWANTED NAME
isnt() {
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3" "got: $1"
	fi
}

# like GOT REGEX NAME: some line of GOT matches the extended regular expression.
like() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		pass "$3"
	else
		fail "$3" "got: $1
want a match of: $2"
	fi
}

# unlike GOT REGEX NAME
unlike() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		fail "$3" "got: $1
want no match of: $2"
	else
		pass "$3"
	fi
}

# same_host BEFORE AFTER NAME: two snapshots tell of the same host.
same_host() {
	if [ ! -s "$1" ] || [ ! -s "$2" ]; then
		fail "$3" "nothing to compare: '$1', '$2'"
	elif _said=$(diff_host "$1" "$2"); then
		pass "$3"
	else
		fail "$3" "$_said"
	fi
}

# done_testing: the plan; a scenario without it counts as broken.
done_testing() {
	planned=1
	printf '1..%d\n' "$tests"
	[ "$failures" -eq 0 ]
}

bail() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}

# wait_for SECONDS COMMAND...: repeat until the command succeeds; only the last try is heard.
wait_for() {
	_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge "$_until" ]; then
			"$@"
			return
		fi
		sleep 0.5
	done
}

# timed WHAT COMMAND...: run it and tell how long it took.
timed() {
	_what=$1
	_since=$(cut -d' ' -f1 /proc/uptime)
	shift
	_status=0
	"$@" || _status=$?
	diag "$_what took $(awk -v from="$_since" '{ printf "%.1f s", $1 - from }' /proc/uptime)" >&3
	return "$_status"
}

# irqbalance moves interrupts by itself every ten seconds; scenarios that compare the host do without.
irqbalance_quiet() {
	systemctl stop irqbalance
}

# online: the CPUs that are up, as a list.
online() {
	cat /sys/devices/system/cpu/online
}

# kernel_before VERSION
kernel_before() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]
}

# no_smt: the kernel sees no siblings. Kernels before 6.9 find siblings of an AMD CPU only by a feature that QEMU does not emulate.
no_smt() {
	grep -q notsupported /sys/devices/system/cpu/smt/control
}

# install_stage: put the staged product over the root and let libvirt find its hook.
install_stage() {
	tar -C /lab/stage --owner=root --group=root -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir
	systemctl daemon-reload
	systemctl reload libvirtd
}

# collect: what a reader of a failed run wants to see.
collect() {
	journalctl -b --no-pager >/lab/out/journal 2>&1
	dmesg >/lab/out/dmesg
	cp /var/log/libvirt/libvirtd.log /var/log/libvirt/qemu/*.log /var/log/lab/* /lab/out/ 2>/dev/null
	cp -r "$SAN_REPORTS" /lab/out/ 2>/dev/null
	snapshot_host /lab/out/host-at-end
}

# power_off: guests first, since libvirt-guests waits for those that ignore the button.
power_off() {
	for _guest in $(virsh -q list --name); do
		virsh -q destroy "$_guest"
	done
	systemctl poweroff --no-block
}

# run_scenario NAME [PART]: the host restarts between the parts of one that has several.
run_scenario() {
	planned=
	part=${2:-1}
	trap '[ -n "$planned" ] || fail "$1: ended early"' EXIT
	# Where a task hangs is of the kernel's lesser messages.
	dmesg -n 7
	sanitized=
	if is_sanitized; then
		sanitized=1
		hear_sanitizers
	fi
	. "/lab/scenarios/$1.sh"
	if [ -n "$sanitized" ]; then
		sanitizers_found_nothing
	elif [ -n "${SAN:-}" ]; then
		fail 'the product is built with sanitizers' "SAN=$SAN, but what is installed has none: this scenario brings a product of its own, or none"
	fi
	done_testing
}
