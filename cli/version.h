/*
 * The version of nettrace, as --version and the trace show it: NETTRACE_VERSION, which the public header defines.
 */
#ifndef NETTRACE_CLI_VERSION_H
#define NETTRACE_CLI_VERSION_H

#include "cli/library/nettrace.h"

#include <stdio.h>

/* Our version, and one line for each library that does part of the work. */
void version_print(FILE *out);

/* The same for nettrace-capture. */
void version_print_capture(FILE *out);

#endif
