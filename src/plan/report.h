/*
 * report.h
 *		A plan as JSON.
 */
#ifndef PLASMA_REPORT_H
#define PLASMA_REPORT_H

#include "postgres.h"

#include "plan/plan.h"

/* Raised when a reader of older plans would misread newer ones. */
#define REPORT_VERSION	1

/* The plan as JSON text, on which plan_sql works. */
extern char *plasma_report_write(const PlanResult *plan);

/* Its options alone, as they can be given again. */
extern char *plasma_report_options(const PlanOptions *options);

#endif							/* PLASMA_REPORT_H */
