/*
 * request.h
 *		A push request, parsed and within the limits.
 */
#ifndef PLASMA_REQUEST_H
#define PLASMA_REQUEST_H

#include "postgres.h"

#include "utils/jsonb.h"

/* Longest name of a client, a client group or a mutator, in characters. */
#define REQUEST_MAX_NAME	255

/* The highest integer that every client can hold exactly: 2^53 - 1. */
#define REQUEST_MAX_ID		INT64CONST(9007199254740991)

typedef struct RequestMutation
{
	char	   *client_id;
	bool		own_client;		/* it carried a clientID of its own */
	int64		id;
	char	   *name;
	Jsonb	   *args;
} RequestMutation;

typedef struct Request
{
	char	   *schema_version;
	char	   *client_group_id;
	char	   *client_id;
	int			count;
	RequestMutation *mutations; /* in the order of the body */
} Request;

/* Raises PL005 with the JSON path of the fault, PL006 beyond a limit. */
extern Request *plasma_request_parse(Jsonb *body);

/* "a number", "an object" and so on, for messages. */
extern const char *plasma_request_type_name(const JsonbValue *value);

#endif							/* PLASMA_REQUEST_H */
