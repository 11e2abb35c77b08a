/*
 * Findings about what the capture itself lacks, and the order and number of findings.
 */
#include "store/limits.h"
#include "tests/support/findings.h"
#include "tests/unit/suite.h"

#include <string.h>

static struct scene s;

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define GET "GET /a HTTP/1.1\r\nHost: www.example.org\r\n\r\n"

static void setup(void)
{
	scene_begin(&s);
}

static void teardown(void)
{
	scene_free(&s);
}

static struct scene_tcp healthy_exchange(uint16_t client_port)
{
	struct scene_tcp t = scene_tcp(&s, client_port, 80);

	scene_open(&t);
	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, OK);
	scene_close(&t);
	return t;
}

/* ---- the snaplen ---- */

START_TEST(packets_that_were_cut)
{
	const struct trace_finding *f;

	s.snaplen = 60;
	healthy_exchange(40000);
	f = findings_expect_note(&s, FINDING_CAPTURE_TRUNCATED_PACKETS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 4, "the first packet that was cut" });
	FINDINGS_EXPECT_WORDS(f, "2 of 8 packets");
}
END_TEST

START_TEST(packets_that_were_all_cut)
{
	s.snaplen = 40;
	scene_lookup(&s, 50000, "www.example.org", "192.0.2.1");
	FINDINGS_EXPECT_WORDS(findings_expect_one(&s, FINDING_CAPTURE_TRUNCATED_PACKETS), "All packets were cut");
}
END_TEST

START_TEST(snaplen_that_is_long_enough_cuts_nothing)
{
	s.snaplen = 65535;
	healthy_exchange(40000);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

/* ---- loss ---- */

START_TEST(bytes_that_were_acknowledged_and_not_captured)
{
	struct scene_tcp t = scene_tcp(&s, 40001, 9999);
	const struct trace_finding *f;

	scene_open(&t);
	for (int i = 0; i < 60; i++) {
		s.lose = i == 10 || (_i && i == 20);
		scene_send(&t, SERVER, "0123456789");
	}
	scene_ack(&t, CLIENT);
	scene_close(&t);
	if (_i == 0) { /* one in a hundred happens */
		for (int i = 0; i < 80; i++)
			healthy_exchange((uint16_t)(41000 + i));
		findings_expect_none(&s, FINDING_CAPTURE_DROPPED_PACKETS);
		return;
	}
	f = findings_expect_note(&s, FINDING_CAPTURE_DROPPED_PACKETS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 14, "a packet that proves such bytes" });
	FINDINGS_EXPECT_WORDS(f, "20 bytes", "580");
}
END_TEST

/* ---- the clock ---- */

START_TEST(clock_that_goes_back)
{
	const struct trace_finding *f;

	healthy_exchange(40000);
	scene_wait(&s, 30 * NT_SECOND);
	healthy_exchange(40001);
	s.clock -= 20 * NT_SECOND;
	healthy_exchange(40002);
	f = findings_expect_note(&s, FINDING_CLOCK_WENT_BACKWARDS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 17, "a packet that is older than the one before it" });
	FINDINGS_EXPECT_WORDS(f, "20 s");
}
END_TEST

START_TEST(packets_of_several_queues_overtake_each_other_by_little)
{
	healthy_exchange(40000);
	s.clock -= 5 * NT_MILLISECOND;
	healthy_exchange(40001);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

/* ---- one direction ---- */

START_TEST(capture_without_the_other_direction)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 443);
	const struct trace_finding *f;

	scene_syn(&t);
	scene_ack(&t, CLIENT);
	scene_send(&t, CLIENT, "\1\2\3");
	scene_ack(&t, CLIENT);
	scene_fin(&t, CLIENT);
	f = findings_expect_note(&s, FINDING_CAPTURE_ONE_DIRECTION_ONLY, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 1, "a packet of a connection without its other direction" });
}
END_TEST

START_TEST(one_connection_with_both_directions_is_enough)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 443);

	healthy_exchange(40001);
	scene_syn(&t);
	scene_ack(&t, CLIENT);
	scene_send(&t, CLIENT, "\1\2\3");
	findings_expect_none(&s, FINDING_CAPTURE_ONE_DIRECTION_ONLY);
}
END_TEST

START_TEST(syn_without_an_answer_is_no_capture_of_one_direction)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 443);

	for (int i = 0; i < 4; i++) {
		scene_syn(&t);
		scene_wait(&s, 2 * NT_SECOND);
	}
	findings_expect_root(&s, FINDING_TCP_TIMEOUT);
	findings_expect_none(&s, FINDING_CAPTURE_ONE_DIRECTION_ONLY);
}
END_TEST

/* ---- connections that were open before ---- */

START_TEST(connection_that_was_open_before_the_capture)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);
	const struct trace_finding *f;

	scene_send(&t, CLIENT, GET);
	scene_send(&t, SERVER, OK);
	scene_close(&t);
	f = findings_expect_note(&s, FINDING_CAPTURE_STARTED_MID_CONNECTION, FINDING_INFO);
	FINDINGS_EXPECT_PACKETS(f, { 1, "first packet of the connection that was captured" });
	FINDINGS_EXPECT_WORDS(f, "10.0.0.2:80");
	ck_assert_uint_eq(f->traces[0], s.got.tcp_conns[0].id);
}
END_TEST

START_TEST(end_of_an_old_connection_is_nothing_to_tell)
{
	struct scene_tcp t = scene_tcp(&s, 40000, 80);

	scene_fin(&t, SERVER);
	scene_fin(&t, CLIENT);
	scene_ack(&t, SERVER);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

/* ---- what the source of the packets knows ---- */

START_TEST(word_of_the_source_is_a_finding)
{
	const struct trace_finding *f;

	healthy_exchange(40000);
	correlator_note_capture(s.correlator, FINDING_CAPTURE_DROPPED_PACKETS, s.clock, (struct packet_ref){ .number = 8 },
				"5 packets were dropped.");
	f = findings_expect_note(&s, FINDING_CAPTURE_DROPPED_PACKETS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 8, "the last packet before it" });
	FINDINGS_EXPECT_WORDS(f, "5 packets were dropped.");
}
END_TEST

/* ---- all together ---- */

START_TEST(root_causes_come_first_then_errors_then_warnings)
{
	struct scene_tcp old = scene_tcp(&s, 40000, 443), slow = scene_tcp(&s, 40001, 443), dead = scene_tcp(&s, 40002, 443);

	scene_send(&old, CLIENT, "\1\2\3"); /* info */
	scene_send(&old, SERVER, "\1\2\3");
	scene_syn(&slow); /* warning */
	scene_wait(&s, NT_SECOND);
	scene_open(&slow);
	scene_close(&slow);
	scene_syn(&dead); /* error */
	scene_rst(&dead, SERVER);
	findings_expect_root(&s, FINDING_TCP_REFUSED);
	ck_assert_uint_eq(s.got.finding_count, 3);
	ck_assert_int_eq(s.got.findings[0].code, FINDING_TCP_REFUSED);
	ck_assert_int_eq(s.got.findings[1].code, FINDING_SYN_RETRANSMITTED);
	ck_assert_int_eq(s.got.findings[2].code, FINDING_CAPTURE_STARTED_MID_CONNECTION);
}
END_TEST

static void refuse(uint16_t client_port)
{
	struct scene_tcp t = scene_tcp(&s, client_port, 443);

	scene_syn(&t);
	scene_rst(&t, SERVER);
}

START_TEST(findings_of_one_importance_come_in_the_order_of_time)
{
	for (uint16_t i = 0; i < 3; i++)
		refuse((uint16_t)(40000 + i));
	scene_end(&s);
	ck_assert_uint_eq(s.got.finding_count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(s.got.findings[i].root_cause);
		ck_assert_int_eq(s.got.findings[i].at, scene_at(2 * i + 1));
		ck_assert_uint_eq(s.got.findings[i].dial, s.got.dials[i].id);
	}
}
END_TEST

START_TEST(findings_of_one_code_are_counted_beyond_a_maximum)
{
	uint64_t more = 0;

	for (uint16_t i = 0; i < LIMIT_FINDINGS + 25; i++)
		refuse((uint16_t)(40000 + i));
	scene_end(&s);
	ck_assert_uint_eq(s.got.finding_count, LIMIT_FINDINGS);
	for (size_t i = 0; i < s.got.finding_count; i++)
		more += s.got.findings[i].more;
	ck_assert_uint_eq(more, 25);
	ck_assert_uint_ge(s.hits.count[LIMIT_FINDINGS_HIT], 25);
}
END_TEST

START_TEST(other_clients_findings_are_not_told)
{
	static const struct correlate_prefix wanted = { .ip_version = 4, .address = { { 10, 0, 0, 9 } }, .bits = 32 };
	struct scene_tcp t;

	s.options.clients = &wanted;
	s.options.client_count = 1;
	t = scene_tcp(&s, 40000, 443);
	scene_syn(&t);
	scene_rst(&t, SERVER);
	scene_lookup(&s, 50000, "www.example.org", NULL);
	t = scene_tcp_between(&s, "10.0.0.9", 40000, "10.0.0.2", 443);
	scene_open(&t);
	scene_close(&t);
	findings_expect_healthy(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

START_TEST(empty_capture_has_no_findings)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.finding_count, 0);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("findings about the capture");
	TCase *tc = tcase_create("capture");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, packets_that_were_cut);
	tcase_add_test(tc, packets_that_were_all_cut);
	tcase_add_loop_test(tc, bytes_that_were_acknowledged_and_not_captured, 0, 2);
	tcase_add_test(tc, snaplen_that_is_long_enough_cuts_nothing);
	tcase_add_test(tc, clock_that_goes_back);
	tcase_add_test(tc, packets_of_several_queues_overtake_each_other_by_little);
	tcase_add_test(tc, capture_without_the_other_direction);
	tcase_add_test(tc, one_connection_with_both_directions_is_enough);
	tcase_add_test(tc, syn_without_an_answer_is_no_capture_of_one_direction);
	tcase_add_test(tc, connection_that_was_open_before_the_capture);
	tcase_add_test(tc, end_of_an_old_connection_is_nothing_to_tell);
	tcase_add_test(tc, word_of_the_source_is_a_finding);
	tcase_add_test(tc, root_causes_come_first_then_errors_then_warnings);
	tcase_add_test(tc, findings_of_one_importance_come_in_the_order_of_time);
	tcase_add_test(tc, findings_of_one_code_are_counted_beyond_a_maximum);
	tcase_add_test(tc, other_clients_findings_are_not_told);
	tcase_add_test(tc, empty_capture_has_no_findings);
	suite_add_tcase(suite, tc);
	return suite;
}
