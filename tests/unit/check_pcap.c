#include "capture/source.h"
#include "tests/support/pcap_bytes.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *exact; /* the input in a block of exactly its size */
static struct limit_hits hits;

static enum nt_status try_open(struct bytes file, struct capture_source **out, struct nt_error *error)
{
	free(exact);
	exact = nt_alloc(file.size);
	if (file.size)
		memcpy(exact, file.at, file.size);
	memset(&hits, 0, sizeof hits);
	return capture_open_memory(out, exact, file.size, &hits, error);
}

static struct capture_source *open_bytes(struct bytes file)
{
	struct capture_source *source;
	struct nt_error error;
	enum nt_status status = try_open(file, &source, &error);

	ck_assert_msg(status == NT_OK, "%s", status == NT_OK ? "" : error.text);
	return source;
}

static struct capture_source *open_built(const struct pcap_bytes *file)
{
	return open_bytes((struct bytes){ file->out.at, file->out.size });
}

static void finish(struct capture_source *source, struct pcap_bytes *file)
{
	capture_free(source);
	pcap_bytes_free(file);
	free(exact);
	exact = NULL;
}

static const char frame[] = "0123456789abcdefghij";

/* The header with any first bytes, version and link type field. */
static void add_header(struct pcap_bytes *b, uint32_t magic, uint16_t major, uint16_t minor, uint32_t link_type)
{
	pcap_bytes_u32(b, magic);
	pcap_bytes_u16(b, major);
	pcap_bytes_u16(b, minor);
	pcap_bytes_u64(b, 0);
	pcap_bytes_u32(b, 65535);
	pcap_bytes_u32(b, link_type);
}

static void add_record(struct pcap_bytes *b, uint32_t first_length, uint32_t second_length, size_t size)
{
	pcap_bytes_u32(b, 100);
	pcap_bytes_u32(b, 5);
	pcap_bytes_u32(b, first_length);
	pcap_bytes_u32(b, second_length);
	pcap_bytes_raw(b, frame, size);
}

static const struct variant {
	uint32_t magic;
	bool big, modified;
	nt_time fraction; /* what 5 means */
} variants[] = {
	{ 0xa1b2c3d4, false, false, 5000 }, { 0xa1b2c3d4, true, false, 5000 }, { 0xa1b23c4d, false, false, 5 },
	{ 0xa1b23c4d, true, false, 5 },     { 0xa1b2cd34, false, true, 5000 }, { 0xa1b2cd34, true, true, 5000 },
	{ 0x1c0001ac, false, false, 5000 }, { 0x1c0001ac, true, false, 5000 }, { 0x1c0001ab, false, false, 5000 },
	{ 0x1c0001ab, true, false, 5000 },
};

START_TEST(every_variant_is_read)
{
	const struct variant *v = &variants[_i];
	struct pcap_bytes file = v->big ? pcap_bytes_big() : pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	add_header(&file, v->magic, 2, 4, 1);
	if (v->magic >> 16 == 0x1c00) /* IXIA: the size of all records */
		pcap_bytes_u32(&file, 2 * (16 + 10));
	for (int i = 0; i < 2; i++) {
		pcap_bytes_u32(&file, 100 + (uint32_t)i);
		pcap_bytes_u32(&file, 5);
		pcap_bytes_u32(&file, 10);
		pcap_bytes_u32(&file, 20);
		if (v->modified)
			pcap_bytes_u64(&file, 0x1122334455667788);
		pcap_bytes_raw(&file, frame + i, 10);
	}
	source = open_built(&file);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(capture_next(source, &packet), NT_OK);
		ck_assert_int_eq(packet.time, (100 + i) * NT_SECOND + v->fraction);
		ck_assert_uint_eq(packet.number, i + 1);
		ck_assert_uint_eq(packet.captured, 10);
		ck_assert_uint_eq(packet.size, 20);
		ck_assert_mem_eq(packet.data, frame + i, 10);
		ck_assert_uint_eq(packet.interface->link_type, 1);
		ck_assert_uint_eq(packet.interface->snaplen, 65535);
		ck_assert_ptr_null(packet.interface->name);
	}
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	ck_assert_str_eq(capture_input(source, 0)->format, "pcap");
	ck_assert_uint_eq(capture_input(source, 0)->packets_cut, 2);
	ck_assert_uint_eq(capture_input(source, 0)->bytes, file.out.size);
	finish(source, &file);
}
END_TEST

static const struct version {
	uint16_t major, minor;
	uint32_t first, second, captured, size;
} versions[] = {
	{ 2, 4, 10, 20, 10, 20 }, { 2, 3, 10, 20, 10, 20 },   { 2, 3, 20, 10, 10, 20 }, { 2, 2, 20, 10, 10, 20 },
	{ 2, 0, 20, 10, 10, 20 }, { 543, 0, 20, 10, 10, 20 }, { 2, 4, 10, 0, 10, 10 },
};

START_TEST(old_versions_have_their_lengths_swapped)
{
	const struct version *v = &versions[_i];
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	add_header(&file, 0xa1b2c3d4, v->major, v->minor, 1);
	add_record(&file, v->first, v->second, 10);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.captured, v->captured);
	ck_assert_uint_eq(packet.size, v->size);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(unknown_version_is_refused)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct nt_error error;

	add_header(&file, 0xa1b2c3d4, 3, 0, 1);
	ck_assert_int_eq(try_open((struct bytes){ file.out.at, file.out.size }, &source, &error), NT_EFORMAT);
	ck_assert_ptr_null(source);
	ck_assert_ptr_nonnull(strstr(error.text, "unknown version"));
	finish(source, &file);
}
END_TEST

static const struct link_field {
	uint32_t field, link_type, captured, size; /* of a packet of 10 bytes, 20 on the wire */
} link_fields[] = {
	{ 1, 1, 10, 20 },
	{ 0x24000001, 1, 10, 16 },
	{ 0xf4000001, 1, 0, 0 },
	{ 0x20000001, 1, 10, 20 },
	{ 0x00200069, 105, 10, 20 },
	{ 0x02240002, 101, 10, 20 },
	{ 0x02240018, 101, 10, 20 },
	{ 0x02240003, 3, 10, 20 },
};

START_TEST(link_type_field_is_masked_and_the_check_sequence_cut_off)
{
	const struct link_field *row = &link_fields[_i];
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	add_header(&file, 0xa1b2c3d4, 2, 4, row->field);
	add_record(&file, 10, 20, 10);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.interface->link_type, row->link_type);
	ck_assert_uint_eq(packet.captured, row->captured);
	ck_assert_uint_eq(packet.size, row->size);
	finish(source, &file);
}
END_TEST

START_TEST(check_sequence_is_cut_off_whole_packets_too)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	add_header(&file, 0xa1b2c3d4, 2, 4, 0x24000001);
	add_record(&file, 10, 10, 10);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.captured, 6);
	ck_assert_uint_eq(packet.size, 6);
	ck_assert_uint_eq(capture_input(source, 0)->packets_cut, 0);
	finish(source, &file);
}
END_TEST

START_TEST(snaplen_of_the_header_is_not_believed)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	pcap_bytes_header(&file, 1, 8);
	pcap_bytes_record(&file, 0, frame, 20, 20);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.captured, 20);
	finish(source, &file);
}
END_TEST

START_TEST(empty_packet_and_no_packets_are_fine)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	pcap_bytes_header(&file, 1, 65535);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	ck_assert_int_eq(capture_input(source, 0)->first, NT_TIME_NONE);
	ck_assert_int_eq(capture_input(source, 0)->last, NT_TIME_NONE);
	capture_free(source);
	pcap_bytes_record(&file, NT_SECOND, NULL, 0, 0);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.captured, 0);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(times_beyond_2038_and_fractions_beyond_a_second_are_read)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	pcap_bytes_header(&file, 1, 65535);
	pcap_bytes_u32(&file, UINT32_MAX);
	pcap_bytes_u32(&file, UINT32_MAX);
	pcap_bytes_u64(&file, 0);
	pcap_bytes_record(&file, 7 * NT_SECOND, NULL, 0, 0);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, UINT32_MAX * NT_SECOND + UINT32_MAX * NT_MICROSECOND);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(capture_input(source, 0)->first, 7 * NT_SECOND);
	ck_assert_int_eq(capture_input(source, 0)->last, UINT32_MAX * NT_SECOND + UINT32_MAX * NT_MICROSECOND);
	finish(source, &file);
}
END_TEST

START_TEST(record_beyond_the_limit_ends_the_input)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	const struct capture_damage *damage;
	struct packet packet;
	size_t good;

	pcap_bytes_header(&file, 1, 65535);
	add_record(&file, 10, 10, 10);
	good = file.out.size;
	add_record(&file, LIMIT_PACKET_SIZE + 1, LIMIT_PACKET_SIZE + 1, 20);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	damage = &capture_input(source, 0)->damage;
	ck_assert(damage->damaged);
	ck_assert_uint_eq(damage->byte_offset, good);
	ck_assert_uint_eq(damage->packet_number, 1);
	ck_assert_uint_eq(damage->bytes_lost, 36);
	ck_assert_ptr_nonnull(strstr(damage->text, "packet 2 cannot be"));
	ck_assert_uint_eq(hits.count[LIMIT_PACKET_SIZE_HIT], 1);
	finish(source, &file);
}
END_TEST

static struct pcap_bytes three_packets(void)
{
	struct pcap_bytes file = pcap_bytes_little();

	pcap_bytes_header(&file, 1, 65535);
	for (int i = 0; i < 3; i++)
		pcap_bytes_record(&file, i * NT_SECOND, frame, (size_t)i * 10, 30);
	return file;
}

/* Where the records of three_packets() end. */
static const size_t ends[] = { 24, 40, 66, 102 };

START_TEST(file_cut_anywhere_yields_what_is_whole)
{
	struct pcap_bytes file = three_packets();
	struct capture_source *source = NULL;
	struct packet packet;

	ck_assert_uint_eq(file.out.size, ends[3]);
	for (size_t size = ends[0]; size <= ends[3]; size++) {
		const struct capture_damage *damage;
		size_t whole = 0, read = 0;

		while (whole < 3 && ends[whole + 1] <= size)
			whole++;
		source = open_bytes((struct bytes){ file.out.at, size });
		while (capture_next(source, &packet) == NT_OK)
			read++;
		damage = &capture_input(source, 0)->damage;
		ck_assert_uint_eq(read, whole);
		ck_assert_int_eq(damage->damaged, size != ends[whole]);
		ck_assert_uint_eq(damage->bytes_lost, size - ends[whole]);
		ck_assert_uint_eq(damage->byte_offset, damage->damaged ? ends[whole] : 0);
		ck_assert_uint_eq(damage->packet_number, damage->damaged ? whole : 0);
		capture_free(source);
	}
	finish(NULL, &file);
}
END_TEST

START_TEST(damage_of_a_cut_packet_says_how_much_is_there)
{
	struct pcap_bytes file = three_packets();
	struct capture_source *source = open_bytes((struct bytes){ file.out.at, 95 });
	struct packet packet;

	while (capture_next(source, &packet) == NT_OK)
		;
	ck_assert_str_eq(capture_input(source, 0)->damage.text, "the last packet is cut: 20 bytes announced, 13 there");
	capture_free(source);
	source = open_bytes((struct bytes){ file.out.at, 73 });
	while (capture_next(source, &packet) == NT_OK)
		;
	ck_assert_str_eq(capture_input(source, 0)->damage.text, "the last packet is cut: its header has 16 bytes, 7 there");
	finish(source, &file);
}
END_TEST

START_TEST(file_cut_in_its_header_is_refused)
{
	struct pcap_bytes file = three_packets();
	struct capture_source *source;
	struct nt_error error;

	for (size_t size = 0; size < ends[0]; size++) {
		enum nt_status status = try_open((struct bytes){ file.out.at, size }, &source, &error);

		ck_assert_int_eq(status, size < 4 ? NT_EFORMAT : NT_EDAMAGED);
		ck_assert_ptr_null(source);
		if (size >= 4)
			ck_assert_ptr_nonnull(strstr(error.text, "ends in its header"));
	}
	finish(NULL, &file);
}
END_TEST

START_TEST(flipped_bits_always_give_some_result)
{
	struct pcap_bytes file = three_packets();

	for (size_t bit = 0; bit < file.out.size * 8; bit++) {
		struct capture_source *source;
		struct packet packet;
		uint64_t read = 0;

		file.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (try_open((struct bytes){ file.out.at, file.out.size }, &source, NULL) == NT_OK)
			while (capture_next(source, &packet) == NT_OK)
				read += packet.captured ? packet.data[packet.captured - 1] : 1;
		ck_assert_uint_le(read, 6 * 255);
		capture_free(source);
		file.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	finish(NULL, &file);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("pcap");
	TCase *tests = tcase_create("pcap");

	tcase_add_loop_test(tests, every_variant_is_read, 0, sizeof variants / sizeof *variants);
	tcase_add_loop_test(tests, old_versions_have_their_lengths_swapped, 0, sizeof versions / sizeof *versions);
	tcase_add_test(tests, unknown_version_is_refused);
	tcase_add_loop_test(tests, link_type_field_is_masked_and_the_check_sequence_cut_off, 0,
			    sizeof link_fields / sizeof *link_fields);
	tcase_add_test(tests, check_sequence_is_cut_off_whole_packets_too);
	tcase_add_test(tests, snaplen_of_the_header_is_not_believed);
	tcase_add_test(tests, empty_packet_and_no_packets_are_fine);
	tcase_add_test(tests, times_beyond_2038_and_fractions_beyond_a_second_are_read);
	tcase_add_test(tests, record_beyond_the_limit_ends_the_input);
	tcase_add_test(tests, file_cut_anywhere_yields_what_is_whole);
	tcase_add_test(tests, damage_of_a_cut_packet_says_how_much_is_there);
	tcase_add_test(tests, file_cut_in_its_header_is_refused);
	tcase_add_test(tests, flipped_bits_always_give_some_result);
	suite_add_tcase(suite, tests);
	return suite;
}
