/*
 * Dials: lookups and attempts that belong together, and the name that was meant (TRACE.md, dials).
 */
#include "dissect/dns/dns.h"
#include "tests/support/dns_message.h"
#include "tests/support/scene.h"
#include "tests/support/tls_wire.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct scene s;

static void setup(void)
{
	scene_begin(&s);
}

static void teardown(void)
{
	scene_free(&s);
}

#define NAME "www.example.org"
#define V4 "192.0.2.1"
#define V4_OTHER "192.0.2.2"
#define V6 "2001:db8::1"
#define CLIENT_V6 "2001:db8::c"

/* Records come sorted by id: dials in the order of their first SYN. */
static const struct trace_dial *end_with(size_t count)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.dial_count, count);
	return s.got.dials;
}

static void check_text(struct bytes got, const char *expected)
{
	ck_assert_msg(bytes_equal(got, bytes_of(expected)), "\"%.*s\", not \"%s\"", (int)got.size, (const char *)got.at, expected);
}

static struct scene_tcp to(const char *address, uint16_t client_port)
{
	return scene_tcp_between(&s, strchr(address, ':') ? CLIENT_V6 : "10.0.0.1", client_port, address, 443);
}

static void open_to(const char *address, uint16_t client_port)
{
	struct scene_tcp t = to(address, client_port);

	scene_open(&t);
}

static void refuse(const char *address, uint16_t client_port)
{
	struct scene_tcp t = to(address, client_port);

	scene_syn(&t);
	scene_rst(&t, SERVER);
}

static void send_hello(struct scene_tcp *t, const char *name)
{
	static struct wire w;
	size_t record, message, block;

	w.size = 0;
	record = wire_open_record(&w, 22);
	message = wire_open_message(&w, 1);
	wire_put_hello_start(&w, TLS_1_2, wire_two_ciphers);
	block = wire_open(&w, 2);
	wire_put_name(&w, name);
	wire_shut(&w, block, 2);
	wire_shut(&w, message, 3);
	wire_shut(&w, record, 2);
	scene_send_bytes(t, CLIENT, w.at, w.size);
}

/* ---- lookup and connection ---- */

START_TEST(two_lookups_and_a_connection_are_one_dial)
{
	struct scene_dns a = scene_dns(&s, 50000), aaaa = scene_dns(&s, 50001);
	struct scene_tcp t = to(V4, 40000);
	const struct trace_dial *dial;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_dns_reply(&aaaa, 2, NAME, DNS_TYPE_AAAA, NULL);
	scene_open(&t);
	dial = end_with(1);
	check_text(dial->host, NAME);
	ck_assert_int_eq(dial->host_by, TRACE_BY_DNS);
	ck_assert_uint_eq(dial->port, 443);
	ck_assert_int_eq(dial->begin, scene_at(1));
	ck_assert_int_eq(dial->end, scene_at(7));
	ck_assert_uint_eq(dial->error.size, 0);
	ck_assert_uint_eq(dial->source_ip_version, 4);
	ck_assert_uint_eq(dial->source.bytes[3], 1);
	ck_assert_uint_eq(dial->established_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(dial->attempt_count, 1);
	ck_assert_uint_eq(dial->attempts[0], s.got.tcp_conns[0].id);
	ck_assert_uint_eq(s.got.tcp_conns[0].from_dial, dial->id);
	ck_assert_uint_eq(dial->resolver_dial_count, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(dial->resolver_dials[i].established_conn, s.got.udp_conns[i].id);
		ck_assert_uint_eq(dial->resolver_dials[i].nameserver_port, 53);
		ck_assert_uint_eq(dial->resolver_dials[i].nameserver.bytes[3], 53);
		ck_assert_int_eq(dial->resolver_dials[i].begin, scene_at((uint64_t)i + 1));
		ck_assert_uint_eq(s.got.udp_conns[i].from_dial, dial->id);
		ck_assert_uint_eq(s.got.dns_queries[i].from_dial, dial->id);
	}
	ck_assert_uint_eq(dial->first_packet.number, 1);
}
END_TEST

START_TEST(connection_without_a_lookup_is_named_by_its_address)
{
	const struct trace_dial *dial;

	open_to(V6, 40000);
	dial = end_with(1);
	check_text(dial->host, V6);
	ck_assert_int_eq(dial->host_by, TRACE_BY_ADDRESS);
	ck_assert_uint_eq(dial->resolver_dial_count, 0);
	ck_assert_int_eq(dial->begin, scene_at(1));
	ck_assert_int_eq(dial->end, scene_at(3));
}
END_TEST

START_TEST(lookup_that_led_to_no_connection_is_no_dial)
{
	scene_lookup(&s, 50000, NAME, V4);
	end_with(0);
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, 0);
}
END_TEST

START_TEST(open_connection_has_no_dial)
{
	struct scene_tcp t = to(V4, 40000);

	scene_lookup(&s, 50000, NAME, V4);
	scene_send(&t, CLIENT, "\1\2\3");
	end_with(0);
	ck_assert_uint_eq(s.got.tcp_conns[0].from_dial, 0);
}
END_TEST

START_TEST(retry_at_another_server_is_another_resolver_dial)
{
	struct scene_dns first = scene_dns(&s, 50000), second = scene_dns(&s, 50000);
	const struct trace_dial *dial;

	second.nameserver = "10.0.0.54";
	scene_dns_query(&first, 1, NAME, DNS_TYPE_A);
	scene_wait(&s, 5 * NT_SECOND);
	scene_dns_query(&second, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&second, 1, NAME, DNS_TYPE_A, V4);
	open_to(V4, 40000);
	dial = end_with(1);
	ck_assert_uint_eq(dial->resolver_dial_count, 2);
	ck_assert_uint_eq(dial->resolver_dials[0].nameserver.bytes[3], 53);
	ck_assert_uint_eq(dial->resolver_dials[1].nameserver.bytes[3], 54);
	ck_assert_int_eq(dial->begin, scene_at(1));
}
END_TEST

START_TEST(fallback_to_tcp_is_another_resolver_dial)
{
	struct scene_dns udp = scene_dns(&s, 50000);
	struct scene_tcp tcp = scene_tcp_between(&s, "10.0.0.1", 50001, "10.0.0.53", 53);
	struct bytes message;
	const struct trace_dial *dial;

	scene_dns_query(&udp, 1, NAME, DNS_TYPE_A);
	scene_dns_failure(&udp, 1, NAME, DNS_TYPE_A, 0);
	scene_open(&tcp);
	message = scene_dns_over_tcp(scene_dns_query_bytes(2, NAME, DNS_TYPE_A));
	scene_send_bytes(&tcp, CLIENT, message.at, message.size);
	message = scene_dns_over_tcp(scene_dns_reply_bytes(2, NAME, DNS_TYPE_A, V4, 0));
	scene_send_bytes(&tcp, SERVER, message.at, message.size);
	scene_close(&tcp);
	open_to(V4, 40000);
	dial = end_with(1);
	ck_assert_uint_eq(dial->resolver_dial_count, 2);
	ck_assert_uint_eq(dial->resolver_dials[1].established_conn, s.got.tcp_conns[0].id);
	ck_assert_uint_eq(s.got.tcp_conns[0].from_dial, dial->id);
	ck_assert(s.got.tcp_conns[0].from_resolver);
}
END_TEST

START_TEST(cached_name_makes_a_dial_without_resolver)
{
	const struct trace_dial *dial;
	struct scene_tcp first = to(V4, 40000);

	scene_lookup(&s, 50000, NAME, V4);
	scene_open(&first);
	scene_close(&first);
	scene_wait(&s, 60 * NT_SECOND);
	open_to(V4, 40001);
	dial = end_with(2);
	ck_assert_uint_eq(dial[0].resolver_dial_count, 1);
	ck_assert_uint_eq(dial[1].resolver_dial_count, 0);
	check_text(dial[1].host, NAME);
	ck_assert_int_eq(dial[1].begin, s.got.tcp_conns[1].handshake_begin);
}
END_TEST

START_TEST(lookup_long_before_the_connection_is_no_part_of_its_dial)
{
	const struct trace_dial *dial;

	scene_lookup(&s, 50000, NAME, V4);
	scene_wait(&s, 8 * NT_SECOND);
	open_to(V4, 40000);
	dial = end_with(1);
	check_text(dial->host, NAME);
	ck_assert_uint_eq(dial->resolver_dial_count, 0);
	ck_assert_int_eq(dial->begin, s.got.tcp_conns[0].handshake_begin);
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, 0);
}
END_TEST

START_TEST(connection_that_waited_for_an_unanswered_query_is_its_dial)
{
	struct scene_dns a = scene_dns(&s, 50000), aaaa = scene_dns(&s, 50001);
	const struct trace_dial *dial;

	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_wait(&s, 10 * NT_SECOND);
	open_to(V4, 40000);
	dial = end_with(1);
	ck_assert_uint_eq(dial->resolver_dial_count, 2);
	ck_assert_int_eq(dial->begin, scene_at(1));
}
END_TEST

START_TEST(resolver_of_another_family_than_the_connection)
{
	struct scene_dns aaaa = scene_dns(&s, 50000);

	scene_dns_query(&aaaa, 1, NAME, DNS_TYPE_AAAA);
	scene_dns_reply(&aaaa, 1, NAME, DNS_TYPE_AAAA, V6);
	open_to(V6, 40000);
	check_text(end_with(1)->host, NAME);
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 1);
	ck_assert_uint_eq(s.got.dials[0].source_ip_version, 6);
}
END_TEST

START_TEST(answer_of_one_client_names_nothing_of_another)
{
	struct scene_tcp t = scene_tcp_between(&s, "10.0.0.9", 40000, V4, 443);

	scene_lookup(&s, 50000, NAME, V4);
	scene_open(&t);
	check_text(end_with(1)->host, V4);
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 0);
}
END_TEST

START_TEST(each_client_has_its_own_lookup)
{
	struct scene_dns other = scene_dns(&s, 50000);
	struct scene_tcp t = scene_tcp_between(&s, "10.0.0.9", 40000, V4, 443);
	const struct trace_dial *dial;

	other.client = "10.0.0.9";
	scene_lookup(&s, 50000, NAME, V4);
	scene_dns_query(&other, 1, "other.example", DNS_TYPE_A);
	scene_dns_reply(&other, 1, "other.example", DNS_TYPE_A, V4);
	open_to(V4, 40000);
	scene_open(&t);
	dial = end_with(2);
	check_text(dial[0].host, NAME);
	check_text(dial[1].host, "other.example");
	ck_assert(dial[0].resolver_dial_count == 1 && dial[1].resolver_dial_count == 1);
}
END_TEST

/* ---- attempts ---- */

START_TEST(happy_eyeballs_is_one_dial)
{
	struct scene_dns a = scene_dns(&s, 50000), aaaa = scene_dns(&s, 50001);
	struct scene_tcp v6 = to(V6, 40000), v4 = to(V4, 40001);
	const struct trace_dial *dial;

	scene_dns_query(&aaaa, 2, NAME, DNS_TYPE_AAAA);
	scene_dns_query(&a, 1, NAME, DNS_TYPE_A);
	scene_dns_reply(&aaaa, 2, NAME, DNS_TYPE_AAAA, V6);
	scene_dns_reply(&a, 1, NAME, DNS_TYPE_A, V4);
	scene_syn(&v6);
	scene_wait(&s, 250 * NT_MILLISECOND); /* RFC 8305 5 */
	scene_open(&v4);
	dial = end_with(1);
	check_text(dial->host, NAME);
	ck_assert_uint_eq(dial->attempt_count, 2);
	ck_assert_uint_eq(dial->established_conn, s.got.tcp_conns[1].id);
	ck_assert_uint_eq(dial->source_ip_version, 4);
	ck_assert_uint_eq(dial->error.size, 0);
	ck_assert_int_eq(dial->end, s.got.tcp_conns[1].handshake_end);
	ck_assert(s.got.tcp_conns[0].from_dial == dial->id && s.got.tcp_conns[1].from_dial == dial->id);
}
END_TEST

static void two_addresses(void)
{
	scene_lookup(&s, 50000, NAME, V4);
	scene_lookup(&s, 50001, NAME, V4_OTHER);
}

START_TEST(next_address_after_a_refusal_belongs_to_the_dial)
{
	const struct trace_dial *dial;

	two_addresses();
	refuse(V4, 40000);
	open_to(V4_OTHER, 40001);
	dial = end_with(1);
	ck_assert_uint_eq(dial->attempt_count, 2);
	ck_assert_uint_eq(dial->error.size, 0);
	ck_assert_uint_eq(dial->established_conn, s.got.tcp_conns[1].id);
}
END_TEST

START_TEST(dial_that_failed_everywhere_names_its_first_address)
{
	const struct trace_dial *dial;

	two_addresses();
	refuse(V4, 40000);
	refuse(V4_OTHER, 40001);
	dial = end_with(1);
	check_text(dial->error, "dial tcp 192.0.2.1:443: connect: connection refused");
	ck_assert_uint_eq(dial->established_conn, 0);
	ck_assert_int_eq(dial->end, scene_at(8));
	check_text(dial->host, NAME);
}
END_TEST

START_TEST(attempt_long_after_a_failure_is_another_dial)
{
	two_addresses();
	refuse(V4, 40000);
	scene_wait(&s, 20 * NT_SECOND);
	open_to(V4_OTHER, 40001);
	end_with(2);
	ck_assert(s.got.dials[0].error.size && !s.got.dials[1].error.size);
}
END_TEST

START_TEST(same_address_again_is_another_dial)
{
	scene_lookup(&s, 50000, NAME, V4);
	refuse(V4, 40000);
	refuse(V4, 40001);
	end_with(2);
	check_text(s.got.dials[1].host, NAME);
}
END_TEST

START_TEST(parallel_connections_are_separate_dials)
{
	struct scene_tcp t[6];
	const struct trace_dial *dial;

	scene_lookup(&s, 50000, NAME, V4);
	for (int i = 0; i < 6; i++)
		t[i] = to(V4, (uint16_t)(40000 + i));
	for (int i = 0; i < 6; i++)
		scene_syn(&t[i]);
	for (int i = 0; i < 6; i++)
		scene_syn_ack(&t[i]);
	for (int i = 0; i < 6; i++)
		scene_ack(&t[i], CLIENT);
	dial = end_with(6);
	ck_assert_uint_eq(dial[0].resolver_dial_count, 1);
	for (int i = 0; i < 6; i++) {
		check_text(dial[i].host, NAME);
		ck_assert_uint_eq(dial[i].attempt_count, 1);
		ck_assert_uint_eq(dial[i].established_conn, s.got.tcp_conns[i].id);
		ck_assert(i == 0 || dial[i].resolver_dial_count == 0);
	}
}
END_TEST

START_TEST(another_port_is_another_dial)
{
	struct scene_tcp http = scene_tcp_between(&s, "10.0.0.1", 40001, V4_OTHER, 80), https = to(V4, 40000);

	two_addresses();
	scene_syn(&https);
	scene_syn(&http);
	end_with(2);
	ck_assert(s.got.dials[0].port == 443 && s.got.dials[1].port == 80);
}
END_TEST

START_TEST(repeated_icmp_errors_are_one_failure)
{
	struct scene_tcp first = to(V4, 40000), second = to(V4_OTHER, 40001), third = to("192.0.2.3", 40002);

	two_addresses();
	scene_lookup(&s, 50002, NAME, "192.0.2.3");
	scene_syn(&first);
	scene_syn(&second);
	scene_icmp_error(&first, CLIENT, "10.0.0.254", 3, 1);
	scene_icmp_error(&first, CLIENT, "10.0.0.254", 3, 1);
	scene_wait(&s, 5 * NT_SECOND);
	scene_open(&third); /* while the second is still waiting */
	ck_assert_uint_eq(end_with(1)->attempt_count, 3);
}
END_TEST

/* ---- failures ---- */

struct icmp_row {
	const char *address, *router;
	uint8_t type, code;
	const char *error;
};

static const struct icmp_row icmp_rows[] = {
	{ V4, "10.0.0.254", 3, 0, "dial tcp 192.0.2.1:443: connect: network is unreachable" },
	{ V4, "10.0.0.254", 3, 1, "dial tcp 192.0.2.1:443: connect: no route to host" },
	{ V4, "10.0.0.254", 3, 3, "dial tcp 192.0.2.1:443: connect: connection refused" },
	{ V4, "10.0.0.254", 3, 13, "dial tcp 192.0.2.1:443: connect: no route to host" },
	{ V6, "2001:db8::fe", 1, 0, "dial tcp [2001:db8::1]:443: connect: network is unreachable" },
	{ V6, "2001:db8::fe", 1, 3, "dial tcp [2001:db8::1]:443: connect: no route to host" },
	{ V6, "2001:db8::fe", 1, 4, "dial tcp [2001:db8::1]:443: connect: connection refused" },
};

START_TEST(icmp_error_is_the_reason)
{
	const struct icmp_row *row = &icmp_rows[_i];
	struct scene_tcp t = to(row->address, 40000);

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, row->router, row->type, row->code);
	check_text(end_with(1)->error, row->error);
	ck_assert_int_eq(s.got.dials[0].end, scene_at(2));
}
END_TEST

START_TEST(syn_that_nobody_answered_for_long_timed_out)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_wait(&s, NT_SECOND);
	scene_syn(&t);
	scene_wait(&s, 60 * NT_SECOND);
	scene_udp(&s, "10.0.0.7", 7, "10.0.0.8", 8, "x", 1);
	check_text(end_with(1)->error, "dial tcp 192.0.2.1:443: i/o timeout");
	ck_assert_int_eq(s.got.dials[0].end, SCENE_START + NT_SECOND + SCENE_STEP);
}
END_TEST

START_TEST(capture_that_ends_early_decides_nothing)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	ck_assert_uint_eq(end_with(1)->error.size, 0);
	ck_assert_uint_eq(s.got.dials[0].established_conn, 0);
	ck_assert_int_eq(s.got.dials[0].end, NT_TIME_NONE);
}
END_TEST

START_TEST(success_after_an_icmp_error_is_a_success)
{
	struct scene_tcp t = to(V4, 40000);

	scene_syn(&t);
	scene_icmp_error(&t, CLIENT, "10.0.0.254", 3, 1);
	scene_open(&t);
	ck_assert_uint_eq(end_with(1)->error.size, 0);
	ck_assert_uint_eq(s.got.dials[0].established_conn, s.got.tcp_conns[0].id);
	ck_assert_int_eq(s.got.dials[0].end, scene_at(5));
}
END_TEST

/* ---- names ---- */

START_TEST(server_name_of_tls_goes_before_dns)
{
	struct scene_tcp t = to(V4, 40000);

	scene_lookup(&s, 50000, "cdn.example.net", V4);
	scene_open(&t);
	send_hello(&t, NAME);
	check_text(end_with(1)->host, NAME);
	ck_assert_int_eq(s.got.dials[0].host_by, TRACE_BY_TLS_HELLO);
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 0); /* that lookup was for another name */
}
END_TEST

static void request(struct scene_tcp *t, const char *text)
{
	scene_open(t);
	scene_send(t, CLIENT, text);
}

struct host_row {
	const char *name, *request, *host;
	enum trace_evidence by;
};

static const struct host_row host_rows[] = {
	{ "name", "GET / HTTP/1.1\r\nHost: www.example.org:8080\r\n\r\n", "www.example.org", TRACE_BY_HTTP },
	{ "final dot", "GET / HTTP/1.1\r\nHost: www.example.org.\r\n\r\n", "www.example.org", TRACE_BY_HTTP },
	{ "the peer's address", "GET / HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n", "192.0.2.1", TRACE_BY_HTTP },
	{ "another address", "GET / HTTP/1.1\r\nHost: 198.51.100.1\r\n\r\n", "192.0.2.1", TRACE_BY_ADDRESS },
	{ "empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "192.0.2.1", TRACE_BY_ADDRESS },
	{ "absolute-form", "GET http://www.example.org/ HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "192.0.2.1", TRACE_BY_ADDRESS },
	{ "CONNECT", "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n", "192.0.2.1", TRACE_BY_ADDRESS },
};

START_TEST(host_field_names_the_dial_unless_it_is_a_proxy_s)
{
	const struct host_row *row = &host_rows[_i];
	struct scene_tcp t = to(V4, 40000);

	request(&t, row->request);
	check_text(end_with(1)->host, row->host);
	ck_assert_msg(s.got.dials[0].host_by == row->by, "%s", row->name);
}
END_TEST

START_TEST(proxy_has_its_name_from_dns)
{
	struct scene_tcp t = to(V4, 40000);

	scene_lookup(&s, 50000, "proxy.example", V4);
	request(&t, "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n");
	scene_send(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	send_hello(&t, "www.example.org");
	check_text(end_with(1)->host, "proxy.example");
	ck_assert_uint_eq(s.got.dials[0].resolver_dial_count, 1);
}
END_TEST

static void ask_socks(struct scene_tcp *t, int version)
{
	scene_open(t);
	if (version == 4) {
		scene_send_bytes(t, CLIENT, "\4\1\1\273\306\63\144\1me", 11);
		scene_send_bytes(t, SERVER, "\0\132\0\0\0\0\0\0", 8);
		return;
	}
	scene_send_bytes(t, CLIENT, "\5\1\0", 3);
	scene_send_bytes(t, SERVER, "\5\0", 2);
	scene_send_bytes(t, CLIENT, "\5\1\0\3\17www.example.org\1\273", 22);
	scene_send_bytes(t, SERVER, "\5\0\0\1\0\0\0\0\0\0", 10);
}

/* Which is what the proxy is to reach, as with CONNECT. */
START_TEST(name_behind_a_socks_proxy_is_not_the_dial_s)
{
	struct scene_tcp t = to(V4, 40000);

	ask_socks(&t, _i < 2 ? 4 : 5);
	if (_i % 2)
		send_hello(&t, NAME);
	else
		scene_send(&t, CLIENT, "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n");
	check_text(end_with(1)->host, V4);
	ck_assert_uint_eq(s.got.tls_tunnel_count + s.got.http_request_count, 1);
	if (_i % 2 == 0)
		check_text(s.got.http_requests[0].network_proxy, _i ? "socks5://" V4 ":443" : "socks4://" V4 ":443");
}
END_TEST

START_TEST(first_request_names_the_dial)
{
	struct scene_tcp t = to(V4, 40000);

	request(&t, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
	check_text(end_with(1)->host, "a.example");
}
END_TEST

START_TEST(latest_answer_names_an_address_of_two_names)
{
	scene_lookup(&s, 50000, "old.example", V4);
	scene_lookup(&s, 50001, "new.example", V4);
	open_to(V4, 40000);
	check_text(end_with(1)->host, "new.example");
}
END_TEST

START_TEST(name_that_was_meant_brings_its_own_lookup)
{
	struct scene_tcp t = to(V4, 40000);
	const struct trace_dial *dial;

	scene_lookup(&s, 50000, "old.example", V4);
	scene_lookup(&s, 50001, "new.example", V4);
	scene_open(&t);
	send_hello(&t, "old.example");
	dial = end_with(1);
	check_text(dial->host, "old.example");
	ck_assert_uint_eq(dial->resolver_dial_count, 1);
	ck_assert_uint_eq(dial->resolver_dials[0].established_conn, s.got.udp_conns[0].id);
	ck_assert_int_eq(dial->begin, scene_at(1));
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, dial->id);
	ck_assert_uint_eq(s.got.dns_queries[1].from_dial, 0);
}
END_TEST

START_TEST(lookup_after_the_connection_is_another_program_s)
{
	struct scene_tcp t = to(V4, 40000);
	const struct trace_dial *dial;

	scene_open(&t);
	scene_lookup(&s, 50000, NAME, V4);
	send_hello(&t, NAME);
	dial = end_with(1);
	check_text(dial->host, NAME);
	ck_assert_uint_eq(dial->resolver_dial_count, 0);
	ck_assert_uint_eq(s.got.dns_queries[0].from_dial, 0);
}
END_TEST

START_TEST(two_names_on_one_address_keep_their_lookups)
{
	struct scene_tcp first = to(V4, 40000), second = to(V4, 40001);
	const struct trace_dial *dial;

	scene_lookup(&s, 50000, "a.example", V4);
	scene_lookup(&s, 50001, "b.example", V4);
	scene_open(&first);
	scene_open(&second);
	send_hello(_i ? &first : &second, _i ? "a.example" : "b.example");
	send_hello(_i ? &second : &first, _i ? "b.example" : "a.example");
	dial = end_with(2);
	check_text(dial[0].host, "a.example");
	check_text(dial[1].host, "b.example");
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(dial[i].resolver_dial_count, 1);
		ck_assert_uint_eq(dial[i].resolver_dials[0].established_conn, s.got.udp_conns[i].id);
		ck_assert_uint_eq(s.got.dns_queries[i].from_dial, dial[i].id);
	}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("dials");
	TCase *lookup = tcase_create("lookup"), *attempts = tcase_create("attempts"), *failures = tcase_create("failures"),
	      *names = tcase_create("names");
	TCase *const all[] = { lookup, attempts, failures, names };

	tcase_add_test(lookup, two_lookups_and_a_connection_are_one_dial);
	tcase_add_test(lookup, connection_without_a_lookup_is_named_by_its_address);
	tcase_add_test(lookup, lookup_that_led_to_no_connection_is_no_dial);
	tcase_add_test(lookup, open_connection_has_no_dial);
	tcase_add_test(lookup, retry_at_another_server_is_another_resolver_dial);
	tcase_add_test(lookup, fallback_to_tcp_is_another_resolver_dial);
	tcase_add_test(lookup, cached_name_makes_a_dial_without_resolver);
	tcase_add_test(lookup, lookup_long_before_the_connection_is_no_part_of_its_dial);
	tcase_add_test(lookup, connection_that_waited_for_an_unanswered_query_is_its_dial);
	tcase_add_test(lookup, resolver_of_another_family_than_the_connection);
	tcase_add_test(lookup, answer_of_one_client_names_nothing_of_another);
	tcase_add_test(lookup, each_client_has_its_own_lookup);
	tcase_add_test(attempts, happy_eyeballs_is_one_dial);
	tcase_add_test(attempts, next_address_after_a_refusal_belongs_to_the_dial);
	tcase_add_test(attempts, dial_that_failed_everywhere_names_its_first_address);
	tcase_add_test(attempts, attempt_long_after_a_failure_is_another_dial);
	tcase_add_test(attempts, same_address_again_is_another_dial);
	tcase_add_test(attempts, parallel_connections_are_separate_dials);
	tcase_add_test(attempts, another_port_is_another_dial);
	tcase_add_test(attempts, repeated_icmp_errors_are_one_failure);
	tcase_add_loop_test(failures, icmp_error_is_the_reason, 0, sizeof icmp_rows / sizeof *icmp_rows);
	tcase_add_test(failures, syn_that_nobody_answered_for_long_timed_out);
	tcase_add_test(failures, capture_that_ends_early_decides_nothing);
	tcase_add_test(failures, success_after_an_icmp_error_is_a_success);
	tcase_add_test(names, server_name_of_tls_goes_before_dns);
	tcase_add_loop_test(names, host_field_names_the_dial_unless_it_is_a_proxy_s, 0, sizeof host_rows / sizeof *host_rows);
	tcase_add_test(names, proxy_has_its_name_from_dns);
	tcase_add_loop_test(names, name_behind_a_socks_proxy_is_not_the_dial_s, 0, 4);
	tcase_add_test(names, first_request_names_the_dial);
	tcase_add_test(names, latest_answer_names_an_address_of_two_names);
	tcase_add_test(names, name_that_was_meant_brings_its_own_lookup);
	tcase_add_test(names, lookup_after_the_connection_is_another_program_s);
	tcase_add_loop_test(names, two_names_on_one_address_keep_their_lookups, 0, 2);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}
