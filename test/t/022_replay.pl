# Pulls while a standby is in the middle of a record.  It shows a transaction before it
# has done with its commit record: files that were dropped are removed after the locks
# are given back.  A client that pulls in between has seen the transaction, and its
# cookie must say so.  And replay may stand still in conflict with a query, which must
# not hold up a client in the middle of its pages.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SyncClient;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "autovacuum = off\nmax_locks_per_transaction = 256");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION plasma;
	SELECT plasma.ensure_schema('{"version": "v1", "tables": {"items": {"columns": {"id": {"kind": "id"}}}}}');
	CREATE TABLE other (n int);
	CREATE SCHEMA bulk;
	DO $$ BEGIN FOR i IN 1 .. 3000 LOOP EXECUTE format('CREATE TABLE bulk.t%s ()', i); END LOOP; END $$;
	INSERT INTO items SELECT 'i' || i FROM generate_series(1, 5) i});
$primary->backup('copy');
my ($standby, $heir) = map { PostgreSQL::Test::Cluster->new($_) } qw(standby heir);
foreach my $node ($standby, $heir)
{
	$node->init_from_backup($primary, 'copy', has_streaming => 1);
	$node->append_conf('postgresql.conf', 'max_standby_streaming_delay = -1');
	$node->start;
}

sub all_catch_up
{
	$primary->safe_psql('postgres', 'INSERT INTO other VALUES (1)');
	$primary->wait_for_catchup($_, 'replay', $primary->lsn('insert')) foreach $standby, $heir;
	return;
}

my $client = SyncClient->new('tab');
all_catch_up();
$client->pull($standby);

# A record that waits for a query on the standby.
my $reader = $standby->background_psql('postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM other');
$primary->safe_psql('postgres', 'TRUNCATE other');
$standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE NOT granted}) or die 'replay does not wait';
my $pages = SyncClient->new('pages', limit => 2, setup => q{SET plasma.pull_wait = 0;});
$pages->pull_page($standby);
ok($pages->{more}, 'a first page while replay waits for a query');
$pages->pull_page($standby) foreach 1 .. 2;
ok(!$pages->{more}, 'the last page');
is_deeply([ $pages->differences($standby, 'items') ], [], 'and all rows are there');

# A client in the middle of its pages, and a standby that is behind it.
my $amid = SyncClient->new('amid', limit => 2, setup => q{SET plasma.pull_wait = 0;});
$primary->safe_psql('postgres', q{INSERT INTO items VALUES ('i6')});
$amid->pull_page($primary);
is_deeply([ $amid->pull_page($standby) ], [], 'a standby that is behind has nothing to tell');
ok($amid->{more}, 'but not that this was all');
$reader->query_safe('COMMIT');
$reader->quit;
all_catch_up();
$amid->pull($standby);
is_deeply([ $amid->differences($standby, 'items') ], [], 'later it has all');

# The rows of a page are younger than the end of the catch-up.  A snapshot in between
# would show older ones.
$client->{limit} = 1;
$client->pull($primary);
$primary->safe_psql('postgres', $_) foreach q{INSERT INTO items VALUES ('x1'), ('x2')}, q{DELETE FROM items WHERE id = 'x2'},
	q{INSERT INTO items VALUES ('x2'), ('x3')};
$client->pull_page($primary);
$reader = $primary->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items');
$primary->safe_psql('postgres', q{DELETE FROM items WHERE id IN ('x1', 'x2')});
is_deeply([ $client->pull_page($primary) ], ['del items x2'], 'a page shows the row of now');
is_deeply([ $client->take_page($reader->query_safe($client->pull_statement)) ], [], 'an older snapshot shows nothing after that');
ok($client->{more}, 'and leaves the client where it is');
$reader->quit;
$client->pull($primary);
is_deeply([ $client->differences($primary, 'items') ], [], 'which has all in the end');
is($client->{resets}, 1, 'without a reset');
all_catch_up();

# All of it is on the standbys, but for the commit.
my $writer = $primary->background_psql('postgres');
$writer->query_safe('BEGIN; SET client_min_messages = warning; TRUNCATE items; DROP SCHEMA bulk CASCADE');
all_catch_up();
$client->start_pull($standby);
$standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE NOT granted}) or die 'no pull waits';
$heir->stop;
my $before = $primary->safe_psql('postgres', q{SELECT pg_current_wal_insert_lsn() - '0/0'});
$writer->query_safe('COMMIT');
$writer->quit;
is_deeply([ $client->finish_pull ], ['clear items'], 'a pull that waited for a lock sees the transaction that held it');
cmp_ok($client->cookie_field('lsn'), '>', $before, 'its cookie lies behind the commit');

# The transaction is lost in a failover.
my $cookie = $client->{cookie};
$_->stop('immediate') foreach $primary, $standby;
$heir->start;
$client->{setup} = q{SET plasma.pull_wait = 0; SET lock_timeout = '20s';};
is_deeply([ $client->pull($heir) ], [], 'a standby that has all but the commit has nothing to tell');
is($client->{cookie}, $cookie, 'and leaves the cookie as it is');
$heir->promote;
$heir->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
$client->pull($heir);
is($client->{resets}, 2, 'once it is the primary, the client begins anew');
is_deeply([ $client->differences($heir, 'items') ], [], 'and has what was not lost');

$heir->stop;
done_testing();
