/*
 * attempt.c
 *		The texts of one reading that were tried before.
 *
 *		Nothing is kept beyond the reading: what a text means may be another thing
 *		when the next declaration comes.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "schema/attempt.h"
#include "schema/predicate.h"
#include "utils/hsearch.h"

#define ATTEMPTS_AT_FIRST	64

static uint32
hash_key(const void *key, Size size)
{
	const char *text = *(const char *const *) key;

	return hash_bytes((const unsigned char *) text, strlen(text));
}

static int
compare_keys(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static HTAB *
make_table(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(char *);
	control.entrysize = sizeof(Attempt);
	control.hash = hash_key;
	control.match = compare_keys;
	control.hcxt = CurrentMemoryContext;
	return hash_create("plasma attempts", ATTEMPTS_AT_FIRST, &control,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

Attempt *
plasma_attempt_find(FaultList *faults, const char *what, const char *text)
{
	const char *key = psprintf("%s %s", what, text);
	Attempt	   *attempt;
	bool		found;

	if (faults->attempts == NULL)
		faults->attempts = make_table();
	attempt = hash_search(faults->attempts, &key, HASH_ENTER, &found);
	if (!found)
	{
		*attempt = (Attempt) {key};
		attempt->typmod = -1;
	}
	return attempt;
}

const char *
plasma_attempt_expression(FaultList *faults, const char *text)
{
	Attempt	   *attempt = plasma_attempt_find(faults, "expression", text);

	if (!attempt->done)
		attempt->message = plasma_predicate_fault(text);
	attempt->done = true;
	return attempt->message;
}
