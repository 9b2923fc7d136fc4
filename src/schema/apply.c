/*
 * apply.c
 *		plasma.ensure_schema: from a declaration to a database that follows it.
 *
 *		Every request of every connection may call it.  The fast path only looks:
 *		a few reads of plasma's tables and the catalogs, no write, no lock but
 *		AccessShare, so it also runs on a hot standby.  What it finds missing, the
 *		slow path does, one transaction at a time: it takes an advisory lock until
 *		the end of the transaction and looks once more, in a snapshot of after the
 *		lock, whatever the isolation level.
 *
 *		What is remembered is that a text was found accepted under a registry id,
 *		and, until the server tells of a change (standing.c), that tables and
 *		triggers were found in place.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/error.h"
#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/apply.h"
#include "schema/declare.h"
#include "schema/enrol.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "schema/standing.h"
#include "schema/version.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

typedef struct Given
{
	const char *text;
	int			len;
	VersionHash hash;			/* of the text as it came */
} Given;

/* The text that this backend last found accepted, and the registry it was in. */
static struct
{
	bool		valid;
	VersionHash hash;
	pg_uuid_t	registry;
}			accepted;

PG_FUNCTION_INFO_V1(plasma_apply_ensure_schema);

static bool
is_accepted(const Given *given, const Registry *registry)
{
	char	   *canonical;

	if (registry->version == NULL)
		return false;
	if (accepted.valid &&
		memcmp(&accepted.hash, &given->hash, sizeof(VersionHash)) == 0 &&
		memcmp(&accepted.registry, &registry->id, sizeof(pg_uuid_t)) == 0)
		return true;
	canonical = plasma_declare_canonical(given->text, given->len);
	if (plasma_version_judge(canonical) == VERSION_NEW)
		return false;
	accepted.hash = given->hash;
	accepted.registry = registry->id;
	accepted.valid = true;
	return true;
}

/*
 * The active version if there is nothing to do, as far as the active snapshot
 * shows; else NULL.
 */
static const char *
settled_version(const Given *given)
{
	const Registry *registry = plasma_registry_read();

	if (!is_accepted(given, registry))
		return NULL;
	if (plasma_standing_is_known(&registry->id))
		return registry->version;
	plasma_standing_watch();
	if (!plasma_registry_is_sound() || !plasma_enrol_is_intact(registry) ||
		!plasma_policy_source_is_intact())
		return NULL;
	plasma_standing_keep(&registry->id);
	return registry->version;
}

void
plasma_apply_lock(void)
{
	DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(PLASMA_APPLY_LOCK));
}

void
plasma_apply_check_serializable(const pg_uuid_t *seen)
{
	if (IsolationUsesXactSnapshot() &&
		memcmp(seen, &plasma_registry_read()->id, sizeof(pg_uuid_t)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent change of the schema"),
				 errhint("The transaction might succeed if retried.")));
}

/*
 * A declaration that is older than the active one, or a part of it, asks for
 * no more than that the active one is kept up.
 */
static void
settle(const Given *given, Model *model, Enrolled *done)
{
	char	   *canonical = plasma_declare_canonical(given->text, given->len);
	VersionVerdict verdict = plasma_version_judge(canonical);

	if (verdict != VERSION_NEW)
		model = plasma_version_active();
	plasma_enrol_model(model, verdict != VERSION_NEW, done);
	if (verdict == VERSION_NEW)
	{
		plasma_enrol_look_again();
		plasma_version_activate(model, canonical);
		done->changed = true;
	}
	if (done->changed)
		plasma_registry_touch();
	plasma_enrol_look_again();
}

/* The slow path. A faulty declaration waits for nobody. */
static const char *
settle_alone(const Given *given, Enrolled *done)
{
	pg_uuid_t	seen = plasma_registry_read()->id;
	Model	   *model = plasma_declare_parse(given->text, given->len);
	const char *version;

	PreventCommandIfReadOnly("plasma.ensure_schema()");
	plasma_apply_lock();
	PushActiveSnapshot(GetLatestSnapshot());
	version = settled_version(given);
	if (version == NULL)
	{
		plasma_apply_check_serializable(&seen);
		settle(given, model, done);
		version = plasma_registry_read()->version;
	}
	PopActiveSnapshot();
	return version;
}

static void
append_names(StringInfo out, const char *key, List *names)
{
	ListCell   *cell;

	appendStringInfo(out, ",\"%s\":[", key);
	foreach(cell, names)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoChar(out, ',');
		plasma_text_json(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

static Datum
answer(const char *version, const Enrolled *done)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"version\":");
	plasma_text_json(&out, version);
	appendStringInfo(&out, ",\"changed\":%s", done->changed ? "true" : "false");
	append_names(&out, "created", done->created);
	append_names(&out, "adopted", done->adopted);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

Datum
plasma_apply_ensure_schema(PG_FUNCTION_ARGS)
{
	Enrolled	done = {NIL};
	Given		given;
	const char *version;
	text	   *json;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the schema declaration must not be null")));
	json = PG_GETARG_TEXT_PP(0);
	given.text = VARDATA_ANY(json);
	given.len = VARSIZE_ANY_EXHDR(json);
	given.hash = plasma_version_hash(given.text, given.len);

	version = settled_version(&given);
	if (version == NULL)
		version = settle_alone(&given, &done);
	return answer(version, &done);
}
