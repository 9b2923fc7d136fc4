# Attempts on slices: to be sent another's, to have requests cost much by them, to put SQL into the
# queries and the names of a declaration.
use strict;
use warnings;

use AttackWorld;
use JSON::PP;
use MIME::Base64 qw(decode_base64url encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = AttackWorld::make();
my $json = JSON::PP->new->canonical->allow_nonref->ascii;
my $long = 'a team with a long name ' x 20;
my $digest = $node->safe_psql('postgres', qq{SELECT encode(sha256('$long'), 'hex')});

$node->safe_psql('postgres', qq{
	CREATE TABLE public.members (member text, team text, room int, PRIMARY KEY (member, team));
	CREATE TABLE public.bystander (id text);
	SELECT plasma.ensure_schema('{"version": "v2", "scopes": {
			"team": "SELECT team FROM public.members WHERE member = plasma.ctx()->>''sub''",
			"room": "SELECT room FROM public.members WHERE member = plasma.ctx()->>''sub''"},
		"tables": {
			"items": {"columns": {"id": {"kind": "id"}, "team_id": {"kind": "text", "nullable": true}}, "scope": {"team": "team_id"}},
			"more_items": {"columns": {"id": {"kind": "id"}, "team_id": {"kind": "text"}}, "scope": {"team": "team_id"}},
			"seats": {"columns": {"id": {"kind": "id"}, "room_id": {"kind": "int"}}, "scope": {"room": "room_id"}}}}');
	GRANT SELECT ON public.members TO web;
	GRANT SELECT, INSERT, UPDATE, DELETE ON public.items, public.more_items, public.seats TO web;
	INSERT INTO public.members VALUES ('wendy', 't1', 1), ('wendy', '$digest', 1), ('wendy', 't1''', 1), ('bert', 't2', 2), ('bert', '$long', 2), ('bert', 'team:t1', 2), ('bert', 't1:', 2), ('bert', 't1"', 2);
	INSERT INTO public.items SELECT 'id of ' || member || ' ' || row_number() OVER (), team FROM public.members;
	INSERT INTO public.more_items SELECT id, team_id FROM public.items;
	INSERT INTO public.items VALUES ('of nobody', NULL);
	INSERT INTO public.seats VALUES ('seat of wendy', 1), ('seat of bert', 2);
	CREATE FUNCTION public.move(args jsonb) RETURNS void LANGUAGE sql AS \$\$ UPDATE public.items SET team_id = args->>'to' WHERE id = args->>'id' \$\$;
	SELECT plasma.register_mutator('move', 'public.move(jsonb)')});
my $wendy = '{"sub": "wendy", "role": "web"}';
my @version = (schemaVersion => 'v2');

sub pulls
{
	my ($cookie, $before) = @_;
	my $started = time;
	my $said = said('gate', ($before // '') . pull_of($wendy, @version, clientGroupID => 'of wendy', cookie => $cookie));

	return ($said =~ /^(\{.*\})$/m ? $json->decode($1) : $said, time - $started);
}
sub gets
{
	my ($cookie, $name, $before) = @_;
	my ($answer, $time) = pulls($cookie, $before);
	my $text = ref $answer ? $json->encode($answer->{patch}) : $answer;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(ref $answer && $text !~ /of (?:bert|nobody)/ || $text =~ /PL005: \$.cookie is not a cookie/, $name) or diag(substr $text, 0, 2000);
	cmp_ok($time, '<', 10, '... in no time');
	cmp_ok(length $text, '<', 1_000_000, '... and at no length');
	return $answer;
}

my $first = gets(undef, 'wendy is sent what is in her slices');
my @sent = map { $_->{id} } grep { $_->{op} eq 'put' && $_->{table} eq 'items' } @{ $first->{patch} };
is(scalar @sent, 3, '... and all of it, whatever their values look like');
my $cookie = $first->{cookie};
sub forged
{
	my ($edit) = @_;
	my $text = decode_base64url(substr $cookie, 3);
	my $file = $node->basedir . '/cookie';

	$text =~ s/,"sum":"[0-9a-f]{16}"\}$// or die $text;
	$text = $edit->($text);
	open my $out, '>', $file or die;
	print $out $text;
	close $out;
	my $sum = $node->safe_psql('postgres', qq{SELECT lpad(to_hex(hashtextextended(pg_read_file('$file'), 0)), 16, '0')});
	return 'c2:' . encode_base64url(qq{$text,"sum":"$sum"\}});
}
is(ref gets(forged(sub { $_[0] }), 'the checksum is made as the server makes it'), 'HASH', '... and taken');
sub scopes
{
	my ($team, $room, $fetch) = @_;
	my $scopes = sprintf '"scopes":{"room":%s,"team":%s}', map { $json->encode([ sort @$_ ]) } $room // [1], $team;

	return forged(sub { $_[0] =~ s/"scopes":\{[^}]*\}/$scopes/r =~ s/"fetch":\{\}/'"fetch":' . ($fetch \/\/ '{}')/er });
}
my @own = ($digest, 't1', "t1'");
gets(scopes([ @own, 't2' ]), 'a cookie that claims the slice of another');
gets(scopes([ 't2', $long ]), 'one that claims nothing else');
gets(scopes([]), 'one that claims none');
gets(scopes(\@own, [ 1, 2 ]), 'one that claims another room');
gets(scopes(\@own, [ '1', $_ ]), "a value that is none of the type: $_") for 'abc', "1' OR true --", '9' x 30, '', ' 1', '1.0', '0x1';
gets(scopes([ @own, $_ ]), 'a value that could be SQL or JSON') for q{'}, q{"}, q{\\}, q<"},"where":{}>, q<'); DROP TABLE items; -->, "\x{1F600}", 'x' x 10_000;
gets(scopes(\@own, undef, '{"items":' . $_ . '}'), "fetching $_")
	for '["", 0, 0, 2]', '["id of bert 4", 1, 0, 2]', q{["' OR true --", 0, 0, 2]}, '[0, 99]', '[0, 999999]', '[0, 2000000000]', '[-1, 2]', '[2, 0]', '["x"]', '[]', '{}', '[[]]', '["x", "y", 0, 1]', 'null', '"zzz"';
gets(scopes([ @own, map { sprintf 'u%06d', $_ } 1 .. 60_000 ]), 'sixty thousand slices');
gets(scopes([ @own, map { sprintf 'u%06d', $_ } 1 .. 900 ]), 'nine hundred slices');
my $greedy = forged(sub { my $tables = join ',', map { qq{"x$_":[1,0,""]} } 1 .. 4000; my $fetch = join ',', map { qq{"x$_":[0,999999]} } 1 .. 4000;
	$_[0] =~ s/"tables":\{/"tables":{$tables,/r =~ s/"fetch":\{\}/"fetch":{$fetch}/r });
gets($greedy, 'four thousand tables of a million slices each');
my ($peak) = said('postgres', pull_of($wendy, @version, clientGroupID => 'of wendy', cookie => $greedy) . q{SELECT pg_read_file('/proc/self/status');}) =~ /VmHWM:\s*(\d+) kB/;
cmp_ok($peak, '<', 250_000, '... take no memory');

# What the session holds bends no query of a scope.
my $shadows = q{CREATE TEMP TABLE members (member text, team text, room int); INSERT INTO members VALUES ('wendy', 't2', 2); GRANT ALL ON members TO PUBLIC;
	CREATE FUNCTION pg_temp.ctx() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"sub": "bert"}'::jsonb $$;};
gets(undef, "the search path '$_'", "$shadows SET search_path = $_;") for 'pg_temp, public', "''", 'public, pg_catalog, pg_temp';
gets(undef, 'claims of another in the setting', q{SET request.jwt.claims = '{"sub": "bert"}';});
refused('gate', push_of($wendy, 'run', {}, @version) . q{SET ROLE web; INSERT INTO public.members VALUES ('wendy', 't2', 2);}, '42501: permission denied for table members', 'makes itself a member');
harmless('gate', push_of($wendy, 'move', { id => $sent[0], to => 't2' }, @version), qr/"status":"ok"/, 'moves a row into another\'s slice');
like($json->encode(gets($cookie, 'and has it no longer')->{patch}), qr/"op":"del"/, '... it is told that the row is gone');
$node->safe_psql('postgres', q{ALTER ROLE gate SET plasma.max_scopes = 2});
refused('gate', pull_of($wendy, @version), '54000: the scope "team" has more slices', 'has more slices than are allowed');
$node->safe_psql('postgres', 'ALTER ROLE gate RESET plasma.max_scopes');

# Queries that a declaration may not have.
for my $query ('DELETE FROM public.members RETURNING team', 'SELECT 1; DROP TABLE public.bystander', 'SELECT team FROM public.members FOR UPDATE', 'WITH gone AS (DELETE FROM public.members RETURNING team) SELECT team FROM gone',
	'SELECT team INTO public.made FROM public.members', 'TRUNCATE public.bystander', 'COPY public.members TO STDOUT', 'SELECT (', '', '--', "SELECT 'x') OR (true", 'SELECT team FROM public.members) slices (c1); DROP TABLE public.bystander; --',
	'VALUES ($1)', 'SELECT no_such()', 'CALL plasma.compact()', 'EXECUTE planned', 'SET ROLE postgres', 'CREATE TABLE public.made ()', 'DO $$ BEGIN END $$', 'EXPLAIN SELECT 1', 'FETCH c')
{
	my $declaration = literal($json->encode({ version => 'v9', scopes => { team => $query },
		tables => { things => { columns => { id => { kind => 'id' }, team => { kind => 'text' } }, scope => 'team' } } }));
	my $shown = $query =~ s/\s+/ /gr;

	refused('admin', "SELECT plasma.ensure_schema($declaration);", '', "a scope's query: $shown");
}
is($node->safe_psql('postgres', q{SELECT to_regclass('public.bystander') IS NOT NULL, to_regclass('public.made') IS NULL, count(*) FROM public.members}), 't|t|8', 'none of them was run');
is($node->safe_psql('postgres', q{SELECT version FROM plasma.declarations WHERE active}), 'v2', 'nor made the declaration');

# Names of a declaration, each as it was written and no more than a name.
my $n = 0;
for my $name ("o'brien", 'say "so"', 'back\\slash', '$$; DROP TABLE bystander; $$', "'); DROP TABLE bystander; --", '$body$', "new\nline", '%I %s %1$s', "\x{1F600}\x{0301}", 'TG_RELID', 'plasma_new', 'select', 'a.b', '{"a"}', 'new', 'x' x 63)
{
	my $shown = $name =~ s/[^ -~]/?/gr;
	my $version = 'odd ' . ++$n . " $name";
	my $declaration = $json->encode({ version => $version,
		tables => { $name => { key => [$name], columns => { $name => { kind => 'text' }, id => { kind => 'text', default => $name }, big => { kind => 'bigint', nullable => JSON::PP::true } },
			auth => { read => 'true', write => 'true' } } } });
	my $quoted = '"' . ($name =~ s/"/""/gr) . '"';

	my $said = said('postgres', 'BEGIN; DELETE FROM plasma.declarations; SELECT plasma.drop_capture(); SELECT plasma.ensure_schema(' . literal($declaration) . ");
		INSERT INTO public.$quoted ($quoted) VALUES ('key'), (" . literal($name) . "); UPDATE public.$quoted SET big = 1; DELETE FROM public.$quoted WHERE $quoted = 'key';
		SELECT 'logged', count(*), min(table_name) = " . literal($name) . ', string_agg(DISTINCT row_id, \'\') = ' . literal($name) . " || 'key' OR string_agg(DISTINCT row_id, '') = 'key' || " . literal($name) . "
			FROM plasma.changes WHERE table_name = " . literal($name) . '; SELECT plasma.verify(); ROLLBACK;');
	like($said, qr/^logged\|5\|t\|t$/m, "a table, its key, a default and a version are called $shown") or diag(substr $said, 0, 2000);
}

done_testing();
