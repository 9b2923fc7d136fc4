/*
 * pull_request.c
 *		From the JSON of a pull request to a struct.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/guc.h"
#include "log/pull_request.h"

static const char *const request_keys[] = {
	"protocolVersion", "schemaVersion", "clientGroupID", "clientID", "cookie", "limit", NULL
};

void
plasma_pull_request_parse(PullRequest *request, Jsonb *body)
{
	EnvelopePlace root = plasma_envelope_root(body, request_keys);
	JsonbValue *cookie = plasma_envelope_get(&root, "cookie");
	JsonbValue *limit = plasma_envelope_get(&root, "limit");

	plasma_envelope_parse(&request->envelope, &root);
	request->cookie_text = NULL;
	if (cookie != NULL && cookie->type == jbvString)
		request->cookie_text = pnstrdup(cookie->val.string.val, cookie->val.string.len);
	else if (cookie != NULL && cookie->type != jbvNull)
		plasma_envelope_refuse("$.cookie", "a string or null", cookie);
	request->limit = Min(plasma_pull_limit, plasma_max_pull_limit);
	if (limit != NULL)
		request->limit = Min(plasma_max_pull_limit,
							 plasma_envelope_integer(&root, "limit", limit,
													 ENVELOPE_MAX_ID));
}

Cookie *
plasma_pull_request_cookie(const PullRequest *request)
{
	Cookie	   *cookie;

	if (request->cookie_text == NULL)
		return NULL;
	cookie = plasma_cookie_parse(request->cookie_text);
	if (cookie == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("$.cookie is not a cookie of plasma"),
				 errhint("Send the cookie of the last pull as it was, or null to begin anew.")));
	return cookie;
}
