#include "dissect/quic/packet.h"

#include <stdlib.h>

struct quic_piece {
	struct quic_piece *next; /* of a higher offset; pieces do not overlap */
	uint64_t offset;
	size_t size;
	uint8_t bytes[];
};

static void drop_first(struct quic_stream *stream)
{
	struct quic_piece *first = stream->held;

	stream->held = first->next;
	stream->held_bytes -= first->size;
	stream->held_count--;
	free(first);
}

void quic_stream_clear(struct quic_stream *stream)
{
	while (stream->held)
		drop_first(stream);
	*stream = (struct quic_stream){ 0 };
}

static bool has_room(const struct quic_stream *stream, size_t size, struct limit_hits *hits)
{
	if (stream->held_count == LIMIT_QUIC_PIECES) {
		limit_hit(hits, LIMIT_QUIC_PIECES_HIT);
		return false;
	}
	if (size > LIMIT_QUIC_CRYPTO - stream->held_bytes) {
		limit_hit(hits, LIMIT_QUIC_CRYPTO_HIT);
		return false;
	}
	return true;
}

static bool insert(struct quic_stream *stream, struct quic_piece **at, uint64_t offset, struct bytes data, struct limit_hits *hits)
{
	struct quic_piece *piece;

	if (!has_room(stream, data.size, hits))
		return false;
	piece = nt_alloc(sizeof(*piece) + data.size);
	piece->next = *at;
	piece->offset = offset;
	piece->size = data.size;
	memcpy(piece->bytes, data.at, data.size);
	*at = piece;
	stream->held_bytes += data.size;
	stream->held_count++;
	return true;
}

static void skip(uint64_t *offset, struct bytes *data, uint64_t to)
{
	uint64_t known = to > *offset ? to - *offset : 0;

	if (known > data->size)
		known = data->size;
	data->at += known;
	data->size -= (size_t)known;
	*offset += known;
}

/* Fills the holes between the pieces that are there. */
bool quic_stream_add(struct quic_stream *stream, uint64_t offset, struct bytes data, struct limit_hits *hits)
{
	struct quic_piece **at = &stream->held;
	bool any_new = false;

	if (data.size == 0 || offset > UINT64_MAX - data.size)
		return false;
	skip(&offset, &data, stream->delivered);
	while (data.size > 0) {
		uint64_t until;

		while (*at && (*at)->offset + (*at)->size <= offset)
			at = &(*at)->next;
		if (*at && (*at)->offset <= offset) {
			skip(&offset, &data, (*at)->offset + (*at)->size);
			continue;
		}
		any_new = true;
		until = *at && (*at)->offset - offset < data.size ? (*at)->offset : offset + data.size;
		if (!insert(stream, at, offset, (struct bytes){ data.at, (size_t)(until - offset) }, hits))
			break;
		skip(&offset, &data, until);
	}
	return any_new;
}

/* The piece that was handed out last is behind `delivered` now. */
struct bytes quic_stream_next(struct quic_stream *stream)
{
	while (stream->held && stream->held->offset < stream->delivered)
		drop_first(stream);
	if (!stream->held || stream->held->offset != stream->delivered)
		return (struct bytes){ NULL, 0 };
	stream->delivered += stream->held->size;
	return (struct bytes){ stream->held->bytes, stream->held->size };
}
