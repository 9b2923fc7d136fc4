/*
 * step_value.c
 *		What DDL does to the values of existing rows: whether a default makes
 *		the server write each of them, and whether clients see a difference.
 *
 *		The server's own rules, asked of the same functions.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "plan/probe.h"
#include "plan/step_maker.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

bool
plasma_step_value_is_volatile(const ModelTable *table, const ModelColumn *column)
{
	return column->identity == IDENTITY_NONE &&
		plasma_probe_default(column) == DEFAULT_VOLATILE;
}

bool
plasma_step_value_may_refuse_null(const ModelColumn *column)
{
	return OidIsValid(column->typid) && DomainHasConstraints(column->typid);
}

bool
plasma_step_value_rewrites(const ModelTable *table, const ModelColumn *column)
{
	return column->generated != NULL || column->identity != IDENTITY_NONE ||
		plasma_step_value_is_volatile(table, column) ||
		plasma_step_value_may_refuse_null(column);
}

/* How the encoder writes values of a type, as far as two types have one form. */
typedef enum ValueForm
{
	FORM_OTHER,
	FORM_INTEGER,
	FORM_DECIMAL_STRING,		/* of kind bigint */
	FORM_TEXT,
	FORM_JSON
} ValueForm;

static ValueForm
form_of(const ModelColumn *column)
{
	Oid			typid = getBaseType(column->typid);

	switch (typid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return column->kind == KIND_BIGINT ? FORM_DECIMAL_STRING : FORM_INTEGER;
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
		case UUIDOID:
			return FORM_TEXT;
		case JSONOID:
		case JSONBOID:
			return FORM_JSON;
		default:
			return type_is_enum(typid) ? FORM_TEXT : FORM_OTHER;
	}
}

bool
plasma_step_value_is_same(const ModelColumn *from, const ModelColumn *to)
{
	ValueForm	form;

	if (!OidIsValid(from->typid) || !OidIsValid(to->typid))
		return to->enumeration != NULL && !to->array;
	form = form_of(from);
	if (form == FORM_OTHER)
		return from->typid == to->typid && from->typmod == to->typmod;
	return form == form_of(to);
}
