#include "cli/output.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an entry with steps at given times ---- */

#define BEGIN (INT64_C(1767323045) * NT_SECOND)
#define AT_MS(ms) (BEGIN + (ms)*NT_MILLISECOND)

static struct trace_list list;
static struct trace_tcp_conn conn;
static struct trace_http_request requests[8];
static struct correlate_stats stats;
static struct limit_hits hits;
static struct output output;
static char *printed;

static struct address_tuple tuple(void)
{
	struct address_tuple out = { .ip_version = 4, .source_port = 40000, .destination_port = 443 };

	memcpy(out.source.bytes, "\x0a\0\0\x02", 4);
	memcpy(out.destination.bytes, "\x0a\0\0\x09", 4);
	return out;
}

/* A connection that was open already, so that the axis is that of its requests. */
static void begin_trace(void)
{
	const struct trace_tcp_side side = { .window_scale = -1, .fin = NT_TIME_NONE, .rst = NT_TIME_NONE };

	conn = (struct trace_tcp_conn){
		.id = 1,
		.handshake_begin = NT_TIME_NONE,
		.handshake_end = NT_TIME_NONE,
		.connected = true,
		.reused = true,
		.close = AT_MS(1000),
		.close_reason = TRACE_CLOSE_FIN,
		.tuple = tuple(),
		.client = side,
		.server = side,
		.rtt_us = -1,
		.handshake_us = -1,
		.last = AT_MS(1000),
	};
	list = (struct trace_list){ .tcp_conns = &conn, .tcp_conn_count = 1, .http_requests = requests };
	stats = (struct correlate_stats){ 0 };
	hits = (struct limit_hits){ { 0 } };
	output = (struct output){
		.description = "x", .begin = BEGIN, .end = AT_MS(1000), .list = &list, .stats = &stats, .hits = &hits
	};
}

static void end_trace(void)
{
	free(printed);
	printed = NULL;
}

/* The next request of the connection. */
static struct trace_http_request *add_request(int64_t from_ms, int64_t to_ms)
{
	struct trace_http_request *request = &requests[list.http_request_count++];

	*request = (struct trace_http_request){
		.id = (trace_id)(10 + list.http_request_count),
		.tcp_conn = 1,
		.req_sent = AT_MS(from_ms),
		.req_end = AT_MS(from_ms),
		.resp_begin = AT_MS(to_ms),
		.resp_recv = AT_MS(to_ms),
		.resp_end = AT_MS(to_ms),
		.method = BYTES("GET"),
		.url = BYTES("http://a.test/"),
		.status = 200,
		.req_complete = true,
		.resp_complete = true,
		.timing = { .total = -1 },
		.req_packet = { .number = list.http_request_count },
	};
	return request;
}

static const char *print(void)
{
	size_t size;
	FILE *file;

	free(printed);
	file = open_memstream(&printed, &size);
	ck_assert(output_report(file, &output));
	fclose(file);
	return printed;
}

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is missing in:\n%.3000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' should not be in:\n%.3000s", part, text);
}

/* ---- bars ---- */

struct bar_case {
	int64_t from, to; /* of an axis of 240 ms, so that a column is 10 ms */
	const char *bar;
};

static const struct bar_case bars[] = {
	{ 0, 240, "HTTP  ========================  GET" },   { 0, 120, "HTTP  ============............  GET" },
	{ 120, 240, "HTTP  ............============  GET" }, { 50, 60, "HTTP  .....=..................  GET" },
	{ 50, 51, "HTTP  .....=..................  GET" },   { 0, 0, "HTTP  =.......................  GET" },
	{ 240, 240, "HTTP  .......................=  GET" },
};

START_TEST(bar_places_a_step_on_the_axis_of_its_entry)
{
	add_request(0, 240);
	add_request(bars[_i].from, bars[_i].to);
	assert_has(strstr(print(), "[#1]\n"), bars[_i].bar);
	assert_has(printed, "10.0.0.9:443   240 ms\n");
}
END_TEST

START_TEST(step_of_unknown_time_has_an_empty_bar)
{
	add_request(0, 240);
	assert_has(print(), "  TCP   ........................  :40000 -> 10.0.0.9:443   open before");
}
END_TEST

START_TEST(entry_without_any_time_has_empty_bars)
{
	struct trace_http_request *request = add_request(0, 240);

	request->req_sent = request->req_end = request->resp_begin = request->resp_recv = request->resp_end = NT_TIME_NONE;
	assert_has(print(), "  HTTP  ........................  GET");
}
END_TEST

START_TEST(failed_step_is_marked)
{
	add_request(0, 120);
	add_request(120, 240)->status = 503;
	assert_has(print(), "  HTTP  ============............  GET");
	assert_has(printed, "  HTTP  ............xxxxxxxxxxxx  GET");
	output.colour = true;
	assert_has(print(), "  HTTP  ............\033[31mxxxxxxxxxxxx\033[0m  GET");
}
END_TEST

START_TEST(request_without_an_answer_lasts_as_long_as_its_connection)
{
	struct trace_http_request *request;

	add_request(0, 500);
	request = add_request(500, 500);
	request->status = 0;
	request->resp_begin = request->resp_recv = request->resp_end = NT_TIME_NONE;
	assert_has(print(), "  HTTP  ............xxxxxxxxxxxx  GET");
}
END_TEST

START_TEST(block_characters_come_only_when_asked_for)
{
	add_request(0, 120);
	add_request(120, 240);
	assert_lacks(print(), "█");
	output.blocks = true;
	assert_has(print(), "  HTTP  ████████████············  GET");
}
END_TEST

START_TEST(connection_that_is_not_understood_is_busy_until_its_last_packet)
{
	conn.reused = false;
	conn.handshake_begin = BEGIN;
	conn.handshake_end = AT_MS(1);
	assert_has(print(), "  TCP   ========================  ");
	add_request(240, 480);
	assert_has(print(), "  TCP   =.......................  ");
}
END_TEST

/* ---- DNS of a dial ---- */

static const struct trace_dns_question questions[] = { { BYTES("a.test."), 28, 1 } };
static struct trace_dns_message messages[2];
static struct trace_dns_query query;
static struct trace_dial dial;

/* The name has no AAAA. */
static void use_dial(struct bytes error)
{
	for (size_t i = 0; i < 2; i++)
		messages[i] = (struct trace_dns_message){
			.is_reply = i == 1, .time = AT_MS(i), .questions = questions, .question_count = 1, .latency_us = -1
		};
	query = (struct trace_dns_query){ .id = 3, .from_dial = 2, .messages = messages, .message_count = 2 };
	dial = (struct trace_dial){ .id = 2, .begin = BEGIN, .end = AT_MS(1), .host = BYTES("a.test"), .error = error };
	list = (struct trace_list){ .dials = &dial, .dial_count = 1, .dns_queries = &query, .dns_query_count = 1 };
}

START_TEST(missing_address_type_is_a_failure_only_if_the_dial_failed)
{
	output.colour = true;
	use_dial((struct bytes){ 0 });
	assert_has(print(), "  DNS   ========================  AAAA a.test   no data\n");
	use_dial(BYTES("lookup a.test: no such host"));
	assert_has(print(), "xxx\033[0m  AAAA a.test   \033[31mno data\033[0m\n");
}
END_TEST

/* One socket for all look-ups, as old resolvers have it: each dial shows its own, what is of none has a title of its own. */
START_TEST(look_ups_on_one_socket_go_to_their_dials)
{
	static const struct trace_dns_question asked[] = { { BYTES("a.test."), 1, 1 },
							   { BYTES("b.test."), 1, 1 },
							   { BYTES("c.test."), 1, 1 } };
	static const struct trace_resolver_dial resolver = { .established_conn = 9 };
	struct trace_dns_message six[6];
	struct trace_udp_conn udp = {
		.id = 9, .from_dial = 1, .from_resolver = true, .tuple = { .ip_version = 4, .destination_port = 53 }
	};
	struct trace_dial two[2];
	const char *of_a, *of_b, *of_c, *title_b, *title_c;

	for (size_t i = 0; i < 6; i++)
		six[i] = (struct trace_dns_message){ .is_reply = i % 2 == 1,
						     .time = AT_MS(10 * i),
						     .questions = &asked[i / 2],
						     .question_count = 1,
						     .latency_us = -1,
						     .rcode = i % 2 ? 3 : 0 };
	query = (struct trace_dns_query){ .id = 3, .connection = 9, .from_dial = 1, .messages = six, .message_count = 6 };
	for (size_t i = 0; i < 2; i++)
		two[i] = (struct trace_dial){ .id = (trace_id)(i + 1),
					      .begin = AT_MS(20 * i),
					      .end = AT_MS(20 * i + 10),
					      .host = i ? BYTES("b.test") : BYTES("a.test"),
					      .error = BYTES("no such host"),
					      .resolver_dials = &resolver,
					      .resolver_dial_count = 1 };
	list = (struct trace_list){
		.dials = two, .dial_count = 2, .dns_queries = &query, .dns_query_count = 1, .udp_conns = &udp, .udp_conn_count = 1
	};
	of_a = strstr(print(), "A a.test");
	of_b = strstr(printed, "A b.test");
	of_c = strstr(printed, "A c.test");
	title_b = strstr(printed, "b.test   failed");
	title_c = strstr(printed, "0.0.0.0 -> 0.0.0.0:53");
	ck_assert_msg(of_a && of_b && of_c && title_b && title_c, "%s", printed);
	ck_assert_msg((of_a < title_b) + (title_b < of_b) + (title_c < of_c) == 3, "%s", printed);
	ck_assert_ptr_null(strstr(of_a + 1, "A a.test"));
	ck_assert_ptr_null(strstr(of_b + 1, "A b.test"));
}
END_TEST

START_TEST(server_that_failed_is_a_failure_even_if_another_helped)
{
	use_dial((struct bytes){ 0 });
	messages[1].rcode = 2;
	assert_has(print(), "  DNS   xxxxxxxxxxxxxxxxxxxxxxxx  AAAA a.test   SERVFAIL\n");
}
END_TEST

/* ---- where the time went ---- */

static struct trace_http_timing timing(void)
{
	return (struct trace_http_timing){ .total = 100000,
					   .dns = 20000,
					   .connect = 10000,
					   .tls = 0,
					   .idle = 1999,
					   .request = 1,
					   .server = 60000,
					   .transfer = 8000 };
}

START_TEST(parts_that_explain_the_time_are_listed)
{
	add_request(0, 68)->timing = timing();
	assert_has(print(), "done after 68 ms  [#1]\n"
			    "  time                            100 ms: dns 20 ms, connect 10 ms, server 60 ms, transfer 8.0 ms\n");
}
END_TEST

START_TEST(verbose_lists_all_parts_of_the_time)
{
	output.verbose = true;
	add_request(0, 68)->timing = timing();
	assert_has(print(),
		   "100 ms: dns 20 ms, connect 10 ms, tls 0.00 ms, idle 2.0 ms, request 0.00 ms, server 60 ms, transfer 8.0 ms, "
		   "stalled 0.00 ms\n");
}
END_TEST

START_TEST(parts_that_are_not_known_are_left_out)
{
	struct trace_http_request *request = add_request(0, 68);

	output.verbose = true;
	request->timing = timing();
	request->timing.tls = -1;
	assert_lacks(print(), "tls");
	request->timing.total = -1;
	assert_lacks(print(), "  time   ");
}
END_TEST

START_TEST(largest_part_and_stalls_stand_out)
{
	struct trace_http_request *request = add_request(0, 68);

	output.colour = true;
	request->timing = timing();
	request->timing.stalled = 5000;
	assert_has(print(), ", \033[1mserver 60 ms\033[0m, ");
	assert_has(printed, ", \033[31mstalled 5.0 ms\033[0m\n");
}
END_TEST

START_TEST(time_that_the_request_itself_tells_is_not_said_again)
{
	add_request(0, 60)->timing = (struct trace_http_timing){ .total = 60000, .server = 60000 };
	assert_lacks(print(), "  time   ");
	requests[0].timing = (struct trace_http_timing){ .total = 90000000, .connect = 89940000, .server = 60000 };
	assert_has(print(), "90.0 s: connect 89.9 s\n");
}
END_TEST

START_TEST(many_requests_on_a_connection_stay_compact)
{
	for (int i = 0; i < 6; i++)
		add_request(i, i + 1)->timing = timing();
	assert_lacks(print(), "dns 20 ms");
	requests[3].timing = (struct trace_http_timing){ .total = 2200000, .dns = 200000, .server = 2000000 };
	requests[4].timing.stalled = 5000;
	assert_has(print(), "2.2 s: dns 200 ms, server 2.0 s\n");
	assert_has(printed, "stalled 5.0 ms\n");
	assert_lacks(printed, "dns 20 ms, connect 10 ms, server 60 ms, transfer 8.0 ms\n");
}
END_TEST

/* ---- what led to a request ---- */

START_TEST(request_names_the_one_that_led_to_it)
{
	add_request(0, 10)->url = BYTES("http://a.test/old");
	add_request(20, 30)->redirected_from = 11;
	add_request(40, 50)->retry_of = 12;
	print();
	assert_has(printed, "[#2]\n                                  follows the redirect of GET http://a.test/old  [#1]\n");
	assert_has(printed, "[#3]\n                                  repeats the unanswered GET http://a.test/  [#2]\n");
}
END_TEST

START_TEST(reason_that_is_not_in_the_trace_is_not_told)
{
	add_request(0, 10)->redirected_from = 99;
	assert_lacks(print(), "follows");
}
END_TEST

/* ---- long lines ---- */

static size_t columns(const char *line)
{
	size_t count = 0;

	for (; *line && *line != '\n'; line++) {
		if (*line == '\033')
			line = strchr(line, 'm');
		else
			count += (*line & 0xc0) != 0x80;
	}
	return count;
}

static size_t widest(const char *text)
{
	size_t most = 0;

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (columns(text) > most)
			most = columns(text);
	return most;
}

START_TEST(long_line_goes_on_below_its_text)
{
	struct trace_http_request *request = add_request(0, 68);

	request->network_proxy = BYTES("http://the-proxy.that-has-a-rather-long-name.example.test:3128");
	assert_has(print(),
		   "GET http://a.test/ via http://the-proxy.that-has-a-rather-long-name.example.test:3128 -> 200, 0 bytes,\n"
		   "                                  done after 68 ms  [#1]\n");
	output.colour = true;
	assert_has(print(), "-> 200, 0 bytes,\n");
	output.verbose = true;
	assert_has(print(), "-> 200, 0 bytes, done after 68 ms  [#1]\n");
}
END_TEST

struct long_case {
	const char *piece;
	size_t times;
};

static const struct long_case long_texts[] = { { "a", 400 },    { "ab ", 100 },  { "Grüße", 60 },
					       { "a,b;c", 60 }, { "\033", 300 }, { " ", 300 } };

START_TEST(no_line_is_wider_than_150_columns)
{
	const struct long_case *row = &long_texts[_i];
	size_t size = strlen(row->piece) * row->times;
	char *text = nt_alloc(size + 1);
	struct trace_http_request *request = add_request(0, 68);

	for (size_t i = 0; i < row->times; i++)
		memcpy(text + i * strlen(row->piece), row->piece, strlen(row->piece));
	text[size] = 0;
	output.description = text;
	request->method = request->url = request->network_proxy = request->error = (struct bytes){ (uint8_t *)text, size };
	output.colour = true;
	ck_assert_msg(widest(print()) <= 150, "%s", printed);
	ck_assert_uint_gt(widest(printed), 100);
	free(text);
}
END_TEST

/* ---- certificates ---- */

static struct trace_certificate certificate;
static struct trace_tls_tunnel tunnel;

static void use_tunnel(struct bytes server_name, const struct bytes *name)
{
	certificate = (struct trace_certificate){
		.subject = BYTES("CN=a.test"), .not_before_s = 0, .not_after_s = INT64_C(4000000000), .names = name, .name_count = 1
	};
	tunnel = (struct trace_tls_tunnel){
		.id = 9,
		.tcp_conn = 1,
		.handshake_begin = BEGIN,
		.handshake_end = AT_MS(10),
		.certificates = &certificate,
		.certificate_count = 1,
		.cipher_suite = 0xc02f,
		.server_name = server_name,
		.version = 0x0303,
		.client_hello = true,
		.server_hello = true,
		.done = true,
		.handshake_us = 10000,
	};
	list.tls_tunnels = &tunnel;
	list.tls_tunnel_count = 1;
}

struct name_case {
	struct bytes server_name, name;
	bool is_shown;
};

static const struct name_case names[] = {
	{ BYTES("a.test"), BYTES("a.test"), false },     { BYTES("A.test"), BYTES("a.TEST"), false },
	{ BYTES("b.test"), BYTES("a.test"), true },      { BYTES("w.a.test"), BYTES("*.a.test"), false },
	{ BYTES("a.test"), BYTES("*.a.test"), true },    { BYTES("v.w.a.test"), BYTES("*.a.test"), true },
	{ BYTES("a.test"), BYTES("*"), true },           { BYTES(""), BYTES("a.test"), true },
	{ BYTES("localhost"), BYTES("*.a.test"), true },
};

START_TEST(certificate_for_the_host_goes_without_saying)
{
	use_tunnel(names[_i].server_name, &names[_i].name);
	if (names[_i].is_shown)
		assert_has(print(), ", 1 certificate (CN=a.test, valid until 2096-10-02)   handshake");
	else
		assert_lacks(print(), "certificate");
	output.verbose = true;
	assert_has(print(), "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_has(printed, ", 1 certificate (CN=a.test, valid until 2096-10-02)   handshake");
}
END_TEST

#define ROWS(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, begin_trace, end_trace);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_times(Suite *suite)
{
	TCase *tcase = add_case(suite, "times");

	tcase_add_test(tcase, parts_that_explain_the_time_are_listed);
	tcase_add_test(tcase, verbose_lists_all_parts_of_the_time);
	tcase_add_test(tcase, parts_that_are_not_known_are_left_out);
	tcase_add_test(tcase, largest_part_and_stalls_stand_out);
	tcase_add_test(tcase, time_that_the_request_itself_tells_is_not_said_again);
	tcase_add_test(tcase, many_requests_on_a_connection_stay_compact);
	tcase_add_test(tcase, request_names_the_one_that_led_to_it);
	tcase_add_test(tcase, reason_that_is_not_in_the_trace_is_not_told);
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("report_waterfall");
	TCase *bar = add_case(suite, "bars"), *lines = add_case(suite, "lines");

	tcase_add_loop_test(bar, bar_places_a_step_on_the_axis_of_its_entry, 0, ROWS(bars));
	tcase_add_test(bar, step_of_unknown_time_has_an_empty_bar);
	tcase_add_test(bar, entry_without_any_time_has_empty_bars);
	tcase_add_test(bar, failed_step_is_marked);
	tcase_add_test(bar, request_without_an_answer_lasts_as_long_as_its_connection);
	tcase_add_test(bar, block_characters_come_only_when_asked_for);
	tcase_add_test(bar, connection_that_is_not_understood_is_busy_until_its_last_packet);
	tcase_add_test(bar, missing_address_type_is_a_failure_only_if_the_dial_failed);
	tcase_add_test(bar, look_ups_on_one_socket_go_to_their_dials);
	tcase_add_test(bar, server_that_failed_is_a_failure_even_if_another_helped);
	add_times(suite);
	tcase_add_test(lines, long_line_goes_on_below_its_text);
	tcase_add_loop_test(lines, no_line_is_wider_than_150_columns, 0, ROWS(long_texts));
	tcase_add_loop_test(lines, certificate_for_the_host_goes_without_saying, 0, ROWS(names));
	return suite;
}
