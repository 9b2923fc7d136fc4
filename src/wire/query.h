/*
 * query.h
 *		The query string of a GET as the request that a POST would carry.
 */
#ifndef PLASMA_QUERY_H
#define PLASMA_QUERY_H

#include "postgres.h"

/* The request as JSON text; NULL, with *fault set to why, where it is none. */
extern char *plasma_query_request(const char *query, char **fault);

#endif							/* PLASMA_QUERY_H */
