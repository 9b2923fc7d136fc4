/*
 * enrol.h
 *		Making, capturing and registering the tables of a declaration.
 */
#ifndef PLASMA_ENROL_H
#define PLASMA_ENROL_H

#include "postgres.h"

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
 * relid.  Asks for the lock of apply and for an active snapshot that may be
 * taken anew.
 */
extern void plasma_enrol_model(Model *model, Enrolled *done);

/* Puts a snapshot of now in the place of the active one. */
extern void plasma_enrol_look_again(void);

/* Whether capture of all registered tables is in place. */
extern bool plasma_enrol_is_intact(const Registry *registry);

#endif							/* PLASMA_ENROL_H */
