/*
 * Very many flows at once: what is kept small then, tells the same in the end (LIMIT_HALF_OPEN, LIMIT_CLOSED_CONNECTIONS,
 * LIMIT_DNS_CONVERSATIONS).
 */
#include "dissect/dns/dns.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <stdio.h>

static struct scene alone, crowded, *s = &crowded;

static void setup(void)
{
	scene_begin(&alone);
	scene_begin(&crowded);
	alone.step = crowded.step = 10 * NT_MICROSECOND;
}

static void teardown(void)
{
	scene_free(&alone);
	scene_free(&crowded);
}

/* Attempts of other clients that nobody answers. */
static void make_crowd(struct scene *scene)
{
	for (unsigned i = 0; i < LIMIT_HALF_OPEN; i++) {
		char client[16];
		struct scene_tcp t;

		snprintf(client, sizeof client, "10.1.%u.%u", i / 256, i % 256);
		t = scene_tcp_between(scene, client, 40000, "10.0.0.2", 80);
		scene_syn(&t);
	}
}

/* Others are heard meanwhile: a silence of the whole capture would be taken for a short one. */
static void let_pass(struct scene *scene, unsigned seconds)
{
	while (seconds--) {
		scene_wait(scene, NT_SECOND);
		scene_udp(scene, "10.0.0.9", 1, "10.0.0.9", 2, "x", 1);
	}
}

static const struct trace_tcp_conn *conn_of_port(const struct scene *scene, uint16_t port)
{
	for (size_t i = 0; i < scene->got.tcp_conn_count; i++)
		if (scene->got.tcp_conns[i].tuple.source_port == port)
			return &scene->got.tcp_conns[i];
	ck_abort_msg("no connection from port %u", port);
	return NULL;
}

static const struct trace_dial *dial_of(const struct scene *scene, const struct trace_tcp_conn *conn)
{
	for (size_t i = 0; i < scene->got.dial_count; i++)
		if (scene->got.dials[i].id == conn->from_dial)
			return &scene->got.dials[i];
	ck_abort_msg("no dial");
	return NULL;
}

static void check_time(nt_time a, const struct trace_tcp_conn *of_a, nt_time b, const struct trace_tcp_conn *of_b)
{
	ck_assert_int_eq(a == NT_TIME_NONE ? a : a - of_a->first, b == NT_TIME_NONE ? b : b - of_b->first);
}

static void check_side(const struct trace_tcp_side *a, const struct trace_tcp_side *b)
{
	ck_assert_uint_eq(a->packets, b->packets);
	ck_assert_uint_eq(a->wire_bytes, b->wire_bytes);
	ck_assert_uint_eq(a->retransmissions, b->retransmissions);
	ck_assert_uint_eq(a->mss, b->mss);
	ck_assert_int_eq(a->window_scale, b->window_scale);
}

/* ---- what happens to one more attempt ---- */

static void nothing(struct scene_tcp *t)
{
	scene_syn(t);
}

static void repeated(struct scene_tcp *t)
{
	for (int i = 0; i < 12; i++) {
		t->next[CLIENT] = t->isn[CLIENT];
		scene_syn(t);
		scene_wait(t->scene, NT_SECOND);
	}
}

static void answered(struct scene_tcp *t)
{
	scene_syn(t);
	scene_syn_ack(t);
}

static void refused(struct scene_tcp *t)
{
	scene_syn(t);
	scene_rst(t, SERVER);
}

static void unreachable(struct scene_tcp *t)
{
	scene_syn(t);
	scene_icmp_error(t, CLIENT, "10.0.0.254", 3, 1);
}

static void taken_up(struct scene_tcp *t)
{
	scene_open(t);
	scene_send(t, CLIENT, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	scene_send(t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	scene_close(t);
}

static void begun_anew(struct scene_tcp *t)
{
	scene_syn(t);
	scene_set_isn(t, 700000, 5000);
	scene_open(t);
}

static void (*const stories[])(struct scene_tcp *t) = { nothing, repeated, answered, refused, unreachable, taken_up, begun_anew };

START_TEST(attempt_in_a_crowd_is_told_as_any_other)
{
	struct scene_tcp t = scene_tcp(&alone, 40001, 80), u = scene_tcp(&crowded, 40001, 80);
	const struct trace_tcp_conn *a, *b;
	const struct trace_dial *dial, *crowded_dial;

	make_crowd(&crowded);
	stories[_i](&t);
	stories[_i](&u);
	ck_assert_uint_ge(crowded.hits.count[LIMIT_HALF_OPEN_HIT], 1);
	ck_assert_uint_eq(alone.hits.count[LIMIT_HALF_OPEN_HIT], 0);
	scene_wait(&alone, 10 * NT_SECOND);
	scene_wait(&crowded, 10 * NT_SECOND);
	scene_end(&alone);
	scene_end(&crowded);
	ck_assert_uint_eq(crowded.got.tcp_conn_count, alone.got.tcp_conn_count + LIMIT_HALF_OPEN);
	ck_assert_uint_eq(crowded.got.dial_count, alone.got.dial_count + LIMIT_HALF_OPEN);
	a = conn_of_port(&alone, 40001);
	b = conn_of_port(&crowded, 40001);
	check_side(&a->client, &b->client);
	check_side(&a->server, &b->server);
	check_time(a->handshake_begin, a, b->handshake_begin, b);
	check_time(a->handshake_end, a, b->handshake_end, b);
	check_time(a->last, a, b->last, b);
	ck_assert(a->connected == b->connected && a->half_open == b->half_open && a->reused == b->reused);
	ck_assert_int_eq(a->close_reason, b->close_reason);
	ck_assert_uint_eq(a->syn_count, b->syn_count);
	ck_assert_int_eq(a->handshake_us, b->handshake_us);
	ck_assert_uint_eq(a->sent_bytes, b->sent_bytes);
	ck_assert_uint_eq(b->id, b->from_dial - 1);
	ck_assert_uint_eq(b->first_packet.number, a->first_packet.number + LIMIT_HALF_OPEN);
	dial = dial_of(&alone, a);
	crowded_dial = dial_of(&crowded, b);
	check_time(dial->begin, a, crowded_dial->begin, b);
	check_time(dial->end, a, crowded_dial->end, b);
	ck_assert(bytes_equal(dial->error, crowded_dial->error));
	ck_assert_uint_eq(dial->established_conn != 0, crowded_dial->established_conn != 0);
	ck_assert_uint_eq(alone.got.http_request_count, crowded.got.http_request_count);
}
END_TEST

START_TEST(attempt_with_a_name_is_kept_whole_in_any_crowd)
{
	struct scene_tcp t = scene_tcp_between(s, "10.0.0.1", 40001, "192.0.2.7", 80);

	make_crowd(s);
	scene_lookup(s, 50000, "a.example", "192.0.2.7");
	scene_open(&t);
	scene_end(s);
	ck_assert_uint_eq(s->hits.count[LIMIT_HALF_OPEN_HIT], 0);
	ck_assert(bytes_equal(dial_of(s, conn_of_port(s, 40001))->host, BYTES("a.example")));
}
END_TEST

/* ---- closed connections ---- */

/* More of them than are kept whole. */
static void close_many(void)
{
	for (unsigned i = 0; i <= LIMIT_CLOSED_CONNECTIONS; i++) {
		struct scene_tcp t = scene_tcp(s, (uint16_t)(20000 + i), 80);

		scene_open(&t);
		scene_close(&t);
	}
	scene_udp(s, "10.0.0.9", 1, "10.0.0.9", 2, "x", 1); /* time goes on */
}

START_TEST(what_closed_long_before_many_others_is_reported_at_once)
{
	struct scene_tcp t = scene_tcp(s, 40001, 80);

	scene_open(&t);
	scene_close(&t);
	ck_assert_uint_eq(s->got.tcp_conn_count, 0);
	close_many();
	ck_assert_uint_ge(s->got.tcp_conn_count, 1);
	conn_of_port(s, 40001);
}
END_TEST

START_TEST(late_packet_of_a_reported_connection_is_counted_and_begins_none)
{
	struct scene_tcp t = scene_tcp(s, 40001, 80);

	scene_open(&t);
	scene_close(&t);
	close_many();
	scene_ack(&t, CLIENT);
	scene_fin(&t, SERVER);
	ck_assert_uint_eq(s->hits.count[LIMIT_CLOSED_CONNECTIONS_HIT], 2);
	scene_end(s);
	ck_assert_uint_eq(s->got.tcp_conn_count, LIMIT_CLOSED_CONNECTIONS + 2);
}
END_TEST

START_TEST(port_of_a_reported_connection_may_be_used_again)
{
	struct scene_tcp t = scene_tcp(s, 40001, 80), again = t;

	scene_open(&t);
	scene_close(&t);
	close_many();
	scene_set_isn(&again, 9000, 90000);
	scene_open(&again);
	scene_end(s);
	ck_assert_uint_eq(s->hits.count[LIMIT_CLOSED_CONNECTIONS_HIT], 0);
	ck_assert_uint_eq(s->got.tcp_conn_count, LIMIT_CLOSED_CONNECTIONS + 3);
}
END_TEST

START_TEST(late_packets_are_known_for_a_minute)
{
	struct scene_tcp t = scene_tcp(s, 40001, 80);

	scene_open(&t);
	scene_close(&t);
	close_many();
	let_pass(s, 61);
	scene_ack(&t, CLIENT);
	scene_end(s);
	ck_assert_uint_eq(s->hits.count[LIMIT_CLOSED_CONNECTIONS_HIT], 0);
	ck_assert_uint_eq(s->got.tcp_conn_count, LIMIT_CLOSED_CONNECTIONS + 3);
}
END_TEST

/* ---- DNS ---- */

START_TEST(answered_conversation_is_reported_after_its_silence_and_goes_on_in_another_record)
{
	struct scene_dns d = scene_dns(s, 50000);

	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	let_pass(s, 31);
	ck_assert_uint_eq(s->got.dns_query_count, 1);
	scene_dns_query(&d, 2, "b.example", DNS_TYPE_A);
	scene_dns_reply(&d, 2, "b.example", DNS_TYPE_A, "192.0.2.8");
	scene_end(s);
	ck_assert_uint_eq(s->got.dns_query_count, 2);
	ck_assert_uint_eq(s->got.dns_queries[0].connection, s->got.dns_queries[1].connection);
	ck_assert_uint_eq(s->got.dns_queries[1].message_count, 2);
	ck_assert_uint_eq(s->got.udp_conn_count, 2);
	ck_assert_uint_eq(s->hits.count[LIMIT_DNS_CONVERSATIONS_HIT], 0);
}
END_TEST

START_TEST(conversation_that_waits_for_a_reply_is_not_cut_by_silence)
{
	struct scene_dns d = scene_dns(s, 50000);

	scene_dns_query(&d, 1, "a.example", DNS_TYPE_A);
	scene_dns_reply(&d, 1, "a.example", DNS_TYPE_A, "192.0.2.7");
	scene_dns_query(&d, 2, "b.example", DNS_TYPE_A);
	let_pass(s, 60);
	scene_dns_query(&d, 2, "b.example", DNS_TYPE_A);
	scene_end(s);
	ck_assert_uint_eq(s->got.dns_query_count, 1);
	ck_assert_uint_eq(s->got.dns_queries[0].message_count, 4);
}
END_TEST

START_TEST(of_very_many_conversations_the_one_silent_longest_is_reported)
{
	for (unsigned i = 0; i <= LIMIT_DNS_CONVERSATIONS; i++)
		scene_lookup(s, (uint16_t)(20000 + i), "a.example", "192.0.2.7");
	scene_udp(s, "10.0.0.9", 1, "10.0.0.9", 2, "x", 1);
	ck_assert_uint_eq(s->got.dns_query_count, 1);
	ck_assert_uint_eq(s->hits.count[LIMIT_DNS_CONVERSATIONS_HIT], 0);
	scene_lookup(s, 20000, "b.example", "192.0.2.8");
	ck_assert_uint_eq(s->hits.count[LIMIT_DNS_CONVERSATIONS_HIT], 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("crowds");
	TCase *attempts = tcase_create("attempts"), *closed = tcase_create("closed"), *dns = tcase_create("dns");

	tcase_add_checked_fixture(attempts, setup, teardown);
	tcase_add_loop_test(attempts, attempt_in_a_crowd_is_told_as_any_other, 0, sizeof stories / sizeof *stories);
	tcase_add_test(attempts, attempt_with_a_name_is_kept_whole_in_any_crowd);
	suite_add_tcase(suite, attempts);

	tcase_add_checked_fixture(closed, setup, teardown);
	tcase_add_test(closed, what_closed_long_before_many_others_is_reported_at_once);
	tcase_add_test(closed, late_packet_of_a_reported_connection_is_counted_and_begins_none);
	tcase_add_test(closed, port_of_a_reported_connection_may_be_used_again);
	tcase_add_test(closed, late_packets_are_known_for_a_minute);
	suite_add_tcase(suite, closed);

	tcase_add_checked_fixture(dns, setup, teardown);
	tcase_add_test(dns, answered_conversation_is_reported_after_its_silence_and_goes_on_in_another_record);
	tcase_add_test(dns, conversation_that_waits_for_a_reply_is_not_cut_by_silence);
	tcase_add_test(dns, of_very_many_conversations_the_one_silent_longest_is_reported);
	suite_add_tcase(suite, dns);
	return suite;
}
