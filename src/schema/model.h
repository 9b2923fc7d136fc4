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
	bool		encrypted;		/* typid is jsonb: the envelope */
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

	/*
	 * SQL predicates, or NULL.  Each is one expression, but may end in a
	 * comment: DDL writes it between line breaks.
	 */
	char	   *auth_read;
	char	   *auth_write;
} ModelTable;

typedef struct Model
{
	char	   *version;
	List	   *tables;			/* ModelTable * */
} Model;

extern ModelTable *plasma_model_table(const Model *model, const char *name);
extern ModelColumn *plasma_model_column(const ModelTable *table, const char *name);

/* The type of a column as SQL text, schema-qualified, with its modifier. */
extern char *plasma_model_type(const ModelColumn *column);

/* The condition on a column that its table checks, true or unknown for NULL; or NULL. */
extern char *plasma_model_check(const ModelColumn *column);

/* "cascade" and so on, as declared. */
extern const char *plasma_model_on_delete_name(OnDelete on_delete);

/* False when no action has that name. */
extern bool plasma_model_find_on_delete(const char *name, OnDelete *on_delete);

/* The whole model as JSON text, every option written out. */
extern char *plasma_model_write(const Model *model);

#endif							/* PLASMA_MODEL_H */
