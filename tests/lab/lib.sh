# SPDX-License-Identifier: LGPL-2.1-or-later
# Settings and functions shared by the lab's commands; sourced, with $here set to this directory.
# shellcheck shell=sh

# What goes into the host is read by its users there, whatever umask the caller has: QEMU's, for one.
umask 022

: "${LAB_BUILD:=$(CDPATH='' cd -- "$here/../.." && pwd)/build/lab}"
: "${LAB_SUITE:=trixie}"
: "${LAB_KERNEL:=linux-image-amd64}"
: "${LAB_DISK:=3G}"
: "${LAB_NAME:=dev}"
: "${LAB_SHAPE:=two-sockets}"
# A host that dies ends QEMU at once; slow machines get time.
KERNEL_LINE="root=/dev/vda rw console=ttyS0 intel_iommu=on iommu=pt mitigations=off panic=-1 tsc=reliable"
# Its boot is heard from the first line on: a silent one hangs.
KERNEL_LINE="$KERNEL_LINE loglevel=7 earlyprintk=serial,ttyS0,115200"
KERNEL_LINE="$KERNEL_LINE systemd.show_status=1 systemd.crash_reboot=1 systemd.default_timeout_start_sec=600"
# A periodic tick: the emulation now and then loses a timer interrupt (README, traps), and a CPU that set its timer for one shot waits for ever.
KERNEL_LINE="$KERNEL_LINE systemd.default_device_timeout_sec=600 rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60 nohz=off highres=off"
# Protection keys and five-level page tables break or slow down a nested guest with the host's CPU model.
: "${LAB_CPU:=max,pku=off,la57=off}"
: "${LAB_THREAD:=multi}"
: "${LAB_STAGE:=$LAB_BUILD/stage}"
: "${LAB_DEB:=$LAB_STAGE/../../deb}"
: "${LAB_BOOT_TIMEOUT:=1200}"
: "${LAB_SILENCE:=60}"
: "${LAB_EXEC_TIMEOUT:=3600}"
: "${LAB_DOWN_TIMEOUT:=300}"

case $LAB_SHAPE in
two-sockets | one-package | no-smt | no-numa | memory-node | no-iommu) ;;
*)
	echo "LAB_SHAPE: no shape $LAB_SHAPE; tests/lab/README.md lists them" >&2
	exit 1
	;;
esac

LAB_IMAGE=$LAB_BUILD/$LAB_SUITE-$(printf %s "$LAB_KERNEL" | tr / -)${LAB_PACKAGES:+-$(printf %s "$LAB_PACKAGES" | tr , -)}
LAB_RUN=$LAB_BUILD/run/$LAB_NAME
LAB_SHARE=$LAB_RUN/share

log() {
	printf '%s\n' "$*" >&2
}

die() {
	log "${0##*/}: $*"
	exit 1
}

need() {
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || die "$tool is missing; tests/lab/packages.txt names the packages"
	done
}

now() {
	date +%s
}

# The Debian mirror that this machine itself uses.
mirror() {
	if [ -n "${LAB_MIRROR:-}" ]; then
		echo "$LAB_MIRROR"
		return
	fi
	# shellcheck disable=SC2016 # apt's own fields
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -v -e security -e backports | sort | uniq -c | sort -rn | sed -n '1s/^ *[0-9]* //p'
}

# emulator: the QEMU to run. Before 8.1 emulation by several threads loses writes to code, and before 9.0 it has no x2APIC;
# then it is the newer one that 'image' fetched, run out of its directory.
emulator() {
	if [ -n "${LAB_QEMU:-}" ]; then
		echo "$LAB_QEMU"
	elif new_enough; then
		echo qemu-system-x86_64
	else
		echo "$LAB_BUILD/qemu/run"
	fi
}

new_enough() {
	qemu-system-x86_64 --version 2>/dev/null |
		sed -n 's/.* version \([0-9]*\)\..*/\1/p' | {
		read -r _major && [ "$_major" -ge 9 ]
	}
}

# The accelerator: real KVM on bare metal or on demand, else emulation.
accelerator() {
	case ${LAB_ACCEL:-} in
	kvm | tcg) echo "$LAB_ACCEL" ;;
	'')
		if [ -r /dev/kvm ] && [ -w /dev/kvm ] && ! grep -qw hypervisor /proc/cpuinfo; then
			echo kvm
		else
			echo tcg
		fi
		;;
	*) die "LAB_ACCEL is kvm or tcg, not $LAB_ACCEL" ;;
	esac
}

# lab_pid: the process id of this lab's QEMU; fails when it does not run.
lab_pid() {
	_pid=$(cat "$LAB_RUN/pid" 2>/dev/null) || return 1
	[ -n "$_pid" ] && tr '\0' '\n' 2>/dev/null <"/proc/$_pid/cmdline" | grep -qxF "$LAB_RUN/pid" || return 1
	echo "$_pid"
}

lab_alive() {
	lab_pid >/dev/null
}

# console_line: what the lab's host said last, as plain text.
console_line() {
	tail -c 600 "$LAB_RUN/console" 2>/dev/null | tr '\r' '\n' |
		sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/[^[:print:]]//g' -e '/^ *$/d' | tail -n 1 | cut -c1-90
}

# progress START TEXT: one line that shows that time passes.
progress() {
	_took=$(($(now) - $1))
	if [ -t 2 ]; then
		printf '\r\033[Klab %s: %d s, %s' "$LAB_NAME" "$_took" "$2" >&2
	elif [ "$_took" -ge "${_told:-0}" ]; then
		log "lab $LAB_NAME: $_took s, $2"
		_told=$((_took + 15))
	fi
}

progress_end() {
	_told=0
	if [ -t 2 ]; then
		printf '\r\033[K' >&2
	fi
	log "lab $LAB_NAME: $*"
}

# dead TEXT: the host is gone or stuck; say so with the end of its console.
dead() {
	progress_end "$1; the end of its console:"
	tail -n 40 "$LAB_RUN/console" 2>/dev/null | tr -d '\r' | sed 's/^/    /' >&2
	if [ -s "$LAB_RUN/qemu.log" ]; then
		tail -n 10 "$LAB_RUN/qemu.log" >&2
	fi
}

# nic ID BUS ADDRESS [OPTION]: one emulated network card that reaches nothing outside.
nic() {
	printf '%s\n' -netdev "user,id=net$1,restrict=on" -device "e1000e,id=nic$1,netdev=net$1,bus=$2,addr=$3${4:-}"
}

# port ID BUS CHASSIS: a root port, so that what sits behind it has an IOMMU group of its own.
port() {
	printf '%s\n' -device "pcie-root-port,id=$1,bus=$2,chassis=$3"
}

# on_node N: how a bridge says which node its devices are near to.
on_node() {
	[ "$LAB_SHAPE" = no-numa ] || echo ",numa_node=$1"
}

# far_node: the node of CPUs 6-11.
far_node() {
	if [ "$LAB_SHAPE" = memory-node ]; then
		echo 2
	else
		echo 1
	fi
}

# Two bridges with two cards each, and on the second a card with two functions in one group.
qemu_devices() {
	printf '%s\n' -device "pxb-pcie,id=pxb0,bus=pcie.0,bus_nr=64$(on_node 0)"
	printf '%s\n' -device "pxb-pcie,id=pxb1,bus=pcie.0,bus_nr=128$(on_node "$(far_node)")"
	port port0 pxb0 1
	port port1 pxb0 2
	port port2 pxb1 3
	port port3 pxb1 4
	port port4 pxb1 5
	nic 0 port0 0
	nic 1 port1 0
	nic 2 port2 0
	nic 3 port3 0
	nic 4 port4 0.0 ,multifunction=on
	nic 5 port4 0.1
}

# node N MIB [CPUS]: a NUMA node with so much memory.
node() {
	printf '%s\n' -object "memory-backend-ram,id=mem$1,size=$2M" -numa "node,nodeid=$1${3:+,cpus=$3},memdev=mem$1"
}

# Twelve CPUs and 5 GiB in every shape. CPUs 0-5 and 6-11 are two nodes wherever there are nodes.
qemu_shape() {
	case $LAB_SHAPE in
	one-package) printf '%s\n' -smp 12,sockets=1,cores=6,threads=2 ;;
	no-smt) printf '%s\n' -smp 12,sockets=2,cores=6,threads=1 ;;
	*) printf '%s\n' -smp 12,sockets=2,cores=3,threads=2 ;;
	esac
	printf '%s\n' -m 5120
	case $LAB_SHAPE in
	no-numa) ;;
	memory-node)
		node 0 2304 0-5
		node 1 512
		node 2 2304 6-11
		;;
	*)
		node 0 2560 0-5
		node 1 2560 6-11
		;;
	esac
}

# Has the host's kernel PREEMPT_RT?
is_rt() {
	case $LAB_KERNEL in
	*-rt-*) ;;
	*) false ;;
	esac
}

# With PREEMPT_RT KVM wants a TSC that the kernel knows to be constant, and the emulated CPU cannot say so ("RT requires X86_FEATURE_CONSTANT_TSC", 6.1 to
# 6.12). VMware's machine has a constant TSC by definition: the kernel knows it by this serial number and an I/O port, which QEMU emulates, where the CPU
# does not announce a hypervisor.
qemu_board() {
	if is_rt; then
		printf '%s\n' -machine q35,kernel-irqchip=split,vmport=on -smbios type=1,serial=VMware-lab
	else
		printf '%s\n' -machine q35,kernel-irqchip=split
	fi
}

# qemu_machine: accelerator, CPUs, memory, nodes, IOMMU. With eim the host runs its APICs as x2APIC, as real ones do; the older mode costs the emulation
# a third more, and the end of an interrupt is lost in it now and then.
qemu_machine() {
	case $(accelerator) in
	kvm) printf '%s\n' -accel kvm -cpu host ;;
	tcg) printf '%s\n' -accel "tcg,thread=$LAB_THREAD" -cpu "$LAB_CPU$(is_rt && echo ,hypervisor=off)" ${LAB_ICOUNT:+-icount "$LAB_ICOUNT"} ;;
	esac
	qemu_board
	qemu_shape
	[ "$LAB_SHAPE" = no-iommu ] || printf '%s\n' -device intel-iommu,intremap=on,caching-mode=on,eim=on
}

qemu_system() {
	printf '%s\n' -kernel "$LAB_IMAGE/vmlinuz" -initrd "$LAB_IMAGE/initrd" -append \
		"$KERNEL_LINE${LAB_APPEND:+ $LAB_APPEND}"
	printf '%s\n' -drive "file=$LAB_IMAGE/root.img,format=raw,if=none,id=root,snapshot=on" \
		-device virtio-blk-pci,bus=pcie.0,drive=root \
		-fsdev "local,id=share,path=$LAB_SHARE,security_model=none" \
		-device virtio-9p-pci,bus=pcie.0,fsdev=share,mount_tag=lab \
		-device virtio-serial-pci,bus=pcie.0 -chardev "pipe,id=command,path=$LAB_RUN/command" \
		-device virtserialport,chardev=command,name=lab \
		-chardev "file,id=console,path=$LAB_RUN/console" -serial chardev:console \
		-display none -monitor none -nodefaults -pidfile "$LAB_RUN/pid"
	# A kernel that panics restarts the machine: then it is to end, unless restarting is what is shown.
	[ -n "${LAB_REBOOTS:-}" ] || printf '%s\n' -no-reboot
}

# start_qemu: one argument per line, so that paths may hold blanks.
start_qemu() {
	set --
	while IFS= read -r _argument; do
		set -- "$@" "$_argument"
	done <"$LAB_RUN/arguments"
	setsid "$(emulator)" "$@" </dev/null >"$LAB_RUN/qemu.log" 2>&1 &
}

# refresh FILE DIR: copy it if it is another one, without a moment in which it is half there.
refresh() {
	cmp -s "$1" "$2/${1##*/}" && return
	cp -p "$1" "$2/${1##*/}.new"
	mv "$2/${1##*/}.new" "$2/${1##*/}"
}

# What the lab host reads from the share.
fill_share() {
	mkdir -p "$LAB_SHARE/cmd" "$LAB_SHARE/out" "$LAB_SHARE/bin" "$LAB_SHARE/scenarios"
	for _file in agent.sh host-lib.sh guests.sh snapshot.sh rt.sh proving.sh guarded.sh sanitized.sh follow.sh demo-host.sh compare/compare-host.sh \
		../../docs/getting-started.md; do
		refresh "$here/$_file" "$LAB_SHARE"
	done
	for _file in "$LAB_BUILD"/bin/*; do
		refresh "$_file" "$LAB_SHARE/bin"
	done
	for _file in "$here"/scenarios/*.sh; do
		refresh "$_file" "$LAB_SHARE/scenarios"
	done
}

# boot: start a fresh lab host and wait until its system is up.
boot() {
	need setsid mkfifo
	rm -rf "$LAB_RUN"
	mkdir -p "$LAB_RUN"
	fill_share
	mkfifo "$LAB_RUN/command.in" "$LAB_RUN/command.out"
	{
		qemu_machine
		qemu_devices
		qemu_system
	} >"$LAB_RUN/arguments"
	now >"$LAB_RUN/started"
	start_qemu
	wait_ready
}

# silent: has the host, still booting, said nothing for long? Kernel and systemd say something every few seconds (8 s was the longest
# silence seen, on a busy machine). Now and then the emulation forgets a wake-up or spins, and such a boot never goes on.
silent() {
	_size=$(stat -c %s "$LAB_RUN/console" 2>/dev/null || echo 0)
	if [ "$_size" != "$_said" ]; then
		_said=$_size
		_said_at=$(now)
	fi
	[ $(($(now) - _said_at)) -gt "$LAB_SILENCE" ]
}

wait_ready() {
	_start=$(cat "$LAB_RUN/started")
	_seen=
	_said=
	until [ -e "$LAB_SHARE/ready" ]; do
		sleep 0.5
		if lab_alive; then
			_seen=1
		elif [ -n "$_seen" ] || [ $(($(now) - _start)) -gt 10 ]; then
			dead "the host died after $(($(now) - _start)) s"
			return 1
		fi
		if [ $(($(now) - _start)) -gt "$LAB_BOOT_TIMEOUT" ]; then
			dead "not up after $LAB_BOOT_TIMEOUT s"
			lab_kill
			return 1
		fi
		if [ -n "$_seen" ] && silent; then
			dead "the boot stands still after $(($(now) - _start)) s"
			lab_kill
			return 1
		fi
		progress "$_start" "$(console_line)"
	done
	progress_end "up after $(($(now) - _start)) s ($(accelerator))"
}

# flow FILE FROM: print what FILE holds from byte FROM on; the new end is left in $_end.
flow() {
	_end=$(stat -c %s "$1" 2>/dev/null || echo "$2")
	if [ "$_end" -gt "$2" ]; then
		tail -c "+$(($2 + 1))" "$1" | head -c "$((_end - $2))"
	fi
}

# lab_exec COMMAND: run a shell command as root in the lab host; its output and exit code are ours.
lab_exec() {
	lab_alive || die "lab $LAB_NAME is not up"
	_id=$(date +%s%N).$$
	_cmd=$LAB_SHARE/cmd/$_id
	_out=0
	_err=0
	_limit=$(($(now) + LAB_EXEC_TIMEOUT))
	printf '%s\n' "$1" >"$_cmd"
	echo "$_id" >"$LAB_RUN/command.in"
	_rc=
	while [ -z "$_rc" ]; do
		sleep 0.1
		if [ -e "$_cmd.rc" ]; then
			_rc=$(cat "$_cmd.rc")
		elif ! lab_alive; then
			_rc=255
		elif [ "$(now)" -gt "$_limit" ]; then
			log "lab $LAB_NAME: no end after $LAB_EXEC_TIMEOUT s: $1"
			_rc=254
		fi
		flow "$_cmd.out" "$_out"
		_out=$_end
		flow "$_cmd.err" "$_err" >&2
		_err=$_end
	done
	rm -f "$_cmd" "$_cmd.out" "$_cmd.err" "$_cmd.rc"
	if [ "$_rc" -eq 255 ] && ! lab_alive; then
		dead 'the host died'
	fi
	return "$_rc"
}

# lab_push: install the staged product in the lab host.
lab_push() {
	[ -d "$LAB_STAGE" ] || die "nothing staged in $LAB_STAGE (make install DESTDIR=$LAB_STAGE)"
	fill_share
	rm -rf "$LAB_SHARE/stage"
	cp -a "$LAB_STAGE" "$LAB_SHARE/stage"
	lab_exec '. /lab/host-lib.sh; install_stage'
}

# lab_reboot: restart the host's system; its disk stays as it is.
lab_reboot() {
	rm -f "$LAB_SHARE/ready"
	lab_exec 'systemctl reboot --no-block'
	now >"$LAB_RUN/started"
	wait_ready
}

lab_kill() {
	_pid=$(lab_pid) || return 0
	kill "$_pid" 2>/dev/null || :
	sleep 1
	if lab_alive; then
		kill -9 "$_pid" 2>/dev/null || :
	fi
}

# lab_down: guests off, power off, and the end of QEMU for sure.
lab_down() {
	lab_alive || return 0
	_start=$(now)
	LAB_EXEC_TIMEOUT=$LAB_DOWN_TIMEOUT
	lab_exec '. /lab/host-lib.sh; power_off' || log "lab $LAB_NAME: the guests could not be ended"
	while lab_alive; do
		if [ $(($(now) - _start)) -gt "$LAB_DOWN_TIMEOUT" ]; then
			dead 'does not power off'
			lab_kill
			return 1
		fi
		progress "$_start" "$(console_line)"
		sleep 0.5
	done
	progress_end "down after $(($(now) - _start)) s"
}
