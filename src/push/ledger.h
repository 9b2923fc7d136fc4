/*
 * ledger.h
 *		What has already been run: the ids that a push finds, and those that it
 *		leaves.
 */
#ifndef PLASMA_LEDGER_H
#define PLASMA_LEDGER_H

#include "postgres.h"

#include "push/request.h"

typedef enum LedgerStatus
{
	LEDGER_NEW,					/* next in turn: to be run */
	LEDGER_OK,
	LEDGER_FAILED,
	LEDGER_DUPLICATE,
	LEDGER_OUT_OF_ORDER
} LedgerStatus;

typedef struct LedgerEntry
{
	const RequestMutation *mutation;
	LedgerStatus status;
	bool		is_new;			/* was LEDGER_NEW: this push runs it */
	char	   *code;			/* of LEDGER_FAILED, and where a client is unknown */
	char	   *message;
} LedgerEntry;

typedef struct Ledger
{
	const Request *request;
	struct LedgerClient *clients;	/* in bytewise order of their ids */
	int			nclients;
	LedgerEntry *entries;		/* in the order of the request */
	int			nnew;			/* how many are LEDGER_NEW */
} Ledger;

/*
 * Locks the row of each client of the request and says of each mutation
 * whether it is next in turn.
 */
extern Ledger *plasma_ledger_open(const Request *request);

/*
 * Writes what became of the new mutations, all of which must have been run or
 * have failed by now.
 */
extern void plasma_ledger_close(Ledger *ledger);

#endif							/* PLASMA_LEDGER_H */
