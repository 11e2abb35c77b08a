#include "tests/support/http1_recorder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void on_begin(void *context)
{
	struct http1_recorder *r = context;

	r->begins++;
	r->body = 0;
	r->content_size = 0;
}

static void write_bytes(FILE *out, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		fprintf(out, text.at[i] >= ' ' && text.at[i] < 0x7f ? "%c" : "\\%02x", text.at[i]);
}

static void write_fields(FILE *out, const struct http1_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputc('[', out);
		write_bytes(out, fields[i].name);
		fputc('=', out);
		write_bytes(out, fields[i].value);
		fputc(']', out);
	}
}

static enum http1_body on_head(void *context, const struct http1_head *head)
{
	struct http1_recorder *r = context;

	r->heads++;
	if (head->kind == HTTP1_REQUEST) {
		write_bytes(r->out, head->method);
		fputc(' ', r->out);
		write_bytes(r->out, head->target);
	} else {
		fprintf(r->out, "%u ", head->status);
		write_bytes(r->out, head->reason);
	}
	fprintf(r->out, " %u.%u", head->major, head->minor);
	if (r->with_fields)
		write_fields(r->out, head->fields, head->field_count);
	if (head->chunked)
		fputs(" chunked", r->out);
	else if (head->has_transfer_encoding)
		fputs(" coded", r->out);
	if (head->has_content_length)
		fprintf(r->out, " length=%llu", (unsigned long long)head->content_length);
	fputs(head->keep_alive ? " keep" : " close", r->out);
	if (head->upgrade)
		fputs(" upgrade", r->out);
	if (head->suspicious)
		fputs(" suspicious", r->out);
	fputc('\n', r->out);
	if (r->answer_set)
		return r->answer;
	if (head->kind == HTTP1_RESPONSE && (head->status / 100 == 1 || head->status == 204 || head->status == 304))
		return HTTP1_BODY_NONE;
	return HTTP1_BODY_BY_HEAD;
}

static void on_body(void *context, uint64_t size)
{
	struct http1_recorder *r = context;

	ck_assert_uint_gt(size, 0);
	r->body += size;
}

static void on_content(void *context, struct bytes piece)
{
	struct http1_recorder *r = context;

	for (size_t i = 0; i < piece.size && r->content_size < sizeof r->content; i++)
		r->content[r->content_size++] = (char)piece.at[i];
}

static void on_trailer(void *context, const struct http1_field *fields, size_t count)
{
	struct http1_recorder *r = context;

	fputs("trailer", r->out);
	write_fields(r->out, fields, count);
	fputc('\n', r->out);
}

static void on_end(void *context, enum http1_end how)
{
	static const char *const names[] = { "complete", "close", "truncated" };
	struct http1_recorder *r = context;

	ck_assert_uint_eq(r->heads, ++r->ends);
	fprintf(r->out, "end %s %llu ", names[how], (unsigned long long)r->body);
	write_bytes(r->out, (struct bytes){ (const uint8_t *)r->content, r->content_size });
	fputc('\n', r->out);
}

static void on_malformed(void *context, const char *what)
{
	struct http1_recorder *r = context;

	ck_assert_uint_eq(r->heads, r->ends);
	r->malformed++;
	fprintf(r->out, "malformed: %s\n", what);
}

const struct http1_events http1_recorder_events = { on_begin, on_head, on_body, on_content, on_trailer, on_end, on_malformed };

void http1_recorder_init(struct http1_recorder *r)
{
	memset(r, 0, sizeof *r);
	r->out = open_memstream(&r->text, &r->size);
	ck_assert_ptr_nonnull(r->out);
}

const char *http1_recorder_text(struct http1_recorder *r)
{
	fflush(r->out);
	return r->text;
}

void http1_recorder_clear(struct http1_recorder *r)
{
	fclose(r->out);
	free(r->text);
}

size_t http1_feed(struct http1_parser *parser, const char *text, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t consumed;

	memcpy(copy, text, size);
	consumed = http1_parser_feed(parser, (struct bytes){ copy, size });
	free(copy);
	return consumed;
}

size_t http1_feed_text(struct http1_parser *parser, const char *text)
{
	return http1_feed(parser, text, strlen(text));
}

size_t http1_feed_sliced(struct http1_parser *parser, const char *text, size_t size, size_t slice)
{
	size_t done = 0;

	while (done < size) {
		size_t n = size - done < slice ? size - done : slice;
		size_t consumed = http1_feed(parser, text + done, n);

		done += consumed;
		if (consumed < n)
			break;
	}
	return done;
}

static const size_t slices[] = { SIZE_MAX, 1, 2, 3, 5, 7, 16 };

void http1_check_events(enum http1_kind kind, bool with_fields, const char *input, size_t size, const char *expected)
{
	for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
		struct http1_recorder r;
		struct http1_parser *parser;

		http1_recorder_init(&r);
		r.with_fields = with_fields;
		parser = http1_parser_new(kind, &http1_recorder_events, &r, &r.hits);
		ck_assert_uint_eq(http1_feed_sliced(parser, input, size, slices[i]), size);
		http1_parser_finish(parser, true);
		ck_assert_str_eq(http1_recorder_text(&r), expected);
		ck_assert_uint_eq(r.heads, r.ends);
		ck_assert(!http1_parser_in_message(parser));
		http1_parser_free(parser);
		http1_recorder_clear(&r);
	}
}

void http1_check_row(const struct http1_row *row, bool with_fields)
{
	http1_check_events(row->kind, with_fields, row->input, strlen(row->input), row->expected);
}
