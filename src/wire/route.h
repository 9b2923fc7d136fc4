/*
 * route.h
 *		What an HTTP request asks for.
 */
#ifndef PLASMA_ROUTE_H
#define PLASMA_ROUTE_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct Route
{
	const char *name;			/* last segment of the path */
	bool		get;			/* answers GET beside POST */
	bool		writes;			/* needs a server that can be written to */
	text	   *(*run) (Jsonb *request);
	void		(*after) (Jsonb *request);	/* once it is answered, or NULL */
} Route;

/* The route of a path, whatever its prefix, and its query string; NULL is 404. */
extern const Route *plasma_route_find(const char *path, const char **query);

#endif							/* PLASMA_ROUTE_H */
