#include "cli/json/json_trace.h"

/* Whether the record is in the output: what was left out on request cannot be referred to.  As lines, it is not known any more. */
static bool shown(const struct output *output, trace_id id)
{
	const struct trace_list *list = output->list;

	return output->as_lines || trace_find_dial(list, id) || trace_find_tcp_conn(list, id) || trace_find_udp_conn(list, id) ||
	       trace_find_dns_query(list, id) || trace_find_tls_tunnel(list, id) || trace_find_http_request(list, id);
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
	json_begin_record(json, output, "finding");
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
	json_put_optional_id(json, "request", json_http_shown(output, finding->request));
	if (finding->more)
		json_uint(json, "count", finding->more + 1);
	json_end(json);
}
