# CREATE EXTENSION on a server as it comes, and what is left when it is dropped.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '', 'nothing is preloaded');

# The error of a statement, with its hint.
sub failure
{
	my ($sql, $database) = @_;
	my ($status, $out, $error) = $node->psql($database // 'postgres', $sql);

	return $error;
}

# Where it does not go.
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
my $error = failure('CREATE EXTENSION plasma', 'latin');
like($error, qr/needs a database whose encoding is UTF8/, 'a database of another encoding is refused');
like($error, qr/HINT:.*ENCODING 'UTF8'/, 'with what to do');
$node->safe_psql('postgres', 'CREATE ROLE somebody LOGIN; GRANT CREATE ON DATABASE postgres TO somebody');
like(failure('SET ROLE somebody; CREATE EXTENSION plasma'), qr/permission denied to create extension/, 'who is no superuser cannot install it');
$node->safe_psql('postgres', 'SET ROLE somebody; CREATE SCHEMA plasma; CREATE FUNCTION plasma.ctx() RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$');
like(failure('CREATE EXTENSION plasma'), qr/schema "plasma" already exists/, 'a schema that somebody laid out beforehand is refused');
$node->safe_psql('postgres', 'DROP SCHEMA plasma CASCADE');

# What it makes.
my $roles = $node->safe_psql('postgres', 'SELECT count(*) FROM pg_roles');
$node->safe_psql('postgres', 'CREATE EXTENSION plasma');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_roles'), $roles, 'no role is made');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
	WHERE e.extname = 'plasma' AND d.classid = 'pg_event_trigger'::regclass}), '0', 'no event trigger');

# From here on by a role that is no superuser.
my $declaration = q{{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int", "nullable": true}}}}}};
$node->safe_psql('postgres', q{CREATE ROLE boss; GRANT CREATE ON SCHEMA public TO boss; SELECT plasma.grant_access('boss', 'admin')});
my $boss = 'SET ROLE boss;';
$node->safe_psql('postgres', "$boss SELECT plasma.ensure_schema('$declaration');"
	  . q{CREATE FUNCTION add_item(id text) RETURNS void LANGUAGE sql AS 'INSERT INTO public.items VALUES (id)';
	SELECT plasma.register_mutator('addItem', 'add_item(text)'); SELECT plasma.grant_access('somebody', 'sync');
	GRANT SELECT, INSERT ON items TO somebody});
my $client = SyncClient->new('tab', setup => 'SET ROLE somebody;');
is_deeply([ $client->push_mutations($node, undef, [ 'addItem', { id => 'a' } ]) ], ['ok'], 'no superuser declares, registers, grants or pushes');
$client->pull($node);
is_deeply([ $client->differences($node, 'items') ], [], 'or pulls');
like(failure("$boss UPDATE plasma.state SET floor = '1'"), qr/permission denied/, 'and none writes what is plasma\'s own');

# And gone again.
$error = failure('DROP EXTENSION plasma');
like($error, qr/other objects depend on it/, 'it is not dropped from under captured tables');
like($error, qr/trigger _plasma_trg_items_insert on table items/, 'which are named');
like($error, qr/HINT:.*CASCADE/, 'with the way to go on');

# With drop_capture there is no need of it.
my $left = q{SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), to_regnamespace('plasma') IS NULL,
	(SELECT count(*) FROM pg_proc WHERE proname LIKE '\_plasma%'), (SELECT count(*) FROM items)};
is($node->safe_psql('postgres', "BEGIN; $boss SELECT plasma.drop_capture(); RESET ROLE; DROP EXTENSION plasma; $left; ROLLBACK"),
	qq({"tables": ["items"], "dependents": []}\n0|t|0|1), 'once capture is ended it is dropped alone, and leaves the tables');

$node->safe_psql('postgres', 'SET client_min_messages = error; DROP EXTENSION plasma CASCADE');
is($node->safe_psql('postgres', $left), '0|t|0|1', 'DROP … CASCADE leaves the tables with their rows, and nothing else');
$node->safe_psql('postgres', q{INSERT INTO items VALUES ('b'); DELETE FROM items WHERE id = 'a'});
$node->safe_psql('postgres', "CREATE EXTENSION plasma; SELECT plasma.grant_access('boss', 'admin'); SELECT plasma.grant_access('somebody', 'sync'); $boss SELECT plasma.ensure_schema('$declaration')");
$client->pull($node);
is($client->{resets}, 2, 'a cookie of the extension that was dropped begins anew');
is_deeply([ $client->differences($node, 'items') ], [], 'with what was written meanwhile');

$node->stop;
done_testing();
