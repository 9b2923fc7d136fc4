# Each code of the planner and of verify is shown by some test: what it says has been read.
use strict;
use warnings;

use FindBin;
use Test::More;

# Codes that nothing can be made to say: a temporary schema cannot be declared, and the
# steps of a plan lead where they should.
my %unseen = map { $_ => 1 } qw(UN104 UN117);

sub slurp
{
	my $file = shift;

	open my $in, '<', $file or die "$file: $!";
	local $/;
	return scalar <$in>;
}

my $root = "$FindBin::RealBin/../..";
my %codes = map { $_ => 1 } slurp("$root/src/plan/wording.c") =~ /^\t\{"([A-Z]{2}\d{3})",/mg;
$codes{$_} = 1 foreach map { slurp($_) =~ /\b(VF\d{3})\b/g } glob "$root/src/care/*";
# The list of all rules shows every code.
my $shown = join '', map { slurp($_) } grep { !/\brule\.out$/ } glob "$root/expected/*.out";
my @missing = grep { $shown !~ /\b$_\b/ && !$unseen{$_} } sort keys %codes;

cmp_ok(scalar keys %codes, '>', 50, 'there are codes');
is_deeply(\@missing, [], 'each is in an expected file');
is_deeply([ grep { $shown =~ /\b$_\b/ } sort keys %unseen ], [], 'those that cannot be seen are not');

done_testing();
