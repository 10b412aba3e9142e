#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# completion.sh - completion offers the options of --help and the guests
#
# bash is run. zsh and fish are run where they are installed; the patterns with
# which they take options from --help are tried on every command's in any case.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v bash >/dev/null; then
	echo '1..0 # skip: no bash'
	exit 0
fi
script=$tree/etc/bash-completion/kvmrt

# offers NAME WORD...: what is offered for the last word, a line each
function=_kvmrt
offers() {
	name=$1
	shift
	PATH=$bin:$PATH FUNCTION=$function bash -c '
		. "$0" || exit
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		"$FUNCTION" "$1"
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
	' "$script" "$@" >"$work/out" 2>"$work/err"
	result $? "$name: ends well"
	empty err
}

bash -n "$script"
result $? 'bash can parse it'
for program in "$bin"/kvmrt-*; do
	command=${program##*/}
	# For the lab and for repair: not in anybody's PATH.
	[ "$command" != kvmrt-reconcile ] || continue
	bash -c '. "$0" && complete -p "$1"' "$script" "$command" \
		>/dev/null 2>&1
	result $? "$command is completed"
	# Each word of --help's list that begins with a dash, sorted.
	"$program" --help | grep -E '^ {2,6}-' |
		grep -oE '(^| )--?[A-Za-z][a-z-]*' | tr -d ' ' | sort -u >"$work/want"
	offers "$command" "$command" -
	sort -u "$work/out" -o "$work/out"
	cmp -s "$work/want" "$work/out"
	result $? "$command: the options of --help and no others" ||
		diff "$work/want" "$work/out" | sed 's/^/# /'
	offers "$command, the beginning of one" "$command" --hel
	is out <<-'EOF'
		--help
	EOF
done

# The single quotes are meant: nothing of it may be run.
cat >"$work/a.cfg" <<-EOF
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa0]
	name = plc1
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa1]
	name=plc2
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa2]
	name = \$(touch $work/ran)
	[4dea22b3-1d52-d8f3-2516-782e98ab3fa3]
	name = two words
EOF
offers 'guests' kvmrt-boot -f "$work/a.cfg" pl
is out <<-'EOF'
	plc1
	plc2
EOF
offers 'a guest of two words' kvmrt-shutdown -f "$work/a.cfg" tw
is out <<-'EOF'
	two\ words
EOF
offers 'all guests' kvmrt-stat -f "$work/a.cfg" ''
lines out 4
[ ! -e "$work/ran" ]
result $? 'a name that is a command is not run'
offers 'no guests for who takes none' kvmrt-edit-config -f "$work/a.cfg" ''
empty out
offers 'no file' kvmrt-boot -f "$work/none.cfg" ''
empty out
offers 'a file' kvmrt-boot -f "$work/a.c"
is out <<-EOF
	$work/a.cfg
EOF
offers 'a time has no names' kvmrt-shutdown -t ''
empty out

# kvmrt-import takes what is not in the file yet; virsh notes its arguments.
mkdir "$work/path"
cat >"$work/path/virsh" <<-EOF
	#!/bin/sh
	echo "\$*" >"$work/asked"
	printf '%s\\n' plc1 plc9 'two words' 'new one' ''
EOF
chmod 755 "$work/path/virsh"
PATH=$work/path:$PATH
offers 'import: guests that are not in the file' kvmrt-import -f "$work/a.cfg" ''
is out <<-'EOF'
	plc9
	new\ one
EOF
grep -qx -- '-r -q -c qemu:///system list --all --name' "$work/asked"
result $? 'import: libvirt is only read'
offers 'import -u: all' kvmrt-import -u -c test:///x -f "$work/a.cfg" ''
lines out 4
grep -q -- '-c test:///x ' "$work/asked"
result $? 'import: the libvirt that -c names'

# --- the umbrella

umbrella() { # umbrella NAME WORD...: what is offered for the last word
	function=_kvmrt_umbrella
	offers "$@"
	function=_kvmrt
}
umbrella 'commands' kvmrt sh
is out <<-'EOF'
	show-config
	shutdown
EOF
umbrella 'a command of its own' kvmrt expl
has out explain
umbrella 'the options of a command' kvmrt host --noh
is out <<-'EOF'
	--noheadings
EOF
umbrella 'the guests of a command' kvmrt stat -f "$work/a.cfg" pl
has out plc1
umbrella 'subjects' kvmrt host ir
is out <<-'EOF'
	irqs
EOF
umbrella 'codes' kvmrt explain cpu-o
is out <<-'EOF'
	cpu-overlap
EOF
umbrella 'its own options' kvmrt --ver
has out --version
for shell in "$tree/etc/zsh-completion/_kvmrt" "$tree/etc/fish-completion/kvmrt.fish"; do
	grep -q 'umbrella' "$shell" && grep -q 'kvmrt explain' "$shell"
	result $? "kvmrt is completed by ${shell##*/}"
done

# --- zsh and fish

# options_of COMMAND: the words of --help's list that begin with a dash
options_of() {
	"$bin/$1" --help | grep -E '^ {2,6}-' |
		grep -oE '(^| )--?[A-Za-z][a-z-]*' | tr -d ' ' | sort -u
}

zsh=$tree/etc/zsh-completion/_kvmrt
fish=$tree/etc/fish-completion/kvmrt.fish
sed -n "s/.* pattern='\\(.*\\)'\$/\\1/p" "$zsh" >"$work/pattern.zsh"
sed -n "s/.*string match -r '\\(.*{2,6}.*\\)' -- .*/\\1/p" "$fish" >"$work/pattern.fish"
for shell in zsh fish; do
	[ "$(wc -l <"$work/pattern.$shell")" -eq 1 ]
	result $? "$shell: its pattern is found"
done
for program in "$bin"/kvmrt-*; do
	command=${program##*/}
	[ "$command" != kvmrt-reconcile ] || continue
	options_of "$command" >"$work/want"
	for shell in zsh fish; do
		# What each group is for: letter, name, value, text.
		"$program" --help | perl -ne '
			BEGIN { open my $f, "<", shift; chomp($p = <$f>) }
			next unless /$p/;
			print substr($1, 0, 2), "\n" if $1;
			print "--$2\n";
			print STDERR "$2: no text\n" unless $4 =~ /^[a-zA-Z]/;
			' "$work/pattern.$shell" 2>"$work/err" | sort -u >"$work/out"
		name="$command in $shell"
		cmp -s "$work/want" "$work/out"
		result $? "$name: the options of --help and no others" ||
			diff "$work/want" "$work/out" | sed 's/^/# /'
		empty err
	done
	head -n 1 "$zsh" | grep -qE "^#compdef .*$command( |\$)"
	result $? "$command is completed by zsh"
	grep -qE "^for command in .*$command( |\$)" "$fish"
	result $? "$command is completed by fish"
	if command -v fish >/dev/null; then
		PATH=$bin:$PATH fish -N -c "source $fish; complete -C '$command -'" |
			cut -f1 | sort -u >"$work/out"
		[ -z "$(comm -23 "$work/want" "$work/out")" ]
		result $? "$command: fish offers each option"
	fi
done
! command -v fish >/dev/null || fish -n "$fish"
result $? 'fish can parse it, if it is here'
! command -v zsh >/dev/null || zsh -n "$zsh"
result $? 'zsh can parse it, if it is here'
finish
