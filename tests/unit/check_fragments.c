/*
 * IP datagrams out of fragments (RFC 791 3.2, RFC 8200 4.5).
 */
#include "correlate/fragments.h"
#include "tests/support/net_frame.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

enum { RAW_IP = 101, DATAGRAM = 4000, UDP_HEADER = 8 };

static struct fragments *fragments;
static struct limit_hits hits;
static struct net_packet whole;
static uint8_t datagram[DATAGRAM]; /* the UDP datagram that is sent in pieces */
static nt_time now;

static void setup(void)
{
	fragments = fragments_new(1, &hits);
	hits = (struct limit_hits){ 0 };
	now = 1000 * NT_SECOND;
	for (size_t i = 0; i < DATAGRAM; i++)
		datagram[i] = (uint8_t)(i * 7 + i / 256);
}

static void teardown(void)
{
	fragments_free(fragments);
}

struct fragment {
	uint32_t id, offset, size;
	bool more;
	const char *source; /* NULL: 10.0.0.1 */
	uint16_t vantage;
	uint8_t fill; /* other bytes than the datagram's, if not 0 */
	uint32_t cut; /* bytes that the snaplen took */
};

static bool add(const struct fragment *f)
{
	struct test_packet p = { .source = f->source ? f->source : "10.0.0.1",
				 .destination = f->source && strchr(f->source, ':') ? "2001:db8::2" : "10.0.0.2",
				 .ip_id = f->id,
				 .fragment_offset = f->offset,
				 .more_fragments = f->more,
				 .raw = true };
	uint8_t bytes[TEST_FRAME_SIZE], payload[TEST_FRAME_SIZE];
	struct net_frame frame;
	size_t size;
	bool complete;

	if (f->fill)
		memset(payload, f->fill, f->size);
	else
		for (uint32_t i = 0; i < f->size; i++)
			payload[i] = datagram[(f->offset + i) % DATAGRAM];
	size = test_packet_ip(&p, IP_PROTOCOL_UDP, payload, f->size, bytes);
	frame = net_frame_cut(RAW_IP, (struct bytes){ bytes, size }, size - f->cut, size);
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	complete = fragments_add(fragments, &frame.packet, f->vantage, now, &whole);
	net_frame_free(&frame);
	return complete;
}

static void check_whole(size_t size)
{
	ck_assert_uint_eq(cur_left(&whole.payload), size);
	ck_assert_uint_eq(cur_left_on_wire(&whole.payload), size);
	ck_assert_mem_eq(whole.payload.at, datagram, size);
	ck_assert_uint_eq(whole.protocol, IP_PROTOCOL_UDP);
}

static const struct fragment three[] = { { .id = 7, .offset = 0, .size = 1480, .more = true },
					 { .id = 7, .offset = 1480, .size = 1480, .more = true },
					 { .id = 7, .offset = 2960, .size = 1040 } };
static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

START_TEST(fragments_in_any_order_make_the_datagram)
{
	const int *order = orders[_i];

	ck_assert(!add(&three[order[0]]) && !add(&three[order[1]]));
	ck_assert(add(&three[order[2]]));
	check_whole(DATAGRAM);
	ck_assert_uint_eq(fragments_unfinished(fragments), 0);
}
END_TEST

START_TEST(ipv6_fragments_make_the_datagram)
{
	struct fragment first = three[0], second = { .id = 7, .offset = 1480, .size = 20 };

	first.source = second.source = "2001:db8::1";
	ck_assert(!add(&first));
	ck_assert(add(&second));
	check_whole(1500);
	ck_assert_uint_eq(whole.ip_version, 6);
}
END_TEST

START_TEST(repeated_fragment_changes_nothing)
{
	ck_assert(!add(&three[0]) && !add(&three[0]) && !add(&three[2]) && !add(&three[2]));
	ck_assert(add(&three[1]));
	check_whole(DATAGRAM);
	ck_assert_uint_eq(fragments_conflicting(fragments), 0);
}
END_TEST

START_TEST(first_copy_of_overlapping_bytes_wins)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 800, .size = 800, .more = true }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 0, .size = 800, .more = true }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 400, .size = 800, .more = true, .fill = 0xee }));
	ck_assert(add(&(struct fragment){ .id = 7, .offset = 1600, .size = 100 }));
	check_whole(1700);
	ck_assert_uint_eq(fragments_conflicting(fragments), 1);
}
END_TEST

/* RFC 5722 4: no part of such a datagram is used. */
START_TEST(overlapping_fragments_of_ipv6_are_dropped)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 0, .size = 800, .more = true, .source = "2001:db8::1" }));
	ck_assert(!add(&(struct fragment){
		.id = 7, .offset = 400, .size = 800, .more = true, .fill = _i ? 0xee : 0, .source = "2001:db8::1" }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 1200, .size = 100, .source = "2001:db8::1" }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 400, .size = 800, .more = true, .source = "2001:db8::1" }));
	ck_assert_uint_eq(fragments_conflicting(fragments), (uint64_t)_i);
	ck_assert_uint_eq(fragments_unfinished(fragments), 4);
}
END_TEST

START_TEST(repeated_fragment_of_ipv6_changes_nothing)
{
	struct fragment pieces[3];

	for (int i = 0; i < 3; i++) {
		pieces[i] = three[i];
		pieces[i].source = "2001:db8::1";
	}
	ck_assert(!add(&pieces[0]) && !add(&pieces[0]) && !add(&pieces[2]) && !add(&pieces[2]));
	ck_assert(add(&pieces[1]));
	check_whole(DATAGRAM);
	ck_assert_uint_eq(fragments_conflicting(fragments), 0);
}
END_TEST

START_TEST(bytes_that_the_snaplen_cut_do_not_conflict)
{
	struct fragment cut = three[0];

	cut.cut = 1000;
	ck_assert(!add(&cut) && !add(&three[0]) && !add(&cut));
	ck_assert_uint_eq(fragments_conflicting(fragments), 0);
}
END_TEST

START_TEST(overlap_fills_holes_on_both_sides)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 800, .size = 80, .more = true }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 1600, .size = 100 }));
	ck_assert(add(&(struct fragment){ .id = 7, .offset = 0, .size = 1648, .more = true }));
	check_whole(1700);
}
END_TEST

static const struct fragment strangers[] = {
	{ .id = 8, .offset = 1480, .size = 1480, .more = true },
	{ .id = 7, .offset = 1480, .size = 1480, .more = true, .source = "10.0.0.9" },
	{ .id = 7, .offset = 1480, .size = 1480, .more = true, .vantage = 1 },
};

START_TEST(other_datagrams_are_kept_apart)
{
	ck_assert(!add(&three[0]) && !add(&three[2]) && !add(&strangers[_i]));
	ck_assert(add(&three[1]));
	check_whole(DATAGRAM);
	ck_assert_uint_eq(fragments_unfinished(fragments), 1);
}
END_TEST

START_TEST(hole_keeps_the_datagram_unfinished)
{
	ck_assert(!add(&three[0]) && !add(&three[2]));
	ck_assert_uint_eq(fragments_unfinished(fragments), 2);
}
END_TEST

START_TEST(bytes_beyond_the_last_fragment_do_not_stand_for_a_hole)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 80, .size = 20 }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 200, .size = 200, .more = true }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 0, .size = 8, .more = true }));
	ck_assert(add(&(struct fragment){ .id = 7, .offset = 8, .size = 72, .more = true }));
	check_whole(100);
}
END_TEST

START_TEST(late_fragment_does_not_complete_an_old_datagram)
{
	add(&three[0]);
	add(&three[1]);
	now += 61 * NT_SECOND; /* RFC 8200 4.5: 60 seconds after the first one */
	ck_assert(!add(&three[2]));
	ck_assert_uint_eq(fragments_unfinished(fragments), 3);
}
END_TEST

START_TEST(reused_identification_begins_a_new_datagram)
{
	for (int i = 0; i < 2; i++) {
		ck_assert(!add(&three[0]) && !add(&three[1]));
		ck_assert(add(&three[2]));
	}
	ck_assert_uint_eq(fragments_unfinished(fragments), 0);
}
END_TEST

START_TEST(datagram_above_65535_bytes_is_never_made)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 65528, .size = 100 }));
	ck_assert_uint_eq(fragments_unfinished(fragments), 1);
}
END_TEST

START_TEST(largest_datagram_is_made)
{
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 0, .size = 32000, .more = true }));
	ck_assert(!add(&(struct fragment){ .id = 7, .offset = 32000, .size = 32000, .more = true }));
	ck_assert(add(&(struct fragment){ .id = 7, .offset = 64000, .size = 1535 }));
	ck_assert_uint_eq(cur_left(&whole.payload), 65535);
}
END_TEST

START_TEST(cut_fragment_cuts_the_datagram_there)
{
	struct fragment cut = three[1];

	cut.cut = 1000;
	ck_assert(!add(&three[0]) && !add(&cut));
	ck_assert(add(&three[2]));
	ck_assert_uint_eq(cur_left(&whole.payload), 1480 + 480);
	ck_assert_uint_eq(cur_left_on_wire(&whole.payload), DATAGRAM);
	ck_assert_mem_eq(whole.payload.at, datagram, 1480 + 480);
}
END_TEST

START_TEST(number_of_open_datagrams_is_limited)
{
	for (uint32_t i = 0; i <= LIMIT_FRAGMENT_DATAGRAMS; i++)
		add(&(struct fragment){ .id = i, .offset = 0, .size = 8, .more = true });
	ck_assert_uint_eq(hits.count[LIMIT_FRAGMENT_DATAGRAMS_HIT], 1);
	ck_assert_uint_eq(fragments_unfinished(fragments), LIMIT_FRAGMENT_DATAGRAMS + 1);
	ck_assert(!add(&(struct fragment){ .id = 0, .offset = 8, .size = 8 })); /* the oldest is gone */
	ck_assert(add(&(struct fragment){ .id = 9, .offset = 8, .size = 8 }));
}
END_TEST

START_TEST(bytes_of_open_datagrams_are_limited)
{
	for (uint32_t i = 0; i < LIMIT_FRAGMENT_BYTES / 32000 + 2; i++)
		add(&(struct fragment){ .id = i, .offset = 0, .size = 32000, .more = true });
	ck_assert_uint_ge(hits.count[LIMIT_FRAGMENT_BYTES_HIT], 1);
	ck_assert(!add(&(struct fragment){ .id = 0, .offset = 32000, .size = 8 }));
}
END_TEST

START_TEST(tiny_fragments_count_with_what_it_takes_to_keep_them)
{
	for (uint32_t i = 0; i < LIMIT_FRAGMENT_BYTES / 20; i++)
		add(&(struct fragment){ .id = i / 400, .offset = i % 400 * 16, .size = 8, .more = true });
	ck_assert_uint_ge(hits.count[LIMIT_FRAGMENT_BYTES_HIT], 1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("fragments");
	TCase *all = tcase_create("fragments");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_loop_test(all, fragments_in_any_order_make_the_datagram, 0, sizeof orders / sizeof *orders);
	tcase_add_test(all, ipv6_fragments_make_the_datagram);
	tcase_add_test(all, repeated_fragment_changes_nothing);
	tcase_add_test(all, first_copy_of_overlapping_bytes_wins);
	tcase_add_loop_test(all, overlapping_fragments_of_ipv6_are_dropped, 0, 2);
	tcase_add_test(all, repeated_fragment_of_ipv6_changes_nothing);
	tcase_add_test(all, bytes_that_the_snaplen_cut_do_not_conflict);
	tcase_add_test(all, overlap_fills_holes_on_both_sides);
	tcase_add_loop_test(all, other_datagrams_are_kept_apart, 0, sizeof strangers / sizeof *strangers);
	tcase_add_test(all, hole_keeps_the_datagram_unfinished);
	tcase_add_test(all, bytes_beyond_the_last_fragment_do_not_stand_for_a_hole);
	tcase_add_test(all, late_fragment_does_not_complete_an_old_datagram);
	tcase_add_test(all, reused_identification_begins_a_new_datagram);
	tcase_add_test(all, datagram_above_65535_bytes_is_never_made);
	tcase_add_test(all, largest_datagram_is_made);
	tcase_add_test(all, cut_fragment_cuts_the_datagram_there);
	tcase_add_test(all, number_of_open_datagrams_is_limited);
	tcase_add_test(all, bytes_of_open_datagrams_are_limited);
	tcase_add_test(all, tiny_fragments_count_with_what_it_takes_to_keep_them);
	suite_add_tcase(suite, all);
	return suite;
}
