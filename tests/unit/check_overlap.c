/*
 * Bytes of a TCP stream that come twice, with other content.
 */
#include "tests/support/findings.h"
#include "tests/unit/suite.h"

#include <string.h>

#define REQUEST "GET /0123456789abcdef HTTP/1.1\r\nHost: a\r\n\r\n"
#define URL "http://a/0123456789abcdef"
#define TRUE_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define FORGED_ANSWER "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n"

enum { REQUEST_SIZE = sizeof REQUEST - 1 };

static struct scene s;
static struct scene_tcp t;

static void setup(void)
{
	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
	scene_open(&t);
}

static void teardown(void)
{
	scene_free(&s);
}

static void put(enum scene_side side, const char *stream, size_t from, size_t to)
{
	scene_segment(&t, &(struct scene_segment){ .side = side,
						   .at = (int64_t)from,
						   .ack = side == SERVER ? REQUEST_SIZE : 0,
						   .data = { (const uint8_t *)stream + from, to - from } });
}

/* The request with other bytes from 5 to 21. */
static const char *changed(void)
{
	static char other[] = REQUEST;

	memset(other + 5, 'x', 16);
	return other;
}

static void expect_conflicts(uint32_t of_client, uint32_t of_server)
{
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conn_count, 1);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.conflicting_overlaps, of_client);
	ck_assert_uint_eq(s.got.tcp_conns[0].server.conflicting_overlaps, of_server);
}

static void expect_url(const char *url)
{
	ck_assert_uint_eq(s.got.http_request_count, 1);
	ck_assert_msg(bytes_equal(s.got.http_requests[0].url, bytes_of(url)), "%.*s", (int)s.got.http_requests[0].url.size,
		      (const char *)s.got.http_requests[0].url.at);
}

/* ---- conflicts ---- */

START_TEST(segment_sent_again_with_other_content)
{
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	put(CLIENT, changed(), 0, REQUEST_SIZE);
	expect_conflicts(1, 0);
	expect_url(URL);
}
END_TEST

START_TEST(part_sent_again_with_other_content)
{
	put(CLIENT, REQUEST, 0, 20);
	put(CLIENT, REQUEST, 20, 30);
	put(CLIENT, changed(), 10, REQUEST_SIZE);
	expect_conflicts(1, 0);
	expect_url(URL);
}
END_TEST

/* [16, 30) waits when the other copies come, from both sides and from above. */
static const size_t others[][2] = { { 15, 25 }, { 18, REQUEST_SIZE }, { 16, 30 }, { 10, 18 } };

START_TEST(waiting_segment_conflicts_and_stays)
{
	put(CLIENT, changed(), 16, 30);
	put(CLIENT, REQUEST, others[_i][0], others[_i][1]);
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	scene_end(&s);
	ck_assert_uint_ge(s.got.tcp_conns[0].client.conflicting_overlaps, 1);
	expect_url("http://a/0123456789axxxxx");
}
END_TEST

START_TEST(forged_answer_races_the_true_one)
{
	const struct trace_finding *f;

	scene_send(&t, CLIENT, REQUEST);
	put(SERVER, FORGED_ANSWER, 0, sizeof FORGED_ANSWER - 1);
	put(SERVER, TRUE_ANSWER, 0, sizeof TRUE_ANSWER - 1);
	f = findings_expect_note(&s, FINDING_TCP_CONFLICTING_OVERLAPS, FINDING_WARNING);
	FINDINGS_EXPECT_PACKETS(f, { 5, "the first copy" }, { 6, "the same bytes with other content" });
	FINDINGS_EXPECT_WORDS(f, "10.0.0.2:80", "1 segments", "1 of the server", "first copy");
	ck_assert_uint_eq(s.got.http_requests[0].status, 302);
}
END_TEST

/* ---- what is none ---- */

START_TEST(same_bytes_in_other_segments_are_no_conflict)
{
	put(CLIENT, REQUEST, 0, 20);
	put(CLIENT, REQUEST, 25, 35);
	put(CLIENT, REQUEST, 30, 40);
	put(CLIENT, REQUEST, 22, 38);
	put(CLIENT, REQUEST, 10, 30);
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	expect_conflicts(0, 0);
	expect_url(URL);
}
END_TEST

START_TEST(byte_of_a_keep_alive_is_no_conflict)
{
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .at = REQUEST_SIZE - 1, .data = BYTES("\0") });
	expect_conflicts(0, 0);
	ck_assert_uint_eq(s.got.tcp_conns[0].client.keep_alives, 1);
}
END_TEST

START_TEST(words_of_a_reset_are_no_conflict)
{
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	scene_segment(&t, &(struct scene_segment){ .side = CLIENT, .flags = TCP_RST, .data = BYTES("No connection") });
	expect_conflicts(0, 0);
}
END_TEST

START_TEST(bytes_that_the_snaplen_cut_are_no_conflict)
{
	s.snaplen = 54 + 5;
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	s.snaplen = 0;
	put(CLIENT, changed(), 0, REQUEST_SIZE);
	expect_conflicts(0, 0);
}
END_TEST

/* ---- checksums ---- */

enum { CHECKSUM_AT = 14 + 20 + 16 };

static void put_with_checksum(uint16_t (*checksum)(const uint8_t *frame, size_t size))
{
	struct test_packet p = { .source_port = 40000, .destination_port = 80, .flags = TCP_ACK, .sequence = t.isn[CLIENT] + 1 };
	uint8_t frame[TEST_FRAME_SIZE];
	size_t size = test_packet_tcp(&p, changed(), REQUEST_SIZE, frame);
	uint16_t value = checksum(frame, size);

	frame[CHECKSUM_AT] = (uint8_t)(value >> 8);
	frame[CHECKSUM_AT + 1] = (uint8_t)value;
	scene_frame(&s, frame, size);
}

static uint16_t wrong(const uint8_t *frame, size_t size)
{
	(void)size;
	return (uint16_t)((frame[CHECKSUM_AT] << 8 | frame[CHECKSUM_AT + 1]) + 1);
}

/* What Linux leaves to the network card: the sum of the pseudo header alone. */
static uint16_t of_pseudo_header(const uint8_t *frame, size_t size)
{
	uint32_t sum = IP_PROTOCOL_TCP + (uint32_t)(size - 14 - 20);

	for (size_t i = 14 + 12; i < 14 + 20; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static uint16_t none(const uint8_t *frame, size_t size)
{
	(void)frame, (void)size;
	return 0;
}

START_TEST(damaged_segment_is_no_conflict)
{
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	put_with_checksum(wrong);
	expect_conflicts(0, 0);
}
END_TEST

START_TEST(checksum_left_to_the_network_card_is_no_damage)
{
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	put_with_checksum(_i ? none : of_pseudo_header);
	expect_conflicts(1, 0);
}
END_TEST

START_TEST(conflict_over_ipv6)
{
	t = scene_tcp_between(&s, "2001:db8::1", 40001, "2001:db8::2", 80);
	scene_open(&t);
	put(CLIENT, REQUEST, 0, REQUEST_SIZE);
	put(CLIENT, changed(), 0, REQUEST_SIZE);
	scene_end(&s);
	ck_assert_uint_eq(s.got.tcp_conns[1].client.conflicting_overlaps, 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("overlap");
	TCase *all = tcase_create("overlap");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, segment_sent_again_with_other_content);
	tcase_add_test(all, part_sent_again_with_other_content);
	tcase_add_loop_test(all, waiting_segment_conflicts_and_stays, 0, sizeof others / sizeof *others);
	tcase_add_test(all, forged_answer_races_the_true_one);
	tcase_add_test(all, same_bytes_in_other_segments_are_no_conflict);
	tcase_add_test(all, byte_of_a_keep_alive_is_no_conflict);
	tcase_add_test(all, words_of_a_reset_are_no_conflict);
	tcase_add_test(all, bytes_that_the_snaplen_cut_are_no_conflict);
	tcase_add_test(all, damaged_segment_is_no_conflict);
	tcase_add_loop_test(all, checksum_left_to_the_network_card_is_no_damage, 0, 2);
	tcase_add_test(all, conflict_over_ipv6);
	suite_add_tcase(suite, all);
	return suite;
}
