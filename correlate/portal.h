/*
 * Captive portals: what a network answers in the place of the server that was asked, so that people log in first.
 *
 * Proof is an answer that a well-known connectivity check never gets from its own server: these pages exist to be told apart from a portal's.
 * Of other URLs nobody knows what their server would have said.
 */
#ifndef NETTRACE_CORRELATE_PORTAL_H
#define NETTRACE_CORRELATE_PORTAL_H

#include "store/trace.h"

struct connectivity_check;

/* The check that a request makes; NULL if it makes none.  Lives forever. */
const struct connectivity_check *portal_check(const struct trace_http_request *request);

/*
 * What is wrong with the answer, to follow "…, as"; NULL if nothing, or if it cannot be known.  `location`: where a redirect leads, "" if it is none;
 * `body`: its first bytes.
 */
const char *portal_evidence(const struct connectivity_check *check, const struct trace_http_request *request, const char *location,
			    struct bytes body);

#endif
