/*
 * Files that are damaged or cut: what comes before holds.
 */
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
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

START_TEST(damaged_page_ends_the_keys_before_it)
{
	const char *path = recordings_path("keys.db");
	struct recording *r = writer_with_session(path);
	char line[1000], noise[32768];
	struct bytes keys;
	int file;

	memset(line, 'k', sizeof line);
	memset(noise, 0xa5, sizeof noise);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(recording_put_keys(r, (struct bytes){ (uint8_t *)line, sizeof line }, NULL), NT_OK);
	close_recording(r);
	file = open(path, O_RDWR);
	ck_assert_int_eq(pwrite(file, noise, sizeof noise, 30 * 32768), sizeof noise);
	close(file);
	r = reader_of(path);
	ck_assert_int_eq(recording_keys(r, &keys, &error), NT_EDAMAGED);
	ck_assert(says(path) && says("damaged"));
	ck_assert_uint_gt(keys.size, 100 * sizeof line);
	ck_assert_uint_lt(keys.size, 1000 * sizeof line);
	close_recording(r);
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

START_TEST(session_that_begins_before_all_packets_has_them_all)
{
	const char *path = recordings_path("first.db");
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 10, 1000);
	close_recording(r);
	ck_assert(tell_sqlite(path, "UPDATE sessions SET first_packet = -9223372036854775807 - 1"));
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 10);
	recording_close(r, NULL);
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
		if (recording_open_reader(&r, path, NULL, NULL) == NT_OK) {
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

/* ---- a file that was made to have no end ---- */

enum { PAGE = 4096, LEVELS = 12, CHILDREN = 201 };

static void put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* https://www.sqlite.org/fileformat.html 1.3: a database of `pages` pages with our application id. */
static void put_file_header(uint8_t *at, unsigned pages)
{
	memcpy(at, "SQLite format 3", 16);
	put_u16(at + 16, PAGE);
	memcpy(at + 18, "\1\1\0\x40\x20\x20", 6);
	put_u16(at + 30, pages);
	at[27] = at[95] = 1;                   /* change counter, and the version valid for it */
	at[43] = at[47] = at[59] = at[63] = 1; /* schema cookie, schema format, UTF-8, user version */
	memcpy(at + 68, "NTRC", 4);
}

/* 1.6: an interior page of a table; all its children are page `child`.  `head` bytes of the page are taken. */
static void put_interior(uint8_t *page, unsigned head, unsigned child)
{
	uint8_t *header = page + head;
	unsigned content = PAGE - 5 * (CHILDREN - 1);

	header[0] = 5;
	put_u16(header + 3, CHILDREN - 1);
	put_u16(header + 5, content);
	put_u16(header + 10, child);
	for (unsigned i = 0; i < CHILDREN - 1; i++) {
		put_u16(header + 12 + 2 * i, content + 5 * i);
		put_u16(page + content + 5 * i + 2, child);
		page[content + 5 * i + 4] = 1;
	}
}

/* A leaf with one row, of which all five columns are NULL. */
static void put_leaf(uint8_t *page)
{
	static const uint8_t row[] = { 6, 1, 6, 0, 0, 0, 0, 0 };

	page[0] = 13;
	put_u16(page + 3, 1);
	put_u16(page + 5, PAGE - sizeof row);
	put_u16(page + 8, PAGE - sizeof row);
	memcpy(page + PAGE - sizeof row, row, sizeof row);
}

START_TEST(schema_without_an_end_is_damage)
{
	static uint8_t image[(LEVELS + 1) * PAGE];
	const char *path = recordings_path("endless.db");
	struct recording *r;
	FILE *file = fopen(path, "w");

	put_file_header(image, LEVELS + 1);
	for (unsigned i = 0; i < LEVELS; i++)
		put_interior(image + i * PAGE, i == 0 ? 100 : 0, i + 2);
	put_leaf(image + LEVELS * PAGE);
	ck_assert_uint_eq(fwrite(image, 1, sizeof image, file), sizeof image);
	fclose(file);
	ck_assert_int_eq(recording_open_reader(&r, path, NULL, &error), NT_EDAMAGED);
	ck_assert_ptr_null(r);
	ck_assert(says(path));
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
	tcase_add_test(tcase, damaged_page_ends_the_keys_before_it);
	tcase_add_test(tcase, packets_in_a_backward_order_of_rows_are_damage);
	tcase_add_test(tcase, session_that_begins_before_all_packets_has_them_all);
	tcase_add_test(tcase, any_damage_ends_in_some_result);
	tcase_add_test(tcase, schema_without_an_end_is_damage);
	suite_add_tcase(suite, tcase);
	return suite;
}
