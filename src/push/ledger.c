/*
 * ledger.c
 *		The ledger of mutation ids: one row per client holds the highest id that
 *		was run or refused for good.
 *
 *		The row is locked before it is looked at and until the transaction ends,
 *		so two pushes of one client follow one another and the second one sees
 *		what the first one did.  Rows of several clients are locked in bytewise
 *		order of their ids, first those that are new, then all: two requests with
 *		the same tabs in another order never wait for one another in a circle.
 *
 *		Whether a mutation is next in turn does not depend on whether the ones
 *		before it succeed, since a failure moves the id as well; so all of them
 *		are judged before the first one is run.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "push/ledger.h"
#include "utils/array.h"
#include "utils/builtins.h"

typedef struct LedgerClient
{
	const char *id;
	int64		found;			/* the id in the ledger */
	int64		last;			/* the same after this push */
	bool		starts;			/* the request has its mutation 1 */
	bool		stopped;		/* an id was missing before one of its mutations */
} LedgerClient;

static int
compare_clients(const void *a, const void *b)
{
	return strcmp(((const LedgerClient *) a)->id, ((const LedgerClient *) b)->id);
}

static LedgerClient *
find_client(const Ledger *ledger, const char *id)
{
	LedgerClient key = {.id = id};

	return bsearch(&key, ledger->clients, ledger->nclients,
				   sizeof(LedgerClient), compare_clients);
}

/* Each client that has a mutation in the request, once, in order. */
static void
gather_clients(Ledger *ledger)
{
	const Request *request = ledger->request;
	int			n = 0;

	ledger->clients = palloc0(sizeof(LedgerClient) * Max(request->count, 1));
	for (int i = 0; i < request->count; i++)
		ledger->clients[i].id = request->mutations[i].client_id;
	qsort(ledger->clients, request->count, sizeof(LedgerClient), compare_clients);
	for (int i = 0; i < request->count; i++)
		if (i == 0 || compare_clients(&ledger->clients[n - 1], &ledger->clients[i]) != 0)
			ledger->clients[n++] = ledger->clients[i];
	ledger->nclients = n;
}

/* Whether the mutation's id is beyond what the ledger held before this push. */
static bool
is_beyond(const Ledger *ledger, const RequestMutation *mutation)
{
	return mutation->id > find_client(ledger, mutation->client_id)->found;
}

static Datum
client_ids(const Ledger *ledger)
{
	List	   *ids = NIL;

	for (int i = 0; i < ledger->nclients; i++)
		ids = lappend(ids, unconstify(char *, ledger->clients[i].id));
	return plasma_text_array(ids);
}

static Datum
int8_array(Datum *values, int n)
{
	return PointerGetDatum(construct_array(values, n, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

#define NOT_IN_LEDGER(client) \
	" NOT EXISTS (SELECT FROM plasma.client_mutations m" \
	"  WHERE m.client_group_id OPERATOR(pg_catalog.=) $1" \
	"   AND m.client_id OPERATOR(pg_catalog.=) " client ")"

/*
 * Where clients are new, their group is held, too: should it have expired since
 * it was claimed, there is nothing that could be locked.
 */
static void
lock_clients(Ledger *ledger)
{
	SpiParam	params[] = {
		SPI_TEXT(ledger->request->envelope.client_group_id),
		SPI_DATUM(TEXTARRAYOID, client_ids(ledger))
	};
	SpiRows    *rows;

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.client_mutations (client_group_id, client_id, last_mutation_id)"
					 " SELECT $1, c, 0 FROM (SELECT FROM plasma.client_groups g"
					 "   WHERE g.client_group_id OPERATOR(pg_catalog.=) $1"
					 "    AND EXISTS (SELECT FROM pg_catalog.unnest($2) AS n"
					 "     WHERE" NOT_IN_LEDGER("n") ")"
					 "   FOR KEY SHARE) AS kept"
					 " CROSS JOIN pg_catalog.unnest($2) AS c"
					 " WHERE" NOT_IN_LEDGER("c")
					 " ORDER BY c COLLATE pg_catalog.\"C\""
					 " ON CONFLICT DO NOTHING",
					 lengthof(params), params);
	rows = plasma_spi_write(SPI_OWNER,
							"SELECT client_id, last_mutation_id FROM plasma.client_mutations"
							" WHERE client_group_id OPERATOR(pg_catalog.=) $1"
							"  AND client_id OPERATOR(pg_catalog.=) ANY ($2)"
							" ORDER BY client_id COLLATE pg_catalog.\"C\""
							" FOR UPDATE",
							lengthof(params), params);
	if (rows->nrows != ledger->nclients)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("clients of group \"%s\" were removed while they were locked",
						ledger->request->envelope.client_group_id)));
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		LedgerClient *client = find_client(ledger, plasma_spi_text(rows, i, 1));

		client->found = client->last = plasma_spi_int8(rows, i, 2);
	}
}

static LedgerStatus
judge(LedgerClient *client, int64 id)
{
	client->starts |= id == 1;
	if (id <= client->last)
		return LEDGER_DUPLICATE;
	if (client->stopped || id > client->last + 1)
	{
		client->stopped = true;
		return LEDGER_OUT_OF_ORDER;
	}
	client->last = id;
	return LEDGER_NEW;
}

/* Tells a failure to every duplicate of the mutation. */
static void
share_failure(Ledger *ledger, const char *client_id, int64 id, char *code, char *message)
{
	for (int i = 0; i < ledger->request->count; i++)
	{
		LedgerEntry *entry = &ledger->entries[i];

		if (entry->status != LEDGER_DUPLICATE || entry->mutation->id != id ||
			strcmp(entry->mutation->client_id, client_id) != 0)
			continue;
		entry->status = LEDGER_FAILED;
		entry->code = code;
		entry->message = message;
	}
}

/*
 * The failures of earlier pushes among the duplicates: a lost answer must not
 * turn into success.
 */
static void
recall_failures(Ledger *ledger)
{
	const Request *request = ledger->request;
	Datum	   *ids = palloc(sizeof(Datum) * Max(request->count, 1));
	SpiParam	params[] = {
		SPI_TEXT(request->envelope.client_group_id),
		SPI_DATUM(TEXTARRAYOID, client_ids(ledger)),
		SPI_NULL(INT8ARRAYOID)
	};
	SpiRows    *rows;
	int			n = 0;

	for (int i = 0; i < request->count; i++)
		if (ledger->entries[i].status == LEDGER_DUPLICATE &&
			!is_beyond(ledger, &request->mutations[i]))
			ids[n++] = Int64GetDatum(request->mutations[i].id);
	if (n == 0)
		return;
	params[2] = (SpiParam) SPI_DATUM(INT8ARRAYOID, int8_array(ids, n));
	rows = plasma_spi_write(SPI_OWNER,
							"SELECT client_id, mutation_id, code, message"
							" FROM plasma.mutation_failures"
							" WHERE client_group_id OPERATOR(pg_catalog.=) $1"
							"  AND client_id OPERATOR(pg_catalog.=) ANY ($2)"
							"  AND mutation_id OPERATOR(pg_catalog.=) ANY ($3)",
							lengthof(params), params);
	for (uint64 r = 0; r < rows->nrows; r++)
		share_failure(ledger, plasma_spi_text(rows, r, 1), plasma_spi_int8(rows, r, 2),
					  plasma_spi_text(rows, r, 3), plasma_spi_text(rows, r, 4));
}

/*
 * A client that goes on counting where the server knows nothing of it would wait
 * for ever: it was forgotten, or this is not the database that it knew.
 */
static void
tell_unknown(Ledger *ledger)
{
	for (int i = 0; i < ledger->request->count; i++)
	{
		LedgerEntry *entry = &ledger->entries[i];
		LedgerClient *client = find_client(ledger, entry->mutation->client_id);

		if (client->last > 0 || client->starts)
			continue;
		entry->code = pstrdup(unpack_sql_state(ERRCODE_PLASMA_CLIENT_GONE));
		entry->message = psprintf("client \"%s\" is unknown here; its mutations start at 1", client->id);
	}
}

Ledger *
plasma_ledger_open(const Request *request)
{
	Ledger	   *ledger = palloc0(sizeof(Ledger));

	ledger->request = request;
	gather_clients(ledger);
	lock_clients(ledger);
	ledger->entries = palloc0(sizeof(LedgerEntry) * Max(request->count, 1));
	for (int i = 0; i < request->count; i++)
	{
		LedgerEntry *entry = &ledger->entries[i];

		entry->mutation = &request->mutations[i];
		entry->status = judge(find_client(ledger, entry->mutation->client_id),
							  entry->mutation->id);
		entry->is_new = entry->status == LEDGER_NEW;
		if (entry->is_new)
			ledger->nnew++;
	}
	tell_unknown(ledger);
	recall_failures(ledger);
	return ledger;
}

static void
write_failure(Ledger *ledger, const LedgerEntry *entry)
{
	const RequestMutation *mutation = entry->mutation;
	SpiParam	params[] = {
		SPI_TEXT(ledger->request->envelope.client_group_id),
		SPI_TEXT(mutation->client_id),
		SPI_INT8(mutation->id),
		SPI_TEXT(mutation->name),
		SPI_DATUM(JSONBOID, JsonbPGetDatum(mutation->args)),
		SPI_TEXT(entry->code),
		SPI_TEXT(entry->message)
	};

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.mutation_failures"
					 " (client_group_id, client_id, mutation_id, name, args, code, message)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
					 lengthof(params), params);
}

static void
write_moves(const Ledger *ledger)
{
	List	   *ids = NIL;
	Datum	   *lasts = palloc(sizeof(Datum) * Max(ledger->nclients, 1));
	SpiParam	params[] = {
		SPI_TEXT(ledger->request->envelope.client_group_id),
		SPI_NULL(TEXTARRAYOID),
		SPI_NULL(INT8ARRAYOID),
		SPI_TEXT(ledger->request->envelope.schema_version)
	};

	for (int i = 0; i < ledger->nclients; i++)
	{
		LedgerClient *client = &ledger->clients[i];

		if (client->last == client->found)
			continue;
		lasts[list_length(ids)] = Int64GetDatum(client->last);
		ids = lappend(ids, unconstify(char *, client->id));
	}
	if (ids == NIL)
		return;
	params[1] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(ids));
	params[2] = (SpiParam) SPI_DATUM(INT8ARRAYOID, int8_array(lasts, list_length(ids)));
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.client_mutations AS m"
					 " SET last_mutation_id = moved.last, schema_version = $4,"
					 "  xid = pg_catalog.pg_current_xact_id(), updated_at = pg_catalog.now()"
					 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS moved (id, last)"
					 " WHERE m.client_group_id OPERATOR(pg_catalog.=) $1"
					 "  AND m.client_id OPERATOR(pg_catalog.=) moved.id",
					 lengthof(params), params);
}

/*
 * A client that is new and had nothing run has its row only because a row is
 * what can be locked; it leaves no trace.
 */
static void
remove_unused(const Ledger *ledger)
{
	SpiParam	params[] = {
		SPI_TEXT(ledger->request->envelope.client_group_id),
		SPI_DATUM(TEXTARRAYOID, client_ids(ledger))
	};
	bool		unused = false;

	for (int i = 0; i < ledger->nclients; i++)
		unused |= ledger->clients[i].last == 0;
	if (unused)
		plasma_spi_write(SPI_OWNER,
						 "DELETE FROM plasma.client_mutations"
						 " WHERE client_group_id OPERATOR(pg_catalog.=) $1"
						 "  AND client_id OPERATOR(pg_catalog.=) ANY ($2)"
						 "  AND last_mutation_id OPERATOR(pg_catalog.=) 0",
						 lengthof(params), params);
}

void
plasma_ledger_close(Ledger *ledger)
{
	write_moves(ledger);
	remove_unused(ledger);
	for (int i = 0; i < ledger->request->count; i++)
	{
		LedgerEntry *entry = &ledger->entries[i];

		if (!entry->is_new || entry->status != LEDGER_FAILED)
			continue;
		write_failure(ledger, entry);
		share_failure(ledger, entry->mutation->client_id, entry->mutation->id,
					  entry->code, entry->message);
	}
}
