# A push that breaks off, wherever that is and for whatever reason, is sent again
# until there is an answer: each mutation has one effect. Broken off by an error at
# each step of a push, by a lost connection, a cancel or a timeout at any moment; sent
# twice at once, by several sessions for several tabs, at each level of isolation; in
# a transaction that its caller rolls back, prepares, or cannot commit.
use strict;
use warnings;

use JSON::PP;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical;
my $seed = $ENV{PLASMA_RETRY_SEED} // CORE::time;
srand $seed;
note "PLASMA_RETRY_SEED=$seed";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nshared_buffers = 128MB\nmax_prepared_transactions = 5\n"
	  . "deadlock_timeout = 10ms\nlog_min_messages = fatal");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"effects": {"columns": {"id": {"kind": "id"}, "run": {"kind": "sql", "type": "xid8"}}}}}');
	-- Beside the synced one: the number of runs, which no unique key keeps from growing
	CREATE TABLE tallies (client text PRIMARY KEY, n int);
	CREATE TABLE shelf (id int PRIMARY KEY, n int);
	INSERT INTO shelf SELECT i, 0 FROM generate_series(1, 4) i;

	-- What goes wrong at which point of a push: nothing, or all that is in this table
	CREATE TABLE faults (point text PRIMARY KEY, what text);
	CREATE FUNCTION fault(at text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		fault text := (SELECT what FROM public.faults WHERE point = at);
	BEGIN
		IF fault IN ('terminate', 'cancel') THEN
			EXECUTE format('SELECT pg_%s_backend(pg_backend_pid())', fault);
			PERFORM pg_sleep(10);
		ELSIF fault IS NOT NULL THEN
			RAISE 'fault' USING ERRCODE = fault;
		END IF;
	END $$;
	CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM public.fault(TG_ARGV[0]);
		RETURN NULL;
	END $$;
	CREATE TRIGGER f AFTER INSERT ON plasma.client_groups FOR EACH ROW EXECUTE FUNCTION fault('group claimed');
	CREATE TRIGGER f AFTER INSERT ON plasma.client_mutations FOR EACH ROW EXECUTE FUNCTION fault('client made');
	CREATE TRIGGER g AFTER UPDATE ON plasma.client_mutations FOR EACH ROW EXECUTE FUNCTION fault('id moved');
	CREATE TRIGGER f AFTER INSERT ON plasma.mutation_failures FOR EACH ROW EXECUTE FUNCTION fault('failure noted');
	CREATE CONSTRAINT TRIGGER h AFTER UPDATE ON plasma.client_mutations DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION fault('at commit');
	CREATE CONSTRAINT TRIGGER f AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION fault('end of a mutation');

	-- Mutations: the third of ten fails for good, after it was run
	CREATE FUNCTION act(seconds float8 DEFAULT 0, shelves int[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		me record := plasma.origin();
		shelf_id int;
	BEGIN
		PERFORM fault('before ' || me.mutation_id);
		INSERT INTO effects VALUES (me.client_id || ' ' || me.mutation_id, pg_current_xact_id());
		INSERT INTO tallies AS t VALUES (me.client_id, 1) ON CONFLICT (client) DO UPDATE SET n = t.n + 1;
		FOREACH shelf_id IN ARRAY shelves LOOP
			UPDATE shelf SET n = n + 1 WHERE id = shelf_id;
		END LOOP;
		PERFORM pg_sleep(seconds);
		PERFORM fault('after ' || me.mutation_id);
		IF me.mutation_id % 10 = 3 THEN
			RAISE division_by_zero;
		END IF;
	END $$;
	CREATE FUNCTION sort() RETURNS void LANGUAGE sql AS $$
		INSERT INTO effects SELECT (plasma.origin()).client_id || ' ' || (plasma.origin()).mutation_id, pg_current_xact_id()
			FROM (SELECT random() AS r FROM generate_series(1, 100000) ORDER BY 1 LIMIT 1 OFFSET 99999) s $$;
	SELECT plasma.register_mutator('act', 'act(float8, int[])'), plasma.register_mutator('sort', 'sort()')});

my $control = RawSession->new($node);

# A statement of the test's own.
sub ask
{
	my ($sql) = @_;

	return $control->safe_psql(undef, $sql);
}

# ---------------------------------------------------------------- pushes

my $pushes = 0;

# A push, by turns over HTTP: mutations are [client, id, name, args], name and args
# may be missing. All clients are tabs of the group.
sub push_sql
{
	my ($group, @mutations) = @_;
	my $body = $json->encode({
		protocolVersion => 1, schemaVersion => 'v1', clientGroupID => $group, clientID => 'none',
		mutations => [ map { { clientID => $_->[0], id => $_->[1], name => $_->[2] // 'act', args => $_->[3] // {} } } @mutations ] });

	return $pushes++ % 2 ? "SELECT plasma.push('$body')" : "SELECT (plasma.http('POST', '/push', '$body')).body";
}

# The answer as pairs: "ann 1" => "ok"
sub statuses
{
	my ($answer) = @_;
	my $results = $json->decode($answer->{rows}[0][0])->{results} or die "no results: $answer->{rows}[0][0]\n";

	return { map { ("$_->{clientID} $_->{id}" => $_->{status}) } @$results };
}

sub told
{
	my ($answer) = @_;

	return $answer->{code} . ($answer->{lost} ? ' lost' : '') if $answer->{code} || $answer->{lost};
	my $statuses = statuses($answer);
	return join ' ', map { $statuses->{$_} } sort { ($a =~ /(\d+)$/)[0] <=> ($b =~ /(\d+)$/)[0] } keys %$statuses;
}

# In a session of its own.
sub push_once
{
	my ($settings, @push) = @_;
	my $session = RawSession->new($node, settings => $settings);
	my $answer = $session->query(push_sql(@push));

	$session->cut;
	return $answer;
}

# What is wrong with a client whose ledger should be at $last.
sub wrong
{
	my ($client, $last) = @_;
	my @got = split /\|/, ask(qq{
		SELECT coalesce((SELECT last_mutation_id FROM plasma.client_mutations WHERE client_id = '$client'), 0),
			coalesce((SELECT string_agg(n::text, ' ' ORDER BY n) FROM (SELECT split_part(id, ' ', 2)::int AS n FROM effects WHERE id LIKE '$client %') e), ''),
			coalesce((SELECT n FROM tallies WHERE client = '$client'), 0),
			coalesce((SELECT string_agg(mutation_id || ' ' || code, ' ' ORDER BY mutation_id) FROM plasma.mutation_failures WHERE client_id = '$client'), ''),
			(SELECT count(*) FROM plasma.changes WHERE client_id = '$client')}), -1;
	my @good = grep { $_ % 10 != 3 } 1 .. $last;
	my @expected = ($last, "@good", scalar @good, join(' ', map { "$_ 22012" } grep { $_ % 10 == 3 } 1 .. $last), scalar @good);
	my @names = qw(ledger effects runs failures entries);

	return map { $got[$_] eq $expected[$_] ? () : "$client: $names[$_] $got[$_], not $expected[$_]" } 0 .. $#names;
}

# ---------------------------------------------------------------- each step of a push

# The session stays after an error, which must leave nothing behind in it.
my $lasting;

sub push_again
{
	$lasting //= RawSession->new($node);
	my $answer = $lasting->query(push_sql(@_));

	undef $lasting if $answer->{lost};
	return told($answer);
}

my @points = ('group claimed', 'client made', (map { ("before $_", "after $_") } 1, 2, 4, 5),
	'end of a mutation', 'failure noted', 'id moved', 'at commit');
my @whats = qw(terminate cancel 40001 40P01 53100 08006 55P03);

sub fail_at
{
	my ($point, $what) = @_;
	my $client = "$point, $what" =~ tr/ ,/_/dr;
	my @push = ($client, map { [ $client, $_ ] } 1 .. 5);
	my $code = { terminate => '57P01 lost', cancel => '57014' }->{$what} // $what;
	my @wrong;

	ask("INSERT INTO faults VALUES ('$point', '$what')");
	my $got = push_again(@push);
	push @wrong, "raised $got, not $code" if $got ne $code;
	push @wrong, wrong($client, 0);
	ask('DELETE FROM faults');
	$got = push_again(@push);
	push @wrong, "then answered $got" if $got ne 'ok ok failed ok ok';
	$got = push_again(@push);
	push @wrong, "then answered $got" if $got ne 'duplicate duplicate failed duplicate duplicate';
	push @wrong, wrong($client, 5);
	return map { "$what, $point: $_" } @wrong;
}

foreach my $what (@whats)
{
	is_deeply([ map { fail_at($_, $what) } @points ], [], "$what at each step of a push: nothing is left, and then it is run once");
}
is_deeply([ fail_at('at commit', '23514') ], [], 'an error at the commit that is not worth a retry leaves nothing either');

# ---------------------------------------------------------------- any moment

# Repeats a push until there is an answer for all.
sub push_on
{
	my (@push) = @_;
	my $answer;

	for (1 .. 100)
	{
		$answer = push_once('', @push);
		last if $answer->{done};
	}
	return told($answer);
}

# A server notices that its client went away when it answers, or earlier where told so.
my %disturb = (
	terminate => sub { ask('SELECT pg_terminate_backend(' . $_[0]->pid . ')') },
	cancel => sub { ask('SELECT pg_cancel_backend(' . $_[0]->pid . ')') },
	cut => sub { $_[0]->cut });
my $start = time;
push_once('', 'undisturbed', map { [ 'undisturbed', $_, 'act', { seconds => 0.0005 } ] } 1 .. 50);
my $duration = time - $start;

foreach my $how (sort keys %disturb)
{
	my (@wrong, %seen);

	for my $step (0 .. 15)
	{
		my $client = "$how$step";
		my @push = ($client, map { [ $client, $_, 'act', { seconds => 0.0005 } ] } 1 .. 50);
		my $session = RawSession->new($node, settings => $step % 2 ? '-c client_connection_check_interval=1' : '');

		$session->start(push_sql(@push));
		sleep $duration * $step / 12;
		$disturb{$how}->($session);
		# A client that went away does not wait for the end of its first push
		$seen{ $how eq 'cut' ? 'unknown' : $session->wait_answer->{done} ? 'done' : 'broken off' }++;
		push @wrong, wrong($client, 50) unless push_on(@push) =~ /^(?:(?:ok|duplicate|failed) ?){50}$/ && !wrong($client, 50);
		$session->cut;
	}
	is_deeply(\@wrong, [], "$how at any moment of a push of 50: sent again, each is run once");
	note join ', ', map { "$_: $seen{$_}" } sort keys %seen;
}

# A part of a request is none.
my $session = RawSession->new($node);
$session->start_part(push_sql('part', [ 'part', 1 ]));
$session->cut;
is(told(push_once('', 'part', [ 'part', 1 ])), 'ok', 'half a request does nothing');

# ---------------------------------------------------------------- many at once

# The same mutations, or some of them, by six sessions at once.
for my $round (1 .. 5)
{
	my $client = "crowd$round";
	my @bodies = map { my $from = $_; [ map { [ $client, $_ ] } $from .. $from + 9 ] } 1, 1, 4, 4, 11, 1;
	my @sessions = map { RawSession->new($node) } @bodies;
	my (%ok, @wrong);

	$sessions[$_]->start(push_sql($client, @{ $bodies[$_] })) foreach shuffle 0 .. $#bodies;
	for my $answer (map { $_->wait_answer } @sessions)
	{
		my $statuses = $answer->{code} ? {} : statuses($answer);

		push @wrong, $answer->{message} if $answer->{code};
		$ok{$_}++ foreach grep { $statuses->{$_} eq 'ok' } keys %$statuses;
	}
	push_on($client, map { [ $client, $_ ] } 1 .. 20);
	push @wrong, grep { $ok{$_} != 1 } sort keys %ok;
	is_deeply([ @wrong, wrong($client, 20) ], [], "six pushes of one client at once, $round");
	$_->cut foreach @sessions;
}

# Sessions that push for any tab of a group, in any mixture, from anywhere in its
# outbox, and whose mutators want the same rows in any order.
sub mix
{
	my ($isolation, $goal) = @_;
	my @tabs = map { ($isolation =~ tr/ //dr) . $_ } 1 .. 8;
	my @workers = map { RawSession->new($node, settings => "-c default_transaction_isolation=" . ($isolation =~ s/ /\\ /r)) } 1 .. 5;
	my %known = map { ($_ => 0) } @tabs;
	my (%retries, @wrong);
	my $body = sub {
		return shuffle map { my $tab = $_; my $from = $known{$tab} + int(rand 4) - 1; map { [ $tab, $_, 'act', { shelves => [ shuffle 1 .. 3 ] } ] } grep { $_ >= 1 && $_ <= $goal } $from .. $from + 2 } grep { rand() < 0.3 } @tabs;
	};
	my $send = sub { $_[0]->start(push_sql("group of $isolation", $body->())) };

	$send->($_) foreach @workers;
	for (1 .. 2000)
	{
		my @ready = IO::Select->new(map { $_->socket } @workers)->can_read($PostgreSQL::Test::Utils::timeout_default);

		for my $worker (grep { my $w = $_; grep { $_ == $w->socket } @ready } @workers)
		{
			my $answer = $worker->take or next;

			if ($answer->{code})
			{
				push @wrong, "$answer->{code} $answer->{message}" unless $answer->{code} =~ /^40/;
				$retries{ $answer->{code} }++;
			}
			else
			{
				my $statuses = statuses($answer);

				while (my ($mutation, $status) = each %$statuses)
				{
					my ($tab, $id) = split / /, $mutation;

					$known{$tab} = $id if $status ne 'out-of-order' && $id > $known{$tab};
				}
			}
			$send->($worker);
		}
		last unless grep { $known{$_} < $goal } @tabs;
	}
	$_->wait_answer foreach @workers;
	my $shelves = ask('WITH old AS (SELECT id, n FROM shelf), new AS (UPDATE shelf SET n = 0) SELECT string_agg(n::text, \' \' ORDER BY id) FROM old');
	my $sum = @tabs * grep { $_ % 10 != 3 } 1 .. $goal;
	push @wrong, "shelves hold $shelves, not $sum each" if $shelves ne "$sum $sum $sum 0";
	is_deeply([ @wrong, map { wrong($_, $goal) } @tabs ], [], "tabs mixed by five sessions at once, $isolation");
	note join ', ', map { "$_: $retries{$_}" } sort keys %retries;
	$_->cut foreach @workers;
	return;
}

mix($_, 15) foreach 'read committed', 'repeatable read', 'serializable';

# ---------------------------------------------------------------- limits

# Mutations 1 and 2 are known, 4 meets the limit. Then the limit is lifted.
sub limited
{
	my ($name, $code, $settings, $fourth, $around) = @_;
	my $client = $name =~ tr/ /_/r;
	my @push = ($client, map { [ $client, $_ ] } 1 .. 6);

	push_on($client, [ $client, 1 ], [ $client, 2 ]);
	my @hard = ($client, [ $client, 3 ], [ $client, 4, @{ $fourth // [] } ], [ $client, 5 ]);
	my $answer = $around ? $around->(@hard) : push_once($settings, @hard);
	my @wrong = told($answer) eq $code ? () : "raised $answer->{code} $answer->{message}";
	push @wrong, wrong($client, 2);
	push @wrong, "then answered $_" foreach grep { $_ ne 'duplicate duplicate failed ok ok ok' } push_on(@push);
	is_deeply([ @wrong, wrong($client, 6) ], [], $name);
	return;
}

# The same while another session holds what the push needs.
sub while_held
{
	my ($hold, $settings, $then) = @_;

	return sub {
		my @push = @_;
		my $holder = RawSession->new($node);
		my $pusher = RawSession->new($node, settings => $settings);

		$holder->query("BEGIN; $hold");
		$pusher->start(push_sql(@push));
		$then->($pusher) if $then;
		my $answer = $pusher->wait_answer;
		$holder->query('ROLLBACK');
		$_->cut foreach $holder, $pusher;
		return $answer;
	};
}

sub when_it_waits
{
	my ($function) = @_;

	return sub {
		my $pid = $_[0]->pid;

		sleep 0.01 until ask("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid") eq 't';
		ask("SELECT $function($pid)");
	};
}

my $ledger = q{SELECT 1 FROM plasma.client_mutations FOR UPDATE};
my $shelf = q{UPDATE shelf SET n = n WHERE id = 4};
my $wants_shelf = [ 'act', { shelves => [4] } ];

limited('statement timeout', '57014', '-c statement_timeout=200', [ 'act', { seconds => 10 } ]);
limited('temporary files', '53400', '-c temp_file_limit=64 -c work_mem=64', ['sort']);
limited('lock timeout in a mutator', '55P03', '', $wants_shelf, while_held($shelf, '-c lock_timeout=50'));
limited('lock timeout at the ledger', '55P03', '', undef, while_held($ledger, '-c lock_timeout=50'));
limited('cancelled in a mutator', '57014', '', $wants_shelf, while_held($shelf, '', when_it_waits('pg_cancel_backend')));
limited('cancelled at the ledger', '57014', '', undef, while_held($ledger, '', when_it_waits('pg_cancel_backend')));
limited('terminated in a mutator', '57P01 lost', '', $wants_shelf, while_held($shelf, '', when_it_waits('pg_terminate_backend')));
limited('terminated at the ledger', '57P01 lost', '', undef, while_held($ledger, '', when_it_waits('pg_terminate_backend')));
limited('a mutation timeout behind a statement timeout', '57014', '-c statement_timeout=200 -c plasma.mutation_timeout=5000', [ 'act', { seconds => 10 } ]);
limited('idle in transaction', '25P03 lost', '', undef, sub {
	my $session = RawSession->new($node, settings => '-c idle_in_transaction_session_timeout=50');

	$session->query('BEGIN; ' . push_sql(@_));
	$session->{answer} = { rows => [] };
	return $session->wait_answer;
});
limited('a transaction that takes too long', '25P04 lost', '-c transaction_timeout=200', [ 'act', { seconds => 10 } ])
  if $node->pg_version >= 17;

# ---------------------------------------------------------------- the caller's transaction

# Statements of one session; PUSH stands for the push. Says what came of each push,
# and the code of the last error.
sub script
{
	my ($client, @statements) = @_;
	my $session = RawSession->new($node);
	my @told;

	for my $statement (@statements)
	{
		my $answer = $session->query($statement eq 'PUSH' ? push_sql($client, map { [ $client, $_ ] } 1 .. 4) : $statement);

		push @told, told($answer) if $statement eq 'PUSH' || $answer->{code};
	}
	$session->cut;
	return \@told;
}

my ($new, $known) = ('ok ok failed ok', 'duplicate duplicate failed duplicate');

is_deeply(script('rolled', 'BEGIN', 'PUSH', 'ROLLBACK', 'PUSH', 'PUSH'), [ $new, $new, $known ],
	'a push that the caller rolls back has not been');
is_deeply([ wrong('rolled', 4) ], [], 'and is run once after that');
is_deeply(script('saved', 'BEGIN', 'SAVEPOINT s', 'PUSH', 'ROLLBACK TO s', 'PUSH', 'PUSH', 'RELEASE s', 'COMMIT', 'PUSH'),
	[ $new, $new, $known, $known ], 'the same with a savepoint');
is_deeply([ wrong('saved', 4) ], [], 'and the same effect');
is_deeply(script('prepared', 'BEGIN', 'PUSH', "PREPARE TRANSACTION 'p'", 'SET lock_timeout = 50', 'PUSH'), [ $new, '55P03' ],
	'while a push is prepared nobody knows what becomes of it');
$node->stop('immediate');
$node->start;
$control = RawSession->new($node);
is_deeply(script('prepared', 'SET lock_timeout = 50', 'PUSH', "COMMIT PREPARED 'p'", 'PUSH'), [ '55P03', $known ],
	'not after a crash either; committed, it has been run');
is_deeply([ wrong('prepared', 4) ], [], 'once');
is_deeply(script('unprepared', 'BEGIN', 'PUSH', "PREPARE TRANSACTION 'p'", "ROLLBACK PREPARED 'p'", 'PUSH'), [ $new, $new ],
	'rolled back, it has not');
is_deeply([ wrong('unprepared', 4) ], [], 'and is run once after that');
ask('CREATE TABLE kin (id int PRIMARY KEY, of int REFERENCES kin DEFERRABLE INITIALLY DEFERRED)');
is_deeply(script('broken', 'BEGIN', 'PUSH', 'INSERT INTO kin VALUES (1, 2)', 'COMMIT', 'PUSH'), [ $new, '23503', $new ],
	'a commit that fails takes the push with it');
is_deeply([ wrong('broken', 4) ], [], 'which is run once after that');

$node->stop;
done_testing();
