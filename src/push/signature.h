/*
 * signature.h
 *		The shape of a mutator's function.
 */
#ifndef PLASMA_SIGNATURE_H
#define PLASMA_SIGNATURE_H

#include "postgres.h"

#include "push/argument.h"

typedef enum SignatureForm
{
	SIGNATURE_ARGS,				/* f(args jsonb) */
	SIGNATURE_ARGS_CTX,			/* f(args jsonb, ctx jsonb) */
	SIGNATURE_NAMED				/* parameters by the keys of args */
} SignatureForm;

typedef struct SignatureParam
{
	char	   *name;			/* empty where it has none */
	bool		optional;
	ArgumentType type;
} SignatureParam;

typedef struct Signature
{
	Oid			function;
	Oid			result;
	bool		strict;
	SignatureForm form;
	int			nparams;
	SignatureParam *params;
} Signature;

/*
 * Reads it in the current context.  Raises 42809 or 42P13 for a function that
 * push cannot call.
 */
extern Signature *plasma_signature_read(Oid function);

#endif							/* PLASMA_SIGNATURE_H */
