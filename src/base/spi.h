/*
 * spi.h
 *		The only caller of SPI.  A statement runs either as the caller, under
 *		whose row-level security and search path user data is read and written,
 *		or as the extension's owner under a fixed search path, for plasma's own
 *		tables.
 */
#ifndef PLASMA_SPI_H
#define PLASMA_SPI_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "executor/tuptable.h"

typedef enum SpiWho
{
	SPI_CALLER,
	SPI_OWNER
} SpiWho;

typedef struct SpiParam
{
	Oid			type;
	Datum		value;
	bool		isnull;
} SpiParam;

/* Rows in the memory context of whoever asked for them. */
typedef struct SpiRows
{
	uint64		nrows;
	TupleDesc	desc;
	HeapTuple  *rows;
} SpiRows;

/*
 * Receives one row in a context that is reset after it; false ends the scan.
 * The columns' names are those of desc: the slot may be one from deep inside
 * the plan, whose descriptor has none.
 */
typedef bool (*SpiRowFn) (TupleTableSlot *slot, TupleDesc desc, void *arg);

/* Parameters of the usual types, for initialisers of SpiParam arrays. */
#define SPI_TEXT(cstring) \
	{TEXTOID, (cstring) ? CStringGetTextDatum(cstring) : (Datum) 0, (cstring) == NULL}
#define SPI_INT8(number)	{INT8OID, Int64GetDatum(number), false}
#define SPI_DATUM(oid, datum)	{(oid), (datum), false}
#define SPI_NULL(oid)	{(oid), (Datum) 0, true}

/* Reads in the active snapshot.  Plans are kept by the text of the query. */
extern SpiRows *plasma_spi_read(SpiWho who, const char *sql,
								int nparams, const SpiParam *params);

/* Reads in the active snapshot, row by row, without gathering the rows. */
extern uint64 plasma_spi_scan(SpiWho who, const char *sql,
							  int nparams, const SpiParam *params,
							  SpiRowFn fn, void *arg);

/* Writes, and returns the rows of a RETURNING clause. */
extern SpiRows *plasma_spi_write(SpiWho who, const char *sql,
								 int nparams, const SpiParam *params);

/* Runs DDL or any other command once; no plan is kept. */
extern void plasma_spi_command(SpiWho who, const char *sql);

/* One field: its datum, or its text form (NULL where it is null). */
extern Datum plasma_spi_datum(const SpiRows *rows, uint64 row, int column,
							  bool *isnull);
extern char *plasma_spi_text(const SpiRows *rows, uint64 row, int column);
extern Oid	plasma_spi_oid(const SpiRows *rows, uint64 row, int column);	/* InvalidOid for null */
extern int64 plasma_spi_int8(const SpiRows *rows, uint64 row, int column);
extern uint64 plasma_spi_xid(const SpiRows *rows, uint64 row, int column);	/* of xid8 */
extern bool plasma_spi_bool(const SpiRows *rows, uint64 row, int column);

/*
 * Runs fn in a subtransaction.  Returns NULL, or the error that undid it, in
 * the caller's context; an error worth a retry is raised instead.
 */
extern ErrorData *plasma_spi_try(void (*fn) (void *), void *arg);

/*
 * The same for what an expression of the application is asked: an internal
 * error, which may be one that its functions raise, is returned, too.
 */
extern ErrorData *plasma_spi_evaluate(void (*fn) (void *), void *arg);

/*
 * Runs fn in a subtransaction and forgets its failure, of which it says so;
 * only a cancelled query or a server that stops is raised.
 */
extern bool plasma_spi_optional(void (*fn) (void *), void *arg);

/*
 * Runs fn in a subtransaction. Returns NULL, or the error that undid it, those
 * included that a retry may cure; only a cancelled query, a server that stops
 * and what has to end the transaction are raised.
 */
extern ErrorData *plasma_spi_catch(void (*fn) (void *), void *arg);

/* The same, but the subtransaction is rolled back in any case. */
extern ErrorData *plasma_spi_undo(void (*fn) (void *), void *arg);

/* The role that owns plasma's own objects. */
extern Oid	plasma_spi_owner(void);

/*
 * For code that somebody else may have written: it gets the rights of its author
 * where the caller could give itself those, and leaves no setting behind.  The
 * end of a subtransaction that fails does what plasma_spi_return does.
 */
typedef struct SpiRights
{
	Oid			userid;
	int			sec_context;
	int			guc_level;
} SpiRights;

extern SpiRights plasma_spi_become(Oid author);

/*
 * The same for code that is the author's and nobody else's, as that of a domain
 * is: it never gets the rights of the caller, whoever that is.  What belongs to
 * superusers is trusted, and would be too powerful in the hands of others.
 */
extern SpiRights plasma_spi_become_author(Oid author);
extern void plasma_spi_return(const SpiRights *rights);

#endif							/* PLASMA_SPI_H */
