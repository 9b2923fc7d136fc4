/*
 * introspect.h
 *		The tables of a declaration as they stand in the database.
 */
#ifndef PLASMA_INTROSPECT_H
#define PLASMA_INTROSPECT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/*
 * Policies that plasma makes. The comment on each holds the predicate as it
 * was declared: what the catalog can print of it is another text.
 */
#define PLASMA_POLICY_READ		"plasma_read"
#define PLASMA_POLICY_INSERT	"plasma_write_insert"
#define PLASMA_POLICY_UPDATE	"plasma_write_update"
#define PLASMA_POLICY_DELETE	"plasma_write_delete"
#define PLASMA_POLICY_ALLOW		"plasma_allow_"	/* and the command */
#define PLASMA_POLICY_COMMENT	"declared: "

/* What a name stands for, and whatever of it no Model can say. */
typedef struct LiveTable
{
	const ModelTable *declared;
	Oid			nspid;			/* InvalidOid: no such schema */
	Oid			relid;			/* InvalidOid: nothing has the name */
	char		relkind;
	char		persistence;	/* 'p', but where a partition has another one, that */
	bool		foreign_partition;
	bool		partition;		/* of another table */
	bool		inherits;		/* parent or child of plain inheritance */
	bool		owned;			/* by the caller, or a role that it is a member of */
	int			natts;			/* columns that it ever had */
	List	   *partition_key;	/* char *: of a partitioned table */
	bool		deferrable_key; /* the declared key is unique, but only in the end */
	char	   *extension;		/* that it is a member of, or NULL */
	char	   *moved;			/* where the table registered under the name is now, or NULL */
	char	   *twin;			/* a relation whose name differs only in case, or NULL */
	bool		type_taken;		/* by a type of the name, where no relation has it */
	ModelTable *table;			/* NULL where it is no table */
} LiveTable;

/*
 * One LiveTable for each declared table, in their order, as they stand in the
 * active snapshot. Where a table has several keys or foreign keys that would
 * do, the declared one is shown.
 */
extern List *plasma_introspect_read(const Model *declared);

/* The tables that exist. */
extern Model *plasma_introspect_model(List *live);

#endif							/* PLASMA_INTROSPECT_H */
