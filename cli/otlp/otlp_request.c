/* The span of a request. */
#include "cli/otlp/otlp_parts.h"

#include <stdio.h>
#include <string.h>

/* ---- the URL ---- */

struct url_parts {
	struct bytes scheme, user, authority; /* `user` with its "@", `authority` without it; empty where they are absent */
};

static struct bytes between(const uint8_t *from, const uint8_t *to)
{
	return (struct bytes){ from, (size_t)(to - from) };
}

static const uint8_t *find_any(const uint8_t *at, const uint8_t *end, const char *stops)
{
	const size_t count = strlen(stops);

	while (at < end && !memchr(stops, *at, count))
		at++;
	return at;
}

static struct bytes without_user(struct bytes authority)
{
	const uint8_t *sign = authority.size ? memrchr(authority.at, '@', authority.size) : NULL;

	return sign ? between(sign + 1, authority.at + authority.size) : authority;
}

/* RFC 3986 3, as far as needed. */
static struct url_parts parts_of(struct bytes url)
{
	struct url_parts parts = { 0 };
	const uint8_t *end = url.at + url.size, *at = find_any(url.at, end, ":/?#"), *stop;

	if (end - at < 3 || memcmp(at, "://", 3) != 0)
		return parts;
	parts.scheme = between(url.at, at);
	at += 3;
	stop = find_any(at, end, "/?#");
	parts.authority = without_user(between(at, stop));
	parts.user = between(at, parts.authority.at);
	return parts;
}

/* Where the port of an authority begins, with its colon: its end if there is none. */
static const uint8_t *colon_of(struct bytes authority)
{
	const uint8_t *end = authority.at + authority.size;
	const uint8_t *colon = authority.size ? memrchr(authority.at, ':', authority.size) : NULL;

	return colon && !memchr(colon, ']', (size_t)(end - colon)) ? colon : end;
}

/* Without brackets. */
static struct bytes host_of(struct bytes authority)
{
	struct bytes host = between(authority.at, colon_of(authority));

	if (host.size > 1 && host.at[0] == '[' && host.at[host.size - 1] == ']')
		return (struct bytes){ host.at + 1, host.size - 2 };
	return host;
}

/* Or what is usual for the scheme; 0 if neither tells. */
static uint16_t port_of(struct bytes authority, struct bytes scheme)
{
	const uint8_t *end = authority.at + authority.size, *at = colon_of(authority);
	uint32_t port = 0;

	if (at == end)
		return bytes_equal(scheme, BYTES("https")) ? 443 : bytes_equal(scheme, BYTES("http")) ? 80 : 0;
	for (at++; at < end && *at >= '0' && *at <= '9' && port <= UINT16_MAX; at++)
		port = port * 10 + (*at - '0');
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* The conventions demand that neither user nor password is shown. */
static void put_url(struct json *json, struct bytes url, const struct url_parts *parts)
{
	json_begin_object(json, NULL);
	json_text(json, "key", "url.full");
	json_begin_object(json, "value");
	json_begin_string(json, "stringValue");
	if (parts->user.size) {
		json_add_string(json, between(url.at, parts->user.at));
		json_add_string(json, BYTES("REDACTED:REDACTED@"));
		json_add_string(json, between(parts->authority.at, url.at + url.size));
	} else {
		json_add_string(json, url);
	}
	json_end_string(json);
	json_end(json);
	json_end(json);
}

static void put_target(struct json *json, const struct trace_http_request *request)
{
	const struct url_parts parts = parts_of(request->url);

	if (request->is_connect) { /* it has no URL: host and port are its target, RFC 9110 9.3.6 */
		const struct bytes target = without_user(request->url);

		otlp_put_server(json, host_of(target), port_of(target, BYTES("")));
		return;
	}
	put_url(json, request->url, &parts);
	otlp_put_string(json, "url.scheme", parts.scheme);
	otlp_put_server(json, host_of(parts.authority), port_of(parts.authority, parts.scheme));
}

/* ---- attributes ---- */

/* Other methods are "_OTHER": the conventions want few values. */
static bool is_known_method(struct bytes method)
{
	static const char *const methods[] = { "CONNECT", "DELETE", "GET", "HEAD",  "OPTIONS",
					       "PATCH",   "POST",   "PUT", "TRACE", "QUERY" };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (bytes_equal(method, bytes_of(methods[i])))
			return true;
	return false;
}

static void put_method(struct json *json, struct bytes method)
{
	bool known = is_known_method(method);

	otlp_put_string(json, "http.request.method", known ? method : BYTES("_OTHER"));
	if (!known)
		otlp_put_string(json, "http.request.method_original", method);
}

static void put_version(struct json *json, const struct trace_http_request *request)
{
	char text[16];

	if (request->proto_major < 2 || request->proto_minor)
		snprintf(text, sizeof text, "%u.%u", request->proto_major, request->proto_minor);
	else
		snprintf(text, sizeof text, "%u", request->proto_major);
	otlp_put_text(json, "network.protocol.name", "http");
	otlp_put_text(json, "network.protocol.version", text);
}

static bool is_error(const struct trace_http_request *request)
{
	return request->status >= 400;
}

static void put_outcome(struct otlp *otlp, const struct trace_http_request *request)
{
	const struct trace_finding *cause = causes_of(&otlp->causes, request->id);
	struct json *json = otlp->json;
	char text[8];

	if (request->status)
		otlp_put_int(json, "http.response.status_code", request->status);
	if (is_error(request)) {
		snprintf(text, sizeof text, "%u", request->status);
		otlp_put_text(json, "error.type", text);
	} else if (cause || request->error.size) {
		otlp_put_error_type(json, cause);
	}
	if (request->req_complete)
		otlp_put_int(json, "http.request.body.size", request->req_content_size);
	if (request->resp_complete)
		otlp_put_int(json, "http.response.body.size", request->resp_content_size);
	else
		otlp_put_bool(json, "nettrace.response.complete", false);
}

static void put_attributes(struct otlp *otlp, const struct trace_http_request *request)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(otlp->list, json_tcp_shown(otlp->output, request->tcp_conn));
	struct json *json = otlp->json;

	put_method(json, request->method);
	put_target(json, request);
	put_outcome(otlp, request);
	put_version(json, request);
	if (conn)
		otlp_put_connection(json, &conn->tuple, "tcp");
	if (otlp->resends[request - otlp->list->http_requests])
		otlp_put_int(json, "http.request.resend_count", otlp->resends[request - otlp->list->http_requests]);
	otlp_put_string(json, "nettrace.proxy", request->network_proxy);
	otlp_put_id(json, "nettrace.id", request->id);
	otlp_put_packets(otlp, request->req_packet, request->last_packet);
}

/* ---- the span ---- */

static void put_earlier(struct otlp *otlp, trace_id id, const char *relation)
{
	const struct trace_http_request *earlier = id ? trace_find_http_request(otlp->list, id) : NULL;
	struct otlp_span span;

	if (!earlier || !otlp_has_request(otlp, earlier))
		return;
	span = otlp_span_of_request(otlp, earlier);
	otlp_put_link(otlp->json, &span, relation);
}

static void put_links(struct otlp *otlp, const struct trace_http_request *request)
{
	const struct trace_dial *dial = otlp_dial_of(otlp, request->tcp_conn);
	struct otlp_span span;

	json_begin_optional_array(otlp->json, "links");
	if (dial && dial->established_conn == request->tcp_conn && otlp_request_of_dial(otlp, dial)->id != request->id) {
		span = otlp_span_of_dial(otlp, dial);
		otlp_put_link(otlp->json, &span, "connection");
	}
	put_earlier(otlp, request->redirected_from, "redirected_from");
	put_earlier(otlp, request->retry_of, "retry_of");
	json_end(otlp->json);
}

void otlp_write_request(struct otlp *otlp, const struct trace_http_request *request)
{
	const struct otlp_span span = otlp_span_of_request(otlp, request);
	const struct trace_finding *cause = causes_of(&otlp->causes, request->id);

	otlp_begin_span(otlp, &span);
	json_string(otlp->json, "name", is_known_method(request->method) ? request->method : BYTES("HTTP"));
	otlp_put_times(otlp, &span);
	json_begin_array(otlp->json, "attributes");
	put_attributes(otlp, request);
	json_end(otlp->json);
	otlp_put_events(otlp, request->id, &span);
	put_links(otlp, request);
	if (is_error(request))
		otlp_put_failure(otlp->json, BYTES("")); /* the status code says it */
	else if (cause || request->error.size)
		otlp_put_failure(otlp->json, cause ? cause->message : request->error);
	json_end(otlp->json);
}
