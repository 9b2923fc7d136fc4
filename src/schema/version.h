/*
 * version.h
 *		The declarations that were accepted, and which client versions they let
 *		through.
 */
#ifndef PLASMA_VERSION_H
#define PLASMA_VERSION_H

#include "postgres.h"

#include "common/sha2.h"
#include "schema/model.h"

typedef struct VersionHash
{
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
} VersionHash;

/* What becomes of a declaration that comes in. */
typedef enum VersionVerdict
{
	VERSION_ACTIVE,				/* it is the active one */
	VERSION_COVERED,			/* an older one, or part of the active one */
	VERSION_NEW					/* it is to become the active one */
} VersionVerdict;

/* Raises PL003 when clients of this schema version are not served. */
extern void plasma_version_check(const char *schema_version);

extern VersionHash plasma_version_hash(const char *text, int len);

/*
 * What the declaration with this canonical text is to the ones accepted so
 * far, in the active snapshot.  Raises PL002 when its version is taken by
 * another declaration that it would break.
 */
extern VersionVerdict plasma_version_judge(const char *canonical);

/* The active declaration; NULL when there is none. */
extern Model *plasma_version_active(void);

/*
 * Makes a declaration the active one, be it new or one that was accepted
 * before, and says of every other one whether its clients are still served.
 */
extern void plasma_version_activate(const Model *model, const char *canonical);

/* What a declaration finds when it comes in. */
typedef struct VersionPast
{
	Model	   *active;			/* NULL: there is none, none that can still be read, or it is this one */
	bool		current;		/* the declaration is the active one */
	char	   *active_hash;	/* hex; NULL when there is none */
	bool		known;			/* the declaration was accepted before */
	bool		superseded;		/* ... and a newer one after it: this is a way back */
	bool		taken;			/* its version was another's, whose clients it breaks */
} VersionPast;

/* The active declaration itself is judged by whoever compares the two. */
extern VersionPast *plasma_version_past(const Model *model, const char *canonical);

extern char *plasma_version_hex(const char *canonical);

#endif							/* PLASMA_VERSION_H */
