#include "capture/pcapng_write.h"

#include "capture/pcapng_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_END = 0, SHB_USERAPPL = 4, IF_NAME = 2, IF_DESCRIPTION = 3, IF_TSRESOL = 9 };
enum { TLS_KEY_LOG = 0x544c534b, NANOSECONDS = 9 };
enum { LONGEST_TEXT = 4096, LONGEST_HEAD = 16 * 1024, KEYS_PIECE = 1024 * 1024 };

struct pcapng_writer {
	FILE *out;
	struct buffer head; /* of the block that is being written: all of it but what is large */
	uint32_t *numbers;  /* by capture_interface.id: the number in this file, counted from 1; 0: not described yet */
	size_t capacity;
	uint32_t interfaces;
	uint64_t packets;
	nt_time last;
	bool failed;
	int why; /* errno of the failure */
};

/* ---- blocks ---- */

static void put(struct pcapng_writer *w, const void *bytes, size_t size)
{
	static const uint8_t zeros[3];

	buffer_add(&w->head, bytes, size);
	buffer_add(&w->head, zeros, -size % 4);
}

static void put_u32(struct pcapng_writer *w, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24) };

	put(w, bytes, sizeof bytes);
}

static void put_u16_pair(struct pcapng_writer *w, uint16_t first, uint16_t second)
{
	put_u32(w, (uint32_t)second << 16 | first);
}

static void put_option(struct pcapng_writer *w, uint16_t code, const void *value, size_t size)
{
	put_u16_pair(w, code, (uint16_t)size);
	put(w, value, size);
}

static void put_text_option(struct pcapng_writer *w, uint16_t code, const char *text)
{
	size_t size = text ? strnlen(text, LONGEST_TEXT) : 0;

	if (size)
		put_option(w, code, text, size);
}

static void write_bytes(struct pcapng_writer *w, const void *bytes, size_t size)
{
	if (w->failed || size == 0 || fwrite(bytes, 1, size, w->out) == size)
		return;
	w->failed = true;
	w->why = errno;
}

/* The length stands behind the type and again at the end (3.1); it is known when the block is complete. */
static void begin_block(struct pcapng_writer *w, uint32_t type)
{
	buffer_clear(&w->head);
	put_u32(w, type);
	put_u32(w, 0);
}

static void write_length(struct pcapng_writer *w, uint32_t length)
{
	const uint8_t bytes[4] = { (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), (uint8_t)(length >> 24) };

	write_bytes(w, bytes, sizeof bytes);
}

/* `body` comes behind what was put. */
static void end_block(struct pcapng_writer *w, struct bytes body)
{
	static const uint8_t zeros[3];
	size_t padding = -body.size % 4;
	uint32_t length = (uint32_t)(w->head.size + body.size + padding + 4);

	write_bytes(w, w->head.at, 4);
	write_length(w, length);
	write_bytes(w, w->head.at + 8, w->head.size - 8);
	write_bytes(w, body.at, body.size);
	write_bytes(w, zeros, padding);
	write_length(w, length);
}

static void write_section(struct pcapng_writer *w, const char *application)
{
	begin_block(w, PCAPNG_SHB);
	put_u32(w, 0x1a2b3c4d); /* 4.1: this tells the byte order */
	put_u16_pair(w, 1, 0);
	put_u32(w, UINT32_MAX); /* the length of the section is not told */
	put_u32(w, UINT32_MAX);
	put_text_option(w, SHB_USERAPPL, application);
	put_u32(w, OPTION_END);
	end_block(w, (struct bytes){ NULL, 0 });
}

static void write_interface(struct pcapng_writer *w, const struct capture_interface *interface)
{
	static const uint8_t resolution = NANOSECONDS;

	begin_block(w, PCAPNG_IDB);
	put_u16_pair(w, (uint16_t)interface->link_type, 0);
	put_u32(w, interface->snaplen);
	put_text_option(w, IF_NAME, interface->name);
	put_text_option(w, IF_DESCRIPTION, interface->description);
	put_option(w, IF_TSRESOL, &resolution, 1);
	put_u32(w, OPTION_END);
	end_block(w, (struct bytes){ NULL, 0 });
}

/* ---- the writer ---- */

struct pcapng_writer *pcapng_writer_new(FILE *out, const char *application)
{
	struct pcapng_writer *w = nt_zalloc(sizeof *w);

	w->out = out;
	w->head.max = LONGEST_HEAD;
	write_section(w, application);
	return w;
}

void pcapng_writer_free(struct pcapng_writer *w)
{
	if (!w)
		return;
	buffer_free(&w->head);
	free(w->numbers);
	free(w);
}

/* Bytes of the next block: whole lines, unless one is longer than any key. */
static size_t piece_of(struct bytes key_log)
{
	const uint8_t *end;

	if (key_log.size <= KEYS_PIECE)
		return key_log.size;
	end = memrchr(key_log.at, '\n', KEYS_PIECE);
	return end ? (size_t)(end + 1 - key_log.at) : KEYS_PIECE;
}

void pcapng_writer_keys(struct pcapng_writer *w, struct bytes key_log)
{
	while (key_log.size > 0) {
		const struct bytes piece = { key_log.at, piece_of(key_log) };

		begin_block(w, PCAPNG_DSB);
		put_u32(w, TLS_KEY_LOG);
		put_u32(w, (uint32_t)piece.size);
		end_block(w, piece);
		key_log.at += piece.size;
		key_log.size -= piece.size;
	}
}

/* The number of an interface in this file; describes it when it is new. */
static uint32_t number_of(struct pcapng_writer *w, const struct capture_interface *interface)
{
	size_t needed = (size_t)interface->id + 1;

	if (needed > w->capacity) {
		size_t old = w->capacity;

		w->capacity = needed * 2;
		w->numbers = nt_realloc_array(w->numbers, w->capacity, sizeof *w->numbers);
		memset(w->numbers + old, 0, (w->capacity - old) * sizeof *w->numbers);
	}
	if (!w->numbers[interface->id]) {
		write_interface(w, interface);
		w->numbers[interface->id] = ++w->interfaces;
	}
	return w->numbers[interface->id] - 1;
}

void pcapng_writer_packet(struct pcapng_writer *w, const struct packet *packet)
{
	uint32_t number = number_of(w, packet->interface);
	uint64_t time;

	if (packet->time != NT_TIME_NONE)
		w->last = packet->time;
	time = w->last > 0 ? (uint64_t)w->last : 0;
	begin_block(w, PCAPNG_EPB);
	put_u32(w, number);
	put_u32(w, (uint32_t)(time >> 32));
	put_u32(w, (uint32_t)time);
	put_u32(w, packet->captured);
	put_u32(w, packet->size);
	end_block(w, (struct bytes){ packet->data, packet->captured });
	w->packets++;
}

uint64_t pcapng_writer_packets(const struct pcapng_writer *w)
{
	return w->packets;
}

bool pcapng_writer_finish(struct pcapng_writer *w)
{
	if (!w->failed && fflush(w->out) != 0) {
		w->failed = true;
		w->why = errno;
	}
	if (w->failed)
		errno = w->why;
	return !w->failed;
}
