/*
 * setting.c
 *		Settings held fixed while values are written as text, so that one value
 *		has one text in every session.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/namespace.h"
#include "log/encode.h"
#include "log/setting.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"

typedef struct FixedSetting
{
	int			group;
	const char *name;
	const char *value;
	bool		(*is_fixed) (const char *value);
} FixedSetting;

static bool
bytea_output_is_fixed(const char *value)
{
	return bytea_output == BYTEA_OUTPUT_HEX;
}

static bool
date_style_is_fixed(const char *value)
{
	return DateStyle == USE_ISO_DATES;
}

static bool
float_digits_are_fixed(const char *value)
{
	return extra_float_digits >= 1;
}

static bool
interval_style_is_fixed(const char *value)
{
	return IntervalStyle == INTSTYLE_POSTGRES;
}

static bool
time_zone_is_fixed(const char *value)
{
	return strcmp(pg_get_timezone_name(session_timezone), value) == 0;
}

static bool
lc_monetary_is_fixed(const char *value)
{
	return strcmp(locale_monetary, value) == 0;
}

static bool
quoting_is_fixed(const char *value)
{
	return !quote_all_identifiers;
}

static bool
search_path_is_fixed(const char *value)
{
	return strcmp(namespace_search_path, value) == 0;
}

static bool
strings_are_fixed(const char *value)
{
	return standard_conforming_strings;
}

static const FixedSetting fixed_settings[] = {
	{SETTING_TEXT, "bytea_output", "hex", bytea_output_is_fixed},
	{SETTING_TEXT, "DateStyle", "ISO", date_style_is_fixed},
	{SETTING_TEXT, "extra_float_digits", "1", float_digits_are_fixed},
	{SETTING_TEXT, "IntervalStyle", "postgres", interval_style_is_fixed},
	{SETTING_TEXT, "TimeZone", "UTC", time_zone_is_fixed},
	{SETTING_MONEY, "lc_monetary", "C", lc_monetary_is_fixed},
	{SETTING_NAMES, "quote_all_identifiers", "off", quoting_is_fixed},
	{SETTING_NAMES, "search_path", "pg_catalog, pg_temp", search_path_is_fixed},
	{SETTING_STRINGS, "standard_conforming_strings", "on", strings_are_fixed},
};

/* Opens the nest level with the first setting that must change; 0 if none. */
int
plasma_setting_fix(int groups)
{
	int			level = 0;

	for (int i = 0; i < lengthof(fixed_settings); i++)
	{
		const FixedSetting *setting = &fixed_settings[i];

		if ((setting->group & groups) == 0 || setting->is_fixed(setting->value))
			continue;
		if (level == 0)
			level = NewGUCNestLevel();
		set_config_option(setting->name, setting->value, PGC_USERSET,
						  PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	}
	return level;
}

void
plasma_setting_restore(int level)
{
	if (level != 0)
		AtEOXact_GUC(false, level);
}
