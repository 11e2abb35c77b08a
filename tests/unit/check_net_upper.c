/*
 * dissect/net: TCP, UDP and ICMP headers, quoted packets, texts of addresses.
 */
#include "tests/support/net_frame.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static const struct test_packet base = { .source_port = 40000,
					 .destination_port = 443,
					 .flags = TCP_SYN | TCP_ECE,
					 .sequence = 0xdeadbeef,
					 .acknowledgment = 0x01020304,
					 .window = 512 };

/* The segment of `p` around "hello", of which `captured` bytes are there. */
static enum cur_state read_tcp(const struct test_packet *p, size_t captured, struct tcp_segment *out, uint8_t **copy)
{
	struct frame_builder f;
	struct bytes whole;
	struct cursor c;

	frame_begin(&f, "hello", 5);
	frame_tcp(&f, p);
	whole = frame_bytes(&f);
	c = net_cursor_cut(whole, captured < whole.size ? captured : whole.size, whole.size, copy);
	return tcp_read(c, out);
}

static struct tcp_segment read_options(struct bytes options)
{
	struct test_packet p = base;
	struct tcp_segment segment;
	uint8_t *copy;

	p.tcp_options = options;
	ck_assert_int_eq(read_tcp(&p, SIZE_MAX, &segment, &copy), CUR_OK);
	ck_assert(bytes_equal(cur_rest(&segment.payload), BYTES("hello")));
	free(copy);
	return segment;
}

/* ---- TCP ---- */

START_TEST(tcp_header_gives_its_fields)
{
	struct tcp_segment segment;
	uint8_t *copy;

	ck_assert_int_eq(read_tcp(&base, SIZE_MAX, &segment, &copy), CUR_OK);
	ck_assert_uint_eq(segment.source_port, 40000);
	ck_assert_uint_eq(segment.destination_port, 443);
	ck_assert_uint_eq(segment.sequence, 0xdeadbeef);
	ck_assert_uint_eq(segment.acknowledgment, 0x01020304);
	ck_assert_uint_eq(segment.flags, TCP_SYN | TCP_ECE);
	ck_assert_uint_eq(segment.window, 512);
	ck_assert_uint_eq(segment.urgent, 0);
	ck_assert_uint_eq(segment.header_size, 20);
	ck_assert(segment.mss == 0 && segment.window_scale == -1 && !segment.sack_permitted && !segment.has_timestamps);
	ck_assert(bytes_equal(cur_rest(&segment.payload), BYTES("hello")));
	free(copy);
}
END_TEST

START_TEST(tcp_options_of_a_syn_are_read)
{
	struct tcp_segment segment = read_options(BYTES("\2\4\5\xb4\4\2\x08\x0a\0\0\1\0\0\0\2\0\1\3\3\7"));

	ck_assert_uint_eq(segment.header_size, 40);
	ck_assert_uint_eq(segment.mss, 1460);
	ck_assert_int_eq(segment.window_scale, 7);
	ck_assert(segment.sack_permitted && segment.has_timestamps);
	ck_assert_uint_eq(segment.timestamp_value, 256);
	ck_assert_uint_eq(segment.timestamp_echo, 512);
}
END_TEST

/* The segment acknowledges 0x01020304 (RFC 2883 4). */
static const struct {
	const char *options;
	size_t size;
	unsigned blocks;
	bool duplicate;
} sacks[] = {
	{ "\1\1\5\x0a\1\2\2\0\1\2\3\0", sizeof("\1\1\5\x0a\1\2\2\0\1\2\3\0") - 1, 1, true },  /* below the ACK */
	{ "\1\1\5\x0a\1\2\4\0\1\2\5\0", sizeof("\1\1\5\x0a\1\2\4\0\1\2\5\0") - 1, 1, false }, /* a hole before it */
	{ "\1\1\5\x12\1\2\4\x10\1\2\4\x20\1\2\4\0\1\2\5\0", sizeof("\1\1\5\x12\1\2\4\x10\1\2\4\x20\1\2\4\0\1\2\5\0") - 1, 2,
	  true }, /* within the second */
	{ "\1\1\5\x12\1\2\6\0\1\2\7\0\1\2\4\0\1\2\5\0", sizeof("\1\1\5\x12\1\2\6\0\1\2\7\0\1\2\4\0\1\2\5\0") - 1, 2,
	  false },                                                                        /* two holes */
	{ "\1\1\5\x09\1\2\2\0\1\2\3", sizeof("\1\1\5\x09\1\2\2\0\1\2\3") - 1, 0, false }, /* a block that is cut */
};

START_TEST(sack_tells_what_came_twice)
{
	struct tcp_segment segment = read_options((struct bytes){ (const uint8_t *)sacks[_i].options, sacks[_i].size });

	ck_assert_uint_eq(segment.sack_count, sacks[_i].blocks);
	ck_assert_int_eq(tcp_reports_duplicate(&segment), sacks[_i].duplicate);
}
END_TEST

START_TEST(window_scale_above_14_is_14)
{
	ck_assert_int_eq(read_options(BYTES("\3\3\x64")).window_scale, 14);
}
END_TEST

START_TEST(options_behind_the_end_are_not_read)
{
	ck_assert_uint_eq(read_options(BYTES("\1\0\2\4\5\xb4")).mss, 0);
}
END_TEST

START_TEST(options_of_wrong_length_do_no_harm)
{
	ck_assert_uint_eq(read_options(BYTES("\2\3\5\1")).mss, 0);
	ck_assert_int_eq(read_options(BYTES("\3\4\5\5")).window_scale, -1);
	ck_assert(!read_options(BYTES("\x08\4\0\0")).has_timestamps);
	ck_assert_uint_eq(read_options(BYTES("\5\0\2\4\5\xb4")).mss, 0);
	ck_assert_uint_eq(read_options(BYTES("\5\1\2\4\5\xb4")).mss, 0);
	ck_assert_uint_eq(read_options(BYTES("\5\xff\2\4\5\xb4")).mss, 0);
	ck_assert_uint_eq(read_options(BYTES("\1\1\1\5")).header_size, 24);
}
END_TEST

START_TEST(tcp_header_cut_anywhere_keeps_what_is_there)
{
	struct test_packet p = base;

	p.tcp_options = BYTES("\2\4\5\xb4");
	for (size_t captured = 0; captured < 24; captured++) {
		struct tcp_segment segment;
		uint8_t *copy;

		ck_assert_int_eq(read_tcp(&p, captured, &segment, &copy), CUR_CUT);
		ck_assert_uint_eq(segment.source_port, captured >= 2 ? 40000 : 0);
		ck_assert_uint_eq(segment.destination_port, captured >= 4 ? 443 : 0);
		ck_assert_uint_eq(segment.sequence, captured >= 8 ? 0xdeadbeef : 0);
		ck_assert_uint_eq(segment.flags, captured >= 14 ? TCP_SYN | TCP_ECE : 0);
		if (captured >= 14)
			ck_assert_uint_eq(cur_left_on_wire(&segment.payload), 5);
		free(copy);
	}
}
END_TEST

START_TEST(tcp_payload_cut_is_no_damage)
{
	for (size_t captured = 20; captured <= 25; captured++) {
		struct tcp_segment segment;
		uint8_t *copy;

		ck_assert_int_eq(read_tcp(&base, captured, &segment, &copy), CUR_OK);
		ck_assert_uint_eq(cur_left(&segment.payload), captured - 20);
		ck_assert_uint_eq(cur_left_on_wire(&segment.payload), 5);
		free(copy);
	}
}
END_TEST

START_TEST(tcp_header_that_lies_is_bad)
{
	static const uint8_t offsets[] = { 0x00, 0x40, 0x70, 0xf0 };
	uint8_t header[25] = { 0x9c, 0x40, 0, 80, [12] = offsets[_i] };
	struct tcp_segment segment;
	uint8_t *copy;

	ck_assert_int_eq(tcp_read(net_cursor_cut((struct bytes){ header, 25 }, 25, 25, &copy), &segment), CUR_BAD);
	ck_assert_uint_eq(segment.source_port, 40000);
	free(copy);
}
END_TEST

START_TEST(tcp_header_that_ends_early_is_bad)
{
	for (size_t size = 0; size < 20; size++) {
		uint8_t header[20] = { [12] = 0x50 };
		struct tcp_segment segment;
		uint8_t *copy;

		ck_assert_int_eq(tcp_read(net_cursor_cut((struct bytes){ header, size }, size, size, &copy), &segment), CUR_BAD);
		free(copy);
	}
}
END_TEST

/* ---- UDP ---- */

static const struct {
	const char *name;
	uint16_t length;
	enum cur_state state;
	size_t payload;
} udp_lengths[] = {
	{ "as it is", 18, CUR_OK, 10 }, { "padding behind", 12, CUR_OK, 4 },      { "no payload", 8, CUR_OK, 0 },
	{ "0", 0, CUR_OK, 10 },         { "more than there is", 99, CUR_OK, 10 }, { "less than its header", 7, CUR_BAD, 10 },
};

START_TEST(udp_length_limits_the_payload)
{
	uint8_t bytes[18] = { 0x9c, 0x40, 0, 53, 0, (uint8_t)udp_lengths[_i].length };
	struct udp_datagram datagram;
	uint8_t *copy;
	enum cur_state state = udp_read(net_cursor_cut((struct bytes){ bytes, 18 }, 18, 18, &copy), &datagram);

	ck_assert_msg(state == udp_lengths[_i].state, "%s", udp_lengths[_i].name);
	ck_assert_uint_eq(datagram.source_port, 40000);
	ck_assert_uint_eq(datagram.destination_port, 53);
	ck_assert_uint_eq(cur_left(&datagram.payload), udp_lengths[_i].payload);
	free(copy);
}
END_TEST

START_TEST(udp_header_cut_is_cut)
{
	uint8_t bytes[18] = { 0x9c, 0x40, 0, 53, 0, 18 };

	for (size_t captured = 0; captured <= 18; captured++) {
		struct udp_datagram datagram;
		uint8_t *copy;
		struct cursor c = net_cursor_cut((struct bytes){ bytes, 18 }, captured, 18, &copy);

		ck_assert_int_eq(udp_read(c, &datagram), captured < 8 ? CUR_CUT : CUR_OK);
		if (captured >= 8)
			ck_assert_uint_eq(cur_left_on_wire(&datagram.payload), 10);
		free(copy);
	}
}
END_TEST

/* ---- ICMP ---- */

START_TEST(icmp_errors_are_told_from_messages)
{
	bool v4[256] = { [3] = true, [4] = true, [5] = true, [11] = true, [12] = true };
	bool v6[256] = { [1] = true, [2] = true, [3] = true, [4] = true };

	for (int type = 0; type < 256; type++) {
		uint8_t bytes[8] = { (uint8_t)type, 1 };
		struct icmp_message message;

		ck_assert_int_eq(icmp_read(4, cur_of(bytes, 8, 0), &message), CUR_OK);
		ck_assert(message.is_error == v4[type]);
		ck_assert_int_eq(icmp_read(6, cur_of(bytes, 8, 0), &message), CUR_OK);
		ck_assert(message.is_error == v6[type]);
	}
}
END_TEST

START_TEST(icmp_error_quotes_a_packet)
{
	struct test_packet quoted = { .source = _i ? "2001:db8::1" : "192.0.2.1",
				      .destination = _i ? "2001:db8::2" : "192.0.2.2",
				      .source_port = 40000,
				      .destination_port = 80,
				      .sequence = 77 };
	struct test_packet error = { .source = _i ? "2001:db8::9" : "192.0.2.9", .destination = _i ? "2001:db8::1" : "192.0.2.1" };
	size_t header = _i ? 40 : 20;
	struct frame_builder inner, f;
	struct icmp_message message;
	struct net_packet packet;
	struct tcp_segment segment;
	struct net_frame frame;

	error.icmp_type = _i ? 2 : 3;
	error.icmp_code = _i ? 0 : 4;
	error.icmp_rest = 1280;
	frame_begin(&inner, "hello", 5);
	frame_tcp(&inner, &quoted);
	frame_ip(&inner, &quoted, IP_PROTOCOL_TCP);
	frame_begin(&f, frame_bytes(&inner).at, header + 8); /* RFC 792: the header and 8 bytes */
	frame_icmp(&f, &error);
	frame_ip(&f, &error, _i ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP);
	frame_ethernet(&f, NULL, frame_ip_ethertype(&error));
	frame = net_frame_whole(1, frame_bytes(&f));
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_int_eq(icmp_read(frame.packet.ip_version, frame.packet.payload, &message), CUR_OK);
	ck_assert(message.is_error);
	ck_assert_uint_eq(message.rest & 0xffff, 1280);
	ck_assert_int_eq(net_decode_quoted(frame.packet.ip_version, message.quoted, &packet), NET_IP);
	ck_assert_uint_eq(packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_int_eq(tcp_read(packet.payload, &segment), CUR_CUT);
	ck_assert_uint_eq(segment.source_port, 40000);
	ck_assert_uint_eq(segment.destination_port, 80);
	ck_assert_uint_eq(segment.sequence, 77);
	net_frame_free(&frame);
}
END_TEST

START_TEST(icmp_extensions_are_not_quoted)
{
	uint8_t bytes[8 + 128 + 12] = { 11, 0, 0, 0, 0, 32 };
	struct icmp_message message;

	ck_assert_int_eq(icmp_read(4, cur_of(bytes, sizeof(bytes), 0), &message), CUR_OK);
	ck_assert_uint_eq(cur_left(&message.quoted), 128);
	bytes[0] = 3;
	bytes[4] = 16;
	bytes[5] = 0;
	ck_assert_int_eq(icmp_read(6, cur_of(bytes, sizeof(bytes), 0), &message), CUR_OK);
	ck_assert_uint_eq(cur_left(&message.quoted), 128);
	bytes[0] = 2; /* there the field is an MTU */
	ck_assert_int_eq(icmp_read(6, cur_of(bytes, sizeof(bytes), 0), &message), CUR_OK);
	ck_assert_uint_eq(cur_left(&message.quoted), 140);
}
END_TEST

START_TEST(icmp_header_cut_or_short)
{
	uint8_t bytes[8] = { 3, 1 };

	for (size_t size = 0; size < 8; size++) {
		struct icmp_message message;
		uint8_t *copy;
		struct cursor c = net_cursor_cut((struct bytes){ bytes, 8 }, size, 8, &copy);

		ck_assert_int_eq(icmp_read(4, c, &message), CUR_CUT);
		c.cut = 0;
		ck_assert_int_eq(icmp_read(4, c, &message), CUR_BAD);
		free(copy);
	}
}
END_TEST

/* ---- addresses ---- */

static const struct {
	const char *bytes, *text;
} addresses6[] = {
	{ "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", "2001:db8::1" },
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "::" },
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "::1" },
	{ "\x20\1\x0d\xb8\0\0\0\1\0\1\0\1\0\1\0\1", "2001:db8:0:1:1:1:1:1" },
	{ "\x20\1\x0d\xb8\0\0\0\0\0\1\0\0\0\0\0\1", "2001:db8::1:0:0:1" },
	{ "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", "::ffff:192.0.2.1" },
};

START_TEST(ipv6_text_follows_rfc_5952)
{
	struct ip_address address;
	char text[IP_ADDRESS_TEXT_SIZE];

	memcpy(address.bytes, addresses6[_i].bytes, 16);
	ck_assert_str_eq(ip_address_text(6, &address, text), addresses6[_i].text);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("net upper layers");
	TCase *tc = tcase_create("upper");

	tcase_add_test(tc, tcp_header_gives_its_fields);
	tcase_add_test(tc, tcp_options_of_a_syn_are_read);
	tcase_add_loop_test(tc, sack_tells_what_came_twice, 0, (int)(sizeof sacks / sizeof *sacks));
	tcase_add_test(tc, window_scale_above_14_is_14);
	tcase_add_test(tc, options_behind_the_end_are_not_read);
	tcase_add_test(tc, options_of_wrong_length_do_no_harm);
	tcase_add_test(tc, tcp_header_cut_anywhere_keeps_what_is_there);
	tcase_add_test(tc, tcp_payload_cut_is_no_damage);
	tcase_add_loop_test(tc, tcp_header_that_lies_is_bad, 0, 4);
	tcase_add_test(tc, tcp_header_that_ends_early_is_bad);
	tcase_add_loop_test(tc, udp_length_limits_the_payload, 0, 6);
	tcase_add_test(tc, udp_header_cut_is_cut);
	tcase_add_test(tc, icmp_errors_are_told_from_messages);
	tcase_add_loop_test(tc, icmp_error_quotes_a_packet, 0, 2);
	tcase_add_test(tc, icmp_extensions_are_not_quoted);
	tcase_add_test(tc, icmp_header_cut_or_short);
	tcase_add_loop_test(tc, ipv6_text_follows_rfc_5952, 0, 6);
	suite_add_tcase(suite, tc);
	return suite;
}
