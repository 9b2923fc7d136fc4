/*
 * ctx.c
 *		Who the caller is.
 *
 *		A request that brings a ctx puts it on a stack of this backend for as long
 *		as it runs; where none was brought, the connection's request.jwt.claims
 *		stand in.  Policies and mutators read the innermost one by plasma.ctx().
 *
 *		An entry knows the nesting level of the transaction it was made at: a
 *		subtransaction that aborts undoes the entries made within it and leaves
 *		those made outside, exactly as the server does with the current user.
 *
 *		The role that a ctx names is honoured only in a ctx that was passed: the
 *		setting can be written by whoever holds the connection.
 */
#include "postgres.h"

#include "access/claims.h"
#include "access/ctx.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/guc.h"
#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#define HASH_BYTES		8

typedef struct CtxEntry
{
	struct CtxEntry *outer;
	int			nest_level;
	bool		role_taken;
	Jsonb	   *ctx;
} CtxEntry;

static CtxEntry *innermost = NULL;

PG_FUNCTION_INFO_V1(plasma_ctx_get);

static void
pop(void)
{
	CtxEntry   *entry = innermost;

	innermost = entry->outer;
	pfree(entry->ctx);
	pfree(entry);
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		while (innermost != NULL)
			pop();
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId subid,
				   SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		while (innermost != NULL && innermost->nest_level >= level)
			pop();
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (CtxEntry *e = innermost; e != NULL && e->nest_level >= level; e = e->outer)
			e->nest_level = level - 1;
}

static void
push(const Jsonb *ctx, bool role_taken)
{
	static bool registered = false;
	CtxEntry   *entry;

	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		registered = true;
	}
	entry = MemoryContextAlloc(TopMemoryContext, sizeof(CtxEntry));
	entry->ctx = MemoryContextAlloc(TopMemoryContext, VARSIZE(ctx));
	memcpy(entry->ctx, ctx, VARSIZE(ctx));
	entry->nest_level = GetCurrentTransactionNestLevel();
	entry->role_taken = role_taken;
	entry->outer = innermost;
	innermost = entry;
}

Jsonb *
plasma_ctx_current(void)
{
	return innermost != NULL ? innermost->ctx : plasma_claims_current();
}

bool
plasma_ctx_role_taken(void)
{
	for (CtxEntry *e = innermost; e != NULL; e = e->outer)
		if (e->role_taken)
			return true;
	return false;
}

/*
 * plasma.ctx().  The value is copied: a statement may change the setting while
 * it still holds what it read before.
 */
Datum
plasma_ctx_get(PG_FUNCTION_ARGS)
{
	Jsonb	   *ctx = plasma_ctx_current();
	Jsonb	   *copy;

	if (ctx == NULL)
		PG_RETURN_NULL();
	copy = palloc(VARSIZE(ctx));
	memcpy(copy, ctx, VARSIZE(ctx));
	PG_RETURN_JSONB_P(copy);
}

/* A claim that must be a non-empty string if it is there; else NULL. */
static char *
string_claim(Jsonb *ctx, const char *name)
{
	JsonbValue *value;

	if (ctx == NULL)
		return NULL;
	value = getKeyJsonValueFromContainer(&ctx->root, name, strlen(name), NULL);
	if (value == NULL)
		return NULL;
	if (value->type != jbvString || value->val.string.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("ctx.%s must be a non-empty string", name),
				 errhint("Leave the key out where there is no value.")));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * A ctx is made from a token, and a token shall not make a request one of
 * those to whom all of plasma's own tables are open; superusers are among them.
 */
static bool
is_elevation(Oid role)
{
	Oid			owner = plasma_spi_owner();

	return has_privs_of_role(role, owner) && !has_privs_of_role(GetUserId(), owner);
}

/*
 * The role is the caller's to take only if the caller could SET ROLE to it.
 * The same answer for a role that does not exist: nobody shall find out by
 * asking which roles there are.
 */
static Oid
role_to_take(const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (OidIsValid(role) && member_can_set_role(GetUserId(), role) && is_elevation(role))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_FORBIDDEN),
				 errmsg("the caller may not act as the role that ctx.role names"),
				 errdetail("Role \"%s\" has the rights of the owner of plasma.", name),
				 errhint("Name a role in ctx.role that has the rights of a user and no more.")));
	if (!OidIsValid(role) || !member_can_set_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_FORBIDDEN),
				 errmsg("the caller may not act as the role that ctx.role names"),
				 errdetail("Role \"%s\" cannot SET ROLE to \"%s\".",
						   GetUserNameFromId(GetUserId(), false), name),
				 errhint("Grant the role that ctx.role names to the role that connects.")));
	return role;
}

void
plasma_ctx_enter(CtxScope *scope, Jsonb *ctx)
{
	char	   *role;

	scope->entered = ctx != NULL;
	if (ctx == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(ctx))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("ctx must be a JSON object")));
	(void) string_claim(ctx, "sub");
	(void) string_claim(ctx, "clientGroupID");
	role = string_claim(ctx, "role");

	GetUserIdAndSecContext(&scope->userid, &scope->sec_context);
	if (role != NULL)
		SetUserIdAndSecContext(role_to_take(role),
							   scope->sec_context | SECURITY_LOCAL_USERID_CHANGE);
	push(ctx, role != NULL);
}

void
plasma_ctx_leave(CtxScope *scope)
{
	if (!scope->entered)
		return;
	pop();
	SetUserIdAndSecContext(scope->userid, scope->sec_context);
	scope->entered = false;
}

Identity
plasma_ctx_identity(void)
{
	char	   *sub;

	if (innermost == NULL)
		plasma_claims_refuse_vain();
	sub = string_claim(plasma_ctx_current(), "sub");
	if (sub != NULL)
		return (Identity) {"sub", sub};
	if (plasma_require_identity)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_UNAUTHENTICATED),
				 errmsg("no identity"),
				 errdetail("plasma.require_identity is on, and the request's ctx has no sub.")));
	return (Identity) {"role", GetUserNameFromId(GetUserId(), false)};
}

/* The names in plasma.identity_claims, as they are written. */
static List *
identity_claim_names(void)
{
	List	   *names;

	if (plasma_identity_claims == NULL)
		return NIL;
	if (!SplitGUCList(pstrdup(plasma_identity_claims), ',', &names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("plasma.identity_claims is not a list of names"),
				 errhint("Write names with commas between them, those with other characters in double quotes.")));
	return names;
}

static void
append_claim(StringInfo out, Jsonb *ctx, const char *name)
{
	JsonbValue *value = ctx == NULL ? NULL :
		getKeyJsonValueFromContainer(&ctx->root, name, strlen(name), NULL);

	appendStringInfoChar(out, ',');
	plasma_text_json(out, name);
	if (value != NULL)
	{
		Jsonb	   *jsonb = JsonbValueToJsonb(value);

		appendStringInfoChar(out, ':');
		(void) JsonbToCString(out, &jsonb->root, VARSIZE(jsonb));
	}
}

/*
 * What decides which rows a caller may see, as far as plasma can know it: a
 * cookie of another identity is reset.  Tokens are renewed, so exp and the like
 * are no part of it.
 */
char *
plasma_ctx_identity_hash(void)
{
	Identity	identity = plasma_ctx_identity();
	StringInfoData text;
	bytea	   *hash;
	char	   *hex = palloc(HASH_BYTES * 2 + 1);
	ListCell   *cell;

	initStringInfo(&text);
	plasma_text_json(&text, identity.kind);
	appendStringInfoChar(&text, ',');
	plasma_text_json(&text, identity.name);
	foreach(cell, identity_claim_names())
		append_claim(&text, plasma_ctx_current(), lfirst(cell));
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea,
											   PointerGetDatum(cstring_to_text_with_len(text.data, text.len))));
	hex[hex_encode(VARDATA_ANY(hash), HASH_BYTES, hex)] = '\0';
	return hex;
}

void
plasma_ctx_check_group(const char *client_group_id)
{
	char	   *group = string_claim(plasma_ctx_current(), "clientGroupID");

	if (group != NULL && strcmp(group, client_group_id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("clientGroupID is not the one of ctx"),
				 errdetail("The caller was authenticated for another client group.")));
}
