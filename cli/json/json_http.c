#include "cli/json/json_trace.h"

static void write_fields(struct json *json, const char *name, const struct trace_http_field *fields, size_t count)
{
	json_begin_optional_array(json, name);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "fieldName", fields[i].name);
		json_optional_string(json, "fieldVal", fields[i].value);
		json_optional_uint(json, "fieldValLen", fields[i].value_size);
		json_end(json);
	}
	json_end(json);
}

void json_put_request_packets(struct json *json, const struct output *output, const struct trace_http_request *request)
{
	const struct json_packet packets[] = {
		{ "reqPacket", "reqPacketFile", request->req_packet },
		{ "respPacket", "respPacketFile", request->resp_packet },
		{ "lastPacket", "lastPacketFile", request->last_packet },
	};

	json_put_packets(json, output, packets, sizeof packets / sizeof packets[0]);
}

/* Both durations run from the first byte of the request. */
static void write_times(struct json *json, const struct output *output, const struct trace_http_request *request)
{
	json_put_offset(json, output, "reqSentUs", request->req_sent);
	json_put_offset(json, output, "reqEndUs", request->req_end);
	json_put_offset(json, output, "respBeginUs", request->resp_begin);
	json_put_offset(json, output, "respRecvUs", request->resp_recv);
	json_put_offset(json, output, "respEndUs", request->resp_end);
	json_put_interval(json, "timeToFirstByteUs", request->req_sent, request->resp_begin);
	json_put_interval(json, "durationUs", request->req_sent, request->resp_end);
}

/* The parts add up to the total; nothing unless that is known. */
static void write_timing(struct json *json, const struct trace_http_timing *timing)
{
	if (timing->total < 0)
		return;
	json_begin_object(json, "timing");
	json_put_duration(json, "totalUs", timing->total);
	json_put_duration(json, "dnsUs", timing->dns);
	json_put_duration(json, "connectUs", timing->connect);
	json_put_duration(json, "tlsUs", timing->tls);
	json_put_duration(json, "idleUs", timing->idle);
	json_put_duration(json, "requestUs", timing->request);
	json_put_duration(json, "serverUs", timing->server);
	json_put_duration(json, "transferUs", timing->transfer);
	json_put_duration(json, "stalledUs", timing->stalled);
	json_end(json);
}

static void write_wire(struct json *json, const struct output *output, const struct trace_http_request *request)
{
	bool has_response = request->status != 0 || request->resp_begin != NT_TIME_NONE;

	json_begin_optional_object(json, "wire");
	json_put_seed(json, output, request->seed);
	if (trace_is_told(request->seed)) {
		json_end(json);
		return;
	}
	json_put_request_packets(json, output, request);
	write_times(json, output, request);
	write_timing(json, &request->timing);
	json_put_optional_id(json, "redirectedFrom", json_http_shown(output, request->redirected_from));
	json_put_optional_id(json, "retryOf", json_http_shown(output, request->retry_of));
	json_optional_string(json, "host", request->host);
	json_optional_bool(json, "connect", request->is_connect);
	json_optional_bool(json, "responseWithoutRequest", request->resp_without_request);
	if (!request->req_complete && !request->resp_without_request)
		json_bool(json, "reqComplete", false);
	if (!request->resp_complete && has_response)
		json_bool(json, "respComplete", false);
	json_optional_bool(json, "truncated", request->truncated);
	json_optional_bool(json, "malformed", request->malformed);
	json_optional_bool(json, "suspiciousFraming", request->suspicious_framing);
	json_optional_uint(json, "interimStatus", request->interim_status);
	json_optional_uint(json, "gapBytes", request->gap_bytes);
	json_end(json);
}

void json_write_http_request(struct json *json, const struct output *output, const struct trace_http_request *request)
{
	json_begin_record(json, output, "httpRequest");
	json_put_id(json, "traceID", request->id);
	json_put_id(json, "tcpConn", json_tcp_shown(output, request->tcp_conn));
	json_put_optional_id(json, "tlsTunnel", json_tls_shown(output, request->tls_tunnel));
	json_put_optional_id(json, "proxyTLSTunnel", json_tls_shown(output, request->proxy_tls_tunnel));
	json_uint(json, "protoMajor", request->proto_major);
	json_uint(json, "protoMinor", request->proto_minor);
	json_optional_string(json, "networkProxy", request->network_proxy);
	json_put_timestamp(json, output, "reqSentAt", request->req_sent);
	json_string(json, "reqMethod", request->method);
	json_string(json, "reqURL", request->url);
	write_fields(json, "reqHeader", request->req_fields, request->req_field_count);
	json_uint(json, "reqContentLen", request->req_content_size);
	json_optional_string(json, "reqError", request->error);
	json_put_timestamp(json, output, "respRecvAt", request->resp_recv);
	json_uint(json, "respStatusCode", request->status);
	write_fields(json, "respHeader", request->resp_fields, request->resp_field_count);
	json_uint(json, "RespContentLen", request->resp_content_size);
	write_wire(json, output, request);
	json_end(json);
}
