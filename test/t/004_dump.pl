# A dump and its restore: the schema, the data, capture and the ledger of mutation
# ids come along; the change log does not, and every cookie begins anew.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
# The client comes as superuser, whom row-level security does not bind.
my $as_superuser = 'SET plasma.allow_bypass_rls = on;';
my $declaration = q{{"version": "v1", "scopes": {"room": "SELECT name FROM users"}, "tables": {
	"rooms": {"scope": "room", "columns": {"id": {"kind": "id"}, "room": {"kind": "text"}}},
	"users": {"columns": {"id": {"kind": "id"}, "name": {"kind": "text", "unique": true}}},
	"odd \"name\".": {"schema": "Other \"schema\"", "columns": {"id": {"kind": "id"}}},
	"events": {"key": ["id", "part"], "columns": {"id": {"kind": "text"}, "part": {"kind": "sql", "type": "int4"}}},
	"todos": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "ref", "references": "users", "onDelete": "cascade"},
			"n": {"kind": "bigint", "nullable": true}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'", "write": "owner = plasma.ctx()->>'sub'"}}}}};
$node->safe_psql('postgres', qq{
	CREATE EXTENSION plasma;
	CREATE SCHEMA "Other ""schema""";
	CREATE TABLE events (id text NOT NULL, part int NOT NULL, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
	CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
	CREATE TABLE members (event text, usr text);
	ALTER TABLE events ENABLE ROW LEVEL SECURITY;
	CREATE POLICY of_members ON events USING (EXISTS (SELECT FROM members m WHERE m.event = id));
	CREATE ROLE app;
	CREATE ROLE gateway;
	CREATE ROLE boss LOGIN;
	SELECT plasma.ensure_schema(\$\$$declaration\$\$);
	SELECT plasma.grant_access('app', 'sync'), plasma.grant_access('gateway', 'gateway'), plasma.grant_access('boss', 'admin');
	GRANT SELECT, INSERT ON todos TO app;
	CREATE FUNCTION add_todo(id text, owner text) RETURNS void LANGUAGE sql AS
		'INSERT INTO public.todos VALUES (id, owner, 9007199254740993)';
	SELECT plasma.register_mutator('addTodo', 'add_todo(text, text)');
	INSERT INTO users SELECT 'u' || i, 'n' || i FROM generate_series(1, 5) i;
	INSERT INTO "Other ""schema"""."odd ""name""." VALUES ('o');
	INSERT INTO events VALUES ('e', 1)});
my $client = SyncClient->new('tab', setup => $as_superuser);
is_deeply([ $client->push_mutations($node, undef, [ 'addTodo', { id => 't1', owner => 'u1' } ], [ 'addTodo', { id => 't1', owner => 'u1' } ]) ],
	[ 'ok', 'failed' ], 'a push before the dump');
$client->pull($node);
is($client->{ids}{tab}, 2, 'of which a pull tells');

# All that a client or capture depends on, of one database.
sub state_of
{
	my ($server, $database) = @_;

	return $server->safe_psql($database, q{
		SELECT table_name, relation, generation, partitions, scope, scope_columns FROM plasma.tables ORDER BY 1;
		SELECT * FROM plasma.scopes;
		SELECT version, active, served, sha256 FROM plasma.declarations ORDER BY 1;
		SELECT client_group_id, client_id, last_mutation_id FROM plasma.client_mutations;
		SELECT client_group_id, owner_kind, owner FROM plasma.client_groups;
		SELECT client_id, mutation_id, code FROM plasma.mutation_failures;
		SELECT * FROM plasma.mutators;
		SELECT * FROM plasma.policy_sources;
		SELECT tgrelid::regclass, tgname, tgenabled, tgfoid::regproc FROM pg_trigger
			WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text COLLATE "C", 2;
		SELECT p.oid::regprocedure, proowner::regrole, prosecdef, ARRAY(SELECT a::text COLLATE "C" FROM unnest(proacl) a ORDER BY 1), md5(prosrc) FROM pg_proc p
			WHERE pronamespace = 'plasma'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
		SELECT polrelid::regclass, polname, polpermissive, obj_description(oid, 'pg_policy') FROM pg_policy ORDER BY 1, 2});
}

my $before = state_of($node, 'postgres');
my $epoch = $node->safe_psql('postgres', 'SELECT epoch FROM plasma.state');

# How to get from a database to a copy of it.
my $there = sub { $node->connstr(shift) };
my $dump = sub {
	my ($format, @options) = @_;
	my $file = $node->basedir . "/$format.dump";

	$node->command_ok([ 'pg_dump', '--format', $format, @options, '--file', $file, '--dbname', $there->('postgres') ], "$format: dumped");
	return $file;
};
my $restore = sub {
	my ($what, $copy, $file, @options) = @_;

	$node->command_ok([ 'pg_restore', '--exit-on-error', @options, '-d', $there->($copy), $file ], "$what: restored");
};
my $raised = sub {
	return $node->safe_psql(shift, 'WITH raised AS (UPDATE plasma.tables SET generation = 1 WHERE generation = 2 RETURNING 1) SELECT count(*) FROM raised');
};
my %ways = (
	plain => sub {
		$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $there->(shift), '-f', $dump->('plain') ], "plain: restored");
	},
	custom => sub { $restore->('custom', shift, $dump->('custom'), '--single-transaction') },
	directory => sub { $restore->('directory', shift, $dump->('directory', '--jobs', 4), '--jobs', 4) },
	sections => sub {
		my $copy = shift;

		$restore->($_, $copy, $node->basedir . '/custom.dump', "--section=$_") foreach qw(pre-data data post-data);
	},

	# The schema alone has the triggers.  Switched on by ENABLE TRIGGER ALL, they are not
	# what they were, which ensure_schema finds out.
	halves => sub {
		my $copy = shift;

		$restore->('schema', $copy, $node->basedir . '/custom.dump', '--schema-only');
		$restore->('data', $copy, $node->basedir . '/custom.dump', '--data-only', '--disable-triggers');
		is($node->safe_psql($copy, "SELECT plasma.ensure_schema(\$\$$declaration\$\$)->>'changed'"), 'true', 'halves: the triggers are seen to');
		is($raised->($copy), 5, 'halves: with a new generation of each table');
	},

	# Over what is there: all of it is dropped, the extension too.
	clean => sub {
		my $copy = shift;

		$restore->('first', $copy, $node->basedir . '/custom.dump');
		$node->safe_psql($copy, q{DELETE FROM users; INSERT INTO users VALUES ('u77', 'n77')});

		# It cannot drop keys of partitions, and says so, but gets them with their tables.
		my ($out, $error) = run_command([ 'pg_restore', '--clean', '--if-exists', '-d', $there->($copy), $node->basedir . '/custom.dump' ]);
		is_deeply([ grep { !/cannot drop inherited constraint/ } $error =~ /ERROR: (.*)/g ], [], 'clean: restored');
	},
	# Without privileges the trigger functions are everybody's.
	bare => sub {
		my $copy = shift;

		$restore->('bare', $copy, $node->basedir . '/custom.dump', '--no-privileges', '--no-owner');
		$node->safe_psql($copy, "SELECT plasma.ensure_schema(\$\$$declaration\$\$);" . q{
			SELECT plasma.grant_access('app', 'sync'), plasma.grant_access('gateway', 'gateway'), plasma.grant_access('boss', 'admin');
			GRANT SELECT, INSERT ON todos TO app});
	},
	inserts => sub {
		$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $there->(shift), '-f', $dump->('plain', '--column-inserts') ],
			"inserts: restored");
	},

	# By an owner of the database who is no superuser.
	owner => sub {
		my $copy = shift;
		my $file = $node->basedir . '/custom.dump';
		my ($list, $error) = run_command([ 'pg_restore', '--list', $file ]);

		append_to_file($node->basedir . '/list', join '', map { "$_\n" } grep { !/ plasma |_plasma_(?:trg|source)_/ } split /\n/, $list);
		$node->safe_psql($copy, q{CREATE EXTENSION plasma; SELECT plasma.grant_access('boss', 'admin')});
		$restore->('owner', $copy, $file, '--no-owner', '--username=boss', '--use-list', $node->basedir . '/list');
		$restore->('rest', $copy, $file, '--schema=plasma', '--data-only');
		$node->safe_psql($copy, q{SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
			SELECT plasma.grant_access('app', 'sync'), plasma.grant_access('gateway', 'gateway')});
		is($raised->($copy), 5, 'owner: triggers are made, with a new generation of each table');
	});

foreach my $format (qw(plain custom directory sections halves clean bare inserts owner))
{
	my $copy = "copy_$format";

	$node->safe_psql('postgres', "CREATE DATABASE $copy TEMPLATE template0" . ($format eq 'owner' ? ' OWNER boss' : ''));
	$ways{$format}->($copy);
	is(state_of($node, $copy), $before, "$format: all is as it was");
	isnt($node->safe_psql($copy, 'SELECT epoch FROM plasma.state'), $epoch, "$format: the epoch is another one");
	is($node->safe_psql($copy, 'SELECT count(*) FROM plasma.changes'), '0', "$format: the log is empty, the restore was not logged");
	is($node->safe_psql($copy, "SELECT plasma.ensure_schema(\$\$$declaration\$\$)->>'changed'"), 'false',
		"$format: nothing is to be done");

	# The client goes on there.
	my $there = bless { %$client, tables => {} }, 'SyncClient';
	$there->pull($node, $copy);
	is($there->{resets}, $client->{resets} + 1, "$format: a cookie of the dumped database begins anew");
	is_deeply([ $there->differences($node, 'users', $copy) ], [], "$format: and brings the rows");
	is($there->{tables}{todos}{t1}{n}, '9007199254740993', "$format: in the form of their kind");
	is($there->{ids}{tab}, 2, "$format: and the ids");
	$there->{last_id} = 1;
	is_deeply([ $there->push_mutations($node, $copy, [ 'addTodo', { id => 't2', owner => 'u2' } ], [ 'addTodo', { id => 't3', owner => 'u2' } ]) ],
		[ 'failed', 'ok' ], "$format: an id that was used before is known");
	is_deeply([ $there->pull($node, $copy) ], ['put todos t3'], "$format: and what is new arrives");

	# Rights.
	$node->safe_psql($copy, q{INSERT INTO users VALUES ('u9', 'n9')});
	is($node->safe_psql($copy, q{SET ROLE app; SET request.jwt.claims = '{"sub": "u9"}';
		INSERT INTO todos VALUES ('t9', 'u9'); SELECT count(*) FROM todos}), '1', "$format: policies hold");
	my ($status, $out, $error) = $node->psql($copy, q{SET ROLE app; SELECT plasma.pull('{}', '{}')});
	like($error, qr/permission denied/, "$format: and the levels of roles");
	($status, $out, $error) = $node->psql($copy, q{SET ROLE gateway; SELECT plasma.pull('{}', '{}')});
	like($error, qr/protocolVersion/, "$format: of each role");
	is($node->safe_psql($copy, q{SELECT string_agg(row_id, ' ' ORDER BY row_version) FROM plasma.changes}), 't3 u9 t9',
		"$format: writes are logged");
	$node->safe_psql($copy, q{INSERT INTO members VALUES ('e', 'u1')});
	is_deeply([ $there->pull($node, $copy) ]->[0], 'clear events', "$format: and what policies read is watched");
}

# All databases of a cluster, with their roles.
my $cluster = PostgreSQL::Test::Cluster->new('cluster');
$cluster->init;
$cluster->start;
$node->safe_psql('postgres', 'DROP DATABASE ' . $_) foreach map { "copy_$_" } grep { $_ ne 'plain' } keys %ways;
$node->command_ok([ 'pg_dumpall', '--file', $node->basedir . '/all.dump', '--dbname', $there->('postgres') ], 'all: dumped');
my ($out, $error) = run_command([ 'psql', '-Xqf', $node->basedir . '/all.dump', '-d', $cluster->connstr('postgres') ]);
is_deeply([ grep { !/^role ".*" already exists/ } $error =~ /ERROR: +(.*)/g ], [], 'all: restored');
is(state_of($node, 'postgres'), state_of($cluster, 'postgres'), 'all: all is as it was');
$client->pull($cluster);
is_deeply([ $client->differences($cluster, 'users') ], [], 'all: a client is right');

$cluster->stop;
$node->stop;
done_testing();
