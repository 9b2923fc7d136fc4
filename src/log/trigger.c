/*
 * trigger.c
 *		Which triggers a captured relation must have, and which it has.
 *
 *		Statement triggers with the changed rows in transition tables do the work
 *		of ordinary sessions.  Applying logical replication fires row triggers
 *		only, and only those enabled for replicas, so that beside them stands a
 *		row trigger that fires nowhere else.  TRUNCATE always fires.
 *
 *		Writes through a partitioned table fire its own statement triggers, those
 *		straight into a partition the partition's.  The row triggers are cloned
 *		to partitions by the server.  TRUNCATE of a table fires the triggers of
 *		its partitions too: the two on the table stand around them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/proclang.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "log/trigger.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define EVERYWHERE	(PLACE_PLAIN | PLACE_ROOT | PLACE_MIDDLE | PLACE_LEAF)
#define IN_TREE		(PLACE_MIDDLE | PLACE_LEAF)

const TriggerSpec plasma_trigger_specs[TRIGGER_SPECS] = {
	{"insert", BODY_INSERT, TRIGGER_TYPE_INSERT, TRIGGER_FIRES_ON_ORIGIN, EVERYWHERE, 0},
	{"update", BODY_UPDATE, TRIGGER_TYPE_UPDATE, TRIGGER_FIRES_ON_ORIGIN, EVERYWHERE, 0},
	{"delete", BODY_DELETE, TRIGGER_TYPE_DELETE, TRIGGER_FIRES_ON_ORIGIN, EVERYWHERE, 0},
	{"insert_row", BODY_INSERT, TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT,
	TRIGGER_FIRES_ON_REPLICA, EVERYWHERE, IN_TREE},
	{"update_row", BODY_UPDATE, TRIGGER_TYPE_ROW | TRIGGER_TYPE_UPDATE,
	TRIGGER_FIRES_ON_REPLICA, EVERYWHERE, IN_TREE},
	{"delete_row", BODY_DELETE, TRIGGER_TYPE_ROW | TRIGGER_TYPE_DELETE,
	TRIGGER_FIRES_ON_REPLICA, EVERYWHERE, IN_TREE},
	{"truncate", BODY_TRUNCATE, TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE,
	TRIGGER_FIRES_ALWAYS, PLACE_PLAIN, 0},
	{"truncate", BODY_TRUNCATE, TRIGGER_TYPE_TRUNCATE,
	TRIGGER_FIRES_ALWAYS, PLACE_ROOT, 0},
	{"truncate_before", BODY_TRUNCATE, TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE,
	TRIGGER_FIRES_ALWAYS, PLACE_ROOT | PLACE_LEAF, 0},
};

static void
add_place(List **places, Oid relid, int place)
{
	TriggerPlace *made = palloc0(sizeof(TriggerPlace));

	made->relid = relid;
	made->place = place;
	*places = lappend(*places, made);
}

static void
add_tree(List **places, Oid root)
{
	ListCell   *cell;

	if (get_rel_relkind(root) != RELKIND_PARTITIONED_TABLE)
	{
		add_place(places, root, PLACE_PLAIN);
		return;
	}
	foreach(cell, find_all_inheritors(root, NoLock, NULL))
	{
		Oid			relid = lfirst_oid(cell);

		if (relid == root)
			add_place(places, relid, PLACE_ROOT);
		else if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
			add_place(places, relid, PLACE_MIDDLE);
		else
			add_place(places, relid, PLACE_LEAF);
	}
}

static bool
has_own_setting(Datum settings)
{
	List	   *list = plasma_text_list(settings);

	return list_length(list) == 1 && strcmp(linitial(list), BODY_SETTING) == 0;
}

static bool
is_owner_only(const Acl *acl, Oid owner)
{
	const AclItem *items = ACL_DAT(acl);

	for (int i = 0; i < ACL_NUM(acl); i++)
		if (items[i].ai_grantee != owner)
			return false;
	return true;
}

/*
 * What a function is: plasma's by its schema, into which nobody else can put
 * one, and safe when its owner, its privileges and its settings are as made.
 */
static void
read_function(TriggerFound *found, Oid schema, Oid owner)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(found->function));
	Form_pg_proc form;
	Datum		acl;
	Datum		settings;
	Datum		body;
	bool		no_acl;
	bool		no_settings;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->pronamespace == schema)
		found->function_name = pstrdup(NameStr(form->proname));
	acl = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proacl, &no_acl);
	settings = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &no_settings);
	found->function_safe = form->proowner == owner && form->prosecdef &&
		!no_settings && has_own_setting(settings) &&
		!no_acl && is_owner_only(DatumGetAclP(acl), owner) &&
		form->prolang == get_language_oid("plpgsql", true);
	body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	if (!isnull)
		found->function_hash = plasma_trigger_text_hash(TextDatumGetCString(body));
	ReleaseSysCache(tuple);
}

/* Whether the rows come under the names that the functions use. */
static bool
has_row_tables(HeapTuple tuple, TupleDesc desc, int16 type)
{
	static const AttrNumber columns[] = {Anum_pg_trigger_tgoldtable,
	Anum_pg_trigger_tgnewtable};
	static const char *const names[] = {BODY_OLD_ROWS, BODY_NEW_ROWS};
	bool		wanted[] = {!TRIGGER_FOR_ROW(type) && !TRIGGER_FOR_TRUNCATE(type) &&
		!TRIGGER_FOR_INSERT(type),
		!TRIGGER_FOR_ROW(type) && !TRIGGER_FOR_TRUNCATE(type) &&
	!TRIGGER_FOR_DELETE(type)};

	for (int i = 0; i < 2; i++)
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, columns[i], desc, &isnull);

		if (isnull == wanted[i] ||
			(wanted[i] && strcmp(NameStr(*DatumGetName(name)), names[i]) != 0))
			return false;
	}
	return true;
}

/*
 * A trigger is plasma's by its name, or by the function that it calls.  One that
 * was renamed is not what it was: who looks whether triggers were touched looks
 * at their names.
 */
static TriggerFound *
read_trigger(HeapTuple tuple, TupleDesc desc, Oid schema)
{
	Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
	bool		named = strncmp(NameStr(form->tgname), BODY_NAME_PREFIX,
								strlen(BODY_NAME_PREFIX)) == 0;
	TriggerFound *found;
	bool		no_condition;

	if (form->tgisinternal || !(named || get_func_namespace(form->tgfoid) == schema))
		return NULL;
	if (!named && strncmp(NameStr(form->tgname), TRIGGER_SOURCE_PREFIX,
						  strlen(TRIGGER_SOURCE_PREFIX)) == 0)
		return NULL;
	heap_getattr(tuple, Anum_pg_trigger_tgqual, desc, &no_condition);
	found = palloc0(sizeof(TriggerFound));
	found->name = pstrdup(NameStr(form->tgname));
	found->type = form->tgtype;
	found->enabled = form->tgenabled;
	found->cloned = OidIsValid(form->tgparentid);
	found->plain = named && no_condition && form->tgattr.dim1 == 0 && !form->tgdeferrable &&
		has_row_tables(tuple, desc, form->tgtype);
	found->function = form->tgfoid;
	return found;
}

/* Takes what is known of the function from another trigger that calls it. */
static bool
copy_function(TriggerFound *found, List *others)
{
	ListCell   *cell;

	foreach(cell, others)
	{
		const TriggerFound *other = lfirst(cell);

		if (other->function != found->function)
			continue;
		found->function_name = other->function_name;
		found->function_safe = other->function_safe;
		found->function_hash = other->function_hash;
		return true;
	}
	return false;
}

static void
find_triggers(TriggerPlace *place, Relation triggers, Oid schema, Oid owner)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(place->relid));
	scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TriggerFound *found = read_trigger(tuple, RelationGetDescr(triggers), schema);

		if (found == NULL)
			continue;
		if (!copy_function(found, place->found))
			read_function(found, schema, owner);
		place->found = lappend(place->found, found);
	}
	systable_endscan(scan);
}

SpiRows *
plasma_trigger_read(const char *sql, int nparams, const SpiParam *params)
{
	SpiRows    *rows;

	PushActiveSnapshot(GetLatestSnapshot());
	rows = plasma_spi_read(SPI_OWNER, sql, nparams, params);
	PopActiveSnapshot();
	return rows;
}

Datum
plasma_trigger_oids(List *oids)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(oids), 1));
	ListCell   *cell;

	foreach(cell, oids)
		values[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	return PointerGetDatum(construct_array(values, list_length(oids), OIDOID,
										   sizeof(Oid), true, TYPALIGN_INT));
}

List *
plasma_trigger_places(List *relids)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	Oid			schema = get_namespace_oid("plasma", false);
	Oid			owner = plasma_spi_owner();
	List	   *places = NIL;
	ListCell   *cell;

	foreach(cell, relids)
		add_tree(&places, lfirst_oid(cell));
	foreach(cell, places)
		find_triggers(lfirst(cell), triggers, schema, owner);
	table_close(triggers, AccessShareLock);
	return places;
}

bool
plasma_trigger_fits(const TriggerFound *found, const TriggerSpec *spec,
					const TriggerPlace *place)
{
	return found->type == spec->type && found->plain &&
		found->cloned == ((spec->cloned & place->place) != 0);
}

int64
plasma_trigger_text_hash(const char *text)
{
	return (int64) hash_bytes_extended((const unsigned char *) text,
									   strlen(text), 0);
}

char *
plasma_trigger_sql(const TriggerSpec *spec, const char *name, Oid relid,
				   const char *function)
{
	StringInfoData sql;
	char	   *event = asc_toupper(plasma_body_verb(spec->body),
									strlen(plasma_body_verb(spec->body)));
	bool		row = TRIGGER_FOR_ROW(spec->type);

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TRIGGER %s %s %s ON %s",
					 quote_identifier(name),
					 TRIGGER_FOR_BEFORE(spec->type) ? "BEFORE" : "AFTER",
					 event, plasma_text_relation(relid));
	if (!row && spec->body != BODY_TRUNCATE)
		appendStringInfo(&sql, " REFERENCING%s%s",
						 spec->body != BODY_INSERT ? " OLD TABLE AS " BODY_OLD_ROWS : "",
						 spec->body != BODY_DELETE ? " NEW TABLE AS " BODY_NEW_ROWS : "");
	appendStringInfo(&sql, " FOR EACH %s EXECUTE FUNCTION %s()",
					 row ? "ROW" : "STATEMENT",
					 plasma_text_qualified("plasma", function));
	return sql.data;
}
