/*
 * ddl.h
 *		The only writer of DDL text.
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

/* CREATE TABLE without its foreign keys. */
extern char *plasma_ddl_create_table(const ModelTable *table);

/* char *: for when all tables of the model are there. */
extern List *plasma_ddl_foreign_keys(const Model *model, const ModelTable *table);

/*
 * Row-level security for a table that declares auth: DdlStatement *.  With
 * allow, also the permissive policies without which restrictive ones refuse all.
 */
extern List *plasma_ddl_policies(const ModelTable *table, bool allow);

#endif							/* PLASMA_DDL_H */
