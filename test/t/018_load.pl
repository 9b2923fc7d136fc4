# Rows that come by other ways than a write: data of a dump loaded into a database that
# is in use, triggers switched off, a pull in the middle of a restore, copies of a
# database and of a cluster.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->start;

sub declaration
{
	my $version = shift;
	my $more = $version ge 'v4' ? ', "more": {"columns": {"id": {"kind": "id"}}}' : '';

	return qq{{"version": "$version", "tables": {
		"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int", "nullable": true}}},
		"lists": {"columns": {"id": {"kind": "id"}}}$more}}};
}

sub ensure
{
	my ($version, $database) = @_;

	return $node->safe_psql($database // 'postgres', "SELECT plasma.ensure_schema('" . declaration($version) . "')->>'changed'");
}

$node->safe_psql('postgres', 'CREATE EXTENSION plasma');
ensure('v1');
$node->safe_psql('postgres', q{
	CREATE FUNCTION add_item(id text) RETURNS void LANGUAGE sql AS 'INSERT INTO public.items VALUES (id)';
	SELECT plasma.register_mutator('addItem', 'add_item(text)');
	INSERT INTO items SELECT 'i' || i FROM generate_series(1, 20) i;
	INSERT INTO lists VALUES ('l')});
my $client = SyncClient->new('tab');
my $other = SyncClient->new('other');
is_deeply([ $_->push_mutations($node, undef, [ 'addItem', { id => "of $_->{name}" } ]) ], ['ok'], 'a push before the dump')
  foreach $client, $other;
$client->pull($node);

sub dumped
{
	my ($name, @options) = @_;
	my $file = $node->basedir . "/$name.dump";

	$node->command_ok([ 'pg_dump', '--file', $file, @options, '--dbname', $node->connstr('postgres') ], "$name: dumped");
	return $file;
}

# Runs a script as psql does by itself: on, past errors.
sub load
{
	my ($file, $database) = @_;
	my ($out, $error) = run_command([ 'psql', '-Xqf', $file, '-d', $node->connstr($database // 'postgres') ]);

	return $error =~ /ERROR: +(.*)/g;
}

# What a client does after something happened; it must be right in the end.
sub catches_up
{
	my ($what, $expected, $resets) = @_;
	my $before = $client->{resets};
	my @operations = $client->pull($node);

	$expected->(@operations) if $expected;
	is($client->{resets} - $before, $resets // 0, "$what: resets");
	is_deeply([ map { $client->differences($node, $_) } qw(items lists) ], [], "$what: the client is right");
	return;
}

my $data = dumped('data', '--data-only');
my $merged = dumped('merged', '--data-only', '--inserts', '--on-conflict-do-nothing');
my $rows = dumped('rows', '--data-only', '--table=items');
my $silent = dumped('silent', '--data-only', '--table=items', '--disable-triggers');
my $table = dumped('table', '--table=items');
my $whole = dumped('whole', '--format=custom');

# The rows of one table, over those that are there.
$node->safe_psql('postgres', q{TRUNCATE items; INSERT INTO items VALUES ('late')});
is_deeply([ load($rows) ], [], 'rows: loaded');
catches_up('rows', sub { is_deeply([ scalar grep(/^put items/, @_), grep !/^put items/, @_ ], [ 23, 'clear items' ], 'rows: logged like any COPY') });

# All data.  What plasma's own tables hold stays, and everything goes on.
$node->safe_psql('postgres', "SELECT plasma.run_migrations('" . declaration('v2') . "')");
$client->{version} = 'v2';
is_deeply([ $client->push_mutations($node, undef, [ 'addItem', { id => 'two' } ]) ], ['ok'], 'data: a push after the dump');
$node->safe_psql('postgres', 'TRUNCATE items, lists');
my @errors = load($data);
cmp_ok(scalar @errors, '>', 0, 'data: plasma\'s own tables are not empty');
is_deeply([ grep !/duplicate key value violates unique constraint/, @errors ], [], 'data: which is all that goes wrong');
catches_up('data');
is($client->{ids}{tab}, 2, 'data: the ledger is that of the database');
is_deeply([ $client->push_mutations($node, undef, [ 'addItem', { id => 'three' } ]) ], ['ok'], 'data: and goes on');
is(ensure('v3'), 'true', 'data: so do the declarations');
is($node->safe_psql('postgres', "SELECT plasma.run_migrations('" . declaration('v4') . "') ->> 'version'"), 'v4', 'data: and the migrations');
$client->{version} = 'v4';

# The same without an error: what the dump knows and the database does not is added.
$node->safe_psql('postgres', q{
	DELETE FROM plasma.client_groups WHERE client_group_id = 'group of other'; TRUNCATE items, lists});
is($node->safe_psql('postgres', 'SELECT count(*) FROM plasma.client_mutations'), '1', 'merged: the ledger of a group goes with it');
is_deeply([ load($merged) ], [], 'merged: loaded');
is($node->safe_psql('postgres', 'SELECT client_id, last_mutation_id FROM plasma.client_mutations ORDER BY 1'),
	"other|1\ntab|3", 'merged: clients that were not known are');
is(ensure('v5'), 'true', 'merged: the declarations go on');
$client->{version} = 'v5';
catches_up('merged');

# With triggers switched off nothing is logged; that they were is enough for clients.
foreach my $time (qw(first again))
{
	$node->safe_psql('postgres', 'DELETE FROM items');
	$client->pull($node);
	my $entries = $node->safe_psql('postgres', 'SELECT count(*) FROM plasma.changes');
	is_deeply([ load($silent) ], [], "$time: loaded");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM plasma.changes'), $entries, "$time: without an entry");
	catches_up($time, sub { is_deeply([ grep { /clear/ } @_ ], ['clear items'], "$time: the table is fetched anew") });
	$node->safe_psql('postgres', "INSERT INTO items VALUES ('after $time')");
	is($node->safe_psql('postgres', "SELECT count(*) FROM plasma.changes WHERE row_id = 'after $time'"), '1', "$time: a write is logged once");
	catches_up("after $time", sub { is_deeply(\@_, ["put items after $time"], "$time: and arrives alone") });
}
is(ensure('v5'), 'true', 'ensure_schema enables the triggers as they were');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger WHERE tgrelid = 'items'::regclass AND tgname LIKE '\_plasma%'}), 'AOR', 'all of them');
catches_up('enabled');
is(ensure('v5'), 'false', 'and has nothing more to do');
$node->safe_psql('postgres', q{ALTER TABLE lists DISABLE TRIGGER _plasma_trg_lists_insert; INSERT INTO lists VALUES ('unseen');
	ALTER TABLE lists ENABLE TRIGGER _plasma_trg_lists_insert});
catches_up('one trigger off and on');

# One table with its triggers, after it was dropped.  It is another table, whose writes
# nobody logs, until it is looked after.
$node->safe_psql('postgres', 'DROP TABLE items');
is_deeply([ load($table) ], [], 'table: restored, its triggers too');
is_deeply([ $client->pull($node) ], ['clear items'], 'table: it is not the one that is synced');
$node->safe_psql('postgres', q{INSERT INTO items VALUES ('between')});
is_deeply([ $client->pull($node) ], [], 'table: nothing of it is logged');
is(ensure('v5'), 'true', 'table: ensure_schema adopts it');
catches_up('table');
$node->safe_psql('postgres', q{INSERT INTO items VALUES ('then')});
catches_up('table', sub { is_deeply(\@_, ['put items then'], 'table: and from then on it is logged') });

# A client that comes in the middle of a restore, by a connection that was there before.
$node->safe_psql('postgres', 'CREATE DATABASE half TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--section=pre-data', '-d', $node->connstr('half'), $whole ], 'half: schema restored');
my $request = '{"protocolVersion": 1, "schemaVersion": "v1", "clientGroupID": "g", "clientID": "c"}';
my $restore = "pg_restore --data-only --schema=plasma -d '" . $node->connstr('half') . "' '$whole'";
my ($status, $out, $error) = $node->psql('half', "SELECT plasma.pull('$request');\n\\! $restore\nSELECT plasma.pull('$request') ->> 'patch'", on_error_stop => 0);
like($error, qr/schema/, 'half: nothing is declared yet');
is($out, '[{"op":"clear"}]', 'half: the same connection learns what was restored');
my $early = SyncClient->new('early');
$early->pull($node, 'half');
$node->command_ok([ 'pg_restore', '--data-only', '--schema=public', '-d', $node->connstr('half'), $whole ], 'half: rows restored');
$early->pull($node, 'half');
$node->command_ok([ 'pg_restore', '--section=post-data', '-d', $node->connstr('half'), $whole ], 'half: triggers restored');
$early->pull($node, 'half');
is_deeply([ map { $early->differences($node, $_, 'half') } qw(items lists) ], [], 'half: who was there early is right in the end');
is($early->{resets}, 1, 'half: and was reset for its first pull only');

# Copies of the database.
foreach my $strategy (qw(wal_log file_copy))
{
	my $copy = "copy_$strategy";
	my $there = bless { %$client, tables => {} }, 'SyncClient';

	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'half'") if $strategy eq 'wal_log';
	$node->safe_psql('template1', "CREATE DATABASE $copy TEMPLATE postgres STRATEGY $strategy");
	$there->pull($node, $copy);
	is($there->{resets}, $client->{resets} + 1, "$strategy: a cookie of the origin begins anew");
	$node->safe_psql($copy, q{INSERT INTO items VALUES ('of the copy')});
	is_deeply([ $there->pull($node, $copy) ], ['put items of the copy'], "$strategy: capture goes on");
	is_deeply([ $there->differences($node, 'items', $copy) ], [], "$strategy: the client is right");
	$there->{last_id} = 3;
	is_deeply([ $there->push_mutations($node, $copy, [ 'addItem', { id => 'of the copy 2' } ]) ], ['ok'], "$strategy: so do the ids");
}

# A copy of the cluster that is promoted beside it, and one that is just started: it
# has the history of its origin, and nothing tells them apart until the log is told.
$client->pull($node);
$node->backup('base');
my $twin = PostgreSQL::Test::Cluster->new('twin');
$twin->init_from_backup($node, 'base', has_streaming => 1);
$twin->start;
$node->wait_for_catchup($twin, 'replay', $node->lsn('insert'));
$twin->promote;
my $traveller = bless { %$client, tables => { %{ $client->{tables} } } }, 'SyncClient';
$node->safe_psql('postgres', q{INSERT INTO items VALUES ('of the origin')});
$twin->safe_psql('postgres', q{INSERT INTO items VALUES ('of the twin'), ('of the twin 2')});
$traveller->pull($twin);
is_deeply([ $traveller->differences($twin, 'items') ], [], 'promoted twin: a client that comes over is right');
my $resets = $traveller->{resets};
$traveller->pull($node);
is($traveller->{resets}, $resets + 1, 'promoted twin: one that comes back is reset');
is_deeply([ $traveller->differences($node, 'items') ], [], 'promoted twin: and is right');
$twin->stop;

my $image = PostgreSQL::Test::Cluster->new('image');
$image->init_from_backup($node, 'base');
$image->start;
$image->safe_psql('postgres', 'UPDATE plasma.state SET epoch = gen_random_uuid()');
$client->pull($node);
$image->safe_psql('postgres', q{INSERT INTO items VALUES ('of the image'), ('of the image 2')});
$resets = $client->{resets};
$client->pull($image);
is($client->{resets}, $resets + 1, 'image: a new epoch resets');
is_deeply([ $client->differences($image, 'items') ], [], 'image: the client is right');
$image->stop;

$node->stop;
done_testing();
