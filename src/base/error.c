/*
 * error.c
 *		Sorting of errors: which ones a retry may cure.
 */
#include "postgres.h"

#include "base/error.h"

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
