/*
 * words.c
 *		From and to, in words: what a change changes.
 */
#include "postgres.h"

#include "plan/probe.h"
#include "plan/words.h"
#include "utils/builtins.h"

char *
plasma_words_type(const ModelColumn *column)
{
	if (!OidIsValid(column->typid))
		return plasma_model_type(column);
	return format_type_extended(column->typid, column->typmod, FORMAT_TYPE_TYPEMOD_GIVEN);
}

char *
plasma_words_list(List *texts)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, texts)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) ? ", " : "",
						 (char *) lfirst(cell));
	return out.data;
}

const char *
plasma_words_table(const PlanChange *change)
{
	return change->table ? change->table->name :
		change->past_table ? change->past_table->name : change->live_table->name;
}

const char *
plasma_words_column(const PlanChange *change)
{
	const ModelColumn *column = change->declared ? change->declared :
		change->past ? change->past : change->live;

	return column ? column->name : NULL;
}

/* Of kind sql the type is what tells one from the other. */
static const char *
kind_words(const ModelColumn *column)
{
	return column->kind == KIND_SQL ? plasma_words_type(column) :
		plasma_kind_ops(column->kind)->name;
}

static const char *
key_words(const ModelTable *table)
{
	if (table == NULL || table->key == NIL)
		return "none";
	return psprintf("(%s)", plasma_words_list(table->key));
}

static const char *
scope_words(const ModelTable *table)
{
	if (table == NULL || table->scope == NULL)
		return "none";
	return psprintf("%s (%s)", table->scope, plasma_words_list(table->scope_columns));
}

static const char *
source_words(const ModelColumn *column)
{
	static const char *const identities[] = {
		[IDENTITY_NONE] = "a plain column",
		[IDENTITY_ALWAYS] = "an identity (always)",
		[IDENTITY_BY_DEFAULT] = "an identity (by default)",
		[IDENTITY_SERIAL] = "a serial"
	};

	if (column->generated == NULL)
		return identities[column->identity];
	return psprintf("generated as %s%s", column->generated,
					column->facts != NULL && column->facts->virtual ? " when it is read" : "");
}

static const char *
collation_words(const ModelColumn *column)
{
	const char *text = plasma_model_collation(column);

	return text ? text : "that of its type";
}

static void
type_words(const PlanChange *change, IssueWords *words)
{
	const ModelColumn *key = plasma_probe_target_key(change);
	const ModelColumn *column = change->live ? change->live : change->declared;

	words->type = column ? plasma_words_type(column) : NULL;
	words->key_type = key ? plasma_words_type(key) : NULL;
}

/* What is there of an object that is kept, built or validated again. */
static const char *
found_words(const PlanChange *change)
{
	const ColumnFacts *facts = change->live ? change->live->facts : NULL;

	if (facts == NULL)
		return NULL;
	switch (change->kind)
	{
		case CHANGE_UNIQUE:
			return facts->invalid_unique ? facts->invalid_unique : facts->unique_name;
		case CHANGE_REFERENCE:
		case CHANGE_ENFORCED:
			return facts->foreign_key;
		case CHANGE_CHECK:
			return facts->check;
		default:
			return NULL;
	}
}

IssueWords
plasma_words_of(const PlanChange *change)
{
	IssueWords	words = {NULL};
	const ModelColumn *before = change->past ? change->past : change->live;
	const ModelEnum *labels = change->declared ? change->declared->enumeration : NULL;

	words.labels = labels ? plasma_words_list(labels->labels) : NULL;
	words.r = change->declared ? change->declared->references : NULL;
	words.x = found_words(change);
	type_words(change, &words);
	switch (change->kind)
	{
		case CHANGE_KIND:
			words.a = kind_words(before);
			words.b = kind_words(change->declared);
			break;
		case CHANGE_TYPE:
			words.a = change->live ? plasma_words_type(change->live) : NULL;
			words.b = plasma_words_type(change->declared);
			break;
		case CHANGE_CHECK:
			words.b = plasma_kind_ops(change->declared->kind)->name;
			break;
		case CHANGE_KEY:
			words.a = key_words(change->past_table ? change->past_table : change->live_table);
			words.b = key_words(change->table);
			words.x = psprintf("its key is %s, %s is declared", words.a, words.b);
			break;
		case CHANGE_SCOPE:
			words.a = scope_words(change->past_table);
			words.b = scope_words(change->table);
			break;
		case CHANGE_SCOPE_QUERY:
			words.b = change->table->scope;
			break;
		case CHANGE_SCHEMA:
			words.x = psprintf("it was declared in schema %s", change->past_table->schema);
			break;
		case CHANGE_COLLATION:
			words.a = change->live ? collation_words(change->live) : "?";
			words.b = collation_words(change->declared);
			break;
		case CHANGE_GENERATED:
		case CHANGE_IDENTITY:
			words.a = source_words(change->live ? change->live : before);
			words.b = source_words(change->declared);
			break;
		case CHANGE_ENCRYPTED:
			words.a = before->encrypted ? "encrypted" : "plain";
			words.b = change->declared->encrypted ? "encrypted" : "plain";
			break;
		default:
			break;
	}
	return words;
}
