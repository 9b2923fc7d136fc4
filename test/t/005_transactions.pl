# Transactions out of the ordinary: prepared ones, which outlive their session,
# and those on both sides of the turn of the 32-bit transaction ids.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}');
	INSERT INTO items SELECT 'i' || i, i FROM generate_series(1, 5) i});
my $client = SyncClient->new('tab');
$client->pull($node);

# Prepared transactions, one with a savepoint that was rolled back.
$node->safe_psql('postgres', q{
	BEGIN; INSERT INTO items VALUES ('kept', 1); SAVEPOINT s; INSERT INTO items VALUES ('lost', 1); ROLLBACK TO s;
	INSERT INTO items VALUES ('kept too', 1); PREPARE TRANSACTION 'commits'});
$node->safe_psql('postgres', q{BEGIN; UPDATE items SET n = 10 WHERE id = 'i1'; PREPARE TRANSACTION 'rolls back'});
$node->safe_psql('postgres', q{INSERT INTO items VALUES ('younger', 1)});
is_deeply([ $client->pull($node) ], ['put items younger'], 'what is prepared is not committed');
$node->restart;
is_deeply([ $client->pull($node) ], [], 'not after a restart either');
$node->safe_psql('postgres', q{COMMIT PREPARED 'commits'});
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'rolls back'});
is_deeply([ sort $client->pull($node) ], [ 'put items kept', 'put items kept too' ], 'once it is committed it arrives');
is_deeply([ $client->differences($node, 'items') ], [], 'and the client has all of it');

# A migration, whose temporary copies must not keep it from being prepared.
$node->safe_psql('postgres', q{
	BEGIN;
	SELECT plasma.run_migrations('{"version": "v2", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"},
		"title": {"kind": "text", "nullable": true}}}}}');
	PREPARE TRANSACTION 'migrates'});
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'migrates'});
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'title'}),
	'0', 'a prepared migration that is rolled back has done nothing');

# Moves the counter of transaction ids of a stopped server.
sub move_xids
{
	my $xid = shift;
	my $segment = sprintf '%s/pg_xact/%04X', $node->data_dir, $xid >> 20;

	$node->stop;
	append_to_file($segment, "\0" x (256 * 1024)) unless -e $segment;
	command_ok([ 'pg_resetwal', '--force', '--next-transaction-id', $xid, $node->data_dir ], "the next transaction is $xid");
	$node->start;
	return;
}

sub freeze
{
	$node->safe_psql('postgres', q{ALTER DATABASE template0 ALLOW_CONNECTIONS on});
	$node->command_ok([ 'vacuumdb', '--all', '--freeze', '--quiet' ], 'all is frozen');
	return;
}

# Two steps of less than 2^31 lead to the end of the first epoch.
freeze();
move_xids(2_000_000_000);
freeze();
move_xids(4_000_000_000);
freeze();
move_xids(2**32 - 20);
$client->pull($node);
is_deeply([ $client->differences($node, 'items') ], [], 'the client goes on at the end of the epoch');

my $older = $node->background_psql('postgres');
$older->query_safe(q{BEGIN; INSERT INTO items VALUES ('older', 1)});
for my $i (1 .. 40)
{
	$node->safe_psql('postgres', "UPDATE items SET n = $i WHERE id = 'i2'");
	$client->pull($node) if $i % 5 == 0;
}
is($node->safe_psql('postgres', q{SELECT pg_current_xact_id()::text::numeric > 2 ^ 32, min(xid::text::numeric) < 2 ^ 32 FROM plasma.changes}),
	't|t', 'the epoch has turned');
is_deeply([ $client->differences($node, 'items') ], [], 'all that is committed has arrived');
my $resets = $client->{resets};
$older->query_safe('COMMIT');
$older->quit;
is_deeply([ $client->pull($node) ], ['put items older'], 'and so does a transaction of the epoch before');
is($client->{resets}, $resets, 'without beginning anew');
is_deeply([ $client->pull($node) ], [], 'once');

$node->stop;
done_testing();
