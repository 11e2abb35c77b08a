#include "dissect/tls/session.h"

#include <stdlib.h>

enum {
	MAX_MISSED = 1024,      /* sequence numbers that are tried */
	SMALLEST_RECORD = 22,   /* header, one byte and a tag: how many records a hole may have held */
	SMALLEST_PAYLOAD = 10,  /* nothing but a truncated MAC */
	LARGEST_OVERHEAD = 2048 /* RFC 5246 6.2.3 */
};

void tls_search_missed(struct tls_direction *d, uint64_t records)
{
	d->skip_max = records > MAX_MISSED - d->skip_max ? MAX_MISSED : d->skip_max + (unsigned)records;
}

bool tls_search_begin(struct tls_session *session, enum tls_side from, uint64_t hole)
{
	struct tls_direction *d = &session->side[from];

	if (!session->keylog || d->gave_up)
		return false;
	tls_search_missed(d, hole / SMALLEST_RECORD + 2);
	d->searching = d->opener != NULL;
	buffer_clear(&d->record);
	return d->searching;
}

static size_t payload_size(const uint8_t header[TLS_RECORD_HEADER])
{
	return (size_t)header[3] << 8 | header[4];
}

/* Whether a sealed record may begin so. */
static bool header_fits(const struct tls_session *session, const uint8_t header[TLS_RECORD_HEADER])
{
	const unsigned version = (unsigned)header[1] << 8 | header[2];
	const size_t size = payload_size(header);

	if (size < SMALLEST_PAYLOAD || size > 16384 + LARGEST_OVERHEAD)
		return false;
	if (session->version >= TLS_1_3 || !session->version)
		return header[0] == TLS_RECORD_APPLICATION_DATA && version == TLS_1_2;
	return header[0] >= TLS_RECORD_CHANGE_CIPHER_SPEC && header[0] <= TLS_RECORD_HEARTBEAT && version == session->version;
}

/* Drops what is before the next header that fits, which begins at `from` or later; all but four bytes if there is none. */
static void drop_to_header(const struct tls_session *session, struct tls_direction *d, size_t from)
{
	while (d->record.size - from >= TLS_RECORD_HEADER && !header_fits(session, d->record.at + from))
		from++;
	buffer_drop_front(&d->record, from);
}

/* The first `size` bytes of what was gathered are a record that verified; what is behind it is fed as if it came now. */
static void go_on(struct tls_session *session, enum tls_side from, size_t size, uint8_t type, struct bytes content)
{
	struct tls_direction *d = &session->side[from];
	const size_t rest = d->record.size - size;
	uint8_t *copy = nt_alloc(rest);

	memcpy(copy, d->record.at + size, rest);
	d->type = d->record.at[0];
	d->size = size - TLS_RECORD_HEADER;
	d->searching = false;
	buffer_clear(&d->record);
	if (d->type == TLS_RECORD_APPLICATION_DATA)
		CALL(session, application_data, session->context, from, d->size);
	tls_session_deliver(session, from, type, content);
	tls_session_feed(session, from, (struct bytes){ copy, rest });
	free(copy);
}

/* Tries the record at the beginning of what was gathered. */
static bool try_record(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];
	const struct bytes body = { d->record.at + TLS_RECORD_HEADER, payload_size(d->record.at) };
	struct bytes content;
	uint8_t type;

	if (!tls_sealed_open(session, from, d->record.at, body, &content, &type))
		return false;
	go_on(session, from, TLS_RECORD_HEADER + body.size, type, content);
	return true;
}

/* Looks at what was gathered until more is needed. */
static void search(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	drop_to_header(session, d, 0);
	while (d->record.size >= TLS_RECORD_HEADER && d->record.size >= TLS_RECORD_HEADER + payload_size(d->record.at)) {
		if (try_record(session, from))
			return;
		if (d->tries == 0) {
			tls_sealed_give_up(d);
			d->searching = false;
			d->seeking = true;
			return;
		}
		drop_to_header(session, d, 1);
	}
}

void tls_search_feed(struct tls_session *session, enum tls_side from, struct bytes *data)
{
	struct tls_direction *d = &session->side[from];
	struct bytes part = tls_take(data, tls_smaller(data->size, d->record.max - d->record.size));

	(void)buffer_add(&d->record, part.at, part.size);
	search(session, from);
}
