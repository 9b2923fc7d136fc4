/*
 * ctx.h
 *		Who the caller is: what the HTTP layer's authentication found, and the
 *		role under which user data is touched.
 */
#ifndef PLASMA_CTX_H
#define PLASMA_CTX_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct Identity
{
	const char *kind;			/* "sub" or "role" */
	char	   *name;
} Identity;

/* What plasma_ctx_enter changed, to be undone by plasma_ctx_leave. */
typedef struct CtxScope
{
	bool		entered;
	Oid			userid;
	int			sec_context;
} CtxScope;

/*
 * The ctx of this request, else request.jwt.claims where a gateway connected,
 * else NULL.  Not a copy: valid until the request is left or the setting changes.
 */
extern Jsonb *plasma_ctx_current(void);

/*
 * Makes ctx the current one and switches to the role that it names, if it
 * names one; NULL changes nothing.  Raises PL004 and PL005.  After an error
 * the end of the (sub)transaction undoes both.
 */
extern void plasma_ctx_enter(CtxScope *scope, Jsonb *ctx);
extern void plasma_ctx_leave(CtxScope *scope);

/* Whether a request is running in a role that its ctx named. */
extern bool plasma_ctx_role_taken(void);

/*
 * ctx.sub, else the current role.  Raises PL007 where a sub is required, 42501
 * where claims are set that do not count.
 */
extern Identity plasma_ctx_identity(void);

/* Short hash of the identity and the claims that plasma.identity_claims names. */
extern char *plasma_ctx_identity_hash(void);

/* Raises PL005 when ctx.clientGroupID is there and is not this group. */
extern void plasma_ctx_check_group(const char *client_group_id);

#endif							/* PLASMA_CTX_H */
