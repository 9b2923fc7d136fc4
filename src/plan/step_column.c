/*
 * step_column.c
 *		Steps for columns: what makes, alters and removes them.
 *
 *		The direct form of a step is one that the server does in one go; the
 *		online form leaves what has to read or write all rows to statements that
 *		let others work meanwhile.  Each statement of an online form can be the
 *		last one that was done: what is then in the catalog leads to the rest.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"
#include "utils/builtins.h"

static char *
relation_literal(const ModelTable *table)
{
	return plasma_text_literal(plasma_text_qualified(table->schema, table->name));
}

static char *
backfill_call(const PlanChange *change, const char *function)
{
	return psprintf("SELECT plasma.%s(%s, %s)", function, relation_literal(change->table),
					plasma_text_literal(change->declared->name));
}

static StepStatement *
start_backfill_statement(const PlanChange *change)
{
	return plasma_step_statement(backfill_call(change, "start_backfill"),
								 backfill_call(change, "finish_backfill"), NIL);
}

/*
 * A run that ended before the column was there has left a note, which would say
 * that rows wait: nothing where there is none.
 */
static List *
forget_backfill(const PlanChange *change)
{
	SpiParam	params[] = {
		SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(change->at->relid)),
		SPI_TEXT(change->declared->name)
	};

	if (plasma_spi_read(SPI_OWNER,
						"SELECT FROM plasma.backfills WHERE relation = $1 AND column_name = $2",
						lengthof(params), params)->nrows == 0)
		return NIL;
	return list_make1(plasma_step_statement(backfill_call(change, "finish_backfill"), NULL, NIL));
}

/* With 0 rows in a batch: all in the transaction of whoever calls. */
static StepStatement *
backfill_statement(const PlanChange *change, int batch)
{
	StepStatement *statement =
		plasma_step_statement(psprintf("CALL plasma.backfill(%s, %s, %d)",
									   relation_literal(change->table),
									   plasma_text_literal(change->declared->name), batch),
							  NULL, plasma_step_own_lock(change, RowExclusiveLock));

	statement->backfill = true;
	return statement;
}

/* What ADD COLUMN has to say of a column, and what it means for the table. */
typedef struct Addition
{
	const PlanChange *change;
	const ModelColumn *column;
	char	   *check;			/* name of its check, or NULL */
	const LiveTable *target;	/* of its foreign key, NULL when that is made by the plan */
	const ModelTable *target_table; /* NULL: no foreign key */
	char	   *foreign_key;	/* its name */
	bool		valued;			/* existing rows get a value */
	bool		filled_later;	/* another one for each, and null until they have it */
} Addition;

static List *
addition_locks(const Addition *add)
{
	List	   *locks = plasma_step_own_lock(add->change, AccessExclusiveLock);

	if (add->target != NULL)
		locks = plasma_step_lock(locks, add->target->relid, ShareRowExclusiveLock);
	return locks;
}

static StepStatement *
add_directly(const Addition *add)
{
	const ModelTable *table = add->change->table;
	char	   *reference = add->target_table == NULL ? NULL :
		plasma_ddl_reference(add->target_table, add->column, add->foreign_key);
	char	   *column = plasma_ddl_column(add->column, DDL_NOT_NULL | DDL_VALUE,
										   add->check, reference);
	StepStatement *statement =
		plasma_step_statement(plasma_ddl_add_column(table, column),
							  plasma_ddl_drop_column(table, add->column->name),
							  addition_locks(add));

	statement->rewrites = plasma_step_value_rewrites(table, add->column);
	statement->scans = statement->rewrites || add->check != NULL ||
		(!add->column->nullable && !add->valued) ||
		(add->target_table != NULL && add->valued);
	return statement;
}

static bool
takes_unvalidated_keys(const LiveTable *at)
{
	return at->relkind != RELKIND_PARTITIONED_TABLE || PLASMA_PARTITIONED_NOT_VALID;
}

/*
 * The column comes with what needs no look at the rows.  A default that is
 * another one for each row is only set, and the rows are filled in afterwards;
 * that they wait for it is noted before the column is there.
 */
static List *
add_online(StepMaker *maker, const Addition *add)
{
	const PlanChange *change = add->change;
	const ModelTable *table = change->table;
	const char *name = add->column->name;
	bool		key_later = add->target_table != NULL && add->valued &&
		takes_unvalidated_keys(change->at);
	char	   *reference = add->target_table == NULL || key_later ? NULL :
		plasma_ddl_reference(add->target_table, add->column, add->foreign_key);
	int			parts = add->filled_later ? 0 : DDL_NOT_NULL | DDL_VALUE;
	List	   *actions = list_make1(plasma_ddl_add_column(table,
														   plasma_ddl_column(add->column, parts, NULL, reference)));
	StepStatement *statement;
	List	   *statements = NIL;

	if (add->filled_later)
	{
		statements = list_make1(start_backfill_statement(change));
		actions = lappend(actions, plasma_ddl_set_default(table, name, add->column->default_sql));
	}
	if (add->check != NULL)
		actions = lappend(actions, plasma_ddl_add_check(table, plasma_model_check(add->column),
														add->check, true));
	if (key_later)
		actions = lappend(actions, plasma_ddl_add_foreign_key(table, add->column, add->target_table,
															  add->foreign_key, NULL, true));
	statement = plasma_step_statement(plasma_ddl_combine(table, actions),
									  plasma_ddl_drop_column(table, name), addition_locks(add));
	statement->scans = reference != NULL && add->valued && !add->filled_later;
	statements = lappend(statements, statement);
	if (add->filled_later)
		statements = lappend(statements, backfill_statement(change, maker->options->batch));
	if (add->check != NULL)
		statements = lappend(statements, plasma_step_validate(change, add->check));
	if (key_later)
	{
		statement = plasma_step_validate(change, add->foreign_key);
		if (add->target != NULL)
			statement->locks = plasma_step_lock(statement->locks, add->target->relid, RowShareLock);
		statements = lappend(statements, statement);
	}
	if (add->filled_later && !add->column->nullable)
		statements = list_concat(statements, plasma_step_not_null_online(maker, change));
	return statements;
}

void
plasma_step_add_column(StepMaker *maker, const PlanChange *change)
{
	const ModelColumn *column = change->declared;
	Addition	add = {change, column};
	PlanStep   *step;

	plasma_step_create_type(maker, change, column);
	if (plasma_model_check(column) != NULL)
		add.check = plasma_ddl_choose_name(change->table, column,
										   plasma_ddl_check_label(column), &maker->names);
	if (column->references != NULL && column->enforced)
	{
		add.target = plasma_step_live(maker, column->references);
		add.target_table = plasma_model_table(maker->input->declared, column->references);
		add.foreign_key = plasma_ddl_choose_name(change->table, column, "fkey", &maker->names);
	}
	add.valued = column->default_sql != NULL || column->generated != NULL ||
		column->identity != IDENTITY_NONE;
	add.filled_later = plasma_step_value_is_volatile(change->table, column) &&
		!plasma_step_value_may_refuse_null(column);

	step = plasma_step_add(maker, change, "add_column");
	step->direct = lappend(forget_backfill(change), add_directly(&add));
	if (add.filled_later || add.check != NULL || (add.target_table != NULL && add.valued))
		step->online = add_online(maker, &add);
	if (step->online != NIL && !add.filled_later)
		step->online = list_concat(forget_backfill(change), step->online);
	if (column->unique)
		plasma_step_unique(maker, change);
}

void
plasma_step_default(StepMaker *maker, const PlanChange *change)
{
	const char *name = change->declared->name;
	const char *from = change->live->default_sql;
	const char *to = change->declared->default_sql;
	PlanStep   *step;

	/* ALTER TYPE takes the default along. */
	if (from != NULL && plasma_step_other(maker, change, CHANGE_TYPE) != NULL)
		return;
	step = plasma_step_add(maker, change, to ? "set_default" : "drop_default");
	step->direct = list_make1(plasma_step_own(change,
											to ? plasma_ddl_set_default(change->table, name, to) :
											plasma_ddl_drop_default(change->table, name),
											from ? plasma_ddl_set_default(change->table, name, from) :
											plasma_ddl_drop_default(change->table, name)));
	((StepStatement *) linitial(step->direct))->alters = true;
}

void
plasma_step_backfill(StepMaker *maker, const PlanChange *change)
{
	PlanStep   *step = plasma_step_add(maker, change, "backfill");

	step->direct = list_make1(backfill_statement(change, 0));
	step->online = list_make1(backfill_statement(change, maker->options->batch));
}

void
plasma_step_drop_column(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->live_table;
	const char *column = change->live->name;
	PlanStep   *step = plasma_step_add(maker, change, "drop_column");
	List	   *locks = plasma_step_lock(NIL, table->relid, AccessExclusiveLock);

	locks = plasma_step_lock_partners(locks, table->relid, change->live->facts->attnum,
									  false, AccessExclusiveLock);
	step->direct = list_make1(plasma_step_statement(plasma_ddl_drop_column(table, column),
													NULL, locks));
	step->check = plasma_check_run(change, CHECK_VALUES)->sql;
}
