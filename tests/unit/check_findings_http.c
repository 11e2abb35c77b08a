/*
 * Findings about HTTP requests (FINDINGS.md, HTTP and Proxy), what a Go client would have said of them, and where their time went.
 */
#include "tests/support/findings.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct scene s;
static struct scene_tcp t;

#define NAME "www.example.org"
#define URL "http://" NAME "/a"
#define SERVER_AT "10.0.0.2:80"
#define BOTH_ENDS "10.0.0.1:40000->10.0.0.2:80"
#define GET "GET /a HTTP/1.1\r\nHost: " NAME "\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"

enum { REQUEST_FRAME = 4, RESPONSE_FRAME = 5 };

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
}

static void teardown(void)
{
	scene_free(&s);
}

/* Frames 1 to 4. */
static void ask(const char *request)
{
	scene_open(&t);
	scene_send(&t, CLIENT, request);
}

static void answer(const char *response)
{
	scene_send(&t, SERVER, response);
}

/* The capture does, of something else. */
static void go_on_for_a_minute(void)
{
	for (uint16_t i = 0; i < 4; i++) {
		scene_wait(&s, 15 * NT_SECOND);
		scene_lookup(&s, (uint16_t)(50000 + i), "other.example.org", "192.0.2.1");
	}
}

static void exchange_and_close(const char *request, const char *response)
{
	ask(request);
	answer(response);
	scene_close(&t);
}

static const struct trace_http_request *request(size_t index)
{
	ck_assert_uint_gt(s.got.http_request_count, index);
	return &s.got.http_requests[index];
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "\"%.*s\", not \"%s\"", (int)got.size, (const char *)got.at, expected);
}

/* The finding explains the first request, and names it and the server. */
static const struct trace_finding *expect_failure(enum finding_code code, const char *error)
{
	const struct trace_finding *f = findings_expect_root(&s, code);

	ck_assert_uint_eq(f->request, request(0)->id);
	ck_assert_uint_eq(f->traces[0], request(0)->id);
	check_text(request(0)->error, error);
	ck_assert_uint_ge(f->packet_count, 1);
	ck_assert_uint_eq(f->packets[0].packet.number, REQUEST_FRAME);
	ck_assert(bytes_equal(f->packets[0].shows, BYTES("request")));
	FINDINGS_EXPECT_WORDS(f, "GET " URL);
	return f;
}

/* ---- refused by status ---- */

static const struct {
	unsigned status;
	enum finding_code code;
} statuses[] = {
	{ 400, FINDING_HTTP_4XX },
	{ 401, FINDING_HTTP_4XX },
	{ 403, FINDING_HTTP_4XX },
	{ 404, FINDING_HTTP_4XX },
	{ 407, FINDING_HTTP_4XX },
	{ 429, FINDING_HTTP_4XX },
	{ 499, FINDING_HTTP_4XX },
	{ 500, FINDING_HTTP_5XX },
	{ 502, FINDING_HTTP_5XX },
	{ 503, FINDING_HTTP_5XX },
	{ 504, FINDING_HTTP_5XX },
	{ 599, FINDING_HTTP_5XX },
	{ 505, FINDING_HTTP_VERSION_MISMATCH },
	{ 511, FINDING_CAPTIVE_PORTAL },
};

START_TEST(status_that_refuses)
{
	const struct trace_finding *f;
	char response[100], number[8];

	snprintf(response, sizeof response, "HTTP/1.1 %u No\r\nContent-Length: 2\r\n\r\nno", statuses[_i].status);
	snprintf(number, sizeof number, "%u", statuses[_i].status);
	exchange_and_close(GET, response);
	f = expect_failure(statuses[_i].code, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, number);
	ck_assert_int_eq(f->at, scene_at(RESPONSE_FRAME));
}
END_TEST

START_TEST(refusal_and_the_close_after_it_are_one_finding)
{
	ask("POST /a HTTP/1.1\r\nHost: " NAME "\r\nContent-Length: 100000\r\n\r\nhello");
	answer("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
	scene_fin(&t, SERVER);
	scene_send(&t, CLIENT, "more");
	scene_rst(&t, SERVER);
	findings_expect_root(&s, FINDING_HTTP_4XX);
}
END_TEST

START_TEST(plain_http_to_a_port_that_wants_tls)
{
	const struct trace_finding *f;

	exchange_and_close(GET, "HTTP/1.1 400 Bad Request\r\nContent-Length: 62\r\n\r\n"
				"<h1>The plain HTTP request was sent to HTTPS port</h1> 3456789");
	f = expect_failure(FINDING_HTTP_TO_TLS_PORT, "");
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "TLS");
}
END_TEST

START_TEST(plain_http_answered_by_a_tls_alert)
{
	const struct trace_finding *f;

	ask(GET);
	scene_send_bytes(&t, SERVER, "\x15\x03\x01\x00\x02\x02\x0a", 7);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_HTTP_TO_TLS_PORT);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "the server's answer: a TLS record" });
	FINDINGS_EXPECT_WORDS(f, "GET " URL, SERVER_AT, "TLS");
}
END_TEST

/* ---- no answer ---- */

START_TEST(client_that_waits_in_vain)
{
	const struct trace_finding *f;

	ask(GET);
	scene_ack(&t, SERVER);
	scene_wait(&s, 5 * NT_SECOND);
	if (_i)
		scene_rst(&t, CLIENT);
	else
		scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_HTTP_TIMEOUT, "net/http: timeout awaiting response headers");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 6, "the client gives up" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "5.0 s");
}
END_TEST

START_TEST(server_that_is_silent_as_long_as_the_capture_lasts)
{
	const struct trace_finding *f;

	ask(GET);
	scene_ack(&t, SERVER);
	go_on_for_a_minute();
	f = expect_failure(FINDING_HTTP_TIMEOUT, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "60 s");
}
END_TEST

START_TEST(server_that_closes_without_an_answer)
{
	const struct trace_finding *f;

	ask(GET);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_HTTP_EMPTY_REPLY, "EOF");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "FIN by the server" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT);
}
END_TEST

START_TEST(server_that_resets_without_an_answer)
{
	const struct trace_finding *f;

	ask(GET);
	scene_rst(&t, SERVER);
	f = expect_failure(FINDING_TCP_RESET_BEFORE_RESPONSE, "read tcp " BOTH_ENDS ": read: connection reset by peer");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "RST by the server" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT);
}
END_TEST

/* RFC 1122 4.2.2.12: what a RST carries is no data. */
START_TEST(reset_that_says_why_is_no_answer)
{
	ask(GET);
	scene_segment(
		&t, &(struct scene_segment){
			    .side = SERVER, .flags = TCP_RST | TCP_ACK, .ack = sizeof GET - 1, .data = BYTES("No such service") });
	findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
	ck_assert_uint_eq(s.got.tcp_conns[0].recv_bytes, 0);
}
END_TEST

START_TEST(client_that_leaves_at_once)
{
	const struct trace_finding *f;

	ask(GET);
	scene_rst(&t, CLIENT);
	f = expect_failure(FINDING_CLIENT_ABORTED, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "the client closes" });
}
END_TEST

START_TEST(answer_that_is_no_http)
{
	const struct trace_finding *f;

	ask(GET);
	answer("220 mail.example.org ESMTP\r\n");
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_HTTP_MALFORMED_RESPONSE);
	FINDINGS_EXPECT_WORDS(f, "GET " URL, SERVER_AT);
	ck_assert_uint_eq(f->packets[f->packet_count - 1].packet.number, RESPONSE_FRAME);
}
END_TEST

static const struct {
	const char *answer, *what;
} malformed[] = {
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n", "chunk size" },
	{ "HTTP/1.1 abc Fine\r\nContent-Length: 5\r\n\r\nhello", "no status code" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello", "no number" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nthis is no field\r\n\r\nhello", "no colon" },
};

enum { MALFORMED = sizeof malformed / sizeof *malformed };

START_TEST(answer_that_is_malformed)
{
	enum scene_side first = _i % 2 ? CLIENT : SERVER;
	const struct trace_finding *f;

	ask(GET);
	answer(malformed[_i / 2].answer);
	scene_fin(&t, first);
	scene_fin(&t, !first);
	f = findings_expect_root(&s, FINDING_HTTP_MALFORMED_RESPONSE);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, "GET " URL, SERVER_AT, malformed[_i / 2].what);
}
END_TEST

START_TEST(line_without_a_colon_that_the_client_did_not_mind)
{
	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nthis is no field\r\n\r\nhello");
	scene_send(&t, CLIENT, GET);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(request(0)->status, 200);
	ck_assert_uint_eq(request(1)->status, 200);
}
END_TEST

START_TEST(line_without_a_colon_after_which_the_client_read_on)
{
	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nthis is no field\r\n\r\nhello");
	scene_wait(&s, NT_SECOND);
	answer("hello");
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert(request(0)->resp_complete);
}
END_TEST

START_TEST(head_that_stops_coming)
{
	const struct trace_finding *f;

	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Part");
	scene_ack(&t, CLIENT);
	scene_wait(&s, 5 * NT_SECOND);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_HTTP_TIMEOUT, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 7, "the client gives up" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, "beginning", "5.0 s");
}
END_TEST

/* ---- half an answer ---- */

static const char *const halves[] = {
	HALF,
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello",
};

enum { HALVES = sizeof halves / sizeof *halves };

START_TEST(body_that_the_server_ends_too_soon)
{
	const struct trace_finding *f;

	ask(GET);
	answer(halves[_i]);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_HTTP_TRUNCATED_BODY, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" }, { 6, "FIN by the server" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "5 bytes");
	ck_assert(request(0)->truncated);
}
END_TEST

START_TEST(body_that_a_reset_ends)
{
	const struct trace_finding *f;

	ask(GET);
	answer(halves[_i]);
	scene_rst(&t, SERVER);
	f = expect_failure(FINDING_TCP_RESET_MID_TRANSFER, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" }, { 6, "RST by the server" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "5 bytes");
}
END_TEST

START_TEST(body_that_stops_coming)
{
	const struct trace_finding *f;

	ask(GET);
	answer(halves[_i]);
	scene_ack(&t, CLIENT);
	scene_wait(&s, 5 * NT_SECOND);
	scene_fin(&t, CLIENT);
	f = expect_failure(FINDING_HTTP_BODY_TIMEOUT, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 7, "the client gives up" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, "5 bytes", "5.0 s");
}
END_TEST

START_TEST(client_that_breaks_off_while_data_flows)
{
	const struct trace_finding *f;

	ask(GET);
	answer(halves[_i]);
	scene_rst(&t, CLIENT);
	f = expect_failure(FINDING_CLIENT_ABORTED, "");
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 6, "the client closes" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, "5 bytes");
}
END_TEST

START_TEST(half_a_body_as_long_as_the_capture_lasts)
{
	ask(GET);
	answer(HALF);
	scene_ack(&t, CLIENT);
	go_on_for_a_minute();
	expect_failure(FINDING_HTTP_BODY_TIMEOUT, "");
}
END_TEST

/* ---- redirects ---- */

static void redirect(const char *from, const char *to)
{
	char text[200];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: " NAME "\r\n\r\n", from);
	scene_send(&t, CLIENT, text);
	snprintf(text, sizeof text, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", to);
	scene_send(&t, SERVER, text);
}

START_TEST(redirects_that_go_round_in_circles)
{
	const struct trace_finding *f;

	scene_open(&t);
	for (int i = 0; i < 10; i++) {
		redirect("/a", "http://" NAME "/b");
		redirect("/b", "/a");
	}
	scene_close(&t);
	f = findings_expect_root(&s, FINDING_HTTP_REDIRECT_LOOP);
	FINDINGS_EXPECT_WORDS(f, URL);
	ck_assert_uint_eq(f->packet_count, 2);
	ck_assert_uint_ne(f->request, 0);
}
END_TEST

START_TEST(redirects_without_end)
{
	char from[20], to[20];

	scene_open(&t);
	for (int i = 0; i < 12; i++) {
		snprintf(from, sizeof from, "/%d", i);
		snprintf(to, sizeof to, "/%d", i + 1);
		redirect(from, to);
	}
	scene_close(&t);
	findings_expect_root(&s, FINDING_HTTP_REDIRECT_LOOP);
}
END_TEST

START_TEST(chain_of_redirects_is_normal)
{
	scene_open(&t);
	redirect("/1", "/2");
	redirect("/2", "//" NAME "/3");
	redirect("/3", URL);
	scene_send(&t, CLIENT, GET);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.http_request_count, 4);
	for (size_t i = 1; i < 4; i++)
		ck_assert_uint_eq(request(i)->redirected_from, request(i - 1)->id);
	ck_assert_uint_eq(request(0)->redirected_from, 0);
}
END_TEST

START_TEST(same_redirect_for_many_visits_is_no_circle)
{
	scene_open(&t);
	for (int i = 0; i < 6; i++) {
		redirect("/old", "/a");
		scene_send(&t, CLIENT, GET);
		answer(OK);
	}
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(many_visits_that_were_each_redirected_once_are_no_circle)
{
	char from[20];

	scene_open(&t);
	for (int i = 0; i < 14; i++) {
		snprintf(from, sizeof from, "/%d", i);
		redirect(from, "/login"); /* which another program asks for, or nobody */
	}
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

static const struct {
	const char *from, *location, *to;
} relative[] = {
	{ "/x/1", "2", "/x/2" },
	{ "/x/1?q=/y", "2", "/x/2" },
	{ "/1", "2?a", "/2?a" },
	{ "/x/1", "/2", "/2" },
	{ "/x/1?q", "?r", "/x/1?r" },
	{ "/x/1", "//" NAME "/z", "/z" },
	{ "/x/", "2", "/x/2" },
	{ "/x/1", "http://" NAME "/q", "/q" },
	{ "/x/1", "./2", "/x/2" },
	{ "/x/y/1", "../2", "/x/2" },
	{ "/1", "../../2", "/2" },
	{ "/1", "/2#part", "/2" },
	{ "/1", "HTTP://WWW.example.org:80/2", "/2" },
	{ "/1", "http://" NAME, "/" },
	{ "/1", "http://" NAME "?a", "/?a" },
	{ "/1", "/\xc3\xa9", "/%C3%A9" },
	{ "/1", "/2?token=abc", "/2?token=abc" },
	{ "/x/1", ".", "/x/" },
	{ "/x/y/1", "..", "/x/" },
};

START_TEST(redirect_may_be_relative_in_every_way)
{
	char text[100];

	scene_open(&t);
	redirect(relative[_i].from, relative[_i].location);
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: " NAME "\r\n\r\n", relative[_i].to);
	scene_send(&t, CLIENT, text);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(request(1)->redirected_from, request(0)->id);
}
END_TEST

/* ---- captive portals ---- */

#define LOGIN "<html>Room number?</html>"
#define PAGE(words) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" words
#define TO(url) "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " url "\r\n\r\n"

static const struct {
	const char *host, *target, *answer;
	bool portal;
} checks[] = {
	{ "connectivitycheck.gstatic.com", "/generate_204", TO("http://login.hotel.example/?u=1"), true },
	{ "connectivitycheck.gstatic.com", "/generate_204", PAGE(LOGIN), true },
	{ "connectivitycheck.gstatic.com", "/generate_204", "HTTP/1.1 204 No Content\r\n\r\n", false },
	{ "connectivitycheck.gstatic.com", "/generate_204", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false },
	{ "www.example.org", "/generate_204", TO("https://www.example.org/generate_204"), false },
	{ "www.example.org", "/generate_204", TO("/elsewhere"), false },
	{ "www.google.com", "/gen_204?ei=1", PAGE(LOGIN), true },
	{ "captive.apple.com", "/hotspot-detect.html", TO("//10.0.0.1:8080/login"), true },
	{ "captive.apple.com", "/hotspot-detect.html", PAGE(LOGIN), true },
	{ "captive.apple.com", "/hotspot-detect.html", PAGE("<HTML><BODY>Success</BODY></HTML>"), false },
	{ "www.msftconnecttest.com", "/connecttest.txt", PAGE(LOGIN), true },
	{ "www.msftconnecttest.com", "/connecttest.txt", PAGE("Microsoft Connect Test"), false },
	{ "www.msftncsi.com", "/ncsi.txt", PAGE("Microsoft NCSI"), false },
	{ "detectportal.firefox.com", "/success.txt?ipv4", TO("http://login.hotel.example/"), true },
	{ "detectportal.firefox.com", "/success.txt", PAGE("success\n"), false },
	{ "www.example.org", "/success.txt", PAGE("done\n"), false },
	{ "nmcheck.gnome.org", "/check_network_status.txt", PAGE(LOGIN), true },
	{ "nmcheck.gnome.org", "/check_network_status.txt", PAGE("NetworkManager is online\n"), false },
	{ "www.example.org", "/", TO("http://login.hotel.example/"), false },
	{ "connectivitycheck.gstatic.com", "/generate_204",
	  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\nxyz", false },
	{ "captive.apple.com", "/hotspot-detect.html",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nSuc\r\n4\r\ncess\r\n0\r\n\r\n", false },
};

START_TEST(answer_to_a_connectivity_check)
{
	const struct trace_finding *f;
	char text[200];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", checks[_i].target, checks[_i].host);
	ask(text);
	answer(checks[_i].answer);
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	if (!checks[_i].portal) {
		findings_expect_healthy(&s);
		return;
	}
	f = findings_expect_root(&s, FINDING_CAPTIVE_PORTAL);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, checks[_i].host, SERVER_AT, "captive portal");
	ck_assert_uint_eq(f->request, request(0)->id);
}
END_TEST

START_TEST(check_that_is_answered_well_after_a_login)
{
	ask("GET /generate_204 HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
	answer("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n" LOGIN);
	scene_send(&t, CLIENT, "GET /generate_204 HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
	answer("HTTP/1.1 204 No Content\r\n\r\n");
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_one(&s, FINDING_CAPTIVE_PORTAL);
}
END_TEST

/* ---- challenges ---- */

#define CHALLENGE_401 "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
#define AUTHORIZED "GET /a HTTP/1.1\r\nHost: " NAME "\r\nAuthorization: Basic eDp5\r\n\r\n"

START_TEST(challenge_that_the_client_answers)
{
	const struct trace_finding *f;

	ask(GET);
	answer(CHALLENGE_401);
	scene_send(&t, CLIENT, AUTHORIZED);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_HTTP_4XX, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, "401", "answered the challenge");
}
END_TEST

START_TEST(challenge_whose_answer_leads_to_a_redirect)
{
	ask(GET);
	answer(CHALLENGE_401);
	scene_send(&t, CLIENT, AUTHORIZED);
	answer("HTTP/1.1 302 Found\r\nLocation: /home\r\nContent-Length: 0\r\n\r\n");
	scene_close(&t);
	findings_expect_healthy(&s);
	FINDINGS_EXPECT_WORDS(findings_expect_note(&s, FINDING_HTTP_4XX, FINDING_INFO), "answered the challenge");
}
END_TEST

START_TEST(challenge_that_the_client_answers_wrongly)
{
	const struct trace_finding *f;

	ask(GET);
	answer(CHALLENGE_401);
	scene_send(&t, CLIENT, AUTHORIZED);
	answer(CHALLENGE_401);
	scene_close(&t);
	f = findings_expect_root(&s, FINDING_HTTP_4XX);
	ck_assert_uint_eq(f->request, request(1)->id);
}
END_TEST

/* ---- proxies ---- */

#define CONNECT "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n\r\n"
#define PROXY_GET "GET " URL " HTTP/1.1\r\nHost: " NAME "\r\n\r\n"
#define SQUID_DNS "X-Squid-Error: ERR_DNS_FAIL 0\r\n"
#define SQUID_DENIED "X-Squid-Error: ERR_ACCESS_DENIED 0\r\n"
#define SQUID_CONNECT "X-Squid-Error: ERR_CONNECT_FAIL 111\r\n"

static const struct {
	const char *request;
	unsigned status;
	const char *field;
	enum finding_code code;
} proxies[] = {
	{ CONNECT, 407, "Proxy-Authenticate: Basic realm=x\r\n", FINDING_PROXY_AUTH_REQUIRED },
	{ PROXY_GET, 407, "Proxy-Authenticate: Basic realm=x\r\n", FINDING_PROXY_AUTH_REQUIRED },
	{ CONNECT, 403, "", FINDING_PROXY_FORBIDDEN },
	{ PROXY_GET, 403, SQUID_DENIED, FINDING_PROXY_FORBIDDEN },
	{ PROXY_GET, 403, "", FINDING_HTTP_4XX },
	{ CONNECT, 502, "", FINDING_PROXY_BAD_GATEWAY },
	{ CONNECT, 503, "", FINDING_PROXY_BAD_GATEWAY },
	{ CONNECT, 504, "", FINDING_PROXY_BAD_GATEWAY },
	{ PROXY_GET, 503, SQUID_CONNECT, FINDING_PROXY_BAD_GATEWAY },
	{ PROXY_GET, 503, "", FINDING_HTTP_5XX },
	{ CONNECT, 500, "", FINDING_PROXY_BAD_GATEWAY },
	{ PROXY_GET, 500, "X-Squid-Error: ERR_CANNOT_FORWARD 0\r\n", FINDING_PROXY_BAD_GATEWAY },
	{ CONNECT, 502, "Proxy-Status: p; error=dns_error; rcode=\"NXDOMAIN\"\r\n", FINDING_PROXY_UPSTREAM_DNS_FAILURE },
	{ CONNECT, 502, "Proxy-Status: p; error=connection_refused\r\n", FINDING_PROXY_BAD_GATEWAY },
	{ PROXY_GET, 503, "Proxy-Status: p; error=dns_timeout\r\n", FINDING_PROXY_UPSTREAM_DNS_FAILURE },
	{ PROXY_GET, 503, "Proxy-Status: p; received-status=503\r\n", FINDING_HTTP_5XX },
	{ CONNECT, 503, SQUID_DNS, FINDING_PROXY_UPSTREAM_DNS_FAILURE },
	{ PROXY_GET, 503, SQUID_DNS, FINDING_PROXY_UPSTREAM_DNS_FAILURE },
	{ PROXY_GET, 404, "", FINDING_HTTP_4XX },
	{ PROXY_GET, 500, "", FINDING_HTTP_5XX },
};

static void use_proxy_port(void)
{
	t = scene_tcp(&s, 40000, 3128);
}

static const char *const resolver_words[] = { "[Errno -2] Name or service not known", "dial tcp: lookup a.test: no such host",
					      "The host name could not be resolved." };

START_TEST(proxy_that_says_in_the_body_that_it_could_not_resolve)
{
	char response[200];

	use_proxy_port();
	snprintf(response, sizeof response, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: %zu\r\n\r\n%s", strlen(resolver_words[_i]),
		 resolver_words[_i]);
	exchange_and_close(CONNECT, response);
	findings_expect_root(&s, FINDING_PROXY_UPSTREAM_DNS_FAILURE);
}
END_TEST

START_TEST(proxy_that_refuses)
{
	const struct trace_finding *f;
	char response[200], number[8];

	use_proxy_port();
	snprintf(response, sizeof response, "HTTP/1.1 %u No\r\n%sContent-Length: 2\r\n\r\nno", proxies[_i].status,
		 proxies[_i].field);
	snprintf(number, sizeof number, "%u", proxies[_i].status);
	exchange_and_close(proxies[_i].request, response);
	f = findings_expect_root(&s, proxies[_i].code);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { RESPONSE_FRAME, "response" });
	FINDINGS_EXPECT_WORDS(f, NAME, "10.0.0.2:3128", "proxy", number);
	ck_assert_uint_eq(f->request, request(0)->id);
}
END_TEST

START_TEST(proxy_that_never_answers_connect)
{
	const struct trace_finding *f;

	use_proxy_port();
	ask(CONNECT);
	scene_ack(&t, SERVER);
	scene_wait(&s, 8 * NT_SECOND);
	scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_PROXY_TIMEOUT);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 6, "the client gives up" });
	FINDINGS_EXPECT_WORDS(f, "CONNECT " NAME ":443", "10.0.0.2:3128", "8.0 s");
}
END_TEST

START_TEST(proxy_s_challenge_that_the_client_answers)
{
	const struct trace_finding *f;

	use_proxy_port();
	ask(CONNECT);
	answer("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\nProxy-Authorization: Basic eDp5\r\n\r\n");
	answer("HTTP/1.1 200 OK\r\n\r\n");
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3");
	scene_close(&t);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_PROXY_AUTH_CHALLENGE, FINDING_INFO);
	FINDINGS_EXPECT_WORDS(f, "407", "10.0.0.2:3128");
}
END_TEST

START_TEST(refusal_by_a_server_behind_a_proxy_is_not_the_proxy_s)
{
	use_proxy_port();
	ask(CONNECT);
	answer("HTTP/1.1 200 Connection established\r\n\r\n");
	scene_send(&t, CLIENT, GET);
	answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	scene_close(&t);
	FINDINGS_EXPECT_WORDS(findings_expect_root(&s, FINDING_HTTP_4XX), "by the server behind the proxy 10.0.0.2:3128.");
}
END_TEST

START_TEST(long_url_is_said_to_be_cut)
{
	char get[400];

	snprintf(get, sizeof get, "GET /%0300d HTTP/1.1\r\nHost: " NAME "\r\n\r\n", 0);
	exchange_and_close(get, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	FINDINGS_EXPECT_WORDS(findings_expect_root(&s, FINDING_HTTP_4XX), "0000… was answered 404");
}
END_TEST

START_TEST(tunnel_through_a_proxy_may_end_in_any_way)
{
	use_proxy_port();
	ask(CONNECT);
	answer("HTTP/1.1 200 Connection established\r\n\r\n");
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3");
	if (_i == 0)
		scene_close(&t);
	else if (_i < 3)
		scene_rst(&t, _i == 1 ? CLIENT : SERVER);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(failure_after_very_many_answered_challenges_is_told)
{
	const struct trace_finding *f;

	scene_open(&t);
	for (int i = 0; i < 3 * LIMIT_FINDINGS; i++) {
		scene_send(&t, CLIENT, GET);
		answer(CHALLENGE_401);
		scene_send(&t, CLIENT, AUTHORIZED);
		answer(OK);
	}
	scene_send(&t, CLIENT, "GET /missing HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	f = findings_expect_root(&s, FINDING_HTTP_4XX);
	FINDINGS_EXPECT_WORDS(f, "/missing", "404");
	ck_assert_uint_eq(s.got.finding_count, LIMIT_FINDINGS + 1);
}
END_TEST

/* ---- what is no failure ---- */

enum ending {
	NONE,
	CLIENT_CLOSES,
	SERVER_CLOSES,
	CLIENT_RESETS,
	SERVER_RESETS,
	FIN_AND_RST,
	RACE,
	IDLE_SERVER,
	IDLE_CLIENT,
	ENDINGS
};

static void end_in_a_normal_way(enum ending how)
{
	if (how == IDLE_SERVER || how == IDLE_CLIENT)
		scene_wait(&s, 60 * NT_SECOND);
	switch (how) {
	case NONE:
		return;
	case CLIENT_CLOSES:
	case IDLE_CLIENT:
		scene_close(&t);
		return;
	case SERVER_CLOSES:
	case IDLE_SERVER:
		scene_fin(&t, SERVER);
		scene_fin(&t, CLIENT);
		return;
	case CLIENT_RESETS:
	case SERVER_RESETS:
		scene_rst(&t, how == CLIENT_RESETS ? CLIENT : SERVER);
		return;
	case FIN_AND_RST:
		scene_fin(&t, SERVER);
		scene_rst(&t, CLIENT);
		return;
	default:
		scene_fin(&t, CLIENT);
		scene_rst(&t, SERVER);
		scene_rst(&t, CLIENT);
	}
}

START_TEST(end_after_a_complete_exchange_is_normal)
{
	ask(GET);
	answer(OK);
	scene_send(&t, CLIENT, GET);
	answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	end_in_a_normal_way((enum ending)_i);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

static const struct {
	const char *request, *response;
} exchanges[] = {
	{ GET, "HTTP/1.1 100 Continue\r\n\r\n" OK },
	{ GET, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK },
	{ "HEAD /a HTTP/1.1\r\nHost: " NAME "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" },
	{ GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n" },
	{ GET, "HTTP/1.1 204 No Content\r\n\r\n" },
	{ GET, "HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" },
	{ GET, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/100\r\nContent-Length: 5\r\n\r\nhello" },
	{ "POST /a HTTP/1.1\r\nHost: " NAME "\r\nContent-Length: 2\r\n\r\nhi",
	  "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" },
	{ "OPTIONS * HTTP/1.1\r\nHost: " NAME "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
};

START_TEST(exchange_that_is_complete_is_healthy)
{
	exchange_and_close(exchanges[_i].request, exchanges[_i].response);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

START_TEST(body_until_close_ends_with_the_connection)
{
	ask(GET);
	answer("HTTP/1.0 200 OK\r\n\r\nhello");
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(client_that_closes_its_half_still_gets_its_answer)
{
	ask(GET);
	scene_fin(&t, CLIENT);
	answer(OK);
	scene_fin(&t, SERVER);
	scene_ack(&t, CLIENT);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(requests_that_were_sent_ahead_are_all_answered)
{
	ask(GET GET GET);
	answer(OK OK);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.http_request_count, 3);
}
END_TEST

START_TEST(web_socket_may_end_in_any_way)
{
	ask("GET /a HTTP/1.1\r\nHost: " NAME "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	scene_send(&t, CLIENT, "\x81\x83xxxx123");
	scene_send(&t, SERVER,
		   "\x81\x03"
		   "123");
	if (_i == 0)
		scene_close(&t);
	else if (_i < 3)
		scene_rst(&t, _i == 1 ? CLIENT : SERVER);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(long_body_is_healthy)
{
	static char piece[1400];

	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 280000\r\n\r\n");
	for (int i = 0; i < 200; i++) {
		scene_send_bytes(&t, SERVER, piece, sizeof piece);
		scene_ack(&t, CLIENT);
	}
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

START_TEST(retransmissions_that_recover_are_no_failure)
{
	ask(GET);
	scene_wait(&s, 200 * NT_MILLISECOND);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .data = BYTES(GET) });
	scene_wait(&s, 400 * NT_MILLISECOND);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .data = BYTES(GET) });
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_note(&s, FINDING_TCP_RETRANSMISSIONS, FINDING_INFO);
}
END_TEST

START_TEST(segments_that_overtake_each_other_are_no_failure)
{
	ask(GET);
	s.put_aside = true;
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	answer("hello");
	scene_late_frame(&s);
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(capture_that_ends_in_a_young_exchange)
{
	ask(GET);
	if (_i == 1)
		scene_ack(&t, SERVER);
	if (_i == 2)
		answer(HALF);
	if (_i == 3)
		answer("HTTP/1.1 200 OK\r\nContent-Le");
	scene_wait(&s, 5 * NT_SECOND);
	scene_lookup(&s, 50000, "other.example.org", "192.0.2.1");
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(request_of_which_nobody_took_notice_is_the_capture_s_fault)
{
	ask(GET);
	scene_wait(&s, 120 * NT_SECOND);
	scene_lookup(&s, 50000, "other.example.org", "192.0.2.1");
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(body_of_which_nobody_took_notice_is_the_capture_s_fault)
{
	ask(GET);
	answer(HALF);
	go_on_for_a_minute();
	findings_expect_no_error(&s);
}
END_TEST

/* Of another connection, whose bytes were acknowledged and not captured. */
START_TEST(silence_in_a_capture_that_lost_much_proves_nothing)
{
	struct scene_tcp other = scene_tcp(&s, 40001, 80);

	scene_open(&other);
	scene_send(&other, CLIENT, GET);
	s.lose = true;
	scene_send(&other, SERVER, OK);
	scene_ack(&other, CLIENT);
	scene_close(&other);
	ask(GET);
	if (_i == 0)
		answer(HALF);
	scene_ack(&t, _i == 0 ? CLIENT : SERVER);
	go_on_for_a_minute();
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(server_that_pushes_while_the_client_waits_has_not_timed_out)
{
	ask(GET);
	answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		scene_wait(&s, 15 * NT_SECOND);
		answer("5\r\nhello\r\n");
	}
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(answer_that_the_capture_has_lost_proves_nothing)
{
	ask(GET);
	s.lose = true;
	answer(OK);
	scene_send(&t, CLIENT, GET); /* acknowledges it */
	answer(OK);
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(end_of_an_answer_that_the_capture_has_lost_proves_nothing)
{
	ask(GET);
	answer(HALF);
	s.lose = true;
	answer("the other ninety-five bytes: 0123456789012345678901234567890123456789012345678901234567890123456");
	scene_ack(&t, CLIENT);
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(hole_in_the_answer_is_not_taken_for_silence)
{
	ask(GET);
	s.lose = true;
	answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	answer("hellohello");
	scene_wait(&s, 60 * NT_SECOND);
	scene_lookup(&s, 50000, "other.example.org", "192.0.2.1");
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(capture_of_one_direction_proves_nothing)
{
	enum scene_side side = _i ? SERVER : CLIENT;

	s.lose = side == SERVER;
	scene_syn(&t);
	s.lose = side == CLIENT;
	scene_syn_ack(&t);
	s.lose = side == SERVER;
	scene_ack(&t, CLIENT);
	s.lose = side == SERVER;
	scene_send(&t, CLIENT, GET);
	s.lose = side == CLIENT;
	answer(OK);
	s.lose = side == SERVER;
	scene_send(&t, CLIENT, GET);
	s.lose = side == CLIENT;
	answer(OK);
	scene_wait(&s, 60 * NT_SECOND);
	if (side == CLIENT)
		scene_fin(&t, CLIENT);
	else
		scene_fin(&t, SERVER);
	findings_expect_no_error(&s);
	findings_expect_one(&s, FINDING_CAPTURE_ONE_DIRECTION_ONLY);
	for (size_t i = 0; i < s.got.http_request_count; i++)
		ck_assert_uint_eq(request(i)->error.size, 0);
}
END_TEST

START_TEST(capture_that_begins_in_the_middle_proves_nothing)
{
	t.next[SERVER] += 9000;
	t.received[CLIENT] = t.next[SERVER];
	answer("the rest of some body that began before");
	scene_ack(&t, CLIENT);
	scene_send(&t, CLIENT, GET);
	answer(OK);
	scene_rst(&t, SERVER);
	findings_expect_healthy(&s);
	findings_expect_one(&s, FINDING_CAPTURE_STARTED_MID_CONNECTION);
}
END_TEST

START_TEST(answer_whose_beginning_is_not_captured_is_no_silence)
{
	scene_send(&t, CLIENT, GET);
	answer("the end of some answer that nobody can read");
	for (uint16_t i = 0; i < 4; i++) {
		scene_wait(&s, 15 * NT_SECOND);
		scene_lookup(&s, (uint16_t)(50000 + i), "other.example.org", "192.0.2.1");
	}
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(packets_cut_by_the_snaplen_prove_nothing)
{
	s.snaplen = (uint32_t[]){ 54, 60, 72, 96 }[_i];
	exchange_and_close(GET,
			   _i == 3 ? HALF
				   "and ninety-five more bytes: 0123456789012345678901234567890123456789012345678901234567890123456"
				   : OK);
	findings_expect_no_error(&s);
}
END_TEST

/* Without the SYN-ACK the first ACK tells where the server's stream begins. */
START_TEST(answer_lost_with_the_beginning_of_the_stream_proves_nothing)
{
	scene_syn(&t);
	s.lose = true;
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	scene_send(&t, CLIENT, GET);
	s.lose = true;
	answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	if (_i)
		answer("again");
	scene_ack(&t, CLIENT);
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(request_that_met_a_closing_connection_and_was_repeated)
{
	ask(GET);
	answer(OK);
	scene_wait(&s, 5 * NT_SECOND);
	if (_i) {
		scene_send(&t, CLIENT, GET);
		scene_rst(&t, SERVER);
	} else {
		scene_fin(&t, SERVER);
		scene_send(&t, CLIENT, GET);
		scene_rst(&t, SERVER);
	}
	t = scene_tcp(&s, 40001, 80);
	ask(GET);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	FINDINGS_EXPECT_WORDS(findings_expect_one(&s, _i ? FINDING_TCP_RESET_BEFORE_RESPONSE : FINDING_HTTP_EMPTY_REPLY),
			      "GET " URL, "sent it again");
	ck_assert_uint_eq(s.got.http_request_count, 3);
	ck_assert_uint_eq(request(2)->retry_of, request(1)->id);
}
END_TEST

START_TEST(timeout_that_a_repetition_made_good_is_a_warning)
{
	ask(GET);
	scene_ack(&t, SERVER);
	scene_wait(&s, 5 * NT_SECOND);
	scene_fin(&t, CLIENT);
	t = scene_tcp(&s, 40001, 80);
	ask(GET);
	answer(OK);
	scene_close(&t);
	findings_expect_note(&s, FINDING_HTTP_TIMEOUT, FINDING_WARNING);
	ck_assert_uint_eq(request(1)->retry_of, request(0)->id);
}
END_TEST

START_TEST(half_an_answer_that_a_repetition_made_good_is_a_note)
{
	ask(GET);
	answer(HALF);
	if (_i)
		scene_rst(&t, SERVER);
	else
		scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	t = scene_tcp(&s, 40001, 80);
	ask(GET);
	answer("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nagain");
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_one(&s, _i ? FINDING_TCP_RESET_MID_TRANSFER : FINDING_HTTP_TRUNCATED_BODY);
	ck_assert_uint_eq(request(1)->retry_of, request(0)->id);
}
END_TEST

START_TEST(same_request_on_two_connections_at_once_is_no_repetition)
{
	struct scene_tcp other = scene_tcp(&s, 40001, 80);

	ask(GET);
	scene_open(&other);
	scene_send(&other, CLIENT, GET);
	scene_send(&other, SERVER, OK);
	answer(OK);
	scene_close(&t);
	scene_close(&other);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(request(1)->retry_of, 0);
}
END_TEST

START_TEST(repetition_that_fails_too_leaves_two_failures)
{
	ask(GET);
	scene_rst(&t, SERVER);
	t = scene_tcp(&s, 40001, 80);
	ask(GET);
	scene_rst(&t, SERVER);
	scene_end(&s);
	ck_assert_uint_eq(s.got.finding_count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(s.got.findings[i].root_cause);
		ck_assert_int_eq(s.got.findings[i].code, FINDING_TCP_RESET_BEFORE_RESPONSE);
		ck_assert_uint_eq(s.got.findings[i].request, request(i)->id);
	}
	ck_assert_uint_eq(request(1)->retry_of, request(0)->id);
}
END_TEST

START_TEST(same_request_long_after_a_failure_makes_nothing_good)
{
	ask(GET);
	scene_rst(&t, SERVER);
	scene_wait(&s, 20 * NT_SECOND);
	t = scene_tcp(&s, 40001, 80);
	ask(GET);
	answer(OK);
	scene_close(&t);
	findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
}
END_TEST

/* ---- slow ---- */

START_TEST(slow_response)
{
	const struct trace_finding *f;

	ask(GET);
	scene_ack(&t, SERVER);
	scene_wait(&s, 4 * NT_SECOND);
	answer(OK);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_HTTP_SLOW_RESPONSE, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { REQUEST_FRAME, "request" }, { 6, "response" });
	FINDINGS_EXPECT_WORDS(f, "GET " URL, "4.0 s");
}
END_TEST

START_TEST(slow_body)
{
	const struct trace_finding *f;

	ask(GET);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
	scene_wait(&s, 12 * NT_SECOND);
	answer("llo");
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_HTTP_SLOW_BODY, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { RESPONSE_FRAME, "response" }, { 6, "end of the body" });
	FINDINGS_EXPECT_WORDS(f, "GET " URL, "5 bytes", "12 s");
}
END_TEST

START_TEST(response_after_a_second_is_not_slow)
{
	ask(GET);
	scene_wait(&s, NT_SECOND);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

/* ---- where the time went ---- */

static void check_sum(const struct trace_http_timing *timing)
{
	ck_assert_int_eq(timing->total, timing->dns + timing->connect + timing->tls + timing->idle + timing->request +
						timing->server + timing->transfer + timing->stalled);
}

START_TEST(time_of_a_first_request_begins_with_its_lookup)
{
	const struct trace_http_timing *timing;

	scene_lookup(&s, 50000, NAME, "10.0.0.2");
	scene_wait(&s, 7 * NT_MILLISECOND);
	scene_open(&t);
	scene_wait(&s, 3 * NT_MILLISECOND);
	scene_send(&t, CLIENT, "GET /a HTTP/1.1\r\n");
	scene_send(&t, CLIENT, "Host: " NAME "\r\n\r\n");
	scene_wait(&s, 20 * NT_MILLISECOND);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	scene_wait(&s, 40 * NT_MILLISECOND);
	answer("hello");
	scene_close(&t);
	findings_expect_healthy(&s);
	timing = &request(0)->timing;
	ck_assert_int_eq(timing->dns, 2000 + 7000);
	ck_assert_int_eq(timing->connect, 2000);
	ck_assert_int_eq(timing->tls, 0);
	ck_assert_int_eq(timing->idle, 1000 + 3000);
	ck_assert_int_eq(timing->request, 1000);
	ck_assert_int_eq(timing->server, 1000 + 20000);
	ck_assert_int_eq(timing->transfer, 1000 + 40000);
	ck_assert_int_eq(timing->stalled, 0);
	check_sum(timing);
	ck_assert_int_eq(timing->total, (request(0)->resp_end - s.got.dials[0].begin) / NT_MICROSECOND);
}
END_TEST

START_TEST(time_of_a_later_request_begins_with_itself)
{
	const struct trace_http_timing *timing;

	ask(GET);
	answer(OK);
	scene_wait(&s, 5 * NT_SECOND);
	scene_send(&t, CLIENT, GET);
	scene_wait(&s, 20 * NT_MILLISECOND);
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	timing = &request(1)->timing;
	ck_assert_int_eq(timing->dns, 0);
	ck_assert_int_eq(timing->connect, 0);
	ck_assert_int_eq(timing->idle, 0);
	ck_assert_int_eq(timing->server, 21000);
	ck_assert_int_eq(timing->total, 21000);
	check_sum(timing);
}
END_TEST

START_TEST(time_that_a_lost_segment_cost_is_stalled)
{
	const struct trace_http_timing *timing;

	ask(GET);
	scene_wait(&s, 300 * NT_MILLISECOND - s.step);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .data = BYTES(GET) });
	answer(OK);
	scene_close(&t);
	findings_expect_healthy(&s);
	timing = &request(0)->timing;
	ck_assert_int_eq(timing->stalled, 300000);
	ck_assert_int_eq(timing->server, 1000);
	check_sum(timing);
}
END_TEST

START_TEST(time_of_a_request_without_an_answer_is_not_known)
{
	ask(GET);
	scene_rst(&t, SERVER);
	findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
	ck_assert_int_eq(request(0)->timing.total, -1);
	ck_assert_int_eq(request(0)->timing.connect, 2000); /* but that of the set-up is */
	ck_assert_int_eq(request(0)->timing.idle, 1000);
}
END_TEST

static TCase *failures(void)
{
	TCase *tc = tcase_create("failures");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, status_that_refuses, 0, (int)(sizeof statuses / sizeof *statuses));
	tcase_add_test(tc, refusal_and_the_close_after_it_are_one_finding);
	tcase_add_test(tc, plain_http_to_a_port_that_wants_tls);
	tcase_add_test(tc, plain_http_answered_by_a_tls_alert);
	tcase_add_loop_test(tc, client_that_waits_in_vain, 0, 2);
	tcase_add_test(tc, server_that_is_silent_as_long_as_the_capture_lasts);
	tcase_add_test(tc, half_a_body_as_long_as_the_capture_lasts);
	tcase_add_test(tc, server_that_closes_without_an_answer);
	tcase_add_test(tc, server_that_resets_without_an_answer);
	tcase_add_test(tc, reset_that_says_why_is_no_answer);
	tcase_add_test(tc, client_that_leaves_at_once);
	tcase_add_test(tc, answer_that_is_no_http);
	tcase_add_loop_test(tc, answer_that_is_malformed, 0, 2 * MALFORMED);
	tcase_add_test(tc, head_that_stops_coming);
	tcase_add_loop_test(tc, body_that_the_server_ends_too_soon, 0, HALVES);
	tcase_add_loop_test(tc, body_that_a_reset_ends, 0, HALVES);
	tcase_add_loop_test(tc, body_that_stops_coming, 0, HALVES);
	tcase_add_loop_test(tc, client_that_breaks_off_while_data_flows, 0, HALVES);
	tcase_add_test(tc, redirects_that_go_round_in_circles);
	tcase_add_test(tc, redirects_without_end);
	tcase_add_test(tc, challenge_that_the_client_answers_wrongly);
	tcase_add_loop_test(tc, proxy_that_refuses, 0, (int)(sizeof proxies / sizeof *proxies));
	tcase_add_loop_test(tc, proxy_that_says_in_the_body_that_it_could_not_resolve, 0, 3);
	tcase_add_loop_test(tc, answer_to_a_connectivity_check, 0, (int)(sizeof checks / sizeof *checks));
	tcase_add_test(tc, check_that_is_answered_well_after_a_login);
	tcase_add_test(tc, proxy_that_never_answers_connect);
	tcase_add_test(tc, refusal_by_a_server_behind_a_proxy_is_not_the_proxy_s);
	tcase_add_test(tc, long_url_is_said_to_be_cut);
	return tc;
}

static TCase *no_failures(void)
{
	TCase *tc = tcase_create("what is no failure");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, chain_of_redirects_is_normal);
	tcase_add_test(tc, same_redirect_for_many_visits_is_no_circle);
	tcase_add_test(tc, many_visits_that_were_each_redirected_once_are_no_circle);
	tcase_add_loop_test(tc, redirect_may_be_relative_in_every_way, 0, sizeof relative / sizeof *relative);
	tcase_add_test(tc, challenge_that_the_client_answers);
	tcase_add_test(tc, challenge_whose_answer_leads_to_a_redirect);
	tcase_add_test(tc, failure_after_very_many_answered_challenges_is_told);
	tcase_add_test(tc, proxy_s_challenge_that_the_client_answers);
	tcase_add_loop_test(tc, tunnel_through_a_proxy_may_end_in_any_way, 0, 4);
	tcase_add_loop_test(tc, end_after_a_complete_exchange_is_normal, 0, ENDINGS);
	tcase_add_loop_test(tc, exchange_that_is_complete_is_healthy, 0, (int)(sizeof exchanges / sizeof *exchanges));
	tcase_add_test(tc, body_until_close_ends_with_the_connection);
	tcase_add_test(tc, client_that_closes_its_half_still_gets_its_answer);
	tcase_add_test(tc, requests_that_were_sent_ahead_are_all_answered);
	tcase_add_loop_test(tc, web_socket_may_end_in_any_way, 0, 4);
	tcase_add_test(tc, long_body_is_healthy);
	tcase_add_test(tc, retransmissions_that_recover_are_no_failure);
	tcase_add_test(tc, segments_that_overtake_each_other_are_no_failure);
	tcase_add_loop_test(tc, capture_that_ends_in_a_young_exchange, 0, 4);
	tcase_add_test(tc, request_of_which_nobody_took_notice_is_the_capture_s_fault);
	tcase_add_test(tc, body_of_which_nobody_took_notice_is_the_capture_s_fault);
	tcase_add_loop_test(tc, silence_in_a_capture_that_lost_much_proves_nothing, 0, 2);
	tcase_add_test(tc, server_that_pushes_while_the_client_waits_has_not_timed_out);
	tcase_add_test(tc, answer_that_the_capture_has_lost_proves_nothing);
	tcase_add_test(tc, end_of_an_answer_that_the_capture_has_lost_proves_nothing);
	tcase_add_test(tc, hole_in_the_answer_is_not_taken_for_silence);
	tcase_add_loop_test(tc, capture_of_one_direction_proves_nothing, 0, 2);
	tcase_add_test(tc, capture_that_begins_in_the_middle_proves_nothing);
	tcase_add_test(tc, answer_whose_beginning_is_not_captured_is_no_silence);
	tcase_add_loop_test(tc, packets_cut_by_the_snaplen_prove_nothing, 0, 4);
	tcase_add_test(tc, line_without_a_colon_that_the_client_did_not_mind);
	tcase_add_test(tc, line_without_a_colon_after_which_the_client_read_on);
	tcase_add_loop_test(tc, answer_lost_with_the_beginning_of_the_stream_proves_nothing, 0, 2);
	tcase_add_loop_test(tc, request_that_met_a_closing_connection_and_was_repeated, 0, 2);
	tcase_add_loop_test(tc, half_an_answer_that_a_repetition_made_good_is_a_note, 0, 2);
	tcase_add_test(tc, timeout_that_a_repetition_made_good_is_a_warning);
	tcase_add_test(tc, same_request_on_two_connections_at_once_is_no_repetition);
	tcase_add_test(tc, repetition_that_fails_too_leaves_two_failures);
	tcase_add_test(tc, same_request_long_after_a_failure_makes_nothing_good);
	return tc;
}

static TCase *durations(void)
{
	TCase *tc = tcase_create("time");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, slow_response);
	tcase_add_test(tc, slow_body);
	tcase_add_test(tc, response_after_a_second_is_not_slow);
	tcase_add_test(tc, time_of_a_first_request_begins_with_its_lookup);
	tcase_add_test(tc, time_of_a_later_request_begins_with_itself);
	tcase_add_test(tc, time_that_a_lost_segment_cost_is_stalled);
	tcase_add_test(tc, time_of_a_request_without_an_answer_is_not_known);
	return tc;
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about HTTP");

	suite_add_tcase(suite, failures());
	suite_add_tcase(suite, no_failures());
	suite_add_tcase(suite, durations());
	return suite;
}
