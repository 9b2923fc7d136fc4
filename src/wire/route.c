/*
 * route.c
 *		Which function answers which path.
 */
#include "postgres.h"

#include "log/pull.h"
#include "push/push.h"
#include "wire/reader.h"
#include "wire/route.h"

static const Route routes[] = {
	{"push", false, true, plasma_push_run, NULL},
	{"pull", true, false, plasma_pull_run, plasma_reader_note},
};

const Route *
plasma_route_find(const char *path, const char **query)
{
	int			len = strcspn(path, "?");
	const char *segment;

	*query = path[len] == '?' ? path + len + 1 : "";
	for (segment = path + len; segment > path && segment[-1] != '/';)
		segment--;
	if (segment == path)
		return NULL;
	for (int i = 0; i < lengthof(routes); i++)
		if (strlen(routes[i].name) == path + len - segment &&
			strncmp(routes[i].name, segment, path + len - segment) == 0)
			return &routes[i];
	return NULL;
}
