/*
 * The HTTP Archive, from the inside: what its parts share.
 */
#ifndef NETTRACE_CLI_HAR_PARTS_H
#define NETTRACE_CLI_HAR_PARTS_H

#include "cli/causes.h"
#include "cli/json/json_trace.h"
#include "cli/links.h"

struct har {
	const struct output *output;
	const struct trace_list *list;
	struct json *json;
	struct causes causes;
	/* By request. */
	struct links findings;   /* that are about it: in list->findings, the most important first */
	struct links redirected; /* the requests that its redirect led to */
	/* By TLS tunnel. */
	struct links inside; /* its requests */
};

/* Whether it becomes an entry: HAR has no place for what has no request, or no time. */
bool har_has(const struct har *har, const struct trace_http_request *request);

/* ---- har_times.c ---- */

/* Of one request; durations in microseconds, -1 where a phase does not apply. */
struct har_times {
	nt_time start;
	int64_t blocked, dns, connect, ssl; /* `connect` has `ssl` in it */
	int64_t send, wait, receive;
};

struct har_times har_times(const struct har *har, const struct trace_http_request *request);

void har_write_times(struct json *json, const struct har_times *times); /* the member "timings" */
int64_t har_total(const struct har_times *times);                       /* "time", in microseconds */

/* ---- har_entry.c ---- */

void har_write_entry(struct har *har, const struct trace_http_request *request);

#endif
