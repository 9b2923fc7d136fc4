/*
 * column.c
 *		From the JSON of a column to the model's: kind, type and modifiers.
 *
 *		Types are looked up as the caller's search path has them, in a
 *		subtransaction, so that what the server says of them becomes a fault like
 *		any other.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "catalog/heap.h"
#include "catalog/pg_type.h"
#include "schema/attempt.h"
#include "schema/column.h"
#include "schema/default.h"
#include "schema/modifier.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

static const char *const column_keys[] = {
	"kind", "type", "nullable", "default", "unique", "references", "onDelete",
	"encrypted", "defaultExpression", "generated", "identity", "enum",
	"enforced", "collation"
};

typedef struct TypeTrial
{
	const char *text;
	Attempt	   *trial;
} TypeTrial;

static bool parse_kind(FaultList *faults, const FaultPath *path,
					   ModelColumn *column, const JsonNode *node);
static void parse_type(FaultList *faults, const FaultPath *path,
					   ModelColumn *column, const JsonNode *node);
static void parse_reference(FaultList *faults, const FaultPath *path,
							ModelColumn *column, const JsonNode *node);
static void check_encrypted(FaultList *faults, const FaultPath *path,
							const ModelColumn *column, const JsonNode *node);

ModelColumn *
plasma_column_parse(FaultList *faults, const FaultPath *path,
					const char *name, const JsonNode *node)
{
	ModelColumn *column = palloc0(sizeof(ModelColumn));

	column->name = pstrdup(name);
	column->kind = KIND_SQL;
	column->typmod = -1;
	plasma_fault_name(faults, path, "column", name);
	if (SystemAttributeByName(name) != NULL)
		plasma_fault_add(faults, path,
						 "is the name of a system column; any other name is allowed (ID106)");
	if (!plasma_fault_object(faults, path, node, column_keys,
							 lengthof(column_keys)))
		return column;

	column->nullable = plasma_fault_bool(faults, path, node, "nullable", false);
	column->unique = plasma_fault_bool(faults, path, node, "unique", false);
	column->encrypted = plasma_fault_bool(faults, path, node, "encrypted", false);
	if (!parse_kind(faults, path, column, node))
		return column;
	parse_type(faults, path, column, node);
	parse_reference(faults, path, column, node);
	plasma_modifier_parse(faults, path, column, node);
	if (column->kind == KIND_ID && column->nullable)
		plasma_fault_add(faults, plasma_fault_key(path, "nullable"),
						 "a column of kind id is never nullable");
	if (column->encrypted)
	{
		check_encrypted(faults, path, column, node);
		column->typid = JSONBOID;
		column->typmod = -1;
	}
	return column;
}

static bool
parse_kind(FaultList *faults, const FaultPath *path, ModelColumn *column,
		   const JsonNode *node)
{
	char	   *name = plasma_fault_string(faults, path, node, "kind");

	if (name == NULL && plasma_json_get(node, "kind") != NULL)
		return false;
	if (name == NULL)
	{
		plasma_fault_add(faults, path, "has no kind; a kind is one of %s",
						 plasma_kind_names());
		return false;
	}
	if (plasma_kind_find(name, &column->kind))
		return true;
	plasma_fault_add(faults, plasma_fault_key(path, "kind"),
					 "%s is not a kind; a kind is one of %s",
					 plasma_fault_quote(name), plasma_kind_names());
	return false;
}

static void
try_type(void *arg)
{
	TypeTrial  *type = arg;

	typenameTypeIdAndMod(NULL, plasma_type_name(type->text),
						 &type->trial->typid, &type->trial->typmod);
}

static const Attempt *
find_type(FaultList *faults, const char *text)
{
	TypeTrial	type = {text, plasma_attempt_find(faults, "type", text)};
	ErrorData  *error;

	if (type.trial->done)
		return type.trial;
	error = plasma_spi_try(try_type, &type);
	type.trial->message = error ? error->message : NULL;
	type.trial->done = true;
	return type.trial;
}

static bool
is_serial(const char *text)
{
	static const char *const serials[] = {
		"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"
	};

	for (int i = 0; i < lengthof(serials); i++)
		if (pg_strcasecmp(serials[i], text) == 0)
			return true;
	return false;
}

static void
parse_sql_type(FaultList *faults, const FaultPath *path, ModelColumn *column,
			   const char *text)
{
	const Attempt *trial = find_type(faults, text);

	if (trial->message != NULL && is_serial(text))
		plasma_fault_add(faults, path,
						 "%s is a sequence with a default, not a type; synced rows have keys made by the client, kind id, or a type such as uuid",
						 plasma_fault_quote(text));
	else if (trial->message != NULL)
		plasma_fault_add(faults, path,
						 "%s is not a type: %s; a type that exists is expected, with its schema where that is not in the search_path",
						 plasma_fault_quote(text), trial->message);
	else if (get_typtype(trial->typid) == TYPTYPE_PSEUDO)
		plasma_fault_add(faults, path,
						 "%s is a pseudo-type; a type that a column can have is expected",
						 plasma_fault_quote(text));
	else
	{
		column->typid = trial->typid;
		column->typmod = trial->typmod;
	}
}

static void
parse_type(FaultList *faults, const FaultPath *path, ModelColumn *column,
		   const JsonNode *node)
{
	bool		given = plasma_json_get(node, "type") != NULL;
	char	   *text = plasma_fault_string(faults, path, node, "type");

	column->typid = plasma_kind_ops(column->kind)->typid;
	if (column->kind != KIND_SQL)
	{
		if (given)
			plasma_fault_add(faults, plasma_fault_key(path, "type"),
							 "a type is given for kind sql only, the type of kind %s is fixed",
							 plasma_kind_ops(column->kind)->name);
		return;
	}
	if (!given)
		plasma_fault_add(faults, path,
						 "kind sql needs a type, such as \"type\": \"numeric(10,2)\"");
	if (text != NULL && (plasma_json_get(node, "enum") == NULL || column->encrypted))
		parse_sql_type(faults, plasma_fault_key(path, "type"), column, text);
}

static void
parse_on_delete(FaultList *faults, const FaultPath *path, ModelColumn *column,
				const JsonNode *node, const char *name)
{
	if (!plasma_model_find_on_delete(name, &column->on_delete))
		plasma_fault_add(faults, path,
						 "%s is not an action; cascade, restrict, setNull, setDefault or noAction is expected",
						 plasma_fault_quote(name));
	else if (column->on_delete == ON_DELETE_SET_NULL && !column->nullable)
		plasma_fault_add(faults, path,
						 "setNull needs a column with \"nullable\": true; cascade, restrict and noAction do not");
	else if (column->on_delete == ON_DELETE_SET_DEFAULT && !column->nullable &&
			 plasma_json_get(node, "default") == NULL &&
			 plasma_json_get(node, "defaultExpression") == NULL)
		plasma_fault_add(faults, path,
						 "setDefault needs a column with a default or with \"nullable\": true; cascade, restrict and noAction do not");
}

/* Which table is meant is resolved when all tables are known. */
static void
parse_reference(FaultList *faults, const FaultPath *path, ModelColumn *column,
				const JsonNode *node)
{
	static const char *const keys[] = {"references", "onDelete", "enforced"};
	char	   *on_delete;

	if (column->kind != KIND_REF)
	{
		for (int i = 0; i < lengthof(keys); i++)
			if (plasma_json_get(node, keys[i]) != NULL)
				plasma_fault_add(faults, plasma_fault_key(path, keys[i]),
								 "is allowed with kind ref only");
		return;
	}
	column->references = plasma_fault_string(faults, path, node, "references");
	if (plasma_json_get(node, "references") == NULL)
		plasma_fault_add(faults, path,
						 "kind ref needs the name of a declared table as its references");
	on_delete = plasma_fault_string(faults, path, node, "onDelete");
	if (on_delete != NULL)
		parse_on_delete(faults, plasma_fault_key(path, "onDelete"), column, node,
						on_delete);
	column->enforced = plasma_fault_bool(faults, path, node, "enforced",
										 column->on_delete != ON_DELETE_NO_ACTION);
	if (!column->enforced && column->on_delete != ON_DELETE_NO_ACTION)
		plasma_fault_add(faults, plasma_fault_key(path, "enforced"),
						 "is false, but %s is done by a foreign key; it may be false with noAction",
						 plasma_model_on_delete_name(column->on_delete));
}

/*
 * The server sees an envelope: it cannot compare what is in it, nor make one.
 */
static void
check_encrypted(FaultList *faults, const FaultPath *path, const ModelColumn *column,
				const JsonNode *node)
{
	static const struct
	{
		const char *key;
		const char *what;
		const char *why;
	}			refused[] = {
		{"default", "a default", "the server has no key to encrypt it with"},
		{"defaultExpression", "a default", "the server has no key to encrypt it with"},
		{"generated", "generated values", "the server has no key to encrypt them with"},
		{"identity", "an identity", "the server has no key to encrypt it with"},
		{"enum", "labels", "the server cannot see which one a value is"},
		{"collation", "a collation", "the server cannot compare what is in the envelope"},
	};
	const FaultPath *place = plasma_fault_key(path, "encrypted");

	switch (column->kind)
	{
		case KIND_TEXT:
		case KIND_INT:
		case KIND_BIGINT:
		case KIND_BOOLEAN:
		case KIND_BLOB:
		case KIND_JSON:
		case KIND_SQL:
			break;
		default:
			plasma_fault_add(faults, place,
							 "a column of kind %s cannot be encrypted; text, int, bigint, boolean, blob, json and sql can",
							 plasma_kind_ops(column->kind)->name);
	}
	if (column->unique)
		plasma_fault_add(faults, place,
						 "an encrypted column cannot be unique: equal values have different ciphertexts");
	for (int i = 0; i < lengthof(refused); i++)
		if (plasma_json_get(node, refused[i].key) != NULL)
			plasma_fault_add(faults, place, "an encrypted column cannot have %s: %s",
							 refused[i].what, refused[i].why);
}

void
plasma_column_finish(FaultList *faults, const FaultPath *path, ModelColumn *column,
					 const JsonNode *node)
{
	const JsonNode *value;

	if ((!OidIsValid(column->typid) && column->enumeration == NULL) || column->encrypted)
		return;
	plasma_modifier_finish(faults, path, column);
	if (column->unique && OidIsValid(column->typid) &&
		!OidIsValid(lookup_type_cache(column->typid, TYPECACHE_CMP_PROC)->cmp_proc))
		plasma_fault_add(faults, plasma_fault_key(path, "unique"),
						 "values of type %s have no order, so that no unique index can hold them",
						 plasma_model_type(column));
	value = plasma_json_get(node, "default");
	if (value != NULL)
		plasma_default_parse(faults, plasma_fault_key(path, "default"), column, value);
}
