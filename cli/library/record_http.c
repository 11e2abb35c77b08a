#include "cli/library/records.h"

#include <string.h>

static const struct nettrace_http_field *make_http_field(struct nettrace *trace, const struct trace_http_field *source)
{
	struct nettrace_http_field *field = record_room(trace, sizeof *field);

	*field = (struct nettrace_http_field){
		.name = record_text(trace, source->name),
		.value = record_text(trace, source->value),
		.value_bytes = source->value_size,
	};
	return field;
}

static const struct nettrace_http_timing *make_http_timing(struct nettrace *trace, const struct trace_http_timing *source)
{
	struct nettrace_http_timing *timing = record_room(trace, sizeof *timing);

	*timing = (struct nettrace_http_timing){
		.total_us = source->total,
		.dns_us = source->dns,
		.connect_us = source->connect,
		.tls_us = source->tls,
		.idle_us = source->idle,
		.request_us = source->request,
		.server_us = source->server,
		.transfer_us = source->transfer,
		.stalled_us = source->stalled,
	};
	return timing;
}

const struct nettrace_http_request *record_http_request(struct nettrace *trace, const struct trace_http_request *source)
{
	struct nettrace_http_request *request = record_room(trace, sizeof *request);

	*request = (struct nettrace_http_request){
		.id = source->id,
		.tcp_connection = source->tcp_conn,
		.tls_tunnel = source->tls_tunnel,
		.proxy_tls_tunnel = source->proxy_tls_tunnel,
		.version_major = source->proto_major,
		.version_minor = source->proto_minor,
		.method = record_text(trace, source->method),
		.url = record_text(trace, source->url),
		.host = record_text(trace, source->host),
		.proxy = record_text(trace, source->network_proxy),
		.status = source->status,
		.reason = record_text(trace, source->reason),
		.error = record_text(trace, source->error),
		.request_begin_ns = source->req_sent,
		.request_end_ns = source->req_end,
		.response_begin_ns = source->resp_begin,
		.response_received_ns = source->resp_recv,
		.response_end_ns = source->resp_end,
		.timing = make_http_timing(trace, &source->timing),
		.request_body_bytes = source->req_content_size,
		.response_body_bytes = source->resp_content_size,
		.request_field_count = source->req_field_count,
		.response_field_count = source->resp_field_count,
		.is_connect = source->is_connect,
		.response_without_request = source->resp_without_request,
		.request_complete = source->req_complete,
		.response_complete = source->resp_complete,
		.truncated = source->truncated,
		.malformed = source->malformed,
		.suspicious_framing = source->suspicious_framing,
		.interim_status = source->interim_status,
		.gap_bytes = source->gap_bytes,
		.redirected_from = source->redirected_from,
		.retry_of = source->retry_of,
		.has_parent = source->parent.known,
		.parent_flags = source->parent.flags,
		.request_packet = record_packet(source->req_packet),
		.response_packet = record_packet(source->resp_packet),
		.last_packet = record_packet(source->last_packet),
		.go_trace = record_go_trace(trace, source->seed),
	};
	memcpy(request->parent_trace_id, source->parent.trace_id, sizeof request->parent_trace_id);
	memcpy(request->parent_span_id, source->parent.span_id, sizeof request->parent_span_id);
	RECORD_LIST(request->request_fields, http_field, source->req_fields, source->req_field_count);
	RECORD_LIST(request->response_fields, http_field, source->resp_fields, source->resp_field_count);
	return request;
}
