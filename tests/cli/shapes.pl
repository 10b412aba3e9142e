# SPDX-License-Identifier: LGPL-2.1-or-later
#
# shapes.pl - each shape of tests/hosts/shapes: kvmrt against the kernel's files
#
#   shapes.pl TREE BIN WORK [NAME]...
#
# For each host that tests/hosts/make-shape makes, this works out from the
# kernel's lists alone (cpulist, core_cpus_list, local_cpulist and so on; kvmrt
# asks hwloc, which reads the masks) what every number of CPUSET means, which
# threads of a core a real-time guest uses, what `auto` comes to, and which
# devices are near to which guest. kvmrt-show-config and kvmrt-validate-config
# are asked once each, about as many guests as there are questions.
use strict;
use warnings;

my ($tree, $bin, $work, @chosen) = @ARGV;

# Of more cores samples are asked about; fewer of a host of more CPUs than this,
# and kvmrt-validate-config is asked about its highest CPUs only.
my $cores_max = 96;
my $cpus_max = 2048;

my $has_lstopo = grep { -x "$_/lstopo-no-graphics" } split /:/, $ENV{PATH};
my ($count, $failed) = (0, 0);

sub result($$$@) {    # each of the first three is one value
	my ($good, $shape, $group, @why) = @_;
	my $name = "$shape: $group";
	$count++;
	print $good ? 'ok' : 'not ok', " $count - $name\n";
	return if $good;
	$failed++;
	print "# $_\n" for @why > 6 ? (@why[0 .. 5], '...') : @why;
}

# --- sets of CPUs: sorted lists

sub numbers { return map { /(\d+)-(\d+)/ ? $1 .. $2 : $_ } split /,/, shift // '' }
sub sorted { my %seen; return sort { $a <=> $b } grep { !$seen{$_}++ } @_ }

sub list {
	my @runs;
	for my $n (sorted(@_)) {
		if (@runs && $runs[-1][1] == $n - 1) { $runs[-1][1] = $n }
		else                                 { push @runs, [$n, $n] }
	}
	return join ',', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]-$_->[1]" } @runs;
}

sub both { my %in = map { $_ => 1 } @{ $_[1] }; return grep { $in{$_} } @{ $_[0] } }
sub less { my %in = map { $_ => 1 } @{ $_[1] }; return grep { !$in{$_} } @{ $_[0] } }

# --- the kernel's files

my $root;

sub text {    # undef: there is no such file
	open my $file, '<', "$root/$_[0]" or return undef;
	my $line = <$file> // '';
	chomp $line;
	return $line;
}

sub first_text { for (@_) { my $text = text($_); return $text if defined $text } return undef }

# The sets that hold a CPU, from the largest to its core.
sub sets_of {
	my ($cpu, $node_list) = @_;
	my $at = "sys/devices/system/cpu/cpu$cpu/topology";
	my $package = first_text("$at/package_cpus_list", "$at/core_siblings_list");
	my %set = (
		core => first_text("$at/core_cpus_list", "$at/thread_siblings_list"),
		package => $package,
		die => text("$at/die_cpus_list") // $package,
	);
	my @other = grep { defined } $node_list, map { text("$at/$_") }
		qw(cluster_cpus_list book_siblings_list drawer_siblings_list);
	my %size = map { $_ => scalar numbers($_) } values %set, @other;
	# The lowest CPU of each is its place among those beside it.
	$set{place} = [map { (numbers($_))[0] } sort { $size{$b} <=> $size{$a} } keys %size];
	return \%set;
}

sub by_place {
	my ($one, $other) = map { $_->{place} } @_;
	for my $i (0 .. $#$one) {
		return 1 if $i > $#$other;
		return $one->[$i] <=> $other->[$i] if $one->[$i] != $other->[$i];
	}
	return 0;
}

# The objects of a level in the order of the machine: a list of CPUs each.
sub level {
	my ($sets, $which) = @_;
	my %seen;
	return map { [numbers($_->{$which})] } grep { !$seen{ $_->{$which} }++ } @$sets;
}

sub read_kernel {
	my %host;
	my $cpu = 'sys/devices/system/cpu';
	my $node = 'sys/devices/system/node';
	$host{present} = [numbers(text("$cpu/present"))];
	$host{online} = [numbers(text("$cpu/online"))];
	my @offline = less($host{present}, $host{online});
	my @nodes = numbers(text("$node/online"));
	my %node_list;
	for my $number (@nodes) {
		my $list = text("$node/node$number/cpulist");
		$node_list{$_} = $list for numbers($list);
		my @linked = grep { -e "$root/$cpu/cpu$_/node$number" } @offline;
		$host{nodes}{$number} = [sorted(numbers($list), @linked)];
		$host{distance}{$number} = [split ' ', text("$node/node$number/distance")];
	}
	$host{numa} = @nodes;
	$host{nodes}{0} = $host{present} if !@nodes;
	$host{with_memory} = { map { $_ => 1 } numbers(text("$node/has_memory") // '0') };

	my @sets = map { sets_of($_, $node_list{$_}) } @{ $host{online} };
	@sets = sort { by_place($a, $b) } @sets;
	$host{packages} = [level(\@sets, 'package')];
	$host{dies} = [level(\@sets, 'die')];
	# Of an offline CPU the kernel has forgotten the core.
	$host{cores} = [level(\@sets, 'core'), map { [$_] } @offline];
	for my $core (@{ $host{cores} }) {
		$host{core_of}{$_} = $core for @$core;
	}
	$host{fast} = [numbers(text('sys/devices/cpu_core/cpus'))];
	$host{slow} = [numbers(text('sys/devices/cpu_atom/cpus'))];

	opendir my $pci, "$root/sys/bus/pci/devices";
	for my $address (sort grep { /:/ } readdir $pci) {
		my $at = "sys/bus/pci/devices/$address";
		my $node = text("$at/numa_node");
		# That list leaves offline CPUs out, but they are of the node.
		my @near = sorted(numbers(text("$at/local_cpulist")),
			@{ $host{nodes}{$node} // [] });
		@near = () if !less($host{online}, \@near);    # to all is to none
		$host{devices}{$address} = {
			node => $node,
			near => \@near,
			used => -e "$root/$at/driver",
		};
	}
	return \%host;
}

# Nodes of CPUs. One that has no memory stands for the nearest that has.
sub nodes_of {
	my ($host, @cpus) = @_;
	my @found = grep { both($host->{nodes}{$_}, \@cpus) } keys %{ $host->{nodes} };
	my @all = sort { $a <=> $b } keys %{ $host->{nodes} };
	return sorted(map {
		my $distance = $host->{distance}{$_};
		my %far = map { $all[$_] => $distance ? $distance->[$_] : 10 } 0 .. $#all;
		(sort { $far{$a} <=> $far{$b} || $a <=> $b }
			grep { $host->{with_memory}{$_} } @all)[0];
	} @found);
}

# --- guests: what is asked, and what should be the answer

my @guests;

sub guest {
	my ($name, $cpuset, $cpus, %keys) = @_;
	push @guests, { name => $name, cpuset => $cpuset, cpus => [sorted(@$cpus)], keys => \%keys };
}

sub write_config {
	my ($path) = @_;
	open my $file, '>', $path or die "$path: $!\n";
	my $number = 0;
	for my $guest (@guests) {
		printf $file "[11111111-1111-4111-8111-%012x]\nname = %s\ncpuset = %s\n",
			++$number, @$guest{qw(name cpuset)};
		print $file map { "$_ = $guest->{keys}{$_}\n" } sort keys %{ $guest->{keys} };
	}
	close $file or die "$path: $!\n";
}

# Of each core the lowest named thread is used, the others go offline.
sub deal {
	my ($host, $guest) = @_;
	my (@usable, @offline, %seen);
	$guest->{usable} = $guest->{cpus};
	return if !$guest->{keys}{rt};
	for my $cpu (@{ $guest->{cpus} }) {
		my $core = $host->{core_of}{$cpu};
		next if $seen{ $core->[0] }++;
		push @usable, $cpu;
		push @offline, grep { $_ != $cpu } @$core;
	}
	$guest->{usable} = \@usable;
	$guest->{offline} = [sorted(@offline)];
	$guest->{owned} = [sorted(@usable, @offline)];
}

sub answer {
	my ($host, $guest) = @_;
	my $rt = $guest->{keys}{rt};
	deal($host, $guest);
	my @usable = @{ $guest->{usable} };
	my $count = ($guest->{keys}{nr_vcpus} // 1) ne 'auto' ? 1 : @usable > 1 ? $#usable : 1;
	my @vcpus = @usable[0 .. ($count < @usable ? $count : @usable) - 1];
	return sprintf '%d vCPUs, cpuset %s, vCPUs on %s, service %s, offline %s, %s',
		$count, list(@{ $guest->{cpus} }),
		$rt ? join(',', @vcpus) : list(@usable),
		list($rt ? less(\@usable, \@vcpus) : @usable),
		list(@{ $guest->{offline} // [] }), $rt ? 'locked' : 'not locked';
}

sub said {    # the same of a guest in JSON
	my ($json) = @_;
	my %set = map { $_ => list($json =~ /"$_":\[([\d,]*)\]/ ? split(/,/, $1) : ()) }
		qw(cpuset service_cpus offline);
	my ($count) = $json =~ /"nr_vcpus":(\d+)/;
	my @vcpus = $json =~ /"vcpu":\d+,"cpus":\[([\d,]*)\]/g;
	return sprintf '%d vCPUs, cpuset %s, vCPUs on %s, service %s, offline %s, %s',
		$count, $set{cpuset}, $json =~ /"rt":true/ ? join(',', @vcpus) : list(split /,/, $vcpus[0]),
		$set{service_cpus}, $set{offline},
		$json =~ /"locked":true/ ? 'locked' : 'not locked';
}

sub sample {    # of 0 .. N-1, the ends among them
	my ($n, $most) = @_;
	return 0 .. $n - 1 if $n <= $most;
	return sorted(map { int($_ * ($n - 1) / ($most - 1)) } 0 .. $most - 1);
}

# Names begin with the group that they belong to.
my @groups = (
	[n => 'nodes'], [c => 'cores'], [d => 'dies'], [p => 'packages'],
	[s => 'threads'], [a => 'auto'], [x => 'sets'], [numatune => 'numatune'],
	[housekeeping => 'housekeeping'],
);

sub ask_sets {
	my ($host) = @_;
	my @cores = @{ $host->{cores} };
	my @asked = sample(scalar @cores, @{ $host->{present} } > $cpus_max ? 16 : $cores_max);
	my @off = (disabled => 'yes');    # so that no guest minds the others
	my @rt = (@off, rt => 'yes');

	@guests = ();
	for my $node (sort { $a <=> $b } keys %{ $host->{nodes} }) {
		my $cpus = $host->{nodes}{$node};
		next if !@$cpus;
		guest("n$node", "n$node", $cpus, @off);
		guest("a$node", "n$node", $cpus, @rt, nr_vcpus => 'auto',
			numatune => 'auto', rt_memory => 'auto', cpu_topology => 'auto');
	}
	guest("c$_", "c$_", $cores[$_], @off) for @asked;
	guest("d$_", "d$_", $host->{dies}[$_], @off) for 0 .. $#{ $host->{dies} };
	guest("p$_", "p$_", $host->{packages}[$_], @off) for 0 .. $#{ $host->{packages} };
	for (@asked) {
		my $core = $cores[$_];
		guest("s$_-all", "c$_", $core, @rt);
		guest("s$_-last", $core->[-1], [$core->[-1]], @rt);
	}
	my ($low) = sort { $a <=> $b } grep { @{ $host->{nodes}{$_} } } keys %{ $host->{nodes} };
	my @not_low = less($host->{present}, $host->{nodes}{$low});
	guest('x-not-node', "~n$low", \@not_low, @off) if @not_low;
	guest('x-cores', "c0-c$#cores", $host->{present}, @off);
	guest('x-not-core', '~c0', [less($host->{present}, $cores[0])], @rt, nr_vcpus => 'auto');
	# The only one that counts: what it owns is no housekeeping CPU.
	guest('x-last', "c$#cores", $cores[-1], rt => 'yes');
}

# Group -> what is wrong in the answers that kvmrt gives with these options.
sub judge_sets {
	my ($host, @options) = @_;
	my $json = `'$bin/kvmrt-show-config' @options -f '$work/sets.cfg' --json 2>'$work/err'`;
	my %json = map { /"name":"([^"]*)"/ ? ($1 => $_) : () } split /\{"uuid"/, $json;
	my %wrong;
	for my $guest (@guests) {
		my ($name, $want) = ($guest->{name}, answer($host, $guest));
		my $said = $json{$name};
		my $got = $said ? said($said) : 'nothing: ' . (`head -1 '$work/err'` =~ s/\n//r);
		push @{ $wrong{ substr $name, 0, 1 } }, "$name ($guest->{cpuset})", "  want: $want",
			"   got: $got" if $got ne $want;
		next if !$said;
		$want = list(nodes_of($host, @{ $guest->{cpus} }));
		($got) = $said =~ /"nodes":\[([\d,]*)\]/;
		push @{ $wrong{numatune} }, "$name ($guest->{cpuset}): want nodes $want, got $got"
			if list(split /,/, $got) ne $want;
	}
	my $want = list(less($host->{online}, $guests[-1]{owned}));
	my $got = list($json =~ /"housekeeping":\[([\d,]*)\]/ ? split(/,/, $1) : ());
	$wrong{housekeeping} = ["want: $want", " got: $got"] if $got ne $want;
	return \%wrong;
}

sub check_sets {
	my ($shape, $host) = @_;
	ask_sets($host);
	write_config("$work/sets.cfg");
	my $wrong = judge_sets($host, '--root', $root);
	result(!$wrong->{ $_->[0] }, $shape, $_->[1], @{ $wrong->{ $_->[0] } // [] }) for @groups;

	# What hwloc saves of the host is all that --topology has. The nodes of CPUs
	# that are offline and the siblings of compute units are not in it.
	return if !$has_lstopo || @{ $host->{online} } != @{ $host->{present} } ||
		$shape eq 'compute-units' ||
		@{ $host->{present} } > $cpus_max;
	system "HWLOC_FSROOT='$root' HWLOC_THISSYSTEM=0 HWLOC_COMPONENTS=linux,stop " .
		"lstopo-no-graphics --no-io --of xml '$work/host.xml' >/dev/null 2>&1";
	$wrong = judge_sets($host, '--topology', "$work/host.xml");
	result(!keys %$wrong, $shape, 'in a file', map { @{ $wrong->{$_} } } sort keys %$wrong);
	unlink "$work/host.xml";
}

# --- devices, and sets that the host has not got

sub ask_devices {
	my ($host) = @_;
	my %free;    # node -> devices that can be passed
	for my $address (sort keys %{ $host->{devices} }) {
		my $device = $host->{devices}{$address};
		push @{ $free{ $device->{node} } }, $address if !$device->{used};
	}
	my @nodes = sort { $a <=> $b } keys %{ $host->{nodes} };

	# Each node's guest has a device of its node and one of the next.
	@guests = ();
	for my $i (0 .. $#nodes) {
		my @cpus = both($host->{nodes}{ $nodes[$i] }, $host->{online});
		my $next = $nodes[($i + 1) % @nodes];
		next if !@cpus;
		my %own = map { $host->{core_of}{$_}[0] => $host->{core_of}{$_} } @cpus;
		my @cores = map { $own{$_} } sort { $a <=> $b } keys %own;
		splice @cores, 0, @cores - 2 if @cores > 2;
		my @devices = grep { defined } $free{ $nodes[$i] }[0], $free{$next}[1];
		push @devices, $free{-1}[0] if !$i;
		my @named = map { @$_ } @cores;
		guest("g$nodes[$i]", list(@named), \@named, rt => 'yes',
			pcidevs => join(' ', @devices));
	}
	my @mix = map { $_->[-1] // () } $host->{fast}, $host->{slow};
	guest('mixed', list(@mix), \@mix, rt => 'yes') if @mix;

	my $past = $nodes[-1] + 1;
	for my $node (0 .. ($past < 12 ? $past : 12), $past) {
		guest("b-n$node", "n$node", []) if !@{ $host->{nodes}{$node} // [] };
	}
	guest("b-$_->[1]", "$_->[1]", [])
		for map { [$_->[0], $_->[1] . @{ $host->{ $_->[0] } }] }
		[cores => 'c'], [dies => 'd'], [packages => 'p'];
	my ($gap) = less([0 .. $host->{present}[-1] + 1], $host->{present});
	guest("b-cpu$gap", $gap, []);
}

sub expect_findings {
	my ($host) = @_;
	my @expected;
	my @rt = grep { $_->{keys}{rt} } @guests;
	deal($host, $_) for @rt;
	my $devices = $host->{devices};
	for my $guest (@guests) {
		my $name = $guest->{name};
		push @expected, "refused: $name bad-cpuset" if $name =~ /^b-/;
		push @expected, "kinds: $name mixed-cores" if $guest->{keys}{rt} &&
			both($guest->{cpus}, $host->{fast}) && both($guest->{cpus}, $host->{slow});
		my @own = split ' ', $guest->{keys}{pcidevs} // '';
		for (@own) {
			my @near = @{ $devices->{$_}{near} };
			push @expected, "devices: $name pci-far $_" if @near && !both(\@near, $guest->{cpus});
		}
		# One finding for all its devices and all their neighbours.
		my @others = grep { $_ != $guest } @rt;
		my @near = grep { my $d = $_; grep { both($devices->{$d}{near}, $_->{owned}) } @others } @own;
		my @beside = grep { my $o = $_; grep { both($devices->{$_}{near}, $o->{owned}) } @own } @others;
		push @expected, join ' ', "devices: $name pci-neighbour", @near, map { $_->{name} } @beside if @near;
		my @hosts = grep { $devices->{$_}{used} && both($devices->{$_}{near}, $guest->{owned} // []) }
			sort keys %$devices;
		push @expected, "devices: $name host-device @hosts" if @hosts;
	}
	return sort @expected;
}

sub said_findings {
	my ($json) = @_;
	my @said;
	for (split /\{"code":/, $json) {
		my ($code) = /^"([^"]*)"/ or next;
		my ($guest) = /"guest":"([^"]*)"/;
		my ($message) = /"message":"((?:[^"\\]|\\.)*)"/;
		my @devices = $message =~ /\b([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/g;
		my ($others) = $message =~ /real-time guests? (.*)/;
		my @others = ($others // '') =~ /'([^']*)'/g;
		push @said, "refused: $guest $code" if $code eq 'bad-cpuset';
		push @said, "kinds: $guest $code" if $code eq 'mixed-cores';
		push @said, join ' ', "devices: $guest $code", @devices,
			$code eq 'pci-neighbour' ? @others : ()
			if $code =~ /^(pci-far|pci-neighbour|host-device)$/;
	}
	return sort @said;
}

sub check_devices {
	my ($shape, $host) = @_;
	ask_devices($host);
	write_config("$work/devices.cfg");
	my $json = `'$bin/kvmrt-validate-config' --root '$root' -f '$work/devices.cfg' --json 2>'$work/err'`;
	my @want = expect_findings($host);
	my @got = said_findings($json);
	for my $group ('refused', 'devices', 'kinds') {
		my ($want, $got) = ([grep { /^$group:/ } @want], [grep { /^$group:/ } @got]);
		next if $group eq 'kinds' && !@{ $host->{fast} };
		result("@$want" eq "@$got", $shape, "$group (" . @$want . ' findings)',
			(map { "missing: $_" } less($want, $got)), (map { "too many: $_" } less($got, $want)));
	}
}

# --- the highest CPUs of a host that is too large for all of that

sub check_highest {
	my ($shape, $host) = @_;
	my $last = $host->{present}[-1];
	my $validate = "'$bin/kvmrt-validate-config' --root '$root' -f '$work/high.cfg' 2>&1";

	# A bare host has no such files.
	for (map { @{ $host->{core_of}{$_} } } $last - 3 .. $last) {
		open my $file, '>', "$root/sys/devices/system/cpu/cpu$_/online" or die "cpu$_/online: $!\n";
		print $file "1\n";
	}
	@guests = ();
	guest('high', ($last - 3) . "-$last", [], rt => 'yes', nr_vcpus => 'auto');
	write_config("$work/high.cfg");
	my $said = `$validate`;
	result($? == 0 && $said =~ /1 real-time: no errors/, $shape, "a guest on CPUs $guests[0]{cpuset}", $said);
	for my $cpuset ($last + 1, ($last - 3) . '-' . ($last + 1)) {
		my $column = 1 + length($cpuset) - length($last);
		@guests = ();
		guest('past', $cpuset, [], rt => 'yes');
		write_config("$work/high.cfg");
		$said = `$validate`;
		result($? >> 8 == 3 && $said =~ /cpuset: '$cpuset': number above $last at column $column\b/,
			$shape, "CPUs $cpuset are refused", $said);
	}
}

# --- all shapes

open my $table, '<', "$tree/tests/hosts/shapes" or die "tests/hosts/shapes: $!\n";
my @shapes = map { /^([^#|]*\S)\s*\|/ ? $1 : () } <$table>;
my %known = map { $_ => 1 } @shapes;
result(@shapes >= 30 && keys %known == @shapes, 'all', 'thirty shapes or more, each once');
for my $shape (@chosen ? @chosen : @shapes) {
	$root = "$work/$shape";
	if (system("$tree/tests/hosts/make-shape", $shape, $root) != 0) {
		result(0, $shape, 'is made');
		next;
	}
	my $host = read_kernel();
	check_sets($shape, $host);
	if (@{ $host->{present} } <= $cpus_max) { check_devices($shape, $host) }
	else                                    { check_highest($shape, $host) }
	system 'rm', '-rf', $root;
}

# Of a description without packages, the host is one, and one die.
$root = '/';
for (['p0', 'packages'], ['d0', 'dies']) {
	@guests = ();
	guest('whole', $_->[0], []);
	write_config("$work/whole.cfg");
	my $json = `'$bin/kvmrt-show-config' --topology 'core:2 pu:2' -f '$work/whole.cfg' --json 2>&1`;
	my $is_all = $json =~ /"cpuset":\[0,1,2,3\]/;
	result($is_all, 'a description without packages', $_->[1], $json);
}
print "1..$count\n";
exit($failed != 0);
