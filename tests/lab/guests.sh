# SPDX-License-Identifier: LGPL-2.1-or-later
# Nested guests of the lab host: their definitions, the matching kvmrt.cfg, and a way to talk to them.
# shellcheck shell=sh

RT1_UUID=11111111-1111-4111-8111-111111111111
RT2_UUID=22222222-2222-4222-8222-222222222222
PLAIN_UUID=33333333-3333-4333-8333-333333333333
CFG=/etc/kvmrt.cfg

guest_log() {
	echo "/var/log/lab/$1.log"
}

# Below, functions in parentheses run in a subshell and so keep their variables to themselves.

# set_options KEY=VALUE...: the options of define_guest with their defaults, as variables.
set_options() {
	uuid=
	title=
	description=
	vcpus=1
	cpuset=
	pins=
	service=
	node=
	locked=
	nics=
	memory=192
	extra=
	append=
	for option; do
		case ${option%%=*} in
		uuid | title | description | vcpus | cpuset | pins | service | node | locked | nics | memory | extra | append)
			eval "${option%%=*}=\${option#*=}"
			;;
		*)
			echo "define_guest: no option ${option%%=*}" >&2
			return 1
			;;
		esac
	done
}

xml_tuning() {
	if [ -n "$pins$service" ]; then
		echo "<cputune>"
		vcpu=0
		for cpu in $pins; do
			echo "<vcpupin vcpu='$vcpu' cpuset='$cpu'/>"
			vcpu=$((vcpu + 1))
		done
		echo "${service:+<emulatorpin cpuset='$service'/>}</cputune>"
	fi
	echo "${locked:+<memoryBacking><nosharepages/><locked/></memoryBacking>}"
	echo "${node:+<numatune><memory mode='strict' nodeset='$node'/></numatune>}"
}

# xml_nics BDF...: devices to pass through.
xml_nics() {
	for nic; do
		echo "$nic" | sed -E "s|(....):(..):(..)\.(.)|<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x\1' bus='0x\2' slot='0x\3' function='0x\4'/></source></hostdev>|"
	done
}

# uuid_of NAME: always the same one, since libvirt refuses a new UUID for a known name.
uuid_of() {
	printf %s "$1" | md5sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'
}

# guest_xml NAME [KEY=VALUE...]: a libvirt definition.
guest_xml() (
	name=$1
	shift
	set_options "$@" || exit 1
	: "${uuid:=$(uuid_of "$name")}"
	cat <<-EOF
	<domain type='kvm'>
	<name>$name</name>
	<uuid>$uuid</uuid>
	${title:+<title>$title</title>}
	${description:+<description>$description</description>}
	<memory unit='MiB'>$memory</memory>
	<vcpu placement='static'${cpuset:+ cpuset='$cpuset'}>$vcpus</vcpu>
	$(xml_tuning)
	<os>
	<type arch='x86_64' machine='q35'>hvm</type>
	<kernel>/var/lib/lab/vmlinuz</kernel>
	<initrd>/var/lib/lab/initrd</initrd>
	<cmdline>console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check panic=-1${append:+ $append}</cmdline>
	</os>
	<features><acpi/><apic/></features>
	<cpu><topology sockets='1' cores='$vcpus' threads='1'/></cpu>
	<devices>
	<controller type='usb' model='none'/>
	<serial type='file'><source path='$(guest_log "$name")'/><target port='0'/></serial>
	<serial type='pipe'><source path='/run/lab/$name'/><target port='1'/></serial>
	<memballoon model='none'/>
	$(xml_nics $nics)
	$extra
	</devices>
	</domain>
	EOF
)

# define_guest NAME [KEY=VALUE...]: define it in libvirt; keys as in set_options.
# pins: the CPU of each vCPU; service: CPUs of its other threads; nics: devices to pass; extra: XML for <devices>.
define_guest() {
	mkdir -p /run/lab /var/log/lab
	chmod 755 /run/lab
	rm -f "/run/lab/$1.in" "/run/lab/$1.out"
	mkfifo "/run/lab/$1.in" "/run/lab/$1.out"
	guest_xml "$@" >"/run/lab/$1.xml" || return 1
	virsh -q define "/run/lab/$1.xml" >/dev/null
}

# node_of CPU: its NUMA node, or nothing on a host that has only one.
node_of() (
	cd /sys/devices/system/node
	[ ! -e node1 ] || echo "/sys/devices/system/cpu/cpu$1/node"* | sed 's/.*node//'
)

# The RT guest on node 1: with 7, 9 and 11 down its vCPUs are on 6 and 8, the rest of it on 10.
define_rt1() {
	define_guest rt1 uuid="$RT1_UUID" title='First RT guest' description='vCPUs on 6 and 8' vcpus=2 cpuset=6-11 \
		pins='6 8' service=10 node="$(node_of 6)" locked=yes nics="$NIC2" "$@"
}

# The RT guest on node 0: with 3 and 5 down its vCPU is on 2, the rest of it on 4.
define_rt2() {
	define_guest rt2 uuid="$RT2_UUID" title='Second RT guest' vcpus=1 cpuset=2-5 \
		pins=2 service=4 node="$(node_of 2)" locked=yes nics="$NIC0" "$@"
}

define_plain() {
	define_guest plain uuid="$PLAIN_UUID" vcpus=1 cpuset=0-1 "$@"
}

# write_config: the kvmrt.cfg of these three guests.
write_config() {
	cat >"$CFG" <<-EOF
	# The guests of the lab.

	[$RT1_UUID]
	name = rt1
	title = First RT guest
	description = vCPUs on 6 and 8
	nr_vcpus = 2
	cpu_topology = 1,2,1
	cpuset = 6-11
	rt = true
	rt_memory = true
	numatune = $(node_of 6)
	pcidevs = $NIC2

	[$RT2_UUID]
	name = rt2
	title = Second RT guest
	nr_vcpus = 1
	cpuset = 2-5
	rt = true
	numatune = $(node_of 2)
	pcidevs = $NIC0

	[$PLAIN_UUID]
	name = plain
	nr_vcpus = 1
	cpuset = 0,1
	numatune =
	EOF
	chmod 644 "$CFG"
}

# set_key UUID KEY VALUE: change or add one key of the config.
set_key() {
	awk -v section="[$1]" -v key="$2" -v value="$3" '
		$0 == section { print; print key " = " value; inside = 1; next }
		/^\[/ { inside = 0 }
		inside && $1 == key { next }
		{ print }' "$CFG" >"$CFG.new" && mv "$CFG.new" "$CFG"
}

# guest_pid NAME: its QEMU.
guest_pid() {
	cat "/run/libvirt/qemu/$1.pid"
}

guest_state() {
	virsh -q domstate "$1"
}

guest_is() {
	[ "$(guest_state "$1")" = "$2" ]
}

# guest_threads NAME: "TID CPUS COMM" of each thread of its process.
guest_threads() {
	_pid=$(guest_pid "$1") || return 1
	grep -sE '^(Name|Cpus_allowed_list):' "/proc/$_pid/task/"*/status |
		sed -E 's|^/proc/[0-9]+/task/([0-9]+)/status:([A-Za-z_]+):[[:space:]]*|\1 \2 |' |
		awk '$2 == "Name" { tid = $1; $1 = $2 = ""; name[tid] = substr($0, 3) }
			$2 == "Cpus_allowed_list" { print $1, $3, name[$1] }' | sort -n
}

# guest_irqs NAME-OF-DEVICE: "IRQ CPUS NAME" of a passed device's interrupts in the host.
guest_irqs() {
	grep -sH -F "($1)" /sys/kernel/irq/*/actions | while IFS=: read -r _file _action; do
		_irq=${_file%/actions}
		_irq=${_irq##*/}
		echo "$_irq $(cat "/proc/irq/$_irq/smp_affinity_list") $_action"
	done
}

# guest_booted NAME: its system is up since its last start.
guest_booted() {
	grep -q '^guest: up' "$(guest_log "$1")"
}

# start_guest NAME [SECONDS]: start it and wait until its system is up.
start_guest() {
	: >"$(guest_log "$1")"
	virsh -q start "$1" && wait_for "${2:-900}" guest_booted "$1"
}

# stop_guest NAME [SECONDS]: press its power button and wait until it is off.
stop_guest() {
	virsh -q shutdown "$1" && wait_for "${2:-300}" guest_is "$1" 'shut off'
}

# guest_cmd NAME COMMAND: run a shell command in the guest; its output and status are ours (within two minutes).
# Functions there: irqs, nic_reload, nic_up, load_on [CPU...], load_off, traffic_on, traffic_off.
guest_cmd() {
	_id=$(date +%s%N)
	_log=$(guest_log "$1")
	_lines=$(wc -l <"$_log")
	echo "$_id $2" >"/run/lab/$1.in"
	wait_for "${GUEST_TIMEOUT:-120}" grep -q "^guest: done $_id " "$_log" || return 254
	tail -n "+$((_lines + 1))" "$_log" | tr -d '\r' | sed -n "/^guest: done $_id /q;p"
	return "$(tr -d '\r' <"$_log" | sed -n "s/^guest: done $_id //p")"
}

# off_after_destroy NAME: one try; emulation can be too slow for the time that libvirt gives a killed QEMU.
off_after_destroy() {
	virsh -q destroy "$1" || guest_is "$1" 'shut off'
}

# end_guest NAME: pull its plug and wait until it is off.
end_guest() {
	wait_for 300 off_after_destroy "$1"
}
