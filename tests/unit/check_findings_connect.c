/*
 * Findings about connecting and about connections (FINDINGS.md, Connect and Connection), and what a Go client would have said of a dial.
 */
#include "tests/support/findings.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct scene s;

#define NAME "www.example.org"
#define V4 "192.0.2.1"
#define V4_OTHER "192.0.2.2"
#define V6 "2001:db8::1"
#define CLIENT_V6 "2001:db8::c"

static void setup(void)
{
	scene_begin(&s);
}

static void teardown(void)
{
	scene_free(&s);
}

static struct scene_tcp to(const char *address, uint16_t client_port)
{
	return scene_tcp_between(&s, strchr(address, ':') ? CLIENT_V6 : "10.0.0.1", client_port, address, 443);
}

static void look_up(void) /* 4 frames */
{
	scene_lookup(&s, 50000, NAME, V4);
	scene_lookup(&s, 50001, NAME, V4_OTHER);
}

static void look_up_both_families(void) /* 4 frames */
{
	struct scene_dns aaaa = scene_dns(&s, 50001);

	scene_lookup(&s, 50000, NAME, V4);
	scene_dns_query(&aaaa, 2, NAME, 28);
	scene_dns_reply(&aaaa, 2, NAME, 28, V6);
}

static void refuse(const char *address, uint16_t client_port)
{
	struct scene_tcp t = to(address, client_port);

	scene_syn(&t);
	scene_rst(&t, SERVER);
}

static struct scene_tcp open_to(const char *address, uint16_t client_port)
{
	struct scene_tcp t = to(address, client_port);

	scene_open(&t);
	return t;
}

/* SYNs after 0, 1, 3 and 7 seconds. */
static void try_in_vain(struct scene_tcp *t, int times)
{
	for (int i = 0; i < times; i++) {
		scene_syn(t);
		if (i + 1 < times)
			scene_wait(&s, (NT_SECOND << i) - s.step);
	}
}

static void check_error(const char *expected)
{
	struct bytes got = s.got.dials[0].error;

	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "\"%.*s\", not \"%s\"", (int)got.size, (const char *)got.at, expected);
}

/* ---- refused ---- */

START_TEST(reset_in_answer_to_the_syn)
{
	const struct trace_finding *f;

	scene_lookup(&s, 50000, NAME, V4);
	refuse(V4, 40000);
	f = findings_expect_root(&s, FINDING_TCP_REFUSED);
	FINDINGS_EXPECT_PACKETS(f, { 3, "SYN" }, { 4, "RST in answer to the SYN" });
	FINDINGS_EXPECT_WORDS(f, NAME, V4 ":443", "refused");
	ck_assert_uint_eq(f->dial, s.got.dials[0].id);
	check_error("dial tcp " V4 ":443: connect: connection refused");
}
END_TEST

START_TEST(reset_of_something_older_is_not_the_end_of_the_connection)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .at = 9000, .ack = 70000 }); /* RFC 9293 3.5.2 */
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_RST, .at = 70000 });
	scene_wait(&s, NT_SECOND);
	scene_open(&t);
	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3");
	scene_close(&t);
	findings_expect_no_error(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert(s.got.tcp_conns[0].connected);
	ck_assert_int_eq(s.got.tcp_conns[0].close_reason, TRACE_CLOSE_FIN);
}
END_TEST

START_TEST(refusal_over_ipv6)
{
	const struct trace_finding *f;

	refuse(V6, 40000);
	f = findings_expect_root(&s, FINDING_TCP_REFUSED);
	FINDINGS_EXPECT_WORDS(f, "[" V6 "]:443");
	check_error("dial tcp [" V6 "]:443: connect: connection refused");
}
END_TEST

START_TEST(syn_that_is_refused_several_times_is_one_refusal)
{
	struct scene_tcp t = to(V4, 40000);

	for (int i = 0; i < 3; i++) {
		scene_syn(&t);
		scene_rst(&t, SERVER);
		scene_wait(&s, 500 * NT_MILLISECOND);
	}
	findings_expect_root(&s, FINDING_TCP_REFUSED);
}
END_TEST

START_TEST(refusal_by_what_is_named_a_proxy)
{
	const struct trace_finding *f;

	scene_lookup(&s, 50000, "proxy.example.org", V4);
	refuse(V4, 40000);
	f = findings_expect_root(&s, FINDING_PROXY_REFUSED);
	FINDINGS_EXPECT_PACKETS(f, { 3, "SYN" }, { 4, "RST in answer to the SYN" });
	FINDINGS_EXPECT_WORDS(f, "proxy.example.org", V4 ":443", "read from its name");
	check_error("dial tcp " V4 ":443: connect: connection refused");
}
END_TEST

static void use_as_proxy(const char *request)
{
	struct scene_tcp t = to(V4, 40000);

	scene_open(&t);
	scene_send(&t, CLIENT, request);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	scene_close(&t);
}

START_TEST(refusal_by_what_was_a_proxy_before)
{
	const struct trace_finding *f;

	use_as_proxy(_i ? "CONNECT " NAME ":443 HTTP/1.1\r\nHost: " NAME ":443\r\n\r\n"
			: "GET http://" NAME "/ HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	refuse(V4, 40001);
	f = findings_expect_root(&s, FINDING_PROXY_REFUSED);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "went through it");
}
END_TEST

START_TEST(refusal_by_a_server_that_was_asked_as_servers_are_is_no_proxy_s)
{
	use_as_proxy("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	refuse(V4, 40001);
	findings_expect_root(&s, FINDING_TCP_REFUSED);
}
END_TEST

START_TEST(all_addresses_refused_is_one_failure)
{
	const struct trace_finding *f;

	look_up();
	refuse(V4, 40000);
	refuse(V4_OTHER, 40001);
	f = findings_expect_root(&s, FINDING_TCP_REFUSED);
	ck_assert_uint_eq(s.got.dial_count, 1);
	FINDINGS_EXPECT_WORDS(f, NAME, ":443");
	check_error("dial tcp " V4 ":443: connect: connection refused");
}
END_TEST

START_TEST(next_address_that_works)
{
	const struct trace_finding *f;
	struct scene_tcp t;

	look_up();
	refuse(V4, 40000);
	t = open_to(V4_OTHER, 40001);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_FIRST_ADDRESS_REFUSED, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 5, "SYN" }, { 6, "RST in answer to the SYN" });
	FINDINGS_EXPECT_WORDS(f, NAME, V4 ":443", "nother address");
	ck_assert_uint_eq(f->traces[0], s.got.dials[0].id);
	ck_assert_uint_eq(s.got.dial_count, 1);
	check_error("");
}
END_TEST

START_TEST(client_that_resets_its_own_attempt_was_not_refused)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_rst(&t, CLIENT);
	findings_expect_healthy(&s);
}
END_TEST

/* ---- no answer ---- */

START_TEST(syn_that_is_never_answered)
{
	struct scene_tcp t = to(V4, 40000);
	const struct trace_finding *f;

	scene_lookup(&s, 50000, NAME, V4);
	try_in_vain(&t, 4);
	scene_wait(&s, 3 * NT_SECOND);
	scene_lookup(&s, 50009, "other.example.org", V4_OTHER);
	f = findings_expect_root(&s, FINDING_TCP_TIMEOUT);
	FINDINGS_EXPECT_PACKETS(f, { 3, "first SYN" }, { 6, "last SYN" });
	FINDINGS_EXPECT_WORDS(f, NAME, V4 ":443", "4 SYNs", "10 s");
	check_error("dial tcp " V4 ":443: i/o timeout");
	ck_assert_int_eq(s.got.tcp_conns[0].handshake_end, scene_at(3) + 7 * NT_SECOND);
}
END_TEST

/* Browsers open a second connection when the first one takes a quarter of a second; Windows gives up after 21 seconds. */
static const nt_time delays[] = { 250 * NT_MILLISECOND, 21 * NT_SECOND };

START_TEST(connection_beside_a_silent_one_that_works)
{
	struct scene_tcp t = to(V4, 40000), other = to(V4, 40001);
	const struct trace_finding *f;

	scene_syn(&t);
	scene_wait(&s, delays[_i]);
	scene_open(&other);
	scene_syn(&t);
	scene_wait(&s, 200 * NT_SECOND);
	scene_lookup(&s, 50009, "other.example.org", V4_OTHER);
	f = findings_expect_note(&s, FINDING_TCP_TIMEOUT, _i ? FINDING_WARNING : FINDING_INFO);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "2 SYNs", _i ? "21 s later" : "251 ms later");
	ck_assert_uint_eq(s.got.dial_count, 2);
	check_error("dial tcp " V4 ":443: i/o timeout");
}
END_TEST

START_TEST(refused_connection_that_is_repeated_with_success)
{
	refuse(V4, 40000);
	scene_wait(&s, NT_SECOND);
	open_to(V4, 40001);
	findings_expect_note(&s, FINDING_TCP_REFUSED, FINDING_WARNING);
}
END_TEST

START_TEST(success_that_is_no_repetition_is_no_excuse)
{
	struct scene_tcp other = to(V4, 40001);

	if (_i == 0) /* began before */
		scene_open(&other);
	if (_i == 4)
		scene_syn(&other);
	refuse(V4, 40000);
	if (_i == 1) /* long after: another try of the user */
		scene_wait(&s, 10 * NT_SECOND);
	if (_i == 2) /* of somebody else */
		other = scene_tcp_between(&s, "10.0.0.9", 40001, V4, 443);
	if (_i == 3) /* to another server */
		other = to(V4_OTHER, 40001);
	if (_i != 0)
		scene_open(&other);
	findings_expect_root(&s, FINDING_TCP_REFUSED);
}
END_TEST

START_TEST(syn_at_the_end_of_the_capture_is_still_young)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_wait(&s, NT_SECOND);
	if (_i)
		scene_syn(&t);
	scene_lookup(&s, 50009, "other.example.org", V4_OTHER);
	findings_expect_healthy(&s);
	check_error("");
}
END_TEST

START_TEST(second_syn_that_is_answered)
{
	struct scene_tcp t = to(V4, 40000);
	const struct trace_finding *f;

	scene_syn(&t);
	scene_wait(&s, NT_SECOND);
	scene_open(&t);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_SYN_RETRANSMITTED, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first SYN" }, { 2, "SYN sent again" });
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "2 SYNs", "1.0 s");
}
END_TEST

START_TEST(packets_that_were_captured_twice_are_no_retransmissions)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_syn(&t);
	scene_syn(&t);
	scene_syn_ack(&t);
	scene_syn_ack(&t);
	scene_ack(&t, CLIENT);
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_none(&s, FINDING_SYN_RETRANSMITTED);
}
END_TEST

START_TEST(capture_of_one_direction_proves_no_timeout)
{
	struct scene_tcp t = to(V4, 40000), other = to(V4_OTHER, 40001);

	scene_syn(&other);
	scene_ack(&other, CLIENT);
	scene_send(&other, CLIENT, "\1\2\3");
	scene_fin(&other, CLIENT);
	scene_wait(&s, 400 * NT_SECOND); /* it ends */
	try_in_vain(&t, 4);
	scene_wait(&s, 20 * NT_SECOND);
	findings_expect_no_error(&s);
	findings_expect_one(&s, FINDING_CAPTURE_ONE_DIRECTION_ONLY);
}
END_TEST

/* ---- two families ---- */

START_TEST(ipv6_that_is_dead)
{
	struct scene_tcp six = to(V6, 40000), four;
	const struct trace_finding *f;

	look_up_both_families();
	scene_syn(&six);
	scene_wait(&s, 200 * NT_MILLISECOND);
	four = open_to(V4, 40001);
	scene_close(&four);
	f = findings_expect_note(&s, FINDING_IPV6_DEAD_FALLBACK, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 5, "first SYN" });
	FINDINGS_EXPECT_WORDS(f, NAME, "[" V6 "]:443", "never answered");
	ck_assert_uint_eq(s.got.dial_count, 1);
	check_error("");
}
END_TEST

START_TEST(ipv6_that_is_only_slower_is_not_dead)
{
	struct scene_tcp six = to(V6, 40000), four;

	look_up_both_families();
	scene_syn(&six);
	scene_wait(&s, 200 * NT_MILLISECOND);
	four = open_to(V4, 40001);
	scene_syn_ack(&six);
	if (_i)
		scene_rst(&six, CLIENT);
	else
		scene_ack(&six, CLIENT);
	if (!_i)
		scene_close(&six);
	scene_close(&four);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(ipv6_that_had_no_time_to_answer_is_not_dead)
{
	struct scene_tcp six = to(V6, 40000), four;

	look_up_both_families();
	scene_syn(&six);
	four = open_to(V4, 40001);
	scene_close(&four);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(ipv6_that_is_refused)
{
	const struct trace_finding *f;

	look_up_both_families();
	refuse(V6, 40000);
	open_to(V4, 40001);
	f = findings_expect_note(&s, FINDING_FIRST_ADDRESS_REFUSED, FINDING_WARNING);
	FINDINGS_EXPECT_WORDS(f, "[" V6 "]:443", "refused");
}
END_TEST

START_TEST(both_families_fail_in_their_own_ways)
{
	struct scene_tcp four = to(V4, 40001);

	look_up_both_families();
	refuse(V6, 40000);
	try_in_vain(&four, 4);
	scene_wait(&s, 20 * NT_SECOND);
	findings_expect_root(&s, FINDING_TCP_REFUSED); /* what the error text says too */
	ck_assert_uint_eq(s.got.dial_count, 1);
	check_error("dial tcp [" V6 "]:443: connect: connection refused");
}
END_TEST

/* ---- ICMP ---- */

static const struct {
	const char *address;
	uint8_t type, icmp_code;
	enum finding_code code;
	const char *error, *word;
} unreachable[] = {
	{ V4, 3, 0, FINDING_ICMP_NET_UNREACHABLE, "network is unreachable", "network" },
	{ V4, 3, 1, FINDING_ICMP_HOST_UNREACHABLE, "no route to host", "host" },
	{ V4, 3, 3, FINDING_ICMP_PORT_UNREACHABLE, "connection refused", "port" },
	{ V4, 3, 9, FINDING_ICMP_ADMIN_PROHIBITED, "network is unreachable", "prohibited" },
	{ V4, 3, 10, FINDING_ICMP_ADMIN_PROHIBITED, "no route to host", "prohibited" },
	{ V4, 3, 13, FINDING_ICMP_ADMIN_PROHIBITED, "no route to host", "prohibited" },
	{ V6, 1, 0, FINDING_ICMP_NET_UNREACHABLE, "network is unreachable", "network" },
	{ V6, 1, 1, FINDING_ICMP_ADMIN_PROHIBITED, "permission denied", "prohibited" },
	{ V6, 1, 3, FINDING_ICMP_HOST_UNREACHABLE, "no route to host", "host" },
	{ V6, 1, 4, FINDING_ICMP_PORT_UNREACHABLE, "connection refused", "port" },
};

static const char *router(const char *address)
{
	return strchr(address, ':') ? "2001:db8::ff" : "10.0.0.254";
}

START_TEST(icmp_error_in_answer_to_the_syn)
{
	const char *address = unreachable[_i].address;
	struct scene_tcp t = to(address, 40000);
	const struct trace_finding *f;
	char error[100], types[40];

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, router(address), unreachable[_i].type, unreachable[_i].icmp_code);
	f = findings_expect_root(&s, unreachable[_i].code);
	FINDINGS_EXPECT_PACKETS(f, { 1, "SYN" }, { 2, "ICMP error that quotes the SYN" });
	snprintf(types, sizeof types, "type %u, code %u", unreachable[_i].type, unreachable[_i].icmp_code);
	FINDINGS_EXPECT_WORDS(f, address, ":443", types, unreachable[_i].word);
	snprintf(error, sizeof error, strchr(address, ':') ? "dial tcp [%s]:443: connect: %s" : "dial tcp %s:443: connect: %s",
		 address, unreachable[_i].error);
	check_error(error);
}
END_TEST

START_TEST(icmp_error_before_a_success_is_no_failure)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, router(V4), 3, 1);
	scene_wait(&s, NT_SECOND);
	scene_open(&t);
	scene_close(&t);
	findings_expect_no_error(&s);
	check_error("");
}
END_TEST

START_TEST(icmp_error_on_an_open_connection_is_no_failure)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send(&t, CLIENT, "\1\2\3");
	scene_icmp_error(&t, CLIENT, router(V4), 3, 1);
	scene_send(&t, SERVER, "\1\2\3");
	scene_close(&t);
	findings_expect_healthy(&s);
}
END_TEST

/* ---- what is not understood: resets ---- */

START_TEST(reset_before_any_answer)
{
	struct scene_tcp t;
	const struct trace_finding *f;

	scene_lookup(&s, 50000, NAME, V4);
	t = open_to(V4, 40000);
	scene_send(&t, CLIENT, "\1\2\3");
	scene_rst(&t, SERVER);
	f = findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
	FINDINGS_EXPECT_PACKETS(f, { 6, "data of the client" }, { 7, "RST by the server" });
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "3 bytes");
}
END_TEST

START_TEST(reset_after_an_answer_that_was_not_captured)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send(&t, CLIENT, "\1\2\3");
	s.lose = true;
	scene_send(&t, SERVER, "\1\2\3");
	scene_ack(&t, CLIENT);
	scene_rst(&t, SERVER);
	findings_expect_none(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
}
END_TEST

/* How a conversation that is not understood may end without anything being wrong. */
enum ending { CLIENT_RST, SERVER_RST, SERVER_FIN, CLIENT_FIN, BOTH_FIN_RST, FIN_ANSWERED_BY_RST, HALF_CLOSE, ENDINGS };

static void end_in_a_normal_way(struct scene_tcp *t, enum ending how)
{
	switch (how) {
	case CLIENT_RST:
		scene_rst(t, CLIENT);
		break;
	case SERVER_RST:
		scene_rst(t, SERVER);
		break;
	case SERVER_FIN:
		scene_fin(t, SERVER);
		scene_fin(t, CLIENT);
		break;
	case CLIENT_FIN:
		scene_close(t);
		break;
	case BOTH_FIN_RST:
		scene_fin(t, CLIENT);
		scene_fin(t, SERVER);
		scene_rst(t, CLIENT);
		break;
	case FIN_ANSWERED_BY_RST:
		scene_fin(t, CLIENT);
		scene_rst(t, SERVER);
		break;
	default:
		scene_fin(t, CLIENT);
		scene_send(t, SERVER, "\1\2\3");
		scene_fin(t, SERVER);
	}
}

START_TEST(end_after_an_answer_is_normal)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send(&t, CLIENT, "\1\2\3");
	scene_send(&t, SERVER, "\1\2\3");
	end_in_a_normal_way(&t, (enum ending)_i);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(end_of_a_connection_without_data_is_normal)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_wait(&s, 5 * NT_SECOND);
	end_in_a_normal_way(&t, (enum ending)_i);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(server_that_accepts_a_connection_only_to_reset_it)
{
	struct scene_tcp t = open_to(V4, 40000);
	const struct trace_finding *f;

	scene_rst(&t, SERVER);
	f = findings_expect_root(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "accepted", "at once");
	FINDINGS_EXPECT_PACKETS(f, { 4, "RST by the server" });
}
END_TEST

START_TEST(reset_after_a_handshake_of_which_nobody_knows_when_it_ended)
{
	struct scene_tcp t = to(V4, 40000);

	s.lose = true;
	scene_syn(&t);
	scene_syn_ack(&t);
	s.lose = true;
	scene_ack(&t, CLIENT);
	scene_wait(&s, 60 * NT_SECOND);
	scene_ack(&t, SERVER); /* so the handshake is over by now */
	scene_wait(&s, 60 * NT_SECOND);
	scene_rst(&t, SERVER);
	findings_expect_none(&s, FINDING_TCP_RESET_BEFORE_RESPONSE);
}
END_TEST

START_TEST(connection_on_which_only_the_server_speaks)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send(&t, SERVER, "\1\2\3");
	scene_rst(&t, SERVER);
	findings_expect_healthy(&s);
}
END_TEST

START_TEST(reset_of_a_connection_that_was_open_before_proves_nothing)
{
	struct scene_tcp t = to(V4, 40000);

	scene_send(&t, CLIENT, "\1\2\3");
	scene_rst(&t, SERVER);
	findings_expect_no_error(&s);
	findings_expect_note(&s, FINDING_CAPTURE_STARTED_MID_CONNECTION, FINDING_INFO);
}
END_TEST

/* ---- loss ---- */

static uint8_t block[1400];

/* The same segment several times, each after twice the time. */
static void send_again(struct scene_tcp *t, enum scene_side side, int64_t at, int64_t ack, size_t size, int times)
{
	for (int i = 0; i < times; i++) {
		scene_wait(&s, (200 * NT_MILLISECOND) << i);
		scene_segment(t, &(struct scene_segment){ .side = side, .at = at, .ack = ack, .data = { block, size } });
	}
}

START_TEST(data_that_never_gets_through)
{
	struct scene_tcp t = open_to(V4, 40000);
	const struct trace_finding *f;

	scene_send_bytes(&t, CLIENT, block, 100);
	send_again(&t, CLIENT, 0, 0, 100, 5);
	f = findings_expect_root(&s, FINDING_TCP_STALLED);
	ck_assert_uint_ge(f->packet_count, 1);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "client", "5 more times");
	ck_assert_uint_eq(f->dial, s.got.dials[0].id);
}
END_TEST

START_TEST(data_that_gets_through_at_last)
{
	struct scene_tcp t = open_to(V4, 40000);
	const struct trace_finding *f;

	scene_send_bytes(&t, CLIENT, block, 100);
	send_again(&t, CLIENT, 0, 0, 100, 4);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, SERVER, block, 50);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_TCP_RETRANSMISSIONS, FINDING_WARNING);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "4 of 6 segments", "4 by the client");
	ck_assert_uint_eq(f->packet_count, 1);
}
END_TEST

START_TEST(single_retransmission_is_everyday_life)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send_bytes(&t, CLIENT, block, 100);
	send_again(&t, CLIENT, 0, 0, 100, 1);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, SERVER, block, 50);
	scene_close(&t);
	findings_expect_healthy(&s);
	findings_expect_note(&s, FINDING_TCP_RETRANSMISSIONS, FINDING_INFO);
}
END_TEST

/* RFC 2883: the ACK of each copy says that the bytes were there already. */
START_TEST(segments_that_were_sent_again_needlessly_are_a_note)
{
	struct scene_tcp t = open_to(V4, 40000);
	uint8_t sack[] = { 1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
	const uint32_t first = t.isn[CLIENT] + 1;
	const struct trace_finding *f;

	scene_send_bytes(&t, CLIENT, block, 100);
	scene_ack(&t, SERVER);
	for (int i = 0; i < 4; i++) {
		send_again(&t, CLIENT, 0, 0, 100, 1);
		for (int byte = 0; byte < 4; byte++) {
			sack[4 + byte] = (uint8_t)(first >> (24 - 8 * byte));
			sack[8 + byte] = (uint8_t)((first + 100) >> (24 - 8 * byte));
		}
		scene_segment(&t, &(struct scene_segment){ .side = SERVER, .ack = 100, .options = { sack, _i ? sizeof sack : 0 } });
	}
	scene_send_bytes(&t, SERVER, block, 50);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_TCP_RETRANSMISSIONS, _i ? FINDING_INFO : FINDING_WARNING);
	if (_i)
		FINDINGS_EXPECT_WORDS(f, "4 of 6 segments", "had 4 of them already");
}
END_TEST

START_TEST(last_segment_that_is_acknowledged_late_is_no_stall)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send_bytes(&t, CLIENT, block, 100);
	scene_send_bytes(&t, SERVER, block, 50);
	send_again(&t, SERVER, 0, 100, 50, 5);
	scene_ack(&t, CLIENT);
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(client_s_large_segments_vanish)
{
	struct scene_tcp t = open_to(V4, 40000);
	const struct trace_finding *f;

	scene_send_bytes(&t, CLIENT, block, 100);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, CLIENT, block, 1400);
	send_again(&t, CLIENT, 100, 0, 1400, 5);
	f = findings_expect_root(&s, FINDING_MTU_BLACKHOLE);
	FINDINGS_EXPECT_WORDS(f, V4 ":443", "1400 bytes", "MTU");
	FINDINGS_EXPECT_PACKETS(f, { 11, "the large segment, sent again" });
}
END_TEST

/* A small segment of the server arrives behind so many bytes that never do. */
static const struct {
	uint32_t largest, missing;
	nt_time wait;
	bool vanish;
} holes[] = {
	{ 1300, 15000, 3 * NT_SECOND, true },
	{ 1388, 15000, 3 * NT_SECOND, false },        /* what is full-sized got through */
	{ 1300, 15000, 300 * NT_MILLISECOND, false }, /* there was no time to send it again */
	{ 1300, 1300, 3 * NT_SECOND, false },
};

START_TEST(server_s_large_segments_vanish)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0x78 }; /* MSS 1400 */
	struct scene_tcp t = to(V4, 40000);
	const struct bytes mss = { options, sizeof options };
	const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	const int64_t sent = sizeof request - 1;
	int64_t got;

	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_SYN, .at = -1, .options = mss });
	scene_segment(&t, &(struct scene_segment){ .side = SERVER, .flags = TCP_SYN | TCP_ACK, .at = -1, .options = mss });
	scene_ack(&t, CLIENT);
	scene_send(&t, CLIENT, request);
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n");
	for (int i = 0; i < 5; i++)
		scene_send_bytes(&t, SERVER, block, holes[_i].largest);
	got = (int64_t)(t.next[SERVER] - t.isn[SERVER] - 1);
	scene_segment(
		&t, &(struct scene_segment){ .side = SERVER, .at = got + holes[_i].missing, .ack = sent, .data = { block, 400 } });
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = sent, .ack = got });
	scene_wait(&s, holes[_i].wait);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_FIN | TCP_ACK, .at = sent, .ack = got });
	if (holes[_i].vanish)
		FINDINGS_EXPECT_WORDS(findings_expect_root(&s, FINDING_MTU_BLACKHOLE), "15000 bytes of the server");
	else
		findings_expect_none(&s, FINDING_MTU_BLACKHOLE);
}
END_TEST

START_TEST(large_segments_that_get_through_after_a_loss_are_no_black_hole)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send_bytes(&t, CLIENT, block, 100);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, CLIENT, block, 1400);
	send_again(&t, CLIENT, 100, 0, 1400, 4);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, SERVER, block, 1400);
	scene_close(&t);
	findings_expect_no_error(&s);
}
END_TEST

START_TEST(stall_of_a_connection_that_carried_large_segments_is_no_black_hole)
{
	struct scene_tcp t = open_to(V4, 40000);

	scene_send_bytes(&t, CLIENT, block, 1400);
	scene_ack(&t, SERVER);
	scene_send_bytes(&t, CLIENT, block, 1400);
	send_again(&t, CLIENT, 1400, 0, 1400, 5);
	findings_expect_root(&s, FINDING_TCP_STALLED);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about connections");
	TCase *connecting = tcase_create("connecting"), *open = tcase_create("open connections");

	tcase_add_checked_fixture(connecting, setup, teardown);
	tcase_add_test(connecting, reset_in_answer_to_the_syn);
	tcase_add_test(connecting, reset_of_something_older_is_not_the_end_of_the_connection);
	tcase_add_test(connecting, refusal_over_ipv6);
	tcase_add_test(connecting, syn_that_is_refused_several_times_is_one_refusal);
	tcase_add_test(connecting, all_addresses_refused_is_one_failure);
	tcase_add_test(connecting, refusal_by_what_is_named_a_proxy);
	tcase_add_loop_test(connecting, refusal_by_what_was_a_proxy_before, 0, 2);
	tcase_add_test(connecting, refusal_by_a_server_that_was_asked_as_servers_are_is_no_proxy_s);
	tcase_add_test(connecting, next_address_that_works);
	tcase_add_test(connecting, client_that_resets_its_own_attempt_was_not_refused);
	tcase_add_test(connecting, syn_that_is_never_answered);
	tcase_add_loop_test(connecting, connection_beside_a_silent_one_that_works, 0, 2);
	tcase_add_test(connecting, refused_connection_that_is_repeated_with_success);
	tcase_add_loop_test(connecting, success_that_is_no_repetition_is_no_excuse, 0, 5);
	tcase_add_loop_test(connecting, syn_at_the_end_of_the_capture_is_still_young, 0, 2);
	tcase_add_test(connecting, second_syn_that_is_answered);
	tcase_add_test(connecting, packets_that_were_captured_twice_are_no_retransmissions);
	tcase_add_test(connecting, capture_of_one_direction_proves_no_timeout);
	tcase_add_test(connecting, ipv6_that_is_dead);
	tcase_add_loop_test(connecting, ipv6_that_is_only_slower_is_not_dead, 0, 2);
	tcase_add_test(connecting, ipv6_that_had_no_time_to_answer_is_not_dead);
	tcase_add_test(connecting, ipv6_that_is_refused);
	tcase_add_test(connecting, both_families_fail_in_their_own_ways);
	tcase_add_loop_test(connecting, icmp_error_in_answer_to_the_syn, 0, (int)(sizeof unreachable / sizeof *unreachable));
	tcase_add_test(connecting, icmp_error_before_a_success_is_no_failure);
	suite_add_tcase(suite, connecting);
	tcase_add_checked_fixture(open, setup, teardown);
	tcase_add_test(open, icmp_error_on_an_open_connection_is_no_failure);
	tcase_add_test(open, reset_before_any_answer);
	tcase_add_test(open, reset_after_an_answer_that_was_not_captured);
	tcase_add_loop_test(open, end_after_an_answer_is_normal, 0, ENDINGS);
	tcase_add_loop_test(open, end_of_a_connection_without_data_is_normal, 0, HALF_CLOSE);
	tcase_add_test(open, server_that_accepts_a_connection_only_to_reset_it);
	tcase_add_test(open, reset_after_a_handshake_of_which_nobody_knows_when_it_ended);
	tcase_add_test(open, connection_on_which_only_the_server_speaks);
	tcase_add_test(open, reset_of_a_connection_that_was_open_before_proves_nothing);
	tcase_add_test(open, data_that_never_gets_through);
	tcase_add_test(open, data_that_gets_through_at_last);
	tcase_add_test(open, single_retransmission_is_everyday_life);
	tcase_add_loop_test(open, segments_that_were_sent_again_needlessly_are_a_note, 0, 2);
	tcase_add_test(open, last_segment_that_is_acknowledged_late_is_no_stall);
	tcase_add_test(open, client_s_large_segments_vanish);
	tcase_add_loop_test(open, server_s_large_segments_vanish, 0, (int)(sizeof holes / sizeof *holes));
	tcase_add_test(open, large_segments_that_get_through_after_a_loss_are_no_black_hole);
	tcase_add_test(open, stall_of_a_connection_that_carried_large_segments_is_no_black_hole);
	suite_add_tcase(suite, open);
	return suite;
}
