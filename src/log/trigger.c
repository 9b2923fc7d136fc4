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

#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "log/trigger.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

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
	{"truncate", BODY_TRUNCATE, TRIGGER_TYPE_TRUNCATE,
	TRIGGER_FIRES_ALWAYS, PLACE_PLAIN | PLACE_ROOT, 0},
	{"truncate_before", BODY_TRUNCATE, TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE,
	TRIGGER_FIRES_ALWAYS, PLACE_ROOT | PLACE_LEAF, 0},
};

/*
 * A trigger is plasma's by its name; its function is by its schema, into which
 * nobody else can put one.
 */
static const char found_sql[] =
"SELECT t.tgrelid, t.tgname, t.tgtype, t.tgenabled, "
"t.tgparentid OPERATOR(pg_catalog.<>) 0, "
"t.tgqual IS NULL AND pg_catalog.cardinality(t.tgattr::pg_catalog.int2[]) OPERATOR(pg_catalog.=) 0 "
"AND NOT t.tgdeferrable "
"AND t.tgoldtable IS NOT DISTINCT FROM CASE WHEN t.tgtype OPERATOR(pg_catalog.=) "
"ANY ('{8,16}'::pg_catalog.int2[]) THEN 'plasma_old'::pg_catalog.name END "
"AND t.tgnewtable IS NOT DISTINCT FROM CASE WHEN t.tgtype OPERATOR(pg_catalog.=) "
"ANY ('{4,16}'::pg_catalog.int2[]) THEN 'plasma_new'::pg_catalog.name END, "
"p.oid, CASE WHEN n.oid IS NOT NULL THEN p.proname END, "
"p.proowner OPERATOR(pg_catalog.=) n.nspowner AND p.prosecdef AND p.proconfig IS NULL "
"AND l.lanname OPERATOR(pg_catalog.=) 'plpgsql' AND p.proacl IS NOT NULL "
"AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) a "
"WHERE a.grantee OPERATOR(pg_catalog.<>) p.proowner), "
"pg_catalog.hashtextextended(p.prosrc COLLATE pg_catalog.\"C\", 0) "
"FROM pg_catalog.pg_trigger t "
"JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid "
"JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang "
"LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace "
"AND n.nspname OPERATOR(pg_catalog.=) 'plasma' "
"WHERE t.tgrelid OPERATOR(pg_catalog.=) ANY ($1) AND NOT t.tgisinternal "
"AND pg_catalog.starts_with(t.tgname::pg_catalog.text, '_plasma_trg_') "
"ORDER BY t.tgrelid, t.tgname";

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

static TriggerFound *
read_found(const SpiRows *rows, uint64 row)
{
	TriggerFound *found = palloc0(sizeof(TriggerFound));
	bool		isnull;

	found->relid = DatumGetObjectId(plasma_spi_datum(rows, row, 1, &isnull));
	found->name = plasma_spi_text(rows, row, 2);
	found->type = DatumGetInt16(plasma_spi_datum(rows, row, 3, &isnull));
	found->enabled = DatumGetChar(plasma_spi_datum(rows, row, 4, &isnull));
	found->cloned = plasma_spi_bool(rows, row, 5);
	found->plain = plasma_spi_bool(rows, row, 6);
	found->function = DatumGetObjectId(plasma_spi_datum(rows, row, 7, &isnull));
	found->function_name = plasma_spi_text(rows, row, 8);
	found->function_safe = plasma_spi_bool(rows, row, 9);
	found->function_hash = plasma_spi_int8(rows, row, 10);
	return found;
}

static int
compare_places(const void *a, const void *b)
{
	Oid			one = (*(TriggerPlace *const *) a)->relid;
	Oid			other = (*(TriggerPlace *const *) b)->relid;

	return one < other ? -1 : one > other;
}

/* Both are in the order of oids. */
static void
distribute(const SpiRows *rows, TriggerPlace **places, int nplaces)
{
	int			at = 0;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		TriggerFound *found = read_found(rows, i);

		while (at < nplaces && places[at]->relid < found->relid)
			at++;
		for (int j = at; j < nplaces && places[j]->relid == found->relid; j++)
			places[j]->found = lappend(places[j]->found, found);
	}
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
	List	   *places = NIL;
	List	   *oids = NIL;
	TriggerPlace **sorted;
	SpiParam	params[1];
	ListCell   *cell;

	foreach(cell, relids)
		add_tree(&places, lfirst_oid(cell));
	sorted = palloc(sizeof(TriggerPlace *) * Max(list_length(places), 1));
	foreach(cell, places)
	{
		TriggerPlace *place = lfirst(cell);

		sorted[foreach_current_index(cell)] = place;
		oids = lappend_oid(oids, place->relid);
	}
	qsort(sorted, list_length(places), sizeof(TriggerPlace *), compare_places);
	params[0] = (SpiParam) SPI_DATUM(OIDARRAYOID, plasma_trigger_oids(oids));
	distribute(plasma_trigger_read(found_sql, 1, params), sorted,
			   list_length(places));
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
