/*
 * model.h
 *		The one in-memory shape of a schema.  declare makes it from JSON,
 *		introspect from the catalogs; diff compares two of them.
 */
#ifndef PLASMA_MODEL_H
#define PLASMA_MODEL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/kind.h"

typedef enum OnDelete
{
	ON_DELETE_NO_ACTION,		/* no constraint at all */
	ON_DELETE_CASCADE,
	ON_DELETE_RESTRICT,
	ON_DELETE_SET_NULL
} OnDelete;

typedef struct ModelColumn
{
	char	   *name;
	ColumnKind	kind;
	Oid			typid;
	int32		typmod;
	bool		nullable;
	bool		unique;
	bool		encrypted;
	char	   *default_sql;	/* an SQL expression, or NULL */
	char	   *references;		/* declared name of the target, or NULL */
	OnDelete	on_delete;
} ModelColumn;

typedef struct ModelTable
{
	char	   *name;			/* declared, on the wire, and in the database */
	char	   *schema;
	Oid			relid;			/* InvalidOid where it does not exist */
	List	   *key;			/* char *: names of the key columns */
	List	   *columns;		/* ModelColumn * */
	bool		suppressed;
	bool		history;
	char	   *auth_read;		/* SQL predicates, or NULL */
	char	   *auth_write;
} ModelTable;

typedef struct Model
{
	char	   *version;
	List	   *tables;			/* ModelTable * */
} Model;

extern ModelTable *plasma_model_table(const Model *model, const char *name);
extern ModelColumn *plasma_model_column(const ModelTable *table, const char *name);

#endif							/* PLASMA_MODEL_H */
