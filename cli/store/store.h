/*
 * The trace as a SQLite database (--store): a table for each kind of record, tied together by foreign keys, and views for the questions
 * that are asked most.  store_schema.c describes every column.
 */
#ifndef NETTRACE_CLI_STORE_STORE_H
#define NETTRACE_CLI_STORE_STORE_H

#include "cli/outfile.h"
#include "cli/output.h"

struct store; /* handle */

/*
 * Opens what --store names: a new file, or one that --store made before, which is replaced when all is written.  Another database is left
 * alone.  Everything is open afterwards: no further file is needed.
 */
enum nt_status store_open(struct store **out, const char *path, struct nt_error *error);
void store_free(struct store *store); /* NULL is fine; what is not finished is removed */

/* The file, for the sandbox and for its name. */
const struct outfile *store_file(const struct store *store);

/* Its context is the struct store.  The first failure is told by store_finish(). */
extern const struct trace_sink store_sink;

/* All records were given: writes what is known of the whole trace, and gives the file its name. */
enum nt_status store_finish(struct store *store, const struct output *output, struct nt_error *error);

#endif
