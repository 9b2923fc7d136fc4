# The battery: pairs of real schemas from the test suites of other tools. Each old one
# is adopted, and moved to the new one or refused; without rows, and with two in each table.
#
# The file with the pairs is no part of plasma; PLASMA_BATTERY may name another.
use strict;
use warnings;

use Battery;
use BatteryLabels;
use FindBin;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $file = $ENV{PLASMA_BATTERY} // "$FindBin::RealBin/../../../shared/battery/cases.jsonl";
plan skip_all => "there is no battery at $file" unless -f $file;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @cases = map { $json->decode($_) } grep { /\S/ } split /\n/, slurp_file($file);
my @chosen = grep { !$ENV{PLASMA_BATTERY_CASE} || "$cases[$_]{source} $cases[$_]{name}" =~ /$ENV{PLASMA_BATTERY_CASE}/ } 0 .. $#cases;
my $workers = 3;

my $node = PostgreSQL::Test::Cluster->new('battery');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nmax_connections = 40\nshared_buffers = 256MB\n"
	  . "max_locks_per_transaction = 256\ntimezone = 'Etc/UTC'\nclient_min_messages = error");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE battery_model');
$node->safe_psql('battery_model', 'CREATE EXTENSION plasma; ' . slurp_file("$FindBin::RealBin/$_")) for qw(battery.sql);
$node->safe_psql('battery_model', slurp_file("$FindBin::RealBin/battery_rows.sql"));

# Each worker takes every third case, and writes a line for each.
sub work
{
	my $worker = shift;
	my $battery = Battery->new($node, 'battery_model');

	open my $out, '>', $node->basedir . "/worker_$worker" or die $!;
	for my $i (grep { $_ % $workers == $worker } 0 .. $#chosen)
	{
		print $out $json->encode($battery->run($cases[ $chosen[$i] ], $chosen[$i])), "\n";
		$out->flush;
	}
	close $out;
	return;
}

for my $worker (0 .. $workers - 1)
{
	my $pid = fork // die "no process: $!";

	next if $pid;
	my $worked = eval { work($worker); 1 };
	print STDERR $@ unless $worked;
	POSIX::_exit($worked ? 0 : 1);
}
1 while wait != -1;

my @verdicts = sort { $a->{number} <=> $b->{number} }
  map { $json->decode($_) } map { split /\n/, slurp_file($node->basedir . "/worker_$_") } 0 .. $workers - 1;
is(scalar @verdicts, scalar @chosen, 'every case got a verdict');

my %count;
for my $verdict (@verdicts)
{
	my $relabel = BatteryLabels::relabel($cases[ $verdict->{number} ]);

	if ($verdict->{status} eq 'right')
	{
		my $label = $relabel ? $relabel->{expect} : $verdict->{label};

		$verdict->{relabelled} = $label ne $verdict->{label};
		if ($verdict->{without_rows} ne $label)
		{
			$verdict->{status} = 'wrong';
			$verdict->{why} = "label $label, plasma $verdict->{without_rows} without rows and $verdict->{with_rows} with rows";
		}
	}
	$count{ $verdict->{status} }++;
	$count{relabelled}++ if $verdict->{relabelled};
	$count{tables} += $verdict->{tables} // 0;
	$count{unfilled}++ for keys %{ $verdict->{unfilled} // {} };
}
for my $status ('wrong', 'not loadable')
{
	diag("$status: $_->{name}: $_->{why}") for grep { $_->{status} eq $status } @verdicts;
}
is($count{wrong} // 0, 0, 'no verdict is wrong');
note(sprintf '%d cases: %d right (%d of them against their label), %d wrong, %d not loadable; %d tables, %d rows could not be made',
	scalar @verdicts, map { $count{$_} // 0 } ('right', 'relabelled', 'wrong', 'not loadable', 'tables', 'unfilled'));

done_testing();
