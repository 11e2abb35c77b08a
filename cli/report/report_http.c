/* HTTP requests with their responses, and the order of what ran on one connection. */
#include "cli/report/report.h"

#include <inttypes.h>
#include <string.h>

static void print_url(struct report *report, struct bytes url)
{
	text_print(report->out, url, report->verbose ? 0 : REPORT_URL);
}

static void print_request(struct report *report, const struct trace_http_request *request)
{
	if (!request->method.size) {
		fputs("(request not captured)", report->out);
		return;
	}
	report_text(report, request->method);
	fputc(' ', report->out);
	print_url(report, request->url);
	if (request->network_proxy.size) {
		fputs(" via ", report->out);
		report_text(report, request->network_proxy);
	}
}

static bool capture_lacks_some(const struct report *report, const struct trace_http_request *request)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(report->list, request->tcp_conn);

	return conn && report_capture_lacks_some(conn);
}

/* Its status may be any number, also 0. */
static bool has_response(const struct trace_http_request *request)
{
	return request->status || request->resp_recv != NT_TIME_NONE;
}

static void print_body_sent(struct report *report, const struct trace_http_request *request)
{
	char text[TEXT_SIZE];

	if (request->req_content_size)
		fprintf(report->out, " (%s sent)", text_bytes(request->req_content_size, text));
	if (!request->method.size || request->req_complete)
		return;
	if (capture_lacks_some(report, request))
		fputs(" (request not complete in the capture)", report->out);
	else
		report_bad(report, " (request not complete)");
}

static void print_status(struct report *report, const struct trace_http_request *request)
{
	report_end_subject(report);
	fputs(" -> ", report->out);
	if (!has_response(request) && trace_is_told(request->seed))
		report_bad(report, "no response");
	else if (!has_response(request) && capture_lacks_some(report, request))
		fputs("no response in the capture", report->out);
	else if (!has_response(request))
		report_bad(report, "response missing");
	else if (request->status >= 400)
		report_bad(report, "%u", request->status);
	else
		fprintf(report->out, "%03u", request->status);
	if (request->interim_status)
		fprintf(report->out, " (after %u)", request->interim_status);
}

static void print_times(struct report *report, const struct trace_http_request *request)
{
	nt_time first = request->resp_begin != NT_TIME_NONE ? request->resp_begin : request->resp_recv;
	bool has_end = request->resp_complete && request->resp_end != NT_TIME_NONE;
	char first_text[TEXT_SIZE], end_text[TEXT_SIZE];

	if (request->req_sent == NT_TIME_NONE)
		return;
	text_between(request->req_sent, first, first_text);
	text_between(request->req_sent, request->resp_end, end_text);
	if (first != NT_TIME_NONE && !(has_end && report_has_timing(report, request)) &&
	    !(has_end && strcmp(first_text, end_text) == 0))
		fprintf(report->out, ", first byte after %s", first_text);
	if (has_end)
		fprintf(report->out, ", done after %s", end_text);
}

static void print_response(struct report *report, const struct trace_http_request *request)
{
	bool has_body = !request->is_connect && request->status != 101;
	char text[TEXT_SIZE];

	if (has_body || request->resp_content_size)
		fprintf(report->out, ", %s", text_bytes(request->resp_content_size, text));
	print_times(report, request);
	if (request->resp_complete || request->is_connect)
		return;
	if (request->truncated && !capture_lacks_some(report, request))
		report_bad(report, ", body truncated");
	else
		fputs(", not complete in the capture", report->out);
}

static void print_remarks(struct report *report, const struct trace_http_request *request)
{
	char text[TEXT_SIZE];

	if (request->gap_bytes)
		fprintf(report->out, ", %s of it missing in the capture", text_bytes(request->gap_bytes, text));
	if (request->malformed)
		report_bad(report, ", malformed");
	if (request->suspicious_framing)
		report_bad(report, ", suspicious framing");
	if (request->error.size) {
		fputs(", ", report->out);
		report_bad_text(report, request->error);
	}
}

static void print_fields(struct report *report, char direction, const struct trace_http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		report_begin_more(report);
		fprintf(report->out, "%c ", direction);
		report_text(report, fields[i].name);
		if (fields[i].value.size) {
			fputs(": ", report->out);
			report_text(report, fields[i].value);
		} else if (fields[i].value_size) {
			fprintf(report->out, " (%" PRIu32 " bytes)", fields[i].value_size);
		}
		report_end_line(report);
	}
}

/* Why the client asked: an earlier request led to this one. */
static void print_reason(struct report *report, const char *reason, trace_id id)
{
	const struct trace_http_request *earlier = trace_find_http_request(report->list, id);

	if (!earlier)
		return;
	report_begin_line(report, "");
	fprintf(report->out, "%s ", reason);
	report_text(report, earlier->method);
	fputc(' ', report->out);
	print_url(report, earlier->url);
	report_end_line_at(report, earlier->req_packet, earlier->req_packet);
}

static bool has_failed(const struct report *report, const struct trace_http_request *request)
{
	bool is_cut_short = !has_response(request) || request->truncated;

	return request->status >= 400 || request->error.size || request->malformed ||
	       (is_cut_short && !capture_lacks_some(report, request));
}

void report_http(struct report *report, const struct trace_http_request *request)
{
	struct packet_ref first = request->req_packet.number ? request->req_packet : request->resp_packet;
	struct packet_ref last = request->last_packet.number ? request->last_packet : request->resp_packet;

	report_begin_step(report, "HTTP", request->id, report_span_http(report, request), has_failed(report, request));
	print_request(report, request);
	print_body_sent(report, request);
	print_status(report, request);
	if (has_response(request))
		print_response(report, request);
	print_remarks(report, request);
	report_origin(report, request->seed);
	report_end_line_at(report, first, last);
	if (report_has_timing(report, request))
		report_timing(report, request);
	print_reason(report, "follows the redirect of", request->redirected_from);
	print_reason(report, "repeats the unanswered", request->retry_of);
	if (report->verbose) {
		print_fields(report, '>', request->req_fields, request->req_field_count);
		print_fields(report, '<', request->resp_fields, request->resp_field_count);
	}
}

/* ---- in the order of time ---- */

static nt_time begin_of(const struct trace_http_request *request)
{
	return request->req_sent != NT_TIME_NONE ? request->req_sent : request->resp_recv;
}

/* Both lists are in their own order of time already: a proxy's TLS, then CONNECT, then the TLS inside, then its requests. */
void report_exchanges(struct report *report, trace_id conn, struct bytes host)
{
	struct links tls = links_children(&report->index.tls_of_conn, conn);
	struct links http = links_children(&report->index.http_of_conn, conn);
	size_t i = 0, j = 0, max = report->children_max;

	while ((i < tls.count || j < http.count) && i + j < max) {
		const struct trace_tls_tunnel *tunnel = i < tls.count ? &report->list->tls_tunnels[tls.at[i].index] : NULL;
		const struct trace_http_request *request = j < http.count ? &report->list->http_requests[http.at[j].index] : NULL;

		if (!request || (tunnel && tunnel->handshake_begin <= begin_of(request))) {
			report_tls(report, tunnel, host);
			i++;
		} else {
			report_http(report, request);
			j++;
		}
	}
	if (i < tls.count || j < http.count)
		report_more_hidden(report, tls.count - i + http.count - j, "exchange");
}
