/*
 * push.c
 *		From a request to its answer, in one transaction.
 *
 *		Cheap refusals come first and leave nothing behind: form and limits, then
 *		the schema version, then who the caller is.  Only then is the group
 *		claimed and are the clients' rows in the ledger locked, which they stay
 *		until the transaction ends; what a mutation did and its id are committed
 *		together or not at all.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/group.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/error.h"
#include "base/text.h"
#include "fmgr.h"
#include "log/quota.h"
#include "push/batch.h"
#include "push/ledger.h"
#include "push/mutator.h"
#include "push/push.h"
#include "push/request.h"
#include "schema/auth.h"
#include "schema/version.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(plasma_push_call);
PG_FUNCTION_INFO_V1(plasma_push_call_ctx);

static const char *const status_names[] = {
	[LEDGER_OK] = "ok",
	[LEDGER_FAILED] = "failed",
	[LEDGER_DUPLICATE] = "duplicate",
	[LEDGER_OUT_OF_ORDER] = "out-of-order",
};

void
plasma_push_refuse_nested(const char *function)
{
	if (plasma_mutator_running())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called by a mutator", function),
				 errhint("Call the functions of other mutators directly.")));
}

static void
refuse_read_only(void)
{
	if (!XactReadOnly)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("cannot push in a read-only transaction"),
			 RecoveryInProgress() ?
			 errhint("This server is a standby; send pushes to its primary.") :
			 errhint("Start the transaction with BEGIN READ WRITE.")));
}

static void
append_result(StringInfo out, const LedgerEntry *entry)
{
	appendStringInfo(out, "{\"id\":" INT64_FORMAT, entry->mutation->id);
	if (entry->mutation->own_client)
	{
		appendStringInfoString(out, ",\"clientID\":");
		plasma_text_json(out, entry->mutation->client_id);
	}
	appendStringInfo(out, ",\"status\":\"%s\"", status_names[entry->status]);
	if (entry->code != NULL)
	{
		appendStringInfoString(out, ",\"error\":{\"code\":");
		plasma_text_json(out, entry->code);
		appendStringInfoString(out, ",\"message\":");
		plasma_text_json(out, entry->message);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, '}');
}

/* The txid is left out where the transaction wrote nothing. */
static text *
write_answer(const LedgerEntry *entries, int count)
{
	FullTransactionId xid = GetTopFullTransactionIdIfAny();
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"ok\":true,\"results\":[");
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoChar(&out, ',');
		append_result(&out, &entries[i]);
	}
	appendStringInfoChar(&out, ']');
	if (FullTransactionIdIsValid(xid))
		appendStringInfo(&out, ",\"txid\":\"" UINT64_FORMAT "\"",
						 U64FromFullTransactionId(xid));
	appendStringInfoChar(&out, '}');
	return cstring_to_text_with_len(out.data, out.len);
}

text *
plasma_push_run(Jsonb *body)
{
	Request    *request;
	const Registry *registry;
	Deferred   *deferred;
	Ledger	   *ledger;

	plasma_push_refuse_nested("plasma.push");
	request = plasma_request_parse(body);
	refuse_read_only();
	plasma_ctx_check_group(request->envelope.client_group_id);
	plasma_version_check(request->envelope.schema_version);
	if (request->count == 0)
	{
		plasma_group_check(request->envelope.client_group_id);
		return write_answer(NULL, 0);
	}
	plasma_group_claim(request->envelope.client_group_id);
	registry = plasma_registry_read();
	plasma_auth_check(registry, AUTH_PUSH);
	deferred = plasma_batch_prepare();
	ledger = plasma_ledger_open(request);
	plasma_quota_begin();
	plasma_batch_run(ledger, deferred);
	/* What a mutator waited for may have been DDL; now its locks hold that off. */
	plasma_auth_check(registry, AUTH_PUSH);
	plasma_ledger_close(ledger);
	return write_answer(ledger->entries, request->count);
}

static Datum
answer(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("a push request must not be null")));
	return PointerGetDatum(plasma_push_run(PG_GETARG_JSONB_P(0)));
}

/* plasma.push(request): the caller is whom the connection says it is. */
Datum
plasma_push_call(PG_FUNCTION_ARGS)
{
	return answer(fcinfo);
}

/* plasma.push(request, ctx): a gateway says who the caller is. */
Datum
plasma_push_call_ctx(PG_FUNCTION_ARGS)
{
	CtxScope	scope;
	Datum		result;

	plasma_push_refuse_nested("plasma.push");
	plasma_ctx_enter(&scope, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	result = answer(fcinfo);
	plasma_ctx_leave(&scope);
	return result;
}
