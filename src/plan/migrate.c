/*
 * migrate.c
 *		plasma.migrate: a plan carried out step by step, each in a transaction
 *		of its own.
 *
 *		The procedure loops over plasma.migrate_step, which plans anew, does what
 *		comes first and says so in the journal; then the procedure commits.  What
 *		is left to do is always seen from the catalogs, so whoever calls again
 *		after an interruption goes on where it stood.
 *
 *		One migrate at a time: a session lock is held from begin to end.  Each
 *		step holds the lock of apply as well, so that run_migrations and
 *		ensure_schema can come in between steps, but not into one.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "plan/advance.h"
#include "plan/journal.h"
#include "plan/plan.h"
#include "plan/report.h"
#include "plan/statement.h"
#include "schema/apply.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#define MIGRATE_LOCK	(PLASMA_APPLY_LOCK + 1)

/* The waits between attempts: the first, and the longest. */
#define RETRY_FIRST_MS	100
#define RETRY_MAX_MS	30000

static bool holding = false;

PG_FUNCTION_INFO_V1(plasma_migrate_begin);
PG_FUNCTION_INFO_V1(plasma_migrate_step);
PG_FUNCTION_INFO_V1(plasma_migrate_pause);
PG_FUNCTION_INFO_V1(plasma_migrate_fail);
PG_FUNCTION_INFO_V1(plasma_migrate_raise);
PG_FUNCTION_INFO_V1(plasma_migrate_end);

static void
let_go(void)
{
	if (holding)
		DirectFunctionCall1(pg_advisory_unlock_int8, Int64GetDatum(MIGRATE_LOCK));
	holding = false;
}

/* However the procedure ends, if not as it should. */
static void
let_go_at_abort(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		let_go();
}

Datum
plasma_migrate_begin(PG_FUNCTION_ARGS)
{
	static bool registered = false;

	PreventCommandIfReadOnly("plasma.migrate()");
	if (IsTransactionBlock() || IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("plasma.migrate() cannot run inside a transaction block or an exception block"),
				 errhint("Call it on its own, or use plasma.run_migrations, which does all in one transaction.")));
	if (!registered)
		RegisterXactCallback(let_go_at_abort, NULL);
	registered = true;
	let_go();
	DirectFunctionCall1(pg_advisory_lock_int8, Int64GetDatum(MIGRATE_LOCK));
	holding = true;
	plasma_journal_interrupt();
	PG_RETURN_VOID();
}

Datum
plasma_migrate_end(PG_FUNCTION_ARGS)
{
	let_go();
	PG_RETURN_VOID();
}

static Datum
summary(const Migration *migration)
{
	StringInfoData out;

	if (migration->options.dry_run)
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(plasma_report_write(migration->plan)));
	initStringInfo(&out);
	appendStringInfoString(&out, "{\"version\":");
	plasma_text_json(&out, migration->plan->input.declared->version);
	appendStringInfo(&out, ",\"status\":\"%s\"", migration->ordinal ? "applied" : "noop");
	if (migration->ordinal != 0)
		appendStringInfo(&out, ",\"migration\":" INT64_FORMAT ",\"statements\":%d",
						 migration->ordinal, migration->n);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

/* migration, finished, result, relation, column_name, batch. */
static Datum
answer(FunctionCallInfo fcinfo, const Migration *migration)
{
	Datum		values[6] = {0};
	bool		nulls[6] = {false, false, true, true, true, true};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "plasma.migrate_step does not return a row");
	values[0] = Int64GetDatum(migration->ordinal);
	values[1] = BoolGetDatum(migration->finished);
	if (migration->finished)
	{
		values[2] = summary(migration);
		nulls[2] = false;
	}
	if (migration->backfill != NULL)
	{
		values[3] = ObjectIdGetDatum(migration->backfill->change->at->relid);
		values[4] = CStringGetTextDatum(migration->backfill->column);
		values[5] = Int32GetDatum(migration->options.batch);
		nulls[3] = nulls[4] = nulls[5] = false;
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
plasma_migrate_step(PG_FUNCTION_ARGS)
{
	Migration	migration = {NULL};
	PlanOptions *options;
	Datum		result;

	plasma_plan_arguments(fcinfo, &migration.text, &migration.len, &options);
	migration.options = *options;
	migration.options.executor = EXECUTOR_MIGRATE;
	migration.ordinal = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);

	plasma_apply_lock();
	PushActiveSnapshot(GetLatestSnapshot());
	if (migration.ordinal == 0)
		plasma_advance_begin(&migration);
	else
		plasma_advance_go_on(&migration);
	result = answer(fcinfo, &migration);
	PopActiveSnapshot();
	return result;
}

/*
 * How many seconds to wait after so many attempts that got no lock: twice as
 * long each time, and never quite as long as others wait.  NULL: no more.
 */
Datum
plasma_migrate_pause(PG_FUNCTION_ARGS)
{
	PlanOptions *options = plasma_options_parse(PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0));
	int			attempts = PG_GETARG_INT32(1);
	double		ms = RETRY_FIRST_MS;

	if (attempts > options->lock_retries)
		PG_RETURN_NULL();
	for (int i = 1; i < attempts && ms < RETRY_MAX_MS; i++)
		ms *= 2;
	ms = Min(ms, RETRY_MAX_MS) * (0.5 + 0.5 * pg_prng_double(&pg_global_prng_state));
	PG_RETURN_FLOAT8(ms / 1000);
}

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *given = PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));

	return given == NULL || given[0] == '\0' ? NULL : given;
}

/* The line of an error's context that names the step, or NULL. */
static char *
step_of(const char *context)
{
	const char *line = context ? strstr(context, STATEMENT_CONTEXT) : NULL;

	return line ? pnstrdup(line, strcspn(line, "\n")) : NULL;
}

Datum
plasma_migrate_fail(PG_FUNCTION_ARGS)
{
	char	   *message = text_argument(fcinfo, 1);
	char	   *step = step_of(text_argument(fcinfo, 2));

	if (!PG_ARGISNULL(0) && message != NULL)
		plasma_journal_fail(PG_GETARG_INT64(0),
							step ? psprintf("%s (%s)", message, step) : message);
	PG_RETURN_VOID();
}

/* The error of a step once more, when its line in the journal is committed. */
Datum
plasma_migrate_raise(PG_FUNCTION_ARGS)
{
	char	   *code = text_argument(fcinfo, 0);
	char	   *message = text_argument(fcinfo, 1);
	char	   *detail = text_argument(fcinfo, 2);
	char	   *hint = text_argument(fcinfo, 3);
	char	   *context = text_argument(fcinfo, 4);

	if (code == NULL || strlen(code) != 5 || message == NULL)
		elog(ERROR, "plasma.migrate_raise needs an SQLSTATE and a message");
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4])),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 context ? errcontext("%s", context) : 0));
	PG_RETURN_VOID();
}
