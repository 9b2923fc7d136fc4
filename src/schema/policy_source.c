/*
 * policy_source.c
 *		The tables that policies of synced tables read, and the triggers on them.
 *
 *		In comes what the catalogs say of the policies and the model of dependsOn;
 *		out go the rows of plasma.policy_sources and the triggers that write a
 *		refetch into the log.  Finding and comparing is done in SQL, which verify
 *		asks as well; here is what is done about it, as the extension's owner.
 *
 *		Invariant: who writes a source while it becomes one of a table is waited for
 *		(SHARE ROW EXCLUSIVE, until the end of the transaction) before the table's
 *		generation is raised, so that no client fetches the table between his write
 *		and his commit.  A source on which plasma's owner may not put triggers, or that
 *		the owner of the synced table may not read, is registered all the same, for
 *		verify to tell.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "schema/enrol.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Times that faults are looked for: what is wrong goes before the right one comes. */
#define MAX_ROUNDS	3

typedef struct SourceTrigger
{
	const char *kind;			/* as source_trigger_faults() names it */
	const char *event;
	const char *rows;
	const char *enable;			/* as ALTER TABLE says it */
} SourceTrigger;

static const SourceTrigger triggers[] = {
	{"insert", "INSERT", "REFERENCING NEW TABLE AS plasma_new FOR EACH STATEMENT", "ENABLE"},
	{"update", "UPDATE", "REFERENCING OLD TABLE AS plasma_old NEW TABLE AS plasma_new"
	" FOR EACH STATEMENT", "ENABLE"},
	{"delete", "DELETE", "REFERENCING OLD TABLE AS plasma_old FOR EACH STATEMENT", "ENABLE"},
	{"row", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "ENABLE REPLICA"},
	{"truncate", "TRUNCATE", "FOR EACH STATEMENT", "ENABLE ALWAYS"}
};

#define DIFFERENT \
	"FROM plasma.find_policy_sources() f FULL JOIN plasma.policy_sources s" \
	" ON s.table_name = f.table_name AND s.source = f.source" \
	" WHERE f.table_name IS NULL OR s.table_name IS NULL" \
	" OR f.columns IS DISTINCT FROM s.columns"

/*
 * Policies of the usual kind, which compare a column with the caller, are spared
 * the long look: nothing in them is a table, a function or operator of others, or
 * asks for rights.
 */
bool
plasma_policy_source_may_exist(void)
{
	return plasma_spi_read(SPI_OWNER,
						   "SELECT FROM plasma.tables t"
						   " WHERE t.depends_on::text NOT IN ('false', '[]') OR EXISTS ("
						   "  SELECT FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
						   "  WHERE p.polrelid = t.relation AND c.relrowsecurity AND p.polcmd IN ('r', '*')"
						   "   AND (strpos(p.polqual::text, ':relid ') > 0 OR EXISTS ("
						   "    SELECT FROM regexp_matches(p.polqual::text, ':funcid (\\d+) ', 'g') m"
						   "     JOIN pg_proc f ON f.oid = m[1]::oid AND f.proname ~ '^has_\\w+_privilege$') OR EXISTS ("
						   "    SELECT FROM pg_depend d LEFT JOIN pg_proc f"
						   "     ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid"
						   "    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid"
						   "     AND (d.refclassid = 'pg_operator'::regclass OR f.pronamespace"
						   "      NOT IN ('pg_catalog'::regnamespace, 'plasma'::regnamespace)))))"
						   " UNION ALL SELECT FROM plasma.policy_sources LIMIT 1",
						   0, NULL)->nrows > 0;
}

bool
plasma_policy_source_is_intact(void)
{
	return !plasma_policy_source_may_exist() ||
		plasma_spi_read(SPI_OWNER,
						"SELECT " DIFFERENT " UNION ALL"
						" SELECT FROM plasma.source_trigger_faults() WHERE may LIMIT 1",
						0, NULL)->nrows == 0;
}

static bool
write_declared(const Model *model)
{
	List	   *names = NIL;
	List	   *texts = NIL;
	SpiParam	params[2];
	ListCell   *cell;

	foreach(cell, model ? model->tables : NIL)
	{
		ModelTable *table = lfirst(cell);

		names = lappend(names, table->name);
		texts = lappend(texts, table->depends_on ? table->depends_on : "");
	}
	params[0] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(names));
	params[1] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(texts));
	return plasma_spi_write(SPI_OWNER,
							"UPDATE plasma.tables t SET depends_on = NULLIF(d.text, '')::json"
							" FROM unnest($1, $2) d (name, text) WHERE d.name = t.table_name"
							" AND t.depends_on::text IS DISTINCT FROM NULLIF(d.text, '')"
							" RETURNING 1", lengthof(params), params)->nrows > 0;
}

/* What is named must be there, and able to tell of its changes. */
static void
check_declared(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT d.table_name, d.ordinal, d.source_name, d.relation IS NULL"
									   " FROM plasma.declared_sources() d"
									   " LEFT JOIN pg_class c ON c.oid = d.relation"
									   " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"
									   " WHERE (c.relkind IN ('r', 'p', 'v') AND c.relpersistence = 'p' AND n.nspname"
									   "  NOT IN ('plasma', 'pg_catalog', 'information_schema')) IS NOT TRUE"
									   " ORDER BY d.table_name COLLATE \"C\", d.ordinal LIMIT 1",
									   0, NULL);

	if (rows->nrows > 0)
		ereport(ERROR,
				(errcode(plasma_spi_bool(rows, 0, 4) ? ERRCODE_UNDEFINED_TABLE : ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg(plasma_spi_bool(rows, 0, 4) ? "relation \"%s\" does not exist" :
						"the changes of relation \"%s\" cannot be followed", plasma_spi_text(rows, 0, 3)),
				 errdetail("$.tables.%s.auth.dependsOn[%s] of the declaration names it.",
						   plasma_spi_text(rows, 0, 1), plasma_spi_text(rows, 0, 2)),
				 errhint("Name permanent tables or views, as the declaration does or as \"schema.table\"; what has no schema is looked for in public.")));
}

/* In the order of their oids; the children of a table are locked with it. */
static void
wait_for_writers(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT DISTINCT c.oid FROM (SELECT f.table_name, f.source " DIFFERENT ") d"
									   " JOIN pg_class c ON c.oid = d.source"
									   " JOIN pg_namespace n ON n.nspname = 'plasma'"
									   "  AND pg_has_role(n.nspowner, c.relowner, 'USAGE')"
									   " WHERE plasma.may_watch(d.table_name, d.source)"
									   " ORDER BY c.oid", 0, NULL);

	for (uint64 i = 0; i < rows->nrows; i++)
		plasma_spi_command(SPI_OWNER,
						   psprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
									plasma_text_relation(plasma_spi_oid(rows, i, 1))));
	if (rows->nrows > 0)
		plasma_enrol_look_again();
}

/* Names (char *) of the tables that have a source which they did not have. */
static List *
write_sources(bool *changed)
{
	List	   *names = NIL;
	SpiRows    *rows;

	*changed |= plasma_spi_write(SPI_OWNER,
								 "DELETE FROM plasma.policy_sources s WHERE NOT EXISTS ("
								 " SELECT FROM plasma.find_policy_sources() f"
								 " WHERE f.table_name = s.table_name AND f.source = s.source)"
								 " RETURNING 1", 0, NULL)->nrows > 0;
	rows = plasma_spi_write(SPI_OWNER,
							"INSERT INTO plasma.policy_sources AS s (table_name, source, columns)"
							" SELECT table_name, source, columns FROM plasma.find_policy_sources()"
							" ON CONFLICT (source, table_name) DO UPDATE SET columns = EXCLUDED.columns"
							" WHERE s.columns IS DISTINCT FROM EXCLUDED.columns"
							" RETURNING table_name", 0, NULL);
	for (uint64 i = 0; i < rows->nrows; i++)
		names = lappend(names, plasma_spi_text(rows, i, 1));
	return names;
}

static const SourceTrigger *
trigger_of(const char *kind)
{
	for (int i = 0; i < lengthof(triggers); i++)
		if (strcmp(triggers[i].kind, kind) == 0)
			return &triggers[i];
	elog(ERROR, "no trigger on sources is of kind \"%s\"", kind);
}

static void
mend(Oid relid, const SourceTrigger *kind, const char *name)
{
	const char *relation = plasma_text_relation(relid);

	if (kind == NULL)
	{
		plasma_spi_command(SPI_OWNER, psprintf("DROP TRIGGER %s ON %s", quote_identifier(name), relation));
		return;
	}
	if (name == NULL)
	{
		name = makeObjectName("_plasma_source", get_rel_name(relid), kind->kind);
		plasma_spi_command(SPI_OWNER,
						   psprintf("CREATE TRIGGER %s AFTER %s ON %s %s"
									" EXECUTE FUNCTION plasma.log_source_change()",
									quote_identifier(name), kind->event, relation, kind->rows));
	}
	plasma_spi_command(SPI_OWNER,
					   psprintf("ALTER TABLE %s %s TRIGGER %s", relation, kind->enable,
								quote_identifier(name)));
}

/*
 * One round; relids get what is watched only from now on.  A clone of a trigger for
 * rows comes with that of its parent, which is why parents come first, and why a
 * clone that is missing may be there by its turn.
 */
static bool
mend_triggers(List **relids)
{
	SpiRows    *faults = plasma_spi_read(SPI_OWNER,
										 "SELECT relation, kind, trigger_name FROM plasma.source_trigger_faults() f"
										 " WHERE may AND NOT (fault = 'missing' AND kind = 'row' AND EXISTS ("
										 "  SELECT FROM plasma.source_trigger_faults() a JOIN pg_inherits i"
										 "   ON i.inhparent = a.relation"
										 "  JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition"
										 "  WHERE i.inhrelid = f.relation AND a.kind = 'row' AND a.may))"
										 " ORDER BY fault = 'surplus' DESC, relation, kind", 0, NULL);

	for (uint64 i = 0; i < faults->nrows; i++)
	{
		Oid			relid = plasma_spi_oid(faults, i, 1);
		char	   *kind = plasma_spi_text(faults, i, 2);

		mend(relid, kind ? trigger_of(kind) : NULL, plasma_spi_text(faults, i, 3));
		if (kind != NULL)
			*relids = list_append_unique_oid(*relids, relid);
	}
	plasma_enrol_look_again();
	return faults->nrows > 0;
}

/* Adds the names of the tables that have one of the relations, or one above it, as source. */
static List *
add_dependents(List *names, List *relids)
{
	ListCell   *cell;

	foreach(cell, relids)
	{
		SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(lfirst_oid(cell)))};
		SpiRows    *rows = plasma_spi_read(SPI_OWNER,
										   "WITH RECURSIVE up (relid) AS (SELECT $1"
										   " UNION SELECT i.inhparent FROM up u JOIN pg_inherits i ON i.inhrelid = u.relid)"
										   " SELECT s.table_name FROM up u JOIN plasma.policy_sources s ON s.source = u.relid",
										   lengthof(params), params);

		for (uint64 i = 0; i < rows->nrows; i++)
			names = lappend(names, plasma_spi_text(rows, i, 1));
	}
	return names;
}

/* Of tables that were there before; capture may have raised it already. */
static void
raise_generations(List *names, List *entries)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		const RegistryEntry *entry = plasma_registry_entry(entries, lfirst(cell));
		SpiParam	params[] = {SPI_TEXT((char *) lfirst(cell)), SPI_INT8(entry ? entry->generation : 0)};

		if (entry != NULL)
			plasma_spi_write(SPI_OWNER,
							 "UPDATE plasma.tables SET generation = generation + 1"
							 " WHERE table_name = $1 AND generation = $2",
							 lengthof(params), params);
	}
}

bool
plasma_policy_source_settle(const Model *model, List *entries)
{
	bool		changed;
	List	   *names;
	List	   *relids = NIL;

	plasma_enrol_look_again();
	changed = write_declared(model);
	if (changed)
		plasma_enrol_look_again();
	if (!plasma_policy_source_may_exist())
		return changed;
	check_declared();
	if (!changed && plasma_policy_source_is_intact())
		return false;
	wait_for_writers();
	names = write_sources(&changed);
	plasma_enrol_look_again();
	for (int i = 0; i < MAX_ROUNDS && mend_triggers(&relids); i++)
		changed = true;
	names = add_dependents(names, relids);
	raise_generations(names, entries);
	return changed || names != NIL;
}
