#include "tests/support/packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_VLAN = 0x8100, ETHERTYPE_IPV6 = 0x86dd };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_FRAGMENT = 44, PROTOCOL_ICMPV6 = 58 };

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value);
}

static const char *source_of(const struct test_packet *p)
{
	return p->source ? p->source : "10.0.0.1";
}

static const char *destination_of(const struct test_packet *p)
{
	return p->destination ? p->destination : "10.0.0.2";
}

static bool is_ipv6(const struct test_packet *p)
{
	return strchr(source_of(p), ':') != NULL;
}

/* Writes both addresses one after the other and returns the size of one. */
static size_t put_addresses(const struct test_packet *p, uint8_t *at)
{
	size_t size = is_ipv6(p) ? 16 : 4;
	int family = is_ipv6(p) ? AF_INET6 : AF_INET;
	int good = inet_pton(family, source_of(p), at);

	good += inet_pton(family, destination_of(p), at + size);
	assert(good == 2);
	(void)good;
	return size;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *at, size_t size)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return size & 1 ? sum + ((uint32_t)at[size - 1] << 8) : sum;
}

static uint16_t fold_checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 9293 3.1, RFC 8200 8.1: the pseudo header's share. */
static uint32_t pseudo_sum(const struct test_packet *p, uint8_t protocol, size_t size)
{
	uint8_t addresses[32];
	size_t one = put_addresses(p, addresses);

	return sum_words((uint32_t)size + protocol, addresses, 2 * one);
}

void frame_begin(struct frame_builder *f, const void *payload, size_t size)
{
	f->start = sizeof(f->bytes);
	frame_push(f, payload, size);
}

void frame_push(struct frame_builder *f, const void *header, size_t size)
{
	assert(size <= f->start);
	f->start -= size;
	if (size)
		memcpy(f->bytes + f->start, header, size);
}

void frame_push_u8(struct frame_builder *f, uint8_t value)
{
	frame_push(f, &value, 1);
}

void frame_push_u16(struct frame_builder *f, uint16_t value)
{
	uint8_t bytes[2];

	put_u16(bytes, value);
	frame_push(f, bytes, sizeof(bytes));
}

void frame_push_u32(struct frame_builder *f, uint32_t value)
{
	uint8_t bytes[4];

	put_u32(bytes, value);
	frame_push(f, bytes, sizeof(bytes));
}

struct bytes frame_bytes(const struct frame_builder *f)
{
	return (struct bytes){ f->bytes + f->start, sizeof(f->bytes) - f->start };
}

static void push_padded(struct frame_builder *f, struct bytes options)
{
	static const uint8_t zeros[4];

	frame_push(f, zeros, -options.size & 3);
	frame_push(f, options.at, options.size);
}

/* Sums all that is built so far and stores the checksum `offset` bytes into it. */
static void set_checksum(struct frame_builder *f, uint32_t sum, size_t offset)
{
	struct bytes all = frame_bytes(f);

	put_u16(f->bytes + f->start + offset, fold_checksum(sum_words(sum, all.at, all.size)));
}

void frame_tcp(struct frame_builder *f, const struct test_packet *p)
{
	uint8_t header[20] = { 0 };
	size_t header_size = sizeof(header) + ((p->tcp_options.size + 3) & ~(size_t)3);

	put_u16(header, p->source_port);
	put_u16(header + 2, p->destination_port);
	put_u32(header + 4, p->sequence);
	put_u32(header + 8, p->acknowledgment);
	header[12] = (uint8_t)(header_size / 4 << 4);
	header[13] = p->flags;
	put_u16(header + 14, p->window || p->window_zero ? p->window : 65535);
	push_padded(f, p->tcp_options);
	frame_push(f, header, sizeof(header));
	set_checksum(f, pseudo_sum(p, PROTOCOL_TCP, frame_bytes(f).size), 16);
}

void frame_udp(struct frame_builder *f, const struct test_packet *p)
{
	uint8_t header[8] = { 0 };
	size_t size = frame_bytes(f).size + sizeof(header);

	put_u16(header, p->source_port);
	put_u16(header + 2, p->destination_port);
	put_u16(header + 4, (uint32_t)size);
	frame_push(f, header, sizeof(header));
	set_checksum(f, pseudo_sum(p, PROTOCOL_UDP, size), 6);
}

void frame_icmp(struct frame_builder *f, const struct test_packet *p)
{
	uint8_t header[8] = { p->icmp_type, p->icmp_code };

	put_u32(header + 4, p->icmp_rest);
	frame_push(f, header, sizeof(header));
	set_checksum(f, is_ipv6(p) ? pseudo_sum(p, PROTOCOL_ICMPV6, frame_bytes(f).size) : 0, 2);
}

static void push_ipv4(struct frame_builder *f, const struct test_packet *p, uint8_t protocol)
{
	uint8_t header[20] = { 0 };
	size_t payload = frame_bytes(f).size, header_size = sizeof(header) + ((p->ip_options.size + 3) & ~(size_t)3);

	header[0] = (uint8_t)(0x40 | header_size / 4);
	put_u16(header + 2, (uint32_t)(header_size + payload));
	put_u16(header + 4, p->ip_id);
	put_u16(header + 6, p->fragment_offset / 8 | (p->more_fragments ? 0x2000 : 0));
	header[8] = p->ttl ? p->ttl : 64;
	header[9] = protocol;
	put_addresses(p, header + 12);
	push_padded(f, p->ip_options);
	frame_push(f, header, sizeof(header));
	put_u16(f->bytes + f->start + 10, fold_checksum(sum_words(0, f->bytes + f->start, header_size)));
}

static void push_ipv6(struct frame_builder *f, const struct test_packet *p, uint8_t protocol)
{
	uint8_t header[40] = { 0x60 }, fragment[8] = { protocol };

	if (p->fragment_offset || p->more_fragments) {
		put_u16(fragment + 2, p->fragment_offset | p->more_fragments);
		put_u32(fragment + 4, p->ip_id);
		frame_push(f, fragment, sizeof(fragment));
		protocol = PROTOCOL_FRAGMENT;
	}
	put_u16(header + 4, (uint32_t)frame_bytes(f).size);
	header[6] = protocol;
	header[7] = p->ttl ? p->ttl : 64;
	put_addresses(p, header + 8);
	frame_push(f, header, sizeof(header));
}

void frame_ip(struct frame_builder *f, const struct test_packet *p, uint8_t protocol)
{
	if (is_ipv6(p))
		push_ipv6(f, p, protocol);
	else
		push_ipv4(f, p, protocol);
}

void frame_vlan(struct frame_builder *f, uint16_t vlan, uint16_t inner_ethertype)
{
	frame_push_u16(f, inner_ethertype);
	frame_push_u16(f, vlan);
}

void frame_ethernet(struct frame_builder *f, const struct test_packet *p, uint16_t ethertype)
{
	static const uint8_t macs[18] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	frame_push_u16(f, ethertype);
	frame_push(f, p && p->reverse_macs ? macs + 6 : macs, 12);
}

uint16_t frame_ip_ethertype(const struct test_packet *p)
{
	return is_ipv6(p) ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
}

static size_t finish(struct frame_builder *f, const struct test_packet *p, uint8_t protocol, uint8_t *out)
{
	struct bytes whole;

	frame_ip(f, p, protocol);
	if (!p->raw && p->vlan)
		frame_vlan(f, p->vlan, frame_ip_ethertype(p));
	if (!p->raw)
		frame_ethernet(f, p, p->vlan ? ETHERTYPE_VLAN : frame_ip_ethertype(p));
	whole = frame_bytes(f);
	memcpy(out, whole.at, whole.size);
	return whole.size;
}

size_t test_packet_tcp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out)
{
	struct frame_builder f;

	frame_begin(&f, payload, size);
	frame_tcp(&f, p);
	return finish(&f, p, PROTOCOL_TCP, out);
}

size_t test_packet_udp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out)
{
	struct frame_builder f;

	frame_begin(&f, payload, size);
	frame_udp(&f, p);
	return finish(&f, p, PROTOCOL_UDP, out);
}

size_t test_packet_icmp(const struct test_packet *p, const void *payload, size_t size, uint8_t *out)
{
	struct frame_builder f;

	frame_begin(&f, payload, size);
	frame_icmp(&f, p);
	return finish(&f, p, is_ipv6(p) ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, out);
}

size_t test_packet_ip(const struct test_packet *p, uint8_t protocol, const void *payload, size_t size, uint8_t *out)
{
	struct frame_builder f;

	frame_begin(&f, payload, size);
	return finish(&f, p, protocol, out);
}

struct test_packet test_packet_reverse(const struct test_packet *p)
{
	struct test_packet reversed = *p;

	reversed.source = destination_of(p);
	reversed.destination = source_of(p);
	reversed.source_port = p->destination_port;
	reversed.destination_port = p->source_port;
	reversed.reverse_macs = !p->reverse_macs;
	return reversed;
}
