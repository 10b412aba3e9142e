#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# openmetrics.pl FILE - is the file OpenMetrics 1.0, to the letter?
#
# Of the format: families stand together, each with its type before its help
# and its samples; a sample's name ends as its type asks for; label names and
# escapes; no sample twice; gauges, counters and infos have the values that
# they may have; the last line is "# EOF". Types that kvmrt does not use are not
# known here.
use strict;
use warnings;

local $/;
open(my $in, '<', $ARGV[0]) or die "$ARGV[0]: $!\n";
my $text = <$in>;
sub bad { print "$_[0]\n"; exit 1 }

bad('no line end at the end') if $text !~ /\n\z/;
bad('not UTF-8') if !utf8::decode(my $copy = $text);
my @lines = split(/\n/, $text, -1);
pop @lines;
bad('the last line is not # EOF') if pop(@lines) ne '# EOF';

my %suffix = (gauge => '', counter => '_total', info => '_info');
my (%type, %seen, $family, $samples, $helped);
for my $line (@lines) {
	bad("blanks at an end: $line") if $line =~ /^\s|\s$/;
	if ($line =~ /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S+)$/) {
		bad("type $2 of $1 is not known") if !exists $suffix{$2};
		bad("family $1 occurs twice") if exists $type{$1};
		bad("$1 ends as a sample does") if $1 =~ /_(total|info|created|bucket|count|sum)$/;
		($family, $samples, $helped) = ($1, 0, 0);
		$type{$1} = $2;
	} elsif ($line =~ /^# HELP (\S+) (.+)$/) {
		my ($name, $help) = ($1, $2);
		bad("help of $name is out of place")
		    if !defined $family || $name ne $family || $samples || $helped++;
		bad("help of $name: escape") if $help =~ /\\(?![\\n"])/;
	} elsif ($line =~ /^#/) {
		bad("a comment: $line");
	} else {
		$line =~ /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
		    or bad("no sample: $line");
		my ($name, $labels, $value) = ($1, $2 // '', $3);
		bad("$name stands before any family") if !defined $family;
		bad("$name in family $family, a $type{$family}")
		    if $name ne $family . $suffix{$type{$family}};
		my (%labels, $rest);
		$rest = $labels;
		while ($rest ne '') {
			$rest =~ s/^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,(?=.)|$)//
			    or bad("labels: $rest");
			bad("label $1 twice: $line") if exists $labels{$1};
			bad("label $1 is reserved") if $1 =~ /^__/;
			$labels{$1} = $2;
		}
		my $key = join(',', $name, map { "$_=$labels{$_}" } sort keys %labels);
		bad("sample twice: $line") if $seen{$key}++;
		bad("value of $name: $value") if $value !~ /^-?\d+(\.\d+)?$/;
		bad("info $name is $value") if $type{$family} eq 'info' && $value ne '1';
		bad("counter $name is $value") if $type{$family} eq 'counter' && $value < 0;
		$samples++;
	}
}
bad('no family') if !%type;
