/*
 * Transactions, the order of packets, and the ring.
 */
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <sys/stat.h>

/* ---- transactions ---- */

static const char *visible(const char *path)
{
	return ask_sqlite(path, "SELECT count(*) FROM packets");
}

START_TEST(transaction_is_committed_when_full)
{
	const char *path = recordings_path("batch.db");
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, RECORDING_BATCH - 2, 20); /* the interface was a row, too */
	ck_assert_str_eq(visible(path), "0");
	put_packets(r, RECORDING_BATCH - 1, 1, 20);
	ck_assert_str_eq(visible(path), "19999");
	close_recording(r);
}
END_TEST

START_TEST(transaction_of_many_bytes_is_committed_early)
{
	const char *path = recordings_path("bytes.db");
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 258, LARGEST_TEST_PACKET);
	ck_assert_str_eq(visible(path), "256");
	close_recording(r);
}
END_TEST

START_TEST(transaction_is_committed_when_old)
{
	const char *path = recordings_path("old.db");
	struct recording *r = writer_with_session(path);
	const int64_t start = 1000 * NT_SECOND;

	ck_assert_int_eq(recording_commit(r, start, true, NULL), NT_OK);
	put_packets(r, 1, 1, 100);
	ck_assert_int_eq(recording_commit(r, start + RECORDING_DELAY - 1, false, NULL), NT_OK);
	put_packets(r, 2, 1, 100);
	ck_assert_str_eq(visible(path), "0");
	ck_assert_int_eq(recording_commit(r, start + RECORDING_DELAY, false, NULL), NT_OK);
	ck_assert_str_eq(visible(path), "2");
	put_packets(r, 3, 1, 100);
	ck_assert_int_eq(recording_commit(r, start + RECORDING_DELAY + 1, true, NULL), NT_OK);
	ck_assert_str_eq(visible(path), "3");
	close_recording(r);
}
END_TEST

START_TEST(reader_follows_a_file_that_is_written)
{
	const char *path = recordings_path("live.db");
	struct recording *w = writer_with_session(path), *r;
	struct recording_packet packet;

	put_packets(w, 1, 1000, 1000);
	ck_assert_int_eq(recording_commit(w, 0, true, NULL), NT_OK);
	put_packets(w, 1001, 10, 1000);
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 1000);
	ck_assert_int_eq(recording_commit(w, 0, true, NULL), NT_OK);
	ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
	ck_assert_uint_eq(packet.number, 1001);
	put_packets(w, 1011, 100, 1000);
	ck_assert_int_eq(recording_commit(w, 0, true, NULL), NT_OK); /* no lock of the reader's is in the way */
	ck_assert_uint_eq(count_packets(r, 1002), 9);
	ck_assert_uint_eq(count_packets(r, 1011), 100);
	close_recording(r);
	close_recording(w);
}
END_TEST

/* ---- order ---- */

static uint64_t numbers[20000];

/* The numbers of all packets; their times must not fall. */
static size_t read_in_order(const char *path)
{
	struct recording *r = reader_of(path);
	struct recording_packet packet;
	nt_time last = INT64_MIN;
	size_t count = 0;

	while (recording_next_packet(r, &packet, NULL) == NT_OK) {
		ck_assert_int_ge(packet.time, last);
		ck_assert_uint_lt(count, sizeof numbers / sizeof *numbers);
		numbers[count++] = packet.number;
		last = packet.time;
	}
	close_recording(r);
	return count;
}

static void put_at(struct recording *r, nt_time time)
{
	struct recording_packet packet = test_packet(1, 90);

	packet.time = time;
	ck_assert_int_eq(recording_put_packet(r, &packet, NULL), NT_OK);
}

START_TEST(packets_written_a_little_late_come_in_the_order_of_time)
{
	const char *path = recordings_path("late.db");
	struct recording *r = writer_with_session(path);

	for (int64_t i = 0; i < 10000; i++)
		put_at(r, PACKETS_BEGIN + i * 1000 - (i % 3 == 0 ? i % 50 * 10000 : 0));
	close_recording(r);
	ck_assert_uint_eq(read_in_order(path), 10000);
	ck_assert_int_lt(strtol(ask_sqlite(path, "SELECT disorder_ns FROM sessions"), NULL, 10), 1024 * 1024);
}
END_TEST

START_TEST(packets_in_wild_order_come_in_the_order_of_time)
{
	const char *path = recordings_path("wild.db");
	struct recording *r = writer_with_session(path);

	srand(1);
	put_at(r, NT_TIME_NONE);
	for (int i = 0; i < 10000; i++)
		put_at(r, rand());
	put_at(r, INT64_MIN + 1);
	put_at(r, INT64_MAX);
	put_at(r, INT64_MIN + 1);
	close_recording(r);
	ck_assert_uint_eq(read_in_order(path), 10004);
	ck_assert_uint_eq(numbers[1], 10002);
	ck_assert_uint_eq(numbers[10003], 10003);
}
END_TEST

START_TEST(packets_without_a_time_come_where_they_were_written)
{
	const char *path = recordings_path("untimed.db");
	struct recording *r = writer_with_session(path);

	for (int64_t i = 0; i < 100; i++)
		put_at(r, i % 2 ? NT_TIME_NONE : PACKETS_BEGIN + i);
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "SELECT disorder_ns FROM sessions"), "0");
	r = reader_of(path);
	for (uint64_t i = 1; i <= 100; i++) {
		struct recording_packet packet;

		ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
		ck_assert_uint_eq(packet.number, i);
	}
	close_recording(r);
}
END_TEST

START_TEST(packet_without_a_time_follows_the_one_before_it_where_others_are_late)
{
	static const nt_time times[] = { 1000, NT_TIME_NONE, 500, NT_TIME_NONE, NT_TIME_NONE, 2000, NT_TIME_NONE, 1000 };
	static const uint64_t order[] = { 3, 4, 5, 1, 2, 8, 6, 7 };
	const char *path = recordings_path("follow.db");
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	for (size_t i = 0; i < 8; i++)
		put_at(r, times[i]);
	close_recording(r);
	r = reader_of(path);
	for (size_t i = 0; i < 16; i++) { /* the second time the session is chosen again */
		if (i == 8)
			ck_assert_int_eq(recording_select(r, recording_session(r, 0)->id, NULL), NT_OK);
		ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
		ck_assert_uint_eq(packet.number, order[i % 8]);
		ck_assert_int_eq(packet.time, times[order[i % 8] - 1]);
	}
	close_recording(r);
}
END_TEST

START_TEST(packets_of_one_time_keep_their_order)
{
	const char *path = recordings_path("equal.db");
	struct recording *r = writer_with_session(path);

	for (int i = 0; i < 500; i++)
		put_at(r, i % 2 ? 5 : 4);
	close_recording(r);
	ck_assert_uint_eq(read_in_order(path), 500);
	for (size_t i = 1; i < 500; i++)
		ck_assert(numbers[i] > numbers[i - 1] || i == 250);
}
END_TEST

/* ---- the ring ---- */

START_TEST(trim_drops_the_oldest_and_counts_them)
{
	const char *path = recordings_path("trim.db");
	struct recording *r = writer_with_session(path);
	struct recording_event event;
	uint64_t left;

	put_packets(r, 1, 1000, 1000);
	ck_assert_int_eq(recording_trim(r, 1000 * 1000, NULL), NT_OK);
	ck_assert_uint_eq(recording_packet_bytes(r), 1000 * 1000);
	ck_assert_int_eq(recording_trim(r, 500 * 1000, NULL), NT_OK);
	ck_assert_uint_le(recording_packet_bytes(r), 500 * 1000);
	ck_assert_uint_ge(recording_packet_bytes(r), 450 * 1000);
	put_packets(r, 1001, 200, 1000);
	ck_assert_int_eq(recording_trim(r, 500 * 1000, NULL), NT_OK);
	left = recording_packet_bytes(r) / 1000;
	close_recording(r);

	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1200 - left + 1), left);
	ck_assert_int_eq(recording_next_event(r, &event, NULL), NT_OK);
	ck_assert_str_eq(event.kind, "ring-dropped");
	ck_assert_int_eq(event.count, (int64_t)(1200 - left));
	ck_assert_int_eq(event.time, PACKETS_BEGIN + (int64_t)(1200 - left - 1) * NT_MILLISECOND);
	ck_assert_int_eq(recording_next_event(r, &event, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(trim_to_nothing_leaves_an_empty_session)
{
	const char *path = recordings_path("nothing.db");
	struct recording_session second = { .end = NT_TIME_NONE, .command_begin = NT_TIME_NONE, .command_end = NT_TIME_NONE };
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 100, 1000);
	ck_assert_int_eq(recording_trim(r, 0, NULL), NT_OK);
	ck_assert_uint_eq(recording_packet_bytes(r), 0);
	begin_session(r, &second);
	put_packets(r, 1, 10, 1000);
	close_recording(r);
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 10); /* the second, as it began at 0 */
	ck_assert_int_eq(recording_select(r, second.id - 1, NULL), NT_OK);
	ck_assert_uint_eq(count_packets(r, 1), 0);
	close_recording(r);
}
END_TEST

START_TEST(ring_does_not_grow_the_file)
{
	const char *path = recordings_path("ring.db");
	struct recording *r = writer_with_session(path);
	const uint64_t limit = 2 * 1024 * 1024;
	struct stat info;

	for (uint64_t i = 1; i <= 40000; i++) {
		put_packets(r, i, 1, 1000);
		if (i % 10 == 0)
			ck_assert_int_eq(recording_trim(r, limit, NULL), NT_OK);
		if (i % 4000 == 0)
			ck_assert_int_eq(recording_commit(r, 0, true, NULL), NT_OK);
		ck_assert_uint_le(recording_packet_bytes(r), limit + 10 * 1000);
	}
	close_recording(r);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_lt(info.st_size, 4 * 1024 * 1024);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM events"), "1");
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

/* Each packet has a mark of its own, which every tenth shares with one much before it. */
static void put_marked_packets(struct recording *r, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++) {
		struct recording_nflog nflog = { .mark = (uint32_t)(i % 10 ? i : i - 25) };
		struct recording_packet packet = test_packet(i, 1000);

		packet.nflog = &nflog;
		ck_assert_int_eq(recording_put_packet(r, &packet, NULL), NT_OK);
	}
}

START_TEST(trim_drops_what_nflog_told_of_the_packets_too)
{
	const char *path = recordings_path("nflog.db");
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	put_marked_packets(r, 1, 50);
	begin_session(r, &(struct recording_session){ .begin = PACKETS_BEGIN, .end = NT_TIME_NONE });
	for (uint64_t i = 1; i <= 1000; i += 10) {
		put_marked_packets(r, i, 10);
		ck_assert_int_eq(recording_trim(r, 100 * 1000, NULL), NT_OK);
	}
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) < 200 FROM nflog WHERE session = 2"), "1");
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM packets WHERE nflog NOT IN (SELECT id FROM nflog)"), "0");
	r = reader_of(path);
	for (size_t session = 0; session < 2; session++) {
		ck_assert_int_eq(recording_select(r, recording_session(r, session)->id, NULL), NT_OK);
		while (recording_next_packet(r, &packet, NULL) == NT_OK)
			ck_assert_uint_eq(packet.nflog->mark, (uint32_t)(packet.number % 10 ? packet.number : packet.number - 25));
	}
	close_recording(r);
}
END_TEST

START_TEST(trim_keeps_what_nflog_told_of_a_packet_that_stays)
{
	const char *path = recordings_path("shared.db");
	struct recording *r = writer_with_session(path);
	const struct recording_nflog early = { .prefix = "early" }, late = { .prefix = "late" };

	for (uint64_t i = 1; i <= 100; i++) {
		struct recording_packet packet = test_packet(i, 1000);

		packet.nflog = i % 50 ? &late : &early;
		ck_assert_int_eq(recording_put_packet(r, &packet, NULL), NT_OK);
	}
	ck_assert_int_eq(recording_trim(r, 10 * 1000, NULL), NT_OK);
	close_recording(r);
	ck_assert_str_eq(
		ask_sqlite(path, "SELECT group_concat(DISTINCT prefix) FROM packets JOIN nflog ON nflog.id = packets.nflog"),
		"late,early");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recording flow");
	TCase *tcase = tcase_create("transactions, order, ring");

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, transaction_is_committed_when_full);
	tcase_add_test(tcase, transaction_of_many_bytes_is_committed_early);
	tcase_add_test(tcase, transaction_is_committed_when_old);
	tcase_add_test(tcase, reader_follows_a_file_that_is_written);
	tcase_add_test(tcase, packets_written_a_little_late_come_in_the_order_of_time);
	tcase_add_test(tcase, packets_in_wild_order_come_in_the_order_of_time);
	tcase_add_test(tcase, packets_without_a_time_come_where_they_were_written);
	tcase_add_test(tcase, packet_without_a_time_follows_the_one_before_it_where_others_are_late);
	tcase_add_test(tcase, packets_of_one_time_keep_their_order);
	tcase_add_test(tcase, trim_drops_the_oldest_and_counts_them);
	tcase_add_test(tcase, trim_to_nothing_leaves_an_empty_session);
	tcase_add_test(tcase, trim_drops_what_nflog_told_of_the_packets_too);
	tcase_add_test(tcase, trim_keeps_what_nflog_told_of_a_packet_that_stays);
	tcase_add_test(tcase, ring_does_not_grow_the_file);
	suite_add_tcase(suite, tcase);
	return suite;
}
