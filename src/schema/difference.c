/*
 * difference.c
 *		When two tables or two columns differ: a row of functions for each kind of
 *		change.
 *
 *		Of a catalog, what was never declared is no difference, but where it would
 *		be one if an older declaration had it: a default, a unique index or a
 *		foreign key that is there and is not declared.  Pure.
 */
#include "postgres.h"

#include "base/text.h"
#include "catalog/pg_type.h"
#include "schema/difference.h"
#include "schema/kind.h"

typedef bool (*TableDiffers) (const ModelTable *declared, const ModelTable *live);
typedef bool (*ColumnDiffers) (const ModelColumn *declared, const ModelColumn *live);

/* How a change is seen, for each source; NULL where it cannot be. */
typedef struct ChangeOps
{
	TableDiffers table[DIFF_SOURCES];
	ColumnDiffers column[DIFF_SOURCES];
} ChangeOps;

static bool
text_differs(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return strcmp(a, b) != 0;
}

static bool
schema_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->schema, live->schema);
}

static bool
key_differs(const ModelTable *declared, const ModelTable *live)
{
	return !plasma_text_same(declared->key, live->key);
}

/* To have no key at all is an obstacle, and no other key. */
static bool
live_key_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->key != NIL && live->key != NIL && key_differs(declared, live);
}

static bool
auth_read_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->auth_read, live->auth_read);
}

static bool
auth_write_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->auth_write, live->auth_write);
}

static bool
suppressed_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->suppressed != live->suppressed;
}

static bool
history_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->history != live->history;
}

static bool
scope_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->scope, live->scope) ||
		!plasma_text_same(declared->scope_columns, live->scope_columns);
}

static bool
scope_query_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->scope != NULL && live->scope != NULL &&
		strcmp(declared->scope, live->scope) == 0 &&
		text_differs(declared->scope_query, live->scope_query);
}

static bool
kind_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->kind != live->kind;
}

/* Two enums of one name are one type, whether it is made already or not. */
static bool
same_enum(const ModelColumn *a, const ModelColumn *b)
{
	return a->enumeration != NULL && b->enumeration != NULL && a->array == b->array &&
		strcmp(a->enumeration->name, b->enumeration->name) == 0 &&
		strcmp(a->enumeration->schema, b->enumeration->schema) == 0;
}

static bool
type_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (same_enum(declared, live))
		return false;
	return declared->typid != live->typid || declared->typmod != live->typmod ||
		(!OidIsValid(declared->typid) && !OidIsValid(live->typid));
}

static bool
collation_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return OidIsValid(declared->collation) && declared->collation != live->collation;
}

bool
plasma_difference_labels(List *labels, List *others)
{
	ListCell   *cell;

	foreach(cell, labels)
		if (plasma_text_position(others, lfirst(cell)) < 0)
			return true;
	return false;
}

static bool
labels_added(const ModelColumn *declared, const ModelColumn *live)
{
	return same_enum(declared, live) &&
		plasma_difference_labels(declared->enumeration->labels, live->enumeration->labels);
}

static bool
labels_removed(const ModelColumn *declared, const ModelColumn *live)
{
	return same_enum(declared, live) &&
		plasma_difference_labels(live->enumeration->labels, declared->enumeration->labels);
}

/* Of the labels that both have. */
static bool
labels_reordered(const ModelColumn *declared, const ModelColumn *live)
{
	int			last = -1;
	ListCell   *cell;

	if (!same_enum(declared, live))
		return false;
	foreach(cell, declared->enumeration->labels)
	{
		int			position = plasma_text_position(live->enumeration->labels, lfirst(cell));

		if (position >= 0 && position < last)
			return true;
		last = Max(last, position);
	}
	return false;
}

static bool
generated_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return text_differs(declared->generated, live->generated);
}

/*
 * A column that is generated without being declared so is the application's,
 * unless something else is declared of it, or capture cannot see its value.
 */
static bool
live_generated_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (live->facts->virtual)
		return true;
	if (declared->generated != NULL)
		return generated_differs(declared, live);
	return live->generated != NULL &&
		(declared->default_sql != NULL || declared->identity != IDENTITY_NONE);
}

static bool
identity_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->identity != live->identity;
}

static bool
is_identity(const ModelColumn *column)
{
	return column->identity == IDENTITY_ALWAYS || column->identity == IDENTITY_BY_DEFAULT;
}

static bool
live_identity_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (declared->identity != IDENTITY_NONE)
		return identity_differs(declared, live);
	return is_identity(live) && declared->default_sql != NULL;
}

static bool
is_backfilled(const ModelColumn *declared, const ModelColumn *live)
{
	return live->facts->backfill;
}

static bool
nullable_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->nullable != live->nullable;
}

/*
 * A check that was to prove NOT NULL goes when that is done, or given up; and so
 * does a NOT NULL that nobody proved.
 */
static bool
live_nullable_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return nullable_differs(declared, live) ||
		(declared->nullable && live->facts->not_null_unproven != NULL &&
		 live->facts->not_null_generated) ||
		plasma_model_is_passing(live->facts->not_null_check, MODEL_NOT_NULL_CHECK);
}

static bool
unique_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->unique != live->unique;
}

/* A primary key makes its column unique, declared or not. */
static bool
live_unique_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->unique ? !live->unique : live->facts->unique_name != NULL;
}

static bool
default_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return text_differs(declared->default_sql, live->default_sql);
}

/* What generates a value is no default; a difference there is one of its own. */
static bool
live_default_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (declared->generated != NULL || live->generated != NULL ||
		declared->identity != IDENTITY_NONE || is_identity(live))
		return false;
	return default_differs(declared, live);
}

/* A column of json has none: its values have another form. */
static bool
check_is_missing(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->typid == JSONBOID &&
		plasma_kind_shape(declared->kind, declared->encrypted) != NULL &&
		(live->facts->check == NULL || !live->facts->check_valid);
}

static bool
reference_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return text_differs(declared->references, live->references);
}

/* A catalog has nothing of a reference but its foreign key. */
static bool
live_reference_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return live->references != NULL && reference_differs(declared, live);
}

static bool
on_delete_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->on_delete != live->on_delete;
}

static bool
live_on_delete_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->enforced && live->references != NULL &&
		!reference_differs(declared, live) && on_delete_differs(declared, live);
}

static bool
enforced_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->enforced != live->enforced;
}

static bool
live_enforced_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (live_reference_differs(declared, live))
		return false;
	return enforced_differs(declared, live) || live->facts->old_foreign_key != NULL ||
		(declared->enforced && !live->facts->foreign_key_valid);
}

static bool
encrypted_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->encrypted != live->encrypted;
}

/* Both sources, a declaration alone, the catalog alone, or each in its own way. */
#define TABLE_ALWAYS(fn)	{.table = {fn, fn}}
#define TABLE_DECLARED(fn)	{.table = {fn, NULL}}
#define TABLE_EACH(declaration, catalog)	{.table = {declaration, catalog}}
#define COLUMN_ALWAYS(fn)	{.column = {fn, fn}}
#define COLUMN_DECLARED(fn)	{.column = {fn, NULL}}
#define COLUMN_CATALOG(fn)	{.column = {NULL, fn}}
#define COLUMN_EACH(declaration, catalog)	{.column = {declaration, catalog}}

static const ChangeOps changes[CHANGE_KINDS] = {
	[CHANGE_SCHEMA] = TABLE_ALWAYS(schema_differs),
	[CHANGE_KEY] = TABLE_EACH(key_differs, live_key_differs),
	[CHANGE_AUTH_READ] = TABLE_ALWAYS(auth_read_differs),
	[CHANGE_AUTH_WRITE] = TABLE_ALWAYS(auth_write_differs),
	[CHANGE_SUPPRESSED] = TABLE_DECLARED(suppressed_differs),
	[CHANGE_HISTORY] = TABLE_DECLARED(history_differs),
	[CHANGE_SCOPE] = TABLE_DECLARED(scope_differs),
	[CHANGE_SCOPE_QUERY] = TABLE_DECLARED(scope_query_differs),
	[CHANGE_KIND] = COLUMN_DECLARED(kind_differs),
	[CHANGE_TYPE] = COLUMN_ALWAYS(type_differs),
	[CHANGE_COLLATION] = COLUMN_ALWAYS(collation_differs),
	[CHANGE_ENUM_ADDED] = COLUMN_ALWAYS(labels_added),
	[CHANGE_ENUM_REMOVED] = COLUMN_ALWAYS(labels_removed),
	[CHANGE_ENUM_ORDER] = COLUMN_ALWAYS(labels_reordered),
	[CHANGE_GENERATED] = COLUMN_EACH(generated_differs, live_generated_differs),
	[CHANGE_IDENTITY] = COLUMN_EACH(identity_differs, live_identity_differs),
	[CHANGE_BACKFILL] = COLUMN_CATALOG(is_backfilled),
	[CHANGE_NULLABLE] = COLUMN_EACH(nullable_differs, live_nullable_differs),
	[CHANGE_UNIQUE] = COLUMN_EACH(unique_differs, live_unique_differs),
	[CHANGE_DEFAULT] = COLUMN_EACH(default_differs, live_default_differs),
	[CHANGE_CHECK] = COLUMN_CATALOG(check_is_missing),
	[CHANGE_REFERENCE] = COLUMN_EACH(reference_differs, live_reference_differs),
	[CHANGE_ON_DELETE] = COLUMN_EACH(on_delete_differs, live_on_delete_differs),
	[CHANGE_ENFORCED] = COLUMN_EACH(enforced_differs, live_enforced_differs),
	[CHANGE_ENCRYPTED] = COLUMN_DECLARED(encrypted_differs),
};

bool
plasma_difference_table(ChangeKind kind, DiffSource live_is,
						const ModelTable *declared, const ModelTable *live)
{
	TableDiffers differs = changes[kind].table[live_is];

	return differs != NULL && differs(declared, live);
}

bool
plasma_difference_column(ChangeKind kind, DiffSource live_is,
						 const ModelColumn *declared, const ModelColumn *live)
{
	ColumnDiffers differs = changes[kind].column[live_is];

	return differs != NULL && differs(declared, live);
}
