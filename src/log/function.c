/*
 * function.c
 *		The generated trigger functions as objects of the database.
 *
 *		CREATE OR REPLACE FUNCTION takes no lock on the table.  A function is
 *		found by oid through the triggers of its table; its name follows the
 *		table's, and gets a hash where another table has that name already.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "log/function.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static Datum
tree_array(List *places)
{
	List	   *oids = NIL;
	ListCell   *cell;

	foreach(cell, places)
		oids = lappend_oid(oids, ((TriggerPlace *) lfirst(cell))->relid);
	return plasma_trigger_oids(oids);
}

static const char serves_others_sql[] =
"SELECT FROM pg_catalog.pg_proc p "
"JOIN pg_catalog.pg_trigger t ON t.tgfoid OPERATOR(pg_catalog.=) p.oid "
"WHERE p.pronamespace OPERATOR(pg_catalog.=) 'plasma'::pg_catalog.regnamespace "
"AND p.proname OPERATOR(pg_catalog.=) $1::pg_catalog.name "
"AND t.tgrelid OPERATOR(pg_catalog.<>) ALL ($2) LIMIT 1";

/* Whether a function of this name serves triggers outside of the tree. */
static bool
serves_others(const char *name, List *places)
{
	SpiParam	params[] = {SPI_TEXT(name), SPI_DATUM(OIDARRAYOID, tree_array(places))};

	return plasma_trigger_read(serves_others_sql, 2, params)->nrows > 0;
}

static char *
choose_name(const CaptureTable *table, BodyKind kind, List *places)
{
	char	   *suffix = psprintf("%s_fn", plasma_body_verb(kind));
	char	   *relation = get_rel_name(table->relid);
	char	   *qualified = plasma_text_relation(table->relid);
	char	   *name = plasma_body_name(relation, suffix, NULL);

	for (int i = 0; serves_others(name, places); i++)
		name = plasma_body_name(relation, suffix,
								i == 0 ? qualified : psprintf("%s %d", qualified, i));
	return name;
}

/* The function that a trigger of the table itself has, whatever its name is. */
static const TriggerFound *
find_function(List *places, BodyKind kind)
{
	TriggerPlace *root = linitial(places);
	ListCell   *cell;

	foreach(cell, root->found)
	{
		TriggerFound *found = lfirst(cell);

		for (int i = 0; i < TRIGGER_SPECS; i++)
			if (plasma_trigger_specs[i].body == kind &&
				plasma_trigger_specs[i].type == found->type &&
				found->function_name != NULL &&
				!serves_others(found->function_name, places))
				return found;
	}
	return NULL;
}

static const char grantees_sql[] =
"SELECT DISTINCT a.grantee::pg_catalog.regrole "
"FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a "
"WHERE p.pronamespace OPERATOR(pg_catalog.=) 'plasma'::pg_catalog.regnamespace "
"AND p.proname OPERATOR(pg_catalog.=) $1::pg_catalog.name "
"AND a.grantee OPERATOR(pg_catalog.<>) ALL (ARRAY[0::pg_catalog.oid, p.proowner])";

/*
 * Nobody else may attach a function to a table of his, not even for a moment.
 * One that was restored by another role, or granted, becomes plasma's again.
 */
static void
make_function(const char *name, const char *text)
{
	char	   *qualified = plasma_text_qualified("plasma", name);
	const char *owner = quote_identifier(GetUserNameFromId(plasma_spi_owner(), false));
	SpiParam	params[] = {SPI_TEXT(name)};
	SpiRows    *grantees;

	plasma_spi_command(SPI_OWNER,
					   psprintf("CREATE OR REPLACE FUNCTION %s() RETURNS trigger "
								"LANGUAGE plpgsql SECURITY DEFINER SET " BODY_SETTING " AS %s",
								qualified, plasma_text_literal(text)));
	plasma_spi_command(SPI_OWNER,
					   psprintf("ALTER FUNCTION %s() OWNER TO %s", qualified, owner));
	plasma_spi_command(SPI_OWNER,
					   psprintf("REVOKE ALL ON FUNCTION %s() FROM PUBLIC", qualified));
	grantees = plasma_trigger_read(grantees_sql, 1, params);
	for (uint64 i = 0; i < grantees->nrows; i++)
		plasma_spi_command(SPI_OWNER,
						   psprintf("REVOKE ALL ON FUNCTION %s() FROM %s CASCADE",
									qualified, plasma_spi_text(grantees, i, 1)));
}

void
plasma_function_make(const CaptureTable *table, List *places, char **names)
{
	for (int kind = 0; kind < BODY_KINDS; kind++)
	{
		const TriggerFound *found = find_function(places, kind);
		char	   *text = plasma_body_text(table, kind);

		names[kind] = found ? found->function_name : choose_name(table, kind, places);
		if (found == NULL || !found->function_safe ||
			found->function_hash != plasma_trigger_text_hash(text))
			make_function(names[kind], text);
	}
}

static const char unused_sql[] =
"SELECT p.proname FROM pg_catalog.pg_proc p "
"WHERE p.pronamespace OPERATOR(pg_catalog.=) 'plasma'::pg_catalog.regnamespace "
"AND p.prorettype OPERATOR(pg_catalog.=) 'pg_catalog.trigger'::pg_catalog.regtype "
"AND pg_catalog.starts_with(p.proname::pg_catalog.text, '" BODY_NAME_PREFIX "') "
"AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t "
"WHERE t.tgfoid OPERATOR(pg_catalog.=) p.oid)";

void
plasma_function_drop_unused(void)
{
	SpiRows    *rows = plasma_trigger_read(unused_sql, 0, NULL);

	for (uint64 i = 0; i < rows->nrows; i++)
		plasma_spi_command(SPI_OWNER,
						   psprintf("DROP FUNCTION %s()",
									plasma_text_qualified("plasma",
														  plasma_spi_text(rows, i, 1))));
}
