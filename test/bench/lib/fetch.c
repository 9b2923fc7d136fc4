/*
 * fetch.c
 *		A client that reads and throws away, for the figures of the first pull.
 *
 *		fetch copy SELECT		the rows by COPY (SELECT) TO STDOUT
 *		fetch pull LIMIT		a first pull, page by page, until there is no more
 *
 *		The connection comes from the environment.  Prints the milliseconds, the
 *		number of rows or pages, and the private memory of the backend in kB: before,
 *		and the most that was seen, sampled all the while.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libpq-fe.h"

#define COOKIE_START	"{\"cookie\":\""
#define MORE_END		"\"hasMore\":true}"

static PGconn *conn;
static volatile bool done = false;
static long first_kb = 0;
static long peak_kb = 0;

static void
fail(const char *what)
{
	fprintf(stderr, "fetch: %s: %s", what, PQerrorMessage(conn));
	exit(1);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static long
backend_kb(void)
{
	char		line[256];
	long		kb = 0;
	FILE	   *file;

	snprintf(line, sizeof(line), "/proc/%d/status", PQbackendPID(conn));
	file = fopen(line, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "RssAnon: %ld", &kb) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kb;
}

static void *
sample(void *arg)
{
	struct timespec pause = {0, 5000000};

	while (!done)
	{
		long		kb = backend_kb();

		if (kb > peak_kb)
			peak_kb = kb;
		nanosleep(&pause, NULL);
	}
	return arg;
}

static long
copy(const char *select)
{
	char		sql[1000];
	PGresult   *result;
	char	   *line;
	long		rows = 0;

	snprintf(sql, sizeof(sql), "COPY (%s) TO STDOUT", select);
	result = PQexec(conn, sql);
	if (PQresultStatus(result) != PGRES_COPY_OUT)
		fail("COPY");
	PQclear(result);
	while (PQgetCopyData(conn, &line, 0) > 0)
	{
		PQfreemem(line);
		rows++;
	}
	result = PQgetResult(conn);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail("COPY");
	PQclear(result);
	return rows;
}

static long
pull(const char *limit)
{
	char		cookie[10000];
	const char *params[] = {NULL, limit};
	bool		more = true;
	long		pages = 0;

	while (more)
	{
		PGresult   *result = PQexecParams(conn, "SELECT plasma.pull(bench.pull_request($1, $2))",
										  2, NULL, params, NULL, NULL, 0);
		const char *answer;
		int			len;

		if (PQresultStatus(result) != PGRES_TUPLES_OK)
			fail("pull");
		answer = PQgetvalue(result, 0, 0);
		len = PQgetlength(result, 0, 0);
		if (sscanf(answer, COOKIE_START "%9999[^\"]", cookie) != 1)
			fail("no cookie");
		params[0] = cookie;
		more = strcmp(answer + len - strlen(MORE_END), MORE_END) == 0;
		pages++;
		PQclear(result);
	}
	return pages;
}

int
main(int argc, char **argv)
{
	pthread_t	sampler;
	double		start;
	long		count;

	if (argc != 3)
		return 2;
	conn = PQconnectdb("");
	if (PQstatus(conn) != CONNECTION_OK)
		fail("connect");
	first_kb = backend_kb();
	pthread_create(&sampler, NULL, sample, NULL);
	start = now_ms();
	count = strcmp(argv[1], "copy") == 0 ? copy(argv[2]) : pull(argv[2]);
	printf("%.1f %ld ", now_ms() - start, count);
	done = true;
	pthread_join(sampler, NULL);
	printf("%ld %ld\n", first_kb, peak_kb);
	PQfinish(conn);
	return 0;
}
