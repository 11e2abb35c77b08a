#include "capture/pcapng_blocks.h"

#include <stdarg.h>
#include <stdio.h>

/* Blocks that mean something here: the least size that the draft gives them, the most that is believed, and what limit that is. */
static const struct known {
	uint32_t type, least;
	uint64_t most;
	enum limit limit;
} known_blocks[] = {
	{ PCAPNG_EPB, 32, LIMIT_PACKET_SIZE + LIMIT_BLOCK_OPTIONS, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_SPB, 16, LIMIT_PACKET_SIZE + LIMIT_BLOCK_OPTIONS, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_PB, 32, LIMIT_PACKET_SIZE + LIMIT_BLOCK_OPTIONS, LIMIT_PACKET_SIZE_HIT },
	{ PCAPNG_IDB, 20, LIMIT_BLOCK_OPTIONS, LIMIT_BLOCK_OPTIONS_HIT },
	{ PCAPNG_ISB, 24, LIMIT_BLOCK_OPTIONS, LIMIT_BLOCK_OPTIONS_HIT },
	{ PCAPNG_DSB, 20, LIMIT_SECRETS, LIMIT_SECRETS_HIT },
	{ PCAPNG_SHB, 28, LIMIT_BLOCK_OPTIONS, LIMIT_BLOCK_OPTIONS_HIT },
};

static const struct known *find_known(uint32_t type)
{
	for (size_t i = 0; i < sizeof known_blocks / sizeof *known_blocks; i++)
		if (known_blocks[i].type == type)
			return &known_blocks[i];
	return NULL;
}

static enum pcapng_step fail(struct pcapng_walk *walk, enum pcapng_step how, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum pcapng_step fail(struct pcapng_walk *walk, enum pcapng_step how, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(walk->problem, sizeof walk->problem, format, args);
	va_end(args);
	return how;
}

/* 4.1: the mark after the length tells the byte order of the section, the length included. */
static bool read_byte_order(struct pcapng_walk *walk, const uint8_t *head)
{
	struct fields f = fields_of(head + 8, 4, true);
	uint32_t mark = fields_u32(&f);

	if (mark != 0x1a2b3c4d && mark != 0x4d3c2b1a)
		return false;
	walk->big = mark == 0x1a2b3c4d;
	return true;
}

static enum pcapng_step read_head(struct pcapng_walk *walk, struct pcapng_block *block)
{
	const uint8_t *head = input_need(walk->bytes, PCAPNG_FRAME);
	struct fields f;

	if (!head && walk->bytes->left == 0 && !input_failure(walk->bytes))
		return PCAPNG_END;
	if (!head)
		return fail(walk, PCAPNG_CUT, "the last block is cut: its frame has %d bytes, %zu there", PCAPNG_FRAME,
			    walk->bytes->left);
	f = fields_of(head, PCAPNG_FRAME, walk->big);
	block->type = fields_u32(&f);
	if (block->type == PCAPNG_SHB && !read_byte_order(walk, head))
		return fail(walk, PCAPNG_BROKEN, "a section header has no byte order mark");
	f = fields_of(head + 4, 4, walk->big);
	block->size = fields_u32(&f);
	return PCAPNG_BLOCK;
}

/* 3.1, block total length */
static enum pcapng_step check_size(struct pcapng_walk *walk, const struct pcapng_block *block, const struct known *known)
{
	uint32_t least = known ? known->least : PCAPNG_FRAME;

	if (block->size < least)
		return fail(walk, PCAPNG_BROKEN, "a block of type %u has %u bytes, it needs at least %u", block->type, block->size,
			    least);
	if (block->size % 4)
		return fail(walk, PCAPNG_BROKEN, "a block of type %u has %u bytes, which is no multiple of 4", block->type,
			    block->size);
	if (known && block->size > known->most && block->type != PCAPNG_DSB) {
		walk->limit = known->limit;
		return fail(walk, PCAPNG_BROKEN, "a block of type %u has %u bytes, more than any writer makes", block->type,
			    block->size);
	}
	return PCAPNG_BLOCK;
}

static enum pcapng_step check_trailer(struct pcapng_walk *walk, const struct pcapng_block *block, const uint8_t *trailer)
{
	struct fields f = fields_of(trailer, 4, walk->big);
	uint32_t size = fields_u32(&f);

	if (size != block->size)
		return fail(walk, PCAPNG_BROKEN, "a block of type %u gives its size as %u and, at its end, as %u", block->type,
			    block->size, size);
	return PCAPNG_BLOCK;
}

static enum pcapng_step cut_block(struct pcapng_walk *walk, const struct pcapng_block *block)
{
	uint64_t there = walk->bytes->offset + walk->bytes->left - block->offset;

	return fail(walk, PCAPNG_CUT, "the last block is cut: %u bytes announced, %llu there", block->size,
		    (unsigned long long)there);
}

static enum pcapng_step keep_block(struct pcapng_walk *walk, struct pcapng_block *block)
{
	const uint8_t *at = input_need(walk->bytes, block->size);
	size_t head = block->type == PCAPNG_SHB ? 12 : 8;
	enum pcapng_step step;

	if (!at)
		return cut_block(walk, block);
	step = check_trailer(walk, block, at + block->size - 4);
	if (step != PCAPNG_BLOCK)
		return step;
	block->body = fields_of(at + head, block->size - head - 4, walk->big);
	input_advance(walk->bytes, block->size);
	return PCAPNG_BLOCK;
}

static enum pcapng_step skip_block(struct pcapng_walk *walk, struct pcapng_block *block)
{
	const uint8_t *trailer;
	enum pcapng_step step;

	block->skipped = true;
	if (!input_skip(walk->bytes, block->size - 4))
		return cut_block(walk, block);
	trailer = input_need(walk->bytes, 4);
	if (!trailer)
		return cut_block(walk, block);
	step = check_trailer(walk, block, trailer);
	if (step == PCAPNG_BLOCK)
		input_advance(walk->bytes, 4);
	return step;
}

enum pcapng_step pcapng_next_block(struct pcapng_walk *walk, struct pcapng_block *block)
{
	const struct known *known;
	enum pcapng_step step;

	*block = (struct pcapng_block){ .offset = walk->bytes->offset, .body = fields_of(NULL, 0, walk->big) };
	walk->limit = LIMIT_COUNT;
	step = read_head(walk, block);
	if (step != PCAPNG_BLOCK)
		return step;
	known = find_known(block->type);
	step = check_size(walk, block, known);
	if (step != PCAPNG_BLOCK)
		return step;
	return known && block->size <= known->most ? keep_block(walk, block) : skip_block(walk, block);
}

bool pcapng_next_option(struct fields *options, struct pcapng_option *out)
{
	const uint8_t *value;
	uint16_t size;

	if (options->left == 0 || options->bad)
		return false;
	out->code = fields_u16(options);
	size = fields_u16(options);
	if (options->bad || out->code == 0) /* 3.5: opt_endofopt */
		return false;
	value = fields_take(options, size);
	if (!value)
		return false;
	out->value = fields_of(value, size, options->big);
	if (size % 4 && options->left) /* padding; some writers leave it out at the very end */
		(void)fields_take(options, 4 - size % 4);
	return true;
}
