# A server that is killed under load, again and again: its clients go on from the
# cookies that they hold, end equal to the tables, and no mutation runs twice. With
# synchronous_commit on none that was acknowledged is lost.
#
# What a kill takes away is the write-ahead log that was not written yet, not what
# the operating system has in its memory. That is much where nobody flushes: with
# synchronous_commit off, and of transactions that rolled back at any setting. So the
# WAL writer is stopped while such a round runs, and after each restart the
# transaction ids and positions that were lost are used anew by others before the
# first client comes back. fsync is on, as it is where somebody cares.
#
# PLASMA_CRASH_ROUNDS sets the number of rounds, PLASMA_CRASH_SEED repeats a run.
use strict;
use warnings;

use IO::Select;
use JSON::PP;
use List::Util qw(max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use SyncClient;
use Test::More;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical;
my $rounds = $ENV{PLASMA_CRASH_ROUNDS} // 6;
my $seed = $ENV{PLASMA_CRASH_SEED} // CORE::time;
srand $seed;
note "PLASMA_CRASH_SEED=$seed PLASMA_CRASH_ROUNDS=$rounds";

# Who is killed, how the clients commit, and whether work is being done at that time.
my @faults = (
	[ 'postmaster', 'off', 'load' ], [ 'everybody', 'on', 'quiet' ], [ 'backend', 'off', 'quiet' ],
	[ 'postmaster', 'on', 'load' ], [ 'everybody', 'off', 'quiet' ], [ 'backend', 'on', 'load' ]);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = on\nrestart_after_crash = on\nautovacuum = off\n"
	  . "shared_buffers = 128MB\ncheckpoint_timeout = 1h\nbgwriter_lru_maxpages = 0\ndeadlock_timeout = 50ms");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {
		"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}, "body": {"kind": "text"}}},
		"marks": {"columns": {"id": {"kind": "id"}}},
		"effects": {"columns": {"id": {"kind": "id"}, "run": {"kind": "sql", "type": "xid8"}}}}}');
	-- Beside the synced one: the number of runs, which no unique key keeps from growing
	CREATE TABLE tallies (client text PRIMARY KEY, n int);
	CREATE FUNCTION act(refused bool) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		me record := plasma.origin();
	BEGIN
		INSERT INTO effects VALUES (me.client_id || ' ' || me.mutation_id, pg_current_xact_id());
		INSERT INTO tallies AS t VALUES (me.client_id, 1) ON CONFLICT (client) DO UPDATE SET n = t.n + 1;
		IF refused THEN
			RAISE division_by_zero;
		END IF;
	END $$;
	SELECT plasma.register_mutator('act', 'act(bool)');
	INSERT INTO items SELECT 'i' || i, 0, '' FROM generate_series(1, 200) i});

# A statement of the test's own.
sub ask
{
	my ($sql) = @_;

	return RawSession->new($node)->safe_psql(undef, $sql);
}

# ---------------------------------------------------------------- who works

# Clients take pages of some size. An actor has a session and says what to send (next) and takes what comes (done).
my @writers = map { { next => \&write_something, done => sub { }, sync => $_ % 2 ? 'off' : undef } } 1 .. 5;
my @clients = map {
	{
		next => \&push_or_pull, done => \&take_result,
		copy => SyncClient->new($_->[0], limit => $_->[1]), outbox => [], last_id => 0, acknowledged => 0, told => 0
	}
} [ 'ann', 1000 ], [ 'bob', 100 ], [ 'cid', 20 ], [ 'dee', 7 ];
my $durable;    # whether an answer is a promise: synchronous_commit is on
my $pulling;    # whether clients pull, or push alone
my @faulty;     # what should not have happened

sub write_something
{
	my $id = sub { 'i' . int rand 300 };
	my $put = sub { my $row = $id->(); "INSERT INTO items VALUES ('$row', 1, repeat('x', 200)) ON CONFLICT (id) DO UPDATE SET n = items.n + 1;" };
	my @kinds = (
		sub { $put->() },
		sub { "DELETE FROM items WHERE id = '" . $id->() . "'" },
		sub { 'BEGIN; SAVEPOINT s; ' . $put->() . ' ROLLBACK TO s; ' . $put->() . ' SAVEPOINT t; ' . $put->() . ' COMMIT' },
		sub { 'BEGIN; ' . $put->() . ' SAVEPOINT s; ' . $put->() . ' ROLLBACK' },
		sub { 'BEGIN; SELECT pg_current_xact_id(); SAVEPOINT s; ' . $put->() . ' ROLLBACK TO s; COMMIT' },
		sub { "INSERT INTO marks VALUES ('" . $id->() . "') ON CONFLICT DO NOTHING" },
		sub { rand() < 0.1 ? 'TRUNCATE marks' : $put->() });

	return $kinds[ rand @kinds ]->();
}

# Whether a mutation is one that fails for good.
sub is_refused { return $_[0] % 10 == 0 }

# All that is in the outbox, and new mutations if told so.
sub push_statement
{
	my ($client, $new) = @_;

	push @{ $client->{outbox} }, map { ++$client->{last_id} } 1 .. $new;
	my @ids = @{ $client->{outbox} };
	return $client->{copy}->statement('push', mutations =>
		  [ map { { id => $_, name => 'act', args => { refused => is_refused($_) ? JSON::PP::true : JSON::PP::false } } } @ids[ 0 .. ($#ids > 20 ? 20 : $#ids) ] ]);
}

sub push_or_pull
{
	my $client = shift;

	$client->{pushes} = !$pulling || !$client->{copy}{more} && rand() < 0.5;
	return $client->{pushes} ? push_statement($client, 1 + int rand 3) : $client->{copy}->pull_statement;
}

sub drop_up_to
{
	my ($client, $id) = @_;

	$client->{outbox} = [ grep { $_ > $id } @{ $client->{outbox} } ];
	return;
}

# A mutation leaves the outbox when the answer to the push says so, if that is a
# promise; else when a pull does.
sub take_result
{
	my ($client, $answer) = @_;
	my $name = $client->{copy}{name};

	if ($answer->{code})
	{
		push @faulty, "$name: $answer->{code} $answer->{message}" unless $answer->{code} =~ /^(40|57|XX|55)/;
		return;
	}
	return unless $answer->{done};
	my $text = $answer->{rows}[0][0];
	if (!$client->{pushes})
	{
		$client->{copy}->take_page($text);
		$client->{told} = max $client->{told}, $client->{copy}{ids}{$name} // 0;
		drop_up_to($client, $client->{told});
		return;
	}
	for my $result (@{ $json->decode($text)->{results} })
	{
		my ($id, $status) = @$result{qw(id status)};

		push @faulty, "$name: mutation $id is $status" . ($result->{error} ? " with $result->{error}{code}" : '')
		  unless $status eq (is_refused($id) ? 'failed' : 'ok') && ($result->{error}{code} // '22012') eq '22012' || $status eq 'duplicate' && !is_refused($id);
		$client->{acknowledged} = max $client->{acknowledged}, $id;
	}
	drop_up_to($client, $client->{acknowledged}) if $durable;
	return;
}

sub settings
{
	my $actor = shift;
	my $sync = $actor->{sync} // ($durable ? 'on' : 'off');

	return "-c synchronous_commit=$sync";
}

# Lets the actors work until that many answers are there. Returns with their last
# statements still on their way, unless they shall be waited for.
sub work
{
	my ($answers, $wait, @actors) = @_;
	my %busy;

	while (1)
	{
		for my $actor ($answers > 0 ? @actors : ())
		{
			next if $actor->{session} && $busy{ fileno $actor->{session}->socket };
			$actor->{session} //= RawSession->new($node, settings => settings($actor));
			$actor->{session}->start($actor->{next}->($actor));
			$busy{ fileno $actor->{session}->socket } = $actor;
		}
		last if !%busy || $answers <= 0 && !$wait;
		my @ready = IO::Select->new(map { $_->{session}->socket } values %busy)->can_read($PostgreSQL::Test::Utils::timeout_default)
		  or die "nobody answers\n";
		for my $actor (map { $busy{ fileno $_ } } @ready)
		{
			my $answer = $actor->{session}->take or next;

			delete $busy{ fileno $actor->{session}->socket };
			$actor->{done}->($actor, $answer);
			die "a connection is lost: $answer->{message}\n" if $answer->{lost};
			$answers--;
		}
	}
	return;
}

# ---------------------------------------------------------------- the kill

# The server's processes of a kind, but for the one that asks.
sub processes
{
	my $kind = shift // '.';

	return grep { /^\d/ } split /\n/,
	  ask("SELECT pid FROM pg_stat_activity WHERE backend_type ~ '$kind' AND pid <> pg_backend_pid()");
}

# Stops the WAL writer at a time when it holds no lock, because it sleeps.
sub stop_wal_writer
{
	my ($pid) = processes('walwriter');

	while (1)
	{
		kill 'STOP', $pid;
		last if ask("SELECT lower(wait_event) = 'walwritermain' FROM pg_stat_activity WHERE pid = $pid") eq 't';
		kill 'CONT', $pid;
		sleep 0.05;
	}
	return $pid;
}

# Reads all that is still to come from those who were cut off.
sub bury
{
	for my $actor (@writers, @clients)
	{
		my $session = delete $actor->{session} or next;
		my $answer = $session->{answer}{ready} ? undef : eval { $session->wait_answer };

		$actor->{done}->($actor, $answer) if $answer;
		$session->cut;
	}
	return;
}

sub is_up
{
	return eval { RawSession->new($node)->query('SELECT 1')->{done} };
}

sub wait_for
{
	my ($what, $is) = @_;

	for (1 .. 20 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $is->();
		sleep 0.05;
	}
	die "no end of waiting for $what\n";
}

sub crash
{
	my ($victim, $wal_writer) = @_;
	my ($backend) = map { $_->{session} ? $_->{session}->pid : () } @writers;
	my @others = grep { $_ ne ($wal_writer // 0) } processes();
	my $postmaster = $node->{_pid};

	if ($victim eq 'backend')
	{
		kill 'KILL', $backend // $others[0], $wal_writer // ();
		bury();
		wait_for('the restart', sub { !kill 0, $backend } );
		wait_for('the restart', \&is_up);
		return;
	}
	kill 'KILL', $postmaster, $wal_writer // (), $victim eq 'everybody' ? @others : ();
	bury();
	wait_for('their end', sub { !grep { kill 0, $_ } $postmaster, @others, $wal_writer // () });
	$node->{_pid} = undef;
	wait_for('the start', sub { $node->start(fail_ok => 1) });
	return;
}

# ---------------------------------------------------------------- what must hold

# Each mutation up to the last one of the ledger had its one effect, and no other.
sub check_effects
{
	my ($client) = @_;
	my $name = $client->{copy}{name};
	my ($last, $failures, $tally, $effects) = split /\|/, ask(qq{
		SELECT coalesce(max(last_mutation_id), 0),
			(SELECT coalesce(string_agg(mutation_id::text, ',' ORDER BY mutation_id), '') FROM plasma.mutation_failures WHERE client_id = '$name'),
			(SELECT coalesce(max(n), 0) FROM tallies WHERE client = '$name'),
			(SELECT coalesce(string_agg(n::text, ',' ORDER BY n), '') FROM (SELECT split_part(id, ' ', 2)::int AS n FROM effects WHERE id LIKE '$name %') e)
		FROM plasma.client_mutations WHERE client_id = '$name'}), -1;
	my @good = grep { !is_refused($_) } 1 .. $last;

	push @faulty, "$name: effects of $effects, ledger at $last" if $effects ne join ',', @good;
	push @faulty, "$name: $tally runs, ledger at $last" if $tally != @good;
	push @faulty, "$name: failures of $failures, ledger at $last" if $failures ne join ',', grep { is_refused($_) } 1 .. $last;
	push @faulty, "$name: was told of $client->{told}, ledger at $last" if $client->{told} > $last;
	push @faulty, "$name: mutation $client->{acknowledged} is lost, ledger at $last" if $durable && $client->{acknowledged} > $last;
	my $lost = max 0, $client->{acknowledged} - $last;
	$client->{acknowledged} = $last;
	return $lost;
}

# The next transaction id and the end of the log.
sub position
{
	return split /\|/, ask(
		q{SELECT pg_snapshot_xmax(pg_current_snapshot()), pg_current_wal_insert_lsn() - '0/0'});
}

sub differences
{
	my ($copy) = @_;
	my $session = RawSession->new($node);

	return map { my $table = $_; map { "$copy->{name}: $_ is not as in $table" } $copy->differences($session, $table) } qw(items marks effects);
}

# Sends what is left in the outbox, and pulls until nothing is left to be told.
sub settle
{
	my ($client) = @_;
	my $session = RawSession->new($node, settings => settings($client));
	my $name = $client->{copy}{name};

	for (1 .. 50)
	{
		$client->{pushes} = 1;
		take_result($client, $session->query(push_statement($client, 0))) if @{ $client->{outbox} };
		$client->{copy}->pull($session);
		drop_up_to($client, $client->{copy}{ids}{$name} // 0);
		last unless @{ $client->{outbox} };
	}
	push @faulty, "$name: mutations are left in the outbox" if @{ $client->{outbox} };
	push @faulty, differences($client->{copy});
	return;
}

for my $round (1 .. $rounds)
{
	my ($victim, $sync, $when) = @{ $faults[ ($round - 1) % @faults ] };
	my $wal_writer;

	@faulty = ();
	$durable = $sync eq 'on';
	$wal_writer = stop_wal_writer() unless $durable && $when eq 'load';
	$pulling = 1;
	work(200 + int rand 300, $when eq 'quiet', @writers, @clients);
	# One that has only begun
	my $newcomer = SyncClient->new("newcomer$round", limit => 50);
	$newcomer->pull_page(RawSession->new($node));

	if ($when eq 'quiet')
	{
		my $session = RawSession->new($node, settings => '-c synchronous_commit=off');

		# What is over and leaves nothing but transaction ids that others may get
		$session->query(q{INSERT INTO items VALUES ('round', 0, '') ON CONFLICT (id) DO UPDATE SET n = items.n + 1});
		$session->query("BEGIN; INSERT INTO items VALUES ('burnt $_', 0, ''); ROLLBACK") foreach 1 .. 20;
		$_->{copy}->pull($_->{session}) foreach @clients;
	}
	else
	{
		$pulling = 0;
		work(30, 0, @clients);
	}
	my ($xid, $lsn) = position();
	crash($victim, $wal_writer);

	my $lost = 0;
	$lost += check_effects($_) foreach @clients;
	do
	{
		work(50, 1, @writers);
	} until (position())[0] > $xid && (position())[1] > $lsn;
	my $start = time;
	settle($_) foreach @clients;
	$newcomer->pull(RawSession->new($node));
	push @faulty, differences($newcomer), $newcomer->{resets} == 1 ? () : 'the newcomer had to begin anew';
	my $ms = 1000 * (time - $start) / (@clients + 1);
	check_effects($_) foreach @clients;
	is_deeply(\@faulty, [], "round $round: $victim killed, synchronous_commit $sync, $when");
	note sprintf 'a client is whole again in %d ms%s', $ms, $durable ? '' : ", $lost acknowledged mutations were lost";
}

is_deeply([ map { $_->{copy}{resets} } @clients ], [ (1) x @clients ], 'nobody had to begin anew');
note 'mutations: ', join ', ', map { $_->{last_id} } @clients;

$node->stop;
done_testing();
