/*
 * A process that removes what we leave behind, however we end: it waits until our end of a pipe is closed.  It is made before privileges
 * are given up, and does nothing else.
 */
#ifndef NETTRACE_CLI_JANITOR_H
#define NETTRACE_CLI_JANITOR_H

#include "cli/agent/only_command.h"

#include <sys/types.h>

struct janitor {
	pid_t pid; /* 0: none */
	int pipe;
};

/* Any of them may be NULL. */
struct janitor_work {
	const char *keylog; /* to be removed: a keylog_path() of keylog_make() */
	const struct only_command *only;
	const char *recording; /* whose empty journal is to be removed */
};

enum nt_status janitor_start(struct janitor *janitor, const struct janitor_work *work, struct nt_error *error);

/* Lets it do its work, and waits for it. */
void janitor_finish(struct janitor *janitor);

#endif
