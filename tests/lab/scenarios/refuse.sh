# SPDX-License-Identifier: LGPL-2.1-or-later
# A configuration that contradicts the definition: the start is refused; restore rewrites what may be rewritten.
# shellcheck shell=sh

. /lab/rt.sh

irqbalance_quiet
write_config
define_rt1
snapshot_host /run/before

set_key "$RT1_UUID" nr_vcpus 1
set_key "$RT1_UUID" cpu_topology 1,1,1
set_key "$RT1_UUID" hide_kvm true
set_key "$RT1_UUID" pcidevs "$NIC3"
_said=$(virsh start rt1 2>&1)
is $? 1 'a start against the configuration is refused'
diag "$_said"
for _word in vCPU topology KVM "$NIC2" "$NIC3" kvmrt-sync-config; do
	like "$_said" "$_word" "the message names $_word"
done
no_trace /run/before 'after a refused start'

write_config
virsh -q dumpxml --inactive rt1 | sed 's|<locked/>||' >/run/rt1.xml
virsh -q define /run/rt1.xml
_said=$(virsh start rt1 2>&1)
is $? 1 'a guest whose memory would not be locked is refused'
like "$_said" lock 'the message says so'
no_trace /run/before 'after that refusal'

# A definition without pins: they are corrected once it runs.
virsh -q undefine rt1
define_rt1 pins= service= cpuset= nics=
set_key "$RT1_UUID" pcidevs ''
ok 'a definition without pins starts' virsh -q start rt1
check_rt rt1 '6 8' 10 6-11

# Saved and restored: the title and the pins of the configuration go into the restored guest.
ok 'rt1 is up' wait_for 900 guest_booted rt1
ok 'rt1 is saved' timed 'managedsave' virsh -q managedsave rt1
no_trace /run/before 'after managedsave'
set_key "$RT1_UUID" title 'Title from the configuration'
ok 'rt1 is restored' timed 'restore' virsh -q start rt1
like "$(virsh -q dumpxml rt1)" '<title>Title from the configuration</title>' 'the restored guest has the title'
like "$(virsh -q dumpxml rt1)" "vcpupin vcpu='1' cpuset='8'" 'and the pins'
# A restored guest is still paused at `started`: kvm-nx-lpage-re is born when it resumes, and is the agent's to move.
ok 'a reconcile' $RECONCILE
check_rt rt1 '6 8' 10 6-11
ok 'rt1 is destroyed' end_guest rt1
no_trace /run/before 'after the restored guest'

# What libvirt would refuse to change at restore stays, and the hook's output is valid.
virsh -q dumpxml --inactive rt1 >/run/rt1.xml
_hook=/etc/libvirt/hooks/qemu.d/kvmrt
$_hook rt1 migrate begin - </run/rt1.xml >/run/migrate.xml
is $? 0 'migrate: the hook agrees'
ok 'migrate: libvirt takes its output' virsh -q define /run/migrate.xml
$_hook rt1 migrate begin - </run/migrate.xml >/run/again.xml
is "$(wc -c </run/again.xml)" 0 'migrate: nothing is printed when it is right already'
write_config
set_key "$RT1_UUID" cpuset 6-7
fails 'migrate: an RT guest that cannot run here is refused' sh -c "$_hook rt1 migrate begin - </run/rt1.xml"
