/*
 * Builds capture files in memory for tests: pcap and pcapng, either byte order.
 *
 *	struct pcap_bytes file = pcap_bytes_little();
 *	pcap_bytes_header(&file, 1, 65535);
 *	pcap_bytes_record(&file, 1 * NT_SECOND, frame, size, size);
 *	use(file.out.at, file.out.size);
 *	pcap_bytes_free(&file);
 *
 * What a test wants wrong it changes in file.out afterwards, or writes with the pcap_bytes_u* functions.
 */
#ifndef NETTRACE_TESTS_SUPPORT_PCAP_BYTES_H
#define NETTRACE_TESTS_SUPPORT_PCAP_BYTES_H

#include "store/base.h"

struct pcap_bytes {
	struct buffer out;
	bool big_endian;
	bool nanoseconds; /* pcap only; set before pcap_bytes_header() */
};

struct pcap_bytes pcap_bytes_little(void);
struct pcap_bytes pcap_bytes_big(void);
void pcap_bytes_free(struct pcap_bytes *b);

/* Numbers in the file's byte order. */
void pcap_bytes_u16(struct pcap_bytes *b, uint16_t value);
void pcap_bytes_u32(struct pcap_bytes *b, uint32_t value);
void pcap_bytes_u64(struct pcap_bytes *b, uint64_t value);
void pcap_bytes_raw(struct pcap_bytes *b, const void *bytes, size_t size);

/* ---- pcap ---- */

void pcap_bytes_header(struct pcap_bytes *b, uint32_t link_type, uint32_t snaplen);
void pcap_bytes_record(struct pcap_bytes *b, nt_time time, const void *bytes, size_t captured, size_t on_wire);

/* ---- pcapng ---- */

enum pcapng_block {
	PCAPNG_INTERFACE = 1,
	PCAPNG_PACKET = 2,
	PCAPNG_SIMPLE_PACKET = 3,
	PCAPNG_NAME_RESOLUTION = 4,
	PCAPNG_INTERFACE_STATISTICS = 5,
	PCAPNG_ENHANCED_PACKET = 6,
	PCAPNG_SECRETS = 10,
	PCAPNG_SECTION = 0x0a0d0d0a
};

enum { PCAPNG_SECRETS_TLS = 0x544c534b };

struct pcapng_bytes_interface {
	uint16_t link_type;
	uint32_t snaplen;
	const char *name; /* if_name, or NULL */
	bool has_resolution;
	uint8_t resolution; /* if_tsresol; 6 (microseconds) is what its absence means */
	bool has_offset;
	int64_t offset; /* if_tsoffset, seconds */
};

void pcapng_bytes_section(struct pcap_bytes *b);
void pcapng_bytes_interface(struct pcap_bytes *b, const struct pcapng_bytes_interface *interface);
/* `ticks` is in the interface's resolution.  `options` are made with pcapng_bytes_option() in another pcap_bytes, or empty. */
void pcapng_bytes_packet(struct pcap_bytes *b, uint32_t interface, uint64_t ticks, const void *bytes, size_t captured,
			 size_t on_wire, struct bytes options);
void pcapng_bytes_simple(struct pcap_bytes *b, const void *bytes, size_t captured, size_t on_wire);
void pcapng_bytes_secrets(struct pcap_bytes *b, uint32_t type, const void *secrets, size_t size);
void pcapng_bytes_block(struct pcap_bytes *b, uint32_t type, const void *body, size_t size); /* padded to 4 bytes */
void pcapng_bytes_option(struct pcap_bytes *b, uint16_t code, const void *value, size_t size);
void pcapng_bytes_options_end(struct pcap_bytes *b);

#endif
