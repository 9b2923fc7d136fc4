/*
 * compat.h
 *		The only place that tests the server's version.  Names follow the newest
 *		server, so that the code reads as if written for it.
 */
#ifndef PLASMA_COMPAT_H
#define PLASMA_COMPAT_H

#include "postgres.h"

#include "access/attmap.h"
#include "access/genam.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "pgstat.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "plasma needs PostgreSQL 15 or newer"
#endif

/* What may be NOT VALID: NOT NULL, and a foreign key of a partitioned table. */
#define PLASMA_NOT_NULL_NOT_VALID		(PG_VERSION_NUM >= 180000)
#define PLASMA_PARTITIONED_NOT_VALID	(PG_VERSION_NUM >= 180000)

/* Whether a partitioned table gets an identity column with all its partitions. */
#define PLASMA_PARTITIONED_IDENTITY		(PG_VERSION_NUM >= 170000)

/* From utils/pg_locale.h, which needs ICU's headers; no server package brings them. */
extern PGDLLIMPORT char *locale_monetary;

/* Semantic actions of the JSON parser return an error code since 16. */
#if PG_VERSION_NUM >= 160000
#define PLASMA_JSON_ACTION		static JsonParseErrorType
#define PLASMA_JSON_ACTION_DONE	return JSON_SUCCESS
#else
#define PLASMA_JSON_ACTION		static void
#define PLASMA_JSON_ACTION_DONE	return
#endif

static inline JsonLexContext *
plasma_json_lexer(const char *text, int len)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, text, len, PG_UTF8, true);
#else
	return makeJsonLexContextCstringLen((char *) text, len, PG_UTF8, true);
#endif
}

/* The name of a type, from its text; raises what is wrong with it. */
static inline TypeName *
plasma_type_name(const char *text)
{
#if PG_VERSION_NUM >= 160000
	return typeStringToTypeName(text, NULL);
#else
	return typeStringToTypeName(text);
#endif
}

#if PG_VERSION_NUM < 160000
#define object_aclcheck(classid, objid, roleid, mode) \
	((classid) == NamespaceRelationId ? pg_namespace_aclcheck(objid, roleid, mode) : \
	 pg_proc_aclcheck(objid, roleid, mode))
#define object_ownercheck(classid, objid, roleid) \
	((classid) == RelationRelationId ? pg_class_ownercheck(objid, roleid) : \
	 pg_proc_ownercheck(objid, roleid))
#define member_can_set_role(member, role) is_member_of_role(member, role)
#endif

#if PG_VERSION_NUM < 170000
static inline void
RestrictSearchPath(void)
{
	set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
					  PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}
#endif

/* Whether this backend holds a lock of at least AccessShare on a relation. */
static inline bool
plasma_relation_locked_by_me(Oid relid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relid);
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(&tag, AccessShareLock, true);
#else
	for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
		if (LockHeldByMe(&tag, mode))
			return true;
	return false;
#endif
}

/* Whether this transaction has made a relation or given it new files. */
static inline bool
plasma_relation_rewritten(Relation rel)
{
#if PG_VERSION_NUM >= 160000
	return rel->rd_createSubid != InvalidSubTransactionId ||
		rel->rd_firstRelfilelocatorSubid != InvalidSubTransactionId;
#else
	return rel->rd_createSubid != InvalidSubTransactionId ||
		rel->rd_firstRelfilenodeSubid != InvalidSubTransactionId;
#endif
}

/* Enters a row that was just inserted into all indexes of its table. */
static inline void
plasma_insert_index_tuples(ResultRelInfo *target, TupleTableSlot *slot,
						   EState *estate)
{
#if PG_VERSION_NUM >= 160000
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL, false);
#else
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL);
#endif
}

/* The index of the primary key, one that is checked at once; or InvalidOid. */
static inline Oid
plasma_primary_key_index(Relation rel)
{
#if PG_VERSION_NUM >= 180000
	return RelationGetPrimaryKeyIndex(rel, false);
#else
	return RelationGetPrimaryKeyIndex(rel);
#endif
}

static inline IndexScanDesc
plasma_index_beginscan(Relation rel, Relation index, Snapshot snapshot, int nkeys)
{
#if PG_VERSION_NUM >= 180000
	return index_beginscan(rel, index, snapshot, NULL, nkeys, 0);
#else
	return index_beginscan(rel, index, snapshot, nkeys, 0);
#endif
}

/* From one shape of row to another by the names of columns; NULL: they agree. */
static inline AttrMap *
plasma_attrmap(TupleDesc from, TupleDesc to)
{
#if PG_VERSION_NUM >= 160000
	return build_attrmap_by_name_if_req(from, to, false);
#else
	return build_attrmap_by_name_if_req(from, to);
#endif
}

/* Whose changes by a transaction are counted there. */
static inline Oid
plasma_stat_relation(const PgStat_TableXactStatus *counts)
{
#if PG_VERSION_NUM >= 160000
	return counts->parent->id;
#else
	return counts->parent->t_id;
#endif
}

/*
 * In a query of pg_constraint: whether one is enforced, as all were before 18,
 * and whether it is about periods, as none was.
 */
#if PG_VERSION_NUM >= 180000
#define PLASMA_CONSTRAINT_ENFORCED(alias)	alias ".conenforced"
#define PLASMA_CONSTRAINT_PERIOD(alias)		alias ".conperiod"
#else
#define PLASMA_CONSTRAINT_ENFORCED(alias)	"true"
#define PLASMA_CONSTRAINT_PERIOD(alias)		"false"
#endif

#endif							/* PLASMA_COMPAT_H */
