# README.md says what is so: its statements run and print what it shows, and each
# function, view, setting and SQLSTATE is in it.  So is each code of verify, each option and code of a plan,
# and its table of verdicts is that of plasma.rules().
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
my $wording = slurp_file('src/plan/wording.c');

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

# What a check finds stands under a row of its own, which is the one before it with a
# refusal under every policy.
sub rules
{
	return lines(<<'SQL');
SELECT DISTINCT concat_ws('|', row_no, plasma, strict, data, coalesce(code, ''), coalesce(breaks_clients, ''))
FROM plasma.rules()
WHERE change NOT LIKE '... %' OR code = 'UN108' OR 'no' <> ALL (ARRAY[plasma, strict, data])
SQL
}

# The same of the README, where a line stands for several rows.
sub rules_shown
{
	my @shown;

	foreach my $line ($readme =~ /^(\| [A-Z]\d+(?: [A-Z]\d+)* \|.*)$/mg)
	{
		my (undef, $rows, undef, @verdict) = split /\s*\|\s*/, $line, -1;

		push @shown, join '|', $_, @verdict[ 0 .. 4 ] foreach split / /, $rows;
	}
	return @shown;
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
contains("    CALL $_", "reference of $_")
  foreach lines(<<'SQL');
SELECT format('plasma.%s(%s)', p.proname, regexp_replace(pg_get_function_identity_arguments(p.oid), '\mIN ', '', 'g'))
FROM plasma.access_objects() o JOIN pg_proc p ON p.oid = to_regprocedure(o.object)
WHERE o.kind = 'procedure' AND o.levels <> '{}'
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

# Whose rights each function acts with: the README has every one of them, in one place.
my ($elevated, $plain) = $readme =~ /^### What runs with elevated rights\n(.*?)^With the rights of the caller and nothing else: (.*?)$/ms;
my %acts;
$acts{$_->[0]} .= $_->[1] foreach
  (map { my ($names, $as) = (split /\s*\|\s*/)[ 1, 2 ]; map { [ $_, $as ] } $names =~ /`(\w+)`/g } $elevated =~ /^(\|.*)$/mg),
  map { [ $_, 'caller' ] } $plain =~ /`(\w+)`/g;
delete $acts{$_} foreach my @views = map { s/^plasma\.//r } lines(q{SELECT object FROM plasma.access_objects() WHERE kind = 'view'});
cmp_ok(scalar @views, '>', 0, 'there are views');
my %members = map { $_ => 1 } lines(<<'SQL');
SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE p.pronamespace = 'plasma'::regnamespace
SQL
is(join("\n", sort grep { !$acts{$_} } keys %members), '', 'the README says of each function whose rights it acts with');
is(join("\n", sort grep { !$members{$_} } keys %acts), '', 'and of none that is not there');
is(join("\n", sort grep { $acts{$_} eq 'SECURITY DEFINER' } keys %acts), join("\n", lines(<<'SQL')), 'those that are SECURITY DEFINER are named as such');
SELECT DISTINCT proname COLLATE "C" FROM pg_proc WHERE pronamespace = 'plasma'::regnamespace AND prosecdef AND NOT starts_with(proname, '_plasma_trg_') ORDER BY 1
SQL
contains("`stat_$_`", "the view stat_$_ acts as its owner") foreach map { s/^stat_//r } @views;
foreach my $line (lines(q{SELECT proname || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'plasma'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')}))
{
	my ($name, $file) = $line =~ /^(\w+) plasma_([a-z]+)_/ or die $line;

	next unless $acts{$name} eq 'caller';
	unlike(slurp_file(glob "src/*/$file.c"), qr/SPI_OWNER|plasma_spi_become/, "$name acts as its caller, as $file.c shows");
}

my %rules = map { $_ => 1 } rules();
my %shown = map { $_ => 1 } rules_shown();
is(join("\n", sort grep { !$rules{$_} } keys %shown), '', 'the table has only verdicts of plasma.rules()');
is(join("\n", sort grep { !$shown{$_} } keys %rules), '', 'the table has all verdicts of plasma.rules()');
contains($_, "row $_ of the table")
  foreach lines('SELECT DISTINCT row_no FROM plasma.rules()');

my %codes = map { $_ => 1 } $wording =~ /^\t\{"([A-Z]{2}\d+)"/mg;
cmp_ok(scalar keys %codes, '>', 0, 'plans have codes');
$codes{$_} = 1 foreach map { slurp_file($_) =~ /\b(VF\d{3})\b/g } glob 'src/care/*.{c,sql}';
contains("`$_`", "code $_") foreach sort keys %codes;

my ($options) = printed(q(SELECT plasma.plan('{}', '{"unknown": 1}'))) =~ /allowed here are (.*)$/m;
contains("| `$_` |", "option $_") foreach split /, /, $options;

$node->stop;
done_testing();
