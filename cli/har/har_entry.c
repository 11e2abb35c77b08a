/* One entry of the archive. */
#include "cli/har/har_parts.h"
#include "cli/timestamp.h"

#include <string.h>

/* ---- what a request and a response have in common ---- */

/* Archives have the form of ISO 8601 that all their readers know: six digits after the point. */
static void put_time(struct json *json, const char *name, nt_time time)
{
	char text[TIMESTAMP_SIZE];
	size_t size = strlen(timestamp_absolute_text(time, text));

	json_begin_string(json, name);
	json_add_string(json, (struct bytes){ (const uint8_t *)text, size - 4 });
	json_add_string(json, BYTES("Z"));
	json_end_string(json);
}

/* HTTP/2 has no minor versions, RFC 9113 3.1. */
static void put_version(struct json *json, const struct trace_http_request *request)
{
	json_begin_string(json, "httpVersion");
	json_add_string(json, BYTES("HTTP/"));
	json_add_uint(json, request->proto_major);
	if (request->proto_major < 2 || request->proto_minor) {
		json_add_string(json, BYTES("."));
		json_add_uint(json, request->proto_minor);
	}
	json_end_string(json);
}

/* As far as they were kept: a name without its value has "", as HAR demands one. */
static void put_fields(struct json *json, const struct trace_http_field *fields, size_t count)
{
	json_begin_array(json, "headers");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "name", fields[i].name);
		json_string(json, "value", fields[i].value);
		if (!fields[i].value.size)
			json_optional_uint(json, "_valueSize", fields[i].value_size);
		json_end(json);
	}
	json_end(json);
}

static struct bytes field_value(const struct trace_http_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal_nocase(fields[i].name, bytes_of(name)))
			return fields[i].value;
	return BYTES("");
}

static void put_no_cookies(struct json *json)
{
	json_begin_array(json, "cookies");
	json_end(json);
}

/* ---- request ---- */

static struct bytes up_to(struct bytes text, char stop)
{
	const uint8_t *at = text.size ? memchr(text.at, stop, text.size) : NULL;

	return at ? (struct bytes){ text.at, (size_t)(at - text.at) } : text;
}

/* What stands behind the first `size` bytes and one more. */
static struct bytes behind(struct bytes text, size_t size)
{
	return size < text.size ? (struct bytes){ text.at + size + 1, text.size - size - 1 } : BYTES("");
}

/* The parameters as they stand in the URL, percent-encoded. */
static void put_query(struct json *json, struct bytes url)
{
	struct bytes rest = up_to(url, '#');

	rest = behind(rest, up_to(rest, '?').size);
	json_begin_array(json, "queryString");
	while (rest.size) {
		struct bytes parameter = up_to(rest, '&'), name = up_to(parameter, '=');

		rest = behind(rest, parameter.size);
		if (!parameter.size)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "name", name);
		json_string(json, "value", behind(parameter, name.size));
		json_end(json);
	}
	json_end(json);
}

/* "Fragments are not included." */
static void put_url(struct json *json, struct bytes url)
{
	json_string(json, "url", up_to(url, '#'));
}

static void put_size(struct json *json, const char *name, bool is_known, uint64_t size)
{
	if (is_known)
		json_uint(json, name, size);
	else
		json_int(json, name, -1);
}

static void write_request(struct json *json, const struct trace_http_request *request)
{
	json_begin_object(json, "request");
	json_string(json, "method", request->method);
	put_url(json, request->url);
	put_version(json, request);
	put_no_cookies(json);
	put_fields(json, request->req_fields, request->req_field_count);
	put_query(json, request->is_connect ? BYTES("") : request->url);
	json_int(json, "headersSize", -1);
	put_size(json, "bodySize", request->req_complete, request->req_content_size);
	json_optional_string(json, "_networkProxy", request->network_proxy);
	json_end(json);
}

/* ---- response ---- */

/* The Location field, else where the client went. */
static struct bytes redirect_url(const struct har *har, const struct trace_http_request *request)
{
	const struct links next = links_children(&har->redirected, request->id);
	const struct bytes location = field_value(request->resp_fields, request->resp_field_count, "Location");

	if (location.size || !next.count)
		return location;
	return har->list->http_requests[next.at[0].index].url;
}

static void write_content(struct json *json, const struct trace_http_request *request)
{
	const struct trace_http_field *fields = request->resp_fields;

	json_begin_object(json, "content");
	json_uint(json, "size", request->resp_content_size);
	json_string(json, "mimeType", field_value(fields, request->resp_field_count, "Content-Type"));
	json_end(json);
}

static void put_error(struct har *har, const struct trace_http_request *request)
{
	const struct trace_finding *cause = causes_of(&har->causes, request->id);

	if (request->error.size)
		json_string(har->json, "_error", request->error);
	else if (!request->resp_complete && cause)
		json_string(har->json, "_error", cause->message);
	else if (!request->status)
		json_text(har->json, "_error", "no response in the capture");
	else if (!request->resp_complete)
		json_text(har->json, "_error", "the response in the capture is not whole");
}

static void write_response(struct har *har, const struct trace_http_request *request)
{
	struct json *json = har->json;

	json_begin_object(json, "response");
	json_uint(json, "status", request->status);
	json_string(json, "statusText", request->reason);
	if (request->status)
		put_version(json, request);
	else
		json_text(json, "httpVersion", "");
	put_no_cookies(json);
	put_fields(json, request->resp_fields, request->resp_field_count);
	write_content(json, request);
	json_string(json, "redirectURL", redirect_url(har, request));
	json_int(json, "headersSize", -1);
	put_size(json, "bodySize", request->resp_complete || request->truncated, request->resp_content_size);
	put_error(har, request);
	json_end(json);
}

/* ---- the entry ---- */

static void write_connection(struct json *json, const struct output *output, const struct trace_http_request *request)
{
	const trace_id id = json_tcp_shown(output, request->tcp_conn);
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(output->list, id);

	if (conn)
		json_put_address_port(json, "serverIPAddress", conn->tuple.ip_version, &conn->tuple.destination, 0);
	json_put_optional_id(json, "connection", id);
}

static void write_findings(struct har *har, const struct trace_http_request *request)
{
	const struct links findings = links_children(&har->findings, request->id);

	json_begin_optional_array(har->json, "_findings");
	for (size_t i = 0; i < findings.count; i++)
		json_write_finding(har->json, har->output, &har->list->findings[findings.at[i].index]);
	json_end(har->json);
}

void har_write_entry(struct har *har, const struct trace_http_request *request)
{
	const struct har_times times = har_times(har, request);
	const struct trace_finding *cause = causes_of(&har->causes, request->id);
	struct json *json = har->json;

	json_begin_object(json, NULL);
	put_time(json, "startedDateTime", times.start);
	json_thousandths(json, "time", har_total(&times));
	write_request(json, request);
	write_response(har, request);
	json_begin_object(json, "cache");
	json_end(json);
	har_write_times(json, &times);
	write_connection(json, har->output, request);
	if (cause)
		json_string(json, "comment", cause->message);
	json_put_id(json, "_traceID", request->id);
	json_put_optional_id(json, "_tlsTunnel", json_tls_shown(har->output, request->tls_tunnel));
	json_begin_optional_object(json, "_packets");
	json_put_request_packets(json, har->output, request);
	json_end(json);
	write_findings(har, request);
	json_end(json);
}
