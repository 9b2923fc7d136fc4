/*
 * fingerprint.c
 *		One number for all of a table that decides which rows and values a caller
 *		reads, and that changes without an entry in the log: its columns, the last
 *		DDL on each, the policies, the partitions.
 *
 *		It goes into cookies and is compared with that of a later pull, on another
 *		server perhaps; so nothing in it may depend on the backend.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "common/hashfn.h"
#include "log/fingerprint.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

static uint64
mix_text(uint64 hash, const char *text)
{
	return hash_combine64(hash, hash_bytes_extended((const unsigned char *) text,
													strlen(text), 0));
}

static uint64
mix_number(uint64 hash, uint64 number)
{
	return hash_combine64(hash, hash_bytes_extended((unsigned char *) &number,
													sizeof(number), 0));
}

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
mix_policies(uint64 hash, Relation rel)
{
	ListCell   *cell;

	hash = mix_number(hash, check_enable_rls(RelationGetRelid(rel), InvalidOid, true));
	if (!rel->rd_rel->relrowsecurity || rel->rd_rsdesc == NULL)
		return hash;
	foreach(cell, rel->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		if ((policy->polcmd != '*' && policy->polcmd != 'r') || !policy_applies(policy))
			continue;
		hash = mix_number(hash, policy->permissive);
		hash = mix_text(hash, policy->qual ? nodeToString(policy->qual) : "");
	}
	return hash;
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
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
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
mix_partitions(uint64 hash, Relation rel)
{
	Relation	inherits;
	ListCell   *cell;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return hash;
	inherits = table_open(InheritsRelationId, AccessShareLock);
	foreach(cell, find_all_inheritors(RelationGetRelid(rel), NoLock, NULL))
	{
		hash = mix_number(hash, lfirst_oid(cell));
		hash = mix_number(hash, attached_by(inherits, lfirst_oid(cell)));
	}
	table_close(inherits, AccessShareLock);
	return hash;
}

uint64
plasma_fingerprint_table(Relation rel)
{
	uint64		hash = mix_number(0, RelationGetRelid(rel));

	return mix_partitions(mix_policies(hash, rel), rel);
}

/*
 * The transaction of the last DDL on a column.  ALTER TYPE … USING may give
 * other values and leave the type as it is.
 */
static TransactionId
column_written_by(Relation rel, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(RelationGetRelid(rel)),
										Int16GetDatum(attnum));
	TransactionId xid;

	if (!HeapTupleIsValid(tuple))
		return InvalidTransactionId;
	xid = HeapTupleHeaderGetRawXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	return xid;
}

uint64
plasma_fingerprint_column(uint64 hash, Relation rel, const SyncColumn *column,
						  Form_pg_attribute att)
{
	hash = mix_text(hash, column->name);
	hash = mix_number(hash, column->kind);
	hash = mix_number(hash, att->attnum);
	hash = mix_number(hash, att->atttypid);
	hash = mix_number(hash, (uint32) att->atttypmod);
	return mix_number(hash, column_written_by(rel, att->attnum));
}
