/*
 * dissect/net: every encapsulation, whole, cut, damaged, nested; what looks like a tunnel and is none.
 */
#include "dissect/net/decode.h"
#include "tests/support/encapsulations.h"
#include "tests/support/net_frame.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

/* An IPv4 packet without payload, which each of these would hold if it were what it seems. */
#define INNER "E\0\0\x14\0\0\0\0@\x11\0\0\1\2\3\4\1\2\3\4"

static uint8_t expected_tunnels(const struct encapsulation *e)
{
	return e->carrier == ON_IP || e->carrier == ON_UDP;
}

/* ---- every row of tests/support/encapsulations.c ---- */

START_TEST(encapsulated_packet_is_found)
{
	const struct encapsulation *e = &encapsulations[_i];
	struct frame_builder f;
	struct net_frame frame;
	struct tcp_segment segment;

	encapsulation_build(e, &f);
	frame = net_frame_whole(encapsulation_link_type(e), frame_bytes(&f));
	ck_assert_msg(frame.result == NET_IP, "%s: result %d", e->name, (int)frame.result);
	ck_assert_msg(frame.packet.protocol == IP_PROTOCOL_TCP, "%s: protocol %u", e->name, frame.packet.protocol);
	ck_assert_msg(frame.packet.ip_version == (e->inner == INNER_IPV6 ? 6 : 4), "%s: version", e->name);
	ck_assert_msg(frame.packet.tunnels == expected_tunnels(e), "%s: %u tunnels", e->name, frame.packet.tunnels);
	ck_assert_msg(frame.packet.vlan == e->vlan, "%s: VLAN %u", e->name, frame.packet.vlan);
	ck_assert_msg(tcp_read(frame.packet.payload, &segment) == CUR_OK, "%s: TCP", e->name);
	ck_assert_uint_eq(segment.source_port, INNER_SOURCE_PORT);
	ck_assert_uint_eq(segment.destination_port, INNER_DESTINATION_PORT);
	ck_assert_msg(bytes_equal(cur_rest(&segment.payload), BYTES("hello")), "%s: payload", e->name);
	net_frame_free(&frame);
}
END_TEST

/* A snaplen may hide what is inside, but the packet is never called damaged or unknown for it. */
START_TEST(cut_encapsulation_is_cut_or_its_carrier)
{
	const struct encapsulation *e = &encapsulations[_i];
	struct frame_builder f;
	struct bytes whole;

	encapsulation_build(e, &f);
	whole = frame_bytes(&f);
	for (size_t captured = 0; captured < whole.size; captured++) {
		struct net_frame frame = net_frame_cut(encapsulation_link_type(e), whole, captured, whole.size);

		ck_assert_msg(frame.result == NET_CUT || frame.result == NET_IP, "%s cut to %zu bytes: result %d", e->name,
			      captured, (int)frame.result);
		net_packet_touch(&frame.packet);
		net_frame_free(&frame);
	}
}
END_TEST

START_TEST(shortened_encapsulation_gives_some_result)
{
	const struct encapsulation *e = &encapsulations[_i];
	struct frame_builder f;
	struct bytes whole;

	encapsulation_build(e, &f);
	whole = frame_bytes(&f);
	for (size_t size = 0; size < whole.size; size++) {
		struct net_frame frame = net_frame_cut(encapsulation_link_type(e), whole, size, size);

		net_packet_touch(&frame.packet);
		net_frame_free(&frame);
	}
}
END_TEST

START_TEST(flipped_bits_give_some_result)
{
	const struct encapsulation *e = &encapsulations[_i];
	struct frame_builder f;
	struct bytes whole;

	encapsulation_build(e, &f);
	whole = frame_bytes(&f);
	for (size_t bit = 0; bit < whole.size * 8; bit++) {
		struct net_frame frame;

		f.bytes[f.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
		frame = net_frame_whole(encapsulation_link_type(e), whole);
		ck_assert_int_le(frame.result, NET_TOO_DEEP);
		net_packet_touch(&frame.packet);
		net_frame_free(&frame);
		f.bytes[f.start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_are_sorted)
{
	struct net_rows rows = net_rows_of((enum net_registry)_i);

	ck_assert_uint_ge(rows.count, 1);
	for (size_t i = 0; i < rows.count; i++) {
		ck_assert(i == 0 || rows.at[i - 1].number < rows.at[i].number);
		ck_assert_ptr_eq(net_row_find((enum net_registry)_i, rows.at[i].number), &rows.at[i]);
	}
	ck_assert_ptr_null(net_row_find((enum net_registry)_i, UINT32_MAX));
}
END_TEST

/* ---- what a tunnel gives when its inside is of no use ---- */

static struct net_frame decode_built(const struct frame_builder *f)
{
	return net_frame_whole(1, frame_bytes(f));
}

static void assert_outer(const struct frame_builder *f, uint8_t protocol)
{
	struct net_frame frame = decode_built(f);
	char text[IP_ADDRESS_TEXT_SIZE];

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, protocol);
	ck_assert_uint_eq(frame.packet.tunnels, 0);
	ck_assert_str_eq(ip_address_text(frame.packet.ip_version, &frame.packet.source, text), "10.0.0.1");
	net_frame_free(&frame);
}

/* The given header and payload behind an IPv4 header of this protocol. */
static void build_over_ip(struct frame_builder *f, uint8_t protocol, const void *bytes, size_t size)
{
	struct test_packet p = { 0 };

	frame_begin(f, bytes, size);
	frame_ip(f, &p, protocol);
	frame_ethernet(f, &p, 0x0800);
}

START_TEST(gre_with_unknown_protocol_is_the_outer_packet)
{
	struct frame_builder f;

	build_over_ip(&f, IP_PROTOCOL_GRE, "\0\0\x12\x34what", 8);
	assert_outer(&f, IP_PROTOCOL_GRE);
}
END_TEST

START_TEST(gre_of_unknown_version_is_the_outer_packet)
{
	struct frame_builder f;

	build_over_ip(&f, IP_PROTOCOL_GRE, "\0\2\x08\0" INNER, 24);
	assert_outer(&f, IP_PROTOCOL_GRE);
}
END_TEST

START_TEST(ip_in_ip_with_bad_header_is_the_outer_packet)
{
	struct frame_builder f;

	build_over_ip(&f, IP_PROTOCOL_IPV4, "\x41 this is no header of IPv4", 27);
	assert_outer(&f, IP_PROTOCOL_IPV4);
}
END_TEST

START_TEST(arp_in_vxlan_is_the_outer_packet)
{
	struct test_packet p = { .destination_port = 4789 };
	struct frame_builder f;

	frame_begin(&f, "\0\1\x08\0\6\4\0\1", 8);
	frame_ethernet(&f, NULL, ETHERTYPE_ARP);
	frame_push(&f, "\x08\0\0\0\0\0\1\0", 8);
	frame_udp(&f, &p);
	frame_ip(&f, &p, IP_PROTOCOL_UDP);
	frame_ethernet(&f, &p, ETHERTYPE_IPV4);
	assert_outer(&f, IP_PROTOCOL_UDP);
}
END_TEST

START_TEST(fragment_in_tunnel_is_the_inner_fragment)
{
	struct test_packet inner = { .source = "192.0.2.1", .more_fragments = true, .ip_id = 7 }, outer = { 0 };
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, "12345678", 8);
	frame_ip(&f, &inner, IP_PROTOCOL_UDP);
	frame_ip(&f, &outer, IP_PROTOCOL_IPV4);
	frame_ethernet(&f, &outer, ETHERTYPE_IPV4);
	frame = decode_built(&f);
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	ck_assert_uint_eq(frame.packet.tunnels, 1);
	ck_assert_uint_eq(frame.packet.fragment.id, 7);
	net_frame_free(&frame);
}
END_TEST

START_TEST(datagram_put_together_is_looked_into)
{
	const struct encapsulation *e = encapsulations;
	struct test_packet outer = { .more_fragments = true, .destination_port = 4789 };
	struct frame_builder f, inner;
	struct net_frame frame;
	uint8_t *copy;

	for (size_t i = 0; i < encapsulation_count; i++)
		if (encapsulations[i].carrier == ON_LINK && encapsulations[i].number == LINKTYPE_ETHERNET)
			e = &encapsulations[i];
	encapsulation_build(e, &inner);
	frame_push(&inner, "\x08\0\0\0\0\0\1\0", 8);
	frame_udp(&inner, &outer);
	build_over_ip(&f, IP_PROTOCOL_UDP, frame_bytes(&inner).at, 8);
	f.bytes[f.start + 20] = 0x20; /* more fragments */
	frame = decode_built(&f);
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	frame.packet.payload = net_cursor_cut(frame_bytes(&inner), frame_bytes(&inner).size, frame_bytes(&inner).size, &copy);
	ck_assert_int_eq(net_decode_payload(&frame.packet), NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_uint_eq(frame.packet.tunnels, 1);
	net_frame_free(&frame);
	free(copy);
}
END_TEST

/* ---- UDP on a tunnel's port that is something else ---- */

static const struct {
	const char *name;
	uint16_t port;
	const char *payload;
	size_t size;
} impostors[] = {
#define IMPOSTOR(name, port, text) \
	{ \
		name, port, text, sizeof(text) - 1 \
	}
	IMPOSTOR("text on VXLAN", 4789, "GET / HTTP/1.1 and more of the same kind of text, so that it is long enough"),
	IMPOSTOR("VXLAN without VNI flag", 4789, "\0\0\0\0\0\0\1\0abcdefabcdef\x08\0" INNER),
	IMPOSTOR("VXLAN whose packet is too long", 4789,
		 "\x08\0\0\0\0\0\1\0abcdefabcdef\x08\0E\0\0\x15\0\0\0\0@\x11\0\0\1\2\3\4\1\2\3\4"),
	IMPOSTOR("Geneve of version 1", 6081, "\x40\0\x08\0\0\0\1\0" INNER),
	IMPOSTOR("Geneve control packet", 6081, "\0\x80\x08\0\0\0\1\0" INNER),
	IMPOSTOR("GTP echo request", 2152, "\x32\1\0\4\0\0\0\0\0\1\0\0"),
	IMPOSTOR("GTP of version 2", 2152, "\x50\xff\0\x14\0\0\0\1" INNER),
	IMPOSTOR("GTP whose length is too long", 2152, "\x30\xff\0\x15\0\0\0\1" INNER),
	IMPOSTOR("GTP whose extension has length 0", 2152, "\x34\xff\0\x1c\0\0\0\1\0\0\0\x85\0\1\2\0" INNER),
	IMPOSTOR("IPv4 on Teredo", 3544, INNER),
	IMPOSTOR("AYIYA that is no forward", 5072, "\0\0\x10\x04\0\0\0\0i" INNER),
	IMPOSTOR("CAPWAP with DTLS", 5247, "\1\x10\0\0\0\0\0\0abcdefabcdef\x08\0" INNER),
	IMPOSTOR("CAPWAP keepalive", 5247, "\0\x10\0\x08\0\0\0\0abcdefabcdef\x08\0" INNER),
	IMPOSTOR("CAPWAP fragment", 5247, "\0\x10\0\x80\0\0\0\0abcdefabcdef\x08\0" INNER),
	IMPOSTOR("L2TP control message", 1701, "\x80\2\0\1\0\2\0\x21" INNER),
	IMPOSTOR("L2TP of version 3", 1701, "\0\3\0\1\0\2\0\x21" INNER),
	IMPOSTOR("too short for any", 4789, "\x08"),
	IMPOSTOR("empty", 6081, ""),
};

START_TEST(impostor_is_plain_udp)
{
	struct test_packet p = { .source_port = 50000, .destination_port = impostors[_i].port };
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, impostors[_i].payload, impostors[_i].size);
	frame_udp(&f, &p);
	frame_ip(&f, &p, IP_PROTOCOL_UDP);
	frame_ethernet(&f, &p, ETHERTYPE_IPV4);
	frame = decode_built(&f);
	ck_assert_msg(frame.result == NET_IP && frame.packet.protocol == IP_PROTOCOL_UDP && frame.packet.tunnels == 0, "%s",
		      impostors[_i].name);
	ck_assert_uint_eq(cur_left(&frame.packet.payload), impostors[_i].size + 8);
	net_frame_free(&frame);
}
END_TEST

START_TEST(tunnel_on_another_port_is_plain_udp)
{
	struct test_packet p = { .source_port = 50000, .destination_port = 50001 };
	struct frame_builder f;

	frame_begin(&f, "\x08\0\0\0\0\0\1\0abcdefabcdef\x08\0" INNER, 42);
	frame_udp(&f, &p);
	frame_ip(&f, &p, IP_PROTOCOL_UDP);
	frame_ethernet(&f, &p, ETHERTYPE_IPV4);
	assert_outer(&f, IP_PROTOCOL_UDP);
}
END_TEST

START_TEST(tunnel_that_answers_from_its_port_is_decoded)
{
	struct test_packet inner = { .source = "2001::1", .destination = "2001:db8::2" },
			   p = { .source_port = 3544, .destination_port = 50001 };
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, NULL, 0);
	frame_ip(&f, &inner, 59);
	frame_udp(&f, &p);
	frame_ip(&f, &p, IP_PROTOCOL_UDP);
	frame_ethernet(&f, &p, ETHERTYPE_IPV4);
	frame = decode_built(&f);
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.ip_version, 6);
	ck_assert_uint_eq(frame.packet.protocol, 59);
	net_frame_free(&frame);
}
END_TEST

/* ---- nesting ---- */

static struct net_frame decode_nested(int depth)
{
	struct test_packet p = { 0 };
	struct frame_builder f;

	frame_begin(&f, NULL, 0);
	frame_udp(&f, &p);
	for (int i = 0; i < depth; i++)
		frame_ip(&f, &p, i ? IP_PROTOCOL_IPV4 : IP_PROTOCOL_UDP);
	frame_ethernet(&f, &p, ETHERTYPE_IPV4);
	return decode_built(&f);
}

START_TEST(nesting_up_to_the_limit_is_decoded)
{
	struct net_frame frame = decode_nested((int)LIMIT_NESTING - 1);

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_UDP);
	ck_assert_uint_eq(frame.packet.tunnels, LIMIT_NESTING - 2);
	net_frame_free(&frame);
}
END_TEST

START_TEST(nesting_beyond_the_limit_is_too_deep)
{
	for (int depth = (int)LIMIT_NESTING; depth < 200; depth++) {
		struct net_frame frame = decode_nested(depth);

		ck_assert_int_eq(frame.result, NET_TOO_DEEP);
		net_frame_free(&frame);
	}
}
END_TEST

/* Each repeats its header to the end of a large frame: nothing but the limit stops it. */
START_TEST(endless_headers_end_at_the_limit)
{
	static const struct {
		uint16_t type;
		struct bytes header;
		enum net_result result;
	} cases[] = {
#define ENDLESS(type, literal, result) { type, { (const uint8_t *)(literal), sizeof(literal) - 1 }, result }
		ENDLESS(0x8100, "\0\5\x81\0", NET_TOO_DEEP),
		ENDLESS(0x8847, "\0\6\x40\x40", NET_TOO_DEEP),
		ENDLESS(0x8847, "\0\6\x41\x40!bcdefabcdef\x88\x47", NET_TOO_DEEP),
		ENDLESS(0x88e7, "\0\0\0\1abcdefabcdef\x88\xe7", NET_TOO_DEEP),
		ENDLESS(0x894f, "\x0f\xc2\2\4\0\0\1\xff", NET_TOO_DEEP),
		ENDLESS(0x880b, "\x0f\0\x88\x0b", NET_TOO_DEEP),
		ENDLESS(100, "\xaa\xaa\3\0\0\0\0\x50", NET_UNKNOWN),
	};
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, NULL, 0);
	for (int i = 0; i < 3000; i++)
		frame_push(&f, cases[_i].header.at, cases[_i].header.size);
	frame_ethernet(&f, NULL, cases[_i].type);
	frame = decode_built(&f);
	ck_assert_int_eq(frame.result, cases[_i].result);
	ck_assert_uint_le(frame.packet.headers, LIMIT_NESTING);
	net_frame_free(&frame);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("net tunnels");
	TCase *tc = tcase_create("tunnels");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, encapsulated_packet_is_found, 0, (int)encapsulation_count);
	tcase_add_loop_test(tc, cut_encapsulation_is_cut_or_its_carrier, 0, (int)encapsulation_count);
	tcase_add_loop_test(tc, shortened_encapsulation_gives_some_result, 0, (int)encapsulation_count);
	tcase_add_loop_test(tc, flipped_bits_give_some_result, 0, (int)encapsulation_count);
	tcase_add_loop_test(tc, rows_are_sorted, NET_LINK_TYPE, NET_LLC_SAP + 1);
	tcase_add_test(tc, gre_with_unknown_protocol_is_the_outer_packet);
	tcase_add_test(tc, gre_of_unknown_version_is_the_outer_packet);
	tcase_add_test(tc, ip_in_ip_with_bad_header_is_the_outer_packet);
	tcase_add_test(tc, arp_in_vxlan_is_the_outer_packet);
	tcase_add_test(tc, fragment_in_tunnel_is_the_inner_fragment);
	tcase_add_test(tc, datagram_put_together_is_looked_into);
	tcase_add_loop_test(tc, impostor_is_plain_udp, 0, (int)(sizeof(impostors) / sizeof(impostors[0])));
	tcase_add_test(tc, tunnel_on_another_port_is_plain_udp);
	tcase_add_test(tc, tunnel_that_answers_from_its_port_is_decoded);
	tcase_add_test(tc, nesting_up_to_the_limit_is_decoded);
	tcase_add_test(tc, nesting_beyond_the_limit_is_too_deep);
	tcase_add_loop_test(tc, endless_headers_end_at_the_limit, 0, 7);
	suite_add_tcase(suite, tc);
	return suite;
}
