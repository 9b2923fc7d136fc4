/*
 * spi.c
 *		Statements: who runs them, in which snapshot, with which plan.
 *
 *		Running as the owner means both the owner's rights and a search path that
 *		nobody else can put a name into.  Both are undone by the end of the call,
 *		or, after an error, by the end of the (sub)transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/prepared.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

typedef struct Visit
{
	SpiWho		who;
	Oid			userid;
	int			sec_context;
	int			guc_level;
	MemoryContext caller;
} Visit;

typedef struct RowReceiver
{
	DestReceiver pub;
	SpiRowFn	fn;
	void	   *arg;
	TupleDesc	desc;
	MemoryContext per_row;
} RowReceiver;

static int	depth = 0;

Oid
plasma_spi_owner(void)
{
	Oid			nspid = get_namespace_oid("plasma", false);
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(nspid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", nspid);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * plasma's own tables are read by key and in key order.  Statistics that are
 * not there yet, or are of a log that was shorter, must not make it a scan; and
 * the price that the planner then puts on a scan must not start the compiler.
 */
static void
prefer_indexes(void)
{
	static const char *const off[] = {"enable_seqscan", "enable_sort", "jit"};

	for (int i = 0; i < lengthof(off); i++)
		set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION,
						  GUC_ACTION_SAVE, true, 0, false);
}

static SpiRights
become(Oid userid)
{
	SpiRights	rights;

	GetUserIdAndSecContext(&rights.userid, &rights.sec_context);
	SetUserIdAndSecContext(userid, rights.sec_context | SECURITY_RESTRICTED_OPERATION);
	rights.guc_level = NewGUCNestLevel();
	return rights;
}

SpiRights
plasma_spi_become(Oid author)
{
	return become(has_privs_of_role(GetUserId(), author) ? author : GetUserId());
}

SpiRights
plasma_spi_become_author(Oid author)
{
	return become(superuser_arg(author) && !superuser() ? GetUserId() : author);
}

void
plasma_spi_return(const SpiRights *rights)
{
	AtEOXact_GUC(false, rights->guc_level);
	SetUserIdAndSecContext(rights->userid, rights->sec_context);
}

static void
enter(Visit *visit, SpiWho who)
{
	visit->who = who;
	visit->caller = CurrentMemoryContext;
	if (who == SPI_OWNER)
	{
		GetUserIdAndSecContext(&visit->userid, &visit->sec_context);
		SetUserIdAndSecContext(plasma_spi_owner(),
							   visit->sec_context |
							   SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
		visit->guc_level = NewGUCNestLevel();
		RestrictSearchPath();
		prefer_indexes();
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	depth++;
}

static void
leave(Visit *visit)
{
	depth--;
	SPI_finish();
	if (visit->who == SPI_OWNER)
	{
		AtEOXact_GUC(false, visit->guc_level);
		SetUserIdAndSecContext(visit->userid, visit->sec_context);
	}
	MemoryContextSwitchTo(visit->caller);
}

/*
 * An error leaves the counter of nested calls behind; the end of the outermost
 * transaction is where nothing can be running any more.
 */
static void
reset_depth(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		depth = 0;
}

static SPIPlanPtr
plan_for(SpiWho who, const char *sql, int nparams, const SpiParam *params)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(reset_depth, NULL);
		registered = true;
	}
	return plasma_prepared_plan(who, sql, nparams, params, depth == 1);
}

static int
execute(SPIPlanPtr plan, bool read_only, int nparams, const SpiParam *params)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(nparams, 1));
	char	   *nulls = palloc(Max(nparams, 1));
	int			code;

	for (int i = 0; i < nparams; i++)
	{
		values[i] = params[i].value;
		nulls[i] = params[i].isnull ? 'n' : ' ';
	}
	code = SPI_execute_plan(plan, values, nulls, read_only, 0);
	if (code < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(code));
	return code;
}

static SpiRows *
copy_rows(MemoryContext target)
{
	MemoryContext old = MemoryContextSwitchTo(target);
	SpiRows    *rows = palloc0(sizeof(SpiRows));

	if (SPI_tuptable != NULL)
	{
		rows->nrows = SPI_processed;
		rows->desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
		rows->rows = palloc(sizeof(HeapTuple) * Max(rows->nrows, 1));
		for (uint64 i = 0; i < rows->nrows; i++)
			rows->rows[i] = heap_copytuple(SPI_tuptable->vals[i]);
	}
	MemoryContextSwitchTo(old);
	return rows;
}

static SpiRows *
run(SpiWho who, bool read_only, const char *sql,
	int nparams, const SpiParam *params)
{
	Visit		visit;
	SpiRows    *rows;

	enter(&visit, who);
	execute(plan_for(who, sql, nparams, params), read_only, nparams, params);
	rows = copy_rows(visit.caller);
	leave(&visit);
	return rows;
}

SpiRows *
plasma_spi_read(SpiWho who, const char *sql, int nparams, const SpiParam *params)
{
	return run(who, true, sql, nparams, params);
}

SpiRows *
plasma_spi_write(SpiWho who, const char *sql, int nparams, const SpiParam *params)
{
	return run(who, false, sql, nparams, params);
}

void
plasma_spi_command(SpiWho who, const char *sql)
{
	Visit		visit;
	int			code;

	enter(&visit, who);
	code = SPI_execute(sql, false, 0);
	if (code < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(code));
	leave(&visit);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->per_row);
	bool		more = receiver->fn(slot, receiver->desc, receiver->arg);

	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->per_row);
	return more;
}

static void
receiver_start(DestReceiver *self, int operation, TupleDesc desc)
{
	((RowReceiver *) self)->desc = desc;
}

static void
receiver_end(DestReceiver *self)
{
}

uint64
plasma_spi_scan(SpiWho who, const char *sql, int nparams, const SpiParam *params,
				SpiRowFn fn, void *arg)
{
	Visit		visit;
	SPIExecuteOptions options;
	ParamListInfo list = makeParamList(nparams);
	RowReceiver receiver = {{receive_row, receiver_start, receiver_end,
	receiver_end, DestNone}, fn, arg, NULL, NULL};
	uint64		processed;

	enter(&visit, who);
	receiver.per_row = AllocSetContextCreate(CurrentMemoryContext,
											 "plasma row", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < nparams; i++)
		list->params[i] = (ParamExternData)
	{
		params[i].value, params[i].isnull, PARAM_FLAG_CONST, params[i].type
	};
	memset(&options, 0, sizeof(options));
	options.params = list;
	options.read_only = true;
	options.dest = &receiver.pub;
	if (SPI_execute_plan_extended(plan_for(who, sql, nparams, params), &options) < 0)
		elog(ERROR, "SPI_execute_plan_extended failed");
	processed = SPI_processed;
	leave(&visit);
	return processed;
}

static ErrorData *
run_in_subtransaction(void (*fn) (void *), void *arg, bool keep)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	int			saved_depth = depth;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		fn(arg);
		if (keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		depth = saved_depth;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

ErrorData *
plasma_spi_try(void (*fn) (void *), void *arg)
{
	ErrorData  *error = run_in_subtransaction(fn, arg, true);

	if (error != NULL && plasma_error_is_retryable(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

/* What a function of the application raises with this code is its own affair. */
ErrorData *
plasma_spi_evaluate(void (*fn) (void *), void *arg)
{
	ErrorData  *error = run_in_subtransaction(fn, arg, true);

	if (error != NULL && error->sqlerrcode != ERRCODE_INTERNAL_ERROR &&
		plasma_error_is_retryable(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

bool
plasma_spi_optional(void (*fn) (void *), void *arg)
{
	ErrorData  *error = run_in_subtransaction(fn, arg, true);

	if (error == NULL)
		return true;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/* What no savepoint may hold up. */
static ErrorData *
unless_final(ErrorData *error)
{
	if (error != NULL &&
		(ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
		 ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK))
		ReThrowError(error);
	return error;
}

ErrorData *
plasma_spi_catch(void (*fn) (void *), void *arg)
{
	return unless_final(run_in_subtransaction(fn, arg, true));
}

ErrorData *
plasma_spi_undo(void (*fn) (void *), void *arg)
{
	return unless_final(run_in_subtransaction(fn, arg, false));
}
