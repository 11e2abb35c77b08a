#include "cli/output.h"
#include "cli/text.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a trace made by hand ---- */

#define BEGIN (INT64_C(1767323045) * NT_SECOND + 678901 * NT_MICROSECOND) /* 2026-01-02 03:04:05.678901 */
#define AT_MS(ms) (BEGIN + (ms)*NT_MILLISECOND)

static struct trace_list list;
static struct correlate_stats stats;
static struct limit_hits hits;
static struct output output;
static char *printed;

static void begin_trace(void)
{
	list = (struct trace_list){ 0 };
	stats = (struct correlate_stats){ .packets = 45, .tcp_packets = 40, .udp_packets = 5 };
	hits = (struct limit_hits){ { 0 } };
	output = (struct output){
		.description = "http.pcap",
		.headers = "none",
		.begin = BEGIN,
		.end = AT_MS(1234),
		.list = &list,
		.stats = &stats,
		.hits = &hits,
	};
}

static void end_trace(void)
{
	free(printed);
	printed = NULL;
}

/* The whole report as text. */
static const char *print_all(void)
{
	size_t size;
	FILE *file;

	free(printed);
	file = open_memstream(&printed, &size);
	ck_assert(output_report(file, &output));
	fclose(file);
	return printed;
}

/* What follows the empty line after the head. */
static const char *print_timeline(void)
{
	const char *gap = strstr(print_all(), "\n\n");

	ck_assert_ptr_nonnull(gap);
	return gap + 2;
}

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is missing in:\n%.3000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' should not be in:\n%.3000s", part, text);
}

static struct packet_ref packet(uint64_t number)
{
	return (struct packet_ref){ .number = number };
}

static struct ip_address address(const char *text)
{
	struct ip_address out = { { 0 } };
	uint8_t ip_version;

	ck_assert(ip_address_parse(text, &ip_version, &out));
	return out;
}

static struct address_tuple tuple(const char *source, uint16_t source_port, const char *destination, uint16_t destination_port)
{
	return (struct address_tuple){
		.ip_version = strchr(source, ':') ? 6 : 4,
		.source = address(source),
		.destination = address(destination),
		.source_port = source_port,
		.destination_port = destination_port,
	};
}

static struct trace_tcp_side side(void)
{
	return (struct trace_tcp_side){ .window_scale = -1, .fin = NT_TIME_NONE, .rst = NT_TIME_NONE };
}

/* A connection that worked and was closed after 1.2 s. */
static struct trace_tcp_conn tcp(trace_id id, trace_id dial)
{
	return (struct trace_tcp_conn){
		.id = id,
		.from_dial = dial,
		.handshake_begin = AT_MS(4),
		.handshake_end = AT_MS(5),
		.connected = true,
		.close = AT_MS(1204),
		.tuple = tuple("10.0.0.2", 40000, "198.51.100.10", 443),
		.sent_bytes = 735,
		.recv_bytes = 12657,
		.client = side(),
		.server = side(),
		.client_by = TRACE_BY_SYN,
		.close_reason = TRACE_CLOSE_FIN,
		.syn_count = 1,
		.rtt_us = 400,
		.handshake_us = 450,
		.first_packet = packet(5),
		.last_packet = packet(45),
		.last = AT_MS(1204),
	};
}

/* A connection that never came about. */
static struct trace_tcp_conn failed_tcp(trace_id id, trace_id dial, enum trace_close reason)
{
	struct trace_tcp_conn conn = tcp(id, dial);

	conn.connected = false;
	conn.close_reason = reason;
	conn.close = NT_TIME_NONE;
	conn.rtt_us = conn.handshake_us = -1;
	return conn;
}

static struct trace_udp_conn udp(trace_id id, trace_id dial)
{
	return (struct trace_udp_conn){
		.id = id,
		.from_dial = dial,
		.from_resolver = dial != 0,
		.create = BEGIN,
		.close = AT_MS(3),
		.tuple = tuple("10.0.0.2", 50000, "10.77.0.1", 53),
		.sent_bytes = 60,
		.recv_bytes = 120,
		.sent_packets = 2,
		.recv_packets = 2,
		.first_packet = packet(1),
		.last_packet = packet(4),
	};
}

static struct trace_dial dial(trace_id id)
{
	return (struct trace_dial){
		.id = id,
		.begin = BEGIN,
		.end = AT_MS(5),
		.host = BYTES("www.example.test"),
		.port = 443,
		.source_ip_version = 4,
		.source = address("10.0.0.2"),
		.host_by = TRACE_BY_TLS_HELLO,
	};
}

static const struct trace_dns_question question_a = { BYTES("www.example.test."), 1, 1 };
static const struct trace_dns_question question_aaaa = { BYTES("www.example.test."), 28, 1 };
static const struct trace_dns_answer answer_a = { BYTES("www.example.test."), 1, 1, 300, BYTES("198.51.100.10") };
static const struct trace_dns_answer answer_aaaa = { BYTES("www.example.test."), 28, 1, 300, BYTES("2001:db8::10") };

static struct trace_dns_message query(const struct trace_dns_question *question, uint64_t number)
{
	return (struct trace_dns_message){
		.time = BEGIN, .questions = question, .question_count = 1, .latency_us = -1, .packet = packet(number)
	};
}

static struct trace_dns_message reply(const struct trace_dns_question *question, const struct trace_dns_answer *answer,
				      uint64_t number)
{
	return (struct trace_dns_message){
		.is_reply = true,
		.time = AT_MS(3),
		.questions = question,
		.question_count = 1,
		.answers = answer,
		.answer_count = answer != NULL,
		.latency_us = 3100,
		.packet = packet(number),
	};
}

static struct trace_certificate certificates[3];
static const struct bytes certificate_names[] = { BYTES("example.test"), BYTES("WWW.example.test") };

static struct trace_tls_tunnel tls(trace_id id, trace_id conn)
{
	certificates[0] = (struct trace_certificate){
		.subject = BYTES("CN=www.example.test,O=Example"),
		.issuer = BYTES("CN=Example CA"),
		.not_before_s = 1700000000,
		.not_after_s = 1798761600,
		.key_type = BYTES("RSA 2048"),
		.names = certificate_names,
		.name_count = 2,
	};
	return (struct trace_tls_tunnel){
		.id = id,
		.tcp_conn = conn,
		.handshake_begin = AT_MS(6),
		.handshake_end = AT_MS(18),
		.certificates = certificates,
		.certificate_count = 3,
		.cipher_suite = 0xc02f,
		.negotiated_protocol = BYTES("h2"),
		.server_name = BYTES("www.example.test"),
		.version = 0x0303,
		.offered_version = 0x0303,
		.client_hello = true,
		.server_hello = true,
		.done = true,
		.handshake_us = 12000,
		.first_packet = packet(8),
		.last_packet = packet(12),
	};
}

static struct trace_http_request http(trace_id id, trace_id conn)
{
	return (struct trace_http_request){
		.id = id,
		.tcp_conn = conn,
		.proto_major = 1,
		.proto_minor = 1,
		.req_sent = AT_MS(20),
		.method = BYTES("GET"),
		.url = BYTES("https://www.example.test/index.html"),
		.resp_recv = AT_MS(40),
		.status = 200,
		.resp_content_size = 15381,
		.resp_complete = true,
		.req_complete = true,
		.req_end = AT_MS(20),
		.resp_begin = AT_MS(40),
		.resp_end = AT_MS(54),
		.timing = { .total = -1 },
		.req_packet = packet(13),
		.resp_packet = packet(14),
		.last_packet = packet(30),
	};
}

#define USE(kind, kind_count, ...) \
	do { \
		list.kind = (void *)(__VA_ARGS__); \
		list.kind_count = sizeof(__VA_ARGS__) / sizeof *(__VA_ARGS__); \
	} while (0)

/* ---- what happened, in order ---- */

START_TEST(whole_exchange_is_told_in_order)
{
	struct trace_dial dials[] = { dial(1) };
	struct trace_udp_conn udps[] = { udp(2, 1) };
	struct trace_tcp_conn tcps[] = { tcp(3, 1) };
	struct trace_dns_message messages[] = { query(&question_a, 1), query(&question_aaaa, 2), reply(&question_a, &answer_a, 3),
						reply(&question_aaaa, &answer_aaaa, 4) };
	struct trace_dns_query queries[] = {
		{ .id = 4, .from_dial = 1, .connection = 2, .messages = messages, .message_count = 4 }
	};
	struct trace_tls_tunnel tunnels[] = { tls(5, 3) };
	struct trace_http_request requests[] = { http(6, 3) };

	requests[0].timing = (struct trace_http_timing){
		.total = 54000, .dns = 4000, .connect = 1000, .tls = 13000, .idle = 2000, .server = 20000, .transfer = 14000
	};
	USE(dials, dial_count, dials);
	USE(udp_conns, udp_conn_count, udps);
	USE(tcp_conns, tcp_conn_count, tcps);
	USE(dns_queries, dns_query_count, queries);
	USE(tls_tunnels, tls_tunnel_count, tunnels);
	USE(http_requests, http_request_count, requests);
	ck_assert_str_eq(
		print_all(),
		"verdict  no failure seen in 1 HTTP request\n"
		"trace    http.pcap\n"
		"time     2026-01-02 03:04:05.678901 UTC, 1.2 s\n"
		"packets  45 read; 40 TCP, 5 UDP, 0 ICMP\n"
		"found    1 TCP connection, 1 UDP flow, 1 dial, 1 DNS conversation, 1 TLS handshake, 1 HTTP request\n"
		"\n"
		"+0.000 s  10.0.0.2 -> www.example.test:443   54 ms\n"
		"  DNS   =.......................  A, AAAA www.example.test from 10.77.0.1   3.1 ms   198.51.100.10, 2001:db8::10  "
		"[#1-#4]\n"
		"  TCP   .=......................  :40000 -> 198.51.100.10:443   connected in 0.5 ms, 735 bytes sent, 12657 "
		"received, "
		"closed after 1.2 s  [#5-#45]\n"
		"  TLS   ..======................  TLS 1.2, ALPN h2   handshake 12 ms  [#8-#12]\n"
		"  HTTP  ........================  GET https://www.example.test/index.html -> 200, 15381 bytes, done after 34 ms  "
		"[#13-#30]\n"
		"  time                            54 ms: dns 4.0 ms, tls 13 ms, idle 2.0 ms, server 20 ms, transfer 14 ms\n");
}
END_TEST

START_TEST(nothing_found_is_said)
{
	ck_assert_str_eq(print_timeline(), "no connections and no look-ups\n");
}
END_TEST

START_TEST(entries_are_in_the_order_of_time)
{
	struct trace_dial dials[] = { dial(1), dial(2) };
	const char *text, *first, *second;

	dials[0].begin = AT_MS(500);
	dials[1].host = BYTES("earlier.test");
	USE(dials, dial_count, dials);
	text = print_timeline();
	first = strstr(text, "+0.000 s  10.0.0.2 -> earlier.test:443");
	second = strstr(text, "+0.500 s  10.0.0.2 -> www.example.test:443");
	ck_assert_msg(first && second && first < second, "%s", text);
}
END_TEST

START_TEST(failed_dial_says_after_what_time_and_why)
{
	struct trace_dial dials[] = { dial(1) };

	dials[0].error = BYTES("dial tcp 198.51.100.10:443: connect: connection refused");
	USE(dials, dial_count, dials);
	assert_has(print_all(), "1 dial (1 failed)");
	assert_has(print_timeline(),
		   "www.example.test:443   failed after 5.0 ms: dial tcp 198.51.100.10:443: connect: connection refused\n");
}
END_TEST

START_TEST(failure_of_an_unknown_time_is_said_without_one)
{
	struct trace_dial dials[] = { dial(1) };

	dials[0].error = BYTES("dial tcp 198.51.100.10:443: i/o timeout");
	dials[0].end = dials[0].begin; /* of one SYN: when it was given up is not on the wire */
	USE(dials, dial_count, dials);
	assert_has(print_timeline(), "www.example.test:443   failed: dial tcp 198.51.100.10:443: i/o timeout\n");
}
END_TEST

START_TEST(dial_that_never_got_past_dns_has_no_port)
{
	struct trace_dial dials[] = { dial(1) };

	dials[0].port = 0;
	dials[0].source_ip_version = 0;
	USE(dials, dial_count, dials);
	ck_assert_str_eq(print_timeline(), "+0.000 s  www.example.test   5.0 ms\n");
}
END_TEST

START_TEST(ip6_addresses_with_ports_are_in_brackets)
{
	struct trace_dial dials[] = { dial(1) };
	struct trace_tcp_conn tcps[] = { tcp(2, 1) };

	dials[0].host = BYTES("2001:db8::10");
	tcps[0].tuple = tuple("2001:db8::2", 40000, "2001:db8::10", 443);
	USE(dials, dial_count, dials);
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(), "10.0.0.2 -> [2001:db8::10]:443   1.2 s\n");
	assert_has(printed, "  [2001:db8::2]:40000 -> [2001:db8::10]:443   connected");
}
END_TEST

START_TEST(events_before_the_begin_have_a_minus)
{
	struct trace_dial dials[] = { dial(1) };

	dials[0].begin = AT_MS(-1500);
	USE(dials, dial_count, dials);
	assert_has(print_timeline(), "-1.500 s  10.0.0.2");
}
END_TEST

START_TEST(trace_without_times_prints)
{
	struct trace_dial dials[] = { dial(1) };

	output.begin = output.end = NT_TIME_NONE;
	dials[0].begin = dials[0].end = NT_TIME_NONE;
	USE(dials, dial_count, dials);
	assert_has(print_timeline(), "+?");
	assert_lacks(printed, "time  ");
}
END_TEST

/* ---- TCP ---- */

struct tcp_case {
	const char *name;
	enum trace_close reason;
	bool connected, half_open, reused;
	uint32_t syn_count;
	uint8_t icmp_type, icmp_code;
	const char *says;
};

static const struct tcp_case tcp_cases[] = {
	{ "refused", TRACE_CLOSE_REFUSED, false, false, false, 1, 0, 0, "refused (RST in answer to the SYN) after 1.0 ms" },
	{ "icmp", TRACE_CLOSE_ICMP, false, true, false, 1, 3, 1, "ICMP host unreachable after 1.0 ms" },
	{ "odd icmp", TRACE_CLOSE_ICMP, false, true, false, 1, 77, 9, "ICMP type 77 code 9 after" },
	{ "silent", TRACE_CLOSE_NONE, false, true, false, 4, 0, 0, "no answer to 4 SYNs in 1.0 ms" },
	{ "one syn", TRACE_CLOSE_NONE, false, true, false, 1, 0, 0, "no answer to the SYN  [" },
	{ "server rst", TRACE_CLOSE_RST_SERVER, true, false, false, 1, 0, 0, ", RST by the server after 1.2 s" },
	{ "client rst", TRACE_CLOSE_RST_CLIENT, true, false, false, 1, 0, 0, ", RST by the client after 1.2 s" },
	{ "half", TRACE_CLOSE_HALF, true, false, false, 1, 0, 0, "closed by the client only after 1.2 s  [" },
	{ "open", TRACE_CLOSE_NONE, true, false, false, 1, 0, 0, "12657 received, not closed  [" },
	{ "evicted", TRACE_CLOSE_EVICTED, true, false, false, 1, 0, 0, "no longer followed" },
	{ "syns", TRACE_CLOSE_FIN, true, false, false, 2, 0, 0, "connected in 0.5 ms, 2 SYNs, 735" },
	{ "reused", TRACE_CLOSE_FIN, true, false, true, 0, 0, 0, "open before the capture began" },
	{ "icmp later", TRACE_CLOSE_FIN, true, false, false, 1, 3, 4, "ICMP fragmentation needed  [" },
};

START_TEST(fate_of_a_connection_is_said_plainly)
{
	const struct tcp_case *row = &tcp_cases[_i];
	struct trace_tcp_conn tcps[] = { row->connected ? tcp(1, 0) : failed_tcp(1, 0, row->reason) };

	tcps[0].close_reason = row->reason;
	tcps[0].half_open = row->half_open;
	tcps[0].reused = row->reused;
	tcps[0].syn_count = row->syn_count;
	tcps[0].icmp_type = row->icmp_type;
	tcps[0].icmp_code = row->icmp_code;
	tcps[0].icmp_packet = packet(row->icmp_type ? 9 : 0);
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(), row->says);
}
END_TEST

START_TEST(server_that_closed_alone_is_named)
{
	struct trace_tcp_conn tcps[] = { tcp(1, 0) };

	tcps[0].close_reason = TRACE_CLOSE_HALF;
	tcps[0].server.fin = AT_MS(1000);
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(), "closed by the server only");
}
END_TEST

START_TEST(troubles_of_both_sides_are_counted_together)
{
	struct trace_tcp_conn tcps[] = { tcp(1, 0) };

	tcps[0].client.retransmissions = 1;
	tcps[0].server.retransmissions = 2;
	tcps[0].server.lost_bytes = 1460;
	tcps[0].client.zero_windows = 1;
	tcps[0].client.cut_bytes = 1;
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(),
		   "3 retransmissions, 1 zero window, 1460 bytes missing in the capture, 1 byte cut by the snaplen");
}
END_TEST

START_TEST(connection_without_dial_has_a_title_of_its_own)
{
	struct trace_tcp_conn tcps[] = { tcp(1, 0) };

	tcps[0].app_protocol = BYTES("SSH");
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(), "+0.004 s  10.0.0.2 -> 198.51.100.10:443   1.2 s\n");
	assert_has(printed, "received, SSH, closed");
}
END_TEST

START_TEST(reused_connection_without_exchange_begins_with_its_first_packet)
{
	struct trace_tcp_conn tcps[] = { tcp(1, 0) };

	tcps[0].reused = true;
	tcps[0].handshake_begin = tcps[0].handshake_end = NT_TIME_NONE;
	tcps[0].first = AT_MS(3);
	USE(tcp_conns, tcp_conn_count, tcps);
	assert_has(print_timeline(), "+0.003 s  10.0.0.2 -> 198.51.100.10:443");
}
END_TEST

START_TEST(reused_connection_begins_with_its_first_exchange)
{
	struct trace_tcp_conn tcps[] = { tcp(1, 0) };
	struct trace_http_request requests[] = { http(2, 1) };

	tcps[0].reused = true;
	tcps[0].handshake_begin = tcps[0].handshake_end = NT_TIME_NONE;
	tcps[0].handshake_us = tcps[0].rtt_us = -1;
	USE(tcp_conns, tcp_conn_count, tcps);
	USE(http_requests, http_request_count, requests);
	assert_has(print_timeline(), "+0.020 s  10.0.0.2 -> 198.51.100.10:443   34 ms\n");
	assert_has(printed,
		   "  TCP   ........................  :40000 -> 198.51.100.10:443   open before the capture began, 735 bytes "
		   "sent, 12657 received, closed  [#5-#45]");
}
END_TEST

/* ---- DNS ---- */

static void use_dns(struct trace_dns_query *conversation, struct trace_dns_message *messages, size_t count)
{
	static struct trace_udp_conn udps[1];

	udps[0] = udp(1, 0);
	list.udp_conns = udps;
	list.udp_conn_count = 1;
	*conversation = (struct trace_dns_query){ .id = 2, .connection = 1, .messages = messages, .message_count = count };
	list.dns_queries = conversation;
	list.dns_query_count = 1;
}

struct rcode_case {
	uint16_t rcode;
	const char *says;
};

static const struct rcode_case rcodes[] = { { 3, "NXDOMAIN" }, { 2, "SERVFAIL" }, { 5, "REFUSED" },
					    { 1, "FORMERR" },  { 0, "no data" },  { 999, "an unknown error" } };

START_TEST(failed_look_up_names_its_rcode)
{
	struct trace_dns_message messages[] = { query(&question_a, 1), reply(&question_a, NULL, 2) };
	struct trace_dns_query conversation;
	char line[200];

	messages[1].rcode = rcodes[_i].rcode;
	use_dns(&conversation, messages, 2);
	snprintf(line, sizeof line, "  DNS   xxxxxxxxxxxxxxxxxxxxxxxx  A www.example.test   3.1 ms   %s  [#1-#2]\n",
		 rcodes[_i].says);
	assert_has(print_timeline(), line);
}
END_TEST

START_TEST(look_up_without_dial_has_a_title_of_its_own)
{
	struct trace_dns_message messages[] = { query(&question_a, 1), reply(&question_a, &answer_a, 2) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 2);
	ck_assert_str_eq(print_timeline(),
			 "+0.000 s  10.0.0.2 -> 10.77.0.1:53   3.0 ms\n"
			 "  DNS   ========================  A www.example.test   3.1 ms   198.51.100.10  [#1-#2]\n");
}
END_TEST

START_TEST(look_up_without_reply_says_so_and_counts_queries)
{
	struct trace_dns_message messages[] = { query(&question_a, 1), query(&question_a, 2), query(&question_a, 3) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 3);
	assert_has(print_timeline(), "A www.example.test, 3 queries   no reply  [#1-#3]\n");
}
END_TEST

START_TEST(icmp_error_explains_the_missing_reply)
{
	struct trace_dns_message messages[] = { query(&question_a, 1) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 1);
	list.udp_conns[0].icmp_packet = packet(2);
	list.udp_conns[0].icmp_type = 3;
	list.udp_conns[0].icmp_code = 3;
	assert_has(print_timeline(), "no reply (ICMP port unreachable)");
}
END_TEST

START_TEST(one_type_may_fail_while_the_other_is_answered)
{
	struct trace_dns_message messages[] = { query(&question_a, 1), query(&question_aaaa, 2), reply(&question_a, &answer_a, 3) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 3);
	assert_has(print_timeline(), "A, AAAA www.example.test   3.1 ms   198.51.100.10; AAAA: no reply  [");
}
END_TEST

START_TEST(missing_aaaa_of_a_name_with_an_address_is_no_trouble)
{
	struct trace_dns_message messages[] = { query(&question_a, 1), query(&question_aaaa, 2), reply(&question_a, &answer_a, 3),
						reply(&question_aaaa, NULL, 4) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 4);
	assert_has(print_timeline(), "198.51.100.10  [#1-#4]\n");
}
END_TEST

START_TEST(names_of_a_conversation_are_told_apart)
{
	static const struct trace_dns_question other = { BYTES("other.test."), 16, 1 };
	static const struct trace_dns_answer text = { BYTES("other.test."), 16, 1, 5, BYTES("\"x\"") };
	struct trace_dns_message messages[] = { query(&question_a, 1), query(&other, 2), reply(&other, &text, 3),
						reply(&question_a, &answer_a, 4) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 4);
	assert_has(print_timeline(), "  DNS   ========================  A www.example.test   3.1 ms   198.51.100.10  [#1-#4]\n"
				     "  DNS   ========================  TXT other.test   3.1 ms   \"x\"  [#2-#3]\n");
}
END_TEST

START_TEST(alias_and_repeated_reply_are_shown_once)
{
	static const struct trace_dns_answer answers[] = { { BYTES("www.example.test."), 5, 1, 5, BYTES("cdn.test.") },
							   { BYTES("cdn.test."), 1, 1, 5, BYTES("192.0.2.1") } };
	struct trace_dns_message messages[] = { query(&question_a, 1), reply(&question_a, answers, 2),
						reply(&question_a, answers, 3) };
	struct trace_dns_query conversation;

	messages[1].answer_count = messages[2].answer_count = 2;
	messages[2].unmatched = true;
	use_dns(&conversation, messages, 3);
	assert_has(print_timeline(), "via cdn.test, 192.0.2.1, 1 reply to no query");
}
END_TEST

START_TEST(long_answers_are_cut)
{
	struct trace_dns_answer answers[20];
	char values[20][24];
	struct trace_dns_message messages[] = { query(&question_a, 1), reply(&question_a, answers, 2) };
	struct trace_dns_query conversation;

	for (int i = 0; i < 20; i++) {
		snprintf(values[i], sizeof values[i], "192.0.2.%d", i);
		answers[i] = answer_a;
		answers[i].value = bytes_of(values[i]);
	}
	messages[1].answer_count = 20;
	use_dns(&conversation, messages, 2);
	assert_has(print_timeline(), "192.0.2.7, … and 12 more");
	assert_lacks(printed, "192.0.2.8");
	output.verbose = true;
	assert_has(print_timeline(), "www.example.test. 300 A 192.0.2.19  [#2]\n");
}
END_TEST

START_TEST(long_values_are_cut_earlier)
{
	static const struct trace_dns_question question = { BYTES("big.test."), 16, 1 };
	struct trace_dns_answer answers[4];
	char values[4][200];
	struct trace_dns_message messages[] = { query(&question, 1), reply(&question, answers, 2) };
	struct trace_dns_query conversation;

	for (int i = 0; i < 4; i++) {
		memset(values[i], 'a' + i, sizeof values[i]);
		answers[i] =
			(struct trace_dns_answer){ BYTES("big.test."), 16, 1, 5, { (const uint8_t *)values[i], sizeof values[i] } };
	}
	messages[1].answer_count = 4;
	use_dns(&conversation, messages, 2);
	assert_has(print_timeline(), "bb, … and 2 more");
}
END_TEST

START_TEST(reply_to_no_query_says_what_it_is)
{
	struct trace_dns_message messages[] = { reply(&question_a, NULL, 1) };
	struct trace_dns_query conversation;

	messages[0].unmatched = true;
	messages[0].rcode = _i ? 3 : 0;
	use_dns(&conversation, messages, 1);
	assert_has(print_timeline(), _i ? "   NXDOMAIN, 1 reply to no query" : "   no data, 1 reply to no query");
	assert_lacks(printed, "xx");
}
END_TEST

/* No host has all types of addresses, and none needs to. */
START_TEST(missing_type_that_no_dial_needed_is_no_failure)
{
	static const struct trace_dns_question https = { BYTES("www.example.test."), 65, 1 };
	const struct trace_dns_question *question = _i ? &https : &question_aaaa;
	struct trace_dns_message messages[] = { query(question, 1), reply(question, NULL, 2) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 2);
	assert_has(print_timeline(), "   no data  [#1-#2]\n");
	assert_lacks(printed, "xx");
}
END_TEST

START_TEST(signatures_are_for_verbose)
{
	static const struct trace_dns_answer answers[] = { { BYTES("www.example.test."), 1, 1, 5, BYTES("192.0.2.1") },
							   { BYTES("www.example.test."), 46, 1, 5, BYTES("A 8 3 3600 …") } };
	struct trace_dns_message messages[] = { query(&question_a, 1), reply(&question_a, answers, 2) };
	struct trace_dns_query conversation;

	messages[1].answer_count = 2;
	use_dns(&conversation, messages, 2);
	assert_has(print_timeline(), "   192.0.2.1  [#1-#2]\n");
	output.verbose = true;
	assert_has(print_timeline(), "www.example.test. 5 RRSIG A 8 3 3600 …");
}
END_TEST

START_TEST(llmnr_question_that_nobody_answers_is_no_failure)
{
	struct trace_dns_message messages[] = { query(&question_a, 1) };
	struct trace_dns_query conversation;

	output.colour = true;
	use_dns(&conversation, messages, 1);
	conversation.kind = TRACE_LLMNR;
	assert_has(print_timeline(), "  LLMNR =.......................  A www.example.test   no reply  [");
}
END_TEST

START_TEST(mdns_question_needs_no_answer)
{
	struct trace_dns_message messages[] = { query(&question_a, 1) };
	struct trace_dns_query conversation;

	use_dns(&conversation, messages, 1);
	conversation.kind = TRACE_MDNS;
	assert_has(print_timeline(), "  mDNS  =.......................  A www.example.test");
	assert_lacks(printed, "no reply");
}
END_TEST

/* ---- TLS ---- */

static void use_tls(struct trace_tls_tunnel *tunnel)
{
	static struct trace_tcp_conn tcps[1];

	tcps[0] = tcp(1, 0);
	list.tcp_conns = tcps;
	list.tcp_conn_count = 1;
	list.tls_tunnels = tunnel;
	list.tls_tunnel_count = 1;
}

START_TEST(fatal_alert_says_who_sent_it)
{
	struct trace_tls_alert alerts[] = { { .by_server = true, .level = 2, .description = 40 } };
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.server_hello = tunnel.done = false;
	tunnel.certificate_count = 0;
	tunnel.alerts = alerts;
	tunnel.alert_count = 1;
	tunnel.error = BYTES("remote error: tls: handshake failure");
	use_tls(&tunnel);
	assert_has(print_timeline(),
		   "  TLS   ...xxxxxxxxxxxxxxxxxxxxx  TLS 1.2 offered, for www.example.test, ALPN h2   no ServerHello, fatal "
		   "alert handshake failure by the server\n"
		   "                                  [#8-#12]\n");
}
END_TEST

START_TEST(unanswered_client_hello_gives_the_error)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.server_hello = tunnel.done = false;
	tunnel.certificate_count = 0;
	tunnel.error = BYTES("net/http: TLS handshake timeout");
	use_tls(&tunnel);
	assert_has(print_timeline(), "   no ServerHello, net/http: TLS handshake timeout  [");
}
END_TEST

START_TEST(handshake_that_the_capture_has_in_part_is_no_failure)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.done = false;
	use_tls(&tunnel);
	if (_i == 0)
		list.tcp_conns[0].close_reason = TRACE_CLOSE_NONE;
	if (_i == 1)
		list.tcp_conns[0].server.lost_bytes = 100;
	if (_i == 2)
		list.tcp_conns[0].client.packets = 3; /* and none of the server */
	assert_has(print_timeline(), "   handshake not complete in the capture  [");
	assert_lacks(printed, "xx");
}
END_TEST

START_TEST(what_came_before_the_capture_is_not_known)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.mid_stream = true;
	use_tls(&tunnel);
	assert_has(print_timeline(), ", begun within the connection");
	list.tcp_conns[0].reused = true;
	assert_lacks(print_timeline(), "begun within the connection");
}
END_TEST

START_TEST(handshake_that_ended_too_soon_is_a_failure)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.done = false;
	use_tls(&tunnel);
	assert_has(print_timeline(), "   handshake not finished  [");
	assert_has(printed, "xx");
}
END_TEST

START_TEST(close_notify_is_no_trouble)
{
	struct trace_tls_alert alerts[] = { { .level = 1, .description = 0 }, { .encrypted = true } };
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.alerts = alerts;
	tunnel.alert_count = 2;
	use_tls(&tunnel);
	assert_lacks(print_timeline(), "alert");
}
END_TEST

START_TEST(verbose_shows_of_a_told_handshake_only_what_was_told)
{
	const struct trace_seed told = { .alone = true, .context_close = NT_TIME_NONE };
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.seed = &told;
	certificates[0].key_type = certificates[0].serial = certificates[0].sha256 = (struct bytes){ NULL, 0 };
	output.verbose = true;
	use_tls(&tunnel);
	assert_lacks(print_timeline(), "data: ");
	assert_lacks(print_timeline(), "serial");
	assert_lacks(print_timeline(), ", ,");
	assert_lacks(print_timeline(), "SHA-256");
}
END_TEST

START_TEST(expired_certificate_is_told_by_the_time_of_the_handshake)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	certificates[0].not_after_s = 1700000001;
	use_tls(&tunnel);
	assert_has(print_timeline(), "(CN=www.example.test, expired on 2023-11-14)");
	certificates[0].not_after_s = INT64_C(4000000000);
	certificates[0].not_before_s = INT64_C(3999999999);
	assert_has(print_timeline(), "not valid before 2096-10-02");
}
END_TEST

START_TEST(unknown_numbers_are_printed_as_numbers)
{
	struct trace_tls_alert alerts[] = { { .level = 2, .description = 199 } };
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.cipher_suite = 0xfffe;
	tunnel.alerts = alerts;
	tunnel.alert_count = 1;
	use_tls(&tunnel);
	assert_has(print_timeline(), "TLS 1.2 cipher 0xfffe");
	assert_has(printed, "fatal alert 199 by the client");
}
END_TEST

START_TEST(quic_is_shown_without_verbose)
{
	struct trace_udp_conn udps[] = { udp(1, 0) };
	struct trace_tls_tunnel tunnel = tls(2, 0);

	tunnel.udp_conn = 1;
	USE(udp_conns, udp_conn_count, udps);
	list.tls_tunnels = &tunnel;
	list.tls_tunnel_count = 1;
	assert_has(print_timeline(), "  QUIC  ........================  TLS 1.2");
}
END_TEST

/* Of a connection over UDP only an error shows that it is over. */
START_TEST(quic_handshake_without_an_end_has_not_failed)
{
	struct trace_udp_conn udps[] = { udp(1, 0) };
	struct trace_tls_tunnel tunnel = tls(2, 0);

	tunnel.udp_conn = 1;
	tunnel.done = false;
	USE(udp_conns, udp_conn_count, udps);
	list.tls_tunnels = &tunnel;
	list.tls_tunnel_count = 1;
	assert_has(print_timeline(), "   handshake not complete in the capture");
	assert_lacks(printed, "x....");
	tunnel.error = BYTES("timeout: no recent network activity");
	assert_has(print_timeline(), "   handshake not finished, timeout: no recent network activity");
}
END_TEST

START_TEST(verbose_shows_fingerprints_and_certificates)
{
	struct trace_tls_tunnel tunnel = tls(2, 1);

	tunnel.ja3 = BYTES("0123abcd");
	tunnel.ja4 = BYTES("t13d1516h2_8daaf6152771_e5627efa2ab1");
	use_tls(&tunnel);
	assert_lacks(print_timeline(), "JA3");
	output.verbose = true;
	tunnel.certificate_compression = 2;
	tunnel.client_certificate_compression = 0x4001;
	assert_has(print_timeline(), ", certificates compressed with brotli, client certificates compressed with 0x4001, ");
	assert_has(printed, "JA3 0123abcd, JA4 t13d1516h2_8daaf6152771_e5627efa2ab1\n");
	assert_has(printed,
		   "certificate CN=www.example.test,O=Example, issued by CN=Example CA, valid 2023-11-14 to 2027-01-01, RSA 2048");
}
END_TEST

/* ---- HTTP ---- */

static void use_http(struct trace_http_request *requests, size_t count)
{
	static struct trace_tcp_conn tcps[1];

	tcps[0] = tcp(1, 0);
	list.tcp_conns = tcps;
	list.tcp_conn_count = 1;
	list.http_requests = requests;
	list.http_request_count = count;
}

START_TEST(missing_response_is_said)
{
	struct trace_http_request request = http(2, 1);

	request.status = 0;
	request.error = BYTES("EOF");
	request.resp_recv = request.resp_begin = request.resp_end = NT_TIME_NONE;
	request.resp_complete = false;
	request.last_packet = packet(13);
	use_http(&request, 1);
	assert_has(print_timeline(), "GET https://www.example.test/index.html -> response missing, EOF  [#13]\n");
}
END_TEST

START_TEST(orphan_response_is_shown)
{
	struct trace_http_request request = http(2, 1);

	request.resp_without_request = true;
	request.method = request.url = (struct bytes){ 0 };
	request.req_sent = NT_TIME_NONE;
	request.req_packet = packet(0);
	use_http(&request, 1);
	assert_has(print_timeline(), "  (request not captured) -> 200, 15381 bytes  [#14-#30]\n");
}
END_TEST

START_TEST(truncated_body_is_said)
{
	struct trace_http_request request = http(2, 1);

	request.truncated = true;
	request.resp_complete = false;
	request.error = BYTES("unexpected EOF");
	use_http(&request, 1);
	assert_has(print_timeline(), "-> 200, 15381 bytes, first byte after 20 ms, body truncated, unexpected EOF\n");
}
END_TEST

START_TEST(end_of_the_capture_is_not_the_fault_of_the_server)
{
	struct trace_http_request requests[] = { http(2, 1), http(3, 1) };

	requests[0].truncated = true;
	requests[0].resp_complete = false;
	requests[1].status = 0;
	requests[1].resp_recv = requests[1].resp_begin = requests[1].resp_end = NT_TIME_NONE;
	use_http(requests, 2);
	list.tcp_conns[0].close_reason = TRACE_CLOSE_NONE;
	assert_has(print_timeline(), "-> 200, 15381 bytes, first byte after 20 ms, not complete in the capture\n");
	assert_has(printed, "-> no response in the capture  [");
	assert_lacks(printed, "xx");
}
END_TEST

START_TEST(one_direction_alone_is_not_the_fault_of_the_server)
{
	struct trace_http_request request = http(2, 1);

	request.status = 0;
	request.resp_recv = request.resp_begin = request.resp_end = NT_TIME_NONE;
	request.resp_complete = false;
	use_http(&request, 1);
	list.tcp_conns[0].client.packets = 3;
	assert_has(print_timeline(), "-> no response in the capture  [");
	assert_lacks(printed, "xx");
}
END_TEST

START_TEST(status_of_zeros_is_a_response)
{
	struct trace_http_request request = http(2, 1);

	request.status = 0;
	use_http(&request, 1);
	assert_has(print_timeline(), "-> 000, 15381 bytes,");
	assert_lacks(printed, "response missing");
}
END_TEST

START_TEST(cut_packets_are_not_the_fault_of_the_server)
{
	struct trace_http_request request = http(2, 1);

	request.truncated = true;
	request.resp_complete = request.req_complete = false;
	use_http(&request, 1);
	assert_has(print_timeline(), "(request not complete) -> 200, 15381 bytes, first byte after 20 ms,\n"
				     "                                  body truncated  [");
	list.tcp_conns[0].server.cut_bytes = 1;
	assert_has(print_timeline(), "(request not complete in the capture) -> 200, 15381 bytes,\n"
				     "                                  first byte after 20 ms, not complete in the capture  [");
}
END_TEST

START_TEST(proxy_tunnel_comes_before_what_runs_in_it)
{
	struct trace_http_request requests[] = { http(2, 1), http(3, 1) };
	struct trace_tls_tunnel tunnel = tls(4, 1);
	const char *text, *connect, *handshake, *get;

	requests[0].is_connect = true;
	requests[0].method = BYTES("CONNECT");
	requests[0].url = BYTES("www.example.test:443");
	requests[0].resp_content_size = 0;
	requests[0].req_sent = AT_MS(1);
	requests[1].network_proxy = BYTES("http://10.0.0.9:3128");
	use_tls(&tunnel);
	use_http(requests, 2);
	text = print_timeline();
	connect = strstr(text, "  CONNECT www.example.test:443 -> 200, first byte after");
	handshake = strstr(text, "  TLS 1.2,");
	get = strstr(text, "  GET https://www.example.test/index.html via http://10.0.0.9:3128 -> 200");
	ck_assert_msg(connect && handshake && get && connect < handshake && handshake < get, "%s", text);
}
END_TEST

START_TEST(requests_of_a_connection_are_cut_without_verbose)
{
	static struct trace_http_request requests[60];

	for (size_t i = 0; i < 60; i++)
		requests[i] = http((trace_id)(i + 2), 1);
	use_http(requests, 60);
	assert_has(print_timeline(), "… and 10 more exchanges (-v shows all)\n");
	output.verbose = true;
	assert_lacks(print_timeline(), "more exchanges");
}
END_TEST

START_TEST(header_fields_are_shown_with_verbose)
{
	static const struct trace_http_field fields[] = { { BYTES("Host"), BYTES("www.example.test"), 16 },
							  { BYTES("Cookie"), { 0 }, 99 } };
	struct trace_http_request request = http(2, 1);

	request.req_fields = fields;
	request.req_field_count = 2;
	use_http(&request, 1);
	assert_lacks(print_timeline(), "Cookie");
	output.verbose = true;
	assert_has(print_timeline(), "                                  > Host: www.example.test\n"
				     "                                  > Cookie (99 bytes)\n");
}
END_TEST

/* ---- what is not shown ---- */

START_TEST(bare_udp_flows_are_counted_by_protocol)
{
	struct trace_udp_conn udps[] = { udp(1, 0), udp(2, 0), udp(3, 0) };

	udps[0].app_protocol = udps[2].app_protocol = BYTES("NTP");
	USE(udp_conns, udp_conn_count, udps);
	ck_assert_str_eq(print_timeline(), "and 3 UDP flows: 1 unknown, 2 NTP (-v shows them)\n");
	output.verbose = true;
	assert_has(print_timeline(),
		   "UDP   ========================  10.0.0.2:50000 -> 10.77.0.1:53   60 bytes in 2 datagrams sent, 120 bytes in 2 "
		   "received, NTP, over 3.0 ms  [#1-#4]\n");
}
END_TEST

START_TEST(timeline_ends_after_200_entries_without_verbose)
{
	static struct trace_dial dials[250];

	for (size_t i = 0; i < 250; i++)
		dials[i] = dial((trace_id)(i + 1));
	USE(dials, dial_count, dials);
	assert_has(print_timeline(), "\n… and 50 more (-v shows all)\n");
	output.verbose = true;
	assert_lacks(print_timeline(), "more (-v");
}
END_TEST

START_TEST(kinds_that_were_left_out_do_not_show)
{
	struct trace_dial dials[] = { dial(1) };
	struct trace_tcp_conn tcps[] = { tcp(2, 1) };
	struct trace_http_request requests[] = { http(3, 2) };

	USE(dials, dial_count, dials);
	USE(tcp_conns, tcp_conn_count, tcps);
	USE(http_requests, http_request_count, requests);
	output.omit.tcp = true;
	assert_lacks(print_timeline(), "TCP ");
	assert_has(printed, "  GET https://");
	output.omit.http = true;
	assert_lacks(print_timeline(), "HTTP ");
	output.omit = (struct output_omit){ .dials = true };
	assert_has(print_timeline(), "+0.004 s  10.0.0.2 -> 198.51.100.10:443   50 ms\n");
	output.omit.tcp = output.omit.http = true;
	ck_assert_str_eq(print_timeline(), "no connections and no look-ups\n");
}
END_TEST

/* ---- the head ---- */

START_TEST(head_says_what_was_not_used)
{
	stats.skipped.not_ip = 3;
	stats.skipped.malformed = 2;
	stats.cut_packets = 4;
	stats.time_went_backwards = 1;
	output.filter = "port 80";
	assert_has(print_all(), "packets  45 read, 45 taken by the filter port 80; 40 TCP, 5 UDP, 0 ICMP; 4 cut by the snaplen; 1 "
				"older than the one before; not used: 3 not IP,\n"
				"         2 malformed\n");
}
END_TEST

START_TEST(limits_are_never_reached_in_silence)
{
	hits.count[LIMIT_DNS_RECORDS_HIT] = 7;
	assert_has(print_all(), "limits   dnsRecords reached 7 times\n");
	output.verbose = true;
	assert_has(print_all(), "limit dnsRecords, reached 7 times: further records of one DNS message are left out\n");
}
END_TEST

START_TEST(verbose_names_what_was_not_looked_into)
{
	stats.unknown[0] = (struct correlate_unknown){ NET_ETHERTYPE, 0x88cc, 12 };
	stats.unknown_count = 1;
	output.verbose = true;
	assert_has(print_all(), "not looked into: EtherType 35020 (0x88cc), 12 packets\n");
}
END_TEST

/* ---- text from outside ---- */

struct text_case {
	struct bytes in;
	size_t max;
	const char *out;
};

static const struct text_case texts[] = {
	{ BYTES("plain ~ text"), 0, "plain ~ text" },
	{ BYTES("Grüße 日本 \360\237\230\200"), 0, "Grüße 日本 \360\237\230\200" },
	{ BYTES("\033[31mred\a"), 0, "\\x1b[31mred\\x07" },
	{ BYTES("a\0b\nc\rd\te\177"), 0, "a\\x00b\\x0ac\\x0dd\\x09e\\x7f" },
	{ BYTES("\302\233"
		"31m"),
	  0, "\\xc2\\x9b31m" },                                /* C1: CSI */
	{ BYTES("\342\200\256txt"), 0, "\\xe2\\x80\\xaetxt" }, /* right-to-left override */
	{ BYTES("\377\376"), 0, "\\xff\\xfe" },
	{ BYTES("\300\200"), 0, "\\xc0\\x80" },                   /* overlong 0 */
	{ BYTES("\355\240\200"), 0, "\\xed\\xa0\\x80" },          /* surrogate */
	{ BYTES("\364\220\200\200"), 0, "\\xf4\\x90\\x80\\x80" }, /* beyond Unicode */
	{ BYTES("end \342\202"), 0, "end \\xe2\\x82" },
	{ BYTES("\342A"), 0, "\\xe2A" },
	{ BYTES("123456"), 4, "1234…" },
	{ BYTES("1234"), 4, "1234" },
	{ { NULL, 0 }, 4, "" },
};

START_TEST(nothing_from_outside_controls_the_terminal)
{
	const struct text_case *row = &texts[_i];
	/* exactly as large, so that a sanitizer sees a read beyond */
	uint8_t *copy = nt_alloc(row->in.size);
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	if (row->in.size)
		memcpy(copy, row->in.at, row->in.size);
	text_print(file, (struct bytes){ copy, row->in.size }, row->max);
	fclose(file);
	free(copy);
	ck_assert_str_eq(printed, row->out);
}
END_TEST

START_TEST(records_print_escaped)
{
	struct trace_dial dials[] = { dial(1) };
	struct trace_tcp_conn tcps[] = { tcp(2, 1) };
	struct trace_http_request requests[] = { http(3, 2) };
	struct trace_tls_tunnel tunnels[] = { tls(4, 2) };

	output.description = "\033a";
	dials[0].host = dials[0].error = BYTES("\033b");
	requests[0].method = requests[0].url = requests[0].error = requests[0].network_proxy = BYTES("\033c");
	tunnels[0].server_name = tunnels[0].negotiated_protocol = tunnels[0].error = certificates[0].subject = BYTES("\033d");
	USE(dials, dial_count, dials);
	USE(tcp_conns, tcp_conn_count, tcps);
	USE(http_requests, http_request_count, requests);
	USE(tls_tunnels, tls_tunnel_count, tunnels);
	assert_lacks(print_all(), "\033");
	output.verbose = true;
	assert_lacks(print_all(), "\033");
}
END_TEST

START_TEST(colour_comes_only_when_asked_for)
{
	struct trace_dial dials[] = { dial(1) };

	dials[0].error = BYTES("x");
	USE(dials, dial_count, dials);
	assert_lacks(print_all(), "\033");
	output.colour = true;
	assert_has(print_all(), "\033[31mx\033[0m");
}
END_TEST

START_TEST(failed_writing_is_noticed)
{
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		return;
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert(!output_report(full, &output));
	fclose(full);
}
END_TEST

/* ---- amounts ---- */

struct duration_case {
	int64_t microseconds;
	const char *text;
};

static const struct duration_case durations[] = {
	{ 0, "0.00 ms" },
	{ 40, "0.04 ms" },
	{ 400, "0.4 ms" },
	{ 3149, "3.1 ms" },
	{ 9949, "9.9 ms" },
	{ 12000, "12 ms" },
	{ 999499, "999 ms" },
	{ 999500, "1.0 s" },
	{ 1200000, "1.2 s" },
	{ 125000000, "2 min 5 s" },
	{ 7200000000, "2 h 0 min" },
	{ -1, "an unknown time" },
	{ 172799000000, "47 h 59 min" },
	{ 172800000000, "2 days 0 h" },
	{ INT64_MAX, "106751991 days 4 h" },
};

START_TEST(durations_have_a_unit_that_fits)
{
	char text[TEXT_SIZE];

	ck_assert_str_eq(text_duration(durations[_i].microseconds, text), durations[_i].text);
}
END_TEST

START_TEST(times_without_meaning_are_unknown)
{
	char text[TEXT_SIZE];

	ck_assert_str_eq(text_between(NT_TIME_NONE, BEGIN, text), "an unknown time");
	ck_assert_str_eq(text_between(BEGIN, BEGIN - 1, text), "0.00 ms");
	ck_assert_str_eq(text_between(INT64_MIN + 1, INT64_MAX, text), "an unknown time");
	ck_assert_str_eq(text_time(NT_TIME_NONE, text), "an unknown time");
	ck_assert_str_eq(text_time(-1, text), "1969-12-31 23:59:59.999999 UTC");
	ck_assert_str_eq(text_date(INT64_MIN, text), "an unknown date");
	ck_assert_str_eq(text_date(INT64_MAX, text), "an unknown date");
}
END_TEST

START_TEST(bytes_have_all_digits_while_they_are_few)
{
	char text[TEXT_SIZE];

	ck_assert_str_eq(text_bytes(1, text), "1 byte");
	ck_assert_str_eq(text_bytes(9999999, text), "9999999 bytes");
	ck_assert_str_eq(text_bytes(12345678, text), "12.3 MB");
	ck_assert_str_eq(text_bytes(15000000000, text), "15.00 GB");
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

static void add_protocols(Suite *suite)
{
	TCase *tcp_case = add_case(suite, "tcp"), *dns = add_case(suite, "dns"), *tls_case = add_case(suite, "tls");
	TCase *http_case = add_case(suite, "http");

	tcase_add_loop_test(tcp_case, fate_of_a_connection_is_said_plainly, 0, ROWS(tcp_cases));
	tcase_add_test(tcp_case, server_that_closed_alone_is_named);
	tcase_add_test(tcp_case, troubles_of_both_sides_are_counted_together);
	tcase_add_test(tcp_case, connection_without_dial_has_a_title_of_its_own);
	tcase_add_test(tcp_case, reused_connection_without_exchange_begins_with_its_first_packet);
	tcase_add_test(tcp_case, reused_connection_begins_with_its_first_exchange);
	tcase_add_loop_test(dns, failed_look_up_names_its_rcode, 0, ROWS(rcodes));
	tcase_add_test(dns, look_up_without_dial_has_a_title_of_its_own);
	tcase_add_test(dns, look_up_without_reply_says_so_and_counts_queries);
	tcase_add_test(dns, icmp_error_explains_the_missing_reply);
	tcase_add_test(dns, one_type_may_fail_while_the_other_is_answered);
	tcase_add_test(dns, missing_aaaa_of_a_name_with_an_address_is_no_trouble);
	tcase_add_test(dns, names_of_a_conversation_are_told_apart);
	tcase_add_test(dns, alias_and_repeated_reply_are_shown_once);
	tcase_add_test(dns, long_answers_are_cut);
	tcase_add_test(dns, long_values_are_cut_earlier);
	tcase_add_loop_test(dns, reply_to_no_query_says_what_it_is, 0, 2);
	tcase_add_loop_test(dns, missing_type_that_no_dial_needed_is_no_failure, 0, 2);
	tcase_add_test(dns, signatures_are_for_verbose);
	tcase_add_test(dns, llmnr_question_that_nobody_answers_is_no_failure);
	tcase_add_test(dns, mdns_question_needs_no_answer);
	tcase_add_test(tls_case, fatal_alert_says_who_sent_it);
	tcase_add_test(tls_case, unanswered_client_hello_gives_the_error);
	tcase_add_loop_test(tls_case, handshake_that_the_capture_has_in_part_is_no_failure, 0, 3);
	tcase_add_test(tls_case, handshake_that_ended_too_soon_is_a_failure);
	tcase_add_test(tls_case, what_came_before_the_capture_is_not_known);
	tcase_add_test(tls_case, close_notify_is_no_trouble);
	tcase_add_test(tls_case, expired_certificate_is_told_by_the_time_of_the_handshake);
	tcase_add_test(tls_case, unknown_numbers_are_printed_as_numbers);
	tcase_add_test(tls_case, quic_is_shown_without_verbose);
	tcase_add_test(tls_case, quic_handshake_without_an_end_has_not_failed);
	tcase_add_test(tls_case, verbose_shows_fingerprints_and_certificates);
	tcase_add_test(tls_case, verbose_shows_of_a_told_handshake_only_what_was_told);
	tcase_add_test(http_case, missing_response_is_said);
	tcase_add_test(http_case, orphan_response_is_shown);
	tcase_add_test(http_case, truncated_body_is_said);
	tcase_add_test(http_case, end_of_the_capture_is_not_the_fault_of_the_server);
	tcase_add_test(http_case, one_direction_alone_is_not_the_fault_of_the_server);
	tcase_add_test(http_case, status_of_zeros_is_a_response);
	tcase_add_test(http_case, cut_packets_are_not_the_fault_of_the_server);
	tcase_add_test(http_case, proxy_tunnel_comes_before_what_runs_in_it);
	tcase_add_test(http_case, requests_of_a_connection_are_cut_without_verbose);
	tcase_add_test(http_case, header_fields_are_shown_with_verbose);
}

static void add_text(Suite *suite)
{
	TCase *text = add_case(suite, "text");

	tcase_add_loop_test(text, nothing_from_outside_controls_the_terminal, 0, ROWS(texts));
	tcase_add_test(text, records_print_escaped);
	tcase_add_test(text, colour_comes_only_when_asked_for);
	tcase_add_test(text, failed_writing_is_noticed);
	tcase_add_loop_test(text, durations_have_a_unit_that_fits, 0, ROWS(durations));
	tcase_add_test(text, times_without_meaning_are_unknown);
	tcase_add_test(text, bytes_have_all_digits_while_they_are_few);
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("report");
	TCase *order = add_case(suite, "order"), *hidden = add_case(suite, "hidden"), *head = add_case(suite, "head");

	tcase_add_test(order, whole_exchange_is_told_in_order);
	tcase_add_test(order, nothing_found_is_said);
	tcase_add_test(order, entries_are_in_the_order_of_time);
	tcase_add_test(order, failed_dial_says_after_what_time_and_why);
	tcase_add_test(order, failure_of_an_unknown_time_is_said_without_one);
	tcase_add_test(order, dial_that_never_got_past_dns_has_no_port);
	tcase_add_test(order, ip6_addresses_with_ports_are_in_brackets);
	tcase_add_test(order, events_before_the_begin_have_a_minus);
	tcase_add_test(order, trace_without_times_prints);
	add_protocols(suite);
	tcase_add_test(hidden, bare_udp_flows_are_counted_by_protocol);
	tcase_add_test(hidden, timeline_ends_after_200_entries_without_verbose);
	tcase_add_test(hidden, kinds_that_were_left_out_do_not_show);
	tcase_add_test(head, head_says_what_was_not_used);
	tcase_add_test(head, limits_are_never_reached_in_silence);
	tcase_add_test(head, verbose_names_what_was_not_looked_into);
	add_text(suite);
	return suite;
}
