/*
 * obstacle.c
 *		Why what stands under a declared name is no table that can be synced.
 *
 *		One list for all who ask: ensure_schema, the planner, drift.  All of it is
 *		decided by what introspect found; nothing of it can be cured by a plan.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "log/encode.h"
#include "miscadmin.h"
#include "schema/obstacle.h"
#include "utils/builtins.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static List *
add(List *list, const char *code, char *column, char *what, char *fix)
{
	Obstacle   *obstacle = palloc(sizeof(Obstacle));

	obstacle->code = code;
	obstacle->column = column;
	obstacle->what = what;
	obstacle->fix = fix;
	return lappend(list, obstacle);
}

/* What the name stands for, where it is no table. */
static char *
other_relation(char relkind)
{
	switch (relkind)
	{
		case RELKIND_VIEW:
			return "a view";
		case RELKIND_MATVIEW:
			return "a materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "a foreign table";
		case RELKIND_SEQUENCE:
			return "a sequence";
		case RELKIND_COMPOSITE_TYPE:
			return "a composite type";
		default:
			return "an index";
	}
}

/* A name that is free, but not free to be taken. */
static List *
check_name(List *list, const LiveTable *live)
{
	if (!OidIsValid(live->nspid))
		return add(list, "UN114", NULL,
				   psprintf("schema \"%s\" does not exist", live->declared->schema),
				   psprintf("Create it first: CREATE SCHEMA %s.",
							quote_identifier(live->declared->schema)));
	if (live->moved != NULL)
		list = add(list, "UN114", NULL, live->moved,
				   psprintf("Give the table its name and schema back, or declare it as what it is now, %s.",
							live->moved));
	else if (live->twin != NULL)
		list = add(list, "ID102", NULL, live->twin,
				   psprintf("Declare it as \"%s\", or rename it to \"%s\".",
							live->twin, live->declared->name));
	if (live->type_taken)
		list = add(list, "ID104", NULL, live->declared->name,
				   "Declare the table under another name, or rename the type: a table has a type of its name.");
	if (object_aclcheck(NamespaceRelationId, live->nspid, GetUserId(), ACL_CREATE) != ACLCHECK_OK)
		list = add(list, "UN105", NULL,
				   psprintf("to be made in schema \"%s\"", live->declared->schema),
				   psprintf("Run GRANT CREATE ON SCHEMA %s TO %s, or act as a role that may create tables there.",
							quote_identifier(live->declared->schema),
							quote_identifier(GetUserNameFromId(GetUserId(), false))));
	return list;
}

static List *
check_relation(List *list, const LiveTable *live)
{
	const ModelTable *declared = live->declared;
	bool		partitioned = live->relkind == RELKIND_PARTITIONED_TABLE;

	if (live->extension != NULL)
		list = add(list, "UN106", NULL,
				   psprintf("a table of extension \"%s\"", live->extension),
				   "Declare a table of your own, and copy what is needed with a trigger.");
	if (live->persistence == RELPERSISTENCE_TEMP)
		list = add(list, "UN104", NULL,
				   partitioned ? "a table with a temporary partition" : "a temporary table",
				   "Declare a permanent table.");
	if (live->partition)
		list = add(list, "UN103", NULL, "a partition of another table",
				   "Declare the table that it is a partition of.");
	if (live->foreign_partition)
		list = add(list, "UN103", NULL, "a table with a foreign partition",
				   "Detach the foreign partition: its writes cannot be logged.");
	if (live->inherits)
		list = add(list, "UN102", NULL, "a table with inheritance",
				   "End it with ALTER TABLE … NO INHERIT, or use declarative partitioning: writes to a child fire no trigger of its parent.");
	if (live->persistence == RELPERSISTENCE_UNLOGGED && !declared->suppressed)
		list = add(list, "UN101", NULL,
				   partitioned ? "a table with an unlogged partition" : "an unlogged table",
				   "Run ALTER TABLE … SET LOGGED, or declare it with \"changeLogSuppressed\": true: a crash empties it and clients are not told.");
	return list;
}

static char *
owner_of(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		return "";
	name = GetUserNameFromId(((Form_pg_class) GETSTRUCT(tuple))->relowner, true);
	ReleaseSysCache(tuple);
	return name ? name : "";
}

Obstacle *
plasma_obstacle_of_owner(Oid relid)
{
	char	   *owner = owner_of(relid);

	return linitial(add(NIL, "UN105", NULL, psprintf("a table of role \"%s\"", owner),
						psprintf("Act as role \"%s\" or a member of it.", owner)));
}

static List *
check_owner(List *list, const LiveTable *live)
{
	return live->owned ? list : lappend(list, plasma_obstacle_of_owner(live->relid));
}

/* A server has no unique index of a partitioned table that lacks part of the partition key. */
static bool
holds_partition_key(const LiveTable *live, List *columns)
{
	ListCell   *cell;

	foreach(cell, live->partition_key)
		if (plasma_text_position(columns, lfirst(cell)) < 0)
			return false;
	return true;
}

static List *
check_partition_key(List *list, const LiveTable *live)
{
	ListCell   *cell;

	if (live->declared->key != NIL && !holds_partition_key(live, live->declared->key))
		list = add(list, "UN103", NULL,
				   psprintf("partitioned by %s beyond its declared key",
							plasma_text_names(live->partition_key)),
				   "Declare a \"key\" with the columns that the table is partitioned by.");
	foreach(cell, live->declared->columns)
	{
		ModelColumn *column = lfirst(cell);

		if (column->unique && !holds_partition_key(live, list_make1(column->name)))
			list = add(list, "UN103", column->name,
					   psprintf("unique, but the table is partitioned by %s",
								plasma_text_names(live->partition_key)),
					   "Declare it without \"unique\": a partitioned table cannot have a unique index without the columns that it is partitioned by.");
	}
	return list;
}

/* Before 17 the partitions of a table cannot get an identity column with it. */
static List *
check_identity(List *list, const LiveTable *live)
{
	ListCell   *cell;

	if (PLASMA_PARTITIONED_IDENTITY || live->relkind != RELKIND_PARTITIONED_TABLE)
		return list;
	foreach(cell, live->declared->columns)
	{
		ModelColumn *column = lfirst(cell);

		if ((column->identity == IDENTITY_ALWAYS || column->identity == IDENTITY_BY_DEFAULT) &&
			plasma_model_column(live->table, column->name) == NULL)
			list = add(list, "UN103", column->name,
					   "an identity column, which this server cannot add to a partitioned table",
					   "Declare it with \"identity\": \"serial\".");
	}
	return list;
}

/* Only what is synced is known by its key. */
static List *
check_key(List *list, const LiveTable *live)
{
	List	   *key = live->declared->key;
	ListCell   *cell;

	if (live->declared->suppressed)
		return list;
	if (live->table->key == NIL && holds_partition_key(live, key))
		list = add(list, "UN107", NULL,
				   psprintf(live->deferrable_key ? "a deferrable key (%s)" : "no key (%s)",
							plasma_text_names(key)),
				   psprintf("Run ALTER TABLE %s ADD PRIMARY KEY (%s)%s.",
							plasma_text_qualified(live->declared->schema, live->declared->name),
							plasma_text_names(key),
							live->deferrable_key ? " after dropping the deferrable one" : ""));
	foreach(cell, key)
	{
		const ModelColumn *column = plasma_model_column(live->table, lfirst(cell));
		const char *fault = column == NULL ? NULL :
			plasma_encode_key_fault(column->typid, column->collation);

		if (fault != NULL)
			list = add(list, "UN107", lfirst(cell),
					   pstrdup(fault),
					   "Declare another key: a column of text, uuid, an integer, a date or another type whose equal values have one text.");
	}
	return list;
}

static const char *
find_twin(const ModelTable *declared, const ModelTable *live, const char *name)
{
	ListCell   *cell;

	foreach(cell, live->columns)
	{
		const char *other = ((ModelColumn *) lfirst(cell))->name;

		if (pg_strcasecmp(other, name) == 0 &&
			plasma_model_column(declared, other) == NULL)
			return other;
	}
	return NULL;
}

/* A second column beside one whose name differs only in case is hardly meant. */
static List *
check_columns(List *list, const LiveTable *live)
{
	int			missing = 0;
	ListCell   *cell;

	foreach(cell, live->declared->columns)
	{
		ModelColumn *column = lfirst(cell);
		const char *twin;

		if (plasma_model_column(live->table, column->name) != NULL)
			continue;
		missing++;
		twin = find_twin(live->declared, live->table, column->name);
		if (twin != NULL)
			list = add(list, "ID102", column->name, pstrdup(twin),
					   psprintf("Declare it as \"%s\", or rename it to \"%s\".",
								twin, column->name));
	}
	if (live->natts + missing > MaxHeapAttributeNumber)
		list = add(list, "UN113", NULL,
				   psprintf("a table that had %d columns, dropped ones included",
							live->natts),
				   psprintf("Copy it into a new table: a table has room for %d columns in its life.",
							MaxHeapAttributeNumber));
	return list;
}

List *
plasma_obstacle_find(const LiveTable *live)
{
	List	   *list = NIL;

	if (!OidIsValid(live->relid))
	{
		list = check_name(list, live);
		if (list_length(live->declared->columns) > MaxHeapAttributeNumber)
			list = add(list, "UN113", NULL,
					   psprintf("a table of %d columns", list_length(live->declared->columns)),
					   psprintf("A table has at most %d columns.", MaxHeapAttributeNumber));
		return list;
	}
	if (live->table == NULL)
		return add(list, "UN101", NULL, other_relation(live->relkind),
				   "Declare the table under another name.");
	list = check_relation(list, live);
	list = check_owner(list, live);
	list = check_partition_key(list, live);
	list = check_identity(list, live);
	list = check_key(list, live);
	return check_columns(list, live);
}
