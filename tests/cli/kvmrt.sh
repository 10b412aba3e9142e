#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# kvmrt.sh - the umbrella: other commands, help, explain, the host at a glance
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

hook=${KVMRT_HOOK:-$bin/../hooks/qemu}
data=$tree/tests/data/hook
root=$work/root

# The sanitizer's dlopen does not look where the hook says.
if nm -D "$hook" | grep -q __asan_init; then
	LD_LIBRARY_PATH=$(dirname "$hook")
	export LD_LIBRARY_PATH
fi
"$tree/tests/bench/make-host" smt2-numa2-12cpu-guest "$root" || exit 1

# short: at most twenty lines, none longer than a terminal
short() {
	[ "$(wc -l <"$work/out")" -le 20 ]
	result $? "$name: at most twenty lines" || sed 's/^/# /' "$work/out"
	! grep -qE '^.{81}' "$work/out"
	result $? "$name: 80 columns" || sed 's/^/# /' "$work/out"
}

# --- commands

run 'a command' 0 kvmrt host --version
has out 'kvmrt-host (kvmrt) '
run 'its arguments' 2 kvmrt host irqs --for never
has err "kvmrt-host: --for 'never'"
mkdir "$work/bin"
cp "$bin/kvmrt" "$work/bin"
printf '#!/bin/sh\nprintf "%%s|" "$@"\nexit 7\n' >"$work/bin/kvmrt-echo"
chmod 755 "$work/bin/kvmrt-echo"
real=$bin
bin=$work/bin
# The single quotes are meant: nothing of it may be run.
run 'no shell, and its exit status' 7 kvmrt echo 'two words' '$(touch x)' ';'
has out 'two words|$(touch x)|;|'
run 'from anywhere' 7 kvmrt echo
mkdir "$work/bin/kvmrt-d"
run 'no path' 2 kvmrt d/../kvmrt-echo
ln -s "$work/bin/kvmrt" "$work/linked"
bin=$work
run 'by a link' 7 linked echo
bin=$real
run 'one with a slip' 2 kvmrt stta
has err "there is no command 'stta': write kvmrt stat"
run 'one of its own with a slip' 2 kvmrt explian
has err 'write kvmrt explain'
run 'another word' 2 kvmrt frobnicate
has err "there is no command 'frobnicate'"
for word in ../kvmrt-echo kvmrt-echo/../x '' 'a b' -x; do
	run "no command '$word'" 2 kvmrt "$word"
done
run 'an escape in a word' 2 kvmrt "$(printf 'a\033[31m')"
! grep -q "$(printf '\033')" "$work/err"
result $? "$name: stays text"

# --- help

run 'help' 0 kvmrt --help
"$bin/kvmrt" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' |
	grep -vx -e help -e explain | sort >"$work/helped"
for program in "$bin"/kvmrt-*; do
	echo "${program##*/kvmrt-}"
done | grep -vx reconcile | sort >"$work/out"
name='--help names each command, and no other'
is out <"$work/helped"
# Without man.
PATH_WAS=$PATH
# shellcheck disable=SC2123 # man must not be found
PATH=$work/nowhere
export PATH
run 'help without man' 0 kvmrt help stat
PATH=$PATH_WAS
has out 'Usage: kvmrt-stat '
# shellcheck disable=SC2123 # nor here
PATH=$work/nowhere
run 'help of itself without man' 0 kvmrt help
PATH=$PATH_WAS
has out 'Usage: kvmrt COMMAND'
mkdir "$work/man"
cat >"$work/man/man" <<'END'
#!/bin/sh
[ "$1" != -w ] || { echo path; echo none >&2; [ "$2" != kvmrt-cfg ]; exit; }
echo "page $*"
END
chmod 755 "$work/man/man"
PATH=$work/man:$PATH
run 'help with man' 0 kvmrt help stat
is out <<'END'
page kvmrt-stat
END
empty err
run 'help of the file' 0 kvmrt help cfg
has out 'page kvmrt.cfg'
run 'help of itself' 0 kvmrt help
has out 'page kvmrt'
PATH=$PATH_WAS
run 'help of nothing' 2 kvmrt help ../stat

# --- explain

run 'explain' 0 kvmrt explain cpu-overlap
is out <<'END'
cpu-overlap
    a CPU of a real-time guest, or an SMT sibling of one, belongs to another
    guest, too
    (kvmrt.cfg(5), FINDINGS: Errors)
END
run 'explain, as it is printed' 0 kvmrt explain '[odd-name]'
has out "a second '=' or a no-break space"
has out '(kvmrt.cfg(5), FINDINGS: Warnings about the text)'
run 'explain a check' 0 kvmrt explain partitions
has out 'cgroup v2 with cpuset'
has out '(kvmrt-validate-host(1), CHECKS)'
run 'explain with a page' 0 kvmrt explain apparmor
has out 'the profile of libvirtd(8) or virtqemud'
run 'explain two' 0 kvmrt explain hook file-refused
has out 'It is a directory'
run 'explain a slip' 2 kvmrt explain cpu-overlp
has err "no finding has the code 'cpu-overlp': is it cpu-overlap"
run 'explain nothing known' 2 kvmrt explain zzzzzzzz
run 'all codes' 0 kvmrt explain
cp "$work/out" "$work/codes"
# Each that the commands can print, from the source as docs.sh finds them.
cat "$tree"/lib/core/check/check*.c "$tree"/lib/core/model/guest.c \
	"$tree"/lib/core/config/config*.c | tr '\n\t' '  ' |
	grep -oE '(RT_(ERROR|WARNING), *([a-z>-]+, *)?|code = )"[a-z0-9-]+"' |
	sed 's/.*"\(.*\)"/\1/' >"$work/all"
cat "$tree"/tools/common/host_checks*.c "$tree/tools/validate-host.c" |
	tr '\n\t' '  ' | grep -oE 'rt_host_check_add\( *checks, *"[a-z-]+"' |
	sed 's/.*"\(.*\)"/\1/' >>"$work/all"
[ "$(sort -u "$work/all" | wc -l)" -gt 60 ]
result $? 'codes are found in the source'
sort -u "$work/codes" >"$work/sorted"
sort -u "$work/all" | comm -23 - "$work/sorted" >"$work/out"
name='each code can be explained'
empty out
while read -r code; do
	"$bin/kvmrt" explain "$code" >"$work/out" 2>&1 &&
		[ "$(wc -l <"$work/out")" -gt 2 ] &&
		! grep -qE '(^|[ (])\.?(Ic|Li|Ql|Pa|Fl|Ar|Cm|Xr|Em|Ev|Sx|Ns|Sy|Pp|Bl|Bd|Dq|Pq) |\\' "$work/out"
	result $? "$code is explained, and nothing of mdoc is left" ||
		sed 's/^/# /' "$work/out"
done <"$work/sorted"

# --- the host at a glance

run 'a file that is named and not there' 1 kvmrt --root "$root" -f "$work/none.cfg"
has out 'File:   cannot be used'
has err 'none.cfg'
short
run 'no file' 0 kvmrt --root "$root"
short
has out 'Host:   12 CPUs, 6 cores, 2 nodes; housekeeping: 0-11'
has out 'File:   there is no '
has out 'kvmrt import '
cp "$data/rt1.cfg" "$root/etc/kvmrt.cfg"
run 'it runs untuned' 4 kvmrt --root "$root"
short
has out 'rt1                   real-time  degraded'
has out 'kvmrt boot rt1 '
for operation in prepare start started; do
	KVMRT_ROOT=$root "$hook" rt1 "$operation" begin - <"$data/rt1.xml" \
		>/dev/null 2>"$work/err"
	result $? "the hook's $operation" || sed 's/^/# /' "$work/err"
done
run 'tuned' 0 kvmrt --root "$root"
short
has out 'Host:   12 CPUs (9 online), 6 cores, 2 nodes; housekeeping: 0-5'
has out '1 guest, 1 real-time: no errors, '
has out 'rt1                   real-time  tuned      vCPUs on 6,8'
has out 'kvmrt noise '
hasnt out 'kvmrt boot'
cp -p "$root/proc/irq/50/smp_affinity_list" "$work"
echo 0-11 >"$root/proc/irq/50/smp_affinity_list"
run 'degraded' 4 kvmrt --root "$root"
has out 'rt1                   real-time  degraded   vCPUs on 6,8'
has out 'kvmrt stat rt1 '
cat "$work/smp_affinity_list" >"$root/proc/irq/50/smp_affinity_list"

bin=$(dirname "$real")/tests/virt
KVMRT_AGENT=$work/agent
export KVMRT_AGENT
run 'no agent' 5 kvmrt --root "$root"
has out 'Agent:  does not run'
has out 'systemctl start kvmrt-agent '
echo '{"version":1,"agent":{"since":"2026-11-28T00:00:00Z","repairs":3},"guests":[{"uuid":"6a1f0c1e-0000-4000-8000-000000000001","state":"disturbed","repairs":[]}]}' >"$KVMRT_AGENT"
run 'an agent, and a disturbance' 4 kvmrt --root "$root"
has out 'Agent:  runs since 2026-11-28T00:00:00Z, 3 repairs'
has out 'real-time  disturbed  vCPUs on 6,8'
has out 'kvmrt stat -v rt1 '
bin=$real

# Many guests; the bad one, which is the last of the file, comes first.
mv "$root/etc/kvmrt.cfg" "$work/rt1.cfg"
i=10
while [ $i -lt 40 ]; do
	printf '[6a1f0c1e-0000-4000-8000-0000000001%s]\nname = office%s of the whole long floor\n' $i $i
	i=$((i + 1))
done >"$root/etc/kvmrt.cfg"
cat "$work/rt1.cfg" >>"$root/etc/kvmrt.cfg"
echo 0-11 >"$root/proc/irq/50/smp_affinity_list"
run 'thirty-one guests' 4 kvmrt --root "$root"
short
sed -n '/^Guests:/{n;p;}' "$work/out" | grep -q rt1
result $? "$name: the bad one first"
has out 'and 21 more: kvmrt stat'
cat "$work/smp_affinity_list" >"$root/proc/irq/50/smp_affinity_list"

# A name that a shell would change is not typed.
sed 's/^name = .*/name = a; touch x/; s/^\[.*/[6a1f0c1e-0000-4000-8000-0000000000bb]/' \
	"$work/rt1.cfg" | grep -v pcidevs >"$root/etc/kvmrt.cfg"
rm "$root/run/libvirt/qemu/rt1.pid"
KVMRT_ROOT=$root "$hook" rt1 release end - <"$data/rt1.xml" >/dev/null 2>&1
result $? "the hook's release"
run 'an odd name' 0 kvmrt --root "$root"
has out 'virsh start 6a1f0c1e-0000-4000-8000-0000000000bb'
short
sed 's/^cpuset.*/cpuset = 99/' "$work/rt1.cfg" >"$root/etc/kvmrt.cfg"
run 'a file with errors' 3 kvmrt --root "$root"
has out '1 error'
has out 'kvmrt edit-config '
has out 'kvmrt explain bad-cpuset '
chmod 666 "$root/etc/kvmrt.cfg"
run 'a file that is refused' 3 kvmrt --root "$root"
short
has err 'may be written by'
has out 'kvmrt validate-config '
chmod 644 "$root/etc/kvmrt.cfg"
printf '[6a1f0c1e-0000-4000-8000-0000000000cc]\nname = a\n' >"$root/etc/kvmrt.cfg"
run 'no real-time guest' 0 kvmrt --root "$root"
has out 'kvmrt validate-host '
has out 'kvmrt edit-config '

# --- any user

mkdir -p "$root/run/kvmrt"
: >"$root/run/kvmrt/journal"
chmod 0 "$root/run/kvmrt/journal"
chmod 755 "$work" "$work/bin"
name='any user'
if $as_nobody test -x "$work/bin/kvmrt"; then
	$as_nobody "$work/bin/kvmrt" --root "$root" >"$work/out" 2>"$work/err"
	result $? "$name: exit status 0" || sed 's/^/# /' "$work/err"
	has out 'sudo kvmrt '
	short
fi
finish
