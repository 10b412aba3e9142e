#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pixels.pl - is a map, rendered as PNG, what its SVG says?
#
# pixels.pl MAP.svg MAP.png: the PNG has the SVG's size and no transparent
# pixel; each box is filled with its own colour, just inside its upper left
# corner; each text stands in the picture, and its letters can be told from
# what is behind them. Prints what is not so; the exit status is 1 then.
use strict;
use warnings;
use Compress::Zlib;

my ($svg_path, $png_path) = @ARGV;
my ($data, $width, $height, $depth, $type, @rows);

sub slurp {
	open(my $in, '<:raw', $_[0]) or die "$_[0]: $!\n";
	local $/;
	return scalar <$in>;
}

sub read_png {
	my $png = slurp($png_path);
	my ($at, $packed) = (8, '');
	while ($at < length $png) {
		my ($len, $name) = unpack('N a4', substr($png, $at, 8));
		my $body = substr($png, $at + 8, $len);
		($width, $height, $depth, $type) = unpack('N N C C', $body)
			if $name eq 'IHDR';
		$packed .= $body if $name eq 'IDAT';
		$at += 12 + $len;
	}
	die "$png_path: not 8 bits of RGB or RGBA\n"
		unless $depth == 8 && ($type == 2 || $type == 6);
	$data = uncompress($packed) // die "$png_path: damaged\n";
}

# One filter a row; each byte depends on those to the left and above.
sub unfilter {
	my $n = $type == 6 ? 4 : 3;
	my $size = $width * $n;
	my @above = (0) x $size;
	for my $y (0 .. $height - 1) {
		my ($how, @row) = unpack('C*', substr($data,
			$y * ($size + 1), $size + 1));
		if ($how == 1) {
			$row[$_] = ($row[$_] + $row[$_ - $n]) & 255
				for $n .. $size - 1;
		} elsif ($how == 2) {
			$row[$_] = ($row[$_] + $above[$_]) & 255
				for 0 .. $size - 1;
		} elsif ($how == 3) {
			$row[$_] = ($row[$_] + ((($_ < $n ? 0 : $row[$_ - $n]) +
				$above[$_]) >> 1)) & 255 for 0 .. $size - 1;
		} elsif ($how == 4) {
			for (0 .. $size - 1) {
				my ($a, $b, $c) = $_ < $n ? (0, $above[$_], 0) :
					($row[$_ - $n], $above[$_],
					 $above[$_ - $n]);
				my ($pa, $pb, $pc) = (abs($b - $c),
					abs($a - $c), abs($a + $b - 2 * $c));
				$row[$_] = ($row[$_] + ($pa <= $pb && $pa <= $pc
					? $a : $pb <= $pc ? $b : $c)) & 255;
			}
		}
		push @rows, pack('C*', @row);
		@above = @row;
	}
}

sub pixel {
	my ($x, $y) = @_;
	my $n = $type == 6 ? 4 : 3;
	return 'outside' if $x < 0 || $y < 0 || $x >= $width || $y >= $height;
	return join(',', unpack('C3', substr($rows[$y], int($x) * $n, 3)));
}

my $bad = 0;
sub complain {
	print "$_[0]\n" if $bad++ < 10;
}

read_png();
unfilter();
my $svg = slurp($svg_path);
my ($w, $h) = $svg =~ /<svg [^>]*\bwidth='(\d+)px' height='(\d+)px'/;
complain("$width x $height pixels, not $w x $h")
	unless $w == $width && $h == $height;
if ($type == 6) {
	for my $y (0 .. $height - 1) {
		next unless $rows[$y] =~ /^(?:...\xff)*?...[^\xff]/s;
		complain("row $y: something shows through");
		last;
	}
}

my ($boxes, $texts, $fill) = (0, 0, '');
for (split /\n/, $svg) {
	if (/<rect id=.* x='(\d+)' y='(\d+)' .*?fill='rgb\(([\d,]+)\)'/) {
		$fill = $3;
		$boxes++;
		my $is = pixel($1 + 3, $2 + 3);
		complain("box at $1,$2: $is, not $fill") if $is ne $fill;
	} elsif (/<text .*x='(\d+)' y='(\d+)' .*>([^<]+)<\/text>/) {
		my ($x, $y, $text) = ($1, $2, $3);
		utf8::decode($text);
		my ($ink, $end) = (0, $x + 6 * length $text);
		$texts++;
		for my $up ($y - 8 .. $y) {
			for ($x .. $end) {
				my @is = split /,/, pixel($_, $up);
				my @back = split /,/, $fill;
				$ink++ if @is == 3 && abs($is[0] - $back[0]) +
					abs($is[1] - $back[1]) +
					abs($is[2] - $back[2]) > 200;
			}
		}
		complain("'$text' cannot be read") if $ink < 3 * length($text =~
			s/[^\w]//gr);
		complain("'$text' is cut off at the right") if $end > $width;
	}
}
complain("only $boxes boxes and $texts texts") if $boxes < 5 || $texts < 5;
exit($bad ? 1 : 0);
