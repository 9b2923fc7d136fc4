/*
 * fingerprint.c
 *		One number for all of a table that decides which rows and values a caller
 *		reads, and that changes without an entry in the log: its columns, the last
 *		DDL on each, the scope that cuts it, the policies and how what they use is
 *		defined, the partitions, the triggers that log.  DDL that is known to leave clients' rows good does not
 *		count (schema/copies).
 *
 *		It goes into cookies and is compared with that of a later pull, on another
 *		server perhaps; so nothing in it may depend on the backend.  What hid writes
 *		from the log is looked up in the pull's own snapshot: one that sees it end
 *		sees what was written under it.
 */
#include "postgres.h"

#include <inttypes.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "log/body.h"
#include "log/definition.h"
#include "log/fingerprint.h"
#include "log/mix.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "rewrite/rowsecurity.h"
#include "schema/copies.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* Whether a policy is made for the current role, as the rewriter decides it. */
static bool
policy_applies(const RowSecurityPolicy *policy)
{
	Oid		   *roles = (Oid *) ARR_DATA_PTR(policy->roles);

	for (int i = 0; i < ARR_DIMS(policy->roles)[0]; i++)
		if (roles[i] == ACL_ID_PUBLIC || has_privs_of_role(GetUserId(), roles[i]))
			return true;
	return false;
}

static uint64
mix_policies(uint64 hash, Relation rel, const Registry *registry)
{
	int			binds = check_enable_rls(RelationGetRelid(rel), InvalidOid, true);
	bool		uses = false;
	ListCell   *cell;

	hash = plasma_mix_number(hash, binds);
	if (!rel->rd_rel->relrowsecurity || rel->rd_rsdesc == NULL)
		return hash;
	foreach(cell, rel->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		if ((policy->polcmd != '*' && policy->polcmd != 'r') || !policy_applies(policy))
			continue;
		hash = plasma_mix_number(hash, policy->permissive);
		hash = plasma_mix_text(hash, policy->qual ? nodeToString(policy->qual) : "");
		uses |= binds == RLS_ENABLED && plasma_definition_is_used(policy);
	}
	return uses ? plasma_definition_mix(hash, RelationGetRelid(rel), &registry->id) : hash;
}

/* Which transaction attached a partition; stays when the row is frozen. */
static TransactionId
attached_by(Relation inherits, Oid relid)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	TransactionId xid;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true,
							  GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	xid = HeapTupleIsValid(tuple) ? HeapTupleHeaderGetRawXmin(tuple->t_data) :
		InvalidTransactionId;
	systable_endscan(scan);
	return xid;
}

/*
 * Attaching and detaching a partition shows and hides rows without a log entry,
 * and what is written to it in between is not logged.
 */
static uint64
mix_partitions(uint64 hash, List *tree)
{
	Relation	inherits;
	ListCell   *cell;

	if (list_length(tree) == 1)
		return hash;
	inherits = table_open(InheritsRelationId, AccessShareLock);
	foreach(cell, tree)
	{
		hash = plasma_mix_number(hash, lfirst_oid(cell));
		hash = plasma_mix_number(hash, attached_by(inherits, lfirst_oid(cell)));
	}
	table_close(inherits, AccessShareLock);
	return hash;
}

/*
 * What was written before a trigger was there, or while it was switched off, is
 * not in the log: a restore makes them last, and pg_restore --disable-triggers
 * switches them off and on.  So that one of them was touched counts, whatever it
 * is like by now.  All of that holds off writers of the table.
 */
static uint64
mix_triggers(uint64 hash, List *tree)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	NameData	prefix;
	ListCell   *cell;

	namestrcpy(&prefix, BODY_NAME_PREFIX);
	foreach(cell, tree)
	{
		ScanKeyData keys[2];
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&keys[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(lfirst_oid(cell)));
		ScanKeyInit(&keys[1], Anum_pg_trigger_tgname, BTGreaterEqualStrategyNumber,
					F_NAMEGE, NameGetDatum(&prefix));
		scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true,
								  GetActiveSnapshot(), lengthof(keys), keys);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

			if (strncmp(NameStr(form->tgname), BODY_NAME_PREFIX,
						strlen(BODY_NAME_PREFIX)) != 0)
				break;
			hash = plasma_mix_number(hash, HeapTupleHeaderGetRawXmin(tuple->t_data));
		}
		systable_endscan(scan);
	}
	table_close(triggers, AccessShareLock);
	return hash;
}

typedef struct ColumnPrint
{
	const SyncColumn *column;
	uint64		mark;
} ColumnPrint;

Fingerprint *
plasma_fingerprint_make(Relation rel, const Registry *registry)
{
	Fingerprint *print = palloc0(sizeof(Fingerprint));
	uint64		hash = plasma_mix_number(0, RelationGetRelid(rel));
	List	   *tree = find_all_inheritors(RelationGetRelid(rel), NoLock, NULL);

	hash = mix_policies(hash, rel, registry);
	hash = mix_partitions(hash, tree);
	print->table = mix_triggers(hash, tree);
	return print;
}

/* Which slices there are and who gets them is asked anew by each pull. */
void
plasma_fingerprint_scope(Fingerprint *print, const SyncTable *table)
{
	ListCell   *cell;

	if (table->scope == NULL)
		return;
	print->table = plasma_mix_text(print->table, table->scope->name);
	foreach(cell, table->scope_columns)
		print->table = plasma_mix_text(print->table, lfirst(cell));
}

void
plasma_fingerprint_add(Fingerprint *print, Relation rel, const SyncColumn *column,
					   AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(RelationGetRelid(rel)),
										Int16GetDatum(attnum));
	ColumnPrint *added = palloc0(sizeof(ColumnPrint));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d of relation %u",
			 attnum, RelationGetRelid(rel));
	added->column = column;
	added->mark = plasma_copies_mark(tuple);
	print->columns = lappend(print->columns, added);
	ReleaseSysCache(tuple);
}

/*
 * A column that came after the shape is passed over as long as it is what was
 * added: its values, if there are any, came by the log.  Of a column's kind only
 * that counts which makes its JSON another one.
 */
char *
plasma_fingerprint_text(const Fingerprint *print, int64 shape)
{
	uint64		hash = print->table;
	ListCell   *cell;

	foreach(cell, print->columns)
	{
		const ColumnPrint *at = lfirst(cell);
		const SyncColumn *column = at->column;
		bool		kept = at->mark == column->mark;

		if (kept && column->shape > shape)
			continue;
		hash = plasma_mix_text(hash, column->name);
		hash = plasma_mix_number(hash, column->kind == KIND_BIGINT);
		hash = plasma_mix_number(hash, kept ? column->counts_as : at->mark);
	}
	return psprintf("%016" PRIx64, hash);
}
