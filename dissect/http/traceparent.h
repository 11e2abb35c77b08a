/*
 * The field "traceparent", by which a client's own tracing names the trace of a request and its span in it (W3C Trace Context, 3.2).
 */
#ifndef NETTRACE_DISSECT_HTTP_TRACEPARENT_H
#define NETTRACE_DISSECT_HTTP_TRACEPARENT_H

#include "dissect/cursor.h"

struct traceparent {
	uint8_t trace_id[16], parent_id[8];
	uint8_t flags;
};

/* false, and *out is of no use, for what its receivers ignore: other forms, version 255, identifiers of zeros. */
bool traceparent_read(struct bytes value, struct traceparent *out);

#endif
