/*
 * signature.c
 *		Which of the three forms of a mutator a function has.
 *
 *		Asked when a mutator is registered, so that a fault is told to whoever
 *		can mend it, and again when it is called, because the function may have
 *		been made anew since.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "push/signature.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#define FORMS_HINT	"A mutator is f(args jsonb), f(args jsonb, ctx jsonb), or a function whose parameters are named like the keys of args."

/* Why it is not a plain function that gives back at most one value; or NULL. */
static const char *
kind_fault(Form_pg_proc proc)
{
	switch (proc->prokind)
	{
		case PROKIND_PROCEDURE:
			return "It is a procedure.";
		case PROKIND_AGGREGATE:
			return "It is an aggregate function.";
		case PROKIND_WINDOW:
			return "It is a window function.";
	}
	if (proc->proretset)
		return "It returns a set.";
	if (proc->prorettype != VOIDOID && proc->prorettype != RECORDOID &&
		get_typtype(proc->prorettype) == TYPTYPE_PSEUDO)
		return "The type that it returns is a pseudo-type.";
	return NULL;
}

static void
check_kind(Form_pg_proc proc)
{
	const char *fault = kind_fault(proc);

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s cannot be a mutator", format_procedure(proc->oid)),
				 errdetail_internal("%s", fault),
				 errhint(FORMS_HINT)));
}

static void
check_params(Form_pg_proc proc, const Signature *signature)
{
	if (OidIsValid(proc->provariadic))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("%s cannot be a mutator", format_procedure(proc->oid)),
				 errdetail("It has a VARIADIC parameter."),
				 errhint("Declare the parameter as an array without VARIADIC.")));
	for (int i = 0; i < signature->nparams; i++)
	{
		if (get_typtype(proc->proargtypes.values[i]) == TYPTYPE_PSEUDO)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
					 errmsg("%s cannot be a mutator", format_procedure(proc->oid)),
					 errdetail("The type of parameter %d is a pseudo-type.", i + 1),
					 errhint("Give every parameter a type of its own.")));
		if (signature->form == SIGNATURE_NAMED && signature->params[i].name[0] == '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
					 errmsg("%s cannot be a mutator", format_procedure(proc->oid)),
					 errdetail("Parameter %d has no name.", i + 1),
					 errhint(FORMS_HINT)));
	}
}

/* Whether parameter i is a jsonb of this name, or the whole list has no names. */
static bool
is_jsonb(Form_pg_proc proc, const Signature *signature, int i,
		 const char *name, bool unnamed)
{
	return proc->proargtypes.values[i] == JSONBOID &&
		(unnamed || strcmp(signature->params[i].name, name) == 0);
}

static SignatureForm
form_of(Form_pg_proc proc, const Signature *signature)
{
	bool		unnamed = true;

	for (int i = 0; i < signature->nparams; i++)
		unnamed &= signature->params[i].name[0] == '\0';
	if (signature->nparams == 1 && is_jsonb(proc, signature, 0, "args", unnamed))
		return SIGNATURE_ARGS;
	if (signature->nparams == 2 && is_jsonb(proc, signature, 0, "args", unnamed) &&
		is_jsonb(proc, signature, 1, "ctx", unnamed))
		return SIGNATURE_ARGS_CTX;
	return SIGNATURE_NAMED;
}

/* The names of the parameters that go in; those that only come out are no keys. */
static void
read_names(HeapTuple tuple, Signature *signature)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			total = get_func_arg_info(tuple, &types, &names, &modes);
	int			n = 0;

	for (int i = 0; i < total; i++)
	{
		if (modes != NULL && modes[i] != PROARGMODE_IN &&
			modes[i] != PROARGMODE_INOUT && modes[i] != PROARGMODE_VARIADIC)
			continue;
		signature->params[n++].name = names != NULL ? names[i] : pstrdup("");
	}
	Assert(n == signature->nparams);
}

Signature *
plasma_signature_read(Oid function)
{
	HeapTuple	tuple = SearchSysCacheCopy1(PROCOID, ObjectIdGetDatum(function));
	Signature  *signature = palloc0(sizeof(Signature));
	Form_pg_proc proc;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", function)));
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	check_kind(proc);

	signature->function = function;
	signature->result = proc->prorettype;
	signature->strict = proc->proisstrict;
	signature->nparams = proc->pronargs;
	signature->params = palloc0(sizeof(SignatureParam) * Max(proc->pronargs, 1));
	read_names(tuple, signature);
	signature->form = form_of(proc, signature);
	check_params(proc, signature);
	for (int i = 0; i < signature->nparams; i++)
	{
		SignatureParam *param = &signature->params[i];

		param->optional = i >= proc->pronargs - proc->pronargdefaults;
		plasma_argument_prepare(&param->type, proc->proargtypes.values[i]);
	}
	return signature;
}
