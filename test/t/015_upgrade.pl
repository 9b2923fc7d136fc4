# pg_upgrade, from the server that is tested to another cluster of it, or from the one
# in the environment's "oldinstall", as PostgreSQL's own test has it: the log, the
# ledger and capture come along, and clients are reset once.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old', $ENV{oldinstall} ? (install_path => $ENV{oldinstall}) : ());
my $new = PostgreSQL::Test::Cluster->new('new');
my $bindir = $new->config_data('--bindir');
plan skip_all => "there is no $bindir/pg_upgrade" unless -x "$bindir/pg_upgrade";
$old->init;
$old->start;
my $declaration = q{{"version": "v1", "tables": {
	"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int", "nullable": true}}},
	"bare": {"history": false, "columns": {"id": {"kind": "id"}}},
	"events": {"key": ["id", "part"], "columns": {"id": {"kind": "text"}, "part": {"kind": "sql", "type": "int4"}}}}}};
$old->safe_psql('postgres', qq{
	CREATE EXTENSION plasma;
	CREATE TABLE events (id text NOT NULL, part int NOT NULL, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
	CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
	CREATE ROLE app;
	SELECT plasma.ensure_schema(\$\$$declaration\$\$);
	SELECT plasma.grant_access('app', 'sync');
	CREATE FUNCTION add_item(id text) RETURNS void LANGUAGE sql AS 'INSERT INTO public.items VALUES (id)';
	SELECT plasma.register_mutator('addItem', 'add_item(text)');
	INSERT INTO items SELECT 'i' || i FROM generate_series(1, 20) i;
	INSERT INTO bare VALUES ('b');
	INSERT INTO events VALUES ('e', 1)});
my $client = SyncClient->new('tab');
is_deeply([ $client->push_mutations($old, undef, [ 'addItem', { id => 'p1' } ], [ 'addItem', { id => 'p1' } ]) ], [ 'ok', 'failed' ], 'a push before');
$client->pull($old);

# A client in the middle of a catch-up is as good as any.
my $midway = SyncClient->new('midway', limit => 3);
$midway->pull($old);
$old->safe_psql('postgres', q{UPDATE items SET n = 1; DELETE FROM items WHERE id = 'i1'});
$midway->pull_page($old);
ok($midway->{more}, 'a client is in the middle of a catch-up');

sub state_of
{
	my $node = shift;

	return $node->safe_psql('postgres', q{
		SELECT * FROM plasma.changes ORDER BY row_version;
		SELECT epoch, floor, last_value FROM plasma.state, plasma.changes_row_version_seq;
		SELECT table_name, relation, generation, partitions FROM plasma.tables ORDER BY 1;
		SELECT version, active, served, sha256 FROM plasma.declarations ORDER BY 1;
		SELECT * FROM plasma.client_mutations;
		SELECT * FROM plasma.client_groups;
		SELECT * FROM plasma.mutation_failures;
		SELECT * FROM plasma.mutators;
		SELECT tgrelid::regclass, tgname, tgenabled, tgfoid::regproc FROM pg_trigger
			WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text COLLATE "C", 2;
		SELECT p.oid::regprocedure, proowner::regrole, prosecdef, proacl, md5(prosrc) FROM pg_proc p
			WHERE pronamespace = 'plasma'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C"});
}

my $before = state_of($old);
my $xid = $old->safe_psql('postgres', 'SELECT pg_current_xact_id()');
$old->stop;

$new->init;
chdir $PostgreSQL::Test::Utils::tmp_check;
$new->command_ok(
	[ 'pg_upgrade', '--no-sync', '--old-datadir', $old->data_dir, '--new-datadir', $new->data_dir,
		'--old-bindir', $old->config_data('--bindir'), '--new-bindir', $bindir, '--socketdir', $new->host,
		'--old-port', $old->port, '--new-port', $new->port ], 'pg_upgrade');
$new->start;
is(state_of($new), $before, 'all is as it was');
cmp_ok($new->safe_psql('postgres', 'SELECT pg_current_xact_id()'), '>=', $xid, 'transaction ids go on');
is($new->safe_psql('postgres', q{SELECT count(*) FROM plasma.changes WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())}), '0',
	'and are above all of the log');
is($new->safe_psql('postgres', "SELECT plasma.ensure_schema(\$\$$declaration\$\$)->>'changed'"), 'false', 'nothing is to be done');

foreach my $each ($client, $midway)
{
	my $resets = $each->{resets};

	$each->pull($new);
	is($each->{resets}, $resets + 1, "$each->{name}: reset");
	is_deeply([ map { $each->differences($new, $_) } qw(items bare) ], [], "$each->{name}: and right");
	is_deeply([ sort keys %{ $each->{tables}{events} } ], ['["e","1"]'], "$each->{name}: partitions too");
}
is($client->{ids}{tab}, 2, 'the ids are told');
$client->{last_id} = 1;
is_deeply([ $client->push_mutations($new, undef, [ 'addItem', { id => 'p2' } ], [ 'addItem', { id => 'p3' } ]) ], [ 'failed', 'ok' ], 'and go on');
$new->safe_psql('postgres', q{INSERT INTO events_1 VALUES ('f', 1); TRUNCATE bare; INSERT INTO bare VALUES ('c'); UPDATE items SET n = 2 WHERE id = 'i2'});
is($new->safe_psql('postgres', q{SELECT string_agg(concat_ws(' ', table_name, op, row_id), ', ' ORDER BY row_version)
	FROM (SELECT * FROM plasma.changes ORDER BY row_version DESC LIMIT 5) c}),
	'items put p3, events put ["f","1"], bare clear, bare put c, items put i2', 'capture goes on');
foreach my $each ($client, $midway)
{
	my $resets = $each->{resets};

	$each->pull($new);
	is($each->{resets}, $resets, "$each->{name}: no second reset");
	is_deeply([ map { $each->differences($new, $_) } qw(items bare) ], [], "$each->{name}: still right");
}

$new->stop;
done_testing();
