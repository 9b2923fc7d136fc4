/*
 * survey.h
 *		The tables that are there, whether they were declared or not.
 */
#ifndef PLASMA_SURVEY_H
#define PLASMA_SURVEY_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/* A relation of the schemas that no declaration can describe. */
typedef struct SurveyGap
{
	char	   *object;			/* qualified and quoted */
	char	   *why;			/* "a view" */
} SurveyGap;

/*
 * The tables of the schemas (char *, which exist), with their columns, keys,
 * references and policies as they stand in the active snapshot.  Kinds are left
 * to the caller.  Where two schemas have a table of one name, the one of the
 * active declaration is taken, else that of the schema that is named first.
 * Adds to *gaps (SurveyGap *) what is left out.
 */
extern Model *plasma_survey_read(List *schemas, const Model *active, List **gaps);

#endif							/* PLASMA_SURVEY_H */
