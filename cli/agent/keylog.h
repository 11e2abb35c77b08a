/*
 * An NSS key log (SSLKEYLOGFILE) that somebody else writes while we read: a private one for a command, or a file of the user's.
 */
#ifndef NETTRACE_CLI_KEYLOG_H
#define NETTRACE_CLI_KEYLOG_H

#include "cli/agent/privileges.h"
#include "store/limits.h"

struct keylog; /* handle */

/* Makes an empty file in a directory of its own under $TMPDIR or /tmp, which `owner` and its programs may write. */
enum nt_status keylog_make(struct keylog **out, const struct user *owner, struct nt_error *error);

/* A file that is there already; from_end: only what is written to it from now on. */
enum nt_status keylog_open(struct keylog **out, const char *path, bool from_end, struct nt_error *error);

void keylog_free(struct keylog *keylog); /* NULL is fine.  A file that keylog_make() made stays. */

const char *keylog_path(const struct keylog *keylog);

/* Readable when the file was written to.  For keylog_read(), which takes the news off it. */
int keylog_descriptor(const struct keylog *keylog);

/*
 * Hands over the lines that are new, whole ones only unless it is the `last` time; several calls of `take` if they are many.  After
 * LIMIT_SECRETS bytes nothing more comes: false from then on.
 */
bool keylog_read(struct keylog *keylog, bool last, void (*take)(void *context, struct bytes lines), void *context);

/* Removes what keylog_make() made; `path` is its keylog_path(). */
void keylog_remove(const char *path);

#endif
