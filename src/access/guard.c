/*
 * guard.c
 *		What must not outlive a request.
 *
 *		A request runs code of the application: mutators, triggers, policies.  In
 *		a role that ctx named it must not come by the rights of the role that
 *		connected, and these are what counts when the request is over: at COMMIT,
 *		when a cursor WITH HOLD is run to its end and deferred triggers fire, and
 *		later in the session, when a prepared statement is run that another one's
 *		name was given to.  The server refuses all that in a security-restricted
 *		operation, and with it too much for mutators, which may well have deferred
 *		constraints and temporary tables.  So a reading request becomes one, and
 *		for the others the statements in question are refused one by one; what
 *		is deferred, push runs itself, and what is temporary it drops.
 *
 *		The library is there when a request runs, so the hook needs no preloading.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/guard.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/guc.h"

static ProcessUtility_hook_type next_hook = NULL;

/* What leaves something in the session that is no table, or NULL. */
static const char *
lasting_command(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_DeclareCursorStmt:
			return ((const DeclareCursorStmt *) statement)->options & CURSOR_OPT_HOLD ?
				"DECLARE CURSOR WITH HOLD" : NULL;
		case T_PrepareStmt:
			return "PREPARE";
		case T_DeallocateStmt:
			return "DEALLOCATE";
		case T_DiscardStmt:
			return "DISCARD";
		case T_ListenStmt:
			return "LISTEN";
		case T_UnlistenStmt:
			return "UNLISTEN";
		default:
			return NULL;
	}
}

static void
refuse_lasting(PlannedStmt *statement, const char *query, bool read_only_tree,
			   ProcessUtilityContext context, ParamListInfo params,
			   QueryEnvironment *environment, DestReceiver *dest,
			   QueryCompletion *completion)
{
	const char *command = plasma_ctx_role_taken() ?
		lasting_command(statement->utilityStmt) : NULL;

	if (command != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s is not allowed in the role that ctx.role names", command),
				 errdetail("What it leaves behind would be used with the rights of the role that connected."),
				 errhint("Do without it in what a request runs, or do it in a session of its own.")));
	(next_hook != NULL ? next_hook : standard_ProcessUtility)
		(statement, query, read_only_tree, context, params, environment, dest, completion);
}

void
plasma_guard_install(void)
{
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = refuse_lasting;
}

void
plasma_guard_enter(GuardScope *scope)
{
	GetUserIdAndSecContext(&scope->userid, &scope->sec_context);
	if (plasma_ctx_role_taken())
		SetUserIdAndSecContext(scope->userid,
							   scope->sec_context | SECURITY_RESTRICTED_OPERATION);
	scope->settings_level = NewGUCNestLevel();
}

void
plasma_guard_leave(const GuardScope *scope)
{
	AtEOXact_GUC(false, scope->settings_level);
	SetUserIdAndSecContext(scope->userid, scope->sec_context);
}
