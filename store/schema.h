/*
 * The tables of a recording, and how older ones are brought up to date.  Internal to store/.
 */
#ifndef NETTRACE_STORE_SCHEMA_H
#define NETTRACE_STORE_SCHEMA_H

#include "store/sql.h"

/* SQL text, several statements, with a comment at each column: what `.schema` shows to those who query a recording by hand. */
extern const char schema_sql[];

enum schema_state {
	SCHEMA_EMPTY,   /* a database without anything in it: schema_install() makes a recording of it */
	SCHEMA_CURRENT, /* of this program's version */
	SCHEMA_OLDER    /* schema_upgrade() brings it up to date */
};

/* NT_EFORMAT: no recording.  NT_ENOTSUP: of a newer version. */
enum nt_status schema_look(struct sql *sql, enum schema_state *out, struct nt_error *error);

/* NT_EDAMAGED unless all tables are there, and are tables that only hold what was put into them. */
enum nt_status schema_check(struct sql *sql, struct nt_error *error);

/* Both in one transaction, which may be an inner one. */
enum nt_status schema_install(struct sql *sql, struct nt_error *error);

/* One step: what changes a file of version `from` into one of version `from` + 1. */
struct schema_migration {
	int from;
	const char *sql; /* NULL ends a list */
};
extern const struct schema_migration schema_migrations[];

/*
 * Takes the steps of `list` until the file is of RECORDING_VERSION; NT_ENOTSUP if one is missing.  On failure nothing has changed.
 */
enum nt_status schema_upgrade(struct sql *sql, const struct schema_migration *list, struct nt_error *error);

#endif
