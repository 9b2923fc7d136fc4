/*
 * pull_request.h
 *		What a client asks for when it pulls.
 */
#ifndef PLASMA_PULL_REQUEST_H
#define PLASMA_PULL_REQUEST_H

#include "postgres.h"

#include "access/envelope.h"
#include "log/cookie.h"

typedef struct PullRequest
{
	Envelope	envelope;
	char	   *cookie_text;	/* NULL: the first pull */
	int			limit;
} PullRequest;

extern void plasma_pull_request_parse(PullRequest *request, Jsonb *body);

/*
 * The cookie as it came, each time anew, since a page moves it on; NULL for
 * none.  Raises if it is no cookie.
 */
extern Cookie *plasma_pull_request_cookie(const PullRequest *request);

#endif							/* PLASMA_PULL_REQUEST_H */
