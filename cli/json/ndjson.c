#include "cli/json/ndjson.h"

#include "cli/json/json_trace.h"

#include <stdlib.h>
#include <time.h>

/* Whoever reads along sees a record when the next one comes, but at most so much later. */
static const nt_time flush_after = NT_SECOND / 5;

struct ndjson {
	struct output *output;
	struct json *json;
	bool begun, failed;
	nt_time flushed;           /* CLOCK_MONOTONIC */
	struct trace_list counted; /* only the counts, for the uuid */
	ndjson_listener *listener; /* or NULL */
	void *context;
};

static nt_time now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NT_SECOND + time.tv_nsec;
}

struct ndjson *ndjson_new(FILE *out, struct output *output, ndjson_listener *listener, void *context)
{
	struct ndjson *ndjson = nt_zalloc(sizeof *ndjson);

	ndjson->output = output;
	ndjson->json = json_new(out, JSON_COMPACT);
	ndjson->flushed = now();
	ndjson->listener = listener;
	ndjson->context = context;
	output->as_lines = true;
	output->list = &ndjson->counted;
	return ndjson;
}

void ndjson_free(struct ndjson *ndjson)
{
	if (!ndjson)
		return;
	json_free(ndjson->json);
	free(ndjson);
}

static void begin(struct ndjson *ndjson)
{
	if (ndjson->begun)
		return;
	ndjson->begun = true;
	json_begin_record(ndjson->json, ndjson->output, "trace");
	json_write_begin(ndjson->json, ndjson->output);
	json_end(ndjson->json);
}

static void flush(struct ndjson *ndjson)
{
	nt_time time = now();

	if (time - ndjson->flushed < flush_after)
		return;
	ndjson->flushed = time;
	ndjson->failed = !json_finish(ndjson->json);
}

#define WRITES(kind, type, counter) \
	static void write_##kind(void *context, const struct type *record) \
	{ \
		struct ndjson *ndjson = context; \
\
		begin(ndjson); \
		json_write_##kind(ndjson->json, ndjson->output, record); \
		ndjson->counted.counter++; \
		flush(ndjson); \
	}

WRITES(dial, trace_dial, dial_count)
WRITES(tcp_conn, trace_tcp_conn, tcp_conn_count)
WRITES(udp_conn, trace_udp_conn, udp_conn_count)
WRITES(dns_query, trace_dns_query, dns_query_count)
WRITES(tls_tunnel, trace_tls_tunnel, tls_tunnel_count)
WRITES(http_request, trace_http_request, http_request_count)
WRITES(finding, trace_finding, finding_count)

static void tell_finding(void *context, const struct trace_finding *finding)
{
	struct ndjson *ndjson = context;

	write_finding(ndjson, finding);
	if (ndjson->listener)
		ndjson->listener(ndjson->context, finding);
}

const struct trace_sink ndjson_sink = { .dial = write_dial,
					.tcp_conn = write_tcp_conn,
					.udp_conn = write_udp_conn,
					.dns_query = write_dns_query,
					.tls_tunnel = write_tls_tunnel,
					.http_request = write_http_request,
					.finding = tell_finding };

bool ndjson_is_good(const struct ndjson *ndjson)
{
	return !ndjson->failed;
}

bool ndjson_finish(struct ndjson *ndjson)
{
	struct json *json = ndjson->json;

	begin(ndjson);
	json_begin_record(json, ndjson->output, "end");
	json_write_end(json, ndjson->output);
	json_write_capture(json, ndjson->output);
	json_end(json);
	return json_finish(json);
}
