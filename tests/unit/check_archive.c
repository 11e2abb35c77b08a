/* Archives: what is in them, and what they must not be able to do. */
#include "capture/archive.h"
#include "capture/raw_ip.h"
#include "tests/unit/suite.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 * 1024 * 1024 };

static struct archive_contents got;
static struct limit_hits hits;
static struct input input;
static struct archive *writer;
static uint8_t *written, *block;
static size_t written_size;

static void set_up(void)
{
	memset(&hits, 0, sizeof hits);
	written = malloc(MOST);
	written_size = 0;
}

static void tear_down(void)
{
	archive_contents_free(&got);
	input_close(&input);
	free(written);
	free(block);
	block = NULL;
}

/* ---- writing ---- */

static void begin(int (*format)(struct archive *), int (*filter)(struct archive *))
{
	writer = archive_write_new();
	ck_assert_int_eq(format(writer), ARCHIVE_OK);
	ck_assert_int_eq(filter(writer), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(writer, 1);
	ck_assert_int_eq(archive_write_open_memory(writer, written, MOST, &written_size), ARCHIVE_OK);
}

static void put_entry(const char *name, unsigned type, const void *bytes, size_t size)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(entry, "/etc/passwd");
	ck_assert_int_ge(archive_write_header(writer, entry), ARCHIVE_WARN);
	if (size)
		ck_assert_int_eq(archive_write_data(writer, bytes, size), (la_ssize_t)size);
	archive_entry_free(entry);
}

static void put_file(const char *name, const char *content)
{
	put_entry(name, AE_IFREG, content, strlen(content));
}

static void finish(void)
{
	ck_assert_int_eq(archive_write_close(writer), ARCHIVE_OK);
	archive_write_free(writer);
}

/* ---- reading ---- */

static void unpack_size(size_t size)
{
	archive_contents_free(&got);
	input_close(&input);
	free(block);
	block = malloc(size + !size); /* a block of exactly its size */
	memcpy(block, written, size);
	input_open_memory(&input, block, size);
	archive_unpack(&got, &input, &hits);
}

static void expect_member(size_t index, const char *name, const char *content)
{
	ck_assert_uint_lt(index, got.count);
	ck_assert_str_eq(got.members[index].name, name);
	ck_assert(bytes_equal(got.members[index].content, bytes_of(content)));
}

static void three_files(void)
{
	put_entry("dump/", AE_IFDIR, NULL, 0);
	put_file("dump/a.txt", "first");
	put_file("dump/b.txt", "");
	put_file("dump/c.txt", "third");
	finish();
}

static const struct {
	int (*format)(struct archive *), (*filter)(struct archive *);
} kinds[] = {
	{ archive_write_set_format_ustar, archive_write_add_filter_none },
	{ archive_write_set_format_pax, archive_write_add_filter_gzip },
	{ archive_write_set_format_gnutar, archive_write_add_filter_zstd },
	{ archive_write_set_format_zip, archive_write_add_filter_none },
};

START_TEST(members_come_in_the_order_of_the_archive)
{
	begin(kinds[_i].format, kinds[_i].filter);
	three_files();
	unpack_size(written_size);
	ck_assert(!got.damage.damaged);
	ck_assert_uint_eq(got.count, 3);
	expect_member(0, "dump/a.txt", "first");
	expect_member(1, "dump/b.txt", "");
	expect_member(2, "dump/c.txt", "third");
	ck_assert_uint_eq(got.passed_over, 0);
}
END_TEST

START_TEST(links_and_devices_are_passed_over)
{
	begin(archive_write_set_format_pax, archive_write_add_filter_none);
	put_entry("link", AE_IFLNK, NULL, 0);
	put_entry("pipe", AE_IFIFO, NULL, 0);
	put_entry("disk", AE_IFBLK, NULL, 0);
	put_file("file", "x");
	finish();
	unpack_size(written_size);
	ck_assert_uint_eq(got.count, 1);
	ck_assert_uint_eq(got.passed_over, 3);
	ck_assert(!got.damage.damaged);
}
END_TEST

START_TEST(a_name_is_a_text_without_control_characters)
{
	begin(archive_write_set_format_ustar, archive_write_add_filter_none);
	put_file("../../etc/\033[31mred\n", "x");
	finish();
	unpack_size(written_size);
	expect_member(0, "../../etc/?[31mred?", "x");
}
END_TEST

START_TEST(the_same_name_may_come_again)
{
	begin(archive_write_set_format_ustar, archive_write_add_filter_none);
	put_file("nettrace.json", "1");
	put_file("nettrace.json", "2");
	finish();
	unpack_size(written_size);
	expect_member(0, "nettrace.json", "1");
	expect_member(1, "nettrace.json", "2");
}
END_TEST

START_TEST(every_prefix_gives_what_is_there)
{
	size_t before = 0;

	begin(kinds[_i].format, kinds[_i].filter);
	three_files();
	for (size_t size = 0; size < written_size; size += size < 600 ? 7 : 101) {
		unpack_size(size);
		ck_assert_uint_ge(got.count, before);
		before = got.count;
		for (size_t i = 0; i < got.count; i++)
			if (!got.members[i].cut && got.members[i].content.size)
				ck_assert_uint_eq(got.members[i].content.size, 5);
	}
}
END_TEST

START_TEST(a_cut_member_is_kept_as_far_as_it_came)
{
	char text[5000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	begin(archive_write_set_format_ustar, archive_write_add_filter_none);
	put_file("long", text);
	finish();
	unpack_size(512 + 3000);
	ck_assert_uint_eq(got.count, 1);
	ck_assert(got.members[0].cut);
	ck_assert_uint_eq(got.members[0].content.size, 3000);
	ck_assert(got.damage.damaged);
}
END_TEST

START_TEST(changed_bytes_give_some_result)
{
	begin(kinds[_i].format, kinds[_i].filter);
	three_files();
	for (size_t at = 0; at < written_size && at < 3000; at += 3) {
		written[at] ^= 0x55;
		unpack_size(written_size);
		written[at] ^= 0x55;
	}
}
END_TEST

START_TEST(too_many_members_are_damage)
{
	char name[20];

	begin(archive_write_set_format_ustar, archive_write_add_filter_none);
	for (int i = 0; i < LIMIT_ARCHIVE_MEMBERS + 3; i++) {
		snprintf(name, sizeof name, "%d", i);
		put_file(name, "");
	}
	finish();
	unpack_size(written_size);
	ck_assert_uint_eq(got.count, LIMIT_ARCHIVE_MEMBERS);
	ck_assert_uint_eq(hits.count[LIMIT_ARCHIVE_MEMBERS_HIT], 1);
	ck_assert(got.damage.damaged);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
	char name[LIMIT_ARCHIVE_NAME + 100];

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	begin(archive_write_set_format_pax, archive_write_add_filter_none);
	put_file(name, "x");
	finish();
	unpack_size(written_size);
	ck_assert_uint_eq(strlen(got.members[0].name), LIMIT_ARCHIVE_NAME);
	ck_assert_uint_eq(hits.count[LIMIT_ARCHIVE_NAME_HIT], 1);
}
END_TEST

START_TEST(a_bomb_is_read_up_to_the_limit)
{
	uint8_t *zeros = calloc(1, 1024 * 1024);
	struct archive_entry *entry = archive_entry_new();

	begin(archive_write_set_format_pax, archive_write_add_filter_zstd);
	archive_entry_set_pathname(entry, "bomb");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_size(entry, (la_int64_t)LIMIT_ARCHIVE_MEMBER + 1024 * 1024);
	ck_assert_int_eq(archive_write_header(writer, entry), ARCHIVE_OK);
	for (int i = 0; i < LIMIT_ARCHIVE_MEMBER / (1024 * 1024) + 1; i++)
		ck_assert_int_eq(archive_write_data(writer, zeros, 1024 * 1024), 1024 * 1024);
	archive_entry_free(entry);
	put_file("after", "x");
	finish();
	free(zeros);
	unpack_size(written_size);
	ck_assert_uint_eq(got.count, 2);
	ck_assert(got.members[0].cut);
	ck_assert_uint_le(got.members[0].content.size, LIMIT_ARCHIVE_MEMBER);
	ck_assert_uint_eq(hits.count[LIMIT_ARCHIVE_MEMBER_HIT], 1);
	expect_member(1, "after", "x");
}
END_TEST

START_TEST(archives_are_told_by_their_first_bytes)
{
	uint8_t head[ARCHIVE_LOOK_AT] = { 0 };

	ck_assert_ptr_null(archive_recognise((struct bytes){ head, sizeof head }));
	memcpy(head + 257, "ustar", 5);
	ck_assert_str_eq(archive_recognise((struct bytes){ head, sizeof head }), "tar");
	ck_assert_ptr_null(archive_recognise((struct bytes){ head, 260 }));
	ck_assert_str_eq(archive_recognise(BYTES("PK\3\4")), "zip");
	ck_assert_ptr_null(archive_recognise(BYTES("")));
}
END_TEST

/* ---- link types ---- */

static const uint8_t pcap_head[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1 };

/* A capture of one packet that is said to be Ethernet. */
static bool looks_raw(const uint8_t *packet, uint8_t size)
{
	uint8_t file[24 + 16 + 255] = { 0 };

	memcpy(file, pcap_head, sizeof pcap_head);
	file[24 + 8] = file[24 + 12] = size;
	memcpy(file + 40, packet, size);
	return raw_ip_looks_like((struct bytes){ file, 40u + size });
}

START_TEST(ip_that_is_called_ethernet_is_seen)
{
	static const uint8_t ipv4[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
	static const uint8_t ipv6[48] = { 0x60, 0, 0, 0, 0, 8, 17, 64 };
	static const uint8_t ethernet[42] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 8, 0, 0x45, 0, 0, 28 };

	ck_assert(looks_raw(ipv4, sizeof ipv4));
	ck_assert(looks_raw(ipv6, sizeof ipv6));
	ck_assert(!looks_raw(ethernet, sizeof ethernet));
	ck_assert(!looks_raw(ipv4, 12));
	ck_assert(!raw_ip_looks_like((struct bytes){ pcap_head, sizeof pcap_head }));
	ck_assert(!raw_ip_looks_like(BYTES("no capture")));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("archive");
	TCase *tests = tcase_create("all");
	const int count = sizeof kinds / sizeof *kinds;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, members_come_in_the_order_of_the_archive, 0, count);
	tcase_add_test(tests, links_and_devices_are_passed_over);
	tcase_add_test(tests, a_name_is_a_text_without_control_characters);
	tcase_add_test(tests, the_same_name_may_come_again);
	tcase_add_loop_test(tests, every_prefix_gives_what_is_there, 0, count);
	tcase_add_test(tests, a_cut_member_is_kept_as_far_as_it_came);
	tcase_add_loop_test(tests, changed_bytes_give_some_result, 0, count);
	tcase_add_test(tests, too_many_members_are_damage);
	tcase_add_test(tests, a_long_name_is_cut);
	tcase_add_test(tests, a_bomb_is_read_up_to_the_limit);
	tcase_add_test(tests, archives_are_told_by_their_first_bytes);
	tcase_add_test(tests, ip_that_is_called_ethernet_is_seen);
	suite_add_tcase(suite, tests);
	return suite;
}
