#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# schema.pl SCHEMA FORM FILE: is the file one object of that form of the
# schema? The words of JSON Schema that docs/kvmrt.schema.json uses, and no
# others; "any" stands for the whole schema.
use strict;
use warnings;
use JSON::PP;

my ($schema_file, $form, $file) = @ARGV;

sub slurp {
	local $/;
	open(my $in, '<', $_[0]) or die "$_[0]: $!\n";
	return decode_json(<$in>);
}
my $schema = slurp($schema_file);

my %is = (
	object => sub { ref $_[0] eq 'HASH' },
	array => sub { ref $_[0] eq 'ARRAY' },
	boolean => sub { JSON::PP::is_bool($_[0]) },
	number => sub { encode_json([$_[0]]) =~ /^\[-?\d+(\.\d+)?\]$/ },
	integer => sub { encode_json([$_[0]]) =~ /^\[-?\d+\]$/ },
	string => sub { !ref $_[0] && encode_json([$_[0]]) =~ /^\["/ },
);

# Why a value does not fit; '' if it does.
sub misfit {
	my ($is, $value, $at) = @_;
	for my $word (keys %$is) {
		die "the checker does not know $word\n" if $word !~
		    /^(\$(schema|comment|defs|ref)|title|anyOf|type|enum|pattern|required|properties|items)$/;
	}
	if ($is->{'$ref'}) {
		my ($name) = $is->{'$ref'} =~ m{^#/\$defs/(\w+)$};
		return misfit($schema->{'$defs'}{$name}, $value, $at);
	}
	if ($is->{anyOf}) {
		my @why = map { misfit($_, $value, $at) } @{$is->{anyOf}};
		return (grep { $_ eq '' } @why) ? '' : join(', ', @why);
	}
	return "$at is no $is->{type}"
	    if $is->{type} && !$is{$is->{type}}->($value);
	return "$at is '$value'"
	    if $is->{enum} && !grep { $_ eq $value } @{$is->{enum}};
	return "$at is '$value'"
	    if defined $is->{pattern} && $value !~ /$is->{pattern}/;
	for my $key (@{$is->{required} || []}) {
		return "$at has no $key" if !exists $value->{$key};
	}
	for my $key (sort keys %{$is->{properties} || {}}) {
		next if !exists $value->{$key};
		my $why = misfit($is->{properties}{$key}, $value->{$key},
			"$at.$key");
		return $why if $why;
	}
	return '' if !$is->{items};
	for my $i (0 .. $#$value) {
		my $why = misfit($is->{items}, $value->[$i], "$at\[$i]");
		return $why if $why;
	}
	return '';
}

my $value = eval { slurp($file) };
if (!defined $value) {
	print "not JSON: $@";
	exit 1;
}
my $why = misfit($form eq 'any' ? $schema : $schema->{'$defs'}{$form},
	$value, 'it');
print "$why\n" if $why;
exit($why ? 1 : 0);
