# One case of the battery at a time: its old and its new schema are built in two
# databases, plasma moves the first one to the second, and what it says and does is
# held against the label and against what the catalogs and the data say themselves.
#
# A case ends with a verdict: right, wrong, or not loadable, and why.
package Battery;
use strict;
use warnings;

use BatteryLabels;
use BatteryOracle;
use IPC::Run;
use JSON::PP;

my $json = JSON::PP->new->canonical->allow_nonref->allow_blessed->convert_blessed;
my $separator = "\x1e";

sub new
{
	my ($class, $node, $template) = @_;

	return bless { connection => $node->connstr('postgres'), node => $node, template => $template }, $class;
}

# Runs statements one after the other, each in a transaction of its own unless they
# say otherwise; returns for each what it printed, its SQLSTATE and its message.
sub ask
{
	my ($self, $database, @statements) = @_;
	my $script = join '', map { "$_\n;\n\\echo $separator :SQLSTATE :LAST_ERROR_MESSAGE\n\\echo $separator\n" } @statements;
	my ($out, $error) = ('', '');
	my @answers;

	IPC::Run::run([ 'psql', '-XAtq', '-d', $self->{node}->connstr($database), '-f', '-' ], '<', \$script, '>', \$out, '2>', \$error);
	my @parts = split /\n?$separator ?/, $out;
	while (@parts)
	{
		my ($printed, $status) = splice @parts, 0, 2;
		my ($state, $message) = ($status // '') =~ /^(\w+) ?(.*)/s;

		$printed =~ s/^\n//;
		chomp($message //= '');
		push @answers, { out => $printed, state => $state // 'lost', message => $message, error => $error };
		last if @answers == @statements;
	}
	push @answers, { out => '', state => 'lost', message => $error, error => $error } while @answers < @statements;
	return wantarray ? @answers : $answers[0];
}

# What a statement answers, as JSON; dies where it does not.
sub ask_json
{
	my ($self, $database, @statements) = @_;
	my @answers = $self->ask($database, @statements);

	for my $i (0 .. $#answers)
	{
		die "$statements[$i]: $answers[$i]{state} $answers[$i]{message}\n$answers[$i]{error}\n" if $answers[$i]{state} ne '00000';
	}
	my @values = map { $_->{out} eq '' ? undef : $json->decode($_->{out}) } @answers;
	return wantarray ? @values : $values[0];
}

sub create
{
	my ($self, $database, $template) = @_;

	$self->ask('postgres', "CREATE DATABASE $database TEMPLATE " . ($template // $self->{template}));
	push @{ $self->{databases} }, $database;
	return $database;
}

sub drop_all
{
	my $self = shift;

	$self->ask('postgres', map { "DROP DATABASE IF EXISTS $_ WITH (FORCE)" } splice @{ $self->{databases} // [] });
	return;
}

# Loads the SQL of a case into a new database; returns why it cannot be loaded, if so.
# Roles belong to the cluster: the second database finds those of the first one, and
# those that a case takes for granted are made.
sub load
{
	my ($self, $database, $parts) = @_;
	my $error = $self->run_script($database, join "\n;\n", @$parts) // return;

	if ($error =~ /^role "(.*)" does not exist$/ && !$self->{roles}{$1}++)
	{
		$self->ask('postgres', "CREATE ROLE \"$1\"", "DROP DATABASE $database", "CREATE DATABASE $database TEMPLATE $self->{template}");
		return $self->load($database, $parts);
	}
	return $error;
}

# Runs SQL as psql does; returns the first error, if there is one.
sub run_script
{
	my ($self, $database, $sql) = @_;
	my ($out, $error) = ('', '');

	$sql =~ s/^\s*CREATE ROLE (\w+)([^;]*);/DO \$role\$ BEGIN CREATE ROLE $1$2; EXCEPTION WHEN duplicate_object THEN NULL; END \$role\$;/gmi;
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{node}->connstr($database), '-f', '-' ],
		'<', \$sql, '>', \$out, '2>', \$error)
	  or return $error =~ /ERROR:  (.*)/ ? $1 : $error;
	return;
}

sub literal
{
	my $text = shift;

	return "\$battery\$$text\$battery\$";
}

# Statements of the new schema that make what plasma does not manage, but what its
# columns may need.
sub prerequisites
{
	my ($self, $parts) = @_;
	my $sql = join "\n;\n", @$parts;
	my @wanted;

	while ($sql =~ /\G((?:\s|--[^\n]*\n)*)((?:'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$.*?\$\g3\$|--[^\n]*|\/\*.*?\*\/|[^;'"\$\/-]|.)*?);/gsc)
	{
		my $statement = $2;

		push @wanted, $statement
		  if $statement =~ /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:EXTENSION|SCHEMA|DOMAIN|FUNCTION|PROCEDURE|AGGREGATE|SEQUENCE|COLLATION|OPERATOR)\b/i
		  || $statement =~ /^CREATE\s+TYPE\s+\S+\s+AS\s*(?!\s*ENUM)/i
		  || $statement =~ /^SET\s+/i;
	}
	return @wanted;
}

# Brings them into the old database: in rounds, since they may need one another.
sub bring_prerequisites
{
	my ($self, $database, $parts) = @_;
	my @todo = $self->prerequisites($parts);

	return unless grep { !/^SET/i } @todo;
	for my $round (1 .. 3)
	{
		$self->ask($database, 'SET check_function_bodies = off', @todo);
	}
	return;
}

# Whether a plan does nothing but register a declaration.
sub is_noop
{
	my $plan = shift;

	return $plan->{status} eq 'noop' || $plan->{status} eq 'apply' && !grep { $_->{op} ne 'register' } @{ $plan->{steps} };
}

sub refusals
{
	my $plan = shift;

	return grep { $_->{severity} eq 'refuse' } @{ $plan->{issues} };
}

sub name_issues
{
	return join ', ', map { "$_->{code} " . ($_->{path} // '') } @_;
}

sub plan
{
	my ($self, $database, $declaration, $options) = @_;
	my ($before, $plan, $after) = $self->ask_json($database, 'SELECT battery.digest()',
		'SELECT plasma.plan(' . literal($declaration) . '::json, ' . literal($options // '{}') . '::jsonb)',
		'SELECT battery.digest()');

	die 'plan changed ' . differences($before, $after) . "\n" if differences($before, $after);
	return $plan;
}

# The keys under which two JSON values differ.
sub differences
{
	my ($a, $b, $path) = @_;

	return '' if $json->encode($a) eq $json->encode($b);
	return join ' ', grep { $_ ne '' } map { differences($a->{$_}, $b->{$_}, ($path // '') . "/$_") } sort keys %{ { %$a, %$b } }
	  if ref $a eq 'HASH' && ref $b eq 'HASH';
	return ($path // '/') . ' (' . $json->encode($a) . ' / ' . $json->encode($b) . ')';
}

# Builds both databases and declares them; dies with "not loadable: …".
sub prepare
{
	my ($self, $case, $name) = @_;
	my $unposed = BatteryLabels::unposed($case);

	die "not loadable: $unposed\n" if $unposed;
	my $relabel = BatteryLabels::relabel($case);
	my %job = (expect => $relabel && $relabel->{catalogs} ? $relabel->{expect} : undef,
		new => $self->create("${name}_new"), old => $self->create("${name}_old"));

	for my $side (qw(new old))
	{
		my $why = $self->load($job{$side}, $case->{$side});

		die "not loadable: $why\n" if $why;
	}
	@job{qw(declaration wanted)} = $self->declare($job{new}, 'v2');
	my ($past, $before) = $self->declare($job{old}, 'v1');
	my ($adopts, $after) = $self->ask($job{old}, 'SELECT plasma.run_migrations(' . literal($past) . '::json)', 'SELECT battery.facts()');
	die "adoption of the old schema: $adopts->{state} $adopts->{message} $adopts->{error}\n" if $adopts->{state} ne '00000';
	my $facts = $json->decode($after->{out});
	BatteryOracle::leave_out($facts, $json->decode($past));
	die 'adoption changed ' . differences($before, $facts) . "\n" if differences($before, $facts);
	$job{facts} = $facts;
	my $again = $self->plan($job{old}, $past);
	die "what was adopted is not what was declared: $again->{status}, " . steps_named($again) . "\n" if $again->{status} ne 'noop';
	$self->bring_prerequisites($job{old}, $case->{new});
	return \%job;
}

# The declaration of what is there, and the facts.
sub declare
{
	my ($self, $database, $version) = @_;
	my ($declaration, $facts) = $self->ask($database,
		"SELECT plasma.declare_from_catalog(battery.schemas()) || '{\"version\": \"$version\"}'", 'SELECT battery.facts()');

	die "declare_from_catalog: $declaration->{state} $declaration->{message}\n" if $declaration->{state} ne '00000';
	my $known = $json->decode($facts->{out});
	my @unexplained = BatteryOracle::leave_out($known, $json->decode($declaration->{out}));
	die "declare_from_catalog leaves out @unexplained\n" if @unexplained;
	return ($declaration->{out}, $known);
}

sub steps_named
{
	my $plan = shift;

	return join ', ', map { "$_->{op} $_->{object}" } @{ $plan->{steps} };
}

# The status of a plan in the words of the labels.
sub told
{
	my $plan = shift;

	return $plan->{status} eq 'refused' ? 'refuse' : is_noop($plan) ? 'noop' : 'apply';
}

# Holds a plan against what the catalogs and the data say must refuse it.
sub judge
{
	my ($self, $job, $database, $plan, $policy) = @_;
	my $oracle = BatteryOracle->new(
		sub { $self->ask_json($database, 'SELECT battery.count(' . literal($_[0]) . ', ' . literal($_[1]) . ')') }, $policy);
	my @wrong = $oracle->judge($job->{facts}, $job->{wanted}, [ refusals($plan) ]);
	my $expected = $job->{expect} // $oracle->expected($job->{facts}, $job->{wanted});

	push @wrong, "by its catalogs and rows this is $expected, plasma says " . told($plan)
	  if !$policy && !@wrong && $expected ne told($plan);
	die join("\n", @wrong) . "\n" if @wrong;
	return;
}

# A plan that refuses must be refused by each executor, and nothing is changed.
sub check_refusal
{
	my ($self, $job, $database) = @_;
	my $call = literal($job->{declaration}) . "::json, '{}'::jsonb";
	my ($before, $run, $migrate, $after) = $self->ask($database, 'SELECT battery.digest()',
		"SELECT plasma.run_migrations($call)", "CALL plasma.migrate($call)", 'SELECT battery.digest()');

	die "run_migrations: $run->{state} $run->{message}\n" if $run->{state} ne 'PL001' || $run->{message} !~ /^MigrationRefused: /;
	die "migrate: $migrate->{state} $migrate->{message}\n" if $migrate->{state} ne 'PL001';
	my $changed = differences($json->decode($before->{out}), $json->decode($after->{out}));
	die "a refusal changed $changed\n" if $changed;
	return;
}

# After a migration: nothing is left to do, the catalog is the wanted one, and the
# rows are as they were.
sub check_arrival
{
	my ($self, $job, $database, $contents, $by) = @_;
	my $plan = $self->plan($database, $job->{declaration});
	my $facts = $self->ask_json($database, 'SELECT battery.facts()');
	my $rows = $self->contents($job, $database);
	my $differ = differences(map { BatteryOracle::managed($_, $job->{wanted}) } $facts, $job->{wanted});

	die "$by: the second plan is $plan->{status}: " . steps_named($plan) . "\n" if $plan->{status} ne 'noop';
	die "$by: the catalog differs: $differ\n" if $differ;
	die "$by: the rows differ: " . differences($contents, $rows) . "\n" if differences($contents, $rows);
	return;
}

# The values that no migration may change.
sub contents
{
	my ($self, $job, $database) = @_;
	my $kept = BatteryOracle::kept($job->{facts}, $job->{wanted});

	return $self->ask_json($database, 'SELECT battery.contents(' . literal($json->encode($kept)) . ')');
}

my %executors = (
	run_migrations => sub { "SELECT plasma.run_migrations($_[0], '$_[1]')" },
	migrate => sub { "CALL plasma.migrate($_[0], '$_[1]')" },
	plan_sql => sub { "SELECT plasma.plan_sql(plasma.plan($_[0], '$_[1]'::jsonb || '{\"executor\": \"plan_sql\"}'))" });

# An executor reaches the wanted catalog.
sub check_executor
{
	my ($self, $job, $database, $by, $options) = @_;
	my $contents = $self->contents($job, $database);
	my $answer = $self->ask($database, $executors{$by}->(literal($job->{declaration}) . '::json', $options // '{}'));

	die "$by: $answer->{state} $answer->{message} $answer->{error}\n" if $answer->{state} ne '00000';
	my $why = $by eq 'plan_sql' ? $self->run_script($database, $answer->{out}) : undef;
	die "the script of plan_sql: $why\n" if $why;
	$self->check_arrival($job, $database, $contents, $by);
	return;
}

# What policy "data" makes of what the default policy refuses.
sub check_data_policy
{
	my ($self, $job, $database) = @_;
	my $options = '{"policy": "data"}';
	my $plan = $self->plan($database, $job->{declaration}, $options);

	$self->judge($job, $database, $plan, 'data');
	$self->check_executor($job, $self->create("${database}_data", $database), 'run_migrations', $options)
	  if $plan->{status} ne 'refused';
	return;
}

# The units of a plan in one of its two forms: steps as one transaction runs them, or
# the statements of those that block less.
sub units
{
	my ($plan, $form) = @_;
	my @units;

	for my $step (grep { $_->{op} ne 'register' } @{ $plan->{steps} })
	{
		my @online = $form eq 'online' ? @{ $step->{online} // [] } : ();
		my $name = "$form step $step->{n} $step->{op} $step->{object}";

		push @units, @online
		  ? map { { %$_, sql => [ $_->{sql} ], name => "$name, $_->{sql}" } } @online
		  : { %$step, name => $name };
	}
	return @units;
}

# Runs the plan unit by unit, each in a transaction of its own if it can be in one, and
# compares the locks, rewrites and scans that it foretells with those seen.
sub check_steps
{
	my ($self, $job, $database, $plan, $form) = @_;
	my $there = $self->ask_json($database, 'SELECT battery.figures()');
	my @wrong;

	for my $unit (units($plan, $form))
	{
		my $alone = $unit->{tx} eq 'none' || grep { /^CALL /i } @{ $unit->{sql} };
		my @frame = $alone ? ('SELECT 1', 'SELECT 1') : ('BEGIN', 'COMMIT');
		my ($began, $before, @answers) = $self->ask($database, $frame[0], 'SELECT battery.figures()', @{ $unit->{sql} },
			'SELECT battery.figures()', $frame[1]);
		my ($failed) = grep { $_->{state} ne '00000' } @answers;

		die "$unit->{name}: $failed->{state} $failed->{message}\n" if $failed;
		push @wrong, map { "$unit->{name}: $_" }
		  BatteryOracle::foretold($unit, $there, $json->decode($before->{out}), $json->decode($answers[-2]{out}))
		  unless $alone;
	}
	die join("\n", @wrong) . "\n" if @wrong;
	return;
}

# The verdict on a database, without rows or with them.
sub verdict_on
{
	my ($self, $job, $database) = @_;
	my $plan = $self->plan($database, $job->{declaration});

	$self->judge($job, $database, $plan);
	return $plan if $plan->{status} ne 'refused';
	$self->check_refusal($job, $database);
	$self->check_data_policy($job, $database);
	return $plan;
}

# First without rows, then with two in each table. What changes a database does it in
# a copy; run_migrations comes last, in the database itself.
sub pass
{
	my ($self, $job, $verdict) = @_;
	my $old = $job->{old};
	my ($plan, $filled);

	$verdict->{where} = 'without rows';
	$plan = $self->verdict_on($job, $old);
	$verdict->{without_rows} = told($plan);
	if ($verdict->{without_rows} eq 'apply')
	{
		$filled = $self->create("${old}_rows", $old);
		$self->check_executor($job, $self->create("${old}_run", $old), 'run_migrations');
	}
	$filled //= $old;

	$verdict->{where} = 'with rows';
	$verdict->{unfilled} = $self->ask_json($filled, 'SELECT battery.fill()');
	my $full_plan = $self->verdict_on($job, $filled);
	$verdict->{with_rows} = told($full_plan);
	my $source = $verdict->{with_rows} eq 'apply' ? $filled : $verdict->{without_rows} eq 'apply' ? $old : return;

	$self->check_executor($job, $self->create("${old}_sql", $source), 'plan_sql');
	$verdict->{where} = 'step by step';
	$self->check_steps($job, $self->create("${old}_$_", $source), $source eq $old ? $plan : $full_plan, $_) for qw(direct online);
	$verdict->{where} = 'with rows';
	$self->check_executor($job, $source, 'migrate');
	return;
}

# The verdict of a case: {status => right | wrong | not loadable, …}.
sub run
{
	my ($self, $case, $number) = @_;
	my %verdict = (number => $number, name => "$case->{source} $case->{name}", label => $case->{expect}, where => 'preparing');

	eval {
		my $job = $self->prepare($case, "case_$number");

		$verdict{tables} = keys %{ $job->{facts}{tables} };
		$self->pass($job, \%verdict);
		1;
	} or do {
		my $why = $@;

		$verdict{status} = $why =~ s/^not loadable: // ? 'not loadable' : 'wrong';
		chomp($verdict{why} = $verdict{status} eq 'wrong' ? "$verdict{where}: $why" : $why);
	};
	$verdict{status} //= 'right';
	$self->drop_all;
	return \%verdict;
}

1;
