/*
 * readable.c
 *		What of the declared tables is there, and what of it the caller may see.
 *
 *		A table that was dropped, renamed or closed to the role, and a column of
 *		which the same is true, is an answer and not an error: it is left out, and
 *		its fingerprint tells the client's cookie that something changed.  So is a table
 *		left out that is not permanent any more: a crash would empty it without a
 *		word.  And so is one whose scope's columns the role may not read: nobody could
 *		tell by a row of the client in which slice it is.
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
#include "storage/lmgr.h"
#include "utils/array.h"
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

/* Of columns that name rows; false when one of them is missing. */
static bool
add_names(List *names, Relation rel, bool whole_table, List **references, Oid **types)
{
	ListCell   *cell;

	*types = palloc(sizeof(Oid) * (list_length(names) + 1));
	foreach(cell, names)
	{
		Form_pg_attribute att = readable_attribute(rel, lfirst(cell), whole_table);

		if (att == NULL)
			return false;
		(*types)[foreach_current_index(cell)] = parameter_type(att->atttypid);
		*references = lappend(*references, column_reference(lfirst(cell)));
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
readable_table(const SyncTable *sync, const Registry *registry)
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
		!add_names(sync->key, rel, whole, &table->keys, &table->key_types) ||
		!add_names(sync->scope_columns, rel, whole, &table->scope, &table->scope_types))
	{
		relation_close(rel, NoLock);
		return NULL;
	}
	table->nkeys = list_length(sync->key);
	table->nscope = list_length(sync->scope_columns);
	table->relation = plasma_text_relation(sync->relid);
	table->print = plasma_fingerprint_make(rel, registry);
	plasma_fingerprint_scope(table->print, sync);
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
		ReadableTable *table = readable_table(lfirst(cell), registry);

		if (table != NULL)
			tables = lappend(tables, table);
	}
	return tables;
}

List *
plasma_readable_memberships(List *tables)
{
	List	   *memberships = NIL;
	ListCell   *cell;
	ListCell   *known;

	foreach(cell, tables)
	{
		ReadableTable *table = lfirst(cell);

		if (table->sync->scope == NULL)
			continue;
		foreach(known, memberships)
			if (((Membership *) lfirst(known))->scope == table->sync->scope)
				table->membership = lfirst(known);
		if (table->membership != NULL)
			continue;
		table->membership = plasma_membership_read(table->sync->scope);
		memberships = lappend(memberships, (void *) table->membership);
	}
	return memberships;
}

int
plasma_readable_slices(const ReadableTable *table)
{
	return table->membership != NULL ? table->membership->nslices : 1;
}

typedef struct TextInput
{
	const Oid  *types;
	List	   *texts;
	SpiParam   *params;
} TextInput;

static void
input_texts(void *arg)
{
	TextInput  *input = arg;
	ListCell   *cell;

	foreach(cell, input->texts)
	{
		int			i = foreach_current_index(cell);
		Oid			type = input->types[i];
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
static bool
read_texts(const char *joined, int count, const Oid *types, SpiParam *params)
{
	TextInput	input = {types, plasma_encode_split_key(joined, count), params};
	bool		only_text = true;

	if (input.texts == NIL)
		return false;
	for (int i = 0; i < count; i++)
		only_text &= types[i] == TEXTOID;
	if (only_text)
	{
		input_texts(&input);
		return true;
	}
	return plasma_spi_try(input_texts, &input) == NULL;
}

bool
plasma_readable_key(const ReadableTable *table, const char *row_id,
					SpiParam *params)
{
	return read_texts(row_id, table->nkeys, table->key_types, params);
}

bool
plasma_readable_slice(const ReadableTable *table, const char *value,
					  SpiParam *params)
{
	return read_texts(value, table->nscope, table->scope_types, params);
}

SpiParam *
plasma_readable_arrays(const Oid *types, int ncolumns, const SpiParam *values, int nrows)
{
	SpiParam   *params = palloc(sizeof(SpiParam) * ncolumns);
	Datum	   *column = palloc(sizeof(Datum) * Max(nrows, 1));

	for (int c = 0; c < ncolumns; c++)
	{
		int16		len;
		bool		byval;
		char		align;

		for (int i = 0; i < nrows; i++)
			column[i] = values[i * ncolumns + c].value;
		get_typlenbyvalalign(types[c], &len, &byval, &align);
		params[c].type = get_array_type(types[c]);
		params[c].isnull = false;
		params[c].value = PointerGetDatum(construct_array(column, nrows, types[c],
														  len, byval, align));
	}
	return params;
}
