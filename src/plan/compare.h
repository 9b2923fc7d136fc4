/*
 * compare.h
 *		What a declaration changes, both in the database and for clients of the
 *		active declaration.
 */
#ifndef PLASMA_COMPARE_H
#define PLASMA_COMPARE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/diff.h"
#include "schema/introspect.h"
#include "schema/model.h"
#include "schema/registry.h"

/* What is compared. All of it as of one snapshot. */
typedef struct PlanInput
{
	Model	   *declared;		/* with the types and texts of the live one where they mean the same */
	Model	   *active;			/* the active declaration, NULL when there is none */
	bool		rollback;		/* a newer one was accepted after declared: it only fills in what is missing */
	List	   *live;			/* LiveTable *: tables of declared, then those of active that left */
	List	   *entries;		/* RegistryEntry * */
} PlanInput;

/*
 * One change, whether it was seen in the catalog, between the declarations, or
 * in both.  declared and live are those of the catalog if it was seen there.
 */
typedef struct PlanChange
{
	ChangeKind	kind;
	const ModelTable *table;	/* NULL when it is removed */
	const ModelTable *live_table;	/* NULL: not in the database */
	const ModelTable *past_table;	/* NULL: not in the active declaration */
	const ModelColumn *declared;
	const ModelColumn *live;
	const ModelColumn *past;
	const LiveTable *at;		/* where the table is looked for */
	const ModelTable *target;	/* declared table that the column refers to, or NULL */
	const ModelTable *live_target;	/* the same in the database, or NULL */
	bool		in_catalog;		/* the database is not as it is declared */
	bool		in_declaration; /* nor is the active declaration */

	/* Set by verdict. */
	bool		permitted;		/* nothing refuses it */
	bool		accepted;		/* steps are to be made for what of it is in the catalog */
	bool		unlocked;		/* ... and its data is checked again under lock */
} PlanChange;

/*
 * PlanChange *, table by table in declared order, removed tables last.  Without
 * an active declaration every declared table is one that it has not.
 */
extern List *plasma_compare_models(const PlanInput *input);

/* The JSON path of a change, in the new declaration or, where it left, the old. */
extern char *plasma_compare_path(const PlanChange *change);

/*
 * Whether a statement for the changes may name a label that the change adds to
 * its enum type: that takes another transaction than the one which adds it.
 */
extern bool plasma_compare_names_new_labels(List *changes, const PlanChange *change);

#endif							/* PLASMA_COMPARE_H */
