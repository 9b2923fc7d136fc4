/*
 * settle.c
 *		A declared model in the words of the database.
 *
 *		In come a declaration and the tables as introspect found them; the
 *		declaration's columns are changed where theirs mean the same: a type that
 *		will do for the kind, a default or a generated expression that the server
 *		would store as the one that is there (expression.c).  What is left different is
 *		a difference.  Both the new and the active declaration are settled with the
 *		same tables before they are compared with each other.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "schema/enumeration.h"
#include "schema/expression.h"
#include "schema/introspect.h"
#include "schema/settle.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static bool
is_plain_text(Oid typid)
{
	return typid == TEXTOID || typid == VARCHAROID;
}

static bool
is_integer(Oid typid)
{
	return typid == INT2OID || typid == INT4OID || typid == INT8OID;
}

/* Like text, but that case does not count; an extension brings it. */
static bool
is_citext(Oid typid)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	Form_pg_type form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	result = form->typtype == TYPTYPE_BASE && form->typcategory == TYPCATEGORY_STRING &&
		strcmp(NameStr(form->typname), "citext") == 0;
	ReleaseSysCache(tuple);
	return result;
}

/* numeric(p,0) */
static bool
is_whole(Oid typid, int32 typmod)
{
	return typid == NUMERICOID && typmod >= VARHDRSZ &&
		((typmod - VARHDRSZ) & 0x7ff) == 0;
}

bool
plasma_settle_accepts(ColumnKind kind, Oid typid, int32 typmod)
{
	switch (kind)
	{
		case KIND_ID:
		case KIND_TEXT:
		case KIND_REF:
			return is_plain_text(typid) || typid == UUIDOID || is_citext(typid);
		case KIND_INT:
			return is_integer(typid);
		case KIND_BIGINT:
			return typid == INT4OID || typid == INT8OID || is_whole(typid, typmod);
		case KIND_BOOLEAN:
			return typid == BOOLOID;
		case KIND_BLOB:
			return typid == BYTEAOID;
		case KIND_JSON:
		case KIND_FILE:
		case KIND_CRDT_COUNTER:
		case KIND_CRDT_PN_COUNTER:
		case KIND_CRDT_LWW_REGISTER:
		case KIND_CRDT_OR_SET:
			return typid == JSONBOID || typid == JSONOID;
		case KIND_SQL:
			break;
	}
	return false;
}

static bool
same_type(const ModelColumn *a, const ModelColumn *b)
{
	return a->typid == b->typid && a->typmod == b->typmod;
}

/* The text of a default that is a literal of a type; NULL where it is another expression. */
static char *
literal_text(const char *expression)
{
	List	   *parsed = raw_parser(psprintf("SELECT %s\n", expression), RAW_PARSE_DEFAULT);
	ResTarget  *target = linitial(((SelectStmt *) linitial_node(RawStmt, parsed)->stmt)->targetList);
	A_Const    *constant;

	if (!IsA(target->val, TypeCast))
		return NULL;
	constant = (A_Const *) castNode(TypeCast, target->val)->arg;
	return IsA(constant, A_Const) && !constant->isnull && IsA(&constant->val, String) ?
		strVal(&constant->val) : NULL;
}

static void
set_type(ModelColumn *column, const ModelColumn *like)
{
	char	   *literal = column->default_sql ? literal_text(column->default_sql) : NULL;

	column->typid = like->typid;
	column->typmod = like->typmod;
	if (literal != NULL)
		column->default_sql = psprintf("%s::%s", plasma_text_literal(literal),
									   plasma_model_type(column));
}

static void
settle_type(ModelColumn *column, const ModelColumn *live)
{
	if (live == NULL || column->encrypted || same_type(column, live) ||
		!plasma_settle_accepts(column->kind, live->typid, live->typmod))
		return;
	set_type(column, live);
	column->accepted = true;
}

/* The column at the end of a chain of references, which has a type of its own. */
static const ModelColumn *
referenced_column(const Model *model, const ModelColumn *column)
{
	for (int steps = 0; steps <= list_length(model->tables); steps++)
	{
		const ModelTable *target = plasma_model_table(model, column->references);

		if (target == NULL || list_length(target->key) != 1)
			return NULL;
		column = plasma_model_column(target, linitial(target->key));
		if (column->kind != KIND_REF)
			return column;
	}
	return NULL;
}

/* Whether a foreign key can go from one type to the other. */
static bool
are_comparable(Oid a, Oid b)
{
	return a == b || (is_plain_text(a) && is_plain_text(b)) ||
		(is_integer(a) && is_integer(b));
}

/*
 * A reference has its target's type, as that is by now.  It may differ where
 * values of both have the same text and nothing has to compare them.
 */
static void
settle_reference(const Model *declared, ModelColumn *column, const ModelColumn *live)
{
	const ModelColumn *target = referenced_column(declared, column);

	if (target == NULL)
		return;
	column->accepted = target->accepted;
	if (live != NULL && !same_type(target, live) &&
		(are_comparable(target->typid, live->typid) ||
		 (!column->enforced &&
		  plasma_settle_accepts(target->kind, live->typid, live->typmod))))
	{
		target = live;
		column->accepted = true;
	}
	if (!same_type(column, target))
		set_type(column, target);
}

static void
settle_expression(HTAB *memo, Oid relid, ModelColumn *column, const ModelColumn *live)
{
	char	  **declared = column->generated ? &column->generated : &column->default_sql;
	char	   *found = column->generated ? live->generated : live->default_sql;

	if (*declared == NULL || !OidIsValid(column->typid) ||
		(found == NULL ? column->generated != NULL : strcmp(*declared, found) == 0))
		return;
	if (plasma_expression_is_live(memo, relid, column, live))
		*declared = found;
}

static const LiveTable *
find_live(List *live, const ModelTable *table)
{
	ListCell   *cell;

	foreach(cell, live)
	{
		const LiveTable *at = lfirst(cell);

		if (strcmp(at->declared->name, table->name) == 0 &&
			strcmp(at->declared->schema, table->schema) == 0)
			return at;
	}
	return NULL;
}

/* References come when all that they may lead to has its type. */
void
plasma_settle_model(Model *declared, List *live)
{
	HTAB	   *memo = plasma_expression_memo();

	for (int pass = 0; pass < 3; pass++)
	{
		ListCell   *cell;
		ListCell   *inner;

		foreach(cell, declared->tables)
		{
			ModelTable *table = lfirst(cell);
			const LiveTable *at = find_live(live, table);

			foreach(inner, table->columns)
			{
				ModelColumn *column = lfirst(inner);
				const ModelColumn *old = at && at->table ?
					plasma_model_column(at->table, column->name) : NULL;

				if (pass == 0)
					plasma_enumeration_bind(column);
				if (pass == 0 && column->kind != KIND_REF)
					settle_type(column, old);
				else if (pass == 1 && column->kind == KIND_REF)
					settle_reference(declared, column, old);
				else if (pass == 2 && old != NULL)
					settle_expression(memo, at->relid, column, old);
			}
		}
	}
	hash_destroy(memo);
}
