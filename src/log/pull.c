/*
 * pull.c
 *		plasma.pull(): from a request with a cookie to a patch with a new one.
 *
 *		A pull writes nothing and holds no lock but AccessShare.  It waits for a
 *		server that is behind its client, locks the tables that it will read,
 *		accepts what was done to them meanwhile, and only then takes the snapshot
 *		in which everything of this page is read: the log, the rows, the ledger.
 *		Should a relation that was used on the way turn out to have been rewritten
 *		behind that snapshot, all is done again.
 *
 *		A page has up to three parts: tables that entered, left or changed under
 *		the client (clear); changes that it has not seen (catchup); tables that it
 *		is being sent whole (hydrate).
 */
#include "postgres.h"

#include <time.h>

#include "access/ctx.h"
#include "access/group.h"
#include "access/guard.h"
#include "access/xact.h"
#include "base/error.h"
#include "base/guc.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/catchup.h"
#include "log/continuity.h"
#include "log/coverage.h"
#include "log/definition.h"
#include "log/durable.h"
#include "log/hydrate.h"
#include "log/page.h"
#include "log/pull.h"
#include "log/pull_request.h"
#include "log/volume.h"
#include "log/wait.h"
#include "log/watch.h"
#include "miscadmin.h"
#include "schema/auth.h"
#include "schema/registry.h"
#include "schema/version.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

/* Times that a pull begins anew because a relation was rewritten under it. */
#define MAX_ROUNDS		5

/*
 * A page gets room for most of what it may hold at once.  What is not written
 * to is no memory yet, whereas growing by and by makes the C library hand each
 * page's memory back to the system and have it cleared anew for the next one,
 * which was half of the cost of a large pull.
 */
#define ROOM_PER_ROW	1024
#define ROOM_ROWS		8000

/* A catch-up may be this much longer than a fresh hydration. */
#define CATCHUP_SLACK	1000

typedef struct Attempt
{
	const PullRequest *request;
	text	   *answer;
} Attempt;

PG_FUNCTION_INFO_V1(plasma_pull_request);
PG_FUNCTION_INFO_V1(plasma_pull_request_as);

/*
 * What this transaction wrote is not committed and must not reach a client.
 * The active snapshot must see all that it did, in this very statement, too.
 * While a trigger runs, the rows of its statement are not in the log yet.
 */
static void
refuse_own_changes(void)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	SpiParam	params[] = {SPI_DATUM(XID8OID, FullTransactionIdGetDatum(own))};

	if (!FullTransactionIdIsValid(own))
		return;
	if (DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a trigger cannot pull"),
				 errdetail("A pull would hand out rows that are not committed."),
				 errhint("Commit first, then pull.")));
	if (plasma_spi_read(SPI_OWNER,
						"SELECT FROM plasma.changes WHERE xid OPERATOR(pg_catalog.=) $1 LIMIT 1",
						lengthof(params), params)->nrows > 0)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("this transaction has written to synced tables"),
				 errdetail("A pull would hand out rows that are not committed."),
				 errhint("Commit first, then pull.")));
}

/*
 * Fills the page; says whether anything is left for a further one.  While
 * tables are being sent whole, changes get half of the page, so that neither
 * starves the other; of pages of one row every second one.
 */
static bool
fill_page(PullPage *page, Cookie *fresh)
{
	Cookie	   *cookie = page->cookie;
	bool		fetching = plasma_coverage_is_growing(cookie);
	bool		starting = cookie->upto == NULL;
	int			budget = !fetching ? page->limit :
		page->limit > 1 ? page->limit / 2 : cookie->order % 2;
	bool		caught_up = plasma_catchup_run(page, budget);

	if (!caught_up && starting && !fetching &&
		plasma_catchup_exceeds(page, plasma_volume_rows(page->tables) + CATCHUP_SLACK))
	{
		plasma_coverage_reset(page, fresh);
		caught_up = true;
	}
	return !plasma_hydrate_run(page) || !caught_up;
}

/* Clients of the group whose ids moved since they were last told. */
static char *
read_mutation_ids(const PullRequest *request, PullPage *page)
{
	const SyncSnapshot *told = page->cookie->ids;
	SpiParam	params[] = {
		SPI_TEXT(request->envelope.client_group_id),
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(page->now)),
		SPI_NULL(PG_SNAPSHOTOID)
	};
	StringInfoData out;
	SpiRows    *rows;

	if (told != NULL)
		params[2] = (SpiParam) SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(told));
	rows = plasma_spi_read(SPI_OWNER,
						   "SELECT client_id, last_mutation_id FROM plasma.client_mutations "
						   "WHERE client_group_id OPERATOR(pg_catalog.=) $1 AND last_mutation_id OPERATOR(pg_catalog.>) 0 "
						   "AND ($3 IS NULL OR pg_catalog.pg_visible_in_snapshot(xid, $2) "
						   "AND NOT pg_catalog.pg_visible_in_snapshot(xid, $3)) "
						   "ORDER BY client_id", lengthof(params), params);
	initStringInfo(&out);
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		if (i > 0)
			appendStringInfoChar(&out, ',');
		plasma_text_json(&out, plasma_spi_text(rows, i, 1));
		appendStringInfo(&out, ":" INT64_FORMAT, plasma_spi_int8(rows, i, 2));
	}
	page->cookie->ids = page->now;
	return out.data;
}

/*
 * A page may hold megabytes: the answer is written around the patch, in its
 * buffer, instead of being copied together.
 */
static text *
write_answer(const char *cookie, PullPage *page, const char *ids)
{
	StringInfo	out = &page->patch;
	StringInfoData start;

	initStringInfo(&start);
	appendStringInfoSpaces(&start, VARHDRSZ);
	appendStringInfoString(&start, "{\"cookie\":");
	plasma_text_json(&start, cookie);
	appendStringInfoString(&start, ",\"patch\":[");

	enlargeStringInfo(out, start.len);
	memmove(out->data + start.len, out->data, out->len);
	memcpy(out->data, start.data, start.len);
	out->len += start.len;
	if (ids != NULL)
		appendStringInfo(out, "],\"lastMutationIDs\":{%s}}", ids);
	else
		appendStringInfoString(out, "],\"hasMore\":true}");
	SET_VARSIZE(out->data, out->len);
	return (text *) out->data;
}

/*
 * The server is behind the client: nothing, and the same cookie.  In the middle
 * of its pages the client must not take its copy for consistent.
 */
static text *
unchanged(const PullRequest *request, const Cookie *cookie)
{
	PullPage	page = {0};
	bool		amid = cookie->upto != NULL || plasma_coverage_is_growing(cookie);

	initStringInfo(&page.patch);
	return write_answer(request->cookie_text, &page, amid ? NULL : "");
}

/* A cookie that was not in the middle of anything, is of this version, and young. */
static bool
may_stay(const PullRequest *request, const Cookie *cookie)
{
	return cookie->upto == NULL && !plasma_coverage_is_growing(cookie) &&
		strcmp(cookie->version, request->envelope.schema_version) == 0 &&
		(int64) time(NULL) - cookie->made_at < plasma_cookie_refresh_s;
}

static text *
write_page(const PullRequest *request, const Registry *registry,
		   const WalPlace *here)
{
	Cookie	   *cookie = plasma_pull_request_cookie(request);
	Cookie	   *fresh;
	PullPage	page = {.limit = request->limit};
	Continuity	continuity = CONTINUITY_LOST;
	SyncSnapshot *known = NULL;
	bool		stays = false;
	char	   *ids = NULL;

	initStringInfo(&page.patch);
	enlargeStringInfo(&page.patch, Min(page.limit, ROOM_ROWS) * ROOM_PER_ROW);
	page.now = plasma_snapshot_take();
	/* A standby may list what died with an earlier primary, and for a while reset all. */
	plasma_snapshot_forget_below(page.now, registry->floor);
	page.shown = plasma_timeline_shown();
	page.tables = plasma_readable_tables(registry);
	fresh = plasma_continuity_fresh(&request->envelope, registry, page.now,
									cookie != NULL ? cookie->order : 0);
	if (cookie != NULL)
		continuity = plasma_continuity_judge(cookie, &request->envelope, registry,
											 here, page.now);
	if (continuity == CONTINUITY_AHEAD)
		return unchanged(request, cookie);
	page.memberships = plasma_readable_memberships(page.tables);

	if (continuity == CONTINUITY_LOST)
		plasma_coverage_reset(&page, fresh);
	else
	{
		stays = may_stay(request, cookie);
		page.cookie = cookie;
		known = cookie->seen;
		plasma_coverage_reconcile(&page);
	}
	if (!fill_page(&page, fresh))
		ids = read_mutation_ids(request, &page);
	if (stays && !page.moved && page.patch.len == 0 && ids != NULL && ids[0] == '\0')
		return write_answer(request->cookie_text, &page, ids);
	page.cookie->rows = page.now;
	page.shown = plasma_durable_make(page.now, page.shown, known);
	return write_answer(plasma_continuity_seal(&request->envelope, page.cookie, page.shown),
						&page, ids);
}

/*
 * NULL when relations changed under the page, and it must be written anew.  A
 * request waits for its locks here: what it may do is judged after the wait,
 * the schema version with the registry that must be the same after it.
 */
static text *
pull_once(const PullRequest *request)
{
	const Registry *registry;
	pg_uuid_t	locked;
	uint64		watched;
	WalPlace	here;
	text	   *answer = NULL;

	PushActiveSnapshot(GetTransactionSnapshot());
	plasma_version_check(request->envelope.schema_version);
	registry = plasma_registry_read();
	locked = registry->id;
	plasma_readable_lock(registry);
	PopActiveSnapshot();

	watched = plasma_watch_start();
	plasma_definition_start();
	here = plasma_timeline_place();
	PushActiveSnapshot(GetTransactionSnapshot());
	plasma_group_check(request->envelope.client_group_id);
	refuse_own_changes();
	registry = plasma_registry_read();
	if (memcmp(&locked, &registry->id, sizeof(pg_uuid_t)) == 0)
	{
		plasma_auth_check(registry, AUTH_PULL);
		answer = write_page(request, registry, &here);
		if (plasma_watch_stale(watched))
			answer = NULL;
	}
	PopActiveSnapshot();
	return answer;
}

static void
attempt_once(void *arg)
{
	Attempt    *attempt = arg;

	attempt->answer = pull_once(attempt->request);
}

/*
 * A REVOKE waits for nobody, and a right may be gone between the look at it and
 * the read.  Whoever looks again finds what is left, so a first denial is none;
 * a second one is the error of a policy that reads what the caller may not.
 */
static bool
was_denied(Attempt *attempt, bool again)
{
	ErrorData  *error = plasma_spi_try(attempt_once, attempt);

	if (error == NULL)
		return false;
	if (again || error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE)
		ReThrowError(error);
	FreeErrorData(error);
	return true;
}

static text *
pull(Jsonb *body)
{
	PullRequest request;
	bool		denied = false;

	plasma_pull_request_parse(&request, body);
	plasma_ctx_check_group(request.envelope.client_group_id);
	if (!plasma_wait_for_cookie(&request))
		return unchanged(&request, plasma_pull_request_cookie(&request));
	for (int round = 0; round < MAX_ROUNDS; round++)
	{
		Attempt		attempt = {&request, NULL};

		if (was_denied(&attempt, denied))
			denied = true;
		else
		{
			if (attempt.answer != NULL)
				return attempt.answer;
			if (IsolationUsesXactSnapshot())
				break;
		}
		CHECK_FOR_INTERRUPTS();
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not pull because tables were rewritten meanwhile"),
			 errhint("Pull again in a new transaction.")));
}

text *
plasma_pull_run(Jsonb *body)
{
	GuardScope	scope;
	text	   *answer;

	plasma_guard_enter(&scope);
	answer = pull(body);
	plasma_guard_leave(&scope);
	return answer;
}

static Datum
answer(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("a pull request must not be null")));
	return PointerGetDatum(plasma_pull_run(PG_GETARG_JSONB_P(0)));
}

/* plasma.pull(request): the caller is whom the connection says it is. */
Datum
plasma_pull_request(PG_FUNCTION_ARGS)
{
	return answer(fcinfo);
}

/* plasma.pull(request, ctx): a gateway says who the caller is. */
Datum
plasma_pull_request_as(PG_FUNCTION_ARGS)
{
	CtxScope	scope;
	Datum		result;

	plasma_ctx_enter(&scope, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	result = answer(fcinfo);
	plasma_ctx_leave(&scope);
	return result;
}
