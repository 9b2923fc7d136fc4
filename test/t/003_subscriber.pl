# A subscriber of logical replication: what its apply worker writes is captured,
# and what the initial copy brings is not logged twice.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;

my $tables = q{
	CREATE TABLE items (id text PRIMARY KEY, n bigint NOT NULL);
	CREATE TABLE members (item text PRIMARY KEY, note text);
	CREATE TABLE events (id text NOT NULL, part int NOT NULL, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
	CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
	CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2)};
$publisher->safe_psql('postgres', "$tables;
	INSERT INTO items SELECT 'i' || i, i FROM generate_series(1, 20) i;
	INSERT INTO events SELECT 'e' || i, 1 + i % 2 FROM generate_series(1, 10) i;
	CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true)");
$subscriber->safe_psql('postgres', "CREATE EXTENSION plasma; $tables;" . q{
	ALTER TABLE items ENABLE ROW LEVEL SECURITY;
	CREATE POLICY of_members ON items USING (EXISTS (SELECT FROM members m WHERE m.item = id));
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {
		"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
		"events": {"key": ["id", "part"], "columns": {"id": {"kind": "text"}, "part": {"kind": "sql", "type": "int4"}}}}}')});

# The entries since the last look, in short.
sub entries
{
	return $subscriber->safe_psql('postgres', q{
		WITH gone AS (DELETE FROM plasma.changes RETURNING *)
		SELECT string_agg(concat_ws(' ', table_name, op, row_id), ', ' ORDER BY table_name, op, row_id) FROM gone});
}

my $client = SyncClient->new('tab', limit => 7);
$client->pull($subscriber);

$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION everything CONNECTION '"
	  . $publisher->connstr . " dbname=postgres' PUBLICATION everything");
$subscriber->wait_for_subscription_sync($publisher, 'everything');
is($subscriber->safe_psql('postgres', q{
	SELECT string_agg(concat_ws(' ', table_name, op, n, distinct_keys), ', ' ORDER BY table_name)
	FROM (SELECT table_name, op, count(*) AS n, count(DISTINCT row_id) AS distinct_keys
		FROM plasma.changes GROUP BY 1, 2) x}),
	'events put 10 10, items put 20 20', 'each row of the initial copy is logged once');
$client->pull($subscriber);
is_deeply([ $client->differences($subscriber, 'items') ], [], 'and reaches the clients');
is(scalar keys %{ $client->{tables}{events} }, 10, 'rows of partitions, too');
entries();

$publisher->safe_psql('postgres', q{
	INSERT INTO items VALUES ('new', 1), ('newer', 2);
	UPDATE items SET n = n + 1 WHERE id IN ('i1', 'i2');
	UPDATE items SET n = n WHERE id = 'i3';
	UPDATE items SET id = 'moved' WHERE id = 'i4';
	DELETE FROM items WHERE id = 'i5'});
$publisher->wait_for_catchup('everything');
is(entries(), 'items del i4, items del i5, items put i1, items put i2, items put moved, items put new, items put newer',
	'what the worker applies is logged, one entry for each key state that changed');

$publisher->safe_psql('postgres', q{
	INSERT INTO events VALUES ('x', 1);
	UPDATE events SET part = 2 WHERE id = 'x';
	DELETE FROM events WHERE id = 'e1'});
$publisher->wait_for_catchup('everything');
is(entries(), 'events del ["e1","2"], events del ["x","1"], events put ["x","1"], events put ["x","2"]',
	'in partitions, too');

$publisher->safe_psql('postgres', q{BEGIN; TRUNCATE items; INSERT INTO items VALUES ('after', 1); COMMIT});
$publisher->safe_psql('postgres', 'TRUNCATE events');
$publisher->wait_for_catchup('everything');
is(entries(), 'events clear, items clear, items put after', 'a TRUNCATE is one clear of each table');

$publisher->safe_psql('postgres', q{INSERT INTO members VALUES ('after'), ('before')});
$publisher->wait_for_catchup('everything');
is(entries(), 'items refetch', 'what a policy reads is watched: one entry a transaction');
$publisher->safe_psql('postgres', q{UPDATE members SET note = 'x'});
$publisher->safe_psql('postgres', q{UPDATE members SET item = 'behind' WHERE item = 'before'});
$publisher->wait_for_catchup('everything');
is(entries(), 'items refetch', 'by the columns that it reads');
$publisher->safe_psql('postgres', 'TRUNCATE members');
$publisher->wait_for_catchup('everything');
is(entries(), 'items refetch', 'and for TRUNCATE');
$subscriber->safe_psql('postgres', q{INSERT INTO members VALUES ('local')});
is(entries(), 'items refetch', 'as for writes of the subscriber\'s own');

# A write of the subscriber's own, beside the worker.
$subscriber->safe_psql('postgres', q{INSERT INTO items VALUES ('local', 1); UPDATE items SET n = 2 WHERE id = 'after'});
is(entries(), 'items put after, items put local', 'writes of its own are logged once, too');

# The rows that clients hold in the end, the log being whole this time.
$client = SyncClient->new('other tab');
$client->pull($subscriber);
$publisher->safe_psql('postgres', q{INSERT INTO items SELECT 'k' || i, i FROM generate_series(1, 20) i; UPDATE items SET n = -n WHERE n % 2 = 0});
$publisher->wait_for_catchup('everything');
is(scalar $client->pull($subscriber), 20, 'a client is told of what was applied');
is_deeply([ $client->differences($subscriber, 'items') ], [], 'and has all of it');
is($client->{resets}, 1, 'without beginning anew');

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION everything');
$subscriber->stop;
$publisher->stop;
done_testing();
