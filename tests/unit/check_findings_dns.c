/*
 * Findings about name resolution (FINDINGS.md, DNS), and what a Go client would have said.
 */
#include "dissect/dns/dns.h"
#include "tests/support/dns_message.h"
#include "tests/support/findings.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { NO_ERROR = 0, FORMAT_ERROR = 1, SERVER_FAIL = 2, NAME_ERROR = 3, NOT_IMPLEMENTED = 4, REFUSED = 5 };

static struct scene s;
static struct scene_dns a, aaaa;

#define NAME "www.example.org"
#define V4 "192.0.2.1"
#define V6 "2001:db8::1"
#define SERVER_1 "10.0.0.53"
#define SERVER_2 "10.0.0.54"

static void setup(void)
{
	scene_begin(&s);
	a = scene_dns(&s, 50000);
	aaaa = scene_dns(&s, 50001);
}

static void teardown(void)
{
	scene_free(&s);
}

static struct scene_tcp open_to(const char *address)
{
	struct scene_tcp t = scene_tcp_between(&s, "10.0.0.1", 40000, address, 443);

	scene_open(&t);
	return t;
}

static void reply_with(struct bytes reply)
{
	scene_udp(&s, a.nameserver, 53, a.client, a.port, reply.at, reply.size);
}

/* The finding explains a dial to the name that never got a port. */
static const struct trace_finding *expect_failed_dial(enum finding_code code, const char *error)
{
	const struct trace_finding *f = findings_expect_root(&s, code);

	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(f->dial, s.got.dials[0].id);
	ck_assert_uint_eq(f->traces[0], s.got.dials[0].id);
	ck_assert_uint_eq(s.got.dials[0].port, 0);
	ck_assert(bytes_equal(s.got.dials[0].host, BYTES(NAME)));
	ck_assert_msg(bytes_equal(s.got.dials[0].error, bytes_of(error)), "\"%.*s\"", (int)s.got.dials[0].error.size,
		      (const char *)s.got.dials[0].error.at);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_1 ":53");
	return f;
}

/* ---- failures ---- */

static const struct {
	uint8_t rcode;
	enum finding_code code;
	const char *word, *error;
} rcodes[] = {
	{ NAME_ERROR, FINDING_DNS_NXDOMAIN, "NXDOMAIN", "dial tcp: lookup " NAME " on " SERVER_1 ":53: no such host" },
	{ NO_ERROR, FINDING_DNS_NODATA, "no address", "dial tcp: lookup " NAME " on " SERVER_1 ":53: no such host" },
	{ SERVER_FAIL, FINDING_DNS_SERVFAIL, "SERVFAIL", "dial tcp: lookup " NAME " on " SERVER_1 ":53: server misbehaving" },
	{ FORMAT_ERROR, FINDING_DNS_SERVFAIL, "RCODE 1", "dial tcp: lookup " NAME " on " SERVER_1 ":53: server misbehaving" },
	{ NOT_IMPLEMENTED, FINDING_DNS_SERVFAIL, "RCODE 4", "dial tcp: lookup " NAME " on " SERVER_1 ":53: server misbehaving" },
	{ REFUSED, FINDING_DNS_REFUSED, "REFUSED", "dial tcp: lookup " NAME " on " SERVER_1 ":53: server misbehaving" },
};

START_TEST(reply_that_gives_no_address)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_failure(&a, 1, NAME, DNS_TYPE_A, rcodes[_i].rcode);
	scene_dns_failure(&aaaa, 2, NAME, DNS_TYPE_AAAA, rcodes[_i].rcode);
	f = expect_failed_dial(rcodes[_i].code, rcodes[_i].error);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 4, "reply" });
	FINDINGS_EXPECT_WORDS(f, rcodes[_i].word);
	ck_assert_int_eq(f->at, scene_at(4));
	ck_assert_int_eq(s.got.dials[0].begin, scene_at(1));
	ck_assert_int_eq(s.got.dials[0].end, scene_at(4));
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 2);
}
END_TEST

START_TEST(name_server_that_never_answers)
{
	const struct trace_finding *f;

	for (int i = 0; i < 3; i++) {
		scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
		scene_wait(&s, 5 * NT_SECOND);
	}
	f = expect_failed_dial(FINDING_DNS_TIMEOUT, "dial tcp: lookup " NAME " on " SERVER_1
						    ":53: read udp 10.0.0.1:50000->" SERVER_1 ":53: i/o timeout");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 3, "last query" });
	FINDINGS_EXPECT_WORDS(f, "no name server answered");
}
END_TEST

START_TEST(all_name_servers_that_were_asked_are_named)
{
	struct scene_dns second = scene_dns(&s, 50002);
	const struct trace_finding *f;

	second.nameserver = SERVER_2;
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&second, 2, NAME, DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	f = findings_expect_root(&s, FINDING_DNS_TIMEOUT);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_1 ":53", SERVER_2 ":53");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "last query" });
}
END_TEST

START_TEST(reply_with_a_wrong_id)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 999, NAME, DNS_TYPE_A, V4);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 999, NAME, DNS_TYPE_A, V4);
	scene_wait(&s, 5 * NT_SECOND);
	f = expect_failed_dial(FINDING_DNS_REPLY_MISMATCH, "dial tcp: lookup " NAME " on " SERVER_1
							   ":53: read udp 10.0.0.1:50000->" SERVER_1 ":53: i/o timeout");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 4, "reply" });
	FINDINGS_EXPECT_WORDS(f, "none that fits");
}
END_TEST

START_TEST(malformed_reply)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	d_header(D_QR | D_RD | D_RA, 1, 1, 0, 0);
	d_question(NAME, DNS_TYPE_A);
	d_u16(0xc00c);
	d_u16(DNS_TYPE_A); /* and nothing more, though an answer was announced */
	dt.at[0] = 0;
	dt.at[1] = 1;
	reply_with((struct bytes){ dt.at, dt.size });
	f = expect_failed_dial(FINDING_DNS_MALFORMED_REPLY, "dial tcp: lookup " NAME " on " SERVER_1 ":53: server misbehaving");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "reply" });
	FINDINGS_EXPECT_WORDS(f, "malformed");
}
END_TEST

/* Port unreachable, with the IP header and 8 bytes of the query. */
static void send_port_unreachable(void)
{
	struct test_packet quoted = {
		.source = a.client, .destination = SERVER_1, .source_port = a.port, .destination_port = 53, .raw = true
	};
	struct test_packet error = { .source = SERVER_1, .destination = a.client, .icmp_type = 3, .icmp_code = 3 };
	struct bytes query = scene_dns_query_bytes(1, NAME, DNS_TYPE_A);
	static uint8_t inner[TEST_FRAME_SIZE], frame[TEST_FRAME_SIZE];

	test_packet_udp(&quoted, query.at, query.size, inner);
	scene_frame(&s, frame, test_packet_icmp(&error, inner, 28, frame));
}

START_TEST(name_server_that_cannot_be_reached)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_port_unreachable();
	scene_wait(&s, 5 * NT_SECOND);
	f = expect_failed_dial(FINDING_DNS_SERVER_UNREACHABLE,
			       "dial tcp: lookup " NAME " on " SERVER_1 ":53: read udp 10.0.0.1:50000->" SERVER_1
			       ":53: read: connection refused");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "ICMP error that quotes the query" });
}
END_TEST

static void send_truncated_reply(void)
{
	d_header(D_QR | D_TC | D_RD | D_RA, 1, 0, 0, 0);
	d_question(NAME, DNS_TYPE_A);
	dt.at[0] = 0;
	dt.at[1] = 1;
	reply_with((struct bytes){ dt.at, dt.size });
}

enum tcp_to_server { YOUNG, SILENT, CONNECTED, CLOSED, WAYS };

/* The capture ends; only some of these have failed by then. */
START_TEST(truncated_reply_and_tcp_that_brings_nothing)
{
	struct scene_tcp tcp = scene_tcp_between(&s, "10.0.0.1", 50003, SERVER_1, 53);

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_truncated_reply();
	if (_i == CONNECTED || _i == CLOSED)
		scene_open(&tcp);
	else
		scene_syn(&tcp);
	if (_i == CLOSED)
		scene_fin(&tcp, SERVER);
	if (_i == SILENT) {
		scene_wait(&s, NT_SECOND);
		scene_syn(&tcp);
	}
	if (_i == SILENT || _i == CLOSED)
		findings_expect_root(&s, FINDING_DNS_TCP_FALLBACK_FAILED);
	else
		findings_expect_no_error(&s);
}
END_TEST

START_TEST(truncated_reply_and_no_tcp_to_the_name_server)
{
	struct scene_tcp tcp = scene_tcp_between(&s, "10.0.0.1", 50003, SERVER_1, 53);
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_truncated_reply();
	scene_syn(&tcp);
	scene_rst(&tcp, SERVER);
	f = findings_expect_root(&s, FINDING_DNS_TCP_FALLBACK_FAILED);
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_1 ":53", "TCP");
	ck_assert_uint_ge(f->packet_count, 3);
	ck_assert_uint_eq(f->packets[1].packet.number, 2);
	ck_assert_uint_eq(f->packets[2].packet.number, 3);
	findings_expect_none(&s, FINDING_TCP_REFUSED);
}
END_TEST

START_TEST(search_list_that_found_nothing_is_one_failure_of_what_was_asked_for)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_failure(&a, 1, NAME, DNS_TYPE_A, NAME_ERROR);
	scene_dns_query(&a, 2, NAME ".corp.example", DNS_TYPE_A);
	scene_dns_failure(&a, 2, NAME ".corp.example", DNS_TYPE_A, NAME_ERROR);
	scene_dns_query(&a, 3, NAME ".example", DNS_TYPE_A);
	scene_dns_failure(&a, 3, NAME ".example", DNS_TYPE_A, NAME_ERROR);
	f = expect_failed_dial(FINDING_DNS_NXDOMAIN, "dial tcp: lookup " NAME " on " SERVER_1 ":53: no such host");
	ck_assert_int_eq(s.got.dials[0].begin, scene_at(1));
	FINDINGS_EXPECT_WORDS(f, NAME " did not resolve");
}
END_TEST

/* ---- what is no failure ---- */

START_TEST(answered_lookup_is_healthy)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_reply(&aaaa, 2, NAME, DNS_TYPE_AAAA, V6);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

START_TEST(no_ipv6_address_beside_an_ipv4_address_is_normal)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_failure(&aaaa, 2, NAME, DNS_TYPE_AAAA, _i ? SERVER_FAIL : NO_ERROR);
	open_to(V4);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(no_ipv6_address_alone_is_normal)
{
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_failure(&aaaa, 2, NAME, DNS_TYPE_AAAA, NO_ERROR);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.dial_count, 0);
}
END_TEST

START_TEST(lookup_that_asks_for_no_address_fails_no_dial)
{
	static const uint16_t types[] = { DNS_TYPE_PTR, DNS_TYPE_TXT, DNS_TYPE_MX, DNS_TYPE_SRV, DNS_TYPE_HTTPS };

	scene_dns_query(&a, 1, NAME, types[_i]);
	scene_dns_failure(&a, 1, NAME, types[_i], NAME_ERROR);
	scene_wait(&s, NT_SECOND);
	scene_dns_query(&aaaa, 2, "x." NAME, types[_i]);
	scene_wait(&s, 10 * NT_SECOND);
	scene_dns_query(&aaaa, 2, "x." NAME, types[_i]);
	scene_wait(&s, 10 * NT_SECOND);
	findings_expect_no_error(&s);
	ck_assert_uint_eq(s.got.dial_count, 0);
}
END_TEST

START_TEST(no_ipv6_address_while_the_ipv4_query_is_lost_is_a_timeout)
{
	for (uint16_t i = 0; i < 3; i++) {
		scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
		scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
		scene_dns_failure(&aaaa, 2, NAME, DNS_TYPE_AAAA, NO_ERROR);
		scene_wait(&s, 5 * NT_SECOND);
	}
	findings_expect_root(&s, FINDING_DNS_TIMEOUT);
}
END_TEST

static const char *const discovered[] = { "wpad",
					  "WPAD.corp.example",
					  "isatap.corp.example",
					  "use-application-dns.net",
					  "2.0.0.127.zen.spam.example",
					  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.example" };

/* Hosts ask for these names without anybody's wish, and mostly in vain. */
START_TEST(name_that_hosts_try_by_themselves_need_not_exist)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, discovered[_i], DNS_TYPE_A);
	scene_dns_failure(&a, 1, discovered[_i], DNS_TYPE_A, NAME_ERROR);
	f = findings_expect_note(&s, FINDING_DNS_NXDOMAIN, FINDING_INFO);
	FINDINGS_EXPECT_WORDS(f, discovered[_i]);
	ck_assert_uint_eq(s.got.dial_count, 1);
}
END_TEST

START_TEST(name_server_that_fails_for_such_a_name_has_failed)
{
	static const char *const names[] = { "wpad.corp.example", "wpadding.example", "2.0.127.example", "2.0.0.1278.example" };

	scene_dns_query(&a, 1, names[_i], DNS_TYPE_A);
	scene_dns_failure(&a, 1, names[_i], DNS_TYPE_A, _i ? NAME_ERROR : SERVER_FAIL);
	findings_expect_root(&s, _i ? FINDING_DNS_NXDOMAIN : FINDING_DNS_SERVFAIL);
}
END_TEST

START_TEST(query_at_the_end_of_the_capture_is_still_young)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_wait(&s, NT_SECOND);
	scene_dns_query(&a, 3, "other.example.org", DNS_TYPE_A);
	scene_dns_reply(&a, 3, "other.example.org", DNS_TYPE_A, V4);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(second_name_server_that_answers)
{
	struct scene_dns second = scene_dns(&s, 50002);
	const struct trace_finding *f;

	second.nameserver = SERVER_2;
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&second, 2, NAME, DNS_TYPE_A);
	scene_dns_reply(&second, 2, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	f = findings_expect_note(&s, FINDING_DNS_RETRY, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "query sent again" });
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_1 ":53", SERVER_2 ":53", "1 more query");
	ck_assert_uint_eq(f->traces[0], s.got.dials[0].id);
}
END_TEST

START_TEST(second_name_server_that_helps_after_an_error)
{
	struct scene_dns second = scene_dns(&s, 50002);
	const struct trace_finding *f;

	second.nameserver = SERVER_2;
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_failure(&a, 1, NAME, DNS_TYPE_A, _i ? REFUSED : SERVER_FAIL);
	scene_dns_query(&second, 2, NAME, DNS_TYPE_A);
	scene_dns_reply(&second, 2, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	f = findings_expect_note(&s, FINDING_DNS_RETRY, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 3, "query sent again" });
}
END_TEST

START_TEST(name_that_is_asked_for_again_after_its_answer_is_no_retry)
{
	for (uint16_t id = 1; id <= 3; id++) {
		scene_dns_query(&a, id, NAME, DNS_TYPE_A);
		scene_dns_reply(&a, id, NAME, DNS_TYPE_A, V4);
		scene_wait(&s, 2 * NT_SECOND);
	}
	findings_expect_healthy(&s);
	findings_expect_none(&s, FINDING_DNS_RETRY);
}
END_TEST

START_TEST(two_programs_that_ask_at_once_are_no_retry)
{
	struct scene_dns other = scene_dns(&s, 50002);

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&other, 2, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_reply(&other, 2, NAME, DNS_TYPE_A, V4);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

START_TEST(malformed_or_mismatched_reply_before_a_good_one_is_no_failure)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 999, NAME, DNS_TYPE_A, "203.0.113.66");
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	findings_expect_no_error(&s);
	ck_assert_uint_eq(s.got.dial_count, 1);
}
END_TEST

START_TEST(unreachable_name_server_and_one_that_answers)
{
	struct scene_dns second = scene_dns(&s, 50002);

	second.nameserver = SERVER_2;
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_port_unreachable();
	scene_dns_query(&second, 2, NAME, DNS_TYPE_A);
	scene_dns_reply(&second, 2, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	findings_expect_no_error(&s);
	findings_expect_one(&s, FINDING_DNS_RETRY);
}
END_TEST

START_TEST(truncated_reply_and_the_answer_over_tcp)
{
	struct scene_tcp tcp = scene_tcp_between(&s, "10.0.0.1", 50003, SERVER_1, 53);
	const struct trace_finding *f;
	struct bytes message;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_truncated_reply();
	scene_open(&tcp);
	message = scene_dns_over_tcp(scene_dns_query_bytes(2, NAME, DNS_TYPE_A));
	scene_send_bytes(&tcp, CLIENT, message.at, message.size);
	message = scene_dns_over_tcp(scene_dns_reply_bytes(2, NAME, DNS_TYPE_A, V4, NO_ERROR));
	scene_send_bytes(&tcp, SERVER, message.at, message.size);
	scene_close(&tcp);
	open_to(V4);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_DNS_TRUNCATED, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "truncated reply" });
	FINDINGS_EXPECT_WORDS(f, NAME, "over TCP");
}
END_TEST

START_TEST(truncated_reply_whose_sequel_is_not_captured_proves_nothing)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	send_truncated_reply();
	scene_wait(&s, 30 * NT_SECOND);
	scene_lookup(&s, 50005, "other.example.org", V4);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(reply_cut_by_the_snaplen_is_no_failure)
{
	s.snaplen = 14 + 20 + 8 + 12 + 22; /* the question, and of the answer some bytes */
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_wait(&s, 10 * NT_SECOND);
	scene_dns_query(&a, 2, "x.example.org", DNS_TYPE_A);
	scene_dns_reply(&a, 2, "x.example.org", DNS_TYPE_A, V4);
	findings_expect_no_error(&s);
	findings_expect_one(&s, FINDING_CAPTURE_TRUNCATED_PACKETS);
}
END_TEST

START_TEST(replies_that_were_not_captured_are_no_timeouts)
{
	struct scene_tcp t;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	t = open_to(V4);
	t.port[SERVER] = 443;
	scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	scene_dns_query(&a, 2, "other.example.org", DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&a, 2, "other.example.org", DNS_TYPE_A);
	scene_wait(&s, 10 * NT_SECOND);
	scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(capture_of_the_client_alone_proves_no_timeout)
{
	struct scene_tcp t = scene_tcp_between(&s, "10.0.0.1", 40000, V4, 443);

	scene_syn(&t);
	s.lose = true;
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	for (int i = 0; i < 3; i++) {
		scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
		scene_wait(&s, 5 * NT_SECOND);
	}
	scene_ack(&t, CLIENT);
	findings_expect_none(&s, FINDING_DNS_TIMEOUT);
}
END_TEST

START_TEST(late_reply_to_a_query_from_before_the_capture_is_no_mismatch)
{
	struct bytes reply;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	reply = scene_dns_reply_bytes(9, NAME, DNS_TYPE_A, V4, NO_ERROR);
	scene_udp(&s, SERVER_2, 53, a.client, (uint16_t)(a.port + 7), reply.at, reply.size);
	scene_wait(&s, 5 * NT_SECOND);
	findings_expect_root(&s, FINDING_DNS_TIMEOUT);
}
END_TEST

START_TEST(reply_of_a_type_that_was_not_asked_for_in_the_capture_is_no_mismatch)
{
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4); /* its query came before the capture began */
	scene_dns_failure(&aaaa, 2, NAME, DNS_TYPE_AAAA, NO_ERROR);
	findings_expect_healthy(&s);
}
END_TEST

/* ---- what it cost ---- */

START_TEST(slow_name_server)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 1500 * NT_MILLISECOND);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	f = findings_expect_note(&s, FINDING_DNS_SLOW, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 2, "reply" });
	FINDINGS_EXPECT_WORDS(f, NAME, SERVER_1 ":53", "1.5 s");
}
END_TEST

START_TEST(name_server_that_is_not_very_slow)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 700 * NT_MILLISECOND);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(reply_that_comes_twice)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	f = findings_expect_note(&s, FINDING_DNS_DUPLICATE_REPLY, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 3, "second copy of a reply" });
	FINDINGS_EXPECT_WORDS(f, NAME);
}
END_TEST

START_TEST(two_replies_to_two_queries_are_no_duplicates)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 2 * NT_SECOND);
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	findings_expect_none(&s, FINDING_DNS_DUPLICATE_REPLY);
	findings_expect_no_error(&s);
}
END_TEST

static const struct {
	const char *names[3];
	uint8_t rcodes[3];
	enum finding_code code;
	uint64_t decisive; /* frame of its first query */
	const char *words[2];
} lists[] = {
	{ { NAME, NAME ".lan" }, { NO_ERROR, NAME_ERROR }, FINDING_DNS_NODATA, 1, { NAME " did", "has no address" } },
	{ { NAME, NAME ".lan" }, { REFUSED, NAME_ERROR }, FINDING_DNS_REFUSED, 1, { NAME " did", "REFUSED" } },
	{ { "printer.lan", "printer.example", "printer" },
	  { NAME_ERROR, NAME_ERROR, REFUSED },
	  FINDING_DNS_NXDOMAIN,
	  3,
	  { "printer did", "NXDOMAIN" } },
	{ { "printer.lan", "printer.example", "printer" },
	  { SERVER_FAIL, SERVER_FAIL, REFUSED },
	  FINDING_DNS_REFUSED,
	  5,
	  { "printer did", "REFUSED" } },
};

START_TEST(failure_of_a_search_list_is_that_of_the_name_that_was_meant)
{
	const struct trace_finding *f;

	for (uint16_t i = 0; i < 3 && lists[_i].names[i]; i++) {
		scene_dns_query(&a, i, lists[_i].names[i], DNS_TYPE_A);
		scene_dns_failure(&a, i, lists[_i].names[i], DNS_TYPE_A, lists[_i].rcodes[i]);
	}
	f = findings_expect_root(&s, lists[_i].code);
	FINDINGS_EXPECT_PACKETS(f, { lists[_i].decisive, "first query" }, { lists[_i].decisive + 1, "reply" });
	FINDINGS_EXPECT_WORDS(f, lists[_i].words[0], lists[_i].words[1]);
	ck_assert_uint_eq(s.got.dial_count, 1);
}
END_TEST

static const struct {
	const char *from;
	uint16_t port;
} strays[] = { { SERVER_1, 5353 }, { SERVER_1, 1053 }, { "10.0.0.99", 53 }, { "10.0.0.99", 5353 } };

START_TEST(reply_from_elsewhere)
{
	const struct trace_finding *f;

	for (uint16_t i = 1; i <= 2; i++) {
		struct bytes reply;

		scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
		reply = scene_dns_reply_bytes(1, NAME, DNS_TYPE_A, V4, NO_ERROR);
		scene_udp(&s, strays[_i].from, strays[_i].port, a.client, a.port, reply.at, reply.size);
		scene_wait(&s, 5 * NT_SECOND);
	}
	f = expect_failed_dial(FINDING_DNS_REPLY_MISMATCH, "dial tcp: lookup " NAME " on " SERVER_1
							   ":53: read udp 10.0.0.1:50000->" SERVER_1 ":53: i/o timeout");
	FINDINGS_EXPECT_PACKETS(f, { 1, "first query" }, { 4, "reply" });
}
END_TEST

START_TEST(name_that_the_search_list_found)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, "www", DNS_TYPE_A);
	scene_dns_failure(&a, 1, "www", DNS_TYPE_A, NAME_ERROR);
	scene_dns_query(&a, 2, "www.corp.example", DNS_TYPE_A);
	scene_dns_reply(&a, 2, "www.corp.example", DNS_TYPE_A, V4);
	open_to(V4);
	findings_expect_healthy(&s);
	f = findings_expect_note(&s, FINDING_DNS_SEARCH_EXPANSION, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 3, "first query" }, { 2, "negative reply to the name before" });
	FINDINGS_EXPECT_WORDS(f, "www.corp.example", "after www ");
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 2);
}
END_TEST

/* An older resolver: IPv6 first, with the whole search list, and only then IPv4. */
START_TEST(search_list_of_one_type_is_no_failure_of_a_name_with_the_other)
{
	scene_dns_query(&a, 1, NAME, DNS_TYPE_AAAA);
	scene_dns_failure(&a, 1, NAME, DNS_TYPE_AAAA, NO_ERROR);
	scene_dns_query(&a, 2, NAME ".lan", DNS_TYPE_AAAA);
	scene_dns_failure(&a, 2, NAME ".lan", DNS_TYPE_AAAA, _i ? NAME_ERROR : REFUSED);
	scene_dns_query(&a, 3, NAME, DNS_TYPE_A);
	scene_dns_reply(&a, 3, NAME, DNS_TYPE_A, V4);
	open_to(V4);
	findings_expect_no_error(&s);
	ck_assert_uint_eq(s.got.dial_count, 1);
}
END_TEST

START_TEST(other_name_after_a_failure_is_no_search_list)
{
	const struct trace_finding *f;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_failure(&a, 1, NAME, DNS_TYPE_A, NAME_ERROR);
	scene_lookup(&s, 50005, "mail.example.org", V4);
	open_to(V4);
	f = findings_expect_root(&s, FINDING_DNS_NXDOMAIN);
	FINDINGS_EXPECT_WORDS(f, NAME);
	findings_expect_none(&s, FINDING_DNS_SEARCH_EXPANSION);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about DNS");
	TCase *tc = tcase_create("DNS");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, reply_that_gives_no_address, 0, (int)(sizeof rcodes / sizeof *rcodes));
	tcase_add_test(tc, name_server_that_never_answers);
	tcase_add_test(tc, all_name_servers_that_were_asked_are_named);
	tcase_add_test(tc, reply_with_a_wrong_id);
	tcase_add_loop_test(tc, reply_from_elsewhere, 0, (int)(sizeof strays / sizeof *strays));
	tcase_add_test(tc, malformed_reply);
	tcase_add_test(tc, name_server_that_cannot_be_reached);
	tcase_add_test(tc, truncated_reply_and_no_tcp_to_the_name_server);
	tcase_add_loop_test(tc, truncated_reply_and_tcp_that_brings_nothing, 0, WAYS);
	tcase_add_test(tc, search_list_that_found_nothing_is_one_failure_of_what_was_asked_for);
	tcase_add_loop_test(tc, failure_of_a_search_list_is_that_of_the_name_that_was_meant, 0,
			    (int)(sizeof lists / sizeof *lists));
	tcase_add_test(tc, answered_lookup_is_healthy);
	tcase_add_loop_test(tc, no_ipv6_address_beside_an_ipv4_address_is_normal, 0, 2);
	tcase_add_test(tc, no_ipv6_address_alone_is_normal);
	tcase_add_test(tc, no_ipv6_address_while_the_ipv4_query_is_lost_is_a_timeout);
	tcase_add_loop_test(tc, lookup_that_asks_for_no_address_fails_no_dial, 0, 5);
	tcase_add_loop_test(tc, name_that_hosts_try_by_themselves_need_not_exist, 0, 6);
	tcase_add_loop_test(tc, name_server_that_fails_for_such_a_name_has_failed, 0, 4);
	tcase_add_test(tc, query_at_the_end_of_the_capture_is_still_young);
	tcase_add_test(tc, second_name_server_that_answers);
	tcase_add_loop_test(tc, second_name_server_that_helps_after_an_error, 0, 2);
	tcase_add_test(tc, name_that_is_asked_for_again_after_its_answer_is_no_retry);
	tcase_add_test(tc, two_programs_that_ask_at_once_are_no_retry);
	tcase_add_test(tc, malformed_or_mismatched_reply_before_a_good_one_is_no_failure);
	tcase_add_test(tc, unreachable_name_server_and_one_that_answers);
	tcase_add_test(tc, truncated_reply_and_the_answer_over_tcp);
	tcase_add_test(tc, truncated_reply_whose_sequel_is_not_captured_proves_nothing);
	tcase_add_test(tc, reply_cut_by_the_snaplen_is_no_failure);
	tcase_add_test(tc, replies_that_were_not_captured_are_no_timeouts);
	tcase_add_test(tc, capture_of_the_client_alone_proves_no_timeout);
	tcase_add_test(tc, late_reply_to_a_query_from_before_the_capture_is_no_mismatch);
	tcase_add_test(tc, reply_of_a_type_that_was_not_asked_for_in_the_capture_is_no_mismatch);
	tcase_add_test(tc, slow_name_server);
	tcase_add_test(tc, name_server_that_is_not_very_slow);
	tcase_add_test(tc, reply_that_comes_twice);
	tcase_add_test(tc, two_replies_to_two_queries_are_no_duplicates);
	tcase_add_test(tc, name_that_the_search_list_found);
	tcase_add_loop_test(tc, search_list_of_one_type_is_no_failure_of_a_name_with_the_other, 0, 2);
	tcase_add_test(tc, other_name_after_a_failure_is_no_search_list);
	suite_add_tcase(suite, tc);
	return suite;
}
