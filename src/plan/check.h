/*
 * check.h
 *		Questions to the data on which a verdict depends.
 */
#ifndef PLASMA_CHECK_H
#define PLASMA_CHECK_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"

typedef enum CheckKind
{
	CHECK_NOTHING,
	CHECK_ROWS,					/* K0: the table has rows */
	CHECK_VALUES,				/* K1: the column has a value */
	CHECK_NULLS,				/* K2 */
	CHECK_DUPLICATES,			/* K3 */
	CHECK_ORPHANS,				/* K4 */
	CHECK_LABELS,				/* K5: values that are not in the enum */
	CHECK_CASTS,				/* K6: values that the new type loses or does not take */
	CHECK_SHAPES,				/* values that the check of the kind does not pass */
	CHECK_SAME_VALUE			/* K0 for two rows or more: all would get one value */
} CheckKind;

/* Counts stop here; what is more is "1000+". */
#define CHECK_MAX_COUNT		1000
#define CHECK_MAX_SAMPLE	5

typedef struct CheckResult
{
	char	   *sql;			/* SELECT EXISTS (...), for whoever wants to ask again */
	bool		violates;
	int64		count;			/* at most limit + 1 */
	int64		limit;			/* CHECK_MAX_COUNT, but for the rows of a hazard */
	List	   *sample;			/* char *: ids of rows, for duplicates the values */
} CheckResult;

/*
 * Asks as the caller, in the active snapshot, with row_security off.  The error
 * that the server raises where a policy would hide rows is the caller's to map
 * (42501: UN111).
 */
extern CheckResult *plasma_check_run(const PlanChange *change, CheckKind kind);

/* What a kind asks of a table t and a column c, for people; NULL: nothing. */
extern const char *plasma_check_text(CheckKind kind);

/* The rows of the table, no further than limit + 1. */
extern int64 plasma_check_rows(const ModelTable *live, int64 limit);

#endif							/* PLASMA_CHECK_H */
