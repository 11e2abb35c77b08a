/*
 * What --list-fields prints: every member that the JSON trace can have.
 */
#ifndef NETTRACE_CLI_FIELDS_H
#define NETTRACE_CLI_FIELDS_H

#include <stddef.h>
#include <stdio.h>

/* A row of fields.def, which is made from tests/schema/trace.schema.json: the schema is the only place to change. */
struct field {
	const char *path; /* "dials[].wire.beginUs"; [] stands behind lists, NAME for any name */
	const char *type;
	const char *unit; /* "" if it is no measure */
	const char *meaning;
};

extern const struct field fields[];
extern const size_t field_count;

/* One line for each, below a line of titles, in columns. */
void fields_print(FILE *out);

#endif
