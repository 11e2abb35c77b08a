/*
 * The trace as spans of OpenTelemetry: OTLP/JSON, one ExportTraceServiceRequest on one line, as collectors take it on /v1/traces.
 *
 *	request (CLIENT)            the first on its connection has the dial in it; later ones have a link to it
 *	  dial
 *	    DNS lookup              one for each flow to a name server
 *	    TCP connect             one for each attempt
 *	    TLS handshake
 *
 * Names of attributes are those of the semantic conventions, our own begin with "nettrace.".  The trace of a request is that of its
 * traceparent field, and its parent the span named there; without one, identifiers are made from the trace's uuid and the record: the same
 * on every run, others for another capture.  A dial without a request is the root of a trace of its own.  Findings are events.
 */
#ifndef NETTRACE_CLI_OTLP_H
#define NETTRACE_CLI_OTLP_H

#include "cli/output.h"

bool otlp_write(FILE *out, const struct output *output); /* false if writing failed, with errno */

#endif
