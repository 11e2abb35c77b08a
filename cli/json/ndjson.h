/*
 * The trace as lines (NDJSON): each record is written as soon as it is complete, and then forgotten.
 *
 * The first line has "record": "trace", the last one "end"; between them stand the records with the members that --json gives them, behind a
 * member "record" that names their kind.  They come in the order in which they end, findings last of all.
 */
#ifndef NETTRACE_CLI_NDJSON_H
#define NETTRACE_CLI_NDJSON_H

#include "cli/output.h"

struct ndjson; /* handle */

typedef void ndjson_listener(void *context, const struct trace_finding *finding);

/*
 * `output` is read with every record and must live as long; its `list` is not used, its `begin` is to be known before the first record.
 * `listener` is called with every finding that is written, as they are not kept; it may be NULL.
 */
struct ndjson *ndjson_new(FILE *out, struct output *output, ndjson_listener *listener, void *context);
void ndjson_free(struct ndjson *ndjson); /* NULL is fine */

/* Its context is the struct ndjson. */
extern const struct trace_sink ndjson_sink;

/* Whether lines can still be written: if not, nothing more needs to be read. */
bool ndjson_is_good(const struct ndjson *ndjson);

/* Writes the last line, and what is still in memory.  false if this or any write before it failed, with errno. */
bool ndjson_finish(struct ndjson *ndjson);

#endif
