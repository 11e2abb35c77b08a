/*
 * Connections that were captured before and behind an address translation.
 */
#include "correlate/views.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct trace_list list;

/* 10.0.0.1 becomes 198.51.100.1 on its way to 203.0.113.9. */
static struct conntrack_entry entry;
static struct address_tuple inside, outside;

static struct address_tuple tuple(const char *source, uint16_t source_port, const char *destination, uint16_t destination_port)
{
	struct address_tuple t = { .source_port = source_port, .destination_port = destination_port };

	ck_assert(ip_address_parse(source, &t.ip_version, &t.source));
	ck_assert(ip_address_parse(destination, &t.ip_version, &t.destination));
	return t;
}

static void setup(void)
{
	inside = tuple("10.0.0.1", 40000, "203.0.113.9", 443);
	outside = tuple("198.51.100.1", 61000, "203.0.113.9", 443);
	entry = (struct conntrack_entry){ .kind = CONNTRACK_DUMP, .original = inside };
	entry.reply = tuple("203.0.113.9", 443, "198.51.100.1", 61000);
}

static void teardown(void)
{
	trace_list_free(&list);
}

static void add_tcp(trace_id id, const struct address_tuple *seen, nt_time first)
{
	struct trace_tcp_conn conn = { .id = id,
				       .tuple = *seen,
				       .handshake_begin = first,
				       .last = first + NT_SECOND,
				       .interface = (uint32_t)id,
				       .first_packet = { .number = id * 10 },
				       .last_packet = { .number = id * 10 + 9 },
				       .conntrack = &entry };

	trace_list_sink.tcp_conn(&list, &conn);
}

static void add_udp(trace_id id, const struct address_tuple *seen, nt_time first)
{
	struct trace_udp_conn conn = { .id = id, .tuple = *seen, .create = first, .close = first + 1, .conntrack = &entry };

	trace_list_sink.udp_conn(&list, &conn);
}

static void add_dial(trace_id id, trace_id first, trace_id second)
{
	trace_id attempts[] = { first, second };
	struct trace_dial dial = { .id = id, .attempts = attempts, .attempt_count = second ? 2 : 1, .established_conn = first };

	trace_list_sink.dial(&list, &dial);
}

static void add_tunnel(trace_id id, trace_id conn)
{
	trace_list_sink.tls_tunnel(&list, &(struct trace_tls_tunnel){ .id = id, .tcp_conn = conn });
}

static void add_request(trace_id id, trace_id conn, trace_id redirected_from, trace_id retry_of)
{
	trace_list_sink.http_request(
		&list, &(struct trace_http_request){
			       .id = id, .tcp_conn = conn, .redirected_from = redirected_from, .retry_of = retry_of });
}

static void add_finding(trace_id about)
{
	trace_list_sink.finding(&list,
				&(struct trace_finding){ .code = FINDING_TCP_RETRANSMISSIONS, .traces = &about, .trace_count = 1 });
}

static void join(void)
{
	trace_list_sort(&list);
	views_join(&list);
}

START_TEST(two_sights_of_a_connection_are_one_with_a_view)
{
	const struct trace_tcp_conn *conn;

	add_tcp(1, _i ? &outside : &inside, NT_SECOND);
	add_tcp(2, _i ? &inside : &outside, NT_SECOND + 50);
	join();
	ck_assert_uint_eq(list.tcp_conn_count, 1);
	conn = &list.tcp_conns[0];
	ck_assert_uint_eq(conn->id, _i ? 2 : 1);
	ck_assert_uint_eq(conn->view_count, 1);
	ck_assert_mem_eq(&conn->views[0].tuple, &outside, sizeof outside);
	ck_assert_uint_eq(conn->views[0].interface, _i ? 1 : 2);
	ck_assert_uint_eq(conn->views[0].first_packet.number, _i ? 10 : 20);
	ck_assert_uint_eq(conn->views[0].last_packet.number, _i ? 19 : 29);
}
END_TEST

START_TEST(records_about_the_sight_from_outside_go_with_it)
{
	add_tcp(1, &inside, NT_SECOND);
	add_tcp(2, &outside, NT_SECOND);
	for (trace_id conn = 1; conn <= 2; conn++) {
		add_dial(10 + conn, conn, 0);
		add_tunnel(20 + conn, conn);
		add_request(30 + conn, conn, 0, 0);
		add_finding(conn);
		add_finding(30 + conn);
	}
	join();
	ck_assert_uint_eq(list.dial_count, 1);
	ck_assert_uint_eq(list.dials[0].id, 11);
	ck_assert_uint_eq(list.tls_tunnel_count, 1);
	ck_assert_uint_eq(list.tls_tunnels[0].id, 21);
	ck_assert_uint_eq(list.http_request_count, 1);
	ck_assert_uint_eq(list.http_requests[0].id, 31);
	ck_assert_uint_eq(list.finding_count, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert(list.findings[i].traces[0] == 1 || list.findings[i].traces[0] == 31);
}
END_TEST

START_TEST(nothing_refers_to_what_is_gone)
{
	add_tcp(1, &inside, NT_SECOND);
	add_tcp(2, &outside, NT_SECOND);
	add_request(31, 1, 32, 32);
	add_request(32, 2, 0, 0);
	add_request(33, 1, 31, 31);
	join();
	ck_assert_uint_eq(list.http_request_count, 2);
	ck_assert_uint_eq(list.http_requests[0].redirected_from, 0);
	ck_assert_uint_eq(list.http_requests[0].retry_of, 0);
	ck_assert_uint_eq(list.http_requests[1].redirected_from, 31);
	ck_assert_uint_eq(list.http_requests[1].retry_of, 31);
}
END_TEST

START_TEST(dial_with_an_attempt_that_was_seen_inside_stays)
{
	add_tcp(1, &inside, NT_SECOND);
	add_tcp(2, &outside, NT_SECOND);
	add_dial(11, 2, 1);
	join();
	ck_assert_uint_eq(list.dial_count, 1);
	ck_assert_uint_eq(list.dials[0].attempt_count, 1);
	ck_assert_uint_eq(list.dials[0].attempts[0], 1);
	ck_assert_uint_eq(list.dials[0].established_conn, 1);
}
END_TEST

START_TEST(datagrams_are_joined_as_well)
{
	add_udp(1, &inside, NT_SECOND);
	add_udp(2, &outside, NT_SECOND);
	trace_list_sink.dns_query(&list, &(struct trace_dns_query){ .id = 41, .connection = 1 });
	trace_list_sink.dns_query(&list, &(struct trace_dns_query){ .id = 42, .connection = 2 });
	trace_list_sink.tls_tunnel(&list, &(struct trace_tls_tunnel){ .id = 51, .udp_conn = 1 });
	trace_list_sink.tls_tunnel(&list, &(struct trace_tls_tunnel){ .id = 52, .udp_conn = 2 });
	join();
	ck_assert_uint_eq(list.udp_conn_count, 1);
	ck_assert_uint_eq(list.udp_conns[0].view_count, 1);
	ck_assert_mem_eq(&list.udp_conns[0].views[0].tuple, &outside, sizeof outside);
	ck_assert_uint_eq(list.dns_query_count, 1);
	ck_assert_uint_eq(list.dns_queries[0].id, 41);
	ck_assert_uint_eq(list.tls_tunnel_count, 1);
	ck_assert_uint_eq(list.tls_tunnels[0].id, 51);
}
END_TEST

START_TEST(ports_that_are_used_again_later_are_another_connection)
{
	add_tcp(1, &inside, NT_SECOND);
	add_tcp(2, &outside, 100 * NT_SECOND);
	join();
	ck_assert_uint_eq(list.tcp_conn_count, 2);
	ck_assert_uint_eq(list.tcp_conns[0].view_count, 0);
}
END_TEST

START_TEST(connection_that_was_seen_only_outside_stays)
{
	add_tcp(2, &outside, NT_SECOND);
	join();
	ck_assert_uint_eq(list.tcp_conn_count, 1);
	ck_assert_uint_eq(list.tcp_conns[0].view_count, 0);
}
END_TEST

START_TEST(nothing_is_joined_without_a_translation)
{
	outside = inside;
	entry.reply = tuple("203.0.113.9", 443, "10.0.0.1", 40000);
	add_tcp(1, &inside, NT_SECOND);
	add_tcp(2, &outside, NT_SECOND);
	join();
	ck_assert_uint_eq(list.tcp_conn_count, 2);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("views");
	TCase *tcase = tcase_create("both sides of a translation");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, two_sights_of_a_connection_are_one_with_a_view, 0, 2);
	tcase_add_test(tcase, records_about_the_sight_from_outside_go_with_it);
	tcase_add_test(tcase, nothing_refers_to_what_is_gone);
	tcase_add_test(tcase, dial_with_an_attempt_that_was_seen_inside_stays);
	tcase_add_test(tcase, datagrams_are_joined_as_well);
	tcase_add_test(tcase, ports_that_are_used_again_later_are_another_connection);
	tcase_add_test(tcase, connection_that_was_seen_only_outside_stays);
	tcase_add_test(tcase, nothing_is_joined_without_a_translation);
	suite_add_tcase(suite, tcase);
	return suite;
}
