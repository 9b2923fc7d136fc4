# What a server forgets: recovery to an earlier point in time, and a crash that
# takes what was not on disk.  Ids of transactions are then given anew.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my %client = map { $_ => SyncClient->new($_, setup => 'SET plasma.pull_wait = 0;') } qw(before twin idle between after crash);

sub pulls
{
	my ($name, $node, $resets, $what) = @_;
	my $before = $client{$name}{resets};

	$client{$name}->pull($node);
	is($client{$name}{resets} - $before, $resets, "$what: " . ($resets ? 'begins anew' : 'goes on'));
	is_deeply([ $client{$name}->differences($node, 'items') ], [], "$what: has all");
	return;
}

sub insert
{
	my ($node, $id) = @_;

	return $node->safe_psql('postgres', "INSERT INTO items VALUES ('$id', 1) RETURNING pg_current_xact_id()");
}

sub prepare_node
{
	my $node = shift;

	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION plasma;
		SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}')});
	insert($node, 'first');
	return;
}

# A history with two points to come back to.
my $origin = PostgreSQL::Test::Cluster->new('origin');
$origin->init(has_archiving => 1, allows_streaming => 1);
$origin->append_conf('postgresql.conf', 'autovacuum = off');
prepare_node($origin);
$origin->backup('copy');
insert($origin, 'common');
$client{$_}->pull($origin) foreach qw(before twin idle);
$origin->safe_psql('postgres', q{SELECT pg_create_restore_point('early')});
insert($origin, 'between');
$client{between}->pull($origin);
$origin->safe_psql('postgres', q{SELECT pg_create_restore_point('late')});
my $lost = insert($origin, 'lost');
$client{after}->pull($origin);
my $file = $origin->safe_psql('postgres', 'SELECT pg_walfile_name(pg_current_wal_lsn())');
$origin->safe_psql('postgres', 'SELECT pg_switch_wal()');
$origin->poll_query_until('postgres', "SELECT last_archived_wal >= '$file' FROM pg_stat_archiver");
$origin->stop;

sub recover
{
	my ($name, $point, $action) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($origin, 'copy', has_restoring => 1, standby => 0);
	$node->append_conf('postgresql.conf', qq{
		archive_mode = off
		recovery_target_name = '$point'
		recovery_target_action = '$action'});
	$node->start;
	return $node;
}

# A server that may still recover more, until it is promoted.
my $late = recover('late', 'late', 'pause');
$late->poll_query_until('postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'});
my $cookie = $client{after}{cookie};
is_deeply([ $client{after}->pull($late) ], [], 'before the recovery ends, it has nothing for a client that knows more');
is($client{after}{cookie}, $cookie, 'which keeps its cookie');
pulls('between', $late, 0, 'a client that knows as much');
$late->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$late->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
my $used = 0;
for (my $i = 1; $used < $lost; $i++)
{
	$used = insert($late, "late $i");
}
is($used, $lost, 'the id of a lost transaction is that of another one now');
pulls('before', $late, 0, 'a client that had seen nothing of what was lost');
pulls('between', $late, 0, 'a client that had seen all but what was lost');
pulls('after', $late, 1, 'a client that had seen what was lost');

# Another timeline of the same number.
my $early = recover('early', 'early', 'promote');
$early->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
is($early->safe_psql('postgres', 'SELECT timeline_id FROM pg_control_checkpoint()'),
	$late->safe_psql('postgres', 'SELECT timeline_id FROM pg_control_checkpoint()'), 'two timelines of one number');
$early->safe_psql('postgres', q{INSERT INTO items SELECT 'early ' || i, i FROM generate_series(1, 1000) i; CHECKPOINT});
insert($early, "early again $_") foreach 1 .. 9;
pulls('twin', $early, 0, 'a client of neither');
pulls('before', $early, 1, 'a client of the other one');
pulls('idle', $late, 0, 'a client of neither, there');
$late->stop;
$early->stop;

# A crash, with a transaction rolled back and one committed without waiting, which
# nobody writes to disk: no process that does so of its own accord runs.
my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', q{
	wal_level = minimal
	max_wal_senders = 0
	autovacuum = off
	synchronous_commit = off
	wal_writer_delay = 10s
	bgwriter_lru_maxpages = 0
	checkpoint_timeout = 1h});
prepare_node($node);
$client{crash}->pull($node);
$node->safe_psql('postgres', 'CHECKPOINT');
my $walwriter = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'});
kill 'STOP', $walwriter or die "cannot stop the WAL writer: $!";

sub flushed
{
	return $node->safe_psql('postgres', q{SELECT pg_current_wal_flush_lsn() - '0/0'});
}

my $before = flushed();
insert($node, 'kept');
$node->safe_psql('postgres', q{BEGIN; INSERT INTO items VALUES ('rolled back', 1); ROLLBACK});
is(flushed(), $before, 'neither transaction is on disk');
is_deeply([ $client{crash}->pull($node) ], ['put items kept'], 'a client pulls the one that is committed');
cmp_ok(flushed(), '>=', $client{crash}->cookie_field('lsn'), 'its cookie counts nothing that is not on disk');
$before = flushed();
$node->safe_psql('postgres', q{BEGIN; INSERT INTO items VALUES ('rolled back', 1); ROLLBACK});
is_deeply([ $client{crash}->pull($node) ], [], 'where nothing is new');
is(flushed(), $before, 'nothing is written');

# Beside a commit that waited for the disk, and work under way that nobody wrote to it.
my $lasting = q{SET synchronous_commit = on; UPDATE items SET n = n + 1 WHERE id = 'kept'};
$node->safe_psql('postgres', $lasting);
$node->safe_psql('postgres', $lasting) while flushed() % 8192 == 0;
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN; CREATE TABLE never_committed (n int)');
$before = flushed();
is($node->safe_psql('postgres', qq{SELECT pg_current_wal_insert_lsn() - '0/0' > $before}), 't', 'there is something to write');
is_deeply([ $client{crash}->pull($node) ], ['put items kept'], 'a client pulls what is on disk already');
is(flushed(), $before, 'and writes nothing for the sake of others');
cmp_ok($client{crash}->cookie_field('lsn'), '<=', $before, 'its cookie lies before their work');
$writer->quit;
insert($node, 'kept, too');
$client{crash}->pull($node);
cmp_ok(flushed(), '>', $before, 'but for that of a commit which did not wait');

# The youngest transaction is one that left nothing on disk.
$node->safe_psql('postgres', $lasting);
my $last = $node->safe_psql('postgres', q{BEGIN; INSERT INTO items VALUES ('rolled back', 1) RETURNING pg_current_xact_id(); ROLLBACK});
$client{crash}->pull($node);
insert($node, 'not kept');
$node->stop('immediate');
$node->start;
cmp_ok(insert($node, 'next'), '>', $last, 'after the crash no id is given again that a client counts as over');
pulls('crash', $node, 0, 'the client');
is(join(', ', sort keys %{ $client{crash}{tables}{items} }), 'first, kept, kept, too, next',
	'what a client has seen is there, what nobody has seen need not be');

$node->stop;
done_testing();
