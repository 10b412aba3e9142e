# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion of the kvmrt commands

# Guests from the file that -f names; for kvmrt-import those of libvirt that are not there.
function __kvmrt_guests
    set -l words (commandline -opc)
    set -l file /etc/kvmrt.cfg
    set -l uri qemu:///system
    test -n "$KVMRT_CONNECT"; and set uri $KVMRT_CONNECT
    for i in (seq 2 (count $words))
        set -l next (math $i + 1)
        switch $words[$i]
            case -f --file
                set file $words[$next]
            case '--file=*'
                set file (string replace -r '^[^=]*=' '' -- $words[$i])
            case -c --connect
                set uri $words[$next]
            case '--connect=*'
                set uri (string replace -r '^[^=]*=' '' -- $words[$i])
        end
    end
    set -l known (sed -n 's/^name[ \t]*=[ \t]*//p' -- $file 2>/dev/null)
    if not string match -q '*kvmrt-import' -- $words[1]
        printf '%s\n' $known
        return
    end
    for name in (timeout 2 virsh -r -q -c $uri list --all --name 2>/dev/null)
        if contains -- -u $words; or contains -- --update $words; or not contains -- $name $known
            printf '%s\n' $name
        end
    end
end

# Options come from --help, so that they are those of the command.
for command in kvmrt-validate-config kvmrt-show-config kvmrt-import kvmrt-sync-config kvmrt-edit-config kvmrt-place kvmrt-boot kvmrt-shutdown kvmrt-stat kvmrt-noise kvmrt-prove kvmrt-validate-host kvmrt-host
    type -q $command; or continue
    complete -c $command -e
    complete -c $command -f
    for line in ($command --help 2>/dev/null)
        set -l part (string match -r '^ {2,6}(-[a-zA-Z], |)--([a-z-]+)( [A-Z]+|) +(.*)$' -- $line); or continue
        set -l option -c $command -l $part[3] -d $part[5]
        test -n "$part[2]"; and set option $option -s (string sub -s 2 -l 1 -- $part[2])
        switch $part[3]
            case file topology map svg html test-output
                complete $option -r -F
            case test
                complete $option -x -a 'cyclictest oslat none'
            case rt
                complete $option -x -a 'yes no'
            case root
                complete $option -x -a '(__fish_complete_directories)'
            case '*'
                test -n "$part[4]"; and set option $option -x
                complete $option
        end
    end
    switch $command
        case kvmrt-edit-config kvmrt-validate-config kvmrt-validate-host
        case kvmrt-host
            complete -c $command -a 'cpus irqs tasks pci topology'
        case '*'
            complete -c $command -a '(__kvmrt_guests)'
    end
end

# kvmrt COMMAND is kvmrt-COMMAND; kvmrt itself has help and explain.
function __kvmrt_commands
    for command in (complete -C 'kvmrt-')
        string replace -r '^kvmrt-(\S+).*' '$1' -- $command
    end
end

function __kvmrt_umbrella
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    switch "$words[2]"
        case ''
            __kvmrt_commands
            printf '%s\n' help explain
        case explain
            kvmrt explain 2>/dev/null
        case help
            __kvmrt_commands
        case '-*'
        case '*'
            complete -C "kvmrt-"(string join ' ' -- $words[2..-1] $current)
    end
end
complete -c kvmrt -e
complete -c kvmrt -f -a '(__kvmrt_umbrella)'
complete -c kvmrt -n __fish_use_subcommand -s f -l file -r -F
complete -c kvmrt -n __fish_use_subcommand -l root -x -a '(__fish_complete_directories)'
complete -c kvmrt -n __fish_use_subcommand -s v -l verbose
complete -c kvmrt -n __fish_use_subcommand -s h -l help
complete -c kvmrt -n __fish_use_subcommand -s V -l version
