/*
 * readable.c
 *		What of the declared tables is there, and what of it the caller may see.
 *
 *		A table that was dropped, renamed or closed to the role, and a column of
 *		which the same is true, is an answer and not an error: it is left out, and
 *		its fingerprint tells the client's cookie that something changed.  So is a table
 *		left out that is not permanent any more: a crash would empty it without a
 *		word.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/compat.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "log/encode.h"
#include "log/readable.h"
#include "optimizer/plancat.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

void
plasma_readable_lock(const Registry *registry)
{
	List	   *relids = NIL;
	ListCell   *cell;

	foreach(cell, registry->tables)
		relids = lappend_oid(relids, ((SyncTable *) lfirst(cell))->relid);
	list_sort(relids, list_oid_cmp);
	foreach(cell, relids)
		LockRelationOid(lfirst_oid(cell), AccessShareLock);
}

/* The attribute of a column that is there and that the role may read. */
static Form_pg_attribute
readable_attribute(Relation rel, const char *name, bool whole_table)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum <= 0)
		return NULL;
	if (!whole_table &&
		pg_attribute_aclcheck(RelationGetRelid(rel), attnum, GetUserId(),
							  ACL_SELECT) != ACLCHECK_OK)
		return NULL;
	return TupleDescAttr(RelationGetDescr(rel), attnum - 1);
}

static char *
column_reference(const char *name)
{
	return psprintf("t.%s", quote_identifier(name));
}

/* Types without an array or operators of their own stand behind another one. */
static Oid
parameter_type(Oid typid)
{
	Oid			base = getBaseType(typid);

	return base == VARCHAROID ? TEXTOID : base;
}

static bool
add_keys(ReadableTable *table, Relation rel, bool whole_table)
{
	ListCell   *cell;

	table->nkeys = list_length(table->sync->key);
	table->key_types = palloc(sizeof(Oid) * table->nkeys);
	foreach(cell, table->sync->key)
	{
		Form_pg_attribute att = readable_attribute(rel, lfirst(cell), whole_table);

		if (att == NULL)
			return false;
		table->key_types[foreach_current_index(cell)] = parameter_type(att->atttypid);
		table->keys = lappend(table->keys, column_reference(lfirst(cell)));
	}
	return true;
}

static void
add_columns(ReadableTable *table, Relation rel, bool whole_table)
{
	ListCell   *cell;

	foreach(cell, table->sync->columns)
	{
		SyncColumn *column = lfirst(cell);
		Form_pg_attribute att = readable_attribute(rel, column->name, whole_table);

		if (att == NULL)
			continue;
		table->columns = lappend(table->columns, column_reference(column->name));
		if (column->kind == KIND_BIGINT)
			table->bigints = lappend(table->bigints, column->name);
		plasma_fingerprint_add(table->print, rel, column, att->attnum);
	}
}

/* One that is gone, a partition just detached, is not in the way. */
static bool
is_permanent(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		permanent;

	if (!HeapTupleIsValid(tuple))
		return true;
	permanent = ((Form_pg_class) GETSTRUCT(tuple))->relpersistence == RELPERSISTENCE_PERMANENT;
	ReleaseSysCache(tuple);
	return permanent;
}

static bool
readable_kind(Relation rel)
{
	ListCell   *cell;

	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	foreach(cell, find_all_inheritors(RelationGetRelid(rel), NoLock, NULL))
		if (!is_permanent(lfirst_oid(cell)))
			return false;
	return true;
}

/* NULL when the table is gone or closed to the role. */
static ReadableTable *
readable_table(const SyncTable *sync)
{
	ReadableTable *table;
	Relation	rel = try_relation_open(sync->relid, NoLock);
	bool		whole;

	if (rel == NULL)
		return NULL;
	table = palloc0(sizeof(ReadableTable));
	table->sync = sync;
	whole = pg_class_aclcheck(sync->relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	if (!readable_kind(rel) ||
		object_aclcheck(NamespaceRelationId, RelationGetNamespace(rel),
						GetUserId(), ACL_USAGE) != ACLCHECK_OK ||
		!add_keys(table, rel, whole))
	{
		relation_close(rel, NoLock);
		return NULL;
	}
	table->relation = plasma_text_relation(sync->relid);
	table->print = plasma_fingerprint_make(rel);
	add_columns(table, rel, whole);
	relation_close(rel, NoLock);
	return table;
}

List *
plasma_readable_tables(const Registry *registry)
{
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, registry->tables)
	{
		ReadableTable *table = readable_table(lfirst(cell));

		if (table != NULL)
			tables = lappend(tables, table);
	}
	return tables;
}

static double
relation_rows(Oid relid)
{
	Relation	rel = try_relation_open(relid, NoLock);
	BlockNumber pages;
	double		tuples = 0;
	double		all_visible;

	if (rel == NULL)
		return 0;
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		estimate_rel_size(rel, NULL, &pages, &tuples, &all_visible);
	relation_close(rel, NoLock);
	return tuples;
}

double
plasma_readable_rows(List *tables)
{
	double		rows = 0;
	ListCell   *cell;
	ListCell   *child;

	foreach(cell, tables)
	{
		ReadableTable *table = lfirst(cell);

		foreach(child, find_all_inheritors(table->sync->relid, AccessShareLock, NULL))
			rows += relation_rows(lfirst_oid(child));
	}
	return rows;
}

typedef struct KeyInput
{
	const ReadableTable *table;
	List	   *texts;
	SpiParam   *params;
} KeyInput;

static void
input_key(void *arg)
{
	KeyInput   *input = arg;
	ListCell   *cell;

	foreach(cell, input->texts)
	{
		int			i = foreach_current_index(cell);
		Oid			type = input->table->key_types[i];
		Oid			function;
		Oid			ioparam;

		getTypeInputInfo(type, &function, &ioparam);
		input->params[i].type = type;
		input->params[i].isnull = false;
		input->params[i].value =
			OidInputFunctionCall(function, lfirst(cell), ioparam, -1);
	}
}

/* Text takes every text; other types may refuse it, and must not raise. */
bool
plasma_readable_key(const ReadableTable *table, const char *row_id,
					SpiParam *params)
{
	KeyInput	input = {table, plasma_encode_split_key(row_id, table->nkeys), params};
	bool		only_text = true;

	if (input.texts == NIL)
		return false;
	for (int i = 0; i < table->nkeys; i++)
		only_text &= table->key_types[i] == TEXTOID;
	if (only_text)
	{
		input_key(&input);
		return true;
	}
	return plasma_spi_try(input_key, &input) == NULL;
}
