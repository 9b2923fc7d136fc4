/*
 * form.h
 *		How one value of a type is written: as JSON, and as plain text.
 */
#ifndef PLASMA_FORM_H
#define PLASMA_FORM_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

typedef struct ValueForm ValueForm;

typedef void (*ValueWriter) (ValueForm *form, Datum value, StringInfo out);

struct ValueForm
{
	ValueWriter json;
	ValueWriter text;
	Oid			typid;			/* the base type of a domain */
	int			settings;		/* groups to hold fixed while writing */
	FmgrInfo	output;			/* of types without a form of their own */
	void	   *nested;			/* of arrays and composites: encode.c's */
};

/*
 * Fills the form of a type.  Lives, as does what output functions cache, in
 * the current context.  Containers get the text of their output function.
 */
extern void plasma_form_make(ValueForm *form, Oid typid);

/* For int8 values that a JSON number of a client would round. */
extern void plasma_form_json_quoted(ValueForm *form, Datum value, StringInfo out);

#endif							/* PLASMA_FORM_H */
