/*
 * check.c
 *		Asks the data whether a change may be made.
 *
 *		In comes a change, out goes what stands in its way: a count that stops at
 *		a limit and a few ids.  It asks as the caller in the active snapshot; who
 *		needs the answer to stay true holds a lock that blocks writers, and a
 *		snapshot of after the lock.  Row security is off, so that a policy which
 *		would hide rows is an error and never a wrong answer.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "log/encode.h"
#include "log/setting.h"
#include "miscadmin.h"
#include "plan/check.h"
#include "plan/question.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/*
 * Where one value fails to cast, the values are tried one by one, each in a
 * subtransaction: so many of them.
 */
#define MAX_TRIED		100000

typedef struct Asking
{
	MemoryContext context;
	CheckResult *result;
	int			nkeys;
	RowEncoder *encoder;
} Asking;

typedef struct Casting
{
	Asking		asking;
	const PlanChange *change;
	char	   *sql;			/* whether the value $1 is lost */
	SpiParam	value;
	bool		lost;
	int64		tried;
} Casting;

/* What is asked in a subtransaction. */
typedef struct Trial
{
	const Question *question;
	CheckResult *result;
} Trial;

static const char *const texts[] = {
	[CHECK_NOTHING] = NULL,
	[CHECK_ROWS] = "SELECT EXISTS (SELECT FROM t)",
	[CHECK_VALUES] = "SELECT EXISTS (SELECT FROM t WHERE c IS NOT NULL)",
	[CHECK_NULLS] = "SELECT EXISTS (SELECT FROM t WHERE c IS NULL)",
	[CHECK_DUPLICATES] = "SELECT EXISTS (SELECT FROM t WHERE c IS NOT NULL GROUP BY c HAVING count(*) > 1)",
	[CHECK_ORPHANS] = "SELECT EXISTS (SELECT FROM t WHERE c IS NOT NULL AND NOT EXISTS (SELECT FROM r WHERE r.key = t.c))",
	[CHECK_LABELS] = "SELECT EXISTS (SELECT FROM t WHERE c::text <> ALL (labels))",
	[CHECK_CASTS] = "SELECT EXISTS (SELECT FROM t WHERE c IS NOT NULL AND (c::new)::old IS DISTINCT FROM c)",
	[CHECK_SHAPES] = "SELECT EXISTS (SELECT FROM t WHERE (check of the kind) IS FALSE)",
	[CHECK_SAME_VALUE] = "SELECT EXISTS (SELECT FROM t OFFSET 1)",
};

const char *
plasma_check_text(CheckKind kind)
{
	return texts[kind];
}

/*
 * Undone by an error, too.  Texts are the same for every session, but a cast is
 * asked about under the settings under which ALTER TABLE is going to make it:
 * two moments may be one hour of a local time, digits of a float may be cut.
 */
static int
enter(CheckKind kind)
{
	int			level = NewGUCNestLevel();

	set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	if (kind != CHECK_CASTS)
		plasma_setting_fix(SETTING_TEXT);
	return level;
}

static void
add_sample(Asking *asking, TupleTableSlot *slot, TupleDesc desc)
{
	MemoryContext old;
	StringInfoData text;
	int			level;

	if (asking->nkeys == 0 ||
		list_length(asking->result->sample) >= CHECK_MAX_SAMPLE)
		return;
	old = MemoryContextSwitchTo(asking->context);
	if (asking->encoder == NULL)
		asking->encoder = plasma_encode_make(desc, NIL);
	initStringInfo(&text);
	level = plasma_setting_fix(SETTING_TEXT);
	plasma_encode_key(asking->encoder, slot, 1, asking->nkeys, &text);
	plasma_setting_restore(level);
	asking->result->sample = lappend(asking->result->sample, text.data);
	MemoryContextSwitchTo(old);
}

static bool
receive_sample(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	Asking	   *asking = arg;
	bool		isnull;

	asking->result->count = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	add_sample(asking, slot, desc);
	return true;
}

static void
ask(const Question *question, CheckResult *result)
{
	Asking		asking = {CurrentMemoryContext, result};

	asking.nkeys = question->group ? 1 : list_length(question->key);
	plasma_spi_scan(SPI_CALLER,
					plasma_question_sample(question, result->limit, CHECK_MAX_SAMPLE),
					0, NULL, receive_sample, &asking);
	result->violates = result->count >= question->least;
}

static void
try_all(void *arg)
{
	Trial	   *trial = arg;

	ask(trial->question, trial->result);
}

static void
try_one(void *arg)
{
	Casting    *casting = arg;

	casting->lost = plasma_spi_bool(plasma_spi_read(SPI_CALLER, casting->sql,
													1, &casting->value), 0, 1);
}

static bool
receive_value(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	Casting    *casting = arg;
	CheckResult *result = casting->asking.result;
	bool		isnull;

	CHECK_FOR_INTERRUPTS();
	casting->value.value = slot_getattr(slot, 1, &isnull);
	if (plasma_spi_evaluate(try_one, casting) != NULL || casting->lost)
	{
		result->count++;
		add_sample(&casting->asking, slot, desc);
	}
	return ++casting->tried < MAX_TRIED && result->count <= result->limit;
}

/* Some value cannot be cast, which says nothing yet of how many. */
static void
cast_each(const PlanChange *change, CheckResult *result)
{
	Casting		casting = {{CurrentMemoryContext, result}, change};
	const char *column = quote_identifier(change->live->name);
	StringInfoData sql;
	ListCell   *cell;

	casting.asking.nkeys = list_length(change->live_table->key);
	casting.sql = psprintf("SELECT %s", plasma_question_lossy(change, "$1"));
	casting.value.type = change->live->typid;
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", column);
	foreach(cell, change->live_table->key)
		appendStringInfo(&sql, ", %s", quote_identifier(lfirst(cell)));
	appendStringInfo(&sql, " FROM %s WHERE %s IS NOT NULL",
					 plasma_text_qualified(change->live_table->schema,
										   change->live_table->name), column);
	plasma_spi_scan(SPI_CALLER, sql.data, 0, NULL, receive_value, &casting);
	result->count = Max(result->count, 1);
	result->violates = true;
}

/* All values in one query, which is how it goes where all of them fit. */
static void
ask_casts(const PlanChange *change, const Question *question, CheckResult *result)
{
	Trial		trial = {question, result};
	ErrorData  *error = plasma_spi_evaluate(try_all, &trial);

	if (error == NULL)
		return;
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
		ReThrowError(error);
	result->count = 0;
	result->sample = NIL;
	cast_each(change, result);
}

CheckResult *
plasma_check_run(const PlanChange *change, CheckKind kind)
{
	CheckResult *result = palloc0(sizeof(CheckResult));
	Question	question;
	int			level;

	result->limit = CHECK_MAX_COUNT;
	if (kind == CHECK_NOTHING || change->live_table == NULL)
		return result;
	question = plasma_question_make(change, kind);
	result->sql = plasma_question_exists(&question);
	level = enter(kind);
	if (kind == CHECK_CASTS)
		ask_casts(change, &question, result);
	else
		ask(&question, result);
	AtEOXact_GUC(false, level);
	return result;
}

int64
plasma_check_rows(const ModelTable *live, int64 limit)
{
	CheckResult result = {.limit = limit};
	Question	question = {
		.from = psprintf("%s t", plasma_text_qualified(live->schema, live->name)),
		.least = 1
	};
	int			level = enter(CHECK_ROWS);

	ask(&question, &result);
	AtEOXact_GUC(false, level);
	return result.count;
}
