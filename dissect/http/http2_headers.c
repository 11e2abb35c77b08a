#include "dissect/http/http2_headers.h"

#include <nghttp2/nghttp2.h>

#include <stdlib.h>

enum {
	FIELDS_FIRST = 32,
	FIELDS_KEEP = 128, /* what has grown larger is not kept between heads */
	TEXT_KEEP = 16 * 1024,
	INTEGER_BYTES = 5 /* behind the prefix: enough for 32 bits, RFC 7541 5.1 */
};

/* RFC 7541 6 */
enum kind { INDEXED, INCREMENTAL, TABLE_SIZE, LITERAL };

static const struct {
	uint8_t mask, match, prefix;
} kinds[] = {
	[INDEXED] = { 0x80, 0x80, 0x7f },
	[INCREMENTAL] = { 0xc0, 0x40, 0x3f },
	[TABLE_SIZE] = { 0xe0, 0x20, 0x1f },
	[LITERAL] = { 0xe0, 0x00, 0x0f }, /* without indexing, and never indexed */
};

struct representation {
	enum kind kind;
	uint64_t number;    /* index, or the new size of the table */
	struct bytes whole; /* as sent */
	struct bytes value; /* of a literal the value with its length, as sent */
};

struct http2_headers {
	nghttp2_hd_inflater *inflater;
	struct limit_hits *hits;
	struct arena text;
	size_t text_size; /* of the names and values of this head, bytes */
	struct http1_field *fields;
	size_t count, capacity;
	bool left_out; /* a limit was reached in this head */
};

/* The name under which a field of unknown name is put into the table, so that the numbers of the others stay right. */
#define UNKNOWN_NAME BYTES("\0")

/* ---- the inflater ---- */

static void *allocate(size_t size, void *unused)
{
	(void)unused;
	return nt_alloc(size);
}

static void give_back(void *block, void *unused)
{
	(void)unused;
	free(block);
}

static void *allocate_zeroed(size_t count, size_t size, void *unused)
{
	void *block = nt_realloc_array(NULL, count, size);

	(void)unused;
	return memset(block, 0, count * size);
}

static void *reallocate(void *old, size_t size, void *unused)
{
	(void)unused;
	return nt_realloc(old, size);
}

/*
 * The table's size is what the sender says inside its blocks; SETTINGS_HEADER_TABLE_SIZE is only its bound, which the receiver enforces.
 * So the settings, and when they were acknowledged, do not matter here.
 */
static nghttp2_hd_inflater *new_inflater(void)
{
	static nghttp2_mem memory = { NULL, allocate, give_back, allocate_zeroed, reallocate };
	nghttp2_hd_inflater *inflater;

	if (nghttp2_hd_inflate_new2(&inflater, &memory) != 0)
		abort(); /* only for want of memory, and then nt_alloc() has ended the run */
	(void)nghttp2_hd_inflate_change_table_size(inflater, LIMIT_HTTP2_TABLE);
	return inflater;
}

/* Gives the inflater bytes that are at most one representation.  False: they are wrong.  nv->name is NULL unless a field came out. */
static bool inflate(struct http2_headers *headers, struct bytes in, nghttp2_nv *nv)
{
	int flags = 0;
	ssize_t n = nghttp2_hd_inflate_hd2(headers->inflater, nv, &flags, in.at, in.size, 0);

	if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
		*nv = (nghttp2_nv){ 0 };
	return n >= 0 && (size_t)n == in.size;
}

static bool inflate_table_size(struct http2_headers *headers, uint64_t size)
{
	uint8_t bytes[INTEGER_BYTES + 1] = { 0x20 };
	size_t n = 1;
	nghttp2_nv none;

	if (size > LIMIT_HTTP2_TABLE) {
		limit_hit(headers->hits, LIMIT_HTTP2_TABLE_HIT);
		size = LIMIT_HTTP2_TABLE;
	}
	if (size < 0x1f) {
		bytes[0] |= (uint8_t)size;
	} else {
		bytes[0] |= 0x1f;
		for (size -= 0x1f; size >= 0x80; size >>= 7)
			bytes[n++] = (uint8_t)(size | 0x80);
		bytes[n++] = (uint8_t)size;
	}
	/* To the inflater this is the beginning of a block, the only place where it takes a new size. */
	(void)nghttp2_hd_inflate_end_headers(headers->inflater);
	return inflate(headers, (struct bytes){ bytes, n }, &none);
}

struct http2_headers *http2_headers_new(struct limit_hits *hits)
{
	struct http2_headers *headers = nt_zalloc(sizeof *headers);

	headers->hits = hits;
	headers->inflater = new_inflater();
	return headers;
}

void http2_headers_free(struct http2_headers *headers)
{
	if (!headers)
		return;
	nghttp2_hd_inflate_del(headers->inflater);
	arena_free(&headers->text);
	free(headers->fields);
	free(headers);
}

/* The size of the sender's table is not known either: the largest one forgets nothing that the sender still refers to. */
void http2_headers_lose(struct http2_headers *headers)
{
	nghttp2_hd_inflate_del(headers->inflater);
	headers->inflater = new_inflater();
	(void)inflate_table_size(headers, LIMIT_HTTP2_TABLE);
}

/* ---- reading representations ---- */

/* RFC 7541 5.1; `first` holds the prefix. */
static uint64_t read_integer(struct cursor *c, uint8_t first, uint8_t prefix)
{
	uint64_t value = first & prefix;

	if (value < prefix)
		return value;
	for (unsigned i = 0; i < INTEGER_BYTES; i++) {
		uint8_t byte = cur_u8(c);

		value += (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	c->state = c->state == CUR_OK ? CUR_BAD : c->state;
	return 0;
}

/* RFC 7541 5.2; decoding it is left to the inflater. */
static void skip_string(struct cursor *c)
{
	uint8_t first = cur_u8(c);
	uint64_t size = read_integer(c, first, 0x7f);

	cur_take(c, size);
}

static struct bytes since(const uint8_t *start, const struct cursor *c)
{
	return (struct bytes){ start, (size_t)(c->at - start) };
}

static enum cur_state read_representation(struct cursor *c, struct representation *out)
{
	const uint8_t *start = c->at, *value;
	uint8_t first = cur_u8(c);
	enum kind kind = INDEXED;

	while ((first & kinds[kind].mask) != kinds[kind].match)
		kind++;
	*out = (struct representation){ .kind = kind, .number = read_integer(c, first, kinds[kind].prefix) };
	if (kind == INCREMENTAL || kind == LITERAL) {
		if (out->number == 0)
			skip_string(c);
		value = c->at;
		skip_string(c);
		out->value = since(value, c);
	}
	out->whole = since(start, c);
	return c->state;
}

/* ---- from fields to the head ---- */

static void set_lead(enum http2_lead *lead, enum http2_lead now)
{
	if (*lead == HTTP2_LEAD_NONE)
		*lead = now;
}

static uint16_t read_status(struct bytes value)
{
	uint16_t status = 0;

	if (value.size != 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return 0;
		status = (uint16_t)(status * 10 + (value.at[i] - '0'));
	}
	return status;
}

/* RFC 9110 8.6.  Above UINT64_MAX the largest stands for all. */
static void read_content_length(struct http2_head *head, struct bytes value)
{
	uint64_t length = 0;

	if (!value.size)
		return;
	for (size_t i = 0; i < value.size; i++) {
		unsigned digit = value.at[i] - (unsigned)'0';

		if (digit > 9)
			return;
		length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX : length * 10 + digit;
	}
	head->has_content_length = true;
	head->content_length = length;
}

/* RFC 9113 8.3.  Of several of one name the first counts; those that are not known are left out. */
static void set_pseudo(struct http2_headers *headers, struct http2_head *head, struct bytes name, struct bytes value)
{
	const struct {
		struct bytes name, *view;
	} rows[] = {
		{ BYTES(":method"), &head->method },       { BYTES(":scheme"), &head->scheme },
		{ BYTES(":authority"), &head->authority }, { BYTES(":path"), &head->path },
		{ BYTES(":protocol"), &head->protocol },
	};

	if (bytes_equal(name, BYTES(":status")) && !head->status)
		head->status = read_status(value);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (bytes_equal(name, rows[i].name) && !rows[i].view->at)
			*rows[i].view = arena_copy(&headers->text, value);
}

static void add_field(struct http2_headers *headers, struct http2_head *head, struct bytes name, struct bytes value)
{
	struct http1_field *field;

	if (headers->count == headers->capacity) {
		headers->capacity = headers->capacity ? headers->capacity * 2 : FIELDS_FIRST;
		headers->fields = nt_realloc_array(headers->fields, headers->capacity, sizeof *headers->fields);
	}
	field = &headers->fields[headers->count++];
	field->name = arena_copy(&headers->text, name);
	field->value = arena_copy(&headers->text, value);
	if (bytes_equal_nocase(name, BYTES("content-length")))
		read_content_length(head, value);
}

static bool within_limits(struct http2_headers *headers, size_t size)
{
	enum limit reached = headers->count >= LIMIT_HTTP_FIELDS ? LIMIT_HTTP_FIELDS_HIT : LIMIT_HTTP_HEAD_HIT;

	headers->text_size += size;
	if (headers->count < LIMIT_HTTP_FIELDS && headers->text_size <= LIMIT_HTTP_HEAD)
		return true;
	if (!headers->left_out)
		limit_hit(headers->hits, reached);
	headers->left_out = true;
	return false;
}

static enum http2_lead take_field(struct http2_headers *headers, struct http2_head *head, const nghttp2_nv *nv)
{
	struct bytes name = { nv->name, nv->namelen }, value = { nv->value, nv->valuelen };
	bool pseudo = name.size && name.at[0] == ':';

	if (bytes_equal(name, UNKNOWN_NAME))
		return HTTP2_LEAD_LOST;
	if (!headers->left_out && within_limits(headers, name.size + value.size)) {
		if (pseudo)
			set_pseudo(headers, head, name, value);
		else
			add_field(headers, head, name, value);
	}
	return pseudo ? HTTP2_LEAD_PSEUDO : HTTP2_LEAD_REGULAR;
}

/* A representation that refers to an entry that is not known. */
static enum http2_lead take_unknown(struct http2_headers *headers, const struct representation *r)
{
	nghttp2_nv nv;
	struct bytes name = BYTES("\x40\x01\0"); /* incremental, a literal name of one byte */

	if (r->kind == INCREMENTAL && !(inflate(headers, name, &nv) && inflate(headers, r->value, &nv)))
		http2_headers_lose(headers);
	return HTTP2_LEAD_LOST;
}

static enum http2_lead take(struct http2_headers *headers, struct http2_head *head, const struct representation *r)
{
	nghttp2_nv nv = { 0 };
	bool good;

	if (r->kind == TABLE_SIZE)
		good = inflate_table_size(headers, r->number);
	else if (r->number > nghttp2_hd_inflate_get_num_table_entries(headers->inflater))
		return take_unknown(headers, r);
	else
		good = inflate(headers, r->whole, &nv);
	if (!good) {
		http2_headers_lose(headers);
		return HTTP2_LEAD_LOST;
	}
	return nv.name ? take_field(headers, head, &nv) : HTTP2_LEAD_NONE;
}

static void begin_head(struct http2_headers *headers)
{
	if (headers->text_size > TEXT_KEEP)
		arena_free(&headers->text);
	else
		arena_clear(&headers->text);
	headers->text_size = headers->count = 0;
	headers->left_out = false;
	if (headers->capacity > FIELDS_KEEP) {
		free(headers->fields);
		headers->fields = NULL;
		headers->capacity = 0;
	}
}

enum http2_lead http2_headers_read(struct http2_headers *headers, struct bytes block, bool cut, struct http2_head *head)
{
	struct cursor c = cur_of(block.at, block.size, cut ? CUR_OPEN : 0);
	enum http2_lead lead = HTTP2_LEAD_NONE;
	struct representation r;

	begin_head(headers);
	while (cur_left(&c) && read_representation(&c, &r) == CUR_OK) {
		enum http2_lead now = take(headers, head, &r);

		head->partial = head->partial || now == HTTP2_LEAD_LOST;
		set_lead(&lead, now);
	}
	(void)nghttp2_hd_inflate_end_headers(headers->inflater);
	if (cut || c.state != CUR_OK) {
		http2_headers_lose(headers);
		head->partial = true;
		set_lead(&lead, HTTP2_LEAD_LOST);
	}
	head->fields = headers->fields;
	head->field_count = headers->count;
	return lead;
}
