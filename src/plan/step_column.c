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
#include "commands/defrem.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "plan/step_maker.h"
#include "schema/castable.h"
#include "schema/ddl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* The check by which a column becomes NOT NULL without a scan; and how it is known. */
#define NOT_NULL_CHECK	"_plasma_nn"

static List *
own_lock(const PlanChange *change, LOCKMODE mode)
{
	return plasma_step_lock(NIL, change->at->relid, mode);
}

/* One that locks the table of the change, and nobody else's. */
static StepStatement *
own_statement(const PlanChange *change, char *sql, char *undo)
{
	return plasma_step_statement(sql, undo, own_lock(change, AccessExclusiveLock));
}

static StepStatement *
validate_statement(const PlanChange *change, const char *constraint)
{
	StepStatement *statement =
		plasma_step_statement(plasma_ddl_validate_constraint(change->table, constraint),
							  NULL, own_lock(change, ShareUpdateExclusiveLock));

	statement->scans = true;
	return statement;
}

static char *
relation_literal(const ModelTable *table)
{
	return plasma_text_literal(plasma_text_qualified(table->schema, table->name));
}

static StepStatement *
start_backfill_statement(const PlanChange *change)
{
	return plasma_step_statement(psprintf("SELECT plasma.start_backfill(%s, %s)",
										  relation_literal(change->table),
										  plasma_text_literal(change->declared->name)),
								 NULL, NIL);
}

/* With 0 rows in a batch: all in the transaction of whoever calls. */
static StepStatement *
backfill_statement(const PlanChange *change, int batch)
{
	StepStatement *statement =
		plasma_step_statement(psprintf("CALL plasma.backfill(%s, %s, %d)",
									   relation_literal(change->table),
									   plasma_text_literal(change->declared->name), batch),
							  NULL, own_lock(change, RowExclusiveLock));

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
	bool		is_volatile;	/* another one for each */
} Addition;

static List *
addition_locks(const Addition *add)
{
	List	   *locks = own_lock(add->change, AccessExclusiveLock);

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
	int			parts = add->is_volatile ? 0 : DDL_NOT_NULL | DDL_VALUE;
	List	   *actions = list_make1(plasma_ddl_add_column(table,
														   plasma_ddl_column(add->column, parts, NULL, reference)));
	StepStatement *statement;
	List	   *statements = NIL;

	if (add->is_volatile)
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
	statements = lappend(statements, statement);
	if (add->is_volatile)
		statements = lappend(statements, backfill_statement(change, maker->options->batch));
	if (add->check != NULL)
		statements = lappend(statements, validate_statement(change, add->check));
	if (key_later)
	{
		statement = validate_statement(change, add->foreign_key);
		if (add->target != NULL)
			statement->locks = plasma_step_lock(statement->locks, add->target->relid, RowShareLock);
		statements = lappend(statements, statement);
	}
	if (add->is_volatile && !add->column->nullable)
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
	add.is_volatile = plasma_step_value_is_volatile(change->table, column);

	step = plasma_step_add(maker, change, "add_column");
	step->direct = list_make1(add_directly(&add));
	if (add.is_volatile || add.check != NULL || (add.target_table != NULL && add.valued))
		step->online = add_online(maker, &add);
	if (column->unique)
		plasma_step_unique(maker, change);
}

static DdlUsing
conversion_of(const ModelColumn *from, const ModelColumn *to)
{
	CoercionPathType path;
	Oid			function;

	if (to->generated != NULL)
		return DDL_USING_NOTHING;
	if (!OidIsValid(to->typid))
		return DDL_USING_TEXT;
	if (plasma_castable_types(from, to) == CAST_NONE)
		return DDL_USING_NULL;
	path = find_coercion_pathway(to->typid, from->typid, COERCION_EXPLICIT, &function);
	return from->typid == to->typid || path != COERCION_PATH_NONE ?
		DDL_USING_CAST : DDL_USING_TEXT;
}

/* A constraint that has the column, or an index of it that has to be made again. */
static bool
is_looked_at(Oid relid, AttrNumber attnum)
{
	SpiParam	params[] = {
		SPI_DATUM(OIDOID, ObjectIdGetDatum(relid)),
		SPI_DATUM(INT2OID, Int16GetDatum(attnum))
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT FROM pg_constraint WHERE conrelid = $1"
						   " AND contype = 'c' AND $2 = ANY (conkey)",
						   lengthof(params), params)->nrows > 0;
}

/* The sequence of a serial column has a type of its own. */
static List *
alter_sequence(const PlanChange *change)
{
	SpiParam	params[] = {
		SPI_TEXT(plasma_text_qualified(change->table->schema, change->table->name)),
		SPI_TEXT(change->declared->name)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER, "SELECT pg_get_serial_sequence($1, $2)",
									   lengthof(params), params);
	char	   *sequence = plasma_spi_text(rows, 0, 1);

	if (sequence == NULL || change->live->identity != IDENTITY_SERIAL)
		return NIL;
	return list_make1(plasma_step_statement(plasma_ddl_alter_sequence_type(sequence, change->declared),
											plasma_ddl_alter_sequence_type(sequence, change->live),
											NIL));
}

void
plasma_step_alter_type(StepMaker *maker, const PlanChange *change)
{
	const ModelColumn *from = change->live;
	const ModelColumn *to = change->declared;
	Castable	castable = OidIsValid(to->typid) ? plasma_castable_types(from, to) : CAST_NARROWS;
	bool		renew = from->default_sql != NULL && from->identity == IDENTITY_NONE &&
		from->generated == NULL;
	StepStatement *statement;
	PlanStep   *step;
	List	   *locks;

	plasma_step_create_type(maker, change, to);
	step = plasma_step_add(maker, change, "alter_type");
	locks = own_lock(change, AccessExclusiveLock);
	locks = plasma_step_lock_partners(locks, change->at->relid, from->facts->attnum, true,
									  AccessExclusiveLock);
	statement = plasma_step_statement(plasma_ddl_alter_type(change->table, to,
															conversion_of(from, to), renew),
									  plasma_ddl_alter_type(change->table, from,
															conversion_of(to, from), renew),
									  locks);
	statement->rewrites = castable != CAST_RELABEL;
	statement->scans = statement->rewrites ||
		is_looked_at(change->at->relid, from->facts->attnum);
	step->direct = lcons(statement, alter_sequence(change));
	if (castable == CAST_NONE)
		step->check = plasma_check_run(change, CHECK_VALUES)->sql;
	else if (castable == CAST_NARROWS && OidIsValid(to->typid))
		step->check = plasma_check_run(change, CHECK_CASTS)->sql;
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
	step->direct = list_make1(own_statement(change,
											to ? plasma_ddl_set_default(change->table, name, to) :
											plasma_ddl_drop_default(change->table, name),
											from ? plasma_ddl_set_default(change->table, name, from) :
											plasma_ddl_drop_default(change->table, name)));
}

static char *
not_null_check_name(StepMaker *maker, const PlanChange *change)
{
	const char *column = change->declared->name;
	Oid			relid = change->at->relid;
	char	   *name = makeObjectName(NOT_NULL_CHECK, column, NULL);

	for (int n = 1; ConstraintNameIsUsed(CONSTRAINT_RELATION, relid, name) ||
		 plasma_text_position(maker->names, name) >= 0; n++)
		name = makeObjectName(NOT_NULL_CHECK, column, psprintf("%d", n));
	maker->names = lappend(maker->names, name);
	return name;
}

static bool
is_own_not_null_check(const char *name)
{
	return name != NULL && strncmp(name, NOT_NULL_CHECK "_", strlen(NOT_NULL_CHECK "_")) == 0;
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
		statements = list_make1(own_statement(change,
											  plasma_ddl_add_not_null_unproven(table, column, unproven),
											  plasma_ddl_drop_constraint(table, unproven)));
	}
	return lappend(statements, validate_statement(change, unproven));
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
							 own_statement(change, plasma_ddl_add_not_null_check(table, column, check),
										   plasma_ddl_drop_constraint(table, check)));
	}
	if (!valid)
		statements = lappend(statements, validate_statement(change, check));
	statements = lappend(statements,
						 own_statement(change, plasma_ddl_set_not_null(table, column),
									   plasma_ddl_drop_not_null(table, column)));
	if (is_own_not_null_check(check))
		statements = lappend(statements,
							 own_statement(change, plasma_ddl_drop_constraint(table, check), NULL));
	return statements;
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
	{
		step->direct = list_make1(validate_statement(change, facts->not_null_unproven));
		return;
	}
	if (change->live->nullable)
	{
		statement = own_statement(change, plasma_ddl_set_not_null(table, column),
								  plasma_ddl_drop_not_null(table, column));
		statement->scans = !facts->not_null_check_valid;
		step->direct = list_make1(statement);
		step->online = plasma_step_not_null_online(maker, change);
	}
	if (is_own_not_null_check(facts->not_null_check))
		step->direct = lappend(step->direct,
							   own_statement(change,
											 plasma_ddl_drop_constraint(table, facts->not_null_check),
											 NULL));
}

void
plasma_step_nullable(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const char *column = change->declared->name;
	PlanStep   *step;

	if (!change->declared->nullable)
	{
		set_not_null(maker, change);
		return;
	}
	step = plasma_step_add(maker, change, "drop_not_null");
	step->direct = list_make1(own_statement(change, plasma_ddl_drop_not_null(table, column),
											plasma_ddl_set_not_null(table, column)));
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
