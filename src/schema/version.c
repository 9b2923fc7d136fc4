/*
 * version.c
 *		Which declarations were accepted, which one is active, and whose clients
 *		are still served.
 *
 *		A declaration is known by the hash of its text and named by its version.
 *		Two of one version may follow each other as long as a client of the first
 *		does not notice the second.  ensure_schema never goes back to an older
 *		one: an old deploy that is still running must not undo a new one.  A
 *		migration may, which is what a rollback is.
 *
 *		Each declaration tells which one it followed.  Clients of an ancestor of
 *		the active one are served if no step between the two breaks them, clients
 *		of any other if the active one itself does not.
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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* An accepted declaration, for finding out who is served. */
typedef struct Accepted
{
	int64		ordinal;
	int64		follows;		/* 0: none */
	bool		active;
	Model	   *model;			/* NULL: it cannot be read any more */
} Accepted;

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
									   " $2::json ->> 'version', bool_or(active)"
									   " FROM plasma.declarations", lengthof(params), params);
	bool		isnull;
	bool		active = DatumGetBool(plasma_spi_datum(rows, 0, 1, &isnull));

	/* After plasma.drop_capture none is active, and one of before comes back. */
	if (!isnull && !plasma_spi_bool(rows, 0, 4))
		return VERSION_NEW;
	if (!isnull)
		return active ? VERSION_ACTIVE : VERSION_COVERED;
	if (plasma_spi_bool(rows, 0, 2))
		return judge_known_version(canonical, plasma_spi_text(rows, 0, 3));
	return VERSION_NEW;
}

/* Another declaration of the same version, not counting the active one. */
static bool
version_is_taken(const Model *model, const char *canonical)
{
	SpiParam	params[] = {
		SPI_TEXT(model->version),
		SPI_DATUM(BYTEAOID, hash_datum(canonical))
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT declaration::text FROM plasma.declarations"
									   " WHERE version = $1 AND sha256 <> $2 AND NOT active",
									   lengthof(params), params);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Model	   *other = parse_accepted(plasma_spi_text(rows, i, 1));

		if (other == NULL || plasma_breaking_models(other, model))
			return true;
	}
	return false;
}

char *
plasma_version_hex(const char *canonical)
{
	VersionHash hash = plasma_version_hash(canonical, strlen(canonical));
	char	   *hex = palloc(2 * sizeof(hash.bytes) + 1);

	hex[hex_encode((char *) hash.bytes, sizeof(hash.bytes), hex)] = '\0';
	return hex;
}

VersionPast *
plasma_version_past(const Model *model, const char *canonical)
{
	VersionPast *past = palloc0(sizeof(VersionPast));
	SpiParam	params[] = {SPI_DATUM(BYTEAOID, hash_datum(canonical))};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT bool_or(sha256 = $1) IS TRUE,"
									   " max(ordinal) > max(ordinal) FILTER (WHERE sha256 = $1),"
									   " max(encode(sha256, 'hex')) FILTER (WHERE active)"
									   " FROM plasma.declarations",
									   lengthof(params), params);

	past->known = plasma_spi_bool(rows, 0, 1);
	past->superseded = past->known && plasma_spi_bool(rows, 0, 2);
	past->active_hash = plasma_spi_text(rows, 0, 3);
	past->current = past->active_hash != NULL &&
		strcmp(past->active_hash, plasma_version_hex(canonical)) == 0;
	if (past->active_hash != NULL && !past->current)
		past->active = parse_accepted(active_text());
	past->taken = !past->known && version_is_taken(model, canonical);
	return past;
}

/*
 * A dump of data alone, restored here, may have set the sequence back.
 */
static void
mark_active(const Model *model, const char *canonical)
{
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"UPDATE plasma.declarations SET active = false"
										" WHERE active RETURNING ordinal", 0, NULL);
	bool		first = rows->nrows == 0;
	SpiParam	params[] = {
		SPI_TEXT(model->version),
		SPI_DATUM(BYTEAOID, hash_datum(canonical)),
		SPI_TEXT(canonical),
		{INT8OID, first ? (Datum) 0 : Int64GetDatum(plasma_spi_int8(rows, 0, 1)), first}
	};

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.declarations"
					 " (ordinal, version, sha256, declaration, active, follows)"
					 " OVERRIDING SYSTEM VALUE"
					 " VALUES (GREATEST(nextval('plasma.declarations_ordinal_seq'),"
					 "   (SELECT max(ordinal) + 1 FROM plasma.declarations)),"
					 "  $1, $2, $3::json, true, $4)"
					 " ON CONFLICT (sha256) DO UPDATE SET active = true",
					 lengthof(params), params);
}

/* Accepted *, by ordinal. */
static List *
accepted_declarations(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT ordinal, follows, active, declaration::text"
									   " FROM plasma.declarations ORDER BY ordinal", 0, NULL);
	List	   *all = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Accepted   *accepted = palloc0(sizeof(Accepted));

		accepted->ordinal = plasma_spi_int8(rows, i, 1);
		accepted->follows = plasma_spi_int8(rows, i, 2);
		accepted->active = plasma_spi_bool(rows, i, 3);
		accepted->model = parse_accepted(plasma_spi_text(rows, i, 4));
		all = lappend(all, accepted);
	}
	return all;
}

static Accepted *
find_accepted(List *all, int64 ordinal)
{
	ListCell   *cell;

	foreach(cell, all)
	{
		Accepted   *accepted = lfirst(cell);

		if (accepted->ordinal == ordinal)
			return accepted;
	}
	return NULL;
}

static bool
follows_unbroken(const Accepted *old, const Accepted *new)
{
	return old->model != NULL && new->model != NULL &&
		!plasma_breaking_models(old->model, new->model);
}

static void
write_served(List *ended)
{
	Datum	   *ordinals = palloc(sizeof(Datum) * Max(list_length(ended), 1));
	SpiParam	params[1];
	ListCell   *cell;

	foreach(cell, ended)
		ordinals[foreach_current_index(cell)] = Int64GetDatum(((Accepted *) lfirst(cell))->ordinal);
	params[0] = (SpiParam) SPI_DATUM(INT8ARRAYOID,
									 PointerGetDatum(construct_array(ordinals, list_length(ended),
																	 INT8OID, sizeof(int64),
																	 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)));
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.declarations SET served = NOT served"
					 " WHERE served = (ordinal = ANY ($1))", lengthof(params), params);
}

/*
 * An ancestor loses its clients with the first step on the way to the active
 * one that breaks them, and those before it too, even if what they miss came
 * back.
 */
static void
judge_served(void)
{
	List	   *all = accepted_declarations();
	List	   *ancestors = NIL;
	List	   *ended = NIL;
	Accepted   *active = NULL;
	bool		broken = false;
	ListCell   *cell;

	foreach(cell, all)
		if (((Accepted *) lfirst(cell))->active)
			active = lfirst(cell);
	for (Accepted *at = active; at != NULL && !list_member_ptr(ancestors, at);)
	{
		Accepted   *before = find_accepted(all, at->follows);

		ancestors = lappend(ancestors, at);
		broken = broken || before == NULL || !follows_unbroken(before, at);
		if (broken && before != NULL)
			ended = lappend(ended, before);
		at = before;
	}
	foreach(cell, all)
		if (!list_member_ptr(ancestors, lfirst(cell)) &&
			!follows_unbroken(lfirst(cell), active))
			ended = lappend(ended, lfirst(cell));
	write_served(ended);
}

void
plasma_version_activate(const Model *model, const char *canonical)
{
	mark_active(model, canonical);
	PushActiveSnapshot(GetLatestSnapshot());
	judge_served();
	PopActiveSnapshot();
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
