# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands, as a new user types them: import, edit, check, boot, look, shut down.
# shellcheck shell=sh

. /lab/rt.sh

# exits STATUS NAME COMMAND...
exits() {
	_want=$1
	_what=$2
	shift 2
	_got=0
	"$@" >/run/out 2>&1 || _got=$?
	is "$_got" "$_want" "$_what"
	sed 's/^/# /' /run/out
}

says() {
	if grep -qE -- "$1" /run/out; then
		pass "it says '$1'"
	else
		fail "it says '$1'" "$(cat /run/out)"
	fi
}

irqbalance_quiet
define_rt1 pins= service= node= cpuset= locked=
define_plain
virsh -q dumpxml --inactive plain >/run/plain.xml
rm -f "$CFG"
snapshot_host /run/before

exits 0 'the host is fit' kvmrt-validate-host
says '^pass +hook'
says '^pass +libvirt'
exits 0 'import' kvmrt-import
says '^rt1: imported'
says '^plain: imported'
exits 0 'import again' kvmrt-import
exits 0 'nothing to do for libvirt' kvmrt-sync-config -q
virsh -q dumpxml --inactive plain >/run/now.xml
ok 'and its definition is what it was' cmp /run/plain.xml /run/now.xml
exits 0 'check' kvmrt-validate-config

# The guest becomes real-time. First a mistake, then as it should be.
cat >/run/editor <<-'EOF'
	#!/bin/sh
	if grep -q '^cpuset = 0-99' "$1"; then
		sed -i 's/^cpuset = 0-99/cpuset = 6-11/' "$1"
	else
		sed -i '/^name = rt1$/a rt = true\nautostart = true\ncpuset = 0-99' "$1"
	fi
EOF
chmod 755 /run/editor
export VISUAL=/run/editor
exits 3 'an edit that is not valid' kvmrt-edit-config
says 'cpuset'
ok 'the file is as it was' sh -c "! grep -q '^rt = true' $CFG"
# Asked whether to edit again, the user says yes.
exits 0 'a second try' sh -c "echo y | script -qec kvmrt-edit-config /dev/null"
ok 'the file has it' grep -q '^rt = true' "$CFG"
ok 'the definition too' sh -c 'virsh -q dumpxml --inactive rt1 | grep -q "vcpupin.*cpuset=.6."'
exits 0 'show' kvmrt-show-config

exits 0 'boot' kvmrt-boot
says '^rt1: started'
# No agent runs here.
exits 5 'stat' kvmrt-stat -t
says '^rt1 +tuned'
says 'CPU 0/KVM +vcpu +6 '
says 'CPU 6 +vCPU +[0-9]+ interrupts'
check_rt rt1 '6 8' 10 6-11
exits 0 'boot again tunes anew' kvmrt-boot
says 'tuned again'
echo 6 >/sys/devices/system/cpu/cpu6/power/pm_qos_resume_latency_us
exits 4 'stat finds what is missing' kvmrt-stat
says '^rt1 +degraded'
says 'pm_qos_resume_latency_us'
exits 0 'boot puts it right' kvmrt-boot
exits 5 'and stat misses the agent alone' kvmrt-stat
exits 1 '--clean with a guest that runs' kvmrt-boot --clean
ok 'rt1 boots' wait_for 900 guest_booted rt1
exits 0 'shutdown' kvmrt-shutdown
says '^rt1: off after'
ok 'rt1 is off' guest_is rt1 'shut off'
no_trace /run/before 'after kvmrt-shutdown'
exits 0 'boot --clean' kvmrt-boot --clean --all
says '^plain: started'
exits 0 'shutdown --force of guests that do not listen' kvmrt-shutdown --force -t 1
ok 'rt1 is off' guest_is rt1 'shut off'
ok 'plain is off' guest_is plain 'shut off'
no_trace /run/before 'after --force'
systemctl stop libvirtd libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket 2>/dev/null
exits 1 'without libvirtd' kvmrt-boot
says 'connect'
systemctl start libvirtd.socket
