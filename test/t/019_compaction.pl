# Compaction of a log of 200,000 entries while clients pull, a standby serves pulls,
# and a transaction is prepared: a client whose cookie is above the floor goes on, one
# below it begins anew, and none of them ever lacks a row.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 2\nautovacuum = off\nplasma.compaction_duty = 100");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {
		"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
		"other": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}')});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

sub catch_up
{
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return;
}

sub value
{
	return $primary->safe_psql('postgres', @_);
}

# In $retention of time; what it says but for the floor and the time.
sub compact
{
	my ($how, $retention) = @_;
	my $out = value("SET plasma.retention = '$retention'; $how") =~ s/"(?:ms|floor)": "?\d+"?, //gr;

	return $out;
}

my $count = 'SELECT count(*) FROM plasma.changes';
my ($early, $late, $far) = map { SyncClient->new($_, limit => 5000) } qw(early late far);

value(q{INSERT INTO items SELECT 'i' || i, i FROM generate_series(1, 4000) i});
$early->pull($primary);
value(q{INSERT INTO other SELECT 'o' || i, i FROM generate_series(1, 2000) i;
	DO $$ BEGIN FOR i IN 1..40 LOOP UPDATE items SET n = n + 1; COMMIT; END LOOP; END $$;
	DO $$ BEGIN FOR i IN 1..16 LOOP UPDATE other SET n = -n; COMMIT; END LOOP; END $$;
	DELETE FROM items WHERE n % 4 = 0;
	UPDATE items SET n = n + 1 WHERE id IN (SELECT id FROM items LIMIT 1000)});
is(value($count), '200000', 'the log is as long as it is meant to be');

# What is prepared has not ended, however long ago it began.
value(q{BEGIN; UPDATE items SET n = 0 WHERE id = 'i1'; PREPARE TRANSACTION 'waits'});
value(q{UPDATE other SET n = n - 1 WHERE id = 'o1'});
$_->pull($primary) foreach $late, $far;
is(value("SELECT count(*) FROM plasma.changes WHERE op = 'del'"), '1000', 'rows were deleted');
like(compact('CALL plasma.compact()', 0), qr/"scanned": 200000/, 'all of it is looked at, but what came after the prepared one');
is(value('SELECT floor <= (SELECT min(transaction::text::bigint) FROM pg_prepared_xacts)::text::xid8 FROM plasma.state'), 't',
	'the floor is not above a prepared transaction');
is(value(q{SELECT count(*) FROM plasma.changes WHERE op <> 'put'}), '0', 'no tombstone is left');
is(value($count), '5001', 'one entry of each row, and the one above');
is(value(q{SELECT count(*) FROM plasma.changes c JOIN items i ON c.row_id = i.id WHERE c.table_name = 'items'
	AND (c.value->>'n')::int = i.n}), '3000', 'and it is the newest');
value(q{COMMIT PREPARED 'waits'});
value(q{UPDATE other SET n = 7 WHERE id = 'o2'; DELETE FROM other WHERE id = 'o3'});

is_deeply([ sort $late->pull($primary) ], [ 'del other o3', 'put items i1', 'put other o2' ],
	'a cookie above the floor goes on, and learns what was prepared');
is($late->{resets}, 1, 'without a reset');
catch_up();
is_deeply([ sort $far->pull($standby) ], [ 'del other o3', 'put items i1', 'put other o2' ], 'so it does on a standby');
my $rows = () = $early->pull($standby);
is($early->{resets}, 2, 'a cookie below the floor begins anew, on a standby, too');
is($rows, 1 + 3000 + 1999, 'with all rows');
is_deeply([ $early->pull($primary) ], [], 'and goes on from there');
foreach my $client ($early, $late, $far)
{
	is_deeply([ $client->differences($primary, $_) ], [], "$client->{name} has $_ as it is") foreach qw(items other);
}

# On a standby there is nothing to do.
foreach my $call ('SELECT plasma.compact_change_log()', 'CALL plasma.compact()')
{
	my ($status, $out, $error) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$call");

	like($error, qr/ERROR:\s+25006.*HINT:\s+This server is a standby/s, "$call is refused there");
}

# A pull on the standby that began before goes on seeing what it saw.
value(q{UPDATE items SET n = n + 1 WHERE id IN ('i1', 'i2')});
catch_up();
my $reader = $standby->background_psql('postgres');
$reader->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items});
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
like(compact('SELECT plasma.compact_change_log()', 0), qr/"scanned": 6/, 'what came since is compacted');
my $request = q{'{"protocolVersion": 1, "schemaVersion": "v1", "clientGroupID": "group of far", "clientID": "far", "cookie": "%s"}'};
is($reader->query_safe(sprintf "SELECT json_array_length(plasma.pull($request)->'patch')", $far->{cookie}), '2', 'the entries are there in an old snapshot');
$reader->quit;
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
catch_up();
$far->pull($standby);
is($far->{resets}, 2, 'and gone with the floor in a new one');
is_deeply([ $far->differences($primary, 'items') ], [], 'which resets the client');

# By age: what is younger stays.
value(q{UPDATE plasma.changes SET created_at = created_at - 7200000});
$late->pull($primary);
value(q{UPDATE items SET n = n + 1 WHERE id = 'i5'; DELETE FROM items WHERE id = 'i6'; DELETE FROM items WHERE id = 'i7'});
is(compact('SELECT plasma.compact_change_log()', '1h'),
	'{"busy": false, "kept": 0, "groups": 0, "readers": 0, "removed": 0, "scanned": 0}', 'nothing young is touched');
my @expected = $late->pull($primary);
ok(@expected >= 1 && @expected <= 3, 'so that a client of then goes on');
is($late->{resets}, 2, 'which has been reset once');

# Killed in the middle of a batch, it goes on where it was; writers were not held up.
value(q{UPDATE other SET n = n + 1; UPDATE other SET n = n + 1});
my $compactor = $primary->background_psql('postgres', on_error_stop => 0);
$compactor->query_safe('SET plasma.retention = 0; SET plasma.compaction_duty = 1');
$compactor->query_until(qr/started/, "\\echo started\nCALL plasma.compact(100);\n");
ok($primary->poll_query_until('postgres', q{SELECT row_version > 0 FROM plasma.compactions WHERE table_name = ''}), 'a batch is done');
value(q{UPDATE other SET n = n + 1 WHERE id = 'o9'});
$primary->stop('immediate');
$primary->start;
$compactor->{run}->finish if $compactor->{run};
cmp_ok(value($count), '>', 6000, 'killed, it has not got far');
like(compact('CALL plasma.compact()', 0), qr/"busy": false/, 'another one goes on');
is(value($count), value('SELECT (SELECT count(*) FROM items) + (SELECT count(*) FROM other)'), 'until one entry of each row is left');
foreach my $client ($early, $late, $far)
{
	$client->pull($primary);
	is_deeply([ $client->differences($primary, $_) ], [], "$client->{name} has $_ as it is") foreach qw(items other);
}

$standby->stop;
$primary->stop;
done_testing();
