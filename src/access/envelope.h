/*
 * envelope.h
 *		What every request carries, and how its fields are read: strictly, each
 *		fault raised as PL005 with its JSON path.
 */
#ifndef PLASMA_ENVELOPE_H
#define PLASMA_ENVELOPE_H

#include "postgres.h"

#include "utils/jsonb.h"

/* Longest name of a client, a client group, a schema version or a mutator, in characters. */
#define ENVELOPE_MAX_NAME	255

/* The highest integer that every client can hold exactly: 2^53 - 1. */
#define ENVELOPE_MAX_ID		INT64CONST(9007199254740991)

typedef struct Envelope
{
	char	   *schema_version;
	char	   *client_group_id;
	char	   *client_id;
} Envelope;

/* An object in a request, and where it stands. */
typedef struct EnvelopePlace
{
	JsonbContainer *object;
	const char *path;
} EnvelopePlace;

/* The request's root, which must be an object with none but these keys. */
extern EnvelopePlace plasma_envelope_root(Jsonb *request, const char *const *known);

/* protocolVersion, schemaVersion, clientGroupID and clientID. */
extern void plasma_envelope_parse(Envelope *envelope, const EnvelopePlace *root);

/* An object inside a request, which must have none but these keys. */
extern EnvelopePlace plasma_envelope_object(const JsonbValue *value, const char *path,
											const char *const *known);

extern JsonbValue *plasma_envelope_get(const EnvelopePlace *place, const char *key);
extern JsonbValue *plasma_envelope_require(const EnvelopePlace *place, const char *key);

/* A name: a string of 1 to ENVELOPE_MAX_NAME characters. */
extern char *plasma_envelope_name(const EnvelopePlace *place, const char *key,
								  const JsonbValue *value);

/* An integer from 1 to a limit, however it is written: 12, 12.0 and 1.2e1 are one. */
extern int64 plasma_envelope_integer(const EnvelopePlace *place, const char *key,
									 const JsonbValue *value, int64 limit);

/* "a number", "an object" and so on, for messages. */
extern const char *plasma_envelope_type_name(const JsonbValue *value);

/* Raises: this must be what was expected. */
extern void plasma_envelope_refuse(const char *path, const char *expected,
								   const JsonbValue *value);

#endif							/* PLASMA_ENVELOPE_H */
