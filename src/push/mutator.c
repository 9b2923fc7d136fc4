/*
 * mutator.c
 *		Registering mutators, and running one mutation.
 *
 *		A mutation comes in as a name and a JSON value; what comes out is done in
 *		the database or an error.  It runs as the caller, in a GUC nest level
 *		that is thrown away after it: settings, role, claims and search path of
 *		one mutation never reach the next.  The batch has put a subtransaction
 *		around it, which undoes everything after an error; the handler here only
 *		sees to what a subtransaction does not know of, the clock and the flag
 *		that refuses a push within a mutator.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/envelope.h"
#include "access/temporary.h"
#include "base/compat.h"
#include "base/spi.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/origin.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "push/call.h"
#include "push/deadline.h"
#include "push/mutator.h"
#include "push/signature.h"
#include "schema/registry.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

struct Mutators
{
	Deferred   *deferred;
	Calls	   *calls;

	/* Who runs the mutations, to be the same after each. */
	Oid			userid;
	int			sec_context;
	Jsonb	   *ctx;
};

static bool running = false;

PG_FUNCTION_INFO_V1(plasma_mutator_register);
PG_FUNCTION_INFO_V1(plasma_mutator_drop);

static char *
name_argument(FunctionCallInfo fcinfo)
{
	char	   *name;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of a mutator must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (*name == '\0' || pg_mbstrlen(name) > ENVELOPE_MAX_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a mutator must have 1 to %d characters",
						ENVELOPE_MAX_NAME)));
	return name;
}

/*
 * plasma.register_mutator(name, function).  The caller must be able to run the
 * function, so that nobody puts one into others' hands that is not in his own.
 */
Datum
plasma_mutator_register(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo);
	Oid			function;
	SpiParam	params[2] = {SPI_TEXT(name)};

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the function of mutator \"%s\" must not be null", name)));
	function = PG_GETARG_OID(1);
	(void) plasma_signature_read(function);
	if (object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));

	params[1] = (SpiParam) SPI_TEXT(format_procedure_qualified(function));
	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.mutators (name, function) VALUES ($1, $2)"
					 " ON CONFLICT (name) DO UPDATE SET function = excluded.function",
					 lengthof(params), params);
	plasma_registry_touch();
	PG_RETURN_VOID();
}

/* plasma.drop_mutator(name). */
Datum
plasma_mutator_drop(PG_FUNCTION_ARGS)
{
	char	   *name = name_argument(fcinfo);
	SpiParam	params[] = {SPI_TEXT(name)};

	if (plasma_spi_write(SPI_OWNER,
						 "DELETE FROM plasma.mutators"
						 " WHERE name OPERATOR(pg_catalog.=) $1 RETURNING name",
						 lengthof(params), params)->nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("mutator \"%s\" does not exist", name)));
	plasma_registry_touch();
	PG_RETURN_VOID();
}

static Jsonb *
copy_ctx(void)
{
	Jsonb	   *ctx = plasma_ctx_current();
	Jsonb	   *copy;

	if (ctx == NULL)
		return NULL;
	copy = palloc(VARSIZE(ctx));
	memcpy(copy, ctx, VARSIZE(ctx));
	return copy;
}

Mutators *
plasma_mutator_open(Deferred *deferred)
{
	Mutators   *mutators = palloc0(sizeof(Mutators));

	mutators->deferred = deferred;
	GetUserIdAndSecContext(&mutators->userid, &mutators->sec_context);
	mutators->ctx = copy_ctx();
	mutators->calls = plasma_call_open(mutators->ctx);
	return mutators;
}

void
plasma_mutator_forget(Mutators *mutators)
{
	plasma_call_forget(mutators->calls);
}

void
plasma_mutator_close(Mutators *mutators)
{
	plasma_call_close(mutators->calls);
}

bool
plasma_mutator_running(void)
{
	return running;
}

static void
check_caller(const Mutators *mutators, const char *name)
{
	Oid			userid;
	int			sec_context;
	Jsonb	   *ctx = plasma_ctx_current();
	bool		same;

	GetUserIdAndSecContext(&userid, &sec_context);
	same = userid == mutators->userid && sec_context == mutators->sec_context;
	if (ctx == NULL || mutators->ctx == NULL)
		same &= ctx == mutators->ctx;
	else
		same &= VARSIZE(ctx) == VARSIZE(mutators->ctx) &&
			memcmp(ctx, mutators->ctx, VARSIZE(ctx)) == 0;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("mutator \"%s\" changed who the caller is", name)));
}

/*
 * The function's settings are gone before deferred triggers run: these run for
 * the caller, and not for whom the mutator took itself to be.
 */
static void
run_alone(Mutators *mutators, const RequestMutation *mutation)
{
	int			level = NewGUCNestLevel();
	ObjectAddresses *before = plasma_temporary_note();

	plasma_call_run(mutators->calls, mutation->name, mutation->args);
	AtEOXact_GUC(false, level);
	check_caller(mutators, mutation->name);
	level = NewGUCNestLevel();
	plasma_deferred_fire(mutators->deferred);
	AtEOXact_GUC(false, level);
	check_caller(mutators, mutation->name);
	plasma_temporary_drop(before);
}

void
plasma_mutator_run(Mutators *mutators, const char *client_group_id,
				   const RequestMutation *mutation)
{
	MemoryContext context = CurrentMemoryContext;

	plasma_origin_set(client_group_id, mutation->client_id, mutation->id);
	running = true;
	PG_TRY();
	{
		plasma_deadline_start();
		run_alone(mutators, mutation);
	}
	PG_CATCH();
	{
		running = false;
		plasma_deadline_stop_error(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	running = false;
	plasma_deadline_stop();
	plasma_origin_clear();
}
