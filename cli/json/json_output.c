#include "cli/json/json_trace.h"
#include "cli/timestamp.h"

/* ---- lists ---- */

static void write_dials(struct json *json, const struct output *output)
{
	size_t count = output->omit.dials ? 0 : output->list->dial_count;

	json_begin_array(json, "dials");
	for (size_t i = 0; i < count; i++)
		json_write_dial(json, output, &output->list->dials[i]);
	json_end(json);
}

static void write_tcp_conns(struct json *json, const struct output *output)
{
	size_t count = output->omit.tcp ? 0 : output->list->tcp_conn_count;

	json_begin_array(json, "tcpConns");
	for (size_t i = 0; i < count; i++)
		json_write_tcp_conn(json, output, &output->list->tcp_conns[i]);
	json_end(json);
}

static void write_udp_conns(struct json *json, const struct output *output)
{
	size_t count = output->omit.udp ? 0 : output->list->udp_conn_count;

	json_begin_array(json, "udpConns");
	for (size_t i = 0; i < count; i++)
		json_write_udp_conn(json, output, &output->list->udp_conns[i]);
	json_end(json);
}

static void write_dns_queries(struct json *json, const struct output *output)
{
	size_t count = output->omit.dns ? 0 : output->list->dns_query_count;

	json_begin_array(json, "dnsQueries");
	for (size_t i = 0; i < count; i++)
		json_write_dns_query(json, output, &output->list->dns_queries[i]);
	json_end(json);
}

static void write_tls_tunnels(struct json *json, const struct output *output)
{
	size_t count = output->omit.tls ? 0 : output->list->tls_tunnel_count;

	json_begin_array(json, "tlsTunnels");
	for (size_t i = 0; i < count; i++)
		json_write_tls_tunnel(json, output, &output->list->tls_tunnels[i]);
	json_end(json);
}

static void write_http_requests(struct json *json, const struct output *output)
{
	size_t count = output->omit.http ? 0 : output->list->http_request_count;

	json_begin_array(json, "httpRequests");
	for (size_t i = 0; i < count; i++)
		json_write_http_request(json, output, &output->list->http_requests[i]);
	json_end(json);
}

/* ---- the whole ---- */

static void write_findings(struct json *json, const struct output *output)
{
	json_begin_array(json, "findings");
	for (size_t i = 0; i < output->list->finding_count; i++)
		json_write_finding(json, output, &output->list->findings[i]);
	json_end(json);
}

void json_begin_record(struct json *json, const struct output *output, const char *kind)
{
	json_begin_object(json, NULL);
	if (output->as_lines)
		json_text(json, "record", kind);
}

void json_write_begin(struct json *json, const struct output *output)
{
	nt_time begin = output->begin == NT_TIME_NONE ? 0 : output->begin; /* always a date: programs count on it */
	char text[TIMESTAMP_SIZE];

	json_text(json, "description", output->description);
	json_text(json, "traceBeginAt", timestamp_absolute_text(begin, text));
}

void json_write_end(struct json *json, const struct output *output)
{
	char uuid[UUID_SIZE];

	json_put_timestamp(json, output, "traceEndAt", output->end);
	json_text(json, "uuid", output_uuid_text(output, uuid));
}

static void write_trace(struct json *json, const struct output *output)
{
	json_begin_object(json, NULL);
	json_write_begin(json, output);
	json_write_end(json, output);
	write_dials(json, output);
	write_tcp_conns(json, output);
	write_udp_conns(json, output);
	write_dns_queries(json, output);
	write_tls_tunnels(json, output);
	write_http_requests(json, output);
	write_findings(json, output);
	json_write_capture(json, output);
	json_end(json);
}

bool output_json(FILE *out, const struct output *output)
{
	struct json *json = json_new(out, JSON_INDENTED);
	bool written;

	write_trace(json, output);
	written = json_finish(json);
	json_free(json);
	return written;
}
