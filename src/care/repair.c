/*
 * repair.c
 *		plasma.repair: mends what verify finds.
 *
 *		In comes nothing, out goes what was mended, what could not be, and what
 *		is left with the way out.  Under the lock of apply; a table is locked
 *		only where a trigger of it has to be made, as by ensure_schema.  What
 *		needs a choice of the application's (columns, policies, mutators, rights)
 *		is left to it.
 *
 *		Each part runs in a subtransaction, so that one thing that cannot be
 *		mended keeps no other from it.  Where nothing is wrong, nothing is
 *		written.  Invariant: where the log may be another's, the epoch is renewed
 *		with the mending.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "care/mend.h"
#include "care/verify.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/apply.h"
#include "schema/enrol.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

/* A statement that mends a finding, run as the owner where it is there. */
typedef struct Remedy
{
	const char *code;
	const char *sql;			/* %s is the object of the finding */
	bool		epoch;			/* renewed with it */
} Remedy;

PG_FUNCTION_INFO_V1(plasma_repair_run);

/* What was written by transactions that this cluster never had. */
#define NEVER_WAS \
	"xid >= pg_snapshot_xmax(pg_current_snapshot())" \
	" AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()"

/*
 * Of a generation that clients may have known and that is lost: no table was
 * ever raised as often as there are seconds.
 */
#define LOST_GENERATION	"extract(epoch FROM now())::bigint"

static const Remedy first_remedies[] = {
	{"VF301", "INSERT INTO plasma.state DEFAULT VALUES ON CONFLICT DO NOTHING", true},
	{"VF302", "REINDEX INDEX %s"},
};

static const Remedy remedies[] = {
	{"VF303", "UPDATE plasma.state SET floor = '0', epoch = gen_random_uuid()", true},
	{"VF304", "INSERT INTO plasma.former_tables"
		" SELECT DISTINCT table_name, " LOST_GENERATION " FROM plasma.changes"
		" WHERE table_name NOT IN (SELECT t.table_name FROM plasma.tables t)"
	" ON CONFLICT DO NOTHING"},
	{"VF305", "DELETE FROM plasma.changes WHERE " NEVER_WAS},
	{"VF305", "UPDATE plasma.state SET epoch = gen_random_uuid()", true},
	{"VF306", "UPDATE plasma.client_mutations SET xid = pg_current_xact_id() WHERE " NEVER_WAS},
	{"VF308", "INSERT INTO plasma.compactions VALUES ('') ON CONFLICT DO NOTHING"},
	{"VF309", "UPDATE plasma.compactions SET horizon = '0', xid = '0', row_version = 0"},
	{"VF309", "DELETE FROM plasma.compacted_rows"},
	{"VF212", "INSERT INTO plasma.former_tables"
		" SELECT j.key, " LOST_GENERATION
		" FROM plasma.declarations d, json_each(d.declaration->'tables') j"
		" WHERE d.active AND j.key NOT IN (SELECT table_name FROM plasma.tables)"
	" ON CONFLICT DO NOTHING"},
};

/* After capture: whoever waits for a table must not hold the log. */
static const Remedy last_remedies[] = {
	{"VF401", "ALTER TABLE %s ENABLE ROW LEVEL SECURITY"},
	{"VF307", "LOCK TABLE plasma.changes IN SHARE ROW EXCLUSIVE MODE"},
	{"VF307", "SELECT setval('plasma.changes_row_version_seq', greatest(max(row_version),"
		" (SELECT last_value FROM plasma.changes_row_version_seq))) FROM plasma.changes"},
};

static void
run_command(void *sql)
{
	plasma_spi_command(SPI_OWNER, sql);
}

static void
apply_remedy(Mending *mending, const Remedy *remedy)
{
	bool		each = strstr(remedy->sql, "%s") != NULL;
	ListCell   *cell;

	foreach(cell, mending->findings)
	{
		VerifyFinding *finding = lfirst(cell);
		const char *object = finding->field[VERIFY_OBJECT];

		if (strcmp(finding->field[VERIFY_CODE], remedy->code) != 0)
			continue;
		if (plasma_mend_attempt(mending, object, run_command,
								each ? psprintf(remedy->sql, object) : unconstify(char *, remedy->sql)))
		{
			mending->acted = true;
			mending->new_epoch |= remedy->epoch;
		}
		if (!each)
			return;
	}
}

static void
apply_remedies(Mending *mending, const Remedy *of, int count)
{
	for (int i = 0; i < count; i++)
		apply_remedy(mending, &of[i]);
	plasma_enrol_look_again();
}

/* What can be mended of plasma's own tables comes first, since all else reads them. */
static void
mend(Mending *mending)
{
	apply_remedies(mending, first_remedies, lengthof(first_remedies));
	if (mending->acted)
		mending->findings = plasma_verify_find();
	if (plasma_verify_has(mending->findings, "VF001"))
		return;
	mending->entries = plasma_registry_entries();
	apply_remedies(mending, remedies, lengthof(remedies));
	plasma_mend_tables(mending);
	apply_remedies(mending, last_remedies, lengthof(last_remedies));
	if (mending->acted)
		plasma_registry_touch();
}

static bool
is_among(const VerifyFinding *finding, List *findings)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		VerifyFinding *other = lfirst(cell);

		if (strcmp(finding->field[VERIFY_CODE], other->field[VERIFY_CODE]) == 0 &&
			strcmp(finding->field[VERIFY_OBJECT], other->field[VERIFY_OBJECT]) == 0)
			return true;
	}
	return false;
}

static void
append_finding(StringInfo out, const VerifyFinding *finding, int columns)
{
	static const char *const keys[VERIFY_COLUMNS] =
	{"code", "severity", "object", "problem", "fix"};

	for (int i = 0; i < columns; i++)
	{
		appendStringInfo(out, "%s\"%s\":", i == 0 ? "{" : ",", keys[i]);
		plasma_text_json(out, finding->field[i]);
	}
	appendStringInfoChar(out, '}');
}

/* The first columns of the findings that are not among the others. */
static void
append_findings(StringInfo out, const char *key, int columns, List *findings, List *others)
{
	const char *separator = "";
	ListCell   *cell;

	appendStringInfo(out, ",\"%s\":[", key);
	foreach(cell, findings)
	{
		if (is_among(lfirst(cell), others))
			continue;
		appendStringInfoString(out, separator);
		append_finding(out, lfirst(cell), columns);
		separator = ",";
	}
	appendStringInfoChar(out, ']');
}

static void
append_failures(StringInfo out, List *failures)
{
	ListCell   *cell;

	appendStringInfoString(out, ",\"failed\":[");
	foreach(cell, failures)
	{
		MendFailure *failure = lfirst(cell);

		appendStringInfo(out, "%s{\"object\":", foreach_current_index(cell) == 0 ? "" : ",");
		plasma_text_json(out, failure->object);
		appendStringInfoString(out, ",\"error\":");
		plasma_text_json(out, failure->error->message);
		if (failure->error->hint != NULL)
		{
			appendStringInfoString(out, ",\"hint\":");
			plasma_text_json(out, failure->error->hint);
		}
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

/* Tables that clients fetch anew, because of their generation. */
static void
append_reset(StringInfo out, const Mending *mending)
{
	const char *separator = "";
	ListCell   *cell;

	appendStringInfoString(out, ",\"reset\":[");
	foreach(cell, mending->entries != NIL && mending->acted ? plasma_registry_entries() : NIL)
	{
		RegistryEntry *entry = lfirst(cell);
		RegistryEntry *old = plasma_registry_entry(mending->entries, entry->name);

		if (old != NULL && old->generation == entry->generation)
			continue;
		appendStringInfoString(out, separator);
		plasma_text_json(out, entry->name);
		separator = ",";
	}
	appendStringInfoChar(out, ']');
}

Datum
plasma_repair_run(PG_FUNCTION_ARGS)
{
	Mending		mending = {NIL};
	StringInfoData out;
	List	   *before;
	List	   *after;

	PreventCommandIfReadOnly("plasma.repair()");
	plasma_apply_lock();
	PushActiveSnapshot(GetLatestSnapshot());
	before = mending.findings = plasma_verify_find();
	mend(&mending);
	plasma_enrol_look_again();
	after = plasma_verify_find();

	initStringInfo(&out);
	appendStringInfo(&out, "{\"newEpoch\":%s", mending.new_epoch ? "true" : "false");
	append_reset(&out, &mending);
	append_findings(&out, "mended", VERIFY_FIX, before, after);
	append_failures(&out, mending.failed);
	append_findings(&out, "left", VERIFY_COLUMNS, after, NIL);
	appendStringInfoChar(&out, '}');
	PopActiveSnapshot();
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}
