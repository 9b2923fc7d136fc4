/*
 * question.c
 *		The only writer of the SQL by which data is asked.
 *
 *		The texts run as the caller, under a search path that is not ours: names
 *		are qualified and operators written in full.  The whole inheritance tree
 *		is asked.  A column that is not there yet is stood in for by its default
 *		or its expression.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/pg_operator.h"
#include "parser/parse_coerce.h"
#include "plan/question.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* What stands for a column that is not there: no table is likely to have it. */
#define STAND_IN	"plasma_value"

static char *
relation_of(const ModelTable *table)
{
	return plasma_text_qualified(table->schema, table->name);
}

static char *
join_expression(const ModelTable *table, const char *expression)
{
	return psprintf("%s t, LATERAL (SELECT %s AS " STAND_IN ") x",
					relation_of(table), expression);
}

/* An expression may end in a comment. */
static char *
expression_of(const ModelColumn *column)
{
	const char *text = column->generated ? column->generated : column->default_sql;

	if (text == NULL)
		return "NULL";
	if (!OidIsValid(column->typid))
		return psprintf("(\n%s\n)", text);
	return psprintf("(\n%s\n)::%s", text, plasma_model_type(column));
}

static char *
orphan_condition(const PlanChange *change, const char *value)
{
	const ModelTable *target = change->live_target;
	const char *key = list_length(change->target->key) == 1 ?
		linitial(change->target->key) : NULL;

	if (target == NULL || key == NULL || plasma_model_column(target, key) == NULL)
		return psprintf("%s IS NOT NULL", value);
	return psprintf("%s IS NOT NULL AND NOT EXISTS (SELECT FROM %s r"
					" WHERE r.%s OPERATOR(pg_catalog.=) %s)",
					value, relation_of(target), quote_identifier(key), value);
}

static char *
labels_text(const ModelEnum *enumeration)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoString(&out, "ARRAY[");
	foreach(cell, enumeration->labels)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) ? ", " : "",
						 plasma_text_literal(lfirst(cell)));
	appendStringInfoString(&out, "]::pg_catalog.text[]");
	return out.data;
}

static char *
label_condition(const ModelColumn *column, const char *value)
{
	char	   *labels = labels_text(column->enumeration);

	if (column->array)
		return psprintf("EXISTS (SELECT FROM pg_catalog.unnest(%s::pg_catalog.text[]) e"
						" WHERE e OPERATOR(pg_catalog.<>) ALL (%s))", value, labels);
	return psprintf("%s::pg_catalog.text OPERATOR(pg_catalog.<>) ALL (%s)",
					value, labels);
}

/* What a check does not let through is false; unknown it does. */
static char *
shape_condition(const PlanChange *change)
{
	ModelColumn column = *change->declared;
	char	   *condition;

	column.name = STAND_IN;
	condition = plasma_model_check(&column);
	return condition ? psprintf("(%s) IS FALSE", condition) : "false";
}

/* How values of a type are compared, or NULL when they are compared as texts. */
static char *
equality_of(Oid typid)
{
	Oid			operator = lookup_type_cache(typid, TYPECACHE_EQ_OPR)->eq_opr;
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

/* Without a cast, as between two enums, a value goes by its text. */
static bool
has_cast(const PlanChange *change)
{
	Oid			from = change->live->typid;
	Oid			to = change->declared->typid;
	Oid			function;

	return from == to ||
		find_coercion_pathway(to, from, COERCION_EXPLICIT, &function) != COERCION_PATH_NONE;
}

char *
plasma_question_lossy(const PlanChange *change, const char *value)
{
	const char *old = plasma_model_type(change->live);
	const char *new = plasma_model_type(change->declared);
	char	   *equality = equality_of(change->live->typid);
	char	   *back = psprintf("(%s%s::%s)::pg_catalog.text", value,
								has_cast(change) ? "" : "::pg_catalog.text", new);

	if (equality == NULL)
		return psprintf("(%s::%s)::pg_catalog.text OPERATOR(pg_catalog.<>) %s::pg_catalog.text",
						back, old, value);
	return psprintf("(%s::%s %s %s) IS NOT TRUE", back, old, equality, value);
}

static char *
condition_of(const PlanChange *change, CheckKind kind, const char *value)
{
	switch (kind)
	{
		case CHECK_VALUES:
		case CHECK_DUPLICATES:
			return psprintf("%s IS NOT NULL", value);
		case CHECK_NULLS:
			return psprintf("%s IS NULL", value);
		case CHECK_ORPHANS:
			return orphan_condition(change, value);
		case CHECK_LABELS:
			return label_condition(change->declared, value);
		case CHECK_CASTS:
			return psprintf("%s IS NOT NULL AND %s", value,
							plasma_question_lossy(change, value));
		case CHECK_SHAPES:
			return shape_condition(change);
		default:
			return NULL;
	}
}

Question
plasma_question_make(const PlanChange *change, CheckKind kind)
{
	Question	question = {relation_of(change->live_table), NULL, NULL, 1, NIL};
	bool		of_rows = kind == CHECK_ROWS || kind == CHECK_SAME_VALUE;
	char	   *value = "x." STAND_IN;

	if (change->live != NULL)
		value = psprintf("t.%s", quote_identifier(change->live->name));
	if (kind == CHECK_SHAPES && change->live != NULL)
		question.from = join_expression(change->live_table,
										psprintf("%s::%s", value,
												 plasma_model_type(change->declared)));
	else if (change->live == NULL && !of_rows)
		question.from = join_expression(change->live_table,
										expression_of(change->declared));
	else
		question.from = psprintf("%s t", question.from);
	question.where = condition_of(change, kind, value);
	if (kind == CHECK_DUPLICATES)
		question.group = value;
	else if (!of_rows)
		question.key = change->live_table->key;
	if (kind == CHECK_SAME_VALUE)
		question.least = 2;
	return question;
}

static void
append_source(StringInfo out, const Question *question)
{
	appendStringInfo(out, " FROM %s", question->from);
	if (question->where != NULL)
		appendStringInfo(out, " WHERE %s", question->where);
	if (question->group != NULL)
		appendStringInfo(out, " GROUP BY %s HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1",
						 question->group);
}

char *
plasma_question_exists(const Question *question)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT EXISTS (SELECT");
	append_source(&out, question);
	if (question->least > 1)
		appendStringInfo(&out, " OFFSET %d", question->least - 1);
	appendStringInfoChar(&out, ')');
	return out.data;
}

char *
plasma_question_sample(const Question *question, int64 limit, int nsample)
{
	StringInfoData out;
	int			ncolumns = question->group ? 1 : list_length(question->key);

	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT pg_catalog.count(*) OVER ()");
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&out, ", s.k%d", i);
	appendStringInfoString(&out, " FROM (SELECT");
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&out, "%s %s AS k%d", i > 0 ? "," : "",
						 question->group ? question->group :
						 psprintf("t.%s", quote_identifier(list_nth(question->key, i))), i);
	append_source(&out, question);
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&out, "%s k%d", i > 0 ? "," : " ORDER BY", i);
	appendStringInfo(&out, " LIMIT " INT64_FORMAT ") s LIMIT %d", limit + 1, nsample);
	return out.data;
}
