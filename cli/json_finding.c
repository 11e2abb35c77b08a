#include "cli/json_trace.h"

/* Every record begins with its id, and lists are sorted by it. */
static bool contains(const void *records, size_t count, size_t size, trace_id id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		trace_id found = *(const trace_id *)((const char *)records + middle * size);

		if (found == id)
			return true;
		if (found < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_request(const struct output *output, trace_id id)
{
	return contains(output->list->http_requests, output->list->http_request_count, sizeof(struct trace_http_request), id);
}

/* Whether the record is in the output: what was left out on request cannot be referred to. */
static bool shown(const struct output *output, trace_id id)
{
	const struct trace_list *list = output->list;

	return contains(list->dials, list->dial_count, sizeof *list->dials, id) ||
	       contains(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns, id) ||
	       contains(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns, id) ||
	       contains(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries, id) ||
	       contains(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels, id) || is_request(output, id);
}

static void write_packets(struct json *json, const struct output *output, const struct trace_finding *finding)
{
	json_begin_array(json, "packets");
	for (size_t i = 0; i < finding->packet_count; i++) {
		const struct finding_packet *packet = &finding->packets[i];

		json_begin_object(json, NULL);
		json_uint(json, "packet", packet->packet.number);
		if (output_input_count(output) > 1)
			json_uint(json, "file", packet->packet.file);
		json_string(json, "shows", packet->shows);
		json_end(json);
	}
	json_end(json);
}

void json_write_finding(struct json *json, const struct output *output, const struct trace_finding *finding)
{
	json_begin_object(json, NULL);
	json_text(json, "code", finding_code_text(finding->code));
	json_text(json, "severity", finding_severity_text(finding->severity));
	json_optional_bool(json, "rootCause", finding->root_cause);
	json_string(json, "message", finding->message);
	json_begin_array(json, "traceIDs");
	for (size_t i = 0; i < finding->trace_count; i++)
		if (shown(output, finding->traces[i]))
			json_put_id(json, NULL, finding->traces[i]);
	json_end(json);
	write_packets(json, output, finding);
	json_put_timestamp(json, output, "at", finding->at);
	json_put_optional_id(json, "dial", json_dial_shown(output, finding->dial));
	if (is_request(output, finding->request))
		json_put_id(json, "request", finding->request);
	if (finding->more)
		json_uint(json, "count", finding->more + 1);
	json_end(json);
}
