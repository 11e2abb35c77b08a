/*
 * The numbers of a capture file, in the byte order of the file.
 *
 * Works like the dissectors' cursor: a read that goes beyond the end yields 0 or NULL and sets `bad`, which sticks, so that a
 * record is read in straight lines and asked about once.  A capture file is never cut by a snaplen: what is missing is damage.
 */
#ifndef NETTRACE_CAPTURE_FIELDS_H
#define NETTRACE_CAPTURE_FIELDS_H

#include "store/base.h"

struct fields {
	const uint8_t *at;
	size_t left;
	bool big; /* big-endian */
	bool bad;
};

static inline struct fields fields_of(const uint8_t *at, size_t size, bool big)
{
	return (struct fields){ at, size, big, false };
}

/* The next n bytes, or NULL: the only bounds check. */
static inline const uint8_t *fields_take(struct fields *f, size_t n)
{
	const uint8_t *taken = f->at;

	if (f->bad || n > f->left) {
		f->bad = true;
		return NULL;
	}
	f->at += n;
	f->left -= n;
	return taken;
}

static inline uint16_t fields_u16(struct fields *f)
{
	const uint8_t *p = fields_take(f, 2);

	if (!p)
		return 0;
	return f->big ? (uint16_t)(p[0] << 8 | p[1]) : (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t fields_u32(struct fields *f)
{
	const uint8_t *p = fields_take(f, 4);

	if (!p)
		return 0;
	return f->big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		      : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t fields_u64(struct fields *f)
{
	uint64_t first = fields_u32(f);
	uint64_t second = fields_u32(f);

	return f->big ? first << 32 | second : second << 32 | first;
}

#endif
