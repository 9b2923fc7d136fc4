/*
 * script.c
 *		plasma.plan_sql: a plan as a script for psql.
 *
 *		In comes the JSON of a plan, out goes text.  Pure: the database is not
 *		looked at, the script itself finds out whether it is still the one that
 *		was planned on.  Statements come out as ddl wrote them; whatever else is
 *		written is quoted, or a comment that cannot reach beyond its line.
 *
 *		The registry and capture are left to run_migrations at the end, which then
 *		finds nothing else to do.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "fmgr.h"
#include "plan/report.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(plasma_script_write);

static void
refuse_value(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the argument is not a plan"),
			 errdetail("%s", what),
			 errhint("Give what plasma.plan has returned, as it is.")));
}

/* A member of the plan that has to be there. */
static const JsonNode *
get_member(const JsonNode *object, const char *key, JsonNodeType type)
{
	const JsonNode *node = object->type == JSON_NODE_OBJECT ?
		plasma_json_get(object, key) : NULL;

	if (node == NULL)
		refuse_value(psprintf("It has no \"%s\" where a plan has one.", key));
	if (node->type != type)
		refuse_value(psprintf("Its \"%s\" is %s.", key, plasma_json_type_name(node)));
	return node;
}

static const char *
get_text(const JsonNode *object, const char *key)
{
	return get_member(object, key, JSON_NODE_STRING)->text;
}

/* Or NULL where there is none. */
static const char *
find_text(const JsonNode *object, const char *key)
{
	const JsonNode *node = plasma_json_get(object, key);

	return node && node->type == JSON_NODE_STRING ? node->text : NULL;
}

static bool
find_bool(const JsonNode *object, const char *key)
{
	const JsonNode *node = plasma_json_get(object, key);

	return node && node->type == JSON_NODE_BOOL && node->boolean;
}

static int64
get_number(const JsonNode *object, const char *key)
{
	int64		value = 0;

	if (!plasma_json_int8(get_member(object, key, JSON_NODE_NUMBER), &value))
		refuse_value(psprintf("Its \"%s\" is not an integer.", key));
	return value;
}

/* A comment stays on its line, whatever is in the names that it tells. */
static void
append_comment(StringInfo out, const char *text)
{
	appendStringInfoString(out, "-- ");
	for (const char *c = text; *c != '\0'; c++)
		appendStringInfoChar(out, (unsigned char) *c < ' ' ? ' ' : *c);
	appendStringInfoChar(out, '\n');
}

/* A body between dollar quotes that it does not hold itself. */
static void
append_block(StringInfo out, const char *body)
{
	char	   *quote = "$plasma$";

	for (int n = 1; strstr(body, quote) != NULL; n++)
		quote = psprintf("$plasma%d$", n);
	appendStringInfo(out, "DO %s\n%s%s;\n", quote, body, quote);
}

static void
append_head(StringInfo out, const JsonNode *plan)
{
	const JsonNode *from = get_member(plan, "from", JSON_NODE_OBJECT);
	const char *version = find_text(from, "version");

	append_comment(out, version == NULL ?
				   psprintf("plasma: to version %s", get_text(get_member(plan, "to", JSON_NODE_OBJECT), "version")) :
				   psprintf("plasma: from version %s to %s", version,
							get_text(get_member(plan, "to", JSON_NODE_OBJECT), "version")));
	append_comment(out, psprintf("Fingerprint of the catalog: %s", get_text(from, "catalog")));
	append_comment(out, "Run it with psql -X -f, not in one transaction. Where it stops, make a plan and a script again:");
	append_comment(out, "what is done is not done twice.");
}

/* The database must be the one of the plan, and the verdicts must be the same. */
static void
append_guard(StringInfo out, const JsonNode *plan)
{
	const JsonNode *from = get_member(plan, "from", JSON_NODE_OBJECT);
	const JsonNode *to = get_member(plan, "to", JSON_NODE_OBJECT);
	StringInfoData body;

	appendStringInfoString(out, "\\set ON_ERROR_STOP on\nSET standard_conforming_strings = on;\n");
	initStringInfo(&body);
	appendStringInfo(&body, "DECLARE\n\tplan jsonb := plasma.plan(%s,\n\t\t%s);\nBEGIN\n",
					 plasma_text_literal(get_text(to, "declaration")),
					 plasma_text_literal(plasma_json_write(get_member(plan, "options", JSON_NODE_OBJECT))));
	appendStringInfo(&body,
					 "\tIF (plan #>> '{from,catalog}') IS DISTINCT FROM %s OR plan ->> 'status' = 'refused' THEN\n"
					 "\t\tRAISE EXCEPTION 'MigrationRefused: the database is not the one that the plan was made on'\n"
					 "\t\t\tUSING ERRCODE = 'PL001', HINT = 'Make a plan and a script again.';\n"
					 "\tEND IF;\nEND\n",
					 plasma_text_literal(get_text(from, "catalog")));
	append_block(out, body.data);
}

static void
append_timeouts(StringInfo out, const char *scope, int64 lock, int64 statement)
{
	appendStringInfo(out, "SET%s lock_timeout = " INT64_FORMAT ";\n", scope, lock);
	if (statement > 0)
		appendStringInfo(out, "SET%s statement_timeout = " INT64_FORMAT ";\n", scope, statement);
}

static void
append_resets(StringInfo out, bool statement)
{
	appendStringInfoString(out, "RESET lock_timeout;\n");
	if (statement)
		appendStringInfoString(out, "RESET statement_timeout;\n");
}

/*
 * One that commits by itself.  CONCURRENTLY waits for all older transactions,
 * which is no reason to give up and leave an invalid index; a backfill takes
 * as long as it takes.
 */
static void
append_alone(StringInfo out, const JsonNode *step, const JsonNode *statement)
{
	bool		waits = strcmp(get_text(statement, "tx"), "none") == 0;
	bool		backfill = find_bool(statement, "backfill");
	int64		timeout = get_number(step, "statement_timeout_ms");

	append_timeouts(out, "", waits ? 0 : get_number(step, "lock_timeout_ms"),
					backfill ? 0 : timeout);
	if (backfill)
		appendStringInfoString(out, "SET statement_timeout = 0;\n");
	appendStringInfo(out, "%s;\n", get_text(statement, "sql"));
	append_resets(out, timeout > 0 || backfill);
}

/* The same with a second statement that belongs into its transaction. */
static void
append_pair(StringInfo out, const JsonNode *step, const JsonNode *statement, const char *second)
{
	appendStringInfoString(out, "BEGIN;\n");
	append_timeouts(out, " LOCAL", get_number(step, "lock_timeout_ms"),
					get_number(step, "statement_timeout_ms"));
	appendStringInfo(out, "%s;\n%s;\nCOMMIT;\n", get_text(statement, "sql"), second);
}

static const char *
lock_mode(const char *name)
{
	static const char *const modes[][2] = {
		{"AccessShareLock", "ACCESS SHARE"},
		{"RowShareLock", "ROW SHARE"},
		{"RowExclusiveLock", "ROW EXCLUSIVE"},
		{"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"},
		{"ShareLock", "SHARE"},
		{"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"},
		{"ExclusiveLock", "EXCLUSIVE"},
		{"AccessExclusiveLock", "ACCESS EXCLUSIVE"}
	};

	for (int i = 0; i < lengthof(modes); i++)
		if (strcmp(modes[i][0], name) == 0)
			return modes[i][1];
	refuse_value(psprintf("\"%s\" is not a lock.", name));
	return NULL;
}

static void
append_locks(StringInfo out, const JsonNode *locks)
{
	for (int i = 0; i < list_length(locks->keys); i++)
	{
		const JsonNode *mode = list_nth(locks->items, i);

		if (mode->type != JSON_NODE_STRING)
			refuse_value("Its \"locks\" are not names.");
		appendStringInfo(out, "LOCK TABLE %s IN %s MODE;\n",
						 (char *) list_nth(locks->keys, i), lock_mode(mode->text));
	}
}

/* What the verdict rests on is asked again when nobody can write any more. */
static void
append_check(StringInfo out, const JsonNode *step, const char *check)
{
	char	   *message = psprintf("MigrationRefused: %s has data that %s would lose",
								   get_text(step, "object"), get_text(step, "op"));
	StringInfoData body;

	append_locks(out, get_member(step, "locks", JSON_NODE_OBJECT));
	initStringInfo(&body);
	appendStringInfo(&body,
					 "BEGIN\n\tSET LOCAL row_security = off;\n\tIF (%s) THEN\n"
					 "\t\tRAISE EXCEPTION USING ERRCODE = 'PL001', MESSAGE = %s,\n"
					 "\t\t\tHINT = 'Make a plan again: it tells which rows these are.';\n"
					 "\tEND IF;\nEND\n", check, plasma_text_literal(message));
	append_block(out, body.data);
}

/* All statements of a step in one transaction. */
static void
append_together(StringInfo out, const JsonNode *step)
{
	const JsonNode *statements = get_member(step, "sql", JSON_NODE_ARRAY);
	const char *check = find_text(step, "check");
	const char *keep = find_text(step, "keep");
	ListCell   *cell;

	appendStringInfoString(out, "BEGIN;\n");
	append_timeouts(out, " LOCAL", get_number(step, "lock_timeout_ms"),
					get_number(step, "statement_timeout_ms"));
	if (check != NULL)
		append_check(out, step, check);
	foreach(cell, statements->items)
	{
		const JsonNode *sql = lfirst(cell);

		if (sql->type != JSON_NODE_STRING)
			refuse_value("The \"sql\" of a step is not text.");
		appendStringInfo(out, "%s;\n", sql->text);
	}
	if (keep != NULL)
		appendStringInfo(out, "%s;\n", keep);
	appendStringInfoString(out, "COMMIT;\n");
}

static void
append_cost(StringInfo out, const JsonNode *object)
{
	const JsonNode *locks = get_member(object, "locks", JSON_NODE_OBJECT);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < list_length(locks->keys); i++)
	{
		const JsonNode *mode = list_nth(locks->items, i);

		appendStringInfo(&text, "%s%s %s", i == 0 ? "Locks: " : ", ",
						 (char *) list_nth(locks->keys, i),
						 mode->type == JSON_NODE_STRING ? mode->text : "");
	}
	if (find_bool(object, "rewrites"))
		appendStringInfo(&text, "%sRewrites the table.", text.len ? ". " : "");
	else if (find_bool(object, "scans"))
		appendStringInfo(&text, "%sReads the whole table.", text.len ? ". " : "");
	if (text.len > 0)
		append_comment(out, text.data);
}

static void
append_step(StringInfo out, const JsonNode *step)
{
	const JsonNode *online = plasma_json_get(step, "online");
	const char *op = get_text(step, "op");
	ListCell   *cell;

	if (strcmp(op, "register") == 0 || strcmp(op, "propagate") == 0 ||
		strcmp(op, "set_scope") == 0)
		return;
	appendStringInfoChar(out, '\n');
	append_comment(out, psprintf("Step " INT64_FORMAT ": %s %s", get_number(step, "n"), op,
								 get_text(step, "object")));
	if (online == NULL || online->type != JSON_NODE_ARRAY || find_text(step, "check") != NULL)
	{
		append_cost(out, step);
		append_together(out, step);
		return;
	}
	foreach(cell, online->items)
	{
		const char *keep = find_text(lfirst(cell), "keep");

		append_cost(out, lfirst(cell));
		if (keep != NULL)
			append_pair(out, step, lfirst(cell), keep);
		else
			append_alone(out, step, lfirst(cell));
	}
}

/* The options for run_migrations; there is nothing left that could block. */
static char *
final_options(const JsonNode *plan)
{
	const JsonNode *options = get_member(plan, "options", JSON_NODE_OBJECT);
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < list_length(options->keys); i++)
	{
		const char *key = list_nth(options->keys, i);

		if (strcmp(key, "executor") == 0)
			continue;
		appendStringInfoChar(&out, out.len == 0 ? '{' : ',');
		plasma_text_json(&out, key);
		appendStringInfo(&out, ":%s", plasma_json_write(list_nth(options->items, i)));
	}
	appendStringInfoString(&out, out.len == 0 ? "{}" : "}");
	return out.data;
}

static const JsonNode *
parse_plan(Jsonb *value)
{
	char	   *text = JsonbToCString(NULL, &value->root, VARSIZE(value));
	char	   *error = NULL;
	const JsonNode *plan = plasma_json_parse(text, strlen(text), &error);

	if (plan == NULL)
		elog(ERROR, "jsonb is no JSON: %s", error);
	if (plan->type != JSON_NODE_OBJECT)
		refuse_value(psprintf("It is %s.", plasma_json_type_name(plan)));
	if (get_number(plan, "plan_version") != REPORT_VERSION)
		refuse_value("Its \"plan_version\" is not one that this server writes.");
	if (strcmp(get_text(plan, "status"), "refused") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_MISFIT),
				 errmsg("MigrationRefused: a refused plan has no steps"),
				 errhint("The plan's \"issues\" tell what to do.")));
	return plan;
}

Datum
plasma_script_write(PG_FUNCTION_ARGS)
{
	const JsonNode *plan = parse_plan(PG_GETARG_JSONB_P(0));
	const JsonNode *steps = get_member(plan, "steps", JSON_NODE_ARRAY);
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	append_head(&out, plan);
	if (steps->items == NIL)
	{
		append_comment(&out, "There is nothing to do.");
		PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
	}
	append_guard(&out, plan);
	foreach(cell, steps->items)
		append_step(&out, lfirst(cell));
	appendStringInfoChar(&out, '\n');
	append_comment(&out, "Capture, the registry, and what clients are told.");
	appendStringInfo(&out, "SELECT plasma.run_migrations(%s,\n\t%s);\n",
					 plasma_text_literal(get_text(get_member(plan, "to", JSON_NODE_OBJECT), "declaration")),
					 plasma_text_literal(final_options(plan)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
