/*
 * request.h
 *		A push request, parsed and within the limits.
 */
#ifndef PLASMA_REQUEST_H
#define PLASMA_REQUEST_H

#include "postgres.h"

#include "access/envelope.h"
#include "utils/jsonb.h"

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
	Envelope	envelope;
	int			count;
	RequestMutation *mutations; /* in the order of the body */
} Request;

/* Raises PL005 with the JSON path of the fault, PL006 beyond a limit. */
extern Request *plasma_request_parse(Jsonb *body);

#endif							/* PLASMA_REQUEST_H */
