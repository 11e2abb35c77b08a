/*
 * What a device archive says about the device beside captures and traces: addresses, routes, neighbours, name servers, and its logs of the
 * time.  It is shown as it stands there; nothing is concluded from it.
 */
#ifndef NETTRACE_CLI_CONTEXT_H
#define NETTRACE_CLI_CONTEXT_H

#include "store/base.h"
#include "store/limits.h"

struct context_line {
	nt_time at;                    /* of a log; else NT_TIME_NONE */
	struct bytes severity, source; /* of a log; may be empty */
	struct bytes text;             /* at most LIMIT_CONTEXT_TEXT bytes */
};

struct context_file {
	const char *name; /* "netdump.tgz:linux/arp.txt" */
	const char *kind; /* "routes", "neighbours", "log", … */
	const struct context_line *lines;
	size_t count;
	uint64_t left_out; /* lines that are not kept; of a log those of another time do not count */
};

struct context; /* handle */

struct context *context_new(struct limit_hits *hits, uint64_t hash_seed, bool secrets);
void context_free(struct context *context); /* NULL is fine */

/* `path` is the name within the archive; the text must live as long as the context.  false: it is nothing that is shown. */
bool context_add(struct context *context, const char *name, const char *path, struct bytes text);

/* Reads all that was added; of logs the lines from a while before `begin` to a while after `end`. */
void context_read(struct context *context, nt_time begin, nt_time end);

size_t context_file_count(const struct context *context); /* 0 for NULL */
const struct context_file *context_file(const struct context *context, size_t index);

#endif
