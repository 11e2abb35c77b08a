/*
 * Bytes of a stream that come twice, with other content (RFC 9293 3.4: a sequence number stands for one byte).
 *
 * Segments that wait are whole in memory.  Of those that were handed on, only the beginnings of the last few are kept, which is where the
 * answer that somebody forged and the true one differ when they race each other; to keep more would cost every connection memory and time.
 * So a conflict that is found is one, but not every one is found.
 */
#include "correlate/tcp.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_KEPT = 4, BYTES_KEPT = 64 };

struct handed_on {
	uint64_t offset;
	struct packet_ref packet;
	uint32_t size; /* of its bytes that are kept */
	uint8_t bytes[BYTES_KEPT];
};

struct overlap {
	struct handed_on last[2][SEGMENTS_KEPT]; /* rings, by side */
	unsigned next[2];
};

void overlap_handed_on(struct tcp_conn *conn, int side, const struct piece *piece)
{
	struct handed_on *kept;

	if (!conn->overlap)
		conn->overlap = nt_zalloc(sizeof *conn->overlap); /* empty */
	kept = &conn->overlap->last[side][conn->overlap->next[side]++ % SEGMENTS_KEPT];
	kept->offset = piece->offset;
	kept->packet = piece->packet;
	if (piece->data.size < BYTES_KEPT) {
		kept->size = (uint32_t)piece->data.size;
		memcpy(kept->bytes, piece->data.at, kept->size);
	} else { /* nearly all: a copy of a fixed size costs no call */
		kept->size = BYTES_KEPT;
		memcpy(kept->bytes, piece->data.at, BYTES_KEPT);
	}
}

static bool differs(const struct piece *piece, uint64_t offset, const uint8_t *bytes, uint32_t size)
{
	uint64_t from = piece->offset > offset ? piece->offset : offset;
	uint64_t piece_end = piece->offset + piece->data.size, end = offset + size, to = piece_end < end ? piece_end : end;

	return from < to && memcmp(piece->data.at + (from - piece->offset), bytes + (from - offset), to - from) != 0;
}

bool overlap_conflicts(const struct tcp_conn *conn, int side, const struct piece *piece, struct packet_ref *first)
{
	const struct held_segment *held = conn->side[side].held;

	for (unsigned i = 0; conn->overlap && i < SEGMENTS_KEPT; i++) {
		const struct handed_on *kept = &conn->overlap->last[side][i];

		if (differs(piece, kept->offset, kept->bytes, kept->size)) {
			*first = kept->packet;
			return true;
		}
	}
	for (; held && held->offset < piece->offset + piece->data.size; held = held->next)
		if (differs(piece, held->offset, held->bytes, held->captured)) {
			*first = held->packet;
			return true;
		}
	return false;
}

void overlap_free(struct tcp_conn *conn)
{
	free(conn->overlap);
	conn->overlap = NULL;
}
