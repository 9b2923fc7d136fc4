/*
 * castable.c
 *		What a change of a column's type does to its values.
 *
 *		Decided from types and modifiers alone, as the server decides whether it
 *		rewrites the table.  Pairs of built-in types whose values all survive are
 *		in a table; whatever other cast there is may lose something.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "schema/castable.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Casts that keep every value, and rewrite it. */
static const struct
{
	Oid			from;
	Oid			to;
}			widenings[] = {
	{INT2OID, INT4OID},
	{INT2OID, INT8OID},
	{INT4OID, INT8OID},
	{INT2OID, NUMERICOID},
	{INT4OID, NUMERICOID},
	{INT8OID, NUMERICOID},
	{INT2OID, FLOAT4OID},
	{INT2OID, FLOAT8OID},
	{INT4OID, FLOAT8OID},
	{FLOAT4OID, FLOAT8OID},
	{DATEOID, TIMESTAMPOID},
	{JSONOID, JSONBOID},
	{JSONBOID, JSONOID},
	{MACADDROID, MACADDR8OID},
};

/* The digits that an integer type may have before the point. */
static int
integer_digits(Oid typid)
{
	switch (typid)
	{
		case INT2OID:
			return 5;
		case INT4OID:
			return 10;
		case INT8OID:
			return 19;
		default:
			return 0;
	}
}

static int
numeric_precision(int32 typmod)
{
	return ((typmod - VARHDRSZ) >> 16) & 0xffff;
}

/* A scale is kept as eleven bits with a sign. */
static int
numeric_scale(int32 typmod)
{
	return (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
}

static Castable
numeric_lengths(int32 from, int32 to)
{
	int			more = numeric_precision(to) - numeric_precision(from);
	int			scale = numeric_scale(to) - numeric_scale(from);

	if (scale == 0 && more >= 0)
		return CAST_RELABEL;
	return scale >= 0 && more >= scale ? CAST_WIDENS : CAST_NARROWS;
}

/* The low half of an interval's modifier is its precision, the high one its fields. */
static Castable
interval_lengths(int32 from, int32 to)
{
	bool		fields = INTERVAL_RANGE(to) == INTERVAL_FULL_RANGE ||
		INTERVAL_RANGE(to) == INTERVAL_RANGE(from);
	bool		precision = INTERVAL_PRECISION(to) == INTERVAL_FULL_PRECISION ||
		INTERVAL_PRECISION(to) >= MAX_INTERVAL_PRECISION ||
		(INTERVAL_PRECISION(from) != INTERVAL_FULL_PRECISION &&
		 INTERVAL_PRECISION(to) >= INTERVAL_PRECISION(from));

	return fields && precision ? CAST_RELABEL : CAST_NARROWS;
}

/* Within one type, from one modifier to another; -1 takes everything. */
static Castable
lengths(Oid typid, int32 from, int32 to)
{
	if (from == to || (to < 0 && typid != BPCHAROID))
		return CAST_RELABEL;
	switch (typid)
	{
		case BPCHAROID:
			return to < 0 || (from >= 0 && to > from) ? CAST_WIDENS : CAST_NARROWS;
		case VARCHAROID:
		case VARBITOID:
			return from >= 0 && to > from ? CAST_RELABEL : CAST_NARROWS;
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return to >= MAX_TIMESTAMP_PRECISION || (from >= 0 && to > from) ?
				CAST_RELABEL : CAST_NARROWS;
		case NUMERICOID:
			return from < 0 ? CAST_NARROWS : numeric_lengths(from, to);
		case INTERVALOID:
			return interval_lengths(from < 0 ? INTERVAL_TYPMOD(INTERVAL_FULL_PRECISION,
															   INTERVAL_FULL_RANGE) : from, to);
		default:
			return CAST_NARROWS;
	}
}

static bool
is_string(Oid typid)
{
	return TypeCategory(typid) == TYPCATEGORY_STRING;
}

static bool
is_widening(Oid from, Oid to)
{
	for (int i = 0; i < lengthof(widenings); i++)
		if (widenings[i].from == from && widenings[i].to == to)
			return true;
	return false;
}

/* The server passes over this cast where the zone has no offset, ever. */
static bool
is_zone_change(Oid from, Oid to)
{
	return (from == TIMESTAMPOID && to == TIMESTAMPTZOID) ||
		(from == TIMESTAMPTZOID && to == TIMESTAMPOID);
}

static Castable between(Oid from, int32 from_mod, Oid to, int32 to_mod);

/* The server casts element by element and never sees that nothing changes. */
static Castable
between_arrays(Oid from, int32 from_mod, Oid to, int32 to_mod)
{
	Castable	element = between(get_element_type(from), from_mod,
								  get_element_type(to), to_mod);

	return element == CAST_RELABEL ? CAST_WIDENS : element;
}

/* Whether what is cast to a type of some length can be longer than that. */
static Castable
shortened(Castable castable, Oid from, Oid to, int32 to_mod)
{
	int			digits = integer_digits(from);

	if (to_mod < 0)
		return castable;
	if (to == NUMERICOID && digits > 0 &&
		numeric_precision(to_mod) - numeric_scale(to_mod) >= digits &&
		numeric_scale(to_mod) >= 0)
		return castable;
	return CAST_NARROWS;
}

static Castable
between_types(Oid from, Oid to, int32 to_mod)
{
	Oid			function;
	CoercionPathType path = find_coercion_pathway(to, from, COERCION_EXPLICIT, &function);

	if (is_widening(from, to))
		return shortened(CAST_WIDENS, from, to, to_mod);
	if (is_zone_change(from, to))
		return TimestampTimestampTzRequiresRewrite() ? CAST_NARROWS :
			shortened(CAST_RELABEL, from, to, to_mod);
	if (path == COERCION_PATH_NONE)
		return CAST_NONE;
	if (path == COERCION_PATH_RELABELTYPE)
		return shortened(CAST_RELABEL, from, to, to_mod);

	/*
	 * A text has the form of any value, but few texts that of a value.  Those of
	 * floats may be shorter than they are.
	 */
	if (is_string(to))
		return shortened((to == TEXTOID || to == VARCHAROID) && extra_float_digits >= 1 ?
						 CAST_WIDENS : CAST_NARROWS, from, to, to_mod);
	if (path == COERCION_PATH_COERCEVIAIO)
		return type_is_enum(to) ? CAST_NARROWS : CAST_NONE;
	return CAST_NARROWS;
}

static Castable
between(Oid from, int32 from_mod, Oid to, int32 to_mod)
{
	if (from == to)
		return lengths(from, from_mod, to_mod);
	if (OidIsValid(get_element_type(from)) && OidIsValid(get_element_type(to)))
		return between_arrays(from, from_mod, to, to_mod);

	/* text is varchar without a length, and the length is looked at alone. */
	if (from == VARCHAROID && to == TEXTOID)
		return CAST_RELABEL;
	if (from == TEXTOID && to == VARCHAROID)
		return lengths(VARCHAROID, -1, to_mod);
	return between_types(from, to, to_mod);
}

/* An enum that is still to be made takes what is text, or was another enum. */
static Castable
to_new_enum(const ModelColumn *from, const ModelColumn *to)
{
	Oid			typid = OidIsValid(from->typid) ? getBaseType(from->typid) : InvalidOid;

	if (from->array != to->array && (from->enumeration != NULL || to->array))
		return CAST_NONE;
	return from->enumeration != NULL || is_string(typid) ? CAST_NARROWS : CAST_NONE;
}

Castable
plasma_castable_types(const ModelColumn *from, const ModelColumn *to)
{
	int32		from_mod = from->typmod;
	int32		to_mod = to->typmod;
	Oid			from_base = from->typid;
	Oid			to_base = to->typid;
	Castable	castable;

	if (!OidIsValid(to->typid) || !OidIsValid(from->typid))
		return to_new_enum(from, to);
	from_base = getBaseTypeAndTypmod(from_base, &from_mod);
	to_base = getBaseTypeAndTypmod(to_base, &to_mod);
	if (type_is_enum(from_base) && type_is_enum(to_base) && from_base != to_base)
		return CAST_NARROWS;
	castable = between(from_base, from_mod, to_base, to_mod);
	if (castable != CAST_NONE && to->typid != from->typid &&
		DomainHasConstraints(to->typid))
		return CAST_NARROWS;
	return castable;
}
