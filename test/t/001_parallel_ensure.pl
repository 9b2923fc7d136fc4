# 200 connections call ensure_schema for the first time at the same moment:
# none gets an error, and the work is done once.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $connections = 200;
my $schema = '{"version":"v1","tables":{'
  . '"users":{"columns":{"id":{"kind":"id"},"name":{"kind":"text","unique":true}}},'
  . '"todos":{"columns":{"id":{"kind":"id"},'
  . '"owner":{"kind":"ref","references":"users","onDelete":"cascade"}},'
  . '"auth":{"read":"owner = current_user"}}}}';

my $node = PostgreSQL::Test::Cluster->new('ensure');
$node->init(allows_streaming => 1);
# 128 MB is what a server has; the module's 1 MB are fewer buffers than connections.
$node->append_conf('postgresql.conf', "shared_buffers = 128MB\nmax_connections = " . ($connections + 20));
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION plasma');

# Runs a call of ensure_schema once on each connection. All connections are
# open before the first call.
sub ensure_everywhere
{
	my ($about, $begin, $declaration, $succeed) = @_;
	my $script = $node->basedir . '/ensure.sql';

	$succeed //= $connections;
	open my $file, '>', $script or die $!;
	print $file "$begin\nSELECT plasma.ensure_schema('$declaration');\nCOMMIT;\n";
	close $file;
	$node->command_checks_all(
		[
			'pgbench', '--no-vacuum', '--client' => $connections, '--jobs' => 2,
			'--transactions' => 1, '--file' => $script, 'postgres'
		],
		0,
		[qr{transactions actually processed: $succeed/$connections}],
		[qr/^(?!.*(ERROR|aborted)).*$/s],
		"$about: no connection gets an error");
	return;
}

ensure_everywhere('first calls', 'BEGIN;', $schema);
is( $node->safe_psql('postgres', 'SELECT count(*), bool_and(active) FROM plasma.declarations'),
	'1|t', 'one declaration was recorded');
is( $node->safe_psql('postgres', 'SELECT table_name, generation FROM plasma.tables ORDER BY 1'),
	"todos|1\nusers|1", 'both tables were registered once');
is( $node->safe_psql('postgres', "SELECT count(*) FROM pg_policy WHERE polrelid = 'todos'::regclass"),
	'5', 'the policies were made once');

# A table that somebody dropped is made again by whoever comes first.
$node->safe_psql('postgres', 'DROP TABLE todos');
ensure_everywhere('a dropped table', 'BEGIN;', $schema);
is( $node->safe_psql('postgres', "SELECT generation FROM plasma.tables WHERE table_name = 'todos'"),
	'2', 'the table was made again once');

# Snapshots that are older than the schema: what another transaction did in the
# meantime is seen all the same.
my $next = $schema =~ s/"v1"/"v2"/r =~ s/"todos"/"tasks"/r;
ensure_everywhere('first calls on old snapshots',
	"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM pg_class;\nSELECT pg_sleep(0.5);",
	$next);
is( $node->safe_psql('postgres', 'SELECT version FROM plasma.declarations WHERE active'),
	'v2', 'the new version is active');

# Where each wants another schema, what cannot be done on an old snapshot is
# worth a retry, which pgbench counts apart from errors.
my $mine = $schema =~ s/"v1"/"w:client_id"/r;
ensure_everywhere('other schemas on old snapshots',
	"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM pg_class;\nSELECT pg_sleep(0.5);",
	$mine, 1);
$next =~ s/"v2"/"v3"/;
$node->safe_psql('postgres', "SELECT plasma.ensure_schema('$next')");

ensure_everywhere('nothing to do', 'BEGIN READ ONLY;', $next);

# A hot standby answers as long as there is nothing to do.
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is( $standby->safe_psql('postgres', "SELECT plasma.ensure_schema('$next')->>'changed'"),
	'false', 'a standby finds nothing to do');
$node->safe_psql('postgres', 'DROP TABLE tasks');
$node->wait_for_catchup($standby);
my ($status, $out, $error) =
  $standby->psql('postgres', "SELECT plasma.ensure_schema('$next')");
like($error, qr/cannot execute plasma.ensure_schema\(\) in a read-only transaction/,
	'a standby says that it cannot make a table');

$standby->stop;
$node->stop;
done_testing();
