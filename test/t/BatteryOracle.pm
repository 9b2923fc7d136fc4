# What the planner must say and do, from the catalogs and the data alone.
#
# In come the facts (battery.facts) of the old and of the new database; a difference
# between the two is a change of the truth table, which refuses always, never, or by
# what the rows hold.
package BatteryOracle;
use strict;
use warnings;

use JSON::PP;

# count: how many rows of a table fulfil a condition. policy: plasma, or data, which
# lets go what holds no value.
sub new
{
	my ($class, $count, $policy) = @_;

	return bless { count => $count, by_data => ($policy // 'plasma') eq 'data' }, $class;
}

sub quoted
{
	my $name = shift;

	$name =~ s/"/""/g;
	return "\"$name\"";
}

# Each change that must be refused: [codes, table, column]; with a fourth element, one
# that may be, for reasons that this does not look into: views, casts, labels in use.
sub refused
{
	my ($self, $old, $new) = @_;
	my @refused;

	for my $table (sort keys %{ $old->{tables} })
	{
		my ($from, $to) = ($old->{tables}{$table}, $new->{tables}{$table});

		push @refused, $to ? $self->of_table($table, $from, $to, $old->{enums}, $new->{enums})
		  : [ [qw(DS101 DS104 UN108 UN114 ID102)], $table, undef, $self->{by_data} && !$self->has_rows($table) ];
	}
	push @refused, map { [ [qw(UN101 UN102 UN103)], $_ ] }
	  grep { $old->{left_out}{$_} && ($old->{left_out}{$_}{unlogged} || $old->{left_out}{$_}{inherits} || $old->{left_out}{$_}{partition}) }
	  sort keys %{ $new->{tables} };
	return @refused;
}

sub of_table
{
	my ($self, $table, $from, $to, $old_enums, $new_enums) = @_;
	my @refused;

	push @refused, [ [qw(DS107 UN107)], $table ] if changes_key($from->{keys} // [], $to->{keys} // []);
	for my $column (sort keys %{ { %{ $from->{columns} }, %{ $to->{columns} } } })
	{
		my ($was, $is) = ($from->{columns}{$column}, $to->{columns}{$column});
		my @codes = !$is ? $self->of_gone($table, $column, $was)
		  : !$was ? (of_twin($column, $from), $self->of_new($table, $column, $is, $to))
		  : ($self->of_both($table, $column, $was, $is, $from, $to), $self->of_enum($is, $old_enums, $new_enums));

		push @refused, map { [ $_->[0], $table, $column, $_->[1] ] } map { ref $_->[0] ? $_ : [$_] } @codes;
	}
	return @refused;
}

# Whether there was a key and is none, or the other way round, or none was kept.
sub changes_key
{
	my ($from, $to) = @_;

	return @$from != @$to && (!@$from || !@$to) || @$from && !grep { has($from, $_) } @$to;
}

sub has_rows
{
	my ($self, $table, $condition) = @_;

	return $self->{count}->($table, $condition // 'true');
}

sub of_gone
{
	my ($self, $table, $column, $was) = @_;
	my $holds = $was->{required} ? 'true' : quoted($column) . ' IS NOT NULL';

	return [ [qw(DS102 DS103 DS104 DS107 UN108 ID102)], $self->{by_data} && !$self->has_rows($table, $holds) ];
}

# A column of the same name but for case is in the way.
sub of_twin
{
	my ($column, $from) = @_;

	return grep({ lc $_ eq lc $column } keys %{ $from->{columns} }) ? [qw(ID102)] : ();
}

sub of_new
{
	my ($self, $table, $column, $is, $to) = @_;
	my @codes;
	my $filled = grep { defined } @$is{qw(default generated identity)};

	push @codes, [qw(MF101 LK101 DS104)] if $is->{required} && !$filled && $self->has_rows($table);
	push @codes, [qw(MF103)]
	  if has($to->{unique}, $column) && defined $is->{default} && $is->{default} !~ /nextval|random/ && $self->has_rows($table) > 1;
	push @codes, [qw(MF102)] if $is->{required} && defined $is->{generated} && $self->has_rows($table, "($is->{generated}) IS NULL");
	return @codes;
}

sub of_both
{
	my ($self, $table, $column, $was, $is, $from, $to) = @_;
	my $name = quoted($column);
	my @codes;

	push @codes, [qw(UN115)] if ($was->{collation} // '') ne ($is->{collation} // '');
	push @codes, [ [qw(DS105 DS106 MF105 UN108 UN109)], $self->{by_data} ] if !accepts($is->{type}, $was->{type});
	push @codes, [qw(UN112 DS105)]
	  if ($was->{generated} // '') ne ($is->{generated} // '') || ($was->{identity} // '') ne ($is->{identity} // '')
	  || is_serial($was) != is_serial($is);
	push @codes, [qw(MF102)] if $is->{required} && !$was->{required} && $self->has_rows($table, "$name IS NULL");
	push @codes, [qw(MF103)]
	  if has($to->{unique}, $column) && !has($from->{unique}, $column)
	  && $self->has_rows("(SELECT $name FROM $table GROUP BY $name HAVING count(*) > 1)", "$name IS NOT NULL");
	push @codes, $self->of_reference($table, $column, ($from->{references} // {})->{$column}, ($to->{references} // {})->{$column});
	return @codes;
}

sub of_reference
{
	my ($self, $table, $column, $was, $is) = @_;

	return if !$is || ($was // '') eq $is;
	my ($target) = $is =~ /^(.*) \w$/;
	my $name = quoted($column);
	my $orphans = $self->has_rows($table, "$name IS NOT NULL AND NOT EXISTS (SELECT FROM $target r " .
		"WHERE to_jsonb(r) ->> ((battery.keys('$target'::regclass) ->> 0)::jsonb ->> 0) = to_jsonb(t) ->> '$column')");

	return $orphans ? [qw(MF104)] : ();
}

# Types that a column may keep where its kind asks for another: 4.5 of the truth table.
my %accepted = (
	bigint => qr/^(?:integer|smallint)$/,
	text => qr/^(?:character varying(?:\(\d+\))?|uuid|(?:\w+\.)?citext)$/,
	jsonb => qr/^json$/);

sub accepts
{
	my ($wanted, $given) = @_;

	return $wanted eq $given || $accepted{$wanted} && $given =~ $accepted{$wanted};
}

sub is_serial
{
	my $column = shift;

	return $column->{serial} ? 1 : 0;
}

# Labels that a column's type had and has no more.
sub of_enum
{
	my ($self, $is, $old, $new) = @_;
	(my $type = $is->{type}) =~ s/(?:\[\])+$//;
	my ($from, $to) = ($old->{$type}, $new->{$type});

	return if !$from || !$to;
	my @kept = grep { has($from, $_) } @$to;
	return "@kept" eq "@$from" ? () : [ [qw(DS106 UN108)], $self->{by_data} ];
}

sub has
{
	my ($list, $wanted) = @_;

	return grep { $_ eq $wanted } @{ $list // [] };
}

# Differences between what a plan refuses and what must be refused.
sub judge
{
	my ($self, $old, $new, $issues) = @_;
	my @refused = $self->refused($old, $new);
	my @wrong;

	for my $refused (grep { !$_->[3] } @refused)
	{
		my ($codes, $table, $column) = @$refused;

		push @wrong, "not refused: $table" . (defined $column ? " $column" : '') . " (@$codes)"
		  unless grep { answers($_, $refused) } @$issues;
	}
	for my $issue (@$issues)
	{
		push @wrong, "refused without cause: $issue->{code} " . ($issue->{path} // '') . " $issue->{issue}"
		  unless grep { answers($issue, $_) } @refused;
	}
	return @wrong;
}

sub answers
{
	my ($issue, $refused) = @_;
	my ($codes, $table, $column) = @$refused;

	# What leaves and comes as a rename is told of where it leaves.
	return has($codes, $issue->{code})
	  && (!defined $column || !defined $issue->{column} || $issue->{column} eq $column || $issue->{code} eq 'DS104');
}

# Takes the tables that a declaration does not name out of the facts; returns those
# for which there is no reason.
sub leave_out
{
	my ($facts, $declaration) = @_;
	my @unexplained;

	for my $table (sort keys %{ $facts->{tables} })
	{
		my $is = $facts->{tables}{$table};
		my $declared = $declaration->{tables}{ $is->{name} };

		next if $declared && ($declared->{schema} // 'public') eq $is->{schema};
		push @unexplained, $table unless $declared || $is->{inherits} || $is->{partition} || $is->{unlogged} || !%{ $is->{columns} };
		$facts->{left_out}{$table} = delete $facts->{tables}{$table};
	}
	return @unexplained;
}

# The part of the facts that a declaration can hold; a type that will do counts as the
# wanted one.
sub managed
{
	my ($facts, $wanted) = @_;
	my %tables;

	for my $table (keys %{ $wanted->{tables} })
	{
		my ($is, $to) = ($facts->{tables}{$table} // next, $wanted->{tables}{$table});
		my %columns = map { $_ => { %{ $is->{columns}{$_} } } } keys %{ $is->{columns} };

		for my $column (grep { $to->{columns}{$_} } keys %columns)
		{
			$columns{$column}{type} = $to->{columns}{$column}{type} if accepts($to->{columns}{$column}{type}, $columns{$column}{type});
		}
		$_->{default} = plain_default($_->{default}) for grep { defined $_->{default} } values %columns;
		$tables{$table} = {
			columns => \%columns, unique => $is->{unique}, references => $is->{references},
			key => (grep { has($to->{keys}, $_) } @{ $is->{keys} // [] }) ? 1 : 0
		};
	}
	return \%tables;
}

# A literal without the type that the server writes beside it.
sub plain_default
{
	my $default = shift;

	$default =~ s/^('(?:[^']|'')*')::[\w. "]+(?:\([\d,]+\))?$/$1/;
	$default =~ s/^'(-?[\d.]+)'$/$1/;
	return $default;
}

# The columns that are in both, of the same type: what they hold is not to change.
sub kept
{
	my ($old, $new) = @_;
	my %tables;

	for my $table (grep { $new->{tables}{$_} } keys %{ $old->{tables} })
	{
		my ($from, $to) = map { $_->{tables}{$table}{columns} } $old, $new;
		my @same = grep { $to->{$_} && $to->{$_}{type} eq $from->{$_}{type} } keys %$from;

		$tables{$table}{columns} = { map { $_ => 1 } @same };
	}
	return { tables => \%tables };
}

# What a label would say: refuse, apply or noop.
sub expected
{
	my ($self, $old, $new) = @_;
	my $json = JSON::PP->new->canonical;

	return grep({ !$_->[3] } $self->refused($old, $new)) ? 'refuse'
	  : $json->encode(managed($old, $new)) eq $json->encode(managed($new, $new)) ? 'noop' : 'apply';
}

my @modes = qw(AccessShareLock RowShareLock RowExclusiveLock ShareUpdateExclusiveLock ShareLock ShareRowExclusiveLock ExclusiveLock
  AccessExclusiveLock);

sub strongest
{
	my @given = @_;
	my ($strongest) = grep { has(\@given, $_) } reverse @modes;

	return $strongest // 'none';
}

# Differences between what a step, or one statement of it, foretells and what was seen
# of the tables that were there before the first step; nobody waits for those that the
# plan makes.
sub foretold
{
	my ($step, $there, $before, $after) = @_;
	my @wrong;
	my ($rewrites, $scans) = (0, 0);

	for my $table (sort grep { $before->{$_} && $after->{$_} } keys %$there)
	{
		my $seen = strongest(@{ $after->{$table}{locks} // [] });
		my $said = $step->{locks}{$table} // 'none';

		$rewrites ||= $before->{$table}{file} != $after->{$table}{file};
		$scans ||= $before->{$table}{scans} != $after->{$table}{scans};
		push @wrong, "locks $table: said $said, seen $seen" if $said ne $seen && "$said $seen" ne 'none AccessShareLock';
	}
	push @wrong, 'rewrites: said ' . ($step->{rewrites} ? 'yes' : 'no') . ', seen ' . ($rewrites ? 'yes' : 'no')
	  if !$step->{rewrites} != !$rewrites;
	push @wrong, 'scans: said ' . ($step->{scans} ? 'yes' : 'no') . ', seen ' . ($scans ? 'yes' : 'no')
	  if !$step->{scans} != !$scans && !$rewrites;
	return @wrong;
}

1;
