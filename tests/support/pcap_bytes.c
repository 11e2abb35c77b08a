#include "tests/support/pcap_bytes.h"

#include <assert.h>
#include <string.h>

enum { MAGIC_MICROSECONDS = 0xa1b2c3d4, MAGIC_NANOSECONDS = 0xa1b23c4d, MAGIC_BYTE_ORDER = 0x1a2b3c4d };
enum { OPTION_END = 0, OPTION_IF_NAME = 2, OPTION_IF_TSRESOL = 9, OPTION_IF_TSOFFSET = 14 };
enum { FILE_MAX = 1 << 30 };

struct pcap_bytes pcap_bytes_little(void)
{
	return (struct pcap_bytes){ .out.max = FILE_MAX };
}

struct pcap_bytes pcap_bytes_big(void)
{
	return (struct pcap_bytes){ .out.max = FILE_MAX, .big_endian = true };
}

void pcap_bytes_free(struct pcap_bytes *b)
{
	buffer_free(&b->out);
}

void pcap_bytes_raw(struct pcap_bytes *b, const void *bytes, size_t size)
{
	bool added = size == 0 || buffer_add(&b->out, bytes, size);

	assert(added);
	(void)added;
}

static void add_number(struct pcap_bytes *b, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[b->big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
	pcap_bytes_raw(b, bytes, size);
}

void pcap_bytes_u16(struct pcap_bytes *b, uint16_t value)
{
	add_number(b, value, 2);
}

void pcap_bytes_u32(struct pcap_bytes *b, uint32_t value)
{
	add_number(b, value, 4);
}

void pcap_bytes_u64(struct pcap_bytes *b, uint64_t value)
{
	add_number(b, value, 8);
}

void pcap_bytes_header(struct pcap_bytes *b, uint32_t link_type, uint32_t snaplen)
{
	pcap_bytes_u32(b, b->nanoseconds ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS);
	pcap_bytes_u16(b, 2);
	pcap_bytes_u16(b, 4);
	pcap_bytes_u64(b, 0);
	pcap_bytes_u32(b, snaplen);
	pcap_bytes_u32(b, link_type);
}

void pcap_bytes_record(struct pcap_bytes *b, nt_time time, const void *bytes, size_t captured, size_t on_wire)
{
	nt_time fraction = time % NT_SECOND;

	pcap_bytes_u32(b, (uint32_t)(time / NT_SECOND));
	pcap_bytes_u32(b, (uint32_t)(b->nanoseconds ? fraction : fraction / NT_MICROSECOND));
	pcap_bytes_u32(b, (uint32_t)captured);
	pcap_bytes_u32(b, (uint32_t)on_wire);
	pcap_bytes_raw(b, bytes, captured);
}

static void add_padding(struct pcap_bytes *b, size_t size)
{
	static const uint8_t zeros[4];

	pcap_bytes_raw(b, zeros, -size & 3);
}

void pcapng_bytes_block(struct pcap_bytes *b, uint32_t type, const void *body, size_t size)
{
	uint32_t total = (uint32_t)(12 + size + (-size & 3));

	pcap_bytes_u32(b, type);
	pcap_bytes_u32(b, total);
	pcap_bytes_raw(b, body, size);
	add_padding(b, size);
	pcap_bytes_u32(b, total);
}

void pcapng_bytes_option(struct pcap_bytes *b, uint16_t code, const void *value, size_t size)
{
	pcap_bytes_u16(b, code);
	pcap_bytes_u16(b, (uint16_t)size);
	pcap_bytes_raw(b, value, size);
	add_padding(b, size);
}

void pcapng_bytes_options_end(struct pcap_bytes *b)
{
	pcap_bytes_u32(b, OPTION_END);
}

static struct pcap_bytes begin_body(const struct pcap_bytes *b)
{
	return (struct pcap_bytes){ .out.max = FILE_MAX, .big_endian = b->big_endian };
}

static void end_body(struct pcap_bytes *b, uint32_t type, struct pcap_bytes *body)
{
	pcapng_bytes_block(b, type, body->out.at, body->out.size);
	pcap_bytes_free(body);
}

void pcapng_bytes_section(struct pcap_bytes *b)
{
	struct pcap_bytes body = begin_body(b);

	pcap_bytes_u32(&body, MAGIC_BYTE_ORDER);
	pcap_bytes_u16(&body, 1);
	pcap_bytes_u16(&body, 0);
	pcap_bytes_u64(&body, UINT64_MAX);
	end_body(b, PCAPNG_SECTION, &body);
}

void pcapng_bytes_interface(struct pcap_bytes *b, const struct pcapng_bytes_interface *interface)
{
	struct pcap_bytes body = begin_body(b), offset = begin_body(b);

	pcap_bytes_u16(&body, interface->link_type);
	pcap_bytes_u16(&body, 0);
	pcap_bytes_u32(&body, interface->snaplen);
	if (interface->name)
		pcapng_bytes_option(&body, OPTION_IF_NAME, interface->name, strlen(interface->name));
	if (interface->has_resolution)
		pcapng_bytes_option(&body, OPTION_IF_TSRESOL, &interface->resolution, 1);
	if (interface->has_offset) {
		pcap_bytes_u64(&offset, (uint64_t)interface->offset);
		pcapng_bytes_option(&body, OPTION_IF_TSOFFSET, offset.out.at, offset.out.size);
	}
	if (body.out.size > 8)
		pcapng_bytes_options_end(&body);
	pcap_bytes_free(&offset);
	end_body(b, PCAPNG_INTERFACE, &body);
}

void pcapng_bytes_packet(struct pcap_bytes *b, uint32_t interface, uint64_t ticks, const void *bytes, size_t captured,
			 size_t on_wire, struct bytes options)
{
	struct pcap_bytes body = begin_body(b);

	pcap_bytes_u32(&body, interface);
	pcap_bytes_u32(&body, (uint32_t)(ticks >> 32));
	pcap_bytes_u32(&body, (uint32_t)ticks);
	pcap_bytes_u32(&body, (uint32_t)captured);
	pcap_bytes_u32(&body, (uint32_t)on_wire);
	pcap_bytes_raw(&body, bytes, captured);
	add_padding(&body, captured);
	pcap_bytes_raw(&body, options.at, options.size);
	end_body(b, PCAPNG_ENHANCED_PACKET, &body);
}

void pcapng_bytes_simple(struct pcap_bytes *b, const void *bytes, size_t captured, size_t on_wire)
{
	struct pcap_bytes body = begin_body(b);

	pcap_bytes_u32(&body, (uint32_t)on_wire);
	pcap_bytes_raw(&body, bytes, captured);
	end_body(b, PCAPNG_SIMPLE_PACKET, &body);
}

void pcapng_bytes_secrets(struct pcap_bytes *b, uint32_t type, const void *secrets, size_t size)
{
	struct pcap_bytes body = begin_body(b);

	pcap_bytes_u32(&body, type);
	pcap_bytes_u32(&body, (uint32_t)size);
	pcap_bytes_raw(&body, secrets, size);
	end_body(b, PCAPNG_SECRETS, &body);
}
