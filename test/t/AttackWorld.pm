# A database with everyone in it who could try something, and assertions for attempts:
# each is one statement, or a few, of one role in a connection of its own.
package AttackWorld;
use strict;
use warnings;

use Exporter 'import';
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(said refused harmless request pull_of push_of literal untouched);

my $json = JSON::PP->new->canonical->allow_nonref->ascii;
my $node;
my $before;

# What nobody may change but plasma itself.
my $fingerprint = q{
	SELECT md5(concat_ws('|',
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.changes t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.client_groups t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.client_mutations t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.mutation_failures t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.mutators t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.tables t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.declarations t),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM plasma.state t),
		(SELECT last_value::text FROM plasma.changes_row_version_seq),
		(SELECT string_agg(p.oid::text || p.prosrc || COALESCE(p.proacl::text, ''), '|' ORDER BY p.oid) FROM pg_proc p
			WHERE p.pronamespace = 'plasma'::regnamespace),
		(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM public.notes t)))};

# Roles: postgres owns plasma; admin, gate, watcher, ann and bob have a level each, author owns a
# synced table and has no level, nobody has nothing; web is whom gate names in ctx.role.
sub make
{
	$node = PostgreSQL::Test::Cluster->new('main');
	$node->init;
	$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\n@_");
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION plasma;
		CREATE ROLE admin LOGIN; CREATE ROLE gate LOGIN; CREATE ROLE watcher LOGIN; CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN;
		CREATE ROLE author LOGIN; CREATE ROLE nobody LOGIN; CREATE ROLE web; GRANT web TO gate;
		GRANT CREATE ON SCHEMA public TO author, admin, ann, bob, web;
		CREATE SCHEMA mine AUTHORIZATION ann;
		SELECT plasma.grant_access('admin', 'admin'), plasma.grant_access('gate', 'gateway'), plasma.grant_access('watcher', 'monitor'),
			plasma.grant_access('ann', 'sync'), plasma.grant_access('bob', 'sync'), plasma.grant_access('web', 'sync');
		SET ROLE author;
		CREATE TABLE public.jobs (id text PRIMARY KEY, what text NOT NULL);
		GRANT SELECT, INSERT, UPDATE, DELETE ON public.jobs TO PUBLIC;
		RESET ROLE;
		SELECT plasma.ensure_schema('{"version": "v1", "tables": {
			"notes": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"}, "owner": {"kind": "text"}},
				"auth": {"read": "owner = COALESCE(plasma.ctx()->>''sub'', CURRENT_USER)",
					"write": "owner = COALESCE(plasma.ctx()->>''sub'', CURRENT_USER)"}},
			"jobs": {"columns": {"id": {"kind": "id"}, "what": {"kind": "text"}}},
			"counts": {"key": ["n"], "columns": {"n": {"kind": "bigint"}, "what": {"kind": "text"}}}}}');
		GRANT SELECT, INSERT, UPDATE, DELETE ON public.notes, public.counts TO ann, bob, web, author;
		CREATE FUNCTION public.add_note(id text, title text) RETURNS void LANGUAGE sql
			AS $$ INSERT INTO public.notes VALUES (id, title, COALESCE(plasma.ctx()->>'sub', CURRENT_USER)) $$;
		CREATE FUNCTION public.add_job(args jsonb) RETURNS void LANGUAGE sql
			AS $$ INSERT INTO public.jobs VALUES (args->>'id', args->>'what') $$;
		SELECT plasma.register_mutator('addNote', 'public.add_note(text, text)');
		SELECT plasma.register_mutator('addJob', 'public.add_job(jsonb)');
		SET request.jwt.claims = '{"sub": "sam"}';
		INSERT INTO public.notes VALUES ('hidden', 'a secret of sam', 'sam');
		INSERT INTO public.notes VALUES ('a1', 'of ann', 'ann'), ('b1', 'of bob', 'bob'), ('w1', 'of the user wendy', 'wendy');
		INSERT INTO public.counts VALUES (1, 'one'), (2, 'two')});
	$before = $node->safe_psql('postgres', $fingerprint);
	return $node;
}

sub literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return $text =~ /\\/ ? ' E\'' . $text =~ s/\\/\\\\/gr . '\'' : "'$text'";
}

# A request of a client, as a literal of SQL.
sub request
{
	return literal($json->encode({
		protocolVersion => 1, schemaVersion => 'v1', clientGroupID => 'g', clientID => 'c', @_ }));
}

sub pull_of
{
	my ($ctx, %request) = @_;

	return sprintf 'SELECT plasma.pull(%s%s);', request(cookie => undef, %request), defined $ctx ? ', ' . literal($ctx) : '';
}

# One mutation, the first of a client in a group of its own.
my $groups = 0;

sub push_of
{
	my ($ctx, $name, $args, %request) = @_;
	my $group = 'fresh ' . ++$groups;

	return sprintf 'SELECT plasma.push(%s%s);',
		request(clientGroupID => $group, mutations => [ { id => 1, name => $name, args => $args } ], %request),
		defined $ctx ? ', ' . literal($ctx) : '';
}

# What a role gets to read: results, errors, notices.
sub said
{
	my ($role, $sql) = @_;

	utf8::encode($sql) if utf8::is_utf8($sql);
	my ($status, $out, $error) = $node->psql('postgres', $sql,
		connstr => $node->connstr('postgres') . " user=$role options='-c client_min_messages=warning'", on_error_stop => 0,
		extra_params => ['-v', 'VERBOSITY=verbose']);

	return "$out\n$error";
}

sub refused
{
	my ($role, $sql, $refusal, $name) = @_;
	my $said = said($role, $sql);
	my $ok = $said =~ /ERROR:  $refusal/ && $said !~ /PWNED|a secret of/;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($ok, "$role: $name") or diag(substr($said, 0, 3000));
	return $ok;
}

# It may be tried, and gives no more than this.
sub harmless
{
	my ($role, $sql, $outcome, $name) = @_;
	my $said = said($role, $sql);
	my $ok = $said =~ $outcome && $said !~ /PWNED|a secret of/;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($ok, "$role: $name") or diag(substr($said, 0, 3000));
	return $ok;
}

# Whether all attempts since the last look left no trace.
sub untouched
{
	my ($name) = @_;
	my $now = $node->safe_psql('postgres', $fingerprint);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($now, $before, $name);
	$before = $now;
	return;
}

# What was allowed counts from here on.
sub settle
{
	$before = $node->safe_psql('postgres', $fingerprint);
	return;
}

1;
