/*
 * verify.c
 *		plasma.verify: whether the installation is as plasma would make it.
 *
 *		What a query can tell is asked by the readers of checks.sql; here are the
 *		checks that compare with what plasma would write today: capture, the
 *		registry, mutators.  How tables differ from their declaration is drift's
 *		to tell, and takes one finding here.
 *
 *		An installation that is broken must not break the look at it: each check
 *		runs in a subtransaction, and one that fails is a finding.  Changes
 *		nothing, takes AccessShare locks, and works on a standby.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "care/verify.h"
#include "fmgr.h"
#include "funcapi.h"
#include "log/inspect.h"
#include "push/signature.h"
#include "schema/enrol.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "schema/scope.h"
#include "schema/version.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define REPAIR	"SELECT plasma.repair()"

typedef struct Check
{
	const char *name;			/* for a failure */
	const char *sql;			/* or NULL */
	void		(*look) (List **findings);
	bool		(*wanted) (void);	/* NULL: always */
} Check;

typedef struct Look
{
	const Check *check;
	List	   *findings;
} Look;

typedef struct MutatorLook
{
	const char *function;
	bool		found;
} MutatorLook;

PG_FUNCTION_INFO_V1(plasma_verify_show);

static void
add(List **findings, const char *code, const char *severity, const char *object,
	const char *problem, const char *fix)
{
	VerifyFinding *finding = palloc(sizeof(VerifyFinding));

	*finding = (VerifyFinding)
	{
		{
			code, severity, object, problem, fix
		}
	};
	*findings = lappend(*findings, finding);
}

bool
plasma_verify_has(List *findings, const char *code)
{
	ListCell   *cell;

	foreach(cell, findings)
		if (strcmp(((VerifyFinding *) lfirst(cell))->field[VERIFY_CODE], code) == 0)
			return true;
	return false;
}

static const struct
{
	const char *code;
	const char *problem;
}			capture_words[] = {
	[INSPECT_MISSING] = {"VF101", "the trigger is missing, so that writes are not logged"},
	[INSPECT_DISABLED] = {"VF102", "the trigger is disabled, so that writes are not logged"},
	[INSPECT_MODE] = {"VF103", "the trigger fires in other sessions than it should"},
	[INSPECT_FOREIGN] = {"VF104", "the trigger calls a function that plasma did not make"},
	[INSPECT_TEXT] = {"VF105", "its text is not what this version of plasma writes"},
	[INSPECT_SURPLUS] = {"VF109", "the trigger does not belong there"},
};

/* Owner and rights of the functions are told by their reader. */
static void
add_capture(const InspectFinding *found, void *arg)
{
	List	  **findings = arg;
	char	   *object;

	if (found->fault == INSPECT_UNSAFE)
		return;
	if (found->fault == INSPECT_TEXT)
		object = psprintf("plasma.%s()", quote_identifier(found->function));
	else
		object = psprintf("%s%s on %s", found->fault == INSPECT_MISSING ? "for " : "",
						  quote_identifier(found->trigger),
						  plasma_text_relation(found->relid));
	add(findings, capture_words[found->fault].code, "error", object,
		capture_words[found->fault].problem, REPAIR);
}

static void
look_at_capture(List **findings)
{
	ListCell   *cell;

	foreach(cell, plasma_registry_read()->tables)
	{
		SyncTable  *table = lfirst(cell);

		if (get_rel_name(table->relid) != NULL)
			plasma_inspect_table(plasma_enrol_capture(table), add_capture, findings);
	}
}

static bool
is_declared(const Model *active, const char *scope)
{
	ListCell   *cell;

	foreach(cell, active->scopes)
		if (strcmp(((ModelScope *) lfirst(cell))->name, scope) == 0)
			return true;
	return false;
}

static char *
scope_object(const char *name)
{
	return psprintf("plasma.scopes, %s", quote_literal_cstr(name));
}

static void
look_at_scopes(List **findings, const Model *active)
{
	List	   *scopes = plasma_scope_read();
	ListCell   *cell;

	foreach(cell, active->scopes)
	{
		const ModelScope *scope = lfirst(cell);

		if (plasma_scope_stored(scopes, scope->name) == NULL)
			add(findings, "VF424", "error", scope_object(scope->name),
				"the scope is declared, but not registered, so that nobody gets a row of its tables", REPAIR);
	}
	foreach(cell, scopes)
	{
		const SyncScope *scope = lfirst(cell);

		if (!is_declared(active, scope->name))
			add(findings, "VF424", "error", scope_object(scope->name),
				"the scope is registered, but the active declaration does not hold it", REPAIR);
	}
}

/* The registry against the declaration that it was made of. */
static void
look_at_registry(List **findings)
{
	Model	   *active = plasma_version_active();
	ListCell   *cell;

	if (active == NULL)
		return;
	foreach(cell, active->tables)
	{
		ModelTable *table = lfirst(cell);

		if (!plasma_registry_agrees(table))
			add(findings, "VF212", "error", psprintf("plasma.tables, %s", quote_literal_cstr(table->name)),
				"what is registered of the table is not what the active declaration says", REPAIR);
	}
	foreach(cell, plasma_registry_entries())
	{
		RegistryEntry *entry = lfirst(cell);

		if (plasma_model_table(active, entry->name) == NULL)
			add(findings, "VF212", "error", psprintf("plasma.tables, %s", quote_literal_cstr(entry->name)),
				"the table is registered, but the active declaration does not hold it", REPAIR);
	}
	look_at_scopes(findings, active);
}

/* A bound query is analysed, which runs nothing; whoever may not look into a schema passes. */
static void
look_at_queries(List **findings)
{
	ListCell   *cell;

	foreach(cell, plasma_scope_read())
	{
		const SyncScope *scope = lfirst(cell);
		ErrorData  *error;

		plasma_scope_types(scope->query, &error);
		if (error != NULL && error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE)
			add(findings, "VF422", "error", scope_object(scope->name),
				psprintf("its query cannot be run, so that every pull fails: %s", error->message),
				"bring back what the query names, or SELECT plasma.repair() where the declared query finds it elsewhere, or plasma.run_migrations with another query");
	}
}

static void
read_signature(void *arg)
{
	MutatorLook *look = arg;

	SpiParam	params[] = {SPI_TEXT(look->function)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER, "SELECT to_regprocedure($1)::oid",
									   lengthof(params), params);
	Oid			oid = plasma_spi_oid(rows, 0, 1);

	look->found = OidIsValid(oid);
	if (look->found)
		(void) plasma_signature_read(oid);
}

static void
look_at_mutators(List **findings)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER, "SELECT name, function FROM plasma.mutators",
									   0, NULL);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		MutatorLook look = {plasma_spi_text(rows, i, 2)};
		const char *name = plasma_spi_text(rows, i, 1);
		char	   *object = psprintf("mutator %s", quote_literal_cstr(name));
		char	   *fix = psprintf("make the function, or SELECT plasma.register_mutator(%s, …), or SELECT plasma.drop_mutator(%s)",
								   quote_literal_cstr(name), quote_literal_cstr(name));
		ErrorData  *error = plasma_spi_catch(read_signature, &look);

		if (error != NULL)
			add(findings, "VF412", "error", object,
				psprintf("%s%s%s", error->message, error->detail ? ": " : "",
						 error->detail ? error->detail : ""), fix);
		else if (!look.found)
			add(findings, "VF411", "error", object,
				psprintf("function %s does not exist", look.function), fix);
	}
}

static const Check checks[] = {
	{"functions", "SELECT * FROM plasma.verify_functions()"},
	{"tables", "SELECT * FROM plasma.verify_tables()"},
	{"declarations", "SELECT * FROM plasma.verify_declarations()"},
	{"policies", "SELECT * FROM plasma.verify_policies()"},
	{"policy sources", "SELECT * FROM plasma.verify_sources()", NULL, plasma_policy_source_may_exist},
	{"log", "SELECT * FROM plasma.verify_log()"},
	{"capture", NULL, look_at_capture},
	{"registry", NULL, look_at_registry},
	{"scopes", "SELECT * FROM plasma.verify_scopes()"},
	{"queries of scopes", NULL, look_at_queries},
	{"mutators", NULL, look_at_mutators},
};

/* Those that are made although plasma's own tables may not be as they were. */
static const Check first_checks[] = {
	{"own tables", "SELECT * FROM plasma.verify_own()"},
	{"rights", "SELECT * FROM plasma.verify_rights()"},
	{"settings", "SELECT * FROM plasma.verify_settings()"},
};

static void
run_check(void *arg)
{
	Look	   *look = arg;
	SpiRows    *rows;

	if (look->check->wanted != NULL && !look->check->wanted())
		return;
	if (look->check->look != NULL)
	{
		look->check->look(&look->findings);
		return;
	}
	rows = plasma_spi_read(SPI_OWNER, look->check->sql, 0, NULL);
	for (uint64 i = 0; i < rows->nrows; i++)
		add(&look->findings, plasma_spi_text(rows, i, 1), plasma_spi_text(rows, i, 2),
			plasma_spi_text(rows, i, 3), plasma_spi_text(rows, i, 4), plasma_spi_text(rows, i, 5));
}

static void
run_checks(List **findings, const Check *of, int count)
{
	for (int i = 0; i < count; i++)
	{
		Look		look = {&of[i], NIL};
		ErrorData  *error = plasma_spi_catch(run_check, &look);

		if (error == NULL)
			*findings = list_concat(*findings, look.findings);
		else
			add(findings, "VF002", "error", of[i].name,
				psprintf("could not be checked: %s%s%s", error->message,
						 error->detail ? ": " : "", error->detail ? error->detail : ""),
				"mend what the message names, then call plasma.verify again");
	}
}

/*
 * Drift reads the declaration in the caller's search path, as whoever declares
 * does, and so is asked as the caller; capture it tells in other words.
 * Returns whether plasma's own tables can be read.
 */
static bool
add_drift(List **findings)
{
	SpiRows    *rows = plasma_spi_read(SPI_CALLER,
									   "SELECT pg_catalog.count(*) FILTER (WHERE code OPERATOR(pg_catalog.=) 'DR104'),"
									   " pg_catalog.string_agg(DISTINCT table_name, ', ') FILTER (WHERE code OPERATOR(pg_catalog.=) 'DR104'),"
									   " pg_catalog.count(*) FILTER (WHERE code OPERATOR(pg_catalog.<>) ALL ('{DR103,DR104}')),"
									   " pg_catalog.string_agg(DISTINCT table_name, ', ') FILTER (WHERE code OPERATOR(pg_catalog.<>) ALL ('{DR103,DR104}'))"
									   " FROM plasma.drift()", 0, NULL);
	int64		own = plasma_spi_int8(rows, 0, 1);
	int64		declared = plasma_spi_int8(rows, 0, 3);
	const char *names = plasma_spi_text(rows, 0, 4);

	if (own > 0)
		add(findings, "VF001", "error", plasma_spi_text(rows, 0, 2),
			"plasma's own tables are not as the extension made them; other checks are left out",
			"SELECT * FROM plasma.drift() tells what is different; bring it back by hand");
	if (declared > 0)
		add(findings, "VF205", "error", names ? names : "plasma.declarations",
			psprintf("differences from the active declaration: " INT64_FORMAT, declared),
			"SELECT * FROM plasma.drift() tells them; plasma.run_migrations with the active declaration mends them");
	return own == 0;
}

static int
by_code_and_object(const ListCell *a, const ListCell *b)
{
	const VerifyFinding *left = lfirst(a);
	const VerifyFinding *right = lfirst(b);
	int			order = strcmp(left->field[VERIFY_CODE], right->field[VERIFY_CODE]);

	if (order == 0)
		order = strcmp(left->field[VERIFY_OBJECT], right->field[VERIFY_OBJECT]);
	return order != 0 ? order : strcmp(left->field[VERIFY_PROBLEM], right->field[VERIFY_PROBLEM]);
}

/* A function is found by each of its triggers, but is to be mended once. */
static List *
sort_and_unite(List *findings)
{
	List	   *united = NIL;
	ListCell   *cell;

	list_sort(findings, by_code_and_object);
	foreach(cell, findings)
		if (united == NIL || by_code_and_object(&(ListCell) {.ptr_value = llast(united)}, cell) != 0)
			united = lappend(united, lfirst(cell));
	return united;
}

List *
plasma_verify_find(void)
{
	List	   *findings = NIL;

	plasma_registry_forget();
	run_checks(&findings, first_checks, lengthof(first_checks));
	if (add_drift(&findings))
		run_checks(&findings, checks, lengthof(checks));
	return sort_and_unite(findings);
}

Datum
plasma_verify_show(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, plasma_verify_find())
	{
		VerifyFinding *finding = lfirst(cell);
		Datum		values[VERIFY_COLUMNS];
		bool		nulls[VERIFY_COLUMNS] = {false};

		for (int i = 0; i < VERIFY_COLUMNS; i++)
			values[i] = CStringGetTextDatum(finding->field[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
