/*
 * Text logs of connection tracking (--conntrack FILE): what conntrack-tools print, /proc/net/nf_conntrack, tables of device archives.
 */
#ifndef NETTRACE_CLI_CONNTRACK_LOG_H
#define NETTRACE_CLI_CONNTRACK_LOG_H

#include "store/conntrack.h"
#include "store/limits.h"

/* Entries of all files read so far.  Zeroed memory is an empty log. */
struct conntrack_log {
	struct conntrack_logged *entries;
	size_t count, capacity;
	size_t next; /* what conntrack_log_next() gives */
	uint64_t lines;
};

/* What one file has that is no entry. */
struct conntrack_log_doubts {
	uint64_t lines, first_line; /* counted from 1; 0 if there is none */
};

/* Adds the entries of a file.  NT_EIO with *error if it cannot be read. */
enum nt_status conntrack_log_read(struct conntrack_log *log, const char *path, struct conntrack_log_doubts *doubts,
				  struct limit_hits *hits, struct nt_error *error);
/* The same of a text in memory. */
void conntrack_log_read_text(struct conntrack_log *log, struct bytes text, struct conntrack_log_doubts *doubts,
			     struct limit_hits *hits);
void conntrack_log_clear(struct conntrack_log *log);

/* After the last file: by time, and those without one last; as they stood where times are the same. */
void conntrack_log_sort(struct conntrack_log *log);

/* false at the end */
bool conntrack_log_next(struct conntrack_log *log, struct conntrack_entry *out);

#endif
