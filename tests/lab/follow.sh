# SPDX-License-Identifier: LGPL-2.1-or-later
# Follows a guide as a reader would: runs its commands, and compares what they print with what the guide shows.
# shellcheck shell=sh
#
# In the guide, an indented line that begins with "$ " is a command, and the indented lines behind it are what it prints.
# Numbers and blanks may differ. Comments of the guide that a reader does not see say the rest:
#
#   <!-- save -->        the indented lines that follow are what the reader's editor saves as that section of kvmrt.cfg
#   <!-- varies -->      the next command prints something else each time
#   <!-- exit N -->      the next command ends with this status, not 0
#   <!-- lab: TEXT -->   for us: a shell command that has to succeed

FOLLOW=/run/follow

# follow GUIDE OUT FIRST LAST: from one line on to another (0: the end). OUT gets the guide with what was printed now.
follow() {
	_out=$2
	_varies=
	_exits=0
	_typed=
	_saving=
	prepare_reader
	: >"$FOLLOW/want"
	sed -n "$3,$([ "$4" -eq 0 ] && echo '$' || echo "$4")p" "$1" >"$FOLLOW/lines"
	while IFS= read -r _line <&4; do
		follow_line
	done 4<"$FOLLOW/lines"
	settle
}

# The reader has sudo, and an editor that saves what the guide says.
prepare_reader() {
	mkdir -p "$FOLLOW/bin"
	printf '#!/bin/sh\nexec "$@"\n' >"$FOLLOW/bin/sudo"
	cat >"$FOLLOW/bin/editor" <<-'EOF'
		#!/bin/sh
		set -e
		saved=$(ls /run/follow/saved.* | head -n 1)
		head -n 1 "$saved" >/run/follow/header
		awk -v saved="$saved" '
			NR == FNR { header = $0; next }
			/^\[/ { ours = $0 == header }
			$0 == header { while ((getline line <saved) > 0) print line; print "" }
			!ours' /run/follow/header "$1" >/run/follow/new
		cat /run/follow/new >"$1"
		rm "$saved"
	EOF
	chmod 755 "$FOLLOW/bin/sudo" "$FOLLOW/bin/editor"
	PATH=$FOLLOW/bin:$PATH
	VISUAL=$FOLLOW/bin/editor
	export PATH VISUAL
}

follow_line() {
	if [ -n "$_typed" ]; then
		case $_line in
		'    $ '*) ;;
		'    '* | '')
			printf '%s\n' "$_line" >>"$FOLLOW/want"
			return
			;;
		esac
		settle
	fi
	case $_line in
	'    $ '*) type_it "${_line#    \$ }" ;;
	'    '*)
		[ -z "$_saving" ] || printf '%s\n' "${_line#    }" >>"$_saving"
		;;
	'<!-- save -->') _saving=$FOLLOW/saved.$(date +%s%N) ;;
	'<!-- varies -->') _varies=1 ;;
	'<!-- exit '*) _exits=$(printf %s "$_line" | tr -cd 0-9) ;;
	'<!-- lab: '*)
		_text=${_line#<!-- lab: }
		follow_check "${_text% -->}"
		;;
	'') ;;
	*) _saving= ;;
	esac
	printf '%s\n' "$_line" >>"$_out"
}

# follow_check COMMAND: its own checks, if it makes some, are shown and count.
follow_check() {
	_check=$1
	_failed=$failures
	_ended=0
	eval "$_check" >"$FOLLOW/said" 2>&1 || _ended=$?
	grep -E '^(not )?ok ' "$FOLLOW/said" || :
	if [ "$_ended" -eq 0 ] && [ "$failures" -eq "$_failed" ]; then
		pass "$_check"
	else
		fail "$_check" "exit $_ended: $(cat "$FOLLOW/said")" || :
	fi
}

# type_it COMMAND: what the reader types. An editor needs a terminal to be asked again.
type_it() {
	_typed=$1
	_saving=
	_status=0
	case $1 in
	*kvmrt-edit-config*)
		yes y 2>/dev/null | head -n "$(find "$FOLLOW" -name 'saved.*' | sed 1d | wc -l)" |
			script -qec "$1" /dev/null >"$FOLLOW/raw" 2>&1 || _status=$?
		# The answers are echoed before they are asked for.
		tr -d '\r' <"$FOLLOW/raw" |
			sed -e '/^y$/d' -e 's/\x1b\[[0-9;]*m//g' -e 's/^\(Edit again? \[Y.n\] \)/\1y\n/' >"$FOLLOW/got"
		;;
	*) sh -c "$1" >"$FOLLOW/got" 2>&1 </dev/null || _status=$? ;;
	esac
	# The shell takes the empty lines at the end away.
	_text=$(tr -d '\r' <"$FOLLOW/got" | sed 's/ *$//')
	printf '%s\n' "$_text" | sed '/./,$!d' >"$FOLLOW/got"
	is "$_status" "$_exits" "\$ $1" || diag "$(cat "$FOLLOW/got")"
}

# What counts of a text: not its numbers, not how it is aligned, not the name of a copy.
# Who placed an interrupt is known only while that process lives.
masked() {
	sed -E -e 's/, by tee\[[0-9]+\]//' -e 's/(kvmrt.cfg-)[A-Za-z0-9]+/\1X/' -e 's/[0-9]+([.][0-9]+)?/N/g' -e 's/^ +//' -e 's/ +/ /g' -e '/^$/d' "$1"
}

# The command that was typed last has printed something; does the guide say so?
settle() {
	[ -n "$_typed" ] || return 0
	sed -e '/./s/^/    /' "$FOLLOW/got" >>"$_out"
	# An empty line before the text goes on.
	if [ -z "$(tail -n 1 "$FOLLOW/want")" ]; then
		echo >>"$_out"
	fi
	if [ -z "$_varies" ]; then
		masked "$FOLLOW/want" >"$FOLLOW/want.masked"
		masked "$FOLLOW/got" >"$FOLLOW/got.masked"
		ok "which prints what the guide shows" diff "$FOLLOW/want.masked" "$FOLLOW/got.masked"
	fi
	_typed=
	_varies=
	_exits=0
	: >"$FOLLOW/want"
}
