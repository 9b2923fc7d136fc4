# README.md says what is so: its statements run and print what it shows, and each
# function, view, setting and SQLSTATE is in it.
#
# A block marked sql is run; the block without a mark that follows it is what psql
# prints.  All run in one database, from top to bottom.  In a statement "c2:…"
# stands for the last cookie, in an output for any; a txid is any.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file('README.md');
my $errors = slurp_file('src/base/error.h');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
$node->start;

# Errors and results in the order in which they come.
sub printed
{
	my ($sql) = @_;
	my $output = '';

	IPC::Run::run(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \"\\set SHOW_CONTEXT never\n$sql\n", '>', \$output, '2>&1');
	return $output =~ s/^\s*\n//mgr =~ s/\s+\z//r;
}

sub statements
{
	my ($cookie, $count) = ('', 0);

	while ($readme =~ /^```sql\n(.*?)^```\n(?:```\n(.*?)^```\n)?/msg)
	{
		my ($sql, $shown) = ($1, $2 // '');
		my ($title) = $sql =~ /^(.*)$/m;
		my $output = printed($sql =~ s/c2:…/$cookie/r);

		$cookie = $1 if $output =~ /(c2:[\w-]+)/;
		$output =~ s/c2:[\w-]+/c2:…/g;
		$output =~ s/"txid":"\d+"/"txid":"…"/g;
		is($output, $shown =~ s/\s+\z//r, $title);
		$count++;
	}
	return $count;
}

sub lines
{
	return split /\n/, $node->safe_psql('postgres', @_);
}

# What the reference names.
sub contains
{
	my ($text, $about) = @_;

	ok(index($readme, $text) >= 0, $about) or diag("README.md lacks: $text");
	return;
}

my ($quick) = $readme =~ /^## Quick start\n(.*?)^## /ms;
my $statements = () = $quick =~ /;$/mg;
cmp_ok($statements, '<=', 8, 'the quick start has at most 8 statements');
cmp_ok(statements(), '>', 20, 'statements were run');

contains("    $_", "reference of $_")
  foreach lines(<<'SQL');
SELECT format('plasma.%s(%s) → %s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid))
FROM plasma.access_objects() o JOIN pg_proc p ON p.oid = to_regprocedure(o.object)
WHERE o.kind = 'function' AND o.levels <> '{}'
SQL
contains("`$_`", "the reference names $_") foreach lines(<<'SQL');
SELECT object FROM plasma.access_objects() WHERE kind IN ('view', 'type') AND levels <> '{}'
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT a.attname FROM plasma.access_objects() o JOIN pg_attribute a ON a.attrelid = to_regclass(o.object)
WHERE o.kind IN ('view', 'type') AND a.attnum > 0
SQL
contains($_, "setting $_") foreach lines(<<'SQL');
SELECT plasma.ctx();
SELECT format('| `%s` | `%s` |', name, current_setting(name)) FROM pg_settings WHERE name LIKE 'plasma.%'
SQL
contains("| `$_` |", "level $_")
  foreach lines('SELECT DISTINCT unnest(levels) FROM plasma.access_objects()');

my @codes = map { join '', /'(.)'/g } $errors =~ /MAKE_SQLSTATE\((.*)\)/g;
cmp_ok(scalar @codes, '>', 0, 'plasma has SQLSTATEs of its own');
contains("| `$_` |", "SQLSTATE $_") foreach @codes;

$node->stop;
done_testing();
