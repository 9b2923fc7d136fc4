# A policy's refusal is told from a missing privilege in whatever language the server
# writes its messages.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %languages = (de => 'durch Null', fr => 'par z', es => 'por cero');
my $tried = 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	CREATE ROLE app;
	CREATE TABLE closed (id text);
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"todos": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}},
		"auth": {"write": "owner = plasma.ctx()->>''sub''"}}}}');
	GRANT SELECT, INSERT, UPDATE ON todos TO app;
	INSERT INTO todos VALUES ('b', 'bob');
	SELECT plasma.grant_access('app', 'sync');
	CREATE FUNCTION run(how text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE how; END $$;
	SELECT plasma.register_mutator('run', 'run(text)')});

my @statements = (
	q{INSERT INTO todos VALUES ('a', 'bob')},
	q{INSERT INTO todos VALUES ('b', 'ann') ON CONFLICT (id) DO UPDATE SET owner = 'ann'},
	q{MERGE INTO todos t USING (VALUES ('b')) v (id) ON t.id = v.id WHEN MATCHED THEN UPDATE SET owner = 'ann'},
	q{INSERT INTO closed VALUES ('a')});

# A server takes its language from its environment, if its locale is not plainly C.
sub refusals
{
	my $client = shift;
	my $number = 0;
	my $body = encode_json({
		protocolVersion => 1, schemaVersion => 'v1', clientGroupID => $client, clientID => $client,
		mutations => [ map { { id => ++$number, name => 'run', args => { how => $_ } } } @statements ] });
	my $answer = $node->safe_psql('postgres', qq{SELECT plasma.push(\$request\$$body\$request\$, '{"sub": "ann", "role": "app"}')});

	return map { $_->{error} } @{ decode_json($answer)->{results} };
}

my @english = refusals('english');
is(join(' ', map { $_->{code} } @english), 'PL009 PL009 PL009 42501', 'English: three are a policy\'s, one is a privilege\'s');
$node->append_conf('postgresql.conf', q{lc_messages = 'C.UTF-8'});
foreach my $language (sort keys %languages)
{
	$node->stop;
	$ENV{LANGUAGE} = $language;
	$node->start;
	my ($status, $out, $error) = $node->psql('postgres', 'SELECT 1 / 0');

	if ($error !~ /\Q$languages{$language}\E/)
	{
		note("$language: the server has no messages of it");
		next;
	}
	$tried++;
	my @refusals = refusals($language);
	is(join(' ', map { $_->{code} } @refusals), 'PL009 PL009 PL009 42501', "$language: the same codes");
	isnt($refusals[0]{message}, $english[0]{message}, "$language: another message");
}
note('only English was tried') if !$tried;
$node->stop;
done_testing();
