/*
 * The pcap format: draft-ietf-opsawg-pcap, and variants that libpcap or Wireshark read.
 */
#include "capture/fields.h"
#include "capture/reader.h"

#include <stdlib.h>

enum { HEADER_SIZE = 24, IXIA_HEADER_SIZE = 28, RECORD_SIZE = 16, MODIFIED_RECORD_SIZE = 24 };

/* Whether the two lengths of a record stand in the other order. */
enum lengths { LENGTHS_NORMAL, LENGTHS_SWAPPED, LENGTHS_EITHER };

struct pcap_state {
	bool big;
	uint32_t unit;        /* nanoseconds in one of the fraction field */
	uint32_t record_size; /* bytes of a record's header */
	enum lengths lengths;
	uint32_t fcs; /* bytes of frame check sequence at the end of each frame */
	const struct capture_interface *interface;
};

static const struct variant {
	uint8_t magic[4];
	bool big;
	uint32_t unit, header_size, record_size;
} variants[] = {
	{ { 0xa1, 0xb2, 0xc3, 0xd4 }, true, 1000, HEADER_SIZE, RECORD_SIZE },
	{ { 0xd4, 0xc3, 0xb2, 0xa1 }, false, 1000, HEADER_SIZE, RECORD_SIZE },
	{ { 0xa1, 0xb2, 0x3c, 0x4d }, true, 1, HEADER_SIZE, RECORD_SIZE },
	{ { 0x4d, 0x3c, 0xb2, 0xa1 }, false, 1, HEADER_SIZE, RECORD_SIZE },
	/* Kuznetzov's patch: interface index, protocol and packet type follow the lengths */
	{ { 0xa1, 0xb2, 0xcd, 0x34 }, true, 1000, HEADER_SIZE, MODIFIED_RECORD_SIZE },
	{ { 0x34, 0xcd, 0xb2, 0xa1 }, false, 1000, HEADER_SIZE, MODIFIED_RECORD_SIZE },
	/* IXIA lcap, of its hardware and of its software: the size of all records follows the header */
	{ { 0x1c, 0x00, 0x01, 0xac }, true, 1000, IXIA_HEADER_SIZE, RECORD_SIZE },
	{ { 0xac, 0x01, 0x00, 0x1c }, false, 1000, IXIA_HEADER_SIZE, RECORD_SIZE },
	{ { 0x1c, 0x00, 0x01, 0xab }, true, 1000, IXIA_HEADER_SIZE, RECORD_SIZE },
	{ { 0xab, 0x01, 0x00, 0x1c }, false, 1000, IXIA_HEADER_SIZE, RECORD_SIZE },
};

static const struct variant *find_variant(struct bytes first)
{
	for (size_t i = 0; first.size >= 4 && i < sizeof variants / sizeof *variants; i++)
		if (bytes_equal((struct bytes){ first.at, 4 }, (struct bytes){ variants[i].magic, 4 }))
			return &variants[i];
	return NULL;
}

static bool recognises(struct bytes first)
{
	return find_variant(first) != NULL;
}

/*
 * Version 2.3 changed the order of the two lengths, but programs did not change their version and their order at once; DG/UX wrote
 * version 543.0 and the old order.
 */
static bool read_version(struct fields *f, enum lengths *lengths)
{
	uint16_t major = fields_u16(f);
	uint16_t minor = fields_u16(f);

	*lengths = LENGTHS_NORMAL;
	if (major == 543 && minor == 0)
		*lengths = LENGTHS_SWAPPED;
	else if (major != 2)
		return false;
	else if (minor < 3)
		*lengths = LENGTHS_SWAPPED;
	else if (minor == 3)
		*lengths = LENGTHS_EITHER;
	return true;
}

/*
 * draft-ietf-opsawg-pcap 4, LinkType and additional information: FCS length in units of two bytes (4 bits), its flag, zeros, link
 * type (16 bits).  NetBSD has one raw IP link type per address family, told apart in the bits between.
 */
static uint32_t read_link_type(struct pcap_state *s, uint32_t field)
{
	enum { LINKTYPE_RAW = 101, NETBSD_AF_INET = 2, NETBSD_AF_INET6 = 24 };
	uint32_t type = field & 0xffff;

	if (field & 0x04000000)
		s->fcs = (field >> 28) * 2;
	if ((field & 0x03ff0000) == 0x02240000 && (type == NETBSD_AF_INET || type == NETBSD_AF_INET6))
		return LINKTYPE_RAW;
	return type;
}

static enum nt_status open_pcap(struct reader *r, struct nt_error *error)
{
	struct shown_name name = input_show_name(r->info.name);
	const struct variant *variant = find_variant((struct bytes){ r->bytes.at, r->bytes.left });
	const uint8_t *header = input_need(&r->bytes, variant->header_size);
	struct pcap_state *s = r->state = nt_zalloc(sizeof *s);
	uint32_t snaplen, link_type;
	struct fields f;

	if (!header)
		return nt_fail(error, NT_EDAMAGED,
			       "cannot read %s: the file ends in its header, after %zu of %u bytes; record it again", name.text,
			       r->bytes.left, variant->header_size);
	f = fields_of(header, HEADER_SIZE, variant->big);
	s->big = variant->big;
	s->unit = variant->unit;
	s->record_size = variant->record_size;
	(void)fields_take(&f, 4);
	if (!read_version(&f, &s->lengths))
		return nt_fail(error, NT_EFORMAT,
			       "cannot read %s: it is a pcap file of an unknown version; versions 2.0 to 2.4 can be read",
			       name.text);
	(void)fields_take(&f, 8); /* time zone and accuracy, which nothing ever set */
	snaplen = fields_u32(&f);
	link_type = read_link_type(s, fields_u32(&f));
	s->interface = reader_add_interface(r, link_type, snaplen);
	input_advance(&r->bytes, variant->header_size);
	return NT_OK;
}

static void close_pcap(struct reader *r)
{
	free(r->state);
	r->state = NULL;
}

static void read_record(const struct pcap_state *s, const uint8_t *header, struct packet *out)
{
	struct fields f = fields_of(header, RECORD_SIZE, s->big);
	uint32_t seconds = fields_u32(&f), fraction, first, second;

	fraction = fields_u32(&f);
	first = fields_u32(&f);
	second = fields_u32(&f);
	if (s->lengths == LENGTHS_SWAPPED || (s->lengths == LENGTHS_EITHER && first > second)) {
		out->captured = second;
		out->size = first;
	} else {
		out->captured = first;
		out->size = second;
	}
	if (out->size < out->captured) /* some writers put 0 there */
		out->size = out->captured;
	/* A fraction of a second or more, too, is only added: at most 2^32 s + 2^32 us, far from overflow. */
	out->time = (nt_time)seconds * NT_SECOND + (nt_time)fraction * s->unit;
	out->interface = s->interface;
}

static bool end_in_header(struct reader *r, const struct pcap_state *s)
{
	if (r->bytes.left == 0 && !input_failure(&r->bytes))
		return false;
	return reader_end_cut(r, r->bytes.offset, "the last packet is cut: its header has %u bytes, %zu there", s->record_size,
			      r->bytes.left);
}

static bool next_pcap(struct reader *r, struct packet *out)
{
	const struct pcap_state *s = r->state;
	const uint8_t *record = input_need(&r->bytes, s->record_size);

	if (!record)
		return end_in_header(r, s);
	read_record(s, record, out);
	if (out->captured > LIMIT_PACKET_SIZE) {
		limit_hit(r->lists->hits, LIMIT_PACKET_SIZE_HIT);
		return reader_end_damaged(r, r->bytes.offset,
					  "packet %llu cannot be: %u bytes announced, more than any writer captures",
					  (unsigned long long)r->info.packets + 1, out->captured);
	}
	record = input_need(&r->bytes, s->record_size + out->captured);
	if (!record)
		return reader_end_cut(r, r->bytes.offset, "the last packet is cut: %u bytes announced, %zu there", out->captured,
				      r->bytes.left - s->record_size);
	out->data = record + s->record_size;
	input_advance(&r->bytes, s->record_size + out->captured);
	reader_count_packet(r, out, s->fcs);
	return true;
}

const struct reader_format pcap_format = { "pcap", recognises, open_pcap, next_pcap, close_pcap };
