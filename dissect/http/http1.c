#include "dissect/http/http1_chunk.h"
#include "dissect/http/http1_head.h"

#include <stdlib.h>
#include <string.h>

/* What one long head has made larger than this is not kept: bytes, fields. */
enum { GATHERED_KEEP = 16 * 1024, FIELDS_KEEP = 128 };

enum state {
	STATE_START,       /* between messages */
	STATE_HEAD,        /* in a head; what is there of it is in `gathered` */
	STATE_COUNTED,     /* in a body of known size */
	STATE_UNTIL_CLOSE, /* in a body that the end of the stream ends */
	STATE_CHUNK_LINE,
	STATE_CHUNK_DATA,
	STATE_CHUNK_END, /* the line end behind the data of a chunk */
	STATE_TRAILERS,  /* behind the last chunk; trailers gather as heads do */
	STATE_RESYNC,    /* waiting for a slice that begins with a message */
	STATE_TUNNEL     /* no HTTP any more */
};

struct http1_parser {
	enum http1_kind kind;
	const struct http1_events *events;
	void *context;
	struct limit_hits *hits;

	enum state state;
	bool line_checked;  /* the first line of the head is one */
	bool candidate;     /* the head was found while waiting: it must look like one in the strict sense */
	uint64_t remaining; /* bytes of the counted body or of the chunk */
	struct http1_chunk_line chunk;
	struct http1_scan scan;
	struct buffer gathered;
	struct http1_first_line first_line;
	struct http1_fields fields;
};

bool http1_parser_in_message(const struct http1_parser *parser)
{
	return parser->state != STATE_START && parser->state != STATE_RESYNC && parser->state != STATE_TUNNEL;
}

static struct bytes gathered(const struct http1_parser *parser)
{
	return (struct bytes){ parser->gathered.at, parser->gathered.size };
}

static void begin_section(struct http1_parser *parser, enum state state)
{
	parser->state = state;
	parser->scan = (struct http1_scan){ 0 };
	if (parser->gathered.capacity > GATHERED_KEEP)
		buffer_free(&parser->gathered);
	else
		buffer_clear(&parser->gathered);
}

/* ---- beginning and end ---- */

struct http1_parser *http1_parser_new(enum http1_kind kind, const struct http1_events *events, void *context,
				      struct limit_hits *hits)
{
	struct http1_parser *parser = nt_zalloc(sizeof *parser);

	parser->kind = kind;
	parser->events = events;
	parser->context = context;
	parser->hits = hits;
	parser->gathered.max = LIMIT_HTTP_HEAD;
	return parser;
}

void http1_parser_restart(struct http1_parser *parser)
{
	begin_section(parser, STATE_START);
	parser->line_checked = parser->candidate = false;
	parser->remaining = 0;
	parser->chunk = (struct http1_chunk_line){ 0 };
	if (parser->fields.capacity > FIELDS_KEEP || parser->fields.folded_capacity > GATHERED_KEEP)
		http1_fields_free(&parser->fields);
}

void http1_parser_free(struct http1_parser *parser)
{
	if (!parser)
		return;
	buffer_free(&parser->gathered);
	http1_fields_free(&parser->fields);
	free(parser);
}

/* ---- the end of messages ---- */

static bool head_handed_out(const struct http1_parser *parser)
{
	return http1_parser_in_message(parser) && parser->state != STATE_HEAD;
}

static void end_message(struct http1_parser *parser, enum http1_end how, enum state next)
{
	begin_section(parser, next);
	parser->events->end(parser->context, how);
}

/* The message ended where its framing says. */
static void complete_message(struct http1_parser *parser)
{
	end_message(parser, HTTP1_COMPLETE, STATE_START);
}

static void give_up(struct http1_parser *parser, const char *what)
{
	bool silent = parser->state == STATE_HEAD && parser->candidate;

	if (head_handed_out(parser))
		end_message(parser, HTTP1_TRUNCATED, STATE_RESYNC);
	else
		begin_section(parser, STATE_RESYNC);
	if (!silent)
		parser->events->malformed(parser->context, what);
}

static void give_up_first_line(struct http1_parser *parser)
{
	give_up(parser, parser->kind == HTTP1_REQUEST ? "no request line" : "no status line");
}

/* ---- bodies ---- */

static void count_body(struct http1_parser *parser, struct bytes piece)
{
	if (!piece.size)
		return;
	parser->events->body(parser->context, piece.size);
	if (parser->events->content)
		parser->events->content(parser->context, piece);
}

/* The part of `data` that belongs to the counted body or chunk. */
static size_t count_remaining(struct http1_parser *parser, struct bytes data)
{
	if (data.size > parser->remaining)
		data.size = (size_t)parser->remaining;
	parser->remaining -= data.size;
	count_body(parser, data);
	return data.size;
}

static void begin_chunk(struct http1_parser *parser)
{
	parser->chunk = (struct http1_chunk_line){ 0 };
	parser->state = STATE_CHUNK_LINE;
}

/*
 * RFC 9112 6.3: Transfer-Encoding overrides Content-Length.  A server refuses a request whose codings do not end in chunked; if it does
 * not, only Content-Length says where the next one begins.
 */
static bool is_sized(const struct http1_head *head)
{
	return head->has_content_length && (head->kind == HTTP1_REQUEST || !head->has_transfer_encoding);
}

static void begin_body_by_head(struct http1_parser *parser, const struct http1_head *head)
{
	bool sized = is_sized(head), counted = sized && head->content_length <= INT64_MAX;

	if (head->chunked) {
		begin_chunk(parser);
	} else if (counted && head->content_length > 0) {
		parser->remaining = head->content_length;
		parser->state = STATE_COUNTED;
	} else if (counted || (parser->kind == HTTP1_REQUEST && !sized)) {
		complete_message(parser);
	} else {
		parser->state = STATE_UNTIL_CLOSE;
	}
}

static void begin_body(struct http1_parser *parser, const struct http1_head *head, enum http1_body answer)
{
	begin_section(parser, STATE_START);
	switch (answer) {
	case HTTP1_BODY_BY_HEAD:
		begin_body_by_head(parser, head);
		break;
	case HTTP1_BODY_NONE:
		complete_message(parser);
		break;
	case HTTP1_BODY_TUNNEL:
		end_message(parser, HTTP1_COMPLETE, STATE_TUNNEL);
		break;
	}
}

/* ---- heads ---- */

/* Hands out a head.  `text` is whole, or, with `cut`, what there is of it.  False: not even the first line is one. */
static bool hand_out_head(struct http1_parser *parser, struct bytes text, bool cut, enum http1_body *answer,
			  struct http1_head *head)
{
	const struct bytes line = { text.at, parser->scan.first_line ? parser->scan.first_line : text.size };

	*head = (struct http1_head){ .kind = parser->kind };
	if (cut ? !http1_head_read_line(head, line, !parser->scan.first_line)
		: !http1_head_read_whole_line(head, line, &parser->first_line))
		return false;
	head->cut = cut;
	head->size = text.size;
	text.at += line.size;
	text.size -= line.size;
	http1_head_read_fields(head, text, &parser->fields, parser->hits);
	*answer = parser->events->head(parser->context, head);
	return true;
}

/* Whether the head that has begun with `text` can go on; of a whole one whoever hands it out sees that. */
static bool check_first_line(struct http1_parser *parser, struct bytes text, size_t checked, bool complete)
{
	struct http1_head head = { .kind = parser->kind };
	enum http1_kind kind;

	if (parser->line_checked || (complete && !parser->candidate))
		return true;
	if (!parser->scan.first_line)
		return checked > HTTP1_METHOD_MAX || http1_start_plausible(parser->kind, text);
	text.size = parser->scan.first_line;
	if (parser->candidate && (http1_looks_like(text, &kind) != CUR_OK || kind != parser->kind))
		return false;
	parser->line_checked = http1_head_read_line(&head, text, false);
	parser->candidate = parser->candidate && !parser->line_checked;
	return parser->line_checked;
}

/* Gathers a head or trailers over slices.  True when the section is complete; *text is then all of it. */
static bool gather_section(struct http1_parser *parser, struct bytes data, size_t *consumed, struct bytes *text)
{
	size_t before = parser->gathered.size;
	bool complete;

	*consumed = http1_scan_section(&parser->scan, data, http1_fields_kept(&parser->fields), &complete);
	*text = (struct bytes){ data.at, *consumed };
	if (parser->scan.size > LIMIT_HTTP_HEAD) {
		limit_hit(parser->hits, LIMIT_HTTP_HEAD_HIT);
		give_up(parser, parser->state == STATE_HEAD ? "the message head is too long" : "the trailer section is too long");
		return false;
	}
	if (before || !complete) {
		buffer_add(&parser->gathered, data.at, *consumed); /* holds: scan.size is its size, and below the same maximum */
		*text = gathered(parser);
	}
	if (parser->state == STATE_HEAD && !check_first_line(parser, *text, before, complete)) {
		give_up_first_line(parser);
		return false;
	}
	return complete;
}

/* What a gap or the end of the stream leaves of a head. */
static void cut_head(struct http1_parser *parser, bool ended)
{
	/* HTTP/0.9 has no fields and no empty line; its request ends with its line. */
	bool one_line = parser->scan.first_line == parser->scan.size;
	struct http1_head head;
	enum http1_body answer;

	if (!hand_out_head(parser, gathered(parser), true, &answer, &head)) {
		begin_section(parser, STATE_RESYNC);
		return;
	}
	end_message(parser, ended && one_line && head.major == 0 ? HTTP1_COMPLETE : HTTP1_TRUNCATED,
		    answer == HTTP1_BODY_TUNNEL ? STATE_TUNNEL : STATE_RESYNC);
}

/* ---- trailers ---- */

/* RFC 9112 7.1.2 */
static void end_trailers(struct http1_parser *parser, struct bytes text, enum state next)
{
	struct http1_head ignored = { .kind = parser->kind };

	http1_head_read_fields(&ignored, text, &parser->fields, parser->hits);
	if (parser->fields.count && parser->events->trailer)
		parser->events->trailer(parser->context, parser->fields.at, parser->fields.count);
	end_message(parser, HTTP1_COMPLETE, next);
}

/* ---- one step per state: consumes some of `data`, which is not empty, or changes the state ---- */

static size_t step_start(struct http1_parser *parser, struct bytes data)
{
	size_t n = 0;

	while (n < data.size && (data.at[n] == '\r' || data.at[n] == '\n')) /* RFC 9112 2.2 */
		n++;
	if (n == data.size)
		return n;
	if (!http1_start_plausible(parser->kind, (struct bytes){ data.at + n, data.size - n })) {
		give_up_first_line(parser);
		return n;
	}
	begin_section(parser, STATE_HEAD);
	parser->line_checked = false;
	parser->events->begin(parser->context);
	return n;
}

static size_t step_head(struct http1_parser *parser, struct bytes data)
{
	struct http1_head head;
	enum http1_body answer;
	struct bytes text;
	size_t n;

	if (!gather_section(parser, data, &n, &text))
		return n;
	if (hand_out_head(parser, text, false, &answer, &head))
		begin_body(parser, &head, answer);
	else
		give_up_first_line(parser);
	return n;
}

static size_t step_counted(struct http1_parser *parser, struct bytes data)
{
	size_t n = count_remaining(parser, data);

	if (!parser->remaining)
		complete_message(parser);
	return n;
}

static size_t step_until_close(struct http1_parser *parser, struct bytes data)
{
	count_body(parser, data);
	return data.size;
}

static size_t step_chunk_line(struct http1_parser *parser, struct bytes data)
{
	size_t n;
	enum cur_state state = http1_chunk_line_read(&parser->chunk, data, &n);

	if (state == CUR_BAD) {
		give_up(parser, "no chunk size");
	} else if (state == CUR_OK) {
		parser->remaining = parser->chunk.size;
		if (parser->remaining)
			parser->state = STATE_CHUNK_DATA;
		else
			begin_section(parser, STATE_TRAILERS);
	}
	return n;
}

static size_t step_chunk_data(struct http1_parser *parser, struct bytes data)
{
	size_t n = count_remaining(parser, data);

	if (!parser->remaining)
		parser->state = STATE_CHUNK_END;
	return n;
}

static size_t step_chunk_end(struct http1_parser *parser, struct bytes data)
{
	if (data.at[0] == '\n')
		begin_chunk(parser);
	else if (data.at[0] != '\r')
		give_up(parser, "no line end after a chunk");
	return 1;
}

static size_t step_trailers(struct http1_parser *parser, struct bytes data)
{
	struct bytes text;
	size_t n;

	if (gather_section(parser, data, &n, &text))
		end_trailers(parser, text, STATE_START);
	return n;
}

static size_t step_nowhere(struct http1_parser *parser, struct bytes data)
{
	return parser->state == STATE_TUNNEL ? 0 : data.size;
}

static size_t (*const steps[])(struct http1_parser *parser, struct bytes data) = {
	[STATE_START] = step_start,           [STATE_HEAD] = step_head,
	[STATE_COUNTED] = step_counted,       [STATE_UNTIL_CLOSE] = step_until_close,
	[STATE_CHUNK_LINE] = step_chunk_line, [STATE_CHUNK_DATA] = step_chunk_data,
	[STATE_CHUNK_END] = step_chunk_end,   [STATE_TRAILERS] = step_trailers,
	[STATE_RESYNC] = step_nowhere,        [STATE_TUNNEL] = step_nowhere,
};

/* ---- the stream ---- */

/*
 * Whether a slice begins with a message while the parser waits for one.  A first line that goes on in the next slice is taken
 * if it has got as far as its known method or "HTTP/"; less could be anything.
 */
static bool slice_begins_message(const struct http1_parser *parser, struct bytes data)
{
	enum http1_kind kind;
	enum cur_state state = http1_looks_like(data, &kind);
	const uint8_t *space;

	if (state != CUR_CUT)
		return state == CUR_OK && kind == parser->kind;
	if (parser->kind == HTTP1_RESPONSE)
		return data.size >= 5 && memcmp(data.at, "HTTP/", 5) == 0;
	space = data.size ? memchr(data.at, ' ', data.size) : NULL;
	return space && http1_method_known((struct bytes){ data.at, (size_t)(space - data.at) });
}

size_t http1_parser_feed(struct http1_parser *parser, struct bytes data)
{
	struct bytes left = data;

	if (parser->state == STATE_RESYNC && slice_begins_message(parser, data)) {
		parser->state = STATE_START;
		parser->candidate = true;
	}
	while (left.size && parser->state != STATE_TUNNEL) {
		size_t n = steps[parser->state](parser, left);

		left.at += n;
		left.size -= n;
	}
	return data.size - left.size;
}

/* A gap in a body or chunk that has `remaining` bytes to go.  False if it is larger. */
static bool skip_remaining(struct http1_parser *parser, uint64_t size)
{
	uint64_t inside = size < parser->remaining ? size : parser->remaining;

	parser->remaining -= inside;
	parser->events->body(parser->context, inside);
	return inside == size;
}

static void skip_counted(struct http1_parser *parser, uint64_t size)
{
	bool inside = skip_remaining(parser, size);

	if (!parser->remaining)
		end_message(parser, HTTP1_COMPLETE, inside ? STATE_START : STATE_RESYNC);
}

static void skip_chunk_data(struct http1_parser *parser, uint64_t size)
{
	if (!skip_remaining(parser, size))
		end_message(parser, HTTP1_TRUNCATED, STATE_RESYNC);
	else if (!parser->remaining)
		parser->state = STATE_CHUNK_END;
}

void http1_parser_gap(struct http1_parser *parser, uint64_t size)
{
	if (size == 0)
		return;
	switch (parser->state) {
	case STATE_START:
		parser->state = STATE_RESYNC;
		break;
	case STATE_HEAD:
		cut_head(parser, false);
		break;
	case STATE_COUNTED:
		skip_counted(parser, size);
		break;
	case STATE_UNTIL_CLOSE:
		parser->events->body(parser->context, size);
		break;
	case STATE_CHUNK_DATA:
		skip_chunk_data(parser, size);
		break;
	case STATE_CHUNK_LINE:
	case STATE_CHUNK_END:
		end_message(parser, HTTP1_TRUNCATED, STATE_RESYNC);
		break;
	case STATE_TRAILERS:
		end_trailers(parser, gathered(parser), STATE_RESYNC);
		break;
	case STATE_RESYNC:
	case STATE_TUNNEL:
		break;
	}
}

void http1_parser_finish(struct http1_parser *parser, bool orderly)
{
	switch (parser->state) {
	case STATE_HEAD:
		cut_head(parser, orderly);
		break;
	case STATE_UNTIL_CLOSE:
		end_message(parser, orderly ? HTTP1_UNTIL_CLOSE : HTTP1_TRUNCATED, STATE_RESYNC);
		break;
	case STATE_COUNTED:
	case STATE_CHUNK_DATA:
	case STATE_CHUNK_LINE:
	case STATE_CHUNK_END:
		end_message(parser, HTTP1_TRUNCATED, STATE_RESYNC);
		break;
	case STATE_TRAILERS: /* RFC 9112 8: the last chunk was here, the body is complete */
		end_trailers(parser, gathered(parser), STATE_RESYNC);
		break;
	case STATE_START:
	case STATE_RESYNC:
	case STATE_TUNNEL:
		break;
	}
}
