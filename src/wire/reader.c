/*
 * reader.c
 *		When a client was last seen, and with which schema version.
 *
 *		A pull never writes; plasma.http does it after the pull, at most once per
 *		client and plasma.reader_interval, so that pulls stay reads.  It waits for
 *		nobody: a row that somebody holds is skipped, and of two transactions that
 *		see a client for the first time only the one that gets an advisory lock
 *		writes it, for an INSERT of the same key would wait for the other's end.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/guc.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "wire/reader.h"

#define READ_SQL \
	"SELECT last_seen > pg_catalog.statement_timestamp()" \
	" - pg_catalog.make_interval(secs => $3)" \
	" FROM plasma.readers WHERE client_group_id = $1 AND client_id = $2"

#define UPDATE_SQL \
	"UPDATE plasma.readers r" \
	" SET last_seen = pg_catalog.statement_timestamp(), schema_version = $4" \
	" FROM (SELECT client_group_id, client_id FROM plasma.readers" \
	" WHERE client_group_id = $1 AND client_id = $2 AND last_seen <=" \
	" pg_catalog.statement_timestamp() - pg_catalog.make_interval(secs => $3)" \
	" FOR UPDATE SKIP LOCKED) due" \
	" WHERE r.client_group_id = due.client_group_id AND r.client_id = due.client_id"

#define INSERT_SQL \
	"INSERT INTO plasma.readers (client_group_id, client_id, schema_version, last_seen)" \
	" SELECT $1, $2, $3, pg_catalog.statement_timestamp()" \
	" WHERE pg_catalog.pg_try_advisory_xact_lock(" \
	"pg_catalog.hashtextextended($2, pg_catalog.hashtextextended($1, 0)))" \
	" ON CONFLICT DO NOTHING"

typedef struct Reader
{
	char	   *group;
	char	   *client;
	char	   *version;
	bool		known;
} Reader;

static char *
string_field(Jsonb *object, const char *name)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&object->root, name,
													 strlen(name), NULL);

	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static SpiRows *
read_note(const Reader *reader)
{
	SpiParam	params[] = {
		SPI_TEXT(reader->group), SPI_TEXT(reader->client),
		SPI_DATUM(FLOAT8OID, Float8GetDatum(plasma_reader_interval_s))
	};

	return plasma_spi_read(SPI_OWNER, READ_SQL, lengthof(params), params);
}

static void
write_note(void *arg)
{
	Reader	   *reader = arg;

	if (reader->known)
	{
		SpiParam	params[] = {
			SPI_TEXT(reader->group), SPI_TEXT(reader->client),
			SPI_DATUM(FLOAT8OID, Float8GetDatum(plasma_reader_interval_s)),
			SPI_TEXT(reader->version)
		};

		plasma_spi_write(SPI_OWNER, UPDATE_SQL, lengthof(params), params);
	}
	else
	{
		SpiParam	params[] = {
			SPI_TEXT(reader->group), SPI_TEXT(reader->client),
			SPI_TEXT(reader->version)
		};

		plasma_spi_write(SPI_OWNER, INSERT_SQL, lengthof(params), params);
	}
}

void
plasma_reader_note(Jsonb *request)
{
	Reader		reader = {
		string_field(request, "clientGroupID"),
		string_field(request, "clientID"),
		string_field(request, "schemaVersion")
	};
	SpiRows    *rows;

	if (RecoveryInProgress() || XactReadOnly)
		return;
	if (reader.group == NULL || reader.client == NULL)
		return;
	rows = read_note(&reader);
	reader.known = rows->nrows > 0;
	if (reader.known && plasma_spi_bool(rows, 0, 1))
		return;
	(void) plasma_spi_optional(write_note, &reader);
}
