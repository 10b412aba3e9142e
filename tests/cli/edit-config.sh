#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# edit-config.sh - nothing is lost: two editors, a file replaced, a full disk
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

root=$work/root
"$tree/tests/bench/make-host" smt2-numa2-12cpu "$root" || exit 1
etc=$work/etc
cfg=$etc/a.cfg
lock=$cfg.lock
unset VISUAL
export EDITOR

fresh() {
	rm -rf "$etc"
	mkdir "$etc"
	printf '# mine\n[4dea22b3-1d52-d8f3-2516-782e98ab3fa0]\nname = a\n' >"$cfg"
	chmod 640 "$cfg"
	cp -p "$cfg" "$work/before"
}

# editor LINE...: the editor is a script; the copy is its $1
editor() {
	{
		echo '#!/bin/sh'
		printf '%s\n' "$@"
	} >"$work/editor"
	chmod 755 "$work/editor"
	EDITOR=$work/editor
}

edit() { # edit NAME STATUS [OPTION...]
	_name=$1 _want=$2
	shift 2
	run "$_name" "$_want" kvmrt-edit-config --root "$root" -f "$cfg" -n "$@"
}

same() {
	cmp -s "$cfg" "$work/before"
	result $? "$name: the file is as it was"
}

# alone: the file, and nothing beside it
alone() {
	[ "$(ls -A "$etc")" = a.cfg ]
	result $? "$name: nothing is left beside it" ||
		ls -A "$etc" | sed 's/^/# /'
}

kept() { # kept TEXT: a copy has it, and is named
	grep -qF -- "$1" "$etc"/a.cfg-??????
	result $? "$name: a copy with '$1' is kept"
	has err "kept in $(echo "$etc"/a.cfg-??????)"
}

fresh
# shellcheck disable=SC2016 # the editor's
editor 'echo "title = new" >>"$1"'
edit 'a good edit' 0
grep -q '^title = new$' "$cfg" && grep -q '^# mine$' "$cfg"
result $? "$name: it is in the file, the rest too"
[ "$(stat -c %a "$cfg")" = 640 ]
result $? "$name: the mode is the old one"
alone

fresh
EDITOR=true
edit 'no change' 0
has out 'is unchanged'
same
alone
EDITOR=false
edit 'an editor that fails' 1
same
alone
EDITOR='/nonexistent/editor -w'
edit 'an editor that is not there' 1
has err "cannot run '/nonexistent/editor'"
same
alone
EDITOR='true 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17'
edit 'an editor of too many words' 1
has err 'more than 16 words'
alone

# An empty variable is none: the next one counts, at last vi.
mkdir "$work/bin"
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "title = by vi" >>"$1"\n' >"$work/bin/vi"
chmod 755 "$work/bin/vi"
EDITOR='  '
VISUAL=
export VISUAL
PATH=$work/bin:$PATH edit 'blank EDITOR' 0
grep -q '^title = by vi$' "$cfg"
result $? "$name: vi it is"
unset VISUAL

# shellcheck disable=SC2016
fresh
editor 'echo "title = half" >>"$1"' 'kill -9 $$'
edit 'an editor that is killed' 1
same
kept 'title = half'

fresh
editor 'echo "nonsense = 1" >>"$1"'
edit 'an edit with an error' 3
has err 'nonsense'
same
grep -q '^nonsense' "$etc"/a.cfg-??????
result $? "$name: it is kept"

# Somebody else installs another file while the editor runs.
fresh
editor "echo '# theirs' >$etc/b" "mv $etc/b $cfg" 'echo "title = ours" >>"$1"'
edit 'the file is replaced meanwhile' 1
has err 'by somebody'
[ "$(cat "$cfg")" = '# theirs' ]
result $? "$name: theirs is there"
kept 'title = ours'

# A second editor while the first one runs; a third when it has ended.
fresh
editor "touch $work/running" "until [ -e $work/go ]; do sleep 0.1; done" \
	'echo "title = first" >>"$1"'
rm -f "$work/running" "$work/go"
"$bin/kvmrt-edit-config" --root "$root" -f "$cfg" -n >"$work/first" 2>&1 </dev/null &
first=$!
until [ -e "$work/running" ]; do sleep 0.1; done
holder=$(cat "$lock")
editor 'echo "title = second" >>"$1"'
edit 'a second editor' 1
has err "process $holder is editing"
same
touch "$work/go"
wait $first
result $? 'the first one ends well'
edit 'a third' 3
has err 'title'
grep -q '^title = first$' "$cfg"
result $? "$name: what the first one wrote is there"

# Who held the lock was killed: its file does not matter.
fresh
echo 1 >"$lock"
edit 'a lock of nobody' 0
grep -q '^title = second$' "$cfg"
result $? "$name: the edit is in the file"
alone

# No room: a limit on what the program may write, as a full disk has one.
fresh
{
	cat "$work/before"
	yes '# a comment that fills the file with much text' | head -100
} >"$cfg"
cp -p "$cfg" "$work/before"
EDITOR=true
(
	trap '' XFSZ
	ulimit -f 1
	"$bin/kvmrt-edit-config" --root "$root" -f "$cfg" -n >"$work/out" \
		2>"$work/err" </dev/null
)
got=$?
name='no room for the copy'
[ $got -eq 1 ]
result $? "$name: exit status 1"
has err 'File too large'
same
alone

# The limit is a soft one, so that the editor may write more than its caller.
fresh
# shellcheck disable=SC2016 # the editor's
editor 'ulimit -S -f unlimited' 'yes "# much text" | head -1000 >>"$1"'
(
	trap '' XFSZ
	# shellcheck disable=SC3045 # dash and bash both have it
	ulimit -S -f 4
	"$bin/kvmrt-edit-config" --root "$root" -f "$cfg" -n >"$work/out" \
		2>"$work/err" </dev/null
)
got=$?
name='no room for the new file'
[ $got -eq 1 ]
result $? "$name: exit status 1"
has err 'cannot write the new file'
same
kept '# much text'
[ "$(grep -c '^# much text$' "$etc"/a.cfg-??????)" -eq 1000 ]
result $? "$name: the copy is whole"
[ "$(find "$etc" -type f | wc -l)" -eq 2 ]
result $? "$name: there is the file and the copy, no more"

# A file that is not there, and stays so.
fresh
rm "$cfg"
EDITOR=true
edit 'no file, no edit' 0
has out 'is unchanged'
[ ! -e "$cfg" ]
result $? "$name: and still none"
editor 'echo "# new" >"$1"'
edit 'no file, an edit' 0
[ "$(cat "$cfg")" = '# new' ]
result $? "$name: there is one"
alone

# What a new file begins with: no section, and a valid one without the marks.
fresh
rm "$cfg"
editor "cp \"\$1\" $work/template"
edit 'a template, saved unchanged' 0
has out 'is unchanged'
[ ! -e "$cfg" ] && [ -z "$(ls -A "$etc")" ]
result $? "$name: there is no file"
run 'the template' 0 kvmrt-validate-config --root "$root" -f "$work/template"
has out 'no guests, '
sed 's/^#\([[a-z]\)/\1/' "$work/template" >"$work/section"
run 'the template without its marks' 0 kvmrt-validate-config --root "$root" -f "$work/section"
has out '1 guest, 1 real-time: no errors'
for key in name nr_vcpus cpuset rt pcidevs autostart; do
	grep -q "^$key =" "$work/section"
	result $? "the template has $key"
done
: >"$cfg"
editor 'sed -i "s/^#\([[a-z]\)/\1/" "$1"'
edit 'a template in an empty file' 0
has out 'is in place'
cmp -s "$cfg" "$work/section"
result $? "$name: the edited template is there"

if [ "$(id -u)" -ne 0 ]; then
	fresh
	chmod 500 "$etc"
	edit 'a directory that is not ours to write' 1
	has err 'Permission denied'
	same
	chmod 700 "$etc"
fi
finish
