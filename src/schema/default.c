/*
 * default.c
 *		From the JSON of a default to an SQL literal of the column's type.
 *
 *		The kind makes the text of a value of it, and the type's own input
 *		function says whether it is one, type modifier and domain constraints
 *		included.  The literal has the text and nothing else that was declared.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "schema/attempt.h"
#include "schema/default.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

typedef struct DefaultTrial
{
	const ModelColumn *column;
	char	   *text;
	bool		fits;
} DefaultTrial;

static Oid
type_owner(Oid typid)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", typid);
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The constraints of a domain are code of its owner's. */
static void
try_default(void *arg)
{
	DefaultTrial *trial = arg;
	const char *shape = plasma_kind_ops(trial->column->kind)->shape;
	SpiRights	rights = plasma_spi_become_author(type_owner(trial->column->typid));
	Oid			input;
	Oid			param;
	Datum		value;

	getTypeInputInfo(trial->column->typid, &input, &param);
	value = OidInputFunctionCall(input, trial->text, param, trial->column->typmod);
	plasma_spi_return(&rights);
	trial->fits = shape == NULL ||
		DatumGetBool(DirectFunctionCall4(jsonb_path_exists, value,
										 DirectFunctionCall1(jsonpath_in, CStringGetDatum(shape)),
										 DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")),
										 BoolGetDatum(true)));
}

/* The elements of an array in its text form that are not null: char *. */
static List *
array_texts(const char *literal)
{
	Datum		array = OidInputFunctionCall(F_ARRAY_IN, pstrdup(literal), TEXTOID, -1);
	Datum	   *values;
	bool	   *nulls;
	int			count;
	List	   *texts = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(values[i]));
	return texts;
}

/*
 * A label that the type is going to have will do; so what is asked is the
 * declaration, not the type.
 */
static void
try_labels(void *arg)
{
	DefaultTrial *trial = arg;
	List	   *labels = trial->column->enumeration->labels;
	List	   *given = list_make1(trial->text);
	ListCell   *cell;

	if (trial->column->array)
		given = array_texts(trial->text);
	foreach(cell, given)
		if (plasma_text_position(labels, lfirst(cell)) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("%s is not one of its labels",
							plasma_fault_quote(lfirst(cell)))));
	trial->fits = true;
}

/*
 * Words such as "now" would be taken once, when the table is made, and stay
 * the default for ever; whoever writes them means something else.
 */
static const char *
moving_word(Oid typid, const char *text)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
	char		category;
	bool		preferred;
	char	   *lower = asc_tolower(text, strlen(text));

	get_type_category_preferred(getBaseType(typid), &category, &preferred);
	if (category != TYPCATEGORY_DATETIME)
		return NULL;
	for (int i = 0; i < lengthof(words); i++)
	{
		char	   *found = strstr(lower, words[i]);
		int			len = strlen(words[i]);

		if (found != NULL && !isalpha((unsigned char) found[len]) &&
			(found == lower || !isalpha((unsigned char) found[-1])))
			return words[i];
	}
	return NULL;
}

/* The message of the error that the text makes, or NULL; sets fits. */
static const char *
why_not(FaultList *faults, DefaultTrial *trial)
{
	const ModelColumn *column = trial->column;
	char	   *what = psprintf("default %u %d %d", column->typid, column->typmod,
								column->kind);
	Attempt	   *known = column->enumeration ? palloc0(sizeof(Attempt)) :
		plasma_attempt_find(faults, what, trial->text);
	ErrorData  *error;

	if (!known->done)
	{
		error = plasma_spi_evaluate(column->enumeration ? try_labels : try_default, trial);
		known->message = error ? error->message : NULL;
		known->fits = trial->fits;
		known->done = true;
	}
	trial->fits = known->fits;
	return known->message;
}

void
plasma_default_parse(FaultList *faults, const FaultPath *path, ModelColumn *column,
					 const JsonNode *node)
{
	const ColumnKindOps *ops = plasma_kind_ops(column->kind);
	DefaultTrial trial = {column, NULL, false};
	const char *message;
	const char *wanted = NULL;
	const char *word;

	if (ops->default_text == NULL)
	{
		plasma_fault_add(faults, path, "a column of kind %s has no default", ops->name);
		return;
	}
	if (node->type == JSON_NODE_NULL)
	{
		if (!column->nullable)
			plasma_fault_add(faults, path,
							 "is null, but the column is not nullable; null is allowed with \"nullable\": true");
		return;
	}
	trial.text = ops->default_text(node, &wanted);
	if (trial.text == NULL)
	{
		plasma_fault_add(faults, path, "is %s that kind %s does not take; it takes %s",
						 plasma_json_type_name(node), ops->name, wanted);
		return;
	}
	message = why_not(faults, &trial);
	word = message || column->enumeration ? NULL : moving_word(column->typid, trial.text);
	if (message != NULL)
		plasma_fault_add(faults, path, "is not a value of type %s: %s",
						 plasma_model_type(column), message);
	else if (!trial.fits)
		plasma_fault_add(faults, path, "is an object that kind %s does not take; it takes %s",
						 ops->name, wanted);
	else if (word != NULL)
		plasma_fault_add(faults, path,
						 "\"%s\" is not a constant; a default is a constant, a time that moves is set by the mutator",
						 word);
	else
		column->default_sql = psprintf("%s::%s", plasma_text_literal(trial.text),
									   plasma_model_type(column));
}
