/*
 * request.c
 *		From the body of a push to a checked request.
 *
 *		A pure function of its argument: it reads no table and takes no lock, so
 *		that a faulty or oversized body costs nothing more.  The number of
 *		mutations is looked at before anything else.  What is accepted is complete:
 *		nobody behind this room checks a type or a length again.
 */
#include "postgres.h"

#include "access/envelope.h"
#include "base/error.h"
#include "base/guc.h"
#include "miscadmin.h"
#include "push/request.h"

static const char *const request_keys[] = {
	"protocolVersion", "schemaVersion", "clientGroupID", "clientID", "mutations", NULL
};
static const char *const mutation_keys[] = {
	"id", "name", "args", "timestamp", "clientID", NULL
};

static Jsonb *
empty_object(void)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static char *
required_name(const EnvelopePlace *place, const char *key)
{
	return plasma_envelope_name(place, key, plasma_envelope_require(place, key));
}

static void
parse_mutation(const Request *request, RequestMutation *mutation,
			   int position, const JsonbValue *value)
{
	EnvelopePlace place = plasma_envelope_object(value, psprintf("$.mutations[%d]", position),
												 mutation_keys);
	JsonbValue *field;

	mutation->id = plasma_envelope_integer(&place, "id", plasma_envelope_require(&place, "id"),
										   ENVELOPE_MAX_ID);
	mutation->name = required_name(&place, "name");
	mutation->own_client = plasma_envelope_get(&place, "clientID") != NULL;
	mutation->client_id = mutation->own_client ? required_name(&place, "clientID") :
		request->envelope.client_id;
	field = plasma_envelope_get(&place, "timestamp");
	if (field != NULL && field->type != jbvNumeric)
		plasma_envelope_refuse(psprintf("%s.timestamp", place.path), "a number", field);
	field = plasma_envelope_get(&place, "args");
	mutation->args = field == NULL ? empty_object() : JsonbValueToJsonb(field);
}

/* The array of mutations, checked for its size and for nothing else. */
static JsonbContainer *
find_mutations(Jsonb *body, int *count)
{
	EnvelopePlace root = {&body->root, "$"};
	JsonbValue *value;

	if (!JB_ROOT_IS_OBJECT(body))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("a push request must be a JSON object")));
	value = plasma_envelope_require(&root, "mutations");
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		plasma_envelope_refuse("$.mutations", "an array", value);
	*count = JsonContainerSize(value->val.binary.data);
	if (*count > plasma_max_mutations_per_push)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_TOO_LARGE),
				 errmsg("%d mutations in one push", *count),
				 errdetail("plasma.max_mutations_per_push is %d.",
						   plasma_max_mutations_per_push),
				 errhint("Send the outbox in several pushes, one after the other.")));
	return value->val.binary.data;
}

Request *
plasma_request_parse(Jsonb *body)
{
	Request    *request = palloc0(sizeof(Request));
	JsonbContainer *mutations = find_mutations(body, &request->count);
	EnvelopePlace root = plasma_envelope_root(body, request_keys);

	plasma_envelope_parse(&request->envelope, &root);
	request->mutations = palloc0(sizeof(RequestMutation) * Max(request->count, 1));
	for (int i = 0; i < request->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		parse_mutation(request, &request->mutations[i], i,
					   getIthJsonbValueFromContainer(mutations, i));
	}
	return request;
}
