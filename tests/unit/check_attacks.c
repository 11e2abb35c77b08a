/*
 * Captures that were made to mislead or to exhaust whoever reads them: floods, scans, headers in splinters, and what is remembered of many.
 */
#include "dissect/net/net.h"
#include "tests/support/dns_message.h"
#include "tests/support/findings.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static struct scene s;

static void setup(void)
{
	scene_begin(&s);
	s.step = 10 * NT_MICROSECOND;
}

static void teardown(void)
{
	scene_free(&s);
}

/* ---- fragments ---- */

/* The TCP segment of a frame in fragments of `size` bytes. */
static void send_in_fragments(const uint8_t *frame, size_t frame_size, uint32_t id, uint32_t size)
{
	enum { HEADERS = 14 + 20 };
	const size_t whole = frame_size - HEADERS;
	uint8_t fragment[TEST_FRAME_SIZE];

	for (uint32_t at = 0; at < whole; at += size) {
		const uint32_t left = (uint32_t)whole - at;
		struct test_packet p = { .ip_id = id, .fragment_offset = at, .more_fragments = left > size };

		scene_frame(&s, fragment,
			    test_packet_ip(&p, IP_PROTOCOL_TCP, frame + HEADERS + at, left < size ? left : size, fragment));
	}
}

/* RFC 1858 3: not even the flags are in the first fragment. */
START_TEST(header_in_tiny_fragments_is_read)
{
	struct test_packet p = { .source_port = 40000, .destination_port = 80, .flags = TCP_SYN, .sequence = 1000 };
	uint8_t frame[TEST_FRAME_SIZE];

	send_in_fragments(frame, test_packet_tcp(&p, NULL, 0, frame), 7, 8);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.tcp_conns[0].tuple.destination_port, 80);
	ck_assert_uint_eq(s.got.tcp_conns[0].syn_count, 1);
	ck_assert_uint_eq(s.stats.skipped.fragments_unfinished, 0);
}
END_TEST

/* RFC 1858 4: another fragment makes a SYN out of what a filter took for an answer. */
START_TEST(fragment_that_changes_the_flags_is_told)
{
	struct test_packet p = { .source_port = 40000, .destination_port = 80, .flags = TCP_ACK, .sequence = 1000 };
	struct test_packet second = { .ip_id = 7, .fragment_offset = 8 };
	uint8_t frame[TEST_FRAME_SIZE], other[TEST_FRAME_SIZE];
	const struct test_packet first = { .ip_id = 7, .more_fragments = true };
	size_t size = test_packet_tcp(&p, NULL, 0, frame) - 34;

	ck_assert_uint_eq(size, 20);
	scene_frame(&s, other, test_packet_ip(&first, IP_PROTOCOL_TCP, frame + 34, 16, other));
	frame[34 + 13] = TCP_SYN;
	scene_frame(&s, other, test_packet_ip(&second, IP_PROTOCOL_TCP, frame + 34 + 8, 12, other));
	findings_expect_one(&s, FINDING_IP_CONFLICTING_FRAGMENTS);
	ck_assert_uint_eq(s.got.tcp_conns[0].syn_count, 0);
	ck_assert_uint_eq(s.stats.datagrams_reassembled, 1);
}
END_TEST

/* ---- floods and scans ---- */

enum { FLOOD = 3 * LIMIT_FINDINGS };

static void expect_few_findings(enum finding_code code)
{
	uint64_t told = 0, more = 0;

	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, FLOOD);
	for (size_t i = 0; i < s.got.finding_count; i++)
		if (s.got.findings[i].code == code) {
			told++;
			more += s.got.findings[i].more;
		}
	ck_assert_uint_eq(told, LIMIT_FINDINGS);
	ck_assert_uint_eq(more, FLOOD - LIMIT_FINDINGS);
	ck_assert_uint_eq(s.hits.count[LIMIT_FINDINGS_HIT], FLOOD - LIMIT_FINDINGS);
}

START_TEST(port_scan_is_told_in_a_few_findings)
{
	for (uint16_t port = 1000; port < 1000 + FLOOD; port++) {
		struct scene_tcp t = scene_tcp(&s, 40000, port);

		scene_syn(&t);
		scene_rst(&t, SERVER);
	}
	expect_few_findings(FINDING_TCP_REFUSED);
}
END_TEST

START_TEST(flood_of_syns_is_told_in_a_few_findings)
{
	for (unsigned i = 0; i < FLOOD; i++) {
		char address[16];
		struct scene_tcp t;

		snprintf(address, sizeof address, "10.1.%u.%u", i / 250, i % 250 + 1);
		t = scene_tcp_between(&s, address, 1024, "10.0.0.2", 80);
		scene_syn(&t);
	}
	scene_wait(&s, 200 * NT_SECOND);
	scene_lookup(&s, 50000, "a.example", "192.0.2.1");
	expect_few_findings(FINDING_TCP_TIMEOUT);
}
END_TEST

/* ---- what is remembered ---- */

static void query(uint16_t port, unsigned number)
{
	struct scene_dns d = scene_dns(&s, port);
	char name[32];

	snprintf(name, sizeof name, "w%u.example", number);
	scene_dns_query(&d, (uint16_t)number, name, DNS_TYPE_A);
}

START_TEST(names_that_nobody_answers_are_given_up_early)
{
	uint64_t messages = 0;

	for (unsigned i = 0; i <= LIMIT_LOOKUPS + 1; i++) /* the last one comes after the others were too many */
		query(50000, i);
	scene_end(&s);
	ck_assert_uint_eq(s.hits.count[LIMIT_LOOKUPS_HIT], 1);
	for (size_t i = 0; i < s.got.dns_query_count; i++)
		messages += s.got.dns_queries[i].message_count;
	ck_assert_uint_eq(messages, LIMIT_LOOKUPS + 2);
}
END_TEST

START_TEST(flows_of_one_lookup_are_limited)
{
	s.step = NT_SECOND / 2; /* a resolver that tries again, no threads beside each other */
	for (uint16_t i = 0; i <= LIMIT_LOOKUP_FLOWS; i++)
		query((uint16_t)(50000 + i), 1);
	scene_end(&s);
	ck_assert_uint_eq(s.hits.count[LIMIT_LOOKUP_FLOWS_HIT], 1);
	ck_assert_uint_eq(s.got.dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, LIMIT_LOOKUP_FLOWS);
	ck_assert_uint_eq(s.got.udp_conn_count, LIMIT_LOOKUP_FLOWS + 1);
}
END_TEST

/* A reply with as many addresses as fit, counted from `first`. */
static void answer(unsigned number, uint32_t first, uint16_t count)
{
	static uint8_t message[65000];
	struct bytes start;
	char name[32];
	size_t size;

	snprintf(name, sizeof name, "w%u.example", number);
	start = scene_dns_reply_bytes((uint16_t)number, name, DNS_TYPE_A, NULL, 0);
	memcpy(message, start.at, size = start.size);
	message[6] = (uint8_t)(count >> 8);
	message[7] = (uint8_t)count;
	for (uint32_t i = 0; i < count; i++, size += 16) {
		const uint32_t address = first + i;
		const uint8_t record[16] = { 0xc0,
					     12,
					     0,
					     1,
					     0,
					     1,
					     0,
					     0,
					     0,
					     60,
					     0,
					     4,
					     [12] = 10,
					     [13] = (uint8_t)(address >> 16),
					     [14] = (uint8_t)(address >> 8),
					     [15] = (uint8_t)address };

		memcpy(message + size, record, sizeof record);
	}
	scene_udp(&s, "10.0.0.53", 53, "10.0.0.1", 50000, message, size);
}

START_TEST(answers_that_are_remembered_are_limited)
{
	enum { EACH = 4000 };
	unsigned number = 0;
	uint32_t first;
	char address[16], name[16];
	struct scene_tcp t;

	for (first = 0; first <= LIMIT_NAMES; first += EACH) {
		query(50000, ++number);
		answer(number, first, EACH);
	}
	first = first - EACH + 5; /* of the last answer */
	snprintf(address, sizeof address, "10.%u.%u.%u", first >> 16, first >> 8 & 0xff, first & 0xff);
	snprintf(name, sizeof name, "w%u.example", number);
	t = scene_tcp_between(&s, "10.0.0.1", 40000, "10.0.0.5", 80); /* of the first answer */
	scene_open(&t);
	t = scene_tcp_between(&s, "10.0.0.1", 40001, address, 80);
	scene_open(&t);
	scene_end(&s);
	ck_assert_uint_ge(s.hits.count[LIMIT_NAMES_HIT], number * EACH - LIMIT_NAMES);
	ck_assert_uint_eq(s.got.dial_count, 2);
	ck_assert(bytes_equal(s.got.dials[0].host, BYTES("10.0.0.5")));
	ck_assert_msg(bytes_equal(s.got.dials[1].host, bytes_of(name)), "%.*s", (int)s.got.dials[1].host.size,
		      (const char *)s.got.dials[1].host.at);
}
END_TEST

START_TEST(clients_whose_history_is_remembered_are_limited)
{
	for (unsigned i = 0; i <= LIMIT_HTTP_CLIENTS; i++) {
		char address[16];
		struct scene_tcp t;

		snprintf(address, sizeof address, "10.1.%u.%u", i / 250, i % 250 + 1);
		t = scene_tcp_between(&s, address, 40000, "10.0.0.2", 80);
		scene_open(&t);
		scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		scene_send(&t, SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
	scene_end(&s);
	ck_assert_uint_eq(s.hits.count[LIMIT_HTTP_CLIENTS_HIT], 1);
	ck_assert_uint_eq(s.got.http_request_count, LIMIT_HTTP_CLIENTS + 1);
}
END_TEST

START_TEST(endpoints_that_are_known_as_proxies_are_limited)
{
	for (unsigned i = 0; i <= LIMIT_PROXIES; i++) {
		struct scene_tcp t = scene_tcp(&s, 40000, (uint16_t)(3128 + i));

		scene_open(&t);
		scene_send(&t, CLIENT, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
		scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	}
	scene_end(&s);
	ck_assert_uint_eq(s.hits.count[LIMIT_PROXIES_HIT], 1);
}
END_TEST

/* One record with one handshake message. */
static struct bytes record_of(struct wire *w, void (*put)(struct wire *w, unsigned choice))
{
	enum { HANDSHAKE = 22 };
	size_t record;

	w->size = 0;
	record = wire_open_record(w, HANDSHAKE);
	put(w, 0);
	wire_shut(w, record, 2);
	return (struct bytes){ w->at, w->size };
}

enum { CHAIN = 16 };

static void put_chain(struct wire *w, unsigned choice)
{
	(void)choice;
	wire_put_certificates(w, CHAIN, 8);
}

static size_t memory_in_use(void)
{
	return mallinfo2().uordblks;
}

START_TEST(chain_that_is_sent_again_and_again_is_kept_once)
{
	enum { TIMES = 2000, KEPT_BY_THE_SCENE = 300 };
	struct scene_tcp t = scene_tcp(&s, 40000, 443);
	struct wire w = { .size = 0 };
	struct bytes record = record_of(&w, wire_put_client_hello);
	size_t before;

	scene_open(&t);
	scene_send_bytes(&t, CLIENT, record.at, record.size);
	record = record_of(&w, wire_put_server_hello);
	scene_send_bytes(&t, SERVER, record.at, record.size);
	record = record_of(&w, put_chain);
	before = memory_in_use();
	for (unsigned i = 0; i < TIMES; i++)
		scene_send_bytes(&t, SERVER, record.at, record.size);
	ck_assert_uint_lt(memory_in_use(), before + TIMES * (record.size + KEPT_BY_THE_SCENE));
	scene_end(&s);
	ck_assert_uint_eq(s.got.tls_tunnel_count, 1);
	ck_assert_uint_eq(s.got.tls_tunnels[0].certificate_count, CHAIN);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("attacks");
	TCase *all = tcase_create("attacks");

	tcase_set_timeout(all, 60);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, header_in_tiny_fragments_is_read);
	tcase_add_test(all, fragment_that_changes_the_flags_is_told);
	tcase_add_test(all, port_scan_is_told_in_a_few_findings);
	tcase_add_test(all, flood_of_syns_is_told_in_a_few_findings);
	tcase_add_test(all, names_that_nobody_answers_are_given_up_early);
	tcase_add_test(all, flows_of_one_lookup_are_limited);
	tcase_add_test(all, answers_that_are_remembered_are_limited);
	tcase_add_test(all, clients_whose_history_is_remembered_are_limited);
	tcase_add_test(all, endpoints_that_are_known_as_proxies_are_limited);
	tcase_add_test(all, chain_that_is_sent_again_and_again_is_kept_once);
	suite_add_tcase(suite, all);
	return suite;
}
