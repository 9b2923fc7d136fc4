/*
 * http.c
 *		plasma.http(): an HTTP request in, an HTTP response out.
 *
 *		The request is run in a subtransaction.  What the client got wrong undoes it
 *		and becomes a status; whatever else fails is raised, so that the transaction
 *		ends and the HTTP layer answers for it: 503 where a retry may cure it, else
 *		500.  No argument whatever raises an error by itself.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/error.h"
#include "base/guc.h"
#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "funcapi.h"
#include "push/push.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "wire/query.h"
#include "wire/route.h"

typedef struct Response
{
	int			status;
	const char *allow;			/* methods, for 405 */
	text	   *body;
} Response;

/* One request on its way through the subtransaction. */
typedef struct Call
{
	const Route *route;
	const char *json;
	Jsonb	   *ctx;
	Jsonb	   *request;		/* NULL until the JSON is parsed */
	text	   *answer;
} Call;

static const struct
{
	int			sqlstate;
	int			status;
}			statuses[] = {
	{ERRCODE_PLASMA_REQUEST, 400},
	{ERRCODE_PLASMA_UNAUTHENTICATED, 401},
	{ERRCODE_PLASMA_FORBIDDEN, 403},
	{ERRCODE_PLASMA_SCHEMA_MISMATCH, 409},
	{ERRCODE_PLASMA_TOO_LARGE, 413},
};

PG_FUNCTION_INFO_V1(plasma_http_serve);

static void
append_member(StringInfo out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfoChar(out, out->len > 1 ? ',' : '{');
	plasma_text_json(out, key);
	appendStringInfoChar(out, ':');
	plasma_text_json(out, value);
}

static Response
refuse(int status, const char *error)
{
	Response	response = {.status = status};
	StringInfoData body;

	initStringInfo(&body);
	append_member(&body, "error", error);
	appendStringInfoChar(&body, '}');
	response.body = cstring_to_text_with_len(body.data, body.len);
	return response;
}

/*
 * The JSON path that a message of the request parsers begins with: up to the
 * first space that is not in a quoted key.
 */
static char *
named_path(const char *message)
{
	bool		quoted = false;
	const char *end = message;

	if (strncmp(message, "$.", 2) != 0 && strncmp(message, "$[", 2) != 0)
		return NULL;
	while (*end != '\0' && (quoted || *end != ' '))
	{
		if (quoted && *end == '\\' && end[1] != '\0')
			end++;
		else if (*end == '"')
			quoted = !quoted;
		end++;
	}
	return pnstrdup(message, end - message);
}

/* What clients of another schema version are told to move to. */
static Response
schema_mismatch(void)
{
	Response	response = {.status = 409};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT version FROM plasma.declarations WHERE active",
									   0, NULL);
	char	   *version = rows->nrows > 0 ? plasma_spi_text(rows, 0, 1) : NULL;
	StringInfoData body;

	initStringInfo(&body);
	append_member(&body, "error", "schema mismatch");
	append_member(&body, "expected", version);
	appendStringInfoChar(&body, '}');
	response.body = cstring_to_text_with_len(body.data, body.len);
	return response;
}

/*
 * Details go out where the fault lies in the request; those of a refusal are
 * for the server's log, as they may name roles.
 */
static Response
describe(int status, ErrorData *error)
{
	Response	response = {.status = status};
	bool		request = status == 400;
	StringInfoData body;

	initStringInfo(&body);
	append_member(&body, "error", error->message);
	append_member(&body, "code", unpack_sql_state(error->sqlerrcode));
	append_member(&body, "path", request ? named_path(error->message) : NULL);
	append_member(&body, "detail", request ? error->detail : NULL);
	append_member(&body, "hint", error->hint);
	appendStringInfoChar(&body, '}');
	response.body = cstring_to_text_with_len(body.data, body.len);
	return response;
}

/* The server's own words about the text, under one heading. */
static Response
malformed(ErrorData *error)
{
	Response	response = {.status = 400};
	StringInfoData body;

	initStringInfo(&body);
	append_member(&body, "error", "the request is not JSON");
	append_member(&body, "code", unpack_sql_state(ERRCODE_PLASMA_REQUEST));
	append_member(&body, "detail", error->detail ? error->detail : error->message);
	appendStringInfoChar(&body, '}');
	response.body = cstring_to_text_with_len(body.data, body.len);
	return response;
}

static Response
answer_for(const Call *call, ErrorData *error)
{
	if (call->request == NULL)
		return malformed(error);
	for (int i = 0; i < lengthof(statuses); i++)
	{
		if (statuses[i].sqlstate != error->sqlerrcode)
			continue;
		if (statuses[i].status == 409)
			return schema_mismatch();
		return describe(statuses[i].status, error);
	}
	ReThrowError(error);
}

static void
run(void *arg)
{
	Call	   *call = arg;
	CtxScope	scope;

	call->request = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
													   CStringGetDatum(call->json)));
	plasma_ctx_enter(&scope, call->ctx);
	call->answer = call->route->run(call->request);
	plasma_ctx_leave(&scope);
}

/*
 * The request is right, the server is not: it can only be read.  Sending it
 * again to this one is of no use.
 */
static Response
misdirected(void)
{
	Response	response = {.status = 421};
	StringInfoData body;

	initStringInfo(&body);
	append_member(&body, "error", "read-only server");
	append_member(&body, "code", unpack_sql_state(ERRCODE_READ_ONLY_SQL_TRANSACTION));
	append_member(&body, "hint", RecoveryInProgress() ?
				  "This server is a standby that serves pulls only; send pushes to its primary." :
				  "This transaction is read-only and serves pulls only; send pushes elsewhere, or start it with BEGIN READ WRITE.");
	appendStringInfoChar(&body, '}');
	response.body = cstring_to_text_with_len(body.data, body.len);
	return response;
}

static Response
run_route(const Route *route, const char *json, Jsonb *ctx)
{
	Call		call = {route, json, ctx};
	ErrorData  *error = plasma_spi_try(run, &call);

	if (error != NULL)
		return answer_for(&call, error);
	if (route->after != NULL)
		route->after(call.request);
	return (Response) {.status = 200,.body = call.answer};
}

static Response
serve(const char *method, const char *path, const char *body, Jsonb *ctx)
{
	const char *query;
	const Route *route = path ? plasma_route_find(path, &query) : NULL;
	bool		get = method && strcmp(method, "GET") == 0;
	char	   *fault;

	if (route == NULL)
		return refuse(404, "nothing is served at this path");
	if (!(get && route->get) && !(method && strcmp(method, "POST") == 0))
	{
		Response	response = refuse(405, "the method is not one of this path");

		response.allow = route->get ? "GET, POST" : "POST";
		return response;
	}
	if (route->writes && XactReadOnly)
		return misdirected();
	if (get)
		body = query;
	if (body == NULL)
		return refuse(400, "the request has no body");
	if (strlen(body) > plasma_max_payload_bytes)
		return refuse(413, "the request is larger than plasma.max_payload_bytes");
	if (get)
	{
		body = plasma_query_request(query, &fault);
		if (body == NULL)
			return refuse(400, fault);
	}
	return run_route(route, body, ctx);
}

static Datum
response_datum(FunctionCallInfo fcinfo, const Response *response)
{
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};
	StringInfoData headers;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type is not a row type");
	initStringInfo(&headers);
	append_member(&headers, "content-type", "application/json; charset=utf-8");
	append_member(&headers, "cache-control", "no-store");
	append_member(&headers, "allow", response->allow);
	appendStringInfoChar(&headers, '}');

	values[0] = Int32GetDatum(response->status);
	values[1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(headers.data));
	values[2] = PointerGetDatum(response->body);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* plasma.http(method, path, body, headers [, ctx]) */
Datum
plasma_http_serve(PG_FUNCTION_ARGS)
{
	Jsonb	   *ctx = PG_NARGS() > 4 && !PG_ARGISNULL(4) ? PG_GETARG_JSONB_P(4) : NULL;
	Response	response;

	plasma_push_refuse_nested("plasma.http");
	if (!PG_ARGISNULL(3) && !JB_ROOT_IS_OBJECT(PG_GETARG_JSONB_P(3)))
		response = refuse(400, "headers must be a JSON object");
	else
		response = serve(text_argument(fcinfo, 0), text_argument(fcinfo, 1),
						 text_argument(fcinfo, 2), ctx);
	return response_datum(fcinfo, &response);
}
