/*
 * ddl.h
 *		The only writer of DDL text.
 *
 *		Each function writes one statement.  Names are quoted and qualified.  A
 *		declared expression is the caller's own SQL, which declare has found to be
 *		one expression; it may end in a comment.
 */
#ifndef PLASMA_DDL_H
#define PLASMA_DDL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/* A statement, and the key of "auth" that it stands for. */
typedef struct DdlStatement
{
	char	   *sql;
	const char *auth;			/* "read", "write" or NULL */
} DdlStatement;

/* ---- ddl.c: tables and types ---- */

/* CREATE TABLE without its foreign keys. */
extern char *plasma_ddl_create_table(const ModelTable *table);

/*
 * The index by which a slice is read in the order of the key, or NULL where the
 * primary key is one.  used as for plasma_ddl_choose_name.
 */
extern char *plasma_ddl_scope_index(const ModelTable *table, List **used);
extern char *plasma_ddl_drop_table(const ModelTable *table);

extern char *plasma_ddl_create_type(const ModelEnum *type);
extern char *plasma_ddl_drop_type(const char *schema, const char *name);
extern char *plasma_ddl_rename_type(const ModelEnum *type, const char *name);

/* At the end, or beside a label that is there: one of after and before, or neither. */
extern char *plasma_ddl_add_label(const ModelEnum *type, const char *label,
								  const char *after, const char *before);

/* One ALTER TABLE that does what several do to the same table. */
extern char *plasma_ddl_combine(const ModelTable *table, List *statements);

/* ---- ddl_column.c ---- */

/* What is said of a column where it is made. */
#define DDL_NOT_NULL	(1 << 0)
#define DDL_VALUE		(1 << 1)	/* default, generated or identity */
#define DDL_UNIQUE		(1 << 2)
#define DDL_EVERYTHING	(DDL_NOT_NULL | DDL_VALUE | DDL_UNIQUE)

/*
 * A column as CREATE TABLE and ADD COLUMN take it; with a name for its check
 * (NULL: none is written), and a reference that plasma_ddl_reference wrote.
 */
extern char *plasma_ddl_column(const ModelColumn *column, int parts,
							   const char *check, const char *reference);

extern char *plasma_ddl_add_column(const ModelTable *table, const char *column);
extern char *plasma_ddl_drop_column(const ModelTable *table, const char *name);
extern char *plasma_ddl_set_default(const ModelTable *table, const char *name,
									const char *expression);
extern char *plasma_ddl_drop_default(const ModelTable *table, const char *name);
extern char *plasma_ddl_set_not_null(const ModelTable *table, const char *name);
extern char *plasma_ddl_drop_not_null(const ModelTable *table, const char *name);

/* How the values of a column become those of another type. */
typedef enum DdlUsing
{
	DDL_USING_NOTHING,			/* as the server does of itself */
	DDL_USING_CAST,				/* c::type */
	DDL_USING_TEXT,				/* c::text::type */
	DDL_USING_NULL
} DdlUsing;

/*
 * To the type of the column as declared.  With renew_default the old default goes
 * first and the declared one, if any, takes its place.
 */
extern char *plasma_ddl_alter_type(const ModelTable *table, const ModelColumn *column,
								   DdlUsing conversion, bool renew_default);

/* Of the sequence of a serial column, whose name is qualified and quoted. */
extern char *plasma_ddl_alter_sequence_type(const char *sequence, const ModelColumn *column);

/* ---- ddl_constraint.c ---- */

/*
 * A name of at most 63 bytes of the form <table>_<column>_<label>, with a number
 * where a relation or constraint of the schema, or one of used, has it already.
 * It is added to used.
 */
extern char *plasma_ddl_choose_name(const ModelTable *table, const ModelColumn *column,
									const char *label, List **used);

/* The label of a check of the kind. */
extern const char *plasma_ddl_check_label(const ModelColumn *column);

extern char *plasma_ddl_add_unique(const ModelTable *table, const char *column,
								   const char *name);
extern char *plasma_ddl_create_unique_index(const ModelTable *table, const char *column,
											const char *name, bool concurrently);
extern char *plasma_ddl_adopt_unique_index(const ModelTable *table, const char *name,
										   const char *index);
extern char *plasma_ddl_drop_index(const ModelTable *table, const char *index,
								   bool concurrently);

/* char *: without names, for when all tables of the model are there. */
extern List *plasma_ddl_foreign_keys(const Model *model, const ModelTable *table);

/* REFERENCES of a column, for plasma_ddl_column. */
extern char *plasma_ddl_reference(const ModelTable *target, const ModelColumn *column,
								  const char *name);

/* Dropping another one, if given, in the same breath. */
extern char *plasma_ddl_add_foreign_key(const ModelTable *table, const ModelColumn *column,
										const ModelTable *target, const char *name,
										const char *dropped, bool not_valid);

extern char *plasma_ddl_add_check(const ModelTable *table, const char *condition,
								  const char *name, bool not_valid);

/* CHECK (c IS NOT NULL) NOT VALID, or where the server has it NOT NULL ... NOT VALID. */
extern char *plasma_ddl_add_not_null_check(const ModelTable *table, const char *column,
										   const char *name);
extern char *plasma_ddl_add_not_null_unproven(const ModelTable *table, const char *column,
											  const char *name);

extern char *plasma_ddl_validate_constraint(const ModelTable *table, const char *name);
extern char *plasma_ddl_rename_constraint(const ModelTable *table, const char *name,
										  const char *new_name);
extern char *plasma_ddl_drop_constraint(const ModelTable *table, const char *name);

/* ---- ddl_policy.c ---- */

/* The policies of a table with auth: one for each command. */
typedef struct PolicySpec
{
	const char *name;
	const char *allow;			/* name of the permissive one */
	const char *command;
	char		letter;			/* of pg_policy.polcmd */
	const char *auth;			/* the key whose predicate it has */
	bool		uses;
	bool		checks;
} PolicySpec;

#define POLICY_SPECS	4
extern const PolicySpec plasma_ddl_policy_specs[POLICY_SPECS];

/* The declared predicate, or NULL. */
extern const char *plasma_ddl_policy_predicate(const PolicySpec *spec,
											   const ModelTable *table);

/* The restrictive policy; in another one's place; and its comment. */
extern char *plasma_ddl_create_policy(const PolicySpec *spec, const ModelTable *table);
extern char *plasma_ddl_alter_policy(const PolicySpec *spec, const ModelTable *table);
extern char *plasma_ddl_comment_policy(const PolicySpec *spec, const ModelTable *table);

/* The permissive one beside it. */
extern char *plasma_ddl_create_permission(const PolicySpec *spec, const ModelTable *table);
extern char *plasma_ddl_alter_permission(const PolicySpec *spec, const ModelTable *table);

extern char *plasma_ddl_drop_policy(const ModelTable *table, const char *name);
extern char *plasma_ddl_row_security(const ModelTable *table, bool enable);

/*
 * Row-level security for a table that declares auth: DdlStatement *.  With
 * allow, also the permissive policies without which restrictive ones refuse all.
 */
extern List *plasma_ddl_policies(const ModelTable *table, bool allow);

#endif							/* PLASMA_DDL_H */
