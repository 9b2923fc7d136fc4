/*
 * setting.h
 *		The settings that the text of a value may depend on, held fixed.
 */
#ifndef PLASMA_SETTING_H
#define PLASMA_SETTING_H

#include "postgres.h"

/* Which of them the output function of a type, or the grammar, reads; flags. */
#define SETTING_TEXT	0x01	/* forms of dates, intervals, floats, bytea */
#define SETTING_MONEY	0x02
#define SETTING_NAMES	0x04	/* how much of an object's name is written */
#define SETTING_STRINGS	0x08	/* how constants stand in the text of a query */
#define SETTING_ALL		(SETTING_TEXT | SETTING_MONEY | SETTING_NAMES)
#define SETTING_QUERY	(SETTING_ALL | SETTING_STRINGS)

/*
 * Fixes the settings of these groups, for plasma_setting_restore.  Costs
 * nothing where they have their fixed values already.  An error undoes it.
 */
extern int	plasma_setting_fix(int groups);
extern void plasma_setting_restore(int level);

#endif							/* PLASMA_SETTING_H */
