# A hot standby serves pulls: a client may go from one server to the other and
# back, and is given no row too early or too late.  Pushes are refused there.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}');
	CREATE FUNCTION add_item(id text) RETURNS void LANGUAGE sql AS $$ INSERT INTO items VALUES (id, 0) $$;
	SELECT plasma.register_mutator('addItem', 'add_item(text)');
	INSERT INTO items SELECT 'i' || i, i FROM generate_series(1, 25) i});
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

sub catch_up
{
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return;
}

# A first pull from the standby, in pages.
my $client = SyncClient->new('tab', limit => 10);
catch_up();
$client->pull($standby);
is_deeply([ $client->differences($primary, 'items') ], [], 'a first pull from the standby is whole');
is_deeply([ $client->pull($standby) ], [], 'a second one brings nothing');

# A transaction that is running on the primary while its younger sibling commits.
my $writer = $primary->background_psql('postgres');
$writer->query_safe(q{BEGIN; INSERT INTO items VALUES ('older', 1); SAVEPOINT s; INSERT INTO items VALUES ('in a savepoint', 2)});
$primary->safe_psql('postgres', q{UPDATE items SET n = n + 1 WHERE id IN ('i1', 'i2'); DELETE FROM items WHERE id = 'i3'});
catch_up();
is_deeply([ sort $client->pull($standby) ], [ 'del items i3', 'put items i1', 'put items i2' ],
	'what is committed arrives');
$writer->query_safe('COMMIT');
catch_up();
is_deeply([ sort $client->pull($standby) ], [ 'put items in a savepoint', 'put items older' ],
	'and so does what was running then');
$writer->quit;

# From one server to the other.
$primary->safe_psql('postgres', q{INSERT INTO items VALUES ('there', 1)});
is_deeply([ $client->pull($primary) ], ['put items there'], 'the primary goes on with a cookie of the standby');
catch_up();
is_deeply([ $client->pull($standby) ], [], 'and the standby with one of the primary');

# The cookie of a client that knows more than the standby.
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$standby->poll_query_until('postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'});
$primary->safe_psql('postgres', q{UPDATE items SET n = 100 WHERE id = 'i1'});
is_deeply([ $client->pull($primary) ], ['put items i1'], 'the client learns something from the primary');
my $cookie = $client->{cookie};
is_deeply([ $client->pull($standby) ], [], 'a standby that lags behind has nothing to say');
is($client->{cookie}, $cookie, 'and leaves the cookie as it is');
is($client->{resets}, 1, 'so that nothing begins anew');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$primary->safe_psql('postgres', q{TRUNCATE items; INSERT INTO items VALUES ('after', 1)});
catch_up();
is_deeply([ $client->pull($standby) ], [ 'clear items', 'put items after' ], 'once it has caught up it goes on');

# Writing.
my $push = q{'{"protocolVersion": 1, "schemaVersion": "v1", "clientGroupID": "g", "clientID": "c",
	"mutations": [{"id": 1, "name": "addItem", "args": {"id": "pushed"}}]}'};
foreach my $call ("plasma.push($push)", "plasma.http('POST', '/sync/push', $push)")
{
	my ($status, $out, $error) = $standby->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT $call");
	like($error, qr/ERROR:\s+25006/, 'a push is refused, for another server to serve it: ' . substr $call, 0, 11);
}
is($standby->safe_psql('postgres', q{SELECT status FROM plasma.http('GET',
	'/sync/pull?protocolVersion=1&schemaVersion=v1&clientGroupID=g&clientID=c', NULL)}), '200', 'a pull over HTTP is served');
catch_up();
is($primary->safe_psql('postgres', 'SELECT count(*) FROM plasma.readers'), '0', 'and leaves no note of the reader');
is_deeply([ $client->push_mutations($primary, undef, [ 'addItem', { id => 'pushed' } ]) ], ['ok'], 'the primary runs the push');
catch_up();
is_deeply([ $client->pull($standby) ], ['put items pushed'], 'the standby tells of it');
is($client->{ids}{tab}, 1, 'together with the id of the mutation');

# DDL that leaves the client's rows good, and DDL that nobody speaks for.
$primary->safe_psql('postgres', q{BEGIN;
	ALTER TABLE items ADD note text, ALTER n SET DEFAULT 0;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int", "default": 0},
		"note": {"kind": "text", "nullable": true}}}}}');
	SELECT plasma.keep_copies('items', '{note}');
	COMMIT;
	UPDATE items SET note = 'new' WHERE id = 'after'});
catch_up();
is_deeply([ $client->pull($standby) ], ['put items after'], 'the standby, too, knows a column that was added under its clients');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM plasma.drift()'), '0', 'and tells that all is as declared');
is($standby->safe_psql('postgres', q{SELECT code, object FROM plasma.verify() WHERE severity <> 'warning'}), '', 'and that nothing is wrong');
is_deeply([ $client->pull($primary) ], [], 'and the primary goes on from there');
$primary->safe_psql('postgres', q{ALTER TABLE items ALTER note TYPE text USING 'by hand'});
catch_up();
is_deeply([ sort $client->pull($standby) ], [ 'clear items', 'put items after', 'put items pushed' ],
	'what somebody does to it by hand is noticed there as well');

# What leaves no trace in a standby's files, and what cannot be read there.
$primary->safe_psql('postgres', 'ALTER TABLE items SET UNLOGGED');
catch_up();
is_deeply([ $client->pull($standby) ], ['clear items'], 'a table that is not permanent any more leaves the clients');
is_deeply([ $client->pull($primary) ], [], 'on either server');
is($primary->safe_psql('postgres', 'SELECT code FROM plasma.drift()'), 'DR102', 'the primary tells that as drift');
$primary->safe_psql('postgres', 'ALTER TABLE items SET LOGGED');
catch_up();
$client->pull($standby);
is_deeply([ $client->differences($primary, 'items') ], [], 'and comes back with all its rows');

$standby->stop;
$primary->stop;
done_testing();
