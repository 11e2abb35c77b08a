#include "tests/support/http2_wire.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- the log ---- */

static void flush_data(struct http2_wire *w)
{
	if (w->data)
		fprintf(w->out, "%c data %u %llu\n", "CS"[w->data_from], w -> data_stream, (unsigned long long)w -> data);
	w->data = 0;
}

static void write_view(struct http2_wire *w, const char *before, struct bytes text)
{
	if (!text.at)
		return;
	fputs(before, w->out);
	fwrite(text.at, 1, text.size, w->out);
}

static void write_head(struct http2_wire *w, const struct http2_head *head)
{
	write_view(w, " ", head->method);
	write_view(w, " ", head->scheme);
	write_view(w, " ", head->authority);
	write_view(w, " ", head->path);
	write_view(w, " protocol=", head->protocol);
	if (head->status)
		fprintf(w->out, " %u", head->status);
	for (size_t i = 0; i < head->field_count; i++) {
		write_view(w, " [", head->fields[i].name);
		write_view(w, "=", head->fields[i].value);
		fputc(']', w->out);
	}
	if (head->has_content_length)
		fprintf(w->out, " length=%llu", (unsigned long long)head->content_length);
	fprintf(w->out, "%s%s\n", head->end_stream ? " last" : "", head->partial ? " partial" : "");
}

static void on_head(void *context, const struct http2_head *head)
{
	struct http2_wire *w = context;

	flush_data(w);
	w->heads++;
	fprintf(w->out, "%c %s %u", "CS"[head->from], head -> is_trailer ? "trailer" : "head", head->stream);
	write_head(w, head);
}

static void on_data(void *context, enum http2_side from, uint32_t stream, uint64_t size)
{
	struct http2_wire *w = context;

	ck_assert_uint_gt(size, 0);
	if (w->data_from != from || w->data_stream != stream)
		flush_data(w);
	w->data_from = from;
	w->data_stream = stream;
	w->data += size;
}

/* Every byte that is here follows its count. */
static void on_content(void *context, enum http2_side from, uint32_t stream, struct bytes piece)
{
	struct http2_wire *w = context;

	ck_assert_uint_gt(piece.size, 0);
	ck_assert(w->data_from == from && w->data_stream == stream && piece.size <= w->data);
}

static void on_end(void *context, enum http2_side from, uint32_t stream)
{
	struct http2_wire *w = context;

	flush_data(w);
	fprintf(w->out, "%c end %u\n", "CS"[from], stream);
}

static void on_reset(void *context, enum http2_side from, uint32_t stream, uint32_t error_code)
{
	struct http2_wire *w = context;

	flush_data(w);
	fprintf(w->out, "%c reset %u %u\n", "CS"[from], stream, error_code);
}

static void on_goaway(void *context, enum http2_side from, uint32_t last_stream, uint32_t error_code, struct bytes debug_data)
{
	struct http2_wire *w = context;

	flush_data(w);
	fprintf(w->out, "%c goaway %u %u", "CS"[from], last_stream, error_code);
	write_view(w, " ", debug_data);
	fputc('\n', w->out);
}

static void on_push(void *context, uint32_t stream, uint32_t promised, const struct http2_head *request)
{
	struct http2_wire *w = context;

	flush_data(w);
	ck_assert_uint_eq(request->stream, promised);
	fprintf(w->out, "S push %u %u", stream, promised);
	write_head(w, request);
}

static void on_blocked(void *context, enum http2_side sender, uint32_t stream, bool blocked)
{
	struct http2_wire *w = context;

	flush_data(w);
	fprintf(w->out, "%c %s %u\n", "CS"[sender], blocked ? "blocked" : "open", stream);
}

static void on_malformed(void *context, enum http2_side from, const char *what)
{
	struct http2_wire *w = context;

	flush_data(w);
	w->malformed++;
	fprintf(w->out, "%c malformed: %s\n", "CS"[from], what);
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

static void open_log(struct http2_wire *w)
{
	w->out = open_memstream(&w->text, &w->size);
	ck_assert_ptr_nonnull(w->out);
}

const char *http2_wire_text(struct http2_wire *w)
{
	static char text[1 << 16];

	flush_data(w);
	fclose(w->out);
	snprintf(text, sizeof text, "%s", w->text);
	free(w->text);
	open_log(w);
	return text;
}

/* ---- the connection ---- */

void http2_wire_init(struct http2_wire *w, unsigned how)
{
	memset(w, 0, sizeof *w);
	open_log(w);
	w->held[0].max = w->held[1].max = SIZE_MAX / 2;
	w->session = http2_session_new(&events, w, how & HTTP2_MID_CONNECTION, how & HTTP2_UPGRADED, &w->hits);
	for (int side = 0; side < 2; side++)
		ck_assert_int_eq(nghttp2_hd_deflate_new(&w->deflater[side], 65536), 0);
}

void http2_wire_clear(struct http2_wire *w)
{
	http2_session_free(w->session);
	for (int side = 0; side < 2; side++) {
		nghttp2_hd_deflate_del(w->deflater[side]);
		buffer_free(&w->held[side]);
	}
	fclose(w->out);
	free(w->text);
}

static void feed(struct http2_wire *w, enum http2_side from, struct bytes data)
{
	uint8_t *copy = malloc(data.size ? data.size : 1);

	if (data.size)
		memcpy(copy, data.at, data.size);
	http2_session_feed(w->session, from, (struct bytes){ copy, data.size });
	free(copy);
}

void http2_wire_send(struct http2_wire *w, enum http2_side from, struct bytes data)
{
	if (w->hold) {
		buffer_add(&w->held[from], data.at, data.size);
		return;
	}
	if (!w->slice)
		feed(w, from, data);
	for (size_t done = 0; w->slice && done < data.size; done += w->slice)
		feed(w, from, (struct bytes){ data.at + done, data.size - done < w->slice ? data.size - done : w->slice });
}

void http2_wire_release(struct http2_wire *w, enum http2_side from)
{
	w->hold = false;
	http2_wire_send(w, from, (struct bytes){ w->held[from].at, w->held[from].size });
	buffer_clear(&w->held[from]);
}

void http2_wire_preface(struct http2_wire *w)
{
	http2_wire_send(w, HTTP2_CLIENT, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	http2_wire_frame(w, HTTP2_CLIENT, HTTP2_SETTINGS, 0, 0, BYTES(""));
	http2_wire_frame(w, HTTP2_SERVER, HTTP2_SETTINGS, 0, 0, BYTES(""));
}

void http2_wire_header(uint8_t out[HTTP2_FRAME_HEADER], uint32_t size, uint8_t type, uint8_t flags, uint32_t stream)
{
	const uint8_t bytes[HTTP2_FRAME_HEADER] = {
		(uint8_t)(size >> 16),   (uint8_t)(size >> 8),    (uint8_t)size,          type,           flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
	};

	memcpy(out, bytes, sizeof bytes);
}

void http2_wire_frame(struct http2_wire *w, enum http2_side from, uint8_t type, uint8_t flags, uint32_t stream,
		      struct bytes payload)
{
	uint8_t *frame = malloc(HTTP2_FRAME_HEADER + payload.size);

	http2_wire_header(frame, (uint32_t)payload.size, type, flags, stream);
	if (payload.size)
		memcpy(frame + HTTP2_FRAME_HEADER, payload.at, payload.size);
	http2_wire_send(w, from, (struct bytes){ frame, HTTP2_FRAME_HEADER + payload.size });
	free(frame);
}

void http2_wire_numbers(struct http2_wire *w, enum http2_side from, uint8_t type, uint32_t stream, int count, ...)
{
	uint8_t payload[64];
	va_list args;

	va_start(args, count);
	for (int i = 0; i < count && i * 4 < (int)sizeof payload; i++) {
		uint32_t number = va_arg(args, uint32_t);

		for (int byte = 0; byte < 4; byte++)
			payload[i * 4 + byte] = (uint8_t)(number >> (24 - 8 * byte));
	}
	va_end(args);
	http2_wire_frame(w, from, type, 0, stream, (struct bytes){ payload, (size_t)count * 4 });
}

void http2_wire_setting(struct http2_wire *w, enum http2_side from, uint16_t id, uint32_t value)
{
	const uint8_t payload[] = { (uint8_t)(id >> 8),     (uint8_t)id,           (uint8_t)(value >> 24),
				    (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

	http2_wire_frame(w, from, HTTP2_SETTINGS, 0, 0, (struct bytes){ payload, sizeof payload });
}

void http2_wire_data(struct http2_wire *w, enum http2_side from, uint8_t flags, uint32_t stream, size_t size)
{
	uint8_t *payload = calloc(1, size ? size : 1);

	http2_wire_frame(w, from, HTTP2_DATA, flags, stream, (struct bytes){ payload, size });
	free(payload);
}

struct bytes http2_wire_block(struct http2_wire *w, enum http2_side from, const char *fields)
{
	static uint8_t block[1 << 16];
	static nghttp2_nv nv[2000];
	size_t count = 0;
	ssize_t size;

	for (const char *line = fields, *next; *line; line = next + 1, count++) {
		const char *colon = strchr(line + 1, ':');

		next = strchr(line, '\n');
		nv[count] = (nghttp2_nv){ (uint8_t *)(uintptr_t)line, (uint8_t *)(uintptr_t)(colon + 2), (size_t)(colon - line),
					  (size_t)(next - colon - 2), NGHTTP2_NV_FLAG_NONE };
	}
	size = nghttp2_hd_deflate_hd(w->deflater[from], block, sizeof block, nv, count);
	ck_assert_int_ge(size, 0);
	return (struct bytes){ block, (size_t)size };
}

void http2_wire_headers(struct http2_wire *w, enum http2_side from, uint8_t flags, uint32_t stream, const char *fields)
{
	http2_wire_frame(w, from, HTTP2_HEADERS, flags | HTTP2_FLAG_END_HEADERS, stream, http2_wire_block(w, from, fields));
}

void http2_wire_download(struct http2_wire *w, uint32_t stream, size_t size)
{
	for (; size; size -= size < HTTP2_DEFAULT_MAX_FRAME ? size : HTTP2_DEFAULT_MAX_FRAME)
		http2_wire_data(w, HTTP2_SERVER, 0, stream, size < HTTP2_DEFAULT_MAX_FRAME ? size : HTTP2_DEFAULT_MAX_FRAME);
}
