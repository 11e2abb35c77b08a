#include "dissect/tls/session.h"

#include <stdlib.h>

struct tls_session *tls_session_new(const struct tls_events *events, void *context, struct limit_hits *hits)
{
	struct tls_session *session = nt_zalloc(sizeof(*session));

	session->events = events;
	session->context = context;
	session->hits = hits;
	for (int i = 0; i < 2; i++) {
		session->side[i].message.max = (size_t)LIMIT_TLS_HANDSHAKE_MESSAGE;
		tls_sealed_init(&session->side[i]);
	}
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	for (int i = 0; i < 2; i++) {
		buffer_free(&session->side[i].message);
		tls_sealed_clear(&session->side[i]);
	}
	free(session->scratch);
	free(session);
}

void tls_session_omit_fingerprints(struct tls_session *session)
{
	session->no_fingerprints = true;
}

void tls_session_set_keylog(struct tls_session *session, const struct tls_keylog *keylog)
{
	session->keylog = keylog;
}

bool tls_session_decrypted(const struct tls_session *session)
{
	return session->any_opened && !session->side[TLS_CLIENT].dark && !session->side[TLS_SERVER].dark;
}

uint64_t tls_session_unverified(const struct tls_session *session)
{
	return session->unverified;
}

bool tls_session_cipher_changed(const struct tls_session *session, enum tls_side from)
{
	return session->side[from].encrypted;
}

/* ---- what the session has come to ---- */

void tls_session_complain(struct tls_session *session, enum tls_side from, const char *what)
{
	if (session->side[from].reported)
		return;
	session->side[from].reported = true;
	CALL(session, malformed, session->context, from, what);
}

void tls_session_finish(struct tls_session *session)
{
	if (session->stage == TLS_START || session->stage >= TLS_DONE)
		return;
	session->stage = TLS_DONE;
	CALL(session, handshake_done, session->context);
}

void tls_session_note_resumed(struct tls_session *session)
{
	if (session->resumed)
		return;
	session->resumed = true;
	CALL(session, resumed, session->context);
}

/* RFC 8446 6.1: a close_notify closes what its sender writes.  A server that answered early data may be done before the client's
 * Finished. */
static bool closes_after_finished(const struct tls_session *session, enum tls_side from)
{
	const struct tls_direction *d = &session->side[from];

	return from == TLS_SERVER && session->version >= TLS_1_3 && d->opened && d->epoch == TLS_EPOCH_APPLICATION;
}

static void report_alert(struct tls_session *session, enum tls_side from, uint8_t level, uint8_t description, bool encrypted)
{
	const struct tls_alert alert = { from, level, description, encrypted };
	const bool ends = encrypted || level == 2 || (description == 0 && !closes_after_finished(session, from));

	session->side[from].alerted = true;
	if (ends && session->stage < TLS_DONE)
		session->stage = TLS_CLOSED;
	CALL(session, alert, session->context, &alert);
}

/* False only when it cannot be TLS 1.3, in which records change their meaning. */
static bool may_be_13(const struct tls_session *session)
{
	if (session->version)
		return session->version >= TLS_1_3;
	return !session->client_hello || session->offers_13;
}

/* ---- other records ---- */

/*
 * RFC 5246 7.1.  In TLS 1.3 it means nothing (RFC 8446 D.4).  A server that sends it with nothing but a ticket after its hello has resumed
 * a session (RFC 5246 7.3).
 */
static void change_cipher(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (session->version >= TLS_1_3)
		return;
	if (d->message.size > 0 || d->skip > 0) {
		tls_session_complain(session, from, "ChangeCipherSpec inside a handshake message");
		buffer_clear(&d->message);
		d->skip = 0;
	}
	d->encrypted = true;
	tls_sealed_change_cipher(session, from);
	if (from == TLS_SERVER && session->server_hello && session->version && !session->full_handshake && !d->gap &&
	    !session->renegotiating)
		tls_session_note_resumed(session);
}

/* The two bytes of an alert in clear are sent in TLS 1.3 too, by OpenSSL for one. */
static bool alert_is_encrypted(const struct tls_session *session, const struct tls_direction *d)
{
	return d->size != TLS_ALERT_SIZE && (d->encrypted || session->stage == TLS_START || d->size % TLS_ALERT_SIZE != 0);
}

static void feed_alert(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	while (data.size > 0 && !d->opaque) {
		d->alert[d->alert_size++] = *tls_take(&data, 1).at;
		if (d->alert_size < TLS_ALERT_SIZE)
			continue;
		d->alert_size = 0;
		if (d->alert[0] == 1 || d->alert[0] == 2 || d->opened) {
			report_alert(session, from, d->alert[0], d->alert[1], false);
		} else {
			report_alert(session, from, 0, 0, true);
			d->opaque = true;
		}
	}
}

/* How long the authentication tag of a TLS 1.3 record is. */
static size_t tag_size(const struct tls_session *session)
{
	const uint16_t aes_128_ccm_8 = 0x1305;

	return session->cipher == aes_128_ccm_8 ? 8 : 16;
}

/* Two bytes, the hidden type and the tag; after a hole nobody knows what a record is. */
static bool is_alert_size(const struct tls_session *session, const struct tls_direction *d)
{
	return !d->gap && d->size == TLS_ALERT_SIZE + 1 + tag_size(session);
}

/* Whether the client's record may end early data: RFC 8446 4.5, then Finished; or Finished alone, where the server did not want it. */
static bool ends_early_data(struct tls_session *session, const struct tls_direction *d)
{
	const size_t overhead = TLS_HANDSHAKE_HEADER + 1 + tag_size(session);

	return d->end_of_early || d->size == overhead + 32 || d->size == overhead + 48;
}

/*
 * TLS 1.3 hides the type of a record.  The server's first ones are its part of the handshake.  The client's first one is its Finished, if
 * no early data comes before it; but an alert in its place has a size that no Finished has.
 */
static void begin_hidden_record(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];
	const bool early = from == TLS_CLIENT && session->early_data;

	if (!session->server_hello && (early || from == TLS_SERVER))
		return;
	if (is_alert_size(session, d) && !early) {
		report_alert(session, from, 0, 0, true);
		return;
	}
	if (from == TLS_SERVER)
		return;
	if (!early || ends_early_data(session, d))
		tls_session_finish(session);
	d->end_of_early = early && d->size == TLS_HANDSHAKE_HEADER + 1 + tag_size(session);
}

/*
 * What the server sends first after the client's Finished is a ticket, or data; or, in the size of one, its alert when it does not like
 * the client's certificate or misses it.
 */
static void begin_answer(struct tls_session *session, struct tls_direction *d)
{
	if (d->answered || session->version < TLS_1_3)
		return;
	d->answered = true;
	if (is_alert_size(session, d))
		report_alert(session, TLS_SERVER, 0, 0, true);
}

static void begin_application_data(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	d->encrypted = true;
	if (session->stage == TLS_START || session->stage == TLS_CLOSED || d->size == 0)
		return;
	if (session->stage == TLS_DONE) {
		if (from == TLS_SERVER)
			begin_answer(session, d);
	} else if (may_be_13(session)) {
		begin_hidden_record(session, from);
	} else {
		tls_session_finish(session);
	}
}

/* ---- records ---- */

static void begin_ssl2(struct tls_direction *d)
{
	d->seen = true;
	d->type = TLS_RECORD_SSL2_HELLO;
	d->size = tls_ssl2_size(d->header);
	d->left = d->size - (TLS_RECORD_HEADER - 2);
	(void)buffer_add(&d->message, d->header + 2, TLS_RECORD_HEADER - 2);
}

static void finish_ssl2(struct tls_session *session, struct tls_direction *d, size_t cut)
{
	tls_handshake_read_ssl2(session, cur_of(d->message.at, d->message.size, cut));
	buffer_clear(&d->message);
	d->opaque = true;
}

static void feed_ssl2(struct tls_session *session, struct tls_direction *d, struct bytes data)
{
	if (d->opaque)
		return;
	(void)buffer_add(&d->message, data.at, data.size);
	if (d->left == 0)
		finish_ssl2(session, d, 0);
}

/* Without a hello the direction may just have been met in the middle of a record. */
static void lose_records(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (!d->seen && session->stage == TLS_START) {
		d->seeking = true;
		return;
	}
	d->lost = true;
	buffer_free(&d->message);
	if (!d->alerted) /* after its last alert a program may go on without TLS */
		tls_session_complain(session, from, d->seen ? "bytes that are no TLS record" : "does not begin with a TLS record");
}

static void begin_handshake(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	if (d->size == 0 || !d->encrypted || (from == TLS_CLIENT && !session->server_hello))
		return;
	d->opaque = true;
	tls_handshake_note_encrypted(session, from);
}

/* What a record that is not opened tells by its header alone. */
static void begin_unopened(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	switch (d->type) {
	case TLS_RECORD_ALERT:
		d->alert_size = 0;
		d->opaque = alert_is_encrypted(session, d);
		if (d->opaque)
			report_alert(session, from, 0, 0, true);
		break;
	case TLS_RECORD_HANDSHAKE:
		begin_handshake(session, from);
		break;
	case TLS_RECORD_APPLICATION_DATA:
		begin_application_data(session, from);
		break;
	}
	d->dark |= d->gave_up && (d->encrypted || d->type == TLS_RECORD_APPLICATION_DATA);
}

static void begin_record(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	d->type = d->header[0];
	d->size = d->left = (size_t)d->header[3] << 8 | d->header[4];
	if (!d->seen)
		d->certain = session->stage != TLS_START && !d->gap;
	d->seen = true;
	d->opaque = d->opened = false;
	d->sealed = tls_sealed_begin(session, from);
	if (d->sealed)
		return;
	if (d->type == TLS_RECORD_CHANGE_CIPHER_SPEC)
		change_cipher(session, from);
	else
		begin_unopened(session, from);
}

/* ---- records that were opened, or could not be ---- */

static void deliver_data(struct tls_session *session, enum tls_side from, struct bytes content)
{
	const enum tls_epoch epoch = session->side[from].epoch;

	if (epoch == TLS_EPOCH_EARLY && session->early_refused)
		return;
	session->early_given |= epoch == TLS_EPOCH_EARLY;
	if (epoch == TLS_EPOCH_APPLICATION && (from == TLS_CLIENT || session->version < TLS_1_3))
		tls_session_finish(session);
	if (content.size > 0)
		CALL(session, plaintext, session->context, from, content);
}

void tls_session_deliver(struct tls_session *session, enum tls_side from, uint8_t type, struct bytes content)
{
	struct tls_direction *d = &session->side[from];

	d->opened = true;
	d->opaque = false;
	d->answered |= from == TLS_SERVER && session->stage == TLS_DONE;
	switch (type) {
	case TLS_RECORD_CHANGE_CIPHER_SPEC:
		change_cipher(session, from);
		break;
	case TLS_RECORD_ALERT:
		d->alert_size = 0;
		feed_alert(session, from, content);
		break;
	case TLS_RECORD_HANDSHAKE:
		tls_handshake_feed(session, from, content);
		break;
	case TLS_RECORD_APPLICATION_DATA:
		deliver_data(session, from, content);
		break;
	}
}

void tls_session_undelivered(struct tls_session *session, enum tls_side from)
{
	struct tls_direction *d = &session->side[from];

	d->opened = true; /* what was gathered until now was */
	(void)tls_handshake_cut(session, from);
	buffer_clear(&d->message);
	d->skip = 0;
	d->opened = d->certain = false;
	begin_unopened(session, from);
	d->opaque = true;
}

/* ---- what comes ---- */

static void read_record_header(struct tls_session *session, enum tls_side from, struct bytes *data)
{
	struct tls_direction *d = &session->side[from];
	struct bytes part = tls_take(data, tls_smaller(TLS_RECORD_HEADER - d->header_size, data->size));

	memcpy(d->header + d->header_size, part.at, part.size);
	d->header_size += part.size;
	if (d->header_size < TLS_RECORD_HEADER)
		return;
	d->header_size = 0;
	if (tls_record_plausible(d->header))
		begin_record(session, from);
	else if (from == TLS_CLIENT && !d->seen && tls_ssl2_plausible(d->header))
		begin_ssl2(d);
	else
		lose_records(session, from);
}

static void feed_payload(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	if (d->type == TLS_RECORD_APPLICATION_DATA)
		CALL(session, application_data, session->context, from, data.size);
	if (d->sealed) {
		tls_sealed_feed(session, from, data);
		return;
	}
	switch (d->type) {
	case TLS_RECORD_HANDSHAKE:
		tls_handshake_feed(session, from, data);
		break;
	case TLS_RECORD_ALERT:
		feed_alert(session, from, data);
		break;
	case TLS_RECORD_SSL2_HELLO:
		feed_ssl2(session, d, data);
		break;
	}
}

void tls_session_feed(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	if (d->seeking)
		d->seeking = data.size < TLS_RECORD_HEADER || !tls_record_plausible(data.at);
	while (data.size > 0 && !d->lost && !d->seeking) {
		struct bytes part;

		if (d->searching) {
			tls_search_feed(session, from, &data);
			continue;
		}
		if (d->left == 0) {
			read_record_header(session, from, &data);
			continue;
		}
		part = tls_take(&data, tls_smaller(d->left, data.size));
		d->left -= part.size;
		feed_payload(session, from, part);
	}
}

/* ---- messages without records ---- */

void tls_session_feed_messages(struct tls_session *session, enum tls_side from, bool sealed, struct bytes data)
{
	struct tls_direction *d = &session->side[from];

	if (!d->seen || d->opened != sealed) { /* messages do not go on from one kind of packets to the other */
		buffer_clear(&d->message);
		d->skip = 0;
		d->opaque = false;
		d->seen = d->certain = true;
		d->opened = sealed;
	}
	session->bare = true;
	tls_handshake_feed(session, from, data);
}

void tls_session_cut_messages(struct tls_session *session, enum tls_side from)
{
	(void)tls_handshake_cut(session, from);
}

/* ---- holes ---- */

static void hole_in_record(struct tls_session *session, enum tls_side from, size_t size)
{
	struct tls_direction *d = &session->side[from];

	if (d->type == TLS_RECORD_APPLICATION_DATA)
		CALL(session, application_data, session->context, from, size);
	if (d->sealed) {
		tls_sealed_hole(session, from);
		return;
	}
	switch (d->type) {
	case TLS_RECORD_APPLICATION_DATA:
		break;
	case TLS_RECORD_HANDSHAKE:
		if (!d->opaque)
			tls_handshake_hole(session, from, size);
		break;
	case TLS_RECORD_SSL2_HELLO:
		if (!d->opaque)
			finish_ssl2(session, d, size + d->left);
		break;
	default:
		d->opaque = true;
	}
}

void tls_session_gap(struct tls_session *session, enum tls_side from, uint64_t size)
{
	struct tls_direction *d = &session->side[from];

	if (d->lost || d->seeking || size == 0)
		return;
	d->gap = true;
	if (d->left > 0) {
		size_t inside = size < d->left ? (size_t)size : d->left;

		d->left -= inside;
		size -= inside;
		hole_in_record(session, from, inside);
	}
	if (size == 0)
		return;
	(void)tls_handshake_cut(session, from);
	buffer_clear(&d->message);
	d->skip = 0;
	d->header_size = 0;
	d->certain = false;
	d->seeking = !tls_search_begin(session, from, size);
}
