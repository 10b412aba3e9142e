#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# commands.sh - import, sync, edit, boot, shutdown and stat, on libvirt's test driver
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# A captured host, so that nothing of this one is touched.
root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
mkdir -p "$root/var/lib"
cfg=$work/a.cfg
KVMRT_CONNECT=test:///default
export KVMRT_CONNECT

for command in import sync-config edit-config place boot shutdown stat noise prove \
	validate-host; do
	run "$command: an option that is not there" 2 kvmrt-$command --frobnicate
	lines err 2
	has err "Try 'kvmrt-$command --help'"
	run "$command: version" 0 kvmrt-$command --version
	has out "kvmrt-$command"
done

# What --dry-run shows is what is written without it.
dry_run() { # dry_run NAME STATUS OPTION...
	name=$1 status=$2
	shift 2
	cp "$cfg" "$work/before" 2>/dev/null || : >"$work/before"
	run "$name, --dry-run" "$status" kvmrt-import --root "$root" -f "$cfg" --dry-run "$@"
	cmp -s "$cfg" "$work/before" || [ ! -e "$cfg" ]
	result $? "$name, --dry-run: nothing is written"
	[ ! -e "$root/var/lib/kvmrt/agreed" ]
	result $? "$name, --dry-run: no baseline is written"
	cp "$work/out" "$work/dry"
	run "$name" "$status" kvmrt-import --root "$root" -f "$cfg" "$@"
	sed -n '/^@@/,$p' "$work/dry" >"$work/out"
	diff -u "$work/before" "$cfg" | tail -n +3 >"$work/want"
	[ -s "$work/want" ] && cmp -s "$work/want" "$work/out"
	result $? "$name: the diff is what changed" || diff "$work/want" "$work/out" | sed 's/^/# /'
	cp "$work/dry" "$work/out"
}
run 'the live file, --dry-run' 0 kvmrt-import --root "$root" -n
has out 'test: would be imported'
[ ! -e "$root/etc/kvmrt.cfg" ] && [ ! -e "$root/var/lib/kvmrt/agreed" ]
result $? "$name: no file and no baseline is written"
dry_run 'import' 0
has out 'test: would be imported'
has out "--- $cfg"
run 'import in step, --dry-run' 0 kvmrt-import --root "$root" -f "$cfg" -nu
has out 'test: in step'
lines out 1
for line in 'title = From the file' 'nr_vcpus = 1'; do
	sed -i "s/^nr_vcpus.*/$line\n# mine/" "$cfg"
	printf '\n# last\n[12345678-1111-4111-8111-111111111111]\nname = other' >>"$cfg"
	dry_run "update from '$line'" 0 -u
	has out 'test: would be updated'
	sed -i '/^# mine/d; /^$/,$d' "$cfg"
done
rm "$cfg"
run 'import' 0 kvmrt-import --root "$root" -f "$cfg"
has out 'test: imported'
[ ! -e "$root/var/lib/kvmrt/agreed" ]
result $? "a draft leaves no baseline"
run 'import again' 0 kvmrt-import --root "$root" -f "$cfg" -v
has out 'test: known already'
run 'import of a stranger' 1 kvmrt-import --root "$root" -f "$cfg" nobody
has err "guest 'nobody': libvirt has no such guest"
run 'import of one of two' 4 kvmrt-import --root "$root" -f "$cfg" -u test nobody
run 'in step' 0 kvmrt-sync-config --root "$root" -f "$cfg" -q
printf '# kept\ntitle = From the file\n' >>"$cfg"
run 'not in step' 1 kvmrt-sync-config --root "$root" -f "$cfg" -q
has out "title: the definition has '', kvmrt.cfg wants 'From the file'"
run 'as JSON' 0 kvmrt-sync-config --root "$root" -f "$cfg" --json
has out '"name":"test","did":"definition changed"'
run 'the other way' 0 kvmrt-sync-config --root "$root" -f "$cfg" -r
has out 'test: file changed'
grep -q '^# kept$' "$cfg" && ! grep -q '^title' "$cfg"
result $? 'the title is gone, the comment is not'
run '-r and -q' 2 kvmrt-sync-config -r -q
run 'a guest that the file has not got' 1 kvmrt-sync-config --root "$root" -f "$cfg" nobody
has err 'has no such guest'

# Several guests of which one does not fit: the others are taken all the same.
guest() { # guest NAME DIGIT VCPUS
	printf '<domain type="test"><name>%s</name><uuid>%s1111111-1111-4111-8111-111111111111</uuid><memory>65536</memory><vcpu>%s</vcpu><os><type>hvm</type></os><cpu><topology sockets="1" cores="%s" threads="1"/></cpu></domain>' "$1" "$2" "$3" "$3"
}
many=$work/many.cfg
{ echo '<node>'; guest a a 2; guest b b 2; guest c c 2; echo '</node>'; } >"$work/node.xml"
printf '[d1111111-1111-4111-8111-111111111111]\nname = b\n' >"$many"
chmod 644 "$many"
cp "$many" "$work/before"
run 'import of one whose name is taken, --dry-run' 4 kvmrt-import --root "$root" -f "$many" -c "test://$work/node.xml" -n
has out '+name = a'
has out '+name = c'
has err "guest 'b': the configuration has a guest 'b'"
cmp -s "$many" "$work/before"
result $? "$name: nothing is written"
run 'import of one whose name is taken' 4 kvmrt-import --root "$root" -f "$many" -c "test://$work/node.xml"
has out 'a: imported'
has out 'c: imported'
has err "guest 'b': the configuration has a guest 'b'"
[ "$(grep -c '^name = ' "$many")" -eq 3 ]
result $? 'a and c are in the file'
run 'import again' 4 kvmrt-import --root "$root" -f "$many" -c "test://$work/node.xml" -v
has out 'a: known already'
printf '[a1111111-1111-4111-8111-111111111111]\nname = a\nrt = on\ncpuset = 6-11\n[b1111111-1111-4111-8111-111111111111]\nname = b\n' >"$many"
{ echo '<node>'; guest a a 9; guest b b 3; echo '</node>'; } >"$work/node.xml"
run 'the other way for one that does not fit' 4 kvmrt-sync-config --root "$root" -f "$many" -c "test://$work/node.xml" -r
has out 'b: file changed'
has err "guest 'a'"
grep -q '^nr_vcpus = 3$' "$many" && ! grep -q '^nr_vcpus = 9$' "$many"
result $? 'b is changed, a is not'

cp "$cfg" "$work/before"
EDITOR='sed -i s/^name.*/&\ndescription=new/'
export EDITOR
run 'edit' 0 kvmrt-edit-config --root "$root" -f "$cfg"
has out 'is in place'
has out 'test: definition changed'
EDITOR=true
run 'edit nothing' 0 kvmrt-edit-config --root "$root" -f "$cfg"
has out 'is unchanged'
cp "$cfg" "$work/before"
EDITOR='sed -i s/^description.*/nonsense=1/'
run 'an edit with an error' 3 kvmrt-edit-config --root "$root" -f "$cfg"
has err 'nonsense'
has err 'your edit is kept in'
cmp -s "$cfg" "$work/before"
result $? 'the file is as it was'
grep -q '^nonsense' "$cfg"-??????
result $? 'and the edit is kept'
EDITOR=/nonexistent/editor
run 'an editor that is not there' 1 kvmrt-edit-config --root "$root" -f "$cfg"
has err '/nonexistent/editor'
cmp -s "$cfg" "$work/before"
result $? 'the file is as it was, again'
EDITOR='sh -c exit'
export EDITOR
KVMRT_CONNECT=test:///nonexistent.xml
EDITOR='sed -i s/^description.*/description=newer/'
run 'an edit without libvirt' 4 kvmrt-edit-config --root "$root" -f "$cfg"
has err 'kvmrt-sync-config'
grep -q '^description=newer' "$cfg"
result $? 'is in place all the same'
for command in import sync-config boot shutdown; do
	run "$command without libvirt" 1 kvmrt-$command --root "$root" -f "$cfg"
	has err 'connect to libvirt'
done
KVMRT_CONNECT=test:///default

echo 'nonsense = 1' >>"$cfg"
for command in sync-config boot shutdown stat; do
	run "$command: a file with errors" 3 kvmrt-$command --root "$root" -f "$cfg"
	has err 'nonsense'
done
run 'import: a file with errors' 3 kvmrt-import --root "$root" -f "$cfg"
cp "$work/before" "$cfg"
run 'boot of a stranger' 1 kvmrt-boot --root "$root" -f "$cfg" nobody
run 'all and a name' 2 kvmrt-boot --all test
run 'a time that is none' 2 kvmrt-shutdown -t soon
run 'kvmrt-sync --help starts no daemon' 0 ../agent/kvmrt-sync --help
has out 'Usage: kvmrt-sync'
run 'no libvirt' 1 kvmrt-boot --root "$root" -f "$cfg" \
	-c "qemu+unix:///system?socket=$work/none"
has err '(is libvirtd or virtqemud running?)'
run 'shutdown' 0 kvmrt-shutdown --root "$root" -f "$cfg"
has out 'test: off after'
run 'nothing runs' 0 kvmrt-stat --root "$root" -f "$cfg"
has out 'test                 off'
run 'all of them' 0 kvmrt-stat --root "$root" -f "$cfg" --all --json
has out '"name":"test","rt":false,"state":"off"'

# validate-host: a captured host, with a real-time guest that gains from boot parameters.
mkdir -p "$root/etc/libvirt/hooks/qemu.d"
printf '[11111111-1111-4111-8111-111111111111]\nname = a\nrt = on\nnr_vcpus = 2\ncpuset = 6-11\n' >"$root/etc/kvmrt.cfg"
chmod 644 "$root/etc/kvmrt.cfg"
run 'a host without the hook' 1 kvmrt-validate-host --root "$root"
has out 'fail    hook'
has out 'isolcpus=managed_irq,6-11 nohz_full=6,8 rcu_nocbs=6,8"'
cp "${KVMRT_HOOK:-$bin/../hooks/qemu}" "$root/etc/libvirt/hooks/qemu.d/kvmrt"
run 'a host with it' 0 kvmrt-validate-host --root "$root"
hasnt out 'fail '
printf ' isolcpus=managed_irq,domain,5-11 nohz_full=6,8,10 rcu_nocbs=4-9 iommu=pt' >"$work/line"
cat "$root/proc/cmdline" "$work/line" 2>/dev/null | tr -d '\n' >"$work/cmdline"
chmod u+w "$root/proc/cmdline" 2>/dev/null
cp "$work/cmdline" "$root/proc/cmdline"
run 'a host that has them' 0 kvmrt-validate-host --root "$root" --json
has out '"code":"boot-parameters","verdict":"pass"'
# --- guests that libvirt has not got

gone=e1111111-1111-4111-8111-111111111111
away=e2222222-1111-4111-8111-111111111111
{ echo '<node>'; guest a a 1; guest moved f 1; echo '</node>'; } >"$work/node.xml"
stale() { # a file in $many; a is in step, and the name `moved` is another's
	cat >"$many" <<-END
		[a1111111-1111-4111-8111-111111111111]
		name = a

		# of gone
		[$gone]
		name = gone
		# inside

		[c1111111-1111-4111-8111-111111111111]
		name = moved
		[$away]
		name = away
		disabled = no
		# the end
	END
	chmod 644 "$many"
	cp "$many" "$work/before"
}
pruned() { # what --prune leaves of it
	cat >"$work/want" <<-END
		[a1111111-1111-4111-8111-111111111111]
		name = a

		# of gone
		# inside

		[c1111111-1111-4111-8111-111111111111]
		name = moved
		# the end
	END
	cmp -s "$many" "$work/want"
	result $? "$name: those sections are gone, the rest is as it was" ||
		diff "$work/want" "$many" | sed 's/^/# /'
}
sync_() { # sync_ NAME STATUS OPTION...
	name=$1 status=$2
	shift 2
	run "$name" "$status" kvmrt-sync-config --root "$root" -f "$many" -c "test://$work/node.xml" "$@"
}

stale
sync_ 'undefined guests, to libvirt' 4
sync_ 'undefined guests' 4 -q
has err "kvmrt-sync-config: guest 'gone': libvirt has no such guest: define it with its UUID ('virsh define'), or remove the section [$gone]"
has err "kvmrt-sync-config: guest 'moved': libvirt has no guest with its UUID, and a guest 'moved' with UUID f1111111-1111-4111-8111-111111111111: give the section that UUID, or remove the section [c1111111-1111-4111-8111-111111111111]"
has err "'kvmrt-sync-config --prune -f $many' removes the sections of guests that libvirt has not got"
lines err 4
sync_ 'undefined guests, for programs' 4 -q --json
empty err
sync_ 'undefined guests, the other way' 4 -r
has err "or remove the section [$gone]"
has err "or remove the section [$away]"
has err "'kvmrt-sync-config --prune -f $many' removes"
cmp -s "$many" "$work/before"
result $? "$name: the file is as it was"
sync_ 'one of them, --prune' 0 --prune away
has out 'away: section removed'
lines out 1
! grep -q away "$many" && grep -q gone "$many"
result $? "$name: that one alone"
stale
sync_ 'all, --prune' 0 --prune
has out 'gone: section removed'
has out 'away: section removed'
lines out 2
pruned
sync_ 'again' 0 --prune
has out 'nothing to do: libvirt has each guest, by its UUID or its name'
sync_ 'one that is there' 0 --prune a
has out 'a: section kept: libvirt has a guest of its UUID or name'
run '--prune and -r' 2 kvmrt-sync-config --prune -r
# A libvirt without any guest is rather the wrong one.
stale
echo '<node></node>' >"$work/empty.xml"
run 'all, of an empty libvirt' 1 kvmrt-sync-config --root "$root" -f "$many" -c "test://$work/empty.xml" --prune
has err "no section was removed: libvirt at test://$work/empty.xml has no guest at all"
cmp -s "$many" "$work/before"
result $? "$name: the file is as it was"
# What was agreed on goes along, but not with a section of a draft.
agreed=$root/var/lib/kvmrt/agreed
mkdir -p "$agreed"
for file in "$away" "$gone"; do printf '{}\n{}\n' >"$agreed/$file"; done
run 'one, of an empty libvirt' 0 kvmrt-sync-config --root "$root" -f "$many" -c "test://$work/empty.xml" --prune away
has out 'away: section removed'
[ -e "$agreed/$away" ]
result $? "$name: what was agreed on stays, as the file is a draft"
stale
cp "$many" "$root/etc/kvmrt.cfg"
run 'one of the live file' 0 kvmrt-sync-config --root "$root" -c "test://$work/node.xml" --prune away
[ ! -e "$agreed/$away" ] && [ -e "$agreed/$gone" ]
result $? "$name: what was agreed on with it is forgotten, and no other"
rm -r "$agreed" "$root/etc/kvmrt.cfg"
stale

# On a terminal they ask.
typed() { # typed NAME ANSWERS STATUS COMMAND...
	name=$1 answers=$2 want=$3
	shift 3
	printf "$answers" | script -qec "$*" /dev/null >"$work/out" 2>"$work/err"
	got=$?
	[ $got -eq "$want" ]
	result $? "$name: exit status $want" || echo "#  got: $got"
	tr -d '\r' <"$work/out" >"$work/plain"
	mv "$work/plain" "$work/out"
}
if command -v script >/dev/null; then
	asked="$bin/kvmrt-sync-config --root $root -f $many -c test://$work/node.xml"
	for option in -q -r; do
		stale
		typed "sync $option on a terminal, no" 'n\n\n' 4 "$asked $option"
		has out "libvirt has no guest 'gone'. Remove its section [$gone] from $many? [y/N]"
		has out "Remove its section [$away] from"
		hasnt out "Remove its section [c1111111"
		hasnt out "--prune"
		cmp -s "$many" "$work/before"
		result $? "$name: the file is as it was"
		typed "sync $option on a terminal, yes" 'y\nY\n' 4 "$asked $option"
		has out 'gone: section removed'
		has out 'away: section removed'
		pruned
	done
	stale
	typed 'boot --all on a terminal' 'n\ny\n' 1 \
		"$bin/kvmrt-boot --all --root $root -f $many -c test://$work/node.xml"
	has out "or remove the section [$gone]"
	has out 'away: section removed'
	grep -q "$gone" "$many" && ! grep -q "$away" "$many"
	result $? "$name: one section is gone, the other is not"
	run 'boot --all' 1 kvmrt-boot --all --root "$root" -f "$many" -c "test://$work/node.xml"
	has err "'kvmrt-sync-config --prune -f $many' removes the sections"
else
	result 0 'on a terminal # skip: no script(1)'
fi

# --help and --version of what systemd starts start nothing.
bin=$(dirname "$bin")/agent
for daemon in kvmrt-agent kvmrt-sync; do
	for option in --help -h --version -V; do
		timeout 10 "$bin/$daemon" $option >"$work/out" 2>"$work/err"
		[ $? -eq 0 ]
		result $? "$daemon $option ends with 0"
		name="$daemon $option"
		empty err
		has out "$daemon"
	done
	timeout 10 "$bin/$daemon" --frobnicate >"$work/out" 2>"$work/err"
	[ $? -eq 2 ]
	result $? "$daemon refuses an option that is not there"
done
bin=${bin%/agent}/bin
for option in --help -h --version -V; do
	run "kvmrt-reconcile $option" 0 kvmrt-reconcile $option
	has out kvmrt-reconcile
done
finish
