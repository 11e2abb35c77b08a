/*
 * Spans of OpenTelemetry (OTLP/JSON): tests/contract-otlp holds those of whole captures against the format.
 */
#include "cli/otlp/otlp.h"
#include "tests/support/json_check.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static struct scene s;
static struct scene_tcp t;
static struct output output;
static char *written, *spans; /* all of it, and from the first span on */

static void set_up(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
	output = (struct output){ .description = "x", .list = &s.got, .stats = &s.stats, .hits = &s.hits, .headers = "none" };
}

static void tear_down(void)
{
	free(written);
	written = spans = NULL;
	scene_free(&s);
}

static const char *write_again(void)
{
	size_t size;
	FILE *file;

	free(written);
	file = open_memstream(&written, &size);
	ck_assert(otlp_write(file, &output));
	fclose(file);
	ck_assert(json_check((struct bytes){ (const uint8_t *)written, size }));
	spans = strstr(written, "\"spans\":");
	ck_assert_ptr_nonnull(spans);
	return spans;
}

/* The capture ends. */
static const char *write_spans(void)
{
	scene_end(&s);
	output.begin = s.stats.first_packet_time;
	output.end = s.stats.largest_time;
	return write_again();
}

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is missing in:\n%.9000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' should not be in:\n%.9000s", part, text);
}

static void assert_attribute(const char *span, const char *key, const char *value)
{
	char text[300];

	snprintf(text, sizeof text, "{\"key\":\"%s\",\"value\":%s}", key, value);
	assert_has(span, text);
}

/* ---- one span ---- */

enum { SPAN_SIZE = 8192 };

/* What begins with these two identifiers and goes on with attributes is a link. */
static bool is_span(const char *at)
{
	static const char ids[] = "{'traceId':'4bf92f3577b34da6a3ce929d0e0e4736','spanId':'00f067aa0ba902b7'";

	return strncmp(at, "{\"traceId\":\"", 12) == 0 && strncmp(at + strlen(ids), ",\"attributes\"", 13) != 0;
}

/* The nth span of a name, from 0: up to where the next begins. */
static char *nth_span(const char *name, int n, char out[SPAN_SIZE])
{
	char wanted[100];
	const char *at = spans, *begin, *end;

	snprintf(wanted, sizeof wanted, "\"name\":\"%s\",\"kind\":", name);
	do {
		at = strstr(at + 1, wanted);
		ck_assert_msg(at != NULL, "no span %s (%d) in:\n%.9000s", name, n, spans);
	} while (n--);
	for (begin = at; !is_span(begin); begin--)
		continue;
	for (end = strstr(at, "{\"traceId\""); end && !is_span(end); end = strstr(end + 1, "{\"traceId\""))
		continue;
	if (!end)
		end = at + strlen(at);
	ck_assert_int_lt(end - begin, SPAN_SIZE);
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = 0;
	return out;
}

static char *span_of(const char *name, char out[SPAN_SIZE])
{
	return nth_span(name, 0, out);
}

/* The text of a member; empty if it is absent. */
static char *member(const char *span, const char *name, char out[64])
{
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
	at = strstr(span, wanted);
	out[0] = 0;
	if (at)
		snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(wanted), "\""), at + strlen(wanted));
	return out;
}

static void assert_child(const char *child, const char *parent)
{
	char a[64], b[64];

	ck_assert_str_eq(member(child, "parentSpanId", a), member(parent, "spanId", b));
	ck_assert_str_eq(member(child, "traceId", a), member(parent, "traceId", b));
}

static void assert_root(const char *span)
{
	char text[64];

	ck_assert_str_eq(member(span, "parentSpanId", text), "");
}

static void assert_times(const char *span, nt_time start, nt_time end)
{
	char text[64], expected[64];

	snprintf(expected, sizeof expected, "%lld", (long long)start);
	ck_assert_str_eq(member(span, "startTimeUnixNano", text), expected);
	snprintf(expected, sizeof expected, "%lld", (long long)end);
	ck_assert_str_eq(member(span, "endTimeUnixNano", text), expected);
}

/* ---- the tree ---- */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void look_up_and_open(void)
{
	scene_lookup(&s, 50000, "www.example.org", "10.0.0.2"); /* frames 1 and 2 */
	scene_open(&t);                                         /* 3 to 5 */
}

START_TEST(request_has_the_dial_in_it_and_that_its_steps)
{
	char request[SPAN_SIZE], dial[SPAN_SIZE], lookup[SPAN_SIZE], connect[SPAN_SIZE];

	look_up_and_open();
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, OK);
	scene_close(&t);
	write_spans();
	assert_root(span_of("GET", request));
	assert_child(span_of("dial www.example.org:80", dial), request);
	assert_child(span_of("DNS lookup www.example.org", lookup), dial);
	assert_child(span_of("TCP connect 10.0.0.2:80", connect), dial);
	assert_times(request, scene_at(1), scene_at(7));
	assert_times(dial, scene_at(1), scene_at(5));
	assert_times(lookup, scene_at(1), scene_at(2));
	assert_times(connect, scene_at(3), scene_at(5));
	assert_has(request, "\"kind\":3,");
	assert_has(dial, "\"kind\":1,");
	assert_lacks(spans, "\"status\"");
}
END_TEST

START_TEST(attributes_are_those_of_the_semantic_conventions)
{
	char request[SPAN_SIZE], lookup[SPAN_SIZE];

	look_up_and_open();
	scene_send(&t, CLIENT, GET("/a?b=c"));
	scene_send(&t, SERVER, OK);
	write_spans();
	span_of("GET", request);
	assert_attribute(request, "http.request.method", "{\"stringValue\":\"GET\"}");
	assert_attribute(request, "url.full", "{\"stringValue\":\"http://www.example.org/a?b=c\"}");
	assert_attribute(request, "url.scheme", "{\"stringValue\":\"http\"}");
	assert_attribute(request, "server.address", "{\"stringValue\":\"www.example.org\"}");
	assert_attribute(request, "server.port", "{\"intValue\":\"80\"}");
	assert_attribute(request, "http.response.status_code", "{\"intValue\":\"200\"}");
	assert_attribute(request, "network.protocol.name", "{\"stringValue\":\"http\"}");
	assert_attribute(request, "network.protocol.version", "{\"stringValue\":\"1.1\"}");
	assert_attribute(request, "network.peer.address", "{\"stringValue\":\"10.0.0.2\"}");
	assert_attribute(request, "network.peer.port", "{\"intValue\":\"80\"}");
	assert_attribute(request, "network.local.port", "{\"intValue\":\"40000\"}");
	assert_attribute(request, "network.transport", "{\"stringValue\":\"tcp\"}");
	assert_attribute(request, "http.response.body.size", "{\"intValue\":\"5\"}");
	assert_attribute(request, "nettrace.packet.first", "{\"intValue\":\"6\"}");
	span_of("DNS lookup www.example.org", lookup);
	assert_attribute(lookup, "dns.question.name", "{\"stringValue\":\"www.example.org\"}");
	assert_attribute(lookup, "dns.answers", "{\"arrayValue\":{\"values\":[{\"stringValue\":\"10.0.0.2\"}]}}");
	assert_attribute(lookup, "network.peer.port", "{\"intValue\":\"53\"}");
	assert_attribute(written, "service.name", "{\"stringValue\":\"nettrace\"}");
	assert_has(written, "\"scope\":{\"name\":\"nettrace-analyze\",\"version\":\"0.1.0\"}");
}
END_TEST

START_TEST(later_request_has_a_trace_of_its_own_and_a_link_to_its_connection)
{
	char first[SPAN_SIZE], second[SPAN_SIZE], dial[SPAN_SIZE], text[64], link[200];

	look_up_and_open();
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, OK);
	scene_send(&t, CLIENT, GET("/b"));
	scene_send(&t, SERVER, OK);
	write_spans();
	nth_span("GET", 0, first);
	nth_span("GET", 1, second);
	span_of("dial www.example.org:80", dial);
	assert_root(second);
	ck_assert(strncmp(first, second, 44) != 0); /* of another trace */
	assert_lacks(first, "\"links\"");
	snprintf(link, sizeof link, "\"links\":[{\"traceId\":\"%.32s\",\"spanId\":\"%.16s\"", dial + 12,
		 member(dial, "spanId", text));
	assert_has(second, link);
	assert_times(second, scene_at(8), scene_at(9));
}
END_TEST

START_TEST(dial_without_a_request_is_a_root)
{
	char dial[SPAN_SIZE], connect[SPAN_SIZE];
	const struct scene_segment refused = { .side = SERVER, .flags = 0x14, .at = -1, .ack = 0 };

	scene_lookup(&s, 50000, "www.example.org", "10.0.0.2");
	scene_syn(&t);
	scene_segment(&t, &refused);
	write_spans();
	assert_root(span_of("dial www.example.org:80", dial));
	assert_child(span_of("TCP connect 10.0.0.2:80", connect), dial);
	assert_attribute(dial, "error.type", "{\"stringValue\":\"tcp-refused\"}");
	assert_has(dial, "\"status\":{\"message\":\"dial tcp 10.0.0.2:80: connect: connection refused\",\"code\":2}");
	assert_attribute(connect, "error.type", "{\"stringValue\":\"tcp-refused\"}");
	assert_has(dial, "\"events\":[{\"timeUnixNano\":\"");
	assert_has(dial, "\"name\":\"tcp-refused\"");
	assert_attribute(dial, "nettrace.finding.packets",
			 "{\"arrayValue\":{\"values\":[{\"intValue\":\"3\"},{\"intValue\":\"4\"}]}}");
}
END_TEST

START_TEST(failed_lookup_is_a_dial_with_an_error)
{
	struct scene_dns d = scene_dns(&s, 50000);
	char dial[SPAN_SIZE], lookup[SPAN_SIZE];

	scene_dns_query(&d, 7, "nowhere.example.org", 1);
	scene_dns_failure(&d, 7, "nowhere.example.org", 1, 3);
	write_spans();
	assert_child(span_of("DNS lookup nowhere.example.org", lookup), span_of("dial nowhere.example.org", dial));
	assert_attribute(lookup, "error.type", "{\"stringValue\":\"dns-nxdomain\"}");
	assert_has(dial, "no such host");
	assert_has(lookup, "\"status\":{\"code\":2}");
}
END_TEST

/* ---- TLS: a dial, its handshake, a CONNECT in it, and a handshake and a request in that ---- */

static struct trace_dial proxy_dial = {
	.id = 1, .begin = 1000, .end = 2000, .host = BYTES("proxy.test"), .port = 443, .established_conn = 2
};
static struct trace_tcp_conn proxy_conn = {
	.id = 2, .from_dial = 1, .connected = true, .handshake_begin = 1000, .handshake_end = 2000
};
static struct trace_certificate certificate = {
	.subject = BYTES("CN=proxy.test"), .sha256 = BYTES("ab01"), .not_before_s = 1, .not_after_s = INT64_MIN
};
static struct trace_tls_tunnel handshakes[2];
static struct trace_http_request exchanges[2];
static struct trace_list nested;

static void nest(void)
{
	handshakes[0] = (struct trace_tls_tunnel){ .id = 3,
						   .tcp_conn = 2,
						   .handshake_begin = 2000,
						   .handshake_end = 3000,
						   .server_name = BYTES("proxy.test"),
						   .negotiated_protocol = BYTES("http/1.1"),
						   .version = 0x0304,
						   .cipher_suite = 0x1301,
						   .done = true,
						   .certificates = &certificate,
						   .certificate_count = 1 };
	handshakes[1] = (struct trace_tls_tunnel){ .id = 5,
						   .tcp_conn = 2,
						   .handshake_begin = 5000,
						   .handshake_end = 6000,
						   .server_name = BYTES("a.test"),
						   .mid_stream = true,
						   .done = true };
	for (int i = 0; i < 2; i++)
		exchanges[i] = (struct trace_http_request){ .id = i ? 6 : 4,
							    .tcp_conn = 2,
							    .tls_tunnel = i ? 5 : 3,
							    .req_sent = i ? 7000 : 3500,
							    .resp_begin = i ? 8000 : 4000,
							    .resp_end = i ? 8000 : 4000,
							    .method = i ? BYTES("GET") : BYTES("CONNECT"),
							    .url = i ? BYTES("https://a.test/") : BYTES("a.test:443"),
							    .is_connect = !i,
							    .status = 200,
							    .resp_complete = true };
	nested = (struct trace_list){ .dials = &proxy_dial,
				      .dial_count = 1,
				      .tcp_conns = &proxy_conn,
				      .tcp_conn_count = 1,
				      .tls_tunnels = handshakes,
				      .tls_tunnel_count = 2,
				      .http_requests = exchanges,
				      .http_request_count = 2 };
	output.list = &nested;
	output.begin = 1000;
	output.end = 9000;
}

START_TEST(handshake_is_a_step_of_the_dial)
{
	char dial[SPAN_SIZE], handshake[SPAN_SIZE], request[SPAN_SIZE];

	nest();
	write_again();
	assert_child(span_of("dial proxy.test:443", dial), span_of("CONNECT", request));
	assert_child(span_of("TLS handshake proxy.test", handshake), dial);
	assert_times(request, 1000, 4000);
	assert_times(dial, 1000, 3000);
	assert_times(handshake, 2000, 3000);
	assert_attribute(handshake, "tls.protocol.name", "{\"stringValue\":\"tls\"}");
	assert_attribute(handshake, "tls.protocol.version", "{\"stringValue\":\"1.3\"}");
	assert_attribute(handshake, "tls.cipher", "{\"stringValue\":\"TLS_AES_128_GCM_SHA256\"}");
	assert_attribute(handshake, "tls.next_protocol", "{\"stringValue\":\"http/1.1\"}");
	assert_attribute(handshake, "tls.established", "{\"boolValue\":true}");
	assert_attribute(handshake, "tls.server.subject", "{\"stringValue\":\"CN=proxy.test\"}");
	assert_attribute(handshake, "tls.server.not_before", "{\"stringValue\":\"1970-01-01T00:00:01Z\"}");
	assert_attribute(handshake, "tls.server.hash.sha256", "{\"stringValue\":\"AB01\"}");
	assert_lacks(handshake, "tls.server.not_after");
}
END_TEST

START_TEST(handshake_behind_a_proxy_is_a_step_of_the_request_in_it)
{
	char handshake[SPAN_SIZE], request[SPAN_SIZE];

	nest();
	write_again();
	assert_child(span_of("TLS handshake a.test", handshake), span_of("GET", request));
	assert_times(request, 5000, 8000);
	assert_root(request);
	nested.http_request_count = 1; /* what is in it cannot be read */
	write_again();
	assert_child(span_of("TLS handshake a.test", handshake), span_of("dial proxy.test:443", request));
}
END_TEST

START_TEST(failed_handshake_is_an_error)
{
	char handshake[SPAN_SIZE];

	nest();
	handshakes[0].error = BYTES("remote error: tls: bad certificate");
	handshakes[0].done = false;
	nested.http_request_count = 0;
	write_again();
	span_of("TLS handshake proxy.test", handshake);
	assert_attribute(handshake, "error.type", "{\"stringValue\":\"_OTHER\"}");
	assert_attribute(handshake, "tls.established", "{\"boolValue\":false}");
	assert_has(handshake, "\"status\":{\"message\":\"remote error: tls: bad certificate\",\"code\":2}");
}
END_TEST

/* ---- outcomes ---- */

START_TEST(status_code_of_a_failure_is_its_error_type)
{
	char request[SPAN_SIZE];

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	write_spans();
	span_of("GET", request);
	assert_attribute(request, "error.type", "{\"stringValue\":\"404\"}");
	assert_has(request, "\"status\":{\"code\":2}");
}
END_TEST

START_TEST(request_without_an_answer_fails_with_its_finding)
{
	char request[SPAN_SIZE];

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	scene_rst(&t, SERVER);
	write_spans();
	span_of("GET", request);
	assert_attribute(request, "error.type", "{\"stringValue\":\"tcp-reset-before-response\"}");
	assert_attribute(request, "nettrace.response.complete", "{\"boolValue\":false}");
	assert_has(request, "\"code\":2}");
	assert_times(request, scene_at(1), scene_at(5));
}
END_TEST

START_TEST(request_that_the_capture_outlives_is_no_failure)
{
	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	write_spans();
	assert_lacks(spans, "\"status\"");
	assert_lacks(spans, "error.type");
	assert_attribute(spans, "nettrace.response.complete", "{\"boolValue\":false}");
}
END_TEST

START_TEST(unknown_method_is_other)
{
	char request[SPAN_SIZE];

	scene_open(&t);
	scene_send(&t, CLIENT, "BREW /a HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n");
	scene_send(&t, SERVER, OK);
	write_spans();
	span_of("HTTP", request);
	assert_attribute(request, "http.request.method", "{\"stringValue\":\"_OTHER\"}");
	assert_attribute(request, "http.request.method_original", "{\"stringValue\":\"BREW\"}");
	assert_attribute(request, "server.address", "{\"stringValue\":\"2001:db8::1\"}");
	assert_attribute(request, "server.port", "{\"intValue\":\"8080\"}");
}
END_TEST

START_TEST(redirects_are_counted_and_linked)
{
	char second[SPAN_SIZE];

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, GET("/b"));
	scene_send(&t, SERVER, OK);
	write_spans();
	nth_span("GET", 1, second);
	assert_attribute(second, "http.request.resend_count", "{\"intValue\":\"1\"}");
	assert_attribute(second, "nettrace.relation", "{\"stringValue\":\"redirected_from\"}");
}
END_TEST

/* ---- identifiers ---- */

#define PARENT "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"

START_TEST(trace_of_the_client_is_the_trace_of_all_that_was_done_for_it)
{
	char request[SPAN_SIZE], dial[SPAN_SIZE], text[64];

	scene_open(&t);
	scene_send(&t, CLIENT, "GET /a HTTP/1.1\r\nHost: www.example.org\r\n" PARENT "\r\n");
	scene_send(&t, SERVER, OK);
	write_spans();
	span_of("GET", request);
	ck_assert_str_eq(member(request, "traceId", text), "4bf92f3577b34da6a3ce929d0e0e4736");
	ck_assert_str_eq(member(request, "parentSpanId", text), "00f067aa0ba902b7");
	assert_has(request, "\"flags\":769,");
	assert_child(span_of("dial www.example.org:80", dial), request);
	ck_assert_str_eq(member(dial, "traceId", text), "4bf92f3577b34da6a3ce929d0e0e4736");
	assert_lacks(dial, "\"flags\"");
}
END_TEST

START_TEST(identifiers_are_those_of_the_capture)
{
	char *first;

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, OK);
	first = strdup(write_spans());
	ck_assert_str_eq(write_again(), first);
	output.end += 1; /* another capture */
	write_again();
	ck_assert(strncmp(spans + 9, first + 9, 44) != 0);
	free(first);
}
END_TEST

/* ---- what is left out ---- */

START_TEST(kinds_left_out_leave_no_child_behind)
{
	char request[SPAN_SIZE];

	look_up_and_open();
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, OK);
	output.omit.dials = true;
	write_spans();
	assert_lacks(spans, "parentSpanId");
	assert_lacks(spans, "DNS lookup");
	assert_lacks(spans, "TCP connect");
	assert_times(span_of("GET", request), scene_at(6), scene_at(7));
	output.omit = (struct output_omit){ .http = true };
	write_again();
	assert_lacks(spans, "\"name\":\"GET\"");
	assert_root(span_of("dial www.example.org:80", request));
	output.omit = (struct output_omit){ .tcp = true, .dns = true };
	write_again();
	assert_lacks(spans, "DNS lookup");
	assert_lacks(spans, "TCP connect");
	assert_lacks(spans, "\"key\":\"network.peer.address\"");
}
END_TEST

START_TEST(time_that_otlp_cannot_tell_is_counted)
{
	scene_open(&t);
	scene_send(&t, CLIENT, GET("/a"));
	scene_send(&t, SERVER, OK);
	write_spans();
	s.got.http_requests[0].req_sent = -1;
	s.got.dials[0].begin = NT_TIME_NONE;
	write_again();
	assert_has(spans, "\"spans\":[],");
	assert_attribute(spans, "nettrace.records_without_span", "{\"intValue\":\"2\"}");
}
END_TEST

START_TEST(finding_about_nothing_that_has_a_span_is_told_by_the_capture)
{
	struct trace_finding finding = { .code = FINDING_CLOCK_WENT_BACKWARDS, .message = BYTES("m"), .at = NT_TIME_NONE };
	struct trace_list list = { .findings = &finding, .finding_count = 1 };
	char span[SPAN_SIZE];

	scene_end(&s);
	output.list = &list;
	output.begin = 5;
	output.end = 7;
	write_again();
	assert_root(span_of("capture", span));
	assert_times(span, 5, 7);
	assert_has(span, "\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"clock-went-backwards\"");
}
END_TEST

START_TEST(failing_output_is_reported)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	scene_end(&s);
	ck_assert(!otlp_write(full, &output));
	fclose(full);
}
END_TEST

/* ---- privacy ---- */

#define SECRET "s3cr3t"

START_TEST(no_credential_is_in_the_spans)
{
	s.options.headers = (enum correlate_headers)_i;
	scene_open(&t);
	scene_send(&t, CLIENT,
		   "GET http://someuser:" SECRET "@a.test/b?x=1&token=" SECRET " HTTP/1.1\r\nHost: a.test\r\nCookie: id=" SECRET
		   "\r\n"
		   "Authorization: Bearer " SECRET "\r\nReferer: http://a.test/?password=" SECRET "\r\n\r\n");
	scene_send(&t, SERVER,
		   "HTTP/1.1 302 See /?token=" SECRET "\r\nSet-Cookie: id=" SECRET "\r\nLocation: http://u:" SECRET
		   "@a.test/c?access_token=" SECRET "\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, "CONNECT someuser:" SECRET "@b.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n");
	scene_rst(&t, SERVER);
	write_spans();
	assert_attribute(spans, "url.full", "{\"stringValue\":\"http://REDACTED:REDACTED@a.test/b?x=1&token=***\"}");
	assert_attribute(spans, "server.address", "{\"stringValue\":\"b.test\"}");
	assert_lacks(written, SECRET);
	assert_lacks(strstr(written, "\"url.full\""), "{\"stringValue\":\"http://someuser");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("otlp");
	TCase *tcase = tcase_create("spans");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, request_has_the_dial_in_it_and_that_its_steps);
	tcase_add_test(tcase, attributes_are_those_of_the_semantic_conventions);
	tcase_add_test(tcase, later_request_has_a_trace_of_its_own_and_a_link_to_its_connection);
	tcase_add_test(tcase, dial_without_a_request_is_a_root);
	tcase_add_test(tcase, failed_lookup_is_a_dial_with_an_error);
	tcase_add_test(tcase, handshake_is_a_step_of_the_dial);
	tcase_add_test(tcase, handshake_behind_a_proxy_is_a_step_of_the_request_in_it);
	tcase_add_test(tcase, failed_handshake_is_an_error);
	tcase_add_test(tcase, status_code_of_a_failure_is_its_error_type);
	tcase_add_test(tcase, request_without_an_answer_fails_with_its_finding);
	tcase_add_test(tcase, request_that_the_capture_outlives_is_no_failure);
	tcase_add_test(tcase, unknown_method_is_other);
	tcase_add_test(tcase, redirects_are_counted_and_linked);
	tcase_add_test(tcase, trace_of_the_client_is_the_trace_of_all_that_was_done_for_it);
	tcase_add_test(tcase, identifiers_are_those_of_the_capture);
	tcase_add_test(tcase, kinds_left_out_leave_no_child_behind);
	tcase_add_test(tcase, time_that_otlp_cannot_tell_is_counted);
	tcase_add_test(tcase, finding_about_nothing_that_has_a_span_is_told_by_the_capture);
	tcase_add_test(tcase, failing_output_is_reported);
	tcase_add_loop_test(tcase, no_credential_is_in_the_spans, CORRELATE_HEADERS_NONE, CORRELATE_HEADERS_VALUES + 1);
	suite_add_tcase(suite, tcase);
	return suite;
}
