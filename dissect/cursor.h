/*
 * The only way to read bytes from outside.
 *
 * A cursor looks at captured bytes that somebody else owns.  A read either yields the whole value or fails; the first failure sticks and
 * later reads yield 0 or NULL, so that a parser reads a structure in straight lines and asks once.  Two reads never stand in one
 * expression: C does not order them.
 *
 * Failing has two meanings, kept apart up to the trace record.  CUR_CUT: the bytes were on the wire but are not here (snaplen, or a
 * stream of which more may come).  CUR_BAD: the sender never sent them, a length lies.
 */
#ifndef NETTRACE_DISSECT_CURSOR_H
#define NETTRACE_DISSECT_CURSOR_H

#include "store/base.h"

#include <string.h>

enum cur_state { CUR_OK, CUR_CUT, CUR_BAD };

/* A length field of a message that may still grow: everything missing is CUR_CUT. */
#define CUR_OPEN SIZE_MAX

struct cursor {
	const uint8_t *at, *end; /* captured and not yet read */
	size_t cut;              /* bytes that followed `end` on the wire and were not captured; CUR_OPEN when that is not known */
	enum cur_state state;
};

static inline struct cursor cur_of(const void *bytes, size_t captured, size_t cut)
{
	const uint8_t *at = (const uint8_t *)bytes;

	return (struct cursor){ at, captured ? at + captured : at, cut, CUR_OK };
}

static inline size_t cur_left(const struct cursor *c) /* captured bytes not yet read */
{
	return (size_t)(c->end - c->at);
}

static inline size_t cur_left_on_wire(const struct cursor *c) /* those, and what was cut */
{
	size_t left = cur_left(c);

	return c->cut > SIZE_MAX - left ? SIZE_MAX : left + c->cut;
}

static inline struct bytes cur_rest(const struct cursor *c)
{
	return (struct bytes){ c->at, cur_left(c) };
}

/* The next n bytes, or NULL.  Together with cur_sub() the only bounds check of the dissectors. */
static inline const uint8_t *cur_take(struct cursor *c, size_t n)
{
	const uint8_t *taken = c->at;
	size_t left = cur_left(c);

	if (c->state != CUR_OK)
		return NULL;
	if (n > left) {
		c->state = n - left <= c->cut ? CUR_CUT : CUR_BAD;
		return NULL;
	}
	c->at += n;
	return taken;
}

/*
 * The next n bytes of the wire as a cursor of its own, of which reads cannot leave.  If some of the n were cut, the sub-cursor is shorter
 * and carries the rest as its own `cut`.  If the parent cannot hold n, both are CUR_BAD.
 */
static inline struct cursor cur_sub(struct cursor *c, size_t n)
{
	size_t left = cur_left(c), have = n < left ? n : left;
	struct cursor sub = { c->at, have ? c->at + have : c->at, n - have, c->state };

	if (c->state != CUR_OK)
		return sub;
	if (n - have > c->cut) {
		c->state = sub.state = CUR_BAD;
		return sub;
	}
	c->at = sub.end;
	if (c->cut != CUR_OPEN)
		c->cut -= n - have;
	return sub;
}

/* Shortens the cursor to n bytes on the wire, where a length field says less than there is (padding).  Longer n change nothing. */
static inline void cur_limit(struct cursor *c, size_t n)
{
	size_t left = cur_left(c);

	if (n <= left) {
		c->end = n ? c->at + n : c->at;
		c->cut = 0;
	} else if (n - left < c->cut) {
		c->cut = n - left;
	}
}

static inline void cur_skip(struct cursor *c, size_t n)
{
	(void)cur_sub(c, n);
}

static inline uint8_t cur_u8(struct cursor *c)
{
	const uint8_t *p = cur_take(c, 1);

	return p ? p[0] : 0;
}

static inline uint16_t cur_u16(struct cursor *c) /* network byte order, as all below */
{
	const uint8_t *p = cur_take(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cur_u24(struct cursor *c)
{
	const uint8_t *p = cur_take(c, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t cur_u32(struct cursor *c)
{
	const uint8_t *p = cur_take(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t cur_u64(struct cursor *c)
{
	uint64_t high = cur_u32(c);
	uint64_t low = cur_u32(c);

	return high << 32 | low;
}

/* Copies n bytes to `out`, which is zeroed when they cannot be had. */
static inline bool cur_copy(struct cursor *c, void *out, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
	return p != NULL;
}

#endif
