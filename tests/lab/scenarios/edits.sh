# SPDX-License-Identifier: LGPL-2.1-or-later
# Configuration and definition stay in step, whoever edits which, with virsh or in the file.
# shellcheck shell=sh

. /lab/rt.sh
. /lab/guarded.sh

# lines: what kvmrt-sync has said so far about edits.
lines() {
	journalctl -u kvmrt-agent -u kvmrt-sync -o cat --no-pager | grep -cE 'kvmrt-sync: guest .*(taken into|follows) ' || :
}

xml() {
	virsh -q dumpxml --inactive --security-info "$1"
}

xml_has() {
	xml "$1" | grep -q -- "$2"
}

config_has() {
	grep -qE -- "$1" "$CFG"
}

# after SINCE: how long after that time the last of these lines was written, in ms.
after() {
	journalctl -u kvmrt-agent -u kvmrt-sync -o short-unix --no-pager | grep -E 'kvmrt-sync: guest .*(taken into|follows) ' |
		tail -n 1 | awk -v since="$1" '{ printf "%d", ($1 - since) * 1000 }'
}

# edited WHAT CONDITION...: after an edit the condition holds within a few seconds, with one line in the log.
edited() {
	_since=$(date +%s.%N)
	_what=$1
	shift
	ok "$_what: in step" wait_for 20 "$@"
	_want=$((_lines + 1))
	wait_for 10 sh -c "[ \"\$(journalctl -u kvmrt-agent -u kvmrt-sync -o cat --no-pager | grep -cE 'kvmrt-sync: guest .*(taken into|follows) ')\" -ge $_want ]"
	sleep 1
	is "$(lines)" "$_want" "$_what: one line says it"
	_lines=$(lines)
	_times="$_times $(after "$_since")"
}

_times=
write_config
sed -i 's/^name = rt2$/# The name, with a comment.\nname = rt2/' "$CFG"
define_rt1
define_rt2 extra='<!-- mine --><rng model="virtio"><backend model="random">/dev/urandom</backend></rng>'
ok 'the agent starts' systemctl start kvmrt-agent
ok 'and both guests are in step' wait_for 60 in_step "$RT2_UUID"
xml rt2 >/run/rt2-first.xml
_lines=$(lines)

virsh -q desc rt2 --config --title 'By virsh'
edited 'a title by virsh' config_has '^title = By virsh$'
virsh -q vcpupin rt2 0 0 --config
edited 'a pin by virsh, put back' xml_has rt2 "vcpupin vcpu='0' cpuset='2'"
printf '#!/bin/sh\nexec sed -i "s,<title>.*</title>,<title>Edited</title>," "$1"\n' >/run/editor
chmod 755 /run/editor
EDITOR=/run/editor virsh -q edit rt2 >/dev/null
edited 'virsh edit' config_has '^title = Edited$'
virt-xml rt2 --edit --metadata title='By virt-xml' >/dev/null
edited 'virt-xml' config_has '^title = By virt-xml$'
virsh -q setvcpus rt1 1 --config
edited 'fewer vCPUs by virsh, of a guest that starts with all' sh -c '! virsh -q dumpxml --inactive rt1 | grep -q "current=.1."'
cat >/run/host.xml <<-EOF
	<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x42' slot='0x00' function='0x0'/></source></hostdev>
EOF
virsh -q attach-device rt2 /run/host.xml --config
edited 'a device by virsh' config_has "^pcidevs = $NIC0 $NIC1"
virsh -q detach-device rt2 /run/host.xml --config
edited 'and away' config_has "^pcidevs = $NIC0\$"
virsh -q domrename rt2 rt2x
edited 'a new name by virsh' config_has '^name = rt2x$'
set_key "$RT2_UUID" name rt2
edited 'a name by the file' guest_is rt2 'shut off'
set_key "$RT2_UUID" description 'By the file'
edited 'a description by the file' xml_has rt2 'By the file'
set_key "$RT2_UUID" nr_vcpus 2
sleep 3
is "$(lines)" "$_lines" 'a file that is not valid is not pushed'
set_key "$RT2_UUID" nr_vcpus 1
ok 'too many vCPUs by virsh' sh -c 'virsh -q dumpxml --inactive rt2 | sed "s,>1</vcpu>,>4</vcpu>,; /<topology/d" >/run/four.xml; virsh -q define /run/four.xml'
edited 'do not fit and are put back' xml_has rt2 '>1</vcpu>'
ok 'config keeps its comments' config_has '^# The name, with a comment.$'
ok 'the definition keeps what is not ours' xml_has rt2 '<backend model=.random.>/dev/urandom'

# Both at once: the file decides.
stop_agent
virsh -q desc rt2 --config --title 'Virsh again'
set_key "$RT2_UUID" title 'File again'
systemctl start kvmrt-agent
edited 'both sides' xml_has rt2 '<title>File again</title>'
ok 'the file still says so' config_has '^title = File again$'

# enforce: the file always decides.
printf '\n[kvmrt]\nedits = enforce\n' >>"$CFG"
sleep 2
virsh -q desc rt2 --config --title 'Not wanted'
edited 'enforce' xml_has rt2 '<title>File again</title>'
sed -i '/^\[kvmrt\]$/,$d' "$CFG"

# A running guest: in effect at its next start.
ok 'rt1 starts' virsh -q start rt1
set_key "$RT1_UUID" title 'While it runs'
edited 'a running guest' xml_has rt1 'While it runs'

# The daemon goes and comes.
systemctl stop libvirtd libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket 2>/dev/null
sleep 5
set_key "$RT2_UUID" title 'While libvirt is away'
systemctl start libvirtd.socket libvirtd
# How long libvirtd takes to answer after its start is its own affair.
ok 'libvirtd answers again' wait_for 300 virsh -q list
edited 'libvirtd was away' xml_has rt2 'While libvirt is away'

# A hook does not wait for an agent that hangs.
kill -STOP $(pidof kvmrt-agent) $(pidof kvmrt-sync)
ok 'with a hung agent rt2 starts' timeout 120 virsh -q start rt2
kill -CONT $(pidof kvmrt-agent) $(pidof kvmrt-sync)
check_rt rt2 2 4 2-5
ok 'rt2 ends' end_guest rt2
ok 'rt1 ends' end_guest rt1
ok 'no journal is left' wait_for 30 test ! -e "$JOURNAL"
ok 'the agent stops' stop_agent
diag "in step so many ms after each edit (0 or less: before its command had ended):$_times"
