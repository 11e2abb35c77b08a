#include "tests/support/mutate.h"

#include <stdlib.h>
#include <string.h>

enum {
	PCAP_HEADER = 24,
	PCAP_RECORD = 16,
	PCAP_MODIFIED_RECORD = 24,
	BLOCK_LEAST = 12,
	BLOCK_PACKET = 6,
	BLOCK_PACKET_HEADER = 28
};

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t dice_below(struct dice *dice, size_t count)
{
	return count ? (size_t)(dice_roll(dice) % count) : 0;
}

uint64_t dice_seed(uint64_t seed, const char *text)
{
	struct dice dice = { seed };

	for (; *text; text++)
		dice.state = dice_roll(&dice) ^ (uint8_t)*text;
	return dice_roll(&dice);
}

/* ---- layout ---- */

static uint32_t read_u32(const struct capture_layout *layout, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return layout->swapped ? __builtin_bswap32(value) : value;
}

static bool read_magic(struct capture_layout *layout, struct bytes file)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34 };

	if (file.size < PCAP_HEADER)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		layout->swapped = i >= 3;
		layout->record_header = i % 3 == 2 ? PCAP_MODIFIED_RECORD : PCAP_RECORD;
		if (read_u32(layout, file.at) == magics[i % 3])
			return true;
	}
	layout->is_pcapng = true;
	for (unsigned i = 0; i < 2; i++) {
		layout->swapped = i;
		if (read_u32(layout, file.at) == 0x0a0d0d0a && read_u32(layout, file.at + 8) == 0x1a2b3c4d)
			return true;
	}
	return false;
}

static size_t record_size(const struct capture_layout *layout, struct bytes rest)
{
	uint32_t size;

	if (layout->is_pcapng) {
		size = rest.size < BLOCK_LEAST ? 0 : read_u32(layout, rest.at + 4);
		return size >= BLOCK_LEAST && size % 4 == 0 && size <= rest.size ? size : 0;
	}
	if (rest.size < layout->record_header)
		return 0;
	size = read_u32(layout, rest.at + 8);
	return size <= rest.size - layout->record_header ? size + layout->record_header : 0;
}

struct capture_layout capture_layout_of(struct bytes file)
{
	struct capture_layout layout = { .count = 0 };
	size_t capacity = 64, at, size;

	layout.at = nt_alloc(capacity * sizeof *layout.at);
	layout.at[0] = 0;
	if (!read_magic(&layout, file))
		return layout;
	at = layout.is_pcapng ? 0 : PCAP_HEADER;
	layout.at[0] = at;
	while ((size = record_size(&layout, (struct bytes){ file.at + at, file.size - at }))) {
		if (layout.count + 2 > capacity)
			layout.at = nt_realloc_array(layout.at, capacity *= 2, sizeof *layout.at);
		layout.at[++layout.count] = at += size;
	}
	return layout;
}

void capture_layout_free(struct capture_layout *layout)
{
	free(layout->at);
	*layout = (struct capture_layout){ 0 };
}

/* ---- changes to bytes ---- */

struct mutation {
	struct buffer *file;
	struct dice *dice;
	struct capture_layout layout;
};

static void flip_bit(struct mutation *m)
{
	m->file->at[dice_below(m->dice, m->file->size)] ^= (uint8_t)(1 << dice_below(m->dice, 8));
}

static void set_byte(struct mutation *m)
{
	static const uint8_t odd[] = "\0\1\2\4\10\20\40\77\100\177\200\201\300\360\376\377 \r\n:;,0aA";
	size_t roll = dice_below(m->dice, 2 * sizeof odd);

	m->file->at[dice_below(m->dice, m->file->size)] = roll < sizeof odd ? odd[roll] : (uint8_t)dice_roll(m->dice);
}

/* A number of 1 to 4 bytes at `at`, in either byte order, to what lengths, counts and times must not be. */
static void set_number(struct mutation *m, size_t at, unsigned width)
{
	static const uint32_t odd[] = { 0,      1,      2,      3,       4,          0x7f,       0x80,       0xff,      0x100,
					0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	const size_t count = sizeof odd / sizeof *odd, roll = dice_below(m->dice, count + 8);
	const bool big = dice_roll(m->dice) & 1;
	uint32_t value = 0;

	if (at > m->file->size || m->file->size - at < width)
		return;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | m->file->at[at + (big ? i : width - 1 - i)];
	value = roll < count ? odd[roll] : roll % 2 ? value + (uint32_t)(roll - count) : value - (uint32_t)(roll - count) - 1;
	for (unsigned i = 0; i < width; i++)
		m->file->at[at + (big ? width - 1 - i : i)] = (uint8_t)(value >> 8 * i);
}

static void set_any_number(struct mutation *m)
{
	set_number(m, dice_below(m->dice, m->file->size), 1 + (unsigned)dice_below(m->dice, 4));
}

/* The lengths, times and numbers in front of a packet's bytes. */
static void set_header_number(struct mutation *m)
{
	const size_t header = m->layout.is_pcapng ? BLOCK_PACKET_HEADER : m->layout.record_header;
	size_t at = m->layout.count ? m->layout.at[dice_below(m->dice, m->layout.count)] : 0;

	set_number(m, at + dice_below(m->dice, header / 4) * 4, 4);
}

/* The headers of a packet: where lengths, offsets and counts stand that everything behind them depends on. */
static void set_packet_number(struct mutation *m)
{
	const size_t header = m->layout.is_pcapng ? BLOCK_PACKET_HEADER : m->layout.record_header;
	size_t at = m->layout.count ? m->layout.at[dice_below(m->dice, m->layout.count)] + header : 0;

	set_number(m, at + dice_below(m->dice, 120), 1 + (unsigned)dice_below(m->dice, 2));
}

/* ---- changes to the order ---- */

static void replace(struct buffer *file, size_t at, size_t old_size, const uint8_t *bytes, size_t size)
{
	struct buffer out = { .max = file->max };

	if (buffer_add(&out, file->at, at) && buffer_add(&out, bytes, size) &&
	    buffer_add(&out, file->at + at + old_size, file->size - at - old_size)) {
		free(file->at);
		*file = out;
	} else {
		buffer_free(&out);
	}
}

static void remove_record(struct mutation *m)
{
	const size_t *at = m->layout.at + dice_below(m->dice, m->layout.count);

	if (m->layout.count)
		replace(m->file, at[0], at[1] - at[0], NULL, 0);
}

static void repeat_record(struct mutation *m)
{
	const size_t *from = m->layout.at + dice_below(m->dice, m->layout.count);
	const size_t to = m->layout.at[dice_below(m->dice, m->layout.count + 1)];

	if (m->layout.count)
		replace(m->file, to, 0, m->file->at + from[0], from[1] - from[0]);
}

static void swap_records(struct mutation *m)
{
	size_t first = dice_below(m->dice, m->layout.count), second = dice_below(m->dice, m->layout.count);
	const size_t *a = m->layout.at + (first < second ? first : second), *b = m->layout.at + (first < second ? second : first);
	struct buffer swapped = { .max = SIZE_MAX };

	if (a == b || !m->layout.count)
		return;
	buffer_add(&swapped, m->file->at + b[0], b[1] - b[0]);
	buffer_add(&swapped, m->file->at + a[1], b[0] - a[1]);
	buffer_add(&swapped, m->file->at + a[0], a[1] - a[0]);
	memcpy(m->file->at + a[0], swapped.at, swapped.size);
	buffer_free(&swapped);
}

static void remove_bytes(struct mutation *m)
{
	size_t at = dice_below(m->dice, m->file->size), left = m->file->size - at;

	replace(m->file, at, dice_below(m->dice, left < 64 ? left + 1 : 64), NULL, 0);
}

static void repeat_bytes(struct mutation *m)
{
	size_t from = dice_below(m->dice, m->file->size), left = m->file->size - from;

	replace(m->file, dice_below(m->dice, m->file->size), 0, m->file->at + from,
		dice_below(m->dice, left < 256 ? left + 1 : 256));
}

/* Bytes of one packet over those of another, as from another connection or layer. */
static void overwrite_bytes(struct mutation *m)
{
	size_t from = dice_below(m->dice, m->file->size), to = dice_below(m->dice, m->file->size);
	size_t most = m->file->size - (from > to ? from : to);

	memmove(m->file->at + to, m->file->at + from, dice_below(m->dice, most < 256 ? most + 1 : 256));
}

/* ---- packets ---- */

/* Offsets in the file. */
struct found_packet {
	size_t record, ip, transport, payload, end;
	bool is_ipv6, is_tcp;
};

static uint16_t read_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Behind Ethernet, VLAN tags, "cooked" headers or none: what looks like IPv4 without options or IPv6, with TCP or UDP. */
static bool is_ip(const uint8_t *at, size_t left, struct found_packet *found)
{
	const bool is_v4 = left >= 40 && at[0] == 0x45 && read_u16(at + 2) >= 28 && read_u16(at + 2) <= left;
	const uint8_t protocol = is_v4 ? at[9] : left >= 60 ? at[6] : 0;

	found->is_ipv6 = !is_v4 && left >= 60 && at[0] >> 4 == 6 && read_u16(at + 4) + 40u <= left;
	found->is_tcp = protocol == 6;
	return (is_v4 || found->is_ipv6) && (protocol == 6 || protocol == 17);
}

static bool find_packet(const struct capture_layout *layout, const struct buffer *file, size_t record, struct found_packet *found)
{
	const size_t header = layout->is_pcapng ? BLOCK_PACKET_HEADER : layout->record_header;
	const size_t end = layout->at[record + 1];
	size_t size;

	*found = (struct found_packet){ .record = layout->at[record] };
	if (layout->is_pcapng && (end - found->record < header || read_u32(layout, file->at + found->record) != BLOCK_PACKET))
		return false;
	for (found->ip = found->record + header; found->ip < end && found->ip < found->record + header + 40; found->ip++) {
		const uint8_t *ip = file->at + found->ip;

		if (!is_ip(ip, end - found->ip, found))
			continue;
		size = found->is_ipv6 ? 40u + read_u16(ip + 4) : read_u16(ip + 2);
		found->transport = found->ip + (found->is_ipv6 ? 40 : 20);
		found->payload = found->transport + (found->is_tcp ? (size_t)(file->at[found->transport + 12] >> 4) * 4 : 8);
		found->end = found->ip + size;
		return found->payload <= found->end;
	}
	return false;
}

void mutate_checksums(struct buffer *file)
{
	struct capture_layout layout = capture_layout_of((struct bytes){ file->at, file->size });
	struct found_packet found;

	for (size_t i = 0; i < layout.count; i++)
		if (find_packet(&layout, file, i, &found) && found.is_tcp)
			memset(file->at + found.transport + 16, 0, 2);
	capture_layout_free(&layout);
}

bool mutate_find_payload(const struct buffer *file, struct dice *dice, struct bytes *payload)
{
	struct capture_layout layout = capture_layout_of((struct bytes){ file->at, file->size });
	struct found_packet found;
	bool good = false;

	for (int tries = 0; tries < 8 && !good && layout.count; tries++) {
		good = find_packet(&layout, file, dice_below(dice, layout.count), &found) && found.payload < found.end;
		if (good)
			*payload = (struct bytes){ file->at + found.payload, found.end - found.payload };
	}
	capture_layout_free(&layout);
	return good;
}

static void add_u16(uint8_t *at, size_t difference)
{
	const size_t value = read_u16(at) + difference;

	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void add_u32(const struct capture_layout *layout, uint8_t *at, size_t difference)
{
	uint32_t value = read_u32(layout, at) + (uint32_t)difference;

	value = layout->swapped ? __builtin_bswap32(value) : value;
	memcpy(at, &value, sizeof value);
}

/* Differences wrap around where the payload gets smaller. */
static void resize_payload(struct buffer *file, const struct capture_layout *layout, const struct found_packet *found,
			   struct bytes bytes)
{
	const size_t difference = bytes.size - (found->end - found->payload), all = found->end - found->ip + difference;
	uint8_t *ip = file->at + found->ip, *record = file->at + found->record;

	if (all > 65535 || file->size + bytes.size > file->max)
		return;
	add_u32(layout, record + 8, difference);
	add_u32(layout, record + 12, difference);
	add_u16(ip + (found->is_ipv6 ? 4 : 2), difference);
	if (!found->is_tcp)
		add_u16(file->at + found->transport + 4, difference);
	replace(file, found->payload, found->end - found->payload, bytes.at, bytes.size);
}

void mutate_replace_payload(struct buffer *file, struct bytes payload, struct bytes bytes)
{
	struct capture_layout layout = capture_layout_of((struct bytes){ file->at, file->size });
	struct found_packet found;

	for (size_t i = 0; i < layout.count && bytes.size; i++) {
		if (!find_packet(&layout, file, i, &found) || file->at + found.payload != payload.at)
			continue;
		if (layout.is_pcapng)
			memcpy(file->at + found.payload, bytes.at, bytes.size < payload.size ? bytes.size : payload.size);
		else
			resize_payload(file, &layout, &found, bytes);
		break;
	}
	capture_layout_free(&layout);
}

/* Some of a packet's payload twice, or gone. */
static void change_payload(struct mutation *m)
{
	struct buffer changed = { .max = SIZE_MAX };
	const bool twice = dice_roll(m->dice) & 1;
	struct bytes payload;
	size_t from, size;

	if (!mutate_find_payload(m->file, m->dice, &payload))
		return;
	from = dice_below(m->dice, payload.size);
	size = dice_below(m->dice, payload.size - from < 64 ? payload.size - from + 1 : 64);
	buffer_add(&changed, payload.at, twice ? from + size : from);
	buffer_add(&changed, payload.at + (twice ? from : from + size), payload.size - from - (twice ? 0 : size));
	mutate_replace_payload(m->file, payload, (struct bytes){ changed.at, changed.size });
	buffer_free(&changed);
}

void mutate(struct buffer *file, struct dice *dice)
{
	static void (*const ways[])(struct mutation *) = {
		flip_bit,          flip_bit,        set_byte,          set_byte,       set_any_number, set_packet_number,
		set_packet_number, remove_record,   set_header_number, repeat_record,  swap_records,   remove_bytes,
		repeat_bytes,      overwrite_bytes, change_payload,    change_payload,
	};
	struct mutation m = { .file = file, .dice = dice };

	if (!file->size)
		return;
	m.layout = capture_layout_of((struct bytes){ file->at, file->size });
	ways[dice_below(dice, sizeof ways / sizeof *ways)](&m);
	capture_layout_free(&m.layout);
}
