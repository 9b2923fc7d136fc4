/*
 * temporary.c
 *		Temporary objects go with the mutation that made them.
 *
 *		A temporary table comes before every other table of its name, and it stays
 *		in the session, which in a pool is somebody else's next.  So a mutation
 *		could put one where the next user's mutators write to, or the gateway's own
 *		statements, with defaults and checks that then run under other rights.
 *		In a role that ctx named it is therefore dropped at the mutation's end,
 *		whether it would have gone at COMMIT or not.
 *
 *		What is in the session's temporary schema depends on it, so the catalog of
 *		dependencies lists all kinds of objects at once.  The session holds them
 *		alone: no lock is waited for.  Dropping runs no code of anybody.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/temporary.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/*
 * The server's own error for it is one that is worth a retry.  This is not: the
 * same mutation leaves the same cursor.
 */
static void
refuse_open(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);

	if (rel->rd_refcnt > 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("temporary relation \"%s\" is still open at the end of the mutation",
						RelationGetRelationName(rel)),
				 errdetail("In the role that ctx.role names it goes with the mutation that made it."),
				 errhint("Close the cursors that read it.")));
	relation_close(rel, NoLock);
}

/* What depends on the schema; with before, what has come since. */
static ObjectAddresses *
objects_in(Oid schema, const ObjectAddresses *before)
{
	ObjectAddresses *objects = new_object_addresses();
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL,
							  lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object = {row->classid, row->objid, row->objsubid};

		if (before != NULL && object_address_present(&object, before))
			continue;
		if (before != NULL && row->classid == RelationRelationId)
			refuse_open(row->objid);
		add_exact_object_address(&object, objects);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return objects;
}

ObjectAddresses *
plasma_temporary_note(void)
{
	Oid			schema;
	Oid			toast_schema;

	if (!plasma_ctx_role_taken())
		return NULL;
	GetTempNamespaceState(&schema, &toast_schema);
	return OidIsValid(schema) ? objects_in(schema, NULL) : new_object_addresses();
}

void
plasma_temporary_drop(ObjectAddresses *before)
{
	Oid			schema;
	Oid			toast_schema;
	ObjectAddresses *made;

	if (before == NULL)
		return;
	GetTempNamespaceState(&schema, &toast_schema);
	if (OidIsValid(schema))
	{
		CommandCounterIncrement();
		made = objects_in(schema, before);
		performMultipleDeletions(made, DROP_CASCADE,
								 PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
		free_object_addresses(made);
	}
	free_object_addresses(before);
}
