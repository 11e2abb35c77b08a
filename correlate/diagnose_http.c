/*
 * HTTP requests that got no answer, half of one, or a refusal.
 */
#include "correlate/diagnose.h"
#include "store/trace.h"

#include <string.h>

static const nt_time slow_response = 3 * NT_SECOND, slow_body = 10 * NT_SECOND;

struct case_file {
	struct correlator *c;
	struct tcp_conn *conn;
	const struct trace_http_request *request;
	const struct http_circumstances *circumstances;
	struct ending ending;
	struct finding **told; /* the root cause that was found */
};

static void say_shortened(struct finding *f, struct bytes text)
{
	const size_t most = 160;

	finding_say(f, "%.*s%s", (int)(text.size < most ? text.size : most), (const char *)text.at, text.size > most ? "…" : "");
}

static void say_request(struct finding *f, const struct trace_http_request *request)
{
	say_shortened(f, request->method);
	finding_say(f, " ");
	say_shortened(f, request->url);
}

static struct finding *begin(const struct case_file *file, enum finding_code code, nt_time at)
{
	struct finding *f = finding_begin(file->c, code, at);

	finding_trace(f, file->request->id);
	finding_trace(f, file->conn->record.id);
	finding_root(f, 0, file->request->id);
	finding_packet(f, file->request->req_packet, "request");
	*file->told = f;
	return f;
}

static void say_server(struct finding *f, const struct case_file *file)
{
	struct address_tuple tuple = tcp_tuple(file->conn);
	const char *who = file->circumstances->via_proxy      ? "the proxy"
			  : file->request->network_proxy.size ? "the server behind the proxy"
							      : "the server";
	char text[ENDPOINT_TEXT_SIZE];

	finding_say(f, "%s %s", who, endpoint_text(tuple.ip_version, &tuple.destination, tuple.destination_port, text));
}

/* ---- no response ---- */

/* What else passed on the connection, such as a close_notify or a PING, is no progress of this exchange. */
static nt_time last_word(const struct case_file *file)
{
	nt_time last = file->circumstances->last_word;

	return last == NT_TIME_NONE ? file->request->req_sent : last;
}

static bool waited(const struct case_file *file)
{
	nt_time patience = file->ending.kind == ENDING_OPEN ? REQUEST_SILENCE_PATIENCE : TIMEOUT_PATIENCE;

	return file->ending.at - last_word(file) >= patience;
}

static void say_gave_up(struct finding *f, const struct case_file *file, nt_time since)
{
	char text[24];

	duration_text(file->ending.at - since, text);
	if (file->ending.kind == ENDING_OPEN)
		finding_say(f, " in the %s that the capture went on.", text);
	else
		finding_say(f, "; the client gave up after %s.", text);
	finding_packet(f, file->ending.packet, "the client gives up");
}

static const char *what_ended(const struct case_file *file)
{
	return file->ending.kind == ENDING_RST   ? "RST by the server"
	       : file->ending.kind == ENDING_FIN ? "FIN by the server"
						 : "close_notify by the server";
}

static void server_closed_without_answer(const struct case_file *file)
{
	bool reset = file->ending.kind == ENDING_RST;
	struct finding *f = begin(file, reset ? FINDING_TCP_RESET_BEFORE_RESPONSE : FINDING_HTTP_EMPTY_REPLY, file->ending.at);

	say_request(f, file->request);
	finding_say(f, " got no answer: ");
	say_server(f, file);
	finding_say(f, reset ? " reset the connection instead." : " closed the connection instead.");
	finding_packet(f, file->ending.packet, what_ended(file));
}

static void no_response(const struct case_file *file)
{
	bool closed = file->ending.kind != ENDING_OPEN && file->ending.by_server;
	struct finding *f;

	/* A server that never got the request has no quarrel with it. */
	if ((!closed || client_sent_in_vain(file->conn)) && diagnose_transport(file->c, file->conn, file->request->id))
		return;
	if (closed) {
		server_closed_without_answer(file);
		return;
	}
	if (file->ending.kind == ENDING_OPEN && (!client_was_followed(file->conn) || capture_lost_much(file->c)))
		return;
	if (file->conn->record.reused && file->conn->side[!file->conn->client].last_data > file->request->req_sent)
		return; /* something came, whose beginning may lie before the capture */
	if (waited(file)) {
		f = begin(file,
			  file->circumstances->via_proxy && file->request->is_connect ? FINDING_PROXY_TIMEOUT
										      : FINDING_HTTP_TIMEOUT,
			  file->ending.at);
		say_request(f, file->request);
		finding_say(f, " got no answer from ");
		say_server(f, file);
		say_gave_up(f, file, file->request->req_sent);
	} else if (file->ending.kind != ENDING_OPEN) {
		f = begin(file, FINDING_CLIENT_ABORTED, file->ending.at);
		finding_say(f, "The client closed the connection right after sending ");
		say_request(f, file->request);
		finding_say(f, ", before any answer.");
		finding_packet(f, file->ending.packet, "the client closes");
	}
}

/* ---- half a response ---- */

static void say_part(struct finding *f, const struct case_file *file)
{
	finding_say(f, " after %llu bytes of the body of ", (unsigned long long)file->request->resp_content_size);
	say_request(f, file->request);
}

static void server_broke_off(const struct case_file *file)
{
	bool reset = file->ending.kind == ENDING_RST;
	struct finding *f = begin(file, reset ? FINDING_TCP_RESET_MID_TRANSFER : FINDING_HTTP_TRUNCATED_BODY, file->ending.at);

	finding_say(f, reset ? "A RST by " : "A close by ");
	say_server(f, file);
	finding_say(f, " ended the transfer");
	say_part(f, file);
	finding_say(f, ", before its announced end.");
	finding_packet(f, file->request->resp_packet, "response");
	finding_packet(f, file->ending.packet, what_ended(file));
}

static void client_broke_off(const struct case_file *file)
{
	bool stalled = waited(file);
	enum finding_code timeout = file->circumstances->head_cut ? FINDING_HTTP_TIMEOUT : FINDING_HTTP_BODY_TIMEOUT;
	struct finding *f = begin(file, stalled ? timeout : FINDING_CLIENT_ABORTED, file->ending.at);

	if (stalled && file->circumstances->head_cut) {
		finding_say(f, "Only the beginning of a response to ");
		say_request(f, file->request);
		finding_say(f, " came");
		say_gave_up(f, file, last_word(file));
	} else if (stalled) {
		finding_say(f, "No more data came");
		say_part(f, file);
		say_gave_up(f, file, last_word(file));
	} else {
		finding_say(f, "The client broke off the transfer while data was flowing,");
		say_part(f, file);
		finding_say(f, ".");
		finding_packet(f, file->ending.packet, "the client closes");
	}
	finding_packet(f, file->request->resp_packet, "response");
}

static void partial_response(const struct case_file *file)
{
	if (file->ending.kind != ENDING_OPEN && file->ending.by_server) {
		server_broke_off(file);
		return;
	}
	if (diagnose_transport(file->c, file->conn, file->request->id))
		return;
	if (file->ending.kind == ENDING_OPEN && (!server_was_followed(file->conn) || capture_lost_much(file->c)))
		return;
	if (file->ending.kind != ENDING_OPEN || waited(file))
		client_broke_off(file);
}

/* ---- a response that refuses ---- */

static enum finding_code code_of_proxy_status(const struct case_file *file)
{
	const char *error = file->circumstances->proxy_error;

	switch (file->request->status) {
	case 407:
		return FINDING_PROXY_AUTH_REQUIRED;
	case 403:
		return file->request->is_connect || error ? FINDING_PROXY_FORBIDDEN : FINDING_HTTP_4XX;
	default:
		if (file->circumstances->proxy_lacks_name)
			return FINDING_PROXY_UPSTREAM_DNS_FAILURE;
		if (file->request->status < 500)
			return FINDING_HTTP_4XX;
		return file->request->is_connect || error ? FINDING_PROXY_BAD_GATEWAY : FINDING_HTTP_5XX;
	}
}

static enum finding_code code_of_status(const struct case_file *file)
{
	uint16_t status = file->request->status;

	if (status == 511) /* RFC 6585 6 */
		return FINDING_CAPTIVE_PORTAL;
	if (file->circumstances->via_proxy)
		return code_of_proxy_status(file);
	if (status == 505)
		return FINDING_HTTP_VERSION_MISMATCH;
	if (status == 400 && file->circumstances->says_https_expected)
		return FINDING_HTTP_TO_TLS_PORT;
	return status < 500 ? FINDING_HTTP_4XX : FINDING_HTTP_5XX;
}

static void say_meaning(struct finding *f, enum finding_code code)
{
	switch (code) {
	case FINDING_PROXY_AUTH_REQUIRED:
		finding_say(f, ": it wants the client to log in.");
		break;
	case FINDING_PROXY_FORBIDDEN:
		finding_say(f, ": it does not allow this target.");
		break;
	case FINDING_PROXY_UPSTREAM_DNS_FAILURE:
		finding_say(f, ": it could not resolve the target's name.");
		break;
	case FINDING_PROXY_BAD_GATEWAY:
		finding_say(f, ": it could not reach the target.");
		break;
	case FINDING_HTTP_TO_TLS_PORT:
		finding_say(f, ": this port expects TLS, and got plain HTTP.");
		break;
	case FINDING_CAPTIVE_PORTAL:
		finding_say(f, ": the network wants a login first.");
		break;
	default:
		finding_say(f, ".");
	}
}

static struct finding *refused_by_status(const struct case_file *file)
{
	enum finding_code code = code_of_status(file);
	struct finding *f = begin(file, code, file->request->resp_recv);

	say_request(f, file->request);
	finding_say(f, " was answered %u by ", file->request->status);
	say_server(f, file);
	say_meaning(f, code);
	finding_packet(f, file->request->resp_packet, "response");
	return f;
}

/* ---- an answer of somebody else ---- */

static void captive_portal(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_CAPTIVE_PORTAL, file->request->resp_recv);

	say_request(f, file->request);
	finding_say(f, " was answered %u by a captive portal in the place of ", file->request->status);
	say_server(f, file);
	finding_say(f, ": %s. The network wants a login first.", file->circumstances->portal);
	finding_packet(f, file->request->resp_packet, "response");
}

/* ---- an answer that worked, but slowly ---- */

static void note_slowness(const struct case_file *file)
{
	const struct trace_http_request *request = file->request;
	nt_time asked = request->req_end != NT_TIME_NONE ? request->req_end : request->req_sent;
	struct finding *f;
	char text[24];

	if (!request->is_connect && request->resp_begin != NT_TIME_NONE && asked != NT_TIME_NONE &&
	    request->resp_begin - asked >= slow_response) {
		f = finding_begin(file->c, FINDING_HTTP_SLOW_RESPONSE, request->resp_begin);
		say_request(f, request);
		finding_say(f, " was answered only after %s.", duration_text(request->resp_begin - asked, text));
		finding_trace(f, request->id);
		finding_packet(f, request->req_packet, "request");
		finding_packet(f, request->resp_packet, "response");
	}
	if (request->status != 101 && !request->is_connect && request->resp_end != NT_TIME_NONE &&
	    request->resp_end - request->resp_begin >= slow_body) {
		f = finding_begin(file->c, FINDING_HTTP_SLOW_BODY, request->resp_end);
		finding_say(f, "The body of ");
		say_request(f, request);
		finding_say(f, " (%llu bytes) took %s.", (unsigned long long)request->resp_content_size,
			    duration_text(request->resp_end - request->resp_begin, text));
		finding_trace(f, request->id);
		finding_packet(f, request->resp_packet, "response");
		finding_packet(f, request->last_packet, "end of the body");
	}
}

static void answered_by_tls(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_HTTP_TO_TLS_PORT, file->ending.at);

	say_request(f, file->request);
	finding_say(f, " was sent in plain text to ");
	say_server(f, file);
	finding_say(f, ", which speaks TLS on this port.");
	finding_packet(f, file->conn->side[!file->conn->client].last_data_packet, "the server's answer: a TLS record");
}

static void malformed_response(const struct case_file *file)
{
	struct finding *f = begin(file, FINDING_HTTP_MALFORMED_RESPONSE, last_word(file));

	say_request(f, file->request);
	if (file->circumstances->response_begun) {
		finding_say(f, " was answered with a malformed response by ");
		say_server(f, file);
		finding_say(f, ": %s.", file->circumstances->malformed);
	} else {
		finding_say(f, " was answered with bytes that are no HTTP by ");
		say_server(f, file);
		finding_say(f, ".");
	}
	finding_packet(f, file->request->resp_packet, "response");
	finding_packet(f, file->conn->side[!file->conn->client].last_data_packet, "data of the server");
}

/* A client that refuses a response by its head does not go on to read its body so long. */
static bool client_read_on(const struct case_file *file)
{
	const struct trace_http_request *request = file->request;
	const nt_time at_once = 500 * NT_MILLISECOND;

	return request->resp_complete && request->resp_end != NT_TIME_NONE && request->resp_end - request->resp_recv > at_once &&
	       (file->ending.kind == ENDING_OPEN || file->ending.by_server || file->ending.at >= request->resp_end);
}

/* Whether the capture itself lacks what would be needed to tell: not what never came to the client either. */
static bool capture_is_incomplete(const struct case_file *file)
{
	const struct tcp_conn *conn = file->conn;

	return !conn->side[!conn->client].seen || capture_lacks_bytes(conn) || (file->request->gap_bytes && !conn->hole.size);
}

struct finding *diagnose_http(struct correlator *c, struct tcp_conn *conn, const struct trace_http_request *request,
			      const struct http_circumstances *circumstances)
{
	struct finding *told = NULL;
	struct case_file file = { .c = c, .conn = conn, .request = request, .circumstances = circumstances, .told = &told };
	struct address_tuple tuple = tcp_tuple(conn);

	if (circumstances->explained || conn->client < 0 || !client_wanted(c, tuple.ip_version, &tuple.source) ||
	    request->resp_without_request)
		return NULL;
	file.ending = stream_ending(c, conn, request->tls_tunnel);
	if (request->status >= 400)
		return refused_by_status(&file);
	if (request->status && circumstances->portal && !conn->explained && !capture_is_incomplete(&file))
		captive_portal(&file);
	else if (request->status && (!circumstances->malformed || client_read_on(&file)) &&
		 (request->resp_complete || request->is_connect || request->status == 101))
		note_slowness(&file);
	else if (conn->explained || capture_is_incomplete(&file))
		return NULL; /* what is missing may be what is not in the capture */
	else if (conn->hole.size && (diagnose_transport(c, conn, request->id) || !request->status))
		return NULL; /* something of the answer came: what, is not known, but why may be */
	else if (circumstances->server_is_tls)
		answered_by_tls(&file);
	else if (circumstances->malformed && conn->side[!conn->client].byte_count)
		malformed_response(&file);
	else if (request->status || circumstances->response_begun)
		partial_response(&file);
	else
		no_response(&file);
	return told;
}
