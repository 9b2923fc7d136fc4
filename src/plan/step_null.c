/*
 * step_null.c
 *		Steps for NOT NULL.
 *
 *		Without blocking, a check that is not validated comes first, then it is
 *		validated, and then NOT NULL follows from it without a look at the rows.
 *		From 18 on NOT NULL itself can be one that is still to be validated.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "plan/step_maker.h"
#include "schema/catalog.h"
#include "schema/ddl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static char *
not_null_check_name(StepMaker *maker, const PlanChange *change)
{
	const char *column = change->declared->name;
	Oid			relid = change->at->relid;
	char	   *name = makeObjectName(MODEL_NOT_NULL_CHECK, column, NULL);

	for (int n = 1; ConstraintNameIsUsed(CONSTRAINT_RELATION, relid, name) ||
		 plasma_text_position(maker->names, name) >= 0; n++)
		name = makeObjectName(MODEL_NOT_NULL_CHECK, column, psprintf("%d", n));
	maker->names = lappend(maker->names, name);
	return name;
}

static StepStatement *
alter_column(const PlanChange *change, char *sql, char *undo)
{
	StepStatement *statement = plasma_step_own(change, sql, undo);

	statement->alters = true;
	return statement;
}

/* From 18 on: NOT NULL itself can be one that is still to be proven. */
static List *
prove_not_null(StepMaker *maker, const PlanChange *change, const char *unproven)
{
	const ModelTable *table = change->table;
	const char *column = change->declared->name;
	List	   *statements = NIL;

	if (unproven == NULL)
	{
		unproven = plasma_ddl_choose_name(table, change->declared, "not_null", &maker->names);
		statements = list_make1(alter_column(change,
											 plasma_ddl_add_not_null_unproven(table, column, unproven),
											 plasma_ddl_drop_constraint(table, unproven)));
	}
	return lappend(statements, plasma_step_validate(change, unproven));
}

/* Goes on from whatever an earlier run has left. */
List *
plasma_step_not_null_online(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const char *column = change->declared->name;
	const ColumnFacts *facts = change->live ? change->live->facts : NULL;
	const char *check = facts ? facts->not_null_check : NULL;
	bool		valid = check != NULL && facts->not_null_check_valid;
	List	   *statements = NIL;

	if (PLASMA_NOT_NULL_NOT_VALID && check == NULL)
		return prove_not_null(maker, change, facts ? facts->not_null_unproven : NULL);
	if (check == NULL)
	{
		check = not_null_check_name(maker, change);
		statements = lappend(statements,
							 plasma_step_own(change, plasma_ddl_add_not_null_check(table, column, check),
										   plasma_ddl_drop_constraint(table, check)));
	}
	if (!valid)
		statements = lappend(statements, plasma_step_validate(change, check));
	statements = lappend(statements,
						 alter_column(change, plasma_ddl_set_not_null(table, column),
									   plasma_ddl_drop_not_null(table, column)));
	if (plasma_model_is_passing(check, MODEL_NOT_NULL_CHECK))
		statements = lappend(statements,
							 plasma_step_own(change, plasma_ddl_drop_constraint(table, check), NULL));
	return statements;
}

/* The check that was to prove it has done so, or is wanted no more. */
static List *
drop_own_check(const PlanChange *change)
{
	const char *check = change->live->facts->not_null_check;

	if (!plasma_model_is_passing(check, MODEL_NOT_NULL_CHECK))
		return NIL;
	return list_make1(plasma_step_own(change, plasma_ddl_drop_constraint(change->table, check),
									  NULL));
}

static void
set_not_null(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const char *column = change->declared->name;
	const ColumnFacts *facts = change->live->facts;
	PlanStep   *step = plasma_step_add(maker, change, "set_not_null");
	StepStatement *statement;

	if (facts->not_null_unproven != NULL)
		statement = plasma_step_validate(change, facts->not_null_unproven);
	else if (change->live->nullable)
	{
		statement = alter_column(change, plasma_ddl_set_not_null(table, column),
									plasma_ddl_drop_not_null(table, column));
		statement->scans = !facts->not_null_check_valid;
		step->online = plasma_step_not_null_online(maker, change);
	}
	else
		statement = NULL;
	step->direct = drop_own_check(change);
	if (statement != NULL)
		step->direct = lcons(statement, step->direct);
}

/*
 * From 18 on a partition keeps a NOT NULL of its own when its table gives its
 * one up; before, there was but one.  A partition comes after what it is a
 * partition of, whose NOT NULL it may have as well.
 */
static List *
drop_of_partitions(const PlanChange *change)
{
	const char *column = change->declared->name;
	List	   *tree = find_all_inheritors(change->at->relid, NoLock, NULL);
	SpiParam	params[] = {plasma_catalog_oids(list_delete_first(tree)), SPI_TEXT(column)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.conrelid FROM pg_constraint c"
									   " JOIN pg_attribute a ON a.attrelid = c.conrelid"
									   "  AND a.attnum = c.conkey[1]"
									   " WHERE c.conrelid = ANY ($1) AND c.contype = 'n'"
									   " AND c.conislocal AND a.attname::text = $2"
									   " ORDER BY array_position($1, c.conrelid)",
									   lengthof(params), params);
	List	   *statements = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Oid			relid = plasma_spi_oid(rows, i, 1);
		ModelTable	partition = {
			.schema = get_namespace_name(get_rel_namespace(relid)),
			.name = get_rel_name(relid)
		};

		if (partition.schema != NULL && partition.name != NULL)
			statements = lappend(statements,
								 plasma_step_statement(plasma_ddl_drop_not_null(&partition, column),
													   plasma_ddl_set_not_null(&partition, column),
													   plasma_step_lock(NIL, relid, AccessExclusiveLock)));
	}
	return statements;
}

static void
drop_not_null(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const char *column = change->declared->name;
	PlanStep   *step = plasma_step_add(maker, change, "drop_not_null");

	if (!change->live->nullable || change->live->facts->not_null_unproven != NULL)
	{
		step->direct = list_make1(alter_column(change, plasma_ddl_drop_not_null(table, column),
												  plasma_ddl_set_not_null(table, column)));
		if (change->at->relkind == RELKIND_PARTITIONED_TABLE)
			step->direct = list_concat(step->direct, drop_of_partitions(change));
	}
	step->direct = list_concat(step->direct, drop_own_check(change));
}

void
plasma_step_nullable(StepMaker *maker, const PlanChange *change)
{
	if (change->declared->nullable)
		drop_not_null(maker, change);
	else
		set_not_null(maker, change);
}
