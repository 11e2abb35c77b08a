#include "tests/fuzz/fuzz.h"

#include "dissect/http/http2_names.h"

#include <stdlib.h>

/* What must not depend on how the bytes are sliced. */
struct tally {
	uint64_t folded, data[2], content[2], sum[2];
	unsigned malformed[2];
};

static void fold(struct tally *tally, uint64_t number)
{
	tally->folded = tally->folded * 31 + number;
}

static void fold_bytes(struct tally *tally, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		fold(tally, text.at[i]);
}

static void on_head(void *context, const struct http2_head *head)
{
	if (head->field_count > LIMIT_HTTP_FIELDS)
		abort();
	fold(context, head->stream + head->status + (uint64_t)head->is_trailer * 2 + head->partial);
	fold_bytes(context, head->method);
	fold_bytes(context, head->path);
	for (size_t i = 0; i < head->field_count; i++) {
		fold_bytes(context, head->fields[i].name);
		fold_bytes(context, head->fields[i].value);
	}
}

static void on_data(void *context, enum http2_side from, uint32_t stream, uint64_t size)
{
	(void)stream;
	((struct tally *)context)->data[from] += size;
}

static void on_content(void *context, enum http2_side from, uint32_t stream, struct bytes piece)
{
	(void)stream;
	((struct tally *)context)->content[from] += piece.size;
	for (size_t i = 0; i < piece.size; i++)
		((struct tally *)context)->sum[from] += piece.at[i]; /* reads all of it */
}

static void on_end(void *context, enum http2_side from, uint32_t stream)
{
	fold(context, 100 + from + stream);
}

static void on_reset(void *context, enum http2_side from, uint32_t stream, uint32_t error_code)
{
	fold(context, 200 + from + stream + error_code);
}

static void on_goaway(void *context, enum http2_side from, uint32_t last_stream, uint32_t error_code, struct bytes debug_data)
{
	fold(context, 300 + from + last_stream + error_code);
	fold_bytes(context, debug_data);
}

static void on_push(void *context, uint32_t stream, uint32_t promised, const struct http2_head *request)
{
	fold(context, stream + promised);
	on_head(context, request);
}

static void on_blocked(void *context, enum http2_side sender, uint32_t stream, bool blocked)
{
	fold(context, 400 + sender + stream + blocked);
}

static void on_malformed(void *context, enum http2_side from, const char *what)
{
	struct tally *tally = context;

	fold_bytes(tally, bytes_of(what));
	if (++tally->malformed[from] > 1)
		abort();
}

static const struct http2_events events = { .head = on_head,
					    .data = on_data,
					    .content = on_content,
					    .end = on_end,
					    .reset = on_reset,
					    .goaway = on_goaway,
					    .push = on_push,
					    .blocked = on_blocked,
					    .malformed = on_malformed };

enum { FUZZ_MID = 1, FUZZ_UPGRADED = 2, FUZZ_GAPS = 4, FUZZ_PREFACE = 8 };

static void feed(struct http2_session *session, enum http2_side from, struct bytes data, size_t slice)
{
	for (size_t n; data.size; data.at += n, data.size -= n) {
		n = data.size < slice ? data.size : slice;
		http2_session_feed(session, from, (struct bytes){ data.at, n });
	}
}

/* One step of the input: who sends, what, flags, stream, size; and the payload.  Type 31 stands for bytes without a header. */
static void step(struct http2_session *session, struct cursor *c, unsigned how, size_t slice)
{
	uint8_t who = cur_u8(c);
	uint8_t flags = cur_u8(c);
	uint8_t stream = cur_u8(c);
	uint8_t size = cur_u8(c);
	struct cursor payload = cur_sub(c, size < cur_left(c) ? size : cur_left(c));
	struct bytes rest = cur_rest(&payload);
	const uint8_t header[] = { 0, 0, (uint8_t)rest.size, who & 31, flags, 0, 0, 0, stream };
	enum http2_side from = who >> 7 ? HTTP2_SERVER : HTTP2_CLIENT;

	if ((how & FUZZ_GAPS) && (who & 64)) {
		http2_session_gap(session, from, flags & 1 ? UINT64_MAX - size : size);
		return;
	}
	if ((who & 31) != 31)
		feed(session, from, (struct bytes){ header, sizeof header }, slice);
	feed(session, from, rest, slice);
}

static struct tally run(struct bytes data, unsigned how, size_t slice)
{
	struct tally tally = { 0 };
	struct limit_hits hits = { 0 };
	struct http2_session *session = http2_session_new(&events, &tally, how & FUZZ_MID, how & FUZZ_UPGRADED, &hits);
	struct cursor c = cur_of(data.at, data.size, 0);

	if (how & FUZZ_PREFACE)
		feed(session, HTTP2_CLIENT, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), slice);
	while (cur_left(&c) >= 4)
		step(session, &c, how, slice);
	http2_session_free(session);
	return tally;
}

/* The first byte chooses how the session is met, the second the size of slices. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally whole, sliced;
	struct bytes text;

	if (size < 2)
		return 0;
	text = (struct bytes){ data + 2, size - 2 };
	(void)http2_looks_like(text);
	whole = run(text, data[0], SIZE_MAX);
	sliced = run(text, data[0], data[1] % 32 + 1);
	if (!(data[0] & (FUZZ_MID | FUZZ_GAPS)) && memcmp(&whole, &sliced, sizeof whole) != 0)
		abort();
	return 0;
}
