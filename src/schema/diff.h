/*
 * diff.h
 *		What is different between two Models.
 */
#ifndef PLASMA_DIFF_H
#define PLASMA_DIFF_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

typedef enum ChangeKind
{
	CHANGE_TABLE_ADDED,
	CHANGE_TABLE_REMOVED,
	CHANGE_SCHEMA,
	CHANGE_KEY,
	CHANGE_AUTH_READ,
	CHANGE_AUTH_WRITE,
	CHANGE_SUPPRESSED,
	CHANGE_HISTORY,
	CHANGE_SCOPE,				/* another one, or other columns */
	CHANGE_SCOPE_QUERY,
	CHANGE_COLUMN_ADDED,
	CHANGE_COLUMN_REMOVED,
	CHANGE_KIND,
	CHANGE_TYPE,
	CHANGE_COLLATION,
	CHANGE_ENUM_ADDED,			/* labels */
	CHANGE_ENUM_REMOVED,
	CHANGE_ENUM_ORDER,
	CHANGE_GENERATED,
	CHANGE_IDENTITY,
	CHANGE_BACKFILL,			/* rows wait for the value of a new column */
	CHANGE_NULLABLE,
	CHANGE_UNIQUE,
	CHANGE_DEFAULT,
	CHANGE_CHECK,				/* that of the kind is missing or not validated */
	CHANGE_REFERENCE,
	CHANGE_ON_DELETE,
	CHANGE_ENFORCED,			/* or not validated */
	CHANGE_ENCRYPTED
} ChangeKind;

#define CHANGE_KINDS	(CHANGE_ENCRYPTED + 1)

/* Its name, as in the JSON of a plan: "column_added". */
extern const char *plasma_diff_change_name(ChangeKind kind);

/*
 * Where the second Model comes from.  A catalog shows no kinds and no options,
 * and prints expressions in its own words.
 */
typedef enum DiffSource
{
	DIFF_DECLARATION,
	DIFF_CATALOG
} DiffSource;

#define DIFF_SOURCES	(DIFF_CATALOG + 1)

typedef struct Change
{
	ChangeKind	kind;
	const ModelTable *table;	/* as declared; NULL when it is removed */
	const ModelTable *live_table;	/* NULL when it is added */
	const ModelColumn *declared;	/* NULL for a table, or a removed column */
	const ModelColumn *live;	/* NULL for a table, or an added column */
} Change;

/* The changes that lead from live to declared: Change *, table by table. */
extern List *plasma_diff_compare(const Model *declared, const Model *live,
								 DiffSource live_is);

#endif							/* PLASMA_DIFF_H */
