/*
 * dissect/net: Ethernet, IPv4, IPv6, fragments, what is not IP.  Encapsulations are in check_net_tunnels.c; TCP, UDP
 * and ICMP in check_net_upper.c.
 */
#include "tests/support/net_frame.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { ETHERNET_SIZE = 14, IPV4_SIZE = 20, IPV6_SIZE = 40 };

static const struct test_packet tcp_packet = { .source_port = 40000, .destination_port = 80, .sequence = 1 };
static const struct test_packet tcp6_packet = {
	.source = "2001:db8::1", .destination = "2001:db8::2", .source_port = 40000, .destination_port = 80
};

static uint8_t out[TEST_FRAME_SIZE];

static struct bytes tcp_frame(const struct test_packet *p)
{
	return (struct bytes){ out, test_packet_tcp(p, "hello", 5, out) };
}

static void assert_result(uint32_t link_type, struct bytes whole, enum net_result expected)
{
	struct net_frame frame = net_frame_whole(link_type, whole);

	ck_assert_int_eq(frame.result, expected);
	net_packet_touch(&frame.packet);
	net_frame_free(&frame);
}

static void assert_segment_size(struct bytes whole, size_t captured, size_t on_wire, size_t expected)
{
	struct net_frame frame = net_frame_cut(1, whole, captured, on_wire);
	struct tcp_segment segment;

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_int_eq(tcp_read(frame.packet.payload, &segment), CUR_OK);
	ck_assert_uint_eq(cur_left_on_wire(&segment.payload), expected);
	net_frame_free(&frame);
}

/* ---- Ethernet ---- */

START_TEST(ipv4_frame_gives_addresses_protocol_and_ttl)
{
	struct test_packet p = { .source = "192.0.2.1", .destination = "198.51.100.2", .ttl = 17 };
	struct net_frame frame = net_frame_whole(1, tcp_frame(&p));
	char text[IP_ADDRESS_TEXT_SIZE];

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.ip_version, 4);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_uint_eq(frame.packet.ttl, 17);
	ck_assert_uint_eq(frame.packet.tunnels, 0);
	ck_assert_str_eq(ip_address_text(4, &frame.packet.source, text), "192.0.2.1");
	ck_assert_str_eq(ip_address_text(4, &frame.packet.destination, text), "198.51.100.2");
	ck_assert_uint_eq(cur_left(&frame.packet.payload), 25);
	for (size_t i = 4; i < sizeof(frame.packet.source.bytes); i++)
		ck_assert_uint_eq(frame.packet.source.bytes[i] | frame.packet.destination.bytes[i], 0);
	net_frame_free(&frame);
}
END_TEST

START_TEST(ipv6_frame_gives_addresses_protocol_and_hop_limit)
{
	struct test_packet p = { .source = "2001:db8::1", .destination = "fe80::2", .ttl = 255 };
	struct net_frame frame = net_frame_whole(1, tcp_frame(&p));
	char text[IP_ADDRESS_TEXT_SIZE];

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.ip_version, 6);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_uint_eq(frame.packet.ttl, 255);
	ck_assert_str_eq(ip_address_text(6, &frame.packet.source, text), "2001:db8::1");
	ck_assert_str_eq(ip_address_text(6, &frame.packet.destination, text), "fe80::2");
	net_frame_free(&frame);
}
END_TEST

START_TEST(innermost_vlan_of_the_outer_frame_counts)
{
	struct test_packet inner = { .source = "192.0.2.1" }, outer = { 0 };
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, "12345678", 8);
	frame_ip(&f, &inner, 99);
	frame_vlan(&f, 77, 0x0800);
	frame_ethernet(&f, NULL, 0x8100);
	frame_push(&f, "\0\0\x65\x58", 4);
	frame_ip(&f, &outer, IP_PROTOCOL_GRE);
	frame_vlan(&f, 5, 0x0800);
	frame_vlan(&f, 6, 0x8100);
	frame_ethernet(&f, NULL, 0x88a8);
	frame = net_frame_whole(1, frame_bytes(&f));
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.tunnels, 1);
	ck_assert_uint_eq(frame.packet.vlan, 5);
	net_frame_free(&frame);
}
END_TEST

START_TEST(padding_of_short_frames_is_not_payload)
{
	struct bytes whole = { out, test_packet_tcp(&tcp_packet, NULL, 0, out) };

	memset(out + whole.size, 0xee, 6);
	assert_segment_size(whole, 60, 60, 0);
}
END_TEST

START_TEST(cooked_capture_gives_direction_and_interface)
{
	static const struct {
		uint8_t type;
		int8_t direction;
	} cases[] = { { 0, -1 }, { 1, -1 }, { 2, -1 }, { 3, 0 }, { 4, 1 } };
	uint8_t header[20] = { 0x08, 0x00, 0, 0, 0, 0, 1, 2, 0, 1, cases[_i].type, 6 };
	struct frame_builder f;
	struct net_frame frame;

	frame_begin(&f, "12345678", 8);
	frame_ip(&f, &tcp_packet, 99);
	frame_push(&f, header, sizeof(header));
	frame = net_frame_whole(276, frame_bytes(&f));
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.captured_interface, 258);
	ck_assert_int_eq(frame.packet.direction, cases[_i].direction);
	net_frame_free(&frame);
}
END_TEST

/* ---- IPv4 ---- */

START_TEST(ipv4_options_are_passed)
{
	struct test_packet p = tcp_packet;

	p.ip_options = BYTES("\1\1\1\1\1\1\1\1\1");
	assert_segment_size(tcp_frame(&p), ETHERNET_SIZE + 32 + 25, ETHERNET_SIZE + 32 + 25, 5);
}
END_TEST

START_TEST(ipv4_total_length_0_means_the_frame)
{
	struct bytes whole = tcp_frame(&tcp_packet);
	struct net_frame frame;

	out[ETHERNET_SIZE + 2] = out[ETHERNET_SIZE + 3] = 0;
	frame = net_frame_whole(1, whole);
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert(frame.packet.jumbo_guess);
	ck_assert_uint_eq(cur_left_on_wire(&frame.packet.payload), 25);
	net_frame_free(&frame);
}
END_TEST

START_TEST(ipv4_total_length_beyond_the_frame_means_the_frame)
{
	struct bytes whole = tcp_frame(&tcp_packet);

	out[ETHERNET_SIZE + 2] = 5000 >> 8;
	out[ETHERNET_SIZE + 3] = 5000 & 0xff;
	assert_segment_size(whole, whole.size, whole.size, 5);
}
END_TEST

START_TEST(snaplen_does_not_change_the_segment_size)
{
	struct bytes whole = tcp_frame(&tcp_packet);

	for (size_t captured = whole.size - 5; captured <= whole.size; captured++)
		assert_segment_size(whole, captured, whole.size, 5);
}
END_TEST

static const struct {
	const char *name;
	size_t offset;
	uint8_t value;
} bad_ipv4[] = {
	{ "version 5", ETHERNET_SIZE, 0x55 },          { "version 6", ETHERNET_SIZE, 0x65 },
	{ "header of 16 bytes", ETHERNET_SIZE, 0x44 }, { "header beyond the frame", ETHERNET_SIZE, 0x4f },
	{ "total length 19", ETHERNET_SIZE + 3, 19 },
};

START_TEST(lying_ipv4_header_is_malformed)
{
	struct bytes whole = { out, test_packet_ip(&tcp_packet, 99, "", 0, out) };

	out[bad_ipv4[_i].offset] = bad_ipv4[_i].value;
	assert_result(1, whole, NET_MALFORMED);
}
END_TEST

START_TEST(frame_that_ends_in_its_header_is_malformed)
{
	struct bytes whole = tcp_frame(&tcp_packet);

	for (whole.size = 0; whole.size < ETHERNET_SIZE + IPV4_SIZE; whole.size++)
		assert_result(1, whole, NET_MALFORMED);
}
END_TEST

START_TEST(frame_cut_in_its_header_is_cut)
{
	const struct test_packet *p = _i ? &tcp6_packet : &tcp_packet;
	struct bytes whole = tcp_frame(p);
	size_t headers = ETHERNET_SIZE + (size_t)(_i ? IPV6_SIZE : IPV4_SIZE);

	for (size_t captured = 0; captured < whole.size; captured++) {
		struct net_frame frame = net_frame_cut(1, whole, captured, whole.size);

		ck_assert_int_eq(frame.result, captured < headers ? NET_CUT : NET_IP);
		net_packet_touch(&frame.packet);
		net_frame_free(&frame);
	}
}
END_TEST

/* ---- fragments ---- */

START_TEST(fragment_gives_id_offset_and_more)
{
	struct test_packet p = _i ? tcp6_packet : tcp_packet;
	struct net_frame frame;

	p.ip_id = 0x1234;
	p.fragment_offset = 1480;
	p.more_fragments = true;
	frame = net_frame_whole(1, (struct bytes){ out, test_packet_ip(&p, IP_PROTOCOL_UDP, "12345678", 8, out) });
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_UDP);
	ck_assert_uint_eq(frame.packet.fragment.id, 0x1234);
	ck_assert_uint_eq(frame.packet.fragment.offset, 1480);
	ck_assert(frame.packet.fragment.more);
	ck_assert_uint_eq(cur_left(&frame.packet.payload), 8);
	net_frame_free(&frame);
}
END_TEST

START_TEST(last_fragment_has_no_more)
{
	struct test_packet p = _i ? tcp6_packet : tcp_packet;
	struct net_frame frame;

	p.fragment_offset = 8;
	frame = net_frame_whole(1, (struct bytes){ out, test_packet_ip(&p, IP_PROTOCOL_UDP, "12345678", 8, out) });
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	ck_assert(!frame.packet.fragment.more);
	net_frame_free(&frame);
}
END_TEST

START_TEST(dont_fragment_is_no_fragment)
{
	struct bytes whole = tcp_frame(&tcp_packet);

	out[ETHERNET_SIZE + 6] = 0x40;
	assert_result(1, whole, NET_IP);
}
END_TEST

/* ---- IPv6 extension headers ---- */

enum { NO_NEXT_HEADER = 59 };

/* An IPv6 packet whose first next-header number is `first`, then these bytes. */
static struct net_frame decode_extensions(uint8_t first, struct bytes headers, struct frame_builder *f)
{
	frame_begin(f, "hello", 5);
	frame_tcp(f, &tcp6_packet);
	frame_push(f, headers.at, headers.size);
	frame_ip(f, &tcp6_packet, first);
	frame_ethernet(f, NULL, 0x86dd);
	return net_frame_whole(1, frame_bytes(f));
}

static const struct {
	const char *name;
	uint8_t first;
	struct bytes headers;
} extensions[] = {
	{ "hop-by-hop", 0, { (const uint8_t *)"\6\0\1\4\0\0\0\0", 8 } },
	{ "destination, 16 bytes", 60, { (const uint8_t *)"\6\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0", 16 } },
	{ "routing", 43, { (const uint8_t *)"\6\0\4\0\0\0\0\0", 8 } },
	{ "authentication", 51, { (const uint8_t *)"\6\4\0\0\0\0\0\1\0\0\0\1abcdefghijkl", 24 } },
	{ "mobility", 135, { (const uint8_t *)"\6\0\0\0\0\0\0\0", 8 } },
	{ "atomic fragment", 44, { (const uint8_t *)"\6\0\0\0\0\0\0\1", 8 } },
	{ "three", 0, { (const uint8_t *)"\53\0\1\4\0\0\0\0\74\0\4\0\0\0\0\0\6\0\1\4\0\0\0\0", 24 } },
};

START_TEST(ipv6_extension_headers_are_passed)
{
	struct frame_builder f;
	struct net_frame frame = decode_extensions(extensions[_i].first, extensions[_i].headers, &f);
	struct tcp_segment segment;

	ck_assert_msg(frame.result == NET_IP, "%s", extensions[_i].name);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_int_eq(tcp_read(frame.packet.payload, &segment), CUR_OK);
	ck_assert_uint_eq(segment.destination_port, 80);
	net_frame_free(&frame);
}
END_TEST

START_TEST(ipv6_extension_header_beyond_the_packet_is_malformed)
{
	struct frame_builder f;
	struct net_frame frame = decode_extensions(60, BYTES("\6\377\1\4\0\0\0\0"), &f);

	ck_assert_int_eq(frame.result, NET_MALFORMED);
	net_frame_free(&frame);
}
END_TEST

START_TEST(ipv6_extension_header_that_was_cut_is_cut)
{
	struct frame_builder f;
	struct net_frame frame = decode_extensions(0, BYTES("\6\0\1\4\0\0\0\0"), &f), cut;

	net_frame_free(&frame);
	cut = net_frame_cut(1, frame_bytes(&f), ETHERNET_SIZE + IPV6_SIZE + 4, frame_bytes(&f).size);
	ck_assert_int_eq(cut.result, NET_CUT);
	ck_assert_uint_eq(cut.packet.ip_version, 6);
	net_frame_free(&cut);
}
END_TEST

START_TEST(no_next_header_is_a_packet_without_payload)
{
	struct net_frame frame =
		net_frame_whole(1, (struct bytes){ out, test_packet_ip(&tcp6_packet, NO_NEXT_HEADER, "", 0, out) });

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, NO_NEXT_HEADER);
	ck_assert(!frame.packet.jumbo_guess);
	ck_assert_uint_eq(cur_left_on_wire(&frame.packet.payload), 0);
	net_frame_free(&frame);
}
END_TEST

START_TEST(mobility_message_keeps_its_protocol)
{
	struct frame_builder f;
	struct net_frame frame = decode_extensions(135, BYTES("\73\0\0\0\0\0\0\0"), &f);

	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, 135);
	net_frame_free(&frame);
}
END_TEST

START_TEST(ipv6_payload_length_0_means_the_frame)
{
	struct bytes whole = tcp_frame(&tcp6_packet);
	struct net_frame frame;

	out[ETHERNET_SIZE + 4] = out[ETHERNET_SIZE + 5] = 0;
	frame = net_frame_whole(1, whole);
	ck_assert_int_eq(frame.result, NET_IP);
	ck_assert(frame.packet.jumbo_guess);
	ck_assert_uint_eq(cur_left_on_wire(&frame.packet.payload), 25);
	net_frame_free(&frame);
}
END_TEST

START_TEST(datagram_put_together_continues_with_extension_headers)
{
	struct test_packet p = tcp6_packet;
	struct frame_builder f;
	struct net_frame frame;
	uint8_t *copy;

	p.more_fragments = true;
	frame = net_frame_whole(1, (struct bytes){ out, test_packet_ip(&p, 60, "\6\0\1\4\0\0\0\0", 8, out) });
	ck_assert_int_eq(frame.result, NET_FRAGMENT);
	ck_assert_uint_eq(frame.packet.protocol, 60);
	frame_begin(&f, "hello", 5);
	frame_tcp(&f, &p);
	frame_push(&f, "\6\0\1\4\0\0\0\0", 8);
	frame.packet.payload = net_cursor_cut(frame_bytes(&f), frame_bytes(&f).size, frame_bytes(&f).size, &copy);
	ck_assert_int_eq(net_decode_payload(&frame.packet), NET_IP);
	ck_assert_uint_eq(frame.packet.protocol, IP_PROTOCOL_TCP);
	ck_assert_uint_eq(cur_left(&frame.packet.payload), 25);
	ck_assert(!frame.packet.fragment.more);
	net_frame_free(&frame);
	free(copy);
}
END_TEST

/* ---- not IP ---- */

static const struct {
	uint32_t link_type;
	struct bytes frame;
	enum net_result result;
	enum net_registry registry;
	uint32_t number;
	const char *text;
} others[] = {
#define OTHER(link_type, literal, result, registry, number, text) \
	{ \
		link_type, { (const uint8_t *)(literal), sizeof(literal) - 1 }, result, registry, number, text \
	}
	OTHER(1, "abcdefabcdef\x08\x06....", NET_NOT_IP, NET_ETHERTYPE, 0x0806, "EtherType 0x0806 (ARP)"),
	OTHER(1, "abcdefabcdef\x88\xcc....", NET_NOT_IP, NET_ETHERTYPE, 0x88cc, "EtherType 0x88cc (LLDP)"),
	OTHER(1, "abcdefabcdef\x81\0\0\5\x88\x8e", NET_NOT_IP, NET_ETHERTYPE, 0x888e, "EtherType 0x888e (EAPOL)"),
	OTHER(1, "abcdefabcdef\x12\x34....", NET_UNKNOWN, NET_ETHERTYPE, 0x1234, "EtherType 0x1234"),
	OTHER(1, "abcdefabcdef\x05\xdd....", NET_UNKNOWN, NET_ETHERTYPE, 0x05dd, "EtherType 0x05dd"),
	OTHER(1, "abcdefabcdef\0\7\x42\x42\3....", NET_NOT_IP, NET_LLC_SAP, 0x42, "LLC SAP 0x42 (STP)"),
	OTHER(1, "abcdefabcdef\0\x08\xaa\xaa\3\0\0\x0c\x20\0", NET_NOT_IP, NET_LLC_SAP, 0xaa, "LLC SAP 0xaa (SNAP)"),
	OTHER(1, "abcdefabcdef\0\x08\xaa\xaa\3\0\0\0\x80\xf3", NET_NOT_IP, NET_ETHERTYPE, 0x80f3,
	      "EtherType 0x80f3 (AppleTalk ARP)"),
	OTHER(1, "abcdefabcdef\0\7\x12\x12\3....", NET_UNKNOWN, NET_LLC_SAP, 0x12, "LLC SAP 0x12"),
	OTHER(9, "\xff\3\xc0\x21....", NET_NOT_IP, NET_PPP_PROTOCOL, 0xc021, "PPP protocol 0xc021 (LCP)"),
	OTHER(9, "\xff\3\x12\x34....", NET_UNKNOWN, NET_PPP_PROTOCOL, 0x1234, "PPP protocol 0x1234"),
	OTHER(104, "\x8f\0\x80\x35....", NET_NOT_IP, NET_LINK_TYPE, 104, "C_HDLC"),
	OTHER(105, "\x80\0..........................", NET_NOT_IP, NET_LINK_TYPE, 105, "IEEE802_11"),
	OTHER(105, "\x08\x41..........................", NET_NOT_IP, NET_LINK_TYPE, 105, "IEEE802_11"),
	OTHER(105, "\x48\x01..........................", NET_NOT_IP, NET_LINK_TYPE, 105, "IEEE802_11"),
	OTHER(105, "\x08\x05....................\0\0\xaa\xaa\3\0\0\0\x08\0....", NET_UNKNOWN, NET_LINK_TYPE, 105, "IEEE802_11"),
	OTHER(105, "\x08\x01....................\1\0\xaa\xaa\3\0\0\0\x08\0....", NET_UNKNOWN, NET_LINK_TYPE, 105, "IEEE802_11"),
	OTHER(113, "\0\0\x03\x38\0\0........\0\x10....", NET_NOT_IP, NET_LINK_TYPE, 113, "LINUX_SLL"),
	OTHER(0, "\x07\0\0\0....", NET_NOT_IP, NET_LINK_TYPE, 0, "NULL"),
	OTHER(239, "\7\0\0\0\x08\0\x09\0....", NET_NOT_IP, NET_LINK_TYPE, 239, "NFLOG"),
	OTHER(239, "\2\0\0\0\x08\0\x01\0....", NET_NOT_IP, NET_LINK_TYPE, 239, "NFLOG"),
	OTHER(256, "....", NET_NOT_IP, NET_LINK_TYPE, 256, "BLUETOOTH_LE_LL_WITH_PHDR"),
	OTHER(195, "....", NET_UNKNOWN, NET_LINK_TYPE, 195, "IEEE802_15_4_WITHFCS"),
	OTHER(9999, "....", NET_UNKNOWN, NET_LINK_TYPE, 9999, "link type 9999"),
	OTHER(UINT32_MAX, "....", NET_UNKNOWN, NET_LINK_TYPE, UINT32_MAX, "link type 4294967295"),
};

START_TEST(what_is_not_ip_is_named)
{
	struct net_frame frame = net_frame_whole(others[_i].link_type, others[_i].frame);
	char text[64];

	ck_assert_msg(frame.result == others[_i].result, "%s: result %d", others[_i].text, (int)frame.result);
	ck_assert_int_eq(frame.packet.unknown.registry, others[_i].registry);
	ck_assert_uint_eq(frame.packet.unknown.number, others[_i].number);
	ck_assert_str_eq(net_unknown_text(frame.packet.unknown.registry, frame.packet.unknown.number, text), others[_i].text);
	net_frame_free(&frame);
}
END_TEST

START_TEST(names_of_protocols_and_ports_are_told)
{
	char text[64];

	ck_assert_str_eq(net_unknown_text(NET_IP_PROTOCOL, 47, text), "IP protocol 47 (GRE)");
	ck_assert_str_eq(net_unknown_text(NET_UDP_PORT, 4789, text), "UDP port 4789 (VXLAN)");
	ck_assert_str_eq(net_unknown_text(NET_IP_PROTOCOL, 254, text), "IP protocol 254");
}
END_TEST

/* ---- headers of the link layer that lie ---- */

static const struct {
	const char *name;
	uint32_t link_type;
	struct bytes frame;
} lying[] = {
#define LYING(name, link_type, literal) \
	{ \
		name, link_type, \
		{ \
			(const uint8_t *)(literal), sizeof(literal) - 1 \
		} \
	}
	LYING("raw IP of version 5", 101, "\x55..................."),
	LYING("PPPoE of version 2", 51, "\x21\0\0\1\0\x16\0\x21...................."),
	LYING("PPPoE whose length ends in the protocol", 51,
	      "\x11\0\0\1\0\1\0\x21"
	      "E..................."),
	LYING("802.3 whose length ends in the SNAP header", 1, "abcdefabcdef\0\4\xaa\xaa\3\0\0\0\x08\x06...................."),
	LYING("radiotap of version 1", 127, "\1\0\x08\0\0\0\0\0.........................."),
	LYING("radiotap shorter than itself", 127, "\0\0\7\0\0\0\0\0.........................."),
	LYING("radiotap longer than the frame", 127, "\0\0\xff\0\0\0\0\0.........................."),
	LYING("PPI shorter than itself", 192, "\0\0\7\0\1\0\0\0.........................."),
	LYING("AVS with another cookie", 163, "\x70\x21\x10\1\0\0\0\x08.........................."),
	LYING("PKTAP shorter than itself", 258, "\x08\0\0\0\1\0\0\0\1\0\0\0................................"),
	LYING("NFLOG with an attribute of length 3", 239, "\2\0\0\0\3\0\3\0...."),
	LYING("NFLOG of version 1", 239, "\2\1\0\0\x08\0\x09\0...."),
	LYING("Juniper without magic", 178, "abc\0...................."),
	LYING("frame relay address without end", 107, "\x18\x40\x40\x40\3\xcc...................."),
};

START_TEST(lying_link_header_is_malformed)
{
	struct net_frame frame = net_frame_whole(lying[_i].link_type, lying[_i].frame);

	ck_assert_msg(frame.result == NET_MALFORMED, "%s: result %d", lying[_i].name, (int)frame.result);
	net_packet_touch(&frame.packet);
	net_frame_free(&frame);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Against the library, which is slower. */
START_TEST(every_byte_of_an_ipv4_address_is_written_in_decimal)
{
	for (unsigned i = 0; i < 256; i++) {
		struct ip_address address = { { (uint8_t)i, (uint8_t)(255 - i), (uint8_t)(i * 7), (uint8_t)(i ^ 99) } };
		char text[IP_ADDRESS_TEXT_SIZE], expected[INET_ADDRSTRLEN];

		ck_assert_ptr_nonnull(inet_ntop(AF_INET, address.bytes, expected, sizeof expected));
		ck_assert_str_eq(ip_address_text(4, &address, text), expected);
	}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("net");
	TCase *tc = tcase_create("net");

	tcase_add_test(tc, every_byte_of_an_ipv4_address_is_written_in_decimal);
	tcase_add_test(tc, ipv4_frame_gives_addresses_protocol_and_ttl);
	tcase_add_test(tc, ipv6_frame_gives_addresses_protocol_and_hop_limit);
	tcase_add_test(tc, innermost_vlan_of_the_outer_frame_counts);
	tcase_add_test(tc, padding_of_short_frames_is_not_payload);
	tcase_add_loop_test(tc, cooked_capture_gives_direction_and_interface, 0, 5);
	tcase_add_test(tc, ipv4_options_are_passed);
	tcase_add_test(tc, ipv4_total_length_0_means_the_frame);
	tcase_add_test(tc, ipv4_total_length_beyond_the_frame_means_the_frame);
	tcase_add_test(tc, snaplen_does_not_change_the_segment_size);
	tcase_add_loop_test(tc, lying_ipv4_header_is_malformed, 0, COUNT(bad_ipv4));
	tcase_add_test(tc, frame_that_ends_in_its_header_is_malformed);
	tcase_add_loop_test(tc, frame_cut_in_its_header_is_cut, 0, 2);
	tcase_add_loop_test(tc, fragment_gives_id_offset_and_more, 0, 2);
	tcase_add_loop_test(tc, last_fragment_has_no_more, 0, 2);
	tcase_add_test(tc, dont_fragment_is_no_fragment);
	tcase_add_loop_test(tc, ipv6_extension_headers_are_passed, 0, COUNT(extensions));
	tcase_add_test(tc, ipv6_extension_header_beyond_the_packet_is_malformed);
	tcase_add_test(tc, ipv6_extension_header_that_was_cut_is_cut);
	tcase_add_test(tc, no_next_header_is_a_packet_without_payload);
	tcase_add_test(tc, mobility_message_keeps_its_protocol);
	tcase_add_test(tc, ipv6_payload_length_0_means_the_frame);
	tcase_add_test(tc, datagram_put_together_continues_with_extension_headers);
	tcase_add_loop_test(tc, what_is_not_ip_is_named, 0, COUNT(others));
	tcase_add_test(tc, names_of_protocols_and_ports_are_told);
	tcase_add_loop_test(tc, lying_link_header_is_malformed, 0, COUNT(lying));
	suite_add_tcase(suite, tc);
	return suite;
}
