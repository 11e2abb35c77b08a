#include "dissect/http/http2_streams.h"

#include <stdlib.h>
#include <string.h>

enum { STREAMS_FIRST = 8, CLOSED_KEPT = 128 };

static void list_add(struct http2_stream_list *list, struct http2_stream *stream)
{
	stream->older = list->newest;
	stream->newer = NULL;
	if (list->newest)
		list->newest->newer = stream;
	else
		list->oldest = stream;
	list->newest = stream;
}

static void list_remove(struct http2_stream_list *list, struct http2_stream *stream)
{
	if (stream->older)
		stream->older->newer = stream->newer;
	else
		list->oldest = stream->newer;
	if (stream->newer)
		stream->newer->older = stream->older;
	else
		list->newest = stream->older;
}

/* The place of the first stream whose number is not below `id`. */
static size_t find_place(const struct http2_streams *streams, uint32_t id)
{
	size_t low = 0, high = streams->count;

	if (high && streams->by_id[high - 1]->id < id) /* the newest stream mostly has the highest number */
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (streams->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct http2_stream *at_place(const struct http2_streams *streams, size_t place, uint32_t id)
{
	return place < streams->count && streams->by_id[place]->id == id ? streams->by_id[place] : NULL;
}

struct http2_stream *http2_streams_find(const struct http2_streams *streams, uint32_t id)
{
	return at_place(streams, find_place(streams, id), id);
}

static void forget(struct http2_streams *streams, struct http2_stream *stream)
{
	size_t place = find_place(streams, stream->id);

	if (stream->closed)
		streams->closed_count--;
	list_remove(stream->closed ? &streams->closed : &streams->open, stream);
	streams->count--;
	memmove(&streams->by_id[place], &streams->by_id[place + 1], (streams->count - place) * sizeof streams->by_id[0]);
	free(stream);
}

static void make_room(struct http2_streams *streams, struct limit_hits *hits)
{
	if (streams->count < LIMIT_HTTP2_STREAMS)
		return;
	if (streams->closed.oldest) {
		forget(streams, streams->closed.oldest);
		return;
	}
	limit_hit(hits, LIMIT_HTTP2_STREAMS_HIT);
	streams->forgotten = true;
	forget(streams, streams->open.oldest);
}

struct http2_stream *http2_streams_open(struct http2_streams *streams, uint32_t id, struct limit_hits *hits)
{
	struct http2_stream *stream = http2_streams_find(streams, id);
	size_t place;

	if (stream)
		return stream;
	make_room(streams, hits);
	if (streams->count == streams->capacity) {
		streams->capacity = streams->capacity ? streams->capacity * 2 : STREAMS_FIRST;
		streams->by_id = nt_realloc_array(streams->by_id, streams->capacity, sizeof streams->by_id[0]);
	}
	stream = nt_zalloc(sizeof *stream);
	stream->id = id;
	place = find_place(streams, id);
	memmove(&streams->by_id[place + 1], &streams->by_id[place], (streams->count - place) * sizeof streams->by_id[0]);
	streams->by_id[place] = stream;
	streams->count++;
	list_add(&streams->open, stream);
	return stream;
}

void http2_streams_close(struct http2_streams *streams, struct http2_stream *stream)
{
	if (stream->closed)
		return;
	list_remove(&streams->open, stream);
	stream->closed = true;
	list_add(&streams->closed, stream);
	if (++streams->closed_count > CLOSED_KEPT)
		forget(streams, streams->closed.oldest);
}

void http2_streams_free(struct http2_streams *streams)
{
	for (size_t i = 0; i < streams->count; i++)
		free(streams->by_id[i]);
	free(streams->by_id);
	*streams = (struct http2_streams){ 0 };
}
