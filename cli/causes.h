/*
 * Why requests and dials failed, and when it was over for a client that got no answer.
 */
#ifndef NETTRACE_CLI_CAUSES_H
#define NETTRACE_CLI_CAUSES_H

#include "cli/links.h"
#include "cli/output.h"

struct causes {
	const struct output *output;
	struct links naming; /* root causes, by each record that they name: in list->findings, the most important first */
};

void causes_build(struct causes *causes, const struct output *output);
void causes_free(struct causes *causes);

/* The finding that explains the failure of this dial or request; NULL if there is none. */
const struct trace_finding *causes_of(const struct causes *causes, trace_id id);

/* The same for a record that took part in what failed: a connection, a TLS tunnel, a conversation. */
const struct trace_finding *causes_naming(const struct causes *causes, trace_id id);

/* The end of a request: of its response, or when it is told to have failed, else that of its connection or of the trace. */
nt_time causes_end_of_request(const struct causes *causes, const struct trace_http_request *request);

#endif
