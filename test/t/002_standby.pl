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
$primary->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
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

# It waits for the standby a little, and no longer than it must.
sub waits
{
	my ($node, $what) = @_;

	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE state = 'active' AND wait_event_type = 'Extension'}) or die "no pull waits for $what";
	return;
}
$client->{setup} = q{SET plasma.pull_wait = '60s';};
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$standby->poll_query_until('postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'});
$primary->safe_psql('postgres', q{UPDATE items SET n = 2 WHERE id = 'after'});
$client->pull($primary);
$primary->safe_psql('postgres', q{BEGIN; TRUNCATE items; INSERT INTO items VALUES ('after', 3); COMMIT});
my $started = time;
$client->start_pull($standby);
waits($standby, 'the standby');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE relation = 'items'::regclass}), '0',
	'a pull that waits for the standby holds no lock that replay might need');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
like(join(', ', $client->finish_pull), qr/^(clear items, put items after)?$/, 'it is answered');
cmp_ok(time - $started, '<', 30, 'as soon as the standby knows what the client does');
$client->{setup} = '';
catch_up();
$client->pull($standby);
is($client->{tables}{items}{after}{n}, 3, 'and the rest follows');

# Writing.
my $push = q{'{"protocolVersion": 1, "schemaVersion": "v1", "clientGroupID": "g", "clientID": "c",
	"mutations": [{"id": 1, "name": "addItem", "args": {"id": "pushed"}}]}'};
my (undef, undef, $error) = $standby->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT plasma.push($push)");
like($error, qr/ERROR:\s+25006/, 'a push is refused');
is($standby->safe_psql('postgres', "SELECT status, body::jsonb->>'error' FROM plasma.http('POST', '/sync/push', $push)"),
	'421|read-only server', 'over HTTP it is sent to another server');
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

# More subtransactions than a server's shared memory lists of one transaction, in
# one that is running and in one that is prepared.
sub many
{
	my $prefix = shift;

	return qq{BEGIN; INSERT INTO items VALUES ('$prefix 0', 0);
		DO \$\$ BEGIN FOR i IN 1 .. 150 LOOP
			BEGIN INSERT INTO items VALUES ('$prefix ' || i, i); EXCEPTION WHEN division_by_zero THEN END;
		END LOOP; END \$\$;};
}
my $second = PostgreSQL::Test::Cluster->new('second');
$second->init_from_backup($primary, 'copy', has_streaming => 1);
$second->start;
my @servers = ($primary, $standby, $second);
sub all_catch_up
{
	catch_up();
	$primary->wait_for_catchup($second, 'replay', $primary->lsn('insert'));
	return;
}
$client->{limit} = 1000;
$writer = $primary->background_psql('postgres');
$writer->query_safe(many('running'));
$primary->safe_psql('postgres', many('prepared') . q{PREPARE TRANSACTION 'many'});
foreach my $node (@servers, @servers)
{
	$primary->safe_psql('postgres', q{UPDATE items SET n = n + 1 WHERE id = 'after'});
	all_catch_up();
	is_deeply([ $client->pull($node) ], ['put items after'], 'what is running is not seen on ' . $node->name . ', what is over is');
}
$writer->query_safe('COMMIT');
$writer->quit;
all_catch_up();
is(scalar($client->pull($standby)), 151, 'all rows of the many subtransactions arrive at once');
is_deeply([ map { $client->pull($_) } $second, $primary ], [], 'and are known on the other servers');
$primary->safe_psql('postgres', q{COMMIT PREPARED 'many'});
is(scalar($client->pull($primary)), 151, 'and so are those of the prepared transaction');
all_catch_up();
is_deeply([ map { $client->pull($_) } $second, $standby ], [], 'of which the standbys then know');

# Snapshots that are older than the position that has been replayed.
$primary->safe_psql('postgres', 'VACUUM items');
all_catch_up();
$writer = $standby->background_psql('postgres');
$writer->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items');
$primary->safe_psql('postgres', q{INSERT INTO items VALUES ('unseen', 1)});
$client->pull($primary);
all_catch_up();
$cookie = $client->{cookie};
my $answer = $writer->query_safe($client->_sql('pull', cookie => $cookie));
like($answer, qr/"cookie":"\Q$cookie\E","patch":\[\]/, 'an old snapshot has nothing to say to a client that knows more');
$writer->quit;

# One client that takes another server each time, some of which lag behind.
my %gone;
my $backwards = 0;
$client->{setup} = 'SET plasma.pull_wait = 0;';
foreach my $round (1 .. 24)
{
	my $node = $servers[ $round % 3 ];
	my $lags = $servers[ 1 + $round / 5 % 2 ];
	my $before = { %{ $client->{tables}{items} } };

	$primary->safe_psql('postgres', qq{UPDATE items SET n = n + 1 WHERE id IN ('after', 'pushed');
		INSERT INTO items VALUES ('round $round', $round); DELETE FROM items WHERE id = 'round ' || ($round - 4)});
	$lags->safe_psql('postgres', 'SELECT pg_wal_replay_pause()') if $round % 5 == 0;
	$lags->safe_psql('postgres', 'SELECT pg_wal_replay_resume()') if $round % 5 == 4;
	$client->pull($node);
	my $now = $client->{tables}{items};
	foreach my $id (keys %$before)
	{
		$gone{$id} = 1 if !exists $now->{$id};
		$backwards++ if exists $now->{$id} && $now->{$id}{n} < $before->{$id}{n};
	}
	$backwards += grep { $gone{$_} } keys %$now;
}
is($backwards, 0, 'a client that changes servers never goes back in time');
$_->safe_psql('postgres', 'SELECT pg_wal_replay_resume()') foreach $standby, $second;
all_catch_up();
$client->pull($_) foreach @servers;
is_deeply([ $client->differences($primary, 'items') ], [], 'and has all in the end');
is($client->{resets}, 1, 'without beginning anew');

# A commit that waits for a synchronous standby, while another one shows it.
$primary->safe_psql('postgres', q{ALTER SYSTEM SET synchronous_standby_names = '2 (standby, absent)'});
$primary->reload;
$primary->poll_query_until('postgres', q{SELECT sync_state = 'sync' FROM pg_stat_replication WHERE application_name = 'standby'});
$writer = $primary->background_psql('postgres');
$writer->query_until(qr/^writing$/m, "\\echo writing\nUPDATE items SET n = -1 WHERE id = 'after';\n");
$standby->poll_query_until('postgres', q{SELECT n = -1 FROM items WHERE id = 'after'});
is_deeply([ $client->pull($standby) ], ['put items after'], 'a standby shows what is not committed on the primary');
$cookie = $client->{cookie};
is_deeply([ $client->pull($primary) ], [], 'the primary has nothing to say');
is($client->{cookie}, $cookie, 'and leaves the cookie as it is');
is($primary->safe_psql('postgres', q{SELECT n = -1 FROM items WHERE id = 'after'}), 'f', 'while it does not see the row');
$client->{setup} = q{SET plasma.pull_wait = '60s';};
$started = time;
$client->start_pull($primary);
waits($primary, 'the commit');
$primary->safe_psql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
$primary->reload;
is_deeply([ $client->finish_pull ], [], 'once it does, it has nothing new');
cmp_ok(time - $started, '<', 30, 'and says so without delay');
$writer->query_safe('SELECT 1');
$writer->quit;
$primary->safe_psql('postgres', q{UPDATE items SET n = -2 WHERE id = 'after'});
is_deeply([ $client->pull($primary) ], ['put items after'], 'and goes on from there');
is($client->{resets}, 1, 'without a reset');

$_->stop foreach $second, $standby, $primary;
done_testing();
