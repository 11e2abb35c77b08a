#include "capture/pcapng_write.h"
#include "capture/source.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static FILE *stream;
static char *written;
static size_t size;
static struct pcapng_writer *writer;

static char eth0[] = "eth0", wlan0[] = "wlan0", about[] = "the one upstairs";
static const struct capture_interface first = { .id = 0, .link_type = 1, .snaplen = 96, .name = eth0, .description = about };
static const struct capture_interface third = { .id = 2, .link_type = 113, .name = wlan0 };

static void set_up(void)
{
	stream = open_memstream(&written, &size);
	writer = pcapng_writer_new(stream, "test 1");
}

static void tear_down(void)
{
	pcapng_writer_free(writer);
	free(written);
}

static void put(const struct capture_interface *interface, nt_time time, const char *data, uint32_t size_on_wire)
{
	pcapng_writer_packet(writer, &(struct packet){ .time = time,
						       .captured = (uint32_t)strlen(data),
						       .size = size_on_wire,
						       .data = (const uint8_t *)data,
						       .interface = interface });
}

static struct capture_source *read_back(void)
{
	struct capture_source *source;
	struct nt_error error;

	ck_assert(pcapng_writer_finish(writer));
	fclose(stream);
	ck_assert_msg(capture_open_memory(&source, written, size, NULL, &error) == NT_OK, "%s", error.text);
	return source;
}

static void assert_next(struct capture_source *source, nt_time time, const char *data, uint32_t size_on_wire, const char *interface)
{
	struct packet packet;

	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, time);
	ck_assert_uint_eq(packet.captured, strlen(data));
	ck_assert_uint_eq(packet.size, size_on_wire);
	ck_assert_mem_eq(packet.data, data, strlen(data));
	ck_assert_str_eq(packet.interface->name, interface);
}

static void assert_end(struct capture_source *source)
{
	struct packet packet;

	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert_msg(!capture_input(source, 0)->damage.damaged, "%s", capture_input(source, 0)->damage.text);
	capture_free(source);
}

START_TEST(packets_of_all_sizes_are_read_back_with_their_nanoseconds)
{
	struct capture_source *source;

	put(&first, 1700000000123456789, "abcd", 4);
	put(&first, 1700000000123456790, "abcde", 1500);
	put(&first, 1700000000123456791, "abcdef", 6);
	put(&first, 1700000000123456792, "abcdefg", 7);
	ck_assert_uint_eq(pcapng_writer_packets(writer), 4);
	source = read_back();
	assert_next(source, 1700000000123456789, "abcd", 4, "eth0");
	assert_next(source, 1700000000123456790, "abcde", 1500, "eth0");
	assert_next(source, 1700000000123456791, "abcdef", 6, "eth0");
	assert_next(source, 1700000000123456792, "abcdefg", 7, "eth0");
	assert_end(source);
}
END_TEST

START_TEST(interfaces_are_described_when_they_are_used)
{
	struct capture_source *source;

	put(&third, 1, "a", 1);
	put(&first, 2, "b", 1);
	put(&third, 3, "c", 1);
	source = read_back();
	assert_next(source, 1, "a", 1, "wlan0");
	assert_next(source, 2, "b", 1, "eth0");
	assert_next(source, 3, "c", 1, "wlan0");
	ck_assert_uint_eq(capture_interface_count(source), 2);
	ck_assert_uint_eq(capture_interface(source, 0)->link_type, 113);
	ck_assert_uint_eq(capture_interface(source, 0)->snaplen, 0);
	ck_assert_ptr_null(capture_interface(source, 0)->description);
	ck_assert_uint_eq(capture_interface(source, 1)->link_type, 1);
	ck_assert_uint_eq(capture_interface(source, 1)->snaplen, 96);
	ck_assert_str_eq(capture_interface(source, 1)->description, about);
	assert_end(source);
}
END_TEST

START_TEST(packet_without_a_time_gets_that_of_the_one_before)
{
	struct capture_source *source;

	put(&first, NT_TIME_NONE, "a", 1);
	put(&first, 77, "b", 1);
	put(&first, NT_TIME_NONE, "c", 1);
	put(&first, -5, "d", 1); /* before 1970, which cannot be written */
	source = read_back();
	assert_next(source, 0, "a", 1, "eth0");
	assert_next(source, 77, "b", 1, "eth0");
	assert_next(source, 77, "c", 1, "eth0");
	assert_next(source, 0, "d", 1, "eth0");
	assert_end(source);
}
END_TEST

START_TEST(keys_are_secrets_blocks)
{
	const struct capture_secrets *secrets;
	struct capture_source *source;

	pcapng_writer_keys(writer, BYTES("CLIENT_RANDOM 00 11\n"));
	put(&first, 1, "a", 1);
	pcapng_writer_keys(writer, (struct bytes){ NULL, 0 });
	pcapng_writer_keys(writer, BYTES("X\n"));
	source = read_back();
	assert_next(source, 1, "a", 1, "eth0");
	secrets = capture_secrets(source);
	ck_assert_uint_eq(secrets->count, 2);
	ck_assert(bytes_equal(secrets->key_logs[0], BYTES("CLIENT_RANDOM 00 11\n")));
	ck_assert(bytes_equal(secrets->key_logs[1], BYTES("X\n")));
	assert_end(source);
}
END_TEST

/* All of it, whatever the reader's own limit of a block. */
START_TEST(keys_of_any_size_are_in_blocks_that_end_with_a_line)
{
	static const char line[] = "CLIENT_RANDOM 00112233445566778899 aabbccddeeff\n";
	const struct capture_secrets *secrets;
	struct capture_source *source;
	struct buffer lines = { .max = LIMIT_SECRETS };
	size_t total = 0;

	while (lines.size < LIMIT_SECRETS / 8)
		ck_assert(buffer_add(&lines, line, sizeof line - 1));
	pcapng_writer_keys(writer, (struct bytes){ lines.at, lines.size });
	source = read_back();
	secrets = capture_secrets(source);
	ck_assert_uint_gt(secrets->count, 1);
	for (size_t i = 0; i < secrets->count; i++) {
		struct bytes log = secrets->key_logs[i];

		ck_assert_uint_le(log.size, 1024 * 1024);
		ck_assert_mem_eq(log.at, lines.at + total, log.size);
		ck_assert_uint_eq(log.at[log.size - 1], '\n');
		total += log.size;
	}
	ck_assert_uint_eq(total, lines.size);
	buffer_free(&lines);
	assert_end(source);
}
END_TEST

START_TEST(keys_of_one_line_without_an_end_are_written_all_the_same)
{
	enum { SIZE = 5 * 1024 * 1024 / 2 };
	struct capture_source *source;
	uint8_t *text = nt_alloc(SIZE);
	size_t total = 0;

	memset(text, 'x', SIZE);
	pcapng_writer_keys(writer, (struct bytes){ text, SIZE });
	source = read_back();
	for (size_t i = 0; i < capture_secrets(source)->count; i++)
		total += capture_secrets(source)->key_logs[i].size;
	ck_assert_uint_eq(total, SIZE);
	ck_assert_uint_eq(capture_secrets(source)->count, 3);
	free(text);
	assert_end(source);
}
END_TEST

START_TEST(file_without_packets_is_whole)
{
	assert_end(read_back());
}
END_TEST

START_TEST(first_write_error_is_reported_at_the_end)
{
	FILE *full = fopen("/dev/full", "w");
	struct pcapng_writer *to_full;

	ck_assert_ptr_nonnull(full);
	to_full = pcapng_writer_new(full, NULL);
	for (int i = 0; i < 10000; i++)
		pcapng_writer_packet(to_full,
				     &(struct packet){ .captured = 4, .data = (const uint8_t *)"abcd", .interface = &first });
	errno = 0;
	ck_assert(!pcapng_writer_finish(to_full));
	ck_assert_int_eq(errno, ENOSPC);
	pcapng_writer_free(to_full);
	fclose(full);
	fclose(stream);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("pcapng_write");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, packets_of_all_sizes_are_read_back_with_their_nanoseconds);
	tcase_add_test(tcase, interfaces_are_described_when_they_are_used);
	tcase_add_test(tcase, packet_without_a_time_gets_that_of_the_one_before);
	tcase_add_test(tcase, keys_are_secrets_blocks);
	tcase_add_test(tcase, keys_of_any_size_are_in_blocks_that_end_with_a_line);
	tcase_add_test(tcase, keys_of_one_line_without_an_end_are_written_all_the_same);
	tcase_add_test(tcase, file_without_packets_is_whole);
	tcase_add_test(tcase, first_write_error_is_reported_at_the_end);
	suite_add_tcase(suite, tcase);
	return suite;
}
