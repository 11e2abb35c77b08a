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

static unsigned read_all(struct capture_source *source)
{
	struct packet packet;
	unsigned count = 0;

	while (capture_next(source, &packet) == NT_OK)
		count++;
	return count;
}

static const char frame[] = "0123456789abcdefghij";
static const struct bytes no_options;

static struct pcap_bytes begin(const struct pcapng_bytes_interface *interface)
{
	struct pcap_bytes file = pcap_bytes_little();

	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, interface);
	return file;
}

static struct pcap_bytes begin_plain(void)
{
	return begin(&(struct pcapng_bytes_interface){ .link_type = 1 });
}

static void add_packet(struct pcap_bytes *file, uint32_t interface, uint64_t ticks)
{
	pcapng_bytes_packet(file, interface, ticks, frame, 10, 10, no_options);
}

static struct pcap_bytes options_like(const struct pcap_bytes *file)
{
	return (struct pcap_bytes){ .out.max = 1 << 20, .big_endian = file->big_endian };
}

START_TEST(packet_and_its_interface_are_read_in_either_byte_order)
{
	struct pcap_bytes file = _i ? pcap_bytes_big() : pcap_bytes_little();
	struct pcapng_bytes_interface eth0 = { .link_type = 1, .snaplen = 96, .name = "eth0" };
	struct capture_source *source;
	struct packet packet;

	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &eth0);
	pcapng_bytes_packet(&file, 0, UINT64_C(1700000000123456), frame, 13, 60, no_options);
	source = open_built(&file);
	ck_assert_uint_eq(capture_interface_count(source), 1);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, INT64_C(1700000000123456000));
	ck_assert_uint_eq(packet.number, 1);
	ck_assert_uint_eq(packet.captured, 13);
	ck_assert_uint_eq(packet.size, 60);
	ck_assert_mem_eq(packet.data, frame, 13);
	ck_assert_ptr_eq(packet.interface, capture_interface(source, 0));
	ck_assert_str_eq(packet.interface->name, "eth0");
	ck_assert_uint_eq(packet.interface->link_type, 1);
	ck_assert_uint_eq(packet.interface->snaplen, 96);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	ck_assert_str_eq(capture_input(source, 0)->format, "pcapng");
	ck_assert_uint_eq(capture_input(source, 0)->packets_cut, 1);
	ck_assert_uint_eq(capture_input(source, 0)->bytes, file.out.size);
	finish(source, &file);
}
END_TEST

static const struct resolution {
	uint8_t resolution;
	int64_t offset;
	uint64_t ticks;
	nt_time time;
} resolutions[] = {
	{ 6, 0, 1, 1000 },
	{ 9, 0, UINT64_C(1700000000123456789), 1700000000123456789 },
	{ 0, 0, 3, 3 * NT_SECOND },
	{ 3, 5, 7, 5 * NT_SECOND + 7 * NT_MILLISECOND },
	{ 6, -1, 0, -NT_SECOND },
	{ 12, 0, 1999, 1 },
	{ 28, 0, UINT64_MAX, 1 },
	{ 29, 0, UINT64_MAX, 0 },
	{ 127, 0, UINT64_MAX, 0 },
	{ 0x80, 0, 2, 2 * NT_SECOND },
	{ 0x81, 0, 3, NT_SECOND + NT_SECOND / 2 },
	{ 0x80 | 32, 0, UINT64_C(0x100000001), NT_SECOND },
	{ 0x80 | 32, 0, UINT64_C(0x180000000), NT_SECOND + NT_SECOND / 2 },
	{ 0xff, 0, UINT64_MAX, 0 },
	{ 0x80 | 30, 0, UINT64_MAX, INT64_MAX },
	/* what 64 bits of nanoseconds cannot hold becomes the last or the first time that they can */
	{ 9, 0, UINT64_MAX, INT64_MAX },
	{ 0, 0, UINT64_MAX, INT64_MAX },
	{ 6, INT64_MAX, UINT64_MAX, INT64_MAX },
	{ 6, INT64_MIN, 0, INT64_MIN + 1 },
	{ 9, 0, INT64_MAX, INT64_MAX },
	{ 9, -9223372037, 145224191, INT64_MIN + 1 },
	{ 9, -9223372037, 145224193, INT64_MIN + 1 },
	{ 9, -9223372037, 145224194, INT64_MIN + 2 },
};

START_TEST(time_is_exact_in_every_resolution)
{
	const struct resolution *row = &resolutions[_i];
	struct pcapng_bytes_interface interface = { .link_type = 1,
						    .has_resolution = true,
						    .resolution = row->resolution,
						    .has_offset = row->offset != 0,
						    .offset = row->offset };
	struct pcap_bytes file = begin(&interface);
	struct capture_source *source;
	struct packet packet;

	add_packet(&file, 0, row->ticks);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, row->time);
	finish(source, &file);
}
END_TEST

START_TEST(new_section_has_its_own_byte_order_and_interfaces)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	struct packet packet;

	add_packet(&file, 0, 1);
	file.big_endian = true;
	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 113 });
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.interface->link_type, 1);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.interface->link_type, 113);
	ck_assert_uint_eq(packet.interface->id, 1);
	ck_assert_int_eq(packet.time, 2000);
	ck_assert_uint_eq(packet.number, 2);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(interfaces_of_a_section_end_with_it)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;

	add_packet(&file, 0, 1);
	pcapng_bytes_section(&file);
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_str_eq(capture_input(source, 0)->damage.text, "a block is of interface 0, but only 0 are described");
	finish(source, &file);
}
END_TEST

START_TEST(section_of_an_unknown_version_ends_the_input)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	size_t good;

	add_packet(&file, 0, 1);
	good = file.out.size;
	pcapng_bytes_section(&file);
	file.out.at[good + 12] = 9;
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_uint_eq(capture_input(source, 0)->damage.byte_offset, good);
	ck_assert_uint_eq(capture_input(source, 0)->damage.bytes_lost, file.out.size - good);
	finish(source, &file);
}
END_TEST

static const struct simple {
	uint32_t snaplen, captured, on_wire, expected;
} simples[] = { { 0, 10, 10, 10 }, { 8, 8, 20, 8 }, { 0, 8, 20, 8 }, { 0, 0, 0, 0 }, { 0, 10, 9, 9 } };

START_TEST(simple_packet_has_no_time)
{
	const struct simple *row = &simples[_i];
	struct pcap_bytes file = begin(&(struct pcapng_bytes_interface){ .link_type = 1, .snaplen = row->snaplen });
	struct capture_source *source;
	struct packet packet;

	pcapng_bytes_simple(&file, frame, row->captured, row->on_wire);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, NT_TIME_NONE);
	ck_assert_uint_eq(packet.captured, row->expected);
	ck_assert_uint_eq(packet.size, row->on_wire);
	ck_assert_int_eq(capture_input(source, 0)->first, NT_TIME_NONE);
	finish(source, &file);
}
END_TEST

START_TEST(obsolete_packet_block_is_read)
{
	struct pcap_bytes file = begin_plain(), body = options_like(&file);
	struct capture_source *source;
	struct packet packet;

	pcap_bytes_u16(&body, 0);
	pcap_bytes_u16(&body, 77); /* drops */
	pcap_bytes_u32(&body, 0);
	pcap_bytes_u32(&body, 5);
	pcap_bytes_u32(&body, 10);
	pcap_bytes_u32(&body, 12);
	pcap_bytes_raw(&body, frame, 12);
	pcapng_bytes_block(&file, PCAPNG_PACKET, body.out.at, body.out.size);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, 5000);
	ck_assert_uint_eq(packet.captured, 10);
	ck_assert_uint_eq(packet.size, 12);
	pcap_bytes_free(&body);
	finish(source, &file);
}
END_TEST

START_TEST(other_blocks_are_skipped_and_counted)
{
	enum { LARGE = 20 * 1024 * 1024 };
	struct pcap_bytes file = begin_plain();
	uint8_t *large = nt_zalloc(LARGE);
	struct capture_source *source;

	pcapng_bytes_block(&file, PCAPNG_NAME_RESOLUTION, "\0\0\0", 4);
	pcapng_bytes_block(&file, 0xbad, frame, 16);
	add_packet(&file, 0, 1);
	pcapng_bytes_block(&file, 0x40000bad, large, LARGE);
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 2);
	ck_assert_uint_eq(capture_input(source, 0)->blocks_skipped, 3);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	free(large);
	finish(source, &file);
}
END_TEST

static const struct broken {
	const char *words;
	uint32_t type, size, trailer;
} broken_blocks[] = {
	{ "no multiple of 4", 99, 21, 21 },
	{ "at its end", 99, 20, 24 },
	{ "at its end", 6, 40, 24 },
	{ "needs at least 12", 99, 8, 8 },
	{ "needs at least 12", 99, 0, 0 },
	{ "needs at least 32", 6, 28, 28 },
	{ "needs at least 16", 3, 12, 12 },
	{ "needs at least 20", 1, 16, 16 },
	{ "needs at least 24", 5, 20, 20 },
	{ "more than any", 6, 0x40000000, 0 },
	{ "more than any", 1, 0x40000000, 0 },
	{ "needs at least 20", 10, 16, 16 },
	{ "byte order", 0x0a0d0d0a, 28, 28 },
	{ "is cut: 4096 bytes announced, 40 there", 99, 4096, 0 },
	{ "is cut: 4096 bytes announced, 40 there", 6, 4096, 0 },
};

START_TEST(block_with_a_broken_frame_ends_the_input)
{
	const struct broken *row = &broken_blocks[_i];
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	const struct capture_damage *damage;
	size_t good;

	add_packet(&file, 0, 1);
	good = file.out.size;
	pcap_bytes_u32(&file, row->type);
	pcap_bytes_u32(&file, row->size);
	for (size_t i = 8; i < 40; i += 4)
		pcap_bytes_u32(&file, i + 4 == row->size ? row->trailer : 0);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	damage = &capture_input(source, 0)->damage;
	ck_assert(damage->damaged);
	ck_assert_msg(strstr(damage->text, row->words), "%s", damage->text);
	ck_assert_uint_eq(damage->byte_offset, good);
	ck_assert_uint_eq(damage->packet_number, 1);
	ck_assert_uint_eq(damage->bytes_lost, 40);
	finish(source, &file);
}
END_TEST

static const struct huge {
	uint32_t type, size;
	enum limit limit;
} huge_blocks[] = {
	{ PCAPNG_ENHANCED_PACKET, 0x40000000, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_SIMPLE_PACKET, LIMIT_PACKET_SIZE + LIMIT_BLOCK_OPTIONS + 4, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_PACKET, 0xfffffffc, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_INTERFACE, LIMIT_BLOCK_OPTIONS + 4, LIMIT_BLOCK_OPTIONS_HIT },
};

START_TEST(block_larger_than_the_limit_is_counted)
{
	const struct huge *row = &huge_blocks[_i];
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;

	pcap_bytes_u32(&file, row->type);
	pcap_bytes_u32(&file, row->size);
	pcap_bytes_u32(&file, 0);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 0);
	ck_assert(capture_input(source, 0)->damage.damaged);
	for (int i = 0; i < LIMIT_COUNT; i++)
		ck_assert_uint_eq(hits.count[i], i == (int)row->limit);
	finish(source, &file);
}
END_TEST

START_TEST(packet_of_an_unknown_interface_is_left_out)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	const struct capture_damage *damage;
	struct packet packet;
	size_t good, bad;

	add_packet(&file, 0, 1);
	good = file.out.size;
	add_packet(&file, 1, 2);
	bad = file.out.size;
	add_packet(&file, 7, 3);
	add_packet(&file, 0, 4);
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(packet.time, 4000);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	damage = &capture_input(source, 0)->damage;
	ck_assert(damage->damaged);
	ck_assert_str_eq(damage->text, "a block is of interface 1, but only 1 are described");
	ck_assert_uint_eq(damage->byte_offset, good);
	ck_assert_uint_eq(damage->bytes_lost, bad - good);
	ck_assert_uint_eq(damage->packet_number, 1);
	finish(source, &file);
}
END_TEST

START_TEST(packet_longer_than_its_block_is_left_out)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	size_t at = file.out.size;

	add_packet(&file, 0, 1);
	file.out.at[at + 20] = 13; /* 10 and padding make 12 */
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_ptr_nonnull(strstr(capture_input(source, 0)->damage.text, "a packet of 13 bytes"));
	finish(source, &file);
}
END_TEST

START_TEST(damage_that_ends_the_input_goes_before_a_block_left_out)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;

	add_packet(&file, 9, 1);
	add_packet(&file, 0, 2);
	pcap_bytes_u32(&file, 6);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_str_eq(capture_input(source, 0)->damage.text, "the last block is cut: its frame has 12 bytes, 4 there");
	ck_assert_uint_eq(capture_input(source, 0)->damage.bytes_lost, 4);
	finish(source, &file);
}
END_TEST

static void add_statistics(struct pcap_bytes *file, uint32_t interface, uint64_t if_drops, uint64_t os_drops)
{
	struct pcap_bytes body = options_like(file), value = options_like(file);

	pcap_bytes_u32(&body, interface);
	pcap_bytes_u64(&body, 0);
	pcap_bytes_u64(&value, if_drops);
	pcap_bytes_u64(&value, os_drops);
	pcapng_bytes_option(&body, 4, "\1\1\1\1\1\1\1\1", 8);
	pcapng_bytes_option(&body, 5, value.out.at, 8);
	pcapng_bytes_option(&body, 7, value.out.at + 8, 8);
	pcapng_bytes_options_end(&body);
	pcapng_bytes_block(file, PCAPNG_INTERFACE_STATISTICS, body.out.at, body.out.size);
	pcap_bytes_free(&body);
	pcap_bytes_free(&value);
}

START_TEST(drops_are_the_latest_of_each_interface)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;

	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	add_statistics(&file, 0, 5, 1);
	add_statistics(&file, 1, 100, 0);
	add_statistics(&file, 0, 7, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 0);
	ck_assert_uint_eq(capture_input(source, 0)->dropped, 109);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(tls_secrets_are_known_before_the_first_packet_and_kept_once)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	const struct capture_secrets *secrets;

	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "first", 5);
	add_packet(&file, 0, 1);
	pcapng_bytes_secrets(&file, 0x57474b4c, "of WireGuard", 12);
	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "", 0);
	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "second", 6);
	source = open_built(&file);
	secrets = capture_secrets(source);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(secrets->count, 2);
		ck_assert(bytes_equal(secrets->key_logs[0], BYTES("first")));
		ck_assert(bytes_equal(secrets->key_logs[1], BYTES("second")));
		read_all(source);
	}
	ck_assert_uint_eq(capture_input(source, 0)->blocks_skipped, 1);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(secrets_longer_than_their_block_are_left_out)
{
	struct pcap_bytes file = begin_plain();
	struct capture_source *source;
	size_t at = file.out.size;

	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "text", 4);
	file.out.at[at + 12] = 5;
	add_packet(&file, 0, 1);
	source = open_built(&file);
	ck_assert_uint_eq(capture_secrets(source)->count, 0);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_uint_eq(capture_input(source, 0)->damage.byte_offset, at);
	finish(source, &file);
}
END_TEST

START_TEST(secrets_beyond_the_limit_are_counted)
{
	enum { HALF = 40 * 1024 * 1024 };
	struct pcap_bytes file = begin_plain();
	char *text = nt_zalloc(HALF);
	struct capture_source *source;

	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, text, HALF);
	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, text, HALF);
	add_packet(&file, 0, 1);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_uint_eq(capture_secrets(source)->count, 1);
	ck_assert_uint_eq(hits.count[LIMIT_SECRETS_HIT], 1);
	free(text);
	finish(source, &file);
}
END_TEST

static const struct check_sequence {
	uint8_t if_fcslen, epb_flags_length;
	uint32_t captured;
} check_sequences[] = { { 0, 0, 18 }, { 4, 0, 14 }, { 32, 0, 14 }, { 0, 2, 16 }, { 4, 2, 16 } };

START_TEST(check_sequence_is_cut_off)
{
	const struct check_sequence *row = &check_sequences[_i];
	struct pcap_bytes file = pcap_bytes_little(), interface = options_like(&file), options = options_like(&file);
	uint8_t flags[4] = { (uint8_t)(row->epb_flags_length << 5), 0, 0, 0 };
	struct capture_source *source;
	struct packet packet;

	pcapng_bytes_section(&file);
	pcap_bytes_u32(&interface, 1);
	pcap_bytes_u32(&interface, 0);
	pcapng_bytes_option(&interface, 3, "uplink", 6);
	pcapng_bytes_option(&interface, 13, &row->if_fcslen, 1);
	pcapng_bytes_options_end(&interface);
	pcapng_bytes_block(&file, PCAPNG_INTERFACE, interface.out.at, interface.out.size);
	pcapng_bytes_option(&options, 1, "a comment", 9);
	pcapng_bytes_option(&options, 2, flags, 4);
	pcapng_bytes_packet(&file, 0, 1, frame, 18, 18, (struct bytes){ options.out.at, options.out.size });
	source = open_built(&file);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.captured, row->captured);
	ck_assert_uint_eq(packet.size, row->captured);
	ck_assert_str_eq(packet.interface->description, "uplink");
	pcap_bytes_free(&interface);
	pcap_bytes_free(&options);
	finish(source, &file);
}
END_TEST

START_TEST(options_that_make_no_sense_are_noted)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;

	pcapng_bytes_section(&file);
	pcapng_bytes_block(&file, PCAPNG_INTERFACE, "\1\0\0\0\0\0\0\0\2\0\x10\0eth0", 16);
	add_packet(&file, 0, 1);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_ptr_null(capture_interface(source, 0)->name);
	ck_assert_ptr_nonnull(strstr(capture_input(source, 0)->damage.text, "options"));
	finish(source, &file);
}
END_TEST

START_TEST(interfaces_beyond_the_limit_are_counted_and_their_packets_skipped)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;

	pcapng_bytes_section(&file);
	for (unsigned i = 0; i < LIMIT_INTERFACES + 3; i++)
		pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	add_packet(&file, (uint32_t)LIMIT_INTERFACES - 1, 1);
	add_packet(&file, (uint32_t)LIMIT_INTERFACES + 2, 2);
	add_packet(&file, 0, 3);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 2);
	ck_assert_uint_eq(capture_input(source, 0)->packets, 3);
	ck_assert_uint_eq(capture_interface_count(source), LIMIT_INTERFACES);
	ck_assert_uint_eq(hits.count[LIMIT_INTERFACES_HIT], 3);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(simple_packet_of_an_interface_beyond_the_limit_keeps_its_number)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;

	pcapng_bytes_section(&file);
	for (unsigned i = 0; i < LIMIT_INTERFACES; i++)
		pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	add_packet(&file, 0, 1);
	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	pcapng_bytes_simple(&file, frame, 10, 10);
	add_packet(&file, 0, 2);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert_uint_eq(capture_input(source, 0)->packets, 3);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

START_TEST(packet_before_any_interface_is_left_out)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;

	pcapng_bytes_section(&file);
	pcapng_bytes_simple(&file, frame, 10, 10);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	add_packet(&file, 0, 1);
	source = open_built(&file);
	ck_assert_uint_eq(read_all(source), 1);
	ck_assert(capture_input(source, 0)->damage.damaged);
	finish(source, &file);
}
END_TEST

/* Something of everything. */
static struct pcap_bytes good_file(void)
{
	struct pcap_bytes file =
		begin(&(struct pcapng_bytes_interface){ .link_type = 1, .name = "eth0", .has_resolution = true, .resolution = 9 });

	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "CLIENT_RANDOM 00 11\n", 20);
	pcapng_bytes_packet(&file, 0, 1, frame, 9, 9, BYTES("\2\0\4\0\0\0\0\0\0\0\0\0"));
	pcapng_bytes_simple(&file, frame, 5, 5);
	pcapng_bytes_block(&file, PCAPNG_NAME_RESOLUTION, "\0\0\0", 4);
	add_statistics(&file, 0, 1, 2);
	return file;
}

START_TEST(file_cut_anywhere_yields_what_is_whole)
{
	struct pcap_bytes file = good_file();
	struct capture_source *source;
	unsigned before = 0;

	for (size_t size = 28; size <= file.out.size; size++) {
		unsigned count;
		const struct capture_damage *damage;

		source = open_bytes((struct bytes){ file.out.at, size });
		count = read_all(source);
		damage = &capture_input(source, 0)->damage;
		ck_assert_uint_ge(count, before);
		if (damage->damaged)
			ck_assert_uint_eq(damage->byte_offset + damage->bytes_lost, size);
		before = count;
		capture_free(source);
	}
	ck_assert_uint_eq(before, 2);
	finish(NULL, &file);
}
END_TEST

START_TEST(file_cut_in_its_first_block_is_refused)
{
	struct pcap_bytes file = good_file();
	struct capture_source *source;
	struct nt_error error;

	for (size_t size = 4; size < 28; size++) {
		ck_assert_int_eq(try_open((struct bytes){ file.out.at, size }, &source, &error), NT_EDAMAGED);
		ck_assert_ptr_nonnull(strstr(error.text, "cut in its first block"));
	}
	file.out.at[8] ^= 1;
	ck_assert_int_eq(try_open((struct bytes){ file.out.at, file.out.size }, &source, &error), NT_EFORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "byte order"));
	file.out.at[8] ^= 1;
	file.out.at[12] = 2;
	ck_assert_int_eq(try_open((struct bytes){ file.out.at, file.out.size }, &source, &error), NT_EFORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "unknown version"));
	finish(NULL, &file);
}
END_TEST

START_TEST(flipped_bits_always_give_some_result)
{
	struct pcap_bytes file = good_file();

	for (size_t bit = 0; bit < file.out.size * 8; bit++) {
		struct capture_source *source;

		file.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (try_open((struct bytes){ file.out.at, file.out.size }, &source, NULL) == NT_OK)
			ck_assert_uint_le(read_all(source), 3);
		capture_free(source);
		file.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	finish(NULL, &file);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("pcapng");
	TCase *tests = tcase_create("pcapng");

	tcase_add_loop_test(tests, packet_and_its_interface_are_read_in_either_byte_order, 0, 2);
	tcase_add_loop_test(tests, time_is_exact_in_every_resolution, 0, sizeof resolutions / sizeof *resolutions);
	tcase_add_test(tests, new_section_has_its_own_byte_order_and_interfaces);
	tcase_add_test(tests, interfaces_of_a_section_end_with_it);
	tcase_add_test(tests, section_of_an_unknown_version_ends_the_input);
	tcase_add_loop_test(tests, simple_packet_has_no_time, 0, sizeof simples / sizeof *simples);
	tcase_add_test(tests, obsolete_packet_block_is_read);
	tcase_add_test(tests, other_blocks_are_skipped_and_counted);
	tcase_add_loop_test(tests, block_with_a_broken_frame_ends_the_input, 0, sizeof broken_blocks / sizeof *broken_blocks);
	tcase_add_loop_test(tests, block_larger_than_the_limit_is_counted, 0, sizeof huge_blocks / sizeof *huge_blocks);
	tcase_add_test(tests, packet_of_an_unknown_interface_is_left_out);
	tcase_add_test(tests, packet_longer_than_its_block_is_left_out);
	tcase_add_test(tests, damage_that_ends_the_input_goes_before_a_block_left_out);
	tcase_add_test(tests, drops_are_the_latest_of_each_interface);
	tcase_add_test(tests, tls_secrets_are_known_before_the_first_packet_and_kept_once);
	tcase_add_test(tests, secrets_longer_than_their_block_are_left_out);
	tcase_add_test(tests, secrets_beyond_the_limit_are_counted);
	tcase_add_loop_test(tests, check_sequence_is_cut_off, 0, sizeof check_sequences / sizeof *check_sequences);
	tcase_add_test(tests, options_that_make_no_sense_are_noted);
	tcase_add_test(tests, interfaces_beyond_the_limit_are_counted_and_their_packets_skipped);
	tcase_add_test(tests, simple_packet_of_an_interface_beyond_the_limit_keeps_its_number);
	tcase_add_test(tests, packet_before_any_interface_is_left_out);
	tcase_add_test(tests, file_cut_anywhere_yields_what_is_whole);
	tcase_add_test(tests, file_cut_in_its_first_block_is_refused);
	tcase_add_test(tests, flipped_bits_always_give_some_result);
	suite_add_tcase(suite, tests);
	return suite;
}
