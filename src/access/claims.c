/*
 * claims.c
 *		What the connection says of its caller.
 *
 *		PostgREST and its like set request.jwt.claims.  But so can whoever holds
 *		the connection, an application role with SQL access too.  The setting
 *		therefore counts only where the role that connected is a gateway: that one
 *		could pass any ctx anyway.  It is asked of session_user, which SET ROLE
 *		does not change.
 */
#include "postgres.h"

#include "access/claims.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/json.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#define CLAIMS_SETTING	"request.jwt.claims"

/* The claims that were parsed last, and the text they were parsed from. */
static char *claims_text = NULL;
static Jsonb *claims = NULL;

/* Whether a role may state claims, as long as nothing of it has changed. */
static struct
{
	bool		known;
	bool		registered;
	Oid			role;
	bool		gateway;
}			connection;

static void
forget_connection(Datum arg, int cacheid, uint32 hashvalue)
{
	connection.known = false;
}

/*
 * Who may execute plasma.pull(jsonb, jsonb) may say who the caller is.
 * Superusers may execute everything.
 */
static bool
is_gateway(Oid role)
{
	Oid			types[] = {JSONBOID, JSONBOID};
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										   CStringGetDatum("pull"),
										   PointerGetDatum(buildoidvector(types, lengthof(types))),
										   ObjectIdGetDatum(get_namespace_oid("plasma", true)));

	return OidIsValid(function) &&
		object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK;
}

/* Policies ask for each row, so the answer is kept until it may be another. */
static bool
connection_states_claims(void)
{
	Oid			role = GetSessionUserId();

	if (connection.known && connection.role == role)
		return connection.gateway;
	if (!connection.registered)
	{
		CacheRegisterSyscacheCallback(PROCOID, forget_connection, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, forget_connection, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_connection, (Datum) 0);
		CacheRegisterSyscacheCallback(DATABASEOID, forget_connection, (Datum) 0);
		connection.registered = true;
	}
	/* What changes while it is being found out makes it unknown again. */
	connection.known = true;
	connection.role = InvalidOid;
	connection.gateway = is_gateway(role);
	connection.role = role;
	return connection.gateway;
}

/* The claims that are set, whether they count or not; NULL where there are none. */
static const char *
claims_setting(void)
{
	const char *text = GetConfigOption(CLAIMS_SETTING, true, false);

	return text == NULL || *text == '\0' ? NULL : text;
}

/*
 * The connection's claims.  They are the same for every row of a statement and
 * mostly for every statement of a connection, so they are parsed only when the
 * text is another one than last time.
 */
static Jsonb *
parse_claims(const char *text)
{
	char	   *why;
	Jsonb	   *parsed;
	char	   *kept_text;
	Jsonb	   *kept;

	if (plasma_json_parse(text, strlen(text), &why) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s is not JSON", CLAIMS_SETTING),
				 errdetail_internal("%s", why)));
	parsed = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	if (!JB_ROOT_IS_OBJECT(parsed))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must be a JSON object", CLAIMS_SETTING)));

	kept_text = MemoryContextStrdup(TopMemoryContext, text);
	kept = MemoryContextAlloc(TopMemoryContext, VARSIZE(parsed));
	memcpy(kept, parsed, VARSIZE(parsed));
	if (claims != NULL)
	{
		pfree(claims_text);
		pfree(claims);
	}
	claims_text = kept_text;
	claims = kept;
	return claims;
}

Jsonb *
plasma_claims_current(void)
{
	const char *text = claims_setting();

	if (text == NULL || !connection_states_claims())
		return NULL;
	if (claims != NULL && strcmp(text, claims_text) == 0)
		return claims;
	return parse_claims(text);
}

/*
 * Claims that do not count would make one identity of all who come by this
 * connection.  That nobody meant.
 */
void
plasma_claims_refuse_vain(void)
{
	char	   *role;

	if (claims_setting() == NULL || connection_states_claims())
		return;
	role = GetUserNameFromId(GetSessionUserId(), false);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the claims of this connection do not count"),
			 errdetail("%s is set, but role \"%s\", which connected, does not have the level gateway.",
					   CLAIMS_SETTING, role),
			 errhint("If that role is an HTTP layer that has authenticated the caller, run SELECT plasma.grant_access(%s, 'gateway').",
					 quote_literal_cstr(quote_identifier(role)))));
}
