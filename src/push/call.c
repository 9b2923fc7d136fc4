/*
 * call.c
 *		Calling a registered function with the JSON that a client sent.
 *
 *		The function is called by its oid and not by its name: another function
 *		that the name could stand for, by overloading or by defaults, is never
 *		called in its place.  Looking up, and making the expression that is
 *		evaluated, is done once per push for each mutator and each set of
 *		parameters given.  All of it runs under the rights of the caller, whose
 *		EXECUTE privilege on the function is checked when the expression is made.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "parser/parse_collate.h"
#include "push/call.h"
#include "push/signature.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* A call with one set of its parameters given. */
typedef struct CallForm
{
	Bitmapset  *given;
	ExprState  *state;
} CallForm;

typedef struct Callee
{
	char	   *name;			/* of the mutator */
	Signature  *signature;
	ParamListInfo params;
	List	   *forms;			/* CallForm * */
} Callee;

struct Calls
{
	Jsonb	   *ctx;
	MemoryContext context;
	EState	   *estate;
	List	   *callees;		/* Callee * */
};

static void
make_ready(Calls *calls)
{
	MemoryContext old = MemoryContextSwitchTo(calls->context);

	calls->callees = NIL;
	calls->estate = CreateExecutorState();
	MemoryContextSwitchTo(old);
}

Calls *
plasma_call_open(Jsonb *ctx)
{
	Calls	   *calls = palloc0(sizeof(Calls));

	calls->ctx = ctx;
	calls->context = AllocSetContextCreate(CurrentMemoryContext, "plasma calls",
										   ALLOCSET_DEFAULT_SIZES);
	make_ready(calls);
	return calls;
}

void
plasma_call_forget(Calls *calls)
{
	MemoryContextReset(calls->context);
	make_ready(calls);
}

void
plasma_call_close(Calls *calls)
{
	FreeExecutorState(calls->estate);
	MemoryContextDelete(calls->context);
}

static Oid
find_function(const char *name)
{
	SpiParam	params[] = {SPI_TEXT(name)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT function,"
									   " pg_catalog.to_regprocedure(function)::pg_catalog.oid::pg_catalog.int8"
									   " FROM plasma.mutators"
									   " WHERE name OPERATOR(pg_catalog.=) $1",
									   lengthof(params), params);

	if (rows->nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("mutator \"%s\" does not exist", name)));
	if (plasma_spi_text(rows, 0, 2) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function %s of mutator \"%s\" does not exist",
						plasma_spi_text(rows, 0, 1), name)));
	return (Oid) plasma_spi_int8(rows, 0, 2);
}

static Callee *
find_callee(Calls *calls, const char *name)
{
	ListCell   *cell;
	Oid			function;
	MemoryContext old;
	Callee	   *callee;

	foreach(cell, calls->callees)
		if (strcmp(((Callee *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);

	function = find_function(name);
	old = MemoryContextSwitchTo(calls->context);
	callee = palloc0(sizeof(Callee));
	callee->name = pstrdup(name);
	callee->signature = plasma_signature_read(function);
	callee->params = makeParamList(callee->signature->nparams);
	for (int i = 0; i < callee->signature->nparams; i++)
		callee->params->params[i].ptype = callee->signature->params[i].type.typid;
	calls->callees = lappend(calls->callees, callee);
	MemoryContextSwitchTo(old);
	return callee;
}

static void
set_param(Callee *callee, int i, Datum value, bool isnull)
{
	const char *name = callee->signature->params[i].name;

	if (isnull && callee->signature->strict)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameter \"%s\" of mutator \"%s\" must not be null",
						*name != '\0' ? name : "ctx", callee->name),
				 errdetail("The function is STRICT and would do nothing.")));
	callee->params->params[i].value = value;
	callee->params->params[i].isnull = isnull;
}

static void
refuse_unknown_key(const Callee *callee, Jsonb *args)
{
	JsonbIterator *it = JsonbIteratorInit(&args->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *key;
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		key = pnstrdup(v.val.string.val, v.val.string.len);
		for (int i = 0; i < callee->signature->nparams && !found; i++)
			found = strcmp(callee->signature->params[i].name, key) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("mutator \"%s\" has no parameter \"%s\"", callee->name, key)));
	}
}

/* Fills the parameters from the keys of args; returns which ones are given. */
static Bitmapset *
set_named_params(Callee *callee, Jsonb *args)
{
	Bitmapset  *given = NULL;

	if (!JB_ROOT_IS_OBJECT(args))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mutator \"%s\" takes an object whose keys are its parameters",
						callee->name)));
	for (int i = 0; i < callee->signature->nparams; i++)
	{
		SignatureParam *param = &callee->signature->params[i];
		char	   *label;
		bool		isnull;
		Datum		value;
		JsonbValue *json = getKeyJsonValueFromContainer(&args->root, param->name,
														strlen(param->name), NULL);

		if (json == NULL && !param->optional)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" of mutator \"%s\" is missing",
							param->name, callee->name)));
		if (json == NULL)
			continue;
		label = psprintf("parameter \"%s\" of mutator \"%s\"", param->name, callee->name);
		value = plasma_argument_make(&param->type, json, label, &isnull);
		set_param(callee, i, value, isnull);
		given = bms_add_member(given, i);
	}
	if (bms_num_members(given) < JB_ROOT_COUNT(args))
		refuse_unknown_key(callee, args);
	return given;
}

static Bitmapset *
set_params(Callee *callee, Jsonb *args, Jsonb *ctx)
{
	if (callee->signature->form == SIGNATURE_NAMED)
		return set_named_params(callee, args);
	set_param(callee, 0, JsonbPGetDatum(args), false);
	if (callee->signature->form == SIGNATURE_ARGS)
		return bms_make_singleton(0);
	set_param(callee, 1, JsonbPGetDatum(ctx), ctx == NULL);
	return bms_add_member(bms_make_singleton(0), 1);
}

/*
 * The call as an expression.  Arguments that are left out are added by the
 * planner from the function's defaults.
 */
static ExprState *
make_state(const Callee *callee, const Bitmapset *given, EState *estate)
{
	const Signature *signature = callee->signature;
	List	   *args = NIL;
	FuncExpr   *call;

	for (int i = bms_next_member(given, -1); i >= 0; i = bms_next_member(given, i))
	{
		Param	   *param = makeNode(Param);
		NamedArgExpr *named = makeNode(NamedArgExpr);

		param->paramkind = PARAM_EXTERN;
		param->paramid = i + 1;
		param->paramtype = signature->params[i].type.typid;
		param->paramtypmod = -1;
		param->paramcollid = get_typcollation(param->paramtype);
		param->location = -1;
		named->arg = (Expr *) param;
		named->name = signature->params[i].name;
		named->argnumber = i;
		named->location = -1;
		args = lappend(args, bms_num_members(given) == signature->nparams ?
					   (void *) param : (void *) named);
	}
	call = makeFuncExpr(signature->function, signature->result, args,
						InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	assign_expr_collations(NULL, (Node *) call);
	return ExecPrepareExpr((Expr *) call, estate);
}

static ExprState *
find_form(Calls *calls, Callee *callee, const Bitmapset *given)
{
	ListCell   *cell;
	MemoryContext old;
	CallForm   *form;

	foreach(cell, callee->forms)
	{
		form = lfirst(cell);
		if (bms_equal(form->given, given))
			return form->state;
	}
	old = MemoryContextSwitchTo(calls->context);
	form = palloc(sizeof(CallForm));
	form->given = bms_copy(given);
	form->state = make_state(callee, given, calls->estate);
	callee->forms = lappend(callee->forms, form);
	MemoryContextSwitchTo(old);
	return form->state;
}

void
plasma_call_run(Calls *calls, const char *name, Jsonb *args)
{
	ExprContext *econtext = GetPerTupleExprContext(calls->estate);
	MemoryContext old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	Callee	   *callee;
	Bitmapset  *given;
	bool		isnull;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	callee = find_callee(calls, name);
	plasma_argument_check_numbers(args, psprintf("the args of mutator \"%s\"", name));
	given = set_params(callee, args, calls->ctx);
	econtext->ecxt_param_list_info = callee->params;
	(void) ExecEvalExpr(find_form(calls, callee, given), econtext, &isnull);
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	ResetExprContext(econtext);
}
