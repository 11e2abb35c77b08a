/*
 * The HTTP requests of the trace as an HTTP Archive (HAR 1.2), which the developer tools of browsers open.
 *
 * An entry is a request with its response; a request without an answer has status 0 and response._error.  Times are milliseconds.  Lookup,
 * connect and TLS are told of the first request on their connection.  What HAR has no place for is in members that begin with "_", as HAR
 * demands: _traceID names the record of the JSON trace, _findings has the findings as they stand there.
 */
#ifndef NETTRACE_CLI_HAR_H
#define NETTRACE_CLI_HAR_H

#include "cli/output.h"

bool har_write(FILE *out, const struct output *output); /* false if writing failed, with errno */

#endif
