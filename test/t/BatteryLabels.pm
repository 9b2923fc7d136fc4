# Labels of the battery that are not what plasma does, and why.
#
# They were derived from the kinds of the differences by rule, without rows in mind, and
# without asking which of the objects a declaration can name. Where the catalogs differ
# nevertheless in what one can hold, the comparison of them is overruled, too.
package BatteryLabels;
use strict;
use warnings;

my @reasons = (
	{
		expect => 'noop',
		why => 'constraints over several columns are the application\'s: a declaration names those of one',
		cases => [
			'pgschema create_table/composite_fk_column_order', 'pgschema online/add_fk', 'pgschema online/alter_fk',
			'pgschema create_table/add_unique_constraint_nulls_not_distinct',
			'sqldef tests_constraints.yml:CompositeForeignKeyConstraint',
			'sqldef tests_constraints.yml:ConstraintUniqueNullsNotDistinctAdd', 'sqldef tests_indices.yml:EscapeUniqueIndexQuery'
		]
	},
	{
		expect => 'refuse',
		why => 'unique over NOT NULL columns is the key of a table without a primary key (row P2): it comes, goes or is '
		  . 'no longer deferrable, which is another key (row P1)',
		cases => [
			'pgschema create_table/add_uk', 'pgschema create_table/add_unique_constraint', 'sqldef tests_constraints.yml:AddUniqueConstraint',
			'sqldef tests_constraints.yml:DropUniqueConstraint', 'sqldef tests_constraints.yml:RevertUniqueConstraintToNotDeferrable'
		]
	},
	{
		expect => 'noop',
		why => 'the enum is of no column: what no table uses is the application\'s',
		cases => [
			'pgschema create_type/add_type', 'sqldef tests_types.yml:RenameEnumValue', 'sqldef tests_types.yml:RenameEnumValueWithSchema',
			'sqldef tests_types.yml:RenameEnumValueLineComment', 'sqldef tests_types.yml:RenameAndAddEnumValue'
		]
	},
	{
		expect => 'noop',
		why => 'the new table is a partition: its parent is declared, and did not change',
		cases => [
			'pgschema create_table/issue_499_partition_column_overrides', 'sqldef tests_partition.yml:PartitionOfForValuesIn',
			'sqldef tests_partition.yml:PartitionOfAddSecondPartition'
		]
	},
	{
		expect => 'noop',
		why => 'an unlogged table is empty after a crash without a word, so none is declared (row T13)',
		cases => ['pgschema create_table/add_table_unlogged']
	},
	{
		expect => 'refuse',
		why => 'persistence is never changed; where it differs the table is taken for removed, or cannot be synced (row T13)',
		cases => [ 'pgschema create_table/set_unlogged', 'pgschema create_table/set_logged' ]
	},
	{
		expect => 'noop',
		why => 'a table without columns cannot be declared: its coming and going is not seen',
		cases => [
			'pgschema dependency/issue_535_domain_depends_on_function_and_table', 'pgschema dependency/issue_535_domain_depends_on_table',
			'migra generated_added'
		]
	},
	{
		expect => 'apply',
		why => 'the table that goes has no columns, or is one of two with the same name: it was never declared',
		cases => [ 'migra rls2', 'migra singleschema', 'migra singleschema_ext' ]
	},
	{
		expect => 'noop',
		why => 'parents and children of inheritance cannot be synced, and are not declared (row T12)',
		cases => ['migra inherit2']
	},
	{
		expect => 'noop',
		why => 'a second table of the same name, in another schema, cannot be declared: names on the wire have no schema',
		cases => [ 'sqldef tests_preserve_quotes.yml:QuotedSchemaVsUnquotedSchemaDifferent' ]
	},
	{
		expect => 'noop',
		why => 'the column is of kind int or bigint, which the narrower type will do for (4.5)',
		cases => ['pgschema create_table/alter_column_quoted_identifier']
	},
	{
		expect => 'noop',
		catalogs => 'differ',
		why => 'the two defaults are one and the same in other words (row D18)',
		cases => ['sqldef tests_datatypes.yml:AtTimeZoneDefaultEquivalentToTimezoneFunction']
	},
	{
		expect => 'noop',
		catalogs => 'differ',
		why => 'a constraint whose name plasma does not give is the application\'s: it is kept, and told of (rows U5, R4)',
		cases => ['sqldef tests_preserve_quotes.yml:DropForeignKeyQuotedName']
	},
	{
		expect => 'apply',
		why => 'unique over NOT NULL columns becomes the primary key: the table\'s key is the same before and after (row P2)',
		cases => ['pgschema dependency/issue_439_unique_to_pk_fk_dependent']
	},
	{
		expect => 'refuse',
		why => 'the label overlooks that a column gets another collation (row Y7)',
		cases => ['migra collations']
	});

# Cases that this runner cannot pose.
my $period = 'a key about periods, which no declaration names (18)';
my %unposed = (
	'sqldef tests_constraints.yml:AddForeignKeyWithPeriod' => $period,
	'sqldef tests_constraints.yml:ForeignKeyWithPeriod' => $period,
	'sqldef tests_constraints.yml:ChangePrimaryKeyToWithoutOverlaps' => $period,
	'pgschema create_table/issue_501_virtual_generated_column' => 'a column that is generated when it is read, which no declaration names (18)',
	'pgschema dependency/issue_535_table_uses_table_domain' => 'a domain over the row type of a table that the plan is to make',
	'pgschema dependency/issue_545_signature_ref_table_after_domain' => 'a domain over the row type of a table that the plan is to make');

my %wrong = map { my $reason = $_; map { $_ => $reason } @{ $reason->{cases} } } @reasons;

# Changes that only rows refuse: the label says refuse, but the schemas have none.
my %by_rows = map { $_ => 1 } qw(add_col_required set_not_null);
my %refused = map { $_ => 1 } qw(drop_table drop_col pk_change type_kind_change type_widen type_narrow identity_change
  generated_change enum_value_remove rename_candidate partition_or_inherit_change);

sub name_of
{
	my $case = shift;

	return "$case->{source} $case->{name}";
}

# {expect, why} where a label is not what is to be expected, or nothing.
sub relabel
{
	my $case = shift;
	my @kinds = @{ $case->{kinds} };

	return $wrong{ name_of($case) } if $wrong{ name_of($case) };
	return { expect => 'apply', why => 'rows decide (rows C5, D11), and there are none' }
	  if $case->{expect} eq 'refuse' && grep({ $by_rows{$_} } @kinds) && !grep { $refused{$_} } @kinds;
	return;
}

# Why a case cannot be posed, or nothing.
sub unposed
{
	my $case = shift;

	return $unposed{ name_of($case) };
}

1;
