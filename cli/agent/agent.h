/*
 * nettrace-capture at work: opens what the options say, gives up privileges, records until an end comes, and says what it has.
 *
 * One thread waits for packets, connection tracking, the command, keys, signals and times; another writes (cli/agent/recorder.h).
 */
#ifndef NETTRACE_CLI_AGENT_H
#define NETTRACE_CLI_AGENT_H

#include "cli/agent/capture_options.h"

/* The exit status of the program. */
int agent_run(const struct capture_options *options);

#endif
