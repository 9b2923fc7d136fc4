/*
 * error.h
 *		SQLSTATEs of plasma's own.  Only what a caller acts upon has one; every
 *		other error carries a standard code.
 */
#ifndef PLASMA_ERROR_H
#define PLASMA_ERROR_H

#include "postgres.h"

/* An existing table does not fit the declaration. */
#define ERRCODE_PLASMA_MISFIT				MAKE_SQLSTATE('P', 'L', '0', '0', '1')
/* The declaration itself is faulty. */
#define ERRCODE_PLASMA_DECLARATION			MAKE_SQLSTATE('P', 'L', '0', '0', '2')
/* The request's schema version is not one that this server serves (409). */
#define ERRCODE_PLASMA_SCHEMA_MISMATCH		MAKE_SQLSTATE('P', 'L', '0', '0', '3')
/* The client group belongs to another identity (403). */
#define ERRCODE_PLASMA_FORBIDDEN			MAKE_SQLSTATE('P', 'L', '0', '0', '4')
/* The request is malformed (400). */
#define ERRCODE_PLASMA_REQUEST				MAKE_SQLSTATE('P', 'L', '0', '0', '5')
/* The request is larger than a limit (413). */
#define ERRCODE_PLASMA_TOO_LARGE			MAKE_SQLSTATE('P', 'L', '0', '0', '6')
/* The request names no identity although one is required (401). */
#define ERRCODE_PLASMA_UNAUTHENTICATED		MAKE_SQLSTATE('P', 'L', '0', '0', '7')
/* The server knows nothing of a client that has pushed before. */
#define ERRCODE_PLASMA_CLIENT_GONE			MAKE_SQLSTATE('P', 'L', '0', '0', '8')
/* A policy of row-level security refused a write of a mutator. */
#define ERRCODE_PLASMA_POLICY				MAKE_SQLSTATE('P', 'L', '0', '0', '9')

/*
 * The SQLSTATE that clients are told: PostgreSQL's own, but a policy's refusal
 * is told apart from a missing privilege.
 */
extern int	plasma_error_code(const ErrorData *error);

extern bool plasma_error_is_retryable(int sqlstate);

#endif							/* PLASMA_ERROR_H */
