/*
 * step_lock.c
 *		Which relations a statement locks.
 *
 *		A statement about a table locks its partitions as well, and one about a
 *		foreign key the table on the other side with all partitions of that: as
 *		measured in pg_locks.  Pure but for reading catalogs; nothing is locked
 *		here.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "plan/step_maker.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

List *
plasma_step_lock_only(List *locks, Oid relid, LOCKMODE mode)
{
	StepLock   *lock;
	ListCell   *cell;

	foreach(cell, locks)
	{
		lock = lfirst(cell);
		if (lock->relid != relid)
			continue;
		lock->mode = Max(lock->mode, mode);
		return locks;
	}
	lock = palloc(sizeof(StepLock));
	lock->relid = relid;
	lock->relation = plasma_text_relation(relid);
	lock->mode = mode;
	return lock->relation ? lappend(locks, lock) : locks;
}

List *
plasma_step_lock(List *locks, Oid relid, LOCKMODE mode)
{
	ListCell   *cell;

	if (!OidIsValid(relid))
		return locks;
	foreach(cell, find_all_inheritors(relid, NoLock, NULL))
		locks = plasma_step_lock_only(locks, lfirst_oid(cell), mode);
	return locks;
}

List *
plasma_step_lock_partners(List *locks, Oid relid, AttrNumber attnum,
						  bool incoming, LOCKMODE mode)
{
	SpiParam	params[] = {
		SPI_DATUM(OIDOID, ObjectIdGetDatum(relid)),
		SPI_DATUM(INT2OID, Int16GetDatum(attnum)),
		SPI_DATUM(BOOLOID, BoolGetDatum(incoming))
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT confrelid FROM pg_constraint"
									   " WHERE contype = 'f' AND conrelid = $1"
									   " AND ($2 = 0 OR $2 = ANY (conkey))"
									   " UNION SELECT conrelid FROM pg_constraint"
									   " WHERE $3 AND contype = 'f' AND confrelid = $1"
									   " AND ($2 = 0 OR $2 = ANY (confkey))"
									   " ORDER BY 1", lengthof(params), params);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		bool		isnull;
		Datum		partner = plasma_spi_datum(rows, i, 1, &isnull);

		locks = plasma_step_lock(locks, DatumGetObjectId(partner), mode);
	}
	return locks;
}

const char *
plasma_step_lock_name(LOCKMODE mode)
{
	return GetLockmodeName(DEFAULT_LOCKMETHOD, mode);
}

static int
by_relid(const ListCell *a, const ListCell *b)
{
	Oid			left = ((StepLock *) lfirst(a))->relid;
	Oid			right = ((StepLock *) lfirst(b))->relid;

	return left < right ? -1 : left > right;
}

static List *
add_locks(List *all, List *locks)
{
	ListCell   *cell;

	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);

		all = plasma_step_lock_only(all, lock->relid, lock->mode);
	}
	return all;
}

List *
plasma_step_locks(List *steps, PlanExecutor executor)
{
	List	   *all = NIL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);

		all = add_locks(all, step->locks);
		foreach(inner, plasma_step_statements(step, executor))
			all = add_locks(all, ((StepStatement *) lfirst(inner))->locks);
	}
	list_sort(all, by_relid);
	return all;
}
