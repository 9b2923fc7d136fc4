/*
 * reader.h
 *		What is remembered about clients that pull.
 */
#ifndef PLASMA_READER_H
#define PLASMA_READER_H

#include "postgres.h"

#include "utils/jsonb.h"

/*
 * Notes that the client of this pull request was here.  For requests that were
 * answered; where it cannot be noted without waiting it is not, and never an
 * error.
 */
extern void plasma_reader_note(Jsonb *request);

#endif							/* PLASMA_READER_H */
