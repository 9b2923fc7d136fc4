/*
 * journal.h
 *		The record of migrations: plasma.migrations and plasma.migration_steps.
 */
#ifndef PLASMA_JOURNAL_H
#define PLASMA_JOURNAL_H

#include "postgres.h"

#include "plan/plan.h"

/* Begins the record of a plan that is carried out; returns its ordinal. */
extern int64 plasma_journal_begin(const PlanResult *plan);

/* One statement, sql NULL for register: when it begins, and when it is done. */
extern void plasma_journal_start(int64 migration, int n, const PlanStep *step,
								 const char *sql, const char *undo);
extern void plasma_journal_finish(int64 migration, int n);

/* The number of the last statement, and its text if the next would be the same. */
extern int	plasma_journal_last(int64 migration, char **sql);

/* A statement, or all that follows it, could not be done. */
extern void plasma_journal_fail(int64 migration, const char *error);

/* Migrations whose session ended before they did: nobody works on them any more. */
extern void plasma_journal_interrupt(void);

/* The migration is over: applied, with the fingerprint that it leaves. */
extern void plasma_journal_end(int64 migration, const char *catalog_after);

#endif							/* PLASMA_JOURNAL_H */
