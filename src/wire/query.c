/*
 * query.c
 *		application/x-www-form-urlencoded to JSON.
 *
 *		The parameters are the keys of a pull request.  Which of them there are
 *		and what they may hold is checked where the request is: here they only
 *		change their form, so that GET and POST cannot come to differ.
 */
#include "postgres.h"

#include "base/text.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "wire/query.h"

#define MAX_NUMBER_DIGITS	18

/* Far more than a request has; each is compared with those before it. */
#define MAX_PARAMETERS		32

/* Keys whose values are numbers in JSON. */
static const char *const number_keys[] = {"protocolVersion", "limit"};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* NULL where a percent sign starts no byte, or the bytes are no text. */
static char *
decode(const char *from, int len, char **fault)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < len; i++)
	{
		if (from[i] == '+')
			appendStringInfoChar(&out, ' ');
		else if (from[i] != '%')
			appendStringInfoChar(&out, from[i]);
		else if (i + 2 < len && hex_digit(from[i + 1]) >= 0 && hex_digit(from[i + 2]) >= 0)
		{
			appendStringInfoChar(&out, (char) (hex_digit(from[i + 1]) << 4 |
											   hex_digit(from[i + 2])));
			i += 2;
		}
		else
		{
			*fault = "the query string holds a percent sign without two hexadecimal digits";
			return NULL;
		}
	}
	if (!pg_verify_mbstr(PG_UTF8, out.data, out.len, true))
	{
		*fault = "the query string is not UTF-8 text";
		return NULL;
	}
	return out.data;
}

static bool
is_number_key(const char *key)
{
	for (int i = 0; i < lengthof(number_keys); i++)
		if (strcmp(key, number_keys[i]) == 0)
			return true;
	return false;
}

/* An integer as JSON writes it; any other text stays a string, and is refused as one. */
static bool
is_number(const char *text)
{
	const char *digits = text + (*text == '-');
	int			count = strspn(digits, "0123456789");

	return count > 0 && count <= MAX_NUMBER_DIGITS && digits[count] == '\0' &&
		(digits[0] != '0' || count == 1);
}

static void
append_member(StringInfo out, const char *key, const char *value)
{
	if (out->len > 1)
		appendStringInfoChar(out, ',');
	plasma_text_json(out, key);
	appendStringInfoChar(out, ':');
	if (strcmp(key, "cookie") == 0 && (*value == '\0' || strcmp(value, "null") == 0))
		appendStringInfoString(out, "null");
	else if (is_number_key(key) && is_number(value))
		appendStringInfoString(out, value);
	else
		plasma_text_json(out, value);
}

/* Adds "key=value" to the object; false where it cannot. */
static bool
add_pair(StringInfo out, List **keys, const char *pair, int len, char **fault)
{
	const char *equals = memchr(pair, '=', len);
	int			key_len = equals ? equals - pair : len;
	char	   *key = decode(pair, key_len, fault);
	char	   *value;

	if (key == NULL)
		return false;
	value = equals ? decode(equals + 1, len - key_len - 1, fault) : "";
	if (value == NULL)
		return false;
	if (list_length(*keys) >= MAX_PARAMETERS)
	{
		*fault = psprintf("the query string holds more than %d parameters", MAX_PARAMETERS);
		return false;
	}
	if (plasma_text_position(*keys, key) >= 0)
	{
		*fault = psprintf("the query string holds \"%s\" twice", key);
		return false;
	}
	*keys = lappend(*keys, key);
	append_member(out, key, value);
	return true;
}

char *
plasma_query_request(const char *query, char **fault)
{
	StringInfoData out;
	List	   *keys = NIL;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	while (*query != '\0')
	{
		int			len = strcspn(query, "&");

		if (len > 0 && !add_pair(&out, &keys, query, len, fault))
			return NULL;
		query += len + (query[len] == '&');
	}
	if (plasma_text_position(keys, "cookie") < 0)
		append_member(&out, "cookie", "");
	appendStringInfoChar(&out, '}');
	return out.data;
}
