# Users that share connections of a pool in transaction mode: what one of them was, set or left
# unfinished never reaches the next.
use strict;
use warnings;

use AttackWorld;
use JSON::PP;
use RawSession;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/local/sbin);
plan skip_all => 'pgbouncer is not installed' unless $pgbouncer;

my $node = AttackWorld::make(q{log_line_prefix = '%p %u '} . "\n");
$node->safe_psql('postgres', q{
	GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO web;
	CREATE FUNCTION public.late(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT pg_sleep(600) $$;
	CREATE FUNCTION public.fail(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'asked for' USING ERRCODE = args->>'code'; END $$;
	CREATE FUNCTION public.leave(args jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		PERFORM set_config('request.jwt.claims', '{"sub": "sam"}', false), set_config('search_path', 'mine', false), set_config('app.user', 'sam', false);
		CREATE TEMP TABLE IF NOT EXISTS left_behind (id int) ON COMMIT DROP;
	END $$;
	SELECT plasma.register_mutator(f, ('public.' || f || '(jsonb)')::regprocedure) FROM unnest('{late,fail,leave}'::text[]) f});

# A pool as a node: what RawSession asks of one.
package Pool
{
	sub host { return $_[0]{host} }
	sub port { return $_[0]{port} }
}
my $pool = bless { host => $node->host, port => $node->port + 1 }, 'Pool';
my $pid_file = $node->basedir . '/pgbouncer.pid';
my $config = $node->basedir . '/pgbouncer.ini';

sub start_pool
{
	my ($size) = @_;
	my ($host, $port) = ($node->host, $node->port);

	unlink $config;
	append_to_file($config, <<"END");
[databases]
postgres = host=$host port=$port dbname=postgres user=gate

[pgbouncer]
listen_port = $pool->{port}
unix_socket_dir = $pool->{host}
auth_type = any
pool_mode = transaction
default_pool_size = $size
ignore_startup_parameters = options
logfile = $PostgreSQL::Test::Utils::log_path/pgbouncer.log
pidfile = $pid_file
END
	system_or_bail($pgbouncer, '-q', '-d', $config);
	wait_for(sub { -S "$host/.s.PGSQL.$pool->{port}" && -s $pid_file }, 'start');
	return;
}
sub stop_pool
{
	return unless -s $pid_file;
	my $pid = slurp_file($pid_file) + 0;

	kill 'INT', $pid;
	wait_for(sub { !-e $pid_file }, 'stop');
	return;
}
sub wait_for
{
	my ($done, $what) = @_;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $done->();
		select undef, undef, undef, 0.1;
	}
	die "pgbouncer does not $what";
}
END
{
	my $status = $?;
	stop_pool() if defined $pid_file;
	$? = $status;
}

my $json = JSON::PP->new;
sub ctx { return qq({"sub": "$_[0]", "role": "web"}) }
sub pull { return pull_of(ctx($_[0]), clientGroupID => "of $_[0]") }
# The number of a user's next mutation.
my %next;
sub push_as
{
	my ($user, $name, $args) = @_;

	return 'SELECT plasma.push(' . request(clientGroupID => "of $user", mutations => [ { id => ++$next{$user}, name => $name, args => $args } ]) . ', ' . literal(ctx($user)) . ');';
}
sub seen
{
	my ($session, $user) = @_;
	my $answer = $session->query(pull($user));

	return "$answer->{code}: $answer->{message}" if $answer->{code};
	return join ' ', sort map { $_->{id} } grep { ($_->{table} // '') eq 'notes' && $_->{op} eq 'put' } @{ $json->decode($answer->{rows}[0][0])->{patch} };
}
# Nothing of anybody is in the connection that comes next.
my $clean = q{SELECT CURRENT_USER, SESSION_USER, plasma.ctx(), (plasma.origin()).client_id, NULLIF(current_setting('request.jwt.claims', true), ''),
	NULLIF(current_setting('app.user', true), ''), current_setting('search_path'), to_regclass('pg_temp.left_behind')};
sub is_clean
{
	my ($session, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($session->safe_psql(undef, $clean), 'gate|gate|||||"$user", public|', $name);
	return;
}

# One connection for all.
start_pool(1);
my ($wendy, $bert) = map { RawSession->new($pool) } 1 .. 2;
is($wendy->safe_psql(undef, 'SELECT pg_backend_pid()'), $bert->safe_psql(undef, 'SELECT pg_backend_pid()'), 'two clients share a connection');
is_clean($wendy, 'it begins with nothing of anybody');
for my $round (1 .. 5)
{
	for my $turn ([ $wendy, 'wendy' ], [ $bert, 'bert' ])
	{
		my ($session, $user) = @$turn;

		like($session->safe_psql(undef, push_as($user, 'addNote', { id => "$user $round", title => 'x' })), qr/"status":"ok"/, "$user pushes, round $round");
	}
	is(seen($wendy, 'wendy'), join(' ', 'w1', map { "wendy $_" } 1 .. $round), 'wendy sees her rows only');
	is(seen($bert, 'bert'), join(' ', map { "bert $_" } 1 .. $round), 'bert sees his');
}
is_clean($wendy, 'nothing is left after requests that went well');
is($node->safe_psql('postgres', q{SELECT count(*) FROM plasma.changes WHERE table_name = 'notes' AND split_part(row_id, ' ', 1) IS DISTINCT FROM replace(client_group_id, 'of ', '') AND client_group_id IS NOT NULL}),
	'0', 'no write has the origin of another user');

# After what went wrong.
like($wendy->safe_psql(undef, push_as('wendy', 'leave', {})), qr/"status":"ok"/, 'a mutator leaves settings and a temporary table');
is_clean($bert, '... and nothing of them is there for the next');
like($wendy->safe_psql(undef, push_as('wendy', 'fail', { code => 'P0001' })), qr/"status":"failed"/, 'a mutation fails for good');
is_clean($bert, '... and leaves nothing');
is($wendy->query(push_as('wendy', 'fail', { code => '40001' }))->{code}, '40001', 'a mutation fails for now');
$next{wendy}--;
is_clean($bert, '... and leaves nothing');
is($wendy->query(pull_of(ctx('wendy'), clientGroupID => 'of bert'))->{code}, 'PL004', 'wendy pulls the group of bert');
is_clean($bert, '... and leaves nothing');
like($wendy->safe_psql(undef, q{SELECT status FROM plasma.http('POST', '/pull', } . request(cookie => undef, clientGroupID => 'of bert') . q{, '{}', } . literal(ctx('wendy')) . ')'), qr/^403$/, 'the same by HTTP');
is_clean($bert, '... and leaves nothing');

# Cancelled in the middle of a mutation.
$wendy->start(push_as('wendy', 'late', {}));
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'}) or die;
$wendy->cancel;
is($wendy->wait_answer->{code}, '57014', 'a mutation is cancelled');
$next{wendy}--;
is_clean($bert, '... and leaves nothing');
is(seen($bert, 'bert'), join(' ', map { "bert $_" } 1 .. 5), 'bert sees his rows');

# Gone in the middle of a transaction, and of a mutation.
for my $way ('transaction', 'mutation')
{
	my $gone = RawSession->new($pool);
	$gone->safe_psql(undef, q{BEGIN; SELECT set_config('request.jwt.claims', '{"sub": "gone"}', true)});
	$gone->safe_psql(undef, push_of(ctx('gone'), 'addNote', { id => "by gone in a $way", title => 'x' }));
	my $pid = $gone->safe_psql(undef, 'SELECT pg_backend_pid()');
	$gone->start(push_of(ctx('gone'), 'late', {})) if $way eq 'mutation';
	$gone->cut;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)") if $way eq 'mutation';
	is_clean($bert, "a client that is gone in the middle of a $way leaves nothing");
	is(seen($bert, 'bert'), join(' ', map { "bert $_" } 1 .. 5), 'bert sees his rows');
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM public.notes WHERE id LIKE 'by gone%'}), '0', 'and what it had not committed is not there');

# Claims in the manner of PostgREST: for one transaction.
sub with_claims
{
	my ($session, $user, $sql) = @_;

	return $session->query(qq{BEGIN; SELECT set_config('role', 'web', true), set_config('request.jwt.claims', '{"sub": "$user"}', true);} . $sql . 'COMMIT;');
}
my $mine = q{SELECT string_agg(id, ' ' ORDER BY id) FROM public.notes;};
for (1 .. 3)
{
	is(with_claims($wendy, 'wendy', $mine)->{rows}[1][0], 'w1 wendy 1 wendy 2 wendy 3 wendy 4 wendy 5', 'wendy by claims');
	is(with_claims($bert, 'bert', $mine)->{rows}[1][0], 'bert 1 bert 2 bert 3 bert 4 bert 5', 'bert by claims');
	like(with_claims($bert, 'bert', pull_of(undef, clientGroupID => 'of bert'))->{rows}[1][0], qr/"id":"bert 1"(?!.*"id":"w)/, 'bert pulls by claims');
	is_clean($wendy, 'claims go with their transaction');
}
with_claims($wendy, 'wendy', 'SELECT 1/0;');
$wendy->query('ROLLBACK');
is_clean($bert, 'with one that fails, too');

# What must not be done, and why; and what holds even so.
$wendy->safe_psql(undef, q{SET request.jwt.claims = '{"sub": "wendy"}'});
like($bert->safe_psql(undef, 'SELECT plasma.ctx()'), qr/wendy/, 'claims that are SET without LOCAL are those of whoever comes next');
is(seen($bert, 'bert'), 'bert 1 bert 2 bert 3 bert 4 bert 5', 'a ctx that is passed comes before them');
$bert->safe_psql(undef, 'RESET request.jwt.claims');
is_clean($wendy, 'until they are RESET');
$_->cut for $wendy, $bert;
stop_pool();

# Two connections, transactions that interleave.
start_pool(2);
($wendy, $bert) = map { RawSession->new($pool) } 1 .. 2;
for my $round (6 .. 8)
{
	my ($first, $name, $second, $other) = $round % 2 ? ($wendy, 'wendy', $bert, 'bert') : ($bert, 'bert', $wendy, 'wendy');

	$first->safe_psql(undef, 'BEGIN');
	$first->safe_psql(undef, push_as($name, 'addNote', { id => "$name $round", title => 'x' }));
	like($second->safe_psql(undef, push_as($other, 'addNote', { id => "$other $round", title => 'x' })), qr/"status":"ok"/, "$other pushes while $name has not committed");
	like(seen($second, $other), qr/^(?:w1 )?(?:$other \d ?)+$/, '... and sees nothing of it');
	$second->safe_psql(undef, 'BEGIN');
	is($second->safe_psql(undef, $clean =~ s/, to_regclass.*//sr), 'gate|gate|||||"$user", public', '... and has nothing of it in its connection');
	is($first->query(pull($name))->{code}, '25001', "$name cannot pull what is not committed");
	$first->query('ROLLBACK');
	$next{$name}--;
	$second->safe_psql(undef, 'COMMIT');
	like($first->safe_psql(undef, push_as($name, 'addNote', { id => "$name $round", title => 'x' })), qr/"status":"ok"/, "$name pushes again");
	is_clean($_, 'nothing is left') for $first, $second;
}
is($node->safe_psql('postgres', q{SELECT string_agg(owner || ' ' || n, ', ' ORDER BY owner) FROM (SELECT owner, count(*) AS n FROM public.notes GROUP BY 1) c}),
	'ann 1, bert 8, bob 1, sam 1, wendy 9', 'everybody has their own rows');
$_->cut for $wendy, $bert;
stop_pool();

done_testing();
