/*
 * Builds packets for tests, so that a test states only what matters:
 *
 *	struct test_packet p = { .source_port = 40000, .destination_port = 80, .flags = 2, .sequence = 1 };
 *	uint8_t frame[TEST_FRAME_SIZE];
 *	size_t size = test_packet_tcp(&p, NULL, 0, frame);
 *
 * Encapsulations are built from the inside out with struct frame_builder, whose frame_* functions each put a header in front:
 *
 *	struct frame_builder f;
 *	frame_begin(&f, "hello", 5);
 *	frame_udp(&f, &p);
 *	frame_ip(&f, &p, 17);
 *	frame_push(&f, "\x88\x64...", 8);
 *	frame_ethernet(&f, &p, 0x8864);
 *	use(frame_bytes(&f));
 *
 * All lengths and checksums are right.  What a test wants wrong it changes afterwards.
 */
#ifndef NETTRACE_TESTS_SUPPORT_PACKET_H
#define NETTRACE_TESTS_SUPPORT_PACKET_H

#include "store/base.h"

enum { TEST_FRAME_SIZE = 66 * 1024 };

/* Zero means the default that is named. */
struct test_packet {
	const char *source, *destination; /* IPv4 or IPv6 text; 10.0.0.1 and 10.0.0.2 */
	uint16_t source_port, destination_port;
	uint8_t ttl;              /* 64 */
	uint32_t ip_id;           /* IPv4 identification, or that of an IPv6 fragment header */
	uint32_t fragment_offset; /* bytes, a multiple of 8 */
	bool more_fragments;      /* this or the offset makes it a fragment */
	struct bytes ip_options;  /* IPv4 options; padded to 4 bytes with 0 */

	uint8_t flags; /* TCP: of enum tcp_flag */
	uint32_t sequence, acknowledgment;
	uint16_t window;          /* 65535 */
	bool window_zero;         /* a window of really 0 */
	struct bytes tcp_options; /* padded to 4 bytes with 0 (end of options) */

	uint8_t icmp_type, icmp_code;
	uint32_t icmp_rest; /* the four bytes after the checksum */

	bool raw;          /* no Ethernet header: link type 101 */
	uint16_t vlan;     /* an 802.1Q tag if not 0 */
	bool reverse_macs; /* as sent by the other side; else 02:00:00:00:00:01 to 02:00:00:00:00:02 */
};

/* Each writes a whole frame to `out`, which has room for TEST_FRAME_SIZE bytes, and returns its size. */
size_t test_packet_tcp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out);
size_t test_packet_udp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out);
/* ICMPv6 with IPv6 addresses. */
size_t test_packet_icmp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out);
size_t test_packet_ip(const struct test_packet *p, uint8_t protocol, const void *payload, size_t size, uint8_t *out);

/* The packet that answers: addresses, ports and MACs swapped, all else as in `p`. */
struct test_packet test_packet_reverse(const struct test_packet *p);

/* A frame that grows at its front. */
struct frame_builder {
	size_t start; /* the frame is bytes[start] to the end */
	uint8_t bytes[TEST_FRAME_SIZE];
};

void frame_begin(struct frame_builder *f, const void *payload, size_t size);
void frame_push(struct frame_builder *f, const void *header, size_t size);
void frame_push_u8(struct frame_builder *f, uint8_t value);
void frame_push_u16(struct frame_builder *f, uint16_t value); /* network byte order */
void frame_push_u32(struct frame_builder *f, uint32_t value);
void frame_tcp(struct frame_builder *f, const struct test_packet *p);
void frame_udp(struct frame_builder *f, const struct test_packet *p);
void frame_icmp(struct frame_builder *f, const struct test_packet *p);
void frame_ip(struct frame_builder *f, const struct test_packet *p, uint8_t protocol); /* IPv4 or IPv6 as the addresses are */
void frame_vlan(struct frame_builder *f, uint16_t vlan, uint16_t inner_ethertype);     /* then frame_ethernet(…, 0x8100) */
void frame_ethernet(struct frame_builder *f, const struct test_packet *p, uint16_t ethertype); /* p may be NULL */
uint16_t frame_ip_ethertype(const struct test_packet *p);                                      /* 0x0800 or 0x86dd */
struct bytes frame_bytes(const struct frame_builder *f);

#endif
