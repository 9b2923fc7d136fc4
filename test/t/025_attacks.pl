# Attempts to read, write or be what one may not: by identity, by rights, on plasma's own objects.
use strict;
use warnings;

use AttackWorld;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = AttackWorld::make();
my $denied = '42501: permission denied for';

# Somebody else's client group.
$node->safe_psql('postgres', "SET ROLE ann; " . push_of(undef, 'addNote', { id => 'a2', title => 'x' }, clientGroupID => 'of ann'));
$node->safe_psql('postgres', "SET ROLE gate; " . push_of('{"sub": "wendy", "role": "web"}', 'addNote', { id => 'w2', title => 'x' }, clientGroupID => 'of wendy'));
AttackWorld::settle();
my @theirs = (clientGroupID => 'of ann');
refused('bob', push_of(undef, 'addNote', { id => 'b2', title => 'x' }, @theirs), 'PL004: client group "of ann" belongs to another identity', 'pushes into the group of ann');
refused('bob', pull_of(undef, @theirs), 'PL004: client group "of ann" belongs to another identity', 'pulls the group of ann');
harmless('bob', 'SELECT * FROM plasma.http(\'POST\', \'/pull\', ' . request(cookie => undef, @theirs) . ');', qr/^403\|/, 'pulls the group of ann by HTTP');
harmless('bob', 'SELECT * FROM plasma.http(\'GET\', \'/pull?protocolVersion=1&schemaVersion=v1&clientGroupID=of%20ann&clientID=c\', NULL);', qr/^403\|/, 'pulls the group of ann by GET');
harmless('bob', 'SELECT * FROM plasma.http(\'POST\', \'/push\', ' . request(mutations => [], @theirs) . ');', qr/^403\|/, 'pushes nothing into the group of ann');
refused('gate', pull_of('{"sub": "ann", "role": "web"}', @theirs), 'PL004', 'the user ann is not the role ann');
refused('gate', push_of('{"sub": "bert", "role": "web"}', 'addNote', { id => 'x', title => 'x' }, clientGroupID => 'of wendy'), 'PL004', 'the user bert pushes into the group of wendy');
refused('gate', push_of('{"sub": "bert", "role": "web", "clientGroupID": "of bert"}', 'addNote', { id => 'x', title => 'x' }, clientGroupID => 'of wendy'), 'PL005: clientGroupID is not the one of ctx', 'a group that is not the token\'s');
refused('gate', push_of('{"sub": "Wendy", "role": "web"}', 'addNote', { id => 'x', title => 'x' }, clientGroupID => 'of wendy'), 'PL004', 'a sub that differs in case only');
refused('bob', 'SELECT plasma.push(' . request(clientGroupID => 'of bob', clientID => 'c', mutations => [ { id => 2, clientID => 'c', name => 'addNote', args => {} } ], @theirs) . ');', 'PL004', 'names a client of ann\'s group');

# Being somebody else.
refused('ann', push_of('{"sub": "sam"}', 'addNote', { id => 'x', title => 'x' }), "$denied function push", 'pushes with a ctx');
refused('ann', pull_of('{"sub": "sam"}'), "$denied function pull", 'pulls with a ctx');
refused('ann', q{SELECT plasma.http('POST', '/pull', '{}', '{}', '{"sub": "sam"}');}, "$denied function http", 'calls http with a ctx');
refused('nobody', pull_of(undef), "$denied schema plasma", 'pulls');
refused('watcher', pull_of(undef), "$denied function pull", 'pulls');
refused('admin', pull_of('{"sub": "sam"}'), "$denied function pull", 'pulls as somebody');
refused('gate', pull_of('{"sub": "sam", "role": "postgres"}'), 'PL004: the caller may not act as the role', 'names the superuser in ctx.role');
refused('gate', pull_of('{"sub": "sam", "role": "author"}'), 'PL004: the caller may not act as the role', 'names an owner of tables in ctx.role');
refused('gate', pull_of('{"sub": "sam", "role": "no such role"}'), 'PL004: the caller may not act as the role', 'names a role that does not exist');
refused('gate', pull_of('{"sub": "sam", "role": "none"}'), 'PL004', 'ctx.role none is no way back');
refused('gate', pull_of('{"sub": "sam", "role": ["web"]}'), 'PL005', 'ctx.role is an array');
refused('gate', pull_of('{"sub": "sam", "role": "web\"; SET ROLE postgres; --"}'), 'PL004', 'SQL in ctx.role');
refused('gate', pull_of('{"sub": "", "role": "web"}'), 'PL005: ctx.sub must be a non-empty string', 'an empty sub');
refused('gate', pull_of('{"sub": {"name": "sam"}, "role": "web"}'), 'PL005', 'a sub that is an object');
refused('gate', pull_of('["sam"]'), 'PL005: ctx must be a JSON object', 'a ctx that is an array');
my ($unknown, $known) = map { my $said = said('bob', "SELECT status, body FROM plasma.http('POST', '/pull', " . request(cookie => undef, clientGroupID => $_) . ');'); $said =~ s/of (ann|wendy)/of x/gr } 'of ann', 'of wendy';
is($unknown, $known, 'bob: a refusal does not say who owns a group');
my ($there, $absent) = map { said('gate', "SELECT status, body FROM plasma.http('POST', '/pull', " . request(cookie => undef) . qq{, '{}', '{"sub": "x", "role": "$_"}');}) } 'postgres', 'no_such_role';
is($there, $absent, 'gate: a refusal by HTTP does not say which roles exist');

# Claims that the connection may write itself.
for my $way (
	[ 'SET', q{SET request.jwt.claims = '{"sub": "sam"}';} ],
	[ 'SET LOCAL', q{BEGIN; SET LOCAL request.jwt.claims = '{"sub": "sam"}';} ],
	[ 'set_config', q{SELECT set_config('request.jwt.claims', '{"sub": "sam"}', false);} ],
	[ 'ALTER ROLE', q{ALTER ROLE ann SET request.jwt.claims = '{"sub": "sam"}';\n} . "\\connect -\n" ],
	[ 'PGOPTIONS', q{\setenv PGOPTIONS '-c request.jwt.claims={\"sub\":\"sam\"}'} . "\n\\connect -\n" ],
	[ 'a function with SET', q{CREATE FUNCTION mine.claim() RETURNS json LANGUAGE sql SET request.jwt.claims = '{"sub": "sam"}' AS $$ SELECT plasma.pull(} . request(cookie => undef) . q{) $$; SELECT mine.claim();} ],
)
{
	my ($name, $sql) = @$way;
	harmless('ann', $sql . pull_of(undef), qr/"title":"of ann"|42501: the claims of this connection do not count/, "claims by $name count for no pull");
	harmless('ann', $sql . "SELECT count(*) FROM public.notes WHERE owner = 'sam';", qr/^0$/m, "claims by $name count for no policy");
}
$node->safe_psql('postgres', 'ALTER ROLE ann RESET ALL');

# Plasma's own objects.
for my $table (qw(changes client_mutations client_groups mutation_failures tables declarations mutators state readers former_tables compactions compacted_rows own_shape migrations migration_steps))
{
	my $there = $node->safe_psql('postgres', "SELECT to_regclass('plasma.$table') IS NOT NULL");
	next if $there ne 't';
	for my $role (qw(ann gate admin author))
	{
		my $refusal = $role eq 'author' ? "$denied schema plasma" : "$denied (?:table|view) $table";
		refused($role, "TABLE plasma.$table;", $refusal, "reads plasma.$table");
	}
	for my $do ("INSERT INTO plasma.$table DEFAULT VALUES", "DELETE FROM plasma.$table", "TRUNCATE plasma.$table", "ALTER TABLE plasma.$table DISABLE TRIGGER ALL",
		"COPY plasma.$table TO STDOUT", "BEGIN; LOCK TABLE plasma.$table IN ACCESS SHARE MODE", "CREATE TRIGGER t BEFORE INSERT ON plasma.$table EXECUTE FUNCTION suppress_redundant_updates_trigger()")
	{
		refused('gate', "$do;", '42501: (?:permission denied for|must be owner of) table', $do =~ s/ (?:EXECUTE|DEFAULT|IN ACCESS|TO STDOUT|DISABLE).*//r);
	}
}
refused('ann', q{UPDATE plasma.state SET floor = '0', epoch = gen_random_uuid();}, "$denied table state", 'makes every client start afresh');
for my $call (q{nextval('plasma.changes_row_version_seq')}, q{setval('plasma.changes_row_version_seq', 1)}, q{currval('plasma.changes_row_version_seq')})
{
	refused('gate', "SELECT $call;", "$denied sequence", $call);
}
for my $role (qw(ann gate admin watcher))
{
	refused($role, 'CREATE FUNCTION plasma.evil() RETURNS int LANGUAGE sql AS \'SELECT 1\';', "$denied schema plasma", 'puts a function into the schema');
	refused($role, 'CREATE TABLE plasma.evil ();', "$denied schema plasma", 'puts a table into the schema');
	refused($role, 'CREATE OPERATOR plasma.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);', "$denied schema plasma", 'puts an operator into the schema');
	refused($role, 'ALTER FUNCTION plasma.ctx() OWNER TO CURRENT_USER;', '42501: must be owner', 'takes a function over');
	refused($role, 'ALTER EXTENSION plasma DROP FUNCTION plasma.ctx();', '42501: must be owner', 'takes a member out');
	refused($role, 'DROP EXTENSION plasma CASCADE;', '42501: must be owner', 'drops the extension');
}

# Internal functions, called directly.
my @internal = (
	q{plasma.log_rows('public.jobs'::regclass, 'jobs', '{id}', '{}', '{}', true, NULL, ROW('PWNED', 'x'))},
	q{plasma.log_truncate('public.jobs'::regclass, 'jobs', '{id}', '{}', '{}', true)},
	q{plasma.log_key('public.jobs'::regclass, 'jobs', '{id}', '{}', '{}', ROW('x', 'y'))},
	q{plasma.encode_row(ROW(1), '{}')}, q{plasma.encode_key(ROW(1), 'public.jobs'::regclass, '{id}')},
	q{plasma.decode_key('x', 1)}, q{plasma.access_objects()}, q{plasma.own_shape_now()}, q{plasma.captured()}, q{plasma.stray_triggers()},
	q{plasma.verify_own()}, q{plasma.verify_rights()}, q{plasma.verify_log()});
for my $role (qw(ann gate admin))
{
	refused($role, "SELECT $_;", "$denied (?:function|aggregate)", $_ =~ s/\(.*//r . ' by itself') for @internal;
}
refused('ann', 'CREATE AGGREGATE mine.forge(internal, oid, text, text[], text[], boolean, record, record) (SFUNC = plasma.log_rows_step, STYPE = internal);', '', 'makes an aggregate of the log\'s step');
refused('ann', q{CREATE TABLE mine.t (id text PRIMARY KEY, what text); CREATE TRIGGER t AFTER INSERT ON mine.t REFERENCING NEW TABLE AS plasma_new FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_jobs_insert_fn();}, "$denied function plasma._plasma_trg_jobs_insert_fn", 'attaches a generated function to a table of its own');
refused('author', q{CREATE TRIGGER t AFTER INSERT ON public.jobs REFERENCING NEW TABLE AS plasma_new FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_jobs_insert_fn();}, "$denied", 'attaches a generated function once more to its synced table');
refused('ann', q{CREATE TRIGGER t AFTER DELETE ON public.jobs EXECUTE FUNCTION plasma.cascade_delete('changes');}, '', 'attaches the cascade');

refused('author', q{CREATE TRIGGER t AFTER INSERT ON public.jobs EXECUTE FUNCTION plasma.log_source_change();}, $denied, 'attaches what makes clients fetch a table anew');

# Care, levels and registration.
for my $call (q{plasma.snapshot_as_of(NULL)}, q{plasma.compact_change_log()}, q{plasma.verify()}, q{plasma.repair()}, q{plasma.new_epoch()}, q{plasma.drop_capture()},
	q{plasma.drift()}, q{plasma.seed_changes('public.jobs')}, q{plasma.reset_table('public.jobs')}, q{plasma.set_retention('public.jobs', '1 day')},
	q{plasma.ensure_schema('{"version": "v2", "tables": {}}')}, q{plasma.plan('{"version": "v2", "tables": {}}')}, q{plasma.run_migrations('{"version": "v2", "tables": {}}')},
	q{plasma.register_mutator('addJob', 'public.add_job(jsonb)')}, q{plasma.drop_mutator('addJob')}, q{plasma.grant_access('ann', 'admin')}, q{plasma.revoke_access('bob')},
	q{plasma.keep_copies('public.jobs')}, q{plasma.migrate_begin()}, q{plasma.compact_begin(NULL)}, q{plasma.start_backfill('public.jobs', 'what')})
{
	for my $role (qw(ann gate))
	{
		refused($role, "SELECT $call;", "$denied function", $call);
	}
}
refused('ann', 'CALL plasma.compact();', "$denied procedure", 'compacts');
refused('ann', "TABLE plasma.stat_$_;", "$denied view", "looks at stat_$_") for qw(log clients tables migrations);
# Level admin is not ownership of tables.
$node->safe_psql('postgres', 'CREATE TABLE public.private_rows (id text PRIMARY KEY); ALTER TABLE public.private_rows OWNER TO author');
for my $call (q{plasma.ensure_schema('{"version": "v2", "tables": {"private_rows": {"columns": {"id": {"kind": "id"}}}}}')}, q{plasma.seed_changes('public.jobs')}, q{plasma.reset_table('public.jobs')},
	q{plasma.keep_copies('public.jobs')}, q{plasma.start_backfill('public.jobs', 'what')})
{
	refused('admin', "SELECT $call;", '(?:42501: must be owner of table|PL008)', $call =~ s/\(.*//r . ' with a table of author');
}
harmless('admin', q{SELECT plasma.plan('{"version": "v2", "tables": {"private_rows": {"columns": {"id": {"kind": "id"}}}}}')::text;}, qr/UN105/, 'plans for a table of author');
refused('watcher', q{SELECT plasma.repair();}, "$denied function", 'repairs');
refused('admin', q{SELECT plasma.register_mutator('evil', 'public.no_such()');}, '', 'registers what does not exist');
$node->safe_psql('postgres', 'CREATE FUNCTION public.private(args jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER AS \'SELECT\'; REVOKE ALL ON FUNCTION public.private(jsonb) FROM PUBLIC');
refused('admin', q{SELECT plasma.register_mutator('evil', 'public.private(jsonb)');}, "$denied function private", 'registers a function that it may not call');
refused('admin', q{SELECT plasma.register_mutator('evil', 'plasma.encode_row(record, text[])');}, '', 'registers an internal function');
refused('admin', q{SELECT plasma.grant_access(0, 'admin');}, '', 'gives a level to PUBLIC');
refused('admin', q{SELECT plasma.grant_access('ann', 'admin TO PUBLIC; --');}, '22023: access level', 'SQL in a level');
refused('admin', q{SELECT plasma.revoke_access('postgres');}, '55000', 'takes the rights of plasma\'s owner');

# Settings are the server's, not the client's, whether they were made before the library was there or after.
for my $setting (qw(max_payload_bytes max_mutations_per_push max_pull_limit mutation_timeout max_page_bytes max_scopes cookie_max_running))
{
	refused('gate', "SELECT plasma.ctx(); SET plasma.$setting = 7;", '42501: permission denied to set parameter', "sets plasma.$setting");
	harmless('gate', "SET plasma.$setting = 7; SELECT plasma.ctx(); SHOW plasma.$setting;", qr/^(?!7$)\d+\w*$/m, "sets plasma.$setting before the library is there");
}
refused('gate', "SELECT plasma.ctx(); SET plasma.$_ = on;", '42501: permission denied to set parameter', "sets plasma.$_") for qw(identity_claims require_identity strict_schema_version);
refused('ann', q{SELECT plasma.ctx(); SET plasma.origin = 'x';}, '42602: invalid configuration parameter name', 'sets an origin');
harmless('ann', q{SET plasma.origin = 'forged'; SET plasma.client_group_id = 'forged'; SELECT 'origin ', plasma.origin();}, qr/^origin \|\(,,\)$/m, 'sets an origin before the library is there');
untouched('all these attempts left no trace');

done_testing();
