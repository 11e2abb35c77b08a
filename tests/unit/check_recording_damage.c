/*
 * Files that are damaged or cut: what comes before holds.
 */
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nt_error error;

static bool says(const char *part)
{
	return strstr(error.text, part) != NULL;
}

static const char *large_recording(const char *name)
{
	const char *path = recordings_path(name);
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 4000, 1000);
	close_recording(r);
	return path;
}

/* Reads until the damage, and checks what comes before. */
static uint64_t read_damaged(const char *path)
{
	struct recording *r = reader_of(path);
	struct recording_packet packet;
	enum nt_status status;
	uint64_t count = 0;

	while ((status = recording_next_packet(r, &packet, &error)) == NT_OK) {
		ck_assert_uint_eq(packet.number, ++count);
		ck_assert_mem_eq(packet.data, test_packet(count, 1000).data, 1000);
	}
	ck_assert_int_eq(status, NT_EDAMAGED);
	ck_assert(says(path) && says("damaged"));
	recording_close(r, NULL);
	return count;
}

START_TEST(damaged_page_ends_the_packets_before_it)
{
	const char *path = large_recording("page.db");
	int file = open(path, O_RDWR);
	uint8_t noise[32768];

	memset(noise, 0xa5, sizeof noise);
	ck_assert_int_eq(pwrite(file, noise, sizeof noise, 60 * 32768), sizeof noise);
	close(file);
	ck_assert_uint_gt(read_damaged(path), 1000);
}
END_TEST

START_TEST(damaged_page_ends_packets_in_disorder_too)
{
	const char *path = large_recording("late.db");
	int file;
	uint8_t noise[32768];

	ck_assert(tell_sqlite(path, "UPDATE sessions SET disorder_ns = 5000000"));
	file = open(path, O_RDWR);
	memset(noise, 0xa5, sizeof noise);
	ck_assert_int_eq(pwrite(file, noise, sizeof noise, 60 * 32768), sizeof noise);
	close(file);
	ck_assert_uint_gt(read_damaged(path), 1000);
}
END_TEST

START_TEST(file_that_is_cut_gives_the_packets_before_the_cut)
{
	const char *path = large_recording("cut.db");

	ck_assert_int_eq(truncate(path, 2500 * 1000), 0);
	ck_assert_uint_gt(read_damaged(path), 1000);
	ck_assert_int_eq(truncate(path, 60 * 32768), 0);
	ck_assert_uint_gt(read_damaged(path), 1000);
}
END_TEST

START_TEST(packets_in_a_backward_order_of_rows_are_damage)
{
	const char *path = large_recording("loop.db");
	int file = open(path, O_RDWR);
	uint8_t page[32768];

	/* Two leaves are exchanged. */
	ck_assert_int_eq(pread(file, page, sizeof page, 60 * 32768), sizeof page);
	ck_assert_int_eq(pwrite(file, page, sizeof page, 61 * 32768), sizeof page);
	close(file);
	ck_assert_uint_gt(read_damaged(path), 1000);
}
END_TEST

START_TEST(any_damage_ends_in_some_result)
{
	const char *path = large_recording("flips.db");
	int file = open(path, O_RDWR);
	uint8_t byte[2];

	srand(7);
	for (int i = 0; i < 150; i++) {
		off_t at = i < 50 ? rand() % 4096 : rand() % 500000;
		struct recording_packet packet;
		struct recording *r;

		ck_assert_int_eq(pread(file, byte, 1, at), 1);
		byte[1] = (uint8_t)(byte[0] ^ (1 << rand() % 8));
		ck_assert_int_eq(pwrite(file, byte + 1, 1, at), 1);
		if (recording_open_reader(&r, path, NULL) == NT_OK) {
			if (recording_session_count(r) > 0)
				recording_select(r, recording_session(r, 0)->id, NULL);
			while (recording_next_packet(r, &packet, NULL) == NT_OK)
				;
			recording_close(r, NULL);
		}
		ck_assert_int_eq(pwrite(file, byte, 1, at), 1);
	}
	close(file);
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recording damage");
	TCase *tcase = tcase_create("damage");

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, damaged_page_ends_the_packets_before_it);
	tcase_add_test(tcase, damaged_page_ends_packets_in_disorder_too);
	tcase_add_test(tcase, file_that_is_cut_gives_the_packets_before_the_cut);
	tcase_add_test(tcase, packets_in_a_backward_order_of_rows_are_damage);
	tcase_add_test(tcase, any_damage_ends_in_some_result);
	suite_add_tcase(suite, tcase);
	return suite;
}
