/*
 * nettrace-capture -r: a capture file becomes a session of a recording.
 */
#ifndef NETTRACE_CLI_IMPORT_H
#define NETTRACE_CLI_IMPORT_H

#include "cli/agent/capture_options.h"

enum { IMPORT_DAMAGED = 2 }; /* exit status: what stands before the damage was imported */

/* The exit status of the program. */
int import_run(const struct capture_options *options);

#endif
