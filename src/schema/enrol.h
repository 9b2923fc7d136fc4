/*
 * enrol.h
 *		Making, capturing and registering the tables of a declaration.
 */
#ifndef PLASMA_ENROL_H
#define PLASMA_ENROL_H

#include "postgres.h"

#include "log/capture.h"
#include "nodes/pg_list.h"
#include "schema/model.h"
#include "schema/registry.h"

/* What was done, for the answer. */
typedef struct Enrolled
{
	List	   *created;		/* char *: names of tables */
	List	   *adopted;		/* char *: names of tables */
	bool		changed;		/* anything at all */
} Enrolled;

/*
 * Brings the database and the registry to a model, whose tables get their
 * relid.  registered: it is the active declaration, to be kept up as far as it
 * can be.  Asks for the lock of apply and for an active snapshot that may be
 * taken anew.
 */
extern void plasma_enrol_model(Model *model, bool registered, Enrolled *done);

/*
 * The second half of it, for tables that are all there: ends what is not
 * declared any more, then captures and registers the rest.
 */
extern void plasma_enrol_register(Model *model, Enrolled *done);

/*
 * One table of that, which exists and is under the name; entry is its row of
 * the registry or NULL.  retyped: names (char *) of scopes whose slices have
 * other texts than before.  Returns whether anything changed.
 */
extern bool plasma_enrol_table(const ModelTable *table, const RegistryEntry *entry,
							   List *retyped);

/* What capture must know of a registered table. */
extern CaptureTable *plasma_enrol_capture(const SyncTable *table);

/* Puts a snapshot of now in the place of the active one. */
extern void plasma_enrol_look_again(void);

/* Whether capture of all registered tables is in place. */
extern bool plasma_enrol_is_intact(const Registry *registry);

/* Names (char *) of the registered tables of which it is not. */
extern List *plasma_enrol_disturbed(const Registry *registry);

#endif							/* PLASMA_ENROL_H */
