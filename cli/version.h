/*
 * The version of nettrace, as --version and the trace show it.
 */
#ifndef NETTRACE_CLI_VERSION_H
#define NETTRACE_CLI_VERSION_H

#include <stdio.h>

#define NETTRACE_VERSION "0.1.0"

/* Our version, and one line for each library that does part of the work. */
void version_print(FILE *out);

/* The same for nettrace-capture. */
void version_print_capture(FILE *out);

#endif
