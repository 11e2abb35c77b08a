/*
 * The command that is run while we capture.
 *
 * Its process is made early, with nothing of ours open, and waits until all is ready.  It stays in our process group and on our terminal,
 * so that Ctrl-C reaches it as ever.
 */
#ifndef NETTRACE_CLI_COMMAND_H
#define NETTRACE_CLI_COMMAND_H

#include "cli/agent/only_command.h"
#include "cli/agent/privileges.h"

struct command {
	pid_t pid;      /* 0: none */
	int descriptor; /* readable when it has ended */
	int go, result; /* our ends of the pipes */
};

struct command_options {
	char **argv;
	const struct user *user;
	const char *keylog;              /* for SSLKEYLOGFILE, or NULL */
	const struct only_command *only; /* whose cgroup it enters, or NULL */
};

enum { COMMAND_NOT_FOUND = 127, COMMAND_NOT_EXECUTABLE = 126 }; /* as POSIX has it for env(1) and the shell */

enum nt_status command_prepare(struct command *command, const struct command_options *options, struct nt_error *error);

/* Executes it.  NT_EIO: it could not be; command_wait() then gives one of the two statuses above. */
enum nt_status command_release(struct command *command, const char *name, struct nt_error *error);

void command_signal(const struct command *command, int signal_number);

/* Waits for its end: its exit status, or 128 + the signal that ended it.  Of a command that was not released: it never runs. */
int command_wait(struct command *command);

/* The command line for a reader: words that a shell would take apart are quoted.  The caller frees it. */
char *command_text(char *const *argv);

#endif
