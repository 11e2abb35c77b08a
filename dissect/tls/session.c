#include "dissect/tls/hello.h"
#include "dissect/tls/record.h"

#include <stdlib.h>

struct direction {
	uint8_t header[TLS_RECORD_HEADER];
	size_t header_size;
	unsigned type;
	size_t size, left; /* payload of the record: all of it, and what is still to come */
	bool opaque;       /* nothing more is to be seen in this record */
	bool seen;         /* there was a record */
	bool seeking;      /* until bytes that begin with a record header */
	bool lost;         /* not looked at any more */
	bool gap;          /* bytes were missing */
	bool encrypted;    /* what it sends now is */
	bool certain;      /* the last handshake message was read, nothing is missing since */
	bool end_of_early; /* the record that may be EndOfEarlyData was sent */
	bool answered;     /* TLS 1.3: the server sent something after the client's Finished */
	bool alerted, reported;
	struct buffer message; /* a handshake message that did not come in one piece */
	size_t skip;           /* bytes of a handshake message that are not looked at */
	uint8_t alert[TLS_ALERT_SIZE];
	size_t alert_size;
};

struct tls_session {
	const struct tls_events *events;
	void *context;
	struct limit_hits *hits;
	struct direction side[2];
	enum tls_stage stage;
	uint16_t version, cipher; /* 0 until the server has chosen */
	bool client_hello;
	bool offers_13;
	bool early_data;     /* announced by the last ClientHello */
	bool server_hello;   /* the one that chooses, not a retry */
	bool full_handshake; /* something that is not sent in an abbreviated one */
	bool resumed;
};

/* Calls one of the caller's functions, if it is there. */
#define CALL(session, event, ...) \
	do { \
		if ((session)->events->event) \
			(session)->events->event(__VA_ARGS__); \
	} while (0)

struct tls_session *tls_session_new(const struct tls_events *events, void *context, struct limit_hits *hits)
{
	struct tls_session *session = nt_zalloc(sizeof(*session));

	session->events = events;
	session->context = context;
	session->hits = hits;
	for (int i = 0; i < 2; i++)
		session->side[i].message.max = (size_t)LIMIT_TLS_HANDSHAKE_MESSAGE;
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	for (int i = 0; i < 2; i++)
		buffer_free(&session->side[i].message);
	free(session);
}

enum tls_stage tls_session_stage(const struct tls_session *session)
{
	return session->stage;
}

bool tls_session_cipher_changed(const struct tls_session *session, enum tls_side from)
{
	return session->side[from].encrypted;
}

static struct bytes take(struct bytes *data, size_t n)
{
	struct bytes taken = { data->at, n };

	data->at += n;
	data->size -= n;
	return taken;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- what the session has come to ---- */

static void complain(struct tls_session *session, enum tls_side from, const char *what)
{
	if (session->side[from].reported)
		return;
	session->side[from].reported = true;
	CALL(session, malformed, session->context, from, what);
}

static void finish_handshake(struct tls_session *session)
{
	if (session->stage == TLS_START || session->stage >= TLS_DONE)
		return;
	session->stage = TLS_DONE;
	CALL(session, handshake_done, session->context);
}

static void note_resumed(struct tls_session *session)
{
	if (session->resumed)
		return;
	session->resumed = true;
	CALL(session, resumed, session->context);
}

static void report_alert(struct tls_session *session, enum tls_side from, uint8_t level, uint8_t description, bool encrypted)
{
	const struct tls_alert alert = { from, level, description, encrypted };
	const bool ends = encrypted || level == 2 || description == 0;

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

/* ---- handshake messages ---- */

static void handle_client_hello(struct tls_session *session, enum cur_state state, const struct tls_client_hello *hello)
{
	if (state == CUR_BAD)
		complain(session, TLS_CLIENT, "ClientHello with a wrong length or version");
	if (!hello->legacy_version)
		return;
	session->client_hello = true;
	session->offers_13 = hello->highest_version >= TLS_1_3 || state == CUR_CUT;
	session->early_data = hello->has_early_data;
	if (session->stage == TLS_START)
		session->stage = TLS_CLIENT_HELLO_SEEN;
	CALL(session, client_hello, session->context, hello);
}

static void read_client_hello(struct tls_session *session, struct cursor body)
{
	struct tls_client_hello hello;
	enum cur_state state = tls_read_client_hello(body, &hello);

	handle_client_hello(session, state, &hello);
}

static void read_ssl2_hello(struct tls_session *session, struct cursor body)
{
	struct tls_client_hello hello;
	enum cur_state state = tls_read_ssl2_hello(body, &hello);

	handle_client_hello(session, state, &hello);
	if (hello.legacy_version == TLS_SSL2) /* SSL 2.0 alone: it goes on without records that could be read */
		session->side[TLS_CLIENT].lost = session->side[TLS_SERVER].lost = true;
}

static void choose_version(struct tls_session *session, const struct tls_server_hello *hello)
{
	session->server_hello = true;
	session->cipher = hello->cipher;
	if (session->stage < TLS_SERVER_HELLO_SEEN)
		session->stage = TLS_SERVER_HELLO_SEEN;
	if (session->version < TLS_1_3)
		return;
	session->side[TLS_SERVER].encrypted = true;
	if (!session->early_data) /* the ChangeCipherSpec before was there only to please middleboxes, RFC 8446 D.4 */
		session->side[TLS_CLIENT].encrypted = false;
}

static void handle_server_hello(struct tls_session *session, enum cur_state state, const struct tls_server_hello *hello)
{
	if (state == CUR_BAD)
		complain(session, TLS_SERVER, "ServerHello with a wrong length or version");
	if (!hello->legacy_version)
		return;
	/* A cut hello may have lost the extension that says TLS 1.3. */
	session->version = state == CUR_CUT && hello->version == TLS_1_2 ? 0 : hello->version;
	if (!hello->is_hello_retry)
		choose_version(session, hello);
	CALL(session, server_hello, session->context, hello);
	if (!hello->is_hello_retry && hello->version >= TLS_1_3 && hello->has_psk)
		note_resumed(session);
}

static void read_server_hello(struct tls_session *session, struct cursor body)
{
	struct tls_server_hello hello;
	enum cur_state state = tls_read_server_hello(body, &hello);

	handle_server_hello(session, state, &hello);
}

static void read_draft_retry(struct tls_session *session, struct cursor body)
{
	struct tls_server_hello hello;
	enum cur_state state = tls_read_draft_retry(body, &hello);

	handle_server_hello(session, state, &hello);
}

static void read_certificates(struct tls_session *session, enum tls_side from, struct cursor body)
{
	struct tls_certificate_list list;
	enum cur_state state = tls_read_certificates(body, &list, session->hits);

	if (state == CUR_BAD)
		complain(session, from, "Certificate with a wrong length");
	CALL(session, certificates, session->context, from, list.der, list.count, list.truncated);
}

static void read_message(struct tls_session *session, enum tls_side from, uint8_t type, struct cursor body)
{
	switch (type) {
	case TLS_CLIENT_HELLO:
		read_client_hello(session, body);
		break;
	case TLS_SERVER_HELLO:
		read_server_hello(session, body);
		break;
	case TLS_HELLO_RETRY_REQUEST:
		read_draft_retry(session, body);
		break;
	case TLS_CERTIFICATE:
		read_certificates(session, from, body);
		break;
	case TLS_CERTIFICATE_REQUEST:
		CALL(session, certificate_request, session->context);
		break;
	case TLS_CERTIFICATE_STATUS:
		CALL(session, certificate_status, session->context);
		break;
	}
}

/* RFC 5246 7.3: what the server sends between its hello and its ChangeCipherSpec in a full handshake only. */
static void note_message(struct tls_session *session, enum tls_side from, uint8_t type)
{
	if (from == TLS_SERVER && (type == TLS_CERTIFICATE || type == TLS_SERVER_KEY_EXCHANGE || type == TLS_CERTIFICATE_REQUEST ||
				   type == TLS_SERVER_HELLO_DONE))
		session->full_handshake = true;
}

/* `cut` bytes of the message's end are missing. */
static void handle_message(struct tls_session *session, enum tls_side from, struct bytes message, size_t cut)
{
	struct cursor body = cur_of(message.at, message.size, cut);
	uint8_t type = cur_u8(&body);

	cur_skip(&body, 3);
	note_message(session, from, type);
	session->side[from].certain = cut == 0;
	read_message(session, from, type, body);
}

/* Whether these four bytes begin a message in clear.  Where encrypted records are expected, only a ClientHello that fills its record is
 * one: the second of a client that changed ciphers before the server's HelloRetryRequest. */
static bool message_plausible(const struct tls_session *session, enum tls_side from, uint8_t type, size_t size)
{
	const struct direction *d = &session->side[from];

	if (!tls_message_known(from, type))
		return false;
	if (d->encrypted)
		return type == TLS_CLIENT_HELLO && size == d->size;
	if (type == TLS_HELLO_REQUEST || type == TLS_SERVER_HELLO_DONE)
		return size == TLS_HANDSHAKE_HEADER;
	return d->certain || size <= UINT16_MAX;
}

/* The client's first encrypted handshake message is its Finished. */
static void note_encrypted_handshake(struct tls_session *session, enum tls_side from)
{
	session->side[from].encrypted = true;
	if (from == TLS_CLIENT && session->version < TLS_1_3)
		finish_handshake(session);
}

/* Looks at a message's header; false when what follows is not to be read. */
static bool begin_message(struct tls_session *session, enum tls_side from, const uint8_t header[TLS_HANDSHAKE_HEADER])
{
	struct direction *d = &session->side[from];
	size_t size = tls_message_size(header);

	if (!message_plausible(session, from, header[0], size)) {
		if (d->certain && !d->encrypted)
			complain(session, from, "handshake message of an unknown type or size");
		else
			note_encrypted_handshake(session, from);
		d->opaque = true;
		d->certain = false;
		return false;
	}
	if (size > LIMIT_TLS_HANDSHAKE_MESSAGE) {
		limit_hit(session->hits, LIMIT_TLS_HANDSHAKE_MESSAGE_HIT);
		note_message(session, from, header[0]);
		d->skip = size;
		return false;
	}
	return true;
}

/* Adds to the message that is being gathered: first its header, then the rest. */
static void gather_message(struct tls_session *session, enum tls_side from, struct bytes *data)
{
	struct direction *d = &session->side[from];
	struct buffer *message = &d->message;
	size_t want = message->size < TLS_HANDSHAKE_HEADER ? TLS_HANDSHAKE_HEADER : tls_message_size(message->at);
	struct bytes part = take(data, smaller(want - message->size, data->size));

	(void)buffer_add(message, part.at, part.size);
	if (want == TLS_HANDSHAKE_HEADER && message->size == want) {
		if (!begin_message(session, from, message->at)) {
			d->skip -= smaller(d->skip, TLS_HANDSHAKE_HEADER);
			buffer_clear(message);
			return;
		}
		want = tls_message_size(message->at);
	}
	if (message->size < want)
		return;
	handle_message(session, from, (struct bytes){ message->at, message->size }, 0);
	buffer_clear(message);
}

static void feed_handshake(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct direction *d = &session->side[from];

	while (data.size > 0 && !d->opaque) {
		size_t size = data.size < TLS_HANDSHAKE_HEADER ? SIZE_MAX : tls_message_size(data.at);

		if (d->skip > 0)
			d->skip -= take(&data, smaller(d->skip, data.size)).size;
		else if (d->message.size > 0 || size > data.size)
			gather_message(session, from, &data);
		else if (begin_message(session, from, data.at))
			handle_message(session, from, take(&data, size), 0);
	}
}

/* The rest of the message that is being gathered will not come: reads what there is of it.  Returns how much is missing. */
static size_t cut_message(struct tls_session *session, enum tls_side from)
{
	struct direction *d = &session->side[from];
	size_t missing = 0;

	if (d->message.size >= TLS_HANDSHAKE_HEADER) {
		missing = tls_message_size(d->message.at) - d->message.size;
		handle_message(session, from, (struct bytes){ d->message.at, d->message.size }, missing);
		buffer_clear(&d->message);
	}
	return missing;
}

static void hole_in_handshake(struct tls_session *session, enum tls_side from, size_t size)
{
	struct direction *d = &session->side[from];
	size_t skipped;

	d->skip += cut_message(session, from);
	skipped = smaller(d->skip, size);
	d->skip -= skipped;
	d->certain = false;
	if (skipped < size || d->message.size > 0) { /* the hole goes on into messages of unknown size */
		buffer_clear(&d->message);
		d->opaque = true;
	}
}

/* ---- other records ---- */

/*
 * RFC 5246 7.1.  In TLS 1.3 it means nothing (RFC 8446 D.4).  A server that sends it with nothing but a ticket after its hello has resumed
 * a session (RFC 5246 7.3).
 */
static void change_cipher(struct tls_session *session, enum tls_side from)
{
	struct direction *d = &session->side[from];

	if (session->version >= TLS_1_3)
		return;
	if (d->message.size > 0 || d->skip > 0) {
		complain(session, from, "ChangeCipherSpec inside a handshake message");
		buffer_clear(&d->message);
		d->skip = 0;
	}
	d->encrypted = true;
	if (from == TLS_SERVER && session->server_hello && session->version && !session->full_handshake && !d->gap)
		note_resumed(session);
}

/* The two bytes of an alert in clear are sent in TLS 1.3 too, by OpenSSL for one. */
static bool alert_is_encrypted(const struct tls_session *session, const struct direction *d)
{
	return d->size != TLS_ALERT_SIZE && (d->encrypted || session->stage == TLS_START || d->size % TLS_ALERT_SIZE != 0);
}

static void feed_alert(struct tls_session *session, enum tls_side from, struct bytes data)
{
	struct direction *d = &session->side[from];

	while (data.size > 0 && !d->opaque) {
		d->alert[d->alert_size++] = *take(&data, 1).at;
		if (d->alert_size < TLS_ALERT_SIZE)
			continue;
		d->alert_size = 0;
		if (d->alert[0] == 1 || d->alert[0] == 2) {
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
static bool is_alert_size(const struct tls_session *session, const struct direction *d)
{
	return !d->gap && d->size == TLS_ALERT_SIZE + 1 + tag_size(session);
}

/* Whether the client's record may end early data: RFC 8446 4.5, then Finished; or Finished alone, where the server did not want it. */
static bool ends_early_data(struct tls_session *session, const struct direction *d)
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
	struct direction *d = &session->side[from];
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
		finish_handshake(session);
	d->end_of_early = early && d->size == TLS_HANDSHAKE_HEADER + 1 + tag_size(session);
}

/*
 * What the server sends first after the client's Finished is a ticket, or data; or, in the size of one, its alert when it does not like
 * the client's certificate or misses it.
 */
static void begin_answer(struct tls_session *session, struct direction *d)
{
	if (d->answered || session->version < TLS_1_3)
		return;
	d->answered = true;
	if (is_alert_size(session, d))
		report_alert(session, TLS_SERVER, 0, 0, true);
}

static void begin_application_data(struct tls_session *session, enum tls_side from)
{
	struct direction *d = &session->side[from];

	d->encrypted = true;
	if (session->stage == TLS_START || session->stage == TLS_CLOSED || d->size == 0)
		return;
	if (session->stage == TLS_DONE) {
		if (from == TLS_SERVER)
			begin_answer(session, d);
	} else if (may_be_13(session)) {
		begin_hidden_record(session, from);
	} else {
		finish_handshake(session);
	}
}

/* ---- records ---- */

static void begin_ssl2(struct direction *d)
{
	d->seen = true;
	d->type = TLS_RECORD_SSL2_HELLO;
	d->size = tls_ssl2_size(d->header);
	d->left = d->size - (TLS_RECORD_HEADER - 2);
	(void)buffer_add(&d->message, d->header + 2, TLS_RECORD_HEADER - 2);
}

static void finish_ssl2(struct tls_session *session, struct direction *d, size_t cut)
{
	read_ssl2_hello(session, cur_of(d->message.at, d->message.size, cut));
	buffer_clear(&d->message);
	d->opaque = true;
}

static void feed_ssl2(struct tls_session *session, struct direction *d, struct bytes data)
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
	struct direction *d = &session->side[from];

	if (!d->seen && session->stage == TLS_START) {
		d->seeking = true;
		return;
	}
	d->lost = true;
	buffer_free(&d->message);
	if (!d->alerted) /* after its last alert a program may go on without TLS */
		complain(session, from, d->seen ? "bytes that are no TLS record" : "does not begin with a TLS record");
}

static void begin_handshake(struct tls_session *session, enum tls_side from)
{
	struct direction *d = &session->side[from];

	if (d->size == 0 || !d->encrypted || (from == TLS_CLIENT && !session->server_hello))
		return;
	d->opaque = true;
	note_encrypted_handshake(session, from);
}

static void begin_record(struct tls_session *session, enum tls_side from)
{
	struct direction *d = &session->side[from];

	d->type = d->header[0];
	d->size = d->left = (size_t)d->header[3] << 8 | d->header[4];
	if (!d->seen)
		d->certain = session->stage != TLS_START && !d->gap;
	d->seen = true;
	d->opaque = false;
	switch (d->type) {
	case TLS_RECORD_CHANGE_CIPHER_SPEC:
		change_cipher(session, from);
		break;
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
}

static void read_record_header(struct tls_session *session, enum tls_side from, struct bytes *data)
{
	struct direction *d = &session->side[from];
	struct bytes part = take(data, smaller(TLS_RECORD_HEADER - d->header_size, data->size));

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
	struct direction *d = &session->side[from];

	switch (d->type) {
	case TLS_RECORD_APPLICATION_DATA:
		CALL(session, application_data, session->context, from, data.size);
		break;
	case TLS_RECORD_HANDSHAKE:
		feed_handshake(session, from, data);
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
	struct direction *d = &session->side[from];

	if (d->seeking)
		d->seeking = data.size < TLS_RECORD_HEADER || !tls_record_plausible(data.at);
	while (data.size > 0 && !d->lost && !d->seeking) {
		struct bytes part;

		if (d->left == 0) {
			read_record_header(session, from, &data);
			continue;
		}
		part = take(&data, smaller(d->left, data.size));
		d->left -= part.size;
		feed_payload(session, from, part);
	}
}

/* ---- holes ---- */

static void hole_in_record(struct tls_session *session, enum tls_side from, size_t size)
{
	struct direction *d = &session->side[from];

	switch (d->type) {
	case TLS_RECORD_APPLICATION_DATA:
		CALL(session, application_data, session->context, from, size);
		break;
	case TLS_RECORD_HANDSHAKE:
		if (!d->opaque)
			hole_in_handshake(session, from, size);
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
	struct direction *d = &session->side[from];

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
	(void)cut_message(session, from);
	buffer_clear(&d->message);
	d->skip = 0;
	d->header_size = 0;
	d->certain = false;
	d->seeking = true;
}
