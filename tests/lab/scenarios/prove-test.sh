# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt-prove with a test in the guest: on its console, through its agent, or by somebody else; and with kvmrt's own agent beside it.
# shellcheck shell=sh
# lab-append: nohz=on highres=on

. /lab/rt.sh
. /lab/proving.sh

# shellcheck disable=SC2034 # of prove_on
LIMIT=1s

# fails_online CPU: it is off again.
fails_online() {
	[ "$(cat "/sys/devices/system/cpu/cpu$1/online")" = 0 ]
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
ok 'rt1 starts' start_guest rt1
sleep 5
ok 'the guest is tuned' /usr/lib/kvmrt/kvmrt-reconcile
# In emulation a thousand cycles a second are too many: fifty.
kvmrt-prove --json --for 10s --limit 1s rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'with neither an agent nor a shell on a console'
like "$(reasons)" '^unseen cyclictest in the guest: .*agent.*; the guest.s console shows no prompt' 'and it says so'
# shellcheck disable=SC2016 # the guest's
guest_cmd rt1 'while read -r module; do insmod /more/$module; done </more/order'
guest_cmd rt1 'ls /dev/hvc0 /dev/vport*'
guest_cmd rt1 'setsid sh -c "exec sh -i </dev/hvc0 >/dev/hvc0 2>&1" &'
cycles='/more/cyclictest --smp -m -q -p 95 -i 20000 -d 0 -h 1000 -D 15'
kvmrt-prove --json --for 15s --limit 1us --test-command "$cycles" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict) $(grep -o '"by":"console"' $REPORT)" '1 fail "by":"console"' 'cyclictest on the console, with a limit that nobody meets' || diag "$(reasons)"
like "$(reasons)" '^fail cyclictest in the guest, on CPU 0 there: up to' 'on one vCPU'
like "$(reasons)" '^fail cyclictest in the guest, on CPU 1 there: up to' 'and on the other'
guest_cmd rt1 '/more/qemu-ga -d -m virtio-serial -p "$(ls /dev/vport*p1 | tail -n 1)" -t /tmp -f /tmp/ga.pid'
ok 'the agent answers' wait_for 60 virsh qemu-agent-command rt1 '{"execute":"guest-ping"}'
kvmrt-prove --json --for 15s --limit 1s --test-command "$cycles" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict) $(grep -o '"by":"agent"' $REPORT)" '0 pass "by":"agent"' 'cyclictest through the agent' || diag "$(reasons)"
kvmrt-prove --json --for 20s --limit 1s --test-command "${cycles% 15} 2" rt1 >$REPORT 2>/run/prove.err
is "$? $(verdict)" '4 inconclusive' 'a test that is too short'
like "$(reasons)" '^unseen cyclictest in the guest: it ended after' 'and it says so'

# --- the host's own agent repairs what others change
systemctl start kvmrt-agent
ok 'the agent guards' wait_for 120 sh -c 'kvmrt-stat rt1 | grep -q tuned'
prove_on --test none --for 12s
echo 1 >/sys/devices/system/cpu/cpu7/online
wait_for 60 fails_online 7
prove_off 4 inconclusive 'a guest whose tuning the agent has to repair'
like "$(reasons)" '^unseen the guest has lost some of its tuning meanwhile: .*7' 'and what that was'
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
ok 'rt1 is destroyed' end_guest rt1
mv /run/initrd /var/lib/lab/initrd
