# Labels of the battery that are not what plasma does, and why.
package BatteryLabels;
use strict;
use warnings;

my %wrong = ();

# Changes that only rows can refuse: the label says refuse, but it is built without any.
my %by_rows = map { $_ => 1 } qw(add_col_required set_not_null);
my %refusing = map { $_ => 1 } qw(drop_table drop_col pk_change type_kind_change type_widen type_narrow identity_change
  generated_change enum_value_remove rename_candidate partition_or_inherit_change);

# {expect, why} where the label of a case is not what is to be expected, or nothing.
sub relabel
{
	my $case = shift;
	my $name = "$case->{source} $case->{name}";

	return $wrong{$name} if $wrong{$name};
	return { expect => 'apply', why => 'rows decide, and there are none' }
	  if $case->{expect} eq 'refuse' && !grep { $refusing{$_} } @{ $case->{kinds} };
	return;
}

1;
