/*
 * body.c
 *		The generated trigger functions: their names and their text.
 *
 *		A body hands the rows to plasma.log_rows as they are and names no column,
 *		so that columns may come, go and be renamed under it.  It runs with the
 *		rights of the extension's owner; every name and operator in it is
 *		qualified and it has no SET search_path: that would cost each statement
 *		more than the rest of the body does (it throws away the cached list of
 *		schemas, twice).  JIT is off: how many rows a query is planned for is kept
 *		with it, so that after one large statement each small one of the session
 *		would be compiled, which takes a hundred times what logging it does.
 *
 *		A row trigger does nothing but where it belongs, with replicas: ALTER TABLE
 *		... ENABLE TRIGGER ALL, pg_restore's too, makes it fire beside the
 *		statement trigger, and each write would be logged twice.
 *
 *		log_rows checks that the relation is the synced table that the body was
 *		made for, or a partition of it, by the registry: a table that is renamed
 *		stays captured, and one that somebody else attached the function to
 *		writes nothing into the log.
 */
#include "postgres.h"

#include "base/text.h"
#include "common/hashfn.h"
#include "log/body.h"
#include "mb/pg_wchar.h"

static const char *const verbs[BODY_KINDS] = {
	[BODY_INSERT] = "insert",
	[BODY_UPDATE] = "update",
	[BODY_DELETE] = "delete",
	[BODY_TRUNCATE] = "truncate",
};

/*
 * What a body does at the level of a statement and of a row; %s stands for the
 * arguments that all of them share, %h for whether the table keeps history.
 *
 * A FULL JOIN finds keys that went and came and images that differ in one go,
 * and is a hash or merge join for whatever number of rows the cached plan was
 * made for.  "n.*" is the row even where a column is named n.
 */
static const char *const statement_actions[BODY_KINDS] = {
	[BODY_INSERT] =
	"PERFORM plasma.log_rows(%s, %h, NULL, n.*)\n"
	"\t\tFROM plasma_new AS n;\n",
	[BODY_UPDATE] =
	"PERFORM plasma.log_rows(%s, %h, o.*, n.*)\n"
	"\t\tFROM plasma_old AS o FULL JOIN plasma_new AS n\n"
	"\t\t\tON plasma.log_key(%s, o.*) COLLATE pg_catalog.\"C\"\n"
	"\t\t\t\tOPERATOR(pg_catalog.=) plasma.log_key(%s, n.*);\n",
	[BODY_DELETE] =
	"PERFORM plasma.log_rows(%s, %h, o.*, NULL)\n"
	"\t\tFROM plasma_old AS o;\n",
};

static const char *const row_actions[BODY_KINDS] = {
	[BODY_INSERT] =
	"PERFORM plasma.log_rows(%s, %h, NULL, NEW);\n",
	[BODY_UPDATE] =
	"IF plasma.log_key(%s, OLD) COLLATE pg_catalog.\"C\"\n"
	"\t\t\tOPERATOR(pg_catalog.=) plasma.log_key(%s, NEW) THEN\n"
	"\t\t\tPERFORM plasma.log_rows(%s, %h, OLD, NEW);\n"
	"\t\tELSE\n"
	"\t\t\tPERFORM plasma.log_rows(%s, %h, OLD, NULL);\n"
	"\t\t\tPERFORM plasma.log_rows(%s, %h, NULL, NEW);\n"
	"\t\tEND IF;\n",
	[BODY_DELETE] =
	"PERFORM plasma.log_rows(%s, %h, OLD, NULL);\n",
};

const char *
plasma_body_verb(BodyKind kind)
{
	return verbs[kind];
}

static char *
array_literal(List *strings)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	foreach(cell, strings)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoChar(&out, ',');
		appendStringInfoChar(&out, '"');
		for (const char *c = lfirst(cell); *c; c++)
		{
			if (*c == '"' || *c == '\\')
				appendStringInfoChar(&out, '\\');
			appendStringInfoChar(&out, *c);
		}
		appendStringInfoChar(&out, '"');
	}
	appendStringInfoChar(&out, '}');
	return plasma_text_literal(out.data);
}

static void
fill(StringInfo out, const char *template, const char *shared, bool history)
{
	const char *hole;

	while ((hole = strchr(template, '%')) != NULL)
	{
		appendBinaryStringInfo(out, template, hole - template);
		appendStringInfoString(out, hole[1] == 's' ? shared :
							   history ? "true" : "false");
		template = hole + 2;
	}
	appendStringInfoString(out, template);
}

static void
append_check(StringInfo out, BodyKind kind)
{
	char		upper[16];
	const char *verb = verbs[kind];
	int			i;

	for (i = 0; verb[i] != '\0'; i++)
		upper[i] = pg_ascii_toupper((unsigned char) verb[i]);
	upper[i] = '\0';
	appendStringInfo(out,
					 "\tIF TG_OP OPERATOR(pg_catalog.<>) '%s'", upper);
	if (kind != BODY_TRUNCATE)
		appendStringInfoString(out, " OR TG_WHEN OPERATOR(pg_catalog.<>) 'AFTER'");
	appendStringInfo(out,
					 " THEN\n"
					 "\t\tRAISE EXCEPTION 'trigger function of plasma was not fired by %s'\n"
					 "\t\t\tUSING ERRCODE = 'trigger_protocol_violated';\n"
					 "\tEND IF;\n", upper);
}

static void
append_actions(StringInfo out, BodyKind kind, const char *shared, bool history)
{
	appendStringInfoString(out,
						   "\tIF TG_LEVEL OPERATOR(pg_catalog.=) 'STATEMENT' THEN\n\t\t");
	fill(out, statement_actions[kind], shared, history);
	appendStringInfoString(out,
						   "\tELSIF pg_catalog.current_setting('session_replication_role')\n"
						   "\t\t\tOPERATOR(pg_catalog.=) 'replica' THEN\n\t\t");
	fill(out, row_actions[kind], shared, history);
	appendStringInfoString(out, "\tEND IF;\n");
}

char *
plasma_body_text(const CaptureTable *table, BodyKind kind)
{
	StringInfoData out;
	char	   *shared = psprintf("TG_RELID, %s, %s, %s, %s",
								  plasma_text_literal(table->name),
								  array_literal(table->key),
								  array_literal(table->bigints),
								  array_literal(plasma_capture_scope(table)));

	initStringInfo(&out);
	appendStringInfoString(&out,
						   "\n"
						   "-- Made by plasma; plasma.ensure_schema makes it anew.\n"
						   "#variable_conflict use_variable\n"
						   "BEGIN\n");
	append_check(&out, kind);
	if (kind == BODY_TRUNCATE)
		appendStringInfo(&out,
						 "\tPERFORM plasma.log_truncate(%s, TG_WHEN OPERATOR(pg_catalog.=) 'BEFORE');\n",
						 shared);
	else
		append_actions(&out, kind, shared, table->history);
	appendStringInfoString(&out, "\tRETURN NULL;\nEND\n");
	return out.data;
}

char *
plasma_body_name(const char *table, const char *suffix, const char *distinct)
{
	char	   *name = psprintf(BODY_NAME_PREFIX "%s_%s", table, suffix);
	char	   *hash;
	int			room;

	if (distinct == NULL && strlen(name) < NAMEDATALEN)
		return name;
	hash = psprintf("%08x", hash_bytes((const unsigned char *) (distinct ? distinct : table),
									   strlen(distinct ? distinct : table)));
	room = NAMEDATALEN - 1 - strlen(BODY_NAME_PREFIX) - strlen(hash) -
		strlen(suffix) - 2;
	return psprintf(BODY_NAME_PREFIX "%.*s_%s_%s",
					pg_mbcliplen(table, strlen(table), Min(room, (int) strlen(table))),
					table, hash, suffix);
}
