/*
 * The HTTP Archive (HAR 1.2) of requests: tests/contract-har holds archives of whole captures against the format.
 */
#include "cli/har/har.h"
#include "tests/support/json_check.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN (INT64_C(1767323045) * NT_SECOND)
#define AT_US(us) (BEGIN + (us)*NT_MICROSECOND)

static struct trace_list list;
static struct trace_tcp_conn conn;
static struct trace_tls_tunnel tunnel;
static struct trace_http_request requests[4];
static struct trace_finding findings[2];
static struct limit_hits hits;
static struct correlate_stats stats;
static struct output output;
static char *archive;

static void set_up(void)
{
	conn = (struct trace_tcp_conn){ .id = 1,
					.tuple = { .ip_version = 4, .source_port = 40000, .destination_port = 80 },
					.close = AT_US(900000) };
	memcpy(conn.tuple.destination.bytes, "\x0a\0\0\x09", 4);
	hits = (struct limit_hits){ { 0 } };
	list = (struct trace_list){
		.tcp_conns = &conn, .tcp_conn_count = 1, .http_requests = requests, .tls_tunnels = &tunnel, .findings = findings
	};
	output = (struct output){
		.description = "x", .begin = BEGIN, .end = AT_US(1000000), .list = &list, .stats = &stats, .hits = &hits
	};
}

static void tear_down(void)
{
	free(archive);
	archive = NULL;
}

/* The next request: sent in one packet, answered in one. */
static struct trace_http_request *add_request(int64_t sent_us, int64_t answered_us)
{
	struct trace_http_request *request = &requests[list.http_request_count++];

	*request = (struct trace_http_request){
		.id = (trace_id)(10 + list.http_request_count),
		.tcp_conn = 1,
		.proto_major = 1,
		.proto_minor = 1,
		.req_sent = AT_US(sent_us),
		.req_end = AT_US(sent_us),
		.resp_begin = AT_US(answered_us),
		.resp_recv = AT_US(answered_us),
		.resp_end = AT_US(answered_us),
		.method = BYTES("GET"),
		.url = BYTES("http://a.test/"),
		.status = 200,
		.reason = BYTES("OK"),
		.req_complete = true,
		.resp_complete = true,
		.timing = { .total = answered_us - sent_us, .server = answered_us - sent_us },
		.req_packet = { .number = list.http_request_count },
	};
	return request;
}

static struct trace_http_request *add_unanswered(int64_t sent_us)
{
	struct trace_http_request *request = add_request(sent_us, sent_us);

	request->resp_begin = request->resp_recv = request->resp_end = NT_TIME_NONE;
	request->status = 0;
	request->reason = BYTES("");
	request->resp_complete = false;
	request->timing = (struct trace_http_timing){ .total = -1 };
	return request;
}

static struct trace_finding *add_finding(trace_id request, const char *message)
{
	struct trace_finding *finding = &findings[list.finding_count++];

	*finding = (struct trace_finding){ .code = FINDING_HTTP_TIMEOUT,
					   .root_cause = true,
					   .message = bytes_of(message),
					   .at = AT_US(500000),
					   .request = request };
	return finding;
}

/* Without the white space of the layout. */
static char *packed(const char *text)
{
	char *out = malloc(strlen(text) + 1), *at = out;
	bool in_string = false;

	for (; *text; text++) {
		in_string ^= *text == '"' && text[-1] != '\\';
		if (in_string || (*text != ' ' && *text != '\n'))
			*at++ = *text;
	}
	*at = 0;
	return out;
}

static const char *write_archive(void)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	ck_assert(har_write(file, &output));
	fclose(file);
	ck_assert(json_check((struct bytes){ (const uint8_t *)text, size }));
	free(archive);
	archive = packed(text);
	free(text);
	return archive;
}

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is missing in:\n%.6000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' should not be in:\n%.6000s", part, text);
}

static const char *at(const char *part)
{
	assert_has(archive, part);
	return strstr(archive, part);
}

/* ---- entries ---- */

START_TEST(archive_without_requests_is_complete)
{
	output.begin = output.end = NT_TIME_NONE;
	ck_assert_str_eq(
		write_archive(),
		"{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"nettrace-analyze\",\"version\":\"0.1.0\",\"comment\":"
		"\"Made from packets. Sizes of content are those of what was sent, before content decoding.\"},"
		"\"pages\":[],\"entries\":[],\"comment\":\"x\"}}");
}
END_TEST

START_TEST(entry_is_a_request_with_its_response)
{
	struct trace_http_request *request = add_request(1000, 3500);

	request->req_content_size = 3;
	request->resp_content_size = 5;
	assert_has(
		write_archive(),
		"\"entries\":[{\"startedDateTime\":\"2026-01-02T03:04:05.001000Z\",\"time\":2.5,\"request\":{\"method\":\"GET\","
		"\"url\":\"http://a.test/\",\"httpVersion\":\"HTTP/1.1\",\"cookies\":[],\"headers\":[],\"queryString\":[],"
		"\"headersSize\":-1,\"bodySize\":3},\"response\":{\"status\":200,\"statusText\":\"OK\",\"httpVersion\":\"HTTP/"
		"1.1\","
		"\"cookies\":[],\"headers\":[],\"content\":{\"size\":5,\"mimeType\":\"\"},\"redirectURL\":\"\",\"headersSize\":-1,"
		"\"bodySize\":5},\"cache\":{},\"timings\":{\"blocked\":-1,\"dns\":-1,\"connect\":-1,\"ssl\":-1,\"send\":0,\"wait\":"
		"2.5,"
		"\"receive\":0},\"serverIPAddress\":\"10.0.0.9\",\"connection\":\"tid-1\",\"_traceID\":\"tid-11\","
		"\"_packets\":{\"reqPacket\":1}}],");
}
END_TEST

START_TEST(set_up_of_the_connection_is_in_the_time_of_its_first_request)
{
	struct trace_http_request *request = add_request(10000, 12000);

	request->timing = (struct trace_http_timing){
		.total = 11000, .dns = 4000, .connect = 1000, .tls = 3000, .idle = 1000, .server = 1500, .stalled = 500
	};
	write_archive();
	assert_has(archive, "\"startedDateTime\":\"2026-01-02T03:04:05.001000Z\",\"time\":11,");
	assert_has(archive, "\"blocked\":1,\"dns\":4,\"connect\":4,\"ssl\":3,\"send\":0,\"wait\":2,\"receive\":0}");
}
END_TEST

START_TEST(handshake_behind_a_proxy_is_of_the_first_request_in_it)
{
	tunnel = (struct trace_tls_tunnel){ .id = 5, .tcp_conn = 1, .handshake_begin = AT_US(1000), .handshake_end = AT_US(3000) };
	list.tls_tunnel_count = 1;
	for (int i = 0; i < 2; i++) {
		struct trace_http_request *request = add_request(4000 + 2000 * i, 5000 + 2000 * i);

		request->tls_tunnel = 5;
		request->network_proxy = BYTES("http://proxy.test:3128");
	}
	write_archive();
	assert_has(archive, "\"startedDateTime\":\"2026-01-02T03:04:05.001000Z\",\"time\":4,");
	assert_has(archive, "\"_networkProxy\":\"http://proxy.test:3128\"");
	assert_has(archive, "\"blocked\":1,\"dns\":-1,\"connect\":2,\"ssl\":2,\"send\":0,\"wait\":1,");
	assert_has(archive, "\"blocked\":-1,\"dns\":-1,\"connect\":-1,\"ssl\":-1,\"send\":0,\"wait\":1,");
}
END_TEST

START_TEST(entries_are_in_the_order_in_which_they_started)
{
	add_request(5000, 6000);
	add_request(4000, 7000);
	add_request(9000, 9500)->timing.dns = 8000;
	write_archive();
	ck_assert(at("\"_traceID\":\"tid-13\"") < at("\"_traceID\":\"tid-12\""));
	ck_assert(at("\"_traceID\":\"tid-12\"") < at("\"_traceID\":\"tid-11\""));
}
END_TEST

START_TEST(parameters_of_the_url_are_told_apart)
{
	add_request(0, 1000)->url = BYTES("http://a.test/b?x=1&&y&z==%20?&=#f?g=h");
	write_archive();
	assert_has(archive, "\"url\":\"http://a.test/b?x=1&&y&z==%20?&=\",");
	assert_has(archive, "\"queryString\":[{\"name\":\"x\",\"value\":\"1\"},{\"name\":\"y\",\"value\":\"\"},"
			    "{\"name\":\"z\",\"value\":\"=%20?\"},{\"name\":\"\",\"value\":\"\"}]");
}
END_TEST

START_TEST(fields_are_there_as_far_as_they_were_kept)
{
	static const struct trace_http_field asked[] = { { BYTES("Accept"), BYTES("*/*"), 3 }, { BYTES("Cookie"), BYTES(""), 12 } };
	static const struct trace_http_field answered[] = { { BYTES("content-type"), BYTES("text/html; charset=utf-8"), 24 },
							    { BYTES("Location"), BYTES("/c"), 2 } };
	struct trace_http_request *request = add_request(0, 1000);

	request->req_fields = asked;
	request->resp_fields = answered;
	request->req_field_count = request->resp_field_count = 2;
	write_archive();
	assert_has(archive,
		   "\"cookies\":[],\"headers\":[{\"name\":\"Accept\",\"value\":\"*/*\"},{\"name\":\"Cookie\",\"value\":\"\","
		   "\"_valueSize\":12}],");
	assert_has(archive, "\"mimeType\":\"text/html; charset=utf-8\"},\"redirectURL\":\"/c\",");
}
END_TEST

START_TEST(redirect_whose_location_was_not_kept_names_where_the_client_went)
{
	struct trace_http_request *first = add_request(0, 1000), *second = add_request(2000, 3000);

	first->status = 302;
	second->redirected_from = first->id;
	second->url = BYTES("http://b.test/");
	assert_has(write_archive(), "\"redirectURL\":\"http://b.test/\"");
}
END_TEST

START_TEST(version_without_minor_number)
{
	struct trace_http_request *request = add_request(0, 1000);

	request->proto_major = 2;
	request->proto_minor = 0;
	assert_has(write_archive(), "\"httpVersion\":\"HTTP/2\"");
}
END_TEST

START_TEST(connect_has_no_parameters)
{
	struct trace_http_request *request = add_request(0, 1000);

	request->method = BYTES("CONNECT");
	request->url = BYTES("a.test:443");
	request->is_connect = true;
	assert_has(write_archive(), "\"method\":\"CONNECT\",\"url\":\"a.test:443\",");
}
END_TEST

/* ---- failures ---- */

START_TEST(request_without_an_answer_waits_for_the_failure)
{
	struct trace_http_request *request = add_unanswered(100000);

	request->error = BYTES("net/http: timeout awaiting response headers");
	request->timing.connect = 20000;
	add_finding(request->id, "No answer came.");
	write_archive();
	assert_has(archive, "\"time\":420,");
	assert_has(archive, "\"response\":{\"status\":0,\"statusText\":\"\",\"httpVersion\":\"\",\"cookies\":[],\"headers\":[],"
			    "\"content\":{\"size\":0,\"mimeType\":\"\"},\"redirectURL\":\"\",\"headersSize\":-1,\"bodySize\":-1,"
			    "\"_error\":\"net/http: timeout awaiting response headers\"}");
	assert_has(archive, "\"connect\":20,\"ssl\":-1,\"send\":0,\"wait\":400,\"receive\":0}");
	assert_has(archive, "\"comment\":\"No answer came.\"");
	assert_has(archive, "\"_findings\":[{\"code\":\"http-timeout\",");
}
END_TEST

START_TEST(request_without_an_answer_waits_for_the_end_of_its_connection)
{
	add_unanswered(100000);
	write_archive();
	assert_has(archive, "\"_error\":\"no response in the capture\"");
	assert_has(archive, "\"wait\":800,");
	conn.close = NT_TIME_NONE;
	assert_has(write_archive(), "\"wait\":900,");
}
END_TEST

/* As in a trace of the Go library. */
START_TEST(request_of_which_only_begin_and_response_are_known_is_waited_for)
{
	struct trace_http_request *request = add_request(100000, 200000);

	request->req_end = request->resp_begin = request->resp_end = NT_TIME_NONE;
	assert_has(write_archive(), "\"send\":0,\"wait\":100,\"receive\":0}");
}
END_TEST

START_TEST(response_that_is_not_whole_says_so)
{
	struct trace_http_request *request = add_request(100000, 200000);

	request->resp_end = NT_TIME_NONE;
	request->resp_complete = false;
	request->resp_content_size = 7;
	write_archive();
	assert_has(archive, "\"bodySize\":-1,\"_error\":\"the response in the capture is not whole\"}");
	assert_has(archive, "\"wait\":100,\"receive\":700}");
	request->truncated = true;
	assert_has(write_archive(), "\"bodySize\":7,\"_error\":");
}
END_TEST

START_TEST(what_has_no_request_or_no_time_is_counted)
{
	add_request(0, 1000)->resp_without_request = true;
	add_request(0, 1000)->req_sent = NT_TIME_NONE;
	add_request(0, 1000);
	write_archive();
	assert_has(archive, "\"_requestsLeftOut\":2,");
	assert_lacks(archive, "tid-11");
	assert_lacks(archive, "tid-12");
	assert_has(archive, "tid-13");
	output.omit.http = true;
	write_archive();
	assert_lacks(archive, "tid-13");
	assert_lacks(archive, "_requestsLeftOut");
}
END_TEST

START_TEST(finding_that_is_about_no_request_is_in_the_log)
{
	trace_id of_both[2] = { 1, 11 };

	add_request(0, 1000);
	add_finding(11, "About the request.")->traces = of_both;
	findings[0].trace_count = 2;
	add_finding(0, "About the connection.")->traces = of_both;
	findings[1].trace_count = 1;
	write_archive();
	ck_assert(at("\"message\":\"About the request.\"") < at("\"comment\":\"x\""));
	ck_assert(at("\"message\":\"About the connection.\"") > at("\"comment\":\"x\""));
	ck_assert_ptr_null(strstr(strstr(archive, "\"message\":\"About the request.\"") + 1, "\"message\":\"About the request.\""));
}
END_TEST

START_TEST(connection_that_is_left_out_is_not_named)
{
	add_request(0, 1000);
	output.omit.tcp = true;
	write_archive();
	assert_lacks(archive, "serverIPAddress");
	assert_lacks(archive, "\"connection\"");
}
END_TEST

START_TEST(clock_out_of_its_mind_makes_no_nonsense)
{
	struct trace_http_request *request = add_request(0, 1000);

	request->req_sent = INT64_MIN + 1;
	request->req_end = INT64_MAX;
	request->timing.dns = 1;
	write_archive();
	assert_has(archive, "\"time\":");
	assert_lacks(archive, ":-0.");
}
END_TEST

START_TEST(failing_output_is_reported)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert(!har_write(full, &output));
	fclose(full);
}
END_TEST

/* ---- privacy ---- */

#define SECRET "s3cr3t"

/* Every place where a credential can stand. */
static void exchange_secrets(struct scene *s)
{
	struct scene_tcp t = scene_tcp(s, 40000, 80);

	scene_open(&t);
	scene_send(&t, CLIENT,
		   "GET http://u:" SECRET "@a.test/b?x=1&token=" SECRET " HTTP/1.1\r\nHost: a.test\r\nCookie: id=" SECRET "\r\n"
		   "Authorization: Bearer " SECRET "\r\nReferer: http://a.test/?password=" SECRET "\r\n\r\n");
	scene_send(&t, SERVER,
		   "HTTP/1.1 302 See /?token=" SECRET "\r\nSet-Cookie: id=" SECRET "\r\nLocation: http://u:" SECRET
		   "@a.test/c?access_token=" SECRET "\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, "GET http://a.test/c?access_token=" SECRET " HTTP/1.1\r\nHost: a.test\r\n\r\n");
	scene_rst(&t, SERVER);
	scene_end(s);
}

START_TEST(no_credential_is_in_the_archive)
{
	struct scene s;

	scene_begin(&s);
	s.options.headers = (enum correlate_headers)_i;
	exchange_secrets(&s);
	ck_assert_uint_eq(s.got.http_request_count, 2);
	output.list = &s.got;
	output.stats = &s.stats;
	write_archive();
	assert_has(archive, "\"name\":\"token\",\"value\":\"***\"");
	assert_lacks(archive, SECRET);
	scene_free(&s);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("har");
	TCase *tcase = tcase_create("entries");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, archive_without_requests_is_complete);
	tcase_add_test(tcase, entry_is_a_request_with_its_response);
	tcase_add_test(tcase, set_up_of_the_connection_is_in_the_time_of_its_first_request);
	tcase_add_test(tcase, handshake_behind_a_proxy_is_of_the_first_request_in_it);
	tcase_add_test(tcase, entries_are_in_the_order_in_which_they_started);
	tcase_add_test(tcase, parameters_of_the_url_are_told_apart);
	tcase_add_test(tcase, fields_are_there_as_far_as_they_were_kept);
	tcase_add_test(tcase, redirect_whose_location_was_not_kept_names_where_the_client_went);
	tcase_add_test(tcase, version_without_minor_number);
	tcase_add_test(tcase, connect_has_no_parameters);
	tcase_add_test(tcase, request_without_an_answer_waits_for_the_failure);
	tcase_add_test(tcase, request_without_an_answer_waits_for_the_end_of_its_connection);
	tcase_add_test(tcase, request_of_which_only_begin_and_response_are_known_is_waited_for);
	tcase_add_test(tcase, response_that_is_not_whole_says_so);
	tcase_add_test(tcase, what_has_no_request_or_no_time_is_counted);
	tcase_add_test(tcase, finding_that_is_about_no_request_is_in_the_log);
	tcase_add_test(tcase, connection_that_is_left_out_is_not_named);
	tcase_add_test(tcase, clock_out_of_its_mind_makes_no_nonsense);
	tcase_add_test(tcase, failing_output_is_reported);
	tcase_add_loop_test(tcase, no_credential_is_in_the_archive, CORRELATE_HEADERS_NONE, CORRELATE_HEADERS_VALUES + 1);
	suite_add_tcase(suite, tcase);
	return suite;
}
