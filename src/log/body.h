/*
 * body.h
 *		The generated trigger functions: their names and their text.
 */
#ifndef PLASMA_BODY_H
#define PLASMA_BODY_H

#include "postgres.h"

#include "log/capture.h"

typedef enum BodyKind
{
	BODY_INSERT,
	BODY_UPDATE,
	BODY_DELETE,
	BODY_TRUNCATE
} BodyKind;

#define BODY_KINDS	(BODY_TRUNCATE + 1)

#define BODY_NAME_PREFIX	"_plasma_trg_"
#define BODY_SETTING		"jit=off"
#define BODY_OLD_ROWS		"plasma_old"
#define BODY_NEW_ROWS		"plasma_new"

/* The plpgsql text of a function. */
extern char *plasma_body_text(const CaptureTable *table, BodyKind kind);

/*
 * _plasma_trg_<table>_<suffix>, shortened where it is longer than a name may
 * be.  With distinct set, or where it is shortened, a hash of the distinct text
 * keeps apart what would be one name.
 */
extern char *plasma_body_name(const char *table, const char *suffix,
							  const char *distinct);

/* insert, update, delete or truncate. */
extern const char *plasma_body_verb(BodyKind kind);

#endif							/* PLASMA_BODY_H */
