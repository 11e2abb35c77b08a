/*
 * Findings about what carries connections: windows, order, fragments, the path's MTU, connection tracking, HTTP/2 streams that end early.
 */
#include "dissect/net/net.h"
#include "tests/support/findings.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct scene s;
static struct scene_tcp t;

#define GET "GET /a HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define SERVER_AT "10.0.0.2:80"

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
}

static void teardown(void)
{
	scene_free(&s);
}

static void exchange_and_close(void)
{
	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, OK);
	scene_close(&t);
}

/* ---- windows and order ---- */

START_TEST(receiver_without_room)
{
	enum scene_side side = _i ? SERVER : CLIENT;
	const struct trace_finding *f;

	scene_open(&t);
	scene_segment(&t, &(struct scene_segment){ .side = side, .window_zero = true });
	exchange_and_close();
	f = findings_expect_note(&s, FINDING_TCP_ZERO_WINDOW, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 4, side == CLIENT ? "zero window of the client" : "zero window of the server" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, side == CLIENT ? "1 the client" : "1 the server");
}
END_TEST

START_TEST(segment_that_was_overtaken)
{
	struct bytes ok = BYTES(OK);
	const struct trace_finding *f;
	const int64_t sent = sizeof GET - 1;

	scene_open(&t);
	scene_send(&t, CLIENT, GET);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .at = 10, .ack = sent, .data = { ok.at + 10, ok.size - 10 } });
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .ack = sent, .data = { ok.at, 10 } });
	f = findings_expect_note(&s, FINDING_TCP_OUT_OF_ORDER, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 6, "a segment of the server that came late" });
	FINDINGS_EXPECT_WORDS(f, SERVER_AT, "1 of the server");
}
END_TEST

START_TEST(packets_too_big_for_the_path)
{
	const struct trace_finding *f;

	if (_i)
		t = scene_tcp_between(&s, "2001:db8::1", 40000, "2001:db8::2", 80);
	scene_open(&t);
	scene_send(&t, CLIENT, GET);
	scene_icmp_error(&t, CLIENT, _i ? "2001:db8::99" : "10.0.0.254", _i ? 2 : 3, _i ? 0 : 4);
	scene_send(&t, SERVER, OK);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_ICMP_FRAG_NEEDED, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 5, "ICMP error" });
	FINDINGS_EXPECT_WORDS(f, _i ? "[2001:db8::2]:80" : SERVER_AT, "too big");
}
END_TEST

START_TEST(segments_sent_again_because_they_were_too_big_are_a_note)
{
	static const uint8_t data[1400];

	scene_open(&t);
	for (int i = 0; i < 4; i++)
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = i * 1400, .data = { data, 1400 } });
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 4);
	for (int i = 0; i < 8; i++) /* the last one is sent twice, so that it can be seen to be a repetition */
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = (i < 7 ? i : 6) * 800, .data = { data, 800 } });
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .ack = 5600 });
	findings_expect_note(&s, FINDING_TCP_RETRANSMISSIONS, FINDING_INFO);
}
END_TEST

/* ---- fragments ---- */

static void send_fragment(uint32_t id, uint32_t offset, uint32_t size, bool more)
{
	static const uint8_t zeros[2000];
	struct test_packet p = { .ip_id = id, .fragment_offset = offset, .more_fragments = more };
	uint8_t frame[TEST_FRAME_SIZE];

	scene_frame(&s, frame, test_packet_ip(&p, IP_PROTOCOL_UDP, zeros, size, frame));
}

START_TEST(datagrams_in_pieces)
{
	const struct trace_finding *f;

	send_fragment(1, 0, 1480, true);
	send_fragment(1, 1480, 100, false);
	send_fragment(2, 1480, 100, false); /* its first part is not in the capture */
	f = findings_expect_note(&s, FINDING_IP_FRAGMENTS, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 1, "the first fragment" });
	FINDINGS_EXPECT_WORDS(f, "3 packets", "1 datagrams were whole", "of 1 a fragment is missing");
}
END_TEST

START_TEST(fragments_with_other_content)
{
	struct test_packet p = { .ip_id = 1, .more_fragments = true };
	uint8_t frame[TEST_FRAME_SIZE];
	const struct trace_finding *f;

	send_fragment(1, 0, 1480, true);
	scene_frame(&s, frame, test_packet_ip(&p, IP_PROTOCOL_UDP, "forged!!", 8, frame));
	send_fragment(1, 1480, 100, false);
	f = findings_expect_note(&s, FINDING_IP_CONFLICTING_FRAGMENTS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 2, "a fragment with other content" });
	FINDINGS_EXPECT_WORDS(f, "1 IP fragments", "same identification");
	ck_assert_uint_eq(s.stats.fragments_conflicting, 1);
	ck_assert_uint_eq(s.stats.datagrams_reassembled, 1);
}
END_TEST

START_TEST(datagrams_in_one_piece_are_no_fragments)
{
	scene_open(&t);
	exchange_and_close();
	findings_expect_none(&s, FINDING_IP_FRAGMENTS);
}
END_TEST

/* ---- connection tracking ---- */

static void tell_conntrack(enum conntrack_kind kind)
{
	struct conntrack_entry e = { .kind = kind, .time = s.clock, .id = 1, .protocol = IP_PROTOCOL_TCP };

	e.original = (struct address_tuple){ .ip_version = 4, .source_port = 40000, .destination_port = 80 };
	ck_assert(ip_address_parse("10.0.0.1", &e.original.ip_version, &e.original.source));
	ck_assert(ip_address_parse("10.0.0.2", &e.original.ip_version, &e.original.destination));
	e.reply = (struct address_tuple){ 4, e.original.destination, e.original.source, 80, 40000 };
	e.start = e.stop = NT_TIME_NONE;
	correlator_conntrack(s.correlator, &e);
}

static void send_in_vain(int times)
{
	const int64_t sent = (int64_t)(t.next[CLIENT] - t.isn[CLIENT] - 1), got = (int64_t)(t.next[SERVER] - t.isn[SERVER] - 1);

	for (int i = 0; i < times; i++) {
		scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = sent, .ack = got, .data = BYTES(GET) });
		scene_wait(&s, NT_SECOND << i);
	}
}

START_TEST(entry_that_went_while_the_connection_lived)
{
	const struct trace_finding *f;

	scene_open(&t);
	tell_conntrack(CONNTRACK_NEW);
	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, OK);
	scene_wait(&s, 10 * NT_SECOND);
	if (_i)
		tell_conntrack(CONNTRACK_DESTROY);
	scene_wait(&s, NT_SECOND);
	send_in_vain(6);
	f = findings_expect_root(&s, _i ? FINDING_NAT_STATE_LOST : FINDING_TCP_STALLED);
	ck_assert_uint_ge(f->packet_count, 1);
	FINDINGS_EXPECT_WORDS(f, SERVER_AT);
}
END_TEST

START_TEST(entry_that_went_in_the_middle_of_a_response)
{
	const struct trace_finding *f;

	scene_open(&t);
	tell_conntrack(CONNTRACK_NEW);
	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	scene_ack(&t, CLIENT);
	if (_i)
		tell_conntrack(CONNTRACK_DESTROY);
	scene_wait(&s, 5 * NT_SECOND);
	scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, _i ? FINDING_NAT_STATE_LOST : FINDING_HTTP_BODY_TIMEOUT);
	if (_i)
		FINDINGS_EXPECT_PACKETS(f, { 5, "last data" }, { 7, "the client gives up" });
}
END_TEST

START_TEST(request_that_the_server_never_got_is_not_refused_by_its_close)
{
	const struct trace_finding *f;

	scene_open(&t);
	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, OK);
	scene_wait(&s, NT_SECOND);
	send_in_vain(5);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER,
						   .flags = TCP_FIN | TCP_ACK,
						   .at = (int64_t)(t.next[SERVER] - t.isn[SERVER] - 1),
						   .ack = sizeof GET - 1 });
	f = findings_expect_root(&s, FINDING_TCP_STALLED);
	FINDINGS_EXPECT_WORDS(f, "client's data");
}
END_TEST

START_TEST(entry_that_went_after_the_close_is_normal)
{
	scene_open(&t);
	tell_conntrack(CONNTRACK_NEW);
	exchange_and_close();
	tell_conntrack(CONNTRACK_DESTROY);
	findings_expect_healthy(&s);
}
END_TEST

/* ---- HTTP/2 ---- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
/* :method GET, :scheme http, :path /, :authority www.example.org (RFC 7541 A, 6.1, 6.2.2) */
#define ASK(stream) \
	"\0\0\x14\1\5\0\0\0" stream "\x82\x86\x84\1\xf" \
	"www.example.org"
#define RST_STREAM(stream, code) "\0\0\4\3\0\0\0\0" stream "\0\0\0" code
#define GOAWAY(last, code) "\0\0\x8\7\0\0\0\0\0\0\0\0" last "\0\0\0" code
#define SEND(side, bytes) scene_send_bytes(&t, side, bytes, sizeof(bytes) - 1)

static void ask_over_http2(void) /* frames 1 to 5 */
{
	scene_open(&t);
	SEND(CLIENT, PREFACE SETTINGS ASK("\1"));
	SEND(SERVER, SETTINGS);
}

START_TEST(stream_that_the_server_resets)
{
	const struct trace_finding *f;

	ask_over_http2();
	SEND(SERVER, RST_STREAM("\1", "\2"));
	scene_close(&t);
	f = findings_expect_root(&s, FINDING_H2_STREAM_RESET);
	FINDINGS_EXPECT_PACKETS(f, { 4, "request" }, { 6, "RST_STREAM" });
	FINDINGS_EXPECT_WORDS(f, "http://www.example.org/", "INTERNAL_ERROR");
	ck_assert_uint_eq(f->request, s.got.http_requests[0].id);
}
END_TEST

START_TEST(stream_that_the_client_resets_is_no_verdict_of_the_server)
{
	ask_over_http2();
	SEND(CLIENT, RST_STREAM("\1", "\x8"));
	scene_close(&t);
	findings_expect_none(&s, FINDING_H2_STREAM_RESET);
}
END_TEST

enum farewell { GOAWAY_AND_FIN, CANCEL, FAREWELLS };

START_TEST(client_that_takes_its_leave_after_a_long_wait_has_timed_out)
{
	const bool begun = _i >= FAREWELLS;
	const struct trace_finding *f;

	ask_over_http2();
	if (begun)
		SEND(SERVER, "\0\0\1\1\4\0\0\0\1\x88"); /* 200 */
	scene_ack(&t, SERVER);
	scene_wait(&s, 2 * NT_SECOND);
	if (_i % FAREWELLS == CANCEL)
		SEND(CLIENT, RST_STREAM("\1", "\x8"));
	else
		SEND(CLIENT, GOAWAY("\0", "\0"));
	scene_close(&t);
	f = findings_expect_root(&s, begun ? FINDING_HTTP_BODY_TIMEOUT : FINDING_HTTP_TIMEOUT);
	FINDINGS_EXPECT_WORDS(f, "http://www.example.org/", "client");
}
END_TEST

START_TEST(so_many_goaways_are_looked_at_and_no_more)
{
	ask_over_http2();
	for (int i = 0; i < LIMIT_HTTP2_GOAWAYS + 3; i++)
		SEND(SERVER, GOAWAY("\1", "\0"));
	SEND(SERVER, GOAWAY("\0", "\xb"));
	scene_close(&t);
	findings_expect_none(&s, FINDING_H2_GOAWAY);
	ck_assert_uint_eq(s.hits.count[LIMIT_HTTP2_GOAWAYS_HIT], 4);
}
END_TEST

START_TEST(goaway_instead_of_a_response)
{
	const struct trace_finding *f;

	ask_over_http2();
	SEND(SERVER, GOAWAY("\0", "\xb"));
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	f = findings_expect_root(&s, FINDING_H2_GOAWAY);
	FINDINGS_EXPECT_PACKETS(f, { 4, "request" }, { 6, "GOAWAY" });
	FINDINGS_EXPECT_WORDS(f, "http://www.example.org/", "ENHANCE_YOUR_CALM");
}
END_TEST

START_TEST(goaway_in_the_middle_of_a_response)
{
	const struct trace_finding *f;

	ask_over_http2();
	SEND(SERVER, "\0\0\1\1\4\0\0\0\1\x88\0\0\5\0\0\0\0\0\1hello");
	SEND(SERVER, GOAWAY("\1", "\2"));
	scene_fin(&t, _i ? CLIENT : SERVER);
	scene_fin(&t, _i ? SERVER : CLIENT);
	f = findings_expect_root(&s, FINDING_H2_GOAWAY);
	FINDINGS_EXPECT_PACKETS(f, { 4, "request" }, { 7, "GOAWAY" });
	FINDINGS_EXPECT_WORDS(f, "http://www.example.org/", "INTERNAL_ERROR", "middle");
}
END_TEST

START_TEST(failure_of_a_stream_that_is_asked_again_with_success_is_a_note)
{
	ask_over_http2();
	if (_i)
		SEND(SERVER, RST_STREAM("\1", "\7"));
	else
		SEND(SERVER, GOAWAY("\0", "\0"));
	scene_close(&t);
	t = scene_tcp(&s, 40001, 80);
	ask_over_http2();
	SEND(SERVER, "\0\0\1\1\5\0\0\0\1\x89"); /* 204 */
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_one(&s, _i ? FINDING_H2_STREAM_RESET : FINDING_H2_GOAWAY);
}
END_TEST

START_TEST(goaway_after_the_response_is_a_normal_end)
{
	ask_over_http2();
	SEND(SERVER, "\0\0\1\1\5\0\0\0\1\x89"); /* 204 */
	SEND(SERVER, GOAWAY("\1", "\0"));
	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.http_requests[0].status, 204);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about transport");
	TCase *tcp = tcase_create("TCP"), *fragments = tcase_create("fragments"), *conntrack = tcase_create("conntrack"),
	      *http2 = tcase_create("HTTP/2");
	TCase *const all[] = { tcp, fragments, conntrack, http2 };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	tcase_add_loop_test(tcp, receiver_without_room, 0, 2);
	tcase_add_test(tcp, segment_that_was_overtaken);
	tcase_add_loop_test(tcp, packets_too_big_for_the_path, 0, 2);
	tcase_add_test(tcp, segments_sent_again_because_they_were_too_big_are_a_note);
	tcase_add_test(fragments, datagrams_in_pieces);
	tcase_add_test(fragments, fragments_with_other_content);
	tcase_add_test(fragments, datagrams_in_one_piece_are_no_fragments);
	tcase_add_loop_test(conntrack, entry_that_went_while_the_connection_lived, 0, 2);
	tcase_add_loop_test(conntrack, entry_that_went_in_the_middle_of_a_response, 0, 2);
	tcase_add_test(conntrack, entry_that_went_after_the_close_is_normal);
	tcase_add_test(tcp, request_that_the_server_never_got_is_not_refused_by_its_close);
	tcase_add_test(http2, stream_that_the_server_resets);
	tcase_add_test(http2, stream_that_the_client_resets_is_no_verdict_of_the_server);
	tcase_add_loop_test(http2, client_that_takes_its_leave_after_a_long_wait_has_timed_out, 0, 2 * FAREWELLS);
	tcase_add_test(http2, so_many_goaways_are_looked_at_and_no_more);
	tcase_add_test(http2, goaway_instead_of_a_response);
	tcase_add_loop_test(http2, goaway_in_the_middle_of_a_response, 0, 2);
	tcase_add_loop_test(http2, failure_of_a_stream_that_is_asked_again_with_success_is_a_note, 0, 2);
	tcase_add_test(http2, goaway_after_the_response_is_a_normal_end);
	return suite;
}
