# A random history of rows, memberships and pulls, page by page and in transactions that
# overlap, on a primary and its standby: whenever a client has pulled to the end, it holds
# the rows of its slices and no others.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Storable qw(dclone);
use SyncClient;
use Test::More;

my $seed = $ENV{PLASMA_SEED} // time;
my $steps = $ENV{PLASMA_STEPS} // 120;
srand $seed;
note "seed $seed";

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	CREATE TABLE members (member text, team text, maker text);
	SELECT plasma.ensure_schema('{"version": "v1",
		"scopes": {"team": "SELECT team FROM members WHERE member = plasma.ctx()->>''sub''"},
		"tables": {
			"items": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text", "nullable": true}, "n": {"kind": "int"}}, "scope": "team"},
			"notes": {"columns": {"id": {"kind": "id"}, "of": {"kind": "text"}}, "scope": {"team": "of"}},
			"news": {"columns": {"id": {"kind": "id"}}}}}');
	INSERT INTO members SELECT m, t, 'setup' FROM unnest(ARRAY['c0', 'c1', 'c2', 'c3']) m, unnest(ARRAY['a', 'b']) t;
	INSERT INTO items SELECT 'setup' || i, chr(97 + i % 6), i FROM generate_series(1, 40) i});
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

my @teams = qw(a b c d e f);
my @clients = map {
	SyncClient->new("c$_", limit => 1 + int rand 6, setup => qq{SET request.jwt.claims = '{"sub": "c$_"}';})
} 0 .. 3;
my @writers = map { { name => "w$_", session => $primary->background_psql('postgres'), open => 0 } } 0 .. 2;
my $count = 0;
my %saved;

sub pick
{
	return $_[ int rand @_ ];
}

sub team
{
	return rand() < 0.1 ? 'NULL' : sprintf q('%s'), pick(@teams);
}

# One statement. Writers touch only rows that they made, so that nobody waits.
sub write_statement
{
	my $writer = shift;
	my $mine = "$writer->{name}-" . int rand 12;
	my $team = pick(@teams);
	my $client = pick(@clients)->{name};

	$count++;
	return pick(
		"INSERT INTO items VALUES ('$mine', " . team() . ", $count) ON CONFLICT (id) DO UPDATE SET team = excluded.team, n = excluded.n",
		"UPDATE items SET team = " . team() . ", n = $count WHERE id = '$mine'",
		"UPDATE items SET n = $count WHERE id LIKE '$writer->{name}-%'",
		"UPDATE items SET team = " . team() . " WHERE id LIKE '$writer->{name}-%' AND team = '$team'",
		"DELETE FROM items WHERE id = '$mine'",
		"INSERT INTO notes VALUES ('$mine', '$team') ON CONFLICT (id) DO UPDATE SET of = excluded.of",
		"DELETE FROM notes WHERE id = '$mine'",
		"INSERT INTO news VALUES ('$mine') ON CONFLICT DO NOTHING",
		"INSERT INTO members VALUES ('$client', '$team', '$writer->{name}')",
		"INSERT INTO members VALUES ('$client', '$team', '$writer->{name}')",
		"DELETE FROM members WHERE member = '$client' AND maker = '$writer->{name}' AND team <= '$team'",
		"UPDATE members SET team = '$team' WHERE member = '$client' AND maker = '$writer->{name}'");
}

sub write_something
{
	my $writer = pick(@writers);

	if (!$writer->{open} && rand() < 0.5)
	{
		$writer->{session}->query_safe('BEGIN');
		$writer->{open} = 1;
	}
	$writer->{session}->query_safe(write_statement($writer)) foreach 0 .. rand 4;
	return unless $writer->{open} && rand() < 0.4;
	$writer->{session}->query_safe(rand() < 0.8 ? 'COMMIT' : 'ROLLBACK');
	$writer->{open} = 0;
	return;
}

# What truncates waits for everybody else, and everybody else for it.
sub truncate_something
{
	foreach my $writer (grep { $_->{open} } @writers)
	{
		$writer->{session}->query_safe('COMMIT');
		$writer->{open} = 0;
	}
	$primary->safe_psql('postgres', 'TRUNCATE ' . pick('items', 'notes', 'members'));
	return;
}

sub a_server
{
	return $primary if rand() < 0.7;
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return $standby;
}

# To the end, on a server that knows all that was committed.
sub differences
{
	my $client = shift;
	my $mine = "IN (SELECT team FROM members WHERE member = '$client->{name}')";
	my $server = a_server();

	$client->pull($server);
	return (
		(map { "items $_" } $client->differences($primary, 'items', undef, "team $mine")),
		(map { "notes $_" } $client->differences($primary, 'notes', undef, "of $mine")),
		(map { "news $_" } $client->differences($primary, 'news')));
}

# An answer that got lost: the client is what it was, and asks again.
sub keep_or_go_back
{
	my $client = pick(@clients);
	my $kept = delete $saved{ $client->{name} };

	@$client{qw(cookie tables)} = @{ dclone($kept) } if $kept;
	$saved{ $client->{name} } = dclone([ @$client{qw(cookie tables)} ]) unless $kept;
	return;
}

# Somebody with many slices, to whom what is being written elsewhere is nothing.
my $many = q{plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'v1', 'clientGroupID', 'many',
	'clientID', 'many', 'cookie', (SELECT cookie FROM many)), '{"sub": "many"}')};
$primary->safe_psql('postgres', qq{
	INSERT INTO members SELECT 'many', 'm' || i, 'setup' FROM generate_series(1, 30) i;
	CREATE TABLE many (cookie text);
	INSERT INTO many SELECT $many ->> 'cookie'});

# A transaction that is running while its readers pull, of more entries than are read
# for somebody who has few slices.
my $writer = $writers[0]{session};
$writer->query_safe(q{BEGIN; INSERT INTO items SELECT 'w0-' || i, chr(97 + i % 20), i FROM generate_series(1, 400) i});
$primary->safe_psql('postgres', q{UPDATE items SET n = n + 1 WHERE id LIKE 'setup%'});
cmp_ok($primary->safe_psql('postgres', qq{
		BEGIN;
		DO \$\$ BEGIN PERFORM $many; END \$\$;
		SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = 'plasma.changes'::regclass}),
	'<', 100, 'somebody with many slices does not read what a running transaction has written to others');
my @wrong = map { differences($_) } @clients;
$writer->query_safe('COMMIT');
push @wrong, map { differences($_) } @clients;
is_deeply(\@wrong, [], 'what was running arrives, slice by slice');

foreach my $step (1 .. $steps)
{
	my $chance = rand;

	if ($chance < 0.5) { write_something() }
	elsif ($chance < 0.85) { pick(@clients)->pull_page(a_server()) }
	elsif ($chance < 0.93)
	{
		my $client = pick(@clients);

		push @wrong, map { "step $step, $client->{name}: $_" } differences($client);
		last if @wrong;
	}
	elsif ($chance < 0.98) { keep_or_go_back() }
	else { truncate_something() }
}
foreach my $writer (@writers)
{
	$writer->{session}->query_safe('COMMIT') if $writer->{open};
	$writer->{session}->quit;
}
push @wrong, differences($_) foreach @clients;
is_deeply(\@wrong, [], "whoever has pulled to the end holds the rows of its slices (seed $seed)");
my $resets = 0;
$resets += $_->{resets} foreach @clients;
cmp_ok($resets, '<=', 8, 'hardly anybody had to begin anew');

$standby->stop;
$primary->stop;
done_testing;
