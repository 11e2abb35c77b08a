#include "tests/fuzz/fuzz.h"

#include "dissect/http/http1.h"

#include <stdlib.h>

/* What must not depend on how the bytes are sliced. */
struct tally {
	enum http1_body answer;
	uint64_t heads, ends, body, content, trailers, malformed, folded;
};

static void on_begin(void *context)
{
	(void)context;
}

static uint64_t fold(uint64_t sum, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		sum = sum * 31 + text.at[i];
	return sum;
}

static enum http1_body on_head(void *context, const struct http1_head *head)
{
	struct tally *tally = context;

	tally->heads++;
	for (size_t i = 0; i < head->field_count; i++)
		tally->folded = fold(fold(tally->folded, head->fields[i].name), head->fields[i].value);
	return head->status == 204 ? HTTP1_BODY_NONE : tally->answer;
}

static void on_body(void *context, uint64_t size)
{
	((struct tally *)context)->body += size;
}

static void on_content(void *context, struct bytes piece)
{
	struct tally *tally = context;

	tally->content += piece.size;
	tally->folded = fold(tally->folded, piece);
}

static void on_trailer(void *context, const struct http1_field *fields, size_t count)
{
	struct tally *tally = context;

	tally->trailers++;
	for (size_t i = 0; i < count; i++)
		tally->folded = fold(fold(tally->folded, fields[i].name), fields[i].value);
}

static void on_end(void *context, enum http1_end how)
{
	struct tally *tally = context;

	tally->folded = tally->folded * 31 + how;
	if (++tally->ends != tally->heads)
		abort();
}

static void on_malformed(void *context, const char *what)
{
	(void)what;
	((struct tally *)context)->malformed++;
}

static const struct http1_events events = { on_begin, on_head, on_body, on_content, on_trailer, on_end, on_malformed };

/* A gap of `gap` bytes follows every eighth slice; 0: no gaps. */
static struct tally parse(enum http1_kind kind, enum http1_body answer, struct bytes data, size_t slice, unsigned gap)
{
	struct tally tally = { .answer = answer };
	struct limit_hits hits = { 0 };
	struct http1_parser *parser = http1_parser_new(kind, &events, &tally, &hits);

	for (unsigned i = 0; data.size; i++) {
		size_t n = data.size < slice ? data.size : slice;

		if (http1_parser_feed(parser, (struct bytes){ data.at, n }) < n)
			break;
		data.at += n;
		data.size -= n;
		if (i % 8 == 7)
			http1_parser_gap(parser, gap);
	}
	http1_parser_finish(parser, true);
	if (http1_parser_in_message(parser) || tally.heads != tally.ends)
		abort();
	http1_parser_free(parser);
	return tally;
}

/* The first two bytes choose the direction, the answer to heads, the size of gaps and of slices. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http1_kind kind, seen;
	enum http1_body answer;
	struct tally whole, sliced;
	struct bytes text;
	size_t slice;

	if (size < 2)
		return 0;
	text = (struct bytes){ data + 2, size - 2 };
	kind = data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST;
	answer = data[0] & 2 ? (data[0] & 4 ? HTTP1_BODY_TUNNEL : HTTP1_BODY_NONE) : HTTP1_BODY_BY_HEAD;
	slice = data[1] % 64 + 1;
	(void)http1_looks_like(text, &seen);
	whole = parse(kind, answer, text, SIZE_MAX, 0);
	sliced = parse(kind, answer, text, slice, 0);
	if (!whole.malformed &&
	    (sliced.malformed || whole.heads != sliced.heads || whole.body != sliced.body || whole.content != sliced.content ||
	     whole.trailers != sliced.trailers || whole.folded != sliced.folded))
		abort();
	parse(kind, answer, text, slice, data[0] >> 3);
	return 0;
}
