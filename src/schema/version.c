/*
 * version.c
 *		Which declarations were accepted, which one is active, and whose clients
 *		are still served.
 *
 *		A declaration is known by the hash of its text and named by its version.
 *		Two of one version may follow each other as long as a client of the first
 *		does not notice the second.  The active one never goes back to an older
 *		one: an old deploy that is still running must not undo a new one.
 *		Written under the lock of apply, read in the active snapshot.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/guc.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "schema/breaking.h"
#include "schema/declare.h"
#include "schema/registry.h"
#include "schema/version.h"
#include "utils/builtins.h"

typedef struct Parsing
{
	const char *text;
	Model	   *model;
} Parsing;

static void
parse(void *arg)
{
	Parsing    *parsing = arg;

	parsing->model = plasma_declare_parse(parsing->text, strlen(parsing->text));
}

/*
 * An accepted declaration may have become unreadable, if a type that it names
 * was dropped since: NULL.
 */
static Model *
parse_accepted(const char *text)
{
	Parsing		parsing = {text, NULL};

	return plasma_spi_try(parse, &parsing) == NULL ? parsing.model : NULL;
}

VersionHash
plasma_version_hash(const char *text, int len)
{
	VersionHash hash;
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) text, len) < 0 ||
		pg_cryptohash_final(context, hash.bytes, sizeof(hash.bytes)) < 0)
		elog(ERROR, "could not compute SHA-256");
	pg_cryptohash_free(context);
	return hash;
}

static Datum
hash_datum(const char *canonical)
{
	VersionHash hash = plasma_version_hash(canonical, strlen(canonical));
	bytea	   *bytes = palloc(VARHDRSZ + sizeof(hash.bytes));

	SET_VARSIZE(bytes, VARHDRSZ + sizeof(hash.bytes));
	memcpy(VARDATA(bytes), hash.bytes, sizeof(hash.bytes));
	return PointerGetDatum(bytes);
}

static char *
active_text(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT declaration::text FROM plasma.declarations"
									   " WHERE active", 0, NULL);

	return rows->nrows == 0 ? NULL : plasma_spi_text(rows, 0, 1);
}

Model *
plasma_version_active(void)
{
	char	   *text = active_text();

	return text ? plasma_declare_parse(text, strlen(text)) : NULL;
}

/* For a version that is known, but not with this declaration. */
static VersionVerdict
judge_known_version(const char *canonical, const char *version)
{
	char	   *text = active_text();
	Model	   *active = text ? parse_accepted(text) : NULL;
	Model	   *given = plasma_declare_parse(canonical, strlen(canonical));

	if (active != NULL)
	{
		if (strcmp(active->version, version) == 0 && !plasma_breaking_models(active, given))
			return VERSION_NEW;
		if (!plasma_breaking_models(given, active))
			return VERSION_COVERED;
	}
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_DECLARATION),
			 errmsg("version \"%s\" was declared differently before", version),
			 errdetail("Clients of that version would break: a table or column of theirs would be gone or another."),
			 errhint("Give the declaration a new version.")));
}

VersionVerdict
plasma_version_judge(const char *canonical)
{
	SpiParam	params[] = {
		SPI_DATUM(BYTEAOID, hash_datum(canonical)),
		SPI_TEXT(canonical)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT max(active::int) FILTER (WHERE sha256 = $1) = 1,"
									   " bool_or(version = $2::json ->> 'version'),"
									   " $2::json ->> 'version'"
									   " FROM plasma.declarations", lengthof(params), params);
	bool		isnull;
	bool		active = DatumGetBool(plasma_spi_datum(rows, 0, 1, &isnull));

	if (!isnull)
		return active ? VERSION_ACTIVE : VERSION_COVERED;
	if (plasma_spi_bool(rows, 0, 2))
		return judge_known_version(canonical, plasma_spi_text(rows, 0, 3));
	return VERSION_NEW;
}

void
plasma_version_activate(const Model *model, const char *canonical)
{
	char	   *text = active_text();
	Model	   *active = text ? parse_accepted(text) : NULL;
	SpiParam	params[] = {
		SPI_TEXT(model->version),
		SPI_DATUM(BYTEAOID, hash_datum(canonical)),
		SPI_TEXT(canonical)
	};

	if (active == NULL || plasma_breaking_models(active, model))
		plasma_spi_write(SPI_OWNER,
						 "UPDATE plasma.declarations SET served = false WHERE served",
						 0, NULL);
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.declarations SET active = false WHERE active", 0, NULL);
	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.declarations (version, sha256, declaration, active)"
					 " VALUES ($1, $2, $3::json, true)", lengthof(params), params);
}

void
plasma_version_check(const char *schema_version)
{
	const Registry *registry = plasma_registry_read();

	if (registry->version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no schema has been declared"),
				 errhint("Call plasma.ensure_schema with the declaration first.")));
	if (strcmp(registry->version, schema_version) == 0)
		return;
	if (!plasma_strict_schema_version &&
		plasma_text_position(registry->served, schema_version) >= 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_SCHEMA_MISMATCH),
			 errmsg("schema mismatch"),
			 errdetail("The request is of schema version \"%s\", the server has \"%s\".",
					   schema_version, registry->version)));
}
