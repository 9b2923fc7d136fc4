# Attempts to have one's own code run with other rights than its caller's, by triggers, types,
# operators, temporary objects, search paths, mutators and policies.
use strict;
use warnings;

use AttackWorld;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = AttackWorld::make();

# Each piece of code notes who ran it; nothing may ever have run as a superuser, as gate or as admin.
$node->safe_psql('postgres', q{
	CREATE TABLE public.witness (what text, who text, session text, definer text);
	GRANT INSERT, SELECT ON public.witness TO PUBLIC;
	GRANT CREATE ON SCHEMA public TO PUBLIC;
	GRANT CREATE ON DATABASE postgres TO author;
	SET ROLE author;
	CREATE FUNCTION public.saw(what text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO public.witness VALUES (what, CURRENT_USER, SESSION_USER); END $$});
sub witnesses
{
	my ($allowed, $name) = @_;
	my $all = $node->safe_psql('postgres', q{SELECT DISTINCT what, who FROM public.witness ORDER BY 1, 2});
	my @wrong = grep { !/\|(?:$allowed)$/ } split /\n/, $all;
	ok(!@wrong, $name) or diag("ran:\n$all");
	$node->safe_psql('postgres', 'TRUNCATE public.witness');
}

# Code of a table's owner, under capture.
$node->safe_psql('postgres', q{
	SET ROLE author;
	CREATE FUNCTION public.on_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw(TG_NAME); RETURN COALESCE(NEW, OLD); END $$;
	CREATE TRIGGER "0 before row" BEFORE INSERT OR UPDATE OR DELETE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.on_job();
	CREATE TRIGGER "0 after row" AFTER INSERT OR UPDATE OR DELETE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.on_job();
	CREATE TRIGGER "zz after statement" AFTER INSERT OR UPDATE OR DELETE ON public.jobs FOR EACH STATEMENT EXECUTE FUNCTION public.on_job();
	CREATE CONSTRAINT TRIGGER "zz deferred" AFTER INSERT OR UPDATE OR DELETE ON public.jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.on_job();
	CREATE TYPE public.mood AS ENUM ('good', 'bad');
	CREATE FUNCTION public.mood_json(public.mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('cast to json'); RETURN '"PWNED"'; END $$;
	CREATE CAST (public.mood AS json) WITH FUNCTION public.mood_json(public.mood);
	CREATE FUNCTION public.mood_jsonb(public.mood) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('cast to jsonb'); RETURN '"PWNED"'; END $$;
	CREATE CAST (public.mood AS jsonb) WITH FUNCTION public.mood_jsonb(public.mood);
	CREATE FUNCTION public.mood_text(public.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('cast to text'); RETURN 'PWNED'; END $$;
	CREATE CAST (public.mood AS text) WITH FUNCTION public.mood_text(public.mood) AS IMPLICIT;
	CREATE FUNCTION public.fits(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('check of a domain'); RETURN true; END $$;
	CREATE DOMAIN public.word AS text CHECK (public.fits(VALUE));
	CREATE TYPE public.pair AS (a public.word, b public.mood);
	CREATE FUNCTION public.given() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('default'); RETURN 'given'; END $$;
	CREATE FUNCTION public.key_of(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE 'SELECT public.saw(''index expression'')'; RETURN $1; END $$;
	CREATE FUNCTION public.made(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN EXECUTE 'SELECT public.saw(''generated column'')'; RETURN $1; END $$;
	CREATE FUNCTION public.right_one(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('check of a table'); RETURN true; END $$;
	CREATE FUNCTION public.sees(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('policy'); RETURN true; END $$;
	ALTER TABLE public.jobs ADD mood public.mood DEFAULT 'good', ADD word public.word DEFAULT public.given(), ADD pair public.pair, ADD moods public.mood[],
		ADD made text GENERATED ALWAYS AS (public.made(what)) STORED, ADD CHECK (public.right_one(what));
	CREATE INDEX ON public.jobs (public.key_of(what));
	ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;
	CREATE POLICY mine ON public.jobs USING (public.sees(id)) WITH CHECK (public.sees(id));
	RESET ROLE; TRUNCATE public.witness});
my $work = q{INSERT INTO public.jobs (id, what, pair, moods) VALUES ('j1', 'x', ROW('a', 'bad'), '{good,bad}'), ('j2', 'x', NULL, NULL);
	UPDATE public.jobs SET what = 'y', mood = 'bad'; UPDATE public.jobs SET id = id || '!'; DELETE FROM public.jobs WHERE id = 'j2!';};
harmless('nobody', $work, qr/^\n*$/, 'writes a synced table full of its owner\'s code');
witnesses('nobody', 'triggers, casts, domains, defaults, generated columns, index expressions, checks and policies of a table run as its writer, under capture, too');
is($node->safe_psql('postgres', q{SELECT string_agg(op || ' ' || row_id, ', ' ORDER BY row_id, row_version) FROM plasma.changes WHERE table_name = 'jobs'}),
	'put j1, put j1, del j1, put j1!, put j2, put j2, del j2, put j2!, del j2!', 'and the log holds what was written');
unlike($node->safe_psql('postgres', q{SELECT string_agg(value::text, ' ') FROM plasma.changes WHERE table_name = 'jobs'}), qr/PWNED/, 'casts of the owner do not write into the log');
harmless('bob', pull_of(undef), qr/"op":"put","table":"jobs","id":"j1!"/, 'pulls a table full of its owner\'s code');
witnesses('bob', 'its policies run as who pulls');
harmless('gate', push_of('{"sub": "wendy", "role": "web"}', 'addJob', { id => 'j3', what => 'x' }), qr/"status":"ok"/, 'pushes into it for a user');
witnesses('web', 'its triggers, deferred ones too, run as the role of the user');
harmless('admin', q{SELECT count(*) FROM plasma.drift(); SELECT count(*) FROM plasma.verify();}, qr/^\d+$/m, 'looks for drift');
$node->safe_psql('postgres', q{SELECT count(*) FROM plasma.drift(); SELECT count(*) FROM plasma.verify(); SELECT plasma.repair()});
is($node->safe_psql('postgres', 'SELECT count(*) FROM public.witness'), '0', 'drift, verify and repair run none of it');

# The generated functions, shadowed.
my $shadows = q{
	CREATE FUNCTION public.evil(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('operator'); RETURN true; END $$;
	CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.evil);
	CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.evil);
	CREATE OPERATOR public.< (LEFTARG = text, RIGHTARG = text, FUNCTION = public.evil);
	CREATE FUNCTION public.evil(anyelement, anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('polymorphic operator'); RETURN true; END $$;
	CREATE OPERATOR public.= (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = public.evil);
	CREATE OPERATOR public.>= (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = public.evil);
	CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('function'); RETURN 'replica'; END $$;
	CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('function'); RETURN 'epoch'; END $$;
	CREATE FUNCTION public.jsonb_typeof(jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('function'); RETURN 'object'; END $$;
	CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('function'); RETURN NEXT 'PWNED'; END $$;
	CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.fits(VALUE));
	CREATE DOMAIN public.xid8 AS pg_catalog.int8 CHECK (public.fits(VALUE::pg_catalog.text));};
my $temporary = q{
	CREATE TEMP TABLE plasma_new (id text, what text); CREATE TEMP TABLE plasma_old (id text, what text);
	CREATE TEMP TABLE changes (LIKE public.jobs); CREATE TEMP TABLE state (epoch text); CREATE TEMP TABLE tables (table_name text); CREATE TEMP TABLE mutators (name text);
	CREATE TEMP TABLE client_groups (client_group_id text, owner_kind text, owner text); INSERT INTO client_groups VALUES ('of ann', 'role', 'bob');
	CREATE TEMP TABLE client_mutations (client_group_id text); CREATE TEMP VIEW pg_class AS SELECT 1 AS oid; CREATE TEMP VIEW pg_proc AS SELECT 1 AS oid;
	CREATE TEMP VIEW pg_policy AS SELECT 1 AS oid; CREATE TEMP VIEW pg_roles AS SELECT 1 AS oid; CREATE TEMP TABLE notes (id text, title text, owner text);
	CREATE FUNCTION pg_temp.ctx() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"sub": "sam"}'::jsonb $$;
	CREATE FUNCTION pg_temp.pg_current_xact_id() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('temporary function'); RETURN 'PWNED'; END $$;};
my $odd = q{SET transform_null_equals = on; SET standard_conforming_strings = off; SET quote_all_identifiers = on; SET bytea_output = escape; SET DateStyle = 'SQL, DMY'; SET array_nulls = off;
	SET check_function_bodies = off; SET plpgsql.extra_errors = 'all'; SET enable_indexscan = off; SET enable_seqscan = off; SET xmloption = document; SET extra_float_digits = -15; SET force_parallel_mode = on;};
$node->safe_psql('postgres', "SET ROLE author; $shadows");
for my $path ('public, pg_catalog, plasma', 'pg_temp, public, plasma, pg_catalog', 'plasma, public, pg_catalog', 'no_such', '')
{
	my $set = "SET search_path = " . ($path eq '' ? "''" : $path) . ';';
	my $id = join '', map { chr(97 + rand 26) } 1 .. 12;

	harmless('bob', "$temporary $odd $set " . ($work =~ s/j1|j2/$& . $id/ger) . " SELECT 'through';", qr/^through$/m, "writes under the search path '$path' with temporary tables named like plasma's");
	harmless('bob', "$temporary $odd $set " . pull_of(undef), qr/"table":"notes","id":"b1"/, "pulls under it");
	harmless('bob', "$temporary $odd $set " . push_of(undef, 'addNote', { id => "n$id", title => 'x' }), qr/"status":"ok"/, "pushes under it");
	harmless('bob', "$temporary $odd $set " . pull_of(undef, clientGroupID => 'of bob'), qr/"cookie"/, "another pull");
	harmless('admin', "$temporary $odd $set SELECT pg_catalog.count(*) FROM plasma.verify(); SELECT plasma.compact_change_log(); SELECT pg_catalog.count(*) FROM plasma.drift(); SELECT 'through'::pg_catalog.text;", qr/^through$/m, 'verifies, compacts and looks for drift under it');
}
witnesses('bob', 'no function, operator or type in the way was run but as its caller');
$node->safe_psql('postgres', q{SET ROLE author; DROP OPERATOR public.=(text, text); DROP OPERATOR public.<>(text, text); DROP OPERATOR public.<(text, text);
	DROP OPERATOR public.=(anyelement, anyelement); DROP OPERATOR public.>=(anyelement, anyelement)});

# What a mutator, a trigger or a policy may do in the session that runs it.  The owner of a table has
# the text of its rows executed: as the role of a user, in the session of gate.
$node->safe_psql('postgres', q{
	CREATE FUNCTION public.run(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE args->>'sql'; END $$;
	SELECT plasma.register_mutator('run', 'public.run(jsonb)');
	CREATE FUNCTION public.commits(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
	SELECT plasma.register_mutator('commits', 'public.commits(jsonb)');
	CREATE FUNCTION public.who() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('later'); RETURN true; END $$});
my $wendy = '{"sub": "wendy", "role": "web"}';
sub mutates
{
	my ($role, $ctx, $sql, $outcome, $name, $after) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	harmless($role, push_of($ctx, 'run', { sql => $sql }) . ($after // ''), $outcome, $name);
}
my $failed = qr/"status":"failed","error":\{"code":/;
for my $sql ('SET ROLE gate', 'RESET ROLE', 'SET LOCAL ROLE NONE', q{SELECT set_config('role', 'gate', true)}, 'SET SESSION AUTHORIZATION gate', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION DEFAULT', 'SET ROLE postgres')
{
	mutates('gate', $wendy, $sql, qr/$failed"42501"/, "$sql in a mutator");
}
mutates('ann', undef, 'SET ROLE postgres', qr/$failed"42501"/, 'becomes postgres in a mutator');
mutates('gate', $wendy, 'RESET ALL', qr/$failed"42501"|"status":"ok"/, 'RESET ALL in a mutator does not end the role', "SELECT plasma.ctx() IS NULL, CURRENT_USER;");
mutates('gate', $wendy, q{SELECT set_config('request.jwt.claims', '{"sub": "sam"}', false); INSERT INTO public.notes VALUES ('x', 'x', 'sam')}, qr/$failed"(?:42501|PL009)"/, 'claims in a mutator');
mutates('gate', $wendy, q{SELECT set_config('request.jwt.claims', '{"sub": "sam"}', false)}, qr/"status":"ok".*\n\|\|gate$/, 'settings of a mutator go with it',
	"SELECT current_setting('request.jwt.claims', true), plasma.ctx(), CURRENT_USER;");
mutates('gate', $wendy, 'SET search_path = mine, public', qr/"status":"ok".*\n"\$user", public$/, 'so does its search path', 'SHOW search_path;');
mutates('ann', undef, 'SET session_replication_role = replica', qr/$failed"42501"/, 'turns capture off');
mutates('ann', undef, 'ALTER TABLE public.jobs DISABLE TRIGGER ALL', qr/$failed"42501"/, 'disables triggers');
harmless('gate', push_of($wendy, 'commits', {}), qr/$failed"2D000"/, 'COMMIT in a mutator');
mutates('gate', $wendy, 'COMMIT', qr/$failed"0A000"/, 'COMMIT by EXECUTE in a mutator');
mutates('gate', $wendy, 'ROLLBACK TO SAVEPOINT s', qr/$failed"0A000"/, 'ROLLBACK TO in a mutator');
mutates('gate', $wendy, q{PREPARE TRANSACTION 'x'}, qr/$failed"0A000"/, 'PREPARE TRANSACTION in a mutator');
mutates('ann', undef, push_of(undef, 'addNote', {}), qr/$failed"55000".*cannot be called by a mutator/, 'push in a mutator');
mutates('ann', undef, q{SELECT plasma.http('POST', '/push', '{}')}, qr/$failed"55000".*cannot be called by a mutator/, 'http in a mutator');
mutates('gate', $wendy, push_of('{"sub": "sam"}', 'addNote', {}), qr/$failed"42501".*permission denied for function push/, 'push as another user in a mutator');
mutates('gate', $wendy, pull_of('{"sub": "sam"}'), qr/$failed"42501".*permission denied for function pull/, 'pull as another user in a mutator');
mutates('gate', $wendy, q{INSERT INTO public.counts VALUES (77, 'x'); PERFORM 1}, $failed, 'two statements, one of them PL/pgSQL');
mutates('ann', undef, q{INSERT INTO public.notes VALUES ('x', 'x', 'sam')}, qr/$failed"(?:42501|PL009)"/, 'a row for somebody else');
mutates('ann', undef, q{TRUNCATE public.notes}, qr/$failed"42501"/, 'TRUNCATE, which policies do not bind');
mutates('ann', undef, q{COPY public.notes TO PROGRAM 'true'}, qr/$failed"42501"/, 'COPY TO PROGRAM');

# What would run later in the session, when the user's role is left.
my $outlives = qr/$failed"42501","message":"[A-Z ]+ is not allowed in the role that ctx.role names"/;
mutates('gate', $wendy, $_, $outlives, "$_ in a mutator")
	for 'DECLARE held CURSOR WITH HOLD FOR SELECT public.who()', 'PREPARE planned AS SELECT public.who()', 'DEALLOCATE ALL', 'DISCARD TEMP', 'LISTEN everything', 'UNLISTEN *';
mutates('gate', $wendy, q{DO $$ BEGIN PREPARE planned AS SELECT public.who(); RAISE 'failed on purpose'; END $$}, qr/42501.*does not exist/s, 'what a mutation prepares does not outlive its failure', 'EXECUTE planned;');
mutates('gate', $wendy, q{CREATE TEMP TABLE later (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, CHECK (public.who())) ON COMMIT DROP; INSERT INTO later VALUES (1)}, qr/"status"/, 'a temporary table');
mutates('gate', $wendy, 'CREATE TEMP TABLE notes (LIKE public.notes, CHECK (public.who())); CREATE TEMP VIEW jobs AS SELECT * FROM public.jobs; CREATE DOMAIN pg_temp.text AS varchar CHECK (public.who()); CREATE TEMP SEQUENCE s', qr/"status":"ok".*\n0$/,
	'temporary objects go with the mutation', 'SELECT count(*) FROM pg_depend WHERE refobjid = pg_my_temp_schema();');
mutates('gate', $wendy, 'CREATE TEMP TABLE later (id int); DECLARE reading CURSOR FOR TABLE later; FETCH reading', qr/$failed"55000","message":"temporary relation \\"later\\" is still open/, 'a temporary table that a cursor reads');
harmless('gate', 'CREATE TEMP TABLE ours (id int); GRANT ALL ON ours TO web; ' . push_of($wendy, 'run', { sql => 'INSERT INTO ours VALUES (1); CREATE TEMP TABLE later (id int)' }) . q{SELECT count(*), to_regclass('later') FROM ours;}, qr/"status":"ok".*\n1\|$/, 'those of the session itself stay');
$node->safe_psql('postgres', q{SET ROLE author; CREATE TABLE public.audit (id int); GRANT ALL ON public.audit TO PUBLIC;
	CREATE CONSTRAINT TRIGGER put_off AFTER INSERT ON public.audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.on_job()});
mutates('gate', $wendy, q{INSERT INTO public.audit VALUES (1)}, qr/"status":"ok"/, 'a deferred trigger');
mutates('gate', $wendy, q{INSERT INTO public.audit VALUES (1); SET CONSTRAINTS ALL DEFERRED}, qr/"status":"ok"/, 'a deferred trigger, put off');
witnesses('web', 'nothing that a mutator left ran as gate');
harmless('ann', push_of(undef, 'run', { sql => 'DECLARE held CURSOR WITH HOLD FOR SELECT 1' }) . 'FETCH held;', qr/"status":"ok".*\n1$/, 'without ctx.role the session is the user\'s own');

# A policy, while it is pulled.
sub pulls_with
{
	my ($body, $outcome, $name) = @_;

	$node->safe_psql('postgres', "SET ROLE author; CREATE OR REPLACE FUNCTION public.sees(text) RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN $body; RETURN true; END \$\$");
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	harmless('gate', pull_of($wendy) . q{SELECT 'then', current_setting('request.jwt.claims', true), current_setting('search_path'), plasma.ctx(), CURRENT_USER;}, $outcome, "$name in a policy");
	harmless('gate', q{SELECT status, body FROM plasma.http('POST', '/pull', } . request(cookie => undef) . qq{, '{}', '$wendy');} . q{SELECT 'then', current_setting('request.jwt.claims', true), current_setting('search_path'), plasma.ctx(), CURRENT_USER;}, $outcome, "$name in a policy, by HTTP");
}
pulls_with(q{PERFORM set_config('request.jwt.claims', '{"sub": "sam"}', false), set_config('search_path', 'mine', false)}, qr/"id":"w1".*then\|\|"\$user", public\|\|gate$/s, 'settings');
pulls_with(q{EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT public.who()'}, qr/then\|.*ERROR:  42501: DECLARE/s, 'a cursor that outlives the pull');
pulls_with(q{EXECUTE 'PREPARE planned AS SELECT public.who()'}, qr/then\|.*ERROR:  42501: PREPARE/s, 'PREPARE');
pulls_with(q{INSERT INTO public.audit VALUES (1)}, qr/ERROR:  42501: cannot fire deferred trigger/, 'a deferred trigger');
pulls_with(q{CREATE TEMP TABLE IF NOT EXISTS kept (id int)}, qr/ERROR:  42501: cannot create temporary table/, 'a temporary table');
pulls_with(q{SET ROLE gate}, qr/ERROR:  42501/, 'SET ROLE');
pulls_with(q{PERFORM plasma.pull('{}', '{"sub": "sam"}')}, qr/ERROR:  42501: permission denied for function pull/, 'pull as another user');
witnesses('web', 'nothing that a policy left ran as gate');

# A mutator whose function its owner makes anew runs as its caller, and only for those who may call it.
$node->safe_psql('postgres', q{
	SET ROLE author; CREATE FUNCTION public.by_author(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$; RESET ROLE;
	SELECT plasma.register_mutator('byAuthor', 'public.by_author(jsonb)');
	SET ROLE author; CREATE OR REPLACE FUNCTION public.by_author(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('replaced'); DELETE FROM plasma.changes; END $$});
harmless('gate', push_of($wendy, 'byAuthor', {}), qr/$failed"42501".*permission denied for table changes/, 'a mutator that its owner replaced');
$node->safe_psql('postgres', q{SET ROLE author; CREATE OR REPLACE FUNCTION public.by_author(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM public.saw('replaced'); END $$});
harmless('gate', push_of($wendy, 'byAuthor', {}), qr/"status":"ok"/, 'the same, with another body');
witnesses('web', 'it runs as its caller');
$node->safe_psql('postgres', q{SET ROLE author; REVOKE ALL ON FUNCTION public.by_author(jsonb) FROM PUBLIC});
harmless('gate', push_of($wendy, 'byAuthor', {}), qr/$failed"42501".*permission denied for function by_author/, 'a mutator that the user may not call');
$node->safe_psql('postgres', q{SET ROLE author; DROP FUNCTION public.by_author(jsonb); CREATE FUNCTION public.by_author(args jsonb, more int DEFAULT 1) RETURNS void LANGUAGE sql AS $$ SELECT public.saw('overloaded') $$});
harmless('gate', push_of($wendy, 'byAuthor', {}), qr/$failed"42883"/, 'another function of the mutator\'s name is not called in its place');

# Types of an author that a declaration names, looked at by others.
$node->safe_psql('postgres', q{
	DROP POLICY mine ON public.jobs;
	SELECT plasma.run_migrations('{"version": "v1", "tables": {
		"notes": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"}, "owner": {"kind": "text"}}, "auth": {"read": "owner = COALESCE(plasma.ctx()->>''sub'', CURRENT_USER)", "write": "owner = COALESCE(plasma.ctx()->>''sub'', CURRENT_USER)"}},
		"jobs": {"columns": {"id": {"kind": "id"}, "what": {"kind": "text"}, "word": {"kind": "sql", "type": "public.word", "default": "x", "nullable": true}}},
		"counts": {"key": ["n"], "columns": {"n": {"kind": "bigint"}, "what": {"kind": "text"}}}}}', '{}');
	TRUNCATE public.witness});
harmless('watcher', q{SELECT count(*) FROM plasma.drift(); SELECT count(*) FROM plasma.verify();}, qr/^\d/m, 'looks for drift in a table with a domain of its author');
harmless('admin', q{SELECT count(*) FROM plasma.drift(); SELECT count(*) FROM plasma.verify(); SELECT jsonb_typeof(plasma.plan((SELECT '{"version": "v3", "tables": {"jobs": {"columns": {"id": {"kind": "id"}, "what": {"kind": "text"}, "word": {"kind": "sql", "type": "public.word", "default": "x", "nullable": true}}}}}'::json)));}, qr/^\d/m, 'plans for one');
diag $node->safe_psql('postgres', q{SELECT DISTINCT what, who FROM public.witness ORDER BY 1, 2});
witnesses('author', 'code of an author gets no rights of who looks');

# A policy names a table that its author may not read: nothing of ours is put there.
my $declared = $node->safe_psql('postgres', 'SELECT declaration FROM plasma.declarations WHERE active');
$node->safe_psql('postgres', q{CREATE TABLE public.private_rows (id text); GRANT SELECT ON public.private_rows TO bob; CREATE TABLE public.open_rows (id text); GRANT SELECT ON public.open_rows TO PUBLIC;
	SET ROLE author; CREATE POLICY peeping ON public.jobs USING (EXISTS (SELECT FROM public.private_rows) OR EXISTS (SELECT FROM public.open_rows))});
$node->safe_psql('postgres', 'SELECT plasma.ensure_schema(' . literal($declared) . '); SELECT plasma.repair()');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT tgrelid::regclass::text, ' ') FROM pg_trigger WHERE tgfoid = 'plasma.log_source_change()'::regprocedure}),
	'open_rows', 'triggers on what a policy reads are put only where the owner of its table may read');
like($node->safe_psql('postgres', 'SELECT string_agg(code || fix, E\'\n\') FROM plasma.verify()'), qr/VF432let the owner of the synced table read (?:public\.)?private_rows, by GRANT SELECT/, 'verify tells of the others');
$node->safe_psql('postgres', 'GRANT SELECT (id) ON public.private_rows TO author; SELECT plasma.repair()');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT tgrelid) FROM pg_trigger WHERE tgfoid = 'plasma.log_source_change()'::regprocedure}), '2', 'and repair puts them there once it may');

done_testing();
