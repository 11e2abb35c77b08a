/*
 * The framing of pcapng (draft-ietf-opsawg-pcapng): blocks and options, without what they mean.
 */
#ifndef NETTRACE_CAPTURE_PCAPNG_BLOCKS_H
#define NETTRACE_CAPTURE_PCAPNG_BLOCKS_H

#include "capture/fields.h"
#include "capture/input.h"
#include "store/limits.h"

enum pcapng_block_type {
	PCAPNG_IDB = 1,  /* interface description */
	PCAPNG_PB = 2,   /* packet, obsolete */
	PCAPNG_SPB = 3,  /* simple packet */
	PCAPNG_ISB = 5,  /* interface statistics */
	PCAPNG_EPB = 6,  /* enhanced packet */
	PCAPNG_DSB = 10, /* decryption secrets */
	PCAPNG_SHB = 0x0a0d0d0a
};

enum { PCAPNG_FRAME = 12 }; /* bytes of a block that are not its body: type, length, length again */

struct pcapng_block {
	uint32_t type;
	uint32_t size; /* of the whole block */
	uint64_t offset;
	bool skipped;       /* the body was not kept: its type means nothing here, or it is larger than anything that makes sense */
	struct fields body; /* a view, valid until the next block; SHB: after the byte order mark; empty when skipped */
};

enum pcapng_step { PCAPNG_BLOCK, PCAPNG_END, PCAPNG_CUT, PCAPNG_BROKEN };

struct pcapng_walk {
	struct input *bytes;
	bool big;          /* byte order of this section */
	char problem[160]; /* with PCAPNG_CUT and PCAPNG_BROKEN */
	enum limit limit;  /* with PCAPNG_BROKEN: which the block is beyond; LIMIT_COUNT: none */
};

/* The next block, left behind.  After CUT and BROKEN there is no next one; block->offset says where the bad one begins. */
enum pcapng_step pcapng_next_block(struct pcapng_walk *walk, struct pcapng_block *block);

struct pcapng_option {
	uint16_t code;
	struct fields value;
};

/* The next option; false at their end, and when they make no sense: options->bad then. */
bool pcapng_next_option(struct fields *options, struct pcapng_option *out);

#endif
