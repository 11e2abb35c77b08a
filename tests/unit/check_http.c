/*
 * HTTP requests paired with their responses (RFC 9110, RFC 9112; TRACE.md, httpRequests).
 */
#include "tests/support/scene.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct scene s;
static struct scene_tcp t;

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
}

static void teardown(void)
{
	scene_free(&s);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: example.org\r\n\r\n"
#define OK(size, body) "HTTP/1.1 200 OK\r\nContent-Length: " #size "\r\n\r\n" body

static const struct trace_http_request *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.http_request_count, count);
	return s.got.http_requests;
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "%.*s, not %s", (int)got.size, (const char *)got.at, expected);
}

/* What a client and a server say in turn: 'c' or 's' before each segment. */
static const struct trace_http_request *talk(size_t count, const char *const *lines)
{
	scene_open(&t);
	for (; *lines; lines++)
		scene_send(&t, **lines == 'c' ? CLIENT : SERVER, *lines + 1);
	return end_with(count);
}

#define TALK(count, ...) talk(count, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- one request ---- */

START_TEST(request_and_response_are_one_record)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, "POST /a HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\n");
	scene_send(&t, CLIENT, "12345");
	scene_send(&t, SERVER, "HTTP/1.0 200 OK\r\nContent-");
	scene_send(&t, SERVER, "Length: 3\r\n\r\n");
	scene_send(&t, SERVER, "abc");
	request = end_with(1);
	check_text(request->method, "POST");
	check_text(request->url, "http://example.org/a");
	check_text(request->host, "example.org");
	ck_assert_int_eq(request->req_sent, scene_at(4));
	ck_assert_int_eq(request->req_end, scene_at(5));
	ck_assert_int_eq(request->resp_begin, scene_at(6));
	ck_assert_int_eq(request->resp_recv, scene_at(7)); /* header complete */
	ck_assert_int_eq(request->resp_end, scene_at(8));
	ck_assert_uint_eq(request->req_content_size, 5);
	ck_assert_uint_eq(request->resp_content_size, 3);
	ck_assert_uint_eq(request->status, 200);
	ck_assert(request->proto_major == 1 && request->proto_minor == 0); /* the response's */
	ck_assert(request->req_complete && request->resp_complete && !request->truncated);
	ck_assert_uint_eq(request->tcp_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(request->tls_tunnel, 0);
	ck_assert_uint_eq(request->req_packet.number, 4);
	ck_assert_uint_eq(request->resp_packet.number, 6);
	ck_assert_uint_eq(request->last_packet.number, 8);
	ck_assert_uint_eq(request->network_proxy.size + request->error.size, 0);
}
END_TEST

START_TEST(request_without_response_keeps_its_own_version)
{
	const struct trace_http_request *request = TALK(1, "cGET / HTTP/1.0\r\nHost: example.org\r\n\r\n");

	ck_assert(request->proto_major == 1 && request->proto_minor == 0);
	ck_assert_uint_eq(request->status, 0);
	ck_assert_int_eq(request->resp_recv, NT_TIME_NONE);
	ck_assert(request->req_complete && !request->resp_complete);
}
END_TEST

START_TEST(chunked_body_is_counted_without_its_chunks)
{
	const struct trace_http_request *request =
		TALK(1, "c" GET("/"), "sHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
		     "s2;x=y\r\nef\r\n0\r\n\r\n");

	ck_assert_uint_eq(request->resp_content_size, 6);
	ck_assert(request->resp_complete);
}
END_TEST

struct no_body_row {
	const char *request, *response;
};

/* RFC 9110 9.3.2, 15.3.5, 15.4.5. */
static const struct no_body_row no_body_rows[] = {
	{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" },
	{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n" },
};

START_TEST(response_without_body_whatever_its_fields_say)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, no_body_rows[_i].request);
	scene_send(&t, SERVER, no_body_rows[_i].response);
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(3, "abc"));
	request = end_with(2);
	ck_assert_uint_eq(request[0].resp_content_size, 0);
	ck_assert(request[0].resp_complete);
	ck_assert_uint_eq(request[1].status, 200);
	ck_assert_uint_eq(request[1].resp_content_size, 3);
}
END_TEST

START_TEST(interim_responses_come_before_the_answer)
{
	const struct trace_http_request *request =
		TALK(1, "cPUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
		     "sHTTP/1.1 100 Continue\r\n\r\n", "cab",
		     "sHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");

	ck_assert_uint_eq(request->status, 201);
	ck_assert_uint_eq(request->interim_status, 103);
	ck_assert_uint_eq(request->req_content_size, 2);
	ck_assert_int_eq(request->resp_recv, scene_at(7));
}
END_TEST

START_TEST(response_may_come_before_the_request_is_complete)
{
	const struct trace_http_request *request = TALK(1, "cPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123",
							"sHTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", "c4567890");

	ck_assert_uint_eq(request->status, 413);
	ck_assert_uint_eq(request->req_content_size, 10);
	ck_assert(request->req_complete && request->resp_complete);
}
END_TEST

START_TEST(response_may_come_before_the_head_of_the_request_is_complete)
{
	const struct trace_http_request *request =
		TALK(1, "cGET /long HTTP/1.1\r\nHost: example.org\r\nX-Long: 12345",
		     "sHTTP/1.0 431 Request Header Fields Too Large\r\nContent-Length: 2\r\n\r\nno", "c67890\r\n\r\n");

	check_text(request->url, "http://example.org/long");
	ck_assert_uint_eq(request->status, 431);
	ck_assert_uint_eq(request->resp_content_size, 2);
	ck_assert_uint_eq(request->proto_minor, 0);
	ck_assert(request->resp_complete && request->req_complete && !request->resp_without_request);
	ck_assert_int_lt(request->req_sent, request->resp_recv);
	ck_assert_int_lt(request->resp_recv, request->req_end);
}
END_TEST

START_TEST(body_until_close_ends_with_the_connection)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/"));
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\nabc");
	scene_send(&t, SERVER, "def");
	scene_fin(&t, SERVER);
	request = end_with(1);
	ck_assert_uint_eq(request->resp_content_size, 6);
	ck_assert(request->resp_complete && !request->truncated);
	ck_assert_int_eq(request->resp_end, scene_at(7));
}
END_TEST

START_TEST(body_that_ends_before_its_announced_end_is_truncated)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/"));
	scene_send(&t, SERVER, OK(100, "abc"));
	(_i ? scene_fin : scene_rst)(&t, SERVER);
	request = end_with(1);
	ck_assert_uint_eq(request->resp_content_size, 3);
	ck_assert(request->truncated && !request->resp_complete);
}
END_TEST

/* ---- several ---- */

START_TEST(pipelined_requests_are_answered_in_order)
{
	const struct trace_http_request *request =
		TALK(3, "c" GET("/1") GET("/2") GET("/3"),
		     "s" OK(1, "a") "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nbb" OK(3, "ccc"));

	check_text(request[0].url, "http://example.org/1");
	check_text(request[2].url, "http://example.org/3");
	ck_assert_uint_eq(request[1].status, 404);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(request[i].resp_content_size, i + 1);
}
END_TEST

START_TEST(lost_response_leaves_its_own_request_unanswered)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/1"));
	s.lose = true;
	scene_send(&t, SERVER, OK(1, "a"));
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(2, "bb"));
	request = end_with(2);
	check_text(request[0].url, "http://example.org/1");
	ck_assert_uint_eq(request[0].status, 0);
	check_text(request[1].url, "http://example.org/2");
	ck_assert_uint_eq(request[1].status, 200);
	ck_assert_uint_eq(request[1].resp_content_size, 2);
}
END_TEST

START_TEST(response_of_a_lost_request_is_a_record_of_its_own)
{
	const struct trace_http_request *request;

	scene_open(&t);
	s.lose = true;
	scene_send(&t, CLIENT, GET("/1"));
	scene_send(&t, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\na");
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(2, "bb"));
	scene_close(&t);
	request = end_with(2);
	for (int i = 0; i < 2; i++) {
		if (request[i].status == 404) {
			ck_assert(request[i].resp_without_request && request[i].method.size == 0);
			ck_assert_int_eq(request[i].req_sent, NT_TIME_NONE);
		} else {
			check_text(request[i].url, "http://example.org/2");
			ck_assert_uint_eq(request[i].resp_content_size, 2);
		}
	}
	ck_assert_uint_eq(request[0].status + request[1].status, 604);
}
END_TEST

START_TEST(response_after_a_lost_part_of_another_is_still_read)
{
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT, GET("/1"));
	scene_send(&t, SERVER, OK(9, "aaa"));
	s.lose = true;
	scene_send(&t, SERVER, "aaa");
	scene_send(&t, SERVER, "aaa");
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(2, "bb"));
	request = end_with(2);
	ck_assert_uint_eq(request[0].resp_content_size, 9);
	ck_assert_uint_eq(request[0].gap_bytes, 3);
	ck_assert_uint_eq(request[1].resp_content_size, 2);
}
END_TEST

START_TEST(response_in_the_middle_of_a_connection_is_an_orphan)
{
	const struct trace_http_request *request;

	scene_send(&t, SERVER, OK(2, "bb"));
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(3, "ccc"));
	request = end_with(2);
	ck_assert(request[0].resp_without_request && request[0].method.size == 0 && request[0].status == 200);
	ck_assert_uint_eq(request[0].url.size, 0);
	check_text(request[1].url, "http://example.org/2");
	ck_assert_uint_eq(request[1].resp_content_size, 3);
	ck_assert(!request[1].resp_without_request);
}
END_TEST

START_TEST(response_that_was_sent_before_a_request_does_not_answer_it)
{
	const struct trace_http_request *request;

	s.put_aside = true;
	scene_send(&t, SERVER, OK(2, "bb"));
	scene_send(&t, CLIENT, GET("/2")); /* which acknowledges it */
	scene_late_frame(&s);
	scene_send(&t, SERVER, OK(3, "ccc"));
	request = end_with(2);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(request[i].resp_content_size, request[i].resp_without_request ? 2 : 3);
}
END_TEST

START_TEST(requests_are_found_after_the_rest_of_an_unseen_exchange)
{
	scene_send(&t, SERVER, "\1\2 the rest of a download");
	scene_send(&t, CLIENT, GET("/2"));
	scene_send(&t, SERVER, OK(3, "ccc"));
	check_text(end_with(1)->url, "http://example.org/2");
	ck_assert_uint_eq(s.got.http_requests[0].status, 200);
}
END_TEST

START_TEST(number_of_unanswered_requests_is_limited)
{
	scene_open(&t);
	for (int i = 0; i < LIMIT_HTTP_PIPELINE + 3; i++)
		scene_send(&t, CLIENT, GET("/"));
	end_with(LIMIT_HTTP_PIPELINE + 3);
	ck_assert_uint_eq(s.hits.count[LIMIT_HTTP_PIPELINE_HIT], 3);
}
END_TEST

/* ---- URLs ---- */

struct url_row {
	const char *name, *request, *url;
};

static const struct url_row url_rows[] = {
	{ "origin-form", "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n\r\n", "http://example.org/a?b=c" },
	{ "port of Host", "GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", "http://example.org:8080/" },
	{ "no Host", "GET /a HTTP/1.0\r\n\r\n", "http://10.0.0.2/a" },
	{ "absolute-form", "GET http://example.com/a HTTP/1.1\r\nHost: proxy\r\n\r\n", "http://example.com/a" },
	{ "other scheme", "GET ftp://example.com/a HTTP/1.1\r\nHost: proxy\r\n\r\n", "ftp://example.com/a" },
	{ "asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n", "http://example.org" },
	{ "authority-form", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", "example.org:443" },
	{ "URL in the query", "GET /?u=http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "http://b/?u=http://a/" },
	{ "bytes above ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: b\r\n\r\n", "http://b/%C3%A9" },
	{ "IPv6 Host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n", "http://[2001:db8::1]:81/" },
	{ "password", "GET http://user:secret@example.com/a HTTP/1.1\r\n\r\n", "http://user:***@example.com/a" },
	{ "password with @", "GET http://user:se@cret@example.com/a HTTP/1.1\r\n\r\n", "http://user:***@example.com/a" },
	{ "user alone", "GET http://user@example.com/a HTTP/1.1\r\n\r\n", "http://user@example.com/a" },
	{ "@ in the path", "GET http://example.com:80/a:b@c HTTP/1.1\r\n\r\n", "http://example.com:80/a:b@c" },
	{ "@ in the query", "GET http://example.com?m=a:b@c HTTP/1.1\r\n\r\n", "http://example.com?m=a:b@c" },
	{ "password before CONNECT", "CONNECT user:secret@example.org:443 HTTP/1.1\r\n\r\n", "user:***@example.org:443" },
	{ "password in Host", "GET /a HTTP/1.1\r\nHost: user:secret@example.org\r\n\r\n", "http://user:***@example.org/a" },
};

START_TEST(url_of_a_request)
{
	scene_open(&t);
	scene_send(&t, CLIENT, url_rows[_i].request);
	check_text(end_with(1)->url, url_rows[_i].url);
}
END_TEST

static const char *const secret_parameters[] = {
	"password",         "passwd",       "pwd",           "token",  "access_token", "id_token",        "refresh_token",
	"auth_token",       "secret",       "client_secret", "sig",    "signature",    "x-amz-signature", "x-amz-security-token",
	"x-goog-signature", "Access_Token", "to%6Ben",       "%74oken"
};

START_TEST(url_shows_no_value_of_a_secret_parameter)
{
	char text[300], expected[200];
	const char *name = secret_parameters[_i];

	snprintf(text, sizeof text, "cGET /a?%s=s3cr&x=%s&%s=s3;cret HTTP/1.1\r\nHost: b\r\n\r\n", name, name, name);
	snprintf(expected, sizeof expected, "http://b/a?%s=***&x=%s&%s=***", name, name, name);
	check_text(TALK(1, text)->url, expected);
}
END_TEST

START_TEST(url_shows_secret_parameters_on_demand)
{
	s.options.secrets = true;
	check_text(TALK(1, "cGET /a?token=s3cret HTTP/1.1\r\nHost: b\r\n\r\n")->url, "http://b/a?token=s3cret");
}
END_TEST

static const struct {
	const char *value, *shown;
} field_rows[] = {
	{ "https://a.test/cb?code=1&token=s3cret", "https://a.test/cb?code=1&token=***" },
	{ "https://a.test/cb#access_token=s3cret&state=1", "https://a.test/cb#access_token=***&state=1" },
	{ "https://user:s3cret@a.test/", "https://user:***@a.test/" },
	{ "https://user:s;token=3&cret@a.test/?sig=s3cret", "https://user:***@a.test/?sig=***" },
	{ "<https://a.test/?sig=s3cret>; rel=next, <//b>", "<https://a.test/?sig=***>; rel=next, <//b>" },
	{ "0; url=/x?password=s3cret", "0; url=/x?password=***" },
	{ "//user:s3cret@a.test/?sig=s3cret", "//user:***@a.test/?sig=***" },
	{ "text/html; charset=utf-8", "text/html; charset=utf-8" },
	{ "", "" },
};

START_TEST(field_that_holds_a_url_shows_no_secret_of_it)
{
	char text[300];
	const struct trace_http_request *request;

	s.options.headers = CORRELATE_HEADERS_VALUES;
	snprintf(text, sizeof text, "sHTTP/1.1 200 OK\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", field_rows[_i].value);
	request = TALK(1, "cGET / HTTP/1.1\r\nHost: b\r\n\r\n", text);
	check_text(request->resp_fields[0].value, field_rows[_i].shown);
	ck_assert_uint_eq(request->resp_fields[0].value_size, strlen(field_rows[_i].value));
}
END_TEST

START_TEST(url_without_host_has_the_port_of_the_server)
{
	t = scene_tcp_between(&s, "2001:db8::1", 40000, "2001:db8::2", 8080);
	check_text(TALK(1, "cGET /a HTTP/1.0\r\n\r\n")->url, "http://[2001:db8::2]:8080/a");
}
END_TEST

/* ---- header fields ---- */

#define WITH_FIELDS "GET / HTTP/1.1\r\nHost: example.org\r\nCookie: secret\r\nAccept: */*\r\n\r\n"

START_TEST(no_header_fields_unless_wanted)
{
	const struct trace_http_request *request = TALK(1, "c" WITH_FIELDS, "s" OK(0, ""));

	ck_assert_uint_eq(request->req_field_count + request->resp_field_count, 0);
}
END_TEST

START_TEST(names_only)
{
	const struct trace_http_request *request;

	s.options.headers = CORRELATE_HEADERS_NAMES;
	request = TALK(1, "c" WITH_FIELDS, "s" OK(0, ""));
	ck_assert_uint_eq(request->req_field_count, 3);
	ck_assert_uint_eq(request->resp_field_count, 1);
	check_text(request->req_fields[1].name, "Cookie");
	ck_assert_uint_eq(request->req_fields[1].value.size + request->req_fields[1].value_size, 0);
}
END_TEST

START_TEST(names_and_lengths)
{
	const struct trace_http_request *request;

	s.options.headers = CORRELATE_HEADERS_LENGTHS;
	request = TALK(1, "c" WITH_FIELDS);
	check_text(request->req_fields[1].name, "Cookie");
	ck_assert_uint_eq(request->req_fields[1].value.size, 0);
	ck_assert_uint_eq(request->req_fields[1].value_size, 6);
}
END_TEST

START_TEST(values)
{
	const struct trace_http_request *request;

	s.options.headers = CORRELATE_HEADERS_VALUES;
	request = TALK(1, "c" WITH_FIELDS, "s" OK(0, ""));
	check_text(request->req_fields[2].name, "Accept");
	check_text(request->req_fields[2].value, "*/*");
	ck_assert_uint_eq(request->req_fields[2].value_size, 3);
	check_text(request->resp_fields[0].value, "0");
}
END_TEST

START_TEST(value_of_host_has_no_password)
{
	s.options.headers = CORRELATE_HEADERS_VALUES;
	check_text(TALK(1, "cGET / HTTP/1.1\r\nHost: user:s3cret@b:81\r\n\r\n")->req_fields[0].value, "user:***@b:81");
}
END_TEST

START_TEST(excluded_fields_are_left_out_whatever_their_case)
{
	static const char *const excluded[] = { "content-LENGTH", "cookie" };
	const struct trace_http_request *request;

	s.options.headers = CORRELATE_HEADERS_VALUES;
	s.options.excluded_headers = excluded;
	s.options.excluded_header_count = 2;
	request = TALK(1, "c" WITH_FIELDS, "s" OK(0, ""));
	ck_assert_uint_eq(request->req_field_count, 2);
	check_text(request->req_fields[1].name, "Accept");
	ck_assert_uint_eq(request->resp_field_count, 0);
}
END_TEST

/* ---- tunnels ---- */

START_TEST(connect_is_a_record_and_what_it_carries_has_the_proxy)
{
	const struct trace_http_request *request =
		TALK(2, "cCONNECT example.org:80 HTTP/1.1\r\nHost: example.org\r\n\r\n",
		     "sHTTP/1.1 200 Connection established\r\n\r\n", "c" GET("/in"), "s" OK(3, "abc"));

	ck_assert(request[0].is_connect && !request[1].is_connect);
	check_text(request[0].method, "CONNECT");
	check_text(request[0].url, "example.org:80");
	ck_assert_uint_eq(request[0].status, 200);
	ck_assert_uint_eq(request[0].resp_content_size, 0);
	check_text(request[1].url, "http://example.org/in");
	check_text(request[1].network_proxy, "http://10.0.0.2:80");
	ck_assert_uint_eq(request[1].resp_content_size, 3);
}
END_TEST

START_TEST(refused_connect_has_a_body_and_no_tunnel)
{
	const struct trace_http_request *request =
		TALK(2, "cCONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
		     "sHTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nsorr", "c" GET("/2"), "s" OK(1, "a"));

	ck_assert_uint_eq(request[0].status, 407);
	ck_assert_uint_eq(request[0].resp_content_size, 4);
	ck_assert_uint_eq(request[1].status, 200);
	ck_assert_uint_eq(request[1].network_proxy.size, 0);
}
END_TEST

START_TEST(tls_in_a_connect_tunnel_is_a_tunnel_record)
{
	static struct wire hello;
	size_t record;

	memset(&hello, 0, sizeof hello);
	record = wire_open_record(&hello, 22);
	wire_put_client_hello(&hello, OFFER_13);
	wire_shut(&hello, record, 2);
	scene_open(&t);
	scene_send(&t, CLIENT, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	scene_send_bytes(&t, CLIENT, hello.at, hello.size);
	end_with(1);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	check_text(s.got.tls_tunnels[0].server_name, "example.org");
	ck_assert_uint_eq(s.got.tls_tunnels[0].tcp_conn, s.got.tcp_conns[0].id);
	ck_assert_int_eq(s.got.tls_tunnels[0].handshake_begin, scene_at(6));
	ck_assert(s.got.tls_tunnels[0].mid_stream);
	check_text(s.got.dials[0].host, "10.0.0.2"); /* the proxy, never what it is asked for */
}
END_TEST

START_TEST(hello_behind_the_response_in_one_segment)
{
	static struct wire both;
	size_t record;

	memset(&both, 0, sizeof both);
	wire_put_text(&both, "HTTP/1.1 200 OK\r\n\r\n");
	record = wire_open_record(&both, 22);
	wire_put_server_hello(&both, CHOOSE_13);
	wire_shut(&both, record, 2);
	scene_open(&t);
	scene_send(&t, CLIENT, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
	scene_send_bytes(&t, SERVER, both.at, both.size);
	end_with(1);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].cipher_suite, 0x1301);
}
END_TEST

START_TEST(upgraded_connection_is_no_http_any_more)
{
	const struct trace_http_request *request =
		TALK(1, "cGET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		     "sHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "c\x81\x85mask!!!!!",
		     "s\x81\5hello");

	ck_assert_uint_eq(request->status, 101);
	ck_assert_uint_eq(request->resp_content_size, 0);
	ck_assert(!request->malformed && !request->truncated);
}
END_TEST

/* SETTINGS of both; HEADERS (:status 200) and DATA on stream 1; then a request on stream 3. */
START_TEST(upgrade_to_http2_answers_there_what_was_asked_before)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0\0", answer[] = "\0\0\1\1\4\0\0\0\1\x88\0\0\2\0\1\0\0\0\1ok",
			  second[] = "\0\0\3\1\5\0\0\0\3\x82\x86\x84", none[] = "\0\0\1\1\5\0\0\0\3\x89";
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send(&t, CLIENT,
		   "GET /a HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
		   "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
	scene_send_bytes(&t, SERVER, settings, sizeof settings - 1);
	scene_send(&t, CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	scene_send_bytes(&t, CLIENT, settings, sizeof settings - 1);
	scene_send_bytes(&t, SERVER, answer, sizeof answer - 1);
	scene_send_bytes(&t, CLIENT, second, sizeof second - 1);
	scene_send_bytes(&t, SERVER, none, sizeof none - 1);
	scene_close(&t);
	request = end_with(2);
	check_text(request[0].url, "http://example.org/a");
	ck_assert_uint_eq(request[0].status, 200);
	ck_assert_uint_eq(request[0].interim_status, 101);
	ck_assert_uint_eq(request[0].proto_major, 1); /* as it was asked */
	ck_assert_uint_eq(request[0].resp_content_size, 2);
	ck_assert(request[0].req_complete && request[0].resp_complete);
	ck_assert_int_eq(request[0].timing.connect, 2000);
	ck_assert_uint_eq(request[1].status, 204);
}
END_TEST

/* SETTINGS of both; HEADERS with END_STREAM on streams 1 and 3, which are answered the other way round. */
START_TEST(set_up_of_the_connection_is_of_the_stream_that_was_first)
{
	static const char begin[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\3\1\5\0\0\0\1\x82\x86\x84"
				    "\0\0\3\1\5\0\0\0\3\x82\x86\x84",
			  answers[] = "\0\0\0\4\0\0\0\0\0\0\0\1\1\5\0\0\0\3\x89\0\0\1\1\5\0\0\0\1\x89";
	const struct trace_http_request *request;

	scene_open(&t);
	scene_send_bytes(&t, CLIENT, begin, sizeof begin - 1);
	scene_send_bytes(&t, SERVER, answers, sizeof answers - 1);
	scene_close(&t);
	request = end_with(2);
	ck_assert_uint_eq(request[0].status, 204);
	ck_assert_uint_eq(request[1].status, 204);
	ck_assert_int_eq(request[0].timing.connect, 2000);
	ck_assert_int_eq(request[1].timing.connect, 0);
}
END_TEST

#define PARENT "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
#define WITH_PARENT "GET /a HTTP/1.1\r\nHost: example.org\r\n" PARENT "\r\n"

START_TEST(parent_of_the_clients_own_tracing_is_kept_without_header_fields)
{
	const struct trace_http_request *request = TALK(1, "c" WITH_PARENT, "s" OK(2, "ok"));

	ck_assert_uint_eq(request->req_field_count, 0);
	ck_assert(request->parent.known);
	ck_assert_uint_eq(request->parent.trace_id[0], 0x4b);
	ck_assert_uint_eq(request->parent.span_id[7], 0xb7);
	ck_assert_uint_eq(request->parent.flags, 1);
}
END_TEST

START_TEST(parent_is_unknown_where_there_are_two_or_it_is_excluded)
{
	const char *excluded[] = { "Traceparent" };

	if (_i)
		s.options.excluded_headers = excluded, s.options.excluded_header_count = 1;
	ck_assert(!TALK(1, _i ? "c" WITH_PARENT : "cGET /a HTTP/1.1\r\n" PARENT PARENT "\r\n")->parent.known);
}
END_TEST

/* HEADERS on stream 1 with "traceparent" as a literal field (RFC 7541 6.2.2). */
START_TEST(parent_is_found_in_http2)
{
	static const char begin[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\x48\1\5\0\0\0\1\x82\x86\x84\0\x0b"
				    "traceparent\x37"
				    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

	scene_open(&t);
	scene_send_bytes(&t, CLIENT, begin, sizeof begin - 1);
	ck_assert(end_with(1)->parent.known);
}
END_TEST

START_TEST(reason_of_the_status_line_is_kept)
{
	const struct trace_http_request *request =
		TALK(2, "c" GET("/a"), "sHTTP/1.1 404 Nothing at /a?token=s3cret\r\nContent-Length: 0\r\n\r\n", "c" GET("/b"),
		     "sHTTP/1.1 204\r\n\r\n");

	check_text(request[0].reason, "Nothing at /a?token=***");
	check_text(request[1].reason, "");
}
END_TEST

START_TEST(depth_of_tunnels_is_limited)
{
	scene_open(&t);
	for (int i = 0; i < LIMIT_HTTP_NESTING + 2; i++) {
		scene_send(&t, CLIENT, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
		scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	}
	end_with(LIMIT_HTTP_NESTING + 1);
	ck_assert_uint_eq(s.hits.count[LIMIT_HTTP_NESTING_HIT], 1);
}
END_TEST

/* ---- cut ---- */

START_TEST(request_cut_by_the_snaplen_is_a_request)
{
	const struct trace_http_request *request;

	s.snaplen = 14 + 20 + 20 + (uint32_t)_i;
	scene_open(&t);
	scene_send(&t, CLIENT, "GET /path HTTP/1.1\r\nHost: example.org\r\nAccept: something quite long that is cut\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nServer: something quite long that is cut, too\r\nContent-Length: 0\r\n\r\n");
	request = end_with(1);
	check_text(request->method, "GET");
	check_text(request->url, _i < 39 ? "http://10.0.0.2/path" : "http://example.org/path");
	ck_assert_uint_eq(request->status, 200);
	ck_assert(!request->malformed);
}
END_TEST

START_TEST(cut_host_is_no_name)
{
	s.snaplen = 14 + 20 + 20 + 32; /* in the middle of the name */
	scene_open(&t);
	scene_send(&t, CLIENT, "GET /path HTTP/1.1\r\nHost: example.org\r\n\r\n");
	end_with(1);
	check_text(s.got.dials[0].host, "10.0.0.2");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("http");
	TCase *one = tcase_create("one request"), *several = tcase_create("several"), *urls = tcase_create("urls"),
	      *fields = tcase_create("fields"), *tunnels = tcase_create("tunnels"), *cut = tcase_create("cut");
	TCase *const all[] = { one, several, urls, fields, tunnels, cut };

	tcase_add_test(one, request_and_response_are_one_record);
	tcase_add_test(one, request_without_response_keeps_its_own_version);
	tcase_add_test(one, chunked_body_is_counted_without_its_chunks);
	tcase_add_loop_test(one, response_without_body_whatever_its_fields_say, 0, sizeof no_body_rows / sizeof *no_body_rows);
	tcase_add_test(one, interim_responses_come_before_the_answer);
	tcase_add_test(one, response_may_come_before_the_request_is_complete);
	tcase_add_test(one, response_may_come_before_the_head_of_the_request_is_complete);
	tcase_add_test(one, body_until_close_ends_with_the_connection);
	tcase_add_loop_test(one, body_that_ends_before_its_announced_end_is_truncated, 0, 2);
	tcase_add_test(several, pipelined_requests_are_answered_in_order);
	tcase_add_test(several, lost_response_leaves_its_own_request_unanswered);
	tcase_add_test(several, response_of_a_lost_request_is_a_record_of_its_own);
	tcase_add_test(several, response_after_a_lost_part_of_another_is_still_read);
	tcase_add_test(several, response_in_the_middle_of_a_connection_is_an_orphan);
	tcase_add_test(several, response_that_was_sent_before_a_request_does_not_answer_it);
	tcase_add_test(several, requests_are_found_after_the_rest_of_an_unseen_exchange);
	tcase_add_test(several, number_of_unanswered_requests_is_limited);
	tcase_add_loop_test(urls, url_of_a_request, 0, sizeof url_rows / sizeof *url_rows);
	tcase_add_test(urls, url_without_host_has_the_port_of_the_server);
	tcase_add_loop_test(urls, url_shows_no_value_of_a_secret_parameter, 0,
			    sizeof secret_parameters / sizeof *secret_parameters);
	tcase_add_test(urls, url_shows_secret_parameters_on_demand);
	tcase_add_loop_test(urls, field_that_holds_a_url_shows_no_secret_of_it, 0, sizeof field_rows / sizeof *field_rows);
	tcase_add_test(fields, no_header_fields_unless_wanted);
	tcase_add_test(fields, names_only);
	tcase_add_test(fields, names_and_lengths);
	tcase_add_test(fields, values);
	tcase_add_test(fields, value_of_host_has_no_password);
	tcase_add_test(fields, excluded_fields_are_left_out_whatever_their_case);
	tcase_add_test(tunnels, connect_is_a_record_and_what_it_carries_has_the_proxy);
	tcase_add_test(tunnels, refused_connect_has_a_body_and_no_tunnel);
	tcase_add_test(tunnels, tls_in_a_connect_tunnel_is_a_tunnel_record);
	tcase_add_test(tunnels, hello_behind_the_response_in_one_segment);
	tcase_add_test(tunnels, upgraded_connection_is_no_http_any_more);
	tcase_add_test(tunnels, upgrade_to_http2_answers_there_what_was_asked_before);
	tcase_add_test(tunnels, set_up_of_the_connection_is_of_the_stream_that_was_first);
	tcase_add_test(tunnels, reason_of_the_status_line_is_kept);
	tcase_add_test(tunnels, parent_of_the_clients_own_tracing_is_kept_without_header_fields);
	tcase_add_loop_test(tunnels, parent_is_unknown_where_there_are_two_or_it_is_excluded, 0, 2);
	tcase_add_test(tunnels, parent_is_found_in_http2);
	tcase_add_test(tunnels, depth_of_tunnels_is_limited);
	tcase_add_loop_test(cut, request_cut_by_the_snaplen_is_a_request, 20, 45);
	tcase_add_test(cut, cut_host_is_no_name);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
