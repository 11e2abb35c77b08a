/*
 * The pcapng format: draft-ietf-opsawg-pcapng.
 */
#include "capture/pcapng_blocks.h"
#include "capture/reader.h"

#include <stdlib.h>
#include <string.h>

enum { DSB_TLS_KEY_LOG = 0x544c534b };

/* An interface of the section that is being read. */
struct section_interface {
	const struct capture_interface *interface;
	uint32_t fcs;       /* bytes of frame check sequence at the end of each frame */
	uint8_t resolution; /* if_tsresol */
	int64_t offset;     /* if_tsoffset, seconds */
	uint64_t unit;      /* nanoseconds in one unit of time where that is a whole number and there is no offset, else 0 */
	uint64_t if_drops;  /* as last told */
	uint64_t os_drops;
};

struct pcapng_state {
	struct pcapng_walk walk;
	struct section_interface *interfaces;
	size_t count, capacity;
	uint64_t described;  /* interfaces of this section, those beyond the limit too */
	uint64_t scanned_to; /* secrets of blocks before this offset are known already */
};

static bool recognises(struct bytes first)
{
	return first.size >= 4 && memcmp(first.at, "\x0a\x0d\x0d\x0a", 4) == 0;
}

/* ---- time ---- */

/* 10^exponent nanoseconds' worth; exponent < 20. */
static uint64_t power_of_10(unsigned exponent)
{
	uint64_t value = 1;

	while (exponent--)
		value *= 10;
	return value;
}

/* Whole nanoseconds, rounded down, of a count of units of 10^-n or 2^-n seconds (4.2, if_tsresol).  Never overflows. */
static unsigned __int128 nanoseconds(uint64_t units, uint8_t resolution)
{
	unsigned exponent = resolution & 0x7f;

	if (resolution & 0x80)
		return (unsigned __int128)units * (uint64_t)NT_SECOND >> exponent;
	if (exponent <= 9)
		return (unsigned __int128)units * power_of_10(9 - exponent);
	return exponent - 9 < 20 ? units / power_of_10(exponent - 9) : 0;
}

/* Times that 64 bits of nanoseconds cannot hold (before 1677, after 2262) become the first or last that they can. */
static nt_time packet_time(const struct section_interface *i, uint64_t units)
{
	__int128 time;

	if (i->unit && units <= INT64_MAX / i->unit)
		return (nt_time)(units * i->unit);
	time = (__int128)nanoseconds(units, i->resolution) + (__int128)i->offset * NT_SECOND;
	if (time > INT64_MAX)
		return INT64_MAX;
	return time <= NT_TIME_NONE ? NT_TIME_NONE + 1 : (nt_time)time;
}

/* ---- interfaces ---- */

/* Longer names are cut: nobody reads them, and 4096 interfaces may have one each. */
static char *option_text(struct fields value)
{
	enum { LONGEST = 4096 };
	size_t size = value.left < LONGEST ? value.left : LONGEST;
	char *text = nt_zalloc(size + 1);

	if (size)
		memcpy(text, value.at, size);
	return text;
}

static void replace_text(char **text, struct fields value)
{
	free(*text);
	*text = option_text(value);
}

/* The draft says bits, its example and the writers say bytes: no frame check sequence has more than 8 bytes or less than 8 bits. */
static uint32_t fcs_size(const uint8_t *value)
{
	if (!value)
		return 0;
	return *value >= 8 ? *value / 8 : *value;
}

static void interface_option(struct section_interface *i, struct capture_interface *interface, struct pcapng_option *option)
{
	enum { IF_NAME = 2, IF_DESCRIPTION = 3, IF_TSRESOL = 9, IF_FCSLEN = 13, IF_TSOFFSET = 14 };
	const uint8_t *byte;

	switch (option->code) {
	case IF_NAME:
		replace_text(&interface->name, option->value);
		break;
	case IF_DESCRIPTION:
		replace_text(&interface->description, option->value);
		break;
	case IF_TSRESOL:
		byte = fields_take(&option->value, 1);
		i->resolution = byte ? *byte : i->resolution;
		break;
	case IF_FCSLEN:
		i->fcs = fcs_size(fields_take(&option->value, 1));
		break;
	case IF_TSOFFSET:
		i->offset = (int64_t)fields_u64(&option->value);
		break;
	}
}

static struct section_interface *new_section_interface(struct pcapng_state *s)
{
	enum { DEFAULT_RESOLUTION = 6 };

	if (s->count == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 4;
		s->interfaces = nt_realloc_array(s->interfaces, s->capacity, sizeof *s->interfaces);
	}
	s->interfaces[s->count] = (struct section_interface){ .resolution = DEFAULT_RESOLUTION };
	return &s->interfaces[s->count++];
}

static void read_interface(struct reader *r, struct pcapng_block *block)
{
	struct pcapng_state *s = r->state;
	struct section_interface *i;
	struct capture_interface *interface;
	struct pcapng_option option;
	uint32_t link_type = fields_u16(&block->body), snaplen;

	(void)fields_u16(&block->body);
	snaplen = fields_u32(&block->body);
	s->described++;
	interface = reader_add_interface(r, link_type, snaplen);
	if (!interface)
		return;
	i = new_section_interface(s);
	i->interface = interface;
	while (pcapng_next_option(&block->body, &option))
		interface_option(i, interface, &option);
	if (block->body.bad)
		reader_note_damage(r, block->offset, 0, "the options of an interface description make no sense");
	if (!(i->resolution & 0x80) && i->resolution <= 9 && i->offset == 0)
		i->unit = power_of_10(9 - i->resolution);
}

static struct section_interface *find_interface(struct reader *r, const struct pcapng_block *block, uint32_t id)
{
	struct pcapng_state *s = r->state;

	if (id < s->count)
		return &s->interfaces[id];
	if (id >= s->described)
		reader_note_damage(r, block->offset, block->size, "a block is of interface %u, but only %llu are described", id,
				   (unsigned long long)s->described);
	return NULL;
}

static void read_statistics(struct reader *r, struct pcapng_block *block)
{
	enum { ISB_IFDROP = 5, ISB_OSDROP = 7 };
	struct section_interface *i = find_interface(r, block, fields_u32(&block->body));
	struct pcapng_option option;

	(void)fields_take(&block->body, 8);
	while (i && pcapng_next_option(&block->body, &option)) {
		uint64_t *drops = option.code == ISB_IFDROP ? &i->if_drops : option.code == ISB_OSDROP ? &i->os_drops : NULL;

		if (!drops || option.value.left < 8)
			continue;
		r->info.dropped -= *drops; /* the counters count from the start of the capture: the latest value is the whole */
		*drops = fields_u64(&option.value);
		r->info.dropped += *drops;
	}
}

/* ---- secrets ---- */

struct secrets {
	uint32_t type;
	struct bytes text; /* at is NULL when it is not whole */
};

static struct secrets secrets_of(struct fields body)
{
	struct secrets found = { .type = fields_u32(&body) };

	found.text.size = fields_u32(&body);
	found.text.at = fields_take(&body, found.text.size);
	return found;
}

static void keep_secrets(struct reader *r, const struct pcapng_block *block)
{
	struct secrets found = secrets_of(block->body);

	if (block->skipped)
		limit_hit(r->lists->hits, LIMIT_SECRETS_HIT);
	else if (found.type == DSB_TLS_KEY_LOG && found.text.at)
		reader_add_secret(r, found.text);
}

static void read_secrets(struct reader *r, const struct pcapng_block *block)
{
	const struct pcapng_state *s = r->state;
	struct secrets found = secrets_of(block->body);

	if (block->offset >= s->scanned_to)
		keep_secrets(r, block);
	if (block->skipped || found.type != DSB_TLS_KEY_LOG)
		r->info.blocks_skipped++;
	else if (!found.text.at)
		reader_note_damage(r, block->offset, block->size, "secrets of %zu bytes are announced in a block of %u",
				   found.text.size, block->size);
}

/* Walks over the blocks of an input that can be read twice, for the secrets in it.  What is broken the reading proper will tell. */
static void scan_secrets(struct reader *r)
{
	struct pcapng_state *s = r->state;
	struct pcapng_block block;
	struct input again;
	struct pcapng_walk walk = { .bytes = &again };

	if (!input_open_again(&again, &r->bytes))
		return;
	while (pcapng_next_block(&walk, &block) == PCAPNG_BLOCK) {
		if (block.type == PCAPNG_DSB)
			keep_secrets(r, &block);
		s->scanned_to = again.offset;
	}
	input_close(&again);
}

/* ---- packets ---- */

/* 4.3.1, epb_flags: bits 5 to 8 are the length of the frame check sequence in bytes, 0 when unknown. */
static uint32_t packet_fcs(const struct section_interface *i, struct fields options)
{
	enum { EPB_FLAGS = 2 };
	struct pcapng_option option;
	uint32_t fcs = 0;

	while (pcapng_next_option(&options, &option))
		if (option.code == EPB_FLAGS)
			fcs = fields_u32(&option.value) >> 5 & 0xf;
	return fcs ? fcs : i->fcs;
}

/* The common part of the three packet blocks: out->captured bytes, padding, options. */
static bool take_packet(struct reader *r, struct pcapng_block *block, const struct section_interface *i, struct packet *out)
{
	struct fields *f = &block->body;

	out->data = fields_take(f, out->captured);
	if (out->captured > LIMIT_PACKET_SIZE)
		limit_hit(r->lists->hits, LIMIT_PACKET_SIZE_HIT);
	if (!out->data || out->captured > LIMIT_PACKET_SIZE) {
		reader_note_damage(r, block->offset, block->size, "a packet of %u bytes is announced in a block of %u",
				   out->captured, block->size);
		return false;
	}
	if (out->size < out->captured)
		out->size = out->captured;
	(void)fields_take(f, -out->captured % 4);
	out->interface = i->interface;
	reader_count_packet(r, out, f->left ? packet_fcs(i, *f) : i->fcs);
	return true;
}

/* The interface of a packet.  A packet of one beyond the limit is left out, but keeps its number. */
static const struct section_interface *find_packet_interface(struct reader *r, const struct pcapng_block *block, uint32_t id)
{
	const struct pcapng_state *s = r->state;
	const struct section_interface *i = find_interface(r, block, id);

	if (!i && id < s->described)
		r->info.packets++;
	return i;
}

/* EPB and its forerunner differ only in the first four bytes: interface (32 bits), or interface and drops (16 bits each). */
static bool read_packet(struct reader *r, struct pcapng_block *block, struct packet *out)
{
	struct fields *f = &block->body;
	const struct section_interface *i;
	uint32_t id;
	uint64_t units;

	if (block->type == PCAPNG_PB) {
		id = fields_u16(f);
		(void)fields_u16(f);
	} else {
		id = fields_u32(f);
	}
	i = find_packet_interface(r, block, id);
	if (!i)
		return false;
	units = (uint64_t)fields_u32(f) << 32;
	units |= fields_u32(f);
	out->time = packet_time(i, units);
	out->captured = fields_u32(f);
	out->size = fields_u32(f);
	return take_packet(r, block, i, out);
}

/* 4.4: of interface 0, without a time; how much is there follows from the size on the wire and the snaplen. */
static bool read_simple_packet(struct reader *r, struct pcapng_block *block, struct packet *out)
{
	const struct section_interface *i = find_packet_interface(r, block, 0);
	uint32_t snaplen;

	if (!i)
		return false;
	snaplen = i->interface->snaplen;
	out->time = NT_TIME_NONE;
	out->size = fields_u32(&block->body);
	out->captured = out->size;
	if (snaplen && out->captured > snaplen)
		out->captured = snaplen;
	if (out->captured > block->body.left)
		out->captured = (uint32_t)block->body.left;
	return take_packet(r, block, i, out);
}

/* ---- blocks ---- */

/* 4.1: a section begins: its interfaces count from 0 again.  Its length is not needed, and not believed. */
static bool read_section(struct reader *r, struct pcapng_block *block)
{
	struct pcapng_state *s = r->state;
	uint16_t major = fields_u16(&block->body);

	s->count = 0;
	s->described = 0;
	return major == 1;
}

enum outcome { A_PACKET, NO_PACKET, THE_END };

static enum outcome read_block(struct reader *r, struct pcapng_block *block, struct packet *out)
{
	switch (block->type) {
	case PCAPNG_EPB:
	case PCAPNG_PB:
		return read_packet(r, block, out) ? A_PACKET : NO_PACKET;
	case PCAPNG_SPB:
		return read_simple_packet(r, block, out) ? A_PACKET : NO_PACKET;
	case PCAPNG_SHB:
		if (read_section(r, block))
			return NO_PACKET;
		reader_end_damaged(r, block->offset, "a section of an unknown version begins");
		return THE_END;
	case PCAPNG_IDB:
		read_interface(r, block);
		return NO_PACKET;
	case PCAPNG_ISB:
		read_statistics(r, block);
		return NO_PACKET;
	case PCAPNG_DSB:
		read_secrets(r, block);
		return NO_PACKET;
	default:
		r->info.blocks_skipped++;
		return NO_PACKET;
	}
}

static enum outcome next_outcome(struct reader *r, struct packet *out)
{
	struct pcapng_state *s = r->state;
	struct pcapng_block block;

	switch (pcapng_next_block(&s->walk, &block)) {
	case PCAPNG_BLOCK:
		return read_block(r, &block, out);
	case PCAPNG_CUT:
		reader_end_cut(r, block.offset, "%s", s->walk.problem);
		return THE_END;
	case PCAPNG_BROKEN:
		if (s->walk.limit != LIMIT_COUNT)
			limit_hit(r->lists->hits, s->walk.limit);
		reader_end_damaged(r, block.offset, "%s", s->walk.problem);
		return THE_END;
	case PCAPNG_END:
		break;
	}
	return THE_END;
}

static bool next_pcapng(struct reader *r, struct packet *out)
{
	enum outcome outcome;

	do
		outcome = next_outcome(r, out);
	while (outcome == NO_PACKET);
	return outcome == A_PACKET;
}

static bool packet_is_next(struct pcapng_state *s)
{
	const uint8_t *head = input_need(s->walk.bytes, 4);
	struct fields f = fields_of(head, head ? 4 : 0, s->walk.big);
	uint32_t type = fields_u32(&f);

	return type == PCAPNG_EPB || type == PCAPNG_SPB || type == PCAPNG_PB;
}

/* Goes on to the first interface, so that its link type is known before the first packet is asked for. */
static void read_to_interface(struct reader *r)
{
	struct pcapng_state *s = r->state;
	struct packet none;

	while (s->described == 0 && !r->ended && !packet_is_next(s))
		r->ended = next_outcome(r, &none) == THE_END;
}

static enum nt_status open_pcapng(struct reader *r, struct nt_error *error)
{
	struct shown_name name = input_show_name(r->info.name);
	struct pcapng_state *s = r->state = nt_zalloc(sizeof *s);
	struct pcapng_block block;
	enum pcapng_step step;

	s->walk.bytes = &r->bytes;
	step = pcapng_next_block(&s->walk, &block);
	if (step == PCAPNG_CUT)
		return nt_fail(error, NT_EDAMAGED,
			       "cannot read %s: it is a pcapng file that is cut in its first block; record it again", name.text);
	if (step != PCAPNG_BLOCK)
		return nt_fail(error, NT_EFORMAT, "cannot read %s: it begins like a pcapng file, but %s", name.text,
			       s->walk.problem);
	if (!read_section(r, &block))
		return nt_fail(error, NT_EFORMAT,
			       "cannot read %s: it is a pcapng file of an unknown version; version 1 can be read", name.text);
	scan_secrets(r);
	read_to_interface(r);
	return NT_OK;
}

static void close_pcapng(struct reader *r)
{
	struct pcapng_state *s = r->state;

	if (s)
		free(s->interfaces);
	free(s);
	r->state = NULL;
}

const struct reader_format pcapng_format = { "pcapng", recognises, open_pcapng, next_pcapng, close_pcapng };
