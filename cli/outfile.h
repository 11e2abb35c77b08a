/*
 * Where results go.  A regular file is written under a temporary name beside it, and takes its name only when all of it is written;
 * standard output, devices and pipes are written to directly.
 */
#ifndef NETTRACE_CLI_OUTFILE_H
#define NETTRACE_CLI_OUTFILE_H

#include "store/base.h"

#include <stdio.h>
#include <sys/types.h>

enum { OUTFILES = 8 }; /* the most that are open at the same time */

struct outfile {
	FILE *file;
	const char *name; /* for messages */
	/* Owned, in memory of their own that cannot be written any more, so that a system call filter can go by the pointers. */
	const char *temporary, *path; /* what to rename, and to what; NULL where the file is written to directly */
};

/*
 * `path` NULL, "-" and "/dev/stdout" mean standard output.  A new file gets `mode` (less the umask), an existing one keeps its own.  On
 * failure *out is empty.
 */
enum nt_status outfile_open(struct outfile *out, const char *path, mode_t mode, struct nt_error *error);

/*
 * Writes what is buffered and gives the file its name.  `complete` is false if a writer already saw a failure, which errno then tells.
 * On failure a temporary file is removed.  Either way *out is empty afterwards.
 */
enum nt_status outfile_finish(struct outfile *out, bool complete, struct nt_error *error);

/* Whether both names lead to the same regular file. */
bool outfile_is_same(const char *a, const char *b);

/* Removes the temporary files of all that are open.  May be called in a signal handler; only the end of the process may follow. */
void outfile_abandon(void);

#endif
