/*
 * label.c
 *		From "type" and "enum" of a column to the enum type that they declare.
 *
 *		The type need not exist.  A name without a schema means a type in the
 *		schema of the table, else one that the caller's search path finds, else
 *		one that is to be made in the schema of the table: so a type that was
 *		made is found again, whatever the search path is then.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "schema/label.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* A type, and where it was declared first. */
typedef struct Known
{
	ModelEnum  *type;
	const FaultPath *path;
} Known;

typedef struct NameTrial
{
	char	   *text;
	const char *home;			/* the schema of the table */
	List	   *parts;			/* char *: schema and name, or the name alone */
	Oid			typid;
} NameTrial;

static void
try_parts(void *arg)
{
	NameTrial  *trial = arg;

	trial->parts = plasma_text_list(DirectFunctionCall2(parse_ident,
														CStringGetTextDatum(trial->text),
														BoolGetDatum(true)));
}

static void
try_lookup(void *arg)
{
	NameTrial  *trial = arg;
	Oid			home = get_namespace_oid(trial->home, true);
	TypeName   *name = plasma_type_name(trial->text);
	Type		type;

	if (list_length(trial->parts) == 1 && OidIsValid(home))
		trial->typid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum(linitial(trial->parts)),
									   ObjectIdGetDatum(home));
	if (OidIsValid(trial->typid))
		return;
	type = LookupTypeName(NULL, name, NULL, true);
	if (type == NULL)
		return;
	trial->typid = typeTypeId(type);
	ReleaseSysCache(type);
}

/* Takes [] from the end of the text, if it is there. */
static char *
element_text(const char *text, bool *array)
{
	char	   *copy = pstrdup(text);
	int			len = strlen(copy);

	while (len > 0 && isspace((unsigned char) copy[len - 1]))
		len--;
	copy[len] = '\0';
	*array = len > 2 && strcmp(copy + len - 2, "[]") == 0;
	if (*array)
		copy[len - 2] = '\0';
	return copy;
}

/* False, and noted, when the text is no name that a type can have. */
static bool
split_name(FaultList *faults, const FaultPath *path, NameTrial *trial)
{
	int			before = list_length(faults->lines);
	ErrorData  *error = plasma_spi_try(try_parts, trial);
	int			count = list_length(trial->parts);

	if (error != NULL || count > 2)
	{
		plasma_fault_add(faults, path,
						 "%s is not the name of an enum type; mood, app.mood or mood[] is expected",
						 plasma_fault_quote(trial->text));
		return false;
	}
	if (count == 2)
		plasma_fault_schema(faults, path, linitial(trial->parts));
	plasma_fault_name(faults, path, "type", llast(trial->parts));
	return list_length(faults->lines) == before;
}

static void
name_type(ModelEnum *type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type->typid));
	Form_pg_type form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type->typid);
	form = (Form_pg_type) GETSTRUCT(tuple);
	type->schema = get_namespace_name(form->typnamespace);
	type->name = pstrdup(NameStr(form->typname));
	ReleaseSysCache(tuple);
}

/* The type that a column names, or NULL with a fault noted. */
static ModelEnum *
find_type(FaultList *faults, const FaultPath *path, const char *home, char *text)
{
	NameTrial	trial = {text, home, NIL, InvalidOid};
	ModelEnum  *type = palloc0(sizeof(ModelEnum));
	ErrorData  *error;

	if (!split_name(faults, path, &trial))
		return NULL;
	error = plasma_spi_try(try_lookup, &trial);
	if (error != NULL)
	{
		plasma_fault_add(faults, path, "%s is not the name of an enum type: %s",
						 plasma_fault_quote(text), error->message);
		return NULL;
	}
	type->typid = trial.typid;
	if (!OidIsValid(trial.typid))
	{
		type->schema = list_length(trial.parts) == 2 ? linitial(trial.parts) :
			pstrdup(home);
		type->name = llast(trial.parts);
		return type;
	}
	if (!type_is_enum(trial.typid))
	{
		plasma_fault_add(faults, path,
						 "%s is a type that is no enum; the name of an enum type, or of none, is expected",
						 plasma_fault_quote(text));
		return NULL;
	}
	name_type(type);
	return type;
}

static List *
parse_labels(FaultList *faults, const FaultPath *path, const JsonNode *node)
{
	List	   *labels = NIL;
	ListCell   *cell;

	if (node->type != JSON_NODE_ARRAY)
	{
		plasma_fault_add(faults, path, "is %s; an array of labels is expected",
						 plasma_json_type_name(node));
		return NIL;
	}
	foreach(cell, node->items)
	{
		const FaultPath *at = plasma_fault_index(path, foreach_current_index(cell));
		JsonNode   *item = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (item->type != JSON_NODE_STRING)
			plasma_fault_add(faults, at, "is %s; a label, which is a string, is expected",
							 plasma_json_type_name(item));
		else if (strlen(item->text) >= NAMEDATALEN)
			plasma_fault_add(faults, at, "the label has %d bytes; at most %d are allowed (ID101)",
							 (int) strlen(item->text), NAMEDATALEN - 1);
		else if (plasma_text_position(labels, item->text) >= 0)
			plasma_fault_add(faults, at, "%s is a label already; each one may be listed once",
							 plasma_fault_quote(item->text));
		else
			labels = lappend(labels, item->text);
	}
	return labels;
}

/* Two columns of one type cannot have it with other labels. */
static ModelEnum *
share(FaultList *faults, const FaultPath *path, List **known, ModelEnum *type)
{
	Known	   *first;
	ListCell   *cell;

	foreach(cell, *known)
	{
		first = lfirst(cell);
		if (strcmp(first->type->schema, type->schema) != 0 ||
			strcmp(first->type->name, type->name) != 0)
			continue;
		if (!plasma_text_same(first->type->labels, type->labels))
			plasma_fault_add(faults, plasma_fault_key(path, "enum"),
							 "the labels of type %s differ from those at %s; a type has one list of labels",
							 plasma_text_qualified(type->schema, type->name),
							 plasma_fault_path_text(first->path));
		return first->type;
	}
	first = palloc(sizeof(Known));
	first->type = type;
	first->path = path;
	*known = lappend(*known, first);
	return type;
}

void
plasma_label_parse(FaultList *faults, const FaultPath *path, List **known,
						 const ModelTable *table, ModelColumn *column,
						 const JsonNode *node)
{
	const FaultPath *place = plasma_fault_key(path, "enum");
	const JsonNode *labels = plasma_json_get(node, "enum");
	const JsonNode *text = plasma_json_get(node, "type");
	char	   *element;
	ModelEnum  *type;
	List	   *list;

	if (labels == NULL || column->encrypted)
		return;
	if (column->kind != KIND_SQL)
	{
		plasma_fault_add(faults, place, "is allowed with kind sql only");
		return;
	}
	list = parse_labels(faults, place, labels);
	if (text == NULL || text->type != JSON_NODE_STRING)
		return;
	element = element_text(text->text, &column->array);
	type = find_type(faults, plasma_fault_key(path, "type"), table->schema, element);
	if (type == NULL)
		return;
	type->labels = list;
	column->enumeration = share(faults, path, known, type);
	if (OidIsValid(type->typid))
		column->typid = column->array ? get_array_type(type->typid) : type->typid;
}

void
plasma_label_check(FaultList *faults, List *known, const Model *model)
{
	ListCell   *cell;

	foreach(cell, known)
	{
		Known	   *at = lfirst(cell);
		ModelTable *table = plasma_model_table(model, at->type->name);

		if (table != NULL && strcmp(table->schema, at->type->schema) == 0)
			plasma_fault_add(faults, plasma_fault_key(at->path, "type"),
							 "%s is a declared table; the type of its rows has that name",
							 plasma_fault_quote(table->name));
	}
}
