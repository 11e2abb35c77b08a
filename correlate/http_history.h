/*
 * What clients asked for lately, over all their connections: which request follows a redirect, repeats one that failed, or answers a
 * challenge.
 */
#ifndef NETTRACE_CORRELATE_HTTP_HISTORY_H
#define NETTRACE_CORRELATE_HTTP_HISTORY_H

#include "correlate/findings.h"

struct tcp_conn;

struct http_history; /* handle */

struct http_history *http_history_new(uint64_t seed, struct limit_hits *hits);
void http_history_free(struct http_history *history);

/* Fills in redirected_from and retry_of of a request that begins.  The connection must live until the request's outcome is told. */
void http_history_request(struct correlator *c, const struct tcp_conn *conn, struct trace_http_request *request);

/* A request that began turns out never to have been one: there will be no outcome. */
void http_history_forget(struct correlator *c, const struct tcp_conn *conn, trace_id request);

/*
 * A request is over.  `location`: of a redirect, else empty.  `refusal`: the finding that its refusal or failure was given, or NULL; it may be
 * taken back when a later request turns out to answer the challenge, or to be the same again with more luck, and must live as long as the
 * correlator.
 */
void http_history_outcome(struct correlator *c, const struct tcp_conn *conn, const struct trace_http_request *request,
			  struct bytes location, struct finding *refusal);

#endif
