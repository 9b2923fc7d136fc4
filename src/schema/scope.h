/*
 * scope.h
 *		Scopes: from the declaration to plasma.scopes, and from there to the
 *		registry.
 */
#ifndef PLASMA_SCOPE_H
#define PLASMA_SCOPE_H

#include "postgres.h"

#include "access/attnum.h"
#include "base/json.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "schema/fault.h"
#include "schema/registry.h"

/* What a declared query has come to. */
typedef struct BoundScope
{
	const ModelScope *scope;
	List	   *types;			/* Oid: those of the tables' columns, no domains */
	char	   *query;			/* for SyncScope; NULL where there is a fault */
	char	   *fault;
	int			sqlerrcode;		/* of the server, if the words are its own; else 0 */
} BoundScope;

/* ---- scope_parse.c ---- */

/* The value of "scopes", which comes before the tables; NULL for none. */
extern void plasma_scope_parse(FaultList *faults, Model *model, const JsonNode *node);

/* The scope of a table whose columns have been read, from the table's JSON. */
extern void plasma_scope_parse_table(FaultList *faults, const FaultPath *path,
									 const Model *model, ModelTable *table,
									 const JsonNode *node);

/* What depends on all tables, whose columns have their types. */
extern void plasma_scope_check(FaultList *faults, const Model *model);

/* ---- scope_query.c ---- */

/* The one SELECT that a text is, or NULL. */
extern RawStmt *plasma_scope_statement(const char *text);

/* Why a text is no query of a scope, by the server's grammar; or NULL. */
extern char *plasma_scope_query_fault(const char *text);

/* The same of what analysis has made of it. */
extern const char *plasma_scope_tree_fault(const Query *query);

/* ---- scope_bind.c ---- */

/*
 * Analyses the queries of a model, as the caller, in its search path: BoundScope *.
 * Those that are registered in the same words, and can be, stay as they are.
 * Tables that have a relid are looked at, of others the model is believed.
 */
extern List *plasma_scope_bind(const Model *model);

/*
 * Lets those stay that are registered in the same words and that the server
 * cannot read any more: for one who wants no more than what is registered.
 */
extern void plasma_scope_uphold(List *bound);

/* Raises PL002 with all faults, if there are any. */
extern void plasma_scope_raise(List *bound);

/*
 * The types of the columns of a bound query: Oid; NIL, and the reason, where it
 * cannot be analysed any more.  error may be NULL.
 */
extern List *plasma_scope_types(const char *query, ErrorData **error);

/* ---- scope_reads.c ---- */

typedef struct ScopeRead
{
	Oid			relid;
	AttrNumber	attnum;			/* InvalidAttrNumber: the table itself */
} ScopeRead;

/* What a bound query reads: ScopeRead *; NIL where it cannot be analysed any more. */
extern List *plasma_scope_reads(const char *query);

/* ---- scope.c ---- */

/* All of them: SyncScope *, by name. */
extern List *plasma_scope_read(void);

/* One of these by name, or NULL. */
extern const SyncScope *plasma_scope_stored(List *scopes, const char *name);

/* The same; one that lists no slice is added where there is none. */
extern const SyncScope *plasma_scope_find(List **scopes, const char *name, int ncolumns);

/*
 * Writes bound scopes in the place of those that are there.  retyped gets the
 * names of those whose columns have other types than before: the texts of their
 * slices, as logs and clients have them, are worth nothing.  Returns whether
 * anything was written.
 */
extern bool plasma_scope_put(List *bound, List **retyped);

/* Whether they are what has been written. */
extern bool plasma_scope_agrees(List *bound);

#endif							/* PLASMA_SCOPE_H */
