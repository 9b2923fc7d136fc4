# A standby is promoted that lacks the last transactions of its primary.  Clients
# that saw them begin anew, all others go on; so do the clients of a standby that
# follows the new primary.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}');
	INSERT INTO items SELECT 'i' || i, i FROM generate_series(1, 10) i});
$primary->backup('copy');
my $heir = PostgreSQL::Test::Cluster->new('heir');
$heir->init_from_backup($primary, 'copy', has_streaming => 1);
$heir->start;
my $cascade = PostgreSQL::Test::Cluster->new('cascade');
$cascade->init_from_backup($primary, 'copy');
$cascade->enable_streaming($heir);
$cascade->start;

# Clients with cookies of another server, or of another time.
my %client = map { $_ => SyncClient->new($_, setup => 'SET plasma.pull_wait = 0;') }
	qw(before heir idle page saw saw_too);

# Pulls, and checks whether that was a reset, and brought all that there is.
sub pulls
{
	my ($name, $node, $resets, $what) = @_;
	my $before = $client{$name}{resets};

	$client{$name}->pull($node);
	is($client{$name}{resets} - $before, $resets, "$what: " . ($resets ? 'begins anew' : 'goes on'));
	is_deeply([ $client{$name}->differences($node, 'items') ], [], "$what: has all");
	return;
}

sub stays
{
	my ($name, $node, $what) = @_;
	my $cookie = $client{$name}{cookie};

	is_deeply([ $client{$name}->pull($node) ], [], "$what: nothing");
	is($client{$name}{cookie}, $cookie, "$what: the same cookie");
	return;
}

my $writer = $primary->background_psql('postgres');
$writer->query_safe(q{BEGIN; INSERT INTO items VALUES ('never committed', 1); SAVEPOINT s; INSERT INTO items VALUES ('nor this', 1)});
$primary->safe_psql('postgres', q{BEGIN; INSERT INTO items VALUES ('prepared', 1); PREPARE TRANSACTION 'two'});
$client{$_}->pull($primary) foreach qw(before idle saw saw_too);
$client{page}{limit} = 3;
$client{page}->pull_page($primary);
$primary->safe_psql('postgres', q{INSERT INTO items VALUES ('replicated', 1)});
my $shared = $primary->lsn('insert');
$primary->wait_for_catchup($heir, 'replay', $shared);
$heir->wait_for_catchup($cascade, 'replay', $shared);
$client{heir}->pull($heir);

# What only the primary has.
$cascade->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$cascade->poll_query_until('postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'});
$heir->stop;
$primary->safe_psql('postgres', q{UPDATE items SET n = -1 WHERE id = 'i1'; DELETE FROM items WHERE id = 'i2'});
my $lost = $primary->safe_psql('postgres', q{INSERT INTO items VALUES ('lost', 1) RETURNING pg_current_xact_id()});
pulls('saw', $primary, 0, 'a client of the primary');
pulls('saw_too', $primary, 0, 'another one');
stays('saw', $cascade, 'a standby that lacks what a client saw');
$writer->quit;
$primary->stop('immediate');
$heir->start;
$heir->promote;
$heir->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');

# The same ids of transactions, other rows.
my $used = 0;
for (my $i = 1; $used < $lost; $i++)
{
	$used = $heir->safe_psql('postgres', qq{INSERT INTO items VALUES ('new $i', $i) RETURNING pg_current_xact_id()});
}
is($used, $lost, 'the id of a lost transaction is that of another one now');
pulls('before', $heir, 0, 'a client that had seen nothing of what was lost');
pulls('heir', $heir, 0, 'a client of the standby');
pulls('page', $heir, 0, 'a client that was in the middle of its first pull');
pulls('saw', $heir, 1, 'a client that had seen what was lost');
$heir->safe_psql('postgres', q{COMMIT PREPARED 'two'});
pulls($_, $heir, 0, "a transaction that was prepared before, for '$_'") foreach qw(before saw);
ok(exists $client{before}{tables}{items}{prepared}, 'it is there');

# A standby that is still on the old timeline, then on the new one.
stays('before', $cascade, 'a standby of the old timeline, a cookie of the new one');
stays('saw', $cascade, 'and one after a reset');
$cascade->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$heir->wait_for_catchup($cascade, 'replay', $heir->lsn('insert'));
pulls('before', $cascade, 0, 'once it follows');
pulls('saw', $cascade, 0, 'and after a reset');
pulls('saw_too', $cascade, 1, 'a cookie of what was lost');
$heir->safe_psql('postgres', q{DELETE FROM items WHERE id = 'i3'});
$heir->wait_for_catchup($cascade, 'replay', $heir->lsn('insert'));
pulls($_, $cascade, 0, "'$_' afterwards") foreach qw(saw_too heir);
pulls($_, $heir, 0, "'$_' on the new primary") foreach qw(saw_too heir);

# The next failover; nothing is lost.  The last record lies at the end of its page
# and of its file, where the server's name for what comes next is a later one.
$heir->safe_psql('postgres', q{DELETE FROM items WHERE id = 'i4'; SELECT pg_switch_wal()});
$client{heir}->pull($heir);
$heir->wait_for_catchup($cascade, 'replay', $heir->lsn('flush'));
$heir->stop('immediate');
$cascade->promote;
$cascade->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
$cascade->safe_psql('postgres', q{DELETE FROM items WHERE id = 'i5'});
pulls('idle', $cascade, 0, 'a client that has slept through two failovers');
pulls($_, $cascade, 0, "'$_' after the second") foreach qw(before heir saw);
$cascade->restart;
pulls($_, $cascade, 0, "'$_' after a restart") foreach qw(idle before);

$cascade->stop;
done_testing();
