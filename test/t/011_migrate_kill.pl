# CALL plasma.migrate is terminated at each statement in turn, before it is run and
# when it is done but not committed, and within a backfill. Called again it ends
# where a migration ends that nobody disturbed, and no value is lost on the way.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('kill');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nshared_buffers = 128MB\nrestart_after_crash = off");
$node->start;

my %tables = (
	v1 => {
		users => { columns => { id => { kind => 'id' }, name => { kind => 'text' } } },
		todos => {
			columns => {
				id => { kind => 'id' },
				title => { kind => 'text', nullable => \1 },
				owner => { kind => 'text', nullable => \1 },
				mood => { kind => 'sql', type => 'mood', enum => [ 'good', 'bad' ] },
				gone => { kind => 'int', nullable => \1 },
				size => { kind => 'sql', type => 'varchar(10)', default => 's' }
			}
		}
	},
	v2 => {
		users => { columns => { id => { kind => 'id' }, name => { kind => 'text', unique => \1 } } },
		tags => { columns => { id => { kind => 'id' }, todo => { kind => 'ref', references => 'todos', onDelete => 'cascade' } } },
		todos => {
			columns => {
				id => { kind => 'id' },
				title => { kind => 'text' },
				owner => { kind => 'ref', references => 'users', onDelete => 'cascade', nullable => \1 },
				mood => { kind => 'sql', type => 'mood', enum => [ 'good', 'fair', 'bad' ] },
				size => { kind => 'sql', type => 'varchar(20)', default => 'm' },
				token => { kind => 'sql', type => 'uuid', defaultExpression => 'gen_random_uuid()', unique => \1 },
				done => { kind => 'boolean', default => \0 }
			},
			auth => { read => 'true' }
		}
	});

sub declaration
{
	my $version = shift;

	return JSON::PP->new->canonical->encode({ version => $version, tables => $tables{$version} });
}

my $migrate = 'CALL plasma.migrate($json$' . declaration('v2') . q{$json$, '{"batch": 100, "allow": ["DS102", "DS105"]}')};

# The model: old rows, and a trigger on the journal that can end the session.
$node->safe_psql('postgres', 'CREATE DATABASE model');
$node->safe_psql('model', q{
	CREATE EXTENSION plasma;
	SELECT plasma.run_migrations($json$} . declaration('v1') . q{$json$);
	INSERT INTO users (id, name) SELECT 'u' || i, 'name ' || i FROM generate_series(1, 50) i;
	INSERT INTO todos (id, title, owner, mood, gone, size) SELECT 't' || i, 'title ' || i, 'u' || (i % 50 + 1), 'good', NULL::int, 's' FROM generate_series(1, 1000) i;
	CREATE SCHEMA killer;
	CREATE TABLE killer.victim (event text, n int);
	CREATE FUNCTION killer.kill() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM killer.victim WHERE event = TG_ARGV[0] AND n = NEW.n) THEN
			PERFORM pg_terminate_backend(pg_backend_pid());
			PERFORM pg_sleep(10);
		END IF;
		RETURN NULL;
	END $$;
	CREATE TRIGGER begins AFTER INSERT ON plasma.migration_steps FOR EACH ROW EXECUTE FUNCTION killer.kill('begins');
	CREATE TRIGGER ends AFTER UPDATE OF finished_at ON plasma.migration_steps FOR EACH ROW EXECUTE FUNCTION killer.kill('ends');
	CREATE FUNCTION killer.kill_backfill() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.id = (SELECT 't' || n FROM killer.victim WHERE event = 'fills') THEN
			PERFORM pg_terminate_backend(pg_backend_pid());
			PERFORM pg_sleep(10);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER fills BEFORE UPDATE ON todos FOR EACH ROW EXECUTE FUNCTION killer.kill_backfill()});

# What the rows were like before, whatever was added since.
sub rows
{
	my $database = shift;

	return $node->safe_psql($database, q{
		SELECT md5(string_agg(concat_ws(' ', id, title, owner, mood, size), ' ' ORDER BY id)) FROM todos
		UNION ALL SELECT md5(string_agg(concat_ws(' ', id, name), ' ' ORDER BY id)) FROM users});
}

# The schema as a dump writes it, and that nothing is left to be done.
sub state_of
{
	my $database = shift;
	my ($dump, $error) = run_command([ 'pg_dump', '--schema-only', '--no-owner', '--dbname', $node->connstr($database) ]);

	$dump =~ s/^(?:--.*|\\(?:un)?restrict .*)\n//mg;
	return {
		schema => $dump,
		rows => rows($database),
		tokens => $node->safe_psql($database, 'SELECT count(token), count(DISTINCT token) FROM todos'),
		left => $node->safe_psql($database, q{
			SELECT plasma.plan($json$} . declaration('v2') . q{$json$)->>'status', (SELECT count(*) FROM plasma.backfills),
				(SELECT string_agg(concat_ws(' ', code, table_name, column_name, detail), '; ') FROM plasma.drift())})
	};
}

my $rows = rows('model');
$node->safe_psql('postgres', 'CREATE DATABASE undisturbed TEMPLATE model');
$node->safe_psql('undisturbed', $migrate);
my $end = state_of('undisturbed');
my $statements = $node->safe_psql('undisturbed', 'SELECT max(n) FROM plasma.migration_steps WHERE migration = (SELECT max(ordinal) FROM plasma.migrations)');
my @journal = split /\n/, $node->safe_psql('undisturbed',
	q{SELECT op || ' ' || coalesce(sql, '') FROM plasma.migration_steps WHERE migration = (SELECT max(ordinal) FROM plasma.migrations) ORDER BY n});
is($end->{rows}, $rows, 'a migration keeps the rows');
is($end->{tokens}, '1000|1000', 'and gives each its token');
is($end->{left}, 'noop|0|', 'nothing is left to be done');
cmp_ok($statements, '>=', 15, "it has $statements statements");

# Terminates migrate at a statement, or at the update of a row, then lets it finish;
# returns what is not as it should be.
sub kill_at
{
	my ($event, $n) = @_;
	my ($out, $error);
	my @wrong;

	$node->safe_psql('postgres', 'CREATE DATABASE victim TEMPLATE model');
	$node->safe_psql('victim', "INSERT INTO killer.victim VALUES ('$event', $n)");
	$node->psql('victim', $migrate, stdout => \$out, stderr => \$error, on_error_die => 0);
	push @wrong, "was not terminated: $error" unless $error =~ /terminating connection due to administrator command/;
	push @wrong, 'rows changed' if rows('victim') ne $rows;
	$node->safe_psql('victim', 'DELETE FROM killer.victim');
	$node->psql('victim', $migrate, stdout => \$out, stderr => \$error, on_error_die => 0) == 0
	  or push @wrong, "does not go on: $error";
	my $now = state_of('victim');
	push @wrong, map { "$_ differ: $now->{$_}" } grep { $now->{$_} ne $end->{$_} } sort keys %$end;
	$node->safe_psql('postgres', 'DROP DATABASE victim WITH (FORCE)');
	return @wrong;
}

for my $event (qw(begins ends))
{
	my @wrong = map { my $n = $_; map { "statement $n, $journal[$n - 1]: $_" } kill_at($event, $n) } 1 .. $statements;

	is_deeply(\@wrong, [], "terminated when each statement $event, it goes on to the same end");
}
is_deeply([ map { kill_at('fills', $_) } 1, 450, 1000 ], [], 'terminated within a backfill, too');

done_testing();
