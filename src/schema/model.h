/*
 * model.h
 *		The one in-memory shape of a schema.  declare makes it from JSON,
 *		introspect from the catalogs; diff compares two of them.
 */
#ifndef PLASMA_MODEL_H
#define PLASMA_MODEL_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "schema/kind.h"

typedef enum OnDelete
{
	ON_DELETE_NO_ACTION,
	ON_DELETE_CASCADE,
	ON_DELETE_RESTRICT,
	ON_DELETE_SET_NULL,
	ON_DELETE_SET_DEFAULT
} OnDelete;

typedef enum ColumnIdentity
{
	IDENTITY_NONE,
	IDENTITY_ALWAYS,			/* GENERATED ALWAYS AS IDENTITY */
	IDENTITY_BY_DEFAULT,
	IDENTITY_SERIAL				/* a default that draws from a sequence of its own */
} ColumnIdentity;

/* An enum type that a column lists the labels of. */
typedef struct ModelEnum
{
	char	   *schema;
	char	   *name;
	Oid			typid;			/* InvalidOid: still to be made */
	List	   *labels;			/* char * */
	List	   *existing;		/* those that the type has, where a declaration is settled */
} ModelEnum;

/*
 * Names of what is gone when a migration is done: an index that is to become the
 * constraint of a unique column, a check that proves NOT NULL, a foreign key in
 * whose place another one comes.  More of the name follows.
 */
#define MODEL_UNFINISHED_UNIQUE	"_plasma_key"
#define MODEL_NOT_NULL_CHECK	"_plasma_nn"
#define MODEL_OLD_FOREIGN_KEY	"_plasma_fk"

/* What only a catalog knows of a column. */
typedef struct ColumnFacts
{
	AttrNumber	attnum;
	bool		virtual;		/* generated when it is read */
	bool		backfill;		/* rows of before the column still wait for its default */
	bool		arriving;		/* added by a migration that is not over */

	char	   *unique_name;	/* of the index that makes the column unique, or NULL */
	bool		unique_constraint;	/* a constraint stands on that index */
	char	   *invalid_unique; /* an index that was left invalid, or NULL */
	char	   *unfinished_unique;	/* one that is valid and awaits its constraint */

	char	   *foreign_key;	/* name of the constraint, or NULL */
	bool		foreign_key_valid;
	char	   *old_foreign_key;	/* one that gives way to another, or NULL */
	char	   *check;			/* name of the check of its kind, or NULL */
	bool		check_valid;
	char	   *not_null_check; /* name of a CHECK (c IS NOT NULL), or NULL */
	bool		not_null_check_valid;
	char	   *not_null_unproven;	/* 18: name of a NOT NULL that is NOT VALID */
	bool		not_null_generated; /* it has the name that plasma gives to it */
} ColumnFacts;

typedef struct ModelColumn
{
	char	   *name;
	ColumnKind	kind;
	Oid			typid;			/* InvalidOid: an enum that is still to be made */
	int32		typmod;
	Oid			collation;		/* InvalidOid: none was declared */
	bool		array;			/* of the enum */
	ModelEnum  *enumeration;	/* NULL: its labels are the application's affair */
	bool		nullable;
	bool		unique;
	bool		encrypted;		/* typid is jsonb: the envelope */
	char	   *default_sql;	/* an SQL expression, or NULL */
	char	   *generated;		/* the expression of a STORED column, or NULL */
	ColumnIdentity identity;
	char	   *references;		/* declared name of the target, or NULL */
	OnDelete	on_delete;
	bool		enforced;		/* the reference is a foreign key */

	bool		accepted;		/* typid is the live one, which will do for the kind */
	ColumnFacts *facts;			/* NULL: not from a catalog */
} ModelColumn;

typedef struct ModelTable
{
	char	   *name;			/* declared, on the wire, and in the database */
	char	   *schema;
	Oid			relid;			/* InvalidOid where it does not exist */
	List	   *key;			/* char *: names of the key columns; none only if suppressed */
	List	   *columns;		/* ModelColumn * */
	bool		suppressed;
	bool		history;
	char	   *scope;			/* name of a ModelScope, or NULL */
	List	   *scope_columns;	/* char *: whose values name the slice of a row */
	char	   *scope_query;	/* of that scope */

	/*
	 * SQL predicates, or NULL.  Each is one expression, but may end in a
	 * comment: DDL writes it between line breaks.
	 */
	char	   *auth_read;
	char	   *auth_write;

	/*
	 * JSON: an array of the relations that decide who sees which row, beside those
	 * that the catalogs tell; false, when even these do not; NULL where undeclared.
	 */
	char	   *depends_on;
} ModelTable;

/* What a session may sync of the tables that have this scope. */
typedef struct ModelScope
{
	char	   *name;
	char	   *query;			/* a SELECT of the values, as declared */
} ModelScope;

typedef struct Model
{
	char	   *version;
	List	   *scopes;			/* ModelScope * */
	List	   *tables;			/* ModelTable * */
} Model;

extern ModelTable *plasma_model_table(const Model *model, const char *name);

/* The table of the same name and schema; model may be NULL. */
extern ModelTable *plasma_model_same_table(const Model *model, const ModelTable *table);

extern ModelColumn *plasma_model_column(const ModelTable *table, const char *name);

/* Whether a name is one of those above. */
extern bool plasma_model_is_passing(const char *name, const char *prefix);

/*
 * The type of a column as SQL text, schema-qualified, with its modifier; of an
 * enum that is still to be made, too.
 */
extern char *plasma_model_type(const ModelColumn *column);

/* The condition on a column that its table checks, true or unknown for NULL; or NULL. */
extern char *plasma_model_check(const ModelColumn *column);

/* "cascade" and so on, as declared. */
extern const char *plasma_model_on_delete_name(OnDelete on_delete);

/* False when no action has that name. */
extern bool plasma_model_find_on_delete(const char *name, OnDelete *on_delete);

/* The declared collation as SQL text, schema-qualified; or NULL. */
extern char *plasma_model_collation(const ModelColumn *column);

/* "always" and so on, as declared; NULL for none. */
extern const char *plasma_model_identity_name(ColumnIdentity identity);

/* False when no identity has that name. */
extern bool plasma_model_find_identity(const char *name, ColumnIdentity *identity);

/* The whole model as JSON text, every option written out. */
extern char *plasma_model_write(const Model *model);

#endif							/* PLASMA_MODEL_H */
