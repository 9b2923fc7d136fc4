/*
 * error.c
 *		Sorting of errors: which ones a retry may cure.
 */
#include "postgres.h"

#include "base/error.h"

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * A refused write and a missing privilege carry the same SQLSTATE.  The id of
 * the message is its text before it is translated; one that a function raises
 * by itself has another id, whatever it says.
 */
int
plasma_error_code(const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE && error->message_id != NULL &&
		(starts_with(error->message_id, "new row violates row-level security policy") ||
		 starts_with(error->message_id, "target row violates row-level security policy")))
		return ERRCODE_PLASMA_POLICY;
	return error->sqlerrcode;
}

/*
 * Says whether the same request may succeed when it is sent again.  Such an
 * error ends the transaction and is answered 503; it never costs a mutation
 * its id.  A deadlock is worth a retry, a violated constraint is not.
 */
bool
plasma_error_is_retryable(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case MAKE_SQLSTATE('0', '8', '0', '0', '0'):
		case MAKE_SQLSTATE('4', '0', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '3', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '7', '0', '0', '0'):
		case MAKE_SQLSTATE('5', '8', '0', '0', '0'):
		case MAKE_SQLSTATE('7', '2', '0', '0', '0'):
		case MAKE_SQLSTATE('X', 'X', '0', '0', '0'):
			return true;
	}
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlstate == ERRCODE_OBJECT_IN_USE ||
		sqlstate == ERRCODE_READ_ONLY_SQL_TRANSACTION;
}
