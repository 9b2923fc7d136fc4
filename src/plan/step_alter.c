/*
 * step_alter.c
 *		Steps that give a column another type.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "plan/step_maker.h"
#include "schema/castable.h"
#include "schema/ddl.h"
#include "utils/builtins.h"

static DdlUsing
conversion_of(const ModelColumn *from, const ModelColumn *to)
{
	CoercionPathType path;
	Oid			function;

	if (to->generated != NULL)
		return DDL_USING_NOTHING;
	if (!OidIsValid(from->typid) || !OidIsValid(to->typid))
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
	locks = plasma_step_own_lock(change, AccessExclusiveLock);
	locks = plasma_step_lock_partners(locks, change->at->relid, from->facts->attnum, true,
									  AccessExclusiveLock);
	statement = plasma_step_statement(plasma_ddl_alter_type(change->table, to,
															conversion_of(from, to), renew),
									  plasma_ddl_alter_type(change->table, from,
															conversion_of(to, from), renew),
									  locks);
	statement->alters = true;
	statement->rewrites = castable != CAST_RELABEL;
	statement->scans = statement->rewrites ||
		is_looked_at(change->at->relid, from->facts->attnum);
	step->direct = lcons(statement, alter_sequence(change));
	if (castable == CAST_NONE)
		step->check = plasma_check_run(change, CHECK_VALUES)->sql;
	else if (castable == CAST_NARROWS && OidIsValid(to->typid))
		step->check = plasma_check_run(change, CHECK_CASTS)->sql;
}
