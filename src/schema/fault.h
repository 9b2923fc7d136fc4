/*
 * fault.h
 *		The faults of a declaration, each with its JSON path, gathered so that
 *		one error tells all of them.
 */
#ifndef PLASMA_FAULT_H
#define PLASMA_FAULT_H

#include "postgres.h"

#include "base/json.h"
#include "nodes/pg_list.h"

/* A place in the declaration; NULL is its root. */
typedef struct FaultPath
{
	const struct FaultPath *up;
	const char *key;			/* NULL: an element of an array */
	int			index;
} FaultPath;

typedef struct FaultList
{
	List	   *lines;			/* char * */
	struct HTAB *attempts;		/* of attempt.h */
} FaultList;

extern const FaultPath *plasma_fault_key(const FaultPath *up, const char *key);
extern const FaultPath *plasma_fault_index(const FaultPath *up, int index);

/* The path as text: $.tables.todos.columns. */
extern char *plasma_fault_path_text(const FaultPath *path);

/* Notes one fault. Line breaks in the message become spaces. */
extern void plasma_fault_add(FaultList *faults, const FaultPath *path,
							 const char *format,...) pg_attribute_printf(3, 4);

/* All of them, a line each. */
extern char *plasma_fault_detail(const FaultList *faults);

/* Raises PL002 when there are any. */
extern void plasma_fault_raise(const FaultList *faults);

/* A text in double quotes for a message, cut when it is long. */
extern char *plasma_fault_quote(const char *text);

/* A list of names for a message: a, b, c. */
extern char *plasma_fault_names(const char *const *names, int count);

/* Notes each key that occurs twice in an object, at any depth. */
extern void plasma_fault_duplicates(FaultList *faults, const FaultPath *path,
									const JsonNode *node);

/*
 * False, and noted, when the node is no object.  Notes keys that are not listed.
 */
extern bool plasma_fault_object(FaultList *faults, const FaultPath *path,
								const JsonNode *node,
								const char *const *keys, int nkeys);

/* A member that may be absent; a value of another type is noted. */
extern bool plasma_fault_bool(FaultList *faults, const FaultPath *path,
							  const JsonNode *object, const char *key,
							  bool absent);
extern char *plasma_fault_string(FaultList *faults, const FaultPath *path,
								 const JsonNode *object, const char *key);

/* Notes a name that cannot be one in the database. */
extern void plasma_fault_name(FaultList *faults, const FaultPath *path,
							  const char *what, const char *name);
extern void plasma_fault_schema(FaultList *faults, const FaultPath *path,
								const char *name);

/* Notes the keys of an object that are one name when they are cut to 63 bytes. */
extern void plasma_fault_cut_names(FaultList *faults, const FaultPath *path,
								   const JsonNode *object);

#endif							/* PLASMA_FAULT_H */
